/* key.h: one table describes the keys of a section: it parses, checks types and ranges, fills defaults, prints help and
 * the effective configuration. Members of every kind (models, problems ...) bring such a table. */
#ifndef SCIML_CONF_KEY_H
#define SCIML_CONF_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"

enum key_type {
	KEY_LONG, /* int64_t; 1e6 is accepted when it is an integer */
	KEY_DOUBLE,
	KEY_BOOL,    /* bool: true/false/yes/no/on/off */
	KEY_STRING,  /* const char *, owned by the reader's conf; NULL default: absent */
	KEY_CHOICE,  /* int: index into choices */
	KEY_LONGS,   /* struct key_longs; a single number is a list of one */
	KEY_DOUBLES, /* struct key_doubles */
	KEY_STRINGS, /* struct key_strings */
	KEY_NODE,    /* const struct conf_node *: any value, checked by the owner; NULL if absent */
};

struct key_longs {
	int n;
	const int64_t *at;
};
struct key_doubles {
	int n;
	const double *at;
};
struct key_strings {
	int n;
	const char *const *at;
};

struct key {
	const char *name;
	enum key_type type;
	size_t offset;		    /* into the section's struct */
	const char *def;	    /* default as YAML text, "[1, 2]" for lists; NULL: the key is required (KEY_NODE and
				       KEY_STRING: optional) */
	double lo, hi;		    /* range of numbers (each of a list); both 0: any */
	const char *const *choices; /* KEY_CHOICE: NULL-terminated */
	const char *help;
};

/* Typed entries: a member of the wrong type does not compile (a comparison of distinct pointer types). */
#define KEY_MEMBER(T, f, C) (offsetof(T, f) + 0 * sizeof(&((T *)0)->f == (C *)0))
#define KEY_INT(T, f, d, lo, hi, help)                                                                                 \
	{                                                                                                              \
#f, KEY_LONG, KEY_MEMBER(T, f, int64_t), d, lo, hi, NULL, help                                         \
	}
#define KEY_REAL(T, f, d, lo, hi, help)                                                                                \
	{                                                                                                              \
#f, KEY_DOUBLE, KEY_MEMBER(T, f, double), d, lo, hi, NULL, help                                        \
	}
#define KEY_FLAG(T, f, d, help)                                                                                        \
	{                                                                                                              \
#f, KEY_BOOL, KEY_MEMBER(T, f, bool), d, 0, 0, NULL, help                                              \
	}
#define KEY_TEXT(T, f, d, help)                                                                                        \
	{                                                                                                              \
#f, KEY_STRING, KEY_MEMBER(T, f, const char *), d, 0, 0, NULL, help                                    \
	}
#define KEY_ONE_OF(T, f, d, list, help)                                                                                \
	{                                                                                                              \
#f, KEY_CHOICE, KEY_MEMBER(T, f, int), d, 0, 0, list, help                                             \
	}
#define KEY_INTS(T, f, d, lo, hi, help)                                                                                \
	{                                                                                                              \
#f, KEY_LONGS, KEY_MEMBER(T, f, struct key_longs), d, lo, hi, NULL, help                               \
	}
#define KEY_REALS(T, f, d, lo, hi, help)                                                                               \
	{                                                                                                              \
#f, KEY_DOUBLES, KEY_MEMBER(T, f, struct key_doubles), d, lo, hi, NULL, help                           \
	}
#define KEY_TEXTS(T, f, d, help)                                                                                       \
	{                                                                                                              \
#f, KEY_STRINGS, KEY_MEMBER(T, f, struct key_strings), d, 0, 0, NULL, help                             \
	}
#define KEY_ANY(T, f, help)                                                                                            \
	{                                                                                                              \
#f, KEY_NODE, KEY_MEMBER(T, f, const struct conf_node *), NULL, 0, 0, NULL, help                       \
	}
#define KEY_END                                                                                                        \
	{                                                                                                              \
		NULL, KEY_LONG, 0, NULL, 0, 0, NULL, NULL                                                              \
	}

/* A section is described by one or more tables that fill one struct each: the verb's own keys and the member's. */
struct key_table {
	const struct key *keys;
	void *into; /* struct that the offsets belong to */
};

/* Sticky reader over a conf: after the first failure it does nothing more and keeps that message. It notes the
 * effective value of every key it reads. Values (strings, lists) live as long as the reader. */
struct cfg;
struct cfg *cfg_new(const struct conf *c);
void cfg_free(struct cfg *r);
const struct conf *cfg_conf(const struct cfg *r); /* what it reads */

/* Read section `path` ("model", "train"; absent: all defaults) through n tables. A key in none of them is an error that
 * names file, line, key and the nearest known key. Key "name" is allowed in every section; a section that is a single
 * value ("model: fno") only where cfg_name was asked first. After a failure every key gets its default. */
void cfg_section(struct cfg *r, const char *path, int n, const struct key_table *tables);
/* The section's name: a scalar section ("model: fno") or its key "name"; fallback if absent. */
const char *cfg_name(struct cfg *r, const char *path, const char *fallback);
/* Record an error found by an owner: "FILE:LINE: PATH: MESSAGE"; path need not be in the file (then no FILE:LINE). */
void cfg_fail(struct cfg *r, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* 0, or -1 with the kept message (ERR_USAGE) in e. Top-level sections that no verb knows are an error here:
 * problem data model objective optim train solve sample eval gen are known. */
int cfg_done(struct cfg *r, struct err *e);
/* Everything read so far, defaults included, as YAML in reading order: what --dry-run prints and /meta/config keeps. */
void cfg_effective(const struct cfg *r, struct str *out);

/* Keys as text: "  modes=12    Fourier modes kept on each axis [1, 512]". man: as roff for the manual page. */
void key_help(const struct key *keys, bool man, struct str *out);

#endif
