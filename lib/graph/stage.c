/* stage.c: the order of units and their grouping into stages. The order follows the one in which nodes were made as far
 * as it can. A stage is a run of units over one leading extent whose rows depend on each other row by row only: it is
 * executed range of rows by range of rows, so that what one unit writes is still in cache when the next reads it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/compile.h"

enum {
	LOOK_AHEAD = 64,	    /* ready units considered for a stage */
	FEW_ROWS = 4,		    /* with fewer rows large units are split by themselves */
	SMALL_BYTES = 128 << 10,    /* of a unit that may join a stage of few rows */
	POSTPONED_BYTES = 64 << 20, /* of units that wait while a stage goes on */
};

struct ready {
	int *heap; /* units; the one whose last member is smallest on top */
	int n;
};

static int key(const struct compile *c, int u)
{
	return c->member[c->unit[u].first + c->unit[u].n - 1];
}

static void sift_up(const struct compile *c, struct ready *r, int i)
{
	while (i > 0 && key(c, r->heap[i]) < key(c, r->heap[(i - 1) / 2])) {
		int u = r->heap[i];

		r->heap[i] = r->heap[(i - 1) / 2];
		i = (i - 1) / 2;
		r->heap[i] = u;
	}
}

static void sift_down(const struct compile *c, struct ready *r, int i)
{
	for (;;) {
		int child = 2 * i + 1, u = r->heap[i];

		if (child + 1 < r->n && key(c, r->heap[child + 1]) < key(c, r->heap[child]))
			child++;
		if (child >= r->n || key(c, u) < key(c, r->heap[child]))
			return;
		r->heap[i] = r->heap[child];
		r->heap[child] = u;
		i = child;
	}
}

static int pop(const struct compile *c, struct ready *r, int i)
{
	int u = r->heap[i];

	r->heap[i] = r->heap[--r->n];
	if (i < r->n) {
		sift_down(c, r, i);
		sift_up(c, r, i);
	}
	return u;
}

/* True when unit u may run row by row behind the units of stage s. */
static bool joins(const struct compile *c, int u, int s, int64_t rows)
{
	const struct unit *a = &c->unit[u];

	if (rows == 0 || a->rows != rows || (rows < FEW_ROWS && a->bytes > SMALL_BYTES))
		return false;
	for (int i = a->first; i < a->first + a->n; i++) {
		const struct value *v = &c->value[c->member[i]];

		for (int k = 0; k < v->n_args; k++) {
			const struct value *b = &c->value[v->arg[k]];
			const struct shape *whole = &c->value[b->root].node->shape;

			if (b->unit < 0 || b->unit == u || c->unit[b->unit].stage != s)
				continue;
			if (c->unit[b->unit].closed || !compile_reads_rows(c, u, c->member[i], k) || whole->rank == 0 ||
			    whole->dim[0] != rows)
				return false;
		}
	}
	return true;
}

/* Place in the heap of the unit to run next; *fits: it joins the stage. */
static int choose(const struct compile *c, const struct ready *r, int s, int64_t rows, bool *fits)
{
	int best = -1, n = r->n < LOOK_AHEAD ? r->n : LOOK_AHEAD;
	size_t postponed = 0;

	*fits = joins(c, r->heap[0], s, rows);
	if (*fits || rows == 0)
		return 0;
	for (int i = 1; i < n; i++)
		if ((best < 0 || key(c, r->heap[i]) < key(c, r->heap[best])) && joins(c, r->heap[i], s, rows))
			best = i;
	if (best < 0)
		return 0;
	for (int i = 0; i < n; i++)
		if (key(c, r->heap[i]) < key(c, r->heap[best]))
			postponed += c->unit[r->heap[i]].bytes;
	*fits = postponed <= POSTPONED_BYTES;
	return *fits ? best : 0;
}

/* The other unit that makes argument k of value v, or behind the arguments what it waits for; -1: none. */
static int edge_from(const struct compile *c, int v, int k)
{
	const struct value *a = &c->value[v];
	int from = k < a->n_args ? a->arg[k] : a->after, unit = from < 0 ? -1 : c->value[from].unit;

	return a->kind >= KIND_BLOCK && unit != a->unit ? unit : -1;
}

void compile_stages(struct compile *c)
{
	int n = c->n_units, *waits = xcalloc((size_t)n + 1, sizeof *waits);
	int *first = xcalloc((size_t)n + 2, sizeof *first), *edge, *cursor;
	struct ready r = { xcalloc((size_t)n + 1, sizeof *r.heap), 0 };
	int64_t rows = 0;

	c->order = xcalloc((size_t)n + 1, sizeof *c->order);
	c->stage = xcalloc((size_t)n + 1, sizeof *c->stage);
	for (int v = 0; v < c->n_values; v++) {
		for (int k = 0; k <= c->value[v].n_args; k++) {
			int from = edge_from(c, v, k);

			if (from < 0)
				continue;
			first[from + 1]++;
			waits[c->value[v].unit]++;
		}
	}
	for (int u = 0; u < n; u++)
		first[u + 1] += first[u];
	edge = xcalloc((size_t)first[n] + 1, sizeof *edge);
	cursor = xcalloc((size_t)n + 1, sizeof *cursor);
	memcpy(cursor, first, (size_t)n * sizeof *cursor);
	for (int v = 0; v < c->n_values; v++)
		for (int k = 0; k <= c->value[v].n_args; k++)
			if (edge_from(c, v, k) >= 0)
				edge[cursor[edge_from(c, v, k)]++] = c->value[v].unit;
	for (int u = 0; u < n; u++) {
		c->unit[u].stage = -1;
		if (waits[u] == 0) {
			r.heap[r.n++] = u;
			sift_up(c, &r, r.n - 1);
		}
	}
	while (r.n > 0) {
		bool fits;
		int i = choose(c, &r, c->n_stages - 1, rows, &fits), u = pop(c, &r, i);
		struct stage_plan *s;

		if (!fits) {
			rows = c->unit[u].rows;
			if (rows < FEW_ROWS && c->unit[u].bytes > SMALL_BYTES)
				rows = 0;
			c->stage[c->n_stages++] = (struct stage_plan){ 0, c->n_ordered, 0 };
		}
		s = &c->stage[c->n_stages - 1];
		s->rows = ++s->n > 1 ? rows : 0;
		c->order[c->n_ordered++] = u;
		c->unit[u].stage = c->n_stages - 1;
		for (int k = first[u]; k < first[u + 1]; k++) {
			if (--waits[edge[k]] > 0)
				continue;
			r.heap[r.n++] = edge[k];
			sift_up(c, &r, r.n - 1);
		}
	}
	free(waits);
	free(first);
	free(edge);
	free(cursor);
	free(r.heap);
}
