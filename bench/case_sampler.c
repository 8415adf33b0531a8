/* case_sampler.c: the loop of a diffusion sampler around a model that costs next to nothing, and what a network would
 * cost in its place. A unit is one step of DPM-Solver++(2M) on 64 images of 3 x 32 x 32. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "bench.h"
#include "graph/plan.h"
#include "model/model.h"
#include "sampler/stepper.h"

enum { IMAGES = 64, CHANNELS = 3, SIDE = 32, DIM = CHANNELS * SIDE * SIDE, STEPS = 20 };

/* Data N(0, DATA_STD^2): the expected noise given x is sigma x / (alpha^2 DATA_STD^2 + sigma^2). */
static const double DATA_STD = 0.5;

struct loop {
	struct noise_schedule schedule;
	struct stepper *stepper;
	struct tensor start;
	double *x;
};

static int gaussian(const struct denoiser *self, const struct noise_level *v, double label, int64_t n, const double *x,
		    double *out, struct err *e)
{
	const double scale = v->sigma / (v->alpha * v->alpha * DATA_STD * DATA_STD + v->sigma * v->sigma);

	(void)label, (void)e;
	for (int64_t i = 0; i < n * self->dim; i++)
		out[i] = scale * x[i];
	return 0;
}

static void close_loop(void *work)
{
	struct loop *w = work;

	stepper_free(w->stepper);
	noise_close(&w->schedule);
	tensor_free(&w->start);
	free(w->x);
	free(w);
}

/* Levels for the opponent: alpha, sigma and lambda at the STEPS + 1 times. */
static int give_levels(const struct loop *w, const double *t, const char *dir, struct err *e)
{
	struct shape s = shape_of(STEPS + 1, 3);
	struct tensor levels = tensor_new(DTYPE_F64, &s);
	int status;

	for (int i = 0; i <= STEPS; i++) {
		const struct noise_level v = noise_at(&w->schedule, t[i]);
		const double row[3] = { v.alpha, v.sigma, v.lambda };

		memcpy((double *)levels.data + 3 * i, row, sizeof row);
	}
	status = bench_put(dir, "levels", &levels, e);
	tensor_free(&levels);
	return status;
}

static void *open_loop(const struct bench_case *c, const char *dir, struct err *e)
{
	const struct noise_spec spec = {
		.kind = NOISE_VP_LINEAR, .beta_min = 0.1, .beta_max = 20, .T = 1, .t_end = 1e-3
	};
	const struct step_options options = { .churn_max = HUGE_VAL, .churn_inflation = 1 };
	struct loop *w = xcalloc(1, sizeof *w);
	const struct shape s = shape_of(IMAGES, DIM);
	double t[STEPS + 1];

	(void)c;
	w->start = tensor_new(DTYPE_F64, &s);
	w->x = xaligned(tensor_bytes(&w->start));
	rng_normal(rng_stream(1, "bench", 0, 0), 0, IMAGES * DIM, w->start.data);
	if (noise_open(&w->schedule, &spec, e) == 0 &&
	    step_times_fill(TIMES_LOG_SNR, &w->schedule, 0, STEPS, t, e) == 0 &&
	    (w->stepper = stepper_new(stepper_find("dpm-solver++2m"), &w->schedule, &options, STEPS, STEPS, t, e)) &&
	    bench_put(dir, "start", &w->start, e) == 0 && give_levels(w, t, dir, e) == 0)
		return w;
	close_loop(w);
	return NULL;
}

static int run_loop(void *work, struct err *e)
{
	struct loop *w = work;
	struct denoiser d = { .schedule = &w->schedule, .form = DENOISER_NOISE, .dim = DIM, .eval = gaussian };

	memcpy(w->x, w->start.data, tensor_bytes(&w->start));
	return stepper_run(w->stepper, &d, 1, 0, IMAGES, w->x, e);
}

static int result_loop(void *work, double *value)
{
	const struct loop *w = work;

	value[0] = w->x[0];
	value[1] = w->x[IMAGES * DIM - 1];
	return 2;
}

/* A step reads the state and two data estimates and writes the state; the estimate is written and read once more. */
static void floor_loop(const struct bench_case *c, struct bench_floor *f)
{
	(void)c;
	f->bytes = 6. * IMAGES * DIM * sizeof(double);
}

/* ---- a network in the model's place ---- */

struct net {
	struct conf *conf;
	struct cfg *reader;
	void *config;
	struct params params;
	struct nn nn;
	struct graph *g;
	struct plan *plan;
	float *x, vector[IMAGES];
};

static void close_net(void *work)
{
	struct net *w = work;

	plan_free(w->plan);
	nn_end(&w->nn);
	graph_free(w->g);
	params_free(&w->params);
	cfg_free(w->reader);
	conf_free(w->conf);
	free(w->config);
	free(w->x);
	free(w);
}

static int build(struct net *w, struct err *e)
{
	const struct model_class *c = model_find("time-unet");
	const struct model_spec spec = { .n_dims = 2,
					 .size = { SIDE, SIDE },
					 .length = { 1, 1 },
					 .n_in = CHANNELS,
					 .n_out = CHANNELS,
					 .n_vector = 1 };
	const struct shape xs = shape_of(IMAGES, CHANNELS, SIDE, SIDE), vs = shape_of(IMAGES, 1);
	struct model_in in = { .query = NODE_NONE, .last = NODE_NONE };
	node out;

	w->conf = conf_new();
	if (conf_load_text(w->conf, "model: {name: time-unet}", "case", e) != 0)
		return -1;
	w->reader = cfg_new(w->conf);
	cfg_name(w->reader, "model", NULL);
	w->config = xcalloc(1, c->config_size);
	cfg_section(w->reader, "model", 1, &(struct key_table){ c->keys, w->config });
	if (cfg_done(w->reader, e) != 0)
		return -1;
	w->g = graph_new(DTYPE_F32);
	nn_begin(&w->nn, w->g, &w->params, false);
	in.field = graph_input(w->g, "x", DTYPE_F32, &xs);
	in.vector = graph_input(w->g, "vector", DTYPE_F32, &vs);
	out = c->build(&w->nn, w->config, &spec, &in);
	params_init(&w->params, 1);
	if (!(w->plan = plan_new(w->g, 1, &out, e)))
		return -1;
	plan_bind(w->plan, in.field, w->x);
	plan_bind(w->plan, in.vector, w->vector);
	for (int i = 0; i < w->params.n; i++)
		plan_bind(w->plan, w->nn.node[i], w->params.at[i].value.data);
	return 0;
}

static void *open_net(const struct bench_case *c, const char *dir, struct err *e)
{
	struct net *w = xcalloc(1, sizeof *w);

	(void)c, (void)dir;
	w->x = xaligned(IMAGES * DIM * sizeof *w->x);
	rng_normal_f(rng_stream(1, "bench", 0, 0), 0, IMAGES * DIM, w->x);
	for (int i = 0; i < IMAGES; i++)
		w->vector[i] = 0.5F;
	if (build(w, e) == 0)
		return w;
	close_net(w);
	return NULL;
}

static int run_net(void *work, struct err *e)
{
	return plan_run(((struct net *)work)->plan, e);
}

static int no_result(void *work, double *value)
{
	(void)work, (void)value;
	return 0;
}

const struct bench_case sampler_cases[] = {
	{ .name = "sampler",
	  .size = "64 x 3x32x32, DPM-Solver++(2M), a step of 20",
	  .units = STEPS,
	  .open = open_loop,
	  .run = run_loop,
	  .result = result_loop,
	  .floor = floor_loop,
	  .close = close_loop },
	{ .name = "sampler-unet",
	  .size = "64 x 3x32x32, time-unet as it comes",
	  .open = open_net,
	  .run = run_net,
	  .result = no_result,
	  .close = close_net },
	{ .name = NULL },
};
