/* fft.h: Fourier, cosine and sine transforms over FFTW3, unnormalised: forward then backward multiplies by the number
 * of points. Equal plans are shared; planning is serialised and depends on the description alone, and values do not
 * depend on the alignment of the caller's arrays, so equal input gives equal bits. */
#ifndef SCIML_NUM_FFT_H
#define SCIML_NUM_FFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { FFT_DIMS_MAX = 4 };

/* N: the extent n of an axis. Transforms of several axes are products of these. */
enum fft_kind {
	FFT_FORWARD,   /* complex: y_k = sum_j x_j exp(-2 pi i j k / N) */
	FFT_BACKWARD,  /* complex: y_k = sum_j x_j exp(+2 pi i j k / N) */
	FFT_REAL,      /* real -> complex forward; the last axis of the result has N/2+1 entries */
	FFT_REAL_BACK, /* complex half spectrum -> real, backward; n is the extent of the real side */
	FFT_DCT1, /* y_k = x_0 + (-1)^k x_{N-1} + 2 sum_{j=1}^{N-2} x_j cos(pi j k / (N-1)); own inverse, / 2(N-1); N >= 2 */
	FFT_DCT2, /* y_k = 2 sum_j x_j cos(pi (j+1/2) k / N) */
	FFT_DCT3, /* y_k = x_0 + 2 sum_{j>0} x_j cos(pi j (k+1/2) / N); inverse of DCT-II, / 2N */
	FFT_DST1, /* y_k = 2 sum_j x_j sin(pi (j+1)(k+1) / (N+1)); own inverse, / 2(N+1) */
	FFT_DST2, /* y_k = 2 sum_j x_j sin(pi (j+1/2)(k+1) / N) */
	FFT_DST3, /* y_k = (-1)^k x_{N-1} + 2 sum_{j<N-1} x_j sin(pi (j+1)(k+1/2) / N); inverse of DST-II, / 2N */
};

/* Strides count elements of their side: complex numbers where that side is complex, else reals. */
struct fft_axis {
	int64_t n, in_stride, out_stride;
};

struct fft_shape {
	enum fft_kind kind;
	bool single;   /* float, else double */
	bool in_place; /* in and out will be the same array */
	bool spoils;   /* FFT_REAL_BACK over one axis may use in as work space: keeping it costs half as much again */
	int n_dims;    /* transformed axes, 1 .. FFT_DIMS_MAX */
	struct fft_axis dim[FFT_DIMS_MAX];
	int n_batch; /* 0 .. FFT_DIMS_MAX axes to loop over */
	struct fft_axis batch[FFT_DIMS_MAX];
};

/* The usual case: `batch` transforms of n_dims axes, row-major and contiguous on both sides. */
struct fft_shape fft_contiguous(enum fft_kind kind, bool single, int n_dims, const int64_t *n, int64_t batch);

struct fft_plan;
/* NULL when FFTW refuses the description. Freed with fft_plan_free by each who asked for it. */
struct fft_plan *fft_plan_new(const struct fft_shape *s, struct err *e);
void fft_plan_free(struct fft_plan *p);

/* Transform; any number of threads may run one plan at the same time on different arrays. in is kept, except that
 * FFT_REAL_BACK uses it as work space over two or more axes, or where the shape says so. Arrays aligned to 16 bytes
 * are transformed where they are; others go through aligned copies, which are allocated. */
void fft_run(const struct fft_plan *p, void *in, void *out);

#endif
