/* trajectory.h: learners on time series: data held in memory as arrays by sample, batches gathered from them, a chain
 * (learner/chain.h) compiled for every batch size. A kind says what the arrays are and how the chain is built. */
#ifndef SCIML_LEARNER_TRAJECTORY_H
#define SCIML_LEARNER_TRAJECTORY_H

#include "learner/chain.h"
#include "run/model_file.h"
#include "run/solve.h"
#include "run/trainer.h"

/* One array: n_samples rows of a shape, in the network's type; double for times. */
struct trajectory_array {
	struct shape shape; /* of a row */
	enum dtype dtype;
	void *value;
};

/* The data of one set. */
struct trajectory_data {
	struct dataset *from; /* borrowed */
	int64_t n;
	int n_arrays; /* the first go into the chain, as data[k] */
	struct trajectory_array array[CHAIN_DATA];
	int own_times;	     /* array of each row's times, or -1 */
	double *time, *jump; /* shared times; what the solver must not step over */
	int64_t n_time, n_jump;
	double t0, t1;
};

struct trajectory;
struct trajectory_slot;

/* A kind; the learner's section begins with a struct chain_solver. */
struct trajectory_kind {
	/* Fill *d from the set: arrays and times. with_targets false: what only the loss needs may be missing (zeros then). */
	int (*read)(struct trajectory *s, struct trajectory_data *d, bool with_targets, struct err *e);
	chain_build build; /* context: struct trajectory_slot */
	bool final;	   /* the head gets the final state, not the outputs at the data's times */
	/* Outputs that count at this step of training; NULL: all of the data's. */
	int64_t (*outputs)(const struct trajectory *s, int64_t step);
	/* What is random in a step of training, and other changes to its run; NULL: nothing. */
	void (*tune)(struct trainer *t, struct trajectory_slot *slot, struct chain_run *run);
	void (*forget)(struct trajectory_slot *slot); /* free what slot->path owns; NULL: nothing */
	void (*close)(struct trajectory *s);	      /* free s->own; NULL: it has none */
	bool takes_task; /* fields are those of section data (run/task.h); else its keys on fields are refused */
};

/* Of trajectory.counts: solves; evaluations forward; steps; evaluations in all. */
enum { COUNT_SOLVES, COUNT_FORWARD, COUNT_STEPS, COUNT_ALL, COUNTS };

enum { TRAJECTORY_SLOTS = 6 }; /* chains kept: batch sizes and lengths */

struct trajectory_slot {
	struct trajectory *series;
	struct chain chain;
	int64_t batch, outputs;
	bool used, training;
	void *data[CHAIN_DATA]; /* gathered rows */
	double *time;
	void *path; /* the kind's, for driven equations */
};

struct trajectory {
	const struct trajectory_kind *kind;
	const void *config;		 /* section objective */
	const struct task_config *task;	 /* section data; NULL in trajectory_solve */
	void *own;			 /* the kind's: its close frees it */
	struct network *network, judged; /* judged: with the parameters to be judged, which it borrows */
	uint64_t seed;
	int64_t total; /* steps of the whole training */
	struct trajectory_data train, valid;
	int like;	   /* field of the data that predictions are like, -1: none of the data's */
	int64_t n_channel; /* of the series */
	int64_t n_out;	   /* of a prediction */
	struct trajectory_slot slot[TRAJECTORY_SLOTS];
	int next;
	struct trajectory_slot *ready; /* what load left */
	struct params counts;	       /* of the epoch, for the history: one entry, COUNTS numbers */
};

/* The learner's functions that all kinds share; learner.open calls trajectory_open. */
int trajectory_open(struct trainer *t, const struct trajectory_kind *kind, struct dataset *data, struct dataset *valid,
		    struct err *e);
void trajectory_close(struct trainer *t);
int trajectory_load(struct trainer *t, struct err *e);
int trajectory_evaluate(struct trainer *t, double *loss, struct err *e);
int trajectory_judge(struct trainer *t, struct params *p, double *score, struct err *e);
void trajectory_row(struct trainer *t, double *own);
struct params *trajectory_state(struct trainer *t);
/* sciml-solve: predictions for data sets. keys, config_size: of the learner. */
int trajectory_solve(const struct trajectory_kind *kind, const struct key *keys, size_t config_size,
		     const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		     const char *const *data, struct err *e);

/* The rest of a learner's class beside its name and texts, with its keys, open_learner and solve. */
#define TRAJECTORY_LEARNER(T)                                                                                          \
	.config_size = sizeof(T), .keys = keys, .needs_data = true, .score = "valid_loss", .open = open_learner,       \
	.close = trajectory_close, .load = trajectory_load, .evaluate = trajectory_evaluate,                           \
	.judge = trajectory_judge, .row = trajectory_row, .state = trajectory_state, .solve = solve

/* For kinds: the field named, or, name NULL, the first with (want_time) or without a time axis. */
int trajectory_field(const struct dataset *d, const char *name, bool want_time, struct err *e);
/* All samples of a field as the next array, of the shape given for a row. */
int trajectory_read(struct trajectory_data *d, int field, enum dtype t, const struct shape *row, bool allow_nan,
		    struct err *e);
/* The field named, or the first over time, as the only array: (frames, channels); its times; what predictions are
 * like. */
int trajectory_read_frames(struct trajectory *s, struct trajectory_data *d, const char *name, struct err *e);
/* An empty array of the shape given for a row; its rows. */
void *trajectory_add(struct trajectory_data *d, enum dtype t, const struct shape *row, struct err *e);
/* Times of a field's frames; without coordinates 0, 1, 2 ... */
double *trajectory_times(const struct layout *l, int field, int64_t *n);
/* The chain's input for array k. */
node trajectory_input(struct chain *c, const struct trajectory_data *d, int k, const char *name);

/* The vector field: the configured model as a term, from (b, d) to (b, n_out). context: struct chain. */
void trajectory_field_of(struct chain *c, int64_t n_in, int64_t n_out);
node trajectory_network(struct graph *g, struct chain *c, node t, node y);

struct trajectory_slot *trajectory_slot(struct trajectory *s, int64_t batch, int64_t outputs, bool training,
					struct err *e);
/* The present parameters on n samples of d from the first on: mean loss, solver's counts; the slot, which holds the
 * predictions until it is used again. NULL: error. */
struct trajectory_slot *trajectory_apply(struct trajectory *s, const struct trajectory_data *d, int64_t first,
					 int64_t n, double *loss, struct flow_result *r, struct err *e);
/* The file's name before a message that lacks it; -1. */
int trajectory_name_data(const struct trajectory_data *d, struct err *e);
void trajectory_data_free(struct trajectory_data *d);
void trajectory_slots_free(struct trajectory *s);

#endif
