/* learner_denoise.c: denoising objectives: samples get noise of a time drawn anew for each, and the network estimates
 * noise, data, score, v, velocity or EDM's preconditioned F from them. With schedule flow-linear and form velocity this
 * is flow matching (rectified flow from Gaussian noise). */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "learner/denoise.h"
#include "learner/generative.h"
#include "learner/sample_model.h"
#include "sampler/step_keys.h"

static const char *const forms[] = { "noise", "data", "score", "v", "velocity", "edm", NULL };
enum { WEIGHT_FORM, WEIGHT_LIKELIHOOD = N_DENOISER_FORMS, WEIGHT_MIN_SNR };
static const char *const weights[] = {
	"form", "noise", "data", "score", "v", "velocity", "likelihood", "min-snr", NULL
};
enum { TIMES_UNIFORMLY, TIMES_LOG_NORMAL, TIMES_LOGIT_NORMAL };
static const char *const times[] = { "uniform", "log-normal", "logit-normal", NULL };
static const char *const norms[] = { "square", "absolute", NULL };

const struct key denoise_keys[] = {
	KEY_ONE_OF(struct denoise_config, form, "noise", forms, "what the network estimates"),
	KEY_ONE_OF(struct denoise_config, weight, "form", weights,
		   "the loss counts the squared error of the form itself, of another estimate that follows from it, of "
		   "the "
		   "score times g^2 (likelihood), or of the data times min(SNR, snr_most)"),
	KEY_ONE_OF(struct denoise_config, norm, "square", norms, "squared or absolute errors"),
	KEY_ONE_OF(struct denoise_config, times, "uniform", times,
		   "law of the times: uniform from t_end to T; log(sigma / alpha) normal; log(t / (1 - t)) normal"),
	KEY_REAL(struct denoise_config, time_mean, "-1.2", -100, 100, "mean of the normal laws"),
	KEY_REAL(struct denoise_config, time_std, "1.2", 1e-6, 100, "their standard deviation"),
	KEY_REAL(struct denoise_config, snr_most, "5", 1e-6, 1e9, "min-snr: largest signal-to-noise ratio that counts"),
	KEY_REAL(struct denoise_config, data_std, "1", 1e-9, 1e9,
		 "edm: standard deviation of the data as they reach the network"),
	KEY_INT(struct denoise_config, classes, "0", 0, 1e6,
		"data.input is a label of so many classes; 0: conditions are numbers"),
	KEY_REAL(struct denoise_config, drop, "0.1", 0, 1,
		 "fraction of samples shown without their condition, for guidance without a classifier"),
	NOISE_KEYS(struct denoise_config, "vp-linear"),
	KEY_END,
};

void denoise_handle(const struct denoise_config *c, struct denoiser *d)
{
	const enum noise_kind kind = (enum noise_kind)c->noise.schedule;
	/* times of these run far, and unevenly in the noise */
	const bool by_noise = kind == NOISE_EDM || kind == NOISE_VE || kind == NOISE_OU;

	d->form = (enum denoiser_form)c->form;
	d->label = by_noise ? LABEL_LOG_NOISE : LABEL_TIME;
	d->data_std = c->data_std;
}

/* The learner's own: the schedule and a handle without a model, for its conversions. */
struct denoise {
	struct noise_schedule schedule;
	struct denoiser handle;
};

static double draw_time(const struct denoise_config *c, const struct noise_schedule *s, struct rng stream)
{
	double t;

	if (c->times == TIMES_UNIFORMLY)
		return s->t_end + (s->T - s->t_end) * rng_uniform_at(stream, 0);
	const double z = c->time_mean + c->time_std * rng_normal_at(stream, 0);
	t = c->times == TIMES_LOG_NORMAL ? noise_time(s, -z) : 1 / (1 + exp(-z));
	return fmin(fmax(t, s->t_end > 0 ? s->t_end : 1e-6 * s->T), s->T);
}

/* The factor on squared errors of the form. */
static double weight_at(const struct denoise_config *c, const struct noise_level *v)
{
	const enum denoiser_form form = (enum denoiser_form)c->form;
	enum denoiser_form counted = form;
	double of_x, of_estimate, factor = 1;

	if (c->weight == WEIGHT_LIKELIHOOD) {
		counted = DENOISER_SCORE;
		factor = v->diffusion2;
	} else if (c->weight == WEIGHT_MIN_SNR) {
		counted = DENOISER_DATA;
		factor = fmin(1 / (v->rho * v->rho), c->snr_most);
	} else if (c->weight != WEIGHT_FORM) {
		counted = (enum denoiser_form)(c->weight - 1);
	}
	denoiser_convert(v, form, counted, c->data_std, &of_x, &of_estimate);
	if (c->norm == REGRESSION_ABSOLUTE)
		return sqrt(factor) * fabs(of_estimate);
	return factor * of_estimate * of_estimate;
}

static int fill(struct trainer *t, const struct examples *from, int64_t n, const int64_t *item, bool judging,
		struct err *e)
{
	const struct denoise_config *c = t->objective_config;
	struct generative *g = generative_of(t);
	const struct denoise *own = g->own;
	const int64_t dim = from->dim;
	double *noise = mem_new(dim, sizeof *noise, "noise", e);

	if (!noise)
		return -1;
	for (int64_t i = 0; i < n; i++) {
		const double time = draw_time(c, &own->schedule, generative_stream(t, "time", judging, item[i]));
		const struct noise_level v = noise_at(&own->schedule, time);
		const double scale = denoiser_input_scale(&own->handle, &v);
		double data, of_noise;

		rng_normal(generative_stream(t, "noise", judging, item[i]), 0, (size_t)dim, noise);
		denoiser_blend(&v, own->handle.form, c->data_std, &data, &of_noise);
		for (int64_t k = 0; k < dim; k++) {
			const double x0 = g->sample[i * dim + k];

			g->x[i * dim + k] = scale * (v.alpha * x0 + v.sigma * noise[k]);
			g->target[i * dim + k] = data * x0 + of_noise * noise[k];
		}
		g->vector[i * from->spec.n_vector] = denoiser_label(&own->handle, &v);
		g->weight[i] = weight_at(c, &v);
	}
	free(noise);
	return 0;
}

static int open_denoise(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	const struct denoise_config *c = t->objective_config;
	const struct noise_spec spec = noise_spec_of(&c->noise);
	struct generative *g = t->learning = xcalloc(1, sizeof *g);
	struct denoise *own = g->own = xcalloc(1, sizeof *own);

	if (noise_open(&own->schedule, &spec, e) != 0)
		return err_in(e, "objective");
	own->handle.schedule = &own->schedule;
	denoise_handle(c, &own->handle);
	g->classes = c->classes;
	g->out_parts = g->rows = 1;
	g->drop = c->drop;
	g->norm = (enum regression_norm)c->norm;
	g->fill = fill;
	return generative_open(t, data, valid, e);
}

static void close_denoise(struct trainer *t)
{
	struct denoise *own = t->learning ? generative_of(t)->own : NULL;

	if (own)
		noise_close(&own->schedule);
	free(own);
	generative_close(t);
}

static const struct learner_class denoise = {
	.name = "denoise",
	.summary = "diffusion and flow models: what noise, data or velocity is behind a noised sample",
	.source = "Ho et al., arXiv 2006.11239; Song et al., arXiv 2011.13456; Karras et al., arXiv 2206.00364",
	.notes = "data.target names the fields to make, data.input what they are conditioned on, none unless named; "
		 "data.normalise_target: channel gives the samples unit deviation; sciml-sample draws from the model "
		 "file",
	.config_size = sizeof(struct denoise_config),
	.keys = denoise_keys,
	.needs_data = true,
	.score = "valid_loss",
	.open = open_denoise,
	.close = close_denoise,
	.load = generative_load,
	.evaluate = generative_evaluate,
	.judge = generative_judge,
	.layout = generative_layout,
	.sample = sample_model,
	.sample_keys = sample_model_keys,
	.sample_describe = step_describe,
	.test_config = "problem: {name: grf, grid: 8, sigma: 5}\n"
		       "gen: {samples: 256}\n"
		       "model: {name: time-mlp, width: 16, depth: 2}\n"
		       "data: {target: u}\n"
		       "objective: denoise\n"
		       "train: {epochs: 20, batch: 64, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_denoise[] = { &denoise, NULL };
