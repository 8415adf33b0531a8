/* test_op_values.c: what ops compute, against plain loops: moves of data, reductions, softmax, indices, sorting, random
 * numbers; and what they refuse. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "value.h"

/* ---- moves of data: result element by index of every axis ---- */

struct move {
	struct shape in;
	enum { PERMUTE, SLICE, PAD, FLIP } kind;
	int axis[SHAPE_MAX];
	int64_t start, count, step;
};

static node build_move(struct graph *g, const node *in, const void *context)
{
	const struct move *m = context;

	switch (m->kind) {
	case PERMUTE:
		return op_permute(g, in[0], m->axis);
	case SLICE:
		return op_slice(g, in[0], m->axis[0], m->start, m->count, m->step);
	case PAD:
		return op_pad_zero(g, in[0], m->axis[0], m->start, m->count, m->step);
	default:
		return op_flip(g, in[0], m->axis[0]);
	}
}

static void unravel(int64_t i, const struct shape *s, int64_t *index)
{
	for (int k = s->rank; k-- > 0; i /= s->dim[k])
		index[k] = i % s->dim[k];
}

static int64_t ravel(const struct shape *s, const int64_t *index)
{
	int64_t i = 0;

	for (int k = 0; k < s->rank; k++)
		i = i * s->dim[k] + index[k];
	return i;
}

static const struct move moves[] = {
	{ { 2, { 50, 70 } }, PERMUTE, { 1, 0 }, 0, 0, 0 },
	{ { 4, { 3, 20, 5, 18 } }, PERMUTE, { 0, 2, 3, 1 }, 0, 0, 0 },
	{ { 4, { 3, 20, 5, 18 } }, PERMUTE, { 3, 1, 0, 2 }, 0, 0, 0 },
	{ { 4, { 3, 1, 5, 18 } }, PERMUTE, { 1, 0, 2, 3 }, 0, 0, 0 },
	{ { 8, { 2, 3, 2, 3, 2, 3, 2, 3 } }, PERMUTE, { 7, 5, 3, 1, 6, 4, 2, 0 }, 0, 0, 0 },
	{ { 3, { 4, 9, 6 } }, SLICE, { 0 }, 1, 2, 1 },
	{ { 3, { 4, 9, 6 } }, SLICE, { 1 }, 2, 3, 3 },
	{ { 3, { 4, 9, 6 } }, SLICE, { -1 }, 1, 5, 1 },
	{ { 3, { 4, 9, 6 } }, PAD, { 0 }, 2, 1, 3 },
	{ { 3, { 4, 9, 6 } }, PAD, { 1 }, 0, 2, 1 },
	{ { 3, { 4, 9, 6 } }, PAD, { -1 }, 1, 0, 2 },
	{ { 3, { 4, 9, 6 } }, FLIP, { 0 }, 0, 0, 0 },
	{ { 3, { 4, 9, 6 } }, FLIP, { -2 }, 0, 0, 0 },
	{ { 1, { 37 } }, FLIP, { 0 }, 0, 0, 0 },
};
enum { MOVES = sizeof moves / sizeof moves[0] };

START_TEST(moves_of_data)
{
	const struct move *m = &moves[_i];
	int axis = m->axis[0] < 0 ? m->axis[0] + m->in.rank : m->axis[0];

	for (int t = 0; t < 2; t++) {
		struct tensor x = value_random(t == 0 ? DTYPE_F32 : DTYPE_F64, &m->in, 1, 2, 0);
		struct tensor y = value_of(build_move, m, 1, &x);
		int64_t filled = 0;

		for (int64_t i = 0; i < shape_count(&y.shape); i++) {
			int64_t out[SHAPE_MAX], in[SHAPE_MAX];
			double expected = 0;
			bool inside = true;

			unravel(i, &y.shape, out);
			memcpy(in, out, sizeof in);
			if (m->kind == PERMUTE)
				for (int k = 0; k < m->in.rank; k++)
					in[m->axis[k]] = out[k];
			else if (m->kind == SLICE)
				in[axis] = m->start + out[axis] * m->step;
			else if (m->kind == FLIP)
				in[axis] = m->in.dim[axis] - 1 - out[axis];
			else
				inside = out[axis] >= m->start && (out[axis] - m->start) % m->step == 0 &&
					 (in[axis] = (out[axis] - m->start) / m->step) < m->in.dim[axis];
			if (inside)
				expected = tensor_get(&x, ravel(&m->in, in));
			filled += inside;
			ck_assert_double_eq(tensor_get(&y, i), expected);
		}
		ck_assert_int_eq(filled, m->kind == SLICE ? shape_count(&y.shape) : shape_count(&m->in));
		tensor_free(&x);
		tensor_free(&y);
	}
}
END_TEST

static node build_concat(struct graph *g, const node *in, const void *context)
{
	return op_concat(g, 3, in, *(const int *)context);
}

START_TEST(concat_joins)
{
	for (int axis = 0; axis < 3; axis++) {
		struct tensor in[3], y;
		int64_t start = 0;

		for (int k = 0; k < 3; k++) {
			struct shape s = shape_of(3, 4, 5);

			s.dim[axis] = k + 1;
			in[k] = value_random(DTYPE_F64, &s, 0, 1, k);
		}
		y = value_of(build_concat, &axis, 3, in);
		ck_assert_int_eq(y.shape.dim[axis], 6);
		for (int k = 0; k < 3; k++) {
			for (int64_t i = 0; i < shape_count(&in[k].shape); i++) {
				int64_t index[SHAPE_MAX];

				unravel(i, &in[k].shape, index);
				index[axis] += start;
				ck_assert_double_eq(tensor_get(&y, ravel(&y.shape, index)), tensor_get(&in[k], i));
			}
			start += k + 1;
			tensor_free(&in[k]);
		}
		tensor_free(&y);
	}
}
END_TEST

/* ---- reductions ---- */

struct reduction {
	struct shape in;
	unsigned axes;
	bool keep, exclusive, reverse;
	int kind; /* 0 sum, 1 mean, 2 largest */
};

static node build_reduction(struct graph *g, const node *in, const void *context)
{
	const struct reduction *r = context;

	return r->kind == 0   ? op_sum(g, in[0], r->axes, r->keep)
	       : r->kind == 1 ? op_mean(g, in[0], r->axes, r->keep)
			      : op_max_over(g, in[0], r->axes, r->keep);
}

START_TEST(reductions)
{
	for (unsigned axes = 0; axes < 16; axes++) {
		struct reduction r = { .in = { 4, { 5, 3, 2, 70 } }, .axes = axes, .keep = axes & 1, .kind = _i };
		struct tensor x = value_random(DTYPE_F64, &r.in, -2, -1, 0), y = value_of(build_reduction, &r, 1, &x);
		int64_t n = shape_count(&x.shape) / shape_count(&y.shape);
		struct shape kept = r.in;
		struct tensor expected;

		for (int k = 0; k < 4; k++)
			if (axes >> k & 1)
				kept.dim[k] = 1;
		expected = tensor_new(DTYPE_F64, &kept);
		tensor_fill(&expected, r.kind == 2 ? -INFINITY : 0);
		for (int64_t i = 0; i < shape_count(&r.in); i++) {
			double v = tensor_get(&x, i), old;
			int64_t index[SHAPE_MAX], at;

			unravel(i, &r.in, index);
			for (int k = 0; k < 4; k++)
				index[k] = axes >> k & 1 ? 0 : index[k];
			at = ravel(&kept, index);
			old = tensor_get(&expected, at);
			tensor_set(&expected, at, r.kind == 2 ? fmax(old, v) : old + (r.kind == 1 ? v / (double)n : v));
		}
		ck_assert_int_eq(y.shape.rank, r.keep ? 4 : 4 - __builtin_popcount(axes));
		expected.shape = y.shape;
		value_near(&y, &expected, 1e-14, "reduction");
		tensor_free(&x);
		tensor_free(&y);
		tensor_free(&expected);
	}
}
END_TEST

static node build_mean_all(struct graph *g, const node *in, const void *context)
{
	(void)context;
	return op_mean_all(g, in[0]);
}

/* The mean of a million floats is as good as float can hold. */
START_TEST(long_means_are_accurate)
{
	struct shape s = shape_of(1000, 1000);
	struct tensor x = value_random(DTYPE_F32, &s, 0, 1, 0), y = value_of(build_mean_all, NULL, 1, &x);
	double sum = 0;

	for (int64_t i = 0; i < 1000000; i++)
		sum += tensor_get(&x, i);
	ck_assert_double_eq_tol(tensor_get(&y, 0), sum / 1e6, 1e-7);
	tensor_free(&x);
	tensor_free(&y);
}
END_TEST

static node build_cumsum(struct graph *g, const node *in, const void *context)
{
	const struct reduction *r = context;

	return op_cumsum(g, in[0], (int)r->axes, r->exclusive, r->reverse);
}

START_TEST(running_sums)
{
	for (int i = 0; i < 12; i++) {
		struct reduction r = {
			.in = { 3, { 3, 40, 200 } }, .axes = (unsigned)i % 3, .exclusive = i / 3 % 2, .reverse = i / 6
		};
		struct tensor x = value_random(DTYPE_F32, &r.in, -1, 1, 0), y = value_of(build_cumsum, &r, 1, &x);
		int axis = (int)r.axes;

		for (int64_t k = 0; k < shape_count(&r.in); k += 7) {
			int64_t index[SHAPE_MAX], here;
			double sum = 0;

			unravel(k, &r.in, index);
			here = index[axis];
			for (index[axis] = 0; index[axis] < r.in.dim[axis]; index[axis]++)
				if (r.reverse ? index[axis] > here : index[axis] < here)
					sum += tensor_get(&x, ravel(&r.in, index));
			if (!r.exclusive)
				sum += tensor_get(&x, k);
			ck_assert_double_eq_tol(tensor_get(&y, k), sum, 1e-6);
		}
		tensor_free(&x);
		tensor_free(&y);
	}
}
END_TEST

static node build_softmax(struct graph *g, const node *in, const void *context)
{
	const int *c = context;

	return c[1] ? op_log_softmax(g, in[0], c[0]) : op_softmax(g, in[0], c[0]);
}

START_TEST(softmax_over_each_axis)
{
	for (int i = 0; i < 4; i++) {
		int context[2] = { i % 2 ? -1 : 0, i / 2 };
		struct shape s = shape_of(6, 50);
		struct tensor x = value_random(DTYPE_F64, &s, 900, 1000, 0), y, expected = tensor_new(DTYPE_F64, &s);
		int n = context[0] ? 50 : 6, lines = 300 / n, step = context[0] ? 1 : 50, line = context[0] ? 50 : 1;

		for (int l = 0; l < lines; l++) {
			double top = -INFINITY, sum = 0;

			for (int k = 0; k < n; k++)
				top = fmax(top, tensor_get(&x, l * line + k * step));
			for (int k = 0; k < n; k++)
				sum += exp(tensor_get(&x, l * line + k * step) - top);
			for (int k = 0; k < n; k++) {
				double z = tensor_get(&x, l * line + k * step) - top;

				tensor_set(&expected, l * line + k * step, context[1] ? z - log(sum) : exp(z) / sum);
			}
		}
		y = value_of(build_softmax, context, 1, &x);
		value_near(&y, &expected, 1e-14, "softmax");
		tensor_free(&x);
		tensor_free(&y);
		tensor_free(&expected);
	}
}
END_TEST

/* ---- indices ---- */

static node build_gather(struct graph *g, const node *in, const void *context)
{
	return op_gather(g, in[0], in[1], *(const int *)context);
}

static node build_scatter(struct graph *g, const node *in, const void *context)
{
	return op_scatter_add(g, in[0], in[1], *(const int *)context, 9);
}

/* Indices from -2 to 10 into 9: those outside count for nothing. */
START_TEST(gather_and_scatter)
{
	for (int axis = 0; axis < 3; axis++) {
		struct shape s = shape_of(9, 9, 9), n = shape_of(30), spread = s;
		struct tensor in[2] = { value_random(DTYPE_F64, &s, -1, 1, 0), value_random(DTYPE_I32, &n, -2, 11, 1) };
		struct tensor y = value_of(build_gather, &axis, 2, in), z, expected = tensor_new(DTYPE_F64, &s);

		for (int64_t i = 0; i < shape_count(&y.shape); i++) {
			int64_t index[SHAPE_MAX], to;

			unravel(i, &y.shape, index);
			to = (int64_t)tensor_get(&in[1], index[axis]);
			if (to < 0 || to >= 9) {
				ck_assert_double_eq(tensor_get(&y, i), 0);
				continue;
			}
			index[axis] = to;
			ck_assert_double_eq(tensor_get(&y, i), tensor_get(&in[0], ravel(&s, index)));
		}
		tensor_free(&y);
		spread.dim[axis] = 30;
		tensor_free(&in[0]);
		in[0] = value_random(DTYPE_F64, &spread, -1, 1, 2);
		z = value_of(build_scatter, &axis, 2, in);
		for (int64_t i = 0; i < shape_count(&spread); i++) {
			int64_t index[SHAPE_MAX], to;

			unravel(i, &spread, index);
			to = (int64_t)tensor_get(&in[1], index[axis]);
			if (to < 0 || to >= 9)
				continue;
			index[axis] = to;
			to = ravel(&s, index);
			tensor_set(&expected, to, tensor_get(&expected, to) + tensor_get(&in[0], i));
		}
		value_near(&z, &expected, 1e-15, "scatter_add");
		tensor_free(&in[0]);
		tensor_free(&in[1]);
		tensor_free(&z);
		tensor_free(&expected);
	}
}
END_TEST

static node build_pool(struct graph *g, const node *in, const void *context)
{
	static const int64_t window[3] = { 3, 2, 2 }, stride[3] = { 2, 2, 1 };

	return op_max_pool(g, in[0], *(const int *)context, window, stride);
}

START_TEST(max_pool_of_one_to_three_axes)
{
	static const int64_t window[3] = { 3, 2, 2 }, stride[3] = { 2, 2, 1 };

	for (int n = 1; n <= 3; n++) {
		struct shape s = { 5, { 2, 3, 7, 6, 5 } };
		struct tensor x = value_random(DTYPE_F32, &s, -2, -1, 0), y = value_of(build_pool, &n, 1, &x);

		for (int k = 0; k < n; k++)
			ck_assert_int_eq(y.shape.dim[5 - n + k], (s.dim[5 - n + k] - window[k]) / stride[k] + 1);
		for (int64_t i = 0; i < shape_count(&y.shape); i++) {
			int64_t out[SHAPE_MAX], in[SHAPE_MAX];
			double top = -INFINITY;

			unravel(i, &y.shape, out);
			for (int64_t w = 0; w < window[0] * (n > 1 ? window[1] : 1) * (n > 2 ? window[2] : 1); w++) {
				int64_t rest = w;

				memcpy(in, out, sizeof in);
				for (int k = 0; k < n; k++) {
					in[5 - n + k] = out[5 - n + k] * stride[k] + rest % window[k];
					rest /= window[k];
				}
				top = fmax(top, tensor_get(&x, ravel(&s, in)));
			}
			ck_assert_double_eq(tensor_get(&y, i), top);
		}
		tensor_free(&x);
		tensor_free(&y);
	}
}
END_TEST

static node build_sorted(struct graph *g, const node *in, const void *context)
{
	int64_t k = *(const int64_t *)context;

	return k == 0 ? op_sort(g, in[0]) : op_top_k(g, in[0], k);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

START_TEST(sorting)
{
	struct shape s = shape_of(2, 3, 101);
	struct tensor x = value_random(DTYPE_F64, &s, 0, 20, 0);

	for (int64_t i = 0; i < shape_count(&s); i++)
		tensor_set(&x, i, floor(tensor_get(&x, i))); /* many equal */
	for (int64_t k = 0; k <= 101; k += 7) {
		struct tensor y = value_of(build_sorted, &k, 1, &x);
		int64_t n = k == 0 ? 101 : k;

		ck_assert_int_eq(y.shape.dim[2], n);
		for (int64_t r = 0; r < 6; r++) {
			double row[101];

			memcpy(row, (const double *)x.data + r * 101, sizeof row);
			qsort(row, 101, sizeof row[0], by_value);
			for (int64_t i = 0; i < n; i++)
				ck_assert_double_eq(tensor_get(&y, r * n + i), row[k == 0 ? i : 100 - i]);
		}
		tensor_free(&y);
	}
	tensor_free(&x);
}
END_TEST

/* ---- random numbers ---- */

static node build_random(struct graph *g, const node *in, const void *context)
{
	struct shape s = shape_of(100, 130);

	return *(const int *)context ? op_random_normal(g, in[0], &s, "test") : op_random_uniform(g, in[0], &s, "test");
}

START_TEST(random_numbers_follow_the_stream)
{
	struct shape four = shape_of(4);
	struct tensor key = tensor_new(DTYPE_I32, &four);

	tensor_set(&key, 0, -3);
	tensor_set(&key, 1, 7);
	tensor_set(&key, 2, 11);
	for (int normal = 0; normal < 2; normal++) {
		struct tensor y = value_of(build_random, &normal, 1, &key), again;
		struct rng r = rng_stream((uint64_t)7 << 32 | 0xFFFFFFFDu, "test", 11, 0);

		for (int64_t i = 0; i < 13000; i += 371)
			ck_assert_double_eq(tensor_get(&y, i),
					    normal ? rng_normal_at(r, (uint64_t)i) : rng_uniform_at(r, (uint64_t)i));
		tensor_set(&key, 2, 12);
		again = value_of(build_random, &normal, 1, &key);
		ck_assert_double_ne(tensor_get(&y, 0), tensor_get(&again, 0));
		tensor_set(&key, 2, 11);
		tensor_free(&y);
		tensor_free(&again);
	}
	tensor_free(&key);
}
END_TEST

/* ---- refusals ---- */

static node refuse(struct graph *g, const node *in, const void *context)
{
	static const int twice[2] = { 0, 0 };
	int64_t window[1] = { 9 }, stride[1] = { 1 };

	switch (*(const int *)context) {
	case 0:
		return op_mul(g, in[0], in[1]);
	case 1:
		return op_permute(g, in[0], twice);
	case 2:
		return op_slice(g, in[0], 0, 2, 3, 1);
	case 3:
		return op_concat(g, 2, in, 0);
	case 4:
		return op_flip(g, in[0], 2);
	case 5:
		return op_gather(g, in[0], in[1], 0);
	case 6:
		return op_max_pool(g, in[0], 1, window, stride);
	case 7:
		return op_top_k(g, in[0], 5);
	case 8:
		return op_complex_mul(g, in[0], in[0]);
	case 9:
		return op_exp(g, NODE_NONE);
	case 10:
		return op_mul(g, in[0], op_cast(g, in[0], DTYPE_F32));
	case 11:
		return op_matmul(g, in[0], in[0]);
	default:
		return op_random_uniform(g, in[0], &(struct shape){ 1, { 3 } }, "x");
	}
}

START_TEST(refusals_say_why)
{
	static const char *const says[] = {
		"mul: shapes (3, 4) and (3, 5) do not broadcast",
		"permute: axis 0 in place 1 does not permute shape (3, 4)",
		"slice: 3 from 2 in steps of 1 do not fit into axis 0 of shape (3, 4)",
		"concat: float64 (3, 4) and float64 (3, 5) do not join along axis 0",
		"flip: shape (3, 4) has no axis 2",
		"gather: the index is float64, not int32",
		"max_pool_index: window 9 with stride 1 does not fit axis 1 from the end of (3, 4)",
		"sort_index: 5 of the last axis of shape (3, 4)",
		"complex_mul: shape (3, 4) is not complex: its last axis is not 2",
		"exp: argument 0 is missing",
		"mul: float64 and float32 do not mix",
		"contract: xy,yz->xz: axis y differs between shapes (3, 4) and (3, 4)",
		"random_uniform: the key is float64 (3, 4), not int32 (4)",
	};
	struct shape s = shape_of(3, 4), t = shape_of(3, 5);
	struct tensor in[2] = { tensor_new(DTYPE_F64, &s), tensor_new(DTYPE_F64, &t) };

	for (int i = 0; i < (int)(sizeof says / sizeof says[0]); i++)
		ck_assert_str_eq(value_refusal(refuse, &i, 2, in), says[i]);
	tensor_free(&in[0]);
	tensor_free(&in[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("op values");
	TCase *tests = tcase_create("values");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, moves_of_data, 0, MOVES);
	tcase_add_test(tests, concat_joins);
	tcase_add_loop_test(tests, reductions, 0, 3);
	tcase_add_test(tests, long_means_are_accurate);
	tcase_add_test(tests, running_sums);
	tcase_add_test(tests, softmax_over_each_axis);
	tcase_add_test(tests, gather_and_scatter);
	tcase_add_test(tests, max_pool_of_one_to_three_axes);
	tcase_add_test(tests, sorting);
	tcase_add_test(tests, random_numbers_follow_the_stream);
	tcase_add_test(tests, refusals_say_why);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
