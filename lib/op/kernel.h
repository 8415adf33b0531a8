/* kernel.h: elementwise kernels written once as an expression and compiled for float and double. Functions of tgmath.h
 * pick the type's version; where glibc's vector library is at hand, the redeclarations below let the compiler call its
 * vector versions inside the loops (otherwise the same loops call the scalar functions). Only for kernel files. */
#ifndef SCIML_OP_KERNEL_H
#define SCIML_OP_KERNEL_H

#include "config.h"

#include <math.h>

#include "graph/op_class.h"
#include "num/wide.h"
#include "op/rule.h"

#if defined(HAVE_LIBMVEC) && defined(__GNUC__) && !defined(__clang__)
#define OP_SIMD __attribute__((simd("notinbranch")))
#define OP_VECTOR_FUNCTION(NAME)                                                                                       \
	OP_SIMD double NAME(double);                                                                                   \
	OP_SIMD float NAME##f(float);
OP_VECTOR_FUNCTION(exp)
OP_VECTOR_FUNCTION(expm1)
OP_VECTOR_FUNCTION(log)
OP_VECTOR_FUNCTION(log1p)
OP_VECTOR_FUNCTION(sin)
OP_VECTOR_FUNCTION(cos)
OP_VECTOR_FUNCTION(tanh)
OP_VECTOR_FUNCTION(erf)
OP_VECTOR_FUNCTION(asin)
OP_VECTOR_FUNCTION(acos)
OP_VECTOR_FUNCTION(atan)
OP_SIMD double pow(double, double);
OP_SIMD float powf(float, float);
#endif

#include <tgmath.h>

/* EXPRESSION of x, y, z (arguments 0, 1, 2), real (the type) and c (the real parameter, 0 if there is none). */
#define OP_KERNEL_T(NAME, REAL, SUFFIX, N_ARGS, PARAMETER, EXPRESSION)                                                 \
	static void NAME##_##SUFFIX(int64_t n, REAL *out, const REAL *const *in, const void *attr)                     \
	{                                                                                                              \
		typedef REAL real;                                                                                     \
		const real *x_in = WIDE_ALIGNED(in[0]), *y_in = WIDE_ALIGNED(in[(N_ARGS) > 1 ? 1 : 0]);                \
		const real *z_in = WIDE_ALIGNED(in[(N_ARGS) > 2 ? 2 : 0]);                                             \
		const real c = (PARAMETER) ? (real)((const struct op_real *)attr)->value : 0;                          \
		real *result = WIDE_ALIGNED(out);                                                                      \
                                                                                                                       \
		n &= -(int64_t)OP_LANES;                                                                               \
		WIDE_INDEPENDENT for (int64_t i = 0; i < n; i++)                                                       \
		{                                                                                                      \
			const real x = x_in[i], y = y_in[i], z = z_in[i];                                              \
                                                                                                                       \
			(void)x, (void)y, (void)z, (void)c;                                                            \
			result[i] = (EXPRESSION);                                                                      \
		}                                                                                                      \
	}
#define OP_KERNEL(NAME, N_ARGS, PARAMETER, EXPRESSION)                                                                 \
	OP_KERNEL_T(NAME, float, f, N_ARGS, PARAMETER, EXPRESSION)                                                     \
	OP_KERNEL_T(NAME, double, d, N_ARGS, PARAMETER, EXPRESSION)
#define OP_UNARY(NAME, EXPRESSION) OP_KERNEL(NAME, 1, 0, EXPRESSION)
#define OP_UNARY_REAL(NAME, EXPRESSION) OP_KERNEL(NAME, 1, 1, EXPRESSION)
#define OP_BINARY(NAME, EXPRESSION) OP_KERNEL(NAME, 2, 0, EXPRESSION)
#define OP_BLOCK_OF(NAME)                                                                                              \
	{                                                                                                              \
		NAME##_f, NAME##_d                                                                                     \
	}

/* One argument with values in [LO, HI]. */
#define OP_SAMPLE1(LO, HI)                                                                                             \
	{                                                                                                              \
		1, { { DTYPE_F64, { 2, { 3, 7 } }, LO, HI } }, NULL, 0                                                 \
	}

#endif
