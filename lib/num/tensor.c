/* tensor.c: allocation, conversion and inspection of contiguous arrays. */
#include "num/tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	size_t size;
	const char *name;
} types[] = {
	[DTYPE_F32] = { sizeof(float), "float32" },
	[DTYPE_F64] = { sizeof(double), "float64" },
	[DTYPE_I32] = { sizeof(int32_t), "int32" },
};

size_t dtype_size(enum dtype t)
{
	return types[t].size;
}

const char *dtype_name(enum dtype t)
{
	return types[t].name;
}

size_t tensor_bytes(const struct tensor *t)
{
	return (size_t)shape_count(&t->shape) * dtype_size(t->dtype);
}

struct tensor tensor_view(enum dtype t, const struct shape *s, void *data)
{
	return (struct tensor){ .dtype = t, .shape = *s, .data = data };
}

struct tensor tensor_new(enum dtype t, const struct shape *s)
{
	struct tensor out = { .dtype = t, .shape = *s, .owns = true };

	out.data = xaligned(tensor_bytes(&out));
	return out;
}

int tensor_new_checked(struct tensor *out, enum dtype t, const struct shape *s, const char *what, struct err *e)
{
	char text[SHAPE_TEXT];

	*out = (struct tensor){ .dtype = t };
	for (int i = 0; i < s->rank; i++)
		if (s->dim[i] < 0)
			return err_set(e, ERR_USAGE, "%s: negative extent in %s", what, shape_text(text, s));
	out->data = mem_new(shape_count(s), dtype_size(t), what, e);
	if (!out->data)
		return -1;
	out->shape = *s;
	out->owns = true;
	return 0;
}

struct tensor tensor_copy(const struct tensor *t)
{
	struct tensor out = tensor_new(t->dtype, &t->shape);

	if (tensor_bytes(t) > 0)
		memcpy(out.data, t->data, tensor_bytes(t));
	return out;
}

void tensor_free(struct tensor *t)
{
	if (t->owns)
		free(t->data);
	t->data = NULL;
	t->owns = false;
}

double tensor_get(const struct tensor *t, int64_t i)
{
	switch (t->dtype) {
	case DTYPE_F32:
		return ((const float *)t->data)[i];
	case DTYPE_F64:
		return ((const double *)t->data)[i];
	case DTYPE_I32:
		return ((const int32_t *)t->data)[i];
	}
	return NAN;
}

/* Out of range saturates, NaN is 0: C leaves both undefined. */
static int32_t to_int32(double v)
{
	return v >= INT32_MAX ? INT32_MAX : v <= INT32_MIN ? INT32_MIN : v == v ? (int32_t)v : 0;
}

void tensor_set(struct tensor *t, int64_t i, double value)
{
	switch (t->dtype) {
	case DTYPE_F32:
		((float *)t->data)[i] = (float)value;
		break;
	case DTYPE_F64:
		((double *)t->data)[i] = value;
		break;
	case DTYPE_I32:
		((int32_t *)t->data)[i] = to_int32(value);
		break;
	}
}

void tensor_fill(struct tensor *t, double value)
{
	int64_t n = shape_count(&t->shape);

	for (int64_t i = 0; i < n; i++)
		tensor_set(t, i, value);
}

void tensor_convert(enum dtype from, const void *in, enum dtype to, void *out, int64_t n)
{
	if (n <= 0)
		return;
	if (from == to) {
		memcpy(out, in, (size_t)n * dtype_size(from));
	} else if (from == DTYPE_F64 && to == DTYPE_F32) {
		for (int64_t i = 0; i < n; i++)
			((float *)out)[i] = (float)((const double *)in)[i];
	} else if (from == DTYPE_F32 && to == DTYPE_F64) {
		for (int64_t i = 0; i < n; i++)
			((double *)out)[i] = ((const float *)in)[i];
	} else {
		const struct tensor a = { .dtype = from, .data = (void *)(uintptr_t)in };
		struct tensor b = { .dtype = to, .data = out };

		for (int64_t i = 0; i < n; i++)
			tensor_set(&b, i, tensor_get(&a, i));
	}
}

/* Whether the exponents of n values are all ones anywhere: in integers, which the compiler turns into vectors. */
static bool any_nonfinite(enum dtype t, const void *data, int64_t n)
{
	const uint32_t all32 = 0x7f800000;
	const uint64_t all64 = 0x7ff0000000000000;
	const char *from = data;
	uint64_t found = 0;

	if (t == DTYPE_F32)
		for (int64_t i = 0; i < n; i++) {
			uint32_t bits;

			memcpy(&bits, from + (size_t)i * sizeof bits, sizeof bits);
			found |= (bits & all32) == all32;
		}
	else
		for (int64_t i = 0; i < n; i++) {
			uint64_t bits;

			memcpy(&bits, from + (size_t)i * sizeof bits, sizeof bits);
			found |= (bits & all64) == all64;
		}
	return found != 0;
}

int64_t tensor_find_nonfinite(const struct tensor *t)
{
	enum { AT_ONCE = 4096 };
	const int64_t n = shape_count(&t->shape);
	const size_t w = dtype_size(t->dtype);

	if (t->dtype == DTYPE_I32)
		return -1;
	for (int64_t i = 0; i < n; i += AT_ONCE) {
		const int64_t end = n - i < AT_ONCE ? n : i + AT_ONCE;

		if (!any_nonfinite(t->dtype, (const char *)t->data + (size_t)i * w, end - i))
			continue;
		for (int64_t k = i; k < end; k++)
			if (!isfinite(t->dtype == DTYPE_F32 ? ((const float *)t->data)[k]
							    : ((const double *)t->data)[k]))
				return k;
	}
	return -1;
}
