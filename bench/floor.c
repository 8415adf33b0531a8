/* floor.c: what this machine can do: rates of matrix products, transforms and memory, measured when asked. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "bench.h"
#include "num/blas.h"

enum { GEMM = 768, TRIAD = 1 << 24 };

/* Least processor seconds of some runs of one task a thread, all threads together. */
static double best(void (*task)(void *, int64_t, int), void *arg)
{
	double least = 1e300;

	for (int k = 0; k < 5; k++) {
		double start = bench_cpu_seconds();

		pool_run(pool_threads(), task, arg);
		double took = bench_cpu_seconds() - start;
		if (k > 0 && took < least)
			least = took;
	}
	return least;
}

struct square {
	float *f[3];
	double *d[3];
};

static void multiply_f(void *arg, int64_t i, int worker)
{
	struct square *s = arg;

	(void)worker;
	num_gemm_f(false, false, GEMM, GEMM, GEMM, 1, s->f[0], GEMM, s->f[1], GEMM, 0,
		   s->f[2] + i * (int64_t)(GEMM * GEMM), GEMM);
}

static void multiply_d(void *arg, int64_t i, int worker)
{
	struct square *s = arg;

	(void)worker;
	num_gemm_d(false, false, GEMM, GEMM, GEMM, 1, s->d[0], GEMM, s->d[1], GEMM, 0,
		   s->d[2] + i * (int64_t)(GEMM * GEMM), GEMM);
}

/* Flop a processor second. */
static double gemm_rate(bool in_double)
{
	const int threads = pool_threads();
	const size_t n = (size_t)GEMM * GEMM;
	struct square s = { 0 };

	for (int k = 0; k < 3; k++) {
		size_t count = k == 2 ? n * (size_t)threads : n;

		s.f[k] = xaligned(count * sizeof(float));
		s.d[k] = xaligned(count * sizeof(double));
		for (size_t i = 0; i < count; i++)
			s.d[k][i] = s.f[k][i] = (float)(i % 17) - 8;
	}
	double rate = 2. * GEMM * GEMM * GEMM * threads / best(in_double ? multiply_d : multiply_f, &s);
	for (int k = 0; k < 3; k++) {
		free(s.f[k]);
		free(s.d[k]);
	}
	return rate;
}

static void triad_task(void *arg, int64_t i, int worker)
{
	float **a = arg;
	const int64_t part = TRIAD / pool_threads();

	(void)worker;
	for (int64_t k = i * part; k < (i + 1) * part; k++)
		a[0][k] = a[1][k] + 3 * a[2][k];
}

/* Bytes a processor second of a = b + 3 c, three streams. */
static double triad_rate(void)
{
	float *a[3];

	for (int k = 0; k < 3; k++) {
		a[k] = xaligned(TRIAD * sizeof **a);
		memset(a[k], 0, TRIAD * sizeof **a);
	}
	double rate = 3. * TRIAD * sizeof **a / best(triad_task, a);
	for (int k = 0; k < 3; k++)
		free(a[k]);
	return rate;
}

struct transform {
	struct fft_plan *plan;
	char **in, **out;
	int64_t repeat;
};

static void transform_task(void *arg, int64_t i, int worker)
{
	struct transform *t = arg;

	(void)worker;
	for (int64_t k = 0; k < t->repeat; k++)
		fft_run(t->plan, t->in[i], t->out[i]);
}

/* Processor seconds of one transform when every thread does its own. */
static double fft_seconds(const struct fft_shape *s)
{
	const int threads = pool_threads();
	struct transform t = { .plan = fft_plan_new(s, NULL), .repeat = 1 };
	size_t bytes = s->single ? sizeof(float) : sizeof(double);

	if (!t.plan)
		return 0;
	for (int d = 0; d < s->n_dims; d++)
		bytes *= (size_t)s->dim[d].n + 2;
	for (int d = 0; d < s->n_batch; d++)
		bytes *= (size_t)s->batch[d].n;
	t.in = xcalloc((size_t)threads, sizeof *t.in);
	t.out = xcalloc((size_t)threads, sizeof *t.out);
	for (int i = 0; i < threads; i++) {
		t.in[i] = xaligned(2 * bytes);
		t.out[i] = xaligned(2 * bytes);
		memset(t.in[i], 0, 2 * bytes);
	}
	double once = best(transform_task, &t);
	t.repeat = once > 0.02 ? 1 : (int64_t)(0.02 / (once + 1e-9)) + 1;
	double seconds = best(transform_task, &t) / (double)t.repeat / threads;
	for (int i = 0; i < threads; i++) {
		free(t.in[i]);
		free(t.out[i]);
	}
	free(t.in);
	free(t.out);
	fft_plan_free(t.plan);
	return seconds;
}

double bench_floor_seconds(const struct bench_floor *f)
{
	double seconds = 0;

	if (f->gemm_flop > 0)
		seconds += f->gemm_flop / gemm_rate(f->in_double);
	if (f->bytes > 0)
		seconds += f->bytes / triad_rate();
	for (int k = 0; k < f->n_ffts; k++)
		seconds += f->fft[k].count * fft_seconds(&f->fft[k].shape);
	return seconds;
}
