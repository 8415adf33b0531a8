/* diffusion.c: diffusion and flow sampling of a Gaussian mixture, whose exact model shows what a method, a schedule and
 * a number of steps are worth without training anything. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sampler/mixture_read.h"
#include "sampler/noise_keys.h"
#include "sampler/sampler.h"
#include "sampler/step_keys.h"

struct diffusion {
	struct mixture_keys target;
	struct noise_keys noise;
	struct step_keys step;
};

struct work {
	struct noise_schedule schedule;
	struct mixture *mixture;
	struct denoiser denoiser;
	struct stepper *stepper;
};

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	stepper_free(w->stepper);
	mixture_free(w->mixture);
	noise_close(&w->schedule);
	free(w);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct diffusion *c = config;
	const struct stepper_class *m = step_method(&c->step, e);
	const struct noise_spec spec = noise_spec_of(&c->noise);
	struct work *w = xcalloc(1, sizeof *w);

	if (m && step_schedule(m, &spec, &w->schedule, e) == 0 && (w->mixture = mixture_read(&c->target, e)) &&
	    (w->stepper = step_open(&c->step, m, &w->schedule, e))) {
		w->denoiser = mixture_denoiser(w->mixture, &w->schedule, m->value);
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
	void *work;
	struct work *w;
	int axis;

	if (prepare(config, &work, NULL) != 0)
		return;
	w = work;
	axis = layout_add_axis(l, "channel", AXIS_CHANNEL, mixture_dim(w->mixture), NULL, false, 0);
	layout_add_field(l, "x", DTYPE_F64, ROLE_TARGET, 1, &axis);
	if (stepper_calls(w->stepper) >= 0)
		layout_add_param(l, "model_calls", (double)stepper_calls(w->stepper));
	release(w);
}

static int draw(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, struct err *e)
{
	struct work *w = work;
	const int64_t dim = mixture_dim(w->mixture);
	const double std = noise_prior_std(&w->schedule);
	double *x = field[0];

	(void)config;
	rng_normal(rng_stream(seed, "sampler start", 0, (uint64_t)sample), 0, (size_t)dim, x);
	for (int64_t i = 0; i < dim; i++)
		x[i] *= std;
	if (stepper_run(w->stepper, &w->denoiser, seed, sample, 1, x, e) != 0)
		return err_in(e, "sample %lld", (long long)sample);
	return 0;
}

/* Of the target at t_end, which a method meets up to the error of its steps. */
static bool moments(const void *config, int64_t i, double *mean, double *std)
{
	const struct diffusion *c = config;
	void *work;
	struct work *w;
	double variance;

	if (c->step.denoise || prepare(config, &work, NULL) != 0)
		return false;
	w = work;
	const struct noise_level end = noise_at(&w->schedule, w->schedule.t_end);

	mixture_moments(w->mixture, &end, i, mean, &variance);
	*std = sqrt(variance);
	release(w);
	return true;
}

static const struct key keys[] = {
	STEP_KEYS(struct diffusion),
	NOISE_KEYS(struct diffusion, "vp-linear"),
	MIXTURE_KEYS(struct diffusion),
	KEY_END,
};

static const struct sampler_class diffusion = {
	.name = "diffusion",
	.summary = "Gaussian mixtures by diffusion and flow samplers with the exact model",
	.source = "Song et al., arXiv 2011.13456, and the papers of the methods",
	.notes = "the log-SNR at t_end is finite: samples carry sigma(t_end) of noise unless denoise is set",
	.config_size = sizeof(struct diffusion),
	.keys = keys,
	.check = check,
	.layout = layout,
	.prepare = prepare,
	.release = release,
	.draw = draw,
	.describe = step_describe,
	.test_config = "method: deis-tab3\nsteps: 24\nmeans: [[-1, 0.5], [1, 0], [0.3, -1]]\nstds: [0.3, [0.2, 0.5], "
		       "1]\nweights: [1, 2, 1]\n",
	.moments = moments,
};

const struct sampler_class *const sampler_file_diffusion[] = { &diffusion, NULL };
