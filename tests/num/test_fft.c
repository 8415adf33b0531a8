/* test_fft.c: every kind against its defining sum, one to four axes, strided and batched, at any alignment. */
#include <check.h>
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/rng.h"
#include "num/fft.h"

static const double pi = 3.14159265358979323846;

/* Entry (k, j) of the matrix of a kind on n points. */
static double complex entry(enum fft_kind kind, int64_t n, int64_t k, int64_t j)
{
	double sign = k % 2 ? -1 : 1, N = (double)n, J = (double)j, K = (double)k;

	switch (kind) {
	case FFT_FORWARD:
	case FFT_REAL:
		return cexp(-2 * pi * I * J * K / N);
	case FFT_BACKWARD:
	case FFT_REAL_BACK:
		return cexp(2 * pi * I * J * K / N);
	case FFT_DCT1:
		return j == 0 ? 1 : j == n - 1 ? sign : 2 * cos(pi * J * K / (N - 1));
	case FFT_DCT2:
		return 2 * cos(pi * (J + 0.5) * K / N);
	case FFT_DCT3:
		return j == 0 ? 1 : 2 * cos(pi * J * (K + 0.5) / N);
	case FFT_DST1:
		return 2 * sin(pi * (J + 1) * (K + 1) / (N + 1));
	case FFT_DST2:
		return 2 * sin(pi * (J + 0.5) * (K + 1) / N);
	case FFT_DST3:
		return j == n - 1 ? sign : 2 * sin(pi * (J + 1) * (K + 0.5) / N);
	}
	return NAN;
}

/* x -> y along each axis in turn, by the matrix; both `size` long, row-major. */
static void brute(enum fft_kind kind, int n_dims, const int64_t *n, double complex *x, double complex *y)
{
	int64_t size = 1, inner = 1;

	for (int d = 0; d < n_dims; d++)
		size *= n[d];
	for (int d = n_dims - 1; d >= 0; d--) {
		for (int64_t i = 0; i < size; i++) {
			int64_t k = i / inner % n[d], base = i - k * inner;

			y[i] = 0;
			for (int64_t j = 0; j < n[d]; j++)
				y[i] += entry(kind, n[d], k, j) * x[base + j * inner];
		}
		memcpy(x, y, (size_t)size * sizeof *x);
		inner *= n[d];
	}
}

static const struct rng stream = { .seed = 5, .purpose = 1 };

/* Random input, complex or real as the kind wants. For the backward real transform: a spectrum with the symmetry of a
 * real field, made by transforming one. */
static void draw(enum fft_kind kind, int n_dims, const int64_t *n, int64_t size, double complex *x)
{
	double complex *y = malloc((size_t)size * sizeof *y);

	for (int64_t i = 0; i < size; i++) {
		x[i] = rng_normal_at(stream, (uint64_t)(2 * i));
		if (kind == FFT_FORWARD || kind == FFT_BACKWARD)
			x[i] += I * rng_normal_at(stream, (uint64_t)(2 * i + 1));
	}
	if (kind == FFT_REAL_BACK)
		brute(FFT_FORWARD, n_dims, n, x, y);
	free(y);
}

static void put(char *p, bool single, bool is_complex, int64_t i, double complex v)
{
	const double part[2] = { creal(v), cimag(v) };
	int width = is_complex ? 2 : 1;

	for (int c = 0; c < width; c++) {
		float f = (float)part[c];
		size_t at = (size_t)(width * i + c);

		if (single)
			memcpy(p + at * sizeof f, &f, sizeof f);
		else
			memcpy(p + at * sizeof part[c], &part[c], sizeof part[c]);
	}
}

static double complex get(const char *p, bool single, bool is_complex, int64_t i)
{
	double part[2] = { 0, 0 };
	int width = is_complex ? 2 : 1;

	for (int c = 0; c < width; c++) {
		float f;
		size_t at = (size_t)(width * i + c);

		if (single) {
			memcpy(&f, p + at * sizeof f, sizeof f);
			part[c] = f;
		} else {
			memcpy(&part[c], p + at * sizeof part[c], sizeof part[c]);
		}
	}
	return part[0] + I * part[1];
}

/* Element number of row-major index i of extents n, when the last axis is stored `last` long; -1 when beyond it. */
static int64_t halved(int n_dims, const int64_t *n, int64_t last, int64_t i)
{
	return i % n[n_dims - 1] < last ? i / n[n_dims - 1] * last + i % n[n_dims - 1] : -1;
}

/* stride > 1: elements of both sides lie that far apart; shift: bytes by which arrays miss alignment. */
static void check_kind(enum fft_kind kind, bool single, int n_dims, const int64_t *n, int64_t stride, size_t shift)
{
	struct fft_shape s = fft_contiguous(kind, single, n_dims, n, 3);
	bool in_complex = kind < FFT_DCT1 && kind != FFT_REAL, out_complex = kind < FFT_DCT1 && kind != FFT_REAL_BACK;
	int64_t size = 1, last = n[n_dims - 1], in_last = kind == FFT_REAL_BACK ? last / 2 + 1 : last;
	int64_t out_last = kind == FFT_REAL ? last / 2 + 1 : last, in_size, out_size;
	double scale = 0, worst = 0;
	struct fft_plan *p;
	struct err e = { 0 };
	double complex *x, *y;
	char *in, *out, *kept;
	size_t bytes;

	for (int d = 0; d < n_dims; d++)
		size *= n[d];
	in_size = size / last * in_last;
	out_size = size / last * out_last;
	for (int d = 0; d < n_dims; d++) {
		s.dim[d].in_stride *= stride;
		s.dim[d].out_stride *= stride;
	}
	s.batch[0].in_stride *= stride;
	s.batch[0].out_stride *= stride;
	bytes = (size_t)(3 * size * stride + 2 * stride) * 2 * sizeof(double) * 2 + 64;
	x = malloc((size_t)size * sizeof *x);
	y = malloc((size_t)size * sizeof *y);
	in = aligned_alloc(64, bytes / 64 * 64 + 64);
	out = aligned_alloc(64, bytes / 64 * 64 + 64);
	kept = malloc(bytes);
	memset(in, 0x55, bytes);
	memset(out, 0x55, bytes);
	memset(kept, 0x55, bytes);
	draw(kind, n_dims, n, size, x);
	for (int64_t b = 0; b < 3; b++)
		for (int64_t i = 0; i < size; i++)
			if (halved(n_dims, n, in_last, i) >= 0)
				put(in + shift, single, in_complex,
				    stride * (b * in_size + halved(n_dims, n, in_last, i)), (double)(b + 1) * x[i]);
	p = fft_plan_new(&s, &e);
	ck_assert_msg(p != NULL, "%s", e.message);
	fft_run(p, in + shift, out + shift);
	fft_plan_free(p);
	brute(kind, n_dims, n, x, y);
	for (int64_t i = 0; i < size; i++)
		scale = fmax(scale, cabs(y[i]));
	for (int64_t b = 0; b < 3; b++)
		for (int64_t i = 0; i < size; i++) {
			int64_t k = halved(n_dims, n, out_last, i);

			if (k < 0)
				continue;
			k = stride * (b * out_size + k);
			worst = fmax(worst, cabs(get(out + shift, single, out_complex, k) - (double)(b + 1) * y[i]));
			put(out + shift, single, out_complex, k, get(kept, single, out_complex, 0));
		}
	ck_assert_msg(worst < (single ? 3e-6 : 1e-13) * scale, "kind %d %s axes %d stride %d shift %d: error %g of %g",
		      kind, single ? "float" : "double", n_dims, (int)stride, (int)shift, worst, scale);
	ck_assert_mem_eq(out, kept, bytes); /* nothing between the elements was touched */
	free(x);
	free(y);
	free(in);
	free(out);
	free(kept);
}

static const int64_t extents[][4] = { { 16 }, { 15 }, { 7 }, { 6, 5 }, { 4, 3, 8 }, { 3, 2, 4, 5 } };
static const int rank[] = { 1, 1, 1, 2, 3, 4 };

START_TEST(kinds_are_their_sums)
{
	for (int kind = FFT_FORWARD; kind <= FFT_DST3; kind++)
		for (int single = 0; single <= 1; single++)
			for (int k = 0; k < 6; k++) {
				check_kind((enum fft_kind)kind, single, rank[k], extents[k], 1, 0);
				check_kind((enum fft_kind)kind, single, rank[k], extents[k], 3, 0);
				check_kind((enum fft_kind)kind, single, rank[k], extents[k], 1, 4);
				check_kind((enum fft_kind)kind, single, rank[k], extents[k], 2, 8);
			}
}
END_TEST

/* 2-D real transforms there and back, and in place, and equal bits at every alignment. */
START_TEST(there_and_back)
{
	enum { N = 32, M = 20, SIZE = N * M, HALF = N * (M / 2 + 1) };
	static _Alignas(64) float x[SIZE + 16], spectrum[2 * HALF + 16], back[SIZE + 16], first[SIZE];
	const int64_t n[2] = { N, M };
	struct fft_shape forward = fft_contiguous(FFT_REAL, true, 2, n, 1);
	struct fft_shape backward = fft_contiguous(FFT_REAL_BACK, true, 2, n, 1);
	struct fft_plan *p = fft_plan_new(&forward, NULL), *q = fft_plan_new(&backward, NULL);

	for (int shift = 0; shift < 5; shift++) {
		rng_normal_f(stream, 0, SIZE, x + shift);
		fft_run(p, x + shift, spectrum + shift);
		fft_run(q, spectrum + shift, back + shift);
		for (int i = 0; i < SIZE; i++)
			ck_assert_float_eq_tol(back[shift + i] / SIZE, x[shift + i], 2e-6f);
		if (shift == 0)
			memcpy(first, back, sizeof first);
		ck_assert_mem_eq(first, back + shift, sizeof first);
	}
	fft_plan_free(p);
	fft_plan_free(q);
}
END_TEST

START_TEST(in_place)
{
	enum { N = 48 };
	static _Alignas(64) double x[2 * N + 2], y[2 * N];
	const int64_t n[1] = { N };
	struct fft_shape s = fft_contiguous(FFT_FORWARD, false, 1, n, 1);
	struct fft_plan *p = fft_plan_new(&s, NULL), *q;

	s.in_place = true;
	q = fft_plan_new(&s, NULL);
	for (int shift = 0; shift < 2; shift++) {
		rng_normal(stream, 0, 2 * N, x + shift);
		fft_run(p, x + shift, y);
		fft_run(q, x + shift, x + shift);
		for (int i = 0; i < 2 * N; i++)
			ck_assert_double_eq_tol(x[shift + i], y[i], 1e-13);
	}
	fft_plan_free(p);
	fft_plan_free(q);
}
END_TEST

/* Backward over one axis keeps its input or may spoil it: the same numbers. */
START_TEST(kept_or_spoilt)
{
	enum { N = 256 };
	static _Alignas(64) double x[N], spectrum[N + 2], given[N + 2], back[2][N];
	struct fft_shape s = fft_contiguous(FFT_REAL, false, 1, (int64_t[]){ N }, 1);
	struct fft_plan *p = fft_plan_new(&s, NULL);

	rng_normal(stream, 0, N, x);
	fft_run(p, x, spectrum);
	fft_plan_free(p);
	s = fft_contiguous(FFT_REAL_BACK, false, 1, (int64_t[]){ N }, 1);
	for (int k = 0; k < 2; k++) {
		s.spoils = k == 1;
		p = fft_plan_new(&s, NULL);
		memcpy(given, spectrum, sizeof given);
		fft_run(p, given, back[k]);
		fft_plan_free(p);
		if (!s.spoils)
			ck_assert_mem_eq(given, spectrum, sizeof given);
		for (int i = 0; i < N; i++)
			ck_assert_double_eq_tol(back[k][i] / N, x[i], 1e-14);
	}
}
END_TEST

static void plan_and_run(void *arg, int64_t i, int worker)
{
	int64_t n[1] = { 8 + i % 16 };
	bool single = i % 2;
	struct fft_shape s = fft_contiguous(FFT_FORWARD, single, 1, n, 1);
	struct fft_plan *p = fft_plan_new(&s, NULL);
	_Alignas(64) char x[64 * sizeof(double)] = { 0 }, y[64 * sizeof(double)];

	(void)worker;
	put(x, single, true, 0, 1);
	fft_run(p, x, y); /* of the unit impulse: all ones */
	for (int64_t k = 0; k < n[0]; k++)
		((int *)arg)[i] += get(y, single, true, k) != 1;
	fft_plan_free(p);
}

START_TEST(plans_from_many_threads)
{
	static int wrong[2000];

	pool_set_threads(8);
	pool_run(2000, plan_and_run, wrong);
	for (int i = 0; i < 2000; i++)
		ck_assert_int_eq(wrong[i], 0);
	pool_stop();
}
END_TEST

START_TEST(refused)
{
	struct fft_shape s = { .n_dims = 5 };
	struct err e = { 0 };

	ck_assert_ptr_null(fft_plan_new(&s, &e));
	ck_assert_str_eq(e.message, "transform of 5 axes, batched over 0: at most 4 each");
	s = fft_contiguous(FFT_DCT1, false, 1, (int64_t[]){ 1 }, 1);
	ck_assert_ptr_null(fft_plan_new(&s, &e));
	ck_assert_str_eq(e.message, "transform over an axis of 1 points");
	fft_plan_free(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fft");
	TCase *t = tcase_create("fft");
	SRunner *runner;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, kinds_are_their_sums);
	tcase_add_test(t, there_and_back);
	tcase_add_test(t, in_place);
	tcase_add_test(t, kept_or_spoilt);
	tcase_add_test(t, plans_from_many_threads);
	tcase_add_test(t, refused);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
