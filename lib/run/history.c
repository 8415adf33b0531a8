/* history.c: see history.h. */
#include "run/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void history_add_column(struct history *h, const char *name)
{
	if (h->n_columns < HISTORY_COLUMNS_MAX)
		h->name[h->n_columns++] = xstrdup(name);
}

void history_start(struct history *h, const char *score)
{
	history_free(h);
	history_add_column(h, "epoch");
	history_add_column(h, "lr");
	history_add_column(h, "train_loss");
	history_add_column(h, score);
}

double *history_new_row(struct history *h)
{
	if (h->n_rows >= h->capacity) {
		h->capacity = h->capacity ? 2 * h->capacity : 64;
		h->value = xrealloc(h->value, (size_t)(h->capacity * h->n_columns) * sizeof *h->value);
	}
	double *row = h->value + h->n_rows++ * h->n_columns;
	for (int k = 0; k < h->n_columns; k++)
		row[k] = NAN;
	return row;
}

const double *history_row(const struct history *h, int64_t row)
{
	return h->value + row * h->n_columns;
}

void history_free(struct history *h)
{
	for (int k = 0; k < h->n_columns; k++)
		free(h->name[k]);
	free(h->value);
	memset(h, 0, sizeof *h);
}
