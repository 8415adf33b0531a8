/* conv.c: cross-correlation y[b,o,p] = sum_{i,q} w[o,i,q] x[b,i, p stride + q dilation] without padding. One trilinear
 * form in x, w and y gives three ops, convolution, its adjoint in x (transposed convolution) and in w; the derivatives
 * of each are the other two. Kernels: transformed tiles for 3 x 3 kernels on planes of floats; direct sums in registers
 * where rows are contiguous and as long as a vector; else matrix products over blocks of output positions whose windows
 * are gathered into columns. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/blas.h"
#include "op/conv_geometry.h"
#include "op/conv_winograd.h"
#include "op/lanes.h"

static const struct op_class conv_op, transpose_op, weight_op;

static int check_attr(const struct conv_attr *a, struct err *e)
{
	if (a->n_dims < 1 || a->n_dims > CONV_DIMS)
		return err_set(e, ERR_USAGE, "convolution over %lld axes: 1 to 3 are possible", (long long)a->n_dims);
	if (a->groups < 1)
		return err_set(e, ERR_USAGE, "convolution with %lld groups", (long long)a->groups);
	for (int d = 0; d < a->n_dims; d++)
		if (a->stride[d] < 1 || a->dilation[d] < 1)
			return err_set(e, ERR_USAGE, "convolution with stride %lld and dilation %lld on axis %d",
				       (long long)a->stride[d], (long long)a->dilation[d], d);
	return 0;
}

/* Points of the result along each axis; -1 where the kernel does not fit. */
static int result_points(const struct conv_attr *a, const int64_t *in, const int64_t *kernel, int64_t *out,
			 struct err *e)
{
	for (int d = 0; d < a->n_dims; d++) {
		int64_t reach = a->dilation[d] * (kernel[d] - 1) + 1;

		if (kernel[d] < 1 || reach > in[d])
			return err_set(
				e, ERR_USAGE,
				"convolution: a kernel of %lld points with dilation %lld on %lld points of axis %d",
				(long long)kernel[d], (long long)a->dilation[d], (long long)in[d], d);
		out[d] = (in[d] - reach) / a->stride[d] + 1;
	}
	return 0;
}

static int bad_shapes(const char *what, const struct conv_attr *a, const struct op_shape *in, struct err *e)
{
	char x[SHAPE_TEXT], w[SHAPE_TEXT];

	return err_set(e, ERR_USAGE, "%s over %lld axes with %lld groups: shapes %s and %s", what, (long long)a->n_dims,
		       (long long)a->groups, shape_text(x, &in[0].shape), shape_text(w, &in[1].shape));
}

static bool ranks_fit(const struct conv_attr *a, const struct op_shape *in)
{
	return in[0].dtype != DTYPE_I32 && in[0].dtype == in[1].dtype && in[0].shape.rank == a->n_dims + 2 &&
	       in[1].shape.rank == a->n_dims + 2;
}

static int conv_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct conv_attr *a = attr;
	const struct shape *x = &in[0].shape, *w = &in[1].shape;

	(void)n_args;
	if (check_attr(a, e) != 0)
		return -1;
	if (!ranks_fit(a, in) || x->dim[1] != w->dim[1] * a->groups || w->dim[0] % a->groups != 0)
		return bad_shapes("convolution", a, in, e);
	*out = in[0];
	out->shape.dim[1] = w->dim[0];
	return result_points(a, x->dim + 2, w->dim + 2, out->shape.dim + 2, e);
}

static int transpose_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct conv_attr *a = attr;
	const struct shape *y = &in[0].shape, *w = &in[1].shape;
	int64_t points[CONV_DIMS];

	(void)n_args;
	if (check_attr(a, e) != 0)
		return -1;
	if (!ranks_fit(a, in) || y->dim[1] != w->dim[0] || w->dim[0] % a->groups != 0)
		return bad_shapes("transposed convolution", a, in, e);
	if (result_points(a, a->extent, w->dim + 2, points, e) != 0)
		return -1;
	*out = in[0];
	out->shape.dim[1] = w->dim[1] * a->groups;
	for (int d = 0; d < a->n_dims; d++) {
		if (points[d] != y->dim[2 + d])
			return err_set(e, ERR_USAGE,
				       "transposed convolution: %lld points of axis %d convolve to %lld, not to %lld",
				       (long long)a->extent[d], d, (long long)points[d], (long long)y->dim[2 + d]);
		out->shape.dim[2 + d] = a->extent[d];
	}
	return 0;
}

static int weight_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct conv_attr *a = attr;
	const struct shape *x = &in[0].shape, *y = &in[1].shape;
	int64_t points[CONV_DIMS] = { 0 };

	(void)n_args;
	if (check_attr(a, e) != 0)
		return -1;
	if (!ranks_fit(a, in) || x->dim[0] != y->dim[0] || x->dim[1] % a->groups != 0 || y->dim[1] % a->groups != 0)
		return bad_shapes("kernel of a convolution", a, in, e);
	if (result_points(a, x->dim + 2, a->extent, points, e) != 0)
		return -1;
	if (memcmp(points, y->dim + 2, (size_t)a->n_dims * sizeof *points) != 0)
		return bad_shapes("kernel of a convolution", a, in, e);
	*out = in[0];
	out->shape.dim[0] = y->dim[1];
	out->shape.dim[1] = x->dim[1] / a->groups;
	memcpy(out->shape.dim + 2, a->extent, (size_t)a->n_dims * sizeof *a->extent);
	return 0;
}

/* derivatives */

static node apply(struct graph *g, const struct op_class *op, node p, node q, struct conv_attr a, const int64_t *extent)
{
	memset(a.extent, 0, sizeof a.extent);
	if (extent)
		memcpy(a.extent, extent, (size_t)a.n_dims * sizeof *extent);
	return graph_apply(g, op, 2, (node[]){ p, q }, &a);
}

static node push(struct graph *g, node self, int k, node tangent)
{
	const struct graph_node *n = graph_at(g, self);
	struct conv_attr a = *(const struct conv_attr *)n->attr;

	return apply(g, n->op, k == 0 ? tangent : n->arg[0], k == 0 ? n->arg[1] : tangent, a, a.extent);
}

/* The three arguments' gradients; the extents come from the argument that is asked for. */
static node to_x(struct graph *g, struct conv_attr a, node like, node y, node w)
{
	struct shape s = graph_shape(g, like);

	return apply(g, &transpose_op, y, w, a, s.dim + 2);
}

static node to_w(struct graph *g, struct conv_attr a, node like, node x, node y)
{
	struct shape s = graph_shape(g, like);

	return apply(g, &weight_op, x, y, a, s.dim + 2);
}

static node conv_pull(struct graph *g, node self, int k, node cotangent)
{
	node x = graph_at(g, self)->arg[0], w = graph_at(g, self)->arg[1];
	struct conv_attr a = *(const struct conv_attr *)graph_at(g, self)->attr;

	return k == 0 ? to_x(g, a, x, cotangent, w) : to_w(g, a, w, x, cotangent);
}

static node transpose_pull(struct graph *g, node self, int k, node cotangent)
{
	node y = graph_at(g, self)->arg[0], w = graph_at(g, self)->arg[1];
	struct conv_attr a = *(const struct conv_attr *)graph_at(g, self)->attr;

	return k == 0 ? apply(g, &conv_op, cotangent, w, a, NULL) : to_w(g, a, w, cotangent, y);
}

static node weight_pull(struct graph *g, node self, int k, node cotangent)
{
	node x = graph_at(g, self)->arg[0], y = graph_at(g, self)->arg[1];
	struct conv_attr a = *(const struct conv_attr *)graph_at(g, self)->attr;

	return k == 0 ? to_x(g, a, x, y, cotangent) : apply(g, &conv_op, x, cotangent, a, NULL);
}

/* kernels */

#define REAL float
#define NAME(x) x##_f
#include "op/conv_kernel.h"
#include "op/conv_direct.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) x##_d
#include "op/conv_kernel.h"
#include "op/conv_direct.h"
#undef REAL
#undef NAME

static struct conv_geometry conv_geometry(const struct op_call *c)
{
	struct conv_geometry v;

	conv_describe(&v, c->attr, &c->in[0].shape, c->out.shape.dim[1], c->in[1].shape.dim + 2);
	return v;
}

static struct conv_geometry transpose_geometry(const struct op_call *c)
{
	struct conv_geometry v;

	conv_describe(&v, c->attr, &c->out.shape, c->in[0].shape.dim[1], c->in[1].shape.dim + 2);
	return v;
}

static struct conv_geometry weight_geometry(const struct op_call *c)
{
	struct conv_geometry v;

	conv_describe(&v, c->attr, &c->in[0].shape, c->out.shape.dim[0], c->out.shape.dim + 2);
	conv_divide(&v);
	return v;
}

static size_t columns_size(const struct conv_geometry *v, enum dtype type)
{
	return (size_t)(v->window * v->block) * dtype_size(type);
}

static size_t conv_scratch(const struct op_call *c)
{
	struct conv_geometry v = conv_geometry(c);

	if (conv_winograd_fits(&v, c->out.dtype)) {
		struct conv_winograd p = conv_winograd_forward(&v);

		return conv_winograd_scratch(&p);
	}
	if (conv_is_direct(&v, c->out.dtype))
		return (size_t)v.taps * sizeof(int64_t);
	return v.plain ? 0 : columns_size(&v, c->out.dtype);
}

/* Direct: the turned kernel, one framed sample, taps. */
static int64_t turned_numbers(const struct conv_geometry *t)
{
	return conv_aligned(t->n_out * t->window) + conv_aligned(t->n_in * t->points_in);
}

static size_t transpose_scratch(const struct op_call *c)
{
	struct conv_geometry v = transpose_geometry(c), t;

	if (conv_winograd_fits(&v, c->out.dtype)) {
		struct conv_winograd p = conv_winograd_adjoint(&v);

		return conv_winograd_scratch(&p);
	}
	if (conv_turned_around(&v, c->out.dtype, &t))
		return (size_t)turned_numbers(&t) * dtype_size(c->out.dtype) + (size_t)t.taps * sizeof(int64_t);
	return v.plain ? 0 : columns_size(&v, c->out.dtype);
}

static size_t weight_scratch(const struct op_call *c)
{
	struct conv_geometry v = weight_geometry(c);

	if (conv_winograd_fits(&v, c->out.dtype))
		return conv_winograd_weight_scratch();
	return v.plain ? 0 : columns_size(&v, c->out.dtype);
}

/* Of convolutions and their adjoints: samples, but for few tiles a sample and many channels. */
static bool other_units(const struct conv_geometry *v, const struct op_call *c, bool adjoint, int64_t *units)
{
	if (!conv_winograd_fits(v, c->out.dtype))
		return false;
	struct conv_winograd p = adjoint ? conv_winograd_adjoint(v) : conv_winograd_forward(v);

	*units = conv_winograd_units(&p);
	return !p.by_rows;
}

static int64_t conv_units(const struct op_call *c)
{
	struct conv_geometry v = conv_geometry(c);
	int64_t units;

	return other_units(&v, c, false, &units) ? units : v.batch;
}

static int64_t transpose_units(const struct op_call *c)
{
	struct conv_geometry v = transpose_geometry(c);
	int64_t units;

	return other_units(&v, c, true, &units) ? units : v.batch;
}

static unsigned conv_row_args(const struct op_call *c)
{
	struct conv_geometry v = conv_geometry(c);
	int64_t units;

	return !other_units(&v, c, false, &units);
}

static unsigned transpose_row_args(const struct op_call *c)
{
	struct conv_geometry v = transpose_geometry(c);
	int64_t units;

	return !other_units(&v, c, true, &units);
}

static void conv_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	struct conv_geometry v = conv_geometry(c);
	bool direct = conv_is_direct(&v, c->out.dtype);

	if (conv_winograd_fits(&v, c->out.dtype)) {
		struct conv_winograd p = conv_winograd_forward(&v);

		conv_winograd_run(&p, begin, end, c->in[0].data, c->in[1].data, c->out.data, scratch);
		return;
	}
	if (direct)
		conv_taps(&v, scratch);
	for (int64_t b = begin; b < end; b++)
		if (c->out.dtype == DTYPE_F64)
			sample_d(&v, direct, (const double *)c->in[0].data + b * v.n_in * v.points_in, c->in[1].data,
				 (double *)c->out.data + b * v.n_out * v.points_out, scratch);
		else
			sample_f(&v, direct, (const float *)c->in[0].data + b * v.n_in * v.points_in, c->in[1].data,
				 (float *)c->out.data + b * v.n_out * v.points_out, scratch);
}

static void transpose_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	struct conv_geometry v = transpose_geometry(c), t;
	bool direct = conv_turned_around(&v, c->out.dtype, &t);

	if (conv_winograd_fits(&v, c->out.dtype)) {
		struct conv_winograd p = conv_winograd_adjoint(&v);

		conv_winograd_run(&p, begin, end, c->in[0].data, c->in[1].data, c->out.data, scratch);
		return;
	}
	if (c->out.dtype == DTYPE_F64)
		adjoint_d(&v, direct ? &t : NULL, begin, end, c->in[0].data, c->in[1].data, c->out.data, scratch);
	else
		adjoint_f(&v, direct ? &t : NULL, begin, end, c->in[0].data, c->in[1].data, c->out.data, scratch);
}

static int64_t weight_units(const struct op_call *c)
{
	struct conv_geometry v = weight_geometry(c);

	if (conv_winograd_fits(&v, c->out.dtype))
		return conv_winograd_weight_units(&v);
	return v.n_chunks * v.groups * v.n_parts;
}

static size_t weight_work(const struct op_call *c)
{
	struct conv_geometry v = weight_geometry(c);

	return v.n_chunks == 1 ? 0 : (size_t)(v.n_chunks * v.n_out * v.window) * dtype_size(c->out.dtype);
}

static void weight_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	struct conv_geometry v = weight_geometry(c);
	void *sums = v.n_chunks == 1 ? c->out.data : c->work;

	for (int64_t i = begin; i < end; i++)
		if (conv_winograd_fits(&v, c->out.dtype))
			conv_winograd_weight(&v, i, c->in[0].data, c->in[1].data, sums, scratch);
		else if (c->out.dtype == DTYPE_F64)
			weight_unit_d(&v, i, c->in[0].data, c->in[1].data, sums, scratch);
		else
			weight_unit_f(&v, i, c->in[0].data, c->in[1].data, sums, scratch);
}

static void weight_finish(const struct op_call *c)
{
	struct conv_geometry v = weight_geometry(c);

	if (v.n_chunks == 1)
		return;
	if (c->out.dtype == DTYPE_F64)
		total_d(&v, c->work, c->out.data);
	else
		total_f(&v, c->work, c->out.data);
}

static const struct conv_attr line = { 1, 1, { 1 }, { 1 }, { 0 } }, strided = { 1, 2, { 2 }, { 2 }, { 0 } },
			      plane = { 2, 1, { 1, 2 }, { 2, 1 }, { 0 } }, line_x = { 1, 1, { 1 }, { 1 }, { 6 } },
			      strided_x = { 1, 2, { 2 }, { 2 }, { 8 } }, line_w = { 1, 1, { 1 }, { 1 }, { 3 } },
			      plane_w = { 2, 1, { 1, 2 }, { 2, 1 }, { 2, 3 } };

static const struct op_sample conv_samples[] = {
	{ 2, { { DTYPE_F64, { 3, { 2, 2, 6 } }, -1, 1 }, { DTYPE_F64, { 3, { 3, 2, 3 } }, -1, 1 } }, &line, 0 },
	{ 2, { { DTYPE_F64, { 3, { 2, 2, 7 } }, -1, 1 }, { DTYPE_F64, { 3, { 4, 1, 2 } }, -1, 1 } }, &strided, 0 },
	{ 2, { { DTYPE_F64, { 4, { 1, 1, 4, 6 } }, -1, 1 }, { DTYPE_F64, { 4, { 3, 1, 2, 3 } }, -1, 1 } }, &plane, 0 },
};
static const struct op_sample transpose_samples[] = {
	{ 2, { { DTYPE_F64, { 3, { 2, 3, 4 } }, -1, 1 }, { DTYPE_F64, { 3, { 3, 2, 3 } }, -1, 1 } }, &line_x, 0 },
	{ 2, { { DTYPE_F64, { 3, { 2, 6, 3 } }, -1, 1 }, { DTYPE_F64, { 3, { 6, 1, 2 } }, -1, 1 } }, &strided_x, 0 },
};
static const struct op_sample weight_samples[] = {
	{ 2, { { DTYPE_F64, { 3, { 3, 2, 6 } }, -1, 1 }, { DTYPE_F64, { 3, { 3, 3, 4 } }, -1, 1 } }, &line_w, 0 },
	{ 2,
	  { { DTYPE_F64, { 4, { 2, 1, 4, 6 } }, -1, 1 }, { DTYPE_F64, { 4, { 2, 3, 2, 2 } }, -1, 1 } },
	  &plane_w,
	  0 },
};

static const struct op_class conv_op = {
	.name = "conv",
	.help = "y[b,o,p] = sum_iq w[o,i,q] x[b,i,p stride + q dilation]",
	.arity = 2,
	.attr_size = sizeof(struct conv_attr),
	.infer = conv_infer,
	.vjp = conv_pull,
	.jvp = push,
	.units = conv_units,
	.eval = conv_eval,
	.scratch_size = conv_scratch,
	.row_args_for = conv_row_args,
	.n_samples = 3,
	.samples = conv_samples,
};

static const struct op_class transpose_op = {
	.name = "conv_transpose",
	.help = "x[b,i,p stride + q dilation] += w[o,i,q] y[b,o,p]",
	.arity = 2,
	.attr_size = sizeof(struct conv_attr),
	.infer = transpose_infer,
	.vjp = transpose_pull,
	.jvp = push,
	.units = transpose_units,
	.eval = transpose_eval,
	.scratch_size = transpose_scratch,
	.row_args_for = transpose_row_args,
	.n_samples = 2,
	.samples = transpose_samples,
};

static const struct op_class weight_op = {
	.name = "conv_weight",
	.help = "w[o,i,q] = sum_bp x[b,i,p stride + q dilation] y[b,o,p]",
	.arity = 2,
	.attr_size = sizeof(struct conv_attr),
	.infer = weight_infer,
	.vjp = weight_pull,
	.jvp = push,
	.units = weight_units,
	.eval = weight_eval,
	.finish = weight_finish,
	.work_size = weight_work,
	.scratch_size = weight_scratch,
	.n_samples = 2,
	.samples = weight_samples,
};

const struct op_class *const op_file_conv[] = { &conv_op, &transpose_op, &weight_op, NULL };

static node build(struct graph *g, const struct op_class *op, node p, node q, const struct op_conv_shape *c,
		  const int64_t *extent)
{
	struct conv_attr a = { .n_dims = c->n_dims, .groups = c->groups };

	if (graph_error(g))
		return NODE_NONE;
	if (!node_is(p) || !node_is(q))
		return graph_fail(g, "convolution of no node");
	for (int d = 0; d < c->n_dims && d < CONV_DIMS; d++) {
		a.stride[d] = c->stride[d];
		a.dilation[d] = c->dilation[d];
		a.extent[d] = extent ? extent[d] : 0;
	}
	return graph_apply(g, op, 2, (node[]){ p, q }, &a);
}

node op_conv(struct graph *g, node x, node w, const struct op_conv_shape *c)
{
	return build(g, &conv_op, x, w, c, NULL);
}

node op_conv_transpose(struct graph *g, node y, node w, const struct op_conv_shape *c, const int64_t *size)
{
	return build(g, &transpose_op, y, w, c, size);
}
