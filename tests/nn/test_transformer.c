/* test_transformer.c: Fourier features, attention, modulated blocks, patches and a gated recurrent unit against plain
 * loops. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "graph/plan.h"
#include "nn/nn.h"

enum { B = 2, N = 3, M = 4, C = 6, HEADS = 2 };

struct fixture {
	struct graph *g;
	struct params params;
	struct nn nn;
	int n_in;
	node in[4];
	struct tensor value[4];
};

static void fill(struct tensor *t, const char *purpose)
{
	for (int64_t i = 0; i < shape_count(&t->shape); i++)
		tensor_set(t, i, 0.5 * rng_normal_at(rng_stream(6, purpose, 0, 0), (uint64_t)i));
}

static void begin(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	f->g = graph_new(DTYPE_F64);
	nn_begin(&f->nn, f->g, &f->params, false);
}

static node input(struct fixture *f, const char *name, struct shape s)
{
	const int k = f->n_in++;

	f->value[k] = tensor_new(DTYPE_F64, &s);
	fill(&f->value[k], name);
	return f->in[k] = graph_input(f->g, name, DTYPE_F64, &s);
}

/* Parameters drawn, those that start at zero too when `all`. */
static struct tensor evaluate(struct fixture *f, node out, bool all)
{
	node at[64];
	struct tensor v[64], result;
	int n = 0;
	struct err e = { 0 };

	ck_assert_msg(!graph_error(f->g), "%s", graph_error(f->g) ? graph_error(f->g)->message : "");
	params_init(&f->params, 1);
	for (int i = 0; i < f->params.n && all; i++)
		fill(&f->params.at[i].value, f->params.at[i].name);
	for (int i = 0; i < f->n_in; i++) {
		at[n] = f->in[i];
		v[n++] = f->value[i];
	}
	for (int i = 0; i < f->params.n; i++) {
		at[n] = f->nn.node[i];
		v[n++] = f->params.at[i].value;
	}
	ck_assert_msg(plan_eval(f->g, n, at, v, 1, &out, &result, &e) == 0, "%s", e.message);
	return result;
}

static void finish(struct fixture *f, struct tensor *out)
{
	tensor_free(out);
	for (int i = 0; i < f->n_in; i++)
		tensor_free(&f->value[i]);
	nn_end(&f->nn);
	params_free(&f->params);
	graph_free(f->g);
}

static const double *parameter(const struct fixture *f, const char *name)
{
	const int k = params_find(&f->params, name);

	ck_assert_msg(k >= 0, "no parameter %s", name);
	return f->params.at[k].value.data;
}

/* y = x W + b of rows of n_in, parameters NAME.weight, NAME.bias. */
static void linear(const struct fixture *f, const char *name, int rows, int n_in, int n_out, const double *x, double *y)
{
	char full[64];

	snprintf(full, sizeof full, "%s.weight", name);
	const double *w = parameter(f, full);
	snprintf(full, sizeof full, "%s.bias", name);
	const double *b = parameter(f, full);

	for (int r = 0; r < rows; r++)
		for (int o = 0; o < n_out; o++) {
			y[r * n_out + o] = b[o];
			for (int i = 0; i < n_in; i++)
				y[r * n_out + o] += x[r * n_in + i] * w[i * n_out + o];
		}
}

static void expect(const struct tensor *got, int n, const double *want)
{
	ck_assert_int_eq(shape_count(&got->shape), n);
	for (int i = 0; i < n; i++)
		ck_assert_double_eq_tol(tensor_get(got, i), want[i], 1e-12);
}

/* softmax(q k^T / sqrt d + bias) v by loops; self (0), cross (1), masked (2). */
START_TEST(attention)
{
	struct fixture f;
	const int m = _i == 1 ? M : N, width = _i == 1 ? 5 : C, d = C / HEADS;
	double q[B * N * C], k[B * M * C], v[B * M * C], mixed[B * N * C] = { 0 }, want[B * N * C];

	begin(&f);
	node x = input(&f, "x", shape_of(B, N, C)), context = _i == 1 ? input(&f, "c", shape_of(B, M, 5)) : NODE_NONE,
	     bias = _i == 2 ? input(&f, "bias", shape_of(1, 1, N, N)) : NODE_NONE;
	node y = nn_attention(&f.nn, "a", x, context, bias, HEADS);
	/* causal: later tokens are out of reach */
	for (int i = 0; i < N * N && _i == 2; i++)
		tensor_set(&f.value[1], i, i % N > i / N ? -1e30 : 0.3 * i);
	struct tensor got = evaluate(&f, y, true);
	const double *from = f.value[_i == 1 ? 1 : 0].data;
	linear(&f, "a.query", B * N, C, C, f.value[0].data, q);
	linear(&f, "a.key", B * m, width, C, from, k);
	linear(&f, "a.value", B * m, width, C, from, v);
	for (int b = 0; b < B; b++)
		for (int h = 0; h < HEADS; h++)
			for (int i = 0; i < N; i++) {
				double share[M], sum = 0;

				for (int j = 0; j < m; j++) {
					double s = 0;

					for (int e = 0; e < d; e++)
						s += q[(b * N + i) * C + h * d + e] * k[(b * m + j) * C + h * d + e];
					s = s / sqrt(d) + (_i == 2 ? tensor_get(&f.value[1], i * N + j) : 0);
					sum += share[j] = exp(s);
				}
				for (int j = 0; j < m; j++)
					for (int e = 0; e < d; e++)
						mixed[(b * N + i) * C + h * d + e] +=
							share[j] / sum * v[(b * m + j) * C + h * d + e];
			}
	linear(&f, "a.out", B * N, C, C, mixed, want);
	expect(&got, B * N * C, want);
	finish(&f, &got);
}
END_TEST

/* With gates at zero a modulated block is the identity; without a condition it is not. */
START_TEST(a_new_block_is_nothing)
{
	struct fixture f;

	begin(&f);
	node x = input(&f, "x", shape_of(B, N, C)), c = input(&f, "c", shape_of(B, 5));
	struct tensor got = evaluate(&f, nn_transformer_block(&f.nn, "b", x, _i ? c : NODE_NONE, HEADS, 2), false);

	for (int i = 0; i < B * N * C; i++)
		ck_assert((tensor_get(&got, i) == tensor_get(&f.value[0], i)) == (_i == 1));
	finish(&f, &got);
}
END_TEST

START_TEST(modulated_norm)
{
	struct fixture f;
	double silu[B * 5], m[B * 2 * C], want[B * N * C];

	begin(&f);
	node x = input(&f, "x", shape_of(B, N, C)), c = input(&f, "c", shape_of(B, 5));
	struct tensor got = evaluate(&f, nn_modulated_norm(&f.nn, "n", x, c), true);
	for (int i = 0; i < B * 5; i++) {
		const double z = tensor_get(&f.value[1], i);

		silu[i] = z / (1 + exp(-z));
	}
	linear(&f, "n.modulation", B, 5, 2 * C, silu, m);
	for (int r = 0; r < B * N; r++) {
		const double *row = (const double *)f.value[0].data + r * C, *vectors = m + r / N * 2 * C;
		double mean = 0, variance = 0;

		for (int i = 0; i < C; i++)
			mean += row[i] / C;
		for (int i = 0; i < C; i++)
			variance += (row[i] - mean) * (row[i] - mean) / C;
		for (int i = 0; i < C; i++)
			want[r * C + i] = (row[i] - mean) / sqrt(variance + 1e-5) * (1 + vectors[C + i]) + vectors[i];
	}
	expect(&got, B * N * C, want);
	finish(&f, &got);
}
END_TEST

START_TEST(fourier_features)
{
	struct fixture f;
	double want[B * 6];

	begin(&f);
	struct tensor got = evaluate(&f, nn_fourier_features(&f.nn, input(&f, "t", shape_of(B, 1)), 100, 6), false);
	for (int b = 0; b < B; b++)
		for (int k = 0; k < 3; k++) {
			const double angle = 100 * pow(1e-2, k) * tensor_get(&f.value[0], b);

			want[b * 6 + k] = sin(angle);
			want[b * 6 + 3 + k] = cos(angle);
		}
	expect(&got, B * 6, want);
	finish(&f, &got);
}
END_TEST

/* Patches of a plane, in row-major order with channels first within each, and back. */
START_TEST(patches)
{
	enum { CHANNELS = 2, H = 4, W = 6, P = 2 };
	static const int64_t size[] = { H, W };
	struct fixture f;
	double want[B * CHANNELS * H * W];

	begin(&f);
	node x = input(&f, "x", shape_of(B, CHANNELS, H, W)), tokens = nn_to_patches(&f.nn, x, P);
	struct tensor got = evaluate(&f, _i ? nn_from_patches(&f.nn, tokens, CHANNELS, 2, size, P) : tokens, false);
	for (int i = 0; i < B * CHANNELS * H * W; i++) {
		const int w = i % W, h = i / W % H, c = i / (H * W) % CHANNELS, b = i / (CHANNELS * H * W);
		const int token = h / P * (W / P) + w / P, inside = (c * P + h % P) * P + w % P;

		want[_i ? i : (b * (H * W / P / P) + token) * CHANNELS * P * P + inside] = tensor_get(&f.value[0], i);
	}
	expect(&got, B * CHANNELS * H * W, want);
	finish(&f, &got);
}
END_TEST

/* A step of a gated recurrent unit is one of Euler's, of length 1, of h' = (1 - z)(g - h). */
START_TEST(gated_unit)
{
	enum { ROWS = 3, IN = 2, H = 4 };
	struct fixture f;

	begin(&f);
	node x = input(&f, "x", shape_of(ROWS, IN)), state = input(&f, "h", shape_of(ROWS, H));
	struct tensor got = evaluate(&f, nn_gru(&f.nn, x, state), true);
	const double *w = parameter(&f, "input.weight"), *b = parameter(&f, "input.bias");
	const double *u = parameter(&f, "state.weight"), *c = parameter(&f, "state.bias");
	for (int r = 0; r < ROWS; r++) {
		const double *v = (double *)f.value[0].data + r * IN, *h = (double *)f.value[1].data + r * H;
		double from_x[3 * H], from_h[3 * H];

		for (int o = 0; o < 3 * H; o++) {
			from_x[o] = b[o];
			from_h[o] = c[o];
			for (int i = 0; i < IN; i++)
				from_x[o] += v[i] * w[i * 3 * H + o];
			for (int i = 0; i < H; i++)
				from_h[o] += h[i] * u[i * 3 * H + o];
		}
		for (int o = 0; o < H; o++) {
			const double reset = 1 / (1 + exp(-from_x[o] - from_h[o]));
			const double z = 1 / (1 + exp(-from_x[H + o] - from_h[H + o]));
			const double proposed = tanh(from_x[2 * H + o] + reset * from_h[2 * H + o]);

			ck_assert_double_eq_tol(((double *)got.data)[r * H + o], h[o] + (1 - z) * (proposed - h[o]),
						1e-13);
		}
	}
	finish(&f, &got);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("transformer");
	TCase *t = tcase_create("transformer");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, attention, 0, 3);
	tcase_add_loop_test(t, a_new_block_is_nothing, 0, 2);
	tcase_add_test(t, modulated_norm);
	tcase_add_test(t, fourier_features);
	tcase_add_loop_test(t, patches, 0, 2);
	tcase_add_test(t, gated_unit);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
