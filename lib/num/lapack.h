/* lapack.h: dense linear algebra in double, row-major contiguous matrices (rows follow each other without gaps). Every
 * function returns LAPACK's info: 0 done; > 0 the numerical failure named with it; < 0 a NaN in argument -info (counted
 * in LAPACKE's order) or no memory. Nothing is printed. Thread-safe; each call works in its own thread. */
#ifndef SCIML_NUM_LAPACK_H
#define SCIML_NUM_LAPACK_H

#include <stdbool.h>
#include <stdint.h>

/* P A = L U in place; pivot: n entries. info k > 0: U_kk (counted from 1) is exactly zero. */
int num_lu(int64_t n, double *a, int *pivot);
/* From num_lu's result: X = A^-1 B, or A^-T B when transpose, in place of B (n x n_rhs). */
int num_lu_solve(bool transpose, int64_t n, int64_t n_rhs, const double *lu, const int *pivot, double *b);

/* A = L L^T from A's lower triangle, in place; the strict upper triangle is set to zero. info k > 0: the leading minor
 * of order k is not positive. */
int num_cholesky(int64_t n, double *a);
/* X = (L L^T)^-1 B in place of B (n x n_rhs). */
int num_cholesky_solve(int64_t n, int64_t n_rhs, const double *l, double *b);

/* X = T^-1 B or T^-T B in place of B (n x n_rhs); T is the upper or lower triangle of t. info k > 0: T_kk is zero. */
int num_solve_triangular(bool upper, bool transpose, int64_t n, int64_t n_rhs, const double *t, double *b);

/* Symmetric A (lower triangle is read) = V diag(w) V^T: w ascending, column j of V (in place of A) belongs to w_j. */
int num_eigen_symmetric(int64_t n, double *a, double *w);
/* A v = w B v with symmetric A and positive definite B, both overwritten; V (in place of A) satisfies V^T B V = I. */
int num_eigen_symmetric_pair(int64_t n, double *a, double *b, double *w);
/* Eigenvalues wr + i wi of a general matrix (overwritten). v: n x n right eigenvectors, or NULL; a conjugate pair (j,
 * j+1) has columns j and j+1 of v as real and imaginary part of the eigenvector of wi_j > 0. */
int num_eigen(int64_t n, double *a, double *wr, double *wi, double *v);
/* Complex A (overwritten), interleaved: eigenvalues w (n complex), right eigenvectors as the columns of v (n x n
 * complex). */
int num_eigen_complex(int64_t n, double *a, double *w, double *v);

/* Thin QR: A (m x n), k = min(m, n): q (m x k) with orthonormal columns, r (k x n) upper triangular; A is not
 * changed. */
int num_qr(int64_t m, int64_t n, const double *a, double *q, double *r);

/* Thin SVD: A (m x n) = u diag(s) vt, k = min(m, n): u (m x k), s (k) descending, vt (k x n); A is not changed. */
int num_svd(int64_t m, int64_t n, const double *a, double *u, double *s, double *vt);

/* min ||A X - B||_2, of least norm where A (m x n) lacks rank: singular values below tolerance * largest count as zero
 * (negative: machine precision). b (m x n_rhs), x (n x n_rhs), *rank may be NULL; A and B are not changed. */
int num_least_squares(int64_t m, int64_t n, int64_t n_rhs, const double *a, const double *b, double tolerance,
		      double *x, int *rank);

#endif
