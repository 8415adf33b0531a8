/* physics_balance.c: points, weights and windows of a physics-informed loss over the steps. Everything is a function of
 * (seed, step) and of the parameters at the steps where something is due; what cannot be made again from these is
 * state. */
#include "learner/physics_balance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* state: what the groups' points and weights were made from. */
enum { AT_PROGRESS, AT_BALANCE, AT_SLABS, AT_INSIDE, N_STATE };
enum { PROGRESS_WINDOW, PROGRESS_DRAWING, PROGRESS_EPSILON, N_PROGRESS };

static double *state(const struct physics_loss *l, int which)
{
	return l->state.at[which].value.data;
}

static bool has_inside(const struct physics_loss *l)
{
	return l->n_groups > 0 && l->group[0].kind == TERM_EQUATION;
}

int physics_loss_start(struct physics_loss *l, struct err *e)
{
	static const char *const name[N_STATE] = { "progress", "balance", "slabs", "inside" };
	const int64_t n = has_inside(l) ? l->group[0].n : 1;
	const struct shape shape[N_STATE] = { shape_of(N_PROGRESS), shape_of(PHYSICS_GROUPS, PHYSICS_TERMS),
					      shape_of(l->p.key->causal_slabs), shape_of(l->p.n_columns, n) };

	if (l->n_groups == 0)
		return err_set(e, ERR_USAGE, "objective physics: every weight is 0");
	for (int i = 0; i < N_STATE; i++) {
		char text[16];
		struct param proto = { .name = text,
				       .value = { .dtype = DTYPE_F64, .shape = shape[i] },
				       .role = PARAM_STATE };

		snprintf(text, sizeof text, "%s", name[i]);
		params_add(&l->state, &proto);
	}
	tensor_fill(&l->state.at[AT_BALANCE].value, 1);
	tensor_fill(&l->state.at[AT_SLABS].value, 1);
	return physics_points_new(&l->inside, &l->p, n, e);
}

void physics_loss_freeze(struct physics_loss *l, struct params *beside, int64_t window)
{
	struct params *list[2] = { &l->network->params, beside };
	char prefix[32];

	if (l->p.key->windows == 1)
		return;
	snprintf(prefix, sizeof prefix, "window%d.", (int)window);
	for (int i = 0; i < 2 && list[i]; i++)
		for (int k = 0; k < list[i]->n; k++)
			if (strncmp(list[i]->at[k].name, "window", 6) == 0)
				list[i]->at[k].frozen = strncmp(list[i]->at[k].name, prefix, strlen(prefix)) != 0;
}

/* ---- sums ---------------------------------------------------------------------------------------- */

static void clear(struct params *gradient)
{
	for (int i = 0; i < gradient->n; i++)
		memset(gradient->at[i].value.data, 0, tensor_bytes(&gradient->at[i].value));
}

static double squares(const struct params *gradient)
{
	double sum = 0;

	for (int i = 0; i < gradient->n; i++)
		for (int64_t j = 0; j < shape_count(&gradient->at[i].value.shape); j++) {
			const double v = tensor_get(&gradient->at[i].value, j);

			sum += v * v;
		}
	return sum;
}

int physics_loss_run(struct physics_loss *l, struct params *gradient, double *loss, struct err *e)
{
	clear(gradient);
	*loss = 0;
	for (int i = 0; i < l->n_groups; i++) {
		struct physics_group *q = &l->group[i];
		double factor[PHYSICS_TERMS];

		for (int j = 0; j < q->n_terms; j++)
			factor[j] = q->term[j].weight * q->term[j].balance / (double)q->n;
		if (physics_group_run(q, factor, NULL, gradient, loss, true, e) != 0)
			return -1;
	}
	return 0;
}

/* ---- points -------------------------------------------------------------------------------------- */

/* |r| at the points of a group: root of the weighted sum of squares over its terms. */
static int residual_at(struct physics_group *q, double *out, struct err *e)
{
	double *each[PHYSICS_TERMS];
	int status = 0;

	for (int j = 0; j < q->n_terms; j++)
		each[j] = xcalloc((size_t)q->n, sizeof(double));
	status = physics_group_look(q, each, e);
	for (int64_t i = 0; i < q->n && status == 0; i++) {
		double sum = 0;

		for (int j = 0; j < q->n_terms; j++)
			sum += q->term[j].weight * each[j][i] * each[j][i];
		out[i] = sqrt(sum);
	}
	for (int j = 0; j < q->n_terms; j++)
		free(each[j]);
	return status;
}

enum { CANDIDATES = 10 }; /* as many sets of candidates as points are drawn from */

static int adapt(struct physics_loss *l, int64_t drawing, int64_t window, struct err *e)
{
	struct physics_group *q = &l->group[0];
	struct physics_points all = { 0 }, part = { 0 };
	double *residual = mem_new(CANDIDATES * q->n, sizeof *residual, "residuals", e);
	int status = residual && physics_points_new(&all, &l->p, CANDIDATES * q->n, e) == 0 &&
				     physics_points_new(&part, &l->p, q->n, e) == 0
			     ? 0
			     : -1;

	for (int c = 0; c < CANDIDATES && status == 0; c++) {
		status = physics_points_draw(&part, &l->p, q, PHYSICS_GROUPS + c, l->seed, drawing, window, e);
		if (status != 0)
			break;
		for (int k = 0; k < l->p.n_columns; k++)
			memcpy(all.column[k] + c * q->n, part.column[k], (size_t)q->n * sizeof(double));
		physics_group_points(q, (const double *const *)part.column);
		status = residual_at(q, residual + c * q->n, e);
	}
	if (status == 0)
		status = physics_points_adapt(&l->inside, &l->p, &all, residual,
					      rng_stream(l->seed, "adaptive points", (uint64_t)drawing, 0), e);
	free(residual);
	physics_points_free(&all);
	physics_points_free(&part);
	return status;
}

/* First states of later windows: what the window before says at its last time. */
static int inherit(struct physics_loss *l, struct physics_group *q, const struct physics_points *x, struct err *e)
{
	struct physics_field *f = physics_field_new(&l->p, l->network);
	double *out[EQUATION_UNKNOWNS] = { NULL };
	int status;

	for (int j = 0; j < q->n_terms; j++)
		out[q->term[j].unknown] = xcalloc((size_t)x->n, sizeof(double));
	status = physics_field_run(f, x->n, (const double *const *)x->column, out, e);
	for (int j = 0; j < q->n_terms; j++)
		for (int64_t i = 0; i < q->n_padded; i++)
			tensor_set(&q->target[j], i, out[q->term[j].unknown][i < x->n ? i : 0]);
	for (int k = 0; k < EQUATION_UNKNOWNS; k++)
		free(out[k]);
	physics_field_free(f);
	return status;
}

static int draw_group(struct physics_loss *l, int i, int64_t drawing, int64_t window, struct err *e)
{
	struct physics_group *q = &l->group[i];
	struct physics_points x = { 0 };
	int status = physics_points_new(&x, &l->p, q->n, e);

	if (status == 0)
		status = physics_points_draw(&x, &l->p, q, i, l->seed, drawing, window, e);
	if (status == 0)
		physics_group_points(q, (const double *const *)x.column);
	if (status == 0 && q->from_target)
		status = inherit(l, q, &x, e);
	physics_points_free(&x);
	return status;
}

/* Points of all groups; adaptive: inner ones by residuals of the present network. restored: inner ones are in the
 * state. */
static int draw(struct physics_loss *l, int64_t drawing, int64_t window, bool adaptive, bool restored, struct err *e)
{
	for (int i = has_inside(l); i < l->n_groups; i++)
		if (l->group[i].kind != TERM_DATA && draw_group(l, i, drawing, window, e) != 0)
			return -1;
	if (!has_inside(l))
		return 0;
	const size_t bytes = (size_t)l->inside.n * sizeof(double);
	double *kept = state(l, AT_INSIDE);

	if (!restored &&
	    (adaptive ? adapt(l, drawing, window, e)
		      : physics_points_draw(&l->inside, &l->p, &l->group[0], 0, l->seed, drawing, window, e)) != 0)
		return -1;
	for (int k = 0; k < l->p.n_columns; k++)
		if (restored)
			memcpy(l->inside.column[k], kept + k * l->inside.n, bytes);
		else
			memcpy(kept + k * l->inside.n, l->inside.column[k], bytes);
	physics_group_points(&l->group[0], (const double *const *)l->inside.column);
	return 0;
}

/* ---- causal weights ------------------------------------------------------------------------------ */

double physics_loss_epsilon(const struct physics_loss *l)
{
	return l->p.key->causal.at[(int)state(l, AT_PROGRESS)[PROGRESS_EPSILON]];
}

double physics_loss_least(const struct physics_loss *l)
{
	return state(l, AT_SLABS)[l->p.key->causal_slabs - 1];
}

static int64_t slab_of(const struct physics_loss *l, int64_t window, int64_t i)
{
	const double t0 = physics_time(&l->p, window), t1 = physics_time(&l->p, window + 1);
	const int64_t n = l->p.key->causal_slabs;

	for (int k = 0; k < l->p.n_columns; k++)
		if (l->p.axis[k] == EXPR_TIME) {
			const int64_t slab = (int64_t)floor((l->inside.column[k][i] - t0) / (t1 - t0) * (double)n);

			return slab < 0 ? 0 : slab < n ? slab : n - 1;
		}
	return 0;
}

static void apply_slabs(struct physics_loss *l, int64_t window)
{
	double *weight = xcalloc((size_t)l->inside.n, sizeof *weight);

	for (int64_t i = 0; i < l->inside.n; i++)
		weight[i] = state(l, AT_SLABS)[slab_of(l, window, i)];
	physics_group_weights(&l->group[0], weight);
	free(weight);
}

/* w_s = exp(-eps sum over earlier slabs of their mean squared residuals); w_0 = 1. */
static int weigh_slabs(struct physics_loss *l, int64_t window, struct err *e)
{
	const int64_t n = l->p.key->causal_slabs;
	double *residual = xcalloc((size_t)l->inside.n, sizeof *residual), *sum = xcalloc((size_t)n, sizeof *sum),
	       *count = xcalloc((size_t)n, sizeof *count), before = 0, *progress = state(l, AT_PROGRESS);
	const int status = residual_at(&l->group[0], residual, e);

	for (int64_t i = 0; i < l->inside.n; i++) {
		const int64_t slab = slab_of(l, window, i);

		sum[slab] += residual[i] * residual[i];
		count[slab]++;
	}
	/* the next eps begins when the last slab counts under this one */
	if (status == 0)
		for (;;) {
			before = 0;
			for (int64_t s = 0; s < n; s++) {
				state(l, AT_SLABS)[s] = exp(-physics_loss_epsilon(l) * before);
				before += count[s] > 0 ? sum[s] / count[s] : 0;
			}
			if (physics_loss_least(l) <= l->p.key->causal_until ||
			    (int)progress[PROGRESS_EPSILON] + 1 >= l->p.key->causal.n)
				break;
			progress[PROGRESS_EPSILON]++;
		}
	free(residual);
	free(sum);
	free(count);
	if (status == 0)
		apply_slabs(l, window);
	return status;
}

/* ---- balancing ----------------------------------------------------------------------------------- */

/* Signs +-1: E |grad sum_i s_i r_i|^2 is the trace sum_i |grad r_i|^2 of the tangent kernel (Hutchinson 1990). */
static void draw_signs(struct physics_loss *l, int i, int64_t step)
{
	struct physics_group *q = &l->group[i];
	const struct rng r = rng_stream(l->seed, "tangent kernel", (uint64_t)step, (uint64_t)i);

	for (int64_t k = 0; k < q->n_padded; k++)
		tensor_set(&q->sign, k, k >= q->n ? 0 : rng_uniform_at(r, (uint64_t)k) < 0.5 ? -1 : 1);
}

/* Every term: the norm of its gradient (Wang, Teng, Perdikaris 2021), or its mean squared gradient of a residual (Wang,
 * Yu, Perdikaris 2022); weights make all equal to their mean. */
static int balance(struct physics_loss *l, int64_t step, bool first, struct params *gradient, struct err *e)
{
	const struct physics_config *key = l->p.key;
	double size[PHYSICS_GROUPS][PHYSICS_TERMS], mean = 0;
	int n = 0;

	for (int i = 0; i < l->n_groups; i++) {
		struct physics_group *q = &l->group[i];

		if (key->balance == BALANCE_NTK)
			draw_signs(l, i, step);
		for (int j = 0; j < q->n_terms; j++) {
			double square[PHYSICS_TERMS] = { 0 }, push[PHYSICS_TERMS] = { 0 }, loss = 0;

			if (key->balance == BALANCE_NTK)
				push[j] = 1;
			else
				square[j] = q->term[j].weight / (double)q->n;
			clear(gradient);
			if (physics_group_run(q, square, push, gradient, &loss, false, e) != 0)
				return -1;
			size[i][j] = squares(gradient);
			size[i][j] = key->balance == BALANCE_NTK ? size[i][j] / (double)q->n : sqrt(size[i][j]);
			mean += size[i][j];
			n++;
		}
	}
	for (int i = 0; i < l->n_groups; i++)
		for (int j = 0; j < l->group[i].n_terms; j++) {
			const double now = size[i][j] > 0 ? mean / n / size[i][j] : 1;
			const double share = first ? 0 : key->balance_decay;
			double *kept = state(l, AT_BALANCE) + i * PHYSICS_TERMS + j;

			*kept = share * *kept + (1 - share) * now;
			l->group[i].term[j].balance = *kept;
		}
	return 0;
}

/* ---- steps --------------------------------------------------------------------------------------- */

/* Graphs for a window; its first state comes from the window before. */
static int enter_window(struct physics_loss *l, int64_t window, struct err *e)
{
	for (int i = 0; i < l->n_groups; i++) {
		struct physics_group *q = &l->group[i];

		if (q->kind == TERM_INITIAL && window > 0 && !q->from_target) {
			q->from_target = true;
			for (int j = 0; j < q->n_terms; j++)
				q->target[j] = tensor_new(q->weight.dtype, &q->weight.shape);
		}
		if (physics_group_compile(q, &l->p, l->network, window, e) != 0)
			return -1;
	}
	return 0;
}

/* After opening: what a checkpoint left, or the first points. */
static int resume(struct physics_loss *l, int64_t step, struct params *gradient, struct err *e)
{
	const double *progress = state(l, AT_PROGRESS);
	const int64_t window = (int64_t)progress[PROGRESS_WINDOW];

	physics_loss_freeze(l, gradient, window);
	for (int i = 0; i < l->n_groups; i++)
		for (int j = 0; j < l->group[i].n_terms; j++)
			l->group[i].term[j].balance = state(l, AT_BALANCE)[i * PHYSICS_TERMS + j];
	if (enter_window(l, window, e) != 0 ||
	    draw(l, (int64_t)progress[PROGRESS_DRAWING], window, false, step > 0, e) != 0)
		return -1;
	if (l->p.key->causal.n > 0 && has_inside(l))
		apply_slabs(l, window);
	l->ready = true;
	return 0;
}

static bool due(int64_t step, int64_t every)
{
	return every > 0 && step % every == 0;
}

int physics_loss_ready(struct physics_loss *l, int64_t step, int64_t window, struct params *gradient, bool *changed,
		       bool *restart, struct err *e)
{
	const struct physics_config *key = l->p.key;
	double *progress = state(l, AT_PROGRESS);

	*changed = *restart = false;
	if (!l->ready && resume(l, step, gradient, e) != 0)
		return -1;
	if (window != (int64_t)progress[PROGRESS_WINDOW]) {
		progress[PROGRESS_WINDOW] = (double)window;
		progress[PROGRESS_EPSILON] = 0;
		tensor_fill(&l->state.at[AT_BALANCE].value, 1);
		for (int i = 0; i < l->n_groups; i++)
			for (int j = 0; j < l->group[i].n_terms; j++)
				l->group[i].term[j].balance = 1;
		physics_loss_freeze(l, gradient, window);
		if (enter_window(l, window, e) != 0)
			return -1;
		*restart = *changed = true;
	}
	if (*restart || (step > 0 && due(step, key->redraw))) {
		progress[PROGRESS_DRAWING] = (double)step;
		if (draw(l, step, window, key->adaptive && !*restart, false, e) != 0)
			return -1;
		*changed = true;
	}
	if (key->causal.n > 0 && has_inside(l) && (*changed || due(step, key->causal_every))) {
		if (weigh_slabs(l, window, e) != 0)
			return -1;
		*changed = true;
	}
	if (key->balance != BALANCE_NONE && (*restart || due(step, key->balance_every))) {
		if (balance(l, step, *restart || step == 0, gradient, e) != 0)
			return -1;
		*changed = true;
	}
	return 0;
}
