/* equation_rest_inside.h: the residual and its sparse Jacobian; the solver for elliptic problems. */
#ifndef SCIML_PROBLEM_EQUATION_REST_INSIDE_H
#define SCIML_PROBLEM_EQUATION_REST_INSIDE_H

#include "problem/equation_difference_inside.h"
#include "problem/equation_rest.h"

/* F(state): rates at t0, and p u + q u_x - g at points where a side's condition rules. */
void rest_residual(struct equation_difference *d, const double *state, double *out);

struct rest_matrix {
	int64_t n; /* rows: of the state, then one for each unknown that is determined up to a constant */
	int n_borders, border[EQUATION_UNKNOWNS];
	int64_t *start, *column;
	double *value;
	double *size; /* largest entry of each row */
};
/* Jacobian of F at a state, columns by differences of F, those together that share no row. linear: F is, so that unit
 * steps from 0 are exact. Unknowns whose constants F does not see get a border: their mean is to
 * be 0, and a constant that their equation lacks is an unknown. evaluations counts. */
int rest_matrix(struct rest_matrix *m, struct equation_difference *d, bool linear, const double *state,
		int64_t *evaluations, struct err *e);
void rest_matrix_clear(struct rest_matrix *m);

/* -div(a grad u) + c u = f, recognised in the text of one scalar unknown. */
bool rest_is_elliptic(const struct equation_spec *s, expr *a, expr *c, expr *f);
/* By multigrid, for difference order 2. *refused: this problem's signs do not allow it (ERR_USAGE). */
int rest_multigrid(struct equation_difference *d, double *state, struct equation_solved *counts, bool *refused,
		   struct err *e);
/* What a right side may lack: about the error of the discretisation. */
double rest_slack(const struct equation_difference *d);

#endif
