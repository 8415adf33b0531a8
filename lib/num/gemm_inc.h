/* gemm_inc.h: the matrix product, included once for each type by blas.c with REAL, NAME, CBLAS_GEMM, CBLAS_GEMV. */

/* Product of some hundred terms: plain loops beat the fixed cost of a BLAS call. */
static void NAME(tiny)(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, REAL alpha, const REAL *a,
		       int64_t lda, const REAL *b, int64_t ldb, REAL beta, REAL *c, int64_t ldc)
{
	int64_t a_row = trans_a ? 1 : lda, a_column = trans_a ? lda : 1;
	int64_t b_row = trans_b ? 1 : ldb, b_column = trans_b ? ldb : 1;

	for (int64_t i = 0; i < m; i++) {
		REAL *restrict row = c + i * ldc;

		for (int64_t j = 0; j < n; j++)
			row[j] = beta == 0 ? 0 : beta * row[j];
		for (int64_t p = 0; p < k; p++) {
			REAL factor = alpha * a[i * a_row + p * a_column];

			if (trans_b)
				for (int64_t j = 0; j < n; j++)
					row[j] += factor * b[p * b_row + j * b_column];
			else
				for (int64_t j = 0; j < n; j++)
					row[j] += factor * b[p * b_row + j];
		}
	}
}

void NAME(num_gemm)(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, REAL alpha, const REAL *a, int64_t lda,
		    const REAL *b, int64_t ldb, REAL beta, REAL *c, int64_t ldc)
{
	if (m <= 0 || n <= 0)
		return;
	if (k <= 0 || m * n <= TINY / k) {
		NAME(tiny)(trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
		return;
	}
#if WIDE_HAS_FMA
	NAME(product)(trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#else
	CBLAS_TRANSPOSE ta = trans_a ? CblasTrans : CblasNoTrans, tb = trans_b ? CblasTrans : CblasNoTrans;

	num_setup();
	/* BLAS gives its matrix-vector products a faster path of their own, but does not take it by itself. */
	if (n == 1)
		CBLAS_GEMV(CblasRowMajor, ta, (int)(trans_a ? k : m), (int)(trans_a ? m : k), alpha, a, (int)lda, b,
			   (int)(trans_b ? 1 : ldb), beta, c, (int)ldc);
	else if (m == 1)
		CBLAS_GEMV(CblasRowMajor, trans_b ? CblasNoTrans : CblasTrans, (int)(trans_b ? n : k),
			   (int)(trans_b ? k : n), alpha, b, (int)ldb, a, (int)(trans_a ? lda : 1), beta, c, 1);
	else
		CBLAS_GEMM(CblasRowMajor, ta, tb, (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c,
			   (int)ldc);
#endif
}
