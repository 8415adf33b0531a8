/* equation_jacobian.c: residuals of states at rest and their sparse derivatives. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/jacobian.h"
#include "problem/equation_pattern.h"
#include "problem/equation_rest_inside.h"

enum { DENSE_MOST = 5000 };

void rest_residual(struct equation_difference *d, const double *state, double *out)
{
	double *rate[EQUATION_UNKNOWNS];

	for (int j = 0; j < d->spec->n_unknowns; j++)
		rate[j] = out + j * d->n_points;
	difference_evaluate(d, PART_RATE, d->spec->t0, state, rate);
	difference_side_values(d, d->spec->t0);
	for (int j = 0; j < d->spec->n_unknowns && d->spec->sided; j++)
		for (int64_t at = 0; at < d->n_points; at++) {
			int axis, end;
			double p, q;
			const struct difference_side *side = difference_ruler(d, at, j, &axis, &end);

			if (!side)
				continue;
			const struct line_map *slope = &d->line[axis].derivative[1];
			const int64_t i = end ? d->size[axis] - 1 : 0;
			const double *u = state + j * d->n_points + at - i * d->inner[axis];
			difference_factors(d, axis, end, j, &p, &q);
			double sum = p * u[i * d->inner[axis]] - side->value[difference_side_index(d, axis, at)];
			for (int64_t k = 0; k < slope->width && q != 0; k++)
				sum += q * slope->weight[i * slope->width + k] *
				       u[(slope->first[i] + k) * d->inner[axis]];
			rate[j][at] = sum;
		}
}

/* ---- the matrix ---------------------------------------------------------------------------------- */

struct entries {
	int64_t n, capacity;
	struct entry {
		int64_t row, column;
		double value;
	} * at;
};

static void add_entry(struct entries *t, int64_t row, int64_t column, double value)
{
	MEM_GROW(t->at, t->n, t->capacity);
	t->at[t->n++] = (struct entry){ row, column, value };
}

static void to_rows(struct rest_matrix *m, const struct entries *t)
{
	int64_t *next = xcalloc((size_t)m->n + 1, sizeof *next);

	m->start = xcalloc((size_t)m->n + 1, sizeof *m->start);
	m->column = xmalloc((size_t)(t->n + 1) * sizeof *m->column);
	m->value = xmalloc((size_t)(t->n + 1) * sizeof *m->value);
	m->size = xcalloc((size_t)m->n, sizeof *m->size);
	for (int64_t k = 0; k < t->n; k++)
		m->start[t->at[k].row + 1]++;
	for (int64_t i = 0; i < m->n; i++)
		next[i + 1] = m->start[i + 1] += m->start[i];
	for (int64_t k = 0; k < t->n; k++) {
		const struct entry *x = &t->at[k];
		const int64_t at = next[x->row]++;

		m->column[at] = x->column;
		m->value[at] = x->value;
		m->size[x->row] = fmax(m->size[x->row], fabs(x->value));
	}
	free(next);
}

static int residual(void *context, double t, const double *state, double *out)
{
	(void)t;
	rest_residual(context, state, out);
	return 0;
}

/* Where entries may stand is found once. A dense matrix has none of its zeros stored. */
static int find_pattern(struct equation_difference *d, const double *state, struct err *e)
{
	const struct equation_lattice l = { d->spec->n_dims, d->spec->n_unknowns, d->size, d->spec->closed };
	int64_t *start = NULL, *column = NULL;

	if (d->pattern || d->dense)
		return 0;
	d->dense = equation_pattern(&l, residual, d, d->spec->t0, state, &start, &column) != 1;
	if (d->dense)
		return 0;
	d->pattern = jacobian_new(equation_difference_count(d), start, column, e);
	return d->pattern ? 0 : -1;
}

static void from_pattern(struct equation_difference *d, bool linear, const double *state, struct entries *t,
			 int64_t *evaluations)
{
	struct jacobian *j = d->pattern;
	double *here = xaligned((size_t)(2 * j->n) * sizeof *here), *typical = here + j->n, size = 0;

	*evaluations += j->n_colours + 1;
	if (linear) {
		jacobian_find_linear(j, residual, d, d->spec->t0); /* the residual does not fail */
	} else {
		for (int64_t i = 0; i < j->n; i++)
			size = fmax(size, fabs(state[i]));
		for (int64_t i = 0; i < j->n; i++)
			typical[i] = size > 0 ? size : 1;
		rest_residual(d, state, here);
		jacobian_find(j, residual, d, d->spec->t0, state, here, typical);
	}
	for (int64_t row = 0; row < j->n; row++)
		for (int64_t k = j->start[row]; k < j->start[row + 1]; k++)
			if (j->value[k] != 0)
				add_entry(t, row, j->column[k], j->value[k]);
	free(here);
}

/* Column by column, by differences of both sides where the residual is not linear. */
static void from_columns(struct equation_difference *d, bool linear, const double *state, struct entries *t,
			 int64_t *evaluations)
{
	const int64_t n = equation_difference_count(d);
	double *moved = xaligned((size_t)(3 * n) * sizeof *moved), *up = moved + n, *down = up + n, size = 0;

	for (int64_t i = 0; i < n && !linear; i++)
		size = fmax(size, fabs(state[i]));
	const double step = linear ? 1 : 6e-6 * (size > 0 ? size : 1);
	if (!linear)
		memcpy(moved, state, (size_t)n * sizeof *moved);
	rest_residual(d, moved, down);
	for (int64_t column = 0; column < n; column++) {
		const double at = moved[column];

		if (!linear) {
			moved[column] = at - step;
			rest_residual(d, moved, down);
		}
		moved[column] = at + step;
		rest_residual(d, moved, up);
		moved[column] = at;
		for (int64_t row = 0; row < n; row++)
			if (up[row] != down[row])
				add_entry(t, row, column, (up[row] - down[row]) / (linear ? 1 : 2 * step));
	}
	*evaluations += linear ? n + 1 : 2 * n;
	free(moved);
}

/* Borders of the unknowns whose constants change nothing. */
static void add_borders(struct rest_matrix *m, struct equation_difference *d, struct entries *t)
{
	const int64_t n = d->n_points, count = equation_difference_count(d);
	double *sum = xcalloc((size_t)(2 * count), sizeof *sum), *size = sum + count;
	const int64_t entries = t->n;
	int axis, end;

	for (int j = 0; j < d->spec->n_unknowns; j++) {
		bool constant = true;

		memset(sum, 0, (size_t)(2 * count) * sizeof *sum);
		for (int64_t k = 0; k < entries; k++)
			if (t->at[k].column / n == j) {
				sum[t->at[k].row] += t->at[k].value;
				size[t->at[k].row] += fabs(t->at[k].value);
			}
		for (int64_t i = 0; i < count; i++)
			constant &= fabs(sum[i]) <= 1e-8 * size[i];
		if (!constant)
			continue;
		m->border[m->n_borders++] = j;
		for (int64_t at = 0; at < n; at++) {
			double weight = 1;

			for (int a = 0; a < d->spec->n_dims; a++)
				weight *= d->line[a].integral[at / d->inner[a] % d->size[a]] / d->line[a].length;
			add_entry(t, m->n, j * n + at, weight);
			if (!difference_ruler(d, at, j, &axis, &end))
				add_entry(t, j * n + at, m->n, 1);
		}
		m->n++;
	}
	free(sum);
}

int rest_matrix(struct rest_matrix *m, struct equation_difference *d, bool linear, const double *state,
		int64_t *evaluations, struct err *e)
{
	struct entries t = { 0 };
	int status = 0;

	*m = (struct rest_matrix){ .n = equation_difference_count(d) };
	if (find_pattern(d, state, e) != 0)
		return -1;
	if (d->dense && m->n > DENSE_MOST)
		return err_set(
			e, ERR_FAIL,
			"equation: %lld values that all depend on each other are too many for a direct solver, at "
			"most %d; a coarser grid, or method differences",
			(long long)m->n, DENSE_MOST);
	(d->dense ? from_columns : from_pattern)(d, linear, state, &t, evaluations);
	for (int64_t k = 0; k < t.n && status == 0; k++)
		if (!isfinite(t.at[k].value))
			status = err_set(e, ERR_FAIL, "equation: its derivative at the state is not finite");
	if (status == 0) {
		add_borders(m, d, &t);
		to_rows(m, &t);
	}
	free(t.at);
	return status;
}

void rest_matrix_clear(struct rest_matrix *m)
{
	free(m->start);
	free(m->column);
	free(m->value);
	free(m->size);
	*m = (struct rest_matrix){ 0 };
}
