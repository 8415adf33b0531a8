/* pdebench.h: what the readers and the writer of PDEBench's layouts share. */
#ifndef SCIML_IO_PDEBENCH_H
#define SCIML_IO_PDEBENCH_H

#include "io/dataset.h"

extern const char *const pdebench_space[3]; /* x, y, z */
extern const char *const pdebench_flow[5];  /* channel order of the reference loader */

/* A tenth of the samples is the test set: the first of single files, the last of seed groups. */
void pdebench_split(struct layout *l, bool test_first);

/* Write d as a single file: trajectories density, pressure, Vx ...; one trajectory as `tensor`; one input and one
 * target without time as `nu` and `tensor`. Values float32, t-coordinate with one entry more than frames. */
int pdebench_write(struct dataset *d, const char *path, const char *config, struct err *e);

#endif
