/* physics_group.h: points that share residuals (inside, at the first time, on one side, of the data), and their part of
 * the loss with its gradient, block by block, in parts of consecutive blocks that threads share out. */
#ifndef SCIML_LEARNER_PHYSICS_GROUP_H
#define SCIML_LEARNER_PHYSICS_GROUP_H

#include "graph/plan.h"
#include "learner/physics.h"

enum { PHYSICS_TERMS = 4 * EQUATION_UNKNOWNS };

struct physics_group {
	enum physics_term kind;
	int axis, end;	     /* TERM_SIDE; end -1: both ends of a periodic axis against each other */
	bool from_target;    /* residuals against target instead of the text: data, and later windows' first states */
	int64_t n, n_padded; /* points; whole blocks of them */
	int64_t block;
	int n_terms;
	struct {
		int unknown, order; /* equation's number, or unknown; order of the slope compared on a periodic axis */
		double weight;	    /* of its mean square, as configured */
		double balance;	    /* factor by balancing */
		double mean;	    /* mean square at the last evaluation, points unweighted */
	} term[PHYSICS_TERMS];
	struct tensor column[PHYSICS_COLUMNS], opposite, weight, sign, mask,
		target[PHYSICS_TERMS]; /* n_padded, in the network's type */
	int n_columns, axis_column;    /* axis_column: which of them runs across a periodic side */

	/* compiled */
	struct graph *g;
	struct nn nn;
	struct equation_spec spec;
	struct equation_fields f, other;
	node column_in[PHYSICS_COLUMNS], weight_in, sign_in, mask_in, target_in[PHYSICS_TERMS];
	node other_in[PHYSICS_COLUMNS];			       /* of the second network of a periodic side */
	node square_in[PHYSICS_TERMS], push_in[PHYSICS_TERMS]; /* rank 0: factors of sum w r^2 and of sum s r */
	struct tensor square[PHYSICS_TERMS], push[PHYSICS_TERMS];
	int n_out, n_plans;
	node *out;	    /* loss, sums, gradients */
	struct plan **plan; /* of out: one for each thread */
	struct plan *look;  /* residuals alone */
	const struct network *network;
	int n_trained, *trained; /* parameters with a gradient, by index */
	int64_t n_parts, n_values;
	double *sum; /* of the outputs over the blocks of a part, one after the other */
};

/* Terms of a kind from the text; none: n_terms = 0 and nothing else is made. */
void physics_group_terms(struct physics_group *q, const struct physics *p);
/* Room for n points (q->kind ... are set); weights 1. */
int physics_group_open(struct physics_group *q, const struct physics *p, int64_t n, enum dtype real, struct err *e);
void physics_group_close(struct physics_group *q);
/* Points from column[k][i], i < q->n; padding repeats the first point with weight 0. */
void physics_group_points(struct physics_group *q, const double *const *column);
void physics_group_weights(struct physics_group *q, const double *weight); /* NULL: all 1 */
/* (Re)compile for the network of a window. */
int physics_group_compile(struct physics_group *q, const struct physics *p, struct network *n, int64_t window,
			  struct err *e);

/* sum over terms of square[j] sum_i w_i r_ij^2 + push[j] sum_i s_i r_ij, added to *loss; gradients added to `gradient`
 * (by index of the network's parameters). Sets term[].mean when means is set. */
int physics_group_run(struct physics_group *q, const double *square, const double *push, struct params *gradient,
		      double *loss, bool means, struct err *e);
/* Residuals alone: out[j][i], i < q->n. */
int physics_group_look(struct physics_group *q, double *const *out, struct err *e);

#endif
