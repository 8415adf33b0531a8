/* conf.c: several files and overrides merged into one tree. A text is parsed as a whole before anything is merged, so a
 * failure leaves the tree as it was. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/tree.h"

struct conf *conf_new(void)
{
	struct conf *c = xcalloc(1, sizeof *c);

	c->arena = arena_new();
	c->root = conf_node_new(c->arena, CONF_MAP, NULL, 0);
	return c;
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	arena_free(c->arena);
	free(c);
}

/* "model: fno" is short for "model: {name: fno}"; written out when keys are to be added. */
static struct conf_node *section_of(struct arena *a, struct conf_node *scalar)
{
	struct conf_node *map = conf_node_new(a, CONF_MAP, scalar->origin, scalar->line);

	if (!conf_is_null(scalar))
		conf_node_add(a, map, "name", scalar);
	return map;
}

static void merge(struct arena *a, struct conf_node *into, struct conf_node *from, bool top)
{
	for (int i = 0; i < from->n; i++) {
		int k = conf_node_find(into, from->key[i]);

		if (k < 0) {
			conf_node_add(a, into, from->key[i], from->child[i]);
			continue;
		}
		if (top && into->child[k]->kind == CONF_SCALAR && from->child[i]->kind == CONF_MAP)
			into->child[k] = section_of(a, into->child[k]);
		if (into->child[k]->kind == CONF_MAP && from->child[i]->kind == CONF_MAP)
			merge(a, into->child[k], from->child[i], false);
		else
			into->child[k] = from->child[i];
	}
}

static int load(struct conf *c, const char *text, size_t length, const char *origin, struct err *e)
{
	struct conf_node *n = conf_parse(c->arena, text, length, origin, true, e);

	if (!n)
		return -1;
	if (n->kind != CONF_MAP) {
		const char *what = n->kind == CONF_LIST	     ? "a list"
				   : n->text[0] || n->quoted ? "a single value"
							     : "nothing";

		return err_set(e, ERR_USAGE, "%s:%d: the text is %s, not a map of sections", origin, n->line, what);
	}
	merge(c->arena, c->root, n, true);
	return 0;
}

int conf_load_text(struct conf *c, const char *text, const char *origin, struct err *e)
{
	return load(c, text, strlen(text), arena_text(c->arena, origin), e);
}

int conf_load(struct conf *c, const char *path, struct err *e)
{
	FILE *f = fopen(path, "rb");
	struct str text = { 0 };
	char block[16384];
	int status = 0;

	if (!f)
		return err_errno(e, "%s", path);
	for (;;) {
		size_t n;

		errno = 0;
		n = fread(block, 1, sizeof block, f);
		str_add_n(&text, block, n);
		if (ferror(f)) {
			status = err_errno(e, "%s", path);
			break;
		}
		if (text.length > CONF_BYTES_MAX) {
			status = err_set(e, ERR_USAGE, "%s: longer than %d bytes, not a configuration", path,
					 CONF_BYTES_MAX);
			break;
		}
		if (n < sizeof block && feof(f))
			break;
	}
	fclose(f);
	if (status == 0)
		status = load(c, str_text(&text), text.length, arena_text(c->arena, path), e);
	str_free(&text);
	return status;
}

/* Split "a.b.c" into its parts; NULL if one is empty or too long. */
static char **split(struct arena *a, const char *path, size_t length, int *n)
{
	char *text = arena_take(a, length + 1);
	char **part;
	int count = 1;

	memcpy(text, path, length);
	for (size_t i = 0; i < length; i++)
		count += text[i] == '.';
	if (count > CONF_DEPTH_MAX)
		return NULL;
	part = arena_take(a, (size_t)count * sizeof *part);
	*n = 0;
	for (char *at = text;;) {
		char *dot = strchr(at, '.');

		if (dot)
			*dot = '\0';
		if (!*at || strlen(at) > CONF_KEY_MAX)
			return NULL;
		part[(*n)++] = at;
		if (!dot)
			return part;
		at = dot + 1;
	}
}

/* The map that holds the last part of a path; maps that are missing are made. NULL: something on the way is no map, and
 * *block is its number of parts. force: replace it. */
static struct conf_node *walk(struct conf *c, int n, char **part, const char *origin, bool force, int *block)
{
	struct conf_node *at = c->root;

	for (int i = 0; i < n - 1; i++) {
		int k = conf_node_find(at, part[i]);

		if (k < 0) {
			k = at->n;
			conf_node_add(c->arena, at, part[i], conf_node_new(c->arena, CONF_MAP, origin, 0));
		} else if (at->child[k]->kind == CONF_SCALAR && (i == 0 || conf_is_null(at->child[k]))) {
			at->child[k] = section_of(c->arena, at->child[k]);
		} else if (at->child[k]->kind != CONF_MAP) {
			*block = i + 1;
			if (!force)
				return NULL;
			at->child[k] = conf_node_new(c->arena, CONF_MAP, origin, 0);
		}
		at = at->child[k];
	}
	return at;
}

int conf_override(struct conf *c, const char *assignment, struct err *e)
{
	const char *equal = strchr(assignment, '=');
	struct conf_node *value, *map;
	char shown[CONF_SHOWN];
	struct err inner = { 0 };
	char **part = NULL;
	int n = 0, block = 0;

	if (equal)
		part = split(c->arena, assignment, (size_t)(equal - assignment), &n);
	if (!part)
		return err_set(e, ERR_USAGE, "-s: '%s' is not key.path=value", conf_show(shown, assignment));
	value = conf_parse(c->arena, equal + 1, strlen(equal + 1), "-s", false, &inner);
	if (!value) {
		const char *message = str_starts(inner.message, "-s: ") ? inner.message + 4 : inner.message;

		return err_set(e, inner.code, "-s: %.*s: %s", (int)(equal - assignment), assignment, message);
	}
	map = walk(c, n, part, "-s", false, &block);
	if (!map) {
		const char *end = assignment;

		for (int i = 0; i < block; i++)
			end += strlen(part[i]) + (i > 0);
		return err_set(e, ERR_USAGE, "-s: %.*s: %.*s has no keys of its own", (int)(equal - assignment),
			       assignment, (int)(end - assignment), assignment);
	}
	conf_node_set(c->arena, map, part[n - 1], value);
	return 0;
}

void conf_set(struct conf *c, const char *path, const char *value)
{
	int n = 0, block = 0;
	char **part = split(c->arena, path, strlen(path), &n);
	struct conf_node *map, *scalar;

	if (!part)
		return;
	map = walk(c, n, part, "command line", true, &block);
	scalar = conf_node_scalar(c->arena, arena_text(c->arena, value), "command line", 0);
	scalar->quoted = !conf_is_plain(value, false);
	conf_node_set(c->arena, map, part[n - 1], scalar);
}

const struct conf_node *conf_root(const struct conf *c)
{
	return c->root;
}

const struct conf_node *conf_child(const struct conf_node *n, const char *name)
{
	int i = conf_node_find(n, name);

	return i < 0 ? NULL : n->child[i];
}

const struct conf_node *conf_at(const struct conf *c, const char *path)
{
	const struct conf_node *n = c->root;

	while (n && *path) {
		size_t length = strcspn(path, ".");
		const struct conf_node *found = NULL;

		if (n->kind == CONF_MAP)
			for (int i = 0; i < n->n && !found; i++)
				if (strncmp(n->key[i], path, length) == 0 && !n->key[i][length])
					found = n->child[i];
		n = found;
		path += length + (path[length] == '.');
	}
	return n;
}
