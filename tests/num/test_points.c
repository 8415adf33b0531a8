/* test_points.c: collocation points: shares of dyadic intervals, slices, known first points, laws of weighted
 * choice. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/points.h"

enum { N = 256, DIMS = POINTS_DIMS };

/* Every one of n equal slices of every axis holds one point. */
static void one_in_each(int64_t n, int n_dims, const double *x)
{
	for (int d = 0; d < n_dims; d++) {
		int *seen = calloc((size_t)n, sizeof *seen);

		for (int64_t i = 0; i < n; i++) {
			const int64_t slice = (int64_t)floor(x[i * n_dims + d] * (double)n);

			ck_assert(slice >= 0 && slice < n);
			ck_assert_msg(seen[slice]++ == 0, "axis %d, slice %d", d, (int)slice);
		}
		free(seen);
	}
}

START_TEST(each_slice_holds_one)
{
	double x[N * DIMS];

	ck_assert_int_eq(points_draw(POINTS_LATIN, N - 5, DIMS, rng_stream(1, "points", 0, 0), x, NULL), 0);
	one_in_each(N - 5, DIMS, x);
	/* powers of two of Sobol's points, whatever the shift */
	ck_assert_int_eq(points_draw(POINTS_SOBOL, N, DIMS, rng_stream(2, "points", 0, 0), x, NULL), 0);
	one_in_each(N, DIMS, x);
}
END_TEST

/* The first two axes are a (0, 2)-sequence: every dyadic rectangle of area 1/N holds one point (Sobol 1967). */
START_TEST(rectangles_hold_one)
{
	double x[N * 2];

	ck_assert_int_eq(points_draw(POINTS_SOBOL, N, 2, rng_stream(3, "points", 0, 0), x, NULL), 0);
	for (int rows = 1; rows <= N; rows *= 2) {
		int seen[N] = { 0 }, columns = N / rows;

		for (int i = 0; i < N; i++)
			seen[(int)(x[2 * i] * rows) * columns + (int)(x[2 * i + 1] * columns)]++;
		for (int i = 0; i < N; i++)
			ck_assert_int_eq(seen[i], 1);
	}
}
END_TEST

/* Differences of points do not depend on the shift: those of Joe and Kuo's list, 1/2 ..., 3/4 1/4 ... */
START_TEST(first_points_are_known)
{
	static const double want[4][3] = { { 0, 0, 0 }, { 0.5, 0.5, 0.5 }, { 0.75, 0.25, 0.25 }, { 0.25, 0.75, 0.75 } };
	double x[4 * 3];

	ck_assert_int_eq(points_draw(POINTS_SOBOL, 4, 3, rng_stream(4, "points", 0, 0), x, NULL), 0);
	for (int d = 0; d < 3; d++) {
		const uint32_t first = (uint32_t)(x[d] * 4294967296.0);

		for (int i = 0; i < 4; i++) {
			const uint32_t bits = (uint32_t)(x[i * 3 + d] * 4294967296.0) ^ first;

			ck_assert_double_eq((double)bits / 4294967296.0, want[i][d]);
		}
	}
}
END_TEST

/* Integrals of smooth functions: error of Sobol's points well below that of independent ones. */
START_TEST(sobol_integrates)
{
	enum { MANY = 4096, AXES = 4 };
	double *x = malloc(sizeof *x * MANY * AXES), error[3] = { 0 };

	for (int kind = 0; kind < 3; kind++)
		for (int shift = 0; shift < 10; shift++) {
			double sum = 0;

			ck_assert_int_eq(points_draw((enum points_kind)kind, MANY, AXES,
						     rng_stream(5, "points", 0, (uint64_t)shift), x, NULL),
					 0);
			for (int i = 0; i < MANY; i++) {
				double product = 1;

				for (int d = 0; d < AXES; d++)
					product *= 1 + 0.5 * (x[i * AXES + d] - 0.5);
				sum += product / MANY;
			}
			error[kind] += (sum - 1) * (sum - 1);
		}
	ck_assert_double_lt(sqrt(error[POINTS_SOBOL]), 0.05 * sqrt(error[POINTS_UNIFORM]));
	ck_assert_double_lt(sqrt(error[POINTS_LATIN]), 0.5 * sqrt(error[POINTS_UNIFORM]));
	free(x);
}
END_TEST

START_TEST(choice_follows_weights)
{
	enum { MANY = 40000 };
	static const double weight[] = { 1, 0, 3, 2, 0, 4 };
	int64_t *chosen = malloc(sizeof *chosen * MANY);
	double count[6] = { 0 };

	ck_assert_int_eq(points_choose(6, weight, MANY, rng_stream(6, "points", 0, 0), chosen, NULL), 0);
	for (int i = 0; i < MANY; i++)
		count[chosen[i]]++;
	for (int j = 0; j < 6; j++) /* four standard deviations */
		ck_assert_double_le(fabs(count[j] / MANY - weight[j] / 10), 4 * sqrt(weight[j] / 10 / MANY));
	ck_assert_int_eq(points_choose(6, (double[6]){ 0 }, MANY, rng_stream(6, "points", 0, 0), chosen, NULL), 0);
	for (int i = 0; i < MANY; i++)
		ck_assert(chosen[i] >= 0 && chosen[i] < 6);
	free(chosen);
}
END_TEST

/* Numbers that no memory holds are errors that tell them. */
START_TEST(sizes_are_refused)
{
	const int64_t many = (int64_t)1 << 46;
	struct err e = { 0 };
	double x = 1;
	int64_t chosen;

	ck_assert_int_eq(points_draw(POINTS_LATIN, many, 1, rng_stream(1, "points", 0, 0), &x, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "70368744177664 elements of 8 bytes"));
	e = (struct err){ 0 };
	ck_assert_int_eq(points_choose(1, &x, many, rng_stream(1, "points", 0, 0), &chosen, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "70368744177664 elements of 8 bytes"));
	e = (struct err){ 0 };
	ck_assert_int_eq(points_choose(many, &x, 1, rng_stream(1, "points", 0, 0), &chosen, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "70368744177665 elements of 8 bytes"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("points");
	TCase *c = tcase_create("points");

	tcase_add_test(c, each_slice_holds_one);
	tcase_add_test(c, rectangles_hold_one);
	tcase_add_test(c, first_points_are_known);
	tcase_add_test(c, sobol_integrates);
	tcase_add_test(c, choice_follows_weights);
	tcase_add_test(c, sizes_are_refused);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
