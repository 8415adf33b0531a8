/* sde_step.c: one step of every method of the table, for all paths at once. Stages are sums over stored products: h
 * f_i, and g_i W and g_i H, which for noise that is not diagonal are products of a matrix and a vector. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "integ/sde.h"
#include "integ/sde_table.h"

struct sde_stepper {
	const struct sde_method *m;
	const struct sde *s;
	int64_t paths, size; /* paths x n */
	void (*step)(struct sde_stepper *p, double t, double h, const double *x, const double *W, const double *H,
		     double *x1, double *error);
	bool wants_f[SDE_STAGES], wants_w[SDE_STAGES], wants_h[SDE_STAGES];
	double *f[SDE_STAGES], *gw[SDE_STAGES], *gh[SDE_STAGES]; /* size each */
	double *z, *g, *correction;				 /* size; g: paths x n x noises */
	/* reversible-heun: x_hat, f and g there, at the accepted step and after the last one */
	double *hat[2], *f_hat[2], *g_hat[2];
	bool carries;
	int now;
	/* log-ode: areas of the next step, given or room for those drawn; normals for one path */
	const double *area_given;
	double *area, *normal;
	double *memory;
};

/* ---- the equation as the method wants it ------------------------------------------------------------------------- */

static bool converts(const struct sde_method *m, const struct sde *s)
{
	return !s->additive && !m->own_calculus && m->calculus != s->calculus;
}

static void drift(struct sde_stepper *p, double t, const double *x, double *out)
{
	const struct sde *s = p->s;

	s->drift(s->context, p->paths, t, x, out);
	if (converts(p->m, s)) {
		const double half = p->m->calculus == SDE_STRATONOVICH ? -0.5 : 0.5;
		double *restrict g = p->g, *restrict slope = p->correction;

		s->diffusion(s->context, p->paths, t, x, g);
		s->slope(s->context, p->paths, t, x, slope);
		for (int64_t i = 0; i < p->size; i++)
			out[i] += half * g[i] * slope[i];
	}
}

/* out = g v at the noise vectors v. */
static void apply(const struct sde_stepper *p, const double *g, const double *v, double *out)
{
	const int64_t n = p->s->n, m = p->s->noises;

	if (m == 0) {
		for (int64_t i = 0; i < p->size; i++)
			out[i] = g[i] * v[i];
		return;
	}
	for (int64_t k = 0; k < p->paths; k++)
		for (int64_t i = 0; i < n; i++) {
			const double *row = g + (k * n + i) * m;
			double sum = 0;

			for (int64_t j = 0; j < m; j++)
				sum += row[j] * v[k * m + j];
			out[k * n + i] = sum;
		}
}

static void add(int64_t n, double factor, const double *restrict what, double *restrict to)
{
	if (factor != 0)
		for (int64_t i = 0; i < n; i++)
			to[i] += factor * what[i];
}

/* ---- methods ----------------------------------------------------------------------------------------------------- */

static void combine(struct sde_stepper *p, int stages, double h, const double *a, const double *aw, const double *ah,
		    double *out)
{
	for (int i = 0; i < stages; i++) {
		if (p->wants_f[i])
			add(p->size, h * a[i], p->f[i], out);
		if (p->wants_w[i])
			add(p->size, aw[i], p->gw[i], out);
		if (p->wants_h[i])
			add(p->size, ah[i], p->gh[i], out);
	}
}

static void tableau_step(struct sde_stepper *p, double t, double h, const double *x, const double *W, const double *H,
			 double *x1, double *error)
{
	const struct sde_tableau *m = p->m->tableau;
	const struct sde *s = p->s;
	const size_t bytes = (size_t)p->size * sizeof *x;

	for (int j = 0; j < m->stages; j++) {
		const double at = t + m->c[j] * h;
		const double *z = x;
		const bool early = p->m->additive_only && j == 0;

		/* The diffusion of additive methods is known before their first stage. */
		if (early) {
			s->diffusion(s->context, p->paths, t, x, p->g);
			apply(p, p->g, W, p->gw[0]);
			if (p->wants_h[0])
				apply(p, p->g, H, p->gh[0]);
		}
		if (j > 0 || early) {
			memcpy(p->z, x, bytes);
			combine(p, early ? 1 : j, h, m->a[j], m->aw[j], m->ah[j], p->z);
			z = p->z;
		}
		if (p->wants_f[j])
			drift(p, at, z, p->f[j]);
		if (!p->m->additive_only && (p->wants_w[j] || p->wants_h[j])) {
			s->diffusion(s->context, p->paths, at, z, p->g);
			if (p->wants_w[j])
				apply(p, p->g, W, p->gw[j]);
			if (p->wants_h[j])
				apply(p, p->g, H, p->gh[j]);
		}
	}
	memcpy(x1, x, bytes);
	combine(p, m->stages, h, m->b, m->bw, m->bh, x1);
	if (p->m->additive_only) {
		/* (g(t + h) - g(t)) (W/2 - H); z is free. W/2 - H is as long as the noise: halves of it apply alike. */
		const double *g0w = p->gw[0];

		s->diffusion(s->context, p->paths, t + h, x, p->g);
		apply(p, p->g, W, p->z);
		for (int64_t i = 0; i < p->size; i++)
			x1[i] += 0.5 * (p->z[i] - g0w[i]);
		apply(p, p->g, H, p->z);
		add(p->size, -1, p->z, x1);
		add(p->size, 1, p->gh[0], x1);
	}
	if (error) {
		memset(error, 0, bytes);
		combine(p, m->stages, h, m->e, m->ew, m->eh, error);
	}
}

/* x + f h + g W + 1/2 g g' (W^2 - h), without - h for Stratonovich equations. */
static void milstein_step(struct sde_stepper *p, double t, double h, const double *x, const double *W, const double *H,
			  double *x1, double *error)
{
	const struct sde *s = p->s;
	const double less = s->calculus == SDE_ITO ? h : 0;
	const double *restrict f = p->f[0], *restrict g = p->g, *restrict slope = p->correction;

	(void)H;
	(void)error;
	s->drift(s->context, p->paths, t, x, p->f[0]);
	s->diffusion(s->context, p->paths, t, x, p->g);
	s->slope(s->context, p->paths, t, x, p->correction);
	for (int64_t i = 0; i < p->size; i++)
		x1[i] = x[i] + f[i] * h + g[i] * W[i] + 0.5 * g[i] * slope[i] * (W[i] * W[i] - less);
}

/* Roessler's equation (6.1), with I_1 = W, I_10 = h (W/2 + H), I_11 = (W^2 - h)/2, I_111 = (W^3 - 3 h W)/6. */
static void sri_step(struct sde_stepper *p, double t, double h, const double *x, const double *W, const double *H,
		     double *x1, double *error)
{
	const struct sri_tableau *m = &sri_d2;
	const struct sde *s = p->s;
	const size_t bytes = (size_t)p->size * sizeof *x;
	const double root = sqrt(h);

	(void)error;
	memcpy(x1, x, bytes);
	for (int j = 0; j < SRI_STAGES; j++) {
		double *g = p->gw[j];

		if (m->alpha[j] != 0 || j < SRI_STAGES - 1) {
			memcpy(p->z, x, bytes);
			for (int i = 0; i < j; i++) {
				add(p->size, h * m->a0[j][i], p->f[i], p->z);
				if (m->b0[j][i] != 0)
					for (int64_t l = 0; l < p->size; l++)
						p->z[l] += m->b0[j][i] * p->gw[i][l] * (0.5 * W[l] + H[l]);
			}
			drift(p, t + m->c0[j] * h, p->z, p->f[j]);
			add(p->size, h * m->alpha[j], p->f[j], x1);
		}
		memcpy(p->z, x, bytes);
		for (int i = 0; i < j; i++) {
			add(p->size, h * m->a1[j][i], p->f[i], p->z);
			add(p->size, root * m->b1[j][i], p->gw[i], p->z);
		}
		s->diffusion(s->context, p->paths, t + m->c1[j] * h, p->z, g);
		for (int64_t l = 0; l < p->size; l++) {
			const double w = W[l];

			x1[l] += g[l] *
				 (m->beta[0][j] * w + m->beta[1][j] * (w * w - h) / (2 * root) +
				  m->beta[2][j] * (0.5 * w + H[l]) + m->beta[3][j] * (w * w * w - 3 * h * w) / (6 * h));
		}
	}
}

/* Strang's splitting of high order: the drift for c h, the noise W/2 + sqrt(3) H, the drift for h/sqrt(3), the noise
 * W/2 - sqrt(3) H, the drift for c h, with c = (3 - sqrt(3))/6. */
static void splitting_step(struct sde_stepper *p, double t, double h, const double *x, const double *W, const double *H,
			   double *x1, double *error)
{
	const struct sde *s = p->s;
	const double root = sqrt(3), outer = (3 - root) / 6 * h;
	double *restrict w = p->g;

	(void)t;
	(void)error;
	s->drift_flow(s->context, p->paths, outer, x, p->z);
	for (int k = 0; k < 2; k++) {
		for (int64_t i = 0; i < p->size; i++)
			w[i] = 0.5 * W[i] + (k ? -root : root) * H[i];
		s->diffusion_flow(s->context, p->paths, w, p->z, p->correction);
		s->drift_flow(s->context, p->paths, k ? outer : h / root, p->correction, k ? x1 : p->z);
	}
}

static int64_t diffusion_size(const struct sde_stepper *p)
{
	return p->size * (p->s->noises > 0 ? p->s->noises : 1);
}

static void at_hat(struct sde_stepper *p, int k, double t)
{
	drift(p, t, p->hat[k], p->f_hat[k]);
	p->s->diffusion(p->s->context, p->paths, t, p->hat[k], p->g_hat[k]);
}

/* x_hat1 = 2 x - x_hat + f h + g W, f1 and g1 there, x1 = x + 1/2 (f + f1) h + 1/2 (g + g1) W. */
static void reversible_step(struct sde_stepper *p, double t, double h, const double *x, const double *W,
			    const double *H, double *x1, double *error)
{
	const int old = p->now, new = 1 - p->now;
	double *restrict gw = p->gw[0], *restrict gw1 = p->gw[1];

	(void)H;
	if (!p->carries) {
		memcpy(p->hat[old], x, (size_t)p->size * sizeof *x);
		at_hat(p, old, t);
		p->carries = true;
	}
	apply(p, p->g_hat[old], W, gw);
	for (int64_t i = 0; i < p->size; i++)
		p->hat[new][i] = 2 * x[i] - p->hat[old][i] + h * p->f_hat[old][i] + gw[i];
	at_hat(p, new, t + h);
	apply(p, p->g_hat[new], W, gw1);
	for (int64_t i = 0; i < p->size; i++) {
		x1[i] = x[i] + 0.5 * h * (p->f_hat[old][i] + p->f_hat[new][i]) + 0.5 * (gw[i] + gw1[i]);
		if (error)
			error[i] = 0.5 * h * (p->f_hat[new][i] - p->f_hat[old][i]) + 0.5 * (gw1[i] - gw[i]);
	}
}

void sde_reverse(struct sde_stepper *p, double t, double h, const double *x1, const double *W, double *x)
{
	const int after = p->now, before = 1 - p->now;
	double *gw = p->gw[0], *gw1 = p->gw[1];

	apply(p, p->g_hat[after], W, gw1);
	for (int64_t i = 0; i < p->size; i++)
		p->hat[before][i] = 2 * x1[i] - p->hat[after][i] - h * p->f_hat[after][i] - gw1[i];
	at_hat(p, before, t);
	apply(p, p->g_hat[before], W, gw);
	for (int64_t i = 0; i < p->size; i++)
		x[i] = x1[i] - 0.5 * h * (p->f_hat[before][i] + p->f_hat[after][i]) - 0.5 * (gw[i] + gw1[i]);
	p->now = before;
}

/* ---- log-ode ------------------------------------------------------------------------------------- */

/* Levy areas of the step. What Foster's law leaves to chance is a function of the increments' bits: the same for the
 * same step, on every thread and in every order. */
static const double *areas_of(struct sde_stepper *p, double h, const double *W, const double *H)
{
	const int64_t m = p->s->noises;

	if (p->area_given)
		return p->area_given;
	for (int64_t k = 0; k < p->paths; k++) {
		uint64_t bits[2];

		memcpy(&bits[0], W + k * m, sizeof bits[0]);
		memcpy(&bits[1], H + k * m, sizeof bits[1]);
		rng_normal(rng_stream(bits[0], "levy-area", 0, bits[1]), 0, (size_t)(m * (m - 1) / 2), p->normal);
		levy_area(LEVY_FOSTER, (int)m, h, W + k * m, H + k * m, p->normal, p->area + k * m * m);
	}
	return p->area;
}

/* to += sum_ij A_ij Dg_j g_i at z, which is the sum over i < j of A_ij [g_i, g_j]; g: the diffusion at z. Derivatives
 * along g_i by central differences over a small part of the step's own length sqrt(h), two calls for every noise. */
static void add_brackets(struct sde_stepper *p, double t, double h, const double *z, const double *g, const double *A,
			 double *to)
{
	const struct sde *s = p->s;
	const int64_t n = s->n, m = s->noises;
	const double reach = sqrt(h) / 128;
	double *beside = p->gh[0], *near = p->g_hat[0];

	for (int64_t i = 0; i < m; i++)
		for (int side = -1; side < 2; side += 2) {
			for (int64_t l = 0; l < p->size; l++)
				beside[l] = z[l] + side * reach * g[l * m + i];
			s->diffusion(s->context, p->paths, t, beside, near);
			for (int64_t l = 0; l < p->size; l++) {
				const double *row = A + (l / n * m + i) * m;
				double sum = 0;

				for (int64_t j = 0; j < m; j++)
					sum += row[j] * near[l * m + j];
				to[l] += side * sum / (2 * reach);
			}
		}
}

/* The field f h + g W + brackets at z. */
static void log_field(struct sde_stepper *p, double t, double h, const double *z, const double *W, const double *A,
		      double *out)
{
	p->s->diffusion(p->s->context, p->paths, t, z, p->g);
	apply(p, p->g, W, p->gw[0]);
	if (A)
		add_brackets(p, t, h, z, p->g, A, p->gw[0]);
	drift(p, t, z, out);
	for (int64_t i = 0; i < p->size; i++)
		out[i] = h * out[i] + p->gw[0][i];
}

/* Heun's method on y' = f h + sum g_i W_i + sum_(i<j) [g_i, g_j] A_ij over unit time. */
static void log_ode_step(struct sde_stepper *p, double t, double h, const double *x, const double *W, const double *H,
			 double *x1, double *error)
{
	const double *A = p->s->noises > 1 && !p->s->additive ? areas_of(p, h, W, H) : NULL;

	log_field(p, t, h, x, W, A, p->f[0]);
	for (int64_t i = 0; i < p->size; i++)
		p->z[i] = x[i] + p->f[0][i];
	log_field(p, t + h, h, p->z, W, A, p->f[1]);
	for (int64_t i = 0; i < p->size; i++) {
		x1[i] = x[i] + 0.5 * (p->f[0][i] + p->f[1][i]);
		if (error)
			error[i] = 0.5 * (p->f[1][i] - p->f[0][i]);
	}
}

void sde_set_areas(struct sde_stepper *p, const double *area)
{
	p->area_given = area;
}

/* ---- the stepper ------------------------------------------------------------------------------------------------- */

const struct sde_method *sde_method_find(const char *name)
{
	for (const struct sde_method *m = sde_methods; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

int sde_method_check(const struct sde_method *m, const struct sde *s, bool adaptive, struct err *e)
{
	if (m->additive_only && !s->additive)
		return err_set(e, ERR_USAGE, "method: %s needs additive noise", m->name);
	if (m->diagonal_only && s->noises > 0)
		return err_set(e, ERR_USAGE, "method: %s needs diagonal noise", m->name);
	if (m->needs_slope && !s->slope)
		return err_set(e, ERR_USAGE, "method: %s needs the derivative of the diffusion", m->name);
	if (converts(m, s) && (s->noises > 0 || !s->slope))
		return err_set(e, ERR_USAGE,
			       "method: %s is a method of %s's calculus, and this equation has no such form", m->name,
			       m->calculus == SDE_ITO ? "Ito" : "Stratonovich");
	if (m->needs_flows && (!s->drift_flow || !s->diffusion_flow))
		return err_set(e, ERR_USAGE, "method: %s needs drift and diffusion with solutions in closed form",
			       m->name);
	if (m->needs_flows && adaptive && !s->length)
		return err_set(e, ERR_USAGE, "method: %s estimates no error, and no length of steps is known here",
			       m->name);
	if (adaptive && !m->has_error && !m->needs_flows) {
		char others[256] = "";
		size_t length = 0;

		for (const struct sde_method *o = sde_methods; o->name; o++)
			if (o->has_error && length < sizeof others)
				length += (size_t)snprintf(others + length, sizeof others - length, "%s%s",
							   length > 0 ? ", " : "", o->name);
		return err_set(e, ERR_USAGE, "method: %s estimates no error; adaptive steps need one of %s", m->name,
			       others);
	}
	return 0;
}

/* Stages whose drift or diffusion no later one asks for are never evaluated. */
static void find_wanted(struct sde_stepper *p)
{
	const struct sde_tableau *m = p->m->tableau;

	for (int j = 0; j < m->stages; j++) {
		p->wants_f[j] = m->b[j] != 0 || m->e[j] != 0;
		p->wants_w[j] = m->bw[j] != 0 || m->ew[j] != 0;
		p->wants_h[j] = m->bh[j] != 0 || m->eh[j] != 0 || (p->m->additive_only && j == 0);
		for (int i = 0; i < m->stages; i++) {
			p->wants_f[j] |= m->a[i][j] != 0;
			p->wants_w[j] |= m->aw[i][j] != 0;
			p->wants_h[j] |= m->ah[i][j] != 0;
		}
	}
}

static void (*const steps[SDE_FORMS])(struct sde_stepper *p, double t, double h, const double *x, const double *W,
				      const double *H, double *x1, double *error) = {
	[SDE_TABLEAU] = tableau_step,	    [SDE_MILSTEIN] = milstein_step,   [SDE_LOG_ODE] = log_ode_step,
	[SDE_REVERSIBLE] = reversible_step, [SDE_SPLITTING] = splitting_step, [SDE_SRI] = sri_step,
};

struct sde_stepper *sde_stepper_new(const struct sde_method *m, const struct sde *s, int64_t paths, struct err *e)
{
	struct sde_stepper *p;
	int64_t matrix, areas, arrays = 3 * SDE_STAGES + 6;
	double *memory;

	if (sde_method_check(m, s, false, e) != 0)
		return NULL;
	/* with all arrays below, in bytes, still a number */
	if (paths < 1 || (double)paths * (double)(s->n > 1 ? s->n : 1) * pow((double)s->noises + 1, 2) > 0x1p50) {
		err_set(e, ERR_USAGE, "%lld paths of an SDE with %lld components and %lld noises: no memory holds them",
			(long long)paths, (long long)s->n, (long long)s->noises);
		return NULL;
	}
	p = xcalloc(1, sizeof *p);
	*p = (struct sde_stepper){ .m = m, .s = s, .paths = paths, .size = paths * s->n };
	p->step = steps[m->form];
	if (m->tableau)
		find_wanted(p);
	matrix = diffusion_size(p);
	areas = m->form == SDE_LOG_ODE ? paths * s->noises * s->noises + s->noises * s->noises : 0;
	p->memory = memory = mem_new(arrays * p->size + 3 * matrix + areas, sizeof *memory, "work space of an SDE", e);
	if (!memory) {
		free(p);
		return NULL;
	}
	for (int j = 0; j < SDE_STAGES; j++, memory += 3 * p->size) {
		p->f[j] = memory;
		p->gw[j] = memory + p->size;
		p->gh[j] = memory + 2 * p->size;
	}
	p->z = memory;
	p->correction = memory + p->size;
	for (int k = 0; k < 2; k++) {
		p->hat[k] = memory + (2 + k) * p->size;
		p->f_hat[k] = memory + (4 + k) * p->size;
		p->g_hat[k] = memory + 6 * p->size + k * matrix;
	}
	p->g = memory + 6 * p->size + 2 * matrix;
	p->area = p->g + matrix;
	p->normal = p->area + paths * s->noises * s->noises;
	return p;
}

void sde_stepper_free(struct sde_stepper *p)
{
	if (!p)
		return;
	free(p->memory);
	free(p);
}

void sde_step(struct sde_stepper *p, double t, double h, const double *x, const double *W, const double *H, double *x1,
	      double *error)
{
	p->step(p, t, h, x, W, H, x1, error);
}

void sde_accept(struct sde_stepper *p)
{
	p->now = 1 - p->now;
}
