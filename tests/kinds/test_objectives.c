/* test_objectives.c: every objective of the table against its plain loops, and its gradient against differences. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "graph/plan.h"
#include "objective/objective.h"

static const struct objective_class *objective_at(int i)
{
	for (int f = 0; objective_files[f]; f++)
		for (int k = 0; objective_files[f][k]; k++)
			if (i-- == 0)
				return objective_files[f][k];
	return NULL;
}

static void *defaults(const struct objective_class *o)
{
	struct conf *c = conf_new();
	struct cfg *r = cfg_new(c);
	void *config = calloc(1, o->config_size);

	cfg_section(r, "objective", 1, &(struct key_table){ o->keys, config });
	ck_assert_int_eq(cfg_done(r, NULL), 0);
	cfg_free(r);
	conf_free(c);
	return config;
}

START_TEST(value_and_gradient)
{
	const struct objective_class *o = objective_at(_i);
	struct shape shapes[] = { shape_of(3, 2, 7), shape_of(2, 1, 5, 6), shape_of(4, 9, 2) };
	int dims[] = { 1, 2, 0 };
	void *config = defaults(o);

	for (int k = 0; k < 3; k++)
		for (int periodic = 0; periodic < 2; periodic++) {
			const struct shape *s = &shapes[k];
			int64_t n = shape_count(s);
			struct tensor p = tensor_new(DTYPE_F64, s), y = tensor_new(DTYPE_F64, s);
			struct err e = { 0 };

			rng_normal(rng_stream(1, "p", 0, 0), 0, (size_t)n, p.data);
			rng_normal(rng_stream(1, "y", 0, 0), 0, (size_t)n, y.data);
			struct graph *g = graph_new(DTYPE_F64);
			struct objective_in in = { graph_input(g, "p", DTYPE_F64, s),
						   graph_input(g, "y", DTYPE_F64, s),
						   dims[k],
						   { periodic, !periodic, periodic },
						   { 2, 1, 0 } };
			node loss = o->build(g, config, &in), grad;
			ck_assert_int_eq(graph_gradient(g, loss, 1, &in.prediction, &grad), 0);
			struct plan *plan = plan_new(g, 2, (node[]){ loss, grad }, &e);
			ck_assert_msg(plan != NULL, "%s: %s", o->name, e.message);
			plan_bind(plan, in.prediction, p.data);
			plan_bind(plan, in.target, y.data);
			ck_assert_int_eq(plan_run(plan, &e), 0);
			struct tensor v = plan_out(plan, 0), d = plan_out(plan, 1);
			double want = o->reference(config, &in, s, p.data, y.data), *x = p.data;
			ck_assert_msg(fabs(tensor_get(&v, 0) - want) <= 1e-12 * fabs(want),
				      "%s: %.15g, loops give %.15g", o->name, tensor_get(&v, 0), want);
			for (int64_t i = 0; i < n; i += 5) {
				double was = x[i], got = tensor_get(&d, i), h = 1e-6;

				x[i] = was + h;
				double up = o->reference(config, &in, s, x, y.data);
				x[i] = was - h;
				double down = o->reference(config, &in, s, x, y.data);
				x[i] = was;
				ck_assert_msg(fabs(got - (up - down) / (2 * h)) < 1e-7, "%s: slope %lld", o->name,
					      (long long)i);
			}
			plan_free(plan);
			graph_free(g);
			tensor_free(&p);
			tensor_free(&y);
		}
	free(config);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("objectives");
	TCase *c = tcase_create("table");
	int n = 0;

	while (objective_at(n))
		n++;
	tcase_add_loop_test(c, value_and_gradient, 0, n);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
