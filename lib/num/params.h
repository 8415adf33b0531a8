/* params.h: the named tensors of a model with what optimisers, parameterisations and checkpoints need to know of them.
 * A parameter enters a graph as an ordinary input. */
#ifndef SCIML_NUM_PARAMS_H
#define SCIML_NUM_PARAMS_H

#include "base/err.h"
#include "num/tensor.h"

enum param_role {
	PARAM_WEIGHT, /* acts on features: scaled by fan-in, decayed */
	PARAM_BIAS,
	PARAM_GAIN,  /* of a norm or gate */
	PARAM_STATE, /* not trained by gradient: running statistics */
};

enum param_init {
	INIT_ZERO,
	INIT_ONE,
	INIT_CONSTANT,	/* scale */
	INIT_UNIFORM,	/* U(-scale, scale) */
	INIT_UNIFORM01, /* U(0, scale) */
	INIT_NORMAL,	/* N(0, scale^2) */
};

struct param {
	char *name; /* path of layers: "block2.spectral.weight" */
	struct tensor value;
	enum param_role role;
	enum param_init init;
	double init_scale;
	int64_t fan_in, fan_out;
	double lr_multiplier; /* 1 */
	int group;	      /* optimiser group, 0 */
	bool frozen;
};

struct params {
	int n, capacity;
	struct param *at;
};

void params_free(struct params *p);
int params_find(const struct params *p, const char *name); /* -1: none */
/* Append a copy of *proto (name copied, value allocated with proto->value.dtype and shape, drawn later by params_init);
 * returns its index. */
int params_add(struct params *p, const struct param *proto);
/* Draw every value: stream (seed, "init", 0, hash of the parameter's name), so order and presence of others change
 * nothing. */
void params_init(struct params *p, uint64_t seed);
/* Number of trained scalars (roles other than state, frozen ones included). */
int64_t params_count(const struct params *p);
/* Same names, shapes and metadata; values zero. */
struct params params_like(const struct params *p);
struct params params_copy(const struct params *p);

#endif
