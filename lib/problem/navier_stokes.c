/* navier_stokes.c: two-dimensional incompressible flow on the unit torus as vorticity, w_t + u.grad w = nu Laplace w +
 * f, with velocity u = (psi_y, -psi_x), -Laplace psi = w, from Gaussian random vorticity.
 * Convection: problem/vorticity.h. */
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
#include "problem/vorticity.h"

enum { METHOD_EULER_CN, METHOD_ETDRK4 };
static const char *const methods[] = { "euler-cn", "etdrk4", NULL };
static const char *const convection_types[] = { "float64", "float32", NULL };

struct navier_stokes {
	double nu, T, dt, forcing, gamma, tau, sigma;
	int64_t grid, solve_grid, frames;
	int method, convection;
};

struct work {
	struct spectral fine, coarse;
	struct field_sampler *law;
	struct etdrk4 *etd;
	struct vorticity *convection;
	double *state, *slope, *force; /* modes of w, of its rate, of f */
	double *field;
	double *keep, *gain; /* euler-cn: w <- keep w + gain slope, by mode */
	int64_t steps;	     /* of a frame */
};

static int check(const void *config, struct err *e)
{
	const struct navier_stokes *c = config;

	return problem_check_subset(c->grid, c->solve_grid, e);
}

static void layout(const void *config, struct layout *l)
{
	const struct navier_stokes *c = config;
	int axis[3];

	axis[0] = problem_time_axis(l, c->frames, c->T);
	axis[1] = problem_periodic_axis(l, "x", c->grid, 1);
	axis[2] = problem_periodic_axis(l, "y", c->grid, 1);
	layout_add_field(l, "u", DTYPE_F32, ROLE_TRAJECTORY, 3, axis);
	layout_add_param(l, "nu", c->nu);
	layout_add_param(l, "forcing", c->forcing);
}

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	spectral_clear(&w->fine);
	spectral_clear(&w->coarse);
	field_sampler_free(w->law);
	etdrk4_free(w->etd);
	vorticity_free(w->convection);
	free(w->state);
	free(w->field);
	free(w->slope);
	free(w->force);
	free(w->keep);
	free(w->gain);
	free(w);
}

static void fill_force(struct work *w, const struct navier_stokes *c)
{
	const int64_t n = c->solve_grid;

	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++) {
			double s = 2 * M_PI * (double)((i + j) % n) / (double)n;

			w->field[i * n + j] = c->forcing * (sin(s) + cos(s));
		}
	spectral_forward(&w->fine, w->field, w->force);
}

/* Explicit Euler for convection and force, Crank-Nicolson for diffusion; or the linear part of ETDRK4. */
static void fill_method(struct work *w, const struct navier_stokes *c, double dt)
{
	if (c->method == METHOD_ETDRK4) {
		for (int64_t m = 0; m < w->fine.n_modes; m++) {
			w->slope[2 * m] = -c->nu * spectral_laplace(&w->fine, m);
			w->slope[2 * m + 1] = 0;
		}
		w->etd = etdrk4_new(w->fine.n_modes, w->slope, dt);
		return;
	}
	for (int64_t i = 0; i < w->fine.n_modes; i++) {
		const double half = 0.5 * dt * c->nu * spectral_laplace(&w->fine, i);

		w->keep[i] = (1 - half) / (1 + half);
		w->gain[i] = dt / (1 + half);
	}
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct navier_stokes *c = config;
	const struct field_law law = { .n_dims = 2,
				       .size = { c->solve_grid, c->solve_grid },
				       .gamma = c->gamma,
				       .tau = c->tau,
				       .sigma = c->sigma };
	struct work *w = xcalloc(1, sizeof *w);
	const int64_t fine[2] = { c->solve_grid, c->solve_grid }, coarse[2] = { c->grid, c->grid };
	size_t field, modes;

	if (spectral_init(&w->fine, 2, fine, e) != 0 || spectral_init(&w->coarse, 2, coarse, e) != 0 ||
	    field_sampler_new(&w->law, &law, e) != 0 ||
	    vorticity_new(&w->convection, c->solve_grid, c->convection == 1, e) != 0) {
		release(w);
		return -1;
	}
	field = (size_t)w->fine.n_points * sizeof(double);
	modes = (size_t)(2 * w->fine.n_modes) * sizeof(double);
	w->field = xaligned(field);
	w->state = xaligned(modes);
	w->slope = xaligned(modes);
	w->force = xaligned(modes);
	w->keep = xaligned(modes / 2);
	w->gain = xaligned(modes / 2);
	w->steps = (int64_t)fmax(1, ceil(c->T / (double)c->frames / c->dt * (1 - 1e-12)));
	fill_force(w, c);
	fill_method(w, c, c->T / (double)c->frames / (double)w->steps);
	*work = w;
	return 0;
}

/* Modes of f - u.grad w. */
static void explicit_part(void *context, double t, const double *state, double *out)
{
	struct work *w = context;

	(void)t;
	vorticity_convection(w->convection, state, w->force, out);
}

static int solve(const struct navier_stokes *c, struct work *w, int64_t sample, double *out, double *number,
		 struct err *e)
{
	const double dt = c->T / (double)c->frames / (double)w->steps;
	const int64_t n_out = c->grid * c->grid;

	for (int64_t frame = 0; frame <= c->frames; frame++) {
		const int64_t steps = frame > 0 ? w->steps : 0;

		if (c->method == METHOD_EULER_CN)
			vorticity_march(w->convection, w->keep, w->gain, w->force, steps, w->state);
		for (int64_t k = 0; k < steps && c->method == METHOD_ETDRK4 && stop_check(NULL) == 0; k++)
			etdrk4_step(w->etd, explicit_part, w, 0, w->state);
		if (stop_check(e) != 0)
			return -1;
		spectral_inverse(&w->fine, w->state, w->field);
		spectral_subsample(2, w->fine.size, c->solve_grid / c->grid, w->field, out + frame * n_out);
		for (int64_t i = 0; i < n_out; i++)
			if (!isfinite(out[frame * n_out + i])) {
				err_set(e, ERR_FAIL, "not finite at t = %g: dt %g is too long",
					c->T * (double)frame / (double)c->frames, dt);
				return problem_sample_error(e, sample);
			}
	}
	number[0] = (double)(w->steps * c->frames);
	return 0;
}

static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	struct work *w = work;

	spectral_forward(&w->coarse, in[0], w->slope);
	spectral_resize(&w->coarse, w->slope, &w->fine, w->state);
	return solve(config, w, sample, field[0], number, e);
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	struct work *w = work;

	field_draw(w->law, rng_stream(seed, "navier-stokes", 0, (uint64_t)sample), w->field);
	spectral_forward(&w->fine, w->field, w->state);
	return solve(config, w, sample, field[0], number, e);
}

static const struct key keys[] = {
	KEY_REAL(struct navier_stokes, nu, "1e-3", 0, 1e9, "viscosity"),
	KEY_REAL(struct navier_stokes, T, "16", 1e-12, 1e9, "end time"),
	KEY_INT(struct navier_stokes, frames, "16", 1, 1e7, "saved intervals: frames + 1 states"),
	KEY_REAL(struct navier_stokes, dt, "0.05", 1e-9, 1e9, "longest time step"),
	KEY_INT(struct navier_stokes, grid, "32", 1, 1e5, "points an axis that are kept"),
	KEY_INT(struct navier_stokes, solve_grid, "64", 4, 1e5,
		"points an axis of the solver's grid, a multiple of grid"),
	KEY_ONE_OF(struct navier_stokes, method, "etdrk4", methods,
		   "ETDRK4, or explicit Euler with Crank-Nicolson diffusion (the published scheme; dt 1e-2 or less)"),
	KEY_ONE_OF(struct navier_stokes, convection, "float64", convection_types,
		   "arithmetic of the convective term; the state is float64"),
	KEY_REAL(struct navier_stokes, forcing, "0.1", -1e9, 1e9,
		 "f = forcing (sin 2 pi (x + y) + cos 2 pi (x + y)); 0: none"),
	KEY_REAL(struct navier_stokes, gamma, "2.5", 0, 100,
		 "initial vorticity N(0, sigma^2 (-Laplace + tau^2)^-gamma): gamma"),
	KEY_REAL(struct navier_stokes, tau, "7", 0, 1e6, "its tau"),
	KEY_REAL(struct navier_stokes, sigma, "26.19160170741759", 0, 1e9,
		 "its sigma; default sqrt(2) 7^(3/2), the scale of the published data"),
	KEY_END,
};

static const struct problem_class navier_stokes = {
	.name = "navier-stokes",
	.summary = "two-dimensional flow on a torus, as vorticity",
	.equation = "w_t = nu*lap(w) - v1*w_x - v2*w_y + f",
	.source = "Li et al., Fourier Neural Operator (2021), section 5.3",
	.notes = "pseudo-spectral with two-thirds dealiasing; order 1 (euler-cn; 2 in its linear part) or 4 (etdrk4) "
		 "in time",
	.config_size = sizeof(struct navier_stokes),
	.keys = keys,
	.check = check,
	.layout = layout,
	.numbers = problem_numbers_steps,
	.prepare = prepare,
	.release = release,
	.generate = generate,
	.march = march,
	.march_input = problem_march_u,
	.test_config = "grid: 16\nsolve_grid: 16\nT: 0.4\nframes: 2\ndt: 0.02\n",
};

const struct problem_class *const problem_file_navier_stokes[] = { &navier_stokes, NULL };
