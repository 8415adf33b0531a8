/* autoregressive.c: a trained step applied along a trajectory: from its own predictions (roll-out) or from given frames
 * (forward, one-step errors at every time). */
#include <string.h>

#include "solver/solver.h"

struct none {
	char unused;
};
static const struct key keys[] = { KEY_END };

static int along(solver_advance advance, void *context, bool feed_back, int64_t b, int64_t n, int64_t n_given,
		 int64_t n_frames, const double *truth, double *frames, struct err *e)
{
	for (int64_t t = n_given; t < n_frames; t++)
		if (advance(context, t, b, n, feed_back ? frames : truth, frames, e) != 0)
			return -1;
	return 0;
}

static int roll_out(const void *config, solver_advance advance, void *context, int64_t b, int64_t n, int64_t n_given,
		    int64_t n_frames, const double *truth, double *frames, struct err *e)
{
	(void)config;
	return along(advance, context, true, b, n, n_given, n_frames, truth, frames, e);
}

static int forward(const void *config, solver_advance advance, void *context, int64_t b, int64_t n, int64_t n_given,
		   int64_t n_frames, const double *truth, double *frames, struct err *e)
{
	(void)config;
	return along(advance, context, false, b, n, n_given, n_frames, truth, frames, e);
}

static const struct solver_class members[] = {
	{ .name = "roll-out",
	  .summary = "every frame from the frames predicted before it",
	  .source = "textbook",
	  .config_size = sizeof(struct none),
	  .keys = keys,
	  .solve = roll_out },
	{ .name = "forward",
	  .summary = "every frame from the given frames before it",
	  .source = "textbook",
	  .config_size = sizeof(struct none),
	  .keys = keys,
	  .solve = forward },
};
const struct solver_class *const solver_file_autoregressive[] = { &members[0], &members[1], NULL };
