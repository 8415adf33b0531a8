/* optim.h: optimisers and learning-rate schedules. An optimiser works on params and gradients of the same names; its
 * state is params too, so that one checkpoint routine saves everything. */
#ifndef SCIML_OPTIM_OPTIM_H
#define SCIML_OPTIM_OPTIM_H

#include "conf/key.h"
#include "num/params.h"

/* Loss and gradients at the parameters' present values. */
typedef int (*optim_evaluate)(void *context, double *loss, struct err *e);

struct optim {
	const struct optim_class *class;
	const void *config;
	struct params *params;	 /* borrowed */
	struct params *gradient; /* borrowed; filled by evaluate */
	struct params state;	 /* moments, memories: named after the parameters */
	int64_t t;		 /* steps done */
	optim_evaluate evaluate;
	void *context;
	double *room; /* owned: what a step needs and the next one does not; NULL where start takes none */
};

struct optim_class {
	const char *name; /* "adam" */
	const char *summary, *source;
	size_t config_size;
	const struct key *keys;
	double default_lr;
	int (*start)(struct optim *o, struct err *e); /* make state */
	/* One step with learning rate lr; *loss: value before the step. Elementwise work runs in fixed chunks on the
	 * pool. */
	int (*step)(struct optim *o, double lr, double *loss, struct err *e);
	/* evaluate has become another function (a new batch, new weights): forget what was kept of the old one. NULL:
	 * the optimiser keeps nothing that assumes a fixed loss. */
	void (*changed)(struct optim *o);
};

extern const struct optim_class *const *const optim_files[];
const struct optim_class *optim_find(const char *name);

int optim_new(struct optim *o, const struct optim_class *class, const void *config, struct params *p,
	      struct params *gradient, optim_evaluate evaluate, void *context, struct err *e);
void optim_free(struct optim *o);
/* As new: steps 0, state 0. */
void optim_restart(struct optim *o);

/* Learning rate of step t (from 0) of `total`, `per_epoch` steps an epoch. */
enum schedule_kind { SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_COSINE, SCHEDULE_ONE_CYCLE, SCHEDULE_PLATEAU };
extern const char *const schedule_names[];
struct schedule {
	int kind;
	double lr;
	double factor; /* step and plateau: multiply by this */
	int64_t every; /* step: epochs between; plateau: epochs of patience */
	double warmup; /* fraction of all steps, linear from 0 (one-cycle: rise, 0.3) */
	double floor;  /* lowest lr as a fraction of lr */
};
double schedule_lr(const struct schedule *s, int64_t t, int64_t total, int64_t per_epoch, double plateau_factor);

/* Euclidean norm of all gradients (fixed order, double). */
double optim_gradient_norm(const struct params *gradient);
void optim_scale_gradient(struct params *gradient, double factor);
/* average = decay * average + (1 - decay) * value. */
void optim_average(struct params *average, const struct params *value, double decay);

#endif
