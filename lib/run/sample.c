/* sample.c: draws in parallel, block by block, into one file. */
#include "run/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/str.h"
#include "conf/help.h"
#include "io/h5out.h"
#include "io/output.h"
#include "run/block.h"
#include "run/learner.h"
#include "run/model_file.h"
#include "run/sample_file.h"
#include "sampler/sampler.h"
#include "sampler/step_keys.h"

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

void sample_set_options(struct conf *c, const struct sample_options *o)
{
	char text[32];

	if (o->n_samples > 0) {
		snprintf(text, sizeof text, "%lld", (long long)o->n_samples);
		conf_set(c, "sample.samples", text);
	}
	if (o->steps > 0) {
		snprintf(text, sizeof text, "%lld", (long long)o->steps);
		conf_set(c, "sample.steps", text);
	}
	if (o->sampler)
		conf_set(c, "sample.method", o->sampler);
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
	sample_set_options(s->setup.conf, o);
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
	if (layout_check_sizes(&s->layout, 1, e) != 0)
		return err_in(e, "sampler %s", s->class->name);
	if (sample_share(s->common, s->key.samples, &s->first, &s->count, e) != 0)
		return -1;
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

static int draw_block(struct sample_file *out, void *context, int64_t begin, int64_t from, int64_t to, struct err *e)
{
	struct sample *s = context;

	(void)begin;
	if (block_run(&s->block, from, to - from, e) != 0)
		return -1;
	for (int f = 0; f < s->layout.n_fields; f++)
		sample_put(out, f, from, to - from, s->block.field[f]);
	return 0;
}

/* A file that is neither a sampler's name nor a configuration: a trained model. */
static bool is_model(const char *what)
{
	return !is_sampler(what) && !str_ends(what, ".yaml") && !str_ends(what, ".yml") && access(what, F_OK) == 0;
}

static int draw_model(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e)
{
	struct model_file m;
	const struct learner_class *c;
	const char *objective;
	int status = -1;

	if ((common->output && output_not_input(common->output, 1, &what, e) != 0) ||
	    model_file_open(&m, what, common, e) != 0)
		return -1;
	objective = cfg_name(m.setup.cfg, "objective", "");
	c = learner_find(objective);
	if (c && c->sample)
		status = c->sample(common, o, &m, e);
	else
		err_set(e, ERR_USAGE, "trained with objective '%s', which learns nothing to draw from", objective);
	model_file_close(&m);
	return status == 0 ? 0 : err_in(e, "%s", what);
}

int sample_run(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e)
{
	struct sample s = { .common = common };
	int status;

	if (is_model(what))
		return draw_model(common, o, what, e);
	if (o->n_data > 0)
		return err_set(e, ERR_USAGE, "%s: a sampler takes no data; a model file may", o->data[0]);
	if ((status = configure(&s, o, what, e)) == 0 && (status = allocate(&s, e)) == 0) {
		struct sample_file out = { .common = common,
					   .options = o,
					   .cfg = s.setup.cfg,
					   .inputs = "",
					   .layout = &s.layout,
					   .first = s.first,
					   .count = s.count,
					   .batch = BLOCK,
					   .draw = draw_block,
					   .context = &s };

		status = sample_file_write(&out, e);
	}
	close_all(&s);
	return status;
}

void sample_list(struct str *out)
{
	str_add(out, "samplers:\n");
	for (int i = 0; sampler_files[i]; i++)
		for (int k = 0; sampler_files[i][k]; k++)
			str_printf(out, "  %-22s %s\n", sampler_files[i][k]->name, sampler_files[i][k]->summary);
	str_printf(out, "  %-22s %s", "FILE.h5", "a trained model (--describe model) of objective");
	for (int i = 0; learner_files[i]; i++)
		for (int k = 0; learner_files[i][k]; k++)
			if (learner_files[i][k]->sample)
				str_printf(out, " %s", learner_files[i][k]->name);
	str_add(out, "\n");
}

static void describe_models(bool man, struct str *out)
{
	help_member(out, man, "model", "draws of a trained model file: sciml-sample FILE.h5 [DATA]");
	for (int i = 0; learner_files[i]; i++)
		for (int k = 0; learner_files[i][k]; k++) {
			const struct learner_class *c = learner_files[i][k];

			if (!c->sample)
				continue;
			help_label(out, man, "of objective", c->name);
			help_keys_of(out, man, "sample");
			key_help(c->sample_keys, man, out);
			if (c->sample_describe)
				c->sample_describe(man, out);
		}
}

int sample_describe(const char *name, bool man, struct str *out, struct err *e)
{
	const struct sampler_class *s = sampler_find(name);

	if (!s && strcmp(name, "model") == 0) {
		describe_models(man, out);
		return 0;
	}
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
