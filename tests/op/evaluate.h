/* evaluate.h: what the tests of lib/op share: random arrays, evaluation of a node, inner products. */
#ifndef SCIML_TESTS_OP_EVALUATE_H
#define SCIML_TESTS_OP_EVALUATE_H

#include "graph/plan.h"
#include "op/op.h"

enum { FEED_MAX = 8 };
/* A graph with inputs and their values. */
struct feed {
	struct graph *g;
	int n;
	node in[FEED_MAX];
	struct tensor value[FEED_MAX];
};

struct feed feed_new(enum dtype t);
void feed_free(struct feed *f);
/* A new input with values uniform in [-1, 1] that depend on the name only. */
node feed_random(struct feed *f, const char *name, const struct shape *s);
node feed_value(struct feed *f, const char *name, struct tensor value); /* takes the value over */
/* The node's value; fails the test when the graph is in error. */
struct tensor feed_run(struct feed *f, node n);
double feed_number(struct feed *f, node n); /* of a node with one element */

struct tensor random_tensor(enum dtype t, const char *name, const struct shape *s);
double tensor_dot(const struct tensor *a, const struct tensor *b);
double tensor_distance(const struct tensor *a, const struct tensor *b); /* largest difference / largest |b| */

/* For out linear in the input x: <t, out> against <vjp(t), x>, and jvp(x) against out; relative deviation of the
 * worse. */
double linear_error(struct feed *f, node x, node out);

#endif
