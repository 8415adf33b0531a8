/* multigrid.h: -div(a grad u) + c u = f on boxes of one to three dimensions by conjugate gradients with a geometric
 * multigrid V-cycle as preconditioner (Trottenberg, Oosterlee, Schueller, Multigrid, 2001, 7.8). Second order: values
 * at points, fluxes through the faces of cells around them, half cells at ends of an axis. */
#ifndef SCIML_NUM_MULTIGRID_H
#define SCIML_NUM_MULTIGRID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum multigrid_mean { MULTIGRID_ARITHMETIC, MULTIGRID_HARMONIC }; /* of a at two points: a at the face between them */

struct multigrid_problem {
	int n_dims; /* 1, 2, 3 */
	int64_t size
		[3]; /* points by axis, last one fastest: i length / size where periodic, else i length / (size - 1) */
	double length[3];
	bool periodic[3];
	bool fixed[3][2];   /* u is given at this end; elsewhere */
	double decay[3][2]; /* du/dn + decay u = slope, outward normal, decay >= 0 */
	enum multigrid_mean mean;
	const double *a, *c; /* at the points, a > 0, c >= 0; NULL: 1, 0. Read only now */
};

struct multigrid; /* one thread at a time */
/* NULL with a message when a is not positive, c or decay negative, or an axis has fewer than 3 points. */
struct multigrid *multigrid_new(const struct multigrid_problem *p, struct err *e);
void multigrid_free(struct multigrid *m);
/* Is u determined up to a constant only (nothing fixed, c and decay zero)? */
bool multigrid_is_singular(const struct multigrid *m);

/* A u, in the weak form: every row is integrated over the cell of its point. u is 0 at fixed points, out
 * too. */
void multigrid_apply(struct multigrid *m, const double *u, double *out);
/* One V-cycle with Gauss-Seidel forwards before and backwards after, from 0: out = M^-1 in, M symmetric positive
 * definite. */
void multigrid_cycle(struct multigrid *m, const double *in, double *out);

struct multigrid_right { /* arrays over all points */
	const double *f;
	const double *slope[3][2]; /* read at the points of that end; NULL: 0 */
};
/* b = the weak right side with everything that is known moved there: fixed values are read from u. */
void multigrid_load(struct multigrid *m, const struct multigrid_right *right, const double *u, double *b);
/* u: values at fixed points and a guess elsewhere in, the solution out. Ends at ||b - A u|| <= tolerance ||b||.
 * Singular problems: the solution of zero mean; *excess is what the right side lacks to be compatible, as a constant
 * that was added to f (0 otherwise). Both counts may be NULL. */
int multigrid_solve(struct multigrid *m, const struct multigrid_right *right, double tolerance, int64_t max_iterations,
		    double *u, int64_t *iterations, double *excess, struct err *e);

#endif
