/* solver.h: how sciml-solve goes from given frames to later ones with a step that a model or another scheme supplies.
 * The verb brings the step (run/); a solver says in which order it is used. */
#ifndef SCIML_SOLVER_SOLVER_H
#define SCIML_SOLVER_SOLVER_H

#include "base/err.h"
#include "conf/key.h"

/* Frame t of b samples, n doubles a frame, from the frames before it. Arrays are (frame, sample, n); `from` and
 * `frames` may be the same. */
typedef int (*solver_advance)(void *context, int64_t t, int64_t b, int64_t n, const double *from, double *frames,
			      struct err *e);

struct solver_class {
	const char *name; /* "forward", "roll-out" */
	const char *summary, *source;
	size_t config_size;
	const struct key *keys;
	/* Frames n_given .. n_frames-1 of `frames`; frames 0 .. n_given-1 are given there. truth: all frames where they are
	 * known (solvers that do not feed back need them), else NULL. */
	int (*solve)(const void *config, solver_advance advance, void *context, int64_t b, int64_t n, int64_t n_given,
		     int64_t n_frames, const double *truth, double *frames, struct err *e);
};

extern const struct solver_class *const *const solver_files[];
const struct solver_class *solver_find(const char *name);

#endif
