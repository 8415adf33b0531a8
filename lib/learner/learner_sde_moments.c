/* learner_sde_moments.c: neural SDEs fitted to the mean and variance of paths at the times of their frames (Pal, Ma,
 * Shah, Rackauckas, arXiv 2105.03918, section 4.3): dX = f(t, X) dt + g(X) o dW with the configured model as drift and
 * a linear map as diagonal diffusion, by controlled steps of an explicit method along one Brownian tree. */
#include <stdlib.h>

#include "base/mem.h"
#include "integ/brownian.h"
#include "learner/trajectory.h"

struct sde_moments {
	struct chain_solver solver;
	int64_t power;
	const char *field;
};

static const struct key keys[] = {
	CHAIN_SOLVER_KEYS("1e-2", "1e-2", "0"),
	KEY_INT(struct sde_moments, power, "1", 1, 9, "the drift's network sees the state to this power"),
	KEY_TEXT(struct sde_moments, field, NULL, "the paths; by default the first field over time"),
	KEY_END,
};

/* Steps below this part of the whole time are not resolved. */
static const double finest = 0x1p-20;

static int read_data(struct trajectory *s, struct trajectory_data *d, bool with_targets, struct err *e)
{
	(void)with_targets;
	return trajectory_read_frames(s, d, ((const struct sde_moments *)s->config)->field, e);
}

/* The noise of a batch: a tree for every step of training, another for judging. */
struct noise {
	struct brownian_spec spec;
	struct brownian *tree;
	double *w;
	enum dtype real;
};

/* Columns: the length of the step, then the increments: (b, 1 + channels). */
static int increment(void *context, double t0, double t1, int n, const double *time, void *out, struct err *e)
{
	struct noise *p = context;
	const int64_t b = p->spec.n_samples, c = p->spec.channels;

	(void)n;
	(void)time;
	if (!p->tree && !(p->tree = brownian_new(&p->spec, e)))
		return -1;
	brownian_increment(p->tree, t0, t1, p->w, NULL, NULL);
	for (int64_t i = 0; i < b; i++)
		for (int64_t k = 0; k <= c; k++) {
			const double v = k == 0 ? t1 - t0 : p->w[i * c + k - 1];

			if (p->real == DTYPE_F32)
				((float *)out)[i * (c + 1) + k] = (float)v;
			else
				((double *)out)[i * (c + 1) + k] = v;
		}
	return 0;
}

static void product(struct graph *g, void *context, node t, const node *y, node by, node *out)
{
	struct chain *c = context;
	const struct trajectory_slot *slot = (const struct trajectory_slot *)c->network_context;
	const struct sde_moments *key = slot->series->config;
	const int64_t n = slot->series->n_channel;
	const node seen = key->power == 1 ? y[0] : op_power(g, y[0], (double)key->power);
	const node drift = trajectory_network(g, c, t, seen), diffusion = nn_linear(&c->nn, "diffusion", y[0], n, true);

	out[0] = op_add(g, op_mul(g, drift, op_slice(g, by, 1, 0, 1, 1)),
			op_mul(g, diffusion, op_slice(g, by, 1, 1, n, 1)));
}

/* Mean and variance over a batch (axis 0): (times, channels) each. */
static void moments(struct graph *g, node x, node *mean, node *variance)
{
	*mean = op_mean(g, x, op_axes(0, 0), true);
	*variance = op_mean(g, op_square(g, op_sub(g, x, *mean)), op_axes(0, 0), true);
}

static void build(struct chain *c, void *context)
{
	struct trajectory_slot *slot = context;
	const struct trajectory *s = slot->series;
	const int64_t n = s->n_channel;
	struct shape first = shape_of(c->batch, n), all = shape_of(c->n_save, c->batch, n);
	struct graph *g = c->g;
	node u = trajectory_input(c, &s->train, 0, "paths"), mean[2], variance[2];
	struct noise *p = slot->path = xcalloc(1, sizeof *p + (size_t)(c->batch * n) * sizeof(double));

	*p = (struct noise){ .spec = { .seed = s->seed,
				       .purpose = slot->training ? "sde-moments" : "sde-moments judge",
				       .n_samples = c->batch,
				       .channels = n,
				       .t0 = s->train.t0,
				       .t1 = s->train.t1,
				       .tolerance = finest * (s->train.t1 - s->train.t0),
				       .kind = BROWNIAN_W },
			     .w = (double *)(p + 1),
			     .real = c->real };
	c->y0 = op_reshape(g, op_slice(g, u, 1, 0, 1, 1), &first);
	trajectory_field_of(c, n, n);
	c->network_context = slot;
	c->term.product = product;
	c->term.control = DIFFEQ_STEP;
	c->term.shape = shape_of(c->batch, n + 1);
	c->term.increment = increment;
	c->term.path = p;
	c->saved = graph_input(g, "outputs", c->real, &all);
	c->prediction = op_permute(g, c->saved, (int[]){ 1, 0, 2 });
	moments(g, c->prediction, &mean[0], &variance[0]);
	moments(g, op_slice(g, u, 1, 0, c->n_save, 1), &mean[1], &variance[1]);
	c->loss = op_add(g, op_sum_all(g, op_square(g, op_sub(g, mean[0], mean[1]))),
			 op_sum_all(g, op_square(g, op_sub(g, variance[0], variance[1]))));
}

/* Another tree at every step. */
static void tune(struct trainer *t, struct trajectory_slot *slot, struct chain_run *run)
{
	struct noise *p = slot->path;

	(void)run;
	brownian_free(p->tree);
	p->tree = NULL;
	p->spec.first_sample = t->t * t->key.batch;
}

static void forget(struct trajectory_slot *slot)
{
	struct noise *p = slot->path;

	if (p)
		brownian_free(p->tree);
}

static const struct trajectory_kind kind = { .read = read_data, .build = build, .tune = tune, .forget = forget };

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	return trajectory_open(t, &kind, data, valid, e);
}

static int solve(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		 const char *const *data, struct err *e)
{
	return trajectory_solve(&kind, keys, sizeof(struct sde_moments), common, o, m, n_data, data, e);
}

static const struct learner_class sde_moments = {
	.name = "sde-moments",
	.summary = "neural SDEs whose paths have the mean and variance of the data's at all times",
	.source = "Pal, Ma, Shah, Rackauckas, arXiv 2105.03918, section 4.3",
	.notes = "use with model vector-field, method heun, midpoint or ralston (Stratonovich); batches are compared "
		 "as sets, so "
		 "they should be large",
	TRAJECTORY_LEARNER(struct sde_moments),
	.test_config = "problem: {name: spiral-sde, frames: 5}\n"
		       "gen: {samples: 32}\n"
		       "model: {name: vector-field, width: 8, depth: 1, scale: false}\n"
		       "objective: {name: sde-moments, method: heun, rtol: 0.1, atol: 0.1}\n"
		       "train: {epochs: 20, batch: 32, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_sde_moments[] = { &sde_moments, NULL };
