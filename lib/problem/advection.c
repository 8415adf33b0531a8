/* advection.c: u_t + beta u_x = 0 on the periodic unit interval from sums of sines (the PDEBench family): the exact shifted
 * profile, or the published upwind scheme. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "problem/axes.h"
#include "problem/problem.h"

enum { METHOD_EXACT, METHOD_UPWIND };
static const char *const methods[] = { "exact", "upwind", NULL };

struct advection {
	double beta, T, cfl;
	int64_t grid, frames, waves, terms;
	double window_share, abs_share;
	int method;
	bool compat;
};

enum { WAVES_MAX = 64 };

/* The initial profile as a function: sines, perhaps their absolute value, a sign, perhaps a smooth window. */
struct profile {
	int n;
	double amplitude[WAVES_MAX], wave[WAVES_MAX], phase[WAVES_MAX];
	bool absolute, window;
	double sign, left, right;
};

static void draw_profile(const struct advection *c, struct rng r, struct profile *p)
{
	/* Published files use cell centres and divide by x_last - x_first = 1 - 1/n, so waves do not quite close. */
	const double length = c->compat ? 1 - 1. / (double)c->grid : 1;
	int64_t chosen[WAVES_MAX] = { 0 };
	uint64_t at = 0;

	for (int64_t k = 0; k < c->terms; k++)
		chosen[(int64_t)((double)c->waves * rng_uniform_at(r, at++))]++;
	p->n = 0;
	for (int64_t k = 0; k < c->waves; k++) {
		double amplitude = rng_uniform_at(r, at++), phase = 2 * M_PI * rng_uniform_at(r, at++);
		double number = (double)(k + 1);

		/* The published code multiplies the wave number by how often it was chosen: never makes a constant, twice
		 * doubles the frequency. */
		if (c->compat)
			number *= (double)chosen[k];
		else if (chosen[k] == 0)
			continue;
		else
			amplitude *= (double)chosen[k];
		p->amplitude[p->n] = amplitude;
		p->wave[p->n] = 2 * M_PI * number / length;
		p->phase[p->n++] = phase;
	}
	p->absolute = rng_uniform_at(r, at++) < c->abs_share;
	p->sign = rng_uniform_at(r, at++) < 0.5 ? -1 : 1;
	p->window = rng_uniform_at(r, at++) < c->window_share;
	p->left = 0.1 + 0.35 * rng_uniform_at(r, at++);
	p->right = 0.55 + 0.35 * rng_uniform_at(r, at++);
}

static double profile_at(const struct profile *p, double x)
{
	const double width = 0.01;
	double u = 0;

	for (int k = 0; k < p->n; k++)
		u += p->amplitude[k] * sin(p->wave[k] * x + p->phase[k]);
	if (p->absolute)
		u = fabs(u);
	if (p->window)
		u *= 0.5 * (tanh((x - p->left) / width) - tanh((x - p->right) / width));
	return p->sign * u;
}

static double grid_point(const struct advection *c, int64_t i)
{
	return ((double)i + (c->compat ? 0.5 : 0)) / (double)c->grid;
}

static int check(const void *config, struct err *e)
{
	const struct advection *c = config;

	if (c->compat && c->grid < 2)
		return err_set(e, ERR_USAGE, "grid: compat needs two points or more");
	return 0;
}

static void layout(const void *config, struct layout *l)
{
	const struct advection *c = config;
	double *x = xmalloc((size_t)c->grid * sizeof *x);
	int axis[2];

	for (int64_t i = 0; i < c->grid; i++)
		x[i] = grid_point(c, i);
	axis[0] = problem_time_axis(l, c->frames, c->T);
	axis[1] = layout_add_axis(l, "x", AXIS_SPACE, c->grid, x, true, 1);
	layout_add_field(l, "u", DTYPE_F32, ROLE_TRAJECTORY, 2, axis);
	layout_add_param(l, "beta", c->beta);
	free(x);
}

static void numbers(const void *config, struct problem_numbers *n)
{
	(void)config;
	*n = (struct problem_numbers){ 1, { "steps" } };
}

/* Slope of cell i: central, limited to twice the one-sided differences (van Leer 1977, monotonised central). */
static double limited_slope(double left, double middle, double right)
{
	double a = middle - left, b = right - middle, c = 0.5 * (a + b);

	return a * b <= 0 ? 0 : copysign(fmin(2 * fmin(fabs(a), fabs(b)), fabs(c)), c);
}

/* out = u - ratio (F_{i+1/2} - F_{i-1/2}), fluxes from the limited profile of v. */
static void upwind_update(int64_t n, double beta, double ratio, const double *u, const double *v, double *face,
			  double *out)
{
	for (int64_t i = 0; i < n; i++) {
		double slope = limited_slope(v[i > 0 ? i - 1 : n - 1], v[i], v[i + 1 < n ? i + 1 : 0]);

		/* face[i] is the upwind value at i + 1/2 (beta > 0) or i - 1/2 (beta < 0). */
		face[i] = beta * (v[i] + (beta > 0 ? 0.5 : -0.5) * slope);
	}
	for (int64_t i = 0; i < n; i++) {
		double right = beta > 0 ? face[i] : face[i + 1 < n ? i + 1 : 0];
		double left = beta > 0 ? face[i > 0 ? i - 1 : n - 1] : face[i];

		out[i] = u[i] - ratio * (right - left);
	}
}

static void march_upwind(const struct advection *c, double *u, double *number)
{
	const int64_t n = c->grid;
	const double frame = c->T / (double)c->frames;
	const double limit = c->cfl / ((double)n * fmax(fabs(c->beta), 1e-300));
	const int64_t steps = (int64_t)fmax(1, ceil(frame / limit));
	const double ratio = frame / (double)steps * (double)n;
	double *face = xmalloc((size_t)(3 * n) * sizeof *face), *half = face + n, *next = half + n;

	for (int64_t k = 0; k < c->frames; k++) {
		double *row = u + (k + 1) * n;

		memcpy(row, u + k * n, (size_t)n * sizeof *u);
		for (int64_t j = 0; j < steps; j++) {
			upwind_update(n, c->beta, 0.5 * ratio, row, row, face, half);
			upwind_update(n, c->beta, ratio, row, half, face, next);
			memcpy(row, next, (size_t)n * sizeof *u);
		}
	}
	free(face);
	number[0] = (double)(steps * c->frames);
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
	number[0] = 0;
}

static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	const struct advection *c = config;

	(void)work;
	(void)sample;
	(void)e;
	if (field[0] != in[0])
		memcpy(field[0], in[0], (size_t)c->grid * sizeof **field);
	if (c->method == METHOD_UPWIND)
		march_upwind(c, field[0], number);
	else
		march_shift(c, field[0], number);
	return 0;
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	const struct advection *c = config;
	const double *start[1] = { field[0] };
	struct profile p;

	draw_profile(c, rng_stream(seed, "advection", 0, (uint64_t)sample), &p);
	for (int64_t i = 0; i < c->grid; i++)
		field[0][i] = profile_at(&p, grid_point(c, i));
	if (c->method == METHOD_UPWIND)
		return march(config, work, sample, start, field, number, e);
	for (int64_t k = 1; k <= c->frames; k++) {
		double moved = c->beta * (c->T * ((double)k / (double)c->frames));

		for (int64_t i = 0; i < c->grid; i++) {
			double x = grid_point(c, i) - moved;

			field[0][k * c->grid + i] = profile_at(&p, x - floor(x));
		}
	}
	number[0] = 0;
	return 0;
}

static const struct key keys[] = {
	KEY_REAL(struct advection, beta, "1", -1e6, 1e6, "speed"),
	KEY_INT(struct advection, grid, "256", 1, 1e7, "points of x"),
	KEY_REAL(struct advection, T, "1", 0, 1e9, "end time"),
	KEY_INT(struct advection, frames, "20", 1, 1e7, "saved intervals: frames + 1 states"),
	KEY_ONE_OF(struct advection, method, "exact", methods, "exact shift, or second-order upwind with limiter"),
	KEY_REAL(struct advection, cfl, "0.4", 1e-6, 0.5, "cells moved in an upwind step, at most"),
	KEY_INT(struct advection, waves, "4", 1, WAVES_MAX, "wave numbers 1 .. waves to choose from"),
	KEY_INT(struct advection, terms, "2", 1, 1000, "choices, with replacement"),
	KEY_REAL(struct advection, abs_share, "0.1", 0, 1, "share of samples that take the absolute value"),
	KEY_REAL(struct advection, window_share, "0.1", 0, 1, "share of samples under a smooth window"),
	KEY_FLAG(struct advection, compat, "false",
		 "cell centres and initial states of the published PDEBench files, seam included"),
	KEY_END,
};

static const struct problem_class advection = {
	.name = "advection",
	.summary = "linear advection of sums of sines",
	.equation = "u_t = -beta*u_x",
	.source = "Takamoto et al., PDEBench (2022), appendix D.1",
	.notes = "exact; or MUSCL upwind with monotonised central limiter, midpoint rule in time, order 2 away from "
		 "extrema. "
		 "Marching exactly from given data shifts their trigonometric interpolant",
	.config_size = sizeof(struct advection),
	.keys = keys,
	.check = check,
	.layout = layout,
	.numbers = numbers,
	.prepare = problem_prepare_none,
	.release = problem_release_none,
	.generate = generate,
	.march = march,
	.march_input = problem_march_u,
	.test_config = "grid: 32\nframes: 4\nmethod: upwind\n",
};

const struct problem_class *const problem_file_advection[] = { &advection, NULL };
