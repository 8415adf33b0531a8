/* ode.c: classical systems of ordinary differential equations, as one table of right-hand sides and laws of initial
 * states, marched by Dormand-Prince 5(4) with error control. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "integ/integ.h"
#include "problem/axes.h"
#include "problem/problem.h"

struct ode {
	/* of every system */
	double T, rtol, atol, warmup;
	int64_t frames;
	/* parameters: each system reads its own */
	double sigma, rho, beta, forcing, alpha, delta, gamma, gravity, length, damping, mu, spread;
	int64_t n;
};

enum { CHANNELS_MAX = 1024 };

struct system {
	const char *stream; /* purpose of the random numbers */
	int64_t (*channels)(const struct ode *c);
	integ_rhs rhs;
	void (*draw)(const struct ode *c, struct rng r, double *y);
	void (*parameters)(const struct ode *c, struct layout *l);
};

static int64_t channels_2(const struct ode *c)
{
	(void)c;
	return 2;
}

static int64_t channels_3(const struct ode *c)
{
	(void)c;
	return 3;
}

static int64_t channels_4(const struct ode *c)
{
	(void)c;
	return 4;
}

static int64_t channels_n(const struct ode *c)
{
	return c->n;
}

/* ---- Lorenz 1963 --------------------------------------------------------------------------------- */

static int lorenz63_rhs(void *context, double t, const double *y, double *dydt)
{
	const struct ode *c = context;

	(void)t;
	dydt[0] = c->sigma * (y[1] - y[0]);
	dydt[1] = y[0] * (c->rho - y[2]) - y[1];
	dydt[2] = y[0] * y[1] - c->beta * y[2];
	return 0;
}

static void lorenz63_draw(const struct ode *c, struct rng r, double *y)
{
	for (int i = 0; i < 3; i++)
		y[i] = c->spread * rng_normal_at(r, (uint64_t)i);
	y[2] += c->rho - 1;
}

static void lorenz63_parameters(const struct ode *c, struct layout *l)
{
	layout_add_param(l, "sigma", c->sigma);
	layout_add_param(l, "rho", c->rho);
	layout_add_param(l, "beta", c->beta);
}

/* ---- Lorenz 1996 --------------------------------------------------------------------------------- */

static int lorenz96_rhs(void *context, double t, const double *y, double *dydt)
{
	const struct ode *c = context;
	const int64_t n = c->n;

	(void)t;
	for (int64_t i = 0; i < n; i++) {
		int64_t next = i + 1 < n ? i + 1 : 0, before = i > 0 ? i - 1 : n - 1,
			before2 = before > 0 ? before - 1 : n - 1;

		dydt[i] = (y[next] - y[before2]) * y[before] - y[i] + c->forcing;
	}
	return 0;
}

static void lorenz96_draw(const struct ode *c, struct rng r, double *y)
{
	rng_normal(r, 0, (size_t)c->n, y);
	for (int64_t i = 0; i < c->n; i++)
		y[i] = c->forcing + c->spread * y[i];
}

static void lorenz96_parameters(const struct ode *c, struct layout *l)
{
	layout_add_param(l, "forcing", c->forcing);
}

/* ---- Lotka-Volterra ------------------------------------------------------------------------------ */

static int lotka_volterra_rhs(void *context, double t, const double *y, double *dydt)
{
	const struct ode *c = context;

	(void)t;
	dydt[0] = c->alpha * y[0] - c->beta * y[0] * y[1];
	dydt[1] = c->delta * y[0] * y[1] - c->gamma * y[1];
	return 0;
}

static void lotka_volterra_draw(const struct ode *c, struct rng r, double *y)
{
	/* Positive: the fixed point (gamma/delta, alpha/beta) times exp(U(-spread, spread)). */
	y[0] = c->gamma / c->delta * exp(c->spread * (2 * rng_uniform_at(r, 0) - 1));
	y[1] = c->alpha / c->beta * exp(c->spread * (2 * rng_uniform_at(r, 1) - 1));
}

static void lotka_volterra_parameters(const struct ode *c, struct layout *l)
{
	layout_add_param(l, "alpha", c->alpha);
	layout_add_param(l, "beta", c->beta);
	layout_add_param(l, "delta", c->delta);
	layout_add_param(l, "gamma", c->gamma);
}

/* ---- pendulum ------------------------------------------------------------------------------------ */

static int pendulum_rhs(void *context, double t, const double *y, double *dydt)
{
	const struct ode *c = context;

	(void)t;
	dydt[0] = y[1];
	dydt[1] = -c->gravity / c->length * sin(y[0]) - c->damping * y[1];
	return 0;
}

static void angles_draw(const struct ode *c, struct rng r, double *y)
{
	y[0] = c->spread * (2 * rng_uniform_at(r, 0) - 1);
	y[1] = c->spread * (2 * rng_uniform_at(r, 1) - 1);
}

static void pendulum_parameters(const struct ode *c, struct layout *l)
{
	layout_add_param(l, "gravity", c->gravity);
	layout_add_param(l, "length", c->length);
	layout_add_param(l, "damping", c->damping);
}

/* ---- double pendulum: equal masses 1 and equal lengths, state (angle 1, angle 2, rate 1, rate 2) ---- */

static int double_pendulum_rhs(void *context, double t, const double *y, double *dydt)
{
	const struct ode *c = context;
	const double d = y[0] - y[1], s = sin(d), k = cos(d), g = c->gravity / c->length;
	/* 2 w1' + k w2' = -s w2^2 - 2 g sin(a1);  k w1' + w2' = s w1^2 - g sin(a2) */
	const double p = -s * y[3] * y[3] - 2 * g * sin(y[0]), q = s * y[2] * y[2] - g * sin(y[1]);

	(void)t;
	dydt[0] = y[2];
	dydt[1] = y[3];
	dydt[2] = (p - k * q) / (2 - k * k);
	dydt[3] = (2 * q - k * p) / (2 - k * k);
	return 0;
}

static void double_pendulum_draw(const struct ode *c, struct rng r, double *y)
{
	angles_draw(c, r, y);
	y[2] = y[3] = 0;
}

static void double_pendulum_parameters(const struct ode *c, struct layout *l)
{
	layout_add_param(l, "gravity", c->gravity);
	layout_add_param(l, "length", c->length);
}

/* ---- van der Pol --------------------------------------------------------------------------------- */

static int van_der_pol_rhs(void *context, double t, const double *y, double *dydt)
{
	const struct ode *c = context;

	(void)t;
	dydt[0] = y[1];
	dydt[1] = c->mu * (1 - y[0] * y[0]) * y[1] - y[0];
	return 0;
}

static void van_der_pol_parameters(const struct ode *c, struct layout *l)
{
	layout_add_param(l, "mu", c->mu);
}

/* ---- what all systems share ---------------------------------------------------------------------- */

static void ode_layout(const struct system *s, const struct ode *c, struct layout *l)
{
	int axis[2];

	axis[0] = problem_time_axis(l, c->frames, c->T);
	axis[1] = layout_add_axis(l, "channel", AXIS_CHANNEL, s->channels(c), NULL, false, 0);
	layout_add_field(l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, axis);
	s->parameters(c, l);
}

static void ode_numbers(const void *config, struct problem_numbers *n)
{
	(void)config;
	*n = (struct problem_numbers){ 3, { "evaluations", "accepted", "rejected" } };
}

static int ode_march(const struct system *s, const struct ode *c, int64_t sample, const double *y0, double *u,
		     double *number, struct err *e)
{
	struct ode copy = *c;
	const struct integ_tolerance tol = { .rtol = c->rtol, .atol = c->atol };
	struct integ_counts counts;
	double *t = xmalloc((size_t)(c->frames + 1) * sizeof *t);
	int status;

	for (int64_t k = 0; k <= c->frames; k++)
		t[k] = c->T * ((double)k / (double)c->frames);
	status = integ_adaptive(tableau_find("dopri5"), s->rhs, &copy, s->channels(c), y0, c->frames + 1, t, &tol, u,
				&counts, e);
	free(t);
	if (status != 0)
		return problem_sample_error(e, sample);
	number[0] = (double)counts.evaluations;
	number[1] = (double)counts.accepted;
	number[2] = (double)counts.rejected;
	return 0;
}

static int ode_generate(const struct system *s, const struct ode *c, uint64_t seed, int64_t sample, double *u,
			double *number, struct err *e)
{
	struct ode copy = *c;
	const struct integ_tolerance tol = { .rtol = c->rtol, .atol = c->atol };
	const double span[2] = { 0, c->warmup };
	const int64_t n = s->channels(c);
	double start[2 * CHANNELS_MAX], *y = start;

	s->draw(c, rng_stream(seed, s->stream, 0, (uint64_t)sample), start);
	if (c->warmup > 0) {
		if (integ_adaptive(tableau_find("dopri5"), s->rhs, &copy, n, start, 2, span, &tol, u, NULL, e) != 0)
			return problem_sample_error(e, sample);
		y = start + n;
		for (int64_t i = 0; i < n; i++)
			y[i] = u[n + i];
	}
	return ode_march(s, c, sample, y, u, number, e);
}

/* A class function gets the configuration alone, so each system has wrappers that name it. */
#define ODE_SYSTEM(id, n_channels, draw_law)                                                                           \
	static const struct system id##_system = { #id, n_channels, id##_rhs, draw_law, id##_parameters };             \
	static void id##_layout(const void *config, struct layout *l)                                                  \
	{                                                                                                              \
		ode_layout(&id##_system, config, l);                                                                   \
	}                                                                                                              \
	static int id##_generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field,  \
				 double *number, struct err *e)                                                        \
	{                                                                                                              \
		(void)work;                                                                                            \
		return ode_generate(&id##_system, config, seed, sample, field[0], number, e);                          \
	}                                                                                                              \
	static int id##_march(const void *config, void *work, int64_t sample, const double *const *in,                 \
			      double *const *field, double *number, struct err *e)                                     \
	{                                                                                                              \
		(void)work;                                                                                            \
		return ode_march(&id##_system, config, sample, in[0], field[0], number, e);                            \
	}

ODE_SYSTEM(lorenz63, channels_3, lorenz63_draw)
ODE_SYSTEM(lorenz96, channels_n, lorenz96_draw)
ODE_SYSTEM(lotka_volterra, channels_2, lotka_volterra_draw)
ODE_SYSTEM(pendulum, channels_2, angles_draw)
ODE_SYSTEM(double_pendulum, channels_4, double_pendulum_draw)
ODE_SYSTEM(van_der_pol, channels_2, angles_draw)

#define ODE_KEYS(T_default, frames_default, warmup_default)                                                            \
	KEY_REAL(struct ode, T, T_default, 1e-12, 1e12, "end time"),                                                   \
		KEY_INT(struct ode, frames, frames_default, 1, 1e8, "saved intervals: frames + 1 states"),             \
		KEY_REAL(struct ode, rtol, "1e-8", 1e-14, 1, "relative tolerance of a step"),                          \
		KEY_REAL(struct ode, atol, "1e-8", 1e-14, 1, "absolute tolerance of a step"),                          \
		KEY_REAL(struct ode, warmup, warmup_default, 0, 1e12, "time marched before the first frame")

static const struct key lorenz63_keys[] = {
	ODE_KEYS("10", "500", "10"),
	KEY_REAL(struct ode, sigma, "10", -1e6, 1e6, "Prandtl number"),
	KEY_REAL(struct ode, rho, "28", -1e6, 1e6, "Rayleigh number over its critical value"),
	KEY_REAL(struct ode, beta, "2.6666666666666665", -1e6, 1e6, "geometry of the cell"),
	KEY_REAL(struct ode, spread, "5", 0, 1e6, "standard deviation of the state before warmup"),
	KEY_END,
};

static const struct key lorenz96_keys[] = {
	ODE_KEYS("5", "100", "10"),
	KEY_INT(struct ode, n, "40", 4, CHANNELS_MAX, "sites on the circle"),
	KEY_REAL(struct ode, forcing, "8", -1e6, 1e6, "constant forcing F"),
	KEY_REAL(struct ode, spread, "1", 0, 1e6, "standard deviation of the state about F before warmup"),
	KEY_END,
};

static const struct key lotka_volterra_keys[] = {
	ODE_KEYS("10", "100", "0"),
	KEY_REAL(struct ode, alpha, "1.5", 1e-9, 1e9, "growth of the prey"),
	KEY_REAL(struct ode, beta, "1", 1e-9, 1e9, "loss of prey by predators"),
	KEY_REAL(struct ode, delta, "1", 1e-9, 1e9, "growth of predators by prey"),
	KEY_REAL(struct ode, gamma, "3", 1e-9, 1e9, "death of predators"),
	KEY_REAL(struct ode, spread, "1", 0, 20, "log-uniform spread of initial states about the fixed point"),
	KEY_END,
};

static const struct key pendulum_keys[] = {
	ODE_KEYS("10", "100", "0"),
	KEY_REAL(struct ode, gravity, "9.81", 0, 1e9, "acceleration g"),
	KEY_REAL(struct ode, length, "1", 1e-9, 1e9, "length of the rod"),
	KEY_REAL(struct ode, damping, "0", 0, 1e9, "friction per angular velocity"),
	KEY_REAL(struct ode, spread, "2", 0, 1e6, "initial angle and rate uniform in [-spread, spread]"),
	KEY_END,
};

static const struct key double_pendulum_keys[] = {
	ODE_KEYS("10", "200", "0"),
	KEY_REAL(struct ode, gravity, "9.81", 0, 1e9, "acceleration g"),
	KEY_REAL(struct ode, length, "1", 1e-9, 1e9, "length of each rod"),
	KEY_REAL(struct ode, spread, "2", 0, 1e6, "initial angles uniform in [-spread, spread], at rest"),
	KEY_END,
};

static const struct key van_der_pol_keys[] = {
	ODE_KEYS("20", "200", "0"),
	KEY_REAL(struct ode, mu, "1", 0, 100, "strength of the nonlinear damping (explicit method: not for stiff mu)"),
	KEY_REAL(struct ode, spread, "3", 0, 1e6, "initial values uniform in [-spread, spread]"),
	KEY_END,
};

#define ODE_CLASS(id)                                                                                                  \
	.config_size = sizeof(struct ode), .keys = id##_keys, .layout = id##_layout, .numbers = ode_numbers,           \
	.prepare = problem_prepare_none, .release = problem_release_none, .generate = id##_generate,                   \
	.march = id##_march, .march_input = problem_march_u,                                                           \
	.notes = "Dormand-Prince 5(4), local error control; steps end at every frame"

static const struct problem_class lorenz63 = {
	.name = "lorenz63",
	.summary = "Lorenz's three-variable convection model, chaotic",
	.equation = "x_t = sigma*(y - x); y_t = x*(rho - z) - y; z_t = x*y - beta*z",
	.source = "Lorenz, J. Atmos. Sci. 20 (1963), eqs 25-27",
	.test_config = "T: 1\nframes: 20\nwarmup: 2\n",
	ODE_CLASS(lorenz63),
};
static const struct problem_class lorenz96 = {
	.name = "lorenz96",
	.summary = "Lorenz's model of a latitude circle, chaotic for F = 8",
	.equation = "x[i]_t = (x[i+1] - x[i-2])*x[i-1] - x[i] + F",
	.source = "Lorenz, Predictability: a problem partly solved (1996), eq. 1",
	.test_config = "T: 0.5\nframes: 10\nwarmup: 1\nn: 12\n",
	ODE_CLASS(lorenz96),
};
static const struct problem_class lotka_volterra = {
	.name = "lotka-volterra",
	.summary = "predator and prey, closed orbits",
	.equation = "x_t = alpha*x - beta*x*y; y_t = delta*x*y - gamma*y",
	.source = "Lotka 1925, Volterra 1926",
	.test_config = "T: 2\nframes: 20\n",
	ODE_CLASS(lotka_volterra),
};
static const struct problem_class pendulum = {
	.name = "pendulum",
	.summary = "rod pendulum with optional friction; state (angle, rate)",
	.equation = "a_tt = -gravity/length*sin(a) - damping*a_t",
	.source = "Newton's law",
	.test_config = "T: 2\nframes: 20\n",
	ODE_CLASS(pendulum),
};
static const struct problem_class double_pendulum = {
	.name = "double-pendulum",
	.summary = "two equal rods with point masses, chaotic; state (angle 1, angle 2, rate 1, rate 2)",
	.equation = "2*a_tt + cos(a-b)*b_tt = -sin(a-b)*b_t^2 - 2*gravity/length*sin(a); "
		    "cos(a-b)*a_tt + b_tt = sin(a-b)*a_t^2 - gravity/length*sin(b)",
	.source = "Lagrange's equations for equal masses and lengths",
	.test_config = "T: 1\nframes: 10\n",
	ODE_CLASS(double_pendulum),
};
static const struct problem_class van_der_pol = {
	.name = "van-der-pol",
	.summary = "self-exciting oscillator with a limit cycle; state (x, x_t)",
	.equation = "x_tt = mu*(1 - x^2)*x_t - x",
	.source = "van der Pol, Phil. Mag. 2 (1926)",
	.test_config = "T: 2\nframes: 20\n",
	ODE_CLASS(van_der_pol),
};

const struct problem_class *const problem_file_ode[] = { &lorenz63, &lorenz96,	      &lotka_volterra,
							 &pendulum, &double_pendulum, &van_der_pol,
							 NULL };
