/* brownian_area.c: what needs no tree: independent steps, and Levy areas between channels (Davie, Pathwise
 * approximation of stochastic differential equations using coupling, 2014; Foster, Numerical approximations for SDEs,
 * thesis, Oxford 2020, section 7). */
#include <math.h>

#include "base/rng.h"
#include "integ/brownian.h"

/* Normal (step * channels + c) * kind + q of the sample's stream. */
void brownian_steps(const struct brownian_spec *spec, double length, int64_t step, int64_t n_steps, double *w,
		    double *h, double *k, double *normal)
{
	const int64_t kind = (int64_t)spec->kind, each = spec->channels * kind, channels = spec->channels,
		      samples = spec->n_samples;
	const struct rng r = rng_stream(spec->seed, spec->purpose, 0, (uint64_t)spec->first_sample);
	const double sw = sqrt(length), sh = sqrt(length / 12), sk = sqrt(length / 720);

	rng_normal_each(r, (size_t)samples, (uint64_t)(step * each), (size_t)(n_steps * each), normal);
	for (int64_t j = 0; j < n_steps; j++)
		for (int64_t s = 0; s < samples; s++) {
			const double *z = normal + (s * n_steps + j) * each;
			const int64_t at = (j * samples + s) * channels;

			for (int64_t c = 0; c < channels; c++) {
				w[at + c] = sw * z[c * kind];
				if (h && kind > 1)
					h[at + c] = sh * z[c * kind + 1];
				if (k && kind > 2)
					k[at + c] = sk * z[c * kind + 2];
			}
		}
}

void levy_area(enum levy_area law, int m, double h, const double *W, const double *H, const double *normal,
	       double *area)
{
	int at = 0;

	for (int i = 0; i < m; i++) {
		area[i * m + i] = 0;
		for (int j = i + 1; j < m; j++) {
			const double spread =
				law == LEVY_DAVIE ? h / sqrt(12) : sqrt(h / 5 * (h / 4 + H[i] * H[i] + H[j] * H[j]));

			area[i * m + j] = H[i] * W[j] - W[i] * H[j] + spread * normal[at++];
			area[j * m + i] = -area[i * m + j];
		}
	}
}
