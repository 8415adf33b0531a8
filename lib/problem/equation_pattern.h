/* equation_pattern.h: which entries of the Jacobian of a rate over points may differ from 0, found by letting numbers
 * that are none (NaN) spread: what a method does inside need not be known. */
#ifndef SCIML_PROBLEM_EQUATION_PATTERN_H
#define SCIML_PROBLEM_EQUATION_PATTERN_H

#include "integ/integ.h"

struct equation_lattice { /* state: unknown by unknown, the points of a grid, last axis fastest */
	int n_dims, n_unknowns;
	const int64_t *size;
	const int *closed; /* by axis; 0: periodic */
};

/* 1: row i has column[k], start[i] <= k < start[i+1], both arrays the caller's. 0: a good part of all entries, or too
 * much work to find out; no arrays. -1: f failed. y: a state where f is finite. The entries are those of stencils that
 * are the same all over the grid but for a margin along the sides. */
int equation_pattern(const struct equation_lattice *l, integ_rhs f, void *context, double t, const double *y,
		     int64_t **start, int64_t **column);

#endif
