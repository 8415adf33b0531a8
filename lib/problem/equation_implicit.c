/* equation_implicit.c: Jacobians with the pattern that the rate shows, LU of them, CVODE. */
#include "problem/equation_implicit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/jacobian.h"
#include "integ/stiff.h"
#include "num/sparse_lu.h"
#include "problem/equation_pattern.h"

enum { DENSE_MAX = 2000, POWER_STEPS = 30 };

/* Rows of the Jacobian of f. 1: found; 0: full; -1: f failed. */
static int find_pattern(struct equation_march *w, integ_rhs f, void *context, double t, const double *y,
			int64_t **start, int64_t **column)
{
	const struct equation_lattice l = { w->spec->n_dims, w->spec->n_unknowns, w->m->size(w->d), w->spec->closed };
	int64_t n = w->spec->n_unknowns;

	*start = *column = NULL;
	for (int a = 0; a < l.n_dims; a++)
		n *= l.size[a];
	return n == w->n ? equation_pattern(&l, f, context, t, y, start, column) : 0;
}

/* ---- backward differentiation -------------------------------------------------------------------- */

static void precondition(void *context, double gamma, double *y)
{
	const struct equation_march *w = context;

	equation_divide_diagonal(w, gamma, y);
}

static int make_stiff(struct equation_march *w, double t, const double *state, struct err *e)
{
	struct stiff_system s = { .n = w->n, .f = equation_counted_rate, .context = w };

	if (w->m->diagonal) {
		s.precondition = precondition;
	} else {
		const int status = find_pattern(w, equation_counted_rate, w, t, state, &s.start, &s.column);

		if (status < 0)
			return err_set(e, ERR_FAIL, "right-hand side failed at t = %g", t);
		s.direct = status == 1 || w->n <= DENSE_MAX;
	}
	w->stiff = stiff_new(&s, e);
	return w->stiff ? 0 : -1;
}

int equation_bdf_to(struct equation_march *w, double t0, double t1, double *state, struct err *e)
{
	const int64_t left = w->config->max_steps - w->counts.accepted - w->counts.rejected;
	struct integ_counts before = { 0 }, after;
	int status;

	if (!w->stiff && make_stiff(w, t0, state, e) != 0)
		return -1;
	if (w->stiff_started)
		before = stiff_counts(w->stiff);
	else if (stiff_start(w->stiff, t0, w->spec->t1, state, w->config->rtol, equation_atol(w), w->config->dt, e) !=
		 0)
		return -1;
	w->stiff_started = true;
	status = stiff_march(w->stiff, t1, left > 0 ? left : 1, state, e);
	after = stiff_counts(w->stiff);
	w->counts.accepted += after.accepted - before.accepted;
	w->counts.rejected += after.rejected - before.rejected;
	if (status == 0)
		return 0;
	equation_limit(w, stiff_time(w->stiff), e);
	return equation_ran_away(w, stiff_time(w->stiff), state, e);
}

double equation_spectral_radius(struct equation_march *w, double t, const double *y)
{
	double *v = xaligned((size_t)(4 * w->n) * sizeof *v), *moved = v + w->n, *f = moved + w->n, *g = f + w->n;
	double size = 0, radius = 0;

	for (int64_t i = 0; i < w->n; i++) {
		v[i] = i % 2 == 0 ? 1 : -0.9; /* something of everything, most of it rough */
		size = fmax(size, fabs(y[i]));
	}
	equation_counted_rate(w, t, y, f);
	for (int k = 0; k < POWER_STEPS; k++) {
		double norm = 0, step;

		for (int64_t i = 0; i < w->n; i++)
			norm = fmax(norm, fabs(v[i]));
		if (!(norm > 0) || !isfinite(norm))
			break;
		step = sqrt(DBL_EPSILON) * fmax(size, w->scale);
		for (int64_t i = 0; i < w->n; i++) {
			v[i] /= norm;
			moved[i] = y[i] + step * v[i];
		}
		equation_counted_rate(w, t, moved, g);
		radius = 0;
		for (int64_t i = 0; i < w->n; i++) {
			v[i] = (g[i] - f[i]) / step;
			radius = fmax(radius, fabs(v[i]));
		}
	}
	free(v);
	return radius;
}

/* ---- implicit linear part ------------------------------------------------------------------------ */

struct equation_shifted {
	double shift;
	struct jacobian *matrix;
	struct sparse_lu *lu;
	double *zero, *value;
};

static int linear_part(void *context, double t, const double *y, double *out)
{
	struct equation_march *w = context;

	return w->m->linear(w->d, t, y, out);
}

int equation_shifted_new(struct equation_shifted **out, struct equation_march *w, double shift, struct err *e)
{
	struct equation_shifted *s = xcalloc(1, sizeof *s);
	int64_t *start, *column;
	int status;

	s->shift = shift;
	s->zero = xcalloc((size_t)(2 * w->n), sizeof *s->zero);
	s->value = s->zero + w->n;
	status = find_pattern(w, linear_part, w, w->spec->t0, s->zero, &start, &column);
	if (status == 0 && w->n > DENSE_MAX)
		status = err_set(e, ERR_USAGE, "stepper: %s: the linear part of %lld unknowns is a full matrix",
				 w->stepper->name, (long long)w->n);
	else if (status >= 0)
		status = (s->matrix = jacobian_new(w->n, start, column, e)) ? 0 : -1;
	if (status == 0 && jacobian_find_linear(s->matrix, linear_part, w, w->spec->t0) != 0)
		status = err_set(e, ERR_FAIL, "the linear part failed");
	for (int64_t i = 0; i < w->n && status == 0; i++)
		for (int64_t k = s->matrix->start[i]; k < s->matrix->start[i + 1]; k++)
			s->matrix->value[k] = (s->matrix->column[k] == i) - shift * s->matrix->value[k];
	if (status == 0) {
		s->lu = sparse_lu_new(w->n, s->matrix->start, s->matrix->column, s->matrix->value, e);
		status = s->lu ? 0 : -1;
	}
	if (status != 0) {
		equation_shifted_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

void equation_shifted_free(struct equation_shifted *s)
{
	if (!s)
		return;
	sparse_lu_free(s->lu);
	jacobian_free(s->matrix);
	free(s->zero);
	free(s);
}

int equation_shifted_solve(struct equation_shifted *s, struct equation_march *w, double t, double *y)
{
	struct err ignored = { 0 };

	/* what the linear part is where the state is 0: values on sides */
	if (w->m->linear(w->d, t, s->zero, s->value) != 0)
		return -1;
	for (int64_t i = 0; i < w->n; i++)
		s->value[i] = y[i] + s->shift * s->value[i];
	return sparse_lu_solve(s->lu, s->value, y, &ignored);
}
