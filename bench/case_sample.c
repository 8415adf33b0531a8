/* case_sample.c: random numbers and paths of stochastic processes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "bench.h"
#include "integ/process.h"
#include "integ/sde.h"

enum { NORMALS = 10000000, CHUNK = 100000, PATHS = 4096, STEPS = 10000, BLOCK = 64 };

struct work {
	float *normal;
	double *path;
	uint64_t turn;
	int method;
};

static void close_work(void *work)
{
	struct work *w = work;

	free(w->normal);
	free(w->path);
	free(w);
}

static void *open_normals(const struct bench_case *c, const char *dir, struct err *e)
{
	struct work *w = xcalloc(1, sizeof *w);

	(void)c, (void)dir, (void)e;
	w->normal = xaligned(NORMALS * sizeof *w->normal);
	return w;
}

static void draw(void *arg, int64_t i, int worker)
{
	struct work *w = arg;

	(void)worker;
	rng_normal_f(rng_stream(1, "bench", w->turn, 0), (uint64_t)i * CHUNK, CHUNK, w->normal + i * CHUNK);
}

static int run_normals(void *work, struct err *e)
{
	struct work *w = work;

	(void)e;
	w->turn++;
	pool_run(NORMALS / CHUNK, draw, w);
	return 0;
}

static void *open_paths(const struct bench_case *c, const char *dir, struct err *e)
{
	struct work *w = xcalloc(1, sizeof *w);

	(void)c, (void)dir, (void)e;
	w->path = xaligned(2 * PATHS * sizeof *w->path);
	while (strcmp(sde_exact_or_method_names[w->method], "euler-maruyama") != 0)
		w->method++;
	return w;
}

/* A block of independent components of one equation: end points only. */
static void walk(void *arg, int64_t i, int worker)
{
	struct work *w = arg;
	const struct process p = { .rate = 0.1, .sigma = 0.3, .start = 1 };
	const struct process_scheme scheme = { .method = w->method, .steps = STEPS };

	(void)worker;
	process_path(PROCESS_GBM, &p, &scheme, BLOCK, 1, 1, w->turn, i, NULL, w->path + i * 2 * BLOCK, NULL, NULL);
}

static int run_paths(void *work, struct err *e)
{
	struct work *w = work;

	(void)e;
	w->turn++;
	pool_run(PATHS / BLOCK, walk, w);
	return 0;
}

static int no_result(void *work, double *value)
{
	(void)work, (void)value;
	return 0;
}

const struct bench_case sample_cases[] = {
	{ .name = "normals",
	  .size = "1e7 float",
	  .open = open_normals,
	  .run = run_normals,
	  .result = no_result,
	  .close = close_work },
	{ .name = "sde-paths",
	  .size = "4096 paths of 10000 steps",
	  .open = open_paths,
	  .run = run_paths,
	  .result = no_result,
	  .close = close_work },
	{ .name = NULL },
};
