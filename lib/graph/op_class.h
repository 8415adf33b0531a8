/* op_class.h: what an op is. One constant struct per op; lib/op has the members, graph/core.c the three that the graph
 * itself builds (input, constant, add). Derivative rules return nodes made of ops, never kernels of their own. */
#ifndef SCIML_GRAPH_OP_CLASS_H
#define SCIML_GRAPH_OP_CLASS_H

#include "graph/graph.h"

struct op_shape {
	enum dtype dtype;
	struct shape shape;
};

/* One application of an op, as kernels see it. */
struct op_call {
	const void *attr;
	int n_args;
	const struct tensor *in; /* views */
	struct tensor out;	 /* view; never overlaps an input, except for ops with .alias and .block */
	void *state;		 /* what setup made, or NULL */
	void *work;		 /* work_size bytes aligned to 64, kept from eval to finish */
};

/* Elementwise kernels over one block: n is a multiple of OP_LANES, buffers are aligned to 64 bytes, out may be the same
 * buffer as any in[k]. Broadcasting, strides and tails are the caller's business (the fused executor's), so that a
 * value depends only on its inputs, never on its place in an array. */
enum { OP_LANES = 16, OP_BLOCK = 1024 };
struct op_block {
	void (*f)(int64_t n, float *out, const float *const *in, const void *attr);
	void (*d)(int64_t n, double *out, const double *const *in, const void *attr);
};

/* Elementwise ops that the executor may compute together with others: a + b, a - b, a b, a^2, -a, factor a, a + offset;
 * the last two have a double as their attribute. */
enum op_arithmetic { OP_OTHER, OP_ADD, OP_SUB, OP_MUL, OP_SQUARE, OP_NEG, OP_SCALE, OP_SHIFT };

enum { OP_SAMPLE_ARGS = 4 };
/* Arguments for the table-driven tests; values uniform in [lo, hi] (int32: integers lo..hi). Away from kinks. */
struct op_sample {
	int n_args;
	struct {
		enum dtype dtype; /* DTYPE_I32, else the type under test */
		struct shape shape;
		double lo, hi;
	} in[OP_SAMPLE_ARGS];
	const void *attr;
	double tolerance; /* relative, for difference tests in double; 0: 1e-6 */
};

struct op_class {
	const char *name;
	const char *help; /* the formula */
	int arity;	  /* -1: any number */
	size_t attr_size;

	/* Check argument types and shapes, give the result's. On failure err_set with both shapes. */
	int (*infer)(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e);

	/* Derivatives. vjp: what cotangent of self contributes to argument k. jvp: what a tangent of argument k contributes to
	 * self's tangent. NULL: derivative zero everywhere (comparisons, indices). NODE_NONE: zero for this k. */
	node (*vjp)(struct graph *g, node self, int k, node cotangent);
	node (*jvp)(struct graph *g, node self, int k, node tangent);

	/* A simpler equal node, or NODE_NONE to build as asked. */
	node (*simplify)(struct graph *g, int n_args, const node *arg, const void *attr);

	/* The kernel: exactly one of block, alias, eval (both NULL for input and constant). */
	struct op_block block; /* arguments, of the result's type, broadcast to its shape; at most 16 */
	enum op_arithmetic arithmetic;
	bool alias; /* result is argument 0 with another shape (reshape, stop_gradient): no copy */
	/* eval computes units begin .. end-1 of units(call); units are independent and their number depends on shapes alone.
	 * scratch: scratch_size bytes aligned to 64, private to the running worker. finish runs once, after all units, in one
	 * thread, perhaps beside that of another op (ordered sums of partial results in work). units NULL: one unit. units,
	 * work_size and row_args_for are also asked before setup, with state NULL. */
	int64_t (*units)(const struct op_call *c);
	void (*eval)(const struct op_call *c, int64_t begin, int64_t end, void *scratch);
	void (*finish)(const struct op_call *c);
	size_t (*work_size)(const struct op_call *c);	 /* data pointers not yet valid; NULL: 0 */
	size_t (*scratch_size)(const struct op_call *c); /* likewise */
	/* Made once when the plan is compiled (FFT plans, tables), read-only while running. data pointers not yet valid. */
	int (*setup)(const struct op_call *c, void **state, struct err *e);
	void (*teardown)(void *state);
	/* units = extent of out's axis 0, and unit i reads only row i of those arguments k with bit k set here (all of the
	 * others): the plan may then run it in one sweep with its neighbours, sample by sample. 0: not row-wise. */
	unsigned row_args;
	/* The same for ops where it depends on the attributes or shapes (a permutation that leaves axis 0 in place, a
	 * contraction batched over the first letter); data pointers not valid. Takes the place of row_args. */
	unsigned (*row_args_for)(const struct op_call *c);
	/* units = extent of axis 0 of those arguments k with bit k set, unit i reads only row i of them and leaves its part of
	 * the result in work; finish puts the parts together and reads no arguments. The plan may then run it in one sweep
	 * with what makes the arguments, which need not be stored for it. NULL or 0: not so. */
	unsigned (*summed_args_for)(const struct op_call *c);
	/* Operations on an element of the result, of ops other than elementwise ones that are so cheap that the plan may run
	 * them twice rather than keep the result: 1 of a copy. 0: not so. cost_for as row_args_for. */
	int cost;
	int (*cost_for)(const struct op_call *c);

	int n_samples;
	const struct op_sample *samples;
};

/* In graph/core.c. */
extern const struct op_class graph_op_input, graph_op_constant, graph_op_add;
node graph_add(struct graph *g, node a, node b); /* broadcasting sum; NODE_NONE is zero */

/* Generated from the makefile's list of lib/op files: each file exports one NULL-terminated list. */
extern const struct op_class *const *const op_files[];
const struct op_class *op_find(const char *name);

#endif
