/* test_tableaus.c: Butcher tableaus against the order conditions of all rooted trees, and observed orders of fixed and
 * adaptive steps against closed forms. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "integ/integ.h"

/* Rooted trees of order 1 to 8 (1, 1, 2, 4, 9, 20, 48, 115 of them): a root with children, which are trees listed
 * before, in an order that never rises. weight_i of a tree is the product over its children of sum_j a_ij weight_j. */
enum { ORDER_MAX = 8, N_TREES = 200, STAGES = TABLEAU_STAGES_MAX };
static struct tree {
	int order, n_children, child[ORDER_MAX];
	double gamma; /* density: order times the children's densities */
} trees[N_TREES];
static int n_trees;

/* Append the trees that put `left` more vertices under the root t, none of its further children listed after `most`. */
static void grow(struct tree t, int left, int most)
{
	if (left == 0) {
		ck_assert_int_lt(n_trees, N_TREES);
		trees[n_trees++] = t;
		return;
	}
	for (int k = 0; k <= most; k++) {
		struct tree with = t;

		if (trees[k].order > left)
			continue;
		with.child[with.n_children++] = k;
		with.gamma *= trees[k].gamma;
		grow(with, left - trees[k].order, k);
	}
}

static void list_trees(void)
{
	for (int order = 1; order <= ORDER_MAX; order++)
		grow((struct tree){ .order = order, .gamma = order }, order - 1, n_trees - 1);
	ck_assert_int_eq(n_trees, N_TREES);
}

/* Highest order up to 8 whose conditions all hold. */
static int order_of(const struct tableau *m, const double *b, double tolerance)
{
	static double weight[N_TREES][STAGES];
	int first_failure = ORDER_MAX + 1;

	for (int k = 0; k < N_TREES; k++) {
		double sum = 0;

		for (int i = 0; i < m->stages; i++) {
			weight[k][i] = 1;
			for (int c = 0; c < trees[k].n_children; c++) {
				double inner = 0;

				for (int j = 0; j < m->stages; j++)
					inner += m->a[i * m->stages + j] * weight[trees[k].child[c]][j];
				weight[k][i] *= inner;
			}
			sum += b[i] * weight[k][i];
		}
		if (fabs(sum - 1 / trees[k].gamma) > tolerance && trees[k].order < first_failure)
			first_failure = trees[k].order;
	}
	return first_failure - 1;
}

START_TEST(order_conditions)
{
	list_trees();
	for (int k = 0; tableau_at(k); k++) {
		const struct tableau *m = tableau_at(k);
		double other[STAGES];

		ck_assert_ptr_eq(tableau_find(m->name), m);
		ck_assert_msg(order_of(m, m->b, 1e-13) == m->order, "%s: order %d", m->name, order_of(m, m->b, 1e-13));
		for (int i = 0; i < m->stages; i++) {
			double sum = 0;

			for (int j = 0; j < m->stages; j++) {
				bool may = m->kind == TABLEAU_FULL || j < i || (m->kind == TABLEAU_DIAGONAL && j == i);

				sum += m->a[i * m->stages + j];
				ck_assert(may || m->a[i * m->stages + j] == 0);
			}
			ck_assert_double_eq_tol(sum, m->c[i], 1e-14);
		}
		if (m->first_same_as_last)
			for (int j = 0; j < m->stages; j++)
				ck_assert_double_eq(m->a[(m->stages - 1) * m->stages + j], m->b[j]);
		if (m->error_order > 0) {
			int lower;

			for (int j = 0; j < m->stages; j++)
				other[j] = m->b[j] - m->b_error[j];
			lower = order_of(m, other, 1e-13);
			ck_assert_msg((lower < m->order ? lower : m->order) == m->error_order, "%s: embedded order %d",
				      m->name, lower);
			ck_assert_int_ne(lower, m->order);
		}
	}
	ck_assert_ptr_null(tableau_find("no such method"));
}
END_TEST

/* Between the ends: the weights satisfy sum_j w_j(theta) c_j^(q-1) = theta^q / q for q up to the polynomial's order. */
START_TEST(dense_weights)
{
	for (int k = 0; tableau_at(k); k++) {
		const struct tableau *m = tableau_at(k);
		double w[STAGES];
		int order = m->dense		      ? (m->order == 8 ? 5 : 4)
			    : m->kind == TABLEAU_FULL ? m->stages
			    : m->first_same_as_last   ? (m->order < 3 ? m->order : 3)
						      : (m->a[0] == 0 && m->order > 1 ? 2 : 1);

		tableau_dense(m, 1, w);
		for (int j = 0; j < m->stages; j++)
			ck_assert_double_eq_tol(w[j], m->b[j], 1e-12);
		for (double theta = 0; theta < 1; theta += 0.3) {
			tableau_dense(m, theta, w);
			for (int q = 1; q <= order; q++) {
				double sum = 0;

				for (int j = 0; j < m->stages; j++)
					sum += w[j] * pow(m->c[j], q - 1);
				ck_assert_msg(fabs(sum - pow(theta, q) / q) < 1e-12, "%s: theta %g, order %d: %g",
					      m->name, theta, q, sum - pow(theta, q) / q);
			}
		}
	}
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
	for (int k = 0; tableau_at(k); k++) {
		int64_t n = tableau_at(k)->order < 3 ? 400 : 60;

		if (tableau_at(k)->kind != TABLEAU_EXPLICIT || tableau_at(k)->order > 6) /* test_ode.c */
			continue;

		double order = log2(fixed_error(tableau_at(k), n) / fixed_error(tableau_at(k), 2 * n));

		ck_assert_msg(fabs(order - tableau_at(k)->order) < 0.3, "%s: observed order %g", tableau_at(k)->name,
			      order);
	}
}
END_TEST

START_TEST(adaptive_meets_tolerance)
{
	static const double t_out[] = { 0, 0.1, 0.5, 0.50001, 3, 10 };
	static const char *const names[] = { "heun", "bosh3", "dopri5", "tsit5" };

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
	tcase_add_test(t, dense_weights);
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
