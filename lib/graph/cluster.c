/* cluster.c: fused elementwise ops. A block of the result's elements goes through all ops of the cluster while it stays
 * in the first-level cache; only what others need is written to memory. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/step.h"

enum { CACHE_BYTES = 40 << 10, BLOCK_LEAST = 128 };

/* What a repeated operand's buffer holds, so that it is not filled again for the next block. */
struct held {
	int64_t key, n;
};

static int64_t gcd(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* Elements in a block: what fits the cache, and a multiple of short periods of repeated operands. */
static int block_size(const struct cluster *c, int64_t most)
{
	int64_t n = OP_BLOCK, live = c->n_operands + c->n_slots + c->n_results;

	while (n > BLOCK_LEAST && live * n * (int64_t)c->size > CACHE_BYTES)
		n /= 2;
	if (most < n)
		return (int)((most + OP_LANES - 1) / OP_LANES * OP_LANES);
	for (int k = 0; k < c->n_operands; k++) {
		int64_t period = c->operand[k].x.period, common = period / gcd(period, OP_LANES) * OP_LANES;

		if (!c->operand[k].x.direct && common <= n)
			n = n / common * common;
	}
	return (int)n;
}

static size_t up(size_t n)
{
	return (n + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

/* The area of a cluster: table of registers, sources, targets, what buffers hold; then the buffers. */
static void lay_out(struct cluster *c, int64_t most)
{
	size_t bytes, at;

	c->block = block_size(c, most);
	bytes = up((size_t)c->block * c->size);
	at = up((size_t)(c->n_operands + c->n_slots + c->n_results) * sizeof(void *));
	at += up((size_t)(c->n_operands + c->n_results) * sizeof(void *));
	at += up((size_t)c->n_operands * sizeof(struct held));
	c->slots = at;
	at += bytes * (size_t)c->n_slots;
	for (int k = 0; k < c->n_operands; k++, at += bytes)
		c->operand[k].buffer = at;
	for (int k = 0; k < c->n_results; k++, at += bytes)
		c->result[k].buffer = at;
	c->area = at;
}

struct cluster *cluster_new(struct builder *b, int unit, int64_t most)
{
	const struct unit *u = &b->c.unit[unit];
	const struct value *value = b->c.value;
	const int *member = &b->c.member[u->first];
	struct arena *arena = b->plan->arena;
	struct cluster *c = arena_take(arena, sizeof *c);
	struct step *step = xcalloc((size_t)u->n, sizeof *step);
	const struct shape *shape = &value[member[0]].node->shape;
	int *reg = b->mark, *last_use, *free_slot, n_free = 0, n_edges = 0, *in, at;

	c->size = dtype_size(value[member[0]].node->dtype);
	c->count = shape_count(shape);
	c->row_count = shape->rank > 0 ? c->count / shape->dim[0] : c->count;
	c->n_micros = steps_of(b, unit, step);
	/* Number operands and results; a value's last use decides when its slot is free again. */
	last_use = xcalloc((size_t)u->n + 1, sizeof *last_use);
	free_slot = xcalloc((size_t)u->n + 1, sizeof *free_slot);
	for (int i = 0; i < c->n_micros; i++) {
		const struct step *a = &step[i];

		n_edges += a->n_args;
		c->n_results += b->outside[a->value];
		for (int k = 0; k < a->n_args; k++) {
			if (value[a->arg[k]].unit == unit)
				last_use[value[a->arg[k]].position] = i;
			else if (reg[a->arg[k]] < 0)
				reg[a->arg[k]] = c->n_operands++;
		}
	}
	c->operand = arena_take(arena, (size_t)c->n_operands * sizeof *c->operand);
	c->result = arena_take(arena, (size_t)c->n_results * sizeof *c->result);
	c->micro = arena_take(arena, (size_t)c->n_micros * sizeof *c->micro);
	in = arena_take(arena, (size_t)n_edges * sizeof *in);
	for (int i = 0; i < c->n_micros; i++) {
		const struct step *a = &step[i];

		for (int k = 0; k < a->n_args; k++) {
			struct operand *o;

			if (value[a->arg[k]].unit == unit)
				continue;
			o = &c->operand[reg[a->arg[k]]];
			o->last_use = i;
			if (o->x.period > 0)
				continue;
			expand_init(&o->x, &value[a->arg[k]].node->shape, shape);
			o->place = value[value[a->arg[k]].root].place;
			builder_ref(b, a->arg[k], &o->ref);
		}
	}
	/* Registers: slots behind operands, results behind slots; results are numbered once the slots are known. */
	c->n_results = 0;
	for (int i = 0; i < c->n_micros; i++) {
		const struct step *a = &step[i];
		struct micro *m = &c->micro[i];

		m->block = a->block;
		m->attr = a->attr;
		m->n_in = a->n_args;
		m->in = in;
		for (int k = 0; k < a->n_args; k++) {
			bool inner = value[a->arg[k]].unit == unit;
			int r = reg[a->arg[k]], from;

			*in++ = r;
			if (!inner || b->outside[a->arg[k]])
				continue;
			/* The first of equal arguments frees the slot. */
			from = r - c->n_operands;
			for (int j = 0; j < k; j++)
				from = a->arg[j] == a->arg[k] ? -1 : from;
			if (from >= 0 && last_use[value[a->arg[k]].position] == i)
				free_slot[n_free++] = from;
		}
		if (b->outside[a->value]) {
			struct result *r = &c->result[c->n_results];

			builder_ref(b, a->value, &r->ref);
			for (int k = 0; k < c->n_operands; k++)
				r->hold = r->hold ||
					  (c->operand[k].place == value[a->value].place && c->operand[k].last_use > i);
			reg[a->value] = -2 - c->n_results++;
		} else {
			reg[a->value] = c->n_operands + (n_free > 0 ? free_slot[--n_free] : c->n_slots++);
		}
		m->out = reg[a->value];
	}
	at = c->n_operands + c->n_slots;
	in = (int *)c->micro[0].in;
	for (int k = 0; k < n_edges; k++)
		in[k] = in[k] < 0 ? at - 2 - in[k] : in[k];
	for (int i = 0; i < c->n_micros; i++) {
		const struct step *a = &step[i];

		c->micro[i].out = c->micro[i].out < 0 ? at - 2 - c->micro[i].out : c->micro[i].out;
		reg[a->value] = -1;
		for (int k = 0; k < a->n_args; k++)
			reg[a->arg[k]] = -1;
	}
	lay_out(c, most);
	free(step);
	free(last_use);
	free(free_slot);
	return c;
}

/* Lanes behind the last element repeat it: kernels work on whole vectors. */
static void pad(size_t size, char *buffer, int64_t n, int64_t padded)
{
	for (int64_t i = n; i < padded; i++)
		memcpy(buffer + (size_t)i * size, buffer + (size_t)(n - 1) * size, size);
}

/* The operand's elements e .. e+n-1 in its buffer. */
static void fill(const struct operand *o, size_t size, int block, const char *source, int64_t e, int64_t n,
		 int64_t padded, struct held *held, char *buffer)
{
	int64_t key = -1;

	if (o->x.period == 1) {
		key = 0;
	} else if (o->x.stride[o->x.n_dims - 1] == 0) {
		int64_t offset = expand_uniform(&o->x, e, n);

		if (offset >= 0)
			key = -2 - offset;
	}
	if (key == -1 && o->x.period <= block)
		key = e % o->x.period;
	if (key != -1 && held->key == key && held->n >= padded)
		return;
	expand_fill(&o->x, size, source, e, n, buffer);
	pad(size, buffer, n, padded);
	/* Only whole vectors count as held: a periodic pattern does not go on in the padding. */
	held->key = key;
	held->n = key == 0 && o->x.period == 1 ? padded : key < -1 ? padded : n;
}

void cluster_run(const struct cluster *c, int64_t begin, int64_t end, int64_t row, char *memory, char *area)
{
	size_t size = c->size, bytes = up((size_t)c->block * size);
	const void **reg = (const void **)(void *)area;
	int at = c->n_operands + c->n_slots;
	char **data = (char **)(void *)(area + up((size_t)(at + c->n_results) * sizeof(void *)));
	struct held *held =
		(struct held *)(void *)((char *)data + up((size_t)(c->n_operands + c->n_results) * sizeof(void *)));

	for (int k = 0; k < c->n_operands; k++) {
		data[k] = ref_data(&c->operand[k].ref, memory, row);
		held[k] = (struct held){ -1, 0 };
	}
	for (int k = 0; k < c->n_results; k++)
		data[c->n_operands + k] = ref_data(&c->result[k].ref, memory, row);
	for (int k = 0; k < c->n_slots; k++)
		reg[c->n_operands + k] = area + c->slots + (size_t)k * bytes;
	for (int64_t e = begin, n; e < end; e += n) {
		int64_t padded;

		/* Blocks start at multiples of their size, so that patterns repeat and vectors are aligned. */
		n = e == begin && end - e <= c->block ? end - e : c->block - e % c->block;
		n = n < end - e ? n : end - e;
		padded = (n + OP_LANES - 1) / OP_LANES * OP_LANES;
		for (int k = 0; k < c->n_operands; k++) {
			const struct operand *o = &c->operand[k];
			char *source = data[k], *buffer = area + o->buffer;

			reg[k] = buffer;
			if (!o->x.direct) {
				fill(o, size, c->block, source, e, n, padded, &held[k], buffer);
				continue;
			}
			source = (char *)((uintptr_t)source + (size_t)e * size);
			if (n == padded && ((uintptr_t)source & (MEM_ALIGN - 1)) == 0) {
				reg[k] = source;
			} else {
				memcpy(buffer, source, (size_t)n * size);
				pad(size, buffer, n, padded);
			}
		}
		for (int k = 0; k < c->n_results; k++) {
			char *target = (char *)((uintptr_t)data[c->n_operands + k] + (size_t)e * size);
			bool whole = n == padded && ((uintptr_t)target & (MEM_ALIGN - 1)) == 0 && !c->result[k].hold;

			reg[at + k] = whole ? target : area + c->result[k].buffer;
		}
		for (int i = 0; i < c->n_micros; i++) {
			const struct micro *m = &c->micro[i];
			const void *in[BLOCK_ARGS_MAX];

			for (int k = 0; k < m->n_in; k++)
				in[k] = reg[m->in[k]];
			if (size == sizeof(float))
				m->block.f(padded, (float *)reg[m->out], (const float *const *)in, m->attr);
			else
				m->block.d(padded, (double *)reg[m->out], (const double *const *)in, m->attr);
		}
		for (int k = 0; k < c->n_results; k++)
			if (reg[at + k] == area + c->result[k].buffer)
				memcpy((char *)((uintptr_t)data[c->n_operands + k] + (size_t)e * size), reg[at + k],
				       (size_t)n * size);
	}
}
