/* sde_draws.c: paths out of a trained neural SDE. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learner/sde_gan.h"

struct sde_draws {
	struct network network; /* a copy, with the parameters of the present call */
	const struct sde_gan *c;
	struct neural_loop *loop;
	int64_t batch;
	void *start, *increments, *paths;
};

void sde_gan_noise(const struct neural_loop *l, const struct network *n, int64_t steps, uint64_t seed,
		   const char *purpose, uint64_t step, int64_t first, void *start, void *increments)
{
	const struct neural_sde *m = n->config;
	const struct rng stream = rng_stream(seed, purpose, step, (uint64_t)first);
	const int64_t b = neural_loop_batch(l);
	const double scale = 1 / sqrt((double)steps);
	int64_t n_start, n_all, each;
	double *z;

	neural_loop_noise(l, &n_start, &n_all);
	each = n_all / b; /* of one path, step by step */
	z = xmalloc((size_t)(n_all + n_start + 1) * sizeof *z);
	rng_normal_each(stream, (size_t)b, 0, (size_t)m->initial_noise, z);
	tensor_convert(DTYPE_F64, z, n->real, start, n_start);
	/* (b, steps, noise) to (steps, b, noise) */
	rng_normal_each(stream, (size_t)b, (uint64_t)m->initial_noise, (size_t)each, z);
	const struct shape all = shape_of(n_all);
	struct tensor to = tensor_view(n->real, &all, increments);
	for (int64_t i = 0; i < b; i++)
		for (int64_t k = 0; k < each; k++)
			tensor_set(&to, (k / m->noise * b + i) * m->noise + k % m->noise, scale * z[i * each + k]);
	free(z);
}

void sde_gan_scale(const struct params *p, int64_t channels, double *mean, double *std)
{
	const int m = params_find(p, "norm.mean"), s = params_find(p, "norm.std");

	for (int64_t c = 0; c < channels; c++) {
		mean[c] = m < 0 ? 0 : tensor_get(&p->at[m].value, c);
		std[c] = s < 0 ? 1 : tensor_get(&p->at[s].value, c);
	}
}

struct sde_draws *sde_draws_new(struct network *n, const struct sde_gan *c, int64_t batch, struct err *e)
{
	struct sde_draws *d = xcalloc(1, sizeof *d);
	const struct neural_loop_spec spec = { .network = &d->network,
					       .kind = LOOP_GENERATE,
					       .batch = batch,
					       .channels = n->spec.n_out,
					       .frames = n->spec.size[0],
					       .steps = c->steps };
	const size_t w = dtype_size(n->real);
	int64_t start, increments;

	d->network = *n;
	d->c = c;
	d->batch = batch;
	d->loop = neural_loop_new(&spec, e);
	if (!d->loop)
		goto fail;
	neural_loop_noise(d->loop, &start, &increments);
	d->start = mem_new(start, w, "noise", e);
	d->increments = d->start ? mem_new(increments, w, "noise", e) : NULL;
	d->paths = d->increments ? mem_new(mem_times(batch, spec.frames * spec.channels), w, "paths", e) : NULL;
	if (d->paths)
		return d;
fail:
	sde_draws_free(d);
	return NULL;
}

void sde_draws_free(struct sde_draws *d)
{
	if (!d)
		return;
	neural_loop_free(d->loop);
	free(d->start);
	free(d->increments);
	free(d->paths);
	free(d);
}

int sde_draws_run(struct sde_draws *d, const struct params *values, uint64_t seed, const char *purpose, int64_t first,
		  double *out, struct err *e)
{
	const int64_t frames = d->network.spec.size[0], c = d->network.spec.n_out, b = d->batch;
	const struct shape all = shape_of(frames * b * c);
	const struct tensor paths = tensor_view(d->network.real, &all, d->paths);
	double *mean = xcalloc((size_t)(2 * c), sizeof *mean), *std = mean + c;
	int status;

	d->network.params = *values;
	sde_gan_noise(d->loop, &d->network, d->c->steps, seed, purpose, 0, first, d->start, d->increments);
	sde_gan_scale(values, c, mean, std);
	status = neural_loop_run(d->loop, d->start, d->increments, d->paths, NULL, NULL, e);
	for (int64_t t = 0; t < frames && status == 0; t++)
		for (int64_t i = 0; i < b; i++)
			for (int64_t k = 0; k < c; k++)
				out[(i * frames + t) * c + k] =
					mean[k] + std[k] * tensor_get(&paths, (t * b + i) * c + k);
	free(mean);
	return status;
}
