/* test_op_table.c: properties that every op of the table has to have, on the samples that come with it: derivatives of
 * first and second order against differences and against each other, float against double, one thread against two, a
 * whole plan against single nodes. The last test plants an error of 1 % in every rule and demands that it is found. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "graph/plan.h"
#include "op/op.h"
#include "table.h"

enum { ARGS = OP_SAMPLE_ARGS, MESSAGE = 1000 };

static struct tensor draw_like(const struct tensor *model, const char *purpose)
{
	struct op_sample s = { .in = { { .dtype = model->dtype, .shape = model->shape } } };

	return table_draw(&s, 0, model->dtype, purpose);
}

/* One op applied to its sample, with everything that is fed in. */
struct trial {
	const struct op_sample *s;
	struct graph *g;
	node x[ARGS], y, w;    /* arguments, result, cotangent */
	node v[ARGS], u[ARGS]; /* tangents */
	node in[3 * ARGS + 1]; /* all inputs */
	struct tensor at[3 * ARGS + 1];
	int n_in;
	char why[MESSAGE];
};

static node feed(struct trial *t, const char *name, struct tensor value)
{
	node n = graph_input(t->g, name, value.dtype, &value.shape);

	t->in[t->n_in] = n;
	t->at[t->n_in++] = value;
	return n;
}

static bool refuse(struct trial *t, const char *what, double a, double b)
{
	snprintf(t->why, sizeof t->why, "%s: %.17g and %.17g", what, a, b);
	return false;
}

static bool trial_open(struct trial *t, const struct op_class *op, const struct op_sample *s, enum dtype real)
{
	struct tensor model;

	*t = (struct trial){ .s = s, .g = graph_new(real) };
	for (int k = 0; k < s->n_args; k++)
		t->x[k] = feed(t, "x", table_draw(s, k, real, "value"));
	t->y = graph_apply(t->g, op, s->n_args, t->x, s->attr);
	if (!graph_error(t->g)) {
		model = (struct tensor){ .dtype = graph_dtype(t->g, t->y), .shape = graph_shape(t->g, t->y) };
		if (model.dtype != DTYPE_I32)
			t->w = feed(t, "w", draw_like(&model, "cotangent"));
		for (int k = 0; k < s->n_args; k++) {
			if (!table_active(s, k))
				continue;
			t->v[k] = feed(t, "v", table_draw(s, k, real, "tangent"));
			t->u[k] = feed(t, "u", table_draw(s, k, real, "other tangent"));
		}
		if (graph_at(t->g, t->y)->op != op)
			snprintf(t->why, sizeof t->why, "simplified to %s: the sample tests nothing",
				 graph_at(t->g, t->y)->op->name);
	} else {
		snprintf(t->why, sizeof t->why, "%s", graph_error(t->g)->message);
	}
	return t->why[0] == '\0';
}

static void trial_close(struct trial *t)
{
	for (int i = 0; i < t->n_in; i++)
		tensor_free(&t->at[i]);
	graph_free(t->g);
}

static bool evaluate(struct trial *t, int n_out, const node *out, struct tensor *value)
{
	struct err e = { 0 };

	if (plan_eval(t->g, t->n_in, t->in, t->at, n_out, out, value, &e) == 0)
		return true;
	snprintf(t->why, sizeof t->why, "%s", e.message);
	return false;
}

static int place(const struct trial *t, node n)
{
	for (int i = 0; i < t->n_in; i++)
		if (node_same(t->in[i], n))
			return i;
	return -1;
}

static node dot(struct graph *g, node a, node b)
{
	return op_sum_all(g, op_mul(g, op_cast(g, a, DTYPE_F64), op_cast(g, b, DTYPE_F64)));
}

static double norm(const struct tensor *t)
{
	double s = 0;

	for (int64_t i = 0; i < shape_count(&t->shape); i++)
		s += tensor_get(t, i) * tensor_get(t, i);
	return sqrt(s);
}

/* ---- derivatives ---- */

/* d/ds f(x_k + s along) at s = 0 by the central difference of fourth order; f a scalar node. Results in float are
 * linear in their arguments here (cast): a wide step keeps the rounding down. */
static bool difference(struct trial *t, struct plan *p, int output, int k, node along, double *slope)
{
	static const double place_of[4] = { 1, -1, 2, -2 }, weight[4] = { 8, -8, -1, 1 };
	double h = graph_dtype(t->g, t->y) == DTYPE_F32 ? 0.25 : 1e-4;
	struct tensor *x = &t->at[place(t, t->x[k])], *d = &t->at[place(t, along)];
	struct tensor start = tensor_copy(x);
	struct err e = { 0 };
	bool ok = true;

	*slope = 0;
	for (int i = 0; i < 4 && ok; i++) {
		struct tensor f;

		for (int64_t j = 0; j < shape_count(&x->shape); j++)
			tensor_set(x, j, tensor_get(&start, j) + place_of[i] * h * tensor_get(d, j));
		ok = plan_run(p, &e) == 0;
		f = plan_out(p, output);
		*slope += weight[i] * tensor_get(&f, 0) / (12 * h);
	}
	for (int64_t j = 0; j < shape_count(&x->shape); j++)
		tensor_set(x, j, tensor_get(&start, j));
	tensor_free(&start);
	if (!ok)
		snprintf(t->why, sizeof t->why, "%s", e.message);
	return ok;
}

static bool near_to(double a, double b, double tolerance, double scale)
{
	return fabs(a - b) <= tolerance * scale + 1e-300;
}

/* Value of a scalar node at the sample; NODE_NONE is zero. */
static bool scalar(struct trial *t, node n, double *value)
{
	struct tensor out;

	*value = 0;
	if (!node_is(n))
		return !graph_error(t->g);
	if (!evaluate(t, 1, &n, &out))
		return false;
	*value = tensor_get(&out, 0);
	tensor_free(&out);
	return true;
}

static bool size_of(struct trial *t, node n, double *size)
{
	struct tensor out;

	*size = 0;
	if (!node_is(n))
		return true;
	if (!evaluate(t, 1, &n, &out))
		return false;
	*size = norm(&out);
	tensor_free(&out);
	return true;
}

/* Second derivatives of <w, f>: along v in argument k and along u in argument j, four ways. */
static bool second(struct trial *t, int k, node grad, node tangent, double tolerance)
{
	struct graph *g = t->g;
	node slope = dot(g, grad, t->v[k]), forward = dot(g, t->w, tangent);
	struct err e = { 0 };
	struct plan *p = plan_new(g, 1, &slope, &e);
	bool ok = p != NULL;

	for (int i = 0; ok && i < t->n_in; i++)
		plan_bind(p, t->in[i], t->at[i].data);
	for (int j = 0; ok && j < t->s->n_args; j++) {
		node one = graph_scalar(g, 1), h, h_forward, change;
		double reverse, reverse_forward, forward_reverse, differences = 0, size = 0, step = 0;

		if (!table_active(t->s, j))
			continue;
		graph_vjp(g, 1, &slope, &one, 1, &t->x[j], &h);
		graph_vjp(g, 1, &forward, &one, 1, &t->x[j], &h_forward);
		graph_jvp(g, 1, &t->x[j], &t->u[j], 1, &grad, &change);
		ok = scalar(t, node_is(h) ? dot(g, h, t->u[j]) : h, &reverse) &&
		     scalar(t, node_is(h_forward) ? dot(g, h_forward, t->u[j]) : h_forward, &reverse_forward) &&
		     scalar(t, node_is(change) ? dot(g, change, t->v[k]) : change, &forward_reverse) &&
		     difference(t, p, 0, j, t->u[j], &differences) && size_of(t, h, &size) &&
		     size_of(t, t->u[j], &step);
		/* Where the second derivative vanishes differences leave the rounding of the first one. */
		size = size * step + 1e-4;
		if (ok && !near_to(reverse, differences, tolerance, size))
			ok = refuse(t, "second derivative and differences of the first", reverse, differences);
		if (ok && !near_to(reverse, reverse_forward, 1e-10, size))
			ok = refuse(t, "vjp of vjp and vjp of jvp", reverse, reverse_forward);
		if (ok && !near_to(reverse, forward_reverse, 1e-10, size))
			ok = refuse(t, "vjp of vjp and jvp of vjp", reverse, forward_reverse);
	}
	plan_free(p);
	return ok;
}

/* All derivative properties of one op on one sample, in double; t->why says what failed. */
static bool derivatives(struct trial *t)
{
	struct graph *g = t->g;
	double tolerance = t->s->tolerance > 0 ? t->s->tolerance : 1e-6;
	struct err e = { 0 };
	struct plan *p;
	node f;
	bool ok;

	if (graph_dtype(g, t->y) == DTYPE_I32)
		return true;
	f = dot(g, t->w, t->y);
	p = plan_new(g, 1, &f, &e);
	ok = p != NULL;
	for (int i = 0; ok && i < t->n_in; i++)
		plan_bind(p, t->in[i], t->at[i].data);
	for (int k = 0; ok && k < t->s->n_args; k++) {
		node grad, tangent;
		double slope, forward, differences = 0, size = 0, step = 0;

		if (!table_active(t->s, k))
			continue;
		graph_vjp(g, 1, &t->y, &t->w, 1, &t->x[k], &grad);
		graph_jvp(g, 1, &t->x[k], &t->v[k], 1, &t->y, &tangent);
		if (graph_error(g)) {
			snprintf(t->why, sizeof t->why, "%s", graph_error(g)->message);
			ok = false;
			break;
		}
		ok = scalar(t, node_is(grad) ? dot(g, grad, t->v[k]) : grad, &slope) &&
		     scalar(t, node_is(tangent) ? dot(g, t->w, tangent) : tangent, &forward) &&
		     difference(t, p, 0, k, t->v[k], &differences) && size_of(t, grad, &size) &&
		     size_of(t, t->v[k], &step);
		if (ok && !near_to(slope, differences, tolerance, size * step + 1e-4) &&
		    strcmp(graph_at(g, t->y)->op->name, "stop_gradient") != 0)
			ok = refuse(t, "vjp and differences", slope, differences);
		if (ok && !near_to(slope, forward, graph_dtype(g, t->y) == DTYPE_F32 ? 1e-6 : 1e-12, size * step))
			ok = refuse(t, "vjp and jvp", slope, forward);
		if (ok && node_is(grad) && node_is(tangent))
			ok = second(t, k, grad, tangent, tolerance);
	}
	if (ok && graph_error(g)) {
		snprintf(t->why, sizeof t->why, "%s", graph_error(g)->message);
		ok = false;
	}
	plan_free(p);
	return ok;
}

START_TEST(derivatives_agree)
{
	const struct op_class *op = table_op(_i);

	for (int i = 0; i < op->n_samples; i++) {
		struct trial t;

		ck_assert_msg(trial_open(&t, op, &op->samples[i], DTYPE_F64) && derivatives(&t), "%s, sample %d: %s",
			      op->name, i, t.why);
		trial_close(&t);
	}
	ck_assert_msg(op->n_samples > 0, "%s has no samples", op->name);
}
END_TEST

/* ---- an error of 1 % in one rule for one argument ---- */

static const struct op_class *right;
static int planted_argument;
static bool planted;

static node wrong_vjp(struct graph *g, node self, int k, node t)
{
	node n = right->vjp(g, self, k, t);

	planted = planted || (k == planted_argument && node_is(n));
	return k == planted_argument && node_is(n) ? op_scale(g, n, 1.01) : n;
}

static node wrong_jvp(struct graph *g, node self, int k, node t)
{
	node n = right->jvp(g, self, k, t);

	planted = planted || (k == planted_argument && node_is(n));
	return k == planted_argument && node_is(n) ? op_scale(g, n, 1.01) : n;
}

static bool found(const struct op_class *wrong)
{
	for (int i = 0; i < wrong->n_samples; i++) {
		struct trial t;
		bool ok = trial_open(&t, wrong, &wrong->samples[i], DTYPE_F64) && derivatives(&t);

		trial_close(&t);
		if (!ok)
			return true;
	}
	return false;
}

START_TEST(planted_errors_are_found)
{
	const struct op_class *op = table_op(_i);

	right = op;
	for (planted_argument = 0; planted_argument < ARGS; planted_argument++) {
		struct op_class wrong = *op;

		planted = false;
		if (op->vjp) {
			wrong.vjp = wrong_vjp;
			ck_assert_msg(found(&wrong) || !planted, "%s: wrong vjp for argument %d is not noticed",
				      op->name, planted_argument);
		}
		ck_assert_msg(op->vjp == NULL || planted_argument > 0 || planted || op->arity != 1,
			      "%s: the vjp is never asked", op->name);
		wrong = *op;
		planted = false;
		if (op->jvp) {
			wrong.jvp = wrong_jvp;
			ck_assert_msg(found(&wrong) || !planted, "%s: wrong jvp for argument %d is not noticed",
				      op->name, planted_argument);
		}
	}
}
END_TEST

/* ---- kernels ---- */

/* The result and the gradients of <w, y>. */
static int outputs(struct trial *t, node *out)
{
	int n = 0;

	out[n++] = t->y;
	if (graph_dtype(t->g, t->y) == DTYPE_I32)
		return n;
	for (int k = 0; k < t->s->n_args; k++) {
		node grad;

		if (!table_active(t->s, k))
			continue;
		graph_vjp(t->g, 1, &t->y, &t->w, 1, &t->x[k], &grad);
		if (node_is(grad))
			out[n++] = grad;
	}
	return n;
}

START_TEST(float_is_near_double)
{
	const struct op_class *op = table_op(_i);

	for (int i = 0; i < op->n_samples; i++) {
		struct trial t[2];
		struct tensor value[2][ARGS + 1];
		node out[2][ARGS + 1];
		int n[2];

		for (int k = 0; k < 2; k++) {
			bool ok = trial_open(&t[k], op, &op->samples[i], k == 0 ? DTYPE_F64 : DTYPE_F32);

			/* The cast to float is none there. */
			if (!ok && k == 1 && strcmp(op->name, "cast") == 0 && !graph_error(t[k].g))
				ok = true;
			n[k] = outputs(&t[k], out[k]);
			ck_assert_msg(ok && evaluate(&t[k], n[k], out[k], value[k]), "%s, sample %d: %s", op->name, i,
				      t[k].why);
		}
		ck_assert_int_eq(n[0], n[1]);
		for (int k = 0; k < n[0]; k++) {
			double largest = 0, tolerance = op->samples[i].tolerance > 1e-5 ? 1e-2 : 1e-4;

			for (int64_t j = 0; j < shape_count(&value[0][k].shape); j++)
				largest = fmax(largest, fabs(tensor_get(&value[0][k], j)));
			for (int64_t j = 0; j < shape_count(&value[0][k].shape); j++) {
				double d = tensor_get(&value[0][k], j), s = tensor_get(&value[1][k], j);

				ck_assert_msg(strncmp(op->name, "random", 6) == 0 || fabs(d - s) <= tolerance * largest,
					      "%s, sample %d, output %d: %g in double, %g in float", op->name, i, k, d,
					      s);
			}
			tensor_free(&value[0][k]);
			tensor_free(&value[1][k]);
		}
		trial_close(&t[0]);
		trial_close(&t[1]);
	}
}
END_TEST

START_TEST(threads_change_nothing)
{
	const struct op_class *op = table_op(_i);

	for (int i = 0; i < op->n_samples; i++) {
		struct tensor value[2][ARGS + 1];
		node out[ARGS + 1];
		struct trial t;
		int n;

		ck_assert(trial_open(&t, op, &op->samples[i], DTYPE_F32) || !graph_error(t.g));
		n = outputs(&t, out);
		for (int k = 0; k < 2; k++) {
			pool_set_threads(k + 1);
			ck_assert_msg(evaluate(&t, n, out, value[k]), "%s: %s", op->name, t.why);
		}
		for (int k = 0; k < n; k++) {
			ck_assert_msg(memcmp(value[0][k].data, value[1][k].data, tensor_bytes(&value[0][k])) == 0,
				      "%s, sample %d, output %d differs with two threads", op->name, i, k);
			tensor_free(&value[0][k]);
			tensor_free(&value[1][k]);
		}
		trial_close(&t);
	}
	pool_stop();
}
END_TEST

/* In a plan between elementwise neighbours (which change nothing, and give y^2 + y) as alone. */
START_TEST(plans_change_nothing)
{
	const struct op_class *op = table_op(_i);

	for (int i = 0; i < op->n_samples; i++) {
		const struct op_sample *s = &op->samples[i];
		node before[ARGS], after[2];
		struct tensor alone, value[2];
		double largest = 0;
		struct trial t;

		ck_assert(trial_open(&t, op, s, DTYPE_F64));
		for (int k = 0; k < s->n_args; k++)
			before[k] =
				s->in[k].dtype == DTYPE_I32 ? t.x[k] : op_max(t.g, t.x[k], op_shift(t.g, t.x[k], -1));
		after[0] = graph_apply(t.g, op, s->n_args, before, s->attr);
		if (graph_dtype(t.g, after[0]) != DTYPE_I32)
			after[0] = op_add(t.g, op_square(t.g, after[0]), after[0]);
		after[1] = after[0];
		ck_assert_msg(evaluate(&t, 1, &t.y, &alone) && evaluate(&t, 2, after, value), "%s, sample %d: %s",
			      op->name, i, t.why);
		for (int64_t j = 0; j < shape_count(&alone.shape); j++)
			largest = fmax(largest, fabs(tensor_get(&alone, j)));
		for (int64_t j = 0; j < shape_count(&alone.shape); j++) {
			double y = tensor_get(&alone, j), expected = alone.dtype == DTYPE_I32 ? y : y * y + y;
			double eps = alone.dtype == DTYPE_F32 ? 1e-6 : 1e-13;

			ck_assert_msg(fabs(tensor_get(&value[0], j) - expected) <= eps * largest * (1 + largest),
				      "%s, sample %d, element %d: %.17g alone, %.17g in a plan", op->name, i, (int)j,
				      expected, tensor_get(&value[0], j));
		}
		tensor_free(&alone);
		tensor_free(&value[0]);
		tensor_free(&value[1]);
		trial_close(&t);
	}
}
END_TEST

START_TEST(names_are_unique)
{
	for (int i = 0; table_op(i); i++) {
		ck_assert_ptr_nonnull(table_op(i)->name);
		ck_assert_ptr_nonnull(table_op(i)->help);
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(table_op(i)->name, table_op(k)->name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("op table");
	TCase *tests = tcase_create("properties");
	SRunner *runner;
	int failed, n = 0;

	while (table_op(n))
		n++;
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, names_are_unique);
	tcase_add_loop_test(tests, derivatives_agree, 0, n);
	tcase_add_loop_test(tests, planted_errors_are_found, 0, n);
	tcase_add_loop_test(tests, float_is_near_double, 0, n);
	tcase_add_loop_test(tests, threads_change_nothing, 0, n);
	tcase_add_loop_test(tests, plans_change_nothing, 0, n);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
