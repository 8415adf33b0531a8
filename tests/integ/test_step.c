/* test_step.c: loops over compiled steps: losses and gradients against the unrolled graph and finite differences,
 * memory modes against each other to the bit, and the number of recomputed steps against the optimum. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "graph/plan.h"
#include "integ/integ.h"
#include "op/op.h"

enum { B = 3, D = 4, STEPS_MAX = 70 };

/* A recurrent cell with a second state that sums squares: h' = tanh(h W + u + b), s' = s + h'^2 / 10; loss sum (h' -
 * v)^2 s'. Shared: W, b, and c that nothing uses. Extra: the mean of h'. */
struct cell {
	enum dtype t;
	struct graph *g;
	node state[2], next[2], shared[3], local[2], loss, extra;
	double w[D * D], b[D], c[1], h[B * D], s[B * D], u[STEPS_MAX][B * D], v[STEPS_MAX][B * D];
	float *as_float; /* the same numbers */
	double mean[STEPS_MAX];
	float mean_float[STEPS_MAX];
	int64_t calls;
};

static node next_h(struct graph *g, node h, node w, node b, node u)
{
	return op_tanh(g, op_add(g, op_add(g, op_matmul(g, h, w), u), b));
}

static node next_s(struct graph *g, node s, node h)
{
	return op_add(g, s, op_scale(g, op_square(g, h), 0.1));
}

static node loss_of(struct graph *g, node h, node s, node v)
{
	return op_sum_all(g, op_mul(g, op_square(g, op_sub(g, h, v)), s));
}

static void cell_init(struct cell *c, enum dtype t)
{
	const struct shape matrix = shape_of(D, D), row = shape_of(D), one = shape_of(1), batch = shape_of(B, D);
	const struct rng r = rng_stream(4, "cell", 0, 0);

	memset(c, 0, sizeof *c);
	c->t = t;
	c->g = graph_new(t);
	c->state[0] = graph_input(c->g, "h", t, &batch);
	c->state[1] = graph_input(c->g, "s", t, &batch);
	c->shared[0] = graph_input(c->g, "w", t, &matrix);
	c->shared[1] = graph_input(c->g, "b", t, &row);
	c->shared[2] = graph_input(c->g, "c", t, &one);
	c->local[0] = graph_input(c->g, "u", t, &batch);
	c->local[1] = graph_input(c->g, "v", t, &batch);
	c->next[0] = next_h(c->g, c->state[0], c->shared[0], c->shared[1], c->local[0]);
	c->next[1] = next_s(c->g, c->state[1], c->next[0]);
	c->loss = loss_of(c->g, c->next[0], c->next[1], c->local[1]);
	c->extra = op_mean_all(c->g, c->next[0]);
	/* All arrays of numbers from w to v lie together. */
	rng_normal(r, 0, (size_t)((double *)c->v[STEPS_MAX - 1] + B * D - c->w), c->w);
	c->as_float = xmalloc(sizeof *c->as_float * (size_t)((double *)c->v[STEPS_MAX - 1] + B * D - c->w));
	for (double *p = c->w; p < (double *)c->v[STEPS_MAX - 1] + B * D; p++)
		c->as_float[p - c->w] = (float)*p;
}

static void cell_free(struct cell *c)
{
	graph_free(c->g);
	free(c->as_float);
}

static void *at(struct cell *c, double *p)
{
	return c->t == DTYPE_F64 ? (void *)p : (void *)(c->as_float + (p - c->w));
}

static void feed(void *context, int64_t n, const void **local, void **extra)
{
	struct cell *c = context;

	c->calls++;
	local[0] = at(c, c->u[n]);
	local[1] = at(c, c->v[n]);
	extra[0] = c->t == DTYPE_F64 ? (void *)&c->mean[n] : (void *)&c->mean_float[n];
}

struct result {
	double loss, w[D * D], b[D], unused, h[B * D], s[B * D];
	float w_float[D * D], b_float[D], unused_float, h_float[B * D], s_float[B * D];
};

/* slots -1: forth and back in two calls. */
static struct result run_loop(struct cell *c, int64_t n, int64_t cut, enum step_memory memory, int slots,
			      bool gradients)
{
	const struct step_spec spec = { .n_state = 2,
					.n_shared = 3,
					.n_local = 2,
					.n_extra = 1,
					.state = c->state,
					.next = c->next,
					.shared = c->shared,
					.local = c->local,
					.extra = &c->extra,
					.loss = c->loss };
	void *state0[2] = { at(c, c->h), at(c, c->s) };
	const void *shared[3] = { at(c, c->w), at(c, c->b), at(c, c->c) };
	struct step_run run = { .n_steps = n,
				.cut = cut,
				.memory = memory,
				.n_slots = slots,
				.state0 = state0,
				.shared = shared,
				.feed = feed,
				.context = c };
	struct result r;
	const bool wide = c->t == DTYPE_F64;
	void *grad_shared[3] = { wide ? (void *)r.w : (void *)r.w_float, wide ? (void *)r.b : (void *)r.b_float,
				 wide ? (void *)&r.unused : (void *)&r.unused_float };
	void *grad_state[2] = { wide ? (void *)r.h : (void *)r.h_float, wide ? (void *)r.s : (void *)r.s_float };
	struct err e = { 0 };
	struct step *s = step_new(c->g, &spec, gradients, NULL, &e);

	ck_assert_msg(s != NULL, "%s", e.message);
	memset(&r, 1, sizeof r); /* gradients must be overwritten */
	c->calls = 0;
	/* Twice: memory kept from the first run must not matter. */
	for (int k = 0; k < 2; k++) {
		double none, *loss = &r.loss;

		if (slots < 0) {
			run.part = STEP_FORTH;
			ck_assert_msg(step_loop(s, &run, loss, NULL, NULL, &e) == 0, "%s", e.message);
			run.part = STEP_BACK;
			loss = &none;
		}
		ck_assert_msg(step_loop(s, &run, loss, gradients ? grad_shared : NULL, gradients ? grad_state : NULL,
					&e) == 0,
			      "%s", e.message);
	}
	ck_assert(c->calls % 2 == 0);
	c->calls /= 2;
	step_free(s);
	return r;
}

/* The same as one graph, in double; steps before the cut behind stop_gradient and without loss. */
static struct result unrolled(struct cell *c, int64_t n, int64_t cut)
{
	struct graph *g = c->g;
	const struct shape batch = shape_of(B, D);
	node h = c->state[0], s = c->state[1], loss = graph_scalar(g, 0), out[6], in[5 + 2 * STEPS_MAX];
	node wrt[5] = { c->shared[0], c->shared[1], c->state[0], c->state[1], c->shared[2] };
	struct tensor value[5 + 2 * STEPS_MAX], got[6];
	double *numbers[5] = { c->w, c->b, c->h, c->s, c->c };
	int n_in = 5;
	struct result r = { 0 };
	struct err e = { 0 };

	for (int k = 0; k < 5; k++) {
		struct shape shape = graph_shape(g, wrt[k]);

		in[k] = wrt[k];
		value[k] = tensor_view(DTYPE_F64, &shape, numbers[k]);
	}
	for (int64_t k = 0; k < n; k++) {
		node u = graph_input(g, "u", DTYPE_F64, &batch), v = graph_input(g, "v", DTYPE_F64, &batch);

		value[n_in] = tensor_view(DTYPE_F64, &batch, c->u[k]);
		in[n_in++] = u;
		value[n_in] = tensor_view(DTYPE_F64, &batch, c->v[k]);
		in[n_in++] = v;
		if (cut > 0 && k == n - cut) {
			h = op_stop_gradient(g, h);
			s = op_stop_gradient(g, s);
		}
		h = next_h(g, h, c->shared[0], c->shared[1], u);
		s = next_s(g, s, h);
		if (cut == 0 || k >= n - cut)
			loss = op_add(g, loss, loss_of(g, h, s, v));
	}
	ck_assert_int_eq(graph_gradient(g, loss, 5, wrt, out), 0);
	out[5] = loss;
	ck_assert_msg(plan_eval(g, n_in, in, value, 6, out, got, &e) == 0, "%s", e.message);
	memcpy(r.w, got[0].data, sizeof r.w);
	memcpy(r.b, got[1].data, sizeof r.b);
	memcpy(r.h, got[2].data, sizeof r.h);
	memcpy(r.s, got[3].data, sizeof r.s);
	r.loss = tensor_get(&got[5], 0);
	for (int k = 0; k < 6; k++)
		tensor_free(&got[k]);
	return r;
}

static void check_close(int n, const double *a, const double *b, double scale)
{
	for (int i = 0; i < n; i++)
		ck_assert_double_eq_tol(a[i], b[i], 1e-13 * scale);
}

START_TEST(equals_the_unrolled_graph)
{
	static const int cases[][2] = {
		{ 1, 0 }, { 2, 0 }, { 7, 0 }, { 20, 0 }, { 7, 3 }, { 7, 1 }, { 5, 5 }, { 5, 9 }
	};

	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		const int n = cases[k][0], cut = cases[k][1];
		struct cell c;
		struct result loop, whole;
		double scale = 1;

		cell_init(&c, DTYPE_F64);
		loop = run_loop(&c, n, cut, STEP_STORE, 0, true);
		whole = unrolled(&c, n, cut >= n ? 0 : cut);
		for (int i = 0; i < D * D; i++)
			scale = fmax(scale, fabs(whole.w[i]));
		ck_assert_double_eq_tol(loop.loss, whole.loss, 1e-13 * fabs(whole.loss));
		check_close(D * D, loop.w, whole.w, scale);
		check_close(D, loop.b, whole.b, scale);
		check_close(B * D, loop.h, whole.h, scale);
		check_close(B * D, loop.s, whole.s, scale);
		ck_assert_double_eq(loop.unused, 0);
		if (cut > 0 && cut < n)
			for (int i = 0; i < B * D; i++)
				ck_assert_double_eq(loop.h[i], 0);
		cell_free(&c);
	}
}
END_TEST

START_TEST(equals_finite_differences)
{
	struct cell c;
	struct result r;
	double *numbers[4], *gradient[4];
	const int sizes[4] = { D * D, D, B * D, B * D };

	cell_init(&c, DTYPE_F64);
	r = run_loop(&c, 6, 0, STEP_STORE, 0, true);
	numbers[0] = c.w, numbers[1] = c.b, numbers[2] = c.h, numbers[3] = c.s;
	gradient[0] = r.w, gradient[1] = r.b, gradient[2] = r.h, gradient[3] = r.s;
	for (int k = 0; k < 4; k++)
		for (int i = 0; i < sizes[k]; i++) {
			const double h = 1e-5, keep = numbers[k][i];
			double up, down;

			numbers[k][i] = keep + h;
			up = run_loop(&c, 6, 0, STEP_STORE, 0, false).loss;
			numbers[k][i] = keep - h;
			down = run_loop(&c, 6, 0, STEP_STORE, 0, false).loss;
			numbers[k][i] = keep;
			ck_assert_double_eq_tol(gradient[k][i], (up - down) / (2 * h),
						1e-6 * (1 + fabs(gradient[k][i])));
		}
	cell_free(&c);
}
END_TEST

START_TEST(memory_modes_agree_to_the_bit)
{
	static const enum dtype types[] = { DTYPE_F64, DTYPE_F32 };

	for (int k = 0; k < 2; k++)
		for (int n = 1; n <= 30; n += n < 8 ? 1 : 11)
			for (int cut = 0; cut <= 5; cut += 5) {
				struct cell c;
				struct result stored;
				double mean[STEPS_MAX];
				float mean_float[STEPS_MAX];

				cell_init(&c, types[k]);
				stored = run_loop(&c, n, cut, STEP_STORE, 0, true);
				memcpy(mean, c.mean, sizeof mean);
				memcpy(mean_float, c.mean_float, sizeof mean_float);
				for (int slots = cut == 0 ? -1 : 0; slots <= 6; slots++) {
					struct result r = run_loop(&c, n, cut, slots < 0 ? STEP_STORE : STEP_BINOMIAL,
								   slots, true);

					ck_assert_double_eq(r.loss, stored.loss);
					ck_assert(memcmp(r.w, stored.w, sizeof r.w) == 0);
					ck_assert(memcmp(r.b, stored.b, sizeof r.b) == 0);
					ck_assert(memcmp(r.h, stored.h, sizeof r.h) == 0);
					ck_assert(memcmp(r.s, stored.s, sizeof r.s) == 0);
					ck_assert(memcmp(r.w_float, stored.w_float, sizeof r.w_float) == 0);
					ck_assert(memcmp(r.b_float, stored.b_float, sizeof r.b_float) == 0);
					ck_assert(memcmp(r.h_float, stored.h_float, sizeof r.h_float) == 0);
					ck_assert(memcmp(c.mean, mean, sizeof mean) == 0);
					ck_assert(memcmp(c.mean_float, mean_float, sizeof mean_float) == 0);
				}
				cell_free(&c);
			}
}
END_TEST

/* Least number of forward steps that reverse n steps with k states kept besides the first: dynamic programming. */
static int64_t least_steps(int n, int k)
{
	static int64_t table[STEPS_MAX + 1][8];

	if (n == 1)
		return 0;
	if (k == 0)
		return (int64_t)n * (n - 1) / 2;
	if (table[n][k] == 0) {
		int64_t best = INT64_MAX;

		for (int m = 1; m < n; m++) {
			int64_t cost = m + least_steps(n - m, k - 1) + least_steps(m, k);

			best = cost < best ? cost : best;
		}
		table[n][k] = best;
	}
	return table[n][k];
}

START_TEST(binomial_schedule_is_optimal)
{
	static const int lengths[] = { 2, 3, 5, 10, 11, 34, 35, 36, 56, 70 };
	struct cell c;

	cell_init(&c, DTYPE_F64);
	for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
		run_loop(&c, lengths[k], 0, STEP_STORE, 0, true);
		ck_assert_int_eq(c.calls, 2 * lengths[k] - 1); /* all but the last forward, all backward */
		for (int slots = 1; slots <= 6; slots++) {
			run_loop(&c, lengths[k], 0, STEP_BINOMIAL, slots, true);
			ck_assert_int_eq(c.calls - lengths[k], least_steps(lengths[k], slots));
		}
	}
	cell_free(&c);
}
END_TEST

/* Without gradients: the same loss and extras; every step once. */
START_TEST(runs_forward_only)
{
	struct cell c;
	struct result with, without;
	double mean[STEPS_MAX];

	cell_init(&c, DTYPE_F64);
	for (int n = 0; n <= 9; n += 3) {
		with = run_loop(&c, n, 0, STEP_STORE, 0, true);
		memcpy(mean, c.mean, sizeof mean);
		memset(c.mean, 0, sizeof c.mean);
		without = run_loop(&c, n, 0, STEP_STORE, 0, false);
		ck_assert_int_eq(c.calls, n);
		ck_assert_double_eq_tol(with.loss, without.loss, 1e-14 * (1 + fabs(with.loss)));
		for (int k = 0; k < n; k++)
			ck_assert_double_eq_tol(mean[k], c.mean[k], 1e-15);
		if (n == 0)
			for (int i = 0; i < D * D; i++)
				ck_assert_double_eq(with.w[i], 0);
	}
	cell_free(&c);
}
END_TEST

/* A state that stays as it is, and an integer state: the counter that keys random numbers. */
START_TEST(identity_and_integer_states)
{
	struct graph *g = graph_new(DTYPE_F64);
	const struct shape two = shape_of(2);
	node same = graph_input(g, "same", DTYPE_F64, &two), index = graph_input(g, "index", DTYPE_I32, &two);
	node x = graph_input(g, "x", DTYPE_F64, &two);
	node state[3] = { same, index, x }, next[3] = { same, index, op_mul(g, op_gather(g, x, index, 0), same) };
	const struct step_spec spec = { .n_state = 3, .state = state, .next = next, .loss = op_sum_all(g, next[2]) };
	double a[2] = { 2, 3 }, start[2] = { 5, 7 }, grad_a[2], grad_start[2], loss;
	int32_t flip[2] = { 1, 0 };
	void *state0[3] = { a, flip, start }, *grad[3] = { grad_a, NULL, grad_start };
	const struct step_run run = { .n_steps = 2, .state0 = state0 };
	struct err e = { 0 };
	struct step *s = step_new(g, &spec, true, NULL, &e);

	ck_assert_msg(s != NULL, "%s", e.message);
	ck_assert_msg(step_loop(s, &run, &loss, NULL, grad, &e) == 0, "%s", e.message);
	/* x1 = (a0 x_1, a1 x_0), x2 = (a0 a1 x_0, a1 a0 x_1) */
	ck_assert_double_eq_tol(loss, 2 * 7 + 3 * 5 + 6 * 5 + 6 * 7, 1e-13);
	ck_assert_double_eq_tol(grad_a[0], 7 + 3 * 12, 1e-13);
	ck_assert_double_eq_tol(grad_a[1], 5 + 2 * 12, 1e-13);
	ck_assert_double_eq_tol(grad_start[0], 3 + 6, 1e-13);
	ck_assert_double_eq_tol(grad_start[1], 2 + 6, 1e-13);
	step_free(s);
	graph_free(g);
}
END_TEST

START_TEST(refuses)
{
	struct graph *g = graph_new(DTYPE_F64);
	const struct shape two = shape_of(2);
	node x = graph_input(g, "x", DTYPE_F64, &two), sum = op_sum_all(g, x);
	struct step_spec spec = { .n_state = 1, .state = &x, .next = &sum, .loss = NODE_NONE };
	double start[2] = { 0 }, loss, grad[2];
	void *state0[1] = { start }, *grad_state[1] = { grad };
	struct step_run run = { .n_steps = 1, .state0 = state0 };
	struct err e = { 0 };
	struct step *s;

	ck_assert_ptr_null(step_new(g, &spec, true, NULL, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "state 0"));
	spec.next = &x;
	spec.loss = x;
	ck_assert_ptr_null(step_new(g, &spec, true, NULL, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "scalar"));
	spec.loss = sum;
	s = step_new(g, &spec, false, NULL, &e);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(step_loop(s, &run, &loss, NULL, grad_state, &e), -1);
	step_free(s);
	graph_free(g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("steps");
	TCase *t = tcase_create("loops");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, equals_the_unrolled_graph);
	tcase_add_test(t, equals_finite_differences);
	tcase_add_test(t, memory_modes_agree_to_the_bit);
	tcase_add_test(t, binomial_schedule_is_optimal);
	tcase_add_test(t, runs_forward_only);
	tcase_add_test(t, identity_and_integer_states);
	tcase_add_test(t, refuses);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
