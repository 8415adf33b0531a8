/* plan.c: from a graph to a plan: sizes the stages' tasks, writes the kernels' records, and lays out the buffer. */
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

static void note(struct builder *b, int place, void **address)
{
	MEM_GROW(b->patch, b->n_patches, b->patch_capacity);
	b->patch[b->n_patches++] = (struct patch){ place, address };
}

void builder_ref(struct builder *b, int v, struct ref *r)
{
	const struct place *p = &b->place[builder_place(b, v)];

	*r = (struct ref){ .local = p->where == AT_LOCAL, .offset = p->offset, .row_bytes = p->row_bytes };
	if (!r->local)
		note(b, builder_place(b, v), &r->base);
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
		const struct unit *u = builder_unit(b, i);

		for (int m = u->first; m < u->first + u->n; m++) {
			const struct value *a = &c->value[c->member[m]];

			if (b->outside[c->member[m]])
				row += (double)b->place[a->place].bytes / (double)rows;
			for (int k = 0; k < a->n_args; k++) {
				const struct place *p = &b->place[builder_place(b, a->arg[k])];
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
	const struct unit *u = builder_unit(b, from->first);
	int v = c->member[u->first];
	struct stage *to = &b->plan->stage[s];
	double cost = 0;

	for (int i = from->first; i < from->first + from->n; i++)
		cost += unit_cost(b, builder_unit(b, i));
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
		capacity += builder_unit(b, i)->n;
	piece = xcalloc((size_t)capacity, sizeof *piece);
	which = xcalloc((size_t)capacity, sizeof *which);
	for (int i = from->first; i < from->first + from->n; i++) {
		const struct unit *u = builder_unit(b, i);

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

static struct partial *partial_new(struct builder *b, int v, const struct stage *s, int stage, size_t *work)
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
	*work = (size_t)(p->n_parts * p->n_out) * sizeof(double);
	note(b, work_place(b, stage, *work), &p->work);
	return p;
}

static struct eval *eval_new(struct builder *b, int v, int stage, size_t *area, size_t *work, struct err *e)
{
	const struct value *a = &b->c.value[v];
	const struct op_class *op = a->node->op;
	struct plan *p = b->plan;
	struct eval *k = arena_take(p->arena, sizeof *k);
	size_t n_args = (size_t)a->n_args;

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
			note(b, builder_place(b, a->arg[i]), &k->in[i].data);
	}
	builder_ref(b, v, &k->out_ref);
	k->local = k->local || k->out_ref.local;
	if (!k->out_ref.local)
		note(b, builder_place(b, v), &k->call.out.data);
	*work = op->work_size ? op->work_size(&k->call) : 0;
	if (*work > 0)
		note(b, work_place(b, stage, *work), &k->call.work);
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
		size_t most = 0, to_finish = 0;

		to->area = (lay_out_rows(b, s) + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
		to->n_kernels = from->n;
		to->kernel = arena_take(p->arena, (size_t)from->n * sizeof *to->kernel);
		for (int i = 0; i < from->n; i++) {
			int u = c->order[from->first + i], v = c->member[c->unit[u].first];
			struct kernel *k = &to->kernel[i];
			size_t area = 0, work = 0;

			if (c->value[v].kind == KIND_BLOCK) {
				int64_t count = shape_count(&c->value[v].node->shape);

				if (from->rows > 0)
					count = count / from->rows * to->chunk;
				k->cluster = cluster_new(b, u, count);
				area = k->cluster->area;
				if (c->unit[u].n > 1)
					p->stats.n_fused_nodes += c->unit[u].n;
			} else if (c->unit[u].partial && from->rows > 0) {
				k->partial = partial_new(b, v, to, s, &work);
				to->finishes = true;
			} else {
				k->eval = eval_new(b, v, s, &area, &work, e);
				if (!k->eval)
					return -1;
				to->finishes = to->finishes || k->eval->op->finish;
				work = k->eval->op->finish ? work : 0;
			}
			most = area > most ? area : most;
			to_finish += work;
		}
		to->much_to_finish = to->n_kernels > 1 && to_finish / sizeof(float) > WAKE_COST;
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
	p->n_outputs = n_out;
	p->output = arena_take(p->arena, (size_t)n_out * sizeof *p->output);
	compile_values(&b.c, g, n_out, out, out_value);
	builder_arrange(&b, out_value);
	p->n_stages = b.c.n_stages;
	p->stage = arena_take(p->arena, (size_t)p->n_stages * sizeof *p->stage);
	p->eval = arena_take(p->arena, (size_t)b.c.n_units * sizeof *p->eval);
	for (int k = 0; k < n_out; k++) {
		struct shape s = graph_shape(g, out[k]);

		p->output[k].value = tensor_view(graph_dtype(g, out[k]), &s, NULL);
	}
	free(out_value);
	b.place = xrealloc(b.place, (size_t)(b.n_places + b.c.n_units + 1) * sizeof *b.place);
	for (int s = 0; s < p->n_stages; s++)
		size_stage(&b, s);
	builder_write_in_place(&b);
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
