/* noise.c: noise schedules, one entry of the table a kind. */
#include "sampler/noise.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static const double pi = 3.14159265358979323846;

const char *const noise_names[] = { "vp-linear", "vp-cosine",	"sub-vp",    "ve",	 "edm",
				    "ou",	 "flow-linear", "flow-trig", "discrete", NULL };
const char *const noise_betas_names[] = { "linear", "quadratic", "cosine", NULL };

/* log(1 + exp(x)) */
static double softplus(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* Variance preserving: everything follows from decay L = -2 log alpha and its slope (= beta). */
static void level_of_decay(struct noise_level *v, double decay, double slope)
{
	v->log_alpha = -decay / 2;
	v->alpha = exp(-decay / 2);
	v->sigma = sqrt(-expm1(-decay));
	v->rho = sqrt(expm1(decay));
	v->lambda = v->log_alpha - log(v->sigma);
	v->drift = -slope / 2;
	v->diffusion2 = slope;
	v->alpha_rate = v->drift * v->alpha;
	v->sigma_rate = slope * exp(-decay) / (2 * v->sigma);
}

static double linear_decay(const struct noise_spec *p, double t)
{
	return t * (p->beta_min + t * (p->beta_max - p->beta_min) / 2);
}

/* Root of linear_decay = decay in the form that does not cancel. */
static double linear_decay_time(const struct noise_spec *p, double decay)
{
	const double b = p->beta_min;

	return 2 * decay / (b + sqrt(b * b + 2 * (p->beta_max - b) * decay));
}

static void vp_linear_at(const struct noise_schedule *s, double t, struct noise_level *v)
{
	const struct noise_spec *p = &s->spec;

	level_of_decay(v, linear_decay(p, t), p->beta_min + t * (p->beta_max - p->beta_min));
}

static double vp_linear_time(const struct noise_schedule *s, double lambda)
{
	return linear_decay_time(&s->spec, softplus(-2 * lambda));
}

/* alpha = cos(a + d) / cos(a) with a = shift pi / 2 / (1 + shift) and d = t pi / 2 / (1 + shift). */
static double cosine_decay(double shift, double t)
{
	const double unit = pi / (2 * (1 + shift)), a = shift * unit, d = t * unit, half = sin(d / 2);

	return d < 0.5 ? -2 * log1p(-(2 * half * half + tan(a) * sin(d))) : -2 * log(cos(a + d) / cos(a));
}

static void vp_cosine_at(const struct noise_schedule *s, double t, struct noise_level *v)
{
	const double shift = s->spec.shift, unit = pi / (2 * (1 + shift));

	level_of_decay(v, cosine_decay(shift, t), 2 * unit * tan((shift + t) * unit));
}

/* 1 - alpha = y = 2 sin^2(d / 2) + tan(a) sin(d): a quadratic in tan(d / 2). */
static double vp_cosine_time(const struct noise_schedule *s, double lambda)
{
	const double shift = s->spec.shift, unit = pi / (2 * (1 + shift)), slope = tan(shift * unit);
	const double y = -expm1(-softplus(-2 * lambda) / 2);

	return 2 * atan(y / (slope + sqrt(slope * slope + y * (2 - y)))) / unit;
}

static void sub_vp_at(const struct noise_schedule *s, double t, struct noise_level *v)
{
	const struct noise_spec *p = &s->spec;
	const double decay = linear_decay(p, t), slope = p->beta_min + t * (p->beta_max - p->beta_min);

	v->log_alpha = -decay / 2;
	v->alpha = exp(-decay / 2);
	v->sigma = -expm1(-decay);
	v->rho = 2 * sinh(decay / 2);
	v->lambda = v->log_alpha - log(v->sigma);
	v->drift = -slope / 2;
	v->diffusion2 = slope * -expm1(-2 * decay);
	v->alpha_rate = v->drift * v->alpha;
	v->sigma_rate = slope * exp(-decay);
}

static double sub_vp_time(const struct noise_schedule *s, double lambda)
{
	return linear_decay_time(&s->spec, 2 * asinh(exp(-lambda) / 2));
}

/* alpha = 1: sigma and its slope say all. */
static void level_of_sigma(struct noise_level *v, double sigma, double log_sigma, double rate)
{
	v->log_alpha = v->alpha_rate = v->drift = 0;
	v->alpha = 1;
	v->sigma = v->rho = sigma;
	v->lambda = -log_sigma;
	v->sigma_rate = rate;
	v->diffusion2 = 2 * sigma * rate;
}

static void ve_at(const struct noise_schedule *s, double t, struct noise_level *v)
{
	const double log_ratio = log(s->spec.sigma_max / s->spec.sigma_min);
	const double log_sigma = log(s->spec.sigma_min) + t * log_ratio, sigma = exp(log_sigma);

	level_of_sigma(v, sigma, log_sigma, sigma * log_ratio);
}

static double ve_time(const struct noise_schedule *s, double lambda)
{
	return (-lambda - log(s->spec.sigma_min)) / log(s->spec.sigma_max / s->spec.sigma_min);
}

static void edm_at(const struct noise_schedule *s, double t, struct noise_level *v)
{
	(void)s;
	level_of_sigma(v, t, log(t), 1);
}

static double edm_time(const struct noise_schedule *s, double lambda)
{
	(void)s;
	return exp(-lambda);
}

static void ou_at(const struct noise_schedule *s, double t, struct noise_level *v)
{
	(void)s;
	v->log_alpha = -t;
	v->alpha = exp(-t);
	v->sigma = sqrt(-expm1(-2 * t) / 2);
	v->rho = sqrt(expm1(2 * t) / 2);
	v->lambda = -t - log(v->sigma);
	v->drift = -1;
	v->diffusion2 = 1;
	v->alpha_rate = -v->alpha;
	v->sigma_rate = exp(-2 * t) / (2 * v->sigma);
}

static double ou_time(const struct noise_schedule *s, double lambda)
{
	(void)s;
	return log1p(2 * exp(-2 * lambda)) / 2;
}

static void flow_linear_at(const struct noise_schedule *s, double t, struct noise_level *v)
{
	(void)s;
	v->log_alpha = log1p(-t);
	v->alpha = 1 - t;
	v->sigma = t;
	v->rho = t / (1 - t);
	v->lambda = v->log_alpha - log(t);
	v->alpha_rate = -1;
	v->sigma_rate = 1;
	v->drift = -1 / (1 - t);
	v->diffusion2 = 2 * t / (1 - t);
}

static double flow_linear_time(const struct noise_schedule *s, double lambda)
{
	(void)s;
	return 1 / (1 + exp(lambda));
}

static void flow_trig_at(const struct noise_schedule *s, double t, struct noise_level *v)
{
	const double turn = pi / 2 * t;

	(void)s;
	v->alpha = t < 1 ? cos(turn) : 0; /* cos(pi / 2) rounds to 6e-17 */
	v->sigma = sin(turn);
	v->log_alpha = t < 0.5 ? log1p(-v->sigma * v->sigma) / 2 : log(v->alpha);
	v->rho = v->sigma / v->alpha;
	v->lambda = -log(v->rho);
	v->alpha_rate = -pi / 2 * v->sigma;
	v->sigma_rate = pi / 2 * v->alpha;
	v->drift = -pi / 2 * v->rho;
	v->diffusion2 = pi * v->rho;
}

static double flow_trig_time(const struct noise_schedule *s, double lambda)
{
	(void)s;
	return 2 / pi * atan(exp(-lambda));
}

static void discrete_at(const struct noise_schedule *s, double t, struct noise_level *v)
{
	const int64_t n = s->spec.n_betas;
	int64_t k = (int64_t)ceil(t * (double)n);
	double step;

	k = k < 1 ? 1 : k > n ? n : k;
	step = s->decay[k] - s->decay[k - 1];
	level_of_decay(v, s->decay[k] - step * ((double)k - t * (double)n), step * (double)n);
}

static double discrete_time(const struct noise_schedule *s, double lambda)
{
	const double decay = softplus(-2 * lambda);
	int64_t lo = 0, hi = s->spec.n_betas;

	while (hi - lo > 1) {
		const int64_t middle = lo + (hi - lo) / 2;

		if (s->decay[middle] < decay)
			lo = middle;
		else
			hi = middle;
	}
	return ((double)lo + (decay - s->decay[lo]) / (s->decay[hi] - s->decay[lo])) / (double)s->spec.n_betas;
}

/* T_max: end of the domain; uses: which members of the spec matter. */
enum { USES_BETAS = 1, USES_SIGMAS = 2, USES_SHIFT = 4, USES_TABLE = 8 };
static const struct {
	double T, t_end, T_max;
	unsigned uses;
	void (*at)(const struct noise_schedule *s, double t, struct noise_level *v);
	double (*time)(const struct noise_schedule *s, double lambda);
} kinds[] = {
	[NOISE_VP_LINEAR] = { 1, 1e-3, DBL_MAX, USES_BETAS, vp_linear_at, vp_linear_time },
	/* At T = 0.9946 the cosine's log-SNR is that of the linear schedule's end; at 1 it is infinite. */
	[NOISE_VP_COSINE] = { 0.9946, 1e-3, 0.99999, USES_SHIFT, vp_cosine_at, vp_cosine_time },
	[NOISE_SUB_VP] = { 1, 1e-3, DBL_MAX, USES_BETAS, sub_vp_at, sub_vp_time },
	[NOISE_VE] = { 1, 1e-5, DBL_MAX, USES_SIGMAS, ve_at, ve_time },
	[NOISE_EDM] = { 80, 0.002, DBL_MAX, 0, edm_at, edm_time },
	[NOISE_OU] = { 10, 1e-5, 300, 0, ou_at, ou_time },
	[NOISE_FLOW_LINEAR] = { 1, 0, 1, 0, flow_linear_at, flow_linear_time },
	[NOISE_FLOW_TRIG] = { 1, 0, 1, 0, flow_trig_at, flow_trig_time },
	[NOISE_DISCRETE] = { 1, 0, 1, USES_TABLE, discrete_at, discrete_time },
};

/* beta_k, k = 1 .. n: Ho et al. (arXiv 2006.11239) section 4; its square-root variant; arXiv 2102.09672 eq. 17. */
static double beta_of(const struct noise_spec *p, int64_t k)
{
	const double n = (double)p->n_betas, part = p->n_betas > 1 ? ((double)k - 1) / (n - 1) : 0;
	const double lo = sqrt(p->beta_min), hi = sqrt(p->beta_max), root = lo + part * (hi - lo);

	if (p->beta)
		return p->beta[k - 1];
	switch (p->betas) {
	case BETAS_LINEAR:
		return p->beta_min + part * (p->beta_max - p->beta_min);
	case BETAS_QUADRATIC:
		return root * root;
	case BETAS_COSINE:
		break;
	}
	/* At the last step alpha is zero, or negative by rounding: the cap. */
	if (k == p->n_betas)
		return 0.999;
	return fmin(0.999, -expm1(cosine_decay(p->shift, ((double)k - 1) / n) - cosine_decay(p->shift, (double)k / n)));
}

static int check(const struct noise_spec *p, unsigned uses, struct err *e)
{
	if ((uses & USES_BETAS) && !(p->beta_min > 0 && p->beta_max >= p->beta_min && p->beta_max < 1e3))
		return err_set(e, ERR_USAGE, "beta_min, beta_max: 0 < %g <= %g < 1000 does not hold", p->beta_min,
			       p->beta_max);
	if ((uses & USES_SIGMAS) && !(p->sigma_min > 0 && p->sigma_max > p->sigma_min))
		return err_set(e, ERR_USAGE, "sigma_min, sigma_max: 0 < %g < %g does not hold", p->sigma_min,
			       p->sigma_max);
	if ((uses & USES_SHIFT) && !(p->shift > 0 && p->shift <= 1))
		return err_set(e, ERR_USAGE, "shift: %g is not in (0, 1]", p->shift);
	if (!(uses & USES_TABLE))
		return 0;
	for (int64_t k = 0; p->beta && k < p->n_betas; k++)
		if (!(p->beta[k] > 0 && p->beta[k] < 1))
			return err_set(e, ERR_USAGE, "beta_values: 0 < %g < 1 does not hold", p->beta[k]);
	if (p->beta)
		return 0;
	if (p->betas == BETAS_COSINE)
		return check(p, USES_SHIFT, e);
	if (!(p->beta_min > 0 && p->beta_max >= p->beta_min && p->beta_max < 1))
		return err_set(e, ERR_USAGE, "beta_min, beta_max: 0 < %g <= %g < 1 does not hold", p->beta_min,
			       p->beta_max);
	return 0;
}

static double usual(double value, double otherwise)
{
	return value == 0 ? otherwise : value;
}

int noise_open(struct noise_schedule *s, const struct noise_spec *given, struct err *e)
{
	const unsigned uses = kinds[given->kind].uses;
	const bool sigmas = given->kind == NOISE_EDM, table = uses & USES_TABLE;
	const struct noise_spec *spec = &s->spec;

	*s = (struct noise_schedule){ .spec = *given };
	s->spec.beta_min = usual(given->beta_min, table ? 1e-4 : 0.1);
	s->spec.beta_max = usual(given->beta_max, table ? 0.02 : 20);
	s->spec.shift = usual(given->shift, 0.008);
	s->spec.n_betas = given->n_betas == 0 ? 1000 : given->n_betas;
	if (!sigmas) {
		s->spec.sigma_min = usual(given->sigma_min, 0.01);
		s->spec.sigma_max = usual(given->sigma_max, 50);
	}
	s->T = spec->T > 0 ? spec->T : sigmas && spec->sigma_max > 0 ? spec->sigma_max : kinds[spec->kind].T;
	s->t_end = spec->t_end > 0		   ? spec->t_end
		   : sigmas && spec->sigma_min > 0 ? spec->sigma_min
						   : kinds[spec->kind].t_end;
	if (check(spec, uses, e) != 0)
		return -1;
	if (!(s->t_end < s->T && s->T <= kinds[spec->kind].T_max))
		return err_set(e, ERR_USAGE, "T: schedule %s needs t_end = %g < T = %g <= %g", noise_names[spec->kind],
			       s->t_end, s->T, kinds[spec->kind].T_max);
	if (!(uses & USES_TABLE))
		return 0;
	s->decay = mem_new(spec->n_betas + 1, sizeof *s->decay, "betas", e);
	if (!s->decay)
		return -1;
	for (int64_t k = 1; k <= spec->n_betas; k++)
		s->decay[k] = s->decay[k - 1] - log1p(-beta_of(spec, k));
	s->spec.beta = NULL;
	/* The first noisy time of the table, where a discrete network was trained last. */
	if (!(spec->t_end > 0))
		s->t_end = 1 / (double)spec->n_betas;
	return 0;
}

void noise_close(struct noise_schedule *s)
{
	free(s->decay);
	s->decay = NULL;
}

struct noise_level noise_at(const struct noise_schedule *s, double t)
{
	struct noise_level v = { .t = t };

	kinds[s->spec.kind].at(s, t, &v);
	return v;
}

double noise_time(const struct noise_schedule *s, double lambda)
{
	return kinds[s->spec.kind].time(s, lambda);
}

double noise_prior_std(const struct noise_schedule *s)
{
	return noise_at(s, s->T).sigma;
}
