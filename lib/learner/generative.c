/* generative.c: batches of standardised samples with their conditions, and the regressions on what is drawn of them. */
#include "learner/generative.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- the scale of the data ---- */

static double *expand(const struct params *p, const char *name, int64_t dim, int64_t points)
{
	const int k = params_find(p, name);
	double *out;

	if (k < 0)
		return NULL;
	const struct tensor *v = &p->at[k].value;
	const int64_t step = shape_count(&v->shape) == dim ? 1 : points;
	out = xcalloc((size_t)dim, sizeof *out);
	for (int64_t i = 0; i < dim; i++)
		out[i] = tensor_get(v, i / step);
	return out;
}

struct standard standard_of(const struct params *p, int64_t dim, int64_t points)
{
	return (struct standard){ expand(p, "norm.target.mean", dim, points),
				  expand(p, "norm.target.std", dim, points) };
}

void standard_free(struct standard *s)
{
	free(s->mean);
	free(s->std);
	*s = (struct standard){ 0 };
}

void standard_apply(const struct standard *s, int64_t n, int64_t dim, double *x)
{
	for (int64_t i = 0; i < n * dim && s->mean; i++)
		x[i] = (x[i] - s->mean[i % dim]) / s->std[i % dim];
}

void standard_undo(const struct standard *s, int64_t n, int64_t dim, double *x)
{
	for (int64_t i = 0; i < n * dim && s->mean; i++)
		x[i] = x[i] * s->std[i % dim] + s->mean[i % dim];
}

static void add_state(struct params *p, enum dtype real, const char *name, int64_t n, const double *v)
{
	struct param proto = { .name = (char *)name,
			       .value = { .dtype = real, .shape = shape_of(n) },
			       .role = PARAM_STATE,
			       .lr_multiplier = 1 };
	const int k = params_add(p, &proto);

	for (int64_t i = 0; i < n; i++)
		tensor_set(&p->at[k].value, i, v[i]);
}

int standard_find(struct network *n, const struct examples *x, struct params *to, struct err *e)
{
	const bool pixel = n->key.normalise_target == NORMALISE_PIXEL;
	const int64_t count = pixel ? x->dim : x->spec.n_out;
	double *mean, *std;
	int status = -1;

	if (n->key.normalise_input != NORMALISE_NONE)
		return err_set(e, ERR_USAGE, "data.normalise_input: conditions are taken as they are; set it to none");
	if (n->key.normalise_target == NORMALISE_NONE)
		return 0;
	mean = mem_new(count, sizeof *mean, "means", e);
	std = mean ? mem_new(count, sizeof *std, "deviations", e) : NULL;
	if (std && examples_moments(x, pixel, mean, std, e) == 0) {
		add_state(to, n->real, "norm.target.mean", count, mean);
		add_state(to, n->real, "norm.target.std", count, std);
		status = 0;
	}
	free(mean);
	free(std);
	return status;
}

void standard_store(const struct standard *s, int64_t dim, enum dtype real, struct params *to)
{
	if (!s->mean)
		return;
	add_state(to, real, "norm.target.mean", dim, s->mean);
	add_state(to, real, "norm.target.std", dim, s->std);
}

/* Weights and scale of another run. */
static int start_from(struct network *n, const char *path, struct err *e)
{
	struct checkpoint *c;
	int status;

	if (checkpoint_open(&c, path, "model", e) != 0)
		return err_in(e, "objective.start_from");
	status = checkpoint_load_params(c, "param", &n->params, e);
	checkpoint_close(c);
	return status == 0 ? 0 : err_in(e, "objective.start_from: %s", path);
}

/* ---- the learner's common parts ---- */

struct rng generative_stream(const struct trainer *t, const char *what, bool judging, int64_t item)
{
	char purpose[64];

	snprintf(purpose, sizeof purpose, "%s %s", judging ? "judge" : "draw", what);
	return rng_stream(t->seed, purpose, judging ? 0 : (uint64_t)t->t, (uint64_t)item);
}

static int allocate(struct trainer *t, struct generative *g, struct err *e)
{
	const struct examples *x = &g->data;
	const int64_t n = t->key.batch < t->n_items ? t->key.batch : t->n_items, rows = n * g->rows;

	g->capacity = n;
	g->sample = mem_new(mem_times(n, x->dim), sizeof(double), "a batch of samples", e);
	g->x = mem_new(mem_times(rows, x->dim), sizeof(double), "a batch of inputs", e);
	g->maps = mem_new(mem_times(rows, x->map_dim + 1), sizeof(double), "a batch of conditions", e);
	g->vector = mem_new(rows * x->spec.n_vector, sizeof(double), "a batch of conditions", e);
	g->target = mem_new(mem_times(rows, x->dim * g->out_parts), sizeof(double), "a batch of targets", e);
	g->weight = mem_new(rows, sizeof(double), "a batch of weights", e);
	return g->sample && g->x && g->maps && g->vector && g->target && g->weight ? 0 : -1;
}

int generative_open(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	struct generative *g = t->learning;
	struct network *n = &t->network;

	if (examples_open(&g->data, data, &t->task_key, g->classes, e) != 0)
		return -1;
	if (valid) {
		if (examples_open(&g->valid, valid, &t->task_key, g->classes, e) != 0)
			return err_in(e, "validation data");
		if (g->valid.dim != g->data.dim || g->valid.map_dim != g->data.map_dim ||
		    g->valid.values != g->data.values)
			return err_set(e, ERR_USAGE, "%s: its samples are not of the shape of those of %s",
				       dataset_name(valid), dataset_name(data));
		t->has_score = true;
	}
	g->layout = examples_layout(&g->data);
	n->spec = g->data.spec;
	n->spec.n_out *= g->out_parts;
	t->n_items = g->data.n_items;
	if (regression_start(n, g->data.spec.n_out, t->seed, e) != 0 ||
	    standard_find(n, &g->data, &n->params, e) != 0 || (g->start_from && start_from(n, g->start_from, e) != 0))
		return -1;
	g->standard = standard_of(&n->params, g->data.dim, g->data.points);
	return allocate(t, g, e);
}

void generative_close(struct trainer *t)
{
	struct generative *g = t->learning;

	if (!g)
		return;
	for (int i = 0; i < 2; i++) {
		regression_free(g->run[i]);
		regression_free(g->judge[i]);
	}
	layout_free(&g->layout);
	standard_free(&g->standard);
	free(g->sample);
	free(g->x);
	free(g->maps);
	free(g->vector);
	free(g->target);
	free(g->weight);
	free(g);
	t->learning = NULL;
}

const struct layout *generative_layout(const struct trainer *t)
{
	return &generative_of(t)->layout;
}

/* The k-th row of each item gets the item's condition. */
static int fill_conditions(struct trainer *t, struct generative *g, const struct examples *from, int64_t n,
			   const int64_t *item, bool judging, struct err *e)
{
	const int64_t width = from->spec.n_vector, values = from->values;
	double *v = values > 0 ? mem_new(n * values, sizeof *v, "conditions", e) : NULL;

	if ((values > 0 && (!v || examples_values(from, n, item, v, e) != 0)) ||
	    (from->map_dim > 0 && examples_maps(from, n, item, g->maps, e) != 0)) {
		free(v);
		return -1;
	}
	for (int64_t i = n - 1; i >= 0; i--) {
		const bool hidden = g->drop > 0 && !judging &&
				    rng_uniform_at(generative_stream(t, "condition", judging, item[i]), 0) < g->drop;

		if (hidden)
			memset(g->maps + i * from->map_dim, 0, (size_t)from->map_dim * sizeof(double));
		for (int k = g->rows - 1; k >= 0; k--) {
			const int64_t row = i * g->rows + k;

			memmove(g->maps + row * from->map_dim, g->maps + i * from->map_dim,
				(size_t)from->map_dim * sizeof(double));
			for (int64_t j = 0; j < values; j++)
				g->vector[row * width + 1 + j] = hidden ? 0 : v[i * values + j];
		}
	}
	free(v);
	return 0;
}

static int draw(struct trainer *t, const struct examples *from, int64_t n, const int64_t *item, bool judging,
		struct err *e)
{
	struct generative *g = t->learning;

	if (examples_targets(from, n, item, g->sample, e) != 0)
		return -1;
	standard_apply(&g->standard, n, from->dim, g->sample);
	return fill_conditions(t, g, from, n, item, judging, e) == 0 ? g->fill(t, from, n, item, judging, e) : -1;
}

int generative_load(struct trainer *t, struct err *e)
{
	return draw(t, &generative_of(t)->data, t->batch_n, t->item, false, e);
}

/* The regression for n items: one is kept for full batches, one for the last. */
static struct regression *regression_for(struct trainer *t, struct regression **kept, bool gradient, int64_t n,
					 struct err *e)
{
	struct generative *g = t->learning;
	struct regression **slot = &kept[n == g->capacity ? 0 : 1];

	if (*slot && regression_size(*slot) != n * g->rows) {
		regression_free(*slot);
		*slot = NULL;
	}
	if (!*slot)
		*slot = regression_new(&t->network, gradient ? &t->gradient : NULL, n * g->rows, g->data.spec.n_out,
				       g->norm, e);
	return *slot;
}

static struct regression_batch batch_of(const struct generative *g)
{
	return (struct regression_batch){ g->x, g->maps, g->vector, g->target, g->weight };
}

int generative_evaluate(struct trainer *t, double *loss, struct err *e)
{
	struct generative *g = t->learning;
	struct regression *r = regression_for(t, g->run, true, t->batch_n, e);
	const struct regression_batch b = batch_of(g);

	return r ? regression_run(r, &b, &t->network.params, t->seed, t->t, loss, e) : -1;
}

int generative_judge(struct trainer *t, struct params *p, double *score, struct err *e)
{
	struct generative *g = t->learning;
	const struct regression_batch b = batch_of(g);
	int64_t *item = xcalloc((size_t)g->capacity, sizeof *item);
	double sum = 0, loss;
	int status = 0;

	for (int64_t at = 0; at < g->valid.n_items && status == 0; at += g->capacity) {
		const int64_t n = g->valid.n_items - at < g->capacity ? g->valid.n_items - at : g->capacity;
		struct regression *r = regression_for(t, g->judge, false, n, e);

		for (int64_t i = 0; i < n; i++)
			item[i] = at + i;
		status = r ? draw(t, &g->valid, n, item, true, e) : -1;
		if (status == 0 && (status = regression_run(r, &b, p, t->seed, 0, &loss, e)) == 0)
			sum += loss * (double)n;
	}
	free(item);
	*score = sum / (double)g->valid.n_items;
	return status;
}
