/* equation_stepper.h: the steppers of equations in text and what they step, shared by the file that holds their table
 * (equation_stepper.c) and the one that chooses and drives them (equation_march.c). */
#ifndef SCIML_PROBLEM_EQUATION_STEPPER_H
#define SCIML_PROBLEM_EQUATION_STEPPER_H

#include "problem/equation_march.h"

enum { EQUATION_LEVELS = 31 };

enum equation_needs {
	NEEDS_DIAGONAL = 1, /* a diagonal linear part */
	TAKES_NOISE = 2,    /* step adds w->increment; others are split: half a step, the noise, half a step */
	NEEDS_SLOPE = 4	    /* kick_slope, and noises that act on a point of their own unknown alone */
};

struct equation_stepper {
	const char *name, *summary;
	int needs;
	double order;
	const char *tableau; /* of explicit Runge-Kutta, or of an implicit-explicit pair */
	/* Tables of steps of length h (NULL: none), and one such step. */
	void *(*table_new)(const struct equation_march *w, double h);
	void (*table_free)(void *table);
	int (*step)(struct equation_march *w, void *table, double t, double h, double *state, struct err *e);
	bool embedded; /* chooses its steps by its own error estimate */
};

struct equation_march {
	const struct equation_config *config;
	const struct equation_spec *spec;
	const struct equation_method *m;
	void *d;
	int64_t n; /* numbers of a state */
	const struct equation_stepper *stepper;
	void *table[EQUATION_LEVELS + 1]; /* by level: steps of frame / 2^level; fixed steps: the first */
	double *once, *twice, *work;	  /* states; work for steps */
	int64_t n_points;		  /* of the method's grid */
	double *volume, *increment;	  /* by point; by noise and point: dW of this step */
	double scale;			  /* largest number of the initial state */
	uint64_t seed;
	int64_t sample;
	int level;
	struct integ_counts counts;
};

/* NULL: there is none of this name. */
const struct equation_stepper *equation_stepper_find(const char *name);

#endif
