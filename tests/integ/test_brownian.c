/* test_brownian.c: the virtual Brownian tree against the law of Brownian motion, its own finer queries by Riemann sums,
 * Chen's relation, and itself in other orders; Levy areas against sums over fine paths. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "integ/brownian.h"

static struct brownian *tree(enum brownian_kind kind, uint64_t seed, int64_t n_samples, int64_t channels,
			     double tolerance)
{
	const struct brownian_spec spec = { .seed = seed,
					    .purpose = "test",
					    .n_samples = n_samples,
					    .channels = channels,
					    .t1 = 1,
					    .tolerance = tolerance,
					    .kind = kind };
	struct brownian *b = brownian_new(&spec, NULL);

	ck_assert_ptr_nonnull(b);
	return b;
}

static void query(struct brownian *b, int kind, int64_t n, double s, double t, double *out)
{
	brownian_increment(b, s, t, out, kind > 1 ? out + n : NULL, kind > 2 ? out + 2 * n : NULL);
}

static double mean_product(int64_t n, const double *a, const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum / (double)n;
}

/* ---- the law ------------------------------------------------------------------------------------- */

enum { PATHS = 200000 };
static const double factor[3] = { 1, 12, 720 };

START_TEST(moments)
{
	static const double at[3][2] = { { 0, 1 }, { 0.3, 0.71 }, { 0.123, 0.517 } };
	const int kind = _i + 1;
	struct brownian *b = tree((enum brownian_kind)kind, 5, PATHS, 1, 1. / 64);
	double *v = xmalloc((size_t)(3 * PATHS) * sizeof *v);

	ck_assert_int_eq(brownian_levels(b), 6);
	for (int k = 0; k < 3; k++) {
		double variance[3];

		query(b, kind, PATHS, at[k][0], at[k][1], v);
		for (int q = 0; q < kind; q++) {
			variance[q] = mean_product(PATHS, v + q * PATHS, v + q * PATHS);
			ck_assert_msg(fabs(variance[q] * factor[q] / (at[k][1] - at[k][0]) - 1) < 0.015,
				      "kind %d, interval %d, integral %d: scaled variance %g", kind, k, q,
				      variance[q] * factor[q] / (at[k][1] - at[k][0]));
			for (int p = 0; p < q; p++)
				ck_assert_double_lt(fabs(mean_product(PATHS, v + q * PATHS, v + p * PATHS)) /
							    sqrt(variance[q] * variance[p]),
						    0.01);
		}
	}
	free(v);
	brownian_free(b);
}
END_TEST

/* Neighbouring intervals are independent, and so are channels. */
START_TEST(independence)
{
	const int kind = _i + 1;
	struct brownian *b = tree((enum brownian_kind)kind, 6, PATHS / 2, 2, 1. / 64);
	double *v = xmalloc((size_t)(3 * PATHS) * sizeof *v), *u = xmalloc((size_t)(3 * PATHS) * sizeof *u);

	query(b, kind, PATHS, 0.1, 0.35, v);
	query(b, kind, PATHS, 0.35, 0.9, u);
	for (int q = 0; q < kind; q++)
		for (int p = 0; p < kind; p++)
			ck_assert_double_lt(fabs(mean_product(PATHS, v + q * PATHS, u + p * PATHS)) /
						    sqrt(mean_product(PATHS, v + q * PATHS, v + q * PATHS) *
							 mean_product(PATHS, u + p * PATHS, u + p * PATHS)),
					    0.01);
	for (int q = 0; q < kind; q++) {
		const double *x = v + q * PATHS;
		double sum = 0;

		for (int i = 0; i < PATHS; i += 2)
			sum += x[i] * x[i + 1];
		ck_assert_double_lt(fabs(sum) / (PATHS / 2) / mean_product(PATHS, x, x), 0.015);
	}
	free(v);
	free(u);
	brownian_free(b);
}
END_TEST

/* H and K are the integrals that they are said to be, of the same path at 4096 finer times. */
START_TEST(integrals_by_riemann_sums)
{
	enum { FINE = 4096, N = 64 };
	static const double s = 0.21, t = 0.83;
	const int kind = 2 + _i;
	struct brownian *b = tree((enum brownian_kind)kind, 7, N, 1, 1e-5);
	double v[3 * N], part[3 * N], w[N] = { 0 }, sum[N] = { 0 }, h[N] = { 0 }, k[N] = { 0 };
	double error[3] = { 0 }, norm[3] = { 0 };

	query(b, kind, N, s, t, v);
	for (int j = 0; j < FINE; j++) {
		const double step = (t - s) / FINE, a = s + step * j, middle = (j + 0.5) / FINE;

		query(b, kind, N, a, s + step * (j + 1), part);
		for (int i = 0; i < N; i++) {
			const double value = w[i] + 0.5 * part[i], bridge = value - middle * v[i];

			sum[i] += step * value;
			h[i] += bridge / FINE;
			k[i] += bridge * (0.5 - middle) / FINE;
			w[i] += part[i];
		}
	}
	for (int i = 0; i < N; i++) {
		const double whole = (t - s) * (0.5 * v[i] + v[N + i]);

		ck_assert_double_eq_tol(w[i], v[i], 1e-12);
		error[0] += pow(sum[i] - whole, 2);
		norm[0] += pow(whole, 2);
		error[1] += pow(h[i] - v[N + i], 2);
		norm[1] += pow(v[N + i], 2);
		error[2] += kind > 2 ? pow(k[i] - v[2 * N + i], 2) : 0;
		norm[2] += kind > 2 ? pow(v[2 * N + i], 2) : 1;
	}
	for (int q = 0; q < 3; q++)
		ck_assert_double_lt(sqrt(error[q] / norm[q]), 2e-2);
	brownian_free(b);
}
END_TEST

/* ---- the tree ------------------------------------------------------------------------------------ */

START_TEST(chen)
{
	enum { N = 200 };
	const struct rng times = rng_stream(1, "times", 0, 0);
	struct brownian *b = tree(BROWNIAN_WHK, 8, N, 1, 1e-6);
	double first[3 * N], second[3 * N], whole[3 * N], joined[3 * N];

	for (int trial = 0; trial < 50; trial++) {
		double t[3];
		struct brownian_part part[3];

		rng_uniform(times, (uint64_t)(3 * trial), 3, t);
		for (int i = 0; i < 3; i++)
			for (int j = 0; j < i; j++)
				if (t[j] > t[i]) {
					const double swap = t[i];

					t[i] = t[j];
					t[j] = swap;
				}
		/* H and K divide by the length: shorter ones would test the rounding of times. */
		if (t[1] - t[0] < 0.05 || t[2] - t[1] < 0.05)
			continue;
		query(b, 3, N, t[0], t[2], whole);
		query(b, 3, N, t[0], t[1], first);
		query(b, 3, N, t[1], t[2], second);
		part[0] = (struct brownian_part){ t[1] - t[0], first, first + N, first + 2 * N };
		part[1] = (struct brownian_part){ t[2] - t[1], second, second + N, second + 2 * N };
		part[2] = (struct brownian_part){ 0, joined, joined + N, joined + 2 * N };
		brownian_join(N, &part[0], &part[1], &part[2]);
		ck_assert_double_eq_tol(part[2].length, t[2] - t[0], 1e-15);
		for (int i = 0; i < 3 * N; i++)
			ck_assert_double_eq_tol(joined[i], whole[i], 1e-13);
	}
	brownian_free(b);
}
END_TEST

START_TEST(additive_over_random_triples)
{
	enum { TRIPLES = 1000 };
	const struct rng times = rng_stream(2, "times", 0, 0);
	struct brownian *b = tree(BROWNIAN_W, 9, 1, 3, 1e-6);
	double t[3], x[3], y[3], z[3];

	for (int trial = 0; trial < TRIPLES; trial++) {
		double low, high, middle;

		rng_uniform(times, (uint64_t)(3 * trial), 3, t);
		low = fmin(t[0], fmin(t[1], t[2]));
		high = fmax(t[0], fmax(t[1], t[2]));
		middle = t[0] + t[1] + t[2] - low - high;
		brownian_increment(b, low, high, z, NULL, NULL);
		brownian_increment(b, middle, high, y, NULL, NULL);
		brownian_increment(b, low, middle, x, NULL, NULL);
		for (int i = 0; i < 3; i++)
			ck_assert_double_eq_tol(x[i] + y[i], z[i], 1e-14);
	}
	brownian_free(b);
}
END_TEST

/* The same bits forwards, backwards, after other queries, from the root, for a sample in a block and alone. */
START_TEST(order_of_queries)
{
	enum { N = 40, SAMPLES = 5, CHANNELS = 3, EACH = SAMPLES * CHANNELS };
	const int kind = _i + 1;
	const size_t bytes = (size_t)(kind * EACH) * sizeof(double);
	struct brownian *b = tree((enum brownian_kind)kind, 11, SAMPLES, CHANNELS, 1e-3);
	static double forward[N][3 * EACH], other[3 * EACH];

	for (int i = 0; i < N; i++)
		query(b, kind, EACH, i / (double)N, (i + 1) / (double)N, forward[i]);
	for (int i = N - 1; i >= 0; i--) {
		query(b, kind, EACH, 0.3777, 0.8123, other);
		query(b, kind, EACH, i / (double)N, (i + 1) / (double)N, other);
		ck_assert_mem_eq(other, forward[i], bytes);
		brownian_forget(b);
		query(b, kind, EACH, i / (double)N, (i + 1) / (double)N, other);
		ck_assert_mem_eq(other, forward[i], bytes);
	}
	for (int s = 0; s < SAMPLES; s++) {
		const struct brownian_spec spec = { .seed = 11,
						    .purpose = "test",
						    .first_sample = s,
						    .n_samples = 1,
						    .channels = CHANNELS,
						    .t1 = 1,
						    .tolerance = 1e-3,
						    .kind = (enum brownian_kind)kind };
		struct brownian *alone = brownian_new(&spec, NULL);

		query(alone, kind, CHANNELS, 3. / N, 4. / N, other);
		for (int q = 0; q < kind; q++)
			ck_assert_mem_eq(other + q * CHANNELS, forward[3] + q * EACH + s * CHANNELS,
					 CHANNELS * sizeof *other);
		brownian_free(alone);
	}
	brownian_free(b);
}
END_TEST

START_TEST(levels)
{
	static const double tolerance[] = { 0.5, 0.3, 1. / 64, 1e-3, 1e-9 };
	double w;

	for (int k = 0; k < 5; k++) {
		const int wanted = (int)ceil(log2(1 / tolerance[k]));
		struct brownian *b = tree(BROWNIAN_WHK, 1, 1, 1, tolerance[k]);
		double h[2];

		ck_assert_int_eq(brownian_levels(b), wanted);
		brownian_increment(b, 0, 0.37, &w, h, h + 1);
		ck_assert_int_eq(brownian_visits(b), wanted);
		brownian_free(b);
	}
}
END_TEST

START_TEST(refusals)
{
	struct brownian_spec spec = { .purpose = "test", .n_samples = 1, .channels = 1, .kind = BROWNIAN_W };
	struct err e = { 0 };

	spec.tolerance = 1e-3;
	ck_assert_ptr_null(brownian_new(&spec, &e));
	spec.t1 = 1;
	spec.tolerance = 1e-30;
	ck_assert_ptr_null(brownian_new(&spec, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "levels"));
	spec.tolerance = 0;
	ck_assert_ptr_null(brownian_new(&spec, &e));
}
END_TEST

/* ---- without a tree ------------------------------------------------------------------------------ */

START_TEST(independent_steps)
{
	enum { SAMPLES = 2000, STEPS = 50, N = SAMPLES * STEPS };
	const struct brownian_spec spec = {
		.seed = 4, .purpose = "test", .n_samples = SAMPLES, .channels = 1, .kind = BROWNIAN_WHK
	};
	double *v = xmalloc((size_t)(6 * N) * sizeof *v), part[3][2 * SAMPLES];

	brownian_steps(&spec, 0.25, 0, STEPS, v, v + N, v + 2 * N, v + 3 * N);
	for (int q = 0; q < 3; q++) {
		ck_assert_double_eq_tol(mean_product(N, v + q * N, v + q * N) * factor[q] / 0.25, 1, 0.025);
		for (int p = 0; p < q; p++)
			ck_assert_double_lt(fabs(mean_product(N, v + q * N, v + p * N)) * sqrt(factor[q] * factor[p]),
					    0.02 * 0.25);
	}
	brownian_steps(&spec, 0.25, 7, 2, part[0], part[1], part[2], v + 3 * N);
	for (int q = 0; q < 3; q++)
		ck_assert_mem_eq(part[q], v + q * N + 7 * SAMPLES, sizeof part[q]);
	free(v);
}
END_TEST

/* The area of fine paths, less H W^T - W H^T: variance h^2/12, and h^2/20 + h/5 (H_i^2 + H_j^2) given H: the slope and
 * the constant of a straight line through its squares. The approximations have these moments, and the path's areas'
 * signs. */
START_TEST(levy_areas)
{
	enum { SAMPLES = 8000, FINE = 256 };
	static const double h = 0.5;
	const struct brownian_spec spec = {
		.seed = 21, .purpose = "test", .n_samples = SAMPLES, .channels = 2, .kind = BROWNIAN_W
	};
	double *w = xmalloc((size_t)(4 * SAMPLES * FINE) * sizeof *w);
	double square[3] = { 0 }, slope[3] = { 0 }, mean_x = 2 * h / 12, spread = 0;

	brownian_steps(&spec, h / FINE, 0, FINE, w, NULL, NULL, w + (int64_t)2 * SAMPLES * FINE);
	for (int s = 0; s < SAMPLES; s++) {
		double W[2] = { 0 }, H[2] = { 0 }, area = 0, normal, rest[3], about[4], x;

		for (int j = 0; j < FINE; j++) {
			const double *d = w + 2 * ((int64_t)j * SAMPLES + s);

			area += 0.5 * (W[0] * d[1] - W[1] * d[0]);
			for (int c = 0; c < 2; c++) {
				H[c] += (W[c] + 0.5 * d[c]) / FINE;
				W[c] += d[c];
			}
		}
		for (int c = 0; c < 2; c++)
			H[c] -= 0.5 * W[c];
		normal = rng_normal_at(rng_stream(3, "area", 0, 0), (uint64_t)s);
		rest[0] = area - (H[0] * W[1] - W[0] * H[1]);
		for (int law = 0; law < 2; law++) {
			levy_area(law ? LEVY_FOSTER : LEVY_DAVIE, 2, h, W, H, &normal, about);
			rest[1 + law] = about[1] - (H[0] * W[1] - W[0] * H[1]);
			ck_assert(about[2] == -about[1] && about[0] == 0 && about[3] == 0);
		}
		x = H[0] * H[0] + H[1] * H[1] - mean_x;
		spread += x * x;
		for (int k = 0; k < 3; k++) {
			square[k] += rest[k] * rest[k] / SAMPLES;
			slope[k] += rest[k] * rest[k] * x;
		}
	}
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq_tol(square[k] / (h * h / 12), 1, 0.06);
	ck_assert_double_eq_tol(slope[0] / spread / (h / 5), 1, 0.2);
	ck_assert_double_eq_tol(slope[1] / spread / (h / 5), 0, 0.2);
	ck_assert_double_eq_tol(slope[2] / spread / (h / 5), 1, 0.2);
	free(w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("brownian");
	TCase *t = tcase_create("tree");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, moments, 0, 3);
	tcase_add_loop_test(t, independence, 0, 3);
	tcase_add_loop_test(t, integrals_by_riemann_sums, 0, 2);
	tcase_add_test(t, chen);
	tcase_add_test(t, additive_over_random_triples);
	tcase_add_loop_test(t, order_of_queries, 0, 3);
	tcase_add_test(t, levels);
	tcase_add_test(t, refusals);
	tcase_add_test(t, independent_steps);
	tcase_add_test(t, levy_areas);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
