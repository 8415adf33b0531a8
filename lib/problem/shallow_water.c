/* shallow_water.c: a column of water collapses over a flat bottom: the radial dam break of PDEBench. */
#include <math.h>
#include <string.h>

#include "problem/axes.h"
#include "problem/problem.h"
#include "problem/volume.h"

static const char *const boundaries[] = { "periodic", "outgoing", "wall", NULL };

struct shallow {
	double gravity, T, inner, outer, cfl;
	struct key_doubles radius;
	int64_t grid, frames;
	int boundary, solver, reconstruction, stepper;
	bool velocity;
};

static const double low = -2.5, length = 5;

static int check(const void *config, struct err *e)
{
	const struct shallow *c = config;

	if (c->radius.n != 2 || c->radius.at[0] > c->radius.at[1])
		return err_set(e, ERR_USAGE, "radius: two numbers are needed, the lower one first");
	return 0;
}

static double cell(const struct shallow *c, int64_t i)
{
	return low + length * ((double)i + 0.5) / (double)c->grid;
}

static void layout(const void *config, struct layout *l)
{
	const struct shallow *c = config;
	int axis[3];

	axis[0] = problem_time_axis(l, c->frames, c->T);
	axis[1] = problem_cell_axis(l, "x", c->grid, low, length, c->boundary == VOLUME_PERIODIC);
	axis[2] = problem_cell_axis(l, "y", c->grid, low, length, c->boundary == VOLUME_PERIODIC);
	layout_add_field(l, "h", DTYPE_F32, ROLE_TRAJECTORY, 3, axis);
	if (c->velocity) {
		layout_add_field(l, "Vx", DTYPE_F32, ROLE_TRAJECTORY, 3, axis);
		layout_add_field(l, "Vy", DTYPE_F32, ROLE_TRAJECTORY, 3, axis);
	}
	layout_add_param(l, "gravity", c->gravity);
}

static void numbers(const void *config, struct problem_numbers *n)
{
	(void)config;
	*n = (struct problem_numbers){ 3, { "steps", "radius", "mass_drift" } };
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct shallow *c = config;
	const enum volume_boundary boundary = (enum volume_boundary)c->boundary;
	const struct volume_setup setup = { .law = &volume_shallow,
					    .physics = { .gravity = c->gravity },
					    .dims = 2,
					    .size = { c->grid, c->grid },
					    .length = { length, length },
					    .boundary = { boundary, boundary },
					    .reconstruction = (enum volume_reconstruction)c->reconstruction,
					    .solver = (enum volume_solver)c->solver,
					    .stepper = (enum volume_stepper)c->stepper,
					    .cfl = c->cfl };

	*work = volume_work_new(&setup, "shallow water", e);
	return *work ? 0 : -1;
}

static int run(const struct shallow *c, struct volume_work *w, int64_t sample, double *const *field, double *number,
	       struct err *e)
{
	if (volume_trajectory(w->volume, w->state, 1, c->frames, c->T, c->velocity ? 3 : 1, field, sample, number, e) !=
	    0)
		return -1;
	number[2] = volume_drift(w->volume, 0);
	return 0;
}

/* Depth alone: the water is at rest. */
static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	const struct shallow *c = config;
	struct volume_work *w = work;
	const int64_t cells = c->grid * c->grid;

	memset(w->state, 0, (size_t)(3 * cells) * sizeof *w->state);
	for (int k = 0; k < (c->velocity ? 3 : 1); k++)
		memcpy(w->state + k * cells, in[k], (size_t)cells * sizeof *w->state);
	number[1] = 0; /* unknown */
	return run(c, w, sample, field, number, e);
}

static const char *const *march_input(const void *config)
{
	static const char *const depth[] = { "h", NULL }, *const all[] = { "h", "Vx", "Vy", NULL };
	const struct shallow *c = config;

	return c->velocity ? all : depth;
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	const struct shallow *c = config;
	struct volume_work *w = work;
	const double share = rng_uniform_at(rng_stream(seed, "shallow-water", 0, (uint64_t)sample), 0);
	const double radius = c->radius.at[0] + share * (c->radius.at[1] - c->radius.at[0]);

	memset(w->state, 0, (size_t)(3 * c->grid * c->grid) * sizeof *w->state);
	for (int64_t i = 0; i < c->grid; i++)
		for (int64_t j = 0; j < c->grid; j++)
			w->state[i * c->grid + j] = hypot(cell(c, i), cell(c, j)) <= radius ? c->inner : c->outer;
	number[1] = radius;
	return run(c, w, sample, field, number, e);
}

static const struct key keys[] = {
	KEY_INT(struct shallow, grid, "64", 1, 1e5, "cells an axis"),
	KEY_REAL(struct shallow, T, "1", 0, 1e9, "end time"),
	KEY_INT(struct shallow, frames, "20", 1, 1e7, "saved intervals: frames + 1 states"),
	KEY_REAL(struct shallow, gravity, "1", 1e-9, 1e9, "acceleration of gravity"),
	KEY_REALS(struct shallow, radius, "[0.3, 0.7]", 0, 10, "least and largest radius of the column"),
	KEY_REAL(struct shallow, inner, "2", 1e-9, 1e9, "depth in the column"),
	KEY_REAL(struct shallow, outer, "1", 1e-9, 1e9, "depth around it"),
	KEY_FLAG(struct shallow, velocity, "false", "store velocities too; without them marching starts at rest"),
	KEY_ONE_OF(struct shallow, boundary, "outgoing", boundaries, "ends of both axes"),
	KEY_ONE_OF(struct shallow, solver, "roe", volume_solvers, "fluxes at faces"),
	KEY_ONE_OF(struct shallow, reconstruction, "mc", volume_reconstructions, "values at faces"),
	KEY_ONE_OF(struct shallow, stepper, "heun", volume_steppers, "steps in time"),
	KEY_REAL(struct shallow, cfl, "0.4", 1e-6, 1, "cells that the fastest wave crosses in a step"),
	KEY_END,
};

static const struct problem_class shallow_water = {
	.name = "shallow-water",
	.summary = "shallow water: a circular dam breaks on (-2.5, 2.5)^2",
	.equation = "h_t = -(h*v1)_x - (h*v2)_y; (h*v1)_t = -(h*v1^2 + g*h^2/2)_x - (h*v1*v2)_y; "
		    "(h*v2)_t = -(h*v1*v2)_x - (h*v2^2 + g*h^2/2)_y",
	.source = "Takamoto et al., PDEBench (2022), appendix D.5",
	.notes = "finite volumes: MUSCL with monotonised central limiter on depth and velocity, Roe's flux with "
		 "entropy fix, "
		 "order 2 where smooth; mass is conserved to rounding inside walls",
	.config_size = sizeof(struct shallow),
	.keys = keys,
	.check = check,
	.layout = layout,
	.numbers = numbers,
	.prepare = prepare,
	.release = volume_work_free,
	.generate = generate,
	.march = march,
	.march_input = march_input,
	.test_config = "grid: 64\nframes: 2\nT: 0.2\n",
};

const struct problem_class *const problem_file_shallow_water[] = { &shallow_water, NULL };
