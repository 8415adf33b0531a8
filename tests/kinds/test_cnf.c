/* test_cnf.c: continuous normalising flows: densities of linear fields against the Gaussian that they make, exact
 * traces against random vectors, paths there and back. (Gradients of the likelihood are checked in test_trajectory.) */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learner/cnf.h"
#include "trained.h"

enum { DIM = 2, B = 7 };

static struct cnf_solve *solve_new(struct trained_scene *s, const struct cnf *c, bool exact)
{
	struct err e = { 0 };
	struct cnf_solve *v = cnf_solve_new(&s->network, c, B, DIM, exact, &e);

	ck_assert_msg(v != NULL, "%s", e.message);
	return v;
}

static void run(struct cnf_solve *v, bool back, const double *probe, double *x, double *change)
{
	struct err e = { 0 };
	int64_t evaluations;

	ck_assert_msg(cnf_solve_run(v, back, probe, NULL, x, change, &evaluations, &e) == 0, "%s", e.message);
	ck_assert_int_gt(evaluations, 0);
}

static double *values(struct trained_scene *s, const char *name)
{
	const int k = params_find(&s->network.params, name);

	ck_assert_int_ge(k, 0);
	return s->network.params.at[k].value.data;
}

/* exp(a t) of a 3 x 3 matrix by its series: small matrices only. */
static void exponential(const double a[3][3], double t, double out[3][3])
{
	double term[3][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } }, next[3][3];

	memcpy(out, term, sizeof term);
	for (int n = 1; n < 60; n++) {
		for (int i = 0; i < 3; i++)
			for (int j = 0; j < 3; j++) {
				next[i][j] = 0;
				for (int k = 0; k < 3; k++)
					next[i][j] += term[i][k] * a[k][j] * t / n;
			}
		memcpy(term, next, sizeof term);
		for (int i = 0; i < 3; i++)
			for (int j = 0; j < 3; j++)
				out[i][j] += term[i][j];
	}
}

/* x' = A x + b makes of N(0, I) the law N(m, E E^T), E = exp(A T): its density at given points, and at draws. */
START_TEST(linear_field_is_gaussian)
{
	static const double a[2][2] = { { 0.7, -1.1 }, { 0.4, 0.2 } }, b[2] = { 0.5, -0.3 };
	const double all[3][3] = { { a[0][0], a[0][1], b[0] }, { a[1][0], a[1][1], b[1] }, { 0, 0, 0 } };
	const struct cnf c = { .solver = { .method = "tsit5", .rtol = 1e-10, .atol = 1e-10, .max_steps = 100000 },
			       .end = 1.3 };
	struct trained_scene s = trained_scene_open("model: {depth: 0, final: identity, scale: false, time: none}\n");
	double x[B * DIM], z[B * DIM], change[B], e[3][3], s00, s01, s11, det;

	for (int exact = 0; exact < 2; exact++) {
		struct cnf_solve *v = solve_new(&s, &c, exact);
		double probe[B * DIM];

		for (int i = 0; i < 2; i++) {
			values(&s, "field.out.bias")[i] = b[i];
			for (int j = 0; j < 2; j++)
				values(&s, "field.out.weight")[j * 2 + i] = a[i][j]; /* (in, out) */
		}
		exponential(all, c.end, e);
		s00 = e[0][0] * e[0][0] + e[0][1] * e[0][1];
		s01 = e[0][0] * e[1][0] + e[0][1] * e[1][1];
		s11 = e[1][0] * e[1][0] + e[1][1] * e[1][1];
		det = s00 * s11 - s01 * s01;
		for (int back = 0; back < 2; back++) {
			rng_normal(rng_stream(1, "points", 0, 0), 0, B * DIM, z);
			memcpy(x, z, sizeof x);
			for (int i = 0; i < B; i++) { /* w . A w is the trace for w = (1, 0) and (0, 1) together */
				probe[i * 2] = 1;
				probe[i * 2 + 1] = -1;
			}
			run(v, back, probe, x, change);
			for (int i = 0; i < B; i++) {
				const double *at = (back ? z : x) + i * 2, u = at[0] - e[0][2], w = at[1] - e[1][2];
				const double exactly = -log(2 * 3.14159265358979323846) - 0.5 * log(det) -
						       0.5 * (s11 * u * u - 2 * s01 * u * w + s00 * w * w) / det;
				const double got = back ? cnf_base(DIM, x + i * 2) - change[i]
							: cnf_base(DIM, z + i * 2) + change[i];
				/* signs (1, -1) see the trace less the sum of the other elements */
				const double off = exact ? 0 : (a[0][1] + a[1][0]) * c.end;

				ck_assert_double_eq_tol(got, exactly + off, 1e-6);
			}
		}
		cnf_solve_free(v);
	}
	trained_scene_close(&s);
}
END_TEST

static const struct cnf fixed = { .solver = { .method = "rk4", .dt = 0.125, .max_steps = 1000 }, .end = 1 };

static struct trained_scene curved(void)
{
	struct trained_scene s = trained_scene_open("model: {width: 9, depth: 2, activation: tanh, time: every}\n");
	struct cnf_solve *v = solve_new(&s, &fixed, true); /* makes the parameters */

	params_init(&s.network.params, 5);
	for (int k = 0; k < s.network.params.n; k++)
		for (int64_t i = 0; i < shape_count(&s.network.params.at[k].value.shape); i++)
			tensor_set(&s.network.params.at[k].value, i,
				   1.5 * tensor_get(&s.network.params.at[k].value, i));
	cnf_solve_free(v);
	return s;
}

/* The mean over all signs is the trace; that over normal vectors nears it. */
START_TEST(probes_in_the_mean)
{
	enum { DRAWS = 400 };
	struct trained_scene s = curved();
	struct cnf_solve *exact = solve_new(&s, &fixed, true), *random = solve_new(&s, &fixed, false);
	double z[B * DIM], x[B * DIM], want[B], got[B], mean[B] = { 0 }, sum[B] = { 0 }, square[B] = { 0 };
	double probe[B * DIM];

	rng_normal(rng_stream(1, "points", 0, 0), 0, B * DIM, z);
	memcpy(x, z, sizeof x);
	run(exact, true, NULL, x, want);
	for (int k = 0; k < 4; k++) {
		for (int i = 0; i < B; i++) {
			probe[i * 2] = k % 2 ? 1 : -1;
			probe[i * 2 + 1] = k / 2 ? 1 : -1;
		}
		memcpy(x, z, sizeof x);
		run(random, true, probe, x, got);
		for (int i = 0; i < B; i++)
			mean[i] += got[i] / 4;
	}
	for (int k = 0; k < DRAWS; k++) {
		for (int i = 0; i < B; i++)
			cnf_probe(CNF_NORMAL, 3, "probe", 0, (uint64_t)(k * B + i), DIM, probe + i * DIM);
		memcpy(x, z, sizeof x);
		run(random, true, probe, x, got);
		for (int i = 0; i < B; i++) {
			sum[i] += got[i] / DRAWS;
			square[i] += got[i] * got[i] / DRAWS;
		}
	}
	for (int i = 0; i < B; i++) {
		const double error = sqrt((square[i] - sum[i] * sum[i]) / DRAWS);

		ck_assert_double_gt(fabs(want[i]), 1e-3);
		ck_assert_double_eq_tol(mean[i], want[i], 1e-12);
		ck_assert_double_gt(error, 1e-4);
		ck_assert_double_lt(fabs(sum[i] - want[i]), 4 * error);
	}
	cnf_solve_free(exact);
	cnf_solve_free(random);
	trained_scene_close(&s);
}
END_TEST

/* What a density gains forth it loses back; and the change is the logarithm of the map's determinant. */
START_TEST(forth_and_back)
{
	const struct cnf fine = { .solver = { .method = "tsit5", .rtol = 1e-11, .atol = 1e-11, .max_steps = 100000 },
				  .end = 1 };
	const double h = 1e-4;
	struct trained_scene s = curved();
	struct cnf_solve *v = solve_new(&s, &fine, true);
	double z[B * DIM], x[B * DIM], forth[B], back[B], end[4][B * DIM];

	rng_normal(rng_stream(2, "points", 0, 0), 0, B * DIM, z);
	for (int side = 0; side < 4; side++) {
		for (int i = 0; i < B * DIM; i++)
			end[side][i] = z[i] + (i % 2 == side / 2 ? (side % 2 ? h : -h) : 0);
		run(v, false, NULL, end[side], forth);
	}
	memcpy(x, z, sizeof x);
	run(v, false, NULL, x, forth);
	run(v, true, NULL, x, back);
	for (int i = 0; i < B; i++) {
		double j[2][2];

		for (int k = 0; k < 4; k++)
			j[k % 2][k / 2] =
				(end[2 * (k / 2) + 1][i * 2 + k % 2] - end[2 * (k / 2)][i * 2 + k % 2]) / (2 * h);
		ck_assert_double_eq_tol(x[i * 2], z[i * 2], 1e-8);
		ck_assert_double_eq_tol(x[i * 2 + 1], z[i * 2 + 1], 1e-8);
		ck_assert_double_eq_tol(forth[i], -back[i], 1e-8);
		ck_assert_double_eq_tol(forth[i], -log(j[0][0] * j[1][1] - j[0][1] * j[1][0]), 1e-6);
	}
	cnf_solve_free(v);
	trained_scene_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cnf");
	TCase *t = tcase_create("cnf");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, linear_field_is_gaussian);
	tcase_add_test(t, probes_in_the_mean);
	tcase_add_test(t, forth_and_back);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
