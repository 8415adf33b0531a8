/* projection_rate.c: ghost values, rates and the projection of projection.h. */
#include <math.h>
#include <string.h>

#include "problem/projection_inside.h"
#include "problem/volume_law.h"

/* Faces along x that the flow decides: first .. last, both included; and those along y. */
static void faces(const struct projection *p, int axis, int64_t *first, int64_t *last)
{
	const enum projection_side side = p->setup.side[axis];
	const int64_t n = axis == 0 ? p->nx : p->ny;

	*first = side == PROJECTION_PERIODIC ? 0 : 1;
	*last = side == PROJECTION_THROUGH ? n : n - 1;
}

/* ---- ghosts -------------------------------------------------------------------------------------- */

/* The n values from a on, step apart, with ghosts on both ends, of something that lives in cells along this axis: a
 * ghost is sign times the mirrored value plus twice the wall's. */
static void fill_cells(double *a, int64_t n, int64_t step, enum projection_side side, double sign, double low,
		       double high)
{
	for (int64_t k = 0; k < PROJECTION_GHOSTS; k++) {
		const bool wraps = side == PROJECTION_PERIODIC;

		a[(-1 - k) * step] = wraps ? a[(n - 1 - k) * step] : sign * a[k * step] + 2 * low;
		a[(n + k) * step] = wraps ? a[k * step] : sign * a[(n - 1 - k) * step] + 2 * high;
	}
}

static double mirror(enum projection_side side)
{
	return side == PROJECTION_SLIP ? 1 : -1;
}

static void fill_u(const struct projection *p, double *u)
{
	const enum projection_side x = p->setup.side[0], y = p->setup.side[1];
	const int64_t s = p->stride;

	for (int64_t j = 0; j < p->ny; j++) {
		double *a = u + projection_at(p, 0, j);

		if (x == PROJECTION_PERIODIC) {
			a[p->nx * s] = a[0];
			a[-s] = a[(p->nx - 1) * s];
		} else {
			a[0] = x == PROJECTION_THROUGH ? p->flow.inlet : 0;
			if (x != PROJECTION_THROUGH)
				a[p->nx * s] = 0;
		}
	}
	for (int64_t i = -1; i <= p->nx; i++)
		fill_cells(u + projection_at(p, i, 0), p->ny, 1, y, mirror(y), 0,
			   y == PROJECTION_WALL ? p->flow.lid : 0);
}

static void fill_v(const struct projection *p, double *v)
{
	const enum projection_side x = p->setup.side[0], y = p->setup.side[1];

	for (int64_t i = 0; i < p->nx; i++) {
		double *a = v + projection_at(p, i, 0);

		if (y == PROJECTION_PERIODIC) {
			a[p->ny] = a[0];
			a[-1] = a[p->ny - 1];
		} else {
			a[0] = a[p->ny] = 0;
		}
	}
	for (int64_t j = -1; j <= p->ny; j++) {
		double *a = v + projection_at(p, 0, j);

		fill_cells(a, p->nx, p->stride, x, mirror(x), 0, 0);
		if (x == PROJECTION_THROUGH)
			a[p->nx * p->stride] = a[(p->nx - 1) * p->stride];
	}
}

static void fill_q(const struct projection *p, double *q)
{
	for (int64_t j = 0; j < p->ny; j++)
		fill_cells(q + projection_at(p, 0, j), p->nx, p->stride, p->setup.side[0], 1, 0, 0);
	for (int64_t i = 0; i < p->nx; i++)
		fill_cells(q + projection_at(p, i, 0), p->ny, 1, p->setup.side[1], 1, 0, 0);
}

/* Values at walls, ghosts and repeated faces from the others. */
static void fill_sides(const struct projection *p, struct projection_state *s)
{
	fill_u(p, s->u);
	fill_v(p, s->v);
	if (s->q)
		fill_q(p, s->q);
}

/* ---- rates --------------------------------------------------------------------------------------- */

/* Of the component a along one axis (its neighbours `along` apart) that is carried by itself and by the other component
 * b along the other axis (`across` apart): n faces of a row. b at the four faces around is b[0], b[across], and those
 * `along` before. */
static void momentum_row(int64_t n, int64_t along, int64_t across, double h_along, double h_across, double nu,
			 const double *restrict a, const double *restrict b, double *restrict out)
{
	const double c = 0.25 / h_along, d = 0.25 / h_across, k = nu / (h_along * h_along),
		     l = nu / (h_across * h_across);

	for (int64_t j = 0; j < n; j++) {
		const double after = a[j] + a[j + along], before = a[j - along] + a[j];
		const double above = (a[j] + a[j + across]) * (b[j + across - along] + b[j + across]);
		const double below = (a[j - across] + a[j]) * (b[j - along] + b[j]);

		out[j] = k * (a[j + along] - 2 * a[j] + a[j - along]) + l * (a[j + across] - 2 * a[j] + a[j - across]) -
			 c * (after * after - before * before) - d * (above - below);
	}
}

static void add_force(const struct projection *p, int64_t n, int64_t along, const double *force, const double *q,
		      double *out)
{
	if (!p->forced)
		return;
	for (int64_t j = 0; j < n; j++)
		out[j] += p->setup.weighted ? 0.5 * (q[j - along] + q[j]) * force[j] : force[j];
}

/* u_t + U u_x = 0 with the inflow's U: what reaches the end leaves. */
static void leave(const struct projection *p, const double *u, double *rate)
{
	const int64_t end = projection_at(p, p->nx, 0);

	for (int64_t j = 0; j < p->ny; j++)
		rate[end + j] = -p->flow.inlet * (u[end + j] - u[end + j - p->stride]) / p->hx;
}

static void flux_row(int64_t n, const double *velocity, const double *left, const double *right, double *flux)
{
	for (int64_t j = 0; j < n; j++)
		flux[j] = velocity[j] * (velocity[j] > 0 ? left[j] : right[j]);
}

static void density_rate(struct projection *p, const struct projection_state *s, double *rate)
{
	const enum volume_reconstruction kind = VOLUME_VAN_LEER;
	double *left = p->row, *right = left + p->ny + 1, *flux = right + p->ny + 1;

	memset(rate, 0, (size_t)p->plane * sizeof *rate);
	for (int64_t i = 0; i <= p->nx; i++) { /* a row of faces along x: out of cells i - 1, into cells i */
		const int64_t k = projection_at(p, i, 0);

		volume_rebuild(kind, p->ny, p->stride, s->q + k - p->stride, left, right);
		flux_row(p->ny, s->u + k, left, right, flux);
		for (int64_t j = 0; j < p->ny; j++) {
			rate[k + j] += flux[j] / p->hx;
			rate[k + j - p->stride] -= flux[j] / p->hx;
		}
	}
	for (int64_t i = 0; i < p->nx; i++) {
		const int64_t k = projection_at(p, i, 0);

		volume_rebuild(kind, p->ny + 1, 1, s->q + k - 1, left, right);
		flux_row(p->ny + 1, s->v + k, left, right, flux);
		for (int64_t j = 0; j < p->ny; j++)
			rate[k + j] -= (flux[j + 1] - flux[j]) / p->hy;
	}
}

void projection_rate(struct projection *p, const struct projection_state *s, struct projection_state *rate)
{
	const bool through = p->setup.side[0] == PROJECTION_THROUGH;
	int64_t first, last;

	faces(p, 0, &first, &last);
	for (int64_t i = first; i <= last - through; i++) {
		const int64_t k = projection_at(p, i, 0);

		momentum_row(p->ny, p->stride, 1, p->hx, p->hy, p->flow.viscosity, s->u + k, s->v + k, rate->u + k);
		add_force(p, p->ny, p->stride, p->fx + k, s->q ? s->q + k : NULL, rate->u + k);
	}
	if (through)
		leave(p, s->u, rate->u);
	faces(p, 1, &first, &last);
	for (int64_t i = 0; i < p->nx; i++) {
		const int64_t k = projection_at(p, i, first), n = last - first + 1;

		momentum_row(n, 1, p->stride, p->hy, p->hx, p->flow.viscosity, s->v + k, s->u + k, rate->v + k);
		add_force(p, n, 1, p->fy + k, s->q ? s->q + k : NULL, rate->v + k);
	}
	if (s->q)
		density_rate(p, s, rate->q);
}

/* ---- projection ---------------------------------------------------------------------------------- */

double projection_cell_divergence(const struct projection *p, const struct projection_state *s, int64_t i, int64_t j)
{
	const int64_t k = projection_at(p, i, j);

	return (s->u[k + p->stride] - s->u[k]) / p->hx + (s->v[k + 1] - s->v[k]) / p->hy;
}

static void balance_outflow(const struct projection *p, double *u)
{
	double *end = u + projection_at(p, p->nx, 0), sum = 0;

	for (int64_t j = 0; j < p->ny; j++)
		sum += end[j] - p->flow.inlet;
	for (int64_t j = 0; j < p->ny; j++)
		end[j] -= sum / (double)p->ny;
}

/* Faces that walls, inflow and outflow fix keep their values. */
static void subtract_gradient(const struct projection *p, struct projection_state *s)
{
	const double *x = p->cells;
	int64_t first, last;

	faces(p, 0, &first, &last);
	for (int64_t i = first; i < p->nx; i++)
		for (int64_t j = 0; j < p->ny; j++)
			s->u[projection_at(p, i, j)] -=
				(x[i * p->ny + j] - x[(i > 0 ? i - 1 : p->nx - 1) * p->ny + j]) / p->hx;
	faces(p, 1, &first, &last);
	for (int64_t i = 0; i < p->nx; i++)
		for (int64_t j = first; j < p->ny; j++)
			s->v[projection_at(p, i, j)] -=
				(x[i * p->ny + j] - x[i * p->ny + (j > 0 ? j - 1 : p->ny - 1)]) / p->hy;
}

void projection_project(struct projection *p, struct projection_state *s)
{
	if (p->setup.side[0] == PROJECTION_THROUGH)
		balance_outflow(p, s->u);
	fill_sides(p, s);
	for (int64_t i = 0; i < p->nx; i++)
		for (int64_t j = 0; j < p->ny; j++)
			p->cells[i * p->ny + j] = projection_cell_divergence(p, s, i, j);
	projection_poisson_solve(p->poisson, p->cells);
	subtract_gradient(p, s);
	fill_sides(p, s);
}
