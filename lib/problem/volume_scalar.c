/* volume_scalar.c: scalar laws for the finite-volume engine: linear advection along every axis, Burgers' equation,
 * diffusion. */
#include <math.h>

#include "problem/volume_law.h"

/* Fluxes c q and q^2 / 2, wave speeds c and q. Roe's solver with the mean of both speeds, f = (f_l + f_r - |s| (r - l))
 * / 2, is upwinding for advection and PDEBench's flux for Burgers (whose sonic rarefactions the limiter's dissipation
 * opens; the spread here does so at once). */
static void advection_flux(const struct volume_physics *p, int64_t n, const double *left, const double *right,
			   double *out)
{
	const double *restrict from = p->speed > 0 ? left : right;
	const double speed = p->speed;
	double *restrict f = out;

	for (int64_t j = 0; j < n; j++)
		f[j] = speed * from[j];
}

static void burgers_roe(const struct volume_physics *p, int64_t n, const double *left, const double *right, double *out)
{
	const double *restrict l = left, *restrict r = right;
	double *restrict f = out;

	(void)p;
	for (int64_t j = 0; j < n; j++)
		f[j] = 0.25 * (l[j] * l[j] + r[j] * r[j]) -
		       0.5 * volume_spread(0.5 * (l[j] + r[j]), l[j], r[j]) * (r[j] - l[j]);
}

static void burgers_rusanov(const struct volume_physics *p, int64_t n, const double *left, const double *right,
			    double *out)
{
	const double *restrict l = left, *restrict r = right;
	double *restrict f = out;

	(void)p;
	for (int64_t j = 0; j < n; j++) {
		const double a = fabs(l[j]), b = fabs(r[j]);

		f[j] = 0.25 * (l[j] * l[j] + r[j] * r[j]) - 0.5 * (a > b ? a : b) * (r[j] - l[j]);
	}
}

static void conserve(const struct volume_physics *p, int dims, int64_t n, int64_t plane, const double *primitive,
		     double *conserved)
{
	(void)p;
	(void)dims;
	(void)plane;
	for (int64_t j = 0; j < n; j++)
		conserved[j] = primitive[j];
}

static int64_t primitive(const struct volume_physics *p, int dims, int64_t n, int64_t plane, const double *conserved,
			 double *out)
{
	int64_t bad = 0;

	(void)p;
	(void)dims;
	(void)plane;
	for (int64_t j = 0; j < n; j++) {
		out[j] = conserved[j];
		bad += !(fabs(out[j]) < 1e300);
	}
	return bad;
}

static void advection_speed(const struct volume_physics *p, int axis, int64_t n, int64_t plane, const double *primitive,
			    double *out)
{
	(void)axis;
	(void)plane;
	(void)primitive;
	for (int64_t j = 0; j < n; j++)
		out[j] = fabs(p->speed);
}

static void burgers_speed(const struct volume_physics *p, int axis, int64_t n, int64_t plane, const double *primitive,
			  double *out)
{
	(void)p;
	(void)axis;
	(void)plane;
	for (int64_t j = 0; j < n; j++)
		out[j] = fabs(primitive[j]);
}

static double diffusivity(const struct volume_physics *p, double least)
{
	(void)least;
	return p->diffusivity;
}

static void diffuse(const struct volume_physics *p, int dims, int axis, const int64_t *stride, const double *spacing,
		    int64_t n, int64_t plane, const double *q, double *out)
{
	const double *restrict u = q;
	const double scale = p->diffusivity / spacing[axis];
	const int64_t s = stride[axis];
	double *restrict f = out;

	(void)dims;
	(void)plane;
	for (int64_t j = 0; j < n; j++)
		f[j] = scale * (u[j + s] - u[j]);
}

#define ALL_DIMS(flux)                                                                                                 \
	{                                                                                                              \
		flux, flux, flux                                                                                       \
	}

const struct volume_law volume_advection = {
	.name = "advection",
	.n_scalars = 1,
	.variable = { "u" },
	.flux = { [VOLUME_RUSANOV] = ALL_DIMS(advection_flux), [VOLUME_ROE] = ALL_DIMS(advection_flux) },
	.conserve = conserve,
	.primitive = primitive,
	.speed = advection_speed,
	.diffusivity = diffusivity,
	.diffuse = diffuse,
};

const struct volume_law volume_burgers = {
	.name = "burgers",
	.n_scalars = 1,
	.variable = { "u" },
	.flux = { [VOLUME_RUSANOV] = ALL_DIMS(burgers_rusanov), [VOLUME_ROE] = ALL_DIMS(burgers_roe) },
	.conserve = conserve,
	.primitive = primitive,
	.speed = burgers_speed,
	.diffusivity = diffusivity,
	.diffuse = diffuse,
};

const struct volume_law volume_diffusion = {
	.name = "diffusion",
	.n_scalars = 1,
	.variable = { "u" },
	.conserve = conserve,
	.primitive = primitive,
	.diffusivity = diffusivity,
	.diffuse = diffuse,
};
