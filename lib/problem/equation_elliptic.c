/* equation_elliptic.c: texts of the form div(a*grad(u)) - c*u + f = 0 recognised, and given to multigrid. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/multigrid.h"
#include "problem/equation_rest_inside.h"

/* ---- recognising --------------------------------------------------------------------------------- */

struct form {
	struct exprs *p;
	expr u, a[EXPR_DIMS], c, f; /* sum of (a_k u_k)_k + c u + f */
};

/* k with term = k * of, without fields; EXPR_NONE when the term is not of this form. */
static expr factor_of(struct exprs *p, expr term, expr of)
{
	const expr k = expr_partial(p, term, of), left = expr_replace(p, term, of, expr_number(p, 0));

	return expr_has_fields(p, k) || !expr_is_number(p, expr_simplify(p, left), 0) ? EXPR_NONE : k;
}

static bool add_second(struct form *t, expr factor, int axis, expr k)
{
	if (k == EXPR_NONE)
		return false;
	t->a[axis] = expr_add(t->p, t->a[axis], expr_mul(t->p, factor, k));
	return true;
}

static bool collect(struct form *t, expr factor, expr a)
{
	struct exprs *p = t->p;
	const struct expr_node n = *expr_at(p, a);
	expr k;

	if (!expr_has_fields(p, a)) {
		t->f = expr_add(p, t->f, expr_mul(p, factor, a));
		return true;
	}
	if (n.op == EX_ADD || n.op == EX_SUB)
		return collect(t, factor, n.arg[0]) &&
		       collect(t, n.op == EX_ADD ? factor : expr_neg(p, factor), n.arg[1]);
	if (n.op == EX_NEG)
		return collect(t, expr_neg(p, factor), n.arg[0]);
	if (n.op == EX_MUL && expr_is_constant(p, n.arg[0]))
		return collect(t, expr_mul(p, factor, n.arg[0]), n.arg[1]);
	if (n.op == EX_MUL && expr_is_constant(p, n.arg[1]))
		return collect(t, expr_mul(p, factor, n.arg[1]), n.arg[0]);
	if (n.op == EX_DIV && expr_is_constant(p, n.arg[1]))
		return collect(t, expr_div(p, factor, n.arg[1]), n.arg[0]);
	if (n.op == EX_LAP) {
		k = factor_of(p, n.arg[0], t->u);
		for (int axis = 0; axis < p->n_dims; axis++)
			if (k == EXPR_NONE || !expr_is_constant(p, k) || !add_second(t, factor, axis, k))
				return false;
		return true;
	}
	if (n.op == EX_D)
		return n.index < p->n_dims &&
		       add_second(t, factor, n.index, factor_of(p, n.arg[0], expr_d(p, t->u, n.index)));
	k = factor_of(p, a, t->u);
	if (k == EXPR_NONE)
		return false;
	t->c = expr_add(p, t->c, expr_mul(p, factor, k));
	return true;
}

bool rest_is_elliptic(const struct equation_spec *s, expr *a, expr *c, expr *f)
{
	const expr zero = expr_number(s->pool, 0);
	struct form t = { s->pool, s->unknown[0].node, { zero, zero, zero }, zero, zero };

	if (s->n_unknowns != 1 || s->n_dims == 0 ||
	    !collect(&t, expr_number(s->pool, 1), expr_simplify(s->pool, s->unknown[0].rate)))
		return false;
	for (int axis = 0; axis < s->n_dims; axis++)
		if (t.a[axis] != t.a[0] || expr_is_number(s->pool, t.a[axis], 0))
			return false;
	*a = t.a[0];
	*c = expr_neg(s->pool, t.c);
	*f = t.f;
	return true;
}

/* ---- solving ------------------------------------------------------------------------------------- */

/* Conditions as multigrid wants them: fixed values into the state, else du/dn + decay u = slope. */
static void sides(struct equation_difference *d, struct multigrid_problem *p, struct multigrid_right *right,
		  double *slope[3][2], double *state)
{
	difference_side_values(d, d->spec->t0);
	for (int axis = 0; axis < d->spec->n_dims; axis++)
		for (int end = 0; end < 2 && !p->periodic[axis]; end++) {
			const double sign = end ? 1 : -1, *value = d->side[axis][end][0].value;
			double of_value, of_slope;

			difference_factors(d, axis, end, 0, &of_value, &of_slope);
			p->fixed[axis][end] = of_slope == 0;
			if (of_slope != 0) {
				p->decay[axis][end] = sign * of_value / of_slope;
				slope[axis][end] = xcalloc((size_t)d->n_points, sizeof(double));
				right->slope[axis][end] = slope[axis][end];
			}
			for (int64_t at = 0; at < d->n_points; at++) {
				const int64_t i = at / d->inner[axis] % d->size[axis];

				if (i != (end ? d->size[axis] - 1 : 0))
					continue;
				const double g = value[difference_side_index(d, axis, at)];
				if (of_slope == 0)
					state[at] = g / of_value;
				else
					slope[axis][end][at] = sign * g / of_slope;
			}
		}
}

static int solve(struct equation_difference *d, const struct multigrid_problem *p, const struct multigrid_right *right,
		 double sign, double *state, struct equation_solved *counts, bool *refused, struct err *e)
{
	struct multigrid *m = multigrid_new(p, e);
	double excess, size = 0;
	int status;

	*refused = !m;
	if (!m)
		return -1;
	status = multigrid_solve(m, right, 1e-11, 200, state, &counts->iterations, &excess, e);
	counts->evaluations = 1;
	for (int64_t i = 0; i < d->n_points; i++)
		size = fmax(size, fabs(right->f[i]));
	for (int axis = 0; axis < d->spec->n_dims; axis++)
		for (int end = 0; end < 2; end++)
			for (int64_t i = 0; i < d->n_points && right->slope[axis][end]; i++)
				size = fmax(size, fabs(right->slope[axis][end][i]) / d->spec->length[axis]);
	if (status == 0 && fabs(excess) > rest_slack(d) * size)
		status =
			err_set(e, ERR_FAIL,
				"equation: no solution: '%s' is determined up to a constant, and its equation holds on "
				"average only with %.6g added to its right side",
				d->spec->unknown[0].name, -sign * excess);
	multigrid_free(m);
	return status;
}

int rest_multigrid(struct equation_difference *d, double *state, struct equation_solved *counts, bool *refused,
		   struct err *e)
{
	const int64_t n = d->n_points;
	double *a = xaligned((size_t)n * sizeof *a), *c = xaligned((size_t)n * sizeof *c),
	       *f = xaligned((size_t)n * sizeof *f);
	struct multigrid_problem p = { .n_dims = d->spec->n_dims, .a = a, .c = c };
	struct multigrid_right right = { .f = f };
	double *slope[3][2] = { { NULL } };
	int status;

	difference_evaluate(d, PART_ELLIPTIC, d->spec->t0, state, (double *const[]){ a, c, f });
	const double sign = a[0] < 0 ? -1 : 1; /* 0 = -div(a grad u) - f is the same */
	for (int64_t i = 0; i < n; i++) {
		a[i] *= sign;
		c[i] *= sign;
		f[i] *= sign;
	}
	for (int axis = 0; axis < p.n_dims; axis++) {
		p.size[axis] = d->size[axis];
		p.length[axis] = d->spec->length[axis];
		p.periodic[axis] = !d->line[axis].closed;
	}
	sides(d, &p, &right, slope, state);
	status = solve(d, &p, &right, sign, state, counts, refused, e);
	for (int axis = 0; axis < 3; axis++)
		for (int end = 0; end < 2; end++)
			free(slope[axis][end]);
	free(a);
	free(c);
	free(f);
	return status;
}
