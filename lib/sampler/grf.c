/* grf.c: Gaussian random fields. */
#include "integ/grf.h"
#include "sampler/sampler.h"

static int draw(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, struct err *e)
{
	(void)config;
	(void)e;
	grf_draw(work, seed, sample, field[0]);
	return 0;
}

static bool moments(const void *config, int64_t i, double *mean, double *std)
{
	const struct field_law law = grf_law(config);

	*mean = law.mean;
	*std = field_std(&law, i);
	return true;
}

static const struct sampler_class grf = {
	.name = "grf",
	.summary = "Gaussian random fields in one to three dimensions",
	.source = "Lord, Powell, Shardlow, Computational Stochastic PDEs (2014), section 7.4",
	.notes = "exact on the grid's modes; same draws as the problem of this name",
	.config_size = sizeof(struct grf),
	.keys = grf_keys,
	.check = grf_check,
	.layout = grf_layout,
	.prepare = grf_prepare,
	.release = grf_release,
	.draw = draw,
	.test_config = "dims: 2\ngrid: [6, 5]\nboundary: neumann\nmean: 0.5\nmean_mode: true\n",
	.moments = moments,
};

const struct sampler_class *const sampler_file_grf[] = { &grf, NULL };
