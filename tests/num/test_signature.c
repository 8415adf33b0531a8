/* test_signature.c: iterated integrals against what is known of them: straight lines, areas, Chen's identity, the
 * shuffle product, no dependence on the parametrisation, logarithms in the Lyndon basis. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "num/signature.h"

enum { D = 3, SIZE = D + D * D + D * D * D };

static double draw(const char *name, int i)
{
	return rng_normal_at(rng_stream(1, name, 0, 0), (uint64_t)i);
}

static void walk(const char *name, int n, double *s)
{
	memset(s, 0, SIZE * sizeof *s);
	for (int i = 0; i < n; i++) {
		const double step[D] = { draw(name, D * i), draw(name, D * i + 1), draw(name, D * i + 2) };

		signature_extend(D, 3, step, s);
	}
}

static double at1(const double *s, int i)
{
	return s[i];
}

static double at2(const double *s, int i, int j)
{
	return s[D + i * D + j];
}

static double at3(const double *s, int i, int j, int k)
{
	return s[D + D * D + (i * D + j) * D + k];
}

static void check_equal(int n, const double *a, const double *b, double tolerance)
{
	for (int i = 0; i < n; i++)
		ck_assert_msg(fabs(a[i] - b[i]) <= tolerance * (1 + fabs(b[i])), "%d: %.17g, %.17g", i, a[i], b[i]);
}

/* S(w) = product of increments / k!; its logarithm is the increment alone. */
START_TEST(straight_lines)
{
	const double step[D] = { 0.7, -1.3, 0.4 };
	double s[SIZE] = { 0 }, l[SIZE];

	signature_extend(D, 3, step, s);
	for (int i = 0; i < D; i++)
		for (int j = 0; j < D; j++) {
			ck_assert_double_eq_tol(at2(s, i, j), step[i] * step[j] / 2, 1e-15);
			for (int k = 0; k < D; k++)
				ck_assert_double_eq_tol(at3(s, i, j, k), step[i] * step[j] * step[k] / 6, 1e-15);
		}
	signature_log(D, 3, s, l);
	for (int i = 0; i < SIZE; i++)
		ck_assert_double_eq_tol(l[i], i < D ? step[i] : 0, 1e-15);
}
END_TEST

/* The coordinate of [0,1] is the area between path and chord: r^2 pi of a circle, a polygon's by the shoelace
 * formula. */
START_TEST(areas)
{
	enum { N = 400 };
	const double r = 1.5;
	double s[6] = { 0 }, l[6], c[3], shoelace = 0;

	for (int i = 0; i < N; i++) {
		const double a = 2 * M_PI * i / N, b = 2 * M_PI * (i + 1) / N;
		const double step[2] = { r * (cos(b) - cos(a)), r * (sin(b) - sin(a)) };

		signature_extend(2, 2, step, s);
		shoelace += 0.5 * r * r * (cos(a) * sin(b) - cos(b) * sin(a));
	}
	signature_log(2, 2, s, l);
	signature_to_lyndon(2, 2, l, c);
	ck_assert_int_eq(signature_log_size(2, 2), 3);
	ck_assert_double_eq_tol(c[0], 0, 1e-13);
	ck_assert_double_eq_tol(c[1], 0, 1e-13);
	ck_assert_double_eq_tol(c[2], shoelace, 1e-12);
	ck_assert_double_eq_tol(c[2], M_PI * r * r, 1e-3);
}
END_TEST

/* A moment curve (t, t^2, t^3) on [0, 1]: S(ijk) = abc/(a (a + b)(a + b + c)), a = i + 1 ... */
START_TEST(polynomials)
{
	enum { N = 4000 };
	double s[SIZE] = { 0 };

	for (int i = 0; i < N; i++) {
		const double a = (double)i / N, b = (double)(i + 1) / N;
		const double step[D] = { b - a, b * b - a * a, b * b * b - a * a * a };

		signature_extend(D, 3, step, s);
	}
	for (int i = 0; i < D; i++)
		for (int j = 0; j < D; j++) {
			const double a = i + 1, b = j + 1;

			ck_assert_double_eq_tol(at2(s, i, j), b / (a + b), 1e-6);
			for (int k = 0; k < D; k++) {
				const double c = k + 1;

				ck_assert_double_eq_tol(at3(s, i, j, k), b * c / ((a + b) * (a + b + c)), 1e-6);
			}
		}
}
END_TEST

START_TEST(chen)
{
	double a[SIZE], b[SIZE], joined[SIZE], whole[SIZE];

	walk("a", 7, a);
	walk("b", 5, b);
	memcpy(whole, a, sizeof a);
	for (int i = 0; i < 5; i++) {
		const double step[D] = { draw("b", D * i), draw("b", D * i + 1), draw("b", D * i + 2) };

		signature_extend(D, 3, step, whole);
	}
	signature_join(D, 3, a, b, joined);
	check_equal(SIZE, joined, whole, 1e-13);
}
END_TEST

/* S(i) S(j) = S(ij) + S(ji); S(i) S(jk) = S(ijk) + S(jik) + S(jki). */
START_TEST(shuffles)
{
	double s[SIZE];

	walk("s", 9, s);
	for (int i = 0; i < D; i++)
		for (int j = 0; j < D; j++) {
			ck_assert_double_eq_tol(at1(s, i) * at1(s, j), at2(s, i, j) + at2(s, j, i), 1e-12);
			for (int k = 0; k < D; k++)
				ck_assert_double_eq_tol(at1(s, i) * at2(s, j, k),
							at3(s, i, j, k) + at3(s, j, i, k) + at3(s, j, k, i), 1e-11);
		}
}
END_TEST

/* Every line in three unequal pieces, and there and back again at the end, changes nothing. */
START_TEST(parametrisation)
{
	static const double part[] = { 0.2, 0.5, 0.3 };
	double s[SIZE], t[SIZE] = { 0 };

	walk("p", 6, s);
	for (int i = 0; i < 18; i++) {
		double step[D];

		for (int k = 0; k < D; k++)
			step[k] = part[i % 3] * draw("p", D * (i / 3) + k);
		signature_extend(D, 3, step, t);
	}
	check_equal(SIZE, t, s, 1e-12);
	for (int i = 0; i < 2; i++) {
		const double step[D] = { i ? -2 : 2, i ? -1 : 1, i ? 3 : -3 };

		signature_extend(D, 3, step, t);
	}
	check_equal(SIZE, t, s, 1e-12);
}
END_TEST

/* exp of log is the signature; the logarithm is a Lie element: it comes back from its Lyndon coordinates. */
START_TEST(logarithms)
{
	double s[SIZE], l[SIZE], back[SIZE], c[14];

	ck_assert_int_eq(signature_log_size(3, 3), 14);
	ck_assert_int_eq(signature_log_size(5, 3), 5 + 10 + 40);
	ck_assert_int_eq(signature_size(D, 3), SIZE);
	walk("l", 8, s);
	signature_log(D, 3, s, l);
	signature_exp(D, 3, l, back);
	check_equal(SIZE, back, s, 1e-12);
	signature_to_lyndon(D, 3, l, c);
	signature_from_lyndon(D, 3, c, back);
	check_equal(SIZE, back, l, 1e-12);
}
END_TEST

/* Two lines a, b: log = a + b + [a,b]/2 + [a,[a,b]]/12 + [[a,b],b]/12 (Baker, Campbell, Hausdorff). */
START_TEST(baker_campbell_hausdorff)
{
	const double a[2] = { 0.6, 0 }, b[2] = { 0, -1.1 };
	double s[14] = { 0 }, l[14], c[5];

	signature_extend(2, 3, a, s);
	signature_extend(2, 3, b, s);
	signature_log(2, 3, s, l);
	signature_to_lyndon(2, 3, l, c);
	const double x = a[0], y = b[1], want[5] = { x, y, x * y / 2, x * x * y / 12, x * y * y / 12 };
	check_equal(5, c, want, 1e-15);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("signature");
	TCase *c = tcase_create("signature");

	tcase_add_test(c, straight_lines);
	tcase_add_test(c, areas);
	tcase_add_test(c, polynomials);
	tcase_add_test(c, chen);
	tcase_add_test(c, shuffles);
	tcase_add_test(c, parametrisation);
	tcase_add_test(c, logarithms);
	tcase_add_test(c, baker_campbell_hausdorff);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
