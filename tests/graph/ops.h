/* ops.h: a few ops of the tests' own, so that the engine is tested without lib/op. */
#ifndef SCIML_TESTS_GRAPH_OPS_H
#define SCIML_TESTS_GRAPH_OPS_H

#include "graph/core.h"

node t_mul(struct graph *g, node a, node b);
node t_neg(struct graph *g, node a);
node t_exp(struct graph *g, node a);
node t_sin(struct graph *g, node a);
node t_cos(struct graph *g, node a);
node t_tanh(struct graph *g, node a);
node t_scale(struct graph *g, node a, double factor);
node t_stop(struct graph *g, node a);		 /* alias of the same shape, derivative zero */
node t_rows(struct graph *g, node x, node w);	 /* (r, k) (k, m) -> (r, m), row by row: row_args 1 */
node t_columns(struct graph *g, node a, node b); /* (r, k) (r, m) -> (k, m): sum over rows, not row-wise */
node t_transpose(struct graph *g, node a);	 /* rank 2 */

#endif
