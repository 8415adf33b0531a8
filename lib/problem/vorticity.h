/* vorticity.h: the convection of two-dimensional vorticity on the unit torus, evaluated in double or single
 * precision. */
#ifndef SCIML_PROBLEM_VORTICITY_H
#define SCIML_PROBLEM_VORTICITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Tables, plans and work space of one thread for n x n points. single: transforms and products in float. */
struct vorticity;
int vorticity_new(struct vorticity **out, int64_t n, bool single, struct err *e);
void vorticity_free(struct vorticity *v);

/* out = force - modes of u.grad w, all half spectra (n x (n/2 + 1) complex, as spectral.h has them) in double: velocity
 * (psi_y, -psi_x) with -Laplace psi = w, in the form of Basdevant (J. Comput. Phys. 50, 1983): u.grad w = (d_xx -
 * d_yy)(u v) + d_xy (v^2 - u^2). Both factors and the product keep |k| < n/3, so it has no aliases. Modes beyond are
 * force's. */
void vorticity_convection(struct vorticity *v, const double *state, const double *force, double *out);

/* `steps` steps of state <- keep state + gain (force - modes of u.grad w), keep and gain a real number a mode: explicit
 * Euler for convection and force with any one-step method for a linear part. Modes |k| >= n/3 have no convection. Where
 * stop_check says so it ends early, with a state of no use. */
void vorticity_march(struct vorticity *v, const double *keep, const double *gain, const double *force, int64_t steps,
		     double *state);

#endif
