/* volume_rebuild.c: states at faces from cell averages: constant, limited lines, WENO5. */
#include <math.h>
#include <stddef.h>

#include "problem/volume_law.h"

const char *const volume_reconstructions[] = { "constant", "minmod", "van-leer", "mc", "weno5", NULL };

/* Half the limited slope of a cell from its differences to the left and to the right. No fmin, no fabs calls of libm:
 * their rules for NaN would keep the loops scalar. */
static inline double smaller(double a, double b)
{
	return a < b ? a : b;
}

static inline double half_minmod(double a, double b)
{
	const double p = fabs(a), q = fabs(b);

	return a * b > 0 ? copysign(0.5 * smaller(p, q), a) : 0;
}

/* Van Leer's harmonic mean, 2ab / (a + b) (1974). */
static inline double half_van_leer(double a, double b)
{
	const double product = a * b, sum = a + b;

	return product > 0 ? product / (sum != 0 ? sum : 1) : 0;
}

/* Central slope, at most twice the smaller difference (van Leer 1977). */
static inline double half_mc(double a, double b)
{
	const double p = smaller(fabs(a), fabs(b)), c = 0.25 * fabs(a + b);

	return a * b > 0 ? copysign(smaller(p, c), a) : 0;
}

#define LINES(limiter)                                                                                                 \
	for (int64_t j = 0; j < n; j++) {                                                                              \
		const double d = at[j + s] - at[j];                                                                    \
                                                                                                                       \
		l[j] = at[j] + limiter(at[j] - at[j - s], d);                                                          \
		r[j] = at[j + s] - limiter(d, at[j + 2 * s] - at[j + s]);                                              \
	}

/* The value at the upper face of the cell of average c (Jiang, Shu 1996, equations 2.10, 2.16, 2.17; epsilon 1e-6 times
 * the local scale, so that nothing depends on units). */
static inline double weno5(double a, double b, double c, double d, double e)
{
	const double p0 = (2 * a - 7 * b + 11 * c) / 6, p1 = (-b + 5 * c + 2 * d) / 6, p2 = (2 * c + 5 * d - e) / 6;
	const double r0 = a - 2 * b + c, s0 = a - 4 * b + 3 * c;
	const double r1 = b - 2 * c + d, s1 = b - d;
	const double r2 = c - 2 * d + e, s2 = 3 * c - 4 * d + e;
	const double k = 13. / 12, scale = 1e-6 * (a * a + b * b + c * c + d * d + e * e) + 1e-40;
	const double b0 = k * r0 * r0 + 0.25 * s0 * s0 + scale;
	const double b1 = k * r1 * r1 + 0.25 * s1 * s1 + scale;
	const double b2 = k * r2 * r2 + 0.25 * s2 * s2 + scale;
	/* w_i = d_i / b_i^2, over the common denominator: divisions are what this costs */
	const double q0 = b1 * b2, q1 = b0 * b2, q2 = b0 * b1;
	const double w0 = 0.1 * q0 * q0, w1 = 0.6 * q1 * q1, w2 = 0.3 * q2 * q2;

	return (w0 * p0 + w1 * p1 + w2 * p2) / (w0 + w1 + w2);
}

/* The value of n cells at their face towards +step. */
static void weno5_row(int64_t n, int64_t step, const double *q, double *out)
{
	const double *restrict a = q - 2 * step, *restrict b = q - step, *restrict c = q, *restrict d = q + step;
	const double *restrict e = q + 2 * step;
	double *restrict value = out;

	for (int64_t j = 0; j < n; j++)
		value[j] = weno5(a[j], b[j], c[j], d[j], e[j]);
}

void volume_rebuild(enum volume_reconstruction kind, int64_t n, int64_t stride, const double *q, double *left,
		    double *right)
{
	const double *restrict at = q;
	double *restrict l = left, *restrict r = right;
	const int64_t s = stride;

	switch (kind) {
	case VOLUME_MINMOD:
		LINES(half_minmod);
		break;
	case VOLUME_VAN_LEER:
		LINES(half_van_leer);
		break;
	case VOLUME_MC:
		LINES(half_mc);
		break;
	case VOLUME_WENO5:
		weno5_row(n, s, at, l);
		weno5_row(n, -s, at + s, r);
		break;
	case VOLUME_CONSTANT:
		for (int64_t j = 0; j < n; j++) {
			l[j] = at[j];
			r[j] = at[j + s];
		}
		break;
	}
}
