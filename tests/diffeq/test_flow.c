/* test_flow.c: compiled solves against the plain solver, and their gradients in every mode against each other and
 * against finite differences with the same steps. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "diffeq/flow.h"
#include "integ/ode.h"
#include "op/op.h"

/* y' = tanh(y U + t c) V + b, on B samples of D numbers, H hidden ones. */
enum { B = 3, D = 2, H = 5, N_SHARED = 4, SAVES = 6, STEPS_MAX = 5000 };

struct parameters {
	double u[D * H], c[H], v[H * D], b[D];
};

struct net {
	struct graph *g;
	node y, shared[N_SHARED];
	struct parameters p;
	double y0[B * D], y1[B * D], saved[SAVES][B * D], bar[SAVES][B * D], bar1[B * D];
	struct flow_save save[SAVES];
	struct diffeq_term term;
	const void *shared_at[N_SHARED];
};

static void field(struct graph *g, void *context, node t, const node *y, node increment, node *out)
{
	struct net *n = context;
	node hidden = op_add(g, op_matmul(g, y[0], n->shared[0]), op_mul(g, n->shared[1], t));

	out[0] = op_mul(g, op_add(g, op_matmul(g, op_tanh(g, hidden), n->shared[2]), n->shared[3]), increment);
}

static int plain_field(void *context, double t, const double *y, double *dydt)
{
	const struct parameters *p = context;

	for (int k = 0; k < B; k++) {
		memcpy(dydt + k * D, p->b, sizeof p->b);
		for (int j = 0; j < H; j++) {
			double sum = t * p->c[j];

			for (int i = 0; i < D; i++)
				sum += y[k * D + i] * p->u[i * H + j];
			for (int i = 0; i < D; i++)
				dydt[k * D + i] += tanh(sum) * p->v[j * D + i];
		}
	}
	return 0;
}

static void net_init(struct net *n)
{
	static const double times[SAVES] = { 0, 0.31, 0.5, 0.77, 1.1, 2 };
	const struct shape s[N_SHARED] = { shape_of(D, H), shape_of(H), shape_of(H, D), shape_of(D) },
			   batch = shape_of(B, D);
	const struct rng r = rng_stream(5, "net", 0, 0);
	double *const value[N_SHARED] = { n->p.u, n->p.c, n->p.v, n->p.b };

	memset(n, 0, sizeof *n);
	n->g = graph_new(DTYPE_F64);
	n->y = graph_input(n->g, "y", DTYPE_F64, &batch);
	for (int i = 0; i < N_SHARED; i++) {
		n->shared[i] = graph_input(n->g, "p", DTYPE_F64, &s[i]);
		n->shared_at[i] = value[i];
	}
	rng_normal(r, 0, sizeof n->p / sizeof(double), (double *)&n->p);
	rng_normal(r, 1000, B * D, n->y0);
	rng_normal(r, 2000, SAVES * B * D, n->bar[0]);
	rng_normal(r, 3000, B * D, n->bar1);
	n->term = (struct diffeq_term){ .product = field, .context = n };
	for (int k = 0; k < SAVES; k++)
		n->save[k] = (struct flow_save){ times[k], -1, n->saved[k], n->bar[k] };
	n->save[3].row = 1; /* a single sample */
}

static struct flow *compile(struct net *n, const char *method, double tol, bool regular)
{
	const struct flow_spec spec = { .method = method,
					.n_terms = 1,
					.terms = &n->term,
					.n_state = 1,
					.state = &n->y,
					.n_shared = N_SHARED,
					.shared = n->shared,
					.need_adjoint = true,
					.regular = regular,
					.rtol = tol,
					.atol = tol };
	struct err e = { 0 };
	struct flow *f = flow_new(n->g, &spec, &e);

	ck_assert_msg(f != NULL, "%s", e.message);
	return f;
}

struct solve {
	struct flow_run run;
	struct controller_config control;
	struct flow_result r;
	const void *y0;
	void *y1;
};

static void set_solve(struct solve *s, struct net *n, enum flow_memory memory)
{
	s->y0 = n->y0;
	s->y1 = n->y1;
	s->run = (struct flow_run){ .t1 = 2,
				    .control = &s->control,
				    .memory = memory,
				    .n_slots = 4,
				    .y0 = &s->y0,
				    .y1 = &s->y1,
				    .shared = n->shared_at,
				    .n_save = SAVES,
				    .save = n->save };
}

static double forward(struct flow *f, struct net *n, struct solve *s)
{
	struct err e = { 0 };
	double sum = 0;

	ck_assert_msg(flow_forward(f, &s->run, &s->r, &e) == 0, "%s", e.message);
	for (int k = 0; k < SAVES; k++)
		for (int i = 0; i < (k == 3 ? D : B * D); i++)
			sum += n->saved[k][i] * n->bar[k][i];
	for (int i = 0; i < B * D; i++)
		sum += n->y1[i] * n->bar1[i];
	return sum;
}

struct gradient {
	struct parameters p;
	double y0[B * D];
};
enum { N_GRADIENT = sizeof(struct gradient) / sizeof(double) };

static void backward(struct flow *f, struct net *n, struct solve *s, struct gradient *g, const double *error_weight,
		     const double *stiffness_weight)
{
	const void *bar1 = n->bar1;
	const struct flow_cotangent c = { .y1 = &bar1,
					  .error_weight = error_weight,
					  .stiffness_weight = stiffness_weight };
	void *const shared[N_SHARED] = { g->p.u, g->p.c, g->p.v, g->p.b }, *const y0 = g->y0;
	struct err e = { 0 };

	ck_assert_msg(flow_backward(f, &s->run, &c, shared, &y0, &s->r, &e) == 0, "%s", e.message);
}

static double *number(struct net *n, int i)
{
	return i < (int)(sizeof n->p / sizeof(double)) ? (double *)&n->p + i : n->y0 + i - sizeof n->p / sizeof(double);
}

static double difference(const struct gradient *a, const struct gradient *b)
{
	const double *x = (const double *)a, *y = (const double *)b;
	double most = 0, size = 0;

	for (int i = 0; i < N_GRADIENT; i++) {
		most = fmax(most, fabs(x[i] - y[i]));
		size = fmax(size, fabs(y[i]));
	}
	return most / size;
}

/* Many steps of the plain solver, between which the cubic does not show. */
START_TEST(forward_like_plain)
{
	static const char *const methods[] = { "tsit5", "dopri8", "rk4", "reversible_heun", "bosh3" };
	struct net n;

	net_init(&n);
	for (int k = 0; k < 5; k++) {
		const struct ode_system o = { .n = B * D, .f = plain_field, .context = &n.p };
		const double times[SAVES] = { 0, 0.31, 0.5, 0.77, 1.1, 2 };
		struct solve s = { .control = { .fixed = true, .dt0 = 0.05 } };
		double y[B * D], out[SAVES][B * D];
		const struct ode_run run = { .method = methods[k],
					     .control = &s.control,
					     .t1 = 2,
					     .n_save = SAVES,
					     .save = times,
					     .out = out[0] };
		struct ode_result r;
		struct flow *f = compile(&n, methods[k], 0, false);

		set_solve(&s, &n, FLOW_NONE);
		forward(f, &n, &s);
		memcpy(y, n.y0, sizeof y);
		ck_assert_int_eq(ode_solve(&o, &run, y, &r, NULL), 0);
		ck_assert_int_eq(s.r.accepted, 40);
		ck_assert_int_eq(s.r.evaluations, r.evaluations);
		for (int i = 0; i < B * D; i++)
			ck_assert_double_eq_tol(y[i], n.y1[i], 1e-12);
		for (int j = 0; j < SAVES; j++)
			for (int i = 0; i < (j == 3 ? D : B * D); i++)
				ck_assert_double_eq_tol(out[j][j == 3 ? D + i : i], n.saved[j][i], 1e-12);
		flow_free(f);
	}
	graph_free(n.g);
}
END_TEST

START_TEST(controlled_like_plain)
{
	struct net n;
	struct solve s = { .control = { .rtol = 1e-6, .atol = 1e-6 } };
	double y[B * D];
	struct ode_result r;

	net_init(&n);
	const struct ode_system o = { .n = B * D, .f = plain_field, .context = &n.p };
	const struct ode_run run = { .method = "tsit5", .control = &s.control, .t1 = 2 };
	struct flow *f = compile(&n, "tsit5", 1e-6, false);
	set_solve(&s, &n, FLOW_NONE);
	forward(f, &n, &s);
	memcpy(y, n.y0, sizeof y);
	ck_assert_int_eq(ode_solve(&o, &run, y, &r, NULL), 0);
	ck_assert_int_eq(s.r.accepted, r.accepted);
	ck_assert_int_eq(s.r.rejected, r.rejected);
	for (int i = 0; i < B * D; i++)
		ck_assert_double_eq_tol(y[i], n.y1[i], 1e-11);
	flow_free(f);
	graph_free(n.g);
}
END_TEST

/* The same steps again, at other parameters. */
static void freeze(struct controller_config *frozen, const struct flow_result *r, double *times)
{
	memcpy(times, r->time, (size_t)(r->accepted + 1) * sizeof *times);
	*frozen = (struct controller_config){ .fixed = true, .dt0 = 1e9, .n_stop = r->accepted + 1, .stop = times };
}

static double regularised(struct flow *f, struct net *n, struct solve *s, double of_stiffness)
{
	double sum = forward(f, n, s);

	for (int64_t k = 0; k < s->r.accepted; k++)
		sum += (0.3 + 0.1 * (double)k) * s->r.error[k] + of_stiffness * (double)(k + 1) * s->r.stiffness[k];
	return sum;
}

/* Gradients of outputs within and at the end of steps, of final states, and of E and S of every step. */
START_TEST(gradients_by_differences)
{
	static const char *const methods[] = { "tsit5",
					       "dopri5",
					       "bosh3",
					       "heun",
					       "rk4",
					       "kvaerno3",
					       "kvaerno5",
					       "implicit_euler",
					       "trbdf2",
					       "sdirk2",
					       "gl4",
					       "radauIIA5",
					       "trapezoid",
					       "gl6",
					       "implicit_midpoint",
					       "reversible_heun" };

	for (int k = 0; k < 16; k++) {
		struct net n;
		struct gradient g;
		double times[200], error_weight[200], stiffness_weight[200];
		const struct tableau *m = tableau_find(methods[k]);
		bool adaptive = !m || m->error_order > 0, regular = adaptive;
		/* the last two arguments of kvaerno5 are so near each other that rounding shows in their quotient */
		const double of_stiffness = strcmp(methods[k], "kvaerno5") == 0 ? 0 : 0.01;

		net_init(&n);
		struct flow *f = compile(&n, methods[k], adaptive ? 1e-3 : 0, regular);
		struct solve s = {
			.control = { .rtol = 1e-3, .atol = 1e-3, .fixed = !adaptive, .dt0 = adaptive ? 0 : 0.21 }
		};
		for (int i = 0; i < 200; i++) {
			error_weight[i] = 0.3 + 0.1 * i;
			stiffness_weight[i] = of_stiffness * (i + 1);
		}
		set_solve(&s, &n, FLOW_DIRECT);
		forward(f, &n, &s);
		ck_assert_int_lt(s.r.accepted, 200);
		freeze(&s.control, &s.r, times);
		regularised(f, &n, &s, of_stiffness);
		backward(f, &n, &s, &g, regular ? error_weight : NULL, regular ? stiffness_weight : NULL);
		s.run.memory = FLOW_NONE;
		for (int i = 0; i < N_GRADIENT; i++) {
			double *x = number(&n, i), at = *x, h = 1e-5, sum[2];

			for (int side = 0; side < 2; side++) {
				*x = at + (side ? h : -h);
				sum[side] = regular ? regularised(f, &n, &s, of_stiffness) : forward(f, &n, &s);
			}
			*x = at;
			double slope = (sum[1] - sum[0]) / (2 * h);
			ck_assert_msg(fabs(slope - ((double *)&g)[i]) < 1e-6 * fmax(1, fabs(slope)),
				      "%s, number %d: %g by differences, %g", methods[k], i, slope, ((double *)&g)[i]);
		}
		flow_free(f);
		graph_free(n.g);
	}
}
END_TEST

START_TEST(checkpoints_like_direct)
{
	static const char *const methods[] = { "tsit5", "heun", "reversible_heun", "kvaerno3", "gl4" };

	for (int k = 0; k < 5; k++)
		for (int slots = 2; slots <= 16; slots *= 2) {
			struct net n;
			struct gradient a, b;
			struct solve s = { .control = { .fixed = true, .dt0 = 2. / 130 } };

			net_init(&n);
			struct flow *f = compile(&n, methods[k], 0, false);
			set_solve(&s, &n, FLOW_DIRECT);
			forward(f, &n, &s);
			backward(f, &n, &s, &a, NULL, NULL);
			ck_assert_int_eq(s.r.recomputed, 0);
			s.run.memory = FLOW_CHECKPOINT;
			s.run.n_slots = slots;
			forward(f, &n, &s);
			backward(f, &n, &s, &b, NULL, NULL);
			ck_assert_double_eq(difference(&b, &a), 0);
			flow_free(f);
			graph_free(n.g);
		}
}
END_TEST

/* c states and r repetitions reach binomial(c + r, r) steps; 2048 steps with 8 states take 5. */
START_TEST(checkpoints_cost)
{
	struct net n;
	struct gradient g;
	struct solve s = { .control = { .fixed = true, .dt0 = 2. / 2048 } };
	int64_t direct;

	net_init(&n);
	struct flow *f = compile(&n, "midpoint", 0, false);
	set_solve(&s, &n, FLOW_DIRECT);
	forward(f, &n, &s);
	backward(f, &n, &s, &g, NULL, NULL);
	direct = s.r.kept_bytes;
	s.run.memory = FLOW_CHECKPOINT;
	s.run.n_slots = 8;
	forward(f, &n, &s);
	backward(f, &n, &s, &g, NULL, NULL);
	ck_assert_int_eq(s.r.accepted, 2048);
	ck_assert_msg((double)s.r.kept_bytes < 0.05 * (double)direct, "%ld of %ld bytes", (long)s.r.kept_bytes,
		      (long)direct);
	ck_assert_msg(s.r.recomputed <= 5 * 2048, "%ld steps again", (long)s.r.recomputed);
	flow_free(f);
	graph_free(n.g);
}
END_TEST

START_TEST(reversible_like_direct)
{
	struct net n;
	struct gradient a, b;
	struct solve s = { .control = { .fixed = true, .dt0 = 2. / 300 } };

	net_init(&n);
	struct flow *f = compile(&n, "reversible_heun", 0, false);
	set_solve(&s, &n, FLOW_DIRECT);
	forward(f, &n, &s);
	backward(f, &n, &s, &a, NULL, NULL);
	s.run.memory = FLOW_REVERSIBLE;
	forward(f, &n, &s);
	backward(f, &n, &s, &b, NULL, NULL);
	ck_assert_int_eq(s.r.kept_bytes, 0);
	ck_assert_double_lt(difference(&b, &a), 1e-10);
	ck_assert_double_gt(difference(&b, &a), 0);
	flow_free(f);
	graph_free(n.g);
}
END_TEST

START_TEST(backsolve_converges)
{
	static const double tolerance[] = { 1e-3, 1e-4, 1e-8 };
	double error[3];

	for (int k = 0; k < 3; k++)
		for (int seminorm = 0; seminorm < 2; seminorm++) {
			struct net n;
			struct gradient a, b;
			struct solve s = { .control = { .rtol = tolerance[k], .atol = tolerance[k] } };

			net_init(&n);
			struct flow *f = compile(&n, "tsit5", tolerance[k], false);
			n.save[3].row = -1;
			n.save[3].cotangent = NULL;
			set_solve(&s, &n, FLOW_DIRECT);
			forward(f, &n, &s);
			backward(f, &n, &s, &a, NULL, NULL);
			s.run.memory = FLOW_BACKSOLVE;
			s.run.seminorm = seminorm;
			forward(f, &n, &s);
			backward(f, &n, &s, &b, NULL, NULL);
			if (!seminorm)
				error[k] = difference(&b, &a);
			else
				ck_assert_double_lt(difference(&b, &a), 30 * error[k] + 1e-8);
			flow_free(f);
			graph_free(n.g);
		}
	if (getenv("VERBOSE_ORDERS"))
		fprintf(stderr, "backsolve: %g %g %g\n", error[0], error[1], error[2]);
	ck_assert_double_gt(error[0], 1e-9);
	ck_assert_double_lt(error[2], error[1] / 100);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flows");
	TCase *t = tcase_create("flows");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, forward_like_plain);
	tcase_add_test(t, controlled_like_plain);
	tcase_add_test(t, gradients_by_differences);
	tcase_add_test(t, checkpoints_like_direct);
	tcase_add_test(t, checkpoints_cost);
	tcase_add_test(t, reversible_like_direct);
	tcase_add_test(t, backsolve_converges);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
