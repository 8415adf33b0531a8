/* neural_loop.h: a neural SDE and its critic over time, as step programs: paths out of noise, the critic's scores of
 * paths, and exact gradients of mean scores by all parameters. Everything is of the network's real type. */
#ifndef SCIML_LEARNER_NEURAL_LOOP_H
#define SCIML_LEARNER_NEURAL_LOOP_H

#include "model/neural_sde.h"
#include "run/network.h"

enum neural_loop_kind {
	LOOP_GENERATE, /* noise to paths */
	LOOP_FAKE,     /* noise to paths to scores */
	LOOP_REAL      /* paths to scores */
};
struct neural_loop_spec {
	struct network
		*network; /* of model neural-sde; its parameters gain the critic's where they are still being made */
	const struct neural_sde *critic;
	enum neural_loop_kind kind;
	int64_t batch, channels, frames, steps; /* frames points in time, with `steps` steps from each to the next */
	bool gradient;
};

struct neural_loop;
struct neural_loop *neural_loop_new(const struct neural_loop_spec *spec, struct err *e);
void neural_loop_free(struct neural_loop *l);
int64_t neural_loop_batch(const struct neural_loop *l);
/* Numbers of the start's noise (b, initial_noise) and of all increments, (steps in all, b, noise): independent normals,
 * the increments of variance 1/steps. */
void neural_loop_noise(const struct neural_loop *l, int64_t *start, int64_t *increments);
/* start, increments: LOOP_GENERATE, LOOP_FAKE: the noise. paths (frames, b, channels): written, LOOP_REAL: read. score:
 * the mean over the batch. gradient (like the network's parameters): overwritten; NULL: none. */
int neural_loop_run(struct neural_loop *l, const void *start, const void *increments, void *paths, double *score,
		    struct params *gradient, struct err *e);

#endif
