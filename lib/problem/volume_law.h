/* volume_law.h: what a conservation law is to the finite-volume engine: kernels over rows of cells or faces, so that
 * inner loops hold no calls. Private to the files volume*.c, but for volume_rebuild.
 *
 * Rows of faces are VOLUME_ROW apart: variable k of face j is at [k * VOLUME_ROW + j]. There the velocity normal to the
 * face comes first, then the tangential ones in cyclic order. Rows of cells take the distance of planes as an
 * argument. */
#ifndef SCIML_PROBLEM_VOLUME_LAW_H
#define SCIML_PROBLEM_VOLUME_LAW_H

#include "problem/volume.h"

enum { VOLUME_GHOSTS = 3, VOLUME_ROW = 136, VOLUME_TILE = 128, VOLUME_SOLVERS = 4 };

/* Conserved fluxes f of n faces from primitive states on their left and right. */
typedef void (*volume_flux)(const struct volume_physics *p, int64_t n, const double *left, const double *right,
			    double *f);

struct volume_law {
	const char *name;
	int n_scalars; /* variables before the velocity */
	bool has_velocity;
	int n_positive; /* so many leading primitive variables must be positive */
	const char *variable[2];
	volume_flux flux[VOLUME_SOLVERS][VOLUME_DIMS]; /* [solver][dims - 1]; NULL: none */
	/* n cells; planes are `plane` apart in both. */
	void (*conserve)(const struct volume_physics *p, int dims, int64_t n, int64_t plane, const double *primitive,
			 double *conserved);
	/* Returns the number of cells whose state is not admissible. */
	int64_t (*primitive)(const struct volume_physics *p, int dims, int64_t n, int64_t plane,
			     const double *conserved, double *primitive);
	/* Fastest wave along an axis in each of n cells; NULL: no waves (and no flux). */
	void (*speed)(const struct volume_physics *p, int axis, int64_t n, int64_t plane, const double *primitive,
		      double *out);
	/* Largest diffusivity that meets the conserved variables, given the least density (scalars: unused); NULL: none. */
	double (*diffusivity)(const struct volume_physics *p, double least);
	/* Diffusive fluxes f (VOLUME_ROW apart, plane order, so that du/dt = +div f) through the n faces above cells q along
	 * `axis`; stride[a], spacing[a]: neighbours along axis a. */
	void (*diffuse)(const struct volume_physics *p, int dims, int axis, const int64_t *stride,
			const double *spacing, int64_t n, int64_t plane, const double *q, double *f);
};

/* |speed| of a wave, at least what a rarefaction from the state with speed `left` to the one with speed `right` needs
 * to spread (Harten 1983; Roe's solver would leave it as a shock). */
static inline double volume_spread(double speed, double left, double right)
{
	const double s = speed < 0 ? -speed : speed, gap = right > left ? 2 * (right - left) : 0;

	return s < gap ? 0.5 * (s * s / (gap + 1e-300) + gap) : s;
}

/* States on both sides of n faces: left[j] belongs to the face above cell q[j], right[j] too, rebuilt from cells
 * q[j - 2 stride] ... q[j + 3 stride]. */
void volume_rebuild(enum volume_reconstruction kind, int64_t n, int64_t stride, const double *q, double *left,
		    double *right);

#endif
