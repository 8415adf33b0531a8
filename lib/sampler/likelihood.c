/* likelihood.c: state and divergence of the probability flow, integrated together. */
#include "sampler/likelihood.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct path {
	struct denoiser *denoiser;
	int64_t n_probes;
	double *probe; /* n_probes x dim; exact: one vector that becomes each unit vector */
	bool exact;
	double *product, *scratch; /* dim */
	struct err *e;
};

static int divergence(struct path *p, double t, const double *x, double *out)
{
	const int64_t dim = p->denoiser->dim;
	double sum = 0;

	for (int64_t k = 0; k < p->n_probes; k++) {
		double *w = p->exact ? p->probe : p->probe + k * dim;

		if (p->exact)
			w[k] = 1;
		if (denoiser_jacobian(p->denoiser, DENOISER_VELOCITY, t, 1, x, w, p->product, p->scratch, p->e) != 0)
			return -1;
		for (int64_t i = 0; i < dim; i++)
			sum += w[i] * p->product[i];
		if (p->exact)
			w[k] = 0;
	}
	*out = p->exact ? sum : sum / (double)p->n_probes;
	return 0;
}

static int rhs(void *context, double t, const double *y, double *dydt)
{
	struct path *p = context;

	if (denoiser_eval(p->denoiser, DENOISER_VELOCITY, t, 1, y, dydt, p->scratch, p->e) != 0)
		return -1;
	return divergence(p, t, y, dydt + p->denoiser->dim);
}

static void draw_signs(const struct likelihood_options *o, uint64_t sample, int64_t n, double *out)
{
	const struct rng stream = rng_stream(o->seed, "likelihood probe", 0, sample);

	rng_uniform(stream, 0, (size_t)n, out);
	for (int64_t i = 0; i < n; i++)
		out[i] = out[i] < 0.5 ? -1 : 1;
}

int likelihood_log_density(struct denoiser *d, const struct likelihood_options *o, uint64_t sample, double *x,
			   double *log_density, double *divergence_integral, struct err *e)
{
	const struct noise_schedule *s = d->schedule;
	const int64_t dim = d->dim, n_vectors = o->probes > 0 ? o->probes : 1;
	const double times[] = { s->t_end, s->T }, prior = noise_prior_std(s);
	double *memory, *y, *out, square = 0;
	struct path p = { .denoiser = d, .exact = o->probes == 0, .e = e };
	int status;

	if (!isfinite(noise_at(s, s->T).lambda - noise_at(s, s->t_end).lambda))
		return err_set(e, ERR_USAGE, "a density needs a finite log-SNR at T = %g and t_end = %g; move them",
			       s->T, s->t_end);
	memory = mem_new((n_vectors + 2) * dim + 3 * (dim + 1), sizeof(double), "states of the flow", e);
	if (!memory)
		return -1;
	y = memory;
	out = y + dim + 1;
	p.product = out + 2 * (dim + 1);
	p.scratch = p.product + dim;
	p.probe = p.scratch + dim;
	p.n_probes = p.exact ? dim : o->probes;
	if (!p.exact)
		draw_signs(o, sample, o->probes * dim, p.probe);
	memcpy(y, x, (size_t)dim * sizeof *x);
	status = integ_adaptive(tableau_find("dopri5"), rhs, &p, dim + 1, y, 2, times, &o->tolerance, out, NULL, e);
	if (status == 0) {
		const double *end = out + dim + 1;

		for (int64_t i = 0; i < dim; i++) {
			x[i] = end[i];
			square += end[i] * end[i];
		}
		*log_density =
			end[dim] - square / (2 * prior * prior) - (double)dim * (log(prior) + 0.91893853320467274178);
		if (divergence_integral)
			*divergence_integral = end[dim];
	}
	free(memory);
	return status;
}
