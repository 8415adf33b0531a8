/* neural_loop.c: one graph holds the start of the hidden states and one step; step programs run and differentiate the
 * loop. */
#include "learner/neural_loop.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/plan.h"
#include "integ/integ.h"

/* States of the generator, the path's present value, states of the critic. */
enum { STATES_MAX = 2 * NEURAL_SDE_STATES + 1 };

struct neural_loop {
	struct neural_loop_spec spec;
	struct graph *g;
	struct nn nn;
	node from, t, control, weight; /* inputs: noise or first value; time, increments, weight of the score */
	int n_state;
	node state[STATES_MAX], cotangent[STATES_MAX];
	struct tensor value[STATES_MAX], slope[STATES_MAX];
	struct plan *start, *start_back;
	struct step *step;
	int n_shared, n_start;
	int *shared, *started;	      /* parameters of the step, and those that the start depends on */
	struct tensor *part;	      /* gradient of the step by shared */
	struct tensor time, dy, last; /* local inputs of a step, all steps' times; 0 ... 0 1 */
	/* one run */
	const char *increments;
	char *paths;
};

static int64_t n_steps(const struct neural_loop *l)
{
	return (l->spec.frames - 1) * l->spec.steps;
}

static const struct neural_sde *model_of(const struct neural_loop *l)
{
	return l->spec.network->config;
}

static bool generates(const struct neural_loop *l)
{
	return l->spec.kind != LOOP_REAL;
}

/* ---- building ------------------------------------------------------------------------------------ */

static int put(node *to, int n, const struct neural_sde_state *s)
{
	for (int k = 0; k < NEURAL_SDE_STATES; k++)
		if (node_is(s->at[k]))
			to[n++] = s->at[k];
	return n;
}

/* The first values of all states, in the order of `state`. */
static int build_start(struct neural_loop *l, node *value)
{
	const struct shape line = shape_of(l->spec.batch, 1);
	const node t = op_broadcast(l->g, graph_scalar(l->g, 0), &line);
	struct neural_sde_state s;
	node y = l->from;
	int n = 0;

	if (generates(l)) {
		neural_sde_start(&l->nn, model_of(l), l->from, t, &s);
		n = put(value, n, &s);
		y = value[n++] = neural_sde_readout(&l->nn, model_of(l), s.at[NEURAL_SDE_X], l->spec.channels);
	}
	if (l->spec.kind != LOOP_GENERATE) {
		neural_critic_start(&l->nn, l->spec.critic, y, t, &s);
		n = put(value, n, &s);
	}
	return n;
}

static int take(const node *from, int n, bool drift, struct neural_sde_state *s)
{
	for (int k = 0; k < NEURAL_SDE_STATES; k++)
		s->at[k] = k != NEURAL_SDE_DRIFT || drift ? from[n++] : NODE_NONE;
	return n;
}

/* The states after a step, and its loss. */
static node build_step(struct neural_loop *l, node *after, node *y)
{
	struct graph *g = l->g;
	const struct shape line = shape_of(l->spec.batch, 1);
	const node t1 = op_broadcast(g, l->t, &line);
	const double dt = 1 / (double)l->spec.steps;
	struct neural_sde_state before, next;
	node dy = l->control;
	int in = 0, out = 0;

	if (generates(l)) {
		in = take(l->state, in, true, &before);
		neural_sde_step(&l->nn, model_of(l), t1, dt, l->control, &before, &next);
		out = put(after, out, &next);
		*y = after[out++] = neural_sde_readout(&l->nn, model_of(l), next.at[NEURAL_SDE_X], l->spec.channels);
		dy = op_concat(g, 2,
			       (node[]){ op_broadcast(g, graph_scalar(g, dt), &line), op_sub(g, *y, l->state[in]) }, 1);
		in++;
	}
	if (l->spec.kind == LOOP_GENERATE)
		return NODE_NONE;
	take(l->state, in, false, &before);
	neural_critic_step(&l->nn, l->spec.critic, t1, dy, &before, &next);
	put(after, out, &next);
	return op_mul(g, l->weight, op_mean_all(g, neural_critic_score(&l->nn, l->spec.critic, next.at[NEURAL_SDE_X])));
}

static struct tensor tensor_for(const struct graph *g, node n)
{
	const struct shape s = graph_shape(g, n);

	return tensor_new(graph_dtype(g, n), &s);
}

static bool trained(const struct param *p)
{
	return p->role != PARAM_STATE && !p->frozen;
}

/* Parameters that the start's values depend on get their part of the gradient from a plan of its own. */
static int compile_start(struct neural_loop *l, const node *value, struct err *e)
{
	const struct params *p = &l->spec.network->params;
	node *wrt = xcalloc((size_t)p->n + 1, sizeof *wrt), *grad = xcalloc((size_t)p->n + 1, sizeof *grad);
	int n = 0;

	l->start = plan_new(l->g, l->n_state, value, e);
	for (int i = 0; i < l->nn.n_nodes && i < p->n; i++)
		if (node_is(l->nn.node[i]) && trained(&p->at[i])) {
			wrt[n] = l->nn.node[i];
			l->started[n++] = i;
		}
	if (l->start && l->spec.gradient) {
		int kept = 0;

		graph_vjp(l->g, l->n_state, value, l->cotangent, n, wrt, grad);
		for (int i = 0; i < n; i++)
			if (node_is(grad[i])) {
				l->started[kept] = l->started[i];
				grad[kept++] = grad[i];
			}
		l->n_start = kept;
		l->start_back = plan_new(l->g, kept, grad, e);
	}
	free(wrt);
	free(grad);
	return l->start && (l->start_back || !l->spec.gradient) ? 0 : -1;
}

static int compile_step(struct neural_loop *l, const node *after, node y, node loss, struct err *e)
{
	const struct params *p = &l->spec.network->params;
	node *shared = xcalloc((size_t)p->n + 1, sizeof *shared), local[3] = { l->t, l->control, l->weight };
	bool *wrt = xcalloc((size_t)p->n + 1, sizeof *wrt);

	for (int i = 0; i < l->nn.n_nodes && i < p->n; i++)
		if (node_is(l->nn.node[i])) {
			shared[l->n_shared] = l->nn.node[i];
			wrt[l->n_shared] = trained(&p->at[i]);
			l->part[l->n_shared] = tensor_new(p->at[i].value.dtype, &p->at[i].value.shape);
			l->shared[l->n_shared++] = i;
		}
	struct step_spec spec = { .n_state = l->n_state,
				  .n_shared = l->n_shared,
				  .n_local = node_is(loss) ? 3 : 2,
				  .n_extra = generates(l),
				  .state = l->state,
				  .next = after,
				  .shared = shared,
				  .local = local,
				  .extra = &y,
				  .loss = loss };
	l->step = step_new(l->g, &spec, l->spec.gradient, wrt, e);
	free(shared);
	free(wrt);
	return l->step ? 0 : -1;
}

static void make_inputs(struct neural_loop *l)
{
	const int64_t b = l->spec.batch, c = l->spec.channels;
	const struct neural_sde *m = model_of(l);
	const struct shape one = shape_of(1, 1), none = { 0 }, from = shape_of(b, generates(l) ? m->initial_noise : c);
	const struct shape control = shape_of(b, generates(l) ? m->noise : c + 1);
	const enum dtype real = l->spec.network->real;

	l->from = graph_input(l->g, "from", real, &from);
	l->t = graph_input(l->g, "time", real, &one);
	l->control = graph_input(l->g, "control", real, &control);
	l->weight = graph_input(l->g, "weight", real, &none);
}

struct neural_loop *neural_loop_new(const struct neural_loop_spec *spec, struct err *e)
{
	struct neural_loop *l = xcalloc(1, sizeof *l);
	const enum dtype real = spec->network->real;
	node value[STATES_MAX], after[STATES_MAX], y = NODE_NONE, loss;
	int64_t n;

	l->spec = *spec;
	n = n_steps(l);
	l->g = graph_new(real);
	nn_begin(&l->nn, l->g, &spec->network->params, true);
	make_inputs(l);
	l->n_state = build_start(l, value);
	for (int k = 0; k < l->n_state && !graph_error(l->g); k++) {
		const struct shape s = graph_shape(l->g, value[k]);

		l->state[k] = graph_input(l->g, "state", real, &s);
		l->cotangent[k] = graph_input(l->g, "cotangent", real, &s);
		l->value[k] = tensor_for(l->g, value[k]);
		l->slope[k] = tensor_for(l->g, value[k]);
	}
	loss = build_step(l, after, &y);
	if (graph_error(l->g)) {
		*e = *graph_error(l->g);
		goto fail;
	}
	l->shared = xcalloc((size_t)spec->network->params.n + 1, sizeof *l->shared);
	l->started = xcalloc((size_t)spec->network->params.n + 1, sizeof *l->started);
	l->part = xcalloc((size_t)spec->network->params.n + 1, sizeof *l->part);
	const struct shape line = shape_of(n), dy = shape_of(spec->batch, spec->channels + 1);
	l->time = tensor_new(real, &line);
	l->last = tensor_new(real, &line);
	l->dy = tensor_new(real, &dy);
	for (int64_t k = 0; k < n; k++) {
		tensor_set(&l->time, k, (double)(k + 1) / (double)n);
		tensor_set(&l->last, k, k == n - 1);
	}
	if (compile_start(l, value, e) == 0 && compile_step(l, after, y, loss, e) == 0)
		return l;
fail:
	neural_loop_free(l);
	err_in(e, "model neural-sde");
	return NULL;
}

void neural_loop_free(struct neural_loop *l)
{
	if (!l)
		return;
	step_free(l->step);
	plan_free(l->start);
	plan_free(l->start_back);
	for (int k = 0; k < l->n_state; k++) {
		tensor_free(&l->value[k]);
		tensor_free(&l->slope[k]);
	}
	for (int k = 0; k < l->n_shared; k++)
		tensor_free(&l->part[k]);
	tensor_free(&l->time);
	tensor_free(&l->last);
	tensor_free(&l->dy);
	free(l->shared);
	free(l->started);
	free(l->part);
	nn_end(&l->nn);
	graph_free(l->g);
	free(l);
}

int64_t neural_loop_batch(const struct neural_loop *l)
{
	return l->spec.batch;
}

void neural_loop_noise(const struct neural_loop *l, int64_t *start, int64_t *increments)
{
	*start = l->spec.batch * model_of(l)->initial_noise;
	*increments = n_steps(l) * l->spec.batch * model_of(l)->noise;
}

/* ---- running ------------------------------------------------------------------------------------- */

/* The increment of time and of the given path over step n, on the straight line between two frames. */
static void path_increment(struct neural_loop *l, int64_t n)
{
	const int64_t c = l->spec.channels, frame = n / l->spec.steps, each = l->spec.batch * c;
	const struct shape all = shape_of(l->spec.frames, each);
	const struct tensor path = { .dtype = l->spec.network->real, .shape = all, .data = l->paths };
	const double part = 1 / (double)l->spec.steps;

	for (int64_t i = 0; i < l->spec.batch; i++) {
		tensor_set(&l->dy, i * (c + 1), part);
		for (int64_t j = 0; j < c; j++) {
			const int64_t at = frame * each + i * c + j;

			tensor_set(&l->dy, i * (c + 1) + 1 + j,
				   part * (tensor_get(&path, at + each) - tensor_get(&path, at)));
		}
	}
}

static void feed(void *context, int64_t n, const void **local, void **extra)
{
	struct neural_loop *l = context;
	const size_t width = dtype_size(l->spec.network->real);

	local[0] = (const char *)l->time.data + (size_t)n * width;
	if (generates(l)) {
		local[1] = l->increments + (size_t)(n * l->spec.batch * model_of(l)->noise) * width;
		/* steps within a frame are overwritten by its last */
		extra[0] = l->paths + (size_t)((n / l->spec.steps + 1) * l->spec.batch * l->spec.channels) * width;
	} else {
		path_increment(l, n);
		local[1] = l->dy.data;
	}
	if (l->spec.kind != LOOP_GENERATE)
		local[2] = (const char *)l->last.data + (size_t)n * width;
}

static void bind_parameters(const struct neural_loop *l, struct plan *p)
{
	for (int i = 0; i < l->nn.n_nodes; i++)
		if (node_is(l->nn.node[i]))
			plan_bind(p, l->nn.node[i], l->spec.network->params.at[i].value.data);
}

static int run_start(struct neural_loop *l, const void *from, struct err *e)
{
	bind_parameters(l, l->start);
	plan_bind(l->start, l->from, from);
	for (int k = 0; k < l->n_state; k++)
		plan_bind_out(l->start, k, l->value[k].data);
	return plan_run(l->start, e);
}

static void add_to(struct tensor *sum, const struct tensor *part)
{
	const int64_t n = shape_count(&sum->shape);

	if (sum->dtype == DTYPE_F32)
		for (int64_t i = 0; i < n; i++)
			((float *)sum->data)[i] += ((const float *)part->data)[i];
	else
		for (int64_t i = 0; i < n; i++)
			((double *)sum->data)[i] += ((const double *)part->data)[i];
}

/* The step's part of the gradient, and the start's. */
static int gather(struct neural_loop *l, const void *from, struct params *gradient, struct err *e)
{
	for (int i = 0; i < gradient->n; i++)
		memset(gradient->at[i].value.data, 0, tensor_bytes(&gradient->at[i].value));
	for (int k = 0; k < l->n_shared; k++)
		if (trained(&gradient->at[l->shared[k]]))
			add_to(&gradient->at[l->shared[k]].value, &l->part[k]);
	bind_parameters(l, l->start_back);
	plan_bind(l->start_back, l->from, from);
	for (int k = 0; k < l->n_state; k++)
		plan_bind(l->start_back, l->cotangent[k], l->slope[k].data);
	if (plan_run(l->start_back, e) != 0)
		return -1;
	for (int k = 0; k < l->n_start; k++) {
		const struct tensor part = plan_out(l->start_back, k);

		add_to(&gradient->at[l->started[k]].value, &part);
	}
	return 0;
}

int neural_loop_run(struct neural_loop *l, const void *start, const void *increments, void *paths, double *score,
		    struct params *gradient, struct err *e)
{
	const struct params *p = &l->spec.network->params;
	const void *from = generates(l) ? start : paths, **shared = xcalloc((size_t)l->n_shared + 1, sizeof *shared);
	void **part = xcalloc((size_t)l->n_shared + 1, sizeof *part), *state[STATES_MAX], *slope[STATES_MAX];
	struct step_run run = {
		.n_steps = n_steps(l), .memory = STEP_STORE, .state0 = state, .feed = feed, .context = l
	};
	double loss = 0;
	int status = -1;

	l->increments = increments;
	l->paths = paths;
	for (int k = 0; k < l->n_shared; k++) {
		shared[k] = p->at[l->shared[k]].value.data;
		part[k] = trained(&p->at[l->shared[k]]) ? l->part[k].data : NULL;
	}
	run.shared = shared;
	if (run_start(l, from, e) != 0)
		goto done;
	for (int k = 0; k < l->n_state; k++) {
		state[k] = l->value[k].data;
		slope[k] = l->slope[k].data;
	}
	if (generates(l))
		memcpy(paths, l->value[NEURAL_SDE_STATES].data, tensor_bytes(&l->value[NEURAL_SDE_STATES]));
	status = step_loop(l->step, &run, &loss, gradient ? part : NULL, gradient ? slope : NULL, e);
	if (status == 0 && gradient)
		status = gather(l, from, gradient, e);
	if (score)
		*score = loss;
done:
	free(shared);
	free(part);
	return status;
}
