/* softmax.c: compositions, shifted by the largest value so that nothing overflows; the shift carries no slope because
 * the result does not depend on it. */
#include "op/rule.h"

static node centred(struct graph *g, node a, int axis)
{
	return op_sub(g, a, op_stop_gradient(g, op_max_over(g, a, op_axes(axis, axis), true)));
}

node op_softmax(struct graph *g, node a, int axis)
{
	node e;

	if (!op_axis(g, "softmax", a, &axis))
		return NODE_NONE;
	e = op_exp(g, centred(g, a, axis));
	return op_mul(g, e, op_recip(g, op_sum(g, e, op_axes(axis, axis), true)));
}

node op_log_softmax(struct graph *g, node a, int axis)
{
	node x;

	if (!op_axis(g, "log_softmax", a, &axis))
		return NODE_NONE;
	x = centred(g, a, axis);
	return op_sub(g, x, op_log(g, op_sum(g, op_exp(g, x), op_axes(axis, axis), true)));
}
