/* test_flows.c: conservation laws as problems: Burgers and Fisher against closed forms, the radial dam break,
 * compressible flow. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "problem/spectral.h"

static void march(struct fixture *f, const double *start)
{
	const double *in[1] = { start };
	struct err e = { 0 };

	ck_assert_msg(f->problem->march(f->config, f->work, 0, in, f->field, f->number, &e) == 0, "%s", e.message);
}

static const double *last_frame(const struct fixture *f, int field)
{
	const struct field *d = &f->layout.field[field];
	const int64_t frames = f->layout.axis[d->axis[0]].size;

	return f->field[field] + fixture_count(f, field) / frames * (frames - 1);
}

/* ---- Burgers ------------------------------------------------------------------------------------- */

/* Cole and Hopf: u = -2 v (log p)_x where p solves the heat equation. For u0 = sin(2 pi x), p is a Fourier series whose
 * coefficients are means of exp(a cos z) cos(k z), a = 1 / (4 pi v). Up to a factor. */
static double heat_solution(double x, double t, double viscosity)
{
	enum { POINTS = 128, TERMS = 40 };
	const double a = 1 / (4 * M_PI * viscosity);
	double sum = 0;

	for (int k = 0; k < TERMS; k++) {
		double mean = 0;

		for (int j = 0; j < POINTS; j++)
			mean += exp(a * (cos(2 * M_PI * j / POINTS) - 1)) * cos(2 * M_PI * k * j / POINTS) / POINTS;
		sum += (k ? 2 : 1) * mean * exp(-4 * M_PI * M_PI * k * k * viscosity * t) * cos(2 * M_PI * k * x);
	}
	return sum;
}

/* Relative L2 error at t = 0.5 of sin(2 pi x) plus a wind, in cell means. */
static double burgers_error(int n, double nu, double wind)
{
	const double viscosity = nu / M_PI, t = 0.5;
	double *start = xmalloc((size_t)n * sizeof *start), error = 0, size = 0, mass = 0;
	char config[200];
	struct fixture f;

	snprintf(config, sizeof config, "grid: %d\nnu: %g\nT: %g\nframes: 1\n", n, nu, t);
	f = fixture_of("burgers-volume", config);
	for (int i = 0; i < n; i++)
		start[i] = wind + (cos(2 * M_PI * i / n) - cos(2 * M_PI * (i + 1) / n)) * n / (2 * M_PI);
	march(&f, start);
	for (int i = 0; i < n; i++) {
		const double low = (double)i / n - wind * t, high = (i + 1.) / n - wind * t;
		const double exact =
			wind -
			2 * viscosity * n * log(heat_solution(high, t, viscosity) / heat_solution(low, t, viscosity));

		error += pow(last_frame(&f, 0)[i] - exact, 2);
		size += exact * exact;
		mass += last_frame(&f, 0)[i] / n;
	}
	ck_assert_double_eq_tol(mass, wind, 1e-13);
	free(start);
	fixture_free(&f);
	return sqrt(error / size);
}

START_TEST(burgers_is_cole_hopf)
{
	double fine = burgers_error(512, 0.1, 0), order = log2(burgers_error(256, 0.1, 0) / fine);

	ck_assert_msg(fine < 1e-4, "%g", fine);
	ck_assert_msg(fabs(order - 2) < 0.3, "order %g", order);
	fine = burgers_error(512, 0.1, 0.7);
	ck_assert_msg(fine < 2e-4, "with wind: %g", fine);
	/* viscosity so large that a step takes dozens of stages */
	fine = burgers_error(512, 2, 0.7);
	ck_assert_msg(fine < 1e-4, "stiff: %g", fine);
}
END_TEST

/* The exact method against the series, and against volumes from drawn profiles. */
START_TEST(exact_burgers_is_the_series)
{
	static const char form[] = "grid: 256\nnu: 0.1\nT: 0.5\nframes: 2\nmethod: %s\n";
	double start[256], error = 0;
	char config[200];
	struct fixture f[2];

	for (int k = 0; k < 2; k++) {
		snprintf(config, sizeof config, form, k ? "volume" : "cole-hopf");
		f[k] = fixture_of("burgers-volume", config);
	}
	for (int i = 0; i < 256; i++)
		start[i] = 0.7 + (cos(2 * M_PI * i / 256) - cos(2 * M_PI * (i + 1) / 256)) * 256 / (2 * M_PI);
	march(&f[0], start);
	for (int i = 0; i < 256; i++) {
		const double low = i / 256. - 0.35, high = (i + 1) / 256. - 0.35, v = 0.1 / M_PI;
		const double exact = 0.7 - 2 * v * 256 * log(heat_solution(high, 0.5, v) / heat_solution(low, 0.5, v));

		ck_assert_double_eq_tol(last_frame(&f[0], 0)[i], exact, 1e-10);
	}
	for (int64_t sample = 0; sample < 5; sample++) {
		fixture_generate(&f[0], 1, sample);
		fixture_generate(&f[1], 1, sample);
		for (int i = 0; i < 256; i++)
			error = fmax(error, fabs(last_frame(&f[0], 0)[i] - last_frame(&f[1], 0)[i]));
	}
	ck_assert_msg(error < 2e-3, "%g", error);
	fixture_free(&f[0]);
	fixture_free(&f[1]);
}
END_TEST

/* ---- Fisher -------------------------------------------------------------------------------------- */

START_TEST(fisher_grows_logistically)
{
	static const char *const nu[] = { "0", "1e-12" }; /* what diffuses into a zero grows e^10 times */

	for (int k = 0; k < 2; k++) {
		char config[100];
		struct fixture f;

		snprintf(config, sizeof config, "nu: %s\nrho: 10\ngrid: 64\nframes: 5\nT: 1\ncompat: true\n", nu[k]);
		f = fixture_of("reaction-diffusion", config);
		for (int64_t sample = 0; sample < 5; sample++) {
			double low = 1, high = 0;

			fixture_generate(&f, 3, sample);
			for (int frame = 0; frame <= 5; frame++)
				for (int i = 0; i < 64; i++) {
					const double u = f.field[0][i], grown = u * exp(10 * frame / 5.);

					low = fmin(low, u);
					high = fmax(high, u);
					ck_assert_double_eq_tol(f.field[0][frame * 64 + i], grown / (1 - u + grown),
								k == 0 ? 1e-13 : 1e-5);
				}
			ck_assert(low == 0 && high == 1);
		}
		fixture_free(&f);
	}
}
END_TEST

/* The travelling wave of Ablowitz and Zeppetella (1979): (1 + exp((x - c t) / w))^-2, w = sqrt(6 nu / rho),
 * c = 5 sqrt(nu rho / 6), here two of them back to back. */
static double fisher_error(int n)
{
	const double nu = 1e-3, rho = 10, width = sqrt(6 * nu / rho), speed = 5 * sqrt(nu * rho / 6), t = 0.5;
	double *start = xmalloc((size_t)n * sizeof *start), error = 0;
	char config[100];
	struct fixture f;

	snprintf(config, sizeof config, "nu: 1e-3\nrho: 10\ngrid: %d\nframes: 1\nT: 0.5\ndt: 2e-3\n", n);
	f = fixture_of("reaction-diffusion", config);
	for (int i = 0; i < n; i++)
		start[i] = pow(1 + exp((fabs((i + 0.5) / n - 0.5) - 0.25) / width), -2);
	march(&f, start);
	for (int i = 0; i < n; i++)
		error = fmax(error, fabs(last_frame(&f, 0)[i] -
					 pow(1 + exp((fabs((i + 0.5) / n - 0.5) - 0.25 - speed * t) / width), -2)));
	free(start);
	fixture_free(&f);
	return error;
}

START_TEST(fisher_travels)
{
	double coarse = fisher_error(128), fine = fisher_error(256);

	ck_assert_msg(fine < 2e-3 && fabs(log2(coarse / fine) - 2) < 0.3, "%g %g", coarse, fine);
}
END_TEST

/* ---- shallow water ------------------------------------------------------------------------------- */

START_TEST(dam_breaks_all_around)
{
	enum { N = 64 };
	static const char *const solvers[] = { "roe", "hllc" };

	for (int k = 0; k < 2; k++) {
		char config[200];
		struct fixture f;
		double before = 0, after = 0, uneven = 0;
		const double *h;
		int pairs = 0;

		snprintf(config, sizeof config, "grid: %d\nframes: 2\nboundary: wall\nsolver: %s\n", N, solvers[k]);
		f = fixture_of("shallow-water", config);
		fixture_generate(&f, 1, 0);
		h = last_frame(&f, 0);
		ck_assert(f.number[1] >= 0.3 && f.number[1] <= 0.7);
		ck_assert_double_lt(fabs(f.number[2]), 1e-13);
		for (int i = 0; i < N; i++)
			for (int j = 0; j < N; j++) {
				ck_assert_double_eq_tol(h[i * N + j], h[j * N + i], 1e-13);
				ck_assert_double_eq_tol(h[i * N + j], h[(N - 1 - i) * N + j], 1e-13);
				before += f.field[0][i * N + j];
				after += h[i * N + j];
			}
		ck_assert_double_eq_tol(after / before, 1, 1e-13);
		/* along the axis and at the same radius elsewhere, away from the jump of the grid */
		for (int i = N / 2; i < N; i++)
			for (int j = N / 2; j <= i; j++) {
				const double r = hypot(i + 0.5 - N / 2., j + 0.5 - N / 2.) - 0.5;
				const int at = (int)r;

				if (at + 1 < N / 2) {
					const double *row = h + N / 2 * N + N / 2;

					uneven += fabs(h[i * N + j] - row[at] - (r - at) * (row[at + 1] - row[at]));
					pairs++;
				}
			}
		ck_assert_msg(uneven / pairs < 0.01, "%g", uneven / pairs);
		fixture_free(&f);
	}
}
END_TEST

/* ---- compressible flow --------------------------------------------------------------------------- */

/* Relative L1 distance of density between finite volumes and the exact solution. */
static double tube_error(const char *initial, int n, const char *T)
{
	static const char form[] =
		"initial: %s\ngrid: %d\nT: %s\nframes: 1\ngamma: 1.4\nboundary: outgoing\nmethod: %s\n";
	char config[300];
	struct fixture f[2];
	double error = 0, size = 0;

	for (int k = 0; k < 2; k++) {
		snprintf(config, sizeof config, form, initial, n, T, k ? "exact" : "volume");
		f[k] = fixture_of("compressible", config);
		fixture_generate(&f[k], 0, 0);
	}
	for (int i = 0; i < n; i++) {
		error += fabs(last_frame(&f[0], 0)[i] - last_frame(&f[1], 0)[i]);
		size += last_frame(&f[1], 0)[i];
	}
	fixture_free(&f[0]);
	fixture_free(&f[1]);
	return error / size;
}

/* Toro's times. */
START_TEST(tubes_are_exact)
{
	static const struct {
		const char *name, *T;
		double bound;
	} tube[] = { { "sod", "0.2", 0.004 },	{ "sod1", "0.2", 0.006 },  { "sod2", "0.15", 0.03 },
		     { "sod3", "0.012", 0.05 }, { "sod4", "0.035", 0.03 }, { "sod5", "0.012", 0.02 },
		     { "sod6", "2", 1e-13 },	{ "sod7", "2", 0.006 } };

	for (size_t k = 0; k < sizeof tube / sizeof tube[0]; k++) {
		double coarse = tube_error(tube[k].name, 100, tube[k].T),
		       fine = tube_error(tube[k].name, 400, tube[k].T);

		ck_assert_msg(fine < tube[k].bound && (fine < 0.45 * coarse || fine < 1e-13), "%s: %g %g", tube[k].name,
			      coarse, fine);
	}
}
END_TEST

START_TEST(vortex_moves)
{
	static const char form[] =
		"dims: 2\ninitial: vortex\nlow: -5\nlength: 10\ngamma: 1.4\nT: 1\nframes: 1\ngrid: %d\n"
		"method: %s\n";
	double error[2];

	for (int level = 0; level < 2; level++) {
		struct fixture f[2];

		for (int k = 0; k < 2; k++) {
			char config[200];

			snprintf(config, sizeof config, form, 32 << level, k ? "exact" : "volume");
			f[k] = fixture_of("compressible", config);
			fixture_generate(&f[k], 0, 0);
		}
		error[level] = 0;
		for (int field = 0; field < 4; field++)
			for (int64_t i = 0; i < fixture_count(&f[0], field) / 2; i++)
				error[level] += fabs(last_frame(&f[0], field)[i] - last_frame(&f[1], field)[i]) /
						(double)fixture_count(&f[0], field);
		fixture_free(&f[0]);
		fixture_free(&f[1]);
	}
	ck_assert_msg(fabs(log2(error[0] / error[1]) - 2) < 0.4, "%g %g", error[0], error[1]);
}
END_TEST

/* Random flows between periodic ends, inviscid: what each sample says it lost. */
START_TEST(invariants_are_kept)
{
	static const char *const config[] = {
		"grid: 128\nT: 0.3\nlow: -1\nlength: 2\nwaves: 3\ncompat: true\n",
		"dims: 2\ngrid: [40, 32]\nT: 0.2\n",
		"dims: 2\ngrid: 32\nT: 0.2\ninitial: turb\nmach: 0.5\nreconstruction: weno5\nstepper: ssprk3\n",
		"dims: 3\ngrid: [12, 16, 10]\nT: 0.05\n",
		"dims: 3\ngrid: 12\nT: 0.2\ninitial: turb\nsolver: roe\n",
		"dims: 2\ngrid: 32\nT: 0.2\ninitial: ce-rp\ngamma: 1.4\n",
		"dims: 2\ngrid: 32\nT: 0.2\ninitial: ce-rpui\ngamma: 1.4\n",
	};

	for (size_t k = 0; k < sizeof config / sizeof config[0]; k++) {
		struct fixture f = fixture_of("compressible", config[k]);

		for (int64_t sample = 0; sample < 2; sample++) {
			double mass[2] = { 0 };
			const int64_t cells = fixture_count(&f, 0) / f.layout.axis[0].size;

			fixture_generate(&f, 8, sample);
			for (int n = 2; n < 5; n++)
				ck_assert_msg(fabs(f.number[n]) < 1e-13, "%s: %d: %g", config[k], n, f.number[n]);
			/* and what is stored agrees */
			for (int64_t i = 0; i < cells; i++) {
				mass[0] += f.field[0][i];
				mass[1] += last_frame(&f, 0)[i];
			}
			ck_assert_double_eq_tol(mass[1] / mass[0], 1, 1e-13);
		}
		fixture_free(&f);
	}
}
END_TEST

/* Solenoidal, of mean speed 1, sound at 1 / M; the same flow on a grid three times finer. */
START_TEST(turbulence_is_solenoidal)
{
	for (int dims = 2; dims <= 3; dims++) {
		char config[200];
		struct fixture f[2];
		struct spectral s;
		double *modes[3], speed = 0;
		const int n[2] = { 12, 36 };

		for (int k = 0; k < 2; k++) {
			snprintf(config, sizeof config,
				 "dims: %d\ngrid: %d\nT: 1e-9\nframes: 1\ninitial: turb\nmach: 0.5\n", dims, n[k]);
			f[k] = fixture_of("compressible", config);
			fixture_generate(&f[k], 4, 1);
		}
		ck_assert(spectral_init(&s, dims, (int64_t[]){ 12, 12, 12 }, NULL) == 0);
		for (int a = 0; a < dims; a++) {
			modes[a] = xaligned((size_t)(2 * s.n_modes) * sizeof(double));
			spectral_forward(&s, f[0].field[2 + a], modes[a]);
		}
		for (int64_t m = 0; m < s.n_modes; m++)
			for (int part = 0; part < 2; part++) {
				double divergence = 0;
				int64_t k[3];

				spectral_wave(&s, m, k);
				for (int a = 0; a < dims; a++)
					divergence += (double)k[a] * modes[a][2 * m + part];
				ck_assert_double_eq_tol(divergence, 0, 1e-13);
			}
		for (int64_t i = 0; i < s.n_points; i++) {
			double square = 0;

			for (int a = 0; a < dims; a++)
				square += pow(f[0].field[2 + a][i], 2);
			speed += sqrt(square) / (double)s.n_points;
			ck_assert_double_eq(f[0].field[0][i], 1);
			ck_assert_double_eq_tol(5. / 3 * f[0].field[1][i], 4, 1e-12);
		}
		ck_assert_double_eq_tol(speed, 1, 1e-12);
		for (int a = 0; a < dims; a++) {
			/* cell centre i of 12 is centre 3 i + 1 of 36; the mean speed differs a little */
			double dot[3] = { 0 };

			for (int64_t i = 0; i < s.n_points; i++) {
				int64_t at = 0, rest = i, scale = 1;

				for (int b = 0; b < dims; b++) {
					at += scale * (3 * (rest % 12) + 1);
					rest /= 12;
					scale *= 36;
				}
				dot[0] += f[0].field[2 + a][i] * f[1].field[2 + a][at];
				dot[1] += pow(f[0].field[2 + a][i], 2);
				dot[2] += pow(f[1].field[2 + a][at], 2);
			}
			ck_assert_double_eq_tol(dot[0] / sqrt(dot[1] * dot[2]), 1, 1e-12);
			free(modes[a]);
		}
		spectral_clear(&s);
		fixture_free(&f[0]);
		fixture_free(&f[1]);
	}
}
END_TEST

/* Ranges of the published families, over many samples. */
START_TEST(families_stay_in_range)
{
	static const struct {
		const char *config;
		double density[2], pressure[2], speed;
	} family[] = {
		{ "grid: 64\nlow: -1\nlength: 2\nwaves: 3\ncompat: true\n", { 1, 20 }, { 10, 200 }, 4 },
		{ "initial: shock\ngrid: 64\n", { 1, 10 }, { 10, 100 }, 0.5 },
		{ "initial: shock\ngrid: 64\ncompat: true\n", { 1, 10 }, { 10, 100 }, 1.6488 },
		{ "dims: 2\ngrid: 24\n", { 0.01, 20 }, { 1e-3, 200 }, 20 },
		{ "dims: 2\ngrid: 24\ninitial: ce-rp\n", { 0.1, 1 }, { 0.1, 1 }, 1 },
		{ "dims: 2\ngrid: 24\ninitial: ce-crp\n", { 0.1, 1 }, { 0.1, 1 }, 1 },
		{ "dims: 2\ngrid: 24\ninitial: ce-rpui\n", { 1, 3 }, { 5, 7 }, 10 },
		{ "dims: 2\ngrid: 24\ninitial: ce-kh\n", { 1, 2 }, { 2.5, 2.5 }, 0.5 },
		{ "dims: 2\ngrid: 24\ninitial: ce-rm\n", { 1, 2 }, { 1, 20 }, 0 },
		{ "dims: 2\ngrid: 24\ninitial: ce-gauss\n", { 0.1, 0.1 }, { 2.5, 2.5 }, 10 },
	};

	for (size_t k = 0; k < sizeof family / sizeof family[0]; k++) {
		double low[3] = { INFINITY, INFINITY, INFINITY }, high[3] = { 0 };
		char config[300];
		struct fixture f;

		snprintf(config, sizeof config, "%sT: 1e-12\nframes: 1\n", family[k].config);
		f = fixture_of("compressible", config);
		for (int64_t sample = 0; sample < 40; sample++) {
			fixture_generate(&f, 2, sample);
			for (int field = 0; field < f.layout.n_fields; field++)
				for (int64_t i = 0; i < fixture_count(&f, field) / 2; i++) {
					const int at = field < 2 ? field : 2;
					const double u = fabs(f.field[field][i]);

					low[at] = fmin(low[at], u);
					high[at] = fmax(high[at], u);
				}
		}
		ck_assert_msg(low[0] >= family[k].density[0] * 0.999999 && high[0] <= family[k].density[1] * 1.000001,
			      "%s: density %g %g", config, low[0], high[0]);
		ck_assert_msg(low[1] >= family[k].pressure[0] * 0.999999 && high[1] <= family[k].pressure[1] * 1.000001,
			      "%s: pressure %g %g", config, low[1], high[1]);
		ck_assert_msg(high[2] <= family[k].speed * 1.000001, "%s: speed %g", config, high[2]);
		/* and fill much of it */
		ck_assert(high[0] - low[0] >= 0.3 * (family[k].density[1] - family[k].density[0]));
		fixture_free(&f);
	}
}
END_TEST

/* Stored cells are means of the solver's: mass and energy of a frame do not depend on refine's bookkeeping. */
START_TEST(refined_frames_are_means)
{
	static const char form[] =
		"dims: 2\ngrid: [%d, %d]\nrefine: %d\nT: 0.05\nframes: 2\ninitial: ce-kh\ngamma: 1.4\n";
	struct fixture f[2];
	char config[200];

	for (int k = 0; k < 2; k++) {
		snprintf(config, sizeof config, form, k ? 36 : 12, k ? 24 : 8, k ? 1 : 3);
		f[k] = fixture_of("compressible", config);
		fixture_generate(&f[k], 4, 1);
	}
	for (int frame = 0; frame <= 2; frame++)
		for (int i = 0; i < 12; i++)
			for (int j = 0; j < 8; j++) {
				const int at = frame * 96 + i * 8 + j;
				double mass = 0, momentum = 0;

				for (int a = 0; a < 9; a++) {
					const int fine = frame * 36 * 24 + (3 * i + a / 3) * 24 + 3 * j + a % 3;

					mass += f[1].field[0][fine] / 9;
					momentum += f[1].field[0][fine] * f[1].field[3][fine] / 9;
				}
				ck_assert_double_eq_tol(f[0].field[0][at], mass, 1e-12);
				ck_assert_double_eq_tol(f[0].field[0][at] * f[0].field[3][at], momentum, 1e-12);
			}
	fixture_free(&f[0]);
	fixture_free(&f[1]);
}
END_TEST

START_TEST(refuses)
{
	struct fixture f = fixture_of("compressible", "grid: 8\nframes: 1\n");
	double q[24];
	const double *in[3] = { q, q + 8, q + 16 };
	struct err e = { 0 };

	for (int i = 0; i < 24; i++)
		q[i] = i == 13 ? -3 : 1;
	ck_assert_int_eq(f.problem->march(f.config, f.work, 6, in, f.field, f.number, &e), -1);
	ck_assert_msg(strstr(e.message, "sample 6: pressure is -3") && strstr(e.message, "in cell (5) at t = 0"), "%s",
		      e.message);
	fixture_free(&f);
	fixture_refuse("compressible", "initial: turb\n", "dims: initial turb needs 2 to 3 dimensions");
	fixture_refuse("compressible", "dims: 2\ngrid: 8\n", "grid: 8 cells cannot hold 4 waves");
	fixture_refuse("compressible", "dims: 2\ngrid: [8, 8, 8]\n", "grid: 3 numbers for 2 dimensions");
	fixture_refuse("compressible", "density: [3]\n", "density: two numbers");
	fixture_refuse("compressible", "method: exact\n", "method: exact solutions exist for");
	fixture_refuse("compressible", "method: exact\ninitial: sod\neta: 0.1\n", "inviscid");
	fixture_refuse("shallow-water", "radius: [0.7, 0.3]\n", "radius: two numbers");
	fixture_refuse("reaction-diffusion", "dt: 0\n", "dt");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("flows");
	TCase *t = tcase_create("conservation laws");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, burgers_is_cole_hopf);
	tcase_add_test(t, exact_burgers_is_the_series);
	tcase_add_test(t, fisher_grows_logistically);
	tcase_add_test(t, fisher_travels);
	tcase_add_test(t, dam_breaks_all_around);
	tcase_add_test(t, tubes_are_exact);
	tcase_add_test(t, vortex_moves);
	tcase_add_test(t, invariants_are_kept);
	tcase_add_test(t, turbulence_is_solenoidal);
	tcase_add_test(t, families_stay_in_range);
	tcase_add_test(t, refined_frames_are_means);
	tcase_add_test(t, refuses);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
