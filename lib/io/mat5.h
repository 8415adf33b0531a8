/* mat5.h: the numeric arrays of a MATLAB level 5 MAT-file (version 5, 6 and 7) held in memory. */
#ifndef SCIML_IO_MAT5_H
#define SCIML_IO_MAT5_H

#include "io/array.h"

/* Append every numeric array of the file to out, with its logical extents and column-major strides; uncompressed ones
 * point into data. Text, cell, struct, sparse and object variables are passed over. A complex array gets a last axis of
 * 2. */
int mat5_parse(const void *data, size_t n_bytes, struct array_list *out, struct err *e);

#endif
