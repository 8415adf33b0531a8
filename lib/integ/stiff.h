/* stiff.h: stiff systems y' = f(t, y) by the backward differentiation formulas of CVODE (Cohen, Hindmarsh, Computers in
 * Physics 10, 1996; SUNDIALS), orders 1 to 5, with error control; interpolated between its steps. */
#ifndef SCIML_INTEG_STIFF_H
#define SCIML_INTEG_STIFF_H

#include "integ/integ.h"

struct stiff_system {
	int64_t n;
	integ_rhs f;
	void *context;
	/* How Newton's linear systems are solved; the first that is given: */
	/* by LU with Jacobians by differences; entries that may differ from 0 as for jacobian_new, which takes the
	 * arrays over */
	bool direct;
	int64_t *start, *column;
	/* by GMRES with y in place becoming an approximation of (I - gamma df/dy)^-1 y; NULL: without */
	void (*precondition)(void *context, double gamma, double *y);
};

struct stiff;
struct stiff *stiff_new(const struct stiff_system *s, struct err *e);
void stiff_free(struct stiff *s);
/* A new march from y at t0, no step beyond t_end. max_step: 0: none. */
int stiff_start(struct stiff *s, double t0, double t_end, const double *y, double rtol, double atol, double max_step,
		struct err *e);
/* On to t1 > t; y there. At most max_steps attempts. -1: "... at t = ..." */
int stiff_march(struct stiff *s, double t1, int64_t max_steps, double *y, struct err *e);
struct integ_counts stiff_counts(const struct stiff *s); /* since the start; evaluations of Jacobians included */
double stiff_time(const struct stiff *s);		 /* that its own steps have reached */

#endif
