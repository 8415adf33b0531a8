/* blas.c: matrix products. Where the compiler gives us fused multiply-adds on vectors they are our own: libraries
 * guess the processor when they are loaded, and on one younger than themselves may fall back to a fifth of its
 * speed. Elsewhere they go to CBLAS. Tiny ones have plain loops. */
#include "num/blas.h"

#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "num/wide.h"

/* Up to this many multiplications plain loops are faster. */
enum { TINY = 128 };

/* Of our own products: a tile is TILE_ROWS x TILE_VECTORS vectors, a part of the sums TERMS terms, a copied block of
 * A BLOCK_ROWS x TERMS, one that is read where it is MANY_ROWS x TERMS: half of a second cache of 1 MiB. Rows of B
 * closer than DIRECT_BYTES are read where they are. */
enum { TILE_ROWS = WIDE_REGISTERS / 4, TILE_VECTORS = 3, TERMS = 192 };
enum { BLOCK_ROWS = 128, MANY_ROWS = 512, DIRECT_BYTES = 512 };

#if defined __GNUC__ && defined __x86_64__ && defined __ELF__
#pragma weak gotoblas_dynamic_init
#pragma weak gotoblas_dynamic_quit
void gotoblas_dynamic_init(void);
void gotoblas_dynamic_quit(void);

/* LAPACK and sparse solvers go through OpenBLAS. It knows processors by model number, and one younger than itself gets
 * the kernels of 2004: 31 GFLOP/s instead of 157 on an Emerald Rapids with release 0.3.21. Then let it choose again, by
 * what the processor can do.
 *
 * While it does, there is no table of kernels, and the environment changes: neither may happen beside another thread
 * that reads them. So tool_main calls num_setup at its start, before the pool's threads; in programs without tool_main
 * (tests, benchmarks) the first product does, or an earlier call. The two functions are not of OpenBLAS's interface, so
 * they are weak: a library without them is left as it is. What a user has chosen by OPENBLAS_CORETYPE stays. */
static void choose_kernels(void)
{
	static const char variable[] = "OPENBLAS_CORETYPE";
	const char *core = NULL;

	if (!gotoblas_dynamic_init || !gotoblas_dynamic_quit || getenv(variable) ||
	    strcmp(openblas_get_corename(), "Prescott") != 0)
		return;
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
		core = "SkylakeX";
	else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		core = "Haswell";
	if (!core || setenv(variable, core, 1) != 0)
		return;
	gotoblas_dynamic_quit();
	gotoblas_dynamic_init();
	unsetenv(variable);
}
#else
static void choose_kernels(void)
{
}
#endif

static void set_up(void)
{
	openblas_set_num_threads(1);
	choose_kernels();
}

void num_setup(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_up);
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
