/* regression.c: building, compiling and running weighted regressions of networks that are told a time. */
#include "learner/regression.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/plan.h"

static struct shape grid_shape(const struct model_spec *s, int64_t batch, int64_t channels)
{
	struct shape out = shape_of(batch, channels);

	for (int d = 0; d < s->n_dims; d++)
		out.dim[out.rank++] = s->size[d];
	return out;
}

void time_graph_build(const struct network *n, struct time_graph *b, int64_t batch, int64_t n_x, bool training)
{
	const struct model_spec *s = &n->spec;
	struct shape xs = grid_shape(s, batch, n_x), ms = grid_shape(s, batch, s->n_in - n_x),
		     vs = shape_of(batch, s->n_vector);
	struct graph *g = graph_new(n->real);
	struct model_in in = { .query = NODE_NONE, .last = NODE_NONE };

	b->g = g;
	/* the parameters are looked up, or made by the first build */
	nn_begin(&b->nn, g, (struct params *)&n->params, training);
	in.field = b->x = graph_input(g, "x", n->real, &xs);
	b->maps = NODE_NONE;
	if (s->n_in > n_x) {
		b->maps = graph_input(g, "maps", n->real, &ms);
		in.field = op_concat(g, 2, (node[]){ b->x, b->maps }, 1);
	}
	in.vector = b->vector = graph_input(g, "vector", n->real, &vs);
	b->out = n->class->build(&b->nn, n->config, s, &in);
}

void time_graph_free(struct time_graph *b)
{
	nn_end(&b->nn);
	graph_free(b->g);
	b->g = NULL;
}

void time_graph_bind(const struct time_graph *b, struct plan *p, const struct params *values)
{
	for (int i = 0; i < b->nn.n_nodes; i++)
		if (node_is(b->nn.node[i]))
			plan_bind(p, b->nn.node[i], values->at[i].value.data);
}

int regression_start(struct network *n, int64_t n_x, uint64_t seed, struct err *e)
{
	struct time_graph b;
	node ones, slope = NODE_NONE;
	int status = 0;

	if (n->class->check && n->class->check(n->config, &n->spec, e) != 0)
		return -1;
	time_graph_build(n, &b, 2, n_x, true);
	if (!graph_error(b.g)) {
		ones = op_ones_like(b.g, b.out);
		graph_vjp(b.g, 1, &b.out, &ones, 1, &b.vector, &slope);
	}
	if (graph_error(b.g)) {
		*e = *graph_error(b.g);
		status = err_in(e, "model %s", n->class->name);
	} else if (!node_is(slope)) {
		status = err_set(e, ERR_USAGE, "model %s is not told the time; time-mlp, time-unet and dit are",
				 n->class->name);
	}
	time_graph_free(&b);
	if (status == 0)
		params_init(&n->params, seed);
	return status;
}

struct regression {
	int64_t batch, n_x;
	struct network *network;
	struct time_graph b;
	node target, weight;
	struct plan *plan;
	int n_trained, n_updates;
	int64_t size[5]; /* elements of the five inputs */
	void *data[5];	 /* in the network's type */
	int64_t key[2];	 /* dropout: seed and step, as four int32 */
};

static int compile(struct regression *r, struct params *gradient, enum regression_norm norm, struct err *e)
{
	struct network *n = r->network;
	struct shape ys = grid_shape(&n->spec, r->batch, n->spec.n_out), ws = shape_of(r->batch);
	struct graph *g;
	node *out, *wrt, off;
	int *trained, status;

	time_graph_build(n, &r->b, r->batch, r->n_x, gradient != NULL);
	g = r->b.g;
	r->target = graph_input(g, "target", n->real, &ys);
	r->weight = graph_input(g, "weight", n->real, &ws);
	off = op_sub(g, r->b.out, r->target);
	off = norm == REGRESSION_SQUARE ? op_square(g, off) : op_abs(g, off);
	off = op_mean(g, off, op_axes(1, ys.rank - 1), false);
	out = xcalloc((size_t)(1 + 2 * n->params.n), sizeof *out);
	wrt = xcalloc((size_t)n->params.n + 1, sizeof *wrt);
	trained = xcalloc((size_t)n->params.n + 1, sizeof *trained);
	out[0] = op_mean_all(g, op_mul(g, off, r->weight));
	for (int i = 0; gradient && i < r->b.nn.n_nodes; i++)
		if (node_is(r->b.nn.node[i]) && n->params.at[i].role != PARAM_STATE && !n->params.at[i].frozen) {
			trained[r->n_trained] = i;
			wrt[r->n_trained++] = r->b.nn.node[i];
		}
	if (!graph_error(g) && gradient)
		graph_gradient(g, out[0], r->n_trained, wrt, out + 1);
	r->n_updates = gradient ? r->b.nn.n_updates : 0;
	for (int i = 0; i < r->n_updates; i++)
		out[1 + r->n_trained + i] = r->b.nn.update[i].value;
	r->plan = plan_new(g, 1 + r->n_trained + r->n_updates, out, e);
	status = r->plan ? 0 : err_in(e, "model %s", n->class->name);
	for (int i = 0; i < r->n_trained && status == 0; i++)
		plan_bind_out(r->plan, 1 + i, gradient->at[trained[i]].value.data);
	free(out);
	free(wrt);
	free(trained);
	return status;
}

static int allocate(struct regression *r, struct err *e)
{
	const struct model_spec *s = &r->network->spec;
	int64_t points = 1;

	for (int d = 0; d < s->n_dims; d++)
		points *= s->size[d];
	const int64_t a_sample[5] = { r->n_x * points, (s->n_in - r->n_x) * points, s->n_vector, s->n_out * points, 1 };
	const node input[5] = { r->b.x, r->b.maps, r->b.vector, r->target, r->weight };

	for (int k = 0; k < 5; k++) {
		r->size[k] = r->batch * a_sample[k];
		if (r->size[k] == 0)
			continue;
		if (!(r->data[k] = mem_new(r->size[k], dtype_size(r->network->real), "a batch", e)))
			return -1;
		plan_bind(r->plan, input[k], r->data[k]);
	}
	if (node_is(r->b.nn.key))
		plan_bind(r->plan, r->b.nn.key, r->key);
	return 0;
}

struct regression *regression_new(struct network *n, struct params *gradient, int64_t batch, int64_t n_x,
				  enum regression_norm norm, struct err *e)
{
	struct regression *r = xcalloc(1, sizeof *r);

	r->network = n;
	r->batch = batch;
	r->n_x = n_x;
	if (compile(r, gradient, norm, e) == 0 && allocate(r, e) == 0)
		return r;
	regression_free(r);
	return NULL;
}

void regression_free(struct regression *r)
{
	if (!r)
		return;
	plan_free(r->plan);
	time_graph_free(&r->b);
	for (int k = 0; k < 5; k++)
		free(r->data[k]);
	free(r);
}

int64_t regression_size(const struct regression *r)
{
	return r->batch;
}

int regression_run(struct regression *r, const struct regression_batch *b, const struct params *values, uint64_t seed,
		   int64_t step, double *loss, struct err *e)
{
	const double *from[5] = { b->x, b->maps, b->vector, b->target, b->weight };
	struct tensor v;

	for (int k = 0; k < 5; k++)
		for (int64_t i = 0; i < r->size[k]; i++)
			if (r->network->real == DTYPE_F32)
				((float *)r->data[k])[i] = (float)from[k][i];
			else
				((double *)r->data[k])[i] = from[k][i];
	time_graph_bind(&r->b, r->plan, values);
	r->key[0] = (int64_t)seed;
	r->key[1] = step;
	if (plan_run(r->plan, e) != 0)
		return -1;
	v = plan_out(r->plan, 0);
	*loss = tensor_get(&v, 0);
	for (int i = 0; i < r->n_updates; i++) {
		v = plan_out(r->plan, 1 + r->n_trained + i);
		memcpy(r->network->params.at[r->b.nn.update[i].param].value.data, v.data, tensor_bytes(&v));
	}
	return 0;
}
