/* test_physics_group.c: loss and gradient of points in many blocks: sums over single blocks, the same bits for any
 * number of threads. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "learner/physics_balance.h"
#include "run/trainer.h"

enum { POINTS = 700, CHUNK = 100 };

static const char config[] =
	"{model: {name: coordinate, width: 6, depth: 2}, data: {real: float64}, objective: {name: physics, points: 700,"
	" initial: 50, side: 25}, optim: adam, problem: {equation: 'u_t + u*u_x = nu*u_xx', param: {nu: 0.1},"
	" domain: {x: [-1, 1], t: [0, 1]}, boundary: {x: dirichlet}, initial: {u: '-sin(pi*x)'}, grid: {x: 32}}}";

struct run {
	struct conf *conf;
	struct cfg *reader;
	struct trainer t;
};

static void open_run(struct run *r)
{
	struct err e = { 0 };
	struct trainer *t = &r->t;

	*r = (struct run){ .conf = conf_new() };
	ck_assert_int_eq(conf_load_text(r->conf, config, "test", &e), 0);
	struct cfg *c = r->reader = cfg_new(r->conf);
	t->network.class = model_find(cfg_name(c, "model", NULL));
	t->network.config = xcalloc(1, t->network.class->config_size);
	cfg_section(c, "model", 1, &(struct key_table){ t->network.class->keys, t->network.config });
	cfg_section(c, "data", 2,
		    (struct key_table[]){ { task_keys, &t->task_key }, { network_keys, &t->network.key } });
	t->learner = learner_find(cfg_name(c, "objective", NULL));
	t->objective_config = xcalloc(1, t->learner->config_size);
	cfg_section(c, "objective", 1, &(struct key_table){ t->learner->keys, t->objective_config });
	t->optim.class = optim_find(cfg_name(c, "optim", "adam"));
	t->optim_config = xcalloc(1, t->optim.class->config_size);
	cfg_section(c, "optim", 1, &(struct key_table){ t->optim.class->keys, t->optim_config });
	cfg_section(c, "train", 1, &(struct key_table){ train_keys, &t->key });
	ck_assert_msg(t->learner->configure(t, c, &e) == 0 && cfg_done(c, &e) == 0 &&
			      trainer_open(t, NULL, NULL, &e) == 0 && t->learner->load(t, &e) == 0,
		      "%s", e.message);
}

static void close_run(struct run *r)
{
	trainer_close(&r->t);
	cfg_free(r->reader);
	conf_free(r->conf);
}

/* The inner points a hundred at a time, a block each, against all at once: the same loss, mean square and gradient. */
START_TEST(blocks)
{
	struct run r;
	struct err e = { 0 };

	open_run(&r);
	struct physics_loss *l = r.t.learning;
	struct physics_group *all = &l->group[0], one = { .kind = TERM_EQUATION };
	struct params want = params_like(&r.t.network.params), got = params_like(&r.t.network.params);
	const double factor = 1. / POINTS;
	double loss = 0, sum = 0, mean = 0;

	ck_assert_int_eq(all->n, POINTS);
	ck_assert_int_gt(all->n_parts, 3);
	ck_assert_int_gt(all->n_padded, POINTS);
	ck_assert_int_eq(physics_group_run(all, &factor, NULL, &got, &loss, true, &e), 0);
	physics_group_terms(&one, &l->p);
	ck_assert_int_eq(physics_group_open(&one, &l->p, CHUNK, DTYPE_F64, &e), 0);
	ck_assert_int_eq(one.n_padded, one.block);
	ck_assert_int_eq(physics_group_compile(&one, &l->p, l->network, 0, &e), 0);
	for (int64_t at = 0; at < POINTS; at += CHUNK) {
		const double *column[] = { l->inside.column[0] + at, l->inside.column[1] + at };

		physics_group_points(&one, column);
		ck_assert_int_eq(physics_group_run(&one, &factor, NULL, &want, &sum, true, &e), 0);
		mean += one.term[0].mean * CHUNK / POINTS;
	}
	ck_assert_double_eq_tol(loss, sum, 1e-13 * sum);
	ck_assert_double_eq_tol(all->term[0].mean, mean, 1e-13 * mean);
	const double norm = optim_gradient_norm(&want);
	ck_assert_double_gt(norm, 0);
	for (int i = 0; i < want.n; i++)
		for (int64_t j = 0; j < shape_count(&want.at[i].value.shape); j++)
			ck_assert_double_eq_tol(tensor_get(&got.at[i].value, j), tensor_get(&want.at[i].value, j),
						1e-13 * norm);
	physics_group_close(&one);
	params_free(&want);
	params_free(&got);
	close_run(&r);
}
END_TEST

START_TEST(threads)
{
	struct params first = { 0 };
	double loss[3];
	struct run r;
	struct err e = { 0 };

	open_run(&r);
	for (int k = 0; k < 3; k++) {
		pool_set_threads(1 + k);
		ck_assert_int_eq(r.t.learner->evaluate(&r.t, &loss[k], &e), 0);
		ck_assert_int_eq(memcmp(&loss[k], &loss[0], sizeof loss[0]), 0);
		if (k == 0)
			first = params_copy(&r.t.gradient);
		for (int i = 0; i < first.n; i++)
			ck_assert_int_eq(memcmp(first.at[i].value.data, r.t.gradient.at[i].value.data,
						tensor_bytes(&first.at[i].value)),
					 0);
	}
	pool_stop();
	params_free(&first);
	close_run(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("physics_group");
	TCase *c = tcase_create("physics_group");
	SRunner *runner;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, blocks);
	tcase_add_test(c, threads);
	suite_add_tcase(s, c);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
