/* solve.h: the verb of sciml-solve: a trained model applied to data, or a problem marched from given initial data. */
#ifndef SCIML_RUN_SOLVE_H
#define SCIML_RUN_SOLVE_H

#include "run/setup.h"

struct solve_options {
	const char *method; /* solver's name; NULL: roll-out */
	const char *layout; /* force the data's layout */
	int64_t batch;	    /* samples at a time; 0: 20 */
	bool to_steady;	    /* problems: march until nothing changes */
	struct str *dry_run_text;
};

/* WHAT: a model file (HDF5), or a problem's name or YAML file. Data: one or more sets, concatenated; none: standard
 * input. Output: common->output, default prediction.h5. */
int solve_run(const struct run_common *common, const struct solve_options *o, const char *what, int n_data,
	      const char *const *data, struct err *e);
void solve_list(struct str *out);
int solve_describe(const char *name, bool man, struct str *out, struct err *e);

#endif
