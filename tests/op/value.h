/* value.h: short-hands of the tests that compare values of ops with plain loops. */
#ifndef TEST_OP_VALUE_H
#define TEST_OP_VALUE_H

#include "graph/plan.h"
#include "op/op.h"

/* Uniform in [lo, hi) (integers lo..hi-1 for int32), a function of the number. */
struct tensor value_random(enum dtype t, const struct shape *s, double lo, double hi, int number);
/* Builds an op from inputs: what is tested. */
typedef node (*value_builder)(struct graph *g, const node *in, const void *context);
/* The op applied to the values given. Fails the test with the graph's message. */
struct tensor value_of(value_builder build, const void *context, int n, const struct tensor *in);
/* The message of a builder that must refuse; "" if it does not. Valid until the next call. */
const char *value_refusal(value_builder build, const void *context, int n, const struct tensor *in);
/* |a - b| <= tolerance * max |b| everywhere, and shapes agree; says where not. */
void value_near(const struct tensor *a, const struct tensor *b, double tolerance, const char *what);

#endif
