/* crc.c: the CRC of a long message is that of a short one: 16 bytes weigh as much x^512 further on when their halves
 * are multiplied by the remainders of x^512 and x^576 (Gopal et al., "Fast CRC computation for generic polynomials
 * using PCLMULQDQ", Intel 2009). Four such sums run side by side; zlib does the last 16 bytes and the tail. */
#include "num/crc.h"

#include <string.h>
#include <zlib.h>

#if defined __PCLMUL__ && defined __SSE2__
#include <immintrin.h>

enum { LANES = 4, WORD = 16, STRIDE = LANES * WORD };

/* Remainders modulo the polynomial, bits reversed as in the message: by 512 bits and by 128. */
static const uint64_t far[2] = { 0x154442bd4, 0x1c6e41596 }, near[2] = { 0x1751997d0, 0x0ccaa009e };

static __m128i word_at(const unsigned char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static __m128i fold(__m128i sum, __m128i by, __m128i next)
{
	return _mm_xor_si128(next,
			     _mm_xor_si128(_mm_clmulepi64_si128(sum, by, 0x00), _mm_clmulepi64_si128(sum, by, 0x11)));
}

uint32_t crc_of(const void *data, size_t n)
{
	const unsigned char *p = data;
	const __m128i by_far = word_at((const unsigned char *)far), by_near = word_at((const unsigned char *)near);
	unsigned char last[WORD];
	__m128i sum[LANES];
	uLong crc;

	if (n < 2 * STRIDE)
		return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, n);
	for (int k = 0; k < LANES; k++)
		sum[k] = word_at(p + k * WORD);
	sum[0] = _mm_xor_si128(sum[0], _mm_cvtsi32_si128(-1)); /* the register starts with ones */
	for (p += STRIDE, n -= STRIDE; n >= STRIDE; p += STRIDE, n -= STRIDE)
		for (int k = 0; k < LANES; k++)
			sum[k] = fold(sum[k], by_far, word_at(p + k * WORD));
	for (int k = 1; k < LANES; k++)
		sum[k] = fold(sum[k - 1], by_near, sum[k]);
	for (; n >= WORD; p += WORD, n -= WORD)
		sum[LANES - 1] = fold(sum[LANES - 1], by_near, word_at(p));
	memcpy(last, &sum[LANES - 1], WORD);
	crc = crc32_z(0xffffffff, last, WORD); /* zlib's way to say: a register of zeros */
	return (uint32_t)crc32_z(crc, p, n);
}

#else

uint32_t crc_of(const void *data, size_t n)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, n);
}

#endif
