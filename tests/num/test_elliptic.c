/* test_elliptic.c: collocation against polynomials and waves; sparse LU against its residual; multigrid against the
 * sparse Cholesky factor of its own matrix, closed forms, and its promises: symmetric, few iterations on every grid. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "num/blas.h"
#include "num/collocation.h"
#include "num/multigrid.h"
#include "num/sparse.h"
#include "num/sparse_lu.h"

static double largest(int64_t n, const double *a, const double *b)
{
	double worst = 0;

	for (int64_t i = 0; i < n; i++)
		worst = fmax(worst, fabs(a[i] - b[i]));
	return worst;
}

static void times(int64_t m, int64_t n, const double *matrix, const double *x, double *out)
{
	for (int64_t i = 0; i < m; i++)
		out[i] = num_dot(n, matrix + i * n, x);
}

/* ---- collocation --------------------------------------------------------------------------------- */

START_TEST(chebyshev_is_spectral)
{
	enum { N = 33 };
	double x[N], w[N], u[N], c[N], out[N], want[N], d[N * N], sum = 0;
	const double z[3] = { -0.97, 0.1, 1 };
	double at[3 * N], value[3];
	/* rounding grows as N^(2m) */
	static const double bound[] = { 0, 1e-12, 1e-9, 1e-6, 1e-3 };

	chebyshev_points(N, x);
	ck_assert(x[0] == -1 && x[N - 1] == 1 && x[N / 2] == 0);
	for (int i = 0; i < N; i++)
		u[i] = exp(sin(2 * x[i])) + x[i];
	chebyshev_weights(N, w);
	/* by 200 Gauss-Legendre-like panels: Simpson on 20000 intervals is exact to 1e-14 here */
	for (int k = 0; k <= 20000; k++)
		sum += (k == 0 || k == 20000 ? 1.
			: k % 2		     ? 4.
					     : 2.) /
		       3 * 1e-4 * (exp(sin(2 * (-1 + k * 1e-4))) + (-1 + k * 1e-4));
	ck_assert_double_eq_tol(num_dot(N, w, u), sum, 1e-12);
	for (int m = 1; m <= 4; m++) {
		double powers[3];

		ck_assert_int_eq(chebyshev_derivative(N, m, d, NULL), 0);
		for (int degree = 0; degree < 3; degree++) { /* x^(m + degree) */
			const int p = m + degree;

			powers[degree] = tgamma(p + 1) / tgamma(degree + 1);
			for (int i = 0; i < N; i++) {
				u[i] = pow(x[i], p);
				want[i] = powers[degree] * pow(x[i], degree);
			}
			times(N, N, d, u, out);
			ck_assert_msg(largest(N, out, want) < bound[m], "m %d: %g", m, largest(N, out, want));
		}
	}
	for (int i = 0; i < N; i++)
		u[i] = 4 * x[i] * x[i] * x[i] - 3 * x[i] - 0.25; /* T_3 - 1/4 */
	ck_assert_int_eq(chebyshev_coefficients(N, u, c, NULL), 0);
	for (int k = 0; k < N; k++)
		ck_assert_double_eq_tol(c[k], k == 3 ? 1 : k == 0 ? -0.25 : 0, 1e-15);
	for (int i = 0; i < N; i++)
		u[i] = 1 / (1.2 + x[i]) + sin(3 * x[i]);
	ck_assert_int_eq(chebyshev_coefficients(N, u, c, NULL), 0);
	ck_assert_int_eq(chebyshev_interpolation(N, 3, z, at, NULL), 0);
	times(3, N, at, u, value);
	for (int k = 0; k < 3; k++) {
		double series = 0;

		for (int j = 0; j < N; j++)
			series += c[j] * cos(j * acos(z[k]));
		ck_assert_double_eq_tol(value[k], series, 1e-13);
		ck_assert_double_eq_tol(value[k], 1 / (1.2 + z[k]) + sin(3 * z[k]), 1e-7);
	}
}
END_TEST

START_TEST(circle_is_spectral)
{
	for (int n = 15; n <= 16; n++) {
		const double length = 3, q = 2 * M_PI / length * 5, z[2] = { 0.123, 0.9 };
		double d[256], u[16], want[16], out[16], at[32];

		for (int m = 1; m <= 4; m++) {
			for (int i = 0; i < n; i++) {
				const double angle = q * length * i / n;

				u[i] = sin(angle) + 1;
				want[i] = pow(q, m) * sin(angle + m * M_PI / 2);
			}
			ck_assert_int_eq(circle_derivative(n, length, m, d, NULL), 0);
			times(n, n, d, u, out);
			ck_assert_msg(largest(n, out, want) < 1e-12 * pow(q, m) * n, "n %d, m %d: %g", n, m,
				      largest(n, out, want));
		}
		circle_interpolation(n, 2, z, at);
		times(2, n, at, u, out);
		for (int k = 0; k < 2; k++)
			ck_assert_double_eq_tol(out[k], sin(q * length * z[k]) + 1, 1e-13);
	}
}
END_TEST

START_TEST(series_on_an_interval)
{
	enum { N = 17 };
	const double z[3] = { 0, 0.3, 0.77 };
	double u[N], at[3 * N], value[3];

	for (int even = 0; even < 2; even++) {
		for (int i = 0; i < N; i++) {
			const double x = i / (N - 1.);

			u[i] = even ? cos(5 * M_PI * x) + 2 * cos(16 * M_PI * x) - 1
				    : sin(5 * M_PI * x) - sin(15 * M_PI * x);
		}
		ck_assert_int_eq(cosine_interpolation(even, N, 3, z, at, NULL), 0);
		times(3, N, at, u, value);
		for (int k = 0; k < 3; k++)
			ck_assert_double_eq_tol(value[k],
						even ? cos(5 * M_PI * z[k]) + 2 * cos(16 * M_PI * z[k]) - 1
						     : sin(5 * M_PI * z[k]) - sin(15 * M_PI * z[k]),
						1e-13);
	}
}
END_TEST

START_TEST(gregory_is_exact_for_its_degree)
{
	for (int order = 2; order <= 6; order += 2)
		for (int degree = 0; degree <= order; degree++) {
			double w[12], sum = 0;

			collocation_gregory(12, 0.5, order, w);
			for (int i = 0; i < 12; i++)
				sum += w[i] * pow(0.5 * i, degree);
			const double error = fabs(sum * (degree + 1) / pow(5.5, degree + 1) - 1);
			ck_assert_msg(degree < order ? error < 1e-13 : error > 1e-9, "order %d, degree %d: %g", order,
				      degree, error);
		}
}
END_TEST

START_TEST(sparse_lu_solves)
{
	enum { N = 400 };
	int64_t start[N + 1], column[5 * N], at = 0;
	double value[5 * N], x[N], b[N] = { 0 }, out[N];
	struct err e = { 0 };
	struct sparse_lu *f;

	rng_normal(rng_stream(1, "lu", 0, 0), 0, N, x);
	rng_normal(rng_stream(1, "lu", 1, 0), 0, 5 * N, value);
	for (int again = 0; again < 2; again++) {
		for (int i = 0; i < N; i++) {
			start[i] = at = 5 * i;
			b[i] = 0;
			for (int k = 4; k >= 0; k--, at++) { /* descending on purpose */
				column[at] = (i + 97 * k) % N;
				value[at] += again;
				b[i] += value[at] * x[column[at]];
			}
		}
		start[N] = at;
		if (!again)
			f = sparse_lu_new(N, start, column, value, &e);
		ck_assert_msg(f != NULL, "%s", e.message);
		ck_assert_int_eq(again ? sparse_lu_again(f, &e) : 0, 0);
		ck_assert_int_eq(sparse_lu_solve(f, b, out, &e), 0);
		ck_assert_double_lt(largest(N, out, x), 1e-9);
		ck_assert(sparse_lu_condition(f) > 1e-12 && sparse_lu_condition(f) <= 1);
	}
	sparse_lu_free(f);
	for (int k = 0; k < 5; k++)
		value[5 * 7 + k] = 0;
	ck_assert_ptr_null(sparse_lu_new(N, start, column, value, &e));
	ck_assert_msg(strstr(e.message, "singular"), "%s", e.message);
	column[3] = N;
	ck_assert_ptr_null(sparse_lu_new(N, start, column, value, &e));
	ck_assert_msg(strstr(e.message, "column 400 of 400"), "%s", e.message);
}
END_TEST

/* ---- multigrid ----------------------------------------------------------------------------------- */

/* A random two-phase medium as smooth as its waves: contrast 10. */
static double medium(const struct multigrid_problem *p, const int64_t *k)
{
	double phase = 0.3;

	for (int axis = 0; axis < p->n_dims; axis++)
		phase += cos((3. + axis) * M_PI * (double)k[axis] / (double)p->size[axis] + axis);
	return phase > 0.4 ? 1 : 0.1;
}

static int64_t fill_medium(const struct multigrid_problem *p, double *a)
{
	int64_t n = 0;

	for (int64_t i = 0; i < p->size[0]; i++)
		for (int64_t j = 0; j < (p->n_dims > 1 ? p->size[1] : 1); j++)
			for (int64_t k = 0; k < (p->n_dims > 2 ? p->size[2] : 1); k++)
				a[n++] = medium(p, (int64_t[]){ i, j, k });
	return n;
}

/* Rows of the matrix, by unit vectors; the free points' lower triangle to Cholesky; both solutions. */
static void against_cholesky(const struct multigrid_problem *p, int64_t n)
{
	struct err e = { 0 };
	struct multigrid *m = multigrid_new(p, &e);
	double *unit = xcalloc((size_t)n, sizeof *unit), *row = xcalloc((size_t)n, sizeof *row),
	       *f = xcalloc((size_t)n, sizeof *f), *u = xcalloc((size_t)n, sizeof *u),
	       *b = xcalloc((size_t)n, sizeof *b), *value = xcalloc((size_t)(n * n), sizeof *value),
	       *slope = xcalloc((size_t)n, sizeof *slope);
	int64_t *start = xcalloc((size_t)n + 1, sizeof *start), *column = xcalloc((size_t)(n * n), sizeof *column),
		at = 0, iterations;
	double symmetric = 0;

	ck_assert_msg(m != NULL, "%s", e.message);
	rng_normal(rng_stream(5, "right", 0, 0), 0, (size_t)n, f);
	rng_normal(rng_stream(5, "right", 1, 0), 0, (size_t)n, u);
	rng_normal(rng_stream(5, "right", 2, 0), 0, (size_t)n, slope);
	struct multigrid_right right = { .f = f };
	for (int axis = 0; axis < p->n_dims; axis++)
		right.slope[axis][0] = right.slope[axis][1] = slope;
	multigrid_load(m, &right, u, b);
	for (int64_t i = 0; i < n; i++) {
		unit[i] = 1;
		multigrid_apply(m, unit, row); /* column i, and as A is symmetric row i */
		unit[i] = 0;
		start[i] = at;
		for (int64_t j = 0; j < i; j++)
			if (row[i] != 0 && row[j] != 0) {
				column[at] = j;
				value[at++] = row[j];
			}
		column[at] = i;
		value[at++] = row[i] != 0 ? row[i] : 1;
		if (row[i] == 0)
			b[i] = u[i];
	}
	start[n] = at;
	struct sparse_factor *factor = sparse_factor_new(n, start, column, value, &e);
	ck_assert_msg(factor != NULL, "%s", e.message);
	ck_assert_int_eq(sparse_solve(factor, 1, b, b, &e), 0);
	ck_assert_msg(multigrid_solve(m, &right, 1e-12, 60, u, &iterations, NULL, &e) == 0, "%s", e.message);
	double size = 0;
	for (int64_t i = 0; i < n; i++)
		size = fmax(size, fabs(b[i]));
	ck_assert_msg(largest(n, u, b) < 1e-9 * size, "%g of %g after %d iterations", largest(n, u, b), size,
		      (int)iterations);
	/* x.M y = M x.y */
	multigrid_cycle(m, f, row);
	for (int64_t i = 0; i < n; i++)
		symmetric += row[i] * slope[i];
	multigrid_cycle(m, slope, u);
	ck_assert_double_eq_tol(symmetric, num_dot(n, u, f), 1e-11 * fabs(symmetric) + 1e-12 * size * (double)n);
	multigrid_free(m);
	sparse_factor_free(factor);
	free(unit);
	free(row);
	free(f);
	free(u);
	free(b);
	free(value);
	free(slope);
	free(start);
	free(column);
}

START_TEST(multigrid_equals_cholesky)
{
	double a[2000], c[2000];
	struct multigrid_problem p = { .a = a, .c = c, .length = { 1, 2, 0.5 } };

	for (int i = 0; i < 2000; i++)
		c[i] = i % 3;
	p.n_dims = 1;
	p.size[0] = 800;
	p.decay[0][1] = 2;
	against_cholesky(&p, fill_medium(&p, a));
	p.n_dims = 2;
	p.size[0] = 37;
	p.size[1] = 30;
	p.fixed[0][0] = p.fixed[1][1] = true;
	p.mean = MULTIGRID_HARMONIC;
	against_cholesky(&p, fill_medium(&p, a));
	p.periodic[1] = true;
	against_cholesky(&p, fill_medium(&p, a));
	p.n_dims = 3;
	p.size[0] = 11;
	p.size[1] = 9;
	p.size[2] = 14;
	p.mean = MULTIGRID_ARITHMETIC;
	against_cholesky(&p, fill_medium(&p, a));
}
END_TEST

/* Iterations to 1e-10 hardly grow with the grid, in every dimension, whatever the number of points. */
START_TEST(multigrid_iterations)
{
	static const int64_t size[3][3] = { { 500, 2000, 9001 }, { 33, 70, 150 }, { 10, 18, 32 } };

	for (int n_dims = 1; n_dims <= 3; n_dims++)
		for (int mean = 0; mean < 2; mean++) {
			int64_t count[3];

			for (int k = 0; k < 3; k++) {
				struct multigrid_problem p = { .n_dims = n_dims, .mean = (enum multigrid_mean)mean };
				int64_t n = 1;
				struct err e = { 0 };

				for (int axis = 0; axis < n_dims; axis++) {
					p.size[axis] = size[n_dims - 1][k];
					p.length[axis] = 1;
					n *= p.size[axis];
					p.fixed[axis][0] = p.fixed[axis][1] = true;
				}
				double *a = xcalloc((size_t)n, sizeof *a), *u = xcalloc((size_t)n, sizeof *u),
				       *f = xcalloc((size_t)n, sizeof *f);
				fill_medium(&p, a);
				rng_normal(rng_stream(3, "f", 0, 0), 0, (size_t)n, f);
				p.a = a;
				struct multigrid *m = multigrid_new(&p, &e);
				const struct multigrid_right right = { .f = f };
				ck_assert_int_eq(multigrid_solve(m, &right, 1e-10, 100, u, &count[k], NULL, &e), 0);
				multigrid_free(m);
				free(a);
				free(u);
				free(f);
			}
			printf("multigrid in %d dimensions, mean %d: %d %d %d iterations\n", n_dims, mean,
			       (int)count[0], (int)count[1], (int)count[2]);
			ck_assert_int_le(count[2], 25);
			ck_assert_int_le(count[2], count[1] + 5);
		}
}
END_TEST

/* Order 2 against closed forms with every kind of side; singular problems have mean zero and tell what f lacks. */
START_TEST(multigrid_closed_forms)
{
	double error[2], excess;

	for (int k = 0; k < 2; k++) { /* u = exp(x) cos(y): u_x + u = 2 exp(1) cos(y) at x = 1, periodic in y */
		const int64_t nx = 17 << k, ny = 20 << k;
		struct multigrid_problem p = { .n_dims = 2,
					       .size = { nx, ny },
					       .length = { 1, 2 * M_PI },
					       .periodic = { false, true },
					       .fixed = { { true, false } },
					       .decay = { { 0, 1 } } };
		double *f = xcalloc((size_t)(nx * ny), sizeof *f), *u = xcalloc((size_t)(nx * ny), sizeof *u),
		       *slope = xcalloc((size_t)(nx * ny), sizeof *slope);
		struct multigrid_right right = { .f = f, .slope = { { NULL, slope } } };
		struct err e = { 0 };

		for (int64_t i = 0; i < nx * ny; i++) {
			const double y = 2 * M_PI * (double)(i % ny) / (double)ny;

			slope[i] = 2 * exp(1) * cos(y);
			u[i] = i < ny ? cos(y) : 0;
		}
		struct multigrid *m = multigrid_new(&p, &e);
		ck_assert_int_eq(multigrid_solve(m, &right, 1e-12, 50, u, NULL, &excess, &e), 0);
		error[k] = 0;
		for (int64_t i = 0; i < nx * ny; i++)
			error[k] = fmax(error[k], fabs(u[i] - exp((double)(i / ny) / (double)(nx - 1)) *
								      cos(2 * M_PI * (double)(i % ny) / (double)ny)));
		ck_assert(excess == 0 && !multigrid_is_singular(m));
		multigrid_free(m);
		free(f);
		free(u);
		free(slope);
	}
	ck_assert_msg(log2(error[0] / error[1]) > 1.9 && log2(error[0] / error[1]) < 2.4, "%g %g", error[0], error[1]);
	struct multigrid_problem p = { .n_dims = 1, .size = { 1025 }, .length = { 1 } };
	double f[1025], u[1025] = { 0 };
	struct multigrid_right right = { .f = f };
	struct err e = { 0 };
	for (int i = 0; i < 1025; i++)
		f[i] = M_PI * M_PI * cos(M_PI * i / 1024.) + 0.25;
	struct multigrid *m = multigrid_new(&p, &e);
	ck_assert(multigrid_is_singular(m));
	ck_assert_int_eq(multigrid_solve(m, &right, 1e-11, 50, u, NULL, &excess, &e), 0);
	ck_assert_double_eq_tol(excess, -0.25, 1e-9);
	for (int i = 0; i < 1025; i++)
		ck_assert_double_eq_tol(u[i], cos(M_PI * i / 1024.), 2e-6);
	multigrid_free(m);
	f[3] = 0;
	p.a = f;
	ck_assert_ptr_null(multigrid_new(&p, &e));
	ck_assert_msg(strstr(e.message, "point 3 has a = 0"), "%s", e.message);
}
END_TEST

/* What no memory holds is an error that tells the size, before a number is read or written. */
START_TEST(sizes_are_refused)
{
	const int64_t many = (int64_t)1 << 46;
	struct err e = { 0 };
	double x = 0;

	ck_assert_int_eq(chebyshev_derivative(many, 1, &x, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "70368744177664 elements of 8 bytes"));
	e = (struct err){ 0 };
	ck_assert_int_eq(chebyshev_interpolation(many, 1, &x, &x, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "70368744177664 elements of 8 bytes"));
	e = (struct err){ 0 };
	ck_assert_int_eq(circle_derivative(many, 1, 1, &x, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "70368744177664 elements of 8 bytes"));
	for (int k = 0; k < 2; k++) { /* by its bytes, and by a product that no integer holds */
		const int64_t n = (int64_t)1 << (k ? 33 : 20), n_out = (int64_t)1 << (k ? 33 : 26);

		e = (struct err){ 0 };
		ck_assert_int_eq(cosine_interpolation(true, n, n_out, &x, &x, &e), -1);
		ck_assert_ptr_nonnull(strstr(e.message, "interpolation by a series: "));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("collocation and elliptic solvers");
	TCase *t = tcase_create("elliptic");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, chebyshev_is_spectral);
	tcase_add_test(t, circle_is_spectral);
	tcase_add_test(t, series_on_an_interval);
	tcase_add_test(t, gregory_is_exact_for_its_degree);
	tcase_add_test(t, sparse_lu_solves);
	tcase_add_test(t, multigrid_equals_cholesky);
	tcase_add_test(t, multigrid_iterations);
	tcase_add_test(t, multigrid_closed_forms);
	tcase_add_test(t, sizes_are_refused);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
