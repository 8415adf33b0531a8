/* test_tableaus.c: Butcher tableaus against the order conditions of all rooted trees, and observed orders of fixed and adaptive
 * steps against closed forms. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "integ/integ.h"

/* Rooted trees of order 1 to 5 (1, 1, 2, 4, 9 of them): a vertex is a pair of brackets around its children. */
static const char *const trees[] = {
	"[]",	      "[[]]",	    "[[][]]",	  "[[[]]]",	"[[][][]]",   "[[][[]]]",
	"[[[][]]]",   "[[[[]]]]",   "[[][][][]]", "[[][][[]]]", "[[][[][]]]", "[[][[[]]]]",
	"[[[]][[]]]", "[[[][][]]]", "[[[][[]]]]", "[[[[][]]]]", "[[[[[]]]]]",
};
enum { N_TREES = sizeof trees / sizeof trees[0], STAGES = 16 };

/* Reads one tree at *text: its order and density gamma, and weight[i] = product over children of sum_j a_ij weight_j. */
static void read_tree(const struct tableau *m, const char **text, double *weight, int *order, double *gamma)
{
	*order = 1;
	*gamma = 1;
	for (int i = 0; i < m->stages; i++)
		weight[i] = 1;
	for ((*text)++; **text == '[';) {
		double child[STAGES], child_gamma;
		int child_order;

		read_tree(m, text, child, &child_order, &child_gamma);
		*order += child_order;
		*gamma *= child_gamma;
		for (int i = 0; i < m->stages; i++) {
			double sum = 0;

			for (int j = 0; j < m->stages; j++)
				sum += m->a[i * m->stages + j] * child[j];
			weight[i] *= sum;
		}
	}
	(*text)++;
	*gamma *= *order;
}

/* Highest order up to 5 whose conditions all hold. */
static int order_of(const struct tableau *m, const double *b)
{
	int first_failure = 6;

	for (int k = 0; k < N_TREES; k++) {
		const char *text = trees[k];
		double weight[STAGES], gamma, sum = 0;
		int order;

		read_tree(m, &text, weight, &order, &gamma);
		ck_assert_int_eq(*text, 0);
		for (int i = 0; i < m->stages; i++)
			sum += b[i] * weight[i];
		if (fabs(sum - 1 / gamma) > 1e-13 && order < first_failure)
			first_failure = order;
	}
	return first_failure - 1;
}

START_TEST(order_conditions)
{
	for (int k = 0; tableaus[k]; k++) {
		const struct tableau *m = tableaus[k];
		double other[STAGES];

		ck_assert_ptr_eq(tableau_find(m->name), m);
		ck_assert_int_eq(order_of(m, m->b), m->order);
		for (int i = 0; i < m->stages; i++) {
			double sum = 0;

			for (int j = 0; j < m->stages; j++) {
				sum += m->a[i * m->stages + j];
				ck_assert(j < i || m->a[i * m->stages + j] == 0);
			}
			ck_assert_double_eq_tol(sum, m->c[i], 1e-14);
		}
		if (m->first_same_as_last)
			for (int j = 0; j < m->stages; j++)
				ck_assert_double_eq(m->a[(m->stages - 1) * m->stages + j], m->b[j]);
		if (m->error_order > 0) {
			for (int j = 0; j < m->stages; j++)
				other[j] = m->b[j] - m->b_error[j];
			ck_assert_int_eq(order_of(m, other), m->error_order);
		}
	}
	ck_assert_ptr_null(tableau_find("no such method"));
}
END_TEST

/* y' = (y2 + cos t y1, -y1 + cos t y2): a rotation by -t scaled by exp(sin t). */
static int swirl(void *context, double t, const double *y, double *dydt)
{
	int *calls = context;

	if (calls)
		++*calls;
	dydt[0] = y[1] + cos(t) * y[0];
	dydt[1] = -y[0] + cos(t) * y[1];
	return 0;
}

static double swirl_error(const double *y, double t)
{
	return hypot(y[0] - exp(sin(t)) * cos(t), y[1] + exp(sin(t)) * sin(t));
}

static double fixed_error(const struct tableau *m, int64_t n)
{
	double y[2] = { 1, 0 };

	ck_assert_int_eq(integ_fixed(m, swirl, NULL, 2, 0, 3, n, y, NULL), 0);
	return swirl_error(y, 3);
}

START_TEST(observed_orders)
{
	for (int k = 0; tableaus[k]; k++) {
		int64_t n = tableaus[k]->order < 3 ? 400 : 60;
		double order = log2(fixed_error(tableaus[k], n) / fixed_error(tableaus[k], 2 * n));

		ck_assert_msg(fabs(order - tableaus[k]->order) < 0.3, "%s: observed order %g", tableaus[k]->name,
			      order);
	}
}
END_TEST

START_TEST(adaptive_meets_tolerance)
{
	static const double t_out[] = { 0, 0.1, 0.5, 0.50001, 3, 10 };
	static const char *const names[] = { "heun", "bogacki_shampine", "dopri5", "tsit5" };

	for (int k = 0; k < 4; k++)
		for (double tol = 1e-4; tol > 1e-11; tol *= 1e-3) {
			const struct integ_tolerance t = { .rtol = tol, .atol = tol };
			const double y0[2] = { 1, 0 };
			struct integ_counts counts;
			double out[12];
			int calls = 0;

			if (k == 0 && tol < 1e-8)
				continue; /* order 1 error control takes too many steps */
			ck_assert_int_eq(integ_adaptive(tableau_find(names[k]), swirl, &calls, 2, y0, 6, t_out, &t, out,
							&counts, NULL),
					 0);
			ck_assert_int_eq(counts.evaluations, calls);
			ck_assert_int_ge(counts.accepted, 5);
			for (int i = 0; i < 6; i++)
				ck_assert_msg(swirl_error(out + 2 * i, t_out[i]) <= 60 * tol, "%s at %g: %g", names[k],
					      tol, swirl_error(out + 2 * i, t_out[i]));
			/* Not wastefully accurate either. */
			ck_assert_msg(swirl_error(out + 10, 10) >= 1e-3 * tol || tol < 1e-9, "%s at %g: %g", names[k],
				      tol, swirl_error(out + 10, 10));
		}
}
END_TEST

/* A first step that is too long, by much or by little, must be rejected. */
START_TEST(adaptive_rejects)
{
	static const double first[] = { 4, 1, 0.4, 0.3, 0.25 };

	for (int k = 0; k < 5; k++) {
		const struct integ_tolerance t = { .rtol = 1e-8, .atol = 1e-8, .first_step = first[k] };
		const double t_out[2] = { 0, 5 }, y0[2] = { 1, 0 };
		struct integ_counts counts;
		double out[4];

		ck_assert_int_eq(
			integ_adaptive(tableau_find("dopri5"), swirl, NULL, 2, y0, 2, t_out, &t, out, &counts, NULL),
			0);
		ck_assert_msg(counts.rejected > 0, "first step %g accepted", first[k]);
		ck_assert_double_lt(swirl_error(out + 2, 5), 1e-6);
	}
}
END_TEST

/* y' = y^2 blows up at t = 1. */
static int blow_up(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	(void)t;
	dydt[0] = y[0] * y[0];
	return 0;
}

static int broken(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	(void)y;
	dydt[0] = 1;
	return t > 0.5 ? -1 : 0;
}

START_TEST(failures_are_told)
{
	const struct integ_tolerance tol = { .rtol = 1e-6, .atol = 1e-6 };
	const double t_out[2] = { 0, 2 }, y0 = 1;
	double y = 1, out[2];
	struct err e = { 0 };

	ck_assert_int_eq(integ_adaptive(tableau_find("dopri5"), blow_up, NULL, 1, &y0, 2, t_out, &tol, out, NULL, &e),
			 -1);
	ck_assert_int_eq(e.code, ERR_FAIL);
	ck_assert_ptr_nonnull(strstr(e.message, "t = 1"));
	ck_assert_int_eq(integ_fixed(tableau_find("rk4"), blow_up, NULL, 1, 0, 4, 40, &y, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "not finite at t ="));
	y = 0;
	ck_assert_int_eq(integ_fixed(tableau_find("rk4"), broken, NULL, 1, 0, 1, 10, &y, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "right-hand side failed"));
	ck_assert_int_eq(integ_adaptive(tableau_find("rk4"), blow_up, NULL, 1, &y0, 2, t_out, &tol, out, NULL, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tableaus");
	TCase *t = tcase_create("Runge-Kutta");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, order_conditions);
	tcase_add_test(t, observed_orders);
	tcase_add_test(t, adaptive_meets_tolerance);
	tcase_add_test(t, adaptive_rejects);
	tcase_add_test(t, failures_are_told);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
