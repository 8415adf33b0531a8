/* blas.h: matrix products for kernels, row-major. BLAS runs in the calling thread only: parallelism is the pool's. */
#ifndef SCIML_NUM_BLAS_H
#define SCIML_NUM_BLAS_H

#include <stdbool.h>
#include <stdint.h>

/* Set BLAS to one thread and, where it does not know the processor, to kernels that use what it has (OPENBLAS_CORETYPE
 * in the environment chooses otherwise); once per process. The first call must come before other threads use BLAS or
 * the environment: tool_main makes it. The functions of blas.h, lapack.h and sparse.h call it too, for programs without
 * tool_main; whoever calls cblas directly must. */
void num_setup(void);

/* C = alpha op(A) op(B) + beta C with op(A) m x k, op(B) k x n, C m x n; op transposes when trans_... is set. lda, ldb,
 * ldc: distance of rows as stored. beta = 0: C is only written. Extents below 2^31. The result depends on the
 * arguments' values and extents alone, not on addresses or threads. */
void num_gemm_f(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
		const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
void num_gemm_d(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, double alpha, const double *a, int64_t lda,
		const double *b, int64_t ldb, double beta, double *c, int64_t ldc);

/* sum_i a_i b_i */
double num_dot(int64_t n, const double *a, const double *b);

#endif
