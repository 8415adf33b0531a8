/* rule.h: what the files of lib/op share: applying a class, checking arguments, small pieces of derivative rules. */
#ifndef SCIML_OP_RULE_H
#define SCIML_OP_RULE_H

#include "op/op.h"

/* attr of ops with one real parameter (scale, shift, power, leaky_relu). */
struct op_real {
	double value;
};

node op_apply1(struct graph *g, const struct op_class *op, node a, const void *attr);
node op_apply2(struct graph *g, const struct op_class *op, node a, node b, const void *attr);
node op_apply_real(struct graph *g, const struct op_class *op, node a, double value); /* attr: struct op_real */

/* True when a builder may go on: no error so far and the node is one; otherwise the error is recorded. */
bool op_ready(struct graph *g, const char *who, node a);
/* Negative axes count from the end; false and an error when out of range. */
bool op_axis(struct graph *g, const char *who, node a, int *axis);

/* infer: one real argument, result alike. */
int op_infer_same(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e);
/* infer: real arguments of one type, result of the broadcast shape. */
int op_infer_broadcast(const void *attr, int n_args, const struct op_shape *in, struct op_shape *out, struct err *e);
int op_check_real(const struct op_shape *in, struct err *e);

node op_arg(struct graph *g, node self, int k);
const struct op_class *op_of(struct graph *g, node n);
/* A rank-0 constant of the node's type. */
node op_number(struct graph *g, node like, double value);
/* Constant of the node's type and shape. */
node op_full_like(struct graph *g, node like, double value);
/* a broadcast to the joint shape of a and b. */
node op_widen(struct graph *g, node a, node b);
/* Sum a cotangent down to the shape of argument k of self; broadcast a tangent up to self's shape. */
node op_to_arg(struct graph *g, node self, int k, node cotangent);
node op_to_self(struct graph *g, node self, node tangent);

/* Units that are the rows of the result: extent of axis 0, 1 for rank 0. */
int64_t op_units_rows(const struct op_call *c);
int64_t op_row_count(const struct tensor *t); /* elements in one row */
/* Copy rows begin .. end-1 of out from argument 0, read from element `offset` with the strides given. */
void op_copy_rows(const struct op_call *c, const int64_t *in_stride, int64_t offset, int64_t begin, int64_t end);

/* For ops that work on rows of the last axis: units are axis 0 unless that is the last one, then one; the rows of units
 * begin .. end-1. */
int64_t op_units_last(const struct op_call *c);
unsigned op_rows_last(const struct op_call *c);
void op_rows_of(const struct op_call *c, int64_t begin, int64_t end, int64_t *first, int64_t *rows);

/* index.c: out[r, j] = a[r, index[r, j]] along the last axis. */
node op_take(struct graph *g, node a, node index);

/* Shape literal and list of samples for op_class.samples. */
#define OP_DIMS(...)                                                                                                   \
	{                                                                                                              \
		sizeof((int[]){ __VA_ARGS__ }) / sizeof(int),                                                          \
		{                                                                                                      \
			__VA_ARGS__                                                                                    \
		}                                                                                                      \
	}
#define OP_SAMPLES(ARRAY) .n_samples = (int)(sizeof(ARRAY) / sizeof((ARRAY)[0])), .samples = ARRAY

#endif
