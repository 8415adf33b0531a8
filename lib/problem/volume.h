/* volume.h: finite volumes on uniform grids for conservation laws u_t + div F(u) = div D(u, grad u) + S(u) in one to
 * three dimensions: cell averages, states at faces rebuilt from primitive variables by a limited line (MUSCL) or WENO5,
 * an approximate Riemann solver at every face, explicit Runge-Kutta steps.
 *
 * Primitive variables are planes in this order: scalars first, then one velocity component per axis.
 *   euler          density, pressure, velocity...     conserved: density, energy, momentum...
 *   shallow-water  depth, velocity...                 conserved: depth, momentum...
 *   advection, burgers, diffusion   u
 *
 * Sources: Toro, Riemann Solvers and Numerical Methods for Fluid Dynamics (2009); LeVeque, Finite Volume Methods for
 * Hyperbolic Problems (2002); Jiang, Shu, J. Comput. Phys. 126 (1996), for WENO5; Meyer, Balsara, Aslam, J. Comput.
 * Phys. 257 (2014), for the stages of stiff diffusion. */
#ifndef SCIML_PROBLEM_VOLUME_H
#define SCIML_PROBLEM_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { VOLUME_DIMS = 3, VOLUME_VARIABLES = 5 };

/* Both ends of an axis: the other end's cells; the last cell again; mirrored cells with the normal velocity turned
 * round. */
enum volume_boundary { VOLUME_PERIODIC, VOLUME_OUTGOING, VOLUME_WALL };

/* In each case the values of keys, in the order of the names (NULL-terminated, for KEY_ONE_OF). */
enum volume_reconstruction { VOLUME_CONSTANT, VOLUME_MINMOD, VOLUME_VAN_LEER, VOLUME_MC, VOLUME_WENO5 };
extern const char *const volume_reconstructions[];
enum volume_solver { VOLUME_RUSANOV, VOLUME_HLL, VOLUME_HLLC, VOLUME_ROE };
extern const char *const volume_solvers[];
/* Tableaus of integ.h: midpoint is the predictor-corrector of PDEBench, heun is the strong-stability-preserving method
 * of order 2, ssprk3 the one of order 3. */
enum volume_stepper { VOLUME_MIDPOINT, VOLUME_HEUN, VOLUME_SSPRK3, VOLUME_RK4 };
extern const char *const volume_steppers[];

/* Constants of the laws; each reads its own. */
struct volume_physics {
	double gamma;	   /* euler: ratio of specific heats, p = (gamma - 1) (E - rho |v|^2 / 2) */
	double eta, zeta;  /* euler: shear and bulk viscosity */
	double conduction; /* euler: heat flux -conduction grad(p / rho) */
	bool per_mass; /* euler: eta, zeta count per mass and act along each axis alone, as PDEBench's generator has it */
	double gravity;	    /* shallow-water */
	double speed;	    /* advection */
	double diffusivity; /* advection, burgers, diffusion: u_t = ... + diffusivity Laplace u */
};

struct volume_law;
extern const struct volume_law volume_euler, volume_shallow, volume_advection, volume_burgers, volume_diffusion;

struct volume_setup {
	const struct volume_law *law;
	struct volume_physics physics;
	int dims;
	int64_t size[VOLUME_DIMS];  /* cells */
	double length[VOLUME_DIMS]; /* extent of the domain */
	enum volume_boundary boundary[VOLUME_DIMS];
	enum volume_reconstruction reconstruction;
	enum volume_solver solver;
	enum volume_stepper stepper;
	double cfl;	     /* cells that the fastest wave crosses in a step along the worst axis, at most */
	double longest_step; /* 0: no limit of its own */
	/* The flow of u_t = S(u) over dt, exact, on n values of every conserved plane (NULL: none). Half a step of it stands
	 * before and half a step after every step (Strang). */
	void (*source)(const void *context, double dt, int64_t n, int64_t plane, double *conserved);
	const void *source_context;
};

struct volume;
/* Combinations that do not exist (hllc for a scalar) and sizes out of memory: NULL with the reason. Freed with
 * volume_free. */
struct volume *volume_new(const struct volume_setup *s, struct err *e);
void volume_free(struct volume *v);

/* Number of variables of a law in this many dimensions; whether it has this solver. */
int volume_count(const struct volume_law *law, int dims);
bool volume_has(const struct volume_law *law, enum volume_solver solver);

/* Time 0 with these primitive cell values, plane after plane, each row-major (x slowest). A state that is not
 * admissible (density, pressure, depth not positive; not finite) is ERR_FAIL "pressure is -0.3 in cell (3, 7) at t =
 * 0.02". */
int volume_start(struct volume *v, const double *primitive, struct err *e);
/* March to time t, in equal steps as far as the wave speeds allow. A step that would end in such a state is taken with
 * order 1 instead, which keeps density, pressure and depth positive. Same errors when that does not help. */
int volume_advance(struct volume *v, double t, struct err *e);
/* Primitive cell values, shaped as volume_start's. */
void volume_read(const struct volume *v, double *primitive);
/* Integrals over the domain of every conserved plane, in the order above. */
void volume_totals(const struct volume *v, double *total);
void volume_start_totals(const struct volume *v, double *total); /* the same at time 0 */
/* Change of the integral of conserved plane k since time 0, relative to the integral of its absolute value then (which
 * is 0: 0). */
double volume_drift(const struct volume *v, int k);
int64_t volume_reduced(const struct volume *v); /* steps of order 1 since volume_start */

/* The frames t = 0, T/frames, ... T from primitive planes `start` (which may be where frame 0 of a field goes when
 * refine is 1 and there is one field): field[k] gets plane k, frame after frame, k < n_fields. refine: every output
 * cell is the mean over so many cells along each axis. steps: time steps taken. Errors begin with "sample N: ". */
int volume_trajectory(struct volume *v, const double *start, int64_t refine, int64_t frames, double T, int n_fields,
		      double *const *field, int64_t sample, double *steps, struct err *e);

/* What a sample's run needs: the solver and room for its primitive planes. what: in the message when memory is out.
 * Freed with volume_work_free (NULL: nothing). */
struct volume_work {
	struct volume *volume;
	double *state; /* volume_count planes of size[0] x ... cells */
};
struct volume_work *volume_work_new(const struct volume_setup *s, const char *what, struct err *e);
void volume_work_free(void *work);

/* F(left, right) of one face along the first axis: primitive states in plane order, conserved fluxes in plane order. */
void volume_face_flux(const struct volume_law *law, const struct volume_physics *p, enum volume_solver solver, int dims,
		      const double *left, const double *right, double *flux);

#endif
