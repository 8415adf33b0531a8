/* equation_pattern.c: first the reach of stencils along each axis, from single points; then all points at a time that
 * are out of each other's reach. */
#include "problem/equation_pattern.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MARGIN = 16, EVALUATIONS_MAX = 2000 };

struct pattern {
	const struct equation_lattice *l;
	integ_rhs f;
	void *context;
	double t;
	const double *y;
	int64_t n, n_points, inner[3], reach[3], colours[3], period[3];
	double *moved, *out;
	int64_t n_entries, capacity;
	int64_t (*entry)[2]; /* row, column */
};

static int64_t index_along(const struct pattern *p, int64_t at, int axis)
{
	return at / p->inner[axis] % p->l->size[axis];
}

/* From i to j along an axis, the short way round on periodic ones. */
static int64_t distance(const struct pattern *p, int axis, int64_t i, int64_t j)
{
	const int64_t n = p->l->size[axis];
	int64_t d = j - i;

	if (!p->l->closed[axis])
		d = d > n / 2 ? d - n : d < -(n - 1) / 2 ? d + n : d;
	return d;
}

/* All unknowns of one point lose their values; who notices? */
static int probe(struct pattern *p, int64_t at)
{
	memcpy(p->moved, p->y, (size_t)p->n * sizeof *p->moved);
	for (int j = 0; j < p->l->n_unknowns; j++)
		p->moved[j * p->n_points + at] = NAN;
	if (p->f(p->context, p->t, p->moved, p->out) != 0)
		return -1;
	for (int64_t row = 0; row < p->n; row++)
		for (int axis = 0; axis < p->l->n_dims && isnan(p->out[row]); axis++) {
			const int64_t d = llabs(
				distance(p, axis, index_along(p, at, axis), index_along(p, row % p->n_points, axis)));

			p->reach[axis] = d > p->reach[axis] ? d : p->reach[axis];
		}
	return 0;
}

/* Points along each axis through the middle: those near both ends, and the middle. */
static int find_reach(struct pattern *p)
{
	int64_t middle = 0;

	for (int axis = 0; axis < p->l->n_dims; axis++)
		middle += p->l->size[axis] / 2 * p->inner[axis];
	for (int axis = 0; axis < p->l->n_dims; axis++) {
		const int64_t n = p->l->size[axis], line = middle - n / 2 * p->inner[axis];

		for (int64_t i = 0; i < n; i++)
			if ((i < MARGIN || i >= n - MARGIN || i == n / 2) && probe(p, line + i * p->inner[axis]) != 0)
				return -1;
	}
	return 0;
}

/* Periodic axes that the period does not divide: what is left over gets colours of its own. */
static int64_t colour_along(const struct pattern *p, int axis, int64_t i)
{
	const int64_t n = p->l->size[axis], whole = p->l->closed[axis] ? n : n / p->period[axis] * p->period[axis];

	return i < whole ? i % p->period[axis] : p->period[axis] + i - whole;
}

static int64_t colour_of(const struct pattern *p, int64_t at)
{
	int64_t colour = 0;

	for (int axis = 0; axis < p->l->n_dims; axis++)
		colour = colour * p->colours[axis] + colour_along(p, axis, index_along(p, at, axis));
	return colour;
}

/* The point of a colour within reach of a point; -1: none. */
static int64_t find_point(const struct pattern *p, int64_t at, int64_t colour)
{
	int64_t found = 0;

	for (int axis = p->l->n_dims - 1; axis >= 0; axis--) {
		const int64_t n = p->l->size[axis], wanted = colour % p->colours[axis], i = index_along(p, at, axis);
		int64_t match = -1;

		colour /= p->colours[axis];
		for (int64_t d = -p->reach[axis]; d <= p->reach[axis] && match < 0; d++) {
			const int64_t j = p->l->closed[axis] ? i + d : (i + d + n) % n;

			if (j >= 0 && j < n && colour_along(p, axis, j) == wanted)
				match = j;
		}
		if (match < 0)
			return -1;
		found += match * p->inner[axis];
	}
	return found;
}

static int spread(struct pattern *p, int unknown, int64_t colour)
{
	memcpy(p->moved, p->y, (size_t)p->n * sizeof *p->moved);
	for (int64_t at = 0; at < p->n_points; at++)
		if (colour_of(p, at) == colour)
			p->moved[unknown * p->n_points + at] = NAN;
	if (p->f(p->context, p->t, p->moved, p->out) != 0)
		return -1;
	for (int64_t row = 0; row < p->n; row++) {
		const int64_t at = isnan(p->out[row]) ? find_point(p, row % p->n_points, colour) : -1;

		if (at < 0)
			continue;
		MEM_GROW(p->entry, p->n_entries, p->capacity);
		p->entry[p->n_entries][0] = row;
		p->entry[p->n_entries++][1] = unknown * p->n_points + at;
	}
	return 0;
}

static void by_rows(const struct pattern *p, int64_t **start, int64_t **column)
{
	int64_t *at = xcalloc((size_t)(p->n + 1), sizeof *at);

	*start = xcalloc((size_t)(p->n + 1), sizeof **start);
	*column = xmalloc((size_t)(p->n_entries + 1) * sizeof **column);
	for (int64_t k = 0; k < p->n_entries; k++)
		(*start)[p->entry[k][0] + 1]++;
	for (int64_t i = 0; i < p->n; i++)
		(*start)[i + 1] += (*start)[i];
	memcpy(at, *start, (size_t)p->n * sizeof *at);
	for (int64_t k = 0; k < p->n_entries; k++)
		(*column)[at[p->entry[k][0]]++] = p->entry[k][1];
	free(at);
}

/* Fewest colours such that equal ones are out of each other's reach. */
static void choose_period(struct pattern *p, int axis)
{
	const int64_t n = p->l->size[axis], least = 2 * p->reach[axis] + 1 < n ? 2 * p->reach[axis] + 1 : n;

	p->period[axis] = p->colours[axis] = n;
	for (int64_t period = least; period < n; period++) {
		const int64_t colours = p->l->closed[axis] ? period : period + n % period;

		if (colours < p->colours[axis]) {
			p->period[axis] = period;
			p->colours[axis] = colours;
		}
	}
}

/* 1: found. */
static int search(struct pattern *p)
{
	int64_t n_colours = 1;

	if (p->f(p->context, p->t, p->y, p->out) != 0)
		return -1;
	for (int64_t i = 0; i < p->n; i++)
		if (isnan(p->out[i]))
			return 0;
	if (find_reach(p) != 0)
		return -1;
	for (int axis = 0; axis < p->l->n_dims; axis++) {
		choose_period(p, axis);
		n_colours *= p->colours[axis];
	}
	if (2 * n_colours > p->n_points || n_colours * p->l->n_unknowns > EVALUATIONS_MAX)
		return 0;
	for (int unknown = 0; unknown < p->l->n_unknowns; unknown++)
		for (int64_t colour = 0; colour < n_colours; colour++)
			if (spread(p, unknown, colour) != 0)
				return -1;
	return 1;
}

int equation_pattern(const struct equation_lattice *l, integ_rhs f, void *context, double t, const double *y,
		     int64_t **start, int64_t **column)
{
	struct pattern p = { .l = l, .f = f, .context = context, .t = t, .y = y, .n_points = 1 };
	int status;

	for (int axis = l->n_dims - 1; axis >= 0; axis--) {
		p.inner[axis] = p.n_points;
		p.n_points *= l->size[axis];
	}
	p.n = p.n_points * l->n_unknowns;
	p.moved = xmalloc((size_t)p.n * sizeof *p.moved);
	p.out = xmalloc((size_t)p.n * sizeof *p.out);
	status = search(&p);
	if (status == 1)
		by_rows(&p, start, column);
	free(p.moved);
	free(p.out);
	free(p.entry);
	return status;
}
