/* sample.c: draws in parallel, block by block, into one file. */
#include "run/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/str.h"
#include "conf/help.h"
#include "io/h5out.h"
#include "run/block.h"
#include "sampler/sampler.h"

enum { BLOCK = 64 };

struct sample_config {
	int64_t samples;
};
static const struct key sample_keys[] = {
	KEY_INT(struct sample_config, samples, "100", 1, 1e12, "number of draws (-n)"),
	KEY_END,
};

struct sample {
	const struct run_common *common;
	struct setup setup;
	const struct sampler_class *class;
	void *config;
	struct sample_config key;
	struct layout layout;
	struct block block;
	int64_t first, count; /* this shard's draws */
};

static bool is_sampler(const char *name)
{
	return sampler_find(name) != NULL;
}

static void close_all(struct sample *s)
{
	block_close(&s->block);
	free(s->config);
	layout_free(&s->layout);
	setup_close(&s->setup);
}

static int configure(struct sample *s, const struct sample_options *o, const char *what, struct err *e)
{
	const char *names[256], *name;
	int n = 0;

	for (int i = 0; sampler_files[i]; i++)
		for (int k = 0; sampler_files[i][k] && n < 256; k++)
			names[n++] = sampler_files[i][k]->name;
	if (setup_open(&s->setup, s->common, what, "sample", is_sampler, n, names, e) != 0)
		return -1;
	name = cfg_name(s->setup.cfg, "sample", "");
	s->class = sampler_find(name);
	if (!s->class)
		return err_set(e, ERR_USAGE, "%s: no sampler '%s'; --list shows what there is", what, name);
	if (o->n_samples > 0) {
		char text[32];

		snprintf(text, sizeof text, "%lld", (long long)o->n_samples);
		conf_set(s->setup.conf, "sample.samples", text);
	}
	s->config = xcalloc(1, s->class->config_size);
	cfg_section(s->setup.cfg, "sample", 2,
		    (struct key_table[]){ { sample_keys, &s->key }, { s->class->keys, s->config } });
	if (cfg_done(s->setup.cfg, e) != 0)
		return -1;
	return s->class->check && s->class->check(s->config, e) != 0 ? err_in(e, "sampler %s", name) : 0;
}

static int one_draw(void *context, void *work, int64_t i, int64_t draw, double *const *field, struct err *e)
{
	struct sample *s = context;

	(void)i;
	return s->class->draw(s->config, work, (uint64_t)s->common->seed, draw, field, e);
}

static int allocate(struct sample *s, struct err *e)
{
	s->class->layout(s->config, &s->layout);
	s->count = s->key.samples;
	if (s->common->shard_count > 0) {
		s->first = s->common->shard_index * s->key.samples / s->common->shard_count;
		s->count = (s->common->shard_index + 1) * s->key.samples / s->common->shard_count - s->first;
	}
	if (s->count == 0)
		return err_set(e, ERR_USAGE, "--shard %lld/%lld: nothing to do, there are %lld draws",
			       (long long)s->common->shard_index, (long long)s->common->shard_count,
			       (long long)s->key.samples);
	s->layout.n_samples = s->count;
	s->block = (struct block){
		.what = s->class->name,
		.layout = &s->layout,
		.size = BLOCK,
		.config = s->config,
		.prepare = s->class->prepare,
		.release = s->class->release,
		.make = one_draw,
		.context = s,
	};
	return block_open(&s->block, e);
}

static int draw_all(struct sample *s, struct h5out *out, struct err *e)
{
	progress_begin("sample", "draw", s->count);
	for (int64_t at = 0; at < s->count; at += BLOCK) {
		int64_t n = s->count - at < BLOCK ? s->count - at : BLOCK;

		if (block_run(&s->block, s->first + at, n, e) != 0)
			return -1;
		for (int f = 0; f < s->layout.n_fields; f++)
			h5out_samples(out, f, at, n, DTYPE_F64, s->block.field[f]);
		progress_update(at + n, NULL);
	}
	return 0;
}

int sample_run(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e)
{
	struct sample s = { .common = common };
	struct str config = { 0 };
	int status = configure(&s, o, what, e);

	if (status == 0)
		cfg_effective(s.setup.cfg, &config);
	if (status == 0 && common->dry_run) {
		str_add(o->dry_run_text, str_text(&config));
	} else if (status == 0 && (status = allocate(&s, e)) == 0) {
		if (common->shard_count > 0)
			str_printf(&config, "# draws %lld to %lld\n", (long long)s.first,
				   (long long)(s.first + s.count - 1));
		struct h5_meta m = { .command = common->command,
				     .config = str_text(&config),
				     .inputs = "",
				     .kind = "data",
				     .seed = common->seed };
		struct h5out *out = h5out_open(common->output ? common->output : "sample.h5", e);

		if (out) {
			h5out_fields(out, &s.layout);
			h5out_meta(out, &m);
			status = draw_all(&s, out, e);
			progress_end();
			if (status != 0)
				h5out_abandon(out);
			else
				status = h5out_close(out, e);
		} else {
			status = -1;
		}
	}
	str_free(&config);
	close_all(&s);
	return status;
}

void sample_list(struct str *out)
{
	str_add(out, "samplers:\n");
	for (int i = 0; sampler_files[i]; i++)
		for (int k = 0; sampler_files[i][k]; k++)
			str_printf(out, "  %-22s %s\n", sampler_files[i][k]->name, sampler_files[i][k]->summary);
}

int sample_describe(const char *name, bool man, struct str *out, struct err *e)
{
	const struct sampler_class *s = sampler_find(name);

	if (!s)
		return err_set(e, ERR_USAGE, "no sampler '%s'; --list shows what there is", name);
	help_member(out, man, s->name, s->summary);
	help_label(out, man, "source", s->source);
	help_label(out, man, "notes", s->notes);
	help_keys_of(out, man, "sample");
	key_help(sample_keys, man, out);
	key_help(s->keys, man, out);
	if (s->describe)
		s->describe(man, out);
	return 0;
}
