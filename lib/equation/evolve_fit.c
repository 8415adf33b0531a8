/* evolve_fit.c: how well a tree fits, and its numbers tuned by BFGS. Trees are compiled by the equation language's
 * programs; the derivatives by the numbers are its rules', in the same program, so that what they share is computed
 * once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "equation/evolve_inside.h"
#include "equation/program.h"

struct fit {
	const struct evolve *v;
	struct exprs *pool;
	struct program *program;
	int n; /* numbers */
	double *memory, **out;
};

static void fit_close(struct fit *f)
{
	program_free(f->program);
	exprs_free(f->pool);
	free(f->memory);
	free(f->out);
}

/* The tree, and with_slopes its derivatives by the numbers, as roots of one program. */
static bool fit_open(struct fit *f, const struct evolve *v, const struct evolve_tree *t, bool with_slopes)
{
	struct program_input *input = xcalloc((size_t)v->n_inputs + 1, sizeof *input);
	expr *leaf = xcalloc((size_t)v->n_inputs + 1, sizeof *leaf), root[1 + EVOLVE_SIZE];
	double number[EVOLVE_SIZE];
	struct err e = { 0 };
	int n_roots = 1;

	*f = (struct fit){ .v = v, .pool = exprs_new(""), .n = evolve_numbers(t, number) };
	for (int k = 0; k < v->n_inputs; k++) {
		leaf[k] = expr_field(f->pool, k);
		input[k] = (struct program_input){ leaf[k], false };
	}
	root[0] = evolve_expression(f->pool, t, leaf, 0);
	for (int j = 0; j < f->n && with_slopes; j++)
		root[n_roots++] = expr_partial(f->pool, root[0], expr_leaf(f->pool, EX_PARAM, j));
	const bool good = program_new(&f->program, f->pool, n_roots, root, v->n_inputs, input, &e) == 0;
	f->memory = xmalloc((size_t)(n_roots * v->n + 1) * sizeof *f->memory);
	f->out = xcalloc((size_t)n_roots, sizeof *f->out);
	for (int r = 0; r < n_roots; r++)
		f->out[r] = f->memory + r * v->n;
	free(input);
	free(leaf);
	return good;
}

/* Mean squared error; slope (may be NULL): by the numbers. */
static double fit_run(struct fit *f, const double *number, double *slope)
{
	const int64_t n = f->v->n;
	double *restrict residual = f->out[0], sum = 0;

	program_run(f->program, n, f->v->x, number, f->out);
	for (int64_t i = 0; i < n; i++) {
		residual[i] -= f->v->y[i];
		sum += residual[i] * residual[i];
	}
	for (int j = 0; slope && j < f->n; j++) {
		double s = 0;

		for (int64_t i = 0; i < n; i++)
			s += residual[i] * f->out[1 + j][i];
		slope[j] = 2 * s / (double)n;
	}
	return isfinite(sum) ? sum / (double)n : INFINITY;
}

double evolve_loss(const struct evolve *v, const struct evolve_tree *t)
{
	double number[EVOLVE_SIZE], loss = INFINITY;
	struct fit f;

	evolve_numbers(t, number);
	if (fit_open(&f, v, t, false))
		loss = fit_run(&f, number, NULL);
	fit_close(&f);
	return loss;
}

static double dot(int n, const double *a, const double *b)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* H <- (1 - s y'/sy) H (1 - y s'/sy) + s s'/sy (Nocedal, Wright 2006, equation 6.17). */
static void update(int n, double *H, const double *s, const double *y)
{
	const double sy = dot(n, s, y);
	double Hy[EVOLVE_CONSTANTS], yHy;

	for (int i = 0; i < n; i++)
		Hy[i] = dot(n, H + i * n, y);
	yHy = dot(n, y, Hy);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			H[i * n + j] += (1 + yHy / sy) * s[i] * s[j] / sy - (Hy[i] * s[j] + s[i] * Hy[j]) / sy;
}

static bool all_finite(int n, const double *x)
{
	for (int i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return false;
	return true;
}

void evolve_tune(const struct evolve *v, struct evolve_member *m)
{
	double x[EVOLVE_SIZE], g[EVOLVE_CONSTANTS], H[EVOLVE_CONSTANTS * EVOLVE_CONSTANTS] = { 0 };
	const int n = evolve_numbers(&m->tree, x);
	struct fit f;
	double loss;

	if (n == 0 || n > EVOLVE_CONSTANTS || !isfinite(m->loss))
		return;
	if (!fit_open(&f, v, &m->tree, true))
		goto out;
	loss = fit_run(&f, x, g);
	for (int i = 0; i < n; i++)
		H[i * n + i] = 1;
	for (int64_t k = 0; k < v->iterations && all_finite(n, g) && dot(n, g, g) > 0; k++) {
		double d[EVOLVE_CONSTANTS], to[EVOLVE_SIZE], at[EVOLVE_CONSTANTS], length = 1, next = INFINITY, slope;

		for (int i = 0; i < n; i++)
			d[i] = -dot(n, H + i * n, g);
		slope = dot(n, d, g);
		if (!(slope < 0))
			break;
		for (int tries = 0; tries < 12; tries++, length *= 0.4) {
			for (int i = 0; i < n; i++)
				to[i] = x[i] + length * d[i];
			next = fit_run(&f, to, at);
			if (next <= loss + 1e-4 * length * slope)
				break;
		}
		if (!(next < loss) || !all_finite(n, at))
			break;
		for (int i = 0; i < n; i++) {
			d[i] = to[i] - x[i];
			x[i] = to[i];
			to[i] = at[i] - g[i]; /* the change of the gradient */
			g[i] = at[i];
		}
		loss = next;
		if (dot(n, d, to) > 0) {
			/* the first matrix has the size of the curvature (6.20) */
			for (int i = 0; i < n && k == 0; i++)
				H[i * n + i] = dot(n, d, to) / dot(n, to, to);
			update(n, H, d, to);
		}
	}
	if (loss < m->loss) {
		m->loss = loss;
		evolve_set_numbers(&m->tree, x);
	}
out:
	fit_close(&f);
}
