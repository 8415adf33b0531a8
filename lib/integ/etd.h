/* etd.h: exponential time differencing of orders 1 and 2 for y' = L y + N(t, y) with diagonal complex L; order 4 is
 * etdrk4_new of integ.h. */
#ifndef SCIML_INTEG_ETD_H
#define SCIML_INTEG_ETD_H

#include "integ/integ.h"

struct etd;
/* Tables of steps of length dt for n complex numbers; linear: n, interleaved. order 1: exponential Euler, y + phi_1 h
 * (L y + N); order 2: ETD2RK of Cox, Matthews (J. Comput. Phys. 176, 2002), eq. 22. */
struct etd *etd_new(int order, int64_t n, const double *linear, double dt);
void etd_free(struct etd *s);
void etd_step(struct etd *s, etd_nonlinear f, void *context, double t, double *modes);

#endif
