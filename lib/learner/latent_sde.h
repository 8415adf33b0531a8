/* latent_sde.h: latent stochastic differential equations (Li, Wong, Chen, Duvenaud 2020, arXiv 2001.01328): a path in
 * latent space of which observations are linear with Gaussian noise. The prior is dz = h(t, z) dt + g(z) dW from z(0)
 * ~ N(m, s^2), the posterior dz = f(t, z, c) dt + g(z) dW from z(0) ~ N(m(c), s(c)^2), where the context c comes of a
 * recurrent network that has read the observations backwards up to the next frame. By Girsanov's theorem their
 * divergence is E 1/2 int |(f - h)/g|^2 dt, added up along the steps of Euler and Maruyama (the integrals are Ito's).
 * */
#ifndef SCIML_LEARNER_LATENT_SDE_H
#define SCIML_LEARNER_LATENT_SDE_H

#include "conf/key.h"
#include "run/network.h"

struct latent_sde {
	int64_t latent, context, encoder, diffusion_width; /* diffusion_width 0: a learnt constant for each channel */
	int64_t steps, kl_steps, draws;
	double noise, diffusion;
	const char *field;
};
extern const struct key latent_sde_keys[];

struct latent_loop_spec {
	struct network *network; /* its model is f and h; gains parameters where they are still being made */
	const struct latent_sde *config;
	int64_t batch, channels, frames;
	const double *time; /* of the frames; copied */
	bool prior;	    /* paths out of the prior instead of the posterior of given paths */
	bool gradient;
};
/* Means over the batch, in nats: minus the log-likelihood of all observations, the divergences of start and path. */
struct latent_terms {
	double misfit, start, path;
};

struct latent_loop;
struct latent_loop *latent_loop_new(const struct latent_loop_spec *spec, struct err *e);
void latent_loop_free(struct latent_loop *l);
int64_t latent_loop_batch(const struct latent_loop *l);
/* Normals that a run takes, in doubles: path by path those of the start, then those of each step. */
int64_t latent_loop_noise(const struct latent_loop *l);
/* values: parameters to use, as in the network. paths (frames, b, channels), in the network's type: read, or written
 * without the noise of observation (prior). The loss is misfit + weight (start + path); its gradient, like the
 * network's parameters, is overwritten; NULL: none. */
int latent_loop_run(struct latent_loop *l, const struct params *values, const double *normals, void *paths,
		    double weight, struct latent_terms *terms, struct params *gradient, struct err *e);

/* Paths of the prior in the data's units, a fixed number at a time: see path_source in sample_model.h. */
void *latent_draws_new(struct network *n, const void *config, const struct layout *made, int64_t batch, struct err *e);
void latent_draws_free(void *draws);
int latent_draws_run(void *draws, const struct params *values, uint64_t seed, const char *purpose, int64_t first,
		     double *out, struct err *e);

#endif
