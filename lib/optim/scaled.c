/* scaled.c: steps scaled by running means of squares: RMSprop (Hinton, lecture 6e, 2012, as in PyTorch), Adadelta
 * (Zeiler, arXiv 1212.5701, algorithm 1, times a learning rate), AdaBelief (Zhuang et al., arXiv 2010.07468, algorithm
 * 2). Weight decay is L2 added to the gradient. */
#include <math.h>

#include "optim/chunk.h"

struct scaled {
	double decay, beta1, beta2, eps, weight_decay;
};

struct scaled_step {
	struct optim *o;
	const struct scaled *c;
	double lr, rate, root_scale; /* adabelief: lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t) */
};

#define SLOT(real, slot) ((real *)o->state.at[(slot)*o->params->n + k].value.data + first)

#define RMSPROP(real, root)                                                                                            \
	do {                                                                                                           \
		real *v = SLOT(real, 0);                                                                               \
		for (int64_t i = 0; i < n; i++) {                                                                      \
			const real d = g[i] + l2 * w[i];                                                               \
			v[i] = (real)c->decay * v[i] + (real)(1 - c->decay) * d * d;                                   \
			w[i] -= (real)lr * d / (root(v[i]) + (real)c->eps);                                            \
		}                                                                                                      \
	} while (0)

#define ADADELTA(real, root)                                                                                           \
	do {                                                                                                           \
		real *v = SLOT(real, 0), *u = SLOT(real, 1);                                                           \
		for (int64_t i = 0; i < n; i++) {                                                                      \
			const real d = g[i] + l2 * w[i];                                                               \
			real move;                                                                                     \
			v[i] = (real)c->decay * v[i] + (real)(1 - c->decay) * d * d;                                   \
			move = root(u[i] + (real)c->eps) / root(v[i] + (real)c->eps) * d;                              \
			u[i] = (real)c->decay * u[i] + (real)(1 - c->decay) * move * move;                             \
			w[i] -= (real)lr * move;                                                                       \
		}                                                                                                      \
	} while (0)

#define ADABELIEF(real, root)                                                                                          \
	do {                                                                                                           \
		real *m = SLOT(real, 0), *v = SLOT(real, 1);                                                           \
		const real rate = (real)(s->rate * p->lr_multiplier);                                                  \
		for (int64_t i = 0; i < n; i++) {                                                                      \
			const real d = g[i] + l2 * w[i];                                                               \
			m[i] = (real)c->beta1 * m[i] + (real)(1 - c->beta1) * d;                                       \
			v[i] = (real)c->beta2 * v[i] + (real)(1 - c->beta2) * (d - m[i]) * (d - m[i]) + (real)c->eps;  \
			w[i] -= rate * m[i] / (root(v[i]) * (real)s->root_scale + (real)c->eps);                       \
		}                                                                                                      \
	} while (0)

/* The chunk function of one method. */
#define CHUNK_OF(name, LOOP)                                                                                           \
	static void name##_chunk(void *context, int k, int64_t first, int64_t n, int64_t task)                         \
	{                                                                                                              \
		const struct scaled_step *s = context;                                                                 \
		struct optim *o = s->o;                                                                                \
		const struct scaled *c = s->c;                                                                         \
		struct param *p = &o->params->at[k];                                                                   \
		const double lr = s->lr * p->lr_multiplier;                                                            \
                                                                                                                       \
		(void)task;                                                                                            \
		(void)lr;                                                                                              \
		if (!optim_trains(p))                                                                                  \
			return;                                                                                        \
		if (p->value.dtype == DTYPE_F32) {                                                                     \
			float *w = (float *)p->value.data + first;                                                     \
			const float *g = (const float *)o->gradient->at[k].value.data + first;                         \
			const float l2 = (float)c->weight_decay;                                                       \
			LOOP(float, sqrtf);                                                                            \
		} else {                                                                                               \
			double *w = (double *)p->value.data + first;                                                   \
			const double *g = (const double *)o->gradient->at[k].value.data + first;                       \
			const double l2 = c->weight_decay;                                                             \
			LOOP(double, sqrt);                                                                            \
		}                                                                                                      \
	}                                                                                                              \
	static int name##_step(struct optim *o, double lr, double *loss, struct err *e)                                \
	{                                                                                                              \
		return any_step(o, lr, name##_chunk, loss, e);                                                         \
	}

static int any_step(struct optim *o, double lr, optim_chunk chunk, double *loss, struct err *e)
{
	const struct scaled *c = o->config;
	struct scaled_step s = { o, c, lr, 0, 0 };

	if (o->evaluate(o->context, loss, e) != 0)
		return -1;
	o->t++;
	s.rate = lr / (1 - pow(c->beta1, (double)o->t));
	s.root_scale = 1 / sqrt(1 - pow(c->beta2, (double)o->t));
	optim_sweep(o->params, chunk, &s);
	return 0;
}

CHUNK_OF(rmsprop, RMSPROP)
CHUNK_OF(adadelta, ADADELTA)
CHUNK_OF(adabelief, ADABELIEF)

static int one_slot(struct optim *o, struct err *e)
{
	(void)e;
	optim_add_slots(o, 1, (const char *const[]){ "square" });
	return 0;
}

static int two_squares(struct optim *o, struct err *e)
{
	(void)e;
	optim_add_slots(o, 2, (const char *const[]){ "square", "move" });
	return 0;
}

static int mean_and_square(struct optim *o, struct err *e)
{
	(void)e;
	optim_add_slots(o, 2, (const char *const[]){ "mean", "square" });
	return 0;
}

static const struct key rmsprop_keys[] = {
	KEY_REAL(struct scaled, decay, "0.99", 0, 1, "decay of the mean of squared gradients"),
	KEY_REAL(struct scaled, eps, "1e-8", 0, 1, "added to the root"),
	KEY_REAL(struct scaled, weight_decay, "0", 0, 10, "L2 added to the gradient"),
	KEY_END,
};
static const struct key adadelta_keys[] = {
	KEY_REAL(struct scaled, decay, "0.9", 0, 1, "decay of the means of squared gradients and steps"),
	KEY_REAL(struct scaled, eps, "1e-6", 0, 1, "added under the roots"),
	KEY_REAL(struct scaled, weight_decay, "0", 0, 10, "L2 added to the gradient"),
	KEY_END,
};
static const struct key adabelief_keys[] = {
	KEY_REAL(struct scaled, beta1, "0.9", 0, 1, "decay of the mean of gradients"),
	KEY_REAL(struct scaled, beta2, "0.999", 0, 1, "decay of the mean of squared deviations from it"),
	KEY_REAL(struct scaled, eps, "1e-16", 0, 1, "added to the mean square and to the root"),
	KEY_REAL(struct scaled, weight_decay, "0", 0, 10, "L2 added to the gradient"),
	KEY_END,
};

static const struct optim_class rmsprop = {
	.name = "rmsprop",
	.summary = "gradients over the root of their mean square",
	.source = "Hinton, Neural networks for machine learning, lecture 6e (2012)",
	.config_size = sizeof(struct scaled),
	.keys = rmsprop_keys,
	.default_lr = 1e-2,
	.start = one_slot,
	.step = rmsprop_step,
};
static const struct optim_class adadelta = {
	.name = "adadelta",
	.summary = "steps as large as those before, in units of the gradient",
	.source = "arXiv 1212.5701",
	.config_size = sizeof(struct scaled),
	.keys = adadelta_keys,
	.default_lr = 1,
	.start = two_squares,
	.step = adadelta_step,
};
static const struct optim_class adabelief = {
	.name = "adabelief",
	.summary = "Adam with the spread of gradients about their mean in place of their square",
	.source = "arXiv 2010.07468",
	.config_size = sizeof(struct scaled),
	.keys = adabelief_keys,
	.default_lr = 1e-3,
	.start = mean_and_square,
	.step = adabelief_step,
};
const struct optim_class *const optim_file_scaled[] = { &rmsprop, &adadelta, &adabelief, NULL };
