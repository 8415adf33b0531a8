/* mem.h: allocation. Sizes of our own choosing end the process when memory is out (x...); sizes that come from users
 * or files go through mem_new, which checks overflow and plausibility and reports the size. */
#ifndef SCIML_BASE_MEM_H
#define SCIML_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { MEM_ALIGN = 64 };

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);

/* Aligned to MEM_ALIGN, zeroed; ends the process on failure. Freed with free(). */
void *xaligned(size_t size);

/* count * size bytes aligned to MEM_ALIGN and zeroed; NULL with "WHAT: N elements of S bytes ..." in e on overflow, on
 * more than the machine's memory, or when the allocation fails. count may be negative (refused). Freed with free(). */
void *mem_new(int64_t count, size_t size, const char *what, struct err *e);

/* The same, not zeroed: for what is written before it is read. */
void *mem_unset(int64_t count, size_t size, const char *what, struct err *e);

/* a b for counts: INT64_MAX, which mem_new refuses, where the product is beyond it; -1 where a count is negative. */
int64_t mem_times(int64_t a, int64_t b);

/* Grow an array by doubling: MEM_GROW(array, n, capacity) makes room for element n. */
#define MEM_GROW(array, n, capacity)                                                                                   \
	do {                                                                                                           \
		if ((n) >= (capacity)) {                                                                               \
			(capacity) = (capacity) ? 2 * (capacity) : 8;                                                  \
			(array) = xrealloc((array), (size_t)(capacity) * sizeof *(array));                             \
		}                                                                                                      \
	} while (0)

#endif
