/* op.h: builders of the op table's members. Binary ops broadcast by NumPy's rules. Every builder returns NODE_NONE when
 * the graph is in error, and passes NODE_NONE arguments on as errors. Axes may be negative (from the end). */
#ifndef SCIML_OP_OP_H
#define SCIML_OP_OP_H

#include "graph/op_class.h"

/* elementwise.c: arithmetic */
node op_add(struct graph *g, node a, node b);
node op_sub(struct graph *g, node a, node b);
node op_mul(struct graph *g, node a, node b);
node op_div(struct graph *g, node a, node b);
node op_neg(struct graph *g, node a);
node op_scale(struct graph *g, node a, double factor); /* attr, not a constant node */
node op_shift(struct graph *g, node a, double offset);
node op_recip(struct graph *g, node a);
node op_square(struct graph *g, node a);
node op_sqrt(struct graph *g, node a);
node op_power(struct graph *g, node a, double exponent);
node op_abs(struct graph *g, node a);
node op_sign(struct graph *g, node a);
node op_max(struct graph *g, node a, node b);
node op_min(struct graph *g, node a, node b);
node op_less(struct graph *g, node a, node b); /* 1 where a < b else 0, same real type */
node op_where(struct graph *g, node condition, node a,
	      node b); /* condition != 0 ? a : b; no NaN leaks from the other side */

/* transcendental.c */
node op_exp(struct graph *g, node a);
node op_expm1(struct graph *g, node a);
node op_log(struct graph *g, node a);
node op_log1p(struct graph *g, node a);
node op_sin(struct graph *g, node a);
node op_cos(struct graph *g, node a);
node op_tanh(struct graph *g, node a);
node op_sigmoid(struct graph *g, node a);
node op_erf(struct graph *g, node a);
node op_asin(struct graph *g, node a);
node op_acos(struct graph *g, node a);
node op_atan(struct graph *g, node a);

/* activation.c: fused kernels whose derivative rules are ops */
node op_relu(struct graph *g, node a);
node op_leaky_relu(struct graph *g, node a, double slope);
node op_elu(struct graph *g, node a);
node op_gelu(struct graph *g, node a); /* x (1 + erf(x/sqrt 2)) / 2, the exact form */
node op_silu(struct graph *g, node a);
node op_softplus(struct graph *g, node a);

/* structure.c: types and shapes */
node op_cast(struct graph *g, node a, enum dtype t);
node op_stop_gradient(struct graph *g, node a);
node op_reshape(struct graph *g, node a, const struct shape *s);
node op_broadcast(struct graph *g, node a, const struct shape *s);
node op_permute(struct graph *g, node a, const int *axis); /* out axis i = in axis axis[i] */
node op_slice(struct graph *g, node a, int axis, int64_t start, int64_t count, int64_t step);
node op_pad_zero(struct graph *g, node a, int axis, int64_t before, int64_t after, int64_t step); /* adjoint of slice */
node op_concat(struct graph *g, int n, const node *a, int axis);
node op_flip(struct graph *g, node a, int axis);
node op_zeros_like(struct graph *g, node a);
node op_ones_like(struct graph *g, node a);

/* reduce.c; axes as a bit mask; keep: reduced axes stay with extent 1 */
node op_sum(struct graph *g, node a, unsigned axes, bool keep);
node op_mean(struct graph *g, node a, unsigned axes, bool keep);
node op_sum_all(struct graph *g, node a); /* rank 0 */
node op_mean_all(struct graph *g, node a);
node op_sum_to(struct graph *g, node a, const struct shape *s);	     /* adjoint of broadcast */
node op_max_over(struct graph *g, node a, unsigned axes, bool keep); /* subgradient shared by equal maxima */
node op_cumsum(struct graph *g, node a, int axis, bool exclusive, bool reverse);
unsigned op_axes(int first, int last); /* mask of axes first..last, both non-negative */

/* contract.c: general contraction of two arrays, "bcn,oc->bon": each letter an axis; letters in both inputs and the
 * result are batched, letters missing from the result are summed. A letter may not stand in one input only unless it is
 * in the result. Its derivatives are contractions. */
node op_contract(struct graph *g, const char *formula, node a, node b);
node op_matmul(struct graph *g, node a, node b); /* (..., m, k) (k, n) or (..., m, k) (..., k, n) */

/* complex.c: complex numbers are a last axis of 2 */
node op_complex_mul(struct graph *g, node a, node b); /* broadcasting over the other axes */
node op_complex_conj(struct graph *g, node a);
/* As op_contract for complex arrays (letters name the axes without the last), with either side conjugated. */
node op_complex_contract(struct graph *g, const char *formula, node a, bool conj_a, node b, bool conj_b);

/* fft.c: over the last n_dims axes (before the complex one), 1 to 4. Convention everywhere: forward carries 1/N,
 * inverse 1. */
node op_fft(struct graph *g, node a, int n_dims); /* complex -> complex */
node op_ifft(struct graph *g, node a, int n_dims);
node op_rfft(struct graph *g, node a, int n_dims); /* real (..., n) -> complex (..., n/2+1, 2) */
node op_irfft(struct graph *g, node a, int n_dims,
	      int64_t last); /* complex half spectrum -> real, last axis `last` long */

/* spectral.c: y = irfft_M(W_k rfft_N(x)) on the retained modes, made of the three ops of modes.h. x (b, ci, N...), w
 * (ci, co, K..., 2) with K_d = 2 m_d centred modes -m_d .. m_d-1 on all but the last space axis, and m modes 0 .. m-1
 * on the last; y (b, co, M...). out_size NULL: M = N. n_dims 1 to 3. Modes beyond either grid's Nyquist are refused. */
node op_spectral(struct graph *g, node x, node w, int n_dims, const int64_t *out_size);

/* conv.c: cross-correlation, no padding. x (b, ci, N...), w (co, ci/groups, k...); 1 to 3 space axes. */
struct op_conv_shape {
	int n_dims;
	int64_t stride[3], dilation[3];
	int64_t groups;
};
node op_conv(struct graph *g, node x, node w, const struct op_conv_shape *c);
/* Its adjoint in x: y (b, co, M...) -> (b, ci, size...); the transposed convolution. */
node op_conv_transpose(struct graph *g, node y, node w, const struct op_conv_shape *c, const int64_t *size);

/* linmap.c: constant sparse linear map along one axis: out[i] = sum_j A_ij in[j] (CSR). Padding of every kind, pooling
 * by mean, up-sampling, interpolation, finite differences and Fourier resizing are such maps. */
struct linmap; /* immutable; owned by the graph that interned it */
node op_linmap(struct graph *g, node a, int axis, const struct linmap *map);
enum pad_mode { PAD_ZERO, PAD_PERIODIC, PAD_REFLECT, PAD_REPLICATE };
node op_pad(struct graph *g, node a, int axis, int64_t before, int64_t after, enum pad_mode mode);
node op_mean_pool(struct graph *g, node a, int axis, int64_t window, int64_t stride);
node op_upsample_nearest(struct graph *g, node a, int axis, int64_t factor);
node op_resize_linear(struct graph *g, node a, int axis, int64_t size, bool align_corners);
node op_resize_fourier(struct graph *g, node a, int axis, int64_t size);
node op_difference(struct graph *g, node a, int axis, bool periodic,
		   double spacing); /* central; one-sided 1st order at walls */

/* index.c */
node op_gather(struct graph *g, node a, node index, int axis);			  /* int32 index of rank 1 */
node op_scatter_add(struct graph *g, node a, node index, int axis, int64_t size); /* adjoint of gather; segment sum */
node op_max_pool(struct graph *g, node a, int n_dims, const int64_t *window, const int64_t *stride);
node op_sort(struct graph *g, node a);		   /* along the last axis, ascending */
node op_top_k(struct graph *g, node a, int64_t k); /* k largest, descending */

/* softmax.c: compositions */
node op_softmax(struct graph *g, node a, int axis);
node op_log_softmax(struct graph *g, node a, int axis);

/* linalg.c: batched over leading axes, computed in double. A non-positive-definite or singular matrix gives NaN. */
node op_solve(struct graph *g, node a, node b); /* a (..., n, n), b (..., n, m) -> a^-1 b, LU */
node op_cholesky(struct graph *g, node a);	/* lower L, a = L L^T */
node op_solve_triangular(struct graph *g, node l, node b, bool transpose); /* lower triangle of l */
node op_log_det(struct graph *g, node a);				   /* log |det a| */

/* quadratic_program.c: argmin 1/2 z'Qz + q'z subject to G z <= h and A z = b, a program a row of the batch: Q (b, n,
 * n), whose symmetric part is positive definite (or is on what A leaves free), q (b, n), G (b, m, n), h (b, m), A (b,
 * p, n) of rank p, b (b, p); NODE_NONE for G or A: no such constraints. In double; NaN where there is no solution.
 * multipliers (NULL: not wanted): (b, m + p), of G z <= h and of A z = b. Derivatives need that a bound that holds with
 * equality has a multiplier that is not zero. */
node op_quadratic_program(struct graph *g, node Q, node q, node G, node h, node A, node b, node *multipliers);

/* random.c: pure function of the seed words: key int32 (4) = seed low, seed high, step low, step high. */
node op_random_uniform(struct graph *g, node key, const struct shape *s, const char *purpose);
node op_random_normal(struct graph *g, node key, const struct shape *s, const char *purpose);

#endif
