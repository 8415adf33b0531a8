/* norm.c: batch, instance, group and layer normalisation as compositions of means; their derivatives come from the
 * ops. */
#include "nn/nn.h"

static const double epsilon = 1e-5;

/* (x - mean) / sqrt(variance + eps) over the axes of the mask, biased variance. */
static node standardise(struct nn *n, node x, unsigned axes, node *mean, node *variance)
{
	node m = op_mean(n->g, x, axes, true);
	node d = op_sub(n->g, x, m);
	node v = op_mean(n->g, op_square(n->g, d), axes, true);

	if (mean)
		*mean = m;
	if (variance)
		*variance = v;
	return op_div(n->g, d, op_sqrt(n->g, op_shift(n->g, v, epsilon)));
}

/* y = x * gain + bias, one value of each for every entry of `axis`. */
static node affine_map(struct nn *n, node x, int axis)
{
	if (graph_error(n->g))
		return NODE_NONE;
	struct shape s = graph_shape(n->g, x), vector = shape_of(s.dim[axis]), wide = { .rank = s.rank - axis };
	struct nn_init gain = { PARAM_GAIN, INIT_ONE, 1, 0, 0 }, bias = { PARAM_BIAS, INIT_ZERO, 0, 0, 0 };

	for (int i = 0; i < wide.rank; i++)
		wide.dim[i] = i == 0 ? s.dim[axis] : 1;
	node g = op_reshape(n->g, nn_param(n, "gain", &vector, &gain), &wide);
	node b = op_reshape(n->g, nn_param(n, "bias", &vector, &bias), &wide);
	return op_add(n->g, op_mul(n->g, x, g), b);
}

static bool enter(struct nn *n, const char *name, node x, struct shape *s)
{
	if (graph_error(n->g) || !node_is(x))
		return false;
	*s = graph_shape(n->g, x);
	nn_enter(n, "%s", name);
	return true;
}

node nn_batch_norm(struct nn *n, const char *name, node x, double momentum, bool affine)
{
	struct shape s;

	if (!enter(n, name, x, &s))
		return NODE_NONE;
	struct shape vector = shape_of(s.dim[1]), wide = { .rank = s.rank };
	for (int i = 0; i < s.rank; i++)
		wide.dim[i] = i == 1 ? s.dim[1] : 1;
	node mean = nn_state(n, "mean", &vector, 0), variance = nn_state(n, "variance", &vector, 1), y;
	if (n->training) {
		node m, v;
		double count = (double)(shape_count(&s) / s.dim[1]);

		y = standardise(n, x, 1u | (s.rank > 2 ? op_axes(2, s.rank - 1) : 0), &m, &v);
		/* running statistics use the unbiased variance, as everywhere else */
		v = op_scale(n->g, v, count > 1 ? count / (count - 1) : 1);
		nn_set_state(n, mean,
			     op_add(n->g, op_scale(n->g, mean, 1 - momentum),
				    op_scale(n->g, op_reshape(n->g, m, &vector), momentum)));
		nn_set_state(n, variance,
			     op_add(n->g, op_scale(n->g, variance, 1 - momentum),
				    op_scale(n->g, op_reshape(n->g, v, &vector), momentum)));
	} else {
		node scale = op_sqrt(n->g, op_shift(n->g, op_reshape(n->g, variance, &wide), epsilon));

		y = op_div(n->g, op_sub(n->g, x, op_reshape(n->g, mean, &wide)), scale);
	}
	if (affine)
		y = affine_map(n, y, 1);
	nn_leave(n);
	return y;
}

node nn_instance_norm(struct nn *n, const char *name, node x, bool affine)
{
	struct shape s;

	if (!enter(n, name, x, &s))
		return NODE_NONE;
	node y = standardise(n, x, op_axes(2, s.rank - 1), NULL, NULL);
	if (affine)
		y = affine_map(n, y, 1);
	nn_leave(n);
	return y;
}

node nn_group_norm(struct nn *n, const char *name, node x, int64_t groups, bool affine)
{
	struct shape s;

	if (!enter(n, name, x, &s))
		return NODE_NONE;
	if (s.dim[1] % groups != 0)
		return graph_fail(n->g, "group norm: %lld channels do not divide into %lld groups", (long long)s.dim[1],
				  (long long)groups);
	struct shape split = shape_of(s.dim[0], groups, shape_count(&s) / (s.dim[0] * groups));
	node y = op_reshape(n->g, standardise(n, op_reshape(n->g, x, &split), op_axes(2, 2), NULL, NULL), &s);
	if (affine)
		y = affine_map(n, y, 1);
	nn_leave(n);
	return y;
}

node nn_layer_norm(struct nn *n, const char *name, node x, bool affine)
{
	struct shape s;

	if (!enter(n, name, x, &s))
		return NODE_NONE;
	node y = standardise(n, x, op_axes(s.rank - 1, s.rank - 1), NULL, NULL);
	if (affine)
		y = affine_map(n, y, s.rank - 1);
	nn_leave(n);
	return y;
}
