/* case_io.c: samples from a file into batches of training, and from a generator's blocks into a file. A unit is a pass
 * over all samples, from opening the file to closing it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "conf/key.h"
#include "io/h5out.h"
#include "run/task.h"

enum { SAMPLES = 1024, POINTS = 64, BATCH = 32, BLOCK = 128, FIELDS = 2 };

struct io_setting {
	double memory; /* data.memory: bytes of samples that a task keeps */
	bool write;
};

struct work {
	const struct io_setting *setting;
	char path[PATH_MAX];
	struct layout layout;
	int64_t count; /* elements of a field */
	double *field[FIELDS];
	struct conf *conf;
	struct cfg *reader;
	struct task_config task;
	float *x, *y;
	int64_t order[SAMPLES];
	double sum;
};

static void close_work(void *work)
{
	struct work *w = work;

	for (int f = 0; f < FIELDS; f++)
		free(w->field[f]);
	layout_free(&w->layout);
	cfg_free(w->reader);
	conf_free(w->conf);
	free(w->x);
	free(w->y);
	free(w);
}

/* As sciml-gen writes: blocks, each checked, flushed and synced, under a temporary name until the end. */
static int write_file(struct work *w, struct err *e)
{
	const struct h5_meta m = { .command = "bench", .config = "", .inputs = "", .kind = "data", .seed = 1 };
	struct h5part *out = h5part_open(w->path, false, &w->layout, &m, 0, NULL, e);
	int status = out ? 0 : -1;

	for (int64_t i = 0; i < SAMPLES && status == 0; i += BLOCK) {
		const double *from[FIELDS] = { w->field[0] + i * w->count, w->field[1] + i * w->count };

		status = h5part_write(out, i, BLOCK, from, e);
	}
	if (!out)
		return -1;
	return h5part_close(out, status == 0, e) == 0 ? status : -1;
}

static int read_file(struct work *w, struct err *e)
{
	void *target[1] = { w->y };
	struct dataset *d = NULL;
	struct task t = { 0 };
	int status = dataset_open(&d, w->path, NULL, e);
	bool opened = false;

	if (status == 0 && (status = task_open(&t, d, &w->task, 0, DTYPE_F32, e)) == 0)
		opened = true;
	w->sum = 0;
	for (int64_t i = 0; i < SAMPLES && status == 0; i += BATCH) {
		status = task_load(&t, BATCH, w->order + i, w->x, NULL, target, e);
		w->sum += (double)w->x[0] + (double)w->y[BATCH * w->count - 1];
	}
	if (opened)
		task_close(&t);
	dataset_close(d);
	return status;
}

static void describe(struct work *w)
{
	int axis[2];

	w->layout.n_samples = SAMPLES;
	axis[0] = layout_add_axis(&w->layout, "x", AXIS_SPACE, POINTS, NULL, true, 1);
	axis[1] = layout_add_axis(&w->layout, "y", AXIS_SPACE, POINTS, NULL, true, 1);
	layout_add_field(&w->layout, "a", DTYPE_F32, ROLE_INPUT, 2, axis);
	layout_add_field(&w->layout, "u", DTYPE_F32, ROLE_TARGET, 2, axis);
	w->count = POINTS * POINTS;
}

static int configure(struct work *w, struct err *e)
{
	w->conf = conf_new();
	if (conf_load_text(w->conf, "data: {}", "case", e) != 0)
		return -1;
	w->reader = cfg_new(w->conf);
	cfg_section(w->reader, "data", 1, &(struct key_table){ task_keys, &w->task });
	w->task.memory = w->setting->memory;
	return cfg_done(w->reader, e);
}

/* The order of reading is the same for both sides. */
static int give_order(struct work *w, const char *dir, struct err *e)
{
	const struct shape s = shape_of(SAMPLES);
	struct tensor t = tensor_new(DTYPE_F64, &s);
	int status;

	/* 389 and 1024 have no common divisor: every sample once, none beside its last */
	for (int64_t i = 0; i < SAMPLES; i++)
		w->order[i] = i * 389 % SAMPLES;
	for (int64_t i = 0; i < SAMPLES; i++)
		((double *)t.data)[i] = (double)w->order[i];
	status = bench_put(dir, "order", &t, e);
	tensor_free(&t);
	return status;
}

static void *open_work(const struct bench_case *c, const char *dir, struct err *e)
{
	struct work *w = xcalloc(1, sizeof *w);

	w->setting = c->setting;
	snprintf(w->path, sizeof w->path, "%s/data.h5", dir);
	describe(w);
	for (int f = 0; f < FIELDS; f++) {
		w->field[f] = xaligned((size_t)(SAMPLES * w->count) * sizeof(double));
		rng_normal(rng_stream(1, "bench", (uint64_t)f, 0), 0, (size_t)(SAMPLES * w->count), w->field[f]);
	}
	w->x = xaligned((size_t)(BATCH * w->count) * sizeof *w->x);
	w->y = xaligned((size_t)(BATCH * w->count) * sizeof *w->y);
	if (configure(w, e) == 0 && give_order(w, dir, e) == 0 && write_file(w, e) == 0)
		return w;
	close_work(w);
	return NULL;
}

static int run(void *work, struct err *e)
{
	struct work *w = work;

	return w->setting->write ? write_file(w, e) : read_file(w, e);
}

static int result(void *work, double *value)
{
	const struct work *w = work;

	if (w->setting->write)
		return 0;
	value[0] = w->sum;
	return 1;
}

/* Reading: every value is taken from the file's pages into a batch. Writing: doubles are read, floats written to
 * pages. */
static void least(const struct bench_case *c, struct bench_floor *f)
{
	const struct io_setting *s = c->setting;

	f->bytes = (s->write ? 12. : 8.) * FIELDS * SAMPLES * POINTS * POINTS;
}

#define CASE(name_text, size_text, ...)                                                                                \
	{                                                                                                              \
		.name = name_text, .size = size_text, .open = open_work, .run = run, .result = result, .floor = least, \
		.close = close_work, .setting = &(const struct io_setting)                                             \
		{                                                                                                      \
			__VA_ARGS__                                                                                    \
		}                                                                                                      \
	}
const struct bench_case io_cases[] = {
	CASE("hdf5-read", "1024 pairs of 64x64 floats, shuffled, batch 32", 4e9, false),
	CASE("hdf5-read-file", "the same, nothing kept by the task", 0, false),
	CASE("hdf5-write", "1024 pairs of 64x64 doubles to floats, blocks of 128", 4e9, true),
	{ .name = NULL },
};
