/* points.h: points in the unit cube for collocation: independent, in Latin hypercubes, or of low discrepancy. */
#ifndef SCIML_NUM_POINTS_H
#define SCIML_NUM_POINTS_H

#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

enum { POINTS_DIMS = 16 };

enum points_kind {
	POINTS_UNIFORM, /* independent */
	POINTS_LATIN,	/* each of n slices along every axis holds one point (McKay, Beckman, Conover 1979) */
	POINTS_SOBOL, /* Sobol's sequence from its start, directions of Joe and Kuo (2008), shifted digitally (Owen 1995 calls
			 * it a random digital shift): every dyadic interval keeps its share */
};
extern const char *const points_names[]; /* for KEY_ONE_OF */

/* n points of n_dims <= POINTS_DIMS coordinates in (0, 1): coordinate d of point i at out[i * n_dims + d]. What is
 * random comes from the stream alone. Uniform and Sobol points do not depend on n.
 * -1: no memory for n slices. */
int points_draw(enum points_kind kind, int64_t n, int n_dims, struct rng stream, double *out, struct err *e);

/* Weighted choice without looking back: n indices into 0 .. n_weights-1, index j with probability weight[j] / sum
 * (weights not negative; all zero reads as all equal), by the stream's uniforms and bisection of the cumulated
 * weights. -1: no memory for these. */
int points_choose(int64_t n_weights, const double *weight, int64_t n, struct rng stream, int64_t *out, struct err *e);

#endif
