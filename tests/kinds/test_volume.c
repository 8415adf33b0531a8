/* test_volume.c: the finite-volume engine: orders, invariants, symmetries, diffusion, and what violent states do. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tube.h"

/* ---- orders -------------------------------------------------------------------------------------- */

/* Mean of 1 + sin(2 pi x) / 2 over cell i of n. */
static double sine_average(int i, int n)
{
	return 1 + (cos(2 * M_PI * i / n) - cos(2 * M_PI * (i + 1) / n)) * n / (4 * M_PI);
}

/* L1 error of one period of advection, to the right or to the left; mass is kept. */
static double advection_error(int n, enum volume_reconstruction kind, double cfl, double speed)
{
	struct volume_setup s = tube_setup(&volume_advection, 1, n);
	double *q = xmalloc((size_t)n * sizeof *q), error = 0, mass = 0;

	s.physics.speed = speed;
	s.reconstruction = kind;
	s.stepper = kind == VOLUME_WENO5 ? VOLUME_SSPRK3 : VOLUME_MIDPOINT;
	s.cfl = cfl;
	for (int i = 0; i < n; i++)
		q[i] = sine_average(i, n);
	tube_march(&s, q, 1);
	for (int i = 0; i < n; i++) {
		error += fabs(q[i] - sine_average(i, n)) / n;
		mass += q[i] / n;
	}
	ck_assert_double_eq_tol(mass, 1, 1e-12);
	free(q);
	return error;
}

START_TEST(advection_has_its_order)
{
	for (int kind = VOLUME_MINMOD; kind <= VOLUME_MC; kind++)
		for (int sign = -1; sign <= 1; sign += 2) {
			double order =
				log2(advection_error(128, kind, 0.4, sign) / advection_error(256, kind, 0.4, sign));

			ck_assert_msg(order >= (kind == VOLUME_MINMOD ? 1.5 : 1.7) && order < 2.5, "limiter %d: %g",
				      kind, order);
		}
	/* steps as dx^(5/3): the error in time falls as that in space */
	for (int n = 16; n <= 64; n *= 2) {
		const double cfl = 0.4 * pow(n / 16., -2. / 3);
		double coarse = advection_error(n, VOLUME_WENO5, cfl, 1);
		double fine = advection_error(2 * n, VOLUME_WENO5, cfl * pow(2, -2. / 3), 1);

		ck_assert_msg(fabs(log2(coarse / fine) - 5) < 0.4, "n %d: order %g", n, log2(coarse / fine));
	}
}
END_TEST

/* A plane wave along the diagonal of a square, advected once around, and another that diffuses on a grid of unequal
 * cells. */
START_TEST(scalars_in_two_dimensions)
{
	double error[2][2] = { { 0 } };

	for (int level = 0; level < 2; level++) {
		const int n = 64 << level, m = 48 << level;
		double *q = xmalloc((size_t)(n * m) * sizeof *q);

		for (int law = 0; law < 2; law++) {
			struct volume_setup s = tube_setup(law ? &volume_diffusion : &volume_advection, 2, n);
			const double t = law ? 0.02 : 1, rate = 5 * 4 * M_PI * M_PI;

			s.size[1] = m;
			s.physics.diffusivity = law ? 0.5 : 0;
			s.longest_step = law ? 1e-3 / (1 << level) : 0;
			for (int i = 0; i < n * m; i++)
				q[i] = sin(2 * M_PI * ((i / m + 0.5) / n + (law ? 2 : 1) * (i % m + 0.5) / m));
			tube_march(&s, q, t);
			for (int i = 0; i < n * m; i++)
				error[law][level] +=
					fabs(q[i] -
					     (law ? exp(-0.5 * rate * t) : 1) *
						     sin(2 * M_PI *
							 ((i / m + 0.5) / n + (law ? 2 : 1) * (i % m + 0.5) / m))) /
					(n * m);
		}
		free(q);
	}
	for (int law = 0; law < 2; law++)
		ck_assert_msg(fabs(log2(error[law][0] / error[law][1]) - 2) < 0.35, "%d: %g %g", law, error[law][0],
			      error[law][1]);
}
END_TEST

/* Isentropic vortex (Shu 1998) in a periodic box of 10, moving along the diagonal with speed (1, 1), gamma 1.4,
 * strength 5: exact state at x, y relative to its middle. */
static void vortex(double x, double y, double *density, double *pressure, double *u, double *v)
{
	const double beta = 5, f = exp(0.5 * (1 - x * x - y * y)) * beta / (2 * M_PI);
	const double temperature = 1 - 0.4 / (2 * 1.4) * f * f;

	*density = pow(temperature, 2.5);
	*pressure = pow(temperature, 3.5);
	*u = 1 - y * f;
	*v = 1 + x * f;
}

static double wrapped(double x)
{
	return x - 10 * floor(x / 10 + 0.5);
}

static double vortex_error(int n, enum volume_reconstruction kind)
{
	const double t = 1;
	struct volume_setup s = tube_setup(&volume_euler, 2, n);
	const size_t cells = (size_t)n * (size_t)n;
	double *q = xmalloc(4 * cells * sizeof *q), error = 0, h = 10. / n, d, p, u, v;

	s.length[0] = s.length[1] = 10;
	s.reconstruction = kind;
	s.stepper = kind == VOLUME_WENO5 ? VOLUME_SSPRK3 : VOLUME_MIDPOINT;
	for (size_t i = 0; i < cells; i++)
		vortex(wrapped(((double)(i / (size_t)n) + 0.5) * h - 5),
		       wrapped(((double)(i % (size_t)n) + 0.5) * h - 5), q + i, q + cells + i, q + 2 * cells + i,
		       q + 3 * cells + i);
	tube_march(&s, q, t);
	for (size_t i = 0; i < cells; i++) {
		vortex(wrapped(((double)(i / (size_t)n) + 0.5) * h - 5 - t),
		       wrapped(((double)(i % (size_t)n) + 0.5) * h - 5 - t), &d, &p, &u, &v);
		error += (fabs(q[i] - d) + fabs(q[cells + i] - p) + fabs(q[2 * cells + i] - u) +
			  fabs(q[3 * cells + i] - v)) /
			 (double)cells;
	}
	free(q);
	return error;
}

START_TEST(vortex_has_order_2)
{
	static const enum volume_reconstruction kinds[] = { VOLUME_VAN_LEER, VOLUME_MC, VOLUME_WENO5 };

	for (int k = 0; k < 3; k++) {
		double coarse = vortex_error(48, kinds[k]), fine = vortex_error(96, kinds[k]);

		/* WENO5 too: primitive values of cell means, and one point a face */
		ck_assert_msg(fabs(log2(coarse / fine) - (k == 2 ? 2.3 : 2)) < 0.4, "%d: %g %g order %g", kinds[k],
			      coarse, fine, log2(coarse / fine));
	}
}
END_TEST

/* ---- invariants and symmetries ------------------------------------------------------------------- */

/* Smooth waves of one period, direction by direction, strong enough to steepen; two planes of scalars, then
 * velocities. */
static void fill(int dims, int n, double *q)
{
	int64_t cells = 1;

	for (int a = 0; a < dims; a++)
		cells *= n;
	for (int64_t i = 0; i < cells; i++) {
		double x[3] = { 0 };
		int64_t rest = i;

		for (int a = dims - 1; a >= 0; a--) {
			x[a] = 2 * M_PI * ((double)(rest % n) + 0.5) / n;
			rest /= n;
		}
		q[i] = 1 + 0.4 * sin(x[0] + 2 * x[1] - x[2]);
		q[cells + i] = 1 + 0.5 * cos(2 * x[0] - x[1] + x[2]);
		for (int k = 0; k < dims; k++)
			q[(2 + k) * cells + i] = 0.3 * (k + 1) + 0.8 * sin(x[k] + x[(k + 1) % 3] + k);
	}
}

START_TEST(nothing_is_lost)
{
	static const int size[] = { 0, 200, 40, 14 };

	for (int dims = 1; dims <= 3; dims++)
		for (int kind = VOLUME_MC; kind <= VOLUME_WENO5; kind++)
			for (int viscous = 0; viscous < 2; viscous++) {
				struct volume_setup s = tube_setup(&volume_euler, dims, size[dims]);
				struct err e = { 0 };
				double q[5 * 40 * 40 * 2], before[5], after[5];
				struct volume *v;

				s.reconstruction = kind;
				s.physics.eta = s.physics.zeta = s.physics.conduction = viscous * 0.05;
				s.physics.per_mass = kind == VOLUME_MC;
				v = volume_new(&s, &e);
				fill(dims, size[dims], q);
				ck_assert(volume_start(v, q, &e) == 0);
				volume_totals(v, before);
				ck_assert_msg(volume_advance(v, 0.3, &e) == 0, "%s", e.message);
				volume_totals(v, after);
				for (int k = 0; k < volume_count(&volume_euler, dims); k++)
					ck_assert_msg(fabs(after[k] - before[k]) < 1e-13, "%d dimensions, %d: %g", dims,
						      k, after[k] - before[k]);
				volume_free(v);
			}
}
END_TEST

/* The same problem with its axes renamed gives the same answer, renamed. */
START_TEST(axes_are_equal)
{
	enum { N = 12, CELLS = N * N * N };
	double *q = xmalloc(10 * CELLS * sizeof *q), *turned = q + 5 * CELLS, largest = 0;

	for (int viscous = 0; viscous < 3; viscous++) {
		struct volume_setup s = tube_setup(&volume_euler, 3, N);

		s.physics.eta = viscous ? 0.02 : 0;
		s.physics.zeta = viscous ? 0.01 : 0;
		s.physics.per_mass = viscous == 2;
		fill(3, N, q);
		/* new axis a is old axis a + 1 */
		for (int i = 0; i < CELLS; i++) {
			const int x = i / (N * N), y = i / N % N, z = i % N, from = (z * N + x) * N + y;

			for (int k = 0; k < 5; k++)
				turned[k * CELLS + i] = q[(k < 2 ? k : 2 + (k - 2 + 1) % 3) * CELLS + from];
		}
		tube_march(&s, q, 0.1);
		tube_march(&s, turned, 0.1);
		for (int i = 0; i < CELLS; i++) {
			const int x = i / (N * N), y = i / N % N, z = i % N, from = (z * N + x) * N + y;

			for (int k = 0; k < 5; k++)
				largest = fmax(largest, fabs(turned[k * CELLS + i] -
							     q[(k < 2 ? k : 2 + (k - 2 + 1) % 3) * CELLS + from]));
		}
		ck_assert_double_lt(largest, 1e-13);
	}
	free(q);
}
END_TEST

/* A two-dimensional problem that does not depend on y is the one-dimensional one; walls mirror. */
START_TEST(walls_mirror)
{
	enum { N = 32 };
	struct volume_setup s = tube_setup(&volume_euler, 1, N), whole = tube_setup(&volume_euler, 2, 2 * N);
	double q[3 * N], wide[4 * 2 * N * 4];

	whole.size[1] = 4;
	whole.length[0] = 2;
	s.boundary[0] = VOLUME_WALL;
	for (int i = 0; i < N; i++) {
		const double x = (i + 0.5) / N;

		q[i] = 1 + 0.5 * cos(M_PI * x);
		q[N + i] = 1 + 0.3 * cos(2 * M_PI * x);
		q[2 * N + i] = sin(M_PI * x);
	}
	for (int i = 0; i < 2 * N; i++)
		for (int j = 0; j < 4; j++)
			for (int k = 0; k < 4; k++)
				wide[(k * 2 * N + i) * 4 + j] =
					k == 3 ? 0.25
					       : (k == 2 && i >= N ? -1 : 1) * q[k * N + (i < N ? i : 2 * N - 1 - i)];
	tube_march(&s, q, 0.4);
	tube_march(&whole, wide, 0.4);
	for (int i = 0; i < 2 * N; i++)
		for (int j = 0; j < 4; j++)
			for (int k = 0; k < 4; k++)
				ck_assert_double_eq_tol(wide[(k * 2 * N + i) * 4 + j],
							k == 3 ? 0.25
							       : (k == 2 && i >= N ? -1 : 1) *
									 q[k * N + (i < N ? i : 2 * N - 1 - i)],
							1e-12);
}
END_TEST

/* ---- diffusion ----------------------------------------------------------------------------------- */

/* exp(-(2 pi)^2 d t) sin: order 2 at any number of stages. */
START_TEST(diffusion_has_order_2)
{
	double error[2];

	for (int k = 0; k < 2; k++) {
		const int n = 64 << k;
		struct volume_setup s = tube_setup(&volume_diffusion, 1, n);
		double q[128];

		s.physics.diffusivity = 1;
		s.longest_step = 0.1 / (10 << k); /* tens to hundreds of explicit steps */
		for (int i = 0; i < n; i++)
			q[i] = sine_average(i, n) - 1;
		tube_march(&s, q, 0.1);
		error[k] = 0;
		for (int i = 0; i < n; i++)
			error[k] += fabs(q[i] - exp(-4 * M_PI * M_PI * 0.1) * (sine_average(i, n) - 1)) / n;
	}
	ck_assert_msg(fabs(log2(error[0] / error[1]) - 2) < 0.25, "%g %g", error[0], error[1]);
	ck_assert_double_lt(error[1], 2e-4);
}
END_TEST

/* Shear (0, v(x)) at uniform density, low Mach number: v decays with eta; longitudinal waves feel 4/3 eta + zeta,
 * entropy ones conduction. One decay rate each, from the linearised equations. */
START_TEST(viscosity_damps_as_it_must)
{
	enum { N = 64 };

	for (int per_mass = 0; per_mass < 2; per_mass++) {
		struct volume_setup s = tube_setup(&volume_euler, 2, N);
		double q[4 * N * 4], amplitude = 0, rest[4 * N * 4];
		const double density = 2, eta = 0.02, k = 2 * M_PI, t = 1;

		s.size[1] = 4;
		s.length[1] = 0.25;
		s.physics.eta = eta;
		s.physics.per_mass = per_mass;
		for (int i = 0; i < N * 4; i++) {
			q[i] = density;
			q[4 * N + i] = 10;
			q[8 * N + i] = 0;
			q[12 * N + i] = 0.01 * sin(k * (i / 4 + 0.5) / N);
		}
		tube_march(&s, q, t);
		for (int i = 0; i < N * 4; i++)
			amplitude += 2 * q[12 * N + i] * sin(k * (i / 4 + 0.5) / N) / (4 * N);
		ck_assert_double_eq_tol(amplitude / 0.01, exp(-eta / (per_mass ? 1 : density) * k * k * t), 2e-3);
		/* a standing sound wave: velocity falls as exp(-D k^2 t / 2), D = (4/3 eta + zeta) / density */
		s.physics.zeta = 0.03;
		for (int i = 0; i < N * 4; i++) {
			q[12 * N + i] = 0;
			q[8 * N + i] = 1e-4 * sin(k * (i / 4 + 0.5) / N);
			q[4 * N + i] = density / 1.4; /* speed of sound 1: one period is t = 1 */
			q[i] = density;
		}
		memcpy(rest, q, sizeof q);
		tube_march(&s, q, t);
		amplitude = 0;
		for (int i = 0; i < N * 4; i++)
			amplitude += 2 * q[8 * N + i] * sin(k * (i / 4 + 0.5) / N) / (4 * N);
		ck_assert_double_eq_tol(amplitude / 1e-4,
					exp(-(4. / 3 * eta + 0.03) / (per_mass ? 1 : density) * 0.5 * k * k * t), 0.02);
	}
	{ /* an entropy wave at rest: temperature diffuses with conduction (gamma - 1) / (gamma density) */
		struct volume_setup s = tube_setup(&volume_euler, 1, N);
		double q[3 * N], amplitude = 0;
		const double k = 2 * M_PI, t = 0.5;

		s.physics.conduction = 0.05;
		for (int i = 0; i < N; i++) {
			q[i] = 1 + 1e-4 * sin(k * (i + 0.5) / N);
			q[N + i] = 1000; /* sound so fast that pressure stays even */
			q[2 * N + i] = 0;
		}
		tube_march(&s, q, t);
		for (int i = 0; i < N; i++)
			amplitude += 2 * (q[i] - 1) * sin(k * (i + 0.5) / N) / N;
		ck_assert_double_eq_tol(amplitude / 1e-4, exp(-0.05 * 0.4 / 1.4 * k * k * t), 0.005);
	}
}
END_TEST

/* ---- errors -------------------------------------------------------------------------------------- */

/* Noise at Mach numbers in the hundreds: steps of order 1 carry it, density and pressure stay positive. */
START_TEST(violence_is_survived)
{
	enum { N = 16 };
	const struct rng r = rng_stream(5, "states", 0, 0);

	for (int kind = VOLUME_MC; kind <= VOLUME_WENO5; kind++) {
		struct volume_setup s = tube_setup(&volume_euler, 2, N);
		double q[4 * N * N];
		struct err e = { 0 };
		struct volume *v;

		s.reconstruction = kind;
		s.cfl = 0.4;
		v = volume_new(&s, &e);
		for (int i = 0; i < N * N; i++) {
			q[i] = pow(10, -3 * rng_uniform_at(r, (uint64_t)i));
			q[N * N + i] = pow(10, -6 * rng_uniform_at(r, (uint64_t)(i + N * N)));
			for (int k = 2; k < 4; k++)
				q[k * N * N + i] = 20 * (rng_uniform_at(r, (uint64_t)(i + k * N * N)) - 0.5);
		}
		ck_assert_msg(volume_start(v, q, &e) == 0 && volume_advance(v, 0.1, &e) == 0, "%s", e.message);
		ck_assert_int_gt(volume_reduced(v), 0);
		ck_assert_double_lt(fabs(volume_drift(v, 0)), 1e-13);
		ck_assert_double_lt(fabs(volume_drift(v, 1)), 1e-13);
		volume_read(v, q);
		for (int i = 0; i < 2 * N * N; i++)
			ck_assert(q[i] > 0);
		volume_free(v);
	}
}
END_TEST

START_TEST(bad_states_are_errors)
{
	struct volume_setup s = tube_setup(&volume_euler, 2, 8);
	struct err e = { 0 };
	struct volume *v = volume_new(&s, &e);
	double q[4 * 64];

	for (int i = 0; i < 4 * 64; i++)
		q[i] = i == 64 + 27 ? -0.5 : 1;
	ck_assert_int_eq(volume_start(v, q, &e), -1);
	ck_assert_msg(strstr(e.message, "pressure is -0.5") && strstr(e.message, "in cell (3, 3) at t = 0"), "%s",
		      e.message);
	q[64 + 27] = 1;
	q[130] = NAN;
	ck_assert_int_eq(volume_start(v, q, &e), -1);
	ck_assert_msg(strstr(e.message, "in cell (0, 2)") != NULL, "%s", e.message);
	/* gas drawn apart faster than it can follow */
	for (int i = 0; i < 64; i++) {
		q[64 + i] = 1e-6;
		q[128 + i] = i < 32 ? -30 : 30;
		q[192 + i] = 0;
	}
	e = (struct err){ 0 };
	ck_assert_msg(volume_start(v, q, &e) == 0 && volume_advance(v, 0.2, &e) == 0, "%s", e.message);
	ck_assert_int_gt(volume_reduced(v), 0);
	ck_assert_int_eq(e.code, ERR_NONE);
	volume_read(v, q);
	for (int i = 0; i < 2 * 64; i++)
		ck_assert(q[i] > 0);
	volume_free(v);
	s = tube_setup(&volume_burgers, 1, 8);
	s.solver = VOLUME_HLLC;
	ck_assert_ptr_null(volume_new(&s, &e));
	ck_assert_str_eq(e.message, "solver: no hllc for burgers in 1 dimensions");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("volume");
	TCase *t = tcase_create("volume");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, advection_has_its_order);
	tcase_add_test(t, scalars_in_two_dimensions);
	tcase_add_test(t, vortex_has_order_2);
	tcase_add_test(t, nothing_is_lost);
	tcase_add_test(t, axes_are_equal);
	tcase_add_test(t, walls_mirror);
	tcase_add_test(t, diffusion_has_order_2);
	tcase_add_test(t, viscosity_damps_as_it_must);
	tcase_add_test(t, violence_is_survived);
	tcase_add_test(t, bad_states_are_errors);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
