/* lagrangian.c: vector fields of a learnt mass matrix and potential: y = (q, v), q' = v, and v' by the Lagrange
 * equations of L = v' M(q) v / 2 - V(q), whose energy v' M v / 2 + V is kept (Lutter, Ritter, Peters 2019, arXiv
 * 1907.04490, eq. 2 to 4; the general L of Cranmer et al. 2020, arXiv 2003.04630, need not have an invertible mass
 * matrix). Unlike hamiltonian.c it needs velocities, not momenta. */
#include <math.h>

#include "model/model.h"

struct lagrangian {
	int64_t width, depth;
	int activation;
};

static const struct key keys[] = {
	KEY_INT(struct lagrangian, width, "64", 1, 65536, "width of the hidden layers of mass matrix and potential"),
	KEY_INT(struct lagrangian, depth, "2", 1, 64, "hidden layers of each"),
	KEY_ONE_OF(struct lagrangian, activation, "tanh", nn_activation_names,
		   "activation; the field holds its derivative, so it should be smooth"),
	KEY_END,
};

enum { MOST_POSITIONS = 64 }; /* a linear system of this size is solved for every sample */

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	(void)config;
	if (s->n_dims > 0 || s->n_query > 0 || s->n_in != s->n_out || s->n_in % 2 != 0 || s->n_in / 2 > MOST_POSITIONS)
		return err_set(e, ERR_USAGE,
			       "model lagrangian is a vector field of at most %d positions and as many velocities, the "
			       "data have %lld numbers in and %lld out",
			       MOST_POSITIONS, (long long)s->n_in, (long long)s->n_out);
	return 0;
}

/* (1, h, h): 1 below the diagonal (or on it), else 0. */
static node mask(struct graph *g, int64_t h, bool diagonal)
{
	struct shape s = shape_of(1, h, h);
	struct tensor t = tensor_new(DTYPE_F64, &s);
	node out;

	for (int64_t i = 0; i < h; i++)
		for (int64_t j = 0; j < h; j++)
			((double *)t.data)[i * h + j] = diagonal ? i == j : i > j;
	out = op_cast(g, graph_constant(g, &t), graph_real(g));
	tensor_free(&t);
	return out;
}

/* M = T T' + 1e-3, T lower triangular with a positive diagonal that is 1 where the perceptron gives 0: positive
 * definite. */
static node mass_matrix(struct nn *n, const struct lagrangian *c, node q, int64_t h)
{
	struct graph *g = n->g;
	struct shape square;
	node raw, root;

	raw = nn_mlp(n, "mass", q, c->width, (int)c->depth, h * h, c->activation);
	if (graph_error(g))
		return NODE_NONE;
	square = shape_of(graph_shape(g, q).dim[0], h, h);
	raw = op_reshape(g, raw, &square);
	root = op_add(g, op_mul(g, raw, mask(g, h, false)),
		      op_mul(g, op_softplus(g, op_shift(g, raw, log(expm1(1)))), mask(g, h, true)));
	return op_add(g, op_contract(g, "bik,bjk->bij", root, root), op_scale(g, mask(g, h, true), 1e-3));
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct lagrangian *c = config;
	struct graph *g = n->g;
	const int64_t h = s->n_in / 2;
	node q = op_slice(g, in->field, 1, 0, h, 1), v = op_slice(g, in->field, 1, h, h, 1);
	node mass = mass_matrix(n, c, q, h), momentum = op_contract(g, "bij,bj->bi", mass, v);
	node potential = nn_mlp(n, "potential", q, c->width, (int)c->depth, 1, c->activation), lagrangian, force, drift;
	struct shape column, row;

	if (graph_error(g))
		return NODE_NONE;
	/* M v' = dL/dq - (d(M v)/dq) v; samples do not depend on each other, so that the sum's gradient holds each one's */
	lagrangian = op_sub(g, op_scale(g, op_sum_all(g, op_mul(g, momentum, v)), 0.5), op_sum_all(g, potential));
	if (graph_error(g) || graph_gradient(g, lagrangian, 1, &q, &force) != 0 ||
	    graph_jvp(g, 1, &q, &v, 1, &momentum, &drift) != 0)
		return NODE_NONE;
	if (node_is(drift))
		force = op_sub(g, force, drift);
	column = shape_of(graph_shape(g, q).dim[0], h, 1);
	row = graph_shape(g, q);
	return op_concat(g, 2, (node[]){ v, op_reshape(g, op_solve(g, mass, op_reshape(g, force, &column)), &row) }, 1);
}

static const struct model_class lagrangian = {
	.name = "lagrangian",
	.summary =
		"vector field of a learnt mass matrix and potential of positions and velocities, whose energy is kept",
	.source = "Lutter et al., arXiv 1907.04490; Cranmer et al., arXiv 2003.04630",
	.config_size = sizeof(struct lagrangian),
	.keys = keys,
	.check = check,
	.build = build,
	.test_config = "{width: 6, depth: 1}",
	.test_spec = { .n_in = 4, .n_out = 4 },
};
const struct model_class *const model_file_lagrangian[] = { &lagrangian, NULL };
