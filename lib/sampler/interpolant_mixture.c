/* interpolant_mixture.c: interpolants between two Gaussian mixtures in closed form: a pair (i, j) of components with
 * weight p_i q_j is Gaussian with mean a m_i + c n_j and covariance S = a^2 C_i + c^2 D_j + gamma^2 I at every time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/lapack.h"
#include "sampler/interpolant.h"

/* Components of both sides, and of every pair what holds at one time: log of weight over normalisation, mean, its rate,
 * S^-1 and a a' C + c c' D + gamma gamma' I; and of one point its shares and pulls S^-1 (x - mean). */
struct scratch {
	int64_t dim, n_base, n_data, pairs;
	double *weight[2], *mean[2], *covariance[2]; /* n, n x dim, n x dim x dim */
	double *level, *middle, *rate, *inverse, *gain;
	double *share, *pull;
};

static int64_t scratch_size(const struct mixture *base, const struct mixture *data)
{
	const int64_t d = mixture_dim(base), n = mixture_count(base) + mixture_count(data),
		      pairs = mixture_count(base) * mixture_count(data);

	return n * (1 + d + d * d) + pairs * (2 + 3 * d + 2 * d * d);
}

static double *take(double **at, int64_t n)
{
	double *out = *at;

	*at += n;
	return out;
}

static struct scratch layout_of(const struct mixture_flow *m)
{
	struct scratch k = { .dim = mixture_dim(m->base) };
	double *at = m->memory;

	k.n_base = mixture_count(m->base);
	k.n_data = mixture_count(m->data);
	k.pairs = k.n_base * k.n_data;
	for (int side = 0; side < 2; side++) {
		const int64_t n = side ? k.n_data : k.n_base;

		k.weight[side] = take(&at, n);
		k.mean[side] = take(&at, n * k.dim);
		k.covariance[side] = take(&at, n * k.dim * k.dim);
	}
	k.level = take(&at, k.pairs);
	k.share = take(&at, k.pairs);
	k.middle = take(&at, k.pairs * k.dim);
	k.rate = take(&at, k.pairs * k.dim);
	k.pull = take(&at, k.pairs * k.dim);
	k.inverse = take(&at, k.pairs * k.dim * k.dim);
	k.gain = take(&at, k.pairs * k.dim * k.dim);
	return k;
}

static double largest(int64_t n, const double *v)
{
	double most = v[0];

	for (int64_t i = 1; i < n; i++)
		most = fmax(most, v[i]);
	return most;
}

/* One pair at one time; -1: S is singular. */
static int pair_at(const struct scratch *k, const struct interpolant_level *v, int64_t q)
{
	const int64_t d = k->dim, i = q / k->n_data, j = q % k->n_data;
	const double *m = k->mean[0] + i * d, *n = k->mean[1] + j * d;
	const double *c = k->covariance[0] + i * d * d, *e = k->covariance[1] + j * d * d;
	double *s = k->gain + q * d * d, *inverse = k->inverse + q * d * d;

	k->level[q] = log(k->weight[0][i] * k->weight[1][j]);
	for (int64_t r = 0; r < d; r++) {
		k->middle[q * d + r] = v->a * m[r] + v->c * n[r];
		k->rate[q * d + r] = v->a_rate * m[r] + v->c_rate * n[r];
	}
	for (int64_t r = 0; r < d * d; r++) {
		inverse[r] = r % (d + 1) == 0;
		s[r] = v->a * v->a * c[r] + v->c * v->c * e[r] + inverse[r] * v->gamma * v->gamma;
	}
	if (num_cholesky(d, s) != 0)
		return -1;
	for (int64_t r = 0; r < d; r++)
		k->level[q] -= log(s[r * d + r]) + 0.91893853320467274178;
	num_cholesky_solve(d, d, s, inverse);
	for (int64_t r = 0; r < d * d; r++)
		s[r] = v->a * v->a_rate * c[r] + v->c * v->c_rate * e[r] + (r % (d + 1) == 0 ? v->product : 0);
	return 0;
}

static int pairs_at(const struct scratch *k, const struct interpolant_level *v)
{
	for (int64_t q = 0; q < k->pairs; q++)
		if (pair_at(k, v, q) != 0)
			return -1;
	return 0;
}

/* Logs of the shares and the pulls of one point; returns the largest share. */
static double shares_of(const struct scratch *k, const double *x)
{
	const int64_t d = k->dim;

	for (int64_t q = 0; q < k->pairs; q++) {
		const double *inverse = k->inverse + q * d * d, *mean = k->middle + q * d;

		k->share[q] = k->level[q];
		for (int64_t r = 0; r < d; r++) {
			double sum = 0;

			for (int64_t w = 0; w < d; w++)
				sum += inverse[r * d + w] * (x[w] - mean[w]);
			k->pull[q * d + r] = sum;
			k->share[q] -= sum * (x[r] - mean[r]) / 2;
		}
	}
	return largest(k->pairs, k->share);
}

static int eval(struct flow *f, double t, int64_t n, const double *x, double *b, double *s, struct err *e)
{
	const struct mixture_flow *m = f->model;
	const struct scratch k = layout_of(m);
	const struct interpolant_level v = interpolant_at(&m->path, t);
	const int64_t d = k.dim;

	if (pairs_at(&k, &v) != 0)
		return err_set(e, ERR_FAIL, "the law at t = %g is singular", t);
	for (int64_t p = 0; p < n; p++) {
		const double top = shares_of(&k, x + p * d);
		double sum = 0;

		for (int64_t q = 0; q < k.pairs; q++)
			sum += k.share[q] = exp(k.share[q] - top);
		for (int64_t r = 0; r < d; r++) {
			double move = 0, slope = 0;

			for (int64_t q = 0; q < k.pairs; q++) {
				const double *pull = k.pull + q * d, *gain = k.gain + (q * d + r) * d;
				double along = k.rate[q * d + r];

				for (int64_t w = 0; w < d; w++)
					along += gain[w] * pull[w];
				move += k.share[q] * along;
				slope -= k.share[q] * pull[r];
			}
			b[p * d + r] = move / sum;
			if (s)
				s[p * d + r] = slope / sum;
		}
	}
	return 0;
}

double mixture_flow_log_density(const struct mixture_flow *m, double t, const double *x)
{
	const struct scratch k = layout_of(m);
	const struct interpolant_level v = interpolant_at(&m->path, t);
	double top, sum = 0;

	if (pairs_at(&k, &v) != 0)
		return NAN;
	top = shares_of(&k, x);
	for (int64_t q = 0; q < k.pairs; q++)
		sum += exp(k.share[q] - top);
	return top + log(sum);
}

int mixture_flow_open(struct mixture_flow *m, struct flow *f, const struct interpolant *p, const struct mixture *base,
		      const struct mixture *data, struct err *e)
{
	const int64_t d = mixture_dim(base);

	*m = (struct mixture_flow){ .path = *p, .base = base, .data = data };
	if (mixture_dim(data) != d)
		return err_set(e, ERR_USAGE, "the base has %lld dimensions, the data %lld", (long long)d,
			       (long long)mixture_dim(data));
	m->memory = mem_new(scratch_size(base, data), sizeof(double), "pairs of components", e);
	if (!m->memory)
		return -1;
	const struct scratch k = layout_of(m);

	for (int side = 0; side < 2; side++) {
		const struct mixture *of = side ? data : base;

		for (int64_t i = 0; i < mixture_count(of); i++)
			k.weight[side][i] =
				mixture_component(of, i, k.mean[side] + i * d, k.covariance[side] + i * d * d);
	}
	*f = (struct flow){ .dim = d, .eval = eval, .model = m };
	return 0;
}

void mixture_flow_close(struct mixture_flow *m)
{
	free(m->memory);
	m->memory = NULL;
}
