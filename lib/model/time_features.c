/* time_features.c: what models that are told a time and a condition share. */
#include "model/model.h"

node model_time_features(struct nn *n, const struct model_in *in, double scale, int64_t size)
{
	if (graph_error(n->g))
		return NODE_NONE;
	if (!node_is(in->vector))
		return graph_fail(n->g, "this model is told a time; objectives denoise and interpolant have one");
	return nn_fourier_features(n, op_slice(n->g, in->vector, 1, 0, 1, 1), scale, size);
}

node model_condition(struct nn *n, const struct model_in *in)
{
	if (graph_error(n->g) || !node_is(in->vector))
		return NODE_NONE;
	int64_t count = graph_shape(n->g, in->vector).dim[1] - 1;

	return count > 0 ? op_slice(n->g, in->vector, 1, 1, count, 1) : NODE_NONE;
}

node model_time_embedding(struct nn *n, const struct model_in *in, double scale, int64_t size, int64_t width)
{
	node features = model_time_features(n, in, scale, size), condition = model_condition(n, in);
	node y = nn_mlp(n, "time", features, width, 1, width, NN_SILU);

	return node_is(condition) ? op_add(n->g, y, nn_linear(n, "condition", condition, width, true)) : y;
}
