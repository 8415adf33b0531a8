/* stencil.c: the recursion for difference weights. */
#include "num/stencil.h"

#include <string.h>

void stencil_weights(double z, int n, const double *x, int m, double *w)
{
	double c1 = 1, c4 = x[0] - z;

	memset(w, 0, (size_t)((m + 1) * n) * sizeof *w);
	w[0] = 1;
	for (int i = 1; i < n; i++) {
		const int mn = i < m ? i : m;
		const double c5 = c4;
		double c2 = 1;

		c4 = x[i] - z;
		for (int j = 0; j < i; j++) {
			const double c3 = x[i] - x[j];

			c2 *= c3;
			if (j == i - 1) {
				for (int k = mn; k > 0; k--)
					w[k * n + i] = c1 * (k * w[(k - 1) * n + i - 1] - c5 * w[k * n + i - 1]) / c2;
				w[i] = -c1 * c5 * w[i - 1] / c2;
			}
			for (int k = mn; k > 0; k--)
				w[k * n + j] = (c4 * w[k * n + j] - k * w[(k - 1) * n + j]) / c3;
			w[j] = c4 * w[j] / c3;
		}
		c1 = c2;
	}
}

/* First of the rising x[0 .. n-1] that is not below z, n if all are: where equal spacing has it, else by bisection. */
static int64_t first_not_below(double z, int64_t n, const double *x)
{
	int64_t low = 0, high = n;

	if (!(x[0] < z))
		return 0;
	if (x[n - 1] < z)
		return n;
	const double place = (z - x[0]) / (x[n - 1] - x[0]) * (double)(n - 1); /* 0 .. n-1, or no number */

	for (int64_t i = place < (double)n ? (int64_t)place : n; (double)i <= place + 2 && i < n; i++)
		if (i > 0 && x[i - 1] < z && !(x[i] < z))
			return i;
	while (low < high) {
		const int64_t middle = low + (high - low) / 2;

		if (x[middle] < z)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void stencil_interpolate(double z, int64_t n, const double *x, double period, int width, int64_t *point, double *w)
{
	double near[16] = { 0 };
	int64_t first = first_not_below(z, n, x) - width / 2;

	if (period <= 0) {
		first = first < 0 ? 0 : first;
		first = first + width > n ? n - width : first;
	}
	for (int k = 0; k < width; k++) {
		const int64_t at = first + k;

		point[k] = (at + n) % n;
		near[k] = x[point[k]] + (at < 0 ? -period : at >= n ? period : 0);
	}
	stencil_weights(z, width, near, 0, w);
	for (int k = 0; k < width; k++)
		if (near[k] == z) {
			memset(w, 0, (size_t)width * sizeof *w);
			w[k] = 1;
		}
}
