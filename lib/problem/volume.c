/* volume.c: the finite-volume engine's set-up, steps and checks. */
#include "problem/volume.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stop.h"
#include "problem/volume_state.h"

const char *const volume_solvers[] = { "rusanov", "hll", "hllc", "roe", NULL };
const char *const volume_steppers[] = { "midpoint", "heun", "ssprk3", "rk4", NULL };

int volume_count(const struct volume_law *law, int dims)
{
	return law->n_scalars + (law->has_velocity ? dims : 0);
}

static const int64_t MOST_CELLS = INT64_MAX / 1024; /* with all variables, in bytes, still a number */

bool volume_has(const struct volume_law *law, enum volume_solver solver)
{
	return law->flux[solver][0] != NULL;
}

void volume_free(struct volume *v)
{
	if (!v)
		return;
	free(v->conserved);
	free(v->before);
	free(v->primitive);
	for (int k = 0; k < VOLUME_STAGES; k++)
		free(v->rate[k]);
	free(v->change[0]);
	free(v->change[1]);
	free(v->first_rate);
	free(v->tile);
	free(v);
}

static int allocate(struct volume *v, bool diffusive, struct err *e)
{
	double **const planes[] = { &v->conserved, &v->before,	&v->primitive, &v->rate[0],   &v->rate[1],
				    &v->rate[2],   &v->rate[3], &v->change[0], &v->change[1], &v->first_rate };
	const int stages = v->tableau->stages;

	for (int k = 0; k < 10; k++) {
		if ((k >= 3 + stages && k < 7) || (k >= 7 && !diffusive))
			continue;
		*planes[k] = mem_new(v->n * v->plane, sizeof(double), "finite volumes", e);
		if (!*planes[k])
			return -1;
	}
	v->tile = xaligned(3 * VOLUME_VARIABLES * VOLUME_ROW * sizeof(double));
	return 0;
}

struct volume *volume_new(const struct volume_setup *s, struct err *e)
{
	struct volume *v = xcalloc(1, sizeof *v);
	const struct volume_law *law = s->law;

	v->setup = *s;
	v->n = volume_count(law, s->dims);
	v->tableau = tableau_find(volume_steppers[s->stepper]);
	v->flux = law->flux[s->solver][s->dims - 1];
	v->safe_flux = law->flux[VOLUME_RUSANOV][s->dims - 1];
	v->reconstruction = s->reconstruction;
	if (law->speed && !v->flux) {
		err_set(e, ERR_USAGE, "solver: no %s for %s in %d dimensions", volume_solvers[s->solver], law->name,
			s->dims);
		free(v);
		return NULL;
	}
	v->plane = 1;
	for (int a = s->dims - 1; a >= 0; a--) {
		v->padded[a] = s->size[a] + 2 * VOLUME_GHOSTS;
		v->stride[a] = v->plane;
		if (v->plane > MOST_CELLS / v->padded[a]) {
			err_set(e, ERR_USAGE, "grid: %lld cells along axis %d are too many", (long long)s->size[a],
				a + 1);
			volume_free(v);
			return NULL;
		}
		v->plane *= v->padded[a];
		v->spacing[a] = s->length[a] / (double)s->size[a];
	}
	if (allocate(v, law->diffusivity && law->diffusivity(&s->physics, 1) > 0, e) == 0)
		return v;
	volume_free(v);
	return NULL;
}

int64_t volume_row(const struct volume *v, const int64_t *extent, const int64_t *first, int64_t r, int64_t *index)
{
	int64_t offset = VOLUME_GHOSTS;

	for (int a = v->setup.dims - 2; a >= 0; a--) {
		const int64_t i = first[a] + r % extent[a];

		r /= extent[a];
		offset += (i + VOLUME_GHOSTS) * v->stride[a];
		if (index)
			index[a] = i;
	}
	return offset;
}

int64_t volume_rows(const struct volume *v)
{
	int64_t n = 1;

	for (int a = 0; a < v->setup.dims - 1; a++)
		n *= v->setup.size[a];
	return n;
}

int64_t volume_cell_row(const struct volume *v, int64_t r)
{
	static const int64_t first[VOLUME_DIMS] = { 0 };

	return volume_row(v, v->setup.size, first, r, NULL);
}

/* The first cell that volume_refresh did not like. */
static int report(const struct volume *v, struct err *e)
{
	const struct volume_law *law = v->setup.law;
	const int64_t last = v->setup.size[v->setup.dims - 1];
	char cell[100];

	for (int64_t r = 0; r < volume_rows(v); r++)
		for (int64_t j = 0; j < last; j++)
			for (int k = 0; k < v->n; k++) {
				const double value = v->primitive[k * v->plane + volume_cell_row(v, r) + j];
				int64_t index[VOLUME_DIMS] = { 0 }, rest = r;
				int n = 0;

				if (fabs(value) < 1e300 && (k >= law->n_positive || value > 0))
					continue;
				index[v->setup.dims - 1] = j;
				for (int a = v->setup.dims - 2; a >= 0; a--) {
					index[a] = rest % v->setup.size[a];
					rest /= v->setup.size[a];
				}
				for (int a = 0; a < v->setup.dims; a++)
					n += snprintf(cell + n, sizeof cell - (size_t)n, "%s%lld", a ? ", " : "",
						      (long long)index[a]);
				return err_set(e, ERR_FAIL, "%s is %g in cell (%s) at t = %g",
					       k < law->n_scalars ? law->variable[k] : "velocity", value, cell,
					       v->time);
			}
	return err_set(e, ERR_FAIL, "%s is not finite at t = %g", law->variable[0], v->time);
}

int volume_refresh(struct volume *v, struct err *e)
{
	const struct volume_setup *s = &v->setup;
	int64_t bad = 0;

	for (int64_t r = 0; r < volume_rows(v); r++) {
		const int64_t at = volume_cell_row(v, r);

		bad += s->law->primitive(&s->physics, s->dims, s->size[s->dims - 1], v->plane, v->conserved + at,
					 v->primitive + at);
	}
	return bad ? report(v, e) : 0;
}

/* Integral of conserved plane k, or of its absolute value. */
static double integral(const struct volume *v, int k, bool absolute)
{
	const int64_t n = v->setup.size[v->setup.dims - 1];
	double cell = 1, sum = 0, rest = 0;

	for (int a = 0; a < v->setup.dims; a++)
		cell *= v->spacing[a];
	/* compensated: the sums are compared to rounding */
	for (int64_t r = 0; r < volume_rows(v); r++) {
		const double *u = v->conserved + k * v->plane + volume_cell_row(v, r);

		for (int64_t j = 0; j < n; j++) {
			const double y = (absolute ? fabs(u[j]) : u[j]) - rest, t = sum + y;

			rest = (t - sum) - y;
			sum = t;
		}
	}
	return cell * sum;
}

int volume_start(struct volume *v, const double *primitive, struct err *e)
{
	const struct volume_setup *s = &v->setup;
	const int64_t n = s->size[s->dims - 1], rows = volume_rows(v);

	v->time = 0;
	v->steps = v->reduced = 0;
	for (int k = 0; k < v->n; k++)
		for (int64_t r = 0; r < rows; r++)
			memcpy(v->primitive + k * v->plane + volume_cell_row(v, r), primitive + (k * rows + r) * n,
			       (size_t)n * sizeof *primitive);
	for (int64_t r = 0; r < rows; r++) {
		const int64_t at = volume_cell_row(v, r);

		s->law->conserve(&s->physics, s->dims, n, v->plane, v->primitive + at, v->conserved + at);
	}
	for (int k = 0; k < v->n; k++) {
		v->start[k] = integral(v, k, false);
		v->size[k] = integral(v, k, true);
	}
	return volume_refresh(v, e);
}

void volume_read(const struct volume *v, double *primitive)
{
	const int64_t n = v->setup.size[v->setup.dims - 1], rows = volume_rows(v);

	for (int k = 0; k < v->n; k++)
		for (int64_t r = 0; r < rows; r++)
			memcpy(primitive + (k * rows + r) * n, v->primitive + k * v->plane + volume_cell_row(v, r),
			       (size_t)n * sizeof *primitive);
}

void volume_totals(const struct volume *v, double *total)
{
	for (int k = 0; k < v->n; k++)
		total[k] = integral(v, k, false);
}

double volume_drift(const struct volume *v, int k)
{
	return v->size[k] > 0 ? (integral(v, k, false) - v->start[k]) / v->size[k] : 0;
}

int64_t volume_reduced(const struct volume *v)
{
	return v->reduced;
}

void volume_start_totals(const struct volume *v, double *total)
{
	memcpy(total, v->start, (size_t)v->n * sizeof *total);
}

/* Largest n of values, in lanes so that the loop vectorises. */
static double largest(int64_t n, const double *value, double so_far)
{
	double lane[8] = { 0 };
	int64_t j = 0;

	for (; j + 8 <= n; j += 8)
		for (int k = 0; k < 8; k++)
			lane[k] = value[j + k] > lane[k] ? value[j + k] : lane[k];
	for (; j < n; j++)
		lane[0] = value[j] > lane[0] ? value[j] : lane[0];
	for (int k = 0; k < 8; k++)
		so_far = lane[k] > so_far ? lane[k] : so_far;
	return so_far;
}

/* Cells a unit of time that the fastest wave crosses. */
static double fastest(const struct volume *v)
{
	const struct volume_setup *s = &v->setup;
	const int64_t n = s->size[s->dims - 1];
	double rate = 0;

	for (int a = 0; a < s->dims && s->law->speed; a++) {
		double speed = 0;

		for (int64_t r = 0; r < volume_rows(v); r++)
			for (int64_t j = 0; j < n; j += VOLUME_TILE) {
				const int64_t part = n - j < VOLUME_TILE ? n - j : VOLUME_TILE;

				s->law->speed(&s->physics, a, part, v->plane, v->primitive + volume_cell_row(v, r) + j,
					      v->tile);
				speed = largest(part, v->tile, speed);
			}
		rate = fmax(rate, speed / v->spacing[a]);
	}
	return rate;
}

/* Longest stable explicit Euler step of diffusion; INFINITY: none. */
static double explicit_step(const struct volume *v)
{
	const struct volume_setup *s = &v->setup;
	const int64_t n = s->size[s->dims - 1];
	double least = INFINITY, sum = 0;

	if (!v->first_rate)
		return INFINITY;
	for (int64_t r = 0; r < volume_rows(v); r++) {
		const double *u = v->primitive + volume_cell_row(v, r);

		for (int64_t j = 0; j < n; j++)
			least = u[j] < least ? u[j] : least;
	}
	for (int a = 0; a < s->dims; a++)
		sum += 1 / (v->spacing[a] * v->spacing[a]);
	return 1 / (2 * s->law->diffusivity(&s->physics, least) * sum);
}

/* conserved = before + dt sum_j weight_j rate_j */
static void combine(struct volume *v, double dt, int n, const double *weight)
{
	const int64_t count = v->n * v->plane;
	double *restrict u = v->conserved;

	memcpy(u, v->before, (size_t)count * sizeof *u);
	for (int k = 0; k < n; k++) {
		const double *restrict rate = v->rate[k];
		const double scale = dt * weight[k];

		if (weight[k] == 0)
			continue;
		for (int64_t i = 0; i < count; i++)
			u[i] += scale * rate[i];
	}
}

static int runge_kutta(struct volume *v, double dt, bool diffusion, struct err *e)
{
	const struct tableau *m = v->tableau;

	memcpy(v->before, v->conserved, (size_t)(v->n * v->plane) * sizeof *v->before);
	for (int i = 0; i < m->stages; i++) {
		if (i > 0) {
			combine(v, dt, i, m->a + i * m->stages);
			if (volume_refresh(v, e) != 0)
				return -1;
		}
		volume_fill_ghosts(v);
		volume_rate(v, true, diffusion, v->rate[i]);
	}
	combine(v, dt, m->stages, m->b);
	return volume_refresh(v, e);
}

/* A Runge-Kutta step; where it leaves a state that is none, two Euler steps of order 1 with Rusanov's flux from the
 * same start, which keep density and pressure positive (Perthame, Shu, Numer. Math. 73, 1996). */
static int wave_step(struct volume *v, double dt, bool diffusion, struct err *e)
{
	static const double one[] = { 1 };
	const volume_flux flux = v->flux;
	struct err first = { 0 }; /* forgiven if the second way works */
	int status = runge_kutta(v, dt, diffusion, &first);

	if (status != 0 && v->setup.law->n_positive == 0)
		return err_set(e, first.code, "%s", first.message);
	if (status == 0)
		return 0;
	memcpy(v->conserved, v->before, (size_t)(v->n * v->plane) * sizeof *v->before);
	status = volume_refresh(v, e);
	v->flux = v->safe_flux;
	v->reconstruction = VOLUME_CONSTANT;
	for (int half = 0; half < 2 && status == 0; half++) {
		memcpy(v->before, v->conserved, (size_t)(v->n * v->plane) * sizeof *v->before);
		volume_fill_ghosts(v);
		volume_rate(v, true, diffusion, v->rate[0]);
		combine(v, 0.5 * dt, 1, one);
		status = volume_refresh(v, e);
	}
	v->flux = flux;
	v->reconstruction = v->setup.reconstruction;
	v->reduced++;
	return status;
}

static int apply_source(struct volume *v, double dt, struct err *e)
{
	const struct volume_setup *s = &v->setup;

	if (!s->source)
		return 0;
	for (int64_t r = 0; r < volume_rows(v); r++)
		s->source(s->source_context, dt, s->size[s->dims - 1], v->plane, v->conserved + volume_cell_row(v, r));
	return volume_refresh(v, e);
}

/* Diffusion that a step of the waves can carry is part of its rate; stiffer diffusion is split off, half before and
 * half after. */
static int step(struct volume *v, double dt, double explicit, struct err *e)
{
	/* half of what an Euler step could take: the waves need the rest of the stability region */
	const bool stiff = explicit < (v->flux ? 2 * dt : INFINITY);

	if (apply_source(v, 0.5 * dt, e) != 0 ||
	    (stiff && volume_diffuse(v, v->flux ? 0.5 * dt : dt, explicit, e) != 0) ||
	    (v->flux && wave_step(v, dt, explicit < INFINITY && !stiff, e) != 0) ||
	    (stiff && v->flux && volume_diffuse(v, 0.5 * dt, explicit, e) != 0) || apply_source(v, 0.5 * dt, e) != 0)
		return -1;
	v->steps++;
	return 0;
}

int volume_advance(struct volume *v, double t, struct err *e)
{
	while (v->time < t) {
		const double rate = fastest(v), rest = t - v->time;
		double limit = rate > 0 ? v->setup.cfl / rate : INFINITY, count;

		if (v->setup.longest_step > 0)
			limit = fmin(limit, v->setup.longest_step);
		count = fmax(1, ceil(rest / limit * (1 - 1e-12)));
		if (!(count < 1e9) || v->time + rest / count == v->time)
			return err_set(e, ERR_FAIL, "steps of %g at t = %g: waves too fast to follow", limit, v->time);
		if (stop_check(e) != 0 || step(v, rest / count, explicit_step(v), e) != 0)
			return -1;
		v->time = count == 1 ? t : v->time + rest / count;
	}
	return 0;
}
