/* test_ordinary.c: texts without space and noise by every method of integ/ode.h: orders against a closed form, control
 * of steps, outputs between them, jumps, events and what they do to the state, sensitivities against closed forms and
 * differences. */
#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "integ/ode.h"

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

static void refuse(const char *config, const char *part)
{
	fixture_refuse("equation", config, part);
}

static double number(const struct fixture *f, const char *name)
{
	struct problem_numbers n;

	f->problem->numbers(f->config, &n);
	for (int i = 0; i < n.n; i++)
		if (strcmp(n.name[i], name) == 0)
			return f->number[i];
	ck_abort_msg("no number %s", name);
}

static const double *field(const struct fixture *f, const char *name)
{
	const int i = layout_find_field(&f->layout, name);

	ck_assert_msg(i >= 0, "no field %s", name);
	return f->field[i];
}

/* ---- methods ------------------------------------------------------------------------------------- */

/* Solved by exp(sin t) and 1/(1 + t), both unknowns in both equations. */
#define MADE                                                                                                           \
	"equation: [\"a_t = cos(t)*a + b - 1/(1 + t)\", \"b_t = -b^2 + a - exp(sin(t))\"]\n"                           \
	"domain: {t: [0, 2]}\ninitial: {a: 1, b: 1}\n"

static double made_error(const struct fixture *f, int64_t frames)
{
	double error = 0;

	for (int64_t k = 0; k <= frames; k++) {
		const double t = 2 * (double)k / (double)frames;

		error = fmax(error, fabs(field(f, "a")[k] - exp(sin(t))));
		error = fmax(error, fabs(field(f, "b")[k] - 1 / (1 + t)));
	}
	return error;
}

/* Every method by its name, in steps of given length. */
START_TEST(orders)
{
	struct ode_method m;
	int n = 0;

	for (; ode_method_at(n, &m); n++) {
		const int steps = m.order <= 2 ? 64 : m.order <= 4 ? 128 : m.order <= 6 ? 24 : 4;
		double error[2], order;

		for (int k = 0; k < 2; k++) {
			struct fixture f = text(MADE "frames: 2\nstepper: %s\nrtol: 1e-12\ndt: %.17g\n", m.name,
						2. / steps / (1 << k));

			fixture_generate(&f, 0, 0);
			ck_assert_int_eq((int)number(&f, "steps"), steps << k);
			error[k] = made_error(&f, 2);
			fixture_free(&f);
		}
		order = log2(error[0] / error[1]);
		/* tsit5: the error that is left of order 5 is far below that of order 6 here */
		printf("%-20s %.2e %.2e, order %.2f of %d\n", m.name, error[0], error[1], order, m.order);
		ck_assert_msg(order > m.order - 0.35 && order < m.order + 1.4, "%s: %g", m.name, order);
	}
	ck_assert_int_ge(n, 29);
}
END_TEST

/* Steps by their error estimate: the error follows rtol at all frames, and steps do not end at frames. */
START_TEST(controlled)
{
	struct ode_method m;

	for (int i = 0; ode_method_at(i, &m); i++) {
		double error[2], steps[2];

		if (m.error_order == 0)
			continue;
		for (int k = 0; k < 2; k++) {
			struct fixture f = text(MADE "frames: %d\nstepper: %s\nrtol: %g\n", k == 0 ? 10 : 2000, m.name,
						m.order > 2 ? 1e-8 : 1e-5);

			fixture_generate(&f, 0, 0);
			steps[k] = number(&f, "steps");
			error[k] = made_error(&f, k == 0 ? 10 : 2000);
			fixture_free(&f);
		}
		printf("%-20s %g steps, error %.2e, %.2e at 2001 frames\n", m.name, steps[0], error[0], error[1]);
		ck_assert_double_eq(steps[0], steps[1]);
		ck_assert_msg(error[1] < (m.order > 2 ? 5e-6 : 1e-2), "%s: %g", m.name, error[1]);
	}
}
END_TEST

START_TEST(control_keys)
{
	static const char *const keys[] = { "",
					    "pid: [0.4, 0.3, 0]\n",
					    "dt_max: 0.01\n",
					    "dt_first: 1e-6\n",
					    "safety: 0.5\n",
					    "factor: [0.2, 1.5]\n",
					    "dt_min: 0.5\n" };
	double steps[7], error[7];

	for (int k = 0; k < 7; k++) {
		struct fixture f = text(MADE "stepper: tsit5\nrtol: 1e-6\n%s", keys[k]);

		fixture_generate(&f, 0, 0);
		steps[k] = number(&f, "steps") + number(&f, "rejected");
		error[k] = made_error(&f, 10);
		printf("%-22.*s %g steps, %.2e\n", (int)strcspn(keys[k], "\n"), keys[k], steps[k], error[k]);
		fixture_free(&f);
	}
	ck_assert_double_ne(steps[1], steps[0]);
	ck_assert_double_ge(steps[2], 200);
	ck_assert_double_gt(steps[3], steps[0]);
	ck_assert_double_gt(steps[4], steps[0]);
	ck_assert_double_gt(steps[5], steps[0]);
	ck_assert_double_le(steps[6], 4);
	for (int k = 0; k < 6; k++)
		ck_assert_double_lt(error[k], 1e-4);
	refuse(MADE "pid: [1, 2]\n", "pid: 2 numbers, three are needed");
	refuse(MADE "pid: [0, 0, 0]\n", "controls nothing");
	refuse(MADE "factor: [2, 1]\n", "factor: needs two numbers");
	refuse(MADE "dt_min: 2\ndt_max: 1\n", "dt_min: 2 is above dt_max");
	refuse(MADE "stepper: gl6\n", "gl6 has no error estimate, so it needs dt");
	refuse(MADE "stepper: tsit5\ndt: 0.1\npid: [0, 0.5, 0]\n", "pid: with dt the steps are of one length");
	refuse(MADE "stepper: bdf\npid: [0, 0.5, 0]\n", "pid: not with this stepper");
	refuse("equation: \"u_t = u_xx\"\nstepper: kvaerno5\n", "kvaerno5 is for ordinary differential equations");
	refuse("equation: \"u_t = u_xx\"\ndt_max: 0.1\n", "dt_max: is for ordinary differential equations");
}
END_TEST

/* A force that jumps: known to jump, it costs no rejected steps and leaves no error. */
START_TEST(jumps)
{
	static const char *const keys[] = { "", "jumps: [0.7, 1.3]\n", "stops: [0.7, 1.3]\n" };
	double rejected[3], error[3];

	for (int k = 0; k < 3; k++) {
		struct fixture f =
			text("equation: \"u_t = -u + where(t < 0.7, 0, where(t < 1.3, 5, -3))\"\n"
			     "domain: {t: [0, 2]}\ninitial: {u: 1}\nstepper: dopri5\nrtol: 1e-6\nframes: 1\n%s",
			     keys[k]);
		const double a = exp(-0.7), b = 5 + (a - 5) * exp(-0.6), c = -3 + (b + 3) * exp(-0.7);

		fixture_generate(&f, 0, 0);
		rejected[k] = number(&f, "rejected");
		error[k] = fabs(field(&f, "u")[1] - c);
		printf("%-22.*s %g rejected, %.2e\n", (int)strcspn(keys[k], "\n"), keys[k], rejected[k], error[k]);
		fixture_free(&f);
	}
	ck_assert_double_gt(rejected[0], 5);
	ck_assert_double_lt(rejected[1], rejected[0] / 3);
	ck_assert_double_lt(error[1], 1e-6);
	ck_assert_double_lt(error[1], error[0]);
	refuse(MADE "jumps: [1, 0.5]\n", "jumps: 0.5: needs rising times");
	refuse(MADE "stops: [3]\n", "stops: 3: needs rising times");
	refuse(MADE "stepper: bdf\njumps: [1]\n", "jumps: not with this stepper");
}
END_TEST

/* ---- events -------------------------------------------------------------------------------------- */

#define BALL "equation: [\"x_t = v\", \"v_t = -g\"]\nparam: {g: 8, x0: 10}\ninitial: {x: x0, v: 0}\n"

/* From height 10 with g = 8: it falls for sqrt(2.5) and arrives with -12.6491; the time grows by 1/sqrt(2 g x0) with
 * x0. */
START_TEST(falling_ball)
{
	static const char *const how[] = { "stepper: tsit5\n", "stepper: dopri8\n", "stepper: kvaerno5\n", "",
					   "dt: 0.01\n" };

	for (int k = 0; k < 5; k++) {
		struct fixture f = text(BALL "domain: {t: [0, 10]}\nevents: {when: x, direction: falling}\n"
					     "sensitivity: [x0, g]\n%s",
					how[k]);

		fixture_generate(&f, 0, 0);
		ck_assert_double_eq_tol(number(&f, "time"), sqrt(2.5), 1e-6);
		ck_assert_double_eq_tol(field(&f, "v")[0], -12.649110640673518, 1e-6);
		ck_assert_double_eq_tol(field(&f, "x")[0], 0, 1e-9);
		ck_assert_double_eq_tol(number(&f, "dtime_dx0"), 1 / sqrt(160.), 1e-5);
		ck_assert_double_eq_tol(number(&f, "dtime_dg"), -0.5 * sqrt(20. / 512), 1e-5);
		/* the velocity is -sqrt(2 g x0) */
		ck_assert_double_eq_tol(field(&f, "dv_dx0")[0], -8 / sqrt(160.), 1e-5);
		ck_assert_double_eq_tol(field(&f, "dv_dg")[0], -10 / sqrt(160.), 1e-5);
		ck_assert_double_eq_tol(field(&f, "dx_dx0")[0], 0, 1e-5);
		fixture_free(&f);
	}
}
END_TEST

/* Bounces with half the speed: parabolas between t1 = sqrt(2 x0/g), t1 + 2 v1/g ..., v1 = e sqrt(2 g x0). */
static double bounce(double x0, double g, double e, double t)
{
	double v = sqrt(2 * g * x0), at = v / g;

	if (t < at)
		return x0 - 0.5 * g * t * t;
	for (v *= e; t > at + 2 * v / g; v *= e)
		at += 2 * v / g;
	return v * (t - at) - 0.5 * g * (t - at) * (t - at);
}

START_TEST(bouncing_ball)
{
	struct fixture f = text(BALL "domain: {t: [0, 4.6]}\nframes: 100\nsensitivity: [x0, g]\n"
				     "events: [{when: x, direction: falling, set: {v: \"-0.5*v\"}}]\n");
	const double h = 1e-5;
	int bounces = 0;

	fixture_generate(&f, 0, 0);
	for (int k = 0; k <= 100; k++) {
		const double t = 4.6 * k / 100;

		ck_assert_double_eq_tol(field(&f, "x")[k], bounce(10, 8, 0.5, t), 1e-6);
		ck_assert_double_eq_tol(field(&f, "dx_dx0")[k],
					(bounce(10 + h, 8, 0.5, t) - bounce(10 - h, 8, 0.5, t)) / (2 * h), 1e-4);
		ck_assert_double_eq_tol(field(&f, "dx_dg")[k],
					(bounce(10, 8 + h, 0.5, t) - bounce(10, 8 - h, 0.5, t)) / (2 * h), 1e-4);
	}
	for (double v = sqrt(160.), at = v / 8; at < 4.6; v /= 2, at += 2 * v / 8)
		bounces++;
	ck_assert_int_eq((int)number(&f, "events"), bounces);
	fixture_free(&f);
	/* a march that begins on the condition does not meet it there again */
	f = text(BALL "domain: {t: [0, 4.6]}\nframes: 100\nevents: {when: x, set: {v: \"-0.5*v\"}}\n");
	fixture_generate(&f, 0, 0);
	ck_assert_int_eq((int)number(&f, "events"), bounces);
	ck_assert_double_eq_tol(field(&f, "x")[100], bounce(10, 8, 0.5, 4.6), 1e-6);
	fixture_free(&f);
	/* without end they come ever faster, until sqrt(2.5) 3 = 4.74 */
	f = text(BALL "domain: {t: [0, 6]}\nevents: {when: x, direction: falling, set: {v: \"-0.5*v\"}}\n");
	struct err e = { 0 };
	ck_assert_int_eq(f.problem->generate(f.config, f.work, 0, 0, f.field, f.number, &e), -1);
	ck_assert_msg(strstr(e.message, "events accumulate at t = 4.74") != NULL, "%s", e.message);
	fixture_free(&f);
}
END_TEST

/* Two balls that reach the ground at one time bounce both; clocks strike where a step ends; a third event of one time
 * ends the march. */
START_TEST(together)
{
	static const char config[] =
		"equation: [\"x_t = v\", \"v_t = -1\", \"y_t = w\", \"w_t = -1\", \"n_t = 0\"]\n"
		"initial: {x: 0.5, v: 0, y: 0.5, w: 0, n: 0}\ndomain: {t: [0, 2]}\nframes: 4\njumps: [0.5]\n"
		"events: [{when: x, set: {v: -v}}, {when: 2*y, set: {w: -w}}, "
		"{when: t - 0.5, set: {n: n + 1}}, {when: 0.5 - t, set: {n: 3*n}}%s]\n";
	struct fixture f = text(config, "");

	fixture_generate(&f, 0, 0);
	ck_assert_double_eq(number(&f, "events"), 4);
	ck_assert_double_eq(field(&f, "n")[4], 3);
	ck_assert_double_eq_tol(field(&f, "x")[3], 0.375, 1e-5);
	ck_assert_double_eq_tol(field(&f, "y")[3], 0.375, 1e-5);
	fixture_free(&f);
	f = text(config, ", {when: x + y, direction: falling}");
	fixture_generate(&f, 0, 0);
	ck_assert_double_eq_tol(number(&f, "time"), 1, 1e-6);
	ck_assert_double_eq_tol(field(&f, "v")[0], 1, 1e-5);
	fixture_free(&f);
}
END_TEST

/* cos t crosses 0 downwards at pi/2, upwards at 3 pi/2; conditions that are true or false end at the end of a step;
 * a switch that does not turn the state round goes on through its condition. */
START_TEST(directions)
{
	static const struct {
		const char *event;
		double time;
	} way[] = { { "{when: x, direction: rising}", 1.5 },
		    { "{when: x, direction: falling}", 0.5 },
		    { "{when: x}", 0.5 },
		    { "{when: \"t - 1\"}", 1 / M_PI },
		    { "[{when: x, direction: rising}, {when: \"x + 0.5\", direction: falling}]", 2. / 3 },
		    { "{when: \"x_t + 0.5\"}", 1. / 6 } };

	for (size_t k = 0; k < sizeof way / sizeof *way; k++) {
		struct fixture f = text("equation: \"x_tt = -x\"\ninitial: {x: 1}\ndomain: {t: [0, 7]}\nrtol: 1e-9\n"
					"stepper: dopri8\ndt_max: 0.2\nevents: %s\n",
					way[k].event);

		fixture_generate(&f, 0, 0);
		ck_assert_double_eq_tol(number(&f, "time") / M_PI, way[k].time, 1e-4);
		fixture_free(&f);
	}
	struct fixture f = text("equation: \"x_t = 1\"\ninitial: {x: 0}\ndomain: {t: [0, 2]}\ndt: 0.4\nstepper: euler\n"
				"events: {when: \"x > 0.5\"}\n");
	fixture_generate(&f, 0, 0);
	ck_assert_double_eq_tol(number(&f, "time"), 0.8, 1e-12);
	fixture_free(&f);
	f = text("equation: [\"x_tt = -x\", \"n_t = 0\"]\ninitial: {x: 1, n: 0}\ndomain: {t: [0, 20]}\nframes: 4\n"
		 "dt_max: 0.2\nevents: {when: x, set: {n: \"n + 1\"}}\n");
	fixture_generate(&f, 0, 0);
	ck_assert_double_eq_tol(field(&f, "n")[4], 6, 1e-12);
	ck_assert_double_eq_tol(field(&f, "x")[4], cos(20), 1e-4);
	fixture_free(&f);
	f = text(BALL "domain: {t: [0, 1]}\nevents: {when: x}\n");
	struct err e = { 0 };
	ck_assert_int_eq(f.problem->generate(f.config, f.work, 0, 0, f.field, f.number, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "no event ended the march before t = 1"));
	fixture_free(&f);
	f = text(BALL "domain: {t: [0, 2]}\nevents: {when: x, set: {v: \"1/(v - v)\"}}\n");
	ck_assert_int_eq(f.problem->generate(f.config, f.work, 0, 0, f.field, f.number, &e), -1);
	ck_assert_msg(strstr(e.message, "v is not finite after event 0 at t = 1.") != NULL, "%s", e.message);
	fixture_free(&f);
	refuse(BALL "domain: {t: [0, 1]}\nevents: {when: y}\n", "unknown");
	refuse(BALL "domain: {t: [0, 1]}\nevents: {direction: rising}\n", "has no key 'when'");
	refuse(BALL "domain: {t: [0, 1]}\nevents: {when: x, direction: down}\n", "is rising, falling or both");
	refuse(BALL "domain: {t: [0, 1]}\nevents: {when: x, sets: {v: 0}}\n", "unknown key 'sets'");
	refuse(BALL "domain: {t: [0, 1]}\nevents: {when: x, set: {w: 0}}\n", "there is no field 'w'");
	refuse(BALL "domain: {t: [0, 1]}\nevents: {when: \"x < 0\", direction: rising}\n", "has no direction");
	refuse(BALL "domain: {t: [0, 1]}\nevents: {when: x}\nto_steady: true\n", "to_steady: not with events");
	refuse(BALL "domain: {t: [0, 1]}\nevents: {when: x}\nstepper: bdf\n", "bdf does not march with events");
	refuse(BALL "domain: {t: [0, 1]}\nevents: {when: x}\nstepper: rk4\n",
	       "rk4 has no error estimate, so it needs dt");
	refuse(BALL "domain: {t: [0, 1]}\npid: []\nfactor: []\n", "pid: 0 numbers");
	refuse("equation: \"u_t = u_xx\"\nevents: {when: u}\n", "ordinary differential equations");
}
END_TEST

/* ---- sensitivities ------------------------------------------------------------------------------- */

/* Along the way against differences of two marches; parameters that follow from others count. */
START_TEST(tangents)
{
	static const char *const method[] = { "dopri8", "kvaerno5", "radauIIA5\ndt: 0.05" };
	const double h = 1e-4;

	for (int m = 0; m < 3; m++) {
		struct fixture f[3];

		for (int k = 0; k < 3; k++) {
			f[k] = text("equation: \"a_tt = -w2*sin(a) - 0.1*a_t + where(t < 1, 0, 0.5)\"\n"
				    "param: {w: %.17g, w2: \"w^2\"}\ninitial: {a: \"1/w\", a_t: 0.3}\n"
				    "domain: {t: [0, 5]}\nrtol: 1e-10\njumps: [1]\nsensitivity: [w]\nstepper: %s\n",
				    1.7 + h * (k - 1), method[m]);
			fixture_generate(&f[k], 0, 0);
		}
		for (int i = 0; i <= 10; i++) {
			ck_assert_double_eq_tol(field(&f[1], "da_dw")[i],
						(field(&f[2], "a")[i] - field(&f[0], "a")[i]) / (2 * h), 5e-6);
			ck_assert_double_eq_tol(field(&f[1], "da_t_dw")[i],
						(field(&f[2], "a_t")[i] - field(&f[0], "a_t")[i]) / (2 * h), 5e-6);
		}
		for (int k = 0; k < 3; k++)
			fixture_free(&f[k]);
	}
	refuse("equation: \"u_t = -a*u\"\nparam: {a: 2}\ndomain: {t: [0, 1]}\ninitial: {u: 1}\nsensitivity: [a, a]\n",
	       "sensitivity: 'a' is there twice");
	refuse("equation: [\"u_t = -a*u\", \"du_da_t = 1\"]\nparam: {a: 2}\ndomain: {t: [0, 1]}\n"
	       "initial: {u: 1, du_da: 1}\nsensitivity: [a]\n",
	       "there is a field 'du_da' already");
	refuse("equation: \"u_t = -steps*u\"\nparam: {steps: \"uniform(0, 1)\"}\ndomain: {t: [0, 1]}\ninitial: {u: "
	       "1}\n",
	       "param: 'steps' is the name of another number");
	refuse(MADE "sensitivity: [w]\n", "sensitivity: there is no parameter 'w'");
	refuse("equation: \"u_t = -u\"\nparam: {a: 2}\ndomain: {t: [0, 1]}\ninitial: {u: \"uniform(0, a)\"}\n"
	       "sensitivity: [a]\n",
	       "holds 'a' and a random law");
}
END_TEST

/* States at rest by the implicit function theorem: u = k (1 - m/r), v = u^2. */
START_TEST(at_rest)
{
	struct fixture f = text("equation: [\"u_t = r*u*(1 - u/k) - m*u\", \"v_t = u^2 - v\"]\n"
				"param: {r: 2, k: 3, m: 0.5}\ninitial: {u: 1, v: 0}\ndomain: {t: [0, 100]}\n"
				"to_steady: true\nsteady_rtol: 1e-9\nrtol: 1e-9\nsensitivity: [k, r]\n");
	const double u = 3 * (1 - 0.25);

	fixture_generate(&f, 0, 0);
	ck_assert_double_eq_tol(field(&f, "u")[0], u, 1e-7);
	ck_assert_double_eq_tol(field(&f, "du_dk")[0], 0.75, 1e-7);
	ck_assert_double_eq_tol(field(&f, "du_dr")[0], 3 * 0.5 / 4, 1e-7);
	ck_assert_double_eq_tol(field(&f, "dv_dk")[0], 2 * u * 0.75, 1e-6);
	fixture_free(&f);
}
END_TEST

/* Positions and velocities of two second-order equations: the energy of semi-implicit Euler does not drift. */
START_TEST(symplectic)
{
	static const char *const method[] = { "semi_implicit_euler", "euler" };
	double drift[2];

	for (int m = 0; m < 2; m++) {
		struct fixture f = text("equation: [\"p_tt = -p + 0.2*q\", \"q_tt = -2*q + 0.2*p\"]\n"
					"initial: {p: 1, q: 0.5}\ndomain: {t: [0, 200]}\nframes: 200\nstepper: %s\n"
					"dt: 0.02\n",
					method[m]);
		double most = 0;

		fixture_generate(&f, 0, 0);
		for (int k = 0; k <= 200; k++) {
			const double p = field(&f, "p")[k], q = field(&f, "q")[k], a = field(&f, "p_t")[k],
				     b = field(&f, "q_t")[k];

			most = fmax(most, fabs((a * a + b * b + p * p + 2 * q * q - 0.4 * p * q) / 1.3 - 1));
		}
		drift[m] = most;
		fixture_free(&f);
	}
	printf("energy: %.2e, %.2e\n", drift[0], drift[1]);
	ck_assert_double_lt(drift[0], 0.05);
	ck_assert_double_gt(drift[1], 1);
	refuse("equation: \"u_t = -u\"\ndomain: {t: [0, 1]}\ninitial: {u: 1}\nstepper: semi_implicit_euler\ndt: 0.1\n",
	       "as many momenta as positions");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ordinary");
	TCase *t = tcase_create("ordinary");
	SRunner *r;
	int failed;

	tcase_add_test(t, orders);
	tcase_add_test(t, controlled);
	tcase_add_test(t, control_keys);
	tcase_add_test(t, jumps);
	tcase_add_test(t, falling_ball);
	tcase_add_test(t, bouncing_ball);
	tcase_add_test(t, directions);
	tcase_add_test(t, together);
	tcase_add_test(t, tangents);
	tcase_add_test(t, at_rest);
	tcase_add_test(t, symplectic);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
