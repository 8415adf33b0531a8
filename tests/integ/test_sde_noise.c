/* test_sde_noise.c: forms of noise: matrices against diagonal ones, noise that does not commute and its Levy areas;
 * reversal; numbers of paths. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/sde.h"
#include "sde_tree.h"

/* ---- the form of the noise ----------------------------------------------------------------------- */

enum { TWO = 2 };

/* Two coupled components with diagonal noise, also written as a full matrix. */
static void pair_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	for (int64_t k = 0; k < paths; k++) {
		out[2 * k] = x[2 * k + 1] - 0.1 * t;
		out[2 * k + 1] = -x[2 * k];
	}
}
static void pair_diagonal(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	for (int64_t k = 0; k < TWO * paths; k++)
		out[k] = 0.3 * sin(x[k]) + 0.1 * t;
}
static void pair_slope(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	for (int64_t k = 0; k < TWO * paths; k++)
		out[k] = 0.3 * cos(x[k]);
}
static void pair_matrix(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	for (int64_t k = 0; k < TWO * paths; k++) {
		out[2 * k] = out[2 * k + 1] = 0;
		out[2 * k + k % 2] = 0.3 * sin(x[k]) + 0.1 * t;
	}
}
static void constant_diagonal(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)x;
	for (int64_t k = 0; k < TWO * paths; k++)
		out[k] = 0.3 + 0.1 * t + 0.2 * (double)(k % 2);
}
static void constant_matrix(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)x;
	for (int64_t k = 0; k < TWO * paths; k++) {
		out[2 * k] = out[2 * k + 1] = 0;
		out[2 * k + k % 2] = 0.3 + 0.1 * t + 0.2 * (double)(k % 2);
	}
}

START_TEST(a_diagonal_matrix_is_diagonal_noise)
{
	const struct sde_method *m = &sde_methods[_i];
	struct sde diagonal = { .n = TWO,
				.calculus = m->calculus,
				.additive = m->additive_only,
				.drift = pair_drift,
				.diffusion = m->additive_only ? constant_diagonal : pair_diagonal,
				.slope = pair_slope };
	struct sde matrix = diagonal;
	static const double ends[2] = { 0, 1 };
	double x[6] = { 1, 0, 0.5, 0.2, -1, 1 }, y[6];
	struct sde_noise noise = { .tree = tree_for(m, TWO, 3, 1e-3) };

	if (m->needs_flows) {
		brownian_free(noise.tree);
		return;
	}
	matrix.noises = TWO;
	matrix.diffusion = m->additive_only ? constant_matrix : pair_matrix;
	memcpy(y, x, sizeof x);
	ck_assert_int_eq(sde_fixed(&diagonal, m, &noise, 3, 2, ends, 50, x, NULL, NULL, NULL), 0);
	if (m->diagonal_only) {
		ck_assert_int_eq(sde_fixed(&matrix, m, &noise, 3, 2, ends, 50, y, NULL, NULL, NULL), -1);
	} else {
		ck_assert_int_eq(sde_fixed(&matrix, m, &noise, 3, 2, ends, 50, y, NULL, NULL, NULL), 0);
		for (int i = 0; i < 6; i++)
			ck_assert_double_eq_tol(x[i], y[i], 1e-13);
	}
	brownian_free(noise.tree);
}
END_TEST

/* Paths in a block and alone, with fresh increments, chunk borders inside. */
/* ---- noise that does not commute ----------------------------------------------------------------- */

/* dX = (X2, 0) o dW1 + (0, 0.5 sin X1 + 1) o dW2 - 0.3 X dt: the bracket of the fields is not zero. */
static void twist_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	for (int64_t i = 0; i < 2 * paths; i++)
		out[i] = -0.3 * x[i];
}
static void twist_diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	for (int64_t k = 0; k < paths; k++) {
		out[4 * k] = x[2 * k + 1];
		out[4 * k + 1] = out[4 * k + 2] = 0;
		out[4 * k + 3] = 0.5 * sin(x[2 * k]) + 1;
	}
}
static const struct sde twist = {
	.n = 2, .noises = 2, .calculus = SDE_STRATONOVICH, .drift = twist_drift, .diffusion = twist_diffusion
};

enum { TWIST_FINE = 1 << 13, TWIST_PATHS = 200 };

/* W, H and the area A_12 of every coarse step, from the fine increments w (fine steps x paths x 2). */
static void coarsen(const double *w, int64_t first, int64_t n, double fine, double *W, double *H, double *area)
{
	for (int64_t k = 0; k < TWIST_PATHS; k++) {
		double sum[2] = { 0 }, integral[2] = { 0 }, a = 0;

		for (int64_t i = first; i < first + n; i++) {
			const double *d = w + (i * TWIST_PATHS + k) * 2;

			a += 0.5 * (sum[0] * d[1] - sum[1] * d[0]);
			for (int c = 0; c < 2; c++) {
				integral[c] += fine * (sum[c] + 0.5 * d[c]);
				sum[c] += d[c];
			}
		}
		for (int c = 0; c < 2; c++) {
			W[2 * k + c] = sum[c];
			H[2 * k + c] = integral[c] / (fine * (double)n) - 0.5 * sum[c];
		}
		area[4 * k] = area[4 * k + 3] = 0;
		area[4 * k + 1] = a;
		area[4 * k + 2] = -a;
	}
}

enum areas { AREAS_TRUE, AREAS_DRAWN, AREAS_NONE };

static void twist_end(const double *w, int64_t steps, enum areas how, double *x)
{
	struct sde_stepper *p = sde_stepper_new(sde_method_find("log-ode"), &twist, TWIST_PATHS, NULL);
	double W[2 * TWIST_PATHS], H[2 * TWIST_PATHS], area[4 * TWIST_PATHS], next[2 * TWIST_PATHS];
	const int64_t n = TWIST_FINE / steps;
	const double h = 1. / (double)steps;

	ck_assert_ptr_nonnull(p);
	for (int i = 0; i < 2 * TWIST_PATHS; i++)
		x[i] = i % 2 == 0 ? 0.2 : 0.6;
	for (int64_t j = 0; j < steps; j++) {
		coarsen(w, j * n, n, 1. / TWIST_FINE, W, H, area);
		if (how == AREAS_NONE)
			memset(area, 0, sizeof area);
		sde_set_areas(p, how == AREAS_DRAWN ? NULL : area);
		sde_step(p, (double)j * h, h, x, W, H, next, NULL);
		sde_accept(p);
		memcpy(x, next, sizeof next);
	}
	sde_stepper_free(p);
}

static double twist_order(const double *w, enum areas how, double *error_at_32)
{
	double exact[2 * TWIST_PATHS], x[2 * TWIST_PATHS], sxy = 0, sxx = 0;

	twist_end(w, TWIST_FINE, AREAS_TRUE, exact);
	for (int l = 3; l <= 7; l++) {
		double sum = 0;

		twist_end(w, (int64_t)1 << l, how, x);
		for (int i = 0; i < 2 * TWIST_PATHS; i++)
			sum += (x[i] - exact[i]) * (x[i] - exact[i]);
		sum = sqrt(sum / TWIST_PATHS);
		if (l == 5)
			*error_at_32 = sum;
		sxy += (l - 5) * -log2(sum);
		sxx += (l - 5) * (l - 5);
	}
	return sxy / sxx;
}

/* Order 1 with the areas of the path, 1/2 without areas or with drawn ones, which are closer: given H they miss
 * less. */
START_TEST(areas_make_order_one)
{
	const struct brownian_spec spec = {
		.seed = 5, .purpose = "twist", .n_samples = TWIST_PATHS, .channels = 2, .kind = BROWNIAN_W
	};
	const size_t numbers = (size_t)TWIST_FINE * TWIST_PATHS * 2;
	double *w = xmalloc(2 * numbers * sizeof *w), with, without, drawn;

	brownian_steps(&spec, 1. / TWIST_FINE, 0, TWIST_FINE, w, NULL, NULL, w + numbers);
	const double order = twist_order(w, AREAS_TRUE, &with), none = twist_order(w, AREAS_NONE, &without),
		     law = twist_order(w, AREAS_DRAWN, &drawn);
	ck_assert_msg(order > 0.85 && order < 1.2, "strong order %g with areas", order);
	ck_assert_msg(none > 0.35 && none < 0.65, "strong order %g without areas", none);
	ck_assert_msg(law > 0.35 && law < 0.65, "strong order %g with drawn areas", law);
	ck_assert_msg(with < 0.5 * without, "%g with areas, %g without", with, without);
	free(w);
}
END_TEST

/* dX = (dW1, dW2, 1/2 (X1 o dW2 - X2 o dW1)): X3 is the area of the path, of variance T^2/4 whatever the number of
 * steps; Heun's method has T^2/4 (1 - 1/steps). */
static void area_diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	for (int64_t k = 0; k < paths; k++) {
		const double g[6] = { 1, 0, 0, 1, -0.5 * x[3 * k + 1], 0.5 * x[3 * k] };

		memcpy(out + 6 * k, g, sizeof g);
	}
}
static void no_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	(void)x;
	memset(out, 0, (size_t)(3 * paths) * sizeof *out);
}

START_TEST(drawn_areas_have_the_law)
{
	enum { MANY = 20000 };
	const struct sde s = {
		.n = 3, .noises = 2, .calculus = SDE_STRATONOVICH, .drift = no_drift, .diffusion = area_diffusion
	};
	static const double ends[2] = { 0, 2 };
	double *x = xcalloc(2 * 3 * MANY, sizeof *x), *y = x + 3 * MANY;

	for (int steps = 1; steps <= 4; steps *= 2)
		for (int heun = 0; heun < 2; heun++) {
			struct sde_noise noise = { .fresh = { .seed = 3, .purpose = "area" } };
			const struct sde_method *m = sde_method_find(heun ? "heun" : "log-ode");
			double sum = 0, wanted = heun ? 1 - 1. / steps : 1;

			memset(x, 0, 3 * MANY * sizeof *x);
			ck_assert_int_eq(sde_fixed(&s, m, &noise, MANY, 2, ends, steps, x, NULL, NULL, NULL), 0);
			for (int k = 0; k < MANY; k++)
				sum += x[3 * k + 2] * x[3 * k + 2] / MANY;
			ck_assert_msg(fabs(sum - wanted) < 0.05, "%s, %d steps: variance %g, not %g", m->name, steps,
				      sum, wanted);
			/* half of the paths alone are the same paths */
			memset(y, 0, 3 * MANY * sizeof *y);
			ck_assert_int_eq(sde_fixed(&s, m, &noise, MANY / 2, 2, ends, steps, y, NULL, NULL, NULL), 0);
			ck_assert_int_eq(memcmp(x, y, 3 * MANY / 2 * sizeof *x), 0);
		}
	free(x);
}
END_TEST

/* ---- reversal ------------------------------------------------------------------------------------ */

START_TEST(reversible_heun_returns)
{
	enum { STEPS = 800 };
	const struct sde_method *m = sde_method_find("reversible-heun");
	struct sde s = { .n = TWO, .calculus = SDE_STRATONOVICH, .drift = pair_drift, .diffusion = pair_diagonal };
	struct sde_stepper *p = sde_stepper_new(m, &s, 1, NULL);
	struct brownian *tree = tree_for(m, TWO, 1, 1e-4);
	double x[2] = { 1, 0.2 }, other[2], w[2];

	for (int k = 0; k < STEPS; k++) {
		brownian_increment(tree, k / (double)STEPS, (k + 1) / (double)STEPS, w, NULL, NULL);
		sde_step(p, k / (double)STEPS, 1. / STEPS, x, w, NULL, other, NULL);
		sde_accept(p);
		memcpy(x, other, sizeof x);
	}
	ck_assert_double_gt(fabs(x[0] - 1), 0.1);
	for (int k = STEPS - 1; k >= 0; k--) {
		brownian_increment(tree, k / (double)STEPS, (k + 1) / (double)STEPS, w, NULL, NULL);
		sde_reverse(p, k / (double)STEPS, 1. / STEPS, x, w, other);
		memcpy(x, other, sizeof x);
	}
	ck_assert_double_eq_tol(x[0], 1, 1e-12);
	ck_assert_double_eq_tol(x[1], 0.2, 1e-12);
	brownian_free(tree);
	sde_stepper_free(p);
}
END_TEST

/* Numbers of paths that memory does not hold, and products that no integer holds, are errors with these figures. */
START_TEST(too_many_paths)
{
	static const struct {
		int64_t paths;
		const char *text;
	} many[] = {
		{ 0, "0 paths" },
		{ INT64_MAX, "9223372036854775807 paths of an SDE with 16 components" },
		{ INT64_MAX / 16 + 1, "576460752303423488 paths" },
		{ (int64_t)1 << 42, "elements of 8 bytes" },
	};
	static const double ends[2] = { 0, 1 };
	const struct sde s = { .n = 16, .drift = pair_drift, .diffusion = pair_diagonal };

	for (size_t k = 0; k < sizeof many / sizeof *many; k++) {
		struct sde_noise noise = { .fresh = { .purpose = "many" } };
		struct err e = { 0 };
		double x = 0;

		ck_assert_int_eq(sde_fixed(&s, sde_method_find("euler-maruyama"), &noise, many[k].paths, 2, ends, 1, &x,
					   NULL, NULL, &e),
				 -1);
		ck_assert_msg(strstr(e.message, many[k].text) != NULL, "%s", e.message);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("noise of SDEs");
	TCase *t = tcase_create("noise");
	SRunner *r = srunner_create(s);
	int failed, n = 0;

	while (sde_method_names[n])
		n++;
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_diagonal_matrix_is_diagonal_noise, 0, n);
	tcase_add_test(t, areas_make_order_one);
	tcase_add_test(t, drawn_areas_have_the_law);
	tcase_add_test(t, reversible_heun_returns);
	tcase_add_test(t, too_many_paths);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
