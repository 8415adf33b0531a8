/* tableau.c: finding methods by name, and their polynomials between the ends of a step. */
#include "integ/tableau_member.h"

#include <string.h>

static const struct tableau *const *const lists[] = { tableau_explicit, tableau_dopri8, tableau_implicit };

const struct tableau *tableau_at(int k)
{
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (int j = 0; lists[i][j]; j++)
			if (k-- == 0)
				return lists[i][j];
	return NULL;
}

const struct tableau *tableau_find(const char *name)
{
	for (int k = 0; tableau_at(k); k++)
		if (strcmp(tableau_at(k)->name, name) == 0)
			return tableau_at(k);
	return NULL;
}

/* int_0^theta of the Lagrange polynomial of node j: expand prod_(i != j) (x - c_i) / (c_j - c_i), integrate term by
 * term. */
static double collocation(const struct tableau *m, int j, double theta)
{
	double p[TABLEAU_STAGES_MAX + 1] = { 1 }, scale = 1, sum = 0;
	int degree = 0;

	for (int i = 0; i < m->stages; i++) {
		if (i == j)
			continue;
		scale *= m->c[j] - m->c[i];
		p[++degree] = 0;
		for (int k = degree; k > 0; k--)
			p[k] = p[k - 1] - m->c[i] * p[k];
		p[0] *= -m->c[i];
	}
	for (int k = degree; k >= 0; k--)
		sum = (sum + p[k] / (k + 1)) * theta;
	return sum / scale;
}

void tableau_dense(const struct tableau *m, double theta, double *weight)
{
	const int last = m->stages - 1;
	const double square = theta * theta;

	for (int j = 0; j < m->stages; j++) {
		double w = 0;

		if (m->dense) {
			for (int p = m->dense_degree - 1; p >= 0; p--)
				w = (w + m->dense[j * m->dense_degree + p]) * theta;
		} else if (m->kind == TABLEAU_FULL) {
			w = collocation(m, j, theta);
		} else if (m->first_same_as_last) {
			w = square * (3 - 2 * theta) * m->b[j];
			w += j == 0 ? theta * (1 - theta) * (1 - theta) : 0;
			w += j == last ? square * (theta - 1) : 0;
		} else if (m->a[0] == 0 && m->order > 1) {
			w = square * m->b[j] + (j == 0 ? theta - square : 0);
		} else {
			w = theta * m->b[j];
		}
		weight[j] = w;
	}
}
