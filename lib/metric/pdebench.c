/* pdebench.c: the error measures of PDEBench (arXiv 2210.07182, section 3.3 and appendix), from their formulas, each by
 * channel and frame first. The one in Fourier space is in spectrum.c. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "metric/state.h"

static double root_mean_square(int64_t n, const double *p, const double *y)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++) {
		double e = p ? p[i] - y[i] : y[i];

		sum += e * e;
	}
	return sqrt(sum / (double)n);
}

static double rmse(const struct metric_shape *s, const double *p, const double *y)
{
	int64_t n = metric_points(s), frames = s->n_time * s->n_channel;
	double sum = 0;

	for (int64_t f = 0; f < frames; f++)
		sum += root_mean_square(n, p + f * n, y + f * n);
	return sum / (double)frames;
}
MEAN_OVER_SAMPLES(rmse)

static double nrmse(const struct metric_shape *s, const double *p, const double *y)
{
	int64_t n = metric_points(s), frames = s->n_time * s->n_channel;
	double sum = 0;

	for (int64_t f = 0; f < frames; f++)
		sum += root_mean_square(n, p + f * n, y + f * n) / root_mean_square(n, NULL, y + f * n);
	return sum / (double)frames;
}
MEAN_OVER_SAMPLES(nrmse)

/* Squares over the two faces of every axis, divided by the number of points on them; edges and corners belong to each
 * of their faces. */
static double boundary_mean(const struct metric_shape *s, const double *p, const double *y)
{
	int64_t n = metric_points(s), stride = n, count = 0;
	double sum = 0;

	for (int d = 0; d < s->n_dims; d++) {
		stride /= s->size[d];
		for (int64_t i = 0; i < n; i++) {
			int64_t k = i / stride % s->size[d];
			double e = p[i] - y[i];

			if (k == 0)
				sum += e * e;
			if (k == s->size[d] - 1)
				sum += e * e;
		}
		count += 2 * n / s->size[d];
	}
	return sum / (double)count;
}

static double brmse(const struct metric_shape *s, const double *p, const double *y)
{
	int64_t n = metric_points(s), frames = s->n_time * s->n_channel;
	double sum = 0;

	for (int64_t f = 0; f < frames; f++)
		sum += sqrt(boundary_mean(s, p + f * n, y + f * n));
	return sum / (double)frames;
}
MEAN_OVER_SAMPLES(brmse)

/* A number for each channel and frame, collected over the samples. */
struct frames {
	const struct metric_shape *shape;
	int64_t n;
	double *value;
};

static void *frames_begin(const struct metric_shape *s)
{
	struct frames *m = xcalloc(1, sizeof *m);

	m->shape = s;
	m->value = xcalloc((size_t)(s->n_time * s->n_channel), sizeof *m->value);
	return m;
}

static void crmse_add(void *state, const double *p, const double *y)
{
	struct frames *m = state;
	int64_t n = metric_points(m->shape);

	for (int64_t f = 0; f < m->shape->n_time * m->shape->n_channel; f++) {
		double sum = 0;

		for (int64_t i = f * n; i < (f + 1) * n; i++)
			sum += p[i] - y[i];
		m->value[f] += sum * sum;
	}
	m->n++;
}

static void max_add(void *state, const double *p, const double *y)
{
	struct frames *m = state;
	int64_t n = metric_points(m->shape);

	for (int64_t f = 0; f < m->shape->n_time * m->shape->n_channel; f++)
		for (int64_t i = f * n; i < (f + 1) * n; i++)
			m->value[f] = metric_max(m->value[f], fabs(p[i] - y[i]));
	m->n++;
}

static void frames_end(struct frames *m, bool root, struct metric_result *r)
{
	int64_t frames = m->shape->n_time * m->shape->n_channel;
	double sum = 0;

	for (int64_t f = 0; f < frames; f++)
		sum += root ? sqrt(m->value[f] / (double)m->n) / (double)metric_points(m->shape) : m->value[f];
	metric_row_add(r, m->n > 0 ? sum / (double)frames : NAN, "all");
	free(m->value);
	free(m);
}

static void crmse_end(void *state, struct metric_result *r)
{
	frames_end(state, true, r);
}

static void max_end(void *state, struct metric_result *r)
{
	frames_end(state, false, r);
}

static const struct metric_class c_rmse = {
	.name = "rmse_pdebench",
	.formula = "sqrt(mean over points of e^2); mean over samples, channels and frames",
	.source = "PDEBench, arXiv 2210.07182",
	SERIES(rmse),
};
static const struct metric_class c_nrmse = {
	.name = "nrmse_pdebench",
	.formula = "sqrt(mean over points of e^2) / sqrt(mean of y^2); mean over samples, channels and frames",
	.source = "PDEBench, arXiv 2210.07182",
	SERIES(nrmse),
};
static const struct metric_class c_crmse = {
	.name = "crmse_pdebench",
	.formula = "sqrt(mean over samples of (sum over points of e)^2) / points; mean over channels and frames",
	.source = "PDEBench, arXiv 2210.07182",
	.begin = frames_begin,
	.add = crmse_add,
	.end = crmse_end,
};
static const struct metric_class c_max = {
	.name = "max_pdebench",
	.formula = "max over samples and points of |e|; mean over channels and frames",
	.source = "PDEBench, arXiv 2210.07182",
	.begin = frames_begin,
	.add = max_add,
	.end = max_end,
};
static const struct metric_class c_brmse = {
	.name = "brmse_pdebench",
	.formula = "sqrt(mean of e^2 over the boundary points); mean over samples, channels and frames",
	.source = "PDEBench, arXiv 2210.07182",
	.needs_grid = true,
	SERIES(brmse),
};
const struct metric_class *const metric_file_pdebench[] = { &c_rmse, &c_nrmse, &c_crmse, &c_max, &c_brmse, NULL };
