/* case_generate.c: generators: a problem marched from initial data that the opponent gets too. A unit marches all
 * samples of a batch, one a thread. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "bench.h"
#include "num/tensor.h"
#include "problem/problem.h"

struct generate_setting {
	const char *config;
	int64_t batch;
	int n_transforms; /* of the whole grid a step, real, both ways together */
	int64_t steps;
	int n_dims;
	int64_t size;
};

struct work {
	const struct generate_setting *setting;
	const struct problem_class *problem;
	struct conf *conf;
	struct cfg *reader;
	void *config;
	void *solver[POOL_THREADS_MAX];
	struct tensor in;
	double **field; /* of a sample and field */
	int64_t n_fields, n_in, n_out;
	double number[PROBLEM_NUMBERS_MAX];
	int failed;
	struct err error;
};

static void close_work(void *work)
{
	struct work *w = work;

	for (int i = 0; i < pool_threads(); i++)
		if (w->solver[i])
			w->problem->release(w->solver[i]);
	for (int64_t i = 0; i < w->n_fields * w->setting->batch; i++)
		free(w->field[i]);
	free(w->field);
	tensor_free(&w->in);
	cfg_free(w->reader);
	conf_free(w->conf);
	free(w->config);
	free(w);
}

static void *open_work(const struct bench_case *c, const char *dir, struct err *e)
{
	struct work *w = xcalloc(1, sizeof *w);
	struct layout l = { 0 };

	w->setting = c->setting;
	w->conf = conf_new();
	if (conf_load_text(w->conf, w->setting->config, "case", e) != 0)
		return NULL;
	w->reader = cfg_new(w->conf);
	w->problem = problem_of(w->conf, cfg_name(w->reader, "problem", NULL));
	w->config = xcalloc(1, w->problem->config_size);
	cfg_section(w->reader, "problem", 1, &(struct key_table){ w->problem->keys, w->config });
	if (cfg_done(w->reader, e) != 0)
		return NULL;
	for (int i = 0; i < pool_threads(); i++)
		if (w->problem->prepare(w->config, &w->solver[i], e) != 0)
			return NULL;
	w->problem->layout(w->config, &l);
	l.n_samples = 1;
	w->n_fields = l.n_fields;
	w->field = xcalloc((size_t)(w->n_fields * w->setting->batch), sizeof *w->field);
	for (int64_t i = 0; i < w->n_fields * w->setting->batch; i++)
		w->field[i] = xaligned((size_t)layout_field_count(&l, (int)(i % w->n_fields)) * sizeof(double));
	/* the first frame of a trajectory, or the first field of a map, as the problem draws it */
	w->n_out = layout_field_count(&l, (int)w->n_fields - 1);
	w->n_in = 1;
	for (int d = 0; d < w->setting->n_dims; d++)
		w->n_in *= w->setting->size;
	struct shape s = shape_of(w->setting->batch, w->n_in);
	w->in = tensor_new(DTYPE_F64, &s);
	for (int64_t i = 0; i < w->setting->batch; i++) {
		if (w->problem->generate(w->config, w->solver[0], 3, i, w->field + i * w->n_fields, w->number, e) != 0)
			return NULL;
		memcpy((double *)w->in.data + i * w->n_in, w->field[i * w->n_fields], (size_t)w->n_in * sizeof(double));
	}
	layout_free(&l);
	return bench_put(dir, "start", &w->in, e) == 0 ? w : NULL;
}

static void march(void *arg, int64_t i, int worker)
{
	struct work *w = arg;
	const double *in[1] = { (double *)w->in.data + i * w->n_in };
	struct err e = { 0 };
	double number[PROBLEM_NUMBERS_MAX];

	if (w->problem->march(w->config, w->solver[worker], i, in, w->field + i * w->n_fields, number, &e) != 0) {
		w->failed = 1;
		w->error = e;
	}
}

static int run(void *work, struct err *e)
{
	struct work *w = work;

	pool_run(w->setting->batch, march, w);
	if (w->failed)
		*e = w->error;
	return w->failed ? -1 : 0;
}

/* Root mean square of the last frame (of the solution) of the first sample and two of its values. */
static int result(void *work, double *value)
{
	struct work *w = work;
	const double *u = w->field[w->n_fields - 1] + w->n_out - w->n_in;
	double sum = 0;

	for (int64_t i = 0; i < w->n_in; i++)
		sum += u[i] * u[i];
	value[0] = sqrt(sum / (double)w->n_in);
	value[1] = u[w->n_in / 3];
	value[2] = u[w->n_in / 2];
	return 3;
}

static void transforms_floor(const struct bench_case *c, struct bench_floor *f)
{
	const struct generate_setting *s = c->setting;
	int64_t size[3] = { s->size, s->size, s->size };

	f->fft[0].shape = fft_contiguous(FFT_REAL, false, s->n_dims, size, 1);
	f->fft[0].count = (double)(s->batch * s->steps * s->n_transforms);
	f->n_ffts = 1;
}

static const struct generate_setting settings[] = {
	{ "problem: {name: navier-stokes, nu: 1e-3, T: 0.1, frames: 1, dt: 1e-3, grid: 64, solve_grid: 64, "
	  "method: euler-cn, convection: float32}",
	  20, 4, 100, 2, 64 },
	{ "problem: {name: navier-stokes, nu: 1e-4, T: 0.02, frames: 1, dt: 1e-3, grid: 256, solve_grid: 256, "
	  "method: euler-cn}",
	  2, 4, 20, 2, 256 },
	{ "problem:\n"
	  "  equation: \"u_t = -u*u_x - u_xx - u_xxxx\"\n"
	  "  domain: {x: [0, 100], t: [0, 100]}\n"
	  "  initial: {u: \"cos(2*pi*x/100)*(1 + sin(2*pi*x/100))\"}\n"
	  "  grid: 256\n"
	  "  solve_grid: 256\n"
	  "  frames: 1\n"
	  "  dt: 0.05\n",
	  1, 8, 2000, 1, 256 },
	{ "problem: {name: darcy, grid: 421, solve_grid: 421}", 1, 0, 0, 2, 421 },
};

#define CASE(name_text, size_text, k, floor_of)                                                                        \
	{                                                                                                              \
		.name = name_text, .size = size_text, .open = open_work, .run = run, .result = result,                 \
		.floor = floor_of, .close = close_work, .setting = &settings[k]                                        \
	}
const struct bench_case generate_cases[] = {
	CASE("ns2d-64", "64x64 batch 20, 100 steps", 0, transforms_floor),
	CASE("ns2d-256", "256x256 batch 2, 20 steps", 1, transforms_floor),
	CASE("ks1d", "256 points, 2000 ETDRK4 steps", 2, transforms_floor),
	CASE("darcy", "421x421, one sample", 3, NULL),
	{ .name = NULL },
};
