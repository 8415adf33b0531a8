/* transformer.c: the parts of transformers: Fourier features, attention, blocks with and without a condition,
 * patches. */
#include <math.h>

#include "nn/nn.h"

static bool known(struct nn *n, node x, int rank, struct shape *s, const char *what)
{
	if (graph_error(n->g) || !node_is(x))
		return false;
	*s = graph_shape(n->g, x);
	if (s->rank != rank) {
		graph_fail(n->g, "%s: an array of rank %d, not %d", what, s->rank, rank);
		return false;
	}
	return true;
}

node nn_fourier_features(struct nn *n, node x, double scale, int64_t size)
{
	const int64_t half = size / 2;
	struct shape s, line = shape_of(1, half);
	struct tensor t;

	if (!known(n, x, 2, &s, "Fourier features"))
		return NODE_NONE;
	if (size < 2 || size % 2 != 0 || s.dim[1] != 1)
		return graph_fail(n->g, "Fourier features: %lld of %lld numbers a sample: an even number of one",
				  (long long)size, (long long)s.dim[1]);
	t = tensor_new(graph_real(n->g), &line);
	for (int64_t k = 0; k < half; k++)
		tensor_set(&t, k, half > 1 ? scale * exp(-log(1e4) * (double)k / (double)(half - 1)) : scale);
	node angle = op_mul(n->g, x, graph_constant(n->g, &t));
	tensor_free(&t);
	return op_concat(n->g, 2, (node[]){ op_sin(n->g, angle), op_cos(n->g, angle) }, 1);
}

/* (b, n, heads d) -> (b, n, heads, d) */
static node split_heads(struct nn *n, node x, int64_t heads)
{
	if (graph_error(n->g))
		return NODE_NONE;
	struct shape s = graph_shape(n->g, x), split = shape_of(s.dim[0], s.dim[1], heads, s.dim[2] / heads);

	return op_reshape(n->g, x, &split);
}

node nn_attention(struct nn *n, const char *name, node x, node context, node bias, int64_t heads)
{
	struct shape s;

	if (!known(n, x, 3, &s, "attention"))
		return NODE_NONE;
	if (heads < 1 || s.dim[2] % heads != 0)
		return graph_fail(n->g, "attention: %lld channels do not divide into %lld heads", (long long)s.dim[2],
				  (long long)heads);
	node from = node_is(context) ? context : x;
	nn_enter(n, "%s", name);
	node q = split_heads(n, nn_linear(n, "query", x, s.dim[2], true), heads);
	node k = split_heads(n, nn_linear(n, "key", from, s.dim[2], true), heads);
	node v = split_heads(n, nn_linear(n, "value", from, s.dim[2], true), heads);
	/* What can be done to queries and to the result is not done to the scores, which are n / d times as many. */
	q = op_scale(n->g, q, 1 / sqrt((double)(s.dim[2] / heads)));
	node score = op_contract(n->g, "bqhd,bkhd->bhqk", q, k);
	if (node_is(bias))
		score = op_add(n->g, score, bias);
	const unsigned keys = op_axes(3, 3);
	node largest = op_stop_gradient(n->g, op_max_over(n->g, score, keys, true));
	node weight = op_exp(n->g, op_sub(n->g, score, largest)), total = op_sum(n->g, weight, keys, true);
	const int order[] = { 0, 2, 1, 3 };
	node y = op_contract(n->g, "bhqk,bkhd->bqhd", weight, v);
	y = op_mul(n->g, y, op_permute(n->g, op_recip(n->g, total), order));
	y = nn_linear(n, "out", op_reshape(n->g, y, &s), s.dim[2], true);
	nn_leave(n);
	return y;
}

/* Vector number k of those in m (b, count c), for every token: (b, 1, c). */
static node one_of(struct nn *n, node m, int k, int64_t channels)
{
	if (graph_error(n->g))
		return NODE_NONE;
	struct shape s = shape_of(graph_shape(n->g, m).dim[0], 1, channels);

	return op_reshape(n->g, op_slice(n->g, m, 1, k * channels, channels, 1), &s);
}

/* norm x (1 + scale) + shift */
static node modulate(struct nn *n, const char *name, node x, node shift, node scale)
{
	x = nn_layer_norm(n, name, x, false);
	return op_add(n->g, op_mul(n->g, x, op_shift(n->g, scale, 1)), shift);
}

node nn_modulated_norm(struct nn *n, const char *name, node x, node condition)
{
	struct shape s;

	if (!known(n, x, 3, &s, "modulated norm"))
		return NODE_NONE;
	nn_enter(n, "%s", name);
	node m = nn_linear_zero(n, "modulation", op_silu(n->g, condition), 2 * s.dim[2]);
	node y = modulate(n, "norm", x, one_of(n, m, 0, s.dim[2]), one_of(n, m, 1, s.dim[2]));
	nn_leave(n);
	return y;
}

node nn_transformer_block(struct nn *n, const char *name, node x, node condition, int64_t heads, int64_t ratio)
{
	enum { BRANCHES = 2, VECTORS = 3 };
	const bool modulated = node_is(condition);
	struct shape s;

	if (!known(n, x, 3, &s, "transformer block"))
		return NODE_NONE;
	const int64_t c = s.dim[2];

	nn_enter(n, "%s", name);
	node m = modulated ? nn_linear_zero(n, "modulation", op_silu(n->g, condition), BRANCHES * VECTORS * c)
			   : NODE_NONE;
	for (int b = 0; b < BRANCHES; b++) {
		const char *norm = b == 0 ? "norm0" : "norm1";
		node y = modulated
				 ? modulate(n, norm, x, one_of(n, m, VECTORS * b, c), one_of(n, m, VECTORS * b + 1, c))
				 : nn_layer_norm(n, norm, x, true);

		y = b == 0 ? nn_attention(n, "attention", y, NODE_NONE, NODE_NONE, heads)
			   : nn_mlp(n, "mlp", y, ratio * c, 1, c, NN_GELU);
		if (modulated)
			y = op_mul(n->g, y, one_of(n, m, VECTORS * b + 2, c));
		x = op_add(n->g, x, y);
	}
	nn_leave(n);
	return x;
}

/* The axes of a field split into blocks, (b, c, N0/p, p, N1/p, p, ...), and the order that puts counts before channels
 * and places within a patch: (b, N0/p, N1/p, ..., c, p, p, ...). */
static void patch_axes(int n_dims, int *order)
{
	order[0] = 0;
	order[n_dims + 1] = 1;
	for (int d = 0; d < n_dims; d++) {
		order[1 + d] = 2 + 2 * d;
		order[2 + n_dims + d] = 3 + 2 * d;
	}
}

static struct shape blocks_of(int64_t batch, int64_t channels, int n_dims, const int64_t *size, int64_t p)
{
	struct shape s = shape_of(batch, channels);

	for (int d = 0; d < n_dims; d++) {
		s.dim[s.rank++] = size[d] / p;
		s.dim[s.rank++] = p;
	}
	return s;
}

node nn_to_patches(struct nn *n, node x, int64_t p)
{
	int order[SHAPE_MAX];
	int64_t count = 1, inside;

	if (graph_error(n->g) || !node_is(x))
		return NODE_NONE;
	struct shape s = graph_shape(n->g, x);
	const int n_dims = s.rank - 2;
	inside = s.dim[1];
	for (int d = 0; d < n_dims; d++) {
		if (p < 1 || s.dim[2 + d] % p != 0)
			return graph_fail(n->g, "patches: axis %d of %lld points does not divide by %lld", d,
					  (long long)s.dim[2 + d], (long long)p);
		count *= s.dim[2 + d] / p;
		inside *= p;
	}
	if (n_dims < 1 || n_dims > 3)
		return graph_fail(n->g, "patches: fields of 1 to 3 axes, not %d", n_dims);
	struct shape split = blocks_of(s.dim[0], s.dim[1], n_dims, s.dim + 2, p),
		     tokens = shape_of(s.dim[0], count, inside);

	patch_axes(n_dims, order);
	return op_reshape(n->g, op_permute(n->g, op_reshape(n->g, x, &split), order), &tokens);
}

node nn_from_patches(struct nn *n, node tokens, int64_t channels, int n_dims, const int64_t *size, int64_t p)
{
	int order[SHAPE_MAX], back[SHAPE_MAX];
	struct shape s;

	if (!known(n, tokens, 3, &s, "patches"))
		return NODE_NONE;
	struct shape split = blocks_of(s.dim[0], channels, n_dims, size, p), moved = split,
		     field = shape_of(s.dim[0], channels);

	patch_axes(n_dims, order);
	for (int i = 0; i < split.rank; i++) {
		moved.dim[i] = split.dim[order[i]];
		back[order[i]] = i;
	}
	for (int d = 0; d < n_dims; d++)
		field.dim[field.rank++] = size[d];
	if (shape_count(&moved) != shape_count(&s))
		return graph_fail(n->g, "patches: %lld values are not a field of %lld", (long long)shape_count(&s),
				  (long long)shape_count(&moved));
	return op_reshape(n->g, op_permute(n->g, op_reshape(n->g, tokens, &moved), back), &field);
}
