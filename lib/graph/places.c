/* places.c: every value's place in memory: the stages in which it must be there, and which results take over the memory
 * of an argument. */
#include <stdlib.h>

#include "base/mem.h"
#include "graph/run.h"

static void read_place(struct builder *b, int u, int position, int reader, int k)
{
	const struct value *a = &b->c.value[reader];
	struct place *p = &b->place[builder_place(b, a->arg[k])];
	int stage = b->c.unit[u].stage;

	if (b->c.value[a->arg[k]].unit == u)
		return;
	p->last = p->last > stage ? p->last : stage;
	p->death = p->death > position ? p->death : position;
	if (!compile_reads_rows(&b->c, u, reader, k))
		p->read_whole = stage;
	if (b->c.value[a->arg[k]].unit >= 0)
		b->outside[a->arg[k]] = b->outside[b->c.value[a->arg[k]].root] = true;
}

void builder_places(struct builder *b, const int *out_value)
{
	const struct compile *c = &b->c;

	free(b->place);
	free(b->outside);
	b->n_places = 0;
	b->place = xcalloc((size_t)c->n_values + 1, sizeof *b->place);
	b->outside = xcalloc((size_t)c->n_values + 1, sizeof *b->outside);
	for (int v = 0; v < c->n_values; v++) {
		struct value *a = &c->value[v];
		struct place *p = &b->place[b->n_places];

		if (a->kind == KIND_ALIAS)
			continue;
		a->place = b->n_places++;
		*p = (struct place){ .bytes = (size_t)shape_count(&a->node->shape) * dtype_size(a->node->dtype),
				     .read_whole = -1 };
		p->where = a->kind == KIND_LEAF ? AT_FIXED : AT_BUFFER;
		if (a->unit >= 0)
			p->first = p->last = c->unit[a->unit].stage;
	}
	for (int i = 0; i < c->n_ordered; i++) {
		struct unit *u = builder_unit(b, i);

		for (int m = u->first; m < u->first + u->n; m++) {
			struct place *p = &b->place[builder_place(b, c->member[m])];

			p->birth = i;
			p->death = p->death > i ? p->death : i;
			for (int k = 0; k < c->value[c->member[m]].n_args; k++)
				read_place(b, c->order[i], i, c->member[m], k);
		}
	}
	for (int k = 0; k < b->plan->n_outputs; k++) {
		struct output *o = &b->plan->output[k];
		int v = out_value[k];

		o->place = builder_place(b, v);
		b->outside[c->value[v].root] = true;
		b->place[o->place].outputs++;
		b->place[o->place].last = c->n_stages;
		b->place[o->place].death = c->n_ordered;
	}
	for (int v = 0; v < c->n_values; v++)
		if (c->value[v].kind == KIND_BLOCK && !b->outside[v])
			b->place[c->value[v].place].bytes = 0; /* never leaves its cluster */
	/* What is made and read within one stage, row by row, lives in the memory of the worker. */
	for (int v = 0; v < c->n_values; v++) {
		const struct value *a = &c->value[v];
		const struct unit *u = a->unit < 0 ? NULL : &c->unit[a->unit];
		struct place *p = &b->place[builder_place(b, v)];

		if (a->kind < KIND_BLOCK || c->stage[u->stage].rows == 0 || p->outputs > 0 || p->last > p->first ||
		    u->closed)
			continue;
		p->where = AT_LOCAL;
		p->row_bytes = p->bytes / (size_t)u->rows;
	}
	/* An op that finishes later may look at its arguments then, unless it says that it does not. */
	for (int i = 0; i < c->n_units; i++) {
		const struct value *a = &c->value[c->member[c->unit[i].first]];

		for (int k = 0; c->unit[i].closed && !c->unit[i].partial && !c->unit[i].summed && k < a->n_args; k++)
			if (b->place[builder_place(b, a->arg[k])].where == AT_LOCAL)
				b->place[builder_place(b, a->arg[k])].where = AT_BUFFER;
	}
}

/* The memory of an argument that nobody reads afterwards, for a result of a cluster; -1: none. */
static int dying_place(const struct builder *b, int u, int position, const struct place *result, int64_t count)
{
	const struct compile *c = &b->c;
	int found = -1;

	for (int m = c->unit[u].first; m < c->unit[u].first + c->unit[u].n; m++) {
		const struct value *a = &c->value[c->member[m]];

		for (int k = 0; k < a->n_args; k++) {
			int i = builder_place(b, a->arg[k]);
			const struct place *p = &b->place[i];
			bool whole = shape_count(&c->value[a->arg[k]].node->shape) == count;

			if (c->value[a->arg[k]].unit == u)
				continue;
			if (found < 0 && whole && p != result && p->where == result->where && p->where != AT_FIXED &&
			    p->outputs == 0 && p->death == position && p->bytes == result->bytes &&
			    p->row_bytes == result->row_bytes && p->read_whole != c->unit[u].stage)
				found = i;
		}
	}
	return found;
}

void builder_write_in_place(struct builder *b)
{
	const struct compile *c = &b->c;

	for (int i = 0; i < c->n_ordered; i++) {
		struct unit *u = builder_unit(b, i);

		for (int m = u->first; m < u->first + u->n; m++) {
			struct value *a = &c->value[c->member[m]];
			struct place *p = &b->place[a->place], *q;
			int dying;

			if (a->kind != KIND_BLOCK || !b->outside[c->member[m]])
				continue;
			dying = dying_place(b, c->order[i], i, p, shape_count(&a->node->shape));
			if (dying < 0)
				continue;
			q = &b->place[dying];
			q->last = p->last;
			q->death = p->death;
			q->outputs += p->outputs;
			for (int k = 0; p->outputs > 0 && k < b->plan->n_outputs; k++)
				if (b->plan->output[k].place == a->place)
					b->plan->output[k].place = dying;
			p->bytes = 0;
			p->outputs = 0;
			a->place = dying;
		}
	}
}
