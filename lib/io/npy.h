/* npy.h: NumPy's .npy format, versions 1.0 to 3.0, held in memory. */
#ifndef SCIML_IO_NPY_H
#define SCIML_IO_NPY_H

#include "io/array.h"
#include "num/tensor.h"

/* The array in data: *a points into it, name NULL. Pickled objects, texts and records are refused. */
int npy_parse(const void *data, size_t n_bytes, struct array *a, struct err *e);

/* Header of a row-major little-endian array, version 1.0, padded to a multiple of 64; *n bytes, freed by the caller. */
void *npy_header(enum dtype t, const struct shape *s, size_t *n);

#endif
