/* plan.c: a compiled graph. This first form runs one kernel per node in order of creation, each value in its own memory. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/internal.h"
#include "graph/plan.h"

struct step {
	node n;
	const struct graph_node *node;
	struct tensor *in, out;
	void *data; /* owned memory of out */
};

struct plan {
	struct graph *g;
	int n_steps, n_out;
	struct step *step;
	int *step_of; /* by node id */
	node *out;
	size_t bytes;
	void **bound_out;
};

struct plan *plan_new(struct graph *g, int n_out, const node *out, struct err *e)
{
	int n = graph_size(g);
	struct plan *p;

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
	p = xcalloc(1, sizeof *p);
	p->g = g;
	p->n_out = n_out;
	p->out = xcalloc((size_t)n_out + 1, sizeof *p->out);
	p->bound_out = xcalloc((size_t)n_out + 1, sizeof *p->bound_out);
	p->step_of = xcalloc((size_t)n + 1, sizeof *p->step_of);
	p->step = xcalloc((size_t)n + 1, sizeof *p->step);
	for (int k = 0; k < n_out; k++) {
		p->out[k] = out[k];
		p->step_of[out[k].id] = 1;
	}
	for (int id = n - 1; id >= 0; id--) {
		const struct graph_node *a = graph_at(g, (node){ id });

		for (int i = 0; p->step_of[id] && i < a->n_args; i++)
			p->step_of[a->arg[i].id] = 1;
	}
	for (int id = 0; id < n; id++) {
		const struct graph_node *a = graph_at(g, (node){ id });
		struct step *s = &p->step[p->n_steps];

		if (!p->step_of[id]) {
			p->step_of[id] = -1;
			continue;
		}
		p->step_of[id] = p->n_steps++;
		s->n = (node){ id };
		s->node = a;
		s->in = xcalloc((size_t)a->n_args + 1, sizeof *s->in);
		s->out = tensor_view(a->dtype, &a->shape, NULL);
		if (a->op == &graph_op_constant) {
			s->out.data = ((const struct tensor *)a->attr)->data;
		} else if (a->op != &graph_op_input) {
			p->bytes += tensor_bytes(&s->out);
			s->data = s->out.data = xaligned(tensor_bytes(&s->out) + MEM_ALIGN);
		}
	}
	return p;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->n_steps; i++) {
		free(p->step[i].in);
		free(p->step[i].data);
	}
	free(p->step);
	free(p->step_of);
	free(p->out);
	free(p->bound_out);
	free(p);
}

void plan_bind(struct plan *p, node n, const void *data)
{
	const struct graph_node *a = graph_at(p->g, n);

	if (a && a->op == &graph_op_input && p->step_of[n.id] >= 0)
		p->step[p->step_of[n.id]].out.data = (void *)data;
}

void plan_bind_out(struct plan *p, int k, void *data)
{
	p->bound_out[k] = data;
}

int plan_run(struct plan *p, struct err *e)
{
	for (int i = 0; i < p->n_steps; i++) {
		struct step *s = &p->step[i];
		const struct graph_node *a = s->node;

		if (!s->out.data)
			return err_set(e, ERR_FAIL, "plan: input %s is not bound", graph_input_name(p->g, s->n));
		if (a->op == &graph_op_input || a->op == &graph_op_constant)
			continue;
		for (int k = 0; k < a->n_args; k++)
			s->in[k] = p->step[p->step_of[a->arg[k].id]].out;
		if (graph_eval_op(a->op, a->attr, a->n_args, s->in, &s->out, e) != 0)
			return -1;
	}
	for (int k = 0; k < p->n_out; k++) {
		const struct tensor *t = &p->step[p->step_of[p->out[k].id]].out;

		if (p->bound_out[k])
			memcpy(p->bound_out[k], t->data, tensor_bytes(t));
	}
	return 0;
}

struct tensor plan_out(const struct plan *p, int k)
{
	struct tensor t = p->step[p->step_of[p->out[k].id]].out;

	if (p->bound_out[k])
		t.data = p->bound_out[k];
	return t;
}

struct plan_stats plan_stats(const struct plan *p)
{
	return (struct plan_stats){ .n_kernels = p->n_steps, .n_nodes = p->n_steps, .buffer_bytes = p->bytes };
}

int plan_eval(struct graph *g, int n_in, const node *in, const struct tensor *in_value, int n_out, const node *out,
	      struct tensor *value, struct err *e)
{
	struct plan *p = plan_new(g, n_out, out, e);
	int failed;

	if (!p)
		return -1;
	for (int i = 0; i < n_in; i++)
		plan_bind(p, in[i], in_value[i].data);
	failed = plan_run(p, e);
	for (int k = 0; k < n_out && !failed; k++) {
		struct tensor t = plan_out(p, k);

		value[k] = tensor_copy(&t);
	}
	plan_free(p);
	return failed;
}
