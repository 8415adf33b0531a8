/* rng.c: Philox4x32-10 streams. Blocks of 8 counters are computed side by side, so that the compiler vectorises the
 * rounds. Real values are always computed in full groups of GROUP (surplus thrown away): the vector and the scalar
 * logarithm of one library may differ in the last bit, and a value must not depend on where a request starts. */
#include "config.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#ifdef HAVE_LIBMVEC
/* Let the loops below call glibc's vector versions. */
__attribute__((simd("notinbranch"))) float logf(float);
__attribute__((simd("notinbranch"))) float sinf(float);
__attribute__((simd("notinbranch"))) float cosf(float);
__attribute__((simd("notinbranch"))) double log(double);
__attribute__((simd("notinbranch"))) double sin(double);
__attribute__((simd("notinbranch"))) double cos(double);
#endif

enum { LANES = 8, GROUP = 16, CHUNK = 256 };

#define PHILOX_M0 UINT32_C(0xD2511F53)
#define PHILOX_M1 UINT32_C(0xCD9E8D57)
#define PHILOX_W0 UINT32_C(0x9E3779B9)
#define PHILOX_W1 UINT32_C(0xBB67AE85)

void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
	uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];

	for (int round = 0; round < 10; round++) {
		uint64_t p0 = (uint64_t)PHILOX_M0 * c0, p1 = (uint64_t)PHILOX_M1 * c2;

		c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)p1;
		c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)p0;
		k0 += PHILOX_W0;
		k1 += PHILOX_W1;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

#ifdef __AVX2__
/* Four counters, a word to 64 bits of which the upper half is noise: a product reads the lower halves alone. */
struct four {
	__m256i c0, c1, c2, c3;
};

static inline __attribute__((always_inline)) struct four widen(const uint32_t *c0, const uint32_t *c1,
							       const uint32_t *c2, const uint32_t *c3)
{
	return (struct four){ _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)c0)),
			      _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)c1)),
			      _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)c2)),
			      _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)c3)) };
}

static inline __attribute__((always_inline)) struct four one_round(struct four c, __m256i k0, __m256i k1)
{
	const __m256i p0 = _mm256_mul_epu32(c.c0, _mm256_set1_epi64x(PHILOX_M0));
	const __m256i p1 = _mm256_mul_epu32(c.c2, _mm256_set1_epi64x(PHILOX_M1));

	return (struct four){ _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c.c1, k0)), p1,
			      _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c.c3, k1)), p0 };
}

/* The words of each counter side by side. */
static inline __attribute__((always_inline)) void narrow(struct four c, uint32_t *out)
{
	const __m256i low = _mm256_blend_epi32(c.c0, _mm256_slli_epi64(c.c1, 32), 0xAA);
	const __m256i high = _mm256_blend_epi32(c.c2, _mm256_slli_epi64(c.c3, 32), 0xAA);
	const __m256i even = _mm256_unpacklo_epi64(low, high), odd = _mm256_unpackhi_epi64(low, high);

	_mm256_storeu_si256((__m256i *)out, _mm256_permute2x128_si256(even, odd, 0x20));
	_mm256_storeu_si256((__m256i *)(out + 8), _mm256_permute2x128_si256(even, odd, 0x31));
}

/* LANES counters side by side: 4 * LANES words. */
static void rounds(const uint32_t *c0, const uint32_t *c1, const uint32_t *c2, const uint32_t *c3, uint64_t key,
		   uint32_t *out)
{
	struct four a = widen(c0, c1, c2, c3), b = widen(c0 + 4, c1 + 4, c2 + 4, c3 + 4);
	__m256i k0 = _mm256_set1_epi64x((uint32_t)key), k1 = _mm256_set1_epi64x((uint32_t)(key >> 32));

	for (int round = 0; round < 10; round++) {
		a = one_round(a, k0, k1);
		b = one_round(b, k0, k1);
		k0 = _mm256_add_epi32(k0, _mm256_set1_epi64x(PHILOX_W0));
		k1 = _mm256_add_epi32(k1, _mm256_set1_epi64x(PHILOX_W1));
	}
	narrow(a, out);
	narrow(b, out + 16);
}
#else
/* LANES counters side by side: 4 * LANES words. */
static void rounds(uint32_t *restrict c0, uint32_t *restrict c1, uint32_t *restrict c2, uint32_t *restrict c3,
		   uint64_t key, uint32_t *restrict out)
{
	uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);

	for (int round = 0; round < 10; round++) {
		for (int l = 0; l < LANES; l++) {
			uint64_t p0 = (uint64_t)PHILOX_M0 * c0[l], p1 = (uint64_t)PHILOX_M1 * c2[l];

			c0[l] = (uint32_t)(p1 >> 32) ^ c1[l] ^ k0;
			c1[l] = (uint32_t)p1;
			c2[l] = (uint32_t)(p0 >> 32) ^ c3[l] ^ k1;
			c3[l] = (uint32_t)p0;
		}
		k0 += PHILOX_W0;
		k1 += PHILOX_W1;
	}
	for (int l = 0; l < LANES; l++) {
		out[4 * l] = c0[l];
		out[4 * l + 1] = c1[l];
		out[4 * l + 2] = c2[l];
		out[4 * l + 3] = c3[l];
	}
}
#endif

/* Blocks block .. block+LANES-1 of the stream. */
static void lanes(const struct rng *r, uint32_t block, uint32_t *restrict out)
{
	uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];

	for (int l = 0; l < LANES; l++) {
		c0[l] = block + (uint32_t)l;
		c1[l] = r->purpose;
		c2[l] = (uint32_t)r->sample;
		c3[l] = (uint32_t)(r->sample >> 32);
	}
	rounds(c0, c1, c2, c3, r->seed, out);
}

/* The finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA'14). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

uint32_t rng_purpose(const char *name, uint64_t step)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325); /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001B3);
	h = mix(mix(h) + step * UINT64_C(0x9E3779B97F4A7C15));
	return (uint32_t)(h ^ h >> 32);
}

struct rng rng_stream(uint64_t seed, const char *purpose, uint64_t step, uint64_t sample)
{
	return (struct rng){ .seed = seed, .sample = sample, .purpose = rng_purpose(purpose, step) };
}

/* Words 4 * block .. of the stream; n a multiple of 4. */
static void blocks(const struct rng *r, uint64_t block, size_t n, uint32_t *out)
{
	const uint32_t key[2] = { (uint32_t)r->seed, (uint32_t)(r->seed >> 32) };

	for (; n >= 4 * LANES; n -= 4 * LANES, out += 4 * LANES, block += LANES)
		lanes(r, (uint32_t)block, out);
	for (; n >= 4; n -= 4, out += 4, block++) {
		const uint32_t counter[4] = { (uint32_t)block, r->purpose, (uint32_t)r->sample,
					      (uint32_t)(r->sample >> 32) };

		rng_philox(counter, key, out);
	}
}

void rng_bits(struct rng r, uint64_t first, size_t n, uint32_t *out)
{
	uint32_t part[4];

	while (n > 0) {
		size_t skip = first % 4, take = n;

		if (skip == 0 && n >= 4) {
			take = n / 4 * 4;
			blocks(&r, first / 4, take, out);
		} else {
			if (take > 4 - skip)
				take = 4 - skip;
			blocks(&r, first / 4, 4, part);
			memcpy(out, part + skip, take * sizeof *out);
		}
		first += take;
		out += take;
		n -= take;
	}
}

/* Odd multiples of 2^-53 and 2^-24: all are exact, none is 0 or 1. */
static double unit(uint32_t high, uint32_t low)
{
	uint64_t bits = ((uint64_t)high << 32 | low) >> 12;

	return ((double)(int64_t)bits + 0.5) * 0x1p-52;
}

static float unit_f(uint32_t word)
{
	return ((float)(int32_t)(word >> 9) + 0.5f) * 0x1p-23f;
}

/* Box and Muller, pair i from words 4i .. 4i+3. groups of GROUP pairs. */
static void pairs(const uint32_t *restrict word, size_t n_groups, double *restrict out)
{
	for (size_t k = 0; k < n_groups; k++, word += 4 * GROUP, out += 2 * GROUP) {
		double radius[GROUP], angle[GROUP], c[GROUP], s[GROUP];

		for (int l = 0; l < GROUP; l++) {
			radius[l] = unit(word[4 * l], word[4 * l + 1]);
			angle[l] = (unit(word[4 * l + 2], word[4 * l + 3]) - 0.5) * 6.283185307179586476925;
		}
		for (int l = 0; l < GROUP; l++)
			radius[l] = sqrt(-2 * log(radius[l]));
		for (int l = 0; l < GROUP; l++)
			c[l] = cos(angle[l]);
		for (int l = 0; l < GROUP; l++)
			s[l] = sin(angle[l]);
		for (int l = 0; l < GROUP; l++) {
			out[2 * l] = radius[l] * c[l];
			out[2 * l + 1] = radius[l] * s[l];
		}
	}
}

/* Pair i from words 2i and 2i+1. The radius takes all 32 bits: tails to 6.8 sigma; 1 itself is harmless there. */
static void pairs_f(const uint32_t *restrict word, size_t n_groups, float *restrict out)
{
	for (size_t k = 0; k < n_groups; k++, word += 2 * GROUP, out += 2 * GROUP) {
		float radius[GROUP], angle[GROUP], c[GROUP], s[GROUP];

		for (int l = 0; l < GROUP; l++) {
			radius[l] = ((float)word[2 * l] + 0.5f) * 0x1p-32f;
			angle[l] = (float)(int32_t)word[2 * l + 1] * (3.14159265358979f * 0x1p-31f);
		}
		for (int l = 0; l < GROUP; l++)
			radius[l] = sqrtf(fabsf(2 * logf(radius[l])));
		for (int l = 0; l < GROUP; l++)
			c[l] = cosf(angle[l]);
		for (int l = 0; l < GROUP; l++)
			s[l] = sinf(angle[l]);
		for (int l = 0; l < GROUP; l++) {
			out[2 * l] = radius[l] * c[l];
			out[2 * l + 1] = radius[l] * s[l];
		}
	}
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

void rng_uniform(struct rng r, uint64_t first, size_t n, double *out)
{
	uint32_t word[2 * CHUNK];

	for (size_t done = 0; done < n;) {
		size_t take = smaller(n - done, CHUNK);

		rng_bits(r, 2 * (first + done), 2 * take, word);
		for (size_t i = 0; i < take; i++)
			out[done + i] = unit(word[2 * i], word[2 * i + 1]);
		done += take;
	}
}

void rng_uniform_f(struct rng r, uint64_t first, size_t n, float *out)
{
	uint32_t word[CHUNK];

	for (size_t done = 0; done < n;) {
		size_t take = smaller(n - done, CHUNK);

		rng_bits(r, first + done, take, word);
		for (size_t i = 0; i < take; i++)
			out[done + i] = unit_f(word[i]);
		done += take;
	}
}

/* Both: from the pair that holds value `first`, in whole groups, into a buffer, then the part that was asked for. */
void rng_normal(struct rng r, uint64_t first, size_t n, double *out)
{
	uint32_t word[2 * CHUNK];
	double value[CHUNK];

	while (n > 0) {
		size_t skip = first % 2, take = smaller(n, CHUNK - skip);
		size_t groups = (skip + take + 2 * GROUP - 1) / (2 * GROUP);

		blocks(&r, first / 2, groups * 4 * GROUP, word);
		pairs(word, groups, value);
		memcpy(out, value + skip, take * sizeof *out);
		first += take;
		out += take;
		n -= take;
	}
}

void rng_normal_f(struct rng r, uint64_t first, size_t n, float *out)
{
	uint32_t word[CHUNK];
	float value[CHUNK];

	while (n > 0) {
		size_t skip = first % 4, take = smaller(n, CHUNK - skip);
		size_t groups = (skip + take + 2 * GROUP - 1) / (2 * GROUP);

		blocks(&r, first / 4, groups * 2 * GROUP, word);
		pairs_f(word, groups, value);
		memcpy(out, value + skip, take * sizeof *out);
		first += take;
		out += take;
		n -= take;
	}
}

void rng_normal_each(struct rng r, size_t n_samples, uint64_t first, size_t n, double *out)
{
	const uint64_t first_block = first / 2;
	const size_t per = n > 0 ? (size_t)((first + n - 1) / 2 - first_block) + 1 : 0, skip = first % 2;
	const size_t total = n_samples * per;
	size_t sample = 0, block = 0, sample_out = 0, block_out = 0;

	for (size_t begin = 0; begin < total; begin += GROUP) {
		uint32_t word[4 * GROUP];
		double value[2 * GROUP];

		for (int half = 0; half < GROUP; half += LANES) {
			uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];

			/* Lanes beyond the last sample compute what nobody reads. */
			for (int l = 0; l < LANES; l++) {
				c0[l] = (uint32_t)(first_block + block);
				c1[l] = r.purpose;
				c2[l] = (uint32_t)(r.sample + sample);
				c3[l] = (uint32_t)((r.sample + sample) >> 32);
				if (++block == per) {
					block = 0;
					sample++;
				}
			}
			rounds(c0, c1, c2, c3, r.seed, word + 4 * half);
		}
		pairs(word, 1, value);
		for (size_t l = 0; l < smaller(GROUP, total - begin); l++) {
			double *row = out + sample_out * n;
			const size_t at = 2 * block_out;

			if (at >= skip && at - skip < n)
				row[at - skip] = value[2 * l];
			if (at + 1 - skip < n)
				row[at + 1 - skip] = value[2 * l + 1];
			if (++block_out == per) {
				block_out = 0;
				sample_out++;
			}
		}
	}
}

double rng_uniform_at(struct rng r, uint64_t index)
{
	double value;

	rng_uniform(r, index, 1, &value);
	return value;
}

double rng_normal_at(struct rng r, uint64_t index)
{
	double value;

	rng_normal(r, index, 1, &value);
	return value;
}

/* floor(bits * n / 2^64): a uniform integer below n, its bias under n / 2^64. */
static uint64_t below(uint64_t bits, uint64_t n)
{
	uint64_t high = bits >> 32, low = bits & UINT32_MAX, n_high = n >> 32, n_low = n & UINT32_MAX;
	uint64_t middle = high * n_low + (low * n_low >> 32), other = low * n_high + (middle & UINT32_MAX);

	return high * n_high + (middle >> 32) + (other >> 32);
}

void rng_permutation(struct rng r, int64_t n, int64_t *out)
{
	uint32_t word[2 * CHUNK];

	for (int64_t i = 0; i < n; i++)
		out[i] = i;
	for (int64_t i = n - 1; i > 0; i--) {
		int64_t drawn = n - 1 - i, k = drawn % CHUNK, other, kept = out[i];

		if (k == 0)
			rng_bits(r, 2 * (uint64_t)drawn, 2 * smaller(CHUNK, (size_t)i), word);
		other = (int64_t)below((uint64_t)word[2 * k] << 32 | word[2 * k + 1], (uint64_t)i + 1);
		out[i] = out[other];
		out[other] = kept;
	}
}
