/* stepper.h: one method at work on one equation: what the loop of ode.c asks of it. */
#ifndef SCIML_INTEG_STEPPER_H
#define SCIML_INTEG_STEPPER_H

#include "integ/ode.h"

struct stepper {
	const struct ode_method *method;
	const struct ode_system *ode;
	const struct controller_config *control;
	int64_t n;
	double *y, *y1, *error, *scratch; /* state, its successor, estimate of the error; n each */
	double *row;			  /* method->class->rows(method) rows of n: slopes first */
	bool have_first;		  /* row 0 is f(t, y) */
	bool failed;			  /* the implicit equations of this step have no solution in reach */
	double h;			  /* of the step in hand */
	double early, late;		  /* times are moved to between these: off the jumps at the step's ends */
	int64_t run;			  /* steps of equal length since the start or the last jump */
	double *matrix, *jacobian;	  /* implicit methods: n_blocks matrices each */
	int *pivot;
	bool have_jacobian;
	double factored; /* h times diagonal that matrix belongs to; 0: none */
	int64_t evaluations, jacobians, factorisations;
	void *memory;
};

struct stepper_class {
	const char *name;
	int order;
	int (*rows)(const struct ode_method *m);
	/* y1 and, where the method has one, error, from y at t over h. */
	int (*step)(struct stepper *s, double t, double h, struct err *e);
	/* The step stands: y becomes y1. */
	void (*accept)(struct stepper *s);
	/* y at t + theta h, before accept. NULL: on the chord. */
	void (*between)(const struct stepper *s, double theta, double *out);
};

extern const struct stepper_class stepper_explicit, stepper_implicit, stepper_semi_implicit_euler,
	stepper_leapfrog_midpoint, stepper_reversible_heun, stepper_explicit_adams, stepper_implicit_adams;

int stepper_open(struct stepper *s, const struct ode_method *m, const struct ode_system *o,
		 const struct controller_config *control, struct err *e);
void stepper_close(struct stepper *s);
/* What was known of the slope no longer holds: after a jump. */
void stepper_forget(struct stepper *s);

int stepper_evaluate(struct stepper *s, double t, const double *y, double *slope, struct err *e);
/* to = y + h sum_j w_j row_j over n rows. */
void stepper_combine(const struct stepper *s, double *to, const double *y, double h, int n, const double *w);
/* row 0 = f(t, y) unless known. */
int stepper_first(struct stepper *s, double t, struct err *e);
/* accept and between of Runge-Kutta methods. */
void stepper_accept_rows(struct stepper *s);
void stepper_between_rows(const struct stepper *s, double theta, double *out);

#endif
