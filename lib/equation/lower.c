/* lower.c: vector expressions component by component in scalar operators. */
#include "equation/expr.h"

static expr part_of(struct exprs *p, expr a, int component)
{
	return expr_make(p, EX_PART, component, 1, &a);
}

expr expr_lower(struct exprs *p, expr a, int component)
{
	const struct expr_node n = *expr_at(p, a);
	const int dims = p->n_dims;
	expr arg[EXPR_ARGS], sum = EXPR_NONE;

	switch (n.op) {
	case EX_FIELD:
		return n.rank == 1 ? a : part_of(p, a, component);
	case EX_VECTOR:
		return expr_lower(p, n.arg[component], 0);
	case EX_PART:
		return expr_lower(p, n.arg[0], n.index);
	case EX_GRAD:
		return expr_d(p, expr_lower(p, n.arg[0], 0), component);
	case EX_DIVERGENCE:
	case EX_DOT:
		for (int c = 0; c < expr_at(p, n.arg[0])->rank; c++) {
			expr term = n.op == EX_DOT ? expr_mul(p, expr_lower(p, n.arg[0], c), expr_lower(p, n.arg[1], c))
						   : expr_d(p, expr_lower(p, n.arg[0], c), c);

			sum = sum == EXPR_NONE ? term : expr_add(p, sum, term);
		}
		return sum;
	case EX_CURL:
		if (dims == 3) {
			const int b = (component + 1) % 3, c = (component + 2) % 3;

			return expr_sub(p, expr_d(p, expr_lower(p, n.arg[0], c), b),
					expr_d(p, expr_lower(p, n.arg[0], b), c));
		}
		if (expr_at(p, n.arg[0])->rank == 1) {
			expr d = expr_d(p, expr_lower(p, n.arg[0], 0), 1 - component);

			return component == 0 ? d : expr_neg(p, d);
		}
		return expr_sub(p, expr_d(p, expr_lower(p, n.arg[0], 1), 0), expr_d(p, expr_lower(p, n.arg[0], 0), 1));
	default:
		break;
	}
	if (n.n_args == 0)
		return a;
	for (int i = 0; i < n.n_args; i++)
		arg[i] = expr_lower(p, n.arg[i], expr_at(p, n.arg[i])->rank > 1 ? component : 0);
	return expr_build(p, n.op, n.index, n.n_args, arg);
}
