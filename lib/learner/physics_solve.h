/* physics_solve.h: sciml-solve for physics-informed networks. */
#ifndef SCIML_LEARNER_PHYSICS_SOLVE_H
#define SCIML_LEARNER_PHYSICS_SOLVE_H

#include "run/model_file.h"
#include "run/solve.h"

/* Evaluate a trained network on the grid of its own problem (no data), of another problem (a YAML file or a shipped
 * name), or of data sets, whose samples then tell the drawn parameters. Output: every unknown of the text. */
int physics_solve(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		  const char *const *data, struct err *e);

#endif
