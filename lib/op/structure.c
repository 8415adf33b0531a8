/* structure.c: types and shapes. reshape and broadcast belong to the graph (graph/core.h); all moves of data are
 * strided copies of ranges of rows of the result; slice.c has slice and pad. */
#include <string.h>

#include "graph/core.h"
#include "op/copy.h"
#include "op/rule.h"

static const struct op_class cast, stop, permute, concat, flip;

struct cast_attr {
	int32_t dtype;
};
struct permute_attr {
	int32_t axis[SHAPE_MAX];
};
struct axis_attr {
	int64_t axis;
};

static int64_t dim_after(const struct shape *s, int axis)
{
	int64_t n = 1;

	for (int i = axis + 1; i < s->rank; i++)
		n *= s->dim[i];
	return n;
}

/* ---- cast ---- */

static int infer_cast(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)n_args;
	(void)e;
	*out = in[0];
	out->dtype = (enum dtype)((const struct cast_attr *)attr)->dtype;
	return 0;
}

static void eval_cast(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int64_t row = op_row_count(&c->out);

	(void)scratch;
	tensor_convert(c->in[0].dtype, (const char *)c->in[0].data + begin * row * (int64_t)dtype_size(c->in[0].dtype),
		       c->out.dtype, (char *)c->out.data + begin * row * (int64_t)dtype_size(c->out.dtype),
		       (end - begin) * row);
}

static node push_cast(struct graph *g, node self, int k, node t)
{
	node a = op_arg(g, self, k);

	(void)t;
	return graph_dtype(g, a) == DTYPE_I32 || graph_dtype(g, self) == DTYPE_I32 ? NODE_NONE : a;
}

static node vjp_cast(struct graph *g, node self, int k, node t)
{
	node a = push_cast(g, self, k, t);

	return node_is(a) ? op_cast(g, t, graph_dtype(g, a)) : a;
}

static node jvp_cast(struct graph *g, node self, int k, node t)
{
	return node_is(push_cast(g, self, k, t)) ? op_cast(g, t, graph_dtype(g, self)) : NODE_NONE;
}

static node simplify_cast(struct graph *g, int n_args, const node *arg, const void *attr)
{
	(void)n_args;
	return (int32_t)graph_dtype(g, arg[0]) == ((const struct cast_attr *)attr)->dtype ? arg[0] : NODE_NONE;
}

/* ---- stop_gradient ---- */

static int infer_any(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr;
	(void)n_args;
	(void)e;
	*out = in[0];
	return 0;
}

static node simplify_stop(struct graph *g, int n_args, const node *arg, const void *attr)
{
	double value;

	(void)n_args;
	(void)attr;
	return op_of(g, arg[0]) == &stop || graph_is_constant(g, arg[0], &value) ? arg[0] : NODE_NONE;
}

/* ---- permute: out axis i is in axis axis[i] ---- */

static int infer_permute(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const int32_t *axis = ((const struct permute_attr *)attr)->axis;
	char text[SHAPE_TEXT];
	unsigned seen = 0;

	(void)n_args;
	*out = in[0];
	for (int i = 0; i < in[0].shape.rank; i++) {
		if (axis[i] < 0 || axis[i] >= in[0].shape.rank || seen >> axis[i] & 1)
			return err_set(e, ERR_USAGE, "axis %d in place %d does not permute shape %s", (int)axis[i], i,
				       shape_text(text, &in[0].shape));
		seen |= 1u << axis[i];
		out->shape.dim[i] = in[0].shape.dim[axis[i]];
	}
	return 0;
}

static void eval_permute(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const int32_t *axis = ((const struct permute_attr *)c->attr)->axis;
	int64_t dense[SHAPE_MAX], stride[SHAPE_MAX] = { 0 };

	(void)scratch;
	shape_strides(&c->in[0].shape, dense);
	for (int i = 0; i < c->out.shape.rank; i++)
		stride[i] = dense[axis[i]];
	op_copy_rows(c, stride, 0, begin, end);
}

static unsigned rows_permute(const struct op_call *c)
{
	return c->out.shape.rank > 0 && ((const struct permute_attr *)c->attr)->axis[0] == 0;
}

static node vjp_permute(struct graph *g, node self, int k, node t)
{
	const int32_t *axis = ((const struct permute_attr *)graph_at(g, self)->attr)->axis;
	int inverse[SHAPE_MAX] = { 0 }, rank = graph_shape(g, self).rank;

	(void)k;
	for (int i = 0; i < rank; i++)
		inverse[axis[i]] = i;
	return op_permute(g, t, inverse);
}

static node jvp_permute(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_apply1(g, &permute, t, graph_at(g, self)->attr);
}

static node simplify_permute(struct graph *g, int n_args, const node *arg, const void *attr)
{
	const struct permute_attr *outer = attr;
	struct shape s = graph_shape(g, arg[0]);
	int axis[SHAPE_MAX], last = -1, moved = 0, identity = 1;
	double value;

	(void)n_args;
	for (int i = 0; i < s.rank; i++) {
		identity &= outer->axis[i] == i;
		/* Axes of extent 1 may stand anywhere. */
		if (s.dim[outer->axis[i]] > 1) {
			moved |= outer->axis[i] < last;
			last = outer->axis[i];
		}
	}
	if (identity)
		return arg[0];
	if (!moved || graph_is_constant(g, arg[0], &value)) {
		struct shape to = s;

		for (int i = 0; i < s.rank; i++)
			to.dim[i] = s.dim[outer->axis[i]];
		return moved ? graph_full(g, graph_dtype(g, arg[0]), &to, value) : op_reshape(g, arg[0], &to);
	}
	if (op_of(g, arg[0]) == &permute) {
		const struct permute_attr *inner = graph_at(g, arg[0])->attr;

		for (int i = 0; i < s.rank; i++)
			axis[i] = inner->axis[outer->axis[i]];
		return op_permute(g, op_arg(g, arg[0], 0), axis);
	}
	return NODE_NONE;
}

/* ---- concat ---- */

static int infer_concat(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	int64_t axis = ((const struct axis_attr *)attr)->axis;
	char a[SHAPE_TEXT], b[SHAPE_TEXT];

	*out = in[0];
	for (int k = 1; k < n_args; k++) {
		struct shape rest = in[k].shape;

		rest.dim[axis] = in[0].shape.dim[axis];
		if (in[k].dtype != in[0].dtype || !shape_equal(&rest, &in[0].shape))
			return err_set(e, ERR_USAGE, "%s %s and %s %s do not join along axis %d",
				       dtype_name(in[0].dtype), shape_text(a, &in[0].shape), dtype_name(in[k].dtype),
				       shape_text(b, &in[k].shape), (int)axis);
		out->shape.dim[axis] += in[k].shape.dim[axis];
	}
	return 0;
}

static void eval_concat(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int axis = (int)((const struct axis_attr *)c->attr)->axis;
	size_t size = dtype_size(c->out.dtype);
	int64_t inner = dim_after(&c->out.shape, axis), row = op_row_count(&c->out), at = 0;

	(void)scratch;
	for (int k = 0; k < c->n_args; k++) {
		int64_t extent = c->in[k].shape.dim[axis];
		int64_t low = begin > at ? begin : at, high = end < at + extent ? end : at + extent;

		if (axis == 0) {
			if (low < high)
				memcpy((char *)c->out.data + (size_t)(low * row) * size,
				       (const char *)c->in[k].data + (size_t)((low - at) * row) * size,
				       (size_t)((high - low) * row) * size);
		} else {
			/* (rows of the result, axes between, this part) */
			int64_t between = row / (c->out.shape.dim[axis] * inner), part = extent * inner;
			int64_t whole = c->out.shape.dim[axis] * inner;
			int64_t dim[2] = { (end - begin) * between, part };
			int64_t out_stride[2] = { whole, 1 }, in_stride[2] = { part, 1 };

			copy_strided(size, 2, dim,
				     (char *)c->out.data + (size_t)(begin * between * whole + at * inner) * size,
				     out_stride, (const char *)c->in[k].data + (size_t)(begin * between * part) * size,
				     in_stride);
		}
		at += extent;
	}
}

static unsigned rows_concat(const struct op_call *c)
{
	int many = c->n_args >= (int)(8 * sizeof(unsigned));

	return ((const struct axis_attr *)c->attr)->axis == 0 || many ? 0 : (1u << c->n_args) - 1;
}

static void place_of(struct graph *g, node self, int k, int *axis, int64_t *start, int64_t *count)
{
	*axis = (int)((const struct axis_attr *)graph_at(g, self)->attr)->axis;
	*start = 0;
	for (int i = 0; i < k; i++)
		*start += graph_shape(g, op_arg(g, self, i)).dim[*axis];
	*count = graph_shape(g, op_arg(g, self, k)).dim[*axis];
}

static node vjp_concat(struct graph *g, node self, int k, node t)
{
	int64_t start, count;
	int axis;

	place_of(g, self, k, &axis, &start, &count);
	return op_slice(g, t, axis, start, count, 1);
}

static node jvp_concat(struct graph *g, node self, int k, node t)
{
	int64_t start, count;
	int axis;

	place_of(g, self, k, &axis, &start, &count);
	return op_pad_zero(g, t, axis, start, graph_shape(g, self).dim[axis] - start - count, 1);
}

static node simplify_concat(struct graph *g, int n_args, const node *arg, const void *attr)
{
	(void)g;
	(void)attr;
	return n_args == 1 ? arg[0] : NODE_NONE;
}

/* ---- flip ---- */

static void eval_flip(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int64_t axis = ((const struct axis_attr *)c->attr)->axis, stride[SHAPE_MAX], offset;

	(void)scratch;
	shape_strides(&c->in[0].shape, stride);
	offset = (c->out.shape.dim[axis] - 1) * stride[axis];
	stride[axis] = -stride[axis];
	op_copy_rows(c, stride, offset, begin, end);
}

static unsigned rows_flip(const struct op_call *c)
{
	return ((const struct axis_attr *)c->attr)->axis != 0;
}

static node push_flip(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_apply1(g, &flip, t, graph_at(g, self)->attr);
}

static node simplify_flip(struct graph *g, int n_args, const node *arg, const void *attr)
{
	int64_t axis = ((const struct axis_attr *)attr)->axis;
	double value;

	(void)n_args;
	if (graph_shape(g, arg[0]).dim[axis] == 1 || graph_is_constant(g, arg[0], &value))
		return arg[0];
	if (op_of(g, arg[0]) == &flip && ((const struct axis_attr *)graph_at(g, arg[0])->attr)->axis == axis)
		return op_arg(g, arg[0], 0);
	return NODE_NONE;
}

/* ---- classes ---- */

#define ONE(SHAPE, ATTR)                                                                                               \
	{                                                                                                              \
		1, { { DTYPE_F64, SHAPE, -1, 1 } }, ATTR, 0                                                            \
	}

static const struct cast_attr to_float = { DTYPE_F32 }, to_double = { DTYPE_F64 }, to_int = { DTYPE_I32 };
static const struct op_sample cast_samples[] = { ONE(OP_DIMS(3, 5), &to_float),
						 ONE(OP_DIMS(3, 5), &to_int),
						 { 1, { { DTYPE_I32, OP_DIMS(4), -5, 5 } }, &to_double, 0 } };
static const struct op_sample stop_samples[] = { ONE(OP_DIMS(3, 5), NULL) };
static const struct permute_attr swap = { { 1, 0 } }, turn = { { 0, 3, 1, 2 } }, back = { { 2, 0, 1 } };
static const struct op_sample permute_samples[] = { ONE(OP_DIMS(5, 19), &swap), ONE(OP_DIMS(2, 3, 4, 5), &turn),
						    ONE(OP_DIMS(17, 2, 3), &back) };
static const struct axis_attr axis_0 = { 0 }, axis_1 = { 1 };
#define JOIN(A, B, C, ATTR)                                                                                            \
	{                                                                                                              \
		3, { { DTYPE_F64, A, -1, 1 }, { DTYPE_F64, B, -1, 1 }, { DTYPE_F64, C, -1, 1 } }, ATTR, 0              \
	}
static const struct op_sample concat_samples[] = { JOIN(OP_DIMS(2, 3), OP_DIMS(1, 3), OP_DIMS(4, 3), &axis_0),
						   JOIN(OP_DIMS(2, 3, 4), OP_DIMS(2, 1, 4), OP_DIMS(2, 2, 4),
							&axis_1) };
static const struct op_sample flip_samples[] = { ONE(OP_DIMS(5, 3), &axis_0), ONE(OP_DIMS(2, 5, 3), &axis_1) };

static const struct op_class cast = { .name = "cast",
				      .help = "another type, rounded to nearest or to zero for integers",
				      .arity = 1,
				      .attr_size = sizeof(struct cast_attr),
				      .infer = infer_cast,
				      .vjp = vjp_cast,
				      .jvp = jvp_cast,
				      .simplify = simplify_cast,
				      .units = op_units_rows,
				      .eval = eval_cast,
				      .row_args = 1,
				      OP_SAMPLES(cast_samples) };
static const struct op_class stop = { .name = "stop_gradient",
				      .help = "a, with derivative zero",
				      .arity = 1,
				      .infer = infer_any,
				      .simplify = simplify_stop,
				      .alias = true,
				      OP_SAMPLES(stop_samples) };
static const struct op_class permute = { .name = "permute",
					 .help = "axes in another order",
					 .arity = 1,
					 .attr_size = sizeof(struct permute_attr),
					 .infer = infer_permute,
					 .vjp = vjp_permute,
					 .jvp = jvp_permute,
					 .simplify = simplify_permute,
					 .units = op_units_rows,
					 .eval = eval_permute,
					 .row_args_for = rows_permute,
					 .cost = 1,
					 OP_SAMPLES(permute_samples) };
static const struct op_class concat = { .name = "concat",
					.help = "arrays one after the other along one axis",
					.arity = -1,
					.attr_size = sizeof(struct axis_attr),
					.infer = infer_concat,
					.vjp = vjp_concat,
					.jvp = jvp_concat,
					.simplify = simplify_concat,
					.units = op_units_rows,
					.eval = eval_concat,
					.row_args_for = rows_concat,
					.cost = 1,
					OP_SAMPLES(concat_samples) };
static const struct op_class flip = { .name = "flip",
				      .help = "one axis in reverse",
				      .arity = 1,
				      .attr_size = sizeof(struct axis_attr),
				      .infer = infer_any,
				      .vjp = push_flip,
				      .jvp = push_flip,
				      .simplify = simplify_flip,
				      .units = op_units_rows,
				      .eval = eval_flip,
				      .row_args_for = rows_flip,
				      .cost = 1,
				      OP_SAMPLES(flip_samples) };

const struct op_class *const op_file_structure[] = { &cast, &stop, &permute, &concat, &flip, NULL };

/* ---- builders ---- */

node op_cast(struct graph *g, node a, enum dtype t)
{
	struct cast_attr attr = { (int32_t)t };

	return op_apply1(g, &cast, a, &attr);
}

node op_stop_gradient(struct graph *g, node a)
{
	return op_apply1(g, &stop, a, NULL);
}

node op_reshape(struct graph *g, node a, const struct shape *s)
{
	return graph_reshape(g, a, s);
}

node op_broadcast(struct graph *g, node a, const struct shape *s)
{
	return graph_broadcast(g, a, s);
}

node op_permute(struct graph *g, node a, const int *axis)
{
	struct permute_attr attr = { { 0 } };

	if (!op_ready(g, "permute", a))
		return NODE_NONE;
	for (int i = 0; i < graph_shape(g, a).rank; i++)
		attr.axis[i] = axis[i];
	return op_apply1(g, &permute, a, &attr);
}

node op_concat(struct graph *g, int n, const node *a, int axis)
{
	struct axis_attr attr;

	if (n < 1)
		return graph_fail(g, "concat: no arguments");
	if (!op_axis(g, "concat", a[0], &axis))
		return NODE_NONE;
	attr.axis = axis;
	return graph_apply(g, &concat, n, a, &attr);
}

node op_flip(struct graph *g, node a, int axis)
{
	struct axis_attr attr;

	if (!op_axis(g, "flip", a, &axis))
		return NODE_NONE;
	attr.axis = axis;
	return op_apply1(g, &flip, a, &attr);
}

node op_zeros_like(struct graph *g, node a)
{
	return op_full_like(g, a, 0);
}

node op_ones_like(struct graph *g, node a)
{
	return op_full_like(g, a, 1);
}
