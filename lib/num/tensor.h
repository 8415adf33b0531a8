/* tensor.h: a row-major contiguous array of one type. */
#ifndef SCIML_NUM_TENSOR_H
#define SCIML_NUM_TENSOR_H

#include "base/err.h"
#include "num/shape.h"

enum dtype { DTYPE_F32 = 0, DTYPE_F64 = 1, DTYPE_I32 = 2 };

struct tensor {
	enum dtype dtype;
	struct shape shape;
	void *data;
	bool owns; /* tensor_free frees data */
};

size_t dtype_size(enum dtype t);
const char *dtype_name(enum dtype t); /* "float32", "float64", "int32" */

struct tensor tensor_new(enum dtype t, const struct shape *s); /* zeroed */
int tensor_new_checked(struct tensor *out, enum dtype t, const struct shape *s, const char *what, struct err *e);
struct tensor tensor_view(enum dtype t, const struct shape *s, void *data); /* borrows data */
struct tensor tensor_copy(const struct tensor *t);
void tensor_free(struct tensor *t); /* data = NULL afterwards */
size_t tensor_bytes(const struct tensor *t);

double tensor_get(const struct tensor *t, int64_t i); /* element i as double, any type */
void tensor_set(struct tensor *t, int64_t i, double value);
void tensor_fill(struct tensor *t, double value);
/* Convert n elements between types. */
void tensor_convert(enum dtype from, const void *in, enum dtype to, void *out, int64_t n);
/* Index of the first NaN or infinity, or -1. */
int64_t tensor_find_nonfinite(const struct tensor *t);

#endif
