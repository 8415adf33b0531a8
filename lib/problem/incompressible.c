/* incompressible.c: incompressible flow in a box with walls, a moving lid, or flow through it; random smooth forces,
 * initial velocities and a passive density as PDEBench draws them. Method: projection.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/field.h"
#include "problem/axes.h"
#include "problem/problem.h"
#include "problem/projection.h"
#include "problem/spectral.h"

static const char *const sides[] = { "wall", "slip", "periodic", "through", NULL };
enum { INITIAL_NOISE, INITIAL_REST };
static const char *const initials[] = { "noise", "rest", NULL };

struct incompressible {
	struct key_longs grid;
	struct key_doubles length, nu, lid, inlet;
	double T, dt, cfl, amplitude, smoothness, scale, forcing, force_smoothness, force_scale;
	int64_t frames;
	int x, y, initial;
	bool particles, weighted, pressure;
};

struct work {
	struct projection *flow;
	struct field_sampler *velocity_noise, *force_noise; /* the second NULL without force */
	struct spectral waves;
	double *modes, *velocity, *density, *force; /* pairs of planes; density is one */
};

static int64_t cells_along(const struct incompressible *c, int axis)
{
	return c->grid.at[c->grid.n == 1 ? 0 : axis];
}

static double length_along(const struct incompressible *c, int axis)
{
	return c->length.at[c->length.n == 1 ? 0 : axis];
}

static int check_pair(const char *name, int n, struct err *e)
{
	if (n == 1 || n == 2)
		return 0;
	return err_set(e, ERR_USAGE, "%s: one number or two are needed, there are %d", name, n);
}

static int check_range(const char *name, const struct key_doubles *range, bool positive, struct err *e)
{
	if (check_pair(name, range->n, e) != 0)
		return -1;
	if (range->at[0] > range->at[range->n - 1])
		return err_set(e, ERR_USAGE, "%s: the lower number comes first", name);
	if (positive && range->n == 2 && range->at[0] <= 0)
		return err_set(e, ERR_USAGE, "%s: a range needs positive numbers", name);
	return 0;
}

static bool is_zero(const struct key_doubles *range)
{
	return range->at[0] == 0 && range->at[range->n - 1] == 0;
}

/* Wave numbers pass that satisfy |k| scale > sqrt(lowest), as in the noise of PhiFlow, from which PDEBench draws. */
static const double lowest = 0.1;

static int check_noise(const struct incompressible *c, const char *name, double scale, struct err *e)
{
	double most = 0;

	for (int a = 0; a < 2; a++)
		most += pow((double)((cells_along(c, a) - 1) / 2), 2);
	if (most * scale * scale > lowest)
		return 0;
	return err_set(e, ERR_USAGE, "%s: %g passes no wave of this grid: more than %.3g is needed", name, scale,
		       most > 0 ? sqrt(lowest / most) : INFINITY);
}

static int check(const void *config, struct err *e)
{
	const struct incompressible *c = config;

	if (check_pair("grid", c->grid.n, e) != 0 || check_pair("length", c->length.n, e) != 0 ||
	    check_range("nu", &c->nu, true, e) != 0 || check_range("lid", &c->lid, false, e) != 0 ||
	    check_range("inlet", &c->inlet, false, e) != 0)
		return -1;
	if (c->y == PROJECTION_THROUGH)
		return err_set(e, ERR_USAGE, "y: flow runs through along x alone");
	if (c->y == PROJECTION_PERIODIC && c->x != PROJECTION_PERIODIC)
		return err_set(e, ERR_USAGE, "y: periodic ends need x=periodic: turn the axes round");
	if (c->y != PROJECTION_WALL && !is_zero(&c->lid))
		return err_set(e, ERR_USAGE, "lid: only a wall moves: y=%s", sides[c->y]);
	if (c->x != PROJECTION_THROUGH && !is_zero(&c->inlet))
		return err_set(e, ERR_USAGE, "inlet: x=%s has none", sides[c->x]);
	if (c->weighted && !c->particles)
		return err_set(e, ERR_USAGE, "weighted: the force acts on particles, set particles too");
	if ((c->initial == INITIAL_NOISE || c->particles) && check_noise(c, "scale", c->scale, e) != 0)
		return -1;
	return c->forcing > 0 ? check_noise(c, "force_scale", c->force_scale, e) : 0;
}

static int space_axis(const struct incompressible *c, struct layout *l, int axis)
{
	return problem_cell_axis(l, axis == 0 ? "x" : "y", cells_along(c, axis), 0, length_along(c, axis),
				 (axis == 0 ? c->x : c->y) == PROJECTION_PERIODIC);
}

static void layout(const void *config, struct layout *l)
{
	const struct incompressible *c = config;
	int pair[4], plane[3];

	pair[0] = plane[0] = problem_time_axis(l, c->frames, c->T);
	pair[1] = layout_add_axis(l, "channel", AXIS_CHANNEL, 2, NULL, false, 0);
	pair[2] = plane[1] = space_axis(c, l, 0);
	pair[3] = plane[2] = space_axis(c, l, 1);
	layout_add_field(l, "velocity", DTYPE_F32, ROLE_TRAJECTORY, 4, pair);
	if (c->particles)
		layout_add_field(l, "particles", DTYPE_F32, ROLE_TRAJECTORY, 3, plane);
	if (c->pressure)
		layout_add_field(l, "pressure", DTYPE_F32, ROLE_TRAJECTORY, 3, plane);
	if (c->forcing > 0)
		layout_add_field(l, "force", DTYPE_F32, ROLE_INPUT, 3, pair + 1);
}

static void numbers(const void *config, struct problem_numbers *n)
{
	(void)config;
	*n = (struct problem_numbers){ 6, { "steps", "divergence", "mass_drift", "nu", "lid", "inlet" } };
}

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	projection_free(w->flow);
	field_sampler_free(w->velocity_noise);
	field_sampler_free(w->force_noise);
	spectral_clear(&w->waves);
	free(w->modes);
	free(w->velocity);
	free(w->density);
	free(w->force);
	free(w);
}

static int new_noise(const struct incompressible *c, double smoothness, struct field_sampler **s, struct err *e)
{
	const struct field_law law = {
		.n_dims = 2, .size = { cells_along(c, 0), cells_along(c, 1) }, .gamma = 2 * smoothness, .sigma = 1
	};

	return field_sampler_new(s, &law, e);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct incompressible *c = config;
	const struct projection_setup setup = { .size = { cells_along(c, 0), cells_along(c, 1) },
						.length = { length_along(c, 0), length_along(c, 1) },
						.side = { (enum projection_side)c->x, (enum projection_side)c->y },
						.cfl = c->cfl,
						.step = c->dt,
						.density = c->particles,
						.weighted = c->weighted };
	const int64_t cells = setup.size[0] * setup.size[1];
	struct work *w = xcalloc(1, sizeof *w);

	w->flow = projection_new(&setup, e);
	if (!w->flow || spectral_init(&w->waves, 2, setup.size, e) != 0 ||
	    new_noise(c, c->smoothness, &w->velocity_noise, e) != 0 ||
	    (c->forcing > 0 && new_noise(c, c->force_smoothness, &w->force_noise, e) != 0) ||
	    !(w->modes = mem_new(2 * w->waves.n_modes, sizeof *w->modes, "noise", e)) ||
	    !(w->velocity = mem_new(2 * cells, sizeof *w->velocity, "velocity", e)) ||
	    !(w->density = mem_new(cells, sizeof *w->density, "particles", e)) ||
	    !(w->force = mem_new(2 * cells, sizeof *w->force, "force", e))) {
		release(w);
		return -1;
	}
	*work = w;
	return 0;
}

/* Periodic Gaussian noise with amplitudes |k|^(-2 smoothness) of the wave vectors that pass, at cell centres, shifted
 * and scaled to mean 0 and standard deviation `size`. */
static void draw_noise(struct work *w, struct field_sampler *noise, double scale, double size, struct rng stream,
		       double *out)
{
	const struct spectral *s = &w->waves;
	double square = 0;

	field_draw(noise, stream, out);
	spectral_forward(s, out, w->modes);
	for (int64_t m = 0; m < s->n_modes; m++) {
		double re = w->modes[2 * m], im = w->modes[2 * m + 1], shift;
		int64_t k[3] = { 0 };

		spectral_wave(s, m, k);
		if ((double)(k[0] * k[0] + k[1] * k[1]) * scale * scale <= lowest)
			re = im = 0;
		shift = M_PI * ((double)k[0] / (double)s->size[0] + (double)k[1] / (double)s->size[1]);
		w->modes[2 * m] = re * cos(shift) - im * sin(shift);
		w->modes[2 * m + 1] = re * sin(shift) + im * cos(shift);
	}
	spectral_inverse(s, w->modes, out);
	for (int64_t i = 0; i < s->n_points; i++)
		square += out[i] * out[i];
	for (int64_t i = 0; i < s->n_points && square > 0; i++)
		out[i] *= size / sqrt(square / (double)s->n_points);
}

/* One number of two, evenly between them, or between their logarithms. */
static double draw_between(const struct key_doubles *range, bool logarithms, struct rng stream)
{
	const double low = range->at[0], high = range->at[range->n - 1], share = rng_uniform_at(stream, 0);

	if (low == high)
		return low;
	return logarithms ? low * pow(high / low, share) : low + share * (high - low);
}

static int run(const struct incompressible *c, struct work *w, const struct projection_flow *f, const double *velocity,
	       bool drawn, int64_t sample, double *const *field, double *number, struct err *e)
{
	const int64_t cells = cells_along(c, 0) * cells_along(c, 1);

	if (projection_start(w->flow, f, velocity, drawn, c->particles ? w->density : NULL,
			     c->forcing > 0 ? w->force : NULL, e) != 0)
		return problem_sample_error(e, sample);
	for (int64_t k = 0; k <= c->frames; k++) {
		int n = 0;

		if (projection_advance(w->flow, c->T * ((double)k / (double)c->frames), e) != 0)
			return problem_sample_error(e, sample);
		projection_velocity(w->flow, field[n++] + 2 * k * cells);
		if (c->particles)
			projection_density(w->flow, field[n++] + k * cells);
		if (c->pressure)
			projection_pressure(w->flow, field[n++] + k * cells);
		if (c->forcing > 0 && k == 0)
			memcpy(field[n], w->force, (size_t)(2 * cells) * sizeof *w->force);
	}
	number[0] = (double)projection_steps(w->flow);
	number[1] = projection_divergence(w->flow);
	number[2] = projection_drift(w->flow);
	number[3] = f->viscosity;
	number[4] = f->lid;
	number[5] = f->inlet;
	return 0;
}

static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	const struct incompressible *c = config;
	const struct key_doubles *range[] = { &c->nu, &c->lid, &c->inlet };
	const int64_t cells = cells_along(c, 0) * cells_along(c, 1);
	struct work *w = work;
	int n = 1;

	for (int k = 0; k < 3; k++)
		if (range[k]->at[0] != range[k]->at[range[k]->n - 1])
			return err_set(e, ERR_USAGE, "%s: marching needs one number, not a range",
				       k == 0	? "nu"
				       : k == 1 ? "lid"
						: "inlet");
	if (c->particles)
		memcpy(w->density, in[n++], (size_t)cells * sizeof *w->density);
	if (c->forcing > 0)
		memcpy(w->force, in[n++], (size_t)(2 * cells) * sizeof *w->force);
	return run(c, w, &(struct projection_flow){ c->nu.at[0], c->lid.at[0], c->inlet.at[0] }, in[0], false, sample,
		   field, number, e);
}

static const char *const *march_input(const void *config)
{
	static const char *const names[4][4] = { { "velocity" },
						 { "velocity", "particles" },
						 { "velocity", "force" },
						 { "velocity", "particles", "force" } };
	const struct incompressible *c = config;

	return names[(c->particles ? 1 : 0) + (c->forcing > 0 ? 2 : 0)];
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	const struct incompressible *c = config;
	const uint64_t at = (uint64_t)sample;
	const int64_t cells = cells_along(c, 0) * cells_along(c, 1);
	const struct projection_flow f = {
		.viscosity = draw_between(&c->nu, true, rng_stream(seed, "incompressible nu", 0, at)),
		.lid = draw_between(&c->lid, false, rng_stream(seed, "incompressible lid", 0, at)),
		.inlet = draw_between(&c->inlet, false, rng_stream(seed, "incompressible inlet", 0, at)),
	};
	struct work *w = work;

	for (int64_t k = 0; k < 2; k++) {
		const uint64_t part = (uint64_t)k;

		if (c->initial == INITIAL_NOISE)
			draw_noise(w, w->velocity_noise, c->scale, c->amplitude,
				   rng_stream(seed, "incompressible velocity", part, at), w->velocity + k * cells);
		if (c->forcing > 0)
			draw_noise(w, w->force_noise, c->force_scale, c->forcing,
				   rng_stream(seed, "incompressible force", part, at), w->force + k * cells);
	}
	if (c->particles)
		draw_noise(w, w->velocity_noise, c->scale, 1, rng_stream(seed, "incompressible particles", 0, at),
			   w->density);
	return run(c, w, &f, c->initial == INITIAL_NOISE ? w->velocity : NULL, true, sample, field, number, e);
}

static const struct key keys[] = {
	KEY_INTS(struct incompressible, grid, "64", 2, 1e5, "cells an axis, or [along x, along y]"),
	KEY_REALS(struct incompressible, length, "1", 1e-9, 1e9, "length of both sides, or [along x, along y]"),
	KEY_REAL(struct incompressible, T, "1", 0, 1e9, "end time"),
	KEY_INT(struct incompressible, frames, "20", 1, 1e7, "saved intervals: frames + 1 states"),
	KEY_REALS(struct incompressible, nu, "0.01", 0, 1e9,
		  "viscosity, or [least, most] of which every sample draws one, evenly in its logarithm"),
	KEY_ONE_OF(struct incompressible, x, "wall", sides,
		   "ends of x; through: a uniform inflow, and an outflow at the other end"),
	KEY_ONE_OF(struct incompressible, y, "wall", sides, "ends of y; never through, and periodic only if x is"),
	KEY_REALS(struct incompressible, lid, "0", -1e9, 1e9,
		  "velocity of the upper wall along x, or [least, most] of which every sample draws one"),
	KEY_REALS(struct incompressible, inlet, "0", 0, 1e9, "velocity of the inflow, or [least, most] likewise"),
	KEY_ONE_OF(struct incompressible, initial, "noise", initials, "initial velocity, before its projection"),
	KEY_REAL(struct incompressible, amplitude, "1", 0, 1e9, "its standard deviation"),
	KEY_REAL(struct incompressible, smoothness, "1", 0, 16,
		 "noise has amplitudes |k|^(-2 smoothness) of the wave vectors k"),
	KEY_REAL(struct incompressible, scale, "0.4", 0, 1e9, "with |k| scale > sqrt(0.1), k in waves a side"),
	KEY_REAL(struct incompressible, forcing, "1", 0, 1e9, "standard deviation of the force, noise too; 0: none"),
	KEY_REAL(struct incompressible, force_smoothness, "3", 0, 16, "its smoothness"),
	KEY_REAL(struct incompressible, force_scale, "0.15", 0, 1e9, "its scale"),
	KEY_FLAG(struct incompressible, particles, "true",
		 "carry and store a passive density, noise of standard deviation 1 with scale and smoothness"),
	KEY_FLAG(struct incompressible, weighted, "false",
		 "the force is multiplied by this density, as in PDEBench's generator"),
	KEY_FLAG(struct incompressible, pressure, "false", "store the pressure too"),
	KEY_REAL(struct incompressible, dt, "0", 0, 1e9, "longest time step; 0: as cfl and viscosity allow"),
	KEY_REAL(struct incompressible, cfl, "0.5", 1e-6, 1, "cells that the flow crosses in a step"),
	KEY_END,
};

static const struct problem_class incompressible = {
	.name = "incompressible",
	.summary = "incompressible flow in a box: walls, a lid, forces, a passive density",
	.equation =
		"v1_t = nu*lap(v1) - v1*v1_x - v2*v1_y - p_x + f1; v2_t = nu*lap(v2) - v1*v2_x - v2*v2_y - p_y + f2; "
		"v1_x + v2_y = 0; q_t = -(v1*q)_x - (v2*q)_y",
	.source = "Takamoto et al., PDEBench (2022), appendix D.6; Luo et al., CFDBench (2023)",
	.notes = "staggered grid, central fluxes, order 2 in space; strong-stability-preserving Runge-Kutta steps of "
		 "order 3, every stage projected exactly; limited fluxes (van Leer) of the density, which keep its "
		 "integral "
		 "between walls. Cell values of velocity are means of two faces. Frame 0 is free of divergence",
	.config_size = sizeof(struct incompressible),
	.keys = keys,
	.check = check,
	.layout = layout,
	.numbers = numbers,
	.prepare = prepare,
	.release = release,
	.generate = generate,
	.march = march,
	.march_input = march_input,
	.test_config = "grid: [16, 12]\nT: 0.2\nframes: 2\npressure: true\nweighted: true\n",
};

const struct problem_class *const problem_file_incompressible[] = { &incompressible, NULL };
