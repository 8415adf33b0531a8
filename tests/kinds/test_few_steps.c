/* test_few_steps.c: claims of the papers on diffusion samplers: how far few steps are from a fine reference. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "scene.h"

static double rms_error(struct scene *s, const char *method, enum step_times kind, int64_t steps)
{
	double x[MOST], sum = 0;

	scene_run(s, method, kind, steps, &scene_plain, x);
	for (int i = 0; i < DIM * s->n; i++)
		sum += (x[i] - s->reference[i]) * (x[i] - s->reference[i]);
	return sqrt(sum / (DIM * s->n));
}

START_TEST(few_steps_of_the_solvers)
{
	struct noise_spec ring_end = scene_vp;
	struct scene a = scene_open(&scene_vp, GMM_A), r;
	double last = HUGE_VAL, ddim10, ddim160;

	ring_end.t_end = 1e-3;
	r = scene_open(&ring_end, RING8);
	/* Points near a separatrix decide the root mean square: many. */
	r.n = MANY;
	scene_refer(&a);
	scene_refer(&r);
	ddim10 = rms_error(&a, "ddim", TIMES_LOG_SNR, 10);
	ddim160 = rms_error(&a, "ddim", TIMES_LOG_SNR, 160);
	ck_assert_double_lt(rms_error(&a, "dpm-solver-fast", TIMES_LOG_SNR, 20), ddim160);
	ck_assert_double_le(rms_error(&a, "dpm-solver++2m", TIMES_LOG_SNR, 10), 0.4 * ddim10);
	ck_assert_double_le(rms_error(&a, "deis-tab3", TIMES_LOG_SNR, 10), 0.35 * ddim10);
	ck_assert_double_le(rms_error(&a, "deis-tab3", TIMES_LOG_SNR, 20),
			    0.25 * rms_error(&a, "ddim", TIMES_LOG_SNR, 20));
	ck_assert_double_lt(rms_error(&a, "deis-tab3", TIMES_LOG_SNR, 20), ddim160);
	ck_assert_double_lt(rms_error(&a, "deis-tab3", TIMES_LOG_SNR, 10),
			    rms_error(&a, "deis-rhoab3", TIMES_LOG_SNR, 10));
	for (int64_t steps = 10; steps <= 20; steps += 10) {
		static const char *const better[] = { "ddim", "deis-tab1", "deis-tab2", "deis-tab3" };

		last = HUGE_VAL;
		for (int k = 0; k < 4; k++) {
			const double error = rms_error(&a, better[k], TIMES_LOG_SNR, steps);

			ck_assert_msg(error < last, "%s in %d steps: %g", better[k], (int)steps, error);
			last = error;
		}
	}
	ddim10 = rms_error(&r, "ddim", TIMES_LOG_SNR, 10);
	ck_assert_double_lt(rms_error(&r, "dpm-solver-fast", TIMES_LOG_SNR, 40),
			    rms_error(&r, "ddim", TIMES_LOG_SNR, 160));
	ck_assert_double_le(rms_error(&r, "dpm-solver-2m", TIMES_LOG_SNR, 10), 0.4 * ddim10);
	ck_assert_double_le(rms_error(&r, "deis-tab3", TIMES_LOG_SNR, 10), 0.35 * ddim10);
	scene_close(&a);
	scene_close(&r);
}
END_TEST

START_TEST(few_steps_of_pndm)
{
	const struct noise_spec spec = { .kind = NOISE_DISCRETE, .n_betas = 1000, .beta_min = 1e-4, .beta_max = 0.02 };

	for (int set = GMM_A; set <= MILD8; set++) {
		struct scene s = scene_open(&spec, set);
		double s50, f50;

		scene_refer(&s);
		s50 = rms_error(&s, "s-pndm", TIMES_UNIFORM, 50);
		f50 = rms_error(&s, "f-pndm", TIMES_UNIFORM, 50);
		/* The claim of the paper: 50 steps do better than 1000 of DDIM. */
		ck_assert_double_lt(f50, rms_error(&s, "ddim", TIMES_UNIFORM, 1000));
		if (set == GMM_A) {
			const double slope = log(s50 / rms_error(&s, "s-pndm", TIMES_UNIFORM, 250)) / log(5);

			ck_assert_double_le(s50, 0.25 * rms_error(&s, "ddim", TIMES_UNIFORM, 50));
			ck_assert_double_le(f50, 0.25 * s50);
			ck_assert_double_ge(slope, 1.7);
		}
		scene_close(&s);
	}
}
END_TEST

START_TEST(adaptive_methods_follow_the_tolerance)
{
	struct scene s = scene_open(&scene_vp, GMM_A);
	double last[2] = { HUGE_VAL, HUGE_VAL };
	int64_t calls[2] = { 0 };

	scene_refer(&s);
	for (double rtol = 0.05; rtol > 1e-4; rtol /= 10) {
		double error[2];

		for (int k = 0; k < 2; k++) {
			struct step_options o = scene_plain;
			double x[SIZE], sum = 0;

			o.rtol = rtol;
			o.atol = 0.1 * rtol;
			scene_run(&s, k ? "dpm-solver-23" : "dpm-solver-12", TIMES_LOG_SNR, 1, &o, x);
			for (int i = 0; i < SIZE; i++)
				sum += pow(x[i] - s.reference[i], 2);
			error[k] = sqrt(sum / SIZE);
			ck_assert_double_lt(error[k], last[k]);
			ck_assert_int_gt(s.calls, calls[k]);
			last[k] = error[k];
			calls[k] = s.calls;
		}
		ck_assert_double_lt(error[1], error[0]);
		ck_assert_int_lt(calls[1], calls[0]);
	}
	ck_assert_double_lt(last[1], 1e-4);
	ck_assert_int_lt(calls[1], 200);
	scene_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("few steps");
	TCase *t = tcase_create("few steps");
	SRunner *r = srunner_create(s);
	int failed;
	tcase_set_timeout(t, 60);
	tcase_add_test(t, few_steps_of_the_solvers);
	tcase_add_test(t, few_steps_of_pndm);
	tcase_add_test(t, adaptive_methods_follow_the_tolerance);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
