/* formula.c: outputs as expressions of the inputs, point by point: written in the configuration, with constants to be
 * learnt, or found by one of the symbolic objectives, which keep trees and constants among the parameters. With a
 * perceptron added they are the known part of a law (Rackauckas et al. 2020, arXiv 2001.04385). */
#include "model/formula.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/model.h"
#include "nn/expression.h"

struct formula {
	struct key_strings formulas, inputs;
	const struct conf_node *constants;
	int64_t correction, depth;
	int activation;
};

static const struct key keys[] = {
	KEY_TEXTS(struct formula, formulas, "[]",
		  "one expression for every output, of the inputs and the constants; []: found by objective symbolic "
		  "or symbolic-ode"),
	KEY_TEXTS(struct formula, inputs, "[]", "names of the inputs; []: x0, x1, ..."),
	KEY_ANY(struct formula, constants, "learnt constants with their first values: {a: 1, b: 0.5}"),
	KEY_INT(struct formula, correction, "0", 0, 65536,
		"width of a perceptron of the inputs, point by point, whose outputs are added to the formulas': what "
		"they "
		"leave out; 0: none. It starts at zero"),
	KEY_INT(struct formula, depth, "2", 1, 64, "its hidden layers"),
	KEY_ONE_OF(struct formula, activation, "tanh", nn_activation_names, "their activation"),
	KEY_END,
};

enum { CONSTANTS = 64 };

struct builder {
	struct nn *n;
	struct exprs *pool;
	const struct model_spec *s;
	node input, constant[CONSTANTS], tree_constants; /* found trees: (n_out, EVOLVE_SIZE) */
	int row;
};

static node scalar_of(struct builder *b, int index)
{
	struct graph *g = b->n->g;

	return op_reshape(g, op_slice(g, op_slice(g, b->tree_constants, 0, b->row, 1, 1), 1, index, 1, 1),
			  &(struct shape){ 0 });
}

static node leaf(void *context, expr a)
{
	struct builder *b = context;
	const struct expr_node *e = expr_at(b->pool, a);

	if (e->op == EX_FIELD)
		return op_slice(b->n->g, b->input, 1, e->index, 1, 1);
	if (e->op == EX_PARAM)
		return node_is(b->tree_constants) ? scalar_of(b, e->index) : b->constant[e->index];
	return NODE_NONE;
}

/* An expression on all points, whatever it depends on. */
static node output(struct builder *b, expr a)
{
	struct graph *g = b->n->g;
	node like = op_slice(g, b->input, 1, 0, 1, 1), y = nn_expression(g, b->pool, a, leaf, b);

	if (graph_error(g))
		return NODE_NONE;
	struct shape s = graph_shape(g, like);
	return op_broadcast(g, y, &s);
}

static int declare_constants(struct builder *b, const struct formula *c, struct err *e)
{
	if (c->constants && c->constants->kind != CONF_MAP)
		return err_set(e, ERR_USAGE, "model.constants: is no map of names to numbers, {a: 1, b: 0.5}");
	for (int i = 0; c->constants && i < c->constants->n; i++) {
		const struct conf_node *v = c->constants->child[i];
		struct nn_init start = { PARAM_GAIN, INIT_CONSTANT, 0, 0, 0 };
		struct str name = { 0 };

		if (v->kind != CONF_SCALAR || !str_to_double(v->text, &start.scale))
			return err_set(e, ERR_USAGE, "model.constants: %s is no number", c->constants->key[i]);
		if (i == CONSTANTS)
			return err_set(e, ERR_USAGE, "model.constants: more than %d", CONSTANTS);
		if (exprs_declare(b->pool, SYMBOL_PARAM, c->constants->key[i], 1, EXPR_NONE, e) != 0)
			return err_in(e, "model.constants");
		str_printf(&name, "constant.%s", c->constants->key[i]);
		b->constant[i] = b->n->g ? nn_param(b->n, str_text(&name), &(struct shape){ 0 }, &start) : NODE_NONE;
		str_free(&name);
	}
	return 0;
}

static int declare_inputs(struct builder *b, const struct formula *c, struct err *e)
{
	if (c->inputs.n > 0 && c->inputs.n != b->s->n_in)
		return err_set(e, ERR_USAGE, "model.inputs: %d names, the data have %lld inputs", c->inputs.n,
			       (long long)b->s->n_in);
	for (int64_t k = 0; k < b->s->n_in; k++) {
		struct str name = { 0 };
		int status;

		str_printf(&name, "x%lld", (long long)k);
		status = exprs_declare(b->pool, SYMBOL_FIELD, c->inputs.n > 0 ? c->inputs.at[k] : str_text(&name), 1,
				       EXPR_NONE, e);
		str_free(&name);
		if (status != 0)
			return err_in(e, "model.inputs");
	}
	return 0;
}

static node written(struct builder *b, const struct formula *c)
{
	node *y = xcalloc((size_t)c->formulas.n + 1, sizeof *y), out;
	struct err e = { 0 };
	int status = declare_inputs(b, c, &e) == 0 ? declare_constants(b, c, &e) : -1;

	for (int i = 0; i < c->formulas.n && status == 0; i++) {
		char where[48] = "model.formulas";

		if (c->formulas.n > 1)
			snprintf(where, sizeof where, "model.formulas, number %d", i + 1);
		const expr a = expr_parse(b->pool, c->formulas.at[i], where, ALLOW_FIELDS, &e);

		status = a == EXPR_NONE ? -1 : 0;
		y[i] = status == 0 ? output(b, expr_lower(b->pool, a, 0)) : NODE_NONE;
	}
	out = status == 0 ? op_concat(b->n->g, c->formulas.n, y, 1) : graph_fail(b->n->g, "%s", e.message);
	free(y);
	return out;
}

struct evolve_tree formula_tree(const struct params *p, const char *path, int64_t k)
{
	struct evolve_tree t = { 0 };
	char name[128];

	snprintf(name, sizeof name, "%stree", path);
	const int i = params_find(p, name);
	const struct tensor *v = i >= 0 ? &p->at[i].value : NULL;
	const int64_t row = k * (1 + 2 * EVOLVE_SIZE);

	if (!v || v->shape.dim[0] <= k)
		return t;
	t.size = tensor_get(v, row);
	for (int j = 0; j < EVOLVE_SIZE; j++) {
		t.op[j] = tensor_get(v, row + 1 + j);
		t.value[j] = tensor_get(v, row + 1 + EVOLVE_SIZE + j);
	}
	snprintf(name, sizeof name, "%sconstants", path);
	const int c = params_find(p, name);
	double number[EVOLVE_SIZE];
	if (!evolve_valid(&t, INT_MAX))
		return (struct evolve_tree){ .size = -1 };
	for (int j = 0; j < EVOLVE_SIZE && c >= 0; j++)
		number[j] = tensor_get(&p->at[c].value, k * EVOLVE_SIZE + j);
	if (c >= 0)
		evolve_set_numbers(&t, number);
	return t;
}

void formula_set_tree(struct params *p, const char *path, int64_t k, const struct evolve_tree *t)
{
	char name[128];
	double number[EVOLVE_SIZE] = { 0 };

	snprintf(name, sizeof name, "%stree", path);
	const int i = params_find(p, name);
	snprintf(name, sizeof name, "%sconstants", path);
	const int c = params_find(p, name);
	const int64_t row = k * (1 + 2 * EVOLVE_SIZE);

	if (i < 0 || c < 0)
		return;
	tensor_set(&p->at[i].value, row, t->size);
	for (int j = 0; j < EVOLVE_SIZE; j++) {
		tensor_set(&p->at[i].value, row + 1 + j, t->op[j]);
		tensor_set(&p->at[i].value, row + 1 + EVOLVE_SIZE + j, t->value[j]);
	}
	evolve_numbers(t, number);
	for (int j = 0; j < EVOLVE_SIZE; j++)
		tensor_set(&p->at[c].value, k * EVOLVE_SIZE + j, number[j]);
}

/* The trees are values of a state: a build after they have changed is another graph. */
static node found(struct builder *b)
{
	const struct model_spec *s = b->s;
	struct shape trees = shape_of(s->n_out, 1 + 2 * EVOLVE_SIZE), constants = shape_of(s->n_out, EVOLVE_SIZE);
	struct nn_init zero = { PARAM_GAIN, INIT_ZERO, 0, 0, 0 };
	node *y = xcalloc((size_t)s->n_out + 1, sizeof *y), out;
	expr *input = xcalloc((size_t)s->n_in + 1, sizeof *input);

	nn_state(b->n, "tree", &trees, 0);
	b->tree_constants = nn_param(b->n, "constants", &constants, &zero);
	for (int64_t k = 0; k < s->n_in; k++)
		input[k] = expr_field(b->pool, (int)k);
	for (b->row = 0; b->row < s->n_out; b->row++) {
		const struct evolve_tree t = formula_tree(b->n->params, b->n->path, b->row);

		if (t.size != 0 && !evolve_valid(&t, s->n_in)) {
			graph_fail(b->n->g, "the tree of output %d is damaged", b->row);
			break;
		}
		y[b->row] = output(b, t.size > 0 ? evolve_expression(b->pool, &t, input, 0)
						 : expr_leaf(b->pool, EX_PARAM, 0));
	}
	out = op_concat(b->n->g, (int)s->n_out, y, 1);
	free(y);
	free(input);
	return out;
}

/* Channels to the last axis, or back. */
static node turn(struct graph *g, node a, bool back)
{
	int axis[SHAPE_MAX] = { 0 };

	if (graph_error(g))
		return NODE_NONE;
	const int rank = graph_shape(g, a).rank;

	for (int i = 1; i < rank; i++)
		axis[i] = back ? i - 1 : i + 1;
	axis[back ? 1 : rank - 1] = back ? rank - 1 : 1;
	return op_permute(g, a, axis);
}

/* y plus a perceptron of x, both (b, c, N...). */
static node corrected(struct nn *n, const struct formula *c, int64_t n_out, node x, node y)
{
	char layer[32];
	node z = turn(n->g, x, false);

	nn_enter(n, "correction");
	for (int64_t i = 0; i < c->depth; i++) {
		snprintf(layer, sizeof layer, "hidden%d", (int)i);
		z = nn_activate(n, (enum nn_activation)c->activation, nn_linear(n, layer, z, c->correction, true));
	}
	z = nn_linear_zero(n, "out", z, n_out);
	nn_leave(n);
	return op_add(n->g, y, turn(n->g, z, true));
}

static node build(struct nn *n, const void *config, const struct model_spec *s, const struct model_in *in)
{
	const struct formula *c = config;
	struct builder b = { .n = n, .pool = exprs_new(""), .s = s, .input = in->field, .tree_constants = NODE_NONE };
	node y = c->formulas.n > 0 ? written(&b, c) : found(&b);

	exprs_free(b.pool);
	return c->correction > 0 ? corrected(n, c, s->n_out, in->field, y) : y;
}

static int check(const void *config, const struct model_spec *s, struct err *e)
{
	const struct formula *c = config;

	if (s->n_query > 0)
		return err_set(e, ERR_USAGE, "model formula works point by point, the data have query points");
	if (c->formulas.n > 0 && c->formulas.n != s->n_out)
		return err_set(e, ERR_USAGE, "model.formulas: %d expressions, the data have %lld outputs",
			       c->formulas.n, (long long)s->n_out);
	if (c->formulas.n == 0 && c->correction > 0)
		return err_set(e, ERR_USAGE, "model.correction: corrects formulas; write some in model.formulas");
	return 0;
}

static bool unfilled(const void *config)
{
	return ((const struct formula *)config)->formulas.n == 0;
}

static const struct model_class formula = {
	.name = "formula",
	.summary = "expressions of the inputs with learnt constants, written or found by the symbolic objectives; what "
		   "they leave out, by a perceptron",
	.config_size = sizeof(struct formula),
	.keys = keys,
	.check = check,
	.build = build,
	.unfilled = unfilled,
	.grid_free = true,
	.test_config = "{formulas: [a*x0 + b*sin(x1) + c*x1^2], constants: {a: 1, b: 0.5, c: -0.25}, "
		       "correction: 6, depth: 1}",
	.test_spec = { .n_in = 2, .n_out = 1 },
};
const struct model_class *const model_file_formula[] = { &formula, NULL };
