/* steps_exponential.c: DDPM, DDIM and the DPM-Solvers: the linear part of the probability flow exactly, the model's
 * value as a polynomial in lambda = log(alpha / sigma).
 *
 * The noise form (values e) and the data form (values x0) of a step s -> t, h = lambda_t - lambda_s, are one formula,
 *	x_t = carry x - unit [(exp(z) - 1) v + phi_2(z) D_1 + phi_3(z) D_2],
 * with carry = alpha_t / alpha_s, unit = sigma_t, z = h for noise and sigma_t / sigma_s, alpha_t, -h for data; D_1,
 * D_2: h and h^2 times the derivatives of v by lambda. Sources: Lu et al., arXiv 2206.00927 and 2211.01095; Song et
 * al., 2010.02502; Ho et al., 2006.11239. */
#include <math.h>
#include <stddef.h>

#include "sampler/stepper.h"

struct form {
	double carry, unit, z;
};

static struct form form_of(enum denoiser_form value, const struct noise_level *s, const struct noise_level *t)
{
	const double h = t->lambda - s->lambda;

	if (value == DENOISER_DATA)
		return (struct form){ t->sigma / s->sigma, t->alpha, -h };
	return (struct form){ exp(t->log_alpha - s->log_alpha), t->sigma, h };
}

static struct noise_level level_at(const struct step_grid *g, double lambda)
{
	return noise_at(g->schedule, noise_time(g->schedule, lambda));
}

/* row = the first-order step from s to t. */
static struct step_row first_order(const struct form *f)
{
	return (struct step_row){ f->carry, { -f->unit * expm1(f->z) } };
}

/* Add weight (value[k] - value[0]). */
static void add_difference(struct step_row *row, int k, double weight)
{
	row->weight[k] += weight;
	row->weight[0] -= weight;
}

/* Variants of the differences that make D_1 and D_2. */
enum { MEAN, TAYLOR, REFERENCE };

static void plan_single(enum denoiser_form value, int order, int variant, double r1, const struct step_grid *g,
			int64_t i, struct step_plan *p)
{
	const struct noise_level *s = &g->level[i], *t = &g->level[i + 1];
	const double h = t->lambda - s->lambda, r2 = 2 * r1;
	const struct form f = form_of(value, s, t);

	p->stages = order;
	p->row[order] = p->low = first_order(&f);
	if (order == 1)
		return;
	const struct noise_level one = level_at(g, s->lambda + r1 * h);
	const struct form f1 = form_of(value, s, &one);

	p->t[1] = one.t;
	p->row[1] = first_order(&f1);
	if (order == 2) {
		add_difference(&p->row[2], 1, -f.unit * expm1(f.z) / (2 * r1));
		return;
	}
	const struct noise_level two = level_at(g, s->lambda + r2 * h);
	const struct form f2 = form_of(value, s, &two);

	p->t[2] = two.t;
	p->row[2] = first_order(&f2);
	add_difference(&p->row[2], 1, -f2.unit * (r2 / r1) * step_phi2(f2.z));
	if (variant == TAYLOR) {
		/* D_1 = (r2 d1 - r1 d2) / (r2 - r1), D_2 = 2 (d2 - d1) / (r2 - r1), d_k = (v_k - v_0) / r_k */
		const double phi2 = step_phi2(f.z), phi3 = step_phi3(f.z);

		add_difference(&p->row[3], 1, -f.unit * (r2 * phi2 - 2 * phi3) / (r1 * (r2 - r1)));
		add_difference(&p->row[3], 2, f.unit * (r1 * phi2 - 2 * phi3) / (r2 * (r2 - r1)));
	} else {
		add_difference(&p->row[3], 2, -f.unit / r2 * step_phi2(f.z));
	}
	add_difference(&p->low, 1, -f.unit * expm1(f.z) / (2 * r1));
}

/* The intermediate points of the paper: the middle, or thirds. An adaptive 23 shares the third with its order 2. */
static void single(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	plan_single(c->value, c->order, c->variant, c->order == 3 ? 1. / 3 : 0.5, g, i, p);
}

static int64_t fast_intervals(int64_t steps)
{
	return steps / 3 + 1;
}

/* "DPM-Solver-fast": orders 3, and at the end what the budget of model calls leaves. */
static void fast(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const int64_t rest = g->steps % 3, from_end = g->n - 1 - i;
	const int order = rest == 0 ? (from_end == 0 ? 1 : from_end == 1 ? 2 : 3) : from_end == 0 ? (int)rest : 3;

	plan_single(c->value, order, MEAN, order == 3 ? 1. / 3 : 0.5, g, i, p);
}

static void multistep(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	enum { Q1 = STEP_STAGES, Q2 };
	const struct noise_level *v = g->level + i;
	const struct form f = form_of(c->value, &v[0], &v[1]);
	const double h = v[1].lambda - v[0].lambda;
	struct step_row *row = &p->row[1];
	int64_t order = c->variant == REFERENCE ? 3 : c->order;

	/* Few steps: low order where the last steps are long. */
	if (order > g->n - i && g->n < 10)
		order = g->n - i;
	if (order > i + 1)
		order = i + 1;
	*row = first_order(&f);
	if (order == 1)
		return;
	/* D_1 = d0 = (q0 - q1) / r0, its factor the mean slope's or Taylor's. */
	const double r0 = (v[0].lambda - v[-1].lambda) / h;

	if (order == 2) {
		add_difference(row, Q1, f.unit / r0 * (c->variant == TAYLOR ? step_phi2(f.z) : expm1(f.z) / 2));
		return;
	}
	/* D_1 = d0 + r0 / (r0 + r1) (d0 - d1), D_2 = 2 (d0 - d1) / (r0 + r1). The authors' program leaves the 2 out,
	 * which costs an order. */
	const double r1 = (v[-1].lambda - v[-2].lambda) / h, second = c->variant == REFERENCE ? 1 : 2;
	const double of_d0 = -f.unit * (step_phi2(f.z) * (1 + r0 / (r0 + r1)) + step_phi3(f.z) * second / (r0 + r1));
	const double of_d1 = f.unit * (step_phi2(f.z) * r0 / (r0 + r1) + step_phi3(f.z) * second / (r0 + r1));

	row->weight[0] += of_d0 / r0;
	row->weight[Q1] += of_d1 / r1 - of_d0 / r0;
	row->weight[Q2] -= of_d1 / r1;
}

/* DDIM(eta), arXiv 2010.02502 eq. 12 and 16, with w^2 = sigma_t^2 (1 - exp(-2 h)) for any schedule. */
static void ddim(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct noise_level *s = &g->level[i], *t = &g->level[i + 1];
	const struct form f = form_of(c->value, s, t);
	const double eta = g->option->eta, w2 = -eta * eta * t->sigma * t->sigma * expm1(-2 * f.z);

	p->row[1] = first_order(&f);
	if (eta == 0)
		return;
	p->row[1].weight[0] -= w2 / (sqrt(t->sigma * t->sigma - w2) + t->sigma);
	p->noise = sqrt(w2);
}

/* arXiv 2006.11239, algorithm 2, in the time between any two levels: beta / sigma_s^2 = 1 - exp(-2 h). The variance of
 * the noise is beta ("large") or beta sigma_t^2 / sigma_s^2. */
static void ancestral(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct noise_level *s = &g->level[i], *t = &g->level[i + 1];
	const double ratio = exp(t->log_alpha - s->log_alpha), part = -expm1(2 * (s->lambda - t->lambda));
	const bool large = c->variant == 1;

	p->row[1] = (struct step_row){ ratio, { -ratio * s->sigma * part } };
	p->noise = sqrt(part) * (large ? s->sigma : t->sigma);
	if (large && i == g->n - 1)
		p->noise = 0;
}

/* The reverse equation by the same expansion: arXiv 2211.01095, eq. 18 and 19 (SDE-DPM-Solver++). */
static void stochastic(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct noise_level *v = g->level + i;
	const double h = v[1].lambda - v[0].lambda, part = -expm1(-2 * h);

	p->row[1] = (struct step_row){ v[1].sigma / v[0].sigma * exp(-h), { v[1].alpha * part } };
	if (c->variant == 2 && i > 0)
		add_difference(&p->row[1], STEP_STAGES, -v[1].alpha * part / 2 * h / (v[0].lambda - v[-1].lambda));
	p->noise = v[1].sigma * sqrt(part);
}

static const char song[] = "Song, Meng, Ermon, Denoising Diffusion Implicit Models, arXiv 2010.02502";
static const char ho[] = "Ho, Jain, Abbeel, Denoising Diffusion Probabilistic Models, arXiv 2006.11239";
static const char lu[] = "Lu et al., DPM-Solver, arXiv 2206.00927";
static const char lu2[] = "Lu et al., DPM-Solver++, arXiv 2211.01095";

/* clang-format off */
#define METHOD(id, title, text, from, form, of_order, of_calls, ...) \
	static const struct stepper_class id = { .name = title, .summary = text, .source = from, .value = form, \
		.order = of_order, .calls = of_calls, __VA_ARGS__ }
METHOD(ddim_, "ddim", "exact linear part, constant noise estimate; random with eta > 0", song, DENOISER_NOISE, 1, 1,
	.plan = ddim);
METHOD(ddpm, "ddpm", "ancestral sampling, the smaller variance", ho, DENOISER_NOISE, 1, 1, .plan = ancestral, .noisy = true);
METHOD(ddpm_large, "ddpm-large", "ancestral sampling, the larger variance", ho, DENOISER_NOISE, 1, 1,
	.plan = ancestral, .variant = 1, .noisy = true);
METHOD(dpm1, "dpm-solver-1", "single step, order 1 (DDIM)", lu, DENOISER_NOISE, 1, 1, .plan = single);
METHOD(dpm2, "dpm-solver-2", "single step, order 2", lu, DENOISER_NOISE, 2, 2, .plan = single);
METHOD(dpm3, "dpm-solver-3", "single step, order 3", lu, DENOISER_NOISE, 3, 3, .plan = single);
METHOD(dpm3_taylor, "dpm-solver-3-taylor", "single step, order 3, Taylor's weights", lu, DENOISER_NOISE, 3, 3, .plan = single,
	.variant = TAYLOR);
METHOD(dpm_fast, "dpm-solver-fast", "single steps of order 3, at the end of 2 and 1, in so many model calls", lu, DENOISER_NOISE, 2, 0,
	.plan = fast, .intervals = fast_intervals);
METHOD(dpm12, "dpm-solver-12", "steps chosen by orders 1 and 2", lu, DENOISER_NOISE, 2, 2, .plan = single, .adaptive = true);
METHOD(dpm23, "dpm-solver-23", "steps chosen by orders 2 and 3", lu, DENOISER_NOISE, 3, 3, .plan = single, .adaptive = true);
METHOD(dpm2m, "dpm-solver-2m", "two steps, order 2", lu, DENOISER_NOISE, 2, 1, .plan = multistep);
METHOD(dpm2m_taylor, "dpm-solver-2m-taylor", "two steps, order 2, Taylor's weights", lu, DENOISER_NOISE, 2, 1,
	.plan = multistep, .variant = TAYLOR);
METHOD(dpm3m, "dpm-solver-3m", "three steps, order 3", lu, DENOISER_NOISE, 3, 1, .plan = multistep);
METHOD(data1, "dpm-solver++1", "single step of the data form, order 1 (DDIM)", lu2, DENOISER_DATA, 1, 1, .plan = single);
METHOD(data2s, "dpm-solver++2s", "single step of the data form, order 2", lu2, DENOISER_DATA, 2, 2, .plan = single);
METHOD(data3s, "dpm-solver++3s", "single step of the data form, order 3", lu2, DENOISER_DATA, 3, 3, .plan = single);
METHOD(data3s_taylor, "dpm-solver++3s-taylor", "single step of the data form, order 3, Taylor's weights", lu2, DENOISER_DATA, 3, 3,
	.plan = single, .variant = TAYLOR);
METHOD(data2m, "dpm-solver++2m", "two steps of the data form, order 2", lu2, DENOISER_DATA, 2, 1, .plan = multistep);
METHOD(data2m_taylor, "dpm-solver++2m-taylor", "two steps of the data form, Taylor's weights", lu2, DENOISER_DATA, 2, 1,
	.plan = multistep, .variant = TAYLOR);
METHOD(data3m, "dpm-solver++3m", "three steps of the data form, order 3", lu2, DENOISER_DATA, 3, 1, .plan = multistep);
METHOD(data3m_ref, "dpm-solver++3m-ref", "3m with half the second difference, as the authors' program: order 2", lu2,
	DENOISER_DATA, 2, 1, .plan = multistep, .variant = REFERENCE);
METHOD(sde1, "sde-dpm-solver++1", "reverse equation, exact linear part", lu2, DENOISER_DATA, 1, 1,
	.plan = stochastic, .variant = 1, .noisy = true);
METHOD(sde2m, "sde-dpm-solver++2m", "reverse equation, two steps", lu2, DENOISER_DATA, 2, 1,
	.plan = stochastic, .variant = 2, .noisy = true);
/* clang-format on */

const struct stepper_class *const stepper_file_steps_exponential[] = {
	&ddim_,		&ddpm,	 &ddpm_large,	 &dpm1,		&dpm2,	     &dpm3,  &dpm3_taylor, &dpm_fast,
	&dpm12,		&dpm23,	 &dpm2m,	 &dpm2m_taylor, &dpm3m,	     &data1, &data2s,	   &data3s,
	&data3s_taylor, &data2m, &data2m_taylor, &data3m,	&data3m_ref, &sde1,  &sde2m,	   NULL,
};
