/* test_op_conv.c: convolutions of random shape against the defining sum, and the closed family of its derivatives. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "evaluate.h"

struct draw {
	struct op_conv_shape c;
	struct shape x, w;
};

static int64_t pick(struct rng r, uint64_t *at, int64_t low, int64_t high)
{
	return low + (int64_t)(rng_uniform_at(r, (*at)++) * (double)(high - low + 1));
}

static struct draw random_draw(int i)
{
	struct rng r = rng_stream(5, "conv shapes", 0, (uint64_t)i);
	uint64_t at = 0;
	struct draw d = { .c = { .n_dims = 1 + i % 3 } };

	d.c.groups = pick(r, &at, 1, 3);
	d.w = shape_of(d.c.groups * pick(r, &at, 1, 5), pick(r, &at, 1, 4));
	d.x = shape_of(pick(r, &at, 1, 11), d.w.dim[1] * d.c.groups);
	for (int k = 0; k < d.c.n_dims; k++) {
		int64_t taps = pick(r, &at, 1, 3);

		d.c.stride[k] = pick(r, &at, 1, 3);
		d.c.dilation[k] = pick(r, &at, 1, 2);
		d.w.dim[d.w.rank++] = taps;
		d.x.dim[d.x.rank++] = d.c.dilation[k] * (taps - 1) + 1 + pick(r, &at, 0, d.c.n_dims == 1 ? 60 : 7);
	}
	return d;
}

/* The defining sum; shapes seen as having 3 space axes. */
static void by_sums(const struct draw *d, const struct tensor *x, const struct tensor *w, struct tensor *y)
{
	int64_t n[3] = { 1, 1, 1 }, k[3] = { 1, 1, 1 }, m[3] = { 1, 1, 1 }, s[3] = { 1, 1, 1 }, l[3] = { 1, 1, 1 };
	int64_t per_in = d->w.dim[1], per_out = d->w.dim[0] / d->c.groups, lead = 3 - d->c.n_dims;

	for (int64_t i = 0; i < d->c.n_dims; i++) {
		n[lead + i] = d->x.dim[2 + i];
		k[lead + i] = d->w.dim[2 + i];
		m[lead + i] = y->shape.dim[2 + i];
		s[lead + i] = d->c.stride[i];
		l[lead + i] = d->c.dilation[i];
	}
	for (int64_t to = 0; to < shape_count(&y->shape); to++) {
		int64_t p2 = to % m[2], p1 = to / m[2] % m[1], p0 = to / m[2] / m[1] % m[0];
		int64_t o = to / (m[0] * m[1] * m[2]) % d->w.dim[0], b = to / (m[0] * m[1] * m[2]) / d->w.dim[0];
		double sum = 0;

		for (int64_t i = 0; i < per_in; i++)
			for (int64_t q = 0; q < k[0] * k[1] * k[2]; q++) {
				int64_t q2 = q % k[2], q1 = q / k[2] % k[1], q0 = q / k[2] / k[1];
				int64_t row =
					((b * d->x.dim[1] + o / per_out * per_in + i) * n[0] + p0 * s[0] + q0 * l[0]) *
						n[1] +
					p1 * s[1] + q1 * l[1];

				sum += tensor_get(x, row * n[2] + p2 * s[2] + q2 * l[2]) *
				       tensor_get(w, (o * per_in + i) * k[0] * k[1] * k[2] + q);
			}
		tensor_set(y, to, sum);
	}
}

static void compare(const struct draw *d, enum dtype type, double tolerance)
{
	struct feed f = feed_new(type);
	node x = feed_random(&f, "x", &d->x), w = feed_random(&f, "w", &d->w);
	struct tensor got = feed_run(&f, op_conv(f.g, x, w, &d->c)), want = tensor_new(DTYPE_F64, &got.shape);

	by_sums(d, &f.value[0], &f.value[1], &want);
	ck_assert_double_lt(tensor_distance(&got, &want), tolerance);
	tensor_free(&got);
	tensor_free(&want);
	feed_free(&f);
}

START_TEST(definition)
{
	struct draw d = random_draw(_i);

	compare(&d, DTYPE_F64, 1e-13);
	compare(&d, DTYPE_F32, 3e-6);
}
END_TEST

/* Large enough for several blocks of columns, parts of output channels and chunks of samples. */
static const struct draw large[] = {
	{ { 2, { 1, 1 }, { 1, 1 }, 1 }, { 4, { 3, 24, 30, 23 } }, { 4, { 70, 24, 3, 3 } } },
	{ { 1, { 1 }, { 1 }, 1 }, { 3, { 2, 3, 40000 } }, { 3, { 4, 3, 5 } } },
	{ { 2, { 1, 1 }, { 1, 1 }, 1 }, { 4, { 9, 40, 9, 9 } }, { 4, { 20, 40, 1, 1 } } },
	{ { 2, { 1, 1 }, { 2, 1 }, 2 }, { 4, { 2, 6, 14, 15 } }, { 4, { 4, 3, 3, 2 } } },
	{ { 3, { 1, 1, 1 }, { 1, 2, 3 }, 1 }, { 5, { 2, 3, 6, 8, 19 } }, { 5, { 9, 3, 2, 2, 3 } } },
};

START_TEST(definition_large)
{
	compare(&large[_i], DTYPE_F64, 1e-13);
}
END_TEST

/* <y, x * w> is linear in x, w and y: gradients give it back, and so do the gradients' gradients. */
static void family(const struct draw *d)
{
	struct feed f = feed_new(DTYPE_F64);
	node x = feed_random(&f, "x", &d->x), w = feed_random(&f, "w", &d->w), y = op_conv(f.g, x, w, &d->c);
	struct shape s = graph_shape(f.g, y);
	node t = feed_random(&f, "t", &s), wrt[] = { x, w }, all[] = { x, w, t }, grad[2], second[3];

	ck_assert_int_eq(graph_vjp(f.g, 1, &y, &t, 2, wrt, grad), 0);
	ck_assert(node_same(grad[0], op_conv_transpose(f.g, t, w, &d->c, d->x.dim + 2)));
	struct tensor ty = feed_run(&f, y), gx = feed_run(&f, grad[0]), gw = feed_run(&f, grad[1]);
	double form = tensor_dot(&ty, &f.value[2]), scale = 0;

	for (int64_t i = 0; i < shape_count(&s); i++)
		scale += fabs(tensor_get(&ty, i));
	ck_assert_double_eq_tol(tensor_dot(&gx, &f.value[0]), form, 1e-13 * scale);
	ck_assert_double_eq_tol(tensor_dot(&gw, &f.value[1]), form, 1e-13 * scale);
	for (int which = 0; which < 2; which++) {
		ck_assert_int_eq(graph_vjp(f.g, 1, &grad[which], &wrt[which], 3, all, second), 0);
		for (int k = 0; k < 3; k++) {
			ck_assert_int_eq(node_is(second[k]), k != which);
			if (k == which)
				continue;
			struct tensor g2 = feed_run(&f, second[k]);

			ck_assert_double_eq_tol(tensor_dot(&g2, &f.value[k]), form, 1e-13 * scale);
			tensor_free(&g2);
		}
	}
	tensor_free(&ty);
	tensor_free(&gx);
	tensor_free(&gw);
	feed_free(&f);
}

START_TEST(derivatives)
{
	struct draw d = random_draw(_i);

	family(&d);
}
END_TEST

START_TEST(derivatives_large)
{
	family(&large[_i]);
}
END_TEST

/* Planes in float that go through transformed tiles: whole and cut tiles, many and few a sample, parts of channels. */
static const struct draw tiled[] = {
	{ { 2, { 1, 1 }, { 1, 1 }, 1 }, { 4, { 2, 16, 50, 54 } }, { 4, { 16, 16, 3, 3 } } },
	{ { 2, { 1, 1 }, { 1, 1 }, 1 }, { 4, { 3, 70, 6, 7 } }, { 4, { 20, 70, 3, 3 } } },
	{ { 2, { 1, 1 }, { 1, 1 }, 1 }, { 4, { 5, 17, 35, 18 } }, { 4, { 67, 17, 3, 3 } } },
	{ { 2, { 1, 1 }, { 1, 1 }, 1 }, { 4, { 1, 130, 48, 53 } }, { 4, { 41, 130, 3, 3 } } },
};
enum { RESULTS = 3 };

/* The convolution and its two gradients for a cotangent. */
static void results(const struct draw *d, enum dtype type, int64_t n_samples, struct tensor *out)
{
	struct shape of_x = d->x;

	of_x.dim[0] = n_samples;
	struct feed f = feed_new(type);
	node x = feed_random(&f, "x", &of_x), w = feed_random(&f, "w", &d->w), y = op_conv(f.g, x, w, &d->c);
	struct shape s = graph_shape(f.g, y);
	node t = feed_random(&f, "t", &s), wrt[] = { x, w }, grad[2];

	ck_assert_int_eq(graph_vjp(f.g, 1, &y, &t, 2, wrt, grad), 0);
	out[0] = feed_run(&f, y);
	out[1] = feed_run(&f, grad[0]);
	out[2] = feed_run(&f, grad[1]);
	feed_free(&f);
}

START_TEST(tiles)
{
	const struct draw *d = &tiled[_i];
	struct tensor got[RESULTS], want[RESULTS], one[RESULTS];

	results(d, DTYPE_F32, d->x.dim[0], got);
	results(d, DTYPE_F64, d->x.dim[0], want);
	results(d, DTYPE_F32, 1, one);
	for (int k = 0; k < RESULTS; k++) {
		/* Sums of up to 2600 products of numbers in [-1, 1], their result some 30 at most. */
		ck_assert_double_lt(tensor_distance(&got[k], &want[k]), 4e-6);
		ck_assert(k == 2 || memcmp(got[k].data, one[k].data, tensor_bytes(&one[k])) == 0);
		tensor_free(&got[k]);
		tensor_free(&want[k]);
		tensor_free(&one[k]);
	}
}
END_TEST

START_TEST(errors)
{
	const struct {
		struct shape x, w;
		struct op_conv_shape c;
		const char *message;
	} c[] = {
		{ shape_of(1, 2, 4),
		  shape_of(3, 2, 3),
		  { 1, { 1 }, { 2 }, 1 },
		  "conv: convolution: a kernel of 3 points with dilation 2 on 4 points of axis 0" },
		{ shape_of(1, 3, 4),
		  shape_of(3, 2, 3),
		  { 1, { 1 }, { 1 }, 1 },
		  "conv: convolution over 1 axes with 1 groups: shapes (1, 3, 4) and (3, 2, 3)" },
		{ shape_of(1, 2, 4),
		  shape_of(3, 2, 3),
		  { 1, { 0 }, { 1 }, 1 },
		  "conv: convolution with stride 0 and dilation 1 on axis 0" },
	};

	for (int i = 0; i < 3; i++) {
		struct feed f = feed_new(DTYPE_F64);
		node x = feed_random(&f, "x", &c[i].x), w = feed_random(&f, "w", &c[i].w);

		ck_assert(!node_is(op_conv(f.g, x, w, &c[i].c)));
		ck_assert_str_eq(graph_error(f.g)->message, c[i].message);
		feed_free(&f);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conv");
	TCase *c = tcase_create("conv");

	tcase_add_loop_test(c, definition, 0, 60);
	tcase_add_loop_test(c, definition_large, 0, 5);
	tcase_add_loop_test(c, derivatives, 0, 30);
	tcase_add_loop_test(c, derivatives_large, 0, 5);
	tcase_add_loop_test(c, tiles, 0, 4);
	tcase_add_test(c, errors);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
