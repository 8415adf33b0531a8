/* stencil.h: weights of finite differences at any points. */
#ifndef SCIML_NUM_STENCIL_H
#define SCIML_NUM_STENCIL_H

/* Weights of the derivatives 0 .. m at z on the points x[0 .. n-1], all different: w[k n + j] is that of value j in the k-th
 * derivative (Fornberg, Math. Comp. 51, 1988). Exact for polynomials of degree n-1. */
void stencil_weights(double z, int n, const double *x, int m, double *w);

#endif
