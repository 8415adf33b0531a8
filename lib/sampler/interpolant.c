/* interpolant.c: the coefficients of interpolants, and marches along their velocities. */
#include "sampler/interpolant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const double pi = 3.14159265358979323846;

const char *const interpolant_path_names[] = { "linear", "trig", "encoding", NULL };
const char *const interpolant_noise_names[] = { "none", "brownian", "quadratic", "sine", NULL };
const char *const flow_method_names[] = { "euler", "heun", "rk4", NULL };

static void noise_of(enum interpolant_noise kind, double t, struct interpolant_level *v)
{
	const double q = t * (1 - t), s = sin(pi * t);

	switch (kind) {
	case GAMMA_NONE:
		break;
	case GAMMA_BROWNIAN:
		v->gamma = sqrt(q > 0 ? q : 0);
		v->product = (1 - 2 * t) / 2;
		v->gamma_rate = v->product / v->gamma;
		break;
	case GAMMA_QUADRATIC:
		v->gamma = q;
		v->gamma_rate = 1 - 2 * t;
		v->product = v->gamma * v->gamma_rate;
		break;
	case GAMMA_SINE:
		v->gamma = s * s;
		v->gamma_rate = pi * sin(2 * pi * t);
		v->product = v->gamma * v->gamma_rate;
		break;
	}
}

struct interpolant_level interpolant_at(const struct interpolant *p, double t)
{
	struct interpolant_level v = { .t = t };
	const double turn = pi / 2 * t;

	noise_of(p->noise, t, &v);
	switch (p->kind) {
	case INTERPOLANT_LINEAR:
		v.a = 1 - t;
		v.c = t;
		v.a_rate = -1;
		v.c_rate = 1;
		break;
	case INTERPOLANT_TRIG: {
		const double r = sqrt(1 - v.gamma * v.gamma), r_rate = -v.product / r;

		v.a = r * cos(turn);
		v.c = r * sin(turn);
		v.a_rate = r_rate * cos(turn) - r * pi / 2 * sin(turn);
		v.c_rate = r_rate * sin(turn) + r * pi / 2 * cos(turn);
		break;
	}
	case INTERPOLANT_ENCODING:
		*(t <= 0.5 ? &v.a : &v.c) = cos(pi * t) * cos(pi * t);
		*(t <= 0.5 ? &v.a_rate : &v.c_rate) = -pi * sin(2 * pi * t);
		break;
	}
	return v;
}

/* ---- marches ---- */

int64_t flow_calls(const struct flow_options *o)
{
	return o->steps * (o->method == FLOW_EULER ? 1 : o->method == FLOW_HEUN ? 2 : 4);
}

struct march {
	struct flow *flow;
	const struct flow_options *o;
	uint64_t seed;
	int64_t first, n, size, kicks;
	double sign; /* of time: drift = b + sign epsilon s */
	double *memory, *b[4], *s, *point, *sum, *square;
};

/* The drift at x. */
static int slope(struct march *m, double t, const double *x, double *out, struct err *e)
{
	const double epsilon = m->o->epsilon;

	m->flow->calls++;
	if (m->flow->eval(m->flow, t, m->n, x, out, epsilon > 0 ? m->s : NULL, e) != 0)
		return err_in(e, "flow at t = %g", t);
	for (int64_t i = 0; i < m->size && epsilon > 0; i++)
		out[i] += m->sign * epsilon * m->s[i];
	return 0;
}

static void kick(struct march *m, double h, double *x)
{
	const int64_t dim = m->flow->dim;
	const double scale = sqrt(2 * m->o->epsilon * fabs(h));

	for (int64_t k = 0; k < m->n; k++)
		rng_normal(rng_stream(m->seed, "flow noise", 0, (uint64_t)(m->first + k)), (uint64_t)(m->kicks * dim),
			   (size_t)dim, m->point + k * dim);
	m->kicks++;
	for (int64_t i = 0; i < m->size; i++)
		x[i] += scale * m->point[i];
}

static void move(const struct march *m, const double *from, double h, const double *b, double *to)
{
	for (int64_t i = 0; i < m->size; i++)
		to[i] = from[i] + h * b[i];
}

/* One step of length h; b[0] keeps the first slope. Noise comes before the stages of Heun's rule and after Euler's
 * step. */
static int step(struct march *m, double t, double h, double *x, struct err *e)
{
	static const double part[4] = { 0, 0.5, 0.5, 1 }, weight[4] = { 1. / 6, 1. / 3, 1. / 3, 1. / 6 };
	const bool noisy = m->o->epsilon > 0;

	if (noisy && m->o->method == FLOW_HEUN)
		kick(m, h, x);
	if (slope(m, t, x, m->b[0], e) != 0)
		return -1;
	if (m->o->method == FLOW_EULER) {
		move(m, x, h, m->b[0], x);
		if (noisy)
			kick(m, h, x);
		return 0;
	}
	if (m->o->method == FLOW_HEUN) {
		move(m, x, h, m->b[0], m->point);
		if (slope(m, t + h, m->point, m->b[1], e) != 0)
			return -1;
		for (int64_t i = 0; i < m->size; i++)
			x[i] += h / 2 * (m->b[0][i] + m->b[1][i]);
		return 0;
	}
	for (int k = 1; k < 4; k++) {
		move(m, x, h * part[k], m->b[k - 1], m->point);
		if (slope(m, t + h * part[k], m->point, m->b[k], e) != 0)
			return -1;
	}
	for (int64_t i = 0; i < m->size; i++)
		for (int k = 0; k < 4; k++)
			x[i] += h * weight[k] * m->b[k][i];
	return 0;
}

static int march(struct march *m, double *x, double *start, struct err *e)
{
	const struct flow_options *o = m->o;
	const double h = (o->to - o->from) / (double)o->steps;

	memcpy(start, x, (size_t)m->size * sizeof *x);
	for (int64_t k = 0; k < o->steps; k++) {
		const double t = o->from + (double)k * h;

		if (step(m, t, k + 1 < o->steps ? h : o->to - t, x, e) != 0)
			return -1;
		for (int64_t i = 0; i < m->size; i++) {
			if (!isfinite(x[i]))
				return err_set(e, ERR_FAIL, "step %lld, t = %g: the state is not finite", (long long)k,
					       t);
			m->sum[i] += m->b[0][i] / (double)o->steps;
			m->square[i] += m->b[0][i] * m->b[0][i] / (double)o->steps;
		}
	}
	return 0;
}

int flow_march(struct flow *f, const struct flow_options *o, uint64_t seed, int64_t first, int64_t n, double *x,
	       double *straightness, struct err *e)
{
	enum { ARRAYS = 9 };
	struct march m = { .flow = f, .o = o, .seed = seed, .first = first, .n = n, .size = n * f->dim };
	int status;

	if (o->epsilon > 0 && o->method == FLOW_RK4)
		return err_set(e, ERR_USAGE, "method rk4 has no noise: euler and heun do");
	m.sign = o->to > o->from ? 1 : -1;
	m.memory = mem_new(ARRAYS * m.size, sizeof(double), "states of a flow", e);
	if (!m.memory)
		return -1;
	for (int k = 0; k < 4; k++)
		m.b[k] = m.memory + k * m.size;
	m.s = m.memory + 4 * m.size;
	m.point = m.s + m.size;
	m.sum = m.point + m.size;
	m.square = m.sum + m.size;
	double *start = m.square + m.size;

	status = march(&m, x, start, e);
	/* mean |d - b|^2 = d^2 - 2 d mean(b) + mean(b^2) */
	for (int64_t k = 0; k < n && straightness; k++) {
		straightness[k] = 0;
		for (int64_t i = k * f->dim; i < (k + 1) * f->dim; i++) {
			const double d = (x[i] - start[i]) / (o->to - o->from);

			straightness[k] += d * d - 2 * d * m.sum[i] + m.square[i];
		}
		straightness[k] = fmax(straightness[k], 0); /* of a straight path only rounding is left */
	}
	free(m.memory);
	return status;
}
