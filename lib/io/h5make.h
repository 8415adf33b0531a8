/* h5make.h: a sticky writer of HDF5 objects for foreign layouts: after the first failure the calls do nothing. No
 * object times, so the same calls give the same bytes. */
#ifndef SCIML_IO_H5MAKE_H
#define SCIML_IO_H5MAKE_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "io/dataset.h"
#include "num/tensor.h"

struct h5make {
	const char *path; /* final name, for messages */
	char *temporary;
	hid_t file;
	bool failed;
	struct err error;
};

/* user_block: bytes before the HDF5 signature (512 in MATLAB files), or 0. */
int h5make_open(struct h5make *w, const char *path, int user_block, struct err *e);
/* Close and rename into place, or drop and report the first failure. */
int h5make_close(struct h5make *w, struct err *e);
void h5make_fail(struct h5make *w, const struct err *why);

void h5make_group(struct h5make *w, const char *path);
/* A data set of numbers; data NULL: left empty for h5make_slab. chunk NULL: contiguous. */
void h5make_array(struct h5make *w, const char *path, enum dtype t, int rank, const int64_t *dim, const int64_t *chunk,
		  const void *data);
/* Rows first .. first+count-1 of the first axis. */
void h5make_rows(struct h5make *w, const char *path, int64_t first, int64_t count, enum dtype t, const void *data);
/* NumPy booleans: an enumeration of FALSE and TRUE over int8. */
void h5make_bools(struct h5make *w, const char *path, int rank, const int64_t *dim, const bool *data);

/* Attributes; object "/" or a path. */
void h5make_text(struct h5make *w, const char *object, const char *name, const char *value);
void h5make_texts(struct h5make *w, const char *object, const char *name, int n, const char *const *value);
void h5make_double(struct h5make *w, const char *object, const char *name, double value);
void h5make_long(struct h5make *w, const char *object, const char *name, int64_t value);
void h5make_flag(struct h5make *w, const char *object, const char *name, bool value);
void h5make_flags(struct h5make *w, const char *object, const char *name, int n, const bool *value);

/* All samples first .. first+n-1 of a field as float32, in blocks: store(arg, first sample of the block, count,
 * values). */
int h5make_each_block(struct dataset *d, int field, int64_t first, int64_t n,
		      void (*store)(void *arg, int64_t first, int64_t count, const float *values), void *arg,
		      struct err *e);

#endif
