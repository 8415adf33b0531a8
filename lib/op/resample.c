/* resample.c: padding, pooling, interpolation and differences as linear maps along one axis. */
#include <math.h>

#include "op/linmap.h"

/* Extent of the axis, with a negative axis made positive; 0 after recording what is wrong. */
static int64_t axis_extent(struct graph *g, const char *what, node a, int *axis)
{
	if (graph_error(g))
		return 0;
	if (!node_is(a)) {
		graph_fail(g, "%s of no node", what);
		return 0;
	}
	struct shape s = graph_shape(g, a);

	if (*axis < -s.rank || *axis >= s.rank) {
		graph_fail(g, "%s along axis %d of an array of rank %d", what, *axis, s.rank);
		return 0;
	}
	if (*axis < 0)
		*axis += s.rank;
	if (s.dim[*axis] < 1)
		graph_fail(g, "%s along an empty axis", what);
	return s.dim[*axis];
}

static node finish(struct graph *g, node a, int axis, struct linmap_rows *r)
{
	const struct linmap *m = linmap_take(g, r);

	return m ? op_linmap(g, a, axis, m) : NODE_NONE;
}

/* Where padded position i (0 = first original) is read from; -1: a zero. */
static int64_t pad_source(int64_t i, int64_t n, enum pad_mode mode)
{
	if (i >= 0 && i < n)
		return i;
	switch (mode) {
	case PAD_PERIODIC:
		return ((i % n) + n) % n;
	case PAD_REFLECT:
		return i < 0 ? -i : 2 * (n - 1) - i;
	case PAD_REPLICATE:
		return i < 0 ? 0 : n - 1;
	case PAD_ZERO:
		break;
	}
	return -1;
}

node op_pad(struct graph *g, node a, int axis, int64_t before, int64_t after, enum pad_mode mode)
{
	int64_t n = axis_extent(g, "padding", a, &axis);

	if (n < 1)
		return NODE_NONE;
	if (before < 0 || after < 0)
		return graph_fail(g, "padding by %lld and %lld points: negative", (long long)before, (long long)after);
	if (mode == PAD_REFLECT && (before >= n || after >= n))
		return graph_fail(g, "reflecting %lld and %lld points on an axis of %lld: too many", (long long)before,
				  (long long)after, (long long)n);
	struct linmap_rows r = { .n_cols = n };

	for (int64_t i = -before; i < n + after; i++) {
		int64_t from = pad_source(i, n, mode);

		linmap_row(&r);
		if (from >= 0)
			linmap_entry(&r, from, 1.0);
	}
	return finish(g, a, axis, &r);
}

node op_mean_pool(struct graph *g, node a, int axis, int64_t window, int64_t stride)
{
	int64_t n = axis_extent(g, "pooling", a, &axis);

	if (n < 1)
		return NODE_NONE;
	if (window < 1 || stride < 1 || window > n)
		return graph_fail(g, "pooling an axis of %lld with window %lld and stride %lld", (long long)n,
				  (long long)window, (long long)stride);
	struct linmap_rows r = { .n_cols = n };

	for (int64_t i = 0; i + window <= n; i += stride) {
		linmap_row(&r);
		for (int64_t k = 0; k < window; k++)
			linmap_entry(&r, i + k, 1.0 / (double)window);
	}
	return finish(g, a, axis, &r);
}

node op_upsample_nearest(struct graph *g, node a, int axis, int64_t factor)
{
	int64_t n = axis_extent(g, "up-sampling", a, &axis);

	if (n < 1)
		return NODE_NONE;
	if (factor < 1)
		return graph_fail(g, "up-sampling by a factor of %lld", (long long)factor);
	struct linmap_rows r = { .n_cols = n };

	for (int64_t i = 0; i < n * factor; i++) {
		linmap_row(&r);
		linmap_entry(&r, i / factor, 1.0);
	}
	return finish(g, a, axis, &r);
}

/* align_corners: first and last points coincide; else cells do, and points beyond the outer centres take their
 * value. */
node op_resize_linear(struct graph *g, node a, int axis, int64_t size, bool align_corners)
{
	int64_t n = axis_extent(g, "resizing", a, &axis);

	if (n < 1)
		return NODE_NONE;
	if (size < 1)
		return graph_fail(g, "resizing an axis to %lld points", (long long)size);
	struct linmap_rows r = { .n_cols = n };

	for (int64_t i = 0; i < size; i++) {
		/* The position as an exact fraction, so that points that coincide are copied. */
		int64_t numerator = align_corners ? i * (n - 1) : (2 * i + 1) * n - size;
		int64_t denominator = align_corners ? (size > 1 ? size - 1 : 1) : 2 * size;

		if (numerator < 0)
			numerator = 0;
		int64_t left = numerator / denominator;
		double weight = (double)(numerator % denominator) / (double)denominator;

		linmap_row(&r);
		if (left >= n - 1) {
			linmap_entry(&r, n - 1, 1.0);
			continue;
		}
		linmap_entry(&r, left, 1.0 - weight);
		linmap_entry(&r, left + 1, weight);
	}
	return finish(g, a, axis, &r);
}

/* Trigonometric interpolation of periodic data: output point j takes input point i with weight D(j/size - i/n), where
 * n D(x) = sum over |k| <= K of exp(2 pi i k x), plus the Nyquist mode of the smaller grid if that is even. Going up it
 * is split over +-k (one cosine); going down both are folded onto it (two), so that up and down again is the
 * identity. */
static double fourier_weight(int64_t n, int64_t size, int64_t i, int64_t j)
{
	const double pi = 3.14159265358979323846;
	int64_t small = n < size ? n : size, period = n * size, k = (small - 1) / 2;
	int64_t x = (((j * n - i * size) % period) + period) % period; /* phase 2 pi x / period */
	double sum = 2.0 * (double)k + 1.0;

	if (2 * x > period) /* the sine below is small at both ends, and exact only near zero */
		x -= period;
	if (x != 0)
		sum = sin(pi * (double)((2 * k + 1) * x % (2 * period)) / (double)period) /
		      sin(pi * (double)x / (double)period);
	if (small % 2 == 0)
		sum += (size > n ? 1.0 : 2.0) * cos(pi * (double)(small * x % (2 * period)) / (double)period);
	return sum / (double)n;
}

node op_resize_fourier(struct graph *g, node a, int axis, int64_t size)
{
	enum { FOURIER_MAX = 4096 };
	int64_t n = axis_extent(g, "Fourier resizing", a, &axis);

	if (n < 1)
		return NODE_NONE;
	if (size < 1 || size > FOURIER_MAX || n > FOURIER_MAX)
		return graph_fail(g, "Fourier resizing from %lld to %lld points: 1 to %d are possible", (long long)n,
				  (long long)size, (int)FOURIER_MAX);
	if (size == n)
		return a;
	struct linmap_rows r = { .n_cols = n };

	for (int64_t j = 0; j < size; j++) {
		linmap_row(&r);
		for (int64_t i = 0; i < n; i++)
			linmap_entry(&r, i, fourier_weight(n, size, i, j));
	}
	return finish(g, a, axis, &r);
}

node op_difference(struct graph *g, node a, int axis, bool periodic, double spacing)
{
	int64_t n = axis_extent(g, "difference", a, &axis);

	if (n < 1)
		return NODE_NONE;
	if (n < 2 || !(spacing > 0))
		return graph_fail(g, "difference on %lld points with spacing %g", (long long)n, spacing);
	struct linmap_rows r = { .n_cols = n };

	for (int64_t i = 0; i < n; i++) {
		int64_t left = i - 1, right = i + 1;
		double width = 2 * spacing;

		if (periodic) {
			left = (left + n) % n;
			right %= n;
		} else if (left < 0) {
			left = 0;
			width = spacing;
		} else if (right == n) {
			right = n - 1;
			width = spacing;
		}
		linmap_row(&r);
		linmap_entry(&r, right, 1.0 / width);
		linmap_entry(&r, left, -1.0 / width);
	}
	return finish(g, a, axis, &r);
}
