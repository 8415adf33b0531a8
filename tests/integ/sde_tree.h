/* sde_tree.h: the Brownian paths on [0, 1] of tests of stochastic differential equations. */
#ifndef SCIML_TESTS_INTEG_SDE_TREE_H
#define SCIML_TESTS_INTEG_SDE_TREE_H

#include <check.h>

#include "integ/sde.h"

static inline struct brownian *tree_for(const struct sde_method *m, int64_t channels, int64_t paths, double tolerance)
{
	const struct brownian_spec spec = { .seed = 17,
					    .purpose = "orders",
					    .n_samples = paths,
					    .channels = channels,
					    .t1 = 1,
					    .tolerance = tolerance,
					    .kind = m->noise };
	struct brownian *b = brownian_new(&spec, NULL);

	ck_assert_ptr_nonnull(b);
	return b;
}

#endif
