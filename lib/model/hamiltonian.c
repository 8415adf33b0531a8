/* hamiltonian.c: vector fields that keep a learnt energy: y = (q, p), q' = dH/dp, p' = -dH/dq with a perceptron H
 * (Greydanus, Dzamba, Yosinski 2019, arXiv 1906.01563); the derivatives are those of its graph. */
#include "model/model.h"

struct hamiltonian {
	int64_t width, depth;
	int activation;
};

static const struct key keys[] = {
	KEY_INT(struct hamiltonian, width, "64", 1, 65536, "width of the hidden layers of the energy"),
	KEY_INT(struct hamiltonian, depth, "2", 1, 64, "hidden layers"),
	KEY_ONE_OF(struct hamiltonian, activation, "tanh", nn_activation_names,
		   "activation; the field is its derivative, so it should be smooth"),
	KEY_END,
};

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	(void)config;
	if (s->n_dims > 0 || s->n_query > 0 || s->n_in != s->n_out || s->n_in % 2 != 0)
		return err_set(
			e, ERR_USAGE,
			"model hamiltonian is a vector field of positions and as many momenta, the data have %lld "
			"numbers in and %lld out",
			(long long)s->n_in, (long long)s->n_out);
	return 0;
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct hamiltonian *c = config;
	const int64_t half = s->n_in / 2;
	node energy = nn_mlp(n, "energy", in->field, c->width, (int)c->depth, 1, c->activation), by;

	/* samples do not depend on each other, so that the sum's gradient holds each one's */
	if (graph_error(n->g) || graph_gradient(n->g, op_sum_all(n->g, energy), 1, &in->field, &by) != 0)
		return NODE_NONE;
	return op_concat(
		n->g, 2,
		(node[]){ op_slice(n->g, by, 1, half, half, 1), op_neg(n->g, op_slice(n->g, by, 1, 0, half, 1)) }, 1);
}

static const struct model_class hamiltonian = {
	.name = "hamiltonian",
	.summary = "vector field of a learnt energy of positions and momenta, which its solutions keep",
	.source = "Greydanus et al., arXiv 1906.01563",
	.config_size = sizeof(struct hamiltonian),
	.keys = keys,
	.check = check,
	.build = build,
	.test_config = "{width: 12, depth: 2}",
	.test_spec = { .n_in = 4, .n_out = 4 },
};
const struct model_class *const model_file_hamiltonian[] = { &hamiltonian, NULL };
