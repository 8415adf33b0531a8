/* noise.h: noise schedules of diffusion and flow models: x_t = alpha(t) x_0 + sigma(t) e with e ~ N(0, I). Time t = 0
 * is data and t = T noise for every kind, flows too; samplers go from T down to t_end. Everything is in double;
 * differences that cancel near the data end go through expm1 and log1p.
 *
 * The forward equation is dx = f(t) x dt + g(t) dW with f = d log alpha / dt and g^2 = d sigma^2 / dt - 2 f sigma^2
 * (Song et al., arXiv 2011.13456, eq. 29-33); lambda = log(alpha / sigma) is the half log-SNR, rho = sigma / alpha =
 * exp(-lambda). */
#ifndef SCIML_SAMPLER_NOISE_H
#define SCIML_SAMPLER_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum noise_kind {
	NOISE_VP_LINEAR,   /* beta(t) = beta_min + t (beta_max - beta_min): continuous DDPM */
	NOISE_VP_COSINE,   /* Nichol, Dhariwal, arXiv 2102.09672, eq. 17 */
	NOISE_SUB_VP,	   /* sigma = 1 - alpha^2; arXiv 2011.13456, eq. 14 */
	NOISE_VE,	   /* alpha = 1, sigma = sigma_min (sigma_max / sigma_min)^t */
	NOISE_EDM,	   /* alpha = 1, sigma = t; Karras et al., arXiv 2206.00364 */
	NOISE_OU,	   /* alpha = exp(-t), sigma^2 = (1 - exp(-2 t)) / 2: rate 1, unit noise */
	NOISE_FLOW_LINEAR, /* alpha = 1 - t, sigma = t: rectified flow, linear one-sided interpolant */
	NOISE_FLOW_TRIG,   /* alpha = cos(pi t / 2), sigma = sin(pi t / 2) */
	NOISE_DISCRETE,	   /* DDPM's betas; log alpha piecewise linear between t = k / N, alpha(0) = 1 */
};
extern const char *const noise_names[]; /* by kind, then NULL */

enum noise_betas { BETAS_LINEAR, BETAS_QUADRATIC, BETAS_COSINE };
extern const char *const noise_betas_names[];

/* What defines a schedule; members that a kind does not use are ignored. Zero: the kind's usual value. */
struct noise_spec {
	enum noise_kind kind;
	double T, t_end;
	double beta_min, beta_max;   /* vp-linear, sub-vp: 0.1, 20; discrete: the betas of one step, 1e-4, 0.02 */
	double sigma_min, sigma_max; /* ve: 0.01, 50; edm: T = sigma_max, t_end = sigma_min when those are 0 */
	double shift;		     /* vp-cosine, discrete cosine betas: 0.008 */
	enum noise_betas betas;
	int64_t n_betas; /* discrete: 1000 */
	const double
		*beta; /* discrete: n_betas betas instead of the formula's, NULL: none; needed by noise_open only */
};

struct noise_schedule {
	struct noise_spec spec;
	double T, t_end;
	double *decay; /* discrete: -2 log alpha at k / n_betas, k = 0 .. n_betas */
};

/* Values at one time. rho and lambda are infinite where alpha or sigma vanishes. */
struct noise_level {
	double t, log_alpha, alpha, sigma, lambda, rho;
	double alpha_rate, sigma_rate; /* derivatives by t */
	double drift, diffusion2;      /* f and g^2; infinite where alpha vanishes */
};

/* ERR_USAGE with the offending member when a value is out of range (0 <= t_end < T inside the kind's domain). */
int noise_open(struct noise_schedule *s, const struct noise_spec *spec, struct err *e);
void noise_close(struct noise_schedule *s);

struct noise_level noise_at(const struct noise_schedule *s, double t);
/* The time whose half log-SNR is lambda. */
double noise_time(const struct noise_schedule *s, double lambda);
/* Standard deviation of the Gaussian that sampling starts from: sigma(T). */
double noise_prior_std(const struct noise_schedule *s);

#endif
