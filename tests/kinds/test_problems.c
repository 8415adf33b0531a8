/* test_problems.c: what every problem of the table owes: readable keys, a consistent layout, samples that depend on
 * seed and number alone, and marching that reproduces what was generated. */
#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "fixture.h"

static int n_problems(void)
{
	int n = 0;

	for (int i = 0; problem_files[i]; i++)
		for (int k = 0; problem_files[i][k]; k++)
			n++;
	return n;
}

static const struct problem_class *problem_at(int wanted)
{
	int n = 0;

	for (int i = 0; problem_files[i]; i++)
		for (int k = 0; problem_files[i][k]; k++)
			if (n++ == wanted)
				return problem_files[i][k];
	return NULL;
}

static struct fixture small(int i)
{
	const struct problem_class *c = problem_at(i);

	return fixture_problem(c, c->test_config);
}

START_TEST(describes_itself)
{
	const struct problem_class *c = problem_at(_i);

	ck_assert_ptr_eq(problem_find(c->name), c);
	ck_assert(c->summary && c->equation && c->source && c->keys && c->layout && c->prepare && c->release);
	ck_assert(c->generate && c->test_config);
	ck_assert(!c->march == !c->march_input);
	for (const struct key *k = c->keys; k->name; k++) {
		ck_assert_msg(k->help && *k->help, "%s.%s has no help", c->name, k->name);
		ck_assert_msg(k->offset < c->config_size, "%s.%s", c->name, k->name);
	}
}
END_TEST

/* Defaults alone must be a valid configuration. */
START_TEST(defaults_are_valid)
{
	struct fixture f = fixture_problem(problem_at(_i), "");

	ck_assert_int_gt(f.layout.n_fields, 0);
	fixture_free(&f);
}
END_TEST

START_TEST(layout_is_consistent)
{
	struct fixture f = small(_i);
	const struct layout *l = &f.layout;

	ck_assert_int_gt(l->n_fields, 0);
	ck_assert_int_eq(l->n_samples, 0);
	ck_assert_int_eq(l->n_splits, 0);
	for (int k = 0; k < l->n_fields; k++) {
		const struct field *field = &l->field[k];
		int kind = -1;

		ck_assert_int_gt(fixture_count(&f, k), 0);
		for (int a = 0; a < field->n_axes; a++) {
			const struct axis *axis = &l->axis[field->axis[a]];

			ck_assert_msg((int)axis->kind >= kind, "%s.%s: axes out of order", f.problem->name,
				      field->name);
			kind = (int)axis->kind;
			for (int64_t i = 1; axis->coordinate && i < axis->size; i++)
				ck_assert_double_gt(axis->coordinate[i], axis->coordinate[i - 1]);
			if (axis->kind == AXIS_SPACE) {
				ck_assert_ptr_nonnull(axis->coordinate);
				ck_assert_double_gt(axis->length, 0);
			}
		}
	}
	if (f.problem->march) {
		const char *const *name = f.problem->march_input(f.config);

		ck_assert_ptr_nonnull(name[0]);
		for (; *name; name++)
			ck_assert_msg(layout_find_field(l, *name) >= 0, "%s: no field %s", f.problem->name, *name);
	}
	fixture_free(&f);
}
END_TEST

static double *copy_sample(const struct fixture *f, int field)
{
	size_t bytes = (size_t)fixture_count(f, field) * sizeof(double);
	double *copy = xmalloc(bytes);

	memcpy(copy, f->field[field], bytes);
	return copy;
}

/* Sample 3 after samples 0 and 7 in one work area equals sample 3 alone in another, to the bit. */
START_TEST(depends_on_seed_and_number_alone)
{
	struct fixture f = small(_i), g = small(_i);
	bool differs_by_sample = false, differs_by_seed = false;

	fixture_generate(&f, 42, 0);
	fixture_generate(&f, 42, 7);
	fixture_generate(&f, 42, 3);
	fixture_generate(&g, 42, 3);
	for (int k = 0; k < f.layout.n_fields; k++)
		ck_assert_msg(memcmp(f.field[k], g.field[k], (size_t)fixture_count(&f, k) * sizeof(double)) == 0,
			      "%s: field %s depends on what was generated before", f.problem->name,
			      f.layout.field[k].name);
	fixture_generate(&g, 42, 4);
	for (int k = 0; k < f.layout.n_fields; k++)
		differs_by_sample |= memcmp(f.field[k], g.field[k], (size_t)fixture_count(&f, k) * sizeof(double)) != 0;
	fixture_generate(&g, 43, 3);
	for (int k = 0; k < f.layout.n_fields; k++)
		differs_by_seed |= memcmp(f.field[k], g.field[k], (size_t)fixture_count(&f, k) * sizeof(double)) != 0;
	ck_assert(differs_by_sample && differs_by_seed);
	fixture_free(&f);
	fixture_free(&g);
}
END_TEST

START_TEST(is_finite_and_numbered)
{
	struct fixture f = small(_i);
	struct problem_numbers numbers = { 0 };

	if (f.problem->numbers)
		f.problem->numbers(f.config, &numbers);
	ck_assert_int_le(numbers.n, PROBLEM_NUMBERS_MAX);
	for (int k = 0; k < numbers.n; k++)
		f.number[k] = NAN;
	for (int k = 0; k < f.layout.n_fields; k++)
		for (int64_t i = 0; i < fixture_count(&f, k); i++)
			f.field[k][i] = NAN; /* every element must be written */
	fixture_generate(&f, 1, 0);
	for (int k = 0; k < f.layout.n_fields; k++)
		for (int64_t i = 0; i < fixture_count(&f, k); i++)
			ck_assert_msg(isfinite(f.field[k][i]), "%s: %s[%lld]", f.problem->name, f.layout.field[k].name,
				      (long long)i);
	for (int k = 0; k < numbers.n; k++) {
		ck_assert(numbers.name[k] && *numbers.name[k]);
		ck_assert_msg(isfinite(f.number[k]), "%s: number %s", f.problem->name, numbers.name[k]);
	}
	fixture_free(&f);
}
END_TEST

/* March from what was generated, frame 0: the same outputs to rounding (1e-9 of the field's size: chaotic systems
 * amplify the rounding of the transforms). */
START_TEST(marching_reproduces)
{
	struct fixture f = small(_i);
	const char *const *name = f.problem->march ? f.problem->march_input(f.config) : NULL;
	const double *in[FIXTURE_FIELDS];
	double *generated[FIXTURE_FIELDS] = { 0 };
	struct err e = { 0 };

	if (name) {
		fixture_generate(&f, 5, 2);
		for (int k = 0; k < f.layout.n_fields; k++)
			generated[k] = copy_sample(&f, k);
		for (int k = 0; name[k]; k++)
			in[k] = generated[layout_find_field(&f.layout, name[k])];
		for (int k = 0; k < f.layout.n_fields; k++)
			memset(f.field[k], 0, (size_t)fixture_count(&f, k) * sizeof(double));
		ck_assert_msg(f.problem->march(f.config, f.work, 2, in, f.field, f.number, &e) == 0, "%s", e.message);
		for (int k = 0; k < f.layout.n_fields; k++) {
			double size = 0;

			for (int64_t i = 0; i < fixture_count(&f, k); i++)
				size = fmax(size, fabs(generated[k][i]));
			for (int64_t i = 0; i < fixture_count(&f, k); i++)
				ck_assert_double_eq_tol(f.field[k][i], generated[k][i], 1e-9 * size);
			free(generated[k]);
		}
	}
	fixture_free(&f);
}
END_TEST

START_TEST(refuses)
{
	fixture_refuse("burgers", "grid: 100\n", "grid: 100 points");
	fixture_refuse("burgers", "viscosity: 1\n", "viscosity");
	fixture_refuse("burgers", "nu: -1\n", "nu");
	fixture_refuse("darcy", "grid: 84\n", "grid: 84 nodes");
	fixture_refuse("heat", "dims: 2\ngrid: [4, 4, 4]\n", "grid: 3 numbers for 2");
	fixture_refuse("cir", "method: exact\n", "method:");
	fixture_refuse("grf", "tau: 0\nmean_mode: true\n", "tau");
	fixture_refuse("grf", "boundary: dirichlet\ngrid: 2\n", "dirichlet");
	fixture_refuse("navier-stokes", "grid: 48\n", "grid: 48 points");
}
END_TEST

/* Shipped files name a problem and configure it validly. (Preparing the published ones takes too long here.) */
START_TEST(shipped_files_are_valid)
{
	static const char folder[] = SCIML_DATA "/problem";
	DIR *d = opendir(folder);
	int n = 0;

	ck_assert_msg(d != NULL, "%s", folder);
	for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
		struct conf *conf = conf_new();
		struct cfg *reader = cfg_new(conf);
		const struct problem_class *c;
		struct key_table table;
		struct str path = { 0 };
		struct err e = { 0 };
		const char *name;

		str_printf(&path, "%s/%s", folder, entry->d_name);
		if (str_ends(entry->d_name, ".yaml")) {
			ck_assert_msg(conf_load(conf, str_text(&path), &e) == 0, "%s", e.message);
			name = cfg_name(reader, "problem", NULL);
			c = name ? problem_find(name) : NULL;
			ck_assert_msg(c || !name || conf_at(conf, "problem.equation"), "%s: no problem %s",
				      entry->d_name, name);
			if (c) {
				table = (struct key_table){ c->keys, xcalloc(1, c->config_size) };
				cfg_section(reader, "problem", 1, &table);
				ck_assert_msg(cfg_done(reader, &e) == 0, "%s", e.message);
				ck_assert_msg(!c->check || c->check(table.into, &e) == 0, "%s: %s", entry->d_name,
					      e.message);
				free(table.into);
				n++;
			}
		}
		str_free(&path);
		cfg_free(reader);
		conf_free(conf);
	}
	closedir(d);
	ck_assert_int_ge(n, 7);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("problems");
	TCase *t = tcase_create("every problem");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, describes_itself, 0, n_problems());
	tcase_add_loop_test(t, defaults_are_valid, 0, n_problems());
	tcase_add_loop_test(t, layout_is_consistent, 0, n_problems());
	tcase_add_loop_test(t, depends_on_seed_and_number_alone, 0, n_problems());
	tcase_add_loop_test(t, is_finite_and_numbered, 0, n_problems());
	tcase_add_loop_test(t, marching_reproduces, 0, n_problems());
	tcase_add_test(t, refuses);
	tcase_add_test(t, shipped_files_are_valid);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
