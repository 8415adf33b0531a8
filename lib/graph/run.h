/* run.h: what a compiled plan is made of: stages of kernels with resolved addresses, all in the plan's arena. */
#ifndef SCIML_GRAPH_RUN_H
#define SCIML_GRAPH_RUN_H

#include "base/arena.h"
#include "graph/compile.h"

/* Where a kernel finds a value: at a fixed address, or in the memory of the running worker, which holds the rows of one
 * task only. Either way `address of element 0` as if all rows were there. */
struct ref {
	void *base;
	bool local;
	size_t offset, row_bytes;
};

static inline char *ref_data(const struct ref *r, char *memory, int64_t row)
{
	size_t skipped = (size_t)row * r->row_bytes;

	if (!r->local)
		return r->base;
	/* Rows keep their alignment to 64 bytes. The difference is taken in integers: element 0 may not exist. */
	return (char *)((uintptr_t)memory + r->offset + (skipped & 63) - skipped);
}

struct operand {
	struct ref ref;
	struct expand x;
	size_t buffer; /* in the cluster's area, like all offsets below */
	int place;
	int last_use; /* index of the last micro-op that reads it */
};

struct micro {
	struct op_block block;
	const void *attr;
	int n_in, out;
	const int *in; /* registers */
};

struct result {
	struct ref ref;
	size_t buffer;
	bool hold; /* an operand in the same memory is read after this is computed: write at the end of the block */
};

/* Elementwise ops run block by block. Registers hold addresses: first the operands', then the slots', then the
 * results'. */
struct cluster {
	size_t size; /* of an element */
	int64_t count, row_count;
	int block; /* elements */
	int n_operands, n_slots, n_results, n_micros;
	struct operand *operand;
	struct micro *micro;
	struct result *result;
	size_t slots, area; /* offset of slot 0, bytes of all */
};

struct eval {
	const struct op_class *op;
	struct op_call call;
	struct tensor *in;
	struct ref *in_ref, out_ref;
	bool local; /* any of them */
};

struct partial {
	struct shape in;
	unsigned axes;
	enum dtype dtype;
	struct ref in_ref, out_ref;
	int64_t n_out, n_parts;
	void *work; /* double: n_parts times n_out */
};

struct kernel {
	struct cluster *cluster; /* one of these three */
	struct eval *eval;
	struct partial *partial;
};

/* Tasks of `chunk` units out of `total`: rows, elements of a lone cluster (by_element), or the units of a lone op. */
struct stage {
	int n_kernels;
	struct kernel *kernel;
	int64_t total, chunk, n_tasks;
	bool by_element, in_place;     /* in_place: too little work to wake other threads */
	bool finishes, much_to_finish; /* much: enough for threads */
	size_t area;		       /* kernels' private memory behind the values of the rows */
};

struct patch {
	int place;
	void **address;
};

struct output {
	struct tensor value; /* data: where it is now */
	int place;
	void **moves; /* the plan's record of that place's address when the output can be redirected, else NULL */
	void *own, *bound;
};

struct plan {
	struct arena *arena;
	int n_stages, n_outputs, n_inputs, n_patches, n_unbound, n_evals;
	struct stage *stage;
	struct output *output;
	struct eval **eval;  /* for teardown */
	struct patch *patch; /* sorted by place */
	int *input_id;	     /* node ids of the inputs, ascending */
	const char **input_name;
	int *input_place;
	bool *input_bound;
	void **place; /* addresses, NULL while unbound; local ones are NULL for ever */
	char *buffer, *memory;
	size_t memory_bytes; /* of one worker */
	int n_workers;
	struct plan_stats stats;
};

/* While compiling: where the values live. */
enum where { AT_FIXED, AT_BUFFER, AT_LOCAL };
struct place {
	enum where where;
	size_t bytes, row_bytes, offset;
	int first, last;  /* stages */
	int birth, death; /* positions in the order of units */
	int read_whole;	  /* last stage that reads it other than by rows */
	int outputs;
};

struct builder {
	struct plan *plan;
	struct compile c;
	struct place *place;
	int n_places;
	bool *outside; /* by value: read by another unit, or an output */
	int *mark;     /* by value, for cluster_new: -1 between calls */
	struct patch *patch;
	int n_patches, patch_capacity;
};

static inline int builder_place(const struct builder *b, int v)
{
	return b->c.value[b->c.value[v].root].place;
}

static inline struct unit *builder_unit(const struct builder *b, int position)
{
	return &b->c.unit[b->c.order[position]];
}

/* peak.c: units, stages and places for the values of b->c, with values computed again where that lowers the
 * peak of memory; out_value follows. */
void builder_arrange(struct builder *b, int *out_value);
/* places.c: every value's place, instead of earlier ones; then results of clusters in the memory of arguments. */
void builder_places(struct builder *b, const int *out_value);
void builder_write_in_place(struct builder *b);

/* Fill in r for value v and note its address for later rebinding. */
void builder_ref(struct builder *b, int v, struct ref *r);

/* Memory for the workers of the pool as it is now. */
int plan_reserve(struct plan *p, struct err *e);

struct cluster *cluster_new(struct builder *b, int unit, int64_t most); /* most: elements of one task at most */
void cluster_run(const struct cluster *c, int64_t begin, int64_t end, int64_t row, char *memory, char *area);

#endif
