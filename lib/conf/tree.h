/* tree.h: how the files of conf/ build and show trees; callers of other folders use conf.h. */
#ifndef SCIML_CONF_TREE_H
#define SCIML_CONF_TREE_H

#include <stddef.h>

#include "base/arena.h"
#include "conf/conf.h"

enum {
	CONF_DEPTH_MAX = 64,
	CONF_NODES_MAX = 100000,
	CONF_BYTES_MAX = 16 << 20, /* of a file, and of all texts after aliases are expanded */
	CONF_KEYS_MAX = 10000,	   /* of one map; they are searched one by one */
	CONF_ANCHORS_MAX = 1000,
	CONF_KEY_MAX = 200, /* bytes; a key of YAML has to end within 1024 characters, escapes included */
	CONF_SHOWN = 80,    /* size of conf_show's buffer */
};

struct conf {
	struct arena *arena;
	struct conf_node *root;
};

/* Nodes of arena a; origin must live as long. A scalar's text is kept, not copied. */
struct conf_node *conf_node_new(struct arena *a, enum conf_kind kind, const char *origin, int line);
struct conf_node *conf_node_scalar(struct arena *a, const char *text, const char *origin, int line);
/* Add a child at the end; key NULL for lists, kept, not copied. */
void conf_node_add(struct arena *a, struct conf_node *parent, const char *key, struct conf_node *child);
/* Index of a key in a map, or -1. */
int conf_node_find(const struct conf_node *n, const char *key);
/* Set a key of a map, replacing what is there. */
void conf_node_set(struct arena *a, struct conf_node *map, const char *key, struct conf_node *child);

/* One YAML document as nodes of arena a. lines false: every line is 0 (overrides, defaults). An empty text is an empty
 * plain scalar. NULL with "ORIGIN:LINE: ..." on failure. */
struct conf_node *conf_parse(struct arena *a, const char *text, size_t length, const char *origin, bool lines,
			     struct err *e);

/* May the text stand without quotes, in a block or within brackets? */
bool conf_is_plain(const char *text, bool flow);
/* "Nothing" in YAML: a plain empty scalar, ~ or null. */
bool conf_is_null(const struct conf_node *n);

/* Text as messages quote it: one line, at most 60 bytes. Returns buffer (CONF_SHOWN bytes). */
const char *conf_show(char *buffer, const char *text);
/* "FILE:LINE: ", "-s: " or "" in buffer (size bytes); n may be NULL. Returns buffer. */
const char *conf_place(char *buffer, size_t size, const struct conf_node *n);

#endif
