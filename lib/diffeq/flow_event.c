/* flow_event.c: ends of solves that conditions on the solution set, and gradients through the time of that end. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "diffeq/flow_inside.h"

int flow_set_event(struct flow *f, flow_condition value, void *context, int direction, struct err *e)
{
	const int n = f->n_state;
	node *wrt = xcalloc((size_t)(n + f->n_shared + 1), sizeof *wrt),
	     *grad = xcalloc((size_t)(n + f->n_shared + 1), sizeof *grad);
	node *tangent = xcalloc((size_t)n + 1, sizeof *tangent),
	     *out = xcalloc((size_t)(2 * n + f->n_shared + 2), sizeof *out);
	struct flow_plan *p = &f->event_at;
	node c = value(f->g, context, f->t, f->in), rate;
	int n_wrt = 0, n_out = 0, status = -1;

	f->has_event = false;
	flow_plan_free(&f->event);
	flow_plan_free(p);
	free(f->event_slope);
	f->event_slope = NULL;
	if (f->has_driven) {
		err_set(e, ERR_USAGE, "an event of an equation with increments over whole steps");
		goto out;
	}
	if (!graph_error(f->g) && graph_shape(f->g, c).rank != 0) {
		err_set(e, ERR_USAGE, "the condition of an event must be one number");
		goto out;
	}
	for (int i = 0; i < n; i++) {
		wrt[n_wrt++] = f->in[i];
		tangent[i] = f->slope[i];
	}
	wrt[n_wrt++] = f->t;
	tangent[n] = graph_scalar(f->g, 1);
	graph_jvp(f->g, n_wrt, wrt, tangent, 1, &c, &rate);
	n_wrt = n;
	for (int i = 0; i < f->n_shared; i++)
		if (f->wrt[i])
			wrt[n_wrt++] = f->shared[i];
	graph_vjp(f->g, 1, &c, (node[]){ graph_scalar(f->g, 1) }, n_wrt, wrt, grad);
	if (graph_error(f->g)) {
		err_set(e, ERR_USAGE, "event: %s", graph_error(f->g)->message);
		goto out;
	}
	p->state_out = xcalloc((size_t)n + 1, sizeof *p->state_out);
	p->shared_out = xcalloc((size_t)f->n_shared + 1, sizeof *p->shared_out);
	n_wrt = n;
	for (int i = 0; i < n; i++) {
		p->state_out[i] = node_is(grad[i]) ? n_out : -1;
		if (node_is(grad[i]))
			out[n_out++] = grad[i];
	}
	for (int i = 0; i < f->n_shared; i++) {
		node d = f->wrt[i] ? grad[n_wrt++] : NODE_NONE;

		p->shared_out[i] = node_is(d) ? n_out : -1;
		if (node_is(d))
			out[n_out++] = d;
	}
	f->event_rate_out = n_out;
	out[n_out++] = node_is(rate) ? rate : graph_scalar(f->g, 0);
	f->event_slope_out = n_out;
	for (int i = 0; i < n; i++)
		out[n_out++] = f->slope[i];
	f->event.plan = plan_new(f->g, 1, &c, e);
	p->plan = f->event.plan ? plan_new(f->g, n_out, out, e) : NULL;
	f->event_slope = p->plan ? mem_new(2 * (int64_t)f->layout.total, 1, "derivatives of an event", e) : NULL;
	if (!f->event_slope)
		goto out;
	f->event_by_state = f->event_slope + f->layout.total;
	f->event_direction = direction;
	f->has_event = true;
	status = 0;
out:
	free(wrt);
	free(grad);
	free(tangent);
	free(out);
	return status;
}

static double scalar(const struct plan *p, int k)
{
	struct tensor t = plan_out(p, k);

	return tensor_get(&t, 0);
}

int flow_event_value(struct flow *f, double t, char *state, double *value, struct err *e)
{
	if (flow_bind_step(f, f->event.plan, t, t, state, e) != 0 || plan_run(f->event.plan, e) != 0)
		return -1;
	*value = scalar(f->event.plan, 0);
	return 0;
}

bool flow_event_crosses(const struct flow *f, double before, double now)
{
	if (before == 0 || (now != 0 && (before > 0) == (now > 0))) /* a step may end on the condition */
		return false;
	return f->event_direction == 0 || (f->event_direction > 0) == (now > before);
}

/* False position that halves the weight of an end that stays (Illinois), on the ends of steps from f->present. */
int flow_event_find(struct flow *f, double t0, double t1, double before, double after, double *t, struct err *e)
{
	double low = t0, high = t1, at_low = before, at_high = after;
	int side = 0;

	for (int k = 0; k < 100 && fabs(high - low) > 4 * DBL_EPSILON * fmax(fabs(high), fabs(t1 - t0)); k++) {
		double middle = high - at_high * (high - low) / (at_high - at_low), now;

		if (!(fabs(middle - low) < fabs(high - low) && fabs(high - middle) < fabs(high - low)))
			middle = 0.5 * (low + high);
		if (flow_step(f, t0, middle, f->present, f->after, e) != 0 ||
		    flow_event_value(f, middle, f->after, &now, e) != 0)
			return -1;
		f->result.evaluations += flow_step_cost(f);
		if ((now > 0) == (before > 0)) {
			low = middle;
			at_low = now;
			at_high *= side < 0 ? 0.5 : 1;
			side = -1;
		} else {
			high = middle;
			at_high = now;
			at_low *= side > 0 ? 0.5 : 1;
			side = 1;
		}
		if (now == 0)
			break;
	}
	*t = high;
	return 0;
}

static double dot(enum dtype t, int64_t n, const void *a, const void *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += t == DTYPE_F32 ? (double)((const float *)a)[i] * (double)((const float *)b)[i]
				      : ((const double *)a)[i] * ((const double *)b)[i];
	return sum;
}

int flow_event_pull(struct flow *f, const struct flow_run *run, double t_bar, char *bar, void *const *grad_shared,
		    struct err *e)
{
	struct flow_plan *p = &f->event_at;
	double factor = t_bar;

	flow_bind_shared(f, p->plan, run);
	if (flow_bind_step(f, p->plan, f->result.t1, f->result.t1, f->present, e) != 0)
		return -1;
	for (int i = 0; i < f->n_state; i++) {
		plan_bind_out(p->plan, f->event_slope_out + i, flow_at(f, f->event_slope, i));
		if (p->state_out[i] >= 0)
			plan_bind_out(p->plan, p->state_out[i], flow_at(f, f->event_by_state, i));
	}
	for (int i = 0; i < f->n_shared; i++)
		if (p->shared_out[i] >= 0)
			plan_bind_out(p->plan, p->shared_out[i], f->gradient[i]);
	if (plan_run(p->plan, e) != 0)
		return -1;
	/* the end moves with its time, and the time with the condition */
	for (int i = 0; i < f->n_state; i++)
		factor += dot(f->real, f->layout.count[i], flow_at(f, bar, i), flow_at(f, f->event_slope, i));
	if (scalar(p->plan, f->event_rate_out) == 0)
		return err_set(e, ERR_FAIL, "the event's condition does not change in time, its time has no gradient");
	factor /= -scalar(p->plan, f->event_rate_out);
	for (int i = 0; i < f->n_state; i++)
		if (p->state_out[i] >= 0)
			flow_add(f->real, f->layout.count[i], factor, flow_at(f, bar, i),
				 flow_at(f, f->event_by_state, i));
	for (int i = 0; i < f->n_shared; i++)
		if (p->shared_out[i] >= 0 && grad_shared && grad_shared[i])
			flow_add(f->real, (int64_t)(f->shared_bytes[i] / dtype_size(f->real)), factor, grad_shared[i],
				 f->gradient[i]);
	return 0;
}
