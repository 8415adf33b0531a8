/* value.h: one value of a configuration to the C member that its key describes; used by cfg.c. */
#ifndef SCIML_CONF_VALUE_H
#define SCIML_CONF_VALUE_H

#include "base/arena.h"
#include "conf/key.h"

/* Store node n through key k into the struct `into`; lists come from arena a. -1 with what is wrong with the value
 * ("'ten' is not an integer"), without file and key. */
int value_read(struct arena *a, const struct key *k, const struct conf_node *n, void *into, struct err *e);
/* Store zero, or NULL: what a key without default holds until it is read. */
void value_clear(const struct key *k, void *into);
/* The node of the key's default, parsed in arena a; NULL if it has none. */
struct conf_node *value_default(struct arena *a, const struct key *k, struct err *e);
/* The stored value as a node that reads back as the same value; NULL if it is absent. */
struct conf_node *value_node(struct arena *a, const struct key *k, const void *into);

/* "[1, 512]", "[0, inf)" in buffer (CONF_SHOWN bytes) or "" when any number is allowed. */
const char *value_range(char *buffer, const struct key *k);

#endif
