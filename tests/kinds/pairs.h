/* pairs.h: pairs of prediction and target of several pairs_shape, and what a metric says of them, for tests of
 * metrics. */
#ifndef SCIML_TESTS_KINDS_PAIRS_H
#define SCIML_TESTS_KINDS_PAIRS_H

#include "metric/metric.h"

enum { SAMPLES = 5, MOST = 4096, SHAPES = 6 };

extern const struct metric_shape pairs_shape[SHAPES];
/* The data, sample by sample, for whatever shape a test takes. */
extern double p[SAMPLES][MOST], y[SAMPLES][MOST];

/* Normal numbers into p; into y the same with mean 1/2. */
void pairs_draw(uint64_t seed);
/* Does the metric take data of this shape? */
bool pairs_fits(const struct metric_class *c, const struct metric_shape *s);
/* The metric of the first n samples: all rows (metric_result_free), its value, the value of one part (NAN: none). */
struct metric_result pairs_result(const struct metric_class *c, const struct metric_shape *s, int n, unsigned by);
double pairs_value(const char *name, const struct metric_shape *s, int n);
double pairs_part(const char *name, const struct metric_shape *s, int n, unsigned by, const char *part);
/* Ends the test unless a and b agree to rounding. */
void pairs_close(double a, double b, const char *what, int shape);

#endif
