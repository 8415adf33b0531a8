/* equation_spec.c: reading the section of a problem that is given by its text. */
#include "problem/equation_spec.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "problem/equation_given.h"
#include "problem/equation_spec_inside.h"

/* "FILE:LINE: " or "-s: " in front of the place within a text. */
const char *equation_spec_place(char *buffer, size_t size, const struct conf_node *n, const char *what)
{
	if (n && n->origin && n->line > 0)
		snprintf(buffer, size, "%s:%d: %s", n->origin, n->line, what);
	else if (n && n->origin && strcmp(n->origin, "-s") == 0)
		snprintf(buffer, size, "-s: %s", what);
	else
		snprintf(buffer, size, "%s", what);
	return buffer;
}

int equation_spec_fail(struct err *e, const struct conf_node *n, const char *what, const char *format, ...)
{
	char at[300], message[500];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof message, format, ap);
	va_end(ap);
	return err_set(e, ERR_USAGE, "%s: %s", equation_spec_place(at, sizeof at, n, what), message);
}

static int need_map(const struct conf_node *n, const char *what, struct err *e)
{
	return !n || n->kind == CONF_MAP ? 0 : equation_spec_fail(e, n, what, "is no map of names");
}

int equation_spec_need_text(const struct conf_node *n, const char *what, struct err *e)
{
	return n->kind == CONF_SCALAR ? 0 : equation_spec_fail(e, n, what, "is no text");
}

static expr parse(struct equation_spec *s, const struct conf_node *n, const char *section, const char *name, int allow,
		  struct err *e)
{
	char what[160], at[400];

	snprintf(what, sizeof what, "%s%s%s", section, name ? "." : "", name ? name : "");
	if (equation_spec_need_text(n, what, e) != 0)
		return EXPR_NONE;
	return expr_parse(s->pool, n->text, equation_spec_place(at, sizeof at, n, what), allow, e);
}

/* A constant number, formulas such as 2*pi included. */
static int number(struct equation_spec *s, const struct conf_node *n, const char *what, double *value, struct err *e)
{
	expr a = parse(s, n, what, NULL, 0, e);

	if (a == EXPR_NONE)
		return -1;
	*value = expr_is_constant(s->pool, a) ? expr_constant(s->pool, a, NULL) : NAN;
	return isfinite(*value) ? 0 : equation_spec_fail(e, n, what, "'%s' is no number", n->text);
}

static int interval(struct equation_spec *s, const struct conf_node *n, const char *what, double *low, double *high,
		    struct err *e)
{
	if (n->kind != CONF_LIST || n->n != 2)
		return equation_spec_fail(e, n, what, "needs two numbers, [from, to]");
	if (number(s, n->child[0], what, low, e) != 0 || number(s, n->child[1], what, high, e) != 0)
		return -1;
	return *low < *high ? 0 : equation_spec_fail(e, n, what, "from %g to %g is empty", *low, *high);
}

/* Axes from the keys of domain; without it the unit interval of x and of t. A domain of t alone, without a grid, is
 * that of ordinary differential equations. */
static int read_domain(struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	char dims[EXPR_DIMS + 1] = "", what[80];
	const struct conf_node *d = c->domain;

	if (need_map(d, "domain", e) != 0)
		return -1;
	for (int i = 0; d && i < d->n; i++) {
		const char *name = d->key[i];

		if (strcmp(name, "t") == 0)
			continue;
		if (strlen(name) != 1 || name[0] < 'a' || name[0] > 'z')
			return equation_spec_fail(e, d->child[i], "domain",
						  "axis '%s' needs a name of one small letter", name);
		if (s->n_dims == EXPR_DIMS)
			return equation_spec_fail(e, d->child[i], "domain", "more than %d axes", EXPR_DIMS);
		dims[s->n_dims++] = name[0];
	}
	if (s->n_dims == 0 && (!d || c->grid))
		dims[s->n_dims++] = 'x';
	s->pool = exprs_new(dims);
	s->t1 = 1;
	for (int a = 0; a < s->n_dims; a++)
		s->length[a] = 1;
	for (int i = 0, a = 0; d && i < d->n; i++) {
		double low = 0, high = 0;

		snprintf(what, sizeof what, "domain.%s", d->key[i]);
		if (interval(s, d->child[i], what, &low, &high, e) != 0)
			return -1;
		if (strcmp(d->key[i], "t") == 0) {
			s->t0 = low;
			s->t1 = high;
		} else {
			s->low[a] = low;
			s->length[a++] = high - low;
		}
	}
	return 0;
}

int equation_spec_axis(const struct equation_spec *s, const char *name)
{
	for (int a = 0; a < s->n_dims; a++)
		if (strcmp(s->pool->axis[a], name) == 0)
			return a;
	return -1;
}

static int one_size(const struct conf_node *n, const char *what, int64_t *size, struct err *e)
{
	double v;

	if (n->kind != CONF_SCALAR || !str_to_double(n->text, &v) || v != floor(v) || v < 2 || v > 1e7)
		return equation_spec_fail(e, n, what, "needs whole numbers from 2 to 10000000");
	*size = (int64_t)v;
	return 0;
}

/* 64, [64, 32] or {x: 64, y: 32}. */
static int read_grid(struct equation_spec *s, const struct conf_node *n, const char *what, int64_t fallback,
		     int64_t *size, struct err *e)
{
	for (int a = 0; a < s->n_dims; a++)
		size[a] = fallback;
	if (!n)
		return 0;
	if (n->kind == CONF_MAP) {
		for (int i = 0; i < n->n; i++) {
			int a = equation_spec_axis(s, n->key[i]);

			if (a < 0)
				return equation_spec_fail(e, n->child[i], what, "there is no axis '%s'", n->key[i]);
			if (one_size(n->child[i], what, &size[a], e) != 0)
				return -1;
		}
		return 0;
	}
	if (n->kind == CONF_LIST && n->n != s->n_dims)
		return equation_spec_fail(e, n, what, "%d numbers for %d axes", n->n, s->n_dims);
	for (int a = 0; a < s->n_dims; a++)
		if (one_size(n->kind == CONF_LIST ? n->child[a] : n, what, &size[a], e) != 0)
			return -1;
	return 0;
}

static int declare(struct equation_spec *s, enum expr_symbol_kind kind, const struct conf_node *n, const char *section,
		   const char *name, int rank, expr meaning, struct err *e)
{
	struct err why = { 0 };

	if (exprs_declare(s->pool, kind, name, rank, meaning, &why) != 0)
		return equation_spec_fail(e, n, section, "%s", why.message);
	return 0;
}

/* A formula, or {file: ..., field: ..., frame: ...}. */
static expr formula(struct equation_spec *s, const struct conf_node *n, const char *section, const char *name,
		    struct err *e)
{
	char what[160];

	if (n->kind != CONF_MAP)
		return parse(s, n, section, name, ALLOW_RANDOM, e);
	snprintf(what, sizeof what, "%s.%s", section, name);
	if (s->n_given == EQUATION_GIVEN)
		return equation_spec_fail(e, n, what, "more than %d functions from files", EQUATION_GIVEN);
	if (equation_given_open(&s->given[s->n_given], s, n, what, name, e) != 0)
		return EXPR_NONE;
	return expr_make(s->pool, EX_DATA, s->n_given++, 0, NULL);
}

/* Random functions of space, the laws from grf on. */
static bool has_law_of_space(const struct exprs *p, expr a)
{
	for (int op = EX_GRF; op < EX_OPS; op++)
		if (expr_has(p, a, (enum expr_op)op, -1))
			return true;
	return false;
}

/* Abbreviations that hold no field or coefficient, random laws among them, may stand in formulas: the first pass reads
 * those that can be read without. Each is drawn once, wherever it stands. */
static int read_definitions(struct equation_spec *s, const struct equation_config *c, bool first, struct err *e)
{
	const struct conf_node *d = c->define;

	if (need_map(d, "define", e) != 0)
		return -1;
	for (int i = 0; d && i < d->n; i++) {
		expr a;

		if (exprs_find(s->pool, d->key[i], strlen(d->key[i])) &&
		    exprs_find(s->pool, d->key[i], strlen(d->key[i]))->kind == SYMBOL_DEFINITION)
			continue;
		a = parse(s, d->child[i], "define", d->key[i], first ? ALLOW_RANDOM : ALLOW_FIELDS, first ? NULL : e);
		if (a == EXPR_NONE && first)
			continue;
		if (a == EXPR_NONE || declare(s, SYMBOL_DEFINITION, d->child[i], "define", d->key[i], 1, a, e) != 0)
			return -1;
	}
	return 0;
}

static int read_params(struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	const struct conf_node *p = c->param, *f = c->coefficient;

	if (need_map(p, "param", e) != 0 || need_map(f, "coefficient", e) != 0)
		return -1;
	for (int i = 0; p && i < p->n; i++) {
		if (i == EQUATION_PARAMS)
			return equation_spec_fail(e, p, "param", "more than %d parameters", EQUATION_PARAMS);
		/* a law may use the parameters before it */
		s->param[i] = parse(s, p->child[i], "param", p->key[i], ALLOW_RANDOM, e);
		if (s->param[i] == EXPR_NONE)
			return -1;
		if (expr_has(s->pool, s->param[i], EX_COORD, -1) || has_law_of_space(s->pool, s->param[i]))
			return equation_spec_fail(e, p->child[i], "param", "'%s' must be a number, the same everywhere",
						  p->key[i]);
		if (declare(s, SYMBOL_PARAM, p->child[i], "param", p->key[i], 1, EXPR_NONE, e) != 0)
			return -1;
		s->n_params++;
	}
	if (read_definitions(s, c, true, e) != 0)
		return -1;
	if (f && f->n > 0 && s->n_dims == 0)
		return equation_spec_fail(e, f, "coefficient", "functions of space need axes of space in domain");
	for (int i = 0; f && i < f->n; i++) {
		if (i == EQUATION_COEFS)
			return equation_spec_fail(e, f, "coefficient", "more than %d coefficients", EQUATION_COEFS);
		s->coef[i] = formula(s, f->child[i], "coefficient", f->key[i], e);
		if (s->coef[i] == EXPR_NONE)
			return -1;
		if (expr_has(s->pool, s->coef[i], EX_COORD, EXPR_TIME))
			return equation_spec_fail(e, f->child[i], "coefficient",
						  "'%s' depends on time; define is for that", f->key[i]);
		if (declare(s, SYMBOL_COEF, f->child[i], "coefficient", f->key[i], 1, EXPR_NONE, e) != 0)
			return -1;
		s->n_coefs++;
	}
	return 0;
}

/* Each text of the equations: a scalar, or the items of a list. */
static int each_text(struct equation_spec *s, const struct conf_node *n,
		     int (*use)(struct equation_spec *, const char *, const char *, struct err *), struct err *e)
{
	char at[300];

	for (int i = 0; i < (n->kind == CONF_LIST ? n->n : 1); i++) {
		const struct conf_node *item = n->kind == CONF_LIST ? n->child[i] : n;

		if (equation_spec_need_text(item, "equation", e) != 0 ||
		    use(s, item->text, equation_spec_place(at, sizeof at, item, "equation"), e) != 0)
			return -1;
	}
	return 0;
}

static int use_names(struct equation_spec *s, const char *text, const char *what, struct err *e)
{
	return equations_fields(s->pool, text, what, e);
}

static int use_equations(struct equation_spec *s, const char *text, const char *what, struct err *e)
{
	return equations_parse(s->pool, &s->system, text, what, e);
}

/* A name that takes the text's u_tt: then u_t is a field of its own. */
static int use_second_order(struct equation_spec *s, const char *text, const char *what, struct err *e)
{
	const int n = s->pool->n_symbols;

	(void)what;
	for (int i = 0; i < n; i++) {
		char rate[EXPR_NAME + 4], velocity[EXPR_NAME + 2];
		const struct expr_symbol f = s->pool->symbol[i];

		if (f.kind != SYMBOL_FIELD)
			continue;
		snprintf(rate, sizeof rate, "%s_tt", f.name);
		snprintf(velocity, sizeof velocity, "%s_t", f.name);
		const char *at = strstr(text, rate);
		if (at && !exprs_find(s->pool, velocity, strlen(velocity)) &&
		    exprs_declare(s->pool, SYMBOL_FIELD, velocity, f.rank, EXPR_NONE, e) != 0)
			return -1;
	}
	return 0;
}

static int add_unknowns(struct equation_spec *s, const struct conf_node *at, const char *name, int rank, expr field,
			expr rate, struct err *e)
{
	for (int k = 0; k < rank; k++) {
		struct equation_unknown *u = &s->unknown[s->n_unknowns];

		if (s->n_unknowns == EQUATION_UNKNOWNS)
			return equation_spec_fail(e, at, "equation", "more than %d unknown functions",
						  EQUATION_UNKNOWNS);
		u->node = expr_lower(s->pool, field, k);
		u->rate = expr_lower(s->pool, rate, k);
		u->initial = EXPR_NONE;
		if (rank == 1)
			snprintf(u->name, sizeof u->name, "%s", name);
		else
			snprintf(u->name, sizeof u->name, "%s_%s", name, s->pool->axis[k]);
		s->n_unknowns++;
	}
	return 0;
}

/* Systems without any time derivative determine the fields in the order in which they are declared. */
static int read_stationary(struct equation_spec *s, const struct conf_node *n, struct err *e)
{
	expr residual[EQUATION_UNKNOWNS];
	int n_residuals = 0;

	s->stationary = true;
	for (int i = 0; i < s->system.n; i++)
		s->stationary &= s->system.at[i].field < 0;
	for (int i = 0; i < s->system.n && s->stationary; i++)
		for (int k = 0; k < expr_at(s->pool, s->system.at[i].rate)->rank; k++) {
			if (n_residuals == EQUATION_UNKNOWNS)
				return equation_spec_fail(e, n, "equation", "more than %d equations",
							  EQUATION_UNKNOWNS);
			residual[n_residuals++] = expr_lower(s->pool, s->system.at[i].rate, k);
		}
	for (int i = 0; i < s->pool->n_symbols && s->stationary; i++) {
		const struct expr_symbol f = s->pool->symbol[i];

		if (f.kind != SYMBOL_FIELD)
			continue;
		for (int k = 0; k < f.rank; k++) {
			struct equation_unknown *u = &s->unknown[s->n_unknowns];

			if (s->n_unknowns == n_residuals)
				return equation_spec_fail(e, n, "equation", "there are fewer equations than fields");
			*u = (struct equation_unknown){ .node = expr_lower(s->pool, expr_field(s->pool, f.index), k),
							.rate = residual[s->n_unknowns++],
							.initial = EXPR_NONE };
			snprintf(u->name, sizeof u->name, f.rank == 1 ? "%s" : "%s_%s", f.name, s->pool->axis[k]);
		}
	}
	if (s->stationary && s->n_unknowns < n_residuals)
		return equation_spec_fail(e, n, "equation", "%d equations for %d fields; the key fields declares them",
					  n_residuals, s->n_unknowns);
	return 0;
}

/* Take the noise out of the rates: it must stand there as amplitude * dW. */
static int read_noise(struct equation_spec *s, const struct conf_node *n, struct err *e)
{
	for (int k = 0; k < s->n_unknowns; k++)
		for (int i = 0; i < s->pool->n_noise; i++) {
			const expr noise = expr_leaf(s->pool, EX_NOISE, i);
			expr amplitude;

			if (!expr_has(s->pool, s->unknown[k].rate, EX_NOISE, i))
				continue;
			if (s->stationary)
				return equation_spec_fail(e, n, "equation", "noise dW needs equations of motion");
			if (s->n_noises == EQUATION_NOISES)
				return equation_spec_fail(e, n, "equation", "more than %d noises", EQUATION_NOISES);
			amplitude = expr_partial(s->pool, s->unknown[k].rate, noise);
			s->unknown[k].rate = expr_replace(s->pool, s->unknown[k].rate, noise, expr_number(s->pool, 0));
			if (expr_is_number(s->pool, amplitude, 0) || expr_has(s->pool, amplitude, EX_NOISE, -1))
				return equation_spec_fail(e, n, "equation",
							  "noise dW must stand linearly and outside of operators");
			s->noise[s->n_noises++] = (struct equation_noise){ k, i, amplitude };
		}
	return 0;
}

static int read_equations(struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	const struct conf_node *n = c->equation, *f = c->fields;
	struct str text = { 0 };

	if (need_map(f, "fields", e) != 0)
		return -1;
	for (int i = 0; f && i < f->n; i++) {
		bool vector = f->child[i]->kind == CONF_SCALAR && strcmp(f->child[i]->text, "vector") == 0;

		if (!vector && (f->child[i]->kind != CONF_SCALAR || strcmp(f->child[i]->text, "scalar") != 0))
			return equation_spec_fail(e, f->child[i], "fields", "'%s' is scalar or vector", f->key[i]);
		if (vector && s->n_dims == 1)
			return equation_spec_fail(e, f->child[i], "fields", "vectors need two or three axes");
		if (declare(s, SYMBOL_FIELD, f->child[i], "fields", f->key[i], vector ? s->n_dims : 1, EXPR_NONE, e) !=
		    0)
			return -1;
	}
	if (!n || each_text(s, n, use_names, e) != 0 || each_text(s, n, use_second_order, e) != 0 ||
	    read_definitions(s, c, false, e) != 0 || each_text(s, n, use_equations, e) != 0)
		return n ? -1 : err_set(e, ERR_USAGE, "equation: there is none");
	if (read_stationary(s, n, e) != 0)
		return -1;
	for (int i = 0; i < s->system.n && !s->stationary; i++) {
		const struct equation *q = &s->system.at[i];
		char velocity[EXPR_NAME + 2];

		if (q->field < 0)
			return equation_spec_fail(
				e, n, "equation",
				"equation %d has no time derivative, others have: such systems are not solved", i + 1);
		const char *name = exprs_name(s->pool, SYMBOL_FIELD, q->field);
		expr field = expr_field(s->pool, q->field), right = q->rate;
		int rank = expr_at(s->pool, field)->rank;
		if (q->time_order == 2) {
			snprintf(velocity, sizeof velocity, "%s_t", name);
			expr v = expr_field(s->pool, exprs_find(s->pool, velocity, strlen(velocity))->index);

			right = expr_replace(s->pool, right, expr_make(s->pool, EX_D, EXPR_TIME, 1, &field), v);
			if (add_unknowns(s, n, name, rank, field, v, e) != 0 ||
			    add_unknowns(s, n, velocity, rank, v, right, e) != 0)
				return -1;
		} else if (add_unknowns(s, n, name, rank, field, right, e) != 0) {
			return -1;
		}
		if (expr_has(s->pool, right, EX_D, EXPR_TIME))
			return equation_spec_fail(e, n, "equation", "the right side of %s holds a time derivative",
						  name);
	}
	if (read_noise(s, n, e) != 0)
		return -1;
	for (int k = 0; k < s->n_unknowns; k++)
		if (expr_has_random(s->pool, s->unknown[k].rate))
			return equation_spec_fail(
				e, n, "equation",
				"random laws stand in param, coefficient and initial, not in equations");
	for (int i = 0; i < s->pool->n_symbols; i++)
		if (s->pool->symbol[i].kind == SYMBOL_FIELD) {
			bool found = false;

			for (int k = 0; k < s->n_unknowns; k++)
				found |= expr_has(s->pool, s->unknown[k].node, EX_FIELD, s->pool->symbol[i].index);
			if (!found)
				return equation_spec_fail(e, n, "equation", "field '%s' has no equation",
							  s->pool->symbol[i].name);
		}
	equations_text(s->pool, &s->system, &text);
	s->text = text.text;
	return 0;
}

static int read_initial(struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	const struct conf_node *n = c->initial;
	struct err ignored = { 0 };

	if (need_map(n, "initial", e) != 0)
		return -1;
	for (int i = 0; n && i < n->n; i++) {
		const char *known[EQUATION_UNKNOWNS], *near;
		int k = 0;

		for (int j = 0; j < s->n_unknowns; j++)
			known[j] = s->unknown[j].name;
		while (k < s->n_unknowns && strcmp(s->unknown[k].name, n->key[i]) != 0)
			k++;
		near = str_nearest(n->key[i], s->n_unknowns, known);
		if (k == s->n_unknowns)
			return equation_spec_fail(e, n->child[i], "initial", "there is no field '%s'%s%s%s", n->key[i],
						  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		s->unknown[k].initial = formula(s, n->child[i], "initial", n->key[i], e);
		if (s->unknown[k].initial == EXPR_NONE)
			return -1;
		for (int op = EX_GRF; op < EX_OPS && s->n_dims == 0; op++)
			if (op != EX_WHITE && op != EX_DATA &&
			    expr_has(s->pool, s->unknown[k].initial, (enum expr_op)op, -1))
				return equation_spec_fail(e, n->child[i], "initial",
							  "%s makes functions of space: domain has none",
							  expr_classes[op].name);
		s->unknown[k].initial = expr_lower(s->pool, s->unknown[k].initial, 0);
	}
	for (int k = 0; k < s->n_unknowns; k++)
		if (s->unknown[k].initial == EXPR_NONE && s->n_dims == 0 && !s->stationary &&
		    !str_ends(s->unknown[k].name, "_t"))
			return equation_spec_fail(e, n, "initial", "'%s' needs a value", s->unknown[k].name);
		else if (s->unknown[k].initial == EXPR_NONE)
			s->unknown[k].initial =
				s->stationary || str_ends(s->unknown[k].name, "_t")
					? expr_number(s->pool, 0)
					: expr_parse(s->pool, "grf()", "initial", ALLOW_RANDOM, &ignored);
	return 0;
}

/* A parameter that a user names by -s and that stands nowhere is a slip of the pen. */
static int check_overrides(const struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	for (int k = 0; k < s->n_params; k++) {
		const struct conf_node *n = c->param->child[k];
		bool used = strcmp(n->origin, "-s") != 0;

		for (int i = 0; i < s->pool->n_nodes && !used; i++)
			used = s->pool->node[i].op == EX_PARAM && s->pool->node[i].index == k;
		if (!used)
			return equation_spec_fail(e, n, "param", "nothing in the problem's text uses '%s'",
						  c->param->key[k]);
	}
	return 0;
}

int equation_spec_new(struct equation_spec **out, const struct equation_config *c, struct err *e)
{
	struct equation_spec *s = xcalloc(1, sizeof *s);

	if (read_domain(s, c, e) != 0 || equation_spec_read_closed(s, c, e) != 0 ||
	    read_grid(s, c->grid, "grid", s->n_dims == 1 ? 128 : 64, s->grid, e) != 0 ||
	    read_grid(s, c->solve_grid, "solve_grid", 0, s->solve_grid, e) != 0 || read_params(s, c, e) != 0 ||
	    read_equations(s, c, e) != 0 || equation_spec_read_sides(s, c, e) != 0 || read_initial(s, c, e) != 0 ||
	    equation_spec_read_events(s, c, e) != 0 || check_overrides(s, c, e) != 0) {
		equation_spec_free(s);
		return -1;
	}
	for (int k = 0; k < s->n_unknowns; k++)
		s->names[k] = s->unknown[k].name;
	for (int k = 0; k < s->n_coefs; k++)
		s->names[s->n_unknowns + k] = exprs_name(s->pool, SYMBOL_COEF, k);
	*out = s;
	return 0;
}

void equation_spec_free(struct equation_spec *s)
{
	if (!s)
		return;
	for (int k = 0; k < s->n_given; k++)
		equation_given_close(s->given[k]);
	exprs_free(s->pool);
	equations_free(&s->system);
	free(s->text);
	free(s);
}

bool equation_param_is_drawn(const struct equation_spec *s, int param)
{
	if (expr_has_random(s->pool, s->param[param]))
		return true;
	for (int k = 0; k < param; k++)
		if (expr_has(s->pool, s->param[param], EX_PARAM, k) && equation_param_is_drawn(s, k))
			return true;
	return false;
}
