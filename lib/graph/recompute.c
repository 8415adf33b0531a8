/* recompute.c: values that need not be stored. A sum, product, multiple or square whose readers are clusters that read
 * its arguments anyway is made again by each of them: one more pass over a block in the first cache for a store and a
 * load less, and memory that a reverse sweep need not keep. The same operations, so the same bits. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/compile.h"

enum { DEPTH = 3 }; /* operations in a row, of one argument but for the innermost: one kernel together */

struct search {
	struct compile *c;
	int n;		     /* values that there were; the copies behind them are read in their own units alone */
	int *first, *reader; /* units that read value v: reader[first[v]] .. reader[first[v + 1] - 1] */
	int **list, *n_list; /* members of a unit that has copies, else NULL */
	struct arena *arena;
	int capacity;
};

static bool same_space(const struct value *a, const struct value *b)
{
	return a->node->dtype == b->node->dtype && shape_equal(&a->node->shape, &b->node->shape);
}

static void find_readers(struct search *s)
{
	const struct compile *c = s->c;
	int n = c->n_values, *cursor = xcalloc((size_t)n + 1, sizeof *cursor);

	s->first = xcalloc((size_t)n + 2, sizeof *s->first);
	for (int v = 0; v < n; v++)
		for (int k = 0; k < c->value[v].n_args; k++)
			s->first[c->value[v].arg[k] + 1]++;
	for (int v = 0; v < n; v++)
		s->first[v + 1] += s->first[v];
	s->reader = xcalloc((size_t)s->first[n] + 1, sizeof *s->reader);
	memcpy(cursor, s->first, (size_t)n * sizeof *cursor);
	for (int v = 0; v < n; v++)
		for (int k = 0; k < c->value[v].n_args; k++)
			s->reader[cursor[c->value[v].arg[k]]++] =
				c->value[v].kind == KIND_ALIAS ? -1 : c->value[v].unit;
	free(cursor);
}

static bool reads(const struct search *s, int unit, int v)
{
	if (v >= s->n)
		return false;
	for (int i = s->first[v]; i < s->first[v + 1]; i++)
		if (s->reader[i] == unit)
			return true;
	return false;
}

/* True when unit u can make v from what it reads beside it. */
static bool can_make(const struct search *s, int u, int v, int depth)
{
	const struct value *a = &s->c->value[v];

	if (a->kind != KIND_BLOCK || a->node->op->arithmetic == OP_OTHER || a->unit == u)
		return false;
	for (int k = 0; k < a->n_args; k++) {
		const int w = a->arg[k];

		if (same_space(&s->c->value[w], a) && reads(s, u, w))
			continue;
		if (a->n_args > 1 || depth == 1 || !same_space(&s->c->value[w], a) || !can_make(s, u, w, depth - 1))
			return false;
	}
	return true;
}

/* True when all readers outside its unit can make v. */
static bool all_can_make(const struct search *s, int v)
{
	const struct value *a = &s->c->value[v];
	int others = 0;

	if (a->kind != KIND_BLOCK || a->output || a->node->op->arithmetic == OP_OTHER)
		return false;
	for (int i = s->first[v]; i < s->first[v + 1]; i++) {
		const int u = s->reader[i];

		if (u == a->unit)
			continue;
		if (u < 0 || s->c->value[s->c->member[s->c->unit[u].first]].kind != KIND_BLOCK ||
		    !same_space(&s->c->value[s->c->member[s->c->unit[u].first]], a) || !can_make(s, u, v, DEPTH))
			return false;
		others++;
	}
	return others > 0;
}

/* The members of unit u, with room for more. */
static int *own_list(struct search *s, int u)
{
	const struct unit *unit = &s->c->unit[u];

	if (!s->list[u]) {
		s->list[u] = xmalloc(((size_t)unit->n + 1) * sizeof **s->list);
		memcpy(s->list[u], &s->c->member[unit->first], (size_t)unit->n * sizeof **s->list);
		s->n_list[u] = unit->n;
	}
	return s->list[u];
}

static bool is_argument(const struct value *a, int v)
{
	for (int k = 0; k < a->n_args; k++)
		if (a->arg[k] == v)
			return true;
	return false;
}

/* A copy of v among the members of u, in front of its first reader, for all of them. */
static void make_in(struct search *s, int u, int v)
{
	struct compile *c = s->c;
	int *list = own_list(s, u), n = s->n_list[u], at = 0, copy = c->n_values;
	struct value a = c->value[v];

	MEM_GROW(c->value, c->n_values, s->capacity);
	a.arg = arena_copy(s->arena, a.arg, (size_t)a.n_args * sizeof *a.arg);
	a.root = copy;
	a.unit = u;
	a.output = false;
	c->value[c->n_values++] = a;
	while (!is_argument(&c->value[list[at]], v))
		at++;
	list = s->list[u] = xrealloc(list, ((size_t)n + 1) * sizeof *list);
	memmove(&list[at + 1], &list[at], (size_t)(n - at) * sizeof *list);
	list[at] = copy;
	s->n_list[u]++;
	for (int i = at + 1; i < s->n_list[u]; i++)
		for (int k = 0; k < c->value[list[i]].n_args; k++)
			if (c->value[list[i]].arg[k] == v)
				c->value[list[i]].arg[k] = copy;
	for (int k = 0; k < a.n_args; k++)
		if (!reads(s, u, a.arg[k]))
			make_in(s, u, a.arg[k]);
}

/* Values that nobody reads any more leave their units; a unit keeps one. */
static void drop_unread(struct search *s, int n)
{
	struct compile *c = s->c;
	int *uses = xcalloc((size_t)c->n_values + 1, sizeof *uses);

	for (int v = 0; v < c->n_values; v++)
		for (int k = 0; k < c->value[v].n_args; k++)
			uses[c->value[v].arg[k]]++;
	for (int v = n - 1; v >= 0; v--) {
		const struct value *a = &c->value[v];
		int *list, at = 0;

		if (a->kind != KIND_BLOCK || a->output || uses[v] > 0)
			continue;
		list = own_list(s, a->unit);
		if (s->n_list[a->unit] == 1)
			continue;
		while (list[at] != v)
			at++;
		memmove(&list[at], &list[at + 1], (size_t)(--s->n_list[a->unit] - at) * sizeof *list);
		for (int k = 0; k < a->n_args; k++)
			uses[a->arg[k]]--;
	}
	free(uses);
}

/* The units' members again, one after another. */
static void gather(struct search *s)
{
	struct compile *c = s->c;
	int *member = xcalloc((size_t)c->n_values + 1, sizeof *member), at = 0;

	for (int u = 0; u < c->n_units; u++) {
		const int *list = s->list[u] ? s->list[u] : &c->member[c->unit[u].first];
		const int n = s->list[u] ? s->n_list[u] : c->unit[u].n;

		for (int i = 0; i < n; i++) {
			member[at + i] = list[i];
			c->value[list[i]].position = i;
		}
		c->unit[u].first = at;
		c->unit[u].n = n;
		at += n;
	}
	free(c->member);
	c->member = member;
}

int compile_recompute(struct compile *c, struct arena *arena)
{
	struct search s = { .c = c, .n = c->n_values, .arena = arena, .capacity = c->n_values };
	const int n = c->n_values;

	find_readers(&s);
	s.list = xcalloc((size_t)c->n_units + 1, sizeof *s.list);
	s.n_list = xcalloc((size_t)c->n_units + 1, sizeof *s.n_list);
	for (int v = 0; v < n; v++) {
		if (!all_can_make(&s, v))
			continue;
		for (int i = s.first[v]; i < s.first[v + 1]; i++) {
			const int u = s.reader[i];

			if (u == c->value[v].unit)
				continue;
			make_in(&s, u, v);
			/* no longer read there */
			for (int k = i; k < s.first[v + 1]; k++)
				s.reader[k] = s.reader[k] == u ? c->value[v].unit : s.reader[k];
		}
	}
	drop_unread(&s, n);
	gather(&s);
	for (int u = 0; u < c->n_units; u++)
		free(s.list[u]);
	free(s.list);
	free(s.n_list);
	free(s.first);
	free(s.reader);
	return c->n_values - n;
}
