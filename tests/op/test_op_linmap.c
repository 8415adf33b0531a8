/* test_op_linmap.c: maps along an axis against direct formulas, and every map against its transpose. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "evaluate.h"
#include "op/linmap.h"

static struct tensor numbers(int64_t n, const double *value)
{
	struct shape s = shape_of(n);
	struct tensor t = tensor_new(DTYPE_F64, &s);

	for (int64_t i = 0; i < n; i++)
		tensor_set(&t, i, value[i]);
	return t;
}

/* Feed 1, 2, 4, 8 and compare. */
#define EXPECT(BUILD, ...)                                                                                             \
	do {                                                                                                           \
		struct feed f = feed_new(DTYPE_F64);                                                                   \
		node a = feed_value(&f, "a", numbers(4, (double[]){ 1, 2, 4, 8 }));                                    \
		const double want[] = { __VA_ARGS__ };                                                                 \
		struct tensor expected = numbers(sizeof want / sizeof *want, want), got = feed_run(&f, BUILD);         \
		ck_assert_double_lt(tensor_distance(&got, &expected), 1e-15);                                          \
		tensor_free(&expected);                                                                                \
		tensor_free(&got);                                                                                     \
		feed_free(&f);                                                                                         \
	} while (0)

START_TEST(known_values)
{
	EXPECT(op_pad(f.g, a, 0, 2, 1, PAD_ZERO), 0, 0, 1, 2, 4, 8, 0);
	EXPECT(op_pad(f.g, a, -1, 5, 2, PAD_PERIODIC), 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2);
	EXPECT(op_pad(f.g, a, 0, 3, 2, PAD_REFLECT), 8, 4, 2, 1, 2, 4, 8, 4, 2);
	EXPECT(op_pad(f.g, a, 0, 1, 3, PAD_REPLICATE), 1, 1, 2, 4, 8, 8, 8, 8);
	EXPECT(op_mean_pool(f.g, a, 0, 2, 2), 1.5, 6);
	EXPECT(op_mean_pool(f.g, a, 0, 2, 1), 1.5, 3, 6);
	EXPECT(op_upsample_nearest(f.g, a, 0, 2), 1, 1, 2, 2, 4, 4, 8, 8);
	EXPECT(op_resize_linear(f.g, a, 0, 7, true), 1, 1.5, 2, 3, 4, 6, 8);
	EXPECT(op_resize_linear(f.g, a, 0, 2, false), 1.5, 6);
	EXPECT(op_resize_linear(f.g, a, 0, 8, false), 1, 1.25, 1.75, 2.5, 3.5, 5, 7, 8);
	EXPECT(op_difference(f.g, a, 0, true, 0.5), -6, 3, 6, -3);
	EXPECT(op_difference(f.g, a, 0, false, 0.5), 2, 3, 6, 8);
}
END_TEST

static node build(struct graph *g, node a, int axis, int which)
{
	switch (which) {
	case 0:
		return op_pad(g, a, axis, 2, 3, PAD_ZERO);
	case 1:
		return op_pad(g, a, axis, 9, 7, PAD_PERIODIC);
	case 2:
		return op_pad(g, a, axis, 3, 4, PAD_REFLECT);
	case 3:
		return op_pad(g, a, axis, 3, 4, PAD_REPLICATE);
	case 4:
		return op_mean_pool(g, a, axis, 3, 2);
	case 5:
		return op_upsample_nearest(g, a, axis, 3);
	case 6:
		return op_resize_linear(g, a, axis, 11, false);
	case 7:
		return op_resize_fourier(g, a, axis, 11);
	case 8:
		return op_resize_fourier(g, a, axis, 4);
	case 9:
		return op_difference(g, a, axis, true, 0.1);
	default:
		return op_difference(g, a, axis, false, 0.1);
	}
}

/* Every map, along every axis, in both types, forward against the gather definition through a one-axis copy. */
START_TEST(adjoint)
{
	for (int which = 0; which <= 10; which++)
		for (int axis = 0; axis < 3; axis++)
			for (int type = 0; type < 2; type++) {
				struct shape s = shape_of(axis == 0 ? 10 : 3, axis == 1 ? 10 : 4, axis == 2 ? 10 : 5);
				struct feed f = feed_new(type ? DTYPE_F64 : DTYPE_F32);
				node a = feed_random(&f, "a", &s);

				ck_assert_double_lt(linear_error(&f, a, build(f.g, a, axis, which)),
						    type ? 1e-14 : 2e-6);
				feed_free(&f);
			}
}
END_TEST

/* One line of a 3D array along any axis is what the map makes of that line alone; long inner runs cross blocks. */
START_TEST(axes)
{
	for (int which = 0; which <= 10; which++)
		for (int axis = 0; axis < 3; axis++) {
			struct shape s = shape_of(axis == 0 ? 10 : 3, axis == 1 ? 10 : 67, axis == 2 ? 10 : 53),
				     line = shape_of(10);
			struct feed f = feed_new(DTYPE_F64), one = feed_new(DTYPE_F64);
			struct tensor whole = random_tensor(DTYPE_F64, "whole", &s),
				      part = tensor_new(DTYPE_F64, &line);
			int64_t stride[3], out_stride[3], at = 0, out_at = 0;

			node y = build(f.g, feed_value(&f, "a", whole), axis, which);
			struct tensor got = feed_run(&f, y);

			shape_strides(&s, stride);
			shape_strides(&got.shape, out_stride);
			for (int d = 0; d < 3; d++)
				if (d != axis) {
					at += stride[d] * (s.dim[d] - 1);
					out_at += out_stride[d] * (s.dim[d] - 1);
				}
			for (int i = 0; i < 10; i++)
				tensor_set(&part, i, tensor_get(&whole, at + i * stride[axis]));
			struct tensor want = feed_run(&one, build(one.g, feed_value(&one, "a", part), 0, which));

			for (int64_t i = 0; i < want.shape.dim[0]; i++)
				ck_assert_double_eq_tol(tensor_get(&got, out_at + i * out_stride[axis]),
							tensor_get(&want, i), 1e-14);
			tensor_free(&got);
			tensor_free(&want);
			feed_free(&f);
			feed_free(&one);
		}
}
END_TEST

/* Trigonometric interpolation is exact for band-limited functions on any grid, and up and down again is the
 * identity. */
START_TEST(fourier)
{
	const int sizes[][2] = { { 32, 48 }, { 15, 40 }, { 16, 9 }, { 33, 14 }, { 2048, 1500 } };
	const double pi = 3.14159265358979323846;

	for (int c = 0; c < 5; c++) {
		int n = sizes[c][0], m = sizes[c][1], top = ((n < m ? n : m) - 1) / 2;
		struct shape s = shape_of(n), t = shape_of(m);
		struct feed f = feed_new(DTYPE_F64);
		struct tensor x = tensor_new(DTYPE_F64, &s), want = tensor_new(DTYPE_F64, &t);

		for (int k = 0; k <= top; k += 1 + top / 7) {
			for (int i = 0; i < n; i++)
				tensor_set(&x, i, tensor_get(&x, i) + cos(2 * pi * (k * i % n) / n + k));
			for (int i = 0; i < m; i++)
				tensor_set(&want, i, tensor_get(&want, i) + cos(2 * pi * (k * i % m) / m + k));
		}
		node a = feed_value(&f, "a", x);
		struct tensor got = feed_run(&f, op_resize_fourier(f.g, a, 0, m));

		ck_assert_double_lt(tensor_distance(&got, &want), 1e-12);
		tensor_free(&got);
		tensor_free(&want);
		feed_free(&f);
	}
	struct shape s = shape_of(32);
	struct feed f = feed_new(DTYPE_F64);
	node a = feed_random(&f, "a", &s);
	struct tensor got = feed_run(&f, op_resize_fourier(f.g, op_resize_fourier(f.g, a, 0, 48), 0, 32));

	ck_assert_double_lt(tensor_distance(&got, &f.value[0]), 1e-12);
	tensor_free(&got);
	feed_free(&f);
}
END_TEST

START_TEST(interned)
{
	struct shape s = shape_of(2, 6);
	struct feed f = feed_new(DTYPE_F64);
	node a = feed_random(&f, "a", &s), p = op_pad(f.g, a, 1, 1, 1, PAD_PERIODIC), t = p, back, again;

	ck_assert(node_same(p, op_pad(f.g, a, 1, 1, 1, PAD_PERIODIC)));
	ck_assert(!node_same(p, op_pad(f.g, a, 1, 1, 1, PAD_REFLECT)));
	ck_assert(node_same(a, op_pad(f.g, a, 1, 0, 0, PAD_ZERO)));
	ck_assert_int_eq(graph_vjp(f.g, 1, &p, &t, 1, &a, &back), 0);
	ck_assert_int_eq(graph_vjp(f.g, 1, &p, &t, 1, &a, &again), 0);
	ck_assert(node_same(back, again));
	feed_free(&f);
}
END_TEST

static void refused(node (*make)(struct graph *g, node a), const char *message)
{
	struct shape s = shape_of(2, 6);
	struct feed f = feed_new(DTYPE_F64);

	ck_assert(!node_is(make(f.g, feed_random(&f, "a", &s))));
	ck_assert_str_eq(graph_error(f.g)->message, message);
	feed_free(&f);
}

static node reflect_too_far(struct graph *g, node a)
{
	return op_pad(g, a, 1, 6, 0, PAD_REFLECT);
}

static node window_too_wide(struct graph *g, node a)
{
	return op_mean_pool(g, a, 1, 7, 1);
}

static node no_such_axis(struct graph *g, node a)
{
	return op_difference(g, a, 2, true, 1);
}

START_TEST(errors)
{
	refused(reflect_too_far, "reflecting 6 and 0 points on an axis of 6: too many");
	refused(window_too_wide, "pooling an axis of 6 with window 7 and stride 1");
	refused(no_such_axis, "difference along axis 2 of an array of rank 2");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("linmap");
	TCase *c = tcase_create("linmap");

	tcase_add_test(c, known_values);
	tcase_add_test(c, adjoint);
	tcase_add_test(c, axes);
	tcase_add_test(c, fourier);
	tcase_add_test(c, interned);
	tcase_add_test(c, errors);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
