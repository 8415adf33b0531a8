/* lapack.c: dense linear algebra over LAPACKE. */
#include "num/lapack.h"

#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/blas.h"

static lapack_int extent(int64_t n)
{
	return n < 1 ? 1 : (lapack_int)n; /* leading dimensions are at least 1 */
}

int num_lu(int64_t n, double *a, int *pivot)
{
	num_setup();
	return LAPACKE_dgetrf(LAPACK_ROW_MAJOR, (lapack_int)n, (lapack_int)n, a, extent(n), pivot);
}

int num_lu_solve(bool transpose, int64_t n, int64_t n_rhs, const double *lu, const int *pivot, double *b)
{
	num_setup();
	return LAPACKE_dgetrs(LAPACK_ROW_MAJOR, transpose ? 'T' : 'N', (lapack_int)n, (lapack_int)n_rhs, lu, extent(n),
			      pivot, b, extent(n_rhs));
}

int num_cholesky(int64_t n, double *a)
{
	num_setup();
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = i + 1; j < n; j++)
			a[i * n + j] = 0;
	return LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (lapack_int)n, a, extent(n));
}

int num_cholesky_solve(int64_t n, int64_t n_rhs, const double *l, double *b)
{
	num_setup();
	return LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', (lapack_int)n, (lapack_int)n_rhs, l, extent(n), b, extent(n_rhs));
}

int num_solve_triangular(bool upper, bool transpose, int64_t n, int64_t n_rhs, const double *t, double *b)
{
	num_setup();
	return LAPACKE_dtrtrs(LAPACK_ROW_MAJOR, upper ? 'U' : 'L', transpose ? 'T' : 'N', 'N', (lapack_int)n,
			      (lapack_int)n_rhs, t, extent(n), b, extent(n_rhs));
}

int num_eigen_symmetric(int64_t n, double *a, double *w)
{
	num_setup();
	return LAPACKE_dsyevd(LAPACK_ROW_MAJOR, 'V', 'L', (lapack_int)n, a, extent(n), w);
}

int num_eigen_symmetric_pair(int64_t n, double *a, double *b, double *w)
{
	num_setup();
	return LAPACKE_dsygvd(LAPACK_ROW_MAJOR, 1, 'V', 'L', (lapack_int)n, a, extent(n), b, extent(n), w);
}

int num_eigen(int64_t n, double *a, double *wr, double *wi, double *v)
{
	num_setup();
	return LAPACKE_dgeev(LAPACK_ROW_MAJOR, 'N', v ? 'V' : 'N', (lapack_int)n, a, extent(n), wr, wi, NULL, extent(n),
			     v, extent(n));
}

int num_eigen_complex(int64_t n, double *a, double *w, double *v)
{
	num_setup();
	return LAPACKE_zgeev(LAPACK_ROW_MAJOR, 'N', 'V', (lapack_int)n, (lapack_complex_double *)(void *)a, extent(n),
			     (lapack_complex_double *)(void *)w, NULL, extent(n), (lapack_complex_double *)(void *)v,
			     extent(n));
}

/* Row i of `to` (to_row long) takes the first n entries of row i of `from`. */
static void copy_rows(int64_t m, int64_t n, const double *from, int64_t from_row, double *to, int64_t to_row)
{
	for (int64_t i = 0; i < m; i++)
		memcpy(to + i * to_row, from + i * from_row, (size_t)n * sizeof *to);
}

int num_qr(int64_t m, int64_t n, const double *a, double *q, double *r)
{
	int64_t k = m < n ? m : n;
	double *f, *tau;
	int info;

	num_setup();
	if (k < 1)
		return 0;
	f = xmalloc((size_t)(m * n) * sizeof *f);
	tau = xmalloc((size_t)k * sizeof *tau);
	copy_rows(m, n, a, n, f, n);
	info = LAPACKE_dgeqrf(LAPACK_ROW_MAJOR, (lapack_int)m, (lapack_int)n, f, (lapack_int)n, tau);
	if (info == 0) {
		for (int64_t i = 0; i < k; i++)
			for (int64_t j = 0; j < n; j++)
				r[i * n + j] = j < i ? 0 : f[i * n + j];
		copy_rows(m, k, f, n, q, k);
		info = LAPACKE_dorgqr(LAPACK_ROW_MAJOR, (lapack_int)m, (lapack_int)k, (lapack_int)k, q, (lapack_int)k,
				      tau);
	}
	free(tau);
	free(f);
	return info;
}

int num_svd(int64_t m, int64_t n, const double *a, double *u, double *s, double *vt)
{
	int64_t k = m < n ? m : n;
	double *f;
	int info;

	num_setup();
	if (k < 1)
		return 0;
	f = xmalloc((size_t)(m * n) * sizeof *f);
	copy_rows(m, n, a, n, f, n);
	info = LAPACKE_dgesdd(LAPACK_ROW_MAJOR, 'S', (lapack_int)m, (lapack_int)n, f, (lapack_int)n, s, u,
			      (lapack_int)k, vt, (lapack_int)n);
	free(f);
	return info;
}

int num_least_squares(int64_t m, int64_t n, int64_t n_rhs, const double *a, const double *b, double tolerance,
		      double *x, int *rank)
{
	int64_t rows = m > n ? m : n, k = m < n ? m : n;
	lapack_int found = 0;
	double *f, *g, *s;
	int info;

	num_setup();
	if (rank)
		*rank = 0;
	memset(x, 0, (size_t)(n * n_rhs) * sizeof *x);
	if (k < 1 || n_rhs < 1)
		return 0;
	f = xmalloc((size_t)(m * n) * sizeof *f);
	g = xcalloc((size_t)(rows * n_rhs), sizeof *g);
	s = xmalloc((size_t)k * sizeof *s);
	copy_rows(m, n, a, n, f, n);
	copy_rows(m, n_rhs, b, n_rhs, g, n_rhs);
	info = LAPACKE_dgelsd(LAPACK_ROW_MAJOR, (lapack_int)m, (lapack_int)n, (lapack_int)n_rhs, f, (lapack_int)n, g,
			      (lapack_int)n_rhs, s, tolerance, &found);
	if (info == 0) {
		copy_rows(n, n_rhs, g, n_rhs, x, n_rhs);
		if (rank)
			*rank = found;
	}
	free(s);
	free(g);
	free(f);
	return info;
}
