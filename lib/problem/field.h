/* field.h: Gaussian random fields shared by the problems: draws keyed by (seed, purpose, sample), independent of threads. */
#ifndef SCIML_PROBLEM_FIELD_H
#define SCIML_PROBLEM_FIELD_H

#include "base/rng.h"
#include "num/fft.h"

/* N(0, sigma^2 (-Laplace + tau^2)^-gamma) on the unit d-torus or with Neumann or Dirichlet sides, n points an axis. */
enum field_boundary { FIELD_PERIODIC, FIELD_NEUMANN, FIELD_DIRICHLET };
struct field_law {
	int n_dims; /* 1, 2, 3 */
	int64_t size[3];
	enum field_boundary boundary;
	double gamma, tau, sigma;
	double mean;	/* added everywhere */
	bool mean_mode; /* draw mode 0 too (else it is 0) */
};
struct field_sampler;
int field_sampler_new(struct field_sampler **s, const struct field_law *law, struct err *e);
void field_sampler_free(struct field_sampler *s);
/* One draw into out (row-major). Periodic 1-D and 2-D follow the coefficient formulas of the FNO generator:
 * sqrt(2) sigma (4 pi^2 |k|^2 + tau^2)^(-gamma/2) xi_k; Neumann: cosine series. Mode k uses random numbers indexed by k
 * itself, so that the same seed gives the same field on every grid that resolves it. */
void field_draw(struct field_sampler *s, struct rng stream, double *out);

#endif
