/* linmap.h: constant sparse linear maps along one axis, out[i] = sum_j A_ij in[j], as tables that attributes of the op
 * `linmap` point to. Maps are hash-consed: equal maps used in one graph are one object, so equal nodes stay one
 * node. */
#ifndef SCIML_OP_LINMAP_H
#define SCIML_OP_LINMAP_H

#include "op/op.h"

/* Compressed sparse rows; within a row columns ascend and are distinct. Immutable. */
struct linmap {
	int64_t n_rows, n_cols; /* sizes of output and input axis */
	const int64_t *start;	/* n_rows + 1: row i holds entries start[i] .. start[i+1]-1 */
	const int64_t *col;
	const double *value;
	const struct linmap *transpose; /* its transpose is this map again */
};

/* A map under construction: rows are opened one after the other, entries added in any order of columns. */
struct linmap_rows {
	int64_t n_cols, n_rows, row_capacity, n_entries, capacity;
	int64_t *start, *col;
	double *value;
};

void linmap_row(struct linmap_rows *r);				     /* open the next row */
void linmap_entry(struct linmap_rows *r, int64_t col, double value); /* equal columns add up, zeros are dropped */

/* Close the construction: the map that equals r, owned by g (an earlier one if g uses it already). r is emptied. NULL
 * when g is in error. */
const struct linmap *linmap_take(struct graph *g, struct linmap_rows *r);

#endif
