/* graph.c: the store of nodes. Nodes, their arguments and attributes live in one arena; a hash table finds an equal
 * node when one is asked for again, which keeps derivatives of derivatives linear in size. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "graph/internal.h"

struct owned {
	void *object;
	void (*destroy)(void *);
};

struct graph {
	enum dtype real;
	struct arena *arena;
	struct graph_node **node;
	int n, capacity;
	int *slot; /* hash table of node ids + 1; 0 is free */
	uint32_t n_slots;
	struct owned *owned;
	int n_owned, owned_capacity;
	struct err error;
};

struct graph *graph_new(enum dtype real)
{
	struct graph *g = xcalloc(1, sizeof *g);

	g->real = real;
	g->arena = arena_new();
	g->n_slots = 256;
	g->slot = xcalloc(g->n_slots, sizeof *g->slot);
	return g;
}

void graph_free(struct graph *g)
{
	if (!g)
		return;
	for (int i = g->n_owned; i-- > 0;)
		g->owned[i].destroy(g->owned[i].object);
	free(g->owned);
	free(g->slot);
	free(g->node);
	arena_free(g->arena);
	free(g);
}

enum dtype graph_real(const struct graph *g)
{
	return g->real;
}

const struct err *graph_error(const struct graph *g)
{
	return g->error.code == ERR_NONE ? NULL : &g->error;
}

node graph_fail(struct graph *g, const char *format, ...)
{
	char text[sizeof g->error.message];
	va_list list;

	if (graph_error(g))
		return NODE_NONE;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	err_set(&g->error, ERR_USAGE, "%s", text);
	return NODE_NONE;
}

void *graph_own(struct graph *g, void *object, void (*destroy)(void *))
{
	MEM_GROW(g->owned, g->n_owned, g->owned_capacity);
	g->owned[g->n_owned++] = (struct owned){ object, destroy };
	return object;
}

int graph_size(const struct graph *g)
{
	return g->n;
}

const struct graph_node *graph_at(const struct graph *g, node n)
{
	return n.id >= 0 && n.id < g->n ? g->node[n.id] : NULL;
}

struct shape graph_shape(const struct graph *g, node n)
{
	const struct graph_node *a = graph_at(g, n);

	return a ? a->shape : shape_scalar();
}

enum dtype graph_dtype(const struct graph *g, node n)
{
	const struct graph_node *a = graph_at(g, n);

	return a ? a->dtype : g->real;
}

static uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (; n >= 8; n -= 8, p += 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
		h ^= h >> 29;
	}
	for (; n > 0; n--, p++)
		h = (h ^ *p) * UINT64_C(0x100000001B3);
	return h ^ h >> 32;
}

static uint64_t hash_node(const struct op_class *op, int n_args, const node *arg, const void *attr)
{
	uint64_t h = hash_bytes((uint64_t)n_args + 1, &op, sizeof op);

	if (op == &graph_op_constant) {
		const struct tensor *t = attr;

		h = hash_bytes(h, &t->dtype, sizeof t->dtype);
		h = hash_bytes(h, &t->shape, sizeof t->shape);
		return hash_bytes(h, t->data, tensor_bytes(t));
	}
	if (n_args > 0)
		h = hash_bytes(h, arg, (size_t)n_args * sizeof *arg);
	return op->attr_size > 0 ? hash_bytes(h, attr, op->attr_size) : h;
}

static bool equal(const struct graph_node *a, const struct op_class *op, int n_args, const node *arg, const void *attr)
{
	if (a->op != op || a->n_args != n_args)
		return false;
	if (op == &graph_op_constant) {
		const struct tensor *s = a->attr, *t = attr;

		return s->dtype == t->dtype && shape_equal(&s->shape, &t->shape) &&
		       memcmp(s->data, t->data, tensor_bytes(s)) == 0;
	}
	return (n_args == 0 || memcmp(a->arg, arg, (size_t)n_args * sizeof *arg) == 0) &&
	       (op->attr_size == 0 || memcmp(a->attr, attr, op->attr_size) == 0);
}

static void rehash(struct graph *g)
{
	uint32_t n = 2 * g->n_slots;
	int *slot = xcalloc(n, sizeof *slot);

	for (int id = 0; id < g->n; id++) {
		const struct graph_node *a = g->node[id];
		uint32_t i = (uint32_t)hash_node(a->op, a->n_args, a->arg, a->attr) & (n - 1);

		while (slot[i] != 0)
			i = (i + 1) & (n - 1);
		slot[i] = id + 1;
	}
	free(g->slot);
	g->slot = slot;
	g->n_slots = n;
}

static node append(struct graph *g, const struct op_class *op, int n_args, const node *arg, const void *attr,
		   const struct op_shape *result)
{
	struct graph_node *a = arena_take(g->arena, sizeof *a);

	a->op = op;
	a->n_args = n_args;
	if (n_args > 0)
		a->arg = arena_copy(g->arena, arg, (size_t)n_args * sizeof *arg);
	if (op->attr_size > 0)
		a->attr = arena_copy(g->arena, attr, op->attr_size);
	a->dtype = result->dtype;
	a->shape = result->shape;
	MEM_GROW(g->node, g->n, g->capacity);
	g->node[g->n] = a;
	return (node){ g->n++ };
}

node graph_intern(struct graph *g, const struct op_class *op, int n_args, const node *arg, const void *attr,
		  const struct op_shape *result)
{
	uint32_t i;

	if ((uint32_t)g->n * 2 >= g->n_slots)
		rehash(g);
	i = (uint32_t)hash_node(op, n_args, arg, attr) & (g->n_slots - 1);
	for (; g->slot[i] != 0; i = (i + 1) & (g->n_slots - 1))
		if (equal(g->node[g->slot[i] - 1], op, n_args, arg, attr))
			return (node){ g->slot[i] - 1 };
	g->slot[i] = g->n + 1;
	return append(g, op, n_args, arg, attr, result);
}

/* Zero extents have no use here and many kernels would have to think of them. */
static bool shape_usable(struct graph *g, const char *who, const struct shape *s)
{
	char text[SHAPE_TEXT];

	if (s->rank < 0 || s->rank > SHAPE_MAX) {
		graph_fail(g, "%s: rank %d is not in 0 to %d", who, s->rank, SHAPE_MAX);
		return false;
	}
	for (int i = 0; i < s->rank; i++) {
		if (s->dim[i] < 1) {
			graph_fail(g, "%s: shape %s has an empty axis", who, shape_text(text, s));
			return false;
		}
	}
	return true;
}

node graph_input(struct graph *g, const char *name, enum dtype t, const struct shape *s)
{
	struct graph_input_attr attr;
	struct op_shape result = { t, *s };
	node n;

	if (graph_error(g) || !shape_usable(g, name, s))
		return NODE_NONE;
	attr.name = arena_text(g->arena, name);
	/* The name's address is the node's identity: every call makes its own copy, so no two inputs are merged. */
	n = graph_intern(g, &graph_op_input, 0, NULL, &attr, &result);
	return n;
}

const char *graph_input_name(const struct graph *g, node n)
{
	const struct graph_node *a = graph_at(g, n);

	return a && a->op == &graph_op_input ? ((const struct graph_input_attr *)a->attr)->name : "";
}

node graph_constant_take(struct graph *g, struct tensor *value)
{
	struct op_shape result = { value->dtype, value->shape };
	struct tensor view = tensor_view(value->dtype, &value->shape, value->data);
	int before = g->n;
	node n = NODE_NONE;

	if (!graph_error(g) && shape_usable(g, "constant", &value->shape))
		n = graph_intern(g, &graph_op_constant, 0, NULL, &view, &result);
	if (g->n > before)
		graph_own(g, value->data, free);
	else
		free(value->data);
	value->data = NULL;
	return n;
}

node graph_constant(struct graph *g, const struct tensor *value)
{
	struct tensor copy;

	if (graph_error(g) || !shape_usable(g, "constant", &value->shape))
		return NODE_NONE;
	/* Look first: a constant asked for again costs no copy. */
	copy = tensor_view(value->dtype, &value->shape, xaligned(tensor_bytes(value) + MEM_ALIGN));
	memcpy(copy.data, value->data, tensor_bytes(value));
	return graph_constant_take(g, &copy);
}

node graph_scalar(struct graph *g, double value)
{
	struct shape s = shape_scalar();
	double d = value;
	float f = (float)value;
	struct tensor t = tensor_view(g->real, &s, g->real == DTYPE_F64 ? (void *)&d : (void *)&f);

	return graph_constant(g, &t);
}

node graph_full(struct graph *g, enum dtype t, const struct shape *s, double value)
{
	struct shape scalar = shape_scalar();
	union {
		float f;
		double d;
		int32_t i;
	} data;
	struct tensor one = tensor_view(t, &scalar, &data);

	tensor_set(&one, 0, value);
	return graph_broadcast(g, graph_constant(g, &one), s);
}

bool graph_is_constant(const struct graph *g, node n, double *value)
{
	const struct graph_node *a = graph_at(g, n);
	const struct tensor *t;
	int64_t count;
	size_t size;

	while (a && (a->op == &graph_op_broadcast || a->op == &graph_op_reshape))
		a = graph_at(g, a->arg[0]);
	if (!a || a->op != &graph_op_constant)
		return false;
	t = a->attr;
	size = dtype_size(t->dtype);
	count = shape_count(&t->shape);
	for (int64_t i = 1; i < count; i++)
		if (memcmp((const char *)t->data + (size_t)i * size, t->data, size) != 0)
			return false;
	*value = tensor_get(t, 0);
	return true;
}

node graph_apply(struct graph *g, const struct op_class *op, int n_args, const node *arg, const void *attr)
{
	struct op_shape in_few[OP_SAMPLE_ARGS], *in = in_few, result;
	struct err e = { 0 };
	node n;
	int failed;

	memset(&result, 0, sizeof result);
	memset(in_few, 0, sizeof in_few);
	if (graph_error(g))
		return NODE_NONE;
	if (op->arity >= 0 && op->arity != n_args)
		return graph_fail(g, "%s: takes %d arguments, got %d", op->name, op->arity, n_args);
	if (op->block.f && n_args > BLOCK_ARGS_MAX)
		return graph_fail(g, "%s: elementwise ops take at most %d arguments", op->name, BLOCK_ARGS_MAX);
	for (int i = 0; i < n_args; i++)
		if (!graph_at(g, arg[i]))
			return graph_fail(g, "%s: argument %d is missing", op->name, i);
	if (n_args > OP_SAMPLE_ARGS)
		in = xcalloc((size_t)n_args, sizeof *in);
	for (int i = 0; i < n_args; i++)
		in[i] = (struct op_shape){ graph_at(g, arg[i])->dtype, graph_at(g, arg[i])->shape };
	failed = op->infer(attr, n_args, in, &result, &e);
	if (in != in_few)
		free(in);
	if (failed)
		return graph_fail(g, "%s: %s", op->name, e.message);
	for (int i = 0; op->block.f && i < n_args; i++)
		if (graph_dtype(g, arg[i]) != result.dtype)
			return graph_fail(g, "%s: elementwise ops do not mix %s and %s", op->name,
					  dtype_name(graph_dtype(g, arg[i])), dtype_name(result.dtype));
	for (int i = result.shape.rank; i < SHAPE_MAX; i++)
		result.shape.dim[i] = 0;
	if (!shape_usable(g, op->name, &result.shape))
		return NODE_NONE;
	n = graph_simplify(g, op, n_args, arg, attr, &result);
	if (node_is(n) || graph_error(g))
		return n;
	return graph_intern(g, op, n_args, arg, attr, &result);
}

void graph_print(const struct graph *g, int n_out, const node *out, struct str *s)
{
	char *needed = xcalloc((size_t)g->n + 1, 1);
	char text[SHAPE_TEXT];

	for (int k = 0; k < n_out; k++)
		if (graph_at(g, out[k]))
			needed[out[k].id] = 1;
	for (int id = g->n - 1; id >= 0; id--)
		for (int i = 0; needed[id] && i < g->node[id]->n_args; i++)
			needed[g->node[id]->arg[i].id] = 1;
	for (int id = 0; id < g->n; id++) {
		const struct graph_node *a = g->node[id];
		double value;

		if (!needed[id])
			continue;
		str_printf(s, "%%%d = %s", id, a->op->name);
		if (a->op == &graph_op_input)
			str_printf(s, " \"%s\"", graph_input_name(g, (node){ id }));
		else if (a->op == &graph_op_constant && graph_is_constant(g, (node){ id }, &value))
			str_printf(s, " %.17g", value);
		for (int i = 0; i < a->n_args; i++)
			str_printf(s, "%s%%%d", i ? ", " : " ", a->arg[i].id);
		str_printf(s, " : %s %s\n", dtype_name(a->dtype), shape_text(text, &a->shape));
	}
	for (int k = 0; k < n_out; k++)
		str_printf(s, k ? ", %%%d" : "return %%%d", out[k].id);
	str_add(s, "\n");
	free(needed);
}
