/* cnf.h: between the learner cnf and the verb that draws from what it trained. A continuous normalising flow (Chen et
 * al. 2018, arXiv 1806.07366; FFJORD, arXiv 1810.01367): x' = f(t, x) takes N(0, I) at time 0 to the data at time
 * `end`, and along a path d log p / dt = -tr(df/dx), so that log p(x(end)) = log N(x(0); 0, I) - int_0^end tr(df/dx)
 * dt. */
#ifndef SCIML_LEARNER_CNF_H
#define SCIML_LEARNER_CNF_H

#include "learner/chain.h"

enum cnf_trace { CNF_EXACT, CNF_RADEMACHER, CNF_NORMAL };
struct cnf {
	struct chain_solver solver;
	double end;
	int trace;
};
extern const struct key cnf_keys[];

/* The field of a chain's state (b, dim + 1): points, and what -tr(df/dx) has added up to. probe: node (b, dim) of
 * vectors w, the trace is w . J w (Hutchinson); NODE_NONE: exactly, by dim Jacobian products. *f stays the caller's, as
 * long as the chain. */
struct cnf_field {
	struct chain *chain;
	int64_t dim, n_given;
	node probe;
	node given; /* (b, n_given): conditions, behind the point in the network's input; n_given 0: none */
};
void cnf_field_of(struct chain *c, struct cnf_field *f);

/* Probe of one point: dim numbers of mean 0 and variance 1, by the stream of (seed, purpose, step, point). */
void cnf_probe(enum cnf_trace trace, uint64_t seed, const char *purpose, uint64_t step, uint64_t point, int64_t dim,
	       double *out);

/* A trained model at work on batches of b points, forth (base to data) and back. Conditions are what its input has
 * beyond dim. */
struct cnf_solve;
struct cnf_solve *cnf_solve_new(struct network *n, const struct cnf *c, int64_t b, int64_t dim, bool exact,
				struct err *e);
void cnf_solve_free(struct cnf_solve *s);
/* x (b, dim): moved from its place to the base's (back) or the data's, in place; change (b): what log p lost on the way
 * there (b numbers). probe (b, dim): read unless exact; given (b, n_given): read where there are conditions.
 * *evaluations: of the field. */
int cnf_solve_run(struct cnf_solve *s, bool back, const double *probe, const double *given, double *x, double *change,
		  int64_t *evaluations, struct err *e);
/* log N(x; 0, I) */
double cnf_base(int64_t dim, const double *x);

#endif
