/* layer.c: linear maps with parameters: dense, pointwise, convolution, spectral; activations, dropout, coordinates. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/nn.h"

const char *const nn_activation_names[] = { "identity", "relu",	   "gelu", "tanh",	 "silu",     "elu",
					    "softplus", "sigmoid", "sin",  "leaky_relu", "lipswish", NULL };

node nn_activate(struct nn *n, enum nn_activation a, node x)
{
	switch (a) {
	case NN_IDENTITY:
		return x;
	case NN_RELU:
		return op_relu(n->g, x);
	case NN_GELU:
		return op_gelu(n->g, x);
	case NN_TANH:
		return op_tanh(n->g, x);
	case NN_SILU:
		return op_silu(n->g, x);
	case NN_ELU:
		return op_elu(n->g, x);
	case NN_SOFTPLUS:
		return op_softplus(n->g, x);
	case NN_SIGMOID:
		return op_sigmoid(n->g, x);
	case NN_SIN:
		return op_sin(n->g, x);
	case NN_LIPSWISH:
		return op_scale(n->g, op_silu(n->g, x), 0.909);
	case NN_LEAKY_RELU:
		return op_leaky_relu(n->g, x, 0.01);
	}
	return graph_fail(n->g, "unknown activation %d", (int)a);
}

/* Shape of x, or rank 0 while the graph is in error, so that builders can go on without checks in between. */
static bool known(struct nn *n, node x, struct shape *s)
{
	if (graph_error(n->g) || !node_is(x))
		return false;
	*s = graph_shape(n->g, x);
	return true;
}

static node linear(struct nn *n, const char *name, node x, int64_t n_out, bool bias, bool zero)
{
	struct shape s;

	if (!known(n, x, &s))
		return NODE_NONE;
	int64_t n_in = s.dim[s.rank - 1];
	struct shape ws = shape_of(n_in, n_out), bs = shape_of(n_out);
	struct nn_init wi = nn_init_fan_in(PARAM_WEIGHT, n_in, n_out), bi = nn_init_fan_in(PARAM_BIAS, n_in, n_out);

	if (zero)
		wi.init = bi.init = INIT_ZERO;
	nn_enter(n, "%s", name);
	node y = op_matmul(n->g, x, nn_param(n, "weight", &ws, &wi));
	if (bias)
		y = op_add(n->g, y, nn_param(n, "bias", &bs, &bi));
	nn_leave(n);
	return y;
}

node nn_linear(struct nn *n, const char *name, node x, int64_t n_out, bool bias)
{
	return linear(n, name, x, n_out, bias, false);
}

node nn_linear_zero(struct nn *n, const char *name, node x, int64_t n_out)
{
	return linear(n, name, x, n_out, true, true);
}

/* A vector of one value a channel, shaped to broadcast over (b, c, N...). */
static node per_channel(struct nn *n, node vector, int rank)
{
	struct shape s = graph_shape(n->g, vector), wide = { .rank = rank - 1 };

	for (int i = 0; i < wide.rank; i++)
		wide.dim[i] = i == 0 ? s.dim[0] : 1;
	return op_reshape(n->g, vector, &wide);
}

node nn_pointwise(struct nn *n, const char *name, node x, int64_t n_out, bool bias)
{
	struct shape s;

	if (!known(n, x, &s))
		return NODE_NONE;
	int64_t n_in = s.dim[1];
	struct shape ws = shape_of(n_out, n_in), bs = shape_of(n_out);
	struct nn_init wi = nn_init_fan_in(PARAM_WEIGHT, n_in, n_out), bi = nn_init_fan_in(PARAM_BIAS, n_in, n_out);

	/* (b, c, N...) seen as (b, c, N): one GEMM a sample, (n_out, n_in) x (n_in, N) */
	int64_t points = 1;
	for (int i = 2; i < s.rank; i++)
		points *= s.dim[i];
	struct shape flat = shape_of(s.dim[0], n_in, points), out = s;
	out.dim[1] = n_out;
	nn_enter(n, "%s", name);
	node y = op_contract(n->g, "oc,bcn->bon", nn_param(n, "weight", &ws, &wi), op_reshape(n->g, x, &flat));
	y = op_reshape(n->g, y, &out);
	if (bias)
		y = op_add(n->g, y, per_channel(n, nn_param(n, "bias", &bs, &bi), s.rank));
	nn_leave(n);
	return y;
}

node nn_conv(struct nn *n, const char *name, node x, const struct nn_conv *c)
{
	struct shape s;

	if (!known(n, x, &s))
		return NODE_NONE;
	struct op_conv_shape o = { .n_dims = s.rank - 2, .groups = c->groups ? c->groups : 1 };
	struct shape ws = shape_of(c->n_out, s.dim[1] / o.groups), bs = shape_of(c->n_out);
	int64_t fan = s.dim[1] / o.groups;

	for (int d = 0; d < o.n_dims; d++) {
		o.stride[d] = c->stride ? c->stride : 1;
		o.dilation[d] = c->dilation ? c->dilation : 1;
		ws.dim[ws.rank++] = c->kernel;
		fan *= c->kernel;
		if (c->pad > 0)
			x = op_pad(n->g, x, 2 + d, c->pad, c->pad, c->pad_mode);
	}
	struct nn_init wi = nn_init_fan_in(PARAM_WEIGHT, fan, c->n_out), bi = nn_init_fan_in(PARAM_BIAS, fan, c->n_out);
	if (c->zero)
		wi.init = bi.init = INIT_ZERO;
	nn_enter(n, "%s", name);
	node y = op_conv(n->g, x, nn_param(n, "weight", &ws, &wi), &o);
	if (c->bias)
		y = op_add(n->g, y, per_channel(n, nn_param(n, "bias", &bs, &bi), s.rank));
	nn_leave(n);
	return y;
}

node nn_conv_up(struct nn *n, const char *name, node x, int64_t n_out, int64_t factor)
{
	struct shape s;

	if (!known(n, x, &s))
		return NODE_NONE;
	struct op_conv_shape o = { .n_dims = s.rank - 2, .groups = 1 };
	/* weight as the convolution whose adjoint this is: from n_out channels to x's */
	struct shape ws = shape_of(s.dim[1], n_out), bs = shape_of(n_out);
	int64_t size[3] = { 0 }, fan = n_out;

	for (int d = 0; d < o.n_dims; d++) {
		o.stride[d] = factor;
		o.dilation[d] = 1;
		size[d] = s.dim[2 + d] * factor;
		ws.dim[ws.rank++] = factor;
		fan *= factor; /* PyTorch counts the fan of a transposed convolution on this side */
	}
	struct nn_init wi = nn_init_fan_in(PARAM_WEIGHT, fan, s.dim[1]), bi = nn_init_fan_in(PARAM_BIAS, fan, s.dim[1]);
	nn_enter(n, "%s", name);
	node y = op_conv_transpose(n->g, x, nn_param(n, "weight", &ws, &wi), &o, size);
	y = op_add(n->g, y, per_channel(n, nn_param(n, "bias", &bs, &bi), s.rank));
	nn_leave(n);
	return y;
}

node nn_spectral(struct nn *n, const char *name, node x, int64_t n_out, const int64_t *modes,
		 enum nn_spectral_init init)
{
	struct shape s;

	if (!known(n, x, &s))
		return NODE_NONE;
	int n_dims = s.rank - 2;
	int64_t n_in = s.dim[1];
	struct shape ws = shape_of(n_in, n_out);

	for (int d = 0; d < n_dims; d++)
		ws.dim[ws.rank++] = d < n_dims - 1 ? 2 * modes[d] : modes[d];
	ws.dim[ws.rank++] = 2;
	struct nn_init i = { PARAM_WEIGHT, INIT_UNIFORM01, 1.0 / (double)(n_in * n_out), n_in, n_out };
	if (init == NN_SPECTRAL_LIBRARY) {
		/* complex normal of variance 2/(ci+co): half of it in each part */
		i.init = INIT_NORMAL;
		i.scale = sqrt(1.0 / (double)(n_in + n_out));
	}
	nn_enter(n, "%s", name);
	node y = op_spectral(n->g, x, nn_param(n, "weight", &ws, &i), n_dims, NULL);
	nn_leave(n);
	return y;
}

node nn_dropout(struct nn *n, const char *name, node x, double rate)
{
	struct shape s;

	if (!known(n, x, &s))
		return NODE_NONE;
	if (!n->training || rate <= 0)
		return x;
	if (!node_is(n->key)) {
		struct shape ks = shape_of(4);

		n->key = graph_input(n->g, "random key", DTYPE_I32, &ks);
	}
	char purpose[600];
	snprintf(purpose, sizeof purpose, "%s%s", n->path, name);
	node u = op_random_uniform(n->g, n->key, &s, purpose);
	node keep = op_less(n->g, graph_scalar(n->g, rate), u);
	return op_scale(n->g, op_mul(n->g, x, keep), 1 / (1 - rate));
}

node nn_mlp(struct nn *n, const char *name, node x, int64_t width, int depth, int64_t n_out, enum nn_activation a)
{
	nn_enter(n, "%s", name);
	for (int i = 0; i < depth; i++) {
		char layer[32];

		snprintf(layer, sizeof layer, "hidden%d", i);
		x = nn_activate(n, a, nn_linear(n, layer, x, width, true));
	}
	x = nn_linear(n, "out", x, n_out, true);
	nn_leave(n);
	return x;
}

node nn_append_grid(struct nn *n, node x, bool endpoint)
{
	struct shape s;
	node part[4] = { x };

	if (!known(n, x, &s))
		return NODE_NONE;
	for (int d = 0; d < s.rank - 2; d++) {
		int64_t size = s.dim[2 + d];
		struct shape line = { .rank = s.rank }, full = s;
		struct tensor t;

		for (int i = 0; i < s.rank; i++)
			line.dim[i] = i == 2 + d ? size : 1;
		full.dim[1] = 1;
		t = tensor_new(graph_real(n->g), &line);
		for (int64_t i = 0; i < size; i++)
			tensor_set(&t, i, size == 1 ? 0 : (double)i / (double)(endpoint ? size - 1 : size));
		part[1 + d] = op_broadcast(n->g, graph_constant(n->g, &t), &full);
		tensor_free(&t);
	}
	return op_concat(n->g, s.rank - 1, part, 1);
}

node nn_gru(struct nn *n, node x, node h)
{
	struct graph *g = n->g;
	node from_x, from_h, part[6];
	struct shape s;

	if (!known(n, h, &s))
		return NODE_NONE;
	const int64_t size = s.dim[1];
	from_x = nn_linear(n, "input", x, 3 * size, true);
	from_h = nn_linear(n, "state", h, 3 * size, true);
	for (int i = 0; i < 6 && !graph_error(g); i++)
		part[i] = op_slice(g, i < 3 ? from_x : from_h, 1, i % 3 * size, size, 1);
	if (graph_error(g))
		return NODE_NONE;
	node reset = op_sigmoid(g, op_add(g, part[0], part[3])), update = op_sigmoid(g, op_add(g, part[1], part[4]));
	node proposed = op_tanh(g, op_add(g, part[2], op_mul(g, reset, part[5])));

	return op_add(g, proposed, op_mul(g, update, op_sub(g, h, proposed)));
}
