/* test_interpolant.c: interpolants between Gaussian mixtures: the velocity obeys the transport equation, the score is
 * the slope of the density, flows and diffusions forth and back end in the right laws, densities follow along the
 * flow. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sampler/interpolant.h"

static const struct interpolant paths[] = {
	{ INTERPOLANT_LINEAR, GAMMA_NONE },	  { INTERPOLANT_LINEAR, GAMMA_BROWNIAN },
	{ INTERPOLANT_LINEAR, GAMMA_QUADRATIC },  { INTERPOLANT_LINEAR, GAMMA_SINE },
	{ INTERPOLANT_TRIG, GAMMA_NONE },	  { INTERPOLANT_TRIG, GAMMA_BROWNIAN },
	{ INTERPOLANT_TRIG, GAMMA_QUADRATIC },	  { INTERPOLANT_TRIG, GAMMA_SINE },
	{ INTERPOLANT_ENCODING, GAMMA_BROWNIAN }, { INTERPOLANT_ENCODING, GAMMA_QUADRATIC },
	{ INTERPOLANT_ENCODING, GAMMA_SINE },
};
enum { PATHS = sizeof paths / sizeof *paths };

struct scene {
	struct mixture *base, *data;
	struct mixture_flow m;
	struct flow flow;
};

/* The one-dimensional demonstration of the paper. */
static struct scene scene_open(void)
{
	static const double w0[] = { 0.5, 0.5 }, m0[] = { -3, 3 }, v0[] = { 0.25, 0.25 };
	static const double w1[] = { 1, 1, 1 }, m1[] = { -6, 0, 6 }, v1[] = { 0.5, 0.33, 0.5 };
	struct scene s = { .base = mixture_new(2, 1, w0, m0, v0, NULL, NULL),
			   .data = mixture_new(3, 1, w1, m1, v1, NULL, NULL) };

	return s;
}

static void scene_start(struct scene *s, const struct interpolant *p)
{
	struct err e = { 0 };

	ck_assert_msg(mixture_flow_open(&s->m, &s->flow, p, s->base, s->data, &e) == 0, "%s", e.message);
}

static void scene_close(struct scene *s)
{
	mixture_flow_close(&s->m);
	mixture_free(s->base);
	mixture_free(s->data);
}

START_TEST(rates_are_slopes)
{
	const struct interpolant *p = &paths[_i];

	for (double t = 0.03; t < 1; t += 0.093) {
		const double h = 1e-6;
		const struct interpolant_level v = interpolant_at(p, t), l = interpolant_at(p, t - h),
					       r = interpolant_at(p, t + h);

		ck_assert_double_eq_tol(v.a_rate, (r.a - l.a) / (2 * h), 1e-7);
		ck_assert_double_eq_tol(v.c_rate, (r.c - l.c) / (2 * h), 1e-7);
		ck_assert_double_eq_tol(v.gamma_rate, (r.gamma - l.gamma) / (2 * h), 1e-7);
		ck_assert_double_eq_tol(v.product, (r.gamma * r.gamma - l.gamma * l.gamma) / (4 * h), 1e-7);
	}
}
END_TEST

/* d rho / dt + d (b rho) / dx = 0 and s = d log rho / dx on a grid. */
START_TEST(transport_equation)
{
	enum { N = 601 };
	const double dx = 18. / (N - 1), h = 1e-5;
	struct scene s = scene_open();
	double x[N], b[N], score[N], rho[N], worst = 0, worst_score = 0;
	struct err e;

	scene_start(&s, &paths[_i]);
	for (int i = 0; i < N; i++)
		x[i] = -9 + i * dx;
	for (double t = 0.1; t < 0.95; t += 0.4) {
		ck_assert_int_eq(s.flow.eval(&s.flow, t, N, x, b, score, &e), 0);
		for (int i = 0; i < N; i++)
			rho[i] = exp(mixture_flow_log_density(&s.m, t, &x[i]));
		for (int i = 1; i < N - 1; i++) {
			const double rate = (exp(mixture_flow_log_density(&s.m, t + h, &x[i])) -
					     exp(mixture_flow_log_density(&s.m, t - h, &x[i]))) /
					    (2 * h);

			worst = fmax(worst, fabs(rate + (b[i + 1] * rho[i + 1] - b[i - 1] * rho[i - 1]) / (2 * dx)));
			if (rho[i - 1] > 1e-6 && rho[i + 1] > 1e-6)
				worst_score = fmax(worst_score,
						   fabs(score[i] * rho[i] - (rho[i + 1] - rho[i - 1]) / (2 * dx)));
		}
	}
	/* the differences' own error, of second order in dx: a grid of 4001 points gives 1/44 of it */
	ck_assert_msg(worst < 0.1, "%g", worst);
	ck_assert_msg(worst_score < 2.5e-2, "%g", worst_score);
	scene_close(&s);
}
END_TEST

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double w1(int64_t n, double *a, double *b)
{
	double sum = 0;

	qsort(a, (size_t)n, sizeof *a, ascending);
	qsort(b, (size_t)n, sizeof *b, ascending);
	for (int64_t i = 0; i < n; i++)
		sum += fabs(a[i] - b[i]) / (double)n;
	return sum;
}

enum { DRAWS = 1000 };

static void draw(const struct mixture *m, const char *what, double *x)
{
	for (int i = 0; i < DRAWS; i++)
		mixture_draw(m, rng_stream(3, what, 0, (uint64_t)i), x + i);
}

START_TEST(marches_end_in_the_right_law)
{
	static const double epsilons[] = { 0, 0.5, 2 };
	static double x[DRAWS], y[DRAWS];
	struct scene s = scene_open();
	const struct interpolant p = { _i % 2 ? INTERPOLANT_TRIG : INTERPOLANT_LINEAR, GAMMA_BROWNIAN };
	const double epsilon = epsilons[_i / 2 % 3];
	const bool back = _i / 6;
	/* inside of [0, 1] the law is the base's or the data's but for 1e-3 */
	const struct flow_options o = { .method = epsilon > 0 ? FLOW_HEUN : FLOW_RK4,
					.steps = epsilon > 0 ? 150 : 60,
					.from = back ? 1 - 1e-4 : 1e-4,
					.to = back ? 1e-4 : 1 - 1e-4,
					.epsilon = epsilon };
	struct err e = { 0 };
	double off;

	scene_start(&s, &p);
	draw(back ? s.data : s.base, "start", x);
	draw(back ? s.base : s.data, "end", y);
	ck_assert_msg(flow_march(&s.flow, &o, 5, 0, DRAWS, x, NULL, &e) == 0, "%s", e.message);
	ck_assert_int_eq(s.flow.calls, flow_calls(&o));
	off = w1(DRAWS, x, y);
	/* the sampling floor of two sets of 1000 is about 0.3 for modes 6 apart */
	ck_assert_msg(off < 0.5, "epsilon %g %s: W1 %g", epsilon, back ? "back" : "forth", off);
	scene_close(&s);
}
END_TEST

/* d log rho / dt = -div b along the flow. */
START_TEST(density_follows_the_flow)
{
	enum { STEPS = 200 };
	struct scene s = scene_open();
	const struct interpolant p = { INTERPOLANT_LINEAR, GAMMA_BROWNIAN };
	const double from = 0.01, to = 0.99, h = (to - from) / STEPS, d = 1e-4;
	struct flow_options one = { .method = FLOW_RK4, .steps = 1 };
	double x[8] = { -4, -3.2, -2.5, -1, 1, 2.8, 3, 3.7 }, log_rho[8], sum = 0;
	struct err e;

	scene_start(&s, &p);
	for (int i = 0; i < 8; i++)
		log_rho[i] = mixture_flow_log_density(&s.m, from, &x[i]);
	for (int k = 0; k < STEPS; k++) {
		const double t = from + k * h;

		for (int half = 0; half < 2; half++) {
			double around[16], b[16];

			one.from = t + half * h / 2;
			one.to = one.from + h / 2;
			ck_assert_int_eq(flow_march(&s.flow, &one, 0, 0, 8, x, NULL, &e), 0);
			if (half)
				continue;
			/* midpoint rule for the divergence */
			for (int i = 0; i < 8; i++) {
				around[2 * i] = x[i] - d;
				around[2 * i + 1] = x[i] + d;
			}
			s.flow.eval(&s.flow, t + h / 2, 16, around, b, NULL, &e);
			for (int i = 0; i < 8; i++)
				log_rho[i] -= h * (b[2 * i + 1] - b[2 * i]) / (2 * d);
		}
	}
	for (int i = 0; i < 8; i++)
		sum += fabs(log_rho[i] - mixture_flow_log_density(&s.m, to, &x[i])) / 8;
	ck_assert_msg(sum < 1e-3, "%g", sum);
	scene_close(&s);
}
END_TEST

/* From N(0, I) to N(m, S) the linear flow without noise is the affine map x -> m + S^1/2 x; correlated components agree
 * with their coordinates along the axes. */
START_TEST(gaussians_are_mapped_affinely)
{
	static const double one[] = { 1 }, zero[] = { 0, 0 }, unit[] = { 1, 1 }, mean[] = { 2, -1 };
	static const double covariance[] = { 2.5, 1.5, 1.5,
					     2.5 }; /* eigenvalues 4 and 1: the root is (1.5, .5; .5, 1.5) */
	struct scene s = { .base = mixture_new(1, 2, one, zero, unit, NULL, NULL),
			   .data = mixture_new(1, 2, one, mean, NULL, covariance, NULL) };
	const struct flow_options o = { .method = FLOW_RK4, .steps = 50, .from = 0, .to = 1 };
	double x[4] = { 0.3, -0.7, -1.2, 0.4 }, straightness[2];
	struct err e;

	scene_start(&s, &(struct interpolant){ INTERPOLANT_LINEAR, GAMMA_NONE });
	ck_assert_int_eq(flow_march(&s.flow, &o, 0, 0, 2, x, straightness, &e), 0);
	ck_assert_double_eq_tol(x[0], 2 + 1.5 * 0.3 + 0.5 * -0.7, 1e-6);
	ck_assert_double_eq_tol(x[1], -1 + 0.5 * 0.3 + 1.5 * -0.7, 1e-6);
	ck_assert_double_eq_tol(x[2], 2 + 1.5 * -1.2 + 0.5 * 0.4, 1e-6);
	ck_assert_double_gt(straightness[0], 1e-3);
	scene_close(&s);
}
END_TEST

/* Points of rho_t, drawn as the interpolant says. */
static void draw_between(const struct scene *s, const struct interpolant *p, double t, uint64_t seed, double *x)
{
	const struct interpolant_level v = interpolant_at(p, t);

	for (int i = 0; i < DRAWS; i++) {
		const uint64_t k = (uint64_t)i;
		double x0, x1;

		mixture_draw(s->base, rng_stream(seed, "between base", 0, k), &x0);
		mixture_draw(s->data, rng_stream(seed, "between data", 0, k), &x1);
		x[i] = v.a * x0 + v.c * x1 + v.gamma * rng_normal_at(rng_stream(seed, "between noise", 0, k), 0);
	}
}

/* On the way, too, the law is the same for every epsilon: distances of runs, averaged over seeds, against those of
 * independent exact sets of the same size. */
START_TEST(laws_on_the_way)
{
	enum { SEEDS = 4, TIMES = 3 };
	static double x[2][DRAWS], exact[2][DRAWS], copy[DRAWS];
	struct scene s = scene_open();
	const struct interpolant p = { _i ? INTERPOLANT_TRIG : INTERPOLANT_LINEAR, GAMMA_BROWNIAN };
	double floor_of[TIMES] = { 0 }, apart[TIMES] = { 0 }, off[TIMES] = { 0 };
	struct err e = { 0 };

	scene_start(&s, &p);
	for (int seed = 0; seed < SEEDS; seed++) {
		double from = 1e-4;

		for (int k = 0; k < 2; k++)
			for (int i = 0; i < DRAWS; i++)
				mixture_draw(s.base, rng_stream((uint64_t)seed, k ? "one" : "other", 0, (uint64_t)i),
					     &x[k][i]);
		for (int k = 0; k < TIMES; k++) {
			const double to = 0.25 * (k + 1);

			for (int noisy = 0; noisy < 2; noisy++) {
				const struct flow_options o = { .method = noisy ? FLOW_HEUN : FLOW_RK4,
								.steps = noisy ? 60 : 20,
								.from = from,
								.to = to,
								.epsilon = noisy ? 2 : 0 };

				ck_assert_msg(flow_march(&s.flow, &o, (uint64_t)(100 + seed * TIMES + k), 0, DRAWS,
							 x[noisy], NULL, &e) == 0,
					      "%s", e.message);
			}
			draw_between(&s, &p, to, (uint64_t)(2 * seed), exact[0]);
			draw_between(&s, &p, to, (uint64_t)(2 * seed + 1), exact[1]);
			memcpy(copy, x[1], sizeof copy);
			off[k] += w1(DRAWS, copy, exact[0]) / SEEDS;
			floor_of[k] += w1(DRAWS, exact[1], exact[0]) / SEEDS;
			double sorted[2][DRAWS];
			memcpy(sorted, x, sizeof sorted);
			apart[k] += w1(DRAWS, sorted[0], sorted[1]) / SEEDS;
			from = to;
		}
	}
	for (int k = 0; k < TIMES; k++) {
		ck_assert_msg(apart[k] < 2 * floor_of[k], "t = %g: %g between epsilon 0 and 2, floor %g",
			      0.25 * (k + 1), apart[k], floor_of[k]);
		ck_assert_msg(off[k] < 2 * floor_of[k], "t = %g: epsilon 2 is %g off, floor %g", 0.25 * (k + 1), off[k],
			      floor_of[k]);
	}
	scene_close(&s);
}
END_TEST

enum { FEATURES = 5 };
static void features(double t, double x, double *out)
{
	out[0] = 1;
	out[1] = x;
	out[2] = cos(3.14159265358979323846 * t) * x;
	out[3] = sin(x);
	out[4] = x * x;
}

/* The derivative of L_b = E |b|^2 / 2 - (dI/dt + gamma' z) . b along features of (t, x) is zero at the exact b within
 * the error of the mean, and not where the score has the wrong sign in b = v - gamma gamma' s. */
START_TEST(exact_velocity_is_stationary)
{
	enum { MANY = 40000 };
	const struct interpolant p = { _i ? INTERPOLANT_TRIG : INTERPOLANT_LINEAR, GAMMA_BROWNIAN };
	struct scene s = scene_open();
	double sum[2][FEATURES] = { 0 }, square[2][FEATURES] = { 0 }, far = 0;
	struct err e = { 0 };

	scene_start(&s, &p);
	for (int i = 0; i < MANY; i++) {
		const uint64_t n = (uint64_t)i;
		const double t = 0.05 + 0.9 * rng_uniform_at(rng_stream(1, "time", 0, n), 0);
		const struct interpolant_level v = interpolant_at(&p, t);
		const double z = rng_normal_at(rng_stream(1, "noise", 0, n), 0);
		double x0, x1, x[2], b[2], score[2], f[2][FEATURES];

		mixture_draw(s.base, rng_stream(1, "base", 0, n), &x0);
		mixture_draw(s.data, rng_stream(1, "data", 0, n), &x1);
		for (int k = 0; k < 2; k++) {
			x[k] = v.a * x0 + v.c * x1 + (k ? -1 : 1) * v.gamma * z;
			features(t, x[k], f[k]);
		}
		ck_assert_int_eq(s.flow.eval(&s.flow, t, 2, x, b, score, &e), 0);
		for (int wrong = 0; wrong < 2; wrong++)
			for (int j = 0; j < FEATURES; j++) {
				double g = 0;

				for (int k = 0; k < 2; k++) {
					/* b = v - gamma gamma' s; wrong: the other sign */
					const double at = wrong ? b[k] + 2 * v.product * score[k] : b[k];

					g += 0.5 * f[k][j] *
					     (at - v.a_rate * x0 - v.c_rate * x1 - (k ? -1 : 1) * v.gamma_rate * z);
				}
				sum[wrong][j] += g / MANY;
				square[wrong][j] += g * g / MANY;
			}
	}
	for (int j = 0; j < FEATURES; j++) {
		const double error = sqrt((square[0][j] - sum[0][j] * sum[0][j]) / MANY);

		ck_assert_double_gt(error, 0);
		ck_assert_msg(fabs(sum[0][j]) < 4 * error, "feature %d: %g, error of the mean %g", j, sum[0][j], error);
		far = fmax(far, fabs(sum[1][j]) / sqrt((square[1][j] - sum[1][j] * sum[1][j]) / MANY));
	}
	ck_assert_double_gt(far, 8);
	scene_close(&s);
}
END_TEST

/* Variance of the derivative of L_b by a constant shift, one term for z against the mean of those for z and -z. */
START_TEST(pairs_take_the_variance_out)
{
	enum { MANY = 4000 };
	const struct interpolant p = { INTERPOLANT_LINEAR, GAMMA_BROWNIAN };
	static const double times[] = { 1e-4, 1e-3, 1 - 1e-4 };
	struct scene s = scene_open();
	struct err e = { 0 };

	scene_start(&s, &p);
	for (int k = 0; k < 3; k++) {
		const double t = times[k];
		const struct interpolant_level v = interpolant_at(&p, t);
		double sum[2] = { 0 }, square[2] = { 0 }, variance[2];

		for (int i = 0; i < MANY; i++) {
			const uint64_t n = (uint64_t)i;
			const double z = rng_normal_at(rng_stream(2, "noise", 0, n), 0);
			double x0, x1, x[2], b[2], g[2];

			mixture_draw(s.base, rng_stream(2, "base", 0, n), &x0);
			mixture_draw(s.data, rng_stream(2, "data", 0, n), &x1);
			for (int side = 0; side < 2; side++)
				x[side] = v.a * x0 + v.c * x1 + (side ? -1 : 1) * v.gamma * z;
			ck_assert_int_eq(s.flow.eval(&s.flow, t, 2, x, b, NULL, &e), 0);
			for (int side = 0; side < 2; side++)
				g[side] = b[side] - v.a_rate * x0 - v.c_rate * x1 - (side ? -1 : 1) * v.gamma_rate * z;
			g[1] = (g[0] + g[1]) / 2;
			for (int side = 0; side < 2; side++) {
				sum[side] += g[side] / MANY;
				square[side] += g[side] * g[side] / MANY;
			}
		}
		for (int side = 0; side < 2; side++)
			variance[side] = square[side] - sum[side] * sum[side];
		/* at 1e-3 the card of the method has 277 and 26 */
		ck_assert_msg(variance[0] > (k == 1 ? 8 : 20) * variance[1], "t = %g: %g alone, %g in pairs", t,
			      variance[0], variance[1]);
	}
	scene_close(&s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("interpolants");
	TCase *t = tcase_create("interpolants");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, rates_are_slopes, 0, PATHS);
	tcase_add_loop_test(t, transport_equation, 0, PATHS);
	tcase_add_loop_test(t, marches_end_in_the_right_law, 0, 12);
	tcase_add_loop_test(t, laws_on_the_way, 0, 2);
	tcase_add_loop_test(t, exact_velocity_is_stationary, 0, 2);
	tcase_add_test(t, pairs_take_the_variance_out);
	tcase_add_test(t, density_follows_the_flow);
	tcase_add_test(t, gaussians_are_mapped_affinely);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
