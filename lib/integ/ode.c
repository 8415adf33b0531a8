/* ode.c: the loop over steps of one method: control, outputs between the steps, events, steadiness. */
#include "integ/ode.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/stepper.h"

static const struct stepper_class *const others[] = { &stepper_semi_implicit_euler, &stepper_leapfrog_midpoint,
						      &stepper_reversible_heun, &stepper_explicit_adams,
						      &stepper_implicit_adams };
enum { N_OTHERS = sizeof others / sizeof others[0] };

bool ode_method_at(int k, struct ode_method *m)
{
	for (int i = 0; tableau_at(i); i++, k--) {
		const struct tableau *t = tableau_at(i);

		if (k == 0) {
			*m = (struct ode_method){ t->name, t->order, t->error_order, t,
						  t->kind == TABLEAU_EXPLICIT ? &stepper_explicit : &stepper_implicit };
			return true;
		}
	}
	if (k >= N_OTHERS)
		return false;
	*m = (struct ode_method){ others[k]->name, others[k]->order, 0, NULL, others[k] };
	return true;
}

int ode_method_find(struct ode_method *m, const char *name, struct err *e)
{
	for (int k = 0; ode_method_at(k, m); k++)
		if (strcmp(m->name, name) == 0)
			return 0;
	return err_set(e, ERR_USAGE, "unknown ODE method '%s'", name);
}

struct march {
	const struct ode_run *run;
	struct stepper s;
	struct controller c;
	struct ode_result r;
	double *event_before; /* values at the beginning of the step */
	double *event_now;    /* at its end */
	double *between;      /* a state between the ends */
	double start;	      /* largest component at t0 */
};

static bool finite_all(int64_t n, const double *v)
{
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return true;
}

/* First step: the configuration's, else Hairer's. */
static int first_step(struct march *m, double span, double *h, struct err *e)
{
	struct stepper *s = &m->s;
	const struct controller_config *k = m->run->control;
	double trial, *slope = s->y1, *at = s->error;

	*h = k->dt0;
	if (k->dt0 > 0 || k->fixed || span == 0)
		return 0;
	if (stepper_first(s, m->run->t0, e) != 0)
		return -1;
	trial = controller_trial(k, span, s->n, s->y, s->row);
	trial = copysign(trial, m->run->t1 - m->run->t0);
	stepper_combine(s, at, s->y, trial, 1, (double[]){ 1 });
	if (stepper_evaluate(s, m->run->t0 + trial, at, slope, e) != 0)
		return -1;
	*h = controller_first(k, s->method->error_order + 1, span, s->n, s->y, s->row, fabs(trial), slope, at);
	return 0;
}

/* The solution at t within the step in hand, which began at t0. */
static void state_at(struct march *m, double t0, double t, double *out)
{
	struct stepper *s = &m->s;
	const double theta = (t - t0) / s->h;

	if (t == t0 + s->h || t == m->c.target) {
		memcpy(out, s->y1, (size_t)s->n * sizeof *out);
	} else if (s->method->class->between) {
		s->method->class->between(s, theta, out);
	} else {
		for (int64_t i = 0; i < s->n; i++)
			out[i] = s->y[i] + theta * (s->y1[i] - s->y[i]);
	}
}

/* Outputs that lie in the step from t0 up to `until`. */
static void save(struct march *m, double t0, double until)
{
	const struct ode_run *run = m->run;
	const double way = m->c.direction;

	for (; m->r.n_saved < run->n_save && way * (run->save[m->r.n_saved] - until) <= 0; m->r.n_saved++)
		state_at(m, t0, run->save[m->r.n_saved], run->out + m->r.n_saved * m->s.n);
}

static bool crosses(const struct ode_event *v, double before, double now)
{
	if (v->boolean)
		return now != 0;
	if (before == 0 || (now != 0 && (before > 0) == (now > 0))) /* a step may end on the condition */
		return false;
	return v->direction == 0 || (v->direction > 0) == (now > before);
}

/* Bisection between t0 and t1, until the interval is below the tolerance; returns the end where the sign has
 * changed. */
static double root(struct march *m, const struct ode_event *v, double before, double t0, double t1)
{
	const double start = t0, tolerance = v->tolerance > 0 ? v->tolerance : 1e-12 * fabs(t1 - t0);

	for (int k = 0; k < 200 && fabs(t1 - t0) > fmax(tolerance, 2 * DBL_EPSILON * fabs(t1)); k++) {
		const double middle = 0.5 * (t0 + t1);
		double value;

		state_at(m, start, middle, m->between);
		value = v->value(v->context, middle, m->between);
		if (value != 0 && (value > 0) == (before > 0))
			t0 = middle;
		else
			t1 = middle;
	}
	return t1;
}

/* A march that starts on a condition is on one side of it soon after. */
static double soon_after(struct march *m, const struct ode_event *v, double t0, double t1)
{
	const double t = t0 + (t1 - t0) / 1048576;

	state_at(m, t0, t, m->between);
	return v->value(v->context, t, m->between);
}

/* All events that hold at the end of the march: roots of one time are found in any order. */
static void tell_happened(struct march *m, double t0, double end)
{
	const struct ode_run *run = m->run;

	state_at(m, t0, end, m->between);
	for (int i = 0; i < run->n_events; i++) {
		const struct ode_event *v = &run->event[i];

		run->happened[i] =
			i == m->r.event || crosses(v, m->event_before[i], v->value(v->context, end, m->between));
	}
}

/* Does an event end the march within the step from t0 to t1? *end: the earliest one's time. */
static bool stopped(struct march *m, double t0, double t1, double *end)
{
	const struct ode_run *run = m->run;
	double *swap;

	*end = t1;
	for (int i = 0; i < run->n_events; i++) {
		const struct ode_event *v = &run->event[i];
		const double now = v->value(v->context, t1, m->s.y1);
		double at = t1;

		m->event_now[i] = now;
		if (m->event_before[i] == 0 && !v->boolean)
			m->event_before[i] = soon_after(m, v, t0, t1);
		if (crosses(v, m->event_before[i], now)) {
			if (!v->boolean)
				at = root(m, v, m->event_before[i], t0, t1);
			if (m->r.event < 0 || m->c.direction * (at - *end) < 0) {
				*end = at;
				m->r.event = i;
			}
		}
	}
	if (m->r.event >= 0 && run->happened)
		tell_happened(m, t0, *end);
	swap = m->event_before;
	m->event_before = m->event_now;
	m->event_now = swap;
	return m->r.event >= 0;
}

static int is_steady(struct march *m, struct err *e)
{
	const struct controller_config tolerance = { .rtol = m->run->steady_rtol, .atol = m->run->steady_atol };

	if (tolerance.rtol + tolerance.atol <= 0)
		return 0;
	if (stepper_first(&m->s, m->c.t, e) != 0)
		return -1;
	m->r.steady = controller_norm(&tolerance, m->s.n, m->s.row, m->s.y, m->s.y) < 1;
	return 0;
}

static double largest(int64_t n, const double *v)
{
	double most = 0;

	for (int64_t i = 0; i < n; i++)
		most = fmax(most, fabs(v[i]));
	return most;
}

/* The controller gave up: was no step short enough because the solution ran away, or does Newton's iteration fail? */
static int gave_up(const struct march *m, struct err *e)
{
	const double now = largest(m->s.n, m->s.y);

	if (m->s.failed)
		return err_in(e, "Newton's iteration does not converge");
	if (m->c.h <= 4 * DBL_EPSILON * fabs(m->c.t) && now > 1e6 * m->start)
		return err_set(e, ERR_FAIL, "not finite at t = %g (grown to %.2g; no step is short enough)", m->c.t,
			       now);
	return -1;
}

static double error_of(struct march *m)
{
	struct stepper *s = &m->s;

	if (s->failed || !finite_all(s->n, s->y1))
		return INFINITY;
	if (s->method->error_order == 0 || m->run->control->fixed)
		return 0;
	return controller_norm(m->run->control, s->n, s->error, s->y, s->y1);
}

/* Where the step from t0 to t1 begins or ends at a jump, the vector field is that of its own side. */
static void keep_off_jumps(struct march *m, double t0, double t1)
{
	const double begin = m->c.at_jump ? nextafter(t0, t1) : -m->c.direction * INFINITY;
	const double end = m->c.to_jump ? nextafter(t1, t0) : m->c.direction * INFINITY;

	m->s.early = fmin(begin, end);
	m->s.late = fmax(begin, end);
}

static int march(struct march *m, struct err *e)
{
	struct stepper *s = &m->s;

	while (!controller_done(&m->c)) {
		const double t0 = m->c.t, t1 = controller_target(&m->c), before = s->h;
		double end;
		int verdict;

		s->h = t1 - t0;
		if (fabs(s->h - before) > 1e-9 * fabs(s->h))
			s->run = s->method->tableau || s->method->class == &stepper_reversible_heun ? s->run : 0;
		keep_off_jumps(m, t0, t1);
		if (s->method->class->step(s, t0, s->h, e) != 0)
			return -1;
		verdict = controller_judge(&m->c, error_of(m), e);
		if (verdict < 0)
			return gave_up(m, e);
		if (verdict == 0)
			continue;
		if (stopped(m, t0, t1, &end)) {
			save(m, t0, end);
			state_at(m, t0, end, m->between);
			memcpy(s->y, m->between, (size_t)s->n * sizeof *s->y);
			m->c.t = end;
			break;
		}
		save(m, t0, t1);
		s->method->class->accept(s);
		if (m->c.at_jump)
			stepper_forget(s);
		if (m->run->watch)
			m->run->watch(m->run->context, t0, t1, s->y);
		if (is_steady(m, e) != 0)
			return -1;
		if (m->r.steady)
			break;
	}
	return 0;
}

int ode_solve(const struct ode_system *o, const struct ode_run *run, double *y, struct ode_result *result,
	      struct err *e)
{
	struct march m = { .run = run, .r = { .event = -1 } };
	const double span = fabs(run->t1 - run->t0);
	struct ode_method method;
	double h;
	int status = -1;

	if (ode_method_find(&method, run->method, e) != 0)
		return -1;
	if (method.error_order == 0 && !run->control->fixed)
		return err_set(e, ERR_USAGE, "method %s has no error estimate, adaptive steps need one", method.name);
	if (stepper_open(&m.s, &method, o, run->control, e) != 0)
		return -1;
	m.between = xcalloc((size_t)o->n + 2 * (size_t)run->n_events + 1, sizeof *m.between);
	m.event_before = m.between + o->n;
	m.event_now = m.event_before + run->n_events;
	memcpy(m.s.y, y, (size_t)o->n * sizeof *y);
	m.start = largest(o->n, y);
	for (int i = 0; i < run->n_events; i++)
		m.event_before[i] = run->event[i].value(run->event[i].context, run->t0, y);
	if (first_step(&m, span, &h, e) != 0 ||
	    controller_start(&m.c, run->control, method.error_order + 1, run->t0, run->t1, h, e) != 0)
		goto out;
	for (; m.r.n_saved < run->n_save && m.c.direction * (run->save[m.r.n_saved] - run->t0) <= 0; m.r.n_saved++)
		memcpy(run->out + m.r.n_saved * o->n, y, (size_t)o->n * sizeof *y);
	status = march(&m, e);
	memcpy(y, m.s.y, (size_t)o->n * sizeof *y);
out:
	m.r.t = m.c.t;
	m.r.accepted = m.c.accepted;
	m.r.rejected = m.c.rejected;
	m.r.evaluations = m.s.evaluations;
	m.r.jacobians = m.s.jacobians;
	m.r.factorisations = m.s.factorisations;
	if (result)
		*result = m.r;
	stepper_close(&m.s);
	free(m.between);
	return status;
}
