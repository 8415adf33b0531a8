/* evaluate.c: see evaluate.h. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "evaluate.h"

struct feed feed_new(enum dtype t)
{
	return (struct feed){ .g = graph_new(t) };
}

void feed_free(struct feed *f)
{
	for (int i = 0; i < f->n; i++)
		tensor_free(&f->value[i]);
	graph_free(f->g);
	memset(f, 0, sizeof *f);
}

struct tensor random_tensor(enum dtype t, const char *name, const struct shape *s)
{
	struct tensor a = tensor_new(t, s);
	struct rng r = rng_stream(11, name, 0, 0);

	for (int64_t i = 0; i < shape_count(s); i++)
		tensor_set(&a, i, 2 * rng_uniform_at(r, (uint64_t)i) - 1);
	return a;
}

node feed_value(struct feed *f, const char *name, struct tensor value)
{
	ck_assert_int_lt(f->n, FEED_MAX);
	f->value[f->n] = value;
	f->in[f->n] = graph_input(f->g, name, value.dtype, &value.shape);
	return f->in[f->n++];
}

node feed_random(struct feed *f, const char *name, const struct shape *s)
{
	return feed_value(f, name, random_tensor(graph_real(f->g), name, s));
}

struct tensor feed_run(struct feed *f, node n)
{
	struct tensor value;
	struct err e = { 0 };

	ck_assert_msg(graph_error(f->g) == NULL, "%s", graph_error(f->g) ? graph_error(f->g)->message : "");
	ck_assert_msg(plan_eval(f->g, f->n, f->in, f->value, 1, &n, &value, &e) == 0, "%s", e.message);
	return value;
}

double feed_number(struct feed *f, node n)
{
	struct tensor t = feed_run(f, n);
	double value = tensor_get(&t, 0);

	ck_assert_int_eq(shape_count(&t.shape), 1);
	tensor_free(&t);
	return value;
}

double tensor_dot(const struct tensor *a, const struct tensor *b)
{
	double sum = 0;

	ck_assert(shape_equal(&a->shape, &b->shape));
	for (int64_t i = 0; i < shape_count(&a->shape); i++)
		sum += tensor_get(a, i) * tensor_get(b, i);
	return sum;
}

double tensor_distance(const struct tensor *a, const struct tensor *b)
{
	double worst = 0, top = 0;

	ck_assert(shape_equal(&a->shape, &b->shape));
	for (int64_t i = 0; i < shape_count(&a->shape); i++) {
		double d = fabs(tensor_get(a, i) - tensor_get(b, i));

		if (!(d <= worst))
			worst = d;
		top = fmax(top, fabs(tensor_get(b, i)));
	}
	return worst / (top > 0 ? top : 1);
}

double linear_error(struct feed *f, node x, node out)
{
	ck_assert_msg(graph_error(f->g) == NULL, "%s", graph_error(f->g) ? graph_error(f->g)->message : "");
	struct shape s = graph_shape(f->g, out);
	node t = feed_random(f, "cotangent", &s), gradient, tangent;

	ck_assert_int_eq(graph_vjp(f->g, 1, &out, &t, 1, &x, &gradient), 0);
	ck_assert_int_eq(graph_jvp(f->g, 1, &x, &x, 1, &out, &tangent), 0);
	struct tensor at = feed_run(f, t), ax = feed_run(f, x), y = feed_run(f, out);
	struct tensor back = feed_run(f, gradient), forth = feed_run(f, tangent);
	double left = tensor_dot(&at, &y), right = tensor_dot(&back, &ax), scale = 0;

	for (int64_t i = 0; i < shape_count(&s); i++)
		scale += fabs(tensor_get(&at, i) * tensor_get(&y, i));
	double error = fmax(fabs(left - right) / fmax(scale, 1e-300), tensor_distance(&forth, &y));

	tensor_free(&at);
	tensor_free(&ax);
	tensor_free(&y);
	tensor_free(&back);
	tensor_free(&forth);
	return error;
}
