/* stencil.h: weights of finite differences at any points. */
#ifndef SCIML_NUM_STENCIL_H
#define SCIML_NUM_STENCIL_H

#include <stdint.h>

/* Weights of the derivatives 0 .. m at z on the points x[0 .. n-1], all different: w[k n + j] is that of value j in the
 * k-th derivative (Fornberg, Math. Comp. 51, 1988). Exact for polynomials of degree n-1. */
void stencil_weights(double z, int n, const double *x, int m, double *w);

/* The value at z from the `width` points of the rising x[0 .. n-1] around it (width <= n, at most 16): point[j] is an
 * index, w[j] its weight. period > 0: x goes on with that period. A z that is one of the points has weight 1 there and
 * 0 elsewhere. */
void stencil_interpolate(double z, int64_t n, const double *x, double period, int width, int64_t *point, double *w);

#endif
