/* predictor.c: the evaluation graph of a network, compiled once for every batch size met. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/plan.h"
#include "run/network.h"

enum { SIZES = 4 }; /* plans kept: the batch, its remainder, and two more */

struct slot {
	int64_t batch;
	const struct objective_class *objective; /* NULL: prediction only */
	struct network_graph b;
	node target;
	struct plan *plan;
};

struct predictor {
	struct network *network;
	struct slot slot[SIZES];
	int next;
};

struct predictor *predictor_new(struct network *n)
{
	struct predictor *p = xcalloc(1, sizeof *p);

	p->network = n;
	return p;
}

static void drop(struct slot *s)
{
	if (s->plan) {
		plan_free(s->plan);
		network_graph_free(&s->b);
	}
	memset(s, 0, sizeof *s);
}

void predictor_free(struct predictor *p)
{
	if (!p)
		return;
	for (int i = 0; i < SIZES; i++)
		drop(&p->slot[i]);
	free(p);
}

static struct slot *compile(struct predictor *p, int64_t batch, const struct objective_class *o, const void *config,
			    struct err *e)
{
	struct network *n = p->network;

	for (int i = 0; i < SIZES; i++)
		if (p->slot[i].plan && p->slot[i].batch == batch && p->slot[i].objective == o)
			return &p->slot[i];
	struct slot *s = &p->slot[p->next++ % SIZES];
	drop(s);
	s->batch = batch;
	s->objective = o;
	network_build(n, &s->b, graph_new(n->real), batch, false, NODE_NONE, NODE_NONE);
	node out = s->b.prediction;
	if (o) {
		struct shape shape = network_shape(n, batch);

		s->target = graph_input(s->b.g, "target", n->real, &shape);
		out = network_loss(n, &s->b, o, config, s->target);
	}
	s->plan = plan_new(s->b.g, 1, &out, e);
	if (!s->plan) {
		network_graph_free(&s->b);
		memset(s, 0, sizeof *s);
		err_in(e, "model %s", n->class->name);
		return NULL;
	}
	for (int i = 0; i < s->b.nn.n_nodes; i++)
		if (node_is(s->b.nn.node[i]))
			plan_bind(s->plan, s->b.nn.node[i], n->params.at[i].value.data);
	return s;
}

static void bind(struct slot *s, const void *x, const void *query)
{
	plan_bind(s->plan, s->b.in.field, x);
	if (node_is(s->b.in.query))
		plan_bind(s->plan, s->b.in.query, query);
}

int predictor_run(struct predictor *p, int64_t b, const void *x, const void *query, void *out, struct err *e)
{
	struct slot *s = compile(p, b, NULL, NULL, e);

	if (!s)
		return -1;
	bind(s, x, query);
	if (plan_run(s->plan, e) != 0)
		return -1;
	struct tensor t = plan_out(s->plan, 0);
	memcpy(out, t.data, tensor_bytes(&t));
	return 0;
}

int predictor_score(struct predictor *p, struct task *t, const struct objective_class *o, const void *config,
		    int64_t batch, double *score, struct err *e)
{
	size_t w = dtype_size(t->real);
	void *x = xaligned((size_t)(batch * task_input_count(t)) * w),
	     *y = xaligned((size_t)(batch * task_target_count(t)) * w);
	void *query = xaligned((size_t)(batch * task_query_count(t) + 1) * w);
	int64_t *item = xcalloc((size_t)batch, sizeof *item);
	int64_t steps = t->kind == TASK_STEP ? t->n_frames - t->config->history - t->n_windows + 1 : 1;
	void **target = xcalloc((size_t)steps, sizeof *target);
	double sum = 0;
	int status = 0;

	target[0] = y;
	for (int64_t at = 0; at < t->n_items && status == 0; at += batch) {
		int64_t n = t->n_items - at < batch ? t->n_items - at : batch;
		struct slot *s = compile(p, n, o, config, e);

		for (int64_t i = 0; i < n; i++)
			item[i] = at + i;
		status = s ? task_load(t, n, item, x, query, target, e) : -1;
		if (status != 0)
			break;
		bind(s, x, query);
		plan_bind(s->plan, s->target, y);
		status = plan_run(s->plan, e);
		struct tensor out = plan_out(s->plan, 0);
		sum += tensor_get(&out, 0) * (double)n;
	}
	*score = sum / (double)t->n_items;
	free(x);
	free(y);
	free(query);
	free(item);
	free(target);
	return status;
}
