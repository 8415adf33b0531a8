/* stepper_implicit.c: implicit Runge-Kutta steps. The slopes solve k_j = f(t + c_j h, y + h sum_i a_ji k_i) by a
 * simplified Newton iteration (Hairer, Wanner, Solving ODEs II, IV.8) with one Jacobian a step, taken at its beginning,
 * and dense LU factors by blocks: of I - h gamma J, stage after stage, for diagonal methods; of I - h A (x) J for full
 * ones. */
#include "integ/stepper.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "num/lapack.h"

enum { ITERATIONS_MAX = 10, ITERATIONS_MAX_FULL = 30 };

static int64_t block_of(const struct stepper *s)
{
	return s->ode->block > 0 ? s->ode->block : s->n;
}

/* Forward differences; the same column of all blocks at once. Row 0 will not do for f(t, y): from the step before it is
 * known to the tolerance only. */
static int difference(struct stepper *s, double t, struct err *e)
{
	const int64_t m = block_of(s);
	double *moved = s->y1, *slope = s->scratch, *here = s->error;

	if (stepper_evaluate(s, t, s->y, here, e) != 0)
		return -1;
	for (int64_t column = 0; column < m; column++) {
		memcpy(moved, s->y, (size_t)s->n * sizeof *moved);
		for (int64_t i = column; i < s->n; i += m)
			moved[i] += sqrt(DBL_EPSILON) * fmax(fabs(s->y[i]), 1e-5);
		if (stepper_evaluate(s, t, moved, slope, e) != 0)
			return -1;
		for (int64_t i = 0; i < s->n; i++) {
			const int64_t at = i / m * m + column;

			s->jacobian[i * m + column] = (slope[i] - here[i]) / (moved[at] - s->y[at]);
		}
	}
	return 0;
}

static int jacobian(struct stepper *s, double t, struct err *e)
{
	if (s->have_jacobian)
		return 0;
	s->jacobians++;
	s->factored = 0;
	if (s->ode->jacobian ? s->ode->jacobian(s->ode->context, t, s->y, s->jacobian) != 0 : difference(s, t, e) != 0)
		return s->ode->jacobian ? err_set(e, ERR_FAIL, "Jacobian failed at t = %g", t) : -1;
	s->have_jacobian = true;
	return 0;
}

/* LU of I - h A (x) J by blocks, A being q x q (row stride lda); a singular one counts as failed. */
static void factor(struct stepper *s, double h, int q, int lda, const double *a)
{
	const int64_t m = block_of(s), size = q * m;

	if (s->factored == h * a[0])
		return;
	s->factorisations++;
	for (int64_t b = 0; b < s->n / m && !s->failed; b++) {
		const double *j = s->jacobian + b * m * m;
		double *matrix = s->matrix + b * size * size;

		for (int64_t i = 0; i < size; i++)
			for (int64_t k = 0; k < size; k++)
				matrix[i * size + k] = (i == k) - h * a[i / m * lda + k / m] * j[i % m * m + k % m];
		s->failed = num_lu(size, matrix, s->pivot + b * size) != 0;
	}
	s->factored = s->failed ? 0 : h * a[0];
}

/* Largest change h |d| in units of the tolerance; without one, in units of rounding to about 1e-13. */
static double change(const struct stepper *s, double h, const double *d)
{
	const bool none = s->control->rtol + s->control->atol <= 0;
	const double rtol = none ? 1e-11 : s->control->rtol, atol = none ? 1e-11 : s->control->atol;
	double most = 0;

	for (int64_t i = 0; i < s->n; i++) {
		const double now = fabs(h * d[i]) / (atol + rtol * fabs(s->y[i]));

		most = now <= most || isnan(most) ? most : now; /* NaN counts as the largest */
	}
	return most;
}

/* Rounding of y in the same units: changes below are nothing. */
static double rounding(const struct stepper *s)
{
	return 4 * DBL_EPSILON * change(s, 1, s->y);
}

/* After iteration `count`: 1 converged, -1 diverges, 0 go on. */
static int converged(int count, double now, double before, double nothing)
{
	const double rate = count > 0 ? now / before : 1;

	if (!isfinite(now))
		return -1;
	if (now <= nothing)
		return 1;
	if (count == 0)
		return 0;
	if (rate >= 1)
		return -1;
	return now * rate / (1 - rate) < 0.01;
}

/* Slope j of a diagonal method; those before it are known. */
static int solve_stage(struct stepper *s, int j, double t, double h, struct err *e)
{
	const struct tableau *m = s->method->tableau;
	const int64_t size = block_of(s);
	const double *a = m->a + j * m->stages, *guess = m->predictor ? m->predictor + j * m->stages : NULL;
	double *k = s->row + j * s->n, *known = s->row + m->stages * s->n, *rest = known + s->n, before = 0;
	const double nothing = rounding(s);

	if (j > 0 && guess) {
		memset(k, 0, (size_t)s->n * sizeof *k);
		stepper_combine(s, k, k, 1, j, guess);
	} else {
		memcpy(k, j > 0 ? k - s->n : s->scratch, (size_t)s->n * sizeof *k);
	}
	stepper_combine(s, known, s->y, h, j, a);
	factor(s, h, 1, 1, a + j);
	for (int count = 0; count < ITERATIONS_MAX && !s->failed; count++) {
		double now;
		int verdict;

		for (int64_t i = 0; i < s->n; i++)
			s->y1[i] = known[i] + h * a[j] * k[i];
		if (stepper_evaluate(s, t + m->c[j] * h, s->y1, rest, e) != 0)
			return -1;
		for (int64_t i = 0; i < s->n; i++)
			rest[i] -= k[i];
		for (int64_t b = 0; b < s->n / size; b++)
			num_lu_solve(false, size, 1, s->matrix + b * size * size, s->pivot + b * size, rest + b * size);
		for (int64_t i = 0; i < s->n; i++)
			k[i] += rest[i];
		now = change(s, h * a[j], rest);
		verdict = converged(count, now, before, nothing);
		before = now;
		if (verdict > 0)
			return 0;
		s->failed = verdict < 0;
	}
	s->failed = true;
	return 0;
}

/* All slopes of a full method. Blocks are solved one by one: unknowns of a block are stage by stage. */
static int solve_all(struct stepper *s, double t, double h, struct err *e)
{
	const struct tableau *m = s->method->tableau;
	const int64_t size = block_of(s), all = size * m->stages;
	double *rest = s->row + m->stages * s->n, *gathered = rest + m->stages * s->n, before = 0;
	const double nothing = rounding(s);

	for (int j = 0; j < m->stages; j++)
		memcpy(s->row + j * s->n, s->scratch, (size_t)s->n * sizeof *s->row);
	factor(s, h, m->stages, m->stages, m->a);
	for (int count = 0; count < ITERATIONS_MAX_FULL && !s->failed; count++) {
		double now = 0;
		int verdict;

		for (int j = 0; j < m->stages; j++) {
			double *r = rest + j * s->n;

			stepper_combine(s, s->y1, s->y, h, m->stages, m->a + j * m->stages);
			if (stepper_evaluate(s, t + m->c[j] * h, s->y1, r, e) != 0)
				return -1;
			for (int64_t i = 0; i < s->n; i++)
				r[i] -= s->row[j * s->n + i];
		}
		for (int64_t b = 0; b < s->n / size; b++) {
			for (int64_t i = 0; i < all; i++)
				gathered[i] = rest[i / size * s->n + b * size + i % size];
			num_lu_solve(false, all, 1, s->matrix + b * all * all, s->pivot + b * all, gathered);
			for (int64_t i = 0; i < all; i++)
				rest[i / size * s->n + b * size + i % size] = gathered[i];
		}
		for (int64_t i = 0; i < m->stages * s->n; i++)
			s->row[i] += rest[i];
		for (int j = 0; j < m->stages; j++) {
			const double part = change(s, h, rest + j * s->n);

			now = part <= now || isnan(now) ? now : part;
		}
		verdict = converged(count, now, before, nothing);
		before = now;
		if (verdict > 0)
			return 0;
		s->failed = verdict < 0;
	}
	s->failed = true;
	return 0;
}

static int rows(const struct ode_method *m)
{
	return m->tableau->kind == TABLEAU_FULL ? 3 * m->tableau->stages : m->tableau->stages + 2;
}

static int step(struct stepper *s, double t, double h, struct err *e)
{
	const struct tableau *m = s->method->tableau;
	const bool explicit_first = m->kind == TABLEAU_DIAGONAL && m->a[0] == 0;

	s->failed = false;
	if (stepper_first(s, t, e) != 0 || jacobian(s, t, e) != 0)
		return -1;
	memcpy(s->scratch, s->row, (size_t)s->n * sizeof *s->row); /* first guess, where row 0 is unknown */
	if (m->kind == TABLEAU_FULL) {
		if (solve_all(s, t, h, e) != 0)
			return -1;
	} else {
		for (int j = explicit_first; j < m->stages && !s->failed; j++)
			if (solve_stage(s, j, t, h, e) != 0)
				return -1;
	}
	if (!explicit_first && s->failed)
		memcpy(s->row, s->scratch, (size_t)s->n * sizeof *s->row);
	stepper_combine(s, s->y1, s->y, h, m->stages, m->b);
	memset(s->error, 0, (size_t)s->n * sizeof *s->error);
	if (m->error_order > 0)
		stepper_combine(s, s->error, s->error, h, m->stages, m->b_error);
	if (!explicit_first)
		s->have_first = s->failed;
	return 0;
}

const struct stepper_class stepper_implicit = {
	.rows = rows, .step = step, .accept = stepper_accept_rows, .between = stepper_between_rows
};
