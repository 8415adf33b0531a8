/* eval_residual.c: stored data against their equation: a table by sample and time, bounds, a picture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "plot/plot.h"
#include "problem/equation_physics.h"
#include "run/eval_inside.h"
#include "run/eval_source.h"

static const struct metric_class
	residual = {
		.name = "residual",
		.formula = "|u_t - r| / sqrt(|u_t|^2 + sum_i |r_i|^2), r = sum_i r_i the right side of the equation; norms "
			   "over points and times of a sample, mean over samples",
		.source = "sciml-eval residual",
	},
	blur = {
		.name = "residual_blur",
		.formula = "the residual's part that the distance of the frames alone may cause: the same with u_t of order "
			   "6 less u_t of order 4 in place of the residual",
		.source = "sciml-eval residual",
	};
const struct metric_class *const eval_residual_metrics[] = { &residual, &blur, NULL };
enum { WHATS = 2 };

struct work {
	struct equation_residual *residual;
	double *field[EQUATION_UNKNOWNS], *coef[EQUATION_COEFS], *time;
	double param[EQUATION_PARAMS];
	struct equation_defect *defect; /* (unknown, time) */
	struct err e;
};

struct judge {
	struct eval_source source;
	int64_t n_samples, n_times, n_points;
	int n_work, n_unknowns;
	struct work *work;
	double *value;	 /* [what][unknown][sample]: whole samples */
	double *by_time; /* [what][unknown][sample][time] */
};

static void close_all(struct judge *j)
{
	for (int i = 0; j->work && i < j->n_work; i++) {
		struct work *w = &j->work[i];

		equation_residual_free(w->residual);
		for (int k = 0; k < EQUATION_UNKNOWNS; k++)
			free(w->field[k]);
		for (int k = 0; k < EQUATION_COEFS; k++)
			free(w->coef[k]);
		free(w->time);
		free(w->defect);
	}
	free(j->work);
	free(j->value);
	free(j->by_time);
	eval_source_close(&j->source);
}

static int allocate(struct judge *j, struct err *e)
{
	const struct eval_source *s = &j->source;

	j->n_unknowns = s->spec->n_unknowns;
	j->n_times = s->grid.n_times;
	j->n_points = 1;
	for (int a = 0; a < s->spec->n_dims; a++)
		j->n_points *= s->grid.size[a];
	j->n_work = pool_threads();
	j->work = xcalloc((size_t)j->n_work, sizeof *j->work);
	for (int i = 0; i < j->n_work; i++) {
		struct work *w = &j->work[i];
		struct equation_grid grid = s->grid;

		grid.time = w->time = mem_new(j->n_times, sizeof *w->time, "times", e);
		w->defect = mem_new(j->n_unknowns * j->n_times, sizeof *w->defect, "residuals", e);
		if (!w->time || !w->defect || equation_residual_new(&w->residual, s->spec, &grid, e) != 0)
			return -1;
		for (int k = 0; k < j->n_unknowns; k++)
			if (s->field[k] >= 0 &&
			    !(w->field[k] = mem_new(j->n_times * j->n_points, sizeof(double), "a sample", e)))
				return -1;
		for (int k = 0; k < s->spec->n_coefs; k++)
			if (!(w->coef[k] = mem_new(j->n_points, sizeof(double), "a coefficient", e)))
				return -1;
	}
	j->value = mem_new(WHATS * j->n_unknowns * j->n_samples, sizeof *j->value, "residuals", e);
	j->by_time = mem_new(WHATS * j->n_unknowns * j->n_samples * j->n_times, sizeof *j->by_time, "residuals", e);
	return j->value && j->by_time ? 0 : -1;
}

static int read_sample(struct judge *j, struct work *w, int64_t sample, struct err *e)
{
	struct eval_source *s = &j->source;

	if (eval_source_sample(s, sample, w->param, w->time, e) != 0)
		return -1;
	for (int k = 0; k < j->n_unknowns; k++)
		if (w->field[k] && dataset_read(s->data, s->field[k], 1, &sample, DTYPE_F64, w->field[k], e) != 0)
			return -1;
	for (int k = 0; k < s->spec->n_coefs; k++)
		if (dataset_read(s->coef_of[k], s->coef[k], 1, &sample, DTYPE_F64, w->coef[k], e) != 0)
			return -1;
	return 0;
}

static void one_sample(void *arg, int64_t i, int worker)
{
	struct judge *j = arg;
	struct work *w = &j->work[i];

	(void)worker;
	w->e.code = ERR_NONE;
	equation_residual_run(w->residual, (const double *const *)w->field, (const double *const *)w->coef, w->param,
			      w->defect, &w->e);
}

/* Nothing at all solves an equation without a source exactly. */
static double ratio(double part, double whole)
{
	return part == 0 ? 0 : sqrt(part / whole);
}

static void note(struct judge *j, const struct work *w, int64_t sample)
{
	for (int k = 0; k < j->n_unknowns; k++) {
		const struct equation_defect *d = w->defect + k * j->n_times;
		double sum[WHATS] = { 0 }, terms = 0;

		for (int64_t t = 0; t < j->n_times; t++) {
			const double part[WHATS] = { d[t].residual, d[t].blur };

			terms += d[t].terms;
			for (int p = 0; p < WHATS; p++) {
				sum[p] += part[p];
				j->by_time[((p * j->n_unknowns + k) * j->n_samples + sample) * j->n_times + t] =
					ratio(part[p], d[t].terms);
			}
		}
		for (int p = 0; p < WHATS; p++)
			j->value[(p * j->n_unknowns + k) * j->n_samples + sample] = ratio(sum[p], terms);
	}
}

static int all_samples(struct judge *j, struct err *e)
{
	progress_begin("residual", "sample", j->n_samples);
	for (int64_t at = 0; at < j->n_samples; at += j->n_work) {
		const int64_t n = j->n_samples - at < j->n_work ? j->n_samples - at : j->n_work;

		for (int64_t i = 0; i < n; i++)
			if (read_sample(j, &j->work[i], at + i, e) != 0)
				return -1;
		pool_run(n, one_sample, j);
		for (int64_t i = 0; i < n; i++) {
			if (j->work[i].e.code != ERR_NONE) {
				*e = j->work[i].e;
				return -1;
			}
			note(j, &j->work[i], at + i);
		}
		progress_update(at + n, NULL);
	}
	progress_end();
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Mean, median, standard error and worst of n numbers; not finite ones are the worst. */
static double spread(const double *v, int64_t n, struct metric_result *r)
{
	double *sorted = xmalloc((size_t)n * sizeof *sorted), mean = 0, square = 0;

	r->worst_sample = 0;
	for (int64_t i = 0; i < n; i++) {
		mean += v[i] / (double)n;
		if (!(v[i] <= v[r->worst_sample]) && !isnan(v[r->worst_sample]))
			r->worst_sample = i;
	}
	for (int64_t i = 0; i < n; i++)
		square += (v[i] - mean) * (v[i] - mean);
	memcpy(sorted, v, (size_t)n * sizeof *sorted);
	qsort(sorted, (size_t)n, sizeof *sorted, by_size);
	r->worst = v[r->worst_sample];
	r->median = 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
	r->standard_error = n > 1 ? sqrt(square / ((double)(n - 1) * (double)n)) : NAN;
	free(sorted);
	return mean;
}

/* The field whose equation unknown k stands for: a velocity that is not stored stands for the second-order one of its
 * base, which itself has nothing to say then (NULL). */
static const char *label(const struct eval_source *s, int k)
{
	for (int i = 0; i < s->spec->n_unknowns; i++)
		if (s->field[i] < 0 && equation_velocity_of(s->spec, i) == k)
			return NULL;
	return s->spec->unknown[s->field[k] < 0 ? equation_velocity_of(s->spec, k) : k].name;
}

static void add_row(const struct judge *j, const struct eval_options *o, int what, int k, struct eval_rows *rows)
{
	const double *value = j->value + (what * j->n_unknowns + k) * j->n_samples,
		     *at = j->by_time + (what * j->n_unknowns + k) * j->n_samples * j->n_times;
	const bool samples = o->by && strcmp(o->by, "sample") == 0;
	struct eval_row r = { .what = EVAL_PREDICTION,
			      .field = label(&j->source, k),
			      .metric = eval_residual_metrics[what],
			      .n = j->n_samples };

	metric_row_add(&r.result, spread(value, j->n_samples, &r.result), "all");
	for (int64_t t = 0; t < j->n_times && j->n_times > 1; t++) {
		double mean = 0;

		for (int64_t i = 0; i < j->n_samples; i++)
			mean += at[i * j->n_times + t] / (double)j->n_samples;
		if (j->source.time_field < 0)
			metric_row_add(&r.result, mean, "t=%.6g", j->source.time[t]);
		else
			metric_row_add(&r.result, mean, "t=%lld", (long long)t);
	}
	for (int64_t i = 0; i < j->n_samples; i++) {
		if (samples || o->verbose)
			metric_row_add(&r.result, value[i], "sample=%lld", (long long)i);
		for (int64_t t = 0; t < j->n_times && o->verbose && j->n_times > 1; t++)
			metric_row_add(&r.result, at[i * j->n_times + t], "sample=%lld,frame=%lld", (long long)i,
				       (long long)t);
		r.nonfinite += !isfinite(value[i]);
	}
	MEM_GROW(rows->at, rows->n, rows->capacity);
	rows->at[rows->n++] = r;
}

/* Of every unknown: the residual by time (mean and worst sample), and what the frames cannot see; or by sample. */
static int draw(const struct judge *j, const char *path, struct err *e)
{
	const bool moving = j->n_times > 1;
	const int64_t n = moving ? j->n_times : j->n_samples;
	struct plot *p = plot_new(j->n_unknowns, 1, dataset_name(j->source.data));
	double *x = xmalloc((size_t)n * sizeof *x), *y = xmalloc((size_t)n * sizeof *y);

	for (int64_t i = 0; i < n; i++)
		x[i] = moving && j->source.time_field < 0 ? j->source.time[i] : (double)i;
	for (int k = 0; k < j->n_unknowns; k++) {
		const char *title = label(&j->source, k);
		const struct plot_axes axes = { title ? title : j->source.spec->unknown[k].name,
						moving ? "t" : "sample", "residual", false, true };

		plot_axes(p, k, 0, &axes);
		for (int what = 0; what < WHATS && moving; what++) {
			const double *at = j->by_time + (what * j->n_unknowns + k) * j->n_samples * j->n_times;

			memset(y, 0, (size_t)n * sizeof *y);
			for (int64_t i = 0; i < j->n_samples * n; i++)
				y[i % n] += at[i] / (double)j->n_samples;
			plot_curve(p, k, 0, what ? "frames too far apart for" : "mean", n, x, y, n < 30);
		}
		if (!moving)
			plot_curve(p, k, 0, NULL, n, x, j->value + k * j->n_samples, true);
	}
	free(x);
	free(y);
	int status = plot_write(p, path, e);
	plot_free(p);
	return status;
}

int eval_residual(const struct run_common *common, const struct eval_options *o, const char *file, struct err *e)
{
	struct eval_options table = *o;
	struct eval_plan plan = { 0 };
	struct eval_rows rows = { 0 };
	struct dataset *d = NULL;
	struct judge j = { 0 };
	int status = -1;

	if (o->by && strcmp(o->by, "sample") != 0 && strcmp(o->by, "time") != 0)
		return err_set(e, ERR_USAGE, "--by: '%s' is not one of time, sample", o->by);
	if (o->by && strcmp(o->by, "sample") == 0)
		table.by = NULL;
	if (eval_plan_make(&plan, &table, eval_residual_metrics, e) != 0 ||
	    (o->plot && plot_check_path(o->plot, e) != 0) || dataset_open(&d, file, o->layout, e) != 0)
		goto out;
	dataset_allow_nonfinite(d, true);
	j.n_samples = dataset_layout(d)->n_samples;
	if (eval_source_open(&j.source, common, d, o->problem, e) != 0)
		goto out;
	if (common->dry_run) {
		cfg_effective(j.source.problem.setup.cfg, o->out);
		status = 0;
		goto out;
	}
	if (allocate(&j, e) != 0 || all_samples(&j, e) != 0)
		goto out;
	for (int k = 0; k < j.n_unknowns; k++)
		for (int i = 0; i < plan.n_metrics && label(&j.source, k); i++)
			add_row(&j, o, plan.metric[i] == &blur, k, &rows);
	status = o->plot ? draw(&j, o->plot, e) : 0;
	if (status == 0) {
		eval_print(&plan, o, &rows);
		status = eval_bounds(&plan, &rows, e);
	}
out:
	progress_end();
	eval_rows_free(&rows);
	close_all(&j);
	eval_plan_free(&plan);
	dataset_close(d);
	return status;
}
