/* core.h: the ops that the graph itself needs for accumulating cotangents of broadcast arguments: sum, broadcast,
 * reshape (input, constant and add are declared in op_class.h). The builders of op/op.h with the same meaning call
 * these. */
#ifndef SCIML_GRAPH_CORE_H
#define SCIML_GRAPH_CORE_H

#include "graph/op_class.h"

extern const struct op_class graph_op_sum, graph_op_broadcast, graph_op_reshape;
/* NULL-terminated: add, sum, broadcast, reshape, for tests that loop over tables of ops. */
extern const struct op_class *const graph_core_ops[];

/* attr of sum: the node keeps summed axes with extent 1. */
struct graph_sum_attr {
	unsigned axes; /* bit k: axis k */
};

/* attr of broadcast and reshape: the result's shape. */
struct graph_shape_attr {
	struct shape shape;
};

/* All builders: NODE_NONE when the graph is in error; a NODE_NONE argument is an error (but see graph_add). */
node graph_broadcast(struct graph *g, node a, const struct shape *s); /* NumPy rules, right-aligned */
node graph_reshape(struct graph *g, node a, const struct shape *s);   /* same number of elements */
/* Sum over the axes of the mask; keep: they stay with extent 1. Short runs are added in the array's
 * own type, runs in double, in an order fixed by shapes.  */
node graph_sum(struct graph *g, node a, unsigned axes, bool keep);
/* Adjoint of broadcast: sum a down to shape s, which broadcasts to a's. */
node graph_sum_to(struct graph *g, node a, const struct shape *s);

#endif
