/* core.c: the ops that the graph needs for itself: input, constant, add, sum, broadcast, reshape. */
#include <string.h>

#include "graph/internal.h"
#include "graph/sum.h"
#include "num/wide.h"

/* Copies extents one by one: attributes are compared as bytes and must not carry stale padding. */
static struct graph_shape_attr shape_attr(const struct shape *s)
{
	struct graph_shape_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.shape.rank = s->rank;
	for (int i = 0; i < s->rank; i++)
		attr.shape.dim[i] = s->dim[i];
	return attr;
}

static int infer_leaf(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr, (void)n_args, (void)in, (void)out;
	return err_set(e, ERR_USAGE, "leaves are made by graph_input and graph_constant");
}

const struct op_class graph_op_input = {
	.name = "input",
	.help = "a value fed from outside",
	.attr_size = sizeof(struct graph_input_attr),
	.infer = infer_leaf,
};

const struct op_class graph_op_constant = {
	.name = "constant",
	.help = "a value known when the graph is built",
	.attr_size = sizeof(struct tensor),
	.infer = infer_leaf,
};

/* ---- add ---- */

static int infer_add(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	char a[SHAPE_TEXT], b[SHAPE_TEXT];

	(void)attr, (void)n_args;
	if (in[0].dtype != in[1].dtype || in[0].dtype == DTYPE_I32)
		return err_set(e, ERR_USAGE, "%s and %s cannot be added", dtype_name(in[0].dtype),
			       dtype_name(in[1].dtype));
	out->dtype = in[0].dtype;
	if (!shape_broadcast(&in[0].shape, &in[1].shape, &out->shape))
		return err_set(e, ERR_USAGE, "shapes %s and %s do not broadcast", shape_text(a, &in[0].shape),
			       shape_text(b, &in[1].shape));
	return 0;
}

#define ADD(T)                                                                                                         \
	static void add_##T(int64_t n, T *out, const T *const *in, const void *attr)                                   \
	{                                                                                                              \
		const T *a = WIDE_ALIGNED(in[0]), *b = WIDE_ALIGNED(in[1]);                                            \
		T *sum = WIDE_ALIGNED(out);                                                                            \
                                                                                                                       \
		(void)attr;                                                                                            \
		n &= -(int64_t)OP_LANES;                                                                               \
		WIDE_INDEPENDENT for (int64_t i = 0; i < n; i++) sum[i] = a[i] + b[i];                                 \
	}
ADD(float)
ADD(double)

static node vjp_add(struct graph *g, node self, int k, node cotangent)
{
	struct shape s = graph_shape(g, graph_at(g, self)->arg[k]);

	return graph_sum_to(g, cotangent, &s);
}

static node jvp_add(struct graph *g, node self, int k, node tangent)
{
	struct shape s = graph_shape(g, self);

	(void)k;
	return graph_broadcast(g, tangent, &s);
}

static node simplify_add(struct graph *g, int n_args, const node *arg, const void *attr)
{
	(void)attr;
	for (int k = 0; k < n_args; k++) {
		struct shape zero = graph_shape(g, arg[k]), other = graph_shape(g, arg[1 - k]), both;
		double value;

		if (graph_is_constant(g, arg[k], &value) && value == 0 && shape_broadcast(&zero, &other, &both))
			return graph_broadcast(g, arg[1 - k], &both);
	}
	return NODE_NONE;
}

static const struct op_sample add_samples[] = {
	{ .n_args = 2,
	  .in = { { .shape = { 2, { 3, 4 } }, .lo = -1, .hi = 1 }, { .shape = { 2, { 3, 4 } }, .lo = -1, .hi = 1 } } },
	{ .n_args = 2,
	  .in = { { .shape = { 2, { 3, 1 } }, .lo = -1, .hi = 1 }, { .shape = { 1, { 4 } }, .lo = -1, .hi = 1 } } },
};

const struct op_class graph_op_add = {
	.name = "add",
	.help = "a + b",
	.arity = 2,
	.infer = infer_add,
	.vjp = vjp_add,
	.jvp = jvp_add,
	.simplify = simplify_add,
	.block = { add_float, add_double },
	.arithmetic = OP_ADD,
	.n_samples = 2,
	.samples = add_samples,
};

node graph_add(struct graph *g, node a, node b)
{
	node arg[2] = { a, b };

	if (graph_error(g))
		return NODE_NONE;
	if (!node_is(a))
		return b;
	if (!node_is(b))
		return a;
	/* One order of arguments, so that a + b and b + a are one node. */
	if (b.id < a.id) {
		arg[0] = b;
		arg[1] = a;
	}
	return graph_apply(g, &graph_op_add, 2, arg, NULL);
}

/* ---- broadcast ---- */

static int infer_broadcast(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct graph_shape_attr *to = attr;
	char a[SHAPE_TEXT], b[SHAPE_TEXT];

	(void)n_args;
	out->dtype = in[0].dtype;
	if (!shape_broadcast(&in[0].shape, &to->shape, &out->shape) || !shape_equal(&out->shape, &to->shape))
		return err_set(e, ERR_USAGE, "shape %s does not broadcast to %s", shape_text(a, &in[0].shape),
			       shape_text(b, &to->shape));
	return 0;
}

/* The executor reads the argument in the order of the result, so nothing is left but to copy. */
static void copy_float(int64_t n, float *out, const float *const *in, const void *attr)
{
	(void)attr;
	if (out != in[0])
		memcpy(out, in[0], (size_t)n * sizeof *out);
}

static void copy_double(int64_t n, double *out, const double *const *in, const void *attr)
{
	(void)attr;
	if (out != in[0])
		memcpy(out, in[0], (size_t)n * sizeof *out);
}

static node vjp_broadcast(struct graph *g, node self, int k, node cotangent)
{
	struct shape s = graph_shape(g, graph_at(g, self)->arg[k]);

	return graph_sum_to(g, cotangent, &s);
}

static node jvp_broadcast(struct graph *g, node self, int k, node tangent)
{
	struct shape s = graph_shape(g, self);

	(void)k;
	return graph_broadcast(g, tangent, &s);
}

static node simplify_broadcast(struct graph *g, int n_args, const node *arg, const void *attr)
{
	const struct graph_shape_attr *to = attr;
	const struct graph_node *a = graph_at(g, arg[0]);

	(void)n_args;
	if (shape_equal(&a->shape, &to->shape))
		return arg[0];
	if (a->op == &graph_op_broadcast)
		return graph_broadcast(g, a->arg[0], &to->shape);
	return NODE_NONE;
}

static const struct graph_shape_attr sample_2_3_4 = { { 3, { 2, 3, 4 } } };
static const struct op_sample broadcast_samples[] = {
	{ .n_args = 1, .in = { { .shape = { 2, { 3, 1 } }, .lo = -1, .hi = 1 } }, .attr = &sample_2_3_4 },
	{ .n_args = 1, .in = { { .shape = { 0 }, .lo = -1, .hi = 1 } }, .attr = &sample_2_3_4 },
};

const struct op_class graph_op_broadcast = {
	.name = "broadcast",
	.help = "a repeated along axes that it lacks or that have extent 1",
	.arity = 1,
	.attr_size = sizeof(struct graph_shape_attr),
	.infer = infer_broadcast,
	.vjp = vjp_broadcast,
	.jvp = jvp_broadcast,
	.simplify = simplify_broadcast,
	.block = { copy_float, copy_double },
	.n_samples = 2,
	.samples = broadcast_samples,
};

node graph_broadcast(struct graph *g, node a, const struct shape *s)
{
	struct graph_shape_attr attr = shape_attr(s);

	return graph_apply(g, &graph_op_broadcast, 1, &a, &attr);
}

/* ---- reshape ---- */

static int infer_reshape(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct graph_shape_attr *to = attr;
	char a[SHAPE_TEXT], b[SHAPE_TEXT];

	(void)n_args;
	out->dtype = in[0].dtype;
	out->shape = to->shape;
	if (shape_count(&in[0].shape) != shape_count(&to->shape))
		return err_set(e, ERR_USAGE, "shapes %s and %s differ in size", shape_text(a, &in[0].shape),
			       shape_text(b, &to->shape));
	return 0;
}

static node vjp_reshape(struct graph *g, node self, int k, node cotangent)
{
	struct shape s = graph_shape(g, graph_at(g, self)->arg[k]);

	return graph_reshape(g, cotangent, &s);
}

static node jvp_reshape(struct graph *g, node self, int k, node tangent)
{
	struct shape s = graph_shape(g, self);

	(void)k;
	return graph_reshape(g, tangent, &s);
}

static node simplify_reshape(struct graph *g, int n_args, const node *arg, const void *attr)
{
	const struct graph_shape_attr *to = attr;
	const struct graph_node *a = graph_at(g, arg[0]);

	(void)n_args;
	if (shape_equal(&a->shape, &to->shape))
		return arg[0];
	if (a->op == &graph_op_reshape)
		return graph_reshape(g, a->arg[0], &to->shape);
	/* One value everywhere has no order to keep. */
	if (a->op == &graph_op_broadcast && shape_count(&graph_at(g, a->arg[0])->shape) == 1) {
		struct shape one = shape_scalar();

		return graph_broadcast(g, graph_reshape(g, a->arg[0], &one), &to->shape);
	}
	return NODE_NONE;
}

static const struct op_sample reshape_samples[] = {
	{ .n_args = 1, .in = { { .shape = { 2, { 6, 4 } }, .lo = -1, .hi = 1 } }, .attr = &sample_2_3_4 },
};

const struct op_class graph_op_reshape = {
	.name = "reshape",
	.help = "the same elements in the same order with another shape",
	.arity = 1,
	.attr_size = sizeof(struct graph_shape_attr),
	.infer = infer_reshape,
	.vjp = vjp_reshape,
	.jvp = jvp_reshape,
	.simplify = simplify_reshape,
	.alias = true,
	.n_samples = 1,
	.samples = reshape_samples,
};

node graph_reshape(struct graph *g, node a, const struct shape *s)
{
	struct graph_shape_attr attr = shape_attr(s);

	return graph_apply(g, &graph_op_reshape, 1, &a, &attr);
}

/* ---- sum ---- */

static int infer_sum(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	unsigned axes = ((const struct graph_sum_attr *)attr)->axes;
	char a[SHAPE_TEXT];

	(void)n_args;
	if (in[0].dtype == DTYPE_I32)
		return err_set(e, ERR_USAGE, "int32 arrays are not summed");
	if (axes >> in[0].shape.rank != 0)
		return err_set(e, ERR_USAGE, "axes 0x%x are not all axes of %s", axes, shape_text(a, &in[0].shape));
	*out = in[0];
	for (int i = 0; i < out->shape.rank; i++)
		if (axes >> i & 1)
			out->shape.dim[i] = 1;
	return 0;
}

/* Kept axis 0: a unit is a row. Summed axis 0: a unit is a range of rows with a partial sum in work when results are
 * few, a range of results when they are many. */
enum sum_way { SUM_ROW, SUM_PARTIAL, SUM_RESULTS };
enum { SUM_RANGE = 512, SUM_PARTS = 64, SUM_PART_SIZE = 32768 };

static enum sum_way sum_way(const struct op_call *c, unsigned *axes)
{
	const struct shape *in = &c->in[0].shape;

	*axes = ((const struct graph_sum_attr *)c->attr)->axes;
	if (in->rank == 0 || in->dim[0] == 1 || !(*axes & 1))
		return SUM_ROW;
	return shape_count(&c->out.shape) <= SUM_FEW ? SUM_PARTIAL : SUM_RESULTS;
}

static int64_t part_rows(const struct shape *in)
{
	int64_t row = shape_count(in) / in->dim[0], n = (SUM_PART_SIZE + row - 1) / row;
	int64_t least = (in->dim[0] + SUM_PARTS - 1) / SUM_PARTS;

	return n > least ? n : least;
}

static int64_t units_sum(const struct op_call *c)
{
	const struct shape *in = &c->in[0].shape;
	unsigned axes;

	switch (sum_way(c, &axes)) {
	case SUM_ROW:
		return in->rank == 0 ? 1 : in->dim[0];
	case SUM_PARTIAL:
		return (in->dim[0] + part_rows(in) - 1) / part_rows(in);
	default:
		return (shape_count(&c->out.shape) + SUM_RANGE - 1) / SUM_RANGE;
	}
}

static size_t work_size_sum(const struct op_call *c)
{
	unsigned axes;

	if (sum_way(c, &axes) != SUM_PARTIAL)
		return 0;
	return (size_t)(units_sum(c) * shape_count(&c->out.shape)) * sizeof(double);
}

static void eval_sum(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	struct shape row = c->in[0].shape;
	enum dtype t = c->out.dtype;
	size_t size = dtype_size(t);
	int64_t n_out = shape_count(&c->out.shape), n_in = shape_count(&row);
	const char *in = c->in[0].data;
	char *out = c->out.data;
	struct sum_layout s;
	unsigned axes;

	(void)scratch;
	switch (sum_way(c, &axes)) {
	case SUM_ROW:
		if (row.rank > 0) {
			n_in /= row.dim[0];
			n_out /= row.dim[0];
			row.dim[0] = 1;
		}
		sum_layout(&s, &row, axes);
		for (int64_t i = begin; i < end; i++)
			sum_range(&s, t, in + (size_t)(i * n_in) * size, 0, n_out, NULL,
				  out + (size_t)(i * n_out) * size);
		break;
	case SUM_PARTIAL:
		for (int64_t i = begin; i < end; i++) {
			int64_t n = part_rows(&row), first = i * n, last = first + n;

			sum_rows(&row, axes, t, in, first, last < row.dim[0] ? last : row.dim[0],
				 (double *)c->work + i * n_out);
		}
		break;
	case SUM_RESULTS:
		sum_layout(&s, &row, axes);
		for (int64_t i = begin; i < end; i++) {
			int64_t first = i * SUM_RANGE, last = first + SUM_RANGE;

			sum_range(&s, t, in, first, last < n_out ? last : n_out, NULL, out + (size_t)first * size);
		}
		break;
	}
}

static void finish_sum(const struct op_call *c)
{
	int64_t n = shape_count(&c->out.shape), parts;
	double *acc = c->work;
	unsigned axes;

	if (sum_way(c, &axes) != SUM_PARTIAL)
		return;
	parts = units_sum(c);
	for (int64_t p = 1; p < parts; p++)
		for (int64_t i = 0; i < n; i++)
			acc[i] += acc[p * n + i];
	sum_store(c->out.dtype, acc, n, c->out.data);
}

/* Row-wise unless axis 0 is summed. */
static unsigned row_args_sum(const struct op_call *c)
{
	unsigned axes;

	return c->in[0].shape.rank > 0 && sum_way(c, &axes) == SUM_ROW ? 1 : 0;
}

static node vjp_sum(struct graph *g, node self, int k, node cotangent)
{
	struct shape s = graph_shape(g, graph_at(g, self)->arg[k]);

	return graph_broadcast(g, cotangent, &s);
}

static node jvp_sum(struct graph *g, node self, int k, node tangent)
{
	unsigned axes = ((const struct graph_sum_attr *)graph_at(g, self)->attr)->axes;

	(void)k;
	return graph_sum(g, tangent, axes, true);
}

static node simplify_sum(struct graph *g, int n_args, const node *arg, const void *attr)
{
	const struct graph_node *a = graph_at(g, arg[0]);
	unsigned axes = ((const struct graph_sum_attr *)attr)->axes;
	struct shape s = a->shape;
	double value, count = 1;

	(void)n_args;
	for (int i = 0; i < s.rank; i++) {
		if (!(axes >> i & 1))
			continue;
		count *= (double)s.dim[i];
		s.dim[i] = 1;
	}
	if (shape_equal(&s, &a->shape))
		return arg[0];
	if (graph_is_constant(g, arg[0], &value))
		return graph_full(g, a->dtype, &s, value * count);
	return NODE_NONE;
}

static const struct graph_sum_attr sample_axis_0 = { 1 }, sample_axis_1 = { 2 }, sample_axes_0_2 = { 5 };
static const struct op_sample sum_samples[] = {
	{ .n_args = 1, .in = { { .shape = { 2, { 3, 4 } }, .lo = -1, .hi = 1 } }, .attr = &sample_axis_0 },
	{ .n_args = 1, .in = { { .shape = { 2, { 3, 4 } }, .lo = -1, .hi = 1 } }, .attr = &sample_axis_1 },
	{ .n_args = 1, .in = { { .shape = { 3, { 3, 2, 4 } }, .lo = -1, .hi = 1 } }, .attr = &sample_axes_0_2 },
};

const struct op_class graph_op_sum = {
	.name = "sum",
	.help = "sum over axes, which stay with extent 1",
	.arity = 1,
	.attr_size = sizeof(struct graph_sum_attr),
	.infer = infer_sum,
	.vjp = vjp_sum,
	.jvp = jvp_sum,
	.simplify = simplify_sum,
	.units = units_sum,
	.eval = eval_sum,
	.finish = finish_sum,
	.work_size = work_size_sum,
	.row_args_for = row_args_sum,
	.n_samples = 3,
	.samples = sum_samples,
};

node graph_sum(struct graph *g, node a, unsigned axes, bool keep)
{
	struct graph_sum_attr attr = { axes };
	struct shape s = shape_scalar();
	node sum = graph_apply(g, &graph_op_sum, 1, &a, &attr);

	if (keep || !node_is(sum))
		return sum;
	for (int i = 0; i < graph_at(g, a)->shape.rank; i++)
		if (!(axes >> i & 1))
			s.dim[s.rank++] = graph_at(g, a)->shape.dim[i];
	return graph_reshape(g, sum, &s);
}

node graph_sum_to(struct graph *g, node a, const struct shape *s)
{
	struct shape from = graph_shape(g, a);
	int missing = from.rank - s->rank;
	unsigned axes = 0;

	for (int i = 0; i < from.rank; i++)
		if (i < missing || (s->dim[i - missing] == 1 && from.dim[i] != 1))
			axes |= 1u << i;
	return graph_reshape(g, graph_sum(g, a, axes, true), s);
}

const struct op_class *const graph_core_ops[] = { &graph_op_add, &graph_op_sum, &graph_op_broadcast, &graph_op_reshape,
						  NULL };
