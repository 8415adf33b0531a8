/* sample_inside.h: between the files of the verb sample. */
#ifndef SCIML_RUN_SAMPLE_INSIDE_H
#define SCIML_RUN_SAMPLE_INSIDE_H

#include "io/dataset.h"
#include "run/sample.h"
#include "run/trained.h"

/* -n, --sampler and --steps as keys of section sample. */
void sample_set_options(struct conf *c, const struct sample_options *o);
/* Which draws of n a run makes: all, or its shard's. */
int sample_share(const struct run_common *common, int64_t n, int64_t *first, int64_t *count, struct err *e);

/* sample_model.c: WHAT is a model file of a generative objective. */
int sample_model(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e);
extern const struct key sample_model_keys[];
/* Fields 'x' (dim) and 'time' of one sample. */
int sample_point(struct dataset *d, int64_t dim, int64_t item, double *out, double *t, struct err *e);
/* sample_flow.c: the same for objective interpolant. */
int sample_flow(const struct run_common *common, const struct sample_options *o, const char *what, struct err *e);
extern const struct key sample_flow_keys[];
/* The conditions of n draws from number `first` on: of x in turn (NULL: none), and the class `label` (-1: none). */
int sample_conditions(const struct trained *t, struct trained_run *r, const struct examples *x, int64_t label,
		      int64_t first, int64_t n, struct err *e);

/* sample_paths.c: learner_class.sample of neural SDEs. */
struct model_file;
int sample_paths(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e);
extern const struct key sample_paths_keys[];

/* sample_cnf.c: learner_class.sample of continuous normalising flows. */
int sample_cnf(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e);
extern const struct key sample_cnf_keys[];

/* sample_picture.c: the first draws of a field as one picture: planes as tiles, lines as curves, vectors as a histogram of their
 * first two elements. Samples are added in order; what has no place is left out. */
struct sample_picture;
struct sample_picture *sample_picture_new(const struct layout *l, int field, const char *path, struct err *e);
void sample_picture_add(struct sample_picture *p, int64_t n, const double *samples);
int sample_picture_write(struct sample_picture *p, struct err *e);
void sample_picture_free(struct sample_picture *p); /* NULL is fine */

#endif
