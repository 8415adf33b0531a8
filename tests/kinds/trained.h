/* trained.h: a trainer on numbers made here, for tests of networks and training. */
#ifndef SCIML_TESTS_KINDS_TRAINED_H
#define SCIML_TESTS_KINDS_TRAINED_H

#include "run/trainer.h"

enum { SAMPLES = 10, TIMES = 6, POINTS = 8 };

/* A trainer with what it borrows. */
struct run {
	struct conf *conf;
	struct cfg *reader;
	struct dataset *data, *valid;
	struct trainer t;
};

/* a, b: (channel 2, x) for maps, unlike in mean and deviation from channel to channel and point to point; u: (t, x);
 * double. */
struct dataset *trained_numbers(int64_t samples, int64_t points, bool periodic);
/* The trainer of a configuration, with sgd without momentum and mse; takes the sets. */
void trained_open_on(struct run *r, struct dataset *data, struct dataset *valid, uint64_t seed, const char *text);
void fixture_trained_open(struct run *r, uint64_t seed, const char *text);
void fixture_trained_close(struct run *r);

/* A network of model vector-field in double, for learners' own pieces: no data, no parameters yet. */
struct trained_scene {
	struct conf *conf;
	struct cfg *reader;
	struct network network;
};
struct trained_scene trained_scene_open(const char *model);
void trained_scene_close(struct trained_scene *s);

double *trained_values(struct run *r, const char *name); /* of a parameter */
void trained_zero(struct run *r, const char *name);
/* Items first .. first + n - 1 into the batch in hand; n predictions of inputs x; a step; an epoch in order of
 * items. */
void trained_load(struct trainer *t, int64_t n, int64_t first);
void trained_predict(struct run *r, int64_t n, const double *x, double *out);
double trained_step(struct run *r, int64_t n, int64_t first, double lr);
void trained_epoch(struct run *r, double lr, bool *stop);

#endif
