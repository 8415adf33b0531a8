/* well.h: the writer of The Well's layout. */
#ifndef SCIML_IO_WELL_H
#define SCIML_IO_WELL_H

#include "io/dataset.h"

/* Write d. A path ending in .hdf5 or .h5: one file of all samples, and stats.yaml beside it. Any other path: a
 * directory with data/{train,valid,test}/NAME.hdf5 by the splits of d (all samples in train if it has none) and
 * stats.yaml of the training part. A channel axis named vector (or of a field called velocity) becomes a t1 field, one
 * named tensor a t2 field; other channels become scalar fields NAME_0, NAME_1, ... Boundaries are periodic or open.
 * Values are float32. */
int well_write(struct dataset *d, const char *path, const char *config, struct err *e);

#endif
