/* sample_model.c: draws, densities and estimates of a trained model. Batches stand at fixed places of the numbering of draws and
 * are always full, so that shards make the same bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "run/sample_inside.h"
#include "run/trained.h"
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
	struct h5out *out;
	struct sample_picture *picture;
	double *x, *part;
};

static void close_work(struct work *w)
{
	trained_run_free(w->run);
	stepper_free(w->stepper);
	noise_close(&w->schedule);
	trained_close(&w->trained);
	dataset_close(w->data);
	layout_free(&w->layout);
	sample_picture_free(w->picture);
	free(w->x);
	free(w->part);
}

static int open_data(struct work *w, struct err *e)
{
	const struct trained *t = &w->trained;
	struct task_config only = t->file.task_key;

	if (w->o->n_data > 1)
		return err_set(e, ERR_USAGE, "one data set at a time");
	if (w->o->n_data == 0)
		return w->key.task == TASK_DRAW
			       ? 0
			       : err_set(e, ERR_USAGE, "sample.task: %s needs data", tasks[w->key.task]);
	if (dataset_open(&w->data, w->o->data[0], NULL, e) != 0)
		return -1;
	if (w->key.task == TASK_ESTIMATE)
		return 0;
	if (w->key.task == TASK_DRAW)
		return examples_open_conditions(&w->examples, w->data, &only, t->classes, &t->file.network.spec, e);
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

	w->n = w->key.task == TASK_DRAW ? w->key.samples : dataset_layout(w->data)->n_samples;
	w->batch = w->key.task != TASK_DRAW ? 1 : w->key.batch < w->n ? w->key.batch : w->n;
	if (sample_share(w->common, w->n, &w->first, &w->count, e) != 0)
		return -1;
	if (w->key.task == TASK_DRAW && !(w->stepper = step_open(&w->key.step, w->method, &w->schedule, e)))
		return -1;
	if (!(w->run = trained_run_new(&w->trained, w->batch, &g, e)))
		return -1;
	w->denoiser = trained_denoiser(w->run, &w->schedule);
	w->x = mem_new(w->batch * t->dim, sizeof *w->x, "samples", e);
	w->part = w->x ? mem_new(w->batch * t->dim, sizeof *w->part, "samples", e) : NULL;
	return w->part ? 0 : -1;
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
		w->layout = layout_copy(&t->file.makes);
		if (stepper_calls(w->stepper) >= 0)
			layout_add_param(&w->layout, "model_calls", (double)stepper_calls(w->stepper));
	}
	w->layout.n_samples = w->count;
}

/* ---- draws ---- */

/* Elements first .. of the samples into each field of the output. */
static void write_samples(struct work *w, int64_t at, int64_t n, const double *x, int64_t width)
{
	int64_t offset = 0;

	for (int f = 0; f < w->layout.n_fields; f++) {
		const int64_t count = layout_field_count(&w->layout, f);

		for (int64_t i = 0; i < n; i++)
			memcpy(w->part + i * count, x + i * width + offset, (size_t)count * sizeof *x);
		h5out_samples(w->out, f, at, n, DTYPE_F64, w->part);
		if (f == 0)
			sample_picture_add(w->picture, n, w->part);
		offset += count;
	}
}

static int draw_batch(struct work *w, int64_t first, struct err *e)
{
	const int64_t dim = w->trained.dim;
	const double std = noise_prior_std(&w->schedule);
	const int64_t from = first > w->first ? first : w->first,
		      to = first + w->batch < w->first + w->count ? first + w->batch : w->first + w->count;

	for (int64_t i = 0; i < w->batch; i++)
		rng_normal(rng_stream((uint64_t)w->common->seed, "sampler start", 0, (uint64_t)(first + i)), 0,
			   (size_t)dim, w->x + i * dim);
	for (int64_t i = 0; i < w->batch * dim; i++)
		w->x[i] *= std;
	if (sample_conditions(&w->trained, w->run, w->data ? &w->examples : NULL, w->key.label, first, w->batch, e) !=
		    0 ||
	    stepper_run(w->stepper, &w->denoiser, (uint64_t)w->common->seed, first, w->batch, w->x, e) != 0)
		return err_in(e, "samples %lld to %lld", (long long)first, (long long)(first + w->batch - 1));
	standard_undo(&w->trained.standard, w->batch, dim, w->x);
	write_samples(w, from - w->first, to - from, w->x + (from - first) * dim, dim);
	return 0;
}

static int draw_all(struct work *w, struct err *e)
{
	for (int64_t b = w->first / w->batch * w->batch; b < w->first + w->count; b += w->batch) {
		if (draw_batch(w, b, e) != 0)
			return -1;
		progress_update(b + w->batch - w->first < w->count ? b + w->batch - w->first : w->count, NULL);
	}
	return 0;
}

/* ---- densities and estimates, point by point ---- */

static int one_density(struct work *w, int64_t item, double *out, struct err *e)
{
	const struct trained *t = &w->trained;
	const struct likelihood_options o = { .probes = w->key.probes,
					      .seed = (uint64_t)w->common->seed,
					      .tolerance = { .rtol = w->key.tolerance, .atol = w->key.tolerance } };
	double *values = xcalloc((size_t)t->values + 1, sizeof *values),
	       *maps = xcalloc((size_t)t->map_dim + 1, sizeof *maps);
	int status = -1;

	if (examples_targets(&w->examples, 1, &item, w->x, e) == 0 &&
	    examples_values(&w->examples, 1, &item, values, e) == 0 &&
	    (t->map_dim == 0 || examples_maps(&w->examples, 1, &item, maps, e) == 0)) {
		trained_run_condition(w->run, values, maps);
		standard_apply(&t->standard, 1, t->dim, w->x);
		status = likelihood_log_density(&w->denoiser, &o, (uint64_t)item, w->x, out, NULL, e);
	}
	/* in the units of the data */
	for (int64_t i = 0; i < t->dim && t->standard.std; i++)
		*out -= log(t->standard.std[i]);
	free(values);
	free(maps);
	return status;
}

int sample_point(struct dataset *d, int64_t dim, int64_t item, double *out, double *t, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	const int x = layout_find_field(l, "x"), time = layout_find_field(l, "time");

	if (x < 0 || time < 0 || layout_field_count(l, time) != 1 || layout_field_count(l, x) != dim)
		return err_set(e, ERR_USAGE, "%s: estimates need field 'x' of %lld elements and field 'time' of one",
			       dataset_name(d), (long long)dim);
	return dataset_read(d, x, 1, &item, DTYPE_F64, out, e) == 0 ? dataset_read(d, time, 1, &item, DTYPE_F64, t, e)
								    : -1;
}

static int one_estimate(struct work *w, int64_t item, double *out, struct err *e)
{
	double t;

	if (sample_point(w->data, w->trained.dim, item, w->x, &t, e) != 0)
		return -1;
	return denoiser_eval(&w->denoiser, w->denoiser.form, t, 1, w->x, out, w->part, e);
}

static int judge_all(struct work *w, struct err *e)
{
	const int64_t dim = w->trained.dim;
	double *out = mem_new(dim, sizeof *out, "a result", e);
	int status = out ? 0 : -1;

	for (int64_t i = 0; i < w->count && status == 0; i++) {
		const bool density = w->key.task == TASK_DENSITY;

		status = density ? one_density(w, w->first + i, out, e) : one_estimate(w, w->first + i, out, e);
		if (status != 0)
			err_in(e, "sample %lld", (long long)(w->first + i));
		else
			write_samples(w, i, 1, out, density ? 1 : dim);
		progress_update(i + 1, NULL);
	}
	free(out);
	return status;
}

/* ---- the run ---- */

static int write_all(struct work *w, const char *config, struct err *e)
{
	const struct h5_meta m = { .command = w->common->command,
				   .config = config,
				   .inputs = w->trained.file.identity,
				   .kind = "data",
				   .seed = w->common->seed };
	int status;

	make_layout(w);
	if (w->o->plot && !(w->picture = sample_picture_new(&w->layout, 0, w->o->plot, e)))
		return -1;
	w->out = h5out_open(w->common->output ? w->common->output : "sample.h5", e);
	if (!w->out)
		return -1;
	h5out_fields(w->out, &w->layout);
	h5out_meta(w->out, &m);
	progress_begin("sample", "draw", w->count);
	status = w->key.task == TASK_DRAW ? draw_all(w, e) : judge_all(w, e);
	progress_end();
	if (status != 0) {
		h5out_abandon(w->out);
		return -1;
	}
	status = h5out_close(w->out, e);
	return status == 0 && w->picture ? sample_picture_write(w->picture, e) : status;
}

int sample_model(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e)
{
	struct work w = { .common = common, .o = o };
	struct str config = { 0 };
	int status = -1;

	if (trained_open(&w.trained, what, common, e) != 0)
		return -1;
	if (w.trained.is_flow) {
		trained_close(&w.trained);
		return sample_flow(common, o, what, e);
	}
	struct setup *s = &w.trained.file.setup;

	sample_set_options(s->conf, o);
	cfg_section(s->cfg, "sample", 1, &(struct key_table){ sample_model_keys, &w.key });
	if (cfg_done(s->cfg, e) == 0 && (w.method = step_method(&w.key.step, e)) && open_data(&w, e) == 0 &&
	    open_schedule(&w, e) == 0 && open_run(&w, e) == 0) {
		cfg_effective(s->cfg, &config);
		if (common->dry_run) {
			str_add(o->dry_run_text, str_text(&config));
			status = 0;
		} else {
			if (common->shard_count > 0)
				str_printf(&config, "# draws %lld to %lld\n", (long long)w.first,
					   (long long)(w.first + w.count - 1));
			status = write_all(&w, str_text(&config), e);
		}
	}
	str_free(&config);
	close_work(&w);
	return status == 0 ? 0 : err_in(e, "%s", what);
}
