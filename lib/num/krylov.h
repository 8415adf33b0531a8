/* krylov.h: linear systems known by their products alone. */
#ifndef SCIML_NUM_KRYLOV_H
#define SCIML_NUM_KRYLOV_H

#include <stdint.h>

#include "base/err.h"

typedef int (*num_product)(void *context, const double *x, double *ax, struct err *e);

/* A x = b by GMRES(restart) (Saad, Schultz 1986), modified Gram-Schmidt, Givens rotations; x: first guess, then the
 * solution. Ends when |b - A x| <= rtol |b| + atol, or after max_products products. *products, *residual (|b - A x| as
 * the recursion knows it) may be NULL. 0 converged, 1 not, -1 the product failed. */
int num_gmres(int64_t n, num_product product, void *context, const double *b, double rtol, double atol, int restart,
	      int64_t max_products, double *x, int64_t *products, double *residual, struct err *e);

#endif
