/* equation_rest.h: states at rest of equations in text by values at points: the rates, and what the sides demand, are
 * to vanish. Linear problems are one sparse system; others are solved by damped Newton steps; large elliptic ones by
 * multigrid. */
#ifndef SCIML_PROBLEM_EQUATION_REST_H
#define SCIML_PROBLEM_EQUATION_REST_H

#include "problem/equation_difference.h"
#include "problem/equation_method.h"

enum { EQUATION_SOLVER_AUTO, EQUATION_SOLVER_DIRECT, EQUATION_SOLVER_MULTIGRID };
extern const char *const equation_solver_names[]; /* values of the key `solver` */

/* Can these equations be solved this way at all (ERR_USAGE)? */
int equation_rest_check(const struct equation_difference *d, int solver, struct err *e);
/* state: a first guess in, the solution out. Unknowns that are determined up to a constant get mean 0. Errors
 * (ERR_FAIL): a right side that no solution has, equations that do not determine the solution, Newton's steps that do
 * not end. */
int equation_rest(struct equation_difference *d, int solver, double *state, struct equation_solved *counts,
		  struct err *e);

#endif
