/* blas.c: matrix products. Where the compiler gives us fused multiply-adds on vectors they are our own: libraries guess
 * the processor when they are loaded, and on one younger than themselves may fall back to a fifth of its speed. Elsewhere
 * they go to CBLAS. Tiny ones have plain loops. */
#include "num/blas.h"

#include <cblas.h>
#include <pthread.h>

#include "num/wide.h"

/* Up to this many multiplications plain loops are faster. */
enum { TINY = 128 };

/* Of our own products: a tile is TILE_ROWS x TILE_VECTORS vectors, a part of the sums TERMS terms, a copied block of A
 * BLOCK_ROWS x TERMS. Rows of B closer than DIRECT_BYTES are read where they are. */
enum { TILE_ROWS = WIDE_REGISTERS / 4, TILE_VECTORS = 3, TERMS = 192, BLOCK_ROWS = 128, DIRECT_BYTES = 512 };

static void one_thread(void)
{
	openblas_set_num_threads(1);
}

void num_setup(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, one_thread);
}

#define REAL float
#define NAME(name) name##_f
#if WIDE_HAS_FMA
#include "num/gemm_kernel.h"
#endif
#define CBLAS_GEMM cblas_sgemm
#define CBLAS_GEMV cblas_sgemv
#include "num/gemm_inc.h"
#undef REAL
#undef NAME
#undef CBLAS_GEMM
#undef CBLAS_GEMV

#define REAL double
#define NAME(name) name##_d
#if WIDE_HAS_FMA
#include "num/gemm_kernel.h"
#endif
#define CBLAS_GEMM cblas_dgemm
#define CBLAS_GEMV cblas_dgemv
#include "num/gemm_inc.h"

double num_dot(int64_t n, const double *a, const double *b)
{
	num_setup();
	return cblas_ddot((int)n, a, 1, b, 1);
}
