/* multigrid.c: levels of a box, each with half the intervals of the finer one along its short steps. Grids need not be
 * nested: coarse functions are linear between coarse points, wherever those are, and residuals go the transposed
 * way. */
#include "num/multigrid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/sparse.h"

enum { LEVELS = 24, COARSE = 300 };

struct level {
	int64_t size[3], stride[3], n;
	double step[3];
	double *a, *c;		      /* at the points */
	double *face[3];	      /* between a point and the next along an axis: a * area / step */
	double *diagonal, *x, *b, *r; /* x, b: of the coarse problems */
	bool *fixed;		      /* by point */
	int64_t *below[3];	      /* of each point along an axis: coarse point at or before it, */
	double *weight[3];	      /* and the share of the next one */
	int64_t *start, *column;      /* the coarsest: lower triangle over all points */
	double *value;
	struct sparse_factor *factor;
};

struct multigrid {
	struct multigrid_problem p;
	int n_levels;
	struct level level[LEVELS];
	bool singular;
};

static int64_t coordinate(const struct level *l, int64_t i, int axis)
{
	return i / l->stride[axis] % l->size[axis];
}

/* Index of the neighbour behind (+1) or before (-1) along an axis; -1: none. */
static int64_t neighbour(const struct multigrid *m, const struct level *l, int64_t i, int axis, int to)
{
	const int64_t k = coordinate(l, i, axis), n = l->size[axis];

	if (k + to >= 0 && k + to < n)
		return i + to * l->stride[axis];
	return m->p.periodic[axis] ? i - to * (n - 1) * l->stride[axis] : -1;
}

/* Extent of the cell around a point along an axis. */
static double width(const struct multigrid *m, const struct level *l, int64_t i, int axis)
{
	const int64_t k = coordinate(l, i, axis);

	return !m->p.periodic[axis] && (k == 0 || k == l->size[axis] - 1) ? l->step[axis] / 2 : l->step[axis];
}

static double area(const struct multigrid *m, const struct level *l, int64_t i, int normal)
{
	double product = 1;

	for (int axis = 0; axis < m->p.n_dims; axis++)
		product *= axis == normal ? 1 : width(m, l, i, axis);
	return product;
}

/* ---- operators of a level ---------------------------------------------------------------------------------------- */

static void level_init(const struct multigrid *m, struct level *l, const int64_t *size)
{
	l->n = 1;
	for (int axis = 2; axis >= 0; axis--) {
		l->size[axis] = axis < m->p.n_dims ? size[axis] : 1;
		l->stride[axis] = l->n;
		l->n *= l->size[axis];
		l->step[axis] =
			axis < m->p.n_dims ? m->p.length[axis] / (double)(size[axis] - !m->p.periodic[axis]) : 1;
	}
	for (int axis = 0; axis < m->p.n_dims; axis++)
		l->face[axis] = xaligned((size_t)l->n * sizeof(double));
	l->a = xaligned((size_t)l->n * sizeof(double));
	l->c = xaligned((size_t)l->n * sizeof(double));
	l->diagonal = xaligned((size_t)l->n * sizeof(double));
	l->x = xaligned((size_t)l->n * sizeof(double));
	l->b = xaligned((size_t)l->n * sizeof(double));
	l->r = xaligned((size_t)l->n * sizeof(double));
	l->fixed = xcalloc((size_t)l->n, sizeof *l->fixed);
}

static void level_clear(struct level *l)
{
	for (int axis = 0; axis < 3; axis++) {
		free(l->face[axis]);
		free(l->below[axis]);
		free(l->weight[axis]);
	}
	free(l->a);
	free(l->c);
	free(l->diagonal);
	free(l->x);
	free(l->b);
	free(l->r);
	free(l->fixed);
	free(l->start);
	free(l->column);
	free(l->value);
	sparse_factor_free(l->factor);
}

/* From a and c: faces, diagonal, fixed points. */
static void discretise(const struct multigrid *m, struct level *l)
{
	for (int64_t i = 0; i < l->n; i++) {
		l->diagonal[i] = l->c[i] * area(m, l, i, -1);
		for (int axis = 0; axis < m->p.n_dims; axis++) {
			const int64_t k = coordinate(l, i, axis), next = neighbour(m, l, i, axis, 1);

			for (int end = 0; end < 2 && !m->p.periodic[axis]; end++) {
				if (k != (end ? l->size[axis] - 1 : 0))
					continue;
				l->fixed[i] |= m->p.fixed[axis][end];
				l->diagonal[i] += area(m, l, i, axis) * l->a[i] * m->p.decay[axis][end];
			}
			if (next < 0)
				continue;
			const double p = l->a[i], q = l->a[next];
			l->face[axis][i] = (m->p.mean == MULTIGRID_HARMONIC ? 2 * p * q / (p + q) : (p + q) / 2) *
					   area(m, l, i, axis) / l->step[axis];
		}
	}
	for (int64_t i = 0; i < l->n; i++)
		for (int axis = 0; axis < m->p.n_dims; axis++) {
			const int64_t before = neighbour(m, l, i, axis, -1);

			l->diagonal[i] += l->face[axis][i] + (before >= 0 ? l->face[axis][before] : 0);
		}
}

/* Sum over neighbours of face * u. */
static double around(const struct multigrid *m, const struct level *l, int64_t i, const double *u)
{
	double sum = 0;

	for (int axis = 0; axis < m->p.n_dims; axis++) {
		const int64_t k = coordinate(l, i, axis), last = l->size[axis] - 1, s = l->stride[axis];
		const int64_t before = k > 0 ? i - s : i + last * s, next = k < last ? i + s : i - last * s;

		if (k > 0 || m->p.periodic[axis])
			sum += l->face[axis][before] * u[before];
		if (k < last || m->p.periodic[axis])
			sum += l->face[axis][i] * u[next];
	}
	return sum;
}

static void apply(const struct multigrid *m, const struct level *l, const double *u, double *out)
{
	for (int64_t i = 0; i < l->n; i++)
		out[i] = l->fixed[i] ? 0 : l->diagonal[i] * u[i] - around(m, l, i, u);
}

void multigrid_apply(struct multigrid *m, const double *u, double *out)
{
	apply(m, &m->level[0], u, out);
}

/* u <- u + D^-1 (b - A u) point after point. */
static void sweep(const struct multigrid *m, const struct level *l, bool forwards, const double *b, double *u)
{
	for (int64_t k = 0; k < l->n; k++) {
		const int64_t i = forwards ? k : l->n - 1 - k;

		if (!l->fixed[i])
			u[i] = (b[i] + around(m, l, i, u)) / l->diagonal[i];
	}
}

/* ---- between levels ---------------------------------------------------------------------------------------------- */

/* fine (+)= P coarse, or coarse = P^T fine. */
static void transfer(const struct multigrid *m, const struct level *fine, const struct level *coarse, bool up,
		     const double *in, double *out)
{
	const int corners = 1 << m->p.n_dims;

	if (!up)
		memset(out, 0, (size_t)coarse->n * sizeof *out);
	for (int64_t i = 0; i < fine->n; i++)
		for (int corner = 0; corner < corners; corner++) {
			double weight = 1;
			int64_t at = 0;

			for (int axis = 0; axis < m->p.n_dims; axis++) {
				const int64_t k = coordinate(fine, i, axis);
				const double share = fine->weight[axis][k];

				weight *= corner >> axis & 1 ? share : 1 - share;
				at += (fine->below[axis][k] + (corner >> axis & 1)) % coarse->size[axis] *
				      coarse->stride[axis];
			}
			if (weight == 0)
				continue;
			if (up)
				out[i] += weight * in[at];
			else
				out[at] += weight * in[i];
		}
}

static void place_points(const struct multigrid *m, struct level *fine, const struct level *coarse)
{
	for (int axis = 0; axis < m->p.n_dims; axis++) {
		const int64_t n = fine->size[axis], gap = 1 - m->p.periodic[axis];

		fine->below[axis] = xmalloc((size_t)n * sizeof *fine->below[axis]);
		fine->weight[axis] = xmalloc((size_t)n * sizeof *fine->weight[axis]);
		for (int64_t k = 0; k < n; k++) { /* position k/(n - gap) in units of the coarse step, exactly */
			const int64_t scaled = k * (coarse->size[axis] - gap);

			fine->below[axis][k] = scaled / (n - gap);
			fine->weight[axis][k] = (double)(scaled % (n - gap)) / (double)(n - gap);
		}
	}
}

/* Coefficients of the coarse level: means weighted as residuals are. */
static void coarsen(const struct multigrid *m, struct level *fine, struct level *coarse)
{
	double *one = xaligned((size_t)fine->n * sizeof *one);
	const bool harmonic = m->p.mean == MULTIGRID_HARMONIC;

	for (int64_t i = 0; i < fine->n; i++) {
		one[i] = 1;
		fine->r[i] = harmonic ? 1 / fine->a[i] : fine->a[i];
	}
	transfer(m, fine, coarse, false, one, coarse->r);
	transfer(m, fine, coarse, false, fine->r, coarse->a);
	transfer(m, fine, coarse, false, fine->c, coarse->c);
	for (int64_t i = 0; i < coarse->n; i++) {
		coarse->a[i] = harmonic ? coarse->r[i] / coarse->a[i] : coarse->a[i] / coarse->r[i];
		coarse->c[i] /= coarse->r[i];
	}
	free(one);
}

/* Half the intervals along axes whose steps are about the shortest. False: small enough. */
static bool next_size(const struct multigrid *m, const struct level *l, int64_t *size)
{
	double shortest = INFINITY;
	bool smaller = false;

	for (int axis = 0; axis < m->p.n_dims; axis++)
		if (l->size[axis] > 4)
			shortest = fmin(shortest, l->step[axis]);
	for (int axis = 0; axis < m->p.n_dims; axis++) {
		size[axis] = l->size[axis];
		if (l->n > COARSE && l->size[axis] > 4 && l->step[axis] < 1.6 * shortest) {
			size[axis] = m->p.periodic[axis] ? (size[axis] + 1) / 2 : size[axis] / 2 + 1;
			smaller = true;
		}
	}
	return smaller;
}

/* ---- the coarsest level ------------------------------------------------------------------------------------------ */

/* Rows of fixed points, and the last one of a singular problem, are those of the identity. */
static int factorise(struct multigrid *m, struct level *l, struct err *e)
{
	int64_t at = 0;

	l->start = mem_new(l->n + 1, sizeof *l->start, "coarse grid", e);
	l->column = l->start ? mem_new((1 + 2 * m->p.n_dims) * l->n, sizeof *l->column, "coarse grid", e) : NULL;
	l->value = l->column ? mem_new((1 + 2 * m->p.n_dims) * l->n, sizeof *l->value, "coarse grid", e) : NULL;
	if (!l->value)
		return -1;
	for (int64_t i = 0; i < l->n; i++) {
		const bool alone = l->fixed[i] || (m->singular && i == l->n - 1);

		for (int axis = 0; axis < m->p.n_dims && !alone; axis++)
			for (int to = -1; to <= 1; to += 2) {
				const int64_t j = neighbour(m, l, i, axis, to);
				int64_t k = l->start[i];

				if (j < 0 || j >= i || l->fixed[j])
					continue;
				while (k < at && l->column[k] != j)
					k++;
				l->column[k] = j;
				l->value[k] -= l->face[axis][to > 0 ? i : j];
				at = k == at ? at + 1 : at;
			}
		l->column[at] = i;
		l->value[at++] = alone ? 1 : l->diagonal[i];
		l->start[i + 1] = at;
	}
	l->factor = sparse_factor_new(l->n, l->start, l->column, l->value, e);
	return l->factor ? 0 : -1;
}

static void coarsest(struct multigrid *m, struct level *l, const double *b, double *x)
{
	struct err ignored = { 0 };

	memcpy(x, b, (size_t)l->n * sizeof *x);
	for (int64_t i = 0; i < l->n; i++)
		if (l->fixed[i] || (m->singular && i == l->n - 1))
			x[i] = 0;
	sparse_solve(l->factor, 1, x, x, &ignored); /* factored: cannot fail */
}

/* ---- the cycle --------------------------------------------------------------------------------------------------- */

static void cycle(struct multigrid *m, int k, const double *b, double *x)
{
	struct level *l = &m->level[k], *next = l + 1;

	if (k == m->n_levels - 1) {
		coarsest(m, l, b, x);
		return;
	}
	memset(x, 0, (size_t)l->n * sizeof *x);
	sweep(m, l, true, b, x);
	apply(m, l, x, l->r);
	for (int64_t i = 0; i < l->n; i++)
		l->r[i] = l->fixed[i] ? 0 : b[i] - l->r[i];
	transfer(m, l, next, false, l->r, next->b);
	for (int64_t i = 0; i < next->n; i++)
		if (next->fixed[i])
			next->b[i] = 0;
	cycle(m, k + 1, next->b, next->x);
	memset(l->r, 0, (size_t)l->n * sizeof *l->r);
	transfer(m, l, next, true, next->x, l->r);
	for (int64_t i = 0; i < l->n; i++)
		if (!l->fixed[i])
			x[i] += l->r[i];
	sweep(m, l, false, b, x);
}

/* Take the constant out, so that a singular problem stays within what it determines. */
static void remove_mean(const struct multigrid *m, double *x)
{
	const struct level *l = &m->level[0];
	double sum = 0;

	for (int64_t i = 0; i < l->n && m->singular; i++)
		sum += x[i];
	for (int64_t i = 0; i < l->n && m->singular; i++)
		x[i] -= sum / (double)l->n;
}

void multigrid_cycle(struct multigrid *m, const double *in, double *out)
{
	double *b = m->singular ? xaligned((size_t)m->level[0].n * sizeof *b) : NULL;

	if (b) { /* the projection on both sides keeps M symmetric */
		memcpy(b, in, (size_t)m->level[0].n * sizeof *b);
		remove_mean(m, b);
	}
	cycle(m, 0, b ? b : in, out);
	remove_mean(m, out);
	free(b);
}

/* ---- the problem ------------------------------------------------------------------------------------------------- */

static int check(const struct multigrid_problem *p, int64_t n, struct err *e)
{
	for (int axis = 0; axis < p->n_dims; axis++) {
		if (p->size[axis] < 3)
			return err_set(e, ERR_USAGE, "multigrid: an axis of %lld points, at least 3 are needed",
				       (long long)p->size[axis]);
		for (int end = 0; end < 2; end++)
			if (!(p->decay[axis][end] >= 0))
				return err_set(e, ERR_USAGE, "multigrid: decay %g at a side is negative",
					       p->decay[axis][end]);
	}
	for (int64_t i = 0; i < n; i++)
		if ((p->a && !(p->a[i] > 0 && isfinite(p->a[i]))) || (p->c && !(p->c[i] >= 0 && isfinite(p->c[i]))))
			return err_set(e, ERR_USAGE,
				       "multigrid: point %lld has a = %g, c = %g; a must be positive, c "
				       "not negative",
				       (long long)i, p->a ? p->a[i] : 1, p->c ? p->c[i] : 0);
	return 0;
}

struct multigrid *multigrid_new(const struct multigrid_problem *p, struct err *e)
{
	struct multigrid *m = xcalloc(1, sizeof *m);
	int64_t size[3], n = 1;

	m->p = *p;
	for (int axis = 0; axis < p->n_dims; axis++)
		n *= p->size[axis];
	if (check(p, n, e) != 0) {
		free(m);
		return NULL;
	}
	level_init(m, &m->level[0], p->size);
	m->singular = true;
	for (int64_t i = 0; i < n; i++) {
		m->level[0].a[i] = p->a ? p->a[i] : 1;
		m->level[0].c[i] = p->c ? p->c[i] : 0;
		m->singular &= m->level[0].c[i] == 0;
	}
	for (int axis = 0; axis < p->n_dims; axis++)
		for (int end = 0; end < 2 && !p->periodic[axis]; end++)
			m->singular &= !p->fixed[axis][end] && p->decay[axis][end] == 0;
	m->p.a = m->p.c = NULL;
	discretise(m, &m->level[0]);
	for (m->n_levels = 1; m->n_levels < LEVELS && next_size(m, &m->level[m->n_levels - 1], size); m->n_levels++) {
		struct level *fine = &m->level[m->n_levels - 1], *coarse = fine + 1;

		level_init(m, coarse, size);
		place_points(m, fine, coarse);
		coarsen(m, fine, coarse);
		discretise(m, coarse);
	}
	if (factorise(m, &m->level[m->n_levels - 1], e) != 0) {
		multigrid_free(m);
		return NULL;
	}
	return m;
}

void multigrid_free(struct multigrid *m)
{
	if (!m)
		return;
	for (int k = 0; k < m->n_levels; k++)
		level_clear(&m->level[k]);
	free(m);
}

bool multigrid_is_singular(const struct multigrid *m)
{
	return m->singular;
}

void multigrid_load(struct multigrid *m, const struct multigrid_right *right, const double *u, double *b)
{
	const struct level *l = &m->level[0];

	for (int64_t i = 0; i < l->n; i++)
		l->x[i] = l->fixed[i] ? u[i] : 0;
	for (int64_t i = 0; i < l->n; i++) {
		b[i] = 0;
		if (l->fixed[i])
			continue;
		b[i] = right->f[i] * area(m, l, i, -1) + around(m, l, i, l->x);
		for (int axis = 0; axis < m->p.n_dims; axis++)
			for (int end = 0; end < 2; end++)
				if (right->slope[axis][end] && !m->p.periodic[axis] &&
				    coordinate(l, i, axis) == (end ? l->size[axis] - 1 : 0))
					b[i] += right->slope[axis][end][i] * l->a[i] * area(m, l, i, axis);
	}
}

static void cg_apply(void *context, const double *in, double *out)
{
	multigrid_apply(context, in, out);
}

static void cg_cycle(void *context, const double *in, double *out)
{
	multigrid_cycle(context, in, out);
}

int multigrid_solve(struct multigrid *m, const struct multigrid_right *right, double tolerance, int64_t max_iterations,
		    double *u, int64_t *iterations, double *excess, struct err *e)
{
	const struct level *l = &m->level[0];
	struct cg cg = { .n = l->n,
			 .apply = cg_apply,
			 .precondition = cg_cycle,
			 .context = m,
			 .tolerance = tolerance,
			 .max_iterations = max_iterations };
	double *b = xaligned((size_t)l->n * sizeof *b), *x = xaligned((size_t)l->n * sizeof *x);
	double sum = 0, volume = 0;
	int status;

	multigrid_load(m, right, u, b);
	for (int64_t i = 0; i < l->n && m->singular; i++) {
		sum += b[i];
		volume += area(m, l, i, -1);
	}
	for (int64_t i = 0; i < l->n && m->singular; i++)
		b[i] -= sum / volume * area(m, l, i, -1);
	for (int64_t i = 0; i < l->n; i++)
		x[i] = l->fixed[i] ? 0 : u[i];
	status = cg_solve(&cg, b, x, e);
	for (int64_t i = 0; i < l->n; i++)
		u[i] = l->fixed[i] ? u[i] : x[i];
	if (m->singular) { /* mean over the box, half cells counting half */
		double mean = 0;

		for (int64_t i = 0; i < l->n; i++)
			mean += u[i] * area(m, l, i, -1) / volume;
		for (int64_t i = 0; i < l->n; i++)
			u[i] -= mean;
	}
	if (iterations)
		*iterations = cg.iterations;
	if (excess)
		*excess = m->singular ? -sum / volume : 0;
	free(b);
	free(x);
	return status;
}
