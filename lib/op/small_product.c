/* small_product.c: products with one small matrix, in registers. */
#include "op/small_product.h"

#include "op/lanes.h"

enum { SMALL = 64 * 64, TERMS = 256 };

#define REAL float
#define NAME(x) x##_f
#include "op/small_product_kernel.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) x##_d
#include "op/small_product_kernel.h"
