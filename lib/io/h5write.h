/* h5write.h: writing HDF5 objects so that the same calls give the same bytes: no times, groups made as needed,
 * little-endian types. Shared by the writers of native and foreign layouts. `file` is a name for messages only. */
#ifndef SCIML_IO_H5WRITE_H
#define SCIML_IO_H5WRITE_H

#include <hdf5.h>
#include <stdint.h>

#include "base/err.h"
#include "num/tensor.h"

/* A new file at path (which is emptied), or, path NULL, in memory; negative on failure. */
hid_t h5_create(const char *path, const char *file, struct err *e);
/* The bytes of an open file (flushed first), to be freed. */
int h5_image(hid_t at, const char *file, void **image, size_t *n, struct err *e);

int h5_put_group(hid_t at, const char *file, const char *path, struct err *e); /* there already: fine */

/* Attributes of `object` ("/" or a path; a missing one becomes a group); one that exists is replaced. A text of more
 * than 32 KiB becomes the scalar data set OBJECT/NAME: attributes end at 64 KiB. */
int h5_put_text(hid_t at, const char *file, const char *object, const char *name, const char *text, struct err *e);
int h5_put_long(hid_t at, const char *file, const char *object, const char *name, int64_t v, struct err *e);
int h5_put_double(hid_t at, const char *file, const char *object, const char *name, double v, struct err *e);

/* A whole array; deflate 0: plain and contiguous, 1..9: one chunk an entry of the first axis, shuffled and deflated. */
int h5_put_tensor(hid_t at, const char *file, const char *path, const struct tensor *t, int deflate, struct err *e);
int h5_put_longs(hid_t at, const char *file, const char *path, int64_t n, const int64_t *v, struct err *e);

/* A data set of the given extents to be filled later, its place in the file reserved at once; negative on failure. */
hid_t h5_reserve(hid_t at, const char *file, const char *path, hid_t type, const struct shape *shape, int deflate,
		 struct err *e);
/* Entries first .. first+count-1 of the first axis (rank 0: the value), of memory type `memory`. */
int h5_put_rows(hid_t array, const char *file, const char *object, hid_t memory, int64_t first, int64_t count,
		const void *data, struct err *e);
int h5_get_rows(hid_t array, const char *file, const char *object, hid_t memory, int64_t first, int64_t count,
		void *data, struct err *e);

#endif
