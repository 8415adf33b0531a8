/* sample_model.c: draws, densities and estimates of a trained model. Batches stand at fixed places of the numbering of
 * draws and are always full, so that shards make the same bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "learner/sample_model.h"
#include "learner/trained.h"
#include "sampler/likelihood.h"
#include "sampler/step_keys.h"

enum { TASK_DRAW, TASK_DENSITY, TASK_ESTIMATE };
static const char *const tasks[] = { "draw", "density", "estimate", NULL };

struct config {
	struct step_keys step;
	int64_t samples, batch, label, probes;
	double T, t_end, guidance, threshold, threshold_limit, tolerance;
	int task;
};

const struct key sample_model_keys[] = {
	KEY_INT(struct config, samples, "100", 1, 1e12, "number of draws (-n)"),
	KEY_ONE_OF(
		struct config, task, "draw", tasks,
		"draw samples; log-densities of the samples of DATA by the probability flow; the network's estimate at "
		"the points 'x' and times 'time' of DATA"),
	KEY_INT(struct config, batch, "256", 1, 1e6, "samples that go through the network at a time"),
	STEP_KEYS(struct config),
	KEY_REAL(struct config, T, "0", 0, 1e6, "time to start from; 0: as trained"),
	KEY_REAL(struct config, t_end, "0", 0, 1e6, "time to end at; 0: as trained"),
	KEY_INT(struct config, label, "-1", -1, 1e6, "class to draw; -1: conditions of DATA, or none"),
	KEY_REAL(struct config, guidance, "1", -100, 1000,
		 "weight of the condition against none, without a classifier; both take one call of twice the batch"),
	KEY_REAL(struct config, threshold, "0", 0, 1,
		 "quantile of the data estimate's magnitude that it is clipped to; 0: no clipping"),
	KEY_REAL(struct config, threshold_limit, "1", 1e-9, 1e9,
		 "smallest such magnitude, and what it is scaled back to"),
	KEY_INT(struct config, probes, "0", 0, 1e6, "density: random vectors for the divergence; 0: exactly"),
	KEY_REAL(struct config, tolerance, "1e-5", 1e-14, 1, "density: tolerance of the flow"),
	KEY_END,
};

struct work {
	const struct run_common *common;
	const struct sample_options *o;
	struct config key;
	struct trained trained;
	const struct stepper_class *method;
	struct noise_schedule schedule;
	struct stepper *stepper;
	struct trained_run *run;
	struct denoiser denoiser;
	struct dataset *data;
	struct examples examples;
	struct layout layout;
	int64_t n, first, count, batch; /* all draws; this run's; of a batch */
	struct sample_points points;
	double *x, *result, *scratch, *values, *maps; /* values, maps: conditions of one sample */
};

static void close_work(struct work *w)
{
	trained_run_free(w->run);
	stepper_free(w->stepper);
	noise_close(&w->schedule);
	trained_close(&w->trained);
	dataset_close(w->data);
	layout_free(&w->layout);
	free(w->x);
	free(w->result);
	free(w->scratch);
	free(w->values);
	free(w->maps);
}

static int open_data(struct work *w, struct err *e)
{
	const struct trained *t = &w->trained;
	struct task_config only = t->file->task_key;

	if (w->o->n_data > 1)
		return err_set(e, ERR_USAGE, "one data set at a time");
	if (w->o->n_data == 0)
		return w->key.task == TASK_DRAW
			       ? 0
			       : err_set(e, ERR_USAGE, "sample.task: %s needs data", tasks[w->key.task]);
	if (dataset_open(&w->data, w->o->data[0], NULL, e) != 0)
		return -1;
	if (w->key.task == TASK_ESTIMATE)
		return sample_points_open(&w->points, w->data, t->dim, e);
	if (w->key.task == TASK_DRAW)
		return examples_open_conditions(&w->examples, w->data, &only, t->classes, &t->file->network.spec, e);
	if (examples_open(&w->examples, w->data, &only, t->classes, e) != 0)
		return -1;
	if (w->examples.dim != t->dim || w->examples.values != t->values || w->examples.map_dim != t->map_dim)
		return err_set(e, ERR_USAGE, "%s: samples of %lld elements, the model's have %lld",
			       dataset_name(w->data), (long long)w->examples.dim, (long long)t->dim);
	return 0;
}

static int open_schedule(struct work *w, struct err *e)
{
	struct noise_spec spec = noise_spec_of(&w->trained.config.noise);

	spec.T = w->key.T > 0 ? w->key.T : spec.T;
	spec.t_end = w->key.t_end > 0 ? w->key.t_end : spec.t_end;
	if (w->key.task == TASK_DRAW)
		return step_schedule(w->method, &spec, &w->schedule, e);
	/* a density needs finite ends: those of methods that divide by alpha and sigma */
	return step_schedule(stepper_find("ddim"), &spec, &w->schedule, e);
}

static int open_run(struct work *w, struct err *e)
{
	const struct guidance g = { w->key.guidance, w->key.threshold, w->key.threshold_limit };
	const struct trained *t = &w->trained;
	const bool draw = w->key.task == TASK_DRAW;
	bool adaptive;

	w->n = draw ? w->key.samples : dataset_layout(w->data)->n_samples;
	if (sample_share(w->common, w->n, &w->first, &w->count, e) != 0)
		return -1;
	if (draw && !(w->stepper = step_open(&w->key.step, w->method, &w->schedule, e)))
		return -1;
	/* adaptive steps are those of the whole batch: the batches of few draws are those of many */
	adaptive = draw && stepper_calls(w->stepper) < 0;
	w->batch = !draw ? 1 : adaptive || w->key.batch < w->n ? w->key.batch : w->n;
	if (!(w->run = trained_run_new(&w->trained, w->batch, &g, e)))
		return -1;
	w->denoiser = trained_denoiser(w->run, &w->schedule);
	w->x = mem_new(mem_times(w->batch, t->dim), sizeof *w->x, "samples", e);
	w->result = mem_new(mem_times(w->batch, t->dim), sizeof *w->x, "samples", e);
	w->scratch = mem_new(mem_times(w->batch, t->dim), sizeof *w->x, "samples", e);
	w->values = mem_new(t->values + 1, sizeof *w->x, "conditions", e);
	w->maps = mem_new(t->map_dim + 1, sizeof *w->x, "conditions", e);
	return w->x && w->result && w->scratch && w->values && w->maps ? 0 : -1;
}

static void make_layout(struct work *w)
{
	const struct trained *t = &w->trained;
	int axis;

	if (w->key.task == TASK_DENSITY) {
		layout_add_field(&w->layout, "log_density", DTYPE_F64, ROLE_TARGET, 0, NULL);
	} else if (w->key.task == TASK_ESTIMATE) {
		axis = layout_add_axis(&w->layout, "channel", AXIS_CHANNEL, t->dim, NULL, false, 0);
		layout_add_field(&w->layout, "estimate", DTYPE_F64, ROLE_TARGET, 1, &axis);
	} else {
		w->layout = layout_copy(&t->file->makes);
		if (stepper_calls(w->stepper) >= 0)
			layout_add_param(&w->layout, "model_calls", (double)stepper_calls(w->stepper));
	}
	w->layout.n_samples = w->count;
}

static int draw_batch(struct work *w, int64_t first, struct err *e)
{
	const int64_t dim = w->trained.dim;
	const double std = noise_prior_std(&w->schedule);

	sample_starts(w->common, first, w->batch, dim, w->x);
	for (int64_t i = 0; i < w->batch * dim; i++)
		w->x[i] *= std;
	if (sample_conditions(&w->trained, w->run, w->data ? &w->examples : NULL, w->key.label, first, w->batch, e) !=
		    0 ||
	    stepper_run(w->stepper, &w->denoiser, (uint64_t)w->common->seed, first, w->batch, w->x, e) != 0)
		return err_in(e, "samples %lld to %lld", (long long)first, (long long)(first + w->batch - 1));
	standard_undo(&w->trained.standard, w->batch, dim, w->x);
	return 0;
}

static int one_density(struct work *w, int64_t item, double *out, struct err *e)
{
	const struct trained *t = &w->trained;
	const struct likelihood_options o = { .probes = w->key.probes,
					      .seed = (uint64_t)w->common->seed,
					      .tolerance = { .rtol = w->key.tolerance, .atol = w->key.tolerance } };

	if (examples_targets(&w->examples, 1, &item, w->x, e) != 0 ||
	    examples_values(&w->examples, 1, &item, w->values, e) != 0 ||
	    (t->map_dim > 0 && examples_maps(&w->examples, 1, &item, w->maps, e) != 0))
		return -1;
	trained_run_condition(w->run, w->values, w->maps);
	standard_apply(&t->standard, 1, t->dim, w->x);
	if (likelihood_log_density(&w->denoiser, &o, (uint64_t)item, w->x, out, NULL, e) != 0)
		return -1;
	/* in the units of the data */
	for (int64_t i = 0; i < t->dim && t->standard.std; i++)
		*out -= log(t->standard.std[i]);
	return 0;
}

int sample_points_open(struct sample_points *p, struct dataset *d, int64_t dim, struct err *e)
{
	const struct layout *l = dataset_layout(d);

	*p = (struct sample_points){ d, layout_find_field(l, "x"), layout_find_field(l, "time") };
	return p->x >= 0 && p->time >= 0 && layout_field_count(l, p->time) == 1 && layout_field_count(l, p->x) == dim
		       ? 0
		       : err_set(e, ERR_USAGE, "%s: estimates need field 'x' of %lld elements and field 'time' of one",
				 dataset_name(d), (long long)dim);
}

int sample_point(const struct sample_points *p, int64_t item, double *x, double *t, struct err *e)
{
	return dataset_read(p->data, p->x, 1, &item, DTYPE_F64, x, e) == 0
		       ? dataset_read(p->data, p->time, 1, &item, DTYPE_F64, t, e)
		       : -1;
}

static int one_estimate(struct work *w, int64_t item, double *out, struct err *e)
{
	double t;

	return sample_point(&w->points, item, w->x, &t, e) == 0
		       ? denoiser_eval(&w->denoiser, w->denoiser.form, t, 1, w->x, out, w->scratch, e)
		       : -1;
}

static int draw(struct sample_file *f, void *context, int64_t begin, int64_t from, int64_t to, struct err *e)
{
	struct work *w = context;
	const int64_t dim = w->trained.dim;

	if (w->key.task == TASK_DRAW) {
		if (draw_batch(w, begin, e) != 0)
			return -1;
		sample_put_rows(f, w->trained.file->makes.n_fields, from, to - from, w->x + (from - begin) * dim, dim);
		return 0;
	}
	/* densities and estimates, point by point */
	if ((w->key.task == TASK_DENSITY ? one_density : one_estimate)(w, from, w->result, e) != 0)
		return err_in(e, "sample %lld", (long long)from);
	sample_put(f, 0, from, 1, w->result);
	return 0;
}

int sample_file_of_model(const struct run_common *common, const struct sample_options *o, struct model_file *m,
			 const struct sample_file *f, struct err *e)
{
	struct sample_file all = *f;

	all.common = common;
	all.options = o;
	all.cfg = m->setup.cfg;
	all.inputs = m->identity;
	return sample_file_write(&all, e);
}

int sample_model(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e)
{
	struct work w = { .common = common, .o = o };
	int status = -1;

	if (trained_open(&w.trained, m, false, e) != 0)
		return -1;
	struct setup *s = &m->setup;

	sample_set_options(s->conf, o);
	cfg_section(s->cfg, "sample", 1, &(struct key_table){ sample_model_keys, &w.key });
	if (cfg_done(s->cfg, e) == 0 && (w.method = step_method(&w.key.step, e)) && open_data(&w, e) == 0 &&
	    open_schedule(&w, e) == 0 && open_run(&w, e) == 0) {
		const struct sample_file f = { .layout = &w.layout,
					       .first = w.first,
					       .count = w.count,
					       .batch = w.batch,
					       .draw = draw,
					       .context = &w };

		make_layout(&w);
		status = sample_file_of_model(common, o, m, &f, e);
	}
	close_work(&w);
	return status;
}
