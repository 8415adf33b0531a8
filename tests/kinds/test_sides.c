/* test_sides.c: problems in text with every kind of side: closed forms, orders of differences, Chebyshev points,
 * series. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"

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
			error[k] = fixture_last_error(config, sided[_i].exact);
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
		error[k] = fixture_last_error(config, sided[_i].exact);
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

int main(void)
{
	Suite *s = suite_create("sides of texts");
	TCase *t = tcase_create("sides of texts");
	SRunner *r = srunner_create(s);
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, order_in_space, 0, sizeof sided / sizeof *sided);
	tcase_add_loop_test(t, chebyshev_with_sides, 0, sizeof sided / sizeof *sided);
	tcase_add_test(t, sides_by_place);
	tcase_add_loop_test(t, order_of_fluxes, 0, 2);
	tcase_add_test(t, series_with_sides);
	tcase_add_test(t, plane_with_sides);
	tcase_add_test(t, shock_with_sides);
	tcase_add_test(t, sides_draw_fields);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
