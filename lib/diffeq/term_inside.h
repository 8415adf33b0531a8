/* term_inside.h: what the makers of explicit and implicit stages share. */
#ifndef SCIML_DIFFEQ_TERM_INSIDE_H
#define SCIML_DIFFEQ_TERM_INSIDE_H

#include "diffeq/term.h"

/* The arguments of diffeq_step_new. */
struct diffeq_equation {
	const struct tableau *m;
	int n_terms, n_state;
	const struct diffeq_term *terms;
	node t, h;
	const node *y, *increment, *guess;
};

/* Slopes of stage j at z by state, NODE_NONE where there is none. */
void diffeq_stage_slopes(struct graph *g, const struct diffeq_equation *q, int j, const node *z, node *out);
/* Slopes and arguments of the `count` stages from `first` on, which are each other's; those before are there. */
void diffeq_implicit_stages(struct diffeq_step *s, struct graph *g, const struct diffeq_equation *q, int first,
			    int count);

#endif
