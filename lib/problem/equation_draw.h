/* equation_draw.h: random parameters and formulas with random parts, evaluated on a grid; every occurrence of a law has
 * a stream of its own, so that values depend on seed, sample and place in the text alone. */
#ifndef SCIML_PROBLEM_EQUATION_DRAW_H
#define SCIML_PROBLEM_EQUATION_DRAW_H

#include "problem/equation_spec.h"

/* Values of all parameters of a sample, in order. */
int equation_draw_params(const struct equation_spec *s, uint64_t seed, int64_t sample, double *param, struct err *e);
struct equation_points {
	const int64_t *size;	    /* points by axis */
	const double *const *place; /* by axis, in 0..1 of its length; NULL, or NULL for an axis: equidistant */
};
/* A formula at the points of a grid. coef: arrays of the coefficients drawn before. */
int equation_draw_field(const struct equation_spec *s, expr formula, const struct equation_points *grid,
			const double *const *coef, const double *param, uint64_t seed, int64_t sample, double *out,
			struct err *e);
/* Place k of an axis, in 0..1 of its length. */
double equation_place(const struct equation_spec *s, const struct equation_points *grid, int axis, int64_t k);
/* The coordinate along an axis at every point of a grid. */
void equation_coordinate(const struct equation_spec *s, int axis, const struct equation_points *grid, double *out);

#endif
