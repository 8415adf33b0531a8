/* elementwise.c: arithmetic on real arrays with broadcasting. Parameters known when the graph is built (scale, shift,
 * power) are attributes, which lets chains of them collapse. */
#include "op/kernel.h"

static const struct op_class sub, mul, divide, neg, scale, shift, recip, square, square_root, power, absolute, sign,
	maximum, minimum, less, where;

OP_BINARY(sub, x - y)
OP_BINARY(mul, x *y)
OP_BINARY(divide, x / y)
OP_BINARY(maximum, x > y || x != x ? x : y)
OP_BINARY(minimum, x < y || x != x ? x : y)
OP_BINARY(less, x < y ? 1 : 0)
OP_KERNEL(where, 3, 0, x != 0 ? y : z)
OP_UNARY(neg, -x)
OP_UNARY(recip, 1 / x)
OP_UNARY(square, x *x)
OP_UNARY(square_root, sqrt(x))
OP_UNARY(absolute, fabs(x))
OP_UNARY(sign, x > 0 ? 1 : x < 0 ? -1 : x)
OP_UNARY_REAL(scale, x *c)
OP_UNARY_REAL(shift, x + c)
OP_UNARY_REAL(power_any, pow(x, c))
OP_UNARY_REAL(cube, x *x *x)
OP_UNARY_REAL(fourth, (x * x) * (x * x))

static void power_f(int64_t n, float *out, const float *const *in, const void *attr)
{
	const double p = ((const struct op_real *)attr)->value;

	(p == 3 ? cube_f : p == 4 ? fourth_f : power_any_f)(n, out, in, attr);
}

static void power_d(int64_t n, double *out, const double *const *in, const void *attr)
{
	const double p = ((const struct op_real *)attr)->value;

	(p == 3 ? cube_d : p == 4 ? fourth_d : power_any_d)(n, out, in, attr);
}

/* ---- derivatives: both modes of a diagonal op multiply by the slope ---- */

static node vjp_sub(struct graph *g, node self, int k, node t)
{
	return op_to_arg(g, self, k, k == 0 ? t : op_neg(g, t));
}

static node jvp_sub(struct graph *g, node self, int k, node t)
{
	return op_to_self(g, self, k == 0 ? t : op_neg(g, t));
}

static node push_mul(struct graph *g, node self, int k, node t)
{
	return op_mul(g, t, op_arg(g, self, 1 - k));
}

static node vjp_mul(struct graph *g, node self, int k, node t)
{
	return op_to_arg(g, self, k, push_mul(g, self, k, t));
}

/* d (a/b) = da/b - (a/b) db/b */
static node push_div(struct graph *g, node self, int k, node t)
{
	node b = op_arg(g, self, 1);

	return k == 0 ? op_div(g, t, b) : op_neg(g, op_mul(g, self, op_div(g, t, b)));
}

static node vjp_div(struct graph *g, node self, int k, node t)
{
	return op_to_arg(g, self, k, push_div(g, self, k, t));
}

static node push_neg(struct graph *g, node self, int k, node t)
{
	(void)self;
	(void)k;
	return op_neg(g, t);
}

static double parameter(struct graph *g, node self)
{
	return ((const struct op_real *)graph_at(g, self)->attr)->value;
}

static node push_scale(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_scale(g, t, parameter(g, self));
}

static node push_shift(struct graph *g, node self, int k, node t)
{
	(void)g;
	(void)self;
	(void)k;
	return t;
}

static node push_recip(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_neg(g, op_mul(g, t, op_square(g, self)));
}

static node push_square(struct graph *g, node self, int k, node t)
{
	return op_mul(g, t, op_scale(g, op_arg(g, self, k), 2));
}

static node push_sqrt(struct graph *g, node self, int k, node t)
{
	(void)k;
	return op_div(g, op_scale(g, t, 0.5), self);
}

static node push_power(struct graph *g, node self, int k, node t)
{
	double p = parameter(g, self);

	return op_mul(g, t, op_scale(g, op_power(g, op_arg(g, self, k), p - 1), p));
}

static node push_abs(struct graph *g, node self, int k, node t)
{
	return op_mul(g, t, op_sign(g, op_arg(g, self, k)));
}

/* Where a = b each side gets half. For min the roles are exchanged. */
static node push_select(struct graph *g, node self, node t, node winner, node loser)
{
	node twice = op_shift(g, op_sub(g, op_less(g, loser, winner), op_less(g, winner, loser)), 1);

	(void)self;
	return op_mul(g, t, op_scale(g, twice, 0.5));
}

static node push_max(struct graph *g, node self, int k, node t)
{
	return push_select(g, self, t, op_arg(g, self, k), op_arg(g, self, 1 - k));
}

static node vjp_max(struct graph *g, node self, int k, node t)
{
	return op_to_arg(g, self, k, push_max(g, self, k, t));
}

static node push_min(struct graph *g, node self, int k, node t)
{
	return push_select(g, self, t, op_arg(g, self, 1 - k), op_arg(g, self, k));
}

static node vjp_min(struct graph *g, node self, int k, node t)
{
	return op_to_arg(g, self, k, push_min(g, self, k, t));
}

static node push_where(struct graph *g, node self, int k, node t)
{
	node zero = op_number(g, t, 0), condition = op_arg(g, self, 0);

	return k == 0 ? NODE_NONE : k == 1 ? op_where(g, condition, t, zero) : op_where(g, condition, zero, t);
}

static node vjp_where(struct graph *g, node self, int k, node t)
{
	return k == 0 ? NODE_NONE : op_to_arg(g, self, k, push_where(g, self, k, t));
}

static node jvp_where(struct graph *g, node self, int k, node t)
{
	return k == 0 ? NODE_NONE : op_to_self(g, self, push_where(g, self, k, t));
}

/* ---- simpler equal nodes ---- */

static bool is_factor(struct graph *g, node a, node *inside, double *factor)
{
	const struct op_class *op = op_of(g, a);

	if (op != &neg && op != &scale)
		return false;
	*factor = op == &neg ? -1 : parameter(g, a);
	*inside = op_arg(g, a, 0);
	return true;
}

static node simplify_sub(struct graph *g, int n_args, const node *arg, const void *attr)
{
	node a = arg[0], b = arg[1], inside;
	double value;

	(void)n_args;
	(void)attr;
	if (node_same(a, b))
		return op_zeros_like(g, a);
	if (graph_is_constant(g, b, &value))
		return op_shift(g, op_widen(g, a, b), -value);
	if (graph_is_constant(g, a, &value))
		return op_shift(g, op_neg(g, op_widen(g, b, a)), value);
	if (op_of(g, b) == &neg) {
		inside = op_arg(g, b, 0);
		return op_add(g, a, inside);
	}
	return NODE_NONE;
}

static node simplify_mul(struct graph *g, int n_args, const node *arg, const void *attr)
{
	node inside;
	double value;

	(void)n_args;
	(void)attr;
	if (node_same(arg[0], arg[1]))
		return op_square(g, arg[0]);
	for (int k = 0; k < 2; k++)
		if (graph_is_constant(g, arg[k], &value))
			return op_widen(g, op_scale(g, arg[1 - k], value), arg[k]);
	/* Factors move outwards, where they meet others. */
	for (int k = 0; k < 2; k++)
		if (is_factor(g, arg[k], &inside, &value))
			return op_scale(g, op_mul(g, k == 0 ? inside : arg[0], k == 0 ? arg[1] : inside), value);
	return NODE_NONE;
}

static node simplify_div(struct graph *g, int n_args, const node *arg, const void *attr)
{
	double value;

	(void)n_args;
	(void)attr;
	if (graph_is_constant(g, arg[1], &value) && value != 0)
		return op_widen(g, op_scale(g, arg[0], 1 / value), arg[1]);
	if (graph_is_constant(g, arg[0], &value))
		return op_widen(g, op_scale(g, op_recip(g, arg[1]), value), arg[0]);
	return NODE_NONE;
}

static node simplify_scale(struct graph *g, int n_args, const node *arg, const void *attr)
{
	double factor = ((const struct op_real *)attr)->value, other;
	node inside;

	(void)n_args;
	if (factor == 1)
		return arg[0];
	if (factor == 0)
		return op_zeros_like(g, arg[0]);
	if (graph_is_constant(g, arg[0], &other))
		return op_full_like(g, arg[0], factor * other);
	if (is_factor(g, arg[0], &inside, &other))
		return op_scale(g, inside, factor * other);
	return factor == -1 ? op_neg(g, arg[0]) : NODE_NONE;
}

static node simplify_neg(struct graph *g, int n_args, const node *arg, const void *attr)
{
	node inside;
	double factor;

	(void)n_args;
	(void)attr;
	if (graph_is_constant(g, arg[0], &factor))
		return op_full_like(g, arg[0], -factor);
	if (is_factor(g, arg[0], &inside, &factor))
		return op_scale(g, inside, -factor);
	if (op_of(g, arg[0]) == &sub)
		return op_sub(g, op_arg(g, arg[0], 1), op_arg(g, arg[0], 0));
	return NODE_NONE;
}

static node simplify_shift(struct graph *g, int n_args, const node *arg, const void *attr)
{
	double offset = ((const struct op_real *)attr)->value, other;

	(void)n_args;
	if (offset == 0)
		return arg[0];
	if (graph_is_constant(g, arg[0], &other))
		return op_full_like(g, arg[0], offset + other);
	if (op_of(g, arg[0]) == &shift)
		return op_shift(g, op_arg(g, arg[0], 0), parameter(g, arg[0]) + offset);
	return NODE_NONE;
}

static node simplify_even(struct graph *g, int n_args, const node *arg, const void *attr)
{
	(void)n_args;
	(void)attr;
	return op_of(g, arg[0]) == &neg ? op_square(g, op_arg(g, arg[0], 0)) : NODE_NONE;
}

static node simplify_abs(struct graph *g, int n_args, const node *arg, const void *attr)
{
	(void)n_args;
	(void)attr;
	return op_of(g, arg[0]) == &neg ? op_abs(g, op_arg(g, arg[0], 0)) : NODE_NONE;
}

static node simplify_power(struct graph *g, int n_args, const node *arg, const void *attr)
{
	double p = ((const struct op_real *)attr)->value;

	(void)n_args;
	if (p == 0)
		return op_ones_like(g, arg[0]);
	if (p == 1)
		return arg[0];
	if (p == 2)
		return op_square(g, arg[0]);
	if (p == 0.5)
		return op_sqrt(g, arg[0]);
	if (p == -1)
		return op_recip(g, arg[0]);
	return p == -2 ? op_square(g, op_recip(g, arg[0])) : NODE_NONE;
}

static node simplify_select(struct graph *g, int n_args, const node *arg, const void *attr)
{
	(void)g;
	(void)n_args;
	(void)attr;
	return node_same(arg[0], arg[1]) ? arg[0] : NODE_NONE;
}

static node simplify_less(struct graph *g, int n_args, const node *arg, const void *attr)
{
	(void)n_args;
	(void)attr;
	return node_same(arg[0], arg[1]) ? op_zeros_like(g, arg[0]) : NODE_NONE;
}

static node simplify_where(struct graph *g, int n_args, const node *arg, const void *attr)
{
	double value;

	(void)n_args;
	(void)attr;
	if (node_same(arg[1], arg[2]))
		return op_widen(g, arg[1], arg[0]);
	if (graph_is_constant(g, arg[0], &value))
		return op_widen(g, op_widen(g, arg[value != 0 ? 1 : 2], arg[0]), arg[value != 0 ? 2 : 1]);
	return NODE_NONE;
}

/* ---- classes ---- */

#define PAIR(S0, LO0, HI0, S1, LO1, HI1)                                                                               \
	{                                                                                                              \
		2, { { DTYPE_F64, S0, LO0, HI0 }, { DTYPE_F64, S1, LO1, HI1 } }, NULL, 0                               \
	}
#define NO_AXES                                                                                                        \
	{                                                                                                              \
		0,                                                                                                     \
		{                                                                                                      \
			0                                                                                              \
		}                                                                                                      \
	}

/* Equal shapes, and broadcasts of either side and of both. */
#define PAIRS(NAME, LO0, HI0, LO1, HI1)                                                                                \
	static const struct op_sample NAME[] = { PAIR(OP_DIMS(3, 7), LO0, HI0, OP_DIMS(3, 7), LO1, HI1),               \
						 PAIR(OP_DIMS(5), LO0, HI0, OP_DIMS(2, 3, 5), LO1, HI1),               \
						 PAIR(OP_DIMS(2, 3, 5), LO0, HI0, NO_AXES, LO1, HI1),                  \
						 PAIR(OP_DIMS(4, 1, 3), LO0, HI0, OP_DIMS(1, 5, 1), LO1, HI1) };
PAIRS(any_pairs, -1, 1, -1, 1)
PAIRS(quotient_pairs, -1, 1, 0.5, 2)

static const struct op_sample any_samples[] = { OP_SAMPLE1(-2, 2), { 1, { { DTYPE_F64, NO_AXES, 0.5, 1 } }, NULL, 0 } };
static const struct op_sample kinked[] = { OP_SAMPLE1(0.2, 2), OP_SAMPLE1(-2, -0.2) };
static const struct op_sample positive[] = { OP_SAMPLE1(0.3, 2) };
static const struct op_sample where_samples[] = {
	{ 3,
	  { { DTYPE_F64, OP_DIMS(3, 1), 1, 2 }, { DTYPE_F64, OP_DIMS(5), -1, 1 }, { DTYPE_F64, OP_DIMS(3, 5), -1, 1 } },
	  NULL,
	  0 },
	{ 3,
	  { { DTYPE_F64, OP_DIMS(5), 0, 0 }, { DTYPE_F64, OP_DIMS(3, 5), -1, 1 }, { DTYPE_F64, OP_DIMS(3, 1), -1, 1 } },
	  NULL,
	  0 },
};
static const struct op_real factor = { -1.7 }, offset = { 0.3 }, third = { 1 / 3.0 }, three = { 3 }, four = { 4 };
static const struct op_sample scale_samples[] = { { 1, { { DTYPE_F64, OP_DIMS(3, 7), -1, 1 } }, &factor, 0 } };
static const struct op_sample shift_samples[] = { { 1, { { DTYPE_F64, OP_DIMS(3, 7), -1, 1 } }, &offset, 0 } };
static const struct op_sample power_samples[] = { { 1, { { DTYPE_F64, OP_DIMS(3, 7), 0.3, 2 } }, &third, 0 },
						  { 1, { { DTYPE_F64, OP_DIMS(3, 7), -2, 2 } }, &three, 0 },
						  { 1, { { DTYPE_F64, OP_DIMS(3, 7), -2, 2 } }, &four, 0 } };

#define BINARY(NAME, HELP) .name = NAME, .help = HELP, .arity = 2, .infer = op_infer_broadcast
#define UNARY(NAME, HELP) .name = NAME, .help = HELP, .arity = 1, .infer = op_infer_same
#define RULE(PUSH) .vjp = PUSH, .jvp = PUSH

static const struct op_class sub = {
	BINARY("sub", "a - b"),	   .vjp = vjp_sub,	 .jvp = jvp_sub,       .simplify = simplify_sub,
	.block = OP_BLOCK_OF(sub), .arithmetic = OP_SUB, OP_SAMPLES(any_pairs)
};
static const struct op_class mul = { BINARY("mul", "a b"),	.vjp = vjp_mul,
				     .jvp = push_mul,		.simplify = simplify_mul,
				     .block = OP_BLOCK_OF(mul), .arithmetic = OP_MUL,
				     OP_SAMPLES(any_pairs) };
static const struct op_class divide = { BINARY("div", "a / b"),
					.vjp = vjp_div,
					.jvp = push_div,
					.simplify = simplify_div,
					.block = OP_BLOCK_OF(divide),
					OP_SAMPLES(quotient_pairs) };
static const struct op_class maximum = { BINARY("max", "max(a, b); the slope is halved where a = b"),
					 .vjp = vjp_max,
					 .jvp = push_max,
					 .simplify = simplify_select,
					 .block = OP_BLOCK_OF(maximum),
					 OP_SAMPLES(any_pairs) };
static const struct op_class minimum = { BINARY("min", "min(a, b); the slope is halved where a = b"),
					 .vjp = vjp_min,
					 .jvp = push_min,
					 .simplify = simplify_select,
					 .block = OP_BLOCK_OF(minimum),
					 OP_SAMPLES(any_pairs) };
static const struct op_class less = { BINARY("less", "1 where a < b, else 0"), .simplify = simplify_less,
				      .block = OP_BLOCK_OF(less), OP_SAMPLES(any_pairs) };
static const struct op_class where = { .name = "where",
				       .help = "condition != 0 ? a : b",
				       .arity = 3,
				       .infer = op_infer_broadcast,
				       .vjp = vjp_where,
				       .jvp = jvp_where,
				       .simplify = simplify_where,
				       .block = OP_BLOCK_OF(where),
				       OP_SAMPLES(where_samples) };
static const struct op_class neg = { UNARY("neg", "-a"),	RULE(push_neg),	      .simplify = simplify_neg,
				     .block = OP_BLOCK_OF(neg), .arithmetic = OP_NEG, OP_SAMPLES(any_samples) };
static const struct op_class scale = { UNARY("scale", "factor a"),
				       RULE(push_scale),
				       .attr_size = sizeof(struct op_real),
				       .simplify = simplify_scale,
				       .block = OP_BLOCK_OF(scale),
				       .arithmetic = OP_SCALE,
				       OP_SAMPLES(scale_samples) };
static const struct op_class shift = { UNARY("shift", "a + offset"),
				       RULE(push_shift),
				       .attr_size = sizeof(struct op_real),
				       .simplify = simplify_shift,
				       .block = OP_BLOCK_OF(shift),
				       .arithmetic = OP_SHIFT,
				       OP_SAMPLES(shift_samples) };
static const struct op_class recip = { UNARY("recip", "1 / a"), RULE(push_recip), .block = OP_BLOCK_OF(recip),
				       OP_SAMPLES(positive) };
static const struct op_class square = { UNARY("square", "a^2"),	   RULE(push_square),
					.simplify = simplify_even, .block = OP_BLOCK_OF(square),
					.arithmetic = OP_SQUARE,   OP_SAMPLES(any_samples) };
static const struct op_class square_root = { UNARY("sqrt", "square root of a"), RULE(push_sqrt),
					     .block = OP_BLOCK_OF(square_root), OP_SAMPLES(positive) };
static const struct op_class power = { UNARY("power", "a^exponent"),	    RULE(push_power),
				       .attr_size = sizeof(struct op_real), .simplify = simplify_power,
				       .block = OP_BLOCK_OF(power),	    OP_SAMPLES(power_samples) };
static const struct op_class absolute = { UNARY("abs", "|a|"), RULE(push_abs), .simplify = simplify_abs,
					  .block = OP_BLOCK_OF(absolute), OP_SAMPLES(kinked) };
static const struct op_class sign = { UNARY("sign", "-1, 0 or 1"), .block = OP_BLOCK_OF(sign), OP_SAMPLES(kinked) };

const struct op_class *const op_file_elementwise[] = { &sub,	 &mul,	   &divide,	 &neg,	 &scale,    &shift,
						       &recip,	 &square,  &square_root, &power, &absolute, &sign,
						       &maximum, &minimum, &less,	 &where, NULL };

/* ---- builders ---- */

/* Addition itself belongs to the graph; what simplifies it with the ops of this file is here. */
node op_add(struct graph *g, node a, node b)
{
	double value;

	if (!op_ready(g, "add", a) || !op_ready(g, "add", b))
		return NODE_NONE;
	if (graph_dtype(g, a) == graph_dtype(g, b)) {
		if (graph_is_constant(g, b, &value))
			return op_shift(g, op_widen(g, a, b), value);
		if (graph_is_constant(g, a, &value))
			return op_shift(g, op_widen(g, b, a), value);
		if (op_of(g, b) == &neg)
			return op_sub(g, a, op_arg(g, b, 0));
		if (op_of(g, a) == &neg)
			return op_sub(g, b, op_arg(g, a, 0));
	}
	return graph_add(g, a, b);
}

node op_sub(struct graph *g, node a, node b)
{
	return op_apply2(g, &sub, a, b, NULL);
}

node op_mul(struct graph *g, node a, node b)
{
	return op_apply2(g, &mul, a, b, NULL);
}

node op_div(struct graph *g, node a, node b)
{
	return op_apply2(g, &divide, a, b, NULL);
}

node op_neg(struct graph *g, node a)
{
	return op_apply1(g, &neg, a, NULL);
}

node op_scale(struct graph *g, node a, double value)
{
	return op_apply_real(g, &scale, a, value);
}

node op_shift(struct graph *g, node a, double value)
{
	return op_apply_real(g, &shift, a, value);
}

node op_recip(struct graph *g, node a)
{
	return op_apply1(g, &recip, a, NULL);
}

node op_square(struct graph *g, node a)
{
	return op_apply1(g, &square, a, NULL);
}

node op_sqrt(struct graph *g, node a)
{
	return op_apply1(g, &square_root, a, NULL);
}

node op_power(struct graph *g, node a, double exponent)
{
	return op_apply_real(g, &power, a, exponent);
}

node op_abs(struct graph *g, node a)
{
	return op_apply1(g, &absolute, a, NULL);
}

node op_sign(struct graph *g, node a)
{
	return op_apply1(g, &sign, a, NULL);
}

node op_max(struct graph *g, node a, node b)
{
	return op_apply2(g, &maximum, a, b, NULL);
}

node op_min(struct graph *g, node a, node b)
{
	return op_apply2(g, &minimum, a, b, NULL);
}

node op_less(struct graph *g, node a, node b)
{
	return op_apply2(g, &less, a, b, NULL);
}

node op_where(struct graph *g, node condition, node a, node b)
{
	node arg[3] = { condition, a, b };

	return graph_apply(g, &where, 3, arg, NULL);
}
