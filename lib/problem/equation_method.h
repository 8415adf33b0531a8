/* equation_method.h: discretisations of equations in text, one table entry each. A method makes the unknowns of a
 * problem a vector of numbers, its state, and says how fast the state changes; equation_march.h steps in time with that
 * and nothing else. The key `method` names an entry, or leaves the choice to the equation. */
#ifndef SCIML_PROBLEM_EQUATION_METHOD_H
#define SCIML_PROBLEM_EQUATION_METHOD_H

#include "problem/equation_spec.h"

struct equation_solved { /* what a stationary problem took */
	int64_t iterations, evaluations;
};

/* d is one thread's discretisation of one problem, made by open. Fields are arrays of doubles, last axis fastest. Two
 * grids matter: the method's own, where initial data and coefficients are drawn, and spec->grid, which is kept in the
 * data. */
struct equation_method {
	const char *name;    /* value of the key `method` */
	const char *summary; /* one line */
	/* Is this the method to choose when nothing is said? The first entry that says so is taken. */
	bool (*suits)(const struct equation_spec *s);
	/* Spec and config are kept by reference. Errors (ERR_USAGE) say what this method cannot do, stationary problems that
	 * it does not solve included. */
	int (*open)(void **d, struct equation_spec *s, const struct equation_config *c, struct err *e);
	void (*close)(void *d);
	const int64_t *(*size)(const void *d); /* points of its own grid by axis */
	/* Where these are, in 0..1 of each axis; NULL: equidistant. */
	const double *const *(*place)(const void *d);
	int64_t (*count)(const void *d); /* numbers of a state (a complex one counts twice) */
	/* A sample's tables: values of the parameters, coefficients on the method's own grid. Both are kept by reference. */
	void (*set)(void *d, const double *param, const double *const *coef);
	void (*state)(void *d, const double *const *field, double *state);	 /* from fields on its own grid */
	void (*state_kept)(void *d, const double *const *field, double *state);	 /* from fields on spec->grid */
	void (*interpolate)(void *d, int coef, const double *kept, double *own); /* a coefficient, spec->grid to own */
	/* Values of one unknown at the points of spec->grid. */
	void (*sample)(void *d, const double *state, int unknown, double *kept);
	/* dstate/dt, without noise, in the signature of integ_rhs; context is d. */
	int (*rate)(void *d, double t, const double *state, double *rate);
	/* After steps, at time t: what the equation demands of a state beyond its rate (values on sides, modes of real
	 * fields). */
	void (*tidy)(void *d, double t, double *state);

	/* The following are NULL where a method has no such thing. */

	/* Diagonal linear part: count/2 complex numbers l with rate = l state + rest(t, state). */
	const double *(*diagonal)(const void *d);
	void (*rest)(void *d, double t, const double *state, double *out); /* in the signature of etd_nonlinear */
	/* The part of the rate that is linear (or affine) in the state, and may be stiff; rest is what remains. */
	int (*linear)(void *d, double t, const double *state, double *rate);
	/* State of a stationary problem (no equation has a time derivative), from a first guess. */
	int (*solve)(void *d, double *state, struct equation_solved *counts, struct err *e);
	/* White noise. Volumes of the points of its own grid: a time step h draws increments of variance h/volume. */
	void (*volumes)(const void *d, double *out);
	/* Add sum_k b_k(t, state) increment_k to `to` (not state), b_k being spec->noise[k].amplitude; increments noise by
	 * noise, each the points of its own grid. */
	void (*kick)(void *d, double t, const double *state, const double *increment, double *to);
	/* The same with b_k db_k/du_k in place of b_k, u_k being the unknown that the noise drives. */
	void (*kick_slope)(void *d, double t, const double *state, const double *increment, double *to);
};

extern const struct equation_method equation_method_fourier, equation_method_differences, equation_method_chebyshev,
	equation_method_series;
/* For methods that stand on fourier: keep of each unknown what is even (1) or odd (-1) along each axis (0: all). */
void equation_fourier_method_reflect(void *d, int parity[][EQUATION_UNKNOWNS], double *state);

extern const char *const equation_method_names[]; /* "auto", then the table's names; NULL-terminated */
/* choice: index into equation_method_names. */
const struct equation_method *equation_method_of(const struct equation_spec *s, int choice);

#endif
