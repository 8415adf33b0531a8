/* neural_sde.c: neural stochastic differential equations (Kidger, Foster, Li, Oberhauser, Lyons, arXiv 2102.03657;
 * steps by the reversible Heun method of arXiv 2105.13493, algorithm 1). */
#include "model/neural_sde.h"

#include "model/model.h"

static node network(struct nn *n, const struct neural_sde *c, const char *name, node x, int64_t n_out)
{
	return nn_mlp(n, name, x, c->width, (int)c->depth, n_out, (enum nn_activation)c->activation);
}

static node with_time(struct nn *n, node t, node x)
{
	return op_concat(n->g, 2, (node[]){ t, x }, 1);
}

/* (b, hidden, controls) behind a tanh, so that steps stay bounded. */
static node field(struct nn *n, const struct neural_sde *c, const char *name, node t, node x, int64_t controls)
{
	node y = network(n, c, name, with_time(n, t, x), c->hidden * controls);
	struct shape s;

	if (!node_is(y))
		return NODE_NONE;
	s = shape_of(graph_shape(n->g, y).dim[0], c->hidden, controls);
	return op_reshape(n->g, op_tanh(n->g, y), &s);
}

static void at_hat(struct nn *n, const struct neural_sde *c, node t, struct neural_sde_state *s)
{
	const node hat = s->at[NEURAL_SDE_HAT];

	s->at[NEURAL_SDE_DRIFT] = op_tanh(n->g, network(n, c, "drift", with_time(n, t, hat), c->hidden));
	s->at[NEURAL_SDE_FIELD] = field(n, c, "diffusion", t, hat, c->noise);
}

void neural_sde_start(struct nn *n, const struct neural_sde *c, node v, node t, struct neural_sde_state *s)
{
	nn_enter(n, "generator");
	s->at[NEURAL_SDE_X] = s->at[NEURAL_SDE_HAT] = network(n, c, "initial", v, c->hidden);
	at_hat(n, c, t, s);
	nn_leave(n);
}

static node moved(struct nn *n, const struct neural_sde_state *s, node control)
{
	return op_contract(n->g, "bhm,bm->bh", s->at[NEURAL_SDE_FIELD], control);
}

/* 2 x - x_hat + by */
static node next_hat(struct nn *n, const struct neural_sde_state *s, node by)
{
	struct graph *g = n->g;

	return op_add(g, op_sub(g, op_scale(g, s->at[NEURAL_SDE_X], 2), s->at[NEURAL_SDE_HAT]), by);
}

void neural_sde_step(struct nn *n, const struct neural_sde *c, node t1, double dt, node dw,
		     const struct neural_sde_state *from, struct neural_sde_state *to)
{
	struct graph *g = n->g;
	node before, after;

	nn_enter(n, "generator");
	before = op_add(g, op_scale(g, from->at[NEURAL_SDE_DRIFT], dt), moved(n, from, dw));
	to->at[NEURAL_SDE_HAT] = next_hat(n, from, before);
	at_hat(n, c, t1, to);
	after = op_add(g, op_scale(g, to->at[NEURAL_SDE_DRIFT], dt), moved(n, to, dw));
	to->at[NEURAL_SDE_X] = op_add(g, from->at[NEURAL_SDE_X], op_scale(g, op_add(g, before, after), 0.5));
	nn_leave(n);
}

node neural_sde_readout(struct nn *n, const struct neural_sde *c, node x, int64_t n_out)
{
	node y;

	(void)c;
	nn_enter(n, "generator");
	y = nn_linear(n, "readout", x, n_out, true);
	nn_leave(n);
	return y;
}

static int64_t channels_of(struct nn *n, node y)
{
	return node_is(y) ? graph_shape(n->g, y).dim[1] : 1;
}

void neural_critic_start(struct nn *n, const struct neural_sde *c, node y, node t, struct neural_sde_state *s)
{
	nn_enter(n, "critic");
	s->at[NEURAL_SDE_X] = s->at[NEURAL_SDE_HAT] = network(n, c, "initial", with_time(n, t, y), c->hidden);
	s->at[NEURAL_SDE_DRIFT] = NODE_NONE;
	s->at[NEURAL_SDE_FIELD] = field(n, c, "field", t, s->at[NEURAL_SDE_HAT], channels_of(n, y) + 1);
	nn_leave(n);
}

void neural_critic_step(struct nn *n, const struct neural_sde *c, node t1, node dy, const struct neural_sde_state *from,
			struct neural_sde_state *to)
{
	struct graph *g = n->g;
	const node before = moved(n, from, dy);

	nn_enter(n, "critic");
	to->at[NEURAL_SDE_DRIFT] = NODE_NONE;
	to->at[NEURAL_SDE_HAT] = next_hat(n, from, before);
	to->at[NEURAL_SDE_FIELD] = field(n, c, "field", t1, to->at[NEURAL_SDE_HAT], channels_of(n, dy));
	to->at[NEURAL_SDE_X] = op_add(g, from->at[NEURAL_SDE_X], op_scale(g, op_add(g, before, moved(n, to, dy)), 0.5));
	nn_leave(n);
}

node neural_critic_score(struct nn *n, const struct neural_sde *c, node h)
{
	node y;

	(void)c;
	nn_enter(n, "critic");
	y = nn_linear(n, "score", h, 1, true);
	nn_leave(n);
	return y;
}

/* ---- the generator as a model: noise along a line to a path -------------------------------------- */

static const struct key keys[] = {
	KEY_INT(struct neural_sde, hidden, "16", 1, 4096, "size of the hidden state"),
	KEY_INT(struct neural_sde, width, "16", 1, 4096, "width of the networks"),
	KEY_INT(struct neural_sde, depth, "1", 1, 20, "their hidden layers"),
	KEY_INT(struct neural_sde, noise, "3", 1, 1024, "Brownian motions"),
	KEY_INT(struct neural_sde, initial_noise, "5", 1, 1024, "normals behind the first state"),
	KEY_ONE_OF(struct neural_sde, activation, "lipswish", nn_activation_names, "of the networks' hidden layers"),
	KEY_END,
};

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	const struct neural_sde *c = config;
	const int64_t needed = c->noise > c->initial_noise ? c->noise : c->initial_noise;

	if (s->n_dims != 1)
		return err_set(e, ERR_USAGE, "neural-sde: paths have one axis, of time; the data have %d", s->n_dims);
	if (s->n_in < needed)
		return err_set(e, ERR_USAGE, "neural-sde: %lld channels of noise, it needs %lld", (long long)s->n_in,
			       (long long)needed);
	return 0;
}

/* Column k of the field (b, n_in, N), its first n channels: (b, n). */
static node column(struct nn *n, node x, int64_t k, int64_t channels)
{
	const struct shape s = shape_of(graph_shape(n->g, x).dim[0], channels);

	return op_reshape(n->g, op_slice(n->g, op_slice(n->g, x, 2, k, 1, 1), 1, 0, channels, 1), &s);
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct neural_sde *c = config;
	struct neural_sde_state state[2];
	const int64_t points = s->size[0], b = graph_shape(n->g, in->field).dim[0];
	const struct shape line = shape_of(b, 1), one = shape_of(b, s->n_out, 1);
	node path = NODE_NONE;

	for (int64_t k = 0; k < points; k++) {
		const double at = points > 1 ? (double)k / (double)(points - 1) : 0;
		const node t = op_broadcast(n->g, graph_scalar(n->g, at), &line);
		node y;

		if (k == 0)
			neural_sde_start(n, c, column(n, in->field, 0, c->initial_noise), t, &state[0]);
		else
			neural_sde_step(n, c, t, 1, column(n, in->field, k, c->noise), &state[(k + 1) % 2],
					&state[k % 2]);
		y = op_reshape(n->g, neural_sde_readout(n, c, state[k % 2].at[NEURAL_SDE_X], s->n_out), &one);
		path = k == 0 ? y : op_concat(n->g, 2, (node[]){ path, y }, 2);
	}
	return path;
}

static const struct model_class neural_sde = {
	.name = "neural-sde",
	.summary =
		"stochastic differential equation with networks for drift and diffusion, by the reversible Heun method",
	.source = "Kidger et al., arXiv 2102.03657, arXiv 2105.13493",
	.notes = "as a map: column 0 of the input is the noise of the start, the others are Brownian increments over "
		 "steps of "
		 "length 1; objective sde-gan trains it to make paths",
	.config_size = sizeof(struct neural_sde),
	.keys = keys,
	.check = check,
	.build = build,
	.test_config = "{hidden: 6, width: 8, noise: 2, initial_noise: 3}",
	.test_spec = { .n_dims = 1, .size = { 6 }, .length = { 1 }, .n_in = 3, .n_out = 1 },
};
const struct model_class *const model_file_neural_sde[] = { &neural_sde, NULL };
