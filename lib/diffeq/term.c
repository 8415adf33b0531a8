/* term.c: Runge-Kutta steps over sums of terms, as graph nodes. */
#include "diffeq/term_inside.h"

#include <stdlib.h>

#include "base/mem.h"
#include "op/op.h"

/* Weighted sum of those of n nodes, `stride` apart, that are there; NODE_NONE for none. */
static node weighted(struct graph *g, int n, int stride, const node *v, const double *weight)
{
	node sum = NODE_NONE;

	for (int j = 0; j < n; j++)
		if (weight[j] != 0 && node_is(v[j * stride]))
			sum = graph_add(g, sum, op_scale(g, v[j * stride], weight[j]));
	return sum;
}

node diffeq_combine(struct graph *g, const struct diffeq_step *s, int state, node y, node h, int n,
		    const double *weight)
{
	node slope = weighted(g, n, s->n_state, s->slope + state, weight);
	node driven = weighted(g, n, s->n_state, s->driven + state, weight);
	node move = node_is(slope) ? op_mul(g, slope, h) : NODE_NONE;

	move = graph_add(g, move, driven);
	return graph_add(g, y, move);
}

void diffeq_products(struct graph *g, int n_terms, const struct diffeq_term *terms, bool driven, node t, int n_state,
		     const node *y, const node *increment, node *out)
{
	node *part = xcalloc((size_t)n_state, sizeof *part);

	for (int i = 0; i < n_state; i++)
		out[i] = NODE_NONE;
	for (int k = 0; k < n_terms && !graph_error(g); k++) {
		node by = terms[k].control == DIFFEQ_TIME ? graph_scalar(g, 1) : increment[k];

		if ((terms[k].control == DIFFEQ_STEP) != driven)
			continue;
		terms[k].product(g, terms[k].context, t, y, by, part);
		for (int i = 0; i < n_state; i++)
			out[i] = graph_add(g, out[i], part[i]);
	}
	free(part);
}

/* Increments of stage j: rows of those that have one a stage. */
static void at_stage(struct graph *g, int n_terms, const struct diffeq_term *terms, const node *increment, int j,
		     node *out)
{
	for (int k = 0; k < n_terms; k++)
		out[k] = terms[k].control == DIFFEQ_TIME ? NODE_NONE
			 : terms[k].control == DIFFEQ_STEP
				 ? increment[k]
				 : op_reshape(g, op_slice(g, increment[k], 0, j, 1, 1), &terms[k].shape);
}

void diffeq_stage_slopes(struct graph *g, const struct diffeq_equation *q, int j, const node *z, node *out)
{
	const node at = q->m->c[j] == 0 ? q->t : op_add(g, q->t, op_scale(g, q->h, q->m->c[j]));
	node *by = xcalloc((size_t)q->n_terms + 1, sizeof *by);

	at_stage(g, q->n_terms, q->terms, q->increment, j, by);
	diffeq_products(g, q->n_terms, q->terms, false, at, q->n_state, z, by, out);
	free(by);
}

static void explicit_stage(struct diffeq_step *s, struct graph *g, const struct diffeq_equation *q, const node *first,
			   int j)
{
	const struct tableau *m = q->m;
	const int n = q->n_state;
	node *z = s->argument + j * n, *by = xcalloc((size_t)q->n_terms + 1, sizeof *by);
	const node at = m->c[j] == 0 ? q->t : op_add(g, q->t, op_scale(g, q->h, m->c[j]));

	for (int i = 0; i < n; i++)
		z[i] = j == 0 ? q->y[i] : diffeq_combine(g, s, i, q->y[i], q->h, j, m->a + j * m->stages);
	if (j == 0 && first)
		for (int i = 0; i < n; i++)
			s->slope[i] = first[i];
	else
		diffeq_stage_slopes(g, q, j, z, s->slope + j * n);
	at_stage(g, q->n_terms, q->terms, q->increment, j, by);
	diffeq_products(g, q->n_terms, q->terms, true, at, n, z, by, s->driven + j * n);
	free(by);
}

void diffeq_step_new(struct diffeq_step *s, struct graph *g, const struct tableau *m, int n_terms,
		     const struct diffeq_term *terms, node t, node h, int n_state, const node *y, const node *first,
		     const node *increment, const node *guess)
{
	const size_t n = (size_t)m->stages * (size_t)n_state;
	const struct diffeq_equation q = { m, n_terms, n_state, terms, t, h, y, increment, guess };

	*s = (struct diffeq_step){ .n_state = n_state, .n_stages = m->stages, .coupling = NODE_NONE };
	s->next = xcalloc((size_t)n_state, sizeof *s->next);
	s->error = xcalloc((size_t)n_state, sizeof *s->error);
	s->slope = xcalloc(n, sizeof *s->slope);
	s->driven = xcalloc(n, sizeof *s->driven);
	s->argument = xcalloc(n, sizeof *s->argument);
	for (size_t k = 0; k < n; k++)
		s->driven[k] = NODE_NONE;
	if (m->kind == TABLEAU_FULL)
		diffeq_implicit_stages(s, g, &q, 0, m->stages);
	for (int j = 0; j < m->stages && m->kind != TABLEAU_FULL; j++) {
		if (m->a[j * m->stages + j] != 0)
			diffeq_implicit_stages(s, g, &q, j, 1);
		else
			explicit_stage(s, g, &q, first, j);
	}
	for (int i = 0; i < n_state && !graph_error(g); i++) {
		const node *last = s->argument + (m->stages - 1) * n_state;

		s->next[i] = m->first_same_as_last ? last[i] : diffeq_combine(g, s, i, y[i], h, m->stages, m->b);
		s->error[i] =
			m->error_order > 0 ? diffeq_combine(g, s, i, NODE_NONE, h, m->stages, m->b_error) : NODE_NONE;
	}
}

void diffeq_step_free(struct diffeq_step *s)
{
	free(s->next);
	free(s->error);
	free(s->slope);
	free(s->driven);
	free(s->argument);
}
