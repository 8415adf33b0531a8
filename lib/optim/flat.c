/* flat.c: vectors of all trained scalars; line search; Adam. */
#include "optim/flat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int64_t flat_count(const struct params *p)
{
	int64_t n = 0;

	for (int k = 0; k < p->n; k++)
		if (optim_trains(&p->at[k]))
			n += shape_count(&p->at[k].value.shape);
	return n;
}

void flat_add_state(struct optim *o, const char *name, int64_t rows, int64_t columns)
{
	char copy[32];
	struct param proto = { .name = copy,
			       .value = { .dtype = DTYPE_F64,
					  .shape = columns > 0 ? shape_of(rows, columns) : shape_of(rows) },
			       .role = PARAM_STATE };

	snprintf(copy, sizeof copy, "%s", name);
	params_add(&o->state, &proto);
}

void flat_gather(const struct params *list, const struct params *which, double *flat)
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

void flat_scatter(const double *flat, struct params *list)
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

double flat_dot(int64_t n, const double *a, const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

void flat_add(int64_t n, double factor, const double *x, double *y)
{
	for (int64_t i = 0; i < n; i++)
		y[i] += factor * x[i];
}

static int probe(struct flat_line *l, double a, struct err *e)
{
	memcpy(l->x, l->x0, (size_t)l->n * sizeof *l->x);
	flat_add(l->n, a, l->d, l->x);
	flat_scatter(l->x, l->o->params);
	if (l->o->evaluate(l->o->context, &l->loss, e) != 0)
		return -1;
	flat_gather(l->o->gradient, l->o->params, l->gradient);
	l->a = a;
	l->slope = flat_dot(l->n, l->gradient, l->d);
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

int flat_search(struct flat_line *l, double f0, double g0, double first, struct err *e)
{
	double a_lo = 0, f_lo = f0, g_lo = g0, a_hi = 0, f_hi = f0, g_hi = g0, a = first;
	bool bracketed = false;

	for (;;) {
		if (probe(l, a, e) != 0)
			return -1;
		bool bad = !isfinite(l->loss) || l->loss > f0 + l->c1 * a * g0 ||
			   (bracketed || a_lo > 0 ? l->loss >= f_lo : false);

		if (bad) {
			a_hi = a, f_hi = l->loss, g_hi = l->slope;
			bracketed = true;
		} else if (fabs(l->slope) <= -l->c2 * g0) {
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

int flat_adam_step(struct optim *o, double lr, double *moments, double *loss, struct err *e)
{
	const int64_t n = flat_count(o->params);
	const double t = (double)o->t + 1, first = 1 - pow(0.9, t), second = 1 - pow(0.999, t);
	double *x = o->room, *g = x + n;
	const int status = o->evaluate(o->context, loss, e);

	if (status == 0) {
		flat_gather(o->params, o->params, x);
		flat_gather(o->gradient, o->params, g);
		for (int64_t i = 0; i < n; i++) {
			double *m = moments + i, *v = moments + n + i;

			*m = 0.9 * *m + 0.1 * g[i];
			*v = 0.999 * *v + 0.001 * g[i] * g[i];
			x[i] -= lr * (*m / first) / (sqrt(*v / second) + 1e-8);
		}
		flat_scatter(x, o->params);
		o->t++;
	}
	return status;
}
