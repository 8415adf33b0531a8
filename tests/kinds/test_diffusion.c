/* test_diffusion.c: the steps of diffusion and flow samplers against fine references and each other, with the exact
 * model of Gaussian mixtures. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "sampler/likelihood.h"
#include "sampler/mixture.h"
#include "sampler/stepper.h"

enum { GMM_A, MILD8, RING8 };
enum { POINTS = 64, MANY = 512, DIM = 2, SIZE = POINTS * DIM, MOST = MANY * DIM };

static const struct step_options plain = { .churn_max = HUGE_VAL, .churn_inflation = 1 };

/* A schedule, a mixture and starting points. */
struct scene {
	struct noise_schedule schedule;
	struct mixture *mixture;
	int n; /* points: POINTS, or up to MANY */
	double start[MOST], reference[MOST];
	int64_t calls; /* of the last run */
};

static const struct noise_spec vp = { .kind = NOISE_VP_LINEAR, .beta_min = 0.1, .beta_max = 20, .t_end = 1e-2 };

static struct scene scene_open(const struct noise_spec *spec, int set)
{
	struct scene s = { .mixture = mixture_named(set), .n = POINTS };
	struct err e = { 0 };

	ck_assert_msg(noise_open(&s.schedule, spec, &e) == 0, "%s", e.message);
	rng_normal(rng_stream(11, "start", 0, 0), 0, MOST, s.start);
	for (int i = 0; i < MOST; i++)
		s.start[i] *= noise_prior_std(&s.schedule);
	return s;
}

static void scene_close(struct scene *s)
{
	mixture_free(s->mixture);
	noise_close(&s->schedule);
}

static struct stepper *stepper_on(struct scene *s, const char *method, enum step_times kind, int64_t steps,
				  const struct step_options *o)
{
	const struct stepper_class *c = stepper_find(method);
	struct err e = { 0 };
	struct stepper *out;
	double *t;
	int64_t n;

	ck_assert_msg(c != NULL, "no method %s", method);
	n = stepper_intervals(c, o, steps);
	t = xmalloc((size_t)(n + 1) * sizeof *t);
	ck_assert_msg(step_times_fill(kind, &s->schedule, 0, n, t, &e) == 0, "%s", e.message);
	out = stepper_new(c, &s->schedule, o, steps, n, t, &e);
	ck_assert_msg(out != NULL, "%s", e.message);
	free(t);
	return out;
}

/* The starting points taken to t_end, into x. */
static void run(struct scene *s, const char *method, enum step_times kind, int64_t steps, const struct step_options *o,
		double *x)
{
	struct stepper *m = stepper_on(s, method, kind, steps, o);
	struct denoiser d = mixture_denoiser(s->mixture, &s->schedule, stepper_find(method)->value);
	struct err e = { 0 };

	memcpy(x, s->start, (size_t)(DIM * s->n) * sizeof *x);
	ck_assert_msg(stepper_run(m, &d, 5, 0, s->n, x, &e) == 0, "%s", e.message);
	s->calls = d.calls;
	stepper_free(m);
}

/* A method of another family, with an error below 1e-10 for gmm-a. */
static void refer(struct scene *s)
{
	run(s, "rk4", TIMES_LOG_SNR, 400, &plain, s->reference);
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Median over the points of the distance to the reference: few points near a separatrix do not decide. */
static double median_error(struct scene *s, const char *method, enum step_times kind, int64_t steps)
{
	double x[MOST], off[MANY];

	run(s, method, kind, steps, &plain, x);
	for (int k = 0; k < s->n; k++)
		off[k] = hypot(x[2 * k] - s->reference[2 * k], x[2 * k + 1] - s->reference[2 * k + 1]);
	qsort(off, (size_t)s->n, sizeof *off, ascending);
	return (off[s->n / 2 - 1] + off[s->n / 2]) / 2;
}

static double rms_error(struct scene *s, const char *method, enum step_times kind, int64_t steps)
{
	double x[MOST], sum = 0;

	run(s, method, kind, steps, &plain, x);
	for (int i = 0; i < DIM * s->n; i++)
		sum += (x[i] - s->reference[i]) * (x[i] - s->reference[i]);
	return sqrt(sum / (DIM * s->n));
}

static const struct stepper_class *method_at(int wanted)
{
	for (int i = 0; stepper_files[i]; i++)
		for (int k = 0; stepper_files[i][k]; k++)
			if (wanted-- == 0)
				return stepper_files[i][k];
	return NULL;
}

static int n_methods(void)
{
	int n = 0;

	while (method_at(n))
		n++;
	return n;
}

/* ---- every method ---- */

/* Both sides: an order too high would mean that the test is wrong. A step count divisible by three keeps the last steps
 * of dpm-solver-fast alike. */
START_TEST(has_its_order)
{
	const struct stepper_class *c = method_at(_i);
	struct scene s = scene_open(&vp, GMM_A);
	double coarse, order;

	if (c->noisy || c->adaptive) {
		scene_close(&s);
		return;
	}
	refer(&s);
	coarse = median_error(&s, c->name, TIMES_LOG_SNR, 90);
	order = log2(coarse / median_error(&s, c->name, TIMES_LOG_SNR, 180));
	ck_assert_msg(order > c->order - 0.25 && order < c->order + 0.3, "%s: order %.2f, not %d", c->name, order,
		      c->order);
	scene_close(&s);
}
END_TEST

START_TEST(makes_its_calls)
{
	const struct stepper_class *c = method_at(_i);
	struct scene s = scene_open(&vp, GMM_A);
	double x[SIZE];

	for (int64_t steps = 12; steps < 15; steps++)
		for (int denoise = 0; denoise < 2; denoise++) {
			struct step_options o = plain;
			const int64_t left = steps - denoise;
			struct stepper *m;

			if (c->adaptive)
				continue;
			o.denoise = denoise;
			run(&s, c->name, TIMES_LOG_SNR, steps, &o, x);
			ck_assert_int_eq(s.calls, (c->calls == 0 ? left : c->calls * left + c->extra) + denoise);
			m = stepper_on(&s, c->name, TIMES_LOG_SNR, steps, &o);
			ck_assert_int_eq(stepper_calls(m), s.calls);
			stepper_free(m);
		}
	scene_close(&s);
}
END_TEST

/* A point of a batch is the point alone, and the same seed gives the same bytes. */
START_TEST(depends_on_seed_and_number_alone)
{
	const struct stepper_class *c = method_at(_i);
	struct scene s = scene_open(&vp, GMM_A);
	struct step_options o = plain;
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
	run(&s, c->name, TIMES_LOG_SNR, 9, &o, batch);
	run(&s, c->name, TIMES_LOG_SNR, 9, &o, again);
	ck_assert(memcmp(batch, again, sizeof batch) == 0);
	m = stepper_on(&s, c->name, TIMES_LOG_SNR, 9, &o);
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
	const struct stepper_class *c = method_at(_i);
	struct scene s = scene_open(&vp, GMM_A);
	struct step_options o = plain;
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, c->value);
	struct stepper *m = stepper_on(&s, c->name, TIMES_LOG_SNR, 6, &o);
	struct err e = { 0 };

	s.start[3] = NAN;
	ck_assert_int_eq(stepper_run(m, &d, 5, 0, POINTS, s.start, &e), -1);
	ck_assert_int_eq(e.code, ERR_FAIL);
	ck_assert_msg(strstr(e.message, c->name) && strstr(e.message, "not finite"), "%s", e.message);
	stepper_free(m);
	scene_close(&s);
}
END_TEST

/* ---- relations between methods ---- */

static void expect_same(struct scene *s, const char *a, const char *b, enum step_times kind, int64_t steps)
{
	double x[SIZE], y[SIZE];

	run(s, a, kind, steps, &plain, x);
	run(s, b, kind, steps, &plain, y);
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
	struct scene s = scene_open(&vp, GMM_A);
	struct step_options o = plain;
	double x[SIZE], y[SIZE], z[SIZE];

	o.eta = 1;
	run(&s, "ddpm", TIMES_UNIFORM, 20, &o, x);
	run(&s, "ddim", TIMES_UNIFORM, 20, &o, y);
	run(&s, "sde-dpm-solver++1", TIMES_UNIFORM, 20, &o, z);
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
	struct stepper *small = stepper_on(&s, "ddpm", TIMES_UNIFORM, 19, &plain),
		       *large = stepper_on(&s, "ddpm-large", TIMES_UNIFORM, 19, &plain);
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
	struct scene s = scene_open(&vp, GMM_A);

	for (size_t k = 0; k < sizeof methods / sizeof *methods; k++)
		for (int kind = TIMES_UNIFORM; kind <= TIMES_KARRAS; kind++) {
			struct stepper *m = stepper_on(&s, methods[k].name, (enum step_times)kind, STEPS, &plain);
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
	const struct stepper_class *c = method_at(_i);
	struct scene s = scene_open(&vp, GMM_A);
	const struct noise_level a = noise_at(&s.schedule, s.schedule.T), b = noise_at(&s.schedule, s.schedule.t_end);
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, c->value);
	struct err e = { 0 };

	d.eval = constant;
	for (int64_t steps = 1; steps < 6 && c->value == DENOISER_NOISE && !c->noisy && !c->adaptive; steps += 2) {
		struct stepper *m = stepper_on(&s, c->name, TIMES_POWER, steps, &plain);
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

/* ---- a single Gaussian: closed forms for every schedule ---- */

static const struct noise_spec every_schedule[] = {
	{ .kind = NOISE_VP_LINEAR, .beta_min = 0.1, .beta_max = 20 },
	{ .kind = NOISE_VP_COSINE, .shift = 0.008 },
	{ .kind = NOISE_SUB_VP, .beta_min = 0.1, .beta_max = 20 },
	{ .kind = NOISE_VE, .sigma_min = 0.01, .sigma_max = 50 },
	{ .kind = NOISE_EDM },
	{ .kind = NOISE_OU },
	{ .kind = NOISE_FLOW_LINEAR },
	{ .kind = NOISE_FLOW_TRIG },
	{ .kind = NOISE_DISCRETE, .n_betas = 1000, .beta_min = 1e-4, .beta_max = 0.02 },
};
enum { N_SCHEDULES = sizeof every_schedule / sizeof *every_schedule };

/* x_t = alpha_t m + sqrt(V_t / V_s) (x_s - alpha_s m), V = alpha^2 v + sigma^2, in every coordinate. */
START_TEST(gaussian_flow_is_the_closed_form)
{
	static const double mean[] = { 0.7, -0.4 }, variance[] = { 0.3, 1.7 };
	const struct noise_spec *spec = &every_schedule[_i];
	const bool flow = spec->kind == NOISE_FLOW_LINEAR || spec->kind == NOISE_FLOW_TRIG;
	struct scene s = scene_open(spec, GMM_A);
	double x[SIZE], worst = 0;
	struct err e;

	mixture_free(s.mixture);
	s.mixture = mixture_new(1, DIM, (double[]){ 1 }, mean, variance, NULL, &e);
	/* Flows start at alpha = 0 and end at sigma = 0. */
	run(&s, flow ? "rk4" : "dpm-solver-3", flow ? TIMES_UNIFORM : TIMES_LOG_SNR, 200, &plain, x);
	for (int i = 0; i < SIZE; i++) {
		const struct noise_level a = noise_at(&s.schedule, s.schedule.T),
					 b = noise_at(&s.schedule, s.schedule.t_end);
		const double m = mean[i % DIM], v = variance[i % DIM];
		const double from = a.alpha * a.alpha * v + a.sigma * a.sigma,
			     to = b.alpha * b.alpha * v + b.sigma * b.sigma;

		worst = fmax(worst, fabs(b.alpha * m + sqrt(to / from) * (s.start[i] - a.alpha * m) - x[i]));
	}
	ck_assert_msg(worst < 5e-6, "%s: %g", noise_names[spec->kind], worst);
	scene_close(&s);
}
END_TEST

/* The state stays Gaussian: its variance after the plan, without drawing. Coordinate of variance v and mean 0. */
static double variance_after(struct scene *s, const char *method, enum step_times kind, int64_t steps,
			     const struct step_options *o, double v)
{
	struct stepper *m = stepper_on(s, method, kind, steps, o);
	const int64_t n = stepper_intervals(stepper_find(method), o, steps);
	const enum denoiser_form form = stepper_find(method)->value;
	double variance = pow(noise_prior_std(&s->schedule), 2);

	for (int64_t i = 0; i < n; i++) {
		const struct step_plan *p = stepper_plan(m, i);
		double point[STEP_STAGES + 1] = { 1 }, value[STEP_STAGES];

		if (p->stir != 0) {
			variance = p->stir_carry * p->stir_carry * variance + p->stir * p->stir;
		}
		for (int k = 0; k <= p->stages; k++) {
			if (k > 0) {
				point[k] = p->row[k].carry;
				for (int j = 0; j < k; j++)
					point[k] += p->row[k].weight[j] * value[j];
			}
			if (k < p->stages) {
				/* x0 = alpha v x / V, e = sigma x / V with V = alpha^2 v + sigma^2 */
				const struct noise_level a = noise_at(&s->schedule, p->t[k]);
				double data, noise;

				denoiser_blend(&a, form, 1, &data, &noise);
				value[k] = (data * a.alpha * v + noise * a.sigma) /
					   (a.alpha * a.alpha * v + a.sigma * a.sigma) * point[k];
			}
		}
		variance = point[p->stages] * point[p->stages] * variance + p->noise * p->noise;
	}
	stepper_free(m);
	return variance;
}

/* One-step methods with noise: the variance's error halves with the step. */
START_TEST(noisy_methods_have_weak_order_one)
{
	static const struct {
		const char *name;
		double eta;
		enum step_times kind;
		double order;
	} methods[] = {
		{ "ddpm", 1, TIMES_LOG_SNR, 1 },
		{ "ddpm", 1, TIMES_POWER, 1 },
		{ "ddpm-large", 1, TIMES_POWER, 1 },
		{ "ddim", 0.5, TIMES_LOG_SNR, 1 },
		{ "sde-dpm-solver++1", 1, TIMES_POWER, 1 },
		{ "euler-maruyama", 1, TIMES_POWER, 1 },
		{ "euler-maruyama", 0.5, TIMES_POWER, 1 },
		{ "reverse-diffusion", 1, TIMES_POWER, 1 },
		{ "interpolant-em", 1, TIMES_POWER, 1 },
	};

	for (size_t k = 0; k < sizeof methods / sizeof *methods; k++) {
		struct scene s = scene_open(&vp, GMM_A);
		const struct noise_level end = noise_at(&s.schedule, s.schedule.t_end);
		const double v = 0.4, exact = end.alpha * end.alpha * v + end.sigma * end.sigma;
		struct step_options o = plain;
		double coarse, fine;

		o.eta = methods[k].eta;
		coarse = variance_after(&s, methods[k].name, methods[k].kind, 400, &o, v) - exact;
		fine = variance_after(&s, methods[k].name, methods[k].kind, 800, &o, v) - exact;
		ck_assert_msg(fabs(log2(coarse / fine) - methods[k].order) < 0.15, "%s, eta %g: order %.2f (%g, %g)",
			      methods[k].name, o.eta, log2(coarse / fine), coarse, fine);
		scene_close(&s);
	}
}
END_TEST

/* Churning and a rate of noise leave the law alone: the limit of small steps is the target's. */
START_TEST(noise_leaves_the_law)
{
	static const double etas[] = { 0, 0.5, 1, 1.5 };
	const struct noise_spec flow = { .kind = NOISE_FLOW_LINEAR }, edm = { .kind = NOISE_EDM };

	for (int k = 0; k < 4; k++) {
		struct scene s = scene_open(&flow, GMM_A);
		struct step_options o = plain;
		const double v = 0.4;

		o.eta = etas[k];
		ck_assert_double_le(fabs(variance_after(&s, "interpolant-em", TIMES_UNIFORM, 4000, &o, v) - v), 2e-3);
		ck_assert_double_le(fabs(variance_after(&s, "interpolant-heun", TIMES_UNIFORM, 4000, &o, v) - v), 2e-3);
		scene_close(&s);
		s = scene_open(&edm, GMM_A);
		o.eta = 0;
		o.churn = 40 * etas[k];
		ck_assert_double_le(fabs(variance_after(&s, "edm-heun", TIMES_KARRAS, 1000, &o, v) - v), 2e-3);
		scene_close(&s);
	}
}
END_TEST

/* Mean and variance of many points at t_end, for every method; predictor-corrector: a Langevin step after each of its
 * own. */
START_TEST(reaches_its_target)
{
	enum { DRAWS = 1500 };
	const bool correct = _i == n_methods();
	const struct stepper_class *c = correct ? stepper_find("reverse-diffusion") : method_at(_i);
	struct scene s = scene_open(&vp, GMM_A);
	const struct noise_level end = noise_at(&s.schedule, s.schedule.t_end);
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, c->value);
	struct step_options o = plain;
	struct stepper *m;
	double *x = xmalloc(DRAWS * DIM * sizeof *x);
	struct err e = { 0 };

	o.eta = c->noisy;
	o.corrector = correct;
	o.corrector_ratio = 0.1;
	o.rtol = o.atol = 1e-2;
	rng_normal(rng_stream(12, "start", 0, 0), 0, DRAWS * DIM, x);
	m = stepper_on(&s, c->name, TIMES_LOG_SNR, c->noisy || c->order == 1 ? 150 : 30, &o);
	ck_assert_int_eq(stepper_run(m, &d, 21, 0, DRAWS, x, &e), 0);
	for (int k = 0; k < DIM; k++) {
		double sum = 0, square = 0, mean, variance;

		mixture_moments(s.mixture, &end, k, &mean, &variance);
		for (int i = 0; i < DRAWS; i++) {
			sum += x[DIM * i + k] / DRAWS;
			square += x[DIM * i + k] * x[DIM * i + k] / DRAWS;
		}
		ck_assert_msg(fabs(sum - mean) <= 4 * sqrt(variance / DRAWS) + 0.005, "%s: mean %g, not %g", c->name,
			      sum, mean);
		ck_assert_msg(fabs(square - sum * sum - variance) <= (4 * sqrt(2. / DRAWS) + 0.02) * variance,
			      "%s: variance %g, not %g", c->name, square - sum * sum, variance);
	}
	stepper_free(m);
	free(x);
	scene_close(&s);
}
END_TEST

/* Langevin steps alone lead from anywhere to the law of their time. */
START_TEST(corrector_finds_the_law)
{
	enum { DRAWS = 3000 };
	const double t[] = { 0.3, 0.3 - 1e-9 };
	struct scene s = scene_open(&vp, GMM_A);
	const struct noise_level at = noise_at(&s.schedule, t[1]);
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, DENOISER_NOISE);
	struct step_options o = plain;
	struct stepper *m;
	double *x = xcalloc(DRAWS * DIM, sizeof *x);
	struct err e = { 0 };

	o.corrector = 150;
	o.corrector_ratio = 0.15;
	m = stepper_new(stepper_find("ddim"), &s.schedule, &o, 1, 1, t, &e);
	ck_assert_int_eq(stepper_run(m, &d, 2, 0, DRAWS, x, &e), 0);
	ck_assert_int_eq(d.calls, 151);
	for (int k = 0; k < DIM; k++) {
		double sum = 0, square = 0, mean, variance;

		mixture_moments(s.mixture, &at, k, &mean, &variance);
		for (int i = 0; i < DRAWS; i++) {
			sum += x[DIM * i + k] / DRAWS;
			square += x[DIM * i + k] * x[DIM * i + k] / DRAWS;
		}
		ck_assert_double_le(fabs(sum - mean), 4 * sqrt(variance / DRAWS));
		/* A step of size h leaves h / 2 too much of the variance: 2 %. */
		ck_assert_double_le(fabs(square - sum * sum - variance), (4 * sqrt(2. / DRAWS) + 0.03) * variance);
	}
	stepper_free(m);
	free(x);
	scene_close(&s);
}
END_TEST

/* At T = 1 a flow knows nothing of the data: one Euler step goes to their mean. */
START_TEST(one_step_of_a_flow_is_the_mean)
{
	const struct noise_spec spec = { .kind = NOISE_FLOW_LINEAR };
	struct scene s = scene_open(&spec, GMM_A);
	double x[SIZE], mean, variance;

	run(&s, "euler", TIMES_UNIFORM, 1, &plain, x);
	for (int i = 0; i < SIZE; i++) {
		mixture_moments(s.mixture, NULL, i % DIM, &mean, &variance);
		ck_assert_double_le(fabs(x[i] - mean), 1e-14);
	}
	scene_close(&s);
}
END_TEST

/* Karras et al., eq. 5, and their last step to sigma = 0, which is the data estimate. */
START_TEST(grids_and_ends_are_the_published_ones)
{
	const struct noise_spec spec = { .kind = NOISE_EDM };
	struct scene s = scene_open(&spec, GMM_A);
	struct step_options o = plain;
	double t[18], x[SIZE], y[SIZE];
	struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, DENOISER_NOISE);
	struct err e = { 0 };

	step_times_fill(TIMES_KARRAS, &s.schedule, 0, 17, t, &e);
	for (int i = 0; i < 18; i++) {
		const double root = pow(80, 1. / 7) + i / 17. * (pow(0.002, 1. / 7) - pow(80, 1. / 7));

		ck_assert_double_le(fabs(t[i] / pow(root, 7) - 1), 1e-12);
	}
	run(&s, "edm-heun", TIMES_KARRAS, 17, &o, x);
	o.denoise = true;
	run(&s, "edm-heun", TIMES_KARRAS, 18, &o, y);
	ck_assert_int_eq(s.calls, 35);
	ck_assert_int_eq(denoiser_eval(&d, DENOISER_DATA, 0.002, POINTS, x, s.reference, NULL, &e), 0);
	for (int i = 0; i < SIZE; i++)
		ck_assert_double_le(fabs(y[i] - s.reference[i]), 1e-13);
	scene_close(&s);
}
END_TEST

/* ---- claims of the papers: few steps ---- */

START_TEST(few_steps_of_the_solvers)
{
	struct noise_spec ring_end = vp;
	struct scene a = scene_open(&vp, GMM_A), r;
	double last = HUGE_VAL, ddim10, ddim160;

	ring_end.t_end = 1e-3;
	r = scene_open(&ring_end, RING8);
	/* Points near a separatrix decide the root mean square: many. */
	r.n = MANY;
	refer(&a);
	refer(&r);
	ddim10 = rms_error(&a, "ddim", TIMES_LOG_SNR, 10);
	ddim160 = rms_error(&a, "ddim", TIMES_LOG_SNR, 160);
	ck_assert_double_lt(rms_error(&a, "dpm-solver-fast", TIMES_LOG_SNR, 20), ddim160);
	ck_assert_double_le(rms_error(&a, "dpm-solver++2m", TIMES_LOG_SNR, 10), 0.4 * ddim10);
	ck_assert_double_le(rms_error(&a, "deis-tab3", TIMES_LOG_SNR, 10), 0.35 * ddim10);
	ck_assert_double_le(rms_error(&a, "deis-tab3", TIMES_LOG_SNR, 20),
			    0.25 * rms_error(&a, "ddim", TIMES_LOG_SNR, 20));
	ck_assert_double_lt(rms_error(&a, "deis-tab3", TIMES_LOG_SNR, 20), ddim160);
	ck_assert_double_lt(rms_error(&a, "deis-tab3", TIMES_LOG_SNR, 10),
			    rms_error(&a, "deis-rhoab3", TIMES_LOG_SNR, 10));
	for (int64_t steps = 10; steps <= 20; steps += 10) {
		static const char *const better[] = { "ddim", "deis-tab1", "deis-tab2", "deis-tab3" };

		last = HUGE_VAL;
		for (int k = 0; k < 4; k++) {
			const double error = rms_error(&a, better[k], TIMES_LOG_SNR, steps);

			ck_assert_msg(error < last, "%s in %d steps: %g", better[k], (int)steps, error);
			last = error;
		}
	}
	ddim10 = rms_error(&r, "ddim", TIMES_LOG_SNR, 10);
	ck_assert_double_lt(rms_error(&r, "dpm-solver-fast", TIMES_LOG_SNR, 40),
			    rms_error(&r, "ddim", TIMES_LOG_SNR, 160));
	ck_assert_double_le(rms_error(&r, "dpm-solver-2m", TIMES_LOG_SNR, 10), 0.4 * ddim10);
	ck_assert_double_le(rms_error(&r, "deis-tab3", TIMES_LOG_SNR, 10), 0.35 * ddim10);
	scene_close(&a);
	scene_close(&r);
}
END_TEST

START_TEST(few_steps_of_pndm)
{
	const struct noise_spec spec = { .kind = NOISE_DISCRETE, .n_betas = 1000, .beta_min = 1e-4, .beta_max = 0.02 };

	for (int set = GMM_A; set <= MILD8; set++) {
		struct scene s = scene_open(&spec, set);
		double s50, f50;

		refer(&s);
		s50 = rms_error(&s, "s-pndm", TIMES_UNIFORM, 50);
		f50 = rms_error(&s, "f-pndm", TIMES_UNIFORM, 50);
		/* The claim of the paper: 50 steps do better than 1000 of DDIM. */
		ck_assert_double_lt(f50, rms_error(&s, "ddim", TIMES_UNIFORM, 1000));
		if (set == GMM_A) {
			const double slope = log(s50 / rms_error(&s, "s-pndm", TIMES_UNIFORM, 250)) / log(5);

			ck_assert_double_le(s50, 0.25 * rms_error(&s, "ddim", TIMES_UNIFORM, 50));
			ck_assert_double_le(f50, 0.25 * s50);
			ck_assert_double_ge(slope, 1.7);
		}
		scene_close(&s);
	}
}
END_TEST

START_TEST(adaptive_methods_follow_the_tolerance)
{
	struct scene s = scene_open(&vp, GMM_A);
	double last[2] = { HUGE_VAL, HUGE_VAL };
	int64_t calls[2] = { 0 };

	refer(&s);
	for (double rtol = 0.05; rtol > 1e-4; rtol /= 10) {
		double error[2];

		for (int k = 0; k < 2; k++) {
			struct step_options o = plain;
			double x[SIZE], sum = 0;

			o.rtol = rtol;
			o.atol = 0.1 * rtol;
			run(&s, k ? "dpm-solver-23" : "dpm-solver-12", TIMES_LOG_SNR, 1, &o, x);
			for (int i = 0; i < SIZE; i++)
				sum += pow(x[i] - s.reference[i], 2);
			error[k] = sqrt(sum / SIZE);
			ck_assert_double_lt(error[k], last[k]);
			ck_assert_int_gt(s.calls, calls[k]);
			last[k] = error[k];
			calls[k] = s.calls;
		}
		ck_assert_double_lt(error[1], error[0]);
		ck_assert_int_lt(calls[1], calls[0]);
	}
	ck_assert_double_lt(last[1], 1e-4);
	ck_assert_int_lt(calls[1], 200);
	scene_close(&s);
}
END_TEST

/* Data to noise by the same code with the times turned round, and back. */
START_TEST(encodes_and_decodes)
{
	enum { STEPS = 100 };
	struct scene s = scene_open(&vp, GMM_A);
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
	encode = stepper_new(c, &s.schedule, &plain, STEPS, STEPS, back, &e);
	decode = stepper_new(c, &s.schedule, &plain, STEPS, STEPS, t, &e);
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
	struct scene s = scene_open(&vp, GMM_A), f = scene_open(&flow, GMM_A);
	const double stays[] = { 1, 0.5, 0.5, 0.1 }, up[] = { 0.1, 0.5 }, all[] = { 1, 0 };
	struct err e = { 0 };
	double t[3];

	ck_assert_ptr_null(stepper_new(stepper_find("ddim"), &s.schedule, &plain, 3, 3, stays, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "not strictly decreasing"));
	ck_assert_ptr_null(stepper_new(stepper_find("ddpm"), &s.schedule, &plain, 1, 1, up, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "from noise to data"));
	ck_assert_ptr_null(stepper_new(stepper_find("dpm-solver++2m"), &f.schedule, &plain, 1, 1, all, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "finite log-SNR"));
	ck_assert_ptr_null(stepper_new(stepper_find("ddim"), &s.schedule, &plain, 0, 0, t, &e));
	ck_assert_ptr_nonnull(strstr(e.message, "0 intervals"));
	ck_assert_int_eq(step_times_fill(TIMES_LOG_SNR, &f.schedule, 0, 2, t, &e), -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	scene_close(&s);
	scene_close(&f);
}
END_TEST

/* ---- densities ---- */

START_TEST(flow_gives_the_density)
{
	struct noise_spec spec = vp;
	struct scene s;
	const struct likelihood_options exact = { .tolerance = { 1e-8, 1e-10, 0, 100000 } };
	const struct likelihood_options probes = { .probes = 1, .seed = 3, .tolerance = { 1e-6, 1e-8, 0, 100000 } };
	enum { N = 32 };
	double bias = 0, noise = 0;
	struct err e = { 0 };

	s = scene_open(&spec, _i);
	for (uint64_t k = 0; k < N; k++) {
		struct denoiser d = mixture_denoiser(s.mixture, &s.schedule, DENOISER_NOISE);
		const struct noise_level first = noise_at(&s.schedule, s.schedule.t_end),
					 last = noise_at(&s.schedule, s.schedule.T);
		double x[DIM], end[DIM], value, divergence, density;

		mixture_draw(s.mixture, rng_stream(9, "data", 0, k), x);
		density = mixture_log_density(s.mixture, &first, x);
		memcpy(end, x, sizeof end);
		ck_assert_int_eq(likelihood_log_density(&d, &exact, k, end, &value, &divergence, &e), 0);
		/* The flow alone, without the prior's approximation. */
		ck_assert_msg(fabs(divergence - (density - mixture_log_density(s.mixture, &last, end))) < 1e-5,
			      "%g, not %g", divergence, density - mixture_log_density(s.mixture, &last, end));
		bias += fabs(value - density) / N;
		ck_assert_int_eq(likelihood_log_density(&d, &probes, k, x, &value, NULL, &e), 0);
		noise += (value - density) / N;
	}
	ck_assert_double_le(bias, 1e-2);
	/* One probe a point: unbiased, with a deviation below two nats a point. */
	ck_assert_double_le(fabs(noise), 4 * 2 / sqrt(N));
	scene_close(&s);
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
	tcase_add_loop_test(all, has_its_order, 0, n_methods());
	tcase_add_loop_test(all, makes_its_calls, 0, n_methods());
	tcase_add_loop_test(all, depends_on_seed_and_number_alone, 0, n_methods());
	tcase_add_loop_test(all, says_when_a_state_overflows, 0, n_methods());
	tcase_add_loop_test(all, reaches_its_target, 0, n_methods() + 1);
	tcase_add_loop_test(all, constant_noise_is_exact, 0, n_methods());
	tcase_add_test(t, first_order_methods_are_one);
	tcase_add_test(t, ancestral_methods_are_one);
	tcase_add_test(t, ancestral_step_is_the_published_one);
	tcase_add_test(t, adams_weights_are_exact_for_polynomials);
	tcase_add_loop_test(t, gaussian_flow_is_the_closed_form, 0, N_SCHEDULES);
	tcase_add_test(t, noisy_methods_have_weak_order_one);
	tcase_add_test(t, noise_leaves_the_law);
	tcase_add_test(t, corrector_finds_the_law);
	tcase_add_test(t, one_step_of_a_flow_is_the_mean);
	tcase_add_test(t, grids_and_ends_are_the_published_ones);
	tcase_add_test(t, few_steps_of_the_solvers);
	tcase_add_test(t, few_steps_of_pndm);
	tcase_add_test(t, adaptive_methods_follow_the_tolerance);
	tcase_add_test(t, encodes_and_decodes);
	tcase_add_test(t, refuses_impossible_grids);
	tcase_add_loop_test(t, flow_gives_the_density, GMM_A, RING8 + 1);
	suite_add_tcase(s, all);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
