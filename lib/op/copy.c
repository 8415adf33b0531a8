/* copy.c: strided copies. Axes that are contiguous in both arrays are merged; then rows are copied as a whole where
 * both sides have unit stride, and otherwise in square tiles over the two fastest axes, so that every cache line that
 * is read or written is used up. */
#include "op/copy.h"

#include <string.h>

enum { TILE = 16 };

struct axes {
	int n;
	int64_t dim[COPY_AXES], out[COPY_AXES], in[COPY_AXES];
};

#ifdef __GNUC__
typedef uint32_t word4 __attribute__((may_alias));
typedef uint64_t word8 __attribute__((may_alias));
#else
typedef uint32_t word4;
typedef uint64_t word8;
#endif

/* Square blocks transposed in registers: BLOCK rows of in, a register each, become BLOCK rows of out. */
#if defined __GNUC__ && defined __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define COPY_VECTOR 1
#endif
#endif
#ifdef COPY_VECTOR
typedef uint32_t lane4 __attribute__((vector_size(32)));
typedef uint64_t lane8 __attribute__((vector_size(32)));

static inline void block_word4(word4 *out, int64_t so, const word4 *in, int64_t si)
{
	lane4 r[8], t[8];

	for (int j = 0; j < 8; j++)
		memcpy(&r[j], in + j * si, sizeof r[j]);
	for (int j = 0; j < 8; j += 2) {
		t[j] = __builtin_shufflevector(r[j], r[j + 1], 0, 8, 1, 9, 4, 12, 5, 13);
		t[j + 1] = __builtin_shufflevector(r[j], r[j + 1], 2, 10, 3, 11, 6, 14, 7, 15);
	}
	for (int j = 0; j < 8; j += 4) {
		r[j] = __builtin_shufflevector(t[j], t[j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
		r[j + 1] = __builtin_shufflevector(t[j], t[j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
		r[j + 2] = __builtin_shufflevector(t[j + 1], t[j + 3], 0, 1, 8, 9, 4, 5, 12, 13);
		r[j + 3] = __builtin_shufflevector(t[j + 1], t[j + 3], 2, 3, 10, 11, 6, 7, 14, 15);
	}
	for (int j = 0; j < 4; j++) {
		t[j] = __builtin_shufflevector(r[j], r[j + 4], 0, 1, 2, 3, 8, 9, 10, 11);
		t[j + 4] = __builtin_shufflevector(r[j], r[j + 4], 4, 5, 6, 7, 12, 13, 14, 15);
	}
	for (int i = 0; i < 8; i++)
		memcpy(out + i * so, &t[i], sizeof t[i]);
}

static inline void block_word8(word8 *out, int64_t so, const word8 *in, int64_t si)
{
	lane8 r[4], t[4];

	for (int j = 0; j < 4; j++)
		memcpy(&r[j], in + j * si, sizeof r[j]);
	for (int j = 0; j < 4; j += 2) {
		t[j] = __builtin_shufflevector(r[j], r[j + 1], 0, 4, 2, 6);
		t[j + 1] = __builtin_shufflevector(r[j], r[j + 1], 1, 5, 3, 7);
	}
	for (int j = 0; j < 2; j++) {
		r[j] = __builtin_shufflevector(t[j], t[j + 2], 0, 1, 4, 5);
		r[j + 2] = __builtin_shufflevector(t[j], t[j + 2], 2, 3, 6, 7);
	}
	for (int i = 0; i < 4; i++)
		memcpy(out + i * so, &r[i], sizeof r[i]);
}
#else
static inline void block_word4(word4 *out, int64_t so, const word4 *in, int64_t si)
{
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < 8; j++)
			out[i * so + j] = in[i + j * si];
}

static inline void block_word8(word8 *out, int64_t so, const word8 *in, int64_t si)
{
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++)
			out[i * so + j] = in[i + j * si];
}
#endif

#define COPY_KERNELS(WORD, BLOCK)                                                                                      \
	static void line_##WORD(int64_t n, WORD *out, int64_t so, const WORD *in, int64_t si)                          \
	{                                                                                                              \
		if (so == 1)                                                                                           \
			for (int64_t i = 0; i < n; i++)                                                                \
				out[i] = in[i * si];                                                                   \
		else                                                                                                   \
			for (int64_t i = 0; i < n; i++)                                                                \
				out[i * so] = in[i * si];                                                              \
	}                                                                                                              \
	/* out[i so + j] = in[i + j si] for 0 <= i < n, 0 <= j < m */                                                  \
	static void tiles_##WORD(int64_t n, int64_t m, WORD *out, int64_t so, const WORD *in, int64_t si)              \
	{                                                                                                              \
		int64_t whole_n = n / BLOCK * BLOCK, whole_m = m / BLOCK * BLOCK;                                      \
                                                                                                                       \
		for (int64_t i0 = 0; i0 < whole_n; i0 += TILE)                                                         \
			for (int64_t j = 0; j < whole_m; j += BLOCK)                                                   \
				for (int64_t i = i0; i < i0 + TILE && i < whole_n; i += BLOCK)                         \
					block_##WORD(out + i * so + j, so, in + i + j * si, si);                       \
		for (int64_t i = 0; i < n; i++)                                                                        \
			for (int64_t j = i < whole_n ? whole_m : 0; j < m; j++)                                        \
				out[i * so + j] = in[i + j * si];                                                      \
	}
COPY_KERNELS(word4, 8)
COPY_KERNELS(word8, 4)

static void line(size_t size, int64_t n, char *out, int64_t so, const char *in, int64_t si)
{
	if (so == 1 && si == 1)
		memcpy(out, in, (size_t)n * size);
	else if (size == 4)
		line_word4(n, (word4 *)(void *)out, so, (const word4 *)(const void *)in, si);
	else
		line_word8(n, (word8 *)(void *)out, so, (const word8 *)(const void *)in, si);
}

static void tiles(size_t size, int64_t n, int64_t m, char *out, int64_t so, const char *in, int64_t si)
{
	if (size == 4)
		tiles_word4(n, m, (word4 *)(void *)out, so, (const word4 *)(const void *)in, si);
	else
		tiles_word8(n, m, (word8 *)(void *)out, so, (const word8 *)(const void *)in, si);
}

static void take_axis(struct axes *a, int k)
{
	a->n--;
	for (; k < a->n; k++) {
		a->dim[k] = a->dim[k + 1];
		a->out[k] = a->out[k + 1];
		a->in[k] = a->in[k + 1];
	}
}

static void swap_axes(struct axes *a, int i, int k)
{
	int64_t dim = a->dim[i], out = a->out[i], in = a->in[i];

	a->dim[i] = a->dim[k], a->out[i] = a->out[k], a->in[i] = a->in[k];
	a->dim[k] = dim, a->out[k] = out, a->in[k] = in;
}

static void simplify(struct axes *a)
{
	for (int k = a->n; k-- > 0;)
		if (a->dim[k] == 1)
			take_axis(a, k);
	for (int k = a->n - 1; k-- > 0;) {
		if (a->out[k] == a->dim[k + 1] * a->out[k + 1] && a->in[k] == a->dim[k + 1] * a->in[k + 1]) {
			a->dim[k + 1] *= a->dim[k];
			take_axis(a, k);
		}
	}
}

void copy_strided(size_t size, int rank, const int64_t *dim, void *out, const int64_t *out_stride, const void *in,
		  const int64_t *in_stride)
{
	struct axes a = { .n = rank };
	int64_t index[COPY_AXES] = { 0 };
	char *o = out;
	const char *p = in;
	int outer, fast = -1;

	for (int k = 0; k < rank; k++) {
		if (dim[k] < 1)
			return;
		a.dim[k] = dim[k];
		a.out[k] = out_stride[k];
		a.in[k] = in_stride[k];
	}
	simplify(&a);
	if (a.n == 0) {
		memcpy(o, p, size);
		return;
	}
	/* The two inner axes: the one that is contiguous in out last, the one that is contiguous in in before it. */
	for (int k = 0; k < a.n - 1; k++)
		if (a.out[k] == 1)
			swap_axes(&a, k, a.n - 1);
	if (a.out[a.n - 1] == 1 && a.in[a.n - 1] != 1)
		for (int k = 0; k < a.n - 1; k++)
			if (a.in[k] == 1)
				fast = k;
	if (fast >= 0)
		swap_axes(&a, fast, a.n - 2);
	outer = a.n - (fast >= 0 ? 2 : 1);
	for (;;) {
		int k = outer - 1;

		if (fast >= 0)
			tiles(size, a.dim[outer], a.dim[outer + 1], o, a.out[outer], p, a.in[outer + 1]);
		else
			line(size, a.dim[outer], o, a.out[outer], p, a.in[outer]);
		for (; k >= 0; k--) {
			o += a.out[k] * (int64_t)size;
			p += a.in[k] * (int64_t)size;
			if (++index[k] < a.dim[k])
				break;
			o -= a.out[k] * a.dim[k] * (int64_t)size;
			p -= a.in[k] * a.dim[k] * (int64_t)size;
			index[k] = 0;
		}
		if (k < 0)
			return;
	}
}
