/* case_network.c: networks outside the tools' usual path: a training step of a transformer's encoder, and sampling with
 * a U-Net for denoiser. The opponent gets the same data and weights. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "conf/conf.h"
#include "graph/plan.h"
#include "model/model.h"
#include "optim/optim.h"
#include "sampler/stepper.h"

enum { TOKENS = 256, CHANNELS = 128, HEADS = 4, LAYERS = 4, RATIO = 4, BATCH = 16 };
enum { IMAGES = 64, COLOURS = 3, SIDE = 32, NUMBERS = COLOURS * SIDE * SIDE, STEPS = 20 };

struct work {
	struct conf *conf;
	struct cfg *reader;
	struct graph *g;
	struct plan *plan;
	struct params params, gradient;
	void *config;
	float *x, *y;
	float label[IMAGES];
	node in; /* of the denoiser */
	node time;
	struct optim optim;
	double loss;
	struct noise_schedule schedule;
	struct stepper *stepper;
	double *start, *state;
};

static void close_work(void *work)
{
	struct work *w = work;

	if (w->optim.class)
		optim_free(&w->optim);
	stepper_free(w->stepper);
	noise_close(&w->schedule);
	plan_free(w->plan);
	graph_free(w->g);
	params_free(&w->params);
	params_free(&w->gradient);
	cfg_free(w->reader);
	conf_free(w->conf);
	free(w->config);
	free(w->x);
	free(w->y);
	free(w->start);
	free(w->state);
	free(w);
}

/* A configuration with nothing in it: the defaults of a member's keys. */
static void *defaults(struct work *w, const char *section, size_t size, const struct key *keys)
{
	void *config = xcalloc(1, size + 1);

	cfg_section(w->reader, section, 1, &(struct key_table){ keys, config });
	return config;
}

static int start_work(struct work *w, struct err *e)
{
	w->conf = conf_new();
	w->g = graph_new(DTYPE_F32);
	if (conf_load_text(w->conf, "{}", "case", e) != 0)
		return -1;
	w->reader = cfg_new(w->conf);
	return 0;
}

/* Weights of a size that makes every layer count, those too that a model starts at zero. */
static int give_weights(struct work *w, const char *dir, struct err *e)
{
	params_init(&w->params, 3);
	for (int i = 0; i < w->params.n; i++) {
		struct param *p = &w->params.at[i];

		if (p->init == INIT_ZERO && p->role == PARAM_WEIGHT) {
			float *value = p->value.data;
			const size_t n = (size_t)shape_count(&p->value.shape);

			rng_normal_f(rng_stream(3, "zero", (uint64_t)i, 0), 0, n, value);
			for (size_t k = 0; k < n; k++)
				value[k] *= 0.05F;
		}
		if (bench_put(dir, p->name, &p->value, e) != 0)
			return -1;
	}
	return 0;
}

static int evaluate(void *context, double *loss, struct err *e)
{
	struct work *w = context;

	if (plan_run(w->plan, e) != 0)
		return -1;
	struct tensor t = plan_out(w->plan, 0);
	*loss = tensor_get(&t, 0);
	return 0;
}

static int open_transformer(struct work *w, const char *dir, struct err *e)
{
	const struct shape s = shape_of(BATCH, TOKENS, CHANNELS);
	const struct optim_class *adam = optim_find("adam");
	struct nn n;
	int status;

	w->config = defaults(w, "optim", adam->config_size, adam->keys);
	if (cfg_done(w->reader, e) != 0)
		return -1;
	nn_begin(&n, w->g, &w->params, true);
	node x = graph_input(w->g, "x", DTYPE_F32, &s), y = graph_input(w->g, "y", DTYPE_F32, &s), v = x;
	for (int i = 0; i < LAYERS; i++) {
		const char name[] = { 'l', 'a', 'y', 'e', 'r', (char)('0' + i), 0 };

		v = nn_transformer_block(&n, name, v, NODE_NONE, HEADS, RATIO);
	}
	v = nn_layer_norm(&n, "norm", v, true);
	const int n_params = w->params.n;
	node *out = xcalloc((size_t)n_params + 1, sizeof *out);
	out[0] = op_mean_all(w->g, op_square(w->g, op_sub(w->g, v, y)));
	status = graph_gradient(w->g, out[0], n_params, n.node, out + 1);
	w->plan = plan_new(w->g, n_params + 1, out, e);
	if (status == 0 && w->plan && give_weights(w, dir, e) == 0) {
		const size_t count = (size_t)shape_count(&s);
		struct tensor data[2] = { tensor_new(DTYPE_F32, &s), tensor_new(DTYPE_F32, &s) };

		w->gradient = params_like(&w->params);
		w->x = data[0].data;
		w->y = data[1].data;
		rng_normal_f(rng_stream(7, "bench", 0, 0), 0, count, w->x);
		rng_normal_f(rng_stream(7, "bench", 1, 0), 0, count, w->y);
		plan_bind(w->plan, x, w->x);
		plan_bind(w->plan, y, w->y);
		for (int i = 0; i < n_params; i++) {
			plan_bind(w->plan, n.node[i], w->params.at[i].value.data);
			plan_bind_out(w->plan, i + 1, w->gradient.at[i].value.data);
		}
		status = bench_put(dir, "x", &data[0], e) != 0 || bench_put(dir, "y", &data[1], e) != 0 ? -1 : 0;
		if (status == 0)
			status = optim_new(&w->optim, adam, w->config, &w->params, &w->gradient, evaluate, w, e);
	} else {
		status = -1;
	}
	free(out);
	nn_end(&n);
	return status;
}

static int run_transformer(void *work, struct err *e)
{
	struct work *w = work;

	return w->optim.class->step(&w->optim, 1e-3, &w->loss, e);
}

static int loss_of(void *work, double *value)
{
	value[0] = ((struct work *)work)->loss;
	return 1;
}

/* The noise in x at one time, for all images. */
static int denoise(const struct denoiser *d, const struct noise_level *v, double label, int64_t n, const double *x,
		   double *out, struct err *e)
{
	struct work *w = d->model;

	(void)v;
	for (int64_t i = 0; i < n * NUMBERS; i++)
		w->x[i] = (float)x[i];
	for (int64_t i = 0; i < n; i++)
		w->label[i] = (float)label;
	if (plan_run(w->plan, e) != 0)
		return -1;
	const float *noise = plan_out(w->plan, 0).data;
	for (int64_t i = 0; i < n * NUMBERS; i++)
		out[i] = noise[i];
	return 0;
}

static int open_sampling(struct work *w, const char *dir, struct err *e)
{
	const struct model_class *unet = model_find("time-unet");
	const struct model_spec spec = {
		.n_dims = 2, .size = { SIDE, SIDE }, .n_in = COLOURS, .n_out = COLOURS, .n_vector = 1
	};
	const struct shape images = shape_of(IMAGES, COLOURS, SIDE, SIDE), times = shape_of(IMAGES, 1);
	const struct shape grid = shape_of(STEPS + 1);
	const struct step_options option = { 0 };
	struct tensor x = tensor_new(DTYPE_F64, &images), t = tensor_new(DTYPE_F64, &grid);
	struct nn n;

	w->start = x.data;
	w->state = xaligned(tensor_bytes(&x));
	w->x = xaligned(IMAGES * NUMBERS * sizeof *w->x);
	w->config = defaults(w, "model", unet->config_size, unet->keys);
	w->in = graph_input(w->g, "x", DTYPE_F32, &images);
	w->time = graph_input(w->g, "time", DTYPE_F32, &times);
	nn_begin(&n, w->g, &w->params, false);
	node out = unet->build(&n, w->config, &spec, &(struct model_in){ w->in, NODE_NONE, w->time, NODE_NONE });
	w->plan = plan_new(w->g, 1, &out, e);
	rng_normal(rng_stream(7, "bench", 0, 0), 0, IMAGES * NUMBERS, w->start);
	int status =
		cfg_done(w->reader, e) != 0 || !w->plan || give_weights(w, dir, e) != 0 ||
				noise_open(&w->schedule, &(struct noise_spec){ .kind = NOISE_VP_LINEAR }, e) != 0 ||
				step_times_fill(TIMES_UNIFORM, &w->schedule, 0, STEPS, t.data, e) != 0 ||
				bench_put(dir, "start", &x, e) != 0 || bench_put(dir, "times", &t, e) != 0
			? -1
			: 0;
	if (status == 0) {
		plan_bind(w->plan, w->in, w->x);
		plan_bind(w->plan, w->time, w->label);
		for (int i = 0; i < w->params.n; i++)
			plan_bind(w->plan, n.node[i], w->params.at[i].value.data);
		w->stepper =
			stepper_new(stepper_find("dpm-solver++2m"), &w->schedule, &option, STEPS, STEPS, t.data, e);
		status = w->stepper ? 0 : -1;
	}
	tensor_free(&t);
	nn_end(&n);
	return status;
}

static int run_sampling(void *work, struct err *e)
{
	struct work *w = work;
	struct denoiser d = { .schedule = &w->schedule,
			      .form = DENOISER_NOISE,
			      .label = LABEL_TIME,
			      .dim = NUMBERS,
			      .eval = denoise,
			      .model = w };

	memcpy(w->state, w->start, IMAGES * NUMBERS * sizeof *w->state);
	return stepper_run(w->stepper, &d, 1, 0, IMAGES, w->state, e);
}

static int images_of(void *work, double *value)
{
	const struct work *w = work;
	enum { PLACES = 4 };

	for (int k = 0; k < PLACES; k++)
		value[k] = w->state[(2 * k + 1) * (IMAGES * NUMBERS / (2 * PLACES)) + k];
	return PLACES;
}

static void *open_work(const struct bench_case *c, const char *dir, struct err *e)
{
	int (*const open)(struct work *, const char *, struct err *) =
		strcmp(c->name, "transformer") == 0 ? open_transformer : open_sampling;
	struct work *w = xcalloc(1, sizeof *w);

	return start_work(w, e) == 0 && open(w, dir, e) == 0 ? w : NULL;
}

/* Products: 12 c^2 weights a token and layer, and 2 T c multiplications of attention; three times that for a step. */
static void transformer_floor(const struct bench_case *c, struct bench_floor *f)
{
	const double tokens = (double)BATCH * TOKENS, width = CHANNELS;

	(void)c;
	f->gemm_flop = 3 * LAYERS * tokens * 2 * ((4 + 2 * RATIO) * width * width + 2 * TOKENS * width);
}

const struct bench_case network_cases[] = {
	{ .name = "transformer",
	  .size = "256 tokens of 128 batch 16 heads 4 layers 4",
	  .open = open_work,
	  .run = run_transformer,
	  .result = loss_of,
	  .floor = transformer_floor,
	  .close = close_work },
	{ .name = "unet-sample",
	  .size = "64x3x32x32 width 32 levels 3 steps 20",
	  .open = open_work,
	  .run = run_sampling,
	  .result = images_of,
	  .close = close_work },
	{ .name = NULL },
};
