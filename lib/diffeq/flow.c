/* flow.c: making and freeing flows: what a step carries, how its values lie in memory. */
#include "diffeq/flow_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static size_t aligned(size_t n)
{
	return (n + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

static node *copied(int n, const node *from, int room)
{
	node *v = xcalloc((size_t)room + 1, sizeof *v);

	for (int i = 0; i < room; i++)
		v[i] = i < n ? from[i] : NODE_NONE;
	return v;
}

static int method(struct flow *f, const char *name, struct err *e)
{
	f->carries = false;
	if (strcmp(name, "reversible_heun") == 0) {
		f->order = 2;
		f->n_carry = f->has_driven ? f->n_state : 2 * f->n_state;
		f->n_stages = 1;
		return 0;
	}
	f->m = tableau_find(name);
	if (!f->m)
		return err_set(e, ERR_USAGE,
			       "method '%s' is not known; compiled steps take Runge-Kutta methods and reversible_heun",
			       name);
	if (flow_implicit(f) && f->has_driven)
		return err_set(
			e, ERR_USAGE,
			"method '%s' is implicit; noise and other increments over whole steps take explicit methods",
			name);
	f->order = f->m->error_order > 0 ? f->m->error_order + 1 : 0;
	f->carries = f->m->first_same_as_last && !f->has_driven;
	f->n_carry = f->carries ? f->n_state : 0;
	f->n_stages = f->m->stages;
	return 0;
}

static int check(const struct flow *f, const struct flow_spec *spec, struct err *e)
{
	if (graph_error(f->g))
		return err_set(e, graph_error(f->g)->code, "%s", graph_error(f->g)->message);
	if (spec->n_state < 1 || spec->n_terms < 1)
		return err_set(e, ERR_USAGE, "a differential equation of %d states and %d terms", spec->n_state,
			       spec->n_terms);
	for (int i = 0; i < spec->n_state; i++)
		if (graph_dtype(f->g, spec->state[i]) != f->real)
			return err_set(e, ERR_USAGE, "state %d is %s, the graph %s", i,
				       dtype_name(graph_dtype(f->g, spec->state[i])), dtype_name(f->real));
	return 0;
}

static void lay_out(struct flow *f)
{
	struct flow_layout *l = &f->layout;

	l->n = f->n_all;
	l->offset = xcalloc((size_t)l->n, sizeof *l->offset);
	l->bytes = xcalloc((size_t)l->n, sizeof *l->bytes);
	l->count = xcalloc((size_t)l->n, sizeof *l->count);
	for (int i = 0; i < l->n; i++) {
		struct shape s = graph_shape(f->g, f->in[i % f->n_state]);

		l->count[i] = shape_count(&s);
		l->bytes[i] = (size_t)l->count[i] * dtype_size(f->real);
		l->offset[i] = l->total;
		l->total += aligned(l->bytes[i]);
	}
}

/* States, cotangents, stages, gradients of one step, increments. */
static int reserve(struct flow *f, struct err *e)
{
	const size_t stages = (size_t)f->n_stages * aligned(f->layout.bytes[0]);
	size_t bytes = 6 * f->layout.total + 2 * stages;
	char *at;

	for (int i = 0; i < f->n_shared; i++)
		bytes += f->wrt[i] ? aligned(f->shared_bytes[i]) : 0;
	for (int k = 0; k < f->n_terms; k++)
		bytes += f->terms[k].control == DIFFEQ_TIME
				 ? 0
				 : aligned((size_t)shape_count(&f->terms[k].shape) * dtype_size(f->real) *
					   (f->terms[k].control == DIFFEQ_STAGE && f->m ? (size_t)f->m->stages : 2));
	f->work = at = mem_new((int64_t)bytes, 1, "states of a differential equation", e);
	if (!at)
		return -1;
	f->present = at;
	f->after = f->present + f->layout.total;
	for (int i = 0; i < 2; i++) {
		f->spare[i] = at + (size_t)(2 + i) * f->layout.total;
		f->bar[i] = at + (size_t)(4 + i) * f->layout.total;
	}
	f->stage_value = at + 6 * f->layout.total;
	f->stage_bar = f->stage_value + stages;
	at = f->stage_bar + stages;
	f->gradient = xcalloc((size_t)f->n_shared + 1, sizeof *f->gradient);
	for (int i = 0; i < f->n_shared; i++) {
		f->gradient[i] = f->wrt[i] ? at : NULL;
		at += f->wrt[i] ? aligned(f->shared_bytes[i]) : 0;
	}
	f->increment_value = xcalloc((size_t)f->n_terms + 1, sizeof *f->increment_value);
	for (int k = 0; k < f->n_terms; k++) {
		if (f->terms[k].control == DIFFEQ_TIME)
			continue;
		f->increment_value[k] = at;
		at += aligned((size_t)shape_count(&f->terms[k].shape) * dtype_size(f->real) *
			      (f->terms[k].control == DIFFEQ_STAGE && f->m ? (size_t)f->m->stages : 2));
	}
	return 0;
}

struct flow *flow_new(struct graph *g, const struct flow_spec *spec, struct err *e)
{
	struct flow *f = xcalloc(1, sizeof *f);
	int status;

	f->g = g;
	f->real = graph_real(g);
	f->n_terms = spec->n_terms;
	f->n_state = spec->n_state;
	f->n_shared = spec->n_shared;
	f->n_norm = spec->n_norm > 0 && spec->n_norm < spec->n_state ? spec->n_norm : spec->n_state;
	f->rtol = spec->rtol;
	f->atol = spec->atol;
	f->regular = spec->regular;
	f->need_adjoint = spec->need_adjoint;
	f->error = f->stiffness = f->error_weight = f->stiffness_weight = NODE_NONE;
	for (int k = 0; k < spec->n_terms; k++)
		f->has_driven = f->has_driven || spec->terms[k].control == DIFFEQ_STEP;
	if (check(f, spec, e) != 0 || method(f, spec->method, e) != 0) {
		free(f);
		return NULL;
	}
	f->n_all = f->n_state + f->n_carry;
	f->terms = xcalloc((size_t)spec->n_terms, sizeof *f->terms);
	memcpy(f->terms, spec->terms, (size_t)spec->n_terms * sizeof *f->terms);
	f->in = copied(spec->n_state, spec->state, f->n_all);
	f->shared = copied(spec->n_shared, spec->shared, spec->n_shared);
	f->next = copied(0, NULL, f->n_all);
	f->carry_start = copied(0, NULL, f->n_carry);
	f->slope = copied(0, NULL, f->n_state);
	f->stage = copied(0, NULL, f->n_stages);
	f->increment = copied(0, NULL, f->n_terms);
	f->cotangent = copied(0, NULL, f->n_all);
	f->stage_cotangent = copied(0, NULL, f->n_stages);
	f->guess = copied(0, NULL, f->n_stages * f->n_state);
	f->wrt = xcalloc((size_t)spec->n_shared + 1, sizeof *f->wrt);
	f->shared_bytes = xcalloc((size_t)spec->n_shared + 1, sizeof *f->shared_bytes);
	f->shared_dtype = xcalloc((size_t)spec->n_shared + 1, sizeof *f->shared_dtype);
	for (int i = 0; i < spec->n_shared; i++) {
		struct shape s = graph_shape(g, spec->shared[i]);

		f->shared_dtype[i] = graph_dtype(g, spec->shared[i]);
		f->wrt[i] = (!spec->wrt || spec->wrt[i]) && f->shared_dtype[i] == f->real;
		f->shared_bytes[i] = (size_t)shape_count(&s) * dtype_size(f->shared_dtype[i]);
	}
	lay_out(f);
	f->keep = keeper_new(f->layout.total);
	status = flow_nodes(f, e);
	if (graph_error(g))
		err_set(e, graph_error(g)->code, "differential equation: %s", graph_error(g)->message);
	if (graph_error(g) || status != 0 || reserve(f, e) != 0 || !flow_plan_forward(f, false, e) ||
	    (f->n_carry > 0 && !flow_plan_start(f, e)) || (flow_implicit(f) && !f->carries && !flow_plan_first(f, e)) ||
	    (f->need_adjoint && !flow_plan_adjoint(f, false, e))) {
		flow_free(f);
		return NULL;
	}
	return f;
}

static void free_plans(struct flow *f)
{
	struct flow_plan *plans[] = { &f->start,      &f->start_adjoint, &f->first,  &f->forward[0], &f->forward[1],
				      &f->adjoint[0], &f->adjoint[1],	 &f->back,   &f->tangent,    &f->start_tangent,
				      &f->event,      &f->event_at,	 &f->newton, &f->rows };

	for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
		flow_plan_free(plans[i]);
}

void flow_free(struct flow *f)
{
	if (!f)
		return;
	flow_backsolve_free(f);
	free_plans(f);
	keeper_free(f->keep);
	free(f->terms);
	free(f->in);
	free(f->next);
	free(f->carry_start);
	free(f->shared);
	free(f->increment);
	free(f->stage);
	free(f->slope);
	free(f->wrt);
	free(f->cotangent);
	free(f->stage_cotangent);
	free(f->guess);
	free(f->guess_value);
	free(f->tangent_in);
	free(f->tangent_shared);
	free(f->layout.offset);
	free(f->layout.bytes);
	free(f->layout.count);
	free(f->shared_bytes);
	free(f->shared_dtype);
	free(f->work);
	free(f->event_slope);
	free(f->gradient);
	free(f->increment_value);
	free(f->time);
	free(f->error_at);
	free(f->stiffness_at);
	free(f->first_save);
	free(f);
}

int flow_step_cost(const struct flow *f)
{
	if (flow_implicit(f))
		return f->passes * f->pass_cost + !f->carries;
	return f->m ? f->m->stages - f->carries : f->has_driven ? 2 : 1;
}
