/* flow_keep.c: which states of a march of unknown length are kept (Wang, Moin, Iaccarino, SIAM J. Sci. Comput. 31,
 * 2009, algorithm 1). Kept states have levels; a new one gets level 0 while there is room, or while one that has a
 * later one of a higher level can be given up; else the last one moves on and rises by one level. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "diffeq/flow_inside.h"

enum { CHUNK = 64 }; /* states allocated together */

struct kept {
	int64_t step;
	int level;
	char *state;
};

struct keeper {
	size_t bytes;
	int64_t slots; /* most states; 0: any number */
	int64_t n, capacity;
	struct kept *at; /* ascending steps */
	char **chunk;
	int64_t n_chunks, n_free;
	char **free_state;
	int64_t most;
};

struct keeper *keeper_new(size_t state_bytes)
{
	struct keeper *k = xcalloc(1, sizeof *k);

	k->bytes = state_bytes;
	return k;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	for (int64_t i = 0; i < k->n_chunks; i++)
		free(k->chunk[i]);
	free(k->chunk);
	free(k->at);
	free(k->free_state);
	free(k);
}

static int more(struct keeper *k, struct err *e)
{
	const int64_t n = k->slots > 0 && k->slots < CHUNK ? k->slots : CHUNK, total = (k->n_chunks + 1) * CHUNK;
	char *chunk = mem_new(n, k->bytes, "states kept for the backward pass", e);

	if (!chunk)
		return -1;
	k->chunk = xrealloc(k->chunk, (size_t)(k->n_chunks + 1) * sizeof *k->chunk);
	k->chunk[k->n_chunks++] = chunk;
	k->free_state = xrealloc(k->free_state, (size_t)total * sizeof *k->free_state);
	for (int64_t i = n - 1; i >= 0; i--)
		k->free_state[k->n_free++] = chunk + (size_t)i * k->bytes;
	return 0;
}

static void drop(struct keeper *k, int64_t i)
{
	k->free_state[k->n_free++] = k->at[i].state;
	memmove(k->at + i, k->at + i + 1, (size_t)(k->n - i - 1) * sizeof *k->at);
	k->n--;
}

int keeper_start(struct keeper *k, int64_t slots, struct err *e)
{
	if (slots == 1)
		return err_set(e, ERR_USAGE, "checkpoints: at least 2 states must be kept");
	while (k->n > 0)
		drop(k, k->n - 1);
	k->slots = slots > 0 ? slots : 0;
	k->most = 0;
	return 0;
}

/* The last one but the first that a later one of a higher level makes superfluous, or -1. */
static int64_t superfluous(const struct keeper *k)
{
	int highest = -1;

	for (int64_t i = k->n - 1; i > 0; i--) {
		if (k->at[i].level < highest)
			return i;
		highest = k->at[i].level > highest ? k->at[i].level : highest;
	}
	return -1;
}

int keeper_offer(struct keeper *k, int64_t step, const char *state, struct err *e)
{
	int level = step == 0 ? INT_MAX : 0;

	if (k->slots > 0 && k->n >= k->slots) {
		int64_t i = superfluous(k);

		if (i < 0) {
			i = k->n - 1;
			level = k->at[i].level + 1;
		}
		drop(k, i);
	}
	if (k->n_free == 0 && more(k, e) != 0)
		return -1;
	MEM_GROW(k->at, k->n, k->capacity);
	k->at[k->n] = (struct kept){ step, level, k->free_state[--k->n_free] };
	memcpy(k->at[k->n++].state, state, k->bytes);
	k->most = k->n > k->most ? k->n : k->most;
	return 0;
}

const char *keeper_find(struct keeper *k, int64_t step, int64_t *at)
{
	while (k->n > 1 && k->at[k->n - 1].step > step)
		drop(k, k->n - 1);
	*at = k->at[k->n - 1].step;
	return k->at[k->n - 1].state;
}

int64_t keeper_bytes(const struct keeper *k)
{
	return k->most * (int64_t)k->bytes;
}
