/* arena.c: blocks in a chain, each handed out from its start; large requests get a block of their own. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_BYTES = 16384, ALIGN = 16 };

struct block {
	struct block *next;
	size_t used, size; /* of the bytes behind the header */
};

/* The header is padded so that the bytes behind it keep malloc's alignment of 16. */
enum { HEADER = (sizeof(struct block) + ALIGN - 1) / ALIGN * ALIGN };

struct arena {
	struct block *first; /* the block that is being filled */
	size_t next_size;    /* blocks grow, so that big arenas have few */
};

struct arena *arena_new(void)
{
	struct arena *a = xcalloc(1, sizeof *a);

	a->next_size = BLOCK_BYTES - HEADER;
	return a;
}

void arena_free(struct arena *a)
{
	struct block *b, *next;

	if (!a)
		return;
	for (b = a->first; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

static struct block *block_new(size_t size)
{
	struct block *b = xcalloc(1, HEADER + size);

	b->size = size;
	return b;
}

void *arena_take(struct arena *a, size_t n)
{
	struct block *b = a->first;
	void *p;

	n = n > SIZE_MAX - HEADER - ALIGN ? SIZE_MAX - HEADER - ALIGN : (n + ALIGN - 1) / ALIGN * ALIGN;
	if (!b || n > b->size - b->used) {
		if (b && n > a->next_size / 4) { /* keep filling the current block afterwards */
			b = block_new(n);
			b->next = a->first->next;
			a->first->next = b;
		} else {
			b = block_new(n > a->next_size ? n : a->next_size);
			b->next = a->first;
			a->first = b;
			if (a->next_size < 64 * BLOCK_BYTES)
				a->next_size *= 2;
		}
	}
	p = (char *)b + HEADER + b->used;
	b->used += n;
	return p;
}

void *arena_copy(struct arena *a, const void *data, size_t n)
{
	void *p = arena_take(a, n);

	if (n)
		memcpy(p, data, n);
	return p;
}

char *arena_text(struct arena *a, const char *text)
{
	return arena_copy(a, text, strlen(text) + 1);
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	char *text;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = arena_take(a, (size_t)(n < 0 ? 0 : n) + 1);
	if (n > 0)
		vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text;
}
