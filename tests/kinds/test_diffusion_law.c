/* test_diffusion_law.c: what diffusion and flow samplers draw from: variances in closed form for every schedule,
 * moments of mixtures for every method, Langevin steps, log-densities. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sampler/likelihood.h"
#include "scene.h"

/* ---- a single Gaussian: closed forms for every schedule ---- */

static const struct noise_spec every_schedule[] = {
	{ .kind = NOISE_VP_LINEAR, .beta_min = 0.1, .beta_max = 20 },
	{ .kind = NOISE_VP_COSINE, .shift = 0.008 },
	{ .kind = NOISE_SUB_VP, .beta_min = 0.1, .beta_max = 20 },
	{ .kind = NOISE_VE, .sigma_min = 0.01, .sigma_max = 50 },
	{ .kind = NOISE_EDM },
	{ .kind = NOISE_OU },
	{ .kind = NOISE_FLOW_LINEAR },
	{ .kind = NOISE_FLOW_TRIG },
	{ .kind = NOISE_DISCRETE, .n_betas = 1000, .beta_min = 1e-4, .beta_max = 0.02 },
};
enum { N_SCHEDULES = sizeof every_schedule / sizeof *every_schedule };

/* x_t = alpha_t m + sqrt(V_t / V_s) (x_s - alpha_s m), V = alpha^2 v + sigma^2, in every coordinate. */
START_TEST(gaussian_flow_is_the_closed_form)
{
	static const double mean[] = { 0.7, -0.4 }, variance[] = { 0.3, 1.7 };
	const struct noise_spec *spec = &every_schedule[_i];
	const bool flow = spec->kind == NOISE_FLOW_LINEAR || spec->kind == NOISE_FLOW_TRIG;
	struct scene s = scene_open(spec, GMM_A);
	double x[SIZE], worst = 0;
	struct err e;

	mixture_free(s.mixture);
	s.mixture = mixture_new(1, DIM, (double[]){ 1 }, mean, variance, NULL, &e);
	/* Flows start at alpha = 0 and end at sigma = 0. */
	scene_run(&s, flow ? "rk4" : "dpm-solver-3", flow ? TIMES_UNIFORM : TIMES_LOG_SNR, 200, &scene_plain, x);
	for (int i = 0; i < SIZE; i++) {
		const struct noise_level a = noise_at(&s.schedule, s.schedule.T),
					 b = noise_at(&s.schedule, s.schedule.t_end);
		const double m = mean[i % DIM], v = variance[i % DIM];
		const double from = a.alpha * a.alpha * v + a.sigma * a.sigma,
			     to = b.alpha * b.alpha * v + b.sigma * b.sigma;

		worst = fmax(worst, fabs(b.alpha * m + sqrt(to / from) * (s.start[i] - a.alpha * m) - x[i]));
	}
	ck_assert_msg(worst < 5e-6, "%s: %g", noise_names[spec->kind], worst);
	scene_close(&s);
}
END_TEST

/* The state stays Gaussian: its variance after the plan, without drawing. Coordinate of variance v and mean 0. */
static double variance_after(struct scene *s, const char *method, enum step_times kind, int64_t steps,
			     const struct step_options *o, double v)
{
	struct stepper *m = scene_stepper(s, method, kind, steps, o);
	const int64_t n = stepper_intervals(stepper_find(method), o, steps);
	const enum denoiser_form form = stepper_find(method)->value;
	double variance = pow(noise_prior_std(&s->schedule), 2);

	for (int64_t i = 0; i < n; i++) {
		const struct step_plan *p = stepper_plan(m, i);
		double point[STEP_STAGES + 1] = { 1 }, value[STEP_STAGES];

		if (p->stir != 0) {
			variance = p->stir_carry * p->stir_carry * variance + p->stir * p->stir;
		}
		for (int k = 0; k <= p->stages; k++) {
			if (k > 0) {
				point[k] = p->row[k].carry;
				for (int j = 0; j < k; j++)
					point[k] += p->row[k].weight[j] * value[j];
			}
			if (k < p->stages) {
				/* x0 = alpha v x / V, e = sigma x / V with V = alpha^2 v + sigma^2 */
				const struct noise_level a = noise_at(&s->schedule, p->t[k]);
				double data, noise;

				denoiser_blend(&a, form, 1, &data, &noise);
				value[k] = (data * a.alpha * v + noise * a.sigma) /
					   (a.alpha * a.alpha * v + a.sigma * a.sigma) * point[k];
			}
		}
		variance = point[p->stages] * point[p->stages] * variance + p->noise * p->noise;
	}
	stepper_free(m);
	return variance;
}

/* One-step methods with noise: the variance's error halves with the step. */
START_TEST(noisy_methods_have_weak_order_one)
{
	static const struct {
		const char *name;
		double eta;
		enum step_times kind;
		double order;
	} methods[] = {
		{ "ddpm", 1, TIMES_LOG_SNR, 1 },
		{ "ddpm", 1, TIMES_POWER, 1 },
		{ "ddpm-large", 1, TIMES_POWER, 1 },
		{ "ddim", 0.5, TIMES_LOG_SNR, 1 },
		{ "sde-dpm-solver++1", 1, TIMES_POWER, 1 },
		{ "euler-maruyama", 1, TIMES_POWER, 1 },
		{ "euler-maruyama", 0.5, TIMES_POWER, 1 },
		{ "reverse-diffusion", 1, TIMES_POWER, 1 },
		{ "interpolant-em", 1, TIMES_POWER, 1 },
	};

	for (size_t k = 0; k < sizeof methods / sizeof *methods; k++) {
		struct scene s = scene_open(&scene_vp, GMM_A);
		const struct noise_level end = noise_at(&s.schedule, s.schedule.t_end);
		const double v = 0.4, exact = end.alpha * end.alpha * v + end.sigma * end.sigma;
		struct step_options o = scene_plain;
		double coarse, fine;

		o.eta = methods[k].eta;
		coarse = variance_after(&s, methods[k].name, methods[k].kind, 400, &o, v) - exact;
		fine = variance_after(&s, methods[k].name, methods[k].kind, 800, &o, v) - exact;
		ck_assert_msg(fabs(log2(coarse / fine) - methods[k].order) < 0.15, "%s, eta %g: order %.2f (%g, %g)",
			      methods[k].name, o.eta, log2(coarse / fine), coarse, fine);
		scene_close(&s);
	}
}
END_TEST

/* Churning and a rate of noise leave the law alone: the limit of small steps is the target's. */
START_TEST(noise_leaves_the_law)
{
	static const double etas[] = { 0, 0.5, 1, 1.5 };
	const struct noise_spec flow = { .kind = NOISE_FLOW_LINEAR }, edm = { .kind = NOISE_EDM };

	for (int k = 0; k < 4; k++) {
		struct scene s = scene_open(&flow, GMM_A);
		struct step_options o = scene_plain;
		const double v = 0.4;

		o.eta = etas[k];
		ck_assert_double_le(fabs(variance_after(&s, "interpolant-em", TIMES_UNIFORM, 4000, &o, v) - v), 2e-3);
		ck_assert_double_le(fabs(variance_after(&s, "interpolant-heun", TIMES_UNIFORM, 4000, &o, v) - v), 2e-3);
		scene_close(&s);
		s = scene_open(&edm, GMM_A);
		o.eta = 0;
		o.churn = 40 * etas[k];
		ck_assert_double_le(fabs(variance_after(&s, "edm-heun", TIMES_KARRAS, 1000, &o, v) - v), 2e-3);
		scene_close(&s);
	}
}
END_TEST

/* ---- mixtures ---- */

/* Mean and variance of many points at t_end, for every method; predictor-corrector: a Langevin step after each of its
 * own. */
START_TEST(reaches_its_target)
{
	enum { DRAWS = 1500 };
	const bool correct = _i == scene_methods();
	const struct stepper_class *c = correct ? stepper_find("reverse-diffusion") : scene_method(_i);
	struct scene s = scene_open(&scene_vp, GMM_A);
	const struct noise_level end = noise_at(&s.schedule, s.schedule.t_end);
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, c->value);
	struct step_options o = scene_plain;
	struct stepper *m;
	double *x = xmalloc(DRAWS * DIM * sizeof *x);
	struct err e = { 0 };

	o.eta = c->noisy;
	o.corrector = correct;
	o.corrector_ratio = 0.1;
	o.rtol = o.atol = 1e-2;
	rng_normal(rng_stream(12, "start", 0, 0), 0, DRAWS * DIM, x);
	m = scene_stepper(&s, c->name, TIMES_LOG_SNR, c->noisy || c->order == 1 ? 150 : 30, &o);
	ck_assert_int_eq(stepper_run(m, &d, 21, 0, DRAWS, x, &e), 0);
	for (int k = 0; k < DIM; k++) {
		double sum = 0, square = 0, mean, variance;

		mixture_moments(s.mixture, &end, k, &mean, &variance);
		for (int i = 0; i < DRAWS; i++) {
			sum += x[DIM * i + k] / DRAWS;
			square += x[DIM * i + k] * x[DIM * i + k] / DRAWS;
		}
		ck_assert_msg(fabs(sum - mean) <= 4 * sqrt(variance / DRAWS) + 0.005, "%s: mean %g, not %g", c->name,
			      sum, mean);
		ck_assert_msg(fabs(square - sum * sum - variance) <= (4 * sqrt(2. / DRAWS) + 0.02) * variance,
			      "%s: variance %g, not %g", c->name, square - sum * sum, variance);
	}
	stepper_free(m);
	free(x);
	scene_close(&s);
}
END_TEST

/* Langevin steps alone lead from anywhere to the law of their time. */
START_TEST(corrector_finds_the_law)
{
	enum { DRAWS = 3000 };
	const double t[] = { 0.3, 0.3 - 1e-9 };
	struct scene s = scene_open(&scene_vp, GMM_A);
	const struct noise_level at = noise_at(&s.schedule, t[1]);
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, DENOISER_NOISE);
	struct step_options o = scene_plain;
	struct stepper *m;
	double *x = xcalloc(DRAWS * DIM, sizeof *x);
	struct err e = { 0 };

	o.corrector = 150;
	o.corrector_ratio = 0.15;
	m = stepper_new(stepper_find("ddim"), &s.schedule, &o, 1, 1, t, &e);
	ck_assert_int_eq(stepper_run(m, &d, 2, 0, DRAWS, x, &e), 0);
	ck_assert_int_eq(d.calls, 151);
	for (int k = 0; k < DIM; k++) {
		double sum = 0, square = 0, mean, variance;

		mixture_moments(s.mixture, &at, k, &mean, &variance);
		for (int i = 0; i < DRAWS; i++) {
			sum += x[DIM * i + k] / DRAWS;
			square += x[DIM * i + k] * x[DIM * i + k] / DRAWS;
		}
		ck_assert_double_le(fabs(sum - mean), 4 * sqrt(variance / DRAWS));
		/* A step of size h leaves h / 2 too much of the variance: 2 %. */
		ck_assert_double_le(fabs(square - sum * sum - variance), (4 * sqrt(2. / DRAWS) + 0.03) * variance);
	}
	stepper_free(m);
	free(x);
	scene_close(&s);
}
END_TEST

/* At T = 1 a flow knows nothing of the data: one Euler step goes to their mean. */
START_TEST(one_step_of_a_flow_is_the_mean)
{
	const struct noise_spec spec = { .kind = NOISE_FLOW_LINEAR };
	struct scene s = scene_open(&spec, GMM_A);
	double x[SIZE], mean, variance;

	scene_run(&s, "euler", TIMES_UNIFORM, 1, &scene_plain, x);
	for (int i = 0; i < SIZE; i++) {
		mixture_moments(s.mixture, NULL, i % DIM, &mean, &variance);
		ck_assert_double_le(fabs(x[i] - mean), 1e-14);
	}
	scene_close(&s);
}
END_TEST

/* ---- densities ---- */

START_TEST(flow_gives_the_density)
{
	struct noise_spec spec = scene_vp;
	struct scene s;
	const struct likelihood_options exact = { .tolerance = { 1e-8, 1e-10, 0, 100000 } };
	const struct likelihood_options probes = { .probes = 1, .seed = 3, .tolerance = { 1e-6, 1e-8, 0, 100000 } };
	enum { N = 32 };
	double bias = 0, noise = 0;
	struct err e = { 0 };

	s = scene_open(&spec, _i);
	for (uint64_t k = 0; k < N; k++) {
		struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, DENOISER_NOISE);
		const struct noise_level first = noise_at(&s.schedule, s.schedule.t_end),
					 last = noise_at(&s.schedule, s.schedule.T);
		double x[DIM], end[DIM], value, divergence, density;

		mixture_draw(s.mixture, rng_stream(9, "data", 0, k), x);
		density = mixture_log_density(s.mixture, &first, x);
		memcpy(end, x, sizeof end);
		ck_assert_int_eq(likelihood_log_density(&d, &exact, k, end, &value, &divergence, &e), 0);
		/* The flow alone, without the prior's approximation. */
		ck_assert_msg(fabs(divergence - (density - mixture_log_density(s.mixture, &last, end))) < 1e-5,
			      "%g, not %g", divergence, density - mixture_log_density(s.mixture, &last, end));
		bias += fabs(value - density) / N;
		ck_assert_int_eq(likelihood_log_density(&d, &probes, k, x, &value, NULL, &e), 0);
		noise += (value - density) / N;
	}
	ck_assert_double_le(bias, 1e-2);
	/* One probe a point: unbiased, with a deviation below two nats a point. */
	ck_assert_double_le(fabs(noise), 4 * 2 / sqrt(N));
	scene_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("laws of diffusion");
	TCase *all = tcase_create("every method"), *t = tcase_create("methods");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(all, 60);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(all, reaches_its_target, 0, scene_methods() + 1);
	tcase_add_loop_test(t, gaussian_flow_is_the_closed_form, 0, N_SCHEDULES);
	tcase_add_test(t, noisy_methods_have_weak_order_one);
	tcase_add_test(t, noise_leaves_the_law);
	tcase_add_test(t, corrector_finds_the_law);
	tcase_add_test(t, one_step_of_a_flow_is_the_mean);
	tcase_add_loop_test(t, flow_gives_the_density, GMM_A, RING8 + 1);
	suite_add_tcase(s, all);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
