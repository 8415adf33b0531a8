/* series.h: learners on time series: data held in memory as arrays by sample, batches gathered from them, a chain
 * (run/chain.h) compiled for every batch size. A kind says what the arrays are and how the chain is built. */
#ifndef SCIML_RUN_SERIES_H
#define SCIML_RUN_SERIES_H

#include "run/chain.h"
#include "run/model_file.h"
#include "run/solve.h"
#include "run/trainer.h"

/* One array: n_samples rows of a shape, in the network's type; double for times. */
struct series_array {
	struct shape shape; /* of a row */
	enum dtype dtype;
	void *value;
};

/* The data of one set. */
struct series_data {
	struct dataset *from; /* borrowed */
	int64_t n;
	int n_arrays; /* the first go into the chain, as data[k] */
	struct series_array array[CHAIN_DATA];
	int own_times;	     /* array of each row's times, or -1 */
	double *time, *jump; /* shared times; what the solver must not step over */
	int64_t n_time, n_jump;
	double t0, t1;
};

struct series;
struct series_slot;

/* A kind; the learner's section begins with a struct chain_solver. */
struct series_kind {
	/* Fill *d from the set: arrays and times. with_targets false: what only the loss needs may be missing (zeros then). */
	int (*read)(struct series *s, struct series_data *d, bool with_targets, struct err *e);
	chain_build build; /* context: struct series_slot */
	bool final;	   /* the head gets the final state, not the outputs at the data's times */
	/* Outputs that count at this step of training; NULL: all of the data's. */
	int64_t (*outputs)(const struct series *s, int64_t step);
	/* What is random in a step of training, and other changes to its run; NULL: nothing. */
	void (*tune)(struct trainer *t, struct series_slot *slot, struct chain_run *run);
};

enum { SERIES_SLOTS = 6 }; /* chains kept: batch sizes and lengths */

struct series_slot {
	struct series *series;
	struct chain chain;
	int64_t batch, outputs;
	bool used, training;
	void *data[CHAIN_DATA]; /* gathered rows */
	double *time;
	void *path; /* the kind's, for driven equations */
};

struct series {
	const struct series_kind *kind;
	const void *config;		 /* section objective */
	struct network *network, judged; /* judged: with the parameters to be judged, which it borrows */
	uint64_t seed;
	int64_t total; /* steps of the whole training */
	struct series_data train, valid;
	int like;	   /* field of the data that predictions are like, -1: none of the data's */
	int64_t n_channel; /* of the series */
	int64_t n_out;	   /* of a prediction */
	struct series_slot slot[SERIES_SLOTS];
	int next;
	struct series_slot *ready; /* what load left */
	/* counts of the epoch */
	int64_t solves, forward, all, steps;
};

/* The learner's functions that all kinds share; learner.open calls series_open. */
int series_open(struct trainer *t, const struct series_kind *kind, struct dataset *data, struct dataset *valid,
		struct err *e);
void series_close(struct trainer *t);
int series_load(struct trainer *t, struct err *e);
int series_evaluate(struct trainer *t, double *loss, struct err *e);
int series_judge(struct trainer *t, struct params *p, double *score, struct err *e);
void series_row(struct trainer *t, double *own);
/* sciml-solve: predictions for data sets. keys, config_size: of the learner. */
int series_solve(const struct series_kind *kind, const struct key *keys, size_t config_size,
		 const struct run_common *common, const struct solve_options *o, struct model_file *m, int n_data,
		 const char *const *data, struct err *e);

/* The rest of a learner's class beside its name and texts, with its keys, open_learner and solve. */
#define SERIES_LEARNER(T)                                                                                              \
	.config_size = sizeof(T), .keys = keys, .needs_data = true, .score = "valid_loss", .open = open_learner,       \
	.close = series_close, .load = series_load, .evaluate = series_evaluate, .judge = series_judge,                \
	.row = series_row, .solve = solve

/* For kinds: the field named, or, name NULL, the first with (want_time) or without a time axis. */
int series_field(const struct dataset *d, const char *name, bool want_time, struct err *e);
/* All samples of a field as the next array, of the shape given for a row. */
int series_read(struct series_data *d, int field, enum dtype t, const struct shape *row, bool allow_nan, struct err *e);
/* An empty array of the shape given for a row; its rows. */
void *series_add(struct series_data *d, enum dtype t, const struct shape *row, struct err *e);
/* Times of a field's frames; without coordinates 0, 1, 2 ... */
double *series_times(const struct layout *l, int field, int64_t *n);
/* The chain's input for array k. */
node series_input(struct chain *c, const struct series_data *d, int k, const char *name);

/* The vector field: the configured model as a term, from (b, d) to (b, n_out). context: struct chain. */
void series_field_of(struct chain *c, int64_t n_in, int64_t n_out);
node series_network(struct graph *g, struct chain *c, node t, node y);

struct series_slot *series_slot(struct series *s, int64_t batch, int64_t outputs, bool training, struct err *e);
int series_gather(struct series_slot *slot, const struct series_data *d, int64_t n, const int64_t *item,
		  struct chain_run *run);
void series_data_free(struct series_data *d);
void series_slots_free(struct series *s);

#endif
