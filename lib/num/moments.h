/* moments.h: mean, spread and range of numbers that come one after another. */
#ifndef SCIML_NUM_MOMENTS_H
#define SCIML_NUM_MOMENTS_H

#include <stdint.h>

/* Of the finite values (Welford 1962; blocks joined as Chan, Golub, LeVeque 1983); { 0 } is none. The last bits of mean
 * and squares depend on how the values are cut into calls. */
struct moments {
	int64_t n, nonfinite;
	double mean, squares; /* squares: sum of squared distances from the mean */
	double least, most;
};

void moments_add(struct moments *m, int64_t n, const double *v);
/* The n - 1 form; NaN for fewer than two values. */
double moments_std(const struct moments *m);

#endif
