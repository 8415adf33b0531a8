/* test_riemann.c: Riemann solvers of the finite-volume engine: consistency, jumps that stand still, and exact Riemann
 * problems. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "problem/riemann.h"
#include "tube.h"

/* ---- Riemann solvers ----------------------------------------------------------------------------- */

static const struct volume_law *const laws[] = { &volume_euler, &volume_shallow, &volume_advection, &volume_burgers };
static const struct volume_physics physics = { .gamma = 1.4, .gravity = 9.81, .speed = -0.7 };

/* Flux of one state along the first axis, from the laws as printed. */
static void physical_flux(const struct volume_law *law, int dims, const double *q, double *f)
{
	if (law == &volume_euler) {
		double square = 0, energy;

		for (int k = 0; k < dims; k++)
			square += q[2 + k] * q[2 + k];
		energy = q[1] / 0.4 + 0.5 * q[0] * square;
		f[0] = q[0] * q[2];
		f[1] = (energy + q[1]) * q[2];
		for (int k = 0; k < dims; k++)
			f[2 + k] = q[0] * q[2] * q[2 + k] + (k == 0 ? q[1] : 0);
	} else if (law == &volume_shallow) {
		f[0] = q[0] * q[1];
		for (int k = 0; k < dims; k++)
			f[1 + k] = q[0] * q[1] * q[1 + k] + (k == 0 ? 0.5 * 9.81 * q[0] * q[0] : 0);
	} else {
		f[0] = law == &volume_advection ? -0.7 * q[0] : 0.5 * q[0] * q[0];
	}
}

START_TEST(solvers_are_consistent)
{
	const struct rng r = rng_stream(1, "states", 0, 0);
	uint64_t at = 0;

	for (int l = 0; l < 4; l++)
		for (int solver = VOLUME_RUSANOV; solver <= VOLUME_ROE; solver++)
			for (int dims = 1; dims <= (laws[l] == &volume_euler	 ? 3
						    : laws[l] == &volume_shallow ? 2
										 : 1);
			     dims++)
				for (int trial = 0; volume_has(laws[l], solver) && trial < 50; trial++) {
					double q[5], f[5], g[5];

					for (int k = 0; k < 5; k++)
						q[k] = k < 2 && laws[l] == &volume_euler ? 0.1 + rng_uniform_at(r, at++)
						       : k == 0 && laws[l] == &volume_shallow
							       ? 0.1 + rng_uniform_at(r, at++)
							       : 6 * rng_uniform_at(r, at++) - 3;
					volume_face_flux(laws[l], &physics, solver, dims, q, q, f);
					physical_flux(laws[l], dims, q, g);
					for (int k = 0; k < volume_count(laws[l], dims); k++)
						ck_assert_double_eq_tol(f[k], g[k], 1e-12 * (1 + fabs(g[k])));
				}
}
END_TEST

/* When all waves go one way, the flux is that of the state they come from: for Roe's solver because its waves add up to
 * the difference of the fluxes. */
START_TEST(fast_flow_takes_one_side)
{
	const struct rng r = rng_stream(2, "states", 0, 0);
	uint64_t at = 0;

	for (int l = 0; l < 4; l++)
		for (int solver = VOLUME_HLL; solver <= VOLUME_ROE; solver++)
			for (int dims = 1; dims <= (laws[l] == &volume_euler	 ? 3
						    : laws[l] == &volume_shallow ? 2
										 : 1);
			     dims++)
				for (int trial = 0; volume_has(laws[l], solver) && trial < 50; trial++) {
					const int normal = laws[l] == &volume_euler	? 2
							   : laws[l] == &volume_shallow ? 1
											: 0;
					const double direction = laws[l] == &volume_advection || trial % 2 ? -1 : 1;
					double left[5], right[5], f[5], g[5];

					for (int k = 0; k < 5; k++) {
						left[k] = 1 + 0.2 * rng_uniform_at(r, at++);
						right[k] = 1 + 0.2 * rng_uniform_at(r, at++);
					}
					left[normal] += direction * 20;
					right[normal] += direction * 20;
					volume_face_flux(laws[l], &physics, solver, dims, left, right, f);
					physical_flux(laws[l], dims, direction > 0 ? left : right, g);
					for (int k = 0; k < volume_count(laws[l], dims); k++)
						ck_assert_msg(fabs(f[k] - g[k]) < 1e-10 * (1 + fabs(g[k])),
							      "law %d solver %d dims %d: %d: %g %g", l, solver, dims, k,
							      f[k], g[k]);
				}
}
END_TEST

/* A contact at rest with any shear: nothing but pressure crosses it, to the bit. HLL and Rusanov smear it. */
START_TEST(contacts_stand_still)
{
	static const double left[5] = { 1.4, 0.7, 0, 3, -2 }, right[5] = { 0.3, 0.7, 0, -1, 0.4 };
	static const double calm[3] = { 2, 0, 1.5 }, stirred[3] = { 2, 0, -4 };

	for (int solver = VOLUME_RUSANOV; solver <= VOLUME_ROE; solver++) {
		const bool keeps = solver >= VOLUME_HLLC;
		double f[5];

		volume_face_flux(&volume_euler, &physics, solver, 3, left, right, f);
		for (int k = 0; k < 5 && keeps; k++)
			ck_assert_double_eq(f[k], k == 2 ? 0.7 : 0);
		ck_assert(keeps || fabs(f[0]) > 0.1);
		volume_face_flux(&volume_shallow, &physics, solver, 2, calm, stirred, f);
		for (int k = 0; k < 3 && keeps; k++)
			ck_assert_double_eq_tol(f[k], k == 1 ? 0.5 * 9.81 * 4 : 0, 1e-14 * 20);
		ck_assert(keeps || fabs(f[2]) > 0.1);
	}
}
END_TEST

/* A sonic rarefaction must open: Roe's solver without its entropy fix keeps the jump for ever. */
START_TEST(sonic_rarefactions_open)
{
	static const struct volume_law *const law[] = { &volume_burgers, &volume_euler };

	for (int l = 0; l < 2; l++) {
		struct volume_setup s = tube_setup(law[l], 1, 100);
		double q[300], steepest = 0;
		const int n = volume_count(law[l], 1);

		s.solver = VOLUME_ROE;
		s.reconstruction = VOLUME_CONSTANT;
		s.boundary[0] = VOLUME_OUTGOING;
		for (int i = 0; i < 100; i++) {
			/* Toro's modified Sod problem has its sonic point inside the left fan */
			q[i] = law[l] == &volume_burgers ? (i < 50 ? -1 : 1) : i < 30 ? 1 : 0.125;
			q[100 + i] = i < 30 ? 1 : 0.1;
			q[200 + i] = i < 30 ? 0.75 : 0;
		}
		tube_march(&s, q, 0.2);
		for (int i = 20; i < 99; i++)
			if (law[l] == &volume_burgers || i < 36)
				steepest = fmax(steepest, fabs(q[i + 1] - q[i]));
		ck_assert_msg(steepest < (n == 1 ? 0.12 : 0.08), "%g", steepest);
	}
}
END_TEST

/* ---- exact Riemann problems ---------------------------------------------------------------------- */

/* Toro's five tests: p* and u* as printed in his table 4.2. */
START_TEST(exact_gas_matches_the_book)
{
	static const struct riemann_gas left[] = {
		{ 1, 0, 1 }, { 1, -2, 0.4 }, { 1, 0, 1000 }, { 1, 0, 0.01 }, { 5.99924, 19.5975, 460.894 }
	};
	static const struct riemann_gas right[] = {
		{ 0.125, 0, 0.1 }, { 1, 2, 0.4 }, { 1, 0, 0.01 }, { 1, 0, 100 }, { 5.99242, -6.19633, 46.0950 }
	};
	static const double pressure[] = { 0.30313, 0.00189, 460.894, 46.0950, 1691.64 };
	static const double velocity[] = { 0.92745, 0, 19.5975, -6.19633, 8.68975 };

	for (int k = 0; k < 5; k++) {
		double p, u;

		ck_assert_int_eq(riemann_gas_middle(1.4, &left[k], &right[k], &p, &u), 0);
		ck_assert_double_eq_tol(p, pressure[k], k == 1 ? 1e-5 : 1e-5 * pressure[k] + 5e-6);
		ck_assert_double_eq_tol(u, velocity[k], 1e-5 * (1 + fabs(velocity[k])));
		/* the fans meet their ends */
		for (double s = -30; s < 30; s += 0.01) {
			struct riemann_gas q = riemann_gas_at(1.4, &left[k], &right[k], p, u, s);

			ck_assert(q.density > 0 && q.pressure > 0);
		}
	}
	{
		const struct riemann_gas apart = { 1, 20, 1 }, other = { 1, -20, 1 };
		double p, u;

		ck_assert_int_eq(riemann_gas_middle(1.4, &other, &apart, &p, &u), -1);
	}
}
END_TEST

/* L1 distance of density from the exact solution at t = 0.2 for a diaphragm at 1/2. */
static double sod_error(int n, enum volume_solver solver, enum volume_reconstruction kind)
{
	const struct riemann_gas left = { 1, 0, 1 }, right = { 0.125, 0, 0.1 };
	struct volume_setup s = tube_setup(&volume_euler, 1, n);
	double *q = xmalloc((size_t)(3 * n) * sizeof *q), p, u, error = 0;

	s.boundary[0] = VOLUME_OUTGOING;
	s.solver = solver;
	s.reconstruction = kind;
	s.stepper = kind == VOLUME_WENO5 ? VOLUME_SSPRK3 : VOLUME_MIDPOINT;
	for (int i = 0; i < n; i++) {
		q[i] = i < n / 2 ? left.density : right.density;
		q[n + i] = i < n / 2 ? left.pressure : right.pressure;
		q[2 * n + i] = 0;
	}
	tube_march(&s, q, 0.2);
	ck_assert_int_eq(riemann_gas_middle(1.4, &left, &right, &p, &u), 0);
	for (int i = 0; i < n; i++)
		error += fabs(q[i] - riemann_gas_at(1.4, &left, &right, p, u, ((i + 0.5) / n - 0.5) / 0.2).density) / n;
	free(q);
	return error;
}

START_TEST(sod_tube)
{
	for (int solver = VOLUME_RUSANOV; solver <= VOLUME_ROE; solver++)
		for (int kind = VOLUME_MINMOD; kind <= VOLUME_WENO5; kind++) {
			double coarse = sod_error(100, solver, kind), fine = sod_error(400, solver, kind);
			double order = log2(coarse / fine) / 2;

			ck_assert_double_lt(fine, 0.006);
			/* jumps: order 1 at best */
			ck_assert_msg(order > 0.6 && order < 1.1, "order %g", order);
		}
}
END_TEST

/* The dam break on a wet bed (Stoker): a fan to the left, a bore to the right. */
START_TEST(dam_break)
{
	enum { N = 400 };
	const struct riemann_water left = { 2, 0 }, right = { 1, 0 };
	double h, u, q[2 * N];

	ck_assert_int_eq(riemann_water_middle(1, &left, &right, &h, &u), 0);
	/* both wave relations hold */
	ck_assert_double_eq_tol(u, 2 * (sqrt(2) - sqrt(h)), 1e-12);
	ck_assert_double_eq_tol(u, (h - 1) * sqrt(0.5 * (h + 1) / h), 1e-12);
	for (int solver = VOLUME_RUSANOV; solver <= VOLUME_ROE; solver++) {
		struct volume_setup s = tube_setup(&volume_shallow, 1, N);
		double error = 0, speed = 0;

		s.solver = solver;
		s.boundary[0] = VOLUME_OUTGOING;
		for (int i = 0; i < N; i++) {
			q[i] = i < N / 2 ? 2 : 1;
			q[N + i] = 0;
		}
		tube_march(&s, q, 0.2);
		for (int i = 0; i < N; i++) {
			const double x = (i + 0.5) / N - 0.5;
			const struct riemann_water exact = riemann_water_at(1, &left, &right, h, u, x / 0.2);

			error += fabs(q[i] - exact.depth) / N;
			speed += fabs(q[N + i] - exact.velocity) / N;
		}
		ck_assert_double_lt(error, 0.002);
		ck_assert_double_lt(speed, 0.002);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("riemann");
	TCase *t = tcase_create("riemann");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, solvers_are_consistent);
	tcase_add_test(t, fast_flow_takes_one_side);
	tcase_add_test(t, contacts_stand_still);
	tcase_add_test(t, sonic_rarefactions_open);
	tcase_add_test(t, exact_gas_matches_the_book);
	tcase_add_test(t, sod_tube);
	tcase_add_test(t, dam_break);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
