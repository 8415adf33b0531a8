/* sum.c: the kernel of the sum over a set of axes. Every result is accumulated in double over short runs in the array's
 * own type, in an order that follows from shapes alone. */
#include <string.h>

#include "graph/sum.h"

#define REAL float
#define NAME(name) name##_f
#include "num/row_fold.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(name) name##_d
#include "num/row_fold.h"
#undef REAL
#undef NAME

enum { COLUMNS = 512 }; /* results accumulated side by side */

void sum_layout(struct sum_layout *s, const struct shape *in, unsigned axes)
{
	int64_t in_stride = 1;
	int n = 0;

	/* From the last axis to the first; extents 1 vanish, neighbours of one kind are merged. */
	memset(s, 0, sizeof *s);
	s->out_count = 1;
	for (int i = in->rank; i-- > 0;) {
		int64_t extent = in->dim[i];
		bool summed = (axes >> i & 1) != 0;

		if (extent == 1)
			continue;
		if (n > 0 && s->summed[n - 1] == summed) {
			s->extent[n - 1] *= extent;
		} else {
			s->extent[n] = extent;
			s->in_stride[n] = in_stride;
			s->summed[n++] = summed;
		}
		in_stride *= extent;
		if (!summed)
			s->out_count *= extent;
	}
	s->n = n;
}

/* Group 0 is the innermost one. The kernels below, once for each type. */
#define KERNELS(T, SUFFIX)                                                                                             \
	/* acc[k] += sum over rows of in[row * stride + k], k < width <= COLUMNS */                                    \
	static void columns_##T(const T *in, int64_t rows, int64_t stride, int64_t width, double *acc)                 \
	{                                                                                                              \
		T part[COLUMNS];                                                                                       \
                                                                                                                       \
		while (rows > 0) {                                                                                     \
			int64_t m = rows < 64 ? rows : 64;                                                             \
                                                                                                                       \
			memcpy(part, in, (size_t)width * sizeof *part);                                                \
			for (int64_t r = 1; r < m; r++)                                                                \
				for (int64_t k = 0; k < width; k++)                                                    \
					part[k] += in[r * stride + k];                                                 \
			for (int64_t k = 0; k < width; k++)                                                            \
				acc[k] += (double)part[k];                                                             \
			in += m * stride;                                                                              \
			rows -= m;                                                                                     \
		}                                                                                                      \
	}                                                                                                              \
                                                                                                                       \
	/* As columns for all `width` columns of packed rows: short rows are taken several at a time. */               \
	static void packed_##T(const T *in, int64_t rows, int64_t width, double *acc)                                  \
	{                                                                                                              \
		int64_t m = COLUMNS / 4 / width;                                                                       \
                                                                                                                       \
		if (m > 1 && rows >= 2 * m) {                                                                          \
			double wide[COLUMNS] = { 0 };                                                                  \
                                                                                                                       \
			columns_##T(in, rows / m, m * width, m * width, wide);                                         \
			for (int64_t i = 0; i < m; i++)                                                                \
				for (int64_t k = 0; k < width; k++)                                                    \
					acc[k] += wide[i * width + k];                                                 \
			in += rows / m * m * width;                                                                    \
			rows %= m;                                                                                     \
		}                                                                                                      \
		columns_##T(in, rows, width, width, acc);                                                              \
	}                                                                                                              \
                                                                                                                       \
	static void store_##T(int64_t n, const double *sum, double *acc, T *out)                                       \
	{                                                                                                              \
		if (out)                                                                                               \
			for (int64_t i = 0; i < n; i++)                                                                \
				out[i] = (T)sum[i];                                                                    \
		else                                                                                                   \
			memcpy(acc, sum, (size_t)n * sizeof *acc);                                                     \
	}                                                                                                              \
                                                                                                                       \
	static void range_##T(const struct sum_layout *s, const T *in, int64_t begin, int64_t end, double *acc,        \
			      T *out)                                                                                  \
	{                                                                                                              \
		bool keeps = s->n > 0 && !s->summed[0];                                                                \
		bool sums_next = s->n > 1 && keeps;                                                                    \
		int first = s->n == 0 ? 0 : sums_next ? 2 : 1;                                                         \
		int64_t inner = keeps ? s->extent[0] : 1;                                                              \
                                                                                                                       \
		/* rows one behind the other */                                                                        \
		for (int64_t o = begin, width; !keeps && s->n <= 2 && o < end; o += width) {                           \
			const int64_t n = s->n > 0 ? s->extent[0] : 1;                                                 \
			double sum[COLUMNS];                                                                           \
                                                                                                                       \
			width = end - o < COLUMNS ? end - o : COLUMNS;                                                 \
			row_sums_##SUFFIX(width, n, in + o * n, sum);                                                  \
			store_##T(width, sum, acc ? acc + (o - begin) : NULL, out ? out + (o - begin) : NULL);         \
		}                                                                                                      \
		for (int64_t o = begin; (keeps || s->n > 2) && o < end;) {                                             \
			int64_t k = o % inner, width = inner - k, rest = o / inner, offset = k;                        \
			int64_t at[SHAPE_MAX] = { 0 };                                                                 \
			double sum[COLUMNS];                                                                           \
			int g;                                                                                         \
                                                                                                                       \
			width = width < end - o ? width : end - o;                                                     \
			width = width < COLUMNS ? width : COLUMNS;                                                     \
			for (int64_t i = 0; i < width; i++)                                                            \
				sum[i] = 0;                                                                            \
			for (g = first; g < s->n; g++) {                                                               \
				if (s->summed[g])                                                                      \
					continue;                                                                      \
				offset += rest % s->extent[g] * s->in_stride[g];                                       \
				rest /= s->extent[g];                                                                  \
			}                                                                                              \
			do {                                                                                           \
				if (!keeps)                                                                            \
					sum[0] += row_sum_##SUFFIX(in + offset, s->extent[0]);                         \
				else if (sums_next && width == inner)                                                  \
					packed_##T(in + offset, s->extent[1], width, sum);                             \
				else                                                                                   \
					columns_##T(in + offset, sums_next ? s->extent[1] : 1, inner, width, sum);     \
				for (g = first; g < s->n; g++) {                                                       \
					if (!s->summed[g])                                                             \
						continue;                                                              \
					offset += s->in_stride[g];                                                     \
					if (++at[g] < s->extent[g])                                                    \
						break;                                                                 \
					offset -= at[g] * s->in_stride[g];                                             \
					at[g] = 0;                                                                     \
				}                                                                                      \
			} while (g < s->n);                                                                            \
			store_##T(width, sum, acc ? acc + (o - begin) : NULL, out ? out + (o - begin) : NULL);         \
			o += width;                                                                                    \
		}                                                                                                      \
	}

KERNELS(float, f)
KERNELS(double, d)

void sum_range(const struct sum_layout *s, enum dtype t, const void *in, int64_t begin, int64_t end, double *acc,
	       void *out)
{
	if (t == DTYPE_F32)
		range_float(s, in, begin, end, acc, out);
	else
		range_double(s, in, begin, end, acc, out);
}

void sum_store(enum dtype t, const double *acc, int64_t n, void *out)
{
	if (t == DTYPE_F64) {
		memcpy(out, acc, (size_t)n * sizeof *acc);
	} else {
		for (int64_t i = 0; i < n; i++)
			((float *)out)[i] = (float)acc[i];
	}
}

void sum_rows(const struct shape *in, unsigned axes, enum dtype t, const void *data, int64_t begin, int64_t end,
	      double *acc)
{
	struct shape part = *in;
	struct sum_layout s;
	int64_t row = shape_count(in) / in->dim[0];

	part.dim[0] = end - begin;
	sum_layout(&s, &part, axes);
	sum_range(&s, t, (const char *)data + (size_t)(begin * row) * dtype_size(t), 0, s.out_count, acc, NULL);
}
