/* solver.h: how sciml-solve goes from given data to a solution: a trained model applied once or rolled out, a problem marched
 * by its own scheme. The verb brings the pieces (run/); a solver says in which order they are used. */
#ifndef SCIML_SOLVER_SOLVER_H
#define SCIML_SOLVER_SOLVER_H

#include "base/err.h"
#include "conf/key.h"

/* One step of whatever is being solved: a batch of b states, n doubles each, in place; t: index of the frame made. */
typedef int (*solver_advance)(void *context, int64_t t, int64_t b, int64_t n, const double *in, double *out,
			      struct err *e);

struct solver_class {
	const char *name; /* "forward", "roll-out", "march" */
	const char *summary, *source;
	size_t config_size;
	const struct key *keys;
	/* frames: n_frames x n per sample of the batch (frame-major inside a sample); frames 0 .. n_given-1 are given. */
	int (*solve)(const void *config, solver_advance advance, void *context, int64_t b, int64_t n, int64_t n_given,
		     int64_t n_frames, double *frames, struct err *e);
};

extern const struct solver_class *const *const solver_files[];
const struct solver_class *solver_find(const char *name);

#endif
