/* task_read.h: between task.c and batch.c. */
#ifndef SCIML_RUN_TASK_READ_H
#define SCIML_RUN_TASK_READ_H

#include "run/task.h"

/* Read the whole field into f->cache when it fits into *left bytes (then subtracted), else leave it to be read on
 * demand. */
int task_cache(struct task *t, struct task_field *f, double *left, struct err *e);

#endif
