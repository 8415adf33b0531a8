/* params.c: the list of a model's parameters and their initial values. */
#include "num/params.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

void params_free(struct params *p)
{
	for (int i = 0; i < p->n; i++) {
		free(p->at[i].name);
		tensor_free(&p->at[i].value);
	}
	free(p->at);
	*p = (struct params){ 0 };
}

int params_find(const struct params *p, const char *name)
{
	for (int i = 0; i < p->n; i++)
		if (strcmp(p->at[i].name, name) == 0)
			return i;
	return -1;
}

int params_add(struct params *p, const struct param *proto)
{
	struct param *q;

	MEM_GROW(p->at, p->n, p->capacity);
	q = &p->at[p->n];
	*q = *proto;
	q->name = xstrdup(proto->name);
	q->value = tensor_new(proto->value.dtype, &proto->value.shape);
	return p->n++;
}

/* Drawn in double for either type: a float model starts at the rounded values of its double twin. */
static void draw(struct param *q, struct rng r)
{
	int64_t n = shape_count(&q->value.shape);
	double part[256];

	switch (q->init) {
	case INIT_ZERO:
		tensor_fill(&q->value, 0);
		return;
	case INIT_ONE:
		tensor_fill(&q->value, 1);
		return;
	case INIT_CONSTANT:
		tensor_fill(&q->value, q->init_scale);
		return;
	case INIT_UNIFORM:
	case INIT_UNIFORM01:
	case INIT_NORMAL:
		break;
	}
	for (int64_t first = 0; first < n; first += 256) {
		int64_t m = n - first < 256 ? n - first : 256;

		if (q->init == INIT_NORMAL)
			rng_normal(r, (uint64_t)first, (size_t)m, part);
		else
			rng_uniform(r, (uint64_t)first, (size_t)m, part);
		for (int64_t i = 0; i < m; i++) {
			double v = q->init == INIT_UNIFORM ? 2 * part[i] - 1 : part[i];

			tensor_set(&q->value, first + i, q->init_scale * v);
		}
	}
}

void params_init(struct params *p, uint64_t seed)
{
	for (int i = 0; i < p->n; i++)
		draw(&p->at[i], rng_stream(seed, "init", 0, rng_purpose(p->at[i].name, 0)));
}

int64_t params_count(const struct params *p)
{
	int64_t count = 0;

	for (int i = 0; i < p->n; i++)
		if (p->at[i].role != PARAM_STATE)
			count += shape_count(&p->at[i].value.shape);
	return count;
}

struct params params_like(const struct params *p)
{
	struct params out = { 0 };

	for (int i = 0; i < p->n; i++)
		params_add(&out, &p->at[i]);
	return out;
}

struct params params_copy(const struct params *p)
{
	struct params out = params_like(p);

	for (int i = 0; i < p->n; i++)
		memcpy(out.at[i].value.data, p->at[i].value.data, tensor_bytes(&p->at[i].value));
	return out;
}
