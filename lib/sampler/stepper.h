/* stepper.h: steps of diffusion and flow samplers, from noise to data over a grid of times. Every method here is linear
 * in the state and the model's values, so that a step is a table of coefficients (struct step_plan): computed once for
 * a grid, executed by one loop. A method is an entry of stepper_files with the function that fills a plan. */
#ifndef SCIML_SAMPLER_STEPPER_H
#define SCIML_SAMPLER_STEPPER_H

#include "sampler/denoiser.h"

enum { STEP_STAGES = 4, STEP_PAST = 3, STEP_VALUES = STEP_STAGES + STEP_PAST };

/* carry x + sum_k weight[k] value[k]: first the values of the step's own stages, then, from STEP_STAGES on, the first
 * values of the steps before, newest first. */
struct step_row {
	double carry, weight[STEP_VALUES];
};

struct step_plan {
	int stages;			      /* model calls */
	double t[STEP_STAGES];		      /* where each is made */
	struct step_row row[STEP_STAGES + 1]; /* row[k]: state that stage k sees (k >= 1); row[stages]: the result */
	double stir_carry, stir;	      /* before the step x becomes stir_carry x + stir z unless stir = 0 */
	double noise;			      /* noise z is added to the result */
	struct step_row low;		      /* adaptive methods: the result of lower order */
};

/* What methods may be told; each uses some. */
struct step_options {
	double eta;					     /* noise of the stochastic ones, 0 none, 1 full */
	double churn, churn_min, churn_max, churn_inflation; /* S_churn, S_min, S_max, S_noise of arXiv 2206.00364 */
	double rtol, atol;				     /* adaptive methods */
	bool denoise;		/* the last step is the data estimate itself, to sigma = 0 */
	int64_t corrector;	/* Langevin steps after every step (arXiv 2011.13456, algorithms 4 and 5) */
	double corrector_ratio; /* their signal-to-noise ratio r */
};

struct step_grid {
	const struct noise_schedule *schedule;
	const struct step_options *option;
	int64_t steps;			 /* as asked for, without the one that denoises */
	int64_t n;			 /* intervals */
	const struct noise_level *level; /* n + 1: the first noisy, the last clean */
};

struct stepper_class {
	const char *name, *summary, *source;
	enum denoiser_form value; /* what the model is asked for */
	int order;		  /* global order of a deterministic method; of a stochastic one without its noise */
	int calls, extra;	  /* model calls: calls * steps + extra; calls = 0: as many as steps.
				     One that denoises costs one. */
	bool noisy;		  /* draws random numbers; where eta has a meaning, for eta > 0 */
	bool adaptive;		  /* chooses its steps; plan serves one interval and fills low */
	bool ends;		  /* works where alpha or sigma vanishes (flows from T = 1 to t_end = 0) */
	int variant;		  /* for the plan's own use */
	const void *data;
	int64_t (*intervals)(int64_t steps); /* of the grid; NULL: steps */
	/* The step from level i to i + 1 into p, which is zeroed but for row[0].carry, t[0] = level[i].t and stages =
	 * 1. */
	void (*plan)(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p);
};
/* Lists of the members, as the kinds have them. */
extern const struct stepper_class *const *const stepper_files[];
const struct stepper_class *stepper_find(const char *name);

/* exp(z) - 1 = z + z^2/2 + ...; phi_2 = (exp(z) - 1) / z - 1 and phi_3 = phi_2 / z - 1/2, without cancellation. */
double step_phi2(double z);
double step_phi3(double z);

/* ---- grids of times ---- */

enum step_times {
	TIMES_UNIFORM, /* uniform in t */
	TIMES_POWER,   /* uniform in t^(1/power); power 2 is "quadratic" */
	TIMES_LOG_SNR, /* uniform in lambda */
	TIMES_KARRAS,  /* uniform in rho^(1/power); power 7 in arXiv 2206.00364, eq. 5 */
};
extern const char *const step_times_names[];
/* t_0 = T > ... > t_n = t_end into t. power 0: the usual one. ERR_USAGE when lambda is infinite at an end but
 * needed. */
int step_times_fill(enum step_times kind, const struct noise_schedule *s, double power, int64_t n, double *t,
		    struct err *e);

/* ---- a method on a grid ---- */

struct stepper;
/* Coefficients for the n + 1 times t, which must be strictly decreasing (or strictly increasing: from data to noise,
 * for methods without noise). schedule is borrowed. steps: as asked for, which decides n = stepper_intervals. */
struct stepper *stepper_new(const struct stepper_class *c, const struct noise_schedule *schedule,
			    const struct step_options *option, int64_t steps, int64_t n, const double *t,
			    struct err *e);
void stepper_free(struct stepper *s);
int64_t stepper_intervals(const struct stepper_class *c, const struct step_options *option, int64_t steps);
/* Model calls of a run; -1: adaptive. */
int64_t stepper_calls(const struct stepper *s);
const struct step_plan *stepper_plan(const struct stepper *s, int64_t i);

/* Takes n points x from the first time to the last, in place. Point k draws from the streams of sample first + k: it
 * depends on no other point, except that an adaptive method chooses the steps of all n by the largest error among them.
 * -1: the model failed, or a state is not finite (step and time in the message). */
int stepper_run(const struct stepper *s, struct denoiser *d, uint64_t seed, int64_t first, int64_t n, double *x,
		struct err *e);

#endif
