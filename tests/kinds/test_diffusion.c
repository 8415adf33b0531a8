/* test_diffusion.c: every method of the table of steppers: order, calls, dependence on the seed; relations between
 * methods and their published steps; refusals. The model is exact. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "scene.h"

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Median over the points of the distance to the reference: few points near a separatrix do not decide. */
static double median_error(struct scene *s, const char *method, enum step_times kind, int64_t steps)
{
	double x[MOST], off[MANY];

	scene_run(s, method, kind, steps, &scene_plain, x);
	for (int k = 0; k < s->n; k++)
		off[k] = hypot(x[2 * k] - s->reference[2 * k], x[2 * k + 1] - s->reference[2 * k + 1]);
	qsort(off, (size_t)s->n, sizeof *off, ascending);
	return (off[s->n / 2 - 1] + off[s->n / 2]) / 2;
}

/* ---- every method ---- */

/* Both sides: an order too high would mean that the test is wrong. A step count divisible by three keeps the last steps
 * of dpm-solver-fast alike. */
START_TEST(has_its_order)
{
	const struct stepper_class *c = scene_method(_i);
	struct scene s = scene_open(&scene_vp, GMM_A);
	double coarse, order;

	if (c->noisy || c->adaptive) {
		scene_close(&s);
		return;
	}
	scene_refer(&s);
	coarse = median_error(&s, c->name, TIMES_LOG_SNR, 90);
	order = log2(coarse / median_error(&s, c->name, TIMES_LOG_SNR, 180));
	ck_assert_msg(order > c->order - 0.25 && order < c->order + 0.3, "%s: order %.2f, not %d", c->name, order,
		      c->order);
	scene_close(&s);
}
END_TEST

START_TEST(makes_its_calls)
{
	const struct stepper_class *c = scene_method(_i);
	struct scene s = scene_open(&scene_vp, GMM_A);
	double x[SIZE];

	for (int64_t steps = 12; steps < 15; steps++)
		for (int denoise = 0; denoise < 2; denoise++) {
			struct step_options o = scene_plain;
			const int64_t left = steps - denoise;
			struct stepper *m;

			if (c->adaptive)
				continue;
			o.denoise = denoise;
			scene_run(&s, c->name, TIMES_LOG_SNR, steps, &o, x);
			ck_assert_int_eq(s.calls, (c->calls == 0 ? left : c->calls * left + c->extra) + denoise);
			m = scene_stepper(&s, c->name, TIMES_LOG_SNR, steps, &o);
			ck_assert_int_eq(stepper_calls(m), s.calls);
			stepper_free(m);
		}
	scene_close(&s);
}
END_TEST

/* A point of a batch is the point alone, and the same seed gives the same bytes. */
START_TEST(depends_on_seed_and_number_alone)
{
	const struct stepper_class *c = scene_method(_i);
	struct scene s = scene_open(&scene_vp, GMM_A);
	struct step_options o = scene_plain;
	struct stepper *m;
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, c->value);
	struct err e = { 0 };
	double batch[SIZE], again[SIZE], other[SIZE];

	o.eta = 0.7;
	o.churn = 3;
	o.corrector = 1;
	o.corrector_ratio = 0.16;
	o.rtol = 1e-2;
	o.atol = 1e-3;
	scene_run(&s, c->name, TIMES_LOG_SNR, 9, &o, batch);
	scene_run(&s, c->name, TIMES_LOG_SNR, 9, &o, again);
	ck_assert(memcmp(batch, again, sizeof batch) == 0);
	m = scene_stepper(&s, c->name, TIMES_LOG_SNR, 9, &o);
	for (int k = 0; !c->adaptive && k < POINTS; k++) {
		double x[DIM] = { s.start[DIM * k], s.start[DIM * k + 1] };

		ck_assert_int_eq(stepper_run(m, &d, 5, k, 1, x, &e), 0);
		ck_assert(memcmp(x, batch + DIM * k, sizeof x) == 0);
	}
	memcpy(other, s.start, sizeof other);
	ck_assert_int_eq(stepper_run(m, &d, 6, 0, POINTS, other, &e), 0);
	ck_assert_int_eq(memcmp(other, batch, sizeof batch) != 0, !c->adaptive);
	stepper_free(m);
	scene_close(&s);
}
END_TEST

START_TEST(says_when_a_state_overflows)
{
	const struct stepper_class *c = scene_method(_i);
	struct scene s = scene_open(&scene_vp, GMM_A);
	struct step_options o = scene_plain;
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, c->value);
	struct stepper *m = scene_stepper(&s, c->name, TIMES_LOG_SNR, 6, &o);
	struct err e = { 0 };

	s.start[3] = NAN;
	ck_assert_int_eq(stepper_run(m, &d, 5, 0, POINTS, s.start, &e), -1);
	ck_assert_int_eq(e.code, ERR_FAIL);
	ck_assert_msg(strstr(e.message, c->name) && strstr(e.message, "not finite"), "%s", e.message);
	stepper_free(m);
	scene_close(&s);
}
END_TEST

static int constant(const struct denoiser *self, const struct noise_level *v, double label, int64_t n, const double *x,
		    double *out, struct err *e)
{
	const double noise[] = { 0.3, -2 };
	double of_x, of_noise;

	(void)label;
	(void)e;
	denoiser_convert(v, DENOISER_NOISE, self->form, 1, &of_x, &of_noise);
	for (int64_t i = 0; i < n * DIM; i++)
		out[i] = of_x * x[i] + of_noise * noise[i % DIM];
	return 0;
}

/* Methods that expand the noise estimate move exactly when it is constant, in any number of steps. */
START_TEST(constant_noise_is_exact)
{
	const struct stepper_class *c = scene_method(_i);
	struct scene s = scene_open(&scene_vp, GMM_A);
	const struct noise_level a = noise_at(&s.schedule, s.schedule.T), b = noise_at(&s.schedule, s.schedule.t_end);
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, c->value);
	struct err e = { 0 };

	d.eval = constant;
	for (int64_t steps = 1; steps < 6 && c->value == DENOISER_NOISE && !c->noisy && !c->adaptive; steps += 2) {
		struct stepper *m = scene_stepper(&s, c->name, TIMES_POWER, steps, &scene_plain);
		double x[DIM] = { 1, 0.5 };

		ck_assert_int_eq(stepper_run(m, &d, 1, 0, 1, x, &e), 0);
		for (int i = 0; i < DIM; i++) {
			const double y = (i ? 0.5 : 1) / a.alpha + (i ? -2 : 0.3) * (b.rho - a.rho);

			ck_assert_msg(fabs(x[i] - b.alpha * y) <= 1e-10 * fabs(b.alpha * y), "%s: %g, not %g", c->name,
				      x[i], b.alpha * y);
		}
		stepper_free(m);
	}
	scene_close(&s);
}
END_TEST

/* ---- relations between methods ---- */

static void expect_same(struct scene *s, const char *a, const char *b, enum step_times kind, int64_t steps)
{
	double x[SIZE], y[SIZE];

	scene_run(s, a, kind, steps, &scene_plain, x);
	scene_run(s, b, kind, steps, &scene_plain, y);
	for (int i = 0; i < SIZE; i++)
		ck_assert_msg(fabs(x[i] - y[i]) <= 1e-12 * fmax(1, fabs(x[i])), "%s, %s: %g, %g", a, b, x[i], y[i]);
}

START_TEST(first_order_methods_are_one)
{
	static const char *const same[] = { "dpm-solver-1", "dpm-solver++1", "deis-tab0", "deis-rho-euler",
					    "edm-euler" };
	static const struct noise_spec specs[] = {
		{ .kind = NOISE_VP_LINEAR, .beta_min = 0.1, .beta_max = 20 },
		{ .kind = NOISE_VP_COSINE, .shift = 0.008 },
		{ .kind = NOISE_EDM },
		{ .kind = NOISE_FLOW_LINEAR, .T = 0.999, .t_end = 1e-3 },
	};

	for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
		struct scene s = scene_open(&specs[k], MILD8);

		for (int kind = TIMES_UNIFORM; kind <= TIMES_KARRAS; kind++)
			for (size_t i = 0; i < sizeof same / sizeof *same; i++)
				expect_same(&s, "ddim", same[i], (enum step_times)kind, 7);
		expect_same(&s, "edm-heun", "deis-rho-heun2", TIMES_KARRAS, 9);
		/* Equal steps of lambda: the weights 3/2, -1/2. */
		expect_same(&s, "dpm-solver-2m", "ipndm2", TIMES_LOG_SNR, 12);
		scene_close(&s);
	}
	/* In the flow's own rho, and where alpha = 1, Euler in t is the same once more. */
	struct scene s = scene_open(&specs[2], MILD8);

	expect_same(&s, "ddim", "euler", TIMES_KARRAS, 9);
	expect_same(&s, "edm-heun", "heun", TIMES_KARRAS, 9);
	scene_close(&s);
}
END_TEST

/* The same random numbers: ancestral sampling is DDIM with eta = 1 and the first-order SDE-DPM-Solver++. */
START_TEST(ancestral_methods_are_one)
{
	struct scene s = scene_open(&scene_vp, GMM_A);
	struct step_options o = scene_plain;
	double x[SIZE], y[SIZE], z[SIZE];

	o.eta = 1;
	scene_run(&s, "ddpm", TIMES_UNIFORM, 20, &o, x);
	scene_run(&s, "ddim", TIMES_UNIFORM, 20, &o, y);
	scene_run(&s, "sde-dpm-solver++1", TIMES_UNIFORM, 20, &o, z);
	for (int i = 0; i < SIZE; i++) {
		ck_assert_double_le(fabs(x[i] - y[i]), 1e-12);
		ck_assert_double_le(fabs(x[i] - z[i]), 1e-12);
	}
	scene_close(&s);
}
END_TEST

/* The published update of DDPM, from its betas. */
START_TEST(ancestral_step_is_the_published_one)
{
	const struct noise_spec spec = { .kind = NOISE_DISCRETE, .n_betas = 20, .beta_min = 1e-3, .beta_max = 0.3 };
	struct scene s = scene_open(&spec, GMM_A);
	struct stepper *small = scene_stepper(&s, "ddpm", TIMES_UNIFORM, 19, &scene_plain),
		       *large = scene_stepper(&s, "ddpm-large", TIMES_UNIFORM, 19, &scene_plain);
	double bar[21] = { 1 };

	for (int k = 1; k <= 20; k++)
		bar[k] = bar[k - 1] * (1 - (1e-3 + (0.3 - 1e-3) * (k - 1) / 19.));
	for (int i = 0; i < 19; i++) {
		const int k = 20 - i;
		const double beta = 1 - bar[k] / bar[k - 1];
		const struct step_plan *p = stepper_plan(small, i), *q = stepper_plan(large, i);

		ck_assert_double_le(fabs(p->row[1].carry - 1 / sqrt(1 - beta)), 1e-12);
		ck_assert_double_le(fabs(p->row[1].weight[0] + beta / sqrt(1 - bar[k]) / sqrt(1 - beta)), 1e-12);
		ck_assert_double_le(fabs(p->noise - sqrt(beta * (1 - bar[k - 1]) / (1 - bar[k]))), 1e-12);
		ck_assert_double_le(fabs(q->noise - (i < 18 ? sqrt(beta) : 0)), 1e-12);
	}
	stepper_free(small);
	stepper_free(large);
	scene_close(&s);
}
END_TEST

/* Weights of the last n estimates, newest first. */
static double weight_of(const struct step_plan *p, int j)
{
	return p->row[p->stages].weight[j == 0 ? 0 : STEP_STAGES + j - 1];
}

/* Polynomials in the method's own variable are integrated exactly: sum_j C_j q(t_j) = alpha integral of q drho. */
START_TEST(adams_weights_are_exact_for_polynomials)
{
	static const struct {
		const char *name;
		int degree, rho;
	} methods[] = { { "deis-tab0", 0, 0 },	 { "deis-tab1", 1, 0 },	  { "deis-tab2", 2, 0 },  { "deis-tab3", 3, 0 },
			{ "deis-rhoab1", 1, 1 }, { "deis-rhoab2", 2, 1 }, { "deis-rhoab3", 3, 1 } };
	enum { STEPS = 9, FINE = 20000 };
	struct scene s = scene_open(&scene_vp, GMM_A);

	for (size_t k = 0; k < sizeof methods / sizeof *methods; k++)
		for (int kind = TIMES_UNIFORM; kind <= TIMES_KARRAS; kind++) {
			struct stepper *m =
				scene_stepper(&s, methods[k].name, (enum step_times)kind, STEPS, &scene_plain);
			double t[STEPS + 1];
			struct err e;

			step_times_fill((enum step_times)kind, &s.schedule, 0, STEPS, t, &e);
			for (int i = methods[k].degree; i < STEPS; i++)
				for (int degree = 0; degree <= methods[k].degree; degree++) {
					const struct noise_level a = noise_at(&s.schedule, t[i]),
								 b = noise_at(&s.schedule, t[i + 1]);
					double sum = 0, integral = 0;

					for (int j = 0; j <= methods[k].degree; j++) {
						const struct noise_level v = noise_at(&s.schedule, t[i - j]);

						sum += weight_of(stepper_plan(m, i), j) *
						       pow(methods[k].rho ? v.rho : v.t, degree);
					}
					if (methods[k].rho || degree == 0) {
						const int n = degree + 1;

						integral = b.alpha * (pow(b.rho, n) - pow(a.rho, n)) / n;
						ck_assert_double_le(fabs(sum - integral), 1e-11 * fabs(integral));
						continue;
					}
					/* Midpoint rule in rho. */
					for (int f = 0; f < FINE; f++) {
						const double rho = a.rho + (f + 0.5) / FINE * (b.rho - a.rho);

						integral += pow(noise_time(&s.schedule, -log(rho)), degree) / FINE;
					}
					integral *= b.alpha * (b.rho - a.rho);
					ck_assert_double_le(fabs(sum - integral), 1e-6 * fabs(integral));
				}
			stepper_free(m);
		}
	scene_close(&s);
}
END_TEST

/* Karras et al., eq. 5, and their last step to sigma = 0, which is the data estimate. */
START_TEST(grids_and_ends_are_the_published_ones)
{
	const struct noise_spec spec = { .kind = NOISE_EDM };
	struct scene s = scene_open(&spec, GMM_A);
	struct step_options o = scene_plain;
	double t[18], x[SIZE], y[SIZE];
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, DENOISER_NOISE);
	struct err e = { 0 };

	step_times_fill(TIMES_KARRAS, &s.schedule, 0, 17, t, &e);
	for (int i = 0; i < 18; i++) {
		const double root = pow(80, 1. / 7) + i / 17. * (pow(0.002, 1. / 7) - pow(80, 1. / 7));

		ck_assert_double_le(fabs(t[i] / pow(root, 7) - 1), 1e-12);
	}
	scene_run(&s, "edm-heun", TIMES_KARRAS, 17, &o, x);
	o.denoise = true;
	scene_run(&s, "edm-heun", TIMES_KARRAS, 18, &o, y);
	ck_assert_int_eq(s.calls, 35);
	ck_assert_int_eq(denoiser_eval(&d, DENOISER_DATA, 0.002, POINTS, x, s.reference, NULL, &e), 0);
	for (int i = 0; i < SIZE; i++)
		ck_assert_double_le(fabs(y[i] - s.reference[i]), 1e-13);
	scene_close(&s);
}
END_TEST

/* Data to noise by the same code with the times turned round, and back. */
START_TEST(encodes_and_decodes)
{
	enum { STEPS = 100 };
	struct scene s = scene_open(&scene_vp, GMM_A);
	const struct stepper_class *c = stepper_find("dpm-solver-3");
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, c->value);
	double t[STEPS + 1], back[STEPS + 1], x[SIZE], y[SIZE], sum = 0;
	struct stepper *decode, *encode;
	struct err e = { 0 };

	step_times_fill(TIMES_LOG_SNR, &s.schedule, 0, STEPS, t, &e);
	for (int i = 0; i <= STEPS; i++)
		back[i] = t[STEPS - i];
	for (int k = 0; k < POINTS; k++)
		mixture_draw(s.mixture, rng_stream(8, "data", 0, (uint64_t)k), x + DIM * k);
	memcpy(y, x, sizeof x);
	encode = stepper_new(c, &s.schedule, &scene_plain, STEPS, STEPS, back, &e);
	decode = stepper_new(c, &s.schedule, &scene_plain, STEPS, STEPS, t, &e);
	ck_assert_int_eq(stepper_run(encode, &d, 0, 0, POINTS, y, &e), 0);
	ck_assert_double_gt(fabs(x[0] - y[0]), 1e-3);
	ck_assert_int_eq(stepper_run(decode, &d, 0, 0, POINTS, y, &e), 0);
	for (int i = 0; i < SIZE; i++)
		sum += (x[i] - y[i]) * (x[i] - y[i]);
	ck_assert_double_lt(sqrt(sum / SIZE), 1e-4);
	stepper_free(encode);
	stepper_free(decode);
	scene_close(&s);
}
END_TEST

START_TEST(refuses_impossible_grids)
{
	const struct noise_spec flow = { .kind = NOISE_FLOW_LINEAR };
	struct scene s = scene_open(&scene_vp, GMM_A), f = scene_open(&flow, GMM_A);
	const double stays[] = { 1, 0.5, 0.5, 0.1 }, up[] = { 0.1, 0.5 }, all[] = { 1, 0 };
	struct err e = { 0 };
	double t[3];

	ck_assert_ptr_null(stepper_new(stepper_find("ddim"), &s.schedule, &scene_plain, 3, 3, stays, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "not strictly decreasing"));
	ck_assert_ptr_null(stepper_new(stepper_find("ddpm"), &s.schedule, &scene_plain, 1, 1, up, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "from noise to data"));
	ck_assert_ptr_null(stepper_new(stepper_find("dpm-solver++2m"), &f.schedule, &scene_plain, 1, 1, all, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "finite log-SNR"));
	ck_assert_ptr_null(stepper_new(stepper_find("ddim"), &s.schedule, &scene_plain, 0, 0, t, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "0 intervals"));
	ck_assert_int_eq(step_times_fill(TIMES_LOG_SNR, &f.schedule, 0, 2, t, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	scene_close(&s);
	scene_close(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("diffusion");
	TCase *all = tcase_create("every method"), *t = tcase_create("methods");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(all, 60);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(all, has_its_order, 0, scene_methods());
	tcase_add_loop_test(all, makes_its_calls, 0, scene_methods());
	tcase_add_loop_test(all, depends_on_seed_and_number_alone, 0, scene_methods());
	tcase_add_loop_test(all, says_when_a_state_overflows, 0, scene_methods());
	tcase_add_loop_test(all, constant_noise_is_exact, 0, scene_methods());
	tcase_add_test(t, first_order_methods_are_one);
	tcase_add_test(t, ancestral_methods_are_one);
	tcase_add_test(t, ancestral_step_is_the_published_one);
	tcase_add_test(t, adams_weights_are_exact_for_polynomials);
	tcase_add_test(t, grids_and_ends_are_the_published_ones);
	tcase_add_test(t, encodes_and_decodes);
	tcase_add_test(t, refuses_impossible_grids);
	suite_add_tcase(s, all);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
