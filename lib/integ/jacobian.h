/* jacobian.h: the Jacobian matrix of a rate by forward differences, columns that share no row together (Curtis, Powell,
 * Reid, J. Inst. Maths Applics 13, 1974): as many evaluations as there are colours. */
#ifndef SCIML_INTEG_JACOBIAN_H
#define SCIML_INTEG_JACOBIAN_H

#include "integ/integ.h"

struct jacobian {
	int64_t n, n_colours;
	/* By rows: entries start[i] <= k < start[i + 1] at column[k], ascending, the diagonal among them. value: as
	 * found last. */
	int64_t *start, *column, *colour;
	double *value;
	double *work; /* 2 n */
};

/* start and column: which entries may differ from 0, each column of a row once (the diagonal is added); both are taken
 * over. start NULL: all of them. NULL: no memory. */
struct jacobian *jacobian_new(int64_t n, int64_t *start, int64_t *column, struct err *e);
void jacobian_free(struct jacobian *j);
/* value = df/dy at (t, y), f_y = f(t, y). Increments are sqrt(eps) max(|y_i|, typical_i). -1: f failed. */
int jacobian_find(struct jacobian *j, integ_rhs f, void *context, double t, const double *y, const double *f_y,
		  const double *typical);
/* The same for an f that is linear or affine in y: increments of 1, no error of truncation. */
int jacobian_find_linear(struct jacobian *j, integ_rhs f, void *context, double t);

#endif
