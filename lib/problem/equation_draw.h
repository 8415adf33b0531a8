/* equation_draw.h: random parameters and formulas with random parts, evaluated on a grid; every occurrence of a law has a
 * stream of its own, so that values depend on seed, sample and place in the text alone. */
#ifndef SCIML_PROBLEM_EQUATION_DRAW_H
#define SCIML_PROBLEM_EQUATION_DRAW_H

#include "problem/equation_spec.h"

/* Values of all parameters of a sample, in order. */
int equation_draw_params(const struct equation_spec *s, uint64_t seed, int64_t sample, double *param, struct err *e);
/* A formula at the points of a periodic grid of size[a] points an axis. coef: arrays of the coefficients drawn before. */
int equation_draw_field(const struct equation_spec *s, expr formula, const int64_t *size, const double *const *coef,
			const double *param, uint64_t seed, int64_t sample, double *out, struct err *e);
/* low + length i/size along an axis, at every point of the grid. */
void equation_coordinate(const struct equation_spec *s, int axis, const int64_t *size, double *out);

#endif
