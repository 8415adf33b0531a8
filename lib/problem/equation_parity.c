/* equation_parity.c: rules for operators, and a look at the values of formulas. */
#include "problem/equation_parity.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "equation/program.h"
#include "problem/equation_draw.h"

enum parity equation_side_parity(const struct equation_spec *s, int axis, int unknown)
{
	enum parity both = PARITY_ANY;

	for (int end = 0; end < 2; end++) {
		const struct equation_side *side = &s->side[axis][end][unknown];
		enum parity one = PARITY_NONE;

		if (side->given && expr_is_number(s->pool, side->value, 0))
			one = expr_is_number(s->pool, side->of_slope, 0)   ? PARITY_ODD
			      : expr_is_number(s->pool, side->of_value, 0) ? PARITY_EVEN
									   : PARITY_NONE;
		both = end == 0 || both == one ? one : PARITY_NONE;
	}
	return both;
}

/* A formula of place alone at points and at their images beyond both ends. */
static enum parity by_values(const struct equation_spec *s, expr a, int axis)
{
	enum { POINTS = 13 };
	struct program_input input[EXPR_DIMS + 1] = { { expr_leaf(s->pool, EX_COORD, EXPR_TIME), true } };
	double time = s->t0 + 0.37 * (s->t1 - s->t0), param[EQUATION_PARAMS], x[EXPR_DIMS][POINTS], out[3][POINTS],
	       size = 0, even = 0, odd = 0;
	const double *in[EXPR_DIMS + 1] = { &time, x[0], x[1], x[2] };
	struct program *g;

	for (int k = 0; k < s->n_dims; k++)
		input[1 + k] = (struct program_input){ expr_leaf(s->pool, EX_COORD, k), false };
	if (equation_draw_params(s, 0, 0, param, NULL) != 0 ||
	    program_new(&g, s->pool, 1, &a, 1 + s->n_dims, input, NULL) != 0)
		return PARITY_NONE;
	for (int image = 0; image < 3; image++) { /* itself, beyond the lower end, beyond the upper one */
		for (int i = 0; i < POINTS; i++)
			for (int k = 0; k < s->n_dims; k++) {
				double place = fmod(0.137 + 0.618034 * (i + 1) * (k + 1), 1);

				if (k == axis && image > 0)
					place = image == 1 ? -place : 2 - place;
				x[k][i] = s->low[k] + s->length[k] * place;
			}
		program_run(g, POINTS, in, param, (double *const[]){ out[image] });
	}
	program_free(g);
	for (int image = 1; image < 3; image++)
		for (int i = 0; i < POINTS; i++) {
			size = fmax(size, fabs(out[0][i]));
			even = fmax(even, fabs(out[image][i] - out[0][i]));
			odd = fmax(odd, fabs(out[image][i] + out[0][i]));
		}
	if (size == 0)
		return PARITY_ANY;
	return even < 1e-10 * size ? PARITY_EVEN : odd < 1e-10 * size ? PARITY_ODD : PARITY_NONE;
}

static enum parity product(enum parity a, enum parity b)
{
	return a == PARITY_ANY || b == PARITY_ANY ? PARITY_ANY : (enum parity)(a * b);
}

static enum parity sum(enum parity a, enum parity b)
{
	return a == PARITY_ANY ? b : b == PARITY_ANY || a == b ? a : PARITY_NONE;
}

static enum parity power(const struct exprs *p, const struct expr_node *n, enum parity base)
{
	const struct expr_node *y = expr_at(p, n->arg[1]);

	if (base != PARITY_ODD || y->op != EX_NUMBER || y->value != floor(y->value))
		return base == PARITY_ODD ? PARITY_NONE : base;
	return fmod(y->value, 2) == 0 ? PARITY_EVEN : PARITY_ODD;
}

static bool is_odd_function(enum expr_op op)
{
	return op == EX_NEG || op == EX_SIN || op == EX_TAN || op == EX_ASIN || op == EX_ATAN || op == EX_SINH ||
	       op == EX_TANH || op == EX_ERF || op == EX_SIGN;
}

static bool is_even_function(enum expr_op op)
{
	return op == EX_COS || op == EX_COSH || op == EX_SECH || op == EX_ABS;
}

enum parity equation_parity(const struct equation_spec *s, expr a, int axis, const enum parity *unknown,
			    const enum parity *coef)
{
	const struct exprs *p = s->pool;
	const struct expr_node n = *expr_at(p, a);
	enum parity arg[3] = { PARITY_EVEN, PARITY_EVEN, PARITY_EVEN };

	for (int j = 0; j < s->n_unknowns; j++)
		if (s->unknown[j].node == a)
			return unknown[j];
	if (n.op == EX_COEF)
		return coef[n.index];
	if (n.op == EX_NUMBER && n.value == 0)
		return PARITY_ANY;
	if (!expr_has(p, a, EX_COORD, axis) && !expr_has_fields(p, a) && !expr_has(p, a, EX_COEF, -1) &&
	    !expr_has_random(p, a))
		return PARITY_EVEN;
	if (n.op == EX_COSINES)
		return PARITY_EVEN;
	if (n.op == EX_GRF) { /* made of sines where every side is dirichlet */
		for (int j = 0; j < s->n_unknowns * s->n_dims; j++)
			if (equation_side_parity(s, j % s->n_dims, j / s->n_dims) != PARITY_ODD)
				return PARITY_EVEN;
		return n.n_args == 4 && !expr_is_number(p, n.arg[3], 0) ? PARITY_NONE : PARITY_ODD;
	}
	if (!expr_has_fields(p, a) && !expr_has(p, a, EX_COEF, -1) && !expr_has_random(p, a) &&
	    !expr_op_is_linear(n.op))
		return by_values(s, a, axis);
	for (int i = 0; i < n.n_args && i < 3; i++)
		arg[i] = equation_parity(s, n.arg[i], axis, unknown, coef);
	if (n.op == EX_UNIFORM || n.op == EX_LOGUNIFORM || n.op == EX_NORMAL)
		return PARITY_EVEN;
	if (n.op == EX_ADD || n.op == EX_SUB)
		return sum(arg[0], arg[1]);
	if (n.op == EX_MUL || n.op == EX_DIV)
		return product(arg[0], arg[1]);
	if (n.op == EX_POW)
		return power(p, &n, arg[0]);
	if (is_odd_function(n.op))
		return arg[0];
	if (is_even_function(n.op))
		return arg[0] == PARITY_NONE ? PARITY_NONE : PARITY_EVEN;
	if (n.op == EX_D || n.op == EX_RIESZ)
		return arg[0] == PARITY_ANY || n.index != axis ? arg[0] : (enum parity)(-arg[0]);
	if (n.op == EX_LAP || n.op == EX_INVLAP || n.op == EX_FRACLAP)
		return arg[0];
	if (n.op == EX_WHERE)
		return arg[0] == PARITY_EVEN || arg[0] == PARITY_ANY ? sum(arg[1], arg[2]) : PARITY_NONE;
	if (n.op == EX_HILBERT || n.op == EX_INTEGRAL || expr_op_is_random(n.op))
		return PARITY_NONE;
	/* the rest are functions of what is even: exp, log, sqrt, comparisons, min, max, mean */
	for (int i = 0; i < n.n_args && i < 3; i++)
		if (arg[i] != PARITY_EVEN && arg[i] != PARITY_ANY)
			return PARITY_NONE;
	return PARITY_EVEN;
}
