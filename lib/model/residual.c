/* residual.c: the last input frame plus what the model adds to it. */
#include "model/model.h"

node model_add_last(struct nn *n, const struct model_in *in, node y)
{
	if (graph_error(n->g))
		return NODE_NONE;
	if (!node_is(in->last))
		return graph_fail(n->g,
				  "model.residual: the input has no frame with the channels of the output to add");
	return op_add(n->g, y, in->last);
}
