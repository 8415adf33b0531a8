/* learn.h: a training run from a configuration in text: what the cases of training share. */
#ifndef SCIML_BENCH_LEARN_H
#define SCIML_BENCH_LEARN_H

#include "run/trainer.h"

struct learn {
	struct conf *conf;
	struct cfg *reader;
	struct dataset *data; /* owned; NULL: none */
	struct trainer t;
	double loss; /* of the last step */
};

/* Read all sections of the text into l->t; learn_close frees what there is, also after a failure. */
int learn_configure(struct learn *l, const char *text, struct err *e);
void learn_close(void *learn);
/* The first weights, by name, for the opponent. */
int learn_put_weights(const struct learn *l, const char *dir, struct err *e);
/* One step of training with rate 1e-3 on all items of the batch; its loss. */
int learn_run(void *learn, struct err *e);
int learn_result(void *learn, double *value);

#endif
