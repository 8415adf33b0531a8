/* copy.h: a data set into a native file: all of it or some samples, every n-th point and frame, stored plain or
 * deflated. */
#ifndef SCIML_RUN_COPY_H
#define SCIML_RUN_COPY_H

#include "io/h5out.h"

struct copy {
	int64_t n_samples;	     /* about as many; every split keeps its share, one sample at least. 0: all */
	int64_t reduce, reduce_time; /* every n-th point of each space axis, every n-th frame; 1: all */
	int deflate;		     /* 0 to 9 */
};

/* Fields, roles, splits, parameters, numbers of samples, equation. Samples are taken at equal distances within their
 * split. A periodic axis must be a multiple of reduce. Same input, same bytes. */
int copy_run(struct dataset *from, const struct copy *c, const struct h5_meta *m, const char *path, struct err *e);

#endif
