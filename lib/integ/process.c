/* process.c: stochastic processes as data. Exact transitions: Kloeden, Platen, Numerical Solution of SDEs, 4.4; moments
 * of the square-root process: Cox, Ingersoll, Ross, Econometrica 53 (1985), eq. 19; full truncation: Lord, Koekkoek,
 * van Dijk, Quantitative Finance 10 (2010). */
#include "integ/process.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/sde.h"

/* (1 - exp(-rate t)) / rate = int_0^t exp(-rate s) ds, t for rate 0. */
static double decayed(double rate, double t)
{
	return rate != 0 ? -expm1(-rate * t) / rate : t;
}

/* sum_j z^j / (j + n)!: phi_1(z) = (e^z - 1) / z, and phi_{k+1}(z) = (phi_k(z) - 1/k!) / z, which cancels for small
 * z. */
static double phi(int n, double z)
{
	double term = 1, sum;

	if (fabs(z) > 1) {
		sum = expm1(z) / z;
		for (int k = 1; k < n; k++) {
			term /= k;
			sum = (sum - term) / z;
		}
		return sum;
	}
	for (int k = 2; k <= n; k++)
		term /= k;
	sum = term;
	for (int k = n + 1; k < n + 20; k++) {
		term *= z / k;
		sum += term;
	}
	return sum;
}

/* What drift and diffusion get: parameters and the number of components. */
struct many {
	const struct process *p;
	int64_t n;
};

#define EACH(formula)                                                                                                  \
	const struct many *m = context;                                                                                \
	const struct process *p = m->p;                                                                                \
	(void)t;                                                                                                       \
	(void)paths;                                                                                                   \
	(void)p;                                                                                                       \
	for (int64_t i = 0; i < m->n; i++) {                                                                           \
		const double X = x[i];                                                                                 \
		(void)X;                                                                                               \
		out[i] = (formula);                                                                                    \
	}

static void ou_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->rate * (p->level - X))
}
static void constant_diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->sigma)
}
static void constant_slope(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(0)
}
static void gbm_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->rate * X)
}
static void gbm_diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->sigma * X)
}
static void gbm_slope(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->sigma)
}
static void cir_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->rate * (p->level - fmax(X, 0)))
}
static void cir_diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->sigma * sqrt(fmax(X, 0)))
}
static void cir_slope(void *context, int64_t paths, double t, const double *x, double *out)
{
	/* sigma / (2 sqrt(X)) only ever multiplies the diffusion; their product sigma^2 / 2 holds down to X = 0. */
	EACH(X > 0 ? 0.5 * p->sigma / sqrt(X) : 0)
}
static void langevin_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->rate * (X - X * X * X))
}

static void trend_drift(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->level * t - p->rate * X)
}
static void trend_diffusion(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->sigma * t)
}

/* Solutions of the parts, for splitting: Stratonovich's drift f - g g'/2 for a time; the diffusion for increments w. */
static void ou_flow(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(p->level + (X - p->level) * exp(-p->rate * t))
}
static void gbm_flow(void *context, int64_t paths, double t, const double *x, double *out)
{
	EACH(X * exp((p->rate - 0.5 * p->sigma * p->sigma) * t))
}
static void cir_flow(void *context, int64_t paths, double t, const double *x, double *out)
{
	const double rate = ((const struct many *)context)->p->rate, decay = exp(-rate * t), mean = decayed(rate, t);

	EACH(decay * X + mean * (p->rate * p->level - 0.25 * p->sigma * p->sigma))
}
static void langevin_flow(void *context, int64_t paths, double t, const double *x, double *out)
{
	const double grown = expm1(2 * ((const struct many *)context)->p->rate * t);

	EACH(X * sqrt((1 + grown) / (1 + X * X * grown)))
}
static void constant_kick(void *context, int64_t paths, const double *w, const double *x, double *out)
{
	const double t = 0;

	EACH(X + p->sigma * w[i])
}
static void gbm_kick(void *context, int64_t paths, const double *w, const double *x, double *out)
{
	const double t = 0;

	EACH(X * exp(p->sigma * w[i]))
}
static double squared(double x)
{
	return x * x;
}
static void cir_kick(void *context, int64_t paths, const double *w, const double *x, double *out)
{
	const double t = 0;

	EACH(squared(sqrt(fmax(X, 0)) + 0.5 * p->sigma * w[i]))
}

/* Local errors are about h^(3/2) / X: the root is steep near 0 (arXiv 2405.06464, section 5). */
static double cir_length(void *context, int64_t paths, const double *x, double error)
{
	const struct many *m = context;
	double least = INFINITY;

	(void)paths;
	for (int64_t i = 0; i < m->n; i++)
		least = fmin(least, x[i]);
	return cbrt(squared(fmax(least, 0) * error));
}

/* Else the drift alone ends below 0; cut off there, the process is pushed up at 0 where it should stay. */
static const char *cir_unsplit(const struct process *p)
{
	return p->sigma * p->sigma > 4 * p->rate * p->level ? "method: splitting needs sigma^2 <= 4 rate level" : NULL;
}

static double ou_step(const struct process *p, double x, double h, double normal)
{
	double decay = exp(-p->rate * h);
	double variance = decayed(2 * p->rate, h);

	return p->level + (x - p->level) * decay + p->sigma * sqrt(variance) * normal;
}

static double gbm_step(const struct process *p, double x, double h, double normal)
{
	return x * exp((p->rate - 0.5 * p->sigma * p->sigma) * h + p->sigma * sqrt(h) * normal);
}

static void ou_moments(const struct process *p, double t, double *mean, double *variance)
{
	double decay = exp(-p->rate * t), spread = p->start_spread * decay;

	*mean = p->level + (p->start - p->level) * decay;
	*variance = spread * spread + p->sigma * p->sigma * decayed(2 * p->rate, t);
}

/* Mean: level int_0^t s exp(-rate (t - s)) ds; variance: sigma^2 int_0^t s^2 exp(-2 rate (t - s)) ds. */
static void trend_moments(const struct process *p, double t, double *mean, double *variance)
{
	const double z = -p->rate * t, decay = exp(z), spread = p->start_spread * decay;

	*mean = p->start * decay + p->level * t * t * phi(2, z);
	*variance = spread * spread + p->sigma * p->sigma * t * t * t * 2 * phi(3, 2 * z);
}

static void gbm_moments(const struct process *p, double t, double *mean, double *variance)
{
	const double growth = exp(p->rate * t), spread = p->start_spread * p->start_spread;
	const double wider = expm1(p->sigma * p->sigma * t);

	*mean = p->start * growth;
	*variance = growth * growth * ((p->start * p->start + spread) * wider + spread);
}

static void cir_moments(const struct process *p, double t, double *mean, double *variance)
{
	const double decay = exp(-p->rate * t), gone = decayed(p->rate, t), spread = p->start_spread * decay;

	*mean = p->level + (p->start - p->level) * decay;
	*variance = spread * spread + p->sigma * p->sigma * gone * (p->start * decay + 0.5 * p->level * p->rate * gone);
}

static const struct row {
	sde_function drift, diffusion, slope;
	double (*step)(const struct process *p, double x, double h, double normal);
	void (*moments)(const struct process *p, double t, double *mean, double *variance);
	const char *noise, *start; /* purposes of the streams */
	bool positive, additive;
	sde_function flow;
	void (*kick)(void *context, int64_t paths, const double *w, const double *x, double *out);
	double (*length)(void *context, int64_t paths, const double *x, double error);
	const char *(*unsplit)(const struct process *p); /* why splitting does not converge, or NULL */
} rows[] = {
	[PROCESS_OU] = { ou_drift, constant_diffusion, constant_slope, ou_step, ou_moments, "ou", "ou-start",
			 .additive = true, .flow = ou_flow, .kick = constant_kick },
	[PROCESS_GBM] = { gbm_drift, gbm_diffusion, gbm_slope, gbm_step, gbm_moments, "gbm", "gbm-start",
			  .flow = gbm_flow, .kick = gbm_kick },
	[PROCESS_CIR] = { cir_drift, cir_diffusion, cir_slope, NULL, cir_moments, "cir", "cir-start", true, false,
			  cir_flow, cir_kick, cir_length, cir_unsplit },
	[PROCESS_LANGEVIN] = { langevin_drift, constant_diffusion, constant_slope, NULL, NULL, "langevin",
			       "langevin-start", .additive = true, .flow = langevin_flow, .kick = constant_kick },
	[PROCESS_OU_TREND] = { trend_drift, trend_diffusion, constant_slope, NULL, trend_moments, "ou-trend",
			       "ou-trend-start", .additive = true },
};

const char *const process_names[] = { "ou", "gbm", "cir", "langevin", "ou-trend", NULL };

static int exact_path(const struct row *row, const struct process *p, int64_t n, double T, int64_t frames,
		      struct rng noise, double *out, struct err *e)
{
	double *normal = mem_new(n, sizeof *normal, "normal numbers", e);
	const double h = T / (double)frames;

	if (!normal)
		return -1;
	for (int64_t k = 0; k < frames; k++) {
		rng_normal(noise, (uint64_t)(k * n), (size_t)n, normal);
		for (int64_t i = 0; i < n; i++)
			out[(k + 1) * n + i] = row->step(p, out[k * n + i], h, normal[i]);
	}
	free(normal);
	return 0;
}

static struct sde sde_of(const struct row *row, struct many *many)
{
	return (struct sde){ .n = many->n,
			     .calculus = SDE_ITO,
			     .additive = row->additive,
			     .drift = row->drift,
			     .diffusion = row->diffusion,
			     .slope = row->slope,
			     .drift_flow = row->flow,
			     .diffusion_flow = row->kick,
			     .length = row->length,
			     .context = many };
}

static bool is_adaptive(const struct process_scheme *c)
{
	return c->rtol > 0 || c->atol > 0;
}

int process_check(enum process_kind kind, const struct process_scheme *scheme, struct err *e)
{
	struct many many = { NULL, 1 };
	const struct sde sde = sde_of(&rows[kind], &many);

	if (scheme->method == PROCESS_EXACT) {
		if (!rows[kind].step)
			return err_set(e, ERR_USAGE,
				       "method: process %s has no exact transition, use euler-maruyama, milstein or "
				       "another scheme",
				       process_names[kind]);
		return 0;
	}
	if (sde_method_check(&sde_methods[scheme->method - 1], &sde, is_adaptive(scheme), e) != 0)
		return -1;
	if (scheme->n_pid > 0 && (scheme->n_pid != 3 || scheme->pid[0] + scheme->pid[1] + scheme->pid[2] <= 0))
		return err_set(e, ERR_USAGE, "pid: needs three numbers, [p, i, d], that are not all 0");
	/* its lengths follow from atol: for 0 they would be 0 */
	if (sde_methods[scheme->method - 1].needs_flows && is_adaptive(scheme) && !(scheme->atol > 0))
		return err_set(e, ERR_USAGE,
			       "atol: adaptive steps of method %s need one above 0; rtol says nothing to it",
			       sde_methods[scheme->method - 1].name);
	return 0;
}

int process_path(enum process_kind kind, const struct process *p, const struct process_scheme *scheme, int64_t n,
		 double T, int64_t frames, uint64_t seed, int64_t sample, const double *start, double *out,
		 struct sde_counts *counts, struct err *e)
{
	const struct row *row = &rows[kind];
	const struct rng noise = rng_stream(seed, row->noise, 0, (uint64_t)sample),
			 first = rng_stream(seed, row->start, 0, (uint64_t)sample);
	struct many many = { p, n };
	const struct sde sde = sde_of(row, &many);
	const struct sde_method *m;
	struct controller_config control = { .rtol = scheme->rtol, .atol = scheme->atol, .max_steps = INT64_MAX };
	struct sde_noise source = {
		.fresh = { .seed = seed, .purpose = row->noise, .first_sample = sample, .n_samples = 1, .channels = n }
	};
	double *x, *t;
	int status = -1;

	if (process_check(kind, scheme, e) != 0)
		return -1;
	if (scheme->method != PROCESS_EXACT && sde_methods[scheme->method - 1].needs_flows && row->unsplit &&
	    row->unsplit(p))
		return err_set(e, ERR_USAGE, "%s", row->unsplit(p));
	if (start) {
		memcpy(out, start, (size_t)n * sizeof *out);
	} else {
		rng_normal(first, 0, (size_t)n, out);
		for (int64_t i = 0; i < n; i++)
			out[i] = p->start + p->start_spread * out[i] +
				 (p->start_width > 0
					  ? p->start_width * (2 * rng_uniform_at(first, (uint64_t)(n + 1 + i)) - 1)
					  : 0);
	}
	if (scheme->method == PROCESS_EXACT)
		return exact_path(row, p, n, T, frames, noise, out, e);
	m = &sde_methods[scheme->method - 1];
	x = mem_new(n > INT64_MAX - frames - 1 ? -1 : n + frames + 1, sizeof *x, "a process's state and times", e);
	if (!x)
		return -1;
	memcpy(x, out, (size_t)n * sizeof *x);
	t = x + n;
	for (int64_t k = 0; k <= frames; k++)
		t[k] = T * ((double)k / (double)frames);
	control.dt_min = scheme->dtmin > 0 ? scheme->dtmin : T / (double)frames / 65536;
	control.dt0 = fmin(0.01, T / (double)frames);
	if (scheme->n_pid == 3) {
		control.p = scheme->pid[0];
		control.i = scheme->pid[1];
		control.d = scheme->pid[2];
	}
	source.fresh.t1 = T;
	source.fresh.tolerance = scheme->tolerance > 0 ? scheme->tolerance : control.dt_min / 2;
	source.fresh.kind = BROWNIAN_WH;
	if (scheme->tolerance > 0)
		control.dt_min = fmax(control.dt_min, 2 * scheme->tolerance);
	if (!is_adaptive(scheme) && scheme->tolerance * (double)scheme->steps * (double)frames > T) {
		err_set(e, ERR_USAGE, "tolerance: %g is longer than a step, %g", scheme->tolerance,
			T / (double)frames / (double)scheme->steps);
		goto done;
	}
	if (scheme->tolerance > 0 || is_adaptive(scheme)) {
		source.tree = brownian_new(&source.fresh, e);
		if (!source.tree)
			goto done;
	}
	if (is_adaptive(scheme))
		status = sde_adaptive(&sde, m, source.tree, 1, frames + 1, t, &control, x, out, counts, e);
	else
		status = sde_fixed(&sde, m, &source, 1, frames + 1, t, scheme->steps, x, out, counts, e);
done:
	brownian_free(source.tree);
	free(x);
	for (int64_t i = 0; row->positive && status == 0 && i < (frames + 1) * n; i++)
		out[i] = fmax(out[i], 0);
	return status;
}

bool process_moments(enum process_kind kind, const struct process *p, double t, double *mean, double *std)
{
	struct process q = *p;
	double variance;

	/* Only the variance of the start matters to all that have closed moments. */
	q.start_spread = sqrt(p->start_spread * p->start_spread + p->start_width * p->start_width / 3);
	variance = q.start_spread * q.start_spread;
	*mean = p->start;
	if (rows[kind].moments)
		rows[kind].moments(&q, t, mean, &variance);
	else if (t > 0)
		return false;
	*std = sqrt(fmax(variance, 0));
	return true;
}
