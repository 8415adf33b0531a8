/* equation_stepper.c: the table of steppers, each a single step over a method's functions. */
#include "problem/equation_stepper.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/etd.h"
#include "integ/imex.h"
#include "problem/equation_implicit.h"

int equation_counted_rate(void *context, double t, const double *y, double *rate)
{
	struct equation_march *w = context;

	w->counts.evaluations++;
	w->last_t = t;
	memcpy(w->last, y, (size_t)w->n * sizeof *y);
	return w->m->rate(w->d, t, y, rate);
}

static void counted_rest(void *context, double t, const double *y, double *out)
{
	struct equation_march *w = context;

	w->counts.evaluations++;
	w->m->rest(w->d, t, y, out);
}

/* ---- exponential --------------------------------------------------------------------------------- */

static void *new_etdrk4(struct equation_march *w, double h, struct err *e)
{
	(void)e;
	return etdrk4_new(w->n / 2, w->m->diagonal(w->d), h);
}

static void free_etdrk4(void *table)
{
	etdrk4_free(table);
}

static int step_etdrk4(struct equation_march *w, void *table, double t, double h, double *state, struct err *e)
{
	(void)h;
	(void)e;
	etdrk4_step(table, counted_rest, w, t, state);
	return 0;
}

static void *new_etd(struct equation_march *w, double h, struct err *e)
{
	(void)e;
	return etd_new((int)w->stepper->order, w->n / 2, w->m->diagonal(w->d), h);
}

static void free_etd(void *table)
{
	etd_free(table);
}

static int step_etd(struct equation_march *w, void *table, double t, double h, double *state, struct err *e)
{
	(void)h;
	(void)e;
	etd_step(table, counted_rest, w, t, state);
	return 0;
}

/* ---- implicit-explicit --------------------------------------------------------------------------- */

struct imex {
	struct equation_march *w;
	double shift; /* gamma h */
	struct equation_shifted *shifted;
	double *work;
};

void equation_divide_diagonal(const struct equation_march *w, double shift, double *y)
{
	const double *l = w->m->diagonal(w->d);

	for (int64_t i = 0; i < w->n; i += 2) {
		const double a = 1 - shift * l[i], b = -shift * l[i + 1], square = a * a + b * b;
		const double re = y[i], im = y[i + 1];

		y[i] = (re * a + im * b) / square;
		y[i + 1] = (im * a - re * b) / square;
	}
}

static void free_imex(void *table)
{
	struct imex *x = table;

	equation_shifted_free(x->shifted);
	free(x->work);
	free(x);
}

static void *new_imex(struct equation_march *w, double h, struct err *e)
{
	const struct imex_tableau *m = imex_find(w->stepper->tableau);
	struct imex *x = xcalloc(1, sizeof *x);

	x->shift = m->gamma * h;
	x->work = xaligned((size_t)((2 * m->stages + 1) * w->n) * sizeof(double));
	if (!w->m->diagonal && equation_shifted_new(&x->shifted, w, x->shift, e) != 0) {
		free_imex(x);
		return NULL;
	}
	return x;
}

static int imex_linear(void *context, double t, const double *y, double *out)
{
	const struct imex *x = context;
	const double *l;

	if (!x->w->m->diagonal)
		return x->w->m->linear(x->w->d, t, y, out);
	l = x->w->m->diagonal(x->w->d);
	for (int64_t i = 0; i < x->w->n; i += 2) {
		out[i] = l[i] * y[i] - l[i + 1] * y[i + 1];
		out[i + 1] = l[i] * y[i + 1] + l[i + 1] * y[i];
	}
	return 0;
}

static int imex_rest(void *context, double t, const double *y, double *out)
{
	counted_rest(((struct imex *)context)->w, t, y, out);
	return 0;
}

static int imex_solve(void *context, double t, double *y)
{
	const struct imex *x = context;

	if (!x->w->m->diagonal)
		return equation_shifted_solve(x->shifted, x->w, t, y);
	equation_divide_diagonal(x->w, x->shift, y);
	return 0;
}

static int step_imex(struct equation_march *w, void *table, double t, double h, double *state, struct err *e)
{
	struct imex *x = table;
	const struct imex_system s = {
		.n = w->n, .linear = imex_linear, .rest = imex_rest, .solve = imex_solve, .context = x
	};

	x->w = w;
	if (imex_step(imex_find(w->stepper->tableau), &s, t, h, state, x->work) != 0)
		return err_set(e, ERR_FAIL, "right-hand side failed at t = %g", t);
	return 0;
}

/* ---- explicit ------------------------------------------------------------------------------------ */

static int step_tableau(struct equation_march *w, void *table, double t, double h, double *state, struct err *e)
{
	(void)table;
	return integ_fixed(tableau_find(w->stepper->tableau), equation_counted_rate, w, w->n, t, t + h, 1, state, e);
}

/* out = y + h f(t, y) + b(t, y) dW */
static int euler(struct equation_march *w, double t, double h, const double *y, double *out, struct err *e)
{
	if (equation_counted_rate(w, t, y, out) != 0)
		return err_set(e, ERR_FAIL, "right-hand side failed at t = %g", t);
	for (int64_t i = 0; i < w->n; i++)
		out[i] = y[i] + h * out[i];
	if (w->spec->n_noises > 0)
		w->m->kick(w->d, t, y, w->increment, out);
	return 0;
}

static int step_euler_maruyama(struct equation_march *w, void *table, double t, double h, double *state, struct err *e)
{
	(void)table;
	if (euler(w, t, h, state, w->work, e) != 0)
		return -1;
	memcpy(state, w->work, (size_t)w->n * sizeof *state);
	return 0;
}

/* Kloeden, Platen, Numerical Solution of SDEs, 10.3: b b' (dW^2 - h)/2 besides */
static int step_milstein(struct equation_march *w, void *table, double t, double h, double *state, struct err *e)
{
	(void)table;
	if (euler(w, t, h, state, w->work, e) != 0)
		return -1;
	for (int64_t i = 0; i < w->n_points * w->spec->n_noises; i++)
		w->increment[i] = (w->increment[i] * w->increment[i] - h / w->volume[i % w->n_points]) / 2;
	if (w->spec->n_noises > 0)
		w->m->kick_slope(w->d, t, state, w->increment, w->work);
	memcpy(state, w->work, (size_t)w->n * sizeof *state);
	return 0;
}

/* The mean of an Euler step from here and one from where that leads: Stratonovich. */
static int step_heun(struct equation_march *w, void *table, double t, double h, double *state, struct err *e)
{
	double *guess = w->work, *end = w->work + w->n;

	(void)table;
	if (euler(w, t, h, state, guess, e) != 0 || euler(w, t + h, h, guess, end, e) != 0)
		return -1;
	for (int64_t i = 0; i < w->n; i++)
		state[i] = (state[i] + end[i]) / 2;
	return 0;
}

static const struct equation_stepper steppers[] = {
	{ .name = "etdrk4",
	  .summary = "exponential Runge-Kutta, order 4, the diagonal linear part solved exactly",
	  .needs = NEEDS_DIAGONAL,
	  .order = 4,
	  .table_new = new_etdrk4,
	  .table_free = free_etdrk4,
	  .step = step_etdrk4 },
	{ .name = "etdrk2",
	  .summary = "exponential Runge-Kutta, order 2",
	  .needs = NEEDS_DIAGONAL,
	  .order = 2,
	  .table_new = new_etd,
	  .table_free = free_etd,
	  .step = step_etd },
	{ .name = "exponential-euler",
	  .summary = "exponential Euler, order 1",
	  .needs = NEEDS_DIAGONAL,
	  .order = 1,
	  .table_new = new_etd,
	  .table_free = free_etd,
	  .step = step_etd },
	{ .name = "ars222",
	  .summary = "implicit-explicit Runge-Kutta, order 2, the linear part implicit",
	  .needs = NEEDS_LINEAR,
	  .order = 2,
	  .tableau = "ars222",
	  .table_new = new_imex,
	  .table_free = free_imex,
	  .step = step_imex },
	{ .name = "ars443",
	  .summary = "implicit-explicit Runge-Kutta, order 3",
	  .needs = NEEDS_LINEAR,
	  .order = 3,
	  .tableau = "ars443",
	  .table_new = new_imex,
	  .table_free = free_imex,
	  .step = step_imex },
	{ .name = "rk4",
	  .summary = "classical Runge-Kutta, order 4",
	  .order = 4,
	  .tableau = "rk4",
	  .step = step_tableau },
	{ .name = "dopri5",
	  .summary = "Dormand-Prince 5(4)",
	  .order = 5,
	  .tableau = "dopri5",
	  .step = step_tableau,
	  .embedded = true },
	{ .name = "tsit5",
	  .summary = "Tsitouras 5(4)",
	  .order = 5,
	  .tableau = "tsit5",
	  .step = step_tableau,
	  .embedded = true },
	{ .name = "bdf", .summary = "implicit, backward differentiation of orders 1 to 5 (CVODE)", .order = 5 },
	{ .name = "euler-maruyama",
	  .summary = "Euler-Maruyama, strong order 1/2 (1 for noise that no field scales)",
	  .needs = TAKES_NOISE,
	  .order = 1,
	  .step = step_euler_maruyama },
	{ .name = "milstein",
	  .summary = "Milstein, strong order 1",
	  .needs = TAKES_NOISE | NEEDS_SLOPE,
	  .order = 1,
	  .step = step_milstein },
	{ .name = "heun",
	  .summary = "Heun, strong order 1, noise in the sense of Stratonovich",
	  .needs = TAKES_NOISE,
	  .order = 2,
	  .step = step_heun },
};

/* The table, then the methods of integ/ode.h, which are for texts without space and noise (equation_ordinary.c). */
const char *const equation_stepper_names[] = { "auto",
					       "etdrk4",
					       "etdrk2",
					       "exponential-euler",
					       "ars222",
					       "ars443",
					       "rk4",
					       "dopri5",
					       "tsit5",
					       "bdf",
					       "euler-maruyama",
					       "milstein",
					       "heun",
					       "euler",
					       "midpoint",
					       "ralston",
					       "heun3",
					       "ssprk3",
					       "fehlberg2",
					       "rk4_38",
					       "bosh3",
					       "dopri8",
					       "implicit_euler",
					       "implicit_midpoint",
					       "trapezoid",
					       "sdirk2",
					       "trbdf2",
					       "gl4",
					       "gl6",
					       "radauIIA3",
					       "radauIIA5",
					       "kvaerno3",
					       "kvaerno4",
					       "kvaerno5",
					       "semi_implicit_euler",
					       "leapfrog_midpoint",
					       "reversible_heun",
					       "explicit_adams",
					       "implicit_adams",
					       NULL };

const struct equation_stepper *equation_stepper_find(const char *name)
{
	for (size_t k = 0; k < sizeof steppers / sizeof *steppers; k++)
		if (strcmp(steppers[k].name, name) == 0)
			return &steppers[k];
	return NULL;
}
