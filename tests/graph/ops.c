/* ops.c: small ops for the tests of the engine. */
#include <math.h>

#include "ops.h"

static int infer_same(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr, (void)n_args, (void)e;
	*out = in[0];
	return 0;
}

static int infer_both(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr, (void)n_args;
	out->dtype = in[0].dtype;
	return shape_broadcast(&in[0].shape, &in[1].shape, &out->shape) ? 0 : err_set(e, ERR_USAGE, "shapes differ");
}

#define BLOCK(name, expression)                                                                                        \
	static void name##_f(int64_t n, float *out, const float *const *in, const void *attr)                          \
	{                                                                                                              \
		(void)attr;                                                                                            \
		for (int64_t i = 0; i < n; i++) {                                                                      \
			double a = in[0][i];                                                                           \
			out[i] = (float)(expression);                                                                  \
		}                                                                                                      \
	}                                                                                                              \
	static void name##_d(int64_t n, double *out, const double *const *in, const void *attr)                        \
	{                                                                                                              \
		(void)attr;                                                                                            \
		for (int64_t i = 0; i < n; i++) {                                                                      \
			double a = in[0][i];                                                                           \
			out[i] = expression;                                                                           \
		}                                                                                                      \
	}
BLOCK(mul, a *in[1][i])
BLOCK(neg, -a)
BLOCK(exp, exp(a))
BLOCK(sin, sin(a))
BLOCK(cos, cos(a))
BLOCK(tanh, tanh(a))
BLOCK(scale, a **(const double *)attr)

static node vjp_mul(struct graph *g, node self, int k, node t)
{
	const struct graph_node *a = graph_at(g, self);
	struct shape s = graph_shape(g, a->arg[k]);

	return graph_sum_to(g, t_mul(g, t, a->arg[1 - k]), &s);
}
static node jvp_mul(struct graph *g, node self, int k, node t)
{
	struct shape s = graph_shape(g, self);

	return graph_broadcast(g, t_mul(g, t, graph_at(g, self)->arg[1 - k]), &s);
}
static node push_neg(struct graph *g, node self, int k, node t)
{
	(void)self, (void)k;
	return t_neg(g, t);
}
static node push_exp(struct graph *g, node self, int k, node t)
{
	(void)k;
	return t_mul(g, t, self);
}
static node push_sin(struct graph *g, node self, int k, node t)
{
	(void)k;
	return t_mul(g, t, t_cos(g, graph_at(g, self)->arg[0]));
}
static node push_cos(struct graph *g, node self, int k, node t)
{
	(void)k;
	return t_neg(g, t_mul(g, t, t_sin(g, graph_at(g, self)->arg[0])));
}
static node push_tanh(struct graph *g, node self, int k, node t)
{
	(void)k;
	return graph_add(g, t, t_neg(g, t_mul(g, t, t_mul(g, self, self))));
}
static node push_scale(struct graph *g, node self, int k, node t)
{
	(void)k;
	return t_scale(g, t, *(const double *)graph_at(g, self)->attr);
}

/* A kernel with the two loops written out for both types. */
#define MATRIX(name, loops)                                                                                            \
	static void name(const struct op_call *c, int64_t begin, int64_t end, void *scratch)                           \
	{                                                                                                              \
		int64_t rows = c->in[0].shape.dim[0], k = c->in[0].shape.dim[1];                                       \
		int64_t m = c->out.shape.dim[1];                                                                       \
		bool single = c->out.dtype == DTYPE_F32;                                                               \
                                                                                                                       \
		(void)scratch, (void)rows, (void)k;                                                                    \
		for (int64_t i = begin; i < end; i++) {                                                                \
			for (int64_t j = 0; j < m; j++) {                                                              \
				double sum = 0;                                                                        \
                                                                                                                       \
				loops;                                                                                 \
				if (single)                                                                            \
					((float *)c->out.data)[i * m + j] = (float)sum;                                \
				else                                                                                   \
					((double *)c->out.data)[i * m + j] = sum;                                      \
			}                                                                                              \
		}                                                                                                      \
	}
#define AT(k, i) (single ? (double)((float *)c->in[k].data)[i] : ((double *)c->in[k].data)[i])
MATRIX(eval_rows, for (int64_t l = 0; l < k; l++) sum += AT(0, i *k + l) * AT(1, l *m + j))
MATRIX(eval_columns, for (int64_t l = 0; l < rows; l++) sum += AT(0, l *k + i) * AT(1, l *m + j))
MATRIX(eval_transpose, sum = AT(0, j *k + i))

static int64_t units_out(const struct op_call *c)
{
	return c->out.shape.dim[0];
}
static int infer_rows(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr, (void)n_args;
	if (in[0].shape.rank != 2 || in[1].shape.rank != 2 || in[0].shape.dim[1] != in[1].shape.dim[0])
		return err_set(e, ERR_USAGE, "not matrices that fit");
	out->dtype = in[0].dtype;
	out->shape = shape_of(in[0].shape.dim[0], in[1].shape.dim[1]);
	return 0;
}
static int infer_columns(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr, (void)n_args;
	if (in[0].shape.rank != 2 || in[1].shape.rank != 2 || in[0].shape.dim[0] != in[1].shape.dim[0])
		return err_set(e, ERR_USAGE, "not matrices that fit");
	out->dtype = in[0].dtype;
	out->shape = shape_of(in[0].shape.dim[1], in[1].shape.dim[1]);
	return 0;
}
static int infer_transpose(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e)
{
	(void)attr, (void)n_args;
	if (in[0].shape.rank != 2)
		return err_set(e, ERR_USAGE, "not a matrix");
	out->dtype = in[0].dtype;
	out->shape = shape_of(in[0].shape.dim[1], in[0].shape.dim[0]);
	return 0;
}
static node vjp_rows(struct graph *g, node self, int k, node t)
{
	const struct graph_node *a = graph_at(g, self);

	return k == 0 ? t_rows(g, t, t_transpose(g, a->arg[1])) : t_columns(g, a->arg[0], t);
}
static node jvp_rows(struct graph *g, node self, int k, node t)
{
	const struct graph_node *a = graph_at(g, self);

	return k == 0 ? t_rows(g, t, a->arg[1]) : t_rows(g, a->arg[0], t);
}
static node vjp_columns(struct graph *g, node self, int k, node t)
{
	const struct graph_node *a = graph_at(g, self);

	return k == 0 ? t_rows(g, a->arg[1], t_transpose(g, t)) : t_rows(g, a->arg[0], t);
}
static node jvp_columns(struct graph *g, node self, int k, node t)
{
	const struct graph_node *a = graph_at(g, self);

	return k == 0 ? t_columns(g, t, a->arg[1]) : t_columns(g, a->arg[0], t);
}
static node push_transpose(struct graph *g, node self, int k, node t)
{
	(void)self, (void)k;
	return t_transpose(g, t);
}

#define UNARY(id, push)                                                                                                \
	static const struct op_class class_##id = {                                                                    \
		.name = #id, .arity = 1, .infer = infer_same, .vjp = push, .jvp = push, .block = { id##_f, id##_d }    \
	};                                                                                                             \
	node t_##id(struct graph *g, node a)                                                                           \
	{                                                                                                              \
		return graph_apply(g, &class_##id, 1, &a, NULL);                                                       \
	}
UNARY(neg, push_neg)
UNARY(exp, push_exp)
UNARY(sin, push_sin)
UNARY(cos, push_cos)
UNARY(tanh, push_tanh)

static const struct op_class class_mul = {
	.name = "mul", .arity = 2, .infer = infer_both, .vjp = vjp_mul, .jvp = jvp_mul, .block = { mul_f, mul_d }
};
static const struct op_class class_scale = { .name = "scale",
					     .arity = 1,
					     .attr_size = sizeof(double),
					     .infer = infer_same,
					     .vjp = push_scale,
					     .jvp = push_scale,
					     .block = { scale_f, scale_d } };
static const struct op_class class_stop = { .name = "stop", .arity = 1, .infer = infer_same, .alias = true };
static const struct op_class class_rows = { .name = "rows",
					    .arity = 2,
					    .infer = infer_rows,
					    .vjp = vjp_rows,
					    .jvp = jvp_rows,
					    .units = units_out,
					    .eval = eval_rows,
					    .row_args = 1 };
static const struct op_class class_columns = { .name = "columns",
					       .arity = 2,
					       .infer = infer_columns,
					       .vjp = vjp_columns,
					       .jvp = jvp_columns,
					       .units = units_out,
					       .eval = eval_columns };
static const struct op_class class_transpose = { .name = "transpose",
						 .arity = 1,
						 .infer = infer_transpose,
						 .vjp = push_transpose,
						 .jvp = push_transpose,
						 .units = units_out,
						 .eval = eval_transpose };

static node apply2(struct graph *g, const struct op_class *op, node a, node b)
{
	node arg[2] = { a, b };

	return graph_apply(g, op, 2, arg, NULL);
}
node t_mul(struct graph *g, node a, node b)
{
	return apply2(g, &class_mul, a, b);
}
node t_rows(struct graph *g, node x, node w)
{
	return apply2(g, &class_rows, x, w);
}
node t_columns(struct graph *g, node a, node b)
{
	return apply2(g, &class_columns, a, b);
}
node t_scale(struct graph *g, node a, double factor)
{
	return graph_apply(g, &class_scale, 1, &a, &factor);
}
node t_stop(struct graph *g, node a)
{
	return graph_apply(g, &class_stop, 1, &a, NULL);
}
node t_transpose(struct graph *g, node a)
{
	return graph_apply(g, &class_transpose, 1, &a, NULL);
}
