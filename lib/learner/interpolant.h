/* interpolant.h: objective interpolant: its keys, and what they mean for whoever applies the trained network. */
#ifndef SCIML_LEARNER_INTERPOLANT_H
#define SCIML_LEARNER_INTERPOLANT_H

#include "conf/key.h"
#include "sampler/interpolant.h"

enum { BASE_GAUSSIAN, BASE_PAIRED, BASE_SHUFFLED };
struct interpolant_config {
	int path, noise, base, norm;
	const char *base_field, *start_from;
	double inset, drop;
	int64_t classes, distil;
	bool score;
};
extern const struct key interpolant_keys[];

#endif
