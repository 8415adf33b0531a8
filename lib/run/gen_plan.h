/* gen_plan.h: what generating and merging must agree on: the keys of section gen, splits, the line that marks a shard. */
#ifndef SCIML_RUN_GEN_PLAN_H
#define SCIML_RUN_GEN_PLAN_H

#include "conf/key.h"
#include "io/dataset.h"

struct gen_config {
	int64_t samples, block;
	double valid, test;
	int real;
};
extern const struct key gen_keys[];

/* Which samples are for what: train first, then valid, then test, each at least one sample when its fraction is not zero. */
void gen_add_splits(struct layout *l, const struct gen_config *c, int64_t n);

/* Last line of a shard's configuration: index, count, first and last sample. */
#define GEN_SHARD_FORMAT "# shard %lld/%lld: samples %lld to %lld\n"

#endif
