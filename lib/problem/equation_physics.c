/* equation_physics.c: residuals of a text for functions in a graph. */
#include "problem/equation_physics.h"

#include <stdio.h>
#include <string.h>

#include "op/op.h"
#include "nn/expression.h"

/* ---- what has a value at a point ----------------------------------------------------------------- */

static bool op_is_pointwise(enum expr_op op)
{
	return op != EX_NOISE && op != EX_INVLAP && op != EX_FRACLAP && op != EX_HILBERT && op != EX_RIESZ &&
	       op != EX_INTEGRAL && op != EX_MEAN && !expr_op_is_random(op);
}

/* The first part of a tree that has no value at a point, EXPR_NONE: all have. */
static expr first_improper(const struct exprs *p, expr a)
{
	const struct expr_node *n = expr_at(p, a);

	if (!op_is_pointwise(n->op))
		return a;
	for (int i = 0; i < n->n_args; i++) {
		const expr found = first_improper(p, n->arg[i]);

		if (found != EXPR_NONE)
			return found;
	}
	return EXPR_NONE;
}

static int check_tree(const struct equation_spec *s, expr a, const char *section, const char *name, struct err *e)
{
	const expr bad = first_improper(s->pool, a);
	struct str text = { 0 };

	if (bad == EXPR_NONE)
		return 0;
	expr_text(s->pool, bad, &text);
	err_set(e, ERR_USAGE, "%s%s%s: '%s' has no value at a point%s", section, name ? "." : "", name ? name : "",
		str_text(&text),
		expr_op_is_random(expr_at(s->pool, bad)->op) ? "; random numbers go into param, random fields nowhere"
							     : "");
	str_free(&text);
	return -1;
}

int equation_check_pointwise(const struct equation_spec *s, bool initial, struct err *e)
{
	if (s->n_noises > 0)
		return err_set(e, ERR_USAGE, "equation: noise dW has no value at a point");
	if (s->n_events > 0)
		return err_set(e, ERR_USAGE, "events: a network of coordinates does not see them");
	for (int i = 0; i < s->system.n; i++)
		if (check_tree(s, s->system.at[i].left, "equation", NULL, e) != 0 ||
		    check_tree(s, s->system.at[i].right, "equation", NULL, e) != 0)
			return -1;
	for (int k = 0; k < s->n_coefs; k++)
		if (check_tree(s, s->coef[k], "coefficient", s->names[s->n_unknowns + k], e) != 0)
			return -1;
	for (int k = 0; k < s->n_unknowns && initial && !s->stationary; k++)
		if (check_tree(s, s->unknown[k].initial, "initial", s->unknown[k].name, e) != 0)
			return -1;
	return 0;
}

/* The field that an unknown is, or is a component of. */
static int field_of(const struct equation_spec *s, int k, int *component)
{
	const struct expr_node *n = expr_at(s->pool, s->unknown[k].node);

	*component = n->op == EX_PART ? n->index : 0;
	return n->op == EX_PART ? expr_at(s->pool, n->arg[0])->index : n->index;
}

int equation_velocity_of(const struct equation_spec *s, int k)
{
	int component, field = field_of(s, k, &component);

	for (int i = 0; i < s->system.n; i++) {
		const struct equation *q = &s->system.at[i];
		char velocity[EXPR_NAME + 2];

		if (q->field < 0 || q->time_order != 2)
			continue;
		snprintf(velocity, sizeof velocity, "%s_t", exprs_name(s->pool, SYMBOL_FIELD, q->field));
		if (strcmp(velocity, exprs_name(s->pool, SYMBOL_FIELD, field)) != 0)
			continue;
		for (int j = 0; j < s->n_unknowns; j++) {
			int other;

			if (field_of(s, j, &other) == q->field && other == component)
				return j;
		}
	}
	return -1;
}

/* ---- values -------------------------------------------------------------------------------------- */

node equation_slope(struct equation_fields *f, node a, int axis)
{
	node one, slope = NODE_NONE;

	if (graph_error(f->g) || !node_is(a))
		return NODE_NONE;
	if (node_is(f->coordinate[axis])) {
		one = op_ones_like(f->g, f->coordinate[axis]);
		graph_jvp(f->g, 1, &f->coordinate[axis], &one, 1, &a, &slope);
	}
	return node_is(slope) || graph_error(f->g) ? slope : op_zeros_like(f->g, a);
}

static node unknown(struct equation_fields *f, expr a)
{
	for (int k = 0; k < f->spec->n_unknowns; k++)
		if (f->spec->unknown[k].node == a) {
			const int base = equation_velocity_of(f->spec, k);

			return base < 0 ? f->value[k] : equation_slope(f, f->value[base], EXPR_TIME);
		}
	return NODE_NONE;
}

/* What nn_expression asks for. */
static node leaf(void *context, expr a)
{
	struct equation_fields *f = context;
	const struct expr_node n = *expr_at(f->spec->pool, a);
	node sum = NODE_NONE, inside;

	switch (n.op) {
	case EX_FIELD:
	case EX_PART:
		return unknown(f, a);
	case EX_COORD:
		return f->coordinate[n.index];
	case EX_PARAM:
		return f->param[n.index];
	case EX_COEF:
		return equation_value(f, f->spec->coef[n.index]);
	case EX_D:
		return equation_slope(f, equation_value(f, n.arg[0]), n.index);
	case EX_LAP:
		inside = equation_value(f, n.arg[0]);
		for (int axis = 0; axis < f->spec->n_dims; axis++)
			sum = graph_add(f->g, sum, equation_slope(f, equation_slope(f, inside, axis), axis));
		return sum;
	default:
		return NODE_NONE;
	}
}

node equation_value(struct equation_fields *f, expr a)
{
	return nn_expression(f->g, f->spec->pool, a, leaf, f);
}

/* ---- residuals ----------------------------------------------------------------------------------- */

int equation_residual_count(const struct equation_spec *s)
{
	int n = 0;

	for (int i = 0; i < s->system.n; i++)
		n += expr_at(s->pool, s->system.at[i].left)->rank;
	return n;
}

node equation_residual(struct equation_fields *f, int i)
{
	const struct equation_spec *s = f->spec;

	for (int q = 0; q < s->system.n; q++) {
		const struct equation *at = &s->system.at[q];
		const int rank = expr_at(s->pool, at->left)->rank;

		if (i < rank)
			return op_sub(f->g, equation_value(f, expr_lower(s->pool, at->left, i)),
				      equation_value(f, expr_lower(s->pool, at->right, i)));
		i -= rank;
	}
	return graph_fail(f->g, "equation: there is no equation %d", i);
}

/* An expression with the first time in place of t. */
static expr at_start(const struct equation_spec *s, expr a)
{
	return expr_replace(s->pool, a, expr_leaf(s->pool, EX_COORD, EXPR_TIME), expr_number(s->pool, s->t0));
}

static node initial_state(struct equation_fields *f, int k)
{
	return equation_value(f, at_start(f->spec, f->spec->unknown[k].initial));
}

node equation_initial_residual(struct equation_fields *f, int k)
{
	return op_sub(f->g, equation_value(f, f->spec->unknown[k].node), initial_state(f, k));
}

node equation_side_residual(struct equation_fields *f, int axis, int end, int k)
{
	const struct equation_side *side = &f->spec->side[axis][end][k];
	node u = equation_value(f, f->spec->unknown[k].node), sum = op_neg(f->g, equation_value(f, side->value));

	if (!expr_is_number(f->spec->pool, side->of_value, 0))
		sum = op_add(f->g, sum, op_mul(f->g, equation_value(f, side->of_value), u));
	if (!expr_is_number(f->spec->pool, side->of_slope, 0))
		sum = op_add(f->g, sum, op_mul(f->g, equation_value(f, side->of_slope), equation_slope(f, u, axis)));
	return sum;
}

/* ---- hard constraints ---------------------------------------------------------------------------- */

bool equation_side_is_hard(const struct equation_spec *s, unsigned hard, int axis, int end, int k)
{
	const struct equation_side *side = &s->side[axis][end][k];

	return (hard & EQUATION_HARD_SIDES) != 0 && side->given && expr_is_number(s->pool, side->of_slope, 0) &&
	       equation_velocity_of(s, k) < 0;
}

/* The hard sides of one unknown. */
struct sides {
	int n;
	struct {
		int axis;
		expr value;
		node distance; /* 0 on the side, 1 on the opposite one */
	} at[2 * EXPR_DIMS];
};

static struct sides sides_of(struct equation_fields *f, unsigned hard, int k)
{
	const struct equation_spec *s = f->spec;
	struct sides list = { 0 };

	for (int a = 0; a < s->n_dims; a++)
		for (int end = 0; end < 2; end++) {
			const struct equation_side *side = &s->side[a][end][k];
			node x;

			if (!equation_side_is_hard(s, hard, a, end, k))
				continue;
			x = op_scale(f->g, op_shift(f->g, f->coordinate[a], -s->low[a]), 1 / s->length[a]);
			list.at[list.n].axis = a;
			list.at[list.n].value = expr_div(s->pool, side->value, side->of_value);
			list.at[list.n].distance = end == 0 ? x : op_shift(f->g, op_neg(f->g, x), 1);
			list.n++;
		}
	return list;
}

/* A function with the values of all hard sides; started: at the first time; slope: its time derivative. */
static node blend(struct equation_fields *f, const struct sides *list, bool started, bool slope)
{
	struct graph *g = f->g;
	node value[2 * EXPR_DIMS], weight[2 * EXPR_DIMS], total = NODE_NONE, sum = NODE_NONE;
	bool equal = true;

	if (list->n == 0)
		return NODE_NONE;
	for (int i = 0; i < list->n; i++) {
		expr a = slope ? expr_total(f->spec->pool, list->at[i].value, EXPR_TIME) : list->at[i].value;

		value[i] = equation_value(f, started ? at_start(f->spec, a) : a);
		equal &= list->at[i].value == list->at[0].value;
	}
	if (equal)
		return value[0];
	for (int i = 0; i < list->n; i++) {
		weight[i] = NODE_NONE;
		for (int j = 0; j < list->n; j++)
			if (j != i)
				weight[i] = node_is(weight[i]) ? op_mul(g, weight[i], list->at[j].distance)
							       : list->at[j].distance;
		/* in corners all weights are 0: there the mean */
		weight[i] = op_shift(g, weight[i], 1e-30);
		total = graph_add(g, total, weight[i]);
		sum = graph_add(g, sum, op_mul(g, weight[i], value[i]));
	}
	return op_div(g, sum, total);
}

/* a - b with NODE_NONE as zero. */
static node minus(struct graph *g, node a, node b)
{
	return node_is(b) ? op_sub(g, a, b) : a;
}

static node constrained(struct equation_fields *f, unsigned hard, int k, node raw)
{
	const struct equation_spec *s = f->spec;
	struct graph *g = f->g;
	const struct sides list = sides_of(f, hard, k);
	node base = blend(f, &list, false, false), factor = NODE_NONE;

	for (int i = 0; i < list.n; i++)
		factor = node_is(factor) ? op_mul(g, factor, list.at[i].distance) : list.at[i].distance;
	if ((hard & EQUATION_HARD_INITIAL) != 0 && !s->stationary) {
		node past = op_shift(g, f->coordinate[EXPR_TIME], -s->t0);
		node share = op_scale(g, past, 1 / (s->t1 - s->t0));

		base = graph_add(g, base, minus(g, initial_state(f, k), blend(f, &list, true, false)));
		for (int v = 0; v < s->n_unknowns; v++)
			if (equation_velocity_of(s, v) == k) {
				node rate = minus(g, initial_state(f, v), blend(f, &list, true, true));

				base = graph_add(g, base, op_mul(g, past, rate));
				share = op_square(g, share);
			}
		factor = node_is(factor) ? op_mul(g, factor, share) : share;
	}
	return graph_add(g, base, node_is(factor) ? op_mul(g, factor, raw) : raw);
}

void equation_constrain(struct equation_fields *f, unsigned hard, const node *raw)
{
	for (int k = 0; k < f->spec->n_unknowns && !graph_error(f->g); k++)
		f->value[k] = equation_velocity_of(f->spec, k) < 0 ? constrained(f, hard, k, raw[k]) : NODE_NONE;
}
