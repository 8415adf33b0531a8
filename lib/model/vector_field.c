/* vector_field.c: what neural differential equations learn: a perceptron of the state, told the time if it is asked to,
 * with a bounded output and a learnt scale, so that solutions stay bounded over moderate times. */
#include "model/model.h"

#include <stdio.h>

enum { TIME_NONE, TIME_FIRST, TIME_EVERY };
static const char *const time_names[] = { "none", "first", "every", NULL };

struct vector_field {
	int64_t width, depth;
	int activation, final, time;
	bool scale;
};

static const struct key keys[] = {
	KEY_INT(struct vector_field, width, "64", 1, 65536, "width of the hidden layers"),
	KEY_INT(struct vector_field, depth, "2", 0, 64, "hidden layers"),
	KEY_ONE_OF(struct vector_field, activation, "softplus", nn_activation_names, "activation of the hidden layers"),
	KEY_ONE_OF(struct vector_field, final, "tanh", nn_activation_names, "activation of the last layer"),
	KEY_ONE_OF(struct vector_field, time, "none", time_names,
		   "which layers are given the time as a further input: none, the first, every one"),
	KEY_FLAG(struct vector_field, scale, "true", "multiply by a learnt number, 1 at first"),
	KEY_END,
};

/* x with the time as a last column. */
static node with_time(struct nn *n, const struct model_in *in, node x)
{
	if (graph_error(n->g))
		return NODE_NONE;
	if (!node_is(in->vector))
		return graph_fail(n->g, "model.time: the network is not told a time here");
	return op_concat(n->g, 2, (node[]){ x, op_slice(n->g, in->vector, 1, 0, 1, 1) }, 1);
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct vector_field *c = config;
	node x = in->field;
	char name[32];

	for (int64_t i = 0; i < c->depth; i++) {
		if (c->time == TIME_EVERY || (c->time == TIME_FIRST && i == 0))
			x = with_time(n, in, x);
		snprintf(name, sizeof name, "hidden%d", (int)i);
		x = nn_activate(n, c->activation, nn_linear(n, name, x, c->width, true));
	}
	if (c->time == TIME_EVERY || (c->time == TIME_FIRST && c->depth == 0))
		x = with_time(n, in, x);
	x = nn_activate(n, c->final, nn_linear(n, "out", x, s->n_out, true));
	if (c->scale) {
		struct nn_init one = { PARAM_GAIN, INIT_ONE, 1, 0, 0 };

		x = op_mul(n->g, x, nn_param(n, "scale", &(struct shape){ 0 }, &one));
	}
	return x;
}

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	(void)config;
	return s->n_dims == 0 && s->n_query == 0
		       ? 0
		       : err_set(e, ERR_USAGE,
				 "model vector-field works on vectors, the data are fields of %d dimensions",
				 s->n_dims);
}

static const struct model_class vector_field = {
	.name = "vector-field",
	.summary = "perceptron with bounded output and learnt scale, told the time: neural differential equations",
	.source = "Kidger, arXiv 2202.02435",
	.config_size = sizeof(struct vector_field),
	.keys = keys,
	.check = check,
	.build = build,
	.test_config = "{width: 12, depth: 2, time: every, final: identity}",
	.test_spec = { .n_in = 3, .n_out = 2, .n_vector = 1 },
};
const struct model_class *const model_file_vector_field[] = { &vector_field, NULL };
