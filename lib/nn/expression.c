/* expression.c: expressions as graph nodes. */
#include "nn/expression.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "op/op.h"

struct builder {
	struct graph *g;
	struct exprs *p;
	node (*value)(void *context, expr a);
	void *context;
	int n, capacity; /* nodes made so far, by expression */
	struct made {
		expr from;
		node to;
	} * made;
};

static node build(struct builder *b, expr a);

static node no_value(struct builder *b, expr a)
{
	struct str text = { 0 };

	expr_text(b->p, a, &text);
	graph_fail(b->g, "equation: '%s' has no value here", str_text(&text));
	str_free(&text);
	return NODE_NONE;
}

static node negated(struct graph *g, node condition)
{
	return op_shift(g, op_neg(g, condition), 1);
}

static node power(struct builder *b, const struct expr_node *n, node base)
{
	double y = expr_at(b->p, n->arg[1])->value;
	node result = base;

	if (expr_at(b->p, n->arg[1])->op != EX_NUMBER) {
		node exponent = build(b, n->arg[1]);

		return op_exp(b->g, op_mul(b->g, exponent, op_log(b->g, base)));
	}
	if (y == floor(y) && fabs(y) <= 8 && y != 0) {
		for (int k = 1; k < (int)fabs(y); k++)
			result = k == 1 ? op_square(b->g, base) : op_mul(b->g, result, base);
		return y < 0 ? op_recip(b->g, result) : result;
	}
	return op_power(b->g, base, y);
}

static node function(struct builder *b, expr a, enum expr_op op, node x)
{
	struct graph *g = b->g;

	switch (op) {
	case EX_NEG:
		return op_neg(g, x);
	case EX_NOT:
		return negated(g, op_abs(g, op_sign(g, x)));
	case EX_SIN:
		return op_sin(g, x);
	case EX_COS:
		return op_cos(g, x);
	case EX_TAN:
		return op_div(g, op_sin(g, x), op_cos(g, x));
	case EX_SINH:
		return op_scale(g, op_sub(g, op_exp(g, x), op_exp(g, op_neg(g, x))), 0.5);
	case EX_COSH:
		return op_scale(g, op_add(g, op_exp(g, x), op_exp(g, op_neg(g, x))), 0.5);
	case EX_TANH:
		return op_tanh(g, x);
	case EX_SECH:
		return op_scale(g, op_recip(g, op_add(g, op_exp(g, x), op_exp(g, op_neg(g, x)))), 2);
	case EX_EXP:
		return op_exp(g, x);
	case EX_LOG:
		return op_log(g, x);
	case EX_SQRT:
		return op_sqrt(g, x);
	case EX_ABS:
		return op_abs(g, x);
	case EX_SIGN:
		return op_sign(g, x);
	case EX_ASIN:
		return op_asin(g, x);
	case EX_ACOS:
		return op_acos(g, x);
	case EX_ATAN:
		return op_atan(g, x);
	case EX_ERF:
		return op_erf(g, x);
	case EX_STEP:
		return op_less(g, op_zeros_like(g, x), x);
	default:
		return no_value(b, a);
	}
}

static node binary(struct builder *b, expr a, enum expr_op op, node x, node y)
{
	struct graph *g = b->g;

	switch (op) {
	case EX_ADD:
		return op_add(g, x, y);
	case EX_SUB:
		return op_sub(g, x, y);
	case EX_MUL:
		return op_mul(g, x, y);
	case EX_DIV:
		return op_div(g, x, y);
	case EX_LT:
		return op_less(g, x, y);
	case EX_GT:
		return op_less(g, y, x);
	case EX_LE:
		return negated(g, op_less(g, y, x));
	case EX_GE:
		return negated(g, op_less(g, x, y));
	case EX_AND:
		return op_abs(g, op_sign(g, op_mul(g, x, y)));
	case EX_OR:
		return op_max(g, op_abs(g, op_sign(g, x)), op_abs(g, op_sign(g, y)));
	case EX_MIN:
		return op_min(g, x, y);
	case EX_MAX:
		return op_max(g, x, y);
	default:
		return no_value(b, a);
	}
}

/* An operator written out: lap as a sum of second derivatives, derivatives of expressions by the rules. */
static expr written_out(struct exprs *p, expr a)
{
	const struct expr_node n = *expr_at(p, a);
	expr sum = expr_number(p, 0);

	if (n.op == EX_LAP)
		for (int axis = 0; axis < p->n_dims; axis++)
			sum = expr_add(p, sum, expr_total(p, expr_total(p, n.arg[0], axis), axis));
	return n.op == EX_LAP ? sum : n.op == EX_D ? expr_total(p, n.arg[0], n.index) : a;
}

static node fresh(struct builder *b, expr a)
{
	const struct expr_node n = *expr_at(b->p, a);
	node arg[3] = { NODE_NONE, NODE_NONE, NODE_NONE };

	if (n.op == EX_NUMBER || n.op == EX_PI)
		return graph_scalar(b->g, n.op == EX_PI ? M_PI : n.value);
	if (n.n_args == 0 || n.op > EX_MAX) {
		node given = b->value(b->context, a);
		expr other = node_is(given) ? a : written_out(b->p, a);

		return node_is(given) ? given : other != a ? build(b, other) : no_value(b, a);
	}
	for (int i = 0; i < n.n_args && (i == 0 || n.op != EX_POW); i++) {
		arg[i] = build(b, n.arg[i]);
		if (!node_is(arg[i]))
			return NODE_NONE;
	}
	if (n.op == EX_POW)
		return power(b, &n, arg[0]);
	if (n.op == EX_WHERE)
		return op_where(b->g, arg[0], arg[1], arg[2]);
	return n.n_args == 1 ? function(b, a, n.op, arg[0]) : binary(b, a, n.op, arg[0], arg[1]);
}

static node build(struct builder *b, expr a)
{
	node made;

	for (int k = 0; k < b->n; k++)
		if (b->made[k].from == a)
			return b->made[k].to;
	made = fresh(b, a);
	MEM_GROW(b->made, b->n, b->capacity);
	b->made[b->n++] = (struct made){ a, made };
	return made;
}

node nn_expression(struct graph *g, struct exprs *p, expr a, node (*value)(void *context, expr a), void *context)
{
	struct builder b = { .g = g, .p = p, .value = value, .context = context };
	node result = graph_error(g) ? NODE_NONE : build(&b, a);

	free(b.made);
	return result;
}
