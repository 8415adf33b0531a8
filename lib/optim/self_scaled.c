/* self_scaled.c: quasi-Newton methods with the whole inverse Hessian: BFGS, self-scaled BFGS and self-scaled Broyden
 * (Al-Baali 1998; Al-Baali, Khalfan 2005), which Urban, Stefanou, Pons (2025, arXiv 2405.04230) found to reach far
 * lower losses of physics-informed networks than L-BFGS. n trained scalars need n^2 doubles: for small networks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "optim/flat.h"

enum method { METHOD_BFGS, METHOD_SSBFGS, METHOD_SSBROYDEN };
static const char *const method_names[] = { "bfgs", "ssbfgs", "ssbroyden", NULL };

struct self_scaled {
	int method;
	int64_t line_search, adam;
	double c1, c2, adam_lr;
};
static const struct key keys[] = {
	KEY_ONE_OF(struct self_scaled, method, "ssbroyden", method_names, "update of the inverse Hessian"),
	KEY_INT(struct self_scaled, line_search, "25", 1, 1000, "most evaluations a line search may use"),
	KEY_REAL(struct self_scaled, c1, "1e-4", 0, 1, "sufficient decrease"),
	KEY_REAL(struct self_scaled, c2, "0.9", 0, 1, "curvature condition"),
	KEY_INT(struct self_scaled, adam, "0", 0, 1e9, "first steps by Adam; without any, self-scaling starts slowly"),
	KEY_REAL(struct self_scaled, adam_lr, "1e-3", 0, 1000, "learning rate of these, as a multiple of train.lr"),
	KEY_END,
};

enum { AT_INVERSE, AT_GRADIENT, AT_NEWTON, AT_COUNTERS, AT_MOMENTS }; /* newton: inverse times gradient */
enum { COUNT_STARTED, COUNT_READY, COUNT_LOSS, N_COUNTERS }; /* started: the inverse is set; ready: the rest is */
enum { LARGEST = 20000, TASKS = 16 };
/* Vectors of n in o->room: of step, of update, of learn, and TASKS of sweep. */
enum { ROOM_STEP = 0, ROOM_UPDATE = 4, ROOM_LEARN = 6, ROOM_SWEEP = 8, ROOM_VECTORS = ROOM_SWEEP + TASKS };

static double *state(struct optim *o, int which)
{
	return o->state.at[which].value.data;
}

static int start(struct optim *o, struct err *e)
{
	const struct self_scaled *c = o->config;
	const int64_t n = flat_count(o->params);

	if (n == 0 || n > LARGEST)
		return err_set(
			e, ERR_USAGE,
			"optim quasi_newton keeps a matrix of the square of the trained numbers: %lld of them, at "
			"most %d; lbfgs has no such limit",
			(long long)n, LARGEST);
	if (!(o->room = mem_new(ROOM_VECTORS * n, sizeof *o->room, "room of quasi_newton", e)))
		return -1;
	/* row i of the lower triangle follows row i - 1 */
	flat_add_state(o, "inverse", n * (n + 1) / 2, 0);
	flat_add_state(o, "gradient", n, 0);
	flat_add_state(o, "newton", n, 0);
	flat_add_state(o, "counters", N_COUNTERS, 0);
	if (c->adam > 0)
		flat_add_state(o, "moments", 2, n);
	return 0;
}

/* ---- the matrix -------------------------------------------------------------------------------------------------- */

/* H <- scale H + a p p^T + b q q^T, and y = H x of the new H: one pass over the triangle. Rows are cut into TASKS parts
 * of about equal size whatever the threads; every part adds to a vector of its own. */
struct sweep {
	double *h;
	int64_t n;
	double scale, a, b;
	const double *p, *q, *x;
	double *part; /* TASKS x n */
};

static int64_t cut(int64_t n, int64_t task)
{
	return (int64_t)floor((double)n * sqrt((double)task / TASKS));
}

static void sweep_rows(void *context, int64_t task, int worker)
{
	const struct sweep *s = context;
	double *restrict y = s->part + task * s->n;
	const double *restrict p = s->p, *restrict q = s->q, *restrict x = s->x;

	(void)worker;
	memset(y, 0, (size_t)s->n * sizeof *y);
	for (int64_t i = cut(s->n, task); i < cut(s->n, task + 1); i++) {
		double *restrict row = s->h + i * (i + 1) / 2;
		const double ap = p ? s->a * p[i] : 0, bq = q ? s->b * q[i] : 0, xi = x[i];
		double lane[8] = { 0 }, sum = 0;
		int64_t j = 0;

		if (p)
			for (int64_t k = 0; k <= i; k++)
				row[k] = s->scale * row[k] + ap * p[k] + bq * q[k];
		for (; j + 8 <= i; j += 8)
			for (int l = 0; l < 8; l++) {
				lane[l] += row[j + l] * x[j + l];
				y[j + l] += row[j + l] * xi;
			}
		for (; j < i; j++) {
			sum += row[j] * x[j];
			y[j] += row[j] * xi;
		}
		for (int l = 0; l < 8; l++)
			sum += lane[l];
		y[i] += sum + row[i] * xi;
	}
}

static void sweep(const struct optim *o, struct sweep *s, double *y)
{
	s->part = o->room + ROOM_SWEEP * s->n;
	pool_run(TASKS, sweep_rows, s);
	memset(y, 0, (size_t)s->n * sizeof *y);
	for (int t = 0; t < TASKS; t++)
		flat_add(s->n, 1, s->part + t * s->n, y);
}

static void identity(double *h, int64_t n, double value)
{
	memset(h, 0, (size_t)(n * (n + 1) / 2) * sizeof *h);
	for (int64_t i = 0; i < n; i++)
		h[i * (i + 1) / 2 + i] = value;
}

/* ---- the update -------------------------------------------------------------------------------------------------- */

/* Scaling tau and Broyden's phi from b = s.H^-1 s / s.y and h = y.H y / s.y. */
static void scaling(enum method method, int64_t n, double b, double h, double *tau, double *phi)
{
	const double first = fmin(1, 1 / b), a = h * b - 1; /* a >= 0 by Cauchy and Schwarz */

	*tau = method == METHOD_BFGS ? 1 : first;
	*phi = 1;
	if (method != METHOD_SSBROYDEN || !(a > 1e-12))
		return;
	const double c = sqrt(a / (1 + a)), rho = fmin(1, h * (1 - c)), low = (rho - 1) / a, high = 1 / rho;
	const double theta = fmax(low, fmin(high, (1 - b) / b)), sigma = 1 + a * theta;
	const double root = pow(sigma, -1 / (double)(n > 1 ? n - 1 : 1));

	*tau = theta > 0 ? first * fmin(root, 1 / theta) : fmin(first * root, sigma);
	*phi = (1 - theta) / sigma;
}

/* H <- (H - Hy Hy^T / y.Hy + phi v v^T) / tau + s s^T / s.y with v = sqrt(y.Hy) (s / s.y - Hy / y.Hy): two rank-one
 * terms in the plane of s and Hy, found from their 2 x 2 matrix. out = H x of the new one. */
static void update(struct optim *o, int64_t n, double tau, double phi, double sy, double yhy, const double *s,
		   const double *hy, const double *x, double *out)
{
	/* [s Hy] M [s Hy]^T */
	const double ss = phi * yhy / (sy * sy) / tau + 1 / sy, sh = -phi / sy / tau, hh = (phi - 1) / yhy / tau;
	double *p = o->room + ROOM_UPDATE * n, *q = p + n;
	struct sweep sw = { .h = state(o, AT_INVERSE), .n = n, .scale = 1 / tau, .a = ss, .p = p, .q = q, .x = x };

	/* M = ss (s + k Hy)(s + k Hy)^T + (hh - sh^2/ss) Hy Hy^T, ss > 0 */
	for (int64_t i = 0; i < n; i++) {
		p[i] = s[i] + sh / ss * hy[i];
		q[i] = hy[i];
	}
	sw.b = hh - sh * sh / ss;
	sweep(o, &sw, out);
}

/* Loss, gradient and inverse times gradient where the parameters stand. */
static int look(struct optim *o, int64_t n, bool *fresh, struct err *e)
{
	double *counter = state(o, AT_COUNTERS), *g = state(o, AT_GRADIENT);
	struct sweep all = { .h = state(o, AT_INVERSE), .n = n, .x = g };

	*fresh = counter[COUNT_STARTED] == 0;
	if (counter[COUNT_READY] != 0 && !*fresh)
		return 0;
	if (counter[COUNT_READY] == 0 && o->evaluate(o->context, &counter[COUNT_LOSS], e) != 0)
		return -1;
	if (counter[COUNT_READY] == 0)
		flat_gather(o->gradient, o->params, g);
	if (*fresh)
		identity(all.h, n, 1);
	sweep(o, &all, state(o, AT_NEWTON));
	counter[COUNT_READY] = counter[COUNT_STARTED] = 1;
	return 0;
}

/* After a step s from gradient g to g_new with length a along -newton: the new matrix, and newton for g_new. */
static void learn(struct optim *o, int64_t n, bool fresh, double a, const double *s, const double *g_new)
{
	const struct self_scaled *c = o->config;
	double *h = state(o, AT_INVERSE), *g = state(o, AT_GRADIENT), *newton = state(o, AT_NEWTON), tau, phi;
	double *y = o->room + ROOM_LEARN * n, *hy = y + n;
	struct sweep all = { .h = h, .n = n, .x = g_new };

	for (int64_t i = 0; i < n; i++)
		y[i] = g_new[i] - g[i];
	const double sy = flat_dot(n, s, y), yy = flat_dot(n, y, y), ss = flat_dot(n, s, s);
	if (!(sy > 1e-14 * sqrt(ss * yy) && sy > 0)) {
		sweep(o, &all, newton);
	} else if (fresh) { /* the first matrix has the size of the curvature met (Nocedal, Wright 2006, eq. 6.20) */
		identity(h, n, sy / yy);
		for (int64_t i = 0; i < n; i++)
			hy[i] = sy / yy * y[i];
		update(o, n, 1, 1, sy, sy, s, hy, g_new, newton);
	} else {
		sweep(o, &all, hy);
		for (int64_t i = 0; i < n; i++)
			hy[i] -= newton[i];
		const double yhy = flat_dot(n, y, hy);

		scaling((enum method)c->method, n, -a * flat_dot(n, s, g) / sy, yhy / sy, &tau, &phi);
		update(o, n, tau, phi, sy, yhy, s, hy, g_new, newton);
	}
}

static int step(struct optim *o, double lr, double *loss, struct err *e)
{
	const struct self_scaled *c = o->config;
	const int64_t n = o->state.at[AT_GRADIENT].value.shape.dim[0];
	double *counter = state(o, AT_COUNTERS), *g = state(o, AT_GRADIENT), *newton = state(o, AT_NEWTON);
	bool fresh;

	if (o->t < c->adam)
		return flat_adam_step(o, lr * c->adam_lr, state(o, AT_MOMENTS), loss, e);
	if (look(o, n, &fresh, e) != 0)
		return -1;
	double *x0 = o->room + ROOM_STEP * n, *d = x0 + n, *x = d + n, *g_new = x + n;
	double slope = -flat_dot(n, g, newton);
	int status = 0;

	if (!(slope < 0)) { /* rounding has spoilt the matrix: begin again */
		identity(state(o, AT_INVERSE), n, 1);
		memcpy(newton, g, (size_t)n * sizeof *g);
		slope = -flat_dot(n, g, g);
		fresh = true;
	}
	flat_gather(o->params, o->params, x0);
	for (int64_t i = 0; i < n; i++)
		d[i] = -newton[i];
	*loss = counter[COUNT_LOSS];
	o->t++;
	if (slope < 0) {
		struct flat_line l = { o, n, c->line_search, c->c1, c->c2, x0, d, x, g_new, 0, *loss, slope };

		status = flat_search(&l, *loss, slope, fresh ? lr * fmin(1, 1 / sqrt(-slope)) : lr, e);
		for (int64_t i = 0; i < n; i++)
			d[i] *= l.a;
		if (status == 0 && l.a != 0)
			learn(o, n, fresh, l.a, d, g_new);
		else
			counter[COUNT_STARTED] = 0; /* no step decreases the loss: the next one begins again */
		memcpy(g, g_new, (size_t)n * sizeof *g);
		counter[COUNT_LOSS] = l.loss;
	}
	return status;
}

/* The matrix stays: the new loss is taken for a close relative of the old. */
static void changed(struct optim *o)
{
	state(o, AT_COUNTERS)[COUNT_READY] = 0;
}

static const struct optim_class quasi_newton = {
	.name = "quasi_newton",
	.summary = "BFGS, self-scaled BFGS or Broyden with the whole inverse Hessian; small models, full batches",
	.source = "Al-Baali, Khalfan 2005; Urban, Stefanou, Pons, arXiv 2405.04230",
	.config_size = sizeof(struct self_scaled),
	.keys = keys,
	.default_lr = 1,
	.start = start,
	.step = step,
	.changed = changed,
};
const struct optim_class *const optim_file_self_scaled[] = { &quasi_newton, NULL };
