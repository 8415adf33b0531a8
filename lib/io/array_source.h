/* array_source.h: the part common to readers of formats that hold plain arrays (.pt, .mat level 5, .npy, .npz): the
 * file mapped into memory, its arrays, and for every field where its axes are in its array. */
#ifndef SCIML_IO_ARRAY_SOURCE_H
#define SCIML_IO_ARRAY_SOURCE_H

#include "io/array.h"
#include "io/layout.h"
#include "io/variables.h"

/* A whole file, read only; pages are read when touched. */
struct file_bytes {
	const unsigned char *data;
	size_t n;
};

int file_bytes_open(struct file_bytes *f, const char *path, struct err *e);
void file_bytes_close(struct file_bytes *f);

/* source.state of these classes. */
struct array_source {
	struct file_bytes file;
	struct array_list arrays; /* point into file, or own their memory */
	/* Blocks that several arrays point into. */
	void **block;
	int n_blocks, block_capacity;
	struct axis_map *map; /* one a field; map.variable indexes arrays */
	/* 0, or the distance in arrays from the array of one sample to that of the next (a list of samples). */
	int sample_step;
};

/* Make s->state with the file mapped. */
struct array_source *array_source_new(struct source *s, struct err *e);
/* Fill s->layout and the map by the rules of variables.h. */
int array_source_layout(struct source *s, bool matlab, struct err *e);
/* The read and close functions of the classes. */
int array_source_read(struct source *s, int field, int64_t first, int64_t count, int64_t t0, int64_t n_t,
		      int64_t stride, enum dtype t, void *out, struct err *e);
void array_source_close(struct source *s);

#endif
