/* evolve.h: symbolic regression: expressions y = f(x_0 .. x_(m-1)) found by regularised evolution (Real et al. 2019,
 * arXiv 1802.01548; populations, migration and tuned constants as in Cranmer 2023, arXiv 2305.01582). Members are plain
 * numbers, so that populations are arrays that a checkpoint keeps. */
#ifndef SCIML_EQUATION_EVOLVE_H
#define SCIML_EQUATION_EVOLVE_H

#include "equation/expr.h"

enum { EVOLVE_SIZE = 31, EVOLVE_CONSTANTS = 16 };

/* A tree in prefix order: op[i] is EVOLVE_NUMBER (value[i]), EVOLVE_INPUT (number value[i]), or an operator as
 * evolve_operator_find numbers them. size 0: no tree. The numbers of operators are part of files. */
enum { EVOLVE_NUMBER, EVOLVE_INPUT, EVOLVE_FIRST_OPERATOR };
struct evolve_tree {
	double size;
	double op[EVOLVE_SIZE], value[EVOLVE_SIZE];
};
struct evolve_member {
	struct evolve_tree tree;
	double loss; /* mean squared error */
	double birth;
};
enum { EVOLVE_MEMBER = sizeof(struct evolve_member) / sizeof(double) };

/* The number of an operator by its name in the language ("add", "mul", "sin"); divide also as "div"; -1: none. */
int evolve_operator_find(const char *name);
/* Their names, NULL-terminated. */
extern const char *const evolve_operator_names[];

struct evolve {
	int64_t populations, population, cycles, tournament, size, iterations;
	double parsimony, crossover, migration;
	int n_operators;
	int operator[EVOLVE_SIZE];
	uint64_t seed;
	const char *purpose; /* of the random numbers: another for each target */
	/* what is fitted: y (n) by columns x[k] (n), k < n_inputs */
	int64_t n;
	int n_inputs;
	const double *const *x;
	const double *y;
};

/* One round: all populations (populations x population members) go through `cycles` generations, each of `population`
 * children, then the constants of every member are tuned by BFGS (`iterations` steps), then members migrate. Round 0
 * draws the populations first. front[s - 1]: the best tree of s nodes so far (EVOLVE_SIZE of them, size 0: none yet).
 * Populations run on the pool's threads; the result does not depend on their number. -1: no memory for the populations'
 * own fronts. */
int evolve_round(const struct evolve *v, int64_t round, struct evolve_member *members, struct evolve_member *front,
		 struct err *e);

/* The front without what is no better than a smaller tree: size[i], ascending, and score[i] = -d log(loss) / d size
 * from the one before; of the first the score is 0. Losses below 1e-28 of the largest count as that: such differences
 * are rounding. Returns their number. */
int evolve_front(const struct evolve_member *front, int *size, double *score);
/* The size of the highest score; 0: there is no tree. */
int evolve_choose(const struct evolve_member *front);

/* Mean squared error of a tree; INFINITY where it is not finite. */
double evolve_loss(const struct evolve *v, const struct evolve_tree *t);

/* Is it a tree of known operators and of inputs below n_inputs, or none? What a file holds need not be. */
bool evolve_valid(const struct evolve_tree *t, int64_t n_inputs);

/* The tree as an expression of p, of the inputs' handles: number i of the tree (in prefix order) as EX_PARAM with index
 * first + i, or, first < 0, as a number. */
expr evolve_expression(struct exprs *p, const struct evolve_tree *t, const expr *input, int first);
/* For reading: signs moved out of numbers, a/(-b - c) as -a/(c + b). */
expr evolve_tidy(struct exprs *p, expr a);
/* How many numbers it holds; their values in order. */
int evolve_numbers(const struct evolve_tree *t, double *value);
void evolve_set_numbers(struct evolve_tree *t, const double *value);

#endif
