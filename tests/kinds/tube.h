/* tube.h: the finite-volume engine on a unit interval, square or cube, for its tests. */
#ifndef SCIML_TESTS_KINDS_TUBE_H
#define SCIML_TESTS_KINDS_TUBE_H

#include "problem/volume.h"

/* n cells along each axis; gamma = 1.4, gravity and speed 1. */
struct volume_setup tube_setup(const struct volume_law *law, int dims, int64_t n);
/* Marches q, plane after plane, in place to time t; ends the test with a message on failure. */
void tube_march(const struct volume_setup *s, double *q, double t);

#endif
