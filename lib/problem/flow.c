/* flow.c: the table of initial states of compressible flow, and those that are a formula: shock tubes, quadrants, shear
 * layer, blast, vortices. */
#include "problem/flow.h"

#include <math.h>
#include <stddef.h>

double flow_centre(const struct flow *f, int axis, int64_t i)
{
	return f->low + f->length * ((double)i + 0.5) / (double)f->size[axis];
}

int64_t flow_cells(const struct flow *f)
{
	int64_t n = 1;

	for (int a = 0; a < f->dims; a++)
		n *= f->size[a];
	return n;
}

/* Centre of cell `cell`; axes that do not exist: 0. */
static void place(const struct flow *f, int64_t cell, double x[3])
{
	x[0] = x[1] = x[2] = 0;
	for (int a = f->dims - 1; a >= 0; a--) {
		x[a] = flow_centre(f, a, cell % f->size[a]);
		cell /= f->size[a];
	}
}

/* ---- shock tubes --------------------------------------------------------------------------------- */

/* Sod's own, and the seven of PDEBench: Toro (2009), table 4.1 and section 10.8, tests 6 and 7. */
static const struct riemann_gas sod[2] = { { 1, 0, 1 }, { 0.125, 0, 0.1 } };
static const struct riemann_gas sod1[2] = { { 1, 0.75, 1 }, { 0.125, 0, 0.1 } };
static const struct riemann_gas sod2[2] = { { 1, -2, 0.4 }, { 1, 2, 0.4 } };
static const struct riemann_gas sod3[2] = { { 1, 0, 1e3 }, { 1, 0, 0.01 } };
static const struct riemann_gas sod4[2] = { { 5.99924, 19.5975, 460.894 }, { 5.99242, -6.19633, 46.095 } };
static const struct riemann_gas sod5[2] = { { 1, -19.59745, 1e3 }, { 1, -19.59745, 0.01 } };
static const struct riemann_gas sod6[2] = { { 1.4, 0, 1 }, { 1, 0, 1 } };
static const struct riemann_gas sod7[2] = { { 1.4, 0.1, 1 }, { 1, 0.1, 1 } };

/* ---- fixed states -------------------------------------------------------------------------------- */

/* PDEBench's "2D-shock": one state a quadrant. */
static int quadrants(const struct flow *f, struct rng r, double *q, struct err *e)
{
	/* density, pressure, u, v at low x low y, high x low y, low x high y, high x high y */
	static const double state[4][4] = {
		{ 0.5, 0.1, 0, 0 }, { 0.1, 1, 0, 1 }, { 0.1, 1, 1, 0 }, { 0.1, 0.01, 0, 0 }
	};
	const int64_t cells = flow_cells(f);

	(void)r;
	(void)e;
	for (int64_t i = 0; i < cells; i++) {
		double x[3];
		const double middle = f->low + 0.5 * f->length;

		place(f, i, x);
		for (int k = 0; k < 4; k++)
			q[k * cells + i] = state[(x[0] > middle) + 2 * (x[1] > middle)][k];
	}
	return 0;
}

/* Two streams, (-1, 0) below and (1, 0) above a rippled line; mean density 1, sound 1 / mach. */
static int shear_layer(const struct flow *f, struct rng r, double *q, struct err *e)
{
	const int64_t cells = flow_cells(f), choices = f->modes[1] - f->modes[0] + 1;
	const double ratio = f->ratio[0] + (f->ratio[1] - f->ratio[0]) * rng_uniform_at(r, 0);
	const double mode = (double)(f->modes[0] + (int64_t)((double)choices * rng_uniform_at(r, 1)));
	const double upper = 2 / (ratio + 1), lower = ratio * upper;

	(void)e;
	for (int64_t i = 0; i < cells; i++) {
		double x[3];

		place(f, i, x);
		const double line =
			f->low + f->length * (0.5 + 5e-3 * sin(2 * M_PI * mode * (x[0] - f->low) / f->length));
		const bool above = x[1] > line;

		q[i] = above ? upper : lower;
		q[cells + i] = 1 / (f->mach * f->mach * f->gamma);
		q[2 * cells + i] = above ? 1 : -1;
		q[3 * cells + i] = 0;
	}
	return 0;
}

/* Orszag and Tang's vortex (1979) without its magnetic field. */
static int orszag_tang(const struct flow *f, struct rng r, double *q, struct err *e)
{
	const int64_t cells = flow_cells(f);

	(void)r;
	(void)e;
	for (int64_t i = 0; i < cells; i++) {
		double x[3];

		place(f, i, x);
		q[i] = f->gamma * f->gamma;
		q[cells + i] = f->gamma;
		q[2 * cells + i] = -sin(2 * M_PI * (x[1] - f->low) / f->length);
		q[3 * cells + i] = sin(2 * M_PI * (x[0] - f->low) / f->length);
	}
	return 0;
}

/* A ball of high pressure, 1/20 of the box in radius (Stone, Gardiner 2009, without field). */
static int blast(const struct flow *f, struct rng r, double *q, struct err *e)
{
	const int64_t cells = flow_cells(f);

	(void)r;
	(void)e;
	for (int64_t i = 0; i < cells; i++) {
		double x[3], square = 0;

		place(f, i, x);
		for (int a = 0; a < f->dims; a++)
			square += pow(x[a] - f->low - 0.5 * f->length, 2);
		q[i] = 1;
		q[cells + i] = square > pow(0.05 * f->length, 2) ? 0.1 : 100;
		for (int a = 0; a < f->dims; a++)
			q[(2 + a) * cells + i] = 0;
	}
	return 0;
}

static double from_middle(const struct flow *f, double x)
{
	const double y = (x - f->low) / f->length - 0.5;

	return f->length * (y - floor(y + 0.5));
}

void flow_vortex(const struct flow *f, double t, double *q)
{
	const int64_t cells = flow_cells(f);

	for (int64_t i = 0; i < cells; i++) {
		double x[3];

		place(f, i, x);
		const double a = from_middle(f, x[0] - t), b = from_middle(f, x[1] - t);
		const double spin = 5 / (2 * M_PI) * exp(0.5 * (1 - a * a - b * b));
		const double temperature = 1 - (f->gamma - 1) / (2 * f->gamma) * spin * spin;

		q[i] = pow(temperature, 1 / (f->gamma - 1));
		q[cells + i] = pow(temperature, f->gamma / (f->gamma - 1));
		q[2 * cells + i] = 1 - b * spin;
		q[3 * cells + i] = 1 + a * spin;
	}
}

static int vortex(const struct flow *f, struct rng r, double *q, struct err *e)
{
	(void)r;
	(void)e;
	flow_vortex(f, 0, q);
	return 0;
}

/* ---- the table ----------------------------------------------------------------------------------- */

/* Name, dimensions, function, states of a Riemann problem, place of its jump, random waves. */
#define FAMILIES(X)                                                                                                    \
	X("rand", 1, 3, flow_random, NULL, 0, true)                                                                    \
	X("turb", 2, 3, flow_turbulence, NULL, 0, true)                                                                \
	X("shock", 1, 1, flow_shocks, NULL, 0, false)                                                                  \
	X("sod", 1, 3, NULL, sod, 0.5, false)                                                                          \
	X("sod1", 1, 3, NULL, sod1, 0.3, false)                                                                        \
	X("sod2", 1, 3, NULL, sod2, 0.5, false)                                                                        \
	X("sod3", 1, 3, NULL, sod3, 0.5, false)                                                                        \
	X("sod4", 1, 3, NULL, sod4, 0.4, false)                                                                        \
	X("sod5", 1, 3, NULL, sod5, 0.8, false)                                                                        \
	X("sod6", 1, 3, NULL, sod6, 0.5, false)                                                                        \
	X("sod7", 1, 3, NULL, sod7, 0.5, false)                                                                        \
	X("quadrants", 2, 2, quadrants, NULL, 0, false)                                                                \
	X("kelvin-helmholtz", 2, 2, shear_layer, NULL, 0, false)                                                       \
	X("orszag-tang", 2, 2, orszag_tang, NULL, 0, false)                                                            \
	X("blast", 1, 3, blast, NULL, 0, false)                                                                        \
	X("vortex", 2, 2, vortex, NULL, 0, false)                                                                      \
	X("ce-rp", 2, 2, flow_ce_rp, NULL, 0, false)                                                                   \
	X("ce-crp", 2, 2, flow_ce_crp, NULL, 0, false)                                                                 \
	X("ce-kh", 2, 2, flow_ce_kh, NULL, 0, false)                                                                   \
	X("ce-gauss", 2, 2, flow_ce_gauss, NULL, 0, false)                                                             \
	X("ce-rpui", 2, 2, flow_ce_rpui, NULL, 0, false)                                                               \
	X("ce-rm", 2, 2, flow_ce_rm, NULL, 0, false)

#define NAME_OF(name, least, most, fill, states, jump, spectral) name,
#define ROW_OF(name, least, most, fill, states, jump, spectral) { name, least, most, fill, states, jump, spectral },

const char *const flow_names[] = { FAMILIES(NAME_OF) NULL };
static const struct flow_start starts[] = { FAMILIES(ROW_OF) };

const struct flow_start *flow_start_at(int choice)
{
	return &starts[choice];
}
