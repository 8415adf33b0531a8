/* equation_implicit.h: linear systems and stiffness of equations in text, for steppers that are implicit. */
#ifndef SCIML_PROBLEM_EQUATION_IMPLICIT_H
#define SCIML_PROBLEM_EQUATION_IMPLICIT_H

#include "problem/equation_stepper.h"

/* The march of one sample by CVODE's BDF, from t0 (with the state given when it is the first call since the start of
 * the sample) to t1. */
int equation_bdf_to(struct equation_march *w, double t0, double t1, double *state, struct err *e);
/* Spectral radius of the Jacobian of the rate at (t, y), by 30 steps of the power method. */
double equation_spectral_radius(struct equation_march *w, double t, const double *y);

/* (I - shift M) of the linear part M of a method without a diagonal one. */
struct equation_shifted;
int equation_shifted_new(struct equation_shifted **out, struct equation_march *w, double shift, struct err *e);
void equation_shifted_free(struct equation_shifted *s);
/* y in place becomes the solution of y - shift linear(t, y) = y before. */
int equation_shifted_solve(struct equation_shifted *s, struct equation_march *w, double t, double *y);

#endif
