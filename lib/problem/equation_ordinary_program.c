/* equation_ordinary_program.c: right sides, conditions and their derivatives by unknowns and parameters: programs. */
#include "problem/equation_ordinary_inside.h"
#include "problem/equation_physics.h"

void ordinary_run(struct equation_ordinary *o, struct program *g, double t, const double *y)
{
	const double *in[EQUATION_UNKNOWNS + 1] = { &t };
	double *out[ORDINARY_ROOTS];

	for (int k = 0; k < o->n; k++)
		in[k + 1] = y + k;
	for (int r = 0; r < ORDINARY_ROOTS; r++)
		out[r] = o->root + r;
	program_run(g, 1, in, o->param, out);
}

static int compile(struct equation_ordinary *o, struct program **g, int n_roots, const expr *root, const char *what,
		   struct err *e)
{
	struct program_input in[EQUATION_UNKNOWNS + 1] = { { expr_leaf(o->spec->pool, EX_COORD, EXPR_TIME), true } };

	for (int k = 0; k < o->n; k++)
		in[k + 1] = (struct program_input){ o->spec->unknown[k].node, false };
	return program_new(g, o->spec->pool, n_roots, root, o->n + 1, in, e) == 0 ? 0 : err_in(e, "%s", what);
}

/* Parameters that follow from others by formulas, in place: what is differentiated sees through them. */
static expr through(const struct equation_spec *s, expr a)
{
	for (int k = s->n_params - 1; k >= 0; k--) {
		bool wanted = equation_param_is_drawn(s, k);

		for (int j = 0; j < s->n_by; j++)
			wanted |= s->by[j] == k;
		if (!wanted && expr_has(s->pool, s->param[k], EX_PARAM, -1))
			a = expr_replace(s->pool, a, expr_leaf(s->pool, EX_PARAM, k), s->param[k]);
	}
	return a;
}

/* By the unknowns, then by the parameters. */
static int partials(struct equation_ordinary *o, expr a, expr *out)
{
	const struct equation_spec *s = o->spec;
	const expr seen = through(s, a);

	for (int k = 0; k < o->n; k++)
		out[k] = expr_partial(s->pool, seen, s->unknown[k].node);
	for (int j = 0; j < o->n_by; j++)
		out[o->n + j] = expr_partial(s->pool, seen, expr_leaf(s->pool, EX_PARAM, s->by[j]));
	return o->n + o->n_by;
}

int ordinary_compile_event(struct equation_ordinary *o, int i, struct err *e)
{
	const struct equation_spec *s = o->spec;
	const struct equation_event *v = &s->event[i];
	const expr time = expr_leaf(s->pool, EX_COORD, EXPR_TIME);
	expr root[ORDINARY_ROOTS];
	int n = 0;

	if (o->n_by > 0) {
		root[n++] = expr_partial(s->pool, v->when, time);
		n += partials(o, v->when, root + n);
	}
	for (int k = 0; k < o->n; k++) {
		const expr g = v->set[k] == EXPR_NONE ? s->unknown[k].node : v->set[k];

		root[n++] = g;
		if (o->n_by > 0) {
			root[n++] = expr_partial(s->pool, g, time);
			n += partials(o, g, root + n);
		}
	}
	return compile(o, &o->when[i], 1, &v->when, "events", e) == 0 ? compile(o, &o->jump[i], n, root, "events", e)
								      : -1;
}

int ordinary_compile_tangents(struct equation_ordinary *o, struct err *e)
{
	const struct equation_spec *s = o->spec;
	expr root[EQUATION_UNKNOWNS * (EQUATION_UNKNOWNS + EQUATION_BY)];
	int n = 0;

	for (int k = 0; k < o->n; k++)
		n += partials(o, s->unknown[k].rate, root + n);
	if (compile(o, &o->slope, n, root, "sensitivity", e) != 0)
		return -1;
	n = 0;
	for (int k = 0; k < o->n; k++) {
		const expr y0 = through(s, s->unknown[k].initial);

		for (int j = 0; j < o->n_by; j++) {
			const expr p = expr_leaf(s->pool, EX_PARAM, s->by[j]);
			bool random = false;

			for (int op = EX_UNIFORM; op < EX_OPS; op++)
				random |= expr_has(s->pool, y0, (enum expr_op)op, -1);
			if (random && expr_has(s->pool, y0, EX_PARAM, s->by[j]))
				return err_set(e, ERR_USAGE,
					       "sensitivity: initial.%s holds '%s' and a random law; draw a number in "
					       "param instead",
					       s->unknown[k].name, exprs_name(s->pool, SYMBOL_PARAM, s->by[j]));
			root[n++] = random ? expr_number(s->pool, 0) : expr_partial(s->pool, y0, p);
		}
	}
	return compile(o, &o->first, n, root, "sensitivity", e);
}
