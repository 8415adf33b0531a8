/* steps_euler.c: Runge-Kutta steps of the probability flow in t (rectified flow) and in sigma (Karras et al.), and
 * Euler-Maruyama steps of the reverse equation. */
#include <math.h>
#include <stddef.h>

#include "integ/integ.h"
#include "sampler/stepper.h"

/* dx/dt = velocity with the tableau called c->data. */
static void in_time(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct tableau *m = tableau_find(c->data);
	const double from = g->level[i].t, to = g->level[i + 1].t, h = to - from;

	p->stages = m->stages;
	for (int k = 1; k <= m->stages; k++) {
		const bool last = k == m->stages;
		const double *a = last ? m->b : m->a + k * m->stages;

		if (!last)
			p->t[k] = m->c[k] == 1 ? to : from + m->c[k] * h;
		p->row[k].carry = 1;
		for (int j = 0; j < m->stages && j <= k; j++)
			p->row[k].weight[j] = h * a[j];
	}
}

/* arXiv 2206.00364, algorithm 2 in x / alpha (alpha = 1 there): noise up to rho' = (1 + gamma) rho, then Euler or Heun
 * in rho. order 1: Euler. */
static void karras(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct step_options *o = g->option;
	const struct noise_level *s = &g->level[i], *t = &g->level[i + 1];
	struct noise_level from = *s;
	double h;

	if (o->churn > 0 && s->rho >= o->churn_min && s->rho <= o->churn_max) {
		const double gamma = fmin(o->churn / (double)(g->n + o->denoise), sqrt(2) - 1);

		from = noise_at(g->schedule, noise_time(g->schedule, s->lambda - log1p(gamma)));
		p->t[0] = from.t;
		p->stir_carry = exp(from.log_alpha - s->log_alpha);
		p->stir = from.alpha * s->rho * sqrt(gamma * (2 + gamma)) * o->churn_inflation;
	}
	h = from.rho * expm1(from.lambda - t->lambda);
	p->row[1].carry = exp(t->log_alpha - from.log_alpha);
	p->row[1].weight[0] = t->alpha * h;
	if (c->order == 1)
		return;
	p->stages = 2;
	p->t[1] = t->t;
	p->row[2].carry = p->row[1].carry;
	p->row[2].weight[0] = p->row[2].weight[1] = t->alpha * h / 2;
}

/* dx = [f x - (1 + eta^2) / 2 g^2 score] dt + eta g dW by Euler and Maruyama, score = -e / sigma; dt < 0. */
static void maruyama(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct noise_level *s = &g->level[i];
	const double dt = g->level[i + 1].t - s->t, eta = g->option->eta;

	(void)c;
	p->row[1].carry = 1 + dt * s->drift;
	p->row[1].weight[0] = dt * (1 + eta * eta) / 2 * s->diffusion2 / s->sigma;
	p->noise = eta * sqrt(s->diffusion2 * -dt);
}

/* arXiv 2011.13456, eq. 46: the forward step x_s = (alpha_s / alpha_t) x_t + G z, reversed. */
static void reverse_diffusion(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct noise_level *s = &g->level[i], *t = &g->level[i + 1];
	const double variance = -s->sigma * s->sigma * expm1(2 * (s->lambda - t->lambda));

	(void)c;
	p->row[1].carry = 1 - expm1(s->log_alpha - t->log_alpha);
	p->row[1].weight[0] = -variance / s->sigma;
	p->noise = sqrt(variance);
}

/* arXiv 2303.08797, eq. 2.33: dx = (b - epsilon score) dt + sqrt(2 epsilon) dW for dt < 0, with epsilon = eta^2 sigma,
 * which keeps the drift finite at both ends. drift = velocity + eta^2 e, and e from the velocity and x. */
static void drift_of(const struct noise_level *v, double eta, double *of_x, double *of_velocity)
{
	denoiser_convert(v, DENOISER_VELOCITY, DENOISER_NOISE, 1, of_x, of_velocity);
	*of_x *= eta * eta;
	*of_velocity = 1 + eta * eta * *of_velocity;
}

static void interpolant(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct noise_level *s = &g->level[i], *t = &g->level[i + 1];
	const double h = t->t - s->t, eta = g->option->eta, noise = eta * sqrt(2 * s->sigma * -h);
	double x0, v0, x1, v1;

	drift_of(s, eta, &x0, &v0);
	p->row[1].carry = 1 + h * x0;
	p->row[1].weight[0] = h * v0;
	if (c->order == 1) {
		p->noise = noise;
		return;
	}
	/* Heun's rule after the noise, the last step by Euler's where e is not defined. */
	p->stir_carry = 1;
	p->stir = noise;
	if (!(t->sigma > 0))
		return;
	drift_of(t, eta, &x1, &v1);
	p->stages = 2;
	p->t[1] = t->t;
	p->row[2] = (struct step_row){ 1 + h / 2 * (x0 + x1 * p->row[1].carry),
				       { h / 2 * (v0 + x1 * p->row[1].weight[0]), h / 2 * v1 } };
}

static const char liu[] = "Liu, Gong, Liu, Flow Straight and Fast, arXiv 2209.03003";
static const char karras_[] = "Karras, Aittala, Aila, Laine, arXiv 2206.00364";
static const char song[] =
	"Song et al., Score-Based Generative Modeling through Stochastic Differential Equations, arXiv 2011.13456";
static const char albergo[] = "Albergo, Boffi, Vanden-Eijnden, Stochastic Interpolants, arXiv 2303.08797";
/* clang-format off */
#define METHOD(id, title, text, from, form, of_order, of_calls, ...) \
	static const struct stepper_class id = { .name = title, .summary = text, .source = from, .value = form, \
		.order = of_order, .calls = of_calls, __VA_ARGS__ }
METHOD(euler, "euler", "the flow in t: Euler", liu, DENOISER_VELOCITY, 1, 1, .plan = in_time, .data = "euler", .ends = true);
METHOD(heun, "heun", "the flow in t: Heun's rule", liu, DENOISER_VELOCITY, 2, 2, .plan = in_time, .data = "heun", .ends = true);
METHOD(midpoint, "midpoint", "the flow in t: midpoint rule", liu, DENOISER_VELOCITY, 2, 2, .plan = in_time,
	.data = "midpoint", .ends = true);
METHOD(rk4, "rk4", "the flow in t: classical Runge-Kutta", liu, DENOISER_VELOCITY, 4, 4, .plan = in_time, .data = "rk4",
	.ends = true);
METHOD(edm_euler, "edm-euler", "Euler in sigma, churned", karras_, DENOISER_NOISE, 1, 1, .plan = karras);
METHOD(edm_heun, "edm-heun", "Heun's rule in sigma, churned", karras_, DENOISER_NOISE, 2, 2, .plan = karras);
METHOD(em, "euler-maruyama", "the reverse equation with noise eta", song, DENOISER_NOISE, 1, 1, .plan = maruyama, .noisy = true);
METHOD(reverse, "reverse-diffusion", "the forward steps reversed; the predictor of predictor-corrector sampling", song,
	DENOISER_NOISE, 1, 1, .plan = reverse_diffusion, .noisy = true);
METHOD(flow_sde, "interpolant-em", "flow with noise epsilon = eta^2 sigma, Euler-Maruyama", albergo, DENOISER_VELOCITY, 1, 1,
	.plan = interpolant, .noisy = true, .ends = true);
METHOD(flow_heun, "interpolant-heun", "flow with noise epsilon = eta^2 sigma, Heun's rule", albergo, DENOISER_VELOCITY, 2, 2,
	.plan = interpolant, .noisy = true, .ends = true);
/* clang-format on */

const struct stepper_class *const stepper_file_steps_euler[] = {
	&euler, &heun, &midpoint, &rk4, &edm_euler, &edm_heun, &em, &reverse, &flow_sde, &flow_heun, NULL,
};
