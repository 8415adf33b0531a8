/* equation_difference_run.c: rates of change at points, values on sides, and the way to the points that are kept. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "problem/equation_difference_inside.h"

/* ---- sides --------------------------------------------------------------------------------------- */

int64_t difference_side_index(const struct equation_difference *d, int axis, int64_t at)
{
	const int64_t inner = d->inner[axis];

	return at / (inner * d->size[axis]) * inner + at % inner;
}

const struct difference_side *difference_ruler(const struct equation_difference *d, int64_t at, int j, int *axis,
					       int *end)
{
	const struct difference_side *side = NULL;

	for (int a = 0; a < d->spec->n_dims; a++) {
		const int64_t i = at / d->inner[a] % d->size[a];

		for (int b = 0; b < 2; b++)
			if (d->side[a][b][j].program && i == (b ? d->size[a] - 1 : 0)) {
				side = &d->side[a][b][j];
				*axis = a;
				*end = b;
			}
	}
	return side;
}

void difference_factors(const struct equation_difference *d, int axis, int end, int j, double *value, double *slope)
{
	const struct equation_side *side = &d->spec->side[axis][end][j];

	*value = side->given ? expr_constant(d->spec->pool, side->of_value, d->param) : 0;
	*slope = side->given ? expr_constant(d->spec->pool, side->of_slope, d->param) : 0;
}

void difference_side_values(struct equation_difference *d, double t)
{
	for (int a = 0; a < d->spec->n_dims; a++)
		for (int end = 0; end < 2; end++)
			for (int j = 0; j < d->spec->n_unknowns; j++) {
				const struct difference_side *side = &d->side[a][end][j];

				if (!side->program)
					continue;
				d->side_in[a][end][0][0] = t;
				program_run(side->program, d->n_points / d->size[a],
					    (const double *const *)d->side_in[a][end], d->param,
					    (double *const[]){ side->value });
			}
}

/* p u + q u_x = g at the ends of every line along an axis: the values there follow from those between, at both ends
 * together where a slope reaches from one to the other. */
static void both_ends(struct equation_difference *d, int axis, int j, double *u)
{
	const struct line_map *slope = &d->line[axis].derivative[1];
	const int64_t n = d->size[axis], inner = d->inner[axis], last = n - 1;
	double p[2], q[2], a[2][2] = { { 1, 0 }, { 0, 1 } }, determinant;
	const bool given[2] = { d->side[axis][0][j].program != NULL, d->side[axis][1][j].program != NULL };

	if (!given[0] && !given[1])
		return;
	for (int end = 0; end < 2; end++) {
		const int64_t i = end ? last : 0;

		difference_factors(d, axis, end, j, &p[end], &q[end]);
		if (!given[end])
			continue;
		a[end][end] = p[end];
		for (int64_t k = 0; k < slope->width && q[end] != 0; k++) {
			const int64_t from = slope->first[i] + k;

			if (from == 0 || from == last)
				a[end][from == last] += q[end] * slope->weight[i * slope->width + k];
		}
	}
	determinant = a[0][0] * a[1][1] - a[0][1] * a[1][0];
	for (int64_t line = 0; line < d->n_points / n; line++) {
		double *v = u + line / inner * n * inner + line % inner, g[2] = { v[0], v[last * inner] };

		for (int end = 0; end < 2; end++) {
			const int64_t i = end ? last : 0;

			if (!given[end])
				continue;
			g[end] = d->side[axis][end][j].value[line];
			for (int64_t k = 0; k < slope->width && q[end] != 0; k++) {
				const int64_t from = slope->first[i] + k;

				if (from != 0 && from != last)
					g[end] -= q[end] * slope->weight[i * slope->width + k] * v[from * inner];
			}
		}
		v[0] = (a[1][1] * g[0] - a[0][1] * g[1]) / determinant;
		v[last * inner] = (a[0][0] * g[1] - a[1][0] * g[0]) / determinant;
	}
}

void equation_difference_sides(struct equation_difference *d, double t, double *state)
{
	difference_side_values(d, t);
	for (int j = 0; j < d->spec->n_unknowns; j++)
		for (int axis = 0; axis < d->spec->n_dims; axis++)
			both_ends(d, axis, j, state + j * d->n_points);
}

/* ---- slots --------------------------------------------------------------------------------------- */

static int64_t outer(const struct equation_difference *d, int axis)
{
	return d->n_points / d->size[axis] / d->inner[axis];
}

void equation_difference_volumes(const struct equation_difference *d, double *out)
{
	for (int64_t at = 0; at < d->n_points; at++) {
		out[at] = 1;
		for (int axis = 0; axis < d->spec->n_dims; axis++) {
			const struct line *l = &d->line[axis];
			const int64_t i = at / d->inner[axis] % l->n;
			const double step = l->length / (double)(l->n - l->closed);

			out[at] *= l->spectral				    ? l->integral[i]
				   : l->closed && (i == 0 || i == l->n - 1) ? step / 2
									    : step;
		}
	}
}

static double integral(const struct equation_difference *d, const double *a, bool mean)
{
	double sum = 0;

	for (int64_t at = 0; at < d->n_points; at++) {
		double weight = 1;

		for (int axis = 0; axis < d->spec->n_dims; axis++)
			weight *= d->line[axis].integral[at / d->inner[axis] % d->size[axis]] /
				  (mean ? d->line[axis].length : 1);
		sum += weight * a[at];
	}
	return sum;
}

/* Slope at points from the argument's values at faces. */
static void fill_flux(struct equation_difference *d, struct difference_slot *s)
{
	const int axis = s->flux;
	const double *in[DIFFERENCE_SLOTS];
	double *out[1] = { d->a };

	for (int k = 0; k < d->n_slots; k++)
		in[k] = d->input[k].uniform ? d->in[k] : d->slot[k].face[axis];
	program_run(s->program, d->n_points / d->size[axis] * d->line[axis].n_faces, in, d->param, out);
	line_apply(&d->line[axis].from_faces, outer(d, axis), d->inner[axis], d->a, s->value, false);
}

static void fill(struct equation_difference *d, struct difference_slot *s)
{
	double *out[1] = { d->a };
	bool first = true;

	if (s->flux >= 0) {
		fill_flux(d, s);
		return;
	}
	program_run(s->program, d->n_points, d->in, d->param, out);
	if (s->kind == DIFFERENCE_INTEGRAL) {
		s->value[0] = integral(d, d->a, s->mean);
		return;
	}
	for (int axis = 0; axis < d->spec->n_dims; axis++) {
		const int m = s->laplace ? 2 : s->power[axis];

		if (m == 0)
			continue;
		if (!first && !s->laplace)
			memcpy(d->b, s->value, (size_t)d->n_points * sizeof *d->b);
		line_apply(&d->line[axis].derivative[m], outer(d, axis), d->inner[axis],
			   first || s->laplace ? d->a : d->b, s->value, s->laplace && !first);
		first = false;
	}
}

/* Values at faces: slopes of what stands at points are taken there, everything else is a mean of neighbours. */
static void fill_faces(struct equation_difference *d, int k)
{
	const struct difference_slot *s = &d->slot[k];

	for (int axis = 0; axis < d->spec->n_dims; axis++) {
		const struct line *l = &d->line[axis];
		bool plain = s->kind == DIFFERENCE_DERIVED && !s->laplace && s->flux < 0;
		double *out[1] = { d->a };

		if (!s->face[axis])
			continue;
		for (int a = 0; a < d->spec->n_dims; a++)
			plain &= s->power[a] == (a == axis);
		if (plain)
			program_run(s->program, d->n_points, d->in, d->param, out);
		line_apply(plain ? &l->slope_at_faces : &l->to_faces, outer(d, axis), d->inner[axis],
			   plain ? d->a : d->in[k], s->face[axis], false);
	}
}

/* ---- evaluation ---------------------------------------------------------------------------------- */

void difference_evaluate(struct equation_difference *d, int which, double t, const double *state, double *const *out)
{
	const struct difference_part *part = &d->part[which];

	for (int k = 0; k < d->n_slots; k++) {
		struct difference_slot *s = &d->slot[k];

		if (s->kind == DIFFERENCE_FIELD)
			d->in[k] = state + s->index * d->n_points;
		else if (s->kind == DIFFERENCE_TIME)
			s->value[0] = t;
		else if (s->program && part->used[k])
			fill(d, s);
		if (part->used[k] && (s->kind == DIFFERENCE_FIELD || s->kind == DIFFERENCE_DERIVED))
			fill_faces(d, k);
	}
	program_run(part->program, d->n_points, d->in, d->param, out);
}

static void with_sides(struct equation_difference *d, int which, double t, const double *state, double *const *out)
{
	memcpy(d->state, state, (size_t)equation_difference_count(d) * sizeof *state);
	equation_difference_sides(d, t, d->state);
	difference_evaluate(d, which, t, d->state, out);
}

static int rate_of(struct equation_difference *d, int which, double t, const double *state, double *rate)
{
	double *out[EQUATION_UNKNOWNS];

	for (int j = 0; j < d->spec->n_unknowns; j++)
		out[j] = rate + j * d->n_points;
	with_sides(d, which, t, state, out);
	for (int64_t k = 0; k < d->n_ruled; k++)
		rate[d->ruled[k]] = 0;
	return 0;
}

int equation_difference_rate(void *context, double t, const double *state, double *rate)
{
	return rate_of(context, PART_RATE, t, state, rate);
}

int equation_difference_linear(void *context, double t, const double *state, double *rate)
{
	return rate_of(context, PART_LINEAR, t, state, rate);
}

int equation_difference_rest(void *context, double t, const double *state, double *rate)
{
	return rate_of(context, PART_REST, t, state, rate);
}

void equation_difference_kick(struct equation_difference *d, bool slope, double t, const double *state,
			      const double *increment, double *to)
{
	double *out[EQUATION_NOISES];

	for (int k = 0; k < d->spec->n_noises; k++)
		out[k] = d->amplitude + k * d->n_points;
	with_sides(d, slope ? PART_SLOPE : PART_NOISE, t, state, out);
	for (int k = 0; k < d->spec->n_noises; k++)
		for (int64_t at = 0; at < d->n_points; at++)
			to[d->spec->noise[k].unknown * d->n_points + at] +=
				out[k][at] * increment[k * d->n_points + at];
}

void equation_difference_transfer(const struct equation_difference *d, bool keep, const double *in, double *out)
{
	line_transfer(d->line, d->spec->n_dims, keep, in, out);
}
