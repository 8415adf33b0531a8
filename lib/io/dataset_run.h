/* dataset_run.h: the inside of a data set: runs of consecutive samples of one source each. */
#ifndef SCIML_IO_DATASET_RUN_H
#define SCIML_IO_DATASET_RUN_H

#include "io/dataset.h"
#include "io/store.h"

struct run {
	struct store *store;
	int64_t first, count; /* samples of the store */
	int64_t before;	      /* index of the first one in the set */
	int *field;	      /* the set's field -> the store's */
};

struct dataset {
	char *name;
	int n_runs, capacity;
	struct run *run; /* by rising `before` */
	struct layout layout;
	bool allow_nonfinite, passing; /* passing: the reader keeps what it reads, the stores do not */
	int n_meta, meta_capacity;
	struct meta_text {
		char *name, *text;
	} * meta;
};

/* A set of all samples of a store (which gains a reference). */
struct dataset *dataset_of_store(struct store *store);
/* Join the samples of `more` behind those of d: same fields and shapes required. */
int dataset_append(struct dataset *d, const struct dataset *more, struct err *e);

#endif
