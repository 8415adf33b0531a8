/* split.c: what of an expression is linear in the fields with constant coefficients, its Fourier symbol, and the facts
 * that choose a method. */
#include <complex.h>
#include <math.h>
#include <string.h>

#include "equation/expr.h"

static expr none(struct exprs *p)
{
	return expr_number(p, 0);
}

static struct expr_split only_rest(struct exprs *p, expr a)
{
	return (struct expr_split){ none(p), none(p), a };
}

static struct expr_split product(struct exprs *p, const struct expr_split *a, const struct expr_split *b)
{
	const expr a1 = expr_add(p, a->linear, a->rest), b1 = expr_add(p, b->linear, b->rest);
	struct expr_split s = { expr_mul(p, a->given, b->given), none(p), expr_mul(p, a1, b1) };

	/* given x linear stays linear when the factor is constant */
	for (int side = 0; side < 2; side++) {
		const struct expr_split *c = side ? b : a, *v = side ? a : b;
		expr linear = expr_mul(p, c->given, v->linear);

		if (expr_is_constant(p, c->given))
			s.linear = expr_add(p, s.linear, linear);
		else
			s.rest = expr_add(p, s.rest, linear);
		s.rest = expr_add(p, s.rest, expr_mul(p, c->given, v->rest));
	}
	return s;
}

static expr wrap(struct exprs *p, const struct expr_node *n, expr a)
{
	expr arg[EXPR_ARGS] = { a, n->arg[1], n->arg[2], n->arg[3] };

	return expr_is_number(p, a, 0) ? a : expr_build(p, n->op, n->index, n->n_args, arg);
}

struct expr_split expr_split(struct exprs *p, expr a)
{
	const struct expr_node n = *expr_at(p, a);
	struct expr_split s, t;

	if (!expr_has_fields(p, a))
		return (struct expr_split){ expr_simplify(p, a), none(p), none(p) };
	switch (n.op) {
	case EX_FIELD:
	case EX_PART:
		return (struct expr_split){ none(p), a, none(p) };
	case EX_ADD:
	case EX_SUB:
		s = expr_split(p, n.arg[0]);
		t = expr_split(p, n.arg[1]);
		if (n.op == EX_ADD)
			return (struct expr_split){ expr_add(p, s.given, t.given), expr_add(p, s.linear, t.linear),
						    expr_add(p, s.rest, t.rest) };
		return (struct expr_split){ expr_sub(p, s.given, t.given), expr_sub(p, s.linear, t.linear),
					    expr_sub(p, s.rest, t.rest) };
	case EX_NEG:
		s = expr_split(p, n.arg[0]);
		return (struct expr_split){ expr_neg(p, s.given), expr_neg(p, s.linear), expr_neg(p, s.rest) };
	case EX_MUL:
		s = expr_split(p, n.arg[0]);
		t = expr_split(p, n.arg[1]);
		return product(p, &s, &t);
	case EX_DIV:
		if (!expr_is_constant(p, n.arg[1]))
			return only_rest(p, expr_simplify(p, a));
		s = expr_split(p, n.arg[0]);
		return (struct expr_split){ expr_div(p, s.given, n.arg[1]), expr_div(p, s.linear, n.arg[1]),
					    expr_div(p, s.rest, n.arg[1]) };
	case EX_POW:
		s = expr_split(p, n.arg[0]);
		if (expr_is_number(p, n.arg[1], 2) && !expr_is_number(p, s.given, 0))
			return product(p, &s, &s);
		return only_rest(p, expr_simplify(p, a));
	case EX_INTEGRAL:
	case EX_MEAN:
		return only_rest(p, expr_simplify(p, a));
	default:
		break;
	}
	if (expr_op_is_linear(n.op) && !(n.op == EX_D && n.index == EXPR_TIME)) {
		s = expr_split(p, n.arg[0]);
		return (struct expr_split){ wrap(p, &n, s.given), wrap(p, &n, s.linear), wrap(p, &n, s.rest) };
	}
	return only_rest(p, expr_simplify(p, a));
}

/* ---- symbols ------------------------------------------------------------------------------------- */

static double complex operator_symbol(const struct exprs *p, const struct expr_node *n, const double *k,
				      const double *param)
{
	double square = 0;

	for (int a = 0; a < p->n_dims; a++)
		square += k[a] * k[a];
	switch (n->op) {
	case EX_D:
		return I * k[n->index];
	case EX_LAP:
		return -square;
	case EX_INVLAP:
		return square > 0 ? -1 / square : 0;
	case EX_FRACLAP:
		return square > 0 ? pow(square, expr_constant(p, n->arg[1], param) / 2) : 0;
	case EX_HILBERT:
		return -I * ((k[0] > 0) - (k[0] < 0));
	case EX_RIESZ:
		return square > 0 ? -I * k[n->index] / sqrt(square) : 0;
	default:
		return NAN;
	}
}

static void add_symbol(const struct exprs *p, expr a, double complex factor, const double *k, const double *param,
		       int n_unknowns, const expr *unknown, double *out)
{
	const struct expr_node *n = expr_at(p, a);

	for (int j = 0; j < n_unknowns; j++)
		if (unknown[j] == a) {
			out[2 * j] += creal(factor);
			out[2 * j + 1] += cimag(factor);
			return;
		}
	switch (n->op) {
	case EX_ADD:
	case EX_SUB:
		add_symbol(p, n->arg[0], factor, k, param, n_unknowns, unknown, out);
		add_symbol(p, n->arg[1], n->op == EX_ADD ? factor : -factor, k, param, n_unknowns, unknown, out);
		return;
	case EX_NEG:
		add_symbol(p, n->arg[0], -factor, k, param, n_unknowns, unknown, out);
		return;
	case EX_MUL: {
		const int c = expr_is_constant(p, n->arg[0]) ? 0 : 1;

		add_symbol(p, n->arg[1 - c], factor * expr_constant(p, n->arg[c], param), k, param, n_unknowns, unknown,
			   out);
		return;
	}
	case EX_DIV:
		add_symbol(p, n->arg[0], factor / expr_constant(p, n->arg[1], param), k, param, n_unknowns, unknown,
			   out);
		return;
	default:
		if (expr_op_is_linear(n->op))
			add_symbol(p, n->arg[0], factor * operator_symbol(p, n, k, param), k, param, n_unknowns,
				   unknown, out);
	}
}

void expr_fourier(const struct exprs *p, expr linear, const double *k, const double *param, int n_unknowns,
		  const expr *unknown, double *out)
{
	memset(out, 0, 2 * (size_t)n_unknowns * sizeof *out);
	add_symbol(p, linear, 1, k, param, n_unknowns, unknown, out);
}

/* ---- facts --------------------------------------------------------------------------------------- */

/* Degree of a polynomial in the fields; -1: none. */
static int degree(const struct exprs *p, expr a)
{
	const struct expr_node *n = expr_at(p, a);
	int d[2];

	if (!expr_has_fields(p, a))
		return 0;
	if (n->op == EX_FIELD || n->op == EX_PART)
		return 1;
	if (n->op == EX_POW) {
		const struct expr_node *power = expr_at(p, n->arg[1]);

		d[0] = degree(p, n->arg[0]);
		return d[0] >= 0 && power->op == EX_NUMBER && power->value == floor(power->value) &&
				       power->value >= 0 && power->value <= 16
			       ? d[0] * (int)power->value
			       : -1;
	}
	if (expr_op_is_linear(n->op) || n->op == EX_NEG)
		return degree(p, n->arg[0]);
	if (n->op == EX_DIV)
		return expr_has_fields(p, n->arg[1]) ? -1 : degree(p, n->arg[0]);
	if (n->op == EX_ADD || n->op == EX_SUB || n->op == EX_MUL) {
		d[0] = degree(p, n->arg[0]);
		d[1] = degree(p, n->arg[1]);
		if (d[0] < 0 || d[1] < 0)
			return -1;
		return n->op == EX_MUL ? d[0] + d[1] : d[0] > d[1] ? d[0] : d[1];
	}
	return -1;
}

/* Orders of derivatives gathered on the way down to fields. */
static void orders(const struct exprs *p, expr a, const int *above, int total, struct expr_facts *f)
{
	const struct expr_node *n = expr_at(p, a);
	int below[EXPR_DIMS + 1];

	memcpy(below, above, sizeof below);
	switch (n->op) {
	case EX_FIELD:
		for (int i = 0; i <= EXPR_TIME; i++)
			f->order[i] = above[i] > f->order[i] ? above[i] : f->order[i];
		f->total_order = total > f->total_order ? total : f->total_order;
		return;
	case EX_COORD:
		f->place |= n->index != EXPR_TIME;
		f->time |= n->index == EXPR_TIME;
		return;
	case EX_COEF:
		f->place = true;
		return;
	case EX_NOISE:
		f->noise = true;
		return;
	case EX_D:
		below[n->index]++;
		total += n->index != EXPR_TIME;
		break;
	case EX_LAP:
		for (int i = 0; i < p->n_dims; i++)
			below[i] += 2;
		total += 2;
		break;
	case EX_INVLAP:
	case EX_FRACLAP:
	case EX_HILBERT:
	case EX_RIESZ:
	case EX_INTEGRAL:
	case EX_MEAN:
		f->nonlocal = true;
		break;
	default:
		break;
	}
	for (int i = 0; i < n->n_args; i++)
		orders(p, n->arg[i], below, total, f);
}

struct expr_facts expr_classify(struct exprs *p, expr a)
{
	static const int zero[EXPR_DIMS + 1] = { 0 };
	struct expr_facts f = { 0 }, linear = { 0 };

	orders(p, a, zero, 0, &f);
	f.degree = degree(p, a);
	if (expr_at(p, a)->rank == 1) {
		orders(p, expr_split(p, expr_lower(p, a, 0)).linear, zero, 0, &linear);
		f.stiff = linear.total_order >= 2;
	}
	return f;
}
