/* examples.h: samples of a data set as what a generative model learns: the fields that it is to make, and what they are
 * conditioned on: fields on the same grid (maps) and numbers. Section data names the fields: target (default: those
 * with the role of a target or trajectory, else the first), input (conditions; default: none). Frames of a trajectory
 * are channels. */
#ifndef SCIML_LEARNER_EXAMPLES_H
#define SCIML_LEARNER_EXAMPLES_H

#include "run/task.h"

struct examples {
	struct dataset *data; /* borrowed */
	int n_targets, n_maps, n_numbers, target[TASK_FIELDS_MAX], map[TASK_FIELDS_MAX], number[TASK_FIELDS_MAX];
	int64_t classes;	/* > 0: the numbers are one label 0 .. classes - 1, given as a unit vector */
	struct model_spec spec; /* n_out: channels to be made, n_in: with those of the maps, n_vector: 1 + values */
	int64_t points, dim, map_dim,
		values; /* of a sample: grid points, elements to be made, of maps, of the condition */
	int64_t n_items;
};

/* ERR_USAGE names the field whose axes do not fit. */
int examples_open(struct examples *x, struct dataset *d, const struct task_config *c, int64_t classes, struct err *e);

/* Conditions alone, for samples of the given shape: there are no targets. */
int examples_open_conditions(struct examples *x, struct dataset *d, const struct task_config *c, int64_t classes,
			     const struct model_spec *of, struct err *e);

/* Items as (n, dim), (n, map_dim), (n, values), row-major; NULL: not wanted. A condition that is absent is all zeros:
 * labels have a one among them, other numbers are followed by a one. */
int examples_targets(const struct examples *x, int64_t n, const int64_t *item, double *out, struct err *e);
int examples_maps(const struct examples *x, int64_t n, const int64_t *item, double *out, struct err *e);
int examples_values(const struct examples *x, int64_t n, const int64_t *item, double *out, struct err *e);

/* Mean and standard deviation (n - 1 form) over all items: of each channel (pixel false: spec.n_out numbers) or of each
 * element (dim); a deviation of zero is given as 1. */
int examples_moments(const struct examples *x, bool pixel, double *mean, double *std, struct err *e);

/* The fields that are made, without samples, as a layout of its own. */
struct layout examples_layout(const struct examples *x);

#endif
