/* test_vorticity.c: the convective term of two-dimensional flow against sums over pairs of modes, and what a flow
 * without viscosity keeps. */
#include <check.h>
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "problem/spectral.h"
#include "problem/vorticity.h"

/* The convective term of random vorticity by sums over pairs of modes, in both types, for odd and even sizes, and for
 * 96 points, whose transforms are quartered. */
START_TEST(vorticity_convects_pairs)
{
	const int64_t size[4] = { 12, 16, 9, 96 };

	for (int k = 0; k < 8; k++) {
		const int64_t n = size[k / 2], half = n / 2 + 1, m = (n - 1) / 3;
		double *field = xcalloc((size_t)(n * n), sizeof *field);
		double *state = xaligned((size_t)(2 * n * half) * sizeof *state);
		double *zero = xcalloc((size_t)(2 * n * half), sizeof *zero);
		double *out = xaligned((size_t)(2 * n * half) * sizeof *out);
		struct spectral s;
		struct vorticity *v;
		struct err e = { 0 };
		double worst = 0, most = 0;

		ck_assert_int_eq(spectral_init(&s, 2, (const int64_t[]){ n, n }, &e), 0);
		ck_assert_int_eq(vorticity_new(&v, n, k % 2 == 1, &e), 0);
		rng_normal(rng_stream(1, "test", (uint64_t)k, 0), 0, (size_t)(n * n), field);
		spectral_forward(&s, field, state);
		vorticity_convection(v, state, zero, out);
		for (int64_t i = -m; i <= m; i++)
			for (int64_t j = 0; j <= m; j++) {
				double complex sum = 0;

				/* w(p) psi(q), p + q = (i, j): u.grad w = psi_y w_x - psi_x w_y */
				for (int64_t a = -m; a <= m; a++)
					for (int64_t b = -m; b <= m; b++) {
						const int64_t c = i - a, d = j - b;
						double complex w[2];

						if (llabs(c) > m || llabs(d) > m || (c == 0 && d == 0))
							continue;
						for (int q = 0; q < 2; q++) {
							int64_t x = q ? c : a, y = q ? d : b, sign = y < 0 ? -1 : 1;
							const double *at =
								state + 2 * ((sign * x + n) % n * half + sign * y);

							w[q] = at[0] + (double)sign * at[1] * I;
						}
						sum -= (double)(d * a - c * b) * w[0] * w[1] / (double)(c * c + d * d);
					}
				const double *got = out + 2 * ((i + n) % n * half + j);
				worst = fmax(worst, cabs(got[0] + got[1] * I + sum));
				most = fmax(most, cabs(sum));
			}
		ck_assert_double_lt(worst, (k % 2 ? 1e-5 : 1e-13) * most);
		vorticity_free(v);
		spectral_clear(&s);
		free(field);
		free(state);
		free(zero);
		free(out);
	}
}
END_TEST

/* Steps at once against one after the other, mode by mode: kept modes in place, those beyond at the end. */
START_TEST(vorticity_marches_as_steps_do)
{
	const int64_t size[4] = { 12, 9, 64, 96 };

	for (int k = 0; k < 8; k++) {
		const int64_t n = size[k / 2], modes = n * (n / 2 + 1);
		double *field = xcalloc((size_t)(n * n), sizeof *field);
		double *number = xcalloc((size_t)(10 * modes), sizeof *number), *state = number,
		       *force = state + 2 * modes;
		double *keep = force + 2 * modes, *gain = keep + modes, *together = gain + modes;
		double *slope = together + 2 * modes;
		struct spectral s;
		struct vorticity *v;
		struct err e = { 0 };
		double worst = 0, moved = 0;

		ck_assert_int_eq(spectral_init(&s, 2, (const int64_t[]){ n, n }, &e), 0);
		ck_assert_int_eq(vorticity_new(&v, n, k % 2 == 1, &e), 0);
		rng_normal(rng_stream(1, "test", (uint64_t)k, 0), 0, (size_t)(n * n), field);
		rng_normal(rng_stream(1, "test", (uint64_t)k, 1), 0, (size_t)(4 * modes), force);
		spectral_forward(&s, field, state);
		for (int64_t m = 0; m < modes; m++) {
			keep[m] = cos(keep[m]);
			gain[m] *= 0.3;
		}
		memcpy(together, state, (size_t)(2 * modes) * sizeof *state);
		vorticity_march(v, keep, gain, force, 3, together);
		for (int step = 0; step < 3; step++) {
			vorticity_convection(v, state, force, slope);
			for (int64_t m = 0; m < 2 * modes; m++)
				state[m] = keep[m / 2] * state[m] + gain[m / 2] * slope[m];
		}
		for (int64_t m = 0; m < 2 * modes; m++) {
			worst = fmax(worst, fabs(together[m] - state[m]));
			moved = fmax(moved, fabs(state[m]));
		}
		ck_assert_double_le(worst, 1e-13 * moved);
		vorticity_free(v);
		spectral_clear(&s);
		free(field);
		free(number);
	}
}
END_TEST

/* Twice the energy, sum |w|^2 / |k|^2, and the enstrophy, sum |w|^2, of a frame. */
static void invariants(const struct spectral *s, const double *field, double *modes, double *energy, double *enstrophy)
{
	spectral_forward(s, field, modes);
	*energy = *enstrophy = 0;
	for (int64_t m = 1; m < s->n_modes; m++) {
		int64_t k[3];
		const double square = modes[2 * m] * modes[2 * m] + modes[2 * m + 1] * modes[2 * m + 1];

		spectral_wave(s, m, k);
		const double members = k[1] == 0 || 2 * k[1] == s->size[1] ? 1 : 2;
		*energy += members * square / spectral_laplace(s, m);
		*enstrophy += members * square;
	}
}

START_TEST(inviscid_flow_keeps_energy_and_enstrophy)
{
	struct fixture f = fixture_of("navier-stokes", "nu: 0\nforcing: 0\nT: 2\nframes: 4\ndt: 0.01\ngrid: 32\n"
						       "solve_grid: 32\n");
	struct spectral s;
	struct err e = { 0 };
	double first[2], now[2], moved = 0, size = 0;

	ck_assert_int_eq(spectral_init(&s, 2, (const int64_t[]){ 32, 32 }, &e), 0);
	double *modes = xaligned((size_t)(2 * s.n_modes) * sizeof *modes);
	fixture_generate(&f, 2, 0);
	invariants(&s, f.field[0], modes, &first[0], &first[1]);
	for (int k = 1; k <= 4; k++) {
		invariants(&s, f.field[0] + k * s.n_points, modes, &now[0], &now[1]);
		ck_assert_double_eq_tol(now[0], first[0], 1e-6 * first[0]);
		ck_assert_double_eq_tol(now[1], first[1], 1e-6 * first[1]);
	}
	for (int64_t i = 0; i < s.n_points; i++) {
		moved += pow(f.field[0][4 * s.n_points + i] - f.field[0][i], 2);
		size += pow(f.field[0][i], 2);
	}
	ck_assert_double_gt(moved, 0.05 * size); /* or nothing was tested */
	free(modes);
	spectral_clear(&s);
	fixture_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vorticity");
	TCase *t = tcase_create("vorticity");
	SRunner *r = srunner_create(s);

	tcase_set_timeout(t, 60);
	tcase_add_test(t, vorticity_convects_pairs);
	tcase_add_test(t, vorticity_marches_as_steps_do);
	tcase_add_test(t, inviscid_flow_keeps_energy_and_enstrophy);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
