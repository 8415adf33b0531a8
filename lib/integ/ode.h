/* ode.h: ordinary differential equations y' = f(t, y) over n doubles: explicit, implicit, symplectic and multistep
 * methods by name, with fixed or controlled steps, outputs between the steps, events, forced stops and jumps. */
#ifndef SCIML_INTEG_ODE_H
#define SCIML_INTEG_ODE_H

#include "integ/controller.h"
#include "integ/tableau.h"

typedef int (*integ_rhs)(void *context, double t, const double *y, double *dydt);

struct ode_system {
	int64_t n;
	integ_rhs f;
	/* df/dy for implicit methods: n/block matrices of block x block, row-major; NULL: forward differences,
	 * block + 1 evaluations. */
	int (*jacobian)(void *context, double t, const double *y, double *j);
	int64_t block; /* the system is n/block systems of this size that do not depend on each other; 0: n */
	void *context;
};

/* What stepper.h makes of a name. */
struct ode_method {
	const char *name;
	int order, error_order; /* error_order 0: fixed steps only */
	const struct tableau *
		tableau; /* NULL: semi_implicit_euler leapfrog_midpoint reversible_heun explicit_adams implicit_adams */
	const struct stepper_class *class;
};
/* Methods by number from 0: all tableaus, then the others; false past the last. */
bool ode_method_at(int k, struct ode_method *m);
int ode_method_find(struct ode_method *m, const char *name, struct err *e);

/* The march ends where value(t, y) changes its sign, at a root found on the solution between the steps; or, `boolean`,
 * at the end of the first step where it is not zero. */
struct ode_event {
	double (*value)(void *context, double t, const double *y);
	void *context;
	bool boolean;
	int direction;	  /* +1: only when rising through zero, -1: only when falling, 0: both */
	double tolerance; /* of the time; 0: 1e-12 of the step */
};

struct ode_run {
	const char *method;
	const struct controller_config *control;
	double t0, t1;
	int64_t n_save; /* times in the order of the march; out: n_save x n */
	const double *save;
	double *out;
	int n_events;
	const struct ode_event *event;
	bool *happened; /* n_events, or NULL; written where events end the march: which, as several may at one time */
	/* End where |f| < steady_atol + steady_rtol |y| (root mean square of the quotient below 1); both 0: no. */
	double steady_rtol, steady_atol;
	/* Called after every accepted step. */
	void (*watch)(void *context, double t0, double t1, const double *y1);
	void *context;
};

struct ode_result {
	double t;	 /* where it ended */
	int event;	 /* which one ended it (of several, any); -1: none */
	bool steady;	 /* ended by being steady */
	int64_t n_saved; /* outputs up to t */
	int64_t evaluations, jacobians, factorisations, accepted, rejected;
};

/* y: n numbers, the state at t0, then at result->t. result may be NULL. */
int ode_solve(const struct ode_system *o, const struct ode_run *run, double *y, struct ode_result *result,
	      struct err *e);

/* Reversible Heun (Kidger et al. 2021, arXiv 2105.13493, algorithm 1 and 2): one step of (y, yh, v), and the step back,
 * the same up to rounding. At the start yh = y, v = f(t0, y). */
struct reversible_state {
	double *y, *yh, *v;
};
int reversible_heun_step(const struct ode_system *o, double t, double h, struct reversible_state *s, struct err *e);
int reversible_heun_back(const struct ode_system *o, double t, double h, struct reversible_state *s, struct err *e);

#endif
