/* step.h: what a cluster does with a block of elements, one kernel after another: a member's own kernel, or one for a
 * sum of products that takes the place of several. Fewer passes over the block, the same bits. */
#ifndef SCIML_GRAPH_STEP_H
#define SCIML_GRAPH_STEP_H

#include "graph/run.h"

struct step {
	int value; /* that it makes */
	struct op_block block;
	const void *attr;
	int n_args;
	const int *arg; /* values */
};

/* The steps of a unit of elementwise ops, in order, into step (room for one per member); returns how many. */
int steps_of(struct builder *b, int unit, struct step *step);

#endif
