/* volume_state.h: the finite-volume engine's work area. Private to the files volume*.c. */
#ifndef SCIML_PROBLEM_VOLUME_STATE_H
#define SCIML_PROBLEM_VOLUME_STATE_H

#include "integ/tableau.h"
#include "problem/volume_law.h"

enum { VOLUME_STAGES = 4 };

/* Planes have ghost cells on both ends of every axis; those of conserved variables and rates stay 0. */
struct volume {
	struct volume_setup setup;
	const struct tableau *tableau;
	volume_flux flux, safe_flux;		   /* NULL: the law has none */
	enum volume_reconstruction reconstruction; /* at the moment */
	int n;					   /* variables */
	int64_t padded[VOLUME_DIMS], stride[VOLUME_DIMS], plane;
	double spacing[VOLUME_DIMS];
	double *conserved, *before, *primitive;
	double *rate[VOLUME_STAGES];
	double *change[2], *first_rate; /* of the stages of stiff diffusion */
	double *tile;			/* left, right, flux: VOLUME_VARIABLES rows of VOLUME_ROW each */
	double time, start[VOLUME_VARIABLES], size[VOLUME_VARIABLES]; /* integrals at time 0, and of absolute values */
	int64_t steps, reduced;
};

/* Rows along the last axis: row r of extent[0] x ... x extent[dims - 2] rows that start at index `first` along each of
 * these axes. Returns the offset of the row's cell 0; index (may be NULL) gets the indices along the outer axes. */
int64_t volume_row(const struct volume *v, const int64_t *extent, const int64_t *first, int64_t r, int64_t *index);
/* Number of rows of cells, and the offset of row r. */
int64_t volume_rows(const struct volume *v);
int64_t volume_cell_row(const struct volume *v, int64_t r);

/* Ghost cells of the primitive planes, corners too. */
void volume_fill_ghosts(struct volume *v);
/* rate = du/dt of the conserved planes by waves and diffusion, from primitive planes with ghost cells. */
void volume_rate(struct volume *v, bool waves, bool diffusion, double *rate);
/* Primitive planes from the conserved ones. */
int volume_refresh(struct volume *v, struct err *e);
/* u_t = div D over dt by the second-order Runge-Kutta-Legendre method, with as many stages as `explicit_step`, the
 * longest stable Euler step, asks for. */
int volume_diffuse(struct volume *v, double dt, double explicit_step, struct err *e);

#endif
