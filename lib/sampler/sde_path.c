/* sde_path.c: paths of the stochastic processes of integ/process.h. */
#include <stdlib.h>

#include "base/mem.h"
#include "integ/process.h"
#include "integ/sde.h"
#include "sampler/sampler.h"

struct sde_path {
	int process, method;
	double T, rate, level, sigma, start, start_spread, start_width, rtol, atol, dtmin, tolerance;
	struct key_doubles pid;
	int64_t frames, steps;
};

static struct process process_of(const struct sde_path *c)
{
	return (struct process){ c->rate, c->level, c->sigma, c->start, c->start_spread, c->start_width };
}

static struct process_scheme scheme_of(const struct sde_path *c)
{
	return (struct process_scheme){ c->method, c->steps,	 c->rtol,  c->atol,
					c->dtmin,  c->tolerance, c->pid.n, c->pid.at };
}

static int check(const void *config, struct err *e)
{
	const struct sde_path *c = config;

	const struct process_scheme scheme = scheme_of(c);

	if (process_check((enum process_kind)c->process, &scheme, e) != 0)
		return -1;
	if (c->process == PROCESS_CIR && !(c->rate > 0))
		return err_set(e, ERR_USAGE, "rate: process cir needs rate > 0");
	return 0;
}

static void layout(const void *config, struct layout *l)
{
	const struct sde_path *c = config;
	double *t = xmalloc((size_t)(c->frames + 1) * sizeof *t);
	int axis;

	for (int64_t k = 0; k <= c->frames; k++)
		t[k] = c->T * ((double)k / (double)c->frames);
	axis = layout_add_axis(l, "t", AXIS_TIME, c->frames + 1, t, false, 0);
	free(t);
	layout_add_field(l, "u", DTYPE_F64, ROLE_TRAJECTORY, 1, &axis);
	if (c->rtol > 0 || c->atol > 0)
		layout_add_field(l, "steps", DTYPE_F64, ROLE_NONE, 0, NULL);
	layout_add_param(l, "rate", c->rate);
	layout_add_param(l, "level", c->level);
	layout_add_param(l, "sigma", c->sigma);
}

static int prepare(const void *config, void **work, struct err *e)
{
	(void)config;
	(void)e;
	*work = NULL;
	return 0;
}

static void release(void *work)
{
	(void)work;
}

static int draw(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, struct err *e)
{
	const struct sde_path *c = config;
	const struct process p = process_of(c);
	const struct process_scheme scheme = scheme_of(c);
	struct sde_counts counts = { 0 };

	(void)work;
	if (process_path((enum process_kind)c->process, &p, &scheme, 1, c->T, c->frames, seed, sample, NULL, field[0],
			 &counts, e) != 0)
		return err_in(e, "sample %lld", (long long)sample);
	if (c->rtol > 0 || c->atol > 0)
		*field[1] = (double)counts.accepted;
	return 0;
}

static bool moments(const void *config, int64_t i, double *mean, double *std)
{
	const struct sde_path *c = config;
	const struct process p = process_of(c);

	/* A scheme's own moments differ by its step error. */
	return (c->method == PROCESS_EXACT || i == 0) &&
	       process_moments((enum process_kind)c->process, &p, c->T * ((double)i / (double)c->frames), mean, std);
}

static const struct key keys[] = {
	KEY_ONE_OF(struct sde_path, process, "ou", process_names,
		   "ou: rate (level - X) dt + sigma dW; gbm: rate X dt + sigma X dW; cir: rate (level - X) dt + "
		   "sigma sqrt(X) dW; langevin: rate (X - X^3) dt + sigma dW; ou-trend: (level t - rate X) dt + sigma "
		   "t dW"),
	KEY_ONE_OF(struct sde_path, method, "exact", sde_exact_or_method_names, "transition law or scheme"),
	KEY_REAL(struct sde_path, T, "1", 1e-12, 1e12, "end time"),
	KEY_INT(struct sde_path, frames, "100", 1, 1e8, "saved intervals: frames + 1 values"),
	KEY_INT(struct sde_path, steps, "16", 1, 1e9, "steps of a scheme in a frame"),
	KEY_REAL(struct sde_path, rtol, "0", 0, 1, "relative tolerance; above 0: adaptive steps"),
	KEY_REAL(struct sde_path, atol, "0", 0, 1e9,
		 "absolute tolerance; above 0: adaptive steps, whose number goes to field steps"),
	KEY_REAL(struct sde_path, dtmin, "0", 0, 1e9, "smallest adaptive step; 0: 2^-16 of a frame"),
	KEY_REALS(struct sde_path, pid, "[0.1, 0.3, 0]", 0, 10,
		  "adaptive steps: proportional, integral and derivative coefficient"),
	KEY_REAL(struct sde_path, tolerance, "0", 0, 1e9,
		 "above 0: one Brownian path to this resolution, the same for all methods and steps"),
	KEY_REAL(struct sde_path, rate, "1", -1e6, 1e6, "rate of the drift"),
	KEY_REAL(struct sde_path, level, "0", -1e9, 1e9, "level returned to"),
	KEY_REAL(struct sde_path, sigma, "0.5", 0, 1e6, "noise"),
	KEY_REAL(struct sde_path, start, "1", -1e9, 1e9, "mean of the initial value"),
	KEY_REAL(struct sde_path, start_spread, "0", 0, 1e9, "standard deviation of the initial value"),
	KEY_REAL(struct sde_path, start_width, "0", 0, 1e9, "half the width of a uniform part of it"),
	KEY_END,
};

static const struct sampler_class sde_path = {
	.name = "sde-path",
	.summary = "paths of Ornstein-Uhlenbeck, geometric Brownian, square-root and double-well processes",
	.source = "Kloeden, Platen, Numerical Solution of Stochastic Differential Equations (1992)",
	.notes = "exact transitions for ou and gbm, schemes of strong order 1/2 to 3/2 for all; methods of "
		 "Stratonovich's calculus get the drift that belongs to it; same draws as the problems of these names",
	.config_size = sizeof(struct sde_path),
	.keys = keys,
	.check = check,
	.layout = layout,
	.prepare = prepare,
	.release = release,
	.draw = draw,
	.test_config = "frames: 8\nstart_spread: 0.3\n",
	.moments = moments,
};

const struct sampler_class *const sampler_file_sde_path[] = { &sde_path, NULL };
