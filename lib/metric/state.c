/* state.c: results, means over samples and differences, for all metrics. */
#include "metric/state.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

int64_t metric_points(const struct metric_shape *s)
{
	int64_t n = 1;

	for (int d = 0; d < s->n_dims; d++)
		n *= s->size[d];
	return n;
}

int64_t metric_count(const struct metric_shape *s)
{
	return s->n_time * s->n_channel * metric_points(s);
}

double metric_length(const struct metric_shape *s, int d)
{
	return s->length[d] > 0 ? s->length[d] : 1;
}

double metric_max(double a, double b)
{
	return isnan(a) || a > b ? a : b;
}

void metric_row_add(struct metric_result *r, double value, const char *part, ...)
{
	va_list args;

	MEM_GROW(r->row, r->n, r->capacity);
	va_start(args, part);
	vsnprintf(r->row[r->n].part, sizeof r->row[r->n].part, part, args);
	va_end(args);
	r->row[r->n++].value = value;
}

void metric_result_free(struct metric_result *r)
{
	free(r->row);
	memset(r, 0, sizeof *r);
}

const char *metric_nearest(const char *name)
{
	const char *names[256];
	int n = 0;

	for (int i = 0; metric_files[i]; i++)
		for (int k = 0; metric_files[i][k] && n < 256; k++)
			names[n++] = metric_files[i][k]->name;
	return str_nearest(name, n, names);
}

/* NaN behind everything. */
static int rising(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	if (isnan(x) || isnan(y))
		return (isnan(x) != 0) - (isnan(y) != 0);
	return x < y ? -1 : x > y;
}

void metric_spread(struct metric_result *r, int64_t n, const double *score)
{
	double *sorted = xmalloc((size_t)(n + 1) * sizeof *sorted), mean = 0, squares = 0;

	for (int64_t i = 0; i < n; i++)
		mean += score[i] / (double)n;
	for (int64_t i = 0; i < n; i++)
		squares += (score[i] - mean) * (score[i] - mean);
	metric_row_add(r, n > 0 ? mean : NAN, "all");
	memcpy(sorted, score, (size_t)n * sizeof *sorted);
	qsort(sorted, (size_t)n, sizeof *sorted, rising);
	r->median = n > 0 ? (n % 2 ? sorted[n / 2] : sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2) : NAN;
	r->standard_error = n > 1 ? sqrt(squares / ((double)n - 1) / (double)n) : NAN;
	r->worst = n > 0 ? score[0] : NAN;
	r->worst_sample = n > 0 ? 0 : -1;
	for (int64_t i = 1; i < n; i++)
		if (!isnan(r->worst) && !(score[i] <= r->worst)) {
			r->worst = score[i];
			r->worst_sample = i;
		}
	free(sorted);
}

struct series {
	const struct metric_shape *shape;
	metric_score *score;
	int64_t n, capacity;
	double *value;
};

struct series *series_new(const struct metric_shape *s, metric_score *score)
{
	struct series *m = xcalloc(1, sizeof *m);

	m->shape = s;
	m->score = score;
	return m;
}

void series_add(void *state, const double *p, const double *y)
{
	struct series *m = state;

	MEM_GROW(m->value, m->n, m->capacity);
	m->value[m->n++] = m->score(m->shape, p, y);
}

void series_end(void *state, struct metric_result *r)
{
	struct series *m = state;

	metric_spread(r, m->n, m->value);
	free(m->value);
	free(m);
}

double slope_squares(const struct metric_shape *s, const double *v, bool periodic_everywhere)
{
	int64_t n = metric_points(s), stride = n;
	double sum = 0;

	for (int d = 0; d < s->n_dims; d++) {
		int64_t size = s->size[d];
		double h = metric_length(s, d) / (double)size;

		stride /= size;
		for (int64_t i = 0; i < n && size > 1; i++) {
			int64_t k = i / stride % size, lo = k - 1, hi = k + 1;
			double width = 2 * h;

			if (periodic_everywhere || s->periodic[d]) {
				lo = (lo + size) % size;
				hi %= size;
			} else if (k == 0 || k == size - 1) {
				lo = k == 0 ? 0 : lo;
				hi = k == 0 ? 1 : k;
				width = h;
			}
			double slope = (v[i + (hi - k) * stride] - v[i + (lo - k) * stride]) / width;
			sum += slope * slope;
		}
	}
	return sum;
}
