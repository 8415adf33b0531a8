/* etd.c: exponential Euler and ETD2RK. phi_1(z) = (e^z - 1)/z and phi_2(z) = (e^z - 1 - z)/z^2 are means over a circle
 * around z, as in etdrk4.c. */
#include "integ/etd.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

enum { CONTOUR_POINTS = 64 };

struct etd {
	int order;
	int64_t n;
	double dt;
	double *full, *phi1, *phi2; /* n complex each: e^{Lh}, h phi_1(Lh), h phi_2(Lh) */
	double *slope, *slope_end;
};

struct etd *etd_new(int order, int64_t n, const double *linear, double dt)
{
	struct etd *s = xcalloc(1, sizeof *s);
	const size_t bytes = (size_t)(2 * n) * sizeof(double);

	s->order = order;
	s->n = n;
	s->dt = dt;
	s->full = xaligned(bytes);
	s->phi1 = xaligned(bytes);
	s->phi2 = xaligned(bytes);
	s->slope = xaligned(bytes);
	s->slope_end = xaligned(bytes);
	for (int64_t i = 0; i < n; i++) {
		const double complex z = dt * (linear[2 * i] + I * linear[2 * i + 1]), full = cexp(z);
		const bool real = linear[2 * i + 1] == 0;
		double complex phi1 = 0, phi2 = 0;

		for (int k = 0; k < CONTOUR_POINTS; k++) {
			const double complex r = z + cexp(2 * M_PI * I * (k + 0.5) / CONTOUR_POINTS), e = cexp(r);

			phi1 += (e - 1) / r;
			phi2 += (e - 1 - r) / (r * r);
		}
		s->full[2 * i] = creal(full);
		s->full[2 * i + 1] = real ? 0 : cimag(full);
		s->phi1[2 * i] = dt / CONTOUR_POINTS * creal(phi1);
		s->phi1[2 * i + 1] = real ? 0 : dt / CONTOUR_POINTS * cimag(phi1);
		s->phi2[2 * i] = dt / CONTOUR_POINTS * creal(phi2);
		s->phi2[2 * i + 1] = real ? 0 : dt / CONTOUR_POINTS * cimag(phi2);
	}
	return s;
}

void etd_free(struct etd *s)
{
	if (!s)
		return;
	free(s->full);
	free(s->phi1);
	free(s->phi2);
	free(s->slope);
	free(s->slope_end);
	free(s);
}

void etd_step(struct etd *s, etd_nonlinear f, void *context, double t, double *modes)
{
	const int64_t n = 2 * s->n;

	f(context, t, modes, s->slope);
	for (int64_t i = 0; i < n; i += 2) {
		const double *a = s->full + i, *b = s->phi1 + i, *v = s->slope + i, re = modes[i], im = modes[i + 1];

		modes[i] = a[0] * re - a[1] * im + b[0] * v[0] - b[1] * v[1];
		modes[i + 1] = a[0] * im + a[1] * re + b[0] * v[1] + b[1] * v[0];
	}
	if (s->order < 2)
		return;
	f(context, t + s->dt, modes, s->slope_end);
	for (int64_t i = 0; i < n; i += 2) {
		const double *b = s->phi2 + i, re = s->slope_end[i] - s->slope[i],
			     im = s->slope_end[i + 1] - s->slope[i + 1];

		modes[i] += b[0] * re - b[1] * im;
		modes[i + 1] += b[0] * im + b[1] * re;
	}
}
