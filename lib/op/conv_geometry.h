/* conv_geometry.h: the shapes of one convolution and how its kernels divide them (for conv.c). */
#ifndef SCIML_OP_CONV_GEOMETRY_H
#define SCIML_OP_CONV_GEOMETRY_H

#include "op/op.h"

enum { CONV_DIMS = 3, COLUMN_NUMBERS = 32768 };

struct conv_attr {
	int64_t n_dims, groups;
	int64_t stride[CONV_DIMS], dilation[CONV_DIMS];
	int64_t extent[CONV_DIMS]; /* adjoint: points of x; weight: of the kernel; else 0 */
};

/* Everything about one application, with 3 space axes (missing ones in front have extent 1). */
struct conv_geometry {
	int64_t batch, n_in, n_out, groups; /* channels of all groups */
	int64_t in[CONV_DIMS], kernel[CONV_DIMS], out[CONV_DIMS], stride[CONV_DIMS], dilation[CONV_DIMS];
	int64_t group_in, group_out;	 /* channels of one group */
	int64_t points_in, points_out;	 /* of one channel */
	int64_t taps, window;		 /* kernel points; numbers in a window of one group: group_in * taps */
	int64_t block;			 /* output positions gathered at a time */
	int64_t n_chunks, n_parts, part; /* weight: chunks of samples, parts of a group's output channels */
	bool plain;			 /* 1 x 1 x 1, stride 1: x is its own columns */
};

/* From the shape of x (b, i, N...), kernel extents and output channels. */
void conv_describe(struct conv_geometry *v, const struct conv_attr *a, const struct shape *x, int64_t n_out,
		   const int64_t *kernel);
/* Work of the weight's gradient: samples in at most 8 chunks, fewer where the partial sums would grow large. */
void conv_divide(struct conv_geometry *v);

/* Positions from `position` on that lie in one output row (before end); p: where that row's stretch starts. */
int64_t conv_stretch(const struct conv_geometry *v, int64_t position, int64_t end, int64_t p[CONV_DIMS]);
/* Where tap q of the window at output p lies in a channel of x. */
int64_t conv_place(const struct conv_geometry *v, const int64_t p[CONV_DIMS], int64_t q);
void conv_taps(const struct conv_geometry *v, int64_t *tap); /* conv_place of every tap at the origin */

/* Rows as long as a vector, or so few output channels that a matrix product has nothing to share. */
bool conv_is_direct(const struct conv_geometry *v, enum dtype type);
/* The adjoint at stride 1 as a convolution of y; false where that is not the way: small grids do not repay turning the
 * kernel, and with many channels the product outweighs scattering its columns. */
bool conv_turned_around(const struct conv_geometry *v, enum dtype type, struct conv_geometry *turned);
int64_t conv_aligned(int64_t n); /* numbers, rounded up to keep what follows them aligned */

#endif
