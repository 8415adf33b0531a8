/* distribution.c: how far two sets of draws are apart as sets: which sample of one stands beside which of the other
 * does not matter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "metric/draws.h"

/* ---- energy distance ----------------------------------------------------------------------------- */

/* Pairs are counted among at most this many frames of each side. */
enum { MOST_FRAMES = 4096 };

static double mean_distance(int64_t n, int64_t dim, int64_t stride, const double *a, const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++) {
		const double *x = a + i * stride * dim;
		double row = 0;

		for (int64_t j = 0; j < n; j++) {
			const double *y = b + j * stride * dim;
			double square = 0;

			for (int64_t k = 0; k < dim; k++)
				square += (x[k] - y[k]) * (x[k] - y[k]);
			row += sqrt(square);
		}
		sum += row;
	}
	return sum / (double)n / (double)n;
}

static void energy_end(void *state, struct metric_result *r)
{
	struct metric_draws *m = state;
	const int64_t frames = m->n * m->shape->n_time, dim = m->each / m->shape->n_time;
	const int64_t stride = (frames + MOST_FRAMES - 1) / MOST_FRAMES, n = stride > 0 ? frames / stride : 0;

	metric_draws_end(m, r,
			 2 * mean_distance(n, dim, stride, m->p, m->y) - mean_distance(n, dim, stride, m->p, m->p) -
				 mean_distance(n, dim, stride, m->y, m->y));
}

/* ---- one number at a time ------------------------------------------------------------------------ */

/* Largest difference of the two empirical distribution functions of sorted values. */
static double kolmogorov(int64_t n, const double *a, const double *b)
{
	int64_t i = 0, j = 0, most = 0;

	while (i < n && j < n) {
		const double at = fmin(a[i], b[j]);

		while (i < n && a[i] <= at)
			i++;
		while (j < n && b[j] <= at)
			j++;
		most = llabs(i - j) > most ? llabs(i - j) : most;
	}
	return (double)most / (double)n;
}

static double column(const struct metric_draws *m, const double *from, int64_t k, double *out)
{
	double not_finite = 0;

	for (int64_t s = 0; s < m->n; s++) {
		out[s] = from[s * m->each + k];
		not_finite += 0 * out[s];
	}
	return not_finite;
}

static void ks_end(void *state, struct metric_result *r)
{
	struct metric_draws *m = state;
	double *a = xmalloc((size_t)(2 * m->n + 1) * sizeof *a), *b = a + m->n, sum = 0;

	for (int64_t k = 0; k < m->each; k++) {
		sum += column(m, m->p, k, a) + column(m, m->y, k, b);
		qsort(a, (size_t)m->n, sizeof *a, metric_by_value);
		qsort(b, (size_t)m->n, sizeof *b, metric_by_value);
		sum += kolmogorov(m->n, a, b);
	}
	free(a);
	metric_draws_end(m, r, sum / (double)m->each);
}

static void mean_and_std(int64_t n, const double *v, double *mean, double *std)
{
	double sum = 0, square = 0;

	for (int64_t i = 0; i < n; i++)
		sum += v[i];
	*mean = sum / (double)n;
	for (int64_t i = 0; i < n; i++)
		square += (v[i] - *mean) * (v[i] - *mean);
	*std = sqrt(square / (double)n);
}

enum moment { MEAN_GAP, STD_GAP };

static void moment_end(struct metric_draws *m, struct metric_result *r, enum moment which)
{
	double *a = xmalloc((size_t)(2 * m->n + 1) * sizeof *a), *b = a + m->n, sum = 0;

	for (int64_t k = 0; k < m->each; k++) {
		double mean[2], std[2];

		column(m, m->p, k, a);
		column(m, m->y, k, b);
		mean_and_std(m->n, a, &mean[0], &std[0]);
		mean_and_std(m->n, b, &mean[1], &std[1]);
		sum += which == MEAN_GAP ? fabs(mean[0] - mean[1]) / std[1] : fabs(std[0] / std[1] - 1);
	}
	free(a);
	metric_draws_end(m, r, sum / (double)m->each);
}

static void mean_end(void *state, struct metric_result *r)
{
	moment_end(state, r, MEAN_GAP);
}

static void std_end(void *state, struct metric_result *r)
{
	moment_end(state, r, STD_GAP);
}

static const struct metric_class energy_distance = {
	.name = "energy_distance",
	.formula =
		"2 mean |p - y| - mean |p - p'| - mean |y - y'| over all pairs of frames (at most 4096 of a side), a "
		"frame a point with all its channels and places",
	.source = "Szekely, Rizzo, J. Stat. Plan. Inference 143 (2013)",
	.begin = metric_draws_begin,
	.add = metric_draws_add,
	.end = energy_end,
};
static const struct metric_class ks_distance = {
	.name = "ks_distance",
	.formula = "mean over frames, channels and places of the largest difference of the distribution functions of "
		   "predictions and targets over samples",
	.source = "Kolmogorov, Smirnov",
	.begin = metric_draws_begin,
	.add = metric_draws_add,
	.end = ks_end,
};
static const struct metric_class mean_gap = {
	.name = "mean_gap",
	.formula = "mean over frames, channels and places of |mean p - mean y| / std y, over samples",
	.source = "common",
	.begin = metric_draws_begin,
	.add = metric_draws_add,
	.end = mean_end,
};
static const struct metric_class std_gap = {
	.name = "std_gap",
	.formula = "mean over frames, channels and places of |std p / std y - 1|, over samples",
	.source = "common",
	.begin = metric_draws_begin,
	.add = metric_draws_add,
	.end = std_end,
};

const struct metric_class *const metric_file_distribution[] = { &energy_distance, &ks_distance, &mean_gap, &std_gap,
								NULL };
