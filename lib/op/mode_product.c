/* mode_product.c: complex matrices applied mode by mode. One trilinear form, Re sum x w conj(y) over b, i, o, k,
 * gives three ops, its gradients in y, x and w; the derivatives of each are the other two, so every order exists. */
#include <string.h>

#include "num/wide.h"
#include "op/modes.h"

static const struct op_class product_op, adjoint_op, weight_op;

/* x (b, i, 2, K...) and w (i, o, K..., 2) -> y (b, o, 2, K...); for the adjoint b, o and b, i change places. */
static int infer_with_weight(bool adjoint, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct shape *x = &in[0].shape, *w = &in[1].shape;
	char x_text[SHAPE_TEXT], w_text[SHAPE_TEXT];
	int n = x->rank - 3;

	if (in[0].dtype == DTYPE_I32 || in[1].dtype != in[0].dtype || n < 1 || n > 3 || w->rank != n + 3 ||
	    x->dim[2] != 2 || w->dim[w->rank - 1] != 2 || x->dim[1] != w->dim[adjoint ? 1 : 0] ||
	    memcmp(x->dim + 3, w->dim + 2, (size_t)n * sizeof *x->dim) != 0)
		return err_set(e, ERR_USAGE,
			       "product of modes %s (batch, %s, 2, modes) and weight %s (in, out, modes, 2)",
			       shape_text(x_text, x), adjoint ? "out" : "in", shape_text(w_text, w));
	*out = in[0];
	out->shape.dim[1] = w->dim[adjoint ? 0 : 1];
	return 0;
}

static int product_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr;
	(void)n_args;
	return infer_with_weight(false, in, out, e);
}

static int adjoint_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr;
	(void)n_args;
	return infer_with_weight(true, in, out, e);
}

static int weight_infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct shape *x = &in[0].shape, *y = &in[1].shape;
	char x_text[SHAPE_TEXT], y_text[SHAPE_TEXT];
	int n = x->rank - 3;

	(void)attr;
	(void)n_args;
	if (in[0].dtype == DTYPE_I32 || in[1].dtype != in[0].dtype || n < 1 || n > 3 || y->rank != x->rank ||
	    x->dim[0] != y->dim[0] || memcmp(x->dim + 2, y->dim + 2, (size_t)(n + 1) * sizeof *x->dim) != 0 ||
	    x->dim[2] != 2)
		return err_set(e, ERR_USAGE, "product over the batch of modes %s and %s", shape_text(x_text, x),
			       shape_text(y_text, y));
	*out = in[0];
	out->shape = shape_of(x->dim[1], y->dim[1]);
	for (int d = 0; d < n; d++)
		out->shape.dim[out->shape.rank++] = x->dim[3 + d];
	out->shape.dim[out->shape.rank++] = 2;
	return 0;
}

static node apply2(struct graph *g, const struct op_class *op, node a, node b)
{
	return graph_apply(g, op, 2, (node[]){ a, b }, NULL);
}

/* All three are linear in each argument. */
static node push(struct graph *g, node self, int k, node tangent)
{
	const struct graph_node *n = graph_at(g, self);
	node a = n->arg[0], b = n->arg[1];

	return k == 0 ? apply2(g, n->op, tangent, b) : apply2(g, n->op, a, tangent);
}

static node product_pull(struct graph *g, node self, int k, node cotangent)
{
	node x = graph_at(g, self)->arg[0], w = graph_at(g, self)->arg[1];

	return k == 0 ? apply2(g, &adjoint_op, cotangent, w) : apply2(g, &weight_op, x, cotangent);
}

static node adjoint_pull(struct graph *g, node self, int k, node cotangent)
{
	node y = graph_at(g, self)->arg[0], w = graph_at(g, self)->arg[1];

	return k == 0 ? apply2(g, &product_op, cotangent, w) : apply2(g, &weight_op, cotangent, y);
}

static node weight_pull(struct graph *g, node self, int k, node cotangent)
{
	node x = graph_at(g, self)->arg[0], y = graph_at(g, self)->arg[1];

	return k == 0 ? apply2(g, &adjoint_op, y, cotangent) : apply2(g, &product_op, x, cotangent);
}

/* Sums of products out[p, q] = sum_r a[p, r] b[q, r]: a tile is TILE_P x TILE_Q elements and a vector of modes,
 * TERMS terms of it are copied at a time. */
enum { TILE_P = WIDE_REGISTERS / 8, TILE_Q = 2, TERMS = 64 };

/* How one is cut into units: vectors of modes times `blocks` blocks of `block` q. */
struct work_of {
	int64_t n_p, n_q, n_r, n_modes, block, blocks, n_units, scratch_bytes;
};

#define REAL float
#define NAME(x) x##_f
#include "op/mode_kernel.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) x##_d
#include "op/mode_kernel.h"
#undef REAL
#undef NAME

static int64_t n_modes(const struct shape *s)
{
	int64_t n = 1;

	for (int d = 3; d < s->rank; d++)
		n *= s->dim[d];
	return n;
}

static struct work_of work_of(const struct op_call *c, int64_t n_p, int64_t n_q, int64_t n_r)
{
	const int64_t lanes = c->out.dtype == DTYPE_F64 ? WIDE_d : WIDE_f, terms = n_r < TERMS ? n_r : TERMS;
	struct work_of w = { .n_p = n_p, .n_q = n_q, .n_r = n_r, .n_modes = n_modes(&c->in[0].shape) };
	const int64_t vectors = (w.n_modes + lanes - 1) / lanes;

	/* few modes: more blocks, for more threads */
	w.block = vectors >= 8 ? 32 : 16;
	w.blocks = (n_q + w.block - 1) / w.block;
	w.n_units = vectors * w.blocks;
	w.scratch_bytes = (TILE_P + w.block) * terms * 2 * lanes * (int64_t)dtype_size(c->out.dtype);
	return w;
}

static struct work_of product_work(const struct op_call *c)
{
	return work_of(c, c->in[0].shape.dim[0], c->in[1].shape.dim[1], c->in[1].shape.dim[0]);
}

static struct work_of adjoint_work(const struct op_call *c)
{
	return work_of(c, c->in[0].shape.dim[0], c->in[1].shape.dim[0], c->in[1].shape.dim[1]);
}

static struct work_of weight_work(const struct op_call *c)
{
	return work_of(c, c->in[1].shape.dim[1], c->in[0].shape.dim[1], c->in[0].shape.dim[0]);
}

#define KERNEL(WHICH, NAME, N_I, N_O)                                                                                  \
	static int64_t WHICH##_units(const struct op_call *c)                                                          \
	{                                                                                                              \
		return WHICH##_work(c).n_units;                                                                        \
	}                                                                                                              \
	static size_t WHICH##_scratch(const struct op_call *c)                                                         \
	{                                                                                                              \
		return (size_t)WHICH##_work(c).scratch_bytes;                                                          \
	}                                                                                                              \
	static void WHICH##_eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)                   \
	{                                                                                                              \
		const struct work_of w = WHICH##_work(c);                                                              \
		const int64_t n_i = N_I, n_o = N_O;                                                                    \
                                                                                                                       \
		if (c->out.dtype == DTYPE_F64)                                                                         \
			NAME##_d(&w, begin, end, n_i, n_o, c->in[0].data, c->in[1].data, c->out.data, scratch);        \
		else                                                                                                   \
			NAME##_f(&w, begin, end, n_i, n_o, c->in[0].data, c->in[1].data, c->out.data, scratch);        \
	}
KERNEL(product, forward, w.n_r, w.n_q)
KERNEL(adjoint, adjoint, w.n_q, w.n_r)
KERNEL(weight, weight, w.n_q, w.n_p)

static const struct op_sample product_samples[] = {
	{ 2, { { DTYPE_F64, { 4, { 3, 2, 2, 5 } }, -1, 1 }, { DTYPE_F64, { 4, { 2, 3, 5, 2 } }, -1, 1 } }, NULL, 0 },
	{ 2,
	  { { DTYPE_F64, { 5, { 2, 1, 2, 2, 3 } }, -1, 1 }, { DTYPE_F64, { 5, { 1, 2, 2, 3, 2 } }, -1, 1 } },
	  NULL,
	  0 },
};
static const struct op_sample adjoint_samples[] = {
	{ 2, { { DTYPE_F64, { 4, { 3, 3, 2, 5 } }, -1, 1 }, { DTYPE_F64, { 4, { 2, 3, 5, 2 } }, -1, 1 } }, NULL, 0 },
};
static const struct op_sample weight_samples[] = {
	{ 2, { { DTYPE_F64, { 4, { 3, 2, 2, 5 } }, -1, 1 }, { DTYPE_F64, { 4, { 3, 1, 2, 5 } }, -1, 1 } }, NULL, 0 },
};

static const struct op_class product_op = {
	.name = "mode_product",
	.help = "y_k[b,o] = sum_i x_k[b,i] w_k[i,o], complex, for every mode k",
	.arity = 2,
	.infer = product_infer,
	.vjp = product_pull,
	.jvp = push,
	.units = product_units,
	.eval = product_eval,
	.scratch_size = product_scratch,
	.n_samples = 2,
	.samples = product_samples,
};

static const struct op_class adjoint_op = {
	.name = "mode_product_adjoint",
	.help = "x_k[b,i] = sum_o y_k[b,o] conj(w_k[i,o])",
	.arity = 2,
	.infer = adjoint_infer,
	.vjp = adjoint_pull,
	.jvp = push,
	.units = adjoint_units,
	.eval = adjoint_eval,
	.scratch_size = adjoint_scratch,
	.n_samples = 1,
	.samples = adjoint_samples,
};

static const struct op_class weight_op = {
	.name = "mode_product_weight",
	.help = "w_k[i,o] = sum_b conj(x_k[b,i]) y_k[b,o]",
	.arity = 2,
	.infer = weight_infer,
	.vjp = weight_pull,
	.jvp = push,
	.units = weight_units,
	.eval = weight_eval,
	.scratch_size = weight_scratch,
	.n_samples = 1,
	.samples = weight_samples,
};

const struct op_class *const op_file_mode_product[] = { &product_op, &adjoint_op, &weight_op, NULL };

node op_mode_product(struct graph *g, node x, node w)
{
	if (graph_error(g))
		return NODE_NONE;
	if (!node_is(x) || !node_is(w))
		return graph_fail(g, "product of modes of no node");
	return apply2(g, &product_op, x, w);
}
