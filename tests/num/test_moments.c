/* test_moments.c: mean, spread and range against sums in long double, for runs of any length and cut. */
#include <check.h>
#include <math.h>

#include "base/rng.h"
#include "num/moments.h"

enum { MOST = 5000 };

static double v[MOST];

static void fill(double offset)
{
	rng_normal(rng_stream(3, "moments", 0, 0), 0, MOST, v);
	for (int i = 0; i < MOST; i++)
		v[i] += offset;
}

static void expect(const struct moments *m, int n)
{
	long double sum = 0, squares = 0;
	double least = INFINITY, most = -INFINITY;
	int finite = 0;

	for (int i = 0; i < n; i++)
		if (isfinite(v[i])) {
			sum += v[i];
			least = fmin(least, v[i]);
			most = fmax(most, v[i]);
			finite++;
		}
	for (int i = 0; i < n; i++)
		if (isfinite(v[i]))
			squares += (v[i] - sum / finite) * (v[i] - sum / finite);
	ck_assert_int_eq(m->n, finite);
	ck_assert_int_eq(m->nonfinite, n - finite);
	ck_assert_double_eq(m->least, least);
	ck_assert_double_eq(m->most, most);
	ck_assert_double_eq_tol(m->mean, (double)(sum / finite), 1e-14 * fmax(fabs(least), fabs(most)));
	if (finite > 1)
		ck_assert_double_eq_tol(moments_std(m), (double)sqrtl(squares / (finite - 1)),
					1e-12 * moments_std(m) + 1e-15 * fabs(most));
}

START_TEST(agrees_with_long_double)
{
	static const int length[] = { 1, 2, 511, 512, 513, 1024, MOST };

	for (int k = 0; k < 7; k++) {
		struct moments m = { 0 };

		fill(_i == 1 ? 1e6 : 0);
		moments_add(&m, length[k], v);
		expect(&m, length[k]);
	}
}
END_TEST

START_TEST(takes_values_in_any_cut)
{
	static const int cut[] = { 1, 7, 600, 1500, 512 };
	struct moments m = { 0 };

	fill(-3);
	for (int at = 0, k = 0; at < MOST; at += cut[k++ % 5])
		moments_add(&m, at + cut[k % 5] < MOST ? cut[k % 5] : MOST - at, v + at);
	expect(&m, MOST);
}
END_TEST

START_TEST(leaves_out_what_is_not_finite)
{
	struct moments m = { 0 };

	fill(0);
	v[0] = NAN;
	v[700] = INFINITY;
	v[2000] = -INFINITY;
	moments_add(&m, MOST, v);
	expect(&m, MOST);
}
END_TEST

START_TEST(equal_values_have_no_spread)
{
	struct moments m = { 0 };

	for (int i = 0; i < MOST; i++)
		v[i] = 0.1;
	moments_add(&m, MOST, v);
	ck_assert_double_eq(m.mean, 0.1);
	ck_assert_double_eq(moments_std(&m), 0);
}
END_TEST

/* Sums of these overflow, the values do not. */
START_TEST(large_values_do_not_overflow_the_mean)
{
	struct moments m = { 0 };

	for (int i = 0; i < MOST; i++)
		v[i] = i % 2 ? 1.5e308 : 1.4e308;
	moments_add(&m, MOST, v);
	ck_assert_double_eq_tol(m.mean / 1e308, 1.45, 1e-12);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("moments");
	TCase *t = tcase_create("moments");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, agrees_with_long_double, 0, 2);
	tcase_add_test(t, takes_values_in_any_cut);
	tcase_add_test(t, leaves_out_what_is_not_finite);
	tcase_add_test(t, equal_values_have_no_spread);
	tcase_add_test(t, large_values_do_not_overflow_the_mean);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
