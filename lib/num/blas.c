/* blas.c: matrix products over CBLAS, with a path of our own for tiny ones. */
#include "num/blas.h"

#include <cblas.h>
#include <pthread.h>

/* Up to this many multiplications no BLAS call is made. */
enum { TINY = 128 };

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
#define GEMM_NAME(name) name##_f
#define CBLAS_GEMM cblas_sgemm
#define CBLAS_GEMV cblas_sgemv
#include "num/gemm_inc.h"
#undef REAL
#undef GEMM_NAME
#undef CBLAS_GEMM
#undef CBLAS_GEMV

#define REAL double
#define GEMM_NAME(name) name##_d
#define CBLAS_GEMM cblas_dgemm
#define CBLAS_GEMV cblas_dgemv
#include "num/gemm_inc.h"

double num_dot(int64_t n, const double *a, const double *b)
{
	num_setup();
	return cblas_ddot((int)n, a, 1, b, 1);
}
