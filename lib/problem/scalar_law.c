/* scalar_law.c: two scalar families of PDEBench on the periodic unit interval by finite volumes: Burgers' equation with
 * viscosity nu / pi, and Fisher's equation with the logistic reaction solved exactly. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "problem/axes.h"
#include "problem/problem.h"
#include "problem/sines.h"
#include "problem/spectral.h"
#include "problem/volume.h"

enum { METHOD_VOLUME, METHOD_COLE_HOPF };
static const char *const methods[] = { "volume", "cole-hopf", NULL };

struct scalar {
	double nu, rho, T, cfl, dt, abs_share, window_share;
	int64_t grid, frames, waves, terms;
	int method, reconstruction, stepper;
	bool compat;
};

static void layout(const struct scalar *c, struct layout *l)
{
	int axis[2];

	axis[0] = problem_time_axis(l, c->frames, c->T);
	axis[1] = problem_cell_axis(l, "x", c->grid, 0, 1, true);
	layout_add_field(l, "u", DTYPE_F32, ROLE_TRAJECTORY, 2, axis);
	layout_add_param(l, "Nu", c->nu);
}

static void release(void *work)
{
	volume_free(work);
}

static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	const struct scalar *c = config;

	return volume_trajectory(work, in[0], 1, c->frames, c->T, 1, field, sample, number, e);
}

static void draw(const struct scalar *c, struct rng r, double *u)
{
	const struct sines_law law = { .waves = c->waves,
				       .terms = c->terms,
				       .abs_share = c->abs_share,
				       .window_share = c->window_share,
				       .length = 1,
				       .grid = c->grid,
				       .compat = c->compat };
	struct sines p;

	sines_draw(&law, r, &p);
	for (int64_t i = 0; i < c->grid; i++)
		u[i] = sines_at(&p, ((double)i + 0.5) / (double)c->grid);
}

static int check(const void *config, struct err *e)
{
	const struct scalar *c = config;

	return sines_check(c->compat, c->grid, e);
}

#define SCALAR_KEYS                                                                                                    \
	KEY_INT(struct scalar, grid, "256", 1, 1e7, "cells"),                                                          \
		KEY_INT(struct scalar, frames, "20", 1, 1e7, "saved intervals: frames + 1 states"),                    \
		SINES_KEYS(struct scalar),                                                                             \
		KEY_FLAG(struct scalar, compat, "false", "initial states of the published files, seam included")

/* ---- Burgers ------------------------------------------------------------------------------------- */

static void burgers_layout(const void *config, struct layout *l)
{
	layout(config, l);
}

/* Cole (1951) and Hopf (1950): u = w - 2 v (log p)_x, w the mean, where p solves p_t + w p_x = v p_xx from
 * p = exp(-int (u - w) / (2 v)). Cell means of u are differences of log p at faces, where p starts exactly; in between
 * it is a trigonometric polynomial. */
static int cole_hopf(const struct scalar *c, int64_t sample, const double *start, double *out, struct err *e)
{
	const int64_t n = c->grid;
	const double v = c->nu / M_PI;
	struct spectral s;
	double *p, *modes, *now, mean = 0, sum = 0, least = INFINITY, most = -INFINITY;

	if (spectral_init(&s, 1, &n, e) != 0)
		return problem_sample_error(e, sample);
	p = xaligned((size_t)n * sizeof *p);
	modes = xaligned((size_t)(2 * s.n_modes) * sizeof *modes);
	now = xaligned((size_t)(2 * s.n_modes) * sizeof *now);
	memcpy(out, start, (size_t)n * sizeof *out);
	for (int64_t i = 0; i < n; i++)
		mean += out[i] / (double)n;
	for (int64_t i = 0; i < n; i++) {
		p[i] = -sum / (2 * v);
		least = fmin(least, p[i]);
		most = fmax(most, p[i]);
		sum += (out[i] - mean) / (double)n;
	}
	for (int64_t i = 0; i < n; i++)
		p[i] = exp(p[i] - most);
	spectral_forward(&s, p, modes);
	for (int64_t k = 1; k <= c->frames && most - least <= 16; k++) {
		const double t = c->T * ((double)k / (double)c->frames);

		for (int64_t m = 0; m < s.n_modes; m++) {
			const double decay = exp(-v * spectral_laplace(&s, m) * t),
				     angle = -2 * M_PI * (double)m * mean * t;

			now[2 * m] = decay * (cos(angle) * modes[2 * m] - sin(angle) * modes[2 * m + 1]);
			now[2 * m + 1] = decay * (cos(angle) * modes[2 * m + 1] + sin(angle) * modes[2 * m]);
		}
		spectral_inverse(&s, now, p);
		for (int64_t i = 0; i < n; i++)
			out[k * n + i] = mean - 2 * v * (double)n * log(p[i + 1 < n ? i + 1 : 0] / p[i]);
	}
	spectral_clear(&s);
	free(p);
	free(modes);
	free(now);
	if (most - least <= 16)
		return 0;
	err_set(e, ERR_FAIL, "cole-hopf spans exp(%g) at nu = %g: no digits are left, take a larger nu", most - least,
		c->nu);
	return problem_sample_error(e, sample);
}

static int burgers_march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
			 double *number, struct err *e)
{
	const struct scalar *c = config;

	if (c->method == METHOD_VOLUME) {
		if (march(config, work, sample, in, field, number, e) != 0)
			return -1;
		number[1] = volume_drift(work, 0);
		return 0;
	}
	number[0] = number[1] = 0;
	return cole_hopf(c, sample, in[0], field[0], e);
}

static int burgers_check(const void *config, struct err *e)
{
	const struct scalar *c = config;

	if (c->method == METHOD_COLE_HOPF && !(c->nu > 0))
		return err_set(e, ERR_USAGE, "nu: cole-hopf needs viscosity");
	return check(config, e);
}

static int burgers_prepare(const void *config, void **work, struct err *e)
{
	const struct scalar *c = config;
	const struct volume_setup setup = { .law = &volume_burgers,
					    .physics = { .diffusivity = c->nu / M_PI },
					    .dims = 1,
					    .size = { c->grid },
					    .length = { 1 },
					    .reconstruction = (enum volume_reconstruction)c->reconstruction,
					    .solver = VOLUME_ROE,
					    .stepper = (enum volume_stepper)c->stepper,
					    .cfl = c->cfl,
					    .longest_step = c->dt > 0	? c->dt
							    : c->nu > 0 ? 0.004 / (4 * M_PI * c->nu)
									: 0 };

	*work = volume_new(&setup, e);
	return *work ? 0 : -1;
}

static int burgers_generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field,
			    double *number, struct err *e)
{
	const double *start[1] = { field[0] };

	draw(config, rng_stream(seed, "burgers-volume", 0, (uint64_t)sample), field[0]);
	return burgers_march(config, work, sample, start, field, number, e);
}

static const struct key burgers_keys[] = {
	KEY_REAL(struct scalar, nu, "0.01", 0, 1e6, "viscosity times pi"),
	KEY_REAL(struct scalar, T, "2", 0, 1e9, "end time"),
	SCALAR_KEYS,
	KEY_ONE_OF(struct scalar, method, "volume", methods,
		   "finite volumes, or the exact solution (nu not too small)"),
	KEY_ONE_OF(struct scalar, reconstruction, "mc", volume_reconstructions, "values at faces"),
	KEY_ONE_OF(struct scalar, stepper, "midpoint", volume_steppers, "steps in time"),
	KEY_REAL(struct scalar, cfl, "0.4", 1e-6, 1, "cells that the fastest wave crosses in a step"),
	KEY_REAL(struct scalar, dt, "0", 0, 1e9,
		 "longest time step; 0: the longest wave decays by 0.4 % in a step, at most"),
	KEY_END,
};

static const struct problem_class burgers_volume = {
	.name = "burgers-volume",
	.summary = "Burgers' equation by finite volumes from sums of sines, viscosity nu / pi",
	.equation = "u_t = -u*u_x + nu/pi*u_xx",
	.source = "Takamoto et al., PDEBench (2022), appendix D.2",
	.notes = "conserves the mean to rounding; MUSCL with monotonised central limiter, Roe's flux with entropy fix "
		 "and the "
		 "midpoint rule, order 2; stiff viscosity in Runge-Kutta-Legendre stages between half steps (Strang), "
		 "order 2. Cole-Hopf takes the stored values for means of cells",
	.config_size = sizeof(struct scalar),
	.keys = burgers_keys,
	.check = burgers_check,
	.layout = burgers_layout,
	.numbers = problem_numbers_drift,
	.prepare = burgers_prepare,
	.release = release,
	.generate = burgers_generate,
	.march = burgers_march,
	.march_input = problem_march_u,
	.test_config = "grid: 32\nframes: 4\nnu: 0.05\n",
};

/* ---- Fisher -------------------------------------------------------------------------------------- */

static void fisher_layout(const void *config, struct layout *l)
{
	const struct scalar *c = config;

	layout(c, l);
	layout_add_param(l, "rho", c->rho);
}

/* u' = rho u (1 - u) over dt: u e^(rho dt) / (1 + u (e^(rho dt) - 1)). */
static void logistic(const void *context, double dt, int64_t n, int64_t plane, double *u)
{
	const struct scalar *c = context;
	const double growth = expm1(c->rho * dt);

	(void)plane;
	for (int64_t i = 0; i < n; i++)
		u[i] = u[i] * (1 + growth) / (1 + u[i] * growth);
}

static int fisher_prepare(const void *config, void **work, struct err *e)
{
	const struct scalar *c = config;
	const struct volume_setup setup = { .law = &volume_diffusion,
					    .physics = { .diffusivity = c->nu },
					    .dims = 1,
					    .size = { c->grid },
					    .length = { 1 },
					    .longest_step = c->dt,
					    .source = logistic,
					    .source_context = c };

	*work = volume_new(&setup, e);
	return *work ? 0 : -1;
}

static int fisher_generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field,
			   double *number, struct err *e)
{
	const struct scalar *c = config;
	const double *start[1] = { field[0] };
	double low = INFINITY, high = -INFINITY;

	draw(c, rng_stream(seed, "reaction-diffusion", 0, (uint64_t)sample), field[0]);
	/* to [0, 1], as published */
	for (int64_t i = 0; i < c->grid; i++) {
		low = fmin(low, field[0][i]);
		high = fmax(high, field[0][i]);
	}
	for (int64_t i = 0; i < c->grid; i++)
		field[0][i] = high > low ? (field[0][i] - low) / (high - low) : 0;
	return march(config, work, sample, start, field, number, e);
}

static const struct key fisher_keys[] = {
	KEY_REAL(struct scalar, nu, "0.5", 0, 1e6, "diffusivity"),
	KEY_REAL(struct scalar, rho, "1", 0, 1e6, "rate of growth"),
	KEY_REAL(struct scalar, T, "1", 0, 1e9, "end time"),
	SCALAR_KEYS,
	KEY_REAL(struct scalar, dt, "1e-3", 1e-12, 1e9, "longest time step"),
	KEY_END,
};

static const struct problem_class reaction_diffusion = {
	.name = "reaction-diffusion",
	.summary = "Fisher's equation from sums of sines scaled to [0, 1]",
	.equation = "u_t = nu*u_xx + rho*u*(1 - u)",
	.source = "Takamoto et al., PDEBench (2022), appendix D.3",
	.notes = "exact logistic growth for half a step before and after diffusion (Strang); diffusion by finite "
		 "volumes in "
		 "Runge-Kutta-Legendre stages; order 2 in both",
	.config_size = sizeof(struct scalar),
	.keys = fisher_keys,
	.check = check,
	.layout = fisher_layout,
	.numbers = problem_numbers_steps,
	.prepare = fisher_prepare,
	.release = release,
	.generate = fisher_generate,
	.march = march,
	.march_input = problem_march_u,
	.test_config = "grid: 32\nframes: 4\nnu: 0.01\nT: 0.2\n",
};

const struct problem_class *const problem_file_scalar_law[] = { &burgers_volume, &reaction_diffusion, NULL };
