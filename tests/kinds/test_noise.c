/* test_noise.c: noise schedules, parameterisations and the exact Gaussian mixture, against differences and each
 * other. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sampler/mixture.h"

static const struct noise_spec specs[] = {
	{ .kind = NOISE_VP_LINEAR, .beta_min = 0.1, .beta_max = 20 },
	{ .kind = NOISE_VP_LINEAR, .beta_min = 3, .beta_max = 3 },
	{ .kind = NOISE_VP_COSINE, .shift = 0.008 },
	{ .kind = NOISE_SUB_VP, .beta_min = 0.1, .beta_max = 20 },
	{ .kind = NOISE_VE, .sigma_min = 0.01, .sigma_max = 50 },
	{ .kind = NOISE_EDM },
	{ .kind = NOISE_OU },
	{ .kind = NOISE_FLOW_LINEAR },
	{ .kind = NOISE_FLOW_TRIG },
	{ .kind = NOISE_DISCRETE, .n_betas = 1000, .beta_min = 1e-4, .beta_max = 0.02 },
	{ .kind = NOISE_DISCRETE, .n_betas = 300, .beta_min = 1e-4, .beta_max = 0.05, .betas = BETAS_QUADRATIC },
	{ .kind = NOISE_DISCRETE, .n_betas = 50, .shift = 0.008, .betas = BETAS_COSINE },
};
enum { N_SPECS = sizeof specs / sizeof *specs, POINTS = 100 };

static struct noise_schedule open_schedule(const struct noise_spec *spec)
{
	struct noise_schedule s;
	struct err e = { 0 };

	ck_assert_msg(noise_open(&s, spec, &e) == 0, "%s", e.message);
	return s;
}

static double point(const struct noise_schedule *s, int i)
{
	const double u = rng_uniform_at(rng_stream(1, "time", 0, 0), (uint64_t)i);

	return s->t_end + u * (s->T - s->t_end);
}

START_TEST(slopes_are_those_of_the_levels)
{
	struct noise_schedule s = open_schedule(&specs[_i]);

	for (int i = 0; i < POINTS; i++) {
		double t = point(&s, i), h = 1e-5 * fmin(t, s.T - t);
		const double n = (double)s.spec.n_betas;

		/* Away from the corners of a table. */
		if (s.decay) {
			t = (floor(t * n * (1 - 1e-9)) + 0.2 + 0.6 * fmod(t * n, 1)) / n;
			h = 1e-4 / n;
		}
		const struct noise_level a = noise_at(&s, t - h), v = noise_at(&s, t), b = noise_at(&s, t + h);
		const double f = (b.log_alpha - a.log_alpha) / (2 * h);

		/* At either end levels differ by little of themselves: rounding over the step. */
		ck_assert_msg(fabs(v.drift - f) <= 1e-6 * fabs(f) + 1e-14 / h, "%s: t = %g: f = %g, not %g",
			      noise_names[s.spec.kind], t, v.drift, f);
		ck_assert_double_le(fabs(v.alpha_rate - (b.alpha - a.alpha) / (2 * h)),
				    1e-6 * fabs(v.alpha_rate) + 1e-15 / h);
		ck_assert_double_le(fabs(v.sigma_rate - (b.sigma - a.sigma) / (2 * h)),
				    1e-6 * fabs(v.sigma_rate) + 1e-15 / h);
		const double square = b.sigma * b.sigma - a.sigma * a.sigma;

		ck_assert_double_le(fabs(v.diffusion2 - (square / (2 * h) - 2 * v.drift * v.sigma * v.sigma)),
				    1e-6 * v.diffusion2 + 1e-14 * (1 + v.sigma * v.sigma) / h);
	}
	noise_close(&s);
}
END_TEST

START_TEST(levels_agree_with_each_other)
{
	struct noise_schedule s = open_schedule(&specs[_i]);
	double last = -HUGE_VAL;

	for (int i = 0; i <= POINTS; i++) {
		const double t = s.T * pow(fmax(s.t_end, 1e-6) / s.T, (double)i / POINTS);
		const struct noise_level v = noise_at(&s, t);

		if (t >= 1 && isinf(v.rho))
			continue;
		ck_assert_double_le(fabs(v.alpha - exp(v.log_alpha)), 4e-16);
		ck_assert_double_le(fabs(v.rho * v.alpha / v.sigma - 1), 1e-12);
		ck_assert_double_le(fabs(v.lambda + log(v.rho)), 1e-12 * fmax(1, fabs(v.lambda)));
		ck_assert_double_gt(v.lambda, last);
		last = v.lambda;
	}
	noise_close(&s);
}
END_TEST

START_TEST(inverse_gives_the_time_back)
{
	struct noise_schedule s = open_schedule(&specs[_i]);

	for (int i = 0; i < POINTS; i++) {
		/* Half of them close to the data, where 1 - alpha^2 would lose everything. */
		const double t = i % 2 ? point(&s, i) : s.T * pow(fmax(s.t_end, 1e-6) / s.T, (double)(i + 1) / POINTS);

		ck_assert_msg(fabs(noise_time(&s, noise_at(&s, t).lambda) - t) <= 1e-12 * t + 1e-15,
			      "%s: t = %.17g comes back as %.17g", noise_names[s.spec.kind], t,
			      noise_time(&s, noise_at(&s, t).lambda));
	}
	noise_close(&s);
}
END_TEST

START_TEST(preserves_what_it_promises)
{
	struct noise_schedule s = open_schedule(&specs[_i]);

	for (int i = 0; i < POINTS; i++) {
		const struct noise_level v = noise_at(&s, point(&s, i));
		const double a2 = v.alpha * v.alpha, s2 = v.sigma * v.sigma;

		switch (s.spec.kind) {
		case NOISE_VP_LINEAR:
		case NOISE_VP_COSINE:
		case NOISE_DISCRETE:
		case NOISE_FLOW_TRIG:
			ck_assert_double_le(fabs(a2 + s2 - 1), 1e-14);
			break;
		case NOISE_SUB_VP:
			ck_assert_double_le(fabs(v.sigma + a2 - 1), 1e-14);
			break;
		case NOISE_OU:
			ck_assert_double_le(fabs(a2 + 2 * s2 - 1), 1e-14);
			break;
		case NOISE_FLOW_LINEAR:
			ck_assert_double_le(fabs(v.alpha + v.sigma - 1), 1e-15);
			break;
		case NOISE_VE:
		case NOISE_EDM:
			ck_assert_double_eq(v.alpha, 1);
		}
	}
	noise_close(&s);
}
END_TEST

START_TEST(ends_as_published)
{
	struct noise_schedule ve = open_schedule(&specs[4]), edm = open_schedule(&specs[5]),
			      ddpm = open_schedule(&specs[9]);
	struct noise_schedule cosine = open_schedule(&specs[11]), vp = open_schedule(&specs[0]);
	double product = 1;

	ck_assert_double_le(fabs(noise_at(&ve, 0).sigma - 0.01), 1e-16);
	ck_assert_double_le(fabs(noise_prior_std(&ve) - 50), 1e-12);
	ck_assert_double_eq(noise_prior_std(&edm), 80);
	/* DDPM: alpha-bar of the last step is 4.04e-5; the continuous limit is exp(-10.05). */
	for (int k = 0; k < 1000; k++)
		product *= 1 - (1e-4 + (0.02 - 1e-4) * k / 999.);
	ck_assert_double_le(fabs(pow(noise_at(&ddpm, 1).alpha, 2) / product - 1), 1e-12);
	ck_assert_double_le(fabs(product - 4.036e-5), 1e-8);
	ck_assert_double_le(fabs(noise_at(&vp, 1).log_alpha + 10.05 / 2), 1e-14);
	ck_assert_double_eq(noise_at(&ddpm, 0).alpha, 1);
	/* The cosine table's steps are the ratios of cos^2, capped at the end. */
	for (int k = 1; k <= 50; k++) {
		const double b = cos((k / 50. + 0.008) / 1.008 * acos(-1) / 2),
			     a = cos(((k - 1) / 50. + 0.008) / 1.008 * acos(-1) / 2);
		const double beta = fmin(0.999, 1 - b * b / (a * a));
		const double ratio = noise_at(&cosine, k / 50.).alpha / noise_at(&cosine, (k - 1) / 50.).alpha;

		ck_assert_double_le(fabs(ratio * ratio - (1 - beta)), 1e-12);
	}
	noise_close(&ve);
	noise_close(&edm);
	noise_close(&ddpm);
	noise_close(&cosine);
	noise_close(&vp);
}
END_TEST

START_TEST(refuses_what_is_no_schedule)
{
	static const struct {
		struct noise_spec spec;
		const char *part;
	} bad[] = {
		{ { .kind = NOISE_VP_LINEAR, .beta_min = -1 }, "beta_min" },
		{ { .kind = NOISE_VE, .sigma_min = 2, .sigma_max = 1 }, "sigma_min" },
		{ { .kind = NOISE_VP_COSINE, .shift = 2 }, "shift" },
		{ { .kind = NOISE_FLOW_LINEAR, .T = 2 }, "T" },
		{ { .kind = NOISE_OU, .T = 1, .t_end = 1 }, "t_end" },
		{ { .kind = NOISE_DISCRETE, .beta_min = 0.1, .beta_max = 2, .n_betas = 5 }, "beta_max" },
		{ { .kind = NOISE_DISCRETE, .beta_min = 0.1, .beta_max = 0.2, .n_betas = -5 }, "betas" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct noise_schedule s;
		struct err e = { 0 };

		ck_assert_int_eq(noise_open(&s, &bad[i].spec, &e), -1);
		ck_assert_msg(strstr(e.message, bad[i].part) != NULL, "%s", e.message);
		noise_close(&s);
	}
}
END_TEST

/* ---- the mixture ---- */

/* Three components with full covariances in three dimensions, one of them singular. */
static struct mixture *full_mixture(void)
{
	static const double weight[] = { 1, 2, 0.5 };
	static const double mean[] = { 0, 0.5, -1, 1, 1, 0, -1, 0.3, 0.8 };
	static const double covariance[] = {
		1,   0.3, 0.1, 0.3, 0.5, -0.2, 0.1, -0.2, 0.4, /* */
		0.2, 0,	  0,   0,   0.3, 0,    0,   0,	  0.6, /* */
		1,   1,	  0,   1,   1,	 0,    0,   0,	  0.5,
	};
	struct err e = { 0 };
	struct mixture *m = mixture_new(3, 3, weight, mean, NULL, covariance, &e);

	ck_assert_msg(m != NULL, "%s", e.message);
	return m;
}

static struct mixture *some_mixture(int i)
{
	return i == 0 ? full_mixture() : mixture_named(i - 1);
}

static void normals(int64_t n, uint64_t row, double *x)
{
	rng_normal(rng_stream(3, "point", 0, row), 0, (size_t)n, x);
}

START_TEST(forms_turn_into_each_other)
{
	struct noise_schedule s = open_schedule(&specs[_i]);
	struct mixture *m = full_mixture();
	double x[3], native[3], turned[3], scratch[3];
	struct err e = { 0 };

	for (int i = 0; i < 20; i++)
		for (int a = 0; a < N_DENOISER_FORMS; a++)
			for (int b = 0; b < N_DENOISER_FORMS; b++) {
				struct denoiser from = mixture_denoiser(m, &s, a), to = mixture_denoiser(m, &s, b);
				const double t = point(&s, i);
				const struct noise_level v = noise_at(&s, t);
				double size = 0, gap = 0, of_x, of_estimate;

				/* The model itself in form b, and in form a turned into b: the conditions of the
				 * conversion, not only rounding, limit the second. */
				normals(3, (uint64_t)i, x);
				for (int k = 0; k < 3; k++)
					x[k] *= hypot(v.alpha, v.sigma);
				ck_assert_int_eq(denoiser_eval(&to, b, t, 1, x, native, scratch, &e), 0);
				ck_assert_int_eq(denoiser_eval(&from, b, t, 1, x, turned, scratch, &e), 0);
				denoiser_convert(&v, a, b, from.data_std, &of_x, &of_estimate);
				for (int k = 0; k < 3; k++) {
					size = fmax(size, fabs(native[k]) + fabs(of_x * x[k]));
					gap = fmax(gap, fabs(native[k] - turned[k]));
				}
				ck_assert_msg(gap <= 1e-12 * size, "%s: form %d as %d at t = %g: gap %g of %g",
					      noise_names[s.spec.kind], a, b, t, gap, size);
				ck_assert_int_eq(from.calls, 1);
			}
	mixture_free(m);
	noise_close(&s);
}
END_TEST

/* What a network would be told, and gives back: each label with a model that counts time its own way. */
struct told {
	struct denoiser inner;
	double label;
};

static int forward_flow(const struct denoiser *self, const struct noise_level *v, double label, int64_t n,
			const double *x, double *out, struct err *e)
{
	struct told *m = self->model;
	const int status = m->inner.eval(&m->inner, v, v->t, n, x, out, e);

	m->label = label;
	for (int64_t i = 0; i < n * self->dim && self->label == LABEL_FORWARD; i++)
		out[i] = -out[i];
	return status;
}

START_TEST(labels_tell_the_time)
{
	struct noise_schedule s = open_schedule(&specs[7]), ddpm = open_schedule(&specs[9]);
	struct mixture *m = full_mixture();
	struct told told = { mixture_denoiser(m, &s, DENOISER_VELOCITY), 0 };
	struct denoiser outer = told.inner;
	double x[3], a[3], b[3];
	struct err e = { 0 };

	outer.eval = forward_flow;
	outer.model = &told;
	outer.label = LABEL_FORWARD;
	normals(3, 1, x);
	/* From data at 1 to noise at 0, the velocity turned round: the same noise estimate. */
	ck_assert_int_eq(denoiser_eval(&told.inner, DENOISER_NOISE, 0.3, 1, x, a, NULL, &e), 0);
	ck_assert_int_eq(denoiser_eval(&outer, DENOISER_NOISE, 0.3, 1, x, b, NULL, &e), 0);
	ck_assert_double_le(fabs(told.label - 0.7), 1e-15);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq(a[k], b[k]);
	outer.label = LABEL_LOG_NOISE;
	ck_assert_int_eq(denoiser_eval(&outer, DENOISER_NOISE, 0.3, 1, x, b, NULL, &e), 0);
	ck_assert_double_le(fabs(told.label - log(0.3 / 0.7) / 4), 1e-15);
	/* beta_k stands at k - 1 in a table that counts from 0. */
	told.inner.schedule = outer.schedule = &ddpm;
	outer.label = LABEL_STEP;
	outer.label_scale = 1000;
	ck_assert_int_eq(denoiser_eval(&outer, DENOISER_NOISE, 0.25, 1, x, b, NULL, &e), 0);
	ck_assert_double_eq(told.label, 249);
	outer.jacobian = NULL;
	ck_assert_int_eq(denoiser_jacobian(&outer, DENOISER_NOISE, 0.25, 1, x, x, b, NULL, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	mixture_free(m);
	noise_close(&s);
	noise_close(&ddpm);
}
END_TEST

START_TEST(score_is_the_slope_of_the_density)
{
	struct noise_schedule s = open_schedule(&specs[0]);
	struct mixture *m = some_mixture(_i);
	const int64_t d = mixture_dim(m);
	struct denoiser model = mixture_denoiser(m, &s, DENOISER_SCORE);
	double x[3], score[3];
	struct err e = { 0 };

	for (int i = 0; i < 20; i++) {
		const double t = 0.1 + 0.9 * point(&s, i), h = 1e-5;
		const struct noise_level v = noise_at(&s, t);

		normals(d, (uint64_t)i, x);
		ck_assert_int_eq(denoiser_eval(&model, DENOISER_SCORE, t, 1, x, score, NULL, &e), 0);
		for (int64_t k = 0; k < d; k++) {
			const double at = x[k];
			double slope;

			x[k] = at + h;
			slope = mixture_log_density(m, &v, x);
			x[k] = at - h;
			slope -= mixture_log_density(m, &v, x);
			x[k] = at;
			ck_assert_double_le(fabs(slope / (2 * h) - score[k]), 1e-6 * fmax(1, fabs(score[k])));
		}
	}
	mixture_free(m);
	noise_close(&s);
}
END_TEST

START_TEST(jacobian_is_the_slope_of_the_estimate)
{
	struct noise_schedule s = open_schedule(&specs[0]);
	struct mixture *m = some_mixture(_i / N_DENOISER_FORMS);
	const enum denoiser_form form = (enum denoiser_form)(_i % N_DENOISER_FORMS);
	const int64_t d = mixture_dim(m);
	double x[3], w[3], product[3], a[3], b[3], y[3], scratch[3];
	struct err e = { 0 };

	for (int i = 0; i < 20; i++) {
		const double t = 0.1 + 0.9 * point(&s, i), h = 1e-5;
		struct denoiser model = mixture_denoiser(m, &s, form);

		normals(d, (uint64_t)i, x);
		normals(d, (uint64_t)i + 100, w);
		ck_assert_int_eq(denoiser_jacobian(&model, DENOISER_VELOCITY, t, 1, x, w, product, scratch, &e), 0);
		for (int64_t k = 0; k < d; k++)
			y[k] = x[k] + h * w[k];
		ck_assert_int_eq(denoiser_eval(&model, DENOISER_VELOCITY, t, 1, y, b, scratch, &e), 0);
		for (int64_t k = 0; k < d; k++)
			y[k] = x[k] - h * w[k];
		ck_assert_int_eq(denoiser_eval(&model, DENOISER_VELOCITY, t, 1, y, a, scratch, &e), 0);
		for (int64_t k = 0; k < d; k++)
			ck_assert_double_le(fabs((b[k] - a[k]) / (2 * h) - product[k]),
					    2e-6 * fmax(1, fabs(product[k])));
	}
	mixture_free(m);
	noise_close(&s);
}
END_TEST

START_TEST(density_integrates_to_one)
{
	struct noise_schedule s = open_schedule(&specs[0]);
	struct mixture *m = some_mixture(_i);
	const struct noise_level v = noise_at(&s, 0.3);
	const double h = 0.1;
	double x[2], sum = 0;

	for (x[0] = -8; x[0] < 8; x[0] += h)
		for (x[1] = -8; x[1] < 8; x[1] += h)
			sum += h * h * exp(mixture_log_density(m, &v, x));
	ck_assert_double_le(fabs(sum - 1), 1e-10);
	mixture_free(m);
	noise_close(&s);
}
END_TEST

START_TEST(draws_have_the_moments)
{
	enum { DRAWS = 20000 };
	struct mixture *m = some_mixture(_i);
	const int64_t d = mixture_dim(m);
	double x[3], sum[3] = { 0 }, square[3] = { 0 }, mean, variance;

	for (uint64_t i = 0; i < DRAWS; i++) {
		mixture_draw(m, rng_stream(5, "draw", 0, i), x);
		for (int64_t k = 0; k < d; k++) {
			sum[k] += x[k] / DRAWS;
			square[k] += x[k] * x[k] / DRAWS;
		}
	}
	for (int64_t k = 0; k < d; k++) {
		mixture_moments(m, NULL, k, &mean, &variance);
		ck_assert_double_le(fabs(sum[k] - mean), 4 * sqrt(variance / DRAWS));
		ck_assert_double_le(fabs(square[k] - sum[k] * sum[k] - variance), 8 * variance / sqrt(DRAWS));
	}
	mixture_free(m);
}
END_TEST

START_TEST(refuses_what_is_no_mixture)
{
	const double mean[] = { 0, 0 }, good[] = { 1, 1 }, bad[] = { 1, -1 }, zero[] = { 0 }, one[] = { 1 };
	const double tilted[] = { 1, 0.5, 0.4, 1 }, indefinite[] = { 1, 2, 2, 1 };
	struct err e = { 0 };

	ck_assert_ptr_null(mixture_new(1, 2, one, mean, bad, NULL, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "variance -1 is negative"));
	ck_assert_ptr_null(mixture_new(1, 2, zero, mean, good, NULL, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "weight 0"));
	ck_assert_ptr_null(mixture_new(1, 2, one, mean, NULL, tilted, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "not symmetric"));
	ck_assert_ptr_null(mixture_new(1, 2, one, mean, NULL, indefinite, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "is negative"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("schedules");
	TCase *t = tcase_create("schedules"), *m = tcase_create("mixtures");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, slopes_are_those_of_the_levels, 0, N_SPECS);
	tcase_add_loop_test(t, levels_agree_with_each_other, 0, N_SPECS);
	tcase_add_loop_test(t, inverse_gives_the_time_back, 0, N_SPECS);
	tcase_add_loop_test(t, preserves_what_it_promises, 0, N_SPECS);
	tcase_add_test(t, ends_as_published);
	tcase_add_test(t, refuses_what_is_no_schedule);
	tcase_add_loop_test(m, forms_turn_into_each_other, 0, N_SPECS);
	tcase_add_test(m, labels_tell_the_time);
	tcase_add_loop_test(m, score_is_the_slope_of_the_density, 0, 4);
	tcase_add_loop_test(m, jacobian_is_the_slope_of_the_estimate, 0, 4 * N_DENOISER_FORMS);
	tcase_add_loop_test(m, density_integrates_to_one, 1, 4);
	tcase_add_loop_test(m, draws_have_the_moments, 0, 4);
	tcase_add_test(m, refuses_what_is_no_mixture);
	suite_add_tcase(s, t);
	suite_add_tcase(s, m);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
