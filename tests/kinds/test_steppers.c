/* test_steppers.c: time integration of equations in text: the order of every stepper on every kind of discretisation,
 * stiff systems of the literature, strong and weak orders with noise, solutions that run away, states at rest,
 * ill-posed texts. */
#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fixture.h"

/* A text's fixture; format as for printf. */
static struct fixture text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static struct fixture text(const char *format, ...)
{
	char config[2000];
	va_list ap;

	va_start(ap, format);
	vsnprintf(config, sizeof config, format, ap);
	va_end(ap);
	return fixture_of("equation", config);
}

/* The message with which sample 0 fails. */
static struct err failure(struct fixture *f)
{
	struct err e = { 0 };

	ck_assert_int_eq(f->problem->generate(f->config, f->work, 0, 0, f->field, f->number, &e), -1);
	return e;
}

/* ---- order --------------------------------------------------------------------------------------- */

/* Solutions cos(t) g(x), made to be such by a source; g is resolved exactly by the method. */
static const char *const made[] = {
	"method: fourier\ndomain: {x: [0, 2*pi], t: [0, 1]}\ngrid: 8\ninitial: {u: \"sin(x)\"}\n"
	"define: {g: \"sin(x)\", h: \"-sin(x)\"}\n",
	"method: differences\ndomain: {x: [0, 1], t: [0, 1]}\nboundary: dirichlet\ngrid: 9\ninitial: {u: \"4*x*(1 - "
	"x)\"}\n"
	"define: {g: \"4*x*(1 - x)\", h: -8}\n",
	"method: chebyshev\ndomain: {x: [0, 1], t: [0, 1]}\nboundary: dirichlet\ngrid: 6\ninitial: {u: \"4*x*(1 - "
	"x)\"}\n"
	"define: {g: \"4*x*(1 - x)\", h: -8}\n",
};
static const char made_equation[] =
	"equation: \"u_t = 0.05*u_xx - u^2 - sin(t)*g - 0.05*cos(t)*h + (cos(t)*g)^2\"\nframes: 1\n";

static double made_error(int which, const char *more)
{
	struct fixture f = text("%s%s%s", made_equation, made[which], more);
	const struct axis *x = &f.layout.axis[1];
	double error = 0;

	fixture_generate(&f, 0, 0);
	for (int64_t i = 0; i < x->size; i++) {
		const double at = x->coordinate[i], g = which == 0 ? sin(at) : 4 * at * (1 - at);

		error = fmax(error, fabs(f.field[0][x->size + i] - cos(1.) * g));
	}
	fixture_free(&f);
	return error;
}

static const struct {
	const char *name;
	double order;
	double dt; /* the longest of two steps */
	int first; /* methods from this one on have it */
	int last;
} ordered[] = {
	{ "etdrk4", 4, 0.1, 0, 0 },    { "etdrk2", 2, 0.05, 0, 0 }, { "exponential-euler", 1, 0.02, 0, 0 },
	{ "ars222", 2, 0.05, 0, 2 },   { "ars443", 3, 0.05, 0, 2 }, { "rk4", 4, 0.1, 0, 2 },
	{ "dopri5", 5, 0.05, 0, 0 },   { "tsit5", 5, 0.05, 0, 0 },  { "euler-maruyama", 1, 0.02, 0, 2 },
	{ "milstein", 1, 0.02, 0, 2 }, { "heun", 2, 0.05, 0, 2 },
};

START_TEST(order_of_steppers)
{
	for (int which = ordered[_i].first; which <= ordered[_i].last; which++) {
		double error[2], order;

		for (int k = 0; k < 2; k++) {
			char more[100];

			snprintf(more, sizeof more, "stepper: %s\ndt: %.17g\n", ordered[_i].name,
				 ordered[_i].dt / (1 << k));
			error[k] = made_error(which, more);
		}
		order = log2(error[0] / error[1]);
		printf("%-18s %d: %.2e %.2e, %.2f\n", ordered[_i].name, which, error[0], error[1], order);
		/* data are single precision in files only: errors are those of doubles */
		ck_assert_msg(order > ordered[_i].order - 0.2 && order < ordered[_i].order + 0.5, "%s on %d: %g",
			      ordered[_i].name, which, order);
	}
}
END_TEST

/* Steps that are chosen: the error follows the tolerance. (Between sides this is all that is asked of the pairs of
 * order 5: there the leading error of their steps is not seen between those that diffusion spoils and rounding.) */
START_TEST(tolerances)
{
	static const char *const name[] = { "etdrk4", "etdrk2", "ars222", "ars443", "rk4", "dopri5", "tsit5", "bdf" };

	for (size_t k = 0; k < sizeof name / sizeof *name; k++)
		for (int which = 0; which < (k < 2 ? 1 : 3); which++) {
			double error[2];

			for (int j = 0; j < 2; j++) {
				char more[100];

				snprintf(more, sizeof more, "stepper: %s\nrtol: %g\n", name[k], j == 0 ? 1e-4 : 1e-7);
				error[j] = made_error(which, more);
			}
			printf("%-18s %d: %.2e %.2e\n", name[k], which, error[0], error[1]);
			ck_assert_msg(error[0] < 2e-3 && error[1] < 2e-5 && error[1] < error[0] / 20,
				      "%s on %d: %g, %g", name[k], which, error[0], error[1]);
		}
}
END_TEST

/* Sides that move: u = x t + x^2 (1 - x) solves u_t = u_xx + x - 2 + 6 x with u(1) = t, u_x(0) = t. */
START_TEST(implicit_steps_with_moving_sides)
{
	static const char *const name[] = { "ars222", "ars443", "bdf", "dopri5" };

	for (int k = 0; k < 4; k++) {
		struct fixture f =
			text("equation: \"u_t = u_xx + x - 2 + 6*x\"\ndomain: {x: [0, 1], t: [0, 1]}\n"
			     "boundary: {x: [\"u_x = t\", \"u = t\"]}\ninitial: {u: \"x^2*(1 - x)\"}\ngrid: 17\n"
			     "frames: 2\nstepper: %s\nrtol: 1e-7\n",
			     name[k]);
		double error = 0;

		fixture_generate(&f, 0, 0);
		for (int i = 0; i < 17; i++) {
			const double x = i / 16.;

			error = fmax(error, fabs(f.field[0][2 * 17 + i] - x - x * x * (1 - x)));
		}
		printf("moving sides, %s: %.2e in %g steps\n", name[k], error, f.number[0]);
		ck_assert_msg(error < 3e-6, "%s: %g", name[k], error);
		fixture_free(&f);
	}
}
END_TEST

/* ---- stiffness ----------------------------------------------------------------------------------- */

static const char rober[] = "equation: [\"x_t = -0.04*x + 1e4*y*z\", \"y_t = 0.04*x - 3e7*y^2 - 1e4*y*z\", \"z_t = "
			    "3e7*y^2\"]\ninitial: {x: 1, y: 0, z: 0}\nframes: 1\n";

/* Hairer, Wanner, Solving ODEs II, IV.10 (and their test set): t = 40 and 1e11. At 4e5 as in SUNDIALS' example
 * cvRoberts. */
START_TEST(robertson)
{
	static const struct {
		double t, x, y, z, tolerance;
	} known[] = {
		{ 40, 0.7158270687193941, 9.185534764557338e-6, 0.2841637457458413, 1e-6 },
		{ 4e5, 4.9383e-3, 1.985e-8, 0.99506, 1e-4 },
		{ 1e11, 0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050, 1e-3 },
	};

	for (int k = 0; k < 3; k++)
		for (int named = 0; named < 2; named++) {
			struct fixture f = text("%sdomain: {t: [0, %g]}\nrtol: 1e-9\natol: 1e-17\nstepper: %s\n", rober,
						known[k].t, named ? "bdf" : "auto");

			fixture_generate(&f, 0, 0);
			printf("rober, t = %g: %.10g %.10g %.10g in %g steps, %g evaluations\n", known[k].t,
			       f.field[0][1], f.field[1][1], f.field[2][1], f.number[0], f.number[2]);
			ck_assert_double_eq_tol(f.field[0][1], known[k].x, known[k].tolerance * known[k].x);
			ck_assert_double_eq_tol(f.field[1][1], known[k].y, known[k].tolerance * known[k].y);
			ck_assert_double_eq_tol(f.field[2][1], known[k].z, known[k].tolerance * known[k].z);
			ck_assert_double_lt(f.number[0], 5000); /* explicit steps would be millions */
			fixture_free(&f);
		}
}
END_TEST

/* mu = 1000: Hairer and Wanner's test set has y1(2000) = 1.706167732170469. */
START_TEST(van_der_pol)
{
	struct fixture f = text("equation: \"x_tt = mu*(1 - x^2)*x_t - x\"\nparam: {mu: 1000}\ndomain: {t: [0, 2000]}\n"
				"initial: {x: 2, x_t: 0}\nframes: 1\nrtol: 1e-9\natol: 1e-9\n");

	fixture_generate(&f, 0, 0);
	ck_assert_double_eq_tol(f.field[0][1], 1.706167732170469, 1e-5);
	ck_assert_double_lt(f.number[0], 10000);
	fixture_free(&f);
}
END_TEST

/* Diffusion between fine points: implicit by itself, as accurate, and far fewer steps than dx^2 allows. In the plane
 * too. */
START_TEST(diffusion_is_found_stiff)
{
	const double decay = exp(-M_PI * M_PI / 2);
	struct fixture f = text("equation: \"u_t = u_xx\"\ndomain: {x: [0, 1], t: [0, 0.5]}\nboundary: dirichlet\n"
				"initial: {u: \"sin(pi*x)\"}\ngrid: 201\nframes: 2\nrtol: 1e-7\n");
	double error = 0;

	fixture_generate(&f, 0, 0);
	for (int i = 0; i < 201; i++)
		error = fmax(error, fabs(f.field[0][2 * 201 + i] - decay * sin(M_PI * i / 200.)));
	printf("heat, 201 points: %.2e in %g steps and %g for nothing, %g evaluations\n", error, f.number[0],
	       f.number[1], f.number[2]);
	ck_assert_double_lt(error, 1e-5);
	ck_assert_double_lt(f.number[0] + f.number[1], 1000); /* explicit: 0.5 / (0.7 / 200^2 / 2) = 57000 */
	fixture_free(&f);

	f = text("equation: \"u_t = lap(u)\"\ndomain: {x: [0, 1], y: [0, 1], t: [0, 0.1]}\n"
		 "boundary: {x: dirichlet, y: neumann}\ninitial: {u: \"sin(pi*x)*cos(pi*y)\"}\ngrid: 33\nframes: 1\n"
		 "rtol: 1e-6\nstepper: bdf\n");
	fixture_generate(&f, 0, 0);
	ck_assert_double_eq_tol(f.field[0][2 * 33 * 33 - 33 * 16 - 33], exp(-0.2 * M_PI * M_PI), 2e-5);
	ck_assert_double_lt(f.number[2], 2000);
	fixture_free(&f);
}
END_TEST

/* What is not stiff stays explicit, long frames or not: Lorenz's equations against the member of that name. */
START_TEST(lorenz_as_text)
{
	struct fixture named = fixture_of("lorenz63", "T: 3\nframes: 30\nwarmup: 0\nrtol: 1e-11\natol: 1e-11\n"), f;
	double worst = 0;

	fixture_generate(&named, 4, 0);
	f = text("equation: [\"x_t = 10*(y - x)\", \"y_t = x*(28 - z) - y\", \"z_t = x*y - 8/3*z\"]\n"
		 "domain: {t: [0, 3]}\nframes: 30\nrtol: 1e-11\ninitial: {x: %.17g, y: %.17g, z: %.17g}\n",
		 named.field[0][0], named.field[0][1], named.field[0][2]);
	fixture_generate(&f, 0, 0);
	for (int k = 0; k <= 30; k++)
		for (int j = 0; j < 3; j++)
			worst = fmax(worst, fabs(f.field[j][k] - named.field[0][3 * k + j]));
	printf("Lorenz as text against the member: %.2e\n", worst);
	ck_assert_double_lt(worst, 1e-6);
	ck_assert_double_gt(f.number[2], 6 * f.number[0]); /* Dormand-Prince to the end */
	fixture_free(&f);
	fixture_free(&named);
}
END_TEST

/* ---- noise --------------------------------------------------------------------------------------- */

enum { PATHS = 600 };

/* W(1) of the path that a text with one noise follows in n steps. */
static double brownian(int sample, int n)
{
	struct rng r = rng_stream(3, "noise", 0, (uint64_t)sample);
	double w = 0;

	for (int i = 0; i < n; i++)
		w += rng_normal_at(r, (uint64_t)i) / sqrt(n);
	return w;
}

/* Geometric Brownian motion at t = 1: mean of |error| and of the error over paths, in n steps. */
static void gbm_errors(const char *stepper, int n, double drift, double *strong, double *weak)
{
	const double mu = 1, s = 0.8;
	struct fixture f = text("equation: \"x_t = x + 0.8*x*dW\"\ndomain: {t: [0, 1]}\ninitial: {x: 1}\nframes: 1\n"
				"dt: %.17g\nstepper: %s\n",
				1. / n, stepper);

	*strong = *weak = 0;
	for (int i = 0; i < PATHS; i++) {
		double exact = exp(mu - drift * s * s / 2 + s * brownian(i, n));

		fixture_generate(&f, 3, i);
		*strong += fabs(f.field[0][1] - exact) / PATHS;
		*weak += (f.field[0][1] - exact) / PATHS;
	}
	ck_assert_double_eq(f.number[0], n);
	fixture_free(&f);
}

START_TEST(orders_with_noise)
{
	static const struct {
		const char *name;
		double drift, strong, weak; /* Ito: drift 1; Stratonovich: 0; weak 0: not looked at */
	} method[] = {
		{ "euler-maruyama", 1, 0.5, 1 },
		{ "milstein", 1, 1, 1 },
		{ "heun", 0, 1, 0 },
		{ "rk4", 1, 0, 1 }, /* split */
	};
	double strong[2], weak[2];

	for (int k = 0; k < 2; k++)
		gbm_errors(method[_i].name, k == 0 ? 16 : 128, method[_i].drift, &strong[k], &weak[k]);
	printf("%s: strong %.3g %.3g, %.2f; weak %.3g %.3g\n", method[_i].name, strong[0], strong[1],
	       log2(strong[0] / strong[1]) / 3, weak[0], weak[1]);
	if (method[_i].strong > 0) {
		ck_assert_double_gt(log2(strong[0] / strong[1]) / 3, method[_i].strong - 0.2);
		ck_assert_double_lt(log2(strong[0] / strong[1]) / 3, method[_i].strong + 0.3);
	}
	if (strcmp(method[_i].name, "euler-maruyama") == 0) {
		/* E of the scheme is (1 + h)^n: e h / 2 below the exact e; the strong error is noise on top */
		ck_assert_double_eq_tol(weak[0], -exp(1) / 32, 0.05);
		ck_assert_double_eq_tol(weak[1], -exp(1) / 256, 0.02);
	}
}
END_TEST

/* u_t = -u + s dW at the points between sides that are open: each is an Ornstein-Uhlenbeck process of its own, with the
 * variance of its cell; half cells at the ends. */
START_TEST(noise_between_sides)
{
	enum { N = 5, SAMPLES = 1500 };
	struct fixture f = text("equation: \"u_t = -u + 0.3*dW\"\ndomain: {x: [0, 2], t: [0, 1]}\nboundary: open\n"
				"initial: {u: 0}\ngrid: %d\nframes: 1\ndt: 0.05\n",
				N);
	double square[N] = { 0 };

	for (int i = 0; i < SAMPLES; i++) {
		fixture_generate(&f, 0, i);
		for (int k = 0; k < N; k++)
			square[k] += f.field[0][N + k] * f.field[0][N + k] / SAMPLES;
	}
	for (int k = 0; k < N; k++) {
		const double cell = k == 0 || k == N - 1 ? 0.25 : 0.5;
		/* Euler-Maruyama's own variance: h sum (1 - h)^(2 j) */
		const double want = 0.09 / cell * 0.05 * (1 - pow(0.95, 40)) / (1 - 0.95 * 0.95);

		ck_assert_double_eq_tol(square[k], want, 4 * sqrt(2. / SAMPLES) * want);
	}
	fixture_generate(&f, 0, 0);
	double again = f.field[0][N + 1];
	fixture_generate(&f, 0, 1);
	ck_assert(f.field[0][N + 1] != again);
	fixture_generate(&f, 0, 0);
	ck_assert(f.field[0][N + 1] == again);
	fixture_free(&f);
}
END_TEST

/* ---- ends ---------------------------------------------------------------------------------------- */

START_TEST(runaways_are_told)
{
	static const char *const name[] = { "etdrk4", "etdrk2", "exponential-euler", "ars222", "ars443",   "rk4",
					    "dopri5", "tsit5",	"euler-maruyama",    "heun",   "milstein", "bdf" };
	static const char *const space[] = { "domain: {x: [0, 1], t: [0, 2]}\ngrid: 8\n", "domain: {t: [0, 2]}\n" };

	for (size_t k = 0; k < sizeof name / sizeof *name; k++)
		for (int s = k < 3 ? 1 : 2; s-- > 0;)
			for (int fixed = strcmp(name[k], "bdf") == 0 ? 1 : 2; fixed-- > 0;) {
				struct fixture f = text("equation: \"u_t = u^2\"\ninitial: {u: 1}\nframes: 1\n%s"
							"stepper: %s\n%s",
							space[s], name[k], fixed ? "dt: 0.01\n" : "rtol: 0.01\n");
				struct err e = failure(&f);
				double t = 0;

				ck_assert_msg(sscanf(e.message, "sample 0: not finite at t = %lf", &t) == 1, "%s: %s",
					      name[k], e.message);
				ck_assert_msg(t > 0.9 && t < 1.2, "%s: %s", name[k], e.message);
				fixture_free(&f);
			}
}
END_TEST

START_TEST(steps_are_counted)
{
	static const struct {
		const char *name;
		int evaluations; /* a step */
	} method[] = { { "etdrk4", 4 }, { "etdrk2", 2 }, { "ars443", 5 }, { "rk4", 4 }, { "heun", 2 } };

	for (int k = 0; k < 5; k++) {
		struct fixture f = text("equation: \"u_t = 0.1*u_xx - u^3\"\ninitial: {u: 1}\ngrid: 8\nframes: 3\n"
					"stepper: %s\ndt: 0.1\n",
					method[k].name);

		fixture_generate(&f, 0, 0);
		ck_assert_double_eq(f.number[0], 12); /* four steps a frame of 1/3 */
		ck_assert_double_eq(f.number[1], 0);
		ck_assert_double_eq(f.number[2], 12 * method[k].evaluations);
		fixture_free(&f);
	}
	struct fixture f =
		text("equation: \"u_t = u^2\"\ninitial: {u: 1}\ndomain: {t: [0, 0.9]}\nmax_steps: 20\nrtol: 1e-10\n");
	struct err e = failure(&f);
	ck_assert_msg(strstr(e.message, "more than max_steps = 20 steps at t = 0."), "%s", e.message);
	fixture_free(&f);
}
END_TEST

/* u_t = u_xx + 2 with u = 0 at both ends comes to rest at x (1 - x). */
START_TEST(states_at_rest)
{
	static const char *const method[] = { "differences", "chebyshev" };

	for (int k = 0; k < 2; k++) {
		struct fixture f =
			text("equation: \"u_t = u_xx + 2\"\ndomain: {x: [0, 1], t: [0, 10]}\nboundary: dirichlet\n"
			     "initial: {u: \"sin(pi*x)\"}\ngrid: 17\nframes: 50\nto_steady: true\nmethod: %s\n",
			     method[k]);

		ck_assert_int_eq(f.layout.n_axes, 1);
		fixture_generate(&f, 0, 0);
		for (int i = 0; i < 17; i++)
			ck_assert_double_eq_tol(f.field[0][i], i / 16. * (1 - i / 16.), 1e-6);
		/* the slowest mode decays as exp(-pi^2 t): 16 times less a second and a half */
		ck_assert(f.number[3] >= 1 && f.number[3] <= 3);
		fixture_free(&f);
	}
	struct fixture f = text("equation: \"u_t = 0.1*u_xx + u - u^3\"\ndomain: {x: [0, 1], t: [0, 100]}\n"
				"initial: {u: \"0.1 + 0.1*cos(2*pi*x)\"}\ngrid: 16\nframes: 50\nto_steady: true\n");
	fixture_generate(&f, 0, 0);
	ck_assert_double_eq_tol(f.field[0][3], 1, 1e-6);
	fixture_free(&f);

	f = text(
		"equation: \"u_t = u_xx + 2\"\ndomain: {x: [0, 1], t: [0, 0.5]}\nboundary: dirichlet\ninitial: {u: 0}\n"
		"grid: 17\nto_steady: true\n");
	struct err e = failure(&f);
	ck_assert_msg(strstr(e.message, "sample 0: not steady at t = 0.5, the end of domain.t: u changes by"), "%s",
		      e.message);
	fixture_free(&f);
}
END_TEST

START_TEST(ill_posed_texts)
{
	static const char *const refused[] = {
		"\"u_t = -u_xx\"",
		"\"u_t = -0.01*lap(u) - u^3\"\nboundary: neumann",
		"\"u_tt = -u_xx\"",
		"\"u_t = u_xxxx\"",
		"[\"u_t = -v_x\", \"v_t = u_x\"]",
		"\"u_t = fraclap(u, 1.5)\"",
		"\"u_t = u_xx - u_yy\"\ndomain: {x: [0, 1], y: [0, 1]}",
	};
	static const char *const fine[] = {
		"\"u_t = -u_xx - u_xxxx\"",
		"\"u_t = u\"",
		"\"u_t = -u_xxx\"",
		"\"u_tt = u_xx\"",
		"[\"u_t = -v_xx\", \"v_t = u_xx\"]",
		"[\"u_t = -v_x\", \"v_t = -u_x\"]",
		"[\"u_t = u_xx - v_xx\", \"v_t = u_xx - v_xx\"]",
		"[\"u_t = u_xx + v\", \"v_t = 0.1*v_xx + 5*u\"]",
	};
	char config[300];

	for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
		snprintf(config, sizeof config, "equation: %s\n", refused[k]);
		fixture_refuse("equation", config, "ill posed");
	}
	for (size_t k = 0; k < sizeof fine / sizeof *fine; k++) {
		struct fixture f = text("equation: %s\ngrid: 16\n", fine[k]);

		fixture_free(&f);
	}
	/* drawn for every sample: refused where it happens */
	struct fixture f = text("equation: \"u_t = nu*u_xx\"\nparam: {nu: \"uniform(-0.5, 1)\"}\ngrid: 16\nframes: 1\n"
				"initial: {u: \"sin(2*pi*x)\"}\ndomain: {t: [0, 0.01]}\n");
	int bad = 0;
	for (int i = 0; i < 30; i++) {
		struct err e = { 0 };

		if (f.problem->generate(f.config, f.work, 0, i, f.field, f.number, &e) != 0) {
			ck_assert_msg(strstr(e.message, "ill posed"), "%s", e.message);
			bad++;
		} else {
			ck_assert_double_gt(f.number[3], 0);
		}
	}
	ck_assert(bad > 3 && bad < 20);
	fixture_free(&f);
}
END_TEST

/* Three dimensions: u = sin x cos y cos z decays as exp(-3 nu t) on a periodic box; between sides, moving with them. */
START_TEST(boxes)
{
	struct fixture f =
		text("equation: \"u_t = 0.1*lap(u)\"\ndomain: {x: [0, 2*pi], y: [0, 2*pi], z: [0, 2*pi], t: [0, 1]}\n"
		     "initial: {u: \"sin(x)*cos(y)*cos(2*z)\"}\ngrid: [8, 6, 10]\nframes: 1\n");
	fixture_generate(&f, 0, 0);
	for (int i = 0; i < 480; i++)
		ck_assert_double_eq_tol(f.field[0][480 + i], exp(-0.6) * f.field[0][i], 1e-13);
	fixture_free(&f);

	/* components of a curl-free field with a gradient of its own: (v.grad) v = grad(v^2/2) */
	f = text("equation: \"v_t = 0.1*lap(v) + curl(curl(v))*0\"\nfields: {v: vector}\n"
		 "domain: {x: [0, 2*pi], y: [0, 2*pi], z: [0, 2*pi], t: [0, 1]}\n"
		 "initial: {v_x: \"sin(y)\", v_y: \"sin(z)\", v_z: \"sin(x)\"}\ngrid: 6\nframes: 1\n");
	fixture_generate(&f, 0, 0);
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < 216; i++)
			ck_assert_double_eq_tol(f.field[k][216 + i], exp(-0.1) * f.field[k][i], 1e-13);
	fixture_free(&f);

	static const char *const name[] = { "auto", "bdf", "ars443" };
	for (int k = 0; k < 3; k++) {
		/* x y z + t: linear in each, so exact in space */
		f = text("equation: \"u_t = lap(u) + 1\"\ndomain: {x: [0, 1], y: [0, 1], z: [0, 1], t: [0, 0.1]}\n"
			 "boundary: {x: [\"u_x = y*z\", \"u = y*z + t\"], y: [\"u = t\", \"u = x*z + t\"], z: [\"u = "
			 "t\", \"u = "
			 "x*y + t\"]}\ninitial: {u: \"x*y*z\"}\ngrid: 8\nframes: 1\norder: 2\nstepper: %s\n",
			 name[k]);
		fixture_generate(&f, 0, 0);
		for (int i = 0; i < 512; i++)
			ck_assert_double_eq_tol(f.field[0][512 + i], f.field[0][i] + 0.1, 1e-6);
		fixture_free(&f);
	}
}
END_TEST

START_TEST(refusals)
{
	static const struct {
		const char *config, *part;
	} bad[] = {
		{ "equation: \"u_t = u_xx\"\nboundary: neumann\nstepper: etdrk4",
		  "etdrk4 needs a diagonal linear part" },
		{ "equation: \"x_t = x + dW\"\ndomain: {t: [0, 1]}\ninitial: {x: 1}\ndt: 0.1\nstepper: bdf",
		  "bdf on method differences takes no noise" },
		{ "equation: [\"x_t = y*dW\", \"y_t = dW\"]\ndomain: {t: [0, 1]}\ninitial: {x: 1, y: 1}\ndt: 0.1\n"
		  "stepper: milstein",
		  "milstein needs noises" },
		{ "equation: \"x_t = u_x\"\ndomain: {t: [0, 1]}\ninitial: {x: 1}", "x" },
		{ "equation: \"x_t = -x\"\ndomain: {t: [0, 1]}\ninitial: {x: \"grf()\"}", "functions of space" },
		{ "equation: \"x_t = -a*x\"\ndomain: {t: [0, 1]}\ninitial: {x: 1}\ncoefficient: {a: 1}",
		  "axes of space" },
		{ "equation: \"x_t = -x + dW\"\ndomain: {t: [0, 1]}\ninitial: {x: 1}\ndt: 0.1\nto_steady: true",
		  "to_steady: is for equations of motion without noise" },
	};

	for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
		fixture_refuse("equation", bad[k].config, bad[k].part);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("steppers");
	TCase *t = tcase_create("steppers");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, order_of_steppers, 0, sizeof ordered / sizeof *ordered);
	tcase_add_test(t, tolerances);
	tcase_add_test(t, implicit_steps_with_moving_sides);
	tcase_add_test(t, robertson);
	tcase_add_test(t, van_der_pol);
	tcase_add_test(t, diffusion_is_found_stiff);
	tcase_add_test(t, lorenz_as_text);
	tcase_add_loop_test(t, orders_with_noise, 0, 4);
	tcase_add_test(t, noise_between_sides);
	tcase_add_test(t, runaways_are_told);
	tcase_add_test(t, steps_are_counted);
	tcase_add_test(t, states_at_rest);
	tcase_add_test(t, ill_posed_texts);
	tcase_add_test(t, boxes);
	tcase_add_test(t, refusals);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
