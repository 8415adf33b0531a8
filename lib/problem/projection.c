/* projection.c: the start, the steps and the results of projection.h. */
#include "problem/projection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stop.h"
#include "problem/projection_inside.h"

void projection_free(struct projection *p)
{
	if (!p)
		return;
	for (int k = 0; k < 3; k++) {
		struct projection_state *s = k == 0 ? &p->now : k == 1 ? &p->stage : &p->rate;

		free(s->u);
		free(s->v);
		free(s->q);
	}
	free(p->fx);
	free(p->fy);
	free(p->cells);
	free(p->row);
	projection_poisson_free(p->poisson);
	free(p);
}

static double *new_plane(const struct projection *p, struct err *e)
{
	return mem_new(p->plane, sizeof(double), "incompressible flow", e);
}

static int new_state(const struct projection *p, struct projection_state *s, struct err *e)
{
	s->u = new_plane(p, e);
	s->v = s->u ? new_plane(p, e) : NULL;
	s->q = s->v && p->setup.density ? new_plane(p, e) : NULL;
	return s->v && (s->q || !p->setup.density) ? 0 : -1;
}

static int allocate(struct projection *p, struct err *e)
{
	const bool periodic[2] = { p->setup.side[0] == PROJECTION_PERIODIC, p->setup.side[1] == PROJECTION_PERIODIC };
	const double spacing[2] = { p->hx, p->hy };

	if (new_state(p, &p->now, e) != 0 || new_state(p, &p->stage, e) != 0 || new_state(p, &p->rate, e) != 0)
		return -1;
	p->fx = new_plane(p, e);
	p->fy = p->fx ? new_plane(p, e) : NULL;
	p->cells = p->fy ? mem_new(p->nx * p->ny, sizeof *p->cells, "incompressible flow", e) : NULL;
	p->row = p->cells ? mem_new(3 * (p->ny + 1), sizeof *p->row, "incompressible flow", e) : NULL;
	p->poisson = p->row ? projection_poisson_new(p->setup.size, spacing, periodic, e) : NULL;
	return p->poisson ? 0 : -1;
}

struct projection *projection_new(const struct projection_setup *s, struct err *e)
{
	struct projection *p;

	if (s->side[1] == PROJECTION_THROUGH) {
		err_set(e, ERR_USAGE, "flow runs through along x alone");
		return NULL;
	}
	if (s->side[1] == PROJECTION_PERIODIC && s->side[0] != PROJECTION_PERIODIC) {
		err_set(e, ERR_USAGE, "a periodic y needs a periodic x: turn the axes round");
		return NULL;
	}
	p = xcalloc(1, sizeof *p);
	p->setup = *s;
	p->nx = s->size[0];
	p->ny = s->size[1];
	p->stride = p->ny + 2 * PROJECTION_GHOSTS;
	p->plane = (p->nx + 2 * PROJECTION_GHOSTS) * p->stride;
	p->hx = s->length[0] / (double)p->nx;
	p->hy = s->length[1] / (double)p->ny;
	if (allocate(p, e) == 0)
		return p;
	projection_free(p);
	return NULL;
}

/* ---- start --------------------------------------------------------------------------------------- */

/* Cell c[k step] between faces face[k at] and face[(k + 1) at]. */
struct line {
	int64_t n, step, at;
	const double *cell;
	double *face;
};

static void line_means(const struct line *l, enum projection_side side)
{
	const double *c = l->cell;

	for (int64_t k = 1; k < l->n; k++)
		l->face[k * l->at] = 0.5 * (c[(k - 1) * l->step] + c[k * l->step]);
	l->face[0] = 0.5 * (c[(l->n - 1) * l->step] + c[0]); /* of a periodic axis; others have their own */
	if (side == PROJECTION_THROUGH)
		l->face[l->n * l->at] = c[(l->n - 1) * l->step];
}

/* From the face `first` on, each face such that the mean with the one before is the cell's; `wave` times the wave of
 * two cells is left out of the cells. */
static void line_follow(const struct line *l, double first, double wave)
{
	l->face[0] = first;
	for (int64_t k = 0; k < l->n; k++)
		l->face[(k + 1) * l->at] = 2 * (l->cell[k * l->step] - (k % 2 ? -wave : wave)) - l->face[k * l->at];
}

/* Amplitude of the wave of two cells in n values. */
static double two_cell_wave(int64_t n, int64_t step, const double *a)
{
	double sum = 0;

	for (int64_t k = 0; k < n; k++)
		sum += k % 2 ? -a[k * step] : a[k * step];
	return sum / (double)n;
}

/* Means of faces hold no such wave when both ends are 0, or the axis is periodic with an even number of cells. */
static void line_inverse(const struct line *l, enum projection_side side, double inlet)
{
	double wave;

	if (side == PROJECTION_THROUGH) {
		line_follow(l, inlet, 0);
		return;
	}
	if (side == PROJECTION_PERIODIC && l->n % 2) {
		line_follow(l, 0, 0);
		line_follow(l, 0.5 * l->face[l->n * l->at], 0);
		return;
	}
	line_follow(l, 0, two_cell_wave(l->n, l->step, l->cell));
	if (side != PROJECTION_PERIODIC)
		return;
	wave = two_cell_wave(l->n, l->at, l->face);
	for (int64_t k = 0; k < l->n; k++)
		l->face[k * l->at] -= k % 2 ? -wave : wave;
}

/* A pair of planes in cells to faces. */
static void to_faces(const struct projection *p, const double *pair, bool means, double *u, double *v)
{
	const enum projection_side *side = p->setup.side;

	for (int64_t j = 0; j < p->ny; j++) {
		const struct line l = { p->nx, p->ny, p->stride, pair + j, u + projection_at(p, 0, j) };

		if (means)
			line_means(&l, side[0]);
		else
			line_inverse(&l, side[0], p->flow.inlet);
	}
	for (int64_t i = 0; i < p->nx; i++) {
		const struct line l = { p->ny, 1, 1, pair + (p->nx + i) * p->ny, v + projection_at(p, i, 0) };

		if (means)
			line_means(&l, side[1]);
		else
			line_inverse(&l, side[1], 0);
	}
}

static int check_finite(const char *what, int64_t n, const double *a, struct err *e)
{
	for (int64_t k = 0; a && k < n; k++)
		if (!isfinite(a[k]))
			return err_set(e, ERR_FAIL, "%s is %g at t = 0", what, a[k]);
	return 0;
}

/* Integrals of q and of |q|. */
static void integrate(const struct projection *p, double *sum, double *size)
{
	const double cell = p->hx * p->hy;

	*sum = *size = 0;
	for (int64_t i = 0; p->now.q && i < p->nx; i++)
		for (int64_t j = 0; j < p->ny; j++) {
			const double q = p->now.q[projection_at(p, i, j)];

			*sum += cell * q;
			*size += cell * fabs(q);
		}
}

static void clear_state(const struct projection *p, struct projection_state *s)
{
	const size_t bytes = (size_t)p->plane * sizeof(double);

	memset(s->u, 0, bytes);
	memset(s->v, 0, bytes);
	if (s->q)
		memset(s->q, 0, bytes);
}

int projection_start(struct projection *p, const struct projection_flow *f, const double *velocity, bool drawn,
		     const double *density, const double *force, struct err *e)
{
	const int64_t cells = p->nx * p->ny;

	if (check_finite("velocity", 2 * cells, velocity, e) != 0 || check_finite("force", 2 * cells, force, e) != 0 ||
	    check_finite("density", cells, density, e) != 0)
		return -1;
	p->flow = *f;
	p->time = p->divergence = 0;
	p->steps = 0;
	clear_state(p, &p->now);
	clear_state(p, &p->stage);
	clear_state(p, &p->rate);
	p->forced = force != NULL;
	if (force)
		to_faces(p, force, true, p->fx, p->fy);
	if (velocity)
		to_faces(p, velocity, drawn, p->now.u, p->now.v);
	for (int64_t i = 0; p->now.q && density && i < p->nx; i++)
		memcpy(p->now.q + projection_at(p, i, 0), density + i * p->ny, (size_t)p->ny * sizeof *density);
	projection_project(p, &p->now);
	integrate(p, &p->mass, &p->mass_size);
	return 0;
}

/* ---- steps --------------------------------------------------------------------------------------- */

/* stage = a now + b (stage + dt rate), projected; the first stage of a step has a = 0 and starts from now. */
static void stage(struct projection *p, double a, double dt)
{
	struct projection_state *out = &p->stage;
	const struct projection_state *from = a == 0 ? &p->now : &p->stage;

	projection_rate(p, from, &p->rate);
	for (int k = 0; k < (out->q ? 3 : 2); k++) {
		double *to = k == 0 ? out->u : k == 1 ? out->v : out->q;
		const double *now = k == 0 ? p->now.u : k == 1 ? p->now.v : p->now.q;
		const double *rate = k == 0 ? p->rate.u : k == 1 ? p->rate.v : p->rate.q;

		if (a == 0)
			for (int64_t m = 0; m < p->plane; m++)
				to[m] = now[m] + dt * rate[m];
		else
			for (int64_t m = 0; m < p->plane; m++)
				to[m] = a * now[m] + (1 - a) * (to[m] + dt * rate[m]);
	}
	projection_project(p, out);
}

/* Shu, Osher, J. Comput. Phys. 77 (1988), equation 2.18: a convex combination of Euler steps, hence free of
 * divergence. */
static void step(struct projection *p, double dt)
{
	struct projection_state spare;

	stage(p, 0, dt);
	stage(p, 3. / 4, dt);
	stage(p, 1. / 3, dt);
	spare = p->now;
	p->now = p->stage;
	p->stage = spare;
	p->steps++;
}

/* Cells that the flow crosses in unit time, at most, over both axes; the largest |div u| relative to it. -1: not
 * finite. */
static double crossings(const struct projection *p, double *divergence)
{
	const double *u = p->now.u, *v = p->now.v, lid = fmax(fabs(p->flow.lid), fabs(p->flow.inlet)) / p->hx;
	double most = 0, worst = 0, total = 0;

	for (int64_t i = 0; i < p->nx; i++)
		for (int64_t j = 0; j < p->ny; j++) {
			const int64_t k = projection_at(p, i, j);
			const double x = fmax(fabs(u[k]), fabs(u[k + p->stride])) / p->hx;
			const double y = fmax(fabs(v[k]), fabs(v[k + 1])) / p->hy;

			total += x + y + (p->now.q ? fabs(p->now.q[k]) : 0);
			most = x + y > most ? x + y : most;
			worst = fmax(worst, fabs(projection_cell_divergence(p, &p->now, i, j)));
		}
	*divergence = most > 0 ? worst / most : 0;
	return isfinite(total) ? fmax(most, lid) : -1;
}

/* Largest acceleration by the force, in cells. */
static double acceleration(const struct projection *p)
{
	double force = 0, density = 1;

	if (!p->forced)
		return 0;
	for (int64_t k = 0; k < p->plane; k++)
		force = fmax(force, fmax(fabs(p->fx[k]) / p->hx, fabs(p->fy[k]) / p->hy));
	if (p->setup.weighted && p->now.q) {
		density = 0;
		for (int64_t i = 0; i < p->nx; i++)
			for (int64_t j = 0; j < p->ny; j++)
				density = fmax(density, fabs(p->now.q[projection_at(p, i, j)]));
	}
	return force * density;
}

/* Number of equal steps that `rest` takes; -1 on error. An Euler step is stable up to diffusion 2 and, with this
 * method, up to 2.51; the start of a flow that the force drives from rest is bounded by the velocity at the end of the
 * step. */
static double count_steps(const struct projection *p, double rest, double driven, struct err *e)
{
	const double spread = 4 * p->flow.viscosity * (1 / (p->hx * p->hx) + 1 / (p->hy * p->hy));
	const double longest = p->setup.step;
	double divergence, crossed = crossings(p, &divergence), count;

	if (crossed < 0)
		return err_set(e, ERR_FAIL, "not finite at t = %g", p->time);
	crossed = 0.5 * (crossed + sqrt(crossed * crossed + 4 * driven));
	if (longest > 0 && longest * (crossed + spread / 2.5) > 1)
		return err_set(e, ERR_FAIL, "dt %g is too long at t = %g: %.3g at most", longest, p->time,
			       1 / (crossed + spread / 2.5));
	count = ceil(rest * (longest > 0 ? 1 / longest : crossed / p->setup.cfl + spread / 2.25) * (1 - 1e-12));
	if (count > 1e9)
		return err_set(e, ERR_FAIL, "more than 1e9 steps from t = %g on", p->time);
	return fmax(count, 1);
}

int projection_advance(struct projection *p, double t, struct err *e)
{
	const double driven = acceleration(p);

	while (p->time < t) {
		const double count = count_steps(p, t - p->time, driven, e);
		double divergence;

		if (count < 0 || stop_check(e) != 0)
			return -1;
		step(p, (t - p->time) / count);
		p->time = count > 1 ? p->time + (t - p->time) / count : t;
		if (crossings(p, &divergence) < 0)
			return err_set(e, ERR_FAIL, "not finite at t = %g", p->time);
		p->divergence = fmax(p->divergence, divergence);
	}
	return 0;
}

/* ---- results ------------------------------------------------------------------------------------- */

void projection_velocity(const struct projection *p, double *pair)
{
	const double *u = p->now.u, *v = p->now.v;

	for (int64_t i = 0; i < p->nx; i++)
		for (int64_t j = 0; j < p->ny; j++) {
			const int64_t k = projection_at(p, i, j), cell = i * p->ny + j;

			pair[cell] = 0.5 * (u[k] + u[k + p->stride]);
			pair[p->nx * p->ny + cell] = 0.5 * (v[k] + v[k + 1]);
		}
}

void projection_density(const struct projection *p, double *plane)
{
	for (int64_t i = 0; i < p->nx; i++)
		memcpy(plane + i * p->ny, p->now.q + projection_at(p, i, 0), (size_t)p->ny * sizeof *plane);
}

/* The potential of the rate without pressure. */
void projection_pressure(struct projection *p, double *plane)
{
	const double lid = p->flow.lid, inlet = p->flow.inlet;

	projection_rate(p, &p->now, &p->rate);
	p->flow.lid = p->flow.inlet = 0; /* they are steady: their rates are 0 */
	projection_project(p, &p->rate);
	p->flow.lid = lid;
	p->flow.inlet = inlet;
	memcpy(plane, p->cells, (size_t)(p->nx * p->ny) * sizeof *plane);
	clear_state(p, &p->rate);
}

int64_t projection_steps(const struct projection *p)
{
	return p->steps;
}

double projection_divergence(const struct projection *p)
{
	return p->divergence;
}

double projection_drift(const struct projection *p)
{
	double sum, size;

	integrate(p, &sum, &size);
	return p->mass_size > 0 ? (sum - p->mass) / p->mass_size : 0;
}
