/* pairs.c: data for tests of metrics. */
#include "pairs.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"

const struct metric_shape pairs_shape[SHAPES] = {
	{ .n_time = 1, .n_channel = 1, .n_dims = 1, .size = { 24 }, .length = { 2 }, .periodic = { true } },
	{ .n_time = 3, .n_channel = 2, .n_dims = 1, .size = { 9 } },
	{ .n_time = 2, .n_channel = 2, .n_dims = 2, .size = { 6, 8 }, .length = { 1, 3 }, .periodic = { true, false } },
	{ .n_time = 1, .n_channel = 1, .n_dims = 2, .size = { 28, 26 } },
	{ .n_time = 1, .n_channel = 2, .n_dims = 3, .size = { 4, 5, 6 }, .length = { 1, 2, 0.5 } },
	{ .n_time = 4, .n_channel = 3, .n_dims = 0 },
};
double p[SAMPLES][MOST], y[SAMPLES][MOST];

void pairs_draw(uint64_t seed)
{
	for (int i = 0; i < SAMPLES; i++) {
		rng_normal(rng_stream(seed, "prediction", 0, (uint64_t)i), 0, MOST, p[i]);
		rng_normal(rng_stream(seed, "target", 0, (uint64_t)i), 0, MOST, y[i]);
		for (int k = 0; k < MOST; k++)
			y[i][k] += 0.5;
	}
}

bool pairs_fits(const struct metric_class *c, const struct metric_shape *s)
{
	return !(c->needs_grid && s->n_dims == 0) && !(c->needs_points && metric_points(s) < 2);
}

struct metric_result pairs_result(const struct metric_class *c, const struct metric_shape *s, int n, unsigned by)
{
	struct metric_run *m = metric_run_new(c, s, by);
	struct metric_result r;

	for (int i = 0; i < n; i++)
		metric_run_add(m, p[i], y[i]);
	metric_run_end(m, &r);
	ck_assert_int_gt(r.n, 0);
	ck_assert_str_eq(r.row[0].part, "all");
	return r;
}

double pairs_value(const char *name, const struct metric_shape *s, int n)
{
	const struct metric_class *c = metric_find(name);

	ck_assert_msg(c != NULL, "no metric %s", name);
	struct metric_result r = pairs_result(c, s, n, 0);
	double v = r.row[0].value;
	metric_result_free(&r);
	return v;
}

double pairs_part(const char *name, const struct metric_shape *s, int n, unsigned by, const char *part)
{
	struct metric_result r = pairs_result(metric_find(name), s, n, by);
	double v = NAN;

	for (int i = 0; i < r.n; i++)
		if (strcmp(r.row[i].part, part) == 0)
			v = r.row[i].value;
	metric_result_free(&r);
	return v;
}

void pairs_close(double a, double b, const char *what, int shape)
{
	ck_assert_msg(fabs(a - b) <= 1e-11 * (fabs(a) + fabs(b)) + 1e-300, "%s on shape %d: %.17g instead of %.17g",
		      what, shape, a, b);
}
