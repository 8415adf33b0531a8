/* transcendental.c: elementary functions whose slopes are made of themselves. */
#include "op/kernel.h"

OP_UNARY(exponential, exp(x))
OP_UNARY(exponential_minus_1, expm1(x))
OP_UNARY(logarithm, log(x))
OP_UNARY(logarithm_1_plus, log1p(x))
OP_UNARY(sine, sin(x))
OP_UNARY(cosine, cos(x))
OP_UNARY(hyperbolic_tangent, tanh(x))
OP_UNARY(logistic, 1 / (1 + exp(-x)))
OP_UNARY(error_function, erf(x))
OP_UNARY(arc_sine, asin(x))
OP_UNARY(arc_cosine, acos(x))
OP_UNARY(arc_tangent, atan(x))

static node push_exp(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_mul(g, t, self);
}

static node push_expm1(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_mul(g, t, op_shift(g, self, 1));
}

static node push_log(struct graph *g, node self, int k, node t)
{
	return op_div(g, t, op_arg(g, self, k));
}

static node push_log1p(struct graph *g, node self, int k, node t)
{
	return op_div(g, t, op_shift(g, op_arg(g, self, k), 1));
}

static node push_sin(struct graph *g, node self, int k, node t)
{
	return op_mul(g, t, op_cos(g, op_arg(g, self, k)));
}

static node push_cos(struct graph *g, node self, int k, node t)
{
	return op_neg(g, op_mul(g, t, op_sin(g, op_arg(g, self, k))));
}

/* 1 - y^2 */
static node push_tanh(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_mul(g, t, op_shift(g, op_neg(g, op_square(g, self)), 1));
}

/* y - y^2 */
static node push_sigmoid(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_mul(g, t, op_sub(g, self, op_square(g, self)));
}

/* 2/sqrt(pi) exp(-x^2) */
static node push_erf(struct graph *g, node self, int k, node t)
{
	node bell = op_exp(g, op_neg(g, op_square(g, op_arg(g, self, k))));

	return op_mul(g, t, op_scale(g, bell, 1.12837916709551257390));
}

/* sqrt(1 - x^2) */
static node half_chord(struct graph *g, node x)
{
	return op_sqrt(g, op_shift(g, op_neg(g, op_square(g, x)), 1));
}

static node push_asin(struct graph *g, node self, int k, node t)
{
	return op_div(g, t, half_chord(g, op_arg(g, self, k)));
}

static node push_acos(struct graph *g, node self, int k, node t)
{
	return op_neg(g, op_div(g, t, half_chord(g, op_arg(g, self, k))));
}

static node push_atan(struct graph *g, node self, int k, node t)
{
	return op_div(g, t, op_shift(g, op_square(g, op_arg(g, self, k)), 1));
}

static const struct op_sample any_samples[] = { OP_SAMPLE1(-2, 2) };
static const struct op_sample positive[] = { OP_SAMPLE1(0.3, 3) };
static const struct op_sample within_one[] = { OP_SAMPLE1(-0.8, 0.8) };

#define FUNCTION(VARIABLE, NAME, HELP, PUSH, SAMPLES)                                                                  \
	static const struct op_class VARIABLE##_op = { .name = NAME,                                                   \
						       .help = HELP,                                                   \
						       .arity = 1,                                                     \
						       .infer = op_infer_same,                                         \
						       .vjp = PUSH,                                                    \
						       .jvp = PUSH,                                                    \
						       .block = OP_BLOCK_OF(VARIABLE),                                 \
						       OP_SAMPLES(SAMPLES) };
FUNCTION(exponential, "exp", "exp a", push_exp, any_samples)
FUNCTION(exponential_minus_1, "expm1", "exp a - 1", push_expm1, any_samples)
FUNCTION(logarithm, "log", "natural logarithm of a", push_log, positive)
FUNCTION(logarithm_1_plus, "log1p", "log(1 + a)", push_log1p, positive)
FUNCTION(sine, "sin", "sin a", push_sin, any_samples)
FUNCTION(cosine, "cos", "cos a", push_cos, any_samples)
FUNCTION(hyperbolic_tangent, "tanh", "tanh a", push_tanh, any_samples)
FUNCTION(logistic, "sigmoid", "1 / (1 + exp(-a))", push_sigmoid, any_samples)
FUNCTION(error_function, "erf", "2/sqrt(pi) times the integral of exp(-s^2) from 0 to a", push_erf, any_samples)
FUNCTION(arc_sine, "asin", "angle in [-pi/2, pi/2] whose sine is a", push_asin, within_one)
FUNCTION(arc_cosine, "acos", "angle in [0, pi] whose cosine is a", push_acos, within_one)
FUNCTION(arc_tangent, "atan", "angle in (-pi/2, pi/2) whose tangent is a", push_atan, any_samples)

const struct op_class *const op_file_transcendental[] = {
	&exponential_op, &exponential_minus_1_op, &logarithm_op, &logarithm_1_plus_op, &sine_op,
	&cosine_op,	 &hyperbolic_tangent_op,  &logistic_op,	 &error_function_op,   &arc_sine_op,
	&arc_cosine_op,	 &arc_tangent_op,	  NULL,
};

node op_exp(struct graph *g, node a)
{
	return op_apply1(g, &exponential_op, a, NULL);
}

node op_expm1(struct graph *g, node a)
{
	return op_apply1(g, &exponential_minus_1_op, a, NULL);
}

node op_log(struct graph *g, node a)
{
	return op_apply1(g, &logarithm_op, a, NULL);
}

node op_log1p(struct graph *g, node a)
{
	return op_apply1(g, &logarithm_1_plus_op, a, NULL);
}

node op_sin(struct graph *g, node a)
{
	return op_apply1(g, &sine_op, a, NULL);
}

node op_cos(struct graph *g, node a)
{
	return op_apply1(g, &cosine_op, a, NULL);
}

node op_tanh(struct graph *g, node a)
{
	return op_apply1(g, &hyperbolic_tangent_op, a, NULL);
}

node op_sigmoid(struct graph *g, node a)
{
	return op_apply1(g, &logistic_op, a, NULL);
}

node op_erf(struct graph *g, node a)
{
	return op_apply1(g, &error_function_op, a, NULL);
}

node op_asin(struct graph *g, node a)
{
	return op_apply1(g, &arc_sine_op, a, NULL);
}

node op_acos(struct graph *g, node a)
{
	return op_apply1(g, &arc_cosine_op, a, NULL);
}

node op_atan(struct graph *g, node a)
{
	return op_apply1(g, &arc_tangent_op, a, NULL);
}
