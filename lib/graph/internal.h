/* internal.h: what the files of lib/graph share and nobody else needs. */
#ifndef SCIML_GRAPH_INTERNAL_H
#define SCIML_GRAPH_INTERNAL_H

#include "graph/core.h"
#include "graph/graph.h"

/* attr of graph_op_input; attr of graph_op_constant is a struct tensor whose data is aligned to 64 bytes. */
struct graph_input_attr {
	const char *name;
};

enum { BLOCK_ARGS_MAX = 16 }; /* arguments of an elementwise op */

/* graph.c: the node as asked for, found or made; no checks, no simplification. */
node graph_intern(struct graph *g, const struct op_class *op, int n_args, const node *arg, const void *attr,
		  const struct op_shape *result);
/* As graph_constant, takes over value->data (malloc) when the node is new and frees it otherwise. */
node graph_constant_take(struct graph *g, struct tensor *value);

/* simplify.c: an equal node that is cheaper, or NODE_NONE. */
node graph_simplify(struct graph *g, const struct op_class *op, int n_args, const node *arg, const void *attr,
		    const struct op_shape *result);
/* Run one op at once in the calling thread; in: tensors, out->data: allocated by the caller. */
int graph_eval_op(const struct op_class *op, const void *attr, int n_args, const struct tensor *in, struct tensor *out,
		  struct err *e);

/* expand.c: how an argument of lower rank or with extents 1 is read in the order of a larger shape. Adjacent axes that
 * are broadcast alike are merged; stride 0 marks a broadcast axis. */
struct expand {
	int n_dims;
	int64_t extent[SHAPE_MAX], stride[SHAPE_MAX];
	int64_t period; /* element e and e + period are the same */
	bool direct;	/* every element in its own place: no expansion needed */
};
void expand_init(struct expand *x, const struct shape *from, const struct shape *to);
/* Elements e .. e+n-1 of the expansion of src, elements of size 4 or 8. */
void expand_fill(const struct expand *x, size_t size, const void *src, int64_t e, int64_t n, void *dst);
/* Offset in src when the elements e .. e+n-1 are all the same one, else -1. */
int64_t expand_uniform(const struct expand *x, int64_t e, int64_t n);

#endif
