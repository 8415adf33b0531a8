/* equation_difference.h: equations in text by values at points: finite differences of order 2, 4 or 6 on equidistant
 * points, or Chebyshev points between sides and waves around circles. Values are evolved inside; on sides they follow
 * from the conditions there. */
#ifndef SCIML_PROBLEM_EQUATION_DIFFERENCE_H
#define SCIML_PROBLEM_EQUATION_DIFFERENCE_H

#include "problem/equation_spec.h"

struct equation_difference;
/* spectral: all points of an axis make its derivatives; else differences of this order. The grid is solve_grid, where
 * given, or grid. */
int equation_difference_new(struct equation_difference **out, struct equation_spec *s, bool spectral, int order,
			    struct err *e);
void equation_difference_free(struct equation_difference *d);
/* Parameter values and coefficient fields on its own grid, kept by reference. */
void equation_difference_set(struct equation_difference *d, const double *param, const double *const *coef);
int64_t equation_difference_count(const struct equation_difference *d); /* unknowns x points */
int64_t equation_difference_points(const struct equation_difference *d);
const int64_t *equation_difference_size(const struct equation_difference *d);	     /* points by axis */
const double *const *equation_difference_place(const struct equation_difference *d); /* the same, in 0..1 */
/* One field from the own grid to spec's grid (keep) or back, by the same polynomials or waves; back to Chebyshev points
 * by polynomials of degree 9 through the nearest ten. */
void equation_difference_transfer(const struct equation_difference *d, bool keep, const double *in, double *out);
/* Put the values that the conditions of the sides demand at time t into a state (unknown by unknown, points of
 * grid). */
void equation_difference_sides(struct equation_difference *d, double t, double *state);
/* dstate/dt in the signature of integ_rhs; 0 where a side's condition rules. */
int equation_difference_rate(void *context, double t, const double *state, double *rate);
/* Its part that is linear in the fields with constant coefficients (affine in a state where sides are not 0), and the
 * rest. */
int equation_difference_linear(void *context, double t, const double *state, double *rate);
int equation_difference_rest(void *context, double t, const double *state, double *rate);
/* kick, or with slope kick_slope, of equation_method.h; and the volumes of points: half cells on sides. */
void equation_difference_kick(struct equation_difference *d, bool slope, double t, const double *state,
			      const double *increment, double *to);
void equation_difference_volumes(const struct equation_difference *d, double *out);

#endif
