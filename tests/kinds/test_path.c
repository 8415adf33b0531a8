/* test_path.c: paths through observations with gaps against the values and polynomials they come from; rectilinear
 * ones; log-signatures. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learner/path.h"

static double value_at(enum path_kind kind, int64_t n, const double *t, const double *x, double when)
{
	double start[2], slope[64 * 2 * 3], sum;
	int64_t k;

	path_of(kind, n, t, 1, x, false, start, slope);
	sum = start[0];
	for (k = 0; k + 1 < n; k++) {
		const double s = fmin(t[k + 1], when) - t[k];

		if (s > 0)
			sum += s * (slope[3 * k] + s * (slope[3 * k + 1] / 2 + s * slope[3 * k + 2] / 3));
	}
	return sum;
}

/* Every path but the hold goes through all values that are there. */
START_TEST(paths_meet_values)
{
	const double t[8] = { 0, 0.2, 0.5, 0.6, 1, 1.7, 2, 2.5 };
	const double x[8] = { NAN, 1, -2, NAN, NAN, 0.5, 3, NAN };
	static const enum path_kind kinds[] = { PATH_LINEAR, PATH_NATURAL, PATH_HERMITE };

	for (int j = 0; j < 3; j++) {
		for (int i = 0; i < 8; i++)
			if (!isnan(x[i]))
				ck_assert_double_eq_tol(value_at(kinds[j], 8, t, x, t[i]), x[i], 1e-12);
		ck_assert_double_eq_tol(value_at(kinds[j], 8, t, x, 0), 1, 1e-12);   /* held before */
		ck_assert_double_eq_tol(value_at(kinds[j], 8, t, x, 2.5), 3, 1e-12); /* and after */
	}
	ck_assert_double_eq_tol(value_at(PATH_LINEAR, 8, t, x, 1.1), -0.75, 1e-12);
	ck_assert_double_eq(value_at(PATH_HOLD, 8, t, x, 2.5), 1);
}
END_TEST

/* Lines are kept by all; the spline minimises the bending, and its second derivative has no jumps; Hermite slopes look
 * back. */
START_TEST(paths_are_smooth)
{
	double t[12], line[12], x[12], start, slope[33];

	for (int i = 0; i < 12; i++) {
		t[i] = 0.3 * i + 0.05 * (i % 3);
		line[i] = 2 - 3 * t[i];
		x[i] = sin(t[i]);
	}
	for (int kind = PATH_LINEAR; kind <= PATH_HERMITE; kind++)
		for (double s = 0; s < 3 && kind != PATH_RECTILINEAR; s += 0.17)
			ck_assert_double_eq_tol(value_at(kind, 12, t, line, s), 2 - 3 * s, 1e-12);
	path_of(PATH_NATURAL, 12, t, 1, x, false, &start, slope);
	ck_assert_double_eq_tol(slope[1], 0, 1e-12);
	for (int k = 0; k + 1 < 11; k++) {
		const double h = t[k + 1] - t[k], *p = slope + 3 * k;

		ck_assert_double_eq_tol(p[0] + h * (p[1] + h * p[2]), p[3], 1e-12);
		ck_assert_double_eq_tol(p[1] + 2 * h * p[2], p[4], 1e-11);
	}
	ck_assert_double_eq_tol(value_at(PATH_NATURAL, 12, t, x, 1.5), sin(1.5), 1e-3);
	path_of(PATH_HERMITE, 12, t, 1, x, false, &start, slope);
	for (int k = 1; k < 11; k++)
		ck_assert_double_eq_tol(slope[3 * k], (x[k] - x[k - 1]) / (t[k] - t[k - 1]), 1e-12);
}
END_TEST

/* Rectilinear: the time moves first, then the values. */
START_TEST(rectilinear)
{
	const double t[3] = { 0, 2, 3 }, x[3] = { 1, NAN, 4 };
	double start[2], slope[4 * 2 * 3], knot[5];

	ck_assert_int_eq(path_intervals(PATH_RECTILINEAR, 3), 4);
	path_knots(PATH_RECTILINEAR, 3, t, knot);
	path_of(PATH_RECTILINEAR, 3, t, 1, x, true, start, slope);
	ck_assert_double_eq(start[0], 0);
	ck_assert_double_eq(start[1], 1);
	const double wanted[4][2] = { { 2, 0 }, { 0, 0 }, { 1, 0 }, { 0, 3 } };
	for (int k = 0; k < 4; k++)
		for (int c = 0; c < 2; c++)
			ck_assert_double_eq(slope[(k * 2 + c) * 3], wanted[k][c]);
	ck_assert_double_eq(knot[4], 4);
}
END_TEST

/* Time and a value with a gap, (0,1) (1,2) (2,3) (4,-1) by lines, windows of two intervals: increments and areas over
 * lengths. */
START_TEST(log_signatures)
{
	const double t[4] = { 0, 1, 2, 4 }, x[4] = { 1, NAN, 3, -1 };
	const double wanted[2][3] = { { 1, 1, 0 }, { 1, -2, 0 } };
	const double area[4] = { 0, 0, 3, 1 }, up[4] = { 0, 1, 1, 0 };
	double start[2], slope[3 * 3 * 3], knot[4];

	ck_assert_int_eq(path_windows(4, 2), 2);
	path_window_knots(4, t, 2, knot);
	ck_assert(knot[0] == 0 && knot[1] == 2 && knot[2] == 4);
	path_log_signatures(4, t, 1, x, true, 2, 2, start, slope);
	ck_assert(start[0] == 0 && start[1] == 1);
	for (int k = 0; k < 2; k++)
		for (int c = 0; c < 3; c++) {
			ck_assert_double_eq_tol(slope[(k * 3 + c) * 3], wanted[k][c], 1e-14);
			ck_assert(slope[(k * 3 + c) * 3 + 1] == 0 && slope[(k * 3 + c) * 3 + 2] == 0);
		}
	/* two channels without the time: 1/2 int (u dv - v du) by the shoelace formula, one window of three lines */
	double both[8], sum = 0;
	for (int i = 0; i < 4; i++) {
		both[2 * i] = up[i];
		both[2 * i + 1] = area[i];
	}
	for (int i = 0; i + 1 < 4; i++)
		sum += 0.5 * ((up[i] - up[0]) * (area[i + 1] - area[0]) - (up[i + 1] - up[0]) * (area[i] - area[0]));
	path_log_signatures(4, t, 2, both, false, 2, 3, start, slope);
	ck_assert_double_eq_tol(slope[0], 0, 1e-14);
	ck_assert_double_eq_tol(slope[3], 0.25, 1e-14);
	ck_assert_double_eq_tol(slope[6], sum / 4, 1e-14);
	ck_assert_double_gt(fabs(sum), 0.1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("paths");
	TCase *t = tcase_create("paths");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, paths_meet_values);
	tcase_add_test(t, paths_are_smooth);
	tcase_add_test(t, rectilinear);
	tcase_add_test(t, log_signatures);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
