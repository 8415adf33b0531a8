/* volume_diffuse.c: stiff diffusion in few stages, by the Runge-Kutta-Legendre method of order 2 (Meyer, Balsara, Aslam
 * 2014, equations 15-18): s stages reach (s^2 + s - 2) / 4 explicit steps. Stages are kept as changes since the step's
 * start, so that what the fluxes conserve is conserved to rounding. */
#include <math.h>
#include <string.h>

#include "problem/volume_state.h"

static double share(int64_t j)
{
	return j < 2 ? 1. / 3 : (double)(j * j + j - 2) / (double)(2 * j * (j + 1));
}

/* conserved = before + change, then its rate by diffusion. */
static int stage_rate(struct volume *v, const double *change, double *rate, struct err *e)
{
	const int64_t count = v->n * v->plane;

	for (int64_t i = 0; i < count; i++)
		v->conserved[i] = v->before[i] + change[i];
	if (volume_refresh(v, e) != 0)
		return -1;
	volume_fill_ghosts(v);
	volume_rate(v, false, true, rate);
	return 0;
}

int volume_diffuse(struct volume *v, double dt, double explicit_step, struct err *e)
{
	const int64_t count = v->n * v->plane;
	const double wanted = ceil(0.5 * (sqrt(9 + 16 * dt / (0.95 * explicit_step)) - 1));
	double *now = v->change[0], *before = v->change[1];
	const double *restrict first = v->first_rate, *restrict rate = v->rate[0];

	if (!(wanted < 1e6)) /* too many, infinite or not a number */
		return err_set(e, ERR_FAIL, "%g stages of diffusion at t = %g: shorten the steps", wanted, v->time);
	const int64_t stages = wanted < 3 ? 3 : (int64_t)wanted | 1; /* odd counts damp every mode */
	const double w = 4 / (double)(stages * stages + stages - 2);

	memcpy(v->before, v->conserved, (size_t)count * sizeof *v->before);
	volume_fill_ghosts(v);
	volume_rate(v, false, true, v->first_rate);
	for (int64_t i = 0; i < count; i++) {
		before[i] = 0;
		now[i] = share(1) * w * dt * first[i];
	}
	for (int64_t j = 2; j <= stages; j++) {
		const double n = (double)j, mu = (2 * n - 1) / n * share(j) / share(j - 1);
		const double nu = -(n - 1) / n * share(j) / share(j - 2);
		const double fresh = mu * w * dt, old = -(1 - share(j - 1)) * fresh;
		double *const swap = before;

		if (stage_rate(v, now, v->rate[0], e) != 0)
			return -1;
		for (int64_t i = 0; i < count; i++)
			before[i] = mu * now[i] + nu * before[i] + fresh * rate[i] + old * first[i];
		before = now;
		now = swap;
	}
	for (int64_t i = 0; i < count; i++)
		v->conserved[i] = v->before[i] + now[i];
	return volume_refresh(v, e);
}
