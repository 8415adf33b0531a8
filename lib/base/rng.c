/* rng.c: Philox4x32-10 streams: bits, uniform numbers, permutations. Normal numbers are in rng_normal.c. */
#include "config.h"

#include "base/rng.h"

#include <string.h>

#include "base/philox.h"

enum { CHUNK = 256 };

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
	static const int order[4] = { 1, 0, 3, 2 };
	const uint32_t key[2] = { (uint32_t)r->seed, (uint32_t)(r->seed >> 32) };
	uint64_t front[PHILOX_GROUP], back[PHILOX_GROUP];

	for (; n >= 4 * PHILOX_GROUP; n -= 4 * PHILOX_GROUP, out += 4 * PHILOX_GROUP, block += PHILOX_GROUP) {
		philox_group((uint32_t)block, r->purpose, r->sample, r->seed, order, front, back);
		for (int l = 0; l < PHILOX_GROUP; l++) {
			out[4 * l] = (uint32_t)front[l];
			out[4 * l + 1] = (uint32_t)(front[l] >> 32);
			out[4 * l + 2] = (uint32_t)back[l];
			out[4 * l + 3] = (uint32_t)(back[l] >> 32);
		}
	}
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

double rng_uniform_at(struct rng r, uint64_t index)
{
	double value;

	rng_uniform(r, index, 1, &value);
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
