/* derive.c: trees rewritten: building with simplification, total, partial and directional derivatives. */
#include <math.h>
#include <string.h>

#include "equation/expr.h"

/* ---- building ------------------------------------------------------------------------------------ */

static bool is_number(const struct exprs *p, expr a, double *value)
{
	if (expr_at(p, a)->op != EX_NUMBER)
		return false;
	*value = expr_at(p, a)->value;
	return true;
}

static enum expr_op op_of(const struct exprs *p, expr a)
{
	return expr_at(p, a)->op;
}

static expr arg_of(const struct exprs *p, expr a, int i)
{
	return expr_at(p, a)->arg[i];
}

static expr make(struct exprs *p, enum expr_op op, expr a, expr b)
{
	expr pair[2] = { a, b };

	return expr_make(p, op, 0, 2, pair);
}

static bool scalars(const struct exprs *p, expr a, expr b)
{
	return expr_at(p, a)->rank == 1 && expr_at(p, b)->rank == 1;
}

/* Numeric factor of a product, its rest in *core. */
static double factor_of(struct exprs *p, expr a, expr *core)
{
	double v;

	*core = a;
	if (op_of(p, a) == EX_NEG) {
		v = factor_of(p, arg_of(p, a, 0), core);
		return -v;
	}
	if (op_of(p, a) == EX_MUL && is_number(p, arg_of(p, a, 0), &v)) {
		*core = arg_of(p, a, 1);
		return v;
	}
	return 1;
}

static expr scaled(struct exprs *p, double v, expr core)
{
	return expr_mul(p, expr_number(p, v), core);
}

expr expr_add(struct exprs *p, expr a, expr b)
{
	double x, y, fa, fb;
	expr ca, cb;

	if (is_number(p, a, &x) && is_number(p, b, &y))
		return expr_number(p, x + y);
	if (expr_is_number(p, a, 0))
		return b;
	if (expr_is_number(p, b, 0))
		return a;
	fa = factor_of(p, a, &ca);
	fb = factor_of(p, b, &cb);
	if (ca == cb)
		return scaled(p, fa + fb, ca);
	if (fb < 0)
		return make(p, EX_SUB, a, scaled(p, -fb, cb));
	if (is_number(p, b, &y) && y < 0)
		return make(p, EX_SUB, a, expr_number(p, -y));
	if (fa < 0)
		return make(p, EX_SUB, b, scaled(p, -fa, ca));
	return make(p, EX_ADD, a, b);
}

expr expr_neg(struct exprs *p, expr a)
{
	double x;

	if (is_number(p, a, &x))
		return expr_number(p, -x);
	if (op_of(p, a) == EX_NEG)
		return arg_of(p, a, 0);
	if (op_of(p, a) == EX_SUB)
		return expr_sub(p, arg_of(p, a, 1), arg_of(p, a, 0));
	if (op_of(p, a) == EX_MUL && is_number(p, arg_of(p, a, 0), &x))
		return scaled(p, -x, arg_of(p, a, 1));
	return expr_make(p, EX_NEG, 0, 1, &a);
}

expr expr_sub(struct exprs *p, expr a, expr b)
{
	double x, y, fa, fb;
	expr ca, cb;

	if (is_number(p, a, &x) && is_number(p, b, &y))
		return expr_number(p, x - y);
	if (expr_is_number(p, b, 0))
		return a;
	if (expr_is_number(p, a, 0))
		return expr_neg(p, b);
	fa = factor_of(p, a, &ca);
	fb = factor_of(p, b, &cb);
	if (ca == cb)
		return scaled(p, fa - fb, ca);
	if (fb < 0)
		return make(p, EX_ADD, a, scaled(p, -fb, cb));
	if (is_number(p, b, &y) && y < 0)
		return make(p, EX_ADD, a, expr_number(p, -y));
	return make(p, EX_SUB, a, b);
}

expr expr_mul(struct exprs *p, expr a, expr b)
{
	double x, y;

	if (is_number(p, b, &y) && !is_number(p, a, &x)) { /* numbers go first */
		expr swap = a;

		a = b;
		b = swap;
	}
	if (is_number(p, a, &x)) {
		if (is_number(p, b, &y))
			return expr_number(p, x * y);
		if (x == 0 && expr_at(p, b)->rank == 1)
			return expr_number(p, 0);
		if (x == 1)
			return b;
		if (op_of(p, b) == EX_NEG)
			return expr_mul(p, expr_number(p, -x), arg_of(p, b, 0));
		if (op_of(p, b) == EX_MUL && is_number(p, arg_of(p, b, 0), &y))
			return expr_mul(p, expr_number(p, x * y), arg_of(p, b, 1));
		if (x == -1)
			return expr_neg(p, b);
		return make(p, EX_MUL, a, b);
	}
	if (op_of(p, a) == EX_NEG)
		return expr_neg(p, expr_mul(p, arg_of(p, a, 0), b));
	if (op_of(p, b) == EX_NEG)
		return expr_neg(p, expr_mul(p, a, arg_of(p, b, 0)));
	if (op_of(p, a) == EX_MUL && is_number(p, arg_of(p, a, 0), &x))
		return expr_mul(p, arg_of(p, a, 0), expr_mul(p, arg_of(p, a, 1), b));
	if (op_of(p, b) == EX_MUL && is_number(p, arg_of(p, b, 0), &x))
		return expr_mul(p, arg_of(p, b, 0), expr_mul(p, a, arg_of(p, b, 1)));
	if (!scalars(p, a, b))
		return make(p, EX_MUL, a, b);
	if (a == b)
		return expr_pow(p, a, expr_number(p, 2));
	if (op_of(p, a) == EX_POW && arg_of(p, a, 0) == b && is_number(p, arg_of(p, a, 1), &x) && x != -1)
		return expr_pow(p, b, expr_number(p, x + 1));
	if (op_of(p, b) == EX_POW && arg_of(p, b, 0) == a && is_number(p, arg_of(p, b, 1), &x) && x != -1)
		return expr_pow(p, a, expr_number(p, x + 1));
	return make(p, EX_MUL, a, b);
}

expr expr_div(struct exprs *p, expr a, expr b)
{
	double x, y;

	if (is_number(p, b, &y) && y != 0) {
		if (is_number(p, a, &x))
			return expr_number(p, x / y);
		if (y == 1)
			return a;
	}
	if (expr_is_number(p, a, 0) && !expr_is_number(p, b, 0))
		return a;
	if (op_of(p, a) == EX_NEG)
		return expr_neg(p, expr_div(p, arg_of(p, a, 0), b));
	return make(p, EX_DIV, a, b);
}

expr expr_pow(struct exprs *p, expr a, expr b)
{
	double x, y;

	if (is_number(p, b, &y)) {
		if (y == 1)
			return a;
		if (y == 0)
			return expr_number(p, 1);
		if (is_number(p, a, &x) && isfinite(pow(x, y)))
			return expr_number(p, pow(x, y));
	}
	return make(p, EX_POW, a, b);
}

expr expr_apply(struct exprs *p, enum expr_op f, expr a)
{
	expr arg[EXPR_ARGS] = { a, EXPR_NONE, EXPR_NONE, EXPR_NONE };

	return expr_build(p, f, 0, 1, arg);
}

/* Derivatives nest in the order of axes, the first axis innermost. */
expr expr_d(struct exprs *p, expr a, int axis)
{
	const struct expr_node n = *expr_at(p, a);

	if (expr_is_constant(p, a) || n.op == EX_MEAN || n.op == EX_INTEGRAL)
		return axis == EXPR_TIME && !expr_is_constant(p, a) ? expr_make(p, EX_D, axis, 1, &a)
								    : expr_number(p, 0);
	if (n.op == EX_NEG)
		return expr_neg(p, expr_d(p, n.arg[0], axis));
	if (n.op == EX_MUL && expr_is_constant(p, n.arg[0]))
		return expr_mul(p, n.arg[0], expr_d(p, n.arg[1], axis));
	if (n.op == EX_D && n.index > axis) {
		expr inner = expr_d(p, n.arg[0], axis);

		return expr_make(p, EX_D, n.index, 1, &inner);
	}
	return expr_make(p, EX_D, axis, 1, &a);
}

expr expr_build(struct exprs *p, enum expr_op op, int index, int n_args, const expr *arg)
{
	bool constant = n_args > 0;
	double v[3] = { 0 };

	switch (op) {
	case EX_ADD:
		return expr_add(p, arg[0], arg[1]);
	case EX_SUB:
		return expr_sub(p, arg[0], arg[1]);
	case EX_MUL:
		return expr_mul(p, arg[0], arg[1]);
	case EX_DIV:
		return expr_div(p, arg[0], arg[1]);
	case EX_POW:
		return expr_pow(p, arg[0], arg[1]);
	case EX_NEG:
		return expr_neg(p, arg[0]);
	case EX_D:
		return expr_d(p, arg[0], index);
	case EX_LAP:
	case EX_INVLAP:
	case EX_HILBERT:
	case EX_RIESZ:
	case EX_FRACLAP:
		if (expr_is_constant(p, arg[0]))
			return expr_number(p, 0);
		break;
	case EX_WHERE:
		if (is_number(p, arg[0], &v[0]))
			return v[0] != 0 ? arg[1] : arg[2];
		return arg[1] == arg[2] ? arg[1] : expr_make(p, op, index, n_args, arg);
	default:
		break;
	}
	for (int i = 0; i < n_args && constant; i++)
		constant = i < 3 && is_number(p, arg[i], &v[i]);
	if (constant && op > EX_NEG && op <= EX_MAX && isfinite(expr_op_value(op, v[0], v[1], v[2])))
		return expr_number(p, expr_op_value(op, v[0], v[1], v[2]));
	return expr_make(p, op, index, n_args, arg);
}

/* ---- rewriting ----------------------------------------------------------------------------------- */

expr expr_simplify(struct exprs *p, expr a)
{
	const struct expr_node n = *expr_at(p, a);
	expr arg[EXPR_ARGS] = { 0 };

	if (n.n_args == 0)
		return a;
	for (int i = 0; i < n.n_args; i++)
		arg[i] = expr_simplify(p, n.arg[i]);
	return expr_build(p, n.op, n.index, n.n_args, arg);
}

expr expr_replace(struct exprs *p, expr a, expr old, expr by)
{
	const struct expr_node n = *expr_at(p, a);
	expr arg[EXPR_ARGS];
	bool changed = false;

	if (a == old)
		return by;
	for (int i = 0; i < n.n_args; i++) {
		arg[i] = expr_replace(p, n.arg[i], old, by);
		changed |= arg[i] != n.arg[i];
	}
	return changed ? expr_build(p, n.op, n.index, n.n_args, arg) : a;
}

/* ---- derivatives --------------------------------------------------------------------------------- */

/* Derivative of a function of one variable at a. */
static expr slope_of(struct exprs *p, enum expr_op f, expr a)
{
	const expr one = expr_number(p, 1), two = expr_number(p, 2);
	const expr square = expr_pow(p, a, two);

	switch (f) {
	case EX_SIN:
		return expr_apply(p, EX_COS, a);
	case EX_COS:
		return expr_neg(p, expr_apply(p, EX_SIN, a));
	case EX_TAN:
		return expr_add(p, one, expr_pow(p, expr_apply(p, EX_TAN, a), two));
	case EX_ASIN:
		return expr_div(p, one, expr_apply(p, EX_SQRT, expr_sub(p, one, square)));
	case EX_ACOS:
		return expr_neg(p, expr_div(p, one, expr_apply(p, EX_SQRT, expr_sub(p, one, square))));
	case EX_ATAN:
		return expr_div(p, one, expr_add(p, one, square));
	case EX_SINH:
		return expr_apply(p, EX_COSH, a);
	case EX_COSH:
		return expr_apply(p, EX_SINH, a);
	case EX_TANH:
		return expr_sub(p, one, expr_pow(p, expr_apply(p, EX_TANH, a), two));
	case EX_SECH:
		return expr_neg(p, expr_mul(p, expr_apply(p, EX_SECH, a), expr_apply(p, EX_TANH, a)));
	case EX_EXP:
		return expr_apply(p, EX_EXP, a);
	case EX_LOG:
		return expr_div(p, one, a);
	case EX_SQRT:
		return expr_div(p, expr_number(p, 0.5), expr_apply(p, EX_SQRT, a));
	case EX_ABS:
		return expr_apply(p, EX_SIGN, a);
	case EX_ERF:
		return expr_mul(p, expr_number(p, 2 / sqrt(M_PI)), expr_apply(p, EX_EXP, expr_neg(p, square)));
	default: /* sign, step: 0 almost everywhere */
		return expr_number(p, 0);
	}
}

/* One kind of derivative: what it gives at leaves and at linear operators; everything else is the chain rule. */
struct rule {
	enum { RULE_TOTAL, RULE_PARTIAL, RULE_GATEAUX } kind;
	int axis;	/* RULE_TOTAL */
	expr variable;	/* else */
	expr direction; /* RULE_GATEAUX */
};

static expr derive(struct exprs *p, expr a, const struct rule *r);

static expr derive_power(struct exprs *p, expr a, expr b, expr da, expr db)
{
	double y;
	expr lowered, t = expr_number(p, 0);

	lowered = is_number(p, b, &y) ? expr_number(p, y - 1) : expr_sub(p, b, expr_number(p, 1));
	if (!expr_is_number(p, da, 0))
		t = expr_mul(p, expr_mul(p, b, expr_pow(p, a, lowered)), da);
	if (!expr_is_number(p, db, 0))
		t = expr_add(p, t, expr_mul(p, expr_mul(p, expr_pow(p, a, b), expr_apply(p, EX_LOG, a)), db));
	return t;
}

static expr derive_leaf(struct exprs *p, expr a, const struct rule *r)
{
	const struct expr_node n = *expr_at(p, a);

	if (r->kind != RULE_TOTAL)
		return expr_number(p, 0);
	if (n.op == EX_COORD)
		return expr_number(p, n.index == r->axis);
	if (n.op == EX_COEF && r->axis == EXPR_TIME)
		return expr_number(p, 0);
	return n.op == EX_FIELD || n.op == EX_COEF ? expr_d(p, a, r->axis) : expr_number(p, 0);
}

static expr derive(struct exprs *p, expr a, const struct rule *r)
{
	const struct expr_node n = *expr_at(p, a);
	const expr zero = expr_number(p, 0);
	expr d[EXPR_ARGS], arg[EXPR_ARGS];
	bool all_zero = true;

	if (r->kind != RULE_TOTAL && a == r->variable)
		return r->kind == RULE_PARTIAL ? expr_number(p, 1) : r->direction;
	if (n.n_args == 0)
		return derive_leaf(p, a, r);
	if (expr_op_is_linear(n.op) && r->kind == RULE_PARTIAL)
		return zero; /* u_xx is a variable of its own */
	if (r->kind == RULE_TOTAL && (n.op == EX_D || n.op == EX_LAP || n.op == EX_INVLAP || n.op == EX_FRACLAP ||
				      n.op == EX_HILBERT || n.op == EX_RIESZ || n.op == EX_MEAN || n.op == EX_INTEGRAL))
		return expr_d(p, a, r->axis);
	for (int i = 0; i < n.n_args; i++) {
		d[i] = derive(p, n.arg[i], r);
		all_zero &= expr_is_number(p, d[i], 0);
	}
	if (all_zero)
		return zero;
	switch (n.op) {
	case EX_ADD:
		return expr_add(p, d[0], d[1]);
	case EX_SUB:
		return expr_sub(p, d[0], d[1]);
	case EX_NEG:
		return expr_neg(p, d[0]);
	case EX_MUL:
		return expr_add(p, expr_mul(p, d[0], n.arg[1]), expr_mul(p, n.arg[0], d[1]));
	case EX_DIV:
		return expr_sub(p, expr_div(p, d[0], n.arg[1]),
				expr_div(p, expr_mul(p, n.arg[0], d[1]), expr_pow(p, n.arg[1], expr_number(p, 2))));
	case EX_POW:
		return derive_power(p, n.arg[0], n.arg[1], d[0], d[1]);
	case EX_WHERE:
		arg[0] = n.arg[0];
		arg[1] = d[1];
		arg[2] = d[2];
		return expr_build(p, EX_WHERE, 0, 3, arg);
	case EX_MIN:
	case EX_MAX:
		arg[0] = make(p, n.op == EX_MIN ? EX_LE : EX_GE, n.arg[0], n.arg[1]);
		arg[1] = d[0];
		arg[2] = d[1];
		return expr_build(p, EX_WHERE, 0, 3, arg);
	case EX_LT:
	case EX_LE:
	case EX_GT:
	case EX_GE:
	case EX_AND:
	case EX_OR:
	case EX_NOT:
		return zero;
	case EX_DOT:
		arg[0] = make(p, EX_DOT, d[0], n.arg[1]);
		arg[1] = make(p, EX_DOT, n.arg[0], d[1]);
		return expr_is_number(p, d[0], 0)   ? arg[1]
		       : expr_is_number(p, d[1], 0) ? arg[0]
						    : expr_add(p, arg[0], arg[1]);
	case EX_FRACLAP:
		arg[0] = d[0];
		arg[1] = n.arg[1];
		return expr_build(p, n.op, n.index, 2, arg);
	default:
		break;
	}
	if (expr_op_is_linear(n.op) || n.op >= EX_VECTOR)
		return expr_build(p, n.op, n.index, n.n_args, d);
	return expr_mul(p, slope_of(p, n.op, n.arg[0]), d[0]);
}

expr expr_total(struct exprs *p, expr a, int axis)
{
	return derive(p, a, &(struct rule){ .kind = RULE_TOTAL, .axis = axis });
}

expr expr_partial(struct exprs *p, expr a, expr variable)
{
	return derive(p, a, &(struct rule){ .kind = RULE_PARTIAL, .variable = variable });
}

expr expr_gateaux(struct exprs *p, expr a, expr field, expr direction)
{
	return derive(p, a, &(struct rule){ .kind = RULE_GATEAUX, .variable = field, .direction = direction });
}
