/* sines.c: random profiles of PDEBench's one-dimensional families. */
#include "problem/sines.h"

#include <math.h>

int sines_check(bool compat, int64_t grid, struct err *e)
{
	if (compat && grid < 2)
		return err_set(e, ERR_USAGE, "grid: compat needs two points or more");
	return 0;
}

void sines_draw(const struct sines_law *law, struct rng r, struct sines *p)
{
	const double length = law->compat ? law->length * (1 - 1. / (double)law->grid) : law->length;
	int64_t chosen[SINES_MAX] = { 0 };
	uint64_t at = 0;

	for (int64_t k = 0; k < law->terms; k++)
		chosen[(int64_t)((double)law->waves * rng_uniform_at(r, at++))]++;
	p->n = 0;
	for (int64_t k = 0; k < law->waves; k++) {
		double amplitude = rng_uniform_at(r, at++), phase = 2 * M_PI * rng_uniform_at(r, at++);
		double number = (double)(k + 1);

		if (law->compat)
			number *= (double)chosen[k];
		else if (chosen[k] == 0)
			continue;
		else
			amplitude *= (double)chosen[k];
		p->amplitude[p->n] = amplitude;
		p->wave[p->n] = 2 * M_PI * number / length;
		p->phase[p->n++] = phase;
	}
	p->absolute = rng_uniform_at(r, at++) < law->abs_share;
	p->sign = rng_uniform_at(r, at++) < 0.5 ? -1 : 1;
	p->window = rng_uniform_at(r, at++) < law->window_share;
	p->left = 0.1 + 0.35 * rng_uniform_at(r, at++);
	p->right = 0.55 + 0.35 * rng_uniform_at(r, at++);
}

double sines_at(const struct sines *p, double x)
{
	const double width = 0.01;
	double u = 0;

	for (int k = 0; k < p->n; k++)
		u += p->amplitude[k] * sin(p->wave[k] * x + p->phase[k]);
	if (p->absolute)
		u = fabs(u);
	if (p->window)
		u *= 0.5 * (tanh((x - p->left) / width) - tanh((x - p->right) / width));
	return p->sign * u;
}
