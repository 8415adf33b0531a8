/* online.h: training from a pipe: images arrive, their samples replace random ones of a reservoir, batches are drawn
 * from it. Memory is bounded by the reservoir and one image. (The idea of Melissa, arXiv 2306.16133, in one
 * process.) */
#ifndef SCIML_RUN_ONLINE_H
#define SCIML_RUN_ONLINE_H

#include "run/trainer.h"

struct online {
	struct trainer *t;
	struct dataset *valid; /* or NULL; borrowed */
	const char *layout;
	/* private */
	struct stream *stream;
	struct dataset *first;
	int64_t capacity, filled, seen, fresh;
};

/* How a learner does it. */
struct online_class {
	/* Open the stream and the trainer on its first image. */
	int (*open)(struct online *o, int n, const char *const *spec, struct err *e);
	/* Train on what the last image brought, then take the next: 1 trained (a history row was added), 2 the stream
	 * ended. */
	int (*round)(struct online *o, struct err *e);
	void (*close)(struct online *o);
};

#endif
