/* equation_ordinary.c: systems of ordinary differential equations in text, by the methods of integ/ode.h. Tangents S =
 * dy/dp are further columns of the state, S' = f_y S + f_p; where an event at c(t, y, p) = 0 comes in, its time moves
 * by dt = -(c_y S + c_p)/(c_t + c_y f), and what follows with it. */
#include "problem/equation_ordinary_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/lapack.h"
#include "problem/equation_physics.h"
#include "problem/equation_stepper.h"

#define CLOSE 1e-7 /* of the times of the domain */
enum { CLOSE_MOST = 3 };

/* ---- what integ/ode.h asks ----------------------------------------------------------------------- */

static void unpack(const struct equation_ordinary *o, const double *y, double *rows)
{
	for (int i = 0; i < o->n_all; i++)
		rows[i] = y[o->place[i]];
}

static int rate(void *context, double t, const double *y, double *out)
{
	struct equation_ordinary *o = context;
	double rows[(EQUATION_BY + 1) * EQUATION_UNKNOWNS], f[EQUATION_UNKNOWNS];
	const int stride = o->n + o->n_by;

	unpack(o, y, rows);
	o->evaluations++;
	if (o->m->rate(o->d, t, rows, f) != 0)
		return -1;
	for (int k = 0; k < o->n; k++)
		out[o->place[k]] = f[k];
	if (o->n_by == 0)
		return 0;
	ordinary_run(o, o->slope, t, rows);
	for (int j = 0; j < o->n_by; j++)
		for (int k = 0; k < o->n; k++) {
			double sum = o->root[k * stride + o->n + j];

			for (int i = 0; i < o->n; i++)
				sum += o->root[k * stride + i] * rows[(j + 1) * o->n + i];
			out[o->place[(j + 1) * o->n + k]] = sum;
		}
	return 0;
}

static double when(void *context, double t, const double *y)
{
	const struct event_at *at = context;
	struct equation_ordinary *o = at->o;
	double rows[(EQUATION_BY + 1) * EQUATION_UNKNOWNS];

	if (o->quiet[at->index] && t == o->quiet_t)
		return 0;
	unpack(o, y, rows);
	ordinary_run(o, o->when[at->index], t, rows);
	return o->root[0];
}

/* ---- making and marching ------------------------------------------------------------------------- */

static void arrange(struct equation_ordinary *o)
{
	bool late[EQUATION_UNKNOWNS];
	int n_late = 0, at[2] = { 0 };

	for (int k = 0; k < o->n; k++)
		n_late += late[k] = equation_velocity_of(o->spec, k) >= 0;
	for (int k = 0; k < o->n && n_late == 0; k++)
		late[k] = k >= (o->n + 1) / 2;
	if (n_late == 0)
		n_late = o->n / 2;
	at[1] = (o->n_by + 1) * (o->n - n_late);
	for (int i = 0; i < o->n_all; i++)
		o->place[i] = at[late[i % o->n]]++;
}

static int wrong_key(const struct equation_config *c, const char *why, struct err *e)
{
	const char *key = c->stops.n > 0 ? "stops" : c->jumps.n > 0 ? "jumps" : controller_keys_set(&c->control);

	return key ? err_set(e, ERR_USAGE, "%s: %s", key, why) : 0;
}

static int check_times(const struct equation_spec *s, const char *key, struct key_doubles t, struct err *e)
{
	for (int i = 0; i < t.n; i++)
		if (!(t.at[i] > (i > 0 ? t.at[i - 1] : s->t0)) || !(t.at[i] < s->t1))
			return err_set(e, ERR_USAGE,
				       "%s: %g: needs rising times between the two of domain.t, %g and %g", key,
				       t.at[i], s->t0, s->t1);
	return 0;
}

static int configure(struct equation_ordinary *o, struct err *e)
{
	const struct equation_config *c = o->config;

	o->control = (struct controller_config){ .fixed = c->dt > 0,
						 .dt0 = c->dt,
						 .rtol = c->rtol,
						 .n_stop = c->stops.n,
						 .stop = c->stops.at,
						 .n_jump = c->jumps.n,
						 .jump = c->jumps.at };
	if (check_times(o->spec, "stops", c->stops, e) != 0 || check_times(o->spec, "jumps", c->jumps, e) != 0)
		return -1;
	if (!o->control.fixed && o->method.error_order == 0)
		return err_set(e, ERR_USAGE, "stepper: %s has no error estimate, so it needs dt", o->method.name);
	if (strcmp(o->method.name, "semi_implicit_euler") == 0 && o->n % 2 != 0)
		return err_set(e, ERR_USAGE,
			       "stepper: semi_implicit_euler needs as many momenta as positions, there are %d unknowns",
			       o->n);
	if (c->to_steady && (o->spec->n_events > 0 || c->jumps.n > 0 || c->stops.n > 0))
		return err_set(e, ERR_USAGE, "to_steady: not with events, stops or jumps");
	return controller_keys_take(&c->control, &o->control, e);
}

/* The name of the method, NULL: not by this file. */
static const char *method_name(const struct equation_config *c, const struct equation_spec *s)
{
	const char *name = equation_stepper_names[c->stepper];
	const struct equation_stepper *p = equation_stepper_find(name);
	const bool wanted = s->n_events || s->n_by || c->stops.n || c->jumps.n || controller_keys_set(&c->control);
	struct ode_method m;

	if (c->stepper == 0 && !wanted)
		return NULL;
	if (c->stepper == 0)
		return c->dt > 0 ? "rk4" : c->to_steady ? "kvaerno5" : "dopri5";
	if (ode_method_find(&m, name, NULL) != 0)
		return NULL;
	/* rk4 without dt: steps by halving (equation_march.c) */
	return p && c->dt == 0 && m.error_order == 0 && !wanted ? NULL : name;
}

int equation_ordinary_new(struct equation_ordinary **out, const struct equation_config *c,
			  const struct equation_spec *s, const struct equation_method *m, void *d, struct err *e)
{
	const char *name = method_name(c, s);
	struct equation_ordinary *o;
	int status;

	*out = NULL;
	if (s->n_dims > 0 || s->n_noises > 0)
		return wrong_key(c, "is for ordinary differential equations without noise", e);
	if (!name && (s->n_events > 0 || s->n_by > 0))
		return err_set(e, ERR_USAGE, "stepper: %s does not march with events or sensitivities",
			       equation_stepper_names[c->stepper]);
	if (!name)
		return wrong_key(c, "not with this stepper, see sciml-equation(5)", e);
	o = xcalloc(1, sizeof *o);
	*o = (struct equation_ordinary){ .config = c, .spec = s, .m = m, .d = d, .n = s->n_unknowns };
	o->n_by = s->n_by;
	o->n_all = o->n * (1 + o->n_by);
	o->root = xcalloc(ORDINARY_ROOTS, sizeof *o->root);
	o->y = xcalloc(2 * (size_t)o->n_all, sizeof *o->y);
	o->work = o->y + o->n_all;
	arrange(o);
	status = ode_method_find(&o->method, name, e) == 0 ? configure(o, e) : -1;
	for (int i = 0; i < s->n_events && status == 0; i++) {
		o->at[i] = (struct event_at){ o, i };
		status = ordinary_compile_event(o, i, e);
	}
	if (status == 0 && o->n_by > 0)
		status = ordinary_compile_tangents(o, e);
	if (status == 0)
		*out = o;
	else
		equation_ordinary_free(o);
	return status;
}

void equation_ordinary_free(struct equation_ordinary *o)
{
	if (!o)
		return;
	for (int i = 0; i < EQUATION_EVENTS; i++) {
		program_free(o->when[i]);
		program_free(o->jump[i]);
	}
	program_free(o->slope);
	program_free(o->first);
	free(o->root);
	free(o->y);
	free(o);
}

void equation_ordinary_start(struct equation_ordinary *o, const double *param, double atol, bool given)
{
	o->given = given;
	o->param = param;
	o->control.atol = atol;
}

/* y just before an event at t to y just after it; at its time, which itself moves: dy/dp along the event where the
 * march ends, else back at a fixed time. */
static int jump(struct equation_ordinary *o, int i, double t, double *y, struct err *e)
{
	const struct equation_event *v = &o->spec->event[i];
	const int n = o->n, stride = n + o->n_by + 2, head = n + o->n_by + 1;
	double f[EQUATION_UNKNOWNS], after[(EQUATION_BY + 1) * EQUATION_UNKNOWNS];

	if (o->n_by == 0) {
		ordinary_run(o, o->jump[i], t, y);
		memcpy(y, o->root, (size_t)n * sizeof *y);
		return 0;
	}
	o->evaluations++;
	if (o->m->rate(o->d, t, y, f) != 0)
		return err_set(e, ERR_FAIL, "right-hand side failed at t = %g", t);
	ordinary_run(o, o->jump[i], t, y);
	for (int j = 0; j < o->n_by; j++) {
		double *s = y + (j + 1) * n, top = o->root[1 + n + j], bottom = o->root[0];

		for (int k = 0; k < n; k++) {
			top += o->root[1 + k] * s[k];
			bottom += o->root[1 + k] * f[k];
		}
		o->t_tangent[j] = v->boolean ? 0 : -top / bottom;
		for (int k = 0; k < n; k++)
			s[k] += f[k] * o->t_tangent[j];
	}
	for (int k = 0; k < n; k++) {
		const double *g = o->root + head + k * stride;

		after[k] = g[0];
		for (int j = 0; j < o->n_by; j++) {
			double sum = g[1] * o->t_tangent[j] + g[2 + n + j];

			for (int i2 = 0; i2 < n; i2++)
				sum += g[2 + i2] * y[(j + 1) * n + i2];
			after[(j + 1) * n + k] = sum;
		}
	}
	memcpy(y, after, (size_t)o->n_all * sizeof *y);
	if (v->ends)
		return 0;
	o->evaluations++;
	if (o->m->rate(o->d, t, y, f) != 0)
		return err_set(e, ERR_FAIL, "right-hand side failed at t = %g", t);
	for (int j = 0; j < o->n_by; j++)
		for (int k = 0; k < n; k++)
			y[(j + 1) * n + k] -= f[k] * o->t_tangent[j];
	return 0;
}

static int check_finite(const struct equation_ordinary *o, int i, double t, struct err *e)
{
	for (int k = 0; k < o->n_all; k++)
		if (!isfinite(o->y[k]))
			return err_set(e, ERR_FAIL, "%s%s is not finite after event %d at t = %g",
				       k < o->n ? "" : "a sensitivity of ", o->spec->unknown[k % o->n].name, i, t);
	return 0;
}

/* One march of o->y up to t1 or the next event. */
static int leg(struct equation_ordinary *o, double t0, double t1, int64_t n_times, const double *time, double *saved,
	       struct integ_counts *counts, struct ode_result *r, struct err *e)
{
	const struct equation_spec *s = o->spec;
	const struct ode_system system = { .n = o->n_all, .f = rate, .context = o };
	struct controller_config control = o->control;
	double *stops = NULL;
	int status;

	control.max_steps = o->config->max_steps - counts->accepted - counts->rejected;
	if (control.max_steps < 1)
		return err_set(e, ERR_FAIL, "more than max_steps = %lld steps at t = %g",
			       (long long)o->config->max_steps, t0);
	if (control.fixed) { /* steps end at outputs: not all methods have a polynomial of their order between steps */
		const int64_t n = n_times + control.n_stop;

		stops = mem_new(n + 1, sizeof *stops, "times", e);
		if (!stops)
			return -1;
		for (int64_t i = 0, a = 0, b = 0; i < n; i++)
			stops[i] = b == control.n_stop || (a < n_times && time[a] <= control.stop[b])
					   ? time[a++]
					   : control.stop[b++];
		control.n_stop = n;
		control.stop = stops;
	}
	for (int i = 0; i < s->n_events; i++)
		o->event[i] = (struct ode_event){ .value = when,
						  .context = &o->at[i],
						  .boolean = s->event[i].boolean,
						  .direction = s->event[i].direction };
	const struct ode_run run = { .method = o->method.name,
				     .control = &control,
				     .t0 = t0,
				     .t1 = t1,
				     .n_save = n_times,
				     .save = time,
				     .out = saved,
				     .n_events = s->n_events,
				     .event = o->event,
				     .happened = o->happened };

	for (int i = 0; i < o->n_all; i++)
		o->work[o->place[i]] = o->y[i];
	status = ode_solve(&system, &run, o->work, r, e);
	unpack(o, o->work, o->y);
	counts->accepted += r->accepted;
	counts->rejected += r->rejected;
	free(stops);
	return status;
}

/* After events that changed the state: conditions that the next leg begins on; their values there are 0. */
static void begin_on(struct equation_ordinary *o, double t, const double *before)
{
	o->quiet_t = t;
	for (int i = 0; i < o->spec->n_events; i++) {
		ordinary_run(o, o->when[i], t, before);
		const double was = o->root[0];
		ordinary_run(o, o->when[i], t, o->y);
		o->quiet[i] = o->happened[i] && o->root[0] == was;
	}
}

/* Bounces that come ever faster never end: below what steps resolve the state would pass through the condition. */
static int check_apart(struct equation_ordinary *o, double t, struct err *e)
{
	const double apart = CLOSE * (o->spec->t1 - o->spec->t0);

	for (int i = 0; i < o->spec->n_events; i++) {
		if (!o->happened[i])
			continue;
		o->close[i] = t - o->last[i] < apart ? o->close[i] + 1 : 0;
		o->last[i] = t;
		if (o->close[i] == CLOSE_MOST)
			return err_set(e, ERR_FAIL, "events accumulate at t = %g: the last %d lie closer than %g", t,
				       CLOSE_MOST + 1, apart);
	}
	return 0;
}

static void begin(struct equation_ordinary *o, double t0, const double *state)
{
	memcpy(o->y, state, (size_t)o->n * sizeof *state);
	if (o->n_by > 0)
		ordinary_run(o, o->first, t0, state);
	for (int i = 0; i < o->n * o->n_by && o->given; i++)
		o->root[i] = 0;
	for (int j = 0; j < o->n_by; j++)
		for (int k = 0; k < o->n; k++)
			o->y[(j + 1) * o->n + k] = o->root[k * o->n_by + j];
	memset(o->quiet, 0, sizeof o->quiet);
	memset(o->close, 0, sizeof o->close);
	for (int i = 0; i < EQUATION_EVENTS; i++)
		o->last[i] = -INFINITY;
}

struct outcome {
	double t;	/* where the march ended */
	int64_t resets; /* events that changed the state */
	bool ended;	/* by an event */
};

static void keep(const struct equation_ordinary *o, const double *rows, int64_t k, double *const *field)
{
	for (int i = 0; i < o->n_all; i++)
		field[i][k] = rows[i];
}

/* From t0 to t1, by legs from event to event; o->y is where it ended. */
static int march(struct equation_ordinary *o, double t0, double t1, const double *state, int64_t n_times,
		 const double *time, double *const *field, struct integ_counts *counts, struct outcome *out,
		 struct err *e)
{
	double rows[(EQUATION_BY + 1) * EQUATION_UNKNOWNS], before[EQUATION_UNKNOWNS];
	double *saved = mem_new((n_times + 1) * o->n_all, sizeof *saved, "states of all frames", e);
	int status = saved ? 0 : -1;

	*out = (struct outcome){ .t = t0 };
	o->evaluations = 0;
	if (status == 0)
		begin(o, t0, state);
	for (int64_t next = 0; status == 0;) {
		struct ode_result r = { .t = out->t };

		status = leg(o, out->t, t1, n_times - next, time ? time + next : NULL, saved, counts, &r, e);
		for (int64_t i = 0; i < r.n_saved && status == 0; i++) {
			unpack(o, saved + i * o->n_all, rows);
			keep(o, rows, next + i, field);
		}
		next += r.n_saved;
		out->t = r.t;
		if (status != 0 || r.event < 0)
			break;
		memcpy(before, o->y, sizeof *before * (size_t)o->n);
		for (int i = 0; i < o->spec->n_events && status == 0 && !out->ended; i++) {
			if (!o->happened[i])
				continue;
			status = jump(o, i, r.t, o->y, e) == 0 ? check_finite(o, i, r.t, e) : -1;
			out->ended = o->spec->event[i].ends;
			out->resets += !out->ended;
		}
		if (out->ended || status != 0)
			break;
		begin_on(o, r.t, before);
		status = check_apart(o, r.t, e);
	}
	free(saved);
	counts->evaluations += o->evaluations;
	return status;
}

int equation_ordinary_to(struct equation_ordinary *o, double t0, double t1, double *state, struct integ_counts *counts,
			 struct err *e)
{
	struct outcome out;

	if (march(o, t0, t1, state, 0, NULL, NULL, counts, &out, e) != 0)
		return -1;
	memcpy(state, o->y, (size_t)o->n * sizeof *state);
	return 0;
}

int equation_ordinary_fields(struct equation_ordinary *o, const double *state, int64_t n_times, const double *time,
			     double *const *field, double *extra, struct integ_counts *counts, struct err *e)
{
	const bool ends = o->spec->ends;
	const double t1 = ends ? o->spec->t1 : time[n_times - 1];
	struct outcome out;

	if (march(o, o->spec->t0, t1, state, ends ? 0 : n_times, time, field, counts, &out, e) != 0)
		return -1;
	if (ends && !out.ended)
		return err_set(e, ERR_FAIL, "no event ended the march before t = %g, the end of domain.t", t1);
	if (ends) {
		keep(o, o->y, 0, field);
		*extra++ = out.t;
		for (int j = 0; j < o->n_by; j++)
			*extra++ = o->t_tangent[j];
	}
	*extra = (double)out.resets;
	return 0;
}

int equation_ordinary_rest(struct equation_ordinary *o, double t, const double *state, double *tangent, struct err *e)
{
	double matrix[EQUATION_UNKNOWNS * EQUATION_UNKNOWNS], right[EQUATION_UNKNOWNS * EQUATION_BY];
	const int n = o->n, stride = n + o->n_by;
	int pivot[EQUATION_UNKNOWNS];

	ordinary_run(o, o->slope, t, state);
	for (int k = 0; k < n; k++) {
		memcpy(matrix + k * n, o->root + k * stride, (size_t)n * sizeof *matrix);
		for (int j = 0; j < o->n_by; j++)
			right[k * o->n_by + j] = -o->root[k * stride + n + j];
	}
	if (num_lu(n, matrix, pivot) != 0 || num_lu_solve(false, n, o->n_by, matrix, pivot, right) != 0)
		return err_set(e, ERR_FAIL, "the state at rest has no sensitivities: the Jacobian there is singular");
	for (int k = 0; k < n; k++)
		for (int j = 0; j < o->n_by; j++)
			tangent[j * n + k] = right[k * o->n_by + j];
	return 0;
}
