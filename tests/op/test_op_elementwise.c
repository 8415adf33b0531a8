/* test_op_elementwise.c: elementwise functions against the C library to a few units in the last place, broadcasting,
 * special values; which nodes are simplified away. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "value.h"

/* ---- elementwise ---- */

struct function {
	const char *name;
	node (*build)(struct graph *g, node a);
	double (*f)(double x);
	double lo, hi;
	double ulps; /* of the result in float; libmvec promises 4 for one function */
};

static double relu(double x)
{
	return x > 0 ? x : 0;
}
static double elu(double x)
{
	return x > 0 ? x : expm1(x);
}
static double gelu(double x)
{
	return x * erfc(-x * sqrt(0.5)) / 2;
}
static double silu(double x)
{
	return x / (1 + exp(-x));
}
static double softplus(double x)
{
	return x > 30 ? x : log1p(exp(x));
}
static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}
static double square(double x)
{
	return x * x;
}
static double recip(double x)
{
	return 1 / x;
}
static double minus(double x)
{
	return -x;
}

static const struct function functions[] = {
	{ "exp", op_exp, exp, -80, 80, 4 },
	{ "expm1", op_expm1, expm1, -5, 5, 4 },
	{ "expm1 near 0", op_expm1, expm1, -1e-6, 1e-6, 4 },
	{ "log", op_log, log, 1e-6, 100, 4 },
	{ "log1p", op_log1p, log1p, -0.9, 5, 4 },
	{ "log1p near 0", op_log1p, log1p, -1e-6, 1e-6, 4 },
	{ "sin", op_sin, sin, -20, 20, 4 },
	{ "cos", op_cos, cos, -20, 20, 4 },
	{ "tanh", op_tanh, tanh, -9, 9, 4 },
	{ "sigmoid", op_sigmoid, sigmoid, -20, 20, 8 },
	{ "erf", op_erf, erf, -4, 4, 4 },
	{ "asin", op_asin, asin, -1, 1, 4 },
	{ "acos", op_acos, acos, -1, 1, 4 },
	{ "atan", op_atan, atan, -20, 20, 4 },
	{ "relu", op_relu, relu, -2, 2, 0 },
	{ "elu", op_elu, elu, -5, 5, 4 },
	{ "gelu", op_gelu, gelu, -1, 6, 12 },
	{ "silu", op_silu, silu, -20, 20, 8 },
	{ "softplus", op_softplus, softplus, -20, 20, 8 },
	{ "sqrt", op_sqrt, sqrt, 0, 100, 1 },
	{ "square", op_square, square, -3, 3, 1 },
	{ "recip", op_recip, recip, 0.1, 3, 1 },
	{ "abs", op_abs, fabs, -3, 3, 0 },
	{ "neg", op_neg, minus, -3, 3, 0 },
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

static node build_function(struct graph *g, const node *in, const void *context)
{
	return ((const struct function *)context)->build(g, in[0]);
}

START_TEST(functions_agree_with_libm)
{
	const struct function *f = &functions[_i];

	for (int t = 0; t < 2; t++) {
		enum dtype type = t == 0 ? DTYPE_F32 : DTYPE_F64;
		/* No multiple of anything: tails are computed by the same code. */
		struct shape s = shape_of(1037);
		struct tensor x = value_random(type, &s, f->lo, f->hi, 0), y = value_of(build_function, f, 1, &x);
		double eps = t == 0 ? 0x1p-23 : 0x1p-52, worst = 0;

		for (int64_t i = 0; i < 1037; i++) {
			double expected = f->f(tensor_get(&x, i)), error = fabs(tensor_get(&y, i) - expected);
			double ulp = fmax(fabs(expected), t == 0 ? 1e-37 : 1e-300) * eps;

			worst = fmax(worst, error / ulp);
		}
		/* Half a unit for rounding the reference, as much again for its own error in double. */
		ck_assert_msg(worst <= f->ulps + 1, "%s in %s: %g units in the last place", f->name, dtype_name(type),
			      worst);
		tensor_free(&x);
		tensor_free(&y);
	}
}
END_TEST

/* GELU or its slope */
static node build_gelu(struct graph *g, const node *in, const void *context)
{
	node y = op_gelu(g, in[0]), one = op_shift(g, op_scale(g, y, 0), 1), slope = NODE_NONE;

	return *(const int *)context && graph_vjp(g, 1, &y, &one, 1, in, &slope) == 0 ? slope : y;
}

/* In float they are polynomials: against the formulas, inside, outside and where the two meet. */
START_TEST(gelu_over_its_range)
{
	struct shape s = shape_of(24001);
	struct tensor x = tensor_new(DTYPE_F32, &s);

	for (int64_t i = 0; i < 24001; i++)
		tensor_set(&x, i, (double)(i - 12000) / 1000);
	for (int which = 0; which < 2; which++) {
		struct tensor y = value_of(build_gelu, &which, 1, &x);

		for (int64_t i = 0; i < 24001; i++) {
			const double at = tensor_get(&x, i), normal = erfc(-at * sqrt(0.5)) / 2;
			const double slope = normal + at * exp(-at * at / 2) / sqrt(2 * acos(-1));
			const double expected = which ? slope : at * normal, got = tensor_get(&y, i);

			ck_assert_msg(fabs(got - expected) < 2.5e-7 * (which ? 1 : fmax(1, fabs(at))),
				      "%s(%g) = %.9g, expected %.9g", which ? "slope" : "gelu", at, got, expected);
		}
		tensor_free(&y);
	}
	tensor_free(&x);
}
END_TEST

START_TEST(nan_and_infinity_pass)
{
	static const double special[] = { NAN, INFINITY, -INFINITY };
	struct shape s = shape_of(3);
	struct tensor x = tensor_new(DTYPE_F32, &s);

	for (int i = 0; i < 3; i++)
		tensor_set(&x, i, special[i]);
	for (int i = 0; i < FUNCTIONS; i++) {
		struct tensor y = value_of(build_function, &functions[i], 1, &x);

		ck_assert_msg(isnan(tensor_get(&y, 0)), "%s hides a NaN", functions[i].name);
		/* The logistic family says inf/inf at the far end; everything else has a limit or is NaN in libm too. */
		for (int k = 1; k < 3; k++) {
			double expected = (float)functions[i].f(special[k]), got = tensor_get(&y, k);

			ck_assert_msg(got == expected || isnan(expected) || isnan(got), "%s(%g) = %g, expected %g",
				      functions[i].name, special[k], got, expected);
		}
		tensor_free(&y);
	}
	tensor_free(&x);
}
END_TEST

static node build_binary(struct graph *g, const node *in, const void *context)
{
	static node (*const op[])(struct graph *, node, node) = { op_add, op_sub, op_mul, op_div,
								  op_max, op_min, op_less };

	return op[*(const int *)context](g, in[0], in[1]);
}

static double binary(int op, double a, double b)
{
	switch (op) {
	case 0:
		return a + b;
	case 1:
		return a - b;
	case 2:
		return a * b;
	case 3:
		return a / b;
	case 4:
		return a > b ? a : b;
	case 5:
		return a < b ? a : b;
	default:
		return a < b;
	}
}

/* (4, 1, 300) with (5, 1): rows of one number, and an inner axis with a tail. */
START_TEST(arithmetic_broadcasts)
{
	struct shape sa = shape_of(4, 1, 300), sb = shape_of(5, 1), so = shape_of(4, 5, 300);
	struct tensor in[2] = { value_random(DTYPE_F64, &sa, -1, 1, 0), value_random(DTYPE_F64, &sb, -1, 1, 1) };
	struct tensor expected = tensor_new(DTYPE_F64, &so), got;

	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 5; j++)
			for (int k = 0; k < 300; k++)
				tensor_set(&expected, (i * 5 + j) * 300 + k,
					   binary(_i, tensor_get(&in[0], i * 300 + k), tensor_get(&in[1], j)));
	got = value_of(build_binary, &_i, 2, in);
	value_near(&got, &expected, 0, "binary op");
	tensor_free(&in[0]);
	tensor_free(&in[1]);
	tensor_free(&got);
	tensor_free(&expected);
}
END_TEST

static node build_power(struct graph *g, const node *in, const void *context)
{
	return op_power(g, in[0], *(const double *)context);
}

START_TEST(powers)
{
	static const double exponent[] = { 0, 1, 2, 3, 4, 5, -1, -2, -3, 0.5, 1.7, -0.3 };
	struct shape s = shape_of(100);
	struct tensor x = value_random(DTYPE_F64, &s, 0.1, 3, 0);

	for (int i = 0; i < (int)(sizeof exponent / sizeof exponent[0]); i++) {
		struct tensor y = value_of(build_power, &exponent[i], 1, &x);

		for (int64_t k = 0; k < 100; k++) {
			double expected = pow(tensor_get(&x, k), exponent[i]);

			ck_assert_double_eq_tol(tensor_get(&y, k), expected, 1e-14 * expected);
		}
		tensor_free(&y);
	}
	tensor_free(&x);
}
END_TEST

static node build_where(struct graph *g, const node *in, const void *context)
{
	(void)context;
	return op_where(g, in[0], in[1], in[2]);
}

START_TEST(where_leaks_nothing)
{
	struct shape s = shape_of(4);
	struct tensor in[3] = { tensor_new(DTYPE_F64, &s), tensor_new(DTYPE_F64, &s), tensor_new(DTYPE_F64, &s) }, y;

	for (int i = 0; i < 4; i++) {
		tensor_set(&in[0], i, i % 2);
		tensor_set(&in[1], i, i % 2 ? i : NAN);
		tensor_set(&in[2], i, i % 2 ? NAN : -i);
	}
	y = value_of(build_where, NULL, 3, in);
	for (int i = 0; i < 4; i++)
		ck_assert_double_eq(tensor_get(&y, i), i % 2 ? i : -i);
	for (int i = 0; i < 3; i++)
		tensor_free(&in[i]);
	tensor_free(&y);
}
END_TEST

/* ---- simplification ---- */

START_TEST(simpler_nodes)
{
	struct graph *g = graph_new(DTYPE_F64);
	struct shape s = shape_of(3, 4), t = shape_of(12), u = shape_of(2, 3, 4);
	node a = graph_input(g, "a", DTYPE_F64, &s), b = graph_input(g, "b", DTYPE_F64, &s);
	node zero = graph_scalar(g, 0), one = graph_scalar(g, 1), two = graph_scalar(g, 2);
	node zeros = op_zeros_like(g, a), ones = op_ones_like(g, a);
	int swap[2] = { 1, 0 }, stay[2] = { 0, 1 };
	struct {
		const char *what;
		node got, expected;
	} cases[] = {
		{ "a + 0", op_add(g, a, zero), a },
		{ "0 + a", op_add(g, zeros, a), a },
		{ "a + -b", op_add(g, a, op_neg(g, b)), op_sub(g, a, b) },
		{ "a - 0", op_sub(g, a, zero), a },
		{ "a - a", op_sub(g, a, a), zeros },
		{ "a 1", op_mul(g, a, one), a },
		{ "1 a", op_mul(g, ones, a), a },
		{ "a 0", op_mul(g, a, zero), zeros },
		{ "a 2", op_mul(g, a, two), op_scale(g, a, 2) },
		{ "a a", op_mul(g, a, a), op_square(g, a) },
		{ "2 a 3 b", op_mul(g, op_scale(g, a, 2), op_scale(g, b, 3)), op_scale(g, op_mul(g, a, b), 6) },
		{ "a / 2", op_div(g, a, two), op_scale(g, a, 0.5) },
		{ "1 / a", op_div(g, one, a), op_recip(g, a) },
		{ "--a", op_neg(g, op_neg(g, a)), a },
		{ "2 (3 a)", op_scale(g, op_scale(g, a, 3), 2), op_scale(g, a, 6) },
		{ "-1 a", op_scale(g, a, -1), op_neg(g, a) },
		{ "(a + 1) + 2", op_shift(g, op_shift(g, a, 1), 2), op_shift(g, a, 3) },
		{ "a + 1 - 1", op_shift(g, op_shift(g, a, 1), -1), a },
		{ "a^1", op_power(g, a, 1), a },
		{ "a^2", op_power(g, a, 2), op_square(g, a) },
		{ "a^0", op_power(g, a, 0), ones },
		{ "(-a)^2", op_square(g, op_neg(g, a)), op_square(g, a) },
		{ "max(a, a)", op_max(g, a, a), a },
		{ "where(1, a, b)", op_where(g, ones, a, b), a },
		{ "where(0, a, b)", op_where(g, zeros, a, b), b },
		{ "cast to itself", op_cast(g, a, DTYPE_F64), a },
		{ "permute back", op_permute(g, op_permute(g, a, swap), swap), a },
		{ "permute nothing", op_permute(g, a, stay), a },
		{ "reshape back", op_reshape(g, op_reshape(g, a, &t), &s), a },
		{ "reshape to itself", op_reshape(g, a, &s), a },
		{ "broadcast to itself", op_broadcast(g, a, &s), a },
		{ "sum over nothing", op_sum(g, a, 0, true), a },
		{ "sum to itself", op_sum_to(g, a, &s), a },
		{ "slice of all", op_slice(g, a, 1, 0, 4, 1), a },
		{ "slice of slice", op_slice(g, op_slice(g, a, 1, 1, 3, 1), 1, 1, 2, 1), op_slice(g, a, 1, 2, 2, 1) },
		{ "slice of pad", op_slice(g, op_pad_zero(g, a, 0, 2, 3, 1), 0, 2, 3, 1), a },
		{ "pad by nothing", op_pad_zero(g, a, 0, 0, 0, 1), a },
		{ "flip back", op_flip(g, op_flip(g, a, 0), 0), a },
		{ "one joined", op_concat(g, 1, &a, 0), a },
		{ "stop twice", op_stop_gradient(g, op_stop_gradient(g, a)), op_stop_gradient(g, a) },
		{ "contract with 0", op_contract(g, "ab,cb->ac", a, op_zeros_like(g, b)),
		  op_zeros_like(g, op_contract(g, "ab,cb->ac", a, b)) },
		{ "2 wide", op_mul(g, op_broadcast(g, a, &u), two), op_broadcast(g, op_scale(g, a, 2), &u) },
	};

	ck_assert_msg(!graph_error(g), "%s", graph_error(g) ? graph_error(g)->message : "");
	for (int i = 0; i < (int)(sizeof cases / sizeof cases[0]); i++)
		ck_assert_msg(node_same(cases[i].got, cases[i].expected), "%s is not simplified: node %s",
			      cases[i].what, graph_at(g, cases[i].got)->op->name);
	graph_free(g);
}
END_TEST

/* Sums and products at random, with matrix products between, computed in few kernels where only the last is asked for,
 * some twice so as not to be stored, and one by one where every value is asked for: the same bits. */
START_TEST(joined_kernels_round_alike)
{
	enum { LEAVES = 5, NODES = 24, GRAPHS = 300 };
	const enum dtype t = _i == 0 ? DTYPE_F32 : DTYPE_F64;
	const struct shape s = shape_of(3, 23), column = shape_of(3, 1), square = shape_of(23, 23);
	int made_again = 0;

	for (uint64_t seed = 0; seed < GRAPHS; seed++) {
		const struct rng r = rng_stream(seed, "joined", 0, 0);
		struct graph *g = graph_new(t);
		struct tensor leaf[LEAVES], alone, weight = tensor_new(t, &square);
		const node w = graph_input(g, "weight", t, &square);
		struct plan *all, *last;
		struct err e = { 0 };
		node at[LEAVES + NODES];

		for (int64_t i = 0; i < shape_count(&square); i++)
			tensor_set(&weight, i, 0.2 * rng_normal_at(r, (uint64_t)(2000 + i)));

		for (int k = 0; k < LEAVES; k++) {
			const struct shape *shape = k == LEAVES - 1 ? &column : &s;

			at[k] = graph_input(g, "in", t, shape);
			leaf[k] = tensor_new(t, shape);
			for (int64_t i = 0; i < shape_count(shape); i++)
				tensor_set(&leaf[k], i, rng_normal_at(r, (uint64_t)(1000 + k * 100 + i)));
		}
		/* Mostly from the latest nodes, so that most have one reader. */
		for (int k = LEAVES; k < LEAVES + NODES; k++) {
			const int near = k < LEAVES + 3 ? k : 3;
			const node a = at[k - 1 - (int)(rng_uniform_at(r, (uint64_t)(3 * k)) * near)];
			const node b = at[(int)(rng_uniform_at(r, (uint64_t)(3 * k + 1)) * k)];

			switch ((int)(rng_uniform_at(r, (uint64_t)(3 * k + 2)) * 10)) {
			case 0:
				at[k] = op_square(g, op_shift(g, a, 0.3));
				break;
			case 1:
				at[k] = op_neg(g, a);
				break;
			case 2:
				at[k] = op_scale(g, a, -1.7);
				break;
			case 3:
				at[k] = op_shift(g, op_neg(g, op_square(g, a)), 1);
				break;
			case 4:
				at[k] = op_sub(g, op_mul(g, at[k % LEAVES], b), op_mul(g, a, at[(k + 1) % LEAVES]));
				break;
			case 5:
				at[k] = op_sub(g, a, b);
				break;
			case 6:
				at[k] = op_add(g, op_scale(g, a, 0.1), op_mul(g, a, op_mul(g, b, at[k % LEAVES])));
				break;
			case 7:
				at[k] = op_add(g, a, b);
				break;
			case 8:
				at[k] = op_matmul(g, op_add(g, a, at[0]), w);
				break;
			default:
				at[k] = op_mul(g, a, b);
			}
		}
		all = plan_new(g, LEAVES + NODES, at, &e);
		last = plan_new(g, 1, &at[LEAVES + NODES - 1], &e);
		ck_assert_msg(all && last, "%s", e.message);
		for (int k = 0; k < LEAVES; k++) {
			plan_bind(all, at[k], leaf[k].data);
			plan_bind(last, at[k], leaf[k].data);
		}
		plan_bind(all, w, weight.data);
		plan_bind(last, w, weight.data);
		ck_assert_int_eq(plan_run(all, &e) | plan_run(last, &e), 0);
		made_again += plan_stats(last).n_again;
		alone = plan_out(all, LEAVES + NODES - 1);
		for (int64_t i = 0; i < shape_count(&alone.shape); i++) {
			const struct tensor joined = plan_out(last, 0);
			const double x = tensor_get(&alone, i), y = tensor_get(&joined, i);

			ck_assert_msg((isnan(x) && isnan(y)) || (x == y && !signbit(x) == !signbit(y)),
				      "graph %d, element %d: %.17g alone, %.17g joined", (int)seed, (int)i, x, y);
		}
		plan_free(all);
		plan_free(last);
		graph_free(g);
		tensor_free(&weight);
		for (int k = 0; k < LEAVES; k++)
			tensor_free(&leaf[k]);
	}
	ck_assert_int_ge(made_again, GRAPHS / 10);
}
END_TEST

/* tanh in double against long double over all magnitudes: 2 units in the last place, never above 1, odd. */
START_TEST(tanh_in_double)
{
	enum { N = 40000 };
	const struct shape s = shape_of(N);
	struct graph *g = graph_new(DTYPE_F64);
	const node x = graph_input(g, "x", DTYPE_F64, &s);
	struct tensor in = tensor_new(DTYPE_F64, &s), out;
	struct err e = { 0 };

	for (int64_t i = 0; i < N; i++) {
		const double size = i % 2 ? exp(60 * (double)i / N - 56) : 24. * (double)i / N;

		tensor_set(&in, i, i % 4 < 2 ? size : -tensor_get(&in, i - 2) * (i % 8 < 4 ? 1 : 1 + 1e-9));
	}
	ck_assert_msg(plan_eval(g, 1, &x, &in, 1, (node[]){ op_tanh(g, x) }, &out, &e) == 0, "%s", e.message);
	for (int64_t i = 0; i < N; i++) {
		const double a = tensor_get(&in, i), y = tensor_get(&out, i);
		const long double right = tanhl((long double)a);
		const double unit = nextafter(fabs((double)right), 2) - fabs((double)right);

		ck_assert_msg(fabsl((long double)y - right) <= 2 * (long double)unit && fabs(y) <= 1,
			      "tanh %.17g is %.17g, %.1f units off", a, y,
			      (double)(((long double)y - right) / (long double)unit));
		if (i % 8 < 4 && i % 4 >= 2)
			ck_assert(y == -tensor_get(&out, i - 2));
	}
	tensor_free(&in);
	tensor_free(&out);
	graph_free(g);
}
END_TEST

/* The slope of y, 1 - y^2, is read before a matrix product and behind it, where y is at hand: not stored. */
START_TEST(slopes_are_made_again)
{
	const struct shape s = shape_of(64, 16), square = shape_of(16, 16);
	struct graph *g = graph_new(DTYPE_F64);
	const node x = graph_input(g, "x", DTYPE_F64, &s), w = graph_input(g, "w", DTYPE_F64, &square);
	const node y = op_tanh(g, x), slope = op_shift(g, op_neg(g, op_square(g, y)), 1);
	const node z = op_matmul(g, op_mul(g, slope, x), w), out = op_add(g, op_mul(g, z, slope), y);
	struct plan *p = plan_new(g, 1, &out, NULL);

	ck_assert_int_eq(plan_stats(p).n_again, 3);
	ck_assert_int_eq(plan_stats(p).n_kernels, 3);
	plan_free(p);
	/* one reader more, which does not read y */
	const node both[] = { out, op_matmul(g, slope, w) };

	p = plan_new(g, 2, both, NULL);
	ck_assert_int_eq(plan_stats(p).n_again, 0);
	plan_free(p);
	graph_free(g);
}
END_TEST

/* A cluster that reads many arrays is cut in two; y^2, which only the second part reads, is made there alone. */
START_TEST(what_nobody_reads_is_dropped)
{
	enum { MANY = 18 };
	const struct shape s = shape_of(64, 16), square = shape_of(16, 16);
	struct graph *g = graph_new(DTYPE_F64);
	const node x = graph_input(g, "x", DTYPE_F64, &s), w = graph_input(g, "w", DTYPE_F64, &square);
	node y = op_matmul(g, x, w), of_y, sum, many[MANY];
	struct plan *p;

	for (int k = 0; k < MANY; k++)
		many[k] = op_matmul(g, y, op_scale(g, w, k + 1));
	of_y = op_square(g, y);
	sum = op_mul(g, many[0], many[1]);
	for (int k = 2; k < MANY; k++)
		sum = op_mul(g, op_tanh(g, sum), many[k]);
	sum = op_mul(g, op_mul(g, op_tanh(g, sum), y), of_y);
	p = plan_new(g, 1, &sum, NULL);
	ck_assert_int_eq(plan_stats(p).n_again, 1);
	/* every elementwise node once: factors of w but 1, tanh and products, the square */
	ck_assert_int_eq(plan_stats(p).n_fused_nodes, (MANY - 1) + 2 * (MANY - 1) + 2 + 1);
	plan_free(p);
	graph_free(g);
}
END_TEST

/* y^2 is made again where the first sum is. That sum has two readers behind products that might make it again in turn:
 * they do not read what was made there. */
START_TEST(what_is_made_again_has_no_readers)
{
	const struct shape s = shape_of(64, 16), square = shape_of(16, 16);
	struct graph *g = graph_new(DTYPE_F64);
	const node x = graph_input(g, "x", DTYPE_F64, &s), w = graph_input(g, "w", DTYPE_F64, &square);
	const node y = op_tanh(g, x), of_y = op_square(g, y);
	const node sum = op_add(g, op_mul(g, of_y, op_matmul(g, op_mul(g, of_y, x), w)), y);
	const node second = op_add(g, op_matmul(g, sum, w), sum);
	const node out = op_add(g, op_matmul(g, second, w), sum);
	struct plan *p = plan_new(g, 1, &out, NULL);

	ck_assert_int_eq(plan_stats(p).n_again, 1);
	plan_free(p);
	graph_free(g);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("op elementwise");
	TCase *tests = tcase_create("values");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, functions_agree_with_libm, 0, FUNCTIONS);
	tcase_add_test(tests, gelu_over_its_range);
	tcase_add_test(tests, nan_and_infinity_pass);
	tcase_add_loop_test(tests, arithmetic_broadcasts, 0, 7);
	tcase_add_test(tests, powers);
	tcase_add_loop_test(tests, joined_kernels_round_alike, 0, 2);
	tcase_add_test(tests, tanh_in_double);
	tcase_add_test(tests, slopes_are_made_again);
	tcase_add_test(tests, what_nobody_reads_is_dropped);
	tcase_add_test(tests, what_is_made_again_has_no_readers);
	tcase_add_test(tests, where_leaks_nothing);
	tcase_add_test(tests, simpler_nodes);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
