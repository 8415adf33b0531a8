/* rng.h: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC'11). Counter-based: value i of a stream depends on
 * (seed, purpose, sample, i) and on nothing else, so threads, batch order, shards and resumes change nothing.
 * Key = the 64-bit seed; counter words = (block index, purpose, sample low, sample high). The block index has 32 bits:
 * a stream holds 2^34 words (2^33 doubles), then repeats. */
#ifndef SCIML_BASE_RNG_H
#define SCIML_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* One stream, a plain value: copy it freely. */
struct rng {
	uint64_t seed;
	uint64_t sample;
	uint32_t purpose;
};

/* The raw bijection; matches the Random123 known answers. */
void rng_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* 32-bit hash of a purpose name and a step number: rng_purpose("shuffle", epoch). */
uint32_t rng_purpose(const char *name, uint64_t step);

struct rng rng_stream(uint64_t seed, const char *purpose, uint64_t step, uint64_t sample);

/* Values first .. first+n-1 of the stream. Any partition of a range gives the same values. Uniforms lie in (0,1):
 * double (odd multiples of 2^-53, two words each) and float (odd multiples of 2^-24, one word) are separate sequences;
 * normals by Box-Muller, in IEEE arithmetic without functions of the C library: the same bits on every machine. */
void rng_bits(struct rng r, uint64_t first, size_t n, uint32_t *out);
void rng_uniform(struct rng r, uint64_t first, size_t n, double *out);
void rng_uniform_f(struct rng r, uint64_t first, size_t n, float *out);
void rng_normal(struct rng r, uint64_t first, size_t n, double *out);
void rng_normal_f(struct rng r, uint64_t first, size_t n, float *out);

/* out[s * n + i] = normal first + i of the stream of sample r.sample + s: the bits of rng_normal, vectorised over
 * samples. */
void rng_normal_each(struct rng r, size_t n_samples, uint64_t first, size_t n, double *out);

/* Single values. */
double rng_uniform_at(struct rng r, uint64_t index);
double rng_normal_at(struct rng r, uint64_t index);

/* Fisher-Yates permutation of 0..n-1. */
void rng_permutation(struct rng r, int64_t n, int64_t *out);

#endif
