/* spectral.c: the spectral layer y = irfft_M(W_k rfft_N(x)) on retained modes, as three ops: to modes, product,
 * back. Spectra are small (the retained modes only), so they are kept: the gradients of weight and input share the
 * spectrum of the cotangent, and the weight's gradient transforms nothing anew. The plan runs the transforms sample
 * by sample; products take all samples, so that weights are read once. */
#include "op/modes.h"

node op_spectral(struct graph *g, node x, node w, int n_dims, const int64_t *out_size)
{
	char x_text[SHAPE_TEXT], w_text[SHAPE_TEXT];
	int64_t modes[3] = { 0 }, size[3] = { 0 };

	if (graph_error(g))
		return NODE_NONE;
	if (!node_is(x) || !node_is(w))
		return graph_fail(g, "spectral layer of no node");
	struct shape xs = graph_shape(g, x), ws = graph_shape(g, w);

	if (n_dims < 1 || n_dims > 3)
		return graph_fail(g, "spectral layer over %d axes: 1 to 3 are possible", n_dims);
	if (xs.rank != n_dims + 2 || ws.rank != n_dims + 3 || ws.dim[ws.rank - 1] != 2 || ws.dim[0] != xs.dim[1])
		return graph_fail(g, "spectral layer: field %s (batch, in, space) and weight %s (in, out, modes, 2)",
				  shape_text(x_text, &xs), shape_text(w_text, &ws));
	for (int d = 0; d < n_dims; d++) {
		modes[d] = ws.dim[2 + d];
		size[d] = out_size ? out_size[d] : xs.dim[2 + d];
	}
	return op_from_modes(g, op_mode_product(g, op_to_modes(g, x, n_dims, modes), w), n_dims, size);
}
