/* grf.c: Gaussian random fields as a data set. */
#include "integ/grf.h"
#include "problem/problem.h"

static int generate(const void *config, void *work, uint64_t seed, int64_t sample, double *const *field, double *number,
		    struct err *e)
{
	(void)config;
	(void)number;
	(void)e;
	grf_draw(work, seed, sample, field[0]);
	return 0;
}

static const struct problem_class grf = {
	.name = "grf",
	.summary = "Gaussian random fields in one to three dimensions",
	.equation = "u = grf(gamma, tau, sigma)",
	.source = "Lord, Powell, Shardlow, Computational Stochastic PDEs (2014), section 7.4",
	.notes = "Karhunen-Loeve sums; modes are numbered, so the same seed gives the same field on every grid, up to "
		 "the "
		 "modes that a coarser one lacks",
	.config_size = sizeof(struct grf),
	.keys = grf_keys,
	.check = grf_check,
	.layout = grf_layout,
	.prepare = grf_prepare,
	.release = grf_release,
	.generate = generate,
	.test_config = "dims: 2\ngrid: [12, 8]\n",
};

const struct problem_class *const problem_file_grf[] = { &grf, NULL };
