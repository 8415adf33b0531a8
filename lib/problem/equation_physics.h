/* equation_physics.h: what a text asks of functions that are given as graph nodes (a network of coordinates): residuals
 * of its equations, its initial state, the conditions on its sides; derivatives are exact, by forward mode along the
 * coordinates. Nodes are columns (n, 1): one value a point. */
#ifndef SCIML_PROBLEM_EQUATION_PHYSICS_H
#define SCIML_PROBLEM_EQUATION_PHYSICS_H

#include "graph/graph.h"
#include "problem/equation_spec.h"

struct equation_fields {
	struct graph *g;
	const struct equation_spec *spec;
	node coordinate[EXPR_TIME + 1]; /* space axes, then [EXPR_TIME]: graph inputs (n, 1); NODE_NONE: no such axis */
	node param[EQUATION_PARAMS];	/* (n, 1) or numbers */
	node value[EQUATION_UNKNOWNS];	/* the functions; made of the coordinates. Velocities (below) need none */
};

/* 0 if every part of the text (its initial state only when asked) has a value at a point: no noise, no operators over
 * the whole domain, and no random parts but in param. The error names what has none. */
int equation_check_pointwise(const struct equation_spec *s, bool initial, struct err *e);
/* -1: unknown k is a function of its own; else it is the time derivative of the unknown returned (u_t of a u_tt). */
int equation_velocity_of(const struct equation_spec *s, int k);

/* The value of a scalar, lowered expression; derivatives along axes by jvp of whatever they are of. */
node equation_value(struct equation_fields *f, expr a);
/* Derivative of a node along an axis (EXPR_TIME: time), zeros where it does not depend on it. */
node equation_slope(struct equation_fields *f, node a, int axis);

/* Left minus right side, equation by equation as written, vectors component by component. */
int equation_residual_count(const struct equation_spec *s);
node equation_residual(struct equation_fields *f, int i);
/* Unknown k (a velocity: the slope of its base) minus its initial state; a residual at points of the first time. */
node equation_initial_residual(struct equation_fields *f, int k);
/* of_value u + of_slope u_x - value of the condition on unknown k at one end of an axis. */
node equation_side_residual(struct equation_fields *f, int axis, int end, int k);

/* f->value from raw outputs of a network (by unknown; velocities ignored), so that what `hard` names holds exactly
 * (Lagaris, Likas, Fotiadis 1998): u = A + D N, where A has the initial state and the values on Dirichlet sides, and D
 * vanishes there: D = ((t - t0)/(t1 - t0))^p prod of the distances to the sides, p the order in time. Several axes with
 * unequal values are blended by inverse distances (Rvachev). Other conditions stay for the loss. */
enum { EQUATION_HARD_INITIAL = 1, EQUATION_HARD_SIDES = 2 };
void equation_constrain(struct equation_fields *f, unsigned hard, const node *raw);
/* Does a condition at this end hold by equation_constrain? */
bool equation_side_is_hard(const struct equation_spec *s, unsigned hard, int axis, int end, int k);

#endif
