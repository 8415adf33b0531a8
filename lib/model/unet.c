/* unet.c: the convolutional baselines. unet: PDEBench's U-Net (arXiv 2210.07182) after Ronneberger et al. 2015, 1-3
 * dimensions; convnet: residual convolutions of constant width. Neither sees coordinates. */
#include "model/model.h"

enum { NORM_NONE, NORM_BATCH, NORM_GROUP, NORM_INSTANCE };
static const char *const norms[] = { "none", "batch", "group", "instance", NULL };
static const char *const pads[] = { "zero", "periodic", "reflect", "replicate", NULL };

struct unet {
	int64_t width, levels, kernel, layers;
	int norm, padding, activation;
	bool residual;
};

static const struct key unet_keys[] = {
	KEY_INT(struct unet, width, "32", 1, 4096, "channels of the first level; doubled on each of the next"),
	KEY_INT(struct unet, levels, "4", 1, 10, "number of 2x poolings; every axis must divide by 2^levels"),
	KEY_INT(struct unet, kernel, "3", 1, 31, "kernel of the convolutions (odd)"),
	KEY_ONE_OF(struct unet, norm, "batch", norms, "normalisation after each convolution"),
	KEY_ONE_OF(struct unet, padding, "zero", pads, "what lies beyond the border"),
	KEY_ONE_OF(struct unet, activation, "tanh", nn_activation_names, "activation after each norm"),
	KEY_FLAG(struct unet, residual, "false", "add the last input frame to the output"),
	KEY_END,
};

static const struct key convnet_keys[] = {
	KEY_INT(struct unet, width, "32", 1, 4096, "channels"),
	KEY_INT(struct unet, layers, "6", 1, 256, "number of residual convolutions"),
	KEY_INT(struct unet, kernel, "5", 1, 31, "kernel of the convolutions (odd)"),
	KEY_ONE_OF(struct unet, norm, "none", norms, "normalisation after each convolution"),
	KEY_ONE_OF(struct unet, padding, "periodic", pads, "what lies beyond the border"),
	KEY_ONE_OF(struct unet, activation, "gelu", nn_activation_names, "activation"),
	KEY_FLAG(struct unet, residual, "false", "add the last input frame to the output"),
	KEY_END,
};

static int check_field(const char *name, const struct unet *c, const struct model_spec *s, struct err *e)
{
	if (s->n_dims < 1 || s->n_query > 0)
		return err_set(e, ERR_USAGE, "model %s works on fields of 1 to 3 dimensions, the data have %s", name,
			       s->n_query > 0 ? "query points" : "none");
	if (c->kernel % 2 == 0)
		return err_set(e, ERR_USAGE, "model.kernel: %lld is even; a centred kernel is odd",
			       (long long)c->kernel);
	if (c->norm == NORM_GROUP && c->width % 8 != 0)
		return err_set(e, ERR_USAGE, "model.width: %lld channels do not divide into 8 groups",
			       (long long)c->width);
	return 0;
}

static int unet_check(const void *config, const struct model_spec *s, struct err *e)
{
	const struct unet *c = config;

	if (check_field("unet", c, s, e) != 0)
		return -1;
	for (int d = 0; d < s->n_dims; d++)
		if (s->size[d] % ((int64_t)1 << c->levels) != 0)
			return err_set(e, ERR_USAGE, "model.levels: axis %d of %lld points does not divide by 2^%lld",
				       d, (long long)s->size[d], (long long)c->levels);
	return 0;
}

static int convnet_check(const void *config, const struct model_spec *s, struct err *e)
{
	return check_field("convnet", config, s, e);
}

static node normalise(struct nn *n, const struct unet *c, const char *name, node x)
{
	switch (c->norm) {
	case NORM_BATCH:
		return nn_batch_norm(n, name, x, 0.1, true);
	case NORM_GROUP:
		return nn_group_norm(n, name, x, 8, true);
	case NORM_INSTANCE:
		return nn_instance_norm(n, name, x, true);
	default:
		return x;
	}
}

static node convolve(struct nn *n, const struct unet *c, const char *name, node x, int64_t n_out, bool bias)
{
	struct nn_conv o = {
		.n_out = n_out, .kernel = c->kernel, .pad = c->kernel / 2, .pad_mode = c->padding, .bias = bias
	};

	return nn_conv(n, name, x, &o);
}

/* [conv without bias, norm, activation] twice. */
static node block(struct nn *n, const struct unet *c, node x, int64_t n_out)
{
	bool bias = c->norm == NORM_NONE;

	x = nn_activate(n, c->activation, normalise(n, c, "norm0", convolve(n, c, "conv0", x, n_out, bias)));
	return nn_activate(n, c->activation, normalise(n, c, "norm1", convolve(n, c, "conv1", x, n_out, bias)));
}

static node finish(struct nn *n, const struct unet *c, const struct model_spec *s, const struct model_in *in, node x)
{
	x = nn_pointwise(n, "out", x, s->n_out, true);
	if (c->residual)
		x = model_add_last(n, in, x);
	return x;
}

static node unet_build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct unet *c = config;
	const int64_t two[3] = { 2, 2, 2 };
	node x = in->field, skip[10];

	for (int i = 0; i < c->levels; i++) {
		nn_enter(n, "down%d", i);
		skip[i] = block(n, c, x, c->width << i);
		x = op_max_pool(n->g, skip[i], s->n_dims, two, two);
		nn_leave(n);
	}
	nn_enter(n, "bottom");
	x = block(n, c, x, c->width << c->levels);
	nn_leave(n);
	for (int i = (int)c->levels - 1; i >= 0; i--) {
		nn_enter(n, "up%d", i);
		node pair[2] = { nn_conv_up(n, "conv_up", x, c->width << i, 2), skip[i] };
		x = block(n, c, op_concat(n->g, 2, pair, 1), c->width << i);
		nn_leave(n);
	}
	return finish(n, c, s, in, x);
}

static node convnet_build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct unet *c = config;
	node x = convolve(n, c, "lift", in->field, c->width, true);

	for (int i = 0; i < c->layers; i++) {
		nn_enter(n, "block%d", i);
		node z = nn_activate(n, c->activation, normalise(n, c, "norm", x));
		x = op_add(n->g, x, convolve(n, c, "conv", z, c->width, true));
		nn_leave(n);
	}
	return finish(n, c, s, in, nn_activate(n, c->activation, x));
}

static const struct model_class unet = {
	.name = "unet",
	.summary = "U-Net: convolutions on a pyramid of grids with skips; fixed kernel in cells",
	.source = "PDEBench, arXiv 2210.07182; Ronneberger et al., arXiv 1505.04597",
	.config_size = sizeof(struct unet),
	.keys = unet_keys,
	.check = unet_check,
	.build = unet_build,
	.grid_free = true,
	.test_config = "{width: 4, levels: 2}",
	.test_spec = { .n_dims = 2, .size = { 8, 8 }, .n_in = 2, .n_out = 1, .n_state = 1 },
};
static const struct model_class convnet = {
	.name = "convnet",
	.summary = "residual convolutions of constant width, pre-activation",
	.source = "He et al., arXiv 1603.05027, without down-sampling",
	.config_size = sizeof(struct unet),
	.keys = convnet_keys,
	.check = convnet_check,
	.build = convnet_build,
	.grid_free = true,
	.test_config = "{width: 4, layers: 2, kernel: 3}",
	.test_spec = { .n_dims = 1, .size = { 16 }, .periodic = { true }, .n_in = 2, .n_out = 1, .n_state = 1 },
};
const struct model_class *const model_file_unet[] = { &unet, &convnet, NULL };
