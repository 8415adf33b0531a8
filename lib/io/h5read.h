/* h5read.h: reading HDF5 objects with checks, shared by the layouts: what a data set holds, hyperslabs, attributes,
 * texts, names. Every function takes a place (`at`: file or group handle) and a path below it; `file` is a name for
 * messages only. Data sets that point outside their file (external raw data, virtual data sets, external links) are
 * refused. */
#ifndef SCIML_IO_H5READ_H
#define SCIML_IO_H5READ_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "num/tensor.h"

enum h5_kind {
	H5_FLOAT,
	H5_INTEGER,
	H5_BOOL, /* an enumeration: read as its integer values */
	H5_TEXT,
	H5_COMPLEX, /* compound of two floats (r, i), as h5py and MATLAB write it */
	H5_OTHER,
};

struct h5_array {
	enum h5_kind kind;
	enum dtype dtype; /* the narrowest of ours that holds every stored value: float32 for integers up to 16 bits */
	struct shape shape;
};

/* Does every link of the path exist (and lead somewhere)? */
bool h5_has(hid_t at, const char *path);
bool h5_is_group(hid_t at, const char *path);
bool h5_is_array(hid_t at, const char *path);

/* Kind, type and extents; rank above 8, more than 2^48 elements, external and virtual storage are errors. */
int h5_describe(hid_t at, const char *file, const char *path, struct h5_array *a, struct err *e);
int h5_describe_of(hid_t array, const char *file, const char *path, struct h5_array *a, struct err *e); /* opened */

/* Opened for reading by h5_read_slab_of; external and virtual storage are refused; negative on failure. */
hid_t h5_open_array(hid_t at, const char *file, const char *path, struct err *e);
/* Hyperslab: start, count and stride (NULL: all 1) of as many entries as the data set's rank; converted to t by HDF5,
 * in the order of the file, packed into out. */
int h5_read_slab(hid_t at, const char *file, const char *path, const int64_t *start, const int64_t *count,
		 const int64_t *stride, enum dtype t, void *out, struct err *e);
/* The same on an opened data set; object: its name for messages. */
int h5_read_slab_of(hid_t array, const char *file, const char *object, const int64_t *start, const int64_t *count,
		    const int64_t *stride, enum dtype t, void *out, struct err *e);
/* A whole numeric data set: in its own type; as doubles in one row (free()). */
int h5_read_tensor(hid_t at, const char *file, const char *path, struct tensor *out, struct err *e);
int h5_read_doubles(hid_t at, const char *file, const char *path, int64_t *n, double **values, struct err *e);

/* Attributes of `object` ("." or "/" is the place itself). Numbers: integers, floats and booleans of one element. */
bool h5_has_attribute(hid_t at, const char *object, const char *name);
int h5_attribute_double(hid_t at, const char *file, const char *object, const char *name, double *v, struct err *e);
int h5_attribute_long(hid_t at, const char *file, const char *object, const char *name, int64_t *v, struct err *e);
/* The n numbers of an attribute array (new array), any rank flattened. */
int h5_attribute_doubles(hid_t at, const char *file, const char *object, const char *name, int64_t *n, double **v,
			 struct err *e);
/* Text of fixed or variable length; a text too long for an attribute stands in a scalar data set OBJECT/NAME. NULL:
 * none, or no text; free() it. */
char *h5_text(hid_t at, const char *object, const char *name);
/* A list of texts; one text is a list of one, an empty list of any type (h5py writes float64) is a list of none. -1:
 * absent or no text. Free with h5_names_free. */
int h5_texts(hid_t at, const char *object, const char *name, int *n, char ***texts);

/* Names of the links in a group (external links left out) and of an object's attributes, in byte order. */
int h5_names(hid_t at, const char *file, const char *group, int *n, char ***names, struct err *e);
int h5_attribute_names(hid_t at, const char *file, const char *object, int *n, char ***names, struct err *e);
void h5_names_free(int n, char **names);

/* HDF5's type in memory and in our files (little endian). */
hid_t h5_memory_type(enum dtype t);
hid_t h5_file_type(enum dtype t);
/* New file access list: no locks of HDF5's own, everything closed with the file. */
hid_t h5_access(void);

#endif
