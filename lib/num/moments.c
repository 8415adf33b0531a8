/* moments.c: running sums that do not cancel: blocks of values, each about a mean of its own, joined as two samples
 * are. */
#include "num/moments.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { BLOCK = 512, LANES = 8 };

static double total(const double *lane)
{
	double sum = 0;

	for (int k = 0; k < LANES; k++)
		sum += lane[k];
	return sum;
}

static void add_one(struct moments *m, double v)
{
	const double from = v - m->mean;

	if (!isfinite(v)) {
		m->nonfinite++;
		return;
	}
	m->least = m->n == 0 || v < m->least ? v : m->least;
	m->most = m->n == 0 || v > m->most ? v : m->most;
	m->n++;
	m->mean += from / (double)m->n;
	m->squares += from * (v - m->mean);
}

/* BLOCK values; false: not all are finite, or their sum is not. Sums run in LANES parts, so that they fit vectors, of
 * distances from the first value, so that equal values have a spread of exactly zero. */
static bool add_block(struct moments *m, const double *v)
{
	const uint64_t exponent = 0x7ff0000000000000;
	double sum[LANES] = { 0 }, squares[LANES] = { 0 }, least[LANES], most[LANES], mean, n = (double)m->n;
	uint64_t odd = 0;

	for (int i = 0; i < BLOCK; i++) {
		uint64_t bits;

		memcpy(&bits, v + i, sizeof bits);
		odd |= (bits & exponent) == exponent;
	}
	for (int k = 0; k < LANES; k++)
		least[k] = most[k] = v[k];
	for (int i = 0; i < BLOCK; i += LANES)
		for (int k = 0; k < LANES; k++) {
			sum[k] += v[i + k] - v[0];
			least[k] = v[i + k] < least[k] ? v[i + k] : least[k];
			most[k] = v[i + k] > most[k] ? v[i + k] : most[k];
		}
	mean = v[0] + total(sum) / BLOCK;
	if (odd || !isfinite(mean))
		return false;
	for (int i = 0; i < BLOCK; i += LANES)
		for (int k = 0; k < LANES; k++)
			squares[k] += (v[i + k] - mean) * (v[i + k] - mean);
	for (int k = 0; k < LANES; k++) {
		m->least = (m->n == 0 && k == 0) || least[k] < m->least ? least[k] : m->least;
		m->most = (m->n == 0 && k == 0) || most[k] > m->most ? most[k] : m->most;
	}
	const double from = mean - m->mean;

	m->n += BLOCK;
	m->mean += from * (BLOCK / (double)m->n);
	m->squares += total(squares) + from * from * (n * (BLOCK / (double)m->n));
	return true;
}

void moments_add(struct moments *m, int64_t n, const double *v)
{
	int64_t i = 0;

	for (; i + BLOCK <= n; i += BLOCK)
		if (!add_block(m, v + i))
			for (int k = 0; k < BLOCK; k++)
				add_one(m, v[i + k]);
	for (; i < n; i++)
		add_one(m, v[i]);
}

double moments_std(const struct moments *m)
{
	return m->n > 1 ? sqrt(m->squares / (double)(m->n - 1)) : NAN;
}
