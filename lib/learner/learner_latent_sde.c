/* learner_latent_sde.c: latent stochastic differential equations by their evidence lower bound: misfit of the
 * observations plus, annealed, the divergences of the posterior's start and path from the prior's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "learner/latent_sde.h"
#include "learner/sample_model.h"
#include "learner/sde_gan.h"
#include "learner/trajectory.h"

const struct key latent_sde_keys[] = {
	KEY_INT(struct latent_sde, latent, "4", 1, 4096, "latent channels"),
	KEY_INT(struct latent_sde, context, "64", 1, 65536, "numbers that the encoder tells the posterior"),
	KEY_INT(struct latent_sde, encoder, "64", 1, 65536, "states of the recurrent encoder"),
	KEY_INT(struct latent_sde, diffusion_width, "16", 0, 65536,
		"hidden layer of the network that each channel's diffusion is; 0: a constant for each"),
	KEY_REAL(struct latent_sde, diffusion, "1", 1e-9, 1e9, "largest diffusion"),
	KEY_INT(struct latent_sde, steps, "2", 1, 10000, "steps of the solver from one frame to the next"),
	KEY_REAL(struct latent_sde, noise, "0.01", 1e-9, 1e9,
		 "standard deviation of the observations, after scaling of the data to unit deviation"),
	KEY_INT(struct latent_sde, kl_steps, "1000", 0, 1e9,
		"steps of training over which the weight of the divergences grows from 0 to 1"),
	KEY_INT(struct latent_sde, draws, "256", 1, 1e6, "paths of the validation set that are judged"),
	KEY_TEXT(struct latent_sde, field, NULL, "the observations; by default the first field over time"),
	KEY_END,
};

struct work {
	struct trajectory series, judged; /* their data alone are used */
	struct layout layout;
	struct latent_loop *loop[2], *judge; /* a full batch, the last of an epoch */
	double *normals;
	int64_t capacity;   /* of normals */
	char *paths;	    /* a batch: (frames, b, channels) */
	struct params sums; /* of the epoch: steps, misfit, start, path */
};

static const struct latent_sde *config_of(const struct trainer *t)
{
	return t->objective_config;
}

/* ---- data -------------------------------------------------------------------------------------------------------- */

static int read_set(struct trainer *t, struct trajectory *s, struct dataset *d, struct err *e)
{
	s->config = t->objective_config;
	s->network = &t->network;
	s->train.from = d;
	s->train.n = dataset_layout(d)->n_samples;
	s->train.own_times = -1;
	return trajectory_read_frames(s, &s->train, config_of(t)->field, e) == 0 ? 0 : err_in(e, "%s", dataset_name(d));
}

static struct tensor all_of(const struct trajectory *s)
{
	const struct shape line = shape_of(s->train.n * s->train.n_time * s->n_channel);

	return tensor_view(s->network->real, &line, s->train.array[0].value);
}

/* Mean and deviation of each channel over all frames and samples, as states. */
static void find_scale(struct trainer *t, const struct trajectory *s)
{
	static const char *const names[] = { "norm.mean", "norm.std" };
	const struct tensor all = all_of(s);
	const int64_t n = shape_count(&all.shape), c = s->n_channel;
	double *mean = xcalloc((size_t)(2 * c), sizeof *mean), *std = mean + c;

	for (int64_t i = 0; i < n; i++)
		mean[i % c] += tensor_get(&all, i) * (double)c / (double)n;
	for (int64_t i = 0; i < n; i++) {
		const double d = tensor_get(&all, i) - mean[i % c];

		std[i % c] += d * d * (double)c / (double)n;
	}
	for (int k = 0; k < 2; k++) {
		const int at = params_add(&t->network.params,
					  &(struct param){ .name = (char *)(uintptr_t)names[k],
							   .value = { .dtype = t->network.real, .shape = shape_of(c) },
							   .role = PARAM_STATE,
							   .lr_multiplier = 1 });

		for (int64_t i = 0; i < c; i++)
			tensor_set(&t->network.params.at[at].value, i,
				   k == 0	? mean[i]
				   : std[i] > 0 ? sqrt(std[i])
						: 1);
	}
	free(mean);
}

static void standardise(struct trainer *t, const struct trajectory *s)
{
	struct tensor all = all_of(s);
	const int64_t c = s->n_channel;
	double *mean = xcalloc((size_t)(2 * c), sizeof *mean), *std = mean + c;

	sde_gan_scale(&t->network.params, c, mean, std);
	for (int64_t i = 0; i < shape_count(&all.shape); i++)
		tensor_set(&all, i, (tensor_get(&all, i) - mean[i % c]) / std[i % c]);
	free(mean);
}

static void describe(struct work *w)
{
	const struct layout *l = dataset_layout(w->series.train.from);
	const struct field *f = &l->field[w->series.like];
	int axis[SHAPE_MAX];

	for (int k = 0; k < f->n_axes; k++) {
		const struct axis *a = &l->axis[f->axis[k]];

		axis[k] = layout_add_axis(&w->layout, a->name, a->kind, a->size, a->coordinate, a->periodic, a->length);
	}
	layout_add_field(&w->layout, f->name, DTYPE_F64, ROLE_TRAJECTORY, f->n_axes, axis);
}

/* ---- the learner ------------------------------------------------------------------------------------------------- */

static struct latent_loop *loop_new(struct trainer *t, int64_t batch, bool gradient, struct err *e)
{
	const struct work *w = t->learning;
	const struct latent_loop_spec spec = { .network = &t->network,
					       .config = config_of(t),
					       .batch = batch,
					       .channels = w->series.n_channel,
					       .frames = w->series.train.n_time,
					       .time = w->series.train.time,
					       .gradient = gradient };

	return latent_loop_new(&spec, e);
}

static struct latent_loop *loop_for(struct trainer *t, struct err *e)
{
	struct work *w = t->learning;
	struct latent_loop **at = &w->loop[t->batch_n == t->key.batch ? 0 : 1];

	if (*at && latent_loop_batch(*at) != t->batch_n) {
		latent_loop_free(*at);
		*at = NULL;
	}
	if (!*at)
		*at = loop_new(t, t->batch_n, true, e);
	return *at;
}

static int reserve(struct trainer *t, int64_t batch, struct err *e)
{
	struct work *w = t->learning;
	const int64_t frames = w->series.train.n_time;

	w->capacity = batch * config_of(t)->latent * (1 + (frames - 1) * config_of(t)->steps);
	w->normals = mem_new(w->capacity, sizeof(double), "noise", e);
	w->paths = w->normals ? mem_new(batch * frames * w->series.n_channel, dtype_size(t->network.real),
					"a batch of paths", e)
			      : NULL;
	return w->paths ? 0 : -1;
}

static int open_learner(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	struct work *w = t->learning = xcalloc(1, sizeof *w);
	const int64_t judged = config_of(t)->draws;

	t->network.real = t->network.key.real == 0 ? DTYPE_F32 : DTYPE_F64;
	if (read_set(t, &w->series, data, e) != 0 || (valid && read_set(t, &w->judged, valid, e) != 0))
		return -1;
	if (valid && (w->judged.train.n_time != w->series.train.n_time || w->judged.n_channel != w->series.n_channel))
		return err_set(e, ERR_USAGE, "%s: paths of another shape than those of %s", dataset_name(valid),
			       dataset_name(data));
	describe(w);
	t->n_items = w->series.train.n;
	if (t->key.batch > t->n_items)
		t->key.batch = t->n_items;
	t->network.spec = (struct model_spec){
		.n_dims = 0, .n_in = config_of(t)->latent, .n_out = config_of(t)->latent, .n_vector = 1
	};
	if (t->network.class->check && t->network.class->check(t->network.config, &t->network.spec, e) != 0)
		return -1;
	t->network.spec = (struct model_spec){ .n_dims = 1,
					       .size = { w->series.train.n_time },
					       .length = { 1 },
					       .n_in = config_of(t)->latent,
					       .n_out = w->series.n_channel,
					       .n_vector = 1 };
	if (!(w->loop[0] = loop_new(t, t->key.batch, true, e)) ||
	    reserve(t, valid && judged > t->key.batch ? judged : t->key.batch, e) != 0)
		return -1;
	params_init(&t->network.params, t->seed);
	find_scale(t, &w->series);
	standardise(t, &w->series);
	if (valid)
		standardise(t, &w->judged);
	params_add(&w->sums, &(struct param){ .name = (char *)"sums",
					      .value = { .dtype = DTYPE_F64, .shape = shape_of(4) },
					      .role = PARAM_STATE });
	t->has_score = valid != NULL;
	history_add_column(&t->history, "misfit");
	history_add_column(&t->history, "kl_start");
	history_add_column(&t->history, "kl_path");
	return 0;
}

static void close_learner(struct trainer *t)
{
	struct work *w = t->learning;

	if (!w)
		return;
	for (int k = 0; k < 2; k++)
		if (w->loop[k])
			latent_loop_free(w->loop[k]);
	if (w->judge)
		latent_loop_free(w->judge);
	trajectory_data_free(&w->series.train);
	trajectory_data_free(&w->judged.train);
	layout_free(&w->layout);
	params_free(&w->sums);
	free(w->normals);
	free(w->paths);
	free(w);
	t->learning = NULL;
}

/* Sample by sample to frame by frame; noise of (seed, purpose, step, item). */
static void gather(struct trainer *t, const struct trajectory *s, int64_t n, const int64_t *item, const char *purpose,
		   int64_t step)
{
	struct work *w = t->learning;
	const int64_t frames = s->train.n_time, c = s->n_channel,
		      own = config_of(t)->latent * (1 + (frames - 1) * config_of(t)->steps);
	const size_t each = (size_t)c * dtype_size(t->network.real);

	for (int64_t i = 0; i < n; i++) {
		const char *from = (const char *)s->train.array[0].value + (size_t)(item[i] * frames) * each;

		for (int64_t k = 0; k < frames; k++)
			memcpy(w->paths + (size_t)(k * n + i) * each, from + (size_t)k * each, each);
		rng_normal(rng_stream(t->seed, purpose, (uint64_t)step, (uint64_t)item[i]), 0, (size_t)own,
			   w->normals + i * own);
	}
}

static int load(struct trainer *t, struct err *e)
{
	struct work *w = t->learning;

	if (!loop_for(t, e))
		return -1;
	gather(t, &w->series, t->batch_n, t->item, "latent-sde", t->t);
	return 0;
}

static int evaluate(struct trainer *t, double *loss, struct err *e)
{
	struct work *w = t->learning;
	const int64_t rise = config_of(t)->kl_steps;
	const double weight = t->t < rise ? (double)t->t / (double)rise : 1;
	struct latent_loop *l = loop_for(t, e);
	struct latent_terms terms;
	double *sum = w->sums.at[0].value.data;

	if (!l || latent_loop_run(l, &t->network.params, w->normals, w->paths, weight, &terms, &t->gradient, e) != 0)
		return -1;
	*loss = terms.misfit + weight * (terms.start + terms.path);
	sum[0]++;
	sum[1] += terms.misfit;
	sum[2] += terms.start;
	sum[3] += terms.path;
	return 0;
}

/* Minus the evidence lower bound, with one path of noise for each of the first `draws` samples, always the same. */
static int judge(struct trainer *t, struct params *p, double *score, struct err *e)
{
	struct work *w = t->learning;
	const int64_t n = config_of(t)->draws < w->judged.train.n ? config_of(t)->draws : w->judged.train.n;
	int64_t *item;
	struct latent_terms terms;
	char *kept = w->paths;
	double *normals = w->normals;
	int status = -1;

	if (!w->judge && !(w->judge = loop_new(t, n, false, e)))
		return -1;
	/* what load left must stay: an optimiser may ask again */
	w->normals = mem_new(latent_loop_noise(w->judge), sizeof(double), "noise", e);
	w->paths = mem_new(n * w->series.train.n_time * w->series.n_channel, dtype_size(t->network.real),
			   "paths to judge", e);
	item = xcalloc((size_t)n, sizeof *item);
	for (int64_t i = 0; i < n; i++)
		item[i] = i;
	if (w->normals && w->paths) {
		gather(t, &w->judged, n, item, "latent-sde judge", 0);
		status = latent_loop_run(w->judge, p, w->normals, w->paths, 1, &terms, NULL, e);
	}
	free(item);
	free(w->normals);
	free(w->paths);
	w->normals = normals;
	w->paths = kept;
	if (status == 0)
		*score = terms.misfit + terms.start + terms.path;
	return status;
}

static void row(struct trainer *t, double *own)
{
	struct work *w = t->learning;
	double *sum = w->sums.at[0].value.data;

	for (int k = 0; k < 3; k++)
		own[k] = sum[0] > 0 ? sum[1 + k] / sum[0] : NAN;
	memset(sum, 0, 4 * sizeof *sum);
}

/* An interrupted epoch goes on adding up. */
static struct params *state(struct trainer *t)
{
	return &((struct work *)t->learning)->sums;
}

static const struct layout *layout_of(const struct trainer *t)
{
	return &((const struct work *)t->learning)->layout;
}

/* ---- draws of the prior ------------------------------------------------------------------------------------------ */

struct draws {
	struct latent_loop *loop;
	enum dtype real;
	int64_t batch, frames, channels, each; /* each: normals of a path */
	double *normals;
	void *paths;
};

void latent_draws_free(void *draws)
{
	struct draws *d = draws;

	if (!d)
		return;
	if (d->loop)
		latent_loop_free(d->loop);
	free(d->normals);
	free(d->paths);
	free(d);
}

void *latent_draws_new(struct network *n, const void *config, const struct layout *made, int64_t batch, struct err *e)
{
	struct draws *d = xcalloc(1, sizeof *d);
	struct latent_loop_spec spec = {
		.network = n, .config = config, .batch = batch, .channels = n->spec.n_out, .prior = true
	};
	double *time = trajectory_times(made, 0, &spec.frames);

	spec.time = time;
	*d = (struct draws){ NULL, n->real, batch, spec.frames, spec.channels, 0, NULL, NULL };
	if ((d->loop = latent_loop_new(&spec, e))) {
		d->each = latent_loop_noise(d->loop) / batch;
		d->normals = mem_new(batch * d->each, sizeof(double), "noise", e);
		d->paths = mem_new(batch * d->frames * d->channels, dtype_size(d->real), "paths", e);
	}
	free(time);
	if (d->normals && d->paths)
		return d;
	latent_draws_free(d);
	return NULL;
}

int latent_draws_run(void *draws, const struct params *values, uint64_t seed, const char *purpose, int64_t first,
		     double *out, struct err *e)
{
	struct draws *d = draws;
	const int64_t b = d->batch, c = d->channels;
	const struct shape all = shape_of(d->frames * b * c);
	const struct tensor paths = tensor_view(d->real, &all, d->paths);
	double *mean = xcalloc((size_t)(2 * c), sizeof *mean), *std = mean + c;
	int status;

	for (int64_t i = 0; i < b; i++)
		rng_normal(rng_stream(seed, purpose, 0, (uint64_t)(first + i)), 0, (size_t)d->each,
			   d->normals + i * d->each);
	sde_gan_scale(values, c, mean, std);
	status = latent_loop_run(d->loop, values, d->normals, d->paths, 1, NULL, NULL, e);
	for (int64_t k = 0; k < d->frames * b * c && status == 0; k++)
		out[((k / c % b) * d->frames + k / c / b) * c + k % c] =
			mean[k % c] + std[k % c] * tensor_get(&paths, k);
	free(mean);
	return status;
}

static int sample(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e)
{
	struct latent_sde c = { 0 };
	const struct path_source source = {
		{ latent_sde_keys, &c }, latent_draws_new, latent_draws_run, latent_draws_free
	};

	return sample_paths(common, o, m, &source, e);
}

static const struct learner_class latent_sde = {
	.name = "latent-sde",
	.summary = "paths as observations of a latent stochastic differential equation; evidence lower bound",
	.source = "Li, Wong, Chen, Duvenaud, arXiv 2001.01328; Kidger, arXiv 2202.02435",
	.notes = "use with model vector-field, which becomes the drifts of prior and posterior; losses are nats a "
		 "sample of standardised data; sciml-sample draws paths of the prior from the model file",
	.config_size = sizeof(struct latent_sde),
	.keys = latent_sde_keys,
	.needs_data = true,
	.score = "valid_loss",
	.open = open_learner,
	.close = close_learner,
	.load = load,
	.evaluate = evaluate,
	.judge = judge,
	.row = row,
	.state = state,
	.sample = sample,
	.sample_keys = sample_paths_keys,
	.layout = layout_of,
	.test_config =
		"problem: {name: ou-trend, T: 4, frames: 8}\n"
		"gen: {samples: 64}\n"
		"model: {name: vector-field, width: 8, depth: 1, final: identity}\n"
		"objective: {name: latent-sde, latent: 2, context: 4, encoder: 4, diffusion_width: 4, noise: 0.3, "
		"kl_steps: 0}\n"
		"train: {epochs: 20, batch: 16, lr: 1e-2}\n",
};
const struct learner_class *const learner_file_learner_latent_sde[] = { &latent_sde, NULL };
