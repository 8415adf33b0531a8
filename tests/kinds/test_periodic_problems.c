/* test_periodic_problems.c: heat, Burgers, Navier-Stokes, advection and random fields against closed forms and
 * orders. */
#include <check.h>
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "num/field.h"

/* March f from `start`; outputs stand in f->field. */
static void march(struct fixture *f, const double *start)
{
	const double *in[1] = { start };
	struct err e = { 0 };

	ck_assert_msg(f->problem->march(f->config, f->work, 0, in, f->field, f->number, &e) == 0, "%s", e.message);
}

static double largest_difference(int64_t n, const double *a, const double *b)
{
	double d = 0;

	for (int64_t i = 0; i < n; i++)
		d = fmax(d, fabs(a[i] - b[i]));
	return d;
}

/* ---- heat ---------------------------------------------------------------------------------------- */

START_TEST(heat_modes_decay)
{
	static const char *const configs[] = { "dims: 1\ngrid: 16\nnu: 0.02\nT: 0.7\nframes: 2\n",
					       "dims: 2\ngrid: [16, 12]\nnu: 0.02\nT: 0.7\nframes: 2\n",
					       "dims: 3\ngrid: [8, 6, 16]\nnu: 0.02\nT: 0.7\nframes: 2\n" };
	static const int64_t sizes[3][3] = { { 16, 1, 1 }, { 16, 12, 1 }, { 8, 6, 16 } };
	static const int64_t waves[3][3] = { { 3, 0, 0 }, { -2, 3, 0 }, { 1, -2, 3 } };

	for (int d = 0; d < 3; d++) {
		struct fixture f = fixture_of("heat", configs[d]);
		const int64_t *n = sizes[d], *k = waves[d], points = n[0] * n[1] * n[2];
		double *start = xmalloc((size_t)points * sizeof *start);
		double rate = 0.02 * 4 * M_PI * M_PI * (double)(k[0] * k[0] + k[1] * k[1] + k[2] * k[2]);

		for (int64_t i = 0; i < points; i++) {
			double phase = (double)(i / (n[1] * n[2]) * k[0]) / (double)n[0] +
				       (double)(i / n[2] % n[1] * k[1]) / (double)n[1] +
				       (double)(i % n[2] * k[2]) / (double)n[2];

			start[i] = 0.3 + cos(2 * M_PI * phase + 0.4);
		}
		march(&f, start);
		for (int frame = 0; frame <= 2; frame++)
			for (int64_t i = 0; i < points; i++)
				ck_assert_double_eq_tol(f.field[0][frame * points + i] - 0.3,
							(start[i] - 0.3) * exp(-rate * 0.35 * frame), 1e-13);
		free(start);
		fixture_free(&f);
	}
}
END_TEST

/* ---- Burgers ------------------------------------------------------------------------------------- */

enum { SINES = 2 };
static const double amplitude[SINES] = { 1, 0.5 }, phase[SINES] = { 0, 0.3 }, burgers_mean = 0.37;

static double burgers_start(double x)
{
	return burgers_mean + amplitude[0] * sin(2 * M_PI * x + phase[0]) + amplitude[1] * sin(4 * M_PI * x + phase[1]);
}

/* Cole-Hopf: u = mean + int (x-y)/t exp(-G/2nu) dy / int exp(-G/2nu) dy at x - mean t, with G(y) = (x-y)^2 / 2t +
 * int_0^y of the initial deviation. The trapezoid rule converges faster than any power. */
static double cole_hopf(double x, double t, double nu)
{
	const double h = 2e-4, range = 4;
	double least = INFINITY, above = 0, below = 0;

	x -= burgers_mean * t;
	for (int pass = 0; pass < 2; pass++)
		for (double y = x - range; y < x + range; y += h) {
			double g = (x - y) * (x - y) / (2 * t), weight;

			for (int k = 0; k < SINES; k++)
				g -= amplitude[k] * cos(2 * M_PI * (k + 1) * y + phase[k]) / (2 * M_PI * (k + 1));
			if (pass == 0) {
				least = fmin(least, g);
				continue;
			}
			weight = exp(-(g - least) / (2 * nu));
			above += weight * (x - y) / t;
			below += weight;
		}
	return burgers_mean + above / below;
}

static void check_cole_hopf(const char *config, int64_t n, double t, double nu, double tolerance)
{
	struct fixture f = fixture_of("burgers", config);
	double *start = xmalloc((size_t)n * sizeof *start);

	for (int64_t i = 0; i < n; i++)
		start[i] = burgers_start((double)i / (double)n);
	march(&f, start);
	ck_assert_double_lt(largest_difference(n, f.field[0], start), 1e-12);
	for (int64_t i = 0; i < n; i += n / 16)
		ck_assert_double_eq_tol(f.field[1][i], cole_hopf((double)i / (double)n, t, nu), tolerance);
	free(start);
	fixture_free(&f);
}

START_TEST(burgers_is_cole_hopf)
{
	check_cole_hopf("nu: 0.1\nT: 0.5\ngrid: 128\nsolve_grid: 128\n", 128, 0.5, 0.1, 1e-8);
	check_cole_hopf("nu: 0.01\nT: 0.5\ngrid: 512\nsolve_grid: 512\n", 512, 0.5, 0.01, 1e-6);
	/* Marching interpolates to the solver's grid. */
	check_cole_hopf("nu: 0.01\nT: 0.3\ngrid: 64\nsolve_grid: 512\n", 64, 0.3, 0.01, 1e-6);
}
END_TEST

/* Solution and step count at a Courant number, on a grid where any step is stable enough. */
static double *burgers_at(double cfl, double *steps)
{
	char config[200];
	struct fixture f;
	double start[64], *out = xmalloc(sizeof start);

	snprintf(config, sizeof config, "nu: 0.05\nT: 0.5\ngrid: 64\nsolve_grid: 64\ncfl: %g\n", cfl);
	f = fixture_of("burgers", config);
	for (int i = 0; i < 64; i++)
		start[i] = burgers_start(i / 64.);
	march(&f, start);
	memcpy(out, f.field[1], sizeof start);
	*steps = f.number[0];
	fixture_free(&f);
	return out;
}

START_TEST(burgers_has_order_4)
{
	double steps[3], *coarse = burgers_at(1.5, &steps[0]), *fine = burgers_at(0.75, &steps[1]),
			 *reference = burgers_at(0.1, &steps[2]), order;

	order = log(largest_difference(64, coarse, reference) / largest_difference(64, fine, reference)) /
		log(steps[1] / steps[0]);
	ck_assert_double_ge(steps[1], 1.9 * steps[0]);
	ck_assert_msg(order > 3.6 && order < 4.5, "order %g with %g and %g steps", order, steps[0], steps[1]);
	free(coarse);
	free(fine);
	free(reference);
}
END_TEST

/* One seed, three output grids: samplings of the same solutions, to the bit; and frames of a trajectory meet the
 * map. */
START_TEST(burgers_grids_share_solutions)
{
	struct fixture f = fixture_of("burgers", "grid: 128\nT: 0.3\n"),
		       g = fixture_of("burgers", "grid: 512\nT: 0.3\n");
	struct fixture h = fixture_of("burgers", "grid: 256\nT: 0.3\nframes: 3\ncfl: 0.2\n");

	for (int64_t sample = 0; sample < 2; sample++) {
		double size = 0;

		fixture_generate(&f, 3, sample);
		fixture_generate(&g, 3, sample);
		fixture_generate(&h, 3, sample);
		for (int k = 0; k < 2; k++)
			for (int i = 0; i < 128; i++)
				ck_assert_double_eq(f.field[k][i], g.field[k][4 * i]);
		for (int i = 0; i < 128; i++)
			size = fmax(size, fabs(f.field[1][i]));
		for (int i = 0; i < 128; i++) {
			ck_assert_double_eq(f.field[0][i], h.field[0][2 * i]);
			ck_assert_double_eq_tol(f.field[1][i], h.field[0][3 * 256 + 2 * i], 1e-5 * size);
		}
	}
	fixture_free(&f);
	fixture_free(&g);
	fixture_free(&h);
}
END_TEST

/* ---- Navier-Stokes ------------------------------------------------------------------------------- */

enum { NS = 32 };

static double *wave(int kx, int ky)
{
	double *w = xmalloc(NS * NS * sizeof *w);

	for (int i = 0; i < NS; i++)
		for (int j = 0; j < NS; j++)
			w[i * NS + j] = cos(2 * M_PI * (kx * i + ky * j) / NS + 0.2);
	return w;
}

/* A single mode does not convect itself: it decays by exp(-4 pi^2 |k|^2 nu t). */
static double mode_error(const char *method, double dt)
{
	const double nu = 0.01, exact = exp(-4 * M_PI * M_PI * (4 + 1) * nu);
	double *start = wave(2, -1), error = 0;
	char config[200];
	struct fixture f;

	snprintf(config, sizeof config,
		 "nu: 0.01\nT: 1\nframes: 1\ngrid: 32\nsolve_grid: 32\nforcing: 0\nmethod: %s\ndt: %g\n", method, dt);
	f = fixture_of("navier-stokes", config);
	march(&f, start);
	for (int i = 0; i < NS * NS; i++)
		error = fmax(error, fabs(f.field[0][NS * NS + i] - exact * start[i]));
	free(start);
	fixture_free(&f);
	return error;
}

START_TEST(navier_stokes_mode_decays)
{
	double order = log2(mode_error("euler-cn", 0.1) / mode_error("euler-cn", 0.05));

	ck_assert_msg(order > 1.9 && order < 2.1, "Crank-Nicolson order %g", order);
	ck_assert_double_lt(mode_error("etdrk4", 0.1), 1e-13);
}
END_TEST

/* One explicit step from w = sin 2 pi x + cos 4 pi y: u.grad w = 1.5 cos 2 pi x sin 4 pi y, and the force by its
 * formula. */
START_TEST(navier_stokes_convects)
{
	struct fixture f = fixture_of(
		"navier-stokes",
		"nu: 0\nT: 0.25\ndt: 0.25\nframes: 1\ngrid: 32\nsolve_grid: 32\nforcing: 0.1\nmethod: euler-cn\n");
	double start[NS * NS];

	for (int i = 0; i < NS; i++)
		for (int j = 0; j < NS; j++)
			start[i * NS + j] = sin(2 * M_PI * i / NS) + cos(4 * M_PI * j / NS);
	march(&f, start);
	for (int i = 0; i < NS; i++)
		for (int j = 0; j < NS; j++) {
			double x = (double)i / NS, y = (double)j / NS, s = 2 * M_PI * (x + y);
			double slope = 0.1 * (sin(s) + cos(s)) - 1.5 * cos(2 * M_PI * x) * sin(4 * M_PI * y);

			ck_assert_double_eq_tol(f.field[0][NS * NS + i * NS + j], start[i * NS + j] + 0.25 * slope,
						1e-13);
		}
	fixture_free(&f);
}
END_TEST

static double *ns_at(const char *method, double dt)
{
	double *out = xmalloc(NS * NS * sizeof *out);
	char config[200];
	struct fixture f;

	snprintf(config, sizeof config,
		 "nu: 1e-3\nT: 1.6\nframes: 1\ngrid: 32\nsolve_grid: 32\nsigma: 200\nmethod: %s\ndt: %g\n", method, dt);
	f = fixture_of("navier-stokes", config);
	fixture_generate(&f, 1, 0);
	memcpy(out, f.field[0] + NS * NS, NS * NS * sizeof *out);
	fixture_free(&f);
	return out;
}

static double ns_order(const char *method, double dt, const double *reference)
{
	double *coarse = ns_at(method, dt), *fine = ns_at(method, dt / 2);
	double order =
		log2(largest_difference(NS * NS, coarse, reference) / largest_difference(NS * NS, fine, reference));

	free(coarse);
	free(fine);
	return order;
}

START_TEST(navier_stokes_orders)
{
	double *reference = ns_at("etdrk4", 0.005), first = ns_order("euler-cn", 0.004, reference),
	       fourth = ns_order("etdrk4", 0.1, reference);

	ck_assert_msg(first > 0.85 && first < 1.2, "euler-cn: order %g", first);
	ck_assert_msg(fourth > 3.6 && fourth < 4.5, "etdrk4: order %g", fourth);
	free(reference);
}
END_TEST

/* ---- advection ----------------------------------------------------------------------------------- */

static double upwind_error(int n, const char *sign)
{
	struct fixture f;
	char config[200];
	double *start = xmalloc((size_t)n * sizeof *start), error = 0, mass = 0, before = 0;

	snprintf(config, sizeof config, "beta: %s1\nT: 1\nframes: 2\ngrid: %d\nmethod: upwind\n", sign, n);
	f = fixture_of("advection", config);
	for (int i = 0; i < n; i++) {
		start[i] = 1 + sin(2 * M_PI * i / n);
		before += start[i] / n;
	}
	march(&f, start);
	for (int i = 0; i < n; i++) {
		error += fabs(f.field[0][2 * n + i] - start[i]) / n;
		mass += f.field[0][2 * n + i] / n;
	}
	ck_assert_double_eq_tol(mass, before, 1e-12);
	free(start);
	fixture_free(&f);
	return error;
}

START_TEST(advection_upwind_order)
{
	static const char *const signs[] = { "", "-" };

	for (int k = 0; k < 2; k++) {
		double order = log2(upwind_error(128, signs[k]) / upwind_error(256, signs[k]));

		ck_assert_msg(order >= 1.7 && order < 2.5, "order %g", order);
	}
}
END_TEST

/* The exact profile after whole periods, half a period on an even grid, and against marching by interpolation. */
START_TEST(advection_is_a_shift)
{
	struct fixture f = fixture_of("advection", "beta: 1\nT: 2\nframes: 4\ngrid: 64\n");
	static const int sizes[] = { 30, 31 };

	for (int64_t sample = 0; sample < 30; sample++) {
		fixture_generate(&f, 1, sample);
		for (int i = 0; i < 64; i++) {
			ck_assert_double_eq_tol(f.field[0][4 * 64 + i], f.field[0][i], 1e-12);
			ck_assert_double_eq_tol(f.field[0][64 + (i + 32) % 64], f.field[0][i], 1e-12);
		}
	}
	fixture_free(&f);
	for (int k = 0; k < 2; k++) {
		const int n = sizes[k];
		double start[31];
		char config[100];

		snprintf(config, sizeof config, "beta: 0.7\nT: 1\nframes: 3\ngrid: %d\n", n);
		f = fixture_of("advection", config);
		for (int i = 0; i < n; i++)
			start[i] = sin(2 * M_PI * 5 * i / n + 1) + 0.5;
		march(&f, start);
		for (int frame = 0; frame <= 3; frame++)
			for (int i = 0; i < n; i++)
				ck_assert_double_eq_tol(f.field[0][frame * n + i],
							sin(2 * M_PI * 5 * ((double)i / n - 0.7 * frame / 3) + 1) + 0.5,
							1e-12);
		fixture_free(&f);
	}
}
END_TEST

/* Shares of the published family: a tenth of the samples keeps one sign through |u| (or nearly so under a window). */
START_TEST(advection_family)
{
	struct fixture f = fixture_of("advection", "frames: 1\ngrid: 128\ncompat: true\n");
	int one_sign = 0, windowed = 0;

	ck_assert_double_eq(f.layout.axis[1].coordinate[0], 0.5 / 128);
	for (int64_t sample = 0; sample < 1000; sample++) {
		double least = INFINITY, most = -INFINITY;

		fixture_generate(&f, 2, sample);
		for (int i = 0; i < 128; i++) {
			least = fmin(least, f.field[0][i]);
			most = fmax(most, f.field[0][i]);
		}
		one_sign += least > -1e-6 || most < 1e-6;
		windowed += fabs(f.field[0][0]) < 1e-4 && fabs(f.field[0][127]) < 1e-4;
		ck_assert_double_le(fmax(-least, most), 4);
	}
	/* Constants of unchosen waves make some more samples of one sign. */
	ck_assert(one_sign >= 100 && one_sign < 450);
	ck_assert(windowed > 70 && windowed < 130);
	fixture_free(&f);
}
END_TEST

/* ---- random fields ------------------------------------------------------------------------------- */

/* Mean square of mode k of a periodic field over many draws: sigma^2 (4 pi^2 k^2 + tau^2)^-gamma within 3 %. */
START_TEST(field_spectrum)
{
	enum { N = 16, DRAWS = 40000 };
	const struct field_law law = {
		.n_dims = 1, .size = { N }, .gamma = 2, .tau = 5, .sigma = 25, .mean_mode = true
	};
	struct field_sampler *s;
	double power[N / 2] = { 0 }, u[N];

	ck_assert_int_eq(field_sampler_new(&s, &law, NULL), 0);
	for (int d = 0; d < DRAWS; d++) {
		field_draw(s, rng_stream(1, "spectrum", 0, (uint64_t)d), u);
		for (int k = 0; k < N / 2; k++) {
			double complex c = 0;

			for (int i = 0; i < N; i++)
				c += u[i] * cexp(-2 * M_PI * I * i * k / N) / N;
			power[k] += creal(c * conj(c)) / DRAWS;
		}
	}
	for (int k = 0; k < N / 2; k++)
		ck_assert_double_eq_tol(power[k] / (625 * pow(4 * M_PI * M_PI * k * k + 25, -2)), 1, 0.03);
	field_sampler_free(s);
}
END_TEST

/* The same in two dimensions, for modes on every side of the half plane; and the variance of Neumann cosine modes. */
START_TEST(field_spectrum_2d)
{
	enum { NX = 8, NY = 6, DRAWS = 10000, WAVES = 6 };
	static const int waves[WAVES][2] = { { 1, 0 }, { 0, 1 }, { -2, 1 }, { 3, 2 }, { 2, 0 }, { 2, 1 } };
	const struct field_law law = { .n_dims = 2, .size = { NX, NY }, .gamma = 1.5, .tau = 3, .sigma = 2 };
	struct field_sampler *s;
	double power[WAVES] = { 0 }, u[NX * NY];
	double complex cross[WAVES][WAVES] = { { 0 } };

	ck_assert_int_eq(field_sampler_new(&s, &law, NULL), 0);
	for (int d = 0; d < DRAWS; d++) {
		double complex mode[WAVES];

		field_draw(s, rng_stream(1, "spectrum", 0, (uint64_t)d), u);
		for (int w = 0; w < WAVES; w++) {
			mode[w] = 0;
			for (int i = 0; i < NX * NY; i++)
				mode[w] += u[i] *
					   cexp(-2 * M_PI * I *
						((double)(i / NY * waves[w][0]) / NX +
						 (double)(i % NY * waves[w][1]) / NY)) /
					   (NX * NY);
			power[w] += creal(mode[w] * conj(mode[w])) / DRAWS;
		}
		for (int v = 0; v < WAVES; v++)
			for (int w = 0; w < WAVES; w++)
				cross[v][w] += mode[v] * conj(mode[w]) / DRAWS;
	}
	for (int w = 0; w < WAVES; w++) {
		double square = waves[w][0] * waves[w][0] + waves[w][1] * waves[w][1];

		ck_assert_double_eq_tol(power[w] / (4 * pow(4 * M_PI * M_PI * square + 9, -1.5)), 1, 0.03);
	}
	/* Different modes are independent. */
	for (int v = 0; v < WAVES; v++)
		for (int w = 0; w < v; w++)
			ck_assert_double_lt(cabs(cross[v][w]), 0.04 * sqrt(power[v] * power[w]));
	field_sampler_free(s);
}
END_TEST

/* One stream, two grids: where the coarse grid has all modes of a short law it has the same values; checked through a
 * law whose high modes are negligible. */
START_TEST(field_does_not_depend_on_grid)
{
	static const int64_t sizes[3][2] = { { 32, 64 }, { 33, 65 }, { 33, 65 } };

	for (int b = 0; b < 3; b++)
		for (int d = 1; d <= 3; d++) {
			struct field_law law = { .n_dims = d,
						 .boundary = (enum field_boundary)b,
						 .gamma = 12,
						 .tau = 6,
						 .sigma = pow(6, 12) };
			struct field_sampler *s;
			double *out[2], size = 0;
			int64_t n[2];

			for (int k = 0; k < 2; k++) {
				int64_t count = 1;

				n[k] = d == 3 ? (sizes[b][k] + 1) / 2 : sizes[b][k];
				for (int a = 0; a < d; a++) {
					law.size[a] = n[k];
					count *= n[k];
				}
				out[k] = xmalloc((size_t)count * sizeof(double));
				ck_assert_int_eq(field_sampler_new(&s, &law, NULL), 0);
				field_draw(s, rng_stream(8, "grid", 0, 3), out[k]);
				field_sampler_free(s);
			}
			for (int64_t i = 0; i < n[0]; i++)
				size = fmax(size, fabs(out[0][i]));
			for (int64_t i = 0; i < (d > 2 ? n[0] : 1); i++)
				for (int64_t j = 0; j < (d > 1 ? n[0] : 1); j++)
					for (int64_t k = 0; k < n[0]; k++)
						ck_assert_double_eq_tol(out[0][(i * n[0] + j) * n[0] + k],
									out[1][(2 * i * n[1] + 2 * j) * n[1] + 2 * k],
									1e-6 * fmax(size, 0.1));
			free(out[0]);
			free(out[1]);
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("periodic problems");
	TCase *t = tcase_create("closed forms");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, heat_modes_decay);
	tcase_add_test(t, burgers_is_cole_hopf);
	tcase_add_test(t, burgers_has_order_4);
	tcase_add_test(t, burgers_grids_share_solutions);
	tcase_add_test(t, navier_stokes_mode_decays);
	tcase_add_test(t, navier_stokes_convects);
	tcase_add_test(t, navier_stokes_orders);
	tcase_add_test(t, advection_upwind_order);
	tcase_add_test(t, advection_is_a_shift);
	tcase_add_test(t, advection_family);
	tcase_add_test(t, field_spectrum);
	tcase_add_test(t, field_spectrum_2d);
	tcase_add_test(t, field_does_not_depend_on_grid);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
