/* grf.c: a Gaussian random field as a configuration section: what the problem and the sampler of that name share. */
#include "integ/grf.h"

#include <stdlib.h>

#include "base/mem.h"

static const char *const boundaries[] = { "periodic", "neumann", "dirichlet", NULL };

const struct key grf_keys[] = {
	KEY_INT(struct grf, dims, "1", 1, 3, "space dimensions"),
	KEY_INTS(struct grf, grid, "128", 1, 1e7, "points of each axis; one number serves all"),
	KEY_ONE_OF(struct grf, boundary, "periodic", boundaries, "sides of the Laplacian"),
	KEY_REAL(struct grf, gamma, "2", 0, 100, "law N(mean, sigma^2 (-Laplace + tau^2)^-gamma): gamma"),
	KEY_REAL(struct grf, tau, "5", 0, 1e6, "its tau"),
	KEY_REAL(struct grf, sigma, "25", 0, 1e12, "its sigma"),
	KEY_REAL(struct grf, mean, "0", -1e12, 1e12, "its mean"),
	KEY_FLAG(struct grf, mean_mode, "false", "draw the constant mode too"),
	KEY_END,
};

int grf_check(const void *config, struct err *e)
{
	const struct grf *c = config;
	const int64_t least = c->boundary == FIELD_PERIODIC ? 1 : c->boundary == FIELD_NEUMANN ? 2 : 3;

	if (c->grid.n != 1 && c->grid.n != c->dims)
		return err_set(e, ERR_USAGE, "grid: %d numbers for %lld dimensions", c->grid.n, (long long)c->dims);
	for (int a = 0; a < c->grid.n; a++)
		if (c->grid.at[a] < least)
			return err_set(e, ERR_USAGE, "grid: %s sides need %lld points, not %lld",
				       boundaries[c->boundary], (long long)least, (long long)c->grid.at[a]);
	if (c->mean_mode && c->boundary != FIELD_DIRICHLET && !(c->tau > 0))
		return err_set(e, ERR_USAGE, "tau: the constant mode needs tau > 0");
	return 0;
}

struct field_law grf_law(const struct grf *c)
{
	struct field_law law = { .n_dims = (int)c->dims,
				 .boundary = (enum field_boundary)c->boundary,
				 .gamma = c->gamma,
				 .tau = c->tau,
				 .sigma = c->sigma,
				 .mean = c->mean,
				 .mean_mode = c->mean_mode };

	for (int a = 0; a < law.n_dims; a++)
		law.size[a] = c->grid.at[c->grid.n == 1 ? 0 : a];
	return law;
}

void grf_layout(const void *config, struct layout *l)
{
	static const char *const names[] = { "x", "y", "z" };
	const struct field_law law = grf_law(config);
	int axis[3];

	for (int a = 0; a < law.n_dims; a++) {
		const bool periodic = law.boundary == FIELD_PERIODIC;
		const int64_t n = law.size[a], intervals = periodic ? n : n - 1;
		double *x = xmalloc((size_t)n * sizeof *x);

		for (int64_t i = 0; i < n; i++)
			x[i] = (double)i / (double)intervals;
		axis[a] = layout_add_axis(l, names[a], AXIS_SPACE, n, x, periodic, 1);
		free(x);
	}
	layout_add_field(l, "u", DTYPE_F32, ROLE_TARGET, law.n_dims, axis);
	layout_add_param(l, "gamma", law.gamma);
	layout_add_param(l, "tau", law.tau);
	layout_add_param(l, "sigma", law.sigma);
}

int grf_prepare(const void *config, void **work, struct err *e)
{
	const struct field_law law = grf_law(config);
	struct field_sampler *s = NULL;
	int status = field_sampler_new(&s, &law, e);

	*work = s;
	return status;
}

void grf_release(void *work)
{
	field_sampler_free(work);
}

void grf_draw(void *work, uint64_t seed, int64_t sample, double *out)
{
	field_draw(work, rng_stream(seed, "grf", 0, (uint64_t)sample), out);
}
