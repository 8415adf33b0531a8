/* flat.h: all trained scalars of a model as one vector in double, a line search along it and Adam on it: what
 * optimisers share that see the parameters as a point in space. */
#ifndef SCIML_OPTIM_FLAT_H
#define SCIML_OPTIM_FLAT_H

#include "optim/chunk.h"

int64_t flat_count(const struct params *p); /* trained scalars */
/* Between tensors and a vector; which: the list that says what is trained. */
void flat_gather(const struct params *list, const struct params *which, double *flat);
void flat_scatter(const double *flat, struct params *list);
double flat_dot(int64_t n, const double *a, const double *b);
void flat_add(int64_t n, double factor, const double *x, double *y); /* y += factor x */
/* A state tensor of doubles, (rows, columns) or, with columns 0, (rows). */
void flat_add_state(struct optim *o, const char *name, int64_t rows, int64_t columns);

/* One search: loss and slope at x0 + a d; the gradient of the last probe is left in `gradient`. */
struct flat_line {
	struct optim *o;
	int64_t n, left; /* evaluations left */
	double c1, c2;
	const double *x0, *d;
	double *x, *gradient; /* room: n each */
	double a, loss, slope;
};
/* A step with the strong Wolfe conditions (Nocedal, Wright 2006, algorithms 3.5 and 3.6, cubic interpolation) from loss
 * f0 and slope g0 < 0, `first` tried first; ends with the parameters at the accepted point (l->a, l->loss,
 * l->gradient). Out of evaluations: the best point that decreases, or none (l->a = 0). */
int flat_search(struct flat_line *l, double f0, double g0, double first, struct err *e);

/* Step o->t of Adam (Kingma, Ba 2014; beta 0.9, 0.999) for the first steps of optimisers that do best near a minimum;
 * moments: 2 n. *loss before the step. o->room: 2 n, whose values are lost. */
int flat_adam_step(struct optim *o, double lr, double *moments, double *loss, struct err *e);

#endif
