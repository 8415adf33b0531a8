/* polytope.c: see polytope.h. */
#include "run/polytope.h"

#include <math.h>
#include <string.h>

#include "base/str.h"
#include "graph/plan.h"

enum { ROWS = 1024 };

/* Coefficients (points, rows, n) and bounds (points, rows) of a list; 0: there is none, -1: the graph has failed. */
static int read_rows(struct graph *g, const char *key, const struct conf_node *list, int64_t points, int64_t n,
		     enum dtype real, node *coefficients, node *bounds)
{
	*coefficients = *bounds = NODE_NONE;
	if (!list)
		return 0;
	if (list->kind != CONF_LIST || list->n == 0 || list->n > ROWS) {
		graph_fail(g, "data.%s: is no list of 1 to %d rows, [[a1, ..., b]]", key, ROWS);
		return -1;
	}
	struct shape a = shape_of(list->n, n), b = shape_of(list->n), all_a = shape_of(points, list->n, n),
		     all_b = shape_of(points, list->n);
	struct tensor at = tensor_new(real, &a), bt = tensor_new(real, &b);
	int status = 0;

	for (int i = 0; i < list->n && status == 0; i++) {
		const struct conf_node *row = list->child[i];
		bool good = row->kind == CONF_LIST && row->n == n + 1;
		double v = 0;

		for (int k = 0; k < (good ? row->n : 0); k++) {
			good = row->child[k]->kind == CONF_SCALAR && str_to_double(row->child[k]->text, &v) &&
			       isfinite(v);
			tensor_set(k < n ? &at : &bt, k < n ? i * n + k : i, v);
			if (!good)
				break;
		}
		if (!good) {
			graph_fail(g, "data.%s: row %d is not %lld numbers, one for each output and the bound", key,
				   i + 1, (long long)n + 1);
			status = -1;
		}
	}
	if (status == 0) {
		*coefficients = op_broadcast(g, graph_constant(g, &at), &all_a);
		*bounds = op_broadcast(g, graph_constant(g, &bt), &all_b);
	}
	tensor_free(&at);
	tensor_free(&bt);
	return status;
}

/* The unit matrix for every point. */
static node units(struct graph *g, enum dtype real, int64_t points, int64_t n)
{
	struct shape s = shape_of(n, n), all = shape_of(points, n, n);
	struct tensor t = tensor_new(real, &s);

	for (int64_t i = 0; i < n; i++)
		tensor_set(&t, i * (n + 1), 1);
	node unit = op_broadcast(g, graph_constant(g, &t), &all);

	tensor_free(&t);
	return unit;
}

/* Of the point 0, in double precision: is there a nearest one? */
static bool possible(int64_t n, const struct conf_node *equal, const struct conf_node *at_most)
{
	const struct shape point = shape_of(1, n);
	struct graph *g = graph_new(DTYPE_F64);
	struct plan *plan = NULL;
	struct err e = { 0 };
	bool good = true;
	node A, b, G, h, z;

	if (read_rows(g, "equal", equal, 1, n, DTYPE_F64, &A, &b) == 0 &&
	    read_rows(g, "at_most", at_most, 1, n, DTYPE_F64, &G, &h) == 0) {
		z = op_quadratic_program(g, units(g, DTYPE_F64, 1, n), graph_full(g, DTYPE_F64, &point, 0), G, h, A, b,
					 NULL);
		plan = graph_error(g) ? NULL : plan_new(g, 1, &z, &e);
	}
	if (plan && plan_run(plan, &e) == 0) {
		const struct tensor nearest = plan_out(plan, 0);

		for (int64_t k = 0; k < n; k++)
			good &= isfinite(tensor_get(&nearest, k));
	}
	plan_free(plan);
	graph_free(g);
	return good;
}

node polytope_project(struct graph *g, node y, int channels, const struct conf_node *equal,
		      const struct conf_node *at_most)
{
	int last[SHAPE_MAX], back[SHAPE_MAX], k = 0;
	node A, b, G, h;

	if (graph_error(g))
		return NODE_NONE;
	const struct shape s = graph_shape(g, y);
	const int64_t n = s.dim[channels], points = shape_count(&s) / n;
	const enum dtype real = graph_dtype(g, y);
	/* channels to the end, and back afterwards */
	for (int i = 0; i < s.rank; i++)
		if (i != channels)
			last[k++] = i;
	last[k] = channels;
	for (int i = 0; i < s.rank; i++)
		back[last[i]] = i;
	struct shape flat = shape_of(points, n), moved = s;
	for (int i = 0; i < s.rank; i++)
		moved.dim[i] = s.dim[last[i]];
	if (read_rows(g, "equal", equal, points, n, real, &A, &b) != 0 ||
	    read_rows(g, "at_most", at_most, points, n, real, &G, &h) != 0)
		return NODE_NONE;
	if (!possible(n, equal, at_most))
		return graph_fail(g, "%s: no outputs are found that keep all rows: some contradict others%s",
				  !at_most ? "data.equal"
				  : !equal ? "data.at_most"
					   : "data.equal, data.at_most",
				  equal ? ", or rows of data.equal follow from others" : "");
	node x = op_reshape(g, op_permute(g, y, last), &flat);
	node z = op_quadratic_program(g, units(g, real, points, n), op_neg(g, x), G, h, A, b, NULL);

	return op_permute(g, op_reshape(g, z, &moved), back);
}
