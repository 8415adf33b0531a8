/* relative.c: errors relative to the size of the target. rel_l2, rel_l1, rel_max and rel_h1 are those of the
 * objectives: all points, channels and frames of a sample in one norm. The others differ in what is summed before the
 * division. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "metric/state.h"

static const double objective_eps = 1e-8; /* the objectives' default */

static double rel_l2(const struct metric_shape *s, const double *p, const double *y)
{
	int64_t n = metric_count(s);
	double num = 0, den = 0;

	for (int64_t i = 0; i < n; i++) {
		num += (p[i] - y[i]) * (p[i] - y[i]);
		den += y[i] * y[i];
	}
	return sqrt(num) / (sqrt(den) + objective_eps);
}
MEAN_OVER_SAMPLES(rel_l2)

static double absolute_ratio(const struct metric_shape *s, const double *p, const double *y, double *den)
{
	int64_t n = metric_count(s);
	double num = 0;

	*den = 0;
	for (int64_t i = 0; i < n; i++) {
		num += fabs(p[i] - y[i]);
		*den += fabs(y[i]);
	}
	return num;
}

static double rel_l1(const struct metric_shape *s, const double *p, const double *y)
{
	double den, num = absolute_ratio(s, p, y, &den);

	return num / (den + objective_eps);
}
MEAN_OVER_SAMPLES(rel_l1)

static double rel_l1_percent(const struct metric_shape *s, const double *p, const double *y)
{
	double den, num = absolute_ratio(s, p, y, &den);

	return 100 * (num / (den > 0 ? den : 1e-10));
}
MEAN_OVER_SAMPLES(rel_l1_percent)

static double rel_max(const struct metric_shape *s, const double *p, const double *y)
{
	int64_t n = metric_count(s);
	double num = 0, den = 0;

	for (int64_t i = 0; i < n; i++) {
		num = metric_max(num, fabs(p[i] - y[i]));
		den = metric_max(den, fabs(y[i]));
	}
	return num / (den + objective_eps);
}
MEAN_OVER_SAMPLES(rel_max)

/* Squares of p - y (y alone where p is NULL) and of its slopes, of one channel in all frames. */
static double h1_squares(const struct metric_shape *s, int64_t channel, const double *p, const double *y, bool periodic)
{
	int64_t n = metric_points(s);
	double sum = 0, *v = xmalloc((size_t)n * sizeof *v);

	for (int64_t t = 0; t < s->n_time; t++) {
		int64_t at = (t * s->n_channel + channel) * n;

		for (int64_t i = 0; i < n; i++) {
			v[i] = p ? p[at + i] - y[at + i] : y[at + i];
			sum += v[i] * v[i];
		}
		sum += slope_squares(s, v, periodic);
	}
	free(v);
	return sum;
}

static double rel_h1(const struct metric_shape *s, const double *p, const double *y)
{
	double num = 0, den = 0;

	for (int64_t c = 0; c < s->n_channel; c++) {
		num += h1_squares(s, c, p, y, false);
		den += h1_squares(s, c, NULL, y, false);
	}
	return sqrt(num) / (sqrt(den) + objective_eps);
}
MEAN_OVER_SAMPLES(rel_h1)

static double h1_rel(const struct metric_shape *s, const double *p, const double *y)
{
	double sum = 0;

	for (int64_t c = 0; c < s->n_channel; c++)
		sum += sqrt(h1_squares(s, c, p, y, true)) / (sqrt(h1_squares(s, c, NULL, y, true)) + 1e-8);
	return sum;
}
MEAN_OVER_SAMPLES(h1_rel)

static double lp_rel(const struct metric_shape *s, const double *p, const double *y)
{
	int64_t n = metric_points(s);
	double sum = 0;

	for (int64_t c = 0; c < s->n_channel; c++) {
		double num = 0, den = 0;

		for (int64_t t = 0; t < s->n_time; t++)
			for (int64_t i = (t * s->n_channel + c) * n; i < (t * s->n_channel + c + 1) * n; i++) {
				num += (p[i] - y[i]) * (p[i] - y[i]);
				den += y[i] * y[i];
			}
		sum += sqrt(num) / (sqrt(den) + 1e-8);
	}
	return sum;
}
MEAN_OVER_SAMPLES(lp_rel)

/* All samples in one norm: no mean over samples, no spread. */
struct pooled {
	const struct metric_shape *shape;
	double num, den;
};

static void *pooled_begin(const struct metric_shape *s)
{
	struct pooled *m = xcalloc(1, sizeof *m);

	m->shape = s;
	return m;
}

static void pooled_add(void *state, const double *p, const double *y)
{
	struct pooled *m = state;
	int64_t n = metric_count(m->shape);

	for (int64_t i = 0; i < n; i++) {
		m->num += (p[i] - y[i]) * (p[i] - y[i]);
		m->den += y[i] * y[i];
	}
}

static void pooled_end(void *state, struct metric_result *r)
{
	struct pooled *m = state;

	metric_row_add(r, sqrt(m->num) / sqrt(m->den), "all");
	free(m);
}

static const struct metric_class c_rel_l2 = {
	.name = "rel_l2",
	.formula = "mean over samples of ||p - y||_2 / (||y||_2 + 1e-8), all points, channels and frames in one norm",
	.source = "FNO, arXiv 2010.08895",
	.by_default = true,
	SERIES(rel_l2),
};
static const struct metric_class c_rel_l1 = {
	.name = "rel_l1",
	.formula = "mean over samples of sum |p - y| / (sum |y| + 1e-8)",
	.source = "Poseidon, arXiv 2405.19101",
	SERIES(rel_l1),
};
static const struct metric_class c_rel_l1_percent = {
	.name = "rel_l1_percent",
	.formula = "100 sum |p - y| / sum |y| per sample (1e-10 for a zero denominator); mean, and median beside it",
	.source = "Poseidon, arXiv 2405.19101 (which tabulates medians)",
	SERIES(rel_l1_percent),
};
static const struct metric_class c_rel_max = {
	.name = "rel_max",
	.formula = "mean over samples of max |p - y| / (max |y| + 1e-8)",
	.source = "common",
	.by_default = true,
	SERIES(rel_max),
};
static const struct metric_class c_rel_h1 = {
	.name = "rel_h1",
	.formula = "mean over samples of sqrt(||e||^2 + ||grad e||^2) / (the same of y + 1e-8), e = p - y; central "
		   "differences, periodic where the data are, one-sided at walls, spacing length / n",
	.source = "FNO, arXiv 2010.08895",
	.by_default = true,
	.needs_grid = true,
	SERIES(rel_h1),
};
static const struct metric_class c_h1_rel = {
	.name = "h1_rel",
	.formula =
		"as rel_h1, but a ratio for each channel, summed over channels, and differences periodic in every axis",
	.source = "neuraloperator H1Loss.rel",
	.needs_grid = true,
	SERIES(h1_rel),
};
static const struct metric_class c_lp_rel = {
	.name = "lp_rel",
	.formula = "mean over samples of the sum over channels of ||e_c||_2 / (||y_c||_2 + 1e-8)",
	.source = "neuraloperator LpLoss.rel, p = 2",
	SERIES(lp_rel),
};
static const struct metric_class c_pinn_rel_l2 = {
	.name = "pinn_rel_l2",
	.formula = "||p - y||_2 / ||y||_2 over all samples, frames and points at once",
	.source = "PINN, Raissi et al. 2019",
	.begin = pooled_begin,
	.add = pooled_add,
	.end = pooled_end,
};
const struct metric_class *const metric_file_relative[] = { &c_rel_l2,	&c_rel_l1,	&c_rel_l1_percent,
							    &c_rel_max, &c_rel_h1,	&c_h1_rel,
							    &c_lp_rel,	&c_pinn_rel_l2, NULL };
