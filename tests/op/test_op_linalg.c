/* test_op_linalg.c: solutions, factors and determinants put back into their equations; failures are NaN. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "evaluate.h"

static node transposed(struct graph *g, node a)
{
	return op_permute(g, a, (const int[]){ 0, 2, 1 });
}

static double distance(struct feed *f, node a, node b)
{
	struct tensor x = feed_run(f, a), y = feed_run(f, b);
	double d = tensor_distance(&x, &y);

	tensor_free(&x);
	tensor_free(&y);
	return d;
}

START_TEST(equations)
{
	for (int type = 0; type < 2; type++) {
		struct shape as = shape_of(3, 7, 7), bs = shape_of(3, 7, 4);
		struct feed f = feed_new(type ? DTYPE_F64 : DTYPE_F32);
		node a = feed_random(&f, "a", &as), b = feed_random(&f, "b", &bs);
		node spd = op_matmul(f.g, a, transposed(f.g, a)), l = op_cholesky(f.g, spd);
		double tolerance = type ? 1e-11 : 1e-3;

		ck_assert_double_lt(distance(&f, op_matmul(f.g, a, op_solve(f.g, a, b)), b), tolerance);
		ck_assert_double_lt(distance(&f, op_matmul(f.g, l, transposed(f.g, l)), spd), type ? 1e-14 : 1e-6);
		ck_assert_double_lt(distance(&f, op_matmul(f.g, l, op_solve_triangular(f.g, l, b, false)), b),
				    tolerance);
		ck_assert_double_lt(
			distance(&f, op_matmul(f.g, transposed(f.g, l), op_solve_triangular(f.g, l, b, true)), b),
			tolerance);
		/* only the lower triangle is read; det(a a^T) = det(a)^2 */
		ck_assert_double_lt(distance(&f, op_log_det(f.g, spd), op_scale(f.g, op_log_det(f.g, a), 2)),
				    tolerance);
		feed_free(&f);
	}
}
END_TEST

START_TEST(determinant)
{
	const double value[] = { 0, 2, 1, 3, 0, 0, 0, 0, -5 }; /* det 30: permuted triangle */
	struct shape s = shape_of(3, 3);
	struct tensor t = tensor_new(DTYPE_F64, &s);
	struct feed f = feed_new(DTYPE_F64);

	for (int i = 0; i < 9; i++)
		tensor_set(&t, i, value[i]);
	node a = feed_value(&f, "a", t);

	ck_assert_double_eq_tol(feed_number(&f, op_log_det(f.g, a)), log(30), 1e-15);
	feed_free(&f);
}
END_TEST

/* One bad matrix in a batch spoils its own results only. */
START_TEST(failures)
{
	struct shape as = shape_of(2, 2, 2), bs = shape_of(2, 2, 1);
	struct tensor t = tensor_new(DTYPE_F64, &as);
	struct feed f = feed_new(DTYPE_F64);
	const double value[] = { 1, 2, 2, 4, 2, 0, 0, 3 }; /* singular; diag(2, 3) */

	for (int i = 0; i < 8; i++)
		tensor_set(&t, i, value[i]);
	node a = feed_value(&f, "a", t), b = feed_random(&f, "b", &bs);
	const node made[] = { op_solve(f.g, a, b), op_log_det(f.g, a),
			      op_cholesky(f.g, op_shift(f.g, op_neg(f.g, a), 4)) };

	for (int k = 0; k < 3; k++) {
		struct tensor y = feed_run(&f, made[k]);
		int64_t half = shape_count(&y.shape) / 2;

		for (int64_t i = 0; i < half; i++) {
			/* shifted: ((3, 2), (2, 0)) is indefinite, ((2, 4), (4, 1)) too */
			ck_assert(isnan(tensor_get(&y, i)));
			ck_assert_int_eq(isnan(tensor_get(&y, half + i)) != 0, k == 2);
		}
		tensor_free(&y);
	}
	feed_free(&f);
}
END_TEST

/* Second derivatives in a use that mixes them: the log-likelihood of a Gaussian, against differences of the first. */
static node likelihood(struct graph *g, node root, node b)
{
	node a = op_matmul(g, root, transposed(g, root)), l = op_cholesky(g, a),
	     z = op_solve_triangular(g, l, b, false);

	return graph_add(g, op_sum_all(g, op_square(g, z)),
			 graph_add(g, op_sum_all(g, op_log_det(g, l)), op_sum_all(g, op_mul(g, b, op_solve(g, a, b)))));
}

START_TEST(second_derivative)
{
	struct shape as = shape_of(2, 4, 4), bs = shape_of(2, 4, 1);
	struct feed f = feed_new(DTYPE_F64);
	node a = feed_random(&f, "a", &as), b = feed_random(&f, "b", &bs), d = feed_random(&f, "d", &as), grad, along,
	     hessian;
	struct tensor copy = tensor_copy(&f.value[0]);
	double at[2], step = 1e-5;

	ck_assert_int_eq(graph_gradient(f.g, likelihood(f.g, a, b), 1, &a, &grad), 0);
	along = op_sum_all(f.g, op_mul(f.g, grad, d));
	ck_assert_int_eq(graph_jvp(f.g, 1, &a, &d, 1, &along, &hessian), 0);
	double exact = feed_number(&f, hessian);

	for (int side = 0; side < 2; side++) {
		for (int64_t i = 0; i < shape_count(&as); i++)
			tensor_set(&f.value[0], i,
				   tensor_get(&copy, i) + (side ? step : -step) * tensor_get(&f.value[2], i));
		at[side] = feed_number(&f, along);
	}
	double difference = (at[1] - at[0]) / (2 * step);

	ck_assert_double_eq_tol(exact, difference, 1e-4 * fabs(exact));
	tensor_free(&copy);
	feed_free(&f);
}
END_TEST

START_TEST(errors)
{
	struct shape as = shape_of(2, 3, 4), sq = shape_of(2, 3, 3), bs = shape_of(1, 3, 1);
	struct feed f = feed_new(DTYPE_F64);

	ck_assert(!node_is(op_cholesky(f.g, feed_random(&f, "a", &as))));
	ck_assert_str_eq(graph_error(f.g)->message,
			 "cholesky: Cholesky factor of square matrices, not of float64 (2, 3, 4)");
	feed_free(&f);
	f = feed_new(DTYPE_F64);
	node a = feed_random(&f, "a", &sq);
	ck_assert(!node_is(op_solve(f.g, a, feed_random(&f, "b", &bs))));
	ck_assert_str_eq(graph_error(f.g)->message,
			 "solve: linear system of matrices float64 (2, 3, 3) and right-hand sides float64 (1, 3, 1)");
	feed_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("linalg");
	TCase *c = tcase_create("linalg");

	tcase_add_test(c, equations);
	tcase_add_test(c, determinant);
	tcase_add_test(c, failures);
	tcase_add_test(c, second_derivative);
	tcase_add_test(c, errors);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
