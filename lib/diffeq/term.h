/* term.h: differential equations as sums of terms, each a vector field times the increment of a control: time for an
 * ODE, a path for a CDE (y' = F(y) x'), Brownian motion for an SDE (Stratonovich, with the Runge-Kutta methods). One
 * step is a few graph nodes, so it compiles, fuses and has derivatives like everything else; diffeq/flow.h marches
 * it. */
#ifndef SCIML_DIFFEQ_TERM_H
#define SCIML_DIFFEQ_TERM_H

#include "graph/graph.h"
#include "integ/tableau.h"

enum diffeq_control {
	DIFFEQ_TIME, /* the vector field itself: an increment of 1 per unit of time */
	DIFFEQ_STAGE, /* a path with a derivative: F(t, y) x'(t) is a slope, evaluated with x' at the time of every stage */
	DIFFEQ_STEP, /* x(t + h) - x(t), the same for all stages: Brownian motion, or a path without derivative */
};

struct diffeq_term {
	/* out[i] = F_i(t, y) . increment, of the shapes of y. t and increments of DIFFEQ_TIME have rank 0, all of it
	 * the graph's real type; an increment is the constant 1 (DIFFEQ_TIME), x'(t) (DIFFEQ_STAGE) or x(t + h) - x(t)
	 * (DIFFEQ_STEP). */
	void (*product)(struct graph *g, void *context, node t, const node *y, node increment, node *out);
	void *context;
	enum diffeq_control control;
	struct shape shape; /* of one increment; DIFFEQ_TIME: ignored */
	/* Values for the step from t0 to t1 (also t1 < t0) into out, of the graph's real type. DIFFEQ_STEP: one
	 * increment. DIFFEQ_STAGE: x' at the n times given, one after the other; where a time is a knot, of the side
	 * that the step lies on. Pure in its arguments: asked again when going back. */
	int (*increment)(void *path, double t0, double t1, int n, const double *time, void *out, struct err *e);
	void *path;
};

/* One step as nodes; arrays are freed by diffeq_step_free. k_j = h slope_j + driven_j. */
struct diffeq_step {
	int n_state, n_stages;
	node *next;	/* by state */
	node *error;	/* by state: estimate of the local error; NODE_NONE for methods without */
	node *slope;	/* n_stages x n_state: sum of DIFFEQ_TIME and DIFFEQ_STAGE products; NODE_NONE: none */
	node *driven;	/* n_stages x n_state: sum of DIFFEQ_STEP products; NODE_NONE: none */
	node *argument; /* n_stages x n_state: z_j, where stage j was evaluated */
	/* Implicit methods, states of several rows: how far (0: not at all) rows see each other in the first implicit
	 * stage, where they must not; else NODE_NONE. */
	node coupling;
};

/* Implicit methods: most numbers of all states that belong to one row. */
enum { DIFFEQ_ROW_MAX = 64 };

/* A step from y at t over h (nodes of rank 0). increment[k], of terms[k]: DIFFEQ_STEP: its increment; DIFFEQ_STAGE:
 * derivatives, an axis of n_stages before the shape; DIFFEQ_TIME: ignored. first: slope_0 by state if it is known
 * (first same as last, no DIFFEQ_STEP terms), or NULL. guess (implicit methods, which take no DIFFEQ_STEP terms; else
 * NULL): n_stages x n_state slopes, NODE_NONE for explicit stages; the step's are these after one step of Newton's
 * method, and where they are solutions, the derivatives are theirs too. Newton's matrices are those of the rows along
 * axis 0 (states of rank 2 and more; else all is one row), by as many forward derivatives as a row has numbers. Fails
 * on the graph. */
void diffeq_step_new(struct diffeq_step *s, struct graph *g, const struct tableau *m, int n_terms,
		     const struct diffeq_term *terms, node t, node h, int n_state, const node *y, const node *first,
		     const node *increment, const node *guess);
void diffeq_step_free(struct diffeq_step *s);

/* Sum of the products of one kind: the slopes (DIFFEQ_TIME and DIFFEQ_STAGE terms) at (t, y), or, driven, the
 * DIFFEQ_STEP terms; by state, NODE_NONE where there is none. increment[k]: of terms[k], without an axis of stages. */
void diffeq_products(struct graph *g, int n_terms, const struct diffeq_term *terms, bool driven, node t, int n_state,
		     const node *y, const node *increment, node *out);

/* y + h sum_j weight_j slope_j + sum_j weight_j driven_j over the first n stages; slopes with weight 0 are left out. */
node diffeq_combine(struct graph *g, const struct diffeq_step *s, int state, node y, node h, int n,
		    const double *weight);

#endif
