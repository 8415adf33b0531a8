/* flow.h: families of initial states of compressible flow, by name. Each fills primitive planes on cell centres. */
#ifndef SCIML_PROBLEM_FLOW_H
#define SCIML_PROBLEM_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"
#include "problem/riemann.h"

/* Grid and constants. Planes are density, pressure, velocity per axis; each size[0] x ... row-major. */
struct flow {
	int dims;
	int64_t size[3];
	double low, length; /* every axis spans low .. low + length */
	double gamma;
	double mach;			/* of random flows and shear layers */
	int64_t waves;			/* largest wave number of random flows; of sines in one dimension */
	double window_share;		/* share of samples whose random part stands in a window */
	const double *ratio;		/* densities across a shear layer: least and largest */
	const int64_t *modes;		/* wave numbers of a shear layer's ripple: least and largest */
	double density[2], pressure[2]; /* ranges of one-dimensional random flows */
	bool compat;			/* as the published code does it, oddities included */
};

struct flow_start {
	const char *name;
	int least_dims, most_dims;
	/* Fills planes q for stream r; -1: out of memory. */
	int (*fill)(const struct flow *f, struct rng r, double *q, struct err *e);
	/* Riemann problems along x: states and place of the jump as a share of the length; exact solution known. NULL:
	 * none. */
	const struct riemann_gas *states;
	double jump;
	bool spectral; /* waves up to flow.waves along two or three axes, which the grid must hold */
};

extern const char *const flow_names[]; /* for KEY_ONE_OF */
const struct flow_start *flow_start_at(int choice);

/* Centre of cell i. */
double flow_centre(const struct flow *f, int axis, int64_t i);
int64_t flow_cells(const struct flow *f);

/* The isentropic vortex (Shu 1998): strength 5, moving with velocity 1 along both axes from the middle of the box. */
void flow_vortex(const struct flow *f, double t, double *q);

/* ---- the families, in files of their own --------------------------------------------------------- */

int flow_random(const struct flow *f, struct rng r, double *q, struct err *e);	   /* flow_random.c */
int flow_turbulence(const struct flow *f, struct rng r, double *q, struct err *e); /* flow_random.c */
int flow_shocks(const struct flow *f, struct rng r, double *q, struct err *e);	   /* flow_random.c */
int flow_ce_rp(const struct flow *f, struct rng r, double *q, struct err *e);	   /* flow_poseidon.c */
int flow_ce_crp(const struct flow *f, struct rng r, double *q, struct err *e);
int flow_ce_kh(const struct flow *f, struct rng r, double *q, struct err *e);
int flow_ce_gauss(const struct flow *f, struct rng r, double *q, struct err *e);
int flow_ce_rpui(const struct flow *f, struct rng r, double *q, struct err *e);
int flow_ce_rm(const struct flow *f, struct rng r, double *q, struct err *e);

#endif
