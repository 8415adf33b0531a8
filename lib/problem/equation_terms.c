/* equation_terms.c: right-hand sides brought to the form linear part + sum of operators on functions of values at
 * points. */
#include "problem/equation_terms.h"

static int add_slot(struct equation_fourier *f, expr node, bool uniform, const struct slot *s, struct err *e)
{
	if (f->n_slots == SLOTS) {
		program_free(s->program);
		return err_set(e, ERR_USAGE, "equation: more than %d different derivatives and operators", SLOTS);
	}
	f->input[f->n_slots] = (struct program_input){ node, uniform };
	f->slot[f->n_slots++] = *s;
	return 0;
}

/* Slots for everything in a pointwise expression that the evaluator does not know, arguments first. */
static int find_slots(struct equation_fourier *f, expr a, struct err *e)
{
	struct exprs *p = f->spec->pool;
	const struct expr_node n = *expr_at(p, a);
	struct slot s = { .scale = 1, .index = n.index };

	for (int k = 0; k < f->n_slots; k++)
		if (f->input[k].node == a)
			return 0;
	if (n.op == EX_COORD || n.op == EX_COEF) {
		s.kind = n.op == EX_COEF ? SLOT_COEF : n.index == EXPR_TIME ? SLOT_TIME : SLOT_COORD;
		return add_slot(f, a, s.kind == SLOT_TIME, &s, e);
	}
	for (int j = 0; j < f->n_unknowns; j++)
		if (f->spec->unknown[j].node == a) {
			s.linear = a;
			return add_slot(f, a, false, &s, e);
		}
	if (!expr_op_is_linear(n.op)) {
		for (int i = 0; i < n.n_args; i++)
			if (find_slots(f, n.arg[i], e) != 0)
				return -1;
		return 0;
	}
	if (n.op == EX_INTEGRAL || n.op == EX_MEAN) {
		s.kind = SLOT_INTEGRAL;
		for (int i = 0; i < f->spec->n_dims && n.op == EX_INTEGRAL; i++)
			s.scale *= f->spec->length[i];
	} else {
		struct expr_split split = expr_split(p, a);
		expr arg[EXPR_ARGS] = { f->blank, n.arg[1], n.arg[2], n.arg[3] };

		if (expr_is_number(p, split.given, 0) && expr_is_number(p, split.rest, 0)) {
			s.linear = split.linear;
			return add_slot(f, a, false, &s, e);
		}
		s.kind = SLOT_POINTS;
		s.linear = expr_build(p, n.op, n.index, n.n_args, arg);
	}
	if (find_slots(f, n.arg[0], e) != 0 || program_new(&s.program, p, 1, &n.arg[0], f->n_slots, f->input, e) != 0)
		return -1;
	return add_slot(f, a, s.kind == SLOT_INTEGRAL, &s, e);
}

/* Add factor * multiplier(point) to the terms of an unknown; terms of one multiplier share a transform. */
static int add_term(struct equation_fourier *f, int unknown, expr factor, expr multiplier, expr point, struct err *e)
{
	struct exprs *p = f->spec->pool;
	bool steady = !expr_has_fields(p, point) && !expr_has(p, point, EX_COORD, EXPR_TIME);
	struct term *t = f->term;

	point = expr_mul(p, factor, point);
	for (; t < f->term + f->n_terms; t++)
		if (t->unknown == unknown && t->multiplier == multiplier && t->steady == steady) {
			t->point = expr_add(p, t->point, point);
			return 0;
		}
	if (f->n_terms == TERMS)
		return err_set(e, ERR_USAGE, "equation: more than %d terms with different operators", TERMS);
	f->term[f->n_terms++] = (struct term){ unknown, multiplier, point, NULL, steady, NULL };
	return 0;
}

/* Add how often x is a factor of a; false: there are other factors. */
static bool count_factors(const struct exprs *p, expr a, expr x, int *count)
{
	const struct expr_node *n = expr_at(p, a);

	if (a == x) {
		++*count;
		return true;
	}
	if (n->op == EX_MUL)
		return count_factors(p, n->arg[0], x, count) && count_factors(p, n->arg[1], x, count);
	for (int k = 2; n->op == EX_POW && n->arg[0] == x && k <= 7; k++)
		if (expr_is_number(p, n->arg[1], k)) {
			*count += k;
			return true;
		}
	return false;
}

/* Is a = x^n D(x)? Then x^(n+1) / (n+1), and the axis of D. */
static bool is_flux(struct exprs *p, expr a, expr *flux, int *axis)
{
	const struct expr_node n = *expr_at(p, a);

	for (int i = 0; i < 2 && n.op == EX_MUL; i++) {
		const struct expr_node d = *expr_at(p, n.arg[i]);
		int count = 0;

		if (d.op != EX_D || d.index == EXPR_TIME || !count_factors(p, n.arg[1 - i], d.arg[0], &count))
			continue;
		*axis = d.index;
		*flux = expr_div(p, expr_pow(p, d.arg[0], expr_number(p, count + 1)), expr_number(p, count + 1));
		return true;
	}
	return false;
}

/* Peel sums, constant factors and linear operators off. */
static int peel(struct equation_fourier *f, bool exact, int unknown, expr factor, expr multiplier, expr a,
		struct err *e)
{
	struct exprs *p = f->spec->pool;
	const struct expr_node n = *expr_at(p, a);
	expr arg[EXPR_ARGS] = { multiplier, n.arg[1], n.arg[2], n.arg[3] }, flux;
	int axis;

	if (expr_is_number(p, a, 0))
		return 0;
	if (n.op == EX_ADD || n.op == EX_SUB) {
		if (peel(f, exact, unknown, factor, multiplier, n.arg[0], e) != 0)
			return -1;
		return peel(f, exact, unknown, n.op == EX_ADD ? factor : expr_neg(p, factor), multiplier, n.arg[1], e);
	}
	if (n.op == EX_NEG)
		return peel(f, exact, unknown, expr_neg(p, factor), multiplier, n.arg[0], e);
	if (n.op == EX_MUL && expr_is_constant(p, n.arg[0]))
		return peel(f, exact, unknown, expr_mul(p, factor, n.arg[0]), multiplier, n.arg[1], e);
	if (n.op == EX_MUL && expr_is_constant(p, n.arg[1]))
		return peel(f, exact, unknown, expr_mul(p, factor, n.arg[1]), multiplier, n.arg[0], e);
	if (n.op == EX_DIV && expr_is_constant(p, n.arg[1]))
		return peel(f, exact, unknown, expr_div(p, factor, n.arg[1]), multiplier, n.arg[0], e);
	if (expr_op_is_linear(n.op) && n.op != EX_INTEGRAL && n.op != EX_MEAN)
		return peel(f, exact, unknown, factor, expr_build(p, n.op, n.index, n.n_args, arg), n.arg[0], e);
	if (exact && is_flux(p, a, &flux, &axis))
		return add_term(f, unknown, factor, expr_build(p, EX_D, axis, 1, &multiplier), flux, e);
	return add_term(f, unknown, factor, multiplier, a, e);
}

int equation_translate(struct equation_fourier *f, bool exact, struct err *e)
{
	struct exprs *p = f->spec->pool;
	const expr one = expr_number(p, 1);

	f->blank = expr_leaf(p, EX_FIELD, -1);
	for (int j = 0; j < f->n_unknowns; j++) {
		struct expr_split s = expr_split(p, f->spec->unknown[j].rate);

		f->linear[j] = s.linear;
		if (peel(f, exact, j, one, f->blank, s.given, e) != 0 ||
		    peel(f, exact, j, one, f->blank, s.rest, e) != 0)
			return -1;
	}
	for (int k = 0; k < f->n_terms; k++)
		if (find_slots(f, f->term[k].point, e) != 0 ||
		    program_new(&f->term[k].program, p, 1, &f->term[k].point, f->n_slots, f->input, e) != 0)
			return -1;
	for (int k = 0; k < f->spec->n_noises; k++)
		if (find_slots(f, f->spec->noise[k].amplitude, e) != 0 ||
		    program_new(&f->noise[k], p, 1, &f->spec->noise[k].amplitude, f->n_slots, f->input, e) != 0)
			return -1;
	f->has_rest = f->n_terms > 0;
	return 0;
}

int equation_product_degree(struct equation_spec *s)
{
	int most = 1;

	for (int j = 0; j < s->n_unknowns; j++) {
		struct expr_split split = expr_split(s->pool, s->unknown[j].rate);
		struct expr_facts facts = expr_classify(s->pool, split.rest);
		int degree = facts.degree < 0 ? 3 : facts.degree;

		if (expr_is_number(s->pool, split.rest, 0))
			continue;
		degree = facts.place ? degree + 1 : degree;
		most = degree > most ? degree : most;
	}
	return most > 7 ? 7 : most;
}
