/* chosen.c: from a name, a file or a text to a checked configuration of a problem. */
#include "run/chosen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static bool is_problem(const char *name)
{
	return problem_find(name) != NULL;
}

static int problem_names(const char ***names)
{
	int n = 0, capacity = 0;

	*names = NULL;
	for (int i = 0; problem_files[i]; i++)
		for (int k = 0; problem_files[i][k]; k++) {
			MEM_GROW(*names, n, capacity);
			(*names)[n++] = problem_files[i][k]->name;
		}
	return n;
}

static int choose(struct chosen *c, int n, const char *const *names, bool (*usable)(const struct problem_class *class),
		  const char *cannot, struct err *e)
{
	const char *name = cfg_name(c->setup.cfg, "problem", NULL);

	c->class = problem_of(c->setup.conf, name);
	if (!c->class) {
		const char *near = name ? str_nearest(name, n, names) : NULL;

		if (name)
			cfg_fail(c->setup.cfg, "problem", "no problem '%s'%s%s%s", name, near ? "; did you mean '" : "",
				 near ? near : "", near ? "'?" : "");
		else
			cfg_fail(c->setup.cfg, "problem",
				 "key name chooses one (--list), key equation gives one as text");
		return cfg_done(c->setup.cfg, e);
	}
	if (usable && !usable(c->class))
		return err_set(e, ERR_USAGE, "%s: problem '%s' %s", c->setup.what, c->class->name, cannot);
	c->config = xcalloc(1, c->class->config_size);
	cfg_section(c->setup.cfg, "problem", 1, &(struct key_table){ c->class->keys, c->config });
	return 0;
}

int chosen_open(struct chosen *c, const struct run_common *common, const char *what,
		bool (*usable)(const struct problem_class *class), const char *cannot, struct err *e)
{
	const char **names;
	int n = problem_names(&names), status;

	*c = (struct chosen){ 0 };
	status = setup_open(&c->setup, common, what, "problem", is_problem, n, names, e);
	if (status == 0)
		status = choose(c, n, names, usable, cannot, e);
	free(names);
	return status;
}

int chosen_open_text(struct chosen *c, const struct run_common *common, const char *text, const char *origin,
		     bool (*usable)(const struct problem_class *class), const char *cannot, struct err *e)
{
	const char **names;
	int n = problem_names(&names), status;

	*c = (struct chosen){ 0 };
	status = setup_open_text(&c->setup, common, text, origin, e);
	if (status == 0)
		status = choose(c, n, names, usable, cannot, e);
	free(names);
	return status;
}

/* Does a message begin with a key of the problem ("dt: ...", "grid.x: ...")? The text behind it, and the key's path. */
static const char *behind_key(const struct chosen *c, const char *message, char path[160])
{
	const char *colon = strstr(message, ": ");
	size_t whole = colon ? (size_t)(colon - message) : 0, first = strcspn(message, ".:");

	for (const struct key *k = c->class->keys; colon && k->name; k++)
		if (strlen(k->name) == first && strncmp(k->name, message, first) == 0 && whole < 100) {
			snprintf(path, 160, "problem.%.*s", (int)whole, message);
			return colon + 2;
		}
	return NULL;
}

int chosen_done(struct chosen *c, struct err *e)
{
	struct err found = { 0 };
	char path[160];
	const char *text;

	if (cfg_done(c->setup.cfg, e) != 0)
		return -1;
	if (!c->class->check || c->class->check(c->config, &found) == 0)
		return 0;
	text = behind_key(c, found.message, path);
	if (text && found.code == ERR_USAGE) {
		cfg_fail(c->setup.cfg, path, "%s", text);
		return cfg_done(c->setup.cfg, e);
	}
	if (e)
		*e = found;
	/* a text's messages bring file, line and key */
	return c->class == problem_find("equation") ? -1 : err_in(e, "problem %s", c->class->name);
}

void chosen_close(struct chosen *c)
{
	free(c->config);
	setup_close(&c->setup);
	c->config = NULL;
}
