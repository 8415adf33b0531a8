/* coordinate.c: networks of coordinates, (b, features) to (b, values): plain, gated by two encoders ("modified MLP":
 * Wang, Teng, Perdikaris 2021) or PirateNet (Wang, Li, Chen, Perdikaris 2024); random Fourier features (Tancik et al.
 * 2020); weights factorised by neuron (Wang, Wang, Seidman, Perdikaris 2022). */
#include <math.h>

#include "model/model.h"

enum blocks { BLOCKS_PLAIN, BLOCKS_MODIFIED, BLOCKS_PIRATE };
static const char *const block_names[] = { "plain", "modified", "pirate", NULL };

struct coordinate {
	int64_t width, depth, fourier;
	int activation, blocks;
	double fourier_scale, factor_mean, factor_std;
	bool factorised;
};

static const struct key keys[] = {
	KEY_INT(struct coordinate, width, "64", 1, 65536, "width of the hidden layers"),
	KEY_INT(struct coordinate, depth, "4", 1, 64, "hidden layers; pirate: blocks of three"),
	KEY_ONE_OF(struct coordinate, activation, "tanh", nn_activation_names, "activation"),
	KEY_ONE_OF(struct coordinate, blocks, "plain", block_names,
		   "plain: h = s(W h + b); modified: h = z U + (1 - z) V, z = s(W h + b), U and V of the input alone; "
		   "pirate: "
		   "gated residual blocks that start as the identity"),
	KEY_INT(struct coordinate, fourier, "0", 0, 65536,
		"random Fourier features: cos(B x), sin(B x) of this many rows in all; 0: none"),
	KEY_REAL(struct coordinate, fourier_scale, "2", 0, 1e6, "standard deviation of B, which is not trained"),
	KEY_FLAG(struct coordinate, factorised, "false", "weights W = V diag(exp(s)), both trained"),
	KEY_REAL(struct coordinate, factor_mean, "1", -100, 100, "factorised: mean of s at the start"),
	KEY_REAL(struct coordinate, factor_std, "0.1", 0, 100, "factorised: its standard deviation"),
	KEY_END,
};

/* x W + b with Glorot-normal W (Glorot, Bengio 2010) and b = 0. */
static node linear(struct nn *n, const struct coordinate *c, const char *name, node x, int64_t n_out)
{
	struct graph *g = n->g;
	node w, y;

	if (graph_error(g))
		return NODE_NONE;
	const int64_t n_in = graph_shape(g, x).dim[1];
	const double std = sqrt(2 / (double)(n_in + n_out));
	const struct shape ws = shape_of(n_in, n_out), bs = shape_of(n_out);
	const struct nn_init bias = { PARAM_BIAS, INIT_ZERO, 0, n_in, n_out };

	nn_enter(n, "%s", name);
	if (c->factorised) {
		/* s = mean + deviation: the deviation is the parameter */
		const struct nn_init factor = { PARAM_GAIN, INIT_NORMAL, c->factor_std, n_in, n_out };
		const struct nn_init v = { PARAM_WEIGHT, INIT_NORMAL, std * exp(-c->factor_mean), n_in, n_out };
		node s = op_shift(g, nn_param(n, "factor", &bs, &factor), c->factor_mean);

		w = op_mul(g, nn_param(n, "weight", &ws, &v), op_exp(g, s));
	} else {
		const struct nn_init weight = { PARAM_WEIGHT, INIT_NORMAL, std, n_in, n_out };

		w = nn_param(n, "weight", &ws, &weight);
	}
	y = op_add(g, op_matmul(g, x, w), nn_param(n, "bias", &bs, &bias));
	nn_leave(n);
	return y;
}

static node layer(struct nn *n, const struct coordinate *c, const char *name, node x, int64_t n_out)
{
	return nn_activate(n, c->activation, linear(n, c, name, x, n_out));
}

/* z u + (1 - z) v */
static node gate(struct graph *g, node z, node u, node v)
{
	return op_add(g, v, op_mul(g, z, op_sub(g, u, v)));
}

static node features(struct nn *n, const struct coordinate *c, node x)
{
	struct nn_init random = { PARAM_STATE, INIT_NORMAL, c->fourier_scale, 0, 0 }; /* drawn, not trained */

	if (c->fourier == 0 || graph_error(n->g))
		return x;
	struct shape s = shape_of(graph_shape(n->g, x).dim[1], (c->fourier + 1) / 2);
	node angle = op_matmul(n->g, x, nn_param(n, "fourier", &s, &random));
	node part[2] = { op_cos(n->g, angle), op_sin(n->g, angle) };

	return op_concat(n->g, 2, part, 1);
}

static node pirate_block(struct nn *n, const struct coordinate *c, node x, node u, node v)
{
	const struct shape one = shape_of(1);
	const struct nn_init zero = { PARAM_GAIN, INIT_ZERO, 0, 0, 0 };
	const int64_t width = graph_error(n->g) ? 0 : graph_shape(n->g, x).dim[1];
	node z = gate(n->g, layer(n, c, "first", x, c->width), u, v);

	z = gate(n->g, layer(n, c, "second", z, c->width), u, v);
	z = layer(n, c, "third", z, width);
	return gate(n->g, nn_param(n, "share", &one, &zero), z, x);
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct coordinate *c = config;
	node x, u = NODE_NONE, v = NODE_NONE;

	nn_enter(n, "net");
	x = features(n, c, in->field);
	if (c->blocks != BLOCKS_PLAIN) {
		u = layer(n, c, "encoder_u", x, c->width);
		v = layer(n, c, "encoder_v", x, c->width);
	}
	for (int k = 0; k < (int)c->depth; k++) {
		nn_enter(n, "hidden%d", k);
		if (c->blocks == BLOCKS_PIRATE) {
			x = pirate_block(n, c, x, u, v);
		} else {
			x = layer(n, c, "layer", x, c->width);
			if (c->blocks == BLOCKS_MODIFIED)
				x = gate(n->g, x, u, v);
		}
		nn_leave(n);
	}
	x = linear(n, c, "out", x, s->n_out);
	nn_leave(n);
	return x;
}

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	(void)config;
	if (s->n_dims > 0 || s->n_query > 0)
		return err_set(e, ERR_USAGE, "model coordinate takes rows of numbers, the data are fields on grids");
	return 0;
}

static const struct model_class coordinate = {
	.name = "coordinate",
	.summary = "network of coordinates: plain, modified or PirateNet; Fourier features, factorised weights",
	.source = "Wang et al., arXiv 2001.04536, 2210.01274, 2402.00326; Tancik et al., arXiv 2006.10739",
	.config_size = sizeof(struct coordinate),
	.keys = keys,
	.check = check,
	.build = build,
	.grid_free = true,
	.test_config = "{width: 12, depth: 2, blocks: modified, fourier: 8, fourier_scale: 1, factorised: true}",
	.test_spec = { .n_dims = 0, .n_in = 3, .n_out = 2 },
};
const struct model_class *const model_file_coordinate[] = { &coordinate, NULL };
