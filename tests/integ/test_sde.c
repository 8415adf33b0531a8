/* test_sde.c: every method of the table: its strong order against exact paths driven by the same Brownian motion,
 * its weak order, adaptive steps, refusals. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/sde.h"
#include "sde_tree.h"

/* ---- equations ----------------------------------------------------------------------------------- */

/* dX = 0.5 X dt + 0.8 X o dW: X = exp(0.5 t + 0.8 w). */
static void gbm_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	for (int64_t i = 0; i < paths; i++)
		out[i] = 0.5 * x[i];
}
static void gbm_diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	for (int64_t i = 0; i < paths; i++)
		out[i] = 0.8 * x[i];
}
static void gbm_slope(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	(void)x;
	for (int64_t i = 0; i < paths; i++)
		out[i] = 0.8;
}
static void gbm_flow(void *context, int64_t paths, double h, const double *x, double *out)
{
	(void)context;
	for (int64_t i = 0; i < paths; i++)
		out[i] = x[i] * exp(0.5 * h);
}
static void gbm_kick(void *context, int64_t paths, const double *w, const double *x, double *out)
{
	(void)context;
	for (int64_t i = 0; i < paths; i++)
		out[i] = x[i] * exp(0.8 * w[i]);
}
static const struct sde gbm = { .n = 1,
				.calculus = SDE_STRATONOVICH,
				.drift = gbm_drift,
				.diffusion = gbm_diffusion,
				.slope = gbm_slope,
				.drift_flow = gbm_flow,
				.diffusion_flow = gbm_kick };

/* dX = (X - X^3) dt + 0.7 dW; with a context the noise grows as 0.7 (1 + t). */
static void well_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	for (int64_t i = 0; i < paths; i++)
		out[i] = x[i] - x[i] * x[i] * x[i];
}
static void well_diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)x;
	for (int64_t i = 0; i < paths; i++)
		out[i] = context ? 0.7 * (1 + t) : 0.7;
}
static void no_slope(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	(void)x;
	memset(out, 0, (size_t)paths * sizeof *out);
}
static void well_flow(void *context, int64_t paths, double h, const double *x, double *out)
{
	(void)context;
	for (int64_t i = 0; i < paths; i++)
		out[i] = x[i] * exp(h) / sqrt(1 + x[i] * x[i] * expm1(2 * h));
}
static void well_kick(void *context, int64_t paths, const double *w, const double *x, double *out)
{
	(void)context;
	for (int64_t i = 0; i < paths; i++)
		out[i] = x[i] + 0.7 * w[i];
}
static struct sde well(bool growing)
{
	static char yes;

	return (struct sde){ .n = 1,
			     .additive = true,
			     .drift = well_drift,
			     .diffusion = well_diffusion,
			     .slope = no_slope,
			     .drift_flow = growing ? NULL : well_flow, /* flows know no time */
			     .diffusion_flow = growing ? NULL : well_kick,
			     .context = growing ? &yes : NULL };
}

/* ---- strong orders ------------------------------------------------------------------------------- */

/* The experiment sde-orders has the fits with more paths and steps. */
enum { PATHS = 500, FINEST = 1024 };

static void end_states(const struct sde *s, const struct sde_method *m, struct brownian *tree, int64_t steps, double x0,
		       double *x)
{
	static const double ends[2] = { 0, 1 };
	struct sde_noise noise = { .tree = tree };

	for (int i = 0; i < PATHS; i++)
		x[i] = x0;
	ck_assert_int_eq(sde_fixed(s, m, &noise, PATHS, 2, ends, steps, x, NULL, NULL, NULL), 0);
}

static double rms_difference(const double *a, const double *b)
{
	double sum = 0;

	for (int i = 0; i < PATHS; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sqrt(sum / PATHS);
}

/* Least-squares slope of log2 error over log2 step, steps 2^low .. 2^high. */
static double fitted_order(const struct sde *s, const struct sde_method *m, struct brownian *tree, double x0,
			   const double *exact, int low, int high)
{
	double *x = xmalloc(PATHS * sizeof *x), sxy = 0, sxx = 0;
	const double centre = 0.5 * (low + high);

	for (int l = low; l <= high; l++) {
		end_states(s, m, tree, (int64_t)1 << l, x0, x);
		sxy += (l - centre) * -log2(rms_difference(x, exact));
		sxx += (l - centre) * (l - centre);
	}
	free(x);
	return sxy / sxx;
}

START_TEST(order_with_multiplicative_noise)
{
	const struct sde_method *m = &sde_methods[_i];
	struct brownian *tree;
	double *exact, order, wanted = m->order;

	if (m->additive_only)
		return;
	tree = tree_for(m, 1, PATHS, 1. / 256);
	exact = xmalloc(2 * PATHS * sizeof *exact);
	brownian_increment(tree, 0, 1, exact, m->noise > BROWNIAN_W ? exact + PATHS : NULL, NULL);
	for (int i = 0; i < PATHS; i++)
		exact[i] = exp(0.5 + 0.8 * exact[i]);
	if (m->needs_flows) { /* drift and noise commute: exact */
		double *x = xmalloc(PATHS * sizeof *x);

		end_states(&gbm, m, tree, 8, 1, x);
		ck_assert_double_lt(rms_difference(x, exact), 1e-13);
		free(x);
		free(exact);
		brownian_free(tree);
		return;
	}
	order = fitted_order(&gbm, m, tree, 1, exact, 3, 8);
	/* General (not commutative) noise leaves reversible-heun 1/2; one noise gives 1. */
	if (strcmp(m->name, "reversible-heun") == 0)
		wanted = 1;
	ck_assert_msg(fabs(order - wanted) < 0.15, "%s: strong order %g, not %g", m->name, order, wanted);
	free(exact);
	brownian_free(tree);
}
END_TEST

static void check_additive(const struct sde_method *m, bool growing)
{
	const struct sde s = well(growing);
	struct brownian *tree = tree_for(m, 1, PATHS, 1. / FINEST);
	const struct sde_method *best = m->noise > BROWNIAN_W ? sde_method_find("sra1") : m;
	double *exact = xmalloc(PATHS * sizeof *exact), order;

	end_states(&s, best, tree, FINEST, 0.5, exact);
	order = fitted_order(&s, m, tree, 0.5, exact, 3, 6);
	ck_assert_msg(order > m->order_additive - 0.15 && order < m->order_additive + 0.5,
		      "%s: strong order %g with additive noise, not %g", m->name, order, m->order_additive);
	free(exact);
	brownian_free(tree);
}

START_TEST(order_with_additive_noise)
{
	check_additive(&sde_methods[_i], false);
}
END_TEST

START_TEST(order_with_growing_noise)
{
	const struct sde growing = well(true);

	if (sde_methods[_i].needs_flows)
		ck_assert_int_eq(sde_method_check(&sde_methods[_i], &growing, false, NULL), -1);
	else
		check_additive(&sde_methods[_i], true);
}
END_TEST

/* ---- weak orders --------------------------------------------------------------------------------- */

/* Roots of Hermite's polynomials of weight exp(-x^2/2), and weights that sum to 1: exact for polynomials of degree
 * 19. */
enum { NODES = 10 };
static const double node[NODES / 2] = { 0.48493570751549764, 1.4659890943911582, 2.4843258416389546, 3.5818234835519268,
					4.8594628283323119 };
static const double weight[NODES / 2] = { 0.34464233493201904, 0.13548370298026777, 0.019111580500770282,
					  7.5807093431221767e-4, 4.3106526307182869e-6 };

static double at_node(int i)
{
	return i < NODES / 2 ? -node[i] : node[i - NODES / 2];
}

/* E X1 and E X1^2 of a step from x without sampling errors: a step of a linear equation is a polynomial in W and H, or
 * nearly (splitting). */
static void step_moments(const struct sde *s, const struct sde_method *m, double h, double x, double *mean,
			 double *square)
{
	enum { POINTS = NODES * NODES };
	double start[POINTS], end[POINTS], W[POINTS], H[POINTS], of[POINTS];
	struct sde_stepper *p = sde_stepper_new(m, s, POINTS, NULL);

	ck_assert_ptr_nonnull(p);
	for (int i = 0; i < POINTS; i++) {
		start[i] = x;
		W[i] = sqrt(h) * at_node(i / NODES);
		H[i] = sqrt(h / 12) * at_node(i % NODES);
		of[i] = weight[i / NODES % (NODES / 2)] * weight[i % NODES % (NODES / 2)];
	}
	sde_step(p, 0, h, start, W, m->noise > BROWNIAN_W ? H : NULL, end, NULL);
	*mean = *square = 0;
	for (int i = 0; i < POINTS; i++) {
		*mean += of[i] * end[i];
		*square += of[i] * end[i] * end[i];
	}
	sde_stepper_free(p);
}

static void linear_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	(void)context;
	(void)t;
	for (int64_t i = 0; i < paths; i++)
		out[i] = -1.5 * x[i];
}
static void linear_flow(void *context, int64_t paths, double h, const double *x, double *out)
{
	(void)context;
	for (int64_t i = 0; i < paths; i++)
		out[i] = x[i] * exp(-1.5 * h);
}

/* Errors of mean and mean square at t = 1 of dX = 0.5 X dt + 0.8 X o dW or dX = -1.5 X dt + 0.7 dW from X = 1. */
static void weak_errors(const struct sde_method *m, bool additive, int steps, double error[2])
{
	struct sde s = additive ? well(false) : gbm;
	double mean, square, from_zero, variance, M = 1, S = 1;

	s.drift = additive ? linear_drift : s.drift;
	s.drift_flow = additive ? linear_flow : s.drift_flow;
	step_moments(&s, m, 1. / steps, 1, &mean, &square);
	step_moments(&s, m, 1. / steps, 0, &from_zero, &variance);
	ck_assert_double_eq_tol(from_zero, 0, 1e-15);
	for (int k = 0; k < steps; k++) {
		S = additive ? mean * mean * S + variance : square * S;
		M *= mean;
	}
	error[0] = fabs(M - exp(additive ? -1.5 : 0.5 + 0.32));
	error[1] = fabs(S - (additive ? exp(-3.) + 0.49 * -expm1(-3.) / 3 : exp(1 + 4 * 0.32)));
}

/* Milstein's theorem: the mean of a local error is half an order smaller than the error itself. Odd half powers of h
 * vanish where a step is a function of h, W and H that does not change with the signs of W, H and the diffusion;
 * Roessler's stages (srk) have the root of h besides. */
START_TEST(weak_order)
{
	const struct sde_method *m = &sde_methods[_i];

	if (strcmp(m->name, "reversible-heun") == 0) /* its step is no function of x alone */
		return;
	for (int additive = m->additive_only; additive < 2; additive++) {
		const bool roots = strcmp(m->name, "srk") == 0 && !additive;
		const double wanted = roots ? m->order : ceil(additive ? m->order_additive : m->order);
		double coarse[2], fine[2];

		weak_errors(m, additive, 64, coarse);
		weak_errors(m, additive, 128, fine);
		for (int k = 0; k < 2; k++)
			ck_assert_msg(fine[k] < 1e-11 || log2(coarse[k] / fine[k]) > wanted - 0.1,
				      "%s: weak order %g of moment %d with %s noise, not %g", m->name,
				      log2(coarse[k] / fine[k]), k + 1, additive ? "additive" : "multiplicative",
				      wanted);
	}
}
END_TEST

/* ---- blocks of paths ----------------------------------------------------------------------------- */

START_TEST(paths_do_not_see_each_other)
{
	enum { BLOCK = 70, STEPS = 100 };
	const struct sde_method *m = &sde_methods[_i];
	const struct sde s = m->additive_only ? well(true) : m->needs_flows ? well(false) : gbm;
	static const double times[3] = { 0, 0.3, 1 };
	static double x[BLOCK], out[3 * BLOCK];
	double y = 1, one[3];
	struct sde_noise noise = { .fresh = { .seed = 3, .purpose = "test" } };

	for (int i = 0; i < BLOCK; i++)
		x[i] = 1;
	ck_assert_int_eq(sde_fixed(&s, m, &noise, BLOCK, 3, times, STEPS, x, out, NULL, NULL), 0);
	noise.fresh.first_sample = 5;
	ck_assert_int_eq(sde_fixed(&s, m, &noise, 1, 3, times, STEPS, &y, one, NULL, NULL), 0);
	ck_assert_double_eq(y, x[5]);
	ck_assert_double_eq(one[2], y);
	ck_assert_double_eq(one[1], out[BLOCK + 5]);
	ck_assert_double_eq(one[0], 1);
}
END_TEST

/* ---- adaptive steps ------------------------------------------------------------------------------ */

START_TEST(tolerance_rules_the_error)
{
	const struct sde_method *m = &sde_methods[_i];
	const struct sde s = m->additive_only ? well(false) : gbm;
	static const double times[3] = { 0, 0.37, 1 };
	double mean[2] = { 0 };
	struct sde_counts counts[2] = { { 0 } };
	struct err e = { 0 };

	for (int i = 0; i < 40; i++) {
		const struct brownian_spec spec = { .seed = 2,
						    .purpose = "adaptive",
						    .first_sample = i,
						    .n_samples = 1,
						    .channels = 1,
						    .t1 = 1,
						    .tolerance = 0x1p-20,
						    .kind = m->noise };
		struct brownian *tree = brownian_new(&spec, &e);
		double exact = 0.5, w, h;

		brownian_increment(tree, 0, 1, &w, m->noise > BROWNIAN_W ? &h : NULL, NULL);
		if (m->additive_only) {
			struct sde_noise noise = { .tree = tree };

			ck_assert_int_eq(sde_fixed(&s, m, &noise, 1, 3, times, 500, &exact, NULL, NULL, NULL), 0);
		} else {
			exact = exp(0.5 + 0.8 * w);
		}
		for (int k = 0; k < 2; k++) {
			struct controller_config c = { .rtol = k ? 1e-3 : 3e-2,
						       .atol = k ? 1e-3 : 3e-2,
						       .p = 0.1,
						       .i = 0.3,
						       .dt_min = 0x1p-18,
						       .max_steps = 100000 };
			double x = m->additive_only ? 0.5 : 1;

			if (!m->has_error) {
				ck_assert_int_eq(sde_adaptive(&s, m, tree, 1, 3, times, &c, &x, NULL, NULL, &e), -1);
				ck_assert_int_eq(e.code, ERR_USAGE);
				continue;
			}
			ck_assert_msg(sde_adaptive(&s, m, tree, 1, 3, times, &c, &x, NULL, &counts[k], &e) == 0, "%s",
				      e.message);
			mean[k] += fabs(x - exact) / 40;
		}
		brownian_free(tree);
	}
	if (!m->has_error)
		return;
	ck_assert_msg(mean[1] < mean[0] / 3 && mean[1] < 3e-2, "%s: errors %g and %g", m->name, mean[0], mean[1]);
	ck_assert_int_gt(counts[1].accepted, 2 * counts[0].accepted);
	ck_assert_int_gt(counts[1].rejected, 0);
}
END_TEST

START_TEST(refusals)
{
	const struct sde_method *m = sde_method_find("milstein");
	struct sde s = gbm;
	struct err e = { 0 };

	ck_assert_ptr_null(sde_method_find("magic"));
	s.slope = NULL;
	ck_assert_int_eq(sde_method_check(m, &s, false, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_int_eq(sde_method_check(sde_method_find("srk"), &s, false, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "Ito"));
	ck_assert_int_eq(sde_method_check(sde_method_find("shark"), &s, false, &e), -1);
	ck_assert_int_eq(sde_method_check(sde_method_find("heun"), &s, false, &e), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sde");
	TCase *t = tcase_create("methods");
	SRunner *r = srunner_create(s);
	int failed, n = 0;

	while (sde_method_names[n])
		n++;
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, order_with_multiplicative_noise, 0, n);
	tcase_add_loop_test(t, order_with_additive_noise, 0, n);
	tcase_add_loop_test(t, order_with_growing_noise, 0, n);
	tcase_add_loop_test(t, weak_order, 0, n);
	tcase_add_loop_test(t, paths_do_not_see_each_other, 0, n);
	tcase_add_loop_test(t, tolerance_rules_the_error, 0, n);
	tcase_add_test(t, refusals);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
