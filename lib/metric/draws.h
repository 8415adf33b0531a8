/* draws.h: metrics that compare two sets of samples as sets: both are collected, and judged at the end. */
#ifndef SCIML_METRIC_DRAWS_H
#define SCIML_METRIC_DRAWS_H

#include "metric/state.h"

/* All values of both sides, sample by sample: n x each. */
struct metric_draws {
	const struct metric_shape *shape;
	int64_t each, n, capacity;
	double *p, *y;
};

/* begin and add of such a metric; end puts the value into row "all" and frees m. */
void *metric_draws_begin(const struct metric_shape *s);
void metric_draws_add(void *state, const double *prediction, const double *target);
void metric_draws_end(struct metric_draws *m, struct metric_result *r, double value);

/* For qsort: ascending doubles. */
int metric_by_value(const void *a, const void *b);

#endif
