/* order.c: ops that decide by comparing values (max_pool, sort, top_k). The decision is an index node of its own,
 * without derivative; the values are then taken through it (index.c). */
#include <string.h>

#include "op/rule.h"

struct pool_attr {
	int64_t n_dims, window[3], stride[3];
};
/* The first `count` of the sorted order; equal values keep their order. */
struct sort_attr {
	int64_t count, descending;
};

static const struct op_class pool_index, sort_index;

/* ---- where the largest of a window is: flat index in the space axes, the first one among equals, the last NaN
 * above all ---- */

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

enum { COLUMNS = 128 }; /* neighbouring windows that are compared together */

/* One row of windows: the largest so far and its place, offset by offset. n: space extents of the input, m: of the
 * result, w: window, s: stride, each filled up to three axes in front; step: s[2] again, a constant where it
 * matters. */
#define POOL_KERNEL(REAL)                                                                                              \
	static inline void pool_line_##REAL(const int64_t *n, const int64_t *w, int64_t first, int64_t count,          \
					    int64_t step, const REAL *in, int32_t *out)                                \
	{                                                                                                              \
		REAL top[COLUMNS];                                                                                     \
                                                                                                                       \
		for (int64_t k = 0; k < count; k++) {                                                                  \
			top[k] = in[first + k * step];                                                                 \
			out[k] = (int32_t)(first + k * step);                                                          \
		}                                                                                                      \
		for (int64_t x = 0; x < w[0]; x++)                                                                     \
			for (int64_t y = 0; y < w[1]; y++)                                                             \
				for (int64_t z = 0; z < w[2]; z++) {                                                   \
					int32_t at = (int32_t)(first + (x * n[1] + y) * n[2] + z);                     \
					const REAL *row = in + at;                                                     \
                                                                                                                       \
					for (int64_t k = 0; k < count; k++) {                                          \
						REAL v = row[k * step];                                                \
						bool larger = (v > top[k]) | (v != v);                                 \
                                                                                                                       \
						top[k] = larger ? v : top[k];                                          \
						out[k] = larger ? at + (int32_t)(k * step) : out[k];                   \
					}                                                                              \
				}                                                                                      \
	}                                                                                                              \
	static void pool_##REAL(const int64_t *n, const int64_t *m, const int64_t *w, const int64_t *s,                \
				const REAL *in, int32_t *out)                                                          \
	{                                                                                                              \
		for (int64_t i = 0; i < m[0]; i++)                                                                     \
			for (int64_t j = 0; j < m[1]; j++)                                                             \
				for (int64_t k = 0; k < m[2]; k += COLUMNS) {                                          \
					int64_t first = (i * s[0] * n[1] + j * s[1]) * n[2] + k * s[2];                \
					int64_t count = m[2] - k < COLUMNS ? m[2] - k : COLUMNS;                       \
                                                                                                                       \
					if (s[2] == 1)                                                                 \
						pool_line_##REAL(n, w, first, count, 1, in, out);                      \
					else if (s[2] == 2)                                                            \
						pool_line_##REAL(n, w, first, count, 2, in, out);                      \
					else                                                                           \
						pool_line_##REAL(n, w, first, count, s[2], in, out);                   \
					out += count;                                                                  \
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

	op_rows_of(c, begin, end, &first, &rows);
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

#define ONE(SHAPE, ATTR)                                                                                               \
	{                                                                                                              \
		1, { { DTYPE_F64, SHAPE, -1, 1 } }, ATTR, 0                                                            \
	}

static const struct pool_attr square = { 2, { 2, 2 }, { 2, 2 } }, line = { 1, { 3 }, { 1 } };
static const struct op_sample pool_samples[] = { ONE(OP_DIMS(2, 3, 4, 6), &square), ONE(OP_DIMS(2, 7), &line) };
static const struct sort_attr up = { 7, 0 }, down = { 3, 1 };
static const struct op_sample sort_samples[] = { ONE(OP_DIMS(3, 7), &up), ONE(OP_DIMS(7), &down) };

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
	.units = op_units_last,
	.eval = eval_sort,
	.scratch_size = scratch_sort,
	.row_args_for = op_rows_last,
	OP_SAMPLES(sort_samples),
};

const struct op_class *const op_file_order[] = { &pool_index, &sort_index, NULL };

/* ---- builders ---- */

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
	return op_reshape(g, op_take(g, a, op_reshape(g, index, &rows)), &out);
}

static node ordered(struct graph *g, const char *who, node a, int64_t count, bool descending)
{
	struct sort_attr attr = { count, descending };

	if (!op_ready(g, who, a))
		return NODE_NONE;
	return op_take(g, a, op_apply1(g, &sort_index, a, &attr));
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
