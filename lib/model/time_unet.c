/* time_unet.c: the U-Net of diffusion models (Ho et al., arXiv 2006.11239, appendix B): residual blocks that are told
 * the time, attention where the grid is coarsest, a last convolution that starts at zero. */
#include <stdio.h>

#include "model/model.h"

enum { LEVELS_MAX = 8, BLOCKS_MAX = 8 };
static const char *const pads[] = { "zero", "periodic", "reflect", "replicate", NULL };

struct time_unet {
	int64_t width, blocks, groups, heads, time_features;
	struct key_longs multiple;
	double time_scale, dropout;
	int padding;
	bool attention;
};

static const struct key keys[] = {
	KEY_INT(struct time_unet, width, "32", 1, 4096, "channels of the finest level"),
	KEY_INTS(struct time_unet, multiple, "[1, 2, 2]", 1, 64,
		 "channels of each level, in widths; a level halves the grid"),
	KEY_INT(struct time_unet, blocks, "2", 1, BLOCKS_MAX, "residual blocks a level"),
	KEY_INT(struct time_unet, groups, "8", 1, 1024, "groups of the group norms; channels must divide by them"),
	KEY_FLAG(struct time_unet, attention, "true", "attention on the coarsest level"),
	KEY_INT(struct time_unet, heads, "1", 1, 256, "its heads"),
	KEY_INT(struct time_unet, time_features, "32", 2, 4096, "sines and cosines of the time (even)"),
	KEY_REAL(struct time_unet, time_scale, "1000", 1e-6, 1e9,
		 "highest frequency of those, radians a unit of time; the lowest is 10000 times lower"),
	KEY_REAL(struct time_unet, dropout, "0", 0, 0.99, "dropped fraction in each residual block"),
	KEY_ONE_OF(struct time_unet, padding, "zero", pads, "what lies beyond the border"),
	KEY_END,
};

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	const struct time_unet *c = config;
	const int64_t parts = (int64_t)1 << (c->multiple.n - 1);

	if (s->n_dims < 1 || s->n_query > 0)
		return err_set(e, ERR_USAGE, "model time-unet works on fields of 1 to 3 dimensions, the data have %s",
			       s->n_query > 0 ? "query points" : "none");
	if (c->multiple.n < 1 || c->multiple.n > LEVELS_MAX)
		return err_set(e, ERR_USAGE, "model.multiple: %d levels; there may be 1 to %d", c->multiple.n,
			       LEVELS_MAX);
	for (int d = 0; d < s->n_dims; d++)
		if (s->size[d] % parts != 0)
			return err_set(e, ERR_USAGE, "model.multiple: axis %d of %lld points does not divide by %lld",
				       d, (long long)s->size[d], (long long)parts);
	for (int i = 0; i < c->multiple.n; i++) {
		const int64_t channels = c->width * c->multiple.at[i];

		if (channels % c->groups != 0 || channels % c->heads != 0)
			return err_set(e, ERR_USAGE,
				       "model.width: the %lld channels of level %d do not divide into %lld groups and "
				       "%lld heads",
				       (long long)channels, i, (long long)c->groups, (long long)c->heads);
	}
	return c->time_features % 2 == 0
		       ? 0
		       : err_set(e, ERR_USAGE, "model.time_features: %lld is odd", (long long)c->time_features);
}

static node convolve(struct nn *n, const struct time_unet *c, const char *name, node x, int64_t n_out, int64_t stride,
		     bool zero)
{
	return nn_conv(n, name, x,
		       &(struct nn_conv){ .n_out = n_out,
					  .kernel = 3,
					  .stride = stride,
					  .pad = 1,
					  .pad_mode = c->padding,
					  .bias = true,
					  .zero = zero });
}

/* x + convolution of everything; the time's vector is added between the two convolutions. */
static node residual(struct nn *n, const struct time_unet *c, const char *name, node x, node time, int64_t n_out)
{
	if (graph_error(n->g))
		return NODE_NONE;
	struct shape s = graph_shape(n->g, x), wide = { .rank = s.rank };

	nn_enter(n, "%s", name);
	node y = convolve(n, c, "conv0", op_silu(n->g, nn_group_norm(n, "norm0", x, c->groups, true)), n_out, 1, false);
	wide.dim[0] = s.dim[0];
	wide.dim[1] = n_out;
	for (int i = 2; i < s.rank; i++)
		wide.dim[i] = 1;
	node t = nn_linear(n, "time", op_silu(n->g, time), n_out, true);
	y = op_add(n->g, y, op_reshape(n->g, t, &wide));
	y = op_silu(n->g, nn_group_norm(n, "norm1", y, c->groups, true));
	y = convolve(n, c, "conv1", nn_dropout(n, "dropout", y, c->dropout), n_out, 1, false);
	if (s.dim[1] != n_out)
		x = nn_pointwise(n, "skip", x, n_out, true);
	nn_leave(n);
	return op_add(n->g, x, y);
}

/* x + attention among all points. */
static node attend(struct nn *n, const struct time_unet *c, const char *name, node x)
{
	if (graph_error(n->g))
		return NODE_NONE;
	struct shape s = graph_shape(n->g, x),
		     flat = shape_of(s.dim[0], s.dim[1], shape_count(&s) / (s.dim[0] * s.dim[1]));
	const int swap[] = { 0, 2, 1 };

	nn_enter(n, "%s", name);
	node y = op_permute(n->g, op_reshape(n->g, nn_group_norm(n, "norm", x, c->groups, true), &flat), swap);
	y = nn_attention(n, "attention", y, NODE_NONE, NODE_NONE, c->heads);
	y = op_reshape(n->g, op_permute(n->g, y, swap), &s);
	nn_leave(n);
	return op_add(n->g, x, y);
}

static node level(struct nn *n, const struct time_unet *c, const char *name, int i, int block, node x, node time,
		  int64_t n_out)
{
	char text[48];

	snprintf(text, sizeof text, "%s%d_%d", name, i, block);
	x = residual(n, c, text, x, time, n_out);
	if (!c->attention || i < c->multiple.n - 1)
		return x;
	snprintf(text, sizeof text, "%s%d_%d_attention", name, i, block);
	return attend(n, c, text, x);
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct time_unet *c = config;
	const int levels = c->multiple.n;
	node time = model_time_embedding(n, in, c->time_scale, c->time_features, 4 * c->width);
	node x = convolve(n, c, "lift", in->field, c->width, 1, false), skip[LEVELS_MAX * (BLOCKS_MAX + 1) + 1];
	char name[32];
	int n_skips = 0;

	skip[n_skips++] = x;
	for (int i = 0; i < levels; i++) {
		for (int k = 0; k < c->blocks; k++)
			skip[n_skips++] = x = level(n, c, "down", i, k, x, time, c->width * c->multiple.at[i]);
		if (i == levels - 1)
			break;
		snprintf(name, sizeof name, "down%d", i);
		skip[n_skips++] = x = convolve(n, c, name, x, c->width * c->multiple.at[i], 2, false);
	}
	const int64_t bottom = c->width * c->multiple.at[levels - 1];
	x = residual(n, c, "middle0", x, time, bottom);
	if (c->attention)
		x = attend(n, c, "middle_attention", x);
	x = residual(n, c, "middle1", x, time, bottom);
	for (int i = levels - 1; i >= 0; i--) {
		for (int k = 0; k <= c->blocks; k++) {
			node pair[2] = { x, skip[--n_skips] };

			x = level(n, c, "up", i, k, op_concat(n->g, 2, pair, 1), time, c->width * c->multiple.at[i]);
		}
		if (i == 0)
			break;
		for (int d = 0; d < s->n_dims; d++)
			x = op_upsample_nearest(n->g, x, 2 + d, 2);
		snprintf(name, sizeof name, "up%d", i);
		x = convolve(n, c, name, x, c->width * c->multiple.at[i], 1, false);
	}
	x = op_silu(n->g, nn_group_norm(n, "norm", x, c->groups, true));
	return convolve(n, c, "out", x, s->n_out, 1, true);
}

static const struct model_class time_unet = {
	.name = "time-unet",
	.summary = "U-Net told a time, with attention: denoisers and velocities of fields",
	.source = "Ho et al., arXiv 2006.11239, appendix B",
	.config_size = sizeof(struct time_unet),
	.keys = keys,
	.check = check,
	.build = build,
	.grid_free = true,
	.test_config = "{width: 4, multiple: [1, 2], blocks: 1, groups: 2, heads: 2, time_features: 6, time_scale: 2}",
	.test_spec = { .n_dims = 2, .size = { 4, 6 }, .n_in = 2, .n_out = 1, .n_vector = 3 },
};
const struct model_class *const model_file_time_unet[] = { &time_unet, NULL };
