/* mixture.h: Gaussian mixtures as exact models. With x0 ~ sum_k w_k N(m_k, C_k) the law of x_t = alpha x0 + sigma e is
 * sum_k w_k N(alpha m_k, S_k), S_k = alpha^2 C_k + sigma^2 I, so that density, score, noise and data estimates and
 * their Jacobians are closed forms at every time: the oracle of the samplers' tests and a model without training. */
#ifndef SCIML_SAMPLER_MIXTURE_H
#define SCIML_SAMPLER_MIXTURE_H

#include "base/rng.h"
#include "sampler/denoiser.h"

/* Holds scratch memory: one object per thread. */
struct mixture;

/* n components in dim dimensions; weight: n positive numbers of any sum; mean: n x dim; variance: n x dim (diagonal
 * C_k), or NULL and covariance: n x dim x dim, symmetric and positive semi-definite. All are copied. ERR_USAGE names
 * the component. */
struct mixture *mixture_new(int64_t n, int64_t dim, const double *weight, const double *mean, const double *variance,
			    const double *covariance, struct err *e);
/* Two-dimensional test sets: "gmm-a" (two broad components), "mild8", "ring8" (eight on a circle of radius 1.5 with
 * variance 0.1, 0.02). */
extern const char *const mixture_sets[];
struct mixture *mixture_named(int set);
void mixture_free(struct mixture *m);

int64_t mixture_dim(const struct mixture *m);
int64_t mixture_count(const struct mixture *m); /* components */
/* Weight (of sum 1), mean (dim) and covariance (dim x dim) of component k. */
double mixture_component(const struct mixture *m, int64_t k, double *mean, double *covariance);
/* Mean and variance of coordinate i of x_t; at = NULL: of the data. */
void mixture_moments(const struct mixture *m, const struct noise_level *at, int64_t i, double *mean, double *variance);
/* Standard deviation of the data over all coordinates: what EDM's preconditioning calls sigma_data. */
double mixture_std(const struct mixture *m);

/* log p_t(x) */
double mixture_log_density(struct mixture *m, const struct noise_level *at, const double *x);
/* out = grad log p_t(x); returns log p_t(x). */
double mixture_score(struct mixture *m, const struct noise_level *at, const double *x, double *out);
/* x0 ~ the mixture: normals 0 .. dim-1 and uniform dim+1 of the stream. */
void mixture_draw(const struct mixture *m, struct rng stream, double *x);

/* The exact model in the given form; m and schedule are borrowed. Its Jacobian is exact too. */
struct denoiser mixture_denoiser(struct mixture *m, const struct noise_schedule *schedule, enum denoiser_form form);

#endif
