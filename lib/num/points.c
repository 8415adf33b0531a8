/* points.c: uniform, Latin hypercube and Sobol points; weighted choice. */
#include "num/points.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *const points_names[] = { "uniform", "latin", "sobol", NULL };

enum { BITS = 32 };

/* Primitive polynomials (degree, inner coefficients as bits) and first direction numbers of axes 2, 3, ...: Joe, Kuo
 * 2008, "new-joe-kuo-6". Axis 1 is van der Corput's. */
static const struct {
	unsigned degree, inner, first[6];
} axes[POINTS_DIMS - 1] = {
	{ 1, 0, { 1 } },
	{ 2, 1, { 1, 3 } },
	{ 3, 1, { 1, 3, 1 } },
	{ 3, 2, { 1, 1, 1 } },
	{ 4, 1, { 1, 1, 3, 3 } },
	{ 4, 4, { 1, 3, 5, 13 } },
	{ 5, 2, { 1, 1, 5, 5, 17 } },
	{ 5, 4, { 1, 1, 5, 5, 5 } },
	{ 5, 7, { 1, 1, 7, 11, 19 } },
	{ 5, 11, { 1, 1, 5, 1, 1 } },
	{ 5, 13, { 1, 1, 1, 3, 11 } },
	{ 5, 14, { 1, 3, 5, 5, 31 } },
	{ 6, 1, { 1, 3, 3, 9, 7, 49 } },
	{ 6, 13, { 1, 1, 1, 15, 21, 21 } },
	{ 6, 16, { 1, 3, 1, 13, 27, 49 } },
};

static void directions(int axis, uint32_t *v)
{
	if (axis == 0) {
		for (int k = 0; k < BITS; k++)
			v[k] = UINT32_C(1) << (BITS - 1 - k);
		return;
	}
	const unsigned s = axes[axis - 1].degree, a = axes[axis - 1].inner;

	for (unsigned k = 0; k < BITS; k++) {
		if (k < s) {
			v[k] = (uint32_t)axes[axis - 1].first[k] << (BITS - 1 - k);
			continue;
		}
		v[k] = v[k - s] ^ (v[k - s] >> s);
		for (unsigned j = 1; j < s; j++)
			v[k] ^= (a >> (s - 1 - j) & 1) ? v[k - j] : 0;
	}
}

static void sobol(int64_t n, int n_dims, struct rng stream, double *out)
{
	uint32_t shift[POINTS_DIMS];

	rng_bits(stream, 0, (size_t)n_dims, shift);
	for (int d = 0; d < n_dims; d++) {
		uint32_t v[BITS];

		directions(d, v);
		for (int64_t i = 0; i < n; i++) {
			/* Gray code of i: the points of any power of two are those of the plain order */
			const uint32_t gray = (uint32_t)(i ^ (i >> 1));
			uint32_t x = shift[d];

			for (int k = 0; k < BITS && gray >> k != 0; k++)
				x ^= gray >> k & 1 ? v[k] : 0;
			out[i * n_dims + d] = ((double)x + 0.5) / 4294967296.0;
		}
	}
}

static int latin(int64_t n, int n_dims, struct rng stream, double *out, struct err *e)
{
	int64_t *slice = mem_unset(n, sizeof *slice, "slices of a Latin hypercube", e);

	if (!slice)
		return -1;
	rng_uniform(stream, 0, (size_t)(n * n_dims), out);
	for (int d = 0; d < n_dims; d++) {
		struct rng order = stream;

		/* a stream of its own for every axis: the purpose keeps them apart from the offsets */
		order.purpose ^= rng_purpose("latin", (uint64_t)d);
		rng_permutation(order, n, slice);
		for (int64_t i = 0; i < n; i++)
			out[i * n_dims + d] = ((double)slice[i] + out[i * n_dims + d]) / (double)n;
	}
	free(slice);
	return 0;
}

int points_draw(enum points_kind kind, int64_t n, int n_dims, struct rng stream, double *out, struct err *e)
{
	if (kind == POINTS_LATIN)
		return latin(n, n_dims, stream, out, e);
	if (kind == POINTS_SOBOL)
		sobol(n, n_dims, stream, out);
	else
		rng_uniform(stream, 0, (size_t)(n * n_dims), out);
	return 0;
}

int points_choose(int64_t n_weights, const double *weight, int64_t n, struct rng stream, int64_t *out, struct err *e)
{
	double *upto = mem_new(n_weights < INT64_MAX ? n_weights + 1 : n_weights, sizeof *upto, "weights of points", e);
	double *u = upto ? mem_unset(n, sizeof *u, "points by weights", e) : NULL;

	if (!u) {
		free(upto);
		return -1;
	}
	for (int64_t j = 0; j < n_weights; j++)
		upto[j + 1] = upto[j] + (weight[j] > 0 ? weight[j] : 0);
	const double sum = upto[n_weights];
	rng_uniform(stream, 0, (size_t)n, u);
	for (int64_t i = 0; i < n; i++) {
		int64_t low = 0, high = n_weights - 1;

		while (sum > 0 && low < high) { /* first j with upto[j + 1] > u sum */
			const int64_t middle = low + (high - low) / 2;

			if (upto[middle + 1] > u[i] * sum)
				high = middle;
			else
				low = middle + 1;
		}
		out[i] = sum > 0 ? low : (int64_t)(u[i] * (double)n_weights);
	}
	free(upto);
	free(u);
	return 0;
}
