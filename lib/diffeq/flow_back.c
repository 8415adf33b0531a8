/* flow_back.c: gradients of a solve by going back over its steps. */
#include <string.h>

#include "base/mem.h"
#include "diffeq/flow_inside.h"

struct back {
	struct flow *f;
	const struct flow_run *run;
	const struct flow_cotangent *c;
	void *const *grad_shared;
	int side; /* which of f->bar holds the present cotangents */
	struct err *e;
};

static bool kept(const struct flow_run *run)
{
	return run->memory == FLOW_DIRECT || run->memory == FLOW_CHECKPOINT;
}

/* The state before step n, in f->present. */
static int state_before(struct back *b, int64_t n)
{
	struct flow *f = b->f;
	int64_t at;
	const char *from;

	if (b->run->memory == FLOW_REVERSIBLE) {
		struct plan *p = f->back.plan;
		char *swap = f->present;

		/* f->present is the state after step n */
		if (flow_bind_step(f, p, f->time[n], f->time[n + 1], f->present, b->e) != 0)
			return -1;
		for (int i = 0; i < f->n_all; i++)
			plan_bind_out(p, i, flow_at(f, f->after, i));
		if (plan_run(p, b->e) != 0)
			return -1;
		f->result.reevaluations += flow_step_cost(f);
		f->present = f->after;
		f->after = swap;
		return 0;
	}
	from = keeper_find(f->keep, n, &at);
	memcpy(f->present, from, f->layout.total);
	for (; at < n; at++) {
		char *swap = f->present;

		if (flow_step(f, f->time[at], f->time[at + 1], f->present, f->after, b->e) != 0)
			return -1;
		f->result.recomputed++;
		f->result.reevaluations += flow_step_cost(f);
		f->present = f->after;
		f->after = swap;
		if (keeper_offer(f->keep, at + 1, f->present, b->e) != 0)
			return -1;
	}
	return 0;
}

static void add_part(struct flow *f, const struct flow_save *s, double scale, void *whole)
{
	struct shape shape = graph_shape(f->g, f->in[0]);
	const int64_t n = s->row < 0 ? f->layout.count[0] : f->layout.count[0] / shape.dim[0];
	const size_t offset = s->row < 0 ? 0 : (size_t)(s->row * n) * dtype_size(f->real);

	flow_add(f->real, n, scale, (char *)whole + offset, s->cotangent);
}

static int64_t save_end(const struct back *b, int64_t n)
{
	return n + 1 < b->f->n_steps ? b->f->first_save[n + 1] : b->f->result.n_saved;
}

/* Cotangents of the outputs of step n: those at its end go to the state after it, the others to the stages and to
 * *before (cotangent of the state before it). False if there are no others. */
static bool take_saves(struct back *b, int64_t n, char *after)
{
	struct flow *f = b->f;
	const double t0 = f->time[n], t1 = f->time[n + 1];
	bool dense = false;

	for (int64_t k = f->first_save[n]; k < save_end(b, n); k++) {
		const struct flow_save *s = &b->run->save[k];
		double weight[TABLEAU_STAGES_MAX];

		if (!s->cotangent)
			continue;
		if (s->t == t1) {
			add_part(f, s, 1, after);
			continue;
		}
		if (!dense)
			memset(f->stage_bar, 0, (size_t)f->n_stages * f->layout.bytes[0]);
		dense = true;
		flow_weights(f, (s->t - t0) / (t1 - t0), weight);
		for (int j = 0; j < f->n_stages; j++)
			add_part(f, s, weight[j], f->stage_bar + (size_t)j * f->layout.bytes[0]);
	}
	return dense;
}

static void add_saves_before(struct back *b, int64_t n, char *before)
{
	for (int64_t k = b->f->first_save[n]; k < save_end(b, n); k++)
		if (b->run->save[k].cotangent && b->run->save[k].t != b->f->time[n + 1])
			add_part(b->f, &b->run->save[k], 1, before);
}

/* Run an adjoint plan: cotangents of its outputs stand in `from`, those of its n_in inputs go to `to`. */
static int pull(struct back *b, struct flow_plan *p, int n_in, char *from, char *to)
{
	struct flow *f = b->f;

	for (int i = 0; i < f->n_all; i++)
		plan_bind(p->plan, f->cotangent[i], flow_at(f, from, i));
	for (int i = 0; i < n_in; i++) {
		if (p->state_out[i] >= 0)
			plan_bind_out(p->plan, p->state_out[i], flow_at(f, to, i));
		else
			memset(flow_at(f, to, i), 0, f->layout.bytes[i]);
	}
	for (int i = 0; i < f->n_shared; i++)
		if (p->shared_out[i] >= 0)
			plan_bind_out(p->plan, p->shared_out[i], f->gradient[i]);
	if (plan_run(p->plan, b->e) != 0)
		return -1;
	for (int i = 0; i < f->n_shared; i++)
		if (p->shared_out[i] >= 0 && b->grad_shared && b->grad_shared[i])
			flow_add(f->real, (int64_t)(f->shared_bytes[i] / dtype_size(f->real)), 1, b->grad_shared[i],
				 f->gradient[i]);
	return 0;
}

static void weigh(const struct flow *f, union real *v, double weight)
{
	if (f->real == DTYPE_F32)
		v->f = (float)weight;
	else
		v->d = weight;
}

static int adjoint_step(struct back *b, int64_t n)
{
	struct flow *f = b->f;
	char *now = f->bar[b->side], *before = f->bar[1 - b->side];
	const bool dense = take_saves(b, n, now);
	struct flow_plan *p = &f->adjoint[dense];

	if (!p->plan) {
		if (!flow_plan_adjoint(f, dense, b->e))
			return -1;
		flow_bind_shared(f, p->plan, b->run);
	}
	for (int j = 0; j < f->n_stages && dense; j++)
		plan_bind(p->plan, f->stage_cotangent[j], f->stage_bar + (size_t)j * f->layout.bytes[0]);
	if (f->regular) {
		weigh(f, &f->error_bar, b->c->error_weight ? b->c->error_weight[n] : 0);
		weigh(f, &f->stiffness_bar, b->c->stiffness_weight ? b->c->stiffness_weight[n] : 0);
		plan_bind(p->plan, f->error_weight, &f->error_bar);
		plan_bind(p->plan, f->stiffness_weight, &f->stiffness_bar);
	}
	if ((flow_implicit(f) && flow_newton(f, f->time[n], f->time[n + 1], f->present, b->e) != 0) ||
	    flow_bind_step(f, p->plan, f->time[n], f->time[n + 1], f->present, b->e) != 0 ||
	    pull(b, p, f->n_all, now, before) != 0)
		return -1;
	f->result.reevaluations += flow_step_cost(f);
	add_saves_before(b, n, before);
	b->side = 1 - b->side;
	return 0;
}

/* What was carried into the step that began at time t came from the states alone. */
static int adjoint_start(struct back *b, double t)
{
	struct flow *f = b->f;
	char *now = f->bar[b->side], *before = f->bar[1 - b->side];

	if (f->n_carry == 0)
		return 0;
	if (flow_bind_step(f, f->start_adjoint.plan, t, b->run->t1, f->present, b->e) != 0 ||
	    pull(b, &f->start_adjoint, f->n_state, now, before) != 0)
		return -1;
	for (int i = 0; i < f->n_state; i++)
		flow_add(f->real, f->layout.count[i], 1, flow_at(f, now, i), flow_at(f, before, i));
	/* a step before this one carried nothing into it */
	for (int i = f->n_state; i < f->n_all; i++)
		memset(flow_at(f, now, i), 0, f->layout.bytes[i]);
	return 0;
}

static bool is_jump(const struct flow_run *run, double t)
{
	for (int64_t k = 0; k < run->control->n_jump; k++)
		if (run->control->jump[k] == t)
			return true;
	return false;
}

static int prepare(struct back *b)
{
	struct flow *f = b->f;

	if (!flow_plan_adjoint(f, false, b->e) || (f->n_carry > 0 && !flow_plan_start_adjoint(f, b->e)) ||
	    (b->run->memory == FLOW_REVERSIBLE && !flow_plan_back(f, b->e)))
		return -1;
	for (int dense = 0; dense < 2; dense++)
		if (f->adjoint[dense].plan)
			flow_bind_shared(f, f->adjoint[dense].plan, b->run);
	if (f->start_adjoint.plan)
		flow_bind_shared(f, f->start_adjoint.plan, b->run);
	if (f->back.plan)
		flow_bind_shared(f, f->back.plan, b->run);
	return 0;
}

static int sweep(struct back *b, void *const *grad_y0)
{
	struct flow *f = b->f;
	int64_t first = f->n_steps > 0 ? f->first_save[0] : f->result.n_saved;

	for (int i = 0; i < f->n_all; i++) {
		const void *y1 = b->c->y1 && i < f->n_state ? b->c->y1[i] : NULL;

		if (y1)
			memcpy(flow_at(f, f->bar[0], i), y1, f->layout.bytes[i]);
		else
			memset(flow_at(f, f->bar[0], i), 0, f->layout.bytes[i]);
	}
	if (f->result.event) {
		int64_t at;

		if (b->run->memory != FLOW_REVERSIBLE) /* else it stands there still */
			memcpy(f->present, keeper_find(f->keep, f->n_steps, &at), f->layout.total);
		if (flow_event_pull(f, b->run, b->c->t1, f->bar[0], b->grad_shared, b->e) != 0)
			return -1;
	}
	for (int64_t n = f->n_steps - 1; n >= 0; n--) {
		if (state_before(b, n) != 0 || adjoint_step(b, n) != 0)
			return -1;
		if ((n == 0 || is_jump(b->run, f->time[n])) && adjoint_start(b, f->time[n]) != 0)
			return -1;
	}
	for (int64_t k = 0; k < first; k++) /* outputs at the very beginning */
		if (b->run->save[k].cotangent)
			add_part(f, &b->run->save[k], 1, f->bar[b->side]);
	for (int i = 0; i < f->n_state && grad_y0; i++)
		if (grad_y0[i])
			memcpy(grad_y0[i], flow_at(f, f->bar[b->side], i), f->layout.bytes[i]);
	return 0;
}

int flow_backward(struct flow *f, const struct flow_run *run, const struct flow_cotangent *c, void *const *grad_shared,
		  void *const *grad_y0, struct flow_result *result, struct err *e)
{
	struct back b = { .f = f, .run = run, .c = c, .grad_shared = grad_shared, .e = e };
	int status;

	if (!f->need_adjoint)
		return err_set(e, ERR_FAIL, "the differential equation was compiled without its adjoint");
	if (run->memory == FLOW_NONE)
		return err_set(e, ERR_FAIL, "nothing was kept for a gradient");
	for (int i = 0; i < f->n_shared && grad_shared; i++)
		if (grad_shared[i])
			memset(grad_shared[i], 0, f->shared_bytes[i]);
	if (run->memory == FLOW_BACKSOLVE)
		status = flow_backsolve(f, run, c, grad_shared, grad_y0, e);
	else
		status = prepare(&b) == 0 ? sweep(&b, grad_y0) : -1;
	f->result.kept_bytes = kept(run) ? keeper_bytes(f->keep) : 0;
	if (result)
		*result = f->result;
	return status;
}
