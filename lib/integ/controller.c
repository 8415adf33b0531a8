/* controller.c: PID control of step lengths, forced stops, the starting step. */
#include "integ/controller.h"

#include <float.h>
#include <math.h>

#include "base/stop.h"

static double either(double value, double otherwise)
{
	return value > 0 ? value : otherwise;
}

static int check(const struct controller_config *k, double t0, double t1, double h0, struct err *e)
{
	if (!isfinite(t0) || !isfinite(t1))
		return err_set(e, ERR_USAGE, "times from %g to %g", t0, t1);
	if (!(h0 > 0) && t0 != t1)
		return err_set(e, ERR_USAGE, "first step %g: must be positive", h0);
	if (!k->fixed && !(k->rtol >= 0 && k->atol >= 0 && k->rtol + k->atol > 0))
		return err_set(e, ERR_USAGE, "tolerances rtol %g, atol %g: one must be positive", k->rtol, k->atol);
	return 0;
}

int controller_start(struct controller *c, const struct controller_config *key, double order, double t0, double t1,
		     double h0, struct err *e)
{
	*c = (struct controller){ .key = key, .t = t0, .t_end = t1, .order = order, .h = h0, .base = t0 };
	c->direction = t1 < t0 ? -1 : 1;
	c->before[0] = c->before[1] = 1;
	return check(key, t0, t1, h0, e);
}

bool controller_done(const struct controller *c)
{
	return c->t == c->t_end;
}

/* First of the n times that lies beyond c->t; `from` moves on. */
static double beyond(const struct controller *c, int64_t n, const double *time, int64_t *from)
{
	while (*from < n && c->direction * (time[*from] - c->t) <= 0)
		++*from;
	return *from < n ? time[*from] : c->direction * INFINITY;
}

double controller_target(struct controller *c)
{
	const struct controller_config *k = c->key;
	double stop = beyond(c, k->n_stop, k->stop, &c->next_stop), jump = beyond(c, k->n_jump, k->jump, &c->next_jump);
	double limit = c->t_end, h = k->dt_max > 0 ? fmin(c->h, k->dt_max) : c->h;

	if (c->direction * (stop - limit) < 0)
		limit = stop;
	if (c->direction * (jump - limit) < 0)
		limit = jump;
	if (k->fixed) {
		c->target = c->base + c->direction * (double)(c->from_base + 1) * c->h;
		c->at_stop = c->direction * (c->target - limit) >= -1e-9 * c->h;
	} else {
		h = fmax(h, k->dt_min);
		c->target = c->t + c->direction * h;
		/* a stop that is hardly farther than the step is reached by it */
		c->at_stop = c->direction * (c->t + 1.0001 * c->direction * h - limit) >= 0;
	}
	if (c->at_stop)
		c->target = limit;
	c->to_jump = c->target == jump;
	return c->target;
}

/* for ratios that may be 0 or infinite */
static double power(double x, double exponent)
{
	return exponent == 0 ? 1 : pow(x, exponent);
}

/* What the PID rule multiplies the step by, not yet limited. */
static double ratio(const struct controller *c, double error)
{
	const struct controller_config *k = c->key;
	const bool plain = k->p == 0 && k->i == 0 && k->d == 0;
	const double i = plain ? 1 : k->i, p = k->p, d = k->d, q = c->order;

	return either(k->safety, 0.9) * power(error, -(p + i + d) / q) * power(c->before[0], (p + 2 * d) / q) *
	       power(c->before[1], -d / q);
}

static int count_steps(const struct controller *c, struct err *e)
{
	const int64_t most = c->key->max_steps > 0 ? c->key->max_steps : 1000000;

	if (stop_check(e) != 0)
		return -1;
	if (!controller_done(c) && c->accepted + c->rejected >= most)
		return err_set(e, ERR_FAIL, "more than %lld steps, at t = %g", (long long)most, c->t);
	return 0;
}

static int reject(struct controller *c, double error, double step, struct err *e)
{
	const double least = either(c->key->factor_min, 0.2);
	const double factor = isfinite(error) ? ratio(c, error) : least;

	c->rejected++;
	c->rejected_last = true;
	c->h = step * fmin(0.9, fmax(least, factor));
	if (c->h <= 4 * DBL_EPSILON * fabs(c->t) || c->h < DBL_MIN)
		return err_set(e, ERR_FAIL, "step size underflow at t = %g", c->t);
	return count_steps(c, e);
}

static void lengthen(struct controller *c, double error, double step)
{
	double factor = ratio(c, error);

	/* never shorter after success; straight after a rejection a longer step would be rejected again */
	factor = c->rejected_last || isnan(factor) ? 1 : fmin(either(c->key->factor_max, 10), fmax(1, factor));
	c->before[1] = c->before[0];
	c->before[0] = error > 0 && isfinite(error) ? error : 1;
	/* a step shortened by a stop does not shorten those after it */
	c->h = c->at_stop ? fmax(c->h, step * factor) : step * factor;
}

/* The attempt stands. */
static int accept(struct controller *c, struct err *e)
{
	c->rejected_last = false;
	c->accepted++;
	c->at_jump = c->to_jump;
	c->t = c->target;
	c->from_base++;
	if (c->at_stop) {
		c->base = c->t;
		c->from_base = 0;
	}
	return count_steps(c, e) == 0 ? 1 : -1;
}

int controller_judge(struct controller *c, double error, struct err *e)
{
	const struct controller_config *k = c->key;
	const double step = fabs(c->target - c->t);
	const bool least = k->fixed || (k->dt_min > 0 && step <= k->dt_min * (1 + 1e-9));

	if (least && !isfinite(error))
		return err_set(e, ERR_FAIL, "not finite at t = %g", c->target);
	if (!least && !(error < 1))
		return reject(c, error, step, e);
	if (!k->fixed && error < 1)
		lengthen(c, error, step);
	return accept(c, e);
}

int controller_impose(struct controller *c, double before, double after, struct err *e)
{
	const double step = fabs(c->target - c->t), least = c->key->dt_min;

	if (!isfinite(after))
		return err_set(e, ERR_FAIL, "not finite at t = %g", c->target);
	if (step > least * (1 + 1e-9) && step > 1.1 * fmin(before, after)) {
		c->rejected++;
		c->h = fmax(least, fmin(before, after));
		return count_steps(c, e);
	}
	c->h = fmax(least, after);
	return accept(c, e);
}

double controller_norm(const struct controller_config *key, int64_t n, const double *v, const double *a,
		       const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++) {
		double scaled = v[i] / (key->atol + key->rtol * fmax(fabs(a[i]), fabs(b[i])));

		sum += scaled * scaled;
	}
	return n > 0 ? sqrt(sum / (double)n) : 0;
}

double controller_trial(const struct controller_config *key, double span, int64_t n, const double *y,
			const double *slope)
{
	const double d0 = controller_norm(key, n, y, y, y), d1 = controller_norm(key, n, slope, y, y);

	return fmin(span, d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1);
}

double controller_first(const struct controller_config *key, double order, double span, int64_t n, const double *y,
			const double *slope, double trial, const double *slope_at_trial, double *scratch)
{
	const double d1 = controller_norm(key, n, slope, y, y);
	double d2, h;

	for (int64_t i = 0; i < n; i++)
		scratch[i] = slope_at_trial[i] - slope[i];
	d2 = controller_norm(key, n, scratch, y, y) / trial;
	if (fmax(d1, d2) <= 1e-15)
		h = fmax(1e-6, 1e-3 * trial);
	else
		h = pow(0.01 / fmax(d1, d2), 1 / order);
	h = fmin(100 * trial, h);
	if (!(h > 0)) /* a slope that is not finite: let the first step tell */
		h = 1e-6;
	return fmin(h, span);
}
