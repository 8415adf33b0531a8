/* deeponet.c: DeepONet (Lu et al. 2019, arXiv 1910.03193): u(y) = sum_p b_p(f) t_p(y) + bias, unstacked. With output on
 * a grid the trunk is evaluated once a step and the batch is one product B T^T. mlp: the plain network on the flattened
 * input, blind to query points: the control. */
#include "model/model.h"

struct deeponet {
	int64_t width, depth, basis;
	int activation;
	bool bias, residual;
};

static const struct key deeponet_keys[] = {
	KEY_INT(struct deeponet, width, "100", 1, 65536, "width of branch and trunk"),
	KEY_INT(struct deeponet, depth, "3", 0, 64, "hidden layers of branch and trunk"),
	KEY_INT(struct deeponet, basis, "100", 1, 65536, "number of products p"),
	KEY_ONE_OF(struct deeponet, activation, "gelu", nn_activation_names, "activation"),
	KEY_FLAG(struct deeponet, bias, "true", "add one trained number per output channel"),
	KEY_FLAG(struct deeponet, residual, "false", "add the last input frame to the output"),
	KEY_END,
};
static const struct key mlp_keys[] = {
	KEY_INT(struct deeponet, width, "128", 1, 65536, "width of the hidden layers"),
	KEY_INT(struct deeponet, depth, "3", 0, 64, "hidden layers; 0: one linear map"),
	KEY_ONE_OF(struct deeponet, activation, "gelu", nn_activation_names, "activation"),
	KEY_FLAG(struct deeponet, residual, "false", "add the last input frame to the output"),
	KEY_END,
};

static int64_t points(const struct model_spec *s)
{
	int64_t n = 1;

	for (int d = 0; d < s->n_dims; d++)
		n *= s->size[d];
	return n;
}

static node flatten(struct nn *n, node x)
{
	if (graph_error(n->g))
		return NODE_NONE;
	struct shape s = graph_shape(n->g, x), flat = shape_of(s.dim[0], shape_count(&s) / s.dim[0]);

	return op_reshape(n->g, x, &flat);
}

/* Coordinates of the grid as rows (points, d), i/N on each axis. */
static node grid_points(struct nn *n, const struct model_spec *s)
{
	struct shape shape = shape_of(points(s), s->n_dims);
	struct tensor t = tensor_new(graph_real(n->g), &shape);

	for (int64_t i = 0; i < points(s); i++) {
		int64_t rest = i;

		for (int d = s->n_dims - 1; d >= 0; d--) {
			tensor_set(&t, i * s->n_dims + d, (double)(rest % s->size[d]) / (double)s->size[d]);
			rest /= s->size[d];
		}
	}
	node c = graph_constant(n->g, &t);
	tensor_free(&t);
	return c;
}

static struct shape grid_shape(struct nn *n, const struct model_spec *s, const struct model_in *in)
{
	struct shape out = shape_of(graph_shape(n->g, in->field).dim[0], s->n_out);

	for (int d = 0; d < s->n_dims; d++)
		out.dim[out.rank++] = s->size[d];
	return out;
}

static node branch_input(struct nn *n, const struct model_in *in)
{
	node x = flatten(n, in->field);

	if (node_is(in->vector)) {
		node pair[2] = { x, in->vector };

		x = op_concat(n->g, 2, pair, 1);
	}
	return x;
}

static int deeponet_check(const void *config, const struct model_spec *s, struct err *e)
{
	const struct deeponet *c = config;

	if (s->n_dims == 0 && s->n_query == 0)
		return err_set(e, ERR_USAGE,
			       "model deeponet needs query points or an output grid; the data are vectors");
	if (c->residual && s->n_query > 0)
		return err_set(e, ERR_USAGE, "model.residual: query points have no frame to add");
	return 0;
}

static node deeponet_build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct deeponet *c = config;
	enum nn_activation a = c->activation;
	struct shape bs = shape_of(s->n_out);
	struct nn_init zero = { PARAM_BIAS, INIT_ZERO, 0, 0, 0 };
	bool query = s->n_query > 0;
	node b = nn_mlp(n, "branch", branch_input(n, in), c->width, (int)c->depth, c->basis * s->n_out, a);
	node t = nn_mlp(n, "trunk", query ? in->query : grid_points(n, s), c->width, (int)c->depth, c->basis, a);

	/* the trunk's last layer is activated too, as in the original: its outputs are basis functions */
	t = nn_activate(n, a, t);
	if (graph_error(n->g))
		return NODE_NONE;
	struct shape split = shape_of(graph_shape(n->g, b).dim[0], s->n_out, c->basis);
	b = op_reshape(n->g, b, &split);
	if (query) {
		node y = op_contract(n->g, "bcp,bqp->bqc", b, t);

		return c->bias ? op_add(n->g, y, nn_param(n, "bias", &bs, &zero)) : y;
	}
	node y = op_contract(n->g, "bcp,qp->bcq", b, t);
	struct shape wide = shape_of(s->n_out, 1), out = grid_shape(n, s, in);
	if (c->bias)
		y = op_add(n->g, y, op_reshape(n->g, nn_param(n, "bias", &bs, &zero), &wide));
	y = op_reshape(n->g, y, &out);
	return c->residual ? model_add_last(n, in, y) : y;
}

static node mlp_build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct deeponet *c = config;
	int64_t n_out = s->n_out * (s->n_query > 0 ? s->n_query : points(s));
	node y = nn_mlp(n, "mlp", branch_input(n, in), c->width, (int)c->depth, n_out, c->activation);

	if (graph_error(n->g))
		return NODE_NONE;
	struct shape grid = grid_shape(n, s, in),
		     query = shape_of(grid.dim[0], s->n_query > 0 ? s->n_query : 1, s->n_out);
	y = op_reshape(n->g, y, s->n_query > 0 ? &query : &grid);
	return c->residual && s->n_query == 0 ? model_add_last(n, in, y) : y;
}

static const struct model_class deeponet = {
	.name = "deeponet",
	.summary = "DeepONet: branch network of the input times trunk network of the place",
	.source = "Lu et al., arXiv 1910.03193",
	.config_size = sizeof(struct deeponet),
	.keys = deeponet_keys,
	.check = deeponet_check,
	.build = deeponet_build,
	.test_config = "{width: 16, depth: 2, basis: 12}",
	.test_spec = { .n_dims = 1,
		       .size = { 10 },
		       .n_in = 1,
		       .n_out = 2,
		       .n_query = 5,
		       .query_dims = 1,
		       .n_state = 1 },
};
static const struct model_class mlp = {
	.name = "mlp",
	.summary = "multi-layer perceptron on the flattened input; one grid only",
	.source = "textbook",
	.config_size = sizeof(struct deeponet),
	.keys = mlp_keys,
	.build = mlp_build,
	.test_config = "{width: 16, depth: 2}",
	.test_spec = { .n_dims = 1, .size = { 8 }, .n_in = 2, .n_out = 1, .n_state = 1 },
};
const struct model_class *const model_file_deeponet[] = { &deeponet, &mlp, NULL };
