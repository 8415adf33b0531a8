/* physics_points.h: where residuals are taken: points of a group as pure functions of (seed, drawing), and grids of
 * data. */
#ifndef SCIML_LEARNER_PHYSICS_POINTS_H
#define SCIML_LEARNER_PHYSICS_POINTS_H

#include "io/dataset.h"
#include "base/rng.h"
#include "learner/physics_group.h"

/* Columns of points, in double. */
struct physics_points {
	int64_t n;
	int n_columns;
	double *column[PHYSICS_COLUMNS];
};
int physics_points_new(struct physics_points *x, const struct physics *p, int64_t n, struct err *e);
void physics_points_free(struct physics_points *x);

/* x->n points of group number `group`, drawing number `drawing`, in a window: inside (TERM_EQUATION), at its first
 * time, on a side. Space and time by objective.sampling, parameters by their laws. */
int physics_points_draw(struct physics_points *x, const struct physics *p, const struct physics_group *q, int group,
			uint64_t seed, int64_t drawing, int64_t window, struct err *e);
/* Of candidates (of any number of points) with residuals |r|: x->n of them with probability proportional to
 * |r|^power / mean(|r|^power) + offset (Wu, Zhu, Tan, Kartha, Lu 2023, eq. 2). */
int physics_points_adapt(struct physics_points *x, const struct physics *p, const struct physics_points *candidates,
			 const double *residual, struct rng stream, struct err *e);

/* All points of a field of a data set, in the order of its values; its axes must be those of the text. param: values of
 * drawn parameters (by index). */
int physics_points_of_field(struct physics_points *x, const struct physics *p, const struct layout *l, const char *name,
			    int field, const double *param, struct err *e);
/* The field of a data set that holds an unknown: of its name, or the only trajectory for the only unknown; -1: none. */
int physics_field_of(const struct physics *p, const struct layout *l, int unknown);
/* Values of the drawn parameters of a sample, into param by index; a number that is missing is an error. */
int physics_points_params(const struct physics *p, struct dataset *d, int64_t sample, double *param, struct err *e);

#endif
