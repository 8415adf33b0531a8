/* sample_cnf.c: draws of a trained continuous normalising flow, and the log-densities of given points. Batches stand at
 * fixed places of the numbering and are always full, so that shards make the same bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/h5out.h"
#include "learner/cnf.h"
#include "learner/generative.h"
#include "run/model_file.h"
#include "learner/sample_model.h"

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
	struct examples examples; /* of the data: points and conditions, or for draws conditions alone */
	struct standard standard;
	struct layout layout;
	struct cnf_solve *solve;
	int64_t dim, values, n, first, count, batch, evaluations;
	double log_scale; /* sum of the logarithms of the deviations */
	double *x, *moved, *change, *sum, *probe, *given;
};

static void close_work(struct work *w)
{
	cnf_solve_free(w->solve);
	dataset_close(w->data);
	standard_free(&w->standard);
	layout_free(&w->layout);
	free(w->x);
	free(w->moved);
	free(w->change);
	free(w->sum);
	free(w->probe);
	free(w->given);
}

static int64_t elements(const struct layout *l)
{
	int64_t n = 0;

	for (int f = 0; f < l->n_fields; f++)
		n += layout_field_count(l, f);
	return n;
}

/* Draw k gets the condition of sample k of the data, which start again where they end. */
static int open_conditions(struct work *w, const struct sample_options *o, struct err *e)
{
	struct model_spec of = w->model->network.spec;

	if (o->n_data != 1)
		return err_set(e, ERR_USAGE, "the model draws for given conditions: name one data set that has them");
	of.n_in = of.n_out;
	of.n_vector = 1 + w->values;
	if (dataset_open(&w->data, o->data[0], NULL, e) != 0)
		return -1;
	return examples_open_conditions(&w->examples, w->data, &w->model->task_key, 0, &of, e);
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
	w->values = w->model->network.spec.n_in - w->dim;
	if (!density && w->values > 0)
		return open_conditions(w, o, e);
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
	return w->examples.dim == w->dim && w->examples.values == w->values
		       ? 0
		       : err_set(e, ERR_USAGE,
				 "%s: samples of %lld elements with %lld conditions, those of the model have %lld with "
				 "%lld",
				 dataset_name(w->data), (long long)w->examples.dim, (long long)w->examples.values,
				 (long long)w->dim, (long long)w->values);
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
	w->x = mem_new(mem_times(w->batch, w->dim), sizeof *w->x, "samples", e);
	w->moved = mem_new(mem_times(w->batch, w->dim), sizeof *w->x, "samples", e);
	w->probe = mem_new(mem_times(w->batch, w->dim), sizeof *w->x, "probes", e);
	w->given = mem_new(mem_times(w->batch, w->values + 1), sizeof *w->x, "conditions", e);
	w->change = mem_new(w->batch, sizeof *w->x, "densities", e);
	w->sum = mem_new(w->batch, sizeof *w->x, "densities", e);
	return w->solve && w->x && w->moved && w->probe && w->given && w->change && w->sum ? 0 : -1;
}

static int conditions(struct work *w, int64_t first, struct err *e)
{
	int64_t *item = xcalloc((size_t)w->batch, sizeof *item);
	int status;

	for (int64_t i = 0; i < w->batch; i++)
		item[i] = (first + i) % w->examples.n_items;
	status = examples_values(&w->examples, w->batch, item, w->given, e);
	free(item);
	return status;
}

/* The batch moved as many times as there are probes; sum: the mean change. */
static int move(struct work *w, int64_t first, bool back, struct err *e)
{
	const int64_t runs = w->key.probes > 0 ? w->key.probes : 1, size = w->batch * w->dim;
	int64_t evaluations;

	if (w->values > 0 && conditions(w, first, e) != 0)
		return -1;
	memset(w->sum, 0, (size_t)w->batch * sizeof *w->sum);
	for (int64_t k = 0; k < runs; k++) {
		memcpy(w->moved, w->x, (size_t)size * sizeof *w->x);
		for (int64_t i = 0; i < w->batch && w->key.probes > 0; i++)
			cnf_probe(CNF_RADEMACHER, (uint64_t)w->common->seed, "cnf probe", (uint64_t)k,
				  (uint64_t)(first + i), w->dim, w->probe + i * w->dim);
		if (cnf_solve_run(w->solve, back, w->probe, w->given, w->moved, w->change, &evaluations, e) != 0)
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
	sample_starts(w->common, first, w->batch, w->dim, w->x);
	if (move(w, first, false, e) != 0)
		return -1;
	for (int64_t i = 0; i < w->batch; i++)
		w->sum[i] += cnf_base(w->dim, w->x + i * w->dim) - w->log_scale;
	standard_undo(&w->standard, w->batch, w->dim, w->moved);
	return 0;
}

static int draw(struct sample_file *f, void *context, int64_t begin, int64_t from, int64_t to, struct err *e)
{
	struct work *w = context;
	const int64_t skip = from - begin, n = to - from;
	const bool draws = w->key.task == TASK_DRAW;

	if ((draws ? draw_batch : density_batch)(w, begin, e) != 0)
		return -1;
	for (int64_t i = skip; i < skip + n && !w->key.log; i++)
		w->sum[i] = exp(w->sum[i]);
	const int made =
		draws ? sample_put_rows(f, w->model->makes.n_fields, from, n, w->moved + skip * w->dim, w->dim) : 0;

	if (w->layout.n_fields > made)
		sample_put(f, made, from, n, w->sum + skip);
	return 0;
}

static void make_layout(struct work *w)
{
	if (w->key.task == TASK_DRAW)
		w->layout = layout_copy(&w->model->makes);
	if (w->key.task == TASK_DENSITY || w->key.densities)
		layout_add_field(&w->layout, w->key.log ? "log_density" : "density", DTYPE_F64,
				 w->key.task == TASK_DENSITY ? ROLE_TARGET : ROLE_NONE, 0, NULL);
	w->layout.n_samples = w->count;
}

int sample_cnf(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e)
{
	struct work w = { .common = common, .model = m };
	int status = -1;

	sample_set_options(m->setup.conf, o);
	cfg_section(m->setup.cfg, "objective", 1, &(struct key_table){ cnf_keys, &w.cnf });
	cfg_section(m->setup.cfg, "sample", 1, &(struct key_table){ sample_cnf_keys, &w.key });
	if (cfg_done(m->setup.cfg, e) == 0 && open_data(&w, o, e) == 0 && open_run(&w, e) == 0) {
		const struct sample_file f = { .layout = &w.layout,
					       .first = w.first,
					       .count = w.count,
					       .batch = w.batch,
					       .draw = draw,
					       .context = &w };

		make_layout(&w);
		status = sample_file_of_model(common, o, m, &f, e);
		if (status == 0 && !common->dry_run)
			log_note("%lld evaluations of the vector field", (long long)w.evaluations);
	}
	close_work(&w);
	return status;
}
