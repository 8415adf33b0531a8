/* eval_compare.c: every metric of every predictor over every sample, one sample in memory at a time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "plot/plot.h"
#include "run/eval_inside.h"
#include "run/eval_picture.h"

const struct key eval_keys[] = {
	KEY_INT(struct eval_config, given_frames, "-1", -1, 1e9,
		"first frames of a trajectory that are not judged; -1: as many as the prediction file says were given"),
	KEY_INT(struct eval_config, train_samples, "2000", 0, 1e9, "samples behind the baseline train-mean; 0: none"),
	KEY_INT(struct eval_config, plot_times, "4", 1, 12, "frames of a trajectory in a picture"),
	KEY_END,
};

/* One metric of one predictor. */
struct job {
	int what;
	const struct metric_class *metric;
	struct metric_run *run;
};
struct judge {
	struct eval_baselines baseline;
	double *truth;
	double *train_mean; /* as it is without gaps; NULL until there are some */
	int n_jobs;
	struct job *job;
};

static void one_job(void *arg, int64_t i, int worker)
{
	struct judge *j = arg;

	(void)worker;
	metric_run_add(j->job[i].run, j->baseline.value[j->job[i].what], j->truth);
}

static bool all_finite(int64_t n, const double *v)
{
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return true;
}

static int add_jobs(struct judge *j, const struct eval_plan *p, const struct eval_field *f, struct err *e)
{
	j->job = xcalloc((size_t)(EVAL_WHATS * p->n_metrics), sizeof *j->job);
	for (int w = 0; w < EVAL_WHATS; w++)
		for (int i = 0; i < p->n_metrics && j->baseline.has[w]; i++) {
			const struct metric_class *c = p->metric[i];
			bool grid = c->needs_grid && !f->grid;

			if (grid || (c->needs_points && metric_points(&f->shape) < 2)) {
				bool bound = false;

				for (int b = 0; b < p->n_bounds; b++)
					bound = bound || p->bound[b].metric == c;
				if (p->chosen || bound)
					return err_set(e, ERR_USAGE, "metric %s needs %s, field %s has none", c->name,
						       grid ? "points on a grid" : "frames of several points", f->name);
				continue;
			}
			j->job[j->n_jobs++] = (struct job){ w, c, metric_run_new(c, &f->shape, p->by) };
		}
	return 0;
}

/* Values that the reference was not measured at count as met by every predictor. Their number. */
static int64_t close_gaps(struct judge *j, int64_t n)
{
	double *mean = j->baseline.has[EVAL_TRAIN_MEAN] ? j->baseline.value[EVAL_TRAIN_MEAN] : NULL;
	int64_t gaps = 0;

	/* the mean is that of all samples, gaps are each sample's own */
	if (mean && !j->train_mean) {
		j->train_mean = xmalloc((size_t)n * sizeof *mean);
		memcpy(j->train_mean, mean, (size_t)n * sizeof *mean);
	} else if (mean) {
		memcpy(mean, j->train_mean, (size_t)n * sizeof *mean);
	}
	for (int64_t i = 0; i < n; i++)
		if (isnan(j->truth[i])) {
			gaps++;
			j->truth[i] = 0;
			for (int w = 0; w < EVAL_WHATS; w++)
				if (j->baseline.has[w])
					j->baseline.value[w][i] = 0;
		}
	return gaps;
}

/* The table's rows of one field; the runs are ended in any case. */
static int judge_field(struct eval_pair *m, struct eval_field *f, struct judge *j, struct eval_picture *picture,
		       struct eval_rows *rows, struct err *e)
{
	int64_t n = dataset_layout(m->prediction)->n_samples, count = metric_count(&f->shape), nonfinite = 0;
	const bool missing = dataset_layout(m->reference)->field[f->reference].missing;
	int64_t gaps = 0;
	int status = 0;

	progress_begin("eval", "sample", n);
	for (int64_t i = 0; i < n && status == 0; i++) {
		if (eval_read_prediction(m, f, i, j->baseline.value[EVAL_PREDICTION], e) != 0 ||
		    eval_read_reference(m->reference, f->reference, f, i, f->shape.n_time, f->frame, j->truth, e) !=
			    0 ||
		    eval_baselines_fill(&j->baseline, m, f, i, e) != 0) {
			status = -1;
			break;
		}
		if (missing)
			gaps += close_gaps(j, count);
		nonfinite += !all_finite(count, j->baseline.value[EVAL_PREDICTION]);
		pool_run(j->n_jobs, one_job, j);
		if (picture)
			eval_picture_add(picture, f, i, j->baseline.value[EVAL_PREDICTION], j->truth,
					 j->baseline.value[EVAL_PERSISTENCE]);
		progress_update(i + 1, NULL);
	}
	progress_end();
	for (int k = 0; k < j->n_jobs; k++) {
		struct eval_row r = { .what = j->job[k].what,
				      .field = f->name,
				      .metric = j->job[k].metric,
				      .n = n,
				      .nonfinite = j->job[k].what == EVAL_PREDICTION ? nonfinite : 0 };

		metric_run_end(j->job[k].run, &r.result);
		MEM_GROW(rows->at, rows->n, rows->capacity);
		rows->at[rows->n++] = r;
	}
	j->n_jobs = 0;
	if (status == 0 && gaps > 0)
		log_warn("%s: field %s: %.3g %% of the values are missing and count as met", dataset_name(m->reference),
			 f->name, 100 * (double)gaps / (double)(n * count));
	if (status == 0 && nonfinite > 0)
		log_warn("%s: field %s: %lld of %lld predicted samples have values that are not finite",
			 dataset_name(m->prediction), f->name, (long long)nonfinite, (long long)n);
	return status;
}

static int one_field(struct eval_pair *m, struct eval_field *f, const struct eval_plan *p, const struct eval_options *o,
		     const struct eval_config *c, const char *reference, struct eval_picture *picture,
		     struct eval_rows *rows, struct err *e)
{
	struct judge j = { 0 };
	int status = -1;

	if (eval_baselines_open(&j.baseline, m, f, o, c, reference, e) != 0)
		return -1;
	j.truth = mem_new(metric_count(&f->shape), sizeof *j.truth, f->name, e);
	if (j.truth && add_jobs(&j, p, f, e) == 0)
		status = judge_field(m, f, &j, picture, rows, e);
	for (int k = 0; k < j.n_jobs; k++) {
		struct metric_result r;

		metric_run_end(j.job[k].run, &r);
		metric_result_free(&r);
	}
	free(j.job);
	free(j.truth);
	free(j.train_mean);
	eval_baselines_close(&j.baseline);
	return status;
}

static int configure(struct setup *s, const struct run_common *common, struct eval_config *c, struct err *e)
{
	if (setup_open_text(s, common, "{}", "eval", e) != 0)
		return -1;
	cfg_section(s->cfg, "eval", 1, (struct key_table[]){ { eval_keys, c } });
	return cfg_done(s->cfg, e);
}

int eval_compare(const struct run_common *common, const struct eval_options *o, const char *prediction,
		 const char *reference, struct err *e)
{
	struct setup setup = { 0 };
	struct eval_config c = { 0 };
	struct eval_plan plan = { 0 };
	struct eval_pair pair = { 0 };
	struct eval_rows rows = { 0 };
	struct eval_picture *picture = NULL;
	int status = -1;

	if (configure(&setup, common, &c, e) != 0 || eval_plan_make(&plan, o, NULL, e) != 0)
		goto out;
	if (common->dry_run) {
		cfg_effective(setup.cfg, o->out);
		status = 0;
		goto out;
	}
	if ((o->plot && plot_check_path(o->plot, e) != 0) ||
	    eval_pair_open(&pair, o, &c, prediction, reference, e) != 0)
		goto out;
	if (o->plot)
		picture = eval_picture_new(&pair, &c);
	status = 0;
	for (int i = 0; i < pair.n_fields && status == 0; i++)
		status = one_field(&pair, &pair.field[i], &plan, o, &c, reference, picture, &rows, e);
	if (status == 0 && picture)
		status = eval_picture_write(picture, o->plot, e);
	if (status == 0) {
		eval_print(&plan, o, &rows);
		status = eval_bounds(&plan, &rows, e);
	}
out:
	eval_picture_free(picture);
	eval_rows_free(&rows);
	eval_pair_close(&pair);
	eval_plan_free(&plan);
	setup_close(&setup);
	return status;
}
