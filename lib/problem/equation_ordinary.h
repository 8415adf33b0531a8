/* equation_ordinary.h: texts without space and noise, systems of ordinary differential equations, marched by any method
 * of integ/ode.h: outputs between the steps, events that end the march or change the state, jumps, tangents. */
#ifndef SCIML_PROBLEM_EQUATION_ORDINARY_H
#define SCIML_PROBLEM_EQUATION_ORDINARY_H

#include "problem/equation_march.h"

struct equation_ordinary;
/* *out NULL: the keys leave the text to the steppers of equation_stepper.c. All arguments are kept by reference.
 * ERR_USAGE: keys that this text, or its method, does not take. */
int equation_ordinary_new(struct equation_ordinary **out, const struct equation_config *c,
			  const struct equation_spec *s, const struct equation_method *m, void *d, struct err *e);
void equation_ordinary_free(struct equation_ordinary *o);
/* Before the first step of a sample; param: by reference; atol: of a step's error; given: the first state is not that
 * of the key `initial`, so that no parameter moves it. */
void equation_ordinary_start(struct equation_ordinary *o, const double *param, double atol, bool given);

/* The state (by unknown) from t0 to t1, on the spot; counts are added to. */
int equation_ordinary_to(struct equation_ordinary *o, double t0, double t1, double *state, struct integ_counts *counts,
			 struct err *e);
/* All times, rising, within those of the domain, into field[unknown][time], tangents behind them (parameter by
 * parameter); where events end the march, the state there alone, and -1 when none does. extra: see equation_extras. */
int equation_ordinary_fields(struct equation_ordinary *o, const double *state, int64_t n_times, const double *time,
			     double *const *field, double *extra, struct integ_counts *counts, struct err *e);
/* Tangents of a state at rest: f_y S = -f_p (implicit function theorem). ERR_FAIL: f_y is singular. */
int equation_ordinary_rest(struct equation_ordinary *o, double t, const double *state, double *tangent, struct err *e);

#endif
