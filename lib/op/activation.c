/* activation.c: activation functions as single kernels. Where a slope is worth a kernel of its own it is an op with a
 * rule of its own, so that any order of derivative works. */
#include "op/kernel.h"

static const double HALF_ROOT = 0.70710678118654752440;	     /* 1 / sqrt 2 */
static const double NORMAL_DENSITY = 0.39894228040143267794; /* 1 / sqrt(2 pi) */

OP_UNARY(relu, x < 0 ? 0 : x)
OP_UNARY_REAL(leaky_relu, x < 0 ? c * x : x)
OP_UNARY(elu, x < 0 ? expm1(x < 0 ? x : 0) : x)
OP_UNARY(elu_slope, exp(x < 0 ? x : 0))
#define GELU(x) x *(1 + erf(x * (real)HALF_ROOT)) * (real)0.5
#define GELU_SLOPE(x) (1 + erf(x * (real)HALF_ROOT)) * (real)0.5 + x *(real)NORMAL_DENSITY *exp(x *x *(real)-0.5)
OP_KERNEL_T(gelu, double, d, 1, 0, GELU(x))
OP_KERNEL_T(gelu_slope, double, d, 1, 0, GELU_SLOPE(x))

/* In float one polynomial each, no erf and no exp: the normal distribution is 1/2 + x P(x^2), the slope of GELU
 * 1/2 + x S(x^2), and P and S are entire. Least deviation over |x| <= c, in t = 2 (x / c)^2 - 1: 1.3e-8 (c = 5.2) and
 * 2.9e-8 (c = 5.8); rounding makes 1.1e-7 and 2.3e-7 of it. Outside both are constant to 1e-7. */
#ifdef __FMA__
#define HORNER(s, t, a) fmaf(s, t, a)
#else
#define HORNER(s, t, a) ((s) * (t) + (a))
#endif
#define NORMAL_END 5.2F
#define SLOPE_END 5.8F

/* The argument to where the polynomial holds; NaN stays. */
static inline float within(float x, float end)
{
	return x < -end ? -end : x > end ? end : x;
}

static inline float normal_distribution(float x)
{
	const float t = HORNER(x * x, 2 / (NORMAL_END * NORMAL_END), -1);
	float s = 2.02358075e-04F;

	s = HORNER(s, t, -5.62277506e-04F);
	s = HORNER(s, t, 6.00864412e-04F);
	s = HORNER(s, t, -9.78554366e-04F);
	s = HORNER(s, t, 2.66230735e-03F);
	s = HORNER(s, t, -5.06732380e-03F);
	s = HORNER(s, t, 8.01017601e-03F);
	s = HORNER(s, t, -1.23533839e-02F);
	s = HORNER(s, t, 1.81338955e-02F);
	s = HORNER(s, t, -2.47634426e-02F);
	s = HORNER(s, t, 3.19623277e-02F);
	s = HORNER(s, t, -3.99253964e-02F);
	s = HORNER(s, t, 5.00261113e-02F);
	s = HORNER(s, t, -6.77438080e-02F);
	s = HORNER(s, t, 1.35949984e-01F);
	return HORNER(s, x, 0.5F);
}

static inline float normal_slope(float x)
{
	const float t = HORNER(x * x, 2 / (SLOPE_END * SLOPE_END), -1);
	float s = -2.92492565e-03F;

	s = HORNER(s, t, 7.33454060e-03F);
	s = HORNER(s, t, -2.94571975e-03F);
	s = HORNER(s, t, 3.65930551e-04F);
	s = HORNER(s, t, -1.78479329e-02F);
	s = HORNER(s, t, 3.49667482e-02F);
	s = HORNER(s, t, -3.65752876e-02F);
	s = HORNER(s, t, 4.37336899e-02F);
	s = HORNER(s, t, -6.02952205e-02F);
	s = HORNER(s, t, 6.97617978e-02F);
	s = HORNER(s, t, -6.96797967e-02F);
	s = HORNER(s, t, 6.50877133e-02F);
	s = HORNER(s, t, -5.77153340e-02F);
	s = HORNER(s, t, 5.01604825e-02F);
	s = HORNER(s, t, -4.61970419e-02F);
	s = HORNER(s, t, 4.86359559e-02F);
	s = HORNER(s, t, -6.16574697e-02F);
	s = HORNER(s, t, 1.21998772e-01F);
	return HORNER(s, x, 0.5F);
}

OP_KERNEL_T(gelu, float, f, 1, 0,
	    x *(x<-NORMAL_END ? 0 : x> NORMAL_END ? 1 : normal_distribution(within(x, NORMAL_END))))
OP_KERNEL_T(gelu_slope, float, f, 1, 0, normal_slope(within(x, SLOPE_END)))
OP_UNARY(silu, x / (1 + exp(-x)))
OP_UNARY(silu_slope, (1 + x - x / (1 + exp(-x))) / (1 + exp(-x)))
OP_UNARY(softplus, (x < 0 ? 0 : x) + log1p(exp(-fabs(x))))

static node positive(struct graph *g, node a)
{
	return op_less(g, op_number(g, a, 0), a);
}

static node push_relu(struct graph *g, node self, int k, node t)
{
	return op_mul(g, t, positive(g, op_arg(g, self, k)));
}

static node push_leaky(struct graph *g, node self, int k, node t)
{
	double slope = ((const struct op_real *)graph_at(g, self)->attr)->value;

	return op_mul(g, t, op_shift(g, op_scale(g, positive(g, op_arg(g, self, k)), 1 - slope), slope));
}

static const struct op_class elu_slope_op, gelu_slope_op, silu_slope_op;

static node push_elu(struct graph *g, node self, int k, node t)
{
	return op_mul(g, t, op_apply1(g, &elu_slope_op, op_arg(g, self, k), NULL));
}

/* exp(x) below 0, nothing above */
static node push_elu_slope(struct graph *g, node self, int k, node t)
{
	node x = op_arg(g, self, k);

	return op_mul(g, op_mul(g, t, self), op_less(g, x, op_number(g, x, 0)));
}

static node push_gelu(struct graph *g, node self, int k, node t)
{
	return op_mul(g, t, op_apply1(g, &gelu_slope_op, op_arg(g, self, k), NULL));
}

/* phi(x) (2 - x^2), phi the normal density */
static node push_gelu_slope(struct graph *g, node self, int k, node t)
{
	node square = op_square(g, op_arg(g, self, k));
	node density = op_scale(g, op_exp(g, op_scale(g, square, -0.5)), NORMAL_DENSITY);

	return op_mul(g, t, op_mul(g, density, op_shift(g, op_neg(g, square), 2)));
}

static node push_silu(struct graph *g, node self, int k, node t)
{
	return op_mul(g, t, op_apply1(g, &silu_slope_op, op_arg(g, self, k), NULL));
}

/* s (1 - s) (2 + x (1 - 2 s)), s the logistic function */
static node push_silu_slope(struct graph *g, node self, int k, node t)
{
	node x = op_arg(g, self, k), s = op_sigmoid(g, x);
	node bell = op_sub(g, s, op_square(g, s));
	node rest = op_shift(g, op_mul(g, x, op_shift(g, op_scale(g, s, -2), 1)), 2);

	return op_mul(g, t, op_mul(g, bell, rest));
}

static node push_softplus(struct graph *g, node self, int k, node t)
{
	return op_mul(g, t, op_sigmoid(g, op_arg(g, self, k)));
}

static const struct op_sample any_samples[] = { OP_SAMPLE1(-3, 3) };
static const struct op_sample kinked[] = { OP_SAMPLE1(0.2, 2), OP_SAMPLE1(-2, -0.2) };
static const struct op_real slope = { 0.1 };
static const struct op_sample leaky_samples[] = { { 1, { { DTYPE_F64, { 2, { 3, 7 } }, 0.2, 2 } }, &slope, 0 },
						  { 1, { { DTYPE_F64, { 2, { 3, 7 } }, -2, -0.2 } }, &slope, 0 } };

#define FUNCTION(VARIABLE, HELP, PUSH, SAMPLES)                                                                        \
	static const struct op_class VARIABLE##_op = { .name = #VARIABLE,                                              \
						       .help = HELP,                                                   \
						       .arity = 1,                                                     \
						       .infer = op_infer_same,                                         \
						       .vjp = PUSH,                                                    \
						       .jvp = PUSH,                                                    \
						       .block = OP_BLOCK_OF(VARIABLE),                                 \
						       OP_SAMPLES(SAMPLES) };
FUNCTION(relu, "max(a, 0)", push_relu, kinked)
FUNCTION(elu, "a above 0, exp a - 1 below", push_elu, kinked)
FUNCTION(elu_slope, "exp(min(a, 0))", push_elu_slope, kinked)
FUNCTION(gelu, "a (1 + erf(a / sqrt 2)) / 2", push_gelu, any_samples)
FUNCTION(gelu_slope, "the derivative of gelu", push_gelu_slope, any_samples)
FUNCTION(silu, "a / (1 + exp(-a))", push_silu, any_samples)
FUNCTION(silu_slope, "the derivative of silu", push_silu_slope, any_samples)
FUNCTION(softplus, "log(1 + exp a)", push_softplus, any_samples)
static const struct op_class leaky_relu_op = { .name = "leaky_relu",
					       .help = "a above 0, slope a below",
					       .arity = 1,
					       .attr_size = sizeof(struct op_real),
					       .infer = op_infer_same,
					       .vjp = push_leaky,
					       .jvp = push_leaky,
					       .block = OP_BLOCK_OF(leaky_relu),
					       OP_SAMPLES(leaky_samples) };

const struct op_class *const op_file_activation[] = {
	&relu_op,	&leaky_relu_op, &elu_op,	&elu_slope_op, &gelu_op,
	&gelu_slope_op, &silu_op,	&silu_slope_op, &softplus_op,  NULL,
};

node op_relu(struct graph *g, node a)
{
	return op_apply1(g, &relu_op, a, NULL);
}

node op_leaky_relu(struct graph *g, node a, double value)
{
	return op_apply_real(g, &leaky_relu_op, a, value);
}

node op_elu(struct graph *g, node a)
{
	return op_apply1(g, &elu_op, a, NULL);
}

node op_gelu(struct graph *g, node a)
{
	return op_apply1(g, &gelu_op, a, NULL);
}

node op_silu(struct graph *g, node a)
{
	return op_apply1(g, &silu_op, a, NULL);
}

node op_softplus(struct graph *g, node a)
{
	return op_apply1(g, &softplus_op, a, NULL);
}
