/* equation_line.c: points along an axis. Differences are central inside, one-sided and of the same order near sides. */
#include "problem/equation_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/blas.h"
#include "num/collocation.h"
#include "num/stencil.h"

enum { WIDTH = 14, LOCAL = 10 };

static int map_alloc(struct line_map *map, int64_t n_in, int64_t n_out, int64_t width, struct err *e)
{
	*map = (struct line_map){ .n_in = n_in, .n_out = n_out, .width = width };
	map->first = mem_new(n_out, sizeof *map->first, "map between points of an axis", e);
	map->weight = mem_new(n_out > INT64_MAX / width ? INT64_MAX : n_out * width, sizeof *map->weight,
			      "map between points of an axis", e);
	return map->first && map->weight ? 0 : -1;
}

static void map_clear(struct line_map *map)
{
	free(map->first);
	free(map->weight);
	*map = (struct line_map){ 0 };
}

/* Derivative m at positions out + i from values at positions in + j, both in steps h: `central` neighbours, `sided`
 * ones where those would leave a closed line. */
static int band(const struct line *l, struct line_map *map, int64_t n_in, double in, int64_t n_out, double out, int m,
		int central, int sided, double h, struct err *e)
{
	const int64_t width = l->closed && sided > central ? sided : central;
	double x[WIDTH], w[WIDTH * (LINE_MOST + 1)];

	if (n_in < width)
		return err_set(e, ERR_USAGE, "grid: %lld points on axis %c are too few for derivatives of order %d",
			       (long long)l->n, l->name, m);
	if (map_alloc(map, n_in, n_out, width, e) != 0)
		return -1;
	for (int64_t i = 0; i < n_out; i++) {
		int64_t first = (int64_t)floor(out + (double)i - in - (central - 1) / 2. + 0.25);
		int n = central;

		if (l->closed && (first < 0 || first + central > n_in)) {
			n = sided;
			first = first < 0 ? 0 : n_in - sided;
		}
		/* zero weights stay inside */
		map->first[i] = l->closed && first + width > n_in ? n_in - width : first;
		for (int j = 0; j < n; j++)
			x[j] = in + (double)(first + j) - (out + (double)i);
		stencil_weights(0, n, x, m, w);
		for (int j = 0; j < n; j++)
			map->weight[i * width + (first - map->first[i]) + j] = w[m * n + j] / pow(h, m);
	}
	return 0;
}

/* Values at positions x in 0..1 from equidistant ones, by polynomials through the LOCAL nearest. */
static int local(struct line_map *map, int64_t n_in, bool closed, int64_t n_out, const double *x, struct err *e)
{
	const int width = n_in < LOCAL ? (int)n_in : LOCAL;
	double at[LOCAL], w[LOCAL];

	if (map_alloc(map, n_in, n_out, width, e) != 0)
		return -1;
	for (int64_t i = 0; i < n_out; i++) {
		const double place = x[i] * (double)(n_in - closed), near = floor(place + 0.5);
		int64_t first = (int64_t)floor(place) - (width - 1) / 2;

		if (closed)
			first = first < 0 ? 0 : first > n_in - width ? n_in - width : first;
		map->first[i] = first;
		for (int j = 0; j < width; j++)
			at[j] = (double)(first + j);
		stencil_weights(place, width, at, 0, w);
		for (int j = 0; j < width; j++) /* exact where a point is hit */
			map->weight[i * width + j] = fabs(place - near) < 1e-12 * (double)n_in ? at[j] == near : w[j];
	}
	return 0;
}

int line_need_derivative(struct line *l, int m, struct err *e)
{
	struct line_map *map = &l->derivative[m];
	const double half = l->length / 2;

	if (map->weight)
		return 0;
	/* an even number of neighbours gains an order for even m by symmetry; one-sided ones need one more */
	if (!l->spectral)
		return band(l, map, l->n, 0, l->n, 0, m, l->order + 2 * ((m + 1) / 2) - 1, l->order + m,
			    l->length / (double)(l->n - l->closed), e);
	if (map_alloc(map, l->n, l->n, l->n, e) != 0)
		return -1;
	if (!l->closed)
		return circle_derivative(l->n, l->length, m, map->weight, e);
	if (chebyshev_derivative(l->n, m, map->weight, e) != 0)
		return -1;
	for (int64_t i = 0; i < l->n * l->n; i++)
		map->weight[i] /= pow(half, m);
	return 0;
}

int line_need_faces(struct line *l, struct err *e)
{
	const double h = l->length / (double)(l->n - l->closed);

	if (l->spectral || l->to_faces.weight)
		return 0;
	l->n_faces = l->n - l->closed;
	if (band(l, &l->to_faces, l->n, 0, l->n_faces, 0.5, 0, l->order, l->order, h, e) != 0 ||
	    band(l, &l->slope_at_faces, l->n, 0, l->n_faces, 0.5, 1, l->order, l->order + 1, h, e) != 0)
		return -1;
	return band(l, &l->from_faces, l->n_faces, 0.5, l->n, 0, 1, l->order, l->order + 1, h, e);
}

/* To and from the kept points. */
static int transfer(struct line *l, int64_t n_kept, struct err *e)
{
	double *kept = mem_unset(n_kept, sizeof *kept, "kept points of an axis", e);
	int status = -1;

	if (!kept)
		return -1;
	for (int64_t i = 0; i < n_kept; i++)
		kept[i] = (double)i / (double)(n_kept - l->closed);
	if (l->spectral && l->closed) {
		for (int64_t i = 0; i < n_kept; i++)
			kept[i] = 2 * kept[i] - 1;
		if (map_alloc(&l->keep, l->n, n_kept, l->n, e) == 0 &&
		    chebyshev_interpolation(l->n, n_kept, kept, l->keep.weight, e) == 0)
			status = local(&l->given, n_kept, true, l->n, l->x, e);
	} else if (l->spectral) {
		if (map_alloc(&l->keep, l->n, n_kept, l->n, e) == 0 &&
		    map_alloc(&l->given, n_kept, l->n, n_kept, e) == 0) {
			circle_interpolation(l->n, n_kept, kept, l->keep.weight);
			circle_interpolation(n_kept, l->n, l->x, l->given.weight);
			status = 0;
		}
	} else if (local(&l->keep, l->n, l->closed, n_kept, kept, e) == 0) {
		status = local(&l->given, n_kept, l->closed, l->n, l->x, e);
	}
	free(kept);
	return status;
}

int line_init(struct line *l, char name, int64_t n, bool closed, bool spectral, int order, double low, double length,
	      int64_t n_kept, struct err *e)
{
	*l = (struct line){ .name = name,
			    .n = n,
			    .closed = closed,
			    .spectral = spectral,
			    .order = order,
			    .low = low,
			    .length = length };
	if (spectral && n > 4096)
		return err_set(e, ERR_USAGE,
			       "grid: %lld points on axis %c, at most 4096 with all points in every "
			       "derivative",
			       (long long)n, name);
	if (n < 3 || n < (spectral ? 3 : order))
		return err_set(e, ERR_USAGE, "grid: %lld points on axis %c are too few", (long long)n, name);
	if (!(l->x = mem_unset(n, sizeof *l->x, "points of an axis", e)) ||
	    !(l->integral = mem_unset(n, sizeof *l->integral, "points of an axis", e)))
		return -1;
	if (spectral && closed) {
		chebyshev_points(n, l->x);
		chebyshev_weights(n, l->integral);
		for (int64_t i = 0; i < n; i++) {
			l->x[i] = (1 + l->x[i]) / 2;
			l->integral[i] *= length / 2;
		}
	} else {
		for (int64_t i = 0; i < n; i++) {
			l->x[i] = (double)i / (double)(n - closed);
			l->integral[i] = length / (double)n;
		}
		if (closed)
			collocation_gregory(n, length / (double)(n - 1), order, l->integral);
	}
	return transfer(l, n_kept, e);
}

void line_clear(struct line *l)
{
	free(l->x);
	free(l->integral);
	for (int m = 0; m <= LINE_MOST; m++)
		map_clear(&l->derivative[m]);
	map_clear(&l->to_faces);
	map_clear(&l->slope_at_faces);
	map_clear(&l->from_faces);
	map_clear(&l->keep);
	map_clear(&l->given);
}

static void apply_row(const struct line_map *map, int64_t i, int64_t inner, const double *in, double *out)
{
	const double *w = map->weight + i * map->width;
	const bool wraps = map->first[i] < 0 || map->first[i] + map->width > map->n_in;

	if (inner == 1 && !wraps) {
		double sum = 0;

		for (int64_t j = 0; j < map->width; j++)
			sum += w[j] * in[map->first[i] + j];
		*out += sum;
		return;
	}
	for (int64_t j = 0; j < map->width; j++) {
		int64_t from = map->first[i] + j;

		if (wraps)
			from = (from + map->n_in) % map->n_in;
		const double *x = in + from * inner;
		for (int64_t k = 0; k < inner; k++)
			out[k] += w[j] * x[k];
	}
}

void line_apply(const struct line_map *map, int64_t outer, int64_t inner, const double *in, double *out, bool add)
{
	const int64_t rows = map->n_out * inner;

	if (!add)
		memset(out, 0, (size_t)(outer * rows) * sizeof *out);
	for (int64_t o = 0; o < outer; o++, in += map->n_in * inner, out += rows) {
		if (map->width == map->n_in && map->n_in > 24) {
			num_gemm_d(false, false, map->n_out, inner, map->n_in, 1, map->weight, map->n_in, in, inner, 1,
				   out, inner);
			continue;
		}
		for (int64_t i = 0; i < map->n_out; i++)
			apply_row(map, i, inner, in, out + i * inner);
	}
}

void line_transfer(const struct line *line, int n_dims, bool keep, const double *in, double *out)
{
	double *from = NULL;

	if (n_dims == 0)
		*out = *in;
	for (int a = 0; a < n_dims; a++) { /* axis after axis, the others as they are by then */
		const struct line_map *map = keep ? &line[a].keep : &line[a].given;
		int64_t before = 1, behind = 1;
		double *to;

		for (int b = 0; b < n_dims; b++) {
			const struct line_map *other = keep ? &line[b].keep : &line[b].given;

			if (b < a)
				before *= other->n_out;
			if (b > a)
				behind *= other->n_in;
		}
		to = a == n_dims - 1 ? out : xaligned((size_t)(before * map->n_out * behind) * sizeof *to);
		line_apply(map, before, behind, from ? from : in, to, false);
		free(from);
		from = to == out ? NULL : to;
	}
}
