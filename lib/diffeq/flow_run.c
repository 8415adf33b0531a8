/* flow_run.c: flows forward and backward over the steps of one solve. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "diffeq/flow_inside.h"

void *flow_at(const struct flow *f, char *state, int i)
{
	return state + f->layout.offset[i];
}

static void set_number(const struct flow *f, union real *v, double value)
{
	if (f->real == DTYPE_F32)
		v->f = (float)value;
	else
		v->d = value;
}

void flow_add(enum dtype t, int64_t n, double scale, void *sum, const void *part)
{
	if (t == DTYPE_F32)
		for (int64_t i = 0; i < n; i++)
			((float *)sum)[i] += (float)scale * ((const float *)part)[i];
	else
		for (int64_t i = 0; i < n; i++)
			((double *)sum)[i] += scale * ((const double *)part)[i];
}

void flow_bind_shared(struct flow *f, struct plan *p, const struct flow_run *run)
{
	for (int i = 0; i < f->n_shared; i++)
		plan_bind(p, f->shared[i], run->shared[i]);
	plan_bind(p, f->t, &f->time_value);
	plan_bind(p, f->h, &f->step_value);
	for (int k = 0; k < f->n_terms; k++)
		if (f->increment_value[k])
			plan_bind(p, f->increment[k], f->increment_value[k]);
	if (flow_implicit(f))
		flow_bind_guess(f, p);
}

/* Time, length and increments of the step from t0 to t1. */
static int set_step(struct flow *f, double t0, double t1, struct err *e)
{
	double time[TABLEAU_STAGES_MAX] = { t0, t1 };
	const int n = f->m ? f->m->stages : 2;

	set_number(f, &f->time_value, t0);
	set_number(f, &f->step_value, t1 - t0);
	for (int j = 0; j < n && f->m; j++)
		time[j] = t0 + f->m->c[j] * (t1 - t0);
	for (int k = 0; k < f->n_terms; k++)
		if (f->increment_value[k] &&
		    f->terms[k].increment(f->terms[k].path, t0, t1, n, time, f->increment_value[k], e) != 0)
			return err_in(e, "step from %g to %g", t0, t1);
	return 0;
}

int flow_bind_step(struct flow *f, struct plan *p, double t0, double t1, char *from, struct err *e)
{
	for (int i = 0; i < f->n_all; i++)
		plan_bind(p, f->in[i], flow_at(f, from, i));
	return set_step(f, t0, t1, e);
}

/* What is carried into a step at t, from the states in `state`. t1: some time after t, for the side of a knot. */
static int start_carry(struct flow *f, double t, double t1, char *state, struct err *e)
{
	if (f->n_carry == 0)
		return 0;
	if (flow_bind_step(f, f->start.plan, t, t1, state, e) != 0)
		return -1;
	for (int i = 0; i < f->n_carry; i++)
		plan_bind_out(f->start.plan, i, flow_at(f, state, f->n_state + i));
	f->result.evaluations += f->m || !f->has_driven;
	return plan_run(f->start.plan, e);
}

int flow_start_state(struct flow *f, const struct flow_run *run, double t, char *state, struct err *e)
{
	for (int i = 0; i < f->n_state; i++)
		memcpy(flow_at(f, state, i), run->y0[i], f->layout.bytes[i]);
	return start_carry(f, t, run->t1, state, e);
}

int flow_step_stages(struct flow *f, bool dense, double t0, double t1, char *from, char *to, struct err *e)
{
	struct flow_plan *p = &f->forward[dense];

	if (flow_implicit(f) && flow_newton(f, t0, t1, from, e) != 0)
		return -1;
	if (f->failed) /* whoever asked for the step looks */
		return 0;
	if (flow_bind_step(f, p->plan, t0, t1, from, e) != 0)
		return -1;
	for (int i = 0; i < f->n_all; i++)
		plan_bind_out(p->plan, i, flow_at(f, to, i));
	for (int j = 0; j < f->n_stages && dense; j++)
		plan_bind_out(p->plan, p->first_stage + j, f->stage_value + (size_t)j * f->layout.bytes[0]);
	return plan_run(p->plan, e);
}

static int not_solved(const struct flow *f, double t0, double t1, struct err *e)
{
	return err_set(e, ERR_FAIL, "method %s: no stages found for the step from %g to %g, take shorter ones",
		       f->m->name, t0, t1);
}

int flow_step(struct flow *f, double t0, double t1, char *from, char *to, struct err *e)
{
	if (flow_step_stages(f, false, t0, t1, from, to, e) != 0)
		return -1;
	return f->failed ? not_solved(f, t0, t1, e) : 0;
}

static double scalar_out(const struct flow_plan *p, int k)
{
	struct tensor t = plan_out(p->plan, k);

	return tensor_get(&t, 0);
}

void flow_weights(const struct flow *f, double theta, double *weight)
{
	if (f->m)
		tableau_dense(f->m, theta, weight);
	else
		weight[0] = theta;
}

/* Elements of the first state that an output is of. */
static int64_t part_of(const struct flow *f, int64_t row, int64_t *offset)
{
	struct shape s = graph_shape(f->g, f->in[0]);
	const int64_t n = f->layout.count[0];

	*offset = row < 0 ? 0 : row * (n / s.dim[0]);
	return row < 0 ? n : n / s.dim[0];
}

/* Outputs of the step from t0 to t1, from number `first` on; returns the number after the last. */
static int64_t write_saves(struct flow *f, const struct flow_run *run, int64_t first, double t0, double t1)
{
	const double way = run->t1 < run->t0 ? -1 : 1;
	const size_t width = dtype_size(f->real);

	for (; first < run->n_save && way * (run->save[first].t - t1) <= 0; first++) {
		const struct flow_save *s = &run->save[first];
		double weight[TABLEAU_STAGES_MAX];
		int64_t offset, n = part_of(f, s->row, &offset);

		if (s->t == t1) {
			memcpy(s->value, (t0 == t1 ? f->present : f->after) + (size_t)offset * width,
			       (size_t)n * width);
			continue;
		}
		flow_weights(f, (s->t - t0) / (t1 - t0), weight);
		memcpy(s->value, f->present + (size_t)offset * width, (size_t)n * width);
		for (int j = 0; j < f->n_stages; j++)
			flow_add(f->real, n, weight[j], s->value,
				 f->stage_value + (size_t)j * f->layout.bytes[0] + (size_t)offset * width);
	}
	return first;
}

static bool needs_stages(const struct flow_run *run, int64_t first, double t1)
{
	const double way = run->t1 < run->t0 ? -1 : 1;

	return first < run->n_save && way * (run->save[first].t - t1) < 0;
}

/* First step: the configuration's, else Hairer's; a hundredth of the way for noise. */
static int first_step(struct flow *f, const struct flow_run *run, double *h, struct err *e)
{
	const struct controller_config *k = run->control;
	const double span = fabs(run->t1 - run->t0);
	double *y, *slope, *end, trial;
	int64_t n = 0, at = 0;
	char *slopes = f->spare[0], *moved = f->spare[1];

	*h = k->dt0;
	if (k->dt0 > 0 || k->fixed || span == 0)
		return 0;
	*h = 0.01 * span;
	if (f->has_driven)
		return 0;
	if (!flow_plan_first(f, e))
		return -1;
	flow_bind_shared(f, f->first.plan, run);
	for (int i = 0; i < f->n_norm; i++)
		n += f->layout.count[i];
	y = xcalloc((size_t)(4 * n) + 1, sizeof *y);
	slope = y + n;
	end = slope + n;
	memcpy(moved, f->present, f->layout.total);
	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1) {
			trial = controller_trial(k, span, n, y, slope);
			for (int i = 0; i < f->n_state; i++)
				flow_add(f->real, f->layout.count[i], copysign(trial, run->t1 - run->t0),
					 flow_at(f, moved, i), flow_at(f, slopes, i));
		} else {
			trial = 0;
		}
		if (flow_bind_step(f, f->first.plan, run->t0 + copysign(trial, run->t1 - run->t0), run->t1, moved, e) !=
		    0)
			goto fail;
		for (int i = 0; i < f->n_state; i++)
			plan_bind_out(f->first.plan, i, flow_at(f, slopes, i));
		if (plan_run(f->first.plan, e) != 0)
			goto fail;
		at = 0;
		for (int i = 0; i < f->n_norm; at += f->layout.count[i], i++) {
			tensor_convert(f->real, flow_at(f, slopes, i), DTYPE_F64, (pass ? end : slope) + at,
				       f->layout.count[i]);
			if (pass == 0)
				tensor_convert(f->real, flow_at(f, moved, i), DTYPE_F64, y + at, f->layout.count[i]);
		}
	}
	f->result.evaluations += f->carries ? 1 : 2;
	*h = controller_first(k, f->order, span, n, y, slope, trial, end, end + n);
	free(y);
	return 0;
fail:
	free(y);
	return -1;
}

static void record(struct flow *f, double t0, double t1, int64_t first_save)
{
	if (f->n_steps + 1 >= f->capacity) {
		f->capacity = f->capacity ? 2 * f->capacity : 64;
		f->time = xrealloc(f->time, (size_t)(f->capacity + 1) * sizeof *f->time);
		f->error_at = xrealloc(f->error_at, (size_t)f->capacity * sizeof *f->error_at);
		f->stiffness_at = xrealloc(f->stiffness_at, (size_t)f->capacity * sizeof *f->stiffness_at);
		f->first_save = xrealloc(f->first_save, (size_t)(f->capacity + 1) * sizeof *f->first_save);
	}
	f->time[f->n_steps] = t0;
	f->first_save[f->n_steps] = first_save;
	f->time[++f->n_steps] = t1;
}

static bool finite_state(const struct flow *f, char *state)
{
	for (int i = 0; i < f->n_state; i++) {
		struct tensor t =
			tensor_view(f->real, &(struct shape){ 1, { f->layout.count[i] } }, flow_at(f, state, i));

		if (tensor_find_nonfinite(&t) >= 0)
			return false;
	}
	return true;
}

static int march(struct flow *f, const struct flow_run *run, struct controller *c, struct err *e)
{
	const bool keep = run->memory == FLOW_DIRECT || run->memory == FLOW_CHECKPOINT;
	int64_t saved = f->result.n_saved = write_saves(f, run, 0, run->t0, run->t0);
	double before = 0;

	if (f->has_event && flow_event_value(f, run->t0, f->present, &before, e) != 0)
		return -1;

	while (!controller_done(c)) {
		const double t0 = c->t;
		double t1 = controller_target(c);
		const bool dense = needs_stages(run, saved, t1);
		double error, now = 0;
		int verdict;
		char *swap;

		if (dense && !f->forward[1].plan) {
			if (!flow_plan_forward(f, true, e))
				return -1;
			flow_bind_shared(f, f->forward[1].plan, run);
		}
		if (flow_step_stages(f, dense, t0, t1, f->present, f->after, e) != 0)
			return -1;
		f->result.evaluations += flow_step_cost(f);
		if (f->failed && run->control->fixed)
			return not_solved(f, t0, t1, e);
		error = f->forward[dense].error_out >= 0 && !f->failed
				? scalar_out(&f->forward[dense], f->forward[dense].error_out)
				: 0;
		if (f->failed || !finite_state(f, f->after))
			error = INFINITY;
		verdict = controller_judge(c, error, e);
		if (verdict < 0)
			return -1;
		if (verdict == 0)
			continue;
		if (f->has_event) {
			if (flow_event_value(f, t1, f->after, &now, e) != 0)
				return -1;
			f->result.event = flow_event_crosses(f, before, now);
			if (f->result.event && (flow_event_find(f, t0, t1, before, now, &t1, e) != 0 ||
						flow_step_stages(f, dense, t0, t1, f->present, f->after, e) != 0))
				return -1;
			before = now;
		}
		record(f, t0, t1, saved);
		f->error_at[f->n_steps - 1] = error;
		f->stiffness_at[f->n_steps - 1] =
			f->stiffness.id >= 0 ? scalar_out(&f->forward[dense], f->forward[dense].stiffness_out) : 0;
		saved = write_saves(f, run, saved, t0, t1);
		f->result.n_saved = saved;
		f->result.t1 = t1;
		if (!f->result.event && c->at_jump && start_carry(f, t1, run->t1, f->after, e) != 0)
			return -1;
		swap = f->present;
		f->present = f->after;
		f->after = swap;
		if (keep && keeper_offer(f->keep, f->n_steps, f->present, e) != 0)
			return -1;
		if (f->result.event)
			break;
	}
	return 0;
}

static int check(const struct flow *f, const struct flow_run *run, struct err *e)
{
	if (f->order == 0 && !run->control->fixed)
		return err_set(e, ERR_USAGE, "method %s has no error estimate, adaptive steps need one", f->m->name);
	if (!node_is(f->error) && !run->control->fixed)
		return err_set(e, ERR_USAGE, "controlled steps need tolerances");
	if (run->memory == FLOW_REVERSIBLE && f->m)
		return err_set(e, ERR_USAGE, "method %s cannot be undone, the reversible adjoint needs reversible_heun",
			       f->m->name);
	if (run->memory == FLOW_BACKSOLVE && flow_implicit(f))
		return err_set(e, ERR_USAGE, "method %s is implicit, backsolve takes explicit methods", f->m->name);
	if (run->memory == FLOW_BACKSOLVE && f->has_event)
		return err_set(e, ERR_USAGE, "backsolve knows no events");
	if (run->memory == FLOW_REVERSIBLE && run->control->n_jump > 0)
		return err_set(e, ERR_USAGE, "the reversible adjoint cannot go back over jumps");
	return 0;
}

int flow_forward(struct flow *f, const struct flow_run *run, struct flow_result *result, struct err *e)
{
	struct controller c;
	double h;
	int status = -1;

	f->n_steps = 0;
	f->result = (struct flow_result){ .t1 = run->t0 };
	if (check(f, run, e) != 0)
		return -1;
	for (int dense = 0; dense < 2; dense++)
		if (f->forward[dense].plan)
			flow_bind_shared(f, f->forward[dense].plan, run);
	if (f->start.plan)
		flow_bind_shared(f, f->start.plan, run);
	if (flow_implicit(f)) {
		flow_bind_shared(f, f->newton.plan, run);
		if (f->rows.plan)
			flow_bind_shared(f, f->rows.plan, run);
		if (f->first.plan)
			flow_bind_shared(f, f->first.plan, run);
	}
	if (f->has_event)
		flow_bind_shared(f, f->event.plan, run);
	if (keeper_start(f->keep, run->memory == FLOW_CHECKPOINT ? run->n_slots : 0, e) != 0 ||
	    flow_start_state(f, run, run->t0, f->present, e) != 0)
		return -1;
	if ((run->memory == FLOW_DIRECT || run->memory == FLOW_CHECKPOINT) &&
	    keeper_offer(f->keep, 0, f->present, e) != 0)
		return -1;
	if (first_step(f, run, &h, e) == 0 &&
	    controller_start(&c, run->control, f->order > 0 ? f->order : 1, run->t0, run->t1, h, e) == 0) {
		status = march(f, run, &c, e);
		f->result.accepted = c.accepted;
		f->result.rejected = c.rejected;
	}
	for (int i = 0; i < f->n_state && run->y1; i++)
		if (run->y1[i])
			memcpy(run->y1[i], flow_at(f, f->present, i), f->layout.bytes[i]);
	f->result.kept_bytes = keeper_bytes(f->keep);
	f->result.time = f->time;
	f->result.error = f->error_at;
	f->result.stiffness = f->stiffness_at;
	if (result)
		*result = f->result;
	return status;
}
