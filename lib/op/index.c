/* index.c: reading and adding through int32 indices. Where an op decides by comparing values (max_pool, sort, top_k) the
 * decision is an index node of its own, without derivative; taking values through it is linear, so that any order of
 * derivative works. An index outside the array stands for "none": it reads 0 and adds nothing. Sums into one element run
 * in the order of the index, whatever the threads. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "op/rule.h"

static const struct op_class gather, scatter, take, put, pool_index, sort_index;

/* gather: out[.., j, ..] = a[.., index[j], ..]; scatter_add: its adjoint, `size` long on that axis. */
struct axis_attr {
	int64_t axis, size;
};
/* take: out[r, j] = a[r, index[r, j]] over rows r of the last axis; put: its adjoint, rows of `size`. */
struct size_attr {
	int64_t size;
};
struct pool_attr {
	int64_t n_dims, window[3], stride[3];
};
/* The first `count` of the sorted order; equal values keep their order. */
struct sort_attr {
	int64_t count, descending;
};

static int check_index(const struct op_shape *in, struct err *e)
{
	if (in->dtype != DTYPE_I32)
		return err_set(e, ERR_USAGE, "the index is %s, not int32", dtype_name(in->dtype));
	return 0;
}

/* ---- gather and scatter_add along one axis ---- */

static int infer_gather(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct axis_attr *a = attr;
	char text[SHAPE_TEXT];

	(void)n_args;
	if (check_index(&in[1], e))
		return -1;
	if (in[1].shape.rank != 1)
		return err_set(e, ERR_USAGE, "the index has shape %s, not one axis", shape_text(text, &in[1].shape));
	*out = in[0];
	out->shape.dim[a->axis] = in[1].shape.dim[0];
	return 0;
}

static int infer_scatter(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct axis_attr *a = attr;
	char s[SHAPE_TEXT], t[SHAPE_TEXT];

	(void)n_args;
	if (check_index(&in[1], e) || op_check_real(&in[0], e))
		return -1;
	if (in[1].shape.rank != 1 || in[1].shape.dim[0] != in[0].shape.dim[a->axis])
		return err_set(e, ERR_USAGE, "an index of shape %s does not fit axis %d of shape %s",
			       shape_text(s, &in[1].shape), (int)a->axis, shape_text(t, &in[0].shape));
	*out = in[0];
	out->shape.dim[a->axis] = a->size;
	return 0;
}

/* Rows of out (axis 0), or all of out at once when axis 0 is the indexed one. */
static int64_t units_axis(const struct op_call *c)
{
	return ((const struct axis_attr *)c->attr)->axis == 0 ? 1 : c->out.shape.dim[0];
}

static unsigned rows_axis(const struct op_call *c)
{
	return ((const struct axis_attr *)c->attr)->axis != 0;
}

/* (lines, extent, inner) around the axis, lines counted over units begin .. end-1. */
static void split(const struct op_call *c, int64_t begin, int64_t end, int64_t *first, int64_t *lines, int64_t *inner)
{
	int axis = (int)((const struct axis_attr *)c->attr)->axis;
	const struct shape *s = &c->out.shape;

	*inner = *lines = 1;
	for (int i = axis + 1; i < s->rank; i++)
		*inner *= s->dim[i];
	for (int i = 1; i < axis; i++)
		*lines *= s->dim[i];
	*first = begin * *lines;
	if (axis > 0)
		*lines *= end - begin;
}

static void eval_gather(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int axis = (int)((const struct axis_attr *)c->attr)->axis;
	int64_t n_in = c->in[0].shape.dim[axis], n_out = c->out.shape.dim[axis], first, lines, inner;
	const int32_t *index = c->in[1].data;
	size_t size = dtype_size(c->out.dtype);

	(void)scratch;
	split(c, begin, end, &first, &lines, &inner);
	for (int64_t r = first; r < first + lines; r++) {
		const char *from = (const char *)c->in[0].data + (size_t)(r * n_in * inner) * size;
		char *to = (char *)c->out.data + (size_t)(r * n_out * inner) * size;

		for (int64_t j = 0; j < n_out; j++, to += (size_t)inner * size) {
			if (index[j] >= 0 && index[j] < n_in)
				memcpy(to, from + (size_t)(index[j] * inner) * size, (size_t)inner * size);
			else
				memset(to, 0, (size_t)inner * size);
		}
	}
}

#define ADD_KERNELS(REAL)                                                                                              \
	static void scatter_##REAL(int64_t lines, int64_t n_in, int64_t n_out, int64_t inner, const REAL *in,          \
				   const int32_t *index, REAL *out)                                                    \
	{                                                                                                              \
		memset(out, 0, (size_t)(lines * n_out * inner) * sizeof *out);                                         \
		for (int64_t r = 0; r < lines; r++, out += n_out * inner) {                                            \
			for (int64_t j = 0; j < n_in; j++, in += inner) {                                              \
				REAL *to = out + index[j] * inner;                                                     \
                                                                                                                       \
				if (index[j] < 0 || index[j] >= n_out)                                                 \
					continue;                                                                      \
				for (int64_t i = 0; i < inner; i++)                                                    \
					to[i] += in[i];                                                                \
			}                                                                                              \
		}                                                                                                      \
	}                                                                                                              \
	static void put_##REAL(int64_t rows, int64_t n_in, int64_t n_out, const REAL *in, const int32_t *index,        \
			       REAL *out)                                                                              \
	{                                                                                                              \
		memset(out, 0, (size_t)(rows * n_out) * sizeof *out);                                                  \
		for (int64_t r = 0; r < rows; r++, out += n_out, in += n_in, index += n_in)                            \
			for (int64_t j = 0; j < n_in; j++)                                                             \
				if (index[j] >= 0 && index[j] < n_out)                                                 \
					out[index[j]] += in[j];                                                        \
	}                                                                                                              \
	static void take_##REAL(int64_t rows, int64_t n_in, int64_t n_out, const REAL *in, const int32_t *index,       \
				REAL *out)                                                                             \
	{                                                                                                              \
		for (int64_t r = 0; r < rows; r++, out += n_out, in += n_in, index += n_out)                           \
			for (int64_t j = 0; j < n_out; j++)                                                            \
				out[j] = index[j] >= 0 && index[j] < n_in ? in[index[j]] : 0;                          \
	}
ADD_KERNELS(float)
ADD_KERNELS(double)

static void eval_scatter(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int axis = (int)((const struct axis_attr *)c->attr)->axis;
	int64_t n_in = c->in[0].shape.dim[axis], n_out = c->out.shape.dim[axis], first, lines, inner;

	(void)scratch;
	split(c, begin, end, &first, &lines, &inner);
	if (c->out.dtype == DTYPE_F64)
		scatter_double(lines, n_in, n_out, inner, (const double *)c->in[0].data + first * n_in * inner,
			       c->in[1].data, (double *)c->out.data + first * n_out * inner);
	else
		scatter_float(lines, n_in, n_out, inner, (const float *)c->in[0].data + first * n_in * inner,
			      c->in[1].data, (float *)c->out.data + first * n_out * inner);
}

static node vjp_gather(struct graph *g, node self, int k, node t)
{
	struct axis_attr a = *(const struct axis_attr *)graph_at(g, self)->attr;
	node index = op_arg(g, self, 1);

	if (k != 0 || graph_dtype(g, self) == DTYPE_I32)
		return NODE_NONE;
	return op_scatter_add(g, t, index, (int)a.axis, graph_shape(g, op_arg(g, self, 0)).dim[a.axis]);
}

static node vjp_scatter(struct graph *g, node self, int k, node t)
{
	struct axis_attr a = *(const struct axis_attr *)graph_at(g, self)->attr;

	return k == 0 ? op_gather(g, t, op_arg(g, self, 1), (int)a.axis) : NODE_NONE;
}

/* All four are linear in argument 0. */
static node jvp_linear(struct graph *g, node self, int k, node t)
{
	const struct graph_node *n = graph_at(g, self);

	return k == 0 ? op_apply2(g, n->op, t, n->arg[1], n->attr) : NODE_NONE;
}

/* ---- take and put along rows of the last axis ---- */

static int infer_take(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	char s[SHAPE_TEXT], t[SHAPE_TEXT];
	int last = in[0].shape.rank - 1;
	struct shape fits = in[0].shape;

	(void)attr;
	(void)n_args;
	if (check_index(&in[1], e) || op_check_real(&in[0], e))
		return -1;
	if (last >= 0 && in[1].shape.rank == last + 1)
		fits.dim[last] = in[1].shape.dim[last];
	if (last < 0 || !shape_equal(&fits, &in[1].shape))
		return err_set(e, ERR_USAGE, "an index of shape %s does not fit shape %s", shape_text(s, &in[1].shape),
			       shape_text(t, &in[0].shape));
	*out = (struct op_shape){ in[0].dtype, in[1].shape };
	return 0;
}

static int infer_put(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	char s[SHAPE_TEXT], t[SHAPE_TEXT];

	(void)n_args;
	if (check_index(&in[1], e) || op_check_real(&in[0], e))
		return -1;
	if (in[0].shape.rank < 1 || !shape_equal(&in[0].shape, &in[1].shape))
		return err_set(e, ERR_USAGE, "an index of shape %s does not fit shape %s", shape_text(s, &in[1].shape),
			       shape_text(t, &in[0].shape));
	*out = in[0];
	out->shape.dim[out->shape.rank - 1] = ((const struct size_attr *)attr)->size;
	return 0;
}

static int64_t units_last(const struct op_call *c)
{
	return c->out.shape.rank > 1 ? c->out.shape.dim[0] : 1;
}

/* Row-wise in both the values and the index. */
static unsigned rows_last(const struct op_call *c)
{
	return c->out.shape.rank > 1 ? (c->n_args > 1 ? 3 : 1) : 0;
}

/* Rows of the last axis in units begin .. end-1. */
static void rows_of(const struct op_call *c, int64_t begin, int64_t end, int64_t *first, int64_t *rows)
{
	const struct shape *s = &c->in[0].shape;
	int64_t per_unit = 1;

	for (int i = 1; i < s->rank - 1; i++)
		per_unit *= s->dim[i];
	*first = begin * per_unit;
	*rows = (end - begin) * per_unit;
}

static void eval_take(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int last = c->out.shape.rank - 1;
	int64_t n_in = c->in[0].shape.dim[last], n_out = c->out.shape.dim[last], first, rows;
	const int32_t *index = c->in[1].data;

	(void)scratch;
	rows_of(c, begin, end, &first, &rows);
	if (c->out.dtype == DTYPE_F64)
		take_double(rows, n_in, n_out, (const double *)c->in[0].data + first * n_in, index + first * n_out,
			    (double *)c->out.data + first * n_out);
	else
		take_float(rows, n_in, n_out, (const float *)c->in[0].data + first * n_in, index + first * n_out,
			   (float *)c->out.data + first * n_out);
}

static void eval_put(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int last = c->out.shape.rank - 1;
	int64_t n_in = c->in[0].shape.dim[last], n_out = c->out.shape.dim[last], first, rows;
	const int32_t *index = c->in[1].data;

	(void)scratch;
	rows_of(c, begin, end, &first, &rows);
	if (c->out.dtype == DTYPE_F64)
		put_double(rows, n_in, n_out, (const double *)c->in[0].data + first * n_in, index + first * n_in,
			   (double *)c->out.data + first * n_out);
	else
		put_float(rows, n_in, n_out, (const float *)c->in[0].data + first * n_in, index + first * n_in,
			  (float *)c->out.data + first * n_out);
}

static node vjp_take(struct graph *g, node self, int k, node t)
{
	struct shape s = graph_shape(g, op_arg(g, self, 0));
	struct size_attr attr = { s.rank > 0 ? s.dim[s.rank - 1] : 0 };

	return k == 0 ? op_apply2(g, &put, t, op_arg(g, self, 1), &attr) : NODE_NONE;
}

static node vjp_put(struct graph *g, node self, int k, node t)
{
	return k == 0 ? op_apply2(g, &take, t, op_arg(g, self, 1), NULL) : NODE_NONE;
}

/* ---- where the largest of a window is: flat index in the space axes, the first one among equals ---- */

static int infer_pool(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct pool_attr *p = attr;
	char text[SHAPE_TEXT];
	int lead = in[0].shape.rank - (int)p->n_dims;

	(void)n_args;
	if (op_check_real(&in[0], e))
		return -1;
	*out = (struct op_shape){ DTYPE_I32, in[0].shape };
	for (int i = 0; i < (int)p->n_dims; i++) {
		int64_t size = lead >= 0 ? in[0].shape.dim[lead + i] : 0;

		if (p->window[i] < 1 || p->stride[i] < 1 || p->window[i] > size)
			return err_set(e, ERR_USAGE,
				       "window %lld with stride %lld does not fit axis %d from the end of %s",
				       (long long)p->window[i], (long long)p->stride[i], (int)p->n_dims - i,
				       shape_text(text, &in[0].shape));
		out->shape.dim[lead + i] = (size - p->window[i]) / p->stride[i] + 1;
	}
	return 0;
}

/* n: space extents of the input, m: of the result, both filled up to three axes in front. */
#define POOL_KERNEL(REAL)                                                                                              \
	static void pool_##REAL(const int64_t *n, const int64_t *m, const int64_t *w, const int64_t *s,                \
				const REAL *in, int32_t *out)                                                          \
	{                                                                                                              \
		for (int64_t i = 0; i < m[0]; i++)                                                                     \
			for (int64_t j = 0; j < m[1]; j++)                                                             \
				for (int64_t k = 0; k < m[2]; k++) {                                                   \
					int64_t best = (i * s[0] * n[1] + j * s[1]) * n[2] + k * s[2];                 \
                                                                                                                       \
					for (int64_t x = i * s[0]; x < i * s[0] + w[0]; x++)                           \
						for (int64_t y = j * s[1]; y < j * s[1] + w[1]; y++) {                 \
							const REAL *row = in + (x * n[1] + y) * n[2];                  \
                                                                                                                       \
							for (int64_t z = k * s[2]; z < k * s[2] + w[2]; z++)           \
								if (row[z] > in[best])                                 \
									best = (x * n[1] + y) * n[2] + z;              \
						}                                                                      \
					*out++ = (int32_t)best;                                                        \
				}                                                                                      \
	}
POOL_KERNEL(float)
POOL_KERNEL(double)

static void eval_pool(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct pool_attr *p = c->attr;
	int64_t n[3] = { 1, 1, 1 }, m[3] = { 1, 1, 1 }, w[3] = { 1, 1, 1 }, s[3] = { 1, 1, 1 }, planes = 1;
	int rank = c->out.shape.rank, lead = rank - (int)p->n_dims, fill = 3 - (int)p->n_dims;

	(void)scratch;
	for (int i = 0; i < (int)p->n_dims; i++) {
		n[fill + i] = c->in[0].shape.dim[lead + i];
		m[fill + i] = c->out.shape.dim[lead + i];
		w[fill + i] = p->window[i];
		s[fill + i] = p->stride[i];
	}
	for (int i = 1; i < lead; i++)
		planes *= c->out.shape.dim[i];
	for (int64_t q = begin * planes; q < end * planes; q++) {
		int32_t *out = (int32_t *)c->out.data + q * m[0] * m[1] * m[2];
		int64_t at = q * n[0] * n[1] * n[2];

		if (c->in[0].dtype == DTYPE_F64)
			pool_double(n, m, w, s, (const double *)c->in[0].data + at, out);
		else
			pool_float(n, m, w, s, (const float *)c->in[0].data + at, out);
	}
}

static int64_t units_pool(const struct op_call *c)
{
	return c->out.shape.rank > ((const struct pool_attr *)c->attr)->n_dims ? c->out.shape.dim[0] : 1;
}

static unsigned rows_pool(const struct op_call *c)
{
	return c->out.shape.rank > ((const struct pool_attr *)c->attr)->n_dims;
}

/* ---- order of a row ---- */

static int infer_sort(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	int64_t count = ((const struct sort_attr *)attr)->count;
	char text[SHAPE_TEXT];
	int last = in[0].shape.rank - 1;

	(void)n_args;
	if (op_check_real(&in[0], e))
		return -1;
	if (last < 0 || count < 1 || count > in[0].shape.dim[last])
		return err_set(e, ERR_USAGE, "%lld of the last axis of shape %s", (long long)count,
			       shape_text(text, &in[0].shape));
	*out = (struct op_shape){ DTYPE_I32, in[0].shape };
	out->shape.dim[last] = count;
	return 0;
}

/* Merge sort: stable; NaN counts as larger than any number. Sorts index[0 .. n-1], buffer as long. */
static bool before(const double *key, int32_t a, int32_t b, bool descending)
{
	double x = key[a], y = key[b];

	if (x != x || y != y)
		return descending ? x != x && y == y : x == x && y != y;
	return descending ? x > y : x < y;
}

static void merge_sort(const double *key, int64_t n, int32_t *index, int32_t *buffer, bool descending)
{
	for (int64_t width = 1; width < n; width *= 2) {
		for (int64_t low = 0; low < n; low += 2 * width) {
			int64_t middle = low + width < n ? low + width : n,
				high = low + 2 * width < n ? low + 2 * width : n;
			int64_t i = low, j = middle;

			for (int64_t k = low; k < high; k++) {
				bool left = i < middle && (j >= high || !before(key, index[j], index[i], descending));

				buffer[k] = left ? index[i++] : index[j++];
			}
		}
		memcpy(index, buffer, (size_t)n * sizeof *index);
	}
}

static size_t scratch_sort(const struct op_call *c)
{
	return (size_t)c->in[0].shape.dim[c->in[0].shape.rank - 1] * (sizeof(double) + 2 * sizeof(int32_t));
}

static void eval_sort(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct sort_attr *a = c->attr;
	int64_t n = c->in[0].shape.dim[c->in[0].shape.rank - 1], first, rows;
	double *key = scratch;
	int32_t *index = (int32_t *)(void *)(key + n), *buffer = index + n;

	rows_of(c, begin, end, &first, &rows);
	for (int64_t r = first; r < first + rows; r++) {
		const char *row = (const char *)c->in[0].data + (size_t)(r * n) * dtype_size(c->in[0].dtype);

		tensor_convert(c->in[0].dtype, row, DTYPE_F64, key, n);
		for (int64_t i = 0; i < n; i++)
			index[i] = (int32_t)i;
		merge_sort(key, n, index, buffer, a->descending);
		memcpy((int32_t *)c->out.data + r * a->count, index, (size_t)a->count * sizeof *index);
	}
}

/* ---- classes ---- */

#define INDEXED(SHAPE, INDEX, LOW, HIGH, ATTR)                                                                         \
	{                                                                                                              \
		2, { { DTYPE_F64, SHAPE, -1, 1 }, { DTYPE_I32, INDEX, LOW, HIGH } }, ATTR, 0                           \
	}
#define ONE(SHAPE, ATTR)                                                                                               \
	{                                                                                                              \
		1, { { DTYPE_F64, SHAPE, -1, 1 } }, ATTR, 0                                                            \
	}

/* Some indices repeat, some are outside. */
static const struct axis_attr gather_0 = { 0, 0 }, gather_1 = { 1, 0 }, scatter_0 = { 0, 4 }, scatter_1 = { 1, 6 };
static const struct op_sample gather_samples[] = {
	INDEXED(OP_DIMS(4, 3), OP_DIMS(7), 0, 3, &gather_0),
	INDEXED(OP_DIMS(2, 4, 3), OP_DIMS(6), -1, 4, &gather_1),
};
static const struct op_sample scatter_samples[] = {
	INDEXED(OP_DIMS(7, 3), OP_DIMS(7), 0, 3, &scatter_0),
	INDEXED(OP_DIMS(2, 5, 3), OP_DIMS(5), -1, 6, &scatter_1),
};
static const struct size_attr put_size = { 4 };
static const struct op_sample take_samples[] = { INDEXED(OP_DIMS(2, 3, 4), OP_DIMS(2, 3, 6), -1, 3, NULL),
						 INDEXED(OP_DIMS(4), OP_DIMS(3), 0, 3, NULL) };
static const struct op_sample put_samples[] = { INDEXED(OP_DIMS(2, 3, 6), OP_DIMS(2, 3, 6), 0, 4, &put_size) };
static const struct pool_attr square = { 2, { 2, 2 }, { 2, 2 } }, line = { 1, { 3 }, { 1 } };
static const struct op_sample pool_samples[] = { ONE(OP_DIMS(2, 3, 4, 6), &square), ONE(OP_DIMS(2, 7), &line) };
static const struct sort_attr up = { 7, 0 }, down = { 3, 1 };
static const struct op_sample sort_samples[] = { ONE(OP_DIMS(3, 7), &up), ONE(OP_DIMS(7), &down) };

static const struct op_class gather = {
	.name = "gather",
	.help = "out[.., j, ..] = a[.., index[j], ..] along one axis",
	.arity = 2,
	.attr_size = sizeof(struct axis_attr),
	.infer = infer_gather,
	.vjp = vjp_gather,
	.jvp = jvp_linear,
	.units = units_axis,
	.eval = eval_gather,
	.row_args_for = rows_axis,
	OP_SAMPLES(gather_samples),
};
static const struct op_class scatter = {
	.name = "scatter_add",
	.help = "out[.., index[j], ..] += a[.., j, ..] along one axis",
	.arity = 2,
	.attr_size = sizeof(struct axis_attr),
	.infer = infer_scatter,
	.vjp = vjp_scatter,
	.jvp = jvp_linear,
	.units = units_axis,
	.eval = eval_scatter,
	.row_args_for = rows_axis,
	OP_SAMPLES(scatter_samples),
};
static const struct op_class take = {
	.name = "take",
	.help = "out[r, j] = a[r, index[r, j]] along the last axis",
	.arity = 2,
	.infer = infer_take,
	.vjp = vjp_take,
	.jvp = jvp_linear,
	.units = units_last,
	.eval = eval_take,
	.row_args_for = rows_last,
	OP_SAMPLES(take_samples),
};
static const struct op_class put = {
	.name = "put",
	.help = "out[r, index[r, j]] += a[r, j] along the last axis",
	.arity = 2,
	.attr_size = sizeof(struct size_attr),
	.infer = infer_put,
	.vjp = vjp_put,
	.jvp = jvp_linear,
	.units = units_last,
	.eval = eval_put,
	.row_args_for = rows_last,
	OP_SAMPLES(put_samples),
};
static const struct op_class pool_index = {
	.name = "max_pool_index",
	.help = "place of the largest value of each window",
	.arity = 1,
	.attr_size = sizeof(struct pool_attr),
	.infer = infer_pool,
	.units = units_pool,
	.eval = eval_pool,
	.row_args_for = rows_pool,
	OP_SAMPLES(pool_samples),
};
static const struct op_class sort_index = {
	.name = "sort_index",
	.help = "places of the smallest (or largest) values of a row, in order",
	.arity = 1,
	.attr_size = sizeof(struct sort_attr),
	.infer = infer_sort,
	.units = units_last,
	.eval = eval_sort,
	.scratch_size = scratch_sort,
	.row_args_for = rows_last,
	OP_SAMPLES(sort_samples),
};

const struct op_class *const op_file_index[] = { &gather, &scatter, &take, &put, &pool_index, &sort_index, NULL };

/* ---- builders ---- */

node op_gather(struct graph *g, node a, node index, int axis)
{
	struct axis_attr attr = { 0, 0 };

	if (!op_axis(g, "gather", a, &axis))
		return NODE_NONE;
	attr.axis = axis;
	return op_apply2(g, &gather, a, index, &attr);
}

node op_scatter_add(struct graph *g, node a, node index, int axis, int64_t size)
{
	struct axis_attr attr = { 0, size };

	if (!op_axis(g, "scatter_add", a, &axis))
		return NODE_NONE;
	attr.axis = axis;
	return op_apply2(g, &scatter, a, index, &attr);
}

node op_max_pool(struct graph *g, node a, int n_dims, const int64_t *window, const int64_t *stride)
{
	struct pool_attr attr = { .n_dims = n_dims };
	struct shape s, rows, out;
	node index;
	int lead;

	if (!op_ready(g, "max_pool", a))
		return NODE_NONE;
	s = graph_shape(g, a);
	lead = s.rank - n_dims;
	if (n_dims < 1 || n_dims > 3 || lead < 0)
		return graph_fail(g, "max_pool: %d space axes of an array with %d", n_dims, s.rank);
	for (int i = 0; i < n_dims; i++) {
		attr.window[i] = window[i];
		attr.stride[i] = stride[i];
	}
	index = op_apply1(g, &pool_index, a, &attr);
	out = graph_shape(g, index);
	/* Space axes as one. */
	rows = s;
	rows.rank = lead + 1;
	for (int i = lead + 1; i < s.rank; i++) {
		rows.dim[lead] *= s.dim[i];
		rows.dim[i] = 0;
	}
	a = op_reshape(g, a, &rows);
	if (!node_is(index) || !node_is(a))
		return NODE_NONE;
	rows = out;
	rows.rank = lead + 1;
	for (int i = lead + 1; i < out.rank; i++) {
		rows.dim[lead] *= out.dim[i];
		rows.dim[i] = 0;
	}
	return op_reshape(g, op_apply2(g, &take, a, op_reshape(g, index, &rows), NULL), &out);
}

static node ordered(struct graph *g, const char *who, node a, int64_t count, bool descending)
{
	struct sort_attr attr = { count, descending };

	if (!op_ready(g, who, a))
		return NODE_NONE;
	return op_apply2(g, &take, a, op_apply1(g, &sort_index, a, &attr), NULL);
}

node op_sort(struct graph *g, node a)
{
	struct shape s = graph_shape(g, a);

	return ordered(g, "sort", a, s.rank > 0 ? s.dim[s.rank - 1] : 0, false);
}

node op_top_k(struct graph *g, node a, int64_t k)
{
	return ordered(g, "top_k", a, k, true);
}
