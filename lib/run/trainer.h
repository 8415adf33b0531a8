/* trainer.h: a training run in progress; shared by the files of the verb. Everything that decides the next step's bits is in
 * `struct trainer` and goes into the checkpoint; everything else can be made again. */
#ifndef SCIML_RUN_TRAINER_H
#define SCIML_RUN_TRAINER_H

#include "io/checkpoint.h"
#include "optim/optim.h"
#include "run/network.h"

struct train_config {
	int64_t epochs, batch, patience, validate_every, reservoir, online_reuse, online_steps, pushforward;
	double checkpoint, clip, ema;
	bool shuffle, keep_best;
	/* schedule */
	int schedule;
	double lr, factor, warmup, floor;
	int64_t every;
};
extern const struct key train_keys[];

enum { HISTORY_COLUMNS = 4 };
extern const char *const history_names[HISTORY_COLUMNS]; /* epoch lr train_loss valid_rel_l2 */

struct compiled; /* loss and gradient for one batch size */

struct trainer {
	struct train_config key;
	struct task_config task_key;
	struct network network;
	const struct objective_class *objective;
	void *objective_config;
	struct task task, valid_task;
	bool has_valid;
	uint64_t seed;
	bool online; /* items are drawn from a reservoir, not epoch by epoch */

	struct params gradient, average, best; /* average, best: n = 0 when not kept */
	struct optim optim;
	void *optim_config;
	struct network judged; /* the weights that would be saved, for validation: borrows them */
	struct predictor *judge;
	struct compiled *compiled[2]; /* full batch and the last, smaller one */

	/* position */
	int64_t epoch, step, t; /* finished epochs, steps within this one, steps in all */
	double loss_sum;	/* over the items of this epoch, weighted by batch size */
	double items;
	double best_score, plateau_factor;
	int64_t best_epoch, plateau_epoch;
	int64_t n_history, capacity_history;
	double *history; /* rows of HISTORY_COLUMNS */

	/* the batch in hand */
	int64_t batch_n;
	void *x, *query, **target;
	int64_t *item, *order;
};

/* trainer.c */
int trainer_open(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e);
void trainer_close(struct trainer *t);
/* One optimiser step on the items in t->item[0 .. n-1]; *loss before the step. Non-finite loss: ERR_FAIL with the step. */
int trainer_step(struct trainer *t, int64_t n, double lr, double *loss, struct err *e);
/* Items of one epoch in order: t->order. */
void trainer_shuffle(struct trainer *t);
/* After an epoch: validation, history row, plateau, best; sets *stop when patience is out. */
int trainer_end_epoch(struct trainer *t, double lr, bool *stop, struct err *e);

/* compiled.c: forward and backward of a batch of n items into t->gradient, loss out; states updated. */
struct compiled *compiled_new(struct trainer *t, int64_t n, struct err *e);
void compiled_free(struct compiled *c);
int compiled_run(struct compiled *c, struct trainer *t, double *loss, struct err *e);
int64_t compiled_batch(const struct compiled *c);

/* model_file.c */
struct model_file_text {
	const char *command, *config, *inputs;
};
int trainer_save(const struct trainer *t, const char *path, bool checkpoint, const struct model_file_text *m,
		 struct err *e);
int trainer_restore(struct trainer *t, const char *path, const char *config, struct err *e);
/* 0: the model at path is what this configuration would train. */
int trainer_finished(const char *path, const char *config, struct err *e);

#endif
