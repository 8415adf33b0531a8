/* select.h: which samples: "train", "0-99", "100-", "0,5,7-9", "valid,test" as half-open ranges. */
#ifndef SCIML_IO_SELECT_H
#define SCIML_IO_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/dataset.h"

struct ranges {
	int n, capacity;
	struct range {
		int64_t first, last; /* last excluded */
	} * at;
};

void ranges_free(struct ranges *r);

/* "FILE:test" into path and selection (NULL: all), both to be freed. A name that exists as it stands is a path, so a
 * colon may belong to it; what follows the last colon is a selection only when it can be one. */
void select_split_spec(const char *spec, char **path, char **selection);

/* The ranges that text names, in its order; splits are looked up in l, numbers must lie below l->n_samples. Empty
 * results are errors (ERR_USAGE). */
int select_parse(const char *text, const struct layout *l, struct ranges *out, struct err *e);

/* Does text name splits only (no numbers)? */
bool select_is_splits(const char *text);

/* "train=0-999 test=1000-1199" (ends included) from and into layout's splits; n_samples must be known. */
int splits_parse(const char *text, struct layout *l, struct err *e);
char *splits_text(const struct layout *l); /* free() it */

#endif
