/* equilibrium.c: solving for equilibria, and the implicit function theorem backwards. */
#include "diffeq/equilibrium.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/plan.h"
#include "num/krylov.h"
#include "num/lapack.h"

const char *const equilibrium_method_names[] = { "iterate", "anderson", "newton", "broyden", NULL };

struct equilibrium {
	struct graph *g;
	enum dtype real;
	node z, tangent, cotangent, *shared;
	bool rate, *wrt;
	int n_shared, *shared_out;
	struct plan *value, *forward, *back, *gradient;
	size_t *shared_bytes;
	int64_t n, evaluations;
	char *at, *in, *out; /* in the graph's type */
	double *work;
};

static void bind(struct equilibrium *q, struct plan *p, const void *const *shared)
{
	for (int i = 0; i < q->n_shared; i++)
		plan_bind(p, q->shared[i], shared[i]);
	plan_bind(p, q->z, q->at);
}

struct equilibrium *equilibrium_new(struct graph *g, const struct equilibrium_spec *spec, struct err *e)
{
	struct equilibrium *q = xcalloc(1, sizeof *q);
	node *wrt = xcalloc((size_t)spec->n_shared + 1, sizeof *wrt),
	     *grad = xcalloc((size_t)spec->n_shared + 1, sizeof *grad);
	node tangent, by_z;
	int n_wrt = 0, n_out = 0;
	struct shape s = graph_shape(g, spec->z), f = graph_shape(g, spec->f);
	char a[SHAPE_TEXT], b[SHAPE_TEXT];

	q->g = g;
	q->real = graph_real(g);
	q->rate = spec->rate;
	q->z = spec->z;
	q->n = shape_count(&s);
	q->n_shared = spec->n_shared;
	q->shared = xcalloc((size_t)q->n_shared + 1, sizeof *q->shared);
	q->wrt = xcalloc((size_t)q->n_shared + 1, sizeof *q->wrt);
	q->shared_out = xcalloc((size_t)q->n_shared + 1, sizeof *q->shared_out);
	q->shared_bytes = xcalloc((size_t)q->n_shared + 1, sizeof *q->shared_bytes);
	if (!graph_error(g) && !shape_equal(&s, &f)) {
		err_set(e, ERR_USAGE, "equilibrium: z is %s, F(z) %s", shape_text(a, &s), shape_text(b, &f));
		goto fail;
	}
	for (int i = 0; i < q->n_shared; i++) {
		struct shape p = graph_shape(g, spec->shared[i]);

		q->shared[i] = spec->shared[i];
		q->shared_bytes[i] = (size_t)shape_count(&p) * dtype_size(graph_dtype(g, spec->shared[i]));
		q->wrt[i] = (!spec->wrt || spec->wrt[i]) && graph_dtype(g, spec->shared[i]) == q->real;
		if (q->wrt[i])
			wrt[n_wrt++] = spec->shared[i];
	}
	q->tangent = graph_input(g, "tangent", q->real, &s);
	q->cotangent = graph_input(g, "cotangent", q->real, &s);
	graph_jvp(g, 1, &q->z, &q->tangent, 1, &spec->f, &tangent);
	graph_vjp(g, 1, &spec->f, &q->cotangent, 1, &q->z, &by_z);
	graph_vjp(g, 1, &spec->f, &q->cotangent, n_wrt, wrt, grad);
	if (graph_error(g)) {
		err_set(e, ERR_USAGE, "equilibrium: %s", graph_error(g)->message);
		goto fail;
	}
	n_wrt = 0;
	for (int i = 0; i < q->n_shared; i++) {
		node d = q->wrt[i] ? grad[n_wrt++] : NODE_NONE;

		q->shared_out[i] = node_is(d) ? n_out : -1;
		if (node_is(d))
			wrt[n_out++] = d;
	}
	if (n_out == 0)
		wrt[n_out++] = graph_scalar(g, 0);
	if (!node_is(tangent) || !node_is(by_z)) {
		err_set(e, ERR_USAGE, "equilibrium: F does not depend on z");
		goto fail;
	}
	q->value = plan_new(g, 1, &spec->f, e);
	q->forward = q->value ? plan_new(g, 1, &tangent, e) : NULL;
	q->back = q->forward ? plan_new(g, 1, &by_z, e) : NULL;
	q->gradient = q->back ? plan_new(g, n_out, wrt, e) : NULL;
	if (!q->gradient)
		goto fail;
	q->at = xaligned((size_t)q->n * dtype_size(q->real));
	q->in = xaligned((size_t)q->n * dtype_size(q->real));
	q->out = xaligned((size_t)q->n * dtype_size(q->real));
	q->work = xaligned((size_t)(4 * q->n) * sizeof *q->work);
	free(wrt);
	free(grad);
	return q;
fail:
	free(wrt);
	free(grad);
	equilibrium_free(q);
	return NULL;
}

void equilibrium_free(struct equilibrium *q)
{
	if (!q)
		return;
	plan_free(q->value);
	plan_free(q->forward);
	plan_free(q->back);
	plan_free(q->gradient);
	free(q->shared);
	free(q->wrt);
	free(q->shared_out);
	free(q->shared_bytes);
	free(q->at);
	free(q->in);
	free(q->out);
	free(q->work);
	free(q);
}

/* out = the plan's value, in double. */
static int run_plan(struct equilibrium *q, struct plan *p, double *out, struct err *e)
{
	q->evaluations++;
	plan_bind_out(p, 0, q->out);
	if (plan_run(p, e) != 0)
		return -1;
	tensor_convert(q->real, q->out, DTYPE_F64, out, q->n);
	return 0;
}

/* r = F(z) - z, or F(z); z is set as the point of linearisation. */
static int residual(struct equilibrium *q, const double *z, double *r, struct err *e)
{
	tensor_convert(DTYPE_F64, z, q->real, q->at, q->n);
	if (run_plan(q, q->value, r, e) != 0)
		return -1;
	for (int64_t i = 0; i < q->n && !q->rate; i++)
		r[i] -= z[i];
	return 0;
}

static double size(int64_t n, const double *v)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += v[i] * v[i];
	return sqrt(sum / (double)n);
}

/* Products with the residual's Jacobian and its transpose. */
static int product(struct equilibrium *q, struct plan *p, const double *x, double *ax, struct err *e)
{
	tensor_convert(DTYPE_F64, x, q->real, q->in, q->n);
	if (run_plan(q, p, ax, e) != 0)
		return -1;
	for (int64_t i = 0; i < q->n && !q->rate; i++)
		ax[i] -= x[i];
	return 0;
}

static int times_jacobian(void *context, const double *x, double *ax, struct err *e)
{
	struct equilibrium *q = context;

	return product(q, q->forward, x, ax, e);
}

static int times_transpose(void *context, const double *x, double *ax, struct err *e)
{
	struct equilibrium *q = context;

	return product(q, q->back, x, ax, e);
}

struct mixing {
	int m, n_kept;
	double *z_step, *r_step; /* m rows of differences of iterates and residuals, newest last */
	double *columns, *coefficient;
};

/* z+ = z + r - sum_k c_k (dz_k + dr_k) with c = argmin |r - sum c_k dr_k|. */
static void mix(struct mixing *x, int64_t n, const double *z, const double *r, double *next)
{
	const int k = x->n_kept;
	int rank;

	for (int64_t i = 0; i < n; i++)
		for (int j = 0; j < k; j++)
			x->columns[i * k + j] = x->r_step[j * n + i];
	if (k > 0 && num_least_squares(n, k, 1, x->columns, r, 1e-12, x->coefficient, &rank) != 0)
		memset(x->coefficient, 0, (size_t)k * sizeof *x->coefficient);
	for (int64_t i = 0; i < n; i++) {
		next[i] = z[i] + r[i];
		for (int j = 0; j < k; j++)
			next[i] -= x->coefficient[j] * (x->z_step[j * n + i] + x->r_step[j * n + i]);
	}
}

static void remember(struct mixing *x, int64_t n, const double *z, const double *before, const double *r,
		     const double *r_before)
{
	if (x->m == 0)
		return;
	if (x->n_kept == x->m) {
		memmove(x->z_step, x->z_step + n, (size_t)((x->m - 1) * n) * sizeof *z);
		memmove(x->r_step, x->r_step + n, (size_t)((x->m - 1) * n) * sizeof *z);
		x->n_kept--;
	}
	for (int64_t i = 0; i < n; i++) {
		x->z_step[x->n_kept * n + i] = z[i] - before[i];
		x->r_step[x->n_kept * n + i] = r[i] - r_before[i];
	}
	x->n_kept++;
}

static double dot(int64_t n, const double *a, const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* Broyden 1965 by Sherman and Morrison: the inverse H = -I + sum_k u_k v_k^T, rows u in z_step, v in r_step. */
static void inverse(const struct mixing *x, int64_t n, const double *u, const double *v, const double *a, double *out)
{
	for (int64_t i = 0; i < n; i++)
		out[i] = -a[i];
	for (int k = 0; k < x->n_kept; k++) {
		const double along = dot(n, v + k * n, a);

		for (int64_t i = 0; i < n; i++)
			out[i] += along * u[k * n + i];
	}
}

static void broyden_step(const struct mixing *x, int64_t n, const double *z, const double *r, double *next)
{
	inverse(x, n, x->z_step, x->r_step, r, next);
	for (int64_t i = 0; i < n; i++)
		next[i] = z[i] - next[i];
}

/* H+ = H + (s - H y) (s^T H) / (s^T H y) for s = dz, y = dr. */
static void broyden_update(struct mixing *x, int64_t n, const double *z, const double *before, const double *r,
			   const double *r_before)
{
	double *s = x->columns, *y = s + n, *u, *v, scale;

	if (x->n_kept == x->m)
		x->n_kept = 0;
	u = x->z_step + x->n_kept * n;
	v = x->r_step + x->n_kept * n;
	for (int64_t i = 0; i < n; i++) {
		s[i] = z[i] - before[i];
		y[i] = r[i] - r_before[i];
	}
	inverse(x, n, x->z_step, x->r_step, y, u);
	inverse(x, n, x->r_step, x->z_step, s, v);
	scale = dot(n, s, u);
	if (!(fabs(scale) > 1e-12 * dot(n, s, s))) /* no update that is worth its rounding */
		return;
	for (int64_t i = 0; i < n; i++)
		u[i] = (s[i] - u[i]) / scale;
	x->n_kept++;
}

/* The linear system to a tenth of what is asked of the residual, as far as products in the graph's type tell. */
static int newton_step(struct equilibrium *q, const struct equilibrium_run *run, double wanted, const double *z,
		       const double *r, double *next, struct err *e)
{
	const int krylov = run->memory > 0 ? run->memory : 30;
	const double least = q->real == DTYPE_F32 ? 1e-6 : 1e-10;
	const double tolerance = fmin(0.1, fmax(least, 0.1 * wanted));

	memset(next, 0, (size_t)q->n * sizeof *next);
	if (num_gmres(q->n, times_jacobian, q, r, tolerance, 0, krylov, 20 * krylov, next, NULL, NULL, e) < 0)
		return -1;
	for (int64_t i = 0; i < q->n; i++)
		next[i] = z[i] - next[i];
	return 0;
}

int equilibrium_solve(struct equilibrium *q, const struct equilibrium_run *run, struct equilibrium_result *result,
		      struct err *e)
{
	const double tolerance = run->tolerance > 0 ? run->tolerance : 1e-10;
	const int64_t most = run->max_iterations > 0 ? run->max_iterations : 200, n = q->n;
	const bool broyden = run->method == EQUILIBRIUM_BROYDEN, keeps = broyden || run->method == EQUILIBRIUM_ANDERSON;
	struct mixing x = { .m = !keeps ? 0 : run->memory > 0 ? run->memory : broyden ? 30 : 8 };
	double *z = q->work, *r = z + n, *next = r + n, *r_next = next + n, now;
	int64_t k = 0;
	int status = -1;

	q->evaluations = 0;
	x.z_step = mem_new((3 * x.m + 2) * n + x.m, sizeof *x.z_step, "iterates of an equilibrium", e);
	if (!x.z_step)
		return -1;
	x.r_step = x.z_step + x.m * n;
	x.columns = x.r_step + x.m * n;
	x.coefficient = x.columns + (x.m + 2) * n;
	bind(q, q->value, run->shared);
	bind(q, q->forward, run->shared);
	plan_bind(q->forward, q->tangent, q->in);
	tensor_convert(q->real, run->z, DTYPE_F64, z, n);
	if (residual(q, z, r, e) != 0)
		goto out;
	for (now = size(n, r); now > tolerance && isfinite(now) && k < most; k++) {
		if (run->method == EQUILIBRIUM_NEWTON) {
			if (newton_step(q, run, tolerance / now, z, r, next, e) != 0)
				goto out;
		} else if (broyden) {
			broyden_step(&x, n, z, r, next);
		} else {
			mix(&x, n, z, r, next);
		}
		if (residual(q, next, r_next, e) != 0)
			goto out;
		if (broyden)
			broyden_update(&x, n, next, z, r_next, r);
		else
			remember(&x, n, next, z, r_next, r);
		memcpy(z, next, (size_t)n * sizeof *z);
		memcpy(r, r_next, (size_t)n * sizeof *r);
		now = size(n, r);
	}
	tensor_convert(DTYPE_F64, z, q->real, run->z, n);
	status = now <= tolerance
			 ? 0
			 : err_set(e, ERR_FAIL, "no equilibrium after %lld iterations, residual %g", (long long)k, now);
	if (result)
		*result = (struct equilibrium_result){ k, q->evaluations, now };
out:
	free(x.z_step);
	return status;
}

int equilibrium_backward(struct equilibrium *q, const struct equilibrium_run *run, const void *z_bar,
			 void *const *grad_shared, struct equilibrium_result *result, struct err *e)
{
	const double tolerance = run->tolerance > 0 ? run->tolerance : 1e-10;
	const int krylov = run->memory > 0 ? run->memory : 30;
	double *w = q->work, *right = w + q->n, left;
	int64_t products;
	int status;

	q->evaluations = 0;
	bind(q, q->back, run->shared);
	bind(q, q->gradient, run->shared);
	plan_bind(q->back, q->cotangent, q->in);
	plan_bind(q->gradient, q->cotangent, q->in);
	memcpy(q->at, run->z, (size_t)q->n * dtype_size(q->real));
	tensor_convert(q->real, z_bar, DTYPE_F64, right, q->n);
	memset(w, 0, (size_t)q->n * sizeof *w);
	status = num_gmres(q->n, times_transpose, q, right, tolerance, 0, krylov, 100 * krylov, w, &products, &left, e);
	if (status < 0)
		return -1;
	if (status > 0)
		return err_set(e, ERR_FAIL, "equilibrium: its adjoint is not solved after %lld products, residual %g",
			       (long long)products, left);
	for (int64_t i = 0; i < q->n; i++)
		w[i] = -w[i];
	tensor_convert(DTYPE_F64, w, q->real, q->in, q->n);
	for (int i = 0; i < q->n_shared; i++) {
		if (!grad_shared[i])
			continue;
		if (q->shared_out[i] >= 0)
			plan_bind_out(q->gradient, q->shared_out[i], grad_shared[i]);
		else
			memset(grad_shared[i], 0, q->shared_bytes[i]);
	}
	q->evaluations++;
	if (plan_run(q->gradient, e) != 0)
		return -1;
	if (result)
		*result = (struct equilibrium_result){ products, q->evaluations, left };
	return 0;
}
