/* denoise.h: objective denoise: its keys, and what they mean for whoever applies the trained network. */
#ifndef SCIML_LEARNER_DENOISE_H
#define SCIML_LEARNER_DENOISE_H

#include "sampler/denoiser.h"
#include "sampler/noise_keys.h"

struct denoise_config {
	struct noise_keys noise;
	int form, weight, times, norm;
	double time_mean, time_std, snr_most, drop, data_std;
	int64_t classes;
};
extern const struct key denoise_keys[];

/* form, label and data_std of the handle of a network trained so; the rest is the caller's. */
void denoise_handle(const struct denoise_config *c, struct denoiser *d);

#endif
