/* derive.c: derivatives as rewrites. Node ids are a topological order, so both sweeps are loops over ids: reverse mode
 * from the highest output down, forward mode from the lowest input up. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/internal.h"

/* Nodes that lie on a path from wrt to out: span[id - low] != 0 for low <= id <= high. */
struct span {
	int low, high;
	char *on;
};

enum { FROM_WRT = 1, TO_OUT = 2, ON_PATH = 3 };

static int span_find(struct graph *g, struct span *s, int n_wrt, const node *wrt, int n_out, const node *out)
{
	*s = (struct span){ .low = graph_size(g), .high = -1 };
	if (graph_error(g))
		return -1;
	for (int i = 0; i < n_wrt; i++) {
		if (!graph_at(g, wrt[i])) {
			graph_fail(g, "derivative: variable %d is missing", i);
			return -1;
		}
		s->low = wrt[i].id < s->low ? wrt[i].id : s->low;
	}
	for (int k = 0; k < n_out; k++) {
		if (!graph_at(g, out[k])) {
			graph_fail(g, "derivative: function %d is missing", k);
			return -1;
		}
		s->high = out[k].id > s->high ? out[k].id : s->high;
	}
	if (s->high < s->low)
		return 0;
	s->on = xcalloc((size_t)(s->high - s->low) + 1, 1);
	for (int k = 0; k < n_out; k++)
		if (out[k].id >= s->low)
			s->on[out[k].id - s->low] = TO_OUT;
	for (int id = s->high; id >= s->low; id--) {
		const struct graph_node *a = graph_at(g, (node){ id });

		for (int i = 0; s->on[id - s->low] && i < a->n_args; i++)
			if (a->arg[i].id >= s->low)
				s->on[a->arg[i].id - s->low] = TO_OUT;
	}
	for (int i = 0; i < n_wrt; i++)
		if (wrt[i].id <= s->high)
			s->on[wrt[i].id - s->low] |= FROM_WRT;
	for (int id = s->low; id <= s->high; id++) {
		const struct graph_node *a = graph_at(g, (node){ id });

		for (int i = 0; i < a->n_args; i++)
			if (a->arg[i].id >= s->low && (s->on[a->arg[i].id - s->low] & FROM_WRT))
				s->on[id - s->low] |= FROM_WRT;
	}
	return 0;
}

static bool on_path(const struct span *s, int id)
{
	return s->on && id >= s->low && id <= s->high && s->on[id - s->low] == ON_PATH;
}

static bool like(struct graph *g, const char *what, node n, node model)
{
	struct shape a = graph_shape(g, n), b = graph_shape(g, model);
	char ta[SHAPE_TEXT], tb[SHAPE_TEXT];

	if (shape_equal(&a, &b) && graph_dtype(g, n) == graph_dtype(g, model))
		return true;
	graph_fail(g, "%s: %s %s where the value is %s %s", what, dtype_name(graph_dtype(g, n)), shape_text(ta, &a),
		   dtype_name(graph_dtype(g, model)), shape_text(tb, &b));
	return false;
}

/* sum[id] += term, where a contribution of another shape is a mistake in a rule: name the op. */
static void accumulate(struct graph *g, node *sum, node term, node model, const char *rule)
{
	if (node_is(term) && like(g, rule, term, model))
		*sum = graph_add(g, *sum, term);
}

int graph_vjp(struct graph *g, int n_out, const node *out, const node *cotangent, int n_wrt, const node *wrt,
	      node *grad)
{
	struct span s;
	node *bar = NULL;

	for (int i = 0; i < n_wrt; i++)
		grad[i] = NODE_NONE;
	if (span_find(g, &s, n_wrt, wrt, n_out, out) != 0)
		return -1;
	if (s.high >= s.low)
		bar = xmalloc(((size_t)(s.high - s.low) + 1) * sizeof *bar);
	for (int id = s.low; id <= s.high; id++)
		bar[id - s.low] = NODE_NONE;
	for (int k = 0; k < n_out && !graph_error(g); k++)
		if (node_is(cotangent[k]) && on_path(&s, out[k].id))
			accumulate(g, &bar[out[k].id - s.low], cotangent[k], out[k], "cotangent");
	for (int id = s.high; id >= s.low && !graph_error(g); id--) {
		const struct graph_node *a = graph_at(g, (node){ id });
		node t = bar[id - s.low];

		if (!node_is(t) || !a->op->vjp)
			continue;
		for (int k = 0; k < a->n_args; k++)
			if (on_path(&s, a->arg[k].id))
				accumulate(g, &bar[a->arg[k].id - s.low], a->op->vjp(g, (node){ id }, k, t), a->arg[k],
					   a->op->name);
	}
	for (int i = 0; i < n_wrt; i++)
		if (on_path(&s, wrt[i].id))
			grad[i] = bar[wrt[i].id - s.low];
	free(bar);
	free(s.on);
	if (!graph_error(g))
		return 0;
	for (int i = 0; i < n_wrt; i++)
		grad[i] = NODE_NONE;
	return -1;
}

int graph_jvp(struct graph *g, int n_wrt, const node *wrt, const node *tangent, int n_out, const node *out,
	      node *tangent_out)
{
	struct span s;
	node *dot = NULL;

	for (int k = 0; k < n_out; k++)
		tangent_out[k] = NODE_NONE;
	if (span_find(g, &s, n_wrt, wrt, n_out, out) != 0)
		return -1;
	if (s.high >= s.low)
		dot = xmalloc(((size_t)(s.high - s.low) + 1) * sizeof *dot);
	for (int id = s.low; id <= s.high; id++)
		dot[id - s.low] = NODE_NONE;
	for (int i = 0; i < n_wrt && !graph_error(g); i++)
		if (node_is(tangent[i]) && on_path(&s, wrt[i].id))
			accumulate(g, &dot[wrt[i].id - s.low], tangent[i], wrt[i], "tangent");
	for (int id = s.low; id <= s.high && !graph_error(g); id++) {
		const struct graph_node *a = graph_at(g, (node){ id });

		if (!on_path(&s, id) || !a->op->jvp)
			continue;
		for (int k = 0; k < a->n_args; k++)
			if (on_path(&s, a->arg[k].id) && node_is(dot[a->arg[k].id - s.low]))
				accumulate(g, &dot[id - s.low],
					   a->op->jvp(g, (node){ id }, k, dot[a->arg[k].id - s.low]), (node){ id },
					   a->op->name);
	}
	for (int k = 0; k < n_out; k++)
		if (on_path(&s, out[k].id))
			tangent_out[k] = dot[out[k].id - s.low];
	free(dot);
	free(s.on);
	if (!graph_error(g))
		return 0;
	for (int k = 0; k < n_out; k++)
		tangent_out[k] = NODE_NONE;
	return -1;
}

int graph_gradient(struct graph *g, node scalar, int n_wrt, const node *wrt, node *grad)
{
	struct shape s = graph_shape(g, scalar);
	char text[SHAPE_TEXT];
	node one;

	for (int i = 0; i < n_wrt; i++)
		grad[i] = NODE_NONE;
	if (graph_error(g))
		return -1;
	if (!node_is(scalar) || shape_count(&s) != 1) {
		graph_fail(g, "gradient: of a scalar, not of shape %s", shape_text(text, &s));
		return -1;
	}
	one = graph_full(g, graph_dtype(g, scalar), &s, 1);
	if (graph_vjp(g, 1, &scalar, &one, n_wrt, wrt, grad) != 0)
		return -1;
	for (int i = 0; i < n_wrt; i++) {
		struct shape w = graph_shape(g, wrt[i]);

		if (!node_is(grad[i]))
			grad[i] = graph_full(g, graph_dtype(g, wrt[i]), &w, 0);
	}
	return graph_error(g) ? -1 : 0;
}
