/* test_schemes.c: ETDRK4 against closed forms, strong orders of the SDE schemes against exact paths driven by the same
 * Brownian motion, and transition laws against their moments. */
#include <check.h>
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "integ/integ.h"
#include "integ/process.h"

/* y' = c y - y^2 by modes of their own: y(t) = c / (1 + (c/y0 - 1) exp(-c t)), also for complex c. */
enum { MODES = 5 };
static const double complex rates[MODES] = { 1, -300, 0, 2 * I, -1 + 5 * I };

static void minus_square(void *context, double t, const double *y, double *out)
{
	(void)context;
	(void)t;
	for (int i = 0; i < MODES; i++) {
		double complex z = y[2 * i] + I * y[2 * i + 1];

		z = -z * z;
		out[2 * i] = creal(z);
		out[2 * i + 1] = cimag(z);
	}
}

static double etd_error(int mode, int n)
{
	double linear[2 * MODES], y[2 * MODES];
	double complex exact;
	struct etdrk4 *s;

	for (int i = 0; i < MODES; i++) {
		linear[2 * i] = creal(rates[i]);
		linear[2 * i + 1] = cimag(rates[i]);
		y[2 * i] = 0.7;
		y[2 * i + 1] = 0;
	}
	s = etdrk4_new(MODES, linear, 1. / n);
	for (int k = 0; k < n; k++)
		etdrk4_step(s, minus_square, NULL, (double)k / n, y);
	etdrk4_free(s);
	if (rates[mode] == 0)
		exact = 0.7 / (1 + 0.7);
	else
		exact = rates[mode] / (1 + (rates[mode] / 0.7 - 1) * cexp(-rates[mode]));
	return cabs(y[2 * mode] + I * y[2 * mode + 1] - exact);
}

START_TEST(etdrk4_has_order_4)
{
	for (int mode = 0; mode < MODES; mode++) {
		double order = log2(etd_error(mode, 20) / etd_error(mode, 40));

		if (mode == 1) { /* decays to nothing at once: no order to see */
			ck_assert_double_lt(etd_error(mode, 20), 1e-12);
			continue;
		}
		ck_assert_msg(order > 3.7 && order < 4.4, "mode %d: order %g", mode, order);
	}
}
END_TEST

static void nothing(void *context, double t, const double *y, double *out)
{
	(void)context;
	(void)t;
	(void)y;
	memset(out, 0, 2 * MODES * sizeof *out);
}

/* Without nonlinear part the step is exact, for stiff and oscillating modes alike. */
START_TEST(etdrk4_linear_part_is_exact)
{
	double linear[2 * MODES], y[2 * MODES];
	struct etdrk4 *s;

	for (int i = 0; i < MODES; i++) {
		linear[2 * i] = creal(rates[i]);
		linear[2 * i + 1] = cimag(rates[i]);
		y[2 * i] = 1;
		y[2 * i + 1] = 0;
	}
	s = etdrk4_new(MODES, linear, 0.5);
	for (int k = 0; k < 4; k++)
		etdrk4_step(s, nothing, NULL, 0, y);
	etdrk4_free(s);
	for (int i = 0; i < MODES; i++) {
		ck_assert_double_eq_tol(y[2 * i], creal(cexp(2 * rates[i])), 1e-13);
		ck_assert_double_eq_tol(y[2 * i + 1], cimag(cexp(2 * rates[i])), 1e-13);
	}
}
END_TEST

/* ---- strong orders --------------------------------------------------------------------------------------------------- */

enum { FINE = 512, PATHS = 300 };

static void gbm_drift(void *context, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	out[0] = 0.5 * x[0];
}
static void gbm_diffusion(void *context, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	out[0] = 0.8 * x[0];
}
static void gbm_slope(void *context, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	(void)x;
	out[0] = 0.8;
}
static void well_drift(void *context, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	out[0] = x[0] - x[0] * x[0] * x[0];
}
static void one(void *context, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	(void)x;
	out[0] = 0.7;
}
static void zero(void *context, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	(void)x;
	out[0] = 0;
}

/* W(1) of the path that the schemes see. */
static double brownian(struct rng r)
{
	double normal[FINE], sum = 0;

	rng_normal(r, 0, FINE, normal);
	for (int k = 0; k < FINE; k++)
		sum += normal[k];
	return sum * sqrt(1. / FINE);
}

/* Mean error at t = 1 with n steps; Ito 0.5 is Stratonovich 0.5 - 0.8^2 / 2 for Heun, so its exact path differs. */
static double gbm_error(const char *method, int n)
{
	double sum = 0;

	for (int k = 0; k < PATHS; k++) {
		struct sde s = { .n = 1,
				 .drift = gbm_drift,
				 .diffusion = gbm_diffusion,
				 .diffusion_slope = gbm_slope,
				 .substeps = FINE / n };
		struct rng r = rng_stream(3, "test", 0, (uint64_t)k);
		double x = 1, rate = strcmp(method, "heun") == 0 ? 0.5 : 0.5 - 0.5 * 0.8 * 0.8;

		ck_assert_int_eq(integ_sde(method, &s, &r, 0, 1, n, 0, &x, NULL, NULL), 0);
		sum += fabs(x - exp(rate + 0.8 * brownian(r)));
	}
	return sum / PATHS;
}

/* Additive noise, against the finest path. */
static double well_error(int n)
{
	double sum = 0;

	for (int k = 0; k < PATHS; k++) {
		struct sde s = { .n = 1, .drift = well_drift, .diffusion = one, .diffusion_slope = zero };
		struct rng r = rng_stream(3, "test", 0, (uint64_t)k);
		double x = 0.5, y = 0.5;

		ck_assert_int_eq(integ_sde("euler_maruyama", &s, &r, 0, 1, FINE, 0, &y, NULL, NULL), 0);
		s.substeps = FINE / n;
		ck_assert_int_eq(integ_sde("euler_maruyama", &s, &r, 0, 1, n, 0, &x, NULL, NULL), 0);
		sum += fabs(x - y);
	}
	return sum / PATHS;
}

static void check_order(double coarse, double fine, double halvings, double wanted, const char *what)
{
	double order = log2(coarse / fine) / halvings;

	ck_assert_msg(fabs(order - wanted) < 0.15, "%s: strong order %g, not %g", what, order, wanted);
}

START_TEST(strong_orders)
{
	check_order(gbm_error("euler_maruyama", 16), gbm_error("euler_maruyama", 256), 4, 0.5, "Euler-Maruyama");
	check_order(gbm_error("milstein", 16), gbm_error("milstein", 256), 4, 1, "Milstein");
	check_order(gbm_error("heun", 16), gbm_error("heun", 256), 4, 1, "Heun");
	check_order(well_error(8), well_error(64), 3, 1, "Euler-Maruyama, additive noise");
}
END_TEST

START_TEST(saves_what_was_asked)
{
	struct sde s = { .n = 1, .drift = gbm_drift, .diffusion = gbm_diffusion };
	struct rng r = rng_stream(1, "test", 0, 0);
	double x = 1, y = 1, out[5], all[9];
	struct err e = { 0 };

	ck_assert_int_eq(integ_sde("euler_maruyama", &s, &r, 0, 1, 8, 2, &x, out, &e), 0);
	ck_assert_int_eq(integ_sde("euler_maruyama", &s, &r, 0, 1, 8, 1, &y, all, &e), 0);
	for (int k = 0; k <= 4; k++)
		ck_assert_double_eq(out[k], all[2 * k]);
	ck_assert_double_eq(out[4], x);
	ck_assert_int_eq(integ_sde("milstein", &s, &r, 0, 1, 8, 1, &y, all, &e), -1);
	ck_assert_int_eq(integ_sde("magic", &s, &r, 0, 1, 8, 1, &y, all, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
}
END_TEST

/* Paths of each process against the closed moments at t = 1; schemes carry a step error of 1/steps besides. */
START_TEST(processes_have_their_moments)
{
	static const struct {
		enum process_kind kind;
		enum process_method method;
		struct process p;
	} cases[] = {
		{ PROCESS_OU, PROCESS_EXACT, { 2, 0.5, 0.7, 1, 0.4 } },
		{ PROCESS_OU, PROCESS_EULER, { 2, 0.5, 0.7, 1, 0 } },
		{ PROCESS_GBM, PROCESS_EXACT, { 0.3, 0, 0.4, 1.5, 0.1 } },
		{ PROCESS_GBM, PROCESS_MILSTEIN, { 0.3, 0, 0.4, 1.5, 0 } },
		{ PROCESS_CIR, PROCESS_EULER, { 1, 1, 0.5, 2, 0 } },
		{ PROCESS_CIR, PROCESS_MILSTEIN, { 1, 1, 0.5, 2, 0 } },
	};
	enum { N = 10000, FRAMES = 2, STEPS = 32 };

	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		double sum = 0, square = 0, out[FRAMES + 1], mean, std, m, s;

		for (int64_t k = 0; k < N; k++) {
			ck_assert_int_eq(process_path(cases[c].kind, &cases[c].p, cases[c].method, 1, 1, FRAMES, STEPS,
						      9, k, NULL, out, NULL),
					 0);
			sum += out[FRAMES];
			square += out[FRAMES] * out[FRAMES];
		}
		ck_assert(process_moments(cases[c].kind, &cases[c].p, 1, &mean, &std));
		m = sum / N;
		s = sqrt(square / N - m * m);
		ck_assert_msg(fabs(m - mean) < 4 * std / sqrt(N) + 0.02 * std, "case %zu: mean %g, not %g", c, m, mean);
		ck_assert_msg(fabs(s - std) < 0.04 * std, "case %zu: deviation %g, not %g", c, s, std);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schemes");
	TCase *t = tcase_create("ETD and SDE");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, etdrk4_has_order_4);
	tcase_add_test(t, etdrk4_linear_part_is_exact);
	tcase_add_test(t, strong_orders);
	tcase_add_test(t, saves_what_was_asked);
	tcase_add_test(t, processes_have_their_moments);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
