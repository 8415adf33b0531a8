/* stepper.c: what all methods share, and explicit Runge-Kutta steps. */
#include "integ/stepper.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int stepper_open(struct stepper *s, const struct ode_method *m, const struct ode_system *o,
		 const struct controller_config *control, struct err *e)
{
	const int64_t rows = m->class->rows(m), block = o->block > 0 ? o->block : o->n;
	const bool implicit = m->tableau && m->tableau->kind != TABLEAU_EXPLICIT;
	const int64_t order = implicit && m->tableau->kind == TABLEAU_FULL ? block * m->tableau->stages : block;
	const int64_t n_blocks = block > 0 ? o->n / block : 0;
	double *at;

	*s = (struct stepper){
		.method = m, .ode = o, .control = control, .n = o->n, .early = -INFINITY, .late = INFINITY
	};
	if (block <= 0 || o->n % block != 0)
		return err_set(e, ERR_USAGE, "%lld equations in blocks of %lld", (long long)o->n, (long long)block);
	at = mem_new((4 + rows) * o->n + (implicit ? n_blocks * (order * order + block * block) : 0), sizeof *at,
		     "stages of an ODE method", e);
	if (!at)
		return -1;
	s->memory = at;
	s->y = at;
	s->y1 = s->y + o->n;
	s->error = s->y1 + o->n;
	s->scratch = s->error + o->n;
	s->row = s->scratch + o->n;
	s->jacobian = s->row + rows * o->n;
	s->matrix = s->jacobian + n_blocks * block * block;
	s->pivot = implicit ? xcalloc((size_t)(n_blocks * order), sizeof *s->pivot) : NULL;
	return 0;
}

void stepper_close(struct stepper *s)
{
	free(s->memory);
	free(s->pivot);
}

void stepper_forget(struct stepper *s)
{
	s->have_first = s->have_jacobian = false;
	s->run = 0;
	s->factored = 0;
}

int stepper_evaluate(struct stepper *s, double t, const double *y, double *slope, struct err *e)
{
	s->evaluations++;
	t = fmin(fmax(t, s->early), s->late);
	if (s->ode->f(s->ode->context, t, y, slope) != 0)
		return err_set(e, ERR_FAIL, "right-hand side failed at t = %g", t);
	return 0;
}

void stepper_combine(const struct stepper *s, double *to, const double *y, double h, int n, const double *w)
{
	memcpy(to, y, (size_t)s->n * sizeof *y);
	for (int j = 0; j < n; j++) {
		const double hw = h * w[j], *k = s->row + j * s->n;

		if (w[j] == 0)
			continue;
		for (int64_t i = 0; i < s->n; i++)
			to[i] += hw * k[i];
	}
}

int stepper_first(struct stepper *s, double t, struct err *e)
{
	if (!s->have_first && stepper_evaluate(s, t, s->y, s->row, e) != 0)
		return -1;
	s->have_first = true;
	return 0;
}

void stepper_accept_rows(struct stepper *s)
{
	memcpy(s->y, s->y1, (size_t)s->n * sizeof *s->y);
	s->have_first = s->method->tableau->first_same_as_last;
	s->have_jacobian = false;
	if (s->have_first)
		memcpy(s->row, s->row + (s->method->tableau->stages - 1) * s->n, (size_t)s->n * sizeof *s->y);
}

void stepper_between_rows(const struct stepper *s, double theta, double *out)
{
	double weight[TABLEAU_STAGES_MAX];

	tableau_dense(s->method->tableau, theta, weight);
	stepper_combine(s, out, s->y, s->h, s->method->tableau->stages, weight);
}

static int rows(const struct ode_method *m)
{
	return m->tableau->stages;
}

/* With first-same-as-last the last stage's argument is the end of the step. */
static int step(struct stepper *s, double t, double h, struct err *e)
{
	const struct tableau *m = s->method->tableau;

	if (stepper_first(s, t, e) != 0)
		return -1;
	for (int j = 1; j < m->stages; j++) {
		stepper_combine(s, s->y1, s->y, h, j, m->a + j * m->stages);
		if (stepper_evaluate(s, t + m->c[j] * h, s->y1, s->row + j * s->n, e) != 0)
			return -1;
	}
	if (!m->first_same_as_last)
		stepper_combine(s, s->y1, s->y, h, m->stages, m->b);
	if (m->error_order > 0) {
		memset(s->error, 0, (size_t)s->n * sizeof *s->error);
		stepper_combine(s, s->error, s->error, h, m->stages, m->b_error);
	}
	return 0;
}

const struct stepper_class stepper_explicit = {
	.rows = rows, .step = step, .accept = stepper_accept_rows, .between = stepper_between_rows
};
