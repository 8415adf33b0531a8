/* classes.c: classifications: predictions and targets have one channel for every class, the largest is meant. */
#include <math.h>

#include "metric/state.h"

static int64_t largest(int64_t n, const double *v)
{
	int64_t best = 0;

	for (int64_t i = 1; i < n; i++)
		best = v[i] > v[best] ? i : best;
	return best;
}

static double accuracy(const struct metric_shape *s, const double *p, const double *y)
{
	const int64_t n = metric_count(s);

	for (int64_t i = 0; i < n; i++)
		if (isnan(p[i]) || isnan(y[i]))
			return NAN;
	return largest(n, p) == largest(n, y);
}
MEAN_OVER_SAMPLES(accuracy)

static const struct metric_class c_accuracy = {
	.name = "accuracy",
	.formula = "part of the samples whose largest number stands where the target's does",
	.source = "common",
	.higher_is_better = true,
	SERIES(accuracy),
};

const struct metric_class *const metric_file_classes[] = { &c_accuracy, NULL };
