/* test_op_quadratic.c: quadratic programs of which the solution is known: planes, boxes, the simplex; the equations of
 * Karush, Kuhn and Tucker of random ones; gradients of the known ones; programs without a solution are NaN and leave
 * the others alone. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "evaluate.h"

enum { B = 5, N = 4 };

/* Rows of numbers as a constant (b, rows, columns), or (b, columns) for rows 0, the same for every program. */
static node same(struct graph *g, int64_t b, int64_t rows, int64_t columns, const double *v)
{
	struct shape s = rows > 0 ? shape_of(rows, columns) : shape_of(columns),
		     all = rows > 0 ? shape_of(b, rows, columns) : shape_of(b, columns);
	struct tensor t = tensor_new(DTYPE_F64, &s);

	for (int64_t i = 0; i < shape_count(&s); i++)
		tensor_set(&t, i, v[i]);
	node c = op_broadcast(g, graph_constant(g, &t), &all);

	tensor_free(&t);
	return c;
}

static const double identity[N * N] = { 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 };
static const double minus[N * N] = { -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1 };
static const double ones[N] = { 1, 1, 1, 1 }, none[N] = { 0 }, one = 1;

/* The projection of x on the simplex, sum z = 1, z >= 0: max(x - t, 0) with t from the sorted x (Held, Wolfe, Crowder
 * 1974). */
static void onto_simplex(const double *x, double *z, int *support)
{
	double u[N], sum = 0, t = 0;

	for (int i = 0; i < N; i++)
		u[i] = x[i];
	for (int i = 0; i < N; i++)
		for (int j = i + 1; j < N; j++)
			if (u[j] > u[i]) {
				const double v = u[i];

				u[i] = u[j];
				u[j] = v;
			}
	*support = 0;
	for (int i = 0; i < N; i++) {
		sum += u[i];
		if (u[i] - (sum - 1) / (i + 1) > 0) {
			t = (sum - 1) / (i + 1);
			*support = i + 1;
		}
	}
	for (int i = 0; i < N; i++)
		z[i] = fmax(x[i] - t, 0);
}

enum { PLANE, BOX, SIMPLEX, KINDS };

static node projection(struct graph *g, int kind, node x)
{
	node Q = same(g, B, N, N, identity), q = op_neg(g, x);
	node G = kind == PLANE ? NODE_NONE : same(g, B, N, N, kind == BOX ? identity : minus);
	node h = kind == PLANE ? NODE_NONE
		 : kind == BOX ? op_scale(g, same(g, B, 0, N, ones), 0.25)
			       : same(g, B, 0, N, none);
	node A = kind == BOX ? NODE_NONE : same(g, B, 1, N, ones), b = kind == BOX ? NODE_NONE : same(g, B, 0, 1, &one);

	return op_quadratic_program(g, Q, q, G, h, A, b, NULL);
}

/* The projection of a row and its derivative along d. */
static void known(int kind, const double *x, const double *d, double *z, double *dz)
{
	double sum = 0, ahead = 0;
	int support = 0;

	if (kind == SIMPLEX)
		onto_simplex(x, z, &support);
	for (int i = 0; i < N; i++) {
		sum += x[i];
		ahead += kind != SIMPLEX || z[i] > 0 ? d[i] : 0;
	}
	for (int i = 0; i < N; i++) {
		if (kind != SIMPLEX)
			z[i] = kind == PLANE ? x[i] + (1 - sum) / N : fmin(x[i], 0.25);
		dz[i] = kind == PLANE ? d[i] - ahead / N
			: kind == BOX ? (x[i] < 0.25) * d[i]
				      : (z[i] > 0) * (d[i] - ahead / support);
	}
}

START_TEST(projections)
{
	struct shape s = shape_of(B, N);
	struct feed f = feed_new(DTYPE_F64);
	node x = feed_random(&f, "x", &s), d = feed_random(&f, "d", &s), z = projection(f.g, _i, x), forward, back;
	node dot = op_sum_all(f.g, op_mul(f.g, z, d));

	ck_assert_int_eq(graph_jvp(f.g, 1, &x, &d, 1, &z, &forward), 0);
	ck_assert_int_eq(graph_gradient(f.g, dot, 1, &x, &back), 0);
	struct tensor at = feed_run(&f, x), along = feed_run(&f, d), got = feed_run(&f, z),
		      tangent = feed_run(&f, forward), gradient = feed_run(&f, back);
	int zeros = 0;
	for (int k = 0; k < B; k++) {
		double row[N], dir[N], want[N], change[N];

		for (int i = 0; i < N; i++) {
			row[i] = tensor_get(&at, k * N + i);
			dir[i] = tensor_get(&along, k * N + i);
		}
		known(_i, row, dir, want, change);
		for (int i = 0; i < N; i++) {
			ck_assert_double_eq_tol(tensor_get(&got, k * N + i), want[i], 1e-9);
			/* projections' derivatives are symmetric: forward and backward alike */
			ck_assert_double_eq_tol(tensor_get(&tangent, k * N + i), change[i], 1e-6);
			ck_assert_double_eq_tol(tensor_get(&gradient, k * N + i), change[i], 1e-6);
			zeros += change[i] == 0;
		}
	}
	ck_assert(_i == PLANE || zeros > 0); /* bounds were met */
	tensor_free(&at);
	tensor_free(&along);
	tensor_free(&got);
	tensor_free(&tangent);
	tensor_free(&gradient);
	feed_free(&f);
}
END_TEST

/* Q z + q + G' l + A' v = 0, A z = b, G z <= h, l >= 0, l (G z - h) = 0, for random programs that have a solution. */
START_TEST(optimality)
{
	enum { M = 6, P = 2 };
	struct shape Qs = shape_of(B, N, N), qs = shape_of(B, N), Gs = shape_of(B, M, N), hs = shape_of(B, M),
		     As = shape_of(B, P, N), col = shape_of(B, N, 1), ls = shape_of(B, M, 1), vs = shape_of(B, P, 1);
	struct feed f = feed_new(DTYPE_F64);
	struct graph *g = f.g;
	node R = feed_random(&f, "R", &Qs), q = feed_random(&f, "q", &qs), G = feed_random(&f, "G", &Gs),
	     A = feed_random(&f, "A", &As), inside = feed_random(&f, "z", &qs), room = feed_random(&f, "h", &hs);
	node Q = op_add(g, op_matmul(g, R, op_permute(g, R, (const int[]){ 0, 2, 1 })), same(g, B, N, N, identity));
	node z0 = op_reshape(g, inside, &col), b = op_sum(g, op_matmul(g, A, z0), 4, false);
	node h = op_add(g, op_sum(g, op_matmul(g, G, z0), 4, false), op_shift(g, op_square(g, room), 0.01)), y;
	node z = op_quadratic_program(g, Q, q, G, h, A, b, &y);
	node l = op_reshape(g, op_slice(g, y, 1, 0, M, 1), &ls), v = op_reshape(g, op_slice(g, y, 1, M, P, 1), &vs);
	node zc = op_reshape(g, z, &col), Gt = op_permute(g, G, (const int[]){ 0, 2, 1 }),
	     At = op_permute(g, A, (const int[]){ 0, 2, 1 });
	node still = op_add(g, op_add(g, op_matmul(g, Q, zc), op_reshape(g, q, &col)),
			    op_add(g, op_matmul(g, Gt, l), op_matmul(g, At, v)));
	node over = op_sub(g, op_sum(g, op_matmul(g, G, zc), 4, false), h), lr = op_sum(g, l, 4, false);

	ck_assert_double_lt(feed_number(&f, op_sum_all(g, op_abs(g, still))), 1e-9);
	ck_assert_double_lt(
		feed_number(&f, op_sum_all(g, op_abs(g, op_sub(g, op_sum(g, op_matmul(g, A, zc), 4, false), b)))),
		1e-10);
	ck_assert_double_lt(feed_number(&f, op_sum_all(g, op_relu(g, over))), 1e-10);
	ck_assert_double_lt(feed_number(&f, op_sum_all(g, op_relu(g, op_neg(g, lr)))), 1e-10);
	ck_assert_double_lt(feed_number(&f, op_sum_all(g, op_abs(g, op_mul(g, lr, over)))), 1e-9);
	ck_assert_double_gt(feed_number(&f, op_sum_all(g, lr)), 0.1); /* some bounds hold the solution */
	feed_free(&f);
}
END_TEST

/* z <= -1 and -z <= 0 in the first program alone. */
START_TEST(impossible_is_nan)
{
	static const double two[2] = { 1, -1 }, bound[4] = { -1, 0, 1, 0 };
	struct shape hs = shape_of(2, 2);
	struct tensor h = tensor_new(DTYPE_F64, &hs);
	struct feed f = feed_new(DTYPE_F64);

	for (int i = 0; i < 4; i++)
		tensor_set(&h, i, bound[i]);
	node z = op_quadratic_program(f.g, same(f.g, 2, 1, 1, &one), op_scale(f.g, same(f.g, 2, 0, 1, &one), -3),
				      same(f.g, 2, 2, 1, two), feed_value(&f, "h", h), NODE_NONE, NODE_NONE, NULL);
	struct tensor t = feed_run(&f, z);
	ck_assert(isnan(tensor_get(&t, 0)));
	ck_assert_double_eq_tol(tensor_get(&t, 1), 1, 1e-9);
	tensor_free(&t);
	feed_free(&f);
	/* what is not a number has no solution either */
	f = feed_new(DTYPE_F64);
	hs = shape_of(2, 1, 1);
	h = tensor_new(DTYPE_F64, &hs);
	tensor_set(&h, 0, NAN);
	tensor_set(&h, 1, 1);
	z = op_quadratic_program(f.g, feed_value(&f, "Q", h), op_scale(f.g, same(f.g, 2, 0, 1, &one), -3), NODE_NONE,
				 NODE_NONE, NODE_NONE, NODE_NONE, NULL);
	t = feed_run(&f, z);
	ck_assert(isnan(tensor_get(&t, 0)));
	ck_assert_double_eq_tol(tensor_get(&t, 1), 3, 1e-9);
	tensor_free(&t);
	feed_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("quadratic programs");
	TCase *c = tcase_create("quadratic programs");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, projections, 0, KINDS);
	tcase_add_test(c, optimality);
	tcase_add_test(c, impossible_is_nan);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
