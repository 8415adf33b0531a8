/* copy.h: copying between strided arrays, the one kernel behind permute, slice, concat and the packing of
 * contractions. */
#ifndef SCIML_OP_COPY_H
#define SCIML_OP_COPY_H

#include <stddef.h>
#include <stdint.h>

enum { COPY_AXES = 16 };

/* Element (i0, i1, ...) of an array of extents dim goes from in + sum i_k in_stride[k] to out + sum i_k out_stride[k];
 * strides in elements of `size` bytes (4 or 8), of either sign. rank up to COPY_AXES. */
void copy_strided(size_t size, int rank, const int64_t *dim, void *out, const int64_t *out_stride, const void *in,
		  const int64_t *in_stride);

#endif
