/* rng_normal.c: normal numbers by Box and Muller. Logarithm, sine and cosine are polynomials of our own, made of sums,
 * products and one division, which IEEE 754 rounds alike everywhere: the bits do not depend on the C library, on the
 * processor or on how the loops were vectorised. No fma(): it would be a call where the processor has none. */
#include "config.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

#include "base/philox.h"

enum { GROUP = PHILOX_GROUP };

static inline double double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

static inline uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return bits;
}

static inline float float_of(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

static inline uint32_t bits_of_f(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof bits);
	return bits;
}

/* ---- double ------------------------------------------------------------------------------------------------------ */

/* ((bits >> 12) + 1/2) 2^-52: the odd multiples of 2^-53, exact; rng_uniform's values. */
static inline double unit(uint64_t bits)
{
	return double_of(bits >> 12 | UINT64_C(0x3FF0000000000000)) - (1 - 0x1p-53);
}

/* -2 log u, u = 2^k m with m in [1/sqrt 2, sqrt 2): log m = 2 artanh s, s = (m - 1) / (m + 1), as s times a polynomial
 * in s^2 of relative error 2e-16 (Remez). */
static inline double minus_two_log(double u)
{
	const uint64_t least = UINT64_C(0x3FE6A09E667F3BCD), bias = UINT64_C(1024);
	const uint64_t above = bits_of(u) - least + (bias << 52);
	const double k = double_of(above >> 52 | UINT64_C(0x4330000000000000)) - (0x1p52 + 1024);
	const double m = double_of((above & UINT64_C(0x000FFFFFFFFFFFFF)) + least);
	const double s = (m - 1) / (m + 1), z = s * s;
	double p = -0x1.586588bfe6255p-2;

	p = p * z - 0x1.732dd1224c7f2p-2;
	p = p * z - 0x1.c72269111f5bcp-2;
	p = p * z - 0x1.24924197167efp-1;
	p = p * z - 0x1.999999a257fa8p-1;
	p = p * z - 0x1.5555555553a9fp0;
	p = p * z - 4;
	return p * s - k * 1.3862943611198906188;
}

/* The pair of the radius' and the angle's bits. The angle is 2 pi (v - 1/2), v = quarter / 4 + r with |r| <= 1/8: sine
 * and cosine of 2 pi r are polynomials in r (Remez, errors 3e-18 and 5e-17), swapped in odd quarters, and signed. */
static inline void pair(uint64_t radius_bits, uint64_t angle_bits, double *first, double *second)
{
	const double radius = sqrt(minus_two_log(unit(radius_bits))), v = unit(angle_bits);
	const double shifted = 4 * v + 0x1.8p52, r = v - 0.25 * (shifted - 0x1.8p52), z = r * r;
	const uint64_t quarter = bits_of(shifted);
	double sine = 0x1.e3eed5cd794c4p1, cosine = 0x1.f3f6569316ea4p2;
	uint64_t x, y, swap;

	sine = sine * z - 0x1.e30063a0277bdp3;
	sine = sine * z + 0x1.50782fca38b69p5;
	sine = sine * z - 0x1.32d2cce2d5360p6;
	sine = sine * z + 0x1.466bc67758700p6;
	sine = sine * z - 0x1.4abbce625be41p5;
	sine = sine * z + 0x1.921fb54442d18p2;
	sine *= r;
	cosine = cosine * z - 0x1.a6ca16a2a4955p4;
	cosine = cosine * z + 0x1.e1f4fc2fe3a28p5;
	cosine = cosine * z - 0x1.55d3c7dceeb01p6;
	cosine = cosine * z + 0x1.03c1f081b1841p6;
	cosine = cosine * z - 0x1.3bd3cc9be45aap4;
	cosine = cosine * z + 1;
	x = bits_of(cosine);
	y = bits_of(sine);
	swap = (x ^ y) & (0 - (quarter & 1));
	x ^= swap ^ (quarter + 3) >> 1 << 63;
	y ^= swap ^ (quarter + 2) >> 1 << 63;
	*first = radius * double_of(x);
	*second = radius * double_of(y);
}

/* Pair i from words 4i .. 4i+3, GROUP of them: words c0, c1 and c2, c3 joined. */
static const int in_order[4] = { 0, 1, 2, 3 };

static inline void pairs(const uint64_t *radius, const uint64_t *angle, double *restrict out)
{
	double first[GROUP], second[GROUP];

	for (int l = 0; l < GROUP; l++)
		pair(radius[l], angle[l], first + l, second + l);
	for (int l = 0; l < GROUP; l++) {
		out[2 * l] = first[l];
		out[2 * l + 1] = second[l];
	}
}

/* Always in whole groups from the pair that holds value `first`, into a buffer where part of one was asked for. */
void rng_normal(struct rng r, uint64_t first, size_t n, double *out)
{
	uint64_t radius[GROUP], angle[GROUP];
	double value[2 * GROUP];

	while (n > 0) {
		const size_t skip = first % 2, room = 2 * GROUP - skip, take = n < room ? n : room;

		philox_group((uint32_t)(first / 2), r.purpose, r.sample, r.seed, in_order, radius, angle);
		if (take == 2 * GROUP) {
			pairs(radius, angle, out);
		} else {
			pairs(radius, angle, value);
			memcpy(out, value + skip, take * sizeof *out);
		}
		first += take;
		out += take;
		n -= take;
	}
}

/* The counters of GROUP blocks: `per` blocks a sample, from block `first` of each. */
struct walk {
	uint64_t first, sample, at, per;
};

static void walk_on(struct walk *w, uint32_t purpose, philox_vector c[][4])
{
	uint64_t block[GROUP], low[GROUP], high[GROUP];

	for (int l = 0; l < GROUP; l++) {
		block[l] = w->first + w->at;
		low[l] = w->sample;
		high[l] = w->sample >> 32;
		if (++w->at == w->per) {
			w->at = 0;
			w->sample++;
		}
	}
	for (int v = 0; v < PHILOX_VECTORS; v++) {
		c[v][0] = PHILOX_LOAD(block + v * PHILOX_LANES);
		c[v][1] = PHILOX_SET(purpose);
		c[v][2] = PHILOX_LOAD(low + v * PHILOX_LANES);
		c[v][3] = PHILOX_LOAD(high + v * PHILOX_LANES);
	}
}

void rng_normal_each(struct rng r, size_t n_samples, uint64_t first, size_t n, double *out)
{
	const size_t per = n > 0 ? (size_t)((first + n - 1) / 2 - first / 2) + 1 : 0, skip = first % 2;
	const size_t total = n_samples * per;
	struct walk w = { .first = first / 2, .sample = r.sample, .per = per };
	size_t block = 0;

	/* Samples of several groups fill them nearly as well alone. */
	if (n_samples == 1 || per > 4 * GROUP) {
		for (size_t s = 0; s < n_samples; s++, r.sample++)
			rng_normal(r, first, n, out + s * n);
		return;
	}
	for (size_t begin = 0; begin < total; begin += GROUP) {
		philox_vector c[PHILOX_VECTORS][4];
		uint64_t radius[GROUP], angle[GROUP];
		double value[2 * GROUP];

		/* Blocks beyond the last sample compute what nobody reads. */
		walk_on(&w, r.purpose, c);
		philox_rounds(c, r.seed, in_order, radius, angle);
		pairs(radius, angle, value);
		for (size_t l = 0; l < GROUP && begin + l < total; l++) {
			const size_t at = 2 * block;

			if (at >= skip && at - skip < n)
				out[at - skip] = value[2 * l];
			if (at + 1 - skip < n)
				out[at + 1 - skip] = value[2 * l + 1];
			if (++block == per) {
				block = 0;
				out += n;
			}
		}
	}
}

double rng_normal_at(struct rng r, uint64_t index)
{
	double value;

	rng_normal(r, index, 1, &value);
	return value;
}

/* ---- float ------------------------------------------------------------------------------------------------------- */

/* The radius takes all 32 bits, (word + 1/2) 2^-32: tails to 6.8 sigma; that it may round to 1 is harmless there. The
 * logarithm of m is f + f^2 times a polynomial in f = m - 1, of error 3e-8. */
static inline float minus_two_log_f(uint32_t word)
{
	const uint32_t least = UINT32_C(0x3F3504F3), bias = 128;
	const uint32_t above = bits_of_f(((float)word + 0.5f) * 0x1p-32f) - least + (bias << 23);
	const float k = (float)((int32_t)(above >> 23) - (int32_t)bias);
	const float f = float_of((above & UINT32_C(0x007FFFFF)) + least) - 1;
	float p = -0x1.6fd5c4p-3f;

	p = p * f + 0x1.2773d2p-2f;
	p = p * f - 0x1.30cecap-2f;
	p = p * f + 0x1.52fb64p-2f;
	p = p * f - 0x1.98da68p-2f;
	p = p * f + 0x1.0006c4p-1f;
	p = p * f - 0x1.5556e6p-1f;
	p = p * f + 0x1.fffff4p-1f;
	return p * f * f - 2 * f - k * 1.38629436f;
}

/* The angle is pi 2^-31 times the second word as a signed number; its quarter and the rest are exact. */
static inline void pair_f(uint32_t radius_word, uint32_t angle_word, float *first, float *second)
{
	const float radius = sqrtf(minus_two_log_f(radius_word));
	const uint32_t turned = angle_word + UINT32_C(0x20000000), quarter = turned >> 30;
	const float r = (float)((int32_t)(turned & UINT32_C(0x3FFFFFFF)) - 0x20000000) * 0x1p-32f, z = r * r;
	float sine = -0x1.2d9302p6f, cosine = -0x1.4eb072p6f;
	uint32_t x, y, swap;

	sine = sine * z + 0x1.465e92p6f;
	sine = sine * z - 0x1.4abbb8p5f;
	sine = sine * z + 0x1.921fb6p2f;
	sine *= r;
	cosine = cosine * z + 0x1.03b18ap6f;
	cosine = cosine * z - 0x1.3bd3a2p4f;
	cosine = cosine * z + 1;
	x = bits_of_f(cosine);
	y = bits_of_f(sine);
	swap = (x ^ y) & (0 - (quarter & 1));
	x ^= swap ^ (quarter + 1) >> 1 << 31;
	y ^= swap ^ quarter >> 1 << 31;
	*first = radius * float_of(x);
	*second = radius * float_of(y);
}

/* Pair i from words 2i and 2i+1: two pairs a block. Joined are the words of two radii, c2 above c0, and of two
 * angles. */
static inline void pairs_f(const uint64_t *radius, const uint64_t *angle, float *restrict out)
{
	uint32_t a[2 * GROUP], b[2 * GROUP];
	float first[2 * GROUP], second[2 * GROUP];

	for (int l = 0; l < GROUP; l++) {
		a[2 * l] = (uint32_t)radius[l];
		a[2 * l + 1] = (uint32_t)(radius[l] >> 32);
		b[2 * l] = (uint32_t)angle[l];
		b[2 * l + 1] = (uint32_t)(angle[l] >> 32);
	}
	for (int l = 0; l < 2 * GROUP; l++)
		pair_f(a[l], b[l], first + l, second + l);
	for (int l = 0; l < 2 * GROUP; l++) {
		out[2 * l] = first[l];
		out[2 * l + 1] = second[l];
	}
}

void rng_normal_f(struct rng r, uint64_t first, size_t n, float *out)
{
	static const int by_use[4] = { 2, 0, 3, 1 };
	uint64_t radius[GROUP], angle[GROUP];
	float value[4 * GROUP];

	while (n > 0) {
		const size_t skip = first % 4, room = 4 * GROUP - skip, take = n < room ? n : room;

		philox_group((uint32_t)(first / 4), r.purpose, r.sample, r.seed, by_use, radius, angle);
		if (take == 4 * GROUP) {
			pairs_f(radius, angle, out);
		} else {
			pairs_f(radius, angle, value);
			memcpy(out, value + skip, take * sizeof *out);
		}
		first += take;
		out += take;
		n -= take;
	}
}
