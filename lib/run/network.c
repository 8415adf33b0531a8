/* network.c: normaliser, model, normaliser; building, first values. */
#include "run/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "run/polytope.h"

static const char *const real_names[] = { "float32", "float64", NULL };
static const char *const normaliser_names[] = { "none", "channel", "pixel", NULL };

const struct key network_keys[] = {
	KEY_ONE_OF(struct network_config, real, "float32", real_names, "arithmetic of the model"),
	KEY_ONE_OF(struct network_config, normalise_input, "none", normaliser_names,
		   "input minus mean over deviation: one pair a channel, or one a grid point"),
	KEY_ONE_OF(struct network_config, normalise_target, "none", normaliser_names, "the same for what is predicted"),
	KEY_FLAG(struct network_config, encoded_loss, "false", "take the loss on normalised targets"),
	KEY_ANY(struct network_config, equal,
		"maps and steps: predictions are moved, as little as possible, to where these hold exactly, at every "
		"point: rows [a1, ..., b] for a1 y1 + ... = b in the output channels y"),
	KEY_ANY(struct network_config, at_most,
		"the same for a1 y1 + ... <= b: [[-1, 0, 0]] keeps the first of two >= 0"),
	KEY_END,
};

static const double epsilon = 1e-5; /* added to deviations, as the FNO scripts do */

/* Values on the points i / n of a circle, or on 0 .. 1 with both ends, to `size` points of the same kind. */
static node resample(struct graph *g, node x, int axis, int64_t size, bool periodic)
{
	if (!periodic)
		return op_resize_linear(g, x, axis, size, true);
	x = op_pad(g, x, axis, 0, 1, PAD_PERIODIC);
	return op_slice(g, op_resize_linear(g, x, axis, size + 1, true), axis, 0, size, 1);
}

/* Statistics as a state: (c, 1...) or (c, N...); those of another grid are interpolated to this one. */
static node statistic(struct nn *n, const struct model_spec *s, const char *name, int mode, int64_t channels,
		      double value)
{
	struct shape shape = shape_of(channels);
	int k = params_find(n->params, name);

	for (int d = 0; d < s->n_dims; d++)
		shape.dim[shape.rank++] = mode == NORMALISE_PIXEL ? s->size[d] : 1;
	node x = nn_state(n, name, k >= 0 ? &n->params->at[k].value.shape : &shape, value);
	for (int d = 0; d < s->n_dims && mode == NORMALISE_PIXEL; d++)
		if (!graph_error(n->g) && graph_shape(n->g, x).dim[1 + d] != s->size[d])
			x = resample(n->g, x, 1 + d, s->size[d], s->periodic[d]);
	return x;
}

static node encode(struct nn *n, const struct model_spec *s, int mode, node x)
{
	if (mode == NORMALISE_NONE)
		return x;
	node mean = statistic(n, s, "norm.input.mean", mode, s->n_in, 0);
	node std = statistic(n, s, "norm.input.std", mode, s->n_in, 1);
	return op_div(n->g, op_sub(n->g, x, mean), op_shift(n->g, std, epsilon));
}

/* Target statistics shaped to broadcast over a prediction. */
static void target_statistics(struct nn *n, const struct model_spec *s, int mode, node *mean, node *scale)
{
	struct model_spec flat = *s;

	if (s->n_query > 0)
		flat.n_dims = 0; /* (b, q, c): channels last */
	*mean = statistic(n, &flat, "norm.target.mean", mode, s->n_out, 0);
	*scale = op_shift(n->g, statistic(n, &flat, "norm.target.std", mode, s->n_out, 1), epsilon);
}

/* The last input frame as the target's normaliser encodes it, so that decoding "model + frame" gives the frame back. */
static node last_frame(struct nn *n, const struct model_spec *s, int mode, node field)
{
	if (s->n_state == 0 || s->n_state != s->n_out || s->n_query > 0)
		return NODE_NONE;
	node x = op_slice(n->g, field, 1, s->n_in - s->n_state, s->n_out, 1), mean, scale;
	if (mode == NORMALISE_NONE || graph_error(n->g))
		return x;
	target_statistics(n, s, mode, &mean, &scale);
	return op_div(n->g, op_sub(n->g, x, mean), scale);
}

void network_build(struct network *n, struct network_graph *b, struct graph *g, int64_t batch, bool training,
		   node field, node query)
{
	const struct model_spec *s = &n->spec;
	struct shape fs = shape_of(batch, s->n_in), qs = shape_of(batch, s->n_query, s->query_dims);

	for (int d = 0; d < s->n_dims; d++)
		fs.dim[fs.rank++] = s->size[d];
	b->g = g;
	nn_begin(&b->nn, g, &n->params, training);
	b->in.field = node_is(field) ? field : graph_input(g, "input", n->real, &fs);
	b->in.query = node_is(query) ? query : s->n_query > 0 ? graph_input(g, "query", n->real, &qs) : NODE_NONE;
	b->in.vector = NODE_NONE;
	b->in.last = last_frame(&b->nn, s, n->key.normalise_target, b->in.field);
	struct model_in in = b->in;
	in.field = encode(&b->nn, s, n->key.normalise_input, in.field);
	b->encoded = n->class->build(&b->nn, n->config, s, &in);
	b->prediction = b->encoded;
	if (n->key.normalise_target != NORMALISE_NONE && !graph_error(g)) {
		node mean, scale;

		target_statistics(&b->nn, s, n->key.normalise_target, &mean, &scale);
		b->prediction = op_add(g, op_mul(g, b->encoded, scale), mean);
	}
	if (n->key.equal || n->key.at_most) {
		if (n->key.encoded_loss && !graph_error(g))
			graph_fail(g, "data.encoded_loss: predictions under data.%s have no encoded form",
				   n->key.equal ? "equal" : "at_most");
		b->prediction =
			polytope_project(g, b->prediction, s->n_query > 0 ? 2 : 1, n->key.equal, n->key.at_most);
	}
}

node network_loss(const struct network *n, struct network_graph *b, const struct objective_class *o, const void *config,
		  node target)
{
	struct objective_in in = { .prediction = b->prediction,
				   .target = target,
				   .n_dims = n->spec.n_query ? 0 : n->spec.n_dims };

	for (int d = 0; d < 3; d++) {
		in.periodic[d] = n->spec.periodic[d];
		in.length[d] = n->spec.length[d];
	}
	if (n->key.encoded_loss && n->key.normalise_target != NORMALISE_NONE && !graph_error(b->g)) {
		node mean, scale;

		target_statistics(&b->nn, &n->spec, n->key.normalise_target, &mean, &scale);
		in.prediction = b->encoded;
		in.target = op_div(b->g, op_sub(b->g, target, mean), scale);
	}
	return o->build(b->g, config, &in);
}

void network_graph_free(struct network_graph *b)
{
	nn_end(&b->nn);
	graph_free(b->g);
	b->g = NULL;
}

struct shape network_shape(const struct network *n, int64_t batch)
{
	struct shape s = shape_of(batch, n->spec.n_out);

	if (n->spec.n_query > 0)
		return shape_of(batch, n->spec.n_query, n->spec.n_out);
	for (int d = 0; d < n->spec.n_dims; d++)
		s.dim[s.rank++] = n->spec.size[d];
	return s;
}

static int fill(struct network *n, struct task *t, const char *which, int mode, struct err *e)
{
	bool of_target = strcmp(which, "target") == 0;
	int64_t count = of_target ? task_target_count(t) : task_input_count(t);
	double *mean = xcalloc((size_t)count, sizeof *mean), *std = xcalloc((size_t)count, sizeof *std);
	char name[64];
	int status = task_statistics(t, of_target, mode == NORMALISE_PIXEL, mean, std, e);

	for (int part = 0; part < 2 && status == 0; part++) {
		snprintf(name, sizeof name, "norm.%s.%s", which, part ? "std" : "mean");
		struct tensor *v = &n->params.at[params_find(&n->params, name)].value;
		for (int64_t i = 0; i < shape_count(&v->shape); i++)
			tensor_set(v, i, part ? std[i] : mean[i]);
	}
	free(mean);
	free(std);
	return status;
}

int network_start(struct network *n, struct task *t, uint64_t seed, struct err *e)
{
	struct network_graph b;
	int status = 0;

	if (n->spec.n_query > 0 && n->key.normalise_target == NORMALISE_PIXEL)
		return err_set(e, ERR_USAGE, "data.normalise_target: pixel needs a grid, the data have query points");
	if (n->class->check && n->class->check(n->config, &n->spec, e) != 0)
		return -1;
	network_build(n, &b, graph_new(n->real), 2, true, NODE_NONE, NODE_NONE);
	if (graph_error(b.g)) {
		*e = *graph_error(b.g);
		status = err_in(e, "model %s", n->class->name);
	}
	network_graph_free(&b);
	if (status != 0)
		return -1;
	params_init(&n->params, seed);
	if (n->key.normalise_input != NORMALISE_NONE && fill(n, t, "input", n->key.normalise_input, e) != 0)
		return -1;
	if (n->key.normalise_target != NORMALISE_NONE && fill(n, t, "target", n->key.normalise_target, e) != 0)
		return -1;
	return 0;
}

int network_fit(struct network *n, const struct task *t, struct err *e)
{
	const struct model_spec was = n->spec, *is = &t->spec;

	if (was.n_in != is->n_in || was.n_out != is->n_out || was.n_dims != is->n_dims)
		return err_set(
			e, ERR_USAGE,
			"%s: %lld channels in, %lld out, %d space axes; the model was trained for %lld, %lld, %d",
			dataset_name(t->data), (long long)is->n_in, (long long)is->n_out, is->n_dims,
			(long long)was.n_in, (long long)was.n_out, was.n_dims);
	for (int d = 0; d < is->n_dims && !n->class->grid_free; d++)
		if (was.size[d] != is->size[d])
			return err_set(e, ERR_USAGE,
				       "%s: axis %d has %lld points, model %s works on the %lld it was trained on only",
				       dataset_name(t->data), d, (long long)is->size[d], n->class->name,
				       (long long)was.size[d]);
	n->spec = *is;
	return n->class->check ? n->class->check(n->config, is, e) : 0;
}

void network_free(struct network *n)
{
	params_free(&n->params);
	free(n->config);
	n->config = NULL;
}
