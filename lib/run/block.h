/* block.h: samples made in parallel, a block at a time: one work area a thread, one buffer a field. What generating,
 * sampling and marching have in common. */
#ifndef SCIML_RUN_BLOCK_H
#define SCIML_RUN_BLOCK_H

#include "io/dataset.h"

struct block {
	/* set by the owner before block_open */
	const char *what;	     /* "problem burgers", in front of messages */
	const struct layout *layout; /* fields to make; borrowed */
	int64_t size;		     /* samples a block at most */
	const void *config;
	int (*prepare)(const void *config, void **work, struct err *e); /* NULL: no work area */
	void (*release)(void *work);
	/* Sample number `sample`, the i-th of the block, into field[k]; fails with a message or without. */
	int (*make)(void *context, void *work, int64_t i, int64_t sample, double *const *field, struct err *e);
	void *context;
	/* made by block_open */
	int n_workers;
	void **work;
	double **field; /* [field] size x count, row-major */
	struct err *failure;
	int64_t first, n; /* the block in hand */
};

int block_open(struct block *b, struct err *e);
/* Samples first .. first+n-1; the first failure in the order of samples is the one reported. */
int block_run(struct block *b, int64_t first, int64_t n, struct err *e);
void block_close(struct block *b);
/* Are the fields of a sample finite, also as the floats that they are stored as? n_times: frames of fields with an axis
 * of time, 0: the layout's. ERR_FAIL names sample, field and place. */
int block_check_finite(const struct layout *l, int64_t n_times, int64_t sample, double *const *field, struct err *e);

#endif
