/* plan.h: a compiled graph: ordered kernels over one buffer whose offsets were fixed by lifetime. plan_run allocates
 * nothing and looks nothing up; it may be called millions of times. Elementwise chains are fused into blocked kernels,
 * also behind producers (matrix products, spectral layers) whose rows are still in cache. Of much memory, values that
 * are cheap to compute again are not kept over the point where most is needed. */
#ifndef SCIML_GRAPH_PLAN_H
#define SCIML_GRAPH_PLAN_H

#include "graph/graph.h"

struct plan;

/* Compile what the n_out outputs need. The graph must outlive the plan and may grow meanwhile. NULL on failure, also
 * when the graph is in error. */
struct plan *plan_new(struct graph *g, int n_out, const node *out, struct err *e);
void plan_free(struct plan *p);

/* Where input node n is read from: row-major, aligned to 64 bytes if it can be; borrowed until bound again. Inputs that
 * the plan does not need are ignored. */
void plan_bind(struct plan *p, node n, const void *data);

/* Have output k written to data (its bytes long, not overlapping any input) instead of the plan's own buffer. */
void plan_bind_out(struct plan *p, int k, void *data);

/* Run all kernels; -1 if an input is unbound. Bit-equal for any number of threads. */
int plan_run(struct plan *p, struct err *e);

/* Output k as a view; valid until the next run. */
struct tensor plan_out(const struct plan *p, int k);

struct plan_stats {
	int n_kernels, n_fused_nodes, n_nodes,
		n_again; /* n_again: computed once more by clusters, so as not to be stored */
	size_t buffer_bytes, scratch_bytes;
};
struct plan_stats plan_stats(const struct plan *p);

/* Evaluate nodes once with a throw-away plan; values: n_out tensors to be freed by the caller. All inputs must be
 * given. */
int plan_eval(struct graph *g, int n_in, const node *in, const struct tensor *in_value, int n_out, const node *out,
	      struct tensor *value, struct err *e);

#endif
