/* linmap.c: constant sparse linear maps along one axis and the op that applies them. Derivatives are the map itself and
 * its transpose. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/blas.h"
#include "op/linmap.h"

struct linmap_attr {
	const struct linmap *map;
	int64_t axis;
};

/* A map and its transpose die together. */
struct pair {
	struct linmap forward, backward;
};

static const struct op_class linmap_op;

/* construction */

void linmap_row(struct linmap_rows *r)
{
	MEM_GROW(r->start, r->n_rows, r->row_capacity);
	r->start[r->n_rows++] = r->n_entries;
}

void linmap_entry(struct linmap_rows *r, int64_t col, double value)
{
	int64_t k = r->n_entries;

	if (value == 0.0)
		return;
	for (; k > r->start[r->n_rows - 1] && r->col[k - 1] >= col; k--)
		if (r->col[k - 1] == col) {
			r->value[k - 1] += value;
			return;
		}
	if (r->n_entries >= r->capacity) {
		r->capacity = r->capacity ? 2 * r->capacity : 64;
		r->col = xrealloc(r->col, (size_t)r->capacity * sizeof *r->col);
		r->value = xrealloc(r->value, (size_t)r->capacity * sizeof *r->value);
	}
	memmove(r->col + k + 1, r->col + k, (size_t)(r->n_entries - k) * sizeof *r->col);
	memmove(r->value + k + 1, r->value + k, (size_t)(r->n_entries - k) * sizeof *r->value);
	r->col[k] = col;
	r->value[k] = value;
	r->n_entries++;
}

static void rows_empty(struct linmap_rows *r)
{
	free(r->start);
	free(r->col);
	free(r->value);
	memset(r, 0, sizeof *r);
}

static struct linmap transposed(const struct linmap *m)
{
	int64_t n = m->start[m->n_rows];
	int64_t *start = xcalloc((size_t)m->n_cols + 2, sizeof *start), *col = xcalloc((size_t)n + 1, sizeof *col);
	double *value = xcalloc((size_t)n + 1, sizeof *value);

	for (int64_t k = 0; k < n; k++)
		start[m->col[k] + 2]++;
	for (int64_t j = 0; j < m->n_cols; j++)
		start[j + 2] += start[j + 1];
	for (int64_t i = 0; i < m->n_rows; i++)
		for (int64_t k = m->start[i]; k < m->start[i + 1]; k++) {
			int64_t to = start[m->col[k] + 1]++;

			col[to] = i;
			value[to] = m->value[k];
		}
	return (struct linmap){ .n_rows = m->n_cols, .n_cols = m->n_rows, .start = start, .col = col, .value = value };
}

static void pair_free(void *object)
{
	struct pair *p = object;

	free((void *)p->forward.start);
	free((void *)p->forward.col);
	free((void *)p->forward.value);
	free((void *)p->backward.start);
	free((void *)p->backward.col);
	free((void *)p->backward.value);
	free(p);
}

static bool map_equal(const struct linmap *a, const struct linmap *b)
{
	if (a->n_rows != b->n_rows || a->n_cols != b->n_cols || a->start[a->n_rows] != b->start[b->n_rows])
		return false;
	size_t n = (size_t)a->start[a->n_rows];

	return memcmp(a->start, b->start, ((size_t)a->n_rows + 1) * sizeof *a->start) == 0 &&
	       (n == 0 || (memcmp(a->col, b->col, n * sizeof *a->col) == 0 &&
			   memcmp(a->value, b->value, n * sizeof *a->value) == 0));
}

/* Maps are few and nodes that use them are found by one pass over the graph, so no registry is kept. */
static const struct linmap *find_equal(const struct graph *g, const struct linmap *m)
{
	for (int i = graph_size(g) - 1; i >= 0; i--) {
		const struct graph_node *n = graph_at(g, (node){ i });

		if (!n || n->op != &linmap_op)
			continue;
		const struct linmap *other = ((const struct linmap_attr *)n->attr)->map;

		if (map_equal(other, m))
			return other;
		if (map_equal(other->transpose, m))
			return other->transpose;
	}
	return NULL;
}

const struct linmap *linmap_take(struct graph *g, struct linmap_rows *r)
{
	if (graph_error(g)) {
		rows_empty(r);
		return NULL;
	}
	MEM_GROW(r->start, r->n_rows, r->row_capacity);
	r->start[r->n_rows] = r->n_entries;

	struct linmap m = {
		.n_rows = r->n_rows, .n_cols = r->n_cols, .start = r->start, .col = r->col, .value = r->value
	};
	const struct linmap *known = find_equal(g, &m);

	if (known) {
		rows_empty(r);
		return known;
	}
	struct pair *p = xcalloc(1, sizeof *p);

	p->forward = m;
	p->backward = transposed(&m);
	p->forward.transpose = &p->backward;
	p->backward.transpose = &p->forward;
	memset(r, 0, sizeof *r);
	graph_own(g, p, pair_free);
	return &p->forward;
}

/* the op */

static int infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct linmap_attr *a = attr;
	char text[SHAPE_TEXT];

	(void)n_args;
	if (in[0].dtype == DTYPE_I32)
		return err_set(e, ERR_USAGE, "linear map of an int32 array");
	if (a->axis >= in[0].shape.rank || in[0].shape.dim[a->axis] != a->map->n_cols)
		return err_set(e, ERR_USAGE, "linear map from %lld to %lld points along axis %lld of an array %s",
			       (long long)a->map->n_cols, (long long)a->map->n_rows, (long long)a->axis,
			       shape_text(text, &in[0].shape));
	*out = in[0];
	out->shape.dim[a->axis] = a->map->n_rows;
	return 0;
}

static node push(struct graph *g, node self, int k, node tangent)
{
	const struct linmap_attr *a = graph_at(g, self)->attr;

	(void)k;
	return op_linmap(g, tangent, (int)a->axis, a->map);
}

static node pull(struct graph *g, node self, int k, node cotangent)
{
	const struct linmap_attr *a = graph_at(g, self)->attr;

	(void)k;
	return op_linmap(g, cotangent, (int)a->axis, a->map->transpose);
}

static bool is_identity(const struct linmap *m)
{
	if (m->n_rows != m->n_cols || m->start[m->n_rows] != m->n_rows)
		return false;
	for (int64_t i = 0; i < m->n_rows; i++)
		if (m->start[i] != i || m->col[i] != i || m->value[i] != 1.0)
			return false;
	return true;
}

static node simplify(struct graph *g, int n_args, const node *arg, const void *attr)
{
	const struct linmap_attr *a = attr;
	struct shape s = graph_shape(g, arg[0]);

	(void)n_args;
	if (is_identity(a->map) && a->axis < s.rank && s.dim[a->axis] == a->map->n_cols)
		return arg[0];
	return NODE_NONE;
}

/* Rows of the map in stretches: a stretch whose rows copy neighbouring columns is one memcpy. */
struct stretch {
	int64_t row, n_rows;
	int64_t col; /* first column copied; -1: rows of any form */
};

struct table {
	const struct linmap *map;
	struct stretch *stretch;
	int64_t n_stretches, capacity;
	void *value; /* of the map, in the array's type; the full matrix when dense */
	bool dense;
};

static bool copies(const struct linmap *m, int64_t row)
{
	return m->start[row + 1] == m->start[row] + 1 && m->value[m->start[row]] == 1.0;
}

static void table_free(void *state)
{
	struct table *t = state;

	free(t->stretch);
	free(t->value);
	free(t);
}

static int setup(const struct op_call *c, void **state, struct err *e)
{
	const struct linmap *m = ((const struct linmap_attr *)c->attr)->map;
	struct table *t = xcalloc(1, sizeof *t);
	int64_t n = m->start[m->n_rows];

	t->map = m;
	t->dense = m->n_cols >= 8 && m->n_rows >= 8 && 2 * n > m->n_rows * m->n_cols;
	t->value = mem_new((t->dense ? m->n_rows * m->n_cols : n) + 1, dtype_size(c->out.dtype), "linear map", e);
	if (!t->value) {
		table_free(t);
		return -1;
	}
	if (!t->dense)
		tensor_convert(DTYPE_F64, m->value, c->out.dtype, t->value, n);
	for (int64_t i = 0; t->dense && i < m->n_rows; i++)
		for (int64_t k = m->start[i]; k < m->start[i + 1]; k++) {
			int64_t to = i * m->n_cols + m->col[k];

			if (c->out.dtype == DTYPE_F64)
				((double *)t->value)[to] = m->value[k];
			else
				((float *)t->value)[to] = (float)m->value[k];
		}
	for (int64_t i = 0; i < m->n_rows; i++) {
		int64_t col = copies(m, i) ? m->col[m->start[i]] : -1;
		struct stretch *last = t->n_stretches ? &t->stretch[t->n_stretches - 1] : NULL;

		if (last && (col < 0 ? last->col < 0 : last->col >= 0 && last->col + last->n_rows == col)) {
			last->n_rows++;
			continue;
		}
		MEM_GROW(t->stretch, t->n_stretches, t->capacity);
		t->stretch[t->n_stretches++] = (struct stretch){ .row = i, .n_rows = 1, .col = col };
	}
	*state = t;
	return 0;
}

#define REAL float
#define NAME(x) x##_f
#include "op/linmap_kernel.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) x##_d
#include "op/linmap_kernel.h"
#undef REAL
#undef NAME

/* The array as (outer, axis, inner). */
static int64_t extent(const struct op_call *c, int64_t first, int64_t last)
{
	int64_t n = 1;

	for (int64_t i = first; i < last; i++)
		n *= c->out.shape.dim[i];
	return n;
}

static void apply(const struct op_call *c, int64_t first, int64_t n_outer, int64_t inner, int64_t from, int64_t n)
{
	const struct table *t = c->state;
	int64_t in = first * t->map->n_cols * inner + from, out = first * t->map->n_rows * inner + from;

	if (c->out.dtype == DTYPE_F64)
		apply_d(t, n_outer, inner, n, (const double *)c->in[0].data + in, (double *)c->out.data + out);
	else
		apply_f(t, n_outer, inner, n, (const float *)c->in[0].data + in, (float *)c->out.data + out);
}

/* Along axis 0 the units are blocks of columns, along the others they are the rows of axis 0. */
enum { LEADING_BLOCK = 2048 };

static unsigned row_args(const struct op_call *c)
{
	return ((const struct linmap_attr *)c->attr)->axis > 0;
}

/* Padding and the like; maps with more entries are products. */
static int cost(const struct op_call *c)
{
	const struct linmap *m = ((const struct linmap_attr *)c->attr)->map;
	int64_t entries = m->start[m->n_rows];

	return entries <= 2 * m->n_rows ? entries <= m->n_rows ? 1 : 2 : 0;
}

static int64_t units(const struct op_call *c)
{
	if (row_args(c))
		return c->out.shape.dim[0];
	return (extent(c, 1, c->out.shape.rank) + LEADING_BLOCK - 1) / LEADING_BLOCK;
}

static void eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct linmap_attr *a = c->attr;
	int64_t inner = extent(c, a->axis + 1, c->out.shape.rank), outer = extent(c, 1, a->axis);

	(void)scratch;
	for (int64_t i = begin; i < end; i++) {
		int64_t from = i * LEADING_BLOCK, left = inner - from;

		if (a->axis > 0)
			apply(c, i * outer, outer, inner, 0, inner);
		else
			apply(c, 0, 1, inner, from, left < LEADING_BLOCK ? left : LEADING_BLOCK);
	}
}

/* A 4 x 3 map for the tests: a copy, an average, nothing, a difference. */
static const struct linmap sample_map, sample_transpose;
static const int64_t sample_start[] = { 0, 1, 3, 3, 5 }, sample_col[] = { 1, 0, 1, 0, 2 };
static const double sample_value[] = { 1, 0.5, 0.5, -2, 3 };
static const int64_t sample_start_t[] = { 0, 2, 4, 5 }, sample_col_t[] = { 1, 3, 0, 1, 3 };
static const double sample_value_t[] = { 0.5, -2, 1, 0.5, 3 };
static const struct linmap sample_map = { 4, 3, sample_start, sample_col, sample_value, &sample_transpose };
static const struct linmap sample_transpose = { 3, 4, sample_start_t, sample_col_t, sample_value_t, &sample_map };
static const struct linmap_attr sample_inner = { &sample_map, 1 }, sample_last = { &sample_map, 2 },
				sample_first = { &sample_map, 0 }, sample_back = { &sample_transpose, 0 };

static const struct op_sample samples[] = {
	{ 1, { { DTYPE_F64, { 3, { 2, 3, 5 } }, -1, 1 } }, &sample_inner, 0 },
	{ 1, { { DTYPE_F64, { 3, { 2, 2, 3 } }, -1, 1 } }, &sample_last, 0 },
	{ 1, { { DTYPE_F64, { 2, { 3, 5 } }, -1, 1 } }, &sample_first, 0 },
	{ 1, { { DTYPE_F64, { 1, { 4 } }, -1, 1 } }, &sample_back, 0 },
};

static const struct op_class linmap_op = {
	.name = "linmap",
	.help = "out[.., i, ..] = sum_j A_ij a[.., j, ..] along one axis",
	.arity = 1,
	.attr_size = sizeof(struct linmap_attr),
	.infer = infer,
	.vjp = pull,
	.jvp = push,
	.simplify = simplify,
	.units = units,
	.eval = eval,
	.setup = setup,
	.teardown = table_free,
	.row_args_for = row_args,
	.cost_for = cost,
	.n_samples = 4,
	.samples = samples,
};

const struct op_class *const op_file_linmap[] = { &linmap_op, NULL };

node op_linmap(struct graph *g, node a, int axis, const struct linmap *map)
{
	if (graph_error(g))
		return NODE_NONE;
	if (!node_is(a))
		return graph_fail(g, "linear map of no node");
	struct shape s = graph_shape(g, a);

	if (axis < -s.rank || axis >= s.rank)
		return graph_fail(g, "linear map along axis %d of an array of rank %d", axis, s.rank);
	struct linmap_attr attr = { .map = map, .axis = axis < 0 ? axis + s.rank : axis };

	return graph_apply(g, &linmap_op, 1, &a, &attr);
}
