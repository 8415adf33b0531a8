/* fno.c: Fourier neural operator (Li et al. 2021, arXiv 2010.08895), 1-3 dimensions.
 * Variant a: v <- s(BN(K v + W v)), the 2020 scripts. Variant b: v <- s(MLP(K v) + W v), the 2022 scripts.
 * Variant c: z = s(K v + b + S v), v <- s(MLP(z) + g v), the neuraloperator library, two-layer lifting and projection.
 * No activation after the last block. */
#include <math.h>
#include <stdio.h>

#include "model/model.h"

enum { FNO_A, FNO_B, FNO_C };
static const char *const variants[] = { "a", "b", "c", NULL };

struct fno {
	int variant;
	struct key_longs modes;
	int64_t width, layers, projection;
	double padding;
	int activation;
	bool grid, endpoint, instance_norm, residual;
};

static const struct key fno_keys[] = {
	KEY_ONE_OF(struct fno, variant, "b", variants,
		   "a: batch norm, ReLU (2020); b: MLP in the block (2022); c: the neuraloperator library's block"),
	KEY_INTS(struct fno, modes, "[12]", 1, 4096,
		 "Fourier modes kept on each axis (one number serves all); variant c counts both signs"),
	KEY_INT(struct fno, width, "32", 1, 65536, "channels of the lifted field"),
	KEY_INT(struct fno, layers, "4", 1, 256, "number of Fourier blocks"),
	KEY_INT(struct fno, projection, "0", 0, 65536, "hidden channels of the projection; 0: the variant's own"),
	KEY_REAL(struct fno, padding, "0", 0, 1,
		 "zeros appended at the far end of every axis, as a fraction of its size (for non-periodic data)"),
	KEY_ONE_OF(struct fno, activation, "gelu", nn_activation_names, "activation of blocks and projection"),
	KEY_FLAG(struct fno, grid, "true", "append the coordinates as input channels"),
	KEY_FLAG(struct fno, endpoint, "false", "coordinates run 0..1 with both ends (the scripts) instead of i/N"),
	KEY_FLAG(struct fno, instance_norm, "false",
		 "affine-free instance norm before and after the spectral layer (NS-2D script)"),
	KEY_FLAG(struct fno, residual, "false", "add the last input frame to the output"),
	KEY_END,
};

/* Modes for op_spectral: m on every axis (rows -m .. m-1), and on the last one 0 .. m-1. */
static void spectral_modes(const struct fno *c, int n_dims, int64_t *m)
{
	for (int d = 0; d < n_dims; d++) {
		int64_t k = c->modes.at[c->modes.n > 1 ? d : 0];

		m[d] = c->variant != FNO_C ? k : d < n_dims - 1 ? k / 2 : k / 2 + 1;
	}
}

static int64_t padded(const struct fno *c, int64_t size)
{
	return size + (int64_t)floor(c->padding * (double)size + 0.5);
}

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	const struct fno *c = config;
	int64_t m[3];

	if (s->n_dims < 1 || s->n_query > 0)
		return err_set(e, ERR_USAGE, "model fno works on fields of 1 to 3 dimensions, the data have %s",
			       s->n_query > 0 ? "query points" : "none");
	if (c->modes.n != 1 && c->modes.n != s->n_dims)
		return err_set(e, ERR_USAGE, "model.modes: %d numbers for %d dimensions", c->modes.n, s->n_dims);
	spectral_modes(c, s->n_dims, m);
	for (int d = 0; d < s->n_dims; d++) {
		int64_t n = padded(c, s->size[d]), most = d < s->n_dims - 1 ? n / 2 : n / 2 + 1;

		if (m[d] < 1 || m[d] > most)
			return err_set(e, ERR_USAGE,
				       "model.modes: axis %d keeps %lld modes, its %lld points resolve %lld", d,
				       (long long)m[d], (long long)n, (long long)most);
	}
	return 0;
}

static node channel_bias(struct nn *n, const char *name, node x, double std)
{
	if (graph_error(n->g))
		return NODE_NONE;
	struct shape s = graph_shape(n->g, x), v = { .rank = s.rank - 1 };
	struct nn_init i = { PARAM_BIAS, INIT_NORMAL, std, 0, 0 };

	for (int d = 0; d < v.rank; d++)
		v.dim[d] = d == 0 ? s.dim[1] : 1;
	return op_add(n->g, x, nn_param(n, name, &v, &i));
}

static node block_a(struct nn *n, const struct fno *c, const int64_t *m, node v, bool last)
{
	node z = op_add(n->g, nn_spectral(n, "spectral", v, c->width, m, NN_SPECTRAL_SCRIPT),
			nn_pointwise(n, "skip", v, c->width, true));

	z = nn_batch_norm(n, "norm", z, 0.1, true);
	return last ? z : nn_activate(n, c->activation, z);
}

static node block_b(struct nn *n, const struct fno *c, const int64_t *m, node v, bool last)
{
	node z = c->instance_norm ? nn_instance_norm(n, "norm0", v, false) : v;

	z = nn_spectral(n, "spectral", z, c->width, m, NN_SPECTRAL_SCRIPT);
	if (c->instance_norm)
		z = nn_instance_norm(n, "norm1", z, false);
	z = nn_activate(n, c->activation, nn_pointwise(n, "mlp0", z, c->width, true));
	z = nn_pointwise(n, "mlp1", z, c->width, true);
	z = op_add(n->g, z, nn_pointwise(n, "skip", v, c->width, true));
	return last ? z : nn_activate(n, c->activation, z);
}

static node block_c(struct nn *n, const struct fno *c, const int64_t *m, node v, bool last)
{
	int64_t hidden = c->width > 1 ? c->width / 2 : 1;
	node z = nn_spectral(n, "spectral", v, c->width, m, NN_SPECTRAL_LIBRARY);

	z = channel_bias(n, "bias", z, sqrt(1.0 / (double)c->width));
	z = op_add(n->g, z, nn_pointwise(n, "skip", v, c->width, false));
	if (!last)
		z = nn_activate(n, c->activation, z);
	z = nn_activate(n, c->activation, nn_pointwise(n, "mlp0", z, hidden, true));
	z = nn_pointwise(n, "mlp1", z, c->width, true);
	if (graph_error(n->g))
		return NODE_NONE;
	struct shape s = graph_shape(n->g, v), gate = { .rank = s.rank - 1 };
	struct nn_init one = { PARAM_GAIN, INIT_ONE, 1, 0, 0 };
	for (int d = 0; d < gate.rank; d++)
		gate.dim[d] = d == 0 ? c->width : 1;
	z = op_add(n->g, z, op_mul(n->g, v, nn_param(n, "gate", &gate, &one)));
	return last ? z : nn_activate(n, c->activation, z);
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct fno *c = config;
	int64_t m[3];
	node v = in->field;

	spectral_modes(c, s->n_dims, m);
	if (c->grid)
		v = nn_append_grid(n, v, c->endpoint);
	if (c->variant == FNO_C)
		v = nn_activate(n, c->activation, nn_pointwise(n, "lift0", v, 2 * c->width, true));
	v = nn_pointwise(n, "lift", v, c->width, true);
	for (int d = 0; d < s->n_dims; d++)
		if (padded(c, s->size[d]) > s->size[d])
			v = op_pad(n->g, v, 2 + d, 0, padded(c, s->size[d]) - s->size[d], PAD_ZERO);
	for (int64_t i = 0; i < c->layers; i++) {
		bool last = i == c->layers - 1;

		nn_enter(n, "block%d", (int)i);
		v = c->variant == FNO_A	  ? block_a(n, c, m, v, last)
		    : c->variant == FNO_B ? block_b(n, c, m, v, last)
					  : block_c(n, c, m, v, last);
		nn_leave(n);
	}
	for (int d = 0; d < s->n_dims; d++)
		if (padded(c, s->size[d]) > s->size[d])
			v = op_slice(n->g, v, 2 + d, 0, s->size[d], 1);
	int64_t hidden = c->projection;
	if (hidden == 0)
		hidden = c->variant == FNO_A ? 128 : c->variant == FNO_B && s->n_dims > 1 ? 4 * c->width : 2 * c->width;
	v = nn_activate(n, c->activation, nn_pointwise(n, "project0", v, hidden, true));
	v = nn_pointwise(n, "project", v, s->n_out, true);
	if (c->residual)
		v = model_add_last(n, in, v);
	return v;
}

static const struct model_class fno = {
	.name = "fno",
	.summary = "Fourier neural operator: pointwise maps and truncated Fourier convolutions; any grid",
	.source = "Li et al., arXiv 2010.08895; variant c: neuraloperator library",
	.config_size = sizeof(struct fno),
	.keys = fno_keys,
	.check = check,
	.build = build,
	.grid_free = true,
	.test_config = "{modes: [3], width: 6, layers: 2}",
	.test_spec = { .n_dims = 2, .size = { 8, 8 }, .periodic = { true, true }, .n_in = 2, .n_out = 1, .n_state = 1 },
};
const struct model_class *const model_file_fno[] = { &fno, NULL };
