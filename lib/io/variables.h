/* variables.h: what the named arrays of a file without a fixed layout (.mat, .npz, .pt) mean: which axis counts
 * samples, which is time, which array is input and which target. Names and shapes decide, never the order in the
 * file. */
#ifndef SCIML_IO_VARIABLES_H
#define SCIML_IO_VARIABLES_H

#include "io/array.h"
#include "io/dataset.h"

struct variable {
	const char *name;
	enum dtype dtype;
	bool complex; /* the last axis, of extent 2, is (real, imaginary) */
	int rank;
	int64_t dim[ARRAY_RANK_MAX];
};

struct variables {
	const char *path; /* its name gives the split and the domain of well-known files */
	bool matlab;	  /* time is the last axis and the file holds train and test; else the second, and one split */
	int n;
	const struct variable *at;
	/* All elements of a variable as doubles, in row-major order of dim, into out. */
	int (*values)(void *arg, int variable, double *out, struct err *e);
	void *arg;
};

/* Where the axes of a field are in its variable. -1: absent (extent 1). */
struct axis_map {
	int variable;
	int sample;
	int n, axis[SHAPE_MAX - 1]; /* in the order of the field's axes */
};

/* Fill l and map (one per field of l, freed by the caller). The rules, first match wins:
 * 1. vectors x and t (or tt) and arrays whose two extents are theirs: one sample of a trajectory on (t, x); usol and uu
 * are
 *    called u. If both have the same length nothing tells the axes apart: refused.
 * 2. vectors x and y and arrays over both: one sample of steady fields, targets.
 * 3. samples on the first axis, their number taken from the input (a, coeff, input; x in .pt) or, without one, the
 * output
 *    (u, sol, output; y), or the largest array. An array with one axis more than the input has time: last in .mat
 *    files, second elsewhere; so has one whose last extent is the length of t. Single numbers are parameters; arrays
 *    without the sample axis belong to the whole set.
 * Splits of rule 3 for .mat: the whole file if its name says train or test (or smooth1, smooth2); first 1000 and last
 * 200 for burgers_data_R10; else the last sixth is test (1000 and 200 of the published 1200). */
int variables_layout(const struct variables *v, struct layout *l, struct axis_map **map, struct err *e);

/* An axis of that name and size, made if there is none; a name taken by another size gets the size appended. */
int variables_axis(struct layout *l, const char *name, enum axis_kind kind, int64_t size);

#endif
