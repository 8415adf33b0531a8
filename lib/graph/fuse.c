/* fuse.c: from nodes to units. Elementwise nodes of one shape are gathered into clusters such that no path leaves a
 * cluster and comes back: every value gets a level that grows by one along each edge that can not be fused, so nodes of
 * one level and shape that are joined by fusible edges can run together. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/compile.h"

enum { CLUSTER_READS = 16 }; /* full-size arrays that one cluster reads from memory */

/* ---- the values ---- */

static node look_through(const struct graph *g, node n, bool broadcasts)
{
	for (;;) {
		const struct graph_node *a = graph_at(g, n);
		bool same = a->op->alias && shape_equal(&a->shape, &graph_at(g, a->arg[0])->shape);

		if (!same && !(broadcasts && a->op == &graph_op_broadcast))
			return n;
		n = a->arg[0];
	}
}

void compile_values(struct compile *c, struct graph *g, int n_out, const node *out, int *out_value)
{
	int n = graph_size(g), *index = xcalloc((size_t)n + 1, sizeof *index);

	memset(c, 0, sizeof *c);
	c->g = g;
	c->arena = arena_new();
	for (int k = 0; k < n_out; k++)
		index[look_through(g, out[k], false).id] = 1;
	for (int id = n - 1; id >= 0; id--) {
		const struct graph_node *a = graph_at(g, (node){ id });

		if (!index[id])
			continue;
		c->n_values++;
		for (int i = 0; i < a->n_args; i++)
			index[look_through(g, a->arg[i], a->op->block.f != NULL).id] = 1;
	}
	c->value = xcalloc((size_t)c->n_values + 1, sizeof *c->value);
	c->n_values = 0;
	for (int id = 0; id < n; id++) {
		const struct graph_node *a = graph_at(g, (node){ id });
		struct value *v = &c->value[c->n_values];

		if (!index[id])
			continue;
		index[id] = c->n_values;
		v->node = a;
		v->id = (node){ id };
		v->kind = a->op == &graph_op_input || a->op == &graph_op_constant ? KIND_LEAF
			  : a->op->alias					  ? KIND_ALIAS
			  : a->op->block.f					  ? KIND_BLOCK
										  : KIND_EVAL;
		v->n_args = a->n_args;
		v->arg = arena_take(c->arena, (size_t)a->n_args * sizeof *v->arg);
		v->unit = v->after = -1;
		for (int i = 0; i < a->n_args; i++)
			v->arg[i] = index[look_through(g, a->arg[i], v->kind == KIND_BLOCK).id];
		v->root = v->kind == KIND_ALIAS ? c->value[v->arg[0]].root : c->n_values;
		c->n_values++;
	}
	for (int k = 0; k < n_out; k++) {
		out_value[k] = index[look_through(g, out[k], false).id];
		c->value[c->value[out_value[k]].root].output = true;
		c->value[out_value[k]].output = true;
	}
	free(index);
}

void compile_free(struct compile *c)
{
	free(c->value);
	arena_free(c->arena);
	free(c->unit);
	free(c->member);
	free(c->order);
	free(c->stage);
	memset(c, 0, sizeof *c);
}

/* ---- levels ---- */

static bool same_space(const struct value *a, const struct value *b)
{
	return a->node->dtype == b->node->dtype && shape_equal(&a->node->shape, &b->node->shape);
}

/* 0 where producer and consumer may run in one pass over the elements. */
static int edge_cost(const struct value *from, const struct value *to)
{
	if (to->kind == KIND_ALIAS)
		return 0;
	return from->kind == KIND_BLOCK && to->kind == KIND_BLOCK && same_space(from, to) ? 0 : 1;
}

static int *levels(const struct compile *c)
{
	int *level = xcalloc((size_t)c->n_values + 1, sizeof *level);
	int *latest = xcalloc((size_t)c->n_values + 1, sizeof *latest);

	for (int v = 0; v < c->n_values; v++) {
		const struct value *a = &c->value[v];

		level[v] = a->kind == KIND_LEAF || a->kind == KIND_ALIAS ? -1 : 0;
		latest[v] = INT_MAX;
		for (int i = 0; i < a->n_args; i++) {
			int least = level[a->arg[i]] + edge_cost(&c->value[a->arg[i]], a);

			level[v] = level[v] > least ? level[v] : least;
		}
		if (a->after >= 0 && level[v] <= level[a->after])
			level[v] = level[a->after] + 1;
	}
	/* Elementwise work moves to where it is needed: what only the reverse sweep reads is then computed there, from values
	 * that are stored anyway, instead of being stored itself. The same for whatever depends on leaves alone. */
	for (int v = c->n_values - 1; v >= 0; v--) {
		const struct value *a = &c->value[v];
		bool movable = a->kind == KIND_BLOCK || a->kind == KIND_ALIAS;

		if (a->kind == KIND_EVAL) {
			movable = true;
			for (int i = 0; i < a->n_args; i++)
				movable = movable && level[a->arg[i]] < 0;
		}
		if (movable && !a->output && level[v] >= 0 && latest[v] != INT_MAX && latest[v] > level[v])
			level[v] = latest[v];
		for (int i = 0; i < a->n_args; i++) {
			int most = level[v] - edge_cost(&c->value[a->arg[i]], a);

			latest[a->arg[i]] = latest[a->arg[i]] < most ? latest[a->arg[i]] : most;
		}
		if (a->after >= 0 && latest[a->after] >= level[v])
			latest[a->after] = level[v] - 1;
	}
	free(latest);
	return level;
}

/* ---- clusters ---- */

static int find(int *parent, int v)
{
	while (parent[v] != v) {
		parent[v] = parent[parent[v]];
		v = parent[v];
	}
	return v;
}

/* Small arrays cost calls, not memory traffic: unrelated nodes of one shape and level run together. */
static void join_small(const struct compile *c, const int *level, int *parent)
{
	enum { SMALL = 2048, SLOTS = 1024 };
	int *seen = xmalloc(SLOTS * sizeof *seen);

	memset(seen, -1, SLOTS * sizeof *seen);
	for (int v = 0; v < c->n_values; v++) {
		const struct value *a = &c->value[v];
		int64_t count = shape_count(&a->node->shape);
		unsigned h = (unsigned)level[v] * 31u + (unsigned)count * 7u + (unsigned)a->node->shape.rank;

		if (a->kind != KIND_BLOCK || count > SMALL)
			continue;
		h %= SLOTS;
		if (seen[h] >= 0 && level[seen[h]] == level[v] && same_space(&c->value[seen[h]], a))
			parent[find(parent, v)] = find(parent, seen[h]);
		seen[h] = v;
	}
	free(seen);
}

/* Nodes of one level that read the same array run together: it comes from memory once, and chains of other kernels that
 * lead from cluster to cluster, those of a jet's parts say, go on side by side. */
static void join_readers(const struct compile *c, const int *level, int *parent)
{
	int *reader = xmalloc(((size_t)c->n_values + 1) * sizeof *reader); /* the last one of a value */

	memset(reader, -1, ((size_t)c->n_values + 1) * sizeof *reader);
	for (int v = 0; v < c->n_values; v++) {
		const struct value *a = &c->value[v];

		for (int i = 0; a->kind == KIND_BLOCK && i < a->n_args; i++) {
			int *last = &reader[a->arg[i]];

			if (!same_space(a, &c->value[a->arg[i]]))
				continue;
			if (*last >= 0 && level[*last] == level[v])
				parent[find(parent, v)] = find(parent, *last);
			*last = v;
		}
	}
	free(reader);
}

/* Clusters that read very many arrays would keep all of them alive at once: cut them in the order of their members,
 * which can not make a circle. Returns the number of units; unit_of[v] for block values, given each one's component. */
static int cut_clusters(struct compile *c, int *component)
{
	int *current = xmalloc(((size_t)c->n_values + 1) * sizeof *current); /* component -> unit */
	int *reads = xcalloc((size_t)c->n_values + 1, sizeof *reads);	     /* component -> arrays read */
	int *read_by = xmalloc(((size_t)c->n_values + 1) * sizeof *read_by); /* value -> unit that read it last */
	int n_units = 0;

	memset(current, -1, ((size_t)c->n_values + 1) * sizeof *current);
	memset(read_by, -1, ((size_t)c->n_values + 1) * sizeof *read_by);
	for (int v = 0; v < c->n_values; v++) {
		struct value *a = &c->value[v];

		if (a->kind == KIND_ALIAS)
			a->unit = c->value[a->root].unit;
		if (a->kind == KIND_EVAL)
			a->unit = n_units++;
		if (a->kind != KIND_BLOCK)
			continue;
		component[v] = find(component, v);
		if (current[component[v]] < 0 || reads[component[v]] >= CLUSTER_READS) {
			current[component[v]] = n_units++;
			reads[component[v]] = 0;
		}
		a->unit = current[component[v]];
		for (int i = 0; i < a->n_args; i++) {
			const struct value *b = &c->value[a->arg[i]];

			if (b->unit == a->unit || b->kind == KIND_LEAF || !same_space(a, b) ||
			    read_by[a->arg[i]] == a->unit)
				continue;
			read_by[a->arg[i]] = a->unit;
			reads[component[v]]++;
		}
	}
	free(current);
	free(reads);
	free(read_by);
	return n_units;
}

struct op_call compile_call(const struct compile *c, int v, struct tensor *in)
{
	const struct value *a = &c->value[v];
	struct op_call call = { .attr = a->node->attr, .n_args = a->n_args, .in = in };

	for (int k = 0; k < a->n_args; k++) {
		const struct graph_node *b = c->value[a->arg[k]].node;

		in[k] = tensor_view(b->dtype, &b->shape, NULL);
	}
	call.out = tensor_view(a->node->dtype, &a->node->shape, NULL);
	return call;
}

static unsigned mask_of(const struct op_class *op, const struct op_call *call, bool summed)
{
	if (summed)
		return op->summed_args_for(call);
	return op->row_args_for ? op->row_args_for(call) : op->row_args;
}

/* Whether and how an op other than an elementwise one runs by rows. */
static void eval_rows(const struct compile *c, struct unit *u)
{
	const struct value *a = &c->value[c->member[u->first]];
	const struct op_class *op = a->node->op;
	struct tensor *in = xcalloc((size_t)a->n_args + 1, sizeof *in);
	struct op_call call = compile_call(c, c->member[u->first], in);
	unsigned mask = mask_of(op, &call, false), summed = op->summed_args_for ? op->summed_args_for(&call) : 0;
	bool has_work = op->work_size && op->work_size(&call) > 0;

	if (summed || (mask && call.out.shape.rank > 0 && op->units && op->units(&call) == call.out.shape.dim[0])) {
		u->rows = op->units(&call);
		u->summed = summed != 0;
		for (int k = 0; k < a->n_args && k < 32; k++)
			if (((summed ? summed : mask) >> k & 1) &&
			    (in[k].shape.rank == 0 || in[k].shape.dim[0] != u->rows))
				u->rows = 0;
		u->closed = op->finish && has_work;
	} else if (op == &graph_op_sum && has_work) {
		u->rows = in[0].shape.dim[0];
		u->partial = u->closed = true;
	}
	if (a->n_args > CALL_ARGS_MAX)
		u->rows = 0;
	free(in);
}

bool compile_reads_rows(const struct compile *c, int u, int reader, int k)
{
	const struct value *a = &c->value[reader];
	const struct shape *s = &c->value[a->arg[k]].node->shape;
	int64_t rows = c->unit[u].rows;
	struct tensor in[CALL_ARGS_MAX];
	struct op_call call;

	if (rows == 0 || s->rank == 0 || s->dim[0] != rows)
		return false;
	if (a->kind == KIND_BLOCK)
		return s->rank == a->node->shape.rank;
	if (c->unit[u].partial)
		return true;
	call = compile_call(c, reader, in);
	return (mask_of(a->node->op, &call, c->unit[u].summed) >> k & 1) != 0;
}

static size_t node_bytes(const struct graph_node *a)
{
	return (size_t)shape_count(&a->shape) * dtype_size(a->dtype);
}

void compile_units(struct compile *c)
{
	int *level = levels(c), *parent = xmalloc(((size_t)c->n_values + 1) * sizeof *parent);
	int at = 0;

	for (int v = 0; v < c->n_values; v++) {
		const struct value *a = &c->value[v];

		parent[v] = v;
		for (int i = 0; a->kind == KIND_BLOCK && i < a->n_args; i++)
			if (level[a->arg[i]] == level[v] && edge_cost(&c->value[a->arg[i]], a) == 0)
				parent[find(parent, v)] = find(parent, a->arg[i]);
	}
	join_readers(c, level, parent);
	join_small(c, level, parent);
	c->n_units = cut_clusters(c, parent);
	c->unit = xcalloc((size_t)c->n_units + 1, sizeof *c->unit);
	c->member = xcalloc((size_t)c->n_values + 1, sizeof *c->member);
	for (int v = 0; v < c->n_values; v++)
		if (c->value[v].kind >= KIND_BLOCK)
			c->unit[c->value[v].unit].n++;
	for (int u = 0; u < c->n_units; u++) {
		c->unit[u].first = at;
		at += c->unit[u].n;
		c->unit[u].n = 0;
	}
	for (int v = 0; v < c->n_values; v++) {
		struct unit *u = c->value[v].kind >= KIND_BLOCK ? &c->unit[c->value[v].unit] : NULL;

		if (!u)
			continue;
		c->value[v].position = u->n;
		c->member[u->first + u->n++] = v;
	}
	for (int i = 0; i < c->n_units; i++) {
		struct unit *u = &c->unit[i];
		const struct value *a = &c->value[c->member[u->first]];

		if (a->kind == KIND_EVAL)
			eval_rows(c, u);
		else if (a->node->shape.rank > 0)
			u->rows = a->node->shape.dim[0];
		for (int m = u->first; m < u->first + u->n; m++) {
			const struct value *b = &c->value[c->member[m]];

			u->bytes += node_bytes(b->node);
			for (int k = 0; k < b->n_args; k++)
				if (c->value[b->arg[k]].unit != i)
					u->bytes += node_bytes(c->value[b->arg[k]].node);
		}
	}
	free(level);
	free(parent);
}
