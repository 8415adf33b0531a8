/* test_optim.c: optimisers against their formulas, on functions with known minima, and resumed from copied state. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optim/optim.h"

enum { N = 2 };

/* Rosenbrock's function, minimum 0 at (1, 1). */
struct problem {
	struct params p, g;
	int evaluations;
	double scale[N]; /* quadratic: sum scale x^2 / 2, when set */
};

static int evaluate(void *context, double *loss, struct err *e)
{
	struct problem *q = context;
	double *x = q->p.at[0].value.data, *g = q->g.at[0].value.data;

	(void)e;
	q->evaluations++;
	if (q->scale[0] > 0) {
		*loss = 0;
		for (int i = 0; i < N; i++) {
			*loss += 0.5 * q->scale[i] * x[i] * x[i];
			g[i] = q->scale[i] * x[i];
		}
		return 0;
	}
	double a = 1 - x[0], b = x[1] - x[0] * x[0];
	*loss = a * a + 100 * b * b;
	g[0] = -2 * a - 400 * x[0] * b;
	g[1] = 200 * b;
	return 0;
}

static void setup(struct problem *q, double x0, double x1)
{
	struct param proto = { .name = (char[]){ "x" },
			       .value = { .dtype = DTYPE_F64, .shape = shape_of(N) },
			       .lr_multiplier = 1 };

	memset(q, 0, sizeof *q);
	params_add(&q->p, &proto);
	q->g = params_like(&q->p);
	double *x = q->p.at[0].value.data;
	x[0] = x0;
	x[1] = x1;
}

static void teardown(struct problem *q)
{
	params_free(&q->p);
	params_free(&q->g);
}

/* Default configuration of a member, through its own key table. */
static void *defaults(const struct optim_class *c, const char *text)
{
	struct conf *f = conf_new();
	void *config = calloc(1, c->config_size);
	struct err e = { 0 };

	if (text)
		ck_assert_msg(conf_load_text(f, text, "test", &e) == 0, "%s", e.message);
	struct cfg *r = cfg_new(f);
	cfg_section(r, "optim", 1, &(struct key_table){ c->keys, config });
	ck_assert_msg(cfg_done(r, &e) == 0, "%s", e.message);
	cfg_free(r);
	conf_free(f);
	return config;
}

/* Kingma & Ba, algorithm 1, in plain scalars; decay added to the gradient or taken off the weight. */
static void adam_by_hand(double *x, const double *scale, int steps, double lr, double coupled, double decoupled)
{
	double m[N] = { 0 }, v[N] = { 0 };

	for (int t = 1; t <= steps; t++)
		for (int i = 0; i < N; i++) {
			double g = scale[i] * x[i] + coupled * x[i];

			m[i] = 0.9 * m[i] + 0.1 * g;
			v[i] = 0.999 * v[i] + 0.001 * g * g;
			x[i] -= lr * decoupled * x[i] +
				lr * (m[i] / (1 - pow(0.9, t))) / (sqrt(v[i] / (1 - pow(0.999, t))) + 1e-8);
		}
}

START_TEST(adam_follows_its_formula)
{
	static const struct {
		const char *name;
		double coupled, decoupled;
	} cases[] = { { "adam", 0.3, 0 }, { "adamw", 0, 0.3 } };
	struct err e = { 0 };

	for (int k = 0; k < 2; k++) {
		struct problem q;
		struct optim o;
		const struct optim_class *c = optim_find(cases[k].name);
		void *config = defaults(c, "optim: {weight_decay: 0.3}");
		double want[N] = { 1.5, -0.7 }, loss;

		setup(&q, 1.5, -0.7);
		q.scale[0] = 1;
		q.scale[1] = 10;
		ck_assert_int_eq(optim_new(&o, c, config, &q.p, &q.g, evaluate, &q, &e), 0);
		for (int t = 0; t < 25; t++)
			ck_assert_int_eq(c->step(&o, 0.01, &loss, &e), 0);
		adam_by_hand(want, q.scale, 25, 0.01, cases[k].coupled, cases[k].decoupled);
		const double *x = q.p.at[0].value.data;
		for (int i = 0; i < N; i++)
			ck_assert_double_eq_tol(x[i], want[i], 1e-13);
		optim_free(&o);
		teardown(&q);
		free(config);
	}
}
END_TEST

/* One coordinate after its paper, in plain scalars; state u, v. */
static double scaled_by_hand(int method, int t, double g, double *u, double *v)
{
	double move;

	switch (method) {
	case 0: /* rmsprop */
		*v = 0.99 * *v + 0.01 * g * g;
		return g / (sqrt(*v) + 1e-8);
	case 1: /* adadelta */
		*v = 0.9 * *v + 0.1 * g * g;
		move = sqrt(*u + 1e-6) / sqrt(*v + 1e-6) * g;
		*u = 0.9 * *u + 0.1 * move * move;
		return move;
	default: /* adabelief */
		*u = 0.9 * *u + 0.1 * g;
		*v = 0.999 * *v + 0.001 * (g - *u) * (g - *u) + 1e-16;
		return *u / (1 - pow(0.9, t)) / (sqrt(*v / (1 - pow(0.999, t))) + 1e-16);
	}
}

START_TEST(scaled_steps_follow_their_formulas)
{
	static const char *const names[] = { "rmsprop", "adadelta", "adabelief" };
	const struct optim_class *c = optim_find(names[_i]);
	void *config = defaults(c, "optim: {weight_decay: 0.3}");
	double want[N] = { 1.5, -0.7 }, u[N] = { 0 }, v[N] = { 0 }, loss;
	struct problem q;
	struct optim o;
	struct err e = { 0 };

	setup(&q, 1.5, -0.7);
	q.scale[0] = 1;
	q.scale[1] = 10;
	q.p.at[0].lr_multiplier = 2;
	ck_assert_int_eq(optim_new(&o, c, config, &q.p, &q.g, evaluate, &q, &e), 0);
	for (int t = 1; t <= 25; t++) {
		ck_assert_int_eq(c->step(&o, 0.01, &loss, &e), 0);
		for (int i = 0; i < N; i++)
			want[i] -= 0.02 * scaled_by_hand(_i, t, (q.scale[i] + 0.3) * want[i], &u[i], &v[i]);
	}
	for (int i = 0; i < N; i++)
		ck_assert_double_eq_tol(((double *)q.p.at[0].value.data)[i], want[i], 1e-13);
	optim_free(&o);
	teardown(&q);
	free(config);
}
END_TEST

START_TEST(sgd_momentum_follows_its_formula)
{
	struct problem q;
	struct optim o;
	struct err e = { 0 };
	const struct optim_class *c = optim_find("sgd");
	void *config = defaults(c, NULL);
	double w[N] = { 1, 2 }, v[N] = { 0 }, loss;

	setup(&q, 1, 2);
	q.scale[0] = 1;
	q.scale[1] = 3;
	ck_assert_int_eq(optim_new(&o, c, config, &q.p, &q.g, evaluate, &q, &e), 0);
	for (int t = 0; t < 10; t++) {
		ck_assert_int_eq(c->step(&o, 0.05, &loss, &e), 0);
		for (int i = 0; i < N; i++) {
			v[i] = 0.9 * v[i] + q.scale[i] * w[i];
			w[i] -= 0.05 * v[i];
		}
	}
	for (int i = 0; i < N; i++)
		ck_assert_double_eq_tol(((double *)q.p.at[0].value.data)[i], w[i], 1e-14);
	optim_free(&o);
	teardown(&q);
	free(config);
}
END_TEST

START_TEST(lbfgs_solves_rosenbrock)
{
	struct problem q;
	struct optim o;
	struct err e = { 0 };
	const struct optim_class *c = optim_find("lbfgs");
	void *config = defaults(c, NULL);
	double loss = 1;
	int t;

	setup(&q, -1.2, 1);
	ck_assert_int_eq(optim_new(&o, c, config, &q.p, &q.g, evaluate, &q, &e), 0);
	for (t = 0; t < 60 && loss > 1e-20; t++)
		ck_assert_int_eq(c->step(&o, 1, &loss, &e), 0);
	const double *x = q.p.at[0].value.data;
	ck_assert_msg(fabs(x[0] - 1) < 1e-8 && fabs(x[1] - 1) < 1e-8, "x = %.12g %.12g after %d steps, %d evaluations",
		      x[0], x[1], t, q.evaluations);
	ck_assert_int_lt(t, 60);
	optim_free(&o);
	teardown(&q);
	free(config);
}
END_TEST

static const char *const whole[] = { "optim: {method: bfgs}", "optim: {method: ssbfgs}", "optim: {method: ssbroyden}" };

START_TEST(whole_matrices_solve_rosenbrock)
{
	struct problem q;
	struct optim o;
	struct err e = { 0 };
	const struct optim_class *c = optim_find("quasi_newton");
	void *config = defaults(c, whole[_i]);
	double loss = 1;
	int t;

	setup(&q, -1.2, 1);
	ck_assert_int_eq(optim_new(&o, c, config, &q.p, &q.g, evaluate, &q, &e), 0);
	for (t = 0; t < 80 && loss > 1e-20; t++)
		ck_assert_int_eq(c->step(&o, 1, &loss, &e), 0);
	const double *x = q.p.at[0].value.data;
	ck_assert_msg(fabs(x[0] - 1) < 1e-8 && fabs(x[1] - 1) < 1e-8, "x = %.12g %.12g after %d steps, %d evaluations",
		      x[0], x[1], t, q.evaluations);
	ck_assert_int_lt(t, 80);
	optim_free(&o);
	teardown(&q);
	free(config);
}
END_TEST

/* Every update of Broyden's family keeps the secant equation H y = s and, with y.s > 0, a positive matrix; and what is
 * kept as H g is that. */
START_TEST(whole_matrices_keep_the_secant_equation)
{
	struct problem q;
	struct optim o;
	struct err e = { 0 };
	const struct optim_class *c = optim_find("quasi_newton");
	void *config = defaults(c, whole[_i]);
	double loss;

	setup(&q, -1.2, 1);
	ck_assert_int_eq(optim_new(&o, c, config, &q.p, &q.g, evaluate, &q, &e), 0);
	for (int t = 0; t < 12; t++) {
		const double *h = o.state.at[0].value.data, *g = o.state.at[1].value.data,
			     *hg = o.state.at[2].value.data;
		const double *x = q.p.at[0].value.data, x0 = x[0], x1 = x[1];
		double g0[N] = { g[0], g[1] };

		if (t == 0) {
			evaluate(&q, &loss, &e);
			memcpy(g0, q.g.at[0].value.data, sizeof g0);
		}
		ck_assert_int_eq(c->step(&o, 1, &loss, &e), 0);
		const double s[N] = { x[0] - x0, x[1] - x1 }, y[N] = { g[0] - g0[0], g[1] - g0[1] };
		ck_assert_double_eq_tol(h[0] * y[0] + h[1] * y[1], s[0], 1e-10 * (1 + fabs(s[0])));
		ck_assert_double_eq_tol(h[1] * y[0] + h[2] * y[1], s[1], 1e-10 * (1 + fabs(s[1])));
		ck_assert_double_eq_tol(h[0] * g[0] + h[1] * g[1], hg[0], 1e-10 * (1 + fabs(hg[0])));
		ck_assert_double_eq_tol(h[1] * g[0] + h[2] * g[1], hg[1], 1e-10 * (1 + fabs(hg[1])));
		ck_assert(h[0] > 0 && h[0] * h[2] > h[1] * h[1]);
	}
	optim_free(&o);
	teardown(&q);
	free(config);
}
END_TEST

/* The first steps of both are Adam's; a changed loss is asked for anew. */
START_TEST(adam_goes_before)
{
	static const char *const names[] = { "lbfgs", "quasi_newton" };
	struct err e = { 0 };

	for (int k = 0; k < 2; k++) {
		struct problem q;
		struct optim o;
		const struct optim_class *c = optim_find(names[k]);
		void *config = defaults(c, "optim: {adam: 25, adam_lr: 0.1}");
		double want[N] = { 1.5, -0.7 }, loss;

		setup(&q, 1.5, -0.7);
		q.scale[0] = 1;
		q.scale[1] = 10;
		ck_assert_int_eq(optim_new(&o, c, config, &q.p, &q.g, evaluate, &q, &e), 0);
		for (int t = 0; t < 25; t++)
			ck_assert_int_eq(c->step(&o, 0.1, &loss, &e), 0);
		adam_by_hand(want, q.scale, 25, 0.01, 0, 0);
		for (int i = 0; i < N; i++)
			ck_assert_double_eq_tol(((double *)q.p.at[0].value.data)[i], want[i], 1e-13);
		ck_assert_int_eq(c->step(&o, 1, &loss, &e), 0);
		q.scale[0] = 100;
		c->changed(&o);
		const double *x = q.p.at[0].value.data, value = 0.5 * (100 * x[0] * x[0] + 10 * x[1] * x[1]);
		ck_assert_int_eq(c->step(&o, 1, &loss, &e), 0);
		ck_assert_double_eq_tol(loss, value, 1e-12 * value);
		optim_free(&o);
		teardown(&q);
		free(config);
	}
}
END_TEST

/* State copied after some steps goes on like the original, bit for bit. */
START_TEST(every_optimiser_resumes)
{
	struct err e = { 0 };

	for (int f = 0; optim_files[f]; f++)
		for (int k = 0; optim_files[f][k]; k++) {
			const struct optim_class *c = optim_files[f][k];
			void *config = defaults(c, NULL);
			struct problem a, b;
			struct optim oa, ob;
			double loss, lr = strcmp(c->name, "sgd") == 0 ? 1e-4 : 1e-2;

			if (strcmp(c->name, "lbfgs") == 0 || strcmp(c->name, "quasi_newton") == 0)
				lr = 1;
			setup(&a, -1.2, 1);
			setup(&b, 0, 0);
			ck_assert_int_eq(optim_new(&oa, c, config, &a.p, &a.g, evaluate, &a, &e), 0);
			ck_assert_int_eq(optim_new(&ob, c, config, &b.p, &b.g, evaluate, &b, &e), 0);
			for (int t = 0; t < 7; t++)
				ck_assert_int_eq(c->step(&oa, lr, &loss, &e), 0);
			memcpy(b.p.at[0].value.data, a.p.at[0].value.data, tensor_bytes(&a.p.at[0].value));
			ob.t = oa.t;
			for (int i = 0; i < oa.state.n; i++)
				memcpy(ob.state.at[i].value.data, oa.state.at[i].value.data,
				       tensor_bytes(&oa.state.at[i].value));
			for (int t = 0; t < 9; t++) {
				c->step(&oa, lr, &loss, &e);
				c->step(&ob, lr, &loss, &e);
			}
			ck_assert_msg(memcmp(a.p.at[0].value.data, b.p.at[0].value.data, N * sizeof(double)) == 0, "%s",
				      c->name);
			optim_free(&oa);
			optim_free(&ob);
			teardown(&a);
			teardown(&b);
			free(config);
		}
}
END_TEST

START_TEST(schedules)
{
	struct schedule s = { SCHEDULE_COSINE, 2, 0.5, 10, 0, 0 };

	ck_assert_double_eq_tol(schedule_lr(&s, 0, 100, 5, 1), 2, 1e-15);
	ck_assert_double_eq_tol(schedule_lr(&s, 50, 100, 5, 1), 1, 1e-15);
	ck_assert_double_lt(schedule_lr(&s, 99, 100, 5, 1), 1e-3);
	s.kind = SCHEDULE_STEP;
	ck_assert_double_eq(schedule_lr(&s, 49, 100, 5, 1), 2);
	ck_assert_double_eq(schedule_lr(&s, 50, 100, 5, 1), 1);
	s.kind = SCHEDULE_PLATEAU;
	ck_assert_double_eq(schedule_lr(&s, 3, 100, 5, 0.25), 0.5);
	s.kind = SCHEDULE_ONE_CYCLE;
	ck_assert_double_eq_tol(schedule_lr(&s, 30, 100, 5, 1), 2, 1e-12);
	ck_assert_double_eq_tol(schedule_lr(&s, 0, 100, 5, 1), 2.0 / 25, 1e-15);
	s.kind = SCHEDULE_CONSTANT;
	s.warmup = 0.1;
	ck_assert_double_eq_tol(schedule_lr(&s, 4, 100, 5, 1), 1, 1e-15);
	ck_assert_double_eq(schedule_lr(&s, 10, 100, 5, 1), 2);
}
END_TEST

START_TEST(norm_scale_average)
{
	struct problem q;

	setup(&q, 3, 4);
	ck_assert_double_eq_tol(optim_gradient_norm(&q.p), 5, 1e-15);
	optim_scale_gradient(&q.p, 0.5);
	ck_assert_double_eq(((double *)q.p.at[0].value.data)[1], 2);
	struct params a = params_copy(&q.p);
	optim_scale_gradient(&q.p, 3);
	optim_average(&a, &q.p, 0.75);
	ck_assert_double_eq_tol(((double *)a.at[0].value.data)[1], 0.75 * 2 + 0.25 * 6, 1e-15);
	params_free(&a);
	teardown(&q);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("optim");
	TCase *c = tcase_create("optim");

	tcase_add_test(c, adam_follows_its_formula);
	tcase_add_loop_test(c, scaled_steps_follow_their_formulas, 0, 3);
	tcase_add_test(c, sgd_momentum_follows_its_formula);
	tcase_add_test(c, lbfgs_solves_rosenbrock);
	tcase_add_loop_test(c, whole_matrices_solve_rosenbrock, 0, 3);
	tcase_add_loop_test(c, whole_matrices_keep_the_secant_equation, 0, 3);
	tcase_add_test(c, adam_goes_before);
	tcase_add_test(c, every_optimiser_resumes);
	tcase_add_test(c, schedules);
	tcase_add_test(c, norm_scale_average);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
