/* sde_frames.h: one path of a small stochastic system at equal times, for problems that are given by their
 * functions. */
#ifndef SCIML_PROBLEM_SDE_FRAMES_H
#define SCIML_PROBLEM_SDE_FRAMES_H

#include "integ/sde.h"

/* Milstein's method, `steps` equal steps between the times T k / frames, k = 0 .. frames, driven by the noise of (seed,
 * purpose, sample). x (n): the start, then the end; out: (frames + 1, n). -1: not finite, or no memory for the times;
 * the error names the sample. */
int problem_sde_frames(const struct sde *s, const char *purpose, uint64_t seed, int64_t sample, double T,
		       int64_t frames, int64_t steps, double *x, double *out, struct err *e);

#endif
