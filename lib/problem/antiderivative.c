/* antiderivative.c: the operator f -> u, u' = f, u(0) = 0, for Gaussian-process inputs, at random query points.
 *
 * A pivoted Cholesky factorisation of the squared-exponential kernel on a fine grid picks the few points P that explain
 * the process to 1e-6 of its deviation. With L L^T = k(P, P) and c = L^-T xi, f(x) = sum_j c_j k(x, P_j) is a function,
 * not a table: sensors are its values, and its antiderivative is a sum of error functions, so that u' = f holds
 * exactly. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "problem/axes.h"
#include "problem/problem.h"

struct antiderivative {
	double length, sigma;
	int64_t sensors, points;
};

struct work {
	int rank, capacity;
	double *pivot; /* points P */
	double *lower; /* rank x rank, row-major */
	double *coefficient;
};

static double kernel(const struct antiderivative *c, double x, double y)
{
	double d = (x - y) / c->length;

	return c->sigma * c->sigma * exp(-0.5 * d * d);
}

/* Integral of the kernel over its first argument from 0 to y. */
static double kernel_integral(const struct antiderivative *c, double y, double p)
{
	double s = M_SQRT2 * c->length;

	return c->sigma * c->sigma * c->length * sqrt(M_PI / 2) * (erf((y - p) / s) + erf(p / s));
}

static void release(void *work)
{
	struct work *w = work;

	if (!w)
		return;
	free(w->pivot);
	free(w->lower);
	free(w->coefficient);
	free(w);
}

/* Greedy pivots over a grid that resolves the kernel, until the residual variance is below 1e-12 sigma^2 everywhere. */
static int prepare(const void *config, void **work, struct err *e)
{
	const struct antiderivative *c = config;
	const int64_t n = (int64_t)ceil(32 / c->length) + 33;
	double *residual = mem_new(n, sizeof *residual, "kernel grid", e), *column = NULL;
	struct work *w = xcalloc(1, sizeof *w);
	int status = -1;

	*work = w;
	if (!residual)
		goto out;
	for (int64_t i = 0; i < n; i++)
		residual[i] = c->sigma * c->sigma;
	for (w->rank = 0; w->rank < n;) {
		const int r = w->rank;
		int64_t best = 0;
		double x;

		for (int64_t i = 1; i < n; i++)
			if (residual[i] > residual[best])
				best = i;
		if (residual[best] <= 1e-12 * c->sigma * c->sigma)
			break;
		if (r >= w->capacity) {
			w->capacity = w->capacity ? 2 * w->capacity : 32;
			w->pivot = xrealloc(w->pivot, (size_t)w->capacity * sizeof *w->pivot);
			column = xrealloc(column, (size_t)w->capacity * (size_t)n * sizeof *column);
		}
		/* Column r of the factor over the whole grid. */
		x = w->pivot[r] = (double)best / (double)(n - 1);
		for (int64_t i = 0; i < n; i++) {
			double sum = kernel(c, (double)i / (double)(n - 1), x);

			for (int k = 0; k < r; k++)
				sum -= column[k * n + i] * column[k * n + best];
			column[r * n + i] = sum / sqrt(residual[best]);
		}
		for (int64_t i = 0; i < n; i++)
			residual[i] = fmax(residual[i] - column[r * n + i] * column[r * n + i], 0);
		residual[best] = 0;
		w->rank++;
	}
	/* Rows of the pivots: a lower triangle, because later columns vanish at earlier pivots. */
	w->lower = xcalloc((size_t)w->rank * (size_t)w->rank, sizeof *w->lower);
	w->coefficient = xcalloc((size_t)w->rank, sizeof *w->coefficient);
	for (int i = 0; i < w->rank; i++) {
		int64_t at = (int64_t)llround(w->pivot[i] * (double)(n - 1));

		for (int j = 0; j <= i; j++)
			w->lower[i * w->rank + j] = column[j * n + at];
	}
	status = 0;
out:
	free(residual);
	free(column);
	if (status != 0) {
		release(w);
		*work = NULL;
	}
	return status;
}

static void layout(const void *config, struct layout *l)
{
	const struct antiderivative *c = config;
	int x = problem_closed_axis(l, "x", c->sensors, 1);
	int point = layout_add_axis(l, "point", AXIS_POINT, c->points, NULL, false, 0);

	layout_add_field(l, "f", DTYPE_F32, ROLE_INPUT, 1, &x);
	layout_add_field(l, "y", DTYPE_F32, ROLE_INPUT, 1, &point);
	layout_add_field(l, "u", DTYPE_F32, ROLE_TARGET, 1, &point);
}

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	const struct antiderivative *c = config;
	struct work *w = work;
	const int r = w->rank;
	double *f = field[0], *y = field[1], *u = field[2], *xi = w->coefficient;

	(void)number;
	(void)e;
	rng_normal(rng_stream(seed, "antiderivative", 0, (uint64_t)sample), 0, (size_t)r, xi);
	for (int i = r - 1; i >= 0; i--) { /* back substitution with L^T, in place */
		for (int k = i + 1; k < r; k++)
			xi[i] -= w->lower[k * r + i] * xi[k];
		xi[i] /= w->lower[i * r + i];
	}
	for (int64_t i = 0; i < c->sensors; i++) {
		double x = (double)i / (double)(c->sensors - 1);

		f[i] = 0;
		for (int k = 0; k < r; k++)
			f[i] += xi[k] * kernel(c, x, w->pivot[k]);
	}
	rng_uniform(rng_stream(seed, "antiderivative-query", 0, (uint64_t)sample), 0, (size_t)c->points, y);
	for (int64_t i = 0; i < c->points; i++) {
		/* Stored in single precision: the target belongs to the stored point. */
		y[i] = (float)y[i];
		u[i] = 0;
		for (int k = 0; k < r; k++)
			u[i] += xi[k] * kernel_integral(c, y[i], w->pivot[k]);
	}
	return 0;
}

static const struct key keys[] = {
	KEY_REAL(struct antiderivative, length, "0.2", 0.002, 10,
		 "length scale of the kernel exp(-d^2 / (2 length^2))"),
	KEY_REAL(struct antiderivative, sigma, "1", 1e-12, 1e12, "standard deviation of f"),
	KEY_INT(struct antiderivative, sensors, "100", 2, 1e6, "values of f, both ends included"),
	KEY_INT(struct antiderivative, points, "10", 1, 1e7, "random query points, uniform in (0, 1)"),
	KEY_END,
};

static const struct problem_class antiderivative = {
	.name = "antiderivative",
	.summary = "integral operator of random smooth functions, at random points",
	.equation = "u_x = f",
	.source = "Lu, Jin, Karniadakis, DeepONet (2019), section 4.1",
	.notes = "f from a squared-exponential Gaussian process by pivoted Cholesky; its antiderivative in closed form",
	.config_size = sizeof(struct antiderivative),
	.keys = keys,
	.layout = layout,
	.prepare = prepare,
	.release = release,
	.generate = generate,
	.test_config = "sensors: 20\npoints: 5\n",
};

const struct problem_class *const problem_file_antiderivative[] = { &antiderivative, NULL };
