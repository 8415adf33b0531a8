/* learner_ode_classifier.c: neural ordinary differential equations as classifiers: a vector of features is the state
 * at 0, a linear map of the state at 1 gives the classes (Pal et al. 2021, arXiv 2105.03918). STEER (Ghosh et al. 2020,
 * arXiv 2006.10711): the end time of every step of training is uniform in end -+ steer. TayNODE (Kelly et al. 2020,
 * arXiv 2007.04504): the integral of |d^K y / dt^K|^2 is one more column of the state in training. */
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "learner/trajectory.h"

struct ode_classifier {
	struct chain_solver solver;
	double end, steer, taylor;
	int64_t taylor_order;
	const char *field, *label;
};

static const struct key keys[] = {
	CHAIN_SOLVER_KEYS("1e-6", "1e-6", "0"),
	KEY_REAL(struct ode_classifier, end, "1", 1e-9, 1e9, "end time"),
	KEY_REAL(struct ode_classifier, steer, "0", 0, 1e9,
		 "training: the end time is drawn this far around `end`, anew for each step"),
	KEY_REAL(struct ode_classifier, taylor, "0", 0, 1e30,
		 "regularise: factor of the integral of |d^K y / dt^K|^2 over time, mean over the samples"),
	KEY_INT(struct ode_classifier, taylor_order, "3", 2, 4, "its K"),
	KEY_TEXT(struct ode_classifier, field, NULL, "the features; by default the first field without time"),
	KEY_TEXT(struct ode_classifier, label, "label", "one number for every class, 1 for the right one"),
	KEY_END,
};

enum { FEATURES, LABEL };

static int read_data(struct trajectory *s, struct trajectory_data *d, bool with_targets, struct err *e)
{
	const struct ode_classifier *c = s->config;
	const struct layout *l = dataset_layout(d->from);
	const int field = trajectory_field(d->from, c->field, false, e), label = layout_find_field(l, c->label);
	struct shape row;

	if (field < 0)
		return -1;
	if (label < 0 && with_targets)
		return err_set(e, ERR_USAGE, "no field '%s' (objective.label)", c->label);
	s->n_channel = layout_field_count(l, field);
	row = shape_of(s->n_channel);
	if (trajectory_read(d, field, s->network->real, &row, false, e) != 0)
		return -1;
	s->like = label;
	s->n_out = label >= 0
			   ? layout_field_count(l, label)
			   : s->network->params.at[params_find(&s->network->params, "readout.bias")].value.shape.dim[0];
	row = shape_of(s->n_out);
	d->t1 = c->end;
	if (label < 0)
		return trajectory_add(d, s->network->real, &row, e) ? 0 : -1;
	return trajectory_read(d, label, s->network->real, &row, false, e);
}

/* The field, and beside it |d^K y / dt^K|^2: D_1 = f(t, y), D_{k + 1} = dD_k/dt + (dD_k/dy) f, each one more product
 * with the Jacobian. */
static void taylor_product(struct graph *g, void *context, node t, const node *y, node by, node *out)
{
	struct chain *c = context;
	const struct trajectory *s = ((const struct trajectory_slot *)c->network_context)->series;
	const struct ode_classifier *key = s->config;
	const node x = op_slice(g, y[0], 1, 0, s->n_channel, 1), f = trajectory_network(g, c, t, x);
	const node one = graph_scalar(g, 1), along[2] = { x, t };
	node d = f, late = NODE_NONE, move[2] = { f, one };

	(void)by;
	/* stages at the same time share t: what an earlier one gave x of it must not count again */
	graph_jvp(g, 1, &t, &one, 1, &x, &late);
	if (node_is(late))
		move[0] = op_sub(g, f, late);
	for (int64_t k = 1; k < key->taylor_order && !graph_error(g); k++) {
		node next = NODE_NONE;

		graph_jvp(g, 2, along, move, 1, &d, &next);
		d = node_is(next) || graph_error(g) ? next : op_zeros_like(g, f);
	}
	out[0] = graph_error(g) ? NODE_NONE
				: op_concat(g, 2, (node[]){ f, op_sum(g, op_square(g, d), op_axes(1, 1), true) }, 1);
}

static void build(struct chain *c, void *context)
{
	const struct trajectory *s = ((struct trajectory_slot *)context)->series;
	const struct ode_classifier *key = s->config;
	const bool taylor = key->taylor > 0 && c->training;
	const struct shape final = shape_of(c->batch, s->n_channel + taylor), column = shape_of(c->batch, 1);
	struct graph *g = c->g;
	node label, readout, end;

	c->y0 = trajectory_input(c, &s->train, FEATURES, "features");
	label = trajectory_input(c, &s->train, LABEL, "label");
	trajectory_field_of(c, s->n_channel, s->n_channel);
	if (taylor) {
		c->y0 = op_concat(g, 2, (node[]){ c->y0, graph_full(g, c->real, &column, 0) }, 1);
		c->state = graph_input(g, "state", c->real, &final);
		c->network_context = context;
		c->term.product = taylor_product;
	}
	end = c->saved = graph_input(g, "final state", c->real, &final);
	if (taylor)
		end = op_slice(g, c->saved, 1, 0, s->n_channel, 1);
	readout = op_log_softmax(g, nn_linear(&c->nn, "readout", end, s->n_out, true), 1);
	c->prediction = op_exp(g, readout);
	c->loss = op_scale(g, op_sum_all(g, op_mul(g, readout, label)), -1. / (double)c->batch);
	if (taylor)
		c->loss = op_add(g, c->loss,
				 op_scale(g, op_sum_all(g, op_slice(g, c->saved, 1, s->n_channel, 1, 1)),
					  key->taylor / (double)c->batch));
}

static void tune(struct trainer *t, struct trajectory_slot *slot, struct chain_run *run)
{
	const struct ode_classifier *c = slot->series->config;

	if (c->steer > 0)
		run->t1 += c->steer * (2 * rng_uniform_at(rng_stream(t->seed, "steer", (uint64_t)t->t, 0), 0) - 1);
}

static const struct trajectory_kind kind = { .read = read_data, .build = build, .final = true, .tune = tune };

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	const struct ode_classifier *c = t->objective_config;

	if (c->steer >= c->end)
		return err_set(e, ERR_USAGE, "objective.steer: %g, the end time is %g", c->steer, c->end);
	return trajectory_open(t, &kind, data, valid, e);
}

static int solve(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		 const char *const *data, struct err *e)
{
	return trajectory_solve(&kind, keys, sizeof(struct ode_classifier), common, o, m, n_data, data, e);
}

static const struct learner_class ode_classifier = {
	.name = "ode-classifier",
	.summary = "classes of vectors that a network moves as vector field; cross-entropy",
	.source = "Chen et al., arXiv 1806.07366; Pal et al., arXiv 2105.03918",
	.notes = "use with model vector-field; error, stiffness and taylor regularise, steer draws end times",
	TRAJECTORY_LEARNER(struct ode_classifier),
	.test_config = "problem: {name: spirals, points: 8}\n"
		       "gen: {samples: 16}\n"
		       "model: {name: vector-field, width: 8, depth: 1, time: every}\n"
		       "objective: {name: ode-classifier, field: label, steer: 0.2, rtol: 1e-3}\n"
		       "train: {epochs: 20, batch: 8, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_ode_classifier[] = { &ode_classifier, NULL };
