/* jacobian.c: colouring of columns and differences by colour. */
#include "integ/jacobian.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int by_number(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Rows with their diagonals, columns ascending. */
static int complete(struct jacobian *j, int64_t *start, int64_t *column, struct err *e)
{
	const int64_t n = j->n, most = start ? start[n] + n : n * n;
	int64_t at = 0;

	j->start = mem_new(n + 1, sizeof *j->start, "Jacobian", e);
	j->column = mem_new(most, sizeof *j->column, "Jacobian", e);
	j->value = mem_new(most, sizeof *j->value, "Jacobian", e);
	if (!j->start || !j->column || !j->value)
		return -1;
	for (int64_t i = 0; i < n; i++) {
		bool diagonal = false;

		j->start[i] = at;
		for (int64_t k = start ? start[i] : 0; k < (start ? start[i + 1] : n); k++) {
			j->column[at] = start ? column[k] : k;
			diagonal |= j->column[at++] == i;
		}
		if (!diagonal)
			j->column[at++] = i;
		if (start)
			qsort(j->column + j->start[i], (size_t)(at - j->start[i]), sizeof *column, by_number);
	}
	j->start[n] = at;
	return 0;
}

/* Every column gets the first colour that no column has with which it shares a row. */
static int paint(struct jacobian *j, struct err *e)
{
	const int64_t n = j->n, *start = j->start;
	int64_t *first = mem_new(n + 1, sizeof *first, "Jacobian", e),
		*row = mem_new(start[n], sizeof *row, "Jacobian", e);
	int64_t *taken = mem_new(n + 1, sizeof *taken, "Jacobian", e);
	int status = -1;

	j->colour = mem_new(n, sizeof *j->colour, "Jacobian", e);
	if (!first || !row || !taken || !j->colour)
		goto out;
	memset(first, 0, (size_t)(n + 1) * sizeof *first);
	for (int64_t k = 0; k < start[n]; k++)
		first[j->column[k] + 1]++;
	for (int64_t c = 0; c < n; c++)
		first[c + 1] += first[c];
	memcpy(taken, first, (size_t)n * sizeof *taken);
	for (int64_t i = 0; i < n; i++)
		for (int64_t k = start[i]; k < start[i + 1]; k++)
			row[taken[j->column[k]]++] = i;
	for (int64_t c = 0; c <= n; c++) {
		taken[c] = -1; /* colour: column that last met it */
		if (c < n)
			j->colour[c] = -1;
	}
	for (int64_t c = 0; c < n; c++) {
		int64_t colour = 0;

		for (int64_t r = first[c]; r < first[c + 1]; r++)
			for (int64_t k = start[row[r]]; k < start[row[r] + 1]; k++)
				if (j->colour[j->column[k]] >= 0)
					taken[j->colour[j->column[k]]] = c;
		while (taken[colour] == c)
			colour++;
		j->colour[c] = colour;
		j->n_colours = colour + 1 > j->n_colours ? colour + 1 : j->n_colours;
	}
	status = 0;
out:
	free(first);
	free(row);
	free(taken);
	return status;
}

struct jacobian *jacobian_new(int64_t n, int64_t *start, int64_t *column, struct err *e)
{
	struct jacobian *j = xcalloc(1, sizeof *j);
	int status;

	j->n = n;
	status = complete(j, start, column, e) == 0 && paint(j, e) == 0 &&
				 (j->work = mem_new(2 * n, sizeof *j->work, "Jacobian", e))
			 ? 0
			 : -1;
	free(start);
	free(column);
	if (status == 0)
		return j;
	jacobian_free(j);
	return NULL;
}

void jacobian_free(struct jacobian *j)
{
	if (!j)
		return;
	free(j->start);
	free(j->column);
	free(j->colour);
	free(j->value);
	free(j->work);
	free(j);
}

/* Entries of one colour's columns from f at the moved state; step: by column. */
static void take(struct jacobian *j, int64_t colour, const double *moved, const double *f_y, const double *y,
		 const double *f_moved)
{
	for (int64_t i = 0; i < j->n; i++)
		for (int64_t k = j->start[i]; k < j->start[i + 1]; k++) {
			const int64_t c = j->column[k];

			if (j->colour[c] == colour)
				j->value[k] = (f_moved[i] - f_y[i]) / (moved[c] - y[c]);
		}
}

static int find(struct jacobian *j, integ_rhs f, void *context, double t, const double *y, const double *f_y,
		const double *typical)
{
	double *moved = j->work, *f_moved = moved + j->n;

	for (int64_t colour = 0; colour < j->n_colours; colour++) {
		for (int64_t c = 0; c < j->n; c++)
			moved[c] = j->colour[c] != colour ? y[c]
				   : typical		  ? y[c] + sqrt(DBL_EPSILON) * fmax(fabs(y[c]), typical[c])
							  : 1;
		if (f(context, t, moved, f_moved) != 0)
			return -1;
		take(j, colour, moved, f_y, y, f_moved);
	}
	return 0;
}

int jacobian_find(struct jacobian *j, integ_rhs f, void *context, double t, const double *y, const double *f_y,
		  const double *typical)
{
	return find(j, f, context, t, y, f_y, typical);
}

int jacobian_find_linear(struct jacobian *j, integ_rhs f, void *context, double t)
{
	double *zero = xcalloc((size_t)(2 * j->n), sizeof *zero), *f_zero = zero + j->n;
	const int status = f(context, t, zero, f_zero) == 0 ? find(j, f, context, t, zero, f_zero, NULL) : -1;

	free(zero);
	return status;
}
