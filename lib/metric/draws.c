/* draws.c: collecting two sets of samples. */
#include "metric/draws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void *metric_draws_begin(const struct metric_shape *s)
{
	struct metric_draws *m = xcalloc(1, sizeof *m);

	m->shape = s;
	m->each = metric_count(s);
	return m;
}

void metric_draws_add(void *state, const double *prediction, const double *target)
{
	struct metric_draws *m = state;
	const size_t bytes = (size_t)m->each * sizeof *m->p;

	if (m->n == m->capacity) {
		m->capacity = m->capacity ? 2 * m->capacity : 64;
		m->p = xrealloc(m->p, (size_t)m->capacity * bytes);
		m->y = xrealloc(m->y, (size_t)m->capacity * bytes);
	}
	memcpy(m->p + m->n * m->each, prediction, bytes);
	memcpy(m->y + m->n * m->each, target, bytes);
	m->n++;
}

void metric_draws_end(struct metric_draws *m, struct metric_result *r, double value)
{
	r->median = r->standard_error = r->worst = NAN;
	r->worst_sample = -1;
	metric_row_add(r, value, "all");
	free(m->p);
	free(m->y);
	free(m);
}

int metric_by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y) + (x != x) - (y != y); /* NaN last: an order that qsort can rely on */
}
