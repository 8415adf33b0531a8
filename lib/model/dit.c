/* dit.c: the diffusion transformer (Peebles, Xie, arXiv 2212.09748): patches as tokens, blocks modulated by time and
 * condition (adaLN-Zero), a last layer that starts at zero. */
#include <stdio.h>

#include "model/model.h"

struct dit {
	int64_t patch, width, blocks, heads, ratio, time_features;
	double time_scale;
};

static const struct key keys[] = {
	KEY_INT(struct dit, patch, "2", 1, 256, "points of a patch along each axis"),
	KEY_INT(struct dit, width, "96", 2, 8192, "channels of a token"),
	KEY_INT(struct dit, blocks, "4", 1, 128, "transformer blocks"),
	KEY_INT(struct dit, heads, "4", 1, 256, "attention heads; width must divide by them"),
	KEY_INT(struct dit, ratio, "4", 1, 64, "hidden width of a block's perceptron, in widths"),
	KEY_INT(struct dit, time_features, "64", 2, 4096, "sines and cosines of the time (even)"),
	KEY_REAL(struct dit, time_scale, "1000", 1e-6, 1e9,
		 "highest frequency of those, radians a unit of time; the lowest is 10000 times lower"),
	KEY_END,
};

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	const struct dit *c = config;

	if (s->n_dims < 1 || s->n_query > 0)
		return err_set(e, ERR_USAGE, "model dit works on fields of 1 to 3 dimensions, the data have %s",
			       s->n_query > 0 ? "query points" : "none");
	for (int d = 0; d < s->n_dims; d++)
		if (s->size[d] % c->patch != 0)
			return err_set(e, ERR_USAGE, "model.patch: axis %d of %lld points does not divide by %lld", d,
				       (long long)s->size[d], (long long)c->patch);
	if (c->width % c->heads != 0)
		return err_set(e, ERR_USAGE, "model.heads: a width of %lld does not divide into %lld heads",
			       (long long)c->width, (long long)c->heads);
	return c->time_features % 2 == 0
		       ? 0
		       : err_set(e, ERR_USAGE, "model.time_features: %lld is odd", (long long)c->time_features);
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct dit *c = config;
	node condition = model_time_embedding(n, in, c->time_scale, c->time_features, c->width);
	node x = nn_linear(n, "lift", nn_to_patches(n, in->field, c->patch), c->width, true);
	int64_t inside = s->n_out;

	if (graph_error(n->g))
		return NODE_NONE;
	struct shape ps = graph_shape(n->g, x);
	ps = shape_of(ps.dim[1], c->width);
	struct nn_init pi = { PARAM_WEIGHT, INIT_NORMAL, 0.02, ps.dim[0], c->width };
	x = op_add(n->g, x, nn_param(n, "position", &ps, &pi));
	for (int i = 0; i < c->blocks; i++) {
		char name[32];

		snprintf(name, sizeof name, "block%d", i);
		x = nn_transformer_block(n, name, x, condition, c->heads, c->ratio);
	}
	for (int d = 0; d < s->n_dims; d++)
		inside *= c->patch;
	x = nn_linear_zero(n, "out", nn_modulated_norm(n, "last", x, condition), inside);
	return nn_from_patches(n, x, s->n_out, s->n_dims, s->size, c->patch);
}

static const struct model_class dit = {
	.name = "dit",
	.summary = "diffusion transformer: patches as tokens, modulated by time and condition",
	.source = "Peebles, Xie, Scalable Diffusion Models with Transformers, arXiv 2212.09748",
	.notes = "positions are learned: a trained model stays on its grid",
	.config_size = sizeof(struct dit),
	.keys = keys,
	.check = check,
	.build = build,
	.test_config = "{patch: 2, width: 8, blocks: 2, heads: 2, ratio: 2, time_features: 6, time_scale: 2}",
	.test_spec = { .n_dims = 2, .size = { 4, 6 }, .n_in = 2, .n_out = 1, .n_vector = 3 },
};
const struct model_class *const model_file_dit[] = { &dit, NULL };
