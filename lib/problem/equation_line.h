/* equation_line.h: one axis of a box as points: where they are, how derivatives, integrals and values elsewhere follow
 * from values there. Finite differences on equidistant points, Chebyshev points between sides, waves on a circle. */
#ifndef SCIML_PROBLEM_EQUATION_LINE_H
#define SCIML_PROBLEM_EQUATION_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { LINE_MOST = 4 }; /* highest derivative */

/* Linear map from n_in to n_out values along a line: row i has `width` weights from entry first[i] on, modulo n_in. */
struct line_map {
	int64_t n_in, n_out;
	int64_t width;
	int64_t *first;
	double *weight; /* n_out x width; NULL: not made */
};

struct line {
	char name; /* of the axis */
	int64_t n;
	bool closed;   /* both ends are points */
	bool spectral; /* derivatives use all points */
	int order;     /* of the differences */
	double low, length;
	double *x;	  /* points, in 0..1 of the length */
	double *integral; /* quadrature weights */
	struct line_map derivative[LINE_MOST + 1];
	/* Differences only: values and slopes half-way between points, and slopes at points from values half-way. n_faces: n -
	 * 1, or n on a circle. */
	int64_t n_faces;
	struct line_map to_faces, slope_at_faces, from_faces;
	struct line_map keep, given; /* to and from the equidistant points that are kept */
};

/* n points; n_kept equidistant ones. -1: too few points. */
int line_init(struct line *l, char name, int64_t n, bool closed, bool spectral, int order, double low, double length,
	      int64_t n_kept, struct err *e);
void line_clear(struct line *l);
/* Make derivative m = 1..4, or the maps to and from faces, when they are not there yet. */
int line_need_derivative(struct line *l, int m, struct err *e);
int line_need_faces(struct line *l, struct err *e);
/* out[o][i][k] (+)= sum_j map[i][j] in[o][j][k] for o < outer, k < inner; out must not overlap in. */
void line_apply(const struct line_map *map, int64_t outer, int64_t inner, const double *in, double *out, bool add);
/* A field from the points of n_dims lines to the points that are kept (keep), or back. */
void line_transfer(const struct line *line, int n_dims, bool keep, const double *in, double *out);

#endif
