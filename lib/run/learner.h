/* learner.h: what a training run learns from: the way from parameters and the number of a step to a loss and its
 * gradient. A learner owns its data (pairs of fields, collocation points, time series, noised images), builds and
 * compiles its graphs and judges parameters; the trainer owns parameters, optimiser, schedule, averages, checkpoints
 * and the loop. Section objective names it: `objective: physics`; a member of objective/ (`objective: rel_l2`) means
 * the learner "supervised". */
#ifndef SCIML_RUN_LEARNER_H
#define SCIML_RUN_LEARNER_H

#include "conf/key.h"
#include "io/dataset.h"
#include "num/params.h"
#include "run/history.h"

struct trainer;
struct run_common;
struct sample_options;
struct solve_options;
struct model_file;
struct online_class;
struct str;

struct learner_class {
	const char *name;
	const char *summary, *source, *notes;
	size_t config_size; /* section objective, in trainer.objective_config */
	const struct key *keys;
	bool needs_data; /* data operands, or standard input */
	bool searches;	 /* fills models that are unfilled (model/model.h) */
	bool constrains; /* predicts by network_build alone, so that data.equal and data.at_most hold */
	const struct online_class *online; /* how it learns from a pipe (run/online.h); NULL: it cannot */
	const char *score;		   /* the history's name of what score returns */
	/* Read further sections (problem, ...) into work that it makes: trainer.learning; complaints stay in the reader. NULL:
	 * none. Called after model, data, objective, optim and train were read, before any data are opened. */
	int (*configure)(struct trainer *t, struct cfg *c, struct err *e);
	/* Make the work if configure did not; make and draw the parameters of trainer.network (network_start does for a
	 * network on a task); set trainer.n_items, the items of an epoch (a learner that draws its own data says how many make
	 * one), trainer.has_score, and further columns of trainer.history. data, valid: borrowed, valid may be NULL, data too
	 * if !needs_data. */
	int (*open)(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e);
	void (*close)(struct trainer *t); /* also after a failed open or configure */
	/* Once a step: get ready trainer.batch_n items trainer.item[]; what is random is a pure function of (trainer.seed,
	 * purpose, trainer.t, item). */
	int (*load)(struct trainer *t, struct err *e);
	/* Loss and gradient (into trainer.gradient, by parameter) of what load left, at the present parameters; an optimiser
	 * may ask several times a step. */
	int (*evaluate)(struct trainer *t, double *loss, struct err *e);
	/* How good parameters p (those that would be saved) are, smaller is better; NULL: cannot say. */
	int (*judge)(struct trainer *t, struct params *p, double *score, struct err *e);
	/* Fill the learner's own columns of an epoch's row; NULL: it has none. */
	void (*row)(struct trainer *t, double *own);
	/* Once, when training is over and before the model is written: a last hand to the parameters (present, average, best),
	 * and what goes to standard output. NULL: nothing. */
	int (*finish)(struct trainer *t, struct str *out, struct err *e);
	/* What of the learner decides later bits (weights of terms, adapted points), as params: goes through checkpoints.
	 * NULL: nothing. */
	struct params *(*state)(struct trainer *t);
	/* sciml-solve with a trained model of this learner: data sets, or none, or a problem's name. NULL: the model is
	 * applied to data as a map or a step. */
	int (*solve)(const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		     const char *const *data, struct err *e);
	/* sciml-sample with a trained model of this learner; the keys of section sample that it reads, and what else
	 * --describe model says of them (NULL: nothing). NULL: it cannot be drawn from. */
	int (*sample)(const struct run_common *common, const struct sample_options *o, struct model_file *m,
		      struct err *e);
	const struct key *sample_keys;
	void (*sample_describe)(bool man, struct str *out);
	/* The fields that the trained model makes by itself: they are kept in the model file, without samples, as a data set's
	 * are (names, axes). NULL: none. */
	const struct layout *(*layout)(const struct trainer *t);
	/* For the generic test: a whole training in miniature, as YAML (sections problem and gen make the data, if it needs
	 * any; at least 12 epochs, half a second), and the column of its history that falls by a tenth of its first value or
	 * more; NULL: train_loss. */
	const char *test_config, *test_falls;
};

extern const struct learner_class *const *const learner_files[];
const struct learner_class *learner_find(const char *name);

#endif
