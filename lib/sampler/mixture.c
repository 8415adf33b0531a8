/* mixture.c: the exact model of a Gaussian mixture. Covariances are kept as C = Q diag(c) Q^T, so that S = alpha^2 C +
 * sigma^2 I is diagonal in the same axes at every time. */
#include "sampler/mixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/lapack.h"

struct mixture {
	int64_t n, dim;
	double *log_weight; /* n, normalised */
	double *mean;	    /* n x dim */
	double *spread;	    /* n x dim: eigenvalues of C_k */
	double *axes;	    /* n x dim x dim: columns are the eigenvectors; NULL: the coordinate axes */
	/* scratch */
	double *share;	       /* n: responsibilities */
	double *pull;	       /* n x dim: S_k^-1 (x - alpha m_k) */
	double *aside;	       /* 2 dim */
	double *guess, *point; /* dim */
};

static int set_covariance(struct mixture *m, const double *covariance, struct err *e)
{
	const int64_t d = m->dim;

	memcpy(m->axes, covariance, (size_t)(m->n * d * d) * sizeof(double));
	for (int64_t k = 0; k < m->n; k++) {
		const double *c = covariance + k * d * d;

		for (int64_t i = 0; i < d; i++)
			for (int64_t j = 0; j < i; j++)
				if (c[i * d + j] != c[j * d + i])
					return err_set(e, ERR_USAGE, "covariance %lld is not symmetric: %g and %g",
						       (long long)k, c[i * d + j], c[j * d + i]);
		if (num_eigen_symmetric(d, m->axes + k * d * d, m->spread + k * d) != 0)
			return err_set(e, ERR_USAGE, "covariance %lld has no eigenvalues", (long long)k);
	}
	return 0;
}

/* Rounding may leave eigenvalues of a singular matrix slightly negative. */
static int check(struct mixture *m, const double *weight, struct err *e)
{
	double sum = 0;

	for (int64_t k = 0; k < m->n; k++) {
		const double *c = m->spread + k * m->dim;
		double largest = 0;

		if (!(weight[k] > 0) || !isfinite(weight[k]))
			return err_set(e, ERR_USAGE, "weight %lld: %g is not positive", (long long)k, weight[k]);
		sum += weight[k];
		for (int64_t i = 0; i < m->dim; i++)
			largest = fmax(largest, c[i]);
		for (int64_t i = 0; i < m->dim; i++) {
			if (!(c[i] >= -1e-14 * largest) || !isfinite(c[i]))
				return err_set(e, ERR_USAGE, "component %lld: variance %g is negative", (long long)k,
					       c[i]);
			m->spread[k * m->dim + i] = fmax(c[i], 0);
			if (!isfinite(m->mean[k * m->dim + i]))
				return err_set(e, ERR_USAGE, "component %lld: the mean is not finite", (long long)k);
		}
	}
	for (int64_t k = 0; k < m->n; k++)
		m->log_weight[k] = log(weight[k] / sum);
	return 0;
}

struct mixture *mixture_new(int64_t n, int64_t dim, const double *weight, const double *mean, const double *variance,
			    const double *covariance, struct err *e)
{
	struct mixture *m = xcalloc(1, sizeof *m);
	int status = -1;

	m->n = n;
	m->dim = dim;
	m->log_weight = mem_new(n, sizeof(double), "weights", e);
	m->mean = mem_new(n * dim, sizeof(double), "means", e);
	m->spread = mem_new(n * dim, sizeof(double), "variances", e);
	m->share = mem_new(n, sizeof(double), "shares", e);
	m->pull = mem_new(n * dim, sizeof(double), "gradients", e);
	m->aside = mem_new(4 * dim, sizeof(double), "differences", e);
	m->axes = variance ? NULL : mem_new(n * dim * dim, sizeof(double), "covariances", e);
	m->guess = m->aside ? m->aside + 2 * dim : NULL;
	m->point = m->aside ? m->aside + 3 * dim : NULL;
	if (m->log_weight && m->mean && m->spread && m->share && m->pull && m->aside && (variance || m->axes)) {
		memcpy(m->mean, mean, (size_t)(n * dim) * sizeof *mean);
		status = 0;
		if (variance)
			memcpy(m->spread, variance, (size_t)(n * dim) * sizeof *variance);
		else
			status = set_covariance(m, covariance, e);
		if (status == 0)
			status = check(m, weight, e);
	}
	if (status != 0) {
		mixture_free(m);
		return NULL;
	}
	return m;
}

void mixture_free(struct mixture *m)
{
	if (!m)
		return;
	free(m->log_weight);
	free(m->mean);
	free(m->spread);
	free(m->axes);
	free(m->share);
	free(m->pull);
	free(m->aside);
	free(m);
}

const char *const mixture_sets[] = { "gmm-a", "mild8", "ring8", NULL };

struct mixture *mixture_named(int set)
{
	enum { RING = 8 };
	double weight[RING], mean[2 * RING], variance[2 * RING];

	if (set == 0)
		return mixture_new(2, 2, (double[]){ 0.6, 0.4 }, (double[]){ -0.6, 0.3, 0.8, -0.5 },
				   (double[]){ 0.25, 0.5, 0.4, 0.2 }, NULL, NULL);
	for (int k = 0; k < RING; k++) {
		const double angle = 2 * 3.14159265358979323846 * k / RING;

		weight[k] = 1;
		mean[2 * k] = 1.5 * cos(angle);
		mean[2 * k + 1] = 1.5 * sin(angle);
		variance[2 * k] = variance[2 * k + 1] = set == 1 ? 0.1 : 0.02;
	}
	return mixture_new(RING, 2, weight, mean, variance, NULL, NULL);
}

int64_t mixture_count(const struct mixture *m)
{
	return m->n;
}

double mixture_component(const struct mixture *m, int64_t k, double *mean, double *covariance)
{
	const int64_t d = m->dim;

	memcpy(mean, m->mean + k * d, (size_t)d * sizeof *mean);
	for (int64_t i = 0; i < d; i++)
		for (int64_t j = 0; j < d; j++) {
			const double *q = m->axes ? m->axes + k * d * d : NULL;
			double sum = !q && i == j ? m->spread[k * d + i] : 0;

			for (int64_t r = 0; r < d && q; r++)
				sum += q[i * d + r] * m->spread[k * d + r] * q[j * d + r];
			covariance[i * d + j] = sum;
		}
	return exp(m->log_weight[k]);
}

int64_t mixture_dim(const struct mixture *m)
{
	return m->dim;
}

/* C_k's diagonal element i. */
static double variance_of(const struct mixture *m, int64_t k, int64_t i)
{
	const double *c = m->spread + k * m->dim, *q;
	double sum = 0;

	if (!m->axes)
		return c[i];
	q = m->axes + (k * m->dim + i) * m->dim;
	for (int64_t j = 0; j < m->dim; j++)
		sum += q[j] * q[j] * c[j];
	return sum;
}

void mixture_moments(const struct mixture *m, const struct noise_level *at, int64_t i, double *mean, double *variance)
{
	double first = 0, second = 0;

	for (int64_t k = 0; k < m->n; k++)
		first += exp(m->log_weight[k]) * m->mean[k * m->dim + i];
	for (int64_t k = 0; k < m->n; k++) {
		const double off = m->mean[k * m->dim + i] - first;

		second += exp(m->log_weight[k]) * (off * off + variance_of(m, k, i));
	}
	*mean = at ? at->alpha * first : first;
	*variance = at ? at->alpha * at->alpha * second + at->sigma * at->sigma : second;
}

double mixture_std(const struct mixture *m)
{
	double sum = 0, mean, variance;

	for (int64_t i = 0; i < m->dim; i++) {
		mixture_moments(m, NULL, i, &mean, &variance);
		sum += variance;
	}
	return sqrt(sum / (double)m->dim);
}

void mixture_draw(const struct mixture *m, struct rng stream, double *x)
{
	/* Normals come in pairs of uniforms: dim itself may be taken. */
	double left = rng_uniform_at(stream, (uint64_t)m->dim + 1), *z = m->aside;
	int64_t k = 0;

	while (k < m->n - 1 && (left -= exp(m->log_weight[k])) > 0)
		k++;
	rng_normal(stream, 0, (size_t)m->dim, z);
	for (int64_t i = 0; i < m->dim; i++)
		z[i] *= sqrt(m->spread[k * m->dim + i]);
	for (int64_t i = 0; i < m->dim; i++) {
		const double *q = m->axes ? m->axes + (k * m->dim + i) * m->dim : NULL;
		double sum = q ? 0 : z[i];

		for (int64_t j = 0; q && j < m->dim; j++)
			sum += q[j] * z[j];
		x[i] = m->mean[k * m->dim + i] + sum;
	}
}

/* out = Q diag(f) Q^T w with f_i = (of_c c_i + of_1) / (alpha^2 c_i + sigma^2); returns sum_i log of the
 * denominators. */
static double apply(struct mixture *m, const struct noise_level *v, int64_t k, double of_c, double of_1,
		    const double *w, double *out)
{
	const int64_t d = m->dim;
	const double *c = m->spread + k * d, *q = m->axes ? m->axes + k * d * d : NULL;
	double *turned = m->aside + d, log_det = 0, det = 1;

	for (int64_t i = 0; i < d; i++) {
		const double s = v->alpha * v->alpha * c[i] + v->sigma * v->sigma;
		double sum = q ? 0 : w[i];

		for (int64_t j = 0; q && j < d; j++)
			sum += q[j * d + i] * w[j];
		turned[i] = (of_c * c[i] + of_1) / s * sum;
		det *= s;
		/* One logarithm for several factors, before their product leaves the range. */
		if (i % 8 == 7) {
			log_det += log(det);
			det = 1;
		}
	}
	for (int64_t i = 0; i < d; i++) {
		double sum = q ? 0 : turned[i];

		for (int64_t j = 0; q && j < d; j++)
			sum += q[i * d + j] * turned[j];
		out[i] = sum;
	}
	return log_det + log(det);
}

/* Responsibilities and gradients at x; returns log p_t(x). */
static double condition(struct mixture *m, const struct noise_level *v, const double *x)
{
	const int64_t d = m->dim;
	double *off = m->aside, top = -HUGE_VAL, sum = 0;

	for (int64_t k = 0; k < m->n; k++) {
		double square = 0, log_det, *pull = m->pull + k * d;

		for (int64_t i = 0; i < d; i++)
			off[i] = x[i] - v->alpha * m->mean[k * d + i];
		log_det = apply(m, v, k, 0, 1, off, pull);
		for (int64_t i = 0; i < d; i++)
			square += off[i] * pull[i];
		m->share[k] = m->log_weight[k] - (square + log_det) / 2;
		top = fmax(top, m->share[k]);
	}
	for (int64_t k = 0; k < m->n; k++)
		sum += m->share[k] = exp(m->share[k] - top);
	for (int64_t k = 0; k < m->n; k++)
		m->share[k] /= sum;
	return top + log(sum) - (double)d * 0.91893853320467274178; /* log(2 pi) / 2 */
}

double mixture_log_density(struct mixture *m, const struct noise_level *at, const double *x)
{
	return condition(m, at, x);
}

double mixture_score(struct mixture *m, const struct noise_level *at, const double *x, double *out)
{
	const double value = condition(m, at, x);

	for (int64_t i = 0; i < m->dim; i++) {
		out[i] = 0;
		for (int64_t k = 0; k < m->n; k++)
			out[i] -= m->share[k] * m->pull[k * m->dim + i];
	}
	return value;
}

/* Component k's estimate is data m_k + (of_c C_k + of_1 I) S_k^-1 (x - alpha m_k). */
struct parts {
	double data, of_c, of_1;
};

static struct parts parts_of(const struct denoiser *d, const struct noise_level *v)
{
	double data, noise;

	denoiser_blend(v, d->form, d->data_std, &data, &noise);
	/* A score is finite at sigma = 0 too. */
	return (struct parts){ data, data * v->alpha, d->form == DENOISER_SCORE ? -1 : noise * v->sigma };
}

/* Component k's estimate at x into m->guess; condition was called. */
static void guess(struct mixture *m, const struct noise_level *v, const struct parts *p, int64_t k, const double *x)
{
	const int64_t d = m->dim;
	double *off = m->aside;

	if (p->of_c == 0) {
		for (int64_t i = 0; i < d; i++)
			m->guess[i] = p->of_1 * m->pull[k * d + i];
	} else {
		for (int64_t i = 0; i < d; i++)
			off[i] = x[i] - v->alpha * m->mean[k * d + i];
		apply(m, v, k, p->of_c, p->of_1, off, m->guess);
	}
	for (int64_t i = 0; i < d; i++)
		m->guess[i] += p->data * m->mean[k * d + i];
}

static int eval(const struct denoiser *self, const struct noise_level *v, double label, int64_t n, const double *x,
		double *out, struct err *e)
{
	struct mixture *m = self->model;
	const struct parts p = parts_of(self, v);
	/* EDM networks see scaled points (denoiser.c). */
	const double scale = denoiser_input_scale(self, v);

	(void)label;
	(void)e;
	for (int64_t at = 0; at < n; at++, x += m->dim, out += m->dim) {
		for (int64_t i = 0; i < m->dim; i++) {
			m->point[i] = x[i] / scale;
			out[i] = 0;
		}
		condition(m, v, m->point);
		for (int64_t k = 0; k < m->n; k++) {
			guess(m, v, &p, k, m->point);
			for (int64_t i = 0; i < m->dim; i++)
				out[i] += m->share[k] * m->guess[i];
		}
	}
	return 0;
}

/* d r_k = r_k (mean of u . w - u_k . w) with u_k = S_k^-1 (x - alpha m_k). */
static int jacobian(const struct denoiser *self, const struct noise_level *v, double label, int64_t n, const double *x,
		    const double *w, double *out, struct err *e)
{
	struct mixture *m = self->model;
	const int64_t d = m->dim;
	const struct parts p = parts_of(self, v);
	const double scale = denoiser_input_scale(self, v);

	(void)label;
	(void)e;
	for (int64_t at = 0; at < n; at++, x += d, w += d, out += d) {
		double mean = 0;

		for (int64_t i = 0; i < d; i++) {
			m->point[i] = x[i] / scale;
			out[i] = 0;
		}
		condition(m, v, m->point);
		for (int64_t k = 0; k < m->n; k++)
			for (int64_t i = 0; i < d; i++)
				mean += m->share[k] * m->pull[k * d + i] * w[i];
		for (int64_t k = 0; k < m->n; k++) {
			double slope = mean;

			for (int64_t i = 0; i < d; i++)
				slope -= m->pull[k * d + i] * w[i];
			guess(m, v, &p, k, m->point);
			for (int64_t i = 0; i < d; i++)
				out[i] += m->share[k] * slope * m->guess[i];
			apply(m, v, k, p.of_c, p.of_1, w, m->guess);
			for (int64_t i = 0; i < d; i++)
				out[i] += m->share[k] * m->guess[i];
		}
		for (int64_t i = 0; i < d; i++)
			out[i] /= scale;
	}
	return 0;
}

struct denoiser mixture_denoiser(struct mixture *m, const struct noise_schedule *schedule, enum denoiser_form form)
{
	return (struct denoiser){
		.schedule = schedule,
		.form = form,
		.label = LABEL_TIME,
		.data_std = mixture_std(m),
		.dim = m->dim,
		.eval = eval,
		.jacobian = jacobian,
		.model = m,
	};
}
