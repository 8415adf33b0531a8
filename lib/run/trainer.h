/* trainer.h: a training run in progress; shared by the files of the verb. Everything that decides the next step's bits
 * is in `struct trainer` and goes into the checkpoint; everything else can be made again. */
#ifndef SCIML_RUN_TRAINER_H
#define SCIML_RUN_TRAINER_H

#include "io/checkpoint.h"
#include "optim/optim.h"
#include "objective/objective.h"
#include "run/learner.h"
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

struct trainer {
	struct train_config key;
	struct task_config task_key; /* section data, with network.key */
	struct network network;
	const struct learner_class *learner;
	void *learning;				 /* the learner's work */
	const struct objective_class *objective; /* supervised: of pairs; else NULL */
	void *objective_config;			 /* section objective, of the learner or of `objective` */
	uint64_t seed;
	bool online; /* items are drawn from a reservoir, not epoch by epoch */

	struct params gradient, average, best; /* average, best: n = 0 when not kept */
	struct optim optim;
	void *optim_config;
	int64_t n_items; /* of an epoch, set by the learner */
	bool has_score;	 /* there is something to validate on */
	bool changed;	 /* set by the learner's load: the loss is another function than at the last step */
	bool restart;	 /* likewise: other parameters are trained from here on, the optimiser begins again */

	/* position */
	int64_t epoch, step, t; /* finished epochs, steps within this one, steps in all */
	double loss_sum;	/* over the items of this epoch, weighted by batch size */
	double items;
	double best_score, plateau_factor;
	int64_t best_epoch, plateau_epoch;
	struct history history;

	/* the batch in hand */
	int64_t batch_n;
	int64_t *item, *order;
};

/* trainer.c */
int trainer_open(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e);
void trainer_close(struct trainer *t);
/* One optimiser step on the items in t->item[0 .. n-1]; *loss before the step. Non-finite loss: ERR_FAIL with the
 * step. */
int trainer_step(struct trainer *t, int64_t n, double lr, double *loss, struct err *e);
/* Items of one epoch in order: t->order. */
void trainer_shuffle(struct trainer *t);
/* After an epoch: validation, history row, plateau, best; sets *stop when patience is out. */
int trainer_end_epoch(struct trainer *t, double lr, bool *stop, struct err *e);

/* model_file.c */
struct model_file_text {
	const char *command, *config, *inputs;
	const char *result; /* what the learner reports at the end; NULL: nothing */
};
int trainer_save(const struct trainer *t, const char *path, bool checkpoint, const struct model_file_text *m,
		 struct err *e);
int trainer_restore(struct trainer *t, const char *path, const char *config, struct err *e);
/* 0: the model at path is what this configuration with this seed would train. */
int trainer_finished(const char *path, const char *config, uint64_t seed, struct err *e);

#endif
