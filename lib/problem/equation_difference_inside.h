/* equation_difference_inside.h: the parts of a discretisation by values at points, shared by the files that translate,
 * that evaluate and that solve. */
#ifndef SCIML_PROBLEM_EQUATION_DIFFERENCE_INSIDE_H
#define SCIML_PROBLEM_EQUATION_DIFFERENCE_INSIDE_H

#include "equation/program.h"
#include "problem/equation_difference.h"
#include "problem/equation_line.h"

enum { DIFFERENCE_SLOTS = 96 };

enum difference_kind {
	DIFFERENCE_FIELD,
	DIFFERENCE_DERIVED,
	DIFFERENCE_INTEGRAL,
	DIFFERENCE_COORD,
	DIFFERENCE_TIME,
	DIFFERENCE_COEF,
};

struct difference_slot { /* what an expression has for a value at points */
	enum difference_kind kind;
	int index;		 /* unknown, axis, coefficient */
	int power[EXPR_DIMS];	 /* DERIVED: derivatives along each axis */
	bool laplace;		 /* of the Laplacian */
	int flux;		 /* DERIVED: axis whose faces hold the argument, -1: points do */
	bool *needs;		 /* flux: slots of the argument */
	struct program *program; /* DERIVED, INTEGRAL: of the argument */
	bool mean;
	double *value;
	double *face[EXPR_DIMS]; /* values at the faces of an axis, where some flux needs them */
};

/* Expressions of values at a point that are evaluated together, and the slots that they need. */
enum { PART_RATE, PART_LINEAR, PART_REST, PART_NOISE, PART_SLOPE, PART_ELLIPTIC, PARTS };
struct difference_part {
	struct program *program;
	bool used[DIFFERENCE_SLOTS];
};

struct difference_side {	 /* one unknown's condition at one end */
	struct program *program; /* value; NULL: no condition */
	double *value;		 /* at the points of the side */
};

struct equation_difference {
	struct equation_spec *spec;
	bool spectral, elliptic; /* elliptic: PART_ELLIPTIC holds a, c and f of equation_rest_inside.h */
	int order, solver;
	int64_t n_points, size[EXPR_DIMS], inner[EXPR_DIMS];
	const double *place[EXPR_DIMS]; /* points by axis, in 0..1 */
	struct line line[EXPR_DIMS];
	int n_slots;
	struct difference_slot slot[DIFFERENCE_SLOTS];
	struct program_input input[DIFFERENCE_SLOTS];
	const double *in[DIFFERENCE_SLOTS];
	struct difference_part part[PARTS];
	struct difference_side side[EXPR_DIMS][2][EQUATION_UNKNOWNS];
	int64_t n_ruled, *ruled; /* entries of a state that conditions rule */
	int n_side_inputs;	 /* of conditions: time, coordinates, coefficients */
	struct program_input side_input[EXPR_DIMS + 1 + EQUATION_COEFS];
	double *side_in[EXPR_DIMS][2][EXPR_DIMS + 1 + EQUATION_COEFS]; /* [0]: the time */
	const double *param;
	struct jacobian *pattern; /* of a state at rest, once it was asked for; dense: it has none */
	bool dense;
	double *state, *a, *b, *amplitude; /* work; a and b hold an array of points or faces */
};

/* Does a condition rule unknown j at this point? The last axis with one takes a corner. */
const struct difference_side *difference_ruler(const struct equation_difference *d, int64_t at, int j, int *axis,
					       int *end);
/* Factors of u and u_x in a condition. */
void difference_factors(const struct equation_difference *d, int axis, int end, int j, double *value, double *slope);
/* The right-hand sides of all conditions at time t. */
void difference_side_values(struct equation_difference *d, double t);
/* Index of a point within its side, the points of the side being numbered as they come. */
int64_t difference_side_index(const struct equation_difference *d, int axis, int64_t at);
/* The expressions of a part at all points, one array each, from a state that is taken as it is. */
void difference_evaluate(struct equation_difference *d, int part, double t, const double *state, double *const *out);

#endif
