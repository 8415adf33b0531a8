/* volume_shallow.c: the shallow-water equations over a flat bottom for the finite-volume engine. Rows of faces: depth,
 * normal velocity, tangential velocity. Roe: LeVeque (2002), section 15.3; HLLC: Toro, Shock-Capturing Methods for
 * Free-Surface Shallow Flows (2001), section 10.4. */
#include <math.h>

#include "problem/volume_law.h"

enum { NORMAL = VOLUME_ROW, TANGENT = 2 * VOLUME_ROW };

static inline double least(double a, double b)
{
	return a < b ? a : b;
}

static inline double most(double a, double b)
{
	return a > b ? a : b;
}

/* HLL with the contact that carries the tangential velocity kept (HLLC), or not. */
static inline void two_waves(double gravity, bool rusanov, bool contact, bool tangent, int64_t n, const double *left,
			     const double *right, double *out)
{
	const double *restrict l = left, *restrict r = right;
	double *restrict f = out;

	for (int64_t j = 0; j < n; j++) {
		const double h = l[j], k = r[j], u = l[NORMAL + j], w = r[NORMAL + j];
		const double a = sqrt(gravity * h), b = sqrt(gravity * k), c = most(a, b);
		const double s = most(fabs(u) + a, fabs(w) + b);
		const double slow = rusanov ? -s : least(least(u, w) - c, 0),
			     fast = rusanov ? s : most(most(u, w) + c, 0);
		const double scale = 1 / (fast - slow);
		const double mass = scale * (fast * h * u - slow * k * w + fast * slow * (k - h));

		f[j] = mass;
		f[NORMAL + j] = scale * (fast * (h * u * u + 0.5 * gravity * h * h) -
					 slow * (k * w * w + 0.5 * gravity * k * k) + fast * slow * (k * w - h * u));
		if (tangent) {
			const double v = l[TANGENT + j], z = r[TANGENT + j];
			const double spread =
				scale * (fast * h * u * v - slow * k * w * z + fast * slow * (k * z - h * v));

			f[TANGENT + j] = contact ? mass * (mass >= 0 ? v : z) : spread;
		}
	}
}

static inline void roe_waves(double gravity, bool tangent, int64_t n, const double *left, const double *right,
			     double *out)
{
	const double *restrict l = left, *restrict r = right;
	double *restrict f = out;

	for (int64_t j = 0; j < n; j++) {
		const double h = l[j], k = r[j], u = l[NORMAL + j], w = r[NORMAL + j];
		const double a = sqrt(gravity * h), b = sqrt(gravity * k), p = sqrt(h), q = sqrt(k);
		const double mean = (p * u + q * w) / (p + q), c = sqrt(0.5 * gravity * (h + k));
		const double dh = k - h, dm = k * w - h * u;
		const double first = 0.5 * ((mean + c) * dh - dm) / c, last = 0.5 * (dm - (mean - c) * dh) / c;
		const double lw = volume_spread(mean - c, u - a, w - b) * first;
		const double rw = volume_spread(mean + c, u + a, w + b) * last;

		f[j] = 0.5 * (h * u + k * w - lw - rw);
		f[NORMAL + j] = 0.5 * (h * u * u + 0.5 * gravity * h * h + k * w * w + 0.5 * gravity * k * k -
				       lw * (mean - c) - rw * (mean + c));
		if (tangent) {
			const double v = l[TANGENT + j], z = r[TANGENT + j], t = (p * v + q * z) / (p + q);
			const double shear = fabs(mean) * (k * z - h * v - t * dh);

			f[TANGENT + j] = 0.5 * (h * u * v + k * w * z - (lw + rw) * t - shear);
		}
	}
}

#define ROWS(name, call)                                                                                               \
	static void name##_0(const struct volume_physics *p, int64_t n, const double *l, const double *r, double *f)   \
	{                                                                                                              \
		const bool tangent = false;                                                                            \
		call;                                                                                                  \
	}                                                                                                              \
	static void name##_1(const struct volume_physics *p, int64_t n, const double *l, const double *r, double *f)   \
	{                                                                                                              \
		const bool tangent = true;                                                                             \
		call;                                                                                                  \
	}

ROWS(rusanov, two_waves(p->gravity, true, false, tangent, n, l, r, f))
ROWS(hll, two_waves(p->gravity, false, false, tangent, n, l, r, f))
ROWS(hllc, two_waves(p->gravity, false, true, tangent, n, l, r, f))
ROWS(roe, roe_waves(p->gravity, tangent, n, l, r, f))

static void conserve(const struct volume_physics *p, int dims, int64_t n, int64_t plane, const double *primitive,
		     double *conserved)
{
	(void)p;
	for (int64_t j = 0; j < n; j++)
		conserved[j] = primitive[j];
	for (int k = 1; k <= dims; k++)
		for (int64_t j = 0; j < n; j++)
			conserved[k * plane + j] = primitive[j] * primitive[k * plane + j];
}

static int64_t primitive(const struct volume_physics *p, int dims, int64_t n, int64_t plane, const double *conserved,
			 double *out)
{
	int64_t bad = 0;

	(void)p;
	for (int64_t j = 0; j < n; j++)
		out[j] = conserved[j];
	for (int k = 1; k <= dims; k++)
		for (int64_t j = 0; j < n; j++) {
			out[k * plane + j] = conserved[k * plane + j] / conserved[j];
			bad += !((out[j] > 0) & (out[j] < 1e300) & (fabs(out[k * plane + j]) < 1e300));
		}
	return bad;
}

static void speed(const struct volume_physics *p, int axis, int64_t n, int64_t plane, const double *primitive,
		  double *out)
{
	const double *v = primitive + (1 + axis) * plane;

	for (int64_t j = 0; j < n; j++)
		out[j] = fabs(v[j]) + sqrt(p->gravity * primitive[j]);
}

const struct volume_law volume_shallow = {
	.name = "shallow-water",
	.n_scalars = 1,
	.has_velocity = true,
	.n_positive = 1,
	.variable = { "depth" },
	.flux = { { rusanov_0, rusanov_1 }, { hll_0, hll_1 }, { hllc_0, hllc_1 }, { roe_0, roe_1 } },
	.conserve = conserve,
	.primitive = primitive,
	.speed = speed,
};
