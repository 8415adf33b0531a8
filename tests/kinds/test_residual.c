/* test_residual.c: residuals of stored fields: closed-form solutions leave what differences of their frames cannot see,
 * which falls at their order; noise leaves everything; a parameter that is 1 % wrong is seen as much as it must be. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "fixture.h"
#include "problem/equation_residual.h"

enum { AXES = 2, UNKNOWNS = 2 };

/* A text on given axes, with values f(k, t, x) of unknown k. */
struct stored {
	struct conf *conf;
	struct cfg *reader;
	void *config;
	struct equation_spec *spec;
	struct equation_grid grid;
	double *x[AXES], *t, *field[UNKNOWNS], *coef[1];
};

typedef double function(int k, double t, const double *x);

static double *coordinate(int64_t n, double low, double length, bool periodic, double bend)
{
	double *x = xmalloc((size_t)n * sizeof *x);

	for (int64_t i = 0; i < n; i++) {
		const double s = (double)i / (double)(periodic ? n : n - 1);

		x[i] = low + length * (s + bend * sin(2 * M_PI * s) / (2 * M_PI));
	}
	return x;
}

static struct stored stored(const char *text, bool periodic, int64_t n, int64_t frames, double last, function *f,
			    function *coef)
{
	const struct problem_class *class = problem_find("equation");
	struct stored s = { .conf = conf_new() };
	struct err e = { 0 };
	int64_t points = 1;

	ck_assert_msg(conf_load_text(s.conf, text, "text", &e) == 0, "%s", e.message);
	s.reader = cfg_new(s.conf);
	s.config = xcalloc(1, class->config_size);
	cfg_section(s.reader, "problem", 1, &(struct key_table){ class->keys, s.config });
	ck_assert_msg(cfg_done(s.reader, &e) == 0, "%s", e.message);
	ck_assert_msg(equation_spec_new(&s.spec, s.config, &e) == 0, "%s", e.message);
	for (int a = 0; a < s.spec->n_dims; a++) {
		s.grid.size[a] = n + a; /* axes are not to be mixed up */
		s.grid.periodic[a] = periodic;
		s.grid.length[a] = s.spec->length[a];
		s.grid.x[a] = s.x[a] =
			coordinate(n + a, s.spec->low[a], s.spec->length[a], periodic, periodic ? 0 : 0.3);
		points *= n + a;
	}
	s.grid.n_times = frames;
	s.grid.time = s.t = coordinate(frames, 0, last, false, 0);
	for (int k = 0; k < s.spec->n_unknowns; k++) {
		s.field[k] = xmalloc((size_t)(points * frames) * sizeof(double));
		for (int64_t i = 0; i < points * frames; i++) {
			const int64_t at = i % points, inner = s.spec->n_dims > 1 ? n + 1 : 1;
			const double x[AXES] = { s.x[0][at / inner % n], s.spec->n_dims > 1 ? s.x[1][at % inner] : 0 };

			s.field[k][i] = f(k, s.t[i / points], x);
			if (coef && i < points && k == 0) {
				s.coef[0] = s.coef[0] ? s.coef[0] : xmalloc((size_t)points * sizeof(double));
				s.coef[0][i] = coef(0, 0, x);
			}
		}
	}
	return s;
}

static void release(struct stored *s)
{
	for (int a = 0; a < AXES; a++)
		free(s->x[a]);
	for (int k = 0; k < UNKNOWNS; k++)
		free(s->field[k]);
	free(s->coef[0]);
	free(s->t);
	equation_spec_free(s->spec);
	cfg_free(s->reader);
	conf_free(s->conf);
	free(s->config);
}

/* Of unknown k over all times; *blur likewise. hidden: an unknown that is not handed over. */
static double residual(const struct stored *s, const double *param, int k, int hidden, double *blur)
{
	struct equation_defect *d = xcalloc((size_t)(s->spec->n_unknowns * s->grid.n_times), sizeof *d);
	const double *field[UNKNOWNS] = { s->field[0], s->field[1] };
	double sum = 0, terms = 0, unseen = 0;
	struct equation_residual *r;
	struct err e = { 0 };

	if (hidden >= 0)
		field[hidden] = NULL;
	ck_assert_msg(equation_residual_new(&r, s->spec, &s->grid, &e) == 0, "%s", e.message);
	ck_assert_msg(equation_residual_run(r, field, (const double *const *)s->coef, param, d, &e) == 0, "%s",
		      e.message);
	for (int64_t i = 0; i < s->grid.n_times; i++) {
		sum += d[k * s->grid.n_times + i].residual;
		terms += d[k * s->grid.n_times + i].terms;
		unseen += d[k * s->grid.n_times + i].blur;
	}
	if (blur)
		*blur = sqrt(unseen / terms);
	equation_residual_free(r);
	free(d);
	return sqrt(sum / terms);
}

/* Orders below and above are both wrong. */
static void check_order(const char *text, bool periodic, int64_t n, double last, function *f, function *coef,
			const double *param, double small)
{
	double error[2], blur[2];

	for (int i = 0; i < 2; i++) {
		struct stored s = stored(text, periodic, n, i ? 49 : 25, last, f, coef);

		error[i] = residual(&s, param, 0, -1, &blur[i]);
		ck_assert_msg(error[i] < blur[i], "%s: %g is above the estimate %g", text, error[i], blur[i]);
		release(&s);
	}
	const double order = log2(error[0] / error[1]);
	ck_assert_msg(order > 5.3 && order < 7.2, "%s: order %g (%g, %g)", text, order, error[0], error[1]);
	ck_assert_msg(error[1] < small, "%s: %g", text, error[1]);
}

/* u_t = nu u_xx - c u_x on a circle */
static double moving_wave(int k, double t, const double *x)
{
	(void)k;
	return exp(-0.05 * 4 * t) * sin(2 * (x[0] - 1.5 * t)) + 0.3 * exp(-0.05 * t) * cos(x[0] - 1.5 * t);
}

/* Burgers' front c - tanh((x - c t)/(2 nu)), nu = 0.1, c = 0.5, on a box with sides and uneven points */
static double front(int k, double t, const double *x)
{
	(void)k;
	return 0.5 - tanh((x[0] - 0.5 * t) / 0.2);
}

/* a decaying mode in two dimensions: lap u = -5 u */
static double mode(int k, double t, const double *x)
{
	(void)k;
	return exp(-t) * sin(x[0] + 2 * x[1]);
}
static double speed(int k, double t, const double *x)
{
	(void)k;
	(void)t;
	return 1 + 0.5 * sin(x[0]);
}
/* u_t = a u + integral(u^2) on a circle: with u = exp(-t) sin, integral = pi exp(-2t) */
static double grown(int k, double t, const double *x)
{
	(void)k;
	return exp(speed(0, 0, x) * t);
}

/* u_tt = c^2 u_xx; unknown 1 is u_t */
static double string(int k, double t, const double *x)
{
	return k == 0 ? sin(2 * x[0]) * cos(4 * t) : -4 * sin(2 * x[0]) * sin(4 * t);
}

static const char wave_text[] = "problem: {equation: \"u_t = nu*u_xx - (c*u)_x\", param: {nu: 0.05, c: 1.5}, "
				"domain: {x: [0, 2*pi], t: [0, 1]}}";

START_TEST(test_order_in_time)
{
	check_order(wave_text, true, 16, 2, moving_wave, NULL, (double[]){ 0.05, 1.5 }, 1e-5);
	check_order("problem: {equation: \"u_t = 0.1*u_xx - (u^2/2)_x\", domain: {x: [-1, 2]}, boundary: neumann}",
		    false, 601, 1, front, NULL, NULL, 1e-5);
	check_order("problem: {equation: \"u_t = lap(u) + k*u\", param: {k: 4}, domain: {x: [0, 2*pi], y: [0, 2*pi]}}",
		    true, 12, 2, mode, NULL, (double[]){ 4 }, 1e-6);
	check_order("problem: {equation: \"u_t = a*u\", coefficient: {a: \"0\"}, domain: {x: [0, 2*pi]}}", true, 12, 2,
		    grown, speed, NULL, 1e-6);
}
END_TEST

/* Operators against closed forms: at frames as close as these time adds nothing. */
static void check_small(const char *text, bool periodic, int64_t n, function *f, double small)
{
	struct stored s = stored(text, periodic, n, 41, 0.2, f, NULL);
	const double found = residual(&s, NULL, 0, -1, NULL);

	ck_assert_msg(found < small, "%s: %g", text, found);
	release(&s);
}

START_TEST(test_operators)
{
	/* of u = exp(-t) sin(x + 2 y): lap u = -5 u, |k|^3 -> 5^1.5, invlap -> -u/5 */
	check_small("problem: {equation: \"u_t = 5*invlap(u)\", domain: {x: [0, 2*pi], y: [0, 2*pi]}}", true, 12, mode,
		    1e-9);
	check_small("problem: {equation: \"u_t = -fraclap(u, 3)/5^1.5\", domain: {x: [0, 2*pi], y: [0, 2*pi]}}", true,
		    12, mode, 1e-9);
	check_small("problem: {equation: \"u_t = -u + mean(u) + integral(u_x)\", domain: {x: [0, 2*pi], y: [0, "
		    "2*pi]}}",
		    true, 12, mode, 1e-9);
	/* u_xxyy = 4 u, u_xy = -2 u */
	check_small("problem: {equation: \"u_t = -u_xxyy/4\", domain: {x: [0, 2*pi], y: [0, 2*pi]}}", true, 12, mode,
		    1e-9);
	check_small("problem: {equation: \"u_t = where(x < 2, u_xy/2, -u)\", domain: {x: [0, 2*pi], y: [0, 2*pi]}}",
		    true, 12, mode, 1e-9);
	/* the mean of sin^2 over whole waves is 1/2, by the trapezoidal rule with end corrections: 4 (sin)^2 - 2 = 0 mean */
	check_small("problem: {equation: \"u_t = -u + 0.001*(mean(u^2) - 0.5*exp(-2*t))\", domain: {x: [0, 2*pi], y: "
		    "[0, 2*pi]}, boundary: neumann}",
		    false, 81, mode, 2e-5);
}
END_TEST

START_TEST(test_velocity)
{
	static const char text[] =
		"problem: {equation: \"u_tt = c^2*u_xx\", param: {c: 2}, domain: {x: [0, 2*pi], t: [0, 1]}}";
	struct stored s = stored(text, true, 16, 161, 1, string, NULL);
	const double c[] = { 2 };

	/* with u_t stored, and with u alone */
	for (int k = 0; k < 2; k++)
		ck_assert_double_lt(residual(&s, c, k, -1, NULL), 1e-8);
	ck_assert_double_lt(residual(&s, c, 1, 1, NULL), 1e-6);
	release(&s);
}
END_TEST

START_TEST(test_noise_and_wrong_parameters)
{
	struct stored s = stored(wave_text, true, 64, 41, 1, moving_wave, NULL);
	const double right[] = { 0.05, 1.5 }, wrong[] = { 0.05, 1.5 * 1.01 };
	const int64_t n = 64 * 41;

	ck_assert_double_lt(residual(&s, right, 0, -1, NULL), 1e-6);
	/* |0.01 c u_x| over the terms: nearly 0.01/sqrt(2), u_t being nearly -c u_x */
	ck_assert_double_eq_tol(residual(&s, wrong, 0, -1, NULL), 0.01 / sqrt(2), 5e-4);
	rng_normal(rng_stream(3, "test", 0, 0), 0, (size_t)n, s.field[0]);
	ck_assert_double_eq_tol(residual(&s, right, 0, -1, NULL), 1, 0.1);
	release(&s);
}
END_TEST

START_TEST(test_refusals)
{
	struct stored s =
		stored("problem: {equation: \"u_t = u_xx + dW\", dt: 0.1}", true, 16, 9, 1, moving_wave, NULL);
	struct equation_residual *r;
	struct err e = { 0 };

	ck_assert_int_eq(equation_residual_new(&r, s.spec, &s.grid, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "noise"));
	release(&s);
	s = stored(wave_text, true, 16, 9, 1, moving_wave, NULL);
	s.grid.n_times = 2;
	ck_assert_int_eq(equation_residual_new(&r, s.spec, &s.grid, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "2 frames"));
	release(&s);
	s = stored("problem: {equation: \"u_t = hilbert(u)\"}", false, 16, 9, 1, moving_wave, NULL);
	ck_assert_int_eq(equation_residual_new(&r, s.spec, &s.grid, &e), 0);
	struct equation_defect d[9];
	ck_assert_int_eq(equation_residual_run(r, (const double *const *)s.field, NULL, NULL, d, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "hilbert needs periodic axes"));
	equation_residual_free(r);
	release(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("residual");
	TCase *t = tcase_create("residual");
	SRunner *runner;
	int failed;

	tcase_add_test(t, test_order_in_time);
	tcase_add_test(t, test_operators);
	tcase_add_test(t, test_velocity);
	tcase_add_test(t, test_noise_and_wrong_parameters);
	tcase_add_test(t, test_refusals);
	suite_add_tcase(suite, t);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
