/* program.h: scalar expressions compiled for evaluation at many points: common subexpressions once, what is equal at
 * all points once a run, the rest block by block in registers that stay in cache. One thread at a time per program. */
#ifndef SCIML_EQUATION_PROGRAM_H
#define SCIML_EQUATION_PROGRAM_H

#include "equation/expr.h"

struct program_input {
	expr node;    /* the tree that this input stands for: u, u_x, a coordinate, integral(u) */
	bool uniform; /* one number instead of one a point */
};

struct program;
/* -1: a leaf or operator that is no input and has no value at a point ("'u_x' has no value here"). */
int program_new(struct program **out, const struct exprs *p, int n_roots, const expr *root, int n_inputs,
		const struct program_input *input, struct err *e);
void program_free(struct program *g);
/* out[r][i] = root r at point i < n; in[k]: n numbers or one; param: by index. out must not overlap in. */
void program_run(struct program *g, int64_t n, const double *const *in, const double *param, double *const *out);

#endif
