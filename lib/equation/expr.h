/* expr.h: expression trees of the equation language (sciml-equation(5)): what the parser makes, printers write, rules
 * rewrite and programs evaluate. Nodes are interned in a pool: equal trees have equal handles, so comparing is ==. A
 * pool also holds the names that a text may use. */
#ifndef SCIML_EQUATION_EXPR_H
#define SCIML_EQUATION_EXPR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

typedef int expr; /* handle within one pool */

enum { EXPR_NONE = -1, EXPR_ARGS = 4, EXPR_DIMS = 3, EXPR_TIME = 3, EXPR_NAME = 48 };
/* Limits of what a text may hold, since rules walk trees by recursion and node by node: levels, and nodes where every
 * definition is written out. */
enum { EXPR_DEPTH = 1000, EXPR_SIZE = 100000 };

enum expr_op {
	/* leaves */
	EX_NUMBER, /* value */
	EX_PI,
	EX_FIELD, /* unknown function of space and time; index: which; rank: components */
	EX_PARAM, /* number given by the problem */
	EX_COEF,  /* given function of space */
	EX_COORD, /* index: axis, EXPR_TIME */
	EX_NOISE, /* dW: index numbers independent noises */
	/* arithmetic */
	EX_ADD,
	EX_SUB,
	EX_MUL,
	EX_DIV,
	EX_POW,
	EX_NEG,
	/* conditions, 0 or 1 */
	EX_LT,
	EX_LE,
	EX_GT,
	EX_GE,
	EX_AND,
	EX_OR,
	EX_NOT,
	EX_WHERE, /* c != 0 ? a : b */
	/* functions */
	EX_SIN,
	EX_COS,
	EX_TAN,
	EX_ASIN,
	EX_ACOS,
	EX_ATAN,
	EX_SINH,
	EX_COSH,
	EX_TANH,
	EX_SECH,
	EX_EXP,
	EX_LOG,
	EX_SQRT,
	EX_ABS,
	EX_SIGN,
	EX_ERF,
	EX_STEP, /* x > 0 */
	EX_MIN,
	EX_MAX,
	/* linear operators; componentwise on vectors */
	EX_D,	     /* derivative along axis index (EXPR_TIME: time) */
	EX_LAP,	     /* Laplacian */
	EX_INVLAP,   /* its inverse with zero mean */
	EX_FRACLAP,  /* (-lap)^(alpha/2); second argument alpha */
	EX_HILBERT,  /* Fourier symbol -i sign(k), one dimension */
	EX_RIESZ,    /* -i k_a/|k|, a = index */
	EX_INTEGRAL, /* over the domain */
	EX_MEAN,     /* over the domain */
	/* vectors */
	EX_VECTOR, /* of 2 or 3 scalars */
	EX_PART,   /* component index of a vector */
	EX_GRAD,
	EX_DIVERGENCE,
	EX_CURL, /* 2-D: of a vector v.y_x - v.x_y, of a scalar the vector (a_y, -a_x); 3-D: of a vector */
	EX_DOT,
	/* random, only in initial data and parameters; index numbers the occurrences */
	EX_UNIFORM,
	EX_LOGUNIFORM,
	EX_NORMAL,
	EX_GRF,
	EX_SINES,
	EX_GAUSSIANS,
	EX_WHITE,
	EX_DATA, /* function read from a file; index: which. No text makes it */
	EX_COSINES,
	EX_OPS
};

/* What an operator is called and how it is written. */
struct expr_class {
	const char *name;	    /* in text (functions) and as prefix token */
	const char *tex;	    /* "\\sin" */
	int arity;		    /* EX_VECTOR: of two components */
	const char *arg[EXPR_ARGS]; /* random: names of arguments */
	double fallback[EXPR_ARGS]; /* and their values when left out */
};
extern const struct expr_class expr_classes[EX_OPS];

struct expr_node {
	enum expr_op op;
	int index;
	int n_args;
	int rank;    /* 1: scalar, else components */
	int depth;   /* levels of the tree */
	double size; /* its nodes; those of shared parts count every time */
	double value;
	expr arg[EXPR_ARGS];
};

enum expr_symbol_kind { SYMBOL_FIELD, SYMBOL_PARAM, SYMBOL_COEF, SYMBOL_DEFINITION };
struct expr_symbol {
	char name[EXPR_NAME];
	enum expr_symbol_kind kind;
	int index;    /* among those of its kind */
	int rank;     /* components of a field */
	expr meaning; /* SYMBOL_DEFINITION: what the name stands for */
};

struct exprs {
	struct expr_node *node;
	int n_nodes, capacity;
	int *table; /* hash table of handles, n_table a power of two */
	int n_table;
	struct expr_symbol *symbol;
	int n_symbols, symbol_capacity;
	int n_of_kind[4];
	int n_dims;
	char axis[EXPR_DIMS][2]; /* "x", "y", "z": one letter each */
	int n_random, n_noise;	 /* occurrences so far */
};

/* dims: names of the spatial axes, one letter each ("xy"); time is always t. */
struct exprs *exprs_new(const char *dims);
void exprs_free(struct exprs *p);
/* New name; -1 with a message when it is taken, malformed or a word of the language. rank: 1, or components of a
 * field. */
int exprs_declare(struct exprs *p, enum expr_symbol_kind kind, const char *name, int rank, expr meaning, struct err *e);
const struct expr_symbol *exprs_find(const struct exprs *p, const char *name, size_t length);
const char *exprs_name(const struct exprs *p, enum expr_symbol_kind kind, int index);

static inline const struct expr_node *expr_at(const struct exprs *p, expr a)
{
	return &p->node[a];
}

/* The node, found or made, exactly as asked for. */
expr expr_make(struct exprs *p, enum expr_op op, int index, int n_args, const expr *arg);
expr expr_number(struct exprs *p, double value);
expr expr_leaf(struct exprs *p, enum expr_op op, int index);
expr expr_field(struct exprs *p, int field); /* with its rank */

/* As expr_make, with the simplifications that need a look at the arguments alone: constants folded, 0 and 1 dropped,
 * signs moved out, derivatives sorted and of constants 0. */
expr expr_build(struct exprs *p, enum expr_op op, int index, int n_args, const expr *arg);
expr expr_add(struct exprs *p, expr a, expr b);
expr expr_sub(struct exprs *p, expr a, expr b);
expr expr_mul(struct exprs *p, expr a, expr b);
expr expr_div(struct exprs *p, expr a, expr b);
expr expr_pow(struct exprs *p, expr a, expr b);
expr expr_neg(struct exprs *p, expr a);
expr expr_apply(struct exprs *p, enum expr_op f, expr a);
expr expr_d(struct exprs *p, expr a, int axis);
expr expr_simplify(struct exprs *p, expr a); /* rebuilt from the leaves with expr_build */

bool expr_is_number(const struct exprs *p, expr a, double value);
/* Does the tree contain op (index < 0: any index)? */
bool expr_has(const struct exprs *p, expr a, enum expr_op op, int index);
bool expr_has_fields(const struct exprs *p, expr a);
bool expr_has_random(const struct exprs *p, expr a); /* an op of chance */
/* Independent of space, time, fields and chance: numbers and parameters. */
bool expr_is_constant(const struct exprs *p, expr a);
/* Is op one of the linear operators EX_D .. EX_MEAN? */
bool expr_op_is_linear(enum expr_op op);
bool expr_op_is_random(enum expr_op op);
/* Value of an expression that is constant; param: values by index. NaN where it is not constant. */
double expr_constant(const struct exprs *p, expr a, const double *param);
/* One function or arithmetic operator on numbers. */
double expr_op_value(enum expr_op op, double a, double b, double c);

/* ---- text (parse.c, print.c) --------------------------------------------------------------------- */

enum expr_allow { ALLOW_RANDOM = 1, ALLOW_NOISE = 2, ALLOW_FIELDS = 4 };
/* One expression. Errors: "WHAT:LINE:COLUMN: message", both counted from 1. EXPR_NONE on failure. */
expr expr_parse(struct exprs *p, const char *text, const char *what, int allow, struct err *e);
/* Text that parses back to the same handle (random nodes excepted: they are new each time). */
void expr_text(const struct exprs *p, expr a, struct str *out);
void expr_tex(const struct exprs *p, expr a, struct str *out);
/* Tokens in prefix order, a space between: "sub mul nu d_x d_x u mul u d_x u". */
void expr_prefix(const struct exprs *p, expr a, struct str *out);
/* And back; errors name the token's number. */
expr expr_from_prefix(struct exprs *p, const char *tokens, struct err *e);

/* ---- rules (derive.c, lower.c, split.c) ---------------------------------------------------------- */

/* Total derivative along an axis (EXPR_TIME: time): fields and coefficients are functions of place and time. */
expr expr_total(struct exprs *p, expr a, int axis);
/* Partial derivative with respect to one node as if it were an independent variable: a parameter, a coordinate, u, or
 * u_xx (then u_x and u do not depend on it). */
expr expr_partial(struct exprs *p, expr a, expr variable);
/* Directional (Gateaux) derivative at u in direction du: d/ds a(u + s du) at s = 0; field: the scalar unknown's
 * leaf. */
expr expr_gateaux(struct exprs *p, expr a, expr field, expr direction);
/* Replace every occurrence of a node. */
expr expr_replace(struct exprs *p, expr a, expr old, expr by);

/* Component of a vector expression (0 for scalars) in scalar operators alone; vector fields become EX_PART of
 * EX_FIELD. */
expr expr_lower(struct exprs *p, expr a, int component);

/* a = given + linear + rest: field-free; linear in the fields with constant coefficients; the rest. Each simplified, 0
 * when there is none. a: scalar, lowered. */
struct expr_split {
	expr given, linear, rest;
};
struct expr_split expr_split(struct exprs *p, expr a);
/* Fourier symbol of a linear part at wave vector k: out[2 j], out[2 j + 1] = coefficient of unknown j. */
void expr_fourier(const struct exprs *p, expr linear, const double *k, const double *param, int n_unknowns,
		  const expr *unknown, double *out);

struct expr_facts {
	int order[EXPR_DIMS + 1]; /* highest derivative of a field along each axis; [EXPR_TIME]: in time */
	int total_order;	  /* highest total spatial order; lap counts 2 */
	int degree;		  /* polynomial degree in fields and derivatives; -1: not a polynomial */
	bool nonlocal;		  /* invlap, fraclap, hilbert, riesz, integral, mean */
	bool place, time;	  /* coefficients depend on place, on time */
	bool noise;
	bool stiff; /* linear part of order 2 or more */
};
struct expr_facts expr_classify(struct exprs *p, expr a);

#endif
