/* contract.c: contractions of two real arrays as loops over matrix products. Among the axes that a product could run
 * over the cheapest combination is chosen; strides are given to the product where one of them is 1, other pieces are
 * packed. What a unit of work is (rows of the result, blocks of another axis, parts of the sum) depends on shapes
 * alone. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/blas.h"
#include "op/copy.h"
#include "op/formula.h"
#include "op/rule.h"

/* ROWS: units are rows of the result. BLOCKS: ranges of its longest axis, when it has few rows. SUMS: ranges of a
 * summed axis; every unit makes a whole result of its own, finish adds them up in order. */
enum mode { ROWS, BLOCKS, SUMS };

struct contract_plan {
	struct formula_axes x;
	int row, column, sum; /* axes of the matrix product, -1: extent 1 */
	int n_loops, loop[FORMULA_AXES];
	bool trans_a, trans_b, swap; /* swap: the product makes the transposed result */
	bool pack_a, pack_b, pack_out;
	int64_t lda, ldb, ldc;
	enum mode mode;
	int range; /* the axis that units cut, -1: none */
	int64_t n_units, unit_size, out_count;
	bool row_sums; /* SUMS, and the units are the rows of both arguments */
};

static int64_t extent_of(const struct formula_axes *x, int axis)
{
	return axis < 0 ? 1 : x->axis[axis].extent;
}

/* How a rows x columns matrix with these strides is read: as it is, transposed or from a packed copy. */
static void orient(int64_t rows, int64_t row_stride, int64_t columns, int64_t column_stride, bool *trans, bool *pack,
		   int64_t *ld)
{
	*pack = *trans = false;
	if (columns == 1 || column_stride == 1) {
		*ld = rows == 1 ? columns : row_stride;
	} else if (rows == 1 || row_stride == 1) {
		*trans = true;
		*ld = column_stride;
	} else {
		*pack = true;
		*ld = columns;
	}
}

/* Lay a product over three axes; returns a rough time in nanoseconds, by which alternatives are compared. */
static double lay(struct contract_plan *p, int row, int column, int sum)
{
	const struct formula_axes *x = &p->x;
	struct formula_axis none = { .extent = 1 };
	struct formula_axis r = row < 0 ? none : x->axis[row], c = column < 0 ? none : x->axis[column];
	struct formula_axis s = sum < 0 ? none : x->axis[sum];
	double m = (double)r.extent, n = (double)c.extent, k = (double)s.extent, calls = 1, rate, time;

	p->row = row;
	p->column = column;
	p->sum = sum;
	p->n_loops = 0;
	for (int i = 0; i < x->n; i++) {
		if (i == row || i == column || i == sum)
			continue;
		p->loop[p->n_loops++] = i;
		calls *= (double)x->axis[i].extent;
	}
	orient(r.extent, r.a, s.extent, s.a, &p->trans_a, &p->pack_a, &p->lda);
	orient(s.extent, s.b, c.extent, c.b, &p->trans_b, &p->pack_b, &p->ldb);
	orient(r.extent, r.out, c.extent, c.out, &p->swap, &p->pack_out, &p->ldc);
	rate = 0.02 * (1 + 3 / m) * (1 + 3 / n) * (1 + 3 / k);
	time = (row < 0 && column < 0 ? 10 : 60) + m * n * k * rate + 0.1 * m * n;
	time += (p->pack_a ? 30 + 1.5 * m * k : 0) + (p->pack_b ? 30 + 1.5 * k * n : 0) +
		(p->pack_out ? 30 + 2 * m * n : 0);
	return calls * time;
}

static void choose(struct contract_plan *p)
{
	const struct formula_axes *x = &p->x;
	int best[3] = { -1, -1, -1 };
	double least = -1;

	for (int i = -1; i < x->n; i++) {
		if (i >= 0 && x->axis[i].kind != AXIS_ROW)
			continue;
		for (int j = -1; j < x->n; j++) {
			if (j >= 0 && x->axis[j].kind != AXIS_COLUMN)
				continue;
			for (int k = -1; k < x->n; k++) {
				double time;

				if (k >= 0 && x->axis[k].kind != AXIS_SUM)
					continue;
				time = lay(p, i, j, k);
				if (least < 0 || time < least) {
					least = time;
					best[0] = i, best[1] = j, best[2] = k;
				}
			}
		}
	}
	lay(p, best[0], best[1], best[2]);
}

static int longest(const struct formula_axes *x, bool summed, int not_this)
{
	int best = -1;

	for (int i = 0; i < x->n; i++)
		if ((x->axis[i].kind == AXIS_SUM) == summed && i != not_this &&
		    (best < 0 || x->axis[i].extent > x->axis[best].extent))
			best = i;
	return best;
}

/* LEAST_TERMS: of the product of one row; ROW_BYTES: of the results of all rows; STRETCH: results added up together. */
enum { PARTS = 16, LEAST_TERMS = 32, ROW_BYTES = 4 << 20, STRETCH = 256 };

/* The summed axis that has axis 0 of both arguments as its outer part; *size: its elements in a row. -1 if there is
 * none, if rows leave few terms to a product, or if the results of all rows are large, also against the arguments,
 * which then need not be kept. */
static int row_sum(const struct contract_plan *p, const struct op_call *c, int64_t *size)
{
	const struct shape *a = &c->in[0].shape, *b = &c->in[1].shape;
	const double parts = (double)p->out_count * (double)a->dim[0];
	const double arguments = (double)shape_count(a) + (double)shape_count(b);

	if (a->dim[0] != b->dim[0] || a->dim[0] < 4 ||
	    (parts * (double)dtype_size(c->out.dtype) > ROW_BYTES && parts > arguments))
		return -1;
	for (int i = 0; i < p->x.n; i++) {
		const struct formula_axis *x = &p->x.axis[i];

		*size = x->extent / a->dim[0];
		if (x->kind == AXIS_SUM && x->extent % a->dim[0] == 0 && x->a * x->extent == shape_count(a) &&
		    x->b * x->extent == shape_count(b))
			return (i == p->sum ? *size : extent_of(&p->x, p->sum)) < LEAST_TERMS ? -1 : i;
	}
	return -1;
}

static void make_plan(struct contract_plan *p, const struct op_call *c)
{
	const struct formula *f = c->attr;
	double terms = 1, sums = 1, batches = 1, out;
	int64_t rows = op_units_rows(c), size;
	int axis;

	memset(p, 0, sizeof *p);
	formula_axes(&p->x, f, &c->in[0].shape, &c->in[1].shape);
	choose(p);
	for (int i = 0; i < p->x.n; i++) {
		terms *= (double)p->x.axis[i].extent;
		sums *= p->x.axis[i].kind == AXIS_SUM ? (double)p->x.axis[i].extent : 1;
		batches *= p->x.axis[i].kind == AXIS_BATCH ? (double)p->x.axis[i].extent : 1;
	}
	p->out_count = shape_count(&c->out.shape);
	out = (double)p->out_count;
	p->mode = ROWS;
	p->range = p->x.first;
	p->n_units = rows;
	p->unit_size = p->x.first_inner;
	/* A loop over a summed axis is cut before the product's own. */
	axis = longest(&p->x, true, p->sum);
	if (axis < 0 || p->x.axis[axis].extent < 4)
		axis = longest(&p->x, true, -1);
	/* Parts of a sum cost storing and adding them up; blocks of a small result read one argument anew for each. */
	const bool long_sum = 2 * sums >= out || (16 * sums >= out && out <= 1 << 16);
	if (terms >= 1 << 18 && batches < 4 && long_sum && axis >= 0 && p->x.axis[axis].extent >= 4) {
		p->mode = SUMS;
		if (row_sum(p, c, &size) >= 0) {
			p->row_sums = true;
			p->range = row_sum(p, c, &size);
			p->n_units = c->in[0].shape.dim[0];
			p->unit_size = size;
			return;
		}
	} else if (terms >= 1 << 20 && rows < 4) {
		axis = longest(&p->x, false, -1);
		if (axis >= 0 && p->x.axis[axis].extent >= 2 * rows)
			p->mode = BLOCKS;
	} else if (terms >= 1 << 20 && p->range >= 0 && (p->range == p->row || p->range == p->column)) {
		int other = p->range == p->row ? p->column : p->row;
		int64_t mine = extent_of(&p->x, p->range), its = extent_of(&p->x, other);

		if (p->x.rows == 0) {
			/* No stage of rows to take part in: large blocks. */
			axis = its > mine ? other : p->range;
			p->mode = BLOCKS;
		} else if (its >= 4 * mine && its * extent_of(&p->x, p->sum) >= 1 << 16) {
			/* Every range of rows would read the other, much larger matrix anew: cut that one. */
			axis = other;
			p->mode = BLOCKS;
		}
	}
	if (p->mode != ROWS) {
		int64_t extent = p->x.axis[axis].extent, parts = extent < PARTS ? extent : PARTS;

		if (p->mode == SUMS && terms < (double)parts * (1 << 17))
			parts = 1 + (int64_t)(terms / (1 << 17));
		p->range = axis;
		p->unit_size = (extent + parts - 1) / parts;
		/* Full vectors except for the last part. */
		if (p->unit_size > 64)
			p->unit_size = (p->unit_size + 15) / 16 * 16;
		p->n_units = (extent + p->unit_size - 1) / p->unit_size;
	}
}

static size_t piece_bytes(const struct contract_plan *p, size_t size, int first, int second)
{
	size_t n = (size_t)(extent_of(&p->x, first) * extent_of(&p->x, second)) * size;

	return (n + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

static void gemm(enum dtype t, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda,
		 const void *b, int64_t ldb, bool add, void *c, int64_t ldc)
{
	if (t == DTYPE_F64)
		num_gemm_d(trans_a, trans_b, m, n, k, 1, a, lda, b, ldb, add, c, ldc);
	else
		num_gemm_f(trans_a, trans_b, m, n, k, 1, a, lda, b, ldb, add, c, ldc);
}

static void pack(size_t size, int64_t rows, int64_t row_stride, int64_t columns, int64_t column_stride,
		 const char *from, char *to)
{
	copy_strided(size, 2, (int64_t[]){ rows, columns }, to, (int64_t[]){ columns, 1 }, from,
		     (int64_t[]){ row_stride, column_stride });
}

/* Partial sums of a dot product of unit stride. */
enum { LANES = 16 };
#define DOT(REAL)                                                                                                      \
	static double dot_##REAL(int64_t n, const REAL *a, int64_t sa, const REAL *b, int64_t sb)                      \
	{                                                                                                              \
		REAL lane[LANES] = { 0 };                                                                              \
		double sum = 0;                                                                                        \
		int64_t i = 0;                                                                                         \
                                                                                                                       \
		for (; sa == 1 && sb == 1 && i + LANES <= n; i += LANES)                                               \
			for (int j = 0; j < LANES; j++)                                                                \
				lane[j] += a[i + j] * b[i + j];                                                        \
		for (; i < n; i++)                                                                                     \
			sum += (double)a[i * sa] * (double)b[i * sb];                                                  \
		for (int j = 0; j < LANES; j++)                                                                        \
			sum += (double)lane[j];                                                                        \
		return sum;                                                                                            \
	}
DOT(float)
DOT(double)

static void dot(enum dtype t, const struct formula_axis *s, const void *a, const void *b, bool add, void *out)
{
	if (t == DTYPE_F64)
		*(double *)out = (add ? *(double *)out : 0) + dot_double(s->extent, a, s->a, b, s->b);
	else
		*(float *)out = (float)((add ? (double)*(float *)out : 0) + dot_float(s->extent, a, s->a, b, s->b));
}

/* The part low .. high-1 of the range axis, result to out (strides as the call's result). */
static void compute(const struct contract_plan *p, const struct op_call *call, int64_t low, int64_t high, char *out,
		    char *scratch)
{
	const struct formula_axis none = { .extent = 1 };
	struct formula_axis x[FORMULA_AXES + 1], *r, *c, *s;
	size_t size = dtype_size(call->out.dtype);
	char *pack_a = scratch, *pack_b = pack_a + (p->pack_a ? piece_bytes(p, size, p->row, p->sum) : 0);
	char *pack_out = pack_b + (p->pack_b ? piece_bytes(p, size, p->sum, p->column) : 0);
	const char *a = call->in[0].data, *b = call->in[1].data, *packed_a = NULL, *packed_b = NULL;
	int64_t index[FORMULA_AXES] = { 0 };
	int n_sums = 0; /* loops over summed axes: the innermost ones */

	memcpy(x, p->x.axis, sizeof p->x.axis);
	x[FORMULA_AXES] = none;
	if (p->range >= 0) {
		struct formula_axis *cut = &x[p->range];

		cut->extent = high - low;
		a += low * cut->a * (int64_t)size;
		b += low * cut->b * (int64_t)size;
		out += low * cut->out * (int64_t)size;
	}
	r = &x[p->row < 0 ? FORMULA_AXES : p->row];
	c = &x[p->column < 0 ? FORMULA_AXES : p->column];
	s = &x[p->sum < 0 ? FORMULA_AXES : p->sum];
	while (n_sums < p->n_loops && x[p->loop[p->n_loops - 1 - n_sums]].kind == AXIS_SUM)
		n_sums++;
	for (;;) {
		const char *left = a, *right = b;
		char *result = p->pack_out ? pack_out : out;
		bool add = false, last = true;
		int i = p->n_loops - 1;

		for (int k = p->n_loops - n_sums; k < p->n_loops; k++) {
			add = add || index[k] > 0;
			last = last && index[k] == x[p->loop[k]].extent - 1;
		}
		if (p->row < 0 && p->column < 0) {
			dot(call->out.dtype, s, a, b, add, out);
		} else {
			if (p->pack_a) {
				if (packed_a != a)
					pack(size, r->extent, r->a, s->extent, s->a, a, pack_a);
				left = pack_a;
				packed_a = a;
			}
			if (p->pack_b) {
				if (packed_b != b)
					pack(size, s->extent, s->b, c->extent, c->b, b, pack_b);
				right = pack_b;
				packed_b = b;
			}
			if (p->swap)
				gemm(call->out.dtype, !p->trans_b, !p->trans_a, c->extent, r->extent, s->extent, right,
				     p->pack_b ? c->extent : p->ldb, left, p->pack_a ? s->extent : p->lda, add, result,
				     p->ldc);
			else
				gemm(call->out.dtype, p->trans_a, p->trans_b, r->extent, c->extent, s->extent, left,
				     p->pack_a ? s->extent : p->lda, right, p->pack_b ? c->extent : p->ldb, add, result,
				     p->pack_out ? c->extent : p->ldc);
			if (p->pack_out && last)
				copy_strided(size, 2, (int64_t[]){ r->extent, c->extent }, out,
					     (int64_t[]){ r->out, c->out }, pack_out, (int64_t[]){ c->extent, 1 });
		}
		for (; i >= 0; i--) {
			const struct formula_axis *l = &x[p->loop[i]];

			a += l->a * (int64_t)size;
			b += l->b * (int64_t)size;
			out += l->out * (int64_t)size;
			if (++index[i] < l->extent)
				break;
			a -= l->a * l->extent * (int64_t)size;
			b -= l->b * l->extent * (int64_t)size;
			out -= l->out * l->extent * (int64_t)size;
			index[i] = 0;
		}
		if (i < 0)
			return;
	}
}

/* ---- the class ---- */

static int infer(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)n_args;
	out->dtype = in[0].dtype;
	if (op_check_real(&in[0], e))
		return -1;
	if (in[0].dtype != in[1].dtype)
		return err_set(e, ERR_USAGE, "%s and %s do not mix", dtype_name(in[0].dtype), dtype_name(in[1].dtype));
	return formula_infer(attr, &in[0].shape, &in[1].shape, &out->shape, e);
}

static int setup(const struct op_call *c, void **state, struct err *e)
{
	struct contract_plan *p = xmalloc(sizeof *p);

	(void)e;
	make_plan(p, c);
	*state = p;
	return 0;
}

static int64_t units(const struct op_call *c)
{
	struct contract_plan p;

	make_plan(&p, c);
	return p.n_units;
}

static size_t work_size(const struct op_call *c)
{
	struct contract_plan p;

	make_plan(&p, c);
	return p.mode == SUMS ? (size_t)(p.n_units * p.out_count) * dtype_size(c->out.dtype) : 0;
}

static size_t scratch_size(const struct op_call *c)
{
	size_t size = dtype_size(c->out.dtype);
	struct contract_plan p;

	make_plan(&p, c);
	return (p.pack_a ? piece_bytes(&p, size, p.row, p.sum) : 0) +
	       (p.pack_b ? piece_bytes(&p, size, p.sum, p.column) : 0) +
	       (p.pack_out ? piece_bytes(&p, size, p.row, p.column) : 0);
}

static unsigned rows(const struct op_call *c)
{
	struct contract_plan p;

	make_plan(&p, c);
	return p.mode == ROWS && c->out.shape.rank > 0 ? p.x.rows : 0;
}

static unsigned summed_rows(const struct op_call *c)
{
	struct contract_plan p;

	make_plan(&p, c);
	return p.row_sums ? 3 : 0;
}

static void eval(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct contract_plan *p = c->state;
	int64_t extent = extent_of(&p->x, p->range), high = end * p->unit_size;

	if (p->mode != SUMS) {
		compute(p, c, begin * p->unit_size, high < extent ? high : extent, c->out.data, scratch);
		return;
	}
	for (int64_t u = begin; u < end; u++) {
		high = (u + 1) * p->unit_size;
		compute(p, c, u * p->unit_size, high < extent ? high : extent,
			(char *)c->work + (size_t)(u * p->out_count) * dtype_size(c->out.dtype), scratch);
	}
}

static void finish(const struct op_call *c)
{
	const struct contract_plan *p = c->state;
	int64_t n = p->out_count;

	if (p->mode != SUMS)
		return;
	/* a stretch of results at a time, so that parts are read as they lie */
	for (int64_t first = 0; first < n; first += STRETCH) {
		const int64_t count = n - first < STRETCH ? n - first : STRETCH;
		double sum[STRETCH] = { 0 };

		for (int64_t u = 0; u < p->n_units; u++)
			for (int64_t i = 0; i < count; i++)
				sum[i] += c->out.dtype == DTYPE_F64 ? ((double *)c->work)[u * n + first + i]
								    : (double)((float *)c->work)[u * n + first + i];
		for (int64_t i = 0; i < count; i++) {
			if (c->out.dtype == DTYPE_F64)
				((double *)c->out.data)[first + i] = sum[i];
			else
				((float *)c->out.data)[first + i] = (float)sum[i];
		}
	}
}

static const struct op_class contract;

static node apply(struct graph *g, const char *a, const char *b, const char *out, node x, node y)
{
	struct formula f;

	memset(&f, 0, sizeof f);
	strcpy(f.a, a);
	strcpy(f.b, b);
	strcpy(f.out, out);
	return op_apply2(g, &contract, x, y, &f);
}

static node vjp(struct graph *g, node self, int k, node t)
{
	struct formula f = *(const struct formula *)graph_at(g, self)->attr;

	return k == 0 ? apply(g, f.out, f.b, f.a, t, op_arg(g, self, 1))
		      : apply(g, f.a, f.out, f.b, op_arg(g, self, 0), t);
}

static node jvp(struct graph *g, node self, int k, node t)
{
	struct formula f = *(const struct formula *)graph_at(g, self)->attr;

	return k == 0 ? apply(g, f.a, f.b, f.out, t, op_arg(g, self, 1))
		      : apply(g, f.a, f.b, f.out, op_arg(g, self, 0), t);
}

static node simplify(struct graph *g, int n_args, const node *arg, const void *attr)
{
	struct shape a = graph_shape(g, arg[0]), b = graph_shape(g, arg[1]), out;
	double value;

	(void)n_args;
	for (int k = 0; k < 2; k++) {
		if (graph_is_constant(g, arg[k], &value) && value == 0) {
			formula_infer(attr, &a, &b, &out, NULL);
			return graph_full(g, graph_dtype(g, arg[0]), &out, 0);
		}
	}
	return NODE_NONE;
}

#define PAIR(A, B, ATTR)                                                                                               \
	{                                                                                                              \
		2, { { DTYPE_F64, A, -1, 1 }, { DTYPE_F64, B, -1, 1 } }, ATTR, 0                                       \
	}
static const struct formula channels = { "oc", "bcn", "bon" }, weight = { "bon", "bcn", "oc" };
static const struct formula linear = { "bk", "kn", "bn" }, attention = { "bqhd", "bkhd", "bhqk" };
static const struct formula inner = { "n", "n", "" }, outer = { "n", "m", "mn" }, vector = { "mk", "k", "m" };
static const struct formula scattered = { "akbl", "lck", "bca" }, products = { "ab", "ba", "ba" };
static const struct op_sample samples[] = {
	PAIR(OP_DIMS(4, 3), OP_DIMS(2, 3, 5), &channels),
	PAIR(OP_DIMS(3, 4, 5), OP_DIMS(3, 2, 5), &weight),
	PAIR(OP_DIMS(5, 3), OP_DIMS(3, 4), &linear),
	PAIR(OP_DIMS(2, 3, 2, 4), OP_DIMS(2, 5, 2, 4), &attention),
	PAIR(OP_DIMS(6), OP_DIMS(6), &inner),
	PAIR(OP_DIMS(3), OP_DIMS(4), &outer),
	PAIR(OP_DIMS(3, 4), OP_DIMS(4), &vector),
	PAIR(OP_DIMS(3, 2, 4, 5), OP_DIMS(5, 3, 2), &scattered),
	PAIR(OP_DIMS(3, 4), OP_DIMS(4, 3), &products),
};

static const struct op_class contract = {
	.name = "contract",
	.help = "sum of a b over the axes that the result lacks, by formula",
	.arity = 2,
	.attr_size = sizeof(struct formula),
	.infer = infer,
	.vjp = vjp,
	.jvp = jvp,
	.simplify = simplify,
	.units = units,
	.eval = eval,
	.finish = finish,
	.work_size = work_size,
	.scratch_size = scratch_size,
	.setup = setup,
	.teardown = free,
	.row_args_for = rows,
	.summed_args_for = summed_rows,
	OP_SAMPLES(samples),
};

const struct op_class *const op_file_contract[] = { &contract, NULL };

node op_contract(struct graph *g, const char *formula, node a, node b)
{
	struct err e = { 0 };
	struct formula f;

	if (graph_error(g))
		return NODE_NONE;
	if (formula_parse(&f, formula, &e) != 0)
		return graph_fail(g, "contract: %s", e.message);
	return op_apply2(g, &contract, a, b, &f);
}

node op_matmul(struct graph *g, node a, node b)
{
	struct shape s = graph_shape(g, a), t = graph_shape(g, b);
	char fa[SHAPE_MAX + 1] = "", fb[SHAPE_MAX + 1] = "", out[SHAPE_MAX + 1] = "";
	char ta[SHAPE_TEXT], tb[SHAPE_TEXT];

	if (!op_ready(g, "matmul", a) || !op_ready(g, "matmul", b))
		return NODE_NONE;
	if (s.rank < 1 || t.rank < 2 || (t.rank > 2 && t.rank != s.rank))
		return graph_fail(g, "matmul: shapes %s and %s do not fit", shape_text(ta, &s), shape_text(tb, &t));
	/* Leading axes a, b, c ...; rows x, summed y, columns z. */
	for (int i = 0; i < s.rank; i++)
		fa[i] = i == s.rank - 1 ? 'y' : i == s.rank - 2 ? 'x' : (char)('a' + i);
	memcpy(out, fa, (size_t)s.rank);
	out[s.rank - 1] = 'z';
	for (int i = 0; i < t.rank; i++)
		fb[i] = i == t.rank - 1 ? 'z' : i == t.rank - 2 ? 'y' : (char)('a' + i);
	return apply(g, fa, fb, out, a, b);
}
