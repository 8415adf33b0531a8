/* learner_cnf.c: continuous normalising flows by maximum likelihood: the data go back to the base, with the change of
 * their log-density; the loss is the mean of -log p over the samples, in nats and in the units of the data. Validation
 * takes the exact trace. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "learner/cnf.h"
#include "learner/generative.h"
#include "learner/sample_model.h"
#include "learner/trajectory.h"

static const char *const traces[] = { "exact", "rademacher", "normal", NULL };

const struct key cnf_keys[] = {
	CHAIN_SOLVER_KEYS("1e-5", "1e-5", "0"),
	KEY_REAL(struct cnf, end, "1", 1e-9, 1e9, "time at which the base has become the data"),
	KEY_ONE_OF(
		struct cnf, trace, "exact", traces,
		"of the Jacobian in training: by a product for each element of a sample, or estimated with one random "
		"vector for a sample and step of training (Hutchinson), of signs or of normals"),
	KEY_END,
};

enum { POINTS, PROBE, GIVEN, CHUNK = 1024 };

struct own {
	struct examples examples; /* of the training set */
	struct layout layout;
	struct standard standard;
};

/* Standardised samples in the network's type, room for probes, and conditions as they are. */
static int read_points(struct trajectory *s, struct trajectory_data *d, const struct examples *x, struct err *e)
{
	const struct own *own = s->own;
	const struct shape row = shape_of(x->dim), condition = shape_of(x->values);
	const size_t width = dtype_size(s->network->real);
	double *part = mem_new(mem_times(CHUNK, x->dim + x->values), sizeof *part, "samples", e),
	       *values = part + CHUNK * x->dim;
	int64_t item[CHUNK];
	char *to = part ? trajectory_add(d, s->network->real, &row, e) : NULL, *given = NULL;
	int status = to && trajectory_add(d, s->network->real, &row, e) ? 0 : -1;

	if (status == 0 && x->values > 0 && !(given = trajectory_add(d, s->network->real, &condition, e)))
		status = -1;

	for (int64_t at = 0; at < d->n && status == 0; at += CHUNK) {
		const int64_t n = d->n - at < CHUNK ? d->n - at : CHUNK;

		for (int64_t i = 0; i < n; i++)
			item[i] = at + i;
		if ((status = examples_targets(x, n, item, part, e)) != 0)
			break;
		standard_apply(&own->standard, n, x->dim, part);
		tensor_convert(DTYPE_F64, part, s->network->real, to + (size_t)(at * x->dim) * width, n * x->dim);
		if (!given)
			continue;
		if ((status = examples_values(x, n, item, values, e)) != 0)
			break;
		tensor_convert(DTYPE_F64, values, s->network->real, given + (size_t)(at * x->values) * width,
			       n * x->values);
	}
	free(part);
	return status;
}

static int read_data(struct trajectory *s, struct trajectory_data *d, bool with_targets, struct err *e)
{
	struct own *own = s->own;
	const bool first = !own;
	struct examples x;

	(void)with_targets;
	if (examples_open(&x, d->from, s->task, 0, e) != 0)
		return -1;
	if (x.map_dim > 0)
		return err_set(e, ERR_USAGE,
			       "data.input: conditions of objective cnf are numbers, not fields on a grid");
	if (first) {
		own = s->own = xcalloc(1, sizeof *own);
		own->examples = x;
		own->layout = examples_layout(&x);
		struct params scale = { 0 };
		const int status = standard_find(s->network, &x, &scale, e);

		own->standard = standard_of(&scale, x.dim, x.points);
		params_free(&scale);
		if (status != 0)
			return -1;
	} else if (x.dim != own->examples.dim) {
		return err_set(e, ERR_USAGE, "samples of %lld elements, those of training have %lld", (long long)x.dim,
			       (long long)own->examples.dim);
	}
	s->n_channel = s->n_out = x.dim;
	s->like = -1;
	d->t0 = ((const struct cnf *)s->config)->end;
	d->t1 = 0;
	return read_points(s, d, &x, e);
}

static void build(struct chain *c, void *context)
{
	struct trajectory_slot *slot = context;
	const struct trajectory *s = slot->series;
	const struct cnf *key = s->config;
	const struct own *own = s->own;
	const int64_t dim = s->n_channel;
	struct shape column = shape_of(c->batch, 1), state = shape_of(c->batch, dim + 1);
	struct graph *g = c->g;
	node x = trajectory_input(c, &s->train, POINTS, "points"),
	     probe = trajectory_input(c, &s->train, PROBE, "probe");
	node lost, square;
	struct cnf_field *f = slot->path = xcalloc(1, sizeof *f);
	double offset = (double)dim * 0.91893853320467274178;

	f->dim = dim;
	f->n_given = own->examples.values;
	if (f->n_given > 0) {
		f->given = trajectory_input(c, &s->train, GIVEN, "given");
		c->field_reads[GIVEN] = true;
	}
	f->probe = key->trace != CNF_EXACT && c->training ? probe : NODE_NONE;
	c->field_reads[PROBE] = node_is(f->probe);
	c->y0 = op_concat(g, 2, (node[]){ x, graph_full(g, c->real, &column, 0) }, 1);
	cnf_field_of(c, f);
	c->saved = graph_input(g, "final state", c->real, &state);
	square = op_sum(g, op_square(g, op_slice(g, c->saved, 1, 0, dim, 1)), op_axes(1, 1), true);
	lost = op_slice(g, c->saved, 1, dim, 1, 1);
	for (int64_t k = 0; k < dim && own->standard.std; k++)
		offset += log(own->standard.std[k]);
	/* -log p = |z|^2 / 2 + what was lost on the way back + constants */
	c->prediction = op_shift(g, op_add(g, op_scale(g, square, 0.5), lost), offset);
	c->loss = op_scale(g, op_sum_all(g, c->prediction), 1. / (double)c->batch);
}

/* The probes of a step of training; the same all along its solve. */
static void tune(struct trainer *t, struct trajectory_slot *slot, struct chain_run *run)
{
	const struct cnf *c = t->objective_config;
	const int64_t dim = slot->series->n_channel;
	double *w;

	(void)run;
	if (c->trace == CNF_EXACT)
		return;
	w = xcalloc((size_t)dim, sizeof *w);
	for (int64_t i = 0; i < t->batch_n; i++) {
		cnf_probe((enum cnf_trace)c->trace, t->seed, "cnf probe", (uint64_t)t->t, (uint64_t)t->item[i], dim, w);
		tensor_convert(DTYPE_F64, w, slot->chain.real,
			       (char *)slot->data[PROBE] + (size_t)(i * dim) * dtype_size(slot->chain.real), dim);
	}
	free(w);
}

static void close_own(struct trajectory *s)
{
	struct own *own = s->own;

	if (!own)
		return;
	layout_free(&own->layout);
	standard_free(&own->standard);
	free(own);
}

static const struct trajectory_kind kind = {
	.takes_task = true, .read = read_data, .build = build, .final = true, .tune = tune, .close = close_own
};

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	const struct trajectory *s;

	if (trajectory_open(t, &kind, data, valid, e) != 0)
		return -1;
	s = t->learning;
	standard_store(&((const struct own *)s->own)->standard, s->n_channel, t->network.real, &t->network.params);
	return 0;
}

static const struct layout *layout_of(const struct trainer *t)
{
	return &((const struct own *)((const struct trajectory *)t->learning)->own)->layout;
}

static const struct learner_class cnf = {
	.name = "cnf",
	.summary = "continuous normalising flow: a vector field between a Gaussian and the data, by maximum likelihood",
	.source = "Chen et al., arXiv 1806.07366; Grathwohl et al. (FFJORD), arXiv 1810.01367",
	.notes = "use with model vector-field; train_loss and valid_loss are nats a sample in the units of the data; "
		 "sciml-sample draws from the model file and gives densities; data.input: conditions",
	.config_size = sizeof(struct cnf),
	.keys = cnf_keys,
	.needs_data = true,
	.score = "valid_loss",
	.open = open_learner,
	.close = trajectory_close,
	.load = trajectory_load,
	.evaluate = trajectory_evaluate,
	.judge = trajectory_judge,
	.row = trajectory_row,
	.state = trajectory_state,
	.sample = sample_cnf,
	.sample_keys = sample_cnf_keys,
	.layout = layout_of,
	.test_config = "problem: {name: grf, grid: 4, sigma: 5}\n"
		       "gen: {samples: 64}\n"
		       "model: {name: vector-field, width: 8, depth: 1, final: identity, time: every, scale: false}\n"
		       "data: {target: u}\n"
		       "objective: {name: cnf, trace: rademacher, rtol: 1e-3, atol: 1e-3}\n"
		       "train: {epochs: 20, batch: 32, lr: 2e-2}\n",
};
const struct learner_class *const learner_file_learner_cnf[] = { &cnf, NULL };
