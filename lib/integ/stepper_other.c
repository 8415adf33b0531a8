/* stepper_other.c: methods that are no Runge-Kutta methods, all with fixed steps: semi-implicit Euler and leapfrog
 * (Hairer, Lubich, Wanner, Geometric Numerical Integration, I.1 and XV.3), reversible Heun (Kidger et al. 2021, arXiv
 * 2105.13493), and Adams methods of order 4 that rk4 starts (Hairer, Norsett, Wanner, Solving ODEs I, III.1). */
#include "integ/stepper.h"

#include <string.h>

static void copy(const struct stepper *s, double *to, const double *from)
{
	memcpy(to, from, (size_t)s->n * sizeof *to);
}

static void accept(struct stepper *s)
{
	copy(s, s->y, s->y1);
	s->have_first = false;
	s->run++;
}

static int rows_1(const struct ode_method *m)
{
	(void)m;
	return 1;
}

static int rows_2(const struct ode_method *m)
{
	(void)m;
	return 2;
}

/* ---- semi-implicit Euler: y = (q, p): p1 = p + h f_p(t, q, p), q1 = q + h f_q(t, q, p1) -------------------------- */

static int step_semi_implicit(struct stepper *s, double t, double h, struct err *e)
{
	const int64_t half = s->n / 2;

	if (s->n % 2 != 0)
		return err_set(e, ERR_USAGE, "semi_implicit_euler: %lld states, positions and momenta are as many",
			       (long long)s->n);
	if (stepper_evaluate(s, t, s->y, s->row, e) != 0)
		return -1;
	copy(s, s->y1, s->y);
	for (int64_t i = half; i < s->n; i++)
		s->y1[i] += h * s->row[i];
	if (stepper_evaluate(s, t, s->y1, s->row, e) != 0)
		return -1;
	for (int64_t i = 0; i < half; i++)
		s->y1[i] += h * s->row[i];
	return 0;
}

const struct stepper_class stepper_semi_implicit_euler = {
	.name = "semi_implicit_euler", .order = 1, .rows = rows_1, .step = step_semi_implicit, .accept = accept
};

/* ---- leapfrog: y_(n+1) = y_(n-1) + 2 h f(t_n, y_n); the first step by the midpoint rule -------------------------- */

static int step_leapfrog(struct stepper *s, double t, double h, struct err *e)
{
	double *before = s->row + s->n;

	if (stepper_evaluate(s, t, s->y, s->row, e) != 0)
		return -1;
	if (s->run > 0) {
		for (int64_t i = 0; i < s->n; i++)
			s->y1[i] = before[i] + 2 * h * s->row[i];
		return 0;
	}
	stepper_combine(s, s->scratch, s->y, h / 2, 1, (double[]){ 1 });
	if (stepper_evaluate(s, t + h / 2, s->scratch, s->row, e) != 0)
		return -1;
	stepper_combine(s, s->y1, s->y, h, 1, (double[]){ 1 });
	return 0;
}

static void accept_leapfrog(struct stepper *s)
{
	copy(s, s->row + s->n, s->y);
	accept(s);
}

const struct stepper_class stepper_leapfrog_midpoint = {
	.name = "leapfrog_midpoint", .order = 2, .rows = rows_2, .step = step_leapfrog, .accept = accept_leapfrog
};

/* ---- reversible Heun --------------------------------------------------------------------------------------------- */

/* yh1 = 2 y - yh + h v, v1 = f(t + h, yh1), y1 = y + h (v + v1) / 2; backwards with -h from (y1, yh1, v1). */
static int heun_pair(const struct ode_system *o, double t1, double h, struct reversible_state *s, struct err *e)
{
	for (int64_t i = 0; i < o->n; i++) {
		s->yh[i] = 2 * s->y[i] - s->yh[i] + h * s->v[i];
		s->y[i] += 0.5 * h * s->v[i];
	}
	if (o->f(o->context, t1, s->yh, s->v) != 0)
		return err_set(e, ERR_FAIL, "right-hand side failed at t = %g", t1);
	for (int64_t i = 0; i < o->n; i++)
		s->y[i] += 0.5 * h * s->v[i];
	return 0;
}

int reversible_heun_step(const struct ode_system *o, double t, double h, struct reversible_state *s, struct err *e)
{
	return heun_pair(o, t + h, h, s, e);
}

int reversible_heun_back(const struct ode_system *o, double t, double h, struct reversible_state *s, struct err *e)
{
	return heun_pair(o, t - h, -h, s, e);
}

static int rows_heun(const struct ode_method *m)
{
	(void)m;
	return 4; /* v and yh, before and after */
}

static int step_heun(struct stepper *s, double t, double h, struct err *e)
{
	double *v = s->row, *yh = v + s->n;
	struct reversible_state next = { s->y1, yh + 2 * s->n, v + 2 * s->n };

	if (s->run == 0) {
		if (stepper_evaluate(s, t, s->y, v, e) != 0)
			return -1;
		copy(s, yh, s->y);
	}
	copy(s, next.y, s->y);
	copy(s, next.yh, yh);
	copy(s, next.v, v);
	s->evaluations++;
	if (reversible_heun_step(s->ode, t, h, &next, e) != 0)
		return -1;
	for (int64_t i = 0; i < s->n; i++)
		s->error[i] = 0.5 * h * (next.v[i] - v[i]);
	return 0;
}

static void accept_heun(struct stepper *s)
{
	memcpy(s->row, s->row + 2 * s->n, (size_t)(2 * s->n) * sizeof *s->row);
	accept(s);
}

const struct stepper_class stepper_reversible_heun = {
	.name = "reversible_heun", .order = 2, .rows = rows_heun, .step = step_heun, .accept = accept_heun
};

/* ---- Adams methods: rows 0 .. 3 are the slopes at t, t - h, t - 2h, t - 3h; row 4 on are for rk4 ----------------- */

static int rows_adams(const struct ode_method *m)
{
	(void)m;
	return 9;
}

static int start_adams(struct stepper *s, double t, double h, struct err *e)
{
	static const double half[] = { 0.5 }, whole[] = { 1 }, b[] = { 1. / 6, 1. / 3, 1. / 3, 1. / 6 };
	double *k = s->row + 4 * s->n, *const kept = s->row;
	int status = 0;

	memcpy(k, s->row, (size_t)s->n * sizeof *k);
	s->row = k; /* so that stepper_combine takes the slopes of rk4 */
	stepper_combine(s, s->scratch, s->y, h, 1, half);
	status |= stepper_evaluate(s, t + h / 2, s->scratch, k + s->n, e);
	s->row = k + s->n;
	stepper_combine(s, s->scratch, s->y, h, 1, half);
	status = status || stepper_evaluate(s, t + h / 2, s->scratch, k + 2 * s->n, e);
	s->row = k + 2 * s->n;
	stepper_combine(s, s->scratch, s->y, h, 1, whole);
	status = status || stepper_evaluate(s, t + h, s->scratch, k + 3 * s->n, e);
	s->row = k;
	stepper_combine(s, s->y1, s->y, h, 4, b);
	s->row = kept;
	return status ? -1 : 0;
}

static int predict(struct stepper *s, double t, double h, struct err *e)
{
	static const double bashforth[] = { 55. / 24, -59. / 24, 37. / 24, -9. / 24 };

	if (stepper_evaluate(s, t, s->y, s->row, e) != 0)
		return -1;
	if (s->run < 3)
		return start_adams(s, t, h, e);
	stepper_combine(s, s->y1, s->y, h, 4, bashforth);
	return 0;
}

static int correct(struct stepper *s, double t, double h, struct err *e)
{
	static const double moulton[] = { 19. / 24, -5. / 24, 1. / 24 };
	double *next = s->row + 4 * s->n;

	if (predict(s, t, h, e) != 0)
		return -1;
	if (s->run < 3)
		return 0;
	if (stepper_evaluate(s, t + h, s->y1, next, e) != 0)
		return -1;
	stepper_combine(s, s->y1, s->y, h, 3, moulton);
	for (int64_t i = 0; i < s->n; i++)
		s->y1[i] += h * 9. / 24 * next[i];
	return 0;
}

static void accept_adams(struct stepper *s)
{
	memmove(s->row + s->n, s->row, (size_t)(3 * s->n) * sizeof *s->row);
	accept(s);
}

const struct stepper_class stepper_explicit_adams = {
	.name = "explicit_adams", .order = 4, .rows = rows_adams, .step = predict, .accept = accept_adams
};
const struct stepper_class stepper_implicit_adams = {
	.name = "implicit_adams", .order = 4, .rows = rows_adams, .step = correct, .accept = accept_adams
};
