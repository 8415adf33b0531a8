/* naive.h: evaluates a graph node by node, element by element: what plans are compared with. */
#ifndef SCIML_TESTS_GRAPH_NAIVE_H
#define SCIML_TESTS_GRAPH_NAIVE_H

#include "graph/graph.h"

struct naive {
	struct tensor *value; /* by node id; data NULL where not computed */
	int n;
};

/* in[k] is the value of input node input[k]. Computes all nodes of the graph. */
struct naive naive_run(const struct graph *g, int n_in, const node *input, const struct tensor *in);
void naive_free(struct naive *n);

#endif
