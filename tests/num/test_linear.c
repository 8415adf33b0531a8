/* test_linear.c: products against plain sums; factorisations, eigenvalues and solvers against residuals and closed
 * forms. */
#include <cblas.h>
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "num/blas.h"
#include "num/lapack.h"
#include "num/sparse.h"

static double *random_matrix(int64_t m, int64_t n, uint64_t sample)
{
	double *a = malloc((size_t)(m * n) * sizeof *a);

	rng_normal(rng_stream(9, "matrix", 0, sample), 0, (size_t)(m * n), a);
	return a;
}

static double *copy(const double *a, int64_t n)
{
	return memcpy(malloc((size_t)n * sizeof *a), a, (size_t)n * sizeof *a);
}

/* A processor that OpenBLAS does not know is not left with kernels from before it had vectors of 32 bytes. */
START_TEST(blas_kernels)
{
	num_setup();
#if defined __x86_64__ && defined __GNUC__
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && !getenv("OPENBLAS_CORETYPE"))
		ck_assert_str_ne(openblas_get_corename(), "Prescott");
#endif
}
END_TEST

/* max |op(A) op(B) - C| for matrices without gaps */
static double product_error(bool ta, bool tb, int64_t m, int64_t n, int64_t k, const double *a, const double *b,
			    const double *c)
{
	double worst = 0;

	for (int64_t i = 0; i < m; i++)
		for (int64_t j = 0; j < n; j++) {
			double sum = 0;

			for (int64_t p = 0; p < k; p++)
				sum += (ta ? a[p * m + i] : a[i * k + p]) * (tb ? b[j * k + p] : b[p * n + j]);
			worst = fmax(worst, fabs(sum - c[i * n + j]));
		}
	return worst;
}

static void check_gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, double beta)
{
	int64_t lda = (ta ? m : k) * (m == 150 ? 3 : 1) + 2, ldb = (tb ? k : n) + 1, ldc = n + 3;
	int64_t na = (ta ? k : m) * lda, nb = (tb ? n : k) * ldb, nc = m * ldc;
	double *a = random_matrix(1, na + 1, 1), *b = random_matrix(1, nb + 1, 2), *c = random_matrix(1, nc + 1, 3);
	float *fa = malloc((size_t)(na + 1) * sizeof *fa), *fb = malloc((size_t)(nb + 1) * sizeof *fb),
	      *fc = malloc((size_t)(nc + 1) * sizeof *fc);
	double *c0 = copy(c, nc + 1);

	for (int64_t i = 0; i < nc; i++) {
		if (beta == 0 && i % ldc < n)
			c[i] = NAN; /* must not be read */
		fc[i] = (float)c[i];
	}
	for (int64_t i = 0; i < na; i++)
		fa[i] = (float)a[i];
	for (int64_t i = 0; i < nb; i++)
		fb[i] = (float)b[i];
	num_gemm_d(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
	num_gemm_f(ta, tb, m, n, k, (float)alpha, fa, lda, fb, ldb, (float)beta, fc, ldc);
	for (int64_t i = 0; i < m; i++)
		for (int64_t j = 0; j < ldc; j++) {
			double want = c0[i * ldc + j], size = fabs(want);

			if (j < n) {
				want = beta == 0 ? 0 : beta * want;
				for (int64_t p = 0; p < k; p++) {
					double x = ta ? a[p * lda + i] : a[i * lda + p],
					       y = tb ? b[j * ldb + p] : b[p * ldb + j];

					want += alpha * x * y;
					size += fabs(alpha * x * y);
				}
			}
			ck_assert_double_eq_tol(c[i * ldc + j], want, 1e-14 * size);
			ck_assert_double_eq_tol(fc[i * ldc + j], want, 2e-6 * size);
		}
	free(a);
	free(b);
	free(c);
	free(c0);
	free(fa);
	free(fb);
	free(fc);
}

START_TEST(gemm)
{
	static const int64_t extent[][3] = { { 1, 1, 1 },
					     { 3, 4, 5 },
					     { 8, 8, 8 },
					     { 8, 8, 9 },
					     { 33, 17, 29 },
					     { 1, 40, 30 },
					     { 40, 1, 30 },
					     { 64, 64, 64 },
					     { 5, 300, 2 },
					     { 1, 1, 600 },
					     { 4, 3, 0 },
					     /* several parts of the sum, blocks of rows, panels; copies of A */
					     { 150, 20, 410 },
					     { 150, 260, 400 },
					     { 9, 50, 193 },
					     /* terms of a transposed A far apart, one vector of columns */
					     { 90, 6, 50 },
					     { 600, 1, 7 } };
	static const double factor[][2] = { { 1, 0 }, { -0.5, 0 }, { 1, 1 }, { 2, -0.25 } };

	for (size_t k = 0; k < sizeof extent / sizeof extent[0]; k++)
		for (int t = 0; t < 4; t++)
			for (int f = 0; f < 4; f++)
				check_gemm(t & 1, t & 2, extent[k][0], extent[k][1], extent[k][2], factor[f][0],
					   factor[f][1]);
	num_gemm_d(false, false, 0, 3, 3, 1, NULL, 3, NULL, 3, 0, NULL, 3);
	ck_assert(num_dot(3, (double[]){ 1, 2, 3 }, (double[]){ 4, 5, 6 }) == 32);
}
END_TEST

enum { N = 40, R = 3 };

START_TEST(lu_and_triangular)
{
	double *a = random_matrix(N, N, 4), *b = random_matrix(N, R, 5), *lu = copy(a, N * N), *x = copy(b, N * R);
	double singular[4] = { 1, 2, 2, 4 }, t[N * N];
	int pivot[N];

	ck_assert_int_eq(num_lu(N, lu, pivot), 0);
	ck_assert_int_eq(num_lu_solve(false, N, R, lu, pivot, x), 0);
	ck_assert_double_lt(product_error(false, false, N, R, N, a, x, b), 1e-11);
	memcpy(x, b, N * R * sizeof *x);
	ck_assert_int_eq(num_lu_solve(true, N, R, lu, pivot, x), 0);
	ck_assert_double_lt(product_error(true, false, N, R, N, a, x, b), 1e-11);
	ck_assert_int_eq(num_lu(2, singular, pivot), 2);
	for (int mode = 0; mode < 4; mode++) {
		bool upper = mode & 1, transpose = mode & 2;

		for (int i = 0; i < N; i++)
			for (int j = 0; j < N; j++)
				t[i * N + j] = i == j ? 5 : (upper ? j > i : j < i) ? a[i * N + j] / 10 : 0;
		memcpy(x, b, N * R * sizeof *x);
		memcpy(lu, t, sizeof t);
		for (int i = 0; i < N; i++) /* the other triangle is not read */
			for (int j = 0; j < N; j++)
				if (upper ? j < i : j > i)
					lu[i * N + j] = 1e10;
		ck_assert_int_eq(num_solve_triangular(upper, transpose, N, R, lu, x), 0);
		ck_assert_double_lt(product_error(transpose, false, N, R, N, t, x, b), 1e-12);
	}
	free(a);
	free(b);
	free(lu);
	free(x);
}
END_TEST

START_TEST(cholesky)
{
	double *g = random_matrix(N, N, 6), *b = random_matrix(N, R, 7), *x = copy(b, N * R), a[N * N], l[N * N];
	double indefinite[4] = { 1, 2, 2, 1 };

	num_gemm_d(false, true, N, N, N, 1, g, N, g, N, 0, a, N);
	for (int i = 0; i < N; i++)
		a[i * N + i] += 1;
	memcpy(l, a, sizeof a);
	ck_assert_int_eq(num_cholesky(N, l), 0);
	ck_assert(l[1] == 0 && l[N * N - N - 1] == 0);
	ck_assert_double_lt(product_error(false, true, N, N, N, l, l, a), 1e-12);
	ck_assert_int_eq(num_cholesky_solve(N, R, l, x), 0);
	ck_assert_double_lt(product_error(false, false, N, R, N, a, x, b), 1e-11);
	ck_assert_int_eq(num_cholesky(2, indefinite), 2);
	free(g);
	free(b);
	free(x);
}
END_TEST

/* The second difference matrix: w_k = 2 - 2 cos(pi k / (N+1)). */
static void second_difference(double *a)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			a[i * N + j] = i == j ? 2 : i - j == 1 || j - i == 1 ? -1 : 0;
}

START_TEST(eigen)
{
	static double a[N * N], v[N * N], b[N * N], w[N], av[N * N];
	double rotation[4] = { 0, -2, 2, 0 }, wr[2], wi[2], vectors[4];

	second_difference(a);
	memcpy(v, a, sizeof a);
	ck_assert_int_eq(num_eigen_symmetric(N, v, w), 0);
	for (int k = 0; k < N; k++)
		ck_assert_double_eq_tol(w[k], 2 - 2 * cos(M_PI * (k + 1) / (N + 1)), 1e-13);
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++)
			av[i * N + k] = w[k] * v[i * N + k];
	ck_assert_double_lt(product_error(false, false, N, N, N, a, v, av), 1e-13);

	/* B = 2 I halves the values */
	for (int i = 0; i < N * N; i++)
		b[i] = i % (N + 1) == 0 ? 2 : 0;
	memcpy(v, a, sizeof a);
	ck_assert_int_eq(num_eigen_symmetric_pair(N, v, b, w), 0);
	for (int k = 0; k < N; k++)
		ck_assert_double_eq_tol(w[k], 1 - cos(M_PI * (k + 1) / (N + 1)), 1e-13);
	for (int i = 0; i < N * N; i++)
		b[i] = i % (N + 1) == 0 ? 0.5 : 0;
	ck_assert_double_lt(product_error(true, false, N, N, N, v, v, b), 1e-13);

	ck_assert_int_eq(num_eigen(2, rotation, wr, wi, vectors), 0);
	ck_assert_double_eq_tol(wr[0], 0, 1e-15);
	ck_assert_double_eq_tol(wi[0], 2, 1e-15);
	ck_assert_double_eq_tol(wi[1], -2, 1e-15);
	/* A (x + iy) = 2i (x + iy): A x = -2 y */
	ck_assert_double_eq_tol(-2 * vectors[2], -2 * vectors[1], 1e-14);
	ck_assert_double_eq_tol(2 * vectors[0], -2 * vectors[3], 1e-14);
}
END_TEST

static void check_qr_svd(int64_t m, int64_t n)
{
	int64_t k = m < n ? m : n;
	double *a = random_matrix(m, n, 8), *kept = copy(a, m * n), *q = malloc((size_t)(m * k) * sizeof *q);
	double *r = malloc((size_t)(k * n) * sizeof *r), *s = malloc((size_t)k * sizeof *s);
	double *unit = calloc((size_t)(k * k), sizeof *unit);

	for (int64_t i = 0; i < k; i++)
		unit[i * k + i] = 1;
	ck_assert_int_eq(num_qr(m, n, a, q, r), 0);
	ck_assert_double_lt(product_error(false, false, m, n, k, q, r, a), 1e-13);
	ck_assert_double_lt(product_error(true, false, k, k, m, q, q, unit), 1e-14);
	for (int64_t i = 0; i < k; i++)
		for (int64_t j = 0; j < i; j++)
			ck_assert(r[i * n + j] == 0);
	ck_assert_int_eq(num_svd(m, n, a, q, s, r), 0);
	ck_assert_double_lt(product_error(true, false, k, k, m, q, q, unit), 1e-13);
	ck_assert_double_lt(product_error(false, true, k, k, n, r, r, unit), 1e-13);
	for (int64_t i = 0; i < k; i++) {
		ck_assert(s[i] >= 0 && (i == 0 || s[i] <= s[i - 1]));
		for (int64_t j = 0; j < n; j++)
			r[i * n + j] *= s[i];
	}
	ck_assert_double_lt(product_error(false, false, m, n, k, q, r, a), 1e-13);
	ck_assert_mem_eq(a, kept, (size_t)(m * n) * sizeof *a);
	free(a);
	free(kept);
	free(q);
	free(r);
	free(s);
	free(unit);
}

START_TEST(qr_and_svd)
{
	check_qr_svd(30, 12);
	check_qr_svd(12, 30);
	check_qr_svd(20, 20);
	check_qr_svd(5, 1);
	ck_assert_int_eq(num_svd(0, 3, NULL, NULL, NULL, NULL), 0);
}
END_TEST

START_TEST(least_squares)
{
	/* a line through points on 1 + 2 t, exactly; the same column twice: rank 1 and the shorter solution */
	const double line[8] = { 1, 0, 1, 1, 1, 2, 1, 3 }, value[4] = { 1, 3, 5, 7 }, twice[4] = { 1, 1, 1, 1 };
	double *a = random_matrix(30, 6, 9), *b = random_matrix(30, R, 10), x[6 * R], normal[6 * R], residual[30 * R];
	double zero[6 * R] = { 0 }, two[2];
	int found;

	ck_assert_int_eq(num_least_squares(4, 2, 1, line, value, -1, two, &found), 0);
	ck_assert_int_eq(found, 2);
	ck_assert_double_eq_tol(two[0], 1, 1e-13);
	ck_assert_double_eq_tol(two[1], 2, 1e-13);
	ck_assert_int_eq(num_least_squares(2, 2, 1, twice, (double[]){ 3, 3 }, 1e-10, two, &found), 0);
	ck_assert_int_eq(found, 1);
	ck_assert_double_eq_tol(two[0], 1.5, 1e-14);
	ck_assert_double_eq_tol(two[1], 1.5, 1e-14);
	/* the residual is orthogonal to the columns */
	ck_assert_int_eq(num_least_squares(30, 6, R, a, b, -1, x, NULL), 0);
	memcpy(residual, b, sizeof residual);
	num_gemm_d(false, false, 30, R, 6, -1, a, 6, x, R, 1, residual, R);
	num_gemm_d(true, false, 6, R, 30, 1, a, 6, residual, R, 0, normal, R);
	for (int i = 0; i < 6 * R; i++)
		ck_assert_double_eq_tol(normal[i], zero[i], 1e-13);
	/* more unknowns than equations: solved exactly, by a combination of A's rows (least norm) */
	ck_assert_int_eq(num_least_squares(2, 6, 1, a, b, -1, x, &found), 0);
	ck_assert_int_eq(found, 2);
	ck_assert_double_lt(product_error(false, false, 2, 1, 6, a, x, b), 1e-14);
	free(a);
	free(b);
}
END_TEST

/* Lower triangle by rows of the five-point Laplacian on a SIDE x SIDE grid, walls at zero. */
enum { SIDE = 50, POINTS = SIDE * SIDE };
static int64_t start[POINTS + 1], column[3 * POINTS];
static double value[3 * POINTS];

static void laplacian(double diagonal)
{
	int64_t k = 0;

	for (int64_t i = 0; i < POINTS; i++) {
		column[k] = i; /* diagonal first: rows need no order */
		value[k++] = diagonal;
		if (i >= SIDE) {
			column[k] = i - SIDE;
			value[k++] = -1;
		}
		if (i % SIDE) {
			column[k] = i - 1;
			value[k++] = -1;
		}
		start[i + 1] = k;
	}
}

static void apply(void *context, const double *in, double *out)
{
	double diagonal = *(double *)context;

	for (int i = 0; i < POINTS; i++)
		out[i] = diagonal * in[i] - (i >= SIDE ? in[i - SIDE] : 0) - (i % SIDE ? in[i - 1] : 0) -
			 (i % SIDE < SIDE - 1 ? in[i + 1] : 0) - (i < POINTS - SIDE ? in[i + SIDE] : 0);
}

static double residual(double diagonal, const double *x, const double *b)
{
	static double ax[POINTS];
	double worst = 0;

	apply(&diagonal, x, ax);
	for (int i = 0; i < POINTS; i++)
		worst = fmax(worst, fabs(ax[i] - b[i]));
	return worst;
}

START_TEST(sparse_direct)
{
	double *b = random_matrix(R, POINTS, 11), *x = copy(b, R * POINTS), *y = copy(b, R * POINTS);
	struct err e = { 0 };
	struct sparse_factor *f;

	laplacian(4);
	f = sparse_factor_new(POINTS, start, column, value, &e);
	ck_assert_msg(f != NULL, "%s", e.message);
	ck_assert_int_eq(sparse_solve(f, R, b, x, &e), 0);
	for (int r = 0; r < R; r++)
		ck_assert_double_lt(residual(4, x + r * POINTS, b + r * POINTS), 1e-12);
	ck_assert_int_eq(sparse_solve(f, 1, b, y, &e), 0); /* fewer vectors with the same factor */
	ck_assert_int_eq(sparse_solve(f, R, y, y, &e), 0); /* in place */
	ck_assert_int_gt(sparse_factor_fill(f), 3 * POINTS - 2 * SIDE - 1);
	ck_assert_int_lt(sparse_factor_fill(f), 40 * POINTS); /* the ordering works: a banded factor has SIDE per row */
	laplacian(6);
	ck_assert_int_eq(sparse_factor_again(f, value, &e), 0);
	ck_assert_int_eq(sparse_solve(f, 1, b, x, &e), 0);
	ck_assert_double_lt(residual(6, x, b), 1e-12);
	laplacian(-4);
	ck_assert_int_eq(sparse_factor_again(f, value, &e), -1);
	sparse_factor_free(f);

	laplacian(3.9); /* smallest eigenvalue of the Laplacian is 8 sin^2(pi / 102) = 0.0076 */
	ck_assert_ptr_null(sparse_factor_new(POINTS, start, column, value, &e));
	ck_assert_msg(strstr(e.message, "not positive definite") != NULL, "%s", e.message);
	column[0] = 1;
	ck_assert_ptr_null(sparse_factor_new(POINTS, start, column, value, &e));
	ck_assert_str_eq(e.message, "sparse matrix: row 0 has column 1, not in its lower triangle");
	f = sparse_factor_new(1, (int64_t[]){ 0, 1 }, (int64_t[]){ 0 }, (double[]){ 4 }, &e);
	ck_assert_int_eq(sparse_solve(f, 1, (double[]){ 2 }, x, &e), 0);
	ck_assert_double_eq(x[0], 0.5);
	sparse_factor_free(f);
	sparse_factor_free(NULL);
	free(b);
	free(x);
	free(y);
}
END_TEST

static struct sparse_factor *exact;

static void by_factor(void *context, const double *in, double *out)
{
	(void)context;
	ck_assert_int_eq(sparse_solve(exact, 1, in, out, NULL), 0);
}

START_TEST(conjugate_gradients)
{
	double diagonal = 4, *b = random_matrix(1, POINTS, 12), *x = calloc(POINTS, sizeof *x);
	struct cg c = { .n = POINTS, .apply = apply, .context = &diagonal, .tolerance = 1e-10, .max_iterations = 1000 };
	struct err e = { 0 };

	ck_assert_int_eq(cg_solve(&c, b, x, &e), 0);
	ck_assert_double_lt(residual(4, x, b), 1e-8);
	ck_assert(c.residual <= 1e-10);
	/* error <= 2 ((sqrt k - 1)/(sqrt k + 1))^m: with condition number 1054 that is under 400 steps */
	ck_assert_int_lt(c.iterations, 400);
	ck_assert_int_gt(c.iterations, 50);
	ck_assert_int_eq(cg_solve(&c, b, x, &e), 0); /* a converged start needs (nearly) nothing */
	ck_assert_int_lt(c.iterations, 5);

	/* the exact inverse as preconditioner: one step */
	laplacian(4);
	exact = sparse_factor_new(POINTS, start, column, value, &e);
	memset(x, 0, POINTS * sizeof *x);
	c.precondition = by_factor;
	ck_assert_int_eq(cg_solve(&c, b, x, &e), 0);
	ck_assert_int_eq(c.iterations, 1);
	sparse_factor_free(exact);
	c.precondition = NULL;

	memset(x, 0, POINTS * sizeof *x);
	c.max_iterations = 10;
	ck_assert_int_eq(cg_solve(&c, b, x, &e), -1);
	ck_assert_msg(strstr(e.message, "after 10 iterations, 1e-10 wanted") != NULL, "%s", e.message);
	diagonal = -4;
	ck_assert_int_eq(cg_solve(&c, b, x, &e), -1);
	ck_assert_msg(strstr(e.message, "not positive definite") != NULL, "%s", e.message);
	memset(x, 0, POINTS * sizeof *x);
	memset(b, 0, POINTS * sizeof *b);
	ck_assert_int_eq(cg_solve(&c, b, x, &e), 0);
	ck_assert_int_eq(c.iterations, 0);
	/* of which the square is infinite: as its tolerance would be */
	b[0] = 1e200;
	diagonal = 4;
	ck_assert_int_eq(cg_solve(&c, b, x, &e), -1);
	ck_assert_msg(strstr(e.message, "not a number") != NULL, "%s", e.message);
	free(b);
	free(x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("linear");
	TCase *t = tcase_create("linear");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, blas_kernels);
	tcase_add_test(t, gemm);
	tcase_add_test(t, lu_and_triangular);
	tcase_add_test(t, cholesky);
	tcase_add_test(t, eigen);
	tcase_add_test(t, qr_and_svd);
	tcase_add_test(t, least_squares);
	tcase_add_test(t, sparse_direct);
	tcase_add_test(t, conjugate_gradients);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
