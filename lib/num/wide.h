/* wide.h: the widest vectors of the machine for kernels that keep many of them in registers: 64 bytes where there is
 * AVX-512, else 32, through the vector types that GCC and Clang share; one scalar where the compiler has none.
 * WIDE_FMA_T(a, b, c) = a b + c, rounded once where the machine can. WIDE_MASKS: WIDE_LOAD_T(p, m) and
 * WIDE_STORE_T(p, m, x) touch the lanes of mask m alone, WIDE_PART_T(n) is the mask of the first n (all where n is
 * larger). */
#ifndef SCIML_NUM_WIDE_H
#define SCIML_NUM_WIDE_H

#include <string.h>

#if defined __GNUC__ && defined __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define WIDE_VECTOR 1
#endif
#endif
#if defined __FMA__ && defined __AVX2__
#include <immintrin.h>
#endif

#if defined WIDE_VECTOR && defined __AVX512F__
#define WIDE_BYTES 64
#define WIDE_REGISTERS 32
#else
#define WIDE_BYTES 32
#define WIDE_REGISTERS 16
#endif

#ifdef WIDE_VECTOR
typedef float wide_f __attribute__((vector_size(WIDE_BYTES)));
typedef double wide_d __attribute__((vector_size(WIDE_BYTES)));
#define WIDE_INLINE static inline __attribute__((always_inline, unused))
/* Keeps a kernel's registers its own. */
#define WIDE_APART __attribute__((noinline))
#define WIDE_UNROLL _Pragma("GCC unroll 16")
#else
typedef float wide_f;
typedef double wide_d;
#define WIDE_INLINE static inline
#define WIDE_APART
#define WIDE_UNROLL
#endif
/* In front of a loop that carries nothing from one element to the next, whatever a check for overlap would say: out may
 * be an input. WIDE_ALIGNED(p): p, which is a multiple of 64. */
#if defined __GNUC__ && !defined __clang__
#define WIDE_INDEPENDENT _Pragma("GCC ivdep")
#else
#define WIDE_INDEPENDENT
#endif
#ifdef __GNUC__
#define WIDE_ALIGNED(p) __builtin_assume_aligned(p, 64)
#else
#define WIDE_ALIGNED(p) (p)
#endif
enum { WIDE_f = (int)(sizeof(wide_f) / sizeof(float)), WIDE_d = (int)(sizeof(wide_d) / sizeof(double)) };

#if defined WIDE_VECTOR && defined __AVX512F__
#define WIDE_HAS_FMA 1
#define WIDE_FMA_f(a, b, c) ((wide_f)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define WIDE_FNMA_f(a, b, c) ((wide_f)_mm512_fnmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define WIDE_FMA_d(a, b, c) ((wide_d)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define WIDE_FNMA_d(a, b, c) ((wide_d)_mm512_fnmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#elif defined WIDE_VECTOR && defined __FMA__ && defined __AVX2__
#define WIDE_HAS_FMA 1
#define WIDE_FMA_f(a, b, c) ((wide_f)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define WIDE_FNMA_f(a, b, c) ((wide_f)_mm256_fnmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define WIDE_FMA_d(a, b, c) ((wide_d)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define WIDE_FNMA_d(a, b, c) ((wide_d)_mm256_fnmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#else
#define WIDE_HAS_FMA 0
#define WIDE_FMA_f(a, b, c) ((c) + (a) * (b))
#define WIDE_FNMA_f(a, b, c) ((c) - (a) * (b))
#define WIDE_FMA_d(a, b, c) ((c) + (a) * (b))
#define WIDE_FNMA_d(a, b, c) ((c) - (a) * (b))
#endif

#if defined WIDE_VECTOR && defined __AVX512F__
#define WIDE_MASKS 1
typedef __mmask16 wide_mask_f;
typedef __mmask8 wide_mask_d;
#define WIDE_PART_f(n) ((wide_mask_f)((n) < 16 ? (1U << (n)) - 1 : 0xffff))
#define WIDE_PART_d(n) ((wide_mask_d)((n) < 8 ? (1U << (n)) - 1 : 0xff))
#define WIDE_LOAD_f(p, m) ((wide_f)_mm512_maskz_loadu_ps(m, p))
#define WIDE_LOAD_d(p, m) ((wide_d)_mm512_maskz_loadu_pd(m, p))
#define WIDE_STORE_f(p, m, x) _mm512_mask_storeu_ps(p, m, (__m512)(x))
#define WIDE_STORE_d(p, m, x) _mm512_mask_storeu_pd(p, m, (__m512d)(x))
#else
#define WIDE_MASKS 0
#endif

/* One step of turning a square of vectors around: elements whose number has bit `step` change places between vectors
 * i and i + step. */
#define WIDE_LOW(n, step, e) ((e) & (step) ? (n) + (e) - (step) : (e))
#define WIDE_HIGH(n, step, e) ((e) & (step) ? (n) + (e) : (e) + (step))
#define WIDE_LIST4(pick, n, step, e) pick(n, step, e), pick(n, step, e + 1), pick(n, step, e + 2), pick(n, step, e + 3)
#define WIDE_LIST8(pick, n, step, e) WIDE_LIST4(pick, n, step, e), WIDE_LIST4(pick, n, step, e + 4)
#define WIDE_LIST16(pick, n, step, e) WIDE_LIST8(pick, n, step, e), WIDE_LIST8(pick, n, step, e + 8)
#ifdef WIDE_VECTOR
#if WIDE_BYTES == 64
#define WIDE_SHUFFLE_f(a, b, pick, step) __builtin_shufflevector(a, b, WIDE_LIST16(pick, 16, step, 0))
#define WIDE_SHUFFLE_d(a, b, pick, step) __builtin_shufflevector(a, b, WIDE_LIST8(pick, 8, step, 0))
#else
#define WIDE_SHUFFLE_f(a, b, pick, step) __builtin_shufflevector(a, b, WIDE_LIST8(pick, 8, step, 0))
#define WIDE_SHUFFLE_d(a, b, pick, step) __builtin_shufflevector(a, b, WIDE_LIST4(pick, 4, step, 0))
#endif
#else
#define WIDE_SHUFFLE_f(a, b, pick, step) (pick(1, step, 0) ? (b) : (a))
#define WIDE_SHUFFLE_d(a, b, pick, step) (pick(1, step, 0) ? (b) : (a))
#endif

/* Have the cache line of p brought: __builtin_prefetch(p, write, locality) where there is such a thing. */
#ifdef WIDE_VECTOR
#define WIDE_PREFETCH(p, write, locality) __builtin_prefetch(p, write, locality)
#else
#define WIDE_PREFETCH(p, write, locality) ((void)(p))
#endif

/* WIDE_HALVES_T(p, q, to): to becomes the vector whose halves are at p and q. WIDE_SWAP_T(a, b): the second half of a,
 * then the first half of b. */
#ifdef WIDE_VECTOR
typedef float wide_half_f __attribute__((vector_size(WIDE_BYTES / 2)));
typedef double wide_half_d __attribute__((vector_size(WIDE_BYTES / 2)));
#define WIDE_PICK_ALL(n, step, e) (e)
#define WIDE_PICK_MIDDLE(n, step, e) ((n) / 2 + (e))
#if WIDE_BYTES == 64
#define WIDE_JOIN_f(a, b) __builtin_shufflevector(a, b, WIDE_LIST16(WIDE_PICK_ALL, 16, 0, 0))
#define WIDE_JOIN_d(a, b) __builtin_shufflevector(a, b, WIDE_LIST8(WIDE_PICK_ALL, 8, 0, 0))
#else
#define WIDE_JOIN_f(a, b) __builtin_shufflevector(a, b, WIDE_LIST8(WIDE_PICK_ALL, 8, 0, 0))
#define WIDE_JOIN_d(a, b) __builtin_shufflevector(a, b, WIDE_LIST4(WIDE_PICK_ALL, 4, 0, 0))
#endif
#define WIDE_SWAP_f(a, b) WIDE_SHUFFLE_f(a, b, WIDE_PICK_MIDDLE, 0)
#define WIDE_SWAP_d(a, b) WIDE_SHUFFLE_d(a, b, WIDE_PICK_MIDDLE, 0)
WIDE_INLINE void WIDE_HALVES_f(const float *p, const float *q, wide_f *to)
{
	wide_half_f a, b;

	memcpy(&a, p, sizeof a);
	memcpy(&b, q, sizeof b);
	*to = WIDE_JOIN_f(a, b);
}
WIDE_INLINE void WIDE_HALVES_d(const double *p, const double *q, wide_d *to)
{
	wide_half_d a, b;

	memcpy(&a, p, sizeof a);
	memcpy(&b, q, sizeof b);
	*to = WIDE_JOIN_d(a, b);
}
#else
#define WIDE_HALVES_f(p, q, to) ((void)(q), *(to) = *(p))
#define WIDE_HALVES_d(p, q, to) ((void)(q), *(to) = *(p))
#define WIDE_SWAP_f(a, b) (b)
#define WIDE_SWAP_d(a, b) (b)
#endif

/* Real and imaginary parts of two vectors of (re, im) pairs, and back. */
#define WIDE_PICK_PAIR(n, part, e) (2 * (e) + (part))
#define WIDE_PICK_FIRST(n, part, e) ((e) % 2 ? (n) + (e) / 2 : (e) / 2)
#define WIDE_PICK_SECOND(n, part, e) ((n) > 1 ? (n) / 2 + WIDE_PICK_FIRST(n, part, e) : 1)
#define WIDE_EVEN_f(a, b) WIDE_SHUFFLE_f(a, b, WIDE_PICK_PAIR, 0)
#define WIDE_ODD_f(a, b) WIDE_SHUFFLE_f(a, b, WIDE_PICK_PAIR, 1)
#define WIDE_FIRST_f(a, b) WIDE_SHUFFLE_f(a, b, WIDE_PICK_FIRST, 0)
#define WIDE_SECOND_f(a, b) WIDE_SHUFFLE_f(a, b, WIDE_PICK_SECOND, 0)
#define WIDE_EVEN_d(a, b) WIDE_SHUFFLE_d(a, b, WIDE_PICK_PAIR, 0)
#define WIDE_ODD_d(a, b) WIDE_SHUFFLE_d(a, b, WIDE_PICK_PAIR, 1)
#define WIDE_FIRST_d(a, b) WIDE_SHUFFLE_d(a, b, WIDE_PICK_FIRST, 0)
#define WIDE_SECOND_d(a, b) WIDE_SHUFFLE_d(a, b, WIDE_PICK_SECOND, 0)

#endif
