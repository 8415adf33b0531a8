/* transport.c: distances of sets of draws that come from optimal transport: of one-dimensional laws by sorting, of many
 * directions, of the Gaussians with the same moments. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "metric/draws.h"
#include "num/blas.h"
#include "num/lapack.h"

/* ---- along lines ---- */

enum { DIRECTIONS = 128 };

static void project(int64_t n, int64_t dim, const double *from, const double *direction, double *out)
{
	for (int64_t i = 0; i < n; i++)
		out[i] = num_dot(dim, from + i * dim, direction);
	qsort(out, (size_t)n, sizeof *out, metric_by_value);
}

static void sliced_end(void *state, struct metric_result *r)
{
	struct metric_draws *m = state;
	double *a = xmalloc((size_t)(2 * m->n + m->each + 1) * sizeof *a), *b = a + m->n, *direction = b + m->n,
	       sum = 0;

	for (int k = 0; k < DIRECTIONS; k++) {
		rng_normal(rng_stream(0, "sliced directions", 0, (uint64_t)k), 0, (size_t)m->each, direction);
		const double length = sqrt(num_dot(m->each, direction, direction));

		project(m->n, m->each, m->p, direction, a);
		project(m->n, m->each, m->y, direction, b);
		for (int64_t i = 0; i < m->n; i++)
			sum += (a[i] - b[i]) / length * ((a[i] - b[i]) / length) / (double)m->n;
	}
	free(a);
	metric_draws_end(m, r, sqrt(sum / DIRECTIONS));
}

static void w1_end(void *state, struct metric_result *r)
{
	struct metric_draws *m = state;
	double *a = xmalloc((size_t)(2 * m->n + 1) * sizeof *a), *b = a + m->n, sum = 0;

	for (int64_t k = 0; k < m->each; k++) {
		for (int64_t i = 0; i < m->n; i++) {
			a[i] = m->p[i * m->each + k];
			b[i] = m->y[i * m->each + k];
		}
		qsort(a, (size_t)m->n, sizeof *a, metric_by_value);
		qsort(b, (size_t)m->n, sizeof *b, metric_by_value);
		for (int64_t i = 0; i < m->n; i++)
			sum += fabs(a[i] - b[i]) / (double)(m->n * m->each);
	}
	free(a);
	metric_draws_end(m, r, sum);
}

/* ---- Gaussians of the same moments ---- */

static void moments(int64_t n, int64_t dim, double *x, double *mean, double *covariance)
{
	memset(mean, 0, (size_t)dim * sizeof *mean);
	for (int64_t i = 0; i < n * dim; i++)
		mean[i % dim] += x[i] / (double)n;
	for (int64_t i = 0; i < n * dim; i++)
		x[i] -= mean[i % dim];
	num_gemm_d(true, false, dim, dim, n, 1 / (double)(n - 1), x, dim, x, dim, 0, covariance, dim);
}

/* tr (C1 + C2 - 2 (C1 C2)^(1/2)), the root's trace as the sum of the roots of the eigenvalues of S C2 S, S =
 * C1^(1/2). */
static double covariance_gap(int64_t dim, double *c1, const double *c2, double *w)
{
	double *root = xmalloc((size_t)(3 * dim * dim) * sizeof *root), *scaled = root + dim * dim,
	       *inner = scaled + dim * dim, trace = 0;

	for (int64_t i = 0; i < dim; i++)
		trace += c1[i * dim + i] + c2[i * dim + i];
	if (num_eigen_symmetric(dim, c1, w) != 0) {
		free(root);
		return NAN;
	}
	for (int64_t i = 0; i < dim * dim; i++)
		scaled[i] = c1[i] * sqrt(fmax(w[i % dim], 0));
	num_gemm_d(false, true, dim, dim, dim, 1, scaled, dim, c1, dim, 0, root, dim);
	num_gemm_d(false, false, dim, dim, dim, 1, root, dim, c2, dim, 0, scaled, dim);
	num_gemm_d(false, false, dim, dim, dim, 1, scaled, dim, root, dim, 0, inner, dim);
	if (num_eigen_symmetric(dim, inner, w) != 0)
		trace = NAN;
	for (int64_t i = 0; i < dim; i++)
		trace -= 2 * sqrt(fmax(w[i], 0));
	free(root);
	return trace;
}

static void frechet_end(void *state, struct metric_result *r)
{
	struct metric_draws *m = state;
	const int64_t dim = m->each;
	double *mean = mem_new(3 * dim + 2 * dim * dim, sizeof *mean, "covariances", NULL), value = NAN;

	if (mean && m->n > 1) {
		double *other = mean + dim, *w = other + dim, *c1 = w + dim, *c2 = c1 + dim * dim;

		moments(m->n, dim, m->p, mean, c1);
		moments(m->n, dim, m->y, other, c2);
		value = covariance_gap(dim, c1, c2, w);
		for (int64_t i = 0; i < dim; i++)
			value += (mean[i] - other[i]) * (mean[i] - other[i]);
	}
	free(mean);
	metric_draws_end(m, r, value);
}

static const struct metric_class sliced_w2 = {
	.name = "sliced_w2",
	.formula = "root of the mean over 128 fixed random directions of the mean squared difference of the sorted "
		   "projections of "
		   "predictions and targets; a sample is one point",
	.source = "Bonneel et al., J. Math. Imaging Vis. 51 (2015)",
	.begin = metric_draws_begin,
	.add = metric_draws_add,
	.end = sliced_end,
};
static const struct metric_class w1 = {
	.name = "w1",
	.formula = "mean over the elements of a sample of the mean |difference| of sorted predictions and sorted "
		   "targets: the exact "
		   "distance in one dimension",
	.source = "Kantorovich; Vallender 1974",
	.begin = metric_draws_begin,
	.add = metric_draws_add,
	.end = w1_end,
};
static const struct metric_class frechet = {
	.name = "frechet",
	.formula = "|m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)) of the means and covariances of predictions and targets, "
		   "a sample one "
		   "point: the distance that FID takes of features, here of the values themselves",
	.source = "Dowson, Landau 1982; Heusel et al., arXiv 1706.08500, eq. 6",
	.begin = metric_draws_begin,
	.add = metric_draws_add,
	.end = frechet_end,
};

const struct metric_class *const metric_file_transport[] = { &sliced_w2, &w1, &frechet, NULL };
