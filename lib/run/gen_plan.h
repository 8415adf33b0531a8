/* gen_plan.h: what generating and merging must agree on: the keys of section gen, splits, deflated files. */
#ifndef SCIML_RUN_GEN_PLAN_H
#define SCIML_RUN_GEN_PLAN_H

#include "conf/key.h"
#include "io/h5out.h"

struct gen_config {
	int64_t samples, block;
	double valid, test;
	int real;
	int64_t compress;
	const char *noise;
	bool keep_clean;
	const struct conf_node *observe;
};
extern const struct key gen_keys[];

/* Which samples are for what: train first, then valid, then test, each at least one sample when its fraction is not
 * zero. */
void gen_add_splits(struct layout *l, const struct gen_config *c, int64_t n);

/* Where the samples go before they are deflated: a file that can be resumed, beside the target; free it. */
char *gen_between(const char *path);
/* From there to PATH, deflated by c->compress; `between` is removed. */
int gen_compress(const struct gen_config *c, const char *between, const char *path, const struct h5_meta *m,
		 struct err *e);

#endif
