/* lanes.h: short vectors for kernels: 32 bytes of float or double, through the vector types that GCC and Clang share;
 * one scalar where the compiler has none. lanes_fma_T(a, b, c) = a b + c, rounded once where the machine can. */
#ifndef SCIML_OP_LANES_H
#define SCIML_OP_LANES_H

#include <string.h>

#if defined __GNUC__ && defined __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define LANES_VECTOR 1
#endif
#endif
#if defined __FMA__ && defined __AVX2__
#include <immintrin.h>
#endif

#ifdef LANES_VECTOR
typedef float lanes_f __attribute__((vector_size(32)));
typedef double lanes_d __attribute__((vector_size(32)));
#define LANES_INLINE static inline __attribute__((always_inline, unused))
/* Keeps a kernel's registers its own. */
#define LANES_APART __attribute__((noinline))
#define LANES_UNROLL _Pragma("GCC unroll 8")
/* Real and imaginary parts of two vectors of (re, im) pairs, and back. */
#define LANES_SWAP_f(a) __builtin_shufflevector(a, a, 0, 1, 4, 5, 2, 3, 6, 7)
#define LANES_EVEN_f(a, b) LANES_SWAP_f(__builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14))
#define LANES_ODD_f(a, b) LANES_SWAP_f(__builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15))
#define LANES_LOW_f(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define LANES_HIGH_f(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LANES_EVEN_d(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)
#define LANES_ODD_d(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7)
#define LANES_LOW_d(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define LANES_HIGH_d(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
typedef float lanes_f;
typedef double lanes_d;
#define LANES_INLINE static inline
#define LANES_APART
#define LANES_UNROLL
#define LANES_EVEN_f(a, b) (a)
#define LANES_ODD_f(a, b) (b)
#define LANES_LOW_f(a, b) (a)
#define LANES_HIGH_f(a, b) (b)
#define LANES_EVEN_d(a, b) (a)
#define LANES_ODD_d(a, b) (b)
#define LANES_LOW_d(a, b) (a)
#define LANES_HIGH_d(a, b) (b)
#endif
enum { LANES_f = (int)(sizeof(lanes_f) / sizeof(float)), LANES_d = (int)(sizeof(lanes_d) / sizeof(double)) };

#if defined LANES_VECTOR && defined __FMA__ && defined __AVX2__
#define LANES_FMA_f(a, b, c) ((lanes_f)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define LANES_FNMA_f(a, b, c) ((lanes_f)_mm256_fnmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define LANES_FMA_d(a, b, c) ((lanes_d)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define LANES_FNMA_d(a, b, c) ((lanes_d)_mm256_fnmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#else
#define LANES_FMA_f(a, b, c) ((c) + (a) * (b))
#define LANES_FNMA_f(a, b, c) ((c) - (a) * (b))
#define LANES_FMA_d(a, b, c) ((c) + (a) * (b))
#define LANES_FNMA_d(a, b, c) ((c) - (a) * (b))
#endif

#endif
