/* volume_rate.c: ghost cells, and rates of change from the fluxes through all faces. Whatever the axis, inner loops run
 * along the last one, whose cells are neighbours in memory: faces across another axis are a row of cells and the row
 * beside it. */
#include <math.h>
#include <string.h>

#include "problem/volume_state.h"

/* The cell whose value stands at index i outside 0 .. n-1. */
static int64_t source_of(enum volume_boundary b, int64_t i, int64_t n)
{
	if (b == VOLUME_PERIODIC)
		return ((i % n) + n) % n;
	if (b == VOLUME_OUTGOING)
		return i < 0 ? 0 : n - 1;
	/* mirrored, back and forth on grids of fewer cells than ghosts */
	i = ((i % (2 * n)) + 2 * n) % (2 * n);
	return i < n ? i : 2 * n - 1 - i;
}

void volume_fill_ghosts(struct volume *v)
{
	const struct volume_setup *s = &v->setup;

	for (int a = 0; a < s->dims; a++)
		for (int k = 0; k < v->n; k++) {
			const int64_t inner = v->stride[a], outer = v->plane / (inner * v->padded[a]);
			const bool turned = s->boundary[a] == VOLUME_WALL && k == s->law->n_scalars + a;

			for (int64_t o = 0; o < outer; o++)
				for (int64_t g = 0; g < 2 * VOLUME_GHOSTS; g++) {
					const int64_t i =
						g < VOLUME_GHOSTS ? g - VOLUME_GHOSTS : s->size[a] + g - VOLUME_GHOSTS;
					double *slab = v->primitive + k * v->plane + o * inner * v->padded[a];
					double *to = slab + (i + VOLUME_GHOSTS) * inner;

					memcpy(to,
					       slab + (source_of(s->boundary[a], i, s->size[a]) + VOLUME_GHOSTS) *
							       inner,
					       (size_t)inner * sizeof *to);
					for (int64_t j = 0; turned && j < inner; j++)
						to[j] = -to[j];
				}
		}
}

/* Plane of variable k of a row of faces across axis a. */
static int plane_of(const struct volume *v, int k, int a)
{
	const int scalars = v->setup.law->n_scalars;

	return k < scalars ? k : scalars + (a + k - scalars) % v->setup.dims;
}

/* WENO may overshoot: a face with a state that must be positive and is not takes its cell's own. */
static void keep_positive(const struct volume *v, int axis, int64_t n, int64_t at, double *left, double *right)
{
	for (int side = 0; side < 2; side++) {
		double *state = side ? right : left;
		const double *cell = v->primitive + at + (side ? v->stride[axis] : 0);

		int64_t bad = 0;

		for (int k = 0; k < v->setup.law->n_positive; k++)
			for (int64_t j = 0; j < n; j++)
				bad += !(state[k * VOLUME_ROW + j] > 0);
		for (int64_t j = 0; bad > 0 && j < n; j++) {
			bool good = true;

			for (int k = 0; k < v->setup.law->n_positive; k++)
				good &= state[k * VOLUME_ROW + j] > 0;
			for (int k = 0; !good && k < v->n; k++)
				state[k * VOLUME_ROW + j] = cell[plane_of(v, k, axis) * v->plane + j];
		}
	}
}

/* Fluxes of waves through the n faces above the cells from offset `at` on. */
static void wave_flux(const struct volume *v, int axis, int64_t n, int64_t at, double *left, double *right,
		      double *flux)
{
	const struct volume_setup *s = &v->setup;

	for (int k = 0; k < v->n; k++)
		volume_rebuild(v->reconstruction, n, v->stride[axis],
			       v->primitive + plane_of(v, k, axis) * v->plane + at, left + k * VOLUME_ROW,
			       right + k * VOLUME_ROW);
	if (v->reconstruction == VOLUME_WENO5 && s->law->n_positive > 0)
		keep_positive(v, axis, n, at, left, right);
	v->flux(&s->physics, n, left, right, flux);
}

/* rate += (what enters through the face below - what leaves through the face above) / spacing, for faces of one row.
 * `below` and `above` say which of the cells beside the faces exist. */
static void add_flux(const struct volume *v, int axis, int64_t n, int64_t at, bool below, bool above, double sign,
		     const double *flux, double *rate)
{
	const double scale = sign / v->spacing[axis];

	if (axis == v->setup.dims - 1) {
		const double *restrict f = flux;
		double *restrict u = rate + at + 1;

		for (int64_t j = 0; j + 1 < n; j++)
			u[j] -= scale * (f[j + 1] - f[j]);
		return;
	}
	for (int side = 0; side < 2; side++) {
		const double *restrict f = flux;
		double *restrict u = rate + at + (side ? v->stride[axis] : 0);
		const double factor = side ? scale : -scale;

		for (int64_t j = 0; (side ? above : below) && j < n; j++)
			u[j] += factor * f[j];
	}
}

/* All faces of a tile: n of them, above the cells from offset `at` on. */
static void do_tile(struct volume *v, int axis, int64_t n, int64_t at, bool below, bool above, bool waves,
		    bool diffusion, double *rate)
{
	const struct volume_setup *s = &v->setup;
	double *left = v->tile, *right = left + VOLUME_VARIABLES * VOLUME_ROW,
	       *flux = right + VOLUME_VARIABLES * VOLUME_ROW;

	if (waves) {
		wave_flux(v, axis, n, at, left, right, flux);
		for (int k = 0; k < v->n; k++)
			add_flux(v, axis, n, at, below, above, 1, flux + k * VOLUME_ROW,
				 rate + plane_of(v, k, axis) * v->plane);
	}
	if (diffusion) {
		s->law->diffuse(&s->physics, s->dims, axis, v->stride, v->spacing, n, v->plane, v->primitive + at,
				flux);
		for (int k = 0; k < v->n; k++)
			add_flux(v, axis, n, at, below, above, -1, flux + k * VOLUME_ROW, rate + k * v->plane);
	}
}

void volume_rate(struct volume *v, bool waves, bool diffusion, double *rate)
{
	const struct volume_setup *s = &v->setup;
	const int last = s->dims - 1;

	memset(rate, 0, (size_t)(v->n * v->plane) * sizeof *rate);
	for (int axis = 0; axis < s->dims; axis++) {
		int64_t extent[VOLUME_DIMS] = { 0 }, first[VOLUME_DIMS] = { 0 }, index[VOLUME_DIMS], rows = 1;

		/* Across an outer axis there is one row of faces more than rows of cells, the first below cell 0. */
		for (int a = 0; a < last; a++) {
			extent[a] = s->size[a] + (a == axis);
			first[a] = a == axis ? -1 : 0;
			rows *= extent[a];
		}
		for (int64_t r = 0; r < rows; r++) {
			const int64_t at = volume_row(v, extent, first, r, index);

			for (int64_t j = 0; j < s->size[last]; j += VOLUME_TILE) {
				const int64_t part = s->size[last] - j < VOLUME_TILE ? s->size[last] - j : VOLUME_TILE;

				if (axis == last)
					do_tile(v, axis, part + 1, at + j - 1, true, true, waves, diffusion, rate);
				else
					do_tile(v, axis, part, at + j, index[axis] >= 0,
						index[axis] + 1 < s->size[axis], waves, diffusion, rate);
			}
		}
	}
}

void volume_face_flux(const struct volume_law *law, const struct volume_physics *p, enum volume_solver solver, int dims,
		      const double *left, const double *right, double *flux)
{
	double row[3][VOLUME_VARIABLES * VOLUME_ROW];
	const int n = volume_count(law, dims);

	for (int k = 0; k < n; k++) {
		row[0][k * VOLUME_ROW] = left[k];
		row[1][k * VOLUME_ROW] = right[k];
	}
	law->flux[solver][dims - 1](p, 1, row[0], row[1], row[2]);
	for (int k = 0; k < n; k++)
		flux[k] = row[2][k * VOLUME_ROW];
}
