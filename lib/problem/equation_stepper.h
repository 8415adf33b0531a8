/* equation_stepper.h: the steppers of equations in text and what they step, shared by the file that holds their table
 * (equation_stepper.c) and the one that chooses and drives them (equation_march.c). */
#ifndef SCIML_PROBLEM_EQUATION_STEPPER_H
#define SCIML_PROBLEM_EQUATION_STEPPER_H

#include "problem/equation_march.h"

enum { EQUATION_LEVELS = 31 };

enum equation_needs {
	NEEDS_DIAGONAL = 1, /* a diagonal linear part */
	TAKES_NOISE = 2,    /* step adds w->increment; others are split: half a step, the noise, half a step */
	NEEDS_SLOPE = 4,    /* kick_slope, and noises that act on a point of their own unknown alone */
	NEEDS_LINEAR = 8,   /* a diagonal linear part, or another one */
};

struct equation_stepper {
	const char *name, *summary;
	int needs;
	double order;
	const char *tableau; /* of explicit Runge-Kutta, or of an implicit-explicit pair */
	/* Tables of steps of length h (NULL: none), and one such step; NULL for bdf, which has no steps of a given length. */
	void *(*table_new)(struct equation_march *w, double h, struct err *e);
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
	double scale;	      /* largest number of the initial state; where that is 0, of what the rate makes of it */
	double last_t, *last; /* latest arguments of the rate */
	struct equation_ordinary *ordinary; /* marches instead; NULL: the stepper does */
	struct stiff *stiff;
	bool automatic, stiff_started;
	int trials;   /* how often explicit steps were found to be worth it */
	double frame; /* that the tables are for */
	uint64_t seed;
	int64_t sample;
	int level;
	struct integ_counts counts;
};

/* Rate of context, a march, in the signature of integ_rhs: counted. */
int equation_counted_rate(void *context, double t, const double *y, double *rate);
/* y / (1 - shift l) for a diagonal linear part l. */
void equation_divide_diagonal(const struct equation_march *w, double shift, double *y);
/* -1 when all steps are used up; t for the message. */
int equation_limit(const struct equation_march *w, double t, struct err *e);
double equation_atol(const struct equation_march *w);
/* For steps that became too short or too many, with the reason in e; says instead "not finite at t" where the state at
 * t is so large that the solution ran away. Returns -1. */
int equation_ran_away(const struct equation_march *w, double t, const double *state, struct err *e);

/* NULL: there is none of this name. */
const struct equation_stepper *equation_stepper_find(const char *name);

#endif
