/* sde_lorenz.c: Lorenz's equations with noise in proportion to the state: what latent SDEs are shown on. */
#include "base/rng.h"
#include "problem/axes.h"
#include "problem/problem.h"
#include "problem/sde_frames.h"

enum { N = 3 };

struct lorenz {
	double T, sigma, rho, beta, noise_x, noise_y, noise_z, spread;
	int64_t frames, steps;
};

static void drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	const struct lorenz *c = context;

	(void)t;
	for (int64_t i = 0; i < paths; i++, x += N, out += N) {
		out[0] = c->sigma * (x[1] - x[0]);
		out[1] = x[0] * (c->rho - x[2]) - x[1];
		out[2] = x[0] * x[1] - c->beta * x[2];
	}
}

static void diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	const struct lorenz *c = context;
	const double noise[N] = { c->noise_x, c->noise_y, c->noise_z };

	(void)t;
	for (int64_t i = 0; i < N * paths; i++)
		out[i] = noise[i % N] * x[i];
}

static void slope(void *context, int64_t paths, double t, const double *x, double *out)
{
	const struct lorenz *c = context;
	const double noise[N] = { c->noise_x, c->noise_y, c->noise_z };

	(void)t;
	(void)x;
	for (int64_t i = 0; i < N * paths; i++)
		out[i] = noise[i % N];
}

static void layout(const void *config, struct layout *l)
{
	const struct lorenz *c = config;
	int axis[2];

	axis[0] = problem_time_axis(l, c->frames, c->T);
	axis[1] = layout_add_axis(l, "channel", AXIS_CHANNEL, N, NULL, false, 0);
	layout_add_field(l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, axis);
	layout_add_param(l, "sigma", c->sigma);
	layout_add_param(l, "rho", c->rho);
	layout_add_param(l, "beta", c->beta);
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	struct lorenz c = *(const struct lorenz *)config;
	const struct sde s = { .n = N, .drift = drift, .diffusion = diffusion, .slope = slope, .context = &c };
	double x[N];

	(void)work;
	(void)number;
	rng_normal(rng_stream(seed, "lorenz-sde start", 0, (uint64_t)sample), 0, N, x);
	for (int i = 0; i < N; i++)
		x[i] *= c.spread;
	return problem_sde_frames(&s, "lorenz-sde", seed, sample, c.T, c.frames, c.steps, x, field[0], e);
}

static const struct key keys[] = {
	KEY_REAL(struct lorenz, T, "2", 1e-12, 1e12, "end time"),
	KEY_INT(struct lorenz, frames, "99", 1, 1e8, "saved intervals: frames + 1 values"),
	KEY_INT(struct lorenz, steps, "20", 1, 1e9, "steps of the scheme in a frame"),
	KEY_REAL(struct lorenz, sigma, "10", -1e6, 1e6, "Prandtl number"),
	KEY_REAL(struct lorenz, rho, "28", -1e6, 1e6, "Rayleigh number in units of the critical one"),
	KEY_REAL(struct lorenz, beta, "2.6666666666666665", -1e6, 1e6, "shape of the rolls"),
	KEY_REAL(struct lorenz, noise_x, "0.1", -1e6, 1e6, "noise of x in units of x"),
	KEY_REAL(struct lorenz, noise_y, "0.28", -1e6, 1e6, "noise of y"),
	KEY_REAL(struct lorenz, noise_z, "0.3", -1e6, 1e6, "noise of z"),
	KEY_REAL(struct lorenz, spread, "1", 0, 1e6, "standard deviation of each coordinate at the start"),
	KEY_END,
};

static const struct problem_class lorenz = {
	.name = "lorenz-sde",
	.summary = "Lorenz's equations with noise in proportion to the state, from a Gaussian start",
	.equation = "dx = sigma*(y - x)*dt + noise_x*x*dW, dy = (x*(rho - z) - y)*dt + noise_y*y*dW, dz = (x*y - "
		    "beta*z)*dt + noise_z*z*dW",
	.source = "data of the latent SDE of arXiv 2001.01328 as published with its code",
	.notes = "Milstein's method, strong order 1",
	.config_size = sizeof(struct lorenz),
	.keys = keys,
	.layout = layout,
	.prepare = problem_prepare_none,
	.release = problem_release_none,
	.generate = generate,
	.test_config = "T: 0.2\nframes: 6\nsteps: 20\n",
};
const struct problem_class *const problem_file_sde_lorenz[] = { &lorenz, NULL };
