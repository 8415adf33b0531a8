/* steps_pndm.c: pseudo numerical methods (Liu et al., arXiv 2202.09778): the noise estimates are combined as a
 * classical method for equal steps combines slopes, and DDIM's transfer moves the state. */
#include <math.h>
#include <stddef.h>

#include "sampler/stepper.h"

/* Adams-Bashforth weights, newest first. */
static const double bashforth[STEP_PAST + 1][STEP_PAST + 1] = {
	{ 1 },
	{ 3. / 2, -1. / 2 },
	{ 23. / 12, -16. / 12, 5. / 12 },
	{ 55. / 24, -59. / 24, 37. / 24, -9. / 24 },
};

/* The exact move with constant e (eq. 11): returns its row with the weight of e in *of_noise. */
static double transfer(const struct noise_level *s, const struct noise_level *t, double *of_noise)
{
	*of_noise = -t->sigma * expm1(t->lambda - s->lambda);
	return exp(t->log_alpha - s->log_alpha);
}

static void multistep(const struct step_grid *g, int64_t i, int n, struct step_plan *p)
{
	double of_noise;

	p->row[1].carry = transfer(&g->level[i], &g->level[i + 1], &of_noise);
	for (int j = 0; j < n; j++)
		p->row[1].weight[j == 0 ? 0 : STEP_STAGES + j - 1] = of_noise * bashforth[n - 1][j];
}

/* Improved DDIM: starts with order 1, 2, 3 and needs no further calls. */
static void improved(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	multistep(g, i, i < c->variant ? (int)i + 1 : c->variant, p);
}

/* First step by the pseudo improved Euler rule. */
static void second(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	double of_noise;

	(void)c;
	if (i > 0) {
		multistep(g, i, 2, p);
		return;
	}
	p->stages = 2;
	p->t[1] = g->level[1].t;
	p->row[1].carry = p->row[2].carry = transfer(&g->level[0], &g->level[1], &of_noise);
	p->row[1].weight[0] = of_noise;
	p->row[2].weight[0] = p->row[2].weight[1] = of_noise / 2;
}

/* First three steps by the pseudo Runge-Kutta rule, whose middle is the middle in t. */
static void fourth(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct noise_level *s = &g->level[i], *t = &g->level[i + 1];
	const struct noise_level middle = noise_at(g->schedule, (s->t + t->t) / 2);
	double to_middle, to_end, half, whole;

	(void)c;
	if (i >= STEP_PAST) {
		multistep(g, i, 4, p);
		return;
	}
	half = transfer(s, &middle, &to_middle);
	whole = transfer(s, t, &to_end);
	p->stages = 4;
	p->t[1] = p->t[2] = middle.t;
	p->t[3] = t->t;
	p->row[1] = (struct step_row){ half, { to_middle } };
	p->row[2] = (struct step_row){ half, { 0, to_middle } };
	p->row[3] = (struct step_row){ whole, { 0, 0, to_end } };
	p->row[4] = (struct step_row){ whole, { to_end / 6, to_end / 3, to_end / 3, to_end / 6 } };
}

static const char liu[] =
	"Liu, Ren, Lin, Zhao, Pseudo Numerical Methods for Diffusion Models on Manifolds, arXiv 2202.09778";
/* clang-format off */
/* The combination has its full order for equal steps only where the transfer is linear in t too: all are of order 2
 * (the authors prove second-order convergence). */
#define METHOD(id, title, text, of_variant, of_extra, of_plan) \
	static const struct stepper_class id = { .name = title, .summary = text, .source = liu, .value = DENOISER_NOISE, \
		.order = 2, .calls = 1, .variant = of_variant, .extra = of_extra, .plan = of_plan }
METHOD(ipndm2, "ipndm2", "two noise estimates with the weights of equal steps", 2, 0, improved);
METHOD(ipndm, "ipndm", "four noise estimates with the weights of equal steps", 4, 0, improved);
METHOD(s_pndm, "s-pndm", "two noise estimates, first step by the pseudo Euler rule: one call more", 2, 1, second);
METHOD(f_pndm, "f-pndm", "four noise estimates, three steps by the pseudo Runge-Kutta rule: nine calls more", 4, 9, fourth);
/* clang-format on */

const struct stepper_class *const stepper_file_steps_pndm[] = { &ipndm2, &ipndm, &s_pndm, &f_pndm, NULL };
