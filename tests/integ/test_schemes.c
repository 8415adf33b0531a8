/* test_schemes.c: ETDRK4 against closed forms, paths of processes against their closed moments. */
#include <check.h>
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "integ/integ.h"
#include "integ/process.h"
#include "integ/sde.h"

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

/* Paths of each process against the closed moments at t = 1; schemes carry a step error of 1/steps besides. */
START_TEST(processes_have_their_moments)
{
	static const struct {
		enum process_kind kind;
		const char *method;
		struct process p;
	} cases[] = {
		{ PROCESS_OU, "exact", { 2, 0.5, 0.7, 1, 0.4, 0 } },
		{ PROCESS_OU, "euler-maruyama", { 2, 0.5, 0.7, 1, 0, 0 } },
		{ PROCESS_GBM, "exact", { 0.3, 0, 0.4, 1.5, 0.1, 0 } },
		{ PROCESS_GBM, "milstein", { 0.3, 0, 0.4, 1.5, 0, 0 } },
		{ PROCESS_CIR, "euler-maruyama", { 1, 1, 0.5, 2, 0, 0 } },
		{ PROCESS_CIR, "milstein", { 1, 1, 0.5, 2, 0, 0 } },
		{ PROCESS_CIR, "spark", { 1, 1, 0.5, 2, 0, 0 } },
		{ PROCESS_GBM, "srk", { 0.3, 0, 0.4, 1.5, 0, 0 } },
		{ PROCESS_OU, "shark", { 2, 0.5, 0.7, 1, 0, 0 } },
		{ PROCESS_OU_TREND, "sra1", { 2, 0.5, 0.7, 1, 0.1, 0.5 } },
	};
	enum { N = 10000, FRAMES = 2, STEPS = 32 };

	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		double sum = 0, square = 0, out[FRAMES + 1], mean, std, m, s;
		struct process_scheme scheme = { .steps = STEPS };

		while (strcmp(sde_exact_or_method_names[scheme.method], cases[c].method) != 0)
			scheme.method++;

		for (int64_t k = 0; k < N; k++) {
			ck_assert_int_eq(process_path(cases[c].kind, &cases[c].p, &scheme, 1, 1, FRAMES, 9, k, NULL,
						      out, NULL, NULL),
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

/* Simpson's rule for int_0^1 s^power exp(-rate (1 - s)) ds. */
static double faded(double rate, int power)
{
	enum { PANELS = 4000 };
	double sum = 0;

	for (int i = 0; i <= PANELS; i++) {
		const double s = (double)i / PANELS;

		sum += (i == 0 || i == PANELS ? 1 : i % 2 ? 4 : 2) * pow(s, power) * exp(-rate * (1 - s));
	}
	return sum / (3 * PANELS);
}

/* Moments at time 1, for rates through 0, where their closed forms are 0 / 0. */
START_TEST(moments_of_small_rates)
{
	static const double slow[] = { 0, 1e-13, 1e-9, 1e-5, 1e-2, 0.4, 0.6, 3, 8, -0.4, -2 };

	for (size_t k = 0; k < sizeof slow / sizeof slow[0]; k++) {
		const struct process p = { .rate = slow[k], .level = 0.7, .sigma = 0.4, .start = 1.2 };
		const double decay = exp(-p.rate), square = p.sigma * p.sigma, tol = 1e-11;
		double mean, std, small = 1e-9;

		ck_assert(process_moments(PROCESS_OU_TREND, &p, 1, &mean, &std));
		ck_assert_double_eq_tol(mean, p.start * decay + p.level * faded(p.rate, 1), tol * fabs(mean));
		ck_assert_double_eq_tol(std * std, square * faded(2 * p.rate, 2), tol * std * std);
		/* dv/dt = -2 rate v + sigma^2 m(t), m(s) = start e^(-rate s) + level (1 - e^(-rate s)) */
		ck_assert(process_moments(PROCESS_CIR, &p, 1, &mean, &std));
		ck_assert_double_eq_tol(
			std * std,
			square * (p.level * faded(2 * p.rate, 0) + (p.start - p.level) * decay * faded(p.rate, 0)),
			tol * std * std);
		/* sigma^2 t start^2, to first order in sigma */
		ck_assert(process_moments(PROCESS_GBM, &(struct process){ .sigma = small, .start = 1.2 }, 1, &mean,
					  &std));
		ck_assert_double_eq_tol(std, 1.2 * small, 1e-12 * small);
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
	tcase_add_test(t, moments_of_small_rates);
	tcase_add_test(t, etdrk4_has_order_4);
	tcase_add_test(t, etdrk4_linear_part_is_exact);
	tcase_add_test(t, processes_have_their_moments);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
