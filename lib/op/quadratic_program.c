/* quadratic_program.c: convex quadratic programs as ops (Amos, Kolter, OptNet, arXiv 1703.00443): solved by a
 * primal-dual interior point method with predictor and corrector (Nocedal, Wright 2006, algorithm 16.4), differentiated
 * by the implicit function theorem on the equations of Karush, Kuhn and Tucker, in ops, so that derivatives have
 * derivatives. */
#include <math.h>
#include <string.h>

#include "num/lapack.h"
#include "op/rule.h"

/* Arguments Q (b, n, n), q (b, n), then G (b, m, n), h (b, m) and A (b, p, n), b (b, p) where there are any; the result
 * is z, the multipliers of G z <= h and those of A z = b, one after the other. Q's symmetric part counts. */
struct program_attr {
	int64_t bounds, equations; /* are there any? */
	double shift;		   /* of the diagonal */
};

static const struct op_class program_op;

struct sizes {
	int64_t n, m, p, all;
	int g, a; /* arguments, or -1 */
};

static struct sizes sizes_of(const struct program_attr *c, const struct shape *Q, const struct shape *G,
			     const struct shape *A)
{
	struct sizes s = { .n = Q->dim[1], .g = -1, .a = -1 };

	if (c->bounds) {
		s.g = 2;
		s.m = G->dim[1];
	}
	if (c->equations) {
		s.a = c->bounds ? 4 : 2;
		s.p = A->dim[1];
	}
	s.all = s.n + s.m + s.p;
	return s;
}

static int infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct program_attr *c = attr;
	const int64_t batch = in[0].shape.dim[0], n = in[0].shape.rank == 3 ? in[0].shape.dim[1] : 0;
	char a[SHAPE_TEXT], b[SHAPE_TEXT];
	int64_t all = n;

	if (n == 0 || in[0].dtype == DTYPE_I32 || in[0].shape.dim[2] != n)
		return err_set(e, ERR_USAGE, "quadratic program with the matrix %s, wanted (b, n, n)",
			       shape_text(a, &in[0].shape));
	for (int k = 1; k < n_args; k++) {
		const bool matrix = k % 2 == 0;
		struct shape want = in[k].shape;

		want.dim[0] = batch;
		if (k == 1 && want.rank == 2)
			want.dim[1] = n;
		if (matrix && want.rank == 3)
			want.dim[2] = n;
		if (k > 1 && !matrix && want.rank == 2)
			want.dim[1] = in[k - 1].shape.dim[1];
		if (want.rank != 2 + matrix || in[k].dtype != in[0].dtype || !shape_equal(&want, &in[k].shape))
			return err_set(e, ERR_USAGE, "quadratic program with the matrix %s and argument %d %s %s",
				       shape_text(a, &in[0].shape), k, dtype_name(in[k].dtype),
				       shape_text(b, &in[k].shape));
		all += matrix ? in[k].shape.dim[1] : 0;
	}
	(void)c;
	*out = (struct op_shape){ in[0].dtype, shape_of(batch, all) };
	return 0;
}

/* ---- derivatives --------------------------------------------------------------------------------- */

/* The solution's equations: Q z + q + G' l + A' v = 0, l (G z - h) = 0, A z - b = 0. */
struct kkt {
	struct sizes s;
	node arg[6], z, l, v; /* z, l, v as columns (b, ., 1); NODE_NONE: none */
	node jacobian;	      /* (b, all, all) */
};

static node transposed(struct graph *g, node a)
{
	return op_permute(g, a, (const int[]){ 0, 2, 1 });
}

static node column(struct graph *g, node a)
{
	struct shape s = graph_shape(g, a);

	s = shape_of(s.dim[0], s.dim[1], 1);
	return op_reshape(g, a, &s);
}

static node part(struct graph *g, node y, int64_t first, int64_t n)
{
	return n > 0 ? op_slice(g, y, 1, first, n, 1) : NODE_NONE;
}

static node zeros(struct graph *g, node like, int64_t rows, int64_t columns)
{
	struct shape s = shape_of(graph_shape(g, like).dim[0], rows, columns);

	return op_broadcast(g, op_number(g, like, 0), &s);
}

/* diag(a) for columns a (b, k, 1). */
static node diagonal(struct graph *g, node a)
{
	const int64_t k = graph_shape(g, a).dim[1];
	struct shape s = shape_of(k, k);
	struct tensor t = tensor_new(graph_dtype(g, a), &s);

	for (int64_t i = 0; i < k; i++)
		tensor_set(&t, i * (k + 1), 1);
	node one = graph_constant(g, &t);

	tensor_free(&t);
	return op_mul(g, a, one);
}

static node stacked(struct graph *g, int n, const node *a, int axis)
{
	node some[3];
	int k = 0;

	for (int i = 0; i < n; i++)
		if (node_is(a[i]))
			some[k++] = a[i];
	return k > 1 ? op_concat(g, k, some, axis) : some[0];
}

static const struct program_attr *attr_of(struct graph *g, node self)
{
	return graph_at(g, self)->attr;
}

/* Q's symmetric part with its shift. */
static node curvature(struct graph *g, const struct kkt *k, double shift)
{
	node Q = op_scale(g, graph_add(g, k->arg[0], transposed(g, k->arg[0])), 0.5);

	return shift != 0 ? op_add(g, Q, diagonal(g, op_scale(g, op_ones_like(g, k->z), shift))) : Q;
}

static struct kkt kkt_of(struct graph *g, node self)
{
	const struct program_attr attr = *attr_of(g, self);
	struct kkt k = { .l = NODE_NONE, .v = NODE_NONE };
	const int n_args = 2 + 2 * (attr.bounds != 0) + 2 * (attr.equations != 0);
	struct shape shape[3];
	node row[3] = { NODE_NONE, NODE_NONE, NODE_NONE };

	for (int i = 0; i < n_args; i++)
		k.arg[i] = op_arg(g, self, i);
	shape[0] = graph_shape(g, k.arg[0]);
	shape[1] = graph_shape(g, k.arg[n_args > 2 ? 2 : 0]);
	shape[2] = graph_shape(g, k.arg[n_args - 2]);
	k.s = sizes_of(&attr, &shape[0], &shape[1], &shape[2]);
	k.z = column(g, part(g, self, 0, k.s.n));
	node G = k.s.g >= 0 ? k.arg[k.s.g] : NODE_NONE, A = k.s.a >= 0 ? k.arg[k.s.a] : NODE_NONE;
	row[0] = stacked(g, 3,
			 (node[]){ curvature(g, &k, attr.shift), node_is(G) ? transposed(g, G) : NODE_NONE,
				   node_is(A) ? transposed(g, A) : NODE_NONE },
			 2);
	if (node_is(G)) {
		node slack;

		k.l = column(g, part(g, self, k.s.n, k.s.m));
		slack = op_sub(g, op_matmul(g, G, k.z), column(g, k.arg[k.s.g + 1]));
		row[1] = stacked(g, 3,
				 (node[]){ op_mul(g, G, k.l), diagonal(g, slack),
					   k.s.p > 0 ? zeros(g, G, k.s.m, k.s.p) : NODE_NONE },
				 2);
	}
	if (node_is(A)) {
		k.v = column(g, part(g, self, k.s.n + k.s.m, k.s.p));
		row[2] = stacked(g, 2, (node[]){ A, zeros(g, A, k.s.p, k.s.m + k.s.p) }, 2);
	}
	k.jacobian = stacked(g, 3, row, 1);
	return k;
}

/* J' w = cotangent; then minus w times the derivative of the equations by the argument. */
static node pull(struct graph *g, node self, int arg, node cotangent)
{
	const struct kkt k = kkt_of(g, self);
	node w = op_neg(g, op_solve(g, transposed(g, k.jacobian), column(g, cotangent)));
	node wz = part(g, w, 0, k.s.n), wl = part(g, w, k.s.n, k.s.m), wv = part(g, w, k.s.n + k.s.m, k.s.p);
	struct shape like = graph_shape(g, k.arg[arg]);
	node zt = transposed(g, k.z);

	if (arg == 0) {
		node product = op_matmul(g, wz, zt);

		return op_scale(g, graph_add(g, product, transposed(g, product)), 0.5);
	}
	if (arg == 1)
		return op_reshape(g, wz, &like);
	if (arg == k.s.g)
		return op_add(g, op_matmul(g, k.l, transposed(g, wz)), op_matmul(g, op_mul(g, k.l, wl), zt));
	if (arg == k.s.g + 1 && k.s.g >= 0)
		return op_reshape(g, op_neg(g, op_mul(g, k.l, wl)), &like);
	if (arg == k.s.a)
		return op_add(g, op_matmul(g, k.v, transposed(g, wz)), op_matmul(g, wv, zt));
	return op_reshape(g, op_neg(g, wv), &like);
}

/* J dy = minus the change of the equations. */
static node push(struct graph *g, node self, int arg, node tangent)
{
	const struct kkt k = kkt_of(g, self);
	node z = NODE_NONE, l = NODE_NONE, v = NODE_NONE;
	struct shape out = graph_shape(g, self);

	if (arg == 0) {
		z = op_scale(g, op_matmul(g, graph_add(g, tangent, transposed(g, tangent)), k.z), 0.5);
	} else if (arg == 1) {
		z = column(g, tangent);
	} else if (arg == k.s.g) {
		z = op_matmul(g, transposed(g, tangent), k.l);
		l = op_mul(g, k.l, op_matmul(g, tangent, k.z));
	} else if (arg == k.s.g + 1 && k.s.g >= 0) {
		l = op_neg(g, op_mul(g, k.l, column(g, tangent)));
	} else if (arg == k.s.a) {
		z = op_matmul(g, transposed(g, tangent), k.v);
		v = op_matmul(g, tangent, k.z);
	} else {
		v = op_neg(g, column(g, tangent));
	}
	z = node_is(z) ? z : zeros(g, self, k.s.n, 1);
	l = node_is(l) || k.s.m == 0 ? l : zeros(g, self, k.s.m, 1);
	v = node_is(v) || k.s.p == 0 ? v : zeros(g, self, k.s.p, 1);
	return op_reshape(g, op_neg(g, op_solve(g, k.jacobian, stacked(g, 3, (node[]){ z, l, v }, 1))), &out);
}

/* ---- the method ---------------------------------------------------------------------------------- */

struct problem {
	struct sizes s;
	double *Q, *q, *G, *h, *A, *b; /* as given */
	double *z, *l, *v, *slack;     /* l, slack > 0 */
	double *rz, *rl, *rv, *rc;     /* residuals; rc: of l slack */
	double *dl, *ds, *K, *step;    /* step: dz, then dv */
	int *pivot;
};

static int64_t lay(struct problem *p, double *at)
{
	const int64_t n = p->s.n, m = p->s.m, e = p->s.p, all = n + e;
	const int64_t size[] = { n * n, n, m * n, m, e * n, e, n, m, e, m, n, m, e, m, m, m, all * all, all };
	double **to[] = { &p->Q,     &p->q,  &p->G,  &p->h,  &p->A,  &p->b,  &p->z,  &p->l, &p->v,
			  &p->slack, &p->rz, &p->rl, &p->rv, &p->rc, &p->dl, &p->ds, &p->K, &p->step };
	int64_t used = 0;

	for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
		if (at)
			*to[i] = at + used;
		used += size[i];
	}
	if (at)
		p->pivot = (int *)(at + used);
	return used + all;
}

static double dot(int64_t n, const double *a, const double *b)
{
	double sum = 0;

	for (int64_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static double largest(int64_t n, const double *a, double least)
{
	for (int64_t i = 0; i < n; i++)
		least = fabs(a[i]) <= least || isnan(least) ? least : fabs(a[i]); /* NaN counts as the largest */
	return least;
}

/* Residuals of the four equations; the largest. */
static double residuals(struct problem *p)
{
	const int64_t n = p->s.n, m = p->s.m, e = p->s.p;

	for (int64_t i = 0; i < n; i++) {
		p->rz[i] = p->q[i] + dot(n, p->Q + i * n, p->z);
		for (int64_t j = 0; j < m; j++)
			p->rz[i] += p->G[j * n + i] * p->l[j];
		for (int64_t j = 0; j < e; j++)
			p->rz[i] += p->A[j * n + i] * p->v[j];
	}
	for (int64_t j = 0; j < m; j++)
		p->rl[j] = dot(n, p->G + j * n, p->z) + p->slack[j] - p->h[j];
	for (int64_t j = 0; j < e; j++)
		p->rv[j] = dot(n, p->A + j * n, p->z) - p->b[j];
	return largest(e, p->rv, largest(m, p->rl, largest(n, p->rz, 0)));
}

/* K = (Q + G' (l / slack) G, A'; A, 0), factored. */
static int factor(struct problem *p)
{
	const int64_t n = p->s.n, m = p->s.m, e = p->s.p, all = n + e;

	memset(p->K, 0, (size_t)(all * all) * sizeof *p->K);
	for (int64_t i = 0; i < n; i++)
		for (int64_t k = 0; k < n; k++) {
			double sum = p->Q[i * n + k];

			for (int64_t j = 0; j < m; j++)
				sum += p->l[j] / p->slack[j] * p->G[j * n + i] * p->G[j * n + k];
			p->K[i * all + k] = sum;
		}
	for (int64_t j = 0; j < e; j++)
		for (int64_t i = 0; i < n; i++)
			p->K[(n + j) * all + i] = p->K[i * all + n + j] = p->A[j * n + i];
	return num_lu(all, p->K, p->pivot);
}

/* The step for residuals rz, rl, rv and rc. */
static int solve_step(struct problem *p)
{
	const int64_t n = p->s.n, m = p->s.m, e = p->s.p;

	for (int64_t i = 0; i < n; i++) {
		p->step[i] = -p->rz[i];
		for (int64_t j = 0; j < m; j++)
			p->step[i] -= p->G[j * n + i] * (p->l[j] * p->rl[j] - p->rc[j]) / p->slack[j];
	}
	for (int64_t j = 0; j < e; j++)
		p->step[n + j] = -p->rv[j];
	if (num_lu_solve(false, n + e, 1, p->K, p->pivot, p->step) != 0)
		return -1;
	for (int64_t j = 0; j < m; j++) {
		p->ds[j] = -p->rl[j] - dot(n, p->G + j * n, p->step);
		p->dl[j] = (-p->rc[j] - p->l[j] * p->ds[j]) / p->slack[j];
	}
	return 0;
}

/* How far l and slack may go and stay positive. */
static double reach(const struct problem *p)
{
	double a = 1;

	for (int64_t j = 0; j < p->s.m; j++) {
		if (p->dl[j] < 0)
			a = fmin(a, -p->l[j] / p->dl[j]);
		if (p->ds[j] < 0)
			a = fmin(a, -p->slack[j] / p->ds[j]);
	}
	return a;
}

enum { ITERATIONS = 100 };

/* True: solved. */
static bool solve(struct problem *p)
{
	const int64_t n = p->s.n, m = p->s.m, e = p->s.p;
	const double scale = largest(n, p->q, largest(m, p->h, largest(e, p->b, largest(n * n, p->Q, 1))));
	double gap = INFINITY, worst = INFINITY;

	memset(p->z, 0, (size_t)n * sizeof *p->z);
	memset(p->v, 0, (size_t)e * sizeof *p->v);
	for (int64_t j = 0; j < m; j++) {
		p->l[j] = scale;
		p->slack[j] = fmax(p->h[j], scale);
	}
	for (int k = 0; k < ITERATIONS; k++) {
		double a, ahead = 0, centre;

		worst = residuals(p);
		gap = m > 0 ? dot(m, p->l, p->slack) / (double)m : 0;
		if (!isfinite(worst) || (worst < 1e-13 * scale && gap < 1e-15 * scale * scale))
			break;
		if (factor(p) != 0)
			break;
		for (int64_t j = 0; j < m; j++)
			p->rc[j] = p->l[j] * p->slack[j];
		if (solve_step(p) != 0)
			return false;
		if (m > 0) { /* how far the step without centring gets says how much centring is needed */
			a = reach(p);
			for (int64_t j = 0; j < m; j++)
				ahead += (p->l[j] + a * p->dl[j]) * (p->slack[j] + a * p->ds[j]) / (double)m;
			centre = pow(ahead / gap, 3) * gap;
			for (int64_t j = 0; j < m; j++)
				p->rc[j] += p->dl[j] * p->ds[j] - centre;
			if (solve_step(p) != 0)
				return false;
		}
		a = fmin(1, (m > 0 ? 0.995 : 1) * reach(p));
		for (int64_t i = 0; i < n; i++)
			p->z[i] += a * p->step[i];
		for (int64_t j = 0; j < e; j++)
			p->v[j] += a * p->step[n + j];
		for (int64_t j = 0; j < m; j++) {
			p->l[j] = fmax(p->l[j] + a * p->dl[j], 1e-300);
			p->slack[j] = fmax(p->slack[j] + a * p->ds[j], 1e-300);
		}
	}
	return worst < 1e-9 * scale && gap < 1e-10 * scale * scale;
}

static size_t scratch_size(const struct op_call *c)
{
	const struct program_attr *attr = c->attr;
	struct problem p = { .s = sizes_of(attr, &c->in[0].shape, &c->in[c->n_args > 2 ? 2 : 0].shape,
					   &c->in[c->n_args - 2].shape) };

	return (size_t)lay(&p, NULL) * sizeof(double);
}

static void load(const struct tensor *t, int64_t row, int64_t n, double *to)
{
	tensor_convert(t->dtype, (const char *)t->data + (size_t)(row * n) * dtype_size(t->dtype), DTYPE_F64, to, n);
}

static void store(const struct tensor *t, int64_t row, int64_t first, int64_t n, const double *from)
{
	const int64_t all = t->shape.dim[1];

	tensor_convert(DTYPE_F64, from, t->dtype, (char *)t->data + (size_t)(row * all + first) * dtype_size(t->dtype),
		       n);
}

static void eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct program_attr *attr = c->attr;
	struct problem p = { .s = sizes_of(attr, &c->in[0].shape, &c->in[c->n_args > 2 ? 2 : 0].shape,
					   &c->in[c->n_args - 2].shape) };
	const int64_t n = p.s.n;

	lay(&p, scratch);
	for (int64_t i = begin; i < end; i++) {
		load(&c->in[0], i, n * n, p.Q);
		for (int64_t r = 0; r < n; r++) {
			for (int64_t k = 0; k < r; k++)
				p.Q[r * n + k] = p.Q[k * n + r] = 0.5 * (p.Q[r * n + k] + p.Q[k * n + r]);
			p.Q[r * n + r] += attr->shift;
		}
		load(&c->in[1], i, n, p.q);
		if (p.s.g >= 0) {
			load(&c->in[p.s.g], i, p.s.m * n, p.G);
			load(&c->in[p.s.g + 1], i, p.s.m, p.h);
		}
		if (p.s.a >= 0) {
			load(&c->in[p.s.a], i, p.s.p * n, p.A);
			load(&c->in[p.s.a + 1], i, p.s.p, p.b);
		}
		if (!solve(&p))
			for (int64_t k = 0; k < p.s.all; k++)
				(k < n ? p.z : k < n + p.s.m ? p.l - n : p.v - n - p.s.m)[k] = NAN;
		store(&c->out, i, 0, n, p.z);
		store(&c->out, i, n, p.s.m, p.l);
		store(&c->out, i, n + p.s.m, p.s.p, p.v);
	}
}

static unsigned rows(const struct op_call *c)
{
	return (1u << c->n_args) - 1;
}

static const struct program_attr bounded = { 1, 0, 4 }, equal = { 0, 1, 4 };
static const struct op_sample samples[] = {
	{ 4,
	  { { DTYPE_F64, { 3, { 2, 3, 3 } }, -1, 1 },
	    { DTYPE_F64, { 2, { 2, 3 } }, -1, 1 },
	    { DTYPE_F64, { 3, { 2, 2, 3 } }, -1, 1 },
	    { DTYPE_F64, { 2, { 2, 2 } }, -1, -0.5 } },
	  &bounded,
	  1e-6 },
	{ 4,
	  { { DTYPE_F64, { 3, { 2, 3, 3 } }, -1, 1 },
	    { DTYPE_F64, { 2, { 2, 3 } }, -1, 1 },
	    { DTYPE_F64, { 3, { 2, 2, 3 } }, -1, 1 },
	    { DTYPE_F64, { 2, { 2, 2 } }, -1, 1 } },
	  &equal,
	  1e-6 },
};

static const struct op_class program_op = {
	.name = "quadratic_program",
	.help = "argmin z'Qz/2 + q'z with Gz <= h, Az = b, and the multipliers",
	.arity = -1,
	.attr_size = sizeof(struct program_attr),
	.infer = infer,
	.vjp = pull,
	.jvp = push,
	.units = op_units_rows,
	.eval = eval,
	.scratch_size = scratch_size,
	.row_args_for = rows,
	OP_SAMPLES(samples),
};
const struct op_class *const op_file_quadratic_program[] = { &program_op, NULL };

node op_quadratic_program(struct graph *g, node Q, node q, node G, node h, node A, node b, node *multipliers)
{
	const struct program_attr attr = { node_is(G), node_is(A), 0 };
	node arg[6] = { Q, q };
	int n = 2;

	if (!op_ready(g, "quadratic_program", Q) || !op_ready(g, "quadratic_program", q))
		return NODE_NONE;
	if (node_is(G)) {
		arg[n++] = G;
		arg[n++] = h;
	}
	if (node_is(A)) {
		arg[n++] = A;
		arg[n++] = b;
	}
	node y = graph_apply(g, &program_op, n, arg, &attr);
	if (graph_error(g))
		return NODE_NONE;
	const int64_t size = graph_shape(g, q).dim[1], all = graph_shape(g, y).dim[1];
	if (multipliers)
		*multipliers = all > size ? op_slice(g, y, 1, size, all - size, 1) : NODE_NONE;
	return op_slice(g, y, 1, 0, size, 1);
}
