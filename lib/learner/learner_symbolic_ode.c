/* learner_symbolic_ode.c: laws of motion as expressions: the vector field of a trained neural ODE, or differences of
 * trajectories, are regressed; the expressions go into the differential equation, their numbers are tuned on the
 * trajectories and rounded. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "graph/plan.h"
#include "learner/symbolic.h"
#include "learner/trajectory.h"

static const struct key keys[] = {
	CHAIN_SOLVER_KEYS("1e-3", "1e-6", "0"),
	KEY_INT(struct symbolic_config, rounds, "4", 1, 1e6,
		"first steps of training: rounds of the evolution; the others tune numbers on the trajectories"),
	SYMBOLIC_KEYS,
	KEY_TEXT(struct symbolic_config, model, NULL,
		 "file of the neural ODE whose vector field is regressed; by default central differences of the "
		 "trajectories"),
	KEY_TEXT(struct symbolic_config, field, NULL, "the trajectories; by default the first field over time"),
	KEY_END,
};

struct work {
	struct trajectory *series;
	struct symbolic search;
	struct params counts; /* as the series made them */
	double loss;	      /* of this step's round */
	double *low, *high;
};

static int read_data(struct trajectory *s, struct trajectory_data *d, bool with_targets, struct err *e)
{
	(void)with_targets;
	return trajectory_read_frames(s, d, ((const struct symbolic_config *)s->config)->field, e);
}

static void build(struct chain *c, void *context)
{
	const struct trajectory *s = ((struct trajectory_slot *)context)->series;
	const int64_t n = s->n_channel;
	struct shape first = shape_of(c->batch, n), all = shape_of(c->n_save, c->batch, n);
	struct graph *g = c->g;
	node u = trajectory_input(c, &s->train, 0, "trajectory");

	c->y0 = op_reshape(g, op_slice(g, u, 1, 0, 1, 1), &first);
	trajectory_field_of(c, n, n);
	c->saved = graph_input(g, "outputs", c->real, &all);
	c->prediction = op_permute(g, c->saved, (int[]){ 1, 0, 2 });
	c->loss = op_mean_all(g, op_square(g, op_sub(g, c->prediction, op_slice(g, u, 1, 0, c->n_save, 1))));
}

static const struct trajectory_kind kind = { .read = read_data, .build = build };

/* ---- points -------------------------------------------------------------------------------------- */

static double at(const struct trajectory *s, int64_t sample, int64_t frame, int64_t channel)
{
	const struct trajectory_array *a = &s->train.array[0];
	const struct tensor v = { .dtype = a->dtype, .data = a->value };

	return tensor_get(&v, (sample * s->train.n_time + frame) * s->n_channel + channel);
}

/* Slope of the parabola through three frames at the middle one. */
static double difference(const struct trajectory *s, int64_t sample, int64_t frame, int64_t channel)
{
	const double *t = s->train.time + frame, before = t[0] - t[-1], after = t[1] - t[0];
	const double y = at(s, sample, frame, channel);

	return ((y - at(s, sample, frame - 1, channel)) / before * after +
		(at(s, sample, frame + 1, channel) - y) / after * before) /
	       (before + after);
}

/* The vector field of a model file at the points. */
static int ask_model(struct symbolic *q, const char *path, struct err *e)
{
	const int64_t n = q->evolve.n, d = q->n_out;
	const struct run_common plain = { .tool = "sciml-train" };
	const struct shape shape = shape_of(n, d);
	struct model_in in = { .query = NODE_NONE, .vector = NODE_NONE, .last = NODE_NONE };
	struct model_file m = { 0 };
	struct plan *p = NULL;
	struct tensor x = { 0 };
	struct nn nn;
	int status = model_file_open(&m, path, &plain, e);

	if (status != 0)
		return err_in(e, "objective.model");
	if (strcmp(cfg_name(m.setup.cfg, "objective", ""), "neural-ode") != 0) {
		status = err_set(e, ERR_USAGE, "objective.model: %s: is of objective %s, a neural-ode is needed", path,
				 cfg_name(m.setup.cfg, "objective", "of unknown name"));
		model_file_close(&m);
		return status;
	}
	if (m.network.spec.n_in != d || m.network.spec.n_out != d) {
		status = err_set(e, ERR_USAGE,
				 "objective.model: %s maps %lld numbers to %lld, the trajectories have %lld", path,
				 (long long)m.network.spec.n_in, (long long)m.network.spec.n_out, (long long)d);
		model_file_close(&m);
		return status;
	}
	struct graph *g = graph_new(m.network.real);
	nn_begin(&nn, g, &m.network.params, false);
	in.field = graph_input(g, "x", m.network.real, &shape);
	nn_enter(&nn, "field");
	node y = m.network.class->build(&nn, m.network.config, &m.network.spec, &in);
	nn_leave(&nn);
	x = tensor_new(m.network.real, &shape);
	for (int64_t i = 0; i < n * d; i++)
		tensor_set(&x, i, q->x[i % d * n + i / d]);
	p = graph_error(g) ? NULL : plan_new(g, 1, &y, e);
	if (graph_error(g))
		*e = *graph_error(g);
	if (p) {
		plan_bind(p, in.field, x.data);
		for (int i = 0; i < nn.n_nodes; i++)
			if (node_is(nn.node[i]))
				plan_bind(p, nn.node[i], m.network.params.at[i].value.data);
	}
	status = p ? plan_run(p, e) : -1;
	for (int64_t i = 0; i < n * d && status == 0; i++) {
		struct tensor out = plan_out(p, 0);

		q->y[i % d * n + i / d] = tensor_get(&out, i);
	}
	plan_free(p);
	nn_end(&nn);
	graph_free(g);
	tensor_free(&x);
	model_file_close(&m);
	return status == 0 ? 0 : err_in(e, "objective.model: %s", path);
}

/* States drawn from all frames; for differences from those with two neighbours. */
static int fill_points(struct work *w, struct err *e)
{
	const struct trajectory *s = w->series;
	struct symbolic *q = &w->search;
	const struct symbolic_config *c = s->config;
	const int64_t skip = c->model ? 0 : 1, frames = s->train.n_time - 2 * skip, all = s->train.n * frames;
	const int64_t n = c->points < all ? c->points : all;
	int64_t *order;

	if (frames < 1)
		return err_set(e, ERR_USAGE, "differences need 3 frames, the trajectories have %lld",
			       (long long)s->train.n_time);
	if (symbolic_open(q, c, s->seed, s->n_channel, s->n_channel, n, e) != 0 ||
	    !(order = mem_new(all, sizeof *order, "the order of points", e)))
		return -1;
	rng_permutation(rng_stream(s->seed, "points", 0, 0), all, order);
	for (int64_t i = 0; i < n; i++)
		for (int64_t k = 0; k < s->n_channel; k++) {
			const int64_t sample = order[i] / frames, frame = order[i] % frames + skip;

			q->x[k * n + i] = at(s, sample, frame, k);
			if (!c->model)
				q->y[k * n + i] = difference(s, sample, frame, k);
		}
	free(order);
	return c->model ? ask_model(q, c->model, e) : 0;
}

/* The range of every channel's first value, for the text. */
static void find_ranges(struct work *w)
{
	const struct trajectory *s = w->series;

	w->low = xcalloc((size_t)s->n_channel + 1, sizeof *w->low);
	w->high = xcalloc((size_t)s->n_channel + 1, sizeof *w->high);
	for (int64_t k = 0; k < s->n_channel; k++) {
		w->low[k] = w->high[k] = at(s, 0, 0, k);
		for (int64_t i = 1; i < s->train.n; i++) {
			const double y = at(s, i, 0, k);

			w->low[k] = y < w->low[k] ? y : w->low[k];
			w->high[k] = y > w->high[k] ? y : w->high[k];
		}
	}
}

/* ---- the learner --------------------------------------------------------------------------------- */

/* The functions of time series find their work in t->learning. */
#define WITH_SERIES(t, w, call)                                                                                        \
	do {                                                                                                           \
		(t)->learning = (w)->series;                                                                           \
		call;                                                                                                  \
		(t)->learning = (w);                                                                                   \
	} while (0)

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	struct work *w = xcalloc(1, sizeof *w);
	int status = trajectory_open(t, &kind, data, valid, e);

	w->series = t->learning;
	t->learning = w;
	if (status != 0 || symbolic_check(t, "field.", e) != 0)
		return -1;
	const struct symbolic_config *c = t->objective_config;
	if (c->rounds > w->series->total)
		return err_set(e, ERR_USAGE,
			       "objective.rounds: %lld, the training has %lld steps (train.epochs, train.batch)",
			       (long long)c->rounds, (long long)w->series->total);
	if (fill_points(w, e) != 0)
		return -1;
	const struct layout *l = dataset_layout(data);
	symbolic_name(w->search.input, l->field[w->series->like].name, w->series->n_channel);
	symbolic_name(w->search.output, l->field[w->series->like].name, w->series->n_channel);
	symbolic_columns(&w->search, &t->history);
	find_ranges(w);
	/* one set of parameters for checkpoints: the series counts in it too */
	w->counts = w->series->counts;
	const int k = params_add(&w->search.state, &w->counts.at[0]);
	w->series->counts = (struct params){ .n = 1, .capacity = 1, .at = &w->search.state.at[k] };
	return 0;
}

static void close_learner(struct trainer *t)
{
	struct work *w = t->learning;

	if (!w)
		return;
	if (w->counts.n > 0)
		w->series->counts = w->counts;
	WITH_SERIES(t, w, trajectory_close(t));
	symbolic_close(&w->search);
	free(w->low);
	free(w->high);
	free(w);
	t->learning = NULL;
}

static bool searching(const struct trainer *t, const struct work *w)
{
	return t->t < w->search.key->rounds;
}

static int load(struct trainer *t, struct err *e)
{
	struct work *w = t->learning;
	int status = 0;

	if (searching(t, w)) {
		if (symbolic_round(&w->search, &t->network.params, "field.", t->t, &w->loss, e) != 0)
			return -1;
		trajectory_slots_free(w->series); /* of other expressions */
		return 0;
	}
	WITH_SERIES(t, w, status = trajectory_load(t, e));
	t->restart |= t->t == w->search.key->rounds;
	return status;
}

static int evaluate(struct trainer *t, double *loss, struct err *e)
{
	struct work *w = t->learning;
	int status = 0;

	if (searching(t, w)) {
		for (int i = 0; i < t->gradient.n; i++)
			memset(t->gradient.at[i].value.data, 0, tensor_bytes(&t->gradient.at[i].value));
		*loss = w->loss;
		return 0;
	}
	WITH_SERIES(t, w, status = trajectory_evaluate(t, loss, e));
	return status;
}

static int judge(struct trainer *t, struct params *p, double *score, struct err *e)
{
	struct work *w = t->learning;
	int status = 0;

	WITH_SERIES(t, w, status = trajectory_judge(t, p, score, e));
	return status;
}

static void row(struct trainer *t, double *own)
{
	struct work *w = t->learning;

	WITH_SERIES(t, w, trajectory_row(t, own));
	symbolic_row(&w->search, own + 3);
}

static struct params *state(struct trainer *t)
{
	return &((struct work *)t->learning)->search.state;
}

/* A problem that sciml-gen and sciml-solve take. */
static int finish(struct trainer *t, struct str *out, struct err *e)
{
	struct work *w = t->learning;
	const struct trajectory *s = w->series;
	char a[64], b[64];

	(void)e;
	symbolic_round_off(&w->search, t, "field.");
	symbolic_fronts(&w->search, out);
	str_add(out, "problem:\n  name: law\n  equation:\n");
	for (int64_t k = 0; k < s->n_channel; k++) {
		str_printf(out, "    - \"%s_t = ", w->search.output[k]);
		symbolic_text(&w->search, &t->network.params, "field.", k, out);
		str_add(out, "\"\n");
	}
	str_printf(out, "  domain: {t: [%s, ", str_double(a, s->train.t0));
	str_printf(out, "%s]}\n  initial:\n", str_double(a, s->train.t1));
	for (int64_t k = 0; k < s->n_channel; k++)
		str_printf(out, "    %s: \"uniform(%s, %s)\"\n", w->search.output[k], str_double(a, w->low[k]),
			   str_double(b, w->high[k]));
	str_printf(out, "  frames: %lld\n", (long long)s->train.n_time - 1);
	return 0;
}

static int solve(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		 const char *const *data, struct err *e)
{
	return trajectory_solve(&kind, keys, sizeof(struct symbolic_config), common, o, m, n_data, data, e);
}

static const struct learner_class symbolic_ode = {
	.name = "symbolic-ode",
	.summary =
		"laws of motion as expressions: regularised evolution on a vector field, numbers tuned on trajectories",
	.source = "Kidger, arXiv 2202.02435; Real et al., arXiv 1802.01548; Cranmer, arXiv 2305.01582",
	.notes = "use with model formula; the law and the front of expressions by size go to standard output, as a "
		 "problem "
		 "that sciml-gen takes",
	.config_size = sizeof(struct symbolic_config),
	.keys = keys,
	.searches = true,
	.needs_data = true,
	.score = "valid_loss",
	.open = open_learner,
	.close = close_learner,
	.load = load,
	.evaluate = evaluate,
	.judge = judge,
	.row = row,
	.state = state,
	.finish = finish,
	.solve = solve,
	.test_config = "problem: {name: oscillator, points: 60}\n"
		       "gen: {samples: 16}\n"
		       "model: formula\n"
		       "data: {real: float64}\n"
		       "objective: {name: symbolic-ode, populations: 10, cycles: 3}\n"
		       "train: {epochs: 20, batch: 8}\n",
	.test_falls = "u0_loss",
};
const struct learner_class *const learner_file_learner_symbolic_ode[] = { &symbolic_ode, NULL };
