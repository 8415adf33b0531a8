/* equation_difference_method.c: finite differences as a method: the state is the values at the points that are kept. */
#include <string.h>

#include "problem/equation_difference.h"
#include "problem/equation_method.h"

static bool suits(const struct equation_spec *s)
{
	(void)s;
	return true;
}

static int open_work(void **d, struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	struct equation_difference *work;

	if (c->order % 2 == 1)
		return err_set(e, ERR_USAGE, "order: %lld is odd; 2, 4 and 6 are there", (long long)c->order);
	if (s->stationary)
		return err_set(e, ERR_USAGE,
			       "equation: stationary ones are solved when they are linear with constant "
			       "coefficients and all sides are periodic");
	if (equation_difference_new(&work, s, (int)c->order, e) != 0)
		return -1;
	*d = work;
	return 0;
}

static void close_work(void *d)
{
	equation_difference_free(d);
}

static const int64_t *size(const void *d)
{
	return equation_difference_size(d);
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

static void interpolate(void *d, const double *kept, double *own)
{
	memcpy(own, kept, (size_t)equation_difference_points(d) * sizeof *own);
}

static void sample(void *d, const double *from, int unknown, double *kept)
{
	const int64_t n = equation_difference_points(d);

	memcpy(kept, from + unknown * n, (size_t)n * sizeof *kept);
}

static void tidy(void *d, double t, double *y)
{
	equation_difference_sides(d, t, y);
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

const struct equation_method equation_method_differences = {
	.name = "differences",
	.summary = "finite differences of order 2, 4 or 6, values at the points",
	.suits = suits,
	.open = open_work,
	.close = close_work,
	.size = size,
	.count = count,
	.set = set,
	.state = state,
	.state_kept = state,
	.interpolate = interpolate,
	.sample = sample,
	.rate = equation_difference_rate,
	.tidy = tidy,
	.volumes = volumes,
	.kick = kick,
	.kick_slope = kick_slope,
};
