/* learner_sde_gan.c: neural SDEs as generators of paths, against a neural CDE as critic: Wasserstein loss mean D(data)
 * - mean D(generated), which the critic's parameters ascend and the generator's descend in one step (arXiv 2102.03657).
 * The critic stays Lipschitz by its activation and by clipping the weights of each of its layers to [-1/out, 1/out]
 * (arXiv 2105.13493, section 5). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "metric/metric.h"
#include "learner/sample_model.h"
#include "learner/sde_gan.h"
#include "run/trainer.h"

const struct key sde_gan_keys[] = {
	KEY_INT(struct sde_gan, steps, "1", 1, 1000, "steps of the solver from one frame to the next"),
	KEY_INT(struct sde_gan, critic_hidden, "16", 1, 4096, "size of the critic's hidden state"),
	KEY_INT(struct sde_gan, critic_width, "16", 1, 4096, "width of its networks"),
	KEY_INT(struct sde_gan, critic_depth, "1", 1, 20, "their hidden layers"),
	KEY_REAL(struct sde_gan, critic_rate, "5", 1e-6, 1e6,
		 "learning rate of the critic in units of the generator's"),
	KEY_REAL(struct sde_gan, initial_rate, "1", 1e-6, 1e6, "learning rate of networks of first states, likewise"),
	KEY_REAL(struct sde_gan, initial_scale, "3", 1e-6, 1e6, "first weights of the generator's start, times this"),
	KEY_REAL(struct sde_gan, field_scale, "0.5", 1e-6, 1e6, "first weights of its drift and diffusion, times this"),
	KEY_FLAG(struct sde_gan, clip, "true", "clip the critic's weights to 1/out after each step"),
	KEY_INT(struct sde_gan, draws, "1024", 2, 1e6, "paths that validation draws"),
	KEY_END,
};

struct work {
	struct layout layout;
	struct neural_sde critic;
	struct dataset *data, *judged; /* borrowed */
	int field, judged_field;
	int64_t frames, channels, n_judged;
	struct neural_loop *fake[2], *real[2]; /* a full batch, and the last of an epoch */
	struct params part;		       /* gradient of the real score */
	void *start, *increments, *paths, *made;
	double *sample; /* one batch as it was read */
	struct sde_draws *draws;
	double gaps[2]; /* of mean and deviation, when last judged */
};

static const struct sde_gan *config_of(const struct trainer *t)
{
	return t->objective_config;
}

/* ---- data ---------------------------------------------------------------------------------------- */

/* The field of paths: data.target, or the only trajectory. */
static int find_field(const struct dataset *d, const struct task_config *k, int *field, struct err *e)
{
	const struct layout *l = dataset_layout(d);

	*field = k->target.n > 0 ? layout_find_field(l, k->target.at[0]) : -1;
	if (k->target.n > 0 && *field < 0)
		return err_set(e, ERR_USAGE, "%s: no field '%s'", dataset_name(d), k->target.at[0]);
	for (int f = 0; f < l->n_fields && k->target.n == 0; f++)
		if (l->field[f].role == ROLE_TRAJECTORY)
			*field = f;
	if (*field < 0)
		return err_set(e, ERR_USAGE, "%s: no trajectory; name the field by data.target", dataset_name(d));
	if (l->field[*field].n_axes < 1 || l->axis[l->field[*field].axis[0]].kind != AXIS_TIME ||
	    layout_field_shape(l, *field).dim[0] < 2)
		return err_set(e, ERR_USAGE, "%s: field '%s' is no path: its first axis is not a time of two or more",
			       dataset_name(d), l->field[*field].name);
	return 0;
}

/* Frames by channels of the field; the file's axes are kept for what will be drawn. */
static int describe(struct work *w, struct trainer *t, struct err *e)
{
	const struct layout *l = dataset_layout(w->data);
	const struct field *f = &l->field[w->field];
	int axis[SHAPE_MAX];

	w->frames = layout_field_shape(l, w->field).dim[0];
	w->channels = layout_field_count(l, w->field) / w->frames;
	for (int k = 0; k < f->n_axes; k++) {
		const struct axis *a = &l->axis[f->axis[k]];

		axis[k] = layout_add_axis(&w->layout, a->name, a->kind, a->size, a->coordinate, a->periodic, a->length);
	}
	layout_add_field(&w->layout, f->name, DTYPE_F64, ROLE_TRAJECTORY, f->n_axes, axis);
	if (w->judged) {
		if (find_field(w->judged, &t->task_key, &w->judged_field, e) != 0)
			return -1;
		if (layout_field_count(dataset_layout(w->judged), w->judged_field) != w->frames * w->channels)
			return err_set(e, ERR_USAGE, "%s: paths of another shape than those of %s",
				       dataset_name(w->judged), dataset_name(w->data));
	}
	return 0;
}

/* Mean and deviation of the first frame over all paths, channel by channel, as states. */
static int find_scale(struct trainer *t, struct err *e)
{
	struct work *w = t->learning;
	const int64_t n = t->n_items, c = w->channels;
	double *sum = xcalloc((size_t)(2 * c), sizeof *sum), *square = sum + c,
	       *path = xcalloc((size_t)(w->frames * c), sizeof *path);
	static const char *const names[] = { "norm.mean", "norm.std" };
	int status = 0;

	for (int64_t i = 0; i < n && status == 0; i++) {
		status = dataset_read(w->data, w->field, 1, &i, DTYPE_F64, path, e);
		for (int64_t k = 0; k < c && status == 0; k++) {
			sum[k] += path[k];
			square[k] += path[k] * path[k];
		}
	}
	for (int s = 0; s < 2 && status == 0; s++) {
		struct param proto = { .name = (char *)(uintptr_t)names[s],
				       .value = { .dtype = t->network.real, .shape = shape_of(c) },
				       .role = PARAM_STATE,
				       .init = INIT_CONSTANT,
				       .lr_multiplier = 1 };
		const int at = params_add(&t->network.params, &proto);

		for (int64_t k = 0; k < c; k++) {
			const double mean = sum[k] / (double)n,
				     std = sqrt(fmax(square[k] / (double)n - mean * mean, 0));

			tensor_set(&t->network.params.at[at].value, k, s == 0 ? mean : std > 0 ? std : 1);
		}
	}
	free(sum);
	free(path);
	return status;
}

/* ---- parameters ---------------------------------------------------------------------------------- */

static bool starts_with(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static void scale_values(struct tensor *v, double factor)
{
	for (int64_t i = 0; i < shape_count(&v->shape); i++)
		tensor_set(v, i, factor * tensor_get(v, i));
}

static void set_parameters(struct trainer *t)
{
	const struct sde_gan *c = config_of(t);

	params_init(&t->network.params, t->seed);
	for (int i = 0; i < t->network.params.n; i++) {
		struct param *p = &t->network.params.at[i];

		if (starts_with(p->name, "critic."))
			p->lr_multiplier *= c->critic_rate;
		if (starts_with(p->name, "critic.initial") || starts_with(p->name, "generator.initial"))
			p->lr_multiplier *= c->initial_rate;
		if (starts_with(p->name, "generator.initial"))
			scale_values(&p->value, c->initial_scale);
		else if (starts_with(p->name, "generator.drift") || starts_with(p->name, "generator.diffusion"))
			scale_values(&p->value, c->field_scale);
	}
}

/* Of each of the critic's linear layers. */
static void clip_critic(struct trainer *t)
{
	for (int i = 0; i < t->network.params.n; i++) {
		struct param *p = &t->network.params.at[i];
		const double limit = 1 / (double)(p->fan_out > 0 ? p->fan_out : 1);

		if (!starts_with(p->name, "critic.") || p->role != PARAM_WEIGHT)
			continue;
		for (int64_t k = 0; k < shape_count(&p->value.shape); k++)
			tensor_set(&p->value, k, fmin(fmax(tensor_get(&p->value, k), -limit), limit));
	}
}

/* ---- the learner --------------------------------------------------------------------------------- */

static struct neural_loop *new_loop(struct trainer *t, enum neural_loop_kind kind, int64_t batch, struct err *e)
{
	const struct work *w = t->learning;
	const struct neural_loop_spec spec = { .network = &t->network,
					       .critic = &w->critic,
					       .kind = kind,
					       .batch = batch,
					       .channels = w->channels,
					       .frames = w->frames,
					       .steps = config_of(t)->steps,
					       .gradient = true };

	return neural_loop_new(&spec, e);
}

static int loops_for(struct trainer *t, int64_t n, int *slot, struct err *e)
{
	struct work *w = t->learning;

	*slot = n == t->key.batch ? 0 : 1;
	if (w->fake[*slot] && neural_loop_batch(w->fake[*slot]) != n) {
		neural_loop_free(w->fake[*slot]);
		neural_loop_free(w->real[*slot]);
		w->fake[*slot] = w->real[*slot] = NULL;
	}
	if (!w->fake[*slot]) {
		w->fake[*slot] = new_loop(t, LOOP_FAKE, n, e);
		w->real[*slot] = w->fake[*slot] ? new_loop(t, LOOP_REAL, n, e) : NULL;
	}
	return w->fake[*slot] && w->real[*slot] ? 0 : -1;
}

static int reserve(struct trainer *t, struct err *e)
{
	struct work *w = t->learning;
	const size_t width = dtype_size(t->network.real);
	const int64_t path = t->key.batch * w->frames * w->channels;
	int64_t start, increments;

	neural_loop_noise(w->fake[0], &start, &increments);
	w->start = mem_new(start, width, "noise", e);
	w->increments = w->start ? mem_new(increments, width, "noise", e) : NULL;
	w->paths = w->increments ? mem_new(path, width, "a batch of paths", e) : NULL;
	w->made = w->paths ? mem_new(path, width, "a batch of paths", e) : NULL;
	w->sample = w->made ? mem_new(path, sizeof(double), "a batch of paths", e) : NULL;
	return w->sample ? 0 : -1;
}

static int open_gan(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	const struct sde_gan *c = config_of(t);
	struct work *w = t->learning = xcalloc(1, sizeof *w);
	const struct neural_sde *m = t->network.config;
	int slot;

	if (strcmp(t->network.class->name, "neural-sde") != 0)
		return err_set(e, ERR_USAGE, "objective sde-gan trains model neural-sde, not %s",
			       t->network.class->name);
	w->data = data;
	w->judged = valid;
	if (find_field(data, &t->task_key, &w->field, e) != 0 || describe(w, t, e) != 0)
		return -1;
	w->critic = (struct neural_sde){ .hidden = c->critic_hidden,
					 .width = c->critic_width,
					 .depth = c->critic_depth,
					 .activation = m->activation };
	t->n_items = dataset_layout(data)->n_samples;
	t->network.spec = (struct model_spec){ .n_dims = 1,
					       .size = { w->frames },
					       .length = { 1 },
					       .n_in = m->noise > m->initial_noise ? m->noise : m->initial_noise,
					       .n_out = w->channels };
	if (t->key.batch > t->n_items)
		t->key.batch = t->n_items;
	if (loops_for(t, t->key.batch, &slot, e) != 0)
		return -1;
	set_parameters(t);
	if (find_scale(t, e) != 0 || reserve(t, e) != 0)
		return -1;
	w->part = params_like(&t->network.params);
	t->has_score = true;
	history_add_column(&t->history, "mean_gap");
	history_add_column(&t->history, "std_gap");
	return 0;
}

static void close_gan(struct trainer *t)
{
	struct work *w = t->learning;

	if (!w)
		return;
	for (int k = 0; k < 2; k++) {
		neural_loop_free(w->fake[k]);
		neural_loop_free(w->real[k]);
	}
	sde_draws_free(w->draws);
	params_free(&w->part);
	layout_free(&w->layout);
	free(w->start);
	free(w->increments);
	free(w->paths);
	free(w->made);
	free(w->sample);
	free(w);
	t->learning = NULL;
}

static int load(struct trainer *t, struct err *e)
{
	struct work *w = t->learning;
	const int64_t b = t->batch_n, c = w->channels;
	const struct shape all = shape_of(b * w->frames * c);
	struct tensor paths = tensor_view(t->network.real, &all, w->paths);
	double *mean = xcalloc((size_t)(2 * c), sizeof *mean), *std = mean + c;
	int slot, status = loops_for(t, b, &slot, e);

	if (status == 0)
		status = dataset_read(w->data, w->field, b, t->item, DTYPE_F64, w->sample, e);
	sde_gan_scale(&t->network.params, c, mean, std);
	for (int64_t i = 0; i < b && status == 0; i++)
		for (int64_t k = 0; k < w->frames * c; k++)
			tensor_set(&paths, (k / c * b + i) * c + k % c,
				   (w->sample[i * w->frames * c + k] - mean[k % c]) / std[k % c]);
	free(mean);
	if (status == 0) {
		sde_gan_noise(w->fake[slot], &t->network, config_of(t)->steps, t->seed, "sde-gan", (uint64_t)t->t, 0,
			      w->start, w->increments);
		if (config_of(t)->clip)
			clip_critic(t);
	}
	return status;
}

static int evaluate(struct trainer *t, double *loss, struct err *e)
{
	struct work *w = t->learning;
	double fake, real;
	int slot;

	if (loops_for(t, t->batch_n, &slot, e) != 0 ||
	    neural_loop_run(w->fake[slot], w->start, w->increments, w->made, &fake, &t->gradient, e) != 0 ||
	    neural_loop_run(w->real[slot], NULL, NULL, w->paths, &real, &w->part, e) != 0)
		return -1;
	*loss = real - fake;
	/* The critic descends fake - real, the generator -fake. */
	for (int i = 0; i < t->gradient.n; i++) {
		struct tensor *g = &t->gradient.at[i].value;
		const bool critic = starts_with(t->gradient.at[i].name, "critic.");

		for (int64_t k = 0; k < shape_count(&g->shape); k++)
			tensor_set(g, k,
				   critic ? tensor_get(g, k) - tensor_get(&w->part.at[i].value, k) : -tensor_get(g, k));
	}
	return 0;
}

/* Distances between the generator's paths and those of the data: ks_distance, and the gaps of mean and deviation. */
static int judge(struct trainer *t, struct params *p, double *score, struct err *e)
{
	struct work *w = t->learning;
	struct dataset *d = w->judged ? w->judged : w->data;
	const int64_t has = dataset_layout(d)->n_samples, each = w->frames * w->channels,
		      n = config_of(t)->draws < has ? config_of(t)->draws : has;
	const struct metric_shape shape = { .n_time = w->frames, .n_channel = w->channels };
	static const char *const names[3] = { "ks_distance", "mean_gap", "std_gap" };
	struct metric_run *run[3];
	double *made = xcalloc((size_t)(n * each), sizeof *made), *path = xcalloc((size_t)each, sizeof *path), value[3];
	int status = 0;

	if (!w->draws)
		w->draws = sde_draws_new(&t->network, config_of(t), n, e);
	if (!w->draws || sde_draws_run(w->draws, p, t->seed, "sde-gan judge", 0, made, e) != 0)
		status = -1;
	for (int k = 0; k < 3; k++)
		run[k] = metric_run_new(metric_find(names[k]), &shape, 0);
	for (int64_t i = 0; i < n && status == 0; i++) {
		status = dataset_read(d, w->judged ? w->judged_field : w->field, 1, &i, DTYPE_F64, path, e);
		for (int k = 0; k < 3 && status == 0; k++)
			metric_run_add(run[k], made + i * each, path);
	}
	for (int k = 0; k < 3; k++) {
		struct metric_result r;

		metric_run_end(run[k], &r);
		value[k] = r.row[0].value;
		metric_result_free(&r);
	}
	*score = value[0];
	w->gaps[0] = value[1];
	w->gaps[1] = value[2];
	free(made);
	free(path);
	return status;
}

static void row(struct trainer *t, double *own)
{
	const struct work *w = t->learning;

	own[0] = w->gaps[0];
	own[1] = w->gaps[1];
}

static const struct layout *layout_of(const struct trainer *t)
{
	return &((const struct work *)t->learning)->layout;
}

static void *draws_new(struct network *n, const void *config, const struct layout *made, int64_t batch, struct err *e)
{
	(void)made;
	return sde_draws_new(n, config, batch, e);
}

static int draws_run(void *draws, const struct params *values, uint64_t seed, const char *purpose, int64_t first,
		     double *out, struct err *e)
{
	return sde_draws_run(draws, values, seed, purpose, first, out, e);
}

static void draws_free(void *draws)
{
	sde_draws_free(draws);
}

static int sample(const struct run_common *common, const struct sample_options *o, struct model_file *m, struct err *e)
{
	struct sde_gan c = { 0 };
	const struct path_source source = { { sde_gan_keys, &c }, draws_new, draws_run, draws_free };

	return sample_paths(common, o, m, &source, e);
}

static const struct learner_class sde_gan = {
	.name = "sde-gan",
	.summary = "neural SDE as generator of paths, against a neural CDE as critic",
	.source = "Kidger, Foster, Li, Oberhauser, Lyons, arXiv 2102.03657; arXiv 2105.13493",
	.notes = "for model neural-sde; train_loss is the Wasserstein gap, which both sides work on; the score is the "
		 "mean "
		 "Kolmogorov-Smirnov distance of all values of the paths; sciml-sample draws from the model file",
	.config_size = sizeof(struct sde_gan),
	.keys = sde_gan_keys,
	.needs_data = true,
	.score = "ks_distance",
	.open = open_gan,
	.close = close_gan,
	.load = load,
	.evaluate = evaluate,
	.judge = judge,
	.row = row,
	.sample = sample,
	.sample_keys = sample_paths_keys,
	.layout = layout_of,
	.test_config = "problem: {name: ou-trend, T: 4, frames: 4}\n"
		       "gen: {samples: 128}\n"
		       "model: {name: neural-sde, hidden: 4, width: 8, depth: 1, noise: 2, initial_noise: 2}\n"
		       "objective: {name: sde-gan, critic_hidden: 4, critic_width: 8, initial_rate: 5, draws: 128}\n"
		       "optim: rmsprop\n"
		       "train: {epochs: 30, batch: 64, lr: 2e-3, ema: 0.8}\n",
	.test_falls = "ks_distance",
};
const struct learner_class *const learner_file_learner_sde_gan[] = { &sde_gan, NULL };
