/* well.c: errors that are not relative to the whole sample: mean squares, errors against the variance of each frame
 * (The Well), sums over frames (PDEArena), geometric means over a roll-out (APEBench). */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "metric/state.h"

static double mse(const struct metric_shape *s, const double *p, const double *y)
{
	int64_t n = metric_count(s);
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += (p[i] - y[i]) * (p[i] - y[i]);
	return sum / (double)n;
}
MEAN_OVER_SAMPLES(mse)

static double mae(const struct metric_shape *s, const double *p, const double *y)
{
	int64_t n = metric_count(s);
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += fabs(p[i] - y[i]);
	return sum / (double)n;
}
MEAN_OVER_SAMPLES(mae)

static double mse_sum(const struct metric_shape *s, const double *p, const double *y)
{
	return mse(s, p, y) * (double)(s->n_time * s->n_channel);
}
MEAN_OVER_SAMPLES(mse_sum)

/* Mean over frames and channels of sqrt(mean e^2 / (d + 1e-7)); d: variance of the target, or its mean square. */
static double by_frame(const struct metric_shape *s, const double *p, const double *y, bool variance)
{
	int64_t n = metric_points(s), frames = s->n_time * s->n_channel;
	double sum = 0;

	for (int64_t f = 0; f < frames; f++, p += n, y += n) {
		double e = 0, d = 0, mean = 0;

		for (int64_t i = 0; i < n && variance; i++)
			mean += y[i] / (double)n;
		for (int64_t i = 0; i < n; i++) {
			e += (p[i] - y[i]) * (p[i] - y[i]);
			d += (y[i] - mean) * (y[i] - mean);
		}
		d /= variance && n > 1 ? (double)n - 1 : (double)n;
		sum += sqrt(e / (double)n / (d + 1e-7));
	}
	return sum / (double)frames;
}

static double vrmse(const struct metric_shape *s, const double *p, const double *y)
{
	return by_frame(s, p, y, true);
}
MEAN_OVER_SAMPLES(vrmse)

static double nrmse_well(const struct metric_shape *s, const double *p, const double *y)
{
	return by_frame(s, p, y, false);
}
MEAN_OVER_SAMPLES(nrmse_well)

/* APEBench: sums over channels of ||e|| / ||y|| in each frame, mean over samples, geometric mean over frames. */
struct ape {
	const struct metric_shape *shape;
	int64_t n, capacity;
	double *first; /* score of each sample, kept for the spread of a single frame */
	double *frame; /* sums over samples */
};

static void *ape_begin(const struct metric_shape *s)
{
	struct ape *m = xcalloc(1, sizeof *m);

	m->shape = s;
	m->frame = xcalloc((size_t)s->n_time, sizeof *m->frame);
	return m;
}

static void ape_add(void *state, const double *p, const double *y)
{
	struct ape *m = state;
	int64_t n = metric_points(m->shape);

	MEM_GROW(m->first, m->n, m->capacity);
	for (int64_t t = 0; t < m->shape->n_time; t++) {
		double score = 0;

		for (int64_t c = 0; c < m->shape->n_channel; c++, p += n, y += n) {
			double num = 0, den = 0;

			for (int64_t i = 0; i < n; i++) {
				num += (p[i] - y[i]) * (p[i] - y[i]);
				den += y[i] * y[i];
			}
			score += sqrt(num) / sqrt(den);
		}
		m->frame[t] += score;
		if (t == 0)
			m->first[m->n] = score;
	}
	m->n++;
}

static void ape_end(void *state, struct metric_result *r)
{
	struct ape *m = state;
	double sum = 0;

	if (m->shape->n_time == 1) {
		metric_spread(r, m->n, m->first);
	} else {
		for (int64_t t = 0; t < m->shape->n_time; t++)
			sum += log(m->frame[t] / (double)m->n);
		metric_row_add(r, exp(sum / (double)m->shape->n_time), "all");
	}
	free(m->first);
	free(m->frame);
	free(m);
}

static const struct metric_class c_mse = {
	.name = "mse",
	.formula = "mean of (p - y)^2 over everything",
	.source = "common",
	.by_default = true,
	SERIES(mse),
};
static const struct metric_class c_mae = {
	.name = "mae",
	.formula = "mean of |p - y| over everything",
	.source = "common",
	SERIES(mae),
};
static const struct metric_class c_mse_sum = {
	.name = "mse_sum_pdearena",
	.formula = "mean over samples and points, sum over frames and channels of (p - y)^2",
	.source = "PDEArena",
	SERIES(mse_sum),
};
static const struct metric_class c_vrmse = {
	.name = "vrmse",
	.formula =
		"mean over samples, frames and channels of sqrt(mean e^2 / (var y + 1e-7)) over the points, variance "
		"with n - 1; 1: as bad as the mean of the target",
	.source = "The Well, arXiv 2412.00568",
	.by_default = true,
	.needs_points = true,
	SERIES(vrmse),
};
static const struct metric_class c_nrmse_well = {
	.name = "nrmse_well",
	.formula = "as vrmse with the mean of y^2 in place of the variance",
	.source = "The Well, arXiv 2412.00568",
	SERIES(nrmse_well),
};
static const struct metric_class c_nrmse_apebench = {
	.name = "nrmse_apebench",
	.formula =
		"per frame the mean over samples of the sum over channels of ||e|| / ||y||; geometric mean over frames",
	.source = "APEBench, arXiv 2411.00180",
	.begin = ape_begin,
	.add = ape_add,
	.end = ape_end,
};
const struct metric_class *const metric_file_well[] = { &c_mse,	  &c_mae,	 &c_mse_sum,
							&c_vrmse, &c_nrmse_well, &c_nrmse_apebench,
							NULL };
