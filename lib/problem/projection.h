/* projection.h: incompressible flow u_t + u.grad u = -grad p + nu Laplace u + f, div u = 0, in a box, and a passive
 * density q_t + div(u q) = 0 that it may carry, on a staggered grid: normal velocities at faces, pressure and density
 * in cells.
 *
 * Space: central fluxes of momentum, which conserve kinetic energy when div u = 0 (Harlow, Welch, Phys. Fluids 8,
 * 1965); Laplacian of three points an axis, tangential walls by mirrored ghost values; limited upwind fluxes of q.
 * Order 2. Time: the strong-stability-preserving Runge-Kutta method of order 3, every rate projected on the fields
 * without divergence (Chorin, Math. Comput. 22, 1968) by cosine and Fourier transforms: exact to rounding.
 *
 * A pair of planes is the x component on all cells, then the y component; planes are row-major, x slowest. Cell values
 * of velocity are means of the two faces. */
#ifndef SCIML_PROBLEM_PROJECTION_H
#define SCIML_PROBLEM_PROJECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Both ends of an axis. Wall: no flow through, no slip. Slip: no flow through, no stress. Through (x alone): a uniform
 * inflow at x = 0; at the other end u_t + U u_x = 0, U the inflow, for the normal velocity and v_x = 0 for the
 * tangential one. */
enum projection_side { PROJECTION_WALL, PROJECTION_SLIP, PROJECTION_PERIODIC, PROJECTION_THROUGH };

struct projection_setup {
	int64_t size[2];  /* cells, at least 2 */
	double length[2]; /* extents */
	enum projection_side side[2];
	double cfl;  /* cells that the flow crosses in a step, at most; 1/2 or less keeps q within its bounds */
	double step; /* time step; 0: as long as cfl and viscosity allow */
	bool density;
	bool weighted; /* the force acts on the density: q f instead of f */
};

/* What may differ between samples. */
struct projection_flow {
	double viscosity;
	double lid;   /* velocity of the wall at the upper end of y along x; 0 elsewhere */
	double inlet; /* velocity at x = 0 */
};

struct projection;
/* NULL with the reason: out of memory, sides that do not go together. Freed with projection_free. */
struct projection *projection_new(const struct projection_setup *s, struct err *e);
void projection_free(struct projection *p);

/* Time 0. velocity (NULL: at rest), a pair of planes in cells, goes to faces and is projected. drawn: a face gets the
 * mean of the cells on both sides. Else cell values count as the means of their faces, as projection_velocity gives
 * them, and the faces are found from that, along each axis: exactly, up to waves of two cells along a periodic axis,
 * which means do not show; by least squares where no faces between walls have such means. force (NULL: none), a pair
 * too, goes to faces as means. density: one plane. Values that are not finite: ERR_FAIL. */
int projection_start(struct projection *p, const struct projection_flow *f, const double *velocity, bool drawn,
		     const double *density, const double *force, struct err *e);
/* March to time t. ERR_FAIL "dt 0.1 is too long at t = 0.3: 0.02 at most", or "not finite at t = 0.3". */
int projection_advance(struct projection *p, double t, struct err *e);

void projection_velocity(const struct projection *p, double *pair);
void projection_density(const struct projection *p, double *plane);
/* Pressure of the present state, mean 0. */
void projection_pressure(struct projection *p, double *plane);

int64_t projection_steps(const struct projection *p);
/* Largest |div u| since time 0, in units of the fastest velocity over the cell width. */
double projection_divergence(const struct projection *p);
/* Change of the integral of q, relative to the integral of |q| at time 0. */
double projection_drift(const struct projection *p);

#endif
