/* learner_symbolic.c: targets of a data set as expressions of its inputs, point by point. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learner/symbolic.h"

static const struct key keys[] = { SYMBOLIC_KEYS, KEY_END };

struct work {
	struct task task;
	struct symbolic search;
	double loss;
};

/* A point is a place of an item; they are drawn from all. */
static int fill_points(struct work *w, const struct trainer *t, struct err *e)
{
	const struct task *task = &w->task;
	const struct symbolic_config *c = t->objective_config;
	const int64_t in = task->spec.n_in, out = task->spec.n_out, places = task_input_count(task) / in,
		      all = task->n_items * places, n = c->points < all ? c->points : all;
	const size_t width = dtype_size(task->real);
	struct symbolic *q = &w->search;
	int64_t *order = NULL;
	void *x = NULL, *y = NULL;
	int status = -1;

	if (task_target_count(task) != out * places)
		return err_set(e, ERR_USAGE, "the target has other points than the input");
	if (symbolic_open(q, c, t->seed, in, out, n, e) != 0 ||
	    !(order = mem_new(all, sizeof *order, "the order of points", e)) ||
	    !(x = mem_new(in * places, width, "an input", e)) || !(y = mem_new(out * places, width, "a target", e)))
		goto out;
	rng_permutation(rng_stream(t->seed, "points", 0, 0), all, order);
	status = 0;
	for (int64_t i = 0; i < n && status == 0; i++) {
		const int64_t item = order[i] / places, place = order[i] % places;
		const struct tensor from = { .dtype = task->real, .data = x }, to = { .dtype = task->real, .data = y };

		status = task_load(&w->task, 1, &item, x, NULL, &y, e);
		for (int64_t k = 0; k < in; k++)
			q->x[k * n + i] = tensor_get(&from, k * places + place);
		for (int64_t k = 0; k < out; k++)
			q->y[k * n + i] = tensor_get(&to, k * places + place);
	}
out:
	free(order);
	free(x);
	free(y);
	return status;
}

/* By field, as the channels of the task are: FIELD, or FIELD0, FIELD1 ...; x0 ... where names would meet. */
static void name_channels(char (*out)[EXPR_NAME], const struct layout *l, const struct task_field *f, int n,
			  const char *other, int64_t n_all)
{
	int64_t at = 0;
	bool good = true;

	for (int i = 0; i < n && good; i++) {
		good = f[i].n_time * f[i].n_channel <= n_all - at;
		if (good)
			symbolic_name(out + at, l->field[f[i].index].name, f[i].n_time * f[i].n_channel);
		at += f[i].n_time * f[i].n_channel;
	}
	good = good && at == n_all;
	for (int64_t i = 0; i < n_all && good; i++)
		for (int64_t j = 0; j < i && good; j++)
			good = strcmp(out[i], out[j]) != 0;
	if (!good)
		symbolic_name(out, other, n_all);
}

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	struct work *w = t->learning = xcalloc(1, sizeof *w);
	struct network *n = &t->network;

	(void)valid;
	if (task_open(&w->task, data, &t->task_key, 0, n->real, e) != 0)
		return -1;
	if (w->task.kind != TASK_MAP || w->task.spec.n_query > 0)
		return err_set(e, ERR_USAGE,
			       "%s: objective symbolic wants inputs and targets at the same points; "
			       "trajectories are for symbolic-ode",
			       dataset_name(data));
	if (n->key.normalise_input != NORMALISE_NONE || n->key.normalise_target != NORMALISE_NONE)
		return err_set(e, ERR_USAGE, "data.normalise_%s: expressions are of the data as they are",
			       n->key.normalise_input != NORMALISE_NONE ? "input" : "target");
	n->spec = w->task.spec;
	if (network_start(n, &w->task, t->seed, e) != 0 || symbolic_check(t, "", e) != 0 || fill_points(w, t, e) != 0)
		return -1;
	name_channels(w->search.input, dataset_layout(data), w->task.input, w->task.n_inputs, "x", n->spec.n_in);
	name_channels(w->search.output, dataset_layout(data), w->task.target, w->task.n_targets, "y", n->spec.n_out);
	symbolic_columns(&w->search, &t->history);
	t->n_items = 1;
	return 0;
}

static void close_learner(struct trainer *t)
{
	struct work *w = t->learning;

	if (!w)
		return;
	symbolic_close(&w->search);
	task_close(&w->task);
	free(w);
	t->learning = NULL;
}

static int load(struct trainer *t, struct err *e)
{
	struct work *w = t->learning;

	if (symbolic_round(&w->search, &t->network.params, "", t->t, &w->loss, e) != 0)
		return -1;
	return 0;
}

/* Numbers are tuned within the round: there is nothing left for the optimiser. */
static int evaluate(struct trainer *t, double *loss, struct err *e)
{
	const struct work *w = t->learning;

	(void)e;
	for (int i = 0; i < t->gradient.n; i++)
		memset(t->gradient.at[i].value.data, 0, tensor_bytes(&t->gradient.at[i].value));
	*loss = w->loss;
	return 0;
}

static void row(struct trainer *t, double *own)
{
	symbolic_row(&((struct work *)t->learning)->search, own);
}

static struct params *state(struct trainer *t)
{
	return &((struct work *)t->learning)->search.state;
}

static int finish(struct trainer *t, struct str *out, struct err *e)
{
	struct work *w = t->learning;

	(void)e;
	symbolic_round_off(&w->search, t, "");
	symbolic_fronts(&w->search, out);
	str_add(out, "model:\n  name: formula\n  inputs: [");
	for (int k = 0; k < w->search.evolve.n_inputs; k++)
		str_printf(out, "%s%s", k > 0 ? ", " : "", w->search.input[k]);
	str_add(out, "]\n  formulas:\n");
	for (int64_t k = 0; k < w->search.n_out; k++) {
		str_add(out, "    - \"");
		symbolic_text(&w->search, &t->network.params, "", k, out);
		str_add(out, "\"\n");
	}
	return 0;
}

static const struct learner_class symbolic = {
	.name = "symbolic",
	.summary = "targets as expressions of the inputs, point by point: regularised evolution",
	.source = "Real et al., arXiv 1802.01548; Cranmer, arXiv 2305.01582",
	.notes = "use with model formula; a step is a round; the expressions and the front by size go to standard "
		 "output",
	.config_size = sizeof(struct symbolic_config),
	.keys = keys,
	.searches = true,
	.needs_data = true,
	.open = open_learner,
	.close = close_learner,
	.load = load,
	.evaluate = evaluate,
	.row = row,
	.state = state,
	.finish = finish,
	.test_config = "problem: {name: darcy, grid: 8, solve_grid: 8}\n"
		       "gen: {samples: 16}\n"
		       "model: formula\n"
		       "data: {real: float64}\n"
		       "objective: {name: symbolic, populations: 1, cycles: 1}\n"
		       "train: {epochs: 20, batch: 8}\n",
};
const struct learner_class *const learner_file_learner_symbolic[] = { &symbolic, NULL };
