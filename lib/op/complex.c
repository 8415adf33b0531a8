/* complex.c: complex arrays (a last axis of 2) with real-linear rules: the inner product behind the cotangents is
 * Re sum conj(x) y, so the adjoint of multiplying by b is multiplying by conj(b). With either factor conjugated by a
 * flag products and contractions are closed under differentiation. */
#include <string.h>

#include "op/formula.h"
#include "op/lanes.h"
#include "op/rule.h"

enum { LANES = 8, NEST = FORMULA_AXES };

#ifdef LANES_VECTOR
/* (x0, x0, x2, x2, ..), (x1, x1, x3, x3, ..) and (x1, x0, x3, x2, ..) */
#define TWICE_EVEN_f(x) __builtin_shufflevector(x, x, 0, 0, 2, 2, 4, 4, 6, 6)
#define TWICE_ODD_f(x) __builtin_shufflevector(x, x, 1, 1, 3, 3, 5, 5, 7, 7)
#define CROSS_f(x) __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6)
#define TWICE_EVEN_d(x) __builtin_shufflevector(x, x, 0, 0, 2, 2)
#define TWICE_ODD_d(x) __builtin_shufflevector(x, x, 1, 1, 3, 3)
#define CROSS_d(x) __builtin_shufflevector(x, x, 1, 0, 3, 2)
#endif
#define REAL float
#define NAME(x) x##_f
#include "op/complex_kernel.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) x##_d
#include "op/complex_kernel.h"
#undef REAL
#undef NAME

/* Loops over products, summed axes (out stride 0) last; strides in complex numbers. */
struct nest {
	int n;
	int64_t extent[NEST], a[NEST], b[NEST], out[NEST];
	bool conj_a, conj_b;
};

/* The loop to run as a vector: the one that makes all of them cheapest. */
static int choose(const struct nest *x)
{
	double least = 0, total = 1;
	int best = -1;

	for (int i = 0; i < x->n; i++)
		total *= (double)x->extent[i];
	for (int i = 0; i < x->n; i++) {
		bool whole = x->a[i] <= 1 && x->b[i] <= 1;
		double rate = x->out[i] == 1 && whole ? 0.5 : x->out[i] == 0 && whole ? 1 : 2.5;
		double time = total / (double)x->extent[i] * (8 + (double)x->extent[i] * rate);

		if (best < 0 || time < least) {
			best = i;
			least = time;
		}
	}
	return best;
}

enum { VECTOR = 64 }; /* numbers of the vector loop taken at a time: what the other loops come back to stays in cache */

static void run_part(const struct nest *x, int v, enum dtype t, void *out_data, const void *a_data, const void *b_data)
{
	size_t size = 2 * dtype_size(t);
	const char *a = a_data, *b = b_data;
	char *out = out_data;
	int64_t index[NEST] = { 0 };
	int64_t n = v < 0 ? 1 : x->extent[v], va = v < 0 ? 0 : x->a[v], vb = v < 0 ? 0 : x->b[v];
	int64_t vo = v < 0 ? 0 : x->out[v];

	for (;;) {
		bool add = false;
		int k = x->n - 1;

		for (int i = 0; i < x->n; i++)
			add = add || (x->out[i] == 0 && index[i] > 0);
		if (t == DTYPE_F64 && vo > 0)
			products_d(n, (double *)(void *)out, vo, (const double *)(const void *)a, va,
				   (const double *)(const void *)b, vb, x->conj_a, x->conj_b, add);
		else if (t == DTYPE_F64)
			dot_d(n, (double *)(void *)out, (const double *)(const void *)a, va,
			      (const double *)(const void *)b, vb, x->conj_a, x->conj_b, add);
		else if (vo > 0)
			products_f(n, (float *)(void *)out, vo, (const float *)(const void *)a, va,
				   (const float *)(const void *)b, vb, x->conj_a, x->conj_b, add);
		else
			dot_f(n, (float *)(void *)out, (const float *)(const void *)a, va,
			      (const float *)(const void *)b, vb, x->conj_a, x->conj_b, add);
		for (; k >= 0; k--) {
			if (k == v)
				continue;
			a += x->a[k] * (int64_t)size;
			b += x->b[k] * (int64_t)size;
			out += x->out[k] * (int64_t)size;
			if (++index[k] < x->extent[k])
				break;
			a -= x->a[k] * x->extent[k] * (int64_t)size;
			b -= x->b[k] * x->extent[k] * (int64_t)size;
			out -= x->out[k] * x->extent[k] * (int64_t)size;
			index[k] = 0;
		}
		if (k < 0)
			return;
	}
}

static void run(struct nest *x, enum dtype t, void *out, const void *a, const void *b)
{
	int64_t size = 2 * (int64_t)dtype_size(t);
	int v = choose(x);
	int64_t whole = v < 0 ? 1 : x->extent[v];

	if (v < 0 || x->out[v] == 0 || x->n == 1) {
		run_part(x, v, t, out, a, b);
		return;
	}
	for (int64_t i = 0; i < whole; i += VECTOR) {
		x->extent[v] = whole - i < VECTOR ? whole - i : VECTOR;
		run_part(x, v, t, (char *)out + i * x->out[v] * size, (const char *)a + i * x->a[v] * size,
			 (const char *)b + i * x->b[v] * size);
	}
	x->extent[v] = whole;
}

static int check_complex(const struct op_shape *in, struct err *e)
{
	char text[SHAPE_TEXT];

	if (op_check_real(in, e))
		return -1;
	if (in->shape.rank < 1 || in->shape.dim[in->shape.rank - 1] != 2)
		return err_set(e, ERR_USAGE, "shape %s is not complex: its last axis is not 2",
			       shape_text(text, &in->shape));
	return 0;
}

/* ---- product ---- */

struct conj_attr {
	char a, b;
};

static const struct op_class complex_mul, complex_conj, complex_contract;

static node multiply(struct graph *g, node a, bool conj_a, node b, bool conj_b)
{
	struct conj_attr attr = { conj_a, conj_b };

	return op_apply2(g, &complex_mul, a, b, &attr);
}

static int infer_mul(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	if (check_complex(&in[0], e) || check_complex(&in[1], e))
		return -1;
	return op_infer_broadcast(attr, n_args, in, out, e);
}

static void eval_mul(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct conj_attr *conj = c->attr;
	struct nest x = { .conj_a = conj->a, .conj_b = conj->b };
	const char *source[2];
	int rank = c->out.shape.rank - 1;
	int64_t stride[3][SHAPE_MAX] = { { 0 } };

	(void)scratch;
	for (int k = 0; k < 3; k++) {
		const struct shape *s = k < 2 ? &c->in[k].shape : &c->out.shape;
		int missing = rank + 1 - s->rank;
		int64_t next = 1;

		for (int i = rank - 1; i >= missing; i--) {
			stride[k][i] = k < 2 && s->dim[i - missing] == 1 ? 0 : next;
			next *= s->dim[i - missing];
		}
	}
	for (int i = 0; i < rank; i++) {
		int64_t extent = i == 0 ? end - begin : c->out.shape.dim[i];
		int last = x.n - 1;

		if (extent == 1)
			continue;
		if (last >= 0 && x.a[last] == extent * stride[0][i] && x.b[last] == extent * stride[1][i] &&
		    x.out[last] == extent * stride[2][i]) {
			x.extent[last] *= extent;
		} else {
			last = x.n++;
			x.extent[last] = extent;
		}
		x.a[last] = stride[0][i];
		x.b[last] = stride[1][i];
		x.out[last] = stride[2][i];
	}
	/* With one number only: still a product, not a sum. */
	if (x.n == 0) {
		x.n = 1;
		x.extent[0] = x.out[0] = 1;
	}
	for (int k = 0; k < 2; k++)
		source[k] = (const char *)c->in[k].data + begin * stride[k][0] * 2 * (int64_t)dtype_size(c->out.dtype);
	run(&x, c->out.dtype, (char *)c->out.data + begin * stride[2][0] * 2 * (int64_t)dtype_size(c->out.dtype),
	    source[0], source[1]);
}

/* Axis 0 may be the complex one. */
static int64_t units_mul(const struct op_call *c)
{
	return c->out.shape.rank > 1 ? c->out.shape.dim[0] : 1;
}

static unsigned rows_mul(const struct op_call *c)
{
	unsigned mask = 0;

	for (int k = 0; k < c->n_args && c->out.shape.rank > 1; k++)
		if (c->in[k].shape.rank == c->out.shape.rank && c->in[k].shape.dim[0] == c->out.shape.dim[0])
			mask |= 1u << k;
	return mask;
}

/* y = a' b' with a' = a or conj a: the adjoint in a' is t conj(b'), and conjugated once more in a. */
static node vjp_mul(struct graph *g, node self, int k, node t)
{
	struct conj_attr c = *(const struct conj_attr *)graph_at(g, self)->attr;
	bool mine = k == 0 ? c.a : c.b, other = k == 0 ? c.b : c.a;

	return op_to_arg(g, self, k, multiply(g, t, mine, op_arg(g, self, 1 - k), mine ? other : !other));
}

static node jvp_mul(struct graph *g, node self, int k, node t)
{
	struct conj_attr c = *(const struct conj_attr *)graph_at(g, self)->attr;
	node other = op_arg(g, self, 1 - k);

	return k == 0 ? multiply(g, t, c.a, other, c.b) : multiply(g, other, c.a, t, c.b);
}

static node simplify_mul(struct graph *g, int n_args, const node *arg, const void *attr)
{
	const struct conj_attr *c = attr;
	double value;

	(void)n_args;
	for (int k = 0; k < 2; k++)
		if (graph_is_constant(g, arg[k], &value) && value == 0)
			return op_zeros_like(g, op_widen(g, arg[0], arg[1]));
	for (int k = 0; k < 2; k++) {
		if (op_of(g, arg[k]) == &complex_conj) {
			node inside = op_arg(g, arg[k], 0);

			return k == 0 ? multiply(g, inside, !c->a, arg[1], c->b)
				      : multiply(g, arg[0], c->a, inside, !c->b);
		}
	}
	return NODE_NONE;
}

/* ---- conjugate ---- */

static int infer_conj(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr;
	(void)n_args;
	*out = in[0];
	return check_complex(&in[0], e);
}

static void eval_conj(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	int64_t row = c->out.shape.rank > 1 ? op_row_count(&c->out) : 2;

	(void)scratch;
	for (int64_t i = begin * row; i < end * row; i += 2) {
		if (c->out.dtype == DTYPE_F64) {
			((double *)c->out.data)[i] = ((const double *)c->in[0].data)[i];
			((double *)c->out.data)[i + 1] = -((const double *)c->in[0].data)[i + 1];
		} else {
			((float *)c->out.data)[i] = ((const float *)c->in[0].data)[i];
			((float *)c->out.data)[i + 1] = -((const float *)c->in[0].data)[i + 1];
		}
	}
}

static node push_conj(struct graph *g, node self, int k, node t)
{
	(void)self;
	(void)k;
	return op_complex_conj(g, t);
}

static node simplify_conj(struct graph *g, int n_args, const node *arg, const void *attr)
{
	(void)n_args;
	(void)attr;
	return op_of(g, arg[0]) == &complex_conj ? op_arg(g, arg[0], 0) : NODE_NONE;
}

/* ---- contraction ---- */

struct complex_formula {
	struct formula f;
	struct conj_attr conj;
};

static node apply(struct graph *g, const char *a, const char *b, const char *out, node x, bool conj_x, node y,
		  bool conj_y)
{
	struct complex_formula c;

	memset(&c, 0, sizeof c);
	strcpy(c.f.a, a);
	strcpy(c.f.b, b);
	strcpy(c.f.out, out);
	c.conj = (struct conj_attr){ conj_x, conj_y };
	return op_apply2(g, &complex_contract, x, y, &c);
}

static int infer_contract(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	const struct complex_formula *c = attr;
	struct shape a, b;

	(void)n_args;
	out->dtype = in[0].dtype;
	if (check_complex(&in[0], e) || check_complex(&in[1], e))
		return -1;
	if (in[0].dtype != in[1].dtype)
		return err_set(e, ERR_USAGE, "%s and %s do not mix", dtype_name(in[0].dtype), dtype_name(in[1].dtype));
	if (strlen(c->f.out) >= SHAPE_MAX)
		return err_set(e, ERR_USAGE, "the result %s has more than %d axes", c->f.out, SHAPE_MAX - 1);
	a = shape_remove(&in[0].shape, in[0].shape.rank - 1);
	b = shape_remove(&in[1].shape, in[1].shape.rank - 1);
	if (formula_infer(&c->f, &a, &b, &out->shape, e))
		return -1;
	out->shape.dim[out->shape.rank++] = 2;
	return 0;
}

static void axes_of(const struct op_call *c, struct formula_axes *x)
{
	const struct complex_formula *f = c->attr;
	struct shape a = shape_remove(&c->in[0].shape, c->in[0].shape.rank - 1);
	struct shape b = shape_remove(&c->in[1].shape, c->in[1].shape.rank - 1);

	formula_axes(x, &f->f, &a, &b);
}

static unsigned rows_contract(const struct op_call *c)
{
	struct formula_axes x;

	axes_of(c, &x);
	return x.rows;
}

static void eval_contract(const struct op_call *c, int64_t begin, int64_t end, void *scratch)
{
	const struct complex_formula *f = c->attr;
	size_t size = 2 * dtype_size(c->out.dtype);
	struct nest nest = { .conj_a = f->conj.a, .conj_b = f->conj.b };
	const char *a = c->in[0].data, *b = c->in[1].data;
	char *out = c->out.data;
	struct formula_axes x;

	(void)scratch;
	axes_of(c, &x);
	if (x.first >= 0) {
		struct formula_axis *cut = &x.axis[x.first];
		int64_t low = begin * x.first_inner;

		cut->extent = (end - begin) * x.first_inner;
		a += low * cut->a * (int64_t)size;
		b += low * cut->b * (int64_t)size;
		out += low * cut->out * (int64_t)size;
	}
	for (int i = 0; i < x.n; i++) {
		nest.extent[nest.n] = x.axis[i].extent;
		nest.a[nest.n] = x.axis[i].a;
		nest.b[nest.n] = x.axis[i].b;
		nest.out[nest.n++] = x.axis[i].out;
	}
	run(&nest, c->out.dtype, out, a, b);
}

static node vjp_contract(struct graph *g, node self, int k, node t)
{
	struct complex_formula c = *(const struct complex_formula *)graph_at(g, self)->attr;
	bool mine = k == 0 ? c.conj.a : c.conj.b, other = k == 0 ? c.conj.b : c.conj.a;

	return k == 0 ? apply(g, c.f.out, c.f.b, c.f.a, t, mine, op_arg(g, self, 1), mine ? other : !other)
		      : apply(g, c.f.a, c.f.out, c.f.b, op_arg(g, self, 0), mine ? other : !other, t, mine);
}

static node jvp_contract(struct graph *g, node self, int k, node t)
{
	const struct complex_formula *c = graph_at(g, self)->attr;

	return op_apply2(g, &complex_contract, k == 0 ? t : op_arg(g, self, 0), k == 0 ? op_arg(g, self, 1) : t, c);
}

static node simplify_contract(struct graph *g, int n_args, const node *arg, const void *attr)
{
	struct op_shape in[2], out;
	double value;

	for (int k = 0; k < n_args; k++)
		in[k] = (struct op_shape){ graph_dtype(g, arg[k]), graph_shape(g, arg[k]) };
	for (int k = 0; k < n_args; k++)
		if (graph_is_constant(g, arg[k], &value) && value == 0 && infer_contract(attr, 2, in, &out, NULL) == 0)
			return graph_full(g, out.dtype, &out.shape, 0);
	return NODE_NONE;
}

/* ---- classes ---- */

#define PAIR(A, B, ATTR)                                                                                               \
	{                                                                                                              \
		2, { { DTYPE_F64, A, -1, 1 }, { DTYPE_F64, B, -1, 1 } }, ATTR, 0                                       \
	}

static const struct conj_attr plain = { 0, 0 }, first = { 1, 0 }, second = { 0, 1 }, both = { 1, 1 };
static const struct op_sample mul_samples[] = {
	PAIR(OP_DIMS(3, 5, 2), OP_DIMS(3, 5, 2), &plain),
	PAIR(OP_DIMS(3, 1, 5, 2), OP_DIMS(4, 1, 2), &first),
	PAIR(OP_DIMS(5, 2), OP_DIMS(3, 5, 2), &second),
	PAIR(OP_DIMS(2), OP_DIMS(2), &both),
};
static const struct op_sample conj_samples[] = { { 1, { { DTYPE_F64, OP_DIMS(3, 5, 2), -1, 1 } }, NULL, 0 } };
static const struct complex_formula modes = { { "bik", "iok", "bok" }, { 0, 0 } };
static const struct complex_formula weight = { { "bik", "bok", "iok" }, { 1, 0 } };
static const struct complex_formula matrix = { { "mk", "kn", "mn" }, { 0, 1 } };
static const struct complex_formula inner = { { "n", "n", "" }, { 1, 1 } };
static const struct op_sample contract_samples[] = {
	PAIR(OP_DIMS(2, 3, 5, 2), OP_DIMS(3, 4, 5, 2), &modes),
	PAIR(OP_DIMS(2, 3, 5, 2), OP_DIMS(2, 4, 5, 2), &weight),
	PAIR(OP_DIMS(3, 4, 2), OP_DIMS(4, 5, 2), &matrix),
	PAIR(OP_DIMS(6, 2), OP_DIMS(6, 2), &inner),
};

static const struct op_class complex_mul = {
	.name = "complex_mul",
	.help = "a b, either side conjugated",
	.arity = 2,
	.attr_size = sizeof(struct conj_attr),
	.infer = infer_mul,
	.vjp = vjp_mul,
	.jvp = jvp_mul,
	.simplify = simplify_mul,
	.units = units_mul,
	.eval = eval_mul,
	.row_args_for = rows_mul,
	OP_SAMPLES(mul_samples),
};
static const struct op_class complex_conj = {
	.name = "complex_conj",
	.help = "complex conjugate",
	.arity = 1,
	.infer = infer_conj,
	.vjp = push_conj,
	.jvp = push_conj,
	.simplify = simplify_conj,
	.units = units_mul,
	.eval = eval_conj,
	.row_args_for = rows_mul,
	OP_SAMPLES(conj_samples),
};
static const struct op_class complex_contract = {
	.name = "complex_contract",
	.help = "sum of a b over the axes that the result lacks, by formula, either side conjugated",
	.arity = 2,
	.attr_size = sizeof(struct complex_formula),
	.infer = infer_contract,
	.vjp = vjp_contract,
	.jvp = jvp_contract,
	.simplify = simplify_contract,
	.units = units_mul,
	.eval = eval_contract,
	.row_args_for = rows_contract,
	OP_SAMPLES(contract_samples),
};

const struct op_class *const op_file_complex[] = { &complex_mul, &complex_conj, &complex_contract, NULL };

node op_complex_mul(struct graph *g, node a, node b)
{
	return multiply(g, a, false, b, false);
}

node op_complex_conj(struct graph *g, node a)
{
	return op_apply1(g, &complex_conj, a, NULL);
}

node op_complex_contract(struct graph *g, const char *formula, node a, bool conj_a, node b, bool conj_b)
{
	struct err e = { 0 };
	struct formula f;

	if (graph_error(g))
		return NODE_NONE;
	if (formula_parse(&f, formula, &e) != 0)
		return graph_fail(g, "complex_contract: %s", e.message);
	return apply(g, f.a, f.b, f.out, a, conj_a, b, conj_b);
}
