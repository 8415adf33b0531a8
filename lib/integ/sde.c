/* sde.c: paths of stochastic differential equations, by steps of equal length or of lengths that error estimates choose. */
#include "integ/sde.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Fresh increments are drawn in chunks of about this many numbers. */
enum { CHUNK = 4096 };

static int check_finite(int64_t n, const double *x, double t, struct err *e)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += 0 * x[i];
	return sum == 0 ? 0 : err_set(e, ERR_FAIL, "not finite at t = %g", t);
}

int sde_fixed(const struct sde *s, const struct sde_method *m, struct sde_noise *noise, int64_t paths, int64_t n_out,
	      const double *t_out, int64_t steps, double *x, double *out, struct sde_counts *counts, struct err *e)
{
	const int64_t size = paths * s->n, width = paths * (s->noises > 0 ? s->noises : s->n);
	const int64_t chunk = noise->tree || width >= CHUNK ? 1 : CHUNK / width;
	struct sde_stepper *p = sde_stepper_new(m, s, paths, e);
	struct brownian_spec fresh = noise->fresh;
	double *w, *h, *other;
	int64_t done = 0, left = 0;
	int status = -1;

	if (!p)
		return -1;
	fresh.n_samples = paths;
	fresh.channels = width / paths;
	fresh.kind = m->noise;
	w = xmalloc((size_t)(2 * chunk * width + size) * sizeof *w);
	h = m->noise > BROWNIAN_W ? w + chunk * width : NULL;
	other = w + 2 * chunk * width;
	if (out)
		memcpy(out, x, (size_t)size * sizeof *x);
	for (int64_t k = 0; k + 1 < n_out; k++) {
		const double begin = t_out[k], length = (t_out[k + 1] - begin) / (double)steps;

		left = 0; /* increments of another interval have another length */
		for (int64_t j = 0; j < steps; j++, done++, left--) {
			const double t = begin + (double)j * length;
			const double next = j + 1 < steps ? begin + (double)(j + 1) * length : t_out[k + 1];
			int64_t at = 0;

			if (noise->tree) {
				brownian_increment(noise->tree, t, next, w, h, NULL);
			} else {
				if (left == 0) {
					left = steps - j < chunk ? steps - j : chunk;
					at = chunk - left;
					brownian_steps(&fresh, length, done, left, w + at * width,
						       h ? h + at * width : NULL, NULL);
				}
				at = chunk - left;
			}
			sde_step(p, t, next - t, x, w + at * width, h ? h + at * width : NULL, other, NULL);
			sde_accept(p);
			memcpy(x, other, (size_t)size * sizeof *x);
		}
		if (check_finite(size, x, t_out[k + 1], e) != 0)
			goto done;
		if (out)
			memcpy(out + (k + 1) * size, x, (size_t)size * sizeof *x);
	}
	if (counts) {
		counts->accepted += done;
		counts->evaluations += done * m->evaluations;
	}
	status = 0;
done:
	free(w);
	sde_stepper_free(p);
	return status;
}

/* ---- adaptive steps ---------------------------------------------------------------------------------------------------- */

struct control {
	struct sde_tolerance c;
	double order;	     /* exponent of the local error */
	double before, last; /* errors of the accepted steps before */
};

/* Not finite where x1 or error is not. */
static double scaled_error(const struct sde_tolerance *c, int64_t n, const double *x, const double *x1,
			   const double *error)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++) {
		const double scaled = error[i] / (c->atol + c->rtol * fmax(fabs(x[i]), fabs(x1[i])));

		sum += scaled * scaled + 0 * x1[i]; /* fmax drops a NaN */
	}
	return sqrt(sum / (double)n);
}

/* Soderlind, Numerical Algorithms 31 (2002). *h: the step judged, then the next attempt. */
static bool judge(struct control *s, double E, double *h)
{
	const struct sde_tolerance *c = &s->c;
	const double safety = 0.9, shrink = 0.2, grow = 10, q = s->order;
	const bool finite = isfinite(E), smallest = *h <= c->dtmin * (1 + 1e-12);
	const bool accepted = finite && (E < 1 || smallest);
	const double now = finite && E > 0 ? E : 1, last = s->last > 0 ? s->last : 1,
		     before = s->before > 0 ? s->before : 1;
	double factor = safety * pow(now, -(c->i + c->p + c->d) / q) * pow(last, (c->p + 2 * c->d) / q) *
			pow(before, -c->d / q);

	if (E == 0)
		factor = grow;
	if (!finite)
		factor = shrink;
	factor = fmin(fmax(factor, accepted ? 1 : shrink), accepted ? grow : safety);
	if (accepted) {
		s->before = s->last;
		s->last = now;
		if (E >= 1) /* passed for being small: it does not grow */
			factor = 1;
	}
	*h = fmax(*h * factor, c->dtmin);
	if (c->dtmax > 0)
		*h = fmin(*h, c->dtmax);
	return accepted;
}

int sde_adaptive(const struct sde *s, const struct sde_method *m, struct brownian *tree, int64_t paths, int64_t n_out,
		 const double *t_out, const struct sde_tolerance *tolerance, double *x, double *out,
		 struct sde_counts *counts, struct err *e)
{
	const int64_t size = paths * s->n, width = paths * (s->noises > 0 ? s->noises : s->n);
	struct control control = { .c = *tolerance };
	const struct sde_tolerance *c = &control.c;
	struct sde_counts own = { 0 };
	struct sde_stepper *p;
	double *w, *h, *x1, *error, step = tolerance->first_step > 0 ? tolerance->first_step : 0.01;
	const int64_t most = c->max_steps > 0 ? c->max_steps : INT64_C(100000000);
	int status = -1;

	if (sde_method_check(m, s, true, e) != 0)
		return -1;
	if (!(c->dtmin > 0))
		return err_set(e, ERR_USAGE, "dtmin: adaptive steps of an SDE need a smallest step");
	p = sde_stepper_new(m, s, paths, e);
	if (!p)
		return -1;
	control.order = (s->additive ? m->order_additive : m->order) + 0.5;
	if (c->p == 0 && c->i == 0 && c->d == 0) {
		control.c.p = 0.1;
		control.c.i = 0.3;
	}
	w = xmalloc((size_t)(2 * width + 2 * size) * sizeof *w);
	h = m->noise > BROWNIAN_W ? w + width : NULL;
	x1 = w + 2 * width;
	error = x1 + size;
	if (out)
		memcpy(out, x, (size_t)size * sizeof *x);
	for (int64_t k = 0; k + 1 < n_out; k++) {
		double t = t_out[k];
		const double end = t_out[k + 1];

		while (t < end) {
			const double wished = step, rest = end - t;
			/* Neither beyond the output time nor so close to it that the tree could not resolve what is left. */
			const bool last = step >= rest || rest - step < 0.5 * c->dtmin;
			const double next = last ? end : t + step, taken = next - t;
			double E;

			if (own.accepted + own.rejected >= most) {
				err_set(e, ERR_FAIL, "more than %lld steps, at t = %g with step %g", (long long)most, t,
					step);
				goto done;
			}
			brownian_increment(tree, t, next, w, h, NULL);
			sde_step(p, t, taken, x, w, h, x1, error);
			own.evaluations += m->evaluations;
			E = scaled_error(c, size, x, x1, error);
			/* At the smallest step it is the wish that counts: the step taken may end at an output time. */
			step = wished <= c->dtmin ? wished : taken;
			if (judge(&control, E, &step)) {
				sde_accept(p);
				memcpy(x, x1, (size_t)size * sizeof *x);
				t = next;
				own.accepted++;
				/* A step cut short by an output time says little against the one that was wished for. */
				if (last && step < wished)
					step = wished;
			} else {
				own.rejected++;
				if (!isfinite(E) && !(step < wished)) {
					err_set(e, ERR_FAIL, "not finite at t = %g with the smallest step %g", next,
						taken);
					goto done;
				}
			}
		}
		if (out)
			memcpy(out + (k + 1) * size, x, (size_t)size * sizeof *x);
	}
	if (counts) {
		counts->accepted += own.accepted;
		counts->rejected += own.rejected;
		counts->evaluations += own.evaluations;
	}
	status = 0;
done:
	free(w);
	sde_stepper_free(p);
	return status;
}
