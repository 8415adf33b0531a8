/* mcmc.c: Markov chains whose law tends to exp(-f(x)): underdamped Langevin dynamics by its solvers, Hamiltonian Monte
 * Carlo, and the no-U-turn sampler. A sample is a chain. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "integ/langevin.h"
#include "sampler/density.h"
#include "sampler/hamiltonian.h"
#include "sampler/sampler.h"

enum { HMC = LANGEVIN_EULER + 1, NUTS };
static const char *const methods[] = { "quicsort", "should", "euler-maruyama", "hmc", "nuts", NULL };

struct mcmc {
	struct density_keys target;
	int method;
	double step, friction, mass, start_spread;
	struct key_doubles start;
	int64_t draws, burn, thin, leaps, depth;
};

static const struct key keys[] = {
	KEY_ONE_OF(struct mcmc, method, "quicsort", methods,
		   "quicsort, should, euler-maruyama: underdamped Langevin dynamics, 2, 2 and 1 gradients a step; hmc: "
		   "leaps "
		   "gradients a step; nuts: as many as it takes"),
	{ "potential", KEY_STRING, KEY_MEMBER(struct mcmc, target.potential, const char *), NULL, 0, 0, NULL,
	  "f of the density exp(-f), in the language of sciml-equation(5); absent: the mixture" },
	{ "variables", KEY_STRINGS, KEY_MEMBER(struct mcmc, target.variables, struct key_strings), "[x]", 0, 0, NULL,
	  "names of the coordinates in potential" },
	KEY_REAL(struct mcmc, step, "0.1", 1e-9, 1e6, "length of a step"),
	KEY_INT(struct mcmc, draws, "100", 1, 1e9, "states kept of a chain"),
	KEY_INT(struct mcmc, thin, "10", 1, 1e9, "steps from one to the next (trajectories for hmc and nuts)"),
	KEY_INT(struct mcmc, burn, "1000", 0, 1e12, "steps before the first"),
	KEY_REAL(struct mcmc, friction, "1", 1e-9, 1e9, "Langevin: friction"),
	KEY_REAL(struct mcmc, mass, "1", 1e-9, 1e9, "Langevin: mass, of which u is the inverse"),
	KEY_INT(struct mcmc, leaps, "10", 1, 1e6, "hmc: leapfrog steps of a trajectory"),
	KEY_INT(struct mcmc, depth, "10", 1, 20, "nuts: trajectories of at most 2^depth steps"),
	KEY_REALS(struct mcmc, start, "[0]", -1e12, 1e12, "mean of the first state; one number: of every coordinate"),
	KEY_REAL(struct mcmc, start_spread, "1", 0, 1e9, "its standard deviation"),
	{ "mixture", KEY_CHOICE, KEY_MEMBER(struct mcmc, target.mixture.mixture, int), "gmm-a", 0, 0, mixture_sets,
	  "without potential: a shipped target in two dimensions" },
	{ "means", KEY_NODE, KEY_MEMBER(struct mcmc, target.mixture.means, const struct conf_node *), NULL, 0, 0, NULL,
	  "or the means of a Gaussian mixture: [[x, y], ...]" },
	{ "stds", KEY_NODE, KEY_MEMBER(struct mcmc, target.mixture.stds, const struct conf_node *), NULL, 0, 0, NULL,
	  "its standard deviations: one number, one a component, or [[sx, sy], ...]; 1 if absent" },
	{ "covariances", KEY_NODE, KEY_MEMBER(struct mcmc, target.mixture.covariances, const struct conf_node *), NULL,
	  0, 0, NULL, "instead of stds: a symmetric matrix a component" },
	{ "weights", KEY_DOUBLES, KEY_MEMBER(struct mcmc, target.mixture.weights, struct key_doubles), "[1]", 0, 0,
	  NULL, "weights of the components; one number serves all" },
	KEY_END,
};

static void release(void *work)
{
	density_free(work);
}

static int prepare(const void *config, void **work, struct err *e)
{
	const struct mcmc *c = config;
	struct density *d = density_new(&c->target, e);

	*work = NULL;
	if (!d)
		return -1;
	if (c->start.n != 1 && c->start.n != density_dim(d)) {
		err_set(e, ERR_USAGE, "start: %d numbers for %lld coordinates", c->start.n, (long long)density_dim(d));
		density_free(d);
		return -1;
	}
	*work = d;
	return 0;
}

static int check(const void *config, struct err *e)
{
	const struct mcmc *c = config;
	void *work;

	if (c->thin > (INT64_MAX / 4 - c->burn) / c->draws)
		return err_set(e, ERR_USAGE, "thin: too many steps");
	if (prepare(config, &work, e) != 0)
		return -1;
	release(work);
	return 0;
}

static void layout(const void *config, struct layout *l)
{
	const struct mcmc *c = config;
	struct density *d = density_new(&c->target, NULL);
	int axis[2];

	if (!d)
		return; /* check has shown that it works */
	axis[0] = layout_add_axis(l, "draw", AXIS_TIME, c->draws, NULL, false, 0);
	axis[1] = layout_add_axis(l, "channel", AXIS_CHANNEL, density_dim(d), NULL, false, 0);
	layout_add_field(l, "x", DTYPE_F64, ROLE_TRAJECTORY, 2, axis);
	layout_add_field(l, "gradients", DTYPE_F64, ROLE_NONE, 0, NULL);
	density_free(d);
}

static void gradient(void *context, int64_t paths, const double *x, double *out)
{
	(void)paths;
	density_gradient(context, x, out);
}

/* What one chain needs: a stepper of one kind or the other. */
struct chain {
	const struct mcmc *c;
	struct density *d;
	struct langevin problem;
	struct langevin_stepper *langevin;
	struct hamiltonian *hamiltonian;
	struct brownian_spec noise;
	uint64_t seed;
	int64_t sample, done;
	double *x, *v, *w; /* n, n, NOISES x 3 n: noise of the next steps, and room for as much */
};

enum { NOISES = 32 };

static void move(struct chain *h)
{
	const int64_t n = density_dim(h->d);

	if (h->langevin) {
		double *w = h->w + h->done % NOISES * n;

		if (h->done % NOISES == 0)
			brownian_steps(&h->noise, h->c->step, h->done, NOISES, h->w, h->w + NOISES * n,
				       h->w + 2 * NOISES * n, h->w + 3 * NOISES * n);
		langevin_step(h->langevin, h->x, h->v, w, w + NOISES * n, w + 2 * NOISES * n);
	} else {
		hamiltonian_move(h->hamiltonian,
				 rng_stream(h->seed, "mcmc move", (uint64_t)h->done, (uint64_t)h->sample), h->x);
	}
	h->done++;
}

static int run(struct chain *h, double *out, struct err *e)
{
	const int64_t n = density_dim(h->d);

	for (int64_t k = 0; k < h->c->burn; k++)
		move(h);
	for (int64_t k = 0; k < h->c->draws; k++) {
		for (int64_t j = 0; j < h->c->thin; j++)
			move(h);
		for (int64_t i = 0; i < n; i++)
			if (!isfinite(h->x[i]))
				return err_set(e, ERR_FAIL,
					       "sample %lld: not finite after %lld steps: step %g is too long for this "
					       "potential",
					       (long long)h->sample, (long long)h->done, h->c->step);
		memcpy(out + k * n, h->x, (size_t)n * sizeof *out);
	}
	return 0;
}

static int draw(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, struct err *e)
{
	const struct mcmc *c = config;
	struct density *d = work;
	const int64_t n = density_dim(d), gradients = density_gradients(d);
	const struct rng first = rng_stream(seed, "mcmc start", 0, (uint64_t)sample);
	struct chain h = { .c = c, .d = d, .seed = seed, .sample = sample };
	int status = -1;

	if (!(h.x = mem_new((2 + 6 * NOISES) * n, sizeof *h.x, "chain", e)))
		return -1;
	h.v = h.x + n;
	h.w = h.x + 2 * n;
	rng_normal(first, 0, (size_t)n, h.x);
	for (int64_t i = 0; i < n; i++)
		h.x[i] = c->start.at[c->start.n > 1 ? i : 0] + c->start_spread * h.x[i];
	if (c->method < HMC) {
		h.problem = (struct langevin){ n, c->friction, 1 / c->mass, gradient, d };
		h.noise = (struct brownian_spec){ .seed = seed,
						  .purpose = "mcmc noise",
						  .first_sample = sample,
						  .n_samples = 1,
						  .channels = n,
						  .kind = langevin_noise((enum langevin_method)c->method) };
		rng_normal(first, (uint64_t)n, (size_t)n, h.v);
		for (int64_t i = 0; i < n; i++)
			h.v[i] /= sqrt(c->mass);
		h.langevin = langevin_new((enum langevin_method)c->method, &h.problem, 1, c->step, e);
	} else {
		h.hamiltonian = hamiltonian_new(d, c->step, c->method == HMC ? c->leaps : 0, (int)c->depth);
	}
	if (h.langevin || h.hamiltonian)
		status = run(&h, field[0], e);
	*field[1] = (double)(density_gradients(d) - gradients);
	langevin_free(h.langevin);
	hamiltonian_free(h.hamiltonian);
	free(h.x);
	return status;
}

static const struct sampler_class mcmc = {
	.name = "mcmc",
	.summary = "Markov chains of a density: Langevin dynamics by QUICSORT and ShOULD, HMC, NUTS",
	.source = "arXiv 2405.06464; arXiv 2101.03446; Neal (2011); Hoffman, Gelman, JMLR 15 (2014)",
	.notes = "a sample is a chain; gradients: how many it asked for, burn-in included",
	.config_size = sizeof(struct mcmc),
	.keys = keys,
	.check = check,
	.layout = layout,
	.prepare = prepare,
	.release = release,
	.draw = draw,
	.test_config =
		"potential: \"x^2/2 + (y - x^2)^2\"\nvariables: [x, y]\nstep: 0.2\ndraws: 3\nburn: 20\nthin: 2\n",
};

const struct sampler_class *const sampler_file_mcmc[] = { &mcmc, NULL };
