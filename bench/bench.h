/* bench.h: one workload of the benchmark: a unit of work, its numbers for comparison, and what it would cost at
 * least. */
#ifndef SCIML_BENCH_BENCH_H
#define SCIML_BENCH_BENCH_H

#include "base/err.h"
#include "num/fft.h"

enum { BENCH_RESULTS = 16, BENCH_FFTS = 4 };

/* The least that the arithmetic of one unit needs, at rates measured on the same machine in the same run. */
struct bench_floor {
	double gemm_flop; /* in single precision, or in double where `in_double` */
	double bytes;	  /* read and written by pointwise work that no product or transform can take along */
	bool in_double;
	struct {
		struct fft_shape shape;
		double count;
	} fft[BENCH_FFTS];
	int n_ffts;
};

struct bench_case {
	const char *name, *size;
	/* Make the workload; what the opponent needs to do the same goes into folder dir (bench_put). */
	void *(*open)(const struct bench_case *c, const char *dir, struct err *e);
	int (*run)(void *work, struct err *e); /* one unit, or `units` of them where that is not 0 */
	int64_t units;
	/* Numbers that say what the last unit gave, at most BENCH_RESULTS; 0: random, nothing to compare. */
	int (*result)(void *work, double *value);
	void (*floor)(const struct bench_case *c, struct bench_floor *f);
	void (*close)(void *work);
	const void *setting;
};

/* ended by name NULL */
extern const struct bench_case train_cases[], physics_cases[], diffeq_cases[], generate_cases[], sample_cases[];
extern const struct bench_case sampler_cases[], network_cases[], io_cases[], start_cases[];

/* Array for the opponent: DIR/NAME.f32 or .f64, raw, and a line "NAME TYPE DIM..." in DIR/arrays. */
struct tensor;
int bench_put(const char *dir, const char *name, const struct tensor *t, struct err *e);

/* Processor seconds of a unit at measured rates: products, transforms and memory one after the other. */
double bench_floor_seconds(const struct bench_floor *f);

/* Processor seconds so far, of all threads and of processes that were waited for: what a busy machine leaves
 * comparable. */
double bench_cpu_seconds(void);

#endif
