/* chosen.h: the problem that a run is about: found by name, file or text, configured and checked. What generating,
 * marching and judging have in common. */
#ifndef SCIML_RUN_CHOSEN_H
#define SCIML_RUN_CHOSEN_H

#include "problem/problem.h"
#include "run/setup.h"

struct chosen {
	struct setup setup;
	const struct problem_class *class;
	void *config; /* class->config_size */
};

/* Find WHAT and read its section problem; usable(class) false: "problem 'x' CANNOT". Other sections may be read before
 * chosen_done, which reports what was wrong and checks the values with each other: "FILE:LINE: problem.KEY: ..." where
 * the check names a key. */
int chosen_open(struct chosen *c, const struct run_common *common, const char *what,
		bool (*usable)(const struct problem_class *class), const char *cannot, struct err *e);
/* As above from a configuration text, as in /meta/config; origin: its name in messages. */
int chosen_open_text(struct chosen *c, const struct run_common *common, const char *text, const char *origin,
		     bool (*usable)(const struct problem_class *class), const char *cannot, struct err *e);
int chosen_done(struct chosen *c, struct err *e);
void chosen_close(struct chosen *c);

#endif
