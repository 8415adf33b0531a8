/* array.c: strided arrays of foreign number types. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/array.h"
#include "io/bytes.h"

enum { BLOCK = 256 };

void array_list_free(struct array_list *l)
{
	for (int i = 0; i < l->n; i++) {
		free(l->at[i].name);
		free(l->at[i].owned);
	}
	free(l->at);
	*l = (struct array_list){ 0 };
}

void array_list_add(struct array_list *l, const struct array *a)
{
	MEM_GROW(l->at, l->n, l->capacity);
	l->at[l->n++] = *a;
}

size_t array_type_size(enum array_type t)
{
	static const size_t size[] = { 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8 };

	return size[t];
}

enum dtype array_dtype(enum array_type t)
{
	switch (t) {
	case ARRAY_I32:
		return DTYPE_I32;
	case ARRAY_I8:
	case ARRAY_U8:
	case ARRAY_I16:
	case ARRAY_U16:
	case ARRAY_F16:
	case ARRAY_BF16:
	case ARRAY_F32:
		return DTYPE_F32;
	default:
		return DTYPE_F64;
	}
}

void array_set_strides(struct array *a, bool fortran)
{
	int64_t step = 1;

	for (int k = 0; k < a->rank; k++) {
		int axis = fortran ? k : a->rank - 1 - k;

		a->stride[axis] = step;
		/* An extent of 0 leaves the other strides meaningless but finite. */
		if (a->dim[axis] > 0 && step <= INT64_MAX / a->dim[axis])
			step *= a->dim[axis];
	}
}

int64_t array_count(const struct array *a)
{
	int64_t n = 1;

	for (int k = 0; k < a->rank; k++)
		if (a->dim[k] < 0)
			return -1;
		else if (a->dim[k] == 0)
			return 0;
	for (int k = 0; k < a->rank; k++) {
		if (n > INT64_MAX / 16 / a->dim[k])
			return -1;
		n *= a->dim[k];
	}
	return n;
}

int array_check(const struct array *a, size_t n_bytes, struct err *e)
{
	const char *name = a->name ? a->name : "array";
	int64_t n = array_count(a);
	uint64_t available = n_bytes / array_type_size(a->type);
	uint64_t last = 0;

	if (n < 0)
		return err_set(e, ERR_FAIL, "%s: impossible extents", name);
	if (n == 0)
		return 0;
	for (int k = 0; k < a->rank; k++) {
		if (a->stride[k] < 0)
			return err_set(e, ERR_FAIL, "%s: negative stride %lld", name, (long long)a->stride[k]);
		if (a->dim[k] == 1 || a->stride[k] == 0)
			continue;
		if (last >= available || (uint64_t)(a->dim[k] - 1) > (available - 1 - last) / (uint64_t)a->stride[k])
			return err_set(e, ERR_FAIL, "%s: its elements reach beyond the %llu that are stored", name,
				       (unsigned long long)available);
		last += (uint64_t)(a->dim[k] - 1) * (uint64_t)a->stride[k];
	}
	if (last >= available)
		return err_set(e, ERR_FAIL, "%s: its elements reach beyond the %llu that are stored", name,
			       (unsigned long long)available);
	return 0;
}

/* IEEE 754 binary16. */
static double half(uint16_t bits)
{
	int exponent = bits >> 10 & 31, mantissa = bits & 1023;
	double v;

	if (exponent == 31)
		v = mantissa ? (double)NAN : (double)INFINITY;
	else
		v = exponent ? ldexp(mantissa + 1024, exponent - 25) : ldexp(mantissa, -24);
	return bits >> 15 ? -v : v;
}

static double single(uint32_t bits)
{
	float v;

	memcpy(&v, &bits, sizeof v);
	return (double)v;
}

static double real64(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

/* n <= BLOCK elements, `step` elements apart, as doubles. */
static void load(const struct array *a, const unsigned char *p, int64_t step, int n, double *out)
{
#define LOAD(SIZE, EXPRESSION)                                                                                         \
	for (int i = 0; i < n; i++, p += step * (SIZE)) {                                                              \
		uint64_t bits = bytes_get(p, (SIZE), a->big_endian);                                                   \
		out[i] = (EXPRESSION);                                                                                 \
	}                                                                                                              \
	break

	switch (a->type) {
	case ARRAY_I8:
		LOAD(1, (double)(int8_t)bits);
	case ARRAY_U8:
		LOAD(1, (double)bits);
	case ARRAY_I16:
		LOAD(2, (double)(int16_t)bits);
	case ARRAY_U16:
		LOAD(2, (double)bits);
	case ARRAY_I32:
		LOAD(4, (double)(int32_t)bits);
	case ARRAY_U32:
		LOAD(4, (double)bits);
	case ARRAY_I64:
		LOAD(8, (double)(int64_t)bits);
	case ARRAY_U64:
		LOAD(8, (double)bits);
	case ARRAY_F16:
		LOAD(2, half((uint16_t)bits));
	case ARRAY_BF16:
		LOAD(2, single((uint32_t)bits << 16));
	case ARRAY_F32:
		LOAD(4, single((uint32_t)bits));
	case ARRAY_F64:
		LOAD(8, real64(bits));
	}
#undef LOAD
}

bool array_host_is_big(void)
{
	const uint16_t one = 1;
	unsigned char first;

	memcpy(&first, &one, 1);
	return first == 0;
}

/* One run along the last axis. */
static void run(const struct array *a, int64_t offset, int64_t step, int64_t n, enum dtype t, void *out)
{
	const size_t size = array_type_size(a->type), out_size = dtype_size(t);
	const bool same = (a->type == ARRAY_F32 && t == DTYPE_F32) || (a->type == ARRAY_F64 && t == DTYPE_F64) ||
			  (a->type == ARRAY_I32 && t == DTYPE_I32);
	double block[BLOCK];

	if (same && step == 1 && a->big_endian == array_host_is_big()) {
		memcpy(out, a->data + (size_t)offset * size, (size_t)n * size);
		return;
	}
	for (int64_t i = 0; i < n; i += BLOCK) {
		int m = n - i < BLOCK ? (int)(n - i) : BLOCK;

		load(a, a->data + (size_t)(offset + i * step) * size, step, m, block);
		tensor_convert(DTYPE_F64, block, t, (char *)out + (size_t)i * out_size, m);
	}
}

void array_gather(const struct array *a, int64_t offset, int rank, const int64_t *count, const int64_t *stride,
		  enum dtype t, void *out)
{
	int64_t index[ARRAY_RANK_MAX] = { 0 };
	int64_t inner = rank ? count[rank - 1] : 1, step = rank ? stride[rank - 1] : 1;
	char *to = out;

	for (int k = 0; k < rank; k++)
		if (count[k] <= 0)
			return;
	for (;;) {
		int k = rank - 2;

		run(a, offset, step, inner, t, to);
		to += (size_t)inner * dtype_size(t);
		while (k >= 0 && ++index[k] == count[k]) {
			offset -= (count[k] - 1) * stride[k];
			index[k--] = 0;
		}
		if (k < 0)
			return;
		offset += stride[k];
	}
}
