/* test_row_fold.c: sums and largest values of rows against loops over one row: to the bit, for any length of a row and
 * any number of rows beside it, with infinities and NaN among the elements. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"

#define REAL float
#define NAME(name) name##_f
#include "num/row_fold.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(name) name##_d
#include "num/row_fold.h"
#undef REAL
#undef NAME

enum { ROWS = 37, MOST = 2200 };

static const int lengths[] = {
	1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 100, 128, 256, 1023, 1024, 1025, 1056, 2200
};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

static double drawn[ROWS * MOST];

/* The sum as it is defined: lanes over runs of 1024, halves of the lanes added up, runs and what is left in double. */
#define REFERENCE(T)                                                                                                   \
	static T elements_##T[ROWS * MOST];                                                                            \
                                                                                                                       \
	static double sum_##T(const T *x, int n)                                                                       \
	{                                                                                                              \
		double total = 0;                                                                                      \
		int i = 0;                                                                                             \
                                                                                                                       \
		while (n - i >= 32) {                                                                                  \
			const int end = i + (n - i < 1024 ? (n - i) / 32 * 32 : 1024);                                 \
			T lane[32] = { 0 };                                                                            \
                                                                                                                       \
			for (; i < end; i++)                                                                           \
				lane[i % 32] += x[i];                                                                  \
			for (int half = 16; half > 0; half /= 2)                                                       \
				for (int k = 0; k < half; k++)                                                         \
					lane[k] += lane[k + half];                                                     \
			total += (double)lane[0];                                                                      \
		}                                                                                                      \
		for (; i < n; i++)                                                                                     \
			total += (double)x[i];                                                                         \
		return total;                                                                                          \
	}                                                                                                              \
                                                                                                                       \
	static T largest_##T(const T *x, int n)                                                                        \
	{                                                                                                              \
		T m = (T)-INFINITY;                                                                                    \
                                                                                                                       \
		for (int i = 0; i < n; i++)                                                                            \
			m = isnan(m) || isnan(x[i]) ? (T)NAN : x[i] > m ? x[i] : m;                                    \
		return m;                                                                                              \
	}
REFERENCE(float)
REFERENCE(double)

static void draw(int n, uint64_t index)
{
	rng_normal(rng_stream(3, "rows", 0, index), 0, (size_t)(ROWS * n), drawn);
	for (int i = 0; i < ROWS * n; i++) {
		elements_float[i] = (float)drawn[i];
		elements_double[i] = drawn[i];
	}
}

START_TEST(sums_are_those_of_rows_alone)
{
	const int n = lengths[_i];
	double f[ROWS], d[ROWS];

	draw(n, (uint64_t)_i);
	for (int rows = 1; rows <= ROWS; rows++) {
		row_sums_f(rows, n, elements_float, f);
		row_sums_d(rows, n, elements_double, d);
		for (int r = 0; r < rows; r++) {
			ck_assert_double_eq(f[r], sum_float(elements_float + r * n, n));
			ck_assert_double_eq(d[r], sum_double(elements_double + r * n, n));
			ck_assert_double_eq(f[r], row_sum_f(elements_float + r * n, n));
			ck_assert_double_eq(d[r], row_sum_d(elements_double + r * n, n));
		}
	}
}
END_TEST

/* NaN in every fourth row, infinities in others. */
START_TEST(largest_values)
{
	const int n = lengths[_i];
	float f[ROWS];
	double d[ROWS];

	draw(n, (uint64_t)_i);
	for (int r = 0; r < ROWS; r++) {
		static const double odd[] = { (double)NAN, (double)INFINITY, (double)-INFINITY };
		const int at = r * n + 11 * r % n, next = r * n + 5 * r % n;

		if (r % 4 == 3)
			continue;
		elements_float[next] = -(float)odd[1];
		elements_double[next] = -odd[1];
		elements_float[at] = (float)odd[r % 4];
		elements_double[at] = odd[r % 4];
	}
	for (int rows = 1; rows <= ROWS; rows++) {
		row_maxima_f(rows, n, elements_float, f);
		row_maxima_d(rows, n, elements_double, d);
		for (int r = 0; r < rows; r++) {
			const double in_float = (double)largest_float(elements_float + r * n, n);
			const double in_double = largest_double(elements_double + r * n, n);

			ck_assert_int_eq(isnan(f[r]), isnan(in_float));
			ck_assert_int_eq(isnan(d[r]), isnan(in_double));
			ck_assert(isnan(in_float) || (double)f[r] == in_float);
			ck_assert(isnan(in_double) || d[r] == in_double);
		}
	}
}
END_TEST

/* Zeros of either sign: which one is found first must not show. */
START_TEST(zeros)
{
	const int n = lengths[_i];
	float f[ROWS];
	double d[ROWS];

	for (int i = 0; i < ROWS * n; i++) {
		elements_double[i] = rng_uniform_at(rng_stream(4, "zeros", 0, 0), (uint64_t)i) < 0.5 ? 0. : -0.;
		elements_float[i] = (float)elements_double[i];
	}
	for (int rows = 1; rows <= ROWS; rows++) {
		row_maxima_f(rows, n, elements_float, f);
		row_maxima_d(rows, n, elements_double, d);
		for (int r = 0; r < rows; r++)
			ck_assert(f[r] == 0 && d[r] == 0 && !signbit(f[r]) && !signbit(d[r]));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("folds of rows");
	TCase *tests = tcase_create("rows");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, sums_are_those_of_rows_alone, 0, LENGTHS);
	tcase_add_loop_test(tests, largest_values, 0, LENGTHS);
	tcase_add_loop_test(tests, zeros, 0, LENGTHS);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
