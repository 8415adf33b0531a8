/* fixture.c: a problem or sampler member with its configuration, layout, memory for one sample and work area. */
#include "fixture.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static int read_config(struct fixture *f, const char *section, const char *config, const struct key *keys, size_t size,
		       struct err *e)
{
	struct key_table table = { keys, NULL };
	struct str text = { 0 };
	int status;

	f->config = table.into = xcalloc(1, size + 1);
	str_printf(&text, "%s:\n", section);
	for (const char *line = config; *line;) {
		size_t n = strcspn(line, "\n");

		str_add(&text, "  ");
		str_add_n(&text, line, n);
		str_add(&text, "\n");
		line += n + (line[n] == '\n');
	}
	f->conf = conf_new();
	status = conf_load_text(f->conf, str_text(&text), "test", e);
	str_free(&text);
	if (status != 0)
		return -1;
	f->reader = cfg_new(f->conf);
	cfg_section(f->reader, section, 1, &table);
	return cfg_done(f->reader, e);
}

static void make_room(struct fixture *f)
{
	ck_assert_int_le(f->layout.n_fields, FIXTURE_FIELDS);
	for (int k = 0; k < f->layout.n_fields; k++)
		f->field[k] = xmalloc((size_t)fixture_count(f, k) * sizeof(double));
}

struct fixture fixture_problem(const struct problem_class *c, const char *config)
{
	struct fixture f = { .problem = c };
	struct err e = { 0 };

	ck_assert_msg(read_config(&f, "problem", config, c->keys, c->config_size, &e) == 0, "%s: %s", c->name,
		      e.message);
	ck_assert_msg(!c->check || c->check(f.config, &e) == 0, "%s: %s", c->name, e.message);
	c->layout(f.config, &f.layout);
	make_room(&f);
	ck_assert_msg(c->prepare(f.config, &f.work, &e) == 0, "%s: %s", c->name, e.message);
	return f;
}

struct fixture fixture_sampler(const struct sampler_class *c, const char *config)
{
	struct fixture f = { .sampler = c };
	struct err e = { 0 };

	ck_assert_msg(read_config(&f, "sample", config, c->keys, c->config_size, &e) == 0, "%s: %s", c->name,
		      e.message);
	ck_assert_msg(!c->check || c->check(f.config, &e) == 0, "%s: %s", c->name, e.message);
	c->layout(f.config, &f.layout);
	make_room(&f);
	ck_assert_msg(!c->prepare || c->prepare(f.config, &f.work, &e) == 0, "%s: %s", c->name, e.message);
	return f;
}

struct fixture fixture_of(const char *name, const char *config)
{
	const struct problem_class *c = problem_find(name);

	ck_assert_msg(c != NULL, "no problem '%s'", name);
	return fixture_problem(c, config);
}

void fixture_refuse(const char *name, const char *config, const char *part)
{
	const struct problem_class *c = problem_find(name);
	struct fixture f = { .problem = c };
	struct err e = { 0 };
	int refused = read_config(&f, "problem", config, c->keys, c->config_size, &e) != 0 ||
		      (c->check && c->check(f.config, &e) != 0);

	ck_assert_msg(refused, "%s: accepts '%s'", name, config);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_msg(strstr(e.message, part) != NULL, "%s: '%s' lacks '%s'", name, e.message, part);
	cfg_free(f.reader);
	conf_free(f.conf);
	free(f.config);
}

void fixture_free(struct fixture *f)
{
	if (f->problem)
		f->problem->release(f->work);
	else if (f->sampler->release)
		f->sampler->release(f->work);
	for (int k = 0; k < f->layout.n_fields; k++)
		free(f->field[k]);
	layout_free(&f->layout);
	cfg_free(f->reader);
	conf_free(f->conf);
	free(f->config);
}

int64_t fixture_count(const struct fixture *f, int field)
{
	return layout_field_count(&f->layout, field);
}

void fixture_generate(struct fixture *f, uint64_t seed, int64_t sample)
{
	struct err e = { 0 };
	int status = f->problem ? f->problem->generate(f->config, f->work, seed, sample, f->field, f->number, &e)
				: f->sampler->draw(f->config, f->work, seed, sample, f->field, &e);

	ck_assert_msg(status == 0, "%s: %s", f->problem ? f->problem->name : f->sampler->name, e.message);
}

struct fixture fixture_shipped(const char *data, const char *name, const char *const *set)
{
	struct fixture f = { .problem = problem_find("equation") };
	struct str path = { 0 };
	struct err e = { 0 };

	f.conf = conf_new();
	str_printf(&path, "%s/problem/%s.yaml", data, name);
	ck_assert_msg(conf_load(f.conf, str_text(&path), &e) == 0, "%s", e.message);
	str_free(&path);
	for (; set && *set; set++)
		ck_assert_msg(conf_override(f.conf, *set, &e) == 0, "%s", e.message);
	ck_assert_ptr_eq(problem_of(f.conf, name), f.problem);
	f.config = xcalloc(1, f.problem->config_size);
	f.reader = cfg_new(f.conf);
	cfg_section(f.reader, "problem", 1, &(struct key_table){ f.problem->keys, f.config });
	ck_assert_msg(cfg_done(f.reader, &e) == 0, "%s", e.message);
	ck_assert_msg(f.problem->check(f.config, &e) == 0, "%s: %s", name, e.message);
	f.problem->layout(f.config, &f.layout);
	ck_assert_int_le(f.layout.n_fields, FIXTURE_FIELDS);
	for (int k = 0; k < f.layout.n_fields; k++)
		f.field[k] = xmalloc((size_t)fixture_count(&f, k) * sizeof(double));
	ck_assert_msg(f.problem->prepare(f.config, &f.work, &e) == 0, "%s", e.message);
	return f;
}

double fixture_last_error(const char *config, double (*exact)(double x))
{
	struct fixture f = fixture_of("equation", config);
	const struct axis *x = &f.layout.axis[1];
	double error = 0, size = 0;

	fixture_generate(&f, 0, 0);
	for (int64_t i = 0; i < x->size; i++) {
		double want = exact(x->coordinate[i]), got = f.field[0][fixture_count(&f, 0) - x->size + i];

		error += (got - want) * (got - want);
		size += want * want;
	}
	fixture_free(&f);
	return sqrt(error / size);
}
