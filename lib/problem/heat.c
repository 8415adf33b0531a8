/* heat.c: the heat equation on a torus from Gaussian random initial states, exactly: every Fourier mode decays by
 * itself. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "num/field.h"
#include "problem/axes.h"
#include "problem/problem.h"
#include "problem/spectral.h"

struct heat {
	double nu, T, gamma, tau, sigma;
	int64_t dims, frames;
	struct key_longs grid;
	bool mean_mode;
};

struct work {
	struct spectral s;
	struct field_sampler *law;
	double *start, *modes;
};

static int check(const void *config, struct err *e)
{
	const struct heat *c = config;

	if (c->grid.n != 1 && c->grid.n != c->dims)
		return err_set(e, ERR_USAGE, "grid: %d numbers for %lld dimensions", c->grid.n, (long long)c->dims);
	if (c->mean_mode && !(c->tau > 0))
		return err_set(e, ERR_USAGE, "tau: the mean mode needs tau > 0");
	return 0;
}

static int64_t size_of(const struct heat *c, int axis)
{
	return c->grid.at[c->grid.n == 1 ? 0 : axis];
}

static void layout(const void *config, struct layout *l)
{
	static const char *const names[] = { "x", "y", "z" };
	const struct heat *c = config;
	int axis[4], *space = axis + 1;

	if (c->frames > 0)
		axis[0] = problem_time_axis(l, c->frames, c->T);
	for (int a = 0; a < c->dims; a++)
		space[a] = problem_periodic_axis(l, names[a], size_of(c, a), 1);
	if (c->frames > 0) {
		layout_add_field(l, "u", DTYPE_F32, ROLE_TRAJECTORY, (int)c->dims + 1, axis);
	} else {
		layout_add_field(l, "a", DTYPE_F32, ROLE_INPUT, (int)c->dims, space);
		layout_add_field(l, "u", DTYPE_F32, ROLE_TARGET, (int)c->dims, space);
	}
	layout_add_param(l, "nu", c->nu);
	layout_add_param(l, "T", c->T);
}

static const char *const *march_input(const void *config)
{
	const struct heat *c = config;

	return c->frames > 0 ? problem_march_u(config) : problem_march_a(config);
}

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	spectral_clear(&w->s);
	field_sampler_free(w->law);
	free(w->start);
	free(w->modes);
	free(w);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct heat *c = config;
	struct field_law law = {
		.n_dims = (int)c->dims, .gamma = c->gamma, .tau = c->tau, .sigma = c->sigma, .mean_mode = c->mean_mode
	};
	struct work *w = xcalloc(1, sizeof *w);

	for (int a = 0; a < c->dims; a++)
		law.size[a] = size_of(c, a);
	if (spectral_init(&w->s, (int)c->dims, law.size, e) != 0 || field_sampler_new(&w->law, &law, e) != 0) {
		release(w);
		return -1;
	}
	w->start = xaligned((size_t)(2 * w->s.n_modes) * sizeof(double));
	w->modes = xaligned((size_t)(2 * w->s.n_modes) * sizeof(double));
	*work = w;
	return 0;
}

static int march(const void *config, void *work, int64_t sample, const double *const *in, double *const *field,
		 double *number, struct err *e)
{
	const struct heat *c = config;
	const struct work *w = work;
	const int64_t n = w->s.n_points, frames = c->frames > 0 ? c->frames : 1;

	(void)sample;
	(void)number;
	(void)e;
	spectral_forward(&w->s, in[0], w->start);
	for (int64_t i = 0; i < n; i++)
		field[0][i] = in[0][i];
	for (int64_t k = 1; k <= frames; k++) {
		const double t = c->T * ((double)k / (double)frames);

		for (int64_t m = 0; m < w->s.n_modes; m++) {
			double decay = exp(-c->nu * spectral_laplace(&w->s, m) * t);

			w->modes[2 * m] = decay * w->start[2 * m];
			w->modes[2 * m + 1] = decay * w->start[2 * m + 1];
		}
		spectral_inverse(&w->s, w->modes, c->frames > 0 ? field[0] + k * n : field[1]);
	}
	return 0;
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	struct work *w = work;
	const double *start[1] = { field[0] };

	field_draw(w->law, rng_stream(seed, "heat", 0, (uint64_t)sample), field[0]);
	return march(config, work, sample, start, field, number, e);
}

static const struct key keys[] = {
	KEY_REAL(struct heat, nu, "0.01", 0, 1e9, "conductivity"),
	KEY_REAL(struct heat, T, "1", 0, 1e9, "end time"),
	KEY_INT(struct heat, frames, "0", 0, 1e7, "0: the map a = u(0) -> u(T); k: trajectory of k + 1 states"),
	KEY_INT(struct heat, dims, "1", 1, 3, "space dimensions"),
	KEY_INTS(struct heat, grid, "64", 1, 1e7, "points of each axis; one number serves all"),
	KEY_REAL(struct heat, gamma, "2", 0, 100, "initial state N(0, sigma^2 (-Laplace + tau^2)^-gamma): gamma"),
	KEY_REAL(struct heat, tau, "5", 0, 1e6, "its tau"),
	KEY_REAL(struct heat, sigma, "25", 0, 1e9, "its sigma"),
	KEY_FLAG(struct heat, mean_mode, "true", "draw its mean too"),
	KEY_END,
};

static const struct problem_class heat = {
	.name = "heat",
	.summary = "heat equation on a torus",
	.equation = "u_t = nu*lap(u)",
	.source = "Fourier, Theorie analytique de la chaleur (1822)",
	.notes = "exact for the trigonometric interpolant of the initial state",
	.config_size = sizeof(struct heat),
	.keys = keys,
	.check = check,
	.layout = layout,
	.prepare = prepare,
	.release = release,
	.generate = generate,
	.march = march,
	.march_input = march_input,
	.test_config = "dims: 2\ngrid: [12, 8]\nframes: 3\n",
};

const struct problem_class *const problem_file_heat[] = { &heat, NULL };
