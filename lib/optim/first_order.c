/* first_order.c: SGD with momentum, Adam (Kingma, Ba 2015, arXiv 1412.6980, algorithm 1), AdamW (Loshchilov, Hutter
 * 2019, arXiv 1711.05101, algorithm 2). Adam's weight decay is L2 added to the gradient, AdamW's is decoupled. Complex
 * weights are pairs of reals. */
#include <math.h>

#include "optim/chunk.h"

struct adam {
	double beta1, beta2, eps, weight_decay;
};
static const struct key adam_keys[] = {
	KEY_REAL(struct adam, beta1, "0.9", 0, 1, "decay of the mean of gradients"),
	KEY_REAL(struct adam, beta2, "0.999", 0, 1, "decay of the mean of squared gradients"),
	KEY_REAL(struct adam, eps, "1e-8", 0, 1, "added to the root"),
	KEY_REAL(struct adam, weight_decay, "0", 0, 10, "L2 added to the gradient"),
	KEY_END,
};
static const struct key adamw_keys[] = {
	KEY_REAL(struct adam, beta1, "0.9", 0, 1, "decay of the mean of gradients"),
	KEY_REAL(struct adam, beta2, "0.999", 0, 1, "decay of the mean of squared gradients"),
	KEY_REAL(struct adam, eps, "1e-8", 0, 1, "added to the root"),
	KEY_REAL(struct adam, weight_decay, "0.01", 0, 10, "decoupled decay, times the learning rate"),
	KEY_END,
};

struct adam_step {
	struct optim *o;
	double lr, coupled, decoupled;
	double rate, root_scale; /* lr / (1 - beta1^t); 1 / sqrt(1 - beta2^t) */
	const struct adam *c;
};

#define ADAM_LOOP(real, root)                                                                                          \
	do {                                                                                                           \
		real *w = (real *)p->value.data + first, *m = (real *)o->state.at[k].value.data + first;               \
		real *v = (real *)o->state.at[o->params->n + k].value.data + first;                                    \
		const real *g = (const real *)o->gradient->at[k].value.data + first;                                   \
		const real b1 = (real)c->beta1, b2 = (real)c->beta2, a1 = (real)(1 - c->beta1),                        \
			   a2 = (real)(1 - c->beta2);                                                                  \
		const real l2 = (real)s->coupled, keep = (real)(1 - lr * s->decoupled), eps = (real)c->eps;            \
		const real rate = (real)(s->rate * p->lr_multiplier), scale = (real)s->root_scale;                     \
		for (int64_t i = 0; i < n; i++) {                                                                      \
			real d = g[i] + l2 * w[i];                                                                     \
			m[i] = b1 * m[i] + a1 * d;                                                                     \
			v[i] = b2 * v[i] + a2 * d * d;                                                                 \
			w[i] = keep * w[i] - rate * m[i] / (root(v[i]) * scale + eps);                                 \
		}                                                                                                      \
	} while (0)

static void adam_chunk(void *context, int k, int64_t first, int64_t n, int64_t task)
{
	const struct adam_step *s = context;
	struct optim *o = s->o;
	const struct adam *c = s->c;
	struct param *p = &o->params->at[k];
	double lr = s->lr * p->lr_multiplier;

	(void)task;
	if (!optim_trains(p))
		return;
	if (p->value.dtype == DTYPE_F32)
		ADAM_LOOP(float, sqrtf);
	else
		ADAM_LOOP(double, sqrt);
}

static int adam_start(struct optim *o, struct err *e)
{
	(void)e;
	optim_add_slots(o, 2, (const char *const[]){ "mean", "square" });
	return 0;
}

static int adam_any(struct optim *o, double lr, double coupled, double decoupled, double *loss, struct err *e)
{
	const struct adam *c = o->config;

	if (o->evaluate(o->context, loss, e) != 0)
		return -1;
	o->t++;
	struct adam_step s = { o, lr, coupled, decoupled, 0, 0, c };
	s.rate = lr / (1 - pow(c->beta1, (double)o->t));
	s.root_scale = 1 / sqrt(1 - pow(c->beta2, (double)o->t));
	optim_sweep(o->params, adam_chunk, &s);
	return 0;
}

static int adam_step(struct optim *o, double lr, double *loss, struct err *e)
{
	return adam_any(o, lr, ((const struct adam *)o->config)->weight_decay, 0, loss, e);
}

static int adamw_step(struct optim *o, double lr, double *loss, struct err *e)
{
	return adam_any(o, lr, 0, ((const struct adam *)o->config)->weight_decay, loss, e);
}

struct sgd {
	double momentum, weight_decay;
	bool nesterov;
};
static const struct key sgd_keys[] = {
	KEY_REAL(struct sgd, momentum, "0.9", 0, 1, "decay of the velocity"),
	KEY_REAL(struct sgd, weight_decay, "0", 0, 10, "L2 added to the gradient"),
	KEY_FLAG(struct sgd, nesterov, "false", "look ahead along the velocity"),
	KEY_END,
};

struct sgd_step {
	struct optim *o;
	double lr;
	const struct sgd *c;
};

#define SGD_LOOP(real)                                                                                                 \
	do {                                                                                                           \
		real *w = (real *)p->value.data + first, *v = (real *)o->state.at[k].value.data + first;               \
		const real *g = (const real *)o->gradient->at[k].value.data + first;                                   \
		const real mu = (real)c->momentum, l2 = (real)c->weight_decay,                                         \
			   rate = (real)(s->lr * p->lr_multiplier);                                                    \
		for (int64_t i = 0; i < n; i++) {                                                                      \
			real d = g[i] + l2 * w[i];                                                                     \
			v[i] = mu * v[i] + d;                                                                          \
			w[i] -= rate * (c->nesterov ? d + mu * v[i] : v[i]);                                           \
		}                                                                                                      \
	} while (0)

static void sgd_chunk(void *context, int k, int64_t first, int64_t n, int64_t task)
{
	const struct sgd_step *s = context;
	struct optim *o = s->o;
	const struct sgd *c = s->c;
	struct param *p = &o->params->at[k];

	(void)task;
	if (!optim_trains(p))
		return;
	if (p->value.dtype == DTYPE_F32)
		SGD_LOOP(float);
	else
		SGD_LOOP(double);
}

static int sgd_start(struct optim *o, struct err *e)
{
	(void)e;
	optim_add_slots(o, 1, (const char *const[]){ "velocity" });
	return 0;
}

static int sgd_step(struct optim *o, double lr, double *loss, struct err *e)
{
	if (o->evaluate(o->context, loss, e) != 0)
		return -1;
	o->t++;
	struct sgd_step s = { o, lr, o->config };
	optim_sweep(o->params, sgd_chunk, &s);
	return 0;
}

static const struct optim_class adam = {
	.name = "adam",
	.summary = "Adam; weight_decay is L2 in the gradient",
	.source = "arXiv 1412.6980",
	.config_size = sizeof(struct adam),
	.keys = adam_keys,
	.default_lr = 1e-3,
	.start = adam_start,
	.step = adam_step,
};
static const struct optim_class adamw = {
	.name = "adamw",
	.summary = "Adam with decoupled weight decay",
	.source = "arXiv 1711.05101",
	.config_size = sizeof(struct adam),
	.keys = adamw_keys,
	.default_lr = 1e-3,
	.start = adam_start,
	.step = adamw_step,
};
static const struct optim_class sgd = {
	.name = "sgd",
	.summary = "stochastic gradient descent with momentum",
	.source = "Polyak 1964; Nesterov 1983",
	.config_size = sizeof(struct sgd),
	.keys = sgd_keys,
	.default_lr = 1e-2,
	.start = sgd_start,
	.step = sgd_step,
};
const struct optim_class *const optim_file_first_order[] = { &adam, &adamw, &sgd, NULL };
