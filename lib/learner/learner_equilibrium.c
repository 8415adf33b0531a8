/* learner_equilibrium.c: deep equilibrium models (Bai, Kolter, Koltun 2019, arXiv 1909.01377): a hidden state z =
 * F(z, x) of features x, F being the configured network, and a linear map of it. Nothing of the way to z is kept:
 * gradients go back by the implicit function theorem (diffeq/equilibrium.h). */
#include "learner/trajectory.h"

enum { LOSS_MSE, LOSS_CROSS_ENTROPY };
static const char *const loss_names[] = { "mse", "cross_entropy", NULL };

struct equilibrium_config {
	struct chain_solver solver; /* what every kind begins with; none of its keys is read */
	struct chain_rest rest;
	int loss;
	int64_t hidden;
	const char *field, *target;
};

static const struct key keys[] = {
	{ "method", KEY_CHOICE, KEY_MEMBER(struct equilibrium_config, rest.method, int), "anderson", 0, 0,
	  equilibrium_method_names,
	  "z = F(z, x) by repetition, Anderson's mixing, Newton's method with GMRES, Broyden's method" },
	{ "tolerance", KEY_DOUBLE, KEY_MEMBER(struct equilibrium_config, rest.tolerance, double), "1e-5", 1e-15, 1,
	  NULL, "root mean square of F(z, x) - z over a batch that counts as solved" },
	{ "max_iterations", KEY_LONG, KEY_MEMBER(struct equilibrium_config, rest.max_iterations, int64_t), "200", 1,
	  1e9, NULL, "most iterations; more are an error" },
	{ "memory", KEY_LONG, KEY_MEMBER(struct equilibrium_config, rest.memory, int64_t), "0", 0, 1000, NULL,
	  "anderson: iterates mixed; broyden: updates kept; newton and the way back: dimension of the Krylov space; "
	  "0: 8, 30, 30" },
	KEY_INT(struct equilibrium_config, hidden, "16", 1, 65536, "elements of z"),
	KEY_ONE_OF(struct equilibrium_config, loss, "mse", loss_names,
		   "mean squared error; or targets are one number for every class, 1 for the right one"),
	KEY_TEXT(struct equilibrium_config, field, NULL, "the features; by default the first field with role input"),
	KEY_TEXT(struct equilibrium_config, target, NULL, "by default the first field with role target"),
	KEY_END,
};

enum { FEATURES, TARGET };

/* The field named, or the first of a role; -1: none. */
static int find(const struct layout *l, const char *name, enum field_role role)
{
	if (name)
		return layout_find_field(l, name);
	for (int k = 0; k < l->n_fields; k++)
		if (l->field[k].per_sample && l->field[k].role == role)
			return k;
	return -1;
}

static int read_data(struct trajectory *s, struct trajectory_data *d, bool with_targets, struct err *e)
{
	const struct equilibrium_config *c = s->config;
	const struct layout *l = dataset_layout(d->from);
	const int field = find(l, c->field, ROLE_INPUT), target = find(l, c->target, ROLE_TARGET);
	struct shape row;

	if (field < 0)
		return err_set(e, ERR_USAGE, "no %s '%s' (objective.field)", c->field ? "field" : "field with role",
			       c->field ? c->field : "input");
	if (target < 0 && with_targets)
		return err_set(e, ERR_USAGE, "no %s '%s' (objective.target)", c->target ? "field" : "field with role",
			       c->target ? c->target : "target");
	s->n_channel = layout_field_count(l, field);
	row = shape_of(s->n_channel);
	if (trajectory_read(d, field, s->network->real, &row, false, e) != 0)
		return -1;
	s->like = target;
	s->n_out = target >= 0
			   ? layout_field_count(l, target)
			   : s->network->params.at[params_find(&s->network->params, "readout.bias")].value.shape.dim[0];
	row = shape_of(s->n_out);
	if (target < 0)
		return trajectory_add(d, s->network->real, &row, e) ? 0 : -1;
	return trajectory_read(d, target, s->network->real, &row, false, e);
}

/* F(z, x): the network of both side by side. */
static void product(struct graph *g, void *context, node t, const node *z, node by, node *out)
{
	struct chain *c = context;
	struct model_in in = { .field = op_concat(g, 2, (node[]){ z[0], c->data[FEATURES] }, 1),
			       .query = NODE_NONE,
			       .vector = NODE_NONE,
			       .last = NODE_NONE };

	(void)t;
	(void)by;
	nn_enter(&c->nn, "field");
	out[0] = c->network->class->build(&c->nn, c->network->config, &c->network->spec, &in);
	nn_leave(&c->nn);
}

static void build(struct chain *c, void *context)
{
	const struct trajectory *s = ((struct trajectory_slot *)context)->series;
	const struct equilibrium_config *key = s->config;
	const struct shape state = shape_of(c->batch, key->hidden);
	struct graph *g = c->g;
	node target, out;

	trajectory_input(c, &s->train, FEATURES, "features");
	c->field_reads[FEATURES] = true;
	target = trajectory_input(c, &s->train, TARGET, "target");
	c->y0 = graph_full(g, c->real, &state, 0);
	c->state = graph_input(g, "state", c->real, &state);
	c->network->spec = (struct model_spec){ .n_in = key->hidden + s->n_channel, .n_out = key->hidden };
	c->term = (struct diffeq_term){ .product = product, .context = c };
	c->rest = &key->rest;
	c->saved = graph_input(g, "state at rest", c->real, &state);
	out = nn_linear(&c->nn, "readout", c->saved, s->n_out, true);
	if (key->loss == LOSS_CROSS_ENTROPY) {
		out = op_log_softmax(g, out, 1);
		c->prediction = op_exp(g, out);
		c->loss = op_scale(g, op_sum_all(g, op_mul(g, out, target)), -1. / (double)c->batch);
	} else {
		c->prediction = out;
		c->loss = op_scale(g, op_sum_all(g, op_square(g, op_sub(g, out, target))),
				   1. / (double)(c->batch * s->n_out));
	}
}

static const struct trajectory_kind kind = { .read = read_data, .build = build, .final = true };

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	return trajectory_open(t, &kind, data, valid, e);
}

static int solve(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		 const char *const *data, struct err *e)
{
	return trajectory_solve(&kind, keys, sizeof(struct equilibrium_config), common, o, m, n_data, data, e);
}

static const struct learner_class equilibrium = {
	.name = "equilibrium",
	.summary = "deep equilibrium models: a state that a network maps to itself, told the input; error or "
		   "cross-entropy",
	.source = "Bai, Kolter, Koltun, arXiv 1909.01377",
	.notes = "use with model vector-field, scale: false; nfe and solver_steps count evaluations and iterations",
	TRAJECTORY_LEARNER(struct equilibrium_config),
	.test_config = "problem: {name: heat, grid: 8}\n"
		       "gen: {samples: 16}\n"
		       "model: {name: vector-field, width: 16, depth: 1, activation: tanh, scale: false}\n"
		       "objective: {name: equilibrium, hidden: 12, method: broyden}\n"
		       "train: {epochs: 30, batch: 8, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_equilibrium[] = { &equilibrium, NULL };
