/* array.h: a named strided array inside a byte buffer, as foreign files hold it (any number type, byte order, strides),
 * and the copy of any box of it into a row-major array of one of our types. */
#ifndef SCIML_IO_ARRAY_H
#define SCIML_IO_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "num/tensor.h"

enum array_type {
	ARRAY_I8,
	ARRAY_U8,
	ARRAY_I16,
	ARRAY_U16,
	ARRAY_I32,
	ARRAY_U32,
	ARRAY_I64,
	ARRAY_U64,
	ARRAY_F16,
	ARRAY_BF16,
	ARRAY_F32,
	ARRAY_F64
};

enum { ARRAY_RANK_MAX = SHAPE_MAX + 1 }; /* sample, up to 7 axes of a field, real/imaginary */

struct array {
	char *name;	      /* owned, may be NULL */
	enum array_type type; /* how the elements are stored */
	enum dtype dtype;     /* what they are to users */
	bool big_endian;
	bool complex; /* the last axis, of extent 2, is (real, imaginary) */
	int rank;
	int64_t dim[ARRAY_RANK_MAX], stride[ARRAY_RANK_MAX]; /* strides in elements, not negative */
	const unsigned char *data;			     /* the element with all indices 0 */
	void *owned;					     /* freed with the array, may be NULL */
};

struct array_list {
	int n, capacity;
	struct array *at;
};

void array_list_free(struct array_list *l);
/* Append *a, taking its name and owned memory. */
void array_list_add(struct array_list *l, const struct array *a);

bool array_host_is_big(void);
size_t array_type_size(enum array_type t);
/* The narrowest type of ours that holds every value, as h5read.h has it: float32 for integers up to 16 bits. */
enum dtype array_dtype(enum array_type t);

/* Row-major (or, with fortran, first axis fastest) strides for a->dim. */
void array_set_strides(struct array *a, bool fortran);
/* Number of elements; -1 on overflow or a negative extent. */
int64_t array_count(const struct array *a);
/* Does every element lie within the n_bytes that start at a->data? "NAME: ..." in e when not. */
int array_check(const struct array *a, size_t n_bytes, struct err *e);

/* Copy the box of extents count[rank], with the element at `offset` first and strides in elements of a, to out:
 * row-major, converted to t. */
void array_gather(const struct array *a, int64_t offset, int rank, const int64_t *count, const int64_t *stride,
		  enum dtype t, void *out);

#endif
