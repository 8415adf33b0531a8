/* projection_inside.h: the work area of projection.h. Private to the files projection*.c.
 *
 * All planes have two ghost layers and the same strides: cell (i, j), its lower face along x and its lower face along y
 * are at the same offset in their planes. */
#ifndef SCIML_PROBLEM_PROJECTION_INSIDE_H
#define SCIML_PROBLEM_PROJECTION_INSIDE_H

#include "problem/projection.h"

enum { PROJECTION_GHOSTS = 2 };

struct projection_state {
	double *u, *v, *q; /* q: NULL without density */
};

struct projection_poisson;
struct projection {
	struct projection_setup setup;
	struct projection_flow flow;
	int64_t nx, ny, stride, plane;
	double hx, hy;
	struct projection_state now, stage, rate;
	double *fx, *fy; /* force at faces */
	double *cells;	 /* one plane without ghosts */
	double *row;	 /* density at faces: left, right, flux; ny + 1 each */
	struct projection_poisson *poisson;
	bool forced;
	double time, divergence, mass, mass_size;
	int64_t steps;
};

static inline int64_t projection_at(const struct projection *p, int64_t i, int64_t j)
{
	return (i + PROJECTION_GHOSTS) * p->stride + j + PROJECTION_GHOSTS;
}

/* Time derivatives without pressure, at the faces that the flow decides, and of q in cells. Needs filled ghosts. */
void projection_rate(struct projection *p, const struct projection_state *s, struct projection_state *rate);
/* s minus the gradient that its divergence asks for; ghosts filled before and after. With inflow, the outflow is made
 * to equal it first. The potential stays in p->cells. */
void projection_project(struct projection *p, struct projection_state *s);
/* div u of cell (i, j) */
double projection_cell_divergence(const struct projection *p, const struct projection_state *s, int64_t i, int64_t j);

/* Laplace x = b in cells, dx = 0 at ends that are not periodic, mean of x 0. In place. */
struct projection_poisson *projection_poisson_new(const int64_t *size, const double *spacing, const bool *periodic,
						  struct err *e);
void projection_poisson_free(struct projection_poisson *s);
void projection_poisson_solve(struct projection_poisson *s, double *x);

#endif
