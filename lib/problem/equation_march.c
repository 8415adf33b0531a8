/* equation_march.c: steps in time. One-step schemes with tables that depend on the step's length take steps of frame / 2^j,
 * chosen by comparing one step with two of half the length; embedded Runge-Kutta pairs choose theirs freely. */
#include "problem/equation_march.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { LEVELS = 31 };

enum { NEEDS_DIAGONAL = 1 };

struct equation_stepper {
	const char *name, *summary;
	int needs, order;
	const char *tableau; /* explicit Runge-Kutta */
	/* Tables of steps of length h, and one such step. */
	void *(*table_new)(const struct equation_march *w, double h);
	void (*table_free)(void *table);
	int (*step)(struct equation_march *w, void *table, double t, double h, double *state, struct err *e);
};

struct equation_march {
	const struct equation_config *config;
	const struct equation_spec *spec;
	const struct equation_method *m;
	void *d;
	const struct equation_stepper *stepper;
	void *table[LEVELS + 1]; /* by level: steps of frame / 2^level; fixed steps: the first */
	double *once, *twice;
	double scale; /* largest number of the initial state */
	uint64_t seed;
	int64_t sample;
	int level;
	struct integ_counts counts;
};

/* ---- single steps ---------------------------------------------------------------------------------------------------- */

static int counted_rate(void *context, double t, const double *y, double *rate)
{
	struct equation_march *w = context;

	w->counts.evaluations++;
	return w->m->rate(w->d, t, y, rate);
}

static void counted_rest(void *context, double t, const double *y, double *out)
{
	struct equation_march *w = context;

	w->counts.evaluations++;
	w->m->rest(w->d, t, y, out);
}

static void *new_etdrk4(const struct equation_march *w, double h)
{
	return etdrk4_new(w->m->count(w->d) / 2, w->m->diagonal(w->d), h);
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

static int step_tableau(struct equation_march *w, void *table, double t, double h, double *state, struct err *e)
{
	(void)table;
	return integ_fixed(tableau_find(w->stepper->tableau), counted_rate, w, w->m->count(w->d), t, t + h, 1, state,
			   e);
}

static const struct equation_stepper steppers[] = {
	{ .name = "etdrk4",
	  .summary = "exponential Runge-Kutta, order 4, the diagonal linear part solved exactly",
	  .needs = NEEDS_DIAGONAL,
	  .order = 4,
	  .table_new = new_etdrk4,
	  .table_free = free_etdrk4,
	  .step = step_etdrk4 },
	{ .name = "rk4",
	  .summary = "classical Runge-Kutta, order 4",
	  .order = 4,
	  .tableau = "rk4",
	  .step = step_tableau },
	{ .name = "dopri5", .summary = "Dormand-Prince 5(4)", .order = 5, .tableau = "dopri5", .step = step_tableau },
	{ .name = "tsit5", .summary = "Tsitouras 5(4)", .order = 5, .tableau = "tsit5", .step = step_tableau },
};

const char *const equation_stepper_names[] = { "auto", "etdrk4", "rk4", "dopri5", "tsit5", NULL };

/* ---- the marcher ----------------------------------------------------------------------------------------------------- */

static const struct equation_stepper *named(const char *name)
{
	for (size_t k = 0; k < sizeof steppers / sizeof *steppers; k++)
		if (strcmp(steppers[k].name, name) == 0)
			return &steppers[k];
	return NULL;
}

static const struct equation_stepper *choose(const struct equation_march *w)
{
	if (w->config->stepper > 0)
		return named(equation_stepper_names[w->config->stepper]);
	if (w->m->diagonal)
		return named("etdrk4");
	return named(w->config->dt > 0 ? "rk4" : "dopri5");
}

int equation_march_new(struct equation_march **out, const struct equation_config *c, const struct equation_spec *s,
		       const struct equation_method *m, void *d, struct err *e)
{
	struct equation_march *w;

	if (s->n_noises > 0 && !(c->dt > 0))
		return err_set(e, ERR_USAGE, "dt: equations with noise need a time step of fixed length");
	w = xcalloc(1, sizeof *w);
	*w = (struct equation_march){ .config = c, .spec = s, .m = m, .d = d };
	w->stepper = choose(w);
	if ((w->stepper->needs & NEEDS_DIAGONAL) && !m->diagonal) {
		err_set(e, ERR_USAGE, "stepper: %s needs a diagonal linear part, which method %s has not",
			w->stepper->name, m->name);
		equation_march_free(w);
		return -1;
	}
	if (s->n_noises > 0 && (!m->kick || !w->stepper->table_new)) {
		err_set(e, ERR_USAGE, "stepper: %s on method %s takes no noise", w->stepper->name, m->name);
		equation_march_free(w);
		return -1;
	}
	w->once = xaligned((size_t)m->count(d) * sizeof(double));
	w->twice = xaligned((size_t)m->count(d) * sizeof(double));
	*out = w;
	return 0;
}

static void forget_tables(struct equation_march *w)
{
	for (int k = 0; k <= LEVELS; k++)
		if (w->table[k]) {
			w->stepper->table_free(w->table[k]);
			w->table[k] = NULL;
		}
}

void equation_march_free(struct equation_march *w)
{
	if (!w)
		return;
	forget_tables(w);
	free(w->once);
	free(w->twice);
	free(w);
}

void equation_march_start(struct equation_march *w, uint64_t seed, int64_t sample, const double *state, bool new_tables)
{
	const int64_t n = w->m->count(w->d);

	if (new_tables)
		forget_tables(w);
	w->seed = seed;
	w->sample = sample;
	w->level = 0;
	w->counts = (struct integ_counts){ 0 };
	w->scale = 0;
	for (int64_t i = 0; i < n; i++)
		w->scale = fmax(w->scale, fabs(state[i]));
}

struct integ_counts equation_march_counts(const struct equation_march *w)
{
	return w->counts;
}

static int one_step(struct equation_march *w, int level, double t, double h, double *state, struct err *e)
{
	if (w->stepper->table_new && !w->table[level])
		w->table[level] = w->stepper->table_new(w, h);
	return w->stepper->step(w, w->table[level], t, h, state, e);
}

static double norm(const struct equation_march *w, const double *a, const double *minus)
{
	const int64_t n = w->m->count(w->d);
	double sum = 0;

	for (int64_t i = 0; i < n; i++) {
		const double d = a[i] - (minus ? minus[i] : 0);

		sum += d * d;
	}
	return sqrt(sum);
}

static int limit(const struct equation_march *w, double t, struct err *e)
{
	if (w->counts.accepted + w->counts.rejected < w->config->max_steps)
		return 0;
	return err_set(e, ERR_FAIL, "more than max_steps = %lld steps at t = %g", (long long)w->config->max_steps, t);
}

/* Half a step without noise, the noise of the whole step, half a step: order 1 in law, 2 for noise that no field scales. */
static int noisy_step(struct equation_march *w, double t, double h, double *state, struct err *e)
{
	if (one_step(w, 0, t, h / 2, state, e) != 0)
		return -1;
	w->m->kick(w->d, w->seed, w->sample, w->counts.accepted, t, h, state);
	return one_step(w, 0, t + h / 2, h / 2, state, e);
}

/* Steps of equal length, at most dt. */
static int equal_steps(struct equation_march *w, double t, double frame, double *state, struct err *e)
{
	const double wanted = ceil(frame / w->config->dt * (1 - 1e-12));
	const double h = frame / wanted;

	for (double k = 0; k < wanted; k++) {
		if (limit(w, t + k * h, e) != 0)
			return -1;
		if ((w->spec->n_noises > 0 ? noisy_step(w, t + k * h, h, state, e)
					   : one_step(w, 0, t + k * h, h, state, e)) != 0)
			return -1;
		w->m->tidy(w->d, t + (k + 1) * h, state);
		w->counts.accepted++;
	}
	if (!isfinite(norm(w, state, NULL)))
		return err_set(e, ERR_FAIL, "not finite at t = %g", t + frame);
	return 0;
}

/* One step of frame / 2^level against two of half the length. The difference is about 2^order - 1 times the error of the two,
 * which may use its share of rtol: error per unit of time. */
static int dyadic_steps(struct equation_march *w, double t, double frame, double *state, struct err *e)
{
	const size_t bytes = (size_t)w->m->count(w->d) * sizeof(double);
	const int64_t whole = (int64_t)1 << LEVELS;
	const double gain = ldexp(1, w->stepper->order);
	int64_t at = 0;

	while (at < whole) {
		const double h = ldexp(frame, -w->level), now = t + frame * ldexp((double)at, -LEVELS);
		double size, error, allowed;

		if (limit(w, now, e) != 0)
			return -1;
		memcpy(w->once, state, bytes);
		memcpy(w->twice, state, bytes);
		if (one_step(w, w->level, now, h, w->once, e) != 0 ||
		    one_step(w, w->level + 1, now, h / 2, w->twice, e) != 0 ||
		    one_step(w, w->level + 1, now + h / 2, h / 2, w->twice, e) != 0)
			return -1;
		size = norm(w, w->twice, NULL);
		error = norm(w, w->twice, w->once) / (gain - 1);
		allowed = size * fmax(w->config->rtol * h / (w->spec->t1 - w->spec->t0), 1e-14);
		if (!(error <= allowed)) {
			w->counts.rejected++;
			if (w->level + 1 >= LEVELS)
				return err_set(e, ERR_FAIL, "%s at t = %g",
					       isfinite(error) ? "no step is short enough" : "not finite", now);
			++w->level;
			continue;
		}
		memcpy(state, w->twice, bytes);
		w->m->tidy(w->d, now + h, state);
		w->counts.accepted++;
		at += whole >> w->level;
		/* twice the step makes 2^(order + 1) times the error and starts only on its own grid of times */
		if (w->level > 0 && error < allowed / (2.5 * gain) && at % (whole >> (w->level - 1)) == 0)
			--w->level;
	}
	return 0;
}

static int embedded_steps(struct equation_march *w, double t0, double t1, double *state, struct err *e)
{
	const int64_t n = w->m->count(w->d);
	const struct integ_tolerance tol = { .rtol = w->config->rtol,
					     .atol = w->config->rtol * fmax(w->scale, 1e-300),
					     .max_steps = w->config->max_steps };
	const double t[2] = { t0, t1 };
	struct integ_counts counts = { 0 };
	double *out = mem_new(2 * n, sizeof *out, "states", e);
	int status = out ? integ_adaptive(tableau_find(w->stepper->tableau), counted_rate, w, n, state, 2, t, &tol, out,
					  &counts, e)
			 : -1;

	w->counts.accepted += counts.accepted;
	w->counts.rejected += counts.rejected;
	if (status == 0)
		memcpy(state, out + n, (size_t)n * sizeof *out);
	w->m->tidy(w->d, t1, state);
	free(out);
	return status;
}

int equation_march_to(struct equation_march *w, double t0, double t1, double *state, struct err *e)
{
	if (w->config->dt > 0)
		return equal_steps(w, t0, t1 - t0, state, e);
	if (w->stepper->tableau && tableau_find(w->stepper->tableau)->error_order > 0)
		return embedded_steps(w, t0, t1, state, e);
	return dyadic_steps(w, t0, t1 - t0, state, e);
}
