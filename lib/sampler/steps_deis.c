/* steps_deis.c: DEIS (Zhang, Chen, arXiv 2204.13902): in y = x / alpha the probability flow is dy/drho = e, and the
 * noise estimate e is replaced by the polynomial through the last values in t (tAB) or rho (rhoAB), or by Runge-Kutta
 * in rho. */
#include <math.h>
#include <stddef.h>

#include "integ/integ.h"
#include "sampler/stepper.h"

enum { NODES = 8, PANELS = 8 };
/* Gauss-Legendre on [-1, 1], the positive half. */
static const double abscissa[NODES / 2] = { 0.18343464249564980494, 0.52553240991632898582, 0.79666647741362673959,
					    0.96028985649753623168 };
static const double weight[NODES / 2] = { 0.36268378337836198297, 0.31370664587788728734, 0.22238103445337447054,
					  0.10122853629037625915 };

/* Lagrange's polynomial that is 1 at x[j] and 0 at the other n - 1 points. */
static double lagrange(int n, const double *x, int j, double at)
{
	double product = 1;

	for (int k = 0; k < n; k++)
		if (k != j)
			product *= (at - x[k]) / (x[j] - x[k]);
	return product;
}

/* Integrals over rho from level i to i + 1 of the polynomials through n times (by_rho: values of rho). rho is an
 * exponential in lambda, where the integrand is smooth at both ends. */
static void integrate(const struct step_grid *g, int64_t i, bool by_rho, int n, double *out)
{
	const struct noise_level *v = g->level + i;
	const double h = (v[1].lambda - v[0].lambda) / PANELS;
	double x[STEP_PAST + 1];

	for (int j = 0; j < n; j++) {
		x[j] = by_rho ? v[-j].rho : v[-j].t;
		out[j] = 0;
	}
	for (int panel = 0; panel < PANELS; panel++)
		for (int k = 0; k < NODES; k++) {
			const double side = k < NODES / 2 ? -abscissa[k] : abscissa[k - NODES / 2];
			const double lambda = v[0].lambda + h * (panel + (1 + side) / 2);
			const double rho = exp(-lambda), at = by_rho ? rho : noise_time(g->schedule, lambda);
			const double part = -rho * h / 2 * weight[k % (NODES / 2)];

			for (int j = 0; j < n; j++)
				out[j] += part * lagrange(n, x, j, at);
		}
}

static void adams(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct noise_level *v = g->level + i;
	const int n = i < c->order ? (int)i + 1 : c->order;
	double integral[STEP_PAST + 1];

	integrate(g, i, c->variant == 1, n, integral);
	p->row[1].carry = exp(v[1].log_alpha - v[0].log_alpha);
	for (int j = 0; j < n; j++)
		p->row[1].weight[j == 0 ? 0 : STEP_STAGES + j - 1] = v[1].alpha * integral[j];
}

static void runge_kutta(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	const struct tableau *m = c->data;
	const struct noise_level *s = &g->level[i], *t = &g->level[i + 1];
	/* rho_t - rho_s */
	const double h = s->rho * expm1(s->lambda - t->lambda);

	p->stages = m->stages;
	for (int k = 1; k <= m->stages; k++) {
		const bool last = k == m->stages;
		const double *a = last ? m->b : m->a + k * m->stages;
		const struct noise_level v =
			last || m->c[k] == 1
				? *t
				: noise_at(g->schedule, noise_time(g->schedule, -log(s->rho + m->c[k] * h)));

		if (!last)
			p->t[k] = v.t;
		p->row[k].carry = exp(v.log_alpha - s->log_alpha);
		for (int j = 0; j < m->stages && j <= k; j++)
			p->row[k].weight[j] = v.alpha * h * a[j];
	}
}

/* clang-format off */
static const double euler_a[] = { 0 }, euler_b[] = { 1 }, euler_c[] = { 0 };
static const double heun2_a[] = { 0, 0, 1, 0 }, heun2_b[] = { 0.5, 0.5 }, heun2_c[] = { 0, 1 };
static const double kutta3_a[] = { 0, 0, 0, 0.5, 0, 0, -1, 2, 0 }, kutta3_b[] = { 1. / 6, 4. / 6, 1. / 6 },
	kutta3_c[] = { 0, 0.5, 1 };
static const double heun3_a[] = { 0, 0, 0, 1. / 3, 0, 0, 0, 2. / 3, 0 }, heun3_b[] = { 0.25, 0, 0.75 },
	heun3_c[] = { 0, 1. / 3, 2. / 3 };
static const double ralston3_a[] = { 0, 0, 0, 0.5, 0, 0, 0, 0.75, 0 }, ralston3_b[] = { 2. / 9, 3. / 9, 4. / 9 },
	ralston3_c[] = { 0, 0.5, 0.75 };
static const double wray3_a[] = { 0, 0, 0, 8. / 15, 0, 0, 1. / 4, 5. / 12, 0 }, wray3_b[] = { 0.25, 0, 0.75 },
	wray3_c[] = { 0, 8. / 15, 2. / 3 };
static const double ssp3_a[] = { 0, 0, 0, 1, 0, 0, 0.25, 0.25, 0 }, ssp3_b[] = { 1. / 6, 1. / 6, 2. / 3 },
	ssp3_c[] = { 0, 1, 0.5 };
static const double rk4_a[] = { 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 1, 0 },
	rk4_b[] = { 1. / 6, 1. / 3, 1. / 3, 1. / 6 }, rk4_c[] = { 0, 0.5, 0.5, 1 };

#define TABLEAU(id, of_stages) static const struct tableau id = { .name = #id, .stages = of_stages, .order = of_stages, \
	.a = id##_a, .b = id##_b, .c = id##_c }
TABLEAU(euler, 1);
TABLEAU(heun2, 2);
TABLEAU(kutta3, 3);
TABLEAU(heun3, 3);
TABLEAU(ralston3, 3);
TABLEAU(wray3, 3);
TABLEAU(ssp3, 3);
TABLEAU(rk4, 4);

static const char zhang[] = "Zhang, Chen, Fast Sampling of Diffusion Models with Exponential Integrator, arXiv 2204.13902";
#define ADAMS(id, title, text, of_order, of_variant) \
	static const struct stepper_class id = { .name = title, .summary = text, .source = zhang, .value = DENOISER_NOISE, \
		.order = of_order, .calls = 1, .variant = of_variant, .plan = adams }
#define RUNGE(id, title, text, of_order) \
	static const struct stepper_class rho_##id = { .name = title, .summary = text, .source = zhang, \
		.value = DENOISER_NOISE, .order = of_order, .calls = of_order, .plan = runge_kutta, .data = &id }
ADAMS(tab0, "deis-tab0", "polynomial of degree 0 in t (DDIM)", 1, 0);
ADAMS(tab1, "deis-tab1", "polynomial of degree 1 in t", 2, 0);
ADAMS(tab2, "deis-tab2", "polynomial of degree 2 in t", 3, 0);
ADAMS(tab3, "deis-tab3", "polynomial of degree 3 in t", 4, 0);
ADAMS(rab1, "deis-rhoab1", "polynomial of degree 1 in sigma / alpha", 2, 1);
ADAMS(rab2, "deis-rhoab2", "polynomial of degree 2 in sigma / alpha", 3, 1);
ADAMS(rab3, "deis-rhoab3", "polynomial of degree 3 in sigma / alpha", 4, 1);
RUNGE(euler, "deis-rho-euler", "Euler in sigma / alpha (DDIM)", 1);
RUNGE(heun2, "deis-rho-heun2", "Heun's rule in sigma / alpha", 2);
RUNGE(kutta3, "deis-rho-kutta3", "Kutta's third-order rule in sigma / alpha", 3);
RUNGE(heun3, "deis-rho-heun3", "Heun's third-order rule in sigma / alpha", 3);
RUNGE(ralston3, "deis-rho-ralston3", "Ralston's third-order rule in sigma / alpha", 3);
RUNGE(wray3, "deis-rho-wray3", "van der Houwen's and Wray's third-order rule in sigma / alpha", 3);
RUNGE(ssp3, "deis-rho-ssp3", "the strong-stability-preserving third-order rule in sigma / alpha", 3);
RUNGE(rk4, "deis-rho-rk4", "the classical fourth-order rule in sigma / alpha", 4);
/* clang-format on */

const struct stepper_class *const stepper_file_steps_deis[] = {
	&tab0,	    &tab1,	 &tab2,	     &tab3,	    &rab1,	&rab2,	   &rab3,    &rho_euler,
	&rho_heun2, &rho_kutta3, &rho_heun3, &rho_ralston3, &rho_wray3, &rho_ssp3, &rho_rk4, NULL,
};
