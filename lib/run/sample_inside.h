/* sample_inside.h: between the files of the verb sample. */
#ifndef SCIML_RUN_SAMPLE_INSIDE_H
#define SCIML_RUN_SAMPLE_INSIDE_H

#include "io/h5out.h"
#include "run/sample.h"
#include "run/trained.h"

/* -n, --sampler and --steps as keys of section sample. */
void sample_set_options(struct conf *c, const struct sample_options *o);

/* ---- sample_file.c: the file of a run ---- */

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

/* sample_model.c: WHAT is a model file of a generative objective. */
int sample_model(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e);
extern const struct key sample_model_keys[];
/* Points of a data set: fields 'x' (dim elements) and 'time'. */
struct sample_points {
	struct dataset *data;
	int x, time;
};
int sample_points_open(struct sample_points *p, struct dataset *d, int64_t dim, struct err *e);
int sample_point(const struct sample_points *p, int64_t item, double *x, double *t, struct err *e);
/* sample_flow.c: the same for objective interpolant. */
int sample_flow(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e);
extern const struct key sample_flow_keys[];
/* The conditions of n draws from number `first` on: of x in turn (NULL: none), and the class `label` (-1: none). */
int sample_conditions(const struct trained *t, struct trained_run *r, const struct examples *x, int64_t label,
		      int64_t first, int64_t n, struct err *e);

/* sample_paths.c: draws of neural SDEs, for learner_class.sample. */
struct model_file;
struct path_source {
	struct key_table objective; /* what new gets as config */
	/* Paths of the fields `made` out of a network, `batch` at a time. */
	void *(*open)(struct network *n, const void *config, const struct layout *made, int64_t batch, struct err *e);
	/* Draws first .. first + batch - 1 of (seed, purpose): (batch, frames, channels) in the data's units. */
	int (*run)(void *draws, const struct params *values, uint64_t seed, const char *purpose, int64_t first,
		   double *out, struct err *e);
	void (*close)(void *draws); /* NULL is fine */
};
int sample_paths(const struct run_common *common, const struct sample_options *o, struct model_file *m,
		 const struct path_source *source, struct err *e);
extern const struct key sample_paths_keys[];

/* sample_cnf.c: learner_class.sample of continuous normalising flows. */
int sample_cnf(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e);
extern const struct key sample_cnf_keys[];

/* sample_picture.c: the first draws of a field as one picture: planes as tiles, lines as curves, vectors as a histogram
 * of their first two elements. Samples are added in order; what has no place is left out. */
struct sample_picture;
struct sample_picture *sample_picture_new(const struct layout *l, int field, const char *path, struct err *e);
void sample_picture_add(struct sample_picture *p, int64_t n, const double *samples);
int sample_picture_write(struct sample_picture *p, struct err *e);
void sample_picture_free(struct sample_picture *p); /* NULL is fine */

#endif
