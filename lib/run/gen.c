/* gen.c: samples in parallel, block by block, into OUTPUT.part (resumable), a pipe of HDF5 images, or a foreign layout. */
#include "run/gen.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/str.h"
#include "io/h5out.h"
#include "io/layout.h"
#include "io/output.h"
#include "run/block.h"
#include "run/chosen.h"
#include "run/gen_plan.h"

struct gen {
	const struct run_common *common;
	struct chosen problem;
	struct gen_config key;
	struct layout layout; /* of the whole run */
	struct problem_numbers numbers;
	int64_t first, count; /* this shard's samples */
	struct block block;
	double *number; /* [sample of the block][number] */
	char *config_text;
};

static void close_all(struct gen *g)
{
	block_close(&g->block);
	free(g->number);
	free(g->config_text);
	layout_free(&g->layout);
	chosen_close(&g->problem);
}

static int configure(struct gen *g, const struct gen_options *o, const char *what, struct err *e)
{
	if (chosen_open(&g->problem, g->common, what, NULL, NULL, e) != 0)
		return -1;
	if (o->n_samples > 0) {
		char text[32];

		snprintf(text, sizeof text, "%lld", (long long)o->n_samples);
		conf_set(g->problem.setup.conf, "gen.samples", text);
	}
	cfg_section(g->problem.setup.cfg, "gen", 1, &(struct key_table){ gen_keys, &g->key });
	return chosen_done(&g->problem, e);
}

static void describe_run(struct gen *g)
{
	struct str config = { 0 };

	g->problem.class->layout(g->problem.config, &g->layout);
	for (int f = 0; f < g->layout.n_fields; f++)
		g->layout.field[f].dtype = g->key.real == 0 ? DTYPE_F32 : DTYPE_F64;
	if (!g->layout.equation && g->problem.class->equation)
		g->layout.equation = xstrdup(g->problem.class->equation);
	g->layout.n_samples = g->key.samples;
	gen_add_splits(&g->layout, &g->key, g->key.samples);
	if (g->problem.class->numbers)
		g->problem.class->numbers(g->problem.config, &g->numbers);
	g->first = 0;
	g->count = g->key.samples;
	if (g->common->shard_count > 0) {
		g->first = g->common->shard_index * g->key.samples / g->common->shard_count;
		g->count = (g->common->shard_index + 1) * g->key.samples / g->common->shard_count - g->first;
	}
	g->block.size = g->key.block;
	if (g->block.size == 0) {
		int64_t bytes = 1;

		for (int f = 0; f < g->layout.n_fields; f++)
			bytes += layout_field_count(&g->layout, f) * 8;
		/* blocks of about 8 MB: small enough to lose little, large enough to keep every worker busy */
		g->block.size = (8 << 20) / bytes;
		g->block.size = g->block.size < 8 ? 8 : g->block.size > 256 ? 256 : g->block.size;
	}
	if (g->block.size > g->count)
		g->block.size = g->count > 0 ? g->count : 1;
	cfg_effective(g->problem.setup.cfg, &config);
	if (g->common->shard_count > 0)
		str_printf(&config, GEN_SHARD_FORMAT, (long long)g->common->shard_index,
			   (long long)g->common->shard_count, (long long)g->first,
			   (long long)(g->first + g->count - 1));
	g->config_text = config.text;
}

static int one_sample(void *context, void *work, int64_t i, int64_t sample, double *const *field, struct err *e)
{
	struct gen *g = context;

	return g->problem.class->generate(g->problem.config, work, (uint64_t)g->common->seed, sample, field,
					  g->number + i * g->numbers.n, e);
}

static int allocate(struct gen *g, struct err *e)
{
	struct block *b = &g->block;

	b->what = g->problem.class->name;
	b->layout = &g->layout;
	b->config = g->problem.config;
	b->prepare = g->problem.class->prepare;
	b->release = g->problem.class->release;
	b->make = one_sample;
	b->context = g;
	g->number = xcalloc((size_t)(b->size * (g->numbers.n + 1)), sizeof *g->number);
	return block_open(b, e);
}

static struct h5_meta meta_of(const struct gen *g)
{
	return (struct h5_meta){ .command = g->common->command,
				 .config = g->config_text,
				 .inputs = "",
				 .kind = "data",
				 .seed = g->common->seed };
}

/* One number of every sample of the block, in the order of samples. */
static const double *column(const struct gen *g, int k, double *to)
{
	for (int64_t i = 0; i < g->block.n; i++)
		to[i] = g->number[i * g->numbers.n + k];
	return to;
}

/* A block as an HDF5 image of its own on a pipe or device. */
static int write_image(struct gen *g, const char *path, struct err *e)
{
	struct layout l = layout_copy(&g->layout);
	struct h5_meta m = meta_of(g);
	double *to = xcalloc((size_t)g->block.n, sizeof *to);

	l.n_samples = g->block.n;
	l.n_splits = 0;
	for (int s = 0; s < g->layout.n_splits; s++) {
		int64_t a = g->layout.split[s].first - g->block.first, b = g->layout.split[s].last - g->block.first;

		a = a < 0 ? 0 : a;
		b = b > g->block.n ? g->block.n : b;
		if (a < b)
			layout_add_split(&l, g->layout.split[s].name, a, b);
	}
	struct h5out *w = h5out_open(path, e);
	if (w) {
		h5out_fields(w, &l);
		for (int f = 0; f < l.n_fields; f++)
			h5out_samples(w, f, 0, g->block.n, DTYPE_F64, g->block.field[f]);
		for (int k = 0; k < g->numbers.n; k++) {
			char name[96];

			snprintf(name, sizeof name, "sample/%s", g->numbers.name[k]);
			h5out_doubles(w, name, g->block.n, column(g, k, to));
		}
		h5out_meta(w, &m);
	}
	layout_free(&l);
	free(to);
	return w ? h5out_close(w, e) : -1;
}

static int run_pipe(struct gen *g, const char *path, struct err *e)
{
	/* A named pipe is held open, or its reader would see the end after every image. */
	int hold = strcmp(path, "-") == 0 ? -1 : open(path, O_WRONLY | O_CLOEXEC), status = 0;

	progress_begin("generate", "sample", g->count);
	for (int64_t at = 0; at < g->count && status == 0; at += g->block.size) {
		int64_t n = g->count - at < g->block.size ? g->count - at : g->block.size;

		if (block_run(&g->block, g->first + at, n, e) != 0 || write_image(g, path, e) != 0)
			status = -1;
		progress_update(at + n, NULL);
	}
	if (hold >= 0)
		close(hold);
	return status;
}

static int write_part(struct gen *g, struct h5part *part, int64_t at, struct err *e)
{
	double *to = xcalloc((size_t)g->block.n, sizeof *to);
	int status = 0;

	/* numbers first: the block counts as done only when its checksums follow the data */
	for (int k = 0; k < g->numbers.n && status == 0; k++)
		status = h5part_numbers(part, g->numbers.name[k], at, g->block.n, column(g, k, to), e);
	free(to);
	return status == 0 ? h5part_write(part, at, g->block.n, (const double *const *)g->block.field, e) : -1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int run_file(struct gen *g, const char *path, struct err *e)
{
	struct layout l = layout_copy(&g->layout);
	struct h5_meta m = meta_of(g);
	int status = 0;

	if (g->common->shard_count > 0) {
		l.n_samples = g->count;
		l.n_splits = 0;
	}
	const char *name[PROBLEM_NUMBERS_MAX + 1];
	memcpy(name, g->numbers.name, sizeof g->numbers.name);
	qsort(name, (size_t)g->numbers.n, sizeof *name, by_name); /* as a reader lists them: merging keeps the bytes */
	struct h5part *part = h5part_open(path, g->common->resume, &l, &m, g->numbers.n, name, e);
	layout_free(&l);
	if (!part)
		return -1;
	progress_begin("generate", "sample", g->count);
	stop_hold();
	stop_after(g->common->time_limit);
	int64_t at = 0;
	for (; at < g->count && status == 0 && !stop_requested(); at += g->block.size) {
		int64_t n = g->count - at < g->block.size ? g->count - at : g->block.size, have = 0;

		while (have < n && h5part_has(part, at + have))
			have++;
		if (have < n) {
			status = block_run(&g->block, g->first + at, n, e);
			if (status == 0)
				status = write_part(g, part, at, e);
		}
		progress_update(at + n, NULL);
	}
	bool complete = status == 0 && at >= g->count;
	progress_end();
	if (h5part_close(part, complete, status == 0 ? e : NULL) != 0)
		status = -1;
	if (status == 0 && !complete) {
		log_note("stopped early: '%s.part' holds what is done, --resume goes on", path);
		stop_finish();
		status = err_set(e, ERR_LOCKED, "%s: time limit reached after %lld of %lld samples; --resume goes on",
				 path, (long long)at, (long long)g->count);
	}
	stop_release();
	return status;
}

/* A foreign layout: generate natively beside the target, under a name that --resume finds again, then rewrite. */
static int run_foreign(struct gen *g, const char *layout, const char *path, struct err *e)
{
	const struct layout_class *to = layout_find(layout);
	struct dataset *d;
	struct str between = { 0 };

	if (!to || !to->write)
		return err_set(e, ERR_USAGE, "--layout: '%s' is %s", layout, to ? "read only" : "not known");
	str_printf(&between, "%s.native", path);
	int status = run_file(g, between.text, e);
	if (status == 0 && (status = dataset_open(&d, between.text, "native", e)) == 0) {
		status = to->write(d, path, g->config_text, e);
		dataset_close(d);
		if (status == 0)
			unlink(between.text);
		else
			log_note("'%s' holds the samples, --resume writes them again", between.text);
	}
	str_free(&between);
	return status;
}

int gen_run(const struct run_common *common, const struct gen_options *o, const char *what, struct err *e)
{
	struct gen g = { .common = common };
	char path[4096];
	int status = configure(&g, o, what, e);

	if (status == 0)
		describe_run(&g);
	if (status == 0 && g.count == 0)
		status = err_set(e, ERR_USAGE, "--shard %lld/%lld: nothing to do, the run has %lld samples",
				 (long long)common->shard_index, (long long)common->shard_count,
				 (long long)g.key.samples);
	if (status == 0) {
		if (common->dry_run)
			str_add(o->dry_run_text, g.config_text);
		else if ((status = allocate(&g, e)) == 0) {
			snprintf(path, sizeof path, "%s.h5", g.problem.class->name);
			const char *out = common->output ? common->output : path;
			bool pipe, foreign = o->layout && strcmp(o->layout, "native") != 0;
			char *target;
			/* also what is a pipe or a device already: /dev/null, a named pipe */
			status = output_resolve(out, true, &target, &pipe, e);
			free(target);
			if (status != 0)
				;
			else if (pipe && (common->resume || common->time_limit > 0))
				status =
					err_set(e, ERR_USAGE, "a pipe cannot be resumed: no --resume, no --time-limit");
			else if (pipe && foreign)
				status = err_set(e, ERR_USAGE, "--layout: a pipe carries the native layout only");
			else if (pipe)
				status = run_pipe(&g, out, e);
			else if (foreign)
				status = run_foreign(&g, o->layout, out, e);
			else
				status = run_file(&g, out, e);
			progress_end();
		}
	}
	close_all(&g);
	return status;
}
