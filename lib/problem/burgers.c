/* burgers.c: viscous Burgers' equation on the periodic unit interval from Gaussian random initial states:
 * pseudo-spectral with two-thirds dealiasing, ETDRK4 in time, in the frame that moves with the conserved mean.
 *
 * Samples are solved on one internal grid and subsampled, so that the same seed gives the same solutions on every
 * output grid. The steps of a frame are a power of two or three halves of one, so that few coefficient tables serve all
 * samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stop.h"
#include "integ/integ.h"
#include "num/field.h"
#include "problem/axes.h"
#include "problem/problem.h"
#include "problem/spectral.h"

struct burgers {
	double nu, T, cfl, gamma, tau, sigma;
	int64_t grid, solve_grid, frames;
	bool mean_mode;
};

enum { TABLES = 64 };

struct work {
	struct spectral fine, coarse; /* solver's grid and output grid */
	struct field_sampler *law;
	int64_t n_kept; /* modes 0 .. n_kept-1 are below two thirds of the Nyquist mode */
	struct etdrk4 *table[TABLES];
	double *state, *modes, *field, *shifted;
};

static int check(const void *config, struct err *e)
{
	const struct burgers *c = config;

	if (problem_check_subset(c->grid, c->solve_grid, e) != 0)
		return -1;
	if (c->mean_mode && !(c->tau > 0))
		return err_set(e, ERR_USAGE, "tau: the mean mode needs tau > 0");
	return 0;
}

static void layout(const void *config, struct layout *l)
{
	const struct burgers *c = config;
	int axis[2];

	if (c->frames > 0) {
		axis[0] = problem_time_axis(l, c->frames, c->T);
		axis[1] = problem_periodic_axis(l, "x", c->grid, 1);
		layout_add_field(l, "u", DTYPE_F32, ROLE_TRAJECTORY, 2, axis);
	} else {
		axis[0] = problem_periodic_axis(l, "x", c->grid, 1);
		layout_add_field(l, "a", DTYPE_F32, ROLE_INPUT, 1, axis);
		layout_add_field(l, "u", DTYPE_F32, ROLE_TARGET, 1, axis);
	}
	layout_add_param(l, "nu", c->nu);
	layout_add_param(l, "T", c->T);
}

static const char *const *march_input(const void *config)
{
	const struct burgers *c = config;

	return c->frames > 0 ? problem_march_u(config) : problem_march_a(config);
}

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	spectral_clear(&w->fine);
	spectral_clear(&w->coarse);
	field_sampler_free(w->law);
	for (int k = 0; k < TABLES; k++)
		etdrk4_free(w->table[k]);
	free(w->state);
	free(w->modes);
	free(w->field);
	free(w->shifted);
	free(w);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct burgers *c = config;
	const struct field_law law = { .n_dims = 1,
				       .size = { c->solve_grid },
				       .gamma = c->gamma,
				       .tau = c->tau,
				       .sigma = c->sigma,
				       .mean_mode = c->mean_mode };
	struct work *w = xcalloc(1, sizeof *w);

	if (spectral_init(&w->fine, 1, &c->solve_grid, e) != 0 || spectral_init(&w->coarse, 1, &c->grid, e) != 0 ||
	    field_sampler_new(&w->law, &law, e) != 0) {
		release(w);
		return -1;
	}
	w->n_kept = (c->solve_grid - 1) / 3 + 1;
	w->state = xaligned((size_t)(2 * w->n_kept) * sizeof(double));
	w->modes = xaligned((size_t)(2 * w->fine.n_modes) * sizeof(double));
	w->field = xaligned((size_t)w->fine.n_points * sizeof(double));
	w->shifted = xaligned((size_t)(2 * w->fine.n_modes) * sizeof(double));
	*work = w;
	return 0;
}

/* Modes of -(v^2 / 2)_x: exact for the kept modes, because aliases of a square fall on modes that are dropped. */
static void convection(void *context, double t, const double *state, double *out)
{
	struct work *w = context;

	(void)t;
	memcpy(w->modes, state, (size_t)(2 * w->n_kept) * sizeof *state);
	memset(w->modes + 2 * w->n_kept, 0, (size_t)(2 * (w->fine.n_modes - w->n_kept)) * sizeof *state);
	spectral_inverse(&w->fine, w->modes, w->field);
	for (int64_t i = 0; i < w->fine.n_points; i++)
		w->field[i] *= w->field[i];
	spectral_forward(&w->fine, w->field, w->modes);
	for (int64_t k = 0; k < w->n_kept; k++) {
		out[2 * k] = M_PI * (double)k * w->modes[2 * k + 1];
		out[2 * k + 1] = -M_PI * (double)k * w->modes[2 * k];
	}
}

/* Smallest admitted step count >= wanted: 2^j or 3 * 2^j, and the number of its table. */
static int64_t steps_of_frame(double wanted, int *table)
{
	int64_t n = 1;

	*table = 0;
	while ((double)n < wanted && *table < TABLES - 1) {
		(*table)++;
		n = *table % 2 == 1 ? (int64_t)1 << (*table + 1) / 2 : (int64_t)3 << (*table / 2 - 1);
	}
	return n;
}

/* The field of the state moved right by `shift`, on the output grid. */
static void output(struct work *w, const struct burgers *c, double mean, double shift, double *out)
{
	memset(w->shifted, 0, (size_t)(2 * w->fine.n_modes) * sizeof *w->shifted);
	for (int64_t k = 0; k < w->n_kept; k++) {
		double angle = -2 * M_PI * (double)k * (shift - floor(shift)), re = cos(angle), im = sin(angle);

		w->shifted[2 * k] = re * w->state[2 * k] - im * w->state[2 * k + 1];
		w->shifted[2 * k + 1] = re * w->state[2 * k + 1] + im * w->state[2 * k];
	}
	w->shifted[0] += mean;
	spectral_inverse(&w->fine, w->shifted, w->field);
	spectral_subsample(1, w->fine.size, c->solve_grid / c->grid, w->field, out);
}

static int solve(const struct burgers *c, struct work *w, int64_t sample, double *const *field, double *number,
		 struct err *e)
{
	const int64_t frames = c->frames > 0 ? c->frames : 1;
	const double frame = c->T / (double)frames, mean = w->state[0];
	double largest = 0;
	int64_t steps;
	int table;

	output(w, c, 0, 0, field[0]);
	w->state[0] = w->state[1] = 0;
	for (int64_t i = 0; i < w->fine.n_points; i++)
		largest = fmax(largest, fabs(w->field[i] - mean));
	steps = steps_of_frame(fmax(8, frame * largest * (double)c->solve_grid / c->cfl), &table);
	if (!w->table[table]) {
		double *linear = xcalloc((size_t)(2 * w->n_kept), sizeof *linear);

		for (int64_t k = 0; k < w->n_kept; k++)
			linear[2 * k] = -c->nu * 4 * M_PI * M_PI * (double)k * (double)k;
		w->table[table] = etdrk4_new(w->n_kept, linear, frame / (double)steps);
		free(linear);
	}
	for (int64_t n = 0; n < frames; n++) {
		double *out = c->frames > 0 ? field[0] + (n + 1) * c->grid : field[1];

		for (int64_t k = 0; k < steps; k++) {
			if (stop_check(e) != 0)
				return -1;
			etdrk4_step(w->table[table], convection, w, 0, w->state);
		}
		output(w, c, mean, mean * frame * (double)(n + 1), out);
		for (int64_t i = 0; i < c->grid; i++)
			if (!isfinite(out[i])) {
				err_set(e, ERR_FAIL, "not finite at t = %g", frame * (double)(n + 1));
				return problem_sample_error(e, sample);
			}
	}
	number[0] = (double)(steps * frames);
	return 0;
}

static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	const struct burgers *c = config;
	struct work *w = work;

	spectral_forward(&w->coarse, in[0], w->shifted);
	spectral_resize(&w->coarse, w->shifted, &w->fine, w->modes);
	memcpy(w->state, w->modes, (size_t)(2 * w->n_kept) * sizeof *w->state);
	return solve(c, w, sample, field, number, e);
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	struct work *w = work;

	field_draw(w->law, rng_stream(seed, "burgers", 0, (uint64_t)sample), w->field);
	spectral_forward(&w->fine, w->field, w->modes);
	memcpy(w->state, w->modes, (size_t)(2 * w->n_kept) * sizeof *w->state);
	return solve(config, w, sample, field, number, e);
}

static const struct key keys[] = {
	KEY_REAL(struct burgers, nu, "0.01", 1e-9, 1e9, "viscosity"),
	KEY_REAL(struct burgers, T, "1", 0, 1e9, "end time"),
	KEY_INT(struct burgers, frames, "0", 0, 1e7, "0: the map a = u(0) -> u(T); k: trajectory of k + 1 states"),
	KEY_INT(struct burgers, grid, "128", 1, 1e7, "points of x that are kept"),
	KEY_INT(struct burgers, solve_grid, "512", 4, 1e7, "points of the solver's grid, a multiple of grid"),
	KEY_REAL(struct burgers, cfl, "1", 1e-6, 1000,
		 "cells that the fastest deviation from the mean moves in a step"),
	KEY_REAL(struct burgers, gamma, "2", 0, 100, "initial state N(0, sigma^2 (-Laplace + tau^2)^-gamma): gamma"),
	KEY_REAL(struct burgers, tau, "5", 0, 1e6, "its tau"),
	KEY_REAL(struct burgers, sigma, "25", 0, 1e9, "its sigma"),
	KEY_FLAG(struct burgers, mean_mode, "true", "draw its mean too"),
	KEY_END,
};

static const struct problem_class burgers = {
	.name = "burgers",
	.summary = "viscous Burgers' equation on a circle",
	.equation = "u_t = nu*u_xx - u*u_x",
	.source = "Li et al., Fourier Neural Operator (2021), section 5.1",
	.notes = "ETDRK4, pseudo-spectral with two-thirds dealiasing; exact in space for resolved solutions, order 4 "
		 "in time. "
		 "With nu = 0.1 the solution is nearly its mean by t = 1; the default 0.01 keeps fronts",
	.config_size = sizeof(struct burgers),
	.keys = keys,
	.check = check,
	.layout = layout,
	.numbers = problem_numbers_steps,
	.prepare = prepare,
	.release = release,
	.generate = generate,
	.march = march,
	.march_input = march_input,
	.test_config = "grid: 64\nsolve_grid: 64\nnu: 0.05\nT: 0.2\nframes: 2\n",
};

const struct problem_class *const problem_file_burgers[] = { &burgers, NULL };
