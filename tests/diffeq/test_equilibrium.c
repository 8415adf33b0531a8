/* test_equilibrium.c: equilibria found four ways, their gradients against those of 200 unrolled iterations and of a
 * long march, events and their gradients against closed forms, tangents against differences, GMRES against LU. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "diffeq/equilibrium.h"
#include "diffeq/flow.h"
#include "num/krylov.h"
#include "num/lapack.h"
#include "op/op.h"

enum { B = 3, D = 6 };

/* F = tanh(z W + u), on B samples of D numbers. */
struct layer {
	struct graph *g;
	node z, shared[2], f;
	double w[D * D], u[B * D], z0[B * D], bar[B * D];
	const void *shared_at[2];
};

static void layer_init(struct layer *l)
{
	const struct shape rows = shape_of(B, D), matrix = shape_of(D, D);

	memset(l, 0, sizeof *l);
	l->g = graph_new(DTYPE_F64);
	l->z = graph_input(l->g, "z", DTYPE_F64, &rows);
	l->shared[0] = graph_input(l->g, "w", DTYPE_F64, &matrix);
	l->shared[1] = graph_input(l->g, "u", DTYPE_F64, &rows);
	l->f = op_tanh(l->g, op_add(l->g, op_matmul(l->g, l->z, l->shared[0]), l->shared[1]));
	rng_normal(rng_stream(8, "w", 0, 0), 0, D * D, l->w);
	for (int i = 0; i < D * D; i++)
		l->w[i] *= 0.35;
	rng_normal(rng_stream(8, "u", 0, 0), 0, B * D, l->u);
	rng_normal(rng_stream(8, "bar", 0, 0), 0, B * D, l->bar);
	l->shared_at[0] = l->w;
	l->shared_at[1] = l->u;
}

/* 200 steps z <- F(z) by a flow of Euler steps of length 1 on z' = F(z) - z: the same thing, with its unrolled
 * gradient. */
static void difference_field(struct graph *g, void *context, node t, const node *y, node increment, node *out)
{
	const struct layer *l = context;

	(void)t;
	(void)increment;
	out[0] = op_sub(g, op_tanh(g, op_add(g, op_matmul(g, y[0], l->shared[0]), l->shared[1])), y[0]);
}

static void unrolled(struct layer *l, double *z, double *grad_w, double *grad_u)
{
	const struct diffeq_term term = { .product = difference_field, .context = l };
	const struct flow_spec spec = { .method = "euler",
					.n_terms = 1,
					.terms = &term,
					.n_state = 1,
					.n_shared = 2,
					.state = &l->z,
					.shared = l->shared,
					.need_adjoint = true };
	const struct controller_config control = { .fixed = true, .dt0 = 1 };
	const void *y0 = l->z0, *bar = l->bar;
	void *const y1 = z, *const grad[2] = { grad_w, grad_u };
	const struct flow_run run = {
		.t1 = 200, .control = &control, .memory = FLOW_DIRECT, .y0 = &y0, .y1 = &y1, .shared = l->shared_at
	};
	const struct flow_cotangent c = { .y1 = &bar };
	struct flow *f = flow_new(l->g, &spec, NULL);

	ck_assert_int_eq(flow_forward(f, &run, NULL, NULL), 0);
	ck_assert_int_eq(flow_backward(f, &run, &c, grad, NULL, NULL, NULL), 0);
	flow_free(f);
}

START_TEST(fixed_points)
{
	struct layer l;
	double wanted[B * D], grad_w[D * D], grad_u[B * D];
	int64_t iterations[4];

	layer_init(&l);
	unrolled(&l, wanted, grad_w, grad_u);
	for (int method = 0; equilibrium_method_names[method]; method++)
		for (int rate = 0; rate < 2; rate++) {
			struct equilibrium_spec spec = {
				.z = l.z, .f = l.f, .rate = rate, .n_shared = 2, .shared = l.shared
			};
			double z[B * D] = { 0 }, own_w[D * D], own_u[B * D];
			void *const grad[2] = { own_w, own_u };
			struct equilibrium_run run = {
				.method = method, .tolerance = 1e-12, .shared = l.shared_at, .z = z
			};
			struct equilibrium_result r;
			struct err e = { 0 };

			if (rate)
				spec.f = op_sub(l.g, l.f, l.z);
			struct equilibrium *q = equilibrium_new(l.g, &spec, &e);
			ck_assert_msg(q != NULL, "%s", e.message);
			ck_assert_msg(equilibrium_solve(q, &run, &r, &e) == 0, "%s", e.message);
			iterations[method] = r.iterations;
			ck_assert_msg(equilibrium_backward(q, &run, l.bar, grad, &r, &e) == 0, "%s", e.message);
			for (int i = 0; i < B * D; i++) {
				ck_assert_double_eq_tol(z[i], wanted[i], 1e-10);
				ck_assert_double_eq_tol(own_u[i], grad_u[i], 1e-6 * (1 + fabs(grad_u[i])));
				ck_assert_double_eq_tol(own_u[i], grad_u[i], 1e-8);
			}
			for (int i = 0; i < D * D; i++)
				ck_assert_double_eq_tol(own_w[i], grad_w[i], 1e-8);
			equilibrium_free(q);
		}
	ck_assert_int_lt(iterations[EQUILIBRIUM_ANDERSON], iterations[EQUILIBRIUM_ITERATE]);
	ck_assert_int_lt(iterations[EQUILIBRIUM_BROYDEN], iterations[EQUILIBRIUM_ITERATE]);
	ck_assert_int_lt(iterations[EQUILIBRIUM_NEWTON], 8);
	graph_free(l.g);
}
END_TEST

START_TEST(no_fixed_point)
{
	struct layer l;
	double z[B * D];
	struct err e = { 0 };

	layer_init(&l);
	const struct equilibrium_spec spec = { .z = l.z, .f = op_shift(l.g, l.z, 1), .n_shared = 0 };
	const struct equilibrium_run run = { .z = z, .max_iterations = 7 };
	struct equilibrium *q = equilibrium_new(l.g, &spec, NULL);
	memset(z, 0, sizeof z);
	ck_assert_int_eq(equilibrium_solve(q, &run, NULL, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "after 7 iterations"));
	equilibrium_free(q);
	graph_free(l.g);
}
END_TEST

/* ---- events and tangents of a falling ball: y'' = -g --------------------------------------------- */

struct ball {
	struct graph *g;
	node y, shared[2]; /* gravity, height of the floor */
};

static void fall(struct graph *g, void *context, node t, const node *y, node increment, node *out)
{
	const struct ball *b = context;

	(void)t;
	(void)increment;
	out[0] = op_concat(g, 2, (node[]){ op_slice(g, y[0], 0, 1, 1, 1), op_neg(g, b->shared[0]) }, 0);
}

static node above_floor(struct graph *g, void *context, node t, const node *y)
{
	const struct ball *b = context;

	(void)t;
	return op_sum_all(g, op_sub(g, op_slice(g, y[0], 0, 0, 1, 1), b->shared[1]));
}

START_TEST(events)
{
	static const enum flow_memory modes[] = { FLOW_DIRECT, FLOW_CHECKPOINT, FLOW_REVERSIBLE };

	for (int k = 0; k < 3; k++) {
		const struct shape two = shape_of(2), one = shape_of(1);
		struct ball b = { .g = graph_new(DTYPE_F64) };
		const double gravity = 8, floor = 0, y0[2] = { 10, 0 }, none[2] = { 0, 0 }, height = 10;
		const void *shared[2] = { &gravity, &floor }, *start = y0, *bar = none;
		double y1[2], grad_y0[2], grad_gravity, grad_floor;
		void *const end = y1, *const by_y0 = grad_y0, *const by_shared[2] = { &grad_gravity, &grad_floor };
		const struct controller_config adaptive = { .rtol = 1e-8, .atol = 1e-8 },
					       fixed = { .fixed = true, .dt0 = 0.01 };
		const struct diffeq_term term = { .product = fall, .context = &b };
		struct flow_result r;
		struct err e = { 0 };

		b.y = graph_input(b.g, "y", DTYPE_F64, &two);
		b.shared[0] = graph_input(b.g, "gravity", DTYPE_F64, &one);
		b.shared[1] = graph_input(b.g, "floor", DTYPE_F64, &one);
		const struct flow_spec spec = { .method = k == 2 ? "reversible_heun" : "tsit5",
						.n_terms = 1,
						.terms = &term,
						.n_state = 1,
						.n_shared = 2,
						.state = &b.y,
						.shared = b.shared,
						.need_adjoint = true,
						.rtol = 1e-8,
						.atol = 1e-8 };
		const struct flow_run run = { .t1 = 10,
					      .control = k == 2 ? &fixed : &adaptive,
					      .memory = modes[k],
					      .n_slots = 3,
					      .y0 = &start,
					      .y1 = &end,
					      .shared = shared };
		struct flow_cotangent c = { .t1 = 1 };
		struct flow *f = flow_new(b.g, &spec, &e);
		ck_assert_msg(f != NULL, "%s", e.message);
		ck_assert_int_eq(flow_set_event(f, above_floor, &b, 0, &e), 0);
		ck_assert_msg(flow_forward(f, &run, &r, &e) == 0, "%s", e.message);
		ck_assert(r.event);
		ck_assert_double_eq_tol(r.t1, sqrt(2.5), 1e-6);
		ck_assert_double_eq_tol(y1[1], -12.649110640673518, 1e-6);
		ck_assert_double_eq_tol(y1[0], 0, 1e-10);
		/* t* = sqrt(2 (x0 - floor) / g), v0 = 0 */
		ck_assert_msg(flow_backward(f, &run, &c, by_shared, &by_y0, &r, &e) == 0, "%s", e.message);
		ck_assert_double_eq_tol(grad_y0[0], 1 / sqrt(2 * gravity * height), 1e-5);
		ck_assert_double_eq_tol(grad_floor, -1 / sqrt(2 * gravity * height), 1e-5);
		ck_assert_double_eq_tol(grad_gravity, -0.5 * sqrt(2 * height / pow(gravity, 3)), 1e-5);
		/* dt / dv0 = 1 / g at v0 = 0 */
		ck_assert_double_eq_tol(grad_y0[1], 1 / gravity, 1e-5);
		/* the velocity at the floor, -sqrt(v0^2 + 2 g (x0 - floor)) */
		c = (struct flow_cotangent){ .y1 = &bar };
		bar = (double[2]){ 0, 1 };
		ck_assert_int_eq(flow_forward(f, &run, &r, &e), 0);
		ck_assert_int_eq(flow_backward(f, &run, &c, by_shared, &by_y0, &r, &e), 0);
		ck_assert_double_eq_tol(grad_y0[0], -gravity / sqrt(2 * gravity * height), 1e-5);
		ck_assert_double_eq_tol(grad_y0[1], 0, 1e-5);
		ck_assert_double_eq_tol(grad_gravity, -height / sqrt(2 * gravity * height), 1e-5);
		flow_free(f);
		graph_free(b.g);
	}
}
END_TEST

/* Forward mode against reverse mode: bar . (J v) = (J^T bar) . v, and against differences. */
START_TEST(tangents)
{
	struct layer l;
	double y1[B * D], tangent[B * D], v_w[D * D], v_z[B * D], grad_w[D * D], grad_z[B * D], left = 0, right = 0;
	const void *y0, *bar, *by_shared[2] = { v_w, NULL }, *by_y0 = v_z;
	void *const end = y1, *const grad[2] = { grad_w, NULL }, *const grad_y0 = grad_z, *const out = tangent;

	layer_init(&l);
	y0 = l.u;
	bar = l.bar;
	rng_normal(rng_stream(8, "v", 0, 0), 0, D * D, v_w);
	rng_normal(rng_stream(8, "v", 0, 1), 0, B * D, v_z);
	const struct diffeq_term term = { .product = difference_field, .context = &l };
	static const char *const methods[] = { "tsit5", "heun", "reversible_heun" };
	for (int k = 0; k < 3; k++) {
		const struct flow_spec spec = { .method = methods[k],
						.n_terms = 1,
						.terms = &term,
						.n_state = 1,
						.n_shared = 2,
						.state = &l.z,
						.shared = l.shared,
						.need_adjoint = true,
						.rtol = 1e-4,
						.atol = 1e-4 };
		const struct controller_config control = { .rtol = 1e-4, .atol = 1e-4 };
		const struct flow_run run = { .t1 = 3,
					      .control = &control,
					      .memory = FLOW_DIRECT,
					      .y0 = &y0,
					      .y1 = &end,
					      .shared = l.shared_at };
		const struct flow_cotangent c = { .y1 = &bar };
		struct flow *f = flow_new(l.g, &spec, NULL);
		struct err e = { 0 };

		ck_assert_int_eq(flow_forward(f, &run, NULL, NULL), 0);
		ck_assert_int_eq(flow_backward(f, &run, &c, grad, &grad_y0, NULL, NULL), 0);
		ck_assert_msg(flow_tangent(f, &run, &by_y0, by_shared, &out, &e) == 0, "%s", e.message);
		left = right = 0;
		for (int i = 0; i < B * D; i++) {
			left += l.bar[i] * tangent[i];
			right += grad_z[i] * v_z[i];
		}
		for (int i = 0; i < D * D; i++)
			right += grad_w[i] * v_w[i];
		ck_assert_double_eq_tol(left, right, 1e-12 * fabs(left));
		flow_free(f);
	}
	graph_free(l.g);
}
END_TEST

static int times_matrix(void *context, const double *x, double *ax, struct err *e)
{
	const double *a = context;

	(void)e;
	for (int i = 0; i < 20; i++) {
		ax[i] = 0;
		for (int j = 0; j < 20; j++)
			ax[i] += a[i * 20 + j] * x[j];
	}
	return 0;
}

START_TEST(gmres)
{
	double a[400], lu[400], b[20], x[20], wanted[20], residual;
	int pivot[20];
	int64_t products;

	rng_normal(rng_stream(8, "a", 0, 0), 0, 400, a);
	rng_normal(rng_stream(8, "b", 0, 0), 0, 20, b);
	for (int i = 0; i < 20; i++)
		a[i * 21] += 12;
	memcpy(lu, a, sizeof a);
	memcpy(wanted, b, sizeof b);
	ck_assert_int_eq(num_lu(20, lu, pivot), 0);
	ck_assert_int_eq(num_lu_solve(false, 20, 1, lu, pivot, wanted), 0);
	for (int restart = 4; restart <= 30; restart += 13) {
		memset(x, 0, sizeof x);
		ck_assert_int_eq(
			num_gmres(20, times_matrix, a, b, 1e-12, 0, restart, 1000, x, &products, &residual, NULL), 0);
		for (int i = 0; i < 20; i++)
			ck_assert_double_eq_tol(x[i], wanted[i], 1e-10);
		ck_assert_int_le(products, restart < 20 ? 200 : 22);
	}
	memset(x, 0, sizeof x);
	ck_assert_int_eq(num_gmres(20, times_matrix, a, b, 1e-12, 0, 4, 3, x, &products, &residual, NULL), 1);
	ck_assert_double_gt(residual, 1e-6);
	memset(x, 0, sizeof x);
	b[0] = 1e200; /* its square is infinite, and so would be what the residual may be */
	ck_assert_int_eq(num_gmres(20, times_matrix, a, b, 1e-12, 0, 4, 30, x, &products, &residual, NULL), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("equilibria");
	TCase *t = tcase_create("equilibria");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, fixed_points);
	tcase_add_test(t, no_fixed_point);
	tcase_add_test(t, events);
	tcase_add_test(t, tangents);
	tcase_add_test(t, gmres);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
