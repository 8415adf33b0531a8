/* stepper.c: the loop that executes steps, for fixed grids and for chosen ones. */
#include "sampler/stepper.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

struct stepper {
	const struct stepper_class *class;
	struct step_options option;
	struct noise_level *level;
	struct step_plan *plan; /* n of the grid, and one more to denoise */
	struct step_grid grid;
	int64_t n_plans;
};

/* sum_{j >= 1} z^j / (j + shift)!, for |z| < 1/2. */
static double exponential_tail(double z, int shift)
{
	double term = 1, sum = 0;

	for (int j = 2; j <= shift; j++)
		term /= j;
	for (int j = 1; j < 18; j++)
		sum += term *= z / (j + shift);
	return sum;
}

double step_phi2(double z)
{
	return fabs(z) < 0.5 ? exponential_tail(z, 1) : expm1(z) / z - 1;
}

double step_phi3(double z)
{
	return fabs(z) < 0.5 ? exponential_tail(z, 2) : step_phi2(z) / z - 0.5;
}

const char *const step_times_names[] = { "uniform", "power", "log-snr", "karras", NULL };

int step_times_fill(enum step_times kind, const struct noise_schedule *s, double power, int64_t n, double *t,
		    struct err *e)
{
	const struct noise_level first = noise_at(s, s->T), last = noise_at(s, s->t_end);
	const double p = kind == TIMES_UNIFORM ? 1 : power > 0 ? power : kind == TIMES_KARRAS ? 7 : 2;

	if ((kind == TIMES_LOG_SNR && !isfinite(first.lambda - last.lambda)) ||
	    (kind == TIMES_KARRAS && !isfinite(first.rho)))
		return err_set(e, ERR_USAGE, "times: %s needs a finite log-SNR at T = %g and t_end = %g; move them",
			       step_times_names[kind], s->T, s->t_end);
	for (int64_t i = 0; i <= n; i++) {
		const double part = (double)i / (double)n;

		if (kind == TIMES_LOG_SNR)
			t[i] = noise_time(s, first.lambda + part * (last.lambda - first.lambda));
		else if (kind == TIMES_KARRAS)
			t[i] = noise_time(s, -p * log(pow(first.rho, 1 / p) +
						      part * (pow(last.rho, 1 / p) - pow(first.rho, 1 / p))));
		else
			t[i] = pow(pow(s->T, 1 / p) + part * (pow(s->t_end, 1 / p) - pow(s->T, 1 / p)), p);
	}
	t[0] = s->T;
	t[n] = s->t_end;
	return 0;
}

int64_t stepper_intervals(const struct stepper_class *c, const struct step_options *option, int64_t steps)
{
	const int64_t left = steps - option->denoise;

	return c->adaptive ? 1 : c->intervals ? c->intervals(left) : left;
}

/* The data estimate, as the class's value gives it. */
static void plan_denoise(const struct stepper_class *c, const struct noise_level *v, struct step_plan *p)
{
	denoiser_convert(v, c->value, DENOISER_DATA, 1, &p->row[1].carry, &p->row[1].weight[0]);
}

static void plan_one(const struct stepper_class *c, const struct step_grid *g, int64_t i, struct step_plan *p)
{
	*p = (struct step_plan){ .stages = 1, .t[0] = g->level[i].t, .row[0].carry = 1 };
	if (i < g->n)
		c->plan(c, g, i, p);
	else
		plan_denoise(c, &g->level[i], p);
}

static int check(const struct stepper_class *c, const struct step_options *o, int64_t n, const double *t, struct err *e)
{
	const double direction = n > 0 && t[1] > t[0] ? 1 : -1;

	for (int64_t i = 0; i < n; i++)
		if (!(direction * (t[i + 1] - t[i]) > 0))
			return err_set(e, ERR_USAGE, "times: %.17g, then %.17g: not strictly %s", t[i], t[i + 1],
				       direction < 0 ? "decreasing" : "increasing");
	if (direction > 0 && (c->noisy || c->adaptive || o->churn > 0 || o->corrector > 0))
		return err_set(e, ERR_USAGE, "method %s runs from noise to data only", c->name);
	return 0;
}

struct stepper *stepper_new(const struct stepper_class *c, const struct noise_schedule *schedule,
			    const struct step_options *option, int64_t steps, int64_t n, const double *t, struct err *e)
{
	struct stepper *s;

	if (n < 1) {
		err_set(e, ERR_USAGE, "steps: a grid of %lld intervals", (long long)n);
		return NULL;
	}
	if (check(c, option, n, t, e) != 0)
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->class = c;
	s->option = *option;
	s->n_plans = c->adaptive ? 0 : n + option->denoise;
	s->level = mem_new(n + 1, sizeof *s->level, "times", e);
	s->plan = s->level ? mem_new(s->n_plans + 1, sizeof *s->plan, "steps", e) : NULL;
	if (!s->plan) {
		stepper_free(s);
		return NULL;
	}
	for (int64_t i = 0; i <= n; i++)
		s->level[i] = noise_at(schedule, t[i]);
	if (!c->ends && !isfinite(s->level[0].lambda - s->level[n].lambda)) {
		err_set(e, ERR_USAGE, "method %s needs a finite log-SNR at T = %g and t_end = %g; move them", c->name,
			t[0], t[n]);
		stepper_free(s);
		return NULL;
	}
	s->grid = (struct step_grid){ schedule, &s->option, steps - option->denoise, n, s->level };
	for (int64_t i = 0; i < s->n_plans; i++)
		plan_one(c, &s->grid, i, &s->plan[i]);
	return s;
}

void stepper_free(struct stepper *s)
{
	if (!s)
		return;
	free(s->level);
	free(s->plan);
	free(s);
}

int64_t stepper_calls(const struct stepper *s)
{
	int64_t calls = 0;

	if (s->class->adaptive)
		return -1;
	for (int64_t i = 0; i < s->n_plans; i++)
		calls += s->plan[i].stages + (i < s->grid.n ? s->option.corrector : 0);
	return calls;
}

const struct step_plan *stepper_plan(const struct stepper *s, int64_t i)
{
	return &s->plan[i];
}

/* One run: n points under way. */
struct march {
	struct denoiser *denoiser;
	enum denoiser_form form;
	struct rng stream;	/* of point first; the others differ by their number */
	int64_t first, n, size; /* size = n dim */
	uint64_t draws;		/* noise vectors that every point has taken */
	double *memory, *x, *value[STEP_VALUES], *point, *scratch, *result;
};

static int march_open(struct march *m, const struct stepper *s, struct denoiser *d, uint64_t seed, int64_t first,
		      int64_t n, double *x, struct err *e)
{
	enum { OTHERS = 3 };

	*m = (struct march){ .denoiser = d,
			     .form = s->class->value,
			     .stream = rng_stream(seed, "sampler noise", 0, (uint64_t)first),
			     .first = first,
			     .n = n,
			     .size = n * d->dim,
			     .x = x };
	m->memory = mem_new((STEP_VALUES + OTHERS) * m->size, sizeof(double), "states of the sampler", e);
	if (!m->memory)
		return -1;
	for (int k = 0; k < STEP_VALUES; k++)
		m->value[k] = m->memory + k * m->size;
	m->point = m->memory + STEP_VALUES * m->size;
	m->scratch = m->point + m->size;
	m->result = m->scratch + m->size;
	return 0;
}

static void combine(const struct march *m, const struct step_row *row, double *out)
{
	for (int64_t i = 0; i < m->size; i++)
		out[i] = row->carry * m->x[i];
	for (int k = 0; k < STEP_VALUES; k++)
		if (row->weight[k] != 0)
			for (int64_t i = 0; i < m->size; i++)
				out[i] += row->weight[k] * m->value[k][i];
}

/* x = carry x + scale z */
static void add_noise(struct march *m, double carry, double scale)
{
	const int64_t dim = m->denoiser->dim;

	for (int64_t k = 0; k < m->n; k++) {
		struct rng stream = m->stream;

		stream.sample = (uint64_t)(m->first + k);
		rng_normal(stream, m->draws * (uint64_t)dim, (size_t)dim, m->point + k * dim);
	}
	m->draws++;
	for (int64_t i = 0; i < m->size; i++)
		m->x[i] = carry * m->x[i] + scale * m->point[i];
}

static int stages(struct march *m, const struct step_plan *p, struct err *e)
{
	if (p->stir != 0)
		add_noise(m, p->stir_carry, p->stir);
	for (int k = 0; k < p->stages; k++) {
		if (k > 0)
			combine(m, &p->row[k], m->point);
		if (denoiser_eval(m->denoiser, m->form, p->t[k], m->n, k > 0 ? m->point : m->x, m->value[k], m->scratch,
				  e) != 0)
			return -1;
	}
	return 0;
}

/* The step's first value becomes the newest of the past. */
static void remember(struct march *m)
{
	double *oldest = m->value[STEP_VALUES - 1];

	for (int k = STEP_VALUES - 1; k > STEP_STAGES; k--)
		m->value[k] = m->value[k - 1];
	m->value[STEP_STAGES] = m->value[0];
	m->value[0] = oldest;
}

static int check_finite(const struct march *m, int64_t i, double t, struct err *e)
{
	for (int64_t k = 0; k < m->size; k++)
		if (!isfinite(m->x[k]))
			return err_set(e, ERR_FAIL, "step %lld, t = %g: the state is not finite", (long long)i, t);
	return 0;
}

/* Langevin steps at a fixed time (arXiv 2011.13456, algorithms 4 and 5): x += step score + sqrt(2 step) z. There the
 * step is 2 c (r |z| / |score|)^2 with norms averaged over the batch; here with their expected squares, dim and dim /
 * sigma^2, so that a point does not depend on its neighbours. c is the schedule's ratio of alpha^2 over the step. */
static int correct(struct march *m, const struct stepper *s, int64_t i, struct err *e)
{
	const struct noise_level *v = &s->level[i + 1];
	const double r = s->option.corrector_ratio, ratio = exp(2 * (s->level[i].log_alpha - v->log_alpha));
	const double step = 2 * ratio * r * r * v->sigma * v->sigma;

	for (int64_t k = 0; k < s->option.corrector; k++) {
		if (denoiser_eval(m->denoiser, DENOISER_NOISE, v->t, m->n, m->x, m->result, m->scratch, e) != 0)
			return -1;
		for (int64_t j = 0; j < m->size; j++)
			m->x[j] -= step / v->sigma * m->result[j];
		add_noise(m, 1, sqrt(2 * step));
	}
	return 0;
}

static int run_fixed(const struct stepper *s, struct march *m, struct err *e)
{
	for (int64_t i = 0; i < s->n_plans; i++) {
		const struct step_plan *p = &s->plan[i];

		if (stages(m, p, e) != 0)
			return -1;
		combine(m, &p->row[p->stages], m->result);
		memcpy(m->x, m->result, (size_t)m->size * sizeof(double));
		remember(m);
		if (p->noise != 0)
			add_noise(m, 1, p->noise);
		if (i < s->grid.n && s->option.corrector > 0 && correct(m, s, i, e) != 0)
			return -1;
		if (check_finite(m, i, p->t[0], e) != 0)
			return -1;
	}
	return 0;
}

/* Largest over the points of rms((high - low) / max(atol, rtol max(|low|, |previous|))). */
static double error_of(const struct march *m, const struct step_options *o, const double *low, const double *previous)
{
	const int64_t dim = m->denoiser->dim;
	double worst = 0;

	for (int64_t k = 0; k < m->n; k++) {
		double sum = 0;

		for (int64_t i = k * dim; i < (k + 1) * dim; i++) {
			const double allowed = fmax(o->atol, o->rtol * fmax(fabs(low[i]), fabs(previous[i])));
			const double part = (m->result[i] - low[i]) / allowed;

			sum += part * part;
		}
		if (!(sum / (double)dim <= worst))
			worst = sum / (double)dim;
	}
	return sqrt(worst);
}

/* arXiv 2206.00927, algorithm 3 (appendix C): steps in lambda by the difference of two orders. */
static int run_adaptive(const struct stepper *s, struct march *m, struct err *e)
{
	enum { TRIES = 1000000 };
	const struct noise_level end = s->level[s->grid.n];
	struct noise_level level[2] = { s->level[0], end };
	struct step_grid grid = s->grid;
	double h = 0.05, *previous = m->value[STEP_STAGES], *low = m->value[STEP_STAGES + 1];
	struct step_plan p;

	grid.n = 1;
	grid.level = level;
	memcpy(previous, m->x, (size_t)m->size * sizeof(double));
	for (int64_t tries = 0; level[0].t > end.t; tries++) {
		const double left = end.lambda - level[0].lambda;
		double error;

		level[1] =
			h < left ? noise_at(s->grid.schedule, noise_time(s->grid.schedule, level[0].lambda + h)) : end;
		if (tries == TRIES || !(level[1].t < level[0].t))
			return err_set(e, ERR_FAIL, "t = %g: the tolerance asks for steps of %g in the log-SNR",
				       level[0].t, h);
		plan_one(s->class, &grid, 0, &p);
		if (stages(m, &p, e) != 0)
			return -1;
		combine(m, &p.row[p.stages], m->result);
		combine(m, &p.low, low);
		error = error_of(m, &s->option, low, previous);
		if (error <= 1) {
			memcpy(m->x, m->result, (size_t)m->size * sizeof(double));
			memcpy(previous, low, (size_t)m->size * sizeof(double));
			level[0] = level[1];
		} else if (!isfinite(error)) {
			return err_set(e, ERR_FAIL, "t = %g: the state is not finite", level[0].t);
		}
		h = 0.9 * fmin(h, left) * pow(error, -1. / s->class->order);
	}
	if (!s->option.denoise)
		return 0;
	/* The last plan of the grid, whose values are not the adaptive step's. */
	level[0] = end;
	grid.n = 0;
	plan_one(s->class, &grid, 0, &p);
	if (stages(m, &p, e) != 0)
		return -1;
	combine(m, &p.row[1], m->result);
	memcpy(m->x, m->result, (size_t)m->size * sizeof(double));
	return 0;
}

int stepper_run(const struct stepper *s, struct denoiser *d, uint64_t seed, int64_t first, int64_t n, double *x,
		struct err *e)
{
	struct march m;
	int status = march_open(&m, s, d, seed, first, n, x, e);

	if (status == 0)
		status = s->class->adaptive ? run_adaptive(s, &m, e) : run_fixed(s, &m, e);
	free(m.memory);
	return status == 0 ? 0 : err_in(e, "method %s", s->class->name);
}
