/* denoiser.h: one handle for what a diffusion or flow model estimates. Of x = alpha x0 + sigma e every parameterisation
 * is a linear combination p x0 + q e of the expected data and the expected noise given x, so that each follows from
 * each:
 *
 *	noise        e                                 Ho et al., arXiv 2006.11239, eq. 14
 *	data         x0
 *	score        -e / sigma = grad log p_t         arXiv 2011.13456, section 3.2
 *	v            alpha e - sigma x0                Salimans, Ho, arXiv 2202.00512, appendix D
 *	velocity     alpha' x0 + sigma' e              drift of the probability flow; arXiv 2209.03003, 2303.08797
 *	edm          F of D = c_skip z + c_out F(c_in z, c_noise), z = x / alpha     arXiv 2206.00364, table 1 */
#ifndef SCIML_SAMPLER_DENOISER_H
#define SCIML_SAMPLER_DENOISER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sampler/noise.h"

enum denoiser_form {
	DENOISER_NOISE,
	DENOISER_DATA,
	DENOISER_SCORE,
	DENOISER_V,
	DENOISER_VELOCITY,
	DENOISER_EDM,
	N_DENOISER_FORMS
};

/* The number that tells the model the time. */
enum denoiser_label {
	LABEL_TIME, /* t */
	LABEL_STEP, /* label_scale (t - 1 / label_scale): the index of a network trained on that many steps, from 0 */
	LABEL_LOG_NOISE, /* log(rho) / 4 */
	LABEL_FORWARD,	 /* 1 - t, and a velocity of the opposite sign: flows that count from noise to data */
};

/* n points of dim values, one after another. */
struct denoiser {
	const struct noise_schedule *schedule; /* borrowed */
	enum denoiser_form form;	       /* what eval returns */
	enum denoiser_label label;
	double label_scale;
	double data_std; /* edm: standard deviation of the data */
	int64_t dim;
	/* out = the estimate at n points, which denoiser_input_scale has been applied to; v is the level that the label
	 * was made of. */
	int (*eval)(const struct denoiser *self, const struct noise_level *v, double label, int64_t n, const double *x,
		    double *out, struct err *e);
	/* out_i = J_i w_i with the Jacobian J of eval by x at each point; NULL: not available. */
	int (*jacobian)(const struct denoiser *self, const struct noise_level *v, double label, int64_t n,
			const double *x, const double *w, double *out, struct err *e);
	void *model;
	int64_t calls; /* eval's so far, counted by batches */
};

/* The estimate in the wanted form at time t into out (n dim values, not x). scratch: n dim values when d's form is edm,
 * otherwise unused. */
int denoiser_eval(struct denoiser *d, enum denoiser_form wanted, double t, int64_t n, const double *x, double *out,
		  double *scratch, struct err *e);
/* The same for J w of the wanted form. ERR_USAGE when the model has no Jacobian. */
int denoiser_jacobian(struct denoiser *d, enum denoiser_form wanted, double t, int64_t n, const double *x,
		      const double *w, double *out, double *scratch, struct err *e);

/* estimate = *data x0 + *noise e: what a form means at one level. */
void denoiser_blend(const struct noise_level *v, enum denoiser_form form, double data_std, double *data, double *noise);

/* to = *of_x x + *of_estimate estimate: the coefficients that turn an estimate from one form into another. Equal forms
 * give 0 and 1 exactly. Singular (not finite) where x does not tell: data from noise at alpha = 0, noise from data at
 * sigma = 0. */
void denoiser_convert(const struct noise_level *v, enum denoiser_form from, enum denoiser_form to, double data_std,
		      double *of_x, double *of_estimate);

/* The number that tells the model the time. */
double denoiser_label(const struct denoiser *d, const struct noise_level *v);

/* What x is multiplied by before the model sees it: EDM's c_in / alpha, otherwise 1. */
double denoiser_input_scale(const struct denoiser *d, const struct noise_level *v);

#endif
