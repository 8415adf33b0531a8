/* test_network.c: models between normalisers against plain loops; a residual model that does nothing; the trainer's clipping,
 * averaging, best epoch, patience, plateau, batches and order; gradients of roll-outs against differences. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "run/trainer.h"

enum { SAMPLES = 10, TIMES = 6, POINTS = 8 };

/* A trainer with what it borrows. */
struct run {
	struct conf *conf;
	struct cfg *reader;
	struct dataset *data, *valid;
	struct trainer t;
};

static double bump(int field, int64_t i)
{
	return rng_normal_at(rng_stream(5, "data", (uint64_t)field, 0), (uint64_t)i);
}

/* a, b: (x) for maps, unlike in mean and deviation from channel to channel and point to point; u: (t, x); all double. */
static struct dataset *numbers(int64_t samples, int64_t points, bool periodic)
{
	struct layout l = { .n_samples = samples };
	struct err e = { 0 };
	struct dataset *d;
	void *data[3];
	int t = layout_add_axis(&l, "t", AXIS_TIME, TIMES, NULL, false, 0),
	    c = layout_add_axis(&l, "channel", AXIS_CHANNEL, 2, NULL, false, 0),
	    x = layout_add_axis(&l, "x", AXIS_SPACE, points, NULL, periodic, 1);
	const int64_t count[3] = { 2, 2, TIMES };

	layout_add_field(&l, "a", DTYPE_F64, ROLE_NONE, 2, (int[]){ c, x });
	layout_add_field(&l, "b", DTYPE_F64, ROLE_NONE, 2, (int[]){ c, x });
	layout_add_field(&l, "u", DTYPE_F64, ROLE_NONE, 2, (int[]){ t, x });
	for (int f = 0; f < 3; f++) {
		int64_t n = samples * count[f] * points;
		double *v = xmalloc((size_t)n * sizeof *v);

		for (int64_t i = 0; i < n; i++) {
			double at = (double)(i % points), of = (double)(i / points % count[f]);

			v[i] = f == 2 ? 0.3 * bump(f, i) : 3 * of - at + (1 + f + of + 0.2 * at) * bump(f, i);
		}
		data[f] = v;
	}
	ck_assert_msg(dataset_from_memory(&d, "set", "memory", &l, data, &e) == 0, "%s", e.message);
	return d;
}

static const struct key mlp_less[] = { KEY_END };

/* The trainer of a configuration; takes the sets. optim: sgd without momentum, objective: mse. */
static void start_on(struct run *r, struct dataset *data, struct dataset *valid, uint64_t seed, const char *text)
{
	struct err e = { 0 };
	struct trainer *t = &r->t;

	memset(r, 0, sizeof *r);
	r->data = data;
	r->valid = valid;
	r->conf = conf_new();
	ck_assert_msg(conf_load_text(r->conf, text, "test", &e) == 0, "%s", e.message);
	r->reader = cfg_new(r->conf);
	t->seed = seed;
	t->network.class = model_find(cfg_name(r->reader, "model", NULL));
	ck_assert_ptr_nonnull(t->network.class);
	t->network.config = xcalloc(1, t->network.class->config_size);
	cfg_section(r->reader, "model", 1, &(struct key_table){ t->network.class->keys, t->network.config });
	cfg_section(r->reader, "data", 2,
		    (struct key_table[]){ { task_keys, &t->task_key }, { network_keys, &t->network.key } });
	t->objective = objective_find("mse");
	t->objective_config = xcalloc(1, t->objective->config_size + 1);
	cfg_section(r->reader, "objective", 1,
		    &(struct key_table){ t->objective->keys ? t->objective->keys : mlp_less, t->objective_config });
	t->optim.class = optim_find("sgd");
	t->optim_config = xcalloc(1, t->optim.class->config_size);
	cfg_section(r->reader, "optim", 1, &(struct key_table){ t->optim.class->keys, t->optim_config });
	cfg_section(r->reader, "train", 1, &(struct key_table){ train_keys, &t->key });
	ck_assert_msg(cfg_done(r->reader, &e) == 0, "%s", e.message);
	ck_assert_msg(trainer_open(t, data, valid, &e) == 0, "%s", e.message);
}

static void start(struct run *r, uint64_t seed, const char *text)
{
	start_on(r, numbers(SAMPLES, POINTS, true), NULL, seed, text);
}

static void finish(struct run *r)
{
	trainer_close(&r->t);
	dataset_close(r->data);
	dataset_close(r->valid);
	cfg_free(r->reader);
	conf_free(r->conf);
}

static double *weights(struct run *r, const char *name)
{
	int k = params_find(&r->t.network.params, name);

	ck_assert_msg(k >= 0, "no parameter %s", name);
	return r->t.network.params.at[k].value.data;
}

static void zero(struct run *r, const char *name)
{
	int k = params_find(&r->t.network.params, name);

	memset(weights(r, name), 0, tensor_bytes(&r->t.network.params.at[k].value));
}

static void load(struct trainer *t, int64_t n, int64_t first)
{
	struct err e = { 0 };

	t->batch_n = n;
	for (int64_t i = 0; i < n; i++)
		t->item[i] = first + i;
	ck_assert_msg(task_load(&t->task, n, t->item, t->x, t->query, t->target, &e) == 0, "%s", e.message);
}

static void predict(struct run *r, int64_t n, const double *x, double *out)
{
	struct predictor *p = predictor_new(&r->t.network);
	struct err e = { 0 };

	ck_assert_msg(predictor_run(p, n, x, NULL, out, &e) == 0, "%s", e.message);
	predictor_free(p);
}

static double step(struct run *r, int64_t n, int64_t first, double lr)
{
	struct err e = { 0 };
	double loss;

	for (int64_t i = 0; i < n; i++)
		r->t.item[i] = first + i;
	ck_assert_msg(trainer_step(&r->t, n, lr, &loss, &e) == 0, "%s", e.message);
	return loss;
}

static void epoch(struct run *r, double lr, bool *stop)
{
	struct err e = { 0 };
	int64_t batch = r->t.key.batch, items = r->t.task.n_items;

	for (int64_t at = 0; at < items; at += batch)
		step(r, items - at < batch ? items - at : batch, at, lr);
	ck_assert_msg(trainer_end_epoch(&r->t, lr, stop, &e) == 0, "%s", e.message);
}

/* Mean and deviation over the samples of element (channel, point), or of the whole channel, of (SAMPLES, 2, POINTS). */
static void moments(const double *v, bool pixel, int64_t k, double *mean, double *std)
{
	int64_t first = pixel ? k : k / POINTS * POINTS, width = pixel ? 1 : POINTS;
	double n = (double)(SAMPLES * width);

	*mean = *std = 0;
	for (int64_t i = 0; i < SAMPLES * width; i++)
		*mean += v[i / width * 2 * POINTS + first + i % width] / n;
	for (int64_t i = 0; i < SAMPLES * width; i++) {
		double off = v[i / width * 2 * POINTS + first + i % width] - *mean;

		*std += off * off / (n - 1);
	}
	*std = sqrt(*std);
}

static const char *const normaliser[] = { "channel", "pixel" };

/* One linear map without bias made the identity: decoded = (a - m_a) / (s_a + 1e-5) (s_b + 1e-5) + m_b; the loss is taken
 * on that and b, or on what is before decoding and (b - m_b) / (s_b + 1e-5). */
START_TEST(normalisers)
{
	enum { N = 2 * POINTS };
	char text[256];

	for (int encoded = 0; encoded < 2; encoded++) {
		struct run r;
		double out[SAMPLES * N], want_loss = 0, score;
		struct err e = { 0 };

		snprintf(text, sizeof text,
			 "{model: {name: mlp, depth: 0}, train: {batch: 10}, data: {real: float64, input: [a], target: "
			 "[b], "
			 "normalise_input: %s, normalise_target: %s, encoded_loss: %s}}",
			 normaliser[_i], normaliser[_i], encoded ? "true" : "false");
		start(&r, 1, text);
		for (int k = 0; k < r.t.network.params.n; k++) {
			struct param *p = &r.t.network.params.at[k];
			int64_t count = shape_count(&p->value.shape);

			for (int64_t i = 0; i < count && p->role != PARAM_STATE; i++)
				tensor_set(&p->value, i, count == N * N && i % (N + 1) == 0);
		}
		load(&r.t, SAMPLES, 0);
		predict(&r, SAMPLES, r.t.x, out);
		const double *a = r.t.x, *b = r.t.target[0];
		for (int64_t k = 0; k < N; k++) {
			double ma, sa, mb, sb;
			int64_t at = _i == 0 ? k / POINTS : k;

			moments(a, _i == 1, k, &ma, &sa);
			moments(b, _i == 1, k, &mb, &sb);
			ck_assert_double_eq_tol(weights(&r, "norm.input.mean")[at], ma, 1e-12 * (1 + fabs(ma)));
			ck_assert_double_eq_tol(weights(&r, "norm.input.std")[at], sa, 1e-12 * sa);
			ck_assert_double_eq_tol(weights(&r, "norm.target.mean")[at], mb, 1e-12 * (1 + fabs(mb)));
			ck_assert_double_eq_tol(weights(&r, "norm.target.std")[at], sb, 1e-12 * sb);
			for (int64_t s = 0; s < SAMPLES; s++) {
				double code = (a[s * N + k] - ma) / (sa + 1e-5), decoded = code * (sb + 1e-5) + mb;
				double off = b[s * N + k] - decoded;

				ck_assert_double_eq_tol(out[s * N + k], decoded, 1e-11 * (1 + fabs(decoded)));
				if (encoded)
					off /= sb + 1e-5;
				want_loss += off * off / (SAMPLES * N);
			}
		}
		struct predictor *p = predictor_new(&r.t.network);
		ck_assert_int_eq(predictor_score(p, &r.t.task, r.t.objective, r.t.objective_config, 4, &score, &e), 0);
		predictor_free(p);
		ck_assert_double_eq_tol(score, want_loss, 1e-11 * want_loss);
		ck_assert_double_eq_tol(step(&r, SAMPLES, 0, 0), want_loss, 1e-11 * want_loss);
		finish(&r);
	}
}
END_TEST

/* A model that always answers 1 shows mean + deviation of the target on the grid asked for. */
START_TEST(statistics_on_another_grid)
{
	bool periodic = _i == 1;
	int64_t fine = periodic ? 2 * POINTS : 2 * POINTS - 1;
	struct run r;
	double *out = xcalloc((size_t)(4 * POINTS), sizeof *out), *x = xcalloc((size_t)(4 * POINTS), sizeof *x);

	start_on(&r, numbers(SAMPLES, POINTS, periodic), NULL, 1,
		 "{model: {name: convnet, layers: 1, width: 4}, "
		 "data: {real: float64, input: [a], target: [b], normalise_target: pixel}}");
	zero(&r, "out.weight");
	double *mean = weights(&r, "norm.target.mean"), *std = weights(&r, "norm.target.std"),
	       *bias = weights(&r, "out.bias");
	bias[0] = bias[1] = 1;
	for (int64_t k = 0; k < 2 * POINTS; k++) { /* linear in x */
		mean[k] = 2 + (double)(k / POINTS) + 0.5 * (double)(k % POINTS);
		std[k] = 1 + 0.25 * (double)(k % POINTS);
	}
	r.t.network.spec.size[0] = fine;
	predict(&r, 1, x, out);
	for (int64_t k = 0; k < 2; k++)
		for (int64_t i = 0; i < fine; i++) {
			double at = 0.5 * (double)i, want = 3 + (double)k + 0.75 * at + 1e-5;

			if (i == 2 * POINTS - 1) /* between the last point and the first */
				want = 3 + (double)k + 0.75 * 0.5 * (POINTS - 1) + 1e-5;
			ck_assert_double_eq_tol(out[k * fine + i], want, 1e-12);
		}
	finish(&r);
	free(out);
	free(x);
}
END_TEST

static const struct {
	const char *model, *last[2];
} idle[] = {
	{ "name: fno, modes: [3], width: 4, layers: 1", { "project.weight", "project.bias" } },
	{ "name: unet, levels: 1, width: 4", { "out.weight", "out.bias" } },
	{ "name: convnet, layers: 1, width: 4", { "out.weight", "out.bias" } },
	{ "name: mlp, width: 4, depth: 1", { "mlp.out.weight", "mlp.out.bias" } },
	{ "name: deeponet, width: 4, depth: 1, basis: 3", { "branch.out.weight", "branch.out.bias" } },
};
enum { IDLE = sizeof idle / sizeof *idle };

/* A residual model whose last layer is zero predicts the last frame, bit for bit; between normalisers, to round-off. */
START_TEST(idle_residual)
{
	static const char *const mode[] = { "none", "channel", "pixel" };
	enum { BATCH = 4 };
	char text[384];

	for (int in = 0; in < 3; in++)
		for (int out = 0; out < 3; out++) {
			struct run r;
			double y[BATCH * POINTS];

			snprintf(text, sizeof text,
				 "{model: {%s, residual: true}, data: {real: float64, input: [a], target: [u], "
				 "history: 2, normalise_input: %s, normalise_target: %s}}",
				 idle[_i].model, mode[in], mode[out]);
			start(&r, 1, text);
			zero(&r, idle[_i].last[0]);
			zero(&r, idle[_i].last[1]);
			load(&r.t, BATCH, 3);
			predict(&r, BATCH, r.t.x, y);
			for (int64_t i = 0; i < BATCH * POINTS; i++) {
				double frame = ((double *)r.t.x)[(i / POINTS * 4 + 3) * POINTS + i % POINTS];

				if (out == 0)
					ck_assert_double_eq(y[i], frame);
				else
					ck_assert_double_eq_tol(y[i], frame, 1e-14);
			}
			finish(&r);
		}
}
END_TEST

#define LINEAR "model: {name: mlp, depth: 0}, data: {real: float64, input: [a], target: [b]}"

/* The gradient keeps its direction and gets the norm asked for; a small one stays. */
START_TEST(clipping)
{
	struct run free_run, small, large;

	start(&free_run, 1, "{" LINEAR ", train: {batch: 5}}");
	step(&free_run, 5, 0, 0);
	double norm = optim_gradient_norm(&free_run.t.gradient);
	char text[256];
	snprintf(text, sizeof text, "{" LINEAR ", train: {batch: 5, clip: %.17g}}", norm / 3);
	start(&small, 1, text);
	snprintf(text, sizeof text, "{" LINEAR ", train: {batch: 5, clip: %.17g}}", norm * 3);
	start(&large, 1, text);
	step(&small, 5, 0, 0);
	step(&large, 5, 0, 0);
	ck_assert_double_eq_tol(optim_gradient_norm(&small.t.gradient), norm / 3, 1e-12 * norm);
	for (int k = 0; k < free_run.t.gradient.n; k++)
		for (int64_t i = 0; i < shape_count(&free_run.t.gradient.at[k].value.shape); i++) {
			double g = tensor_get(&free_run.t.gradient.at[k].value, i);

			ck_assert_double_eq_tol(tensor_get(&small.t.gradient.at[k].value, i), g / 3, 1e-12 * norm);
			ck_assert_double_eq(tensor_get(&large.t.gradient.at[k].value, i), g);
		}
	finish(&free_run);
	finish(&small);
	finish(&large);
}
END_TEST

/* average <- d average + (1 - d) weights after every step, from the weights at the start. */
START_TEST(moving_average)
{
	struct run r;
	const double decay = 0.7;

	start(&r, 1, "{" LINEAR ", train: {batch: 5, ema: 0.7}}");
	int n = r.t.network.params.n;
	struct params hand = params_copy(&r.t.network.params);
	for (int s = 0; s < 5; s++) {
		step(&r, 5, s, 1e-3);
		for (int k = 0; k < n; k++)
			for (int64_t i = 0; i < shape_count(&hand.at[k].value.shape); i++)
				tensor_set(&hand.at[k].value, i,
					   decay * tensor_get(&hand.at[k].value, i) +
						   (1 - decay) * tensor_get(&r.t.network.params.at[k].value, i));
	}
	for (int k = 0; k < n; k++)
		for (int64_t i = 0; i < shape_count(&hand.at[k].value.shape); i++) {
			double want = tensor_get(&hand.at[k].value, i);

			ck_assert_double_eq_tol(tensor_get(&r.t.average.at[k].value, i), want, 1e-13);
			if (i == 0)
				ck_assert_double_ne(want, tensor_get(&r.t.network.params.at[k].value, i));
		}
	params_free(&hand);
	finish(&r);
}
END_TEST

static bool same(const struct params *p, const struct params *q)
{
	for (int k = 0; k < p->n; k++)
		if (memcmp(p->at[k].value.data, q->at[k].value.data, tensor_bytes(&p->at[k].value)) != 0)
			return false;
	return true;
}

/* Rates that first help and then ruin: what is kept is the epoch of the lowest validation. */
START_TEST(best_epoch)
{
	const double lr[] = { 1e-4, 1e-4, 1e-4, 1, 1e-4, 1 };
	enum { EPOCHS = sizeof lr / sizeof *lr };
	struct run r;
	struct params kept[EPOCHS];
	int lowest = 0;
	bool stop;

	start_on(&r, numbers(SAMPLES, POINTS, true), numbers(4, POINTS, true), 1,
		 "{" LINEAR ", train: {batch: 10, epochs: 6, keep_best: true}}");
	for (int k = 0; k < EPOCHS; k++) {
		epoch(&r, lr[k], &stop);
		kept[k] = params_copy(&r.t.network.params);
		if (r.t.history[k * HISTORY_COLUMNS + 3] < r.t.history[lowest * HISTORY_COLUMNS + 3])
			lowest = k;
		ck_assert(same(&r.t.best, &kept[lowest]));
	}
	ck_assert_int_eq(lowest, 2);
	ck_assert_int_eq(r.t.best_epoch, 3);
	ck_assert(!same(&r.t.best, &r.t.network.params));
	for (int k = 0; k < EPOCHS; k++)
		params_free(&kept[k]);
	finish(&r);
}
END_TEST

/* With rate 0 nothing improves after the first epoch. */
START_TEST(patience_and_plateau)
{
	struct run r;

	start(&r, 1,
	      "{" LINEAR ", train: {batch: 10, patience: 5, schedule: plateau, every: 2, factor: 0.25, lr: 0.5}}");
	struct schedule s = { r.t.key.schedule, r.t.key.lr, r.t.key.factor, r.t.key.every, 0, 0 };
	for (int k = 1; k <= 6; k++) {
		bool stop;

		epoch(&r, 0, &stop);
		ck_assert_int_eq(stop, k == 6);
		ck_assert_double_eq(schedule_lr(&s, r.t.t, 100, 1, r.t.plateau_factor), k < 3	? 0.5
											: k < 5 ? 0.125
												: 0.03125);
	}
	ck_assert_int_eq(r.t.best_epoch, 1);
	finish(&r);
}
END_TEST

/* 10 items by 4: 4, 4, 2; the epoch's loss is the mean over items, as one batch of all gives it. */
START_TEST(last_batch)
{
	struct run r, whole;
	bool stop;

	start(&r, 1, "{" LINEAR ", train: {batch: 4}}");
	start(&whole, 1, "{" LINEAR ", train: {batch: 10}}");
	epoch(&r, 0, &stop);
	epoch(&whole, 0, &stop);
	ck_assert_int_eq(r.t.t, 3);
	ck_assert_int_eq(compiled_batch(r.t.compiled[0]), 4);
	ck_assert_int_eq(compiled_batch(r.t.compiled[1]), 2);
	ck_assert_double_eq_tol(r.t.history[2], whole.t.history[2], 1e-12 * whole.t.history[2]);
	ck_assert_double_eq_tol(step(&r, 2, 8, 0), step(&whole, 2, 8, 0), 1e-12 * whole.t.history[2]);
	finish(&r);
	finish(&whole);
}
END_TEST

/* The order of an epoch depends on seed and epoch alone: not on batch, model, rate or what was trained before. */
START_TEST(order)
{
	struct run r, other, seeded;
	bool stop;
	size_t bytes = SAMPLES * sizeof(int64_t);
	int64_t first[SAMPLES];

	start(&r, 1, "{" LINEAR ", train: {batch: 4}}");
	start(&other, 1,
	      "{model: {name: convnet, width: 4, layers: 1}, data: {input: [b], target: [a]}, train: {batch: 3}}");
	start(&seeded, 2, "{" LINEAR ", train: {batch: 4}}");
	memcpy(first, r.t.order, bytes);
	ck_assert_int_eq(memcmp(first, other.t.order, bytes), 0);
	ck_assert_int_ne(memcmp(first, seeded.t.order, bytes), 0);
	for (int64_t i = 0, seen = 0; i < SAMPLES; i++) {
		seen |= (int64_t)1 << first[i];
		if (i == SAMPLES - 1)
			ck_assert_int_eq(seen, (1 << SAMPLES) - 1);
	}
	epoch(&r, 1e-4, &stop);
	ck_assert_int_ne(memcmp(first, r.t.order, bytes), 0);
	other.t.epoch = 1;
	trainer_shuffle(&other.t);
	ck_assert_int_eq(memcmp(other.t.order, r.t.order, bytes), 0);
	r.t.epoch = 0;
	trainer_shuffle(&r.t);
	ck_assert_int_eq(memcmp(first, r.t.order, bytes), 0);
	finish(&r);
	finish(&other);
	finish(&seeded);
}
END_TEST

enum { BATCH = 3, ROLLOUT = 3 };
#define ROLLED(MORE, LENGTH)                                                                                           \
	"{model: {name: convnet, layers: 1, width: 3, kernel: 3}, train: {batch: 3" MORE "}, "                         \
	"data: {real: float64, input: [a], target: [u], history: 2, normalise_input: channel, "                        \
	"normalise_target: channel, rollout: " LENGTH "}}"

static double evaluate(struct run *r, struct compiled *c)
{
	struct err e = { 0 };
	double loss;

	ck_assert_msg(compiled_run(c, &r->t, &loss, &e) == 0, "%s", e.message);
	return loss;
}

static struct compiled *compile(struct run *r)
{
	struct err e = { 0 };
	struct compiled *c = compiled_new(&r->t, BATCH, &e);

	ck_assert_msg(c != NULL, "%s", e.message);
	return c;
}

/* The gradient in hand against central differences, some weights of each tensor; the largest error against the largest
 * element. */
static double difference(struct run *r, struct compiled *c)
{
	struct params g = params_copy(&r->t.gradient);
	double worst = 0, most = 0;

	for (int k = 0; k < g.n; k++) {
		struct param *p = &r->t.network.params.at[k];
		int64_t count = shape_count(&p->value.shape);

		for (int64_t i = 0; i < count && p->role != PARAM_STATE; i += count / 3 + 1) {
			double was = tensor_get(&p->value, i), h = 1e-5, got = tensor_get(&g.at[k].value, i);

			tensor_set(&p->value, i, was + h);
			double up = evaluate(r, c);
			tensor_set(&p->value, i, was - h);
			double slope = (up - evaluate(r, c)) / (2 * h);
			tensor_set(&p->value, i, was);
			worst = fmax(worst, fabs(slope - got));
			most = fmax(most, fabs(got));
		}
	}
	params_free(&g);
	return worst / most;
}

/* One step: the window (a, frame, frame) moves on by the model's own prediction. */
static void advance(struct run *r, double *x)
{
	double y[BATCH * POINTS];

	predict(r, BATCH, x, y);
	for (int64_t b = 0; b < BATCH; b++) {
		double *row = x + b * 4 * POINTS;

		memmove(row + 2 * POINTS, row + 3 * POINTS, POINTS * sizeof *row);
		memcpy(row + 3 * POINTS, y + b * POINTS, POINTS * sizeof *row);
	}
}

/* Gradient against differences; the loss is the mean over the frames, each predicted from predictions. */
START_TEST(rollout_gradient)
{
	struct run r;
	double x[BATCH * 4 * POINTS], y[BATCH * POINTS], want = 0;

	start(&r, 4, ROLLED("", "3"));
	struct compiled *c = compile(&r);
	load(&r.t, BATCH, 1);
	memcpy(x, r.t.x, sizeof x);
	for (int k = 0; k < ROLLOUT; k++) {
		predict(&r, BATCH, x, y);
		for (int64_t i = 0; i < BATCH * POINTS; i++) {
			double off = y[i] - ((double *)r.t.target[k])[i];

			want += off * off / (ROLLOUT * BATCH * POINTS);
		}
		advance(&r, x);
	}
	ck_assert_double_eq_tol(evaluate(&r, c), want, 1e-13);
	ck_assert_double_lt(difference(&r, c), 1e-7);
	compiled_free(c);
	finish(&r);
}
END_TEST

/* Push-forward: after `ahead` free steps the last one alone counts; its gradient is that of a single step from the state
 * reached, and not the whole derivative of the loss. */
START_TEST(pushforward_gradient)
{
	struct run r, single;
	bool seen[ROLLOUT] = { false };

	start(&r, 4, ROLLED(", pushforward: 1", "3"));
	start(&single, 4, ROLLED("", "1"));
	for (int k = 0; k < r.t.network.params.n; k++) { /* other windows, so other statistics */
		struct tensor *v = &r.t.network.params.at[k].value;

		memcpy(single.t.network.params.at[k].value.data, v->data, tensor_bytes(v));
	}
	struct compiled *c = compile(&r), *one = compile(&single);
	for (r.t.t = 0; r.t.t < 20; r.t.t++) {
		load(&r.t, BATCH, 1);
		memcpy(single.t.x, r.t.x, BATCH * 4 * POINTS * sizeof(double));
		double loss = evaluate(&r, c), alone = 0;
		int ahead = 0;

		for (; ahead < ROLLOUT; ahead++) {
			memcpy(single.t.target[0], r.t.target[ahead], BATCH * POINTS * sizeof(double));
			alone = evaluate(&single, one);
			if (fabs(alone - loss) <= 1e-13)
				break;
			advance(&single, single.t.x);
		}
		ck_assert_msg(ahead < ROLLOUT, "loss %g is that of no single step", loss);
		if (seen[ahead])
			continue;
		seen[ahead] = true;
		for (int k = 0; k < r.t.gradient.n; k++)
			for (int64_t i = 0; i < shape_count(&r.t.gradient.at[k].value.shape); i++)
				ck_assert_double_eq_tol(tensor_get(&r.t.gradient.at[k].value, i),
							tensor_get(&single.t.gradient.at[k].value, i), 1e-13);
		double off = difference(&r, c);
		if (ahead == 0)
			ck_assert_double_lt(off, 1e-7);
		else
			ck_assert_double_gt(off, 1e-4);
	}
	for (int k = 0; k < ROLLOUT; k++)
		ck_assert_msg(seen[k], "never %d steps ahead", k);
	compiled_free(c);
	compiled_free(one);
	finish(&r);
	finish(&single);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("network");
	TCase *c = tcase_create("network and trainer");

	tcase_add_loop_test(c, normalisers, 0, 2);
	tcase_add_loop_test(c, statistics_on_another_grid, 0, 2);
	tcase_add_loop_test(c, idle_residual, 0, IDLE);
	tcase_add_test(c, clipping);
	tcase_add_test(c, moving_average);
	tcase_add_test(c, best_epoch);
	tcase_add_test(c, patience_and_plateau);
	tcase_add_test(c, last_batch);
	tcase_add_test(c, order);
	tcase_add_test(c, rollout_gradient);
	tcase_add_test(c, pushforward_gradient);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
