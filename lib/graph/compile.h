/* compile.h: how plan_new goes from nodes to kernels. fuse.c gathers the needed nodes into units (one op, or a cluster
 * of elementwise ops), stage.c orders units and groups them into stages that run row by row, places.c gives every value
 * its place in memory, peak.c has values computed again where that lowers the most memory needed at once, recompute.c
 * lets clusters make again what need not be stored, plan.c writes the kernels' records, step.c joins elementwise ops
 * into fewer kernels, cluster.c and run.c hold what is executed. */
#ifndef SCIML_GRAPH_COMPILE_H
#define SCIML_GRAPH_COMPILE_H

#include "base/arena.h"
#include "graph/internal.h"
#include "graph/plan.h"

enum kind {
	KIND_LEAF,  /* input or constant */
	KIND_ALIAS, /* another shape of its argument's memory */
	KIND_BLOCK, /* elementwise: member of a cluster */
	KIND_EVAL,  /* any other kernel */
};

/* A needed node. Values are numbered in the order of the nodes, so arguments come first. Arguments are the ones that
 * are really read: views of the same shape and, for elementwise ops, broadcasts are looked through. */
struct value {
	const struct graph_node *node;
	node id;
	enum kind kind;
	bool output;
	int n_args;
	int *arg;
	int root;     /* the value whose memory it is: itself unless an alias */
	int unit;     /* that makes it; -1 for leaves and aliases of leaves */
	int position; /* among the members of its unit */
	int after;    /* another value that is made before this one, though it is no argument; or -1 */
	int place;
};

struct unit {
	int n, first; /* member values: compile.member[first ..] in ascending order */
	int64_t rows; /* it can run by rows: extent of axis 0; 0 if it can not */
	bool partial; /* a sum over axis 0, whose rows give partial sums */
	bool summed;  /* an op with summed_args_for: likewise, in its own way */
	bool closed;  /* its result is there only after all rows: partial, or an op with finish */
	int stage;
	size_t bytes; /* that it reads and writes */
};

struct stage_plan {
	int n, first; /* units: compile.order[first ..] */
	int64_t rows; /* 0: one unit that is not run by rows */
};

struct compile {
	struct graph *g;
	int n_values, n_units, n_ordered, n_stages;
	struct value *value;
	struct unit *unit;
	int *member, *order;
	struct arena *arena; /* the values' arguments */
	struct stage_plan *stage;
};

/* The call of an op as kernels see it, without data; in has room for its arguments. */
struct op_call compile_call(const struct compile *c, int v, struct tensor *in);

/* True when unit u reads value v by rows: row i of v for row i of its own. */
bool compile_reads_rows(const struct compile *c, int u, int reader, int k);

void compile_values(struct compile *c, struct graph *g, int n_out, const node *out, int *out_value); /* fuse.c */
void compile_units(struct compile *c);								     /* fuse.c */
void compile_stages(struct compile *c);								     /* stage.c */
int compile_recompute(struct compile *c, struct arena *arena); /* copies made; recompute.c */
void compile_free(struct compile *c);			       /* fuse.c */

/* memory.c: offsets of pieces of memory that live from time first to time last inclusive; returns the bytes needed. */
struct piece {
	size_t bytes, offset;
	int first, last;
};
size_t memory_layout(int n, struct piece *p);

enum { CALL_ARGS_MAX = 8 }; /* arguments of a kernel whose values may be private to a worker */

#endif
