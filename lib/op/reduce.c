/* reduce.c: sums (the kernel is the graph's own), largest value and running sum along axes. Everything is accumulated
 * in an order fixed by shapes, running sums in double. */
#include <math.h>
#include <string.h>

#include "graph/core.h"
#include "op/rule.h"

#define REAL float
#define NAME(name) name##_f
#include "num/row_fold.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(name) name##_d
#include "num/row_fold.h"
#undef REAL
#undef NAME

struct axes_attr {
	uint32_t axes, keep;
};
struct cumsum_attr {
	int32_t axis, exclusive, reverse;
};

/* ---- max over axes ---- */

static int infer_max(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct axes_attr *a = attr;
	char text[SHAPE_TEXT];

	(void)n_args;
	*out = in[0];
	if (op_check_real(&in[0], e))
		return -1;
	if (a->axes >> in[0].shape.rank)
		return err_set(e, ERR_USAGE, "axes %#x are not all axes of shape %s", (unsigned)a->axes,
			       shape_text(text, &in[0].shape));
	for (int i = in[0].shape.rank; i-- > 0;) {
		if (a->axes >> i & 1 && a->keep)
			out->shape.dim[i] = 1;
		else if (a->axes >> i & 1)
			out->shape = shape_remove(&out->shape, i);
	}
	return 0;
}

/* Axes merged into groups that are all reduced or all kept, outermost first. NaN wins over every number. */
struct groups {
	int n;
	bool reduced[SHAPE_MAX];
	int64_t extent[SHAPE_MAX], in_stride[SHAPE_MAX], out_stride[SHAPE_MAX];
};

static void make_groups(struct groups *s, const struct shape *in, unsigned axes, int64_t rows)
{
	int64_t in_stride = 1, out_stride = 1;

	s->n = 0;
	for (int i = 0; i < in->rank; i++) {
		bool reduced = axes >> i & 1;
		int64_t extent = i == 0 ? rows : in->dim[i];

		if (s->n > 0 && s->reduced[s->n - 1] == reduced) {
			s->extent[s->n - 1] *= extent;
		} else {
			s->reduced[s->n] = reduced;
			s->extent[s->n++] = extent;
		}
	}
	for (int k = s->n; k-- > 0;) {
		s->in_stride[k] = in_stride;
		s->out_stride[k] = s->reduced[k] ? 0 : out_stride;
		in_stride *= s->extent[k];
		out_stride *= s->reduced[k] ? 1 : s->extent[k];
	}
}

#define MAX_KERNEL(REAL, SUFFIX)                                                                                       \
	static void larger_##REAL(const struct groups *s, int k, REAL *out, const REAL *in)                            \
	{                                                                                                              \
		int64_t n = s->extent[k];                                                                              \
                                                                                                                       \
		if (s->n == 2 && k == 0 && s->reduced[1]) {                                                            \
			row_maxima_##SUFFIX(n, s->extent[k + 1], in, out);                                             \
		} else if (k < s->n - 1) {                                                                             \
			for (int64_t i = 0; i < n; i++)                                                                \
				larger_##REAL(s, k + 1, out + i * s->out_stride[k], in + i * s->in_stride[k]);         \
		} else if (s->reduced[k]) {                                                                            \
			const REAL m = row_maximum_##SUFFIX(in, n);                                                    \
                                                                                                                       \
			*out = FOLD_LARGER(m, *out);                                                                   \
		} else {                                                                                               \
			for (int64_t i = 0; i < n; i++)                                                                \
				out[i] = FOLD_LARGER(in[i], out[i]);                                                   \
		}                                                                                                      \
	}                                                                                                              \
	static void max_rows_##REAL(const struct groups *s, int64_t n, REAL *out, const REAL *in)                      \
	{                                                                                                              \
		for (int64_t i = 0; i < n; i++)                                                                        \
			out[i] = (REAL)-INFINITY;                                                                      \
		if (s->n == 0)                                                                                         \
			*out = *in;                                                                                    \
		else                                                                                                   \
			larger_##REAL(s, 0, out, in);                                                                  \
	}
MAX_KERNEL(float, f)
MAX_KERNEL(double, d)

static bool max_by_rows(const struct op_call *c)
{
	return c->in[0].shape.rank > 0 && !(((const struct axes_attr *)c->attr)->axes & 1);
}

static int64_t units_max(const struct op_call *c)
{
	return max_by_rows(c) ? c->out.shape.dim[0] : 1;
}

static unsigned rows_max(const struct op_call *c)
{
	return max_by_rows(c);
}

static void eval_max(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	bool rows = max_by_rows(c);
	int64_t in_row = rows ? op_row_count(&c->in[0]) : 0, out_row = rows ? op_row_count(&c->out) : 0;
	int64_t n = rows ? (end - begin) * out_row : shape_count(&c->out.shape);
	struct groups s;

	(void)scratch;
	make_groups(&s, &c->in[0].shape, ((const struct axes_attr *)c->attr)->axes,
		    rows ? end - begin : c->in[0].shape.dim[0]);
	if (c->out.dtype == DTYPE_F64)
		max_rows_double(&s, n, (double *)c->out.data + begin * out_row,
				(const double *)c->in[0].data + begin * in_row);
	else
		max_rows_float(&s, n, (float *)c->out.data + begin * out_row,
			       (const float *)c->in[0].data + begin * in_row);
}

/* Shape of self with the reduced axes back as 1. */
static struct shape kept_shape(struct graph *g, node self)
{
	unsigned axes = ((const struct axes_attr *)graph_at(g, self)->attr)->axes;
	struct shape s = graph_shape(g, op_arg(g, self, 0));

	for (int i = 0; i < s.rank; i++)
		if (axes >> i & 1)
			s.dim[i] = 1;
	return s;
}

/* The share of each element in its maximum: 1 / (number of equal maxima), 0 elsewhere. */
static node share(struct graph *g, node self, const struct shape *kept)
{
	unsigned axes = ((const struct axes_attr *)graph_at(g, self)->attr)->axes;
	node a = op_arg(g, self, 0);
	node top = op_shift(g, op_neg(g, op_less(g, a, op_reshape(g, self, kept))), 1);

	return op_div(g, top, op_sum(g, top, axes, true));
}

static node vjp_max(struct graph *g, node self, int k, node t)
{
	struct shape kept = kept_shape(g, self);

	(void)k;
	return op_mul(g, share(g, self, &kept), op_reshape(g, t, &kept));
}

static node jvp_max(struct graph *g, node self, int k, node t)
{
	struct axes_attr a = *(const struct axes_attr *)graph_at(g, self)->attr;
	struct shape kept = kept_shape(g, self);

	(void)k;
	return op_sum(g, op_mul(g, share(g, self, &kept), t), a.axes, a.keep);
}

static node simplify_max(struct graph *g, int n_args, const node *arg, const void *attr)
{
	const struct axes_attr *a = attr;
	struct op_shape in = { graph_dtype(g, arg[0]), graph_shape(g, arg[0]) }, out;
	int64_t reduced = 1;

	(void)n_args;
	for (int i = 0; i < in.shape.rank; i++)
		reduced *= a->axes >> i & 1 ? in.shape.dim[i] : 1;
	if (reduced > 1)
		return NODE_NONE;
	infer_max(attr, 1, &in, &out, NULL);
	return op_reshape(g, arg[0], &out.shape);
}

/* ---- running sum ---- */

static int infer_cumsum(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr;
	(void)n_args;
	*out = in[0];
	return op_check_real(&in[0], e);
}

enum { COLUMNS = 128 };

/* n steps of `inner` neighbouring sums, blocks of columns at a time. */
#define CUMSUM_KERNEL(REAL)                                                                                            \
	static void cumsum_##REAL(int64_t n, int64_t inner, bool exclusive, bool reverse, REAL *out, const REAL *in)   \
	{                                                                                                              \
		for (int64_t j0 = 0; j0 < inner; j0 += COLUMNS) {                                                      \
			int width = (int)(inner - j0 < COLUMNS ? inner - j0 : COLUMNS);                                \
			double sum[COLUMNS] = { 0 };                                                                   \
                                                                                                                       \
			for (int64_t i = 0; i < n; i++) {                                                              \
				int64_t at = (reverse ? n - 1 - i : i) * inner + j0;                                   \
                                                                                                                       \
				for (int j = 0; j < width; j++) {                                                      \
					double next = sum[j] + (double)in[at + j];                                     \
                                                                                                                       \
					out[at + j] = (REAL)(exclusive ? sum[j] : next);                               \
					sum[j] = next;                                                                 \
				}                                                                                      \
			}                                                                                              \
		}                                                                                                      \
	}
CUMSUM_KERNEL(float)
CUMSUM_KERNEL(double)

static int64_t units_cumsum(const struct op_call *c)
{
	return ((const struct cumsum_attr *)c->attr)->axis == 0 ? 1 : c->out.shape.dim[0];
}

static unsigned rows_cumsum(const struct op_call *c)
{
	return ((const struct cumsum_attr *)c->attr)->axis != 0;
}

static void eval_cumsum(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct cumsum_attr *a = c->attr;
	const struct shape *s = &c->out.shape;
	int64_t n = s->dim[a->axis], inner = 1, lines = 1, first;

	(void)scratch;
	for (int i = a->axis + 1; i < s->rank; i++)
		inner *= s->dim[i];
	for (int i = 1; i < a->axis; i++)
		lines *= s->dim[i];
	first = begin * lines * n * inner;
	if (a->axis > 0)
		lines *= end - begin;
	for (int64_t i = 0; i < lines; i++, first += n * inner) {
		if (c->out.dtype == DTYPE_F64)
			cumsum_double(n, inner, a->exclusive, a->reverse, (double *)c->out.data + first,
				      (const double *)c->in[0].data + first);
		else
			cumsum_float(n, inner, a->exclusive, a->reverse, (float *)c->out.data + first,
				     (const float *)c->in[0].data + first);
	}
}

static node vjp_cumsum(struct graph *g, node self, int k, node t)
{
	struct cumsum_attr a = *(const struct cumsum_attr *)graph_at(g, self)->attr;

	(void)k;
	return op_cumsum(g, t, a.axis, a.exclusive, !a.reverse);
}

static node jvp_cumsum(struct graph *g, node self, int k, node t)
{
	struct cumsum_attr a = *(const struct cumsum_attr *)graph_at(g, self)->attr;

	(void)k;
	return op_cumsum(g, t, a.axis, a.exclusive, a.reverse);
}

/* ---- classes ---- */

#define ONE(SHAPE, ATTR)                                                                                               \
	{                                                                                                              \
		1, { { DTYPE_F64, SHAPE, -1, 1 } }, ATTR, 0                                                            \
	}

static const struct axes_attr last = { 4, 1 }, first = { 1, 0 }, middle = { 2, 0 }, outer = { 5, 1 }, all = { 7, 0 };
static const struct op_sample max_samples[] = { ONE(OP_DIMS(2, 3, 37), &last), ONE(OP_DIMS(4, 3, 5), &first),
						ONE(OP_DIMS(4, 3, 5), &middle), ONE(OP_DIMS(4, 3, 5), &outer),
						ONE(OP_DIMS(4, 3, 5), &all) };
static const struct cumsum_attr plain = { 1, 0, 0 }, exclusive = { 0, 1, 0 }, backward = { 2, 0, 1 },
				both = { 1, 1, 1 };
static const struct op_sample cumsum_samples[] = { ONE(OP_DIMS(2, 5, 3), &plain), ONE(OP_DIMS(5, 3), &exclusive),
						   ONE(OP_DIMS(2, 3, 5), &backward), ONE(OP_DIMS(2, 5), &both) };

static const struct op_class max_over = { .name = "max_over",
					  .help = "largest value over axes; equal maxima share the slope",
					  .arity = 1,
					  .attr_size = sizeof(struct axes_attr),
					  .infer = infer_max,
					  .vjp = vjp_max,
					  .jvp = jvp_max,
					  .simplify = simplify_max,
					  .units = units_max,
					  .eval = eval_max,
					  .row_args_for = rows_max,
					  OP_SAMPLES(max_samples) };
static const struct op_class cumsum = { .name = "cumsum",
					.help = "sum of all elements up to this one along one axis",
					.arity = 1,
					.attr_size = sizeof(struct cumsum_attr),
					.infer = infer_cumsum,
					.vjp = vjp_cumsum,
					.jvp = jvp_cumsum,
					.units = units_cumsum,
					.eval = eval_cumsum,
					.row_args_for = rows_cumsum,
					OP_SAMPLES(cumsum_samples) };

const struct op_class *const op_file_reduce[] = { &max_over, &cumsum, NULL };

/* ---- builders ---- */

unsigned op_axes(int first_axis, int last_axis)
{
	unsigned mask = 0;

	for (int i = first_axis; i <= last_axis; i++)
		mask |= 1u << i;
	return mask;
}

node op_sum(struct graph *g, node a, unsigned axes, bool keep)
{
	return graph_sum(g, a, axes, keep);
}

node op_mean(struct graph *g, node a, unsigned axes, bool keep)
{
	struct shape s;
	int64_t n = 1;

	if (!op_ready(g, "mean", a))
		return NODE_NONE;
	s = graph_shape(g, a);
	for (int i = 0; i < s.rank; i++)
		n *= axes >> i & 1 ? s.dim[i] : 1;
	return op_scale(g, graph_sum(g, a, axes, keep), 1 / (double)n);
}

node op_sum_all(struct graph *g, node a)
{
	return graph_sum(g, a, op_axes(0, graph_shape(g, a).rank - 1), false);
}

node op_mean_all(struct graph *g, node a)
{
	return op_mean(g, a, op_axes(0, graph_shape(g, a).rank - 1), false);
}

node op_sum_to(struct graph *g, node a, const struct shape *s)
{
	return graph_sum_to(g, a, s);
}

node op_max_over(struct graph *g, node a, unsigned axes, bool keep)
{
	struct axes_attr attr = { axes, keep };

	return op_apply1(g, &max_over, a, &attr);
}

node op_cumsum(struct graph *g, node a, int axis, bool is_exclusive, bool reverse)
{
	struct cumsum_attr attr;

	if (!op_axis(g, "cumsum", a, &axis))
		return NODE_NONE;
	attr = (struct cumsum_attr){ axis, is_exclusive, reverse };
	return op_apply1(g, &cumsum, a, &attr);
}
