/* spectral.c: real periodic fields and their half spectra, for pseudo-spectral solvers. */
#include "problem/spectral.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/fft.h"

int spectral_init(struct spectral *s, int n_dims, const int64_t *size, struct err *e)
{
	struct fft_shape there = fft_contiguous(FFT_REAL, false, n_dims, size, 1);
	struct fft_shape back = fft_contiguous(FFT_REAL_BACK, false, n_dims, size, 1);

	back.spoils = true;
	*s = (struct spectral){ .n_dims = n_dims, .n_points = 1, .n_modes = 1 };
	for (int a = 0; a < 3; a++) {
		s->size[a] = a < n_dims ? size[a] : 1;
		s->n_points *= s->size[a];
		s->n_modes *= a == n_dims - 1 ? s->size[a] / 2 + 1 : s->size[a];
	}
	s->spare = mem_new(2 * s->n_modes, sizeof(double), "spectrum", e);
	s->forward = s->spare ? fft_plan_new(&there, e) : NULL;
	s->inverse = s->forward ? fft_plan_new(&back, e) : NULL;
	if (s->inverse)
		return 0;
	spectral_clear(s);
	return -1;
}

void spectral_clear(struct spectral *s)
{
	fft_plan_free(s->forward);
	fft_plan_free(s->inverse);
	free(s->spare);
	*s = (struct spectral){ 0 };
}

void spectral_forward(const struct spectral *s, const double *field, double *modes)
{
	const double scale = 1. / (double)s->n_points;

	fft_run(s->forward, (void *)field, modes);
	for (int64_t i = 0; i < 2 * s->n_modes; i++)
		modes[i] *= scale;
}

void spectral_inverse(const struct spectral *s, const double *modes, double *field)
{
	memcpy(s->spare, modes, (size_t)(2 * s->n_modes) * sizeof *modes);
	fft_run(s->inverse, s->spare, field);
}

void spectral_wave(const struct spectral *s, int64_t m, int64_t k[3])
{
	const int last = s->n_dims - 1;

	for (int a = last; a >= 0; a--) {
		const int64_t extent = a == last ? s->size[a] / 2 + 1 : s->size[a];

		k[a] = m % extent;
		m /= extent;
		if (a < last && k[a] > s->size[a] / 2)
			k[a] -= s->size[a];
	}
	for (int a = s->n_dims; a < 3; a++)
		k[a] = 0;
}

double spectral_laplace(const struct spectral *s, int64_t m)
{
	int64_t k[3];

	spectral_wave(s, m, k);
	return 4 * M_PI * M_PI * (double)(k[0] * k[0] + k[1] * k[1] + k[2] * k[2]);
}

void spectral_resize(const struct spectral *from, const double *modes, const struct spectral *to, double *out)
{
	const int last = from->n_dims - 1;

	for (int64_t m = 0; m < to->n_modes; m++) {
		int64_t k[3], at = 0;
		bool shared = true;

		spectral_wave(to, m, k);
		for (int a = 0; a <= last; a++) {
			const int64_t extent = a == last ? from->size[a] / 2 + 1 : from->size[a];
			const int64_t limit = from->size[a] < to->size[a] ? from->size[a] : to->size[a];

			if (2 * llabs(k[a]) >= limit && k[a] != 0)
				shared = false;
			at = at * extent + (k[a] < 0 ? k[a] + from->size[a] : k[a]);
		}
		out[2 * m] = shared ? modes[2 * at] : 0;
		out[2 * m + 1] = shared ? modes[2 * at + 1] : 0;
	}
}

void spectral_subsample(int n_dims, const int64_t *size, int64_t stride, const double *field, double *out)
{
	int64_t n[3] = { 1, 1, 1 }, at = 0;

	for (int a = 0; a < n_dims; a++)
		n[3 - n_dims + a] = size[a];
	for (int64_t i = 0; i < n[0]; i += stride)
		for (int64_t j = 0; j < n[1]; j += stride)
			for (int64_t k = 0; k < n[2]; k += stride)
				out[at++] = field[(i * n[1] + j) * n[2] + k];
}
