/* field.h: Gaussian random fields, N(mean, sigma^2 (-Laplace + tau^2)^-gamma) on the unit interval, square or cube,
 * periodic or with Neumann or Dirichlet sides, as Karhunen-Loeve sums over the Laplacian's eigenfunctions. */
#ifndef SCIML_NUM_FIELD_H
#define SCIML_NUM_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

enum field_boundary {
	FIELD_PERIODIC, /* n points i/n */
	FIELD_NEUMANN,	/* n points i/(n-1), both ends included */
	FIELD_DIRICHLET /* likewise; ends are 0 (plus mean) */
};

struct field_law {
	int n_dims; /* 1, 2, 3 */
	int64_t size[3];
	enum field_boundary boundary;
	double gamma, tau, sigma;
	double mean;	/* added everywhere */
	bool mean_mode; /* draw the constant mode too (else it is 0); needs tau > 0 */
};

struct field_sampler; /* transform and work space of one thread */
int field_sampler_new(struct field_sampler **s, const struct field_law *law, struct err *e);
void field_sampler_free(struct field_sampler *s);

/* One draw into out (row-major). With lambda_k = |k|^2 + tau^2, |k|^2 = sum (2 pi k_i)^2 for periodic sides, else sum
 * (pi k_i)^2: periodic: sum over pairs +-k of sqrt(2) sigma lambda_k^(-gamma/2) (xi cos 2 pi k.x + eta sin 2 pi k.x);
 * Neumann: sum of sigma lambda_k^(-gamma/2) xi prod_i (k_i > 0 ? sqrt(2) cos(pi k_i x_i) : 1);
 * Dirichlet: sum of sigma lambda_k^(-gamma/2) xi prod_i sqrt(2) sin(pi k_i x_i);
 * over the modes that the grid resolves, its Nyquist mode excluded. xi and eta are numbered by k itself, so that the
 * same stream gives the same field on every grid, up to the modes that a coarser one lacks. (The two-dimensional
 * periodic generator of the FNO paper has coefficients larger by sqrt(2): give it sigma times that.) */
void field_draw(struct field_sampler *s, struct rng stream, double *out);

/* Standard deviation of the draw at element i, summed over the same modes. */
double field_std(const struct field_law *law, int64_t i);

#endif
