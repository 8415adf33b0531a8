/* generative.h: what the learners of generative models share: samples scaled to unit deviation, conditions, and a
 * regression whose inputs and targets the learner's own `fill` draws every step. The scale travels with the parameters
 * as states "norm.target.mean" and "norm.target.std". */
#ifndef SCIML_LEARNER_GENERATIVE_H
#define SCIML_LEARNER_GENERATIVE_H

#include "base/rng.h"
#include "learner/examples.h"
#include "learner/regression.h"
#include "run/trainer.h"

/* Standardised = (sample - mean) / std, each of dim elements; NULL: as they are. */
struct standard {
	double *mean, *std;
};
/* Out of the states of a model; points: of the grid. */
struct standard standard_of(const struct params *p, int64_t dim, int64_t points);
void standard_free(struct standard *s);
/* The scale of the examples, as section data of n has it, into states of `to`; none when it has none. */
int standard_find(struct network *n, const struct examples *x, struct params *to, struct err *e);
/* Element by element, as states of the type `real`. */
void standard_store(const struct standard *s, int64_t dim, enum dtype real, struct params *to);
void standard_apply(const struct standard *s, int64_t n, int64_t dim, double *x);
void standard_undo(const struct standard *s, int64_t n, int64_t dim, double *x);

struct generative {
	/* set by the learner before generative_open */
	int64_t classes, out_parts; /* the model's output has out_parts times the channels of a sample */
	int rows;		    /* of a batch for each item: 1, or 2 for antithetic pairs */
	double drop;		    /* fraction of items that are shown without their condition */
	enum regression_norm norm;
	const char *start_from; /* model file of the same network to start from; NULL: none */
	/* Draw the rows of n items of `from` into x, vector[0] of each row, target and weight; the items' samples stand in
	 * sample, standardised. judging: the same draws every time. */
	int (*fill)(struct trainer *t, const struct examples *from, int64_t n, const int64_t *item, bool judging,
		    struct err *e);
	void *own;
	/* made by generative_open */
	struct examples data, valid;
	struct layout layout;
	struct standard standard;
	struct regression *run[2], *judge[2];
	int64_t capacity; /* items */
	double *sample, *x, *maps, *vector, *target, *weight;
};
static inline struct generative *generative_of(const struct trainer *t)
{
	return t->learning;
}

/* t->learning is the generative. Opens the examples, starts the network, finds the scale. */
int generative_open(struct trainer *t, struct dataset *data, struct dataset *valid, struct err *e);
/* The learner's functions of these names; close does not touch own. */
void generative_close(struct trainer *t);
int generative_load(struct trainer *t, struct err *e);
int generative_evaluate(struct trainer *t, double *loss, struct err *e);
int generative_judge(struct trainer *t, struct params *p, double *score, struct err *e);
const struct layout *generative_layout(const struct trainer *t);

/* Random numbers of an item: a function of (seed, what, step, item), and when judging of (seed, what, item). */
struct rng generative_stream(const struct trainer *t, const char *what, bool judging, int64_t item);

#endif
