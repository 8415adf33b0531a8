/* equation_sides.c: what a text says of the ends of its axes. */
#include <stdio.h>
#include <string.h>

#include "problem/equation_spec_inside.h"

/* The value of key `axis`, or the value for all axes. */
static const struct conf_node *boundary_of(const struct equation_spec *s, const struct conf_node *b, int axis)
{
	return b && b->kind == CONF_MAP ? conf_child(b, s->pool->axis[axis]) : b;
}

static bool is_word(const struct conf_node *n, const char *word)
{
	return n && n->kind == CONF_SCALAR && strcmp(n->text, word) == 0;
}

int equation_spec_read_closed(struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	const struct conf_node *b = c->boundary;

	for (int i = 0; b && b->kind == CONF_MAP && i < b->n; i++)
		if (equation_spec_axis(s, b->key[i]) < 0)
			return equation_spec_fail(e, b->child[i], "boundary", "there is no axis '%s'", b->key[i]);
	for (int a = 0; a < s->n_dims; a++) {
		const struct conf_node *side = boundary_of(s, b, a);

		s->closed[a] = side && !is_word(side, "periodic");
		s->sided |= s->closed[a] != 0;
		if (s->closed[a] && side->kind == CONF_LIST
			    ? side->n != 2
			    : s->closed[a] && !is_word(side, "dirichlet") && !is_word(side, "neumann") &&
				      !is_word(side, "open"))
			return equation_spec_fail(
				e, side, "boundary",
				"needs periodic, dirichlet, neumann, open or a condition for each end: [\"u = 0\", "
				"\"u_x = 1\"]");
	}
	return 0;
}

/* A derivative of a field other than its value and its slope across the side, or EXPR_NONE. */
static expr other_derivative(const struct equation_spec *s, int axis, expr a)
{
	const struct expr_node n = *expr_at(s->pool, a);
	expr found = EXPR_NONE;

	if (expr_op_is_linear(n.op) && expr_has_fields(s->pool, a)) {
		for (int j = 0; j < s->n_unknowns; j++)
			if (n.op == EX_D && n.index == axis && n.arg[0] == s->unknown[j].node)
				return EXPR_NONE;
		return a;
	}
	for (int i = 0; i < n.n_args && found == EXPR_NONE; i++)
		found = other_derivative(s, axis, n.arg[i]);
	return found;
}

static int refuse_derivative(struct equation_spec *s, const struct conf_node *n, int axis, int number, expr other,
			     struct err *e)
{
	const char *name = s->pool->axis[axis];
	struct str text = { 0 };
	int status;

	expr_text(s->pool, other, &text);
	status = equation_spec_fail(e, n, "boundary",
				    "condition %d holds %s; a side of %s knows fields and their slopes along %s",
				    number, str_text(&text), name, name);
	str_free(&text);
	return status;
}

/* The conditions of one end: equations that are linear in u and its derivative across the side. */
static int read_end(struct equation_spec *s, const struct conf_node *n, int axis, int end, struct err *e)
{
	const expr zero = expr_number(s->pool, 0);
	struct equations q = { 0 };
	char at[300];
	int status;

	if (equation_spec_need_text(n, "boundary", e) != 0)
		return -1;
	if (is_word(n, "open"))
		return 0;
	equation_spec_place(at, sizeof at, n, "boundary");
	status = equations_parse(s->pool, &q, n->text, at, e);
	for (int i = 0; i < q.n && status == 0; i++) {
		expr rest = q.at[i].field < 0 ? q.at[i].rate : zero;
		struct equation_side side = { .given = true };
		int found = -1;

		if (other_derivative(s, axis, rest) != EXPR_NONE) {
			status = refuse_derivative(s, n, axis, i + 1, other_derivative(s, axis, rest), e);
			break;
		}
		for (int j = 0; j < s->n_unknowns; j++) {
			expr u = s->unknown[j].node, slope = expr_d(s->pool, u, axis);

			if (!expr_has(s->pool, rest, expr_at(s->pool, u)->op, expr_at(s->pool, u)->index))
				continue;
			side.of_value = expr_partial(s->pool, rest, u);
			side.of_slope = expr_partial(s->pool, rest, slope);
			rest = expr_replace(s->pool, expr_replace(s->pool, rest, slope, zero), u, zero);
			found = j;
			break;
		}
		side.value = expr_neg(s->pool, rest);
		if (found < 0 || !expr_is_constant(s->pool, side.of_value) ||
		    !expr_is_constant(s->pool, side.of_slope) ||
		    (expr_is_number(s->pool, side.of_value, 0) && expr_is_number(s->pool, side.of_slope, 0)) ||
		    expr_has_fields(s->pool, rest))
			status = equation_spec_fail(
				e, n, "boundary",
				"condition %d is not a*u + b*u_%s = g with constants a, b and a g without fields",
				i + 1, s->pool->axis[axis]);
		if (status == 0 && s->side[axis][end][found].given)
			status = equation_spec_fail(e, n, "boundary", "two conditions for '%s' at one end",
						    s->unknown[found].name);
		if (status == 0)
			s->side[axis][end][found] = side;
	}
	equations_free(&q);
	return status;
}

/* Highest derivative along an axis of what holds a field. */
static int order_of(const struct exprs *p, expr a, int axis, int field)
{
	const struct expr_node *n = expr_at(p, a);
	int highest = 0, own = n->op == EX_LAP ? 2 : n->op == EX_D && n->index == axis;

	if (!expr_has(p, a, EX_FIELD, field))
		return 0;
	for (int i = 0; i < n->n_args; i++) {
		const int below = order_of(p, n->arg[i], axis, field);

		highest = below > highest ? below : highest;
	}
	return own + highest;
}

static int field_of(const struct exprs *p, expr node)
{
	return expr_at(p, node)->op == EX_PART ? field_of(p, expr_at(p, node)->arg[0]) : expr_at(p, node)->index;
}

int equation_spec_order(const struct equation_spec *s, int axis, int unknown)
{
	int highest = 0;

	for (int k = 0; k < s->n_unknowns; k++) {
		const int order =
			order_of(s->pool, s->unknown[k].rate, axis, field_of(s->pool, s->unknown[unknown].node));

		highest = order > highest ? order : highest;
	}
	return highest;
}

/* Second derivatives between two ends are determined with a condition at both; without, at an open end, they are
 * ill-posed. */
static int check_sides(const struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	for (int axis = 0; axis < s->n_dims; axis++)
		for (int j = 0; j < s->n_unknowns && s->closed[axis]; j++)
			for (int end = 0; end < 2; end++)
				if (!s->side[axis][end][j].given && equation_spec_order(s, axis, j) >= 2)
					return equation_spec_fail(
						e, boundary_of(s, c->boundary, axis), "boundary",
						"'%s' is differentiated twice along %s and needs a condition at the %s "
						"end",
						s->unknown[j].name, s->pool->axis[axis], end ? "upper" : "lower");
	return 0;
}

int equation_spec_read_sides(struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	for (int a = 0; a < s->n_dims; a++) {
		const struct conf_node *side = boundary_of(s, c->boundary, a);

		for (int end = 0; end < 2 && s->closed[a]; end++) {
			if (side->kind == CONF_LIST && read_end(s, side->child[end], a, end, e) != 0)
				return -1;
			for (int j = 0; j < s->n_unknowns && side->kind == CONF_SCALAR && !is_word(side, "open"); j++)
				s->side[a][end][j] =
					(struct equation_side){ true, expr_number(s->pool, is_word(side, "dirichlet")),
								expr_number(s->pool, is_word(side, "neumann")),
								expr_number(s->pool, 0) };
		}
	}
	return check_sides(s, c, e);
}
