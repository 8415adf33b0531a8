/* test_neural_loop.c: neural SDEs over time: the loop makes the paths that the model makes as a map; mean scores have
 * the gradients of finite differences, for made paths and for given ones, with several steps a frame. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "graph/plan.h"
#include "learner/neural_loop.h"

enum { B = 3, FRAMES = 4, CHANNELS = 2, NOISE = 2, START = 3 };

static struct neural_sde model = {
	.hidden = 4, .width = 5, .depth = 1, .noise = NOISE, .initial_noise = START, .activation = NN_LIPSWISH
};
static const struct neural_sde critic = { .hidden = 3, .width = 4, .depth = 1, .activation = NN_LIPSWISH };

static struct network network_new(void)
{
	struct network n = { .class = model_find("neural-sde"), .config = &model, .real = DTYPE_F64 };

	n.spec = (struct model_spec){
		.n_dims = 1, .size = { FRAMES }, .length = { 1 }, .n_in = START, .n_out = CHANNELS
	};
	return n;
}

static struct neural_loop *loop_new(struct network *n, enum neural_loop_kind kind, int64_t steps, bool gradient)
{
	const struct neural_loop_spec spec = { n, &critic, kind, B, CHANNELS, FRAMES, steps, gradient };
	struct err e = { 0 };
	struct neural_loop *l = neural_loop_new(&spec, &e);

	ck_assert_msg(l != NULL, "%s", e.message);
	return l;
}

static void draw(const char *what, int64_t n, double *out)
{
	rng_normal(rng_stream(4, what, 0, 0), 0, (size_t)n, out);
}

static void check_gradient(enum neural_loop_kind kind, int64_t steps)
{
	struct network n = network_new();
	struct neural_loop *fake = loop_new(&n, LOOP_FAKE, steps, true), *l = fake;
	double start[B * START], dw[3 * FRAMES * B * NOISE], paths[FRAMES * B * CHANNELS], score;
	struct params gradient;
	int64_t n_start, n_dw;

	params_init(&n.params, 2);
	if (kind == LOOP_REAL)
		l = loop_new(&n, kind, steps, true);
	neural_loop_noise(fake, &n_start, &n_dw);
	ck_assert_int_eq(n_start, B * START);
	ck_assert_int_eq(n_dw, (FRAMES - 1) * steps * B * NOISE);
	draw("start", n_start, start);
	draw("increments", n_dw, dw);
	draw("paths", FRAMES * B * CHANNELS, paths);
	gradient = params_like(&n.params);
	ck_assert_int_eq(neural_loop_run(l, start, dw, paths, &score, &gradient, NULL), 0);
	for (int i = 0; i < n.params.n; i++) {
		struct tensor *v = &n.params.at[i].value;
		const bool in_use = kind == LOOP_FAKE || strncmp(n.params.at[i].name, "critic.", 7) == 0;

		for (int64_t k = 0; k < shape_count(&v->shape); k += 1 + shape_count(&v->shape) / 5) {
			const double h = 1e-5, x = tensor_get(v, k);
			double high, low;

			tensor_set(v, k, x + h);
			ck_assert_int_eq(neural_loop_run(l, start, dw, paths, &high, NULL, NULL), 0);
			tensor_set(v, k, x - h);
			ck_assert_int_eq(neural_loop_run(l, start, dw, paths, &low, NULL, NULL), 0);
			tensor_set(v, k, x);
			ck_assert_msg(fabs((high - low) / (2 * h) - tensor_get(&gradient.at[i].value, k)) <
					      1e-8 + 1e-6 * fabs(high - low) / h,
				      "%s[%lld]: %g by differences, %g", n.params.at[i].name, (long long)k,
				      (high - low) / (2 * h), tensor_get(&gradient.at[i].value, k));
			ck_assert(in_use || high == low);
		}
	}
	if (l != fake)
		neural_loop_free(l);
	neural_loop_free(fake);
	params_free(&gradient);
	params_free(&n.params);
}

START_TEST(gradients)
{
	check_gradient(_i % 2 ? LOOP_REAL : LOOP_FAKE, _i < 2 ? 1 : 3);
}
END_TEST

/* A made path shown to the critic again gets the same score: what is driven by the generator and by data is one
 * thing. */
START_TEST(paths_agree)
{
	struct network n = network_new();
	struct neural_loop *fake = loop_new(&n, LOOP_FAKE, 1, true), *real, *generate;
	double start[B * START], dw[FRAMES * B * NOISE], paths[2][FRAMES * B * CHANNELS], score[2];
	double field[B * START * FRAMES] = { 0 };
	const struct shape shape = shape_of(B, START, FRAMES);
	struct graph *g = graph_new(DTYPE_F64);
	struct nn nn;
	struct model_in in = { .query = NODE_NONE, .vector = NODE_NONE, .last = NODE_NONE };
	struct plan *plan;
	struct tensor out;
	node y;

	params_init(&n.params, 2);
	real = loop_new(&n, LOOP_REAL, 1, false);
	generate = loop_new(&n, LOOP_GENERATE, 1, false);
	draw("start", B * START, start);
	draw("increments", (FRAMES - 1) * B * NOISE, dw);
	ck_assert_int_eq(neural_loop_run(fake, start, dw, paths[0], &score[0], NULL, NULL), 0);
	ck_assert_int_eq(neural_loop_run(real, NULL, NULL, paths[0], &score[1], NULL, NULL), 0);
	ck_assert_double_eq_tol(score[0], score[1], 1e-13);
	ck_assert_int_eq(neural_loop_run(generate, start, dw, paths[1], NULL, NULL, NULL), 0);
	ck_assert_mem_eq(paths[0], paths[1], sizeof paths[0]);
	/* as a map */
	nn_begin(&nn, g, &n.params, false);
	in.field = graph_input(g, "field", DTYPE_F64, &shape);
	y = n.class->build(&nn, &model, &n.spec, &in);
	plan = plan_new(g, 1, &y, NULL);
	ck_assert_ptr_nonnull(plan);
	for (int i = 0; i < B; i++) {
		for (int c = 0; c < START; c++)
			field[(i * START + c) * FRAMES] = start[i * START + c];
		for (int k = 1; k < FRAMES; k++)
			for (int c = 0; c < NOISE; c++)
				field[(i * START + c) * FRAMES + k] = dw[((k - 1) * B + i) * NOISE + c];
	}
	plan_bind(plan, in.field, field);
	for (int i = 0; i < nn.n_nodes; i++)
		if (node_is(nn.node[i]))
			plan_bind(plan, nn.node[i], n.params.at[i].value.data);
	ck_assert_int_eq(plan_run(plan, NULL), 0);
	out = plan_out(plan, 0);
	for (int i = 0; i < B; i++)
		for (int c = 0; c < CHANNELS; c++)
			for (int k = 0; k < FRAMES; k++)
				ck_assert_double_eq_tol(tensor_get(&out, (i * CHANNELS + c) * FRAMES + k),
							paths[0][(k * B + i) * CHANNELS + c], 1e-13);
	plan_free(plan);
	nn_end(&nn);
	graph_free(g);
	neural_loop_free(fake);
	neural_loop_free(real);
	neural_loop_free(generate);
	params_free(&n.params);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("neural loop");
	TCase *t = tcase_create("paths and scores");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, gradients, 0, 4);
	tcase_add_test(t, paths_agree);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
