/* chunk.h: elementwise sweeps over all parameters, for the members of optim/. */
#ifndef SCIML_OPTIM_CHUNK_H
#define SCIML_OPTIM_CHUNK_H

#include "optim/optim.h"

enum { OPTIM_CHUNK = 16384 };

/* Elements first .. first+n-1 of parameter k; task: running number of the chunk, for partial sums. */
typedef void (*optim_chunk)(void *context, int k, int64_t first, int64_t n, int64_t task);

/* Run f over all chunks (f NULL: only count them); returns their number. */
int64_t optim_sweep(const struct params *p, optim_chunk f, void *context);

/* False for running statistics and frozen parameters. */
bool optim_trains(const struct param *p);

/* Zero tensors "SLOT.PARAMETER" in o->state, all parameters of the first slot, then of the second: the state of
 * parameter k in slot s is state.at[s * params->n + k]. */
void optim_add_slots(struct optim *o, int n_slots, const char *const *slot);

#endif
