/* test_rest.c: equations in text without time: exact solutions with every kind of side and every method, solvers
 * against each other and against the problem in C, nonlinear and singular ones, and refusals. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"

static const struct axis *axis_of(const struct fixture *f, int a)
{
	return &f->layout.axis[f->layout.field[0].axis[a]];
}

/* Largest difference of field 0 from a function of place, over its largest value. */
static double error_of(const struct fixture *f, double (*exact)(const double *x))
{
	const int n_dims = f->layout.field[0].n_axes;
	double worst = 0, size = 0;

	for (int64_t at = 0; at < fixture_count(f, 0); at++) {
		double x[3] = { 0 };
		int64_t rest = at;

		for (int a = n_dims - 1; a >= 0; a--) {
			x[a] = axis_of(f, a)->coordinate[rest % axis_of(f, a)->size];
			rest /= axis_of(f, a)->size;
		}
		worst = fmax(worst, fabs(f->field[0][at] - exact(x)));
		size = fmax(size, fabs(exact(x)));
	}
	return worst / size;
}

static double solved(const char *text, const char *more, double (*exact)(const double *x))
{
	char config[1500];

	snprintf(config, sizeof config, "fields: {u: scalar}\n%s%s", text, more);
	struct fixture f = fixture_of("equation", config);
	fixture_generate(&f, 0, 0);
	const double error = error_of(&f, exact);
	fixture_free(&f);
	return error;
}

static double sine(const double *x)
{
	return sin(M_PI * x[0]);
}

static double helmholtz(const double *x)
{
	return sin(M_PI * x[0]) * sin(4 * M_PI * x[1]);
}

static double plane(const double *x)
{
	return exp(x[0]) * cos(x[1]);
}

static double cube(const double *x)
{
	return sin(M_PI * x[0]) * cos(x[1] + 0.5) * exp(x[2] / 2);
}

static double even(const double *x)
{
	return cos(M_PI * x[0]) + cos(2 * M_PI * x[0]) / 3;
}

static double front(const double *x) /* u u_x = nu u_xx */
{
	return -tanh(x[0] / (2 * 0.1));
}

static double wave(const double *x)
{
	return sin(2 * M_PI * x[0]);
}

static const struct {
	const char *name, *text;
	double (*exact)(const double *);
	int grid; /* where order 2 starts */
} problem[] = {
	{ "flux",
	  "equation: \"0 = ((1 + x^2)*u_x)_x + (1 + x^2)*pi^2*sin(pi*x) - 2*x*pi*cos(pi*x)\"\n"
	  "boundary: {x: [\"u = 0\", \"u_x = -pi\"]}\ndomain: {x: [0, 1]}\n",
	  sine, 16 },
	{ "Helmholtz",
	  "equation: \"0 = lap(u) + k^2*u + (17*pi^2 - k^2)*sin(pi*x)*sin(4*pi*y)\"\nparam: {k: 1}\n"
	  "boundary: dirichlet\ndomain: {x: [-1, 1], y: [-1, 1]}\n",
	  helmholtz, 40 },
	{ "Robin",
	  "equation: \"lap(u) = u - exp(x)*cos(y)\"\ndomain: {x: [0, 1], y: [0, 2*pi]}\n"
	  "boundary: {x: [\"u_x - 3*u = -2*cos(y)\", \"u_x + u = 2*exp(1)*cos(y)\"], y: periodic}\n",
	  plane, 12 },
	{ "cube",
	  "equation: \"0 = div((2 + x*y)*grad(u)) - ((2 + x*y)*(0.25 - 1 - pi^2)*sin(pi*x)*cos(y + 0.5)*exp(z/2)"
	  " + y*pi*cos(pi*x)*cos(y + 0.5)*exp(z/2) - x*sin(pi*x)*sin(y + 0.5)*exp(z/2))\"\n"
	  "domain: {x: [0, 1], y: [0, 1], z: [0, 1]}\nboundary: {x: [\"u = 0\", \"u = 0\"], "
	  "y: [\"u = sin(pi*x)*cos(0.5)*exp(z/2)\", \"u = sin(pi*x)*cos(1.5)*exp(z/2)\"], "
	  "z: [\"2*u_z = sin(pi*x)*cos(y + 0.5)\", \"u = sin(pi*x)*cos(y + 0.5)*exp(0.5)\"]}\n",
	  cube, 6 },
	{ "cubic",
	  "equation: \"0 = u_xx - u^3 + sin(pi*x)^3 + pi^2*sin(pi*x)\"\nboundary: dirichlet\ndomain: {x: [0, 1]}\n",
	  sine, 16 },
	{ "Neumann",
	  "equation: \"0 = u_xx + f\"\ncoefficient: {f: \"pi^2*cos(pi*x) + 4/3*pi^2*cos(2*pi*x)\"}\nboundary: "
	  "neumann\n",
	  even, 48 },
	{ "steady Burgers",
	  "equation: \"u*u_x = 0.1*u_xx\"\nboundary: {x: [\"u = tanh(5)\", \"u = -tanh(5)\"]}\ndomain: {x: [-1, 1]}\n"
	  "initial: {u: \"-x\"}\n",
	  front, 48 },
	{ "circle",
	  "equation: \"0 = u_xx - u - u^3 + (1 + 4*pi^2)*sin(2*pi*x) + sin(2*pi*x)^3\"\ndomain: {x: [0, 1]}\n", wave,
	  12 },
};

/* Orders of the differences from both sides, and Chebyshev points far below them. */
START_TEST(exact_solutions)
{
	const bool space = strcmp(problem[_i].name, "cube") == 0,
		   steep = strcmp(problem[_i].name, "steady Burgers") == 0;
	double spectral;
	char more[120];

	for (int order = 2; order <= (space ? 4 : 6); order += 2) {
		double error[2];

		for (int k = 0; k < 2; k++) {
			snprintf(more, sizeof more, "method: differences\norder: %d\ngrid: %d\n", order,
				 (problem[_i].grid << k) + (strcmp(problem[_i].name, "circle") != 0));
			error[k] = solved(problem[_i].text, more, problem[_i].exact);
		}
		printf("%s, order %d: %.2e %.2e, %.2f\n", problem[_i].name, order, error[0], error[1],
		       log2(error[0] / error[1]));
		ck_assert(log2(error[0] / error[1]) > order - 0.7 && log2(error[0] / error[1]) < order + 2.3);
	}
	snprintf(more, sizeof more, "method: chebyshev\nsolve_grid: %d\ngrid: 14\n", space ? 11 : steep ? 81 : 34);
	spectral = solved(problem[_i].text, more, problem[_i].exact);
	printf("%s, chebyshev: %.2e\n", problem[_i].name, spectral);
	ck_assert_double_lt(spectral, space ? 1e-7 : 1e-9);
}
END_TEST

/* Order 2 by multigrid: within the error of the direct solution on the same points where sides differ, else the
 * same. */
START_TEST(multigrid_and_direct)
{
	static const int which[] = { 0, 2, 3, 5 };

	for (size_t i = 0; i < sizeof which / sizeof *which; i++) {
		const int k = which[i];
		double error[2], direct;
		char more[120];

		for (int j = 0; j < 2; j++) {
			snprintf(more, sizeof more, "solver: multigrid\norder: 2\ngrid: %d\nmethod: differences\n",
				 (problem[k].grid << j) + 1);
			error[j] = solved(problem[k].text, more, problem[k].exact);
		}
		snprintf(more, sizeof more, "solver: direct\norder: 2\ngrid: %d\nmethod: differences\n",
			 2 * problem[k].grid + 1);
		direct = solved(problem[k].text, more, problem[k].exact);
		printf("%s, multigrid: %.2e %.2e, direct %.2e\n", problem[k].name, error[0], error[1], direct);
		ck_assert(log2(error[0] / error[1]) > 1.6 && error[1] < 2 * direct);
	}
}
END_TEST

/* div(a grad u) = -1 as a text is the problem in C, to rounding, from the same random medium, by both solvers. */
START_TEST(darcy_in_text)
{
	struct fixture c = fixture_of("darcy", "grid: 31\nsolve_grid: 31\n");

	for (int multigrid = 0; multigrid < 2; multigrid++) {
		char config[400];

		snprintf(config, sizeof config,
			 "equation: \"0 = div(a*grad(u)) + 1\"\nfields: {u: scalar}\ncoefficient: {a: 1}\n"
			 "domain: {x: [0, 1], y: [0, 1]}\nboundary: dirichlet\ngrid: 31\norder: 2\nsolver: %s\n",
			 multigrid ? "multigrid" : "direct");
		struct fixture t = fixture_of("equation", config);
		struct err e = { 0 };
		double worst = 0, size = 0;

		fixture_generate(&c, 4, 1);
		const double *in[1] = { c.field[0] };
		ck_assert_msg(t.problem->march(t.config, t.work, 1, in, t.field, t.number, &e) == 0, "%s", e.message);
		for (int i = 0; i < 31 * 31; i++) {
			worst = fmax(worst, fabs(t.field[0][i] - c.field[1][i]));
			size = fmax(size, fabs(c.field[1][i]));
		}
		printf("darcy in text, %s: %.2e, %g iterations\n", multigrid ? "multigrid" : "direct", worst / size,
		       t.number[0]);
		ck_assert_double_lt(worst / size, multigrid ? 1e-10 : 1e-12);
		ck_assert(multigrid ? t.number[0] > 2 && t.number[0] < 25 : t.number[0] == 1);
		fixture_free(&t);
	}
	fixture_free(&c);
}
END_TEST

/* PDEBench's Darcy data were marched, u_t = div(a grad u) + 1: the state at rest is the direct solution. */
START_TEST(darcy_marched)
{
	static const char *const common = "coefficient: {a: \"where(gaussians(5) > 0.3, 1, 0.1)\"}\n"
					  "boundary: dirichlet\ngrid: 25\norder: 2\n";
	char config[2][500];
	double far[3];

	snprintf(config[0], sizeof config[0],
		 "equation: \"0 = div(a*grad(u)) + 1\"\nfields: {u: scalar}\ndomain: {x: [0, 1], y: [0, 1]}\n%s",
		 common);
	snprintf(config[1], sizeof config[1],
		 "equation: \"u_t = div(a*grad(u)) + 1\"\ndomain: {x: [0, 1], y: [0, 1], t: [0, 6]}\ninitial: {u: 0}\n"
		 "frames: 3\nmethod: differences\nrtol: 1e-7\n%s",
		 common);
	struct fixture rest = fixture_of("equation", config[0]), march = fixture_of("equation", config[1]);
	fixture_generate(&rest, 2, 3);
	fixture_generate(&march, 2, 3);
	ck_assert_mem_eq(rest.field[1], march.field[1], 625 * sizeof(double));
	for (int k = 0; k < 3; k++) {
		double sum = 0, size = 0;

		for (int i = 0; i < 625; i++) {
			sum += pow(march.field[0][(k + 1) * 625 + i] - rest.field[0][i], 2);
			size += pow(rest.field[0][i], 2);
		}
		far[k] = sqrt(sum / size);
	}
	printf("darcy marched to t = 2, 4, 6: %.2e %.2e %.2e\n", far[0], far[1], far[2]);
	ck_assert(far[0] > far[1] && far[1] > far[2]);
	ck_assert_double_lt(far[2], 1e-4);
	fixture_free(&rest);
	fixture_free(&march);
}
END_TEST

/* Several fields: u = lap v, v = ... and Stokes' equations, whose pressure is determined up to a constant. */
START_TEST(systems_at_rest)
{
	struct fixture f = fixture_of(
		"equation", "equation: [\"u_xx = v\", \"v_xx = pi^4*sin(pi*x)\"]\nfields: {u: scalar, v: scalar}\n"
			    "boundary: dirichlet\ndomain: {x: [0, 1]}\nmethod: chebyshev\nsolve_grid: 24\ngrid: 11\n");

	fixture_generate(&f, 0, 0);
	ck_assert_double_lt(error_of(&f, sine), 1e-11);
	fixture_free(&f);
}
END_TEST

START_TEST(singular_and_impossible)
{
	static const char *const c[][2] = {
		{ "equation: \"0 = u_xx + 1\"\nfields: {u: scalar}\nboundary: neumann\n",
		  "'u' is determined up to a constant, and its equation holds on average only with -1 added to its "
		  "right side" },
		{ "equation: \"0 = u_xx + 1\"\nfields: {u: scalar}\nboundary: neumann\norder: 2\nsolver: multigrid\n",
		  "on average only with -1 added to its right side" },
		{ "equation: \"0 = u_xx + pi^2/4*u + 1\"\nfields: {u: scalar}\ndomain: {x: [-1, 1]}\nboundary: "
		  "dirichlet\n"
		  "order: 2\nsolver: multigrid\n",
		  "a must be positive, c not negative" },
		{ "equation: \"0 = u_xx - exp(10*u) - 1e6\"\nfields: {u: scalar}\nboundary: neumann\n", "Newton" },
		{ "equation: \"0 = 0*u_xx + 0*u\"\nfields: {u: scalar}\nboundary: dirichlet\n",
		  "do not determine the solution" },
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct fixture f = fixture_of("equation", c[i][0]);
		struct err e = { 0 };

		ck_assert_int_ne(f.problem->generate(f.config, f.work, 0, 3, f.field, f.number, &e), 0);
		ck_assert_msg(strstr(e.message, c[i][1]) && strstr(e.message, "sample 3: "), "%s: %s", c[i][0],
			      e.message);
		fixture_free(&f);
	}
	/* random sources are compatible once their mean is taken off */
	struct fixture f = fixture_of("equation", "equation: \"0 = lap(u) + f - mean(f)\"\nfields: {u: scalar}\n"
						  "domain: {x: [0, 1], y: [0, 1]}\nboundary: neumann\ngrid: 33\n"
						  "coefficient: {f: \"grf(gamma=3, tau=3, sigma=30)\"}\n");
	fixture_generate(&f, 0, 0);
	fixture_free(&f);
}
END_TEST

START_TEST(refusals)
{
	static const char *const c[][2] = {
		{ "equation: \"0 = u_xx - u^2 + 1\"\nfields: {u: scalar}\nboundary: dirichlet\nsolver: "
		  "multigrid\norder: 2",
		  "solver: multigrid is for one scalar field" },
		{ "equation: \"0 = u_xx + 1\"\nfields: {u: scalar}\nboundary: dirichlet\nsolver: multigrid\norder: 4",
		  "solver: multigrid has order 2" },
		{ "equation: \"0 = u_xx + 1\"\nfields: {u: scalar}\nboundary: {x: [\"u = 0\", open]}",
		  "needs a condition at the upper end" },
		{ "equation: \"0 = u_xx - u^2\"\nfields: {u: scalar}\nmethod: fourier",
		  "linear with constant coefficients" },
		{ "equation: \"0 = u_xx + 1\"\nfields: {u: scalar}\nboundary: dirichlet\nsolver: cg", "multigrid" },
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		fixture_refuse("equation", c[i][0], c[i][1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("equations in text at rest");
	TCase *t = tcase_create("rest");
	SRunner *r = srunner_create(s);
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, exact_solutions, 0, sizeof problem / sizeof *problem);
	tcase_add_test(t, multigrid_and_direct);
	tcase_add_test(t, darcy_in_text);
	tcase_add_test(t, darcy_marched);
	tcase_add_test(t, systems_at_rest);
	tcase_add_test(t, singular_and_impossible);
	tcase_add_test(t, refusals);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
