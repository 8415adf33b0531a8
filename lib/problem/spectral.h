/* spectral.h: real periodic fields and their half spectra, for pseudo-spectral solvers. Modes carry 1/N: mode k is the
 * amplitude of exp(2 pi i k.x), on every grid. Storage: complex interleaved, the last axis halved. */
#ifndef SCIML_PROBLEM_SPECTRAL_H
#define SCIML_PROBLEM_SPECTRAL_H

#include <stdint.h>

#include "base/err.h"

struct fft_plan;
struct spectral {
	int n_dims; /* 1, 2, 3 */
	int64_t size[3];
	int64_t n_points, n_modes;
	struct fft_plan *forward, *inverse;
	double *spare; /* n_modes complex: the inverse transform destroys its input */
};

int spectral_init(struct spectral *s, int n_dims, const int64_t *size, struct err *e);
void spectral_clear(struct spectral *s);
void spectral_forward(const struct spectral *s, const double *field, double *modes);
void spectral_inverse(const struct spectral *s, const double *modes, double *field); /* modes are kept */
/* Signed wave numbers of entry m. */
void spectral_wave(const struct spectral *s, int64_t m, int64_t k[3]);
/* 4 pi^2 |k|^2 of entry m. */
double spectral_laplace(const struct spectral *s, int64_t m);
/* Trigonometric interpolation: the modes that both grids resolve (Nyquist modes excluded); the others are 0. */
void spectral_resize(const struct spectral *from, const double *modes, const struct spectral *to, double *out);
/* Every stride-th point of a field with size[a] / stride points an axis. */
void spectral_subsample(int n_dims, const int64_t *size, int64_t stride, const double *field, double *out);

#endif
