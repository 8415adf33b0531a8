/* equation_posed.h: is an equation of motion well posed, as far as its linear part with constant coefficients tells? */
#ifndef SCIML_PROBLEM_EQUATION_POSED_H
#define SCIML_PROBLEM_EQUATION_POSED_H

#include "problem/equation_spec.h"

/* -1 (ERR_USAGE) when the growth rates of waves exp(i k.x) rise without bound with |k|: backward diffusion, u_tt =
 * -u_xx. */
int equation_posed(struct equation_spec *s, const double *param, struct err *e);

#endif
