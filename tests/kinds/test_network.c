/* test_network.c: models between normalisers against plain loops; statistics on other grids; a residual model that does
 * nothing. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "learner/supervised.h"
#include "trained.h"

/* Mean and deviation over the samples of element (channel, point), or of the whole channel, of (SAMPLES, 2, POINTS). */
static void moments(const double *v, bool pixel, int64_t k, double *mean, double *std)
{
	int64_t first = pixel ? k : k / POINTS * POINTS, width = pixel ? 1 : POINTS;
	double n = (double)(SAMPLES * width);

	*mean = *std = 0;
	for (int64_t i = 0; i < SAMPLES * width; i++)
		*mean += v[i / width * 2 * POINTS + first + i % width] / n;
	for (int64_t i = 0; i < SAMPLES * width; i++) {
		double off = v[i / width * 2 * POINTS + first + i % width] - *mean;

		*std += off * off / (n - 1);
	}
	*std = sqrt(*std);
}

static const char *const normaliser[] = { "channel", "pixel" };

/* One linear map without bias made the identity: decoded = (a - m_a) / (s_a + 1e-5) (s_b + 1e-5) + m_b; the loss is
 * taken on that and b, or on what is before decoding and (b - m_b) / (s_b + 1e-5). */
START_TEST(normalisers)
{
	enum { N = 2 * POINTS };
	char text[256];

	for (int encoded = 0; encoded < 2; encoded++) {
		struct run r;
		double out[SAMPLES * N], want_loss = 0, score;
		struct err e = { 0 };

		snprintf(text, sizeof text,
			 "{model: {name: mlp, depth: 0}, train: {batch: 10}, data: {real: float64, input: [a], target: "
			 "[b], "
			 "normalise_input: %s, normalise_target: %s, encoded_loss: %s}}",
			 normaliser[_i], normaliser[_i], encoded ? "true" : "false");
		fixture_trained_open(&r, 1, text);
		for (int k = 0; k < r.t.network.params.n; k++) {
			struct param *p = &r.t.network.params.at[k];
			int64_t count = shape_count(&p->value.shape);

			for (int64_t i = 0; i < count && p->role != PARAM_STATE; i++)
				tensor_set(&p->value, i, count == N * N && i % (N + 1) == 0);
		}
		trained_load(&r.t, SAMPLES, 0);
		trained_predict(&r, SAMPLES, supervised_of(&r.t)->x, out);
		const double *a = supervised_of(&r.t)->x, *b = supervised_of(&r.t)->target[0];
		for (int64_t k = 0; k < N; k++) {
			double ma, sa, mb, sb;
			int64_t at = _i == 0 ? k / POINTS : k;

			moments(a, _i == 1, k, &ma, &sa);
			moments(b, _i == 1, k, &mb, &sb);
			ck_assert_double_eq_tol(trained_values(&r, "norm.input.mean")[at], ma, 1e-12 * (1 + fabs(ma)));
			ck_assert_double_eq_tol(trained_values(&r, "norm.input.std")[at], sa, 1e-12 * sa);
			ck_assert_double_eq_tol(trained_values(&r, "norm.target.mean")[at], mb, 1e-12 * (1 + fabs(mb)));
			ck_assert_double_eq_tol(trained_values(&r, "norm.target.std")[at], sb, 1e-12 * sb);
			for (int64_t s = 0; s < SAMPLES; s++) {
				double code = (a[s * N + k] - ma) / (sa + 1e-5), decoded = code * (sb + 1e-5) + mb;
				double off = b[s * N + k] - decoded;

				ck_assert_double_eq_tol(out[s * N + k], decoded, 1e-11 * (1 + fabs(decoded)));
				if (encoded)
					off /= sb + 1e-5;
				want_loss += off * off / (SAMPLES * N);
			}
		}
		struct predictor *p = predictor_new(&r.t.network);
		ck_assert_int_eq(predictor_score(p, &supervised_of(&r.t)->task, r.t.objective, r.t.objective_config, 4,
						 &score, &e),
				 0);
		predictor_free(p);
		ck_assert_double_eq_tol(score, want_loss, 1e-11 * want_loss);
		ck_assert_double_eq_tol(trained_step(&r, SAMPLES, 0, 0), want_loss, 1e-11 * want_loss);
		fixture_trained_close(&r);
	}
}
END_TEST

/* A model that always answers 1 shows mean + deviation of the target on the grid asked for. */
START_TEST(statistics_on_another_grid)
{
	bool periodic = _i == 1;
	int64_t fine = periodic ? 2 * POINTS : 2 * POINTS - 1;
	struct run r;
	double *out = xcalloc((size_t)(4 * POINTS), sizeof *out), *x = xcalloc((size_t)(4 * POINTS), sizeof *x);

	trained_open_on(&r, trained_numbers(SAMPLES, POINTS, periodic), NULL, 1,
			"{model: {name: convnet, layers: 1, width: 4}, "
			"data: {real: float64, input: [a], target: [b], normalise_target: pixel}}");
	trained_zero(&r, "out.weight");
	double *mean = trained_values(&r, "norm.target.mean"), *std = trained_values(&r, "norm.target.std"),
	       *bias = trained_values(&r, "out.bias");
	bias[0] = bias[1] = 1;
	for (int64_t k = 0; k < 2 * POINTS; k++) { /* linear in x */
		mean[k] = 2 + (double)(k / POINTS) + 0.5 * (double)(k % POINTS);
		std[k] = 1 + 0.25 * (double)(k % POINTS);
	}
	r.t.network.spec.size[0] = fine;
	trained_predict(&r, 1, x, out);
	for (int64_t k = 0; k < 2; k++)
		for (int64_t i = 0; i < fine; i++) {
			double at = 0.5 * (double)i, want = 3 + (double)k + 0.75 * at + 1e-5;

			if (i == 2 * POINTS - 1) /* between the last point and the first */
				want = 3 + (double)k + 0.75 * 0.5 * (POINTS - 1) + 1e-5;
			ck_assert_double_eq_tol(out[k * fine + i], want, 1e-12);
		}
	fixture_trained_close(&r);
	free(out);
	free(x);
}
END_TEST

static const struct {
	const char *model, *last[2];
} idle[] = {
	{ "name: fno, modes: [3], width: 4, layers: 1", { "project.weight", "project.bias" } },
	{ "name: unet, levels: 1, width: 4", { "out.weight", "out.bias" } },
	{ "name: convnet, layers: 1, width: 4", { "out.weight", "out.bias" } },
	{ "name: mlp, width: 4, depth: 1", { "mlp.out.weight", "mlp.out.bias" } },
	{ "name: deeponet, width: 4, depth: 1, basis: 3", { "branch.out.weight", "branch.out.bias" } },
};
enum { IDLE = sizeof idle / sizeof *idle };

/* A residual model whose last layer is zero predicts the last frame, bit for bit; between normalisers, to round-off. */
START_TEST(idle_residual)
{
	static const char *const mode[] = { "none", "channel", "pixel" };
	enum { BATCH = 4 };
	char text[384];

	for (int in = 0; in < 3; in++)
		for (int out = 0; out < 3; out++) {
			struct run r;
			double y[BATCH * POINTS];

			snprintf(text, sizeof text,
				 "{model: {%s, residual: true}, data: {real: float64, input: [a], target: [u], "
				 "history: 2, normalise_input: %s, normalise_target: %s}}",
				 idle[_i].model, mode[in], mode[out]);
			fixture_trained_open(&r, 1, text);
			trained_zero(&r, idle[_i].last[0]);
			trained_zero(&r, idle[_i].last[1]);
			trained_load(&r.t, BATCH, 3);
			trained_predict(&r, BATCH, supervised_of(&r.t)->x, y);
			for (int64_t i = 0; i < BATCH * POINTS; i++) {
				double frame =
					((double *)supervised_of(&r.t)->x)[(i / POINTS * 4 + 3) * POINTS + i % POINTS];

				if (out == 0)
					ck_assert_double_eq(y[i], frame);
				else
					ck_assert_double_eq_tol(y[i], frame, 1e-14);
			}
			fixture_trained_close(&r);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("network");
	TCase *c = tcase_create("network");

	tcase_add_loop_test(c, normalisers, 0, 2);
	tcase_add_loop_test(c, statistics_on_another_grid, 0, 2);
	tcase_add_loop_test(c, idle_residual, 0, IDLE);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
