/* test_other_problems.c: Darcy flow, the antiderivative operator and the ODE systems against closed forms and
 * invariants. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "integ/integ.h"

static void march(struct fixture *f, const double *start)
{
	const double *in[1] = { start };
	struct err e = { 0 };

	ck_assert_msg(f->problem->march(f->config, f->work, 0, in, f->field, f->number, &e) == 0, "%s", e.message);
}

/* ---- Darcy --------------------------------------------------------------------------------------- */

/* -Laplace v = 1 on the unit square, v = 0 on its sides: a parabola in x less a series that restores the sides in y. */
static double poisson(double x, double y)
{
	double v = 0.5 * x * (1 - x);

	for (int n = 1; n < 60; n += 2) {
		double z = M_PI * n, sides = (exp(-z * y) + exp(-z * (1 - y))) / (1 + exp(-z));

		v -= 4 / (z * z * z) * sin(z * x) * sides;
	}
	return v;
}

/* With u = (exp(c v) - 1) / c and a = exp(-c v): a grad u = grad v, so -div(a grad u) = 1. */
static double darcy_error(int n, double c)
{
	double *a = xmalloc((size_t)n * (size_t)n * sizeof *a), error = 0;
	char config[100];
	struct fixture f;

	snprintf(config, sizeof config, "grid: %d\nsolve_grid: %d\n", n, n);
	f = fixture_of("darcy", config);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			a[i * n + j] = exp(-c * poisson((double)i / (n - 1), (double)j / (n - 1)));
	march(&f, a);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++) {
			double v = poisson((double)i / (n - 1), (double)j / (n - 1));

			error = fmax(error, fabs(f.field[1][i * n + j] - (c == 0 ? v : expm1(c * v) / c)));
		}
	free(a);
	fixture_free(&f);
	return error;
}

START_TEST(darcy_has_order_2)
{
	static const double steepness[] = { 0, 25 };

	for (int k = 0; k < 2; k++) {
		double coarse = darcy_error(17, steepness[k]), fine = darcy_error(33, steepness[k]);

		ck_assert_double_lt(fine, k == 0 ? 1e-4 : 1e-3);
		ck_assert_msg(fabs(log2(coarse / fine) - 2) < 0.15, "order %g", log2(coarse / fine));
	}
}
END_TEST

/* Generated samples: two values of a, the discrete balance at every node, subsampling, positivity. */
START_TEST(darcy_samples_balance)
{
	struct fixture f = fixture_of("darcy", "grid: 25\nsolve_grid: 25\nf: 2\na_low: 4\n");
	struct fixture g = fixture_of("darcy", "grid: 9\nsolve_grid: 25\nf: 2\na_low: 4\n");
	int high = 0;

	for (int64_t sample = 0; sample < 40; sample++) {
		const double *a, *u;

		fixture_generate(&f, 1, sample);
		fixture_generate(&g, 1, sample);
		a = f.field[0];
		u = f.field[1];
		for (int i = 0; i < 25 * 25; i++) {
			ck_assert(a[i] == 4 || a[i] == 12);
			high += a[i] == 12;
		}
		for (int i = 0; i < 25; i++)
			for (int j = 0; j < 25; j++) {
				static const int step[4] = { -25, 25, -1, 1 };
				const int at = i * 25 + j;
				double out = 0;

				if (i % 24 == 0 || j % 24 == 0) {
					ck_assert_double_eq(u[at], 0);
					continue;
				}
				for (int k = 0; k < 4; k++)
					out += 0.5 * (a[at] + a[at + step[k]]) * (u[at] - u[at + step[k]]);
				ck_assert_double_eq_tol(out * 24 * 24, 2, 1e-9);
				ck_assert_double_gt(u[at], 0);
			}
		for (int k = 0; k < 2; k++)
			for (int i = 0; i < 81; i++)
				ck_assert_double_eq(g.field[k][i], f.field[k][(i / 9) * 3 * 25 + (i % 9) * 3]);
	}
	/* The field has no constant mode: phases are even on average. */
	ck_assert_double_eq_tol(high / (40. * 625), 0.5, 0.1);
	fixture_free(&f);
	fixture_free(&g);
}
END_TEST

START_TEST(darcy_refuses_a_negative_coefficient)
{
	struct fixture f = fixture_of("darcy", "grid: 5\nsolve_grid: 5\n");
	double a[25];
	const double *in[1] = { a };
	struct err e = { 0 };

	for (int i = 0; i < 25; i++)
		a[i] = i == 7 ? -1 : 1;
	ck_assert_int_eq(f.problem->march(f.config, f.work, 4, in, f.field, f.number, &e), -1);
	ck_assert_str_eq(e.message, "sample 4: a is -1 at node (1, 2), it must be positive");
	fixture_free(&f);
}
END_TEST

/* ---- antiderivative ------------------------------------------------------------------------------ */

/* Targets against the trapezoid rule over many sensors. */
START_TEST(antiderivative_integrates)
{
	enum { M = 4001, Q = 50 };
	static const double lengths[] = { 0.2, 0.03 };

	for (int k = 0; k < 2; k++) {
		char config[100];
		struct fixture f;

		snprintf(config, sizeof config, "sensors: %d\npoints: %d\nlength: %g\n", M, Q, lengths[k]);
		f = fixture_of("antiderivative", config);
		for (int64_t sample = 0; sample < 5; sample++) {
			fixture_generate(&f, 1, sample);
			for (int q = 0; q < Q; q++) {
				const double *v = f.field[0], y = f.field[1][q], at = y * (M - 1);
				const int whole = (int)at;
				double sum = 0, rest = at - whole;

				ck_assert(y > 0 && y < 1);
				for (int i = 0; i < whole; i++)
					sum += 0.5 * (v[i] + v[i + 1]);
				sum += rest * (v[whole] + 0.5 * rest * (v[whole + (whole + 1 < M)] - v[whole]));
				ck_assert_double_eq_tol(f.field[2][q], sum / (M - 1), 2e-5);
			}
		}
		fixture_free(&f);
	}
}
END_TEST

START_TEST(antiderivative_has_its_kernel)
{
	enum { M = 11, DRAWS = 20000 };
	struct fixture f = fixture_of("antiderivative", "sensors: 11\nsigma: 2\n");
	double covariance[M][M] = { { 0 } };

	for (int64_t sample = 0; sample < DRAWS; sample++) {
		fixture_generate(&f, 1, sample);
		for (int i = 0; i < M; i++)
			for (int j = 0; j < M; j++)
				covariance[i][j] += f.field[0][i] * f.field[0][j] / DRAWS;
	}
	for (int i = 0; i < M; i++)
		for (int j = 0; j < M; j++) {
			double d = 0.1 * (i - j) / 0.2;

			ck_assert_double_eq_tol(covariance[i][j], 4 * exp(-0.5 * d * d), 4 * 0.04);
		}
	fixture_free(&f);
}
END_TEST

/* The same function on other sensors. */
START_TEST(antiderivative_does_not_depend_on_sensors)
{
	struct fixture f = fixture_of("antiderivative", "sensors: 11\n"),
		       g = fixture_of("antiderivative", "sensors: 101\n");

	fixture_generate(&f, 6, 2);
	fixture_generate(&g, 6, 2);
	for (int i = 0; i < 11; i++)
		ck_assert_double_eq_tol(f.field[0][i], g.field[0][10 * i], 1e-12);
	for (int q = 0; q < 10; q++)
		ck_assert_double_eq(f.field[2][q], g.field[2][q]);
	fixture_free(&f);
	fixture_free(&g);
}
END_TEST

/* ---- ODE systems --------------------------------------------------------------------------------- */

static double lotka_volterra_energy(const double *y)
{
	return y[0] - 3 * log(y[0]) + y[1] - 1.5 * log(y[1]);
}
static double pendulum_energy(const double *y)
{
	return 0.5 * y[1] * y[1] - 9.81 * cos(y[0]);
}
static double double_pendulum_energy(const double *y)
{
	return y[2] * y[2] + 0.5 * y[3] * y[3] + y[2] * y[3] * cos(y[0] - y[1]) - 9.81 * (2 * cos(y[0]) + cos(y[1]));
}

START_TEST(conserved_quantities)
{
	static const struct {
		const char *name;
		double (*energy)(const double *y);
		int channels;
	} systems[] = { { "lotka-volterra", lotka_volterra_energy, 2 },
			{ "pendulum", pendulum_energy, 2 },
			{ "double-pendulum", double_pendulum_energy, 4 } };

	for (int k = 0; k < 3; k++) {
		struct fixture f = fixture_of(systems[k].name, "rtol: 1e-11\natol: 1e-11\nT: 3\nframes: 30\n");
		double moved = 0;

		for (int64_t sample = 0; sample < 5; sample++) {
			fixture_generate(&f, 1, sample);
			for (int i = 1; i <= 30; i++) {
				const double *y = f.field[0] + i * systems[k].channels;

				ck_assert_double_eq_tol(systems[k].energy(y), systems[k].energy(f.field[0]), 1e-7);
				moved = fmax(moved, fabs(y[0] - f.field[0][0]));
			}
		}
		ck_assert_double_gt(moved, 0.1);
		fixture_free(&f);
	}
}
END_TEST

/* Small oscillations have the period 2 pi sqrt(l / g); the limit cycle of van der Pol's equation for mu = 1 has
 * amplitude 2.00862 and period 6.66329 (Andersen, Geer, SIAM J. Appl. Math. 42, 1982). */
START_TEST(periods)
{
	struct fixture f = fixture_of("pendulum", "T: 2.0060666807106475\nframes: 4\nspread: 1e-3\n");
	double most = 0;

	fixture_generate(&f, 1, 0);
	ck_assert_double_eq_tol(f.field[0][8], f.field[0][0], 1e-8);
	ck_assert_double_eq_tol(f.field[0][4], -f.field[0][0], 1e-8);
	fixture_free(&f);
	f = fixture_of("van-der-pol", "T: 6.66328686\nframes: 1000\nwarmup: 40\n");
	fixture_generate(&f, 1, 0);
	ck_assert_double_eq_tol(f.field[0][2000], f.field[0][0], 1e-5);
	ck_assert_double_eq_tol(f.field[0][2001], f.field[0][1], 1e-5);
	for (int i = 0; i <= 1000; i++)
		most = fmax(most, fabs(f.field[0][2 * i]));
	ck_assert_double_eq_tol(most, 2.00862, 1e-4);
	fixture_free(&f);
}
END_TEST

static int lorenz(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	(void)t;
	dydt[0] = 10 * (y[1] - y[0]);
	dydt[1] = y[0] * (28 - y[2]) - y[1];
	dydt[2] = y[0] * y[1] - 8. / 3 * y[2];
	return 0;
}

/* Against small fixed steps of another method; and the attractor's box. */
START_TEST(lorenz63_follows_its_equation)
{
	struct fixture f = fixture_of("lorenz63", "T: 1\nframes: 4\nrtol: 1e-10\natol: 1e-10\n");
	double y[3], mean = 0;

	fixture_generate(&f, 1, 0);
	memcpy(y, f.field[0], sizeof y);
	ck_assert_int_eq(integ_fixed(tableau_find("rk4"), lorenz, NULL, 3, 0, 1, 20000, y, NULL), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_double_eq_tol(f.field[0][12 + i], y[i], 1e-6);
	ck_assert_double_ge(f.number[0], 6 * f.number[1]);
	fixture_free(&f);
	f = fixture_of("lorenz63", "T: 200\nframes: 4000\n");
	fixture_generate(&f, 1, 0);
	for (int i = 0; i <= 4000; i++) {
		ck_assert_double_lt(fabs(f.field[0][3 * i]), 25);
		mean += f.field[0][3 * i + 2] / 4001;
	}
	ck_assert_double_eq_tol(mean, 23.55, 0.5); /* long-time mean of z */
	fixture_free(&f);
}
END_TEST

/* The quadratic part conserves energy: d/dt sum x^2 / 2 = sum (F x - x^2), by central differences of a fine trajectory;
 * and the index pattern: a bump at site j moves first j+1 and j+2, j-1 (Lorenz 1996: (x_{i+1} - x_{i-2}) x_{i-1}). */
START_TEST(lorenz96_follows_its_equation)
{
	struct fixture f = fixture_of("lorenz96", "T: 0.01\nframes: 10\nn: 8\nwarmup: 3\nrtol: 1e-12\natol: 1e-12\n");
	const double *y, h = 1e-3;
	double energy[11] = { 0 };

	fixture_generate(&f, 1, 0);
	y = f.field[0];
	for (int k = 0; k <= 10; k++)
		for (int i = 0; i < 8; i++)
			energy[k] += 0.5 * y[8 * k + i] * y[8 * k + i];
	for (int k = 1; k < 10; k++) {
		double slope = 0;

		for (int i = 0; i < 8; i++) {
			const double *x = y + 8 * k;
			double rate = (x[8 + i] - x[i - 8]) / (2 * h);

			slope += 8 * x[i] - x[i] * x[i];
			ck_assert_double_eq_tol(rate, (x[(i + 1) % 8] - x[(i + 6) % 8]) * x[(i + 7) % 8] - x[i] + 8,
						1e-3 * 100);
		}
		ck_assert_double_eq_tol((energy[k + 1] - energy[k - 1]) / (2 * h), slope, 1e-2);
	}
	fixture_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("other problems");
	TCase *t = tcase_create("closed forms");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, darcy_has_order_2);
	tcase_add_test(t, darcy_samples_balance);
	tcase_add_test(t, darcy_refuses_a_negative_coefficient);
	tcase_add_test(t, antiderivative_integrates);
	tcase_add_test(t, antiderivative_has_its_kernel);
	tcase_add_test(t, antiderivative_does_not_depend_on_sensors);
	tcase_add_test(t, conserved_quantities);
	tcase_add_test(t, periods);
	tcase_add_test(t, lorenz63_follows_its_equation);
	tcase_add_test(t, lorenz96_follows_its_equation);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
