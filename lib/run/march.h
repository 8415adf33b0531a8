/* march.h: a problem's own scheme from given initial data. */
#ifndef SCIML_RUN_MARCH_H
#define SCIML_RUN_MARCH_H

#include "run/solve.h"

/* Problem WHAT from frame 0 of the fields that it starts from;
 * their shapes must be those of the configured grid. */
int march_run(const struct run_common *common, const struct solve_options *o, const char *what, int n_data,
	      const char *const *data, struct err *e);
void march_list(struct str *out);
int march_describe(const char *name, bool man, struct str *out, struct err *e);

#endif
