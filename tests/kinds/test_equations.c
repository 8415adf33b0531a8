/* test_equations.c: problems in text: closed forms, order in time, noise, invariants, problems in C, and refusals with
 * their places. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"

/* Extent of one frame of field k. */
static int64_t frame(const struct fixture *f, int k)
{
	return fixture_count(f, k) / f->layout.axis[0].size;
}

static double l2(int64_t n, const double *a, const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += (a[i] - (b ? b[i] : 0)) * (a[i] - (b ? b[i] : 0));
	return sqrt(sum);
}

/* ---- closed forms -------------------------------------------------------------------------------- */

static double decayed_sine(double x)
{
	return exp(-0.1 * 4 * M_PI * M_PI - 0.3) * sin(2 * M_PI * x);
}

static double moved_sine(double x)
{
	return sin(2 * M_PI * (x - 0.7));
}

static double standing_wave(double x)
{
	return cos(3 * 2 * M_PI * 0.4) * sin(2 * M_PI * x);
}

/* KdV: u_t + 6 u u_x + u_xxx = 0 has u = c/2 sech^2(sqrt(c)/2 (x - c t)) on the line. */
static double soliton(double x)
{
	double s = 1 / cosh(1.0 * (x - 4 * 0.5));

	return 2 * s * s;
}

static double logistic(double x)
{
	(void)x;
	return 1 / (1 + 9 * exp(-2));
}

/* u_t = -hilbert(u)_x = -|k| u */
static double half_decay(double x)
{
	return exp(-0.5 * 4 * M_PI) * sin(4 * M_PI * x);
}

static double driven(double x)
{
	return (1 - cos(3.)) / 3 * cos(2 * M_PI * x);
}

static double mean_law(double x)
{
	(void)x;
	return exp(0.5) * 0.5;
}

static const struct {
	const char *config;
	double (*exact)(double);
	double tolerance;
} closed[] = {
	{ "equation: \"u_t = 0.1*u_xx - 0.3*u\"\ninitial: {u: \"sin(2*pi*x)\"}\ngrid: 16\nframes: 2\n", decayed_sine,
	  1e-13 },
	{ "equation: \"u_t + 0.7*u_x = 0\"\ninitial: {u: \"sin(2*pi*x)\"}\ngrid: 17\nframes: 3\n", moved_sine, 1e-13 },
	{ "equation: \"u_tt = c^2*u_xx\"\nparam: {c: 3}\ndomain: {t: [0, 0.4], x: [0, 1]}\n"
	  "initial: {u: \"sin(2*pi*x)\"}\ngrid: 16\nframes: 2\n",
	  standing_wave, 1e-12 },
	{ "equation: \"u_t = -6*u*u_x - u_xxx\"\ndomain: {x: [-20, 20], t: [0, 0.5]}\n"
	  "initial: {u: \"2*sech(x)^2\"}\ngrid: 256\nframes: 1\nrtol: 1e-8\n",
	  soliton, 1e-7 },
	{ "equation: \"u_t = u*(1 - u)\"\ndomain: {x: [0, 1], t: [0, 2]}\ninitial: {u: 0.1}\ngrid: 4\nrtol: 1e-9\n",
	  logistic, 1e-9 },
	{ "equation: \"u_t = -hilbert(u)_x\"\ndomain: {x: [0, 1], t: [0, 0.5]}\ninitial: {u: \"sin(4*pi*x)\"}\ngrid: "
	  "16\n",
	  half_decay, 1e-12 },
	{ "equation: \"u_t = -fraclap(u, s)\"\nparam: {s: 1}\ndomain: {x: [0, 1], t: [0, 0.5]}\ninitial: {u: "
	  "\"sin(4*pi*x)\"}\ngrid: 16\n",
	  half_decay, 1e-12 },
	{ "equation: \"u_t = sin(3*t)*cos(2*pi*x)\"\ninitial: {u: 0}\ngrid: 16\nrtol: 1e-9\n", driven, 1e-9 },
	{ "equation: \"u_t = integral(u)\"\ndomain: {x: [0, 2], t: [0, 0.25]}\ninitial: {u: 0.5}\ngrid: 8\nrtol: "
	  "1e-9\n",
	  mean_law, 1e-9 },
};

START_TEST(closed_forms)
{
	double error = fixture_last_error(closed[_i].config, closed[_i].exact);

	ck_assert_msg(error < closed[_i].tolerance, "%s: %g", closed[_i].config, error);
}
END_TEST

/* Error against the soliton falls as dt^4, and no faster. */
START_TEST(order_in_time)
{
	static const char text[] = "equation: \"u_t = -6*u*u_x - u_xxx\"\ndomain: {x: [-20, 20], t: [0, 0.5]}\n"
				   "initial: {u: \"2*sech(x)^2\"}\ngrid: 192\nframes: 1\ndt: ";
	char config[400];
	double error[2];

	for (int k = 0; k < 2; k++) {
		snprintf(config, sizeof config, "%s%g\n", text, k == 0 ? 1. / 256 : 1. / 1024);
		error[k] = fixture_last_error(config, soliton);
	}
	const double order = log2(error[0] / error[1]) / 2;
	ck_assert_msg(order > 3.7 && order < 4.5, "order %g", order);
}
END_TEST

/* The choice of steps keeps its promise, roughly, over six decades. */
START_TEST(tolerance_is_kept)
{
	static const char text[] =
		"equation: \"u_t = u*(1 - u)\"\ndomain: {x: [0, 1], t: [0, 2]}\ninitial: {u: 0.1}\ngrid: "
		"4\nrtol: ";
	char config[300];

	for (double rtol = 1e-3; rtol > 1e-10; rtol /= 100) {
		snprintf(config, sizeof config, "%s%g\n", text, rtol);
		double error = fixture_last_error(config, logistic);

		ck_assert_msg(error < 3 * rtol, "rtol %g: %g", rtol, error);
	}
}
END_TEST

/* ---- stationary ---------------------------------------------------------------------------------- */

/* -lap(u) + c u = f and a coupled pair, against their closed forms; and marched from what was generated. */
START_TEST(stationary_equations)
{
	struct fixture f = fixture_of("equation",
				      "equation: [\"lap(u) - c*u + f = 0\", \"v = u_x + 2*u\"]\n"
				      "fields: {u: scalar, v: scalar}\nparam: {c: 3}\ndomain: {x: [0, 1], y: [-1, 1]}\n"
				      "coefficient: {f: \"cos(2*pi*x)*sin(pi*y) + grf(sigma=0)\"}\ngrid: [16, 12]\n");
	const double size = 1 / (4 * M_PI * M_PI + M_PI * M_PI + 3);
	double *u = xmalloc(16 * 12 * sizeof *u), *given = xmalloc(16 * 12 * sizeof *given);
	const double *in[1] = { given };
	struct err e = { 0 };

	ck_assert_int_eq(f.layout.field[0].n_axes, 2);
	ck_assert_int_eq(f.layout.field[0].role, ROLE_TARGET);
	ck_assert_str_eq(f.problem->march_input(f.config)[0], "f");
	ck_assert_ptr_null(f.problem->march_input(f.config)[1]);
	fixture_generate(&f, 0, 0);
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < 12; j++) {
			double x = 2 * M_PI * i / 16., y = M_PI * (2 * j / 12. - 1);

			ck_assert_double_eq_tol(f.field[0][i * 12 + j], size * cos(x) * sin(y), 1e-14);
			ck_assert_double_eq_tol(f.field[1][i * 12 + j],
						size * (2 * cos(x) - 2 * M_PI * sin(x)) * sin(y), 1e-14);
		}
	memcpy(u, f.field[0], 16 * 12 * sizeof *u);
	memcpy(given, f.field[2], 16 * 12 * sizeof *given);
	ck_assert_int_eq(f.problem->march(f.config, f.work, 0, in, f.field, f.number, &e), 0);
	for (int i = 0; i < 16 * 12; i++)
		ck_assert_double_eq_tol(f.field[0][i], u[i], 1e-15);
	free(u);
	free(given);
	fixture_free(&f);
}
END_TEST

/* ---- noise --------------------------------------------------------------------------------------- */

/* u_t = nu u_xx - u + s dW: mode k relaxes at nu k^2 + 1 to the variance s^2 / (2 (nu k^2 + 1) length) from 0. */
START_TEST(noise_reaches_its_variance)
{
	enum { N = 16, SAMPLES = 3000 };
	struct fixture f =
		fixture_of("equation", "equation: \"u_t = nu*u_xx - u + s*dW\"\nparam: {nu: 0.05, s: 0.7}\n"
				       "domain: {x: [0, 2], t: [0, 1]}\ninitial: {u: 0}\ngrid: 16\nframes: 1\ndt: "
				       "0.05\n");
	double power[4] = { 0 };

	for (int sample = 0; sample < SAMPLES; sample++) {
		fixture_generate(&f, 11, sample);
		for (int k = 0; k < 4; k++) {
			double re = 0, im = 0;

			for (int i = 0; i < N; i++) {
				re += f.field[0][N + i] * cos(2 * M_PI * k * i / N) / N;
				im += f.field[0][N + i] * sin(2 * M_PI * k * i / N) / N;
			}
			power[k] += (re * re + im * im) / SAMPLES;
		}
	}
	for (int k = 0; k < 4; k++) {
		double rate = 0.05 * M_PI * M_PI * k * k + 1;
		double want = 0.49 * (1 - exp(-2 * rate)) / (2 * rate * 2);

		/* the mean of a squared normal (k = 0) or of a sum of two has a relative deviation of sqrt(2 or 1 / samples) */
		ck_assert_msg(fabs(power[k] / want - 1) < 4 * sqrt((k ? 1. : 2.) / SAMPLES) + 0.003,
			      "mode %d: %g, not %g", k, power[k], want);
	}
	fixture_free(&f);
}
END_TEST

/* Noise acts where it stands, and depends on seed and sample alone. */
START_TEST(noise_repeats)
{
	struct fixture f = fixture_of("equation", "equation: \"u_t = n; v_t = n; w_t = dW\"\ndefine: {n: \"0*u\"}\n"
						  "initial: {u: 0, v: 0, w: 0}\ngrid: 8\nframes: 2\ndt: 0.1\n");
	double first[8];

	fixture_generate(&f, 1, 5);
	memcpy(first, f.field[2] + 16, sizeof first);
	for (int i = 0; i < 8; i++)
		ck_assert(f.field[0][16 + i] == 0 && f.field[1][16 + i] == 0 && first[i] != 0);
	fixture_generate(&f, 1, 6);
	ck_assert_mem_ne(first, f.field[2] + 16, sizeof first);
	fixture_generate(&f, 1, 5);
	ck_assert_mem_eq(first, f.field[2] + 16, sizeof first);
	fixture_free(&f);
}
END_TEST

/* ---- invariants ---------------------------------------------------------------------------------- */

static double sum(int64_t n, const double *a)
{
	double s = 0;

	for (int64_t i = 0; i < n; i++)
		s += a[i];
	return s;
}

START_TEST(mass_is_kept)
{
	static const char *const kdv[] = { "problem.frames=2", "problem.grid=128", "problem.domain.t=[0, 0.3]", NULL };
	static const char *const ch[] = { "problem.frames=2", "problem.grid=32", "problem.domain.t=[0, 0.001]", NULL };

	for (int which = 0; which < 2; which++) {
		struct fixture f = fixture_shipped(SCIML_DATA, which ? "cahn-hilliard" : "kdv", which ? ch : kdv);
		const int64_t n = frame(&f, 0);
		double first, energy;

		fixture_generate(&f, 1, 0);
		first = sum(n, f.field[0]);
		energy = l2(n, f.field[0], NULL);
		for (int k = 1; k <= 2; k++)
			ck_assert_double_eq_tol(sum(n, f.field[0] + k * n), first, 1e-11 * energy * sqrt((double)n));
		if (!which) /* and the momentum, integral of u^2 */
			ck_assert_double_eq_tol(l2(n, f.field[0] + 2 * n, NULL), energy, 1e-6 * energy);
		fixture_free(&f);
	}
}
END_TEST

START_TEST(schroedinger_norm_is_kept)
{
	static const char *const set[] = { "problem.frames=4", "problem.rtol=1e-7", NULL };
	struct fixture f = fixture_shipped(SCIML_DATA, "schroedinger", set);
	const int64_t n = frame(&f, 0);
	double norm[5];

	fixture_generate(&f, 0, 0);
	for (int k = 0; k < 5; k++)
		norm[k] = hypot(l2(n, f.field[0] + k * n, NULL), l2(n, f.field[1] + k * n, NULL));
	for (int k = 1; k < 5; k++)
		ck_assert_double_eq_tol(norm[k], norm[0], 1e-6 * norm[0]);
	fixture_free(&f);
}
END_TEST

/* ---- against the problems in C ------------------------------------------------------------------- */

/* The same initial data marched by the C member and by the text. */
static void same_march(const char *member, const char *config, const char *text, double tolerance)
{
	struct fixture f = fixture_of(member, config), g = fixture_of("equation", text);
	struct err e = { 0 };

	fixture_generate(&f, 3, 1);
	const double *in[1] = { f.field[0] };
	ck_assert_msg(g.problem->march(g.config, g.work, 1, in, g.field, g.number, &e) == 0, "%s", e.message);
	ck_assert_int_eq(fixture_count(&f, 0), fixture_count(&g, 0));
	ck_assert_double_lt(l2(fixture_count(&f, 0), f.field[0], g.field[0]),
			    tolerance * l2(fixture_count(&f, 0), f.field[0], NULL));
	fixture_free(&f);
	fixture_free(&g);
}

START_TEST(agrees_with_members)
{
	same_march("burgers", "grid: 128\nsolve_grid: 128\nnu: 0.05\nT: 0.5\nframes: 4\ncfl: 0.1\n",
		   "equation: \"u_t = 0.05*u_xx - u*u_x\"\ndomain: {x: [0, 1], t: [0, 0.5]}\ngrid: 128\nframes: "
		   "4\nrtol: 1e-9\n",
		   1e-7);
	same_march("navier-stokes", "grid: 32\nsolve_grid: 32\nnu: 1e-2\nT: 1\nframes: 2\ndt: 0.01\n",
		   "equation: \"w_t = -dot(curl(psi), grad(w)) + nu*lap(w) + 0.1*(sin(2*pi*(x + y)) + cos(2*pi*(x + "
		   "y)))\"\n"
		   "define: {psi: \"-invlap(w)\"}\nparam: {nu: 1e-2}\ndomain: {x: [0, 1], y: [0, 1], t: [0, 1]}\n"
		   "grid: 32\nframes: 2\nrtol: 1e-7\n",
		   1e-5);
}
END_TEST

/* ---- laws and refusals --------------------------------------------------------------------------- */

START_TEST(parameters_are_drawn)
{
	struct fixture f = fixture_of("equation",
				      "equation: \"u_t = -a*u\"\nparam: {a: \"loguniform(0.1, 10)\", b: \"2*uniform(1, "
				      "2)\"}\ninitial: {u: \"b\"}\ngrid: 4\nframes: 1\nrtol: 1e-10\n");
	struct problem_numbers n;
	double mean_log = 0, low = 1e9, high = 0;

	f.problem->numbers(f.config, &n);
	ck_assert_int_eq(n.n, 5);
	ck_assert_str_eq(n.name[3], "a");
	ck_assert_str_eq(n.name[4], "b");
	for (int i = 0; i < 400; i++) {
		fixture_generate(&f, 7, i);
		double a = f.number[3], b = f.number[4];

		mean_log += log10(a) / 400;
		low = fmin(low, a);
		high = fmax(high, a);
		ck_assert(b >= 2 && b <= 4);
		ck_assert_double_eq_tol(f.field[0][0], b, 1e-14 * b);
		ck_assert_double_eq_tol(f.field[0][4], b * exp(-a), 1e-12);
	}
	ck_assert(low >= 0.1 && low < 0.12 && high <= 10 && high > 8.5);
	ck_assert_double_eq_tol(mean_log, 0, 3 * 2 / sqrt(12.) / 20);
	fixture_free(&f);
}
END_TEST

START_TEST(refusals)
{
	static const char *const c[][2] = {
		{ "equation: \"u_t = v_xx\"", "test:2: equation:1:7: unknown field 'v'; did you mean 'u'?" },
		{ "equation:\n  - \"u_t = v\"\n  - \"v_t = u +\"", "test:4: equation:1:10: expected a value" },
		{ "equation: |\n  u_t = u\n  v_t = w", "equation:2:7: unknown name 'w'" },
		{ "equation: \"u_t = nu*u\"\nparam: {nu: \"unifrm(1, 2)\"}",
		  "test:3: param.nu:1:1: unknown function 'unifrm'" },
		{ "equation: \"u_t = nu*u\"\nparam: {nu: x}", "must be a number, the same everywhere" },
		{ "equation: \"u_t = u\"\nparam: {u: 1}", "u" },
		{ "equation: \"u_t = u\"\nparam: {x: 1}", "param: 'x' has a meaning" },
		{ "equation: \"u_t = u\"\ninitial: {v: 1}", "initial: there is no field 'v'" },
		{ "equation: \"u_t = u\"\ninitial: {u: \"u\"}", "initial.u:1:1: field 'u' has no value here" },
		{ "equation: \"u_t = u\"\nboundary: {x: closed}", "needs periodic, dirichlet, neumann" },
		{ "equation: \"u_t = u\"\nboundary: {x: [\"u = 0\"]}", "needs periodic" },
		{ "equation: \"u_t = u\"\nboundary: {x: [\"u = 0\", \"u^2 = 0\"]}", "is not a*u + b*u_x = g with" },
		{ "equation: \"u_t = u\"\nboundary: {x: [\"u = 0\", \"u_x + u_xx = 0\"]}",
		  "test:3: boundary: condition 1 holds u_xx; a side of x knows fields and their slopes along x" },
		{ "equation: \"u_t = u\"\ndomain: {x: [0, 1], y: [0, 1]}\nboundary: {x: [\"u_y = 0\", \"u = 0\"]}",
		  "test:4: boundary: condition 1 holds u_y" },
		{ "equation: \"u_t = u_xx + 1\"\nboundary: dirichlet\nmethod: series",
		  "series needs equations that keep 'u' odd about the ends of x" },
		{ "equation: \"u_t = u_x\"\nboundary: neumann\nmethod: series", "keep 'u' even" },
		{ "equation: \"u_t = u_xx\"\nboundary: {x: [\"u = 0\", \"u_x = 0\"]}\nmethod: series",
		  "series needs 'u' to be 0 at both ends of x, or its slope" },
		{ "equation: \"u_t = u_xx\"\nmethod: series", "series is for axes with ends" },
		{ "equation: \"u_t = u_xx\"\nboundary: {x: [\"u = 0\", open]}",
		  "test:3: boundary: 'u' is differentiated twice along x and needs a condition at the upper end" },
		{ "equation: \"u_t = (u*u_x)_x\"\nboundary: open",
		  "test:3: boundary: 'u' is differentiated twice along x and needs a condition at the lower end" },
		{ "equation: \"u_t = u_xxx\"\nboundary: dirichlet", "of order 3 along x need more conditions" },
		{ "equation: \"u_t = u_xx\"\nboundary: {x: dirichlet, z: dirichlet}",
		  "boundary: there is no axis 'z'" },
		{ "equation: \"u_t = u\"\nboundary: {x: [\"u = 0\", \"v = 0\"]}", "boundary:1:1: unknown name 'v'" },
		{ "equation: \"u_t = u\"\nboundary: {x: [\"u = 0; u = 1\", \"u = x\"]}", "two conditions for 'u'" },
		{ "equation: \"u_t = u_xxxxx\"\nboundary: neumann", "above order 4 need periodic sides" },
		{ "equation: \"u_t = hilbert(u)\"\nboundary: neumann", "hilbert needs periodic sides" },
		{ "equation: \"u_t = u_xx\"\nboundary: neumann\norder: 3", "order: 3 is odd" },
		{ "equation: \"u_t = u\"\nboundary: {y: periodic}", "boundary: there is no axis 'y'" },
		{ "equation: \"u_t = u\"\ndomain: {x: [1, 0]}", "domain.x: from 1 to 0 is empty" },
		{ "equation: \"u_t = u\"\ndomain: {xx: [0, 1]}", "needs a name of one small letter" },
		{ "equation: \"u_t = u\"\ngrid: {y: 4}", "grid: there is no axis 'y'" },
		{ "equation: \"u_t = u\"\ngrid: [4, 4]", "grid: 2 numbers for 1 axes" },
		{ "equation: \"u_t = u\"\ngrid: 1.5", "whole numbers" },
		{ "equation: \"0 = 1 + x\"", "1 equations for 0 fields" },
		{ "equation: \"0 = u_xx\"\nfields: {u: scalar, v: scalar}", "fewer equations than fields" },
		{ "equation: \"0 = v_xx - u; u_t = v\"\nfields: {u: scalar, v: scalar}",
		  "equation 1 has no time derivative" },
		{ "equation: \"u_t = u + dW\"", "dt: equations with noise need" },
		{ "equation: \"u_t = dW^2\"\ndt: 0.1", "dW must stand linearly" },
		{ "equation: \"u_t = dW_x\"", "unknown field 'dW'" },
		{ "equation: \"u_t = (u*dW)_x\"\ndt: 0.1", "dW must stand linearly and outside of operators" },
		{ "equation: \"u_t = u*dW\"\ndt: 0.1\nstepper: milstein", "stepper: milstein needs noises" },
		{ "equation: \"u_t = -u\"\ndomain: {t: [0, 1]}", "initial: 'u' needs a value" },
		{ "equation: \"u_t = (u_t)_x\"", "time derivative" },
		{ "equation: \"u_t = u\"\nfields: {v: scalar}", "field 'v' has no equation" },
		{ "equation: \"u_t = u\"\nfields: {v: vector}", "vectors need two or three axes" },
		{ "equation: \"u_t = u\"\ncoefficient: {a: \"t\"}", "depends on time" },
		{ "equation: \"u_t = nu*u\"\nparam: {nu: \"loguniform(2, 1)\"}", "needs 0 < low <= high" },
		{ "equation: [1, [2]]", "equation" },
		{ "equation: \"u_t = u\"\nparam: 3", "param: is no map" },
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		fixture_refuse("equation", c[i][0], c[i][1]);
}
END_TEST

START_TEST(blow_up_is_told)
{
	struct fixture f = fixture_of("equation", "equation: \"u_t = u^2\"\ninitial: {u: 2}\ngrid: 4\n");
	struct err e = { 0 };

	ck_assert_int_ne(f.problem->generate(f.config, f.work, 0, 17, f.field, f.number, &e), 0);
	ck_assert_int_eq(e.code, ERR_FAIL);
	ck_assert_msg(strstr(e.message, "sample 17: ") && strstr(e.message, "at t = 0.5"), "%s", e.message);
	fixture_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("equations in text");
	TCase *t = tcase_create("equations in text");
	SRunner *r = srunner_create(s);
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, closed_forms, 0, sizeof closed / sizeof *closed);
	tcase_add_test(t, order_in_time);
	tcase_add_test(t, tolerance_is_kept);
	tcase_add_test(t, stationary_equations);
	tcase_add_test(t, noise_reaches_its_variance);
	tcase_add_test(t, noise_repeats);
	tcase_add_test(t, mass_is_kept);
	tcase_add_test(t, schroedinger_norm_is_kept);
	tcase_add_test(t, agrees_with_members);
	tcase_add_test(t, parameters_are_drawn);
	tcase_add_test(t, refusals);
	tcase_add_test(t, blow_up_is_told);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
