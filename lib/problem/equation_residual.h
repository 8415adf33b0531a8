/* equation_residual.h: how far stored fields are from solving an equation in text. Derivatives in space come from the
 * stored grid (Fourier series along periodic axes, differences of order 6 elsewhere), those in time from the stored
 * frames (differences of order 6 at their own times): nothing is marched, and nothing is shared with the solvers but
 * the text. */
#ifndef SCIML_PROBLEM_EQUATION_RESIDUAL_H
#define SCIML_PROBLEM_EQUATION_RESIDUAL_H

#include "problem/equation_spec.h"

/* The grid of stored data; arrays are borrowed for the life of the residual. */
struct equation_grid {
	int64_t size[3];
	const double *x[3]; /* coordinates, rising */
	bool periodic[3];
	double length[3];   /* of periodic axes */
	int64_t n_times;    /* 1: no time */
	const double *time; /* n_times rising numbers */
};

/* Sums over the points of a frame that are not on a side: */
struct equation_defect {
	double residual; /* (u_t - right-hand side)^2; 0 = right-hand side for equations at rest */
	double terms;	 /* the squares of u_t and of every term of the right-hand side */
	double blur;	 /* (u_t by order 6 - u_t by order 4)^2: what differences of these frames cannot see */
};

struct equation_residual;
/* s stays the caller's and must outlive it. Refused: noise, operators that need periodic axes where there are none,
 * fewer than 3 frames, fewer than 3 points along an axis. One thread at a time. */
int equation_residual_new(struct equation_residual **out, struct equation_spec *s, const struct equation_grid *grid,
			  struct err *e);
void equation_residual_free(struct equation_residual *r);

/* field[k]: unknown k, (time, points); NULL for the first time derivative of another one (the u_t that u_tt makes a
 * field): then it is taken from the frames. coef[k]: points. defect[k * n_times + i]: unknown k at time i; unknowns
 * without an array of their own are only a definition and get zeros. */
int equation_residual_run(struct equation_residual *r, const double *const *field, const double *const *coef,
			  const double *param, struct equation_defect *defect, struct err *e);

#endif
