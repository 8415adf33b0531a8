/* runge_kutta.c: explicit Runge-Kutta over double vectors, for any tableau: fixed steps, and adaptive steps with the PI
 * controller and starting step of Hairer, Norsett, Wanner, Solving ODEs I, II.4. */
#include "integ/integ.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct rk {
	const struct tableau *m;
	integ_rhs f;
	void *context;
	int64_t n, evaluations;
	double *slope; /* stages x n; row 0 belongs to the present state when have_first */
	double *point; /* argument of the next evaluation; after a step the new state */
	bool have_first;
};

static int rk_init(struct rk *s, const struct tableau *m, integ_rhs f, void *context, int64_t n, struct err *e)
{
	*s = (struct rk){ .m = m, .f = f, .context = context, .n = n };
	s->slope = mem_new(n * (m->stages + 1), sizeof(double), "Runge-Kutta stages", e);
	if (!s->slope)
		return -1;
	s->point = s->slope + n * m->stages;
	return 0;
}

static int evaluate(struct rk *s, double t, const double *y, double *slope, struct err *e)
{
	s->evaluations++;
	if (s->f(s->context, t, y, slope) != 0)
		return err_set(e, ERR_FAIL, "right-hand side failed at t = %g", t);
	return 0;
}

static bool finite_all(int64_t n, const double *v)
{
	for (int64_t i = 0; i < n; i++)
		if (!isfinite(v[i]))
			return false;
	return true;
}

/* point = y + h sum_j w_j slope_j over the first n_slopes slopes. */
static void combine(struct rk *s, const double *y, double h, const double *w, int n_slopes)
{
	memcpy(s->point, y, (size_t)s->n * sizeof *y);
	for (int j = 0; j < n_slopes; j++) {
		const double hw = h * w[j], *k = s->slope + j * s->n;

		if (w[j] == 0)
			continue;
		for (int64_t i = 0; i < s->n; i++)
			s->point[i] += hw * k[i];
	}
}

/* One step from y; the new state stands in s->point. With first-same-as-last the last stage's argument is that state. */
static int rk_step(struct rk *s, double t, double h, const double *y, struct err *e)
{
	const struct tableau *m = s->m;

	for (int i = 0; i < m->stages; i++) {
		if (i == 0 && s->have_first)
			continue;
		combine(s, y, h, m->a + i * m->stages, i);
		if (evaluate(s, t + m->c[i] * h, s->point, s->slope + i * s->n, e) != 0)
			return -1;
	}
	s->have_first = true;
	if (!m->first_same_as_last)
		combine(s, y, h, m->b, m->stages);
	return 0;
}

/* The state moves on to s->point: its slope is known only for first-same-as-last methods. */
static void rk_accept(struct rk *s, double *y)
{
	memcpy(y, s->point, (size_t)s->n * sizeof *y);
	s->have_first = s->m->first_same_as_last;
	if (s->have_first)
		memcpy(s->slope, s->slope + (s->m->stages - 1) * s->n, (size_t)s->n * sizeof *y);
}

int integ_fixed(const struct tableau *m, integ_rhs f, void *context, int64_t n, double t0, double t1, int64_t n_steps,
		double *y, struct err *e)
{
	const double h = (t1 - t0) / (double)n_steps;
	struct rk s;
	int status = -1;

	if (rk_init(&s, m, f, context, n, e) != 0)
		return -1;
	for (int64_t k = 0; k < n_steps; k++) {
		if (rk_step(&s, t0 + (double)k * h, h, y, e) != 0)
			goto out;
		rk_accept(&s, y);
		if (!finite_all(n, y)) {
			err_set(e, ERR_FAIL, "not finite at t = %g", t0 + (double)(k + 1) * h);
			goto out;
		}
	}
	status = 0;
out:
	free(s.slope);
	return status;
}

/* Root mean square of v relative to atol + rtol max(|a|, |b|). */
static double scaled_norm(int64_t n, const double *v, const double *a, const double *b,
			  const struct integ_tolerance *tol)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++) {
		double scale = tol->atol + tol->rtol * fmax(fabs(a[i]), fabs(b[i]));

		sum += (v[i] / scale) * (v[i] / scale);
	}
	return sqrt(sum / (double)n);
}

/* Starting step: II.4 "Starting step size", with the slope at the start already in slope row 0. */
static int starting_step(struct rk *s, double t, const double *y, double span, const struct integ_tolerance *tol,
			 double *h, struct err *e)
{
	double *slope = s->slope, *trial = s->slope + s->n;
	double d0 = scaled_norm(s->n, y, y, y, tol), d1 = scaled_norm(s->n, slope, y, y, tol), d2, h1;
	double h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;

	h0 = fmin(h0, span);
	for (int64_t i = 0; i < s->n; i++)
		s->point[i] = y[i] + h0 * slope[i];
	if (evaluate(s, t + h0, s->point, trial, e) != 0)
		return -1;
	for (int64_t i = 0; i < s->n; i++)
		s->point[i] = trial[i] - slope[i];
	d2 = scaled_norm(s->n, s->point, y, y, tol) / h0;
	if (fmax(d1, d2) <= 1e-15)
		h1 = fmax(1e-6, 1e-3 * h0);
	else
		h1 = pow(0.01 / fmax(d1, d2), 1. / (s->m->order + 1));
	*h = fmin(100 * h0, fmin(h1, span));
	return 0;
}

static double step_error(struct rk *s, double h, const double *y, double *scratch, const struct integ_tolerance *tol)
{
	memset(scratch, 0, (size_t)s->n * sizeof *scratch);
	for (int j = 0; j < s->m->stages; j++)
		for (int64_t i = 0; i < s->n; i++)
			scratch[i] += h * s->m->b_error[j] * s->slope[j * s->n + i];
	return scaled_norm(s->n, scratch, y, s->point, tol);
}

static double largest(int64_t n, const double *v)
{
	double most = 0;

	for (int64_t i = 0; i < n; i++)
		most = fmax(most, fabs(v[i]));
	return most;
}

/* No step is short enough: did the solution run away? */
static void too_short(int64_t n, double t, const double *y0, const double *y, struct err *e)
{
	const double now = largest(n, y);

	if (now > 1e6 * largest(n, y0))
		err_set(e, ERR_FAIL, "not finite at t = %g (grown to %.2g; no step is short enough)", t, now);
	else
		err_set(e, ERR_FAIL, "step size underflow at t = %g", t);
}

int integ_adaptive(const struct tableau *m, integ_rhs f, void *context, int64_t n, const double *y0, int64_t n_out,
		   const double *t_out, const struct integ_tolerance *tol, double *out, struct integ_counts *counts,
		   struct err *e)
{
	const double inverse_order = 1. / (m->error_order + 1), beta = 0.2 * inverse_order,
		     alpha = inverse_order - 0.75 * beta;
	const int64_t max_steps = tol->max_steps > 0 ? tol->max_steps : 1000000;
	struct integ_counts c = { 0 };
	double t = t_out[0], h = tol->first_step, error_before = 1e-4;
	double *y = NULL, *scratch;
	bool rejected = false;
	struct rk s;
	int status = -1;

	if (m->error_order == 0)
		return err_set(e, ERR_USAGE, "method %s has no error estimate, adaptive steps need one", m->name);
	if (!(tol->rtol >= 0 && tol->atol >= 0 && tol->rtol + tol->atol > 0))
		return err_set(e, ERR_USAGE, "tolerances rtol %g, atol %g: one must be positive", tol->rtol, tol->atol);
	if (rk_init(&s, m, f, context, n, e) != 0)
		return -1;
	y = xmalloc((size_t)(2 * n + 1) * sizeof *y);
	scratch = y + n;
	memcpy(y, y0, (size_t)n * sizeof *y);
	memcpy(out, y0, (size_t)n * sizeof *y);
	if (evaluate(&s, t, y, s.slope, e) != 0)
		goto out;
	s.have_first = true;
	if (h <= 0 && n_out > 1 && starting_step(&s, t, y, t_out[n_out - 1] - t, tol, &h, e) != 0)
		goto out;
	for (int64_t k = 1; k < n_out; k++) {
		while (t < t_out[k]) {
			/* The step that reaches an output time is shortened, but does not shorten those after it. */
			bool last = t + 1.0001 * h >= t_out[k];
			double step = last ? t_out[k] - t : h, error, factor;

			if (c.accepted + c.rejected >= max_steps) {
				err_set(e, ERR_FAIL, "more than %lld steps, at t = %g", (long long)max_steps, t);
				goto out;
			}
			if (step <= 4 * DBL_EPSILON * fabs(t) || step < DBL_MIN) {
				too_short(n, t, y0, y, e);
				goto out;
			}
			if (rk_step(&s, t, step, y, e) != 0)
				goto out;
			error = step_error(&s, step, y, scratch, tol);
			if (!isfinite(error)) { /* too far: halve until finite or underflow */
				c.rejected++;
				rejected = true;
				h = 0.1 * step;
				continue;
			}
			factor = 0.9 * pow(fmax(error, 1e-10), -alpha) * pow(error_before, beta);
			factor = fmin(10, fmax(0.2, factor));
			if (error > 1) {
				c.rejected++;
				rejected = true;
				h = step * fmin(1, 0.9 * pow(error, -inverse_order));
				h = fmax(h, 0.2 * step);
				continue;
			}
			c.accepted++;
			if (rejected)
				factor = fmin(1, factor);
			rejected = false;
			error_before = fmax(error, 1e-4);
			h = last ? fmax(h, step * factor) : step * factor;
			t = last ? t_out[k] : t + step;
			rk_accept(&s, y);
			if (!s.have_first) {
				if (evaluate(&s, t, y, s.slope, e) != 0)
					goto out;
				s.have_first = true;
			}
		}
		memcpy(out + k * n, y, (size_t)n * sizeof *y);
	}
	status = 0;
out:
	c.evaluations = s.evaluations;
	if (counts)
		*counts = c;
	free(y);
	free(s.slope);
	return status;
}
