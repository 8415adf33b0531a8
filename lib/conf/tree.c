/* tree.c: nodes, and how they are named in messages. */
#include <stdio.h>
#include <string.h>

#include "conf/tree.h"

struct conf_node *conf_node_new(struct arena *a, enum conf_kind kind, const char *origin, int line)
{
	struct conf_node *n = arena_take(a, sizeof *n);

	n->kind = kind;
	n->origin = origin;
	n->line = line;
	return n;
}

struct conf_node *conf_node_scalar(struct arena *a, const char *text, const char *origin, int line)
{
	struct conf_node *n = conf_node_new(a, CONF_SCALAR, origin, line);

	n->text = text;
	return n;
}

/* Room is doubled whenever n is a power of two; the arena keeps the old arrays until it is freed. */
void conf_node_add(struct arena *a, struct conf_node *parent, const char *key, struct conf_node *child)
{
	size_t n = (size_t)parent->n;

	if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
		size_t room = n ? 2 * n : 4;
		struct conf_node **children = arena_take(a, room * sizeof *children);

		if (n)
			memcpy(children, parent->child, n * sizeof *children);
		parent->child = children;
		if (parent->kind == CONF_MAP) {
			const char **keys = arena_take(a, room * sizeof *keys);

			if (n)
				memcpy(keys, parent->key, n * sizeof *keys);
			parent->key = keys;
		}
	}
	parent->child[n] = child;
	if (parent->kind == CONF_MAP)
		((const char **)parent->key)[n] = key;
	parent->n++;
}

int conf_node_find(const struct conf_node *n, const char *key)
{
	if (n && n->kind == CONF_MAP)
		for (int i = 0; i < n->n; i++)
			if (strcmp(n->key[i], key) == 0)
				return i;
	return -1;
}

void conf_node_set(struct arena *a, struct conf_node *map, const char *key, struct conf_node *child)
{
	int i = conf_node_find(map, key);

	if (i >= 0)
		map->child[i] = child;
	else
		conf_node_add(a, map, key, child);
}

bool conf_is_null(const struct conf_node *n)
{
	return n->kind == CONF_SCALAR && !n->quoted &&
	       (strcmp(n->text, "") == 0 || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

const char *conf_show(char *buffer, const char *text)
{
	size_t n = 0;

	for (; text[n] && n < 60; n++)
		buffer[n] = (unsigned char)text[n] < ' ' || text[n] == 0x7f ? '?' : text[n];
	/* Never end within a UTF-8 character. */
	if (text[n])
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	strcpy(buffer + n, text[n] ? "..." : "");
	return buffer;
}

const char *conf_place(char *buffer, size_t size, const struct conf_node *n)
{
	buffer[0] = '\0';
	if (n && n->line > 0)
		snprintf(buffer, size, "%s:%d: ", n->origin, n->line);
	else if (n && n->origin)
		snprintf(buffer, size, "%s: ", n->origin);
	return buffer;
}
