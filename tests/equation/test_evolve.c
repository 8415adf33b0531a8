/* test_evolve.c: known laws found again from points, the same on any number of threads; the front and the choice on it;
 * numbers tuned to the least squares; what mutations make is a tree. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "equation/evolve_inside.h"

enum { N = 200, POPULATIONS = 12, POPULATION = 20, ROUNDS = 5 };

struct scene {
	double x[2][N], y[N];
	const double *column[2];
	struct evolve v;
	struct evolve_member member[POPULATIONS * POPULATION], front[EVOLVE_SIZE];
};

static double oscillator(double a, double b)
{
	(void)a;
	return b / (1.25 + b);
}

static double product(double a, double b)
{
	return a * b - 0.5 * a;
}

static double wave(double a, double b)
{
	return 2 * sin(a) + b;
}

static double straight(double a, double b)
{
	return 3 - 2 * a + 0.25 * b;
}

static struct scene *scene_new(double (*law)(double, double), const char *names)
{
	struct scene *s = calloc(1, sizeof *s);
	char list[64];

	for (int i = 0; i < N; i++) {
		s->x[0][i] = 4 * rng_uniform_at(rng_stream(1, "a", 0, 0), (uint64_t)i) - 2;
		s->x[1][i] = 2 * rng_uniform_at(rng_stream(1, "b", 0, 0), (uint64_t)i) - 0.6;
		s->y[i] = law(s->x[0][i], s->x[1][i]);
	}
	s->column[0] = s->x[0];
	s->column[1] = s->x[1];
	s->v = (struct evolve){ .populations = POPULATIONS,
				.population = POPULATION,
				.cycles = 30,
				.tournament = 6,
				.size = 15,
				.iterations = 8,
				.parsimony = 1e-3,
				.crossover = 0.1,
				.migration = 0.1,
				.seed = 3,
				.purpose = "evolve",
				.n = N,
				.n_inputs = 2,
				.x = s->column,
				.y = s->y };
	strcpy(list, names);
	for (char *rest = list, *name; (name = strtok_r(rest, " ", &rest));)
		s->v.operator[s->v.n_operators++] = evolve_operator_find(name);
	return s;
}

static const struct {
	double (*law)(double, double);
	const char *operators;
	int size; /* of the shortest tree */
} laws[] = {
	{ oscillator, "add sub mul div", 5 },
	{ product, "add sub mul div", 5 },
	{ wave, "add mul sin", 6 },
};

START_TEST(known_laws_are_found)
{
	struct scene *s = scene_new(laws[_i].law, laws[_i].operators);

	for (int k = 0; k < ROUNDS; k++)
		ck_assert_int_eq(evolve_round(&s->v, k, s->member, s->front, NULL), 0);
	const int size = evolve_choose(s->front);
	ck_assert_msg(size == laws[_i].size, "size %d, loss %g", size, size > 0 ? s->front[size - 1].loss : NAN);
	ck_assert_double_le(s->front[size - 1].loss, 1e-15);
	ck_assert(evolve_loss(&s->v, &s->front[size - 1].tree) == s->front[size - 1].loss);
	free(s);
}
END_TEST

START_TEST(threads_change_nothing)
{
	struct scene *a = scene_new(oscillator, "add sub mul div"), *b = scene_new(oscillator, "add sub mul div");

	for (int k = 0; k < 2; k++) {
		pool_set_threads(1);
		ck_assert_int_eq(evolve_round(&a->v, k, a->member, a->front, NULL), 0);
		pool_set_threads(3);
		ck_assert_int_eq(evolve_round(&b->v, k, b->member, b->front, NULL), 0);
	}
	pool_set_threads(1);
	ck_assert_int_eq(memcmp(a->member, b->member, sizeof a->member), 0);
	ck_assert_int_eq(memcmp(a->front, b->front, sizeof a->front), 0);
	free(a);
	free(b);
}
END_TEST

/* Score -d log(loss) / d size: 0 for the first, log(10)/2, log(1000)/4; sizes 5 and 9 are no better than smaller
 * ones. */
START_TEST(the_steepest_part_of_the_front_is_chosen)
{
	static const double loss[] = { 1, -1, 0.1, -1, 0.1, -1, 1e-4, -1, 2e-4 };
	struct evolve_member front[EVOLVE_SIZE] = { 0 };
	int size[EVOLVE_SIZE];
	double score[EVOLVE_SIZE];

	for (int i = 0; i < 9; i++)
		if (loss[i] > 0) {
			front[i].tree.size = i + 1;
			front[i].loss = loss[i];
		}
	ck_assert_int_eq(evolve_front(front, size, score), 3);
	ck_assert(size[0] == 1 && size[1] == 3 && size[2] == 7);
	ck_assert(score[0] == 0);
	ck_assert_double_eq_tol(score[1], log(10) / 2, 1e-14);
	ck_assert_double_eq_tol(score[2], log(1000) / 4, 1e-14);
	ck_assert_int_eq(evolve_choose(front), 7);
}
END_TEST

/* c0 + c1 a + c2 b from other numbers: BFGS ends at the exact ones. */
START_TEST(numbers_are_tuned)
{
	struct scene *s = scene_new(straight, "add mul");
	const int add = evolve_operator_find("add"), mul = evolve_operator_find("mul");
	struct evolve_member m = { .tree = { .size = 9,
					     .op = { add, add, EVOLVE_NUMBER, mul, EVOLVE_NUMBER, EVOLVE_INPUT, mul,
						     EVOLVE_NUMBER, EVOLVE_INPUT },
					     .value = { 0, 0, 1, 0, 1, 0, 0, 1, 1 } } };
	double number[EVOLVE_SIZE];

	s->v.iterations = 40;
	m.loss = evolve_loss(&s->v, &m.tree);
	ck_assert_double_gt(m.loss, 1);
	evolve_tune(&s->v, &m);
	ck_assert_int_eq(evolve_numbers(&m.tree, number), 3);
	ck_assert_double_eq_tol(number[0], 3, 1e-6);
	ck_assert_double_eq_tol(number[1], -2, 1e-6);
	ck_assert_double_eq_tol(number[2], 0.25, 1e-6);
	ck_assert(m.loss == evolve_loss(&s->v, &m.tree));
	free(s);
}
END_TEST

/* Whatever happens to a tree, it stays one: every operator has its arguments, no node is left over, the size is
 * kept. */
static void check_tree(const struct evolve *v, const struct evolve_tree *t)
{
	int open = 1, i = 0;

	ck_assert(t->size >= 1 && t->size <= (double)v->size);
	for (; open > 0 && i < (int)t->size; i++)
		open += evolve_arity((int)t->op[i]) - 1;
	ck_assert_int_eq(open, 0);
	ck_assert_int_eq(i, (int)t->size);
}

START_TEST(children_are_trees)
{
	struct scene *s = scene_new(product, "add sub mul div sin neg");
	struct evolve_draws d = { rng_stream(5, "test", 0, 0), 0 };
	struct evolve_tree a = evolve_random(&s->v, &d, 9), b = evolve_random(&s->v, &d, 3);
	int changed = 0, full = 0;

	for (int i = 0; i < 5000; i++) {
		const struct evolve_tree m = evolve_mutate(&s->v, &d, &a);

		check_tree(&s->v, &m);
		changed += memcmp(&m, &a, sizeof m) != 0;
		full += m.size == (double)s->v.size;
		b = evolve_cross(&s->v, &d, &m, &b);
		check_tree(&s->v, &b);
		a = i % 5 == 0 ? b : m;
	}
	ck_assert_int_gt(changed, 4000);
	ck_assert_int_gt(full, 0);
	free(s);
}
END_TEST

/* Tidied texts read well and mean the same. */
START_TEST(tidied_expressions_mean_the_same)
{
	static const char *const text[][2] = {
		{ "u/(-1.5 - u)", "-(u/(u + 1.5))" }, { "u - (-2)", "u + 2" },		{ "u + (-2)", "u - 2" },
		{ "(-2)*u/(v + 1)", "-2*u/(v + 1)" }, { "(-2)/(-1 - u)", "2/(u + 1)" },
	};
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		struct exprs *p = exprs_new("");
		struct err e = { 0 };
		struct str out = { 0 };

		exprs_declare(p, SYMBOL_PARAM, "u", 1, EXPR_NONE, &e);
		exprs_declare(p, SYMBOL_PARAM, "v", 1, EXPR_NONE, &e);
		const expr a = expr_parse(p, text[i][0], "test", ALLOW_FIELDS, &e);
		ck_assert_msg(a != EXPR_NONE, "%s", e.message);
		const expr b = evolve_tidy(p, a);
		expr_text(p, b, &out);
		ck_assert_str_eq(str_text(&out), text[i][1]);
		const double at[] = { 0.7, -0.3 };
		ck_assert_double_eq_tol(expr_constant(p, a, at), expr_constant(p, b, at), 1e-14);
		str_free(&out);
		exprs_free(p);
	}
}
END_TEST

/* x0 + 2, and what a damaged file may hold. */
START_TEST(damaged_trees_are_found)
{
	const struct evolve_tree good = { 3, { EVOLVE_FIRST_OPERATOR, EVOLVE_INPUT, EVOLVE_NUMBER }, { 0, 0, 2 } };
	struct evolve_tree t = good;

	ck_assert(evolve_valid(&t, 1) && !evolve_valid(&t, 0));
	ck_assert(evolve_valid(&(struct evolve_tree){ 0 }, 1));
	for (int size = -1; size < 40; size++) {
		t.size = size;
		ck_assert(evolve_valid(&t, 1) == (size == 0 || size == 3));
	}
	/* two trees, 2 and a sum that is cut */
	t = (struct evolve_tree){ 3, { EVOLVE_NUMBER, EVOLVE_FIRST_OPERATOR, EVOLVE_NUMBER }, { 2 } };
	ck_assert(!evolve_valid(&t, 1));
	static const double op[] = { -1, 0.5, 16, 1e300, NAN };
	for (int i = 0; i < 5; i++) {
		t = good;
		t.op[0] = op[i];
		ck_assert(!evolve_valid(&t, 1));
		t = good;
		t.value[1] = op[i];
		ck_assert(!evolve_valid(&t, 1));
		t = good;
		t.size = op[i];
		ck_assert(!evolve_valid(&t, 1));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("evolve");
	TCase *c = tcase_create("evolve");

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, known_laws_are_found, 0, (int)(sizeof laws / sizeof *laws));
	tcase_add_test(c, threads_change_nothing);
	tcase_add_test(c, the_steepest_part_of_the_front_is_chosen);
	tcase_add_test(c, numbers_are_tuned);
	tcase_add_test(c, children_are_trees);
	tcase_add_test(c, damaged_trees_are_found);
	tcase_add_test(c, tidied_expressions_mean_the_same);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	pool_stop();
	return failed != 0;
}
