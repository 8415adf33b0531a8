/* test_models.c: for every model of the table: gradients against differences, a second build that finds its parameters,
 * the same values on one and two threads, overfitting of a few samples. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/rng.h"
#include "graph/plan.h"
#include "model/model.h"
#include "objective/objective.h"
#include "optim/optim.h"

enum { BATCH = 3 };

struct fixture {
	const struct model_class *class;
	struct conf *conf;
	struct cfg *cfg;
	void *config;
	struct params params, gradient;
	struct graph *g;
	struct nn nn;
	struct model_in in;
	node target, loss, prediction;
	struct plan *plan;
	struct tensor x, query, vector, y;
};

static void fill(struct tensor *t, const char *purpose)
{
	struct rng r = rng_stream(7, purpose, 0, 0);

	for (int64_t i = 0; i < shape_count(&t->shape); i++)
		tensor_set(t, i, rng_normal_at(r, (uint64_t)i));
}

static const struct model_class *model_at(int i)
{
	for (int f = 0; model_files[f]; f++)
		for (int k = 0; model_files[f][k]; k++)
			if (i-- == 0)
				return model_files[f][k];
	return NULL;
}

static int count_models(void)
{
	int n = 0;

	while (model_at(n))
		n++;
	return n;
}

static void read_config(struct fixture *f)
{
	char text[256];
	struct err e = { 0 };

	snprintf(text, sizeof text, "model: %s\n", f->class->test_config);
	f->conf = conf_new();
	ck_assert_msg(conf_load_text(f->conf, text, "test", &e) == 0, "%s", e.message);
	f->cfg = cfg_new(f->conf);
	f->config = calloc(1, f->class->config_size);
	cfg_section(f->cfg, "model", 1, &(struct key_table){ f->class->keys, f->config });
	ck_assert_msg(cfg_done(f->cfg, &e) == 0, "%s", e.message);
}

static void build(struct fixture *f, bool training)
{
	const struct model_spec *s = &f->class->test_spec;
	struct shape xs = shape_of(BATCH, s->n_in), ys = shape_of(BATCH, s->n_out),
		     qs = shape_of(BATCH, s->n_query, s->query_dims), vs = shape_of(BATCH, s->n_vector);
	struct err e = { 0 };

	for (int d = 0; d < s->n_dims; d++) {
		xs.dim[xs.rank++] = s->size[d];
		ys.dim[ys.rank++] = s->size[d];
	}
	if (s->n_query > 0)
		ys = shape_of(BATCH, s->n_query, s->n_out);
	f->g = graph_new(DTYPE_F64);
	nn_begin(&f->nn, f->g, &f->params, training);
	f->in.field = graph_input(f->g, "x", DTYPE_F64, &xs);
	f->in.query = s->n_query > 0 ? graph_input(f->g, "query", DTYPE_F64, &qs) : NODE_NONE;
	f->in.vector = s->n_vector > 0 ? graph_input(f->g, "vector", DTYPE_F64, &vs) : NODE_NONE;
	f->in.last = NODE_NONE;
	f->target = graph_input(f->g, "target", DTYPE_F64, &ys);
	f->prediction = f->class->build(&f->nn, f->config, s, &f->in);
	ck_assert_msg(!graph_error(f->g), "%s: %s", f->class->name,
		      graph_error(f->g) ? graph_error(f->g)->message : "");
	struct shape got = graph_shape(f->g, f->prediction);
	ck_assert(shape_equal(&got, &ys));
	const struct objective_class *o = objective_find("mse");
	f->loss = o->build(f->g, NULL, &(struct objective_in){ .prediction = f->prediction, .target = f->target });
	if (!f->x.data) {
		f->x = tensor_new(DTYPE_F64, &xs);
		f->y = tensor_new(DTYPE_F64, &ys);
		fill(&f->x, "x");
		fill(&f->y, "y");
		if (s->n_query > 0) {
			f->query = tensor_new(DTYPE_F64, &qs);
			fill(&f->query, "query");
		}
		if (s->n_vector > 0) {
			f->vector = tensor_new(DTYPE_F64, &vs);
			fill(&f->vector, "vector");
		}
		params_init(&f->params, 3);
		/* what starts at zero would hide the layers before it */
		for (int i = 0; i < f->params.n; i++)
			if (f->params.at[i].role == PARAM_WEIGHT && f->params.at[i].init == INIT_ZERO)
				for (int64_t k = 0; k < shape_count(&f->params.at[i].value.shape); k++)
					tensor_set(&f->params.at[i].value, k, 0.1 * sin((double)(k + i)));
		f->gradient = params_like(&f->params);
	}
	int n_out = 2 + f->params.n;
	node *out = calloc((size_t)n_out, sizeof *out), *wrt = calloc((size_t)n_out, sizeof *wrt);
	out[0] = f->loss;
	out[1 + f->params.n] = f->prediction;
	for (int i = 0; i < f->params.n; i++)
		wrt[i] = f->nn.node[i];
	ck_assert_int_eq(graph_gradient(f->g, f->loss, f->params.n, wrt, out + 1), 0);
	f->plan = plan_new(f->g, n_out, out, &e);
	ck_assert_msg(f->plan != NULL, "%s: %s", f->class->name, e.message);
	free(out);
	free(wrt);
	plan_bind(f->plan, f->in.field, f->x.data);
	if (node_is(f->in.query))
		plan_bind(f->plan, f->in.query, f->query.data);
	if (node_is(f->in.vector))
		plan_bind(f->plan, f->in.vector, f->vector.data);
	plan_bind(f->plan, f->target, f->y.data);
	for (int i = 0; i < f->params.n; i++) {
		plan_bind(f->plan, f->nn.node[i], f->params.at[i].value.data);
		plan_bind_out(f->plan, 1 + i, f->gradient.at[i].value.data);
	}
}

static void unbuild(struct fixture *f)
{
	plan_free(f->plan);
	nn_end(&f->nn);
	graph_free(f->g);
}

static void setup(struct fixture *f, int i)
{
	memset(f, 0, sizeof *f);
	f->class = model_at(i);
	read_config(f);
	build(f, true);
}

static void teardown(struct fixture *f)
{
	unbuild(f);
	tensor_free(&f->x);
	tensor_free(&f->y);
	tensor_free(&f->query);
	tensor_free(&f->vector);
	params_free(&f->params);
	params_free(&f->gradient);
	cfg_free(f->cfg);
	conf_free(f->conf);
	free(f->config);
}

static double run(struct fixture *f)
{
	struct err e = { 0 };

	ck_assert_msg(plan_run(f->plan, &e) == 0, "%s", e.message);
	struct tensor t = plan_out(f->plan, 0);
	return tensor_get(&t, 0);
}

/* Along a random direction over all trained parameters, and in single entries of each. */
START_TEST(gradient_matches_differences)
{
	struct fixture f;

	setup(&f, _i);
	run(&f);
	for (int i = 0; i < f.params.n; i++) {
		struct tensor *v = &f.params.at[i].value;

		if (f.params.at[i].role == PARAM_STATE)
			continue;
		for (int64_t k = 0; k < shape_count(&v->shape); k += 1 + shape_count(&v->shape) / 3) {
			double was = tensor_get(v, k), h = 1e-5, got;

			run(&f);
			got = tensor_get(&f.gradient.at[i].value, k);
			tensor_set(v, k, was + h);
			double up = run(&f);
			tensor_set(v, k, was - h);
			double down = run(&f), want = (up - down) / (2 * h);
			tensor_set(v, k, was);
			ck_assert_msg(fabs(got - want) <= 1e-6 * (fabs(want) + 1e-2),
				      "%s: %s[%lld]: %.10g, differences %.10g", f.class->name, f.params.at[i].name,
				      (long long)k, got, want);
		}
	}
	teardown(&f);
}
END_TEST

START_TEST(threads_change_nothing)
{
	struct fixture f;

	setup(&f, _i);
	pool_set_threads(1);
	double one = run(&f);
	struct params g = params_copy(&f.gradient);
	pool_set_threads(3);
	ck_assert(run(&f) == one);
	for (int i = 0; i < g.n; i++)
		ck_assert_int_eq(memcmp(g.at[i].value.data, f.gradient.at[i].value.data, tensor_bytes(&g.at[i].value)),
				 0);
	params_free(&g);
	pool_set_threads(1);
	teardown(&f);
}
END_TEST

START_TEST(second_build_finds_the_parameters)
{
	struct fixture f;

	setup(&f, _i);
	int n = f.params.n;
	double before = run(&f);
	unbuild(&f);
	build(&f, true);
	ck_assert_int_eq(f.params.n, n);
	ck_assert(run(&f) == before);
	unbuild(&f);
	build(&f, false);
	ck_assert(isfinite(run(&f)));
	teardown(&f);
}
END_TEST

static int evaluate(void *context, double *loss, struct err *e)
{
	(void)e;
	*loss = run(context);
	return 0;
}

/* What a model gives whatever it has learnt (the velocities of a second-order system) is its own target. */
static void keep_what_is_given(struct fixture *f)
{
	struct params before = params_copy(&f->params);
	int64_t given = 0, n;

	run(f);
	struct tensor now = plan_out(f->plan, 1 + f->params.n), first = tensor_copy(&now);
	n = shape_count(&first.shape);
	for (int i = 0; i < f->params.n; i++)
		for (int64_t k = 0; k < shape_count(&before.at[i].value.shape); k++)
			tensor_set(&f->params.at[i].value, k,
				   tensor_get(&before.at[i].value, k) + 0.1 * cos((double)(k + 3 * i)));
	run(f);
	now = plan_out(f->plan, 1 + f->params.n);
	for (int64_t k = 0; k < n; k++)
		if (tensor_get(&now, k) == tensor_get(&first, k)) {
			tensor_set(&f->y, k, tensor_get(&first, k));
			given++;
		}
	ck_assert_msg(2 * given <= n, "%s: %lld of %lld outputs are not learnt", f->class->name, (long long)given,
		      (long long)n);
	for (int i = 0; i < f->params.n; i++)
		memcpy(f->params.at[i].value.data, before.at[i].value.data, tensor_bytes(&before.at[i].value));
	tensor_free(&first);
	params_free(&before);
}

START_TEST(overfits_three_samples)
{
	struct fixture f;
	struct optim o;
	struct err e = { 0 };
	double first = 0, loss = 0;
	struct {
		double beta1, beta2, eps, weight_decay;
	} config = { 0.9, 0.999, 1e-8, 0 };

	setup(&f, _i);
	keep_what_is_given(&f);
	ck_assert_int_eq(optim_new(&o, optim_find("adam"), &config, &f.params, &f.gradient, evaluate, &f, &e), 0);
	for (int t = 0; t < 600; t++) {
		ck_assert_int_eq(o.class->step(&o, 1e-2, &loss, &e), 0);
		if (t == 0)
			first = loss;
	}
	ck_assert_msg(loss < 0.3 * first, "%s: loss %g -> %g", f.class->name, first, loss);
	optim_free(&o);
	teardown(&f);
}
END_TEST

static const char *const last_layers[][2] = {
	{ "fno", "project." },	       { "unet", "out." }, { "convnet", "out." }, { "mlp", "mlp.out." },
	{ "deeponet", "branch.out." },
};

/* A residual model whose last layer is zero is the identity, to the bit: the baseline every step is judged against. */
START_TEST(residual_with_zero_last_layer_is_persistence)
{
	const char *name = last_layers[_i][0], *prefix = last_layers[_i][1];
	struct shape s = shape_of(BATCH, 3, 16), state = shape_of(BATCH, 1, 16);
	struct model_spec spec = { .n_dims = 1, .size = { 16 }, .n_in = 3, .n_out = 1, .n_state = 1 };
	struct fixture f = { .class = model_find(name) };
	int n_zeroed = 0;
	struct err e;
	char text[300];

	snprintf(text, sizeof text, "model: {residual: true, %s\n", f.class->test_config + 1);
	f.conf = conf_new();
	ck_assert_int_eq(conf_load_text(f.conf, text, "test", &e), 0);
	f.cfg = cfg_new(f.conf);
	f.config = calloc(1, f.class->config_size);
	cfg_section(f.cfg, "model", 1, &(struct key_table){ f.class->keys, f.config });
	ck_assert_msg(cfg_done(f.cfg, &e) == 0, "%s", e.message);
	f.g = graph_new(DTYPE_F32);
	nn_begin(&f.nn, f.g, &f.params, false);
	f.in = (struct model_in){ graph_input(f.g, "x", DTYPE_F32, &s), NODE_NONE, NODE_NONE, NODE_NONE };
	f.in.last = op_slice(f.g, f.in.field, 1, 2, 1, 1);
	f.prediction = f.class->build(&f.nn, f.config, &spec, &f.in);
	f.plan = plan_new(f.g, 1, &f.prediction, &e);
	ck_assert_msg(f.plan != NULL, "%s", e.message);
	params_init(&f.params, 5);
	f.x = tensor_new(DTYPE_F32, &s);
	fill(&f.x, "x");
	plan_bind(f.plan, f.in.field, f.x.data);
	for (int i = 0; i < f.params.n; i++) {
		struct tensor *v = &f.params.at[i].value;

		plan_bind(f.plan, f.nn.node[i], v->data);
		if (strncmp(f.params.at[i].name, prefix, strlen(prefix)) == 0) {
			memset(v->data, 0, tensor_bytes(v));
			n_zeroed++;
		}
	}
	ck_assert_msg(n_zeroed > 0, "%s: no parameter begins with %s", name, prefix);
	ck_assert_int_eq(plan_run(f.plan, &e), 0);
	struct tensor out = plan_out(f.plan, 0);
	ck_assert(shape_equal(&out.shape, &state));
	for (int b = 0; b < BATCH; b++)
		for (int k = 0; k < 16; k++)
			ck_assert(tensor_get(&out, b * 16 + k) == tensor_get(&f.x, (b * 3 + 2) * 16 + k));
	unbuild(&f);
	tensor_free(&f.x);
	params_free(&f.params);
	cfg_free(f.cfg);
	conf_free(f.conf);
	free(f.config);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("models");
	TCase *c = tcase_create("table");
	int n = count_models();

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, gradient_matches_differences, 0, n);
	tcase_add_loop_test(c, threads_change_nothing, 0, n);
	tcase_add_loop_test(c, second_build_finds_the_parameters, 0, n);
	tcase_add_loop_test(c, overfits_three_samples, 0, n);
	tcase_add_loop_test(c, residual_with_zero_last_layer_is_persistence, 0,
			    (int)(sizeof last_layers / sizeof *last_layers));
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
