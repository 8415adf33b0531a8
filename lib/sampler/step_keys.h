/* step_keys.h: the choice of a method and its grid of times as keys of a configuration section; from keys to a
 * stepper. */
#ifndef SCIML_SAMPLER_STEP_KEYS_H
#define SCIML_SAMPLER_STEP_KEYS_H

#include "conf/key.h"
#include "sampler/stepper.h"

/* A member of the section's struct called step. */
struct step_keys {
	const char *method;
	int64_t steps, corrector;
	int times;
	double power, eta, churn, churn_min, churn_max, churn_inflation, corrector_ratio, rtol, atol;
	bool denoise;
};
extern const char *const step_grid_names[]; /* "auto", then step_times_names */
/* clang-format off */
#define STEP_KEY(TYPE, NAME, KIND, C, DEF, LO, HI, LIST, HELP) \
	{ #NAME, KIND, KEY_MEMBER(TYPE, step.NAME, C), DEF, LO, HI, LIST, HELP }
#define STEP_KEYS(TYPE) \
	STEP_KEY(TYPE, method, KEY_STRING, const char *, "dpm-solver++2m", 0, 0, NULL, "how to step; the methods are listed below"), \
	STEP_KEY(TYPE, steps, KEY_LONG, int64_t, "20", 1, 1e6, NULL, \
		"steps; model calls for dpm-solver-fast; without meaning for adaptive methods"), \
	STEP_KEY(TYPE, times, KEY_CHOICE, int, "auto", 0, 0, step_grid_names, \
		"grid of times: uniform in t, in a power of t, in log(alpha / sigma), in a power of sigma / alpha"), \
	STEP_KEY(TYPE, power, KEY_DOUBLE, double, "0", 0, 100, NULL, "power of the grid: 0 is 2 for t and 7 for sigma / alpha"), \
	STEP_KEY(TYPE, eta, KEY_DOUBLE, double, "-1", -1, 10, NULL, \
		"noise of ddim, euler-maruyama, interpolant-*: 0 none, 1 full; -1: none for ddim, full for the others"), \
	STEP_KEY(TYPE, churn, KEY_DOUBLE, double, "0", 0, 1e6, NULL, "edm-*: S_churn"), \
	STEP_KEY(TYPE, churn_min, KEY_DOUBLE, double, "0", 0, 1e12, NULL, "edm-*: S_min"), \
	STEP_KEY(TYPE, churn_max, KEY_DOUBLE, double, "1e12", 0, 1e12, NULL, "edm-*: S_max"), \
	STEP_KEY(TYPE, churn_inflation, KEY_DOUBLE, double, "1", 0, 10, NULL, "edm-*: S_noise"), \
	STEP_KEY(TYPE, corrector, KEY_LONG, int64_t, "0", 0, 1e4, NULL, "Langevin steps after every step"), \
	STEP_KEY(TYPE, corrector_ratio, KEY_DOUBLE, double, "0.16", 1e-6, 10, NULL, "their signal-to-noise ratio"), \
	STEP_KEY(TYPE, rtol, KEY_DOUBLE, double, "0.05", 1e-14, 1, NULL, "adaptive methods: relative tolerance"), \
	STEP_KEY(TYPE, atol, KEY_DOUBLE, double, "0.0078", 1e-14, 1, NULL, "adaptive methods: absolute tolerance"), \
	STEP_KEY(TYPE, denoise, KEY_BOOL, bool, "false", 0, 0, NULL, "the last step takes the data estimate")
/* clang-format on */

/* The method named; NULL with ERR_USAGE "method: ..." and the nearest name. */
const struct stepper_class *step_method(const struct step_keys *k, struct err *e);
struct step_options step_options_of(const struct step_keys *k, const struct stepper_class *m);
/* The schedule of a specification as the method can use it: methods that divide by alpha and sigma keep off the ends of
 * flows, T = 0.999 and t_end = 0.001, unless the specification says where to end. */
int step_schedule(const struct stepper_class *m, const struct noise_spec *spec, struct noise_schedule *s,
		  struct err *e);
/* The method on its grid from s->T to s->t_end. times auto: uniform for methods that work at the ends of a flow, a
 * power of sigma / alpha for edm and ve, else uniform in log(alpha / sigma). */
struct stepper *step_open(const struct step_keys *k, const struct stepper_class *m, const struct noise_schedule *s,
			  struct err *e);
/* The methods, for --describe: name, what it is, order, model calls of a step, source. */
void step_describe(bool man, struct str *out);

#endif
