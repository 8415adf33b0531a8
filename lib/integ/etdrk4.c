/* etdrk4.c: exponential time differencing Runge-Kutta of order 4 (Cox, Matthews, J. Comput. Phys. 176, 2002, eqs 26-29)
 * for diagonal L. Its coefficients suffer cancellation near L h = 0; they are means over a circle around each L h
 * (Kassam, Trefethen, SIAM J. Sci. Comput. 26, 2005, eq. 2.5). */
#include "integ/integ.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

enum { CONTOUR_POINTS = 64 };

struct etdrk4 {
	int64_t n;
	double dt;
	double *full, *half, *q, *f1, *f2, *f3; /* n complex each: e^{Lh}, e^{Lh/2} and the weights of the slopes */
	double *slope_v, *slope_a, *slope_b, *slope_c, *a, *b;
};

enum { N_TABLES = 6, N_WORK = 6 };

struct etdrk4 *etdrk4_new(int64_t n, const double *linear, double dt)
{
	struct etdrk4 *s = xcalloc(1, sizeof *s);
	double **part[N_TABLES + N_WORK] = { &s->full,	  &s->half,    &s->q,	    &s->f1,	 &s->f2, &s->f3,
					     &s->slope_v, &s->slope_a, &s->slope_b, &s->slope_c, &s->a,	 &s->b };
	double complex circle[CONTOUR_POINTS];

	s->n = n;
	s->dt = dt;
	for (int k = 0; k < N_TABLES + N_WORK; k++)
		*part[k] = xaligned((size_t)(2 * n) * sizeof(double));
	for (int k = 0; k < CONTOUR_POINTS; k++)
		circle[k] = cexp(2 * M_PI * I * (k + 0.5) / CONTOUR_POINTS);
	for (int64_t i = 0; i < n; i++) {
		const double complex z = dt * (linear[2 * i] + I * linear[2 * i + 1]);
		double complex value[N_TABLES] = { cexp(z), cexp(z / 2) };

		for (int k = 0; k < CONTOUR_POINTS; k++) {
			const double complex r = z + circle[k], r3 = r * r * r, e = cexp(r);

			value[2] += (cexp(r / 2) - 1) / r;
			value[3] += (-4 - r + e * (4 - 3 * r + r * r)) / r3;
			value[4] += (2 + r + e * (r - 2)) / r3;
			value[5] += (-4 - 3 * r - r * r + e * (4 - r)) / r3;
		}
		for (int k = 0; k < N_TABLES; k++) {
			double factor = k < 2 ? 1 : dt / CONTOUR_POINTS;

			(*part[k])[2 * i] = factor * creal(value[k]);
			/* For real L the mean is real: drop the rounding. */
			(*part[k])[2 * i + 1] = linear[2 * i + 1] == 0 ? 0 : factor * cimag(value[k]);
		}
	}
	return s;
}

void etdrk4_free(struct etdrk4 *s)
{
	if (!s)
		return;
	free(s->full);
	free(s->half);
	free(s->q);
	free(s->f1);
	free(s->f2);
	free(s->f3);
	free(s->slope_v);
	free(s->slope_a);
	free(s->slope_b);
	free(s->slope_c);
	free(s->a);
	free(s->b);
	free(s);
}

/* out = a x + b y, complex, elementwise. */
static void combine(int64_t n, double *restrict out, const double *restrict a, const double *restrict x,
		    const double *restrict b, const double *restrict y)
{
	for (int64_t i = 0; i < 2 * n; i += 2) {
		const double re = a[i] * x[i] - a[i + 1] * x[i + 1] + (b[i] * y[i] - b[i + 1] * y[i + 1]);
		const double im = a[i] * x[i + 1] + a[i + 1] * x[i] + (b[i] * y[i + 1] + b[i + 1] * y[i]);

		out[i] = re;
		out[i + 1] = im;
	}
}

void etdrk4_step(struct etdrk4 *s, etd_nonlinear f, void *context, double t, double *modes)
{
	const int64_t n = s->n;
	const double h = s->dt;

	f(context, t, modes, s->slope_v);
	combine(n, s->a, s->half, modes, s->q, s->slope_v);
	f(context, t + h / 2, s->a, s->slope_a);
	combine(n, s->b, s->half, modes, s->q, s->slope_a);
	f(context, t + h / 2, s->b, s->slope_b);
	/* c = e^{Lh/2} a + q (2 N(b) - N(v)), in b's place; then slope_a = 2 (N(a) + N(b)). */
	for (int64_t i = 0; i < 2 * n; i++) {
		s->slope_c[i] = 2 * s->slope_b[i] - s->slope_v[i];
		s->slope_a[i] = 2 * (s->slope_a[i] + s->slope_b[i]);
	}
	combine(n, s->b, s->half, s->a, s->q, s->slope_c);
	f(context, t + h, s->b, s->slope_c);
	combine(n, s->a, s->full, modes, s->f1, s->slope_v);
	combine(n, s->b, s->f2, s->slope_a, s->f3, s->slope_c);
	for (int64_t i = 0; i < 2 * n; i++)
		modes[i] = s->a[i] + s->b[i];
}
