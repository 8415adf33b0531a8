/* test_latent_sde.c: latent stochastic differential equations: the divergence of Ornstein-Uhlenbeck processes whose
 * drifts differ by a constant against its closed form, the misfit by hand, moments of the prior's paths. (Gradients
 * are checked in test_trajectory.) */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learner/latent_sde.h"
#include "trained.h"

enum { L = 2, C = 3, D = 2, FRAMES = 5, STEPS = 3, MANY = 4000 };

static const double times[FRAMES] = { 0, 0.2, 0.5, 0.6, 1.1 };
static const struct latent_sde config = {
	.latent = L, .context = C, .encoder = 4, .steps = STEPS, .noise = 0.4, .diffusion = 2
};
/* dz_i = (a_i z_i + b_i) dt + g_i dW; the posterior's drift is this plus gap_i */
static const double a[L] = { -1.5, -0.4 }, b[L] = { 0.3, -1 }, g[L] = { 0.5, 1.2 }, gap[L] = { 0.7, -0.2 };
static const double start_mean[L] = { 0.5, -1 }, start_log_std[L] = { -0.3, 0.2 };
static const double law_mean[L] = { 0.1, -0.6 }, law_log_std[L] = { -1, 0.4 };

static struct latent_loop *loop_new(struct trained_scene *s, int64_t batch, bool prior)
{
	const struct latent_loop_spec spec = { .network = &s->network,
					       .config = &config,
					       .batch = batch,
					       .channels = D,
					       .frames = FRAMES,
					       .time = times,
					       .prior = prior };
	struct err e = { 0 };
	struct latent_loop *l = latent_loop_new(&spec, &e);

	ck_assert_msg(l != NULL, "%s", e.message);
	return l;
}

/* A parameter that the loop at hand may lack. */
static void set(struct trained_scene *s, const char *name, const double *value)
{
	const int k = params_find(&s->network.params, name);

	if (k < 0)
		return;
	for (int64_t i = 0; i < shape_count(&s->network.params.at[k].value.shape); i++)
		tensor_set(&s->network.params.at[k].value, i, value[i]);
}

static void set_parameters(struct trained_scene *s)
{
	double weight[(L + C) * L] = { 0 }, both[L], inverse[L], law[2 * L], unit[L * D] = { 1, 0, 0, 1 },
				none[2 * L * C] = { 0 };

	for (int i = 0; i < L; i++) {
		weight[i * L + i] = a[i];
		both[i] = b[i] + gap[i];
		inverse[i] = log(g[i] / config.diffusion / (1 - g[i] / config.diffusion));
		law[i] = law_mean[i];
		law[L + i] = law_log_std[i];
	}
	params_init(&s->network.params, 1);
	set(s, "prior.out.weight", weight);
	set(s, "prior.out.bias", b);
	set(s, "posterior.out.weight", weight);
	set(s, "posterior.out.bias", both);
	set(s, "diffusion.out.bias", inverse);
	set(s, "start.mean", start_mean);
	set(s, "start.log_std", start_log_std);
	set(s, "law.weight", none);
	set(s, "law.bias", law);
	set(s, "observation.weight", unit);
	set(s, "observation.bias", none);
}

START_TEST(divergence_and_misfit)
{
	enum { B = 4 };
	struct trained_scene s = trained_scene_open("model: {depth: 0, final: identity, scale: false}\n");
	struct latent_loop *l = loop_new(&s, B, false);
	const int64_t n = latent_loop_noise(l), own = n / B;
	double *normals = xcalloc((size_t)n, sizeof *normals), paths[FRAMES * B * D], path = 0, start = 0, misfit = 0;
	struct latent_terms terms;
	struct err e = { 0 };

	set_parameters(&s);
	rng_normal(rng_stream(1, "normals", 0, 0), 0, (size_t)n, normals);
	rng_normal(rng_stream(1, "paths", 0, 0), 0, FRAMES * B * D, paths);
	ck_assert_msg(latent_loop_run(l, &s.network.params, normals, paths, 1, &terms, NULL, &e) == 0, "%s", e.message);
	for (int i = 0; i < L; i++) {
		const double d = law_mean[i] - start_mean[i], v = exp(2 * law_log_std[i]),
			     w = exp(2 * start_log_std[i]);

		path += 0.5 * gap[i] * gap[i] / (g[i] * g[i]) * (times[FRAMES - 1] - times[0]);
		start += 0.5 * (log(w / v) + v / w + d * d / w - 1);
	}
	ck_assert_double_eq_tol(terms.path, path, 1e-12);
	ck_assert_double_eq_tol(terms.start, start, 1e-12);
	/* the path by Euler's rule, and what its observations weigh */
	for (int k = 0; k < B; k++) {
		double z[L];

		for (int i = 0; i < L; i++)
			z[i] = law_mean[i] + exp(law_log_std[i]) * normals[k * own + i];
		for (int f = 0; f < FRAMES; f++) {
			const double dt = f + 1 < FRAMES ? (times[f + 1] - times[f]) / STEPS : 0;

			for (int i = 0; i < D; i++) {
				const double r = (paths[(f * B + k) * D + i] - z[i]) / config.noise;

				misfit += (0.5 * r * r + log(config.noise) + 0.5 * log(2 * 3.14159265358979323846)) / B;
			}
			for (int j = 0; j < STEPS && f + 1 < FRAMES; j++)
				for (int i = 0; i < L; i++)
					z[i] += (a[i] * z[i] + b[i] + gap[i]) * dt +
						g[i] * sqrt(dt) * normals[k * own + (1 + f * STEPS + j) * L + i];
		}
	}
	ck_assert_double_eq_tol(terms.misfit, misfit, 1e-9 * fabs(misfit));
	latent_loop_free(l);
	free(normals);
	trained_scene_close(&s);
}
END_TEST

START_TEST(moments_of_the_prior)
{
	struct trained_scene s = trained_scene_open("model: {depth: 0, final: identity, scale: false}\n");
	struct latent_loop *made = loop_new(&s, 2, false), *l;
	double *normals, *paths = xcalloc((size_t)(FRAMES * MANY * D), sizeof *paths), mean[L], variance[L];
	struct err e = { 0 };

	latent_loop_free(made); /* the parameters are there now */
	set_parameters(&s);
	l = loop_new(&s, MANY, true);
	normals = xcalloc((size_t)latent_loop_noise(l), sizeof *normals);
	rng_normal(rng_stream(2, "normals", 0, 0), 0, (size_t)latent_loop_noise(l), normals);
	ck_assert_msg(latent_loop_run(l, &s.network.params, normals, paths, 1, NULL, NULL, &e) == 0, "%s", e.message);
	for (int i = 0; i < L; i++) {
		mean[i] = start_mean[i];
		variance[i] = exp(2 * start_log_std[i]);
	}
	for (int f = 0; f < FRAMES; f++) {
		for (int i = 0; i < L; i++) {
			double m = 0, v = 0;

			for (int k = 0; k < MANY; k++)
				m += paths[(f * MANY + k) * D + i] / MANY;
			for (int k = 0; k < MANY; k++)
				v += pow(paths[(f * MANY + k) * D + i] - m, 2) / MANY;
			ck_assert_double_lt(fabs(m - mean[i]), 4 * sqrt(variance[i] / MANY));
			ck_assert_double_lt(fabs(v / variance[i] - 1), 4 * sqrt(2. / MANY));
		}
		for (int j = 0; j < STEPS && f + 1 < FRAMES; j++)
			for (int i = 0; i < L; i++) { /* of Euler's rule */
				const double dt = (times[f + 1] - times[f]) / STEPS;

				mean[i] += (a[i] * mean[i] + b[i]) * dt;
				variance[i] = variance[i] * pow(1 + a[i] * dt, 2) + g[i] * g[i] * dt;
			}
	}
	latent_loop_free(l);
	free(normals);
	free(paths);
	trained_scene_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("latent SDE");
	TCase *t = tcase_create("latent SDE");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, divergence_and_misfit);
	tcase_add_test(t, moments_of_the_prior);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
