/* gen.c: samples in parallel, block by block, into OUTPUT.part (resumable), a pipe of HDF5 images, or a foreign
 * layout. */
#include "run/gen.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/ranks.h"
#include "base/stop.h"
#include "base/str.h"
#include "io/h5out.h"
#include "io/layout.h"
#include "io/output.h"
#include "run/block.h"
#include "run/chosen.h"
#include "run/gen_plan.h"
#include "run/measure.h"
#include "run/merge.h"

struct gen {
	const struct run_common *common;
	struct chosen problem;
	struct gen_config key;
	struct layout simulated, layout; /* of the whole run: what the problem makes; what is stored */
	struct measure *measure;	 /* from one to the other; NULL: they are the same */
	struct problem_numbers numbers;
	int64_t first, count; /* this shard's samples */
	struct block block;
	double *number; /* [sample of the block][number] */
	char *config_text, *inputs;
};

static void close_all(struct gen *g)
{
	block_close(&g->block);
	free(g->number);
	free(g->config_text);
	free(g->inputs);
	measure_free(g->measure);
	layout_free(&g->simulated);
	layout_free(&g->layout);
	chosen_close(&g->problem);
}

/* "times=20,missing=0.1" as the YAML map that the key takes. */
static int set_observe(struct conf *c, const char *text, struct err *e)
{
	struct str s = { 0 };
	int status;

	str_add(&s, "gen.observe={");
	for (; *text; text++)
		str_add_n(&s, *text == '=' ? ": " : text, *text == '=' ? 2 : 1);
	str_add(&s, "}");
	status = conf_override(c, s.text, e);
	str_free(&s);
	return status == 0 ? 0 : err_in(e, "--observe");
}

static int configure(struct gen *g, const struct gen_options *o, const char *what, struct err *e)
{
	char text[32];

	if (chosen_open(&g->problem, g->common, what, NULL, NULL, e) != 0)
		return -1;
	struct conf *c = g->problem.setup.conf;
	if (o->n_samples > 0) {
		snprintf(text, sizeof text, "%lld", (long long)o->n_samples);
		conf_set(c, "gen.samples", text);
	}
	if (o->compress > 0) {
		snprintf(text, sizeof text, "%lld", (long long)o->compress);
		conf_set(c, "gen.compress", text);
	}
	if (o->noise)
		conf_set(c, "gen.noise", o->noise);
	if (o->observe && set_observe(c, o->observe, e) != 0)
		return -1;
	cfg_section(g->problem.setup.cfg, "gen", 1, &(struct key_table){ gen_keys, &g->key });
	return chosen_done(&g->problem, e);
}

/* What is stored, and how it comes from what the problem makes. */
static int describe_fields(struct gen *g, struct err *e)
{
	const struct problem_class *class = g->problem.class;

	class->layout(g->problem.config, &g->simulated);
	if (layout_check_sizes(&g->simulated, 1, e) != 0)
		return err_in(e, "problem %s", class->name);
	g->inputs = class->inputs ? class->inputs(g->problem.config) : NULL;
	for (int f = 0; f < g->simulated.n_fields; f++)
		g->simulated.field[f].dtype = g->key.real == 0 ? DTYPE_F32 : DTYPE_F64;
	if (!g->simulated.equation && class->equation)
		g->simulated.equation = xstrdup(class->equation);
	if (!*g->key.noise && !g->key.observe) {
		g->layout = layout_copy(&g->simulated);
		return 0;
	}
	if (measure_new(&g->measure, &g->simulated, g->key.noise, g->key.keep_clean, g->key.observe,
			(uint64_t)g->common->seed, class->generate_at != NULL, e) != 0)
		return err_in(e, "gen");
	g->layout = layout_copy(measure_layout(g->measure));
	return 0;
}

/* Which samples are this run's, by the block, and the configuration that says so. */
static void take_part(struct gen *g)
{
	struct str config = { 0 };

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
	merge_mark(g->common, MERGE_SAMPLES, g->first, g->first + g->count - 1, &config);
	free(g->config_text);
	g->config_text = config.text;
}

static int describe_run(struct gen *g, struct err *e)
{
	if (describe_fields(g, e) != 0)
		return -1;
	g->layout.n_samples = g->key.samples;
	gen_add_splits(&g->layout, &g->key, g->key.samples);
	if (g->problem.class->numbers)
		g->problem.class->numbers(g->problem.config, &g->numbers);
	take_part(g);
	return 0;
}

/* One thread's work area: the problem's, and clean fields where they are measured. */
struct work {
	const struct problem_class *class;
	void *problem;
	double **clean, *time;
	int n_clean;
};

static void release(void *work)
{
	struct work *w = work;

	if (w->problem && w->class->release)
		w->class->release(w->problem);
	for (int f = 0; f < w->n_clean; f++)
		free(w->clean[f]);
	free(w->clean);
	free(w->time);
	free(w);
}

/* config: the run. What is made stays with the block, also on failure. */
static int prepare(const void *config, void **work, struct err *e)
{
	const struct gen *g = config;
	const struct layout *l = g->measure ? measure_source(g->measure) : NULL;
	struct work *w = xcalloc(1, sizeof *w);

	*work = w;
	w->class = g->problem.class;
	if (w->class->prepare && w->class->prepare(g->problem.config, &w->problem, e) != 0)
		return -1;
	if (!l)
		return 0;
	w->clean = xcalloc((size_t)l->n_fields + 1, sizeof *w->clean);
	w->n_clean = l->n_fields;
	for (int f = 0; f < l->n_fields; f++)
		if (!(w->clean[f] = mem_new(layout_field_count(l, f), sizeof(double), l->field[f].name, e)))
			return -1;
	w->time = mem_new(measure_n_times(g->measure) + 1, sizeof *w->time, "times", e);
	return w->time ? 0 : -1;
}

static int simulate(const struct gen *g, struct work *w, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	const int64_t n_times = g->measure ? measure_n_times(g->measure) : 0;
	const uint64_t seed = (uint64_t)g->common->seed;

	int status;

	if (n_times == 0) {
		status = g->problem.class->generate(g->problem.config, w->problem, seed, sample, field, number, e);
	} else {
		measure_times(g->measure, sample, w->time);
		status = g->problem.class->generate_at(g->problem.config, w->problem, seed, sample, n_times, w->time,
						       field, number, e);
	}
	return status == 0 && !g->problem.class->lacks ? block_check_finite(&g->simulated, n_times, sample, field, e)
						       : status;
}

static int one_sample(void *context, void *work, int64_t i, int64_t sample, double *const *field, struct err *e)
{
	struct gen *g = context;
	struct work *w = work;
	double *number = g->number + i * g->numbers.n;

	if (!g->measure)
		return simulate(g, w, sample, field, number, e);
	if (simulate(g, w, sample, w->clean, number, e) != 0)
		return -1;
	return measure_sample(g->measure, sample, (const double *const *)w->clean, field, e);
}

static int allocate(struct gen *g, struct err *e)
{
	struct block *b = &g->block;

	b->what = g->problem.class->name;
	b->layout = &g->layout;
	b->config = g;
	b->prepare = prepare;
	b->release = release;
	b->make = one_sample;
	b->context = g;
	g->number = mem_new(b->size * (g->numbers.n + 1), sizeof *g->number, "numbers of a block", e);
	return g->number ? block_open(b, e) : -1;
}

static struct h5_meta meta_of(const struct gen *g)
{
	return (struct h5_meta){ .command = g->common->command,
				 .config = g->config_text,
				 .inputs = g->inputs ? g->inputs : "",
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
		h5out_deflate(w, (int)g->key.compress);
		h5out_fields(w, &l);
		for (int f = 0; f < l.n_fields; f++)
			h5out_samples(w, f, 0, l.field[f].per_sample ? g->block.n : 1, DTYPE_F64, g->block.field[f]);
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

/* A shard has fewer samples and no splits. */
static void part_layout(const struct gen *g, struct layout *l)
{
	if (g->common->shard_count > 0) {
		l->n_samples = g->count;
		l->n_splits = 0;
	}
}

static int run_file(struct gen *g, const char *path, struct err *e)
{
	struct layout l = layout_copy(&g->layout);
	struct h5_meta m = meta_of(g);
	int status = 0;

	part_layout(g, &l);
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
			stop_allow_midway(true);
			status = block_run(&g->block, g->first + at, n, e);
			stop_allow_midway(false);
			if (status != 0 && stop_requested()) {
				status = 0; /* unfinished samples are thrown away, --resume makes them again */
				*e = (struct err){ 0 };
				break;
			}
			if (status == 0)
				status = write_part(g, part, at, e);
		}
		progress_update(at + n, NULL);
	}
	bool complete = status == 0 && at >= g->count;
	progress_end();
	if (status != 0)
		h5part_fail(part, true);
	else if (h5part_close(part, complete, e) != 0)
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

/* Deflated: a file that can be resumed first, whose samples have fixed places; then a copy. */
static int run_compressed(struct gen *g, const char *path, struct err *e)
{
	struct h5_meta m = meta_of(g);
	struct layout l = layout_copy(&g->layout);
	char *between = gen_between(path);
	int finished = 0, status = 0;

	part_layout(g, &l);
	if (g->common->resume)
		finished = h5part_finished(path, &l, &m, e);
	if (finished == 0)
		status = run_file(g, between, e);
	if (finished == 0 && status == 0)
		status = gen_compress(&g->key, between, path, &m, e);
	layout_free(&l);
	free(between);
	return finished < 0 ? -1 : status;
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

/* One of several processes: a shard each, which the first one joins to what a single process writes. */
static int run_rank(struct gen *g, struct run_common *mine, const char *out, struct err *e)
{
	struct h5_meta m = meta_of(g);
	const int n = ranks_count() < g->key.samples ? ranks_count() : (int)g->key.samples, me = ranks_index();
	struct run_common whole = *mine;
	char **shard = xcalloc((size_t)n, sizeof *shard);
	int status = mine->resume ? h5part_finished(out, &g->layout, &m, e) : 0, worst;
	const bool finished = status > 0;

	for (int i = 0; i < n; i++) {
		struct str s = { 0 };

		str_printf(&s, "%s.rank%dof%d", out, i, n);
		shard[i] = s.text;
	}
	if (status == 0 && me < n) {
		mine->shard_index = me;
		mine->shard_count = n;
		take_part(g);
		status = allocate(g, e) != 0 ? -1 : run_file(g, shard[me], e);
	}
	worst = ranks_largest(status < 0 ? (int)e->code : 0);
	if (worst == 0 && me == 0 && !finished) {
		whole.output = out;
		status = merge_run(&whole, n, (const char *const *)shard, e);
		for (int i = 0; i < n && status == 0; i++)
			unlink(shard[i]);
	}
	/* nobody leaves before the file is there */
	worst = ranks_largest(worst > 0 ? worst : status < 0 ? (int)e->code : 0);
	if (worst > 0 && status >= 0)
		status = err_set(e, (enum err_code)worst, "%s: another process of this run did not finish", out);
	for (int i = 0; i < n; i++)
		free(shard[i]);
	free(shard);
	return status < 0 ? -1 : 0;
}

/* Where the samples go. */
static int run_output(struct gen *g, struct run_common *mine, const struct gen_options *o, struct err *e)
{
	char path[4096], *target;
	bool pipe, foreign = o->layout && strcmp(o->layout, "native") != 0;

	snprintf(path, sizeof path, "%s.h5", g->problem.class->name);
	const char *out = mine->output ? mine->output : path;
	/* also what is a pipe or a device already: /dev/null, a named pipe */
	if (output_resolve(out, true, &target, &pipe, e) != 0)
		return -1;
	free(target);
	if (pipe && (mine->resume || mine->time_limit > 0))
		return err_set(e, ERR_USAGE, "a pipe cannot be resumed: no --resume, no --time-limit");
	if (pipe && foreign)
		return err_set(e, ERR_USAGE, "--layout: a pipe carries the native layout only");
	if (ranks_count() > 1 && (pipe || foreign || mine->shard_count > 0))
		return err_set(e, ERR_USAGE,
			       "several processes write one native file: no pipe, no --layout, no --shard");
	if (ranks_count() > 1)
		return run_rank(g, mine, out, e);
	if (allocate(g, e) != 0)
		return -1;
	return pipe		     ? run_pipe(g, out, e)
	       : foreign	     ? run_foreign(g, o->layout, out, e)
	       : g->key.compress > 0 ? run_compressed(g, out, e)
				     : run_file(g, out, e);
}

int gen_run(const struct run_common *common, const struct gen_options *o, const char *what, struct err *e)
{
	struct run_common mine = *common;
	struct gen g = { .common = &mine };

	ranks_start();
	int status = configure(&g, o, what, e);
	if (status == 0)
		status = describe_run(&g, e);
	if (status == 0 && g.count == 0)
		status = err_set(e, ERR_USAGE, "--shard %lld/%lld: nothing to do, the run has %lld samples",
				 (long long)common->shard_index, (long long)common->shard_count,
				 (long long)g.key.samples);
	if (status == 0 && !common->dry_run)
		status = run_output(&g, &mine, o, e);
	else if (status == 0 && ranks_index() == 0)
		str_add(o->dry_run_text, g.config_text);
	progress_end();
	close_all(&g);
	return status;
}
