/* print.c: trees as text with the fewest brackets that read back to the same tree, as TeX, and as prefix tokens and
 * back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "equation/expr.h"

/* How tightly a printed form holds together; text and TeX share it. */
enum { HOLD_OR = 1, HOLD_AND, HOLD_NOT, HOLD_COMPARE, HOLD_SUM, HOLD_PRODUCT, HOLD_SIGN, HOLD_POWER, HOLD_ATOM };

static int hold(const struct expr_node *n)
{
	switch (n->op) {
	case EX_OR:
		return HOLD_OR;
	case EX_AND:
		return HOLD_AND;
	case EX_NOT:
		return HOLD_NOT;
	case EX_LT:
	case EX_LE:
	case EX_GT:
	case EX_GE:
		return HOLD_COMPARE;
	case EX_ADD:
	case EX_SUB:
		return HOLD_SUM;
	case EX_MUL:
	case EX_DIV:
		return HOLD_PRODUCT;
	case EX_NEG:
		return HOLD_SIGN;
	case EX_POW:
		return HOLD_POWER;
	case EX_NUMBER:
		return n->value < 0 ? HOLD_SIGN : HOLD_ATOM;
	default:
		return HOLD_ATOM;
	}
}

static void axis_letter(const struct exprs *p, int axis, struct str *out)
{
	str_add(out, axis == EXPR_TIME ? "t" : p->axis[axis]);
}

/* Innermost argument of a chain of derivatives and their number; letters in order outermost first. */
static expr chain(const struct exprs *p, expr a, int *order)
{
	for (*order = 0; expr_at(p, a)->op == EX_D; a = expr_at(p, a)->arg[0])
		(*order)++;
	return a;
}

static void chain_letters(const struct exprs *p, expr a, struct str *out)
{
	const struct expr_node *n = expr_at(p, a);

	if (n->op != EX_D)
		return;
	chain_letters(p, n->arg[0], out); /* innermost first, as it is written */
	axis_letter(p, n->index, out);
}

static const char *leaf_name(const struct exprs *p, const struct expr_node *n)
{
	switch (n->op) {
	case EX_FIELD:
		return exprs_name(p, SYMBOL_FIELD, n->index);
	case EX_PARAM:
		return exprs_name(p, SYMBOL_PARAM, n->index);
	case EX_COEF:
		return exprs_name(p, SYMBOL_COEF, n->index);
	case EX_COORD:
		return n->index == EXPR_TIME ? "t" : p->axis[n->index];
	default:
		return expr_classes[n->op].name;
	}
}

static void text(const struct exprs *p, expr a, int least, struct str *out)
{
	static const char *const sign[EX_OPS] = {
		[EX_OR] = " or ", [EX_AND] = " and ", [EX_LT] = " < ",	[EX_LE] = " <= ",
		[EX_GT] = " > ",  [EX_GE] = " >= ",   [EX_ADD] = " + ", [EX_SUB] = " - ",
		[EX_MUL] = "*",	  [EX_DIV] = "/",     [EX_POW] = "^"
	};
	const struct expr_node *n = expr_at(p, a);
	const int own = hold(n);
	char number[32];
	int order;
	expr inner;

	if (own < least) {
		str_add(out, "(");
		text(p, a, 0, out);
		str_add(out, ")");
		return;
	}
	if (n->op == EX_NUMBER) {
		str_add(out, str_double(number, n->value));
	} else if (n->n_args == 0) {
		str_add(out, leaf_name(p, n));
	} else if (n->op == EX_POW) {
		text(p, n->arg[0], HOLD_ATOM, out);
		str_add(out, "^");
		text(p, n->arg[1], HOLD_SIGN, out);
	} else if (sign[n->op]) {
		/* comparisons do not chain */
		text(p, n->arg[0], own == HOLD_COMPARE ? own + 1 : own, out);
		str_add(out, sign[n->op]);
		text(p, n->arg[1], own + 1, out);
	} else if (n->op == EX_NEG) {
		str_add(out, "-");
		/* -3 would read back as one number */
		text(p, n->arg[0], expr_at(p, n->arg[0])->op == EX_NUMBER ? HOLD_ATOM + 1 : HOLD_SIGN, out);
	} else if (n->op == EX_NOT) {
		str_add(out, "not ");
		text(p, n->arg[0], HOLD_NOT, out);
	} else if (n->op == EX_D) {
		inner = chain(p, a, &order);
		bool plain = hold(expr_at(p, inner)) == HOLD_ATOM && expr_at(p, inner)->op != EX_PART &&
			     (expr_at(p, inner)->n_args > 0 || expr_at(p, inner)->op == EX_FIELD ||
			      expr_at(p, inner)->op == EX_COEF);

		if (!plain)
			str_add(out, "(");
		text(p, inner, 0, out);
		str_add(out, plain ? "_" : ")_");
		chain_letters(p, a, out);
	} else if (n->op == EX_PART) {
		text(p, n->arg[0], HOLD_ATOM, out);
		str_printf(out, ".%s", p->axis[n->index]);
	} else {
		str_add(out, n->op == EX_VECTOR ? "[" : expr_classes[n->op].name);
		str_add(out, n->op == EX_VECTOR ? "" : "(");
		for (int i = 0; i < n->n_args; i++) {
			if (i > 0)
				str_add(out, ", ");
			text(p, n->arg[i], 0, out);
		}
		if (n->op == EX_RIESZ)
			str_printf(out, ", %s", p->axis[n->index]);
		str_add(out, n->op == EX_VECTOR ? "]" : ")");
	}
}

void expr_text(const struct exprs *p, expr a, struct str *out)
{
	text(p, a, 0, out);
}

/* ---- TeX ----------------------------------------------------------------------------------------- */

static void tex_name(const char *name, struct str *out)
{
	static const char *const greek[] = { "alpha", "beta",  "gamma",	 "delta", "epsilon", "zeta",  "eta",
					     "theta", "kappa", "lambda", "mu",	  "nu",	     "xi",    "rho",
					     "sigma", "tau",   "phi",	 "chi",	  "psi",     "omega", "Gamma",
					     "Delta", "Omega", "Phi",	 "Psi" };
	const char *low = strchr(name, '_');
	size_t n = low ? (size_t)(low - name) : strlen(name);

	for (size_t i = 0; i < sizeof greek / sizeof *greek; i++)
		if (strlen(greek[i]) == n && memcmp(greek[i], name, n) == 0) {
			str_printf(out, "\\%s", greek[i]);
			n = 0;
			break;
		}
	if (n == 1)
		str_add_n(out, name, 1);
	else if (n > 1)
		str_printf(out, "\\mathrm{%.*s}", (int)n, name);
	if (low && low[1]) {
		str_add(out, "_{");
		for (const char *c = low + 1; *c; c++)
			str_add_n(out, *c == '_' ? "," : c, 1);
		str_add(out, "}");
	}
}

static void tex_number(double v, struct str *out)
{
	char number[32], *cut;

	cut = strchr(str_double(number, v), 'e');
	if (cut) {
		*cut++ = '\0';
		str_printf(out, "%s\\cdot 10^{%d}", number, atoi(cut));
	} else {
		str_add(out, number);
	}
}

static void tex(const struct exprs *p, expr a, int least, struct str *out)
{
	const struct expr_node *n = expr_at(p, a);
	const struct expr_class *c = &expr_classes[n->op];
	int order;
	expr inner = chain(p, a, &order);
	const int own = order > 0 && expr_at(p, inner)->op != EX_FIELD ? HOLD_PRODUCT : hold(n);

	if (own < least) {
		str_add(out, "\\left(");
		tex(p, a, 0, out);
		str_add(out, "\\right)");
		return;
	}
	switch (n->op) {
	case EX_NUMBER:
		tex_number(n->value, out);
		return;
	case EX_FIELD:
	case EX_PARAM:
	case EX_COEF:
	case EX_COORD:
		tex_name(leaf_name(p, n), out);
		return;
	case EX_PI:
	case EX_NOISE:
		str_add(out, c->tex);
		return;
	case EX_ADD:
	case EX_SUB:
		tex(p, n->arg[0], own, out);
		str_add(out, n->op == EX_ADD ? " + " : " - ");
		tex(p, n->arg[1], own + 1, out);
		return;
	case EX_MUL:
		tex(p, n->arg[0], own, out);
		str_add(out, expr_at(p, n->arg[1])->op == EX_NUMBER ? " \\cdot " : " \\, ");
		tex(p, n->arg[1], own + 1, out);
		return;
	case EX_DIV:
		str_add(out, "\\frac{");
		tex(p, n->arg[0], 0, out);
		str_add(out, "}{");
		tex(p, n->arg[1], 0, out);
		str_add(out, "}");
		return;
	case EX_POW:
		tex(p, n->arg[0], HOLD_ATOM, out);
		str_add(out, "^{");
		tex(p, n->arg[1], 0, out);
		str_add(out, "}");
		return;
	case EX_NEG:
		str_add(out, "-");
		tex(p, n->arg[0], HOLD_SIGN, out);
		return;
	case EX_LT:
	case EX_LE:
	case EX_GT:
	case EX_GE:
	case EX_AND:
	case EX_OR:
		tex(p, n->arg[0], own == HOLD_COMPARE ? own + 1 : own, out);
		str_printf(out, " %s ", c->tex);
		tex(p, n->arg[1], own + 1, out);
		return;
	case EX_WHERE:
		str_add(out, "\\begin{cases}");
		tex(p, n->arg[1], 0, out);
		str_add(out, " & ");
		tex(p, n->arg[0], 0, out);
		str_add(out, "\\\\ ");
		tex(p, n->arg[2], 0, out);
		str_add(out, " & \\text{otherwise}\\end{cases}");
		return;
	case EX_SQRT:
		str_add(out, "\\sqrt{");
		tex(p, n->arg[0], 0, out);
		str_add(out, "}");
		return;
	case EX_ABS:
		str_add(out, "\\left|");
		tex(p, n->arg[0], 0, out);
		str_add(out, "\\right|");
		return;
	case EX_D:
		if (expr_at(p, inner)->op == EX_FIELD) {
			str_add(out, "{");
			tex(p, inner, 0, out);
			str_add(out, "}_{");
			chain_letters(p, a, out);
			str_add(out, "}");
			return;
		}
		for (expr b = a; expr_at(p, b)->op == EX_D; b = expr_at(p, b)->arg[0]) {
			str_add(out, "\\partial_");
			axis_letter(p, expr_at(p, b)->index, out);
			str_add(out, " ");
		}
		tex(p, inner, HOLD_POWER, out);
		return;
	case EX_FRACLAP:
		str_add(out, "(-\\Delta)^{\\frac{");
		tex(p, n->arg[1], 0, out);
		str_add(out, "}{2}} ");
		tex(p, n->arg[0], HOLD_POWER, out);
		return;
	case EX_RIESZ:
		str_printf(out, "\\mathcal{R}_{%s} ", p->axis[n->index]);
		tex(p, n->arg[0], HOLD_POWER, out);
		return;
	case EX_LAP:
	case EX_INVLAP:
	case EX_GRAD:
	case EX_DIVERGENCE:
	case EX_CURL:
	case EX_NOT:
		str_add(out, c->tex);
		tex(p, n->arg[0], HOLD_POWER, out);
		return;
	case EX_DOT:
		tex(p, n->arg[0], HOLD_POWER, out);
		str_add(out, " \\cdot ");
		tex(p, n->arg[1], HOLD_POWER, out);
		return;
	case EX_PART:
		tex(p, n->arg[0], HOLD_ATOM, out);
		str_printf(out, "_{%s}", p->axis[n->index]);
		return;
	case EX_INTEGRAL:
		str_add(out, "\\int ");
		tex(p, n->arg[0], HOLD_PRODUCT, out);
		for (int i = 0; i < p->n_dims; i++)
			str_printf(out, "\\,d%s", p->axis[i]);
		return;
	default:
		str_printf(out, "%s\\left(", n->op == EX_VECTOR ? "" : c->tex);
		for (int i = 0; i < n->n_args; i++) {
			if (i > 0)
				str_add(out, ", ");
			tex(p, n->arg[i], 0, out);
		}
		str_add(out, "\\right)");
	}
}

void expr_tex(const struct exprs *p, expr a, struct str *out)
{
	tex(p, a, 0, out);
}

/* ---- prefix tokens ------------------------------------------------------------------------------- */

void expr_prefix(const struct exprs *p, expr a, struct str *out)
{
	const struct expr_node *n = expr_at(p, a);
	char number[32];

	if (out->length > 0 && out->text[out->length - 1] != ' ')
		str_add(out, " ");
	if (n->op == EX_NUMBER)
		str_add(out, str_double(number, n->value));
	else if (n->op == EX_VECTOR)
		str_printf(out, "vector%d", n->n_args);
	else if (n->op == EX_D || n->op == EX_PART || n->op == EX_RIESZ) {
		str_printf(out, "%s_", expr_classes[n->op].name);
		axis_letter(p, n->index, out);
	} else
		str_add(out, n->n_args == 0 ? leaf_name(p, n) : expr_classes[n->op].name);
	for (int i = 0; i < n->n_args; i++)
		expr_prefix(p, n->arg[i], out);
}

struct tokens {
	struct exprs *pool;
	const char *at;
	int number, depth;
	struct err *err;
};

static expr from_prefix(struct tokens *t)
{
	struct exprs *p = t->pool;
	const struct expr_symbol *s;
	char word[80];
	expr arg[EXPR_ARGS], leaf = EXPR_NONE;
	int op = EX_OPS, index = 0, arity = 0;
	double value;
	size_t n;

	t->at += strspn(t->at, " \t\n");
	n = strcspn(t->at, " \t\n");
	t->number++;
	if (n == 0 || n >= sizeof word || ++t->depth > 500)
		return err_set(t->err, ERR_USAGE,
			       n == 0 ? "token %d: the expression ends too early"
				      : "token %d: too long or nested too deep",
			       t->number);
	memcpy(word, t->at, n);
	word[n] = '\0';
	t->at += n;
	s = exprs_find(p, word, n);
	if (str_to_double(word, &value)) {
		leaf = expr_number(p, value);
	} else if (s) {
		leaf = s->kind == SYMBOL_FIELD	 ? expr_field(p, s->index)
		       : s->kind == SYMBOL_PARAM ? expr_leaf(p, EX_PARAM, s->index)
		       : s->kind == SYMBOL_COEF	 ? expr_leaf(p, EX_COEF, s->index)
						 : s->meaning;
	} else if (strcmp(word, "t") == 0) {
		leaf = expr_leaf(p, EX_COORD, EXPR_TIME);
	} else if (strcmp(word, "pi") == 0) {
		leaf = expr_leaf(p, EX_PI, 0);
	} else if (strcmp(word, "dW") == 0) {
		leaf = expr_leaf(p, EX_NOISE, p->n_noise++);
	} else {
		for (int a = 0; a < p->n_dims; a++)
			if (strcmp(word, p->axis[a]) == 0)
				leaf = expr_leaf(p, EX_COORD, a);
		for (int i = EX_ADD; i < EX_OPS; i++)
			if (strcmp(word, expr_classes[i].name) == 0)
				op = i;
		if (strcmp(word, "vector2") == 0 || strcmp(word, "vector3") == 0) {
			op = EX_VECTOR;
			arity = word[6] - '0';
		} else if (n > 2 && word[n - 2] == '_') {
			for (int i = EX_D; i < EX_OPS; i++)
				if ((i == EX_D || i == EX_PART || i == EX_RIESZ) &&
				    strlen(expr_classes[i].name) == n - 2 &&
				    memcmp(word, expr_classes[i].name, n - 2) == 0)
					op = i;
			index = op == EX_D && word[n - 1] == 't' ? EXPR_TIME : -1;
			for (int a = 0; a < p->n_dims; a++)
				if (p->axis[a][0] == word[n - 1])
					index = a;
			if (index < 0)
				op = EX_OPS;
		} else if (op == EX_D || op == EX_PART || op == EX_RIESZ) {
			op = EX_OPS;
		}
	}
	if (leaf == EXPR_NONE && op == EX_OPS)
		return err_set(t->err, ERR_USAGE, "token %d: unknown word '%s'", t->number, word);
	if (leaf == EXPR_NONE) {
		const int first = t->number + 1;

		arity = op == EX_VECTOR ? arity : expr_classes[op].arity;
		for (int i = 0; i < arity; i++) {
			arg[i] = from_prefix(t);
			if (arg[i] == EXPR_NONE)
				return EXPR_NONE;
		}
		for (int i = 0; i < arity; i++) {
			const int rank = expr_at(p, arg[i])->rank;
			const bool vector = op == EX_PART || op == EX_DIVERGENCE || op == EX_DOT;
			const bool either = op == EX_ADD || op == EX_SUB || op == EX_MUL || op == EX_DIV ||
					    op == EX_NEG || op == EX_WHERE || expr_op_is_linear((enum expr_op)op) ||
					    op == EX_CURL;

			if (op == EX_PART && index >= rank && rank > 1)
				return err_set(t->err, ERR_USAGE, "token %d: the vector has no such component", first);
			if ((vector && rank == 1) || (!vector && !either && rank > 1))
				return err_set(t->err, ERR_USAGE, "token %d: argument %d of %s is a %s", first, i + 1,
					       word, rank == 1 ? "scalar" : "vector");
		}
		if (expr_op_is_random((enum expr_op)op))
			index = p->n_random++;
		leaf = expr_make(p, (enum expr_op)op, index, arity, arg);
	}
	t->depth--;
	return leaf;
}

expr expr_from_prefix(struct exprs *p, const char *tokens, struct err *e)
{
	struct tokens t = { .pool = p, .at = tokens, .err = e };
	expr a = from_prefix(&t);

	if (a != EXPR_NONE && t.at[strspn(t.at, " \t\n")] != '\0')
		return err_set(e, ERR_USAGE, "token %d: nothing is left to belong to", t.number + 1);
	return a;
}
