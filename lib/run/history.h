/* history.h: the table of a training: a row an epoch, columns by name. The first four are the same for all: epoch, lr,
 * train_loss and the score on validation data under its own name; more are the learner's. */
#ifndef SCIML_RUN_HISTORY_H
#define SCIML_RUN_HISTORY_H

#include <stdint.h>

enum { HISTORY_EPOCH, HISTORY_LR, HISTORY_LOSS, HISTORY_SCORE, HISTORY_COMMON, HISTORY_COLUMNS_MAX = 64 };

struct history {
	int n_columns;
	char *name[HISTORY_COLUMNS_MAX]; /* owned */
	int64_t n_rows, capacity;
	double *value; /* n_rows x n_columns */
};

/* Columns epoch, lr, train_loss and `score`. */
void history_start(struct history *h, const char *score);
void history_add_column(struct history *h, const char *name); /* before the first row */
double *history_new_row(struct history *h);		      /* NAN, to be filled */
const double *history_row(const struct history *h, int64_t row);
void history_free(struct history *h);

#endif
