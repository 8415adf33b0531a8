/* rule.c: helpers of lib/op; see rule.h. */
#include "op/rule.h"

#include <string.h>

#include "op/copy.h"

node op_apply1(struct graph *g, const struct op_class *op, node a, const void *attr)
{
	return graph_apply(g, op, 1, &a, attr);
}

node op_apply2(struct graph *g, const struct op_class *op, node a, node b, const void *attr)
{
	node arg[2] = { a, b };

	return graph_apply(g, op, 2, arg, attr);
}

node op_apply_real(struct graph *g, const struct op_class *op, node a, double value)
{
	struct op_real attr = { value };

	return graph_apply(g, op, 1, &a, &attr);
}

bool op_ready(struct graph *g, const char *who, node a)
{
	if (graph_error(g))
		return false;
	if (!node_is(a)) {
		graph_fail(g, "%s: an argument is missing", who);
		return false;
	}
	return true;
}

bool op_axis(struct graph *g, const char *who, node a, int *axis)
{
	char text[SHAPE_TEXT];
	struct shape s;

	if (!op_ready(g, who, a))
		return false;
	s = graph_shape(g, a);
	if (*axis < -s.rank || *axis >= s.rank) {
		graph_fail(g, "%s: shape %s has no axis %d", who, shape_text(text, &s), *axis);
		return false;
	}
	if (*axis < 0)
		*axis += s.rank;
	return true;
}

int op_check_real(const struct op_shape *in, struct err *e)
{
	if (in->dtype == DTYPE_I32)
		return err_set(e, ERR_USAGE, "needs real numbers, got int32");
	return 0;
}

int op_infer_same(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr;
	(void)n_args;
	*out = in[0];
	return op_check_real(&in[0], e);
}

int op_infer_broadcast(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	char a[SHAPE_TEXT], b[SHAPE_TEXT];

	(void)attr;
	*out = in[0];
	for (int k = 0; k < n_args; k++) {
		struct shape joint;

		if (op_check_real(&in[k], e))
			return -1;
		if (in[k].dtype != in[0].dtype)
			return err_set(e, ERR_USAGE, "%s and %s do not mix", dtype_name(in[0].dtype),
				       dtype_name(in[k].dtype));
		if (!shape_broadcast(&out->shape, &in[k].shape, &joint))
			return err_set(e, ERR_USAGE, "shapes %s and %s do not broadcast", shape_text(a, &out->shape),
				       shape_text(b, &in[k].shape));
		out->shape = joint;
	}
	return 0;
}

node op_arg(struct graph *g, node self, int k)
{
	const struct graph_node *n = graph_at(g, self);

	return n ? n->arg[k] : NODE_NONE;
}

const struct op_class *op_of(struct graph *g, node n)
{
	const struct graph_node *at = graph_at(g, n);

	return at ? at->op : NULL;
}

node op_number(struct graph *g, node like, double value)
{
	struct shape s = shape_scalar();

	return graph_full(g, graph_dtype(g, like), &s, value);
}

node op_full_like(struct graph *g, node like, double value)
{
	struct shape s;

	if (!op_ready(g, "full", like))
		return NODE_NONE;
	s = graph_shape(g, like);
	return graph_full(g, graph_dtype(g, like), &s, value);
}

node op_widen(struct graph *g, node a, node b)
{
	struct shape s = graph_shape(g, a), t = graph_shape(g, b), joint;

	if (graph_error(g) || !node_is(a) || !node_is(b))
		return NODE_NONE;
	if (!shape_broadcast(&s, &t, &joint)) {
		char x[SHAPE_TEXT], y[SHAPE_TEXT];

		return graph_fail(g, "shapes %s and %s do not broadcast", shape_text(x, &s), shape_text(y, &t));
	}
	return op_broadcast(g, a, &joint);
}

node op_to_arg(struct graph *g, node self, int k, node cotangent)
{
	struct shape s = graph_shape(g, op_arg(g, self, k));

	return op_sum_to(g, cotangent, &s);
}

node op_to_self(struct graph *g, node self, node tangent)
{
	struct shape s = graph_shape(g, self);

	return op_broadcast(g, tangent, &s);
}

int64_t op_units_rows(const struct op_call *c)
{
	return c->out.shape.rank > 0 ? c->out.shape.dim[0] : 1;
}

int64_t op_row_count(const struct tensor *t)
{
	int64_t n = 1;

	for (int i = 1; i < t->shape.rank; i++)
		n *= t->shape.dim[i];
	return n;
}

void op_copy_rows(const struct op_call *c, const int64_t *in_stride, int64_t offset, int64_t begin, int64_t end)
{
	size_t size = dtype_size(c->out.dtype);
	int64_t out_stride[SHAPE_MAX], extent[SHAPE_MAX];
	int rank = c->out.shape.rank;

	if (rank == 0) {
		memcpy(c->out.data, c->in[0].data, size);
		return;
	}
	shape_strides(&c->out.shape, out_stride);
	memcpy(extent, c->out.shape.dim, (size_t)rank * sizeof *extent);
	extent[0] = end - begin;
	copy_strided(size, rank, extent, (char *)c->out.data + begin * out_stride[0] * (int64_t)size, out_stride,
		     (const char *)c->in[0].data + (offset + begin * in_stride[0]) * (int64_t)size, in_stride);
}

int64_t op_units_last(const struct op_call *c)
{
	return c->out.shape.rank > 1 ? c->out.shape.dim[0] : 1;
}

/* Row-wise in both the values and the index. */
unsigned op_rows_last(const struct op_call *c)
{
	return c->out.shape.rank > 1 ? (c->n_args > 1 ? 3 : 1) : 0;
}

/* Rows of the last axis in units begin .. end-1. */
void op_rows_of(const struct op_call *c, int64_t begin, int64_t end, int64_t *first, int64_t *rows)
{
	const struct shape *s = &c->in[0].shape;
	int64_t per_unit = 1;

	for (int i = 1; i < s->rank - 1; i++)
		per_unit *= s->dim[i];
	*first = begin * per_unit;
	*rows = (end - begin) * per_unit;
}
