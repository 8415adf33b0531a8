/* advection.c: u_t + beta u_x = 0 on the periodic unit interval from sums of sines (the PDEBench family): the exact
 * shifted profile, or upwind finite volumes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "problem/axes.h"
#include "problem/problem.h"
#include "problem/sines.h"
#include "problem/volume.h"

enum { METHOD_EXACT, METHOD_UPWIND };
static const char *const methods[] = { "exact", "upwind", NULL };

struct advection {
	double beta, T, cfl;
	int64_t grid, frames, waves, terms;
	double window_share, abs_share;
	int method, reconstruction, stepper;
	bool compat;
};

static struct sines_law law(const struct advection *c)
{
	return (struct sines_law){ .waves = c->waves,
				   .terms = c->terms,
				   .abs_share = c->abs_share,
				   .window_share = c->window_share,
				   .length = 1,
				   .grid = c->grid,
				   .compat = c->compat };
}

static double grid_point(const struct advection *c, int64_t i)
{
	return ((double)i + (c->compat ? 0.5 : 0)) / (double)c->grid;
}

static int check(const void *config, struct err *e)
{
	const struct advection *c = config;

	return sines_check(c->compat, c->grid, e);
}

static void layout(const void *config, struct layout *l)
{
	const struct advection *c = config;
	int axis[2];

	axis[0] = problem_time_axis(l, c->frames, c->T);
	axis[1] =
		c->compat ? problem_cell_axis(l, "x", c->grid, 0, 1, true) : problem_periodic_axis(l, "x", c->grid, 1);
	layout_add_field(l, "u", DTYPE_F32, ROLE_TRAJECTORY, 2, axis);
	layout_add_param(l, "beta", c->beta);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct advection *c = config;
	const struct volume_setup setup = { .law = &volume_advection,
					    .physics = { .speed = c->beta },
					    .dims = 1,
					    .size = { c->grid },
					    .length = { 1 },
					    .reconstruction = (enum volume_reconstruction)c->reconstruction,
					    .solver = VOLUME_ROE,
					    .stepper = (enum volume_stepper)c->stepper,
					    .cfl = c->cfl };

	*work = NULL;
	if (c->method != METHOD_UPWIND)
		return 0;
	*work = volume_new(&setup, e);
	return *work ? 0 : -1;
}

static void release(void *work)
{
	volume_free(work);
}

/* Frame k is frame 0's trigonometric interpolant moved by beta t: exact for data that the grid resolves. */
static void march_shift(const struct advection *c, double *u, double *number)
{
	const int64_t n = c->grid;
	double *kernel = xmalloc((size_t)n * sizeof *kernel);

	for (int64_t k = 1; k <= c->frames; k++) {
		double cells = c->beta * (c->T * ((double)k / (double)c->frames)) * (double)n;

		for (int64_t i = 0; i < n; i++) {
			double z = fmod((double)i - cells, (double)n), s = sin(M_PI * z / (double)n);

			if (fabs(s) < 1e-15)
				kernel[i] = 1;
			else if (n % 2)
				kernel[i] = sin(M_PI * z) / ((double)n * s);
			else
				kernel[i] = sin(M_PI * z) * cos(M_PI * z / (double)n) / ((double)n * s);
		}
		for (int64_t i = 0; i < n; i++) {
			double sum = 0;

			for (int64_t j = 0; j < n; j++)
				sum += kernel[j <= i ? i - j : i - j + n] * u[j];
			u[k * n + i] = sum;
		}
	}
	free(kernel);
	number[0] = number[1] = 0;
}

static int march_upwind(const struct advection *c, struct volume *v, const double *start, int64_t sample,
			double *const *field, double *number, struct err *e)
{
	if (volume_trajectory(v, start, 1, c->frames, c->T, 1, field, sample, number, e) != 0)
		return -1;
	number[1] = volume_drift(v, 0);
	return 0;
}

static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	const struct advection *c = config;

	if (c->method == METHOD_UPWIND)
		return march_upwind(c, work, in[0], sample, field, number, e);
	if (field[0] != in[0])
		memcpy(field[0], in[0], (size_t)c->grid * sizeof **field);
	march_shift(c, field[0], number);
	return 0;
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	const struct advection *c = config;
	const double *start[1] = { field[0] };
	const struct sines_law l = law(c);
	struct sines p;

	sines_draw(&l, rng_stream(seed, "advection", 0, (uint64_t)sample), &p);
	for (int64_t i = 0; i < c->grid; i++)
		field[0][i] = sines_at(&p, grid_point(c, i));
	if (c->method == METHOD_UPWIND)
		return march(config, work, sample, start, field, number, e);
	for (int64_t k = 1; k <= c->frames; k++) {
		double moved = c->beta * (c->T * ((double)k / (double)c->frames));

		for (int64_t i = 0; i < c->grid; i++) {
			double x = grid_point(c, i) - moved;

			field[0][k * c->grid + i] = sines_at(&p, x - floor(x));
		}
	}
	number[0] = number[1] = 0;
	return 0;
}

static const struct key keys[] = {
	KEY_REAL(struct advection, beta, "1", -1e6, 1e6, "speed"),
	KEY_INT(struct advection, grid, "256", 1, 1e7, "points of x"),
	KEY_REAL(struct advection, T, "1", 0, 1e9, "end time"),
	KEY_INT(struct advection, frames, "20", 1, 1e7, "saved intervals: frames + 1 states"),
	KEY_ONE_OF(struct advection, method, "exact", methods, "exact shift, or upwind finite volumes"),
	KEY_ONE_OF(struct advection, reconstruction, "mc", volume_reconstructions, "upwind: values at faces"),
	KEY_ONE_OF(struct advection, stepper, "midpoint", volume_steppers, "upwind: steps in time"),
	KEY_REAL(struct advection, cfl, "0.4", 1e-6, 0.5, "cells moved in an upwind step, at most"),
	SINES_KEYS(struct advection),
	KEY_FLAG(struct advection, compat, "false",
		 "cell centres and initial states of the published PDEBench files, seam included"),
	KEY_END,
};

static const struct problem_class advection = {
	.name = "advection",
	.summary = "linear advection of sums of sines",
	.equation = "u_t = -beta*u_x",
	.source = "Takamoto et al., PDEBench (2022), appendix D.1",
	.notes = "exact; or upwind finite volumes, by default MUSCL with monotonised central limiter and midpoint rule "
		 "in "
		 "time as published, order 2 away from extrema; weno5 with ssprk3 has order 5 in space. "
		 "Marching exactly from given data shifts their trigonometric interpolant",
	.config_size = sizeof(struct advection),
	.keys = keys,
	.check = check,
	.layout = layout,
	.numbers = problem_numbers_drift,
	.prepare = prepare,
	.release = release,
	.generate = generate,
	.march = march,
	.march_input = problem_march_u,
	.test_config = "grid: 32\nframes: 4\nmethod: upwind\n",
};

const struct problem_class *const problem_file_advection[] = { &advection, NULL };
