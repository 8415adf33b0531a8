/* sample_cnf.c: draws of a trained continuous normalising flow, and the log-densities of given points. Batches stand at
 * fixed places of the numbering and are always full, so that shards make the same bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "run/cnf.h"
#include "run/generative.h"
#include "run/model_file.h"
#include "run/sample_inside.h"

enum { TASK_DRAW, TASK_DENSITY };
static const char *const tasks[] = { "draw", "density", NULL };

struct config {
	int task;
	int64_t samples, batch, probes;
	double tolerance;
	bool densities, log;
};
const struct key sample_cnf_keys[] = {
	KEY_ONE_OF(struct config, task, "draw", tasks, "draws; or the log-density of each sample of DATA"),
	KEY_INT(struct config, samples, "100", 1, 1e12, "draw: number of draws (-n)"),
	KEY_FLAG(struct config, densities, "false", "draw: write the density of each draw too"),
	KEY_FLAG(struct config, log, "true", "densities are written as logarithms (nats); false: as they are"),
	KEY_INT(struct config, batch, "256", 1, 1e6, "points that move at a time, with the same steps"),
	KEY_INT(struct config, probes, "0", 0, 1e6,
		"estimate densities with so many random vectors of signs (Hutchinson); 0: exactly"),
	KEY_REAL(struct config, tolerance, "0", 0, 1, "relative and absolute, of a step; 0: those of training"),
	KEY_END,
};

struct work {
	const struct run_common *common;
	struct config key;
	struct cnf cnf;
	struct model_file *model;
	struct dataset *data;
	struct examples examples;
	struct standard standard;
	struct layout layout;
	struct h5out *out;
	struct sample_picture *picture;
	struct cnf_solve *solve;
	int64_t dim, n, first, count, batch, evaluations;
	double log_scale; /* sum of the logarithms of the deviations */
	double *x, *moved, *change, *sum, *probe, *part;
};

static void close_work(struct work *w)
{
	cnf_solve_free(w->solve);
	dataset_close(w->data);
	standard_free(&w->standard);
	layout_free(&w->layout);
	sample_picture_free(w->picture);
	free(w->x);
	free(w->moved);
	free(w->change);
	free(w->sum);
	free(w->probe);
	free(w->part);
}

static int64_t elements(const struct layout *l)
{
	int64_t n = 0;

	for (int f = 0; f < l->n_fields; f++)
		n += layout_field_count(l, f);
	return n;
}

static int open_data(struct work *w, const struct sample_options *o, struct err *e)
{
	const bool density = w->key.task == TASK_DENSITY;

	w->dim = w->model->network.spec.n_out;
	if (elements(&w->model->makes) != w->dim)
		return err_set(e, ERR_FAIL, "the model file's fields are not what its network makes");
	w->standard = standard_of(&w->model->network.params, w->dim, 1);
	for (int64_t i = 0; i < w->dim && w->standard.std; i++)
		w->log_scale += log(w->standard.std[i]);
	w->n = w->key.samples;
	if (!density)
		return o->n_data == 0 ? 0
				      : err_set(e, ERR_USAGE, "%s: a flow makes its draws without data", o->data[0]);
	if (o->n_data != 1)
		return err_set(e, ERR_USAGE,
			       "sample.task: densities are those of the samples of one data set; name it");
	if (dataset_open(&w->data, o->data[0], NULL, e) != 0 ||
	    examples_open(&w->examples, w->data, &w->model->task_key, 0, e) != 0)
		return -1;
	w->n = w->examples.n_items;
	return w->examples.dim == w->dim
		       ? 0
		       : err_set(e, ERR_USAGE, "%s: samples of %lld elements, those of the model have %lld",
				 dataset_name(w->data), (long long)w->examples.dim, (long long)w->dim);
}

static int open_run(struct work *w, struct err *e)
{
	if (w->key.tolerance > 0)
		w->cnf.solver.rtol = w->cnf.solver.atol = w->key.tolerance;
	/* draws of a batch move with the same steps: the batches of few draws are those of many */
	w->batch = w->key.task == TASK_DRAW || w->key.batch < w->n ? w->key.batch : w->n;
	if (sample_share(w->common, w->n, &w->first, &w->count, e) != 0)
		return -1;
	w->solve = cnf_solve_new(&w->model->network, &w->cnf, w->batch, w->dim, w->key.probes == 0, e);
	w->x = mem_new(w->batch * w->dim, sizeof *w->x, "samples", e);
	w->moved = mem_new(w->batch * w->dim, sizeof *w->x, "samples", e);
	w->probe = mem_new(w->batch * w->dim, sizeof *w->x, "probes", e);
	w->part = mem_new(w->batch * w->dim, sizeof *w->x, "samples", e);
	w->change = mem_new(w->batch, sizeof *w->x, "densities", e);
	w->sum = mem_new(w->batch, sizeof *w->x, "densities", e);
	return w->solve && w->x && w->moved && w->probe && w->part && w->change && w->sum ? 0 : -1;
}

/* The batch moved as many times as there are probes; sum: the mean change. */
static int move(struct work *w, int64_t first, bool back, struct err *e)
{
	const int64_t runs = w->key.probes > 0 ? w->key.probes : 1, size = w->batch * w->dim;
	int64_t evaluations;

	memset(w->sum, 0, (size_t)w->batch * sizeof *w->sum);
	for (int64_t k = 0; k < runs; k++) {
		memcpy(w->moved, w->x, (size_t)size * sizeof *w->x);
		for (int64_t i = 0; i < w->batch && w->key.probes > 0; i++)
			cnf_probe(CNF_RADEMACHER, (uint64_t)w->common->seed, "cnf probe", (uint64_t)k,
				  (uint64_t)(first + i), w->dim, w->probe + i * w->dim);
		if (cnf_solve_run(w->solve, back, w->probe, w->moved, w->change, &evaluations, e) != 0)
			return err_in(e, "samples %lld to %lld", (long long)first, (long long)(first + w->batch - 1));
		w->evaluations += evaluations;
		for (int64_t i = 0; i < w->batch; i++)
			w->sum[i] += w->change[i] / (double)runs;
	}
	return 0;
}

static int density_batch(struct work *w, int64_t first, struct err *e)
{
	int64_t *item = xcalloc((size_t)w->batch, sizeof *item);
	int status;

	for (int64_t i = 0; i < w->batch; i++)
		item[i] = (first + i) % w->n;
	status = examples_targets(&w->examples, w->batch, item, w->x, e);
	free(item);
	standard_apply(&w->standard, w->batch, w->dim, w->x);
	if (status != 0 || move(w, first, true, e) != 0)
		return -1;
	for (int64_t i = 0; i < w->batch; i++)
		w->sum[i] = cnf_base(w->dim, w->moved + i * w->dim) - w->sum[i] - w->log_scale;
	return 0;
}

static int draw_batch(struct work *w, int64_t first, struct err *e)
{
	for (int64_t i = 0; i < w->batch; i++)
		rng_normal(rng_stream((uint64_t)w->common->seed, "sampler start", 0, (uint64_t)(first + i)), 0,
			   (size_t)w->dim, w->x + i * w->dim);
	if (move(w, first, false, e) != 0)
		return -1;
	for (int64_t i = 0; i < w->batch; i++)
		w->sum[i] += cnf_base(w->dim, w->x + i * w->dim) - w->log_scale;
	standard_undo(&w->standard, w->batch, w->dim, w->moved);
	return 0;
}

/* Rows skip .. skip + n - 1 of the batch. */
static void write_batch(struct work *w, int64_t at, int64_t skip, int64_t n)
{
	const int made = w->key.task == TASK_DRAW ? w->model->makes.n_fields : 0;
	int64_t offset = 0;

	for (int64_t i = skip; i < skip + n && !w->key.log; i++)
		w->sum[i] = exp(w->sum[i]);
	for (int f = 0; f < made; f++) {
		const int64_t count = layout_field_count(&w->layout, f);

		for (int64_t i = 0; i < n; i++)
			memcpy(w->part + i * count, w->moved + (skip + i) * w->dim + offset,
			       (size_t)count * sizeof *w->part);
		h5out_samples(w->out, f, at, n, DTYPE_F64, w->part);
		if (f == 0)
			sample_picture_add(w->picture, n, w->part);
		offset += count;
	}
	if (w->layout.n_fields > made)
		h5out_samples(w->out, made, at, n, DTYPE_F64, w->sum + skip);
}

static int run_all(struct work *w, struct err *e)
{
	for (int64_t b = w->first / w->batch * w->batch; b < w->first + w->count; b += w->batch) {
		const int64_t from = b > w->first ? b : w->first,
			      to = b + w->batch < w->first + w->count ? b + w->batch : w->first + w->count;

		if ((w->key.task == TASK_DRAW ? draw_batch(w, b, e) : density_batch(w, b, e)) != 0)
			return -1;
		write_batch(w, from - w->first, from - b, to - from);
		progress_update(to - w->first, NULL);
	}
	return 0;
}

static int write_all(struct work *w, const struct sample_options *o, const char *config, struct err *e)
{
	const struct h5_meta meta = { .command = w->common->command,
				      .config = config,
				      .inputs = w->model->identity,
				      .kind = "data",
				      .seed = w->common->seed };
	int status;

	if (w->key.task == TASK_DRAW)
		w->layout = layout_copy(&w->model->makes);
	if (w->key.task == TASK_DENSITY || w->key.densities)
		layout_add_field(&w->layout, w->key.log ? "log_density" : "density", DTYPE_F64,
				 w->key.task == TASK_DENSITY ? ROLE_TARGET : ROLE_NONE, 0, NULL);
	w->layout.n_samples = w->count;
	if ((o->plot && !(w->picture = sample_picture_new(&w->layout, 0, o->plot, e))) ||
	    !(w->out = h5out_open(w->common->output ? w->common->output : "sample.h5", e)))
		return -1;
	h5out_fields(w->out, &w->layout);
	h5out_meta(w->out, &meta);
	progress_begin("sample", "draw", w->count);
	status = run_all(w, e);
	progress_end();
	if (status != 0) {
		h5out_abandon(w->out);
		return -1;
	}
	log_note("%lld evaluations of the vector field", (long long)w->evaluations);
	status = h5out_close(w->out, e);
	return status == 0 && w->picture ? sample_picture_write(w->picture, e) : status;
}

int sample_cnf(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e)
{
	struct work w = { .common = common, .model = m };
	struct str config = { 0 };
	int status = -1;

	sample_set_options(m->setup.conf, o);
	cfg_section(m->setup.cfg, "objective", 1, &(struct key_table){ cnf_keys, &w.cnf });
	cfg_section(m->setup.cfg, "sample", 1, &(struct key_table){ sample_cnf_keys, &w.key });
	if (cfg_done(m->setup.cfg, e) == 0 && open_data(&w, o, e) == 0 && open_run(&w, e) == 0) {
		cfg_effective(m->setup.cfg, &config);
		if (common->shard_count > 0)
			str_printf(&config, "# samples %lld to %lld\n", (long long)w.first,
				   (long long)(w.first + w.count - 1));
		if (common->dry_run)
			str_add(o->dry_run_text, str_text(&config));
		status = common->dry_run ? 0 : write_all(&w, o, str_text(&config), e);
	}
	str_free(&config);
	close_work(&w);
	return status;
}
