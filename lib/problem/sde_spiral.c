/* sde_spiral.c: a cubic spiral with multiplicative noise: what neural SDEs are first shown on. */
#include "problem/axes.h"
#include "problem/problem.h"
#include "problem/sde_frames.h"

struct spiral {
	double T, decay, rotation, sigma, x, y;
	int64_t frames, steps;
};

static void drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	const struct spiral *c = context;

	(void)t;
	for (int64_t i = 0; i < paths; i++) {
		const double a = x[2 * i] * x[2 * i] * x[2 * i], b = x[2 * i + 1] * x[2 * i + 1] * x[2 * i + 1];

		out[2 * i] = -c->decay * a + c->rotation * b;
		out[2 * i + 1] = -c->rotation * a - c->decay * b;
	}
}

static void diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	const struct spiral *c = context;

	(void)t;
	for (int64_t i = 0; i < 2 * paths; i++)
		out[i] = c->sigma * x[i];
}

static void slope(void *context, int64_t paths, double t, const double *x, double *out)
{
	const struct spiral *c = context;

	(void)t;
	(void)x;
	for (int64_t i = 0; i < 2 * paths; i++)
		out[i] = c->sigma;
}

static void layout(const void *config, struct layout *l)
{
	const struct spiral *c = config;
	int axis[2];

	axis[0] = problem_time_axis(l, c->frames, c->T);
	axis[1] = layout_add_axis(l, "channel", AXIS_CHANNEL, 2, NULL, false, 0);
	layout_add_field(l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, axis);
	layout_add_param(l, "decay", c->decay);
	layout_add_param(l, "rotation", c->rotation);
	layout_add_param(l, "sigma", c->sigma);
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	struct spiral c = *(const struct spiral *)config;
	const struct sde s = { .n = 2, .drift = drift, .diffusion = diffusion, .slope = slope, .context = &c };
	double x[2] = { c.x, c.y };

	(void)work;
	(void)number;
	return problem_sde_frames(&s, "spiral-sde", seed, sample, c.T, c.frames, c.steps, x, field[0], e);
}

static const struct key keys[] = {
	KEY_REAL(struct spiral, T, "1", 1e-12, 1e12, "end time"),
	KEY_INT(struct spiral, frames, "29", 1, 1e8, "saved intervals: frames + 1 values"),
	KEY_INT(struct spiral, steps, "20", 1, 1e9, "steps of the scheme in a frame"),
	KEY_REAL(struct spiral, decay, "0.1", -1e6, 1e6, "rate of decay"),
	KEY_REAL(struct spiral, rotation, "2", -1e6, 1e6, "rate of rotation"),
	KEY_REAL(struct spiral, sigma, "0.2", 0, 1e6, "noise in units of the state"),
	KEY_REAL(struct spiral, x, "2", -1e6, 1e6, "first coordinate at the start"),
	KEY_REAL(struct spiral, y, "0", -1e6, 1e6, "second coordinate"),
	KEY_END,
};

static const struct problem_class spiral = {
	.name = "spiral-sde",
	.summary = "cubic spiral in the plane with noise in proportion to the state",
	.equation =
		"dx = (-decay*x^3 + rotation*y^3)*dt + sigma*x*dW, dy = (-rotation*x^3 - decay*y^3)*dt + sigma*y*dW",
	.source = "arXiv 2105.03918, section 4.3",
	.notes = "Milstein's method, strong order 1; the rotation rate grows as the square of the state: some hundred "
		 "steps a unit of time",
	.config_size = sizeof(struct spiral),
	.keys = keys,
	.layout = layout,
	.prepare = problem_prepare_none,
	.release = problem_release_none,
	.generate = generate,
	.test_config = "frames: 6\nsteps: 40\n",
};
const struct problem_class *const problem_file_sde_spiral[] = { &spiral, NULL };
