/* compiled.c: loss and gradients of one batch. A single predicted frame is one plan; a roll-out is a step program run
 * forward and backward. Push-forward (Brandstetter et al. 2022, arXiv 2202.03376): 0 to rollout - pushforward steps,
 * drawn anew for every batch, run without gradient, then `pushforward` steps count; zero must occur, or the net may
 * learn a first step that only itself can go on from. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "graph/plan.h"
#include "integ/integ.h"
#include "learner/supervised.h"

struct compiled {
	int64_t n, rollout;
	struct network_graph b;
	node target, constant; /* constant: static fields of a roll-out */
	struct plan *plan;     /* one frame: loss, gradients, updates */
	struct step *step;     /* roll-out */
	int n_shared, n_updates;
	int *shared; /* parameters that are trained, by index */
	void **grad, **state0;
	const void **shared_data;
	struct tensor *updated, *passing; /* roll-out: new running statistics, after the last step and after others */
	int n_grads;
	int64_t key[2]; /* dropout: seed and step, as four int32 */
};

int64_t compiled_batch(const struct compiled *c)
{
	return c->n;
}

static bool trained(const struct param *p)
{
	return p->role != PARAM_STATE && !p->frozen;
}

/* Parameters that this build uses and the optimiser changes. */
static void choose(struct compiled *c, struct trainer *t)
{
	c->shared = xcalloc((size_t)t->network.params.n, sizeof *c->shared);
	for (int i = 0; i < t->network.params.n && i < c->b.nn.n_nodes; i++)
		if (node_is(c->b.nn.node[i]) && trained(&t->network.params.at[i]))
			c->shared[c->n_shared++] = i;
	c->n_updates = c->b.nn.n_updates;
}

static int compile_frame(struct compiled *c, struct trainer *t, struct err *e)
{
	struct network *n = &t->network;
	struct graph *g = graph_new(n->real);
	struct shape shape = network_shape(n, c->n);

	network_build(n, &c->b, g, c->n, true, NODE_NONE, NODE_NONE);
	c->target = graph_input(g, "target", n->real, &shape);
	node loss = network_loss(n, &c->b, t->objective, t->objective_config, c->target);
	choose(c, t);
	int n_out = 1 + c->n_shared + c->n_updates;
	node *out = xcalloc((size_t)n_out, sizeof *out), *wrt = xcalloc((size_t)c->n_shared + 1, sizeof *wrt);
	for (int i = 0; i < c->n_shared; i++)
		wrt[i] = c->b.nn.node[c->shared[i]];
	out[0] = loss;
	if (!graph_error(g))
		graph_gradient(g, loss, c->n_shared, wrt, out + 1);
	for (int i = 0; i < c->n_updates; i++)
		out[1 + c->n_shared + i] = c->b.nn.update[i].value;
	c->plan = plan_new(g, n_out, out, e);
	free(out);
	free(wrt);
	if (!c->plan)
		return err_in(e, "model %s", n->class->name);
	for (int i = 0; i < c->b.nn.n_nodes; i++)
		if (node_is(c->b.nn.node[i]))
			plan_bind(c->plan, c->b.nn.node[i], n->params.at[i].value.data);
	for (int i = 0; i < c->n_shared; i++)
		plan_bind_out(c->plan, 1 + i, t->gradient.at[c->shared[i]].value.data);
	if (node_is(c->b.nn.key))
		plan_bind(c->plan, c->b.nn.key, c->key);
	return 0;
}

/* Steps of a roll-out that have a loss. */
static int64_t counted_steps(const struct compiled *c, const struct trainer *t)
{
	int64_t n = t->key.pushforward;

	return n > 0 && n < c->rollout ? n : c->rollout;
}

/* State: the window of the last frames, then the running statistics. */
static int compile_rollout(struct compiled *c, struct trainer *t, struct err *e)
{
	struct network *n = &t->network;
	struct graph *g = graph_new(n->real);
	const struct model_spec *s = &n->spec;
	int64_t moving = s->n_state * t->task_key.history, fixed = s->n_in - moving;
	struct shape ws = shape_of(c->n, moving), cs, shape = network_shape(n, c->n);

	for (int d = 0; d < s->n_dims; d++)
		ws.dim[ws.rank++] = s->size[d];
	cs = ws;
	cs.dim[1] = fixed;
	node window = graph_input(g, "window", n->real, &ws), field = window;
	c->constant = NODE_NONE;
	if (fixed > 0) {
		c->constant = graph_input(g, "constant", n->real, &cs);
		field = op_concat(g, 2, (node[]){ c->constant, window }, 1);
	}
	network_build(n, &c->b, g, c->n, true, field, NODE_NONE);
	c->target = graph_input(g, "target", n->real, &shape);
	node loss = network_loss(n, &c->b, t->objective, t->objective_config, c->target);
	loss = op_scale(g, loss, 1.0 / (double)counted_steps(c, t));
	node next = c->b.prediction;
	if (t->task_key.history > 1)
		next = op_concat(
			g, 2, (node[]){ op_slice(g, window, 1, s->n_state, moving - s->n_state, 1), c->b.prediction },
			1);
	choose(c, t);
	if (graph_error(g)) {
		*e = *graph_error(g);
		return err_in(e, "model %s", n->class->name);
	}
	int n_state = 1 + c->n_updates, n_local = 1 + (fixed > 0) + (node_is(c->b.nn.key) ? 1 : 0), n_all = 0;
	node *state = xcalloc((size_t)n_state * 2, sizeof *state), *after = state + n_state, local[3];
	node *shared = xcalloc((size_t)n->params.n + 1, sizeof *shared),
	     *extra = xcalloc((size_t)n_state, sizeof *extra);
	bool *wrt = xcalloc((size_t)n->params.n + 1, sizeof *wrt);
	state[0] = window;
	after[0] = next;
	c->state0 = xcalloc((size_t)n_state, sizeof *c->state0);
	c->updated = xcalloc((size_t)n_state, sizeof *c->updated);
	c->passing = xcalloc((size_t)n_state, sizeof *c->passing);
	for (int i = 0; i < c->n_updates; i++) {
		int p = c->b.nn.update[i].param;

		state[1 + i] = c->b.nn.node[p];
		after[1 + i] = extra[i] = c->b.nn.update[i].value;
		c->state0[1 + i] = n->params.at[p].value.data;
		c->updated[i] = tensor_new(n->real, &n->params.at[p].value.shape);
		c->passing[i] = tensor_new(n->real, &n->params.at[p].value.shape);
	}
	/* every other parameter is shared; gradients only for those that are trained */
	c->shared_data = xcalloc((size_t)n->params.n + 1, sizeof *c->shared_data);
	c->grad = xcalloc((size_t)n->params.n + 1, sizeof *c->grad);
	for (int i = 0; i < c->b.nn.n_nodes; i++) {
		bool is_state = !node_is(c->b.nn.node[i]);

		for (int k = 0; k < c->n_updates; k++)
			is_state = is_state || c->b.nn.update[k].param == i;
		if (is_state)
			continue;
		shared[n_all] = c->b.nn.node[i];
		wrt[n_all] = trained(&n->params.at[i]);
		c->shared_data[n_all] = n->params.at[i].value.data;
		c->grad[n_all] = wrt[n_all] ? t->gradient.at[i].value.data : NULL;
		n_all++;
	}
	local[0] = c->target;
	if (fixed > 0)
		local[1] = c->constant;
	if (node_is(c->b.nn.key))
		local[n_local - 1] = c->b.nn.key;
	struct step_spec spec = {
		n_state, n_all, n_local, c->n_updates, state, after, shared, local, extra, loss, NULL
	};
	c->step = step_new(g, &spec, true, wrt, e);
	free(state);
	free(shared);
	free(extra);
	free(wrt);
	return c->step ? 0 : err_in(e, "model %s", n->class->name);
}

struct compiled *compiled_new(struct trainer *t, int64_t n, struct err *e)
{
	struct compiled *c = xcalloc(1, sizeof *c);

	c->n = n;
	c->rollout = supervised_of(t)->task.kind == TASK_STEP ? t->task_key.rollout : 1;
	if ((c->rollout > 1 ? compile_rollout(c, t, e) : compile_frame(c, t, e)) == 0)
		return c;
	compiled_free(c);
	return NULL;
}

void compiled_free(struct compiled *c)
{
	if (!c)
		return;
	plan_free(c->plan);
	step_free(c->step);
	for (int i = 0; c->updated && i < c->n_updates; i++) {
		tensor_free(&c->updated[i]);
		tensor_free(&c->passing[i]);
	}
	network_graph_free(&c->b);
	free(c->shared);
	free(c->grad);
	free(c->state0);
	free(c->shared_data);
	free(c->updated);
	free(c->passing);
	free(c);
}

struct feed {
	struct compiled *c;
	struct trainer *t;
	void *constant;
	int64_t last; /* step */
};

static void feed(void *context, int64_t n, const void **local, void **extra)
{
	struct feed *f = context;
	int k = 0;

	local[k++] = supervised_of(f->t)->target[n];
	if (f->constant)
		local[k++] = f->constant;
	if (node_is(f->c->b.nn.key))
		local[k] = f->c->key;
	for (int i = 0; i < f->c->n_updates; i++)
		extra[i] = (n == f->last ? f->c->updated : f->c->passing)[i].data; /* going back ends with the first */
}

static void split(const struct compiled *c, const struct trainer *t, char *window, char *constant)
{
	const struct model_spec *s = &t->network.spec;
	size_t row = (size_t)task_input_count(&supervised_of(t)->task) * dtype_size(t->network.real);
	size_t fixed = row / (size_t)s->n_in * (size_t)(s->n_in - s->n_state * t->task_key.history);

	for (int64_t i = 0; i < c->n; i++) {
		const char *x = (const char *)supervised_of(t)->x + (size_t)i * row;

		if (fixed > 0)
			memcpy(constant + (size_t)i * fixed, x, fixed);
		memcpy(window + (size_t)i * (row - fixed), x + fixed, row - fixed);
	}
}

static int run_rollout(struct compiled *c, struct trainer *t, double *loss, struct err *e)
{
	size_t bytes = (size_t)(c->n * task_input_count(&supervised_of(t)->task)) * dtype_size(t->network.real);
	char *window = xaligned(bytes), *constant = node_is(c->constant) ? xaligned(bytes) : NULL;
	struct feed f = { c, t, constant, 0 };
	int64_t counted = counted_steps(c, t), most = c->rollout - counted;
	/* a value in (0, 1), so 0 .. most */
	double draw = rng_uniform_at(rng_stream(t->seed, "pushforward", (uint64_t)t->t, 0), 0);
	int64_t ahead = (int64_t)((double)(most + 1) * draw);

	split(c, t, window, constant);
	c->state0[0] = window;
	f.last = ahead + counted - 1;
	struct step_run run = {
		.n_steps = ahead + counted,
		.cut = counted,
		.memory = STEP_STORE,
		.state0 = c->state0,
		.shared = c->shared_data,
		.feed = feed,
		.context = &f,
	};
	int status = step_loop(c->step, &run, loss, c->grad, NULL, e);
	for (int i = 0; i < c->n_updates && status == 0; i++)
		memcpy(c->state0[1 + i], c->updated[i].data, tensor_bytes(&c->updated[i]));
	free(window);
	free(constant);
	return status;
}

int compiled_run(struct compiled *c, struct trainer *t, double *loss, struct err *e)
{
	c->key[0] = (int64_t)t->seed;
	c->key[1] = t->t;
	if (c->step)
		return run_rollout(c, t, loss, e);
	const struct supervised *s = supervised_of(t);
	plan_bind(c->plan, c->b.in.field, s->x);
	if (node_is(c->b.in.query))
		plan_bind(c->plan, c->b.in.query, s->query);
	plan_bind(c->plan, c->target, s->target[0]);
	if (plan_run(c->plan, e) != 0)
		return -1;
	struct tensor v = plan_out(c->plan, 0);
	*loss = tensor_get(&v, 0);
	for (int i = 0; i < c->n_updates; i++) {
		v = plan_out(c->plan, 1 + c->n_shared + i);
		memcpy(t->network.params.at[c->b.nn.update[i].param].value.data, v.data, tensor_bytes(&v));
	}
	return 0;
}
