/* trainer.c: one training run: batches, steps, epochs. The order of items, dropout and everything else random is a pure
 * function of (seed, purpose, epoch or step), so a run that goes on from a checkpoint repeats the uninterrupted one. */
#include "run/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

const struct key train_keys[] = {
	KEY_INT(struct train_config, epochs, "100", 1, 1e9, "passes over the training items"),
	KEY_INT(struct train_config, batch, "20", 1, 1e6, "items a step"),
	KEY_FLAG(struct train_config, shuffle, "true", "new order of items every epoch"),
	KEY_ONE_OF(struct train_config, schedule, "cosine", schedule_names, "learning rate over time"),
	KEY_REAL(struct train_config, lr, "0", 0, 1000, "learning rate; 0: the optimiser's own"),
	KEY_REAL(struct train_config, factor, "0.5", 0, 1, "schedules step and plateau: multiply by this"),
	KEY_INT(struct train_config, every, "100", 1, 1e9, "step: epochs between drops; plateau: epochs of patience"),
	KEY_REAL(struct train_config, warmup, "0", 0, 1,
		 "fraction of all steps with rising rate (one_cycle: 0 reads as 0.3)"),
	KEY_REAL(struct train_config, floor, "0", 0, 1, "lowest rate, as a fraction of lr"),
	KEY_REAL(struct train_config, clip, "0", 0, 1e30, "largest norm of the gradient; 0: any"),
	KEY_REAL(struct train_config, ema, "0", 0, 1,
		 "decay of the average of weights that is saved, in step t at most (1 + t) / (10 + t); 0: save the "
		 "weights"),
	KEY_INT(struct train_config, pushforward, "0", 0, 1e6,
		"roll-outs: n steps count, after 0 to rollout - n steps without gradient, drawn anew for each batch; "
		"0: all"),
	KEY_INT(struct train_config, validate_every, "1", 1, 1e9, "epochs between validations"),
	KEY_INT(struct train_config, patience, "0", 0, 1e9,
		"stop after this many epochs without improvement; 0: never"),
	KEY_FLAG(struct train_config, keep_best, "false",
		 "save the weights of the best validation instead of the last ones"),
	KEY_REAL(struct train_config, checkpoint, "30", 0, 1e9, "seconds between checkpoints; 0: after every epoch"),
	KEY_INT(struct train_config, reservoir, "2000", 1, 1e9, "--online: samples kept from the pipe"),
	KEY_INT(struct train_config, online_reuse, "10", 1, 1e6,
		"--online: times an arriving sample is used on average"),
	KEY_INT(struct train_config, online_steps, "0", 0, 1e12,
		"--online: steps that the schedule counts on; 0: unknown, the rate stays constant"),
	KEY_END,
};

/* What the optimiser calls: loss and gradient of the batch in hand at the present weights. */
static int evaluate(void *context, double *loss, struct err *e)
{
	struct trainer *t = context;

	if (t->learner->evaluate(t, loss, e) != 0)
		return -1;
	if (t->key.clip > 0) {
		double norm = optim_gradient_norm(&t->gradient);

		if (norm > t->key.clip)
			optim_scale_gradient(&t->gradient, t->key.clip / norm);
	}
	return 0;
}

int trainer_open(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e)
{
	struct network *n = &t->network;

	n->real = n->key.real == 0 ? DTYPE_F32 : DTYPE_F64;
	n->task = &t->task_key;
	history_start(&t->history, t->learner->score ? t->learner->score : "score");
	if (n->class->unfilled && n->class->unfilled(n->config) && !t->learner->searches)
		return err_set(
			e, ERR_USAGE,
			"model %s: there is nothing in it to train; objectives symbolic and symbolic-ode find it",
			n->class->name);
	if (t->learner->open(t, data, valid, e) != 0)
		return -1;
	if (t->key.batch > t->n_items)
		t->key.batch = t->n_items;
	t->gradient = params_like(&n->params);
	if (t->key.ema > 0)
		t->average = params_copy(&n->params);
	if (t->key.keep_best)
		t->best = params_copy(&n->params);
	t->best_score = INFINITY;
	t->plateau_factor = 1;
	if (optim_new(&t->optim, t->optim.class, t->optim_config, &n->params, &t->gradient, evaluate, t, e) != 0)
		return -1;
	t->item = xcalloc((size_t)t->key.batch, sizeof *t->item);
	t->order = mem_new(t->n_items, sizeof *t->order, "the order of items", e);
	if (!t->order)
		return -1;
	trainer_shuffle(t);
	return 0;
}

void trainer_close(struct trainer *t)
{
	if (t->learner)
		t->learner->close(t);
	optim_free(&t->optim);
	params_free(&t->gradient);
	params_free(&t->average);
	params_free(&t->best);
	network_free(&t->network);
	history_free(&t->history);
	free(t->objective_config);
	free(t->optim_config);
	free(t->item);
	free(t->order);
}

void trainer_shuffle(struct trainer *t)
{
	if (t->online)
		return;
	if (t->key.shuffle)
		rng_permutation(rng_stream(t->seed, "shuffle", (uint64_t)t->epoch, 0), t->n_items, t->order);
	else
		for (int64_t i = 0; i < t->n_items; i++)
			t->order[i] = i;
}

int trainer_step(struct trainer *t, int64_t n, double lr, double *loss, struct err *e)
{
	t->batch_n = n;
	if (t->learner->load(t, e) != 0)
		return -1;
	if (t->restart)
		optim_restart(&t->optim);
	if (t->changed && t->optim.class->changed)
		t->optim.class->changed(&t->optim);
	t->restart = t->changed = false;
	if (t->optim.class->step(&t->optim, lr, loss, e) != 0)
		return -1;
	if (!isfinite(*loss))
		return err_set(e, ERR_FAIL, "loss is not finite at epoch %lld, step %lld (learning rate %g)",
			       (long long)t->epoch + 1, (long long)t->step + 1, lr);
	/* shorter at first, so that little is left of the first weights after a short run too */
	if (t->average.n > 0)
		optim_average(&t->average, &t->network.params,
			      fmin(t->key.ema, (1 + (double)t->t) / (10 + (double)t->t)));
	t->t++;
	t->step++;
	t->loss_sum += *loss * (double)n;
	t->items += (double)n;
	return 0;
}

static void copy_values(struct params *to, const struct params *from)
{
	for (int i = 0; i < to->n; i++)
		memcpy(to->at[i].value.data, from->at[i].value.data, tensor_bytes(&to->at[i].value));
}

int trainer_end_epoch(struct trainer *t, double lr, bool *stop, struct err *e)
{
	double train = t->loss_sum / t->items, score = NAN, *row;

	t->epoch++;
	if (t->has_score && (t->epoch % t->key.validate_every == 0 || t->epoch == t->key.epochs) &&
	    t->learner->judge(t, t->average.n > 0 ? &t->average : &t->network.params, &score, e) != 0)
		return -1;
	row = history_new_row(&t->history);
	row[HISTORY_EPOCH] = (double)t->epoch;
	row[HISTORY_LR] = lr;
	row[HISTORY_LOSS] = train;
	row[HISTORY_SCORE] = score;
	if (t->learner->row)
		t->learner->row(t, row + HISTORY_COMMON);
	/* what early stopping, plateau and keep_best look at: validation where there is one, else the training loss */
	double watched = t->has_score ? score : train;
	bool judged = !t->has_score || t->epoch % t->key.validate_every == 0 || t->epoch == t->key.epochs;
	if (!isnan(watched) && watched < t->best_score) {
		t->best_score = watched;
		t->best_epoch = t->plateau_epoch = t->epoch;
		if (t->best.n > 0)
			copy_values(&t->best, t->average.n > 0 ? &t->average : &t->network.params);
	}
	/* epochs without a validation say nothing about improvement */
	if (judged && t->epoch - t->plateau_epoch >= t->key.every) {
		t->plateau_factor *= t->key.factor;
		t->plateau_epoch = t->epoch;
	}
	*stop = judged && t->key.patience > 0 && t->epoch - t->best_epoch >= t->key.patience;
	t->step = 0;
	t->loss_sum = t->items = 0;
	trainer_shuffle(t);
	return 0;
}
