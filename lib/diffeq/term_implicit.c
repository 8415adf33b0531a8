/* term_implicit.c: stages of implicit methods: one step of Newton's method from given slopes, as nodes. With slopes k*
 * that solve the stages' equations G(k) = k - f(t, y + h a k) = 0 and M = dG/dk there, both taken as constants,
 * k* - M^-1 G(k*) has the solution's value and, by the implicit function theorem, its derivatives by all that G
 * depends on. */
#include <stdlib.h>

#include "base/mem.h"
#include "diffeq/term_inside.h"
#include "op/op.h"

/* States as rows that do not see each other: state i is (count, width[i]). */
struct rows {
	int n_state;
	int64_t count, total, width[DIFFEQ_ROW_MAX];
	struct shape shape[DIFFEQ_ROW_MAX];
};

/* Rows along axis 0 of states of rank 2 and more; else the states are one row. */
static int find_rows(struct rows *r, struct graph *g, int n_state, const node *y)
{
	char text[SHAPE_TEXT];

	*r = (struct rows){ .n_state = n_state };
	if (n_state > DIFFEQ_ROW_MAX) {
		graph_fail(g, "implicit methods take up to %d states, not %d", DIFFEQ_ROW_MAX, n_state);
		return -1;
	}
	for (int i = 0; i < n_state; i++) {
		const struct shape s = graph_shape(g, y[i]);

		if (i == 0)
			r->count = s.rank > 1 ? s.dim[0] : 1;
		if (r->count < 1 || (r->count > 1 && (s.rank < 1 || s.dim[0] != r->count))) {
			graph_fail(g, "implicit methods: state 0 has %lld rows, state %d is %s", (long long)r->count, i,
				   shape_text(text, &s));
			return -1;
		}
		r->shape[i] = s;
		r->width[i] = shape_count(&s) / r->count;
		r->total += r->width[i];
	}
	if (r->total > DIFFEQ_ROW_MAX) {
		graph_fail(g, "implicit methods take up to %d numbers a row, the state has %lld", DIFFEQ_ROW_MAX,
			   (long long)r->total);
		return -1;
	}
	return 0;
}

static node joined(struct graph *g, int n, const node *v, int axis)
{
	return n == 1 ? v[0] : op_concat(g, n, v, axis);
}

/* Values of all states as columns (count, total, 1). */
static node column(struct graph *g, const struct rows *r, const node *v)
{
	node part[DIFFEQ_ROW_MAX];

	for (int i = 0; i < r->n_state; i++) {
		const struct shape s = shape_of(r->count, r->width[i], 1);

		part[i] = op_reshape(g, v[i], &s);
	}
	return joined(g, r->n_state, part, 1);
}

/* In every row, the same `width` numbers. */
static node in_every_row(struct graph *g, const struct rows *r, int state, const double *value)
{
	const struct shape row = shape_of(1, r->width[state]), all = shape_of(r->count, r->width[state]);
	struct tensor t = tensor_new(graph_real(g), &row);
	node n;

	for (int64_t k = 0; k < r->width[state]; k++)
		tensor_set(&t, k, value[k]);
	n = graph_constant(g, &t);
	tensor_free(&t);
	return op_reshape(g, op_broadcast(g, n, &all), &r->shape[state]);
}

static node zero_if_none(struct graph *g, node n, node like)
{
	return node_is(n) ? n : op_zeros_like(g, like);
}

/* df/dz (count, total, total), of f by state at z, column by column. */
static node jacobian(struct graph *g, const struct rows *r, const node *z, const node *f)
{
	node col[DIFFEQ_ROW_MAX], tangent[DIFFEQ_ROW_MAX];
	double unit[DIFFEQ_ROW_MAX] = { 0 };
	int n = 0;

	for (int p = 0; p < r->n_state; p++)
		for (int64_t k = 0; k < r->width[p]; k++) {
			node e;

			unit[k] = 1;
			e = in_every_row(g, r, p, unit);
			unit[k] = 0;
			graph_jvp(g, 1, &z[p], &e, r->n_state, f, tangent);
			for (int i = 0; i < r->n_state; i++)
				tangent[i] = zero_if_none(g, tangent[i], z[i]);
			col[n++] = column(g, r, tangent);
		}
	return joined(g, n, col, 2);
}

/* |J v - (rows' Jacobians) v|^2 / |J v|^2 for some v that differs from row to row: 0 unless rows see each other. */
static node coupling(struct graph *g, const struct rows *r, const node *z, const node *f, node blocks)
{
	node v[DIFFEQ_ROW_MAX], tangent[DIFFEQ_ROW_MAX], gap, size;

	for (int i = 0; i < r->n_state; i++) {
		struct tensor t = tensor_new(graph_real(g), &r->shape[i]);

		for (int64_t k = 0; k < shape_count(&r->shape[i]); k++) /* multiples of 2^16 over the golden ratio */
			tensor_set(&t, k, (double)((k + 1) * 40503 % 65536) / 32768 - 1);
		v[i] = graph_constant(g, &t);
		tensor_free(&t);
	}
	graph_jvp(g, r->n_state, z, v, r->n_state, f, tangent);
	for (int i = 0; i < r->n_state; i++)
		tangent[i] = zero_if_none(g, tangent[i], z[i]);
	size = column(g, r, tangent);
	gap = op_sub(g, size, op_matmul(g, blocks, column(g, r, v)));
	size = op_sum_all(g, op_square(g, size));
	return op_div(g, op_sum_all(g, op_square(g, gap)), op_shift(g, size, 1e-30));
}

static node identity(struct graph *g, int64_t n)
{
	const struct shape s = shape_of(1, n, n);
	struct tensor t = tensor_new(graph_real(g), &s);
	node out;

	for (int64_t i = 0; i < n; i++)
		tensor_set(&t, i * n + i, 1);
	out = graph_constant(g, &t);
	tensor_free(&t);
	return out;
}

/* M = 1 - h a (x) J over the `count` stages from `first` on. */
static node newton_matrix(struct graph *g, const struct rows *r, const struct tableau *m, node h, int first, int count,
			  const node *jacobians)
{
	node row[TABLEAU_STAGES_MAX], block[TABLEAU_STAGES_MAX];

	for (int j = 0; j < count; j++) {
		for (int i = 0; i < count; i++)
			block[i] = op_scale(g, jacobians[j], -m->a[(first + j) * m->stages + first + i]);
		row[j] = joined(g, count, block, 2);
	}
	return op_add(g, op_mul(g, joined(g, count, row, 1), h), identity(g, count * r->total));
}

void diffeq_implicit_stages(struct diffeq_step *s, struct graph *g, const struct diffeq_equation *q, int first,
			    int count)
{
	const struct tableau *m = q->m;
	const int n = s->n_state;
	node *known = xcalloc((size_t)(3 * count * n) + 1, sizeof *known), *z = known + count * n, *f = z + count * n;
	node jacobians[TABLEAU_STAGES_MAX], residual[TABLEAU_STAGES_MAX], change;
	struct rows r;

	if (find_rows(&r, g, n, q->y) != 0)
		goto out;
	for (int j = 0; j < count && !graph_error(g); j++) {
		const double *a = m->a + (first + j) * m->stages;

		for (int i = 0; i < n; i++) {
			node moved = NODE_NONE;

			known[j * n + i] = diffeq_combine(g, s, i, q->y[i], q->h, first, a);
			for (int k = 0; k < count; k++)
				if (a[first + k] != 0)
					moved = graph_add(g, moved,
							  op_scale(g, q->guess[(first + k) * n + i], a[first + k]));
			z[j * n + i] =
				node_is(moved) ? op_add(g, known[j * n + i], op_mul(g, moved, q->h)) : known[j * n + i];
		}
		diffeq_stage_slopes(g, q, first + j, z + j * n, f + j * n);
		for (int i = 0; i < n; i++)
			f[j * n + i] = zero_if_none(g, f[j * n + i], q->y[i]);
		if (graph_error(g))
			goto out;
		jacobians[j] = jacobian(g, &r, z + j * n, f + j * n);
		if (!node_is(s->coupling) && r.count > 1)
			s->coupling = coupling(g, &r, z + j * n, f + j * n, jacobians[j]);
		for (int i = 0; i < n; i++)
			f[j * n + i] = op_sub(g, q->guess[(first + j) * n + i], f[j * n + i]);
		residual[j] = column(g, &r, f + j * n);
	}
	if (graph_error(g))
		goto out;
	change = op_solve(g, op_stop_gradient(g, newton_matrix(g, &r, m, q->h, first, count, jacobians)),
			  joined(g, count, residual, 1));
	for (int j = 0; j < count; j++) {
		int64_t at = j * r.total;

		for (int i = 0; i < n; at += r.width[i], i++)
			s->slope[(first + j) * n + i] =
				op_sub(g, q->guess[(first + j) * n + i],
				       op_reshape(g, op_slice(g, change, 1, at, r.width[i], 1), &r.shape[i]));
	}
	for (int j = 0; j < count; j++)
		for (int i = 0; i < n; i++)
			s->argument[(first + j) * n + i] =
				diffeq_combine(g, s, i, q->y[i], q->h, first + count, m->a + (first + j) * m->stages);
out:
	free(known);
}
