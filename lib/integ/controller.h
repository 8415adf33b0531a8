/* controller.h: lengths of the steps of a march from t0 to t1 (either way round). Who steps asks for the end of the
 * next attempt, tries it, tells the error, and is told whether it stands:
 *
 *	while (!controller_done(&c)) {
 *		double t = c.t, t1 = controller_target(&c);
 *		... step from t to t1, its scaled error ...
 *		int verdict = controller_judge(&c, error, e);	1: stands, c.t is t1; 0: again; -1: failed
 *	}
 *
 * PID control (Soderlind 2003; settings as in arXiv 2202.02435): with E the error's norm in units of the tolerance and
 * q the order of the error, the next step is longer by
 *	safety E_n^(-(p+i+d)/q) E_(n-1)^((p+2d)/q) E_(n-2)^(-d/q)
 * within [factor_min, factor_max]; never shorter after an accepted step, at most 0.9 after a rejected one. Steps carry
 * no gradient. */
#ifndef SCIML_INTEG_CONTROLLER_H
#define SCIML_INTEG_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct controller_config {
	bool fixed;			       /* steps of length dt0, no error control */
	double dt0;			       /* first step; adaptive: 0 for Hairer's starting step */
	double rtol, atol;		       /* at least one positive, unless fixed */
	double p, i, d;			       /* all 0: (0, 1, 0) */
	double safety, factor_min, factor_max; /* 0: 0.9, 0.2, 10 */
	double dt_min, dt_max;		       /* 0: none. A step of dt_min is always accepted */
	int64_t max_steps;		       /* attempts; 0: 1e6 */
	/* Times that steps must end at, in the order of the march; after a jump what is known of the slope is
	 * forgotten. */
	int64_t n_stop, n_jump;
	const double *stop, *jump;
};

struct controller {
	const struct controller_config *key;
	double t, t_end, order, direction;
	double h;	     /* wanted, positive */
	double target, base; /* base: steps of fixed length are counted from here */
	int64_t from_base;
	double before[2];		      /* E_(n-1), E_(n-2) */
	bool rejected_last, at_stop, to_jump; /* the attempt ends at a forced time, at a jump */
	bool at_jump;			      /* the last accepted step did */
	int64_t next_stop, next_jump;
	int64_t accepted, rejected;
};

/* order: of the error, q above: the lower order of the pair + 1 (SDEs: strong order + 1/2). h0: first step, > 0. */
int controller_start(struct controller *c, const struct controller_config *key, double order, double t0, double t1,
		     double h0, struct err *e);
bool controller_done(const struct controller *c);
double controller_target(struct controller *c);
/* error: E; NaN or infinite: not accepted. Fixed steps: anything finite is accepted. */
int controller_judge(struct controller *c, double error, struct err *e);

/* The same for lengths that follow from the state, `before` and `after` the step: it stands if it is at most 1.1 times
 * as long as both ask for (Jelincic, Foster, Kidger, arXiv 2405.06464, for the square-root process); the next one is as
 * long as the state then asks for. */
int controller_impose(struct controller *c, double before, double after, struct err *e);

/* Root mean square of v_i / (atol + rtol max(|a_i|, |b_i|)). */
double controller_norm(const struct controller_config *key, int64_t n, const double *v, const double *a,
		       const double *b);

/* Starting step of Hairer, Norsett, Wanner, Solving ODEs I, II.4: slope = f(t0, y). First the length of an Euler step
 * to try; then from the slope at its end the step to take; both at most span. */
double controller_trial(const struct controller_config *key, double span, int64_t n, const double *y,
			const double *slope);
double controller_first(const struct controller_config *key, double order, double span, int64_t n, const double *y,
			const double *slope, double trial, const double *slope_at_trial, double *scratch);

#endif
