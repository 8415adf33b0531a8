/* moments.c: running sums that do not cancel. */
#include "num/moments.h"

#include <math.h>

void moments_add(struct moments *m, int64_t n, const double *v)
{
	for (int64_t i = 0; i < n; i++) {
		const double from = v[i] - m->mean;

		if (!isfinite(v[i])) {
			m->nonfinite++;
			continue;
		}
		m->least = m->n == 0 || v[i] < m->least ? v[i] : m->least;
		m->most = m->n == 0 || v[i] > m->most ? v[i] : m->most;
		m->n++;
		m->mean += from / (double)m->n;
		m->squares += from * (v[i] - m->mean);
	}
}

double moments_std(const struct moments *m)
{
	return m->n > 1 ? sqrt(m->squares / (double)(m->n - 1)) : NAN;
}
