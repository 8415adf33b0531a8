/* conf.h: a YAML document as a tree that remembers file and line of every value, and `key.path=value` overrides.
 * Anchors and aliases are allowed (within limits: depth 64, 100000 nodes and 16 MiB after expansion, 10000 keys a map);
 * tags, duplicate keys and several documents are refused. All text lives in the conf. */
#ifndef SCIML_CONF_CONF_H
#define SCIML_CONF_CONF_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

enum conf_kind { CONF_SCALAR, CONF_LIST, CONF_MAP };

struct conf_node {
	enum conf_kind kind;
	const char *text;	/* CONF_SCALAR: the value without quotes */
	bool quoted;		/* "1" is text, 1 may be a number */
	const char *origin;	/* file name, or "-s" for an override */
	int line;		/* 1-based; 0: none */
	int n;			/* CONF_LIST, CONF_MAP: number of children */
	const char *const *key; /* CONF_MAP: names, in file order */
	struct conf_node **child;
};

struct conf;

struct conf *conf_new(void); /* an empty map */
void conf_free(struct conf *c);

/* Read a YAML file (its top level must be a map) or a text and merge it over what is there: maps by key, everything
 * else replaced. Errors read "FILE:LINE: ...". */
int conf_load(struct conf *c, const char *path, struct err *e);
int conf_load_text(struct conf *c, const char *text, const char *origin, struct err *e);

/* "model.modes=16", "train.lr=1e-3", "grid={x: 64}": the value is YAML; missing maps on the way are made. A section
 * name that is the value's only part, "model=fno", sets that scalar. */
int conf_override(struct conf *c, const char *assignment, struct err *e);

const struct conf_node *conf_root(const struct conf *c);
/* Child by name, NULL if absent or n is not a map; conf_at: by dotted path from the root. */
const struct conf_node *conf_child(const struct conf_node *n, const char *name);
const struct conf_node *conf_at(const struct conf *c, const char *path);
/* Set path to a scalar that an option or operand other than -s says. */
void conf_set(struct conf *c, const char *path, const char *value);

/* The tree as YAML, keys in order, scalars quoted when they need it: reading it back gives the same tree. */
void conf_write(const struct conf_node *n, struct str *out);

#endif
