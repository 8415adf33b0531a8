/* test_rng.c: Philox against the known answers of Random123, streams against their definition and their statistics. */
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

/* Random123 1.09, tests/kat_vectors, philox4x32 10 rounds. */
static const struct {
	uint32_t counter[4], key[2], out[4];
} known[] = {
	{ { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
	{ { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
	  { 0xffffffff, 0xffffffff },
	  { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
	{ { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
	  { 0xa4093822, 0x299f31d0 },
	  { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

START_TEST(philox_known_answers)
{
	uint32_t out[4];

	for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
		rng_philox(known[k].counter, known[k].key, out);
		ck_assert_mem_eq(out, known[k].out, sizeof out);
	}
}
END_TEST

static const struct rng stream = { .seed = 0x123456789abcdef0, .sample = 0xfedcba9876543210, .purpose = 77 };

START_TEST(bits_are_philox_blocks)
{
	const uint32_t key[2] = { 0x9abcdef0, 0x12345678 };
	uint32_t bits[1000], out[4];

	rng_bits(stream, 0, 1000, bits);
	for (uint32_t block = 0; block < 250; block++) {
		const uint32_t counter[4] = { block, 77, 0x76543210, 0xfedcba98 };

		rng_philox(counter, key, out);
		ck_assert_mem_eq(out, bits + 4 * block, sizeof out);
	}
}
END_TEST

/* Any partition of a range, at odd offsets, gives the bytes of the whole. */
#define PARTITION_TEST(name, type, draw)                                                                               \
	START_TEST(name)                                                                                               \
	{                                                                                                              \
		enum { N = 3000 };                                                                                     \
		type whole[N], part[N];                                                                                \
		static const size_t step[] = { 1, 2, 3, 5, 31, 32, 33, 255, 257, 700 };                                \
                                                                                                                       \
		draw(stream, 11, N, whole);                                                                            \
		for (size_t k = 0; k < sizeof step / sizeof step[0]; k++) {                                            \
			memset(part, 0, sizeof part);                                                                  \
			for (size_t i = 0; i < N; i += step[k])                                                        \
				draw(stream, 11 + i, i + step[k] < N ? step[k] : N - i, part + i);                     \
			ck_assert_mem_eq(part, whole, sizeof whole);                                                   \
		}                                                                                                      \
	}                                                                                                              \
	END_TEST

PARTITION_TEST(partition_bits, uint32_t, rng_bits)
PARTITION_TEST(partition_uniform, double, rng_uniform)
PARTITION_TEST(partition_uniform_f, float, rng_uniform_f)
PARTITION_TEST(partition_normal, double, rng_normal)
PARTITION_TEST(partition_normal_f, float, rng_normal_f)

/* Many samples at once give each sample's own stream. */
START_TEST(normals_of_samples)
{
	static const size_t samples[] = { 1, 3, 16, 37 }, count[] = { 1, 2, 3, 16, 33 };
	double whole[37 * 33], one[33];

	for (size_t k = 0; k < 4; k++)
		for (size_t j = 0; j < 5; j++)
			for (uint64_t first = 4; first < 6; first++) {
				rng_normal_each(stream, samples[k], first, count[j], whole);
				for (size_t s = 0; s < samples[k]; s++) {
					struct rng r = stream;

					r.sample += s;
					rng_normal(r, first, count[j], one);
					ck_assert_mem_eq(one, whole + s * count[j], count[j] * sizeof *one);
				}
			}
}
END_TEST

enum { MANY = 1 << 18 };

START_TEST(uniform_values)
{
	uint32_t *bits = malloc(2 * MANY * sizeof *bits);
	double *u = malloc(MANY * sizeof *u);
	float *f = malloc(MANY * sizeof *f);

	rng_bits(stream, 0, 2 * MANY, bits);
	rng_uniform(stream, 0, MANY, u);
	rng_uniform_f(stream, 0, MANY, f);
	for (int i = 0; i < MANY; i++) {
		ck_assert(u[i] > 0 && u[i] < 1 && f[i] > 0 && f[i] < 1);
		ck_assert(fabs(u[i] - (bits[2 * i] + bits[2 * i + 1] * 0x1p-32) * 0x1p-32) < 0x1p-51);
		ck_assert(fabs(f[i] - bits[i] * 0x1p-32) < 0x1p-22);
	}
	ck_assert(u[5] == rng_uniform_at(stream, 5));
	free(bits);
	free(u);
	free(f);
}
END_TEST

/* Box-Muller in long double from the words themselves. */
START_TEST(normal_is_box_muller)
{
	enum { N = 4096 };
	static uint32_t bits[2 * N];
	static double d[N];
	static float f[N];

	rng_bits(stream, 0, 2 * N, bits);
	rng_normal(stream, 0, N, d);
	rng_normal_f(stream, 0, N, f);
	for (int i = 0; i < N; i += 2) {
		long double u = ((bits[2 * i] * 4294967296.0L + bits[2 * i + 1]) + 0.5L) / 0x1p64L;
		long double v = ((bits[2 * i + 2] * 4294967296.0L + bits[2 * i + 3]) + 0.5L) / 0x1p64L;
		long double r = sqrtl(-2 * logl(u)), angle = 2 * acosl(-1) * (v - 0.5L);

		ck_assert_double_eq_tol(d[i], (double)(r * cosl(angle)), 1e-13);
		ck_assert_double_eq_tol(d[i + 1], (double)(r * sinl(angle)), 1e-13);
		r = sqrtl(-2 * logl((bits[i] + 0.5L) / 0x1p32L));
		angle = acosl(-1) * (int32_t)bits[i + 1] / 0x1p31L;
		ck_assert_double_eq_tol(f[i], (double)(r * cosl(angle)), 5e-6);
		ck_assert_double_eq_tol(f[i + 1], (double)(r * sinl(angle)), 5e-6);
	}
	ck_assert(d[7] == rng_normal_at(stream, 7));
}
END_TEST

/* Sums of the bits as they are on any machine and in any build: a change here is a change of every data set. */
START_TEST(normal_bits)
{
	enum { N = 10000 };
	static double d[N];
	static float f[N];
	uint64_t sum = 0, sum_f = 0;

	rng_normal(stream, 0, N, d);
	rng_normal_f(stream, 0, N, f);
	for (int i = 0; i < N; i++) {
		uint64_t bits;
		uint32_t bits_f;

		memcpy(&bits, d + i, sizeof bits);
		memcpy(&bits_f, f + i, sizeof bits_f);
		sum = sum * 31 + bits;
		sum_f = sum_f * 31 + bits_f;
	}
	ck_assert_uint_eq(sum, UINT64_C(950138848904407479));
	ck_assert_uint_eq(sum_f, UINT64_C(564742091189202054));
}
END_TEST

/* Moments within 5 standard errors of 0, 1, 0, 3; neighbours uncorrelated. */
static void check_moments(int n, double (*value)(int i))
{
	double m1 = 0, m2 = 0, m3 = 0, m4 = 0, lag = 0;

	for (int i = 0; i < n; i++) {
		double x = value(i);

		m1 += x / n;
		m2 += x * x / n;
		m3 += x * x * x / n;
		m4 += x * x * x * x / n;
		lag += x * value((i + 1) % n) / n;
	}
	ck_assert_double_eq_tol(m1, 0, 5 * sqrt(1.0 / n));
	ck_assert_double_eq_tol(m2, 1, 5 * sqrt(2.0 / n));
	ck_assert_double_eq_tol(m3, 0, 5 * sqrt(15.0 / n));
	ck_assert_double_eq_tol(m4, 3, 5 * sqrt(96.0 / n));
	ck_assert_double_eq_tol(lag, 0, 5 * sqrt(1.0 / n));
}

static double *drawn;
static float *drawn_f;

static double value_d(int i)
{
	return drawn[i];
}

static double value_f(int i)
{
	return drawn_f[i];
}

START_TEST(normal_moments)
{
	drawn = malloc(MANY * sizeof *drawn);
	drawn_f = malloc(MANY * sizeof *drawn_f);
	rng_normal(stream, 0, MANY, drawn);
	rng_normal_f(stream, 0, MANY, drawn_f);
	check_moments(MANY, value_d);
	check_moments(MANY, value_f);
	free(drawn);
	free(drawn_f);
}
END_TEST

START_TEST(streams_differ)
{
	double a = rng_uniform_at(rng_stream(1, "init", 0, 0), 0);

	ck_assert(a != rng_uniform_at(rng_stream(2, "init", 0, 0), 0));
	ck_assert(a != rng_uniform_at(rng_stream(1, "noise", 0, 0), 0));
	ck_assert(a != rng_uniform_at(rng_stream(1, "init", 1, 0), 0));
	ck_assert(a != rng_uniform_at(rng_stream(1, "init", 0, 1), 0));
	ck_assert(a != rng_uniform_at(rng_stream(1ull << 40 | 1, "init", 0, 0), 0));
	ck_assert(a != rng_uniform_at(rng_stream(1, "init", 0, 1ull << 40), 0));
	ck_assert(a == rng_uniform_at(rng_stream(1, "init", 0, 0), 0));
}
END_TEST

/* Purposes of many steps collide no more than random 32-bit words: 4096 of them in under 5 pairs. */
START_TEST(purposes_differ)
{
	enum { N = 4096 };
	static uint32_t p[N];
	int equal = 0;

	for (int i = 0; i < N; i++) {
		p[i] = rng_purpose(i % 2 ? "a" : "b", (uint64_t)(i / 2));
		for (int k = 0; k < i; k++)
			equal += p[k] == p[i];
	}
	ck_assert_int_lt(equal, 5);
}
END_TEST

/* All 24 orders of 4 equally often: chi-squared with 23 degrees of freedom, below its 1 - 1e-6 quantile of 72. */
START_TEST(permutation_is_uniform)
{
	enum { TIMES = 24000 };
	int count[256] = { 0 };
	double chi = 0;

	for (int t = 0; t < TIMES; t++) {
		int64_t p[4];

		rng_permutation(rng_stream(3, "shuffle", 0, (uint64_t)t), 4, p);
		count[p[0] + 4 * p[1] + 16 * p[2] + 64 * p[3]]++;
	}
	for (int i = 0; i < 256; i++) {
		int bit = 1 << (i & 3) | 1 << (i >> 2 & 3) | 1 << (i >> 4 & 3) | 1 << (i >> 6);

		if (bit == 15)
			chi += pow(count[i] - TIMES / 24.0, 2) / (TIMES / 24.0);
		else
			ck_assert_int_eq(count[i], 0);
	}
	ck_assert_double_lt(chi, 72);
	ck_assert_double_gt(chi, 3);
}
END_TEST

START_TEST(permutation_has_all)
{
	static int64_t p[1000];
	static bool seen[1000];
	double ascents = 0;

	for (int64_t n = 0; n <= 1000; n += 111) {
		rng_permutation(stream, n, p);
		memset(seen, 0, sizeof seen);
		for (int64_t i = 0; i < n; i++) {
			ck_assert(p[i] >= 0 && p[i] < n && !seen[p[i]]);
			seen[p[i]] = true;
		}
	}
	rng_permutation(stream, 1000, p);
	for (int i = 0; i < 999; i++)
		ascents += p[i] < p[i + 1];
	ck_assert_double_eq_tol(ascents, 499.5, 5 * sqrt(1001 / 12.0));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rng");
	TCase *t = tcase_create("rng");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, philox_known_answers);
	tcase_add_test(t, bits_are_philox_blocks);
	tcase_add_test(t, partition_bits);
	tcase_add_test(t, partition_uniform);
	tcase_add_test(t, partition_uniform_f);
	tcase_add_test(t, normals_of_samples);
	tcase_add_test(t, partition_normal);
	tcase_add_test(t, partition_normal_f);
	tcase_add_test(t, uniform_values);
	tcase_add_test(t, normal_is_box_muller);
	tcase_add_test(t, normal_bits);
	tcase_add_test(t, normal_moments);
	tcase_add_test(t, streams_differ);
	tcase_add_test(t, purposes_differ);
	tcase_add_test(t, permutation_is_uniform);
	tcase_add_test(t, permutation_has_all);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
