/* equation_rest.c: states at rest by sparse linear systems and damped Newton steps. */
#include "problem/equation_rest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stop.h"
#include "num/sparse_lu.h"
#include "problem/equation_rest_inside.h"

enum { NEWTON_MOST = 60, HALVINGS = 24, LARGE = 150000 };
const char *const equation_solver_names[] = { "auto", "direct", "multigrid", NULL };

int equation_rest_check(const struct equation_difference *d, int solver, struct err *e)
{
	if (d->spec->n_dims == 0)
		return err_set(e, ERR_USAGE, "equation: without an axis there is nothing that could be at rest");
	if (solver != EQUATION_SOLVER_MULTIGRID)
		return 0;
	if (!d->elliptic)
		return err_set(
			e, ERR_USAGE,
			"solver: multigrid is for one scalar field in div(a*grad(u)) - c*u + f = 0, with a, c and f "
			"without u");
	if (d->spectral || d->order != 2)
		return err_set(e, ERR_USAGE,
			       "solver: multigrid has order 2 and needs method differences with order: 2");
	for (int a = 0; a < d->spec->n_dims; a++)
		for (int end = 0; end < 2 && d->spec->closed[a]; end++)
			if (!d->spec->side[a][end][0].given)
				return err_set(e, ERR_USAGE, "solver: multigrid needs a condition at both ends of %s",
					       d->spec->pool->axis[a]);
	return 0;
}

double rest_slack(const struct equation_difference *d)
{
	double slack = 1e-9;

	for (int a = 0; a < d->spec->n_dims && !d->spectral; a++)
		slack = fmax(slack, pow(4. / (double)(d->size[a] - d->line[a].closed), d->order));
	return slack;
}

struct newton {
	struct equation_difference *d;
	struct rest_matrix m;
	struct sparse_lu *lu;
	int64_t n;					 /* of the state */
	double *state, *trial, *residual, *right, *step; /* right, step: with borders */
	double lack[EQUATION_UNKNOWNS];			 /* constants that the equations lacked, by border */
	struct equation_solved *counts;
};

/* Rows in units of their largest entry, which is what a step of one changes. */
static double norm(const struct newton *w, const double *residual)
{
	double sum = 0;

	for (int64_t i = 0; i < w->n; i++) {
		const double r = w->m.size[i] > 0 ? residual[i] / w->m.size[i] : residual[i];

		sum += r * r;
	}
	return sqrt(sum / (double)w->n);
}

static double largest(int64_t n, const double *a)
{
	double worst = 0;

	for (int64_t i = 0; i < n; i++)
		worst = fabs(a[i]) <= worst || isnan(worst) ? worst : fabs(a[i]); /* NaN counts as the largest */
	return worst;
}

/* A constant that the equation of a border lacks counts as part of it. */
static void evaluate(struct newton *w, const double *state)
{
	int axis, end;

	rest_residual(w->d, state, w->residual);
	for (int k = 0; k < w->m.n_borders; k++)
		for (int64_t at = 0; at < w->d->n_points; at++)
			if (!difference_ruler(w->d, at, w->m.border[k], &axis, &end))
				w->residual[w->m.border[k] * w->d->n_points + at] += w->lack[k];
	w->counts->evaluations++;
}

static void newton_clear(struct newton *w)
{
	sparse_lu_free(w->lu);
	w->lu = NULL;
	rest_matrix_clear(&w->m);
	free(w->right);
	free(w->step);
	w->right = w->step = NULL;
}

/* Jacobian at the state (at 0 when the problem is linear) and its factors. */
static int linearise(struct newton *w, bool linear, struct err *e)
{
	newton_clear(w);
	if (rest_matrix(&w->m, w->d, linear, w->state, &w->counts->evaluations, e) != 0)
		return -1;
	w->right = xaligned((size_t)w->m.n * sizeof *w->right);
	w->step = xaligned((size_t)w->m.n * sizeof *w->step);
	w->lu = sparse_lu_new(w->m.n, w->m.start, w->m.column, w->m.value, e);
	return w->lu ? 0 : err_in(e, "equation: equations and sides do not determine the solution");
}

/* J step = -F(state), the means of bordered unknowns moved to 0. */
static int find_step(struct newton *w, struct err *e)
{
	for (int64_t i = 0; i < w->n; i++)
		w->right[i] = -w->residual[i];
	for (int k = 0; k < w->m.n_borders; k++) {
		const int64_t row = w->n + k;
		double mean = 0;

		for (int64_t at = w->m.start[row]; at < w->m.start[row + 1]; at++)
			mean += w->m.value[at] * w->state[w->m.column[at]];
		w->right[row] = -mean;
	}
	return sparse_lu_solve(w->lu, w->right, w->step, e);
}

static void take_step(struct newton *w, double share)
{
	for (int64_t i = 0; i < w->n; i++)
		w->state[i] += share * w->step[i];
	for (int k = 0; k < w->m.n_borders; k++)
		w->lack[k] += share * w->step[w->n + k];
}

/* One solution and one correction for rounding. */
static int solve_linear(struct newton *w, struct err *e)
{
	memset(w->state, 0, (size_t)w->n * sizeof *w->state);
	if (linearise(w, true, e) != 0)
		return -1;
	for (int k = 0; k < 2; k++) {
		evaluate(w, w->state);
		if (find_step(w, e) != 0)
			return -1;
		take_step(w, 1);
	}
	w->counts->iterations = 1;
	return isfinite(largest(w->n, w->state)) ? 0 : err_set(e, ERR_FAIL, "not finite");
}

/* Newton steps, halved until the residual falls (Deuflhard, Newton Methods, 2004, 3.1: the natural sufficient
 * decrease). */
static int solve_newton(struct newton *w, struct err *e)
{
	const size_t bytes = (size_t)w->n * sizeof *w->state;

	for (int64_t k = 0; k < NEWTON_MOST; k++) {
		double before, share = 1, lack[EQUATION_UNKNOWNS];
		int halvings = 0;

		if (stop_check(e) != 0 || linearise(w, false, e) != 0)
			return -1;
		evaluate(w, w->state);
		before = norm(w, w->residual);
		if (!isfinite(before))
			return err_set(e, ERR_FAIL,
				       "equation: not finite at the first guess; say another with initial");
		if (find_step(w, e) != 0)
			return -1;
		const double size = fmax(largest(w->n, w->state), largest(w->n, w->step)),
			     step = largest(w->n, w->step);
		memcpy(w->trial, w->state, bytes);
		memcpy(lack, w->lack, sizeof lack);
		for (;; share /= 2) {
			double after;

			take_step(w, share);
			evaluate(w, w->state);
			after = norm(w, w->residual);
			if (after <= (1 - share / 4) * before || step <= 1e-9 * size)
				break;
			memcpy(w->state, w->trial, bytes);
			memcpy(w->lack, lack, sizeof lack);
			if (++halvings > HALVINGS)
				return err_set(
					e, ERR_FAIL,
					"equation: Newton's method stalls after %lld steps at residual %.3g; say "
					"another first guess with initial",
					(long long)k + 1, before);
		}
		w->counts->iterations = k + 1;
		if (share == 1 && step <= 1e-9 * size)
			return 0;
	}
	return err_set(e, ERR_FAIL, "equation: no solution after %d Newton steps; say another first guess with initial",
		       NEWTON_MOST);
}

/* The constants that were added must be errors of the discretisation. */
static int check_lack(const struct newton *w, struct err *e)
{
	for (int k = 0; k < w->m.n_borders; k++) {
		const int j = w->m.border[k];
		double *zero = xcalloc((size_t)w->n, sizeof *zero), size;

		rest_residual(w->d, zero, w->residual);
		size = largest(w->d->n_points, w->residual + j * w->d->n_points);
		free(zero);
		if (fabs(w->lack[k]) > rest_slack(w->d) * size)
			return err_set(
				e, ERR_FAIL,
				"equation: no solution: '%s' is determined up to a constant, and its equation holds "
				"on average only with %.6g added to its right side",
				w->d->spec->unknown[j].name, -w->lack[k]);
	}
	return 0;
}

static bool is_linear(const struct equation_spec *s)
{
	for (int j = 0; j < s->n_unknowns; j++) {
		const struct expr_facts facts = expr_classify(s->pool, s->unknown[j].rate);

		if (facts.degree < 0 || facts.degree > 1)
			return false;
	}
	return true;
}

int equation_rest(struct equation_difference *d, int solver, double *state, struct equation_solved *counts,
		  struct err *e)
{
	const int64_t n = equation_difference_count(d);
	struct newton w = { .d = d, .n = n, .state = state, .counts = counts };
	bool refused = false;
	int status;

	*counts = (struct equation_solved){ 0 };
	if (solver == EQUATION_SOLVER_MULTIGRID || (solver == EQUATION_SOLVER_AUTO && n > LARGE &&
						    equation_rest_check(d, EQUATION_SOLVER_MULTIGRID, NULL) == 0)) {
		status = rest_multigrid(d, state, counts, &refused, e);
		if (!refused || solver == EQUATION_SOLVER_MULTIGRID)
			return status;
	}
	w.trial = xaligned((size_t)n * sizeof *w.trial);
	w.residual = xaligned((size_t)n * sizeof *w.residual);
	status = is_linear(d->spec) ? solve_linear(&w, e) : solve_newton(&w, e);
	if (status == 0)
		status = check_lack(&w, e);
	newton_clear(&w);
	free(w.trial);
	free(w.residual);
	return status;
}
