/* flow_build.c: the nodes of a flow's step and the plans made of them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "diffeq/flow_inside.h"
#include "integ/ode.h"
#include "op/op.h"

static node *nodes(int n)
{
	node *v = xcalloc((size_t)n + 1, sizeof *v);

	for (int i = 0; i < n; i++)
		v[i] = NODE_NONE;
	return v;
}

static node like(struct graph *g, const char *name, node n)
{
	struct shape s = graph_shape(g, n);

	return graph_input(g, name, graph_dtype(g, n), &s);
}

static node scalar_input(struct flow *f, const char *name)
{
	return graph_input(f->g, name, f->real, &(struct shape){ 0 });
}

static node or_zero(struct graph *g, node n, node model)
{
	return node_is(n) ? n : op_zeros_like(g, model);
}

/* Rows of increments that one step has: one a stage. */
static int n_rows(const struct flow *f)
{
	return f->m ? f->m->stages : 2;
}

/* Increments of row j, without the axis of stages. */
static void increments_of(struct flow *f, int j, node *out)
{
	for (int k = 0; k < f->n_terms; k++)
		out[k] = f->terms[k].control == DIFFEQ_TIME ? NODE_NONE
			 : f->terms[k].control == DIFFEQ_STEP
				 ? f->increment[k]
				 : op_reshape(f->g, op_slice(f->g, f->increment[k], 0, j, 1, 1), &f->terms[k].shape);
}

/* Slopes of all states at (t, y), zero where there is none; row of increments j. */
static void slopes_at(struct flow *f, node t, const node *y, int j, node *out)
{
	node *by = nodes(f->n_terms);

	increments_of(f, j, by);
	diffeq_products(f->g, f->n_terms, f->terms, false, t, f->n_state, y, by, out);
	for (int i = 0; i < f->n_state; i++)
		out[i] = or_zero(f->g, out[i], f->in[i]);
	free(by);
}

/* h slope + driven at (t, y). */
static void moves_at(struct flow *f, node t, const node *y, int j, node *out)
{
	node *by = nodes(f->n_terms), *driven = nodes(f->n_state);

	slopes_at(f, t, y, j, out);
	increments_of(f, j, by);
	diffeq_products(f->g, f->n_terms, f->terms, true, t, f->n_state, y, by, driven);
	for (int i = 0; i < f->n_state; i++)
		out[i] = graph_add(f->g, op_mul(f->g, out[i], f->h), driven[i]);
	free(by);
	free(driven);
}

/* sqrt(x) with derivative 0 at 0. */
static node root(struct graph *g, node x)
{
	node positive = op_less(g, graph_scalar(g, 0), x);

	return op_where(g, positive, op_sqrt(g, op_where(g, positive, x, op_ones_like(g, x))), op_zeros_like(g, x));
}

/* Mean over the elements of the first n_norm states. */
static node mean_square(struct flow *f, const node *v)
{
	node sum = NODE_NONE;
	int64_t count = 0;

	for (int i = 0; i < f->n_norm; i++) {
		struct shape s = graph_shape(f->g, f->in[i]);

		count += shape_count(&s);
		if (node_is(v[i]))
			sum = graph_add(f->g, sum, op_sum_all(f->g, op_square(f->g, v[i])));
	}
	return node_is(sum) && count > 0 ? op_scale(f->g, sum, 1. / (double)count) : graph_scalar(f->g, 0);
}

/* E: root mean square of error_i / (atol + rtol max(|y_i|, |y1_i|)). */
static node scaled_error(struct flow *f, const node *error)
{
	struct graph *g = f->g;
	node *scaled = nodes(f->n_state), e;

	for (int i = 0; i < f->n_norm; i++) {
		node size = op_max(g, op_abs(g, f->in[i]), op_abs(g, f->next[i]));

		if (node_is(error[i]))
			scaled[i] = op_div(g, error[i], op_shift(g, op_scale(g, size, f->rtol), f->atol));
	}
	e = root(g, mean_square(f, scaled));
	free(scaled);
	return e;
}

/* S: root mean squares of (slope_last - slope_before) and (z_last - z_before), their quotient; 0 / 0 is 0. */
static node stiffness(struct flow *f, const struct diffeq_step *s)
{
	struct graph *g = f->g;
	const struct tableau *m = f->m;
	const int last = m->stages - 1, n = s->n_state;
	node *k = nodes(n), *z = nodes(n), above, below, there;

	for (int i = 0; i < n && last > 0; i++) {
		k[i] = op_sub(g, or_zero(g, s->slope[last * n + i], f->in[i]),
			      or_zero(g, s->slope[(last - 1) * n + i], f->in[i]));
		z[i] = op_sub(g, s->argument[last * n + i], s->argument[(last - 1) * n + i]);
	}
	above = root(g, mean_square(f, k));
	below = root(g, mean_square(f, z));
	there = op_less(g, graph_scalar(g, 0), below);
	free(k);
	free(z);
	return op_where(g, there, op_div(g, above, op_where(g, there, below, op_ones_like(g, below))),
			op_zeros_like(g, above));
}

static int build_tableau(struct flow *f, struct err *e)
{
	struct graph *g = f->g;
	const int last = f->m->stages - 1;
	struct diffeq_step s;
	int status = 0;

	if (flow_implicit(f))
		flow_guess_nodes(f);
	diffeq_step_new(&s, g, f->m, f->n_terms, f->terms, f->t, f->h, f->n_state, f->in,
			f->carries ? f->in + f->n_state : NULL, f->increment, f->guess);
	for (int i = 0; i < f->n_state && !graph_error(g); i++) {
		f->next[i] = s.next[i];
		if (f->carries)
			f->next[f->n_state + i] = or_zero(g, s.slope[last * f->n_state + i], f->in[i]);
	}
	for (int j = 0; j < f->n_stages && !graph_error(g); j++)
		f->stage[j] =
			or_zero(g,
				graph_add(g,
					  node_is(s.slope[j * f->n_state]) ? op_mul(g, s.slope[j * f->n_state], f->h)
									   : NODE_NONE,
					  s.driven[j * f->n_state]),
				f->in[0]);
	if (f->order > 0 && f->rtol + f->atol > 0 && !graph_error(g))
		f->error = scaled_error(f, s.error);
	if (f->regular && f->m->first_same_as_last && f->m->c[last] == f->m->c[last - 1] && !graph_error(g))
		f->stiffness = stiffness(f, &s);
	if (f->carries && !graph_error(g))
		memcpy(f->carry_start, f->slope, (size_t)f->n_state * sizeof *f->slope);
	if (flow_implicit(f) && !graph_error(g))
		status = flow_newton_new(f, &s, e);
	diffeq_step_free(&s);
	return status;
}

/* States y, carried: yh and, without driven terms, v. back: y0, yh0, v0 from the values of the inputs as y1, yh1,
 * v1. */
static void build_heun(struct flow *f, bool back, node *out)
{
	struct graph *g = f->g;
	const int n = f->n_state;
	const double sign = back ? -1 : 1;
	const node *y = f->in, *yh = f->in + n, *v = f->in + 2 * n;
	node end = op_add(g, f->t, f->h), here = back ? end : f->t, there = back ? f->t : end;
	node *move = nodes(n), *move_there = nodes(n);

	if (f->has_driven)
		moves_at(f, here, yh, back ? 1 : 0, move);
	for (int i = 0; i < n && !f->has_driven; i++)
		move[i] = op_mul(g, v[i], f->h);
	for (int i = 0; i < n; i++)
		out[n + i] = op_add(g, op_sub(g, op_scale(g, y[i], 2), yh[i]), op_scale(g, move[i], sign));
	if (f->has_driven)
		moves_at(f, there, out + n, back ? 0 : 1, move_there);
	else
		slopes_at(f, there, out + n, back ? 0 : 1, out + 2 * n);
	for (int i = 0; i < n && !f->has_driven; i++)
		move_there[i] = op_mul(g, out[2 * n + i], f->h);
	for (int i = 0; i < n; i++)
		out[i] = op_add(g, y[i], op_scale(g, op_add(g, move[i], move_there[i]), 0.5 * sign));
	if (!back && f->rtol + f->atol > 0) {
		for (int i = 0; i < n; i++)
			move[i] = op_scale(g, op_sub(g, move_there[i], move[i]), 0.5);
		f->error = scaled_error(f, move);
	}
	free(move);
	free(move_there);
}

int flow_nodes(struct flow *f, struct err *e)
{
	struct graph *g = f->g;

	f->t = scalar_input(f, "t");
	f->h = scalar_input(f, "h");
	for (int k = 0; k < f->n_terms; k++) {
		struct shape s = f->terms[k].shape;

		if (f->terms[k].control == DIFFEQ_STAGE) {
			memmove(s.dim + 1, s.dim, (size_t)s.rank * sizeof *s.dim);
			s.dim[0] = n_rows(f);
			s.rank++;
		}
		if (f->terms[k].control != DIFFEQ_TIME)
			f->increment[k] = graph_input(g, "increment", f->real, &s);
	}
	for (int i = f->n_state; i < f->n_all; i++)
		f->in[i] = like(g, "carried", f->in[i % f->n_state]);
	slopes_at(f, f->t, f->in, 0, f->slope);
	if (f->m)
		return build_tableau(f, e);
	build_heun(f, false, f->next);
	for (int i = 0; i < f->n_state && !graph_error(g); i++) {
		f->carry_start[i] = f->in[i];
		if (!f->has_driven)
			f->carry_start[f->n_state + i] = f->slope[i];
	}
	if (!graph_error(g))
		f->stage[0] = op_sub(g, f->next[0], f->in[0]);
	return 0;
}

/* ---- plans ------------------------------------------------------------------------------------------------------- */

void flow_plan_free(struct flow_plan *p)
{
	plan_free(p->plan);
	free(p->state_out);
	free(p->shared_out);
	*p = (struct flow_plan){ 0 };
}

static struct plan *finish(struct flow *f, struct flow_plan *p, int n, const node *out, struct err *e)
{
	p->plan = plan_new(f->g, n, out, e);
	if (!p->plan)
		err_in(e, "differential equation");
	return p->plan;
}

struct plan *flow_plan_forward(struct flow *f, bool dense, struct err *e)
{
	struct flow_plan *p = &f->forward[dense];
	node *out;
	int n = 0;

	if (p->plan)
		return p->plan;
	out = nodes(f->n_all + f->n_stages + 2);
	for (int i = 0; i < f->n_all; i++)
		out[n++] = f->next[i];
	p->error_out = node_is(f->error) ? n : -1;
	if (node_is(f->error))
		out[n++] = f->error;
	p->stiffness_out = node_is(f->stiffness) ? n : -1;
	if (node_is(f->stiffness))
		out[n++] = f->stiffness;
	p->first_stage = n;
	for (int j = 0; j < f->n_stages && dense; j++)
		out[n++] = f->stage[j];
	finish(f, p, n, out, e);
	free(out);
	return p->plan;
}

/* Gradients of the n functions `of` with their seeds by the inputs and the shared ones. */
static struct plan *gradients(struct flow *f, struct flow_plan *p, int n_in, int n, const node *of, const node *seed,
			      struct err *e)
{
	node *wrt = nodes(n_in + f->n_shared), *grad = nodes(n_in + f->n_shared), *out = nodes(n_in + f->n_shared + 1);
	int n_wrt = n_in, n_out = 0;

	memcpy(wrt, f->in, (size_t)n_in * sizeof *wrt);
	for (int i = 0; i < f->n_shared; i++)
		if (f->wrt[i])
			wrt[n_wrt++] = f->shared[i];
	p->state_out = xcalloc((size_t)n_in + 1, sizeof *p->state_out);
	p->shared_out = xcalloc((size_t)f->n_shared + 1, sizeof *p->shared_out);
	if (graph_vjp(f->g, n, of, seed, n_wrt, wrt, grad) != 0 || graph_error(f->g)) {
		err_set(e, ERR_USAGE, "%s", graph_error(f->g) ? graph_error(f->g)->message : "no derivative");
	} else {
		for (int i = 0; i < n_in; i++) {
			p->state_out[i] = node_is(grad[i]) ? n_out : -1;
			if (node_is(grad[i]))
				out[n_out++] = grad[i];
		}
		n_wrt = n_in;
		for (int i = 0; i < f->n_shared; i++) {
			node d = f->wrt[i] ? grad[n_wrt++] : NODE_NONE;

			p->shared_out[i] = node_is(d) ? n_out : -1;
			if (node_is(d))
				out[n_out++] = d;
		}
		if (n_out == 0) /* nothing depends on anything: a plan needs an output */
			out[n_out++] = graph_scalar(f->g, 0);
		finish(f, p, n_out, out, e);
	}
	free(wrt);
	free(grad);
	free(out);
	return p->plan;
}

struct plan *flow_plan_adjoint(struct flow *f, bool dense, struct err *e)
{
	struct flow_plan *p = &f->adjoint[dense];
	const int most = f->n_all + f->n_stages + 2;
	node *of, *seed;
	int n = 0;

	if (p->plan)
		return p->plan;
	of = nodes(most);
	seed = nodes(most);
	for (int i = 0; i < f->n_all; i++) {
		if (!node_is(f->cotangent[i]))
			f->cotangent[i] = like(f->g, "cotangent", f->in[i]);
		of[n] = f->next[i];
		seed[n++] = f->cotangent[i];
	}
	for (int j = 0; j < f->n_stages && dense; j++) {
		if (!node_is(f->stage_cotangent[j]))
			f->stage_cotangent[j] = like(f->g, "cotangent of a stage", f->in[0]);
		of[n] = f->stage[j];
		seed[n++] = f->stage_cotangent[j];
	}
	if (f->regular && !node_is(f->error_weight)) {
		f->error_weight = scalar_input(f, "weight of the error");
		f->stiffness_weight = scalar_input(f, "weight of the stiffness");
	}
	if (f->regular && node_is(f->error)) {
		of[n] = f->error;
		seed[n++] = f->error_weight;
	}
	if (f->regular && node_is(f->stiffness)) {
		of[n] = f->stiffness;
		seed[n++] = f->stiffness_weight;
	}
	gradients(f, p, f->n_all, n, of, seed, e);
	free(of);
	free(seed);
	return p->plan;
}

struct plan *flow_plan_start_adjoint(struct flow *f, struct err *e)
{
	/* the cotangents' inputs are the adjoint's */
	if (f->start_adjoint.plan || !flow_plan_adjoint(f, false, e))
		return f->start_adjoint.plan;
	return gradients(f, &f->start_adjoint, f->n_state, f->n_carry, f->carry_start, f->cotangent + f->n_state, e);
}

struct plan *flow_plan_back(struct flow *f, struct err *e)
{
	node *out;

	if (f->back.plan)
		return f->back.plan;
	out = nodes(f->n_all);
	build_heun(f, true, out);
	finish(f, &f->back, f->n_all, out, e);
	free(out);
	return f->back.plan;
}

struct plan *flow_plan_start(struct flow *f, struct err *e)
{
	return f->start.plan ? f->start.plan : finish(f, &f->start, f->n_carry, f->carry_start, e);
}

struct plan *flow_plan_first(struct flow *f, struct err *e)
{
	return f->first.plan ? f->first.plan : finish(f, &f->first, f->n_state, f->slope, e);
}
