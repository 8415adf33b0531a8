/* sample_model.h: what draws from trained models: learner_class.sample and learner_class.sample_keys. */
#ifndef SCIML_LEARNER_SAMPLE_MODEL_H
#define SCIML_LEARNER_SAMPLE_MODEL_H

#include "learner/trained.h"
#include "run/sample_file.h"

/* What all of them end with: a file of draws of the model; of f: layout, first, count, batch, draw, context. */
int sample_file_of_model(const struct run_common *common, const struct sample_options *o, struct model_file *m,
			 const struct sample_file *f, struct err *e);

/* sample_model.c: objective denoise: draws, densities, estimates. */
int sample_model(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e);
extern const struct key sample_model_keys[];
/* Points of a data set: fields 'x' (dim elements) and 'time'. */
struct sample_points {
	struct dataset *data;
	int x, time;
};
int sample_points_open(struct sample_points *p, struct dataset *d, int64_t dim, struct err *e);
int sample_point(const struct sample_points *p, int64_t item, double *x, double *t, struct err *e);

/* sample_flow.c: objective interpolant. */
int sample_flow(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e);
extern const struct key sample_flow_keys[];
/* The conditions of n draws from number `first` on: of x in turn (NULL: none), and the class `label` (-1: none). */
int sample_conditions(const struct trained *t, struct trained_run *r, const struct examples *x, int64_t label,
		      int64_t first, int64_t n, struct err *e);

/* sample_paths.c: neural SDEs. */
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

/* sample_cnf.c: continuous normalising flows. */
int sample_cnf(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e);
extern const struct key sample_cnf_keys[];

#endif
