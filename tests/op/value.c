/* value.c: see value.h. */
#include "value.h"

#include <check.h>
#include <math.h>
#include <stdio.h>

#include "base/pool.h"
#include "base/rng.h"

enum { INPUTS = 8 };

struct tensor value_random(enum dtype t, const struct shape *s, double lo, double hi, int number)
{
	struct rng r = rng_stream(7, "values", 0, (uint64_t)number);
	struct tensor x = tensor_new(t, s);

	for (int64_t i = 0; i < shape_count(s); i++) {
		double v = lo + (hi - lo) * rng_uniform_at(r, (uint64_t)i);

		tensor_set(&x, i, t == DTYPE_I32 ? floor(v) : v);
	}
	return x;
}

struct tensor value_of(value_builder build, const void *context, int n, const struct tensor *in)
{
	struct graph *g = graph_new(in[n - 1].dtype == DTYPE_F32 || in[0].dtype == DTYPE_F32 ? DTYPE_F32 : DTYPE_F64);
	struct tensor value = { 0 };
	struct err e = { 0 };
	node x[INPUTS], y;

	for (int i = 0; i < n; i++)
		x[i] = graph_input(g, "x", in[i].dtype, &in[i].shape);
	y = build(g, x, context);
	ck_assert_msg(!graph_error(g), "%s", graph_error(g) ? graph_error(g)->message : "");
	ck_assert_msg(plan_eval(g, n, x, in, 1, &y, &value, &e) == 0, "%s", e.message);
	graph_free(g);
	pool_stop();
	return value;
}

const char *value_refusal(value_builder build, const void *context, int n, const struct tensor *in)
{
	static struct err e;
	struct graph *g = graph_new(DTYPE_F64);
	node x[INPUTS];

	for (int i = 0; i < n; i++)
		x[i] = graph_input(g, "x", in[i].dtype, &in[i].shape);
	e.message[0] = '\0';
	if (!node_is(build(g, x, context)) && graph_error(g))
		e = *graph_error(g);
	graph_free(g);
	return e.message;
}

void value_near(const struct tensor *a, const struct tensor *b, double tolerance, const char *what)
{
	char s[SHAPE_TEXT], t[SHAPE_TEXT];
	double largest = 0;

	ck_assert_msg(shape_equal(&a->shape, &b->shape), "%s: shape %s, expected %s", what, shape_text(s, &a->shape),
		      shape_text(t, &b->shape));
	for (int64_t i = 0; i < shape_count(&b->shape); i++)
		largest = fmax(largest, fabs(tensor_get(b, i)));
	for (int64_t i = 0; i < shape_count(&b->shape); i++) {
		double x = tensor_get(a, i), y = tensor_get(b, i);

		ck_assert_msg(fabs(x - y) <= tolerance * largest || (isnan(x) && isnan(y)) || x == y,
			      "%s, element %lld: %.17g, expected %.17g", what, (long long)i, x, y);
	}
}
