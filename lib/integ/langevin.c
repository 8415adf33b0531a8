/* langevin.c: steps of underdamped Langevin dynamics: QUICSORT, ShOULD and Euler-Maruyama (Foster, Lyons, Oberhauser,
 * The shifted ODE method for underdamped Langevin MCMC, arXiv 2101.03446; Jelincic, Foster, Kidger, arXiv 2405.06464,
 * appendix). With al = friction h and E(s) = exp(-s al):
 *	a(s) = (1 - E(s)) / friction,   b(s) = (E(s) + s al - 1) / (friction^2 h). */
#include "integ/langevin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *const langevin_methods[] = { "quicsort", "should", "euler-maruyama", NULL };

struct langevin_stepper {
	const struct langevin *f;
	enum langevin_method method;
	int64_t paths, size, gradients;
	double h, rho;
	double a[3], b[3], e[3]; /* quicsort: at 1/2 -+ sqrt(3)/6 and 1; should: at 1/2 and 1 */
	double a_third;		 /* (1 - exp(-al/3)) / friction */
	double c_h, c_k;	 /* should: its noise c_h H + c_k K of the position */
	bool known;		 /* gradient at x */
	double *first, *second, *stage, *memory;
};

enum brownian_kind langevin_noise(enum langevin_method m)
{
	return m == LANGEVIN_EULER ? BROWNIAN_W : BROWNIAN_WHK;
}

/* sum_k (-z)^k / k! p(k): series of exp(-z) times a polynomial, where the closed form cancels. */
static double series(double z, int first, double (*p)(int k))
{
	double term = 1, sum = 0;

	for (int k = 1; k < first; k++)
		term *= -z / k;
	for (int k = first; k < first + 24; k++) {
		term *= -z / k;
		sum += term * p(k);
	}
	return sum;
}
static double one(int k)
{
	(void)k;
	return 1;
}
static double two_less(int k)
{
	return 2 - k;
}
static double three_four(int k)
{
	return (k - 3) * (k - 4);
}

/* exp(-z) + z - 1 */
static double second_remainder(double z)
{
	return z < 1 ? series(z, 2, one) : expm1(-z) + z;
}

static double b_at(const struct langevin *f, double h, double s)
{
	return second_remainder(s * f->friction * h) / (f->friction * f->friction * h);
}

static void coefficients(struct langevin_stepper *p)
{
	const double g = p->f->friction, al = g * p->h, decay = exp(-al), third = sqrt(3) / 6;
	const double s[2][3] = { { 0.5 - third, 0.5 + third, 1 }, { 0.5, 1, 1 } };

	for (int k = 0; k < 3; k++) {
		const double at = s[p->method == LANGEVIN_SHOULD][k];

		p->e[k] = exp(-at * al);
		p->a[k] = -expm1(-at * al) / g;
		p->b[k] = b_at(p->f, p->h, at);
	}
	p->a_third = -expm1(-al / 3) / g;
	p->c_h = 6 * (al < 1 ? series(al, 3, two_less) : decay * (al + 2) + al - 2) / (al * al * g);
	p->c_k = 60 * (al < 1 ? series(al, 5, three_four) : decay * (al * (al + 6) + 12) - al * (al - 6) - 12) /
		 (al * al * al * g);
	p->rho = sqrt(2 * g * p->f->u);
}

struct langevin_stepper *langevin_new(enum langevin_method m, const struct langevin *problem, int64_t paths, double h,
				      struct err *e)
{
	struct langevin_stepper *p;

	if (!(problem->friction > 0) || !(problem->u > 0) || !(h > 0)) {
		err_set(e, ERR_USAGE, "Langevin dynamics needs friction, u and step above 0");
		return NULL;
	}
	p = xcalloc(1, sizeof *p);
	*p = (struct langevin_stepper){ .f = problem, .method = m, .paths = paths, .size = paths * problem->n, .h = h };
	p->memory = mem_new(3 * p->size, sizeof *p->memory, "work space of Langevin dynamics", e);
	if (!p->memory) {
		free(p);
		return NULL;
	}
	p->first = p->memory;
	p->second = p->memory + p->size;
	p->stage = p->memory + 2 * p->size;
	coefficients(p);
	return p;
}

void langevin_free(struct langevin_stepper *p)
{
	if (!p)
		return;
	free(p->memory);
	free(p);
}

int64_t langevin_gradients(const struct langevin_stepper *p)
{
	return p->gradients;
}

/* u grad f */
static void force(struct langevin_stepper *p, const double *x, double *out)
{
	p->f->gradient(p->f->context, p->paths, x, out);
	for (int64_t i = 0; i < p->size; i++)
		out[i] *= p->f->u;
	p->gradients++;
}

static void euler(struct langevin_stepper *p, double *x, double *v, const double *W)
{
	const double h = p->h;

	force(p, x, p->first);
	for (int64_t i = 0; i < p->size; i++) {
		const double v0 = v[i];

		v[i] += -h * (p->f->friction * v0 + p->first[i]) + p->rho * W[i];
		x[i] += h * v0;
	}
}

static void should(struct langevin_stepper *p, double *x, double *v, const double *W, const double *H, const double *K)
{
	const double h = p->h, g = p->f->friction, rho = p->rho;
	double *restrict f0 = p->first, *restrict f1 = p->second, *restrict x1 = p->stage;

	if (!p->known)
		force(p, x, f0);
	p->known = true;
	for (int64_t i = 0; i < p->size; i++)
		x1[i] = x[i] + p->a[0] * (v[i] + rho * (H[i] + 6 * K[i])) +
			p->b[0] * (rho * (W[i] - 12 * K[i]) - h * f0[i]);
	force(p, x1, f1);
	for (int64_t i = 0; i < p->size; i++) {
		const double c = p->c_h * H[i] + p->c_k * K[i];

		x[i] += p->a[1] * v[i] - h * p->b[1] * (f0[i] + 2 * f1[i]) / 3 + rho * (p->b[1] * W[i] + c);
		v[i] = p->e[1] * v[i] - h * (p->e[1] * f0[i] / 6 + 2. / 3 * p->e[0] * f1[i]) +
		       rho * (p->a[1] / h * W[i] - g * c);
	}
	force(p, x, f0);
	for (int64_t i = 0; i < p->size; i++)
		v[i] -= h / 6 * f0[i];
}

static void quicsort(struct langevin_stepper *p, double *x, double *v, const double *W, const double *H,
		     const double *K)
{
	const double h = p->h, rho = p->rho;
	double *restrict f1 = p->first, *restrict f2 = p->second, *restrict stage = p->stage;

	for (int64_t i = 0; i < p->size; i++)
		stage[i] = x[i] + p->a[0] * (v[i] + rho * (H[i] + 6 * K[i])) + p->b[0] * rho * (W[i] - 12 * K[i]);
	force(p, stage, f1);
	for (int64_t i = 0; i < p->size; i++)
		stage[i] = x[i] + p->a[1] * (v[i] + rho * (H[i] + 6 * K[i])) + p->b[1] * rho * (W[i] - 12 * K[i]) -
			   p->a_third * h * f1[i];
	force(p, stage, f2);
	for (int64_t i = 0; i < p->size; i++) {
		const double shifted = v[i] + rho * (H[i] + 6 * K[i]), rest = rho * (W[i] - 12 * K[i]);
		const double F1 = h * f1[i], F2 = h * f2[i];

		x[i] += p->a[2] * shifted + p->b[2] * rest - 0.5 * (p->a[1] * F1 + p->a[0] * F2);
		v[i] = p->e[2] * shifted - 0.5 * (p->e[1] * F1 + p->e[0] * F2) + p->a[2] / h * rest -
		       rho * (H[i] - 6 * K[i]);
	}
}

void langevin_step(struct langevin_stepper *p, double *x, double *v, const double *W, const double *H, const double *K)
{
	if (p->method == LANGEVIN_EULER)
		euler(p, x, v, W);
	else if (p->method == LANGEVIN_SHOULD)
		should(p, x, v, W, H, K);
	else
		quicsort(p, x, v, W, H, K);
}
