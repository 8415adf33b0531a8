/* test_samplers.c: what every sampler of the table owes: readable keys, draws that depend on seed and number alone, and
 * the mean and standard deviation that it states. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"

static int n_samplers(void)
{
	int n = 0;

	for (int i = 0; sampler_files[i]; i++)
		for (int k = 0; sampler_files[i][k]; k++)
			n++;
	return n;
}

static const struct sampler_class *sampler_at(int wanted)
{
	int n = 0;

	for (int i = 0; sampler_files[i]; i++)
		for (int k = 0; sampler_files[i][k]; k++)
			if (n++ == wanted)
				return sampler_files[i][k];
	return NULL;
}

START_TEST(describes_itself)
{
	const struct sampler_class *c = sampler_at(_i);
	struct fixture f = fixture_sampler(c, "");

	ck_assert_ptr_eq(sampler_find(c->name), c);
	ck_assert(c->summary && c->source && c->test_config && c->draw);
	fixture_free(&f);
}
END_TEST

START_TEST(depends_on_seed_and_number_alone)
{
	const struct sampler_class *c = sampler_at(_i);
	struct fixture f = fixture_sampler(c, c->test_config), g = fixture_sampler(c, c->test_config);
	const size_t bytes = (size_t)fixture_count(&f, 0) * sizeof(double);

	fixture_generate(&f, 42, 0);
	fixture_generate(&f, 42, 3);
	fixture_generate(&g, 42, 3);
	ck_assert(memcmp(f.field[0], g.field[0], bytes) == 0);
	fixture_generate(&g, 42, 4);
	ck_assert(memcmp(f.field[0], g.field[0], bytes) != 0);
	fixture_generate(&g, 43, 3);
	ck_assert(memcmp(f.field[0], g.field[0], bytes) != 0);
	fixture_free(&f);
	fixture_free(&g);
}
END_TEST

enum { DRAWS = 10000 };

static void check_moments(const struct sampler_class *c, const char *config)
{
	struct fixture f = fixture_sampler(c, config);
	const int64_t n = fixture_count(&f, 0);
	double *sum = xcalloc((size_t)(2 * n), sizeof *sum), *square = sum + n, mean, std;
	bool any = false;

	for (int64_t s = 0; s < DRAWS; s++) {
		fixture_generate(&f, 7, s);
		for (int64_t i = 0; i < n; i++) {
			sum[i] += f.field[0][i];
			square[i] += f.field[0][i] * f.field[0][i];
		}
	}
	for (int64_t i = 0; i < n; i++) {
		double m = sum[i] / DRAWS, v = square[i] / DRAWS - m * m;

		if (!c->moments || !c->moments(f.config, i, &mean, &std))
			continue;
		any = true;
		/* 5 standard errors; of the deviation, those of a normal variable, doubled for heavier tails. */
		ck_assert_msg(fabs(m - mean) <= 5 * std / sqrt(DRAWS) + 1e-12, "%s[%lld]: mean %g, not %g", c->name,
			      (long long)i, m, mean);
		ck_assert_msg(fabs(sqrt(fmax(v, 0)) - std) <= 10 * std / sqrt(2. * DRAWS) + 1e-7,
			      "%s[%lld]: deviation %g, not %g", c->name, (long long)i, sqrt(v), std);
	}
	ck_assert(any || !c->moments);
	free(sum);
	fixture_free(&f);
}

START_TEST(has_its_moments)
{
	check_moments(sampler_at(_i), sampler_at(_i)->test_config);
}
END_TEST

START_TEST(moments_of_other_settings)
{
	const struct sampler_class *grf = sampler_find("grf"), *path = sampler_find("sde-path");

	check_moments(grf, "dims: 1\ngrid: 8\nboundary: dirichlet\n");
	check_moments(grf, "dims: 2\ngrid: [5, 6]\n");
	check_moments(grf, "dims: 3\ngrid: [4, 3, 4]\nmean_mode: true\n");
	check_moments(path, "process: gbm\nframes: 4\nrate: 0.2\nsigma: 0.3\nstart: 2\n");
	check_moments(path, "process: ou\nframes: 4\nrate: 0\nlevel: 3\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("samplers");
	TCase *t = tcase_create("every sampler");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, describes_itself, 0, n_samplers());
	tcase_add_loop_test(t, depends_on_seed_and_number_alone, 0, n_samplers());
	tcase_add_loop_test(t, has_its_moments, 0, n_samplers());
	tcase_add_test(t, moments_of_other_settings);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
