/* graph.h: expressions as a graph of interned nodes. Derivatives are rewrites that build more nodes from ops, so any
 * order of any mixture of vjp and jvp works. Nodes are integer handles owned by the graph.
 * Building is sticky: after the first failure every builder returns NODE_NONE and the graph keeps that message. */
#ifndef SCIML_GRAPH_GRAPH_H
#define SCIML_GRAPH_GRAPH_H

#include <stdbool.h>

#include "base/err.h"
#include "num/tensor.h"

struct op_class;
struct graph;

/* id < 0 is NODE_NONE: "no node", and for derivatives "zero". */
typedef struct node {
	int id;
} node;

#define NODE_NONE ((node){ -1 })
static inline bool node_is(node n)
{
	return n.id >= 0;
}
static inline bool node_same(node a, node b)
{
	return a.id == b.id;
}

struct graph_node {
	const struct op_class *op;
	int n_args;
	const node *arg;
	const void *attr; /* op->attr_size bytes */
	enum dtype dtype;
	struct shape shape;
};

/* real: DTYPE_F32 or DTYPE_F64, what graph_scalar and most builders produce. */
struct graph *graph_new(enum dtype real);
void graph_free(struct graph *g);
enum dtype graph_real(const struct graph *g);
const struct err *graph_error(const struct graph *g); /* NULL while all is well */
/* Record a failure of a builder (first one wins); returns NODE_NONE. */
node graph_fail(struct graph *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

int graph_size(const struct graph *g);
const struct graph_node *graph_at(const struct graph *g, node n); /* valid until the next node is made */
struct shape graph_shape(const struct graph *g, node n);
enum dtype graph_dtype(const struct graph *g, node n);

/* A value fed from outside, named for messages; every call makes a new node. */
node graph_input(struct graph *g, const char *name, enum dtype t, const struct shape *s);
const char *graph_input_name(const struct graph *g, node n);

/* A constant; data is copied. Equal constants are one node. graph_scalar has the graph's real type and rank 0. */
node graph_constant(struct graph *g, const struct tensor *value);
node graph_scalar(struct graph *g, double value);
node graph_full(struct graph *g, enum dtype t, const struct shape *s,
		double value); /* broadcast of a scalar constant */
/* True and *value when every element of the node is known to be the same constant. */
bool graph_is_constant(const struct graph *g, node n, double *value);

/* Apply an op: checks arguments, infers shape, simplifies, folds constants, interns (same op, arguments and attribute
 * bytes give the same node: zero the padding of attr structs). attr: op->attr_size bytes, copied. */
node graph_apply(struct graph *g, const struct op_class *op, int n_args, const node *arg, const void *attr);

/* The graph takes over `object` and calls destroy(object) when it is freed (tables that attrs point to). */
void *graph_own(struct graph *g, void *object, void (*destroy)(void *));

/* Reverse mode: grad[i] = sum_k (d out[k] / d wrt[i])^T cotangent[k]; cotangent[k] has the shape of out[k], NODE_NONE
 * for zero; for a scalar output pass graph_scalar(1). grad[i] is NODE_NONE where nothing depends on wrt[i]. */
int graph_vjp(struct graph *g, int n_out, const node *out, const node *cotangent, int n_wrt, const node *wrt,
	      node *grad);

/* Forward mode: tangent_out[k] = sum_i (d out[k] / d wrt[i]) tangent[i]. wrt may be any nodes. */
int graph_jvp(struct graph *g, int n_wrt, const node *wrt, const node *tangent, int n_out, const node *out,
	      node *tangent_out);

/* Gradient of a scalar node: graph_vjp with cotangent 1; zeros of the right shape instead of NODE_NONE. */
int graph_gradient(struct graph *g, node scalar, int n_wrt, const node *wrt, node *grad);

/* Human-readable listing of the nodes that `out` needs, for debugging. */
struct str;
void graph_print(const struct graph *g, int n_out, const node *out, struct str *s);

#endif
