/* modes.c: transforms between a grid and its retained Fourier modes, pruned: only what is kept is computed. With few
 * modes a product with a matrix of cosines and sines beats an FFT whose output is mostly thrown away (64 points, 12
 * modes: half the time), and its cost does not jump with the factors of the size; with many modes the last axis goes
 * through the FFT. Planes of 16 x 16 have transforms of their own. The two ops with one attribute (factor per mode 1/N
 * or h_k) are each other's adjoint. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/blas.h"
#include "num/fft.h"
#include "num/wide.h"
#include "op/modes.h"

struct modes_attr {
	int64_t n_dims;
	int64_t half_weights; /* factor h_k instead of 1/N */
	int64_t size[3], modes[3];
};

static const struct op_class to_modes_op, from_modes_op;

static int check(const struct modes_attr *a, struct err *e)
{
	if (a->n_dims < 1 || a->n_dims > 3)
		return err_set(e, ERR_USAGE, "Fourier modes over %lld axes: 1 to 3 are possible", (long long)a->n_dims);
	for (int d = 0; d < a->n_dims; d++) {
		long long n = a->size[d], k = a->modes[d];

		if (n < 1 || k < 1)
			return err_set(e, ERR_USAGE, "%lld Fourier modes of %lld points", k, n);
		if (d < a->n_dims - 1 && k % 2 != 0)
			return err_set(e, ERR_USAGE, "%lld Fourier modes on axis %d: centred modes are even in number",
				       k, d);
		if (d < a->n_dims - 1 && k > n)
			return err_set(e, ERR_USAGE,
				       "modes %lld .. %lld overlap on axis %d of %lld points: at most %lld", -k / 2,
				       k / 2 - 1, d, n, n / 2);
		if (d == a->n_dims - 1 && k > n / 2 + 1)
			return err_set(e, ERR_USAGE, "modes 0 .. %lld on the last axis of %lld points: at most %lld",
				       k - 1, n, n / 2 + 1);
	}
	return 0;
}

static int to_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct modes_attr *a = attr;
	char text[SHAPE_TEXT];

	(void)n_args;
	if (check(a, e) != 0)
		return -1;
	if (in[0].dtype == DTYPE_I32 || in[0].shape.rank != a->n_dims + 2 ||
	    memcmp(in[0].shape.dim + 2, a->size, (size_t)a->n_dims * sizeof *a->size) != 0)
		return err_set(e, ERR_USAGE, "Fourier modes of an array %s", shape_text(text, &in[0].shape));
	*out = in[0];
	out->shape.rank = (int)a->n_dims + 3;
	out->shape.dim[2] = 2;
	memcpy(out->shape.dim + 3, a->modes, (size_t)a->n_dims * sizeof *a->modes);
	return 0;
}

static int from_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct modes_attr *a = attr;
	char text[SHAPE_TEXT];

	(void)n_args;
	if (check(a, e) != 0)
		return -1;
	if (in[0].dtype == DTYPE_I32 || in[0].shape.rank != a->n_dims + 3 || in[0].shape.dim[2] != 2 ||
	    memcmp(in[0].shape.dim + 3, a->modes, (size_t)a->n_dims * sizeof *a->modes) != 0)
		return err_set(e, ERR_USAGE, "field from Fourier modes %s", shape_text(text, &in[0].shape));
	*out = in[0];
	out->shape = shape_make((int)a->n_dims + 2, in[0].shape.dim);
	memcpy(out->shape.dim + 2, a->size, (size_t)a->n_dims * sizeof *a->size);
	return 0;
}

static node push(struct graph *g, node self, int k, node tangent)
{
	const struct graph_node *n = graph_at(g, self);
	struct modes_attr a = *(const struct modes_attr *)n->attr;

	(void)k;
	return graph_apply(g, n->op, 1, &tangent, &a);
}

static node pull(struct graph *g, node self, const struct op_class *adjoint, node cotangent)
{
	struct modes_attr a = *(const struct modes_attr *)graph_at(g, self)->attr;

	return graph_apply(g, adjoint, 1, &cotangent, &a);
}

static node to_pull(struct graph *g, node self, int k, node cotangent)
{
	(void)k;
	return pull(g, self, &from_modes_op, cotangent);
}

static node from_pull(struct graph *g, node self, int k, node cotangent)
{
	(void)k;
	return pull(g, self, &to_modes_op, cotangent);
}

/* What setup makes. Matrices are in the array's type. */
struct tables {
	struct modes_attr a;
	int64_t n_points, n_modes; /* of one channel */
	int64_t beside;		   /* planes transformed side by side */
	int64_t n_planes;	   /* numbers of scratch for them */
	int64_t n_scratch;	   /* numbers of scratch before the line's spectrum */
	bool sixteen;		   /* planes are 16 x 16 */
	bool is_long;		   /* few modes of long lines */
	struct fft_plan *plan;	   /* of a line of the last axis, where that is faster */
	/* n x 2m, or 2m x n for the way back: [cos | -sin] with the factor; with a plan, and of sixteen, the factors;
	 * of long lines cos and sin of k times points 0 .. n/16 - 1 with the factor */
	void *last;
	/* cos of k = 0..M and j = 0..n/2, (M + 1) x (n/2 + 1), then sin of k = 1..M and the other j, which stand for
	 * -j, M x (n - n/2 - 1); each turned around for the way back */
	void *axis[2];
};

static void tables_free(void *state)
{
	struct tables *t = state;

	fft_plan_free(t->plan);
	free(t->last);
	free(t->axis[0]);
	free(t->axis[1]);
	free(t);
}

static void put(void *at, enum dtype type, int64_t i, double value)
{
	if (type == DTYPE_F64)
		((double *)at)[i] = value;
	else
		((float *)at)[i] = (float)value;
}

/* cos and sin of 2 pi k j / n, exact at multiples of a quarter turn. */
static double cosine(int64_t k, int64_t j, int64_t n)
{
	int64_t phase = 4 * (k * j % n);

	return phase % n == 0 ? (const double[]){ 1, 0, -1, 0 }[phase / n]
			      : cos(1.57079632679489661923 * (double)phase / (double)n);
}

static double sine(int64_t k, int64_t j, int64_t n)
{
	int64_t phase = 4 * (k * j % n);

	return phase % n == 0 ? (const double[]){ 0, 1, 0, -1 }[phase / n]
			      : sin(1.57079632679489661923 * (double)phase / (double)n);
}

/* Planes that fill a few vectors of the widest kind: rows of one are shorter than a tile of a product is wide. */
static int64_t planes_beside(const struct modes_attr *a)
{
	int64_t width = 2 * a->modes[a->n_dims - 1];

	return width < 64 ? 64 / width : 1;
}

/* Lines of planes transformed along the last axis, products with the cosine and sine rows. */
static int64_t plane_numbers(const struct modes_attr *a)
{
	int64_t d = a->n_dims - 2;

	return d < 0 ? 0 : (a->size[d] + a->modes[d] + 1) * planes_beside(a) * 2 * a->modes[d + 1];
}

/* In 3D one channel's partly transformed field and its row products besides. */
static int64_t scratch_numbers(const struct modes_attr *a)
{
	int64_t n = plane_numbers(a);

	if (a->n_dims == 3)
		n += (a->size[0] + a->modes[0] + 1) * a->modes[1] * 2 * a->modes[2];
	return (n + 15) / 16 * 16;
}

/* Measured on an AVX2 machine: 2 n m products against some n log n; the balance lies near m = 3 log2 n. */
static bool through_fft(const struct modes_attr *a)
{
	int64_t n = a->size[a->n_dims - 1], bits = 0;

	while (n >> (bits + 1))
		bits++;
	return a->modes[a->n_dims - 1] > 3 * bits + 4;
}

static bool by_sixteen(const struct modes_attr *a)
{
	const int last = (int)a->n_dims - 1;

	return last > 0 && a->size[last] == 16 && a->size[last - 1] == 16 && a->modes[last] <= 8;
}

static bool by_pieces(const struct modes_attr *a)
{
	return a->size[a->n_dims - 1] % 256 == 0 && a->modes[a->n_dims - 1] <= 16;
}

static int make_tables(const struct op_call *c, bool back, void **state, struct err *e)
{
	struct tables *t = xcalloc(1, sizeof *t);
	const struct modes_attr *a = &t->a;
	enum dtype type = c->out.dtype;
	int last = 0;

	t->a = *(const struct modes_attr *)c->attr;
	t->n_points = t->n_modes = 1;
	for (int d = 0; d < a->n_dims; d++) {
		t->n_points *= a->size[d];
		t->n_modes *= a->modes[d];
	}
	for (; last < a->n_dims - 1; last++) {
		int64_t n = a->size[last], top = a->modes[last] / 2, even = n / 2 + 1, odd = n - even;

		t->axis[last] = mem_new((top + 1) * even + top * odd, dtype_size(type), "Fourier matrix", e);
		if (!t->axis[last])
			goto fail;
		for (int64_t k = 0; k <= top; k++)
			for (int64_t j = 0; j < even; j++)
				put(t->axis[last], type, back ? j * (top + 1) + k : k * even + j, cosine(k, j, n));
		for (int64_t k = 0; k < top; k++)
			for (int64_t j = 0; j < odd; j++)
				put(t->axis[last], type, (top + 1) * even + (back ? j * top + k : k * odd + j),
				    sine(k + 1, odd - j, n));
	}
	int64_t n = a->size[last], m = a->modes[last];
	bool fft = through_fft(a);

	t->beside = planes_beside(a);
	t->n_planes = plane_numbers(a);
	t->n_scratch = scratch_numbers(a);
	t->sixteen = by_sixteen(a);
	t->is_long = by_pieces(a);
	t->last = mem_new(fft ? m : 2 * m * n, dtype_size(type), "Fourier matrix", e);
	if (!t->last)
		goto fail;
	for (int64_t k = 0; k < m; k++) {
		double half = k == 0 || 2 * k == n ? 1.0 : 2.0,
		       factor = a->half_weights ? half : 1.0 / (double)t->n_points;

		if (fft) /* the transform back has the weights h_k in it */
			put(t->last, type, k, back ? factor / half : factor);
		if (t->sixteen)
			put(t->last, type, k, factor);
		for (int64_t j = 0; j < n / 16 && t->is_long; j++) {
			put(t->last, type, 2 * k * (n / 16) + j, factor * cosine(k, j, n));
			put(t->last, type, (2 * k + 1) * (n / 16) + j, factor * sine(k, j, n));
		}
		for (int64_t j = 0; j < n && !fft && !t->sixteen && !t->is_long; j++) {
			put(t->last, type, back ? k * n + j : j * 2 * m + k, factor * cosine(k, j, n));
			put(t->last, type, back ? (m + k) * n + j : j * 2 * m + m + k, -factor * sine(k, j, n));
		}
	}
	if (fft) {
		struct fft_shape line = fft_contiguous(back ? FFT_REAL_BACK : FFT_REAL, type == DTYPE_F32, 1, &n, 1);

		t->plan = fft_plan_new(&line, e);
		if (!t->plan)
			goto fail;
	}
	*state = t;
	return 0;
fail:
	tables_free(t);
	return -1;
}

static int to_setup(const struct op_call *c, void **state, struct err *e)
{
	return make_tables(c, false, state, e);
}

static int from_setup(const struct op_call *c, void **state, struct err *e)
{
	return make_tables(c, true, state, e);
}

static size_t scratch_size(const struct op_call *c)
{
	const struct modes_attr *a = c->attr;
	int64_t n = a->size[a->n_dims - 1], spectrum = through_fft(a) ? 2 * (n / 2 + 1) : by_pieces(a) ? n : 0;

	return (size_t)(scratch_numbers(a) + spectrum) * dtype_size(c->out.dtype);
}

static int64_t units(const struct op_call *c)
{
	return c->out.shape.dim[0];
}

#define REAL float
#define NAME(x) x##_f
#include "op/modes_sixteen.h"
#include "op/modes_lines.h"
#include "op/modes_kernel.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) x##_d
#include "op/modes_sixteen.h"
#include "op/modes_lines.h"
#include "op/modes_kernel.h"
#undef REAL
#undef NAME

static void to_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int64_t channels = c->out.shape.dim[1];

	if (c->out.dtype == DTYPE_F64)
		to_modes_d(c->state, begin * channels, (end - begin) * channels, channels, c->in[0].data, c->out.data,
			   scratch);
	else
		to_modes_f(c->state, begin * channels, (end - begin) * channels, channels, c->in[0].data, c->out.data,
			   scratch);
}

static void from_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int64_t channels = c->out.shape.dim[1];

	if (c->out.dtype == DTYPE_F64)
		from_modes_d(c->state, begin * channels, (end - begin) * channels, channels, c->in[0].data, c->out.data,
			     scratch);
	else
		from_modes_f(c->state, begin * channels, (end - begin) * channels, channels, c->in[0].data, c->out.data,
			     scratch);
}

static const struct modes_attr sample_1 = { 1, 0, { 8 }, { 5 } }, sample_1h = { 1, 1, { 7 }, { 3 } },
			       sample_2 = { 2, 0, { 6, 6 }, { 4, 4 } }, sample_2h = { 2, 1, { 4, 5 }, { 4, 2 } },
			       sample_3 = { 3, 0, { 4, 5, 4 }, { 2, 4, 3 } };

static const struct op_sample to_samples[] = {
	{ 1, { { DTYPE_F64, { 3, { 2, 3, 8 } }, -1, 1 } }, &sample_1, 0 },
	{ 1, { { DTYPE_F64, { 3, { 2, 1, 7 } }, -1, 1 } }, &sample_1h, 0 },
	{ 1, { { DTYPE_F64, { 4, { 2, 1, 6, 6 } }, -1, 1 } }, &sample_2, 0 },
	{ 1, { { DTYPE_F64, { 4, { 1, 2, 4, 5 } }, -1, 1 } }, &sample_2h, 0 },
	{ 1, { { DTYPE_F64, { 5, { 1, 1, 4, 5, 4 } }, -1, 1 } }, &sample_3, 0 },
};
static const struct op_sample from_samples[] = {
	{ 1, { { DTYPE_F64, { 4, { 2, 3, 2, 5 } }, -1, 1 } }, &sample_1, 0 },
	{ 1, { { DTYPE_F64, { 4, { 2, 1, 2, 3 } }, -1, 1 } }, &sample_1h, 0 },
	{ 1, { { DTYPE_F64, { 5, { 2, 1, 2, 4, 4 } }, -1, 1 } }, &sample_2, 0 },
	{ 1, { { DTYPE_F64, { 5, { 1, 2, 2, 4, 2 } }, -1, 1 } }, &sample_2h, 0 },
	{ 1, { { DTYPE_F64, { 6, { 1, 1, 2, 2, 4, 3 } }, -1, 1 } }, &sample_3, 0 },
};

static const struct op_class to_modes_op = {
	.name = "to_modes",
	.help = "X_k = s_k sum_j x_j exp(-2 pi i k.j/N) on retained modes, s_k = 1/N or h_k",
	.arity = 1,
	.attr_size = sizeof(struct modes_attr),
	.infer = to_infer,
	.vjp = to_pull,
	.jvp = push,
	.units = units,
	.eval = to_eval,
	.scratch_size = scratch_size,
	.setup = to_setup,
	.teardown = tables_free,
	.row_args = 1,
	.n_samples = 5,
	.samples = to_samples,
};

static const struct op_class from_modes_op = {
	.name = "from_modes",
	.help = "y_j = sum_k s_k Re(Y_k exp(2 pi i k.j/N)) over retained modes, s_k = h_k or 1/N",
	.arity = 1,
	.attr_size = sizeof(struct modes_attr),
	.infer = from_infer,
	.vjp = from_pull,
	.jvp = push,
	.units = units,
	.eval = from_eval,
	.scratch_size = scratch_size,
	.setup = from_setup,
	.teardown = tables_free,
	.row_args = 1,
	.n_samples = 5,
	.samples = from_samples,
};

const struct op_class *const op_file_modes[] = { &to_modes_op, &from_modes_op, NULL };

static struct modes_attr attr_of(int n_dims, bool half, const int64_t *size, const int64_t *modes)
{
	struct modes_attr a = { .n_dims = n_dims, .half_weights = half };

	for (int d = 0; d < n_dims && d < 3; d++) {
		a.size[d] = size[d];
		a.modes[d] = modes[d];
	}
	return a;
}

node op_to_modes(struct graph *g, node x, int n_dims, const int64_t *modes)
{
	if (graph_error(g))
		return NODE_NONE;
	if (!node_is(x))
		return graph_fail(g, "Fourier modes of no node");
	struct shape s = graph_shape(g, x);
	struct modes_attr a = attr_of(n_dims, false, s.dim + 2, modes);

	return graph_apply(g, &to_modes_op, 1, &x, &a);
}

node op_from_modes(struct graph *g, node y, int n_dims, const int64_t *size)
{
	if (graph_error(g))
		return NODE_NONE;
	if (!node_is(y))
		return graph_fail(g, "field from Fourier modes of no node");
	struct shape s = graph_shape(g, y);
	struct modes_attr a = attr_of(n_dims, true, size, s.dim + 3);

	return graph_apply(g, &from_modes_op, 1, &y, &a);
}
