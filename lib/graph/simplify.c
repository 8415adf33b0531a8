/* simplify.c: what graph_apply does before it makes a node: elementwise ops on broadcast arguments are applied before
 * the broadcast, the op's own rule is asked, and ops on constants are run at once. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/internal.h"

enum { FOLD_MAX = 65536 }; /* elements of a folded result: larger ones are computed when needed */

static int eval_block(const struct op_class *op, const void *attr, int n_args, const struct tensor *in,
		      struct tensor *out)
{
	size_t size = dtype_size(out->dtype);
	int64_t count = shape_count(&out->shape);
	struct expand x[BLOCK_ARGS_MAX];
	const void *arg[BLOCK_ARGS_MAX];
	char *buffer = xaligned((size_t)(n_args + 1) * OP_BLOCK * sizeof(double));
	char *result = buffer + (size_t)n_args * OP_BLOCK * sizeof(double);

	for (int k = 0; k < n_args; k++) {
		expand_init(&x[k], &in[k].shape, &out->shape);
		arg[k] = buffer + (size_t)k * OP_BLOCK * sizeof(double);
	}
	for (int64_t e = 0; e < count; e += OP_BLOCK) {
		int64_t n = count - e < OP_BLOCK ? count - e : OP_BLOCK;
		int64_t padded = (n + OP_LANES - 1) / OP_LANES * OP_LANES;

		for (int k = 0; k < n_args; k++)
			expand_fill(&x[k], size, in[k].data, e, n, (void *)arg[k]);
		if (size == sizeof(float))
			op->block.f(padded, (float *)(void *)result, (const float *const *)arg, attr);
		else
			op->block.d(padded, (double *)(void *)result, (const double *const *)arg, attr);
		memcpy((char *)out->data + (size_t)e * size, result, (size_t)n * size);
	}
	free(buffer);
	return 0;
}

int graph_eval_op(const struct op_class *op, const void *attr, int n_args, const struct tensor *in, struct tensor *out,
		  struct err *e)
{
	struct op_call c = { .attr = attr, .n_args = n_args, .in = in, .out = *out };
	void *scratch;

	if (op->block.f)
		return eval_block(op, attr, n_args, in, out);
	if (op->alias) {
		memcpy(out->data, in[0].data, tensor_bytes(out));
		return 0;
	}
	if (op->setup && op->setup(&c, &c.state, e) != 0)
		return err_in(e, "%s", op->name);
	c.work = xaligned((op->work_size ? op->work_size(&c) : 0) + MEM_ALIGN);
	scratch = xaligned((op->scratch_size ? op->scratch_size(&c) : 0) + MEM_ALIGN);
	op->eval(&c, 0, op->units ? op->units(&c) : 1, scratch);
	if (op->finish)
		op->finish(&c);
	if (op->teardown)
		op->teardown(c.state);
	free(scratch);
	free(c.work);
	return 0;
}

/* Run an op whose arguments are all constants. */
static node fold(struct graph *g, const struct op_class *op, int n_args, const node *arg, const void *attr,
		 const struct op_shape *result)
{
	struct tensor in[BLOCK_ARGS_MAX];
	struct tensor out;
	struct err e = { 0 };

	if (n_args < 1 || n_args > BLOCK_ARGS_MAX || shape_count(&result->shape) > FOLD_MAX ||
	    op == &graph_op_broadcast)
		return NODE_NONE;
	for (int k = 0; k < n_args; k++) {
		const struct graph_node *a = graph_at(g, arg[k]);

		if (a->op != &graph_op_constant)
			return NODE_NONE;
		in[k] = *(const struct tensor *)a->attr;
	}
	out = tensor_view(result->dtype, &result->shape, NULL);
	out.data = xaligned(tensor_bytes(&out) + MEM_ALIGN);
	if (graph_eval_op(op, attr, n_args, in, &out, &e) != 0) {
		free(out.data);
		return graph_fail(g, "%s", e.message);
	}
	return graph_constant_take(g, &out);
}

/* f(broadcast a, broadcast b) = broadcast f(a, b): less to compute, and constants stay single numbers. */
static node sink_broadcast(struct graph *g, const struct op_class *op, int n_args, const node *arg, const void *attr,
			   const struct op_shape *result)
{
	node source[BLOCK_ARGS_MAX];
	bool any = false;

	if (!op->block.f || op == &graph_op_broadcast || n_args > BLOCK_ARGS_MAX)
		return NODE_NONE;
	for (int k = 0; k < n_args; k++) {
		const struct graph_node *a = graph_at(g, arg[k]);
		bool is = a->op == &graph_op_broadcast;

		source[k] = is ? a->arg[0] : arg[k];
		any = any || is;
	}
	return any ? graph_broadcast(g, graph_apply(g, op, n_args, source, attr), &result->shape) : NODE_NONE;
}

node graph_simplify(struct graph *g, const struct op_class *op, int n_args, const node *arg, const void *attr,
		    const struct op_shape *result)
{
	node n = sink_broadcast(g, op, n_args, arg, attr, result);

	if (!node_is(n) && op->simplify)
		n = op->simplify(g, n_args, arg, attr);
	if (!node_is(n) && !graph_error(g))
		n = fold(g, op, n_args, arg, attr, result);
	return n;
}
