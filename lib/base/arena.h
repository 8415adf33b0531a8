/* arena.h: memory for things that die together (a graph, a parsed configuration, one batch). */
#ifndef SCIML_BASE_ARENA_H
#define SCIML_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);	     /* frees everything taken from it; NULL is fine */
void *arena_take(struct arena *a, size_t n); /* zeroed, aligned to 16 bytes, never NULL */
void *arena_copy(struct arena *a, const void *data, size_t n);
char *arena_text(struct arena *a, const char *text);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
