/* nn.c: naming, creating and finding the parameters of a model while its graph is built. */
#include "nn/nn.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void nn_begin(struct nn *n, struct graph *g, struct params *p, bool training)
{
	memset(n, 0, sizeof *n);
	n->g = g;
	n->params = p;
	n->training = training;
	n->frozen_set = p->n > 0;
	n->key = NODE_NONE;
}

void nn_end(struct nn *n)
{
	free(n->node);
	free(n->update);
	n->node = NULL;
	n->update = NULL;
	n->n_nodes = n->n_updates = 0;
}

void nn_enter(struct nn *n, const char *format, ...)
{
	size_t used = strlen(n->path);
	va_list args;

	va_start(args, format);
	vsnprintf(n->path + used, sizeof n->path - used, format, args);
	va_end(args);
	used = strlen(n->path);
	snprintf(n->path + used, sizeof n->path - used, ".");
}

void nn_leave(struct nn *n)
{
	size_t used = strlen(n->path);

	if (used > 0)
		n->path[used - 1] = '\0';
	char *dot = strrchr(n->path, '.');
	if (dot)
		dot[1] = '\0';
	else
		n->path[0] = '\0';
}

/* Room for a node beside every parameter. */
static void cover(struct nn *n)
{
	if (n->n_nodes >= n->params->n)
		return;
	n->node = xrealloc(n->node, (size_t)n->params->n * sizeof *n->node);
	while (n->n_nodes < n->params->n)
		n->node[n->n_nodes++] = NODE_NONE;
}

node nn_param(struct nn *n, const char *name, const struct shape *s, const struct nn_init *i)
{
	char full[600], have[SHAPE_TEXT], want[SHAPE_TEXT];

	if (graph_error(n->g))
		return NODE_NONE;
	snprintf(full, sizeof full, "%s%s", n->path, name);
	int k = params_find(n->params, full);
	if (k < 0) {
		if (n->frozen_set)
			return graph_fail(n->g, "parameter '%s' is not in the model file", full);
		struct param proto = {
			.name = full,
			.value = { .dtype = graph_real(n->g), .shape = *s },
			.role = i->role,
			.init = i->init,
			.init_scale = i->scale,
			.fan_in = i->fan_in,
			.fan_out = i->fan_out,
			.lr_multiplier = 1,
		};
		k = params_add(n->params, &proto);
	}
	const struct param *p = &n->params->at[k];
	if (!shape_equal(&p->value.shape, s))
		return graph_fail(n->g, "parameter '%s' has shape %s, the model needs %s", full,
				  shape_text(have, &p->value.shape), shape_text(want, s));
	cover(n);
	if (!node_is(n->node[k]))
		n->node[k] = graph_input(n->g, full, p->value.dtype, s);
	return n->node[k];
}

struct nn_init nn_init_fan_in(enum param_role role, int64_t fan_in, int64_t fan_out)
{
	return (struct nn_init){ role, INIT_UNIFORM, 1 / sqrt((double)(fan_in > 0 ? fan_in : 1)), fan_in, fan_out };
}

node nn_state(struct nn *n, const char *name, const struct shape *s, double value)
{
	struct nn_init i = { PARAM_STATE, INIT_CONSTANT, value, 0, 0 };

	return nn_param(n, name, s, &i);
}

void nn_set_state(struct nn *n, node state, node value)
{
	if (!n->training || graph_error(n->g))
		return;
	for (int k = 0; k < n->n_nodes; k++) {
		if (!node_same(n->node[k], state))
			continue;
		n->update = xrealloc(n->update, (size_t)(n->n_updates + 1) * sizeof *n->update);
		n->update[n->n_updates++] = (struct nn_update){ k, value };
		return;
	}
	graph_fail(n->g, "a state is set that the model does not have");
}
