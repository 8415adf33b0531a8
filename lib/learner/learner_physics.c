/* learner_physics.c: physics-informed networks: residuals of a text at collocation points, with whatever data there
 * are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "learner/physics_balance.h"
#include "learner/physics_solve.h"
#include "run/trainer.h"

static struct physics_loss *loss_of(const struct trainer *t)
{
	return t->learning;
}

static int configure(struct trainer *t, struct cfg *c, struct err *e)
{
	struct physics_loss *l = t->learning = xcalloc(1, sizeof *l);

	return physics_read(&l->p, t->objective_config, c, e);
}

/* ---- groups -------------------------------------------------------------------------------------- */

static int add_group(struct physics_loss *l, const struct physics_group *kind, int64_t n, enum dtype real,
		     struct err *e)
{
	struct physics_group *q = &l->group[l->n_groups];

	*q = *kind;
	if (!q->from_target)
		physics_group_terms(q, &l->p);
	if (q->n_terms == 0)
		return 0;
	l->n_groups++;
	return physics_group_open(q, &l->p, n, real, e);
}

static int add_groups(struct physics_loss *l, enum dtype real, struct err *e)
{
	const struct equation_spec *s = l->p.spec;
	const struct physics_config *key = l->p.key;
	struct physics_group q = { .kind = TERM_EQUATION };

	if (add_group(l, &q, key->points, real, e) != 0)
		return -1;
	q.kind = TERM_INITIAL;
	if (add_group(l, &q, key->initial, real, e) != 0)
		return -1;
	q.kind = TERM_SIDE;
	for (q.axis = 0; q.axis < s->n_dims; q.axis++) {
		if (!s->closed[q.axis]) {
			q.end = -1;
			if ((!l->p.input.periodic && l->p.input.sees[q.axis]) &&
			    add_group(l, &q, key->side, real, e) != 0)
				return -1;
			continue;
		}
		for (q.end = 0; q.end < 2; q.end++)
			if (add_group(l, &q, key->side, real, e) != 0)
				return -1;
	}
	return 0;
}

/* Points of the data: all of them, or objective.data drawn without order. */
static int add_data(struct physics_loss *l, struct dataset *d, uint64_t seed, enum dtype real, struct err *e)
{
	const struct physics *p = &l->p;
	const struct layout *layout = dataset_layout(d);
	struct physics_group kind = { .kind = TERM_DATA, .from_target = true };
	struct physics_points all = { 0 }, some = { 0 };
	const int64_t zero = 0;
	double param[EQUATION_PARAMS];
	int field[EQUATION_UNKNOWNS], status = 0;

	if (layout->n_samples != 1)
		return err_set(e, ERR_USAGE, "%s: %lld samples; physics learns from one: FILE:0", dataset_name(d),
			       (long long)layout->n_samples);
	if (p->key->windows > 1)
		return err_set(e, ERR_USAGE, "objective.windows: data go with one window");
	for (int i = 0; i < p->n_outputs; i++) {
		const int f = physics_field_of(p, layout, p->output[i]);

		if (f < 0)
			continue;
		field[kind.n_terms] = f;
		kind.term[kind.n_terms].unknown = p->output[i];
		kind.term[kind.n_terms].weight = p->key->weight_data.at[p->key->weight_data.n == 1 ? 0 : i];
		kind.term[kind.n_terms++].balance = 1;
	}
	if (kind.n_terms == 0)
		return err_set(e, ERR_USAGE, "%s: no field is an unknown of the text ('%s')", dataset_name(d),
			       p->spec->unknown[0].name);
	memcpy(param, p->param, sizeof param);
	if (physics_points_params(p, d, 0, param, e) != 0 ||
	    physics_points_of_field(&all, p, layout, dataset_name(d), field[0], param, e) != 0) {
		physics_points_free(&all);
		return -1;
	}
	const int64_t n = p->key->data > 0 && p->key->data < all.n ? p->key->data : all.n;
	int64_t *order = mem_new(all.n, sizeof *order, "the order of data", e);
	double *value = mem_new(all.n, sizeof *value, "data", e);

	status = order && value && physics_points_new(&some, p, n, e) == 0 ? 0 : -1;
	if (status == 0)
		status = add_group(l, &kind, n, real, e);
	struct physics_group *q = &l->group[l->n_groups - 1];
	if (status == 0)
		rng_permutation(rng_stream(seed, "data points", 0, 0), all.n, order);
	for (int64_t i = 0; i < n && status == 0; i++) {
		order[i] = n == all.n ? i : order[i];
		for (int k = 0; k < p->n_columns; k++)
			some.column[k][i] = all.column[k][order[i]];
	}
	for (int j = 0; j < kind.n_terms && status == 0; j++) {
		if (layout_field_count(layout, field[j]) != all.n)
			status = err_set(e, ERR_USAGE, "%s: fields '%s' and '%s' are not on the same grid",
					 dataset_name(d), layout->field[field[0]].name, layout->field[field[j]].name);
		else
			status = dataset_read(d, field[j], 1, &zero, DTYPE_F64, value, e);
		for (int64_t i = 0; i < q->n_padded && status == 0; i++)
			tensor_set(&q->target[j], i, value[order[i < n ? i : 0]]);
	}
	if (status == 0)
		physics_group_points(q, (const double *const *)some.column);
	free(order);
	free(value);
	physics_points_free(&all);
	physics_points_free(&some);
	return status;
}

/* ---- opening ------------------------------------------------------------------------------------- */

static const char *const kind_names[TERM_KINDS] = { "equation", "initial", "side", "data" };

static bool has_kind(const struct physics_loss *l, int kind)
{
	for (int i = 0; i < l->n_groups; i++)
		if ((int)l->group[i].kind == kind)
			return true;
	return false;
}

static void add_columns(struct physics_loss *l, struct history *h)
{
	for (int kind = 0; kind < TERM_KINDS; kind++)
		if (has_kind(l, kind))
			history_add_column(h, kind_names[kind]);
	if (l->p.key->causal.n > 0) {
		history_add_column(h, "causal_eps");
		history_add_column(h, "causal_least");
	}
	for (int k = 0; k < l->p.spec->n_params && h->n_columns < HISTORY_COLUMNS_MAX; k++)
		if (l->p.learn[k] != LEARN_NOT)
			history_add_column(h, exprs_name(l->p.spec->pool, SYMBOL_PARAM, k));
}

static int open_physics(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	struct physics_loss *l = t->learning;
	bool learns = false;

	for (int k = 0; k < l->p.spec->n_params; k++)
		learns |= l->p.learn[k] != LEARN_NOT;
	if (learns && !data)
		return err_set(e, ERR_USAGE, "objective.learn: parameters are found from data, and there are none");
	l->network = &t->network;
	l->seed = t->seed;
	if (physics_start(&l->p, &t->network, t->seed, e) != 0 || add_groups(l, t->network.real, e) != 0 ||
	    (data && add_data(l, data, t->seed, t->network.real, e) != 0) || physics_loss_start(l, e) != 0)
		return -1;
	t->key.batch = 1;
	t->n_items = l->p.key->steps;
	t->has_score = valid != NULL;
	l->valid = valid;
	physics_loss_freeze(l, NULL, 0);
	add_columns(l, &t->history);
	return 0;
}

static void close_physics(struct trainer *t)
{
	struct physics_loss *l = t->learning;

	if (!l)
		return;
	for (int i = 0; i < l->n_groups; i++)
		physics_group_close(&l->group[i]);
	physics_field_free(l->judge);
	params_free(&l->state);
	physics_points_free(&l->inside);
	physics_free(&l->p);
	free(l);
	t->learning = NULL;
}

/* ---- steps --------------------------------------------------------------------------------------- */

static int load(struct trainer *t, struct err *e)
{
	struct physics_loss *l = t->learning;
	const int64_t total = t->key.epochs * l->p.key->steps;
	const int64_t window = t->t * l->p.key->windows / (total > 0 ? total : 1);
	bool changed = false, restart = false;

	if (physics_loss_ready(l, t->t, window < l->p.key->windows ? window : l->p.key->windows - 1, &t->gradient,
			       &changed, &restart, e) != 0)
		return -1;
	t->changed |= changed;
	t->restart |= restart;
	return 0;
}

static int evaluate(struct trainer *t, double *loss, struct err *e)
{
	return physics_loss_run(loss_of(t), &t->gradient, loss, e);
}

/* One unknown of one sample of the validation data: sums of squares. */
static int compare(struct physics_loss *l, int unknown, int field, int64_t sample, double *difference, double *size,
		   struct err *e)
{
	const struct physics *p = &l->p;
	double *out[EQUATION_UNKNOWNS] = { NULL }, *truth = NULL, param[EQUATION_PARAMS];
	struct physics_points x = { 0 };
	int status;

	memcpy(param, p->param, sizeof param);
	status = physics_points_params(p, l->valid, sample, param, e);
	if (status == 0)
		status = physics_points_of_field(&x, p, dataset_layout(l->valid), dataset_name(l->valid), field, param,
						 e);
	if (status == 0) {
		out[unknown] = mem_new(x.n, sizeof(double), "a prediction", e);
		truth = mem_new(x.n, sizeof(double), "validation data", e);
		status = out[unknown] && truth ? dataset_read(l->valid, field, 1, &sample, DTYPE_F64, truth, e) : -1;
	}
	if (status == 0)
		status = physics_field_run(l->judge, x.n, (const double *const *)x.column, out, e);
	for (int64_t j = 0; j < x.n && status == 0; j++) {
		*difference += (out[unknown][j] - truth[j]) * (out[unknown][j] - truth[j]);
		*size += truth[j] * truth[j];
	}
	free(out[unknown]);
	free(truth);
	physics_points_free(&x);
	return status;
}

/* Relative L2 error of all unknowns that the validation data hold, mean over samples. */
static int judge(struct trainer *t, struct params *params, double *score, struct err *e)
{
	struct physics_loss *l = t->learning;
	const struct physics *p = &l->p;
	const struct layout *layout = dataset_layout(l->valid);
	int judged = 0;

	if (!l->judge) {
		l->judged = t->network;
		l->judged.params = *params;
		l->judge = physics_field_new(p, &l->judged);
	}
	*score = 0;
	for (int64_t sample = 0; sample < layout->n_samples; sample++) {
		double difference = 0, size = 0;

		for (int i = 0; i < p->n_outputs; i++) {
			const int f = physics_field_of(p, layout, p->output[i]);

			if (f < 0)
				continue;
			if (compare(l, p->output[i], f, sample, &difference, &size, e) != 0)
				return -1;
			judged++;
		}
		*score += sqrt(difference / size) / (double)layout->n_samples;
	}
	return judged > 0 ? 0
			  : err_set(e, ERR_USAGE, "%s: no field is an unknown of the text ('%s')",
				    dataset_name(l->valid), p->spec->unknown[0].name);
}

static void row(struct trainer *t, double *own)
{
	const struct physics_loss *l = t->learning;
	int n = 0;

	for (int kind = 0; kind < TERM_KINDS; kind++) {
		double sum = 0;

		for (int i = 0; i < l->n_groups; i++)
			for (int j = 0; j < l->group[i].n_terms && (int)l->group[i].kind == kind; j++)
				sum += l->group[i].term[j].mean;
		if (has_kind(l, kind))
			own[n++] = sum;
	}
	if (l->p.key->causal.n > 0) {
		own[n++] = physics_loss_epsilon(l);
		own[n++] = physics_loss_least(l);
	}
	for (int k = 0; k < l->p.spec->n_params && HISTORY_COMMON + n < t->history.n_columns; k++)
		if (l->p.learn[k] != LEARN_NOT)
			own[n++] = physics_param(&l->p, &t->network.params, k);
}

static struct params *state(struct trainer *t)
{
	return &loss_of(t)->state;
}

static const struct learner_class physics = {
	.name = "physics",
	.summary = "equations in text as the loss of a network of coordinates (PINN)",
	.source =
		"Raissi, Perdikaris, Karniadakis, J. Comput. Phys. 378 (2019); Wang, Sankaran, Wang, Perdikaris, arXiv "
		"2308.08468; causal weights: arXiv 2203.07404",
	.notes = "The authors of the causal weights call the algorithm patented (University of Pennsylvania) and their "
		 "code "
		 "non-commercial; this is made from the published equations. The networks are coordinate and mlp; "
		 "train.batch "
		 "has no meaning here.",
	.config_size = sizeof(struct physics_config),
	.keys = physics_keys,
	.score = "valid_rel_l2",
	.configure = configure,
	.open = open_physics,
	.close = close_physics,
	.load = load,
	.evaluate = evaluate,
	.judge = judge,
	.row = row,
	.state = state,
	.solve = physics_solve,
	.test_config = "problem: {name: decay, equation: \"u_t = -u\", domain: {t: [0, 1]}, initial: {u: 1}}\n"
		       "model: {name: coordinate, width: 8, depth: 1}\n"
		       "data: {real: float64}\n"
		       "objective: {name: physics, points: 100, steps: 20, redraw: 30}\n"
		       "train: {epochs: 20, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_physics[] = { &physics, NULL };
