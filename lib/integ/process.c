/* process.c: stochastic processes as data. Exact transitions: Kloeden, Platen, Numerical Solution of SDEs, 4.4; moments of the
 * square-root process: Cox, Ingersoll, Ross, Econometrica 53 (1985), eq. 19; full truncation: Lord, Koekkoek, van Dijk,
 * Quantitative Finance 10 (2010). */
#include "integ/process.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/integ.h"

/* What integ_sde passes on: parameters and the number of components. */
struct many {
	const struct process *p;
	int64_t n;
};

#define EACH(formula)                                                                                                  \
	const struct many *m = context;                                                                                \
	const struct process *p = m->p;                                                                                \
	(void)t;                                                                                                       \
	(void)p;                                                                                                       \
	for (int64_t i = 0; i < m->n; i++) {                                                                           \
		const double X = x[i];                                                                                 \
		(void)X;                                                                                               \
		out[i] = (formula);                                                                                    \
	}

static void ou_drift(void *context, double t, const double *x, double *out)
{
	EACH(p->rate * (p->level - X))
}
static void constant_diffusion(void *context, double t, const double *x, double *out)
{
	EACH(p->sigma)
}
static void constant_slope(void *context, double t, const double *x, double *out)
{
	EACH(0)
}
static void gbm_drift(void *context, double t, const double *x, double *out)
{
	EACH(p->rate * X)
}
static void gbm_diffusion(void *context, double t, const double *x, double *out)
{
	EACH(p->sigma * X)
}
static void gbm_slope(void *context, double t, const double *x, double *out)
{
	EACH(p->sigma)
}
static void cir_drift(void *context, double t, const double *x, double *out)
{
	EACH(p->rate * (p->level - fmax(X, 0)))
}
static void cir_diffusion(void *context, double t, const double *x, double *out)
{
	EACH(p->sigma * sqrt(fmax(X, 0)))
}
static void cir_slope(void *context, double t, const double *x, double *out)
{
	/* sigma / (2 sqrt(X)) only ever multiplies the diffusion; their product sigma^2 / 2 holds down to X = 0. */
	EACH(X > 0 ? 0.5 * p->sigma / sqrt(X) : 0)
}
static void langevin_drift(void *context, double t, const double *x, double *out)
{
	EACH(p->rate * (X - X * X * X))
}

static double ou_step(const struct process *p, double x, double h, double normal)
{
	double decay = exp(-p->rate * h);
	double variance = p->rate != 0 ? -expm1(-2 * p->rate * h) / (2 * p->rate) : h;

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
	*variance =
		spread * spread + p->sigma * p->sigma * (p->rate != 0 ? -expm1(-2 * p->rate * t) / (2 * p->rate) : t);
}

static void gbm_moments(const struct process *p, double t, double *mean, double *variance)
{
	double square = p->start * p->start + p->start_spread * p->start_spread;

	*mean = p->start * exp(p->rate * t);
	*variance = square * exp((2 * p->rate + p->sigma * p->sigma) * t) - *mean * *mean;
}

static void cir_moments(const struct process *p, double t, double *mean, double *variance)
{
	double decay = exp(-p->rate * t), gone = -expm1(-p->rate * t), spread = p->start_spread * decay;

	*mean = p->level + (p->start - p->level) * decay;
	*variance = spread * spread +
		    p->sigma * p->sigma / p->rate * (p->start * decay * gone + 0.5 * p->level * gone * gone);
}

static const struct row {
	void (*drift)(void *context, double t, const double *x, double *out);
	void (*diffusion)(void *context, double t, const double *x, double *out);
	void (*slope)(void *context, double t, const double *x, double *out);
	double (*step)(const struct process *p, double x, double h, double normal);
	void (*moments)(const struct process *p, double t, double *mean, double *variance);
	const char *noise, *start; /* purposes of the streams */
	bool positive;
} rows[] = {
	[PROCESS_OU] = { ou_drift, constant_diffusion, constant_slope, ou_step, ou_moments, "ou", "ou-start", false },
	[PROCESS_GBM] = { gbm_drift, gbm_diffusion, gbm_slope, gbm_step, gbm_moments, "gbm", "gbm-start", false },
	[PROCESS_CIR] = { cir_drift, cir_diffusion, cir_slope, NULL, cir_moments, "cir", "cir-start", true },
	[PROCESS_LANGEVIN] = { langevin_drift, constant_diffusion, constant_slope, NULL, NULL, "langevin",
			       "langevin-start", false },
};

const char *const process_names[] = { "ou", "gbm", "cir", "langevin", NULL };
const char *const process_methods[] = { "exact", "euler-maruyama", "milstein", NULL };

bool process_has_exact(enum process_kind kind)
{
	return rows[kind].step != NULL;
}

static void exact_path(const struct row *row, const struct process *p, int64_t n, double T, int64_t frames,
		       struct rng noise, double *out)
{
	double *normal = xmalloc((size_t)n * sizeof *normal);
	const double h = T / (double)frames;

	for (int64_t k = 0; k < frames; k++) {
		rng_normal(noise, (uint64_t)(k * n), (size_t)n, normal);
		for (int64_t i = 0; i < n; i++)
			out[(k + 1) * n + i] = row->step(p, out[k * n + i], h, normal[i]);
	}
	free(normal);
}

int process_path(enum process_kind kind, const struct process *p, enum process_method method, int64_t n, double T,
		 int64_t frames, int64_t steps, uint64_t seed, int64_t sample, const double *start, double *out,
		 struct err *e)
{
	const struct row *row = &rows[kind];
	const struct rng noise = rng_stream(seed, row->noise, 0, (uint64_t)sample);
	struct many many = { p, n };
	const struct sde sde = { .n = n,
				 .drift = row->drift,
				 .diffusion = row->diffusion,
				 .diffusion_slope = row->slope,
				 .context = &many };
	double *x;
	int status;

	if (start) {
		memcpy(out, start, (size_t)n * sizeof *out);
	} else {
		rng_normal(rng_stream(seed, row->start, 0, (uint64_t)sample), 0, (size_t)n, out);
		for (int64_t i = 0; i < n; i++)
			out[i] = p->start + p->start_spread * out[i];
	}
	if (method == PROCESS_EXACT) {
		if (!row->step)
			return err_set(e, ERR_USAGE, "process %s has no exact transition", process_names[kind]);
		exact_path(row, p, n, T, frames, noise, out);
		return 0;
	}
	x = xmalloc((size_t)n * sizeof *x);
	memcpy(x, out, (size_t)n * sizeof *x);
	status = integ_sde(method == PROCESS_EULER ? "euler_maruyama" : "milstein", &sde, &noise, 0, T, frames * steps,
			   steps, x, out, e);
	free(x);
	for (int64_t i = 0; row->positive && status == 0 && i < (frames + 1) * n; i++)
		out[i] = fmax(out[i], 0);
	return status;
}

bool process_moments(enum process_kind kind, const struct process *p, double t, double *mean, double *std)
{
	double variance = p->start_spread * p->start_spread;

	*mean = p->start;
	if (rows[kind].moments)
		rows[kind].moments(p, t, mean, &variance);
	else if (t > 0)
		return false;
	*std = sqrt(fmax(variance, 0));
	return true;
}
