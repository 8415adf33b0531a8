/* sde.c: Ito and Stratonovich equations with diagonal noise over one path (Kloeden, Platen, Numerical Solution of SDEs,
 * 10.2 and 10.3; Heun: 11.1 with Stratonovich drift). Strong orders: Euler-Maruyama 1/2 (1 for additive noise),
 * Milstein 1, Heun 1. */
#include "integ/integ.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

struct path {
	const struct sde *s;
	double *drift, *diffusion, *slope, *guess, *increment, *normal;
};

static void euler_maruyama(struct path *p, double t, double h, double *x)
{
	const struct sde *s = p->s;

	s->drift(s->context, t, x, p->drift);
	s->diffusion(s->context, t, x, p->diffusion);
	for (int64_t i = 0; i < s->n; i++)
		x[i] += p->drift[i] * h + p->diffusion[i] * p->increment[i];
}

static void milstein(struct path *p, double t, double h, double *x)
{
	const struct sde *s = p->s;

	s->drift(s->context, t, x, p->drift);
	s->diffusion(s->context, t, x, p->diffusion);
	s->diffusion_slope(s->context, t, x, p->slope);
	for (int64_t i = 0; i < s->n; i++) {
		double dw = p->increment[i];

		x[i] += p->drift[i] * h + p->diffusion[i] * dw + 0.5 * p->diffusion[i] * p->slope[i] * (dw * dw - h);
	}
}

static void heun(struct path *p, double t, double h, double *x)
{
	const struct sde *s = p->s;
	double *drift1 = p->slope, *diffusion1 = p->normal; /* free between increments */

	s->drift(s->context, t, x, p->drift);
	s->diffusion(s->context, t, x, p->diffusion);
	for (int64_t i = 0; i < s->n; i++)
		p->guess[i] = x[i] + p->drift[i] * h + p->diffusion[i] * p->increment[i];
	s->drift(s->context, t + h, p->guess, drift1);
	s->diffusion(s->context, t + h, p->guess, diffusion1);
	for (int64_t i = 0; i < s->n; i++)
		x[i] += 0.5 * (p->drift[i] + drift1[i]) * h + 0.5 * (p->diffusion[i] + diffusion1[i]) * p->increment[i];
}

static const struct method {
	const char *name;
	void (*step)(struct path *p, double t, double h, double *x);
} methods[] = { { "euler_maruyama", euler_maruyama }, { "milstein", milstein }, { "heun", heun } };

int integ_sde(const char *method, const struct sde *s, const struct rng *stream, double t0, double t1, int64_t n_steps,
	      int64_t save_every, double *x, double *out, struct err *e)
{
	const struct method *m = NULL;
	const int64_t n = s->n, substeps = s->substeps > 1 ? s->substeps : 1;
	const double h = (t1 - t0) / (double)n_steps, scale = sqrt(h / (double)substeps);
	struct path p = { .s = s };
	int status = -1;

	for (size_t k = 0; k < sizeof methods / sizeof methods[0]; k++)
		if (strcmp(methods[k].name, method) == 0)
			m = &methods[k];
	if (!m)
		return err_set(e, ERR_USAGE, "unknown SDE method '%s'", method);
	if (m->step == milstein && !s->diffusion_slope)
		return err_set(e, ERR_USAGE, "milstein needs the derivative of the diffusion");
	p.drift = xmalloc((size_t)(6 * n) * sizeof *x);
	p.diffusion = p.drift + n;
	p.slope = p.diffusion + n;
	p.guess = p.slope + n;
	p.increment = p.guess + n;
	p.normal = p.increment + n;
	if (out)
		memcpy(out, x, (size_t)n * sizeof *x);
	for (int64_t k = 0; k < n_steps; k++) {
		memset(p.increment, 0, (size_t)n * sizeof *x);
		for (int64_t j = 0; j < substeps; j++) {
			rng_normal(*stream, (uint64_t)((k * substeps + j) * n), (size_t)n, p.normal);
			for (int64_t i = 0; i < n; i++)
				p.increment[i] += scale * p.normal[i];
		}
		m->step(&p, t0 + (double)k * h, h, x);
		for (int64_t i = 0; i < n; i++)
			if (!isfinite(x[i])) {
				err_set(e, ERR_FAIL, "not finite at t = %g", t0 + (double)(k + 1) * h);
				goto done;
			}
		if (out && save_every > 0 && (k + 1) % save_every == 0)
			memcpy(out + (k + 1) / save_every * n, x, (size_t)n * sizeof *x);
	}
	status = 0;
done:
	free(p.drift);
	return status;
}
