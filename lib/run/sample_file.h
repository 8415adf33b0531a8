/* sample_file.h: a file of draws, for the verb sample and for learners that draw (learner_class.sample). */
#ifndef SCIML_RUN_SAMPLE_FILE_H
#define SCIML_RUN_SAMPLE_FILE_H

#include "io/h5out.h"
#include "run/sample.h"

/* -n, --sampler and --steps as keys of section sample. */
void sample_set_options(struct conf *c, const struct sample_options *o);

/* Which draws of n a run makes: all, or its shard's. */
int sample_share(const struct run_common *common, int64_t n, int64_t *first, int64_t *count, struct err *e);
/* N(0, I) for the n draws from number `first` on: where they start. */
void sample_starts(const struct run_common *common, int64_t first, int64_t n, int64_t dim, double *x);

struct sample_file {
	const struct run_common *common;
	const struct sample_options *options;
	struct cfg *cfg;	     /* read to its end: its effective text goes into the file */
	const char *inputs;	     /* identities */
	const struct layout *layout; /* of `count` samples */
	int64_t first, count;	     /* this run's draws */
	int64_t batch;		     /* batches are draws 0 .. batch - 1, batch .. 2 batch - 1, ... */
	/* Make the batch that begins at draw `begin` and give draws from .. to - 1 of it, this run's, to sample_put. */
	int (*draw)(struct sample_file *f, void *context, int64_t begin, int64_t from, int64_t to, struct err *e);
	void *context;
	/* the rest belongs to sample_file.c */
	struct h5out *out;
	struct sample_picture *picture;
	double *part;
};
/* All batches into a file, and a picture of the first field where the options ask for one; or, for --dry-run, nothing
 * but the configuration, with the same last line that says which draws a shard makes. */
int sample_file_write(struct sample_file *f, struct err *e);
/* Draws at .. at + n - 1 of one field; of the first n_fields fields, whose elements follow each other in rows of
 * `width` (returns n_fields). */
void sample_put(struct sample_file *f, int field, int64_t at, int64_t n, const double *x);
int sample_put_rows(struct sample_file *f, int n_fields, int64_t at, int64_t n, const double *x, int64_t width);

/* sample_picture.c: the first draws of a field as one picture: planes as tiles, lines as curves, vectors as a histogram
 * of their first two elements. Samples are added in order; what has no place is left out. */
struct sample_picture;
struct sample_picture *sample_picture_new(const struct layout *l, int field, const char *path, struct err *e);
void sample_picture_add(struct sample_picture *p, int64_t n, const double *samples);
int sample_picture_write(struct sample_picture *p, struct err *e);
void sample_picture_free(struct sample_picture *p); /* NULL is fine */

#endif
