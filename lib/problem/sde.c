/* sde.c: paths of stochastic processes: Ornstein-Uhlenbeck, geometric Brownian motion, Cox-Ingersoll-Ross, and
 * overdamped Langevin dynamics in a double well. */
#include "integ/process.h"
#include "integ/sde.h"
#include "problem/axes.h"
#include "problem/problem.h"

struct path {
	struct process process;
	double T, rtol, atol, dtmin, tolerance;
	struct key_doubles pid;
	int64_t frames, steps, components;
	int method;
};

static struct process_scheme scheme_of(const struct path *c)
{
	return (struct process_scheme){ c->method, c->steps,	 c->rtol,  c->atol,
					c->dtmin,  c->tolerance, c->pid.n, c->pid.at };
}

static int check(enum process_kind kind, const void *config, struct err *e)
{
	const struct path *c = config;
	const struct process_scheme scheme = scheme_of(c);

	/* A choice can name a method that this process lacks; the message tells what it has. */
	if (c->steps > INT64_MAX / 2 / c->frames)
		return err_set(e, ERR_USAGE, "steps: %lld steps for each of %lld frames are too many",
			       (long long)c->steps, (long long)c->frames);
	return process_check(kind, &scheme, e);
}

static void layout(const void *config, struct layout *l)
{
	const struct path *c = config;
	int axis[2];

	axis[0] = problem_time_axis(l, c->frames, c->T);
	axis[1] = layout_add_axis(l, "channel", AXIS_CHANNEL, c->components, NULL, false, 0);
	layout_add_field(l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, axis);
	layout_add_param(l, "rate", c->process.rate);
	layout_add_param(l, "level", c->process.level);
	layout_add_param(l, "sigma", c->process.sigma);
}

static int generate(enum process_kind kind, const void *config, uint64_t seed, int64_t sample, double *u, struct err *e)
{
	const struct path *c = config;

	const struct process_scheme scheme = scheme_of(c);

	if (process_path(kind, &c->process, &scheme, c->components, c->T, c->frames, seed, sample, NULL, u, NULL, e) !=
	    0)
		return problem_sample_error(e, sample);
	return 0;
}

#define PROCESS(id, kind)                                                                                              \
	static int id##_check(const void *config, struct err *e)                                                       \
	{                                                                                                              \
		return check(kind, config, e);                                                                         \
	}                                                                                                              \
	static int id##_generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field,  \
				 double *number, struct err *e)                                                        \
	{                                                                                                              \
		(void)work;                                                                                            \
		(void)number;                                                                                          \
		return generate(kind, config, seed, sample, field[0], e);                                              \
	}
PROCESS(ou, PROCESS_OU)
PROCESS(gbm, PROCESS_GBM)
PROCESS(cir, PROCESS_CIR)
PROCESS(langevin, PROCESS_LANGEVIN)
PROCESS(trend, PROCESS_OU_TREND)

#define PART(name, f, d, lo, hi, help)                                                                                 \
	{                                                                                                              \
		name, KEY_DOUBLE, KEY_MEMBER(struct path, f, double), d, lo, hi, NULL, help                            \
	}
#define PATH_KEYS(T_default, frames_default, method_default, start_default, width_default)                             \
	KEY_REAL(struct path, T, T_default, 1e-12, 1e12, "end time"),                                                  \
		KEY_INT(struct path, frames, frames_default, 1, 1e8, "saved intervals: frames + 1 values"),            \
		KEY_INT(struct path, steps, "16", 1, 1e9, "steps of a scheme in a frame"),                             \
		KEY_INT(struct path, components, "1", 1, 1e6, "independent components"),                               \
		KEY_ONE_OF(struct path, method, method_default, sde_exact_or_method_names,                             \
			   "transition law or scheme"),                                                                \
		KEY_REAL(struct path, rtol, "0", 0, 1, "relative tolerance; above 0: adaptive steps"),                 \
		KEY_REAL(struct path, atol, "0", 0, 1e9, "absolute tolerance; above 0: adaptive steps"),               \
		KEY_REAL(struct path, dtmin, "0", 0, 1e9, "smallest adaptive step; 0: 2^-16 of a frame"),              \
		KEY_REALS(struct path, pid, "[0.1, 0.3, 0]", 0, 10,                                                    \
			  "adaptive steps: proportional, integral and derivative coefficient"),                        \
		KEY_REAL(struct path, tolerance, "0", 0, 1e9,                                                          \
			 "above 0: one Brownian path to this resolution, the same for all methods and steps"),         \
		PART("start", process.start, start_default, -1e9, 1e9, "mean of the initial value"),                   \
		PART("start_spread", process.start_spread, "0", 0, 1e9, "standard deviation of the initial value"),    \
		PART("start_width", process.start_width, width_default, 0, 1e9,                                        \
		     "half the width of a uniform part of it")

static const struct key ou_keys[] = {
	PATH_KEYS("5", "100", "exact", "1", "0"),
	PART("rate", process.rate, "1", -1e6, 1e6, "rate of return"),
	PART("level", process.level, "0", -1e9, 1e9, "level returned to"),
	PART("sigma", process.sigma, "0.5", 0, 1e6, "noise"),
	KEY_END,
};
static const struct key gbm_keys[] = {
	PATH_KEYS("1", "100", "exact", "1", "0"),
	PART("rate", process.rate, "0.1", -1e6, 1e6, "drift"),
	PART("sigma", process.sigma, "0.3", 0, 1e6, "volatility"),
	KEY_END,
};
static const struct key cir_keys[] = {
	PATH_KEYS("5", "100", "euler-maruyama", "1", "0"),
	PART("rate", process.rate, "1", 1e-9, 1e6, "rate of return"),
	PART("level", process.level, "1", 0, 1e9, "level returned to"),
	PART("sigma", process.sigma, "0.5", 0, 1e6, "noise"),
	KEY_END,
};
static const struct key langevin_keys[] = {
	PATH_KEYS("20", "200", "euler-maruyama", "0", "0"),
	PART("rate", process.rate, "1", 0, 1e6, "height of the barrier, times 4"),
	PART("sigma", process.sigma, "0.7", 0, 1e6, "noise: sqrt(2 temperature)"),
	KEY_END,
};

static const struct key trend_keys[] = {
	PATH_KEYS("63", "63", "euler-maruyama", "0", "1"),
	PART("rate", process.rate, "0.1", 0, 1e6, "rate of return"),
	PART("level", process.level, "0.02", -1e9, 1e9, "slope of the drift in time"),
	PART("sigma", process.sigma, "0.0126984", 0, 1e6, "slope of the noise in time; 0.8/63: 0.8 at t = 63"),
	KEY_END,
};

#define PATH_CLASS(id)                                                                                                 \
	.config_size = sizeof(struct path), .keys = id##_keys, .layout = layout, .prepare = problem_prepare_none,      \
	.release = problem_release_none, .check = id##_check, .generate = id##_generate

static const struct problem_class ou = {
	.name = "ou",
	.summary = "Ornstein-Uhlenbeck process",
	.equation = "dx = rate*(level - x)*dt + sigma*dW",
	.source = "Uhlenbeck, Ornstein, Phys. Rev. 36 (1930)",
	.notes = "exact Gaussian transition by default",
	.test_config = "frames: 10\ncomponents: 3\n",
	PATH_CLASS(ou),
};
static const struct problem_class gbm = {
	.name = "gbm",
	.summary = "geometric Brownian motion",
	.equation = "dx = rate*x*dt + sigma*x*dW",
	.source = "Black, Scholes, J. Polit. Econ. 81 (1973)",
	.notes = "exact log-normal transition by default",
	.test_config = "frames: 10\nmethod: milstein\nsteps: 4\n",
	PATH_CLASS(gbm),
};
static const struct problem_class cir = {
	.name = "cir",
	.summary = "Cox-Ingersoll-Ross square-root process, non-negative",
	.equation = "dx = rate*(level - x)*dt + sigma*sqrt(x)*dW",
	.source = "Cox, Ingersoll, Ross, Econometrica 53 (1985), eq. 17",
	.notes = "schemes with full truncation; the stored path is the positive part",
	.test_config = "frames: 10\nsteps: 4\n",
	PATH_CLASS(cir),
};
static const struct problem_class langevin = {
	.name = "langevin",
	.summary = "overdamped Langevin dynamics in a double well",
	.equation = "dx = rate*(x - x^3)*dt + sigma*dW",
	.source = "Kramers, Physica 7 (1940)",
	.notes = "the noise is additive: schemes of order 1/2 have strong order 1, sra1 and shark 3/2",
	.test_config = "frames: 10\nsteps: 4\n",
	PATH_CLASS(langevin),
};

static const struct problem_class trend = {
	.name = "ou-trend",
	.summary = "Ornstein-Uhlenbeck process with a drift and a noise that grow in time, from a uniform start",
	.equation = "dx = (level*t - rate*x)*dt + sigma*t*dW",
	.source = "data of the SDE-GAN of arXiv 2102.03657 as published with its code",
	.test_config = "frames: 10\nT: 10\nsteps: 4\n",
	PATH_CLASS(trend),
};

const struct problem_class *const problem_file_sde[] = { &ou, &gbm, &cir, &langevin, &trend, NULL };
