/* formula.h: the found expressions of model formula among its parameters: a tree for every output in state "tree", the
 * trees' numbers in order in the trained "constants" (n_out x EVOLVE_SIZE). */
#ifndef SCIML_MODEL_FORMULA_H
#define SCIML_MODEL_FORMULA_H

#include "equation/evolve.h"
#include "num/params.h"

/* Output k's tree, with its numbers at their present values; size 0: none, -1: a damaged file's. path: of the model's
 * layer, with its dot ("field."). */
struct evolve_tree formula_tree(const struct params *p, const char *path, int64_t k);
void formula_set_tree(struct params *p, const char *path, int64_t k, const struct evolve_tree *t);

#endif
