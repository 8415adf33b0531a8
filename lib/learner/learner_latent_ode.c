/* learner_latent_ode.c: latent ordinary differential equations (Rubanova et al. 2019, arXiv 1907.03907): a variational
 * auto-encoder of series. A recurrent network reads the observations backwards and gives the law of a latent vector,
 * from which the first state comes; loss 1/2 sum (u - prediction)^2 + KL(N(mean, std^2) || N(0, 1)), mean over the
 * samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "learner/trajectory.h"

struct latent_ode {
	struct chain_solver solver;
	int64_t hidden, latent, width, depth, encoder;
	double kl;
	const char *field, *time;
};

static const struct key keys[] = {
	CHAIN_SOLVER_KEYS("1e-3", "1e-6", "0.4"),
	KEY_INT(struct latent_ode, hidden, "16", 1, 65536, "states of the equation"),
	KEY_INT(struct latent_ode, latent, "16", 1, 65536, "latent numbers"),
	KEY_INT(struct latent_ode, encoder, "16", 1, 65536, "states of the recurrent encoder"),
	KEY_INT(struct latent_ode, width, "16", 1, 65536,
		"hidden layers of the map from latent numbers to the first state"),
	KEY_INT(struct latent_ode, depth, "2", 0, 64, "their number"),
	KEY_REAL(struct latent_ode, kl, "1", 0, 1e6, "factor of the divergence from the prior"),
	KEY_TEXT(struct latent_ode, field, NULL, "the observations; by default the first field over time"),
	KEY_TEXT(struct latent_ode, time, "time",
		 "their times, a field of every sample; without it, those of the axis"),
	KEY_END,
};

enum { SERIES, TIMES, NOISE, OUTPUT_TIMES };

/* Times of every sample in the network's type (for the encoder) and in double (for the solver). */
static int read_times(struct trajectory *s, struct trajectory_data *d, int field, struct err *e)
{
	const struct latent_ode *c = s->config;
	const struct layout *l = dataset_layout(d->from);
	const int own = c->time ? layout_find_field(l, c->time) : -1;
	const struct shape row = shape_of(d->n_time), latent = shape_of(c->latent);
	const int64_t n = d->n * d->n_time;
	double *axis = trajectory_times(l, field, &d->n_time), *t;

	if (own >= 0 && layout_field_count(l, own) != d->n_time) {
		free(axis);
		return err_set(e, ERR_USAGE, "field '%s' has %lld times, '%s' %lld frames", l->field[own].name,
			       (long long)layout_field_count(l, own), l->field[field].name, (long long)d->n_time);
	}
	d->array[TIMES].value = NULL;
	if (!trajectory_add(d, s->network->real, &row, e) || !trajectory_add(d, s->network->real, &latent, e) ||
	    (own >= 0 ? trajectory_read(d, own, DTYPE_F64, &row, false, e) != 0
		      : !trajectory_add(d, DTYPE_F64, &row, e))) {
		free(axis);
		return -1;
	}
	t = d->array[OUTPUT_TIMES].value;
	for (int64_t i = 0; i < n && own < 0; i++)
		t[i] = axis[i % d->n_time];
	free(axis);
	tensor_convert(DTYPE_F64, t, s->network->real, d->array[TIMES].value, n);
	d->own_times = OUTPUT_TIMES;
	d->t0 = INFINITY;
	for (int64_t i = 0; i < n; i++) {
		if (i % d->n_time > 0 && t[i] < t[i - 1])
			return err_set(e, ERR_USAGE, "times of sample %lld are not in order",
				       (long long)(i / d->n_time));
		d->t0 = fmin(d->t0, t[i]);
		d->t1 = i == 0 ? t[i] : fmax(d->t1, t[i]);
	}
	d->t0 = fmin(d->t0, 0);
	return 0;
}

static int read_data(struct trajectory *s, struct trajectory_data *d, bool with_targets, struct err *e)
{
	const struct latent_ode *c = s->config;
	const struct layout *l = dataset_layout(d->from);
	const int field = trajectory_field(d->from, c->field, true, e);
	struct shape row;

	(void)with_targets;
	if (field < 0)
		return -1;
	d->n_time = l->axis[l->field[field].axis[0]].size;
	s->n_channel = s->n_out = layout_field_count(l, field) / d->n_time;
	s->like = field;
	row = shape_of(d->n_time, s->n_channel);
	return trajectory_read(d, field, s->network->real, &row, false, e) == 0 ? read_times(s, d, field, e) : -1;
}

/* Observations and times, last first, through the recurrent unit. */
static node encode(struct chain *c, const struct latent_ode *key, node u, node times, int64_t n, int64_t channels)
{
	struct graph *g = c->g;
	struct shape state = shape_of(c->batch, key->encoder), value = shape_of(c->batch, channels);
	node h = graph_full(g, c->real, &state, 0);

	nn_enter(&c->nn, "encoder");
	for (int64_t k = n - 1; k >= 0; k--) {
		node x = op_reshape(g, op_slice(g, u, 1, k, 1, 1), &value), t = op_slice(g, times, 1, k, 1, 1);

		h = nn_gru(&c->nn, op_concat(g, 2, (node[]){ t, x }, 1), h);
	}
	h = nn_linear(&c->nn, "law", h, 2 * key->latent, true);
	nn_leave(&c->nn);
	return h;
}

static void build(struct chain *c, void *context)
{
	const struct trajectory *s = ((struct trajectory_slot *)context)->series;
	const struct latent_ode *key = s->config;
	const int64_t n = s->train.n_time;
	struct shape all = shape_of(n, c->batch, key->hidden);
	struct graph *g = c->g;
	node u = trajectory_input(c, &s->train, SERIES, "observations"),
	     times = trajectory_input(c, &s->train, TIMES, "times");
	node noise = trajectory_input(c, &s->train, NOISE, "noise"), law = encode(c, key, u, times, n, s->n_channel);
	node mean = op_slice(g, law, 1, 0, key->latent, 1), log_std = op_slice(g, law, 1, key->latent, key->latent, 1);
	node std = op_exp(g, log_std), z = op_add(g, mean, op_mul(g, std, noise)), divergence;

	c->y0 = nn_mlp(&c->nn, "start", z, key->width, (int)key->depth, key->hidden, NN_RELU);
	/* (m^2 + s^2 - 1) / 2 - log s */
	divergence =
		op_sub(g, op_scale(g, op_shift(g, op_add(g, op_square(g, mean), op_square(g, std)), -1), 0.5), log_std);
	c->extra = op_scale(g, op_sum_all(g, divergence), key->kl / (double)c->batch);
	trajectory_field_of(c, key->hidden, key->hidden);
	c->saved = graph_input(g, "outputs", c->real, &all);
	c->prediction = op_permute(g, nn_linear(&c->nn, "readout", c->saved, s->n_channel, true), (int[]){ 1, 0, 2 });
	c->loss = op_scale(g, op_sum_all(g, op_square(g, op_sub(g, c->prediction, u))), 0.5 / (double)c->batch);
}

/* Noise of the latent vector: of (seed, step, sample); outside training its mean, nothing. */
static void tune(struct trainer *t, struct trajectory_slot *slot, struct chain_run *run)
{
	const struct latent_ode *c = slot->series->config;
	void *noise = slot->data[NOISE];

	(void)run;
	for (int64_t i = 0; i < t->batch_n; i++) {
		const struct rng r = rng_stream(t->seed, "latent", (uint64_t)t->t, (uint64_t)t->item[i]);

		if (slot->chain.real == DTYPE_F32)
			rng_normal_f(r, 0, (size_t)c->latent, (float *)noise + i * c->latent);
		else
			rng_normal(r, 0, (size_t)c->latent, (double *)noise + i * c->latent);
	}
}

static const struct trajectory_kind kind = { .read = read_data, .build = build, .tune = tune };

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	return trajectory_open(t, &kind, data, valid, e);
}

static int solve(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		 const char *const *data, struct err *e)
{
	return trajectory_solve(&kind, keys, sizeof(struct latent_ode), common, o, m, n_data, data, e);
}

static const struct learner_class latent_ode = {
	.name = "latent-ode",
	.summary = "variational auto-encoder of series at irregular times, with a network as vector field of the "
		   "latent state",
	.source = "Rubanova et al., arXiv 1907.03907; Kidger, arXiv 2202.02435",
	.notes = "use with model vector-field",
	TRAJECTORY_LEARNER(struct latent_ode),
	.test_config = "problem: {name: rotation, points: 8}\n"
		       "gen: {samples: 32}\n"
		       "model: {name: vector-field, width: 8, depth: 1}\n"
		       "objective: {name: latent-ode, hidden: 4, latent: 4, encoder: 4, width: 4}\n"
		       "train: {epochs: 20, batch: 8, lr: 3e-2}\n",
};
const struct learner_class *const learner_file_learner_latent_ode[] = { &latent_ode, NULL };
