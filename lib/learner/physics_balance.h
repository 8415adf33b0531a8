/* physics_balance.h: the loss of a physics-informed network: all groups of points with their weights, and what changes
 * these between steps (new points, causal weights, balancing, windows). */
#ifndef SCIML_LEARNER_PHYSICS_BALANCE_H
#define SCIML_LEARNER_PHYSICS_BALANCE_H

#include "learner/physics_points.h"

enum { PHYSICS_GROUPS = 3 + 2 * EXPR_DIMS };

struct physics_loss {
	struct physics p;
	struct network *network; /* borrowed */
	uint64_t seed;
	int n_groups;
	struct physics_group group[PHYSICS_GROUPS]; /* inner points first, if their equations have weights */
	struct physics_points inside;		    /* of the first group, in double */
	struct params state;			    /* what a checkpoint keeps: see physics_loss_start */
	bool ready;				    /* compiled and drawn since opening */
	struct dataset *valid;			    /* borrowed */
	struct network judged;
	struct physics_field *judge;
};

int physics_loss_start(struct physics_loss *l, struct err *e);
/* Get ready for step `step` in `window`: whatever is due. *changed: the loss is another function than at the last step;
 * *restart: a new window has begun. gradient: room that is overwritten. */
int physics_loss_ready(struct physics_loss *l, int64_t step, int64_t window, struct params *gradient, bool *changed,
		       bool *restart, struct err *e);
int physics_loss_run(struct physics_loss *l, struct params *gradient, double *loss, struct err *e);
/* Freeze the parameters of all windows but one, in the network's list and in `beside` (may be NULL). */
void physics_loss_freeze(struct physics_loss *l, struct params *beside, int64_t window);

double physics_loss_epsilon(const struct physics_loss *l);
double physics_loss_least(const struct physics_loss *l); /* smallest causal weight */

#endif
