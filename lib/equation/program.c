/* program.c: compiled evaluation of expressions. Instructions are the nodes in topological order; a register is free
 * again after its last use, so that a few blocks of numbers serve. */
#include "equation/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK = 256, POWER_MAX = 32 };

enum place { PLACE_NONE, PLACE_INPUT, PLACE_UNIFORM, PLACE_REGISTER };
struct value {
	enum place place;
	int index;
};

struct instruction {
	enum expr_op op;
	int power; /* EX_POW by this integer, 0: general */
	int n_args;
	struct value arg[3], result;
	double number; /* EX_NUMBER, EX_PI */
	int param;     /* EX_PARAM */
};

struct program {
	int n_uniform, n_code, uniform_capacity, code_capacity; /* instructions */
	struct instruction *uniform, *code;
	int n_roots, n_registers, n_slots;
	struct value *root;
	double *slot, *reg; /* uniform values, registers of BLOCK numbers */
};

struct compiler {
	const struct exprs *pool;
	struct program *g;
	int n_inputs;
	const struct program_input *input;
	struct value *value; /* by node */
	int *uses;
	bool *busy;
	int busy_capacity;
	struct err *err;
};

/* Uses of every node by the distinct nodes above it. */
static void count_uses(struct compiler *c, expr a)
{
	const struct expr_node *n = expr_at(c->pool, a);

	if (c->uses[a]++ > 0)
		return;
	for (int k = 0; k < c->n_inputs; k++)
		if (c->input[k].node == a)
			return;
	for (int i = 0; i < n->n_args; i++)
		count_uses(c, n->arg[i]);
}

static int take_register(struct compiler *c)
{
	struct program *g = c->g;
	int r = 0;

	while (r < g->n_registers && c->busy[r])
		r++;
	if (r == g->n_registers) {
		MEM_GROW(c->busy, g->n_registers, c->busy_capacity);
		g->n_registers++;
	}
	c->busy[r] = true;
	return r;
}

static int integer_power(const struct exprs *p, const struct expr_node *n)
{
	const struct expr_node *b = expr_at(p, n->arg[1]);

	return b->op == EX_NUMBER && b->value == floor(b->value) && fabs(b->value) <= POWER_MAX ? (int)b->value : 0;
}

static int emit(struct compiler *c, expr a)
{
	const struct expr_node *n = expr_at(c->pool, a);
	struct instruction in = { .op = n->op, .n_args = n->n_args };
	struct program *g = c->g;
	bool uniform = true;

	if (c->value[a].place != PLACE_NONE)
		return 0;
	for (int k = 0; k < c->n_inputs; k++)
		if (c->input[k].node == a) {
			c->value[a] = (struct value){ PLACE_INPUT, k };
			if (!c->input[k].uniform)
				return 0;
			in = (struct instruction){ .op = EX_FIELD, .param = k }; /* copied at the start of a run */
			goto uniform;
		}
	if (n->op == EX_NUMBER || n->op == EX_PI) {
		in.number = n->op == EX_PI ? M_PI : n->value;
	} else if (n->op == EX_PARAM) {
		in.param = n->index;
	} else if (n->n_args == 0 || n->op > EX_MAX) {
		struct str text = { 0 };

		expr_text(c->pool, a, &text);
		err_set(c->err, ERR_USAGE, "'%s' has no value here", str_text(&text));
		str_free(&text);
		return -1;
	}
	for (int i = 0; i < n->n_args; i++) {
		if (emit(c, n->arg[i]) != 0)
			return -1;
		in.arg[i] = c->value[n->arg[i]];
		uniform &= in.arg[i].place == PLACE_UNIFORM;
	}
	if (n->op == EX_POW)
		in.power = integer_power(c->pool, n);
	if (!uniform) {
		for (int i = 0; i < n->n_args; i++)
			if (--c->uses[n->arg[i]] == 0 && in.arg[i].place == PLACE_REGISTER)
				c->busy[in.arg[i].index] = false;
		in.result = c->value[a] = (struct value){ PLACE_REGISTER, take_register(c) };
		MEM_GROW(g->code, g->n_code, g->code_capacity);
		g->code[g->n_code++] = in;
		return 0;
	}
uniform:
	in.result = c->value[a] = (struct value){ PLACE_UNIFORM, g->n_slots++ };
	MEM_GROW(g->uniform, g->n_uniform, g->uniform_capacity);
	g->uniform[g->n_uniform++] = in;
	return 0;
}

int program_new(struct program **out, const struct exprs *p, int n_roots, const expr *root, int n_inputs,
		const struct program_input *input, struct err *e)
{
	struct program *g = xcalloc(1, sizeof *g);
	struct compiler c = { .pool = p, .g = g, .n_inputs = n_inputs, .input = input, .err = e };
	int status = 0;

	c.value = xcalloc((size_t)p->n_nodes, sizeof *c.value);
	c.uses = xcalloc((size_t)p->n_nodes, sizeof *c.uses);
	g->n_roots = n_roots;
	g->root = xcalloc((size_t)n_roots + 1, sizeof *g->root);
	for (int r = 0; r < n_roots; r++)
		count_uses(&c, root[r]);
	for (int r = 0; r < n_roots && status == 0; r++) {
		status = emit(&c, root[r]);
		g->root[r] = c.value[root[r]];
	}
	free(c.value);
	free(c.uses);
	free(c.busy);
	if (status != 0) {
		program_free(g);
		return -1;
	}
	g->slot = xaligned((size_t)(g->n_slots + 1) * sizeof *g->slot);
	g->reg = xaligned((size_t)(g->n_registers + 1) * BLOCK * sizeof *g->reg);
	*out = g;
	return 0;
}

void program_free(struct program *g)
{
	if (!g)
		return;
	free(g->uniform);
	free(g->code);
	free(g->root);
	free(g->slot);
	free(g->reg);
	free(g);
}

static double power(double x, int n)
{
	double r = 1;

	for (int k = n < 0 ? -n : n; k > 0; k /= 2, x *= x)
		if (k % 2 == 1)
			r *= x;
	return n < 0 ? 1 / r : r;
}

static void run_uniform(struct program *g, const double *const *in, const double *param)
{
	for (int k = 0; k < g->n_uniform; k++) {
		const struct instruction *c = &g->uniform[k];
		double v[3] = { 0 };

		for (int i = 0; i < c->n_args; i++)
			v[i] = g->slot[c->arg[i].index];
		g->slot[c->result.index] = c->op == EX_NUMBER || c->op == EX_PI ? c->number
					   : c->op == EX_PARAM			? param[c->param]
					   : c->op == EX_FIELD			? in[c->param][0]
					   : c->op == EX_POW && c->power	? power(v[0], c->power)
									 : expr_op_value(c->op, v[0], v[1], v[2]);
	}
}

/* Division by a power of two is multiplication by another, rounded alike and some times faster. */
static bool has_exact_inverse(double x)
{
	int exponent;

	return fabs(frexp(x, &exponent)) == 0.5 && abs(exponent) < 1000;
}

/* A binary operator in three forms, so that uniform arguments cost no loads and every loop vectorises. */
#define BINARY(OP)                                                                                                     \
	if (step[0] && step[1])                                                                                        \
		for (int64_t i = 0; i < n; i++)                                                                        \
			r[i] = a[i] OP b[i];                                                                           \
	else if (step[0])                                                                                              \
		for (int64_t i = 0; i < n; i++)                                                                        \
			r[i] = a[i] OP b0;                                                                             \
	else                                                                                                           \
		for (int64_t i = 0; i < n; i++)                                                                        \
			r[i] = a0 OP b[i];                                                                             \
	break

#define UNARY(VALUE)                                                                                                   \
	for (int64_t i = 0; i < n; i++)                                                                                \
		r[i] = VALUE;                                                                                          \
	break

static void run_block(const struct instruction *c, int64_t n, const double *const *from, const int *step, double *r)
{
	const double *a = from[0], *b = from[1], *d = from[2];
	const double a0 = a[0];
	double b0 = b[0];
	enum expr_op op = c->op;

	if (op == EX_DIV && step[0] && !step[1] && has_exact_inverse(b0)) {
		op = EX_MUL;
		b0 = 1 / b0;
	}
	switch (op) {
	case EX_ADD:
		BINARY(+);
	case EX_SUB:
		BINARY(-);
	case EX_MUL:
		BINARY(*);
	case EX_DIV:
		BINARY(/);
	case EX_NEG:
		UNARY(-a[i]);
	case EX_SIN:
		UNARY(sin(a[i]));
	case EX_COS:
		UNARY(cos(a[i]));
	case EX_EXP:
		UNARY(exp(a[i]));
	case EX_TANH:
		UNARY(tanh(a[i]));
	case EX_SQRT:
		UNARY(sqrt(a[i]));
	case EX_ABS:
		UNARY(fabs(a[i]));
	case EX_POW:
		if (c->power == 2) {
			UNARY(a[i] * a[i]);
		}
		if (c->power == 3) {
			UNARY(a[i] * a[i] * a[i]);
		}
		if (c->power) {
			UNARY(power(a[i], c->power));
		}
		UNARY(pow(a[i * step[0]], b[i * step[1]]));
	default:
		UNARY(expr_op_value(c->op, a[i * step[0]], b[i * step[1]], d[i * step[2]]));
	}
}

void program_run(struct program *g, int64_t n, const double *const *in, const double *param, double *const *out)
{
	static const double zero = 0;

	run_uniform(g, in, param);
	for (int64_t at = 0; at < n; at += BLOCK) {
		const int64_t m = n - at < BLOCK ? n - at : BLOCK;

		for (int k = 0; k < g->n_code; k++) {
			const struct instruction *c = &g->code[k];
			const double *from[3] = { &zero, &zero, &zero };
			int step[3] = { 0 };

			for (int i = 0; i < c->n_args; i++) {
				const struct value *v = &c->arg[i];

				step[i] = v->place != PLACE_UNIFORM;
				from[i] = v->place == PLACE_UNIFORM    ? g->slot + v->index
					  : v->place == PLACE_REGISTER ? g->reg + v->index * BLOCK
								       : in[v->index] + at;
			}
			run_block(c, m, from, step, g->reg + c->result.index * BLOCK);
		}
		for (int r = 0; r < g->n_roots; r++) {
			const struct value *v = &g->root[r];

			if (v->place == PLACE_UNIFORM)
				for (int64_t i = 0; i < m; i++)
					out[r][at + i] = g->slot[v->index];
			else
				memcpy(out[r] + at,
				       v->place == PLACE_REGISTER ? g->reg + v->index * BLOCK : in[v->index] + at,
				       (size_t)m * sizeof **out);
		}
	}
}
