/* symbolic.h: what the symbolic learners share: points, the evolution of expressions for every target
 * (equation/evolve.h), the choice, and how it is told. Found trees live among the parameters of model formula
 * (model/formula.h). */
#ifndef SCIML_LEARNER_SYMBOLIC_H
#define SCIML_LEARNER_SYMBOLIC_H

#include "base/str.h"
#include "equation/evolve.h"
#include "learner/chain.h"
#include "run/trainer.h"

/* Section objective of both learners; solver, model and field are read by symbolic-ode alone. */
struct symbolic_config {
	struct chain_solver solver;
	int64_t rounds, populations, population, cycles, tournament, size, iterations, points;
	double parsimony, crossover, migration, round;
	struct key_strings operators;
	const char *model, *field;
};
#define SYMBOLIC_KEYS                                                                                                  \
	KEY_INT(struct symbolic_config, populations, "100", 1, 100000, "populations for every target"),                \
		KEY_INT(struct symbolic_config, population, "20", 2, 10000, "members of each"),                        \
		KEY_INT(struct symbolic_config, cycles, "30", 1, 1e6,                                                  \
			"generations of a round: as many children as members, each in place of the oldest"),           \
		KEY_INT(struct symbolic_config, tournament, "6", 1, 10000, "members that compete to be a parent"),     \
		KEY_INT(struct symbolic_config, size, "20", 1, 31, "most operators, inputs and numbers of a tree"),    \
		KEY_INT(struct symbolic_config, iterations, "8", 0, 1000,                                              \
			"steps of BFGS on the numbers of every member, each round"),                                   \
		KEY_INT(struct symbolic_config, points, "1000", 2, 1e8, "points, drawn from the data"),                \
		KEY_REAL(struct symbolic_config, parsimony, "1e-3", 0, 1e30,                                           \
			 "cost of a node in tournaments, in units of the target's variance"),                          \
		KEY_REAL(struct symbolic_config, crossover, "0.1", 0, 1,                                               \
			 "part of the children that have two parents; the others are mutations"),                      \
		KEY_REAL(struct symbolic_config, migration, "0.1", 0, 1,                                               \
			 "part of a population that gives way to guests after a round"),                               \
		KEY_REAL(struct symbolic_config, round, "0.01", 0, 1e30,                                               \
			 "what numbers are rounded to a multiple of in the end (unless that is 0); 0: not"),           \
		KEY_TEXTS(struct symbolic_config, operators, "[add, sub, mul, div]",                                   \
			  "also neg, sin, cos, tanh, exp, log, sqrt, abs, min, max")

struct symbolic {
	const struct symbolic_config *key;
	struct evolve evolve;
	uint64_t seed;
	int64_t n_out;
	double *x, *y; /* n_inputs x n, n_out x n: to be filled after symbolic_open */
	const double **column;
	struct params state; /* populations, fronts: for checkpoints; further entries may follow */
	char (*input)[EXPR_NAME], (*output)[EXPR_NAME];
};

/* Checks the keys; room for n points. */
int symbolic_open(struct symbolic *s, const struct symbolic_config *key, uint64_t seed, int64_t n_inputs, int64_t n_out,
		  int64_t n, struct err *e);
void symbolic_close(struct symbolic *s);
/* Names for texts: NAME, or NAME0, NAME1 ... for more than one; "x0" ... where the language would not have them. */
void symbolic_name(char (*out)[EXPR_NAME], const char *name, int64_t n);
/* The trainer's network must be model formula with expressions to be found, path its layer; no averages. */
int symbolic_check(const struct trainer *t, const char *path, struct err *e);

/* A round for every target; the trees chosen go to the parameters. *loss: the mean of theirs. */
int symbolic_round(struct symbolic *s, struct params *p, const char *path, int64_t round, double *loss, struct err *e);
/* Columns of the history: size and loss of every target's tree. */
void symbolic_columns(const struct symbolic *s, struct history *h);
void symbolic_row(const struct symbolic *s, double *own);
/* Numbers rounded, in every set of parameters that may be saved. */
void symbolic_round_off(const struct symbolic *s, struct trainer *t, const char *path);
/* "x1/(x1 + 1.01)" */
void symbolic_text(const struct symbolic *s, const struct params *p, const char *path, int64_t k, struct str *out);
/* The fronts as a table in comments: target, size, loss, score, expression; tabs between. */
void symbolic_fronts(const struct symbolic *s, struct str *out);

#endif
