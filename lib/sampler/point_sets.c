/* point_sets.c: points of the plane and the line that generative models are shown on: Gaussian mixtures and the usual
 * toys, drawn exactly; mixtures also with noise of a random time and what the exact model says about them, as an answer
 * to compare with. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sampler/mixture_read.h"
#include "sampler/noise_keys.h"
#include "sampler/sampler.h"

static const double pi = 3.14159265358979323846;

/* ---- the mixtures of mixture.h ---- */

struct mixture_draws {
	struct mixture_keys target;
	struct noise_keys noise;
	bool noised;
	int estimate;
};
struct work {
	struct noise_schedule schedule;
	struct mixture *mixture;
	struct denoiser denoiser;
};
static const char *const estimates[] = { "noise", "data", "score", "v", "velocity", NULL };

static const struct key mixture_keys[] = {
	KEY_FLAG(struct mixture_draws, noised, "false",
		 "points with noise of a time drawn between t_end and T, the times, and the exact estimate there"),
	KEY_ONE_OF(struct mixture_draws, estimate, "noise", estimates, "noised: what is estimated"),
	MIXTURE_KEYS(struct mixture_draws),
	NOISE_KEYS(struct mixture_draws, "vp-linear"),
	KEY_END,
};

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	mixture_free(w->mixture);
	noise_close(&w->schedule);
	free(w);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct mixture_draws *c = config;
	const struct noise_spec spec = noise_spec_of(&c->noise);
	struct work *w = xcalloc(1, sizeof *w);

	if (noise_open(&w->schedule, &spec, e) == 0 && (w->mixture = mixture_read(&c->target, e))) {
		w->denoiser = mixture_denoiser(w->mixture, &w->schedule, (enum denoiser_form)c->estimate);
		*work = w;
		return 0;
	}
	release(w);
	return -1;
}

static int check(const void *config, struct err *e)
{
	void *work;

	if (prepare(config, &work, e) != 0)
		return -1;
	release(work);
	return 0;
}

/* check has shown that prepare works. */
static void layout(const void *config, struct layout *l)
{
	const struct mixture_draws *c = config;
	void *work;
	int axis;

	if (prepare(config, &work, NULL) != 0)
		return;
	axis = layout_add_axis(l, "channel", AXIS_CHANNEL, mixture_dim(((struct work *)work)->mixture), NULL, false, 0);
	release(work);
	if (c->noised) {
		layout_add_field(l, "x", DTYPE_F64, ROLE_INPUT, 1, &axis);
		layout_add_field(l, "time", DTYPE_F64, ROLE_INPUT, 0, NULL);
		layout_add_field(l, "estimate", DTYPE_F64, ROLE_TARGET, 1, &axis);
	} else {
		layout_add_field(l, "x", DTYPE_F64, ROLE_TARGET, 1, &axis);
	}
}

static int draw(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, struct err *e)
{
	const struct mixture_draws *c = config;
	struct work *w = work;
	const struct noise_schedule *s = &w->schedule;
	const struct rng noise = rng_stream(seed, "mixture noise", 0, (uint64_t)sample);
	const int64_t dim = mixture_dim(w->mixture);
	double *x = field[0];

	mixture_draw(w->mixture, rng_stream(seed, "mixture", 0, (uint64_t)sample), x);
	if (!c->noised)
		return 0;
	const double t =
		s->t_end + (s->T - s->t_end) * rng_uniform_at(rng_stream(seed, "mixture time", 0, (uint64_t)sample), 0);
	const struct noise_level v = noise_at(s, t);

	for (int64_t i = 0; i < dim; i++)
		x[i] = v.alpha * x[i] + v.sigma * rng_normal_at(noise, (uint64_t)i);
	*field[1] = t;
	return denoiser_eval(&w->denoiser, w->denoiser.form, t, 1, x, field[2], NULL, e);
}

static bool moments(const void *config, int64_t i, double *mean, double *std)
{
	const struct mixture_draws *c = config;
	void *work;
	double variance;

	if (c->noised || prepare(config, &work, NULL) != 0)
		return false;
	mixture_moments(((struct work *)work)->mixture, NULL, i, mean, &variance);
	*std = sqrt(variance);
	release(work);
	return true;
}

static const struct sampler_class mixture = {
	.name = "mixture",
	.summary = "exact draws of a Gaussian mixture, plain or noised",
	.source = "closed form",
	.config_size = sizeof(struct mixture_draws),
	.keys = mixture_keys,
	.check = check,
	.layout = layout,
	.prepare = prepare,
	.release = release,
	.draw = draw,
	.test_config = "means: [[-1, 0.5], [1, 0], [0.3, -1]]\nstds: [0.3, [0.2, 0.5], 1]\nweights: [1, 2, 1]\n",
	.moments = moments,
};

/* ---- toys ---- */

enum { CHECKERBOARD, CIRCLES, MOONS, SWISS_ROLL };
static const char *const shapes[] = { "checkerboard", "circles", "moons", "swiss-roll", NULL };

struct toy {
	int shape;
	double noise;
};
static const struct key toy_keys[] = {
	KEY_ONE_OF(struct toy, shape, "checkerboard", shapes, "which set"),
	KEY_REAL(struct toy, noise, "0.05", 0, 100,
		 "standard deviation of the noise on curves; none on the checkerboard"),
	KEY_END,
};

static void toy_layout(const void *config, struct layout *l)
{
	int axis = layout_add_axis(l, "channel", AXIS_CHANNEL, 2, NULL, false, 0);

	(void)config;
	layout_add_field(l, "x", DTYPE_F64, ROLE_TARGET, 1, &axis);
}

static int toy_draw(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, struct err *e)
{
	const struct toy *c = config;
	double u[3], *x = field[0], angle, radius;

	(void)work;
	(void)e;
	rng_uniform(rng_stream(seed, "toy", 0, (uint64_t)sample), 0, 3, u);
	switch (c->shape) {
	case CHECKERBOARD:
		x[0] = 4 * u[0] - 2;
		x[1] = u[1] - 2 * (u[2] < 0.5) + fabs(fmod(floor(x[0]), 2));
		x[0] *= 2;
		x[1] *= 2;
		return 0;
	case CIRCLES:
		angle = 2 * pi * u[0];
		radius = u[1] < 0.5 ? 1 : 2;
		x[0] = radius * cos(angle);
		x[1] = radius * sin(angle);
		break;
	case MOONS:
		angle = pi * u[0];
		x[0] = u[1] < 0.5 ? cos(angle) : 1 - cos(angle);
		x[1] = u[1] < 0.5 ? sin(angle) : 0.5 - sin(angle);
		break;
	default:
		angle = 1.5 * pi * (1 + 2 * u[0]);
		x[0] = angle * cos(angle) / 5;
		x[1] = angle * sin(angle) / 5;
		break;
	}
	for (int i = 0; i < 2; i++)
		x[i] += c->noise * rng_normal_at(rng_stream(seed, "toy noise", 0, (uint64_t)sample), (uint64_t)i);
	return 0;
}

static bool toy_moments(const void *config, int64_t i, double *mean, double *std)
{
	/* On the checkerboard each coordinate is uniform on [-4, 4]. */
	if (((const struct toy *)config)->shape != CHECKERBOARD)
		return false;
	(void)i;
	*mean = 0;
	*std = 8 / sqrt(12);
	return true;
}

static const struct sampler_class toy = {
	.name = "toy",
	.summary = "points of the plane: checkerboard, two circles, two moons, swiss roll",
	.source = "checkerboard: arXiv 2303.08797, section 7.1; the others as everywhere",
	.config_size = sizeof(struct toy),
	.keys = toy_keys,
	.layout = toy_layout,
	.draw = toy_draw,
	.test_config = "shape: checkerboard\n",
	.moments = toy_moments,
};

const struct sampler_class *const sampler_file_point_sets[] = { &mixture, &toy, NULL };
