/* trajectory.c: what learners of time series share: arrays, batches, chains by size, loss, judgement, counts. */
#include "learner/trajectory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/rng.h"

/* ---- data ---------------------------------------------------------------------------------------- */

static bool over_time(const struct layout *l, int field)
{
	const struct field *f = &l->field[field];

	return f->n_axes > 0 && l->axis[f->axis[0]].kind == AXIS_TIME;
}

int trajectory_field(const struct dataset *d, const char *name, bool want_time, struct err *e)
{
	const struct layout *l = dataset_layout(d);
	const int named = name ? layout_find_field(l, name) : -1;

	if (name && named < 0)
		return err_set(e, ERR_USAGE, "no field '%s'", name);
	if (name && want_time && !over_time(l, named))
		return err_set(e, ERR_USAGE, "field '%s' has no time axis", name);
	if (name)
		return named;
	for (int k = 0; k < l->n_fields; k++)
		if (l->field[k].per_sample && over_time(l, k) == want_time)
			return k;
	return err_set(e, ERR_USAGE, "no field %s", want_time ? "over time" : "without time");
}

void *trajectory_add(struct trajectory_data *d, enum dtype t, const struct shape *row, struct err *e)
{
	struct trajectory_array *a = &d->array[d->n_arrays];

	if (d->n_arrays == CHAIN_DATA)
		return err_set(e, ERR_FAIL, "a data set of more than %d arrays", CHAIN_DATA) ? NULL : NULL;
	*a = (struct trajectory_array){ *row, t,
					mem_new(mem_times(d->n, shape_count(row)), dtype_size(t), "time series", e) };
	d->n_arrays += a->value != NULL;
	return a->value;
}

int trajectory_read(struct trajectory_data *d, int field, enum dtype t, const struct shape *row, bool allow_nan,
		    struct err *e)
{
	int64_t *all = mem_new(d->n, sizeof *all, "numbers of samples", e);
	void *to = all ? trajectory_add(d, t, row, e) : NULL;
	int status = to ? 0 : -1;

	for (int64_t i = 0; i < d->n && to; i++)
		all[i] = i;
	if (status == 0) {
		dataset_allow_nonfinite(d->from, allow_nan);
		status = dataset_read(d->from, field, d->n, all, t, to, e);
		dataset_allow_nonfinite(d->from, false);
	}
	free(all);
	return status;
}

double *trajectory_times(const struct layout *l, int field, int64_t *n)
{
	const struct axis *a = &l->axis[l->field[field].axis[0]];
	double *t = xcalloc((size_t)a->size + 1, sizeof *t);

	*n = a->size;
	for (int64_t i = 0; i < a->size; i++)
		t[i] = a->coordinate ? a->coordinate[i] : (double)i;
	return t;
}

void trajectory_data_free(struct trajectory_data *d)
{
	for (int k = 0; k < d->n_arrays; k++)
		free(d->array[k].value);
	free(d->time);
	free(d->jump);
	*d = (struct trajectory_data){ 0 };
}

/* ---- chains -------------------------------------------------------------------------------------- */

node trajectory_input(struct chain *c, const struct trajectory_data *d, int k, const char *name)
{
	struct shape s = d->array[k].shape;

	memmove(s.dim + 1, s.dim, (size_t)s.rank * sizeof *s.dim);
	s.dim[0] = c->batch;
	s.rank++;
	if (k >= c->n_data)
		c->n_data = k + 1;
	return c->data[k] = graph_input(c->g, name, d->array[k].dtype, &s);
}

node trajectory_network(struct graph *g, struct chain *c, node t, node y)
{
	struct model_in in = { .field = y, .query = NODE_NONE, .last = NODE_NONE };
	struct shape column = shape_of(c->batch, 1);

	in.vector = op_broadcast(g, t, &column);
	nn_enter(&c->nn, "field");
	node out = c->network->class->build(&c->nn, c->network->config, &c->network->spec, &in);
	nn_leave(&c->nn);
	return out;
}

static void product(struct graph *g, void *context, node t, const node *y, node increment, node *out)
{
	(void)increment;
	out[0] = trajectory_network(g, context, t, y[0]);
}

void trajectory_field_of(struct chain *c, int64_t n_in, int64_t n_out)
{
	struct shape s = shape_of(c->batch, n_in);

	c->network->spec = (struct model_spec){ .n_in = n_in, .n_out = n_out, .n_vector = 1 };
	c->state = graph_input(c->g, "state", c->real, &s);
	c->term = (struct diffeq_term){ .product = product, .context = c };
}

static void drop(struct trajectory_slot *slot)
{
	chain_free(&slot->chain);
	for (int k = 0; k < CHAIN_DATA; k++)
		free(slot->data[k]);
	free(slot->time);
	if (slot->path && slot->series->kind->forget)
		slot->series->kind->forget(slot);
	free(slot->path);
	*slot = (struct trajectory_slot){ 0 };
}

void trajectory_slots_free(struct trajectory *s)
{
	for (int i = 0; i < TRAJECTORY_SLOTS; i++)
		drop(&s->slot[i]);
}

static const struct chain_solver *solver_of(const struct trajectory *s)
{
	return s->config;
}

static int compile(struct trajectory *s, struct trajectory_slot *slot, struct err *e)
{
	const struct trajectory_data *d = &s->train;

	slot->chain.network = s->network;
	slot->chain.solver = solver_of(s);
	slot->chain.batch = slot->batch;
	slot->chain.n_save = slot->outputs;
	slot->chain.training = slot->training;
	if (chain_nodes(&slot->chain, s->kind->build, slot, e) != 0)
		return -1;
	for (int k = 0; k < d->n_arrays; k++)
		if (!(slot->data[k] = mem_new(slot->batch * shape_count(&d->array[k].shape) + 1,
					      dtype_size(d->array[k].dtype), "a batch of time series", e)))
			return -1;
	slot->time = xcalloc((size_t)(slot->batch * slot->outputs) + 1, sizeof *slot->time);
	return 0;
}

struct trajectory_slot *trajectory_slot(struct trajectory *s, int64_t batch, int64_t outputs, bool training,
					struct err *e)
{
	struct trajectory_slot *slot;

	for (int i = 0; i < TRAJECTORY_SLOTS; i++)
		if (s->slot[i].used && s->slot[i].batch == batch && s->slot[i].outputs == outputs &&
		    s->slot[i].training == training)
			return &s->slot[i];
	slot = &s->slot[s->next++ % TRAJECTORY_SLOTS];
	drop(slot);
	slot->series = s;
	slot->batch = batch;
	slot->outputs = outputs;
	slot->training = training;
	if (compile(s, slot, e) != 0 || chain_compile(&slot->chain, e) != 0) {
		drop(slot);
		return NULL;
	}
	slot->used = true;
	return slot;
}

static void gather(struct trajectory_slot *slot, const struct trajectory_data *d, int64_t n, const int64_t *item,
		   struct chain_run *run)
{
	for (int k = 0; k < d->n_arrays; k++) {
		const size_t row = (size_t)shape_count(&d->array[k].shape) * dtype_size(d->array[k].dtype);

		for (int64_t i = 0; i < n; i++)
			memcpy((char *)slot->data[k] + (size_t)i * row,
			       (const char *)d->array[k].value + (size_t)item[i] * row, row);
		run->data[k] = slot->data[k];
	}
	run->t0 = d->t0;
	run->t1 = d->t1;
	run->n_jump = d->n_jump;
	run->jump = d->jump;
	run->time = d->time;
	if (d->own_times >= 0) {
		run->own_times = true;
		run->time = slot->data[d->own_times];
	} else if (slot->outputs > 0 && slot->outputs < d->n_time) {
		run->t1 = d->time[slot->outputs - 1];
	}
}

struct trajectory_slot *trajectory_apply(struct trajectory *s, const struct trajectory_data *d, int64_t first,
					 int64_t n, double *loss, struct flow_result *r, struct err *e)
{
	struct trajectory_slot *slot = trajectory_slot(s, n, s->kind->final ? 0 : s->train.n_time, false, e);
	struct chain_run run = { .extra_weight = 1 };
	int64_t *item;
	int status;

	if (!slot)
		return NULL;
	item = xcalloc((size_t)n, sizeof *item);
	for (int64_t i = 0; i < n; i++)
		item[i] = first + i;
	gather(slot, d, n, item, &run);
	status = chain_forward(&slot->chain, &run, NULL, loss, r, e);
	free(item);
	return status == 0 ? slot : NULL;
}

/* ---- the learner --------------------------------------------------------------------------------- */

int trajectory_name_data(const struct trajectory_data *d, struct err *e)
{
	const char *name = dataset_name(d->from);

	/* what reads values names the file itself */
	return e && str_starts(e->message, name) ? -1 : err_in(e, "%s", name);
}

static int read_set(struct trajectory *s, struct trajectory_data *d, struct dataset *from, bool with_targets,
		    struct err *e)
{
	d->from = from;
	d->n = dataset_layout(from)->n_samples;
	d->own_times = -1;
	return s->kind->read(s, d, with_targets, e) == 0 ? 0 : trajectory_name_data(d, e);
}

/* Chains are made for the rows of the training set. */
static int check_alike(const struct trajectory_data *train, const struct trajectory_data *valid, struct err *e)
{
	char own[SHAPE_TEXT], other[SHAPE_TEXT];

	for (int k = 0; k < train->n_arrays && k < valid->n_arrays; k++)
		if (!shape_equal(&train->array[k].shape, &valid->array[k].shape))
			return err_set(e, ERR_USAGE, "%s: samples of shape %s, those of %s have %s",
				       dataset_name(valid->from), shape_text(own, &valid->array[k].shape),
				       dataset_name(train->from), shape_text(other, &train->array[k].shape));
	if (train->n_arrays != valid->n_arrays || train->n_time != valid->n_time ||
	    train->own_times != valid->own_times)
		return err_set(e, ERR_USAGE, "%s: %lld times and %d arrays a sample, %s has %lld and %d",
			       dataset_name(valid->from), (long long)valid->n_time, valid->n_arrays,
			       dataset_name(train->from), (long long)train->n_time, train->n_arrays);
	return 0;
}

/* The parameters come out of a first build; then they are drawn. */
static int start(struct trajectory *s, const struct trajectory_kind *kind, uint64_t seed, struct err *e)
{
	struct trajectory_slot slot = { .series = s, .batch = 2, .outputs = kind->final ? 0 : s->train.n_time };
	int status = compile(s, &slot, e);

	drop(&slot);
	if (status != 0)
		return -1;
	if (s->network->class->check && s->network->class->check(s->network->config, &s->network->spec, e) != 0)
		return -1;
	params_init(&s->network->params, seed);
	return 0;
}

/* Keys of section data that say something about fields, which these learners take as they are. */
static int check_unread(const struct trainer *t, struct err *e)
{
	const struct task_config *c = &t->task_key;
	const struct network_config *n = &t->network.key;
	const char *key = c->input.n > 0	    ? "input"
			  : c->target.n > 0	    ? "target"
			  : c->time > 0		    ? "time"
			  : c->history > 1	    ? "history"
			  : c->rollout > 1	    ? "rollout"
			  : c->frames.n > 0	    ? "frames"
			  : c->reduce > 1	    ? "reduce"
			  : c->reduce_time > 1	    ? "reduce_time"
			  : c->missing > 0	    ? "missing"
			  : n->normalise_input > 0  ? "normalise_input"
			  : n->normalise_target > 0 ? "normalise_target"
						    : NULL;

	return key ? err_set(e, ERR_USAGE, "data.%s: objective %s does not read it; its own keys name fields", key,
			     t->learner->name)
		   : 0;
}

int trajectory_open(struct trainer *t, const struct trajectory_kind *kind, struct dataset *data, struct dataset *valid,
		    struct err *e)
{
	struct trajectory *s = t->learning = xcalloc(1, sizeof *s);

	s->kind = kind;
	s->config = t->objective_config;
	s->task = &t->task_key;
	s->network = &t->network;
	s->seed = t->seed;
	t->network.real = t->network.key.real == 0 ? DTYPE_F32 : DTYPE_F64;
	if (!kind->takes_task && check_unread(t, e) != 0)
		return -1;
	if (read_set(s, &s->train, data, true, e) != 0 ||
	    (valid && (read_set(s, &s->valid, valid, true, e) != 0 || check_alike(&s->train, &s->valid, e) != 0)) ||
	    start(s, kind, t->seed, e) != 0)
		return -1;
	params_add(&s->counts, &(struct param){ .name = (char *)"counts",
						.value = { .dtype = DTYPE_F64, .shape = shape_of(COUNTS) },
						.role = PARAM_STATE });
	t->has_score = valid != NULL;
	t->n_items = s->train.n;
	s->total = t->key.epochs * ((t->n_items + t->key.batch - 1) / t->key.batch);
	history_add_column(&t->history, "nfe");
	history_add_column(&t->history, "solver_steps");
	history_add_column(&t->history, "evaluations");
	return 0;
}

void trajectory_close(struct trainer *t)
{
	struct trajectory *s = t->learning;

	if (!s)
		return;
	trajectory_slots_free(s);
	trajectory_data_free(&s->train);
	trajectory_data_free(&s->valid);
	params_free(&s->counts);
	if (s->kind->close)
		s->kind->close(s);
	free(s);
	t->learning = NULL;
}

static int64_t outputs_of(const struct trajectory *s, int64_t step)
{
	if (s->kind->final)
		return 0;
	return s->kind->outputs ? s->kind->outputs(s, step) : s->train.n_time;
}

static struct chain_run run_of(const struct trajectory *s, int64_t step)
{
	const struct chain_solver *k = solver_of(s);
	struct chain_run run = { .extra_weight = 1, .error_factor = k->error };

	if (k->error > 0 && k->error_end > 0 && s->total > 1)
		run.error_factor = k->error * pow(k->error_end / k->error, (double)step / (double)(s->total - 1));
	return run;
}

int trajectory_load(struct trainer *t, struct err *e)
{
	struct trajectory *s = t->learning;

	/* moments of shorter trajectories are far too small for longer ones */
	if (t->t > 0 && outputs_of(s, t->t) != outputs_of(s, t->t - 1))
		t->restart = true;
	s->ready = trajectory_slot(s, t->batch_n, outputs_of(s, t->t), true, e);
	return s->ready ? 0 : -1;
}

int trajectory_evaluate(struct trainer *t, double *loss, struct err *e)
{
	struct trajectory *s = t->learning;
	struct chain_run run = run_of(s, t->t);
	struct flow_result r;

	gather(s->ready, &s->train, t->batch_n, t->item, &run);
	if (s->kind->tune)
		s->kind->tune(t, s->ready, &run);
	if (chain_forward(&s->ready->chain, &run, &t->gradient, loss, &r, e) != 0)
		return -1;
	double *count = s->counts.at[0].value.data;
	count[COUNT_SOLVES]++;
	count[COUNT_FORWARD] += (double)r.evaluations;
	count[COUNT_STEPS] += (double)r.accepted;
	count[COUNT_ALL] += (double)(r.evaluations + r.reevaluations);
	return 0;
}

int trajectory_judge(struct trainer *t, struct params *p, double *score, struct err *e)
{
	struct trajectory *s = t->learning;
	struct network *kept = s->network;
	double sum = 0;
	int status = 0;

	s->judged = t->network;
	s->judged.params = *p;
	s->network = &s->judged;
	for (int64_t at = 0; at < s->valid.n && status == 0; at += t->key.batch) {
		const int64_t n = s->valid.n - at < t->key.batch ? s->valid.n - at : t->key.batch;
		struct flow_result r;
		double loss = 0;

		status = trajectory_apply(s, &s->valid, at, n, &loss, &r, e) ? 0 : -1;
		sum += loss * (double)n;
	}
	s->network = kept;
	*score = sum / (double)s->valid.n;
	return status;
}

/* Forward evaluations and steps of a solve, evaluations of the epoch with those of the way back. */
void trajectory_row(struct trainer *t, double *own)
{
	struct trajectory *s = t->learning;
	double *count = s->counts.at[0].value.data, n = count[COUNT_SOLVES] > 0 ? count[COUNT_SOLVES] : 1;

	own[0] = count[COUNT_FORWARD] / n;
	own[1] = count[COUNT_STEPS] / n;
	own[2] = count[COUNT_ALL];
	memset(count, 0, COUNTS * sizeof *count);
}

/* An interrupted epoch goes on counting. */
struct params *trajectory_state(struct trainer *t)
{
	struct trajectory *s = t->learning;

	return &s->counts;
}

int trajectory_read_frames(struct trajectory *s, struct trajectory_data *d, const char *name, struct err *e)
{
	const struct layout *l = dataset_layout(d->from);
	const int field = trajectory_field(d->from, name, true, e);
	struct shape row;

	if (field < 0)
		return -1;
	d->time = trajectory_times(l, field, &d->n_time);
	s->n_channel = s->n_out = layout_field_count(l, field) / d->n_time;
	s->like = field;
	if (d->n_time < 2)
		return err_set(e, ERR_USAGE, "field '%s' has %lld frames, a path needs 2", l->field[field].name,
			       (long long)d->n_time);
	d->t0 = d->time[0];
	d->t1 = d->time[d->n_time - 1];
	row = shape_of(d->n_time, s->n_channel);
	return trajectory_read(d, field, s->network->real, &row, false, e);
}
