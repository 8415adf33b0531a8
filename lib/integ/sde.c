/* sde.c: paths of stochastic differential equations, by steps of equal length or of lengths that error estimates
 * choose. */
#include "integ/sde.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stop.h"

/* Fresh increments are drawn in chunks of about this many numbers, and of several steps: normals come in pairs. */
enum { CHUNK = 4096, LEAST_STEPS = 8 };

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
	struct sde_stepper *p = sde_stepper_new(m, s, paths, e);
	struct brownian_spec fresh = noise->fresh;
	double *w = NULL, *h, *other, *normal;
	int64_t done = 0, left = 0;
	int status = -1;

	if (!p)
		return -1;
	const int64_t size = paths * s->n, width = paths * (s->noises > 0 ? s->noises : s->n);
	const int64_t chunk = noise->tree ? 1 : width * LEAST_STEPS > CHUNK ? LEAST_STEPS : CHUNK / width;
	const int64_t drawn = noise->tree ? 0 : (int64_t)m->noise * chunk * width;

	fresh.n_samples = paths;
	fresh.channels = width / paths;
	fresh.kind = m->noise;
	if (!(w = mem_unset(2 * chunk * width + size + drawn, sizeof *w, "increments of an SDE", e)))
		goto done;
	h = m->noise > BROWNIAN_W ? w + chunk * width : NULL;
	other = w + 2 * chunk * width;
	normal = other + size;
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
				if (stop_check(e) != 0)
					goto done;
				brownian_increment(noise->tree, t, next, w, h, NULL);
			} else {
				if (left == 0) {
					if (stop_check(e) != 0)
						goto done;
					left = steps - j < chunk ? steps - j : chunk;
					at = chunk - left;
					brownian_steps(&fresh, length, done, left, w + at * width,
						       h ? h + at * width : NULL, NULL, normal);
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

int sde_adaptive(const struct sde *s, const struct sde_method *m, struct brownian *tree, int64_t paths, int64_t n_out,
		 const double *t_out, const struct controller_config *control, double *x, double *out,
		 struct sde_counts *counts, struct err *e)
{
	struct controller_config key = *control;
	struct controller c;
	struct sde_stepper *p = NULL;
	double *w = NULL, *h, *x1, *error, wanted = 0;
	int64_t k = 1;
	int status = -1;

	if (!(key.dt_min > 0))
		return err_set(e, ERR_USAGE, "dtmin: adaptive steps of an SDE need a smallest step");
	if (key.p == 0 && key.i == 0 && key.d == 0) {
		key.p = 0.1;
		key.i = 0.3;
	}
	key.stop = t_out;
	key.n_stop = n_out;
	if (sde_method_check(m, s, true, e) != 0 ||
	    controller_start(&c, &key, (s->additive ? m->order_additive : m->order) + 0.5, t_out[0], t_out[n_out - 1],
			     key.dt0 > 0 ? key.dt0 : 0.01, e) != 0 ||
	    !(p = sde_stepper_new(m, s, paths, e)))
		return -1;
	const int64_t size = paths * s->n, width = paths * (s->noises > 0 ? s->noises : s->n);

	if (!(w = mem_unset(2 * width + 2 * size, sizeof *w, "increments of an SDE", e)))
		goto done;
	h = m->noise > BROWNIAN_W ? w + width : NULL;
	x1 = w + 2 * width;
	error = x1 + size;
	if (out)
		memcpy(out, x, (size_t)size * sizeof *x);
	if (!m->has_error)
		c.h = wanted = s->length(s->context, paths, x, key.atol);
	while (!controller_done(&c)) {
		const double t = c.t, next = controller_target(&c);
		int verdict;

		brownian_increment(tree, t, next, w, h, NULL);
		sde_step(p, t, next - t, x, w, h, x1, error);
		if (m->has_error) {
			verdict = controller_judge(&c, controller_norm(&key, size, error, x, x1), e);
		} else {
			const double then = s->length(s->context, paths, x1, key.atol);

			verdict = controller_impose(&c, wanted, then, e);
			wanted = verdict > 0 ? then : wanted;
		}
		if (verdict < 0)
			goto done;
		if (verdict == 0)
			continue;
		sde_accept(p);
		memcpy(x, x1, (size_t)size * sizeof *x);
		for (; k < n_out && t_out[k] <= c.t; k++)
			if (out)
				memcpy(out + k * size, x, (size_t)size * sizeof *x);
	}
	if (counts) {
		counts->accepted += c.accepted;
		counts->rejected += c.rejected;
		counts->evaluations += (c.accepted + c.rejected) * m->evaluations;
	}
	status = 0;
done:
	free(w);
	sde_stepper_free(p);
	return status;
}
