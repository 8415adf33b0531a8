/* flow_random.c: PDEBench's random compressible flows: sums of sines in one dimension, of plane waves in two and three,
 * shock tubes between random states (Takamoto et al. 2022, appendix D.4 and their published generator). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "problem/flow.h"
#include "problem/sines.h"
#include "problem/spectral.h"

/* ---- one dimension ------------------------------------------------------------------------------- */

static struct rng part_of(struct rng r, const char *name)
{
	return rng_stream(r.seed, name, 0, r.sample);
}

static double log_uniform(struct rng r, uint64_t at, const double *range)
{
	return range[0] * pow(range[1] / range[0], rng_uniform_at(r, at));
}

/* Plane k, a profile of sines; with a range, scaled to [0, 1], then times one log-uniform number plus another. */
static void sine_profile(const struct flow *f, struct rng r, int k, const double *range, double *u)
{
	const struct sines_law law = { .waves = f->waves,
				       .terms = 2,
				       .abs_share = 0.1,
				       .window_share = f->window_share,
				       .length = f->length,
				       .grid = f->size[0],
				       .compat = f->compat };
	const int64_t n = f->size[0];
	double low = INFINITY, high = -INFINITY;
	struct sines p;

	sines_draw(&law, r, &p);
	for (int64_t i = 0; i < n; i++) {
		u[i] = sines_at(&p, flow_centre(f, 0, i));
		low = fmin(low, u[i]);
		high = fmax(high, u[i]);
	}
	if (range) {
		const struct rng scale = part_of(r, "compressible scale");
		const double size = log_uniform(scale, 2 * (uint64_t)k, range);
		const double base = log_uniform(scale, 2 * (uint64_t)k + 1, range);

		for (int64_t i = 0; i < n; i++)
			u[i] = base + size * (high > low ? (u[i] - low) / (high - low) : 0);
	}
}

static void random_profiles(const struct flow *f, struct rng r, double *q)
{
	const int64_t n = f->size[0];

	sine_profile(f, part_of(r, "compressible density"), 0, f->density, q);
	sine_profile(f, part_of(r, "compressible pressure"), 1, f->pressure, q + n);
	sine_profile(f, part_of(r, "compressible velocity"), 2, NULL, q + 2 * n);
}

/* Two random states and a jump in the middle half. The published code draws a jump for every variable, and the
 * exponential of U(-0.5, 0.5) for velocity. */
int flow_shocks(const struct flow *f, struct rng r, double *q, struct err *e)
{
	const int64_t n = f->size[0];
	double side[3][2];

	(void)e;
	for (int s = 0; s < 2; s++) {
		const uint64_t at = 3 * (uint64_t)s;
		const double velocity = rng_uniform_at(r, at + 2) - 0.5;

		side[0][s] = log_uniform(r, at, f->density);
		side[1][s] = log_uniform(r, at + 1, f->pressure);
		side[2][s] = f->compat ? exp(velocity) : velocity;
	}
	for (int k = 0; k < 3; k++) {
		const double share = 0.25 + 0.5 * rng_uniform_at(r, f->compat ? 6 + (uint64_t)k : 6);

		for (int64_t i = 0; i < n; i++)
			q[k * n + i] = side[k][(double)i >= floor((double)n * share)];
	}
	return 0;
}

/* ---- two and three dimensions -------------------------------------------------------------------- */

enum { FIELDS_MAX = 5 };

/* Modes of `n` fields: for every wave vector with components 1 <= |k_a| <= waves, a sine of amplitude |k|^-1/2 (two
 * dimensions) or |k|^-1 (three) and random phase. They are drawn by wave vector, hence the same on every grid. */
static void random_modes(const struct flow *f, const struct spectral *s, struct rng r, int n, double *const *modes)
{
	const int64_t side = 2 * f->waves + 1;

	for (int64_t m = 0; m < s->n_modes; m++) {
		int64_t k[3] = { 0 };
		double square = 0, shift = 0;
		bool inside = true;

		spectral_wave(s, m, k);
		for (int a = 0; a < f->dims; a++) {
			inside = inside && k[a] != 0 && llabs(k[a]) <= f->waves;
			square += (double)(k[a] * k[a]);
			shift += M_PI * (double)k[a] / (double)f->size[a]; /* cell centres */
		}
		for (int field = 0; field < n; field++)
			modes[field][2 * m] = modes[field][2 * m + 1] = 0;
		for (int sign = -1; sign <= 1 && inside; sign += 2) {
			uint64_t index = 0;

			for (int a = 0; a < f->dims; a++)
				index = index * (uint64_t)side + (uint64_t)(sign * k[a] + f->waves);
			for (int field = 0; field < n; field++) {
				const double phase = 2 * M_PI * rng_uniform_at(r, index * FIELDS_MAX + (uint64_t)field);
				const double size = pow(square, f->dims == 2 ? -0.25 : -0.5);
				/* sin(z) = Re(-i exp(i z)); the wave -k adds its conjugate to the amplitude of k */
				const double angle = sign * phase + shift;

				modes[field][2 * m] += 0.5 * size * sign * sin(angle);
				modes[field][2 * m + 1] -= 0.5 * size * sign * cos(angle);
			}
		}
	}
}

/* v_k - k (k.v_k) / |k|^2: the part without divergence. */
static void make_solenoidal(const struct flow *f, const struct spectral *s, double *const *velocity)
{
	for (int64_t m = 0; m < s->n_modes; m++) {
		int64_t k[3] = { 0 };
		double square = 0, dot[2] = { 0 };

		spectral_wave(s, m, k);
		for (int a = 0; a < f->dims; a++) {
			square += (double)(k[a] * k[a]);
			for (int part = 0; part < 2; part++)
				dot[part] += (double)k[a] * velocity[a][2 * m + part];
		}
		for (int a = 0; a < f->dims && square > 0; a++)
			for (int part = 0; part < 2; part++)
				velocity[a][2 * m + part] -= (double)k[a] * dot[part] / square;
	}
}

/* Fields 0 .. dims-1: velocity; then pressure and density, if n asks for them; into planes of q. */
static int random_fields(const struct flow *f, struct rng r, int n, bool solenoidal, double *q, struct err *e)
{
	const int64_t cells = flow_cells(f);
	double *modes[FIELDS_MAX] = { 0 };
	struct spectral s;
	int status = spectral_init(&s, f->dims, f->size, e);

	if (status != 0)
		return -1;
	for (int k = 0; k < n && status == 0; k++) {
		modes[k] = mem_new(2 * s.n_modes, sizeof **modes, "random flow", e);
		status = modes[k] ? 0 : -1;
	}
	if (status == 0) {
		random_modes(f, &s, r, n, modes);
		if (solenoidal)
			make_solenoidal(f, &s, modes);
		for (int k = 0; k < n; k++)
			spectral_inverse(&s, modes[k], q + (k < f->dims ? 2 + k : k == f->dims ? 1 : 0) * cells);
	}
	for (int k = 0; k < n; k++)
		free(modes[k]);
	spectral_clear(&s);
	return status;
}

/* Velocities scaled to mean speed `speed`. */
static void scale_velocity(const struct flow *f, double speed, double *q)
{
	const int64_t cells = flow_cells(f);
	double mean = 0;

	for (int64_t i = 0; i < cells; i++) {
		double square = 0;

		for (int a = 0; a < f->dims; a++)
			square += pow(q[(2 + a) * cells + i], 2);
		mean += sqrt(square) / (double)cells;
	}
	for (int64_t i = 0; i < f->dims * cells; i++)
		q[2 * cells + i] *= speed / mean;
}

/* base (1 + change u / mean |u|); never below a tenth of the base, which rare sums of waves would reach. */
static void scale_around(double base, double change, int64_t n, double *u)
{
	double mean = 0, least = 0;

	for (int64_t i = 0; i < n; i++) {
		mean += fabs(u[i]) / (double)n;
		least = fmin(least, u[i]);
	}
	change = fmin(change / mean, 0.9 / -least);
	for (int64_t i = 0; i < n; i++)
		u[i] = base * (1 + change * u[i]);
}

/* Random flow times a smooth window, gas at rest outside. */
static void put_in_window(const struct flow *f, struct rng r, double density, double pressure, double *q)
{
	const int64_t cells = flow_cells(f);
	const double width = 0.01, base[2] = { density, pressure };
	double left[3], right[3];

	for (int a = 0; a < f->dims; a++) {
		left[a] = 0.1 + 0.35 * rng_uniform_at(r, 2 * (uint64_t)a);
		right[a] = 0.55 + 0.35 * rng_uniform_at(r, 2 * (uint64_t)a + 1);
	}
	for (int64_t i = 0; i < cells; i++) {
		int64_t rest = i;
		double mask = 1;

		for (int a = f->dims - 1; a >= 0; a--) {
			const double x = flow_centre(f, a, rest % f->size[a]);

			mask *= 0.5 * (tanh((x - left[a]) / width) - tanh((x - right[a]) / width));
			rest /= f->size[a];
		}
		for (int k = 0; k < 2 + f->dims; k++)
			q[k * cells + i] = mask * q[k * cells + i] + (k < 2 ? (1 - mask) * base[k] : 0);
	}
}

int flow_random(const struct flow *f, struct rng r, double *q, struct err *e)
{
	const struct rng size = part_of(r, "compressible base");
	const int64_t cells = flow_cells(f);
	const double density = 0.1 + 9.9 * rng_uniform_at(size, 0), temperature = 0.1 + 9.9 * rng_uniform_at(size, 1);

	if (f->dims == 1) {
		random_profiles(f, r, q);
		return 0;
	}
	if (random_fields(f, r, f->dims + 2, false, q, e) != 0)
		return -1;
	scale_velocity(f, f->mach * sqrt(f->gamma * temperature), q);
	scale_around(density, 0.01 + 0.19 * rng_uniform_at(size, 2), cells, q);
	scale_around(density * temperature, 0.01 + 0.19 * rng_uniform_at(size, 3), cells, q + cells);
	if (rng_uniform_at(size, 4) < f->window_share)
		put_in_window(f, part_of(r, "compressible window"), density, density * temperature, q);
	return 0;
}

int flow_turbulence(const struct flow *f, struct rng r, double *q, struct err *e)
{
	const int64_t cells = flow_cells(f);

	if (random_fields(f, r, f->dims, true, q, e) != 0)
		return -1;
	scale_velocity(f, 1, q);
	for (int64_t i = 0; i < cells; i++) {
		q[i] = 1;
		q[cells + i] = 1 / (f->mach * f->mach * f->gamma);
	}
	return 0;
}
