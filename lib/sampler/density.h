/* density.h: a density exp(-f(x)) to sample from, with its gradient: f as a text of the equation language, or a
 * Gaussian mixture. */
#ifndef SCIML_SAMPLER_DENSITY_H
#define SCIML_SAMPLER_DENSITY_H

#include "conf/key.h"
#include "sampler/mixture_read.h"

/* Keys of a section's struct, member target. */
struct density_keys {
	const char *potential;	      /* f; NULL: the mixture */
	struct key_strings variables; /* its coordinates */
	struct mixture_keys mixture;
};

/* Holds scratch memory: one object per thread. */
struct density;
/* ERR_USAGE names place and reason: text that does not parse, names that are no variables, no derivative. */
struct density *density_new(const struct density_keys *k, struct err *e);
void density_free(struct density *d);
int64_t density_dim(const struct density *d);
/* gradient = grad f at x; returns f, up to a constant. Counts as one gradient. */
double density_gradient(struct density *d, const double *x, double *gradient);
int64_t density_gradients(const struct density *d); /* so far */

#endif
