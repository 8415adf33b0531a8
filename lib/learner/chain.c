/* chain.c: encoder, flow or equilibrium, and head as plans, forward and backward. */
#include "learner/chain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/plan.h"

const char *const chain_adjoint_names[] = { "direct", "checkpoint", "reversible", "backsolve", NULL };

/* The term's product at (t, state). */
static node field(struct chain *c)
{
	const bool timed = c->term.control == DIFFEQ_TIME;
	node t = graph_input(c->g, "t", c->real, &(struct shape){ 0 }), out = NODE_NONE;
	node by = timed ? graph_scalar(c->g, 1) : graph_input(c->g, "x'", c->real, &c->term.shape);

	c->term.product(c->g, c->term.context, t, &c->state, by, &out);
	return out;
}

int chain_nodes(struct chain *c, chain_build build, void *context, struct err *e)
{
	c->real = c->network->real;
	c->g = graph_new(c->real);
	c->extra = c->saved = NODE_NONE;
	nn_begin(&c->nn, c->g, &c->network->params, c->training);
	build(c, context);
	if (!graph_error(c->g)) /* the vector field makes its parameters */
		field(c);
	if (!graph_error(c->g))
		return 0;
	*e = *graph_error(c->g);
	return err_in(e, "model %s", c->network->class->name);
}

/* Elements of a node. */
static int64_t count_of(const struct chain *c, node n)
{
	struct shape s = graph_shape(c->g, n);

	return shape_count(&s);
}

static size_t bytes_of(const struct chain *c, node n)
{
	return ((size_t)count_of(c, n) * dtype_size(c->real) + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

/* A plan of outputs followed by the gradients, by trained parameters, of the functions `of`. out_of[i]: its output, or
 * -1. */
static struct plan *with_gradients(struct chain *c, int n_out, const node *first, int n_of, const node *of,
				   const node *seed, int n_wrt, const node *wrt, int *out_of, struct err *e)
{
	const int n = n_wrt + c->n_params;
	node *all = xcalloc((size_t)n + 1, sizeof *all), *grad = xcalloc((size_t)n + 1, sizeof *grad);
	node *out = xcalloc((size_t)(n_out + n) + 1, sizeof *out);
	struct plan *p = NULL;

	if (n_out > 0)
		memcpy(out, first, (size_t)n_out * sizeof *out);
	for (int i = 0; i < n; i++)
		all[i] = i < n_wrt ? wrt[i] : c->nn.node[c->param[i - n_wrt]];
	if (graph_vjp(c->g, n_of, of, seed, n, all, grad) == 0) {
		for (int i = 0; i < n_wrt; i++)
			out[n_out++] = node_is(grad[i]) ? grad[i] : op_zeros_like(c->g, wrt[i]);
		for (int i = 0; i < c->n_params; i++) {
			out_of[i] = node_is(grad[n_wrt + i]) ? n_out : -1;
			if (node_is(grad[n_wrt + i]))
				out[n_out++] = grad[n_wrt + i];
		}
		p = plan_new(c->g, n_out > 0 ? n_out : 1, n_out > 0 ? out : (node[]){ graph_scalar(c->g, 0) }, e);
	} else {
		*e = *graph_error(c->g);
	}
	free(all);
	free(grad);
	free(out);
	return p;
}

static bool trained(const struct param *p)
{
	return p->role != PARAM_STATE && !p->frozen;
}

static void choose_params(struct chain *c)
{
	c->param = xcalloc((size_t)c->nn.n_nodes + 1, sizeof *c->param);
	for (int i = 0; i < c->nn.n_nodes; i++)
		if (node_is(c->nn.node[i]) && trained(&c->network->params.at[i]))
			c->param[c->n_params++] = i;
	c->encode_out = xcalloc((size_t)c->n_params + 1, sizeof *c->encode_out);
	c->head_out = xcalloc((size_t)c->n_params + 1, sizeof *c->head_out);
}

/* The flow, or the equilibrium. */
static int compile_field(struct chain *c, struct err *e)
{
	const struct chain_solver *k = c->solver;
	const size_t most = (size_t)c->nn.n_nodes + CHAIN_DATA;
	node *shared = xcalloc(most, sizeof *shared);
	bool *wrt = xcalloc(most, sizeof *wrt);
	int n = 0;

	c->param_value = xcalloc(most, sizeof *c->param_value);
	for (int i = 0; i < c->nn.n_nodes; i++) {
		if (!node_is(c->nn.node[i]))
			continue;
		shared[n] = c->nn.node[i];
		wrt[n] = trained(&c->network->params.at[i]);
		c->param_value[n++] = c->network->params.at[i].value.data;
	}
	for (int i = 0; i < c->n_data; i++)
		if (c->field_reads[i])
			shared[n++] = c->data[i];
	c->flow_gradient = xcalloc((size_t)n + 1, sizeof *c->flow_gradient);
	if (c->rest) {
		const struct equilibrium_spec rest = {
			.z = c->state, .f = field(c), .n_shared = n, .shared = shared, .wrt = wrt
		};

		c->equilibrium = equilibrium_new(c->g, &rest, e);
		free(shared);
		free(wrt);
		return c->equilibrium ? 0 : -1;
	}
	const struct flow_spec spec = { .method = k->method,
					.n_terms = 1,
					.terms = &c->term,
					.n_state = 1,
					.n_shared = n,
					.state = &c->state,
					.shared = shared,
					.wrt = wrt,
					.rtol = k->rtol,
					.atol = k->atol,
					.need_adjoint = c->training,
					.regular = k->error > 0 || k->stiffness > 0 };
	c->flow = flow_new(c->g, &spec, e);
	free(shared);
	free(wrt);
	return c->flow ? 0 : -1;
}

static int reserve(struct chain *c, struct err *e)
{
	const size_t y = bytes_of(c, c->y0), saved = bytes_of(c, c->saved);
	size_t bytes = 3 * y + 2 * saved;
	char *at;

	for (int i = 0; i < c->n_params; i++)
		bytes += bytes_of(c, c->nn.node[c->param[i]]);
	c->memory = at = mem_new((int64_t)bytes, 1, "states of a batch", e);
	if (!at)
		return -1;
	c->y0_value = at;
	c->y0_bar_value = at + y;
	c->final = at + 2 * y;
	c->saved_value = at + 3 * y;
	c->saved_bar = c->saved_value + saved;
	at = c->saved_bar + saved;
	c->part = xcalloc((size_t)c->n_params + 1, sizeof *c->part);
	for (int i = 0; i < c->n_params; i++) {
		c->part[i] = at;
		at += bytes_of(c, c->nn.node[c->param[i]]);
	}
	c->save = xcalloc((size_t)(c->n_save * c->batch) + 1, sizeof *c->save);
	return 0;
}

static void bind_params(struct chain *c, struct plan *p)
{
	for (int i = 0; i < c->nn.n_nodes; i++)
		if (node_is(c->nn.node[i]))
			plan_bind(p, c->nn.node[i], c->network->params.at[i].value.data);
}

static struct controller_config control_of(const struct chain_solver *k)
{
	return (struct controller_config){
		.fixed = k->dt > 0, .dt0 = k->dt, .rtol = k->rtol, .atol = k->atol, .max_steps = k->max_steps
	};
}

int chain_compile(struct chain *c, struct err *e)
{
	node encode[2] = { c->y0, c->extra }, head[2] = { c->loss, c->prediction };
	const bool extra = node_is(c->extra);
	struct controller_config control = control_of(c->solver);

	if (controller_keys_take(&c->solver->control, &control, e) != 0) /* told before the first step */
		return err_in(e, "objective");
	choose_params(c);
	if (compile_field(c, e) != 0 || reserve(c, e) != 0)
		return -1;
	c->encode = plan_new(c->g, 1 + extra, encode, e);
	c->head = c->encode ? plan_new(c->g, 2, head, e) : NULL;
	if (!c->head)
		return -1;
	bind_params(c, c->encode);
	bind_params(c, c->head);
	plan_bind(c->head, c->saved, c->saved_value);
	plan_bind_out(c->encode, 0, c->y0_value);
	if (!c->training)
		return 0;
	struct shape s = graph_shape(c->g, c->y0);
	c->y0_bar = graph_input(c->g, "cotangent", c->real, &s);
	c->weight = graph_input(c->g, "weight", c->real, &(struct shape){ 0 });
	c->encode_back = with_gradients(c, 0, NULL, 1 + extra, encode, (node[]){ c->y0_bar, c->weight }, 0, NULL,
					c->encode_out, e);
	c->head_back = c->encode_back ? with_gradients(c, 0, NULL, 1, head, (node[]){ graph_scalar(c->g, 1) }, 1,
						       &c->saved, c->head_out, e)
				      : NULL;
	if (!c->head_back)
		return -1;
	bind_params(c, c->encode_back);
	bind_params(c, c->head_back);
	plan_bind(c->encode_back, c->y0_bar, c->y0_bar_value);
	plan_bind(c->encode_back, c->weight, &c->weight_value);
	plan_bind(c->head_back, c->saved, c->saved_value);
	plan_bind_out(c->head_back, 0, c->saved_bar);
	return 0;
}

void chain_free(struct chain *c)
{
	flow_free(c->flow);
	equilibrium_free(c->equilibrium);
	plan_free(c->encode);
	plan_free(c->encode_back);
	plan_free(c->head);
	plan_free(c->head_back);
	nn_end(&c->nn);
	graph_free(c->g);
	free(c->param);
	free(c->encode_out);
	free(c->head_out);
	free(c->param_value);
	free(c->flow_gradient);
	free(c->part);
	free(c->memory);
	free(c->save);
	free(c->error_weight);
	free(c->stiffness_weight);
	memset(c, 0, sizeof *c);
}

static int by_time(const void *a, const void *b)
{
	const struct flow_save *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* Where every output goes: (n_save, b, d). */
static int64_t set_saves(struct chain *c, const struct chain_run *run)
{
	const int64_t d = count_of(c, c->y0) / c->batch, rows = run->own_times ? c->batch : 1;
	const size_t width = dtype_size(c->real);
	int64_t n = 0;

	for (int64_t k = 0; k < c->n_save; k++)
		for (int64_t i = 0; i < rows; i++) {
			const size_t at = (size_t)((k * c->batch + i) * d) * width;

			c->save[n++] =
				(struct flow_save){ run->time[run->own_times ? i * c->n_save + k : k],
						    run->own_times ? i : -1, c->saved_value + at, c->saved_bar + at };
		}
	if (run->own_times)
		qsort(c->save, (size_t)n, sizeof *c->save, by_time);
	return n;
}

static double scalar(const struct plan *p, int k)
{
	struct tensor t = plan_out(p, k);

	return tensor_get(&t, 0);
}

/* Values of the data that the field reads, behind those of the parameters. */
static void set_field_data(struct chain *c, const struct chain_run *run)
{
	int at = 0;

	for (int i = 0; i < c->nn.n_nodes; i++)
		at += node_is(c->nn.node[i]);
	for (int k = 0; k < c->n_data; k++)
		if (c->field_reads[k])
			c->param_value[at++] = run->data[k];
}

static void set_weight(struct chain *c, double value)
{
	if (c->real == DTYPE_F32)
		c->weight_value.f = (float)value;
	else
		c->weight_value.d = value;
}

/* error_factor mean_j E_j h_j + stiffness max_j S_j / (the method's limit), and what that gives every step as
 * weight. */
static double regularise(struct chain *c, const struct chain_run *run, const struct flow_result *r)
{
	const struct chain_solver *k = c->solver;
	const struct tableau *m = tableau_find(k->method);
	const double limit = m && m->stability > 0 ? m->stability : 1;
	const int64_t n = r->accepted;
	int64_t stiffest = 0;
	double sum = 0;

	if (!(run->error_factor > 0) && !(k->stiffness > 0))
		return 0;
	if (n > c->n_weights) {
		c->n_weights = 2 * n;
		c->error_weight = xrealloc(c->error_weight, (size_t)c->n_weights * sizeof(double));
		c->stiffness_weight = xrealloc(c->stiffness_weight, (size_t)c->n_weights * sizeof(double));
	}
	for (int64_t j = 0; j < n; j++) {
		c->error_weight[j] = run->error_factor * fabs(r->time[j + 1] - r->time[j]) / (double)n;
		c->stiffness_weight[j] = 0;
		sum += c->error_weight[j] * r->error[j];
		stiffest = r->stiffness[j] > r->stiffness[stiffest] ? j : stiffest;
	}
	if (n > 0 && k->stiffness > 0) {
		c->stiffness_weight[stiffest] = k->stiffness / limit;
		sum += c->stiffness_weight[stiffest] * r->stiffness[stiffest];
	}
	return sum;
}

static void add(enum dtype t, int64_t n, void *sum, const void *part)
{
	if (t == DTYPE_F32)
		for (int64_t i = 0; i < n; i++)
			((float *)sum)[i] += ((const float *)part)[i];
	else
		for (int64_t i = 0; i < n; i++)
			((double *)sum)[i] += ((const double *)part)[i];
}

static int add_part(struct chain *c, struct plan *p, const int *out, struct params *gradient, struct err *e)
{
	for (int i = 0; i < c->n_params; i++)
		if (out[i] >= 0)
			plan_bind_out(p, out[i], c->part[i]);
	if (plan_run(p, e) != 0)
		return -1;
	for (int i = 0; i < c->n_params; i++)
		if (out[i] >= 0)
			add(c->real, count_of(c, c->nn.node[c->param[i]]), gradient->at[c->param[i]].value.data,
			    c->part[i]);
	return 0;
}

static struct equilibrium_run rest_of(struct chain *c)
{
	return (struct equilibrium_run){ .method = (enum equilibrium_method)c->rest->method,
					 .memory = (int)c->rest->memory,
					 .tolerance = c->rest->tolerance,
					 .max_iterations = c->rest->max_iterations,
					 .shared = c->param_value,
					 .z = c->saved_value };
}

static int rest_forward(struct chain *c, struct flow_result *r, struct err *e)
{
	const struct equilibrium_run run = rest_of(c);
	struct equilibrium_result found;

	memcpy(c->saved_value, c->y0_value, (size_t)count_of(c, c->y0) * dtype_size(c->real));
	if (equilibrium_solve(c->equilibrium, &run, &found, e) != 0)
		return err_in(e, "objective.method %s", equilibrium_method_names[c->rest->method]);
	*r = (struct flow_result){ .accepted = found.iterations, .evaluations = found.evaluations };
	return 0;
}

static int rest_backward(struct chain *c, struct flow_result *r, struct err *e)
{
	const struct equilibrium_run run = rest_of(c);
	struct equilibrium_result found;

	if (equilibrium_backward(c->equilibrium, &run, c->saved_bar, c->flow_gradient, &found, e) != 0)
		return -1;
	memset(c->y0_bar_value, 0, (size_t)count_of(c, c->y0) * dtype_size(c->real));
	r->reevaluations = found.evaluations;
	return 0;
}

static int backward(struct chain *c, const struct flow_run *f, const struct chain_run *run, bool regular,
		    struct params *gradient, struct flow_result *r, struct err *e)
{
	const void *bar = c->saved_bar;
	const struct flow_cotangent cotangent = { .y1 = c->n_save == 0 ? &bar : NULL,
						  .error_weight = regular ? c->error_weight : NULL,
						  .stiffness_weight = regular ? c->stiffness_weight : NULL };
	void *const y0_bar = c->y0_bar_value;
	int at = 0;

	for (int i = 0; i < c->nn.n_nodes; i++)
		if (node_is(c->nn.node[i]))
			c->flow_gradient[at++] = trained(&c->network->params.at[i]) ? gradient->at[i].value.data : NULL;
	for (int i = 0; i < gradient->n; i++)
		memset(gradient->at[i].value.data, 0, tensor_bytes(&gradient->at[i].value));
	for (int k = 0; k < c->n_data; k++) {
		plan_bind(c->head_back, c->data[k], run->data[k]);
		plan_bind(c->encode_back, c->data[k], run->data[k]);
	}
	set_weight(c, run->extra_weight);
	/* the head first: its cotangents are what the flow goes back with; its own gradients wait in `part` */
	for (int i = 0; i < c->n_params; i++)
		if (c->head_out[i] >= 0)
			plan_bind_out(c->head_back, c->head_out[i], c->part[i]);
	if (plan_run(c->head_back, e) != 0 ||
	    (c->rest ? rest_backward(c, r, e)
		     : flow_backward(c->flow, f, &cotangent, c->flow_gradient, &y0_bar, r, e)) != 0)
		return -1;
	for (int i = 0; i < c->n_params; i++)
		if (c->head_out[i] >= 0)
			add(c->real, count_of(c, c->nn.node[c->param[i]]), gradient->at[c->param[i]].value.data,
			    c->part[i]);
	return add_part(c, c->encode_back, c->encode_out, gradient, e);
}

int chain_forward(struct chain *c, const struct chain_run *run, struct params *gradient, double *loss,
		  struct flow_result *r, struct err *e)
{
	static const enum flow_memory memory[] = { FLOW_DIRECT, FLOW_CHECKPOINT, FLOW_REVERSIBLE, FLOW_BACKSOLVE };
	const struct chain_solver *k = c->solver;
	struct controller_config control = control_of(k);
	const void *y0 = c->y0_value;
	void *const y1 = c->n_save > 0 ? c->final : c->saved_value;
	const struct flow_run f = { .t0 = run->t0,
				    .t1 = run->t1,
				    .control = &control,
				    .memory = gradient ? memory[k->adjoint] : FLOW_NONE,
				    .n_slots = (int)k->slots,
				    .y0 = &y0,
				    .y1 = &y1,
				    .shared = c->param_value,
				    .n_save = set_saves(c, run),
				    .save = c->save };

	if (controller_keys_take(&k->control, &control, e) != 0)
		return err_in(e, "objective");
	control.n_jump = run->n_jump;
	control.jump = run->jump;
	for (int i = 0; i < c->n_data; i++) {
		plan_bind(c->encode, c->data[i], run->data[i]);
		plan_bind(c->head, c->data[i], run->data[i]);
	}
	set_field_data(c, run);
	if (plan_run(c->encode, e) != 0 || (c->rest ? rest_forward(c, r, e) : flow_forward(c->flow, &f, r, e)) != 0 ||
	    plan_run(c->head, e) != 0)
		return -1;
	*loss = scalar(c->head, 0);
	if (node_is(c->extra))
		*loss += run->extra_weight * scalar(c->encode, 1);
	if (!gradient)
		return 0;
	c->regularisation = c->rest ? 0 : regularise(c, run, r);
	*loss += c->regularisation;
	return backward(c, &f, run, run->error_factor > 0 || k->stiffness > 0, gradient, r, e);
}

struct tensor chain_prediction(const struct chain *c)
{
	return plan_out(c->head, 1);
}
