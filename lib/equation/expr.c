/* expr.c: the pool of interned nodes, the names a text may use, and values of constant expressions. */
#include "equation/expr.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const struct expr_class expr_classes[EX_OPS] = {
	[EX_NUMBER] = { .name = "number" },
	[EX_PI] = { .name = "pi", .tex = "\\pi" },
	[EX_FIELD] = { .name = "field" },
	[EX_PARAM] = { .name = "param" },
	[EX_COEF] = { .name = "coef" },
	[EX_COORD] = { .name = "coord" },
	[EX_NOISE] = { .name = "dW", .tex = "\\dot W" },
	[EX_ADD] = { "add", .arity = 2 },
	[EX_SUB] = { "sub", .arity = 2 },
	[EX_MUL] = { "mul", .arity = 2 },
	[EX_DIV] = { "divide", .arity = 2 },
	[EX_POW] = { "pow", .arity = 2 },
	[EX_NEG] = { "neg", .arity = 1 },
	[EX_LT] = { "lt", "<", .arity = 2 },
	[EX_LE] = { "le", "\\le", .arity = 2 },
	[EX_GT] = { "gt", ">", .arity = 2 },
	[EX_GE] = { "ge", "\\ge", .arity = 2 },
	[EX_AND] = { "and", "\\wedge", .arity = 2 },
	[EX_OR] = { "or", "\\vee", .arity = 2 },
	[EX_NOT] = { "not", "\\neg ", .arity = 1 },
	[EX_WHERE] = { "where", .arity = 3 },
	[EX_SIN] = { "sin", "\\sin", .arity = 1 },
	[EX_COS] = { "cos", "\\cos", .arity = 1 },
	[EX_TAN] = { "tan", "\\tan", .arity = 1 },
	[EX_ASIN] = { "asin", "\\arcsin", .arity = 1 },
	[EX_ACOS] = { "acos", "\\arccos", .arity = 1 },
	[EX_ATAN] = { "atan", "\\arctan", .arity = 1 },
	[EX_SINH] = { "sinh", "\\sinh", .arity = 1 },
	[EX_COSH] = { "cosh", "\\cosh", .arity = 1 },
	[EX_TANH] = { "tanh", "\\tanh", .arity = 1 },
	[EX_SECH] = { "sech", "\\operatorname{sech}", .arity = 1 },
	[EX_EXP] = { "exp", "\\exp", .arity = 1 },
	[EX_LOG] = { "log", "\\ln", .arity = 1 },
	[EX_SQRT] = { "sqrt", "\\sqrt", .arity = 1 },
	[EX_ABS] = { "abs", "\\operatorname{abs}", .arity = 1 },
	[EX_SIGN] = { "sign", "\\operatorname{sign}", .arity = 1 },
	[EX_ERF] = { "erf", "\\operatorname{erf}", .arity = 1 },
	[EX_STEP] = { "step", "\\theta", .arity = 1 },
	[EX_MIN] = { "min", "\\min", .arity = 2 },
	[EX_MAX] = { "max", "\\max", .arity = 2 },
	[EX_D] = { "d", .arity = 1 },
	[EX_LAP] = { "lap", "\\Delta ", .arity = 1 },
	[EX_INVLAP] = { "invlap", "\\Delta^{-1} ", .arity = 1 },
	[EX_FRACLAP] = { "fraclap", .arity = 2 },
	[EX_HILBERT] = { "hilbert", "\\mathcal{H}", .arity = 1 },
	[EX_RIESZ] = { "riesz", .arity = 1 },
	[EX_INTEGRAL] = { "integral", "\\int", .arity = 1 },
	[EX_MEAN] = { "mean", "\\operatorname{mean}", .arity = 1 },
	[EX_VECTOR] = { "vector", .arity = 2 },
	[EX_PART] = { "part", .arity = 1 },
	[EX_GRAD] = { "grad", "\\nabla ", .arity = 1 },
	[EX_DIVERGENCE] = { "div", "\\nabla\\cdot ", .arity = 1 },
	[EX_CURL] = { "curl", "\\nabla\\times ", .arity = 1 },
	[EX_DOT] = { "dot", "\\cdot", .arity = 2 },
	[EX_UNIFORM] = { "uniform", "\\mathcal{U}", 2, { "low", "high" }, { 0, 1 } },
	[EX_LOGUNIFORM] = { "loguniform", "\\operatorname{log}\\mathcal{U}", 2, { "low", "high" }, { NAN, NAN } },
	[EX_NORMAL] = { "normal", "\\mathcal{N}", 2, { "mean", "std" }, { 0, 1 } },
	[EX_GRF] = { "grf", "\\operatorname{grf}", 4, { "gamma", "tau", "sigma", "mean" }, { 2, 5, 25, 0 } },
	[EX_SINES] = { "sines", "\\operatorname{sines}", 4, { "count", "kmax", "amplitude", "decay" }, { 2, 8, 1, 0 } },
	[EX_GAUSSIANS] = { "gaussians",
			   "\\operatorname{gaussians}",
			   4,
			   { "count", "low", "high", "amplitude" },
			   { 5, 0.05, 0.2, 1 } },
	[EX_WHITE] = { "white", "\\xi", 2, { "std", "mean" }, { 1, 0 } },
	[EX_DATA] = { "data of a file", "\\operatorname{data}", .arity = 0 },
	[EX_COSINES] = { "cosines", "\\operatorname{cosines}", 4, { "gamma", "tau", "sigma", "mean" }, { 2, 3, 3, 0 } },
};

struct exprs *exprs_new(const char *dims)
{
	struct exprs *p = xcalloc(1, sizeof *p);

	for (; *dims && p->n_dims < EXPR_DIMS; dims++)
		p->axis[p->n_dims++][0] = *dims;
	p->n_table = 256;
	p->table = xmalloc((size_t)p->n_table * sizeof *p->table);
	for (int i = 0; i < p->n_table; i++)
		p->table[i] = EXPR_NONE;
	return p;
}

void exprs_free(struct exprs *p)
{
	if (!p)
		return;
	free(p->node);
	free(p->table);
	free(p->symbol);
	free(p);
}

const struct expr_symbol *exprs_find(const struct exprs *p, const char *name, size_t length)
{
	for (int i = 0; i < p->n_symbols; i++)
		if (strlen(p->symbol[i].name) == length && memcmp(p->symbol[i].name, name, length) == 0)
			return &p->symbol[i];
	return NULL;
}

const char *exprs_name(const struct exprs *p, enum expr_symbol_kind kind, int index)
{
	for (int i = 0; i < p->n_symbols; i++)
		if (p->symbol[i].kind == kind && p->symbol[i].index == index)
			return p->symbol[i].name;
	return "?";
}

static bool is_word_of_language(const struct exprs *p, const char *name)
{
	for (int op = EX_PI; op < EX_OPS; op++)
		if (op != EX_FIELD && op != EX_PARAM && op != EX_COEF && op != EX_COORD &&
		    !(op >= EX_ADD && op <= EX_GE) && op != EX_D && op != EX_PART && op != EX_VECTOR &&
		    strcmp(expr_classes[op].name, name) == 0)
			return true;
	for (int a = 0; a < p->n_dims; a++)
		if (strcmp(p->axis[a], name) == 0)
			return true;
	return strcmp(name, "t") == 0;
}

int exprs_declare(struct exprs *p, enum expr_symbol_kind kind, const char *name, int rank, expr meaning, struct err *e)
{
	size_t n = strlen(name);
	bool good = n > 0 && n < EXPR_NAME && isalpha((unsigned char)name[0]);

	for (size_t i = 0; i < n && good; i++)
		good = isalnum((unsigned char)name[i]) || name[i] == '_';
	if (!good)
		return err_set(e, ERR_USAGE, "'%s' is no name: a letter, then letters, digits and _, %d at most", name,
			       EXPR_NAME - 1);
	if (is_word_of_language(p, name))
		return err_set(e, ERR_USAGE, "'%s' has a meaning in the equation language; choose another name", name);
	if (exprs_find(p, name, n))
		return err_set(e, ERR_USAGE, "'%s' is declared twice", name);
	MEM_GROW(p->symbol, p->n_symbols, p->symbol_capacity);
	struct expr_symbol *s = &p->symbol[p->n_symbols++];
	*s = (struct expr_symbol){ .kind = kind, .index = p->n_of_kind[kind]++, .rank = rank, .meaning = meaning };
	memcpy(s->name, name, n + 1);
	return 0;
}

/* ---- nodes --------------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct expr_node *n)
{
	uint64_t h = 1469598103934665603u, bits;

	memcpy(&bits, &n->value, sizeof bits);
	const uint64_t part[] = {
		(uint64_t)n->op,     (uint64_t)n->index,  (uint64_t)n->n_args, (uint64_t)n->rank,  bits,
		(uint64_t)n->arg[0], (uint64_t)n->arg[1], (uint64_t)n->arg[2], (uint64_t)n->arg[3]
	};
	for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
		h = (h ^ part[i]) * 1099511628211u;
		h ^= h >> 29;
	}
	return h;
}

static bool same(const struct expr_node *a, const struct expr_node *b)
{
	return a->op == b->op && a->index == b->index && a->n_args == b->n_args && a->rank == b->rank &&
	       memcmp(&a->value, &b->value, sizeof a->value) == 0 && memcmp(a->arg, b->arg, sizeof a->arg) == 0;
}

static void grow_table(struct exprs *p)
{
	p->n_table *= 2;
	p->table = xrealloc(p->table, (size_t)p->n_table * sizeof *p->table);
	for (int i = 0; i < p->n_table; i++)
		p->table[i] = EXPR_NONE;
	for (int k = 0; k < p->n_nodes; k++) {
		uint64_t at = hash_of(&p->node[k]) & (uint64_t)(p->n_table - 1);

		while (p->table[at] != EXPR_NONE)
			at = (at + 1) & (uint64_t)(p->n_table - 1);
		p->table[at] = k;
	}
}

static expr intern(struct exprs *p, const struct expr_node *n)
{
	uint64_t at;

	if (2 * (p->n_nodes + 1) > p->n_table)
		grow_table(p);
	at = hash_of(n) & (uint64_t)(p->n_table - 1);
	for (; p->table[at] != EXPR_NONE; at = (at + 1) & (uint64_t)(p->n_table - 1))
		if (same(&p->node[p->table[at]], n))
			return p->table[at];
	MEM_GROW(p->node, p->n_nodes, p->capacity);
	struct expr_node *made = &p->node[p->n_nodes];

	*made = *n;
	made->depth = 1;
	made->size = 1;
	for (int i = 0; i < n->n_args; i++) {
		const struct expr_node *below = &p->node[n->arg[i]];

		made->depth = below->depth >= made->depth ? below->depth + 1 : made->depth;
		made->size += below->size;
	}
	return p->table[at] = p->n_nodes++;
}

/* Components of the result; the parser has checked the arguments. */
static int rank_of(const struct exprs *p, enum expr_op op, int n_args, const expr *arg)
{
	const int first = n_args > 0 ? p->node[arg[0]].rank : 1;
	int most = 1;

	switch (op) {
	case EX_VECTOR:
		return n_args;
	case EX_PART:
	case EX_DOT:
	case EX_DIVERGENCE:
		return 1;
	case EX_GRAD:
		return p->n_dims;
	case EX_CURL:
		return p->n_dims == 3 ? 3 : first == 1 ? 2 : 1;
	default:
		for (int i = 0; i < n_args; i++)
			most = p->node[arg[i]].rank > most ? p->node[arg[i]].rank : most;
		return most;
	}
}

expr expr_make(struct exprs *p, enum expr_op op, int index, int n_args, const expr *arg)
{
	struct expr_node n = { .op = op, .index = index, .n_args = n_args };

	for (int i = 0; i < EXPR_ARGS; i++)
		n.arg[i] = i < n_args ? arg[i] : EXPR_NONE;
	n.rank = rank_of(p, op, n_args, arg);
	return intern(p, &n);
}

expr expr_number(struct exprs *p, double value)
{
	struct expr_node n = { .op = EX_NUMBER, .rank = 1, .value = value == 0 ? 0 : value };

	for (int i = 0; i < EXPR_ARGS; i++)
		n.arg[i] = EXPR_NONE;
	return intern(p, &n);
}

expr expr_leaf(struct exprs *p, enum expr_op op, int index)
{
	return expr_make(p, op, index, 0, NULL);
}

expr expr_field(struct exprs *p, int field)
{
	struct expr_node n = { .op = EX_FIELD, .index = field, .rank = 1 };

	for (int i = 0; i < EXPR_ARGS; i++)
		n.arg[i] = EXPR_NONE;
	for (int i = 0; i < p->n_symbols; i++)
		if (p->symbol[i].kind == SYMBOL_FIELD && p->symbol[i].index == field)
			n.rank = p->symbol[i].rank;
	return intern(p, &n);
}

bool expr_op_is_linear(enum expr_op op)
{
	return op >= EX_D && op <= EX_MEAN;
}

bool expr_op_is_random(enum expr_op op)
{
	return op >= EX_UNIFORM && op < EX_OPS;
}

bool expr_is_number(const struct exprs *p, expr a, double value)
{
	return p->node[a].op == EX_NUMBER && p->node[a].value == value;
}

bool expr_has(const struct exprs *p, expr a, enum expr_op op, int index)
{
	const struct expr_node *n = &p->node[a];

	if (n->op == op && (index < 0 || n->index == index))
		return true;
	for (int i = 0; i < n->n_args; i++)
		if (expr_has(p, n->arg[i], op, index))
			return true;
	return false;
}

bool expr_has_fields(const struct exprs *p, expr a)
{
	return expr_has(p, a, EX_FIELD, -1);
}

bool expr_has_random(const struct exprs *p, expr a)
{
	const struct expr_node *n = &p->node[a];

	if (expr_op_is_random(n->op))
		return true;
	for (int i = 0; i < n->n_args; i++)
		if (expr_has_random(p, n->arg[i]))
			return true;
	return false;
}

bool expr_is_constant(const struct exprs *p, expr a)
{
	const struct expr_node *n = &p->node[a];

	switch (n->op) {
	case EX_NUMBER:
	case EX_PI:
	case EX_PARAM:
		return true;
	case EX_FIELD:
	case EX_COEF:
	case EX_COORD:
	case EX_NOISE:
		return false;
	default:
		break;
	}
	if (expr_op_is_random(n->op) || expr_op_is_linear(n->op) || n->op >= EX_VECTOR)
		return false;
	for (int i = 0; i < n->n_args; i++)
		if (!expr_is_constant(p, n->arg[i]))
			return false;
	return true;
}

double expr_op_value(enum expr_op op, double a, double b, double c)
{
	switch (op) {
	case EX_ADD:
		return a + b;
	case EX_SUB:
		return a - b;
	case EX_MUL:
		return a * b;
	case EX_DIV:
		return a / b;
	case EX_POW:
		return pow(a, b);
	case EX_NEG:
		return -a;
	case EX_LT:
		return a < b;
	case EX_LE:
		return a <= b;
	case EX_GT:
		return a > b;
	case EX_GE:
		return a >= b;
	case EX_AND:
		return a != 0 && b != 0;
	case EX_OR:
		return a != 0 || b != 0;
	case EX_NOT:
		return a == 0;
	case EX_WHERE:
		return a != 0 ? b : c;
	case EX_SIN:
		return sin(a);
	case EX_COS:
		return cos(a);
	case EX_TAN:
		return tan(a);
	case EX_ASIN:
		return asin(a);
	case EX_ACOS:
		return acos(a);
	case EX_ATAN:
		return atan(a);
	case EX_SINH:
		return sinh(a);
	case EX_COSH:
		return cosh(a);
	case EX_TANH:
		return tanh(a);
	case EX_SECH:
		return 1 / cosh(a);
	case EX_EXP:
		return exp(a);
	case EX_LOG:
		return log(a);
	case EX_SQRT:
		return sqrt(a);
	case EX_ABS:
		return fabs(a);
	case EX_SIGN:
		return (a > 0) - (a < 0);
	case EX_ERF:
		return erf(a);
	case EX_STEP:
		return a > 0;
	case EX_MIN:
		return fmin(a, b);
	case EX_MAX:
		return fmax(a, b);
	default:
		return NAN;
	}
}

double expr_constant(const struct exprs *p, expr a, const double *param)
{
	const struct expr_node *n = &p->node[a];
	double v[3] = { 0 };

	if (n->op == EX_NUMBER)
		return n->value;
	if (n->op == EX_PI)
		return M_PI;
	if (n->op == EX_PARAM)
		return param ? param[n->index] : NAN;
	for (int i = 0; i < n->n_args && i < 3; i++)
		v[i] = expr_constant(p, n->arg[i], param);
	return expr_op_value(n->op, v[0], v[1], v[2]);
}
