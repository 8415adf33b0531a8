/* cfg.c: sections of a configuration through key tables. After the first failure the message is kept and every key gets
 * its default, so that an owner may go on reading and ask once, in cfg_done. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/tree.h"
#include "conf/value.h"

enum { PLACE = 600 };

struct cfg {
	const struct conf *conf;
	struct arena *arena;
	struct conf_node *effective;
	struct conf_node *named; /* map of the paths that cfg_name was asked for */
	struct err err;
};

/* Marks the maps of the effective configuration that are ours to change; nodes of the user's are only borrowed. */
static const char ours[] = "effective";

static void check_sections(struct cfg *r);

struct cfg *cfg_new(const struct conf *c)
{
	struct cfg *r = xcalloc(1, sizeof *r);

	r->conf = c;
	r->arena = arena_new();
	r->effective = conf_node_new(r->arena, CONF_MAP, ours, 0);
	r->named = conf_node_new(r->arena, CONF_MAP, ours, 0);
	check_sections(r);
	return r;
}

void cfg_free(struct cfg *r)
{
	if (!r)
		return;
	arena_free(r->arena);
	free(r);
}

const struct conf *cfg_conf(const struct cfg *r)
{
	return r->conf;
}

static bool failed(const struct cfg *r)
{
	return r->err.code != ERR_NONE;
}

/* The deepest node that a path reaches below the root, for the place of a message. */
static const struct conf_node *reach(const struct cfg *r, const char *path)
{
	const char *copy = arena_text(r->arena, path);
	const struct conf_node *n = NULL;

	for (char *cut = (char *)copy + strlen(copy); cut && !n; cut = strrchr(copy, '.')) {
		*cut = '\0';
		n = conf_at(r->conf, copy);
	}
	return n;
}

static void fail_at(struct cfg *r, const struct conf_node *n, const char *path, const char *message)
{
	char place[PLACE];

	if (!failed(r))
		err_set(&r->err, ERR_USAGE, "%s%s: %s", conf_place(place, sizeof place, n), path, message);
}

/* Before anything is read: that a key is missing would say little of a section that is misspelt. */
static void check_sections(struct cfg *r)
{
	static const char *const known[] = { "problem", "data",	 "model",  "objective", "optim",
					     "train",	"solve", "sample", "eval",	"gen" };
	enum { KNOWN = sizeof known / sizeof *known };
	const struct conf_node *root = conf_root(r->conf);
	char shown[CONF_SHOWN];

	for (int i = 0; i < root->n && !failed(r); i++) {
		const char *near = NULL;
		bool is_known = false;

		for (int k = 0; k < KNOWN; k++)
			is_known = is_known || strcmp(root->key[i], known[k]) == 0;
		if (is_known)
			continue;
		near = str_nearest(root->key[i], KNOWN, known);
		fail_at(r, root->child[i], conf_show(shown, root->key[i]),
			near ? arena_printf(r->arena, "unknown section; did you mean '%s'?", near) : "unknown section");
	}
}

void cfg_fail(struct cfg *r, const char *path, const char *format, ...)
{
	char message[600];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof message, format, ap);
	va_end(ap);
	fail_at(r, reach(r, path), path, message);
}

/* The effective configuration's own map at a path. */
static struct conf_node *own_map(struct cfg *r, const char *path)
{
	struct conf_node *at = r->effective;
	char *part = arena_text(r->arena, path);

	while (part) {
		char *dot = strchr(part, '.');
		struct conf_node *next;
		int i;

		if (dot)
			*dot = '\0';
		i = conf_node_find(at, part);
		next = i < 0 ? NULL : at->child[i];
		if (!next || next->origin != ours || next->kind != CONF_MAP) {
			next = conf_node_new(r->arena, CONF_MAP, ours, 0);
			conf_node_set(r->arena, at, part, next);
		}
		at = next;
		part = dot ? dot + 1 : NULL;
	}
	return at;
}

static void note_name(struct cfg *r, const char *path, const char *name)
{
	struct conf_node *n = conf_node_scalar(r->arena, arena_text(r->arena, name), ours, 0);

	n->quoted = conf_is_null(n) || !conf_is_plain(name, false);
	conf_node_set(r->arena, own_map(r, path), "name", n);
}

const char *cfg_name(struct cfg *r, const char *path, const char *fallback)
{
	const struct conf_node *n = conf_at(r->conf, path);
	const char *name = fallback;

	if (failed(r))
		return fallback;
	conf_node_set(r->arena, r->named, arena_text(r->arena, path), r->effective);
	if (n && n->kind == CONF_MAP)
		n = conf_child(n, "name");
	if (n && n->kind != CONF_SCALAR) {
		fail_at(r, n, path, n->kind == CONF_LIST ? "is a list, not a name" : "name is a map, not a word");
		return fallback;
	}
	if (n && !conf_is_null(n)) {
		if (!n->text[0]) {
			fail_at(r, n, path, "the name is empty");
			return fallback;
		}
		name = n->text;
	}
	if (name)
		note_name(r, path, name);
	return name;
}

static const struct key *find_key(int n, const struct key_table *tables, const char *name, void **into)
{
	for (int t = 0; t < n; t++)
		for (const struct key *k = tables[t].keys; k && k->name; k++)
			if (strcmp(k->name, name) == 0) {
				*into = tables[t].into;
				return k;
			}
	return NULL;
}

static void unknown_key(struct cfg *r, const char *path, const char *name, const struct conf_node *at, int n,
			const struct key_table *tables)
{
	const char **known = NULL, *near;
	int count = 0, capacity = 0;
	char shown[CONF_SHOWN];

	MEM_GROW(known, count, capacity);
	known[count++] = "name";
	for (int t = 0; t < n; t++)
		for (const struct key *k = tables[t].keys; k && k->name; k++) {
			MEM_GROW(known, count, capacity);
			known[count++] = k->name;
		}
	near = str_nearest(name, count, known);
	fail_at(r, at, arena_printf(r->arena, "%s.%s", path, conf_show(shown, name)),
		near ? arena_printf(r->arena, "unknown key; did you mean '%s'?", near) : "unknown key");
	free(known);
}

/* Read one key from the section's map (NULL: absent) or its default, and note what came out. */
static void read_key(struct cfg *r, const char *path, const struct conf_node *section, const struct key *k, void *into,
		     struct conf_node *notes)
{
	const struct conf_node *n = failed(r) ? NULL : conf_child(section, k->name);
	struct conf_node *note;
	struct err e = { 0 };

	value_clear(k, into);
	if (!n) {
		n = value_default(r->arena, k, &e);
		if (!n && !k->def && k->type != KEY_NODE && k->type != KEY_STRING)
			fail_at(r, reach(r, path), path,
				arena_printf(r->arena, "key '%s' is missing%s%s", k->name, k->help ? ": " : "",
					     k->help ? k->help : ""));
	}
	if (e.code == ERR_NONE && n)
		value_read(r->arena, k, n, into, &e);
	if (e.code != ERR_NONE) {
		fail_at(r, n, arena_printf(r->arena, "%s.%s", path, k->name), e.message);
		n = value_default(r->arena, k, NULL);
		if (n)
			value_read(r->arena, k, n, into, NULL);
	}
	if (failed(r))
		return;
	note = value_node(r->arena, k, into);
	if (note)
		conf_node_set(r->arena, notes, k->name, note);
}

void cfg_section(struct cfg *r, const char *path, int n, const struct key_table *tables)
{
	const struct conf_node *section = failed(r) ? NULL : conf_at(r->conf, path);
	struct conf_node *notes = NULL;
	char shown[CONF_SHOWN];
	void *into;

	if (section && section->kind == CONF_LIST)
		fail_at(r, section, path, "is a list, not a map of keys");
	if (section && section->kind == CONF_MAP)
		for (int i = 0; i < section->n && !failed(r); i++)
			if (strcmp(section->key[i], "name") != 0 && !find_key(n, tables, section->key[i], &into))
				unknown_key(r, path, section->key[i], section->child[i], n, tables);
	if (section && section->kind == CONF_SCALAR && !conf_is_null(section) && conf_node_find(r->named, path) < 0)
		fail_at(r, section, path,
			arena_printf(r->arena, "'%s' is a single value, not a map of keys",
				     conf_show(shown, section->text)));
	if (!failed(r)) {
		notes = own_map(r, path);
		if (section && section->kind == CONF_MAP && !find_key(n, tables, "name", &into))
			cfg_name(r, path, NULL);
	}
	for (int t = 0; t < n; t++)
		for (const struct key *k = tables[t].keys; k && k->name; k++)
			read_key(r, path, section, k, tables[t].into, notes);
}

int cfg_done(struct cfg *r, struct err *e)
{
	return failed(r) ? err_set(e, r->err.code, "%s", r->err.message) : 0;
}

void cfg_effective(const struct cfg *r, struct str *out)
{
	conf_write(r->effective, out);
}
