/* plan.c: from a graph to a plan: gives every value its place in memory and writes the kernels' records. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "graph/run.h"
#include "graph/sum.h"

enum {
	ROWS_BYTES = 256 << 10,	  /* of values touched by one task of a stage: fits the second-level cache */
	ROWS_LEAST = 64,	  /* short rows go together, for the matrix products among the kernels */
	TASKS = 16,		  /* as many tasks where rows allow it */
	UNIT_TASKS = 64,	  /* tasks of a lone op */
	ELEMENT_WORK = 128 << 10, /* element operations of a task of a lone cluster */
	PARTIAL_BYTES = 4 << 20,  /* of partial sums of one value */
	WAKE_COST = 40000,	  /* element operations below which no thread is woken */
};

static int place_of(const struct builder *b, int v)
{
	return b->c.value[b->c.value[v].root].place;
}

static void note(struct builder *b, int place, void **address)
{
	MEM_GROW(b->patch, b->n_patches, b->patch_capacity);
	b->patch[b->n_patches++] = (struct patch){ place, address };
}

void builder_ref(struct builder *b, int v, struct ref *r)
{
	const struct place *p = &b->place[place_of(b, v)];

	*r = (struct ref){ .local = p->where == AT_LOCAL, .offset = p->offset, .row_bytes = p->row_bytes };
	if (!r->local)
		note(b, place_of(b, v), &r->base);
}

static struct unit *unit_at(const struct builder *b, int position)
{
	return &b->c.unit[b->c.order[position]];
}

/* ---- places and lifetimes ---- */

static void read_place(struct builder *b, int u, int position, int reader, int k)
{
	const struct value *a = &b->c.value[reader];
	struct place *p = &b->place[place_of(b, a->arg[k])];
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

static void make_places(struct builder *b)
{
	const struct compile *c = &b->c;

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
		struct unit *u = unit_at(b, i);

		for (int m = u->first; m < u->first + u->n; m++) {
			struct place *p = &b->place[place_of(b, c->member[m])];

			p->birth = i;
			p->death = p->death > i ? p->death : i;
			for (int k = 0; k < c->value[c->member[m]].n_args; k++)
				read_place(b, c->order[i], i, c->member[m], k);
		}
	}
	for (int k = 0; k < b->plan->n_outputs; k++) {
		struct output *o = &b->plan->output[k];
		int v = o->place; /* the value until here */

		o->place = place_of(b, v);
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
		struct place *p = &b->place[place_of(b, v)];

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
			if (b->place[place_of(b, a->arg[k])].where == AT_LOCAL)
				b->place[place_of(b, a->arg[k])].where = AT_BUFFER;
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
			int i = place_of(b, a->arg[k]);
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

static void write_in_place(struct builder *b)
{
	const struct compile *c = &b->c;

	for (int i = 0; i < c->n_ordered; i++) {
		struct unit *u = unit_at(b, i);

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

/* ---- stages ---- */

static double unit_cost(const struct builder *b, const struct unit *u)
{
	const struct value *a = &b->c.value[b->c.member[u->first]];

	if (a->kind == KIND_BLOCK)
		return (double)shape_count(&a->node->shape) * u->n;
	return (double)u->bytes / (u->partial ? 8 : 2);
}

/* Rows of one task, from shapes alone. */
static int64_t rows_of_task(const struct builder *b, const struct stage_plan *s, bool in_place)
{
	const struct compile *c = &b->c;
	double row = 0, whole = 0;
	int64_t rows = s->rows, n, least = 1;

	for (int i = s->first; i < s->first + s->n; i++) {
		const struct unit *u = unit_at(b, i);

		for (int m = u->first; m < u->first + u->n; m++) {
			const struct value *a = &c->value[c->member[m]];

			if (b->outside[c->member[m]])
				row += (double)b->place[a->place].bytes / (double)rows;
			for (int k = 0; k < a->n_args; k++) {
				const struct place *p = &b->place[place_of(b, a->arg[k])];
				int stage = c->value[a->arg[k]].unit < 0 ? -1 : c->unit[c->value[a->arg[k]].unit].stage;

				if (stage == u->stage)
					continue;
				if (compile_reads_rows(c, c->order[i], c->member[m], k))
					row += (double)p->bytes / (double)rows;
				else
					whole += (double)p->bytes;
			}
		}
		if (u->partial) {
			int64_t results = shape_count(&c->value[c->member[u->first]].node->shape);
			int64_t few = rows * results * (int64_t)sizeof(double) / PARTIAL_BYTES;

			least = few > least ? few : least;
		}
	}
	row = row < 1 ? 1 : row;
	n = (int64_t)(ROWS_BYTES / row);
	if (!in_place && n > (rows + TASKS - 1) / TASKS)
		n = (rows + TASKS - 1) / TASKS;
	/* Matrices that every task reads in full should be small against the rows of the task. */
	if (n < ROWS_LEAST && (double)n * row < whole / 4)
		n = (int64_t)(whole / 4 / row) < ROWS_LEAST ? (int64_t)(whole / 4 / row) : ROWS_LEAST;
	/* A long chain of short rows touches much in all but little at a time. */
	if (n < ROWS_LEAST && ROWS_LEAST * row < 16 * ROWS_BYTES)
		n = ROWS_LEAST;
	n = n > least ? n : least;
	/* Rows of any width then start where vectors do: elementwise kernels copy operands that are not aligned. */
	if (n >= OP_LANES / 2)
		n = (n + OP_LANES - 1) / OP_LANES * OP_LANES;
	return n < 1 ? 1 : n < rows ? n : rows;
}

static void size_stage(struct builder *b, int s)
{
	const struct compile *c = &b->c;
	const struct stage_plan *from = &c->stage[s];
	const struct unit *u = unit_at(b, from->first);
	int v = c->member[u->first];
	struct stage *to = &b->plan->stage[s];
	double cost = 0;

	for (int i = from->first; i < from->first + from->n; i++)
		cost += unit_cost(b, unit_at(b, i));
	to->in_place = cost < WAKE_COST;
	if (from->rows > 0) {
		to->total = from->rows;
		to->chunk = rows_of_task(b, from, to->in_place);
	} else if (c->value[v].kind == KIND_BLOCK) {
		to->by_element = true;
		to->total = shape_count(&c->value[v].node->shape);
		to->chunk = ELEMENT_WORK / (u->n < 16 ? u->n : 16) / OP_BLOCK * OP_BLOCK;
	} else {
		struct tensor *in = xcalloc((size_t)c->value[v].n_args + 1, sizeof *in);
		struct op_call call = compile_call(c, v, in);

		to->total = c->value[v].node->op->units ? c->value[v].node->op->units(&call) : 1;
		to->chunk = (to->total + UNIT_TASKS - 1) / UNIT_TASKS;
		free(in);
	}
	if (to->in_place && from->rows == 0)
		to->chunk = to->total;
	to->chunk = to->chunk < 1 ? 1 : to->chunk;
	to->n_tasks = (to->total + to->chunk - 1) / to->chunk;
	to->in_place = to->in_place || to->n_tasks == 1;
}

/* Offsets of the values that live in a worker's memory during a stage. */
static size_t lay_out_rows(struct builder *b, int s)
{
	const struct stage_plan *from = &b->c.stage[s];
	struct piece *piece;
	int *which, n = 0, capacity = 0;
	size_t bytes;

	if (from->rows == 0)
		return 0;
	for (int i = from->first; i < from->first + from->n; i++)
		capacity += unit_at(b, i)->n;
	piece = xcalloc((size_t)capacity, sizeof *piece);
	which = xcalloc((size_t)capacity, sizeof *which);
	for (int i = from->first; i < from->first + from->n; i++) {
		const struct unit *u = unit_at(b, i);

		for (int m = u->first; m < u->first + u->n; m++) {
			int v = b->c.member[m];
			struct place *p = &b->place[b->c.value[v].place];

			/* Each place once: where it is born; values that took over the memory of others are skipped. */
			if (!b->outside[v] || p->where != AT_LOCAL || p->birth != i)
				continue;
			piece[n] = (struct piece){ .bytes = p->row_bytes * (size_t)b->plan->stage[s].chunk + MEM_ALIGN,
						   .first = i - from->first,
						   .last = p->death - from->first };
			which[n++] = b->c.value[v].place;
		}
	}
	bytes = memory_layout(n, piece);
	for (int k = 0; k < n; k++)
		b->place[which[k]].offset = piece[k].offset;
	free(piece);
	free(which);
	return bytes;
}

/* ---- kernels ---- */

/* Work memory of a kernel: a place of its own that lives for one stage. */
static int work_place(struct builder *b, int stage, size_t bytes)
{
	b->place[b->n_places] = (struct place){ .where = AT_BUFFER, .bytes = bytes, .first = stage, .last = stage };
	return b->n_places++;
}

static struct partial *partial_new(struct builder *b, int v, const struct stage *s, int stage)
{
	const struct value *a = &b->c.value[v];
	struct partial *p = arena_take(b->plan->arena, sizeof *p);

	p->in = b->c.value[a->arg[0]].node->shape;
	p->axes = ((const struct graph_sum_attr *)a->node->attr)->axes;
	p->dtype = a->node->dtype;
	p->n_out = shape_count(&a->node->shape);
	p->n_parts = s->n_tasks;
	builder_ref(b, a->arg[0], &p->in_ref);
	builder_ref(b, v, &p->out_ref);
	note(b, work_place(b, stage, (size_t)(p->n_parts * p->n_out) * sizeof(double)), &p->work);
	return p;
}

static struct eval *eval_new(struct builder *b, int v, int stage, size_t *area, struct err *e)
{
	const struct value *a = &b->c.value[v];
	const struct op_class *op = a->node->op;
	struct plan *p = b->plan;
	struct eval *k = arena_take(p->arena, sizeof *k);
	size_t n_args = (size_t)a->n_args, work;

	k->op = op;
	k->in = arena_take(p->arena, (n_args + 1) * sizeof *k->in);
	k->in_ref = arena_take(p->arena, (n_args + 1) * sizeof *k->in_ref);
	k->call = compile_call(&b->c, v, k->in);
	if (op->setup && op->setup(&k->call, &k->call.state, e) != 0) {
		err_in(e, "%s", op->name);
		return NULL;
	}
	p->eval[p->n_evals++] = k;
	for (int i = 0; i < a->n_args; i++) {
		builder_ref(b, a->arg[i], &k->in_ref[i]);
		k->local = k->local || k->in_ref[i].local;
		if (!k->in_ref[i].local)
			note(b, place_of(b, a->arg[i]), &k->in[i].data);
	}
	builder_ref(b, v, &k->out_ref);
	k->local = k->local || k->out_ref.local;
	if (!k->out_ref.local)
		note(b, place_of(b, v), &k->call.out.data);
	work = op->work_size ? op->work_size(&k->call) : 0;
	if (work > 0)
		note(b, work_place(b, stage, work), &k->call.work);
	*area = op->scratch_size ? op->scratch_size(&k->call) : 0;
	return k;
}

static int make_kernels(struct builder *b, struct err *e)
{
	const struct compile *c = &b->c;
	struct plan *p = b->plan;

	for (int s = 0; s < c->n_stages; s++) {
		const struct stage_plan *from = &c->stage[s];
		struct stage *to = &p->stage[s];
		size_t most = 0;

		to->area = (lay_out_rows(b, s) + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
		to->n_kernels = from->n;
		to->kernel = arena_take(p->arena, (size_t)from->n * sizeof *to->kernel);
		for (int i = 0; i < from->n; i++) {
			int u = c->order[from->first + i], v = c->member[c->unit[u].first];
			struct kernel *k = &to->kernel[i];
			size_t area = 0;

			if (c->value[v].kind == KIND_BLOCK) {
				int64_t count = shape_count(&c->value[v].node->shape);

				if (from->rows > 0)
					count = count / from->rows * to->chunk;
				k->cluster = cluster_new(b, u, count);
				area = k->cluster->area;
				if (c->unit[u].n > 1)
					p->stats.n_fused_nodes += c->unit[u].n;
			} else if (c->unit[u].partial && from->rows > 0) {
				k->partial = partial_new(b, v, to, s);
				to->finishes = true;
			} else {
				k->eval = eval_new(b, v, s, &area, e);
				if (!k->eval)
					return -1;
				to->finishes = to->finishes || k->eval->op->finish;
			}
			most = area > most ? area : most;
		}
		if (to->area + most > p->memory_bytes)
			p->memory_bytes = to->area + most;
		p->stats.n_kernels += from->n;
	}
	return 0;
}

/* ---- addresses ---- */

static int by_place(const void *a, const void *b)
{
	const struct patch *x = a, *y = b;

	return x->place != y->place ? (x->place > y->place) - (x->place < y->place)
				    : (x->address > y->address) - (x->address < y->address);
}

static int place_memory(struct builder *b, struct err *e)
{
	struct plan *p = b->plan;
	struct piece *piece = xcalloc((size_t)b->n_places + 1, sizeof *piece);
	int *which = xcalloc((size_t)b->n_places + 1, sizeof *which), n = 0;
	size_t bytes;

	for (int i = 0; i < b->n_places; i++) {
		const struct place *a = &b->place[i];

		if (a->where != AT_BUFFER || a->bytes == 0)
			continue;
		piece[n] = (struct piece){ .bytes = a->bytes, .first = a->first, .last = a->last };
		which[n++] = i;
	}
	bytes = memory_layout(n, piece);
	p->buffer = mem_new((int64_t)bytes + MEM_ALIGN, 1, "plan", e);
	p->place = arena_take(p->arena, ((size_t)b->n_places + 1) * sizeof *p->place);
	for (int i = 0; i < n && p->buffer; i++)
		p->place[which[i]] = p->buffer + piece[i].offset;
	for (int v = 0; v < b->c.n_values; v++)
		if (b->c.value[v].node->op == &graph_op_constant)
			p->place[b->c.value[v].place] = ((const struct tensor *)b->c.value[v].node->attr)->data;
	p->stats.buffer_bytes = bytes;
	free(piece);
	free(which);
	return p->buffer ? 0 : -1;
}

static void resolve(struct builder *b)
{
	struct plan *p = b->plan;

	for (int v = 0; v < b->c.n_values; v++)
		p->n_inputs += b->c.value[v].node->op == &graph_op_input;
	p->input_id = arena_take(p->arena, (size_t)p->n_inputs * sizeof *p->input_id);
	p->input_place = arena_take(p->arena, (size_t)p->n_inputs * sizeof *p->input_place);
	p->input_name = arena_take(p->arena, (size_t)p->n_inputs * sizeof *p->input_name);
	p->input_bound = arena_take(p->arena, (size_t)p->n_inputs * sizeof *p->input_bound);
	p->n_unbound = p->n_inputs;
	p->n_inputs = 0;
	for (int v = 0; v < b->c.n_values; v++) {
		const struct value *a = &b->c.value[v];

		p->stats.n_nodes += a->kind != KIND_LEAF && v < b->c.n_values - p->stats.n_again;
		if (a->node->op != &graph_op_input)
			continue;
		p->input_id[p->n_inputs] = a->id.id;
		p->input_place[p->n_inputs] = a->place;
		p->input_name[p->n_inputs++] = graph_input_name(b->c.g, a->id);
	}
	for (int k = 0; k < p->n_outputs; k++) {
		struct output *o = &p->output[k];
		const struct place *a = &b->place[o->place];

		o->own = p->place[o->place];
		if (a->where == AT_BUFFER && a->outputs == 1 && a->bytes == tensor_bytes(&o->value))
			o->moves = &p->place[o->place];
	}
	if (b->n_patches > 0)
		qsort(b->patch, (size_t)b->n_patches, sizeof *b->patch, by_place);
	for (int i = 0; i < b->n_patches; i++)
		*b->patch[i].address = p->place[b->patch[i].place];
	p->n_patches = b->n_patches;
	p->patch = b->patch;
	b->patch = NULL;
}

struct plan *plan_new(struct graph *g, int n_out, const node *out, struct err *e)
{
	struct builder b = { 0 };
	struct plan *p;
	int *out_value, failed;

	if (graph_error(g)) {
		err_set(e, graph_error(g)->code, "%s", graph_error(g)->message);
		return NULL;
	}
	for (int k = 0; k < n_out; k++) {
		if (!graph_at(g, out[k])) {
			err_set(e, ERR_USAGE, "plan: output %d is missing", k);
			return NULL;
		}
	}
	p = b.plan = xcalloc(1, sizeof *p);
	p->arena = arena_new();
	out_value = xcalloc((size_t)n_out + 1, sizeof *out_value);
	compile_values(&b.c, g, n_out, out, out_value);
	compile_units(&b.c);
	compile_stages(&b.c);
	p->stats.n_again = compile_recompute(&b.c, p->arena);
	p->n_stages = b.c.n_stages;
	p->stage = arena_take(p->arena, (size_t)p->n_stages * sizeof *p->stage);
	p->eval = arena_take(p->arena, (size_t)b.c.n_units * sizeof *p->eval);
	p->n_outputs = n_out;
	p->output = arena_take(p->arena, (size_t)n_out * sizeof *p->output);
	for (int k = 0; k < n_out; k++) {
		struct shape s = graph_shape(g, out[k]);

		p->output[k].value = tensor_view(graph_dtype(g, out[k]), &s, NULL);
		p->output[k].place = out_value[k];
	}
	free(out_value);
	make_places(&b);
	b.place = xrealloc(b.place, (size_t)(b.n_places + b.c.n_units + 1) * sizeof *b.place);
	for (int s = 0; s < p->n_stages; s++)
		size_stage(&b, s);
	write_in_place(&b);
	b.mark = xmalloc((size_t)(b.c.n_values + 1) * sizeof *b.mark);
	memset(b.mark, -1, (size_t)(b.c.n_values + 1) * sizeof *b.mark);
	failed = make_kernels(&b, e) != 0 || place_memory(&b, e) != 0;
	if (!failed) {
		resolve(&b);
		failed = plan_reserve(p, e) != 0;
	}
	free(b.patch);
	free(b.place);
	free(b.outside);
	free(b.mark);
	compile_free(&b.c);
	if (failed) {
		plan_free(p);
		return NULL;
	}
	return p;
}
