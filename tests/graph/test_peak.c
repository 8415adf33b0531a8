/* test_peak.c: plans that compute values twice to save memory give the bits of plans that keep every value. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "graph/plan.h"
#include "ops.h"

enum { ROWS = 65536, WIDTH = 8, NODES = 80, LAYERS = 20, SEEDS = 4 };

/* Nodes that an output needs, without leaves: those of a plan that computes each once. */
static int needed(const struct graph *g, int n_out, const node *out)
{
	int n = graph_size(g), count = 0;
	bool *is = xcalloc((size_t)n, sizeof *is);

	for (int k = 0; k < n_out; k++)
		is[out[k].id] = true;
	for (int id = n - 1; id >= 0; id--) {
		const struct graph_node *a = graph_at(g, (node){ id });

		count += is[id] && a->n_args > 0;
		for (int k = 0; is[id] && k < a->n_args; k++)
			is[a->arg[k].id] = true;
	}
	free(is);
	return count;
}

static struct tensor random_values(struct shape s, uint64_t seed)
{
	struct tensor t = tensor_new(DTYPE_F32, &s);

	rng_normal_f(rng_stream(seed, "data", 0, 0), 0, (size_t)shape_count(&s), t.data);
	return t;
}

/* The outputs by a plan, and by one whose outputs are all nodes, which can not compute any of them twice. Returns how
 * many values were computed twice. */
static int compare(struct graph *g, int n_in, const node *in, const struct tensor *value, int n_out, const node *out,
		   size_t *bytes)
{
	int n = graph_size(g), n_all = n_out, twice;
	node *all = xcalloc((size_t)(n + n_out), sizeof *all);
	struct plan *p[2];

	memcpy(all, out, (size_t)n_out * sizeof *out);
	for (int id = 0; id < n; id++)
		all[n_all++] = (node){ id };
	p[0] = plan_new(g, n_out, out, NULL);
	p[1] = plan_new(g, n_all, all, NULL);
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < n_in; k++)
			plan_bind(p[i], in[k], value[k].data);
		ck_assert_int_eq(plan_run(p[i], NULL), 0);
	}
	for (int k = 0; k < n_out; k++) {
		struct tensor a = plan_out(p[0], k), b = plan_out(p[1], k);

		ck_assert_int_eq(memcmp(a.data, b.data, tensor_bytes(&a)), 0);
	}
	twice = plan_stats(p[0]).n_nodes - needed(g, n_out, out);
	*bytes = plan_stats(p[0]).buffer_bytes;
	plan_free(p[0]);
	plan_free(p[1]);
	free(all);
	return twice;
}

/* Layers y = z tanh z, z = y W: the reverse sweep reads z, tanh z and y of every layer; z is enough to keep. */
START_TEST(layers)
{
	struct graph *g = graph_new(DTYPE_F32);
	struct shape s = shape_of(ROWS, WIDTH), sw = shape_of(WIDTH, WIDTH);
	node in[LAYERS + 1], grad[LAYERS], y, loss, out[LAYERS + 1];
	struct tensor value[LAYERS + 1];
	size_t bytes, one = ROWS * WIDTH * sizeof(float);

	y = in[0] = graph_input(g, "x", DTYPE_F32, &s);
	value[0] = random_values(s, 1);
	for (int i = 1; i <= LAYERS; i++) {
		in[i] = graph_input(g, "w", DTYPE_F32, &sw);
		value[i] = random_values(sw, (uint64_t)i + 1);
		node z = t_rows(g, y, t_scale(g, in[i], 0.1)), a = t_tanh(g, z);
		y = t_mul(g, a, z);
	}
	loss = graph_sum(g, t_mul(g, y, y), 3, false);
	ck_assert_int_eq(graph_gradient(g, loss, LAYERS, in + 1, grad), 0);
	out[0] = loss;
	memcpy(out + 1, grad, sizeof grad);
	ck_assert_int_gt(compare(g, LAYERS + 1, in, value, LAYERS + 1, out, &bytes), 0);
	ck_assert_uint_le(bytes, (LAYERS + 6) * one);
	for (int i = 0; i <= LAYERS; i++)
		tensor_free(&value[i]);
	graph_free(g);
}
END_TEST

/* Any nodes read by any later ones: chains of cheap ones, products between, views, small values. */
START_TEST(random_graphs)
{
	int twice = 0;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct graph *g = graph_new(DTYPE_F32);
		struct shape s = shape_of(ROWS, WIDTH), sw = shape_of(WIDTH, WIDTH), flat = shape_of(WIDTH, ROWS);
		node in[2] = { graph_input(g, "x", DTYPE_F32, &s), graph_input(g, "w", DTYPE_F32, &sw) };
		struct tensor value[2] = { random_values(s, seed), random_values(sw, seed + 100) };
		node at[NODES] = { in[0] }, w = t_scale(g, in[1], 0.1), out[3];
		struct rng r = rng_stream(seed, "graph", 0, 0);
		size_t bytes;

		for (int i = 1; i < NODES; i++) {
			const double kind = rng_uniform_at(r, 3 * (uint64_t)i);
			const double far = rng_uniform_at(r, 3 * (uint64_t)i + 1),
				     u = rng_uniform_at(r, 3 * (uint64_t)i + 2);
			int b = far < 0.5 ? (int)(u * i) : i - 1 - (int)(u * (i < 4 ? i : 4));
			node a = at[i - 1], other = at[b];

			if (kind < 0.2)
				at[i] = t_tanh(g, t_rows(g, a, w));
			else if (kind < 0.3)
				at[i] = graph_reshape(g, t_tanh(g, graph_reshape(g, other, &flat)), &s);
			else if (kind < 0.4)
				at[i] = t_rows(g, t_sin(g, other), t_columns(g, t_tanh(g, a), t_scale(g, other, 1e-5)));
			else if (kind < 0.6)
				at[i] = t_sin(g, graph_add(g, a, other));
			else
				at[i] = t_scale(g, graph_add(g, a, t_mul(g, other, other)), 0.3);
		}
		out[0] = at[NODES - 1];
		out[1] = at[NODES / 2];
		out[2] = graph_sum(g, t_mul(g, at[NODES - 1], at[3]), 2, false);
		twice += compare(g, 2, in, value, 3, out, &bytes) > 0;
		tensor_free(&value[0]);
		tensor_free(&value[1]);
		graph_free(g);
	}
	ck_assert_int_ge(twice, 1); /* so that the comparison is of something */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("peak");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, layers);
	tcase_add_test(t, random_graphs);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
