/* system.c: systems of equations: statements, the fields they declare, and the time derivative each is solved for. */
#include "equation/system.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "equation/reader.h"

/* Base of a name that ends in _t or _tt, else 0. */
static size_t rate_base(const char *name, size_t n)
{
	size_t cut = n;

	while (cut > 0 && name[cut - 1] == 't')
		cut--;
	return cut < n && n - cut <= 2 && cut > 1 && name[cut - 1] == '_' ? cut - 1 : 0;
}

int equations_fields(struct exprs *p, const char *text, const char *what, struct err *e)
{
	struct reader r;

	for (reader_open(&r, p, text, what, 0, e); !r.failed && r.token.kind != TOKEN_END; reader_next(&r)) {
		const char *name = text + r.token.at;
		size_t base = r.token.kind == TOKEN_NAME ? rate_base(name, r.token.length) : 0;
		char word[EXPR_NAME];
		struct err why = { 0 };

		if (base == 0 || base >= sizeof word || exprs_find(p, name, base) ||
		    exprs_find(p, name, r.token.length))
			continue;
		memcpy(word, name, base);
		word[base] = '\0';
		if (exprs_declare(p, SYMBOL_FIELD, word, 1, EXPR_NONE, &why) != 0)
			return reader_fail(&r, r.token.at, "%s", why.message);
	}
	return r.failed ? -1 : 0;
}

/* The highest time derivative in a tree: its field, order and node. Derivatives of anything but fields are refused. */
static int find_rate(struct reader *r, expr a, size_t at, struct equation *q, expr *rate)
{
	const struct expr_node *n = expr_at(r->pool, a);
	int order = 0;
	expr b = a;

	if (n->op == EX_D && n->index == EXPR_TIME) {
		for (; expr_at(r->pool, b)->op == EX_D && expr_at(r->pool, b)->index == EXPR_TIME;
		     b = expr_at(r->pool, b)->arg[0])
			order++;
		if (expr_at(r->pool, b)->op != EX_FIELD)
			return reader_fail(r, at, "a time derivative must be one of a field, such as u_t");
		if (order > 2)
			return reader_fail(r, at, "time derivatives go up to the second order");
		const int field = expr_at(r->pool, b)->index;

		if (q->field >= 0 && q->field != field)
			return reader_fail(r, at, "an equation has time derivatives of one field; this has %s and %s",
					   exprs_name(r->pool, SYMBOL_FIELD, q->field),
					   exprs_name(r->pool, SYMBOL_FIELD, field));
		q->field = field;
		if (order > q->time_order) {
			q->time_order = order;
			*rate = a;
		}
		return 0;
	}
	const int n_args = n->n_args;

	for (int i = 0; i < n_args; i++)
		if (find_rate(r, expr_at(r->pool, a)->arg[i], at, q, rate) != 0)
			return -1;
	return 0;
}

/* Does node stand below a linear operator of a? */
static bool stands_inside(const struct exprs *p, expr a, expr node, bool inside)
{
	const struct expr_node *n = expr_at(p, a);

	if (a == node)
		return inside;
	for (int i = 0; i < n->n_args; i++)
		if (stands_inside(p, n->arg[i], node, inside || expr_op_is_linear(n->op)))
			return true;
	return false;
}

static int solve(struct reader *r, size_t at, struct equation *q)
{
	struct exprs *p = r->pool;
	expr rate = EXPR_NONE, residual, factor;

	if (find_rate(r, q->left, at, q, &rate) != 0 || find_rate(r, q->right, at, q, &rate) != 0)
		return -1;
	residual = expr_sub(p, q->left, q->right);
	if (rate == EXPR_NONE) {
		q->rate = residual;
		return 0;
	}
	if (q->left == rate) { /* as it stands */
		struct equation again = { .field = -1 };
		expr other = EXPR_NONE;

		q->rate = q->right;
		if (find_rate(r, q->right, at, &again, &other) != 0)
			return -1;
		if (again.time_order < q->time_order)
			return 0;
	}
	if (expr_at(p, rate)->rank > 1)
		return reader_fail(r, at, "equations of vectors have the time derivative alone on the left");
	factor = expr_partial(p, residual, rate);
	expr remainder = expr_replace(p, residual, rate, expr_number(p, 0));

	/* residual = factor * rate + remainder, or rate stands inside something */
	if (expr_is_number(p, factor, 0) || stands_inside(p, residual, rate, false))
		return reader_fail(r, at, "cannot solve for the time derivative: it stands inside another operator");
	if (!expr_is_constant(p, factor))
		return reader_fail(r, at, "cannot solve for the time derivative: its factor must be a constant");
	struct equation again = { .field = -1 };
	expr other = EXPR_NONE;

	if (find_rate(r, remainder, at, &again, &other) != 0)
		return -1;
	if (again.time_order >= q->time_order)
		return reader_fail(r, at, "cannot solve for the time derivative: it stands inside another operator");
	q->rate = expr_neg(p, expr_div(p, remainder, factor));
	return 0;
}

int equations_parse(struct exprs *p, struct equations *s, const char *text, const char *what, struct err *e)
{
	const int before = s->n;
	struct reader r;

	reader_open(&r, p, text, what, ALLOW_FIELDS | ALLOW_NOISE, e);
	while (!r.failed) {
		struct equation q = { .field = -1 };
		size_t start, sign;

		while (reader_is(&r, ";") || reader_is(&r, "\n"))
			reader_next(&r);
		if (r.token.kind == TOKEN_END)
			break;
		start = r.token.at;
		q.left = reader_expression(&r, 0);
		if (q.left == EXPR_NONE)
			break;
		sign = r.token.at;
		if (!reader_is(&r, "=")) {
			reader_unexpected(&r, "an operator or '='");
			break;
		}
		reader_next(&r);
		q.right = reader_expression(&r, 0);
		if (q.right == EXPR_NONE)
			break;
		if (!reader_is(&r, ";") && !reader_is(&r, "\n") && r.token.kind != TOKEN_END) {
			reader_unexpected(&r, "an operator, ';' or the end");
			break;
		}
		if (expr_at(p, q.left)->rank != expr_at(p, q.right)->rank && !expr_is_number(p, q.left, 0)) {
			reader_fail(&r, sign, "the left side has %d component%s, the right %d",
				    expr_at(p, q.left)->rank, expr_at(p, q.left)->rank > 1 ? "s" : "",
				    expr_at(p, q.right)->rank);
			break;
		}
		if (solve(&r, start, &q) != 0)
			break;
		for (int i = 0; i < s->n && q.field >= 0; i++)
			if (s->at[i].field == q.field)
				reader_fail(&r, start, "field '%s' has an equation already",
					    exprs_name(p, SYMBOL_FIELD, q.field));
		MEM_GROW(s->at, s->n, s->capacity);
		s->at[s->n++] = q;
	}
	if (!r.failed && s->n == before)
		return reader_fail(&r, 0, "there is no equation");
	return r.failed ? -1 : 0;
}

void equations_free(struct equations *s)
{
	free(s->at);
	*s = (struct equations){ 0 };
}

void equations_text(const struct exprs *p, const struct equations *s, struct str *out)
{
	for (int i = 0; i < s->n; i++) {
		if (i > 0)
			str_add(out, "; ");
		expr_text(p, s->at[i].left, out);
		str_add(out, " = ");
		expr_text(p, s->at[i].right, out);
	}
}
