/* flow_tangent.c: forward mode: tangents carried along the steps of the last solve, with the states they belong to. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "diffeq/flow_inside.h"

static node *tangents_of(struct flow *f, int n, const node *of)
{
	node *t = xcalloc((size_t)n + 1, sizeof *t);

	for (int i = 0; i < n; i++) {
		struct shape s = graph_shape(f->g, of[i]);

		t[i] = graph_dtype(f->g, of[i]) == f->real ? graph_input(f->g, "tangent", f->real, &s) : NODE_NONE;
	}
	return t;
}

/* Outputs: the n functions and their tangents; p->state_out[i]: of which function's tangent, -1: zero. */
static int compile(struct flow *f, struct flow_plan *p, int n_in, int n, const node *of, struct err *e)
{
	node *wrt = xcalloc((size_t)(n_in + f->n_shared + 1), sizeof *wrt),
	     *by = xcalloc((size_t)(n_in + f->n_shared + 1), sizeof *by);
	node *out = xcalloc((size_t)(2 * n) + 1, sizeof *out), *tangent = xcalloc((size_t)n + 1, sizeof *tangent);
	int n_wrt = 0, n_out = n;

	for (int i = 0; i < n_in; i++, n_wrt++) {
		wrt[n_wrt] = f->in[i];
		by[n_wrt] = f->tangent_in[i];
	}
	for (int i = 0; i < f->n_shared; i++)
		if (node_is(f->tangent_shared[i])) {
			wrt[n_wrt] = f->shared[i];
			by[n_wrt++] = f->tangent_shared[i];
		}
	p->state_out = xcalloc((size_t)n + 1, sizeof *p->state_out);
	if (graph_jvp(f->g, n_wrt, wrt, by, n, of, tangent) != 0) {
		*e = *graph_error(f->g);
	} else {
		memcpy(out, of, (size_t)n * sizeof *out);
		for (int i = 0; i < n; i++) {
			p->state_out[i] = node_is(tangent[i]) ? n_out : -1;
			if (node_is(tangent[i]))
				out[n_out++] = tangent[i];
		}
		p->plan = plan_new(f->g, n_out, out, e);
	}
	free(wrt);
	free(by);
	free(out);
	free(tangent);
	return p->plan ? 0 : -1;
}

/* n functions of the state in `from` and its tangents in `from_t`, into entries first .. of `to` and `to_t`. */
static int push(struct flow *f, struct flow_plan *p, double t0, double t1, int n_in, int first, int n, char *from,
		char *from_t, char *to, char *to_t, struct err *e)
{
	for (int i = 0; i < n_in; i++)
		plan_bind(p->plan, f->tangent_in[i], flow_at(f, from_t, i));
	for (int i = 0; i < n; i++) {
		plan_bind_out(p->plan, i, flow_at(f, to, first + i));
		if (p->state_out[i] >= 0)
			plan_bind_out(p->plan, p->state_out[i], flow_at(f, to_t, first + i));
		else
			memset(flow_at(f, to_t, first + i), 0, f->layout.bytes[first + i]);
	}
	return flow_bind_step(f, p->plan, t0, t1, from, e) != 0 ? -1 : plan_run(p->plan, e);
}

static int bind(struct flow *f, struct plan *p, const struct flow_run *run, const void *const *shared_tangent,
		const void *zeros)
{
	flow_bind_shared(f, p, run);
	for (int i = 0; i < f->n_shared; i++)
		if (node_is(f->tangent_shared[i]))
			plan_bind(p, f->tangent_shared[i],
				  shared_tangent && shared_tangent[i] ? shared_tangent[i] : zeros);
	return 0;
}

static bool is_jump(const struct flow_run *run, double t)
{
	for (int64_t k = 0; k < run->control->n_jump; k++)
		if (run->control->jump[k] == t)
			return true;
	return false;
}

int flow_tangent(struct flow *f, const struct flow_run *run, const void *const *y0_tangent,
		 const void *const *shared_tangent, void *const *y1_tangent, struct err *e)
{
	char *now = f->spare[0], *now_t = f->bar[0], *next = f->spare[1], *next_t = f->bar[1], *zeros, *swap;
	size_t most = 0;
	int status = -1;

	if (!f->tangent.plan) {
		f->tangent_in = tangents_of(f, f->n_all, f->in);
		f->tangent_shared = tangents_of(f, f->n_shared, f->shared);
		if (compile(f, &f->tangent, f->n_all, f->n_all, f->next, e) != 0 ||
		    (f->n_carry > 0 && compile(f, &f->start_tangent, f->n_state, f->n_carry, f->carry_start, e) != 0))
			return -1;
	}
	for (int i = 0; i < f->n_shared; i++)
		most = f->shared_bytes[i] > most ? f->shared_bytes[i] : most;
	zeros = xaligned(most + 1);
	bind(f, f->tangent.plan, run, shared_tangent, zeros);
	if (f->start_tangent.plan)
		bind(f, f->start_tangent.plan, run, shared_tangent, zeros);
	for (int i = 0; i < f->n_state; i++) {
		memcpy(flow_at(f, now, i), run->y0[i], f->layout.bytes[i]);
		if (y0_tangent && y0_tangent[i])
			memcpy(flow_at(f, now_t, i), y0_tangent[i], f->layout.bytes[i]);
		else
			memset(flow_at(f, now_t, i), 0, f->layout.bytes[i]);
	}
	for (int64_t n = 0; n < f->n_steps; n++) {
		const double t0 = f->time[n], t1 = f->time[n + 1];

		if (f->n_carry > 0 && (n == 0 || is_jump(run, t0)) &&
		    push(f, &f->start_tangent, t0, run->t1, f->n_state, f->n_state, f->n_carry, now, now_t, now, now_t,
			 e) != 0)
			goto out;
		if (flow_implicit(f) && flow_newton(f, t0, t1, now, e) != 0)
			goto out;
		if (push(f, &f->tangent, t0, t1, f->n_all, 0, f->n_all, now, now_t, next, next_t, e) != 0)
			goto out;
		swap = now, now = next, next = swap;
		swap = now_t, now_t = next_t, next_t = swap;
	}
	for (int i = 0; i < f->n_state; i++)
		if (y1_tangent[i])
			memcpy(y1_tangent[i], flow_at(f, now_t, i), f->layout.bytes[i]);
	status = 0;
out:
	free(zeros);
	return status;
}
