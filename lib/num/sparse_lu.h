/* sparse_lu.h: large sparse general systems in double, by the LU factors of UMFPACK. */
#ifndef SCIML_NUM_SPARSE_LU_H
#define SCIML_NUM_SPARSE_LU_H

#include <stdint.h>

#include "base/err.h"

/* P A Q = L U of the n x n matrix that is given by rows: row i has the entries value[k] at column[k], start[i] <= k <
 * start[i+1], each column once, in any order. The arrays are kept by reference until sparse_lu_free (value may change
 * after it was factored). NULL with a message when the matrix is singular to working precision, or the description is
 * wrong. */
struct sparse_lu;
struct sparse_lu *sparse_lu_new(int64_t n, const int64_t *start, const int64_t *column, const double *value,
				struct err *e);
void sparse_lu_free(struct sparse_lu *f);
/* Factor again with other values on the same pattern (the ordering is kept). */
int sparse_lu_again(struct sparse_lu *f, struct err *e);
/* x = A^-1 b with iterative refinement; b and x must not overlap. One thread at a time for one factor. */
int sparse_lu_solve(struct sparse_lu *f, const double *b, double *x, struct err *e);
/* Estimate of 1 / (norm of A * norm of A^-1): the ratio of the smallest to the largest pivot. */
double sparse_lu_condition(const struct sparse_lu *f);

#endif
