/* case_physics.c: a step of training a physics-informed network: residuals with second derivatives at all points, loss,
 * its gradient, Adam. The opponent gets the points and the first weights. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "bench.h"
#include "learn.h"
#include "learner/physics_balance.h"

enum { POINTS = 10000, WIDTH = 20, DEPTH = 8, JETS = 4 };

/* The published setting of Burgers' shock: as data/experiment/pinn-burgers. */
#define BURGERS(REAL)                                                                                                  \
	"{model: {name: coordinate, width: 20, depth: 8}, data: {real: " REAL "},"                                     \
	" objective: {name: physics, points: 10000, initial: 50, side: 25}, optim: adam, train: {schedule: constant}," \
	" problem: {equation: 'u_t + u*u_x = nu*u_xx', param: {nu: 0.01/pi}, domain: {x: [-1, 1], t: [0, 0.99]},"      \
	" boundary: {x: dirichlet}, initial: {u: '-sin(pi*x)'}, grid: {x: 256}}}"

/* Points of a group: NAME.x, NAME.t. */
static int put_group(const struct physics_group *q, const char *name, const char *dir, struct err *e)
{
	for (int k = 0; k < q->n_columns; k++) {
		struct tensor t = q->column[k];
		char text[32];

		t.shape.dim[0] = q->n; /* without the padding */
		snprintf(text, sizeof text, "%s.%c", name, "xt"[k]);
		if (bench_put(dir, text, &t, e) != 0)
			return -1;
	}
	return 0;
}

static void *open_pinn(const struct bench_case *c, const char *dir, struct err *e)
{
	static const char *const name[] = { "inside", "initial", "low", "high" };
	struct learn *w = xcalloc(1, sizeof *w);
	struct physics_loss *l;

	if (learn_configure(w, c->setting, e) != 0 || trainer_open(&w->t, NULL, NULL, e) != 0 ||
	    w->t.learner->load(&w->t, e) != 0)
		return NULL;
	l = w->t.learning;
	if (l->n_groups != (int)(sizeof name / sizeof *name))
		return err_set(e, ERR_FAIL, "%d groups of points", l->n_groups) ? NULL : NULL;
	for (int i = 0; i < l->n_groups; i++)
		if (put_group(&l->group[i], name[i], dir, e) != 0)
			return NULL;
	return learn_put_weights(w, dir, e) == 0 ? w : NULL;
}

/* Value, two slopes and a curvature go through every matrix, once forward and twice as much backward. */
static void pinn_floor(const struct bench_case *c, struct bench_floor *f)
{
	const double matrices = 2 * WIDTH + (DEPTH - 1) * WIDTH * WIDTH + WIDTH;

	f->gemm_flop = 3. * 2 * JETS * POINTS * matrices;
	f->in_double = strstr(c->setting, "float64") != NULL;
}

#define PINN(NAME, REAL)                                                                                               \
	{                                                                                                              \
		.name = NAME, .size = "10000 points 8x20 tanh " REAL, .open = open_pinn, .run = learn_run,             \
		.result = learn_result, .floor = pinn_floor, .close = learn_close, .setting = BURGERS(REAL)            \
	}
const struct bench_case physics_cases[] = {
	PINN("pinn", "float64"),
	PINN("pinn-f32", "float32"),
	{ .name = NULL },
};
