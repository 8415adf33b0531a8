/* test_langevin.c: strong orders of the Langevin methods against fine steps along the same path, the exact law of a
 * Gaussian target, and coefficients across the switch from series to closed forms. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/langevin.h"

static void quartic(void *context, int64_t paths, const double *x, double *out)
{
	(void)context;
	for (int64_t i = 0; i < paths; i++)
		out[i] = x[i] * x[i] * x[i] + x[i];
}
static void quadratic(void *context, int64_t paths, const double *x, double *out)
{
	(void)context;
	for (int64_t i = 0; i < 2 * paths; i++)
		out[i] = i % 2 ? 4 * x[i] : x[i];
}

enum { PATHS = 300, FINEST = 1024 };

static void end_of(enum langevin_method m, int steps, double *x)
{
	const struct langevin problem = { .n = 1, .friction = 1, .u = 1, .gradient = quartic };
	const struct brownian_spec spec = { .seed = 1,
					    .purpose = "langevin",
					    .n_samples = PATHS,
					    .channels = 1,
					    .t1 = 1,
					    .tolerance = 1. / FINEST,
					    .kind = BROWNIAN_WHK };
	struct brownian *tree = brownian_new(&spec, NULL);
	struct langevin_stepper *p = langevin_new(m, &problem, PATHS, 1. / steps, NULL);
	double v[PATHS] = { 0 }, w[3][PATHS];

	for (int i = 0; i < PATHS; i++)
		x[i] = 0.5;
	for (int k = 0; k < steps; k++) {
		brownian_increment(tree, k / (double)steps, (k + 1) / (double)steps, w[0], w[1], w[2]);
		langevin_step(p, x, v, w[0], w[1], w[2]);
	}
	ck_assert_int_eq(langevin_gradients(p), m == LANGEVIN_EULER ? steps : 2 * steps + (m == LANGEVIN_SHOULD));
	langevin_free(p);
	brownian_free(tree);
}

START_TEST(strong_order)
{
	const enum langevin_method m = (enum langevin_method)_i;
	double exact[PATHS], x[PATHS], order, last = 0, sxy = 0;

	end_of(LANGEVIN_QUICSORT, FINEST, exact);
	for (int l = 2; l <= 6; l++) {
		double sum = 0;

		end_of(m, 1 << l, x);
		for (int i = 0; i < PATHS; i++)
			sum += (x[i] - exact[i]) * (x[i] - exact[i]) / PATHS;
		last = sqrt(sum);
		sxy += (l - 4) * -log2(last);
	}
	order = sxy / 10;
	if (m == LANGEVIN_EULER)
		ck_assert_msg(order > 0.85 && order < 1.2, "order %g", order);
	else
		ck_assert_msg(order > 2.7 && order < 3.3 && last < 2e-7, "%s: order %g, last error %g",
			      langevin_methods[m], order, last);
}
END_TEST

/* Variances 1 and 1/4 of x, u of v, after a long time; with few and with many steps in 1/friction. */
START_TEST(stationary_law)
{
	enum { N = 4000 };
	static const double friction[] = { 0.5, 2, 20 };
	const enum langevin_method m = (enum langevin_method)(_i % 2);
	const struct langevin problem = { .n = 2, .friction = friction[_i / 2], .u = 0.7, .gradient = quadratic };
	struct brownian_spec spec = {
		.seed = 5, .purpose = "law", .n_samples = N, .channels = 2, .kind = BROWNIAN_WHK
	};
	const double h = 0.1;
	const int64_t steps = (int64_t)(fmax(12 / problem.friction, 6 * problem.friction / 0.7) / h);
	struct langevin_stepper *p = langevin_new(m, &problem, N, h, NULL);
	double *x = xcalloc(16 * N, sizeof *x), *v = x + 2 * N, *w = x + 4 * N, square[4] = { 0 };

	for (int64_t k = 0; k < steps; k++) {
		brownian_steps(&spec, h, k, 1, w, w + 2 * N, w + 4 * N, w + 6 * N);
		langevin_step(p, x, v, w, w + 2 * N, w + 4 * N);
	}
	for (int i = 0; i < 2 * N; i++) {
		square[i % 2] += x[i] * x[i] / N;
		square[2 + i % 2] += v[i] * v[i] / N;
	}
	/* 4 standard errors of a variance: 4 sqrt(2/N) = 0.09 */
	ck_assert_double_eq_tol(square[0], 1, 0.1);
	ck_assert_double_eq_tol(square[1], 0.25, 0.025);
	ck_assert_double_eq_tol(square[2], 0.7, 0.07);
	ck_assert_double_eq_tol(square[3], 0.7, 0.07);
	free(x);
	langevin_free(p);
}
END_TEST

/* friction h = 1 is where series end: steps just below and above agree. */
START_TEST(coefficients_are_continuous)
{
	const enum langevin_method m = (enum langevin_method)_i;
	const struct langevin problem = { .n = 1, .friction = 1, .u = 1, .gradient = quartic };
	double x[2] = { 0.3, 0.3 }, v[2] = { 0.4, 0.4 };

	for (int k = 0; k < 2; k++) {
		struct langevin_stepper *p = langevin_new(m, &problem, 1, k ? 1 + 1e-12 : 1 - 1e-12, NULL);
		const double w = 0.5, h = 0.2, kk = -0.1;

		langevin_step(p, &x[k], &v[k], &w, &h, &kk);
		langevin_free(p);
	}
	ck_assert_double_eq_tol(x[0], x[1], 1e-11);
	ck_assert_double_eq_tol(v[0], v[1], 1e-11);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("langevin");
	TCase *t = tcase_create("methods");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, strong_order, 0, 3);
	tcase_add_loop_test(t, stationary_law, 0, 6);
	tcase_add_loop_test(t, coefficients_are_continuous, 0, 3);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
