/* bench.c: one workload as a process that waits for its turns, so that two opponents can be timed in turn:
 *   sciml-bench CASE DIR [THREADS]   does three units, says "ready name=CASE RESULT...", then answers lines on standard
 *   input: "run SECONDS" -> seconds and processor seconds of a unit, from as many as fit; "floor" -> the least seconds
 *   of a unit; anything else ends. sciml-bench                      lists the workloads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/log.h"
#include "base/pool.h"
#include "base/str.h"
#include "bench.h"
#include "num/tensor.h"

static const struct bench_case *const tables[] = { train_cases,	   network_cases, physics_cases, diffeq_cases,
						   generate_cases, sample_cases,  sampler_cases, io_cases,
						   start_cases,	   NULL };

int bench_put(const char *dir, const char *name, const struct tensor *t, struct err *e)
{
	const bool single = t->dtype == DTYPE_F32;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.%s", dir, name, single ? "f32" : "f64");
	if (!(f = fopen(path, "wb")) || fwrite(t->data, 1, tensor_bytes(t), f) != tensor_bytes(t) || fclose(f) != 0)
		return err_errno(e, "%s", path);
	snprintf(path, sizeof path, "%s/arrays", dir);
	if (!(f = fopen(path, "a")))
		return err_errno(e, "%s", path);
	fprintf(f, "%s %s", name, single ? "f32" : "f64");
	for (int d = 0; d < t->shape.rank; d++)
		fprintf(f, " %lld", (long long)t->shape.dim[d]);
	fprintf(f, "\n");
	return fclose(f) == 0 ? 0 : err_errno(e, "%s", path);
}

static const struct bench_case *find(const char *name)
{
	for (int i = 0; tables[i]; i++)
		for (const struct bench_case *c = tables[i]; c->name; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

double bench_cpu_seconds(void)
{
	struct rusage ended;
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	getrusage(RUSAGE_CHILDREN, &ended);
	return (double)(t.tv_sec + ended.ru_utime.tv_sec + ended.ru_stime.tv_sec) + 1e-9 * (double)t.tv_nsec +
	       1e-6 * (double)(ended.ru_utime.tv_usec + ended.ru_stime.tv_usec);
}

/* Seconds and processor seconds of a unit: as many as fit into the time given, one at least. */
static int turn(const struct bench_case *c, void *work, double allowed, struct err *e)
{
	double start = clock_seconds(), used = bench_cpu_seconds(), now;
	int64_t units = 0;

	do {
		if (c->run(work, e) != 0)
			return -1;
		units += c->units > 0 ? c->units : 1;
		now = clock_seconds();
	} while (now - start < allowed);
	printf("%.9g %.9g\n", (now - start) / (double)units, (bench_cpu_seconds() - used) / (double)units);
	return 0;
}

static int serve(const struct bench_case *c, const char *dir, struct err *e)
{
	void *work = c->open(c, dir, e);
	double value[BENCH_RESULTS], allowed;
	struct bench_floor floor = { 0 };
	char line[256];
	int status = work ? 0 : -1;

	if (status == 0)
		printf("ready name=%s", c->name);
	for (int k = 0; k < 3 && status == 0; k++) {
		status = c->run(work, e);
		for (int i = 0, n = status == 0 ? c->result(work, value) : 0; i < n; i++)
			printf(" %.17g", value[i]);
	}
	printf("\n");
	fflush(stdout);
	while (status == 0 && fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "run %lf", &allowed) == 1) {
			status = turn(c, work, allowed, e);
		} else if (strcmp(line, "floor\n") == 0) {
			if (c->floor)
				c->floor(c, &floor);
			printf("%.9g\n", bench_floor_seconds(&floor));
		} else {
			break;
		}
		fflush(stdout);
	}
	if (work)
		c->close(work);
	return status;
}

int main(int argc, char **argv)
{
	const struct bench_case *c = argc > 2 ? find(argv[1]) : NULL;
	struct err e = { 0 };

	if (argc == 1) {
		for (int i = 0; tables[i]; i++)
			for (c = tables[i]; c->name; c++)
				printf("%s\t%s\n", c->name, c->size);
		return 0;
	}
	if (!c) {
		fprintf(stderr, "usage: sciml-bench [CASE DIR [THREADS]]; without arguments it lists the cases\n");
		return 2;
	}
	pool_set_threads(argc > 3 ? atoi(argv[3]) : 1);
	if (serve(c, argv[2], &e) != 0) {
		fprintf(stderr, "sciml-bench: %s: %s\n", c->name, e.message);
		return 1;
	}
	return 0;
}
