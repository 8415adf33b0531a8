/* test_metric_definitions.c: every metric against plain loops over its definition: (t, c, i, j, k) -> one number a
 * sample, or over all samples. */
#include <check.h>
#include <complex.h>
#include <math.h>
#include <string.h>

#include "pairs.h"

static int64_t points(const struct metric_shape *s)
{
	int64_t n = 1;

	for (int d = 0; d < s->n_dims; d++)
		n *= s->size[d];
	return n;
}

static int64_t place(const struct metric_shape *s, int64_t t, int64_t c, int64_t x)
{
	return (t * s->n_channel + c) * points(s) + x;
}

/* Slope at point x along axis d of v[place(t, c, .)]. */
static double slope(const struct metric_shape *s, const double *v, int64_t t, int64_t c, int64_t x, int d, bool wrap)
{
	int64_t at[3], stride[3] = { 1, 1, 1 }, n = s->size[d], before, after, rest = x;
	double h = (s->length[d] > 0 ? s->length[d] : 1) / (double)n;

	for (int a = s->n_dims - 2; a >= 0; a--)
		stride[a] = stride[a + 1] * s->size[a + 1];
	for (int a = 0; a < s->n_dims; a++) {
		at[a] = rest / stride[a];
		rest %= stride[a];
	}
	before = at[d] - 1;
	after = at[d] + 1;
	if (wrap) {
		before = before < 0 ? n - 1 : before;
		after = after == n ? 0 : after;
		return (v[place(s, t, c, x + (after - at[d]) * stride[d])] -
			v[place(s, t, c, x + (before - at[d]) * stride[d])]) /
		       (2 * h);
	}
	before = before < 0 ? 0 : before;
	after = after == n ? n - 1 : after;
	return (v[place(s, t, c, x + (after - at[d]) * stride[d])] -
		v[place(s, t, c, x + (before - at[d]) * stride[d])]) /
	       ((double)(after - before) * h);
}

static double h1_norm(const struct metric_shape *s, const double *v, int64_t c0, int64_t c1, bool wrap)
{
	double sum = 0;

	for (int64_t t = 0; t < s->n_time; t++)
		for (int64_t c = c0; c < c1; c++)
			for (int64_t x = 0; x < points(s); x++) {
				sum += pow(v[place(s, t, c, x)], 2);
				for (int d = 0; d < s->n_dims; d++)
					sum += pow(slope(s, v, t, c, x, d, wrap || s->periodic[d]), 2);
			}
	return sqrt(sum);
}

static double norm(const struct metric_shape *s, const double *v, int64_t t0, int64_t t1, int64_t c0, int64_t c1,
		   double power)
{
	double sum = 0;

	for (int64_t t = t0; t < t1; t++)
		for (int64_t c = c0; c < c1; c++)
			for (int64_t x = 0; x < points(s); x++) {
				double a = fabs(v[place(s, t, c, x)]);

				sum = power == 0 ? fmax(sum, a) : sum + pow(a, power);
			}
	return power == 0 ? sum : pow(sum, 1 / power);
}

static double sample_score(const char *name, const struct metric_shape *s, int i)
{
	static double e[MOST];
	int64_t T = s->n_time, C = s->n_channel, n = points(s);
	double sum = 0;

	for (int64_t k = 0; k < T * C * n; k++)
		e[k] = p[i][k] - y[i][k];
	if (strcmp(name, "rel_l2") == 0)
		return norm(s, e, 0, T, 0, C, 2) / (norm(s, y[i], 0, T, 0, C, 2) + 1e-8);
	if (strcmp(name, "rel_l1") == 0)
		return norm(s, e, 0, T, 0, C, 1) / (norm(s, y[i], 0, T, 0, C, 1) + 1e-8);
	if (strcmp(name, "rel_max") == 0)
		return norm(s, e, 0, T, 0, C, 0) / (norm(s, y[i], 0, T, 0, C, 0) + 1e-8);
	if (strcmp(name, "rel_l1_percent") == 0)
		return 100 * norm(s, e, 0, T, 0, C, 1) / norm(s, y[i], 0, T, 0, C, 1);
	if (strcmp(name, "rel_h1") == 0)
		return h1_norm(s, e, 0, C, false) / (h1_norm(s, y[i], 0, C, false) + 1e-8);
	if (strcmp(name, "mse") == 0)
		return pow(norm(s, e, 0, T, 0, C, 2), 2) / (double)(T * C * n);
	if (strcmp(name, "mae") == 0)
		return norm(s, e, 0, T, 0, C, 1) / (double)(T * C * n);
	if (strcmp(name, "mse_sum_pdearena") == 0)
		return pow(norm(s, e, 0, T, 0, C, 2), 2) / (double)n;
	for (int64_t c = 0; c < C; c++) {
		if (strcmp(name, "lp_rel") == 0)
			sum += norm(s, e, 0, T, c, c + 1, 2) / (norm(s, y[i], 0, T, c, c + 1, 2) + 1e-8);
		if (strcmp(name, "h1_rel") == 0)
			sum += h1_norm(s, e, c, c + 1, true) / (h1_norm(s, y[i], c, c + 1, true) + 1e-8);
		for (int64_t t = 0; t < T; t++) {
			double ms = pow(norm(s, e, t, t + 1, c, c + 1, 2), 2) / (double)n,
			       my = pow(norm(s, y[i], t, t + 1, c, c + 1, 2), 2) / (double)n, mean = 0, var = 0;

			for (int64_t x = 0; x < n; x++)
				mean += y[i][place(s, t, c, x)] / (double)n;
			for (int64_t x = 0; x < n; x++)
				var += pow(y[i][place(s, t, c, x)] - mean, 2) / (double)(n - 1);
			if (strcmp(name, "rmse_pdebench") == 0)
				sum += sqrt(ms) / (double)(T * C);
			if (strcmp(name, "nrmse_pdebench") == 0)
				sum += sqrt(ms) / sqrt(my) / (double)(T * C);
			if (strcmp(name, "vrmse") == 0)
				sum += sqrt(ms / (var + 1e-7)) / (double)(T * C);
			if (strcmp(name, "nrmse_well") == 0)
				sum += sqrt(ms / (my + 1e-7)) / (double)(T * C);
		}
	}
	return sum;
}

static const char *const sample_means[] = {
	"rel_l2", "rel_l1",	      "rel_max", "rel_l1_percent", "rel_h1",	     "mse",   "mae",
	"lp_rel", "mse_sum_pdearena", "h1_rel",	 "rmse_pdebench",  "nrmse_pdebench", "vrmse", "nrmse_well",
};

START_TEST(means_over_samples)
{
	const char *name = sample_means[_i];
	const struct metric_class *c = metric_find(name);

	ck_assert_ptr_nonnull(c);
	pairs_draw(11);
	for (int k = 0; k < SHAPES; k++) {
		double score[SAMPLES], mean = 0, squares = 0, worst = 0;

		if (!pairs_fits(c, &pairs_shape[k]))
			continue;
		for (int i = 0; i < SAMPLES; i++)
			mean += (score[i] = sample_score(name, &pairs_shape[k], i)) / SAMPLES;
		struct metric_result r = pairs_result(c, &pairs_shape[k], SAMPLES, 0);
		pairs_close(r.row[0].value, mean, name, k);
		for (int i = 0; i < SAMPLES; i++) {
			int below = 0;

			squares += (score[i] - mean) * (score[i] - mean);
			worst = fmax(worst, score[i]);
			for (int j = 0; j < SAMPLES; j++)
				below += score[j] < score[i];
			if (below == SAMPLES / 2)
				pairs_close(r.median, score[i], "median", k);
		}
		pairs_close(r.standard_error, sqrt(squares / (SAMPLES - 1) / SAMPLES), "standard error", k);
		pairs_close(r.worst, worst, "worst", k);
		pairs_close(score[r.worst_sample], worst, "worst sample", k);
		metric_result_free(&r);
	}
}
END_TEST

/* ---- those that are no mean over samples ---- */

START_TEST(collected)
{
	pairs_draw(12);
	for (int k = 0; k < SHAPES; k++) {
		const struct metric_shape *s = &pairs_shape[k];
		int64_t T = s->n_time, C = s->n_channel, n = points(s);
		double crmse = 0, most = 0, num = 0, den = 0, ape = 0;

		for (int64_t t = 0; t < T; t++) {
			double frame = 0;

			for (int64_t c = 0; c < C; c++) {
				double square = 0, top = 0;

				for (int i = 0; i < SAMPLES; i++) {
					double sum = 0, e2 = 0, y2 = 0;

					for (int64_t x = 0; x < n; x++) {
						double v = y[i][place(s, t, c, x)], e = p[i][place(s, t, c, x)] - v;

						sum += e;
						top = fmax(top, fabs(e));
						e2 += e * e;
						y2 += v * v;
					}
					square += sum * sum / SAMPLES;
					num += e2;
					den += y2;
					frame += sqrt(e2) / sqrt(y2) / SAMPLES;
				}
				crmse += sqrt(square) / (double)(n * T * C);
				most += top / (double)(T * C);
			}
			ape += log(frame) / (double)T;
		}
		pairs_close(pairs_value("crmse_pdebench", s, SAMPLES), crmse, "crmse", k);
		pairs_close(pairs_value("max_pdebench", s, SAMPLES), most, "max", k);
		pairs_close(pairs_value("pinn_rel_l2", s, SAMPLES), sqrt(num / den), "pinn", k);
		pairs_close(pairs_value("nrmse_apebench", s, SAMPLES), exp(ape), "ape", k);
	}
}
END_TEST

/* Boundary points of one channel, sides counted one by one. */
START_TEST(boundary)
{
	pairs_draw(13);
	for (int k = 0; k < SHAPES; k++) {
		const struct metric_shape *s = &pairs_shape[k];
		double mean = 0;

		if (s->n_dims == 0)
			continue;
		int64_t a = s->size[0], b = s->n_dims > 1 ? s->size[1] : 1, c = s->n_dims > 2 ? s->size[2] : 1;
		for (int i = 0; i < SAMPLES; i++)
			for (int64_t f = 0; f < s->n_time * s->n_channel; f++) {
				double sum = 0, n = 0;

				for (int64_t x = 0; x < a; x++)
					for (int64_t v = 0; v < b; v++)
						for (int64_t w = 0; w < c; w++) {
							int64_t at = f * a * b * c + (x * b + v) * c + w;
							int faces = (x == 0) + (x == a - 1);

							if (s->n_dims > 1)
								faces += (v == 0) + (v == b - 1);
							if (s->n_dims > 2)
								faces += (w == 0) + (w == c - 1);
							sum += faces * pow(p[i][at] - y[i][at], 2);
							n += faces;
						}
				mean += sqrt(sum / n) / (double)(SAMPLES * s->n_time * s->n_channel);
			}
		pairs_close(pairs_value("brmse_pdebench", s, SAMPLES), mean, "brmse", k);
	}
}
END_TEST

/* |sum of v exp(-2 pi i k.x / n)|^2 from its definition. */
static double power_of(const struct metric_shape *s, const double *v, const int64_t *k)
{
	double complex sum = 0;
	int64_t b = s->n_dims > 1 ? s->size[1] : 1, c = s->n_dims > 2 ? s->size[2] : 1;

	for (int64_t x = 0; x < points(s); x++) {
		double phase = (double)(k[0] * (x / (b * c))) / (double)s->size[0];

		if (s->n_dims > 1)
			phase += (double)(k[1] * (x / c % b)) / (double)b;
		if (s->n_dims > 2)
			phase += (double)(k[2] * (x % c)) / (double)c;
		sum += v[x] * cexp(-2 * acos(-1) * I * phase);
	}
	return creal(sum) * creal(sum) + cimag(sum) * cimag(sum);
}

START_TEST(quadrant_bands)
{
	static const struct {
		const char *name;
		int lo, hi;
	} bands[] = { { "band=low", 0, 4 }, { "band=mid", 4, 12 }, { "band=high", 12, 1000 } };
	static double e[MOST];

	pairs_draw(14);
	for (int k = 0; k < SHAPES; k++) {
		const struct metric_shape *s = &pairs_shape[k];
		int64_t n = points(s), N[3] = { 1, 1, 1 }, least = 1000, frames = s->n_time * s->n_channel;
		double mean[1000] = { 0 }, scale = 1 / (double)n;
		const int samples = 2;

		if (s->n_dims == 0)
			continue;
		for (int d = 0; d < s->n_dims; d++) {
			N[d] = s->size[d] / 2 + (s->n_dims == 1);
			least = N[d] < least ? N[d] : least;
			scale *= s->length[d] > 0 ? s->length[d] : 1;
		}
		for (int64_t f = 0; f < frames; f++) {
			double shell[1000] = { 0 };

			for (int i = 0; i < samples; i++) {
				for (int64_t x = 0; x < n; x++)
					e[x] = p[i][f * n + x] - y[i][f * n + x];
				for (int64_t a = 0; a < N[0]; a++)
					for (int64_t b = 0; b < N[1]; b++)
						for (int64_t c = 0; c < N[2]; c++) {
							int64_t m =
								(int64_t)floor(sqrt((double)(a * a + b * b + c * c)));

							if (m < least)
								shell[m] += power_of(s, e, (int64_t[]){ a, b, c }) /
									    samples;
						}
			}
			for (int64_t m = 0; m < least; m++)
				mean[m] += sqrt(shell[m]) * scale / (double)frames;
		}
		for (int b = 0; b < 3; b++) {
			double sum = 0, count = 0, got = pairs_part("frmse_pdebench", s, samples, 0, bands[b].name);

			for (int m = bands[b].lo; m < bands[b].hi && m < least; m++) {
				sum += mean[m];
				count++;
			}
			if (count > 0)
				ck_assert_msg(fabs(got - sum / count) < 1e-9 * sum, "%s, shape %d: %.12g, not %.12g",
					      bands[b].name, k, got, sum / count);
			else
				ck_assert(isnan(got));
		}
	}
}
END_TEST

/* Bands and shells of a sample add up to its relative error in squares; by hand one mode sits in one shell. */
START_TEST(full_spectrum)
{
	pairs_draw(15);
	for (int k = 0; k < SHAPES; k++) {
		double bands = 0, shells = 0;

		if (pairs_shape[k].n_dims == 0)
			continue;
		struct metric_result r = pairs_result(metric_find("spectrum_error"), &pairs_shape[k], 1, 0);
		for (int i = 1; i < r.n; i++)
			*(r.row[i].part[0] == 'b' ? &bands : &shells) += r.row[i].value * r.row[i].value;
		pairs_close(sqrt(bands), r.row[0].value, "bands", k);
		pairs_close(sqrt(shells), r.row[0].value, "shells", k);
		ck_assert_double_lt(fabs(r.row[0].value - pairs_value("rel_l2", &pairs_shape[k], 1)), 1e-7);
		metric_result_free(&r);
	}
	const struct metric_shape s = { .n_time = 1, .n_channel = 1, .n_dims = 2, .size = { 32, 16 } };
	for (int64_t i = 0; i < 32 * 16; i++) {
		y[0][i] = 1;
		p[0][i] = 1 + 0.1 * cos(2 * acos(-1) * (-3.0 * (double)(i / 16) / 32 + 4.0 * (double)(i % 16) / 16));
	}
	ck_assert_double_lt(fabs(pairs_part("spectrum_error", &s, 1, 0, "k=5") - 0.1 / sqrt(2)), 1e-12);
	ck_assert_double_lt(pairs_part("spectrum_error", &s, 1, 0, "k=4"), 1e-12);
	/* the quadrant sees only one of each pair of modes, and none of (-3, 4) */
	ck_assert_double_lt(pairs_part("frmse_pdebench", &s, 1, 0, "k=5"), 1e-12);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("definitions of metrics");
	TCase *t = tcase_create("definitions of metrics");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, means_over_samples, 0, sizeof sample_means / sizeof *sample_means);
	tcase_add_test(t, collected);
	tcase_add_test(t, boundary);
	tcase_add_test(t, quadrant_bands);
	tcase_add_test(t, full_spectrum);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
