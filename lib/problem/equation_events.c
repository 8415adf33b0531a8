/* equation_events.c: keys of a text that are for ordinary differential equations alone: events and sensitivities. */
#include <stdio.h>
#include <string.h>

#include "problem/equation_spec_inside.h"

static const char *const directions[] = { "falling", "both", "rising", NULL }; /* direction + 1 */

/* An expression in the unknowns, the time and the parameters; x_t stands for what the equation says of it. */
static expr formula(struct equation_spec *s, const struct conf_node *n, const char *what, struct err *e)
{
	char at[400];
	expr a;

	if (equation_spec_need_text(n, what, e) != 0)
		return EXPR_NONE;
	a = expr_parse(s->pool, n->text, equation_spec_place(at, sizeof at, n, what), ALLOW_FIELDS, e);
	for (int k = 0; k < s->n_unknowns && a != EXPR_NONE; k++)
		a = expr_replace(s->pool, a, expr_make(s->pool, EX_D, EXPR_TIME, 1, &s->unknown[k].node),
				 s->unknown[k].rate);
	return a == EXPR_NONE ? a : expr_lower(s->pool, a, 0);
}

static int read_direction(struct equation_event *v, const struct conf_node *n, const char *what, struct err *e)
{
	for (int k = 0; directions[k]; k++)
		if (n->kind == CONF_SCALAR && strcmp(n->text, directions[k]) == 0) {
			v->direction = k - 1;
			return 0;
		}
	return equation_spec_fail(e, n, what, "is rising, falling or both");
}

static int read_set(struct equation_spec *s, struct equation_event *v, const struct conf_node *n, const char *what,
		    struct err *e)
{
	if (n->kind != CONF_MAP || n->n == 0)
		return equation_spec_fail(e, n, what, "needs a map of fields to formulas, {v: -0.8*v}");
	for (int i = 0; i < n->n; i++) {
		int k = 0;

		while (k < s->n_unknowns && strcmp(s->unknown[k].name, n->key[i]) != 0)
			k++;
		if (k == s->n_unknowns)
			return equation_spec_fail(e, n->child[i], what, "there is no field '%s'", n->key[i]);
		v->set[k] = formula(s, n->child[i], what, e);
		if (v->set[k] == EXPR_NONE)
			return -1;
	}
	v->ends = false;
	return 0;
}

static int read_event(struct equation_spec *s, const struct conf_node *n, const char *what, struct err *e)
{
	struct equation_event *v = &s->event[s->n_events];
	char part[100];

	*v = (struct equation_event){ .when = EXPR_NONE, .ends = true };
	for (int k = 0; k < EQUATION_UNKNOWNS; k++)
		v->set[k] = EXPR_NONE;
	if (n->kind != CONF_MAP)
		return equation_spec_fail(e, n, what, "needs a map, {when: x, direction: falling, set: {v: -0.8*v}}");
	for (int i = 0; i < n->n; i++) {
		const struct conf_node *item = n->child[i];
		int status;

		snprintf(part, sizeof part, "%s.%s", what, n->key[i]);
		if (strcmp(n->key[i], "when") == 0)
			status = (v->when = formula(s, item, part, e)) == EXPR_NONE ? -1 : 0;
		else if (strcmp(n->key[i], "direction") == 0)
			status = read_direction(v, item, part, e);
		else if (strcmp(n->key[i], "set") == 0)
			status = read_set(s, v, item, part, e);
		else
			return equation_spec_fail(e, item, what, "unknown key '%s'; when, direction and set are known",
						  n->key[i]);
		if (status != 0)
			return -1;
	}
	if (v->when == EXPR_NONE)
		return equation_spec_fail(e, n, what, "has no key 'when'");
	if (expr_at(s->pool, v->when)->op == EX_NUMBER)
		return equation_spec_fail(e, n, what, "'when' is the same number at all times, so nothing happens");
	v->boolean = expr_at(s->pool, v->when)->op >= EX_LT && expr_at(s->pool, v->when)->op <= EX_NOT;
	if (v->boolean && v->direction != 0)
		return equation_spec_fail(e, n, what, "a condition that is true or false has no direction");
	s->ends |= v->ends;
	s->n_events++;
	return 0;
}

void equation_tangent_name(const struct equation_spec *s, const char *of, int by, char name[EQUATION_NAME])
{
	snprintf(name, EQUATION_NAME, "d%s_d%s", of, exprs_name(s->pool, SYMBOL_PARAM, s->by[by]));
}

static int read_sensitivity(struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	for (int i = 0; i < c->sensitivity.n; i++) {
		const char *name = c->sensitivity.at[i];
		const struct expr_symbol *p = exprs_find(s->pool, name, strlen(name));

		if (!p || p->kind != SYMBOL_PARAM)
			return err_set(e, ERR_USAGE, "sensitivity: there is no parameter '%s'", name);
		for (int j = 0; j < s->n_by; j++)
			if (s->by[j] == p->index)
				return err_set(e, ERR_USAGE, "sensitivity: '%s' is there twice", name);
		if (s->n_by == EQUATION_BY)
			return err_set(e, ERR_USAGE, "sensitivity: more than %d parameters", EQUATION_BY);
		s->by[s->n_by++] = p->index;
		for (int k = 0; k < s->n_unknowns * s->n_unknowns; k++) {
			char tangent[EQUATION_NAME];

			equation_tangent_name(s, s->unknown[k / s->n_unknowns].name, s->n_by - 1, tangent);
			if (strcmp(tangent, s->unknown[k % s->n_unknowns].name) == 0)
				return err_set(e, ERR_USAGE, "sensitivity: there is a field '%s' already", tangent);
		}
	}
	return 0;
}

int equation_spec_read_events(struct equation_spec *s, const struct equation_config *c, struct err *e)
{
	const struct conf_node *n = c->events;
	const char *const key = n ? "events" : c->sensitivity.n > 0 ? "sensitivity" : NULL;
	char what[60];

	if (!key)
		return 0;
	if (s->n_dims > 0 || s->stationary || s->n_noises > 0)
		return equation_spec_fail(e, n, key, "only for ordinary differential equations without noise");
	for (int i = 0; n && i < (n->kind == CONF_LIST ? n->n : 1); i++) {
		if (s->n_events == EQUATION_EVENTS)
			return equation_spec_fail(e, n, "events", "more than %d", EQUATION_EVENTS);
		snprintf(what, sizeof what, n->kind == CONF_LIST ? "events.%d" : "events", i);
		if (read_event(s, n->kind == CONF_LIST ? n->child[i] : n, what, e) != 0)
			return -1;
	}
	return read_sensitivity(s, c, e);
}

int equation_extras(const struct equation_config *c, const struct equation_spec *s,
		    char name[EQUATION_EXTRAS][EQUATION_NAME])
{
	bool resets = false;
	int n = 0;

	for (int i = 0; i < s->n_events; i++)
		resets |= !s->event[i].ends;
	if (s->ends || c->to_steady)
		snprintf(name[n++], EQUATION_NAME, "time");
	for (int j = 0; j < s->n_by && s->ends; j++)
		equation_tangent_name(s, "time", j, name[n++]);
	if (resets)
		snprintf(name[n++], EQUATION_NAME, "events");
	return n;
}
