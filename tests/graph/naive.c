/* naive.c: the slow evaluator of the tests. Elementwise kernels see one element at a time. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/core.h"
#include "naive.h"

/* Flat index in an array of shape `from` of element e of shape `to`. */
static int64_t source_index(const struct shape *from, const struct shape *to, int64_t e)
{
	int64_t index = 0, stride = 1;

	for (int i = to->rank - 1; i >= 0; i--) {
		int j = i - (to->rank - from->rank);
		int64_t at = e % to->dim[i];

		e /= to->dim[i];
		if (j < 0)
			continue;
		index += (from->dim[j] == 1 ? 0 : at) * stride;
		stride *= from->dim[j];
	}
	return index;
}

static void block(const struct graph_node *a, const struct tensor *in, struct tensor *out)
{
	double *lane = xaligned(8 * OP_LANES * sizeof(double)), *result = xaligned(OP_LANES * sizeof(double));

	for (int64_t e = 0; e < shape_count(&out->shape); e++) {
		const void *arg[8];

		for (int k = 0; k < a->n_args; k++) {
			double v = tensor_get(&in[k], source_index(&in[k].shape, &out->shape, e));

			arg[k] = lane + k * OP_LANES;
			for (int i = 0; i < OP_LANES; i++) {
				if (out->dtype == DTYPE_F32)
					((float *)(void *)(lane + k * OP_LANES))[i] = (float)v;
				else
					lane[k * OP_LANES + i] = v;
			}
		}
		if (out->dtype == DTYPE_F32)
			a->op->block.f(OP_LANES, (float *)(void *)result, (const float *const *)arg, a->attr);
		else
			a->op->block.d(OP_LANES, result, (const double *const *)arg, a->attr);
		tensor_set(out, e, out->dtype == DTYPE_F32 ? (double)*(float *)(void *)result : *result);
	}
	free(lane);
	free(result);
}

static void sum(const struct graph_node *a, const struct tensor *in, struct tensor *out)
{
	int64_t n = shape_count(&in->shape);
	double *total = xcalloc((size_t)shape_count(&out->shape), sizeof *total);

	(void)a;
	for (int64_t e = 0; e < n; e++)
		total[source_index(&out->shape, &in->shape, e)] += tensor_get(in, e);
	for (int64_t o = 0; o < shape_count(&out->shape); o++)
		tensor_set(out, o, total[o]);
	free(total);
}

struct naive naive_run(const struct graph *g, int n_in, const node *input, const struct tensor *in)
{
	struct naive r = { xcalloc((size_t)graph_size(g) + 1, sizeof *r.value), graph_size(g) };

	for (int id = 0; id < r.n; id++) {
		const struct graph_node *a = graph_at(g, (node){ id });
		struct tensor arg[8], *out = &r.value[id];

		*out = tensor_new(a->dtype, &a->shape);
		for (int k = 0; k < a->n_args; k++)
			arg[k] = r.value[a->arg[k].id];
		if (a->op == &graph_op_input) {
			for (int k = 0; k < n_in; k++)
				if (input[k].id == id)
					memcpy(out->data, in[k].data, tensor_bytes(out));
		} else if (a->op == &graph_op_constant) {
			memcpy(out->data, ((const struct tensor *)a->attr)->data, tensor_bytes(out));
		} else if (a->op->alias) {
			memcpy(out->data, arg[0].data, tensor_bytes(out));
		} else if (a->op == &graph_op_sum) {
			sum(a, arg, out);
		} else if (a->op->block.f) {
			block(a, arg, out);
		} else {
			struct op_call c = { .attr = a->attr, .n_args = a->n_args, .in = arg, .out = *out };

			a->op->eval(&c, 0, a->op->units ? a->op->units(&c) : 1, NULL);
		}
	}
	return r;
}

void naive_free(struct naive *n)
{
	for (int i = 0; i < n->n; i++)
		tensor_free(&n->value[i]);
	free(n->value);
}
