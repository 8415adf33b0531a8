/* equation_difference_method.c: values at points as methods: finite differences, and Chebyshev collocation. */
#include <string.h>

#include "problem/equation_difference_inside.h"
#include "problem/equation_rest.h"

static bool suits_any(const struct equation_spec *s)
{
	(void)s;
	return true;
}

static bool suits_none(const struct equation_spec *s)
{
	(void)s;
	return false;
}

static int open_work(bool spectral, void **d, struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	struct equation_difference *work;

	if (c->order % 2 == 1)
		return err_set(e, ERR_USAGE, "order: %lld is odd; 2, 4 and 6 are there", (long long)c->order);
	if (equation_difference_new(&work, s, spectral, (int)c->order, e) != 0)
		return -1;
	if (s->stationary && equation_rest_check(work, c->solver, e) != 0) {
		equation_difference_free(work);
		return -1;
	}
	work->solver = c->solver;
	*d = work;
	return 0;
}

static int open_differences(void **d, struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	return open_work(false, d, s, c, e);
}

static int open_chebyshev(void **d, struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	if (s->n_dims == 0)
		return err_set(e, ERR_USAGE, "method: chebyshev needs an axis");
	return open_work(true, d, s, c, e);
}

static void close_work(void *d)
{
	equation_difference_free(d);
}

static const int64_t *size(const void *d)
{
	return equation_difference_size(d);
}

static const double *const *place(const void *d)
{
	return equation_difference_place(d);
}

static int64_t count(const void *d)
{
	return equation_difference_count(d);
}

static void set(void *d, const double *param, const double *const *coef)
{
	equation_difference_set(d, param, coef);
}

static void state(void *d, const double *const *field, double *out)
{
	const int64_t n = equation_difference_points(d), unknowns = equation_difference_count(d) / n;

	for (int64_t k = 0; k < unknowns; k++)
		memcpy(out + k * n, field[k], (size_t)n * sizeof *out);
}

static void interpolate(void *d, int coef, const double *kept, double *own)
{
	(void)coef;
	equation_difference_transfer(d, false, kept, own);
}

static void state_kept(void *d, const double *const *field, double *out)
{
	const int64_t n = equation_difference_points(d), unknowns = equation_difference_count(d) / n;

	for (int64_t k = 0; k < unknowns; k++)
		equation_difference_transfer(d, false, field[k], out + k * n);
}

static void sample(void *d, const double *from, int unknown, double *kept)
{
	equation_difference_transfer(d, true, from + unknown * equation_difference_points(d), kept);
}

static void tidy(void *d, double t, double *y)
{
	equation_difference_sides(d, t, y);
}

static void rest(void *d, double t, const double *y, double *out)
{
	equation_difference_rest(d, t, y, out);
}

static int solve(void *d, double *y, struct equation_solved *counts, struct err *e)
{
	return equation_rest(d, ((struct equation_difference *)d)->solver, y, counts, e);
}

static void volumes(const void *d, double *out)
{
	equation_difference_volumes(d, out);
}

static void kick(void *d, double t, const double *y, const double *increment, double *to)
{
	equation_difference_kick(d, false, t, y, increment, to);
}

static void kick_slope(void *d, double t, const double *y, const double *increment, double *to)
{
	equation_difference_kick(d, true, t, y, increment, to);
}

#define SHARED                                                                                                         \
	.close = close_work, .size = size, .count = count, .set = set, .state = state, .state_kept = state_kept,       \
	.interpolate = interpolate, .sample = sample, .rate = equation_difference_rate, .tidy = tidy,                  \
	.linear = equation_difference_linear, .rest = rest, .solve = solve, .volumes = volumes, .kick = kick,          \
	.kick_slope = kick_slope

const struct equation_method equation_method_differences = {
	.name = "differences",
	.summary = "finite differences of order 2, 4 or 6, values at equidistant points",
	.suits = suits_any,
	.open = open_differences,
	SHARED,
};

const struct equation_method equation_method_chebyshev = {
	.name = "chebyshev",
	.summary = "polynomials through Chebyshev points between sides, waves around circles",
	.suits = suits_none,
	.open = open_chebyshev,
	.place = place,
	SHARED,
};
