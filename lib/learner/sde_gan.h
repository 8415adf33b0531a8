/* sde_gan.h: between the learner sde-gan and the verb that draws from what it trained. */
#ifndef SCIML_LEARNER_SDE_GAN_H
#define SCIML_LEARNER_SDE_GAN_H

#include "learner/neural_loop.h"

struct sde_gan {
	int64_t steps; /* of the solver, from one frame to the next */
	int64_t critic_hidden, critic_width, critic_depth, draws;
	double critic_rate, initial_rate, initial_scale, field_scale;
	bool clip;
};
extern const struct key sde_gan_keys[];

/* Paths out of a network of model neural-sde, a fixed number at a time. */
struct sde_draws;
struct sde_draws *sde_draws_new(struct network *n, const struct sde_gan *c, int64_t batch, struct err *e);
void sde_draws_free(struct sde_draws *d);
/* Draws first .. first + batch - 1 of (seed, purpose): (batch, frames, channels) in the data's units. values:
 * parameters to use. */
int sde_draws_run(struct sde_draws *d, const struct params *values, uint64_t seed, const char *purpose, int64_t first,
		  double *out, struct err *e);

/* Normals of one batch in the network's type: the stream of (seed, purpose, step, sample) has the start's noise
 * first. */
void sde_gan_noise(const struct neural_loop *l, const struct network *n, int64_t steps, uint64_t seed,
		   const char *purpose, uint64_t step, int64_t first, void *start, void *increments);

/* States "norm.mean", "norm.std" by channel: data = mean + std x. */
void sde_gan_scale(const struct params *p, int64_t channels, double *mean, double *std);

#endif
