/* lbfgs.c: limited-memory BFGS: two-loop recursion (Nocedal, Wright 2006, algorithm 7.4) with a strong Wolfe search.
 * All of its memory is state, so that a checkpoint taken between two steps goes on bit-equal. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "optim/flat.h"

struct lbfgs {
	int64_t history, line_search, adam;
	double c1, c2, adam_lr;
};
static const struct key keys[] = {
	KEY_INT(struct lbfgs, history, "20", 1, 1000, "pairs of steps and gradient changes kept"),
	KEY_INT(struct lbfgs, line_search, "25", 1, 1000, "most evaluations a line search may use"),
	KEY_REAL(struct lbfgs, c1, "1e-4", 0, 1, "sufficient decrease"),
	KEY_REAL(struct lbfgs, c2, "0.9", 0, 1, "curvature condition"),
	KEY_INT(struct lbfgs, adam, "0", 0, 1e9, "first steps by Adam"),
	KEY_REAL(struct lbfgs, adam_lr, "1e-3", 0, 1000, "learning rate of these, as a multiple of train.lr"),
	KEY_END,
};

/* State tensors, all double: flat vectors of all trained scalars, and the counters. */
enum { AT_STEPS, AT_CHANGES, AT_RHO, AT_GRADIENT, AT_COUNTERS, AT_MOMENTS };
enum { ROOM_VECTORS = 4 }; /* o->room: vectors of step, then the numbers alpha of direction */
enum { COUNT_PAIRS, COUNT_NEXT, COUNT_READY, COUNT_LOSS, N_COUNTERS };

static double *state(struct optim *o, int which)
{
	return o->state.at[which].value.data;
}

static int start(struct optim *o, struct err *e)
{
	const struct lbfgs *c = o->config;
	const int64_t n = flat_count(o->params);

	if (n == 0)
		return err_set(e, ERR_USAGE, "optim lbfgs: the model has nothing to train");
	if (!(o->room = mem_unset(ROOM_VECTORS * n + c->history, sizeof *o->room, "room of lbfgs", e)))
		return -1;
	flat_add_state(o, "steps", c->history, n);
	flat_add_state(o, "changes", c->history, n);
	flat_add_state(o, "rho", c->history, 0);
	flat_add_state(o, "gradient", n, 0);
	flat_add_state(o, "counters", N_COUNTERS, 0);
	if (c->adam > 0)
		flat_add_state(o, "moments", 2, n);
	return 0;
}

/* d = -H g (algorithm 7.4). */
static void direction(struct optim *o, int64_t n, const double *g, double *d)
{
	const struct lbfgs *c = o->config;
	const double *steps = state(o, AT_STEPS), *changes = state(o, AT_CHANGES), *rho = state(o, AT_RHO);
	int64_t pairs = (int64_t)state(o, AT_COUNTERS)[COUNT_PAIRS], next = (int64_t)state(o, AT_COUNTERS)[COUNT_NEXT];
	double *alpha = o->room + ROOM_VECTORS * n;

	for (int64_t i = 0; i < n; i++)
		d[i] = -g[i];
	for (int64_t j = 0; j < pairs; j++) {
		int64_t k = (next - 1 - j + c->history) % c->history;

		alpha[j] = rho[k] * flat_dot(n, steps + k * n, d);
		flat_add(n, -alpha[j], changes + k * n, d);
	}
	if (pairs > 0) {
		int64_t k = (next - 1 + c->history) % c->history;
		double scale = 1 / (rho[k] * flat_dot(n, changes + k * n, changes + k * n));

		for (int64_t i = 0; i < n; i++)
			d[i] *= scale;
	}
	for (int64_t j = pairs - 1; j >= 0; j--) {
		int64_t k = (next - 1 - j + c->history) % c->history;

		flat_add(n, alpha[j] - rho[k] * flat_dot(n, changes + k * n, d), steps + k * n, d);
	}
}

static int step(struct optim *o, double lr, double *loss, struct err *e)
{
	const struct lbfgs *c = o->config;
	double *counter = state(o, AT_COUNTERS), *g = state(o, AT_GRADIENT);
	int64_t n = o->state.at[AT_GRADIENT].value.shape.dim[0];
	double *x0 = o->room, *d = x0 + n, *x = d + n, *g_new = x + n;

	if (o->t < c->adam)
		return flat_adam_step(o, lr * c->adam_lr, state(o, AT_MOMENTS), loss, e);
	flat_gather(o->params, o->params, x0);
	if (counter[COUNT_READY] == 0) {
		if (o->evaluate(o->context, &counter[COUNT_LOSS], e) != 0)
			return -1;
		flat_gather(o->gradient, o->params, g);
		counter[COUNT_READY] = 1;
	}
	double f0 = counter[COUNT_LOSS];
	*loss = f0;
	direction(o, n, g, d);
	double g0 = flat_dot(n, g, d);
	if (!(g0 < 0)) { /* memory gone bad: start again from the gradient */
		counter[COUNT_PAIRS] = 0;
		direction(o, n, g, d);
		g0 = flat_dot(n, g, d);
	}
	o->t++;
	if (g0 == 0)
		return 0;
	double first = counter[COUNT_PAIRS] > 0 ? lr : lr * fmin(1, 1 / sqrt(-g0));
	struct flat_line l = { o, n, c->line_search, c->c1, c->c2, x0, d, x, g_new, 0, f0, g0 };
	if (flat_search(&l, f0, g0, first, e) != 0)
		return -1;
	if (l.a == 0) /* no step decreases the loss: the next one begins again from the gradient */
		counter[COUNT_PAIRS] = 0;
	double sy = 0, *s = state(o, AT_STEPS), *y = state(o, AT_CHANGES);
	int64_t next = (int64_t)counter[COUNT_NEXT];
	for (int64_t i = 0; i < n; i++)
		sy += l.a * d[i] * (g_new[i] - g[i]);
	if (sy > 1e-12 * l.a * l.a * flat_dot(n, d, d) && sy > 0) {
		for (int64_t i = 0; i < n; i++) {
			s[next * n + i] = l.a * d[i];
			y[next * n + i] = g_new[i] - g[i];
		}
		state(o, AT_RHO)[next] = 1 / sy;
		counter[COUNT_NEXT] = (double)((next + 1) % c->history);
		counter[COUNT_PAIRS] = fmin(counter[COUNT_PAIRS] + 1, (double)c->history);
	}
	memcpy(g, g_new, (size_t)n * sizeof *g);
	counter[COUNT_LOSS] = l.loss;
	return 0;
}

static void changed(struct optim *o)
{
	state(o, AT_COUNTERS)[COUNT_READY] = state(o, AT_COUNTERS)[COUNT_PAIRS] = 0;
}

static const struct optim_class lbfgs = {
	.name = "lbfgs",
	.summary = "limited-memory BFGS with a strong Wolfe line search; for full batches",
	.source = "Nocedal, Wright 2006, algorithms 7.4, 3.5, 3.6",
	.config_size = sizeof(struct lbfgs),
	.keys = keys,
	.default_lr = 1,
	.start = start,
	.step = step,
	.changed = changed,
};
const struct optim_class *const optim_file_lbfgs[] = { &lbfgs, NULL };
