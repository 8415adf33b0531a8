/* sample.c: draws in parallel, block by block, into one file. */
#include "run/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/stop.h"
#include "base/str.h"
#include "io/h5out.h"
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
	int n_workers;
	void **work;
	double **field;
	struct err failure[BLOCK];
	int64_t first;
};

static bool is_sampler(const char *name)
{
	return sampler_find(name) != NULL;
}

static void close_all(struct sample *s)
{
	for (int w = 0; s->work && w < s->n_workers; w++)
		if (s->work[w] && s->class->release)
			s->class->release(s->work[w]);
	for (int f = 0; s->field && f < s->layout.n_fields; f++)
		free(s->field[f]);
	free(s->work);
	free(s->field);
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

static int allocate(struct sample *s, struct err *e)
{
	s->class->layout(s->config, &s->layout);
	s->layout.n_samples = s->key.samples;
	s->n_workers = pool_threads();
	s->work = xcalloc((size_t)s->n_workers, sizeof *s->work);
	s->field = xcalloc((size_t)s->layout.n_fields + 1, sizeof *s->field);
	for (int f = 0; f < s->layout.n_fields; f++)
		if (!(s->field[f] = mem_new(BLOCK * layout_field_count(&s->layout, f), sizeof(double),
					    s->layout.field[f].name, e)))
			return -1;
	for (int w = 0; w < s->n_workers && s->class->prepare; w++)
		if (s->class->prepare(s->config, &s->work[w], e) != 0)
			return -1;
	return 0;
}

static void one_draw(void *arg, int64_t i, int worker)
{
	struct sample *s = arg;
	double *out[64];

	for (int f = 0; f < s->layout.n_fields; f++)
		out[f] = s->field[f] + i * layout_field_count(&s->layout, f);
	s->failure[i].code = ERR_NONE;
	if (s->class->draw(s->config, s->work[worker], (uint64_t)s->common->seed, s->first + i, out, &s->failure[i]) !=
		    0 &&
	    s->failure[i].code == ERR_NONE)
		err_set(&s->failure[i], ERR_FAIL, "draw %lld failed", (long long)(s->first + i));
}

static int draw_all(struct sample *s, struct h5out *out, struct err *e)
{
	progress_begin("sample", "draw", s->key.samples);
	for (s->first = 0; s->first < s->key.samples; s->first += BLOCK) {
		int64_t n = s->key.samples - s->first < BLOCK ? s->key.samples - s->first : BLOCK;

		pool_run(n, one_draw, s);
		for (int64_t i = 0; i < n; i++)
			if (s->failure[i].code != ERR_NONE) {
				*e = s->failure[i];
				return err_in(e, "sampler %s", s->class->name);
			}
		for (int f = 0; f < s->layout.n_fields; f++)
			h5out_samples(out, f, s->first, n, DTYPE_F64, s->field[f]);
		progress_update(s->first + n, NULL);
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
	str_printf(out, "%s: %s\n  source: %s\n", s->name, s->summary, s->source);
	if (s->notes)
		str_printf(out, "  notes: %s\n", s->notes);
	str_add(out, "  keys of section sample:\n");
	key_help(sample_keys, man, out);
	key_help(s->keys, man, out);
	return 0;
}
