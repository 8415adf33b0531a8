/* optim.c: what all optimisers share: life cycle, norms, averages; elementwise work in fixed chunks on the pool. */
#include "optim/optim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "optim/chunk.h"

int optim_new(struct optim *o, const struct optim_class *class, const void *config, struct params *p,
	      struct params *gradient, optim_evaluate evaluate, void *context, struct err *e)
{
	*o = (struct optim){ class, config, p, gradient, { 0 }, 0, evaluate, context, NULL };
	return class->start(o, e);
}

void optim_restart(struct optim *o)
{
	o->t = 0;
	for (int i = 0; i < o->state.n; i++)
		tensor_fill(&o->state.at[i].value, 0);
}

void optim_free(struct optim *o)
{
	params_free(&o->state);
	free(o->room);
	o->room = NULL;
}

bool optim_trains(const struct param *p)
{
	return p->role != PARAM_STATE && !p->frozen;
}

void optim_add_slots(struct optim *o, int n_slots, const char *const *slot)
{
	for (int s = 0; s < n_slots; s++) {
		for (int i = 0; i < o->params->n; i++) {
			struct param proto = o->params->at[i];
			size_t size = strlen(proto.name) + strlen(slot[s]) + 2;
			char *name = xmalloc(size);

			snprintf(name, size, "%s.%s", slot[s], proto.name);
			proto.name = name;
			proto.init = INIT_ZERO;
			proto.role = PARAM_STATE;
			params_add(&o->state, &proto);
			free(name);
		}
	}
}

/* One parameter after another, each cut into chunks: tasks carry (parameter, chunk) in a fixed order. */
struct sweep {
	const struct params *p;
	const int64_t *first; /* first task of each parameter, n + 1 entries */
	optim_chunk f;
	void *context;
};

static void sweep_task(void *arg, int64_t i, int worker)
{
	const struct sweep *s = arg;
	int k = 0;

	(void)worker;
	while (s->first[k + 1] <= i)
		k++;
	int64_t n = shape_count(&s->p->at[k].value.shape), at = (i - s->first[k]) * OPTIM_CHUNK;
	s->f(s->context, k, at, n - at < OPTIM_CHUNK ? n - at : OPTIM_CHUNK, i);
}

enum { FEW = 512 };

int64_t optim_sweep(const struct params *p, optim_chunk f, void *context)
{
	/* called several times a step: the heap is for models of very many parameters */
	int64_t few[FEW] = { 0 }, *first = p->n < FEW ? few : xcalloc((size_t)p->n + 1, sizeof *first);

	for (int k = 0; k < p->n; k++)
		first[k + 1] = first[k] + (shape_count(&p->at[k].value.shape) + OPTIM_CHUNK - 1) / OPTIM_CHUNK;
	struct sweep s = { p, first, f, context };
	int64_t n = first[p->n];
	if (f)
		pool_run(n, sweep_task, &s);
	if (first != few)
		free(first);
	return n;
}

struct norm {
	const struct params *p;
	double *partial;
};

static void norm_chunk(void *context, int k, int64_t first, int64_t n, int64_t task)
{
	const struct norm *c = context;
	const struct tensor *t = &c->p->at[k].value;
	double sum = 0;

	if (optim_trains(&c->p->at[k])) {
		if (t->dtype == DTYPE_F32)
			for (int64_t i = first; i < first + n; i++)
				sum += (double)((const float *)t->data)[i] * ((const float *)t->data)[i];
		else
			for (int64_t i = first; i < first + n; i++)
				sum += ((const double *)t->data)[i] * ((const double *)t->data)[i];
	}
	c->partial[task] = sum;
}

double optim_gradient_norm(const struct params *gradient)
{
	int64_t n = optim_sweep(gradient, NULL, NULL);
	struct norm c = { gradient, xcalloc((size_t)n + 1, sizeof(double)) };
	double sum = 0;

	optim_sweep(gradient, norm_chunk, &c);
	for (int64_t i = 0; i < n; i++)
		sum += c.partial[i];
	free(c.partial);
	return sqrt(sum);
}

struct blend { /* to = a * to + b * from */
	struct params *to;
	const struct params *from;
	double a, b;
};

static void blend_chunk(void *context, int k, int64_t first, int64_t n, int64_t task)
{
	const struct blend *c = context;
	struct tensor *t = &c->to->at[k].value;

	(void)task;
	if (t->dtype == DTYPE_F32) {
		float *to = (float *)t->data + first, a = (float)c->a, b = (float)c->b;
		const float *from = c->from ? (const float *)c->from->at[k].value.data + first : to;

		for (int64_t i = 0; i < n; i++)
			to[i] = a * to[i] + b * from[i];
	} else {
		double *to = (double *)t->data + first;
		const double *from = c->from ? (const double *)c->from->at[k].value.data + first : to;

		for (int64_t i = 0; i < n; i++)
			to[i] = c->a * to[i] + c->b * from[i];
	}
}

void optim_scale_gradient(struct params *gradient, double factor)
{
	struct blend c = { gradient, NULL, factor, 0 };

	optim_sweep(gradient, blend_chunk, &c);
}

void optim_average(struct params *average, const struct params *value, double decay)
{
	struct blend c = { average, value, decay, 1 - decay };

	optim_sweep(average, blend_chunk, &c);
}
