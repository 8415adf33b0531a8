/* test_graph.c: building, interning, errors, derivatives of any order and simplification. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "graph/plan.h"
#include "ops.h"

static double value_of(struct graph *g, node x, double at, node out)
{
	struct shape s = shape_scalar();
	struct tensor in = tensor_view(DTYPE_F64, &s, &at), value;
	struct err e = { 0 };
	double result;

	ck_assert_msg(plan_eval(g, 1, &x, &in, 1, &out, &value, &e) == 0, "%s", e.message);
	result = tensor_get(&value, 0);
	tensor_free(&value);
	return result;
}

START_TEST(interning)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_of(3), one = shape_scalar();
	node x = graph_input(g, "x", DTYPE_F64, &s), y = graph_input(g, "x", DTYPE_F64, &s);
	double data[3] = { 1, 2, 3 };
	struct tensor t = tensor_view(DTYPE_F64, &s, data);
	int before;

	ck_assert(!node_same(x, y));
	ck_assert(node_same(t_mul(g, x, y), t_mul(g, x, y)));
	ck_assert(!node_same(t_mul(g, x, y), t_mul(g, y, x)));
	ck_assert(node_same(graph_add(g, x, y), graph_add(g, y, x)));
	ck_assert(node_same(t_scale(g, x, 2), t_scale(g, x, 2)));
	ck_assert(!node_same(t_scale(g, x, 2), t_scale(g, x, 3)));
	ck_assert(node_same(graph_constant(g, &t), graph_constant(g, &t)));
	ck_assert(node_same(graph_scalar(g, 4), graph_full(g, DTYPE_F64, &one, 4)));
	before = graph_size(g);
	data[1] = 7;
	ck_assert_int_eq(graph_constant(g, &t).id, before);
	for (int i = 0; i < 5000; i++) /* through several sizes of the table */
		x = t_scale(g, x, i);
	ck_assert_int_eq(graph_size(g), before + 5001);
	ck_assert_ptr_null(graph_error(g));
	graph_free(g);
}
END_TEST

START_TEST(errors_stick)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape a = shape_of(2, 3), b = shape_of(4), empty = shape_of(2, 0);
	node x = graph_input(g, "x", DTYPE_F64, &a), y = graph_input(g, "y", DTYPE_F64, &b), grad;
	struct err e = { 0 };

	ck_assert(!node_is(graph_add(g, x, y)));
	ck_assert_str_eq(graph_error(g)->message, "add: shapes (2, 3) and (4) do not broadcast");
	ck_assert(!node_is(t_exp(g, x)));
	ck_assert(!node_is(graph_input(g, "z", DTYPE_F64, &a)));
	ck_assert(!node_is(graph_fail(g, "second %d", 2)));
	ck_assert_str_eq(graph_error(g)->message, "add: shapes (2, 3) and (4) do not broadcast");
	ck_assert_int_eq(graph_vjp(g, 1, &x, &x, 1, &x, &grad), -1);
	ck_assert(!node_is(grad));
	ck_assert_ptr_null(plan_new(g, 1, &x, &e));
	ck_assert_str_eq(e.message, "add: shapes (2, 3) and (4) do not broadcast");
	graph_free(g);

	g = graph_new(DTYPE_F32);
	ck_assert(!node_is(t_exp(g, NODE_NONE)));
	ck_assert_str_eq(graph_error(g)->message, "exp: argument 0 is missing");
	graph_free(g);

	g = graph_new(DTYPE_F32);
	ck_assert(!node_is(graph_input(g, "field", DTYPE_F32, &empty)));
	ck_assert_str_eq(graph_error(g)->message, "field: shape (2, 0) has an empty axis");
	graph_free(g);

	g = graph_new(DTYPE_F32);
	x = graph_input(g, "x", DTYPE_F32, &a);
	ck_assert_int_eq(graph_gradient(g, x, 1, &x, &grad), -1);
	ck_assert_str_eq(graph_error(g)->message, "gradient: of a scalar, not of shape (2, 3)");
	graph_free(g);
}
END_TEST

START_TEST(unbound_input_is_named)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_of(3);
	node x = graph_input(g, "pressure", DTYPE_F64, &s), y = t_exp(g, x);
	struct err e = { 0 };
	struct plan *p = plan_new(g, 1, &y, &e);

	ck_assert_int_eq(plan_run(p, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "pressure"));
	plan_free(p);
	graph_free(g);
}
END_TEST

/* Orders 0 to 4 of f(x) = exp(sin x) against the closed forms, through every word of vjp and jvp. */
START_TEST(fourth_order)
{
	for (int word = 0; word < 16; word++) {
		struct graph *g = graph_new(DTYPE_F64);
		struct shape s = shape_scalar();
		node x = graph_input(g, "x", DTYPE_F64, &s), f = t_exp(g, t_sin(g, x)), one = graph_scalar(g, 1);
		double at = 0.7, c = cos(at), si = sin(at), e = exp(si);
		double expected[5] = { e, e * c, e * (c * c - si), e * (c * c * c - 3 * si * c - c),
				       e * (c * c * c * c - 6 * si * c * c + 3 * si * si - 4 * c * c + si) };

		for (int order = 0; order <= 4; order++) {
			node next;

			ck_assert_double_eq_tol(value_of(g, x, at, f), expected[order],
						1e-13 * (1 + fabs(expected[order])));
			if (word >> order & 1)
				graph_jvp(g, 1, &x, &one, 1, &f, &next);
			else
				graph_vjp(g, 1, &f, &one, 1, &x, &next);
			f = next;
			ck_assert(node_is(f));
		}
		graph_free(g);
	}
}
END_TEST

START_TEST(derivative_wrt_intermediate)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_scalar();
	node x = graph_input(g, "x", DTYPE_F64, &s), h = t_sin(g, x), f = t_mul(g, h, h);
	node wrt[3] = { x, h, f }, grad[3], none = graph_input(g, "none", DTYPE_F64, &s), tangent[3], dot;
	node blocked = t_mul(g, t_stop(g, h), x);
	double at = 0.3;

	ck_assert_int_eq(graph_gradient(g, f, 3, wrt, grad), 0);
	ck_assert_double_eq_tol(value_of(g, x, at, grad[0]), 2 * sin(at) * cos(at), 1e-15);
	ck_assert_double_eq_tol(value_of(g, x, at, grad[1]), 2 * sin(at), 1e-15);
	ck_assert_double_eq(value_of(g, x, at, grad[2]), 1);
	/* The sum over variables, each as a total derivative: the transpose of the above. */
	tangent[0] = graph_scalar(g, 2);
	tangent[1] = graph_scalar(g, 3);
	tangent[2] = graph_scalar(g, 5);
	ck_assert_int_eq(graph_jvp(g, 3, wrt, tangent, 1, &f, &dot), 0);
	ck_assert_double_eq_tol(value_of(g, x, at, dot), 2 * 2 * sin(at) * cos(at) + 3 * 2 * sin(at) + 5, 1e-14);
	ck_assert_int_eq(graph_gradient(g, f, 1, &none, grad), 0);
	ck_assert_double_eq(value_of(g, x, at, grad[0]), 0);
	ck_assert_int_eq(graph_gradient(g, blocked, 1, &x, grad), 0);
	ck_assert_double_eq_tol(value_of(g, x, at, grad[0]), sin(at), 1e-15);
	graph_free(g);
}
END_TEST

START_TEST(simplification)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_of(4, 5), row = shape_of(5), flat = shape_of(20);
	node x = graph_input(g, "x", DTYPE_F64, &s), b = graph_input(g, "b", DTYPE_F64, &row);
	node two = graph_full(g, DTYPE_F64, &s, 2), n;
	double value;

	ck_assert(node_same(graph_add(g, x, graph_full(g, DTYPE_F64, &row, 0)), x));
	ck_assert(node_same(graph_add(g, NODE_NONE, x), x));
	ck_assert(node_same(graph_reshape(g, graph_reshape(g, x, &flat), &s), x));
	ck_assert(node_same(graph_broadcast(g, x, &s), x));
	ck_assert(graph_is_constant(g, t_exp(g, two), &value));
	ck_assert_double_eq(value, exp(2));
	ck_assert(graph_is_constant(g, graph_sum(g, two, 3, false), &value));
	ck_assert_double_eq(value, 40);
	ck_assert(!graph_is_constant(g, x, &value));
	/* A function of a row is computed before it is repeated. */
	n = t_exp(g, graph_broadcast(g, b, &s));
	ck_assert_ptr_eq(graph_at(g, n)->op, &graph_op_broadcast);
	/* Arguments of elementwise ops need not be repeated at all. */
	ck_assert(node_same(t_mul(g, x, graph_broadcast(g, b, &s)), t_mul(g, x, b)));
	graph_free(g);
}
END_TEST

START_TEST(constants_fold)
{
	struct graph *g = graph_new(DTYPE_F64);
	double a[4] = { 1, 2, 3, 4 }, b[4] = { 1, -1, 2, 0.5 };
	struct shape s = shape_of(2, 2);
	struct tensor ta = tensor_view(DTYPE_F64, &s, a), tb = tensor_view(DTYPE_F64, &s, b);
	node n = graph_sum(g, t_rows(g, graph_constant(g, &ta), graph_constant(g, &tb)), 1, false);

	ck_assert_str_eq(graph_at(g, n)->op->name, "constant");
	ck_assert_double_eq(tensor_get(graph_at(g, n)->attr, 0), 1 + 4 + 3 + 8);
	ck_assert_double_eq(tensor_get(graph_at(g, n)->attr, 1), -1 + 1 - 3 + 2);
	graph_free(g);
}
END_TEST

/* A long chain and its derivatives: no recursion, and each derivative adds a fixed number of nodes per link. */
START_TEST(long_chain)
{
	int size[2][4];

	for (int k = 0; k < 2; k++) {
		struct graph *g = graph_new(DTYPE_F64);
		struct shape s = shape_scalar();
		node x = graph_input(g, "x", DTYPE_F64, &s), f = x;

		for (int i = 0; i < (k + 1) * 20000; i++)
			f = t_sin(g, f);
		for (int order = 0; order < 3; order++) {
			size[k][order] = graph_size(g);
			ck_assert_int_eq(graph_gradient(g, f, 1, &x, &f), 0);
		}
		size[k][3] = graph_size(g);
		graph_free(g);
	}
	for (int order = 0; order <= 2; order++)
		ck_assert_double_le(size[1][order] / (double)size[0][order], 2.01);
	ck_assert_int_le(size[0][1], 4 * size[0][0]);
}
END_TEST

START_TEST(hundred_thousand_links)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_scalar();
	node x = graph_input(g, "x", DTYPE_F64, &s), f = x;
	double at = 1.0, y = at;

	for (int i = 0; i < 100000; i++) {
		f = t_scale(g, t_cos(g, f), 1);
		y = cos(y);
	}
	ck_assert_double_eq(value_of(g, x, at, f), y);
	graph_free(g);
}
END_TEST

START_TEST(printing)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_of(2, 3);
	node x = graph_input(g, "x", DTYPE_F64, &s), y = t_mul(g, x, graph_scalar(g, 2));
	struct str text = { 0 };

	t_exp(g, x); /* not needed: not printed */
	graph_print(g, 1, &y, &text);
	ck_assert_str_eq(str_text(&text), "%0 = input \"x\" : float64 (2, 3)\n%1 = constant 2 : float64 ()\n"
					  "%2 = mul %0, %1 : float64 (2, 3)\nreturn %2\n");
	str_free(&text);
	graph_free(g);
}
END_TEST

static void count_destroyed(void *object)
{
	++*(int *)object;
}

START_TEST(owned_objects)
{
	struct graph *g = graph_new(DTYPE_F64);
	int destroyed = 0;

	for (int i = 0; i < 20; i++)
		ck_assert_ptr_eq(graph_own(g, &destroyed, count_destroyed), &destroyed);
	graph_free(g);
	ck_assert_int_eq(destroyed, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("graph");
	TCase *t = tcase_create("graph");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, interning);
	tcase_add_test(t, errors_stick);
	tcase_add_test(t, unbound_input_is_named);
	tcase_add_test(t, fourth_order);
	tcase_add_test(t, derivative_wrt_intermediate);
	tcase_add_test(t, simplification);
	tcase_add_test(t, constants_fold);
	tcase_add_test(t, long_chain);
	tcase_add_test(t, hundred_thousand_links);
	tcase_add_test(t, printing);
	tcase_add_test(t, owned_objects);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
