/* test_stencil.c: interpolation from rising points: which points are taken, exactness, and many queries of many
 * points. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "num/stencil.h"

enum { WIDTH = 4 };

/* The points that stencil.h promises, by reading them all: the middle gap of the stencil holds z, ends permitting. */
static int64_t first_by_scan(double z, int64_t n, const double *x)
{
	int64_t above = 0, first;

	while (above < n && x[above] < z)
		above++;
	first = above - WIDTH / 2;
	return first < 0 ? 0 : first + WIDTH > n ? n - WIDTH : first;
}

static void points_of(int spacing, int64_t n, double *x)
{
	const struct rng r = rng_stream(1, "stencil", (uint64_t)spacing, (uint64_t)n);

	for (int64_t i = 0; i < n; i++) {
		const double at = ((double)i + (spacing == 1 ? 0.9 * rng_uniform_at(r, (uint64_t)i) : 0)) / (double)n;

		x[i] = spacing == 2 ? expm1(9 * at) : spacing == 3 ? -cos(M_PI * at) : 0.3 + 1.7 * at;
	}
}

START_TEST(neighbours_are_taken)
{
	for (int spacing = 0; spacing < 4; spacing++)
		for (int64_t n = WIDTH; n < 60; n++) {
			double x[60], w[WIDTH];
			int64_t point[WIDTH];

			points_of(spacing, n, x);
			for (int64_t i = -2; i < 3 * n + 2; i++) {
				/* points, between them, just beside them, outside */
				const int64_t at = i < 0 ? 0 : i / 3 < n ? i / 3 : n - 1;
				const double next = at + 1 < n ? x[at + 1] : x[at] + 1;
				const double z = i < 0	      ? x[0] + (double)i
						 : i % 3 == 0 ? x[at]
						 : i % 3 == 1 ? 0.5 * (x[at] + next)
							      : nextafter(next, x[at]);
				const int64_t first = first_by_scan(z, n, x);
				double sum = 0, cube = 0;

				stencil_interpolate(z, n, x, 0, WIDTH, point, w);
				for (int j = 0; j < WIDTH; j++) {
					ck_assert_msg(point[j] == first + j, "spacing %d, %d points, z = %.17g",
						      spacing, (int)n, z);
					sum += w[j];
					cube += w[j] * pow(x[point[j]] - z, 3);
				}
				if (i < 0 || i / 3 >= n - 1)
					continue;
				ck_assert_double_le(fabs(sum - 1), 1e-9);
				ck_assert_double_le(fabs(cube), 1e-9 * pow(x[point[WIDTH - 1]] - x[point[0]], 3));
			}
		}
}
END_TEST

/* What is no number has neighbours too, and points that end at infinity do no harm. */
START_TEST(odd_places_are_safe)
{
	const double x[] = { -1e308, -1, 0, 1, 1e308 }, endless[] = { 0, 1, 2, INFINITY };
	const double places[] = { NAN, INFINITY, -INFINITY, 0.5, 1e308, -1e308 };
	int64_t point[WIDTH];
	double w[WIDTH];

	for (size_t k = 0; k < sizeof places / sizeof *places; k++)
		for (int which = 0; which < 2; which++) {
			const int64_t n = which ? 4 : 5;
			const double *at = which ? endless : x;

			stencil_interpolate(places[k], n, at, 0, WIDTH, point, w);
			ck_assert_int_eq(point[0], first_by_scan(places[k], n, at));
		}
}
END_TEST

/* Half a million queries of as many points, evenly spaced or not: reading them all would take minutes, and the test's
 * time limit is seconds. */
START_TEST(many_points_are_found)
{
	const int64_t n = 500000;
	double *x = malloc((size_t)n * sizeof *x), w[WIDTH];
	int64_t point[WIDTH];

	for (int spacing = 0; spacing < 4; spacing++) {
		points_of(spacing, n, x);
		for (int64_t i = 0; i < n; i++) {
			const int64_t wanted = i < 1 ? 0 : i + 3 > n ? n - WIDTH : i - 1;

			stencil_interpolate(i + 1 < n ? 0.5 * (x[i] + x[i + 1]) : x[i], n, x, 0, WIDTH, point, w);
			ck_assert_int_eq(point[0], wanted);
		}
	}
	free(x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stencil");
	TCase *c = tcase_create("stencil");

	tcase_set_timeout(c, 20);
	tcase_add_test(c, neighbours_are_taken);
	tcase_add_test(c, odd_places_are_safe);
	tcase_add_test(c, many_points_are_found);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
