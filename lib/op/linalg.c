/* linalg.c: small dense linear algebra on batches of matrices (the last two axes), in double whatever the arrays' type.
 * Derivatives follow Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
 * differentiation" (2008), and Murray, "Differentiation of the Cholesky decomposition" (2016), written in ops. */
#include <math.h>
#include <string.h>

#include "num/lapack.h"
#include "op/rule.h"

struct cholesky_attr {
	double shift; /* of the diagonal */
};

struct triangular_attr {
	int64_t transpose;
};

static const struct op_class solve_op, cholesky_op, triangular_op, log_det_op;

/* shapes */

static bool square(const struct shape *s)
{
	return s->rank >= 2 && s->dim[s->rank - 1] == s->dim[s->rank - 2];
}

static int matrix_infer(const char *what, const struct op_shape *in, struct err *e)
{
	char text[SHAPE_TEXT];

	if (in[0].dtype == DTYPE_I32 || !square(&in[0].shape))
		return err_set(e, ERR_USAGE, "%s of square matrices, not of %s %s", what, dtype_name(in[0].dtype),
			       shape_text(text, &in[0].shape));
	return 0;
}

/* (..., n, n) and (..., n, m) with the same leading axes. */
static int system_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct shape *a = &in[0].shape, *b = &in[1].shape;
	char a_text[SHAPE_TEXT], b_text[SHAPE_TEXT];

	(void)attr;
	(void)n_args;
	if (in[0].dtype == DTYPE_I32 || in[0].dtype != in[1].dtype || !square(a) || b->rank != a->rank ||
	    memcmp(a->dim, b->dim, (size_t)(a->rank - 1) * sizeof *a->dim) != 0)
		return err_set(e, ERR_USAGE, "linear system of matrices %s %s and right-hand sides %s %s",
			       dtype_name(in[0].dtype), shape_text(a_text, a), dtype_name(in[1].dtype),
			       shape_text(b_text, b));
	*out = in[1];
	return 0;
}

static int cholesky_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr;
	(void)n_args;
	*out = in[0];
	return matrix_infer("Cholesky factor", in, e);
}

static int log_det_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr;
	(void)n_args;
	if (matrix_infer("determinant", in, e) != 0)
		return -1;
	*out = in[0];
	out->shape = shape_make(in[0].shape.rank - 2, in[0].shape.dim);
	return 0;
}

/* derivatives */

static node transposed(struct graph *g, node a)
{
	int axis[SHAPE_MAX];
	struct shape s = graph_shape(g, a);

	for (int i = 0; i < s.rank; i++)
		axis[i] = i;
	axis[s.rank - 1] = s.rank - 2;
	axis[s.rank - 2] = s.rank - 1;
	return op_permute(g, a, axis);
}

/* A constant n x n matrix with the given values above, on and below the diagonal. */
static node pattern(struct graph *g, enum dtype type, int64_t n, double above, double on, double below)
{
	struct shape s = shape_of(n, n);
	struct tensor t = tensor_new(type, &s);

	for (int64_t i = 0; i < n * n; i++)
		tensor_set(&t, i, i % n > i / n ? above : i % n == i / n ? on : below);
	node c = graph_constant(g, &t);

	tensor_free(&t);
	return c;
}

/* The matrices a masked entry by entry. */
static node masked(struct graph *g, node a, double above, double on, double below)
{
	struct shape s = graph_shape(g, a);

	return op_mul(g, a, pattern(g, graph_dtype(g, a), s.dim[s.rank - 1], above, on, below));
}

static node symmetric(struct graph *g, node a)
{
	return op_scale(g, graph_add(g, a, transposed(g, a)), 0.5);
}

/* a x = b: a dx = db - da x */
static node solve_push(struct graph *g, node self, int k, node tangent)
{
	node a = op_arg(g, self, 0);

	return k == 1 ? op_solve(g, a, tangent) : op_neg(g, op_solve(g, a, op_matmul(g, tangent, self)));
}

static node solve_pull(struct graph *g, node self, int k, node cotangent)
{
	node b_bar = op_solve(g, transposed(g, op_arg(g, self, 0)), cotangent);

	return k == 1 ? b_bar : op_neg(g, op_matmul(g, b_bar, transposed(g, self)));
}

static node triangular(struct graph *g, node l, node b, bool transpose)
{
	struct triangular_attr attr = { transpose };

	return op_apply2(g, &triangular_op, l, b, &attr);
}

static bool is_transposed(struct graph *g, node self)
{
	return ((const struct triangular_attr *)graph_at(g, self)->attr)->transpose != 0;
}

static node triangular_push(struct graph *g, node self, int k, node tangent)
{
	node l = op_arg(g, self, 0);
	bool t = is_transposed(g, self);

	if (k == 1)
		return triangular(g, l, tangent, t);
	node lower = masked(g, tangent, 0, 1, 1);

	return op_neg(g, triangular(g, l, op_matmul(g, t ? transposed(g, lower) : lower, self), t));
}

static node triangular_pull(struct graph *g, node self, int k, node cotangent)
{
	bool t = is_transposed(g, self);
	node b_bar = triangular(g, op_arg(g, self, 0), cotangent, !t);

	if (k == 1)
		return b_bar;
	node product = t ? op_matmul(g, self, transposed(g, b_bar)) : op_matmul(g, b_bar, transposed(g, self));

	return op_neg(g, masked(g, product, 0, 1, 1));
}

/* dL = L Phi(L^-1 dA L^-T), Phi: lower triangle with half the diagonal. */
static node cholesky_push(struct graph *g, node self, int k, node tangent)
{
	node half = triangular(g, self, symmetric(g, tangent), false);
	node inner = triangular(g, self, transposed(g, half), false);

	(void)k;
	return op_matmul(g, self, masked(g, inner, 0, 0.5, 1));
}

/* A-bar = symmetric part of L^-T Phi(L^T L-bar) L^-1 */
static node cholesky_pull(struct graph *g, node self, int k, node cotangent)
{
	node phi = masked(g, op_matmul(g, transposed(g, self), masked(g, cotangent, 0, 1, 1)), 0, 0.5, 1);
	node half = triangular(g, self, phi, true);

	(void)k;
	return symmetric(g, transposed(g, triangular(g, self, transposed(g, half), true)));
}

/* d log|det a| = trace(a^-1 da) */
static node log_det_push(struct graph *g, node self, int k, node tangent)
{
	node product = op_solve(g, op_arg(g, self, 0), tangent);
	int rank = graph_shape(g, product).rank;

	(void)k;
	return op_sum(g, masked(g, product, 0, 1, 0), op_axes(rank - 2, rank - 1), false);
}

static node log_det_pull(struct graph *g, node self, int k, node cotangent)
{
	node a = op_arg(g, self, 0);
	struct shape s = graph_shape(g, a), c = s;
	node one = op_broadcast(g, pattern(g, graph_dtype(g, a), s.dim[s.rank - 1], 0, 1, 0), &s);

	(void)k;
	c.dim[c.rank - 1] = c.dim[c.rank - 2] = 1;
	return op_mul(g, op_solve(g, transposed(g, a), one), op_reshape(g, cotangent, &c));
}

/* kernels: one matrix at a time, through double in scratch */

static int64_t matrices(const struct op_call *c)
{
	int64_t n = 1;

	for (int i = 0; i < c->in[0].shape.rank - 2; i++)
		n *= c->in[0].shape.dim[i];
	return n;
}

static int64_t order(const struct op_call *c)
{
	return c->in[0].shape.dim[c->in[0].shape.rank - 1];
}

static int64_t right_sides(const struct op_call *c)
{
	return c->in[1].shape.dim[c->in[1].shape.rank - 1];
}

static void load(const struct tensor *t, int64_t index, int64_t n, double *to)
{
	const char *from = (const char *)t->data + (size_t)(index * n) * dtype_size(t->dtype);

	tensor_convert(t->dtype, from, DTYPE_F64, to, n);
}

/* Store, or all NaN after a failure. */
static void store(const struct tensor *t, int64_t index, int64_t n, double *from, bool failed)
{
	char *to = (char *)t->data + (size_t)(index * n) * dtype_size(t->dtype);

	for (int64_t i = 0; failed && i < n; i++)
		from[i] = NAN;
	tensor_convert(DTYPE_F64, from, t->dtype, to, n);
}

static size_t scratch_size(const struct op_call *c)
{
	int64_t n = order(c), m = c->n_args > 1 ? right_sides(c) : 0;

	return (size_t)(n * n + n * m) * sizeof(double) + (size_t)n * sizeof(int);
}

static void solve_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int64_t n = order(c), m = right_sides(c);
	double *a = scratch, *b = a + n * n;
	int *pivot = (int *)(b + n * m);

	for (int64_t i = begin; i < end; i++) {
		load(&c->in[0], i, n * n, a);
		load(&c->in[1], i, n * m, b);
		bool failed = num_lu(n, a, pivot) != 0 || num_lu_solve(false, n, m, a, pivot, b) != 0;

		store(&c->out, i, n * m, b, failed);
	}
}

static void triangular_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	bool transpose = ((const struct triangular_attr *)c->attr)->transpose != 0;
	int64_t n = order(c), m = right_sides(c);
	double *l = scratch, *b = l + n * n;

	for (int64_t i = begin; i < end; i++) {
		load(&c->in[0], i, n * n, l);
		load(&c->in[1], i, n * m, b);
		store(&c->out, i, n * m, b, num_solve_triangular(false, transpose, n, m, l, b) != 0);
	}
}

static void cholesky_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	double shift = ((const struct cholesky_attr *)c->attr)->shift, *a = scratch;
	int64_t n = order(c);

	for (int64_t i = begin; i < end; i++) {
		load(&c->in[0], i, n * n, a);
		for (int64_t row = 0; row < n; row++) {
			a[row * n + row] += shift;
			for (int64_t col = 0; col < row; col++)
				a[row * n + col] = 0.5 * (a[row * n + col] + a[col * n + row]);
		}
		store(&c->out, i, n * n, a, num_cholesky(n, a) != 0);
	}
}

static void log_det_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int64_t n = order(c);
	double *a = scratch;
	int *pivot = (int *)(a + n * n);

	for (int64_t i = begin; i < end; i++) {
		double sum = 0;

		load(&c->in[0], i, n * n, a);
		bool failed = num_lu(n, a, pivot) != 0;

		for (int64_t k = 0; k < n; k++)
			sum += log(fabs(a[k * n + k]));
		store(&c->out, i, 1, &sum, failed);
	}
}

/* The rows of axis 0 when that is the only batch axis; any batch is split matrix by matrix. */
static unsigned system_rows(const struct op_call *c)
{
	return c->in[0].shape.rank == 3 ? 3 : 0;
}

static unsigned matrix_rows(const struct op_call *c)
{
	return c->in[0].shape.rank == 3 ? 1 : 0;
}

static const struct cholesky_attr sample_shift = { 5 };
static const struct triangular_attr forward = { 0 }, backward = { 1 };
static const struct op_sample solve_samples[] = {
	{ 2, { { DTYPE_F64, { 3, { 2, 3, 3 } }, -1, 1 }, { DTYPE_F64, { 3, { 2, 3, 2 } }, -1, 1 } }, NULL, 1e-5 },
	{ 2, { { DTYPE_F64, { 2, { 2, 2 } }, -1, 1 }, { DTYPE_F64, { 2, { 2, 1 } }, -1, 1 } }, NULL, 1e-5 },
};
static const struct op_sample cholesky_samples[] = {
	{ 1, { { DTYPE_F64, { 3, { 2, 4, 4 } }, -1, 1 } }, &sample_shift, 0 },
};
static const struct op_sample triangular_samples[] = {
	{ 2, { { DTYPE_F64, { 3, { 2, 3, 3 } }, 1, 2 }, { DTYPE_F64, { 3, { 2, 3, 2 } }, -1, 1 } }, &forward, 0 },
	{ 2, { { DTYPE_F64, { 2, { 3, 3 } }, 1, 2 }, { DTYPE_F64, { 2, { 3, 2 } }, -1, 1 } }, &backward, 0 },
};
static const struct op_sample log_det_samples[] = {
	{ 1, { { DTYPE_F64, { 3, { 2, 3, 3 } }, -1, 1 } }, NULL, 1e-5 },
};

static const struct op_class solve_op = {
	.name = "solve",
	.help = "x with a x = b",
	.arity = 2,
	.infer = system_infer,
	.vjp = solve_pull,
	.jvp = solve_push,
	.units = matrices,
	.eval = solve_eval,
	.scratch_size = scratch_size,
	.row_args_for = system_rows,
	.n_samples = 2,
	.samples = solve_samples,
};

static const struct op_class cholesky_op = {
	.name = "cholesky",
	.help = "lower L with L L^T = (a + a^T)/2 + shift I",
	.arity = 1,
	.attr_size = sizeof(struct cholesky_attr),
	.infer = cholesky_infer,
	.vjp = cholesky_pull,
	.jvp = cholesky_push,
	.units = matrices,
	.eval = cholesky_eval,
	.scratch_size = scratch_size,
	.row_args_for = matrix_rows,
	.n_samples = 1,
	.samples = cholesky_samples,
};

static const struct op_class triangular_op = {
	.name = "solve_triangular",
	.help = "x with L x = b or L^T x = b, L the lower triangle",
	.arity = 2,
	.attr_size = sizeof(struct triangular_attr),
	.infer = system_infer,
	.vjp = triangular_pull,
	.jvp = triangular_push,
	.units = matrices,
	.eval = triangular_eval,
	.scratch_size = scratch_size,
	.row_args_for = system_rows,
	.n_samples = 2,
	.samples = triangular_samples,
};

static const struct op_class log_det_op = {
	.name = "log_det",
	.help = "log |det a|",
	.arity = 1,
	.infer = log_det_infer,
	.vjp = log_det_pull,
	.jvp = log_det_push,
	.units = matrices,
	.eval = log_det_eval,
	.scratch_size = scratch_size,
	.row_args_for = matrix_rows,
	.n_samples = 1,
	.samples = log_det_samples,
};

const struct op_class *const op_file_linalg[] = { &solve_op, &cholesky_op, &triangular_op, &log_det_op, NULL };

node op_solve(struct graph *g, node a, node b)
{
	return op_apply2(g, &solve_op, a, b, NULL);
}

node op_cholesky(struct graph *g, node a)
{
	struct cholesky_attr attr = { 0 };

	return op_apply1(g, &cholesky_op, a, &attr);
}

node op_solve_triangular(struct graph *g, node l, node b, bool transpose)
{
	return triangular(g, l, b, transpose);
}

node op_log_det(struct graph *g, node a)
{
	return op_apply1(g, &log_det_op, a, NULL);
}
