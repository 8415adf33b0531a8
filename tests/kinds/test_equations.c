/* test_equations.c: problems in text: published solutions reproduced, closed forms, order in time, invariants,
 * refinement of every shipped text, and refusals with their places. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
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

/* ---- published solutions ------------------------------------------------------------------------- */

/* An array of a MATLAB file in the order of our fields, n numbers. NULL: there is no such file. */
static double *published(const char *file, const char *name, int64_t n)
{
	const char *shared = getenv("SCIML_SHARED");
	struct str path = { 0 };
	struct dataset *d;
	struct err e = { 0 };
	double *out = NULL;

	str_printf(&path, "%s/data/%s", shared ? shared : "../shared", file);
	if (access(str_text(&path), R_OK) == 0) {
		int64_t *index, count;
		int f;

		ck_assert_msg(dataset_open(&d, str_text(&path), NULL, &e) == 0, "%s", e.message);
		f = layout_find_field(dataset_layout(d), name);
		ck_assert_msg(f >= 0, "%s: no %s", file, name);
		count = dataset_layout(d)->n_samples;
		ck_assert_int_eq(count * layout_field_count(dataset_layout(d), f), n);
		index = xmalloc((size_t)count * sizeof *index);
		for (int64_t i = 0; i < count; i++)
			index[i] = i;
		out = xmalloc((size_t)n * sizeof *out);
		ck_assert_msg(dataset_read(d, f, count, index, DTYPE_F64, out, &e) == 0, "%s", e.message);
		free(index);
		dataset_close(d);
	} else {
		printf("skipped: %s is not there\n", str_text(&path));
	}
	str_free(&path);
	return out;
}

START_TEST(published_burgers_shock)
{
	/* the file's points are linspace(-1, 1, 256), both ends included: 255 intervals of the periodic grid */
	static const char *const set[] = { "problem.grid=255", NULL };
	enum { X = 256, T = 100 };
	double *u = published("burgers_shock.mat", "u", X * T), error = 0, size = 0;

	if (!u)
		return;
	struct fixture f = fixture_shipped(SCIML_DATA, "burgers-shock", set);
	fixture_generate(&f, 0, 0);
	for (int k = 0; k < T; k++)
		for (int i = 0; i < X - 1; i++) {
			double want = u[k * X + i], got = f.field[0][k * (X - 1) + i];

			error += (got - want) * (got - want);
			size += want * want;
		}
	printf("burgers-shock: relative L2 %.3g\n", sqrt(error / size));
	ck_assert_double_lt(sqrt(error / size), 1e-6);
	fixture_free(&f);
	free(u);
}
END_TEST

START_TEST(published_allen_cahn)
{
	enum { X = 512, T = 201 };
	double *u = published("AC.mat", "u", X * T), error = 0, size = 0;

	if (!u)
		return;
	struct fixture f = fixture_shipped(SCIML_DATA, "allen-cahn", NULL);
	fixture_generate(&f, 0, 0);
	for (int k = 0; k < T; k++)
		for (int i = 0; i < X; i++) {
			double want = u[k * X + i], got = f.field[0][k * X + i];

			error += (got - want) * (got - want);
			size += want * want;
		}
	printf("allen-cahn: relative L2 %.3g\n", sqrt(error / size));
	ck_assert_double_lt(sqrt(error / size), 1e-5);
	fixture_free(&f);
	free(u);
}
END_TEST

/* ---- closed forms -------------------------------------------------------------------------------- */

/* A problem of one's own: relative error of field 0 at the last frame against a function of x. */
static double last_error(const char *config, double (*exact)(double x))
{
	struct fixture f = fixture_of("equation", config);
	const struct axis *x = &f.layout.axis[1];
	double error = 0, size = 0;

	fixture_generate(&f, 0, 0);
	for (int64_t i = 0; i < x->size; i++) {
		double want = exact(x->coordinate[i]), got = f.field[0][fixture_count(&f, 0) - x->size + i];

		error += (got - want) * (got - want);
		size += want * want;
	}
	fixture_free(&f);
	return sqrt(error / size);
}

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
	double error = last_error(closed[_i].config, closed[_i].exact);

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
		error[k] = last_error(config, soliton);
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
		double error = last_error(config, logistic);

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

/* ---- sides --------------------------------------------------------------------------------------- */

static double quarter_wave(double x) /* u(0) = 0, u_x(1) = 0 */
{
	return exp(-0.1 * M_PI * M_PI / 4) * sin(M_PI * x / 2);
}

static double even_wave(double x)
{
	return exp(-0.1 * M_PI * M_PI) * cos(M_PI * x);
}

/* exp(x - t)-like: u_t = u_xx has exp(x + t): u_x - u = 0 at both ends */
static double robin_wave(double x)
{
	return exp(x + 0.1);
}

static double moving_end(double x) /* u_t = -u_x, u(0, t) = sin(3 t), start sin(-3 x) */
{
	return sin(3 * (0.5 - x));
}

static const struct {
	const char *config;
	double (*exact)(double);
} sided[] = {
	{ "equation: \"u_t = u_xx\"\nboundary: {x: [\"u = 0\", \"u_x = 0\"]}\ndomain: {x: [0, 1], t: [0, 0.1]}\n"
	  "initial: {u: \"sin(pi*x/2)\"}\nframes: 1\n",
	  quarter_wave },
	{ "equation: \"u_t = (u_x)_x\"\nboundary: neumann\ndomain: {x: [0, 1], t: [0, 0.1]}\n"
	  "initial: {u: \"cos(pi*x)\"}\nframes: 1\n",
	  even_wave },
	{ "equation: \"u_t = lap(u)\"\nboundary: {x: [\"u_x - u = 0\", \"2*u = 2*u_x\"]}\ndomain: {x: [0, 1], t: [0, "
	  "0.1]}\n"
	  "initial: {u: \"exp(x)\"}\nframes: 1\n",
	  robin_wave },
	{ "equation: \"u_t = -u_x\"\nboundary: {x: [\"u = sin(3*t)\", open]}\ndomain: {x: [0, 1], t: [0, 0.5]}\n"
	  "initial: {u: \"sin(-3*x)\"}\nframes: 1\n",
	  moving_end },
};

/* Orders of the differences, from both sides: too high an order means the test is wrong. */
START_TEST(order_in_space)
{
	for (int order = 2; order <= 6; order += 2) {
		double error[2];

		for (int k = 0; k < 2; k++) {
			char config[500];

			snprintf(config, sizeof config, "%srtol: 1e-11\norder: %d\ngrid: %d\n", sided[_i].config, order,
				 (order == 2 ? 64 : 16) * (k + 1) + 1);
			error[k] = last_error(config, sided[_i].exact);
		}
		printf("sides %d, order %d: %.2e %.2e, %.2f\n", _i, order, error[0], error[1],
		       log2(error[0] / error[1]));
		ck_assert_msg(error[1] < 1e-9 || (log2(error[0] / error[1]) > order - 0.6 &&
						  log2(error[0] / error[1]) < order + 1.9),
			      "sides %d, order %d: %g %g", _i, order, error[0], error[1]);
	}
}
END_TEST

/* Chebyshev points: spectral with every kind of side. */
START_TEST(chebyshev_with_sides)
{
	char config[500];
	double error[2];

	for (int k = 0; k < 2; k++) {
		snprintf(config, sizeof config, "%smethod: chebyshev\nrtol: 1e-12\ngrid: 41\nsolve_grid: %d\n",
			 sided[_i].config, k ? 20 : 6);
		error[k] = last_error(config, sided[_i].exact);
	}
	printf("sides %d, chebyshev: %.2e %.2e\n", _i, error[0], error[1]);
	ck_assert(error[0] > 1e-8 && error[1] < 1e-10);
}
END_TEST

/* u = exp(x + y + 2 t) solves u_t = lap(u): values and slopes that depend on place and time, at all four sides. */
static const char place_text[] =
	"equation: \"u_t = lap(u)\"\ndomain: {x: [0, 1], y: [0, 2], t: [0, 0.05]}\ninitial: {u: \"exp(x + y)\"}\n"
	"boundary: {x: [\"u = exp(y + 2*t)\", \"u_x + u = 2*exp(x + y + 2*t)\"], "
	"y: [\"u_y = exp(x + 2*t)\", \"u = exp(x + 2 + 2*t)\"]}\nframes: 1\nrtol: 1e-11\n";

static double place_error(const char *more)
{
	struct fixture f;
	char config[900];
	double worst = 0;

	snprintf(config, sizeof config, "%s%s", place_text, more);
	f = fixture_of("equation", config);
	fixture_generate(&f, 0, 0);
	const int64_t nx = f.layout.axis[1].size, ny = f.layout.axis[2].size;
	for (int64_t i = 0; i < nx * ny; i++) {
		const double want =
			exp(f.layout.axis[1].coordinate[i / ny] + f.layout.axis[2].coordinate[i % ny] + 0.1);

		worst = fmax(worst, fabs(f.field[0][nx * ny + i] - want) / want);
	}
	fixture_free(&f);
	return worst;
}

START_TEST(sides_by_place)
{
	for (int order = 2; order <= 6; order += 2) {
		char more[80];
		double error[2];

		for (int k = 0; k < 2; k++) {
			snprintf(more, sizeof more, "order: %d\ngrid: %d\n", order, k ? 21 : 11);
			error[k] = place_error(more);
		}
		printf("sides by place, order %d: %.2e %.2e, %.2f\n", order, error[0], error[1],
		       log2(error[0] / error[1]));
		ck_assert(log2(error[0] / error[1]) > order - 0.6 && log2(error[0] / error[1]) < order + 1.9);
	}
	ck_assert_double_lt(place_error("method: chebyshev\nsolve_grid: 14\ngrid: 9\n"), 1e-10);
}
END_TEST

/* (a u_x)_x with a slope at faces: order on both sides, closed and periodic; waves of two points are seen. */
START_TEST(order_of_fluxes)
{
	static const char *const text[] = {
		/* u = exp(-t) sin(pi x), a = 1 + x^2 */
		"equation: \"u_t = ((1 + x^2)*u_x)_x - exp(-t)*(sin(pi*x) + 2*x*pi*cos(pi*x) - (1 + "
		"x^2)*pi^2*sin(pi*x))\"\n"
		"boundary: {x: [\"u = 0\", \"u_x = -pi*exp(-t)\"]}\ndomain: {x: [0, 1], t: [0, 0.2]}\n"
		"initial: {u: \"sin(pi*x)\"}\nframes: 1\nrtol: 1e-11\nmethod: differences\n",
		"equation: \"u_t = (exp(sin(x))*u_x)_x - exp(-t)*(sin(x) + exp(sin(x))*(cos(x)^2 - sin(x)))\"\n"
		"domain: {x: [0, 2*pi], t: [0, 0.2]}\ninitial: {u: \"sin(x)\"}\nframes: 1\nrtol: 1e-11\n"
		"method: differences\n",
	};

	for (int order = 2; order <= 6; order += 2) {
		double error[2];

		for (int k = 0; k < 2; k++) {
			char config[700];

			snprintf(config, sizeof config, "%sorder: %d\ngrid: %d\n", text[_i], order,
				 (order == 6 ? 12 : 20) * (k + 1) + !_i);
			struct fixture f = fixture_of("equation", config);
			const struct axis *x = &f.layout.axis[1];
			fixture_generate(&f, 0, 0);
			error[k] = 0;
			for (int64_t i = 0; i < x->size; i++)
				error[k] = fmax(error[k], fabs(f.field[0][x->size + i] -
							       exp(-0.2) * sin((_i ? 1 : M_PI) * x->coordinate[i])));
			fixture_free(&f);
		}
		printf("fluxes %d, order %d: %.2e %.2e, %.2f\n", _i, order, error[0], error[1],
		       log2(error[0] / error[1]));
		ck_assert(log2(error[0] / error[1]) > order - 0.6 && log2(error[0] / error[1]) < order + 1.9);
	}
}
END_TEST

/* Cosine and sine series against closed forms, and against Chebyshev points where there is none. */
START_TEST(series_with_sides)
{
	static const char *const plane = "equation: \"u_t = 0.1*lap(u) - u + exp(-t)*cos(pi*x)*sin(2*pi*y)\"\ndomain: "
					 "{x: [1, 2], y: [0, 2], t: [0, 0.5]}\n"
					 "boundary: {x: neumann, y: dirichlet}\ninitial: {u: "
					 "\"cos(2*pi*x)*sin(pi*y/2)\"}\nframes: 2\nrtol: 1e-12\n"
					 "grid: [9, 17]\nmethod: series\n";
	static const char *const burgers =
		"equation: \"u_t = 0.05*u_xx - u*u_x\"\ndomain: {x: [0, 1], t: [0, 0.5]}\n"
		"boundary: dirichlet\ninitial: {u: \"sin(2*pi*x) + sin(pi*x)/2\"}\nframes: 1\n"
		"rtol: 1e-11\ngrid: 65\n";
	static const char *const allen = "equation: \"u_t = 0.01*u_xx + a*u - u^3\"\ndomain: {x: [0, 1], t: [0, 1]}\n"
					 "boundary: neumann\ninitial: {u: \"cos(pi*x)\"}\nframes: 1\n"
					 "coefficient: {a: \"1 + exp(cos(pi*x))/4\"}\nrtol: 1e-11\ngrid: 65\n";
	struct fixture f = fixture_of("equation", plane);
	double worst = 0;

	fixture_generate(&f, 0, 0);
	for (int i = 0; i < 9; i++)
		for (int j = 0; j < 17; j++) {
			const double x = 1 + i / 8., y = j / 8., l = 0.1 * 5 * M_PI * M_PI + 1;
			const double want =
				exp(-0.5 * (0.1 * M_PI * M_PI * 4.25 + 1)) * cos(2 * M_PI * x) * sin(M_PI * y / 2) +
				(exp(-0.5) - exp(-0.5 * l)) / (l - 1) * cos(M_PI * x) * sin(2 * M_PI * y);

			worst = fmax(worst, fabs(f.field[0][2 * 9 * 17 + i * 17 + j] - want));
		}
	fixture_free(&f);
	printf("series in the plane: %.2e\n", worst);
	ck_assert_double_lt(worst, 1e-11);
	for (int k = 0; k < 2; k++) {
		char config[600];
		struct fixture g;

		snprintf(config, sizeof config, "%smethod: series\n", k ? allen : burgers);
		f = fixture_of("equation", config);
		snprintf(config, sizeof config, "%smethod: chebyshev\nsolve_grid: 60\n", k ? allen : burgers);
		g = fixture_of("equation", config);
		fixture_generate(&f, 0, 0);
		fixture_generate(&g, 0, 0);
		worst = 0;
		for (int i = 0; i < 65; i++)
			worst = fmax(worst, fabs(f.field[0][65 + i] - g.field[0][65 + i]));
		printf("series and chebyshev: %.2e, %g and %g steps\n", worst, f.number[0], g.number[0]);
		ck_assert_double_lt(worst, 1e-9);
		fixture_free(&f);
		fixture_free(&g);
	}
	/* fourth derivatives, mass kept, from a random field that the sides allow */
	f = fixture_of("equation",
		       "equation: \"u_t = lap(u^3 - u - 1e-3*lap(u))\"\ndomain: {x: [0, 1], y: [0, 1], t: [0, "
		       "0.01]}\nboundary: neumann\ngrid: 17\nframes: 1\nmethod: series\n"
		       "initial: {u: \"0.1*grf(gamma=4, tau=10, sigma=5000)\"}\n");
	fixture_generate(&f, 1, 0);
	double mass[2] = { 0 };
	for (int i = 0; i < 2 * 289; i++)
		mass[i / 289] += f.field[0][i] * (i % 17 % 16 ? 1 : 0.5) * (i % 289 / 17 % 16 ? 1 : 0.5) / 256;
	ck_assert_double_eq_tol(mass[0], mass[1], 1e-12);
	fixture_free(&f);
}
END_TEST

/* The published shock is odd: on [-1, 0] with u = 0 at both ends it is the same, and its front is at a side, where
 * Chebyshev points are close. The file's points are every second of 256. */
START_TEST(published_shock_with_sides)
{
	static const char *const set[] = { "problem.domain.x=[-1, 0]", "problem.boundary=dirichlet",
					   "problem.method=chebyshev", "problem.solve_grid=90",
					   "problem.grid=256",	       NULL };
	enum { X = 256, T = 100 };
	double *u = published("burgers_shock.mat", "u", X * T), error = 0, size = 0;

	if (!u)
		return;
	struct fixture f = fixture_shipped(SCIML_DATA, "burgers-shock", set);
	fixture_generate(&f, 0, 0);
	for (int k = 0; k < T; k++)
		for (int i = 0; i < X / 2; i++) {
			error += pow(f.field[0][k * X + 2 * i] - u[k * X + i], 2);
			size += pow(u[k * X + i], 2);
		}
	printf("burgers-shock with sides: relative L2 %.3g, %g steps\n", sqrt(error / size), f.number[0]);
	ck_assert_double_lt(sqrt(error / size), 1e-6);
	fixture_free(&f);
	free(u);
}
END_TEST

/* The same with both ends and differences of order 6, the front being seven points wide. Their error falls by about 50
 * for twice the points until rtol shows, which is 1e-7. */
START_TEST(published_shock_by_differences)
{
	static const char *const set[] = {
		"problem.boundary=dirichlet", "problem.method=differences", "problem.order=6",
		"problem.solve_grid=2041",    "problem.grid=256",	    NULL
	};
	enum { X = 256, T = 100 };
	double *u = published("burgers_shock.mat", "u", X * T), error = 0, size = 0;

	if (!u)
		return;
	struct fixture f = fixture_shipped(SCIML_DATA, "burgers-shock", set);
	fixture_generate(&f, 0, 0);
	for (int i = 0; i < T * X; i++) {
		error += pow(f.field[0][i] - u[i], 2);
		size += pow(u[i], 2);
	}
	printf("burgers-shock by differences: relative L2 %.3g, %g steps\n", sqrt(error / size), f.number[0]);
	ck_assert_double_lt(sqrt(error / size), 1e-6);
	fixture_free(&f);
	free(u);
}
END_TEST

/* In the plane, walls on one axis and a circle on the other. */
START_TEST(plane_with_sides)
{
	struct fixture f =
		fixture_of("equation", "equation: \"u_t = 0.1*lap(u)\"\ndomain: {x: [0, 1], y: [0, 2], t: [0, 0.5]}\n"
				       "boundary: {x: dirichlet, y: periodic}\ninitial: {u: \"sin(pi*x)*cos(pi*y)\"}\n"
				       "grid: [21, 24]\norder: 6\nframes: 1\nrtol: 1e-9\n");
	double worst = 0;

	fixture_generate(&f, 0, 0);
	for (int i = 0; i < 21; i++)
		for (int j = 0; j < 24; j++)
			worst = fmax(worst, fabs(f.field[0][21 * 24 + i * 24 + j] -
						 exp(-0.1 * M_PI * M_PI) * sin(M_PI * i / 20.) * cos(M_PI * j / 12.)));
	ck_assert_msg(worst < 1e-6, "%g", worst);
	fixture_free(&f);
}
END_TEST

/* The published shock with sides: the front is five cells wide here, so only the spectral text reaches 1e-6. */
START_TEST(shock_with_sides)
{
	static const char *const set[] = { "problem.boundary=dirichlet",
					   "problem.grid=511",
					   "problem.order=6",
					   "problem.rtol=1e-6",
					   "problem.frames=2",
					   "problem.domain.t=[0, 0.5]",
					   NULL };
	static const char *const smooth[] = { "problem.grid=510", "problem.frames=2", "problem.domain.t=[0, 0.5]",
					      NULL };
	struct fixture f = fixture_shipped(SCIML_DATA, "burgers-shock", set),
		       g = fixture_shipped(SCIML_DATA, "burgers-shock", smooth);
	double error = 0;

	fixture_generate(&f, 0, 0);
	fixture_generate(&g, 0, 0);
	for (int i = 0; i < 510; i++)
		error = fmax(error, fabs(f.field[0][2 * 511 + i] - g.field[0][2 * 510 + i]));
	printf("shock with sides: %g\n", error);
	ck_assert_double_lt(error, 0.05);
	fixture_free(&f);
	fixture_free(&g);
}
END_TEST

START_TEST(sides_draw_fields)
{
	struct fixture f = fixture_of("equation", "equation: \"u_t = 0.01*u_xx + a\"\nboundary: dirichlet\ngrid: "
						  "33\nframes: 2\ncoefficient: {a: \"grf(sigma=3)\"}\n"),
		       g = f;
	double copy[3 * 33];
	struct err e = { 0 };

	fixture_generate(&f, 3, 1);
	memcpy(copy, f.field[0], sizeof copy);
	for (int k = 0; k < 3; k++)
		ck_assert(copy[33 * k] == 0 && copy[33 * k + 32] == 0 && copy[33 * k + 16] != 0);
	const double *in[2] = { copy, f.field[1] };
	double *a = xmalloc(33 * sizeof *a);
	memcpy(a, f.field[1], 33 * sizeof *a);
	in[1] = a;
	ck_assert_int_eq(g.problem->march(g.config, g.work, 1, in, g.field, g.number, &e), 0);
	ck_assert_mem_eq(copy, g.field[0], sizeof copy);
	free(a);
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
	TCase *t = tcase_create("equations");
	SRunner *r = srunner_create(s);
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, published_burgers_shock);
	tcase_add_test(t, published_allen_cahn);
	tcase_add_loop_test(t, closed_forms, 0, sizeof closed / sizeof *closed);
	tcase_add_test(t, order_in_time);
	tcase_add_test(t, tolerance_is_kept);
	tcase_add_loop_test(t, order_in_space, 0, sizeof sided / sizeof *sided);
	tcase_add_test(t, stationary_equations);
	tcase_add_test(t, noise_reaches_its_variance);
	tcase_add_test(t, noise_repeats);
	tcase_add_loop_test(t, chebyshev_with_sides, 0, sizeof sided / sizeof *sided);
	tcase_add_test(t, sides_by_place);
	tcase_add_loop_test(t, order_of_fluxes, 0, 2);
	tcase_add_test(t, series_with_sides);
	tcase_add_test(t, published_shock_with_sides);
	tcase_add_test(t, published_shock_by_differences);
	tcase_add_test(t, plane_with_sides);
	tcase_add_test(t, shock_with_sides);
	tcase_add_test(t, sides_draw_fields);
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
