/* langevin.h: underdamped Langevin dynamics
 *	dx = v dt,   dv = -friction v dt - u grad f(x) dt + sqrt(2 friction u) dW
 * of many independent paths; its stationary law is exp(-f(x) - |v|^2 / (2 u)). Methods of strong order 3 take the
 * space-time and space-time-time Levy areas of the noise (integ/brownian.h). */
#ifndef SCIML_INTEG_LANGEVIN_H
#define SCIML_INTEG_LANGEVIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "integ/brownian.h"

struct langevin {
	int64_t n; /* coordinates of a path */
	double friction, u;
	/* out = grad f at x, paths x n */
	void (*gradient)(void *context, int64_t paths, const double *x, double *out);
	void *context;
};

enum langevin_method { LANGEVIN_QUICSORT, LANGEVIN_SHOULD, LANGEVIN_EULER };
/* "quicsort", "should" (two gradients a step; strong order 3 for smooth f), "euler-maruyama" (order 1);
 * NULL-terminated. */
extern const char *const langevin_methods[];
/* What its steps take of the noise. */
enum brownian_kind langevin_noise(enum langevin_method m);

struct langevin_stepper;
/* Steps of length h > 0. problem is borrowed. */
struct langevin_stepper *langevin_new(enum langevin_method m, const struct langevin *problem, int64_t paths, double h,
				      struct err *e);
void langevin_free(struct langevin_stepper *p);
/* x and v (paths x n) one step on, given W, H, K of the step; H and K may be NULL for euler-maruyama. */
void langevin_step(struct langevin_stepper *p, double *x, double *v, const double *W, const double *H, const double *K);
/* Gradients of one path asked for so far. */
int64_t langevin_gradients(const struct langevin_stepper *p);

#endif
