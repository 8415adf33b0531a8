/* hamiltonian.h: Hamiltonian Monte Carlo with unit mass: trajectories of fixed length, and the no-U-turn sampler. */
#ifndef SCIML_SAMPLER_HAMILTONIAN_H
#define SCIML_SAMPLER_HAMILTONIAN_H

#include "base/rng.h"
#include "sampler/density.h"

struct hamiltonian;
/* d is borrowed. leaps: leapfrog steps of a trajectory; 0: no-U-turn, trees of at most 2^depth steps. Both take steps
 * of length step. */
struct hamiltonian *hamiltonian_new(struct density *d, double step, int64_t leaps, int depth);
void hamiltonian_free(struct hamiltonian *p);
/* The chain's next state from x, in place. stream: random numbers of this transition alone. */
void hamiltonian_move(struct hamiltonian *p, struct rng stream, double *x);

#endif
