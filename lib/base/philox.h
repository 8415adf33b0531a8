/* philox.h: Philox4x32-10, PHILOX_GROUP blocks side by side, for the files of base/. Only integers: every variant below
 * gives the same bits. */
#ifndef SCIML_BASE_PHILOX_H
#define SCIML_BASE_PHILOX_H

#include <stdint.h>
#if defined __AVX2__ || defined __SSE2__
#include <immintrin.h>
#endif

#define PHILOX_M0 UINT32_C(0xD2511F53)
#define PHILOX_M1 UINT32_C(0xCD9E8D57)
#define PHILOX_W0 UINT32_C(0x9E3779B9)
#define PHILOX_W1 UINT32_C(0xBB67AE85)

/* A vector of blocks: a word to 64 bits, of which the upper half is noise; a product reads the lower halves alone. */
#if defined __AVX512F__
typedef __m512i philox_vector;
enum { PHILOX_LANES = 8 };
#define PHILOX_LOAD(p) _mm512_loadu_si512(p)
#define PHILOX_STORE(p, a) _mm512_storeu_si512(p, a)
#define PHILOX_SET(a) _mm512_set1_epi64((long long)(a))
#define PHILOX_PRODUCT(a, b) _mm512_mul_epu32(a, b)
#define PHILOX_ADD(a, b) _mm512_add_epi64(a, b)
#define PHILOX_HIGH(a) _mm512_srli_epi64(a, 32)
#define PHILOX_XOR(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define PHILOX_JOIN(high, low) _mm512_mask_blend_epi32(0xAAAA, low, _mm512_slli_epi64(high, 32))
#elif defined __AVX2__
typedef __m256i philox_vector;
enum { PHILOX_LANES = 4 };
#define PHILOX_LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define PHILOX_STORE(p, a) _mm256_storeu_si256((__m256i *)(p), a)
#define PHILOX_SET(a) _mm256_set1_epi64x((long long)(a))
#define PHILOX_PRODUCT(a, b) _mm256_mul_epu32(a, b)
#define PHILOX_ADD(a, b) _mm256_add_epi64(a, b)
#define PHILOX_HIGH(a) _mm256_srli_epi64(a, 32)
#define PHILOX_XOR(a, b, c) _mm256_xor_si256(a, _mm256_xor_si256(b, c))
#define PHILOX_JOIN(high, low) _mm256_blend_epi32(low, _mm256_slli_epi64(high, 32), 0xAA)
#elif defined __SSE2__
typedef __m128i philox_vector;
enum { PHILOX_LANES = 2 };
#define PHILOX_LOAD(p) _mm_loadu_si128((const __m128i *)(p))
#define PHILOX_STORE(p, a) _mm_storeu_si128((__m128i *)(p), a)
#define PHILOX_SET(a) _mm_set1_epi64x((long long)(a))
#define PHILOX_PRODUCT(a, b) _mm_mul_epu32(a, b)
#define PHILOX_ADD(a, b) _mm_add_epi64(a, b)
#define PHILOX_HIGH(a) _mm_srli_epi64(a, 32)
#define PHILOX_XOR(a, b, c) _mm_xor_si128(a, _mm_xor_si128(b, c))
#define PHILOX_JOIN(high, low)                                                                                         \
	_mm_or_si128(_mm_slli_epi64(high, 32), _mm_and_si128(low, _mm_set1_epi64x((long long)UINT32_MAX)))
#else
typedef uint64_t philox_vector;
enum { PHILOX_LANES = 1 };
#define PHILOX_LOAD(p) (*(p))
#define PHILOX_STORE(p, a) (*(p) = (a))
#define PHILOX_SET(a) ((uint64_t)(a))
#define PHILOX_PRODUCT(a, b) ((uint64_t)(uint32_t)(a) * (uint32_t)(b))
#define PHILOX_ADD(a, b) ((a) + (b))
#define PHILOX_HIGH(a) ((a) >> 32)
#define PHILOX_XOR(a, b, c) ((a) ^ (b) ^ (c))
#define PHILOX_JOIN(high, low) ((high) << 32 | (uint32_t)(low))
#endif

#if defined __GNUC__
#define PHILOX_INLINE static inline __attribute__((always_inline, unused))
#define PHILOX_UNROLL _Pragma("GCC unroll 16")
#else
#define PHILOX_INLINE static inline
#define PHILOX_UNROLL
#endif

enum { PHILOX_GROUP = 16, PHILOX_VECTORS = PHILOX_GROUP / PHILOX_LANES };

/* c: the counters of the blocks, and room for the work. high[i] = a << 32 | b and low[i] = c << 32 | d of block i,
 * where a, b, c, d are the numbers of words in `order`. */
PHILOX_INLINE void philox_rounds(philox_vector c[][4], uint64_t key, const int *order, uint64_t *high, uint64_t *low)
{
	const philox_vector m0 = PHILOX_SET(PHILOX_M0), m1 = PHILOX_SET(PHILOX_M1);
	philox_vector k0 = PHILOX_SET((uint32_t)key), k1 = PHILOX_SET((uint32_t)(key >> 32));

	PHILOX_UNROLL
	for (int round = 0; round < 10; round++) {
		PHILOX_UNROLL
		for (int v = 0; v < PHILOX_VECTORS; v++) {
			const philox_vector p0 = PHILOX_PRODUCT(c[v][0], m0), p1 = PHILOX_PRODUCT(c[v][2], m1);

			c[v][0] = PHILOX_XOR(PHILOX_HIGH(p1), c[v][1], k0);
			c[v][1] = p1;
			c[v][2] = PHILOX_XOR(PHILOX_HIGH(p0), c[v][3], k1);
			c[v][3] = p0;
		}
		k0 = PHILOX_ADD(k0, PHILOX_SET(PHILOX_W0));
		k1 = PHILOX_ADD(k1, PHILOX_SET(PHILOX_W1));
	}
	PHILOX_UNROLL
	for (int v = 0; v < PHILOX_VECTORS; v++) {
		PHILOX_STORE(high + v * PHILOX_LANES, PHILOX_JOIN(c[v][order[0]], c[v][order[1]]));
		PHILOX_STORE(low + v * PHILOX_LANES, PHILOX_JOIN(c[v][order[2]], c[v][order[3]]));
	}
}

/* Blocks block .. block + PHILOX_GROUP - 1 of one stream. Counters are made in registers: loaded as vectors soon after
 * they were stored one by one, they would cost as much as five rounds. */
PHILOX_INLINE void philox_group(uint32_t block, uint32_t purpose, uint64_t sample, uint64_t key, const int *order,
				uint64_t *high, uint64_t *low)
{
	static const uint64_t count[PHILOX_GROUP] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	philox_vector c[PHILOX_VECTORS][4];

	PHILOX_UNROLL
	for (int v = 0; v < PHILOX_VECTORS; v++) {
		c[v][0] = PHILOX_ADD(PHILOX_SET(block), PHILOX_LOAD(count + v * PHILOX_LANES));
		c[v][1] = PHILOX_SET(purpose);
		c[v][2] = PHILOX_SET((uint32_t)sample);
		c[v][3] = PHILOX_SET((uint32_t)(sample >> 32));
	}
	philox_rounds(c, key, order, high, low);
}

#endif
