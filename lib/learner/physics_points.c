/* physics_points.c: collocation points and grids. */
#include "learner/physics_points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/points.h"
#include "problem/equation_draw.h"

int physics_points_new(struct physics_points *x, const struct physics *p, int64_t n, struct err *e)
{
	*x = (struct physics_points){ .n = n, .n_columns = p->n_columns };
	for (int k = 0; k < x->n_columns; k++)
		if (!(x->column[k] = mem_new(n, sizeof(double), "points", e)))
			return -1;
	return 0;
}

void physics_points_free(struct physics_points *x)
{
	for (int k = 0; k < x->n_columns; k++)
		free(x->column[k]);
	*x = (struct physics_points){ 0 };
}

/* Low end and length of a column's range in a window. */
static void range_of(const struct physics *p, int axis, int64_t window, double *low, double *length)
{
	if (axis == EXPR_TIME) {
		*low = physics_time(p, window);
		*length = physics_time(p, window + 1) - *low;
	} else {
		*low = p->spec->low[axis];
		*length = p->spec->length[axis];
	}
}

int physics_points_draw(struct physics_points *x, const struct physics *p, const struct physics_group *q, int group,
			uint64_t seed, int64_t drawing, int64_t window, struct err *e)
{
	const struct rng stream = rng_stream(seed, "collocation", (uint64_t)drawing, (uint64_t)group);
	int free_axis[EXPR_TIME + 1], n_free = 0, dims = 0;
	double *unit, param[EQUATION_PARAMS];

	for (int k = 0; k < p->n_columns; k++)
		if (p->axis[k] >= 0 && !(q->kind == TERM_INITIAL && p->axis[k] == EXPR_TIME) &&
		    !(q->kind == TERM_SIDE && p->axis[k] == q->axis))
			free_axis[n_free++] = k;
	dims = n_free > 0 ? n_free : 1;
	if (!(unit = mem_new(x->n * dims, sizeof *unit, "points", e)))
		return -1;
	if (points_draw((enum points_kind)p->key->sampling, x->n, dims, stream, unit, e) != 0) {
		free(unit);
		return -1;
	}
	for (int k = 0; k < p->n_columns; k++) {
		double low, length, at = 0;
		int which = -1;

		if (p->axis[k] < 0)
			continue;
		range_of(p, p->axis[k], window, &low, &length);
		for (int j = 0; j < n_free; j++)
			which = free_axis[j] == k ? j : which;
		if (q->kind == TERM_SIDE && p->axis[k] == q->axis)
			at = q->end > 0 ? 1 : 0;
		for (int64_t i = 0; i < x->n; i++)
			x->column[k][i] = low + length * (which >= 0 ? unit[i * dims + which] : at);
	}
	free(unit);
	if (p->axis[p->n_columns - 1] >= 0)
		return 0;
	for (int64_t i = 0; i < x->n; i++) {
		const int64_t sample = (drawing * 64 + group) * ((int64_t)1 << 32) + i;

		if (equation_draw_params(p->spec, seed, sample, param, e) != 0)
			return -1;
		for (int k = 0; k < p->n_columns; k++)
			if (p->axis[k] < 0)
				x->column[k][i] = param[p->drawn[k]];
	}
	return 0;
}

int physics_points_adapt(struct physics_points *x, const struct physics *p, const struct physics_points *candidates,
			 const double *residual, struct rng stream, struct err *e)
{
	const double power = p->key->adaptive_power;
	double *density = mem_new(candidates->n, sizeof *density, "candidates", e), mean = 0;
	int64_t *chosen = density ? mem_new(x->n, sizeof *chosen, "points", e) : NULL;
	int status = chosen ? 0 : -1;

	for (int64_t i = 0; i < candidates->n && status == 0; i++) {
		density[i] = pow(fabs(residual[i]), power);
		mean += density[i] / (double)candidates->n;
	}
	for (int64_t i = 0; i < candidates->n && status == 0; i++)
		density[i] = (mean > 0 ? density[i] / mean : 1) + p->key->adaptive_offset;
	if (status == 0)
		status = points_choose(candidates->n, density, x->n, stream, chosen, e);
	for (int k = 0; k < x->n_columns && status == 0; k++)
		for (int64_t i = 0; i < x->n; i++)
			x->column[k][i] = candidates->column[k][chosen[i]];
	free(density);
	free(chosen);
	return status;
}

/* ---- grids of data ------------------------------------------------------------------------------- */

int physics_field_of(const struct physics *p, const struct layout *l, int unknown)
{
	int named = layout_find_field(l, p->spec->unknown[unknown].name), only = -1, n = 0;

	for (int i = 0; i < l->n_fields; i++)
		if (l->field[i].role != ROLE_INPUT && l->field[i].role != ROLE_NONE) {
			only = i;
			n++;
		}
	return named >= 0 ? named : p->n_outputs == 1 && unknown == p->output[0] && n == 1 ? only : -1;
}

static int axis_of_text(const struct physics *p, const struct axis *a)
{
	if (a->kind == AXIS_TIME)
		return EXPR_TIME;
	for (int k = 0; k < p->spec->n_dims && a->kind == AXIS_SPACE; k++)
		if (strcmp(a->name, p->spec->pool->axis[k]) == 0)
			return k;
	return -1;
}

/* Coordinate i of an axis; an axis of space that tells none spans the text's domain. */
static double place(const struct physics *p, const struct axis *a, int axis, int64_t i)
{
	const struct equation_spec *s = p->spec;

	if (a->coordinate)
		return a->coordinate[i];
	return s->low[axis] +
	       s->length[axis] * (double)i / (double)(a->periodic || a->size == 1 ? a->size : a->size - 1);
}

int physics_points_params(const struct physics *p, struct dataset *d, int64_t sample, double *param, struct err *e)
{
	for (int k = 0; k < p->n_columns; k++) {
		const char *name = p->axis[k] < 0 ? exprs_name(p->spec->pool, SYMBOL_PARAM, p->drawn[k]) : NULL;
		const int found = name ? dataset_number(d, name, sample, &param[p->drawn[k]], e) : 1;

		if (found == 0)
			return err_set(e, ERR_USAGE, "%s: no number '%s' of sample %lld, which the network takes",
				       dataset_name(d), name, (long long)sample);
		if (found < 0)
			return -1;
	}
	return 0;
}

int physics_points_of_field(struct physics_points *x, const struct physics *p, const struct layout *l, const char *name,
			    int field, const double *param, struct err *e)
{
	const struct field *f = &l->field[field];
	int64_t inner = 1, column_axes = 0;

	if (physics_points_new(x, p, layout_field_count(l, field), e) != 0)
		return -1;
	for (int j = f->n_axes - 1; j >= 0; j--) {
		const struct axis *a = &l->axis[f->axis[j]];
		const int axis = axis_of_text(p, a);
		int column = -1;

		for (int k = 0; k < p->n_columns; k++)
			column = axis >= 0 && p->axis[k] == axis ? k : column;
		if (column < 0 && a->size == 1)
			continue;
		if (column < 0 || (axis == EXPR_TIME && !a->coordinate))
			return err_set(e, ERR_USAGE, "%s: field '%s' has an axis '%s' %s", name, f->name, a->name,
				       column < 0 ? "that the problem does not have" : "without times");
		for (int64_t i = 0; i < x->n; i++)
			x->column[column][i] = place(p, a, axis, i / inner % a->size);
		inner *= a->size;
		column_axes |= (int64_t)1 << column;
	}
	for (int k = 0; k < p->n_columns; k++) {
		if (p->axis[k] >= 0 && (column_axes >> k & 1) == 0)
			return err_set(e, ERR_USAGE, "%s: field '%s' has no axis %s", name, f->name,
				       p->axis[k] == EXPR_TIME ? "of time" : p->spec->pool->axis[p->axis[k]]);
		for (int64_t i = 0; i < x->n && p->axis[k] < 0; i++)
			x->column[k][i] = param[p->drawn[k]];
	}
	return 0;
}
