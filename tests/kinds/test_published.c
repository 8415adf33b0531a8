/* test_published.c: problems in text against published solutions, where their files are at hand: by Fourier series,
 * with sides by Chebyshev points and by differences. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "fixture.h"

/* An array of a MATLAB file in the order of our fields, n numbers. NULL: there is no such file. */
static double *published(const char *file, const char *name, int64_t n)
{
	const char *shared = getenv("SCIML_SHARED");
	struct str path = { 0 };
	struct dataset *d;
	struct err e = { 0 };
	double *out = NULL;

	str_printf(&path, "%s/data/%s", shared ? shared : "../shared", file);
	if (access(str_text(&path), R_OK) == 0) {
		int64_t *index, count;
		int f;

		ck_assert_msg(dataset_open(&d, str_text(&path), NULL, &e) == 0, "%s", e.message);
		f = layout_find_field(dataset_layout(d), name);
		ck_assert_msg(f >= 0, "%s: no %s", file, name);
		count = dataset_layout(d)->n_samples;
		ck_assert_int_eq(count * layout_field_count(dataset_layout(d), f), n);
		index = xmalloc((size_t)count * sizeof *index);
		for (int64_t i = 0; i < count; i++)
			index[i] = i;
		out = xmalloc((size_t)n * sizeof *out);
		ck_assert_msg(dataset_read(d, f, count, index, DTYPE_F64, out, &e) == 0, "%s", e.message);
		free(index);
		dataset_close(d);
	} else {
		printf("skipped: %s is not there\n", str_text(&path));
	}
	str_free(&path);
	return out;
}

START_TEST(published_burgers_shock)
{
	/* the file's points are linspace(-1, 1, 256), both ends included: 255 intervals of the periodic grid */
	static const char *const set[] = { "problem.grid=255", NULL };
	enum { X = 256, T = 100 };
	double *u = published("burgers_shock.mat", "u", X * T), error = 0, size = 0;

	if (!u)
		return;
	struct fixture f = fixture_shipped(SCIML_DATA, "burgers-shock", set);
	fixture_generate(&f, 0, 0);
	for (int k = 0; k < T; k++)
		for (int i = 0; i < X - 1; i++) {
			double want = u[k * X + i], got = f.field[0][k * (X - 1) + i];

			error += (got - want) * (got - want);
			size += want * want;
		}
	printf("burgers-shock: relative L2 %.3g\n", sqrt(error / size));
	ck_assert_double_lt(sqrt(error / size), 1e-6);
	fixture_free(&f);
	free(u);
}
END_TEST

START_TEST(published_allen_cahn)
{
	enum { X = 512, T = 201 };
	double *u = published("AC.mat", "u", X * T), error = 0, size = 0;

	if (!u)
		return;
	struct fixture f = fixture_shipped(SCIML_DATA, "allen-cahn", NULL);
	fixture_generate(&f, 0, 0);
	for (int k = 0; k < T; k++)
		for (int i = 0; i < X; i++) {
			double want = u[k * X + i], got = f.field[0][k * X + i];

			error += (got - want) * (got - want);
			size += want * want;
		}
	printf("allen-cahn: relative L2 %.3g\n", sqrt(error / size));
	ck_assert_double_lt(sqrt(error / size), 1e-5);
	fixture_free(&f);
	free(u);
}
END_TEST

/* The published shock is odd: on [-1, 0] with u = 0 at both ends it is the same, and its front is at a side, where
 * Chebyshev points are close. The file's points are every second of 256. */
START_TEST(published_shock_with_sides)
{
	static const char *const set[] = { "problem.domain.x=[-1, 0]", "problem.boundary=dirichlet",
					   "problem.method=chebyshev", "problem.solve_grid=90",
					   "problem.grid=256",	       NULL };
	enum { X = 256, T = 100 };
	double *u = published("burgers_shock.mat", "u", X * T), error = 0, size = 0;

	if (!u)
		return;
	struct fixture f = fixture_shipped(SCIML_DATA, "burgers-shock", set);
	fixture_generate(&f, 0, 0);
	for (int k = 0; k < T; k++)
		for (int i = 0; i < X / 2; i++) {
			error += pow(f.field[0][k * X + 2 * i] - u[k * X + i], 2);
			size += pow(u[k * X + i], 2);
		}
	printf("burgers-shock with sides: relative L2 %.3g, %g steps\n", sqrt(error / size), f.number[0]);
	ck_assert_double_lt(sqrt(error / size), 1e-6);
	fixture_free(&f);
	free(u);
}
END_TEST

/* The same with both ends and differences of order 6, the front being seven points wide. Their error falls by about 50
 * for twice the points until rtol shows, which is 1e-7. */
START_TEST(published_shock_by_differences)
{
	static const char *const set[] = {
		"problem.boundary=dirichlet", "problem.method=differences", "problem.order=6",
		"problem.solve_grid=2041",    "problem.grid=256",	    NULL
	};
	enum { X = 256, T = 100 };
	double *u = published("burgers_shock.mat", "u", X * T), error = 0, size = 0;

	if (!u)
		return;
	struct fixture f = fixture_shipped(SCIML_DATA, "burgers-shock", set);
	fixture_generate(&f, 0, 0);
	for (int i = 0; i < T * X; i++) {
		error += pow(f.field[0][i] - u[i], 2);
		size += pow(u[i], 2);
	}
	printf("burgers-shock by differences: relative L2 %.3g, %g steps\n", sqrt(error / size), f.number[0]);
	ck_assert_double_lt(sqrt(error / size), 1e-6);
	fixture_free(&f);
	free(u);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("published solutions");
	TCase *t = tcase_create("published solutions");
	SRunner *r = srunner_create(s);
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, published_burgers_shock);
	tcase_add_test(t, published_allen_cahn);
	tcase_add_test(t, published_shock_with_sides);
	tcase_add_test(t, published_shock_by_differences);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
