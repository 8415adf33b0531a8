/* noise_keys.h: a noise schedule as keys of a configuration section. */
#ifndef SCIML_SAMPLER_NOISE_KEYS_H
#define SCIML_SAMPLER_NOISE_KEYS_H

#include "conf/key.h"
#include "sampler/noise.h"

/* A member of the section's struct called noise. */
struct noise_keys {
	int schedule, betas;
	double T, t_end, beta_min, beta_max, sigma_min, sigma_max, shift;
	int64_t train_steps;
	struct key_doubles beta_values;
};
/* clang-format off */
#define NOISE_KEY(TYPE, NAME, KIND, C, DEF, LO, HI, LIST, HELP) \
	{ #NAME, KIND, KEY_MEMBER(TYPE, noise.NAME, C), DEF, LO, HI, LIST, HELP }
#define NOISE_KEYS(TYPE, USUAL) \
	NOISE_KEY(TYPE, schedule, KEY_CHOICE, int, USUAL, 0, 0, noise_names, "alpha and sigma over time"), \
	NOISE_KEY(TYPE, T, KEY_DOUBLE, double, "0", 0, 1e6, NULL, "time of the noise; 0: the schedule's usual one"), \
	NOISE_KEY(TYPE, t_end, KEY_DOUBLE, double, "0", 0, 1e6, NULL, "earliest time, at the data's end; 0: the schedule's usual one"), \
	NOISE_KEY(TYPE, beta_min, KEY_DOUBLE, double, "0", 0, 1e3, NULL, "vp-linear, sub-vp, discrete; 0: 0.1, discrete 1e-4"), \
	NOISE_KEY(TYPE, beta_max, KEY_DOUBLE, double, "0", 0, 1e3, NULL, "the same; 0: 20, discrete 0.02"), \
	NOISE_KEY(TYPE, sigma_min, KEY_DOUBLE, double, "0", 0, 1e6, NULL, "ve, edm; 0: 0.01, edm 0.002"), \
	NOISE_KEY(TYPE, sigma_max, KEY_DOUBLE, double, "0", 0, 1e6, NULL, "the same; 0: 50, edm 80"), \
	NOISE_KEY(TYPE, shift, KEY_DOUBLE, double, "0.008", 1e-9, 1, NULL, "vp-cosine, cosine betas"), \
	NOISE_KEY(TYPE, betas, KEY_CHOICE, int, "linear", 0, 0, noise_betas_names, "discrete: how beta grows"), \
	NOISE_KEY(TYPE, train_steps, KEY_LONG, int64_t, "1000", 2, 1e6, NULL, "discrete: number of betas"), \
	NOISE_KEY(TYPE, beta_values, KEY_DOUBLES, struct key_doubles, "[]", 0, 1, NULL, "discrete: the betas themselves instead")
/* clang-format on */

/* The specification that the keys describe; beta_values is borrowed. */
struct noise_spec noise_spec_of(const struct noise_keys *k);
/* Both flows: alpha or sigma vanishes at their ends. */
bool noise_is_flow(enum noise_kind kind);

#endif
