/* peak.c: values that are computed twice rather than kept. Where a plan needs most memory, many values lie idle:
 * made long before, read long after. Those that take few operations on values which are there anyway (elementwise
 * chains, copies) get a second copy of the nodes behind them, just before the late readers; same kernels, same
 * arguments, same bits. This is repeated as long as it lowers the peak. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/run.h"

enum {
	FUNCTION_COST = 8,     /* operations on an element of exp, erf and the like; 1 of arithmetic and of a copy */
	COST_MOST = 24,	       /* of a value and what is computed again for it */
	SMALL_PART = 4096,     /* values smaller than this part of the peak are kept for as long as they are of use */
	PEAK_LEAST = 32 << 20, /* bytes: below that caches hold most of it */
	GAIN_PART = 32,	       /* of the peak, that a round must gain */
	ROUNDS = 8,
};

/* What a late reader finds of a value that was made before the peak. */
enum fate {
	KEPT,	 /* it is there at the peak, or costs nothing to keep */
	AGAIN,	 /* it was there; now it is computed again */
	VIRTUAL, /* it is not there, but can be computed again */
	LOST,	 /* it is not there and not cheap */
};

struct copy {
	int of, group, value; /* source; the late unit, or n_units + root that other kernels share; number in next */
};

struct again {
	const struct builder *b;
	const struct compile *c;
	int peak;
	size_t small;
	enum fate *fate;
	int *cost, *trigger;
	size_t *charge; /* bytes of lost values to be kept for it */
	/* the new values */
	struct compile *next;
	int *renumbered, *pool;
	struct copy *copy;
	int n_copies, capacity, n_most;
	int *last_copy; /* by source: its newest copy, chained by before */
	int *before, before_capacity;
};

static struct place *place_at(const struct again *r, int v)
{
	return &r->b->place[r->c->value[r->c->value[v].root].place];
}

static size_t bytes_of(const struct again *r, int v)
{
	const struct graph_node *a = r->c->value[v].node;

	return (size_t)shape_count(&a->shape) * dtype_size(a->dtype);
}

static int stage_of(const struct again *r, int v)
{
	int unit = r->c->value[v].unit;

	return unit < 0 ? -1 : r->c->unit[unit].stage;
}

/* Operations on an element of value v; 0: it is not computed again. */
static int own_cost(const struct again *r, int v)
{
	const struct value *a = &r->c->value[v];
	const struct op_class *op = a->node->op;
	struct tensor in[CALL_ARGS_MAX];
	struct op_call call;

	if (a->kind == KIND_BLOCK)
		return op->arithmetic != OP_OTHER || op == &graph_op_broadcast ? 1 : FUNCTION_COST;
	if (a->kind != KIND_EVAL || !op->cost_for || a->n_args > CALL_ARGS_MAX)
		return a->kind == KIND_EVAL ? op->cost : 0;
	call = compile_call(r->c, v, in);
	return op->cost_for(&call);
}

/* Which values were read at the peak; those are no gain. */
static bool *busy_values(const struct again *r)
{
	const struct compile *c = r->c;
	bool *busy = xcalloc((size_t)c->n_values + 1, sizeof *busy);

	for (int v = 0; v < c->n_values; v++) {
		if (c->value[v].kind < KIND_BLOCK || stage_of(r, v) != r->peak)
			continue;
		busy[v] = true;
		for (int k = 0; k < c->value[v].n_args; k++)
			busy[c->value[c->value[v].arg[k]].root] = true;
	}
	return busy;
}

static void judge(struct again *r, int v, bool busy)
{
	const struct value *a = &r->c->value[v];
	const struct place *p = place_at(r, v);
	size_t bytes = bytes_of(r, v), charge = 0;
	int cost = own_cost(r, v);
	bool there = p->where == AT_BUFFER && p->bytes > 0 && p->first <= r->peak && p->last >= r->peak;

	r->fate[v] = KEPT;
	if (a->kind == KIND_LEAF || a->output || bytes <= r->small || stage_of(r, v) >= r->peak)
		return;
	for (int k = 0; k < a->n_args; k++) {
		int from = r->c->value[a->arg[k]].root;

		charge += r->charge[from];
		cost += cost > 0 ? r->cost[from] : 0;
	}
	if (there && !busy && p->last > r->peak && cost > 0 && cost <= COST_MOST && 2 * charge <= bytes) {
		r->fate[v] = AGAIN;
	} else if (there) {
		return;
	} else if (cost > 0 && cost <= COST_MOST && charge < bytes) {
		r->fate[v] = VIRTUAL;
	} else {
		r->fate[v] = LOST;
		cost = 0;
		charge = bytes;
	}
	r->cost[v] = cost;
	r->charge[v] = charge;
}

/* Lost values that something is computed again from are kept. */
static void keep_sources(struct again *r, int v)
{
	const struct value *a = &r->c->value[v];

	for (int k = 0; k < a->n_args; k++) {
		int from = r->c->value[a->arg[k]].root;

		if (r->charge[from] == 0)
			continue;
		r->charge[from] = 0;
		if (r->fate[from] == LOST)
			r->fate[from] = KEPT;
		else
			keep_sources(r, from);
	}
}

/* The last kernel other than an elementwise one behind each value: a late copy waits for that of its reader. */
static void find_triggers(struct again *r)
{
	const struct compile *c = r->c;

	for (int v = 0; v < c->n_values; v++) {
		const struct value *a = &c->value[v];

		r->trigger[v] = a->kind == KIND_EVAL ? v : a->after;
		for (int k = 0; a->kind != KIND_EVAL && k < a->n_args; k++)
			if (r->trigger[a->arg[k]] > r->trigger[v])
				r->trigger[v] = r->trigger[a->arg[k]];
	}
}

static int unit_trigger(const struct again *r, int unit, int reader)
{
	const struct unit *u = &r->c->unit[unit];
	int most = -1;

	for (int m = u->first; m < u->first + u->n; m++) {
		const struct value *a = &r->c->value[r->c->member[m]];

		for (int k = 0; k < a->n_args; k++) {
			int t = r->trigger[a->arg[k]];

			if (r->c->value[a->arg[k]].unit != unit && t < reader && t > most)
				most = t;
		}
	}
	return most;
}

/* ---- the new values ---- */

static int append(struct again *r, int v)
{
	struct compile *n = r->next;
	const struct value *a = &r->c->value[v];
	struct value *to;

	if (n->n_values >= r->n_most) {
		r->n_most *= 2;
		n->value = xrealloc(n->value, (size_t)r->n_most * sizeof *n->value);
	}
	to = &n->value[n->n_values];
	*to = (struct value){
		.node = a->node, .id = a->id, .kind = a->kind, .n_args = a->n_args, .unit = -1, .after = -1
	};
	return n->n_values++;
}

static int copy_of(struct again *r, int v, int group, int reader)
{
	const struct value *a = &r->c->value[v];
	int *arg, id;

	if (r->fate[a->root] == KEPT)
		return r->renumbered[v];
	for (int i = r->last_copy[v]; i >= 0; i = r->before[i])
		if (r->copy[i].group == group)
			return r->copy[i].value;
	arg = arena_take(r->next->arena, (size_t)a->n_args * sizeof *arg);
	for (int k = 0; k < a->n_args; k++)
		arg[k] = copy_of(r, a->arg[k], group, reader);
	id = append(r, v);
	r->next->value[id].arg = arg;
	if (a->kind != KIND_ALIAS) {
		int t = unit_trigger(r, r->c->value[reader].unit, reader);

		r->next->value[id].after = t < 0 ? -1 : r->renumbered[t];
	}
	MEM_GROW(r->copy, r->n_copies, r->capacity);
	MEM_GROW(r->before, r->n_copies, r->before_capacity);
	r->copy[r->n_copies] = (struct copy){ v, group, id };
	r->before[r->n_copies] = r->last_copy[v];
	r->last_copy[v] = r->n_copies++;
	return id;
}

/* Elementwise clusters have copies of their own, of which nothing is stored; all other kernels share one. */
static int late_argument(struct again *r, int reader, int v)
{
	const struct value *a = &r->c->value[reader];
	int root = r->c->value[v].root;
	bool late = a->kind >= KIND_BLOCK && stage_of(r, reader) > r->peak;

	if (!late || r->fate[root] != AGAIN)
		return r->renumbered[v];
	return copy_of(r, v, a->kind == KIND_BLOCK ? a->unit : r->c->n_units + root, reader);
}

static void renumber(struct again *r, int n_out, int *out_value)
{
	const struct compile *c = r->c;
	struct compile *next = r->next;

	for (int v = 0; v < c->n_values; v++) {
		const struct value *a = &c->value[v];
		int *arg = arena_take(next->arena, (size_t)a->n_args * sizeof *arg), id;

		for (int k = 0; k < a->n_args; k++)
			arg[k] = late_argument(r, v, a->arg[k]);
		r->renumbered[v] = id = append(r, v);
		next->value[id].arg = arg;
		next->value[id].output = a->output;
		next->value[id].after = a->after < 0 ? -1 : r->renumbered[a->after];
	}
	for (int v = 0; v < next->n_values; v++) {
		struct value *a = &next->value[v];

		a->root = a->kind == KIND_ALIAS ? next->value[a->arg[0]].root : v;
	}
	for (int k = 0; k < n_out; k++)
		out_value[k] = r->renumbered[out_value[k]];
}

/* Values that only late readers had are not needed at their first place any more. */
static void drop_unread(struct compile *c, int n_out, int *out_value)
{
	int *number = xcalloc((size_t)c->n_values + 1, sizeof *number), n = 0;

	for (int k = 0; k < n_out; k++)
		number[out_value[k]] = 1;
	for (int v = c->n_values - 1; v >= 0; v--)
		for (int k = 0; number[v] && k < c->value[v].n_args; k++)
			number[c->value[v].arg[k]] = 1;
	for (int v = 0; v < c->n_values; v++) {
		struct value a = c->value[v];

		if (!number[v]) {
			number[v] = -1;
			continue;
		}
		number[v] = n;
		for (int k = 0; k < a.n_args; k++)
			a.arg[k] = number[a.arg[k]];
		a.after = a.after < 0 ? -1 : number[a.after];
		a.root = number[a.root];
		c->value[n++] = a;
	}
	c->n_values = n;
	for (int k = 0; k < n_out; k++)
		out_value[k] = number[out_value[k]];
	free(number);
}

/* The values of the builder with copies of what is computed again after the peak; false: there is nothing such. */
static bool compute_again(const struct builder *b, int peak, size_t peak_bytes, struct compile *next, int *out_value)
{
	const struct compile *c = &b->c;
	const size_t n = (size_t)c->n_values + 1;
	struct again r = { .b = b, .c = c, .peak = peak, .next = next, .small = peak_bytes / SMALL_PART };
	bool *busy, any = false;

	r.fate = xcalloc(n, sizeof *r.fate);
	r.cost = xcalloc(n, sizeof *r.cost);
	r.charge = xcalloc(n, sizeof *r.charge);
	r.trigger = xcalloc(n, sizeof *r.trigger);
	busy = busy_values(&r);
	for (int v = 0; v < c->n_values; v++) {
		if (c->value[v].kind == KIND_ALIAS)
			continue;
		judge(&r, v, busy[v]);
		if (r.fate[v] == AGAIN) {
			keep_sources(&r, v);
			r.charge[v] = 0;
			any = true;
		}
	}
	if (any) {
		*next = (struct compile){ .g = c->g, .arena = arena_new() };
		r.n_most = c->n_values + 64;
		next->value = xcalloc((size_t)r.n_most, sizeof *next->value);
		r.renumbered = xcalloc(n, sizeof *r.renumbered);
		r.last_copy = xmalloc(n * sizeof *r.last_copy);
		memset(r.last_copy, -1, n * sizeof *r.last_copy);
		find_triggers(&r);
		renumber(&r, b->plan->n_outputs, out_value);
		drop_unread(next, b->plan->n_outputs, out_value);
	}
	free(busy);
	free(r.fate);
	free(r.cost);
	free(r.charge);
	free(r.trigger);
	free(r.renumbered);
	free(r.last_copy);
	free(r.copy);
	free(r.before);
	return any;
}

/* ---- rounds ---- */

/* Units, stages and places; returns the most bytes that are needed at once and the stage where. */
static size_t arrange(struct builder *b, const int *out_value, int *peak)
{
	struct compile *c = &b->c;
	size_t *live, most = 0, now = 0;

	compile_units(c);
	compile_stages(c);
	builder_places(b, out_value);
	live = xcalloc((size_t)c->n_stages + 2, sizeof *live);
	for (int i = 0; i < b->n_places; i++) {
		const struct place *p = &b->place[i];

		if (p->where != AT_BUFFER)
			continue;
		live[p->first] += p->bytes;
		live[p->last + 1] -= p->bytes; /* sums wrap around and back */
	}
	*peak = 0;
	for (int s = 0; s < c->n_stages; s++) {
		now += live[s];
		if (now > most) {
			most = now;
			*peak = s;
		}
	}
	free(live);
	return most;
}

static void release(struct builder *b)
{
	compile_free(&b->c);
	free(b->place);
	free(b->outside);
}

void builder_arrange(struct builder *b, int *out_value)
{
	const int n_out = b->plan->n_outputs;
	int *next_out = xcalloc((size_t)n_out + 1, sizeof *next_out), peak, next_peak;
	size_t bytes = arrange(b, out_value, &peak), next_bytes;

	for (int i = 0; i < ROUNDS && bytes > PEAK_LEAST; i++) {
		struct builder next = { .plan = b->plan };

		memcpy(next_out, out_value, (size_t)n_out * sizeof *next_out);
		if (!compute_again(b, peak, bytes, &next.c, next_out))
			break;
		next_bytes = arrange(&next, next_out, &next_peak);
		if (next_bytes > bytes - bytes / GAIN_PART) {
			release(&next);
			break;
		}
		release(b);
		*b = next;
		bytes = next_bytes;
		peak = next_peak;
		memcpy(out_value, next_out, (size_t)n_out * sizeof *next_out);
	}
	free(next_out);
	b->plan->stats.n_again = compile_recompute(&b->c, b->plan->arena);
	builder_places(b, out_value);
}
