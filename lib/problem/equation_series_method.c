/* equation_series_method.c: cosine and sine series as a method: what has slope 0 at both ends of an axis is even, what
 * is 0 there odd, on the circle of twice the length. There the Fourier discretisation does the work, on mirrored
 * fields. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "problem/equation_fourier.h"
#include "problem/equation_line.h"
#include "problem/equation_method.h"
#include "problem/equation_parity.h"

struct work {
	struct equation_spec *spec, mirrored; /* mirrored: shares everything but the box */
	void *inner;			      /* of equation_method_fourier */
	enum parity unknown[EXPR_DIMS][EQUATION_UNKNOWNS], coef[EXPR_DIMS][EQUATION_COEFS];
	int64_t size[EXPR_DIMS]; /* own points, ends included */
	struct line line[EXPR_DIMS];
	double *own[EQUATION_UNKNOWNS], *full_coef[EQUATION_COEFS]; /* mirrored fields */
	double *kept;
};

static bool suits(const struct equation_spec *s)
{
	(void)s;
	return false;
}

/* Every unknown has its parity, and equations keep it. */
static int find_parities(struct work *w, struct err *e)
{
	const struct equation_spec *s = w->spec;

	for (int axis = 0; axis < s->n_dims; axis++) {
		const char *name = s->pool->axis[axis];

		if (!s->closed[axis])
			continue;
		for (int j = 0; j < s->n_unknowns; j++) {
			w->unknown[axis][j] = equation_side_parity(s, axis, j);
			if (w->unknown[axis][j] == PARITY_NONE)
				return err_set(e, ERR_USAGE,
					       "method: series needs '%s' to be 0 at both ends of %s, or its slope",
					       s->unknown[j].name, name);
		}
		for (int k = 0; k < s->n_coefs; k++)
			w->coef[axis][k] = equation_parity(s, s->coef[k], axis, w->unknown[axis], w->coef[axis]);
		for (int j = 0; j < s->n_unknowns; j++) {
			const enum parity rate =
				equation_parity(s, s->unknown[j].rate, axis, w->unknown[axis], w->coef[axis]);

			if (rate != PARITY_ANY && rate != w->unknown[axis][j])
				return err_set(
					e, ERR_USAGE,
					"method: series needs equations that keep '%s' %s about the ends of %s; this "
					"one does not, or it cannot be told",
					s->unknown[j].name, w->unknown[axis][j] == PARITY_ODD ? "odd" : "even", name);
		}
	}
	return 0;
}

static void close_work(void *d)
{
	struct work *w = d;

	if (!w)
		return;
	if (w->inner)
		equation_method_fourier.close(w->inner);
	for (int k = 0; k < EQUATION_UNKNOWNS; k++)
		free(w->own[k]);
	for (int k = 0; k < EQUATION_COEFS; k++)
		free(w->full_coef[k]);
	for (int a = 0; a < EXPR_DIMS; a++)
		line_clear(&w->line[a]);
	free(w->kept);
	free(w);
}

static int64_t points(const struct work *w, const int64_t *size)
{
	int64_t n = 1;

	for (int a = 0; a < w->spec->n_dims; a++)
		n *= size[a];
	return n;
}

static int open_work(void **d, struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	struct work *w = xcalloc(1, sizeof *w);
	struct equation_spec *m = &w->mirrored;

	w->spec = s;
	*m = *s;
	m->sided = false;
	for (int a = 0; a < s->n_dims; a++)
		if (s->closed[a]) {
			m->closed[a] = 0;
			m->length[a] *= 2;
			m->grid[a] = 2 * (s->grid[a] - 1);
			m->solve_grid[a] = s->solve_grid[a] ? 2 * (s->solve_grid[a] - 1) : 0;
		}
	if (!s->sided) {
		err_set(e, ERR_USAGE, "method: series is for axes with ends");
		goto fail;
	}
	if (find_parities(w, e) != 0 || equation_method_fourier.open(&w->inner, m, c, e) != 0)
		goto fail;
	for (int a = 0; a < s->n_dims; a++) {
		w->size[a] = equation_method_fourier.size(w->inner)[a] / (s->closed[a] ? 2 : 1) + s->closed[a];
		if (line_init(&w->line[a], s->pool->axis[a][0], w->size[a], s->closed[a] != 0, false, 2, s->low[a],
			      s->length[a], s->grid[a], e) != 0)
			goto fail;
	}
	for (int k = 0; k < s->n_unknowns; k++)
		w->own[k] = xaligned((size_t)points(w, equation_method_fourier.size(w->inner)) * sizeof(double));
	for (int k = 0; k < s->n_coefs; k++)
		w->full_coef[k] = xaligned((size_t)points(w, equation_method_fourier.size(w->inner)) * sizeof(double));
	w->kept = xaligned((size_t)points(w, m->grid) * sizeof(double));
	*d = w;
	return 0;
fail:
	close_work(w);
	return -1;
}

/* A field between the ends and its images; parity: by axis. */
static void mirror(const struct work *w, const int64_t *size, const int64_t *full, const enum parity *parity,
		   const double *in, double *out)
{
	const int n_dims = w->spec->n_dims;

	for (int64_t at = 0; at < points(w, full); at++) {
		int64_t rest = at, from = 0, stride = 1;
		double sign = 1;

		for (int a = n_dims - 1; a >= 0; a--) {
			int64_t i = rest % full[a];

			rest /= full[a];
			if (w->spec->closed[a] && i >= size[a]) {
				i = full[a] - i;
				sign *= parity[a] == PARITY_ODD ? -1 : 1;
			}
			if (w->spec->closed[a] && parity[a] == PARITY_ODD && (i == 0 || i == size[a] - 1))
				sign = 0;
			from += i * stride;
			stride *= size[a];
		}
		out[at] = sign == 0 ? 0 : sign * in[from];
	}
}

/* The part of a mirrored field between the ends. */
static void cut(const struct work *w, const int64_t *size, const int64_t *full, const double *in, double *out)
{
	for (int64_t at = 0; at < points(w, size); at++) {
		int64_t rest = at, from = 0, stride = 1;

		for (int a = w->spec->n_dims - 1; a >= 0; a--) {
			from += rest % size[a] * stride;
			rest /= size[a];
			stride *= full[a];
		}
		out[at] = in[from];
	}
}

static void unknown_parity(const struct work *w, int j, enum parity *parity)
{
	for (int a = 0; a < EXPR_DIMS; a++)
		parity[a] = w->unknown[a][j];
}

static const int64_t *size(const void *d)
{
	return ((const struct work *)d)->size;
}

static int64_t count(const void *d)
{
	return equation_method_fourier.count(((const struct work *)d)->inner);
}

static void set(void *d, const double *param, const double *const *coef)
{
	struct work *w = d;

	for (int k = 0; k < w->spec->n_coefs; k++) {
		enum parity parity[EXPR_DIMS];

		for (int a = 0; a < EXPR_DIMS; a++)
			parity[a] = w->coef[a][k];
		mirror(w, w->size, equation_method_fourier.size(w->inner), parity, coef[k], w->full_coef[k]);
	}
	equation_method_fourier.set(w->inner, param, (const double *const *)w->full_coef);
}

static void state(void *d, const double *const *field, double *out)
{
	struct work *w = d;

	for (int j = 0; j < w->spec->n_unknowns; j++) {
		enum parity parity[EXPR_DIMS];

		unknown_parity(w, j, parity);
		mirror(w, w->size, equation_method_fourier.size(w->inner), parity, field[j], w->own[j]);
	}
	equation_method_fourier.state(w->inner, (const double *const *)w->own, out);
}

static void state_kept(void *d, const double *const *field, double *out)
{
	struct work *w = d;
	double *full[EQUATION_UNKNOWNS];

	for (int j = 0; j < w->spec->n_unknowns; j++) {
		enum parity parity[EXPR_DIMS];

		unknown_parity(w, j, parity);
		full[j] = xaligned((size_t)points(w, w->mirrored.grid) * sizeof *full[j]);
		mirror(w, w->spec->grid, w->mirrored.grid, parity, field[j], full[j]);
	}
	equation_method_fourier.state_kept(w->inner, (const double *const *)full, out);
	for (int j = 0; j < w->spec->n_unknowns; j++)
		free(full[j]);
}

/* By the series that its formula has, or by polynomials where that has none. */
static void interpolate(void *d, int coef, const double *kept, double *own)
{
	struct work *w = d;
	enum parity parity[EXPR_DIMS];
	bool whole = true;

	for (int a = 0; a < EXPR_DIMS; a++) {
		parity[a] = w->coef[a][coef];
		whole &= a >= w->spec->n_dims || !w->spec->closed[a] || parity[a] != PARITY_NONE;
	}
	if (!whole) {
		line_transfer(w->line, w->spec->n_dims, false, kept, own);
		return;
	}
	mirror(w, w->spec->grid, w->mirrored.grid, parity, kept, w->kept);
	equation_method_fourier.interpolate(w->inner, coef, w->kept, w->full_coef[coef]);
	cut(w, w->size, equation_method_fourier.size(w->inner), w->full_coef[coef], own);
}

static void sample(void *d, const double *from, int unknown, double *kept)
{
	struct work *w = d;

	equation_method_fourier.sample(w->inner, from, unknown, w->kept);
	cut(w, w->spec->grid, w->mirrored.grid, w->kept, kept);
}

static int rate(void *d, double t, const double *y, double *out)
{
	return equation_method_fourier.rate(((struct work *)d)->inner, t, y, out);
}

/* Rounding breaks the mirror; growth would do the rest. */
static void tidy(void *d, double t, double *y)
{
	struct work *w = d;
	int parity[EXPR_DIMS][EQUATION_UNKNOWNS];

	equation_method_fourier.tidy(w->inner, t, y);
	for (int a = 0; a < EXPR_DIMS; a++)
		for (int j = 0; j < EQUATION_UNKNOWNS; j++)
			parity[a][j] = a < w->spec->n_dims && w->spec->closed[a] ? (int)w->unknown[a][j] : 0;
	equation_fourier_method_reflect(w->inner, parity, y);
}

static const double *diagonal(const void *d)
{
	return equation_method_fourier.diagonal(((const struct work *)d)->inner);
}

static void rest(void *d, double t, const double *y, double *out)
{
	equation_method_fourier.rest(((struct work *)d)->inner, t, y, out);
}

static int solve(void *d, double *y, struct equation_solved *counts, struct err *e)
{
	return equation_method_fourier.solve(((struct work *)d)->inner, y, counts, e);
}

const struct equation_method equation_method_series = {
	.name = "series",
	.summary = "cosine and sine series between sides where slopes or values are 0",
	.suits = suits,
	.open = open_work,
	.close = close_work,
	.size = size,
	.count = count,
	.set = set,
	.state = state,
	.state_kept = state_kept,
	.interpolate = interpolate,
	.sample = sample,
	.rate = rate,
	.tidy = tidy,
	.diagonal = diagonal,
	.rest = rest,
	.solve = solve,
};
