/* learner_neural_ode.c: neural ordinary differential equations on trajectories (Chen et al. 2018): the first frame is
 * marched by the network to the times of all frames. */
#include <math.h>

#include "learner/trajectory.h"

struct neural_ode {
	struct chain_solver solver;
	struct key_doubles lengths;
	struct key_longs until;
	int64_t augment;
	const char *field;
};

static const struct key keys[] = {
	CHAIN_SOLVER_KEYS("1e-3", "1e-6", "0"),
	KEY_REALS(struct neural_ode, lengths, "[1]", 0, 1,
		  "fractions of the trajectory that are learnt, one after the other"),
	KEY_INTS(struct neural_ode, until, "[]", 0, 1e12, "steps of training at which each of them but the last ends"),
	KEY_INT(struct neural_ode, augment, "0", 0, 65536, "zeros appended to the state (Dupont et al. 2019)"),
	KEY_TEXT(struct neural_ode, field, NULL, "the trajectory; by default the first field over time"),
	KEY_END,
};

static int read_data(struct trajectory *s, struct trajectory_data *d, bool with_targets, struct err *e)
{
	(void)with_targets;
	return trajectory_read_frames(s, d, ((const struct neural_ode *)s->config)->field, e);
}

static void build(struct chain *c, void *context)
{
	const struct trajectory *s = ((struct trajectory_slot *)context)->series;
	const struct neural_ode *key = s->config;
	const int64_t n = s->n_channel, state = n + key->augment;
	struct shape first = shape_of(c->batch, n), more = shape_of(c->batch, key->augment),
		     all = shape_of(c->n_save, c->batch, state);
	struct graph *g = c->g;
	node u = trajectory_input(c, &s->train, 0, "trajectory");
	node target = op_slice(g, u, 1, 0, c->n_save, 1);

	c->y0 = op_reshape(g, op_slice(g, u, 1, 0, 1, 1), &first);
	if (key->augment > 0)
		c->y0 = op_concat(g, 2, (node[]){ c->y0, graph_full(g, c->real, &more, 0) }, 1);
	trajectory_field_of(c, state, state);
	c->saved = graph_input(g, "outputs", c->real, &all);
	c->prediction = op_permute(g, op_slice(g, c->saved, 2, 0, n, 1), (int[]){ 1, 0, 2 });
	c->loss = op_mean_all(g, op_square(g, op_sub(g, c->prediction, target)));
}

static int64_t outputs(const struct trajectory *s, int64_t step)
{
	const struct neural_ode *c = s->config;
	const int64_t all = s->train.n_time;
	int k = 0;
	int64_t n;

	while (k < c->until.n && k + 1 < c->lengths.n && step >= c->until.at[k])
		k++;
	n = (int64_t)ceil(c->lengths.at[k] * (double)all);
	return n < 2 ? 2 : n > all ? all : n;
}

static const struct trajectory_kind kind = { .read = read_data, .build = build, .outputs = outputs };

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	return trajectory_open(t, &kind, data, valid, e);
}

static int solve(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		 const char *const *data, struct err *e)
{
	return trajectory_solve(&kind, keys, sizeof(struct neural_ode), common, o, m, n_data, data, e);
}

static const struct learner_class neural_ode = {
	.name = "neural-ode",
	.summary = "trajectories marched from their first frame by a network as vector field; mean squared error",
	.source = "Chen et al., arXiv 1806.07366; Kidger, arXiv 2202.02435; regularisers: Pal et al., arXiv 2105.03918",
	.notes = "use with model vector-field",
	TRAJECTORY_LEARNER(struct neural_ode),
	.test_config = "problem: {name: oscillator, points: 8, T: 1}\n"
		       "gen: {samples: 16}\n"
		       "model: {name: vector-field, width: 8, depth: 1}\n"
		       "objective: neural-ode\n"
		       "train: {epochs: 20, batch: 8, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_neural_ode[] = { &neural_ode, NULL };
