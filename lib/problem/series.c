/* series.c: short time series for models of trajectories: an oscillator, spirals of two kinds with labels, a damped
 * rotation seen at irregular times. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "integ/ode.h"
#include "problem/axes.h"
#include "problem/problem.h"

/* ---- oscillator ---------------------------------------------------------------------------------- */

struct oscillator {
	double T, low, high;
	int64_t points;
};

static const struct key oscillator_keys[] = {
	KEY_REAL(struct oscillator, T, "10", 1e-6, 1e6, "end time"),
	KEY_INT(struct oscillator, points, "100", 2, 1e7, "times, the first at 0, the last at T"),
	KEY_REAL(struct oscillator, low, "-0.6", -0.95, 1e6, "initial values are uniform from here (above -1)"),
	KEY_REAL(struct oscillator, high, "1", -0.95, 1e6, "to here"),
	KEY_END,
};

static void oscillator_layout(const void *config, struct layout *l)
{
	const struct oscillator *c = config;
	int axis[2] = { problem_time_axis(l, c->points - 1, c->T),
			layout_add_axis(l, "channel", AXIS_CHANNEL, 2, NULL, false, 0) };

	layout_add_field(l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, axis);
}

static int oscillator_rhs(void *context, double t, const double *y, double *dydt)
{
	(void)context;
	(void)t;
	dydt[0] = y[1] / (1 + y[1]);
	dydt[1] = -y[0] / (1 + y[0]);
	return 0;
}

static int oscillator_generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field,
			       double *number, struct err *e)
{
	const struct oscillator *c = config;
	const struct ode_system o = { .n = 2, .f = oscillator_rhs };
	const struct controller_config control = { .rtol = 1e-10, .atol = 1e-10 };
	double y[2], *t = xmalloc((size_t)c->points * sizeof *t);
	const struct ode_run run = {
		.method = "tsit5", .control = &control, .t1 = c->T, .n_save = c->points, .save = t, .out = field[0]
	};
	int status;

	(void)work;
	(void)number;
	rng_uniform(rng_stream(seed, "oscillator", 0, (uint64_t)sample), 0, 2, y);
	for (int i = 0; i < 2; i++)
		y[i] = c->low + (c->high - c->low) * y[i];
	for (int64_t k = 0; k < c->points; k++)
		t[k] = c->T * ((double)k / (double)(c->points - 1));
	status = ode_solve(&o, &run, y, NULL, e);
	free(t);
	return status == 0 ? 0 : problem_sample_error(e, sample);
}

/* ---- spirals ------------------------------------------------------------------------------------- */

struct spirals {
	double T, damping, rate, missing;
	int64_t points;
};

static const struct key spirals_keys[] = {
	KEY_REAL(struct spirals, T, "12.566370614359172", 1e-6, 1e6, "end time"),
	KEY_INT(struct spirals, points, "100", 2, 1e7, "times, the first at 0, the last at T"),
	KEY_REAL(struct spirals, damping, "0.3", -1e3, 1e3, "decay of the radius"),
	KEY_REAL(struct spirals, rate, "2", -1e6, 1e6, "angular velocity"),
	KEY_REAL(struct spirals, missing, "0", 0, 0.99,
		 "part of the values that are not observed (NaN), each by itself"),
	KEY_END,
};

static void spirals_layout(const void *config, struct layout *l)
{
	const struct spirals *c = config;
	int axis[2] = { problem_time_axis(l, c->points - 1, c->T),
			layout_add_axis(l, "channel", AXIS_CHANNEL, 2, NULL, false, 0) };

	layout_add_field(l, "u", DTYPE_F64, ROLE_INPUT, 2, axis);
	axis[0] = layout_add_axis(l, "class", AXIS_CHANNEL, 2, NULL, false, 0);
	layout_add_field(l, "label", DTYPE_F64, ROLE_TARGET, 1, axis);
}

/* exp(t M) (cos a, sin a) with M = [-damping, rate; -rate, -damping]; every second sample is mirrored. */
static int spirals_generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field,
			    double *number, struct err *e)
{
	const struct spirals *c = config;
	const double angle = 2 * acos(-1.0) * rng_uniform_at(rng_stream(seed, "spirals", 0, (uint64_t)sample), 0);
	const struct rng lost = rng_stream(seed, "spirals-missing", 0, (uint64_t)sample);
	const bool mirrored = sample % 2 == 1;

	(void)work;
	(void)number;
	(void)e;
	for (int64_t k = 0; k < c->points; k++) {
		const double t = c->T * ((double)k / (double)(c->points - 1)), r = exp(-c->damping * t);
		double *u = field[0] + 2 * k;

		u[0] = (mirrored ? -r : r) * cos(angle - c->rate * t);
		u[1] = r * sin(angle - c->rate * t);
		for (int i = 0; i < 2; i++)
			if (c->missing > 0 && rng_uniform_at(lost, (uint64_t)(2 * k + i)) < c->missing)
				u[i] = NAN;
	}
	field[1][0] = !mirrored;
	field[1][1] = mirrored;
	return 0;
}

/* ---- damped rotation at irregular times ---------------------------------------------------------- */

struct rotation {
	double T, spread, damping, rate, rate_back;
	int64_t points;
};

static const struct key rotation_keys[] = {
	KEY_REAL(struct rotation, T, "2", 1e-6, 1e6, "shortest observation"),
	KEY_REAL(struct rotation, spread, "1", 0, 1e6, "observations are longer by up to this"),
	KEY_INT(struct rotation, points, "20", 2, 1e6, "times of an observation, sorted uniform draws"),
	KEY_REAL(struct rotation, damping, "0.1", -1e3, 1e3, "decay"),
	KEY_REAL(struct rotation, rate, "1.3", -1e6, 1e6, "u1_t = -damping*u1 + rate*u2"),
	KEY_REAL(struct rotation, rate_back, "1", -1e6, 1e6, "u2_t = -rate_back*u1 - damping*u2"),
	KEY_END,
};

static void rotation_layout(const void *config, struct layout *l)
{
	const struct rotation *c = config;
	int axis[2] = { layout_add_axis(l, "t", AXIS_TIME, c->points, NULL, false, 0),
			layout_add_axis(l, "channel", AXIS_CHANNEL, 2, NULL, false, 0) };

	layout_add_field(l, "u", DTYPE_F64, ROLE_TRAJECTORY, 2, axis);
	layout_add_field(l, "time", DTYPE_F64, ROLE_INPUT, 1, axis);
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Closed form: with w^2 = rate rate_back, u(t) = exp(-damping t) [cos wt, rate/w sin wt; -rate_back/w sin wt, cos wt]
 * u(0). */
static int rotation_generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field,
			     double *number, struct err *e)
{
	const struct rotation *c = config;
	const double w = sqrt(c->rate * c->rate_back);
	const struct rng r = rng_stream(seed, "rotation-times", 0, (uint64_t)sample);
	double start[2], *t = field[1], end = c->T + c->spread * rng_uniform_at(r, 0);

	(void)work;
	(void)number;
	(void)e;
	rng_normal(rng_stream(seed, "rotation", 0, (uint64_t)sample), 0, 2, start);
	rng_uniform(r, 1, (size_t)c->points, t);
	qsort(t, (size_t)c->points, sizeof *t, ascending);
	for (int64_t k = 0; k < c->points; k++) {
		double *u = field[0] + 2 * k, decay;

		t[k] *= end;
		decay = exp(-c->damping * t[k]);
		u[0] = decay * (cos(w * t[k]) * start[0] + c->rate / w * sin(w * t[k]) * start[1]);
		u[1] = decay * (-c->rate_back / w * sin(w * t[k]) * start[0] + cos(w * t[k]) * start[1]);
	}
	return 0;
}

static int rotation_check(const void *config, struct err *e)
{
	const struct rotation *c = config;

	return c->rate * c->rate_back > 0
		       ? 0
		       : err_set(e, ERR_USAGE, "rate %g, rate_back %g: a rotation needs both of one sign", c->rate,
				 c->rate_back);
}

#define PLAIN(id)                                                                                                      \
	.config_size = sizeof(struct id), .keys = id##_keys, .layout = id##_layout, .prepare = problem_prepare_none,   \
	.release = problem_release_none, .generate = id##_generate

static const struct problem_class oscillator = {
	.name = "oscillator",
	.summary = "nonlinear oscillator of two variables, for models of trajectories",
	.equation = "x_t = y/(1 + y); y_t = -x/(1 + x)",
	.source = "examples of patrick-kidger/diffrax (neural ODE)",
	.notes = "Tsitouras 5(4), tolerances 1e-10",
	.test_config = "points: 20\nT: 2\n",
	PLAIN(oscillator),
};
static const struct problem_class spirals = {
	.name = "spirals",
	.summary = "spirals, every second one mirrored, with that as label (one-hot); values may be missing",
	.equation = "x_t = -damping*x + rate*y; y_t = -rate*x - damping*y",
	.source = "examples of patrick-kidger/diffrax (neural CDE)",
	.notes = "closed form",
	.lacks = true,
	.test_config = "points: 20\n",
	PLAIN(spirals),
};
static const struct problem_class rotation = {
	.name = "rotation",
	.summary = "damped rotation observed at irregular times of each sample (field time)",
	.equation = "x_t = -damping*x + rate*y; y_t = -rate_back*x - damping*y",
	.source = "examples of patrick-kidger/diffrax (latent ODE)",
	.notes = "closed form",
	.check = rotation_check,
	.test_config = "points: 10\n",
	PLAIN(rotation),
};

const struct problem_class *const problem_file_series[] = { &oscillator, &spirals, &rotation, NULL };
