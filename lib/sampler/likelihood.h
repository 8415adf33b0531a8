/* likelihood.h: densities by the probability flow (arXiv 2011.13456, section 4.3; arXiv 1810.01367): along dx/dt = b(x,
 * t) log p_t changes by -div b dt, so that log p_{t_end}(x) = log N(x_T; 0, sigma_T^2 I) + integral of div b from t_end
 * to T. */
#ifndef SCIML_SAMPLER_LIKELIHOOD_H
#define SCIML_SAMPLER_LIKELIHOOD_H

#include "base/rng.h"
#include "integ/integ.h"
#include "sampler/denoiser.h"

struct likelihood_options {
	int64_t probes; /* 0: the divergence exactly, by dim Jacobian products; else Hutchinson's estimate, the mean of
			   w . J w over so many vectors w of random signs, kept along a point's path */
	uint64_t seed;	/* of the signs; sample: the point's number */
	struct integ_tolerance tolerance;
};

/* One point x (dim values) at t_end, which becomes the point at T; *log_density in nats, *divergence its integral
 * (NULL: not wanted). sample: the point's number. -1: no Jacobian, an infinite log-SNR at T or t_end (flows), the
 * integration failed. */
int likelihood_log_density(struct denoiser *d, const struct likelihood_options *o, uint64_t sample, double *x,
			   double *log_density, double *divergence, struct err *e);

#endif
