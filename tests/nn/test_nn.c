/* test_nn.c: every layer against plain loops in double; laws of the first values; batch norm's two modes; dropout;
 * names of parameters and what a second build says when they do not fit. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "graph/plan.h"
#include "nn/nn.h"

static struct graph *g;
static struct params params;
static struct nn nn;
static node input;
static struct tensor x;

static void fill(struct tensor *t, const char *purpose)
{
	struct rng r = rng_stream(5, purpose, 0, 0);

	for (int64_t i = 0; i < shape_count(&t->shape); i++)
		tensor_set(t, i, rng_normal_at(r, (uint64_t)i) + 0.3);
}

static void begin(const struct shape *s, bool training)
{
	g = graph_new(DTYPE_F64);
	nn_begin(&nn, g, &params, training);
	input = graph_input(g, "x", DTYPE_F64, s);
	if (!x.data) {
		x = tensor_new(DTYPE_F64, s);
		fill(&x, "x");
	}
}

static void end_build(void)
{
	nn_end(&nn);
	graph_free(g);
}

static void finish(void)
{
	end_build();
	params_free(&params);
	tensor_free(&x);
	memset(&params, 0, sizeof params);
	memset(&x, 0, sizeof x);
}

/* Every parameter something else than its start, so that gains and biases count. */
static void draw(void)
{
	for (int i = 0; i < params.n; i++)
		fill(&params.at[i].value, params.at[i].name);
}

static const double *parameter(const char *name)
{
	int k = params_find(&params, name);

	ck_assert_msg(k >= 0, "no parameter '%s'", name);
	return params.at[k].value.data;
}

static struct tensor value_with(node y, const int64_t *key)
{
	struct tensor in[20], out;
	node at[20];
	struct err e = { 0 };
	struct shape ks = shape_of(4);
	struct tensor k = { .dtype = DTYPE_I32, .shape = ks, .data = (void *)(uintptr_t)key };
	int n = 0;

	ck_assert_msg(!graph_error(g), "%s", graph_error(g) ? graph_error(g)->message : "");
	at[n] = input;
	in[n++] = x;
	for (int i = 0; i < nn.n_nodes; i++)
		if (node_is(nn.node[i])) {
			at[n] = nn.node[i];
			in[n++] = params.at[i].value;
		}
	if (node_is(nn.key)) {
		at[n] = nn.key;
		in[n++] = k;
	}
	ck_assert_msg(plan_eval(g, n, at, in, 1, &y, &out, &e) == 0, "%s", e.message);
	return out;
}

static struct tensor value(node y)
{
	return value_with(y, NULL);
}

static void equal(const struct tensor *got, const double *want, int64_t n)
{
	ck_assert_int_eq(shape_count(&got->shape), n);
	for (int64_t i = 0; i < n; i++)
		ck_assert_msg(fabs(tensor_get(got, i) - want[i]) <= 1e-12 * (1 + fabs(want[i])),
			      "element %lld: %.17g, not %.17g", (long long)i, tensor_get(got, i), want[i]);
}

static const double *in(void)
{
	return x.data;
}

START_TEST(linear)
{
	struct shape s = shape_of(3, 2, 4);
	double want[3 * 2 * 5];

	begin(&s, true);
	node y = nn_linear(&nn, "dense", input, 5, _i);
	draw();
	const double *w = parameter("dense.weight"), *b = _i ? parameter("dense.bias") : NULL;
	for (int r = 0; r < 6; r++)
		for (int o = 0; o < 5; o++) {
			double sum = b ? b[o] : 0;

			for (int i = 0; i < 4; i++)
				sum += in()[r * 4 + i] * w[i * 5 + o];
			want[r * 5 + o] = sum;
		}
	struct tensor got = value(y);
	equal(&got, want, 30);
	ck_assert_int_eq(params.n, 1 + _i);
	ck_assert_double_eq(params.at[0].init_scale, 1 / sqrt(4));
	tensor_free(&got);
	finish();
}
END_TEST

START_TEST(pointwise)
{
	struct shape s = shape_of(2, 3, 4, 2);
	double want[2 * 5 * 8];

	begin(&s, true);
	node y = nn_pointwise(&nn, "mix", input, 5, true);
	draw();
	const double *w = parameter("mix.weight"), *b = parameter("mix.bias");
	for (int n = 0; n < 2; n++)
		for (int o = 0; o < 5; o++)
			for (int p = 0; p < 8; p++) {
				double sum = b[o];

				for (int i = 0; i < 3; i++)
					sum += w[o * 3 + i] * in()[(n * 3 + i) * 8 + p];
				want[(n * 5 + o) * 8 + p] = sum;
			}
	struct tensor got = value(y);
	equal(&got, want, 80);
	tensor_free(&got);
	finish();
}
END_TEST

/* Where a padded grid's point i comes from: -1 for zero. */
static int source(int i, int n, enum pad_mode mode)
{
	if (i >= 0 && i < n)
		return i;
	switch (mode) {
	case PAD_PERIODIC:
		return (i + n) % n;
	case PAD_REFLECT:
		return i < 0 ? -i : 2 * (n - 1) - i;
	case PAD_REPLICATE:
		return i < 0 ? 0 : n - 1;
	default:
		return -1;
	}
}

/* 5 x 6 points, kernel 3, every padding, stride, dilation, groups. */
START_TEST(convolution)
{
	static const struct nn_conv list[] = {
		{ .n_out = 4, .kernel = 3, .pad = 1, .pad_mode = PAD_ZERO, .bias = true },
		{ .n_out = 4, .kernel = 3, .pad = 1, .pad_mode = PAD_PERIODIC },
		{ .n_out = 2, .kernel = 3, .pad = 2, .pad_mode = PAD_REFLECT, .stride = 2, .bias = true },
		{ .n_out = 2, .kernel = 3, .pad = 2, .pad_mode = PAD_REPLICATE, .dilation = 2 },
		{ .n_out = 4, .kernel = 3, .groups = 2, .bias = true },
		{ .n_out = 4, .kernel = 1, .groups = 4, .stride = 2 },
	};
	const struct nn_conv *c = &list[_i];
	struct shape s = shape_of(2, 4, 5, 6);
	int stride = c->stride ? (int)c->stride : 1, dilation = c->dilation ? (int)c->dilation : 1,
	    groups = c->groups ? (int)c->groups : 1, kernel = (int)c->kernel, pad = (int)c->pad, n_in = 4 / groups;
	int reach = dilation * (kernel - 1) + 1, h = (5 + 2 * pad - reach) / stride + 1,
	    w = (6 + 2 * pad - reach) / stride + 1, n_out = (int)c->n_out;
	double *want = calloc((size_t)(2 * n_out * h * w), sizeof *want);

	begin(&s, true);
	node y = nn_conv(&nn, "conv", input, c);
	draw();
	const double *k = parameter("conv.weight"), *b = c->bias ? parameter("conv.bias") : NULL;
	ck_assert_double_eq_tol(params.at[0].init_scale, 1 / sqrt(n_in * kernel * kernel), 1e-15);
	for (int n = 0; n < 2; n++)
		for (int o = 0; o < n_out; o++)
			for (int i = 0; i < h * w; i++) {
				double sum = b ? b[o] : 0;

				for (int j = 0; j < n_in * kernel * kernel; j++) {
					int ch = o / (n_out / groups) * n_in + j / (kernel * kernel);
					int r = source(i / w * stride + j / kernel % kernel * dilation - pad, 5,
						       c->pad_mode);
					int q = source(i % w * stride + j % kernel * dilation - pad, 6, c->pad_mode);

					if (r >= 0 && q >= 0)
						sum += k[o * n_in * kernel * kernel + j] *
						       in()[((n * 4 + ch) * 5 + r) * 6 + q];
				}
				want[(n * n_out + o) * h * w + i] = sum;
			}
	struct tensor got = value(y);
	equal(&got, want, 2 * n_out * h * w);
	tensor_free(&got);
	free(want);
	finish();
}
END_TEST

/* Every input point becomes a block of factor x factor. */
START_TEST(convolution_up)
{
	enum { F = 3 };
	struct shape s = shape_of(2, 3, 2, 4);
	double *want = calloc(2 * 5 * 6 * 12, sizeof *want);

	begin(&s, true);
	node y = nn_conv_up(&nn, "up", input, 5, F);
	draw();
	const double *k = parameter("up.weight"), *b = parameter("up.bias");
	for (int n = 0; n < 2; n++)
		for (int o = 0; o < 5; o++)
			for (int i = 0; i < 2 * F; i++)
				for (int j = 0; j < 4 * F; j++) {
					double sum = b[o];

					for (int c = 0; c < 3; c++)
						sum += in()[((n * 3 + c) * 2 + i / F) * 4 + j / F] *
						       k[((c * 5 + o) * F + i % F) * F + j % F];
					want[((n * 5 + o) * 6 + i) * 12 + j] = sum;
				}
	struct tensor got = value(y);
	equal(&got, want, 2 * 5 * 6 * 12);
	tensor_free(&got);
	free(want);
	finish();
}
END_TEST

/* 0: script, U(0, 1)/(ci co); 1: library, complex normal of variance 2/(ci + co). */
START_TEST(spectral_first_values)
{
	enum { CI = 6, CO = 10 };
	struct shape s = shape_of(1, CI, 32, 32);

	begin(&s, true);
	nn_spectral(&nn, "k", input, CO, (int64_t[]){ 8, 8 }, _i ? NN_SPECTRAL_LIBRARY : NN_SPECTRAL_SCRIPT);
	params_init(&params, 1);
	const double *w = parameter("k.weight");
	int64_t n = shape_count(&params.at[0].value.shape);
	double sum = 0, square = 0, low = INFINITY, high = -INFINITY;

	ck_assert_int_eq(n, CI * CO * 16 * 8 * 2);
	for (int64_t i = 0; i < n; i++) {
		sum += w[i];
		square += w[i] * w[i];
		low = fmin(low, w[i]);
		high = fmax(high, w[i]);
	}
	double mean = sum / (double)n, std = sqrt(square / (double)n - mean * mean);
	if (_i == 0) {
		double top = 1.0 / (CI * CO);

		ck_assert(low >= 0 && high <= top && high > 0.99 * top);
		ck_assert_double_eq_tol(mean, top / 2, 0.02 * top);
		ck_assert_double_eq_tol(std, top / sqrt(12), 0.02 * top);
	} else {
		double part = sqrt(1.0 / (CI + CO)); /* real and imaginary part share the variance */

		ck_assert_double_eq_tol(mean, 0, 5 * part / sqrt((double)n));
		ck_assert_double_eq_tol(std, part, 5 * part / sqrt(2 * (double)n));
	}
	finish();
}
END_TEST

/* Mean and biased variance over the samples and points that `same` puts together with element i. */
static void standard(int64_t n, bool (*same)(int64_t, int64_t), double *out)
{
	for (int64_t i = 0; i < n; i++) {
		double sum = 0, square = 0, count = 0;

		for (int64_t j = 0; j < n; j++)
			if (same(i, j)) {
				sum += in()[j];
				count++;
			}
		for (int64_t j = 0; j < n; j++)
			if (same(i, j))
				square += (in()[j] - sum / count) * (in()[j] - sum / count);
		out[i] = (in()[i] - sum / count) / sqrt(square / count + 1e-5);
	}
}

/* Elements of (3, 4, 2, 5): 10 points, 4 channels. */
static bool same_channel(int64_t i, int64_t j)
{
	return i / 10 % 4 == j / 10 % 4;
}

static bool same_instance(int64_t i, int64_t j)
{
	return i / 10 == j / 10;
}

static bool same_group(int64_t i, int64_t j)
{
	return i / 20 == j / 20;
}

static bool same_row(int64_t i, int64_t j)
{
	return i / 5 == j / 5;
}

START_TEST(norms)
{
	static bool (*const same[])(int64_t, int64_t) = { same_channel, same_instance, same_group, same_row };
	struct shape s = shape_of(3, 4, 2, 5);
	bool affine = _i >= 4;
	double want[120];
	int kind = _i % 4;

	begin(&s, true);
	node y = kind == 0   ? nn_batch_norm(&nn, "norm", input, 0.1, affine)
		 : kind == 1 ? nn_instance_norm(&nn, "norm", input, affine)
		 : kind == 2 ? nn_group_norm(&nn, "norm", input, 2, affine)
			     : nn_layer_norm(&nn, "norm", input, affine);
	draw();
	standard(120, same[kind], want);
	for (int i = 0; i < 120 && affine; i++) {
		int c = kind == 3 ? i % 5 : i / 10 % 4;

		want[i] = want[i] * parameter("norm.gain")[c] + parameter("norm.bias")[c];
	}
	struct tensor got = value(y);
	equal(&got, want, 120);
	tensor_free(&got);
	finish();
}
END_TEST

START_TEST(batch_norm_keeps_statistics)
{
	struct shape s = shape_of(3, 4, 2, 5);
	double mean[4], variance[4], want[120];

	begin(&s, true);
	nn_batch_norm(&nn, "norm", input, 0.25, false);
	ck_assert_int_eq(nn.n_updates, 2);
	params_init(&params, 0);
	for (int c = 0; c < 4; c++) {
		ck_assert_double_eq(parameter("norm.mean")[c], 0);
		ck_assert_double_eq(parameter("norm.variance")[c], 1);
	}
	draw();
	for (int c = 0; c < 4; c++) {
		double sum = 0, square = 0;

		for (int i = 0; i < 120; i++)
			sum += i / 10 % 4 == c ? in()[i] : 0;
		for (int i = 0; i < 120; i++)
			square += i / 10 % 4 == c ? (in()[i] - sum / 30) * (in()[i] - sum / 30) : 0;
		mean[c] = 0.75 * parameter("norm.mean")[c] + 0.25 * sum / 30;
		variance[c] = 0.75 * parameter("norm.variance")[c] + 0.25 * square / 29;
	}
	for (int u = 0; u < 2; u++) {
		const char *name = params.at[nn.update[u].param].name;
		struct tensor got = value(nn.update[u].value);

		equal(&got, strcmp(name, "norm.mean") == 0 ? mean : variance, 4);
		tensor_free(&got);
	}
	end_build();
	/* evaluation: the stored numbers, whatever the batch */
	begin(&s, false);
	node y = nn_batch_norm(&nn, "norm", input, 0.25, false);
	ck_assert_int_eq(nn.n_updates, 0);
	for (int c = 0; c < 4; c++)
		((double *)params.at[params_find(&params, "norm.variance")].value.data)[c] = 0.5 + c;
	for (int i = 0; i < 120; i++)
		want[i] = (in()[i] - parameter("norm.mean")[i / 10 % 4]) /
			  sqrt(parameter("norm.variance")[i / 10 % 4] + 1e-5);
	struct tensor got = value(y);
	equal(&got, want, 120);
	tensor_free(&got);
	finish();
}
END_TEST

/* Kept values are scaled by 1/(1 - rate); which ones depends on the key alone; none are dropped in evaluation. */
START_TEST(dropout)
{
	struct shape s = shape_of(40, 500);
	const int64_t key[2] = { 3, 7 }, later[2] = { 3, 8 };
	double kept = 0;

	begin(&s, true);
	node y = nn_dropout(&nn, "drop", input, 0.3), z = nn_dropout(&nn, "other", input, 0.3);
	struct tensor a = value_with(y, key), b = value_with(y, key), c = value_with(y, later), d = value_with(z, key);
	for (int i = 0; i < 20000; i++) {
		double v = tensor_get(&a, i);

		ck_assert(v == 0 || fabs(v - in()[i] / 0.7) < 1e-12);
		kept += v != 0;
	}
	/* five deviations of a binomial */
	ck_assert_double_eq_tol(kept / 20000, 0.7, 5 * sqrt(0.21 / 20000));
	ck_assert_int_eq(memcmp(a.data, b.data, tensor_bytes(&a)), 0);
	ck_assert_int_ne(memcmp(a.data, c.data, tensor_bytes(&a)), 0);
	ck_assert_int_ne(memcmp(a.data, d.data, tensor_bytes(&a)), 0);
	tensor_free(&a);
	tensor_free(&b);
	tensor_free(&c);
	tensor_free(&d);
	end_build();
	begin(&s, false);
	ck_assert(node_same(nn_dropout(&nn, "drop", input, 0.3), input));
	finish();
}
END_TEST

START_TEST(coordinates)
{
	struct shape s = shape_of(2, 1, 3, 4);

	begin(&s, true);
	struct tensor got = value(nn_append_grid(&nn, input, _i));
	ck_assert_int_eq(shape_count(&got.shape), 2 * 3 * 12);
	for (int n = 0; n < 2; n++)
		for (int i = 0; i < 12; i++) {
			ck_assert_double_eq(tensor_get(&got, (n * 3) * 12 + i), in()[n * 12 + i]);
			ck_assert_double_eq_tol(tensor_get(&got, (n * 3 + 1) * 12 + i), i / 4 / (_i ? 2.0 : 3.0),
						1e-15);
			ck_assert_double_eq_tol(tensor_get(&got, (n * 3 + 2) * 12 + i), i % 4 / (_i ? 3.0 : 4.0),
						1e-15);
		}
	tensor_free(&got);
	finish();
}
END_TEST

START_TEST(multilayer)
{
	struct shape s = shape_of(2, 3);
	double want[2 * 2];

	begin(&s, true);
	node flat = nn_mlp(&nn, "flat", input, 7, 0, 2, NN_TANH), y = nn_mlp(&nn, "net", input, 4, 2, 2, NN_TANH);
	draw();
	ck_assert_int_eq(params.n, 2 + 6);
	ck_assert_int_eq(params_find(&params, "flat.out.weight"), 0);
	for (int r = 0; r < 2; r++) {
		double h[4], k[4];

		for (int o = 0; o < 2; o++) {
			want[r * 2 + o] = parameter("flat.out.bias")[o];
			for (int i = 0; i < 3; i++)
				want[r * 2 + o] += in()[r * 3 + i] * parameter("flat.out.weight")[i * 2 + o];
		}
		if (r == 0) {
			struct tensor got = value(flat);

			ck_assert_double_eq_tol(tensor_get(&got, 0), want[0], 1e-12);
			ck_assert_double_eq_tol(tensor_get(&got, 1), want[1], 1e-12);
			tensor_free(&got);
		}
		for (int o = 0; o < 4; o++) {
			h[o] = parameter("net.hidden0.bias")[o];
			for (int i = 0; i < 3; i++)
				h[o] += in()[r * 3 + i] * parameter("net.hidden0.weight")[i * 4 + o];
		}
		for (int o = 0; o < 4; o++) {
			k[o] = parameter("net.hidden1.bias")[o];
			for (int i = 0; i < 4; i++)
				k[o] += tanh(h[i]) * parameter("net.hidden1.weight")[i * 4 + o];
		}
		for (int o = 0; o < 2; o++) {
			want[r * 2 + o] = parameter("net.out.bias")[o];
			for (int i = 0; i < 4; i++)
				want[r * 2 + o] += tanh(k[i]) * parameter("net.out.weight")[i * 2 + o];
		}
	}
	struct tensor got = value(y);
	equal(&got, want, 4);
	tensor_free(&got);
	finish();
}
END_TEST

static void second_build(void (*build)(void), const char *message)
{
	struct shape s = shape_of(2, 3);

	end_build();
	begin(&s, false);
	build();
	ck_assert_ptr_nonnull(graph_error(g));
	ck_assert_str_eq(graph_error(g)->message, message);
}

static void wider(void)
{
	nn_enter(&nn, "block%d", 2);
	nn_linear(&nn, "dense", input, 4, true);
	nn_leave(&nn);
}

static void renamed(void)
{
	nn_linear(&nn, "thick", input, 5, true);
}

START_TEST(names)
{
	struct shape s = shape_of(2, 3);

	begin(&s, true);
	nn_enter(&nn, "block%d", 2);
	nn_linear(&nn, "dense", input, 5, true);
	nn_enter(&nn, "inner");
	nn_linear(&nn, "dense", input, 5, false);
	nn_leave(&nn);
	nn_leave(&nn);
	nn_linear(&nn, "last", input, 1, false);
	ck_assert_int_eq(params.n, 4);
	ck_assert_str_eq(params.at[0].name, "block2.dense.weight");
	ck_assert_str_eq(params.at[1].name, "block2.dense.bias");
	ck_assert_str_eq(params.at[2].name, "block2.inner.dense.weight");
	ck_assert_str_eq(params.at[3].name, "last.weight");
	second_build(wider, "parameter 'block2.dense.weight' has shape (3, 5), the model needs (3, 4)");
	second_build(renamed, "parameter 'thick.weight' is not in the model file");
	finish();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("nn");
	TCase *c = tcase_create("layers");

	tcase_add_loop_test(c, linear, 0, 2);
	tcase_add_test(c, pointwise);
	tcase_add_loop_test(c, convolution, 0, 6);
	tcase_add_test(c, convolution_up);
	tcase_add_loop_test(c, spectral_first_values, 0, 2);
	tcase_add_loop_test(c, norms, 0, 8);
	tcase_add_test(c, batch_norm_keeps_statistics);
	tcase_add_test(c, dropout);
	tcase_add_loop_test(c, coordinates, 0, 2);
	tcase_add_test(c, multilayer);
	tcase_add_test(c, names);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
