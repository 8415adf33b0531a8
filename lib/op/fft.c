/* fft.c: Fourier transforms over the last axes. Forward transforms carry 1/N, inverse ones nothing, so that amplitudes
 * do not depend on the grid. Complex numbers are a last axis of 2. Adjoints in the real inner product: of the forward
 * transform, 1/N times the inverse; of the real ones the same with the weights h_k that the half spectrum gives its
 * modes in irfft, y = sum_k h_k Re(Y_k exp(i k x)): 1 where the last index is 0 or n/2, else 2. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/fft.h"
#include "op/op.h"

struct fft_attr {
	int64_t n_dims;
	int64_t last; /* irfft: extent of the result's last axis; else 0 */
};

static const struct op_class fft_op, ifft_op, rfft_op, irfft_op;

static int check(const struct fft_attr *a, const struct op_shape *in, bool complex, struct err *e)
{
	char text[SHAPE_TEXT];

	if (a->n_dims < 1 || a->n_dims > FFT_DIMS_MAX)
		return err_set(e, ERR_USAGE, "Fourier transform over %lld axes: 1 to %d are possible",
			       (long long)a->n_dims, (int)FFT_DIMS_MAX);
	if (in->dtype == DTYPE_I32 || in->shape.rank < a->n_dims + 1 + complex ||
	    (complex && in->shape.dim[in->shape.rank - 1] != 2))
		return err_set(e, ERR_USAGE, "Fourier transform over %lld axes of %s array %s", (long long)a->n_dims,
			       complex ? "a complex (last axis 2)" : "a real", shape_text(text, &in->shape));
	return 0;
}

static int complex_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)n_args;
	*out = in[0];
	return check(attr, in, true, e);
}

static int real_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	int last = in[0].shape.rank - 1;

	(void)n_args;
	if (check(attr, in, false, e) != 0)
		return -1;
	if (in[0].shape.rank == SHAPE_MAX)
		return err_set(e, ERR_USAGE, "Fourier transform: no axis left for real and imaginary parts");
	*out = in[0];
	out->shape.dim[last] = in[0].shape.dim[last] / 2 + 1;
	out->shape.dim[last + 1] = 2;
	out->shape.rank++;
	return 0;
}

static int back_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct fft_attr *a = attr;
	int last = in[0].shape.rank - 2;

	(void)n_args;
	if (check(a, in, true, e) != 0)
		return -1;
	if (a->last < 1 || a->last / 2 + 1 != in[0].shape.dim[last])
		return err_set(e, ERR_USAGE,
			       "inverse Fourier transform to %lld points: needs %lld modes on the last axis, not %lld",
			       (long long)a->last, (long long)(a->last / 2 + 1), (long long)in[0].shape.dim[last]);
	*out = in[0];
	out->shape = shape_make(last + 1, in[0].shape.dim);
	out->shape.dim[last] = a->last;
	return 0;
}

static int64_t extent(const struct shape *s, int first, int last)
{
	int64_t n = 1;

	for (int i = first; i < last; i++)
		n *= s->dim[i];
	return n;
}

/* Number of points of one transform, from the shape on the side with all of them. */
static int64_t points(const struct shape *s, bool complex, const struct fft_attr *a)
{
	int end = s->rank - complex;

	return extent(s, end - (int)a->n_dims, end);
}

static node push(struct graph *g, node self, int k, node tangent)
{
	const struct graph_node *n = graph_at(g, self);
	struct fft_attr a = *(const struct fft_attr *)n->attr;

	(void)k;
	return graph_apply(g, n->op, 1, &tangent, &a);
}

static node fft_pull(struct graph *g, node self, int k, node cotangent)
{
	const struct graph_node *n = graph_at(g, self);
	struct fft_attr a = *(const struct fft_attr *)n->attr;
	double count = (double)points(&n->shape, true, &a);

	(void)k;
	return op_scale(g, graph_apply(g, &ifft_op, 1, &cotangent, &a), 1.0 / count);
}

static node ifft_pull(struct graph *g, node self, int k, node cotangent)
{
	const struct graph_node *n = graph_at(g, self);
	struct fft_attr a = *(const struct fft_attr *)n->attr;
	double count = (double)points(&n->shape, true, &a);

	(void)k;
	return op_scale(g, graph_apply(g, &fft_op, 1, &cotangent, &a), count);
}

/* h_k or 1/h_k for a last axis of n points, times factor, to be broadcast over (..., n/2+1, 2). */
static node half_weights(struct graph *g, enum dtype type, int64_t n, bool inverse, double factor)
{
	struct shape s = shape_of(n / 2 + 1, 1);
	struct tensor t = tensor_new(type, &s);

	for (int64_t k = 0; k <= n / 2; k++)
		tensor_set(&t, k, factor * (k == 0 || 2 * k == n ? 1.0 : inverse ? 0.5 : 2.0));
	node c = graph_constant(g, &t);

	tensor_free(&t);
	return c;
}

static node rfft_pull(struct graph *g, node self, int k, node cotangent)
{
	node x = graph_at(g, self)->arg[0];
	struct fft_attr a = *(const struct fft_attr *)graph_at(g, self)->attr;
	struct shape s = graph_shape(g, x);
	int64_t n = s.dim[s.rank - 1];
	node h = half_weights(g, graph_dtype(g, x), n, true, 1.0 / (double)points(&s, false, &a));
	node weighted = op_mul(g, cotangent, h);

	(void)k;
	a.last = n;
	return graph_apply(g, &irfft_op, 1, &weighted, &a);
}

static node irfft_pull(struct graph *g, node self, int k, node cotangent)
{
	struct fft_attr a = *(const struct fft_attr *)graph_at(g, self)->attr;
	struct shape s = graph_shape(g, self);
	node h = half_weights(g, graph_dtype(g, self), a.last, false, (double)points(&s, false, &a));

	(void)k;
	a.last = 0;
	return op_mul(g, graph_apply(g, &rfft_op, 1, &cotangent, &a), h);
}

/* Plans of one row of axis 0: all its transforms at once, or, where the transform overwrites its input, one of them. */
struct state {
	struct fft_plan *plan;
	int64_t n_runs, in_step, out_step; /* in numbers */
	bool copies;
	double factor;
};

static void teardown(void *state)
{
	fft_plan_free(((struct state *)state)->plan);
	free(state);
}

static int make_state(const struct op_call *c, enum fft_kind kind, void **state, struct err *e)
{
	const struct fft_attr *a = c->attr;
	bool complex_out = kind != FFT_REAL_BACK;
	const struct shape *in = &c->in[0].shape, *out = &c->out.shape, *all = kind == FFT_REAL ? in : out;
	int end = all->rank - (kind != FFT_REAL && complex_out), n_dims = (int)a->n_dims;
	int64_t batch = extent(all, 1, end - n_dims);
	struct state *s = xcalloc(1, sizeof *s);

	s->copies = kind == FFT_REAL_BACK && n_dims > 1;
	s->n_runs = s->copies ? batch : 1;
	s->in_step = extent(in, end - n_dims, in->rank) * (s->copies ? 1 : batch);
	s->out_step = extent(out, end - n_dims, out->rank) * (s->copies ? 1 : batch);
	s->factor = kind == FFT_FORWARD || kind == FFT_REAL ? 1.0 / (double)extent(all, end - n_dims, end) : 1.0;
	struct fft_shape f =
		fft_contiguous(kind, c->out.dtype == DTYPE_F32, n_dims, all->dim + end - n_dims, s->copies ? 1 : batch);

	s->plan = fft_plan_new(&f, e);
	if (!s->plan) {
		free(s);
		return -1;
	}
	*state = s;
	return 0;
}

static int fft_setup(const struct op_call *c, void **state, struct err *e)
{
	return make_state(c, FFT_FORWARD, state, e);
}

static int ifft_setup(const struct op_call *c, void **state, struct err *e)
{
	return make_state(c, FFT_BACKWARD, state, e);
}

static int rfft_setup(const struct op_call *c, void **state, struct err *e)
{
	return make_state(c, FFT_REAL, state, e);
}

static int irfft_setup(const struct op_call *c, void **state, struct err *e)
{
	return make_state(c, FFT_REAL_BACK, state, e);
}

static int64_t units(const struct op_call *c)
{
	return c->out.shape.dim[0];
}

static size_t irfft_scratch(const struct op_call *c)
{
	const struct shape *s = &c->in[0].shape;
	int n_dims = (int)((const struct fft_attr *)c->attr)->n_dims;

	return n_dims == 1 ? 0 : (size_t)extent(s, s->rank - 1 - n_dims, s->rank) * dtype_size(c->out.dtype);
}

static void scale(enum dtype type, void *data, int64_t n, double factor)
{
	if (type == DTYPE_F64) {
		double *x = data;

		for (int64_t i = 0; i < n; i++)
			x[i] *= factor;
	} else {
		float *x = data, f = (float)factor;

		for (int64_t i = 0; i < n; i++)
			x[i] *= f;
	}
}

static void eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct state *s = c->state;
	size_t size = dtype_size(c->out.dtype), in_bytes = (size_t)s->in_step * size,
	       out_bytes = (size_t)s->out_step * size;

	for (int64_t i = begin * s->n_runs; i < end * s->n_runs; i++) {
		char *in = (char *)c->in[0].data + (size_t)i * in_bytes,
		     *out = (char *)c->out.data + (size_t)i * out_bytes;

		if (s->copies)
			in = memcpy(scratch, in, in_bytes);
		fft_run(s->plan, in, out);
		if (s->factor != 1.0)
			scale(c->out.dtype, out, s->out_step, s->factor);
	}
}

static const struct fft_attr one = { 1, 0 }, two = { 2, 0 }, three = { 3, 0 }, odd_1 = { 1, 5 }, even_1 = { 1, 6 },
			     odd_2 = { 2, 5 }, even_2 = { 2, 4 };

static const struct op_sample complex_samples[] = {
	{ 1, { { DTYPE_F64, { 4, { 2, 2, 5, 2 } }, -1, 1 } }, &one, 0 },
	{ 1, { { DTYPE_F64, { 4, { 2, 3, 4, 2 } }, -1, 1 } }, &two, 0 },
	{ 1, { { DTYPE_F64, { 5, { 1, 2, 3, 2, 2 } }, -1, 1 } }, &three, 0 },
};
static const struct op_sample real_samples[] = {
	{ 1, { { DTYPE_F64, { 3, { 2, 2, 5 } }, -1, 1 } }, &one, 0 },
	{ 1, { { DTYPE_F64, { 2, { 2, 6 } }, -1, 1 } }, &one, 0 },
	{ 1, { { DTYPE_F64, { 3, { 2, 3, 4 } }, -1, 1 } }, &two, 0 },
};
static const struct op_sample back_samples[] = {
	{ 1, { { DTYPE_F64, { 4, { 2, 2, 3, 2 } }, -1, 1 } }, &odd_1, 0 },
	{ 1, { { DTYPE_F64, { 3, { 2, 4, 2 } }, -1, 1 } }, &even_1, 0 },
	{ 1, { { DTYPE_F64, { 5, { 2, 2, 4, 3, 2 } }, -1, 1 } }, &odd_2, 0 },
	{ 1, { { DTYPE_F64, { 4, { 2, 3, 3, 2 } }, -1, 1 } }, &even_2, 0 },
};

#define CLASS(NAME, HELP, INFER, PULL, SCRATCH, SAMPLES)                                                               \
	static const struct op_class NAME##_op = {                                                                     \
		.name = #NAME,                                                                                         \
		.help = HELP,                                                                                          \
		.arity = 1,                                                                                            \
		.attr_size = sizeof(struct fft_attr),                                                                  \
		.infer = INFER,                                                                                        \
		.vjp = PULL,                                                                                           \
		.jvp = push,                                                                                           \
		.units = units,                                                                                        \
		.eval = eval,                                                                                          \
		.scratch_size = SCRATCH,                                                                               \
		.setup = NAME##_setup,                                                                                 \
		.teardown = teardown,                                                                                  \
		.row_args = 1,                                                                                         \
		.n_samples = (int)(sizeof SAMPLES / sizeof *SAMPLES),                                                  \
		.samples = SAMPLES,                                                                                    \
	}
CLASS(fft, "y_k = 1/N sum_j x_j exp(-2 pi i j.k/N)", complex_infer, fft_pull, NULL, complex_samples);
CLASS(ifft, "x_j = sum_k y_k exp(2 pi i j.k/N)", complex_infer, ifft_pull, NULL, complex_samples);
CLASS(rfft, "fft of a real array, half of the last axis", real_infer, rfft_pull, NULL, real_samples);
CLASS(irfft, "x_j = sum_k h_k Re(y_k exp(2 pi i j.k/N)) over the half spectrum", back_infer, irfft_pull, irfft_scratch,
      back_samples);

const struct op_class *const op_file_fft[] = { &fft_op, &ifft_op, &rfft_op, &irfft_op, NULL };

/* The ops need an axis to loop over; an array without one gets it for the while. */
static node apply(struct graph *g, const struct op_class *op, node a, int n_dims, int64_t last)
{
	struct fft_attr attr = { .n_dims = n_dims, .last = last };

	if (graph_error(g))
		return NODE_NONE;
	if (!node_is(a))
		return graph_fail(g, "Fourier transform of no node");
	struct shape s = graph_shape(g, a);

	if (n_dims < 1 || s.rank != n_dims + (op != &rfft_op))
		return graph_apply(g, op, 1, &a, &attr);
	if (s.rank == SHAPE_MAX)
		return graph_fail(g, "Fourier transform over all axes of an array of rank %d", s.rank);
	struct shape lifted = shape_insert(&s, 0, 1);
	node up = op_reshape(g, a, &lifted), y = graph_apply(g, op, 1, &up, &attr);

	if (!node_is(y))
		return NODE_NONE;
	s = graph_shape(g, y);
	s = shape_remove(&s, 0);
	return op_reshape(g, y, &s);
}

node op_fft(struct graph *g, node a, int n_dims)
{
	return apply(g, &fft_op, a, n_dims, 0);
}

node op_ifft(struct graph *g, node a, int n_dims)
{
	return apply(g, &ifft_op, a, n_dims, 0);
}

node op_rfft(struct graph *g, node a, int n_dims)
{
	return apply(g, &rfft_op, a, n_dims, 0);
}

node op_irfft(struct graph *g, node a, int n_dims, int64_t last)
{
	return apply(g, &irfft_op, a, n_dims, last);
}
