/* imex.h: implicit-explicit Runge-Kutta for y' = L(t, y) + N(t, y), L linear (or affine) and stiff: one linear system a
 * stage, with the same matrix in all stages. */
#ifndef SCIML_INTEG_IMEX_H
#define SCIML_INTEG_IMEX_H

#include "integ/integ.h"

/* A pair of tableaus over the same nodes c; the implicit one is lower triangular with the diagonal 0, gamma, gamma
 * ... */
struct imex_tableau {
	const char *name;
	int stages, order;
	double gamma;
	const double *implicit, *explicit; /* stages x stages */
	const double *b_implicit, *b_explicit, *c;
};
/* Ascher, Ruuth, Spiteri (Appl. Numer. Math. 25, 1997): (2,2,2) of order 2, section 2.6; (4,4,3) of order 3, section
 * 2.8. */
extern const struct imex_tableau *const imex_tableaus[]; /* NULL-terminated: ars222 ars443 */
const struct imex_tableau *imex_find(const char *name);

struct imex_system {
	int64_t n;
	integ_rhs linear, rest;
	/* y in place becomes the solution of y - h gamma L(t, y) = y before. */
	int (*solve)(void *context, double t, double *y);
	void *context;
};
/* One step of length h. work: (2 stages + 1) n numbers. -1: a function failed. */
int imex_step(const struct imex_tableau *m, const struct imex_system *s, double t, double h, double *y, double *work);

#endif
