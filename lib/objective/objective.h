/* objective.h: what training minimises, as a scalar node (mean over the samples of a batch). */
#ifndef SCIML_OBJECTIVE_OBJECTIVE_H
#define SCIML_OBJECTIVE_OBJECTIVE_H

#include "conf/key.h"
#include "op/op.h"

struct objective_in {
	node prediction, target; /* (b, c, N...) or (b, q, c), same shape */
	int n_dims;		 /* space axes at the end; 0 for queries */
	bool periodic[3];
	double length[3]; /* extent of each space axis; 0 reads as 1 */
};

struct objective_class {
	const char *name; /* "rel_l2" */
	const char *summary, *source;
	size_t config_size;
	const struct key *keys;
	node (*build)(struct graph *g, const void *config, const struct objective_in *in);
	/* Value by plain loops, for the generic test: arrays of shape s in double. */
	double (*reference)(const void *config, const struct objective_in *in, const struct shape *s,
			    const double *prediction, const double *target);
};

extern const struct objective_class *const *const objective_files[];
const struct objective_class *objective_find(const char *name);

#endif
