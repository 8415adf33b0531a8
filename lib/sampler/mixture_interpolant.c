/* mixture_interpolant.c: points on the way from N(0, I) to a Gaussian mixture, with the exact velocity and score there:
 * answers to compare trained interpolants with. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sampler/interpolant.h"
#include "sampler/mixture_read.h"
#include "sampler/sampler.h"

struct points {
	struct mixture_keys target;
	int path, noise;
	double time, inset;
};

static const struct key keys[] = {
	KEY_ONE_OF(struct points, path, "linear", interpolant_path_names, "a and c of x = a x0 + c x1 + gamma z"),
	{ "gamma", KEY_CHOICE, KEY_MEMBER(struct points, noise, int), "brownian", 0, 0, interpolant_noise_names,
	  "noise on the way" },
	KEY_REAL(struct points, time, "0", 0, 1, "of all points; 0: drawn anew for each"),
	KEY_REAL(struct points, inset, "0.01", 1e-6, 0.49, "drawn times lie in [inset, 1 - inset]"),
	MIXTURE_KEYS(struct points),
	KEY_END,
};

struct work {
	struct mixture *base, *data;
	struct mixture_flow mixture;
	struct flow flow;
};

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	mixture_flow_close(&w->mixture);
	mixture_free(w->base);
	mixture_free(w->data);
	free(w);
}

static int prepare(const void *config, void **work, struct err *e)
{
	static const double one = 1;
	const struct points *c = config;
	const struct interpolant path = { (enum interpolant_path)c->path, (enum interpolant_noise)c->noise };
	struct work *w = xcalloc(1, sizeof *w);

	if ((w->data = mixture_read(&c->target, e))) {
		const int64_t dim = mixture_dim(w->data);
		double *mean = xcalloc((size_t)(2 * dim), sizeof *mean), *variance = mean + dim;

		for (int64_t i = 0; i < dim; i++)
			variance[i] = 1;
		w->base = mixture_new(1, dim, &one, mean, variance, NULL, e);
		free(mean);
	}
	if (w->base && mixture_flow_open(&w->mixture, &w->flow, &path, w->base, w->data, e) == 0) {
		*work = w;
		return 0;
	}
	release(w);
	return -1;
}

static int check(const void *config, struct err *e)
{
	const struct points *c = config;
	void *work;

	if (c->path == INTERPOLANT_ENCODING && c->noise == GAMMA_NONE)
		return err_set(e, ERR_USAGE, "sample.gamma: path encoding needs noise in its middle");
	if (prepare(config, &work, e) != 0)
		return -1;
	release(work);
	return 0;
}

/* check has shown that prepare works. */
static void layout(const void *config, struct layout *l)
{
	void *work;
	int axis;

	if (prepare(config, &work, NULL) != 0)
		return;
	axis = layout_add_axis(l, "channel", AXIS_CHANNEL, mixture_dim(((struct work *)work)->data), NULL, false, 0);
	release(work);
	layout_add_field(l, "x", DTYPE_F64, ROLE_INPUT, 1, &axis);
	layout_add_field(l, "time", DTYPE_F64, ROLE_INPUT, 0, NULL);
	layout_add_field(l, "estimate", DTYPE_F64, ROLE_TARGET, 1, &axis);
	layout_add_field(l, "score", DTYPE_F64, ROLE_NONE, 1, &axis);
}

static int draw(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, struct err *e)
{
	const struct points *c = config;
	struct work *w = work;
	const uint64_t i = (uint64_t)sample;
	const struct rng noise = rng_stream(seed, "interpolant noise", 0, i);
	const double u = rng_uniform_at(rng_stream(seed, "interpolant time", 0, i), 0),
		     t = c->time > 0 ? c->time : c->inset + (1 - 2 * c->inset) * u;
	const struct interpolant path = { (enum interpolant_path)c->path, (enum interpolant_noise)c->noise };
	const struct interpolant_level v = interpolant_at(&path, t);
	const int64_t dim = w->flow.dim;
	double *x = field[0];

	/* field[2] holds x0 until the velocity comes */
	mixture_draw(w->data, rng_stream(seed, "mixture", 0, i), x);
	mixture_draw(w->base, rng_stream(seed, "interpolant base", 0, i), field[2]);
	for (int64_t k = 0; k < dim; k++)
		x[k] = v.a * field[2][k] + v.c * x[k] + v.gamma * rng_normal_at(noise, (uint64_t)k);
	*field[1] = t;
	return w->flow.eval(&w->flow, t, 1, x, field[2], field[3], e);
}

/* At a given time the interpolant is a sum of independent parts. */
static bool moments(const void *config, int64_t i, double *mean, double *std)
{
	const struct points *c = config;
	const struct interpolant path = { (enum interpolant_path)c->path, (enum interpolant_noise)c->noise };
	const struct interpolant_level v = interpolant_at(&path, c->time);
	void *work;
	double variance;

	if (c->time == 0 || prepare(config, &work, NULL) != 0)
		return false;
	mixture_moments(((struct work *)work)->data, NULL, i, mean, &variance);
	*mean *= v.c;
	*std = sqrt(v.a * v.a + v.c * v.c * variance + v.gamma * v.gamma);
	release(work);
	return true;
}

static const struct sampler_class mixture_interpolant = {
	.name = "mixture-interpolant",
	.summary = "points between N(0, I) and a Gaussian mixture, with their exact velocity and score",
	.source = "Albergo, Boffi, Vanden-Eijnden, arXiv 2303.08797, section 4.2",
	.config_size = sizeof(struct points),
	.keys = keys,
	.check = check,
	.layout = layout,
	.prepare = prepare,
	.release = release,
	.draw = draw,
	.test_config = "means: [[-1, 0.5], [1, 0], [0.3, -1]]\nstds: [0.3, [0.2, 0.5], 1]\ntime: 0.4\n",
	.moments = moments,
};
const struct sampler_class *const sampler_file_mixture_interpolant[] = { &mixture_interpolant, NULL };
