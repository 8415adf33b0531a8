/* equation_march.c: steps in time. One-step schemes with tables that depend on the step's length take steps of frame /
 * 2^j, chosen by comparing one step with two of half the length; embedded Runge-Kutta pairs choose theirs freely. */
#include "problem/equation_stepper.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/stop.h"
#include "integ/stiff.h"
#include "problem/equation_implicit.h"
#include "problem/equation_ordinary.h"

enum { TRIAL_STEPS = 500, TRIALS = 2 };

/* ---- the marcher --------------------------------------------------------------------------------- */

static const struct equation_stepper *choose(const struct equation_march *w)
{
	if (w->config->stepper > 0)
		return equation_stepper_find(equation_stepper_names[w->config->stepper]);
	if (w->m->diagonal)
		return equation_stepper_find("etdrk4");
	if (w->spec->n_noises > 0)
		return equation_stepper_find("euler-maruyama");
	if (w->config->dt > 0)
		return equation_stepper_find("rk4");
	/* what stability limits ends in a hum at its limit */
	return equation_stepper_find(w->config->to_steady ? "bdf" : "dopri5");
}

/* Milstein without multiple integrals: a noise's amplitude holds, of the unknowns with noise, that alone which it
 * drives, at the point itself; several noises of one unknown do not depend on it. */
static bool noise_is_diagonal(const struct equation_spec *s)
{
	for (int k = 0; k < s->n_noises; k++) {
		const expr b = s->noise[k].amplitude;

		for (int op = EX_D; op <= EX_MEAN; op++)
			if (expr_has(s->pool, b, (enum expr_op)op, -1))
				return false;
		for (int j = 0; j < s->n_noises; j++) {
			const expr u = s->unknown[s->noise[j].unknown].node;

			if (expr_replace(s->pool, b, u, expr_number(s->pool, 0)) != b &&
			    (s->noise[j].unknown != s->noise[k].unknown || j != k))
				return false;
		}
	}
	return true;
}

static int check(const struct equation_march *w, struct err *e)
{
	const struct equation_stepper *p = w->stepper;
	const bool noise = w->spec->n_noises > 0;

	if (w->ordinary)
		return 0;
	if (!p)
		return err_set(e, ERR_USAGE, "stepper: %s is for ordinary differential equations without noise",
			       equation_stepper_names[w->config->stepper]);
	if (noise && !(w->config->dt > 0))
		return err_set(e, ERR_USAGE, "dt: equations with noise need a time step of fixed length");
	if ((p->needs & NEEDS_DIAGONAL) && !w->m->diagonal)
		return err_set(e, ERR_USAGE, "stepper: %s needs a diagonal linear part, which method %s has not",
			       p->name, w->m->name);
	if ((p->needs & NEEDS_LINEAR) && !w->m->diagonal && !w->m->linear)
		return err_set(e, ERR_USAGE, "stepper: %s needs a linear part, which method %s has not", p->name,
			       w->m->name);
	if (noise && (!w->m->kick || !p->step))
		return err_set(e, ERR_USAGE, "stepper: %s on method %s takes no noise", p->name, w->m->name);
	if (noise && (p->needs & NEEDS_SLOPE) && (!w->m->kick_slope || !noise_is_diagonal(w->spec)))
		return err_set(e, ERR_USAGE,
			       "stepper: %s needs noises that act at points (not on modes), each with a factor that "
			       "depends on no other unknown with noise and on no derivatives",
			       p->name);
	return 0;
}

int equation_march_new(struct equation_march **out, const struct equation_config *c, const struct equation_spec *s,
		       const struct equation_method *m, void *d, struct err *e)
{
	struct equation_march *w = xcalloc(1, sizeof *w);
	const size_t bytes = (size_t)m->count(d) * sizeof(double);

	*w = (struct equation_march){ .config = c, .spec = s, .m = m, .d = d, .n = m->count(d), .n_points = 1 };
	w->stepper = choose(w);
	if (equation_ordinary_new(&w->ordinary, c, s, m, d, e) != 0 || check(w, e) != 0) {
		equation_march_free(w);
		return -1;
	}
	w->once = xaligned(bytes);
	w->twice = xaligned(bytes);
	w->work = xaligned(2 * bytes);
	w->last = xaligned(bytes);
	w->automatic = c->stepper == 0 && w->stepper && w->stepper->embedded;
	if (s->n_noises > 0) {
		for (int a = 0; a < s->n_dims; a++)
			w->n_points *= m->size(d)[a];
		w->volume = xaligned((size_t)w->n_points * sizeof(double));
		w->increment = xaligned((size_t)(w->n_points * s->n_noises) * sizeof(double));
		m->volumes(d, w->volume);
	}
	*out = w;
	return 0;
}

static void forget_tables(struct equation_march *w)
{
	for (int k = 0; k <= EQUATION_LEVELS; k++)
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
	free(w->work);
	free(w->last);
	stiff_free(w->stiff);
	equation_ordinary_free(w->ordinary);
	free(w->volume);
	free(w->increment);
	free(w);
}

void equation_march_start(struct equation_march *w, uint64_t seed, int64_t sample, const double *state,
			  const double *param, bool given, bool new_tables)
{
	if (new_tables)
		forget_tables(w);
	w->seed = seed;
	w->sample = sample;
	w->level = 0;
	w->counts = (struct integ_counts){ 0 };
	w->scale = 0;
	w->stiff_started = false;
	w->trials = 0;
	w->stepper = choose(w);
	for (int64_t i = 0; i < w->n; i++)
		w->scale = fmax(w->scale, fabs(state[i]));
	if (w->scale == 0 && w->m->rate(w->d, w->spec->t0, state, w->once) == 0)
		for (int64_t i = 0; i < w->n; i++)
			w->scale = fmax(w->scale, fabs(w->once[i]) * (w->spec->t1 - w->spec->t0));
	if (!(w->scale > 0) || !isfinite(w->scale))
		w->scale = 1;
	if (w->ordinary)
		equation_ordinary_start(w->ordinary, param, equation_atol(w), given);
}

struct equation_ordinary *equation_march_ordinary(const struct equation_march *w)
{
	return w->ordinary;
}

double equation_atol(const struct equation_march *w)
{
	return w->config->atol > 0 ? w->config->atol : w->config->rtol * w->scale;
}

struct integ_counts *equation_march_counts(struct equation_march *w)
{
	return &w->counts;
}

static int one_step(struct equation_march *w, int level, double t, double h, double *state, struct err *e)
{
	if (w->stepper->table_new && !w->table[level] && !(w->table[level] = w->stepper->table_new(w, h, e)))
		return -1;
	return w->stepper->step(w, w->table[level], t, h, state, e);
}

static double norm(const struct equation_march *w, const double *a, const double *minus)
{
	double sum = 0;

	for (int64_t i = 0; i < w->n; i++) {
		const double d = a[i] - (minus ? minus[i] : 0);

		sum += d * d;
	}
	return sqrt(sum);
}

static bool all_finite(int64_t n, const double *a)
{
	int64_t others = 0;

	for (int64_t i = 0; i < n; i++)
		others += !(fabs(a[i]) <= DBL_MAX);
	return others == 0;
}

int equation_limit(const struct equation_march *w, double t, struct err *e)
{
	if (w->counts.accepted + w->counts.rejected < w->config->max_steps)
		return 0;
	return err_set(e, ERR_FAIL, "more than max_steps = %lld steps at t = %g", (long long)w->config->max_steps, t);
}

int equation_ran_away(const struct equation_march *w, double t, const double *state, struct err *e)
{
	double largest = 0;

	for (int64_t i = 0; i < w->n; i++)
		largest = fmax(largest, fabs(state[i]));
	if (largest > 1e3 * w->scale)
		err_set(e, ERR_FAIL, "not finite at t = %g (grown to %.2g; no step is short enough)", t, largest);
	return -1;
}

/* dW of a step: normal numbers step * points + point of the noise's stream. */
static void draw_increments(struct equation_march *w, double h)
{
	for (int k = 0; k < w->spec->n_noises; k++) {
		double *out = w->increment + k * w->n_points;

		rng_normal(rng_stream(w->seed, "noise", (uint64_t)w->spec->noise[k].index, (uint64_t)w->sample),
			   (uint64_t)(w->counts.accepted * w->n_points), (size_t)w->n_points, out);
		for (int64_t i = 0; i < w->n_points; i++)
			out[i] *= sqrt(h / w->volume[i]);
	}
}

/* A stepper's own, or half a step without noise, the noise of the whole step, half a step: order 1 in law, 2 for noise
 * that no field scales. */
static int noisy_step(struct equation_march *w, double t, double h, double *state, struct err *e)
{
	draw_increments(w, h);
	if (w->stepper->needs & TAKES_NOISE)
		return one_step(w, 0, t, h, state, e);
	if (one_step(w, 0, t, h / 2, state, e) != 0)
		return -1;
	w->m->kick(w->d, t, state, w->increment, state);
	return one_step(w, 0, t + h / 2, h / 2, state, e);
}

/* Steps of equal length, at most dt. */
static int equal_steps(struct equation_march *w, double t, double frame, double *state, struct err *e)
{
	const double wanted = ceil(frame / w->config->dt * (1 - 1e-12));
	const double h = frame / wanted;

	for (double k = 0; k < wanted; k++) {
		if (stop_check(e) != 0 || equation_limit(w, t + k * h, e) != 0)
			return -1;
		if ((w->spec->n_noises > 0 ? noisy_step(w, t + k * h, h, state, e)
					   : one_step(w, 0, t + k * h, h, state, e)) != 0)
			return -1;
		w->m->tidy(w->d, t + (k + 1) * h, state);
		w->counts.accepted++;
		if (!all_finite(w->n, state))
			return err_set(e, ERR_FAIL, "not finite at t = %g", t + (k + 1) * h);
	}
	return 0;
}

/* One step of frame / 2^level against two of half the length. The difference is about 2^order - 1 times the error of
 * the two, which may use its share of rtol: error per unit of time. */
static int dyadic_steps(struct equation_march *w, double t, double frame, double *state, struct err *e)
{
	const size_t bytes = (size_t)w->n * sizeof(double);
	const int64_t whole = (int64_t)1 << EQUATION_LEVELS;
	const double gain = exp2(w->stepper->order);
	int64_t at = 0;

	while (at < whole) {
		const double h = ldexp(frame, -w->level), now = t + frame * ldexp((double)at, -EQUATION_LEVELS);
		double size, error, allowed;

		if (stop_check(e) != 0 || equation_limit(w, now, e) != 0)
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
		/* of a step that overflows, error and allowed may both be infinite */
		if (!(error <= allowed) || !isfinite(size)) {
			w->counts.rejected++;
			if (w->level + 1 >= EQUATION_LEVELS)
				return err_set(e, ERR_FAIL, "%s at t = %g",
					       isfinite(error) && isfinite(size) ? "no step is short enough"
										 : "not finite",
					       now),
				       equation_ran_away(w, now, state, e);
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

static int embedded_steps(struct equation_march *w, double t0, double t1, int64_t max_steps, double *state,
			  struct integ_counts *counts, struct err *e)
{
	const struct integ_tolerance tol = { .rtol = w->config->rtol,
					     .atol = equation_atol(w),
					     .max_steps = max_steps };
	const double t[2] = { t0, t1 };
	double *out = mem_new(2 * w->n, sizeof *out, "states", e);
	int status = out ? integ_adaptive(tableau_find(w->stepper->tableau), equation_counted_rate, w, w->n, state, 2,
					  t, &tol, out, counts, e)
			 : -1;

	if (status == 0) {
		memcpy(state, out + w->n, (size_t)w->n * sizeof *out);
		w->m->tidy(w->d, t1, state);
	} else {
		equation_ran_away(w, w->last_t, w->last, e);
	}
	free(out);
	return status;
}

/* Are steps that reached last_t as long as stability allows, and many still to come? */
static bool is_stiff(struct equation_march *w, double t0, const struct integ_counts *counts)
{
	const double t = w->last_t, step = (t - t0) / (double)(counts->accepted + 1);

	memcpy(w->once, w->last, (size_t)w->n * sizeof *w->once);
	return (w->spec->t1 - t) / step > TRIAL_STEPS && step * equation_spectral_radius(w, t, w->once) > 1.5;
}

/* Automatic choice between an explicit pair and bdf: once a frame takes more than TRIAL_STEPS steps, and they are
 * limited by stability instead of accuracy, the frame is done again implicitly, and so are all frames after it. */
static int explicit_or_stiff(struct equation_march *w, double t0, double t1, double *state, struct err *e)
{
	const int64_t left = w->config->max_steps - w->counts.accepted - w->counts.rejected;
	struct integ_counts counts = { 0 };
	int status;

	if (equation_limit(w, t0, e) != 0)
		return -1;
	if (w->automatic && w->trials < TRIALS && left > TRIAL_STEPS) {
		struct err why = { 0 };

		memcpy(w->twice, state, (size_t)w->n * sizeof *state);
		status = embedded_steps(w, t0, t1, TRIAL_STEPS, state, &counts, &why);
		if (status != 0 && counts.accepted + counts.rejected < TRIAL_STEPS) {
			return err_set(e, why.code, "%s", why.message);
		}
		if (status != 0) {
			w->counts.rejected += counts.accepted + counts.rejected;
			memcpy(state, w->twice, (size_t)w->n * sizeof *state);
			if (is_stiff(w, t0, &counts)) {
				w->stepper = equation_stepper_find("bdf");
				return equation_march_to(w, t0, t1, state, e);
			}
			w->trials++;
			return explicit_or_stiff(w, t0, t1, state, e);
		}
	} else {
		status = embedded_steps(w, t0, t1, left, state, &counts, e);
	}
	w->counts.accepted += counts.accepted;
	w->counts.rejected += counts.rejected;
	return status == 0 ? 0 : (equation_limit(w, w->last_t, e), -1);
}

int equation_march_to(struct equation_march *w, double t0, double t1, double *state, struct err *e)
{
	if (w->ordinary)
		return equation_ordinary_to(w->ordinary, t0, t1, state, &w->counts, e);
	if (!w->stepper->step) {
		if (equation_bdf_to(w, t0, t1, state, e) != 0)
			return -1;
		w->m->tidy(w->d, t1, state);
		return 0;
	}
	/* another distance needs other tables; frames at equal distances differ by rounding */
	if (fabs(t1 - t0 - w->frame) > 1e-9 * w->frame) {
		forget_tables(w);
		w->frame = t1 - t0;
	}
	if (w->config->dt > 0)
		return equal_steps(w, t0, t1 - t0, state, e);
	return w->stepper->embedded ? explicit_or_stiff(w, t0, t1, state, e) : dyadic_steps(w, t0, t1 - t0, state, e);
}
