/* test_incompressible.c: incompressible flow against closed forms, published figures, and its invariants. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture.h"
#include "problem/projection.h"

static struct projection_setup box(int64_t nx, int64_t ny, enum projection_side x, enum projection_side y)
{
	return (struct projection_setup){ .size = { nx, ny }, .length = { 1, 1 }, .side = { x, y }, .cfl = 0.5 };
}

static struct projection *new_flow(const struct projection_setup *s)
{
	struct err e = { 0 };
	struct projection *p = projection_new(s, &e);

	ck_assert_msg(p != NULL, "%s", e.message);
	return p;
}

static void start(struct projection *p, const struct projection_flow *f, const double *velocity, const double *density,
		  const double *force)
{
	struct err e = { 0 };

	ck_assert_msg(projection_start(p, f, velocity, true, density, force, &e) == 0, "%s", e.message);
}

static void advance(struct projection *p, double t)
{
	struct err e = { 0 };

	ck_assert_msg(projection_advance(p, t, &e) == 0, "%s", e.message);
	ck_assert_msg(projection_divergence(p) < 1e-10, "divergence %g", projection_divergence(p));
}

static double *pair_of(int64_t nx, int64_t ny, double (*f)(int component, double x, double y))
{
	double *a = xmalloc((size_t)(2 * nx * ny) * sizeof *a);

	for (int k = 0; k < 2; k++)
		for (int64_t i = 0; i < nx; i++)
			for (int64_t j = 0; j < ny; j++)
				a[(k * nx + i) * ny + j] =
					f(k, ((double)i + 0.5) / (double)nx, ((double)j + 0.5) / (double)ny);
	return a;
}

static double distance(int64_t n, const double *a, const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sqrt(sum / (double)n);
}

/* ---- closed forms -------------------------------------------------------------------------------- */

static double vortices(int k, double x, double y)
{
	const double w = 2 * M_PI;

	return k == 0 ? sin(w * x) * cos(w * y) : -cos(w * x) * sin(w * y);
}

/* The same on a torus, moved by a wind: the wind carries the vortices along. */
static double windy_vortices(int k, double x, double y)
{
	return (k == 0 ? 1 : 0.5) + vortices(k, x, y);
}

/* Taylor's vortices decay as exp(-8 pi^2 nu t) (Taylor, Green 1937); pressure (cos 2wx + cos 2wy) exp(-16 pi^2 nu t) /
 * 4. */
static double vortex_error(int64_t nx, int64_t ny, enum projection_side side, bool wind, double *pressure_error)
{
	const double nu = 0.01, t = 0.5, decay = exp(-8 * M_PI * M_PI * nu * t);
	const struct projection_setup s = box(nx, ny, side, side);
	const struct projection_flow f = { .viscosity = nu };
	double *initial = pair_of(nx, ny, wind ? windy_vortices : vortices);
	double *end = xmalloc((size_t)(2 * nx * ny) * sizeof *end), *p = xmalloc((size_t)(nx * ny) * sizeof *p),
	       error = 0;
	struct projection *flow = new_flow(&s);

	start(flow, &f, initial, NULL, NULL);
	advance(flow, t);
	projection_velocity(flow, end);
	projection_pressure(flow, p);
	*pressure_error = 0;
	for (int64_t i = 0; i < nx; i++)
		for (int64_t j = 0; j < ny; j++) {
			const double x = ((double)i + 0.5) / (double)nx - (wind ? t : 0);
			const double y = ((double)j + 0.5) / (double)ny - (wind ? 0.5 * t : 0);
			const double w = 4 * M_PI, q = 0.25 * decay * decay * (cos(w * x) + cos(w * y));

			for (int k = 0; k < 2; k++)
				error += pow(end[(k * nx + i) * ny + j] - decay * vortices(k, x, y) -
						     (wind ? k ? 0.5 : 1 : 0),
					     2);
			*pressure_error = fmax(*pressure_error, fabs(p[i * ny + j] - q));
		}
	free(initial);
	free(end);
	free(p);
	projection_free(flow);
	return sqrt(error / (double)(2 * nx * ny));
}

START_TEST(taylor_green_has_order_two)
{
	static const enum projection_side side[] = { PROJECTION_PERIODIC, PROJECTION_SLIP, PROJECTION_PERIODIC };
	double p[3];

	for (int k = 0; k < 3; k++) {
		const double coarse = vortex_error(16, 24, side[k], k == 2, &p[0]);
		const double fine = vortex_error(32, 48, side[k], k == 2, &p[1]);
		const double finest = vortex_error(64, 96, side[k], k == 2, &p[2]);

		ck_assert_msg(finest < 2e-3, "case %d: error %g", k, finest);
		ck_assert_msg(fabs(log2(fine / finest) - 2) < 0.1, "case %d: %g %g %g", k, coarse, fine, finest);
		ck_assert_msg(fabs(log2(p[1] / p[2]) - 2) < 0.2, "case %d: pressure %g %g %g", k, p[0], p[1], p[2]);
	}
}
END_TEST

static double across_x(int k, double x, double y)
{
	(void)x;
	return k == 0 ? sin(M_PI * y) : 0;
}

static double one_along_x(int k, double x, double y)
{
	(void)x;
	(void)y;
	return k == 0 ? 1 : 0;
}

/* Channels along x between two walls: Stokes' mode sin(pi y) decays with the eigenvalue of three points, Poiseuille's
 * parabola f y (1 - y) / (2 nu) and Couette's line are exact but for the ghost value, f h^2 / (8 nu). */
START_TEST(channels)
{
	enum { X = 4, N = 20 };
	const struct projection_setup s = box(X, N, PROJECTION_PERIODIC, PROJECTION_WALL);
	const double nu = 0.1, h = 1. / N, rate = nu * pow(2 * sin(M_PI * h / 2) / h, 2);
	struct projection_flow f = { .viscosity = nu };
	struct projection *p = new_flow(&s);
	double *mode = pair_of(X, N, across_x), *force = pair_of(X, N, one_along_x), end[2 * X * N];

	start(p, &f, mode, NULL, NULL);
	advance(p, 2);
	projection_velocity(p, end);
	for (int k = 0; k < X * N; k++)
		ck_assert_double_eq_tol(end[k], exp(-2 * rate) * mode[k], 1e-5);
	start(p, &f, NULL, NULL, force);
	advance(p, 30);
	projection_velocity(p, end);
	for (int k = 0; k < X * N; k++) {
		const double y = (k % N + 0.5) * h;

		ck_assert_double_eq_tol(end[k], (y * (1 - y) / 2 + h * h / 8) / nu, 1e-9);
	}
	f.lid = 1;
	start(p, &f, NULL, NULL, NULL);
	advance(p, 30);
	projection_velocity(p, end);
	for (int k = 0; k < 2 * X * N; k++)
		ck_assert_double_eq_tol(end[k], k < X * N ? (k % N + 0.5) * h : 0, 1e-9);
	free(mode);
	free(force);
	projection_free(p);
}
END_TEST

/* Ghia, Ghia, Shin, J. Comput. Phys. 48 (1982), table I and II, Re = 100: on the vertical line through the centre u is
 * -0.21090 at y = 0.4531, on the horizontal one v is 0.17527 at x = 0.2344 and -0.24533 at x = 0.8047. */
START_TEST(cavity_is_ghia)
{
	enum { N = 32 };
	const struct projection_setup s = box(N, N, PROJECTION_WALL, PROJECTION_WALL);
	const struct projection_flow f = { .viscosity = 0.01, .lid = 1 };
	struct projection *p = new_flow(&s);
	double end[2 * N * N], later[2 * N * N], least = 0, at = 0, up = 0, down = 0;

	start(p, &f, NULL, NULL, NULL);
	advance(p, 15);
	projection_velocity(p, end);
	for (int j = 0; j < N; j++) {
		const double u = 0.5 * (end[(N / 2 - 1) * N + j] + end[N / 2 * N + j]);
		const double v = 0.5 * (end[(N + j) * N + N / 2 - 1] + end[(N + j) * N + N / 2]);

		if (u < least) {
			least = u;
			at = (j + 0.5) / N;
		}
		up = fmax(up, v);
		down = fmin(down, v);
	}
	ck_assert_msg(fabs(least + 0.2109) < 0.03 * 0.2109 && fabs(at - 0.4531) < 1. / N, "u %g at %g", least, at);
	ck_assert_msg(fabs(up - 0.17527) < 0.03 * 0.17527 && fabs(down + 0.24533) < 0.03 * 0.24533, "v %g %g", up,
		      down);
	advance(p, 16);
	projection_velocity(p, later);
	ck_assert_msg(distance((int64_t)2 * N * N, end, later) < 1e-4, "not steady: %g",
		      distance((int64_t)2 * N * N, end, later));
	projection_free(p);
}
END_TEST

/* A plug flows into a tube of four widths at Re = 20 and leaves as a parabola. */
START_TEST(tube_ends_in_a_parabola)
{
	enum { X = 64, N = 16 };
	struct projection_setup s = box(X, N, PROJECTION_THROUGH, PROJECTION_WALL);
	const struct projection_flow f = { .viscosity = 0.05, .inlet = 1 };
	struct projection *p;
	double end[2 * X * N], flux[2] = { 0 };

	s.length[0] = 4;
	p = new_flow(&s);
	start(p, &f, NULL, NULL, NULL);
	advance(p, 12);
	projection_velocity(p, end);
	for (int j = 0; j < N; j++) {
		const double y = (j + 0.5) / N;

		ck_assert_msg(fabs(end[(X - 1) * N + j] - 6 * y * (1 - y)) < 0.02 * 1.5, "%g: %g", y,
			      end[(X - 1) * N + j]);
		flux[0] += end[j] / N;
		flux[1] += end[(X - 1) * N + j] / N;
	}
	ck_assert_double_eq_tol(flux[0], 1, 1e-12);
	ck_assert_double_eq_tol(flux[1], 1, 1e-12);
	projection_free(p);
}
END_TEST

/* Steps halved twice: differences fall by eight. */
START_TEST(steps_have_order_three)
{
	enum { N = 16 };
	const struct projection_flow f = { .viscosity = 0.01, .lid = 1 };
	double *pair = pair_of(N, N, vortices), *force = pair_of(N, N, across_x), end[3][2 * N * N], coarse, fine;

	for (int k = 0; k < 3; k++) {
		struct projection_setup s = box(N, N, PROJECTION_PERIODIC, PROJECTION_WALL);
		struct projection *p;

		s.step = 0.02 / (1 << k);
		p = new_flow(&s);
		start(p, &f, pair, NULL, force);
		advance(p, 0.4);
		ck_assert_int_eq(projection_steps(p), 20 << k);
		projection_velocity(p, end[k]);
		projection_free(p);
	}
	coarse = distance((int64_t)2 * N * N, end[0], end[1]);
	fine = distance((int64_t)2 * N * N, end[1], end[2]);
	ck_assert_msg(fabs(log2(coarse / fine) - 3) < 0.25, "%g %g: order %g", coarse, fine, log2(coarse / fine));
	free(pair);
	free(force);
}
END_TEST

/* ---- invariants ---------------------------------------------------------------------------------- */

static double eddies(int k, double x, double y)
{
	const double a = sin(M_PI * x), b = sin(M_PI * y), c = sin(2 * M_PI * x), d = sin(2 * M_PI * y);

	return k == 0 ? a * a * d + 0.5 * c * c * sin(4 * M_PI * y) : -b * b * c - 0.5 * d * d * sin(4 * M_PI * x);
}

static double energy(int64_t n, const double *pair)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += 0.5 * pair[i] * pair[i] / (0.5 * (double)n);
	return sum;
}

/* Integral of |grad u|^2 over an N x N box, zero on its sides. */
static double roughness(int64_t n, const double *pair)
{
	double sum = 0;

	for (int64_t k = 0; k < 2 * n; k++) {
		const double *a = pair + k / n * n * n; /* lines k % n along both axes */

		for (int64_t i = 0; i <= n; i++)
			for (int axis = 0; axis < 2; axis++) {
				const int64_t step = axis == 0 ? n : 1, line = k % n * (axis == 0 ? 1 : n);
				const double low = i > 0 ? a[line + (i - 1) * step] : -a[line];
				const double high = i < n ? a[line + i * step] : -a[line + (n - 1) * step];

				sum += (high - low) * (high - low) * (i % n ? 1 : 0.5);
			}
	}
	return sum;
}

START_TEST(energy_falls_by_viscosity)
{
	enum { N = 48, TIMES = 20 };
	const struct projection_setup s = box(N, N, PROJECTION_WALL, PROJECTION_WALL);
	const struct projection_flow f = { .viscosity = 0.01 };
	double *pair = pair_of(N, N, eddies), before = INFINITY, lost = 0, rough = 0;
	struct projection *p = new_flow(&s);

	start(p, &f, pair, NULL, NULL);
	for (int k = 0; k <= TIMES; k++) {
		advance(p, 0.02 * k);
		projection_velocity(p, pair);
		ck_assert_double_lt(energy((int64_t)2 * N * N, pair), before);
		lost += k ? before - energy((int64_t)2 * N * N, pair) : 0;
		rough += 0.02 * roughness(N, pair) * (k % TIMES ? 1 : 0.5);
		before = energy((int64_t)2 * N * N, pair);
	}
	ck_assert_msg(fabs(lost / (0.01 * rough) - 1) < 0.005, "lost %g, viscosity takes %g", lost, 0.01 * rough);
	free(pair);
	projection_free(p);
}
END_TEST

/* Without viscosity central fluxes keep the energy of the faces; that of the cells differs with order two. */
START_TEST(energy_stays_without_viscosity)
{
	enum { N = 32 };
	const struct projection_setup s = box(N, N, PROJECTION_SLIP, PROJECTION_SLIP);
	const struct projection_flow f = { 0 };
	double *pair = pair_of(N, N, eddies), first;
	struct projection *p = new_flow(&s);

	start(p, &f, pair, NULL, NULL);
	projection_velocity(p, pair);
	first = energy((int64_t)2 * N * N, pair);
	advance(p, 0.25);
	projection_velocity(p, pair);
	ck_assert_double_eq_tol(energy((int64_t)2 * N * N, pair) / first, 1, 1e-3);
	free(pair);
	projection_free(p);
}
END_TEST

/* A density between 0 and 1 stays there, and its integral stays; the still fluid leaves it alone to the bit. */
START_TEST(density_is_kept)
{
	enum { N = 32 };
	static const enum projection_side side[] = { PROJECTION_WALL, PROJECTION_SLIP, PROJECTION_PERIODIC };
	const struct projection_flow f = { .viscosity = 1e-3 };
	double *velocity = pair_of(N, N, eddies), q[N * N], end[N * N];

	for (int i = 0; i < N * N; i++)
		q[i] = i / N > N / 3 && i % N > N / 2 ? 1 : 0;
	for (int k = 0; k < 3; k++) {
		struct projection_setup s = box(N, N, side[k], side[k]);
		struct projection *p;

		s.density = true;
		p = new_flow(&s);
		start(p, &f, velocity, q, NULL);
		advance(p, 1);
		projection_density(p, end);
		ck_assert_double_lt(fabs(projection_drift(p)), 1e-12);
		ck_assert_double_gt(distance((int64_t)N * N, q, end), 0.1);
		for (int i = 0; i < N * N; i++)
			ck_assert_msg(end[i] > -1e-10 && end[i] < 1 + 1e-10, "case %d: %g", k, end[i]);
		start(p, &f, NULL, q, NULL);
		advance(p, 1);
		projection_density(p, end);
		ck_assert_mem_eq(q, end, sizeof q);
		projection_free(p);
	}
	free(velocity);
}
END_TEST

static double gradient(int k, double x, double y)
{
	return k == 0 ? 2 * M_PI * cos(2 * M_PI * x) * cos(M_PI * y) : -M_PI * sin(2 * M_PI * x) * sin(M_PI * y);
}

/* A force that is a gradient moves nothing: pressure takes it up. */
START_TEST(gradients_do_nothing)
{
	enum { N = 24 };
	const struct projection_setup s = box(N, N, PROJECTION_WALL, PROJECTION_WALL);
	const struct projection_flow f = { .viscosity = 0.01 };
	double *force = pair_of(N, N, gradient), end[2 * N * N];
	struct projection *p = new_flow(&s);

	start(p, &f, force, NULL, NULL);
	projection_velocity(p, end);
	ck_assert_double_lt(sqrt(energy((int64_t)2 * N * N, end)), 0.01); /* of 3.5, by the means to faces */
	start(p, &f, NULL, NULL, force);
	advance(p, 0.5);
	projection_velocity(p, end);
	ck_assert_double_lt(sqrt(energy((int64_t)2 * N * N, end)), 0.005);
	free(force);
	projection_free(p);
}
END_TEST

/* Cell values give back the faces they come from: marching from a frame goes on as if it had not stopped. */
START_TEST(goes_on_from_a_frame)
{
	static const enum projection_side side[][2] = { { PROJECTION_WALL, PROJECTION_SLIP },
							{ PROJECTION_PERIODIC, PROJECTION_WALL },
							{ PROJECTION_PERIODIC, PROJECTION_PERIODIC },
							{ PROJECTION_THROUGH, PROJECTION_WALL } };

	for (int k = 0; k < 4; k++)
		for (int64_t n = 11; n < 13; n++) {
			const struct projection_setup s = box(n, n + 3, side[k][0], side[k][1]);
			const struct projection_flow f = { .viscosity = 0.01, .inlet = k == 3 ? 0.5 : 0 };
			double *pair = pair_of(n, n + 3, eddies), end[2][2 * 12 * 15];
			struct projection *p = new_flow(&s);
			struct err e = { 0 };

			start(p, &f, pair, NULL, NULL);
			advance(p, 0.1);
			projection_velocity(p, pair);
			advance(p, 0.2);
			projection_velocity(p, end[0]);
			ck_assert(projection_start(p, &f, pair, false, NULL, NULL, &e) == 0);
			advance(p, 0.1);
			projection_velocity(p, end[1]);
			/* periodic axes lose their waves of two cells */
			ck_assert_msg(distance(2 * n * (n + 3), end[0], end[1]) <
					      (side[k][0] == PROJECTION_PERIODIC ? 1e-4 : 1e-11),
				      "case %d of %d: %g", k, (int)n, distance(2 * n * (n + 3), end[0], end[1]));
			free(pair);
			projection_free(p);
		}
}
END_TEST

/* ---- the problem --------------------------------------------------------------------------------- */

/* Noise of one standard deviation, without mean and without the long waves that do not pass. */
START_TEST(force_is_noise)
{
	struct fixture f = fixture_of("incompressible", "grid: 32\nframes: 1\nT: 0.01\n");
	const double *force;

	ck_assert_str_eq(f.layout.field[2].name, "force");
	for (int64_t sample = 0; sample < 3; sample++) {
		fixture_generate(&f, 3, sample);
		force = f.field[2];
		for (int k = 0; k < 2; k++) {
			double sum = 0, square = 0, wave[3] = { 0 };

			for (int i = 0; i < 32 * 32; i++) {
				const double v = force[k * 32 * 32 + i];

				sum += v / (32 * 32);
				square += v * v / (32 * 32);
				wave[0] += v * cos(2 * M_PI * 2 * (i % 32) / 32.) / (32 * 32); /* (0, 2): 0.3 */
				wave[1] += v * cos(2 * M_PI * (2 * (i % 32) + i / 32) / 32.) / (32 * 32); /* (1, 2) */
				wave[2] += v * sin(2 * M_PI * (2 * (i % 32) + i / 32) / 32.) / (32 * 32);
			}
			ck_assert_double_lt(fabs(sum), 1e-12);
			ck_assert_double_eq_tol(square, 1, 1e-12);
			ck_assert_double_lt(fabs(wave[0]), 1e-12);
			ck_assert_double_gt(hypot(wave[1], wave[2]), 1e-2);
		}
		ck_assert_double_lt(f.number[1], 1e-10);
		ck_assert_double_lt(fabs(f.number[2]), 1e-12);
	}
	fixture_free(&f);
}
END_TEST

START_TEST(draws_and_refuses)
{
	struct fixture f = fixture_of("incompressible", "grid: 8\ninitial: rest\nforcing: 0\nparticles: false\n"
							"lid: [1, 3]\nnu: [0.1, 0.2]\nT: 0.1\nframes: 1\n");
	const double *in[1];
	struct err e = { 0 };

	fixture_generate(&f, 1, 0);
	ck_assert(f.number[4] > 1 && f.number[4] < 3 && f.number[3] > 0.1 && f.number[3] < 0.2);
	in[0] = f.field[0];
	ck_assert(f.problem->march(f.config, f.work, 0, in, f.field, f.number, &e) != 0);
	ck_assert_msg(strstr(e.message, "nu: marching needs one number"), "%s", e.message);
	fixture_free(&f);
	fixture_refuse("incompressible", "lid: 1\ny: slip\n", "lid: only a wall moves");
	fixture_refuse("incompressible", "inlet: 1\n", "inlet: x=wall");
	fixture_refuse("incompressible", "y: through\n", "y: flow runs");
	fixture_refuse("incompressible", "y: periodic\n", "y: periodic ends");
	fixture_refuse("incompressible", "weighted: true\nparticles: false\n", "weighted:");
	fixture_refuse("incompressible", "force_scale: 0.001\n", "force_scale: 0.001 passes no wave");
	fixture_refuse("incompressible", "nu: [2, 1]\n", "nu: the lower");
	fixture_refuse("incompressible", "grid: [8, 8, 8]\n", "grid: one number or two");
}
END_TEST

/* Steps that are too long, and values that are no numbers, end with one line. */
START_TEST(says_what_is_wrong)
{
	struct fixture f = fixture_of("incompressible", "grid: 16\ndt: 0.1\nforcing: 0\nparticles: false\n");
	double bad[2 * 16 * 16] = { NAN };
	const double *in[] = { bad };
	struct err e = { 0 };

	ck_assert(f.problem->generate(f.config, f.work, 1, 7, f.field, f.number, &e) != 0);
	ck_assert_msg(strstr(e.message, "sample 7: dt 0.1 is too long at t = 0: "), "%s", e.message);
	ck_assert(f.problem->march(f.config, f.work, 2, in, f.field, f.number, &e) != 0);
	ck_assert_msg(strcmp(e.message, "sample 2: velocity is nan at t = 0") == 0, "%s", e.message);
	fixture_free(&f);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("incompressible");
	TCase *c = tcase_create("incompressible");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, taylor_green_has_order_two);
	tcase_add_test(c, channels);
	tcase_add_test(c, steps_have_order_three);
	tcase_add_test(c, cavity_is_ghia);
	tcase_add_test(c, tube_ends_in_a_parabola);
	tcase_add_test(c, energy_falls_by_viscosity);
	tcase_add_test(c, energy_stays_without_viscosity);
	tcase_add_test(c, density_is_kept);
	tcase_add_test(c, gradients_do_nothing);
	tcase_add_test(c, goes_on_from_a_frame);
	tcase_add_test(c, force_is_noise);
	tcase_add_test(c, draws_and_refuses);
	tcase_add_test(c, says_what_is_wrong);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
