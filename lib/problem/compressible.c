/* compressible.c: compressible flow of an ideal gas in one to three dimensions by finite volumes, from the families of
 * initial states in flow.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "problem/axes.h"
#include "problem/flow.h"
#include "problem/problem.h"
#include "problem/volume.h"

enum { METHOD_VOLUME, METHOD_EXACT };
static const char *const methods[] = { "volume", "exact", NULL };
enum { BOUNDARY_SHEAR = VOLUME_WALL + 1 };
static const char *const boundaries[] = { "periodic", "outgoing", "wall", "shear", NULL };
enum { STRESS_NEWTONIAN, STRESS_PER_MASS };
static const char *const stresses[] = { "newtonian", "per-mass", NULL };

struct compressible {
	int64_t dims, refine, frames, waves;
	struct key_longs grid, modes;
	struct key_doubles density, pressure, ratio;
	double low, length, T, gamma, eta, zeta, conduction, mach, window_share, cfl;
	int initial, boundary, stress, solver, reconstruction, stepper, method;
	bool compat;
};

static int64_t cells_along(const struct compressible *c, int axis)
{
	return c->grid.at[c->grid.n == 1 ? 0 : axis];
}

static struct flow flow_of(const struct compressible *c, int64_t refine)
{
	struct flow f = { .dims = (int)c->dims,
			  .low = c->low,
			  .length = c->length,
			  .gamma = c->gamma,
			  .mach = c->mach,
			  .waves = c->waves,
			  .window_share = c->window_share,
			  .ratio = c->ratio.at,
			  .modes = c->modes.at,
			  .density = { c->density.at[0], c->density.at[1] },
			  .pressure = { c->pressure.at[0], c->pressure.at[1] },
			  .compat = c->compat };

	for (int a = 0; a < f.dims; a++)
		f.size[a] = refine * cells_along(c, a);
	return f;
}

static int check_range(const char *name, int n, bool ordered, struct err *e)
{
	if (n == 2 && ordered)
		return 0;
	return err_set(e, ERR_USAGE, "%s: two numbers are needed, the lower one first", name);
}

/* The solver's cells, in all variables, must be a number of bytes. */
static int check_cells(const struct compressible *c, struct err *e)
{
	char sizes[96] = "";
	double cells = 1;
	int at = 0;

	for (int a = 0; a < c->dims; a++) {
		cells *= (double)cells_along(c, a) * (double)c->refine;
		at += snprintf(sizes + at, sizeof sizes - (size_t)at, "%s%lld", a > 0 ? " x " : "",
			       (long long)cells_along(c, a));
	}
	if (cells <= 0x1p53)
		return 0;
	return err_set(e, ERR_USAGE, "refine: %s cells refined %lld times along each axis are %.3g, too many", sizes,
		       (long long)c->refine, cells);
}

static int check(const void *config, struct err *e)
{
	const struct compressible *c = config;
	const struct flow_start *start = flow_start_at(c->initial);

	if (c->grid.n != 1 && c->grid.n != c->dims)
		return err_set(e, ERR_USAGE, "grid: %d numbers for %lld dimensions", c->grid.n, (long long)c->dims);
	if (check_cells(c, e) != 0)
		return -1;
	if (c->dims < start->least_dims || c->dims > start->most_dims)
		return err_set(e, ERR_USAGE, "dims: initial %s needs %d to %d dimensions", start->name,
			       start->least_dims, start->most_dims);
	if (check_range("density", c->density.n, c->density.at[0] <= c->density.at[1], e) != 0 ||
	    check_range("pressure", c->pressure.n, c->pressure.at[0] <= c->pressure.at[1], e) != 0 ||
	    check_range("ratio", c->ratio.n, c->ratio.at[0] <= c->ratio.at[1], e) != 0 ||
	    check_range("modes", c->modes.n, c->modes.at[0] <= c->modes.at[1], e) != 0)
		return -1;
	for (int a = 0; a < c->dims && c->dims > 1 && start->spectral; a++)
		if (cells_along(c, a) * c->refine <= 2 * c->waves)
			return err_set(e, ERR_USAGE, "grid: %lld cells cannot hold %lld waves",
				       (long long)(cells_along(c, a) * c->refine), (long long)c->waves);
	if (c->compat && c->dims == 1 && cells_along(c, 0) * c->refine < 2)
		return err_set(e, ERR_USAGE, "grid: compat needs two cells or more");
	if (c->method == METHOD_EXACT && !start->states && strcmp(start->name, "vortex") != 0)
		return err_set(e, ERR_USAGE, "method: exact solutions exist for sod, sod1 ... sod7 and vortex");
	if (c->method == METHOD_EXACT && (c->eta > 0 || c->zeta > 0 || c->conduction > 0))
		return err_set(e, ERR_USAGE, "method: exact solutions are inviscid, set eta, zeta and conduction to 0");
	return 0;
}

static const char *const names[] = { "density", "pressure", "Vx", "Vy", "Vz", NULL };

static void layout(const void *config, struct layout *l)
{
	static const char *const axis_name[] = { "x", "y", "z" };
	const struct compressible *c = config;
	int axis[4];

	axis[0] = problem_time_axis(l, c->frames, c->T);
	for (int a = 0; a < c->dims; a++) {
		const bool periodic = c->boundary == VOLUME_PERIODIC || (c->boundary == BOUNDARY_SHEAR && a == 0);

		axis[1 + a] = problem_cell_axis(l, axis_name[a], cells_along(c, a), c->low, c->length, periodic);
	}
	for (int k = 0; k < 2 + c->dims; k++)
		layout_add_field(l, names[k], DTYPE_F32, ROLE_TRAJECTORY, (int)c->dims + 1, axis);
	layout_add_param(l, "eta", c->eta);
	layout_add_param(l, "zeta", c->zeta);
	if (c->dims > 1)
		layout_add_param(l, "M", c->mach);
	layout_add_param(l, "gamma", c->gamma);
}

static void numbers(const void *config, struct problem_numbers *n)
{
	(void)config;
	*n = (struct problem_numbers){ 5,
				       { "steps", "steps_reduced", "mass_drift", "momentum_drift", "energy_drift" } };
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct compressible *c = config;
	const struct flow f = flow_of(c, c->refine);
	struct volume_setup setup = { .law = &volume_euler,
				      .physics = { .gamma = c->gamma,
						   .eta = c->eta,
						   .zeta = c->zeta,
						   .conduction = c->conduction,
						   .per_mass = c->stress == STRESS_PER_MASS },
				      .dims = f.dims,
				      .reconstruction = (enum volume_reconstruction)c->reconstruction,
				      .solver = (enum volume_solver)c->solver,
				      .stepper = (enum volume_stepper)c->stepper,
				      .cfl = c->cfl };

	for (int a = 0; a < f.dims; a++) {
		setup.size[a] = f.size[a];
		setup.length[a] = f.length;
		setup.boundary[a] = c->boundary != BOUNDARY_SHEAR ? (enum volume_boundary)c->boundary
				    : a == 0			  ? VOLUME_PERIODIC
								  : VOLUME_OUTGOING;
	}
	*work = volume_work_new(&setup, "compressible flow", e);
	return *work ? 0 : -1;
}

/* What conservation loses: relative to the start's mass and energy; momentum relative to sqrt(2 mass energy). */
static void measure(const struct compressible *c, const struct volume *v, double *number)
{
	double now[5], start[5], momentum = 0;

	volume_totals(v, now);
	volume_start_totals(v, start);
	for (int a = 0; a < c->dims; a++)
		momentum = fmax(momentum, fabs(now[2 + a] - start[2 + a]));
	number[1] = (double)volume_reduced(v);
	number[2] = volume_drift(v, 0);
	number[3] = momentum / sqrt(2 * start[0] * start[1]);
	number[4] = volume_drift(v, 1);
}

static int run(const struct compressible *c, struct volume_work *w, int64_t sample, double *const *field,
	       double *number, struct err *e)
{
	if (volume_trajectory(w->volume, w->state, c->refine, c->frames, c->T, (int)c->dims + 2, field, sample, number,
			      e) != 0)
		return -1;
	measure(c, w->volume, number);
	return 0;
}

/* Initial data are constant in every block of refine cells. */
static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	const struct compressible *c = config;
	const struct flow f = flow_of(c, c->refine);
	const int64_t cells = flow_cells(&f);
	struct volume_work *w = work;

	if (c->method == METHOD_EXACT) {
		err_set(e, ERR_USAGE, "method: exact solutions start from their own initial state");
		return problem_sample_error(e, sample);
	}
	for (int64_t i = 0; i < cells; i++) {
		int64_t rest = i, from = 0, scale = 1;

		for (int a = f.dims - 1; a >= 0; a--) {
			from += scale * (rest % f.size[a] / c->refine);
			rest /= f.size[a];
			scale *= f.size[a] / c->refine;
		}
		for (int k = 0; k < 2 + f.dims; k++)
			w->state[k * cells + i] = in[k][from];
	}
	return run(c, w, sample, field, number, e);
}

static void riemann_states(const struct flow *f, const struct flow_start *start, double t, double pressure,
			   double velocity, double *q)
{
	const int64_t cells = flow_cells(f), rows = cells / f->size[0];

	for (int64_t i = 0; i < cells; i++) {
		const double x = flow_centre(f, 0, i / rows) - f->low - start->jump * f->length;
		const struct riemann_gas at = t > 0 ? riemann_gas_at(f->gamma, &start->states[0], &start->states[1],
								     pressure, velocity, x / t)
						    : start->states[x > 0];

		q[i] = at.density;
		q[cells + i] = at.pressure;
		q[2 * cells + i] = at.velocity;
		for (int a = 1; a < f->dims; a++)
			q[(2 + a) * cells + i] = 0;
	}
}

static int exact(const struct compressible *c, struct volume_work *w, int64_t sample, double *const *field,
		 double *number, struct err *e)
{
	const struct flow_start *start = flow_start_at(c->initial);
	const struct flow f = flow_of(c, 1);
	const int64_t cells = flow_cells(&f);
	double pressure = 0, velocity = 0;

	if (start->states &&
	    riemann_gas_middle(f.gamma, &start->states[0], &start->states[1], &pressure, &velocity) != 0) {
		err_set(e, ERR_FAIL, "initial %s opens a vacuum at gamma = %g", start->name, f.gamma);
		return problem_sample_error(e, sample);
	}
	for (int64_t n = 0; n <= c->frames; n++) {
		const double t = c->T * ((double)n / (double)c->frames);

		if (start->states)
			riemann_states(&f, start, t, pressure, velocity, w->state);
		else
			flow_vortex(&f, t, w->state);
		for (int k = 0; k < 2 + f.dims; k++)
			memcpy(field[k] + n * cells, w->state + k * cells, (size_t)cells * sizeof *w->state);
	}
	for (int k = 0; k < 5; k++)
		number[k] = 0;
	return 0;
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	const struct compressible *c = config;
	const struct flow_start *start = flow_start_at(c->initial);
	const struct flow f = flow_of(c, c->refine);
	struct volume_work *w = work;

	if (c->method == METHOD_EXACT)
		return exact(c, w, sample, field, number, e);
	if (start->states)
		riemann_states(&f, start, 0, 0, 0, w->state);
	else if (start->fill(&f, rng_stream(seed, "compressible", 0, (uint64_t)sample), w->state, e) != 0)
		return problem_sample_error(e, sample);
	return run(c, w, sample, field, number, e);
}

static const char *const *march_input(const void *config)
{
	static const char *const one[] = { "density", "pressure", "Vx", NULL };
	static const char *const two[] = { "density", "pressure", "Vx", "Vy", NULL };
	const struct compressible *c = config;

	return c->dims == 1 ? one : c->dims == 2 ? two : names;
}

static const struct key keys[] = {
	KEY_INT(struct compressible, dims, "1", 1, 3, "dimensions"),
	KEY_INTS(struct compressible, grid, "256", 1, 1e7, "cells of each axis; one number serves all"),
	KEY_INT(struct compressible, refine, "1", 1, 64,
		"solver's cells along each axis of a stored cell, which is their mean"),
	KEY_REAL(struct compressible, low, "0", -1e9, 1e9, "lower end of every axis"),
	KEY_REAL(struct compressible, length, "1", 1e-9, 1e9, "length of every axis"),
	KEY_REAL(struct compressible, T, "1", 0, 1e9, "end time"),
	KEY_INT(struct compressible, frames, "20", 1, 1e7, "saved intervals: frames + 1 states"),
	KEY_ONE_OF(struct compressible, boundary, "periodic", boundaries,
		   "ends of all axes; shear: x periodic, the others outgoing"),
	KEY_REAL(struct compressible, gamma, "1.6666666666666667", 1.000001, 100, "ratio of specific heats"),
	KEY_REAL(struct compressible, eta, "0", 0, 1e6, "shear viscosity"),
	KEY_REAL(struct compressible, zeta, "0", 0, 1e6, "bulk viscosity"),
	KEY_REAL(struct compressible, conduction, "0", 0, 1e6, "heat flux over the gradient of pressure / density"),
	KEY_ONE_OF(struct compressible, stress, "newtonian", stresses,
		   "newtonian; per-mass: eta and zeta times density, along each axis alone, as in the published "
		   "generator"),
	KEY_ONE_OF(struct compressible, initial, "rand", flow_names, "family of initial states"),
	KEY_REAL(struct compressible, mach, "1", 1e-6, 1e3, "rand, turb, kelvin-helmholtz: Mach number"),
	KEY_INT(struct compressible, waves, "4", 1, 64, "rand, turb: largest wave number"),
	KEY_REAL(struct compressible, window_share, "0.5", 0, 1, "rand: share of samples under a smooth window"),
	KEY_REALS(struct compressible, density, "[1, 10]", 1e-9, 1e9, "rand in one dimension, shock: range"),
	KEY_REALS(struct compressible, pressure, "[10, 100]", 1e-9, 1e9, "rand in one dimension, shock: range"),
	KEY_REALS(struct compressible, ratio, "[0.5, 2]", 1e-6, 1e6,
		  "kelvin-helmholtz: range of lower over upper density"),
	KEY_INTS(struct compressible, modes, "[1, 3]", 1, 1e4, "kelvin-helmholtz: range of ripples along x"),
	KEY_FLAG(struct compressible, compat, "false",
		 "rand in one dimension, shock: as the published code draws them, oddities included"),
	KEY_ONE_OF(struct compressible, method, "volume", methods,
		   "finite volumes, or the exact solution of sod*, vortex"),
	KEY_ONE_OF(struct compressible, solver, "hllc", volume_solvers, "fluxes at faces"),
	KEY_ONE_OF(struct compressible, reconstruction, "mc", volume_reconstructions, "values at faces"),
	KEY_ONE_OF(struct compressible, stepper, "midpoint", volume_steppers, "steps in time"),
	KEY_REAL(struct compressible, cfl, "0.3", 1e-6, 1, "cells that the fastest wave crosses in a step"),
	KEY_END,
};

static const struct problem_class compressible = {
	.name = "compressible",
	.summary = "compressible Euler and Navier-Stokes flow in 1 to 3 dimensions",
	.equation =
		"rho_t = -div(rho*v); (rho*v)_t = -div(rho*v*v + p - stress); E_t = -div((E + p)*v - stress*v + heat); "
		"E = p/(gamma - 1) + rho*v^2/2",
	.source = "Takamoto et al., PDEBench (2022), appendix D.4; Herde et al., Poseidon (2024), appendix B (ce-*)",
	.notes = "finite volumes, by default as PDEBench: MUSCL on primitive variables with monotonised central "
		 "limiter, HLLC, "
		 "midpoint rule; order 2. weno5 with ssprk3 is sharper, order 2 too in several dimensions. Mass, "
		 "momentum and energy are "
		 "conserved to rounding between periodic ends; numbers of every sample say by how much. A step that "
		 "would leave "
		 "density or pressure negative is taken with order 1 (steps_reduced)",
	.config_size = sizeof(struct compressible),
	.keys = keys,
	.check = check,
	.layout = layout,
	.numbers = numbers,
	.prepare = prepare,
	.release = volume_work_free,
	.generate = generate,
	.march = march,
	.march_input = march_input,
	.test_config = "dims: 2\ngrid: [24, 16]\nframes: 2\nT: 0.05\neta: 0.01\nzeta: 0.01\n",
};

const struct problem_class *const problem_file_compressible[] = { &compressible, NULL };
