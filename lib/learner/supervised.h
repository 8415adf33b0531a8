/* supervised.h: the learner of pairs, as its files and those that feed it from pipes see it. */
#ifndef SCIML_LEARNER_SUPERVISED_H
#define SCIML_LEARNER_SUPERVISED_H

#include "run/online.h"

struct compiled; /* loss and gradient for one batch size */

struct supervised {
	struct task task, valid_task;
	struct network judged; /* the network with the parameters that would be saved: borrows them */
	struct predictor *judge;
	struct compiled *compiled[2]; /* full batch and the last, smaller one */
	void *x, *query, **target;    /* the batch in hand */
};
/* The work of a trainer whose learner this is. */
struct supervised *supervised_of(const struct trainer *t);

/* compiled.c: forward and backward of a batch of n items into t->gradient, loss out; states updated. */
struct compiled *compiled_new(struct trainer *t, int64_t n, struct err *e);
void compiled_free(struct compiled *c);
int compiled_run(struct compiled *c, struct trainer *t, double *loss, struct err *e);
int64_t compiled_batch(const struct compiled *c);

/* online.c */
extern const struct online_class supervised_online;

#endif
