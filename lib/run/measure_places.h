/* measure_places.h: sensors: values of gridded fields at a few places, the same for all samples. */
#ifndef SCIML_RUN_MEASURE_PLACES_H
#define SCIML_RUN_MEASURE_PLACES_H

#include "conf/conf.h"
#include "io/dataset.h"

struct places;
/* n: a number (points of the grid, drawn from the seed, all different) or a list of places (numbers, or lists of one
 * number an axis). Fields of l that are observed and have space axes are seen; those must be the same axes. */
int places_new(struct places **out, const struct layout *l, const bool *observed, const struct conf_node *n,
	       uint64_t seed, struct err *e);
void places_free(struct places *p);

bool places_see(const struct places *p, int field);
int64_t places_count(const struct places *p);
int places_dims(const struct places *p);
const char *places_axis(const struct places *p, int dim);
const double *places_coordinate(const struct places *p, int dim); /* of every place */
/* One frame of one channel on the grid to the places: points of the grid as they are, others by polynomials of degree 5
 * along every axis (all points where there are fewer than 6). */
void places_values(const struct places *p, const double *frame, double *out);

#endif
