/* test_pndm.c: check 4 of the pseudo numerical methods (arXiv 2202.09778): the classical fourth-order method on the
 * discretised derivative of DDIM ("FON" there) stalls at the bias of that derivative, the pseudo one does not; and the
 * transfer's laws. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sampler/mixture.h"
#include "sampler/stepper.h"

enum { POINTS = 256, DIM = 2, SIZE = POINTS * DIM };

/* x at time t moved to time to with constant noise e: both forms of eq. 11. */
static double transfer(const struct noise_level *s, const struct noise_level *t, double x, double e)
{
	const double ratio = t->alpha / s->alpha;

	return ratio * x + (t->sigma - ratio * s->sigma) * e;
}

static double transfer_of_squares(const struct noise_level *s, const struct noise_level *t, double x, double e)
{
	const double a = s->alpha * s->alpha, b = t->alpha * t->alpha;

	return x + (b - a) * (x / (sqrt(a) * (sqrt(a) + sqrt(b))) -
			      e / (sqrt(a) * (sqrt((1 - b) * a) + sqrt((1 - a) * b))));
}

START_TEST(transfer_is_a_semigroup)
{
	const struct noise_spec spec = { .kind = NOISE_DISCRETE, .n_betas = 1000 };
	struct noise_schedule s;
	struct err err;

	ck_assert_int_eq(noise_open(&s, &spec, &err), 0);
	for (int k = 1000; k > 20; k -= 37) {
		const struct noise_level a = noise_at(&s, k / 1000.), b = noise_at(&s, (k - 7) / 1000.),
					 c = noise_at(&s, (k - 15) / 1000.);
		const double x = sin(k), e = cos(3 * k), whole = transfer(&a, &c, x, e);

		ck_assert_double_eq_tol(transfer(&b, &c, transfer(&a, &b, x, e), e), whole, 1e-12);
		ck_assert_double_eq_tol(transfer_of_squares(&a, &c, x, e), whole, 1e-12);
	}
	noise_close(&s);
}
END_TEST

/* The slope of x by the step number: (transfer by one of the 1000 steps - x) per step. */
static void slope(struct denoiser *d, double t, const double *x, double *out)
{
	const struct noise_level v = noise_at(d->schedule, t), w = noise_at(d->schedule, fmax(t - 1e-3, 0));
	double e[SIZE];
	struct err err;

	ck_assert_int_eq(denoiser_eval(d, DENOISER_NOISE, t, POINTS, x, e, NULL, &err), 0);
	for (int i = 0; i < SIZE; i++)
		out[i] = transfer(&v, &w, x[i], e[i]) - x[i];
}

/* Adams-Bashforth of order 4 on that slope, started by Runge-Kutta. */
static void classical(struct denoiser *d, int steps, double *x)
{
	const double h = 999. / steps;
	double past[4][SIZE], k[4][SIZE], at[SIZE];

	for (int i = 0; i < steps; i++) {
		const double t = (1000 - i * h) / 1000;

		memmove(past[1], past[0], 3 * sizeof past[0]);
		slope(d, t, x, past[0]);
		if (i >= 3) {
			for (int j = 0; j < SIZE; j++)
				x[j] += h / 24 * (55 * past[0][j] - 59 * past[1][j] + 37 * past[2][j] - 9 * past[3][j]);
			continue;
		}
		memcpy(k[0], past[0], sizeof k[0]);
		for (int s = 1; s < 4; s++) {
			const double part = s == 3 ? 1 : 0.5;

			for (int j = 0; j < SIZE; j++)
				at[j] = x[j] + part * h * k[s - 1][j];
			slope(d, t - part * h / 1000, at, k[s]);
		}
		for (int j = 0; j < SIZE; j++)
			x[j] += h / 6 * (k[0][j] + 2 * k[1][j] + 2 * k[2][j] + k[3][j]);
	}
}

static double distance(const double *x, const double *y)
{
	double sum = 0;

	for (int i = 0; i < SIZE; i++)
		sum += (x[i] - y[i]) * (x[i] - y[i]) / SIZE;
	return sqrt(sum);
}

static void pseudo(struct denoiser *d, const char *name, enum step_times times, int steps, double *x)
{
	const struct stepper_class *c = stepper_find(name);
	const struct step_options o = { .churn_max = HUGE_VAL, .churn_inflation = 1 };
	double *t = calloc((size_t)steps + 1, sizeof *t);
	struct err e;

	ck_assert_int_eq(step_times_fill(times, d->schedule, 0, steps, t, &e), 0);
	struct stepper *m = stepper_new(c, d->schedule, &o, steps, steps, t, &e);
	ck_assert_int_eq(stepper_run(m, d, 0, 0, POINTS, x, &e), 0);
	stepper_free(m);
	free(t);
}

START_TEST(the_classical_method_stalls)
{
	const struct noise_spec spec = { .kind = NOISE_DISCRETE, .n_betas = 1000 };
	struct mixture *m = mixture_named(0);
	struct noise_schedule s;
	double start[SIZE], x[SIZE], y[SIZE], reference[SIZE];
	struct err e;

	ck_assert_int_eq(noise_open(&s, &spec, &e), 0);
	struct denoiser d = mixture_denoiser(m, &s, DENOISER_NOISE);
	rng_normal(rng_stream(4, "start", 0, 0), 0, SIZE, start);
	memcpy(reference, start, sizeof start);
	pseudo(&d, "dpm-solver-3", TIMES_LOG_SNR, 1000, reference);
	memcpy(x, start, sizeof start);
	classical(&d, 50, x);
	memcpy(y, start, sizeof start);
	pseudo(&d, "f-pndm", TIMES_UNIFORM, 50, y);
	ck_assert_msg(distance(x, reference) >= 5 * distance(y, reference), "%g, pseudo %g", distance(x, reference),
		      distance(y, reference));
	/* and more steps do not help it */
	memcpy(y, start, sizeof start);
	classical(&d, 200, y);
	ck_assert_msg(distance(y, reference) > 0.5 * distance(x, reference), "%g, %g", distance(y, reference),
		      distance(x, reference));
	noise_close(&s);
	mixture_free(m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pndm");
	TCase *t = tcase_create("pndm");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, transfer_is_a_semigroup);
	tcase_add_test(t, the_classical_method_stalls);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
