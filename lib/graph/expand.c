/* expand.c: reading a broadcast argument element by element in the order of the result. */
#include <string.h>

#include "graph/internal.h"

void expand_init(struct expand *x, const struct shape *from, const struct shape *to)
{
	int64_t stride[SHAPE_MAX];
	int missing = to->rank - from->rank;

	memset(x, 0, sizeof *x);
	shape_strides(from, stride);
	for (int i = 0; i < to->rank; i++) {
		int64_t extent = to->dim[i];
		int64_t s = i < missing || from->dim[i - missing] == 1 ? 0 : stride[i - missing];
		int k = x->n_dims - 1;

		if (extent == 1)
			continue;
		/* Mergeable with the axis before: both broadcast, or one contiguous run. */
		if (k >= 0 && ((s == 0 && x->stride[k] == 0) || (s != 0 && x->stride[k] == s * extent))) {
			x->extent[k] *= extent;
			x->stride[k] = s;
			continue;
		}
		x->extent[x->n_dims] = extent;
		x->stride[x->n_dims++] = s;
	}
	x->direct = x->n_dims == 0 || (x->n_dims == 1 && x->stride[0] == 1);
	x->period = 1;
	for (int i = x->n_dims > 0 && x->stride[0] == 0; i < x->n_dims; i++)
		x->period *= x->extent[i];
}

/* One run: n copies of one element or n consecutive ones. Runs are often short, so small ones avoid memcpy. */
#define RUN(T)                                                                                                         \
	static inline void run_##T(const T *src, int64_t stride, int64_t n, T *dst)                                    \
	{                                                                                                              \
		if (stride == 0) {                                                                                     \
			T value = *src;                                                                                \
			for (int64_t i = 0; i < n; i++)                                                                \
				dst[i] = value;                                                                        \
		} else if (n < 16) {                                                                                   \
			for (int64_t i = 0; i < n; i++)                                                                \
				dst[i] = src[i];                                                                       \
		} else {                                                                                               \
			memcpy(dst, src, (size_t)n * sizeof(T));                                                       \
		}                                                                                                      \
	}                                                                                                              \
                                                                                                                       \
	static void fill_##T(const struct expand *x, const T *src, int64_t e, int64_t n, T *dst)                       \
	{                                                                                                              \
		int64_t at[SHAPE_MAX] = { 0 }, offset = 0;                                                             \
		int last = x->n_dims - 1;                                                                              \
                                                                                                                       \
		if (last < 0) {                                                                                        \
			run_##T(src, 0, n, dst);                                                                       \
			return;                                                                                        \
		}                                                                                                      \
		for (int i = last; i >= 0; i--) {                                                                      \
			at[i] = i == 0 ? e : e % x->extent[i];                                                         \
			e = i == 0 ? 0 : e / x->extent[i];                                                             \
			offset += at[i] * x->stride[i];                                                                \
		}                                                                                                      \
		while (n > 0) {                                                                                        \
			int64_t m = x->extent[last] - at[last];                                                        \
                                                                                                                       \
			m = m < n ? m : n;                                                                             \
			run_##T(src + offset, x->stride[last], m, dst);                                                \
			dst += m;                                                                                      \
			n -= m;                                                                                        \
			offset -= at[last] * x->stride[last];                                                          \
			at[last] = 0;                                                                                  \
			for (int i = last - 1; i >= 0; i--) {                                                          \
				offset += x->stride[i];                                                                \
				if (++at[i] < x->extent[i])                                                            \
					break;                                                                         \
				offset -= at[i] * x->stride[i];                                                        \
				at[i] = 0;                                                                             \
			}                                                                                              \
		}                                                                                                      \
	}

typedef float real4;
typedef double real8;
RUN(real4)
RUN(real8)

void expand_fill(const struct expand *x, size_t size, const void *src, int64_t e, int64_t n, void *dst)
{
	if (size == sizeof(real4))
		fill_real4(x, src, e, n, dst);
	else
		fill_real8(x, src, e, n, dst);
}

int64_t expand_uniform(const struct expand *x, int64_t e, int64_t n)
{
	int last = x->n_dims - 1;
	int64_t offset = 0;

	if (last < 0)
		return 0;
	if (x->stride[last] != 0 || e % x->extent[last] + n > x->extent[last])
		return -1;
	for (int i = last; i >= 0; i--) {
		offset += (i == 0 ? e : e % x->extent[i]) * x->stride[i];
		e /= x->extent[i];
	}
	return offset;
}
