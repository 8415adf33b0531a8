/* lbfgs.c: limited-memory BFGS: two-loop recursion (Nocedal, Wright 2006, algorithm 7.4) with a line search for the strong
 * Wolfe conditions (algorithms 3.5 and 3.6, cubic interpolation). All of its memory is state, so that a checkpoint taken
 * between two steps goes on bit-equal. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "optim/chunk.h"

struct lbfgs {
	int64_t history, line_search;
	double c1, c2;
};
static const struct key keys[] = {
	KEY_INT(struct lbfgs, history, "20", 1, 1000, "pairs of steps and gradient changes kept"),
	KEY_INT(struct lbfgs, line_search, "25", 1, 1000, "most evaluations a line search may use"),
	KEY_REAL(struct lbfgs, c1, "1e-4", 0, 1, "sufficient decrease"),
	KEY_REAL(struct lbfgs, c2, "0.9", 0, 1, "curvature condition"),
	KEY_END,
};

/* State tensors, all double: flat vectors of all trained scalars, and the counters. */
enum { AT_STEPS, AT_CHANGES, AT_RHO, AT_GRADIENT, AT_COUNTERS, N_STATE };
enum { COUNT_PAIRS, COUNT_NEXT, COUNT_READY, COUNT_LOSS, N_COUNTERS };

static double *state(struct optim *o, int which)
{
	return o->state.at[which].value.data;
}

static int start(struct optim *o, struct err *e)
{
	const struct lbfgs *c = o->config;
	int64_t n = 0;

	for (int k = 0; k < o->params->n; k++)
		if (optim_trains(&o->params->at[k]))
			n += shape_count(&o->params->at[k].value.shape);
	if (n == 0)
		return err_set(e, ERR_USAGE, "optim lbfgs: the model has nothing to train");
	const struct {
		const char *name;
		struct shape shape;
	} part[N_STATE] = {
		[AT_STEPS] = { "steps", shape_of(c->history, n) },
		[AT_CHANGES] = { "changes", shape_of(c->history, n) },
		[AT_RHO] = { "rho", shape_of(c->history) },
		[AT_GRADIENT] = { "gradient", shape_of(n) },
		[AT_COUNTERS] = { "counters", shape_of(N_COUNTERS) },
	};
	for (int i = 0; i < N_STATE; i++) {
		char name[16];
		struct param proto = { .name = name,
				       .value = { .dtype = DTYPE_F64, .shape = part[i].shape },
				       .role = PARAM_STATE };

		snprintf(name, sizeof name, "%s", part[i].name);
		params_add(&o->state, &proto);
	}
	return 0;
}

/* Between the model's tensors and one flat double vector. */
static void gather(const struct params *list, const struct params *which, double *flat)
{
	for (int k = 0; k < which->n; k++) {
		const struct tensor *t = &list->at[k].value;
		int64_t n = shape_count(&t->shape);

		if (!optim_trains(&which->at[k]))
			continue;
		tensor_convert(t->dtype, t->data, DTYPE_F64, flat, n);
		flat += n;
	}
}

static void scatter(const double *flat, struct params *list)
{
	for (int k = 0; k < list->n; k++) {
		struct tensor *t = &list->at[k].value;
		int64_t n = shape_count(&t->shape);

		if (!optim_trains(&list->at[k]))
			continue;
		tensor_convert(DTYPE_F64, flat, t->dtype, t->data, n);
		flat += n;
	}
}

static double dot(int64_t n, const double *a, const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static void add(int64_t n, double factor, const double *x, double *y)
{
	for (int64_t i = 0; i < n; i++)
		y[i] += factor * x[i];
}

/* d = -H g (algorithm 7.4). */
static void direction(struct optim *o, int64_t n, const double *g, double *d)
{
	const struct lbfgs *c = o->config;
	const double *steps = state(o, AT_STEPS), *changes = state(o, AT_CHANGES), *rho = state(o, AT_RHO);
	int64_t pairs = (int64_t)state(o, AT_COUNTERS)[COUNT_PAIRS], next = (int64_t)state(o, AT_COUNTERS)[COUNT_NEXT];
	double *alpha = xcalloc((size_t)pairs + 1, sizeof *alpha);

	for (int64_t i = 0; i < n; i++)
		d[i] = -g[i];
	for (int64_t j = 0; j < pairs; j++) {
		int64_t k = (next - 1 - j + c->history) % c->history;

		alpha[j] = rho[k] * dot(n, steps + k * n, d);
		add(n, -alpha[j], changes + k * n, d);
	}
	if (pairs > 0) {
		int64_t k = (next - 1 + c->history) % c->history;
		double scale = 1 / (rho[k] * dot(n, changes + k * n, changes + k * n));

		for (int64_t i = 0; i < n; i++)
			d[i] *= scale;
	}
	for (int64_t j = pairs - 1; j >= 0; j--) {
		int64_t k = (next - 1 - j + c->history) % c->history;

		add(n, alpha[j] - rho[k] * dot(n, changes + k * n, d), steps + k * n, d);
	}
	free(alpha);
}

/* One probe of the line search: loss and slope at x0 + a d; the gradient is left in `gradient`. */
struct line {
	struct optim *o;
	int64_t n, left;
	const double *x0, *d;
	double *x, *gradient;
	double a, loss, slope;
};

static int probe(struct line *l, double a, struct err *e)
{
	memcpy(l->x, l->x0, (size_t)l->n * sizeof *l->x);
	add(l->n, a, l->d, l->x);
	scatter(l->x, l->o->params);
	if (l->o->evaluate(l->o->context, &l->loss, e) != 0)
		return -1;
	gather(l->o->gradient, l->o->params, l->gradient);
	l->a = a;
	l->slope = dot(l->n, l->gradient, l->d);
	l->left--;
	return 0;
}

/* Minimiser of the cubic through two values and slopes, kept inside the interval. */
static double cubic(double a, double fa, double ga, double b, double fb, double gb)
{
	double lo = a < b ? a : b, hi = a < b ? b : a, width = hi - lo;
	double d1 = ga + gb - 3 * (fa - fb) / (a - b), root = d1 * d1 - ga * gb;
	double at = 0.5 * (a + b);

	if (isfinite(fb) && root >= 0) {
		double d2 = (b > a ? 1 : -1) * sqrt(root);
		at = b - (b - a) * (gb + d2 - d1) / (gb - ga + 2 * d2);
	}
	if (!(at > lo + 0.1 * width && at < hi - 0.1 * width))
		at = 0.5 * (a + b);
	return at;
}

/* Strong Wolfe step from (0, f0, g0); ends with the parameters at the accepted point. */
static int search(struct line *l, double f0, double g0, double first, struct err *e)
{
	const struct lbfgs *c = l->o->config;
	double a_lo = 0, f_lo = f0, g_lo = g0, a_hi = 0, f_hi = f0, g_hi = g0, a = first;
	bool bracketed = false;

	for (;;) {
		if (probe(l, a, e) != 0)
			return -1;
		bool bad = !isfinite(l->loss) || l->loss > f0 + c->c1 * a * g0 ||
			   (bracketed || a_lo > 0 ? l->loss >= f_lo : false);

		if (bad) {
			a_hi = a, f_hi = l->loss, g_hi = l->slope;
			bracketed = true;
		} else if (fabs(l->slope) <= -c->c2 * g0) {
			return 0;
		} else {
			if (bracketed ? l->slope * (a_hi - a_lo) >= 0 : l->slope >= 0) {
				a_hi = a_lo, f_hi = f_lo, g_hi = g_lo;
				bracketed = true;
			}
			a_lo = a, f_lo = l->loss, g_lo = l->slope;
		}
		if (l->left <= 0 || (bracketed && fabs(a_hi - a_lo) * fabs(g0) < 1e-16 * (1 + fabs(f0))))
			break;
		a = bracketed ? cubic(a_lo, f_lo, g_lo, a_hi, f_hi, g_hi) : 2 * a;
	}
	/* out of evaluations: the best point that decreases, or no step at all */
	return l->a == a_lo ? 0 : probe(l, a_lo, e);
}

static int step(struct optim *o, double lr, double *loss, struct err *e)
{
	const struct lbfgs *c = o->config;
	double *counter = state(o, AT_COUNTERS), *g = state(o, AT_GRADIENT);
	int64_t n = o->state.at[AT_GRADIENT].value.shape.dim[0];
	double *x0 = xcalloc((size_t)n * 4, sizeof *x0), *d = x0 + n, *x = d + n, *g_new = x + n;
	int status = -1;

	gather(o->params, o->params, x0);
	if (counter[COUNT_READY] == 0) {
		if (o->evaluate(o->context, &counter[COUNT_LOSS], e) != 0)
			goto out;
		gather(o->gradient, o->params, g);
		counter[COUNT_READY] = 1;
	}
	double f0 = counter[COUNT_LOSS];
	*loss = f0;
	direction(o, n, g, d);
	double g0 = dot(n, g, d);
	if (!(g0 < 0)) { /* memory gone bad: start again from the gradient */
		counter[COUNT_PAIRS] = 0;
		direction(o, n, g, d);
		g0 = dot(n, g, d);
	}
	o->t++;
	if (g0 == 0) {
		status = 0;
		goto out;
	}
	double first = counter[COUNT_PAIRS] > 0 ? lr : lr * fmin(1, 1 / sqrt(-g0));
	struct line l = { o, n, c->line_search, x0, d, x, g_new, 0, f0, g0 };
	if (search(&l, f0, g0, first, e) != 0)
		goto out;
	double sy = 0, *s = state(o, AT_STEPS), *y = state(o, AT_CHANGES);
	int64_t next = (int64_t)counter[COUNT_NEXT];
	for (int64_t i = 0; i < n; i++)
		sy += l.a * d[i] * (g_new[i] - g[i]);
	if (sy > 1e-12 * l.a * l.a * dot(n, d, d) && sy > 0) {
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
	status = 0;
out:
	free(x0);
	return status;
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
};
const struct optim_class *const optim_file_lbfgs[] = { &lbfgs, NULL };
