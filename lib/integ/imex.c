/* imex.c: implicit-explicit Runge-Kutta pairs as data, and their step. */
#include "integ/imex.h"

#include <string.h>

/* gamma = (2 - sqrt 2)/2, delta = 1 - 1/(2 gamma) = -sqrt(2)/2 */
#define GAMMA 0.29289321881345247560
#define DELTA (-0.70710678118654752440)

static const struct imex_tableau ars222 = {
	.name = "ars222",
	.stages = 3,
	.order = 2,
	.gamma = GAMMA,
	.implicit = (const double[]){ 0, 0, 0, 0, GAMMA, 0, 0, 1 - GAMMA, GAMMA },
	.explicit = (const double[]){ 0, 0, 0, GAMMA, 0, 0, DELTA, 1 - DELTA, 0 },
	.b_implicit = (const double[]){ 0, 1 - GAMMA, GAMMA },
	.b_explicit = (const double[]){ DELTA, 1 - DELTA, 0 },
	.c = (const double[]){ 0, GAMMA, 1 },
};

static const struct imex_tableau ars443 = {
	.name = "ars443",
	.stages = 5,
	.order = 3,
	.gamma = 0.5,
	.implicit =
		(const double[]){
			0, 0,	    0,	    0,	 0,   /* */
			0, 1. / 2,  0,	    0,	 0,   /* */
			0, 1. / 6,  1. / 2, 0,	 0,   /* */
			0, -1. / 2, 1. / 2, 0.5, 0,   /* */
			0, 3. / 2,  -1.5,   0.5, 0.5, /* */
		},
	.explicit =
		(const double[]){
			0,	  0,	   0,	   0,	    0, /* */
			1. / 2,	  0,	   0,	   0,	    0, /* */
			11. / 18, 1. / 18, 0,	   0,	    0, /* */
			5. / 6,	  -5. / 6, 1. / 2, 0,	    0, /* */
			1. / 4,	  7. / 4,  3. / 4, -7. / 4, 0, /* */
		},
	.b_implicit = (const double[]){ 0, 3. / 2, -1.5, 0.5, 0.5 },
	.b_explicit = (const double[]){ 1. / 4, 7. / 4, 3. / 4, -7. / 4, 0 },
	.c = (const double[]){ 0, 1. / 2, 2. / 3, 1. / 2, 1 },
};

const struct imex_tableau *const imex_tableaus[] = { &ars222, &ars443, NULL };

const struct imex_tableau *imex_find(const char *name)
{
	for (const struct imex_tableau *const *m = imex_tableaus; *m; m++)
		if (strcmp((*m)->name, name) == 0)
			return *m;
	return NULL;
}

static void add(int64_t n, double factor, const double *x, double *y)
{
	for (int64_t i = 0; i < n && factor != 0; i++)
		y[i] += factor * x[i];
}

int imex_step(const struct imex_tableau *m, const struct imex_system *s, double t, double h, double *y, double *work)
{
	const int64_t n = s->n;
	double *stage = work, *linear = work + n, *rest = linear + m->stages * n;

	for (int i = 0; i < m->stages; i++) {
		const double now = t + m->c[i] * h;

		memcpy(stage, y, (size_t)n * sizeof *y);
		for (int j = 0; j < i; j++) {
			add(n, h * m->implicit[i * m->stages + j], linear + j * n, stage);
			add(n, h * m->explicit[i * m->stages + j], rest + j * n, stage);
		}
		if ((i > 0 && s->solve(s->context, now, stage) != 0) ||
		    s->linear(s->context, now, stage, linear + i * n) != 0 ||
		    s->rest(s->context, now, stage, rest + i * n) != 0)
			return -1;
	}
	for (int j = 0; j < m->stages; j++) {
		add(n, h * m->b_implicit[j], linear + j * n, y);
		add(n, h * m->b_explicit[j], rest + j * n, y);
	}
	return 0;
}
