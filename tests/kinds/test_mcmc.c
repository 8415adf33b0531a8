/* test_mcmc.c: chains of every method against densities whose moments are closed forms, their count of gradients,
 * refusals. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "fixture.h"

/* y given x is N(x^2, 1/2), x is N(0, 1): E y = 1, Var y = 5/2, E x y = 0, E x^2 y = 3. */
#define BANANA "potential: \"x^2/2 + (y - x^2)^2\"\nvariables: [x, y]\n"

static void check_mean(double sum, double square, double n, double wanted, const char *what)
{
	const double mean = sum / n, spread = sqrt(fmax(square / n - mean * mean, 0) / n);

	ck_assert_msg(fabs(mean - wanted) < 4.5 * spread + 0.01 * (1 + fabs(wanted)), "%s: %g, not %g (+- %g)", what,
		      mean, wanted, spread);
}

/* The last states of many chains are independent draws. */
START_TEST(moments_of_a_banana)
{
	static const char *const methods[] = { "method: quicsort\nstep: 0.12\nburn: 200\nthin: 1\n",
					       "method: should\nstep: 0.12\nburn: 200\nthin: 1\n",
					       "method: euler-maruyama\nstep: 0.01\nburn: 2000\nthin: 1\n",
					       "method: hmc\nstep: 0.2\nleaps: 8\nburn: 60\nthin: 1\n",
					       "method: nuts\nstep: 0.2\nburn: 40\nthin: 1\n" };
	enum { CHAINS = 2000 };
	char config[400];
	double sum[5] = { 0 }, square[5] = { 0 };
	static const double wanted[5] = { 0, 1, 1, 2.5 + 1, 3 };
	static const char *const what[5] = { "x", "x^2", "y", "y^2", "x^2 y" };
	struct fixture f;

	snprintf(config, sizeof config, BANANA "draws: 1\n%s", methods[_i]);
	f = fixture_sampler(sampler_find("mcmc"), config);
	for (int64_t s = 0; s < CHAINS; s++) {
		double x, y, v[5];

		fixture_generate(&f, 3, s);
		x = f.field[0][0];
		y = f.field[0][1];
		v[0] = x;
		v[1] = x * x;
		v[2] = y;
		v[3] = y * y;
		v[4] = x * x * y;
		for (int k = 0; k < 5; k++) {
			sum[k] += v[k];
			square[k] += v[k] * v[k];
		}
	}
	for (int k = 0; k < 5; k++)
		check_mean(sum[k], square[k], CHAINS, wanted[k], what[k]);
	fixture_free(&f);
}
END_TEST

/* Along one chain: a mixture with weights 1 and 3, both found, with its moments. */
START_TEST(moments_of_a_mixture)
{
	static const char *const methods[] = { "method: quicsort\nstep: 0.3\nthin: 20\n",
					       "method: hmc\nstep: 0.4\nleaps: 5\nthin: 4\n",
					       "method: nuts\nstep: 0.4\nthin: 2\n" };
	char config[400];
	struct fixture f;
	double sum = 0, square = 0, right = 0;
	int64_t n;

	snprintf(config, sizeof config,
		 "means: [[-1, 0], [1, 0.5]]\nstds: [0.5, 0.7]\nweights: [1, 3]\ndraws: 4000\nburn: 100\n%s",
		 methods[_i]);
	f = fixture_sampler(sampler_find("mcmc"), config);
	fixture_generate(&f, 5, 0);
	n = fixture_count(&f, 0) / 2;
	for (int64_t k = 0; k < n; k++) {
		sum += f.field[0][2 * k] / (double)n;
		square += pow(f.field[0][2 * k + 1], 2) / (double)n;
		right += (f.field[0][2 * k] > 0) / (double)n;
	}
	/* E x = 1/2, E y^2 = (0.25 + 3 (0.49 + 0.25))/4; states of a chain depend: about 300 are worth one of the 4000. */
	ck_assert_double_eq_tol(sum, 0.5, 0.12);
	ck_assert_double_eq_tol(square, 0.6175, 0.07);
	ck_assert_double_eq_tol(right, 0.25 * 0.02275 + 0.75 * 0.92343, 0.06);
	fixture_free(&f);
}
END_TEST

START_TEST(counts_gradients)
{
	struct fixture f =
		fixture_sampler(sampler_find("mcmc"), BANANA "method: hmc\nleaps: 7\nburn: 3\nthin: 2\ndraws: 5\n");
	struct fixture g =
		fixture_sampler(sampler_find("mcmc"), BANANA "method: quicsort\nburn: 3\nthin: 2\ndraws: 5\n");

	for (int64_t s = 0; s < 2; s++) {
		fixture_generate(&f, 1, s);
		fixture_generate(&g, 1, s);
		ck_assert_double_eq(*f.field[1], 7 * 13 + 1);
		ck_assert_double_eq(*g.field[1], 2 * 13);
	}
	fixture_free(&f);
	fixture_free(&g);
}
END_TEST

START_TEST(refusals)
{
	static const char *const configs[][2] = {
		{ "sample:\n  potential: \"x^2 + q\"\n  variables: [x]\n", "q" },
		{ "sample:\n  potential: \"x^2 +\"\n  variables: [x]\n", "potential" },
		{ "sample:\n  potential: \"x^2\"\n  variables: [x]\n  start: [1, 2]\n", "start" },
	};

	for (size_t k = 0; k < sizeof configs / sizeof configs[0]; k++) {
		const struct sampler_class *c = sampler_find("mcmc");
		void *config = xcalloc(1, c->config_size);
		struct err e = { 0 };
		struct conf *conf = conf_new();
		struct cfg *r;

		ck_assert_int_eq(conf_load_text(conf, configs[k][0], "test", &e), 0);
		r = cfg_new(conf);
		cfg_section(r, "sample", 1, &(struct key_table){ c->keys, config });
		ck_assert_int_eq(cfg_done(r, &e), 0);
		ck_assert_int_eq(c->check(config, &e), -1);
		ck_assert_msg(strstr(e.message, configs[k][1]), "%s", e.message);
		cfg_free(r);
		conf_free(conf);
		free(config);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mcmc");
	TCase *t = tcase_create("chains");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, moments_of_a_banana, 0, 5);
	tcase_add_loop_test(t, moments_of_a_mixture, 0, 3);
	tcase_add_test(t, counts_gradients);
	tcase_add_test(t, refusals);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
