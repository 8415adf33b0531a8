/* time_mlp.c: a perceptron on (x, features of the time, condition): denoisers and velocities of vectors and small
 * fields. */
#include "model/model.h"

struct time_mlp {
	int64_t width, depth, time_features;
	double time_scale;
	int activation;
};

static const struct key keys[] = {
	KEY_INT(struct time_mlp, width, "128", 1, 65536, "width of the hidden layers"),
	KEY_INT(struct time_mlp, depth, "3", 1, 64, "hidden layers"),
	KEY_INT(struct time_mlp, time_features, "32", 2, 4096, "sines and cosines of the time (even)"),
	KEY_REAL(struct time_mlp, time_scale, "1000", 1e-6, 1e9,
		 "highest frequency of those, radians a unit of time; the lowest is 10000 times lower"),
	KEY_ONE_OF(struct time_mlp, activation, "silu", nn_activation_names, "activation"),
	KEY_END,
};

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	const struct time_mlp *c = config;

	(void)s;
	return c->time_features % 2 == 0
		       ? 0
		       : err_set(e, ERR_USAGE, "model.time_features: %lld is odd", (long long)c->time_features);
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct time_mlp *c = config;
	node part[3] = { NODE_NONE, model_time_features(n, in, c->time_scale, c->time_features),
			 model_condition(n, in) };
	int64_t points = 1;

	if (graph_error(n->g))
		return NODE_NONE;
	struct shape x = graph_shape(n->g, in->field), flat = shape_of(x.dim[0], shape_count(&x) / x.dim[0]);
	for (int d = 0; d < s->n_dims; d++)
		points *= s->size[d];
	part[0] = op_reshape(n->g, in->field, &flat);
	node y = op_concat(n->g, node_is(part[2]) ? 3 : 2, part, 1);
	y = nn_mlp(n, "mlp", y, c->width, (int)c->depth, s->n_out * points, c->activation);
	x.dim[1] = s->n_out;
	return op_reshape(n->g, y, &x);
}

static const struct model_class time_mlp = {
	.name = "time-mlp",
	.summary = "perceptron told a time: denoisers and velocities of vectors",
	.source = "features of the time: Ho et al., arXiv 2006.11239, appendix B",
	.config_size = sizeof(struct time_mlp),
	.keys = keys,
	.check = check,
	.build = build,
	.test_config = "{width: 12, depth: 2, time_features: 6, time_scale: 2}",
	.test_spec = { .n_in = 3, .n_out = 2, .n_vector = 3 },
};
const struct model_class *const model_file_time_mlp[] = { &time_mlp, NULL };
