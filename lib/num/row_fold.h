/* row_fold.h: sums and largest values of rows that lie one behind the other, included once per type with REAL and NAME.
 * A row alone is folded lane by lane; as many rows as a vector has lanes are folded together, by the same additions:
 * whether a row has company does not show in its sum. */
#include <math.h>

#ifndef SCIML_NUM_ROW_FOLD_H
#define SCIML_NUM_ROW_FOLD_H

#include "num/wide.h"

enum {
	FOLD_RUN = 1024, /* elements summed in the array's own type before they enter a double */
	FOLD_LANES = 32	 /* partial sums within a run */
};

/* x where it is larger than m, and where it is NaN: that wins over every number. */
#define FOLD_LARGER(x, m) ((((x) > (m)) | ((x) != (x))) ? (x) : (m))
#if defined WIDE_VECTOR && defined __AVX512F__
#define FOLD_MAX_f(x, m) ((wide_f)_mm512_max_ps((__m512)(x), (__m512)(m)))
#define FOLD_MAX_d(x, m) ((wide_d)_mm512_max_pd((__m512d)(x), (__m512d)(m)))
#elif defined WIDE_VECTOR && defined __FMA__ && defined __AVX2__
#define FOLD_MAX_f(x, m) ((wide_f)_mm256_max_ps((__m256)(x), (__m256)(m)))
#define FOLD_MAX_d(x, m) ((wide_d)_mm256_max_pd((__m256d)(x), (__m256d)(m)))
#elif defined WIDE_VECTOR
#define FOLD_BITS(T, x, m, larger) ((T)(((larger) & (__typeof__(larger))(x)) | (~(larger) & (__typeof__(larger))(m))))
#define FOLD_MAX_f(x, m) FOLD_BITS(wide_f, x, m, (x) > (m))
#define FOLD_MAX_d(x, m) FOLD_BITS(wide_d, x, m, (x) > (m))
#else
#define FOLD_MAX_f(x, m) ((x) > (m) ? (x) : (m))
#define FOLD_MAX_d(x, m) ((x) > (m) ? (x) : (m))
#endif
#define FOLD_ADD(a, b) ((a) + (b))

#endif

#define WIDTH NAME(WIDE)
typedef NAME(wide) NAME(fold_vec);

/* One halving of vectors: those i and i + S become one, with the lanes of the first where bit S of the lane is not set.
 * After all of them lane e of x[0] is the fold of x[e]. */
#define HALVE(S, COMBINE)                                                                                              \
	if (S < WIDTH)                                                                                                 \
		WIDE_UNROLL for (int i = 0; i < S; i++)                                                                \
		{                                                                                                      \
			const NAME(fold_vec) a = x[i], b = x[i + (S < WIDTH ? S : 0)];                                 \
                                                                                                                       \
			x[i] = COMBINE(NAME(WIDE_SHUFFLE)(a, b, WIDE_HIGH, (S < WIDTH ? S : 0)),                       \
				       NAME(WIDE_SHUFFLE)(a, b, WIDE_LOW, (S < WIDTH ? S : 0)));                       \
		}

WIDE_INLINE void NAME(fold_sums)(NAME(fold_vec) x[WIDTH]){ HALVE(8, FOLD_ADD) HALVE(4, FOLD_ADD) HALVE(2, FOLD_ADD)
								   HALVE(1, FOLD_ADD) }

WIDE_INLINE void NAME(fold_maxima)(NAME(fold_vec) x[WIDTH])
{
	HALVE(8, NAME(FOLD_MAX)) HALVE(4, NAME(FOLD_MAX)) HALVE(2, NAME(FOLD_MAX)) HALVE(1, NAME(FOLD_MAX))
}

/* Elements first .. first + m - 1 of each of WIDTH rows: m is a multiple of FOLD_LANES. */
static inline void NAME(fold_run)(const REAL *in, int64_t n, int64_t m, double total[WIDTH])
{
	enum { VECTORS = FOLD_LANES / WIDTH };
	NAME(fold_vec) x[WIDTH];
	REAL sum[WIDTH];

	for (int r = 0; r < WIDTH; r++, in += n) {
		NAME(fold_vec) lane[VECTORS] = { 0 };

		for (int64_t i = 0; i < m; i += FOLD_LANES)
			WIDE_UNROLL for (int v = 0; v < VECTORS; v++)
			{
				NAME(fold_vec) next;

				memcpy(&next, in + i + v * WIDTH, sizeof next);
				lane[v] += next;
			}
		for (int half = VECTORS / 2; half > 0; half /= 2)
			for (int v = 0; v < half; v++)
				lane[v] += lane[v + half];
		x[r] = lane[0];
	}
	NAME(fold_sums)(x);
	memcpy(sum, &x[0], sizeof sum);
	for (int r = 0; r < WIDTH; r++)
		total[r] += (double)sum[r];
}

static inline double NAME(row_sum)(const REAL *in, int64_t n)
{
	double total = 0;

	for (; n >= FOLD_LANES; in += FOLD_RUN, n -= FOLD_RUN) {
		REAL lane[FOLD_LANES] = { 0 };
		const int64_t m = (n < FOLD_RUN ? n : FOLD_RUN) / FOLD_LANES * FOLD_LANES;

		for (int64_t i = 0; i < m; i += FOLD_LANES)
			for (int k = 0; k < FOLD_LANES; k++)
				lane[k] += in[i + k];
		for (int width = FOLD_LANES / 2; width > 0; width /= 2)
			for (int k = 0; k < width; k++)
				lane[k] += lane[k + width];
		total += (double)lane[0];
		if (n < FOLD_RUN) {
			in += m;
			n -= m;
			break;
		}
	}
	for (int64_t i = 0; i < n; i++)
		total += (double)in[i];
	return total;
}

/* sum[r] = the sum of row r of n elements */
static inline void NAME(row_sums)(int64_t rows, int64_t n, const REAL *in, double *sum)
{
	for (; rows >= WIDTH && WIDTH > 1 && n >= FOLD_LANES; rows -= WIDTH, in += WIDTH * n, sum += WIDTH) {
		int64_t at = 0;

		for (int r = 0; r < WIDTH; r++)
			sum[r] = 0;
		for (int64_t m; n - at >= FOLD_LANES; at += m) {
			m = (n - at < FOLD_RUN ? n - at : FOLD_RUN) / FOLD_LANES * FOLD_LANES;
			NAME(fold_run)(in + at, n, m, sum);
		}
		for (int r = 0; r < WIDTH && at < n; r++)
			for (int64_t i = at; i < n; i++)
				sum[r] += (double)in[r * n + i];
	}
	for (; rows > 0; rows--, in += n)
		*sum++ = NAME(row_sum)(in, n);
}

static inline REAL NAME(row_maximum)(const REAL *in, int64_t n)
{
	REAL lane[FOLD_LANES], m = (REAL)-INFINITY;
	int64_t i = 0;

	for (int j = 0; j < FOLD_LANES; j++)
		lane[j] = m;
	for (; i + FOLD_LANES <= n; i += FOLD_LANES)
		for (int j = 0; j < FOLD_LANES; j++)
			lane[j] = FOLD_LARGER(in[i + j], lane[j]);
	for (; i < n; i++)
		m = FOLD_LARGER(in[i], m);
	for (int half = FOLD_LANES / 2; half > 0; half /= 2)
		for (int j = 0; j < half; j++)
			lane[j] = FOLD_LARGER(lane[j + half], lane[j]);
	return FOLD_LARGER(lane[0], m) + 0; /* a zero without its sign, which would tell the order of the lanes */
}

/* largest[r] = the largest element of row r, NaN where there is one, +0 for zeros of any sign */
static inline void NAME(row_maxima)(int64_t rows, int64_t n, const REAL *in, REAL *largest)
{
	for (; rows >= WIDTH && WIDTH > 1 && n >= WIDTH; rows -= WIDTH, in += WIDTH * n, largest += WIDTH) {
		NAME(fold_vec) x[WIDTH], s[WIDTH];
		REAL sum[WIDTH];

		for (int r = 0; r < WIDTH; r++) {
			const REAL *row = in + r * n;
			NAME(fold_vec) next;

			memcpy(&x[r], row, sizeof next);
			s[r] = x[r];
			for (int64_t i = WIDTH; i < n; i += WIDTH) {
				/* the last vector may begin within the one before */
				memcpy(&next, row + (i < n - WIDTH ? i : n - WIDTH), sizeof next);
				x[r] = NAME(FOLD_MAX)(next, x[r]);
				s[r] += next;
			}
		}
		NAME(fold_maxima)(x);
		NAME(fold_sums)(s);
		x[0] += (NAME(fold_vec)){ 0 };
		memcpy(largest, &x[0], sizeof x[0]);
		memcpy(sum, &s[0], sizeof sum);
		/* NaN among the elements makes their sum NaN, and so may infinite ones */
		for (int r = 0; r < WIDTH; r++)
			if (sum[r] != sum[r])
				largest[r] = NAME(row_maximum)(in + r * n, n);
	}
	for (; rows > 0; rows--, in += n)
		*largest++ = NAME(row_maximum)(in, n);
}
#undef WIDTH
#undef HALVE
