/* index.c: reading and adding through int32 indices; linear in the values, so that any order of derivative works. An
 * index outside the array stands for "none": it reads 0 and adds nothing. Sums into one element run in the order of the
 * index, whatever the threads. */
#include <string.h>

#include "op/rule.h"

static const struct op_class gather, scatter, take, put;

/* gather: out[.., j, ..] = a[.., index[j], ..]; scatter_add: its adjoint, `size` long on that axis. */
struct axis_attr {
	int64_t axis, size;
};
/* take: out[r, j] = a[r, index[r, j]] over rows r of the last axis; put: its adjoint, rows of `size`. */
struct size_attr {
	int64_t size;
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

/* Around the indexed axis: lines before it in one row of axis 0 (of all rows when it is axis 0), elements behind it. */
static void split(const struct op_call *c, int64_t *lines, int64_t *inner)
{
	int axis = (int)((const struct axis_attr *)c->attr)->axis;
	const struct shape *s = &c->out.shape;

	*inner = *lines = 1;
	for (int i = axis + 1; i < s->rank; i++)
		*inner *= s->dim[i];
	for (int i = 1; i < axis; i++)
		*lines *= s->dim[i];
}

/* Rows of the result read their own row of the index, or of the values. */
static unsigned rows_gather(const struct op_call *c)
{
	return ((const struct axis_attr *)c->attr)->axis == 0 ? 2 : 1;
}

static void eval_gather(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int axis = (int)((const struct axis_attr *)c->attr)->axis;
	int64_t n_in = c->in[0].shape.dim[axis], n_out = c->out.shape.dim[axis], lines, inner, from = 0, to = n_out;
	const int32_t *index = c->in[1].data;
	size_t size = dtype_size(c->out.dtype);

	(void)scratch;
	split(c, &lines, &inner);
	if (axis == 0) {
		from = begin;
		to = end;
		begin = 0;
		end = 1;
	}
	for (int64_t r = begin * lines; r < end * lines; r++) {
		const char *in = (const char *)c->in[0].data + (size_t)(r * n_in * inner) * size;
		char *out = (char *)c->out.data + (size_t)((r * n_out + from) * inner) * size;

		for (int64_t j = from; j < to; j++, out += (size_t)inner * size) {
			if (index[j] >= 0 && index[j] < n_in)
				memcpy(out, in + (size_t)(index[j] * inner) * size, (size_t)inner * size);
			else
				memset(out, 0, (size_t)inner * size);
		}
	}
}

#define ADD_KERNELS(REAL)                                                                                              \
	static void scatter_##REAL(int64_t lines, int64_t n_in, int64_t n_out, int64_t inner, int64_t first,           \
				   int64_t last, const REAL *in, const int32_t *index, REAL *out)                      \
	{                                                                                                              \
		for (int64_t r = 0; r < lines; r++, out += n_out * inner, in += n_in * inner) {                        \
			for (int64_t j = 0; j < n_out; j++)                                                            \
				memset(out + j * inner + first, 0, (size_t)(last - first) * sizeof *out);              \
			for (int64_t j = 0; j < n_in; j++) {                                                           \
				if (index[j] < 0 || index[j] >= n_out)                                                 \
					continue;                                                                      \
				for (int64_t i = first; i < last; i++)                                                 \
					out[index[j] * inner + i] += in[j * inner + i];                                \
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

enum { COLUMNS = 32 };

/* Rows of out; when axis 0 is the indexed one, blocks of columns, each of which goes through the whole index. */
static int64_t units_scatter(const struct op_call *c)
{
	int64_t lines, inner;

	split(c, &lines, &inner);
	return ((const struct axis_attr *)c->attr)->axis == 0 ? (inner + COLUMNS - 1) / COLUMNS : c->out.shape.dim[0];
}

static unsigned rows_scatter(const struct op_call *c)
{
	return ((const struct axis_attr *)c->attr)->axis != 0;
}

static void eval_scatter(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int axis = (int)((const struct axis_attr *)c->attr)->axis;
	int64_t n_in = c->in[0].shape.dim[axis], n_out = c->out.shape.dim[axis], lines, inner, first = 0, last;

	(void)scratch;
	split(c, &lines, &inner);
	last = inner;
	if (axis == 0) {
		first = begin * COLUMNS;
		last = end * COLUMNS < inner ? end * COLUMNS : inner;
		begin = 0;
		end = 1;
	}
	if (c->out.dtype == DTYPE_F64)
		scatter_double((end - begin) * lines, n_in, n_out, inner, first, last,
			       (const double *)c->in[0].data + begin * lines * n_in * inner, c->in[1].data,
			       (double *)c->out.data + begin * lines * n_out * inner);
	else
		scatter_float((end - begin) * lines, n_in, n_out, inner, first, last,
			      (const float *)c->in[0].data + begin * lines * n_in * inner, c->in[1].data,
			      (float *)c->out.data + begin * lines * n_out * inner);
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

static void eval_take(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int last = c->out.shape.rank - 1;
	int64_t n_in = c->in[0].shape.dim[last], n_out = c->out.shape.dim[last], first, rows;
	const int32_t *index = c->in[1].data;

	(void)scratch;
	op_rows_of(c, begin, end, &first, &rows);
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
	op_rows_of(c, begin, end, &first, &rows);
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

/* ---- classes ---- */

#define INDEXED(SHAPE, INDEX, LOW, HIGH, ATTR)                                                                         \
	{                                                                                                              \
		2, { { DTYPE_F64, SHAPE, -1, 1 }, { DTYPE_I32, INDEX, LOW, HIGH } }, ATTR, 0                           \
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
	INDEXED(OP_DIMS(3, 70), OP_DIMS(3), 0, 3, &scatter_0),
};
static const struct size_attr put_size = { 4 };
static const struct op_sample take_samples[] = { INDEXED(OP_DIMS(2, 3, 4), OP_DIMS(2, 3, 6), -1, 3, NULL),
						 INDEXED(OP_DIMS(4), OP_DIMS(3), 0, 3, NULL) };
static const struct op_sample put_samples[] = { INDEXED(OP_DIMS(2, 3, 6), OP_DIMS(2, 3, 6), 0, 4, &put_size) };
static const struct op_class gather = {
	.name = "gather",
	.help = "out[.., j, ..] = a[.., index[j], ..] along one axis",
	.arity = 2,
	.attr_size = sizeof(struct axis_attr),
	.infer = infer_gather,
	.vjp = vjp_gather,
	.jvp = jvp_linear,
	.units = op_units_rows,
	.eval = eval_gather,
	.row_args_for = rows_gather,
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
	.units = units_scatter,
	.eval = eval_scatter,
	.row_args_for = rows_scatter,
	OP_SAMPLES(scatter_samples),
};
static const struct op_class take = {
	.name = "take",
	.help = "out[r, j] = a[r, index[r, j]] along the last axis",
	.arity = 2,
	.infer = infer_take,
	.vjp = vjp_take,
	.jvp = jvp_linear,
	.units = op_units_last,
	.eval = eval_take,
	.row_args_for = op_rows_last,
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
	.units = op_units_last,
	.eval = eval_put,
	.row_args_for = op_rows_last,
	OP_SAMPLES(put_samples),
};
const struct op_class *const op_file_index[] = { &gather, &scatter, &take, &put, NULL };

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

node op_take(struct graph *g, node a, node index)
{
	return op_apply2(g, &take, a, index, NULL);
}
