/* diffusion.c: diffusion and flow sampling of a Gaussian mixture, whose exact model shows what a method, a schedule and a
 * number of steps are worth without training anything. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/help.h"
#include "sampler/mixture_read.h"
#include "sampler/sampler.h"
#include "sampler/stepper.h"

struct diffusion {
	struct mixture_keys target;
	const char *method;
	int64_t steps, betas_count, corrector;
	int times, schedule, betas;
	double power, T, t_end, beta_min, beta_max, sigma_min, sigma_max, shift;
	double eta, churn, churn_min, churn_max, churn_inflation, corrector_ratio, rtol, atol;
	bool denoise;
};

struct work {
	struct noise_schedule schedule;
	struct mixture *mixture;
	struct denoiser denoiser;
	struct stepper *stepper;
};

static const char *const times_names[] = { "auto", "uniform", "power", "log-snr", "karras", NULL };

/* Deterministic methods stay so unless told. */
static struct step_options options_of(const struct diffusion *c, const struct stepper_class *m)
{
	return (struct step_options){ .eta = c->eta >= 0 ? c->eta
					     : m->noisy	 ? 1
							 : 0,
				      .churn = c->churn,
				      .churn_min = c->churn_min,
				      .churn_max = c->churn_max,
				      .churn_inflation = c->churn_inflation,
				      .rtol = c->rtol,
				      .atol = c->atol,
				      .denoise = c->denoise,
				      .corrector = c->corrector,
				      .corrector_ratio = c->corrector_ratio };
}

static bool is_flow(const struct diffusion *c)
{
	return c->schedule == NOISE_FLOW_LINEAR || c->schedule == NOISE_FLOW_TRIG;
}

static int open_schedule(const struct diffusion *c, const struct stepper_class *m, struct noise_schedule *s,
			 struct err *e)
{
	struct noise_spec spec = { .kind = (enum noise_kind)c->schedule,
				   .T = c->T,
				   .t_end = c->t_end,
				   .beta_min = c->beta_min,
				   .beta_max = c->beta_max,
				   .sigma_min = c->sigma_min,
				   .sigma_max = c->sigma_max,
				   .shift = c->shift,
				   .betas = (enum noise_betas)c->betas,
				   .n_betas = c->betas_count };

	/* Off the ends, where alpha and sigma vanish, for methods that divide by them. */
	if (is_flow(c) && !m->ends) {
		spec.T = c->T > 0 ? c->T : 0.999;
		spec.t_end = c->t_end > 0 ? c->t_end : 1e-3;
	}
	return noise_open(s, &spec, e);
}

static enum step_times times_of(const struct diffusion *c, const struct stepper_class *m)
{
	if (c->times > 0)
		return (enum step_times)(c->times - 1);
	if (is_flow(c) && m->ends)
		return TIMES_UNIFORM;
	return c->schedule == NOISE_EDM || c->schedule == NOISE_VE ? TIMES_KARRAS : TIMES_LOG_SNR;
}

static int open_stepper(const struct diffusion *c, const struct stepper_class *m, struct work *w, struct err *e)
{
	const struct step_options o = options_of(c, m);
	const int64_t n = stepper_intervals(m, &o, c->steps);
	double *t;

	if (n < 1)
		return err_set(e, ERR_USAGE, "steps: %lld leave none before the one that denoises",
			       (long long)c->steps);
	t = mem_new(n + 1, sizeof *t, "times", e);
	if (t && step_times_fill(times_of(c, m), &w->schedule, c->power, n, t, e) == 0)
		w->stepper = stepper_new(m, &w->schedule, &o, c->steps, n, t, e);
	free(t);
	return w->stepper ? 0 : -1;
}

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

static const struct stepper_class *method_of(const struct diffusion *c, struct err *e)
{
	const struct stepper_class *m = stepper_find(c->method);
	const char *names[256], *near;
	int n = 0;

	if (m)
		return m;
	for (int i = 0; stepper_files[i]; i++)
		for (int k = 0; stepper_files[i][k] && n < 256; k++)
			names[n++] = stepper_files[i][k]->name;
	near = str_nearest(c->method, n, names);
	err_set(e, ERR_USAGE, "method: no method '%s'%s%s%s", c->method, near ? ", did you mean '" : "",
		near ? near : "; --describe diffusion lists them", near ? "'?" : "");
	return NULL;
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct diffusion *c = config;
	const struct stepper_class *m = method_of(c, e);
	struct work *w = xcalloc(1, sizeof *w);

	if (m && open_schedule(c, m, &w->schedule, e) == 0 && (w->mixture = mixture_read(&c->target, e)) &&
	    open_stepper(c, m, w, e) == 0) {
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

	if (c->denoise || prepare(config, &work, NULL) != 0)
		return false;
	w = work;
	const struct noise_level end = noise_at(&w->schedule, w->schedule.t_end);

	mixture_moments(w->mixture, &end, i, mean, &variance);
	*std = sqrt(variance);
	release(w);
	return true;
}

/* The methods: name, order, model calls of a step, what it is and whence. */
static void describe(bool man, struct str *out)
{
	enum { COLUMN = 26 };

	str_add(out, man ? ".PP\nMethods:\n" : "  methods:\n");
	for (int i = 0; stepper_files[i]; i++)
		for (int k = 0; stepper_files[i][k]; k++) {
			const struct stepper_class *m = stepper_files[i][k];
			struct str text = { 0 };

			str_add(&text, m->summary);
			if (m->noisy)
				str_add(&text, "; random");
			else
				str_printf(&text, "; order %d", m->order);
			if (m->calls > 1)
				str_printf(&text, ", %d model calls a step", m->calls);
			str_printf(&text, ". %s", m->source);
			if (man) {
				str_add(out, ".TP\n.B ");
				help_roff(out, m->name);
				str_add(out, "\n");
				help_roff(out, str_text(&text));
				str_add(out, "\n");
			} else {
				help_entry(out, m->name, COLUMN, str_text(&text));
			}
			str_free(&text);
		}
}

static const struct key keys[] = {
	KEY_TEXT(struct diffusion, method, "dpm-solver++2m", "how to step; the methods are listed below"),
	KEY_INT(struct diffusion, steps, "20", 1, 1e6,
		"steps; model calls for dpm-solver-fast; without meaning for adaptive methods"),
	KEY_ONE_OF(struct diffusion, times, "auto", times_names,
		   "grid of times: uniform in t, in a power of t, in log(alpha / sigma), in a power of sigma / alpha"),
	KEY_REAL(struct diffusion, power, "0", 0, 100, "power of the grid: 0 is 2 for t and 7 for sigma / alpha"),
	KEY_ONE_OF(struct diffusion, schedule, "vp-linear", noise_names, "alpha and sigma over time"),
	KEY_REAL(struct diffusion, T, "0", 0, 1e6, "time of the noise; 0: the schedule's usual one"),
	KEY_REAL(struct diffusion, t_end, "0", 0, 1e6, "time where sampling ends; 0: the schedule's usual one"),
	KEY_REAL(struct diffusion, beta_min, "0", 0, 1e3, "vp-linear, sub-vp, discrete; 0: 0.1, discrete 1e-4"),
	KEY_REAL(struct diffusion, beta_max, "0", 0, 1e3, "the same; 0: 20, discrete 0.02"),
	KEY_REAL(struct diffusion, sigma_min, "0", 0, 1e6, "ve, edm; 0: 0.01, edm 0.002"),
	KEY_REAL(struct diffusion, sigma_max, "0", 0, 1e6, "the same; 0: 50, edm 80"),
	KEY_REAL(struct diffusion, shift, "0.008", 1e-9, 1, "vp-cosine, cosine betas"),
	KEY_ONE_OF(struct diffusion, betas, "linear", noise_betas_names, "discrete: how beta grows"),
	{ "train_steps", KEY_LONG, KEY_MEMBER(struct diffusion, betas_count, int64_t), "1000", 2, 1e6, NULL,
	  "discrete: number of betas" },
	KEY_REAL(
		struct diffusion, eta, "-1", -1, 10,
		"noise of ddim, euler-maruyama, interpolant-*: 0 none, 1 full; -1: none for ddim, full for the others"),
	KEY_REAL(struct diffusion, churn, "0", 0, 1e6, "edm-*: S_churn"),
	KEY_REAL(struct diffusion, churn_min, "0", 0, 1e12, "edm-*: S_min"),
	KEY_REAL(struct diffusion, churn_max, "1e12", 0, 1e12, "edm-*: S_max"),
	KEY_REAL(struct diffusion, churn_inflation, "1", 0, 10, "edm-*: S_noise"),
	KEY_INT(struct diffusion, corrector, "0", 0, 1e4, "Langevin steps after every step"),
	KEY_REAL(struct diffusion, corrector_ratio, "0.16", 1e-6, 10, "their signal-to-noise ratio"),
	KEY_REAL(struct diffusion, rtol, "0.05", 1e-14, 1, "adaptive methods: relative tolerance"),
	KEY_REAL(struct diffusion, atol, "0.0078", 1e-14, 1, "adaptive methods: absolute tolerance"),
	KEY_FLAG(struct diffusion, denoise, "false", "the last step takes the data estimate"),
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
	.describe = describe,
	.test_config = "method: deis-tab3\nsteps: 24\nmeans: [[-1, 0.5], [1, 0], [0.3, -1]]\nstds: [0.3, [0.2, 0.5], "
		       "1]\nweights: [1, 2, 1]\n",
	.moments = moments,
};

const struct sampler_class *const sampler_file_diffusion[] = { &diffusion, NULL };
