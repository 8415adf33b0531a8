/* tableau.h: Runge-Kutta methods as data. Slopes k_j = f(t + c_j h, z_j) at z_j = y + h sum_i a_ji k_i; the step ends
 * at y + h sum_j b_j k_j, its local error is estimated by h sum_j b_error_j k_j, and between its ends the solution is
 * y + h sum_j w_j(theta) k_j at t + theta h. */
#ifndef SCIML_INTEG_TABLEAU_H
#define SCIML_INTEG_TABLEAU_H

#include <stdbool.h>

enum tableau_kind {
	TABLEAU_EXPLICIT, /* a strictly lower triangular */
	TABLEAU_DIAGONAL, /* lower triangular: one implicit equation after the other; a zero on the diagonal: none */
	TABLEAU_FULL	  /* all stages at once */
};
enum { TABLEAU_STAGES_MAX = 16 };

struct tableau {
	const char *name;
	int stages, order, error_order; /* error_order 0: no embedded method; the lower order of the pair otherwise */
	const double *a;		/* stages x stages, row-major */
	const double *b, *b_error, *c;	/* b_error: b - b_hat */
	bool first_same_as_last;	/* the last slope belongs to the end of the step */
	enum tableau_kind kind;
	/* DIAGONAL: first guess of slope j is sum_i predictor_ji k_i over i < j; NULL: the slope before. */
	const double *predictor;
	/* w_j(theta) = sum_p dense[j * dense_degree + p] theta^(p+1); NULL: tableau_dense finds one. */
	int dense_degree;
	const double *dense;
	/* Length of the real interval of stability, what |lambda h| of a step is compared with; 0: not given. */
	double stability;
};

/* All methods, from 0 on; NULL past the last. */
const struct tableau *tableau_at(int k);
const struct tableau *tableau_find(const char *name);

/* w_j(theta), one number a stage. Methods without a polynomial of their own: the cubic Hermite polynomial where the
 * last slope belongs to the end of the step; the quadratic through y, its slope and the end where only the first one
 * belongs to the beginning; else the collocation polynomial int_0^theta l_j (FULL), or the chord theta b_j. At theta =
 * 1 they are b. */
void tableau_dense(const struct tableau *m, double theta, double *weight);

#endif
