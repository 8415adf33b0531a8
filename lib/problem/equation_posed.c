/* equation_posed.c: growth rates at two very large wave numbers, along the axes and diagonals of the box. */
#include "problem/equation_posed.h"

#include <math.h>
#include <stdlib.h>

#include "num/lapack.h"

struct symbol {
	struct equation_spec *spec;
	const double *param;
	expr linear[EQUATION_UNKNOWNS], unknown[EQUATION_UNKNOWNS];
};

/* Largest real part of the eigenvalues at wave vector k; 0 where it is lost in rounding. */
static double growth(const struct symbol *s, const double *k)
{
	const int m = s->spec->n_unknowns;
	double a[2 * EQUATION_UNKNOWNS * EQUATION_UNKNOWNS] = { 0 }, w[2 * EQUATION_UNKNOWNS];
	double v[2 * EQUATION_UNKNOWNS * EQUATION_UNKNOWNS], norm = 0, size = 0, most = -INFINITY;

	for (int j = 0; j < m; j++)
		expr_fourier(s->spec->pool, s->linear[j], k, s->param, m, s->unknown, a + 2 * j * m);
	if (m == 1)
		return a[0];
	for (int i = 0; i < 2 * m * m; i++)
		norm += a[i] * a[i];
	if (!isfinite(norm) || num_eigen_complex(m, a, w, v) != 0)
		return 0;
	for (int j = 0; j < m; j++) {
		size = fmax(size, hypot(w[2 * j], w[2 * j + 1]));
		most = fmax(most, w[2 * j]);
	}
	return fabs(most) > 1e-4 * size + 1e-6 * sqrt(norm) ? most : 0;
}

int equation_posed(struct equation_spec *s, const double *param, struct err *e)
{
	/* what a scalar's rate is at a wave number is known exactly; eigenvalues are not */
	const double far = 2 * M_PI * (s->n_unknowns == 1 ? 1e10 : 1e4);
	struct symbol symbol = { .spec = s, .param = param };

	if (s->stationary || s->n_dims == 0)
		return 0;
	for (int j = 0; j < s->n_unknowns; j++) {
		symbol.linear[j] = expr_split(s->pool, expr_simplify(s->pool, s->unknown[j].rate)).linear;
		symbol.unknown[j] = s->unknown[j].node;
	}
	/* directions with parts -1, 0, 1 */
	for (int way = 1; way < 27; way++) {
		double k[EXPR_DIMS] = { 0 }, twice[EXPR_DIMS], at[2];
		int rest = way;
		bool inside = true;

		for (int axis = 0; axis < EXPR_DIMS; axis++, rest /= 3) {
			inside &= axis < s->n_dims || rest % 3 == 0;
			k[axis] = axis < s->n_dims ? (rest % 3 == 2 ? -1 : rest % 3) * far / s->length[axis] : 0;
			twice[axis] = 2 * k[axis];
		}
		if (!inside)
			continue;
		at[0] = growth(&symbol, k);
		at[1] = growth(&symbol, twice);
		if (at[1] > 0 && at[1] > 1.2 * at[0])
			return err_set(e, ERR_USAGE,
				       "equation: ill posed: waves grow the faster the shorter they are, without "
				       "bound (at rate %.2g for wave number %.2g), as in diffusion backward in time",
				       at[1], sqrt(twice[0] * twice[0] + twice[1] * twice[1] + twice[2] * twice[2]));
	}
	return 0;
}
