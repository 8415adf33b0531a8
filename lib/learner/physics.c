/* physics.c: configuration of physics-informed networks, and the network itself. */
#include "learner/physics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "num/points.h"
#include "op/op.h"
#include "problem/equation_draw.h"
#include "problem/problem.h"

static const char *const balance_names[] = { "none", "gradient", "ntk", NULL };

#define INT(f, d, lo, hi, help) KEY_INT(struct physics_config, f, d, lo, hi, help)
#define REAL(f, d, lo, hi, help) KEY_REAL(struct physics_config, f, d, lo, hi, help)
#define FLAG(f, d, help) KEY_FLAG(struct physics_config, f, d, help)
#define REALS(f, d, help) KEY_REALS(struct physics_config, f, d, 0, 1e30, help)
const struct key physics_keys[] = {
	INT(points, "2000", 1, 1e8, "collocation points inside"),
	INT(initial, "100", 1, 1e8, "points at the first time"),
	INT(side, "50", 1, 1e8, "points on every side"),
	INT(data, "0", 0, 1e9, "points taken from the data, drawn once; 0: all"),
	INT(steps, "100", 1, 1e9, "steps of an epoch: a row of the history"),
	KEY_ONE_OF(struct physics_config, sampling, "latin", points_names, "how points are drawn"),
	INT(redraw, "0", 0, 1e9, "steps between new points; 0: the same points always"),
	FLAG(adaptive, "false",
	     "draw inner points again by the size of the residual r: density |r|^power / mean(|r|^power) + offset "
	     "(RAD; Wu "
	     "et "
	     "al. 2023)"),
	REAL(adaptive_power, "1", 0, 100, "its power"),
	REAL(adaptive_offset, "1", 0, 1e30, "its offset"),
	FLAG(periodic, "true",
	     "periodic axes as cosines and sines: exactly periodic; false: periodicity goes into the loss"),
	INT(modes, "1", 1, 1000, "waves of these cosines and sines"),
	KEY_TEXTS(struct physics_config, hard, "[]",
		  "what holds exactly, by the form of the output: initial, sides (dirichlet ones)"),
	KEY_TEXTS(struct physics_config, inputs, "[]", "coordinates that the network sees, [t, x]; []: all"),
	KEY_REALS(struct physics_config, scale, "1", -1e30, 1e30,
		  "factor of the network's outputs: one, or one a field"),
	REALS(weight_equation, "1", "weights of the mean squares: of every equation"),
	REALS(weight_initial, "1", "of the initial state, by field"),
	REALS(weight_side, "1", "of conditions on sides, by field"),
	REALS(weight_data, "1", "of data, by field"),
	KEY_ONE_OF(struct physics_config, balance, "none", balance_names,
		   "weights of terms by themselves: equal norms of gradients, or of traces of the tangent kernel"),
	INT(balance_every, "1000", 1, 1e9, "steps between"),
	REAL(balance_decay, "0.9", 0, 1, "of their moving average"),
	REALS(causal, "[]",
	      "causal weights exp(-eps sum of earlier losses) of slabs of time, for each eps of this list until all "
	      "weights "
	      "pass causal_until (Wang, Sankaran, Perdikaris 2022)"),
	INT(causal_slabs, "32", 2, 100000, "slabs of time"),
	INT(causal_every, "1", 1, 1e9, "steps between new causal weights"),
	REAL(causal_until, "0.99", 0, 1, "smallest weight at which the next eps follows"),
	INT(windows, "1", 1, 1000, "time windows, one after another, each a network of its own"),
	KEY_ANY(struct physics_config, learn, "parameters found from data: {nu: positive, c: real}"),
	KEY_END,
};

/* ---- reading ------------------------------------------------------------------------------------- */

static bool has_word(const struct key_strings *list, const char *word)
{
	for (int i = 0; i < list->n; i++)
		if (strcmp(list->at[i], word) == 0)
			return true;
	return false;
}

static void read_hard(struct physics *p, struct cfg *c)
{
	static const char *const known[] = { "initial", "sides" };

	for (int i = 0; i < p->key->hard.n; i++) {
		const char *word = p->key->hard.at[i];

		if (strcmp(word, known[0]) != 0 && strcmp(word, known[1]) != 0)
			cfg_fail(c, "objective.hard", "'%s' is neither initial nor sides", word);
	}
	p->hard = (has_word(&p->key->hard, "initial") ? EQUATION_HARD_INITIAL : 0) |
		  (has_word(&p->key->hard, "sides") ? EQUATION_HARD_SIDES : 0);
	if ((p->hard & EQUATION_HARD_INITIAL) != 0 && p->key->windows > 1)
		cfg_fail(c, "objective.hard",
			 "initial: later windows start from values of the one before, which no form "
			 "of the output has");
}

static int axis_named(const struct equation_spec *s, const char *name)
{
	for (int a = 0; a < s->n_dims; a++)
		if (strcmp(name, s->pool->axis[a]) == 0)
			return a;
	return strcmp(name, "t") == 0 && !s->stationary ? EXPR_TIME : -1;
}

static void read_inputs(struct physics *p, struct cfg *c)
{
	const struct key_strings *names = &p->key->inputs;

	p->input = equation_input_all(p->spec);
	p->input.periodic = p->key->periodic;
	p->input.modes = p->key->modes;
	if (names->n > 0)
		memset(p->input.sees, 0, sizeof p->input.sees);
	for (int i = 0; i < names->n; i++) {
		const int axis = axis_named(p->spec, names->at[i]);

		if (axis < 0)
			cfg_fail(c, "objective.inputs", "there is no coordinate '%s'", names->at[i]);
		else
			p->input.sees[axis] = true;
	}
}

static void read_learn(struct physics *p, struct cfg *c)
{
	const struct conf_node *n = p->key->learn;

	if (n && n->kind != CONF_MAP) {
		cfg_fail(c, "objective.learn", "is no map of names: {nu: positive}");
		return;
	}
	for (int i = 0; n && i < n->n; i++) {
		const struct expr_symbol *s = exprs_find(p->spec->pool, n->key[i], strlen(n->key[i]));
		const char *kind = n->child[i]->kind == CONF_SCALAR ? n->child[i]->text : "";
		const bool positive = strcmp(kind, "positive") == 0;

		if (!s || s->kind != SYMBOL_PARAM)
			cfg_fail(c, "objective.learn", "the problem has no parameter '%s'", n->key[i]);
		else if (!positive && strcmp(kind, "real") != 0)
			cfg_fail(c, "objective.learn", "'%s' is to be real or positive", n->key[i]);
		else if (p->input.drawn[s->index])
			cfg_fail(c, "objective.learn", "'%s' is drawn; give it a number to start from", n->key[i]);
		else if (positive && !(p->param[s->index] > 0))
			cfg_fail(c, "objective.learn", "'%s' starts from %g, which is not positive", n->key[i],
				 p->param[s->index]);
		else
			p->learn[s->index] = positive ? LEARN_POSITIVE : LEARN_REAL;
	}
}

static void check_list(struct cfg *c, const char *path, const struct key_doubles *list, int n, const char *what)
{
	if (list->n != 1 && list->n != n)
		cfg_fail(c, path, "%d numbers for %d %s; one serves for all", list->n, n, what);
}

static void lay_columns(struct physics *p)
{
	const struct equation_spec *s = p->spec;

	p->n_columns = p->n_outputs = 0;
	for (int a = 0; a <= EXPR_TIME; a++)
		if (a < s->n_dims || (a == EXPR_TIME && !s->stationary))
			p->axis[p->n_columns++] = a;
	for (int k = 0; k < s->n_params; k++)
		if (p->input.drawn[k]) {
			p->axis[p->n_columns] = -1;
			p->drawn[p->n_columns++] = k;
		}
	for (int k = 0; k < s->n_unknowns; k++)
		if (equation_velocity_of(s, k) < 0)
			p->output[p->n_outputs++] = k;
}

/* Does anything ask for the initial state? */
static bool takes_initial(const struct physics_config *key)
{
	bool taken = has_word(&key->hard, "initial");

	for (int i = 0; i < key->weight_initial.n; i++)
		taken |= key->weight_initial.at[i] != 0;
	return taken;
}

int physics_read(struct physics *p, const struct physics_config *key, struct cfg *c, struct err *e)
{
	const char *name = cfg_name(c, "problem", NULL);
	const struct problem_class *text = problem_find("equation");

	*p = (struct physics){ .key = key };
	if (!conf_at(cfg_conf(c), "problem.equation")) {
		cfg_fail(c, "problem",
			 "%s%s%s: physics needs the equations as text (key equation); name a shipped text or "
			 "a file",
			 name ? "'" : "there is none", name ? name : "", name ? "' has none" : "");
		return cfg_done(c, e);
	}
	p->text = xcalloc(1, text->config_size);
	cfg_section(c, "problem", 1, &(struct key_table){ text->keys, p->text });
	if (cfg_done(c, e) != 0 || equation_spec_new(&p->spec, p->text, e) != 0 ||
	    equation_check_pointwise(p->spec, takes_initial(key), e) != 0 ||
	    equation_draw_params(p->spec, 0, 0, p->param, e) != 0)
		return -1;
	read_inputs(p, c);
	read_hard(p, c);
	read_learn(p, c);
	lay_columns(p);
	check_list(c, "objective.scale", &key->scale, p->n_outputs, "fields");
	check_list(c, "objective.weight_equation", &key->weight_equation, equation_residual_count(p->spec),
		   "equations");
	check_list(c, "objective.weight_initial", &key->weight_initial, p->spec->n_unknowns, "initial states");
	check_list(c, "objective.weight_side", &key->weight_side, p->n_outputs, "fields");
	check_list(c, "objective.weight_data", &key->weight_data, p->n_outputs, "fields");
	if (p->spec->stationary && key->windows > 1)
		cfg_fail(c, "objective.windows", "the problem is at rest");
	if (p->spec->stationary && key->causal.n > 0)
		cfg_fail(c, "objective.causal", "the problem is at rest");
	for (int k = 0; k < p->n_outputs; k++)
		p->scale[k] = key->scale.at[key->scale.n == 1 ? 0 : k];
	return 0;
}

void physics_free(struct physics *p)
{
	equation_spec_free(p->spec);
	free(p->text);
	memset(p, 0, sizeof *p);
}

/* ---- the network --------------------------------------------------------------------------------- */

double physics_time(const struct physics *p, int64_t w)
{
	return p->spec->t0 + (p->spec->t1 - p->spec->t0) * (double)w / (double)p->key->windows;
}

struct model_spec physics_spec(const struct physics *p)
{
	return (struct model_spec){ .n_in = equation_input_count(p->spec, &p->input), .n_out = p->n_outputs };
}

static void parameter_name(const struct physics *p, int k, char name[EXPR_NAME + 16])
{
	snprintf(name, EXPR_NAME + 16, "problem.%s", exprs_name(p->spec->pool, SYMBOL_PARAM, k));
}

static node parameter(const struct physics *p, struct nn *nn, int k)
{
	const struct shape one = shape_of(1);
	struct nn_init init = { PARAM_GAIN, INIT_CONSTANT, p->param[k], 0, 0 };
	char name[EXPR_NAME + 16];

	if (p->learn[k] == LEARN_NOT)
		return graph_scalar(nn->g, p->param[k]);
	if (p->learn[k] == LEARN_POSITIVE)
		init.scale = log(p->param[k]);
	parameter_name(p, k, name);
	node value = nn_param(nn, name, &one, &init);
	return p->learn[k] == LEARN_POSITIVE ? op_exp(nn->g, value) : value;
}

double physics_param(const struct physics *p, const struct params *params, int k)
{
	char name[EXPR_NAME + 16];

	parameter_name(p, k, name);
	const int at = p->learn[k] == LEARN_NOT ? -1 : params_find(params, name);
	const double value = at < 0 ? p->param[k] : tensor_get(&params->at[at].value, 0);
	return at >= 0 && p->learn[k] == LEARN_POSITIVE ? exp(value) : value;
}

void physics_build(const struct physics *p, struct network *n, struct nn *nn, struct graph *g, int64_t n_points,
		   int64_t window, struct equation_spec *spec, struct equation_fields *f, node *column)
{
	const struct shape line = shape_of(n_points, 1);
	node raw[EQUATION_UNKNOWNS];

	*spec = *p->spec; /* trees and names stay p's */
	spec->t0 = physics_time(p, window);
	spec->t1 = physics_time(p, window + 1);
	*f = (struct equation_fields){ .g = g, .spec = spec };
	for (int a = 0; a <= EXPR_TIME; a++)
		f->coordinate[a] = NODE_NONE;
	for (int k = 0; k < p->n_columns; k++) {
		const char *name = p->axis[k] < 0	     ? exprs_name(p->spec->pool, SYMBOL_PARAM, p->drawn[k])
				   : p->axis[k] == EXPR_TIME ? "t"
							     : p->spec->pool->axis[p->axis[k]];

		column[k] = graph_input(g, name, n->real, &line);
		if (p->axis[k] >= 0)
			f->coordinate[p->axis[k]] = column[k];
		else
			f->param[p->drawn[k]] = column[k];
	}
	for (int k = 0; k < p->spec->n_params; k++)
		if (!p->input.drawn[k])
			f->param[k] = parameter(p, nn, k);
	struct model_in in = {
		.field = equation_input(f, &p->input), .query = NODE_NONE, .vector = NODE_NONE, .last = NODE_NONE
	};
	if (p->key->windows > 1)
		nn_enter(nn, "window%d", (int)window);
	node out = graph_error(g) ? NODE_NONE : n->class->build(nn, n->config, &n->spec, &in);
	if (p->key->windows > 1)
		nn_leave(nn);
	for (int k = 0; k < p->n_outputs; k++) {
		node one = p->n_outputs > 1 ? op_slice(g, out, 1, k, 1, 1) : out;

		raw[p->output[k]] = p->scale[k] == 1 ? one : op_scale(g, one, p->scale[k]);
	}
	equation_constrain(f, p->hard, raw);
}

int physics_start(const struct physics *p, struct network *n, uint64_t seed, struct err *e)
{
	int status = 0;

	n->spec = physics_spec(p);
	if (n->class->check && n->class->check(n->config, &n->spec, e) != 0)
		return -1;
	for (int64_t w = 0; w < p->key->windows && status == 0; w++) {
		struct graph *g = graph_new(n->real);
		struct equation_spec spec;
		struct equation_fields f;
		node column[PHYSICS_COLUMNS];
		struct nn nn;

		nn_begin(&nn, g, &n->params, true);
		nn.frozen_set = false; /* parameters of the windows before are there already */
		physics_build(p, n, &nn, g, 2, w, &spec, &f, column);
		if (graph_error(g)) {
			*e = *graph_error(g);
			status = err_in(e, "model %s", n->class->name);
		}
		nn_end(&nn);
		graph_free(g);
	}
	if (status == 0)
		params_init(&n->params, seed);
	return status;
}
