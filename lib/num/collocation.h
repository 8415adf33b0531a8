/* collocation.h: derivatives, integrals and interpolation of functions known at points of a line: Chebyshev points,
 * equidistant points of a circle, and cosine or sine series on equidistant points. Matrices are row-major: out = matrix
 * * values. What needs memory besides its result returns -1 with the size in e when there is none. */
#ifndef SCIML_NUM_COLLOCATION_H
#define SCIML_NUM_COLLOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Quadrature weights on n >= 2 points i h, i = 0..n-1, ends included, of the given order (2, 4, 6, at most n): the
 * trapezoidal rule with ends corrected so that polynomials of degree order - 1 are integrated exactly (Gregory). */
void collocation_gregory(int64_t n, double h, int order, double *w);

/* n >= 2 Chebyshev points in ascending order, -cos(pi j / (n-1)), ends included. */
void chebyshev_points(int64_t n, double *x);
/* Weights of the integral over [-1, 1] at these points, exact to degree n - 1 (Clenshaw and Curtis 1960). */
void chebyshev_weights(int64_t n, double *w);
/* Derivative m = 1..4 at these points, n x n: differences of points in trigonometric form, diagonal from the sum of its
 * row, higher ones by the recursion of Welfert (SIAM J. Numer. Anal. 34, 1997, 1640). */
int chebyshev_derivative(int64_t n, int m, double *d, struct err *e);
/* Coefficients of T_0 .. T_{n-1} of the polynomial through values at these points, by a cosine transform; may be in
 * place. */
int chebyshev_coefficients(int64_t n, const double *value, double *coefficient, struct err *e);
/* Values of that polynomial at n_out points in [-1, 1], n_out x n, by the barycentric formula (Berrut and Trefethen
 * 2004). */
int chebyshev_interpolation(int64_t n, int64_t n_out, const double *x, double *matrix, struct err *e);

/* Derivative m at n equidistant points of a circle of circumference length, n x n, exact for the waves that the points
 * resolve (the Nyquist wave counts for even m alone). */
int circle_derivative(int64_t n, double length, int m, double *d, struct err *e);
/* The trigonometric polynomial through values at n equidistant points, at n_out places x in circumferences: n_out x
 * n. */
void circle_interpolation(int64_t n, int64_t n_out, const double *x, double *matrix);

/* The cosine (even) or sine series through values at i/(n-1), ends included, at n_out places in [0, 1]: n_out x n. */
int cosine_interpolation(bool even, int64_t n, int64_t n_out, const double *x, double *matrix, struct err *e);

#endif
