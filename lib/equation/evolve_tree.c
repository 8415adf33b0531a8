/* evolve_tree.c: trees as numbers: operators, random trees, mutations, the way into the equation language. */
#include <math.h>
#include <string.h>

#include "equation/evolve_inside.h"

/* The order is part of files: new ones go to the end. */
static const enum expr_op operators[] = { EX_NUMBER, EX_FIELD, EX_ADD, EX_SUB, EX_MUL,	EX_DIV, EX_NEG, EX_SIN,
					  EX_COS,    EX_TANH,  EX_EXP, EX_LOG, EX_SQRT, EX_ABS, EX_MIN, EX_MAX };
enum { OPERATORS = sizeof operators / sizeof *operators };
const char *const evolve_operator_names[] = { "add", "sub", "mul",  "div", "neg", "sin", "cos", "tanh",
					      "exp", "log", "sqrt", "abs", "min", "max", NULL };

int evolve_operator_find(const char *name)
{
	for (int i = 0; evolve_operator_names[i]; i++)
		if (strcmp(evolve_operator_names[i], name) == 0)
			return EVOLVE_FIRST_OPERATOR + i;
	return -1;
}

int evolve_arity(int op)
{
	return op < EVOLVE_FIRST_OPERATOR ? 0 : expr_classes[operators[op]].arity;
}

double evolve_uniform(struct evolve_draws *d)
{
	return rng_uniform_at(d->r, d->next++);
}

int evolve_below(struct evolve_draws *d, int n)
{
	const int k = (int)(evolve_uniform(d) * n);

	return k < n ? k : n - 1;
}

static double normal(struct evolve_draws *d)
{
	const double a = evolve_uniform(d), b = evolve_uniform(d);

	return sqrt(-2 * log(a)) * cos(2 * M_PI * b);
}

static int size_of(const struct evolve_tree *t)
{
	return (int)t->size;
}

/* The end of the part that begins at node i. */
static int end_of(const struct evolve_tree *t, int i)
{
	int open = 1;

	while (open > 0)
		open += evolve_arity((int)t->op[i++]) - 1;
	return i;
}

static void put(struct evolve_tree *t, int op, double value)
{
	const int i = size_of(t);

	t->op[i] = op;
	t->value[i] = value;
	t->size = i + 1;
}

static void put_part(struct evolve_tree *t, const struct evolve_tree *from, int first, int end)
{
	for (int i = first; i < end; i++)
		put(t, (int)from->op[i], from->value[i]);
}

static void put_leaf(const struct evolve *v, struct evolve_draws *d, struct evolve_tree *t)
{
	if (evolve_uniform(d) < 0.5)
		put(t, EVOLVE_NUMBER, normal(d));
	else
		put(t, EVOLVE_INPUT, evolve_below(d, v->n_inputs));
}

static int any_operator(const struct evolve *v, struct evolve_draws *d)
{
	return v->operator[evolve_below(d, v->n_operators)];
}

/* A part replaced by an operator on leaves (grow) or on itself and a leaf; too large: false. */
static bool wrap(const struct evolve *v, struct evolve_draws *d, const struct evolve_tree *t, int at, bool keep,
		 struct evolve_tree *out)
{
	const int end = end_of(t, at), op = any_operator(v, d), arity = evolve_arity(op);

	if (size_of(t) + arity + (keep ? 0 : 1 - (end - at)) > v->size)
		return false;
	*out = (struct evolve_tree){ 0 };
	put_part(out, t, 0, at);
	put(out, op, 0);
	const int kept = keep ? evolve_below(d, arity) : -1;
	for (int k = 0; k < arity; k++)
		if (k == kept)
			put_part(out, t, at, end);
		else
			put_leaf(v, d, out);
	put_part(out, t, end, size_of(t));
	return true;
}

struct evolve_tree evolve_random(const struct evolve *v, struct evolve_draws *d, int nodes)
{
	struct evolve_tree t = { 0 }, next;

	put_leaf(v, d, &t);
	for (int tries = 0; size_of(&t) < nodes && tries < 64; tries++) {
		int leaf = evolve_below(d, size_of(&t));

		while (evolve_arity((int)t.op[leaf]) > 0)
			leaf++; /* the last node is a leaf */
		if (wrap(v, d, &t, leaf, false, &next))
			t = next;
	}
	return t;
}

/* The n-th node of which `wanted` holds for the kind: 0 numbers, 1 leaves, 2 operators. -1: there is none. */
static int any_node(struct evolve_draws *d, const struct evolve_tree *t, int kind)
{
	int found[EVOLVE_SIZE], n = 0;

	for (int i = 0; i < size_of(t); i++) {
		const int op = (int)t->op[i];

		if (kind == 0 ? op == EVOLVE_NUMBER : kind == 1 ? evolve_arity(op) == 0 : evolve_arity(op) > 0)
			found[n++] = i;
	}
	return n > 0 ? found[evolve_below(d, n)] : -1;
}

static void change_number(struct evolve_draws *d, double *x)
{
	*x *= exp(0.3 * normal(d));
	if (evolve_uniform(d) < 0.1)
		*x = -*x;
	if (evolve_uniform(d) < 0.1)
		*x += 0.1 * normal(d);
}

static bool change_operator(const struct evolve *v, struct evolve_draws *d, struct evolve_tree *t, int at)
{
	const int arity = evolve_arity((int)t->op[at]);

	for (int tries = 0; tries < 8; tries++) {
		const int op = any_operator(v, d);

		if (evolve_arity(op) == arity) {
			t->op[at] = op;
			return true;
		}
	}
	return false;
}

/* An operator's part replaced by one of its arguments. */
static struct evolve_tree shorten(struct evolve_draws *d, const struct evolve_tree *t, int at)
{
	struct evolve_tree out = { 0 };
	const int end = end_of(t, at);
	int from = at + 1;

	for (int k = evolve_below(d, evolve_arity((int)t->op[at])); k > 0; k--)
		from = end_of(t, from);
	put_part(&out, t, 0, at);
	put_part(&out, t, from, end_of(t, from));
	put_part(&out, t, end, size_of(t));
	return out;
}

static void swap_arguments(struct evolve_tree *t, int at)
{
	struct evolve_tree out = { 0 };
	const int second = end_of(t, at + 1), end = end_of(t, at);

	put_part(&out, t, 0, at + 1);
	put_part(&out, t, second, end);
	put_part(&out, t, at + 1, second);
	put_part(&out, t, end, size_of(t));
	*t = out;
}

struct evolve_tree evolve_mutate(const struct evolve *v, struct evolve_draws *d, const struct evolve_tree *t)
{
	struct evolve_tree out = *t;
	const double u = evolve_uniform(d);
	int at;

	if (u < 0.3 && (at = any_node(d, t, 0)) >= 0) {
		change_number(d, &out.value[at]);
	} else if (u < 0.42 && (at = any_node(d, t, 2)) >= 0) {
		change_operator(v, d, &out, at);
	} else if (u < 0.52) {
		struct evolve_tree leaf = { 0 };

		at = any_node(d, t, 1);
		put_leaf(v, d, &leaf);
		out.op[at] = leaf.op[0];
		out.value[at] = leaf.value[0];
	} else if (u < 0.66) {
		wrap(v, d, t, any_node(d, t, 1), false, &out);
	} else if (u < 0.78) {
		wrap(v, d, t, evolve_below(d, size_of(t)), true, &out);
	} else if (u < 0.9 && (at = any_node(d, t, 2)) >= 0) {
		out = shorten(d, t, at);
	} else if (u < 0.95 && (at = any_node(d, t, 2)) >= 0 && evolve_arity((int)t->op[at]) == 2) {
		swap_arguments(&out, at);
	} else {
		out = evolve_random(v, d, 1 + evolve_below(d, 7));
	}
	return out;
}

struct evolve_tree evolve_cross(const struct evolve *v, struct evolve_draws *d, const struct evolve_tree *a,
				const struct evolve_tree *b)
{
	for (int tries = 0; tries < 4; tries++) {
		struct evolve_tree out = { 0 };
		const int i = evolve_below(d, size_of(a)), i_end = end_of(a, i);
		const int j = evolve_below(d, size_of(b)), j_end = end_of(b, j);

		if (size_of(a) - (i_end - i) + (j_end - j) > v->size)
			continue;
		put_part(&out, a, 0, i);
		put_part(&out, b, j, j_end);
		put_part(&out, a, i_end, size_of(a));
		return out;
	}
	return *a;
}

bool evolve_valid(const struct evolve_tree *t, int64_t n_inputs)
{
	int open = 1;

	if (t->size == 0)
		return true;
	if (!(t->size >= 1 && t->size <= EVOLVE_SIZE) || t->size != floor(t->size))
		return false;
	for (int i = 0; i < size_of(t); i++) {
		if (open == 0 || !(t->op[i] >= 0 && t->op[i] < OPERATORS) || t->op[i] != floor(t->op[i]))
			return false;
		if (t->op[i] == EVOLVE_INPUT &&
		    (!(t->value[i] >= 0 && t->value[i] < (double)n_inputs) || t->value[i] != floor(t->value[i])))
			return false;
		open += evolve_arity((int)t->op[i]) - 1;
	}
	return open == 0;
}

int evolve_numbers(const struct evolve_tree *t, double *value)
{
	int n = 0;

	for (int i = 0; i < size_of(t); i++)
		if ((int)t->op[i] == EVOLVE_NUMBER)
			value[n++] = t->value[i];
	return n;
}

void evolve_set_numbers(struct evolve_tree *t, const double *value)
{
	for (int i = 0, n = 0; i < size_of(t); i++)
		if ((int)t->op[i] == EVOLVE_NUMBER)
			t->value[i] = value[n++];
}

static expr read_part(struct exprs *p, const struct evolve_tree *t, const expr *input, int *at, int *number)
{
	const int i = (*at)++, op = (int)t->op[i], arity = evolve_arity(op);
	expr arg[2] = { EXPR_NONE, EXPR_NONE };

	if (op == EVOLVE_INPUT)
		return input[(int)t->value[i]];
	if (op == EVOLVE_NUMBER && *number >= 0)
		return expr_leaf(p, EX_PARAM, (*number)++);
	if (op == EVOLVE_NUMBER)
		return expr_number(p, t->value[i]);
	for (int k = 0; k < arity; k++)
		arg[k] = read_part(p, t, input, at, number);
	return expr_make(p, operators[op], 0, arity, arg);
}

expr evolve_expression(struct exprs *p, const struct evolve_tree *t, const expr *input, int first)
{
	int at = 0;

	return read_part(p, t, input, &at, &first);
}

static bool negative(const struct exprs *p, expr a)
{
	return expr_at(p, a)->op == EX_NEG || (expr_at(p, a)->op == EX_NUMBER && expr_at(p, a)->value < 0);
}

static bool is_number(const struct exprs *p, expr a)
{
	return expr_at(p, a)->op == EX_NUMBER;
}

/* b op (c op e) for numbers b, c: one number less; EXPR_NONE: not of this form. */
static expr merged(struct exprs *p, enum expr_op op, expr a, expr b)
{
	const expr number = is_number(p, a) ? a : b;
	const struct expr_node n = *expr_at(p, is_number(p, a) ? b : a);

	for (int j = 0; j < 2 && is_number(p, number) && n.op == op; j++)
		if (is_number(p, n.arg[j]))
			return expr_build(
				p, op, 0, 2,
				(expr[]){ expr_build(p, op, 0, 2, (expr[]){ number, n.arg[j] }), n.arg[1 - j] });
	return EXPR_NONE;
}

expr evolve_tidy(struct exprs *p, expr a)
{
	const struct expr_node n = *expr_at(p, a);
	expr arg[EXPR_ARGS];

	if (n.n_args == 0)
		return a;
	for (int i = 0; i < n.n_args; i++)
		arg[i] = evolve_tidy(p, n.arg[i]);
	if ((n.op == EX_ADD || n.op == EX_MUL) && (a = merged(p, n.op, arg[0], arg[1])) != EXPR_NONE)
		return evolve_tidy(p, a);
	/* -b - c, -b + -c: -(c + b) */
	if (n.op == EX_SUB && negative(p, arg[0]) && !negative(p, arg[1]))
		return expr_neg(p, expr_add(p, arg[1], expr_neg(p, arg[0])));
	if (n.op == EX_ADD && negative(p, arg[0]) && negative(p, arg[1]))
		return expr_neg(p, expr_add(p, expr_neg(p, arg[0]), expr_neg(p, arg[1])));
	/* b - -c, b + -c */
	if (n.op == EX_SUB && negative(p, arg[1]))
		return evolve_tidy(p, expr_add(p, arg[0], expr_neg(p, arg[1])));
	if (n.op == EX_ADD && negative(p, arg[1]))
		return expr_sub(p, arg[0], expr_neg(p, arg[1]));
	if (n.op == EX_ADD && negative(p, arg[0]))
		return expr_sub(p, arg[1], expr_neg(p, arg[0]));
	if ((n.op == EX_MUL || n.op == EX_DIV) && (negative(p, arg[0]) || negative(p, arg[1]))) {
		const bool both = negative(p, arg[0]) && negative(p, arg[1]);

		for (int i = 0; i < 2; i++)
			arg[i] = negative(p, arg[i]) ? expr_neg(p, arg[i]) : arg[i];
		a = expr_build(p, n.op, 0, 2, arg);
		return both ? a : expr_neg(p, a);
	}
	return expr_build(p, n.op, n.index, n.n_args, arg);
}
