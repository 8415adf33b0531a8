/* modes.h: the parts of a spectral layer (spectral.c): transforms between grids and retained Fourier modes, and
 * products mode by mode. Modes are stored planar, (b, c, 2, K...): all real parts, then all imaginary parts. K... are,
 * for all but the last space axis, 2 m centred modes -m .. m-1; for the last one modes 0 .. m-1 of the half
 * spectrum. */
#ifndef SCIML_OP_MODES_H
#define SCIML_OP_MODES_H

#include "op/op.h"

/* X_k = 1/N sum_j x_j exp(-2 pi i k.j/N); x (b, c, N...), modes K... as above. */
node op_to_modes(struct graph *g, node x, int n_dims, const int64_t *modes);
/* y_j = sum_k h_k Re(Y_k exp(2 pi i k.j/N)) with h_k = 1 on the zero (and, if the size is even, Nyquist) plane of the
 * last axis and 2 elsewhere: what an inverse real FFT of the zero-padded half spectrum gives. */
node op_from_modes(struct graph *g, node y, int n_dims, const int64_t *size);
/* Y_k[b, o] = sum_i X_k[b, i] W_k[i, o]; w (i, o, K..., 2) with the parts of a number side by side. */
node op_mode_product(struct graph *g, node x, node w);

#endif
