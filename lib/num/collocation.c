/* collocation.c: differentiation, quadrature and interpolation on points of a line. */
#include "num/collocation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/blas.h"
#include "num/fft.h"

/* End corrections of the trapezoidal rule by differences: -1/12 (first), 1/24 (second), -19/720, 3/160. */
void collocation_gregory(int64_t n, double h, int order, double *w)
{
	static const double gregory[] = { 1. / 12, 1. / 24, 19. / 720, 3. / 160 };
	double choose[5] = { 1, 0, 0, 0, 0 };

	for (int64_t i = 0; i < n; i++)
		w[i] = i == 0 || i == n - 1 ? h / 2 : h;
	for (int k = 1; k < order - 1 && k < n; k++) {
		for (int j = k; j > 0; j--)
			choose[j] += choose[j - 1];
		for (int j = 0; j <= k; j++) {
			const double d = h * gregory[k - 1] * choose[j] * (j % 2 ? 1 : -1);

			w[j] += d;
			w[n - 1 - j] += d;
		}
	}
}

void chebyshev_points(int64_t n, double *x)
{
	for (int64_t j = 0; j < n; j++)
		x[j] = sin(M_PI * (double)(2 * j - (n - 1)) / (double)(2 * (n - 1))); /* symmetric in rounding too */
}

void chebyshev_weights(int64_t n, double *w)
{
	const int64_t m = n - 1;

	for (int64_t j = 0; j <= m; j++) {
		double sum = 1;

		for (int64_t k = 1; 2 * k <= m; k++)
			sum -= (2 * k == m ? 1 : 2) * cos(2 * M_PI * (double)(j * k % m) / (double)m) /
			       (double)(4 * k * k - 1);
		w[j] = (j == 0 || j == m ? 1 : 2) * sum / (double)m;
	}
}

int chebyshev_derivative(int64_t n, int m, double *d, struct err *e)
{
	const double angle = M_PI / (double)(2 * (n - 1));
	double *last = mem_unset(n, sizeof *last, "derivative at Chebyshev points", e);

	if (!last)
		return -1;
	for (int64_t i = 0; i < n * n; i++)
		d[i] = i / n == i % n;
	for (int k = 1; k <= m; k++) {
		for (int64_t i = 0; i < n; i++)
			last[i] = d[i * n + i];
		for (int64_t i = 0; i < n; i++) {
			double sum = 0;

			for (int64_t j = 0; j < n; j++) {
				const double far = 2 * sin(angle * (double)(i + j)) * sin(angle * (double)(i - j));
				const double c = (i == 0 || i == n - 1 ? 2. : 1.) / (j == 0 || j == n - 1 ? 2. : 1.) *
						 ((i + j) % 2 ? -1 : 1);

				if (i == j)
					continue;
				d[i * n + j] = k / far * (c * last[i] - d[i * n + j]);
				sum += d[i * n + j];
			}
			d[i * n + i] = -sum;
		}
	}
	free(last);
	return 0;
}

int chebyshev_coefficients(int64_t n, const double *value, double *coefficient, struct err *e)
{
	const struct fft_shape shape = fft_contiguous(FFT_DCT1, false, 1, &n, 1);
	struct fft_plan *plan = fft_plan_new(&shape, e);
	double *in = plan ? mem_new(n, sizeof *in, "Chebyshev coefficients", e) : NULL;
	double *out = in ? mem_new(n, sizeof *out, "Chebyshev coefficients", e) : NULL;

	if (!out) {
		if (plan)
			fft_plan_free(plan);
		free(in);
		return -1;
	}
	for (int64_t j = 0; j < n; j++)
		in[j] = value[n - 1 - j];
	fft_run(plan, in, out);
	for (int64_t j = 0; j < n; j++)
		coefficient[j] = out[j] / (double)(j == 0 || j == n - 1 ? 2 * (n - 1) : n - 1);
	fft_plan_free(plan);
	free(in);
	free(out);
	return 0;
}

int chebyshev_interpolation(int64_t n, int64_t n_out, const double *x, double *matrix, struct err *e)
{
	double *at = mem_unset(n, sizeof *at, "interpolation from Chebyshev points", e);

	if (!at)
		return -1;
	chebyshev_points(n, at);
	for (int64_t i = 0; i < n_out; i++) {
		double *row = matrix + i * n, sum = 0;
		int64_t hit = -1;

		for (int64_t j = 0; j < n; j++) {
			const double far = x[i] - at[j];

			if (fabs(far) < 1e-15)
				hit = j;
			row[j] = (j == 0 || j == n - 1 ? 0.5 : 1) * (j % 2 ? -1 : 1) / far;
			sum += row[j];
		}
		for (int64_t j = 0; j < n; j++)
			row[j] = hit >= 0 ? j == hit : row[j] / sum;
	}
	free(at);
	return 0;
}

int circle_derivative(int64_t n, double length, int m, double *d, struct err *e)
{
	double *row = mem_unset(n, sizeof *row, "derivative at points of a circle", e);

	if (!row)
		return -1;
	for (int64_t j = 0; j < n; j++) {
		row[j] = 0;
		for (int64_t k = 1; 2 * k <= n; k++) {
			const double angle = 2 * M_PI * (double)(j * k % n) / (double)n;
			const double power = pow(2 * M_PI * (double)k / length, m) * (2 * k == n ? 1 : 2) / (double)n;

			/* real part of i^m exp(-i angle): point i sees point i - j */
			if (m % 2 == 0)
				row[j] += power * (m % 4 == 0 ? 1 : -1) * cos(angle);
			else if (2 * k < n)
				row[j] += power * (m % 4 == 1 ? -1 : 1) * sin(angle);
		}
	}
	for (int64_t i = 0; i < n; i++)
		for (int64_t j = 0; j < n; j++)
			d[i * n + j] = row[(i - j + n) % n];
	free(row);
	return 0;
}

void circle_interpolation(int64_t n, int64_t n_out, const double *x, double *matrix)
{
	for (int64_t i = 0; i < n_out; i++)
		for (int64_t j = 0; j < n; j++) {
			const double angle = 2 * M_PI * (x[i] - (double)j / (double)n);
			double sum = 1;

			for (int64_t k = 1; 2 * k <= n; k++)
				sum += (2 * k == n ? 1 : 2) * cos((double)k * angle);
			matrix[i * n + j] = sum / (double)n;
		}
}

int cosine_interpolation(bool even, int64_t n, int64_t n_out, const double *x, double *matrix, struct err *e)
{
	const int64_t m = n - 1;
	const int64_t most = n > n_out ? n : n_out, numbers = most > INT32_MAX ? INT64_MAX : (n + n_out) * n;
	double *there = mem_unset(numbers, sizeof *there, "interpolation by a series", e), *back;

	if (!there)
		return -1;
	back = there + n * n;
	for (int64_t k = 0; k < n; k++)
		for (int64_t j = 0; j < n; j++) {
			const double angle = M_PI * (double)(k * j % (2 * m)) / (double)m;
			const double half = (k == 0 || k == m ? 0.5 : 1) * (j == 0 || j == m ? 0.5 : 1);

			there[k * n + j] = even ? 2 * half / (double)m * cos(angle) : 2 / (double)m * sin(angle);
		}
	for (int64_t i = 0; i < n_out; i++)
		for (int64_t k = 0; k < n; k++)
			back[i * n + k] = even	  ? cos(M_PI * (double)k * x[i])
					  : k < m ? sin(M_PI * (double)k * x[i])
						  : 0;
	num_gemm_d(false, false, n_out, n, n, 1, back, n, there, n, 0, matrix, n);
	free(there);
	return 0;
}
