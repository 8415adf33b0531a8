/* conv_winograd.h: convolutions of planes with 3 x 3 kernels by Winograd's minimal filtering (Lavin and Gray, arXiv
 * 1509.09308): 4 x 4 results from a tile of 6 x 6 numbers by 36 products instead of 144, float, stride 1. A result is
 * one sum over the channels in order whatever its tile is computed with, so it depends on its own numbers alone. */
#ifndef SCIML_OP_CONV_WINOGRAD_H
#define SCIML_OP_CONV_WINOGRAD_H

#include "op/conv_geometry.h"

/* One application: y[b,o,p] = sum_iq weight(o,i,q) x[b,i,p + q - lead], x zero outside. */
struct conv_winograd {
	int64_t batch, n_in, n_out;
	int64_t in[2], out[2]; /* points of a channel of x and of y */
	int64_t lead;
	int64_t out_step, in_step; /* distance of neighbouring channels' kernels in w */
	bool turned;		   /* kernels are read backwards */
	int64_t tiles[2];	   /* of a channel of y */
	int64_t part, n_parts;	   /* channels of y made at a time */
	bool by_rows;		   /* a unit is a sample; else a part of y's channels and some tiles */
	int64_t span, n_spans;	   /* those tiles */
};

/* Enough channels and points to repay the transforms; a question of shapes, not of the number of samples. */
bool conv_winograd_fits(const struct conv_geometry *v, enum dtype type);
struct conv_winograd conv_winograd_forward(const struct conv_geometry *v);
struct conv_winograd conv_winograd_adjoint(
	const struct conv_geometry *v); /* x from y: kernels turned, channels exchanged */

int64_t conv_winograd_units(const struct conv_winograd *c);
size_t conv_winograd_scratch(const struct conv_winograd *c); /* bytes */
void conv_winograd_run(const struct conv_winograd *c, int64_t begin, int64_t end, const float *x, const float *w,
		       float *y, float *scratch);

/* The kernel's gradient: unit = (chunk of samples, channels of y, channels of x); sums as in conv_kernel.h: (chunk, o,
 * i, q). */
int64_t conv_winograd_weight_units(const struct conv_geometry *v);
size_t conv_winograd_weight_scratch(void);
void conv_winograd_weight(const struct conv_geometry *v, int64_t unit, const float *x, const float *y, float *sums,
			  float *scratch);

#endif
