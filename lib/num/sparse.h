/* sparse.h: large sparse symmetric positive definite systems in double: a direct solver (CHOLMOD) and conjugate
 * gradients. */
#ifndef SCIML_NUM_SPARSE_H
#define SCIML_NUM_SPARSE_H

#include <stdint.h>

#include "base/err.h"

/* A = L L^T of the n x n matrix whose lower triangle, diagonal included, is given by rows: row i has the entries
 * value[k] at column[k], start[i] <= k < start[i+1], columns <= i, each once, in any order. Arrays are read only now.
 * Fill is reduced by minimum degree; the result depends on the matrix alone. NULL with the row when A is not positive
 * definite or the description is wrong. */
struct sparse_factor;
struct sparse_factor *sparse_factor_new(int64_t n, const int64_t *start, const int64_t *column, const double *value,
					struct err *e);
void sparse_factor_free(struct sparse_factor *f);

/* Factor again with other values on the same pattern (the ordering is kept). */
int sparse_factor_again(struct sparse_factor *f, const double *value, struct err *e);

/* x = A^-1 b for n_rhs vectors that follow each other (vector r starts at b + r * n). x may be b. One thread at a time
 * for one factor. */
int sparse_solve(struct sparse_factor *f, int64_t n_rhs, const double *b, double *x, struct err *e);
int64_t sparse_factor_fill(const struct sparse_factor *f); /* entries of L */

/* Conjugate gradients (Hestenes and Stiefel 1952) for A x = b, A symmetric positive definite. apply: out = A in;
 * precondition: out = M^-1 in with M likewise, or NULL. */
typedef void cg_operator(void *context, const double *in, double *out);
struct cg {
	int64_t n;
	cg_operator *apply, *precondition;
	void *context;	  /* passed to both */
	double tolerance; /* ends when ||b - A x|| <= tolerance ||b|| (recurred residual) */
	int64_t max_iterations;
	/* set by cg_solve */
	int64_t iterations;
	double residual; /* ||b - A x|| / ||b|| at the end */
};

/* x: initial guess in, solution out. -1 when the tolerance is not met, or a direction of non-positive curvature shows
 * that A is not positive definite; x then holds the last iterate. */
int cg_solve(struct cg *c, const double *b, double *x, struct err *e);

#endif
