/* volume_euler.c: the compressible Euler and Navier-Stokes equations of an ideal gas for the finite-volume engine. */
#include <math.h>

#include "problem/volume_law.h"

#define JOIN(a, b) a##_##b
#define WITH(a, b) JOIN(a, b)
#define NAME(word) WITH(word, TANGENTS)

#define TANGENTS 0
#include "problem/volume_euler_inc.h"
#undef TANGENTS
#define TANGENTS 1
#include "problem/volume_euler_inc.h"
#undef TANGENTS
#define TANGENTS 2
#include "problem/volume_euler_inc.h"
#undef TANGENTS

static void conserve(const struct volume_physics *p, int dims, int64_t n, int64_t plane, const double *primitive,
		     double *conserved)
{
	const double inverse = 1 / (p->gamma - 1);
	const double *restrict q = primitive;
	double *restrict u = conserved;

	for (int64_t j = 0; j < n; j++) {
		u[j] = q[j];
		u[plane + j] = q[plane + j] * inverse;
	}
	for (int k = 0; k < dims; k++) {
		const int64_t at = (2 + k) * plane;

		for (int64_t j = 0; j < n; j++) {
			u[at + j] = q[j] * q[at + j];
			u[plane + j] += 0.5 * q[j] * q[at + j] * q[at + j];
		}
	}
}

static int64_t primitive(const struct volume_physics *p, int dims, int64_t n, int64_t plane, const double *conserved,
			 double *out)
{
	const double gamma = p->gamma;
	const double *restrict u = conserved;
	double *restrict q = out;
	int64_t bad = 0;

	for (int64_t j = 0; j < n; j++) {
		q[j] = u[j];
		q[plane + j] = u[plane + j];
	}
	for (int k = 0; k < dims; k++) {
		const int64_t at = (2 + k) * plane;

		for (int64_t j = 0; j < n; j++) {
			q[at + j] = u[at + j] / u[j];
			q[plane + j] -= 0.5 * u[at + j] * q[at + j];
		}
	}
	for (int64_t j = 0; j < n; j++) {
		q[plane + j] *= gamma - 1;
		/* NaN fails too; an infinite velocity leaves no finite pressure */
		bad += !((q[j] > 0) & (q[j] < 1e300) & (q[plane + j] > 0) & (q[plane + j] < 1e300));
	}
	return bad;
}

static void speed(const struct volume_physics *p, int axis, int64_t n, int64_t plane, const double *primitive,
		  double *out)
{
	const double *restrict q = primitive, *restrict v = primitive + (2 + axis) * plane;
	double *restrict s = out;
	const double gamma = p->gamma;

	for (int64_t j = 0; j < n; j++)
		s[j] = fabs(v[j]) + sqrt(gamma * q[plane + j] / q[j]);
}

static double diffusivity(const struct volume_physics *p, double least)
{
	const double density = p->per_mass ? 1 : least;
	const double momentum = (4. / 3 * p->eta + p->zeta) / density, heat = (p->gamma - 1) * p->conduction / least;

	return momentum > heat ? momentum : heat;
}

/* Momentum flux by the stress through a face: eta (d_a v_k + d_k v_a) + (zeta - 2/3 eta) div v [k = a] (Takamoto et al.
 * 2022, equations 9-11; Landau, Lifshitz, section 15), tangential derivatives averaged over both cells. */
static void stress(const struct volume_physics *p, int dims, int axis, int component, const int64_t *stride,
		   const double *spacing, int64_t n, int64_t plane, const double *velocity, double *out)
{
	const int64_t s = stride[axis];
	const double *restrict v = velocity + component * plane;
	const double normal = (component == axis ? 4. / 3 * p->eta + p->zeta : p->eta) / spacing[axis];
	double *restrict f = out;

	for (int64_t j = 0; j < n; j++)
		f[j] = normal * (v[j + s] - v[j]);
	for (int b = 0; b < dims; b++) {
		const int64_t t = stride[b];
		const double *restrict w = component == axis ? velocity + b * plane : velocity + axis * plane;
		const double scale = (component == axis ? p->zeta - 2. / 3 * p->eta : p->eta) / (4 * spacing[b]);

		if (b == axis || (component != axis && b != component))
			continue;
		for (int64_t j = 0; j < n; j++)
			f[j] += scale * (w[j + t] - w[j - t] + w[j + s + t] - w[j + s - t]);
	}
}

/* The published generator's: eta and zeta times density, derivatives along the face's normal alone. */
static void stress_per_mass(const struct volume_physics *p, bool normal, int64_t s, double spacing, int64_t n,
			    const double *density, const double *velocity, double *out)
{
	const double *restrict q = density, *restrict v = velocity;
	const double scale = 0.5 * (normal ? 4. / 3 * p->eta + p->zeta : p->eta) / spacing;
	double *restrict f = out;

	for (int64_t j = 0; j < n; j++)
		f[j] = scale * (q[j] + q[j + s]) * (v[j + s] - v[j]);
}

static void diffuse(const struct volume_physics *p, int dims, int axis, const int64_t *stride, const double *spacing,
		    int64_t n, int64_t plane, const double *q, double *f)
{
	const int64_t s = stride[axis];
	const double heat = p->conduction / spacing[axis];
	const double *restrict density = q, *restrict pressure = q + plane;
	double *restrict energy = f + VOLUME_ROW;

	for (int64_t j = 0; j < n; j++) {
		f[j] = 0;
		energy[j] = heat * (pressure[j + s] / density[j + s] - pressure[j] / density[j]);
	}
	for (int k = 0; k < dims; k++) {
		double *restrict momentum = f + (2 + k) * VOLUME_ROW;
		const double *restrict v = q + (2 + k) * plane;

		if (p->per_mass)
			stress_per_mass(p, k == axis, s, spacing[axis], n, q, v, momentum);
		else
			stress(p, dims, axis, k, stride, spacing, n, plane, q + 2 * plane, momentum);
		for (int64_t j = 0; j < n; j++)
			energy[j] += 0.5 * (v[j] + v[j + s]) * momentum[j];
	}
}

const struct volume_law volume_euler = {
	.name = "euler",
	.n_scalars = 2,
	.has_velocity = true,
	.n_positive = 2,
	.variable = { "density", "pressure" },
	.flux = { { rusanov_0, rusanov_1, rusanov_2 },
		  { hll_0, hll_1, hll_2 },
		  { hllc_0, hllc_1, hllc_2 },
		  { roe_0, roe_1, roe_2 } },
	.conserve = conserve,
	.primitive = primitive,
	.speed = speed,
	.diffusivity = diffusivity,
	.diffuse = diffuse,
};
