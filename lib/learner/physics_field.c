/* physics_field.c: values of a trained network of coordinates at any points, window by window, in blocks. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/plan.h"
#include "op/op.h"
#include "learner/physics.h"

enum { BLOCK = 1024 };

/* The network of one window, compiled for BLOCK points. */
struct piece {
	struct graph *g;
	struct nn nn;
	struct equation_spec spec;
	struct equation_fields f;
	node column[PHYSICS_COLUMNS];
	struct plan *plan;
};

struct physics_field {
	const struct physics *p;
	struct network *network;
	struct piece *piece; /* a window each, compiled when first asked for */
	struct tensor column[PHYSICS_COLUMNS];
};

struct physics_field *physics_field_new(const struct physics *p, struct network *n)
{
	struct physics_field *f = xcalloc(1, sizeof *f);
	const struct shape line = shape_of(BLOCK, 1);

	f->p = p;
	f->network = n;
	f->piece = xcalloc((size_t)p->key->windows, sizeof *f->piece);
	for (int k = 0; k < p->n_columns; k++)
		f->column[k] = tensor_new(n->real, &line);
	return f;
}

void physics_field_free(struct physics_field *f)
{
	if (!f)
		return;
	for (int64_t w = 0; w < f->p->key->windows; w++) {
		plan_free(f->piece[w].plan);
		nn_end(&f->piece[w].nn);
		graph_free(f->piece[w].g);
	}
	for (int k = 0; k < f->p->n_columns; k++)
		tensor_free(&f->column[k]);
	free(f->piece);
	free(f);
}

static int compile(struct physics_field *f, int64_t window, struct err *e)
{
	struct piece *q = &f->piece[window];
	const struct equation_spec *s = f->p->spec;
	const struct shape line = shape_of(BLOCK, 1);
	node out[EQUATION_UNKNOWNS];

	if (q->plan)
		return 0;
	q->g = graph_new(f->network->real);
	nn_begin(&q->nn, q->g, &f->network->params, false);
	physics_build(f->p, f->network, &q->nn, q->g, BLOCK, window, &q->spec, &q->f, q->column);
	for (int k = 0; k < s->n_unknowns; k++)
		out[k] = op_broadcast(q->g, equation_value(&q->f, s->unknown[k].node), &line);
	q->plan = plan_new(q->g, s->n_unknowns, out, e);
	if (!q->plan)
		return err_in(e, "model %s", f->network->class->name);
	for (int i = 0; i < q->nn.n_nodes; i++)
		if (node_is(q->nn.node[i]))
			plan_bind(q->plan, q->nn.node[i], f->network->params.at[i].value.data);
	for (int k = 0; k < f->p->n_columns; k++)
		plan_bind(q->plan, q->column[k], f->column[k].data);
	return 0;
}

/* The points of a list in one window. */
static int run_block(struct physics_field *f, int64_t window, int64_t n, const int64_t *point,
		     const double *const *column, double *const *out, struct err *e)
{
	if (compile(f, window, e) != 0)
		return -1;
	for (int k = 0; k < f->p->n_columns; k++)
		for (int64_t i = 0; i < BLOCK; i++)
			tensor_set(&f->column[k], i, column[k][point[i < n ? i : 0]]);
	if (plan_run(f->piece[window].plan, e) != 0)
		return -1;
	for (int u = 0; u < f->p->spec->n_unknowns; u++) {
		const struct tensor v = plan_out(f->piece[window].plan, u);

		for (int64_t i = 0; i < n && out[u]; i++)
			out[u][point[i]] = tensor_get(&v, i);
	}
	return 0;
}

static int64_t window_of(const struct physics *p, const double *const *column, int64_t i)
{
	int64_t w = 0;

	for (int k = 0; k < p->n_columns; k++)
		if (p->axis[k] == EXPR_TIME)
			while (w + 1 < p->key->windows && column[k][i] > physics_time(p, w + 1))
				w++;
	return w;
}

int physics_field_run(struct physics_field *f, int64_t n, const double *const *column, double *const *out,
		      struct err *e)
{
	int64_t point[BLOCK];

	for (int64_t w = 0; w < f->p->key->windows; w++) {
		int64_t filled = 0;

		for (int64_t i = 0; i < n; i++) {
			if (window_of(f->p, column, i) == w)
				point[filled++] = i;
			if (filled > 0 && (filled == BLOCK || i == n - 1)) {
				if (run_block(f, w, filled, point, column, out, e) != 0)
					return -1;
				filled = 0;
			}
		}
	}
	return 0;
}
