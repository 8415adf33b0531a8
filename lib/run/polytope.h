/* polytope.h: predictions that keep linear constraints exactly: the nearest point, argmin |z - y|^2 with A z = b and G
 * z <= h, as a layer with derivatives (op_quadratic_program; Amos, Kolter, arXiv 1703.00443). */
#ifndef SCIML_RUN_POLYTOPE_H
#define SCIML_RUN_POLYTOPE_H

#include "conf/conf.h"
#include "op/op.h"

/* y with channels on axis `channels`, each point by itself. equal, at_most: lists of rows [a1 .. an, b], or NULL. What
 * does not fit fails the graph, with the row. Constraints that no point keeps make NaN. */
node polytope_project(struct graph *g, node y, int channels, const struct conf_node *equal,
		      const struct conf_node *at_most);

#endif
