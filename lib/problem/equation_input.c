/* equation_input.c: features of places, times and parameters. */
#include "problem/equation_input.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "op/op.h"
#include "problem/equation_draw.h"

struct equation_input equation_input_all(const struct equation_spec *s)
{
	struct equation_input c = { .periodic = true, .modes = 1 };

	for (int a = 0; a < s->n_dims; a++)
		c.sees[a] = true;
	c.sees[EXPR_TIME] = !s->stationary;
	for (int k = 0; k < s->n_params; k++)
		c.drawn[k] = equation_param_is_drawn(s, k);
	return c;
}

int64_t equation_input_count(const struct equation_spec *s, const struct equation_input *c)
{
	int64_t n = c->sees[EXPR_TIME];

	for (int a = 0; a < s->n_dims; a++)
		n += !c->sees[a] ? 0 : c->periodic && !s->closed[a] ? 2 * c->modes : 1;
	for (int k = 0; k < s->n_params; k++)
		n += c->drawn[k];
	return n;
}

/* To [-1, 1] from [low, high]. */
static node scaled(struct graph *g, node x, double low, double high)
{
	return op_scale(g, op_shift(g, x, -0.5 * (low + high)), 2 / (high - low));
}

/* Bounds of a law that is one uniform or log-uniform draw between numbers. */
static bool bounds_of(const struct equation_spec *s, int k, double *low, double *high)
{
	const struct expr_node *n = expr_at(s->pool, s->param[k]);
	const enum expr_op op = n->op;

	if ((op != EX_UNIFORM && op != EX_LOGUNIFORM) || expr_at(s->pool, n->arg[0])->op != EX_NUMBER ||
	    expr_at(s->pool, n->arg[1])->op != EX_NUMBER)
		return false;
	*low = expr_at(s->pool, n->arg[0])->value;
	*high = expr_at(s->pool, n->arg[1])->value;
	return *low < *high;
}

enum { DRAWS = 1000 };

static node parameter(struct equation_fields *f, int k)
{
	const struct equation_spec *s = f->spec;
	double low, high, mean = 0, square = 0, param[EQUATION_PARAMS] = { 0 };

	if (bounds_of(s, k, &low, &high)) {
		if (expr_at(s->pool, s->param[k])->op == EX_UNIFORM)
			return scaled(f->g, f->param[k], low, high);
		return scaled(f->g, op_log(f->g, f->param[k]), log(low), log(high));
	}
	for (int i = 0; i < DRAWS; i++) {
		struct err e = { 0 };

		if (equation_draw_params(s, 0, i, param, &e) != 0)
			return graph_fail(f->g, "%s", e.message);
		mean += param[k] / DRAWS;
		square += param[k] * param[k] / DRAWS;
	}
	const double std = sqrt(fmax(square - mean * mean, 0));
	return op_scale(f->g, op_shift(f->g, f->param[k], -mean), 1 / (std > 0 ? std : 1));
}

node equation_input(struct equation_fields *f, const struct equation_input *c)
{
	const struct equation_spec *s = f->spec;
	struct graph *g = f->g;
	int n = 0;
	node *column = xcalloc((size_t)equation_input_count(s, c) + 1, sizeof *column);

	if (c->sees[EXPR_TIME])
		column[n++] = scaled(g, f->coordinate[EXPR_TIME], s->t0, s->t1);
	for (int a = 0; a < s->n_dims; a++) {
		if (!c->sees[a])
			continue;
		if (!c->periodic || s->closed[a]) {
			column[n++] = scaled(g, f->coordinate[a], s->low[a], s->low[a] + s->length[a]);
			continue;
		}
		for (int64_t m = 1; m <= c->modes; m++) {
			node angle = op_scale(g, op_shift(g, f->coordinate[a], -s->low[a]),
					      2 * M_PI * (double)m / s->length[a]);

			column[n++] = op_cos(g, angle);
			column[n++] = op_sin(g, angle);
		}
	}
	for (int k = 0; k < s->n_params; k++)
		if (c->drawn[k])
			column[n++] = parameter(f, k);
	node all = n > 1 ? op_concat(g, n, column, 1) : column[0];
	free(column);
	return n > 0 ? all : graph_fail(g, "the network sees no coordinate");
}
