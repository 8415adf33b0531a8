/* evolve_inside.h: shared by the files of the evolution. */
#ifndef SCIML_EQUATION_EVOLVE_INSIDE_H
#define SCIML_EQUATION_EVOLVE_INSIDE_H

#include "base/rng.h"
#include "equation/evolve.h"

/* Random numbers in order. */
struct evolve_draws {
	struct rng r;
	uint64_t next;
};
double evolve_uniform(struct evolve_draws *d);
int evolve_below(struct evolve_draws *d, int n); /* 0 .. n - 1 */

int evolve_arity(int op);
/* A random tree of about `nodes` nodes. */
struct evolve_tree evolve_random(const struct evolve *v, struct evolve_draws *d, int nodes);
/* A changed copy; one that would be too large is the copy itself. */
struct evolve_tree evolve_mutate(const struct evolve *v, struct evolve_draws *d, const struct evolve_tree *t);
/* a with a random part of b in place of a part of its own. */
struct evolve_tree evolve_cross(const struct evolve *v, struct evolve_draws *d, const struct evolve_tree *a,
				const struct evolve_tree *b);
/* Better numbers by BFGS; loss falls or stays. */
void evolve_tune(const struct evolve *v, struct evolve_member *m);

#endif
