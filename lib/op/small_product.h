/* small_product.h: matrix products with one small matrix, as layers of twenty or a hundred neurons have: BLAS spends
 * more time on packing and calling than on these. */
#ifndef SCIML_OP_SMALL_PRODUCT_H
#define SCIML_OP_SMALL_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

/* C = op(A) op(B), or C += with add, row-major: op(A) m x k, op(B) k x n. Every element is one sum in the order of its
 * terms (in parts of 256). False, with nothing done: the extents are not for this. */
bool small_product_f(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
		     const float *b, int64_t ldb, bool add, float *c, int64_t ldc);
bool small_product_d(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
		     const double *b, int64_t ldb, bool add, double *c, int64_t ldc);

#endif
