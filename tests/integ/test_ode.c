/* test_ode.c: methods by name: observed orders on both sides, tolerances that are met, a stiff problem, outputs between
 * the steps, events, jumps, steadiness, and the reversibility of reversible Heun. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "integ/ode.h"

static int64_t calls;

/* Non-autonomous, nonlinear; smooth on [0, 2]. */
static int mixed(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	calls++;
	dydt[0] = cos(t) * y[0] + 0.3 * y[1];
	dydt[1] = -0.5 * y[0] * y[1] + sin(t);
	return 0;
}

/* A pendulum, q' = p, p' = -sin q: also for methods that want positions and momenta. */
static int pendulum(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	(void)t;
	calls++;
	dydt[0] = y[1];
	dydt[1] = -sin(y[0]);
	return 0;
}

static void solve_fixed(const char *method, integ_rhs f, double T, int n, double *y)
{
	const struct ode_system o = { .n = 2, .f = f };
	const struct controller_config control = { .fixed = true, .dt0 = T / n };
	const struct ode_run run = { .method = method, .control = &control, .t1 = T };
	struct ode_result r;
	struct err e = { 0 };

	ck_assert_msg(ode_solve(&o, &run, y, &r, &e) == 0, "%s: %s", method, e.message);
	ck_assert_int_eq(r.accepted, n);
	ck_assert_double_eq(r.t, T);
}

static double fixed_error(const char *method, integ_rhs f, int n)
{
	double y[2] = { 1, 0.5 }, exact[2] = { 1, 0.5 };

	solve_fixed("dopri8", f, 2, 300, exact);
	solve_fixed(method, f, 2, n, y);
	return hypot(y[0] - exact[0], y[1] - exact[1]);
}

START_TEST(observed_orders)
{
	struct ode_method m;

	for (int k = 0; ode_method_at(k, &m); k++) {
		integ_rhs f = strcmp(m.name, "semi_implicit_euler") == 0 ? pendulum : mixed;
		int n = m.order < 3 ? 160 : m.order < 5 ? 64 : m.order < 6 ? 20 : m.order < 7 ? 16 : 4;
		double coarse = fixed_error(m.name, f, n), fine = fixed_error(m.name, f, 2 * n);
		double order = log2(coarse / fine);

		ck_assert_msg(fabs(order - m.order) < 0.3, "%s: observed order %g (errors %g, %g)", m.name, order,
			      coarse, fine);
	}
}
END_TEST

/* Published errors of dopri8 on this problem: 1.4e-8, 5.0e-11, 1.8e-13 with 4, 8, 16 steps. */
START_TEST(dopri8_errors)
{
	const double published[] = { 1.4e-8, 5.0e-11, 1.8e-13 };

	for (int k = 0; k < 3; k++) {
		double error = fixed_error("dopri8", mixed, 4 << k);

		ck_assert_msg(error > published[k] / 4 && error < 4 * published[k], "%d steps: %g", 4 << k, error);
	}
}
END_TEST

/* Errors over rtol at T = 10 of the pendulum let go at rest at an angle of 1 and of 2, where its own sensitivity to the
 * phase is larger: diffrax 0.7.2 has 0.20 to 19 and 1.2 to 100 there, in the same settings. */
START_TEST(tolerances)
{
	static const char *const names[] = { "tsit5", "dopri5", "dopri8", "bosh3", "kvaerno5", "kvaerno4" };
	static const double least[] = { 0.1, 1 }, most[] = { 20, 90 };

	for (int angle = 1; angle <= 2; angle++) {
		double exact[2] = { angle, 0 };

		solve_fixed("dopri8", pendulum, 10, 2000, exact);
		for (int k = 0; k < 6; k++)
			for (double tol = 1e-3; tol > 5e-10; tol *= 0.1) {
				const struct ode_system o = { .n = 2, .f = pendulum };
				const struct controller_config control = { .rtol = tol, .atol = 1e-3 * tol };
				const struct ode_run run = { .method = names[k], .control = &control, .t1 = 10 };
				double y[2] = { angle, 0 }, error;
				struct ode_result r;

				calls = 0;
				ck_assert_int_eq(ode_solve(&o, &run, y, &r, NULL), 0);
				ck_assert_int_eq(r.evaluations, calls);
				error = hypot(y[0] - exact[0], y[1] - exact[1]) / tol;
				if (getenv("VERBOSE_ORDERS"))
					fprintf(stderr, "%s from %d at %g: %g\n", names[k], angle, tol, error);
				if (k < 3)
					ck_assert_msg(error > least[angle - 1] && error < most[angle - 1],
						      "%s from %d at %g: %g", names[k], angle, tol, error);
				else if (angle == 1)
					ck_assert_msg(error < 20, "%s at %g: %g", names[k], tol, error);
			}
	}
}
END_TEST

/* Robertson's kinetics (Hairer, Wanner, IV.1). */
static int robertson(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	(void)t;
	dydt[0] = -0.04 * y[0] + 1e4 * y[1] * y[2];
	dydt[2] = 3e7 * y[1] * y[1];
	dydt[1] = -dydt[0] - dydt[2];
	return 0;
}

static int robertson_jacobian(void *context, double t, const double *y, double *j)
{
	const double row[9] = { -0.04,	     1e4 * y[2], 1e4 * y[1], 0.04, -1e4 * y[2] - 6e7 * y[1],
				-1e4 * y[1], 0,		 6e7 * y[1], 0 };

	(void)context;
	(void)t;
	memcpy(j, row, sizeof row);
	return 0;
}

START_TEST(stiff)
{
	/* reference values of the standard test set at t = 40 */
	static const double at_40[] = { 0.7158270688, 9.185534765e-6, 0.2841637457 };
	const double saved = 40;
	const struct controller_config control = { .rtol = 1e-6, .atol = 1e-10 },
				       capped = { .rtol = 1e-6, .atol = 1e-10, .max_steps = 10000 };
	struct ode_system o = { .n = 3, .f = robertson };
	double y[3] = { 1, 0, 0 }, out[3];
	struct ode_run run = {
		.method = "kvaerno5", .control = &control, .t1 = 1e5, .n_save = 1, .save = &saved, .out = out
	};
	struct ode_result r;
	struct err e = { 0 };

	for (int analytic = 0; analytic < 2; analytic++) {
		o.jacobian = analytic ? robertson_jacobian : NULL;
		memcpy(y, (double[]){ 1, 0, 0 }, sizeof y);
		ck_assert_msg(ode_solve(&o, &run, y, &r, &e) == 0, "%s", e.message);
		if (getenv("VERBOSE_ORDERS"))
			fprintf(stderr, "robertson: %ld + %ld steps, %ld f, %ld J, %ld LU\n", (long)r.accepted,
				(long)r.rejected, (long)r.evaluations, (long)r.jacobians, (long)r.factorisations);
		ck_assert_int_lt(r.accepted + r.rejected, 1000);
		ck_assert_double_eq_tol(y[0] + y[1] + y[2], 1, 1e-9);
		for (int i = 0; i < 3; i++) /* a cubic between the steps */
			ck_assert_double_eq_tol(out[i], at_40[i], 1e-4 * at_40[i]);
	}
	memcpy(y, (double[]){ 1, 0, 0 }, sizeof y);
	run.method = "dopri5";
	run.control = &capped;
	run.n_save = 0;
	ck_assert_int_eq(ode_solve(&o, &run, y, &r, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "more than 10000 steps"));
	ck_assert_double_lt(r.t, 40);
}
END_TEST

/* Independent systems solved in blocks give what they give together, at less cost in differences. */
static int many(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	calls++;
	for (int k = 0; k < 5; k++) {
		dydt[2 * k] = y[2 * k + 1];
		dydt[2 * k + 1] = 100 * ((1 - y[2 * k] * y[2 * k]) * y[2 * k + 1]) - y[2 * k] + sin(t);
	}
	return 0;
}

START_TEST(blocks)
{
	static const char *const names[] = { "kvaerno3", "radauIIA5" };

	for (int k = 0; k < 2; k++) {
		const struct controller_config control = {
			.fixed = k == 1, .dt0 = k == 1 ? 1e-3 : 0, .rtol = 1e-9, .atol = 1e-9
		};
		const struct ode_run run = { .method = names[k], .control = &control, .t1 = 0.1 };
		double y[2][10];
		struct ode_result r[2];

		for (int b = 0; b < 2; b++) {
			const struct ode_system o = { .n = 10, .f = many, .block = b == 0 ? 0 : 2 };

			for (int i = 0; i < 10; i++)
				y[b][i] = 0.5 + 0.1 * i;
			ck_assert_int_eq(ode_solve(&o, &run, y[b], &r[b], NULL), 0);
		}
		for (int i = 0; i < 10; i++)
			ck_assert_double_eq_tol(y[0][i], y[1][i], 1e-7);
		ck_assert_int_lt(r[1].evaluations, r[0].evaluations);
	}
}
END_TEST

/* Outputs do not shorten the steps, and between the steps the error falls with the polynomial's order; also
 * backwards. */
START_TEST(between_steps)
{
	static const struct {
		const char *name;
		double order;
	} methods[] = { { "tsit5", 5 }, { "dopri5", 5 }, { "dopri8", 6 },  { "bosh3", 4 },
			{ "rk4", 3 },	{ "gl4", 3 },	 { "kvaerno5", 4 } };

	for (size_t k = 0; k < sizeof methods / sizeof methods[0]; k++) {
		double error[2];

		for (int fine = 0; fine < 2; fine++) {
			const struct ode_system o = { .n = 2, .f = mixed };
			const double h = fine ? 0.05 : 0.1;
			/* the polynomial's own error is seen within the first step */
			const double save[4] = { 2, 2 - 0.31 * h, 2 - 0.5 * h, 2 - 0.83 * h };
			const struct controller_config control = { .fixed = true, .dt0 = h },
						       dense = { .fixed = true, .dt0 = 0.001 };
			double out[8], exact[8], start[2] = { 1.5, 0.5 };
			struct ode_run run = { .method = methods[k].name,
					       .control = &control,
					       .t0 = 2,
					       .t1 = 1,
					       .n_save = 4,
					       .save = save,
					       .out = out };
			struct ode_result r;

			ck_assert_int_eq(ode_solve(&o, &run, start, &r, NULL), 0);
			ck_assert_int_eq(r.accepted, fine ? 20 : 10);
			ck_assert_int_eq(r.n_saved, 4);
			memcpy(start, (double[]){ 1.5, 0.5 }, sizeof start);
			run.method = "dopri5";
			run.control = &dense;
			run.out = exact;
			ck_assert_int_eq(ode_solve(&o, &run, start, &r, NULL), 0);
			error[fine] = 0;
			for (int i = 0; i < 8; i++)
				error[fine] = fmax(error[fine], fabs(out[i] - exact[i]));
		}
		ck_assert_msg(log2(error[0] / error[1]) > methods[k].order - 0.4, "%s: order %g (%g, %g)",
			      methods[k].name, log2(error[0] / error[1]), error[0], error[1]);
	}
}
END_TEST

/* ---- events -------------------------------------------------------------------------------------- */

static int ball(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	(void)t;
	dydt[0] = y[1];
	dydt[1] = -8;
	return 0;
}

static double height(void *context, double t, const double *y)
{
	(void)t;
	return y[0] - *(const double *)context;
}

static double late(void *context, double t, const double *y)
{
	(void)context;
	(void)y;
	return t > 1;
}

START_TEST(events)
{
	double ground = 0, level = 5;
	const double save[3] = { 0.5, 1, 3 };
	const struct ode_system o = { .n = 2, .f = ball };
	const struct controller_config control = { .rtol = 1e-9, .atol = 1e-9 };
	struct ode_event event[2] = { { .value = height, .context = &ground },
				      { .value = height, .context = &level, .direction = 1 } };
	double y[2] = { 10, 0 }, out[6];
	struct ode_run run = { .method = "tsit5",
			       .control = &control,
			       .t1 = 5,
			       .n_events = 2,
			       .event = event,
			       .n_save = 3,
			       .save = save,
			       .out = out };
	struct ode_result r;

	ck_assert_int_eq(ode_solve(&o, &run, y, &r, NULL), 0);
	ck_assert_int_eq(r.event, 0); /* 5 is passed falling */
	ck_assert_int_eq(r.n_saved, 2);
	ck_assert_double_eq_tol(r.t, sqrt(2.5), 1e-10);
	ck_assert_double_eq_tol(y[1], -8 * sqrt(2.5), 1e-9);
	ck_assert_double_eq_tol(out[2], 6, 1e-9);
	event[1].direction = -1;
	memcpy(y, (double[]){ 10, 0 }, sizeof y);
	ck_assert_int_eq(ode_solve(&o, &run, y, &r, NULL), 0);
	ck_assert_int_eq(r.event, 1);
	ck_assert_double_eq_tol(r.t, sqrt(1.25), 1e-10);
	event[0] = (struct ode_event){ .value = late, .boolean = true };
	event[1].direction = 1;
	memcpy(y, (double[]){ 10, 0 }, sizeof y);
	ck_assert_int_eq(ode_solve(&o, &run, y, &r, NULL), 0);
	ck_assert_int_eq(r.event, 0);
	ck_assert_double_gt(r.t, 1);
	ck_assert_double_eq_tol(y[0], 10 - 4 * r.t * r.t, 1e-9); /* the end of a step */
}
END_TEST

static double clock_passes(void *context, double t, const double *y)
{
	(void)y;
	return *(const double *)context * (t - 1);
}

/* Steps that end on the condition itself, rising or falling; all events of one time are told. */
START_TEST(events_at_ends)
{
	const struct ode_system o = { .n = 2, .f = ball };
	const struct controller_config control = { .fixed = true, .dt0 = 0.25 };

	for (int way = -1; way <= 1; way += 2) {
		double factor = way, other = 3 * way, y[2] = { 10, 0 };
		const struct ode_event event[3] = { { .value = clock_passes, .context = &factor, .direction = -way },
						    { .value = clock_passes, .context = &factor },
						    { .value = clock_passes, .context = &other, .direction = way } };
		bool happened[3] = { 0 };
		struct ode_result r;
		const struct ode_run run = { .method = "rk4",
					     .control = &control,
					     .t1 = 5,
					     .n_events = 3,
					     .event = event,
					     .happened = happened };

		ck_assert_int_eq(ode_solve(&o, &run, y, &r, NULL), 0);
		ck_assert_double_eq_tol(r.t, 1, 1e-12);
		ck_assert(!happened[0] && happened[1] && happened[2]);
	}
}
END_TEST

/* y' = 1 before t = 1, -2 after: with the jump told, no step straddles it and the kept slope is forgotten. */
static int broken_line(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	(void)y;
	calls++;
	dydt[0] = t < 1 ? 1 : -2;
	return 0;
}

static void watch_jump(void *context, double t0, double t1, const double *y1)
{
	(void)t0;
	(void)y1;
	*(bool *)context |= t1 == 0.7;
}

START_TEST(stops_and_jumps)
{
	const double jump = 1, stop = 0.7;
	const struct ode_system o = { .n = 1, .f = broken_line };
	const struct controller_config with = { .rtol = 1e-6,
						.atol = 1e-6,
						.n_jump = 1,
						.jump = &jump,
						.n_stop = 1,
						.stop = &stop },
				       without = { .rtol = 1e-6, .atol = 1e-6 };
	bool seen = false;
	struct ode_run run = { .method = "bosh3", .control = &with, .t1 = 2, .watch = watch_jump, .context = &seen };
	double y = 0;
	struct ode_result r, unaware;

	ck_assert_int_eq(ode_solve(&o, &run, &y, &r, NULL), 0);
	ck_assert(seen);
	ck_assert_int_eq(r.rejected, 0);
	ck_assert_double_eq_tol(y, 1 - 2, 1e-12);
	run.control = &without;
	y = 0;
	ck_assert_int_eq(ode_solve(&o, &run, &y, &unaware, NULL), 0);
	ck_assert_int_lt(r.rejected, unaware.rejected);
}
END_TEST

static int decay(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	(void)t;
	dydt[0] = 2 - y[0];
	return 0;
}

START_TEST(steady)
{
	const struct ode_system o = { .n = 1, .f = decay };
	const struct controller_config control = { .rtol = 1e-6, .atol = 1e-6 };
	const struct ode_run run = {
		.method = "tsit5", .control = &control, .t1 = 1e6, .steady_rtol = 1e-5, .steady_atol = 1e-5
	};
	double y = 0;
	struct ode_result r;

	ck_assert_int_eq(ode_solve(&o, &run, &y, &r, NULL), 0);
	ck_assert(r.steady);
	ck_assert_double_eq_tol(y, 2, 3e-5);
	ck_assert_double_lt(r.t, 20);
}
END_TEST

/* Forward, then backward: the start up to rounding, where plain Heun misses it; order 2. */
START_TEST(reversible_heun)
{
	double before = 0;

	for (int n = 50; n <= 800; n *= 2) {
		const struct ode_system o = { .n = 2, .f = mixed };
		const double h = 2. / n;
		double y[2] = { 1, 0.5 }, yh[2] = { 1, 0.5 }, v[2], exact[2] = { 1, 0.5 }, heun[2] = { 1, 0.5 }, error;
		struct reversible_state s = { y, yh, v };
		const struct controller_config control = { .fixed = true, .dt0 = h };
		const struct ode_run back = { .method = "heun", .control = &control, .t0 = 2 };

		mixed(NULL, 0, y, v);
		for (int k = 0; k < n; k++)
			ck_assert_int_eq(reversible_heun_step(&o, k * h, h, &s, NULL), 0);
		solve_fixed("dopri8", mixed, 2, 100, exact);
		error = hypot(y[0] - exact[0], y[1] - exact[1]);
		if (n > 50)
			ck_assert_msg(fabs(before / error - 4) < 0.3, "ratio %g", before / error);
		before = error;
		for (int k = n; k > 0; k--)
			ck_assert_int_eq(reversible_heun_back(&o, k * h, h, &s, NULL), 0);
		ck_assert_double_eq_tol(y[0], 1, 1e-12);
		ck_assert_double_eq_tol(y[1], 0.5, 1e-12);
		if (n > 50)
			continue;
		solve_fixed("heun", mixed, 2, n, heun);
		ck_assert_int_eq(ode_solve(&o, &back, heun, NULL, NULL), 0);
		ck_assert_double_gt(hypot(heun[0] - 1, heun[1] - 0.5), 1e-4);
	}
}
END_TEST

/* Semi-implicit Euler keeps the energy of a pendulum in bounds over many turns, where Euler does not. */
START_TEST(symplectic)
{
	double y[2] = { 1.5, 0 }, z[2] = { 1.5, 0 };

	solve_fixed("semi_implicit_euler", pendulum, 500, 10000, y);
	solve_fixed("euler", pendulum, 500, 10000, z);
	ck_assert_double_eq_tol(0.5 * y[1] * y[1] - cos(y[0]), -cos(1.5), 0.05);
	ck_assert_double_gt(fabs(0.5 * z[1] * z[1] - cos(z[0]) + cos(1.5)), 1);
}
END_TEST

START_TEST(refusals)
{
	const struct ode_system o = { .n = 1, .f = decay };
	const struct controller_config adaptive = { .rtol = 1e-6, .atol = 1e-6 }, fixed = { .fixed = true };
	struct ode_run run = { .method = "rk4", .control = &adaptive, .t1 = 1 };
	double y = 0;
	struct err e = { 0 };

	ck_assert_int_eq(ode_solve(&o, &run, &y, NULL, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	run.control = &fixed;
	ck_assert_int_eq(ode_solve(&o, &run, &y, NULL, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "first step"));
	run.method = "rk5";
	ck_assert_int_eq(ode_solve(&o, &run, &y, NULL, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "'rk5'"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ODEs");
	TCase *t = tcase_create("ODE");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, observed_orders);
	tcase_add_test(t, dopri8_errors);
	tcase_add_test(t, tolerances);
	tcase_add_test(t, stiff);
	tcase_add_test(t, blocks);
	tcase_add_test(t, between_steps);
	tcase_add_test(t, events);
	tcase_add_test(t, events_at_ends);
	tcase_add_test(t, stops_and_jumps);
	tcase_add_test(t, steady);
	tcase_add_test(t, reversible_heun);
	tcase_add_test(t, symplectic);
	tcase_add_test(t, refusals);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
