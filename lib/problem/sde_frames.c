/* sde_frames.c: paths of small stochastic systems at equal times. */
#include "problem/sde_frames.h"

#include <stdlib.h>

#include "base/mem.h"
#include "problem/axes.h"

int problem_sde_frames(const struct sde *s, const char *purpose, uint64_t seed, int64_t sample, double T,
		       int64_t frames, int64_t steps, double *x, double *out, struct err *e)
{
	struct sde_noise noise = { .fresh = { .seed = seed, .purpose = purpose, .first_sample = sample } };
	double *t = mem_new(frames + 1, sizeof *t, "frames", e);
	int status = t ? 0 : -1;

	for (int64_t k = 0; k <= frames && status == 0; k++)
		t[k] = T * ((double)k / (double)frames);
	if (status == 0)
		status = sde_fixed(s, sde_method_find("milstein"), &noise, 1, frames + 1, t, steps, x, out, NULL, e);
	free(t);
	return status == 0 ? 0 : problem_sample_error(e, sample);
}
