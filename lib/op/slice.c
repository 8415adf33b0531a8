/* slice.c: part of one axis, with steps, and its adjoint, which spreads with zeros between. */
#include <string.h>

#include "op/copy.h"
#include "op/rule.h"

/* slice: in[start + i step], count of them; pad: `start` zeros before, `count` after, step - 1 between. */
struct range_attr {
	int64_t axis, start, count, step;
};

static const struct op_class slice, pad;

/* ---- slice and its adjoint ---- */

static int infer_slice(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct range_attr *r = attr;
	char text[SHAPE_TEXT];
	int64_t size = in[0].shape.dim[r->axis];

	(void)n_args;
	*out = in[0];
	if (r->step < 1 || r->start < 0 || r->count < 1 || r->start >= size ||
	    r->count - 1 > (size - 1 - r->start) / r->step)
		return err_set(e, ERR_USAGE, "%lld from %lld in steps of %lld do not fit into axis %d of shape %s",
			       (long long)r->count, (long long)r->start, (long long)r->step, (int)r->axis,
			       shape_text(text, &in[0].shape));
	out->shape.dim[r->axis] = r->count;
	return 0;
}

static void eval_slice(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct range_attr *r = c->attr;
	int64_t stride[SHAPE_MAX], offset;

	(void)scratch;
	shape_strides(&c->in[0].shape, stride);
	offset = r->start * stride[r->axis];
	stride[r->axis] *= r->step;
	op_copy_rows(c, stride, offset, begin, end);
}

static unsigned rows_range(const struct op_call *c)
{
	return ((const struct range_attr *)c->attr)->axis != 0;
}

static node vjp_slice(struct graph *g, node self, int k, node t)
{
	struct range_attr r = *(const struct range_attr *)graph_at(g, self)->attr;
	int64_t size = graph_shape(g, op_arg(g, self, k)).dim[r.axis];

	return op_pad_zero(g, t, (int)r.axis, r.start, size - 1 - (r.start + (r.count - 1) * r.step), r.step);
}

static node jvp_slice(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_apply1(g, &slice, t, graph_at(g, self)->attr);
}

static node simplify_slice(struct graph *g, int n_args, const node *arg, const void *attr)
{
	struct range_attr r = *(const struct range_attr *)attr;
	struct shape s = graph_shape(g, arg[0]);
	double value;

	(void)n_args;
	if (r.count == s.dim[r.axis])
		return arg[0];
	if (graph_is_constant(g, arg[0], &value)) {
		s.dim[r.axis] = r.count;
		return graph_full(g, graph_dtype(g, arg[0]), &s, value);
	}
	if (op_of(g, arg[0]) == &slice) {
		struct range_attr i = *(const struct range_attr *)graph_at(g, arg[0])->attr;

		if (i.axis == r.axis)
			return op_slice(g, op_arg(g, arg[0], 0), (int)r.axis, i.start + r.start * i.step, r.count,
					r.step * i.step);
	}
	if (op_of(g, arg[0]) == &pad) {
		struct range_attr i = *(const struct range_attr *)graph_at(g, arg[0])->attr;
		node inside = op_arg(g, arg[0], 0);

		/* Cutting out exactly what was padded. */
		if (i.axis == r.axis && i.start == r.start && i.step == r.step &&
		    graph_shape(g, inside).dim[i.axis] == r.count)
			return inside;
	}
	return NODE_NONE;
}

static int infer_pad(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct range_attr *r = attr;
	char text[SHAPE_TEXT];
	int64_t size = in[0].shape.dim[r->axis];

	(void)n_args;
	*out = in[0];
	if (r->step < 1 || r->start < 0 || r->count < 0)
		return err_set(e, ERR_USAGE, "cannot pad axis %d of shape %s with %lld before, %lld after, step %lld",
			       (int)r->axis, shape_text(text, &in[0].shape), (long long)r->start, (long long)r->count,
			       (long long)r->step);
	out->shape.dim[r->axis] = r->start + (size - 1) * r->step + 1 + r->count;
	return 0;
}

static void eval_pad(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct range_attr *r = c->attr;
	size_t size = dtype_size(c->out.dtype);
	int64_t out_stride[SHAPE_MAX], in_stride[SHAPE_MAX], extent[SHAPE_MAX], first = begin, offset = 0;
	int rank = c->out.shape.rank;

	(void)scratch;
	shape_strides(&c->out.shape, out_stride);
	shape_strides(&c->in[0].shape, in_stride);
	memcpy(extent, c->in[0].shape.dim, sizeof extent);
	memset((char *)c->out.data + begin * out_stride[0] * (int64_t)size, 0,
	       (size_t)((end - begin) * out_stride[0]) * size);
	if (r->axis == 0) {
		/* Rows of the input that land in begin .. end-1. */
		int64_t low = begin <= r->start ? 0 : (begin - r->start + r->step - 1) / r->step;
		int64_t high = end <= r->start ? 0 : (end - 1 - r->start) / r->step + 1;

		first = low;
		extent[0] = (high < extent[0] ? high : extent[0]) - low;
		offset = (r->start + low * r->step) * out_stride[0];
	} else {
		extent[0] = end - begin;
		offset = begin * out_stride[0] + r->start * out_stride[r->axis];
	}
	out_stride[r->axis] *= r->step;
	copy_strided(size, rank, extent, (char *)c->out.data + offset * (int64_t)size, out_stride,
		     (const char *)c->in[0].data + first * in_stride[0] * (int64_t)size, in_stride);
}

static node vjp_pad(struct graph *g, node self, int k, node t)
{
	struct range_attr r = *(const struct range_attr *)graph_at(g, self)->attr;

	return op_slice(g, t, (int)r.axis, r.start, graph_shape(g, op_arg(g, self, k)).dim[r.axis], r.step);
}

static node jvp_pad(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_apply1(g, &pad, t, graph_at(g, self)->attr);
}

static node simplify_pad(struct graph *g, int n_args, const node *arg, const void *attr)
{
	const struct range_attr *r = attr;
	struct shape s = graph_shape(g, arg[0]);
	double value;

	(void)n_args;
	if (r->start == 0 && r->count == 0 && (r->step == 1 || s.dim[r->axis] == 1))
		return arg[0];
	if (graph_is_constant(g, arg[0], &value) && value == 0) {
		s.dim[r->axis] = r->start + (s.dim[r->axis] - 1) * r->step + 1 + r->count;
		return graph_full(g, graph_dtype(g, arg[0]), &s, 0);
	}
	return NODE_NONE;
}

/* ---- classes ---- */

#define ONE(SHAPE, ATTR)                                                                                               \
	{                                                                                                              \
		1, { { DTYPE_F64, SHAPE, -1, 1 } }, ATTR, 0                                                            \
	}

static const struct range_attr first_axis = { 0, 1, 3, 2 }, last_axis = { 2, 2, 3, 1 }, middle_axis = { 1, 0, 2, 3 };
static const struct op_sample slice_samples[] = { ONE(OP_DIMS(7, 3), &first_axis), ONE(OP_DIMS(2, 3, 6), &last_axis),
						  ONE(OP_DIMS(2, 4, 3), &middle_axis) };
static const struct op_sample pad_samples[] = { ONE(OP_DIMS(3, 4), &first_axis), ONE(OP_DIMS(2, 3, 4), &last_axis),
						ONE(OP_DIMS(2, 3, 4), &middle_axis) };

static const struct op_class slice = { .name = "slice",
				       .help = "out[i] = a[start + i step] along one axis",
				       .arity = 1,
				       .attr_size = sizeof(struct range_attr),
				       .infer = infer_slice,
				       .vjp = vjp_slice,
				       .jvp = jvp_slice,
				       .simplify = simplify_slice,
				       .units = op_units_rows,
				       .eval = eval_slice,
				       .row_args_for = rows_range,
				       .cost = 1,
				       OP_SAMPLES(slice_samples) };
static const struct op_class pad = { .name = "pad_zero",
				     .help = "out[before + i step] = a[i] along one axis, zero elsewhere",
				     .arity = 1,
				     .attr_size = sizeof(struct range_attr),
				     .infer = infer_pad,
				     .vjp = vjp_pad,
				     .jvp = jvp_pad,
				     .simplify = simplify_pad,
				     .units = op_units_rows,
				     .eval = eval_pad,
				     .row_args_for = rows_range,
				     .cost = 1,
				     OP_SAMPLES(pad_samples) };

const struct op_class *const op_file_slice[] = { &slice, &pad, NULL };

node op_slice(struct graph *g, node a, int axis, int64_t start, int64_t count, int64_t step)
{
	struct range_attr attr;

	if (!op_axis(g, "slice", a, &axis))
		return NODE_NONE;
	attr = (struct range_attr){ axis, start, count, step };
	return op_apply1(g, &slice, a, &attr);
}

node op_pad_zero(struct graph *g, node a, int axis, int64_t before, int64_t after, int64_t step)
{
	struct range_attr attr;

	if (!op_axis(g, "pad_zero", a, &axis))
		return NODE_NONE;
	attr = (struct range_attr){ axis, before, after, step };
	return op_apply1(g, &pad, a, &attr);
}
