/* test_trainer.c: clipping, averaging, best epoch, patience, plateau, batches and order; gradients of roll-outs against
 * differences, of push-forward against a single step. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "learner/supervised.h"
#include "trained.h"

#define LINEAR "model: {name: mlp, depth: 0}, data: {real: float64, input: [a], target: [b]}"

/* The gradient keeps its direction and gets the norm asked for; a small one stays. */
START_TEST(clipping)
{
	struct run free_run, small, large;

	fixture_trained_open(&free_run, 1, "{" LINEAR ", train: {batch: 5}}");
	trained_step(&free_run, 5, 0, 0);
	double norm = optim_gradient_norm(&free_run.t.gradient);
	char text[256];
	snprintf(text, sizeof text, "{" LINEAR ", train: {batch: 5, clip: %.17g}}", norm / 3);
	fixture_trained_open(&small, 1, text);
	snprintf(text, sizeof text, "{" LINEAR ", train: {batch: 5, clip: %.17g}}", norm * 3);
	fixture_trained_open(&large, 1, text);
	trained_step(&small, 5, 0, 0);
	trained_step(&large, 5, 0, 0);
	ck_assert_double_eq_tol(optim_gradient_norm(&small.t.gradient), norm / 3, 1e-12 * norm);
	for (int k = 0; k < free_run.t.gradient.n; k++)
		for (int64_t i = 0; i < shape_count(&free_run.t.gradient.at[k].value.shape); i++) {
			double g = tensor_get(&free_run.t.gradient.at[k].value, i);

			ck_assert_double_eq_tol(tensor_get(&small.t.gradient.at[k].value, i), g / 3, 1e-12 * norm);
			ck_assert_double_eq(tensor_get(&large.t.gradient.at[k].value, i), g);
		}
	fixture_trained_close(&free_run);
	fixture_trained_close(&small);
	fixture_trained_close(&large);
}
END_TEST

/* average <- d average + (1 - d) weights after every step, from the weights at the start; d at most (1 + t) / (10 +
 * t). */
START_TEST(moving_average)
{
	struct run r;
	fixture_trained_open(&r, 1, "{" LINEAR ", train: {batch: 5, ema: 0.3}}");
	int n = r.t.network.params.n;
	struct params hand = params_copy(&r.t.network.params);
	for (int s = 0; s < 5; s++) {
		const double decay = fmin(0.3, (1. + s) / (10 + s));

		trained_step(&r, 5, s, 1e-3);
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
	fixture_trained_close(&r);
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

	trained_open_on(&r, trained_numbers(SAMPLES, POINTS, true), trained_numbers(4, POINTS, true), 1,
			"{" LINEAR ", train: {batch: 10, epochs: 6, keep_best: true}}");
	for (int k = 0; k < EPOCHS; k++) {
		trained_epoch(&r, lr[k], &stop);
		kept[k] = params_copy(&r.t.network.params);
		if (history_row(&r.t.history, k)[HISTORY_SCORE] < history_row(&r.t.history, lowest)[HISTORY_SCORE])
			lowest = k;
		ck_assert(same(&r.t.best, &kept[lowest]));
	}
	ck_assert_int_eq(lowest, 2);
	ck_assert_int_eq(r.t.best_epoch, 3);
	ck_assert(!same(&r.t.best, &r.t.network.params));
	for (int k = 0; k < EPOCHS; k++)
		params_free(&kept[k]);
	fixture_trained_close(&r);
}
END_TEST

/* With rate 0 nothing improves after the first epoch. */
START_TEST(patience_and_plateau)
{
	struct run r;

	fixture_trained_open(&r, 1,
			     "{" LINEAR
			     ", train: {batch: 10, patience: 5, schedule: plateau, every: 2, factor: 0.25, lr: 0.5}}");
	struct schedule s = { r.t.key.schedule, r.t.key.lr, r.t.key.factor, r.t.key.every, 0, 0 };
	for (int k = 1; k <= 6; k++) {
		bool stop;

		trained_epoch(&r, 0, &stop);
		ck_assert_int_eq(stop, k == 6);
		ck_assert_double_eq(schedule_lr(&s, r.t.t, 100, 1, r.t.plateau_factor), k < 3	? 0.5
											: k < 5 ? 0.125
												: 0.03125);
	}
	ck_assert_int_eq(r.t.best_epoch, 1);
	fixture_trained_close(&r);
}
END_TEST

/* 10 items by 4: 4, 4, 2; the epoch's loss is the mean over items, as one batch of all gives it. */
START_TEST(last_batch)
{
	struct run r, whole;
	bool stop;

	fixture_trained_open(&r, 1, "{" LINEAR ", train: {batch: 4}}");
	fixture_trained_open(&whole, 1, "{" LINEAR ", train: {batch: 10}}");
	trained_epoch(&r, 0, &stop);
	trained_epoch(&whole, 0, &stop);
	ck_assert_int_eq(r.t.t, 3);
	ck_assert_int_eq(compiled_batch(supervised_of(&r.t)->compiled[0]), 4);
	ck_assert_int_eq(compiled_batch(supervised_of(&r.t)->compiled[1]), 2);
	ck_assert_double_eq_tol(r.t.history.value[HISTORY_LOSS], whole.t.history.value[HISTORY_LOSS],
				1e-12 * whole.t.history.value[HISTORY_LOSS]);
	ck_assert_double_eq_tol(trained_step(&r, 2, 8, 0), trained_step(&whole, 2, 8, 0),
				1e-12 * whole.t.history.value[HISTORY_LOSS]);
	fixture_trained_close(&r);
	fixture_trained_close(&whole);
}
END_TEST

/* The order of an epoch depends on seed and epoch alone: not on batch, model, rate or what was trained before. */
START_TEST(order)
{
	struct run r, other, seeded;
	bool stop;
	size_t bytes = SAMPLES * sizeof(int64_t);
	int64_t first[SAMPLES];

	fixture_trained_open(&r, 1, "{" LINEAR ", train: {batch: 4}}");
	fixture_trained_open(
		&other, 1,
		"{model: {name: convnet, width: 4, layers: 1}, data: {input: [b], target: [a]}, train: {batch: 3}}");
	fixture_trained_open(&seeded, 2, "{" LINEAR ", train: {batch: 4}}");
	memcpy(first, r.t.order, bytes);
	ck_assert_int_eq(memcmp(first, other.t.order, bytes), 0);
	ck_assert_int_ne(memcmp(first, seeded.t.order, bytes), 0);
	for (int64_t i = 0, seen = 0; i < SAMPLES; i++) {
		seen |= (int64_t)1 << first[i];
		if (i == SAMPLES - 1)
			ck_assert_int_eq(seen, (1 << SAMPLES) - 1);
	}
	trained_epoch(&r, 1e-4, &stop);
	ck_assert_int_ne(memcmp(first, r.t.order, bytes), 0);
	other.t.epoch = 1;
	trainer_shuffle(&other.t);
	ck_assert_int_eq(memcmp(other.t.order, r.t.order, bytes), 0);
	r.t.epoch = 0;
	trainer_shuffle(&r.t);
	ck_assert_int_eq(memcmp(first, r.t.order, bytes), 0);
	fixture_trained_close(&r);
	fixture_trained_close(&other);
	fixture_trained_close(&seeded);
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

	trained_predict(r, BATCH, x, y);
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

	fixture_trained_open(&r, 4, ROLLED("", "3"));
	struct compiled *c = compile(&r);
	trained_load(&r.t, BATCH, 1);
	memcpy(x, supervised_of(&r.t)->x, sizeof x);
	for (int k = 0; k < ROLLOUT; k++) {
		trained_predict(&r, BATCH, x, y);
		for (int64_t i = 0; i < BATCH * POINTS; i++) {
			double off = y[i] - ((double *)supervised_of(&r.t)->target[k])[i];

			want += off * off / (ROLLOUT * BATCH * POINTS);
		}
		advance(&r, x);
	}
	ck_assert_double_eq_tol(evaluate(&r, c), want, 1e-13);
	ck_assert_double_lt(difference(&r, c), 1e-7);
	compiled_free(c);
	fixture_trained_close(&r);
}
END_TEST

/* Push-forward: after `ahead` free steps the last one alone counts; its gradient is that of a single step from the
 * state reached, and not the whole derivative of the loss. */
START_TEST(pushforward_gradient)
{
	struct run r, single;
	bool seen[ROLLOUT] = { false };

	fixture_trained_open(&r, 4, ROLLED(", pushforward: 1", "3"));
	fixture_trained_open(&single, 4, ROLLED("", "1"));
	for (int k = 0; k < r.t.network.params.n; k++) { /* other windows, so other statistics */
		struct tensor *v = &r.t.network.params.at[k].value;

		memcpy(single.t.network.params.at[k].value.data, v->data, tensor_bytes(v));
	}
	struct compiled *c = compile(&r), *one = compile(&single);
	for (r.t.t = 0; r.t.t < 20; r.t.t++) {
		trained_load(&r.t, BATCH, 1);
		memcpy(supervised_of(&single.t)->x, supervised_of(&r.t)->x, BATCH * 4 * POINTS * sizeof(double));
		double loss = evaluate(&r, c), alone = 0;
		int ahead = 0;

		for (; ahead < ROLLOUT; ahead++) {
			memcpy(supervised_of(&single.t)->target[0], supervised_of(&r.t)->target[ahead],
			       BATCH * POINTS * sizeof(double));
			alone = evaluate(&single, one);
			if (fabs(alone - loss) <= 1e-13)
				break;
			advance(&single, supervised_of(&single.t)->x);
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
	fixture_trained_close(&r);
	fixture_trained_close(&single);
}
END_TEST

/* Running statistics of a roll-out are those after its last step, also where gradients go back over all of them. */
START_TEST(rollout_statistics)
{
#define NORMED(MORE)                                                                                                   \
	"{model: {name: convnet, layers: 1, width: 3, kernel: 3, norm: batch}, train: {batch: 3" MORE "}, "            \
	"data: {real: float64, input: [a], target: [u], history: 2, rollout: 3}}"
	struct run all, last;

	fixture_trained_open(&all, 4, NORMED(""));
	fixture_trained_open(&last, 4, NORMED(", pushforward: 1"));
	struct compiled *a = compile(&all), *b = compile(&last);
	/* a step of training at which two free steps go ahead of the one that counts */
	while (rng_uniform_at(rng_stream(4, "pushforward", (uint64_t)last.t.t, 0), 0) < 2. / 3)
		last.t.t++;
	trained_load(&all.t, BATCH, 1);
	trained_load(&last.t, BATCH, 1);
	memcpy(supervised_of(&last.t)->x, supervised_of(&all.t)->x, BATCH * 4 * POINTS * sizeof(double));
	evaluate(&all, a);
	evaluate(&last, b);
	for (int k = 0; k < all.t.network.params.n; k++) {
		const struct param *x = &all.t.network.params.at[k], *y = &last.t.network.params.at[k];

		for (int64_t i = 0; i < shape_count(&x->value.shape); i++)
			ck_assert_msg(fabs(tensor_get(&x->value, i) - tensor_get(&y->value, i)) <= 1e-14, "%s: %g, %g",
				      x->name, tensor_get(&x->value, i), tensor_get(&y->value, i));
	}
	compiled_free(a);
	compiled_free(b);
	fixture_trained_close(&all);
	fixture_trained_close(&last);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trainer");
	TCase *c = tcase_create("trainer");

	tcase_add_test(c, clipping);
	tcase_add_test(c, moving_average);
	tcase_add_test(c, best_epoch);
	tcase_add_test(c, patience_and_plateau);
	tcase_add_test(c, last_batch);
	tcase_add_test(c, order);
	tcase_add_test(c, rollout_gradient);
	tcase_add_test(c, pushforward_gradient);
	tcase_add_test(c, rollout_statistics);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
