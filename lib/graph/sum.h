/* sum.h: the kernel of graph_op_sum, also called by the executor on the rows of a stage. */
#ifndef SCIML_GRAPH_SUM_H
#define SCIML_GRAPH_SUM_H

#include "num/tensor.h"

/* An array as alternating groups of summed and kept axes; group 0 is the innermost. */
struct sum_layout {
	int n;
	int64_t extent[SHAPE_MAX], in_stride[SHAPE_MAX];
	bool summed[SHAPE_MAX];
	int64_t out_count;
};
void sum_layout(struct sum_layout *s, const struct shape *in, unsigned axes);

/* Results begin .. end-1 to out[0 ..] in the array's type or, when out is NULL, to acc[0 ..]. */
void sum_range(const struct sum_layout *s, enum dtype t, const void *in, int64_t begin, int64_t end, double *acc,
	       void *out);
/* Round n results to the array's type. */
void sum_store(enum dtype t, const double *acc, int64_t n, void *out);

/* Above so many results a sum over axis 0 goes by results, below by rows, adding up partial sums of ranges of rows. */
enum { SUM_FEW = 8192 };
/* The sum of rows begin .. end-1 over `axes`, which include axis 0. */
void sum_rows(const struct shape *in, unsigned axes, enum dtype t, const void *data, int64_t begin, int64_t end,
	      double *acc);

#endif
