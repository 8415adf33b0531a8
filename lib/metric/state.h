/* state.h: what the metrics of this folder share. */
#ifndef SCIML_METRIC_STATE_H
#define SCIML_METRIC_STATE_H

#include "metric/metric.h"

/* A metric that is a mean over samples of a score of each. */
typedef double metric_score(const struct metric_shape *s, const double *p, const double *y);
struct series;
struct series *series_new(const struct metric_shape *s, metric_score *score);
void series_add(void *state, const double *p, const double *y);
void series_end(void *state, struct metric_result *r);
/* begin, add and end of such a metric. */
#define MEAN_OVER_SAMPLES(score)                                                                                       \
	static void *begin_##score(const struct metric_shape *s)                                                       \
	{                                                                                                              \
		return series_new(s, score);                                                                           \
	}
#define SERIES(score) .begin = begin_##score, .add = series_add, .end = series_end

/* Row "all" = mean of n scores, with median, standard error and worst of them (NaN counts as worst). */
void metric_spread(struct metric_result *r, int64_t n, const double *score);

/* sum over dimensions d of the squares of central differences of v[points], spacing length / n; at walls one-sided of
 * first order, unless periodic. Axes of one point do not count. */
double slope_squares(const struct metric_shape *s, const double *v, bool periodic_everywhere);
double metric_length(const struct metric_shape *s, int d); /* 1 where unknown */
/* Larger of two numbers; NaN if one is. */
double metric_max(double a, double b);

#endif
