/* equation_input.h: coordinates and drawn parameters of a text as a network likes them: of order 1, periodic where the
 * box is. */
#ifndef SCIML_PROBLEM_EQUATION_INPUT_H
#define SCIML_PROBLEM_EQUATION_INPUT_H

#include "problem/equation_physics.h"

struct equation_input {
	bool periodic; /* periodic axes as cos and sin of 2 pi k (x - low)/length, k = 1 .. modes: the network is
					 * periodic with all derivatives (Dong, Ni 2021); false: as they are */
	int64_t modes;
	bool sees[EXPR_TIME + 1];    /* coordinates that the network depends on */
	bool drawn[EQUATION_PARAMS]; /* parameters likewise */
};

/* Everything there is: all axes, time unless the text is at rest, all parameters that are drawn. */
struct equation_input equation_input_all(const struct equation_spec *s);
/* The columns side by side, (n, features): other axes and time mapped to [-1, 1]; parameters with a uniform or
 * log-uniform law too, others less their mean over their deviation (1000 draws). */
node equation_input(struct equation_fields *f, const struct equation_input *c);
int64_t equation_input_count(const struct equation_spec *s, const struct equation_input *c);

#endif
