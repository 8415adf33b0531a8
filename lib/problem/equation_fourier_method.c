/* equation_fourier_method.c: the Fourier discretisation as a method: its own grid and modes against the grid that is
 * kept. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "problem/equation_fourier.h"
#include "problem/equation_method.h"

struct work {
	const struct equation_spec *spec;
	struct equation_fourier *f;
	struct spectral kept;
};

static bool suits(const struct equation_spec *s)
{
	bool rest = false;

	for (int j = 0; j < s->n_unknowns && s->stationary; j++)
		rest |= !expr_is_number(s->pool, expr_split(s->pool, s->unknown[j].rate).rest, 0);
	return s->n_dims > 0 && !s->sided && !rest;
}

static void close_work(void *d)
{
	struct work *w = d;

	if (!w)
		return;
	spectral_clear(&w->kept);
	equation_fourier_free(w->f);
	free(w);
}

static int open_work(void **d, struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	struct work *w;

	if (s->n_dims == 0 || s->sided)
		return err_set(e, ERR_USAGE, "method: fourier needs periodic sides");
	w = xcalloc(1, sizeof *w);
	w->spec = s;
	if (equation_fourier_new(&w->f, s, c->dealias, e) != 0 || spectral_init(&w->kept, s->n_dims, s->grid, e) != 0) {
		close_work(w);
		return -1;
	}
	if (s->stationary && !equation_fourier_is_steady(w->f)) {
		close_work(w);
		return err_set(e, ERR_USAGE,
			       "method: fourier solves stationary equations that are linear with constant "
			       "coefficients; differences and chebyshev solve others");
	}
	*d = w;
	return 0;
}

static const int64_t *size(const void *d)
{
	return equation_fourier_size(((const struct work *)d)->f);
}

static int64_t count(const void *d)
{
	return 2 * equation_fourier_count(((const struct work *)d)->f);
}

static void set(void *d, const double *param, const double *const *coef)
{
	equation_fourier_set(((struct work *)d)->f, param, coef);
}

static void state(void *d, const double *const *field, double *out)
{
	equation_fourier_state(((struct work *)d)->f, field, out);
}

static void state_kept(void *d, const double *const *field, double *out)
{
	struct work *w = d;

	equation_fourier_state_from(w->f, &w->kept, field, out);
}

static void interpolate(void *d, int coef, const double *kept, double *own)
{
	struct work *w = d;

	(void)coef;
	equation_fourier_interpolate(w->f, &w->kept, kept, own);
}

static void sample(void *d, const double *from, int unknown, double *kept)
{
	struct work *w = d;

	equation_fourier_sample(w->f, from, unknown, &w->kept, kept);
}

static const double *diagonal(const void *d)
{
	return equation_fourier_linear(((const struct work *)d)->f);
}

static void rest(void *d, double t, const double *from, double *out)
{
	equation_fourier_rest(((struct work *)d)->f, t, from, out);
}

static int rate(void *d, double t, const double *y, double *out)
{
	const double *l = diagonal(d);
	const int64_t n = count(d);

	rest(d, t, y, out);
	for (int64_t i = 0; i < n; i += 2) {
		out[i] += l[i] * y[i] - l[i + 1] * y[i + 1];
		out[i + 1] += l[i] * y[i + 1] + l[i + 1] * y[i];
	}
	return 0;
}

static void tidy(void *d, double t, double *y)
{
	(void)t;
	equation_fourier_balance(((struct work *)d)->f, y);
}

void equation_fourier_method_reflect(void *d, int parity[][EQUATION_UNKNOWNS], double *state)
{
	struct work *w = d;

	for (int axis = 0; axis < w->spec->n_dims; axis++)
		equation_fourier_reflect(w->f, axis, parity[axis], state);
}

static int solve(void *d, double *out, struct equation_solved *counts, struct err *e)
{
	(void)e;
	*counts = (struct equation_solved){ 1, 1 };
	equation_fourier_rest_state(((struct work *)d)->f, out);
	return 0;
}

static void volumes(const void *d, double *out)
{
	const struct work *w = d;
	const int64_t n = equation_fourier_points(w->f);

	for (int64_t i = 0; i < n; i++)
		out[i] = 1;
	for (int a = 0; a < w->kept.n_dims; a++)
		for (int64_t i = 0; i < n; i++)
			out[i] *= w->spec->length[a] / (double)size(d)[a];
}

static void kick(void *d, double t, const double *y, const double *increment, double *to)
{
	equation_fourier_kick(((struct work *)d)->f, t, y, increment, to);
}

const struct equation_method equation_method_fourier = {
	.name = "fourier",
	.summary = "Fourier pseudo-spectral, on periodic boxes",
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
	.volumes = volumes,
	.kick = kick,
};
