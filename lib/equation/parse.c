/* parse.c: text to trees by precedence climbing (Pratt 1973), and the checks of names and ranks, made while reading
 * so that every error points at its character. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "equation/expr.h"
#include "equation/reader.h"

enum { DEPTH_MAX = 200 };

/* Binding powers, from loose to tight. */
enum { BIND_OR = 1, BIND_AND, BIND_NOT, BIND_COMPARE, BIND_SUM, BIND_PRODUCT, BIND_SIGN, BIND_POWER };

static bool expect(struct reader *r, const char *sign)
{
	char wanted[16];

	if (r->failed)
		return false;
	if (!reader_is(r, sign)) {
		snprintf(wanted, sizeof wanted, "'%s'", sign);
		reader_unexpected(r, wanted);
		return false;
	}
	reader_next(r);
	return true;
}

static int rank(const struct reader *r, expr a)
{
	return a == EXPR_NONE ? 1 : expr_at(r->pool, a)->rank;
}

int reader_axis(const struct reader *r, char letter)
{
	for (int a = 0; a < r->pool->n_dims; a++)
		if (r->pool->axis[a][0] == letter)
			return a;
	return letter == 't' ? EXPR_TIME : -1;
}

static void axes_text(const struct reader *r, char out[16])
{
	int n = 0;

	for (int a = 0; a < r->pool->n_dims; a++)
		n += snprintf(out + n, 16 - (size_t)n, "%c, ", r->pool->axis[a][0]);
	snprintf(out + n, 16 - (size_t)n, "t");
}

/* Nested derivatives in the order of axes: mixed ones commute. */
static expr derivative(struct reader *r, expr a, const char *letters, size_t n, size_t at)
{
	int count[EXPR_TIME + 1] = { 0 };
	char axes[16];

	for (size_t i = 0; i < n; i++) {
		int axis = reader_axis(r, letters[i]);

		if (axis < 0) {
			axes_text(r, axes);
			return reader_fail(r, at + i, "'%c' is no coordinate; they are %s", letters[i], axes);
		}
		count[axis]++;
	}
	for (; a != EXPR_NONE && expr_at(r->pool, a)->op == EX_D; a = expr_at(r->pool, a)->arg[0])
		count[expr_at(r->pool, a)->index]++;
	for (int axis = 0; axis <= EXPR_TIME && a != EXPR_NONE; axis++)
		for (int k = 0; k < count[axis]; k++)
			a = expr_make(r->pool, EX_D, axis, 1, &a);
	return a;
}

static enum expr_op function_of(const struct reader *r, size_t at, size_t length)
{
	for (int op = EX_WHERE; op < EX_OPS; op++) {
		if (op == EX_D || op == EX_VECTOR || op == EX_PART)
			continue;
		if (strlen(expr_classes[op].name) == length && memcmp(expr_classes[op].name, r->text + at, length) == 0)
			return (enum expr_op)op;
	}
	return EX_OPS;
}

static int unknown(struct reader *r, size_t at, size_t length, const char *kind)
{
	const char *candidate[512], *near;
	char name[64];
	int n = 0;

	snprintf(name, sizeof name, "%.*s", length < 60 ? (int)length : 60, r->text + at);
	for (int i = 0; i < r->pool->n_symbols && n < 400; i++)
		if (strcmp(kind, "function") != 0)
			candidate[n++] = r->pool->symbol[i].name;
	for (int op = EX_WHERE; op < EX_OPS && strcmp(kind, "field") != 0; op++)
		if (op != EX_D && op != EX_VECTOR && op != EX_PART &&
		    (!expr_op_is_random((enum expr_op)op) || r->allow & ALLOW_RANDOM))
			candidate[n++] = expr_classes[op].name;
	near = str_nearest(name, n, candidate);
	if (!near && strcmp(kind, "field") == 0 && r->pool->n_of_kind[SYMBOL_FIELD] == 1)
		near = exprs_name(r->pool, SYMBOL_FIELD, 0);
	if (!near && strcmp(kind, "field") == 0 && r->pool->n_of_kind[SYMBOL_FIELD] > 1) {
		char list[200] = "";
		size_t used = 0;

		for (int i = 0; i < r->pool->n_of_kind[SYMBOL_FIELD] && used + EXPR_NAME + 2 < sizeof list; i++)
			used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "",
						 exprs_name(r->pool, SYMBOL_FIELD, i));
		return reader_fail(r, at, "unknown field '%s'; fields are %s", name, list);
	}
	return near ? reader_fail(r, at, "unknown %s '%s'; did you mean '%s'?", kind, name, near)
		    : reader_fail(r, at, "unknown %s '%s'", kind, name);
}

static expr scalar_argument(struct reader *r, const char *function, int which)
{
	size_t at = r->token.at;
	expr a = reader_expression(r, 0);

	if (a != EXPR_NONE && rank(r, a) != 1)
		return reader_fail(r, at, "%s needs a scalar, argument %d is a vector", function, which + 1);
	return a;
}

/* name(a, b, key=c): random laws take names and defaults, all arguments constant. */
static expr random_call(struct reader *r, enum expr_op op, size_t at)
{
	const struct expr_class *c = &expr_classes[op];
	expr arg[EXPR_ARGS];
	int place = 0;

	if (!(r->allow & ALLOW_RANDOM))
		return reader_fail(r, at, "%s belongs to initial data, coefficients and parameters, not here", c->name);
	for (int i = 0; i < c->arity; i++)
		arg[i] = EXPR_NONE;
	while (!r->failed && !reader_is(r, ")")) {
		struct reader before = *r;
		size_t start = r->token.at;
		int slot = -1;

		if (r->token.kind == TOKEN_NAME) {
			struct token name = r->token;

			reader_next(r);
			if (reader_is(r, "=")) {
				for (int i = 0; i < c->arity; i++)
					if (strlen(c->arg[i]) == name.length &&
					    memcmp(c->arg[i], r->text + name.at, name.length) == 0)
						slot = i;
				if (slot < 0) {
					const char *near;
					char text[64];

					snprintf(text, sizeof text, "%.*s", (int)(name.length < 60 ? name.length : 60),
						 r->text + name.at);
					near = str_nearest(text, c->arity, c->arg);
					return near ? reader_fail(r, name.at,
								  "%s has no argument '%s'; did you mean '%s'?",
								  c->name, text, near)
						    : reader_fail(r, name.at, "%s has no argument '%s'", c->name, text);
				}
				reader_next(r);
			} else {
				*r = before;
			}
		}
		if (slot < 0)
			slot = place++;
		if (slot >= c->arity)
			return reader_fail(r, start, "%s takes %d arguments at most", c->name, c->arity);
		if (arg[slot] != EXPR_NONE)
			return reader_fail(r, start, "%s is given twice", c->arg[slot]);
		start = r->token.at;
		arg[slot] = reader_expression(r, 0);
		if (arg[slot] == EXPR_NONE)
			return EXPR_NONE;
		if (!expr_is_constant(r->pool, arg[slot]))
			return reader_fail(r, start, "%s of %s must be a number", c->arg[slot], c->name);
		if (!reader_is(r, ")") && !expect(r, ","))
			return EXPR_NONE;
	}
	if (!expect(r, ")"))
		return EXPR_NONE;
	for (int i = 0; i < c->arity; i++) {
		if (arg[i] == EXPR_NONE && isnan(c->fallback[i]))
			return reader_fail(r, at, "%s needs its argument %s", c->name, c->arg[i]);
		if (arg[i] == EXPR_NONE)
			arg[i] = expr_number(r->pool, c->fallback[i]);
	}
	return expr_make(r->pool, op, r->pool->n_random++, c->arity, arg);
}

/* An axis as argument: d(a, x), riesz(a, x). */
static int axis_argument(struct reader *r, const char *function)
{
	size_t at = r->token.at;
	int axis = r->token.kind == TOKEN_NAME && r->token.length == 1 ? reader_axis(r, r->text[at]) : -1;

	if (axis < 0 || axis == EXPR_TIME) {
		char buffer[80];

		reader_fail(r, at, "%s needs a spatial coordinate here, found %s", function, reader_shown(r, buffer));
		return -1;
	}
	reader_next(r);
	return axis;
}

static expr vector_call(struct reader *r, enum expr_op op, size_t at)
{
	const int dims = r->pool->n_dims;
	size_t start = r->token.at;
	expr arg[2] = { reader_expression(r, 0), EXPR_NONE };

	if (arg[0] == EXPR_NONE)
		return EXPR_NONE;
	if (op == EX_DOT) {
		if (!expect(r, ","))
			return EXPR_NONE;
		size_t second = r->token.at;
		arg[1] = reader_expression(r, 0);
		if (arg[1] == EXPR_NONE)
			return EXPR_NONE;
		if (rank(r, arg[0]) == 1)
			return reader_fail(r, start, "dot needs vectors, argument 1 is a scalar");
		if (rank(r, arg[1]) != rank(r, arg[0]))
			return reader_fail(r, second, "dot needs vectors of one length, these have %d and %d",
					   rank(r, arg[0]), rank(r, arg[1]));
	} else if (op == EX_GRAD) {
		if (rank(r, arg[0]) != 1)
			return reader_fail(r, start, "grad needs a scalar, this is a vector");
		if (dims == 1)
			return reader_fail(r, at, "grad needs two or three dimensions; write u_x");
	} else if (op == EX_DIVERGENCE) {
		if (rank(r, arg[0]) != dims || dims == 1)
			return reader_fail(r, start, "div needs a vector of %d components, this has %d",
					   dims > 1 ? dims : 2, rank(r, arg[0]));
	} else if (dims == 1 || (rank(r, arg[0]) != dims && !(dims == 2 && rank(r, arg[0]) == 1))) {
		return reader_fail(r, start, "curl needs a vector of %d components, this has %d", dims > 1 ? dims : 2,
				   rank(r, arg[0]));
	}
	return expect(r, ")") ? expr_make(r->pool, op, 0, op == EX_DOT ? 2 : 1, arg) : EXPR_NONE;
}

static expr call(struct reader *r, enum expr_op op, size_t at)
{
	const struct expr_class *c = &expr_classes[op];
	expr arg[EXPR_ARGS];
	int index = 0;

	if (!expect(r, "("))
		return EXPR_NONE;
	if (expr_op_is_random(op))
		return random_call(r, op, at);
	if (op >= EX_VECTOR)
		return vector_call(r, op, at);
	for (int i = 0; i < c->arity; i++) {
		size_t start = r->token.at;

		if (i > 0 && !expect(r, ","))
			return EXPR_NONE;
		if (i > 0)
			start = r->token.at;
		arg[i] = (expr_op_is_linear(op) && i == 0) || (op == EX_WHERE && i > 0)
				 ? reader_expression(r, 0)
				 : scalar_argument(r, c->name, i);
		if (arg[i] == EXPR_NONE)
			return EXPR_NONE;
		if (op == EX_FRACLAP && i == 1 && !expr_is_constant(r->pool, arg[i]))
			return reader_fail(r, start, "the exponent of fraclap must be a number or parameter");
		if (op == EX_WHERE && i == 2 && rank(r, arg[1]) != rank(r, arg[2]))
			return reader_fail(r, start, "where chooses between values of one rank, these have %d and %d",
					   rank(r, arg[1]), rank(r, arg[2]));
	}
	if (op == EX_HILBERT && r->pool->n_dims != 1)
		return reader_fail(r, at, "hilbert needs one dimension; riesz(a, x) is for more");
	if (op == EX_RIESZ && (!expect(r, ",") || (index = axis_argument(r, c->name)) < 0))
		return EXPR_NONE;
	if (reader_is(r, ","))
		return reader_fail(r, r->token.at, "%s takes %d argument%s", c->name, c->arity + (op == EX_RIESZ),
				   c->arity + (op == EX_RIESZ) > 1 ? "s" : "");
	return expect(r, ")") ? expr_make(r->pool, op, index, c->arity, arg) : EXPR_NONE;
}

static expr symbol(struct reader *r, const struct expr_symbol *s, size_t at)
{
	switch (s->kind) {
	case SYMBOL_FIELD:
		if (!(r->allow & ALLOW_FIELDS))
			return reader_fail(r, at, "field '%s' has no value here", s->name);
		return expr_field(r->pool, s->index);
	case SYMBOL_PARAM:
		return expr_leaf(r->pool, EX_PARAM, s->index);
	case SYMBOL_COEF:
		return expr_leaf(r->pool, EX_COEF, s->index);
	default:
		return s->meaning;
	}
}

/* pi, coordinates, dW, a declared name, or NAME_xx. */
static expr named(struct reader *r, const struct token *t)
{
	const char *name = r->text + t->at;
	const struct expr_symbol *s = exprs_find(r->pool, name, t->length);
	size_t cut = t->length;

	if (s)
		return symbol(r, s, t->at);
	if (t->length == 2 && memcmp(name, "pi", 2) == 0)
		return expr_leaf(r->pool, EX_PI, 0);
	if (t->length == 2 && memcmp(name, "dW", 2) == 0) {
		if (!(r->allow & ALLOW_NOISE))
			return reader_fail(r, t->at, "noise dW belongs to equations of motion, not here");
		return expr_leaf(r->pool, EX_NOISE, r->pool->n_noise++);
	}
	if (t->length == 1 && reader_axis(r, name[0]) >= 0)
		return expr_leaf(r->pool, EX_COORD, reader_axis(r, name[0]));
	while (cut > 0 && name[cut - 1] != '_')
		cut--;
	if (cut > 1 && cut < t->length) {
		s = exprs_find(r->pool, name, cut - 1);
		if (!s)
			return unknown(r, t->at, cut - 1, "field");
		if (s->kind == SYMBOL_PARAM)
			return reader_fail(r, t->at, "parameter '%s' has no derivative", s->name);
		return derivative(r, symbol(r, s, t->at), name + cut, t->length - cut, t->at + cut);
	}
	if (function_of(r, t->at, t->length) != EX_OPS)
		return reader_fail(r, t->at + t->length, "expected '(' after function %.*s", (int)t->length, name);
	return unknown(r, t->at, t->length, "name");
}

static expr operand(struct reader *r)
{
	struct token t;
	expr a, part[3];
	int n = 0;

	while (reader_is(r, "\n"))
		reader_next(r);
	t = r->token;
	if (r->failed)
		return EXPR_NONE;
	if (t.kind == TOKEN_NUMBER) {
		reader_next(r);
		if (r->token.kind == TOKEN_NAME && !r->spaced && !r->failed)
			return reader_fail(r, r->token.at, "expected an operator after a number: write %.*s*%.*s",
					   (int)t.length, r->text + t.at, (int)r->token.length, r->text + r->token.at);
		return r->failed ? EXPR_NONE : expr_number(r->pool, t.value);
	}
	if (reader_is(r, "-")) {
		reader_next(r);
		a = reader_expression(r, BIND_SIGN);
		if (a == EXPR_NONE)
			return a;
		return expr_at(r->pool, a)->op == EX_NUMBER && expr_at(r->pool, a)->value > 0
			       ? expr_number(r->pool, -expr_at(r->pool, a)->value)
			       : expr_make(r->pool, EX_NEG, 0, 1, &a);
	}
	if (reader_is(r, "+")) {
		reader_next(r);
		return reader_expression(r, BIND_SIGN);
	}
	if (reader_is(r, "not")) {
		reader_next(r);
		a = reader_expression(r, BIND_NOT);
		return a == EXPR_NONE ? a : expr_make(r->pool, EX_NOT, 0, 1, &a);
	}
	if (reader_is(r, "(")) {
		reader_next(r);
		a = reader_expression(r, 0);
		return expect(r, ")") ? a : EXPR_NONE;
	}
	if (reader_is(r, "[")) {
		do {
			reader_next(r);
			if (n == 3)
				return reader_fail(r, r->token.at, "a vector has 2 or 3 components");
			part[n] = scalar_argument(r, "a component", n);
			if (part[n++] == EXPR_NONE)
				return EXPR_NONE;
		} while (reader_is(r, ","));
		if (!expect(r, "]"))
			return EXPR_NONE;
		return n > 1 ? expr_make(r->pool, EX_VECTOR, 0, n, part)
			     : reader_fail(r, t.at, "a vector has 2 or 3 components");
	}
	if (t.kind == TOKEN_NAME && !reader_is(r, "and") && !reader_is(r, "or")) {
		enum expr_op op = function_of(r, t.at, t.length);

		reader_next(r);
		if (reader_is(r, "(") && !exprs_find(r->pool, r->text + t.at, t.length)) {
			if (op == EX_OPS)
				return unknown(r, t.at, t.length, "function");
			return call(r, op, t.at);
		}
		return r->failed ? EXPR_NONE : named(r, &t);
	}
	return reader_unexpected(r, "a value");
}

/* (a)_xx and v.x */
static expr postfix(struct reader *r, expr a)
{
	while (a != EXPR_NONE && !r->failed) {
		struct token t = r->token;

		if (t.kind == TOKEN_NAME && r->text[t.at] == '_' && !r->spaced) {
			if (t.length == 1)
				return reader_fail(r, t.at + 1, "expected coordinates after _");
			a = derivative(r, a, r->text + t.at + 1, t.length - 1, t.at + 1);
			reader_next(r);
		} else if (reader_is(r, ".")) {
			int axis;

			reader_next(r);
			axis = axis_argument(r, "a component");
			if (axis < 0)
				return EXPR_NONE;
			if (rank(r, a) == 1 || axis >= rank(r, a))
				return reader_fail(r, t.at,
						   rank(r, a) == 1 ? "a scalar has no components"
								   : "the vector has no such component");
			a = expr_make(r->pool, EX_PART, axis, 1, &a);
		} else {
			break;
		}
	}
	return a;
}

static const struct infix {
	const char *sign;
	enum expr_op op;
	int bind;
} infixes[] = {
	{ "or", EX_OR, BIND_OR },      { "and", EX_AND, BIND_AND },  { "<=", EX_LE, BIND_COMPARE },
	{ ">=", EX_GE, BIND_COMPARE }, { "<", EX_LT, BIND_COMPARE }, { ">", EX_GT, BIND_COMPARE },
	{ "+", EX_ADD, BIND_SUM },     { "-", EX_SUB, BIND_SUM },    { "*", EX_MUL, BIND_PRODUCT },
	{ "/", EX_DIV, BIND_PRODUCT }, { "^", EX_POW, BIND_POWER },
};

static int check_ranks(struct reader *r, const struct infix *op, expr a, expr b, size_t at)
{
	const int ra = rank(r, a), rb = rank(r, b);

	if (op->op == EX_ADD || op->op == EX_SUB) {
		if (ra != rb)
			return reader_fail(r, at, "'%s' joins values of one rank, these have %d and %d", op->sign, ra,
					   rb);
	} else if (op->op == EX_MUL) {
		if (ra > 1 && rb > 1)
			return reader_fail(r, at, "'*' of two vectors: write dot(a, b)");
	} else if (rb > 1 || (ra > 1 && op->op != EX_DIV)) {
		return reader_fail(r, at, "'%s' needs scalars", op->sign);
	}
	return 0;
}

/* a, unless it is too deep or too large for what follows. */
static expr within_limits(struct reader *r, expr a, size_t at)
{
	if (a == EXPR_NONE || r->failed)
		return EXPR_NONE;
	if (expr_at(r->pool, a)->depth > EXPR_DEPTH)
		return reader_fail(r, at, "more than %d operators on one another", EXPR_DEPTH);
	if (expr_at(r->pool, a)->size > EXPR_SIZE)
		return reader_fail(r, at, "more than %d operations where all definitions are written out", EXPR_SIZE);
	return a;
}

/* Operators that bind tighter than `least`. */
expr reader_expression(struct reader *r, int least)
{
	expr a;

	if (++r->depth > DEPTH_MAX)
		return reader_fail(r, r->token.at, "nested more than %d deep", DEPTH_MAX);
	const size_t start = r->token.at;

	a = within_limits(r, postfix(r, operand(r)), start);
	while (a != EXPR_NONE && !r->failed) {
		const struct infix *op = NULL;
		size_t at = r->token.at;
		expr pair[2] = { a, EXPR_NONE };

		for (size_t i = 0; i < sizeof infixes / sizeof *infixes && !op; i++)
			if (reader_is(r, infixes[i].sign))
				op = &infixes[i];
		if (!op || op->bind <= least)
			break;
		reader_next(r);
		/* powers group to the right and take a sign: 2^-3^2 */
		pair[1] = reader_expression(r, op->op == EX_POW ? BIND_SIGN : op->bind);
		if (pair[1] == EXPR_NONE || check_ranks(r, op, a, pair[1], at) != 0)
			return EXPR_NONE;
		if (op->bind == BIND_COMPARE &&
		    (reader_is(r, "<") || reader_is(r, ">") || reader_is(r, "<=") || reader_is(r, ">=")))
			return reader_fail(r, r->token.at, "comparisons do not chain; write a < b and b < c");
		a = within_limits(r, expr_make(r->pool, op->op, 0, 2, pair), at);
	}
	r->depth--;
	return r->failed ? EXPR_NONE : a;
}

expr expr_parse(struct exprs *p, const char *text, const char *what, int allow, struct err *e)
{
	struct reader r;
	expr a;

	reader_open(&r, p, text, what, allow, e);
	while (reader_is(&r, "\n"))
		reader_next(&r);
	a = reader_expression(&r, 0);
	while (a != EXPR_NONE && reader_is(&r, "\n"))
		reader_next(&r);
	if (a != EXPR_NONE && r.token.kind != TOKEN_END)
		return reader_unexpected(&r, "an operator or the end");
	return r.failed ? EXPR_NONE : a;
}
