/* eval_picture.h: the pictures that sciml-eval draws. */
#ifndef SCIML_RUN_EVAL_PICTURE_H
#define SCIML_RUN_EVAL_PICTURE_H

#include "run/eval_inside.h"
#include "run/history.h"

/* Of the first field compared: the first sample and the worst one (by relative error) as fields or curves, the error by
 * frame, the error by wavenumber. */
struct eval_picture;
struct eval_picture *eval_picture_new(const struct eval_pair *m, const struct eval_config *c);
/* Judged frames of a sample; before: its last given frame in every frame, or its input, or NULL; only field 0 is
 * kept. */
void eval_picture_add(struct eval_picture *w, const struct eval_field *f, int64_t sample, const double *prediction,
		      const double *truth, const double *before);
int eval_picture_write(struct eval_picture *w, const char *path, struct err *e);
void eval_picture_free(struct eval_picture *w); /* NULL is fine */

int eval_picture_history(const char *name, const struct history *h, const char *path, struct err *e);
/* A panel of bars a title: value[title][bar]. */
int eval_picture_bars(int n_titles, const char *const *title, int n, const char *const *name, const double *value,
		      const char *path, struct err *e);

#endif
