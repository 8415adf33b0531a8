/* memory.c: offsets within one buffer by lifetime: first come, best fit; where that leaves holes at the peak and there
 * is something to gain, the largest first. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/compile.h"

enum {
	LARGE = 1 << 20,    /* bytes from which on the second way is tried */
	PIECES_MOST = 4096, /* its time grows with their square */
};

struct hole {
	size_t offset, bytes;
};

struct holes {
	struct hole *at;
	int n, capacity;
	size_t top; /* everything from here on is free */
};

static size_t take(struct holes *h, size_t bytes)
{
	int best = -1;
	size_t offset;

	for (int i = 0; i < h->n; i++)
		if (h->at[i].bytes >= bytes && (best < 0 || h->at[i].bytes < h->at[best].bytes))
			best = i;
	if (best >= 0) {
		offset = h->at[best].offset;
		h->at[best].offset += bytes;
		h->at[best].bytes -= bytes;
		if (h->at[best].bytes == 0)
			memmove(&h->at[best], &h->at[best + 1], (size_t)(--h->n - best) * sizeof *h->at);
		return offset;
	}
	/* Grow the hole below the top, if there is one. */
	if (h->n > 0 && h->at[h->n - 1].offset + h->at[h->n - 1].bytes == h->top)
		h->top = h->at[--h->n].offset;
	offset = h->top;
	h->top += bytes;
	return offset;
}

static void give(struct holes *h, size_t offset, size_t bytes)
{
	int i = h->n;

	MEM_GROW(h->at, h->n, h->capacity);
	while (i > 0 && h->at[i - 1].offset > offset) {
		h->at[i] = h->at[i - 1];
		i--;
	}
	h->at[i] = (struct hole){ offset, bytes };
	h->n++;
	if (i + 1 < h->n && offset + bytes == h->at[i + 1].offset) {
		h->at[i].bytes += h->at[i + 1].bytes;
		memmove(&h->at[i + 1], &h->at[i + 2], (size_t)(--h->n - i - 1) * sizeof *h->at);
	}
	if (i > 0 && h->at[i - 1].offset + h->at[i - 1].bytes == offset) {
		h->at[i - 1].bytes += h->at[i].bytes;
		memmove(&h->at[i], &h->at[i + 1], (size_t)(--h->n - i) * sizeof *h->at);
	}
}

/* Pieces in order of a time, by counting: start[t] .. start[t+1] of the result are the pieces with that time. */
static int *by_time(int n, const struct piece *p, int n_times, bool last, int *start)
{
	int *order = xcalloc((size_t)n + 1, sizeof *order);

	for (int i = 0; i < n; i++)
		start[(last ? p[i].last : p[i].first) + 1]++;
	for (int t = 0; t < n_times; t++)
		start[t + 1] += start[t];
	for (int i = 0; i < n; i++)
		order[start[last ? p[i].last : p[i].first]++] = i;
	memmove(start + 1, start, (size_t)n_times * sizeof *start);
	start[0] = 0;
	return order;
}

static size_t in_order(int n, struct piece *p)
{
	int n_times = 0, *birth, *death, *births, *deaths;
	struct holes h = { 0 };

	for (int i = 0; i < n; i++)
		n_times = p[i].last + 1 > n_times ? p[i].last + 1 : n_times;
	births = xcalloc((size_t)n_times + 2, sizeof *births);
	deaths = xcalloc((size_t)n_times + 2, sizeof *deaths);
	birth = by_time(n, p, n_times, false, births);
	death = by_time(n, p, n_times, true, deaths);
	for (int t = 0; t < n_times; t++) {
		for (int i = births[t]; i < births[t + 1]; i++) {
			struct piece *a = &p[birth[i]];

			a->offset = take(&h, a->bytes);
		}
		for (int i = deaths[t]; i < deaths[t + 1]; i++)
			if (p[death[i]].bytes > 0)
				give(&h, p[death[i]].offset, p[death[i]].bytes);
	}
	free(h.at);
	free(birth);
	free(death);
	free(births);
	free(deaths);
	return h.top;
}

static int larger_first(const void *x, const void *y)
{
	const struct piece *a = *(struct piece *const *)x, *b = *(struct piece *const *)y;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a > b) - (a < b);
}

/* The largest pieces first, each in the smallest gap between those that live at the same time. */
static size_t by_size(int n, struct piece *p)
{
	struct piece **order = xcalloc((size_t)n + 1, sizeof(struct piece *));
	struct piece **placed = xcalloc((size_t)n + 1, sizeof(struct piece *)); /* by offset */
	size_t top = 0;

	for (int i = 0; i < n; i++)
		order[i] = &p[i];
	qsort(order, (size_t)n, sizeof *order, larger_first);
	for (int i = 0; i < n; i++) {
		struct piece *a = order[i];
		size_t end = 0, gap = SIZE_MAX;
		int at = i;

		a->offset = SIZE_MAX;
		for (int k = 0; k < i; k++) {
			const struct piece *b = placed[k];

			if (b->last < a->first || b->first > a->last)
				continue;
			if (b->offset >= end + a->bytes && b->offset - end < gap) {
				gap = b->offset - end;
				a->offset = end;
			}
			end = b->offset + b->bytes > end ? b->offset + b->bytes : end;
		}
		if (a->offset == SIZE_MAX)
			a->offset = end;
		top = a->offset + a->bytes > top ? a->offset + a->bytes : top;
		for (; at > 0 && placed[at - 1]->offset > a->offset; at--)
			placed[at] = placed[at - 1];
		placed[at] = a;
	}
	free(order);
	free(placed);
	return top;
}

/* Bytes that are needed at once: no layout takes less. */
static size_t least(int n, const struct piece *p)
{
	size_t *change, now = 0, most = 0;
	int n_times = 0;

	for (int i = 0; i < n; i++)
		n_times = p[i].last + 1 > n_times ? p[i].last + 1 : n_times;
	change = xcalloc((size_t)n_times + 1, sizeof *change);
	for (int i = 0; i < n; i++) {
		change[p[i].first] += p[i].bytes;
		change[p[i].last + 1] -= p[i].bytes; /* sums wrap around and back */
	}
	for (int t = 0; t < n_times; t++) {
		now += change[t];
		most = now > most ? now : most;
	}
	free(change);
	return most;
}

size_t memory_layout(int n, struct piece *p)
{
	size_t bytes, other, *offset;

	for (int i = 0; i < n; i++)
		p[i].bytes = (p[i].bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
	bytes = in_order(n, p);
	if (bytes < LARGE || n > PIECES_MOST || bytes <= least(n, p))
		return bytes;
	offset = xcalloc((size_t)n, sizeof *offset);
	for (int i = 0; i < n; i++)
		offset[i] = p[i].offset;
	other = by_size(n, p);
	for (int i = 0; i < n && other >= bytes; i++)
		p[i].offset = offset[i];
	free(offset);
	return other < bytes ? other : bytes;
}
