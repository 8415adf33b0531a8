/* learner_neural_cde.c: neural controlled differential equations (Kidger et al. 2020, arXiv 2005.08926): h' = F(h)
 * x'(t), driven by a path through the observations, classified by a linear map of the final state; neural rough
 * differential equations, driven by log-signatures over windows. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/signature.h"
#include "learner/path.h"
#include "learner/trajectory.h"

struct neural_cde {
	struct chain_solver solver;
	int64_t hidden, width, depth, window, order;
	int path;
	bool time_channel;
	const char *field, *label;
};

static const struct key keys[] = {
	CHAIN_SOLVER_KEYS("1e-3", "1e-6", "0"),
	KEY_INT(struct neural_cde, hidden, "8", 1, 65536, "states of the equation"),
	KEY_INT(struct neural_cde, width, "128", 1, 65536,
		"hidden layers of the map from the first value to the first state"),
	KEY_INT(struct neural_cde, depth, "1", 0, 64, "their number"),
	KEY_ONE_OF(struct neural_cde, path, "hermite", path_names,
		   "path through the observations; hold has no derivative and is a negative control; log_signature: "
		   "neural rough differential equations"),
	KEY_INT(struct neural_cde, window, "8", 1, 1e9,
		"log_signature: intervals of a window, one step each at dt: 1e30"),
	KEY_INT(struct neural_cde, order, "2", 1, SIGNATURE_DEPTH,
		"log_signature: depth; 1 is increments, 2 areas between channels as well"),
	KEY_FLAG(struct neural_cde, time_channel, "true", "the time is a channel of the path"),
	KEY_TEXT(struct neural_cde, field, NULL, "the observations; by default the first field over time"),
	KEY_TEXT(struct neural_cde, label, NULL,
		 "one number for every class, 1 for the right one; by default the first field without time"),
	KEY_END,
};

enum { START, LABEL, SLOPES, MOST_DRIVES = 1 << 24 };

static int64_t channels_of(const struct trajectory *s)
{
	const struct neural_cde *c = s->config;

	return s->n_channel + c->time_channel;
}

/* What drives the equation: the channels, or their log-signature. */
static int64_t drives_of(const struct trajectory *s)
{
	const struct neural_cde *c = s->config;
	const int64_t channels = channels_of(s);

	return c->path == PATH_LOG_SIGNATURE ? signature_log_size(channels, (int)c->order) : channels;
}

static int64_t intervals_of(const struct neural_cde *c, int64_t n)
{
	return c->path == PATH_LOG_SIGNATURE ? path_windows(n, c->window) : path_intervals(c->path, n);
}

/* Labels; a set without them gets zeros. */
static int read_labels(struct trajectory *s, struct trajectory_data *d, bool needed, struct err *e)
{
	const struct neural_cde *c = s->config;
	const struct layout *l = dataset_layout(d->from);
	struct err none = { 0 };
	const int field = trajectory_field(d->from, c->label, false, needed ? e : &none);
	int64_t classes;
	struct shape row;

	if (field < 0 && needed)
		return -1;
	classes = field >= 0
			  ? layout_field_count(l, field)
			  : s->network->params.at[params_find(&s->network->params, "readout.bias")].value.shape.dim[0];
	if (classes < 2)
		return err_set(e, ERR_USAGE, "field '%s' has %lld number a sample, labels have one for every class",
			       l->field[field].name, (long long)classes);
	s->n_out = classes;
	s->like = field;
	row = shape_of(classes);
	return field >= 0 ? trajectory_read(d, field, s->network->real, &row, false, e)
	       : trajectory_add(d, s->network->real, &row, e) ? 0
							      : -1;
}

static int make_paths(struct trajectory *s, struct trajectory_data *d, int field, bool with_targets, struct err *e)
{
	const struct neural_cde *c = s->config;
	const int64_t n = d->n_time, channels = channels_of(s), drives = drives_of(s), intervals = intervals_of(c, n);
	const struct shape row = shape_of(channels), rows = shape_of(intervals, drives, 3);
	double *x = mem_new(n * s->n_channel, sizeof *x, "a time series", e);
	double *start = xcalloc((size_t)channels, sizeof *start);
	double *slope = mem_new(drives < MOST_DRIVES ? intervals * drives * 3 : -1, sizeof *slope, "a path", e);
	int status = -1;

	if (!x || !slope || !trajectory_add(d, s->network->real, &row, e))
		goto out;
	if (read_labels(s, d, with_targets, e) != 0 || !trajectory_add(d, s->network->real, &rows, e))
		goto out;
	for (int64_t i = 0; i < d->n; i++) {
		dataset_allow_nonfinite(d->from, true);
		if (dataset_read(d->from, field, 1, &i, DTYPE_F64, x, e) != 0)
			goto out;
		dataset_allow_nonfinite(d->from, false);
		if (c->path == PATH_LOG_SIGNATURE)
			path_log_signatures(n, d->time, s->n_channel, x, c->time_channel, (int)c->order, c->window,
					    start, slope);
		else
			path_of(c->path, n, d->time, s->n_channel, x, c->time_channel, start, slope);
		tensor_convert(DTYPE_F64, start, s->network->real,
			       (char *)d->array[START].value + (size_t)(i * channels) * dtype_size(s->network->real),
			       channels);
		tensor_convert(DTYPE_F64, slope, s->network->real,
			       (char *)d->array[SLOPES].value +
				       (size_t)(i * intervals * drives * 3) * dtype_size(s->network->real),
			       intervals * drives * 3);
	}
	status = 0;
out:
	free(x);
	free(start);
	free(slope);
	return status;
}

static int read_data(struct trajectory *s, struct trajectory_data *d, bool with_targets, struct err *e)
{
	const struct neural_cde *c = s->config;
	const struct layout *l = dataset_layout(d->from);
	const int field = trajectory_field(d->from, c->field, true, e);
	double *knot;

	if (field < 0)
		return -1;
	d->time = trajectory_times(l, field, &d->n_time);
	if (d->n_time < 2)
		return err_set(e, ERR_USAGE, "field '%s' has %lld frames, a path needs 2", l->field[field].name,
			       (long long)d->n_time);
	s->n_channel = layout_field_count(l, field) / d->n_time;
	if (make_paths(s, d, field, with_targets, e) != 0)
		return -1;
	/* from here on times are those of the path */
	knot = xcalloc((size_t)intervals_of(c, d->n_time) + 1, sizeof *knot);
	if (c->path == PATH_LOG_SIGNATURE)
		path_window_knots(d->n_time, d->time, c->window, knot);
	else
		path_knots(c->path, d->n_time, d->time, knot);
	free(d->time);
	d->time = knot;
	d->n_time = intervals_of(c, d->n_time) + 1;
	d->t0 = knot[0];
	d->t1 = knot[d->n_time - 1];
	if (path_kinks(c->path)) {
		d->n_jump = d->n_time - 2;
		d->jump = xcalloc((size_t)d->n_time, sizeof *d->jump);
		memcpy(d->jump, knot + 1, (size_t)d->n_jump * sizeof *knot);
	}
	return 0;
}

struct drive {
	const struct trajectory_slot *slot;
	const double *knot;
	int64_t n, channels; /* channels: of what drives */
};

/* Slopes of all samples at n times within one step; the interval is that of the step's middle where a time is a
 * knot. */
static int increment(void *context, double t0, double t1, int n, const double *time, void *out, struct err *e)
{
	const struct drive *p = context;
	const int64_t b = p->slot->chain.batch, per_sample = (p->n - 1) * p->channels * 3;
	const double middle = 0.5 * (t0 + t1);

	(void)e;
	for (int j = 0; j < n; j++) {
		int64_t low = 0, high = p->n - 1;
		double s;

		while (high - low > 1) {
			const int64_t k = (low + high) / 2;

			if (p->knot[k] < time[j] || (p->knot[k] == time[j] && middle > time[j]))
				low = k;
			else
				high = k;
		}
		s = time[j] - p->knot[low];
		for (int64_t i = 0; i < b * p->channels; i++) {
			const int64_t from = i / p->channels * per_sample + (low * p->channels + i % p->channels) * 3;
			const int64_t to = j * b * p->channels + i;

			if (p->slot->chain.real == DTYPE_F32) {
				const float *c = (const float *)p->slot->data[SLOPES] + from;

				((float *)out)[to] = c[0] + (float)s * (c[1] + (float)s * c[2]);
			} else {
				const double *c = (const double *)p->slot->data[SLOPES] + from;

				((double *)out)[to] = c[0] + s * (c[1] + s * c[2]);
			}
		}
	}
	return 0;
}

static void product(struct graph *g, void *context, node t, const node *y, node by, node *out)
{
	struct chain *c = context;
	const struct shape h = graph_shape(g, y[0]), x = c->term.shape;
	const struct shape matrix = shape_of(h.dim[0], h.dim[1], x.dim[1]);

	out[0] = op_contract(g, "bhc,bc->bh", op_reshape(g, trajectory_network(g, c, t, y[0]), &matrix), by);
}

static void build(struct chain *c, void *context)
{
	struct trajectory_slot *slot = context;
	const struct trajectory *s = slot->series;
	const struct neural_cde *key = s->config;
	const int64_t channels = drives_of(s);
	struct shape final = shape_of(c->batch, key->hidden);
	struct graph *g = c->g;
	struct drive *p = slot->path = xcalloc(1, sizeof *p);
	node start = trajectory_input(c, &s->train, START, "first value"),
	     label = trajectory_input(c, &s->train, LABEL, "label"), readout;

	*p = (struct drive){ slot, s->train.time, s->train.n_time, channels };
	c->y0 = nn_mlp(&c->nn, "start", start, key->width, (int)key->depth, key->hidden, NN_RELU);
	trajectory_field_of(c, key->hidden, key->hidden * channels);
	c->term.product = product;
	c->term.control = DIFFEQ_STAGE;
	c->term.shape = shape_of(c->batch, channels);
	c->term.increment = increment;
	c->term.path = p;
	c->saved = graph_input(g, "final state", c->real, &final);
	readout = op_log_softmax(g, nn_linear(&c->nn, "readout", c->saved, s->n_out, true), 1);
	c->prediction = op_exp(g, readout);
	c->loss = op_scale(g, op_sum_all(g, op_mul(g, readout, label)), -1. / (double)c->batch);
}

static const struct trajectory_kind kind = { .read = read_data, .build = build, .final = true };

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	return trajectory_open(t, &kind, data, valid, e);
}

static int solve(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		 const char *const *data, struct err *e)
{
	return trajectory_solve(&kind, keys, sizeof(struct neural_cde), common, o, m, n_data, data, e);
}

static const struct learner_class neural_cde = {
	.name = "neural-cde",
	.summary = "classes of time series: a network driven by a path through the observations; cross-entropy",
	.source = "Kidger et al., arXiv 2005.08926; Morrill et al., arXiv 2106.11028, arXiv 2009.08295",
	.notes = "use with model vector-field, scale: false; NaN is missing",
	TRAJECTORY_LEARNER(struct neural_cde),
	.test_config = "problem: {name: spirals, points: 8}\n"
		       "gen: {samples: 16}\n"
		       "model: {name: vector-field, width: 8, depth: 1, scale: false}\n"
		       "objective: {name: neural-cde, hidden: 4, width: 8}\n"
		       "train: {epochs: 20, batch: 8, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_neural_cde[] = { &neural_cde, NULL };
