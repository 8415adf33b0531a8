/* test_implicit.c: compiled solves by implicit methods: against the plain solver, where explicit ones take many steps,
 * and their gradients against differences, forward mode and those of explicit solves; what they refuse. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffeq/flow.h"
#include "integ/ode.h"
#include "op/op.h"

/* Van der Pol's equation for B oscillators, each with the same mu: x' = v, v' = mu (1 - x^2) v - x. */
enum { B = 3 };

struct oscillators {
	struct graph *g;
	node y, mu;
	struct diffeq_term term;
	double mu_value, y0[2 * B], y1[2 * B], bar[2 * B];
	bool coupled; /* every row is told the mean of all */
};

static node half(struct graph *g, node y, int k)
{
	return op_slice(g, y, 1, k, 1, 1);
}

static void field(struct graph *g, void *context, node t, const node *y, node by, node *out)
{
	struct oscillators *o = context;
	const node x = half(g, y[0], 0), v = half(g, y[0], 1);
	const node push = op_mul(g, op_mul(g, o->mu, op_shift(g, op_neg(g, op_square(g, x)), 1)), v);
	node force = op_sub(g, push, x);

	(void)t;
	if (o->coupled)
		force = op_add(g, force, op_mean(g, x, op_axes(0, 0), true));
	out[0] = op_mul(g, op_concat(g, 2, (node[]){ v, force }, 1), by);
}

static int plain(void *context, double t, const double *y, double *dydt)
{
	const struct oscillators *o = context;

	(void)t;
	for (int k = 0; k < B; k++) {
		dydt[2 * k] = y[2 * k + 1];
		dydt[2 * k + 1] = o->mu_value * (1 - y[2 * k] * y[2 * k]) * y[2 * k + 1] - y[2 * k];
	}
	return 0;
}

static void init(struct oscillators *o, enum dtype real, double mu)
{
	static const double y0[2 * B] = { 2, 0, -1.5, 0.3, 0.5, 1 }, bar[2 * B] = { 1, 0.3, -0.7, 0.2, 0.4, -1 };
	const struct shape s = shape_of(B, 2), none = { 0 };

	*o = (struct oscillators){ .mu_value = mu };
	memcpy(o->y0, y0, sizeof y0);
	memcpy(o->bar, bar, sizeof bar);
	o->g = graph_new(real);
	o->y = graph_input(o->g, "y", real, &s);
	o->mu = graph_input(o->g, "mu", real, &none);
	o->term = (struct diffeq_term){ .product = field, .context = o };
}

static struct flow *compile(struct oscillators *o, const char *method, double tol, struct err *e)
{
	const struct flow_spec spec = { .method = method,
					.n_terms = 1,
					.terms = &o->term,
					.n_state = 1,
					.state = &o->y,
					.n_shared = 1,
					.shared = &o->mu,
					.need_adjoint = true,
					.rtol = tol,
					.atol = tol };

	return flow_new(o->g, &spec, e);
}

struct solve {
	struct flow_run run;
	struct controller_config control;
	struct flow_result r;
	const void *y0, *mu;
	void *y1;
};

static void set(struct solve *s, struct oscillators *o, double t1)
{
	s->y0 = o->y0;
	s->mu = &o->mu_value;
	s->y1 = o->y1;
	s->run = (struct flow_run){
		.t1 = t1, .control = &s->control, .memory = FLOW_DIRECT, .y0 = &s->y0, .y1 = &s->y1, .shared = &s->mu
	};
}

static double value(struct flow *f, struct oscillators *o, struct solve *s)
{
	struct err e = { 0 };
	double sum = 0;

	ck_assert_msg(flow_forward(f, &s->run, &s->r, &e) == 0, "%s", e.message);
	for (int i = 0; i < 2 * B; i++)
		sum += o->y1[i] * o->bar[i];
	return sum;
}

/* By mu, then y0. */
static void gradient(struct flow *f, struct oscillators *o, struct solve *s, double *g)
{
	const void *bar = o->bar;
	const struct flow_cotangent c = { .y1 = &bar };
	void *const shared = g, *const y0 = g + 1;
	struct err e = { 0 };

	ck_assert_msg(flow_backward(f, &s->run, &c, &shared, &y0, &s->r, &e) == 0, "%s", e.message);
}

START_TEST(like_plain)
{
	static const char *const methods[] = { "kvaerno3",  "kvaerno5", "implicit_euler",
					       "trapezoid", "trbdf2",	"sdirk2",
					       "gl4",	    "gl6",	"radauIIA3",
					       "radauIIA5" };

	for (int k = 0; k < 10; k++) {
		struct oscillators o;
		struct err e = { 0 };
		struct solve s = { .control = { .fixed = true, .dt0 = 0.04, .rtol = 1e-9, .atol = 1e-9 } };

		init(&o, DTYPE_F64, 4);
		const struct ode_system plain_system = { .n = 2 * B, .f = plain, .context = &o };
		const struct ode_run run = { .method = methods[k], .control = &s.control, .t1 = 2 };
		struct ode_result r;
		double y[2 * B];
		struct flow *f = compile(&o, methods[k], 0, &e);

		ck_assert_msg(f != NULL, "%s", e.message);
		set(&s, &o, 2);
		value(f, &o, &s);
		memcpy(y, o.y0, sizeof y);
		ck_assert_msg(ode_solve(&plain_system, &run, y, &r, &e) == 0, "%s: %s", methods[k], e.message);
		ck_assert_int_eq(s.r.accepted, r.accepted);
		for (int i = 0; i < 2 * B; i++)
			ck_assert_msg(fabs(y[i] - o.y1[i]) < 1e-8, "%s: %g, plain %g", methods[k], o.y1[i], y[i]);
		flow_free(f);
		graph_free(o.g);
	}
}
END_TEST

/* A stiff stretch: explicit steps are bounded by stability. Gradients agree, also with forward mode and differences. */
START_TEST(stiff)
{
	struct oscillators o;
	struct err e = { 0 };
	struct solve loose = { .control = { .rtol = 1e-4, .atol = 1e-4, .max_steps = 100000 } }, tight = loose;
	double g[1 + 2 * B], ours[1 + 2 * B], size = 0, direction[1 + 2 * B], along = 0, tangent[2 * B], through = 0;
	int64_t few;

	init(&o, DTYPE_F64, 200);
	o.y0[2] = -1.8, o.y0[4] = 1.9;
	struct flow *a = compile(&o, "dopri5", 1e-4, &e), *b = compile(&o, "kvaerno5", 1e-4, &e);
	struct flow *c = compile(&o, "dopri5", 1e-10, &e), *d = compile(&o, "kvaerno5", 1e-9, &e);

	ck_assert_msg(a && b && c && d, "%s", e.message);
	set(&loose, &o, 10);
	value(b, &o, &loose);
	few = loose.r.accepted;
	value(a, &o, &loose);
	ck_assert_msg(20 * few < loose.r.accepted, "%ld steps, explicit %ld", (long)few, (long)loose.r.accepted);
	tight.control.rtol = tight.control.atol = 1e-10;
	set(&tight, &o, 10);
	value(c, &o, &tight);
	gradient(c, &o, &tight, g);
	tight.control.rtol = tight.control.atol = 1e-9;
	value(d, &o, &tight);
	gradient(d, &o, &tight, ours);
	for (int i = 0; i < 1 + 2 * B; i++)
		size = fmax(size, fabs(g[i]));
	for (int i = 0; i < 1 + 2 * B; i++)
		ck_assert_msg(fabs(ours[i] - g[i]) < 1e-6 * size, "number %d: %g, explicit %g", i, ours[i], g[i]);
	for (int i = 0; i < 1 + 2 * B; i++)
		along += (direction[i] = 0.3 + 0.1 * i) * ours[i];
	const void *dy = direction + 1, *dmu = direction;
	void *out = tangent;
	ck_assert_int_eq(flow_tangent(d, &tight.run, &dy, &dmu, &out, &e), 0);
	for (int i = 0; i < 2 * B; i++)
		through += tangent[i] * o.bar[i];
	ck_assert_double_eq_tol(through, along, 1e-10 * fabs(along));
	flow_free(a);
	flow_free(b);
	flow_free(c);
	flow_free(d);
	graph_free(o.g);
}
END_TEST

/* Floats, with long steps: the gradient is that of double precision. */
START_TEST(floats)
{
	double g[1 + 2 * B];

	for (int pass = 0; pass < 2; pass++) {
		struct oscillators o;
		struct err e = { 0 };
		struct solve s = { .control = { .fixed = true, .dt0 = 0.1 } };
		float y0[2 * B], y1[2 * B], bar[2 * B], mu = 5, by_mu, by_y0[2 * B];
		void *shared = &by_mu, *start = by_y0;
		const void *y1_bar = bar;
		const struct flow_cotangent c = { .y1 = &y1_bar };

		init(&o, pass == 0 ? DTYPE_F64 : DTYPE_F32, 5);
		struct flow *f = compile(&o, "radauIIA5", 0, &e);
		ck_assert_msg(f != NULL, "%s", e.message);
		set(&s, &o, 1);
		if (pass == 0) {
			value(f, &o, &s);
			gradient(f, &o, &s, g);
		} else {
			for (int i = 0; i < 2 * B; i++)
				y0[i] = (float)o.y0[i], bar[i] = (float)o.bar[i];
			s.y0 = y0, s.y1 = y1, s.mu = &mu;
			ck_assert_msg(flow_forward(f, &s.run, &s.r, &e) == 0, "%s", e.message);
			ck_assert_msg(flow_backward(f, &s.run, &c, &shared, &start, &s.r, &e) == 0, "%s", e.message);
			ck_assert_double_eq_tol(by_mu, g[0], 1e-4 * fabs(g[0]));
			for (int i = 0; i < 2 * B; i++)
				ck_assert_double_eq_tol(by_y0[i], g[1 + i], 1e-4 * fmax(1, fabs(g[1 + i])));
		}
		flow_free(f);
		graph_free(o.g);
	}
}
END_TEST

static node crossing(struct graph *g, void *context, node t, const node *y)
{
	(void)context;
	(void)t;
	return op_sum_all(g, op_slice(g, half(g, y[0], 0), 0, 0, 1, 1));
}

/* The first oscillator passes 0; the gradient goes through that time. */
START_TEST(event)
{
	struct oscillators o;
	struct err e = { 0 };
	struct solve s = { .control = { .rtol = 1e-8, .atol = 1e-8 } };
	double g[1 + 2 * B];

	init(&o, DTYPE_F64, 2);
	struct flow *f = compile(&o, "kvaerno5", 1e-8, &e);
	ck_assert_msg(f && flow_set_event(f, crossing, NULL, -1, &e) == 0, "%s", e.message);
	set(&s, &o, 20);
	value(f, &o, &s);
	ck_assert(s.r.event);
	ck_assert_double_eq_tol(o.y1[0], 0, 1e-12);
	gradient(f, &o, &s, g);
	for (int i = 0; i < 1 + 2 * B; i++) {
		double *x = i == 0 ? &o.mu_value : o.y0 + i - 1, at = *x, side[2];

		for (int k = 0; k < 2; k++) {
			*x = at + (k ? 1e-5 : -1e-5);
			side[k] = value(f, &o, &s);
		}
		*x = at;
		/* the steps differ from solve to solve, so by the tolerance */
		ck_assert_double_eq_tol((side[1] - side[0]) / 2e-5, g[i], 1e-4 * fmax(1, fabs(g[i])));
	}
	flow_free(f);
	graph_free(o.g);
}
END_TEST

static int no_increment(void *path, double t0, double t1, int n, const double *time, void *out, struct err *e)
{
	(void)path, (void)t0, (void)t1, (void)n, (void)time, (void)out, (void)e;
	return 0;
}

START_TEST(refusals)
{
	struct oscillators o;
	struct err e = { 0 };
	struct solve s = { .control = { .rtol = 1e-6, .atol = 1e-6 } };

	init(&o, DTYPE_F64, 1);
	struct flow *f = compile(&o, "kvaerno3", 1e-6, &e);
	set(&s, &o, 1);
	s.run.memory = FLOW_BACKSOLVE;
	ck_assert_int_eq(flow_forward(f, &s.run, &s.r, &e), -1);
	ck_assert_msg(strstr(e.message, "backsolve takes explicit methods"), "%s", e.message);
	flow_free(f);
	/* rows that are told of each other */
	o.coupled = true;
	e = (struct err){ 0 };
	f = compile(&o, "kvaerno3", 1e-6, &e);
	s.run.memory = FLOW_NONE;
	ck_assert_int_eq(flow_forward(f, &s.run, &s.r, &e), -1);
	ck_assert_msg(strstr(e.message, "rows of the state see each other"), "%s", e.message);
	flow_free(f);
	o.coupled = false;
	/* without an estimate of the error */
	e = (struct err){ 0 };
	f = compile(&o, "gl4", 1e-6, &e);
	ck_assert_int_eq(flow_forward(f, &s.run, &s.r, &e), -1);
	ck_assert_msg(strstr(e.message, "no error estimate"), "%s", e.message);
	flow_free(f);
	/* increments over whole steps */
	e = (struct err){ 0 };
	o.term.control = DIFFEQ_STEP;
	o.term.increment = no_increment;
	ck_assert_ptr_null(compile(&o, "gl4", 0, &e));
	ck_assert_msg(strstr(e.message, "is implicit"), "%s", e.message);
	graph_free(o.g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("implicit flows");
	TCase *t = tcase_create("implicit flows");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, like_plain);
	tcase_add_test(t, stiff);
	tcase_add_test(t, floats);
	tcase_add_test(t, event);
	tcase_add_test(t, refusals);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
