/* test_metrics.c: every metric against plain loops over its definition, against fields with known errors, and against
 * the laws that hold for all of them. */
#include <check.h>
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "metric/metric.h"

enum { SAMPLES = 5, MOST = 4096 };

static const struct metric_shape shapes[] = {
	{ .n_time = 1, .n_channel = 1, .n_dims = 1, .size = { 24 }, .length = { 2 }, .periodic = { true } },
	{ .n_time = 3, .n_channel = 2, .n_dims = 1, .size = { 9 } },
	{ .n_time = 2, .n_channel = 2, .n_dims = 2, .size = { 6, 8 }, .length = { 1, 3 }, .periodic = { true, false } },
	{ .n_time = 1, .n_channel = 1, .n_dims = 2, .size = { 28, 26 } },
	{ .n_time = 1, .n_channel = 2, .n_dims = 3, .size = { 4, 5, 6 }, .length = { 1, 2, 0.5 } },
	{ .n_time = 4, .n_channel = 3, .n_dims = 0 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static double p[SAMPLES][MOST], y[SAMPLES][MOST];

static void draw(uint64_t seed)
{
	for (int i = 0; i < SAMPLES; i++) {
		rng_normal(rng_stream(seed, "prediction", 0, (uint64_t)i), 0, MOST, p[i]);
		rng_normal(rng_stream(seed, "target", 0, (uint64_t)i), 0, MOST, y[i]);
		for (int k = 0; k < MOST; k++)
			y[i][k] += 0.5;
	}
}

static bool fits(const struct metric_class *c, const struct metric_shape *s)
{
	return !(c->needs_grid && s->n_dims == 0) && !(c->needs_points && metric_points(s) < 2);
}

static struct metric_result result_of(const struct metric_class *c, const struct metric_shape *s, int n, unsigned by)
{
	struct metric_run *m = metric_run_new(c, s, by);
	struct metric_result r;

	for (int i = 0; i < n; i++)
		metric_run_add(m, p[i], y[i]);
	metric_run_end(m, &r);
	ck_assert_int_gt(r.n, 0);
	ck_assert_str_eq(r.row[0].part, "all");
	return r;
}

static double value_of(const char *name, const struct metric_shape *s, int n)
{
	const struct metric_class *c = metric_find(name);

	ck_assert_msg(c != NULL, "no metric %s", name);
	struct metric_result r = result_of(c, s, n, 0);
	double v = r.row[0].value;
	metric_result_free(&r);
	return v;
}

static double part_of(const char *name, const struct metric_shape *s, int n, unsigned by, const char *part)
{
	struct metric_result r = result_of(metric_find(name), s, n, by);
	double v = NAN;

	for (int i = 0; i < r.n; i++)
		if (strcmp(r.row[i].part, part) == 0)
			v = r.row[i].value;
	metric_result_free(&r);
	return v;
}

static void close_to(double a, double b, const char *what, int shape)
{
	ck_assert_msg(fabs(a - b) <= 1e-11 * (fabs(a) + fabs(b)) + 1e-300, "%s on shape %d: %.17g instead of %.17g",
		      what, shape, a, b);
}

/* ---- definitions by plain loops: (t, c, i, j, k) -> one number a sample, or over all samples ---- */

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
	draw(11);
	for (int k = 0; k < SHAPES; k++) {
		double score[SAMPLES], mean = 0, squares = 0, worst = 0;

		if (!fits(c, &shapes[k]))
			continue;
		for (int i = 0; i < SAMPLES; i++)
			mean += (score[i] = sample_score(name, &shapes[k], i)) / SAMPLES;
		struct metric_result r = result_of(c, &shapes[k], SAMPLES, 0);
		close_to(r.row[0].value, mean, name, k);
		for (int i = 0; i < SAMPLES; i++) {
			int below = 0;

			squares += (score[i] - mean) * (score[i] - mean);
			worst = fmax(worst, score[i]);
			for (int j = 0; j < SAMPLES; j++)
				below += score[j] < score[i];
			if (below == SAMPLES / 2)
				close_to(r.median, score[i], "median", k);
		}
		close_to(r.standard_error, sqrt(squares / (SAMPLES - 1) / SAMPLES), "standard error", k);
		close_to(r.worst, worst, "worst", k);
		close_to(score[r.worst_sample], worst, "worst sample", k);
		metric_result_free(&r);
	}
}
END_TEST

/* ---- those that are no mean over samples ---- */

START_TEST(collected)
{
	draw(12);
	for (int k = 0; k < SHAPES; k++) {
		const struct metric_shape *s = &shapes[k];
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
		close_to(value_of("crmse_pdebench", s, SAMPLES), crmse, "crmse", k);
		close_to(value_of("max_pdebench", s, SAMPLES), most, "max", k);
		close_to(value_of("pinn_rel_l2", s, SAMPLES), sqrt(num / den), "pinn", k);
		close_to(value_of("nrmse_apebench", s, SAMPLES), exp(ape), "ape", k);
	}
}
END_TEST

/* Boundary points of one channel, sides counted one by one. */
START_TEST(boundary)
{
	draw(13);
	for (int k = 0; k < SHAPES; k++) {
		const struct metric_shape *s = &shapes[k];
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
		close_to(value_of("brmse_pdebench", s, SAMPLES), mean, "brmse", k);
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

	draw(14);
	for (int k = 0; k < SHAPES; k++) {
		const struct metric_shape *s = &shapes[k];
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
			double sum = 0, count = 0, got = part_of("frmse_pdebench", s, samples, 0, bands[b].name);

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
	draw(15);
	for (int k = 0; k < SHAPES; k++) {
		double bands = 0, shells = 0;

		if (shapes[k].n_dims == 0)
			continue;
		struct metric_result r = result_of(metric_find("spectrum_error"), &shapes[k], 1, 0);
		for (int i = 1; i < r.n; i++)
			*(r.row[i].part[0] == 'b' ? &bands : &shells) += r.row[i].value * r.row[i].value;
		close_to(sqrt(bands), r.row[0].value, "bands", k);
		close_to(sqrt(shells), r.row[0].value, "shells", k);
		ck_assert_double_lt(fabs(r.row[0].value - value_of("rel_l2", &shapes[k], 1)), 1e-7);
		metric_result_free(&r);
	}
	const struct metric_shape s = { .n_time = 1, .n_channel = 1, .n_dims = 2, .size = { 32, 16 } };
	for (int64_t i = 0; i < 32 * 16; i++) {
		y[0][i] = 1;
		p[0][i] = 1 + 0.1 * cos(2 * acos(-1) * (-3.0 * (double)(i / 16) / 32 + 4.0 * (double)(i % 16) / 16));
	}
	ck_assert_double_lt(fabs(part_of("spectrum_error", &s, 1, 0, "k=5") - 0.1 / sqrt(2)), 1e-12);
	ck_assert_double_lt(part_of("spectrum_error", &s, 1, 0, "k=4"), 1e-12);
	/* the quadrant sees only one of each pair of modes, and none of (-3, 4) */
	ck_assert_double_lt(part_of("frmse_pdebench", &s, 1, 0, "k=5"), 1e-12);
}
END_TEST

/* ---- fields with known errors ---- */

START_TEST(constant_error)
{
	const struct metric_shape s[] = {
		{ .n_time = 2, .n_channel = 1, .n_dims = 1, .size = { 64 } },
		{ .n_time = 1, .n_channel = 2, .n_dims = 2, .size = { 32, 32 } },
		{ .n_time = 1, .n_channel = 1, .n_dims = 3, .size = { 8, 8, 8 } },
	};
	const char *const names[] = { "rmse_pdebench", "crmse_pdebench", "brmse_pdebench", "max_pdebench", "mae" };

	draw(16);
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < SAMPLES; i++)
			for (int64_t x = 0; x < metric_count(&s[k]); x++)
				p[i][x] = y[i][x] + 0.25;
		for (size_t m = 0; m < sizeof names / sizeof *names; m++)
			ck_assert_double_lt(fabs(value_of(names[m], &s[k], SAMPLES) - 0.25), 1e-14);
		ck_assert_double_gt(part_of("frmse_pdebench", &s[k], SAMPLES, 0, "band=low"), 0.06);
		for (int band = 0; band < 2; band++) {
			double v = part_of("frmse_pdebench", &s[k], SAMPLES, 0, band ? "band=high" : "band=mid");

			ck_assert(isnan(v) || v < 1e-14);
		}
	}
}
END_TEST

START_TEST(sine_error)
{
	const struct metric_shape s = { .n_time = 1, .n_channel = 1, .n_dims = 1, .size = { 128 } };

	draw(17);
	for (int i = 0; i < SAMPLES; i++)
		for (int x = 0; x < 128; x++)
			p[i][x] = y[i][x] + sin(2 * acos(-1) * 8 * x / 128);
	/* one shell of the eight holds |E| / n = 1/2 */
	ck_assert_double_lt(fabs(part_of("frmse_pdebench", &s, SAMPLES, 0, "band=mid") - 0.5 / 8), 1e-14);
	ck_assert_double_lt(part_of("frmse_pdebench", &s, SAMPLES, 0, "band=low"), 1e-14);
	ck_assert_double_lt(part_of("frmse_pdebench", &s, SAMPLES, 0, "band=high"), 1e-14);
	ck_assert_double_lt(value_of("crmse_pdebench", &s, SAMPLES), 1e-15);
}
END_TEST

START_TEST(trivial_predictions)
{
	const struct metric_shape s = { .n_time = 2, .n_channel = 2, .n_dims = 1, .size = { 10 } };

	draw(18);
	memset(p, 0, sizeof p);
	ck_assert_double_eq(value_of("nrmse_pdebench", &s, SAMPLES), 1);
	ck_assert_double_eq(value_of("pinn_rel_l2", &s, SAMPLES), 1);
	ck_assert_double_eq(value_of("rel_l1_percent", &s, SAMPLES), 100);
	ck_assert_double_lt(fabs(value_of("nrmse_apebench", &s, SAMPLES) - 2), 1e-14); /* channels are summed */
	ck_assert_double_lt(fabs(value_of("lp_rel", &s, SAMPLES) - 2), 1e-7);
	for (int i = 0; i < SAMPLES; i++)
		for (int f = 0; f < 4; f++) {
			double mean = 0;

			for (int x = 0; x < 10; x++)
				mean += y[i][10 * f + x] / 10;
			for (int x = 0; x < 10; x++)
				p[i][10 * f + x] = mean;
		}
	ck_assert_double_lt(fabs(value_of("vrmse", &s, SAMPLES) - sqrt(0.9)), 1e-6);
	memset(y, 0, sizeof y);
	ck_assert(isinf(value_of("nrmse_pdebench", &s, SAMPLES)) || isnan(value_of("nrmse_pdebench", &s, SAMPLES)));
	ck_assert_double_gt(value_of("rel_l1_percent", &s, SAMPLES), 1e6);
}
END_TEST

/* Two frames of one channel. Predictions 0 1 2 3 4 and targets 0.5 2.5 4.5 6.5 8.5, the second frame 10 more: of both
 * sides the distribution functions are furthest apart at 4, by 1 - 2/5. In another order all stay. */
START_TEST(distances_of_sets)
{
	static const struct metric_shape s = { .n_time = 2, .n_channel = 1, .n_dims = 0 };
	double a[10], b[10], energy = 0;

	for (int i = 0; i < SAMPLES; i++)
		for (int t = 0; t < 2; t++) {
			p[i][t] = a[2 * i + t] = (i * 2) % 5 + 10 * t;
			y[i][t] = b[2 * i + t] = 2 * i + 0.5 + 10 * t;
		}
	for (int i = 0; i < 10; i++)
		for (int j = 0; j < 10; j++)
			energy += (2 * fabs(a[i] - b[j]) - fabs(a[i] - a[j]) - fabs(b[i] - b[j])) / 100;
	ck_assert_double_eq_tol(value_of("energy_distance", &s, SAMPLES), energy, 1e-12);
	ck_assert_double_eq_tol(value_of("ks_distance", &s, SAMPLES), 0.6, 1e-12);
	ck_assert_double_eq_tol(value_of("mean_gap", &s, SAMPLES), 2.5 / sqrt(8), 1e-12);
	ck_assert_double_eq_tol(value_of("std_gap", &s, SAMPLES), 0.5, 1e-12);
	ck_assert_double_eq_tol(part_of("ks_distance", &s, SAMPLES, METRIC_BY_TIME, "t=1"), 0.6, 1e-12);
}
END_TEST

/* Means (1, 2) and (0, 0), covariances diag(5, 5) / 2 and diag(20, 20) / 2 of equal shape: |m|^2 + 2 (sqrt(10) -
 * sqrt(2.5))^2. A shift along one of two axes: projections shift by its cosine, whose mean square is 1/2. */
START_TEST(transport)
{
	static const struct metric_shape s = { .n_time = 1, .n_channel = 2, .n_dims = 0 };
	static const double corner[5][2] = { { 2, 1 }, { -2, -1 }, { 1, -2 }, { -1, 2 }, { 0, 0 } };

	for (int i = 0; i < SAMPLES; i++)
		for (int k = 0; k < 2; k++) {
			p[i][k] = corner[i][k] + 1 + k;
			y[(i + 2) % SAMPLES][k] = 2 * corner[i][k];
		}
	ck_assert_double_eq_tol(value_of("frechet", &s, SAMPLES), 5 + 2 * pow(sqrt(10) - sqrt(2.5), 2), 1e-10);
	for (int i = 0; i < SAMPLES; i++)
		for (int k = 0; k < 2; k++)
			y[(i + 2) % SAMPLES][k] = p[i][k] + 3 * (k == 0);
	ck_assert_double_eq_tol(value_of("w1", &s, SAMPLES), 1.5, 1e-12);
	ck_assert_double_eq_tol(value_of("sliced_w2", &s, SAMPLES), 3 * sqrt(0.5), 0.3);
	ck_assert_double_eq_tol(value_of("frechet", &s, SAMPLES), 9, 1e-10);
}
END_TEST

/* ---- laws for every entry of the table ---- */

static const struct metric_class *entry(int n)
{
	for (int i = 0; metric_files[i]; i++)
		for (int k = 0; metric_files[i][k]; k++)
			if (n-- == 0)
				return metric_files[i][k];
	return NULL;
}

static int entries(void)
{
	int n = 0;

	while (entry(n))
		n++;
	return n;
}

START_TEST(laws)
{
	const struct metric_class *c = entry(_i);
	/* an absolute error grows with the data, some with its square; a relative one stays */
	bool frechet = strcmp(c->name, "frechet") == 0, square = frechet || strncmp(c->name, "mse", 3) == 0,
	     absolute = square || strcmp(c->name, "mae") == 0 || strcmp(c->name, "energy_distance") == 0 ||
			strcmp(c->name, "sliced_w2") == 0 || strcmp(c->name, "w1") == 0;
	/* roots of eigenvalues that should vanish */
	const double rounding = frechet ? 1e-6 : 1e-12;

	ck_assert(c->name && c->formula && c->source && c->begin && c->add && c->end);
	ck_assert_ptr_eq(metric_find(c->name), c);
	/* the largest number stays the largest only if signs do */
	const double factor = strcmp(c->name, "accuracy") == 0 ? 1000 : -1000;
	absolute = absolute || (strstr(c->name, "_pdebench") && strcmp(c->name, "nrmse_pdebench") != 0);
	for (int k = 0; k < SHAPES; k++) {
		const struct metric_shape *s = &shapes[k];
		double before, after, wanted;

		if (!fits(c, s))
			continue;
		draw(20);
		before = value_of(c->name, s, SAMPLES);
		ck_assert(before > 0 || c->higher_is_better); /* few classes are met by chance */
		for (int i = 0; i < SAMPLES; i++)
			for (int x = 0; x < MOST; x++) {
				p[i][x] *= factor;
				y[i][x] *= factor;
			}
		after = value_of(c->name, s, SAMPLES);
		wanted = before * (square ? 1e6 : absolute ? 1e3 : 1);
		ck_assert_msg(fabs(after - wanted) <= 1e-4 * wanted, "%s scales to %g, not %g", c->name, after, wanted);
		/* samples in another order */
		for (int x = 0; x < MOST; x++) {
			double t = p[0][x], u = y[0][x];

			p[0][x] = p[3][x];
			y[0][x] = y[3][x];
			p[3][x] = t;
			y[3][x] = u;
		}
		ck_assert_double_le(fabs(value_of(c->name, s, SAMPLES) - after), rounding * after);
		/* one value that is no number spoils the metric, wherever it is */
		for (int x = 0; x < metric_count(s); x += 1 + (int)metric_count(s) / 7) {
			double kept = p[1][x];
			bool inner = strcmp(c->name, "brmse_pdebench") == 0;

			p[1][x] = NAN;
			ck_assert_msg(isnan(value_of(c->name, s, SAMPLES)) || inner, "%s overlooks NaN at %d", c->name,
				      x);
			p[1][x] = kept;
		}
		memcpy(p, y, sizeof p);
		ck_assert_double_le(fabs(value_of(c->name, s, SAMPLES) - c->higher_is_better),
				    frechet ? rounding * after : 0);
	}
}
END_TEST

/* Rows by frame and channel are the metric of that part alone. */
START_TEST(parts)
{
	const struct metric_class *c = entry(_i);
	const struct metric_shape *s = &shapes[2];
	static const double times[] = { 0.25, 1.5 };
	static const char *const channels[] = { "Vx", "Vy" };
	struct metric_shape named = *s, one = *s;
	int64_t n = points(s);

	named.time = times;
	named.channel_name = channels;
	one.n_time = 1;
	draw(21);
	double second = part_of(c->name, s, SAMPLES, METRIC_BY_TIME, "t=1"),
	       by_name = part_of(c->name, &named, SAMPLES, METRIC_BY_TIME, "t=1.5"),
	       channel = part_of(c->name, &named, SAMPLES, METRIC_BY_CHANNEL, "channel=Vy");
	ck_assert_double_eq(second, by_name);
	ck_assert(isnan(part_of(c->name, s, SAMPLES, 0, "t=1")));
	for (int i = 0; i < SAMPLES; i++) {
		memmove(p[i], p[i] + 2 * n, (size_t)(2 * n) * sizeof(double));
		memmove(y[i], y[i] + 2 * n, (size_t)(2 * n) * sizeof(double));
	}
	ck_assert_double_eq(value_of(c->name, &one, SAMPLES), second);
	draw(21);
	one = *s;
	one.n_channel = 1;
	for (int i = 0; i < SAMPLES; i++)
		for (int64_t t = 0; t < 2; t++) {
			memmove(p[i] + t * n, p[i] + (2 * t + 1) * n, (size_t)n * sizeof(double));
			memmove(y[i] + t * n, y[i] + (2 * t + 1) * n, (size_t)n * sizeof(double));
		}
	ck_assert_double_eq(value_of(c->name, &one, SAMPLES), channel);
}
END_TEST

START_TEST(names)
{
	ck_assert_ptr_null(metric_find("rel_l3"));
	ck_assert_str_eq(metric_nearest("rel_l3"), "rel_l2");
	ck_assert_ptr_null(metric_nearest("something quite different"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("metrics");
	TCase *t = tcase_create("metrics");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, means_over_samples, 0, sizeof sample_means / sizeof *sample_means);
	tcase_add_test(t, collected);
	tcase_add_test(t, boundary);
	tcase_add_test(t, quadrant_bands);
	tcase_add_test(t, full_spectrum);
	tcase_add_test(t, constant_error);
	tcase_add_test(t, sine_error);
	tcase_add_test(t, trivial_predictions);
	tcase_add_test(t, distances_of_sets);
	tcase_add_test(t, transport);
	tcase_add_loop_test(t, laws, 0, entries());
	tcase_add_loop_test(t, parts, 0, entries());
	tcase_add_test(t, names);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
