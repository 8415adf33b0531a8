/* denoiser.c: evaluation of a model in any parameterisation. */
#include "sampler/denoiser.h"

#include <math.h>
#include <stddef.h>

/* estimate = data x0 + noise e */
struct blend {
	double data, noise;
};

static struct blend blend_of(const struct noise_level *v, enum denoiser_form form, double data_std)
{
	/* EDM's D estimates x0 of z = x0 + rho e: F = (x0 - c_skip z) / c_out with c_skip = d^2 / (rho^2 + d^2) and
	 * c_out = rho d / sqrt(rho^2 + d^2). */
	const double norm = hypot(v->rho, data_std);

	switch (form) {
	case DENOISER_NOISE:
		return (struct blend){ 0, 1 };
	case DENOISER_DATA:
		return (struct blend){ 1, 0 };
	case DENOISER_SCORE:
		return (struct blend){ 0, -1 / v->sigma };
	case DENOISER_V:
		return (struct blend){ -v->sigma, v->alpha };
	case DENOISER_VELOCITY:
		return (struct blend){ v->alpha_rate, v->sigma_rate };
	case DENOISER_EDM:
		return (struct blend){ v->rho / (data_std * norm), -data_std / norm };
	case N_DENOISER_FORMS:
		break;
	}
	return (struct blend){ 0, 0 };
}

void denoiser_blend(const struct noise_level *v, enum denoiser_form form, double data_std, double *data, double *noise)
{
	const struct blend b = blend_of(v, form, data_std);

	*data = b.data;
	*noise = b.noise;
}

void denoiser_convert(const struct noise_level *v, enum denoiser_form from, enum denoiser_form to, double data_std,
		      double *of_x, double *of_estimate)
{
	const struct blend a = blend_of(v, from, data_std), b = blend_of(v, to, data_std);
	/* Cramer's rule on x = alpha x0 + sigma e, estimate = a.data x0 + a.noise e. */
	const double det = v->alpha * a.noise - v->sigma * a.data;

	*of_x = 0;
	*of_estimate = 1;
	if (from == to)
		return;
	*of_x = (b.data * a.noise - b.noise * a.data) / det;
	*of_estimate = (b.noise * v->alpha - b.data * v->sigma) / det;
}

double denoiser_label(const struct denoiser *d, const struct noise_level *v)
{
	switch (d->label) {
	case LABEL_TIME:
		break;
	case LABEL_STEP:
		return d->label_scale * v->t - 1;
	case LABEL_LOG_NOISE:
		return log(v->rho) / 4;
	case LABEL_FORWARD:
		return 1 - v->t;
	}
	return v->t;
}

/* EDM networks see c_in z = x / (alpha sqrt(rho^2 + d^2)). */
double denoiser_input_scale(const struct denoiser *d, const struct noise_level *v)
{
	return d->form == DENOISER_EDM ? 1 / hypot(v->sigma, v->alpha * d->data_std) : 1;
}

static const double *scaled(double scale, int64_t n, const double *x, double *scratch)
{
	if (scale == 1)
		return x;
	for (int64_t i = 0; i < n; i++)
		scratch[i] = scale * x[i];
	return scratch;
}

/* w = NULL: the estimate; else the Jacobian's product with w. */
static int evaluate(struct denoiser *d, enum denoiser_form wanted, double t, int64_t n, const double *x,
		    const double *w, double *out, double *scratch, struct err *e)
{
	const struct noise_level v = noise_at(d->schedule, t);
	const double label = denoiser_label(d, &v), scale = denoiser_input_scale(d, &v), *of = w ? w : x;
	double of_x, of_estimate;
	int status;

	denoiser_convert(&v, d->form, wanted, d->data_std, &of_x, &of_estimate);
	if (d->form == DENOISER_VELOCITY && d->label == LABEL_FORWARD)
		of_estimate = -of_estimate;
	if (w) {
		status = d->jacobian(d, &v, label, n, scaled(scale, n * d->dim, x, scratch), w, out, e);
		of_estimate *= scale;
	} else {
		status = d->eval(d, &v, label, n, scaled(scale, n * d->dim, x, scratch), out, e);
		d->calls++;
	}
	if (status != 0)
		return err_in(e, "model at t = %g", t);
	if (of_x != 0 || of_estimate != 1)
		for (int64_t i = 0; i < n * d->dim; i++)
			out[i] = of_x * of[i] + of_estimate * out[i];
	return 0;
}

int denoiser_eval(struct denoiser *d, enum denoiser_form wanted, double t, int64_t n, const double *x, double *out,
		  double *scratch, struct err *e)
{
	return evaluate(d, wanted, t, n, x, NULL, out, scratch, e);
}

int denoiser_jacobian(struct denoiser *d, enum denoiser_form wanted, double t, int64_t n, const double *x,
		      const double *w, double *out, double *scratch, struct err *e)
{
	if (!d->jacobian)
		return err_set(e, ERR_USAGE, "the model has no Jacobian product");
	return evaluate(d, wanted, t, n, x, w, out, scratch, e);
}
