/* equation_basis.c: eigenvectors of the linear part, mode by mode. */
#include "problem/equation_basis.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/lapack.h"

enum { UNKNOWNS_MAX = 16 };
static const double condition_max = 1e6; /* loses six of sixteen digits at most */

struct equation_basis {
	int64_t n;
	int m;
	bool plain;			  /* every matrix is diagonal */
	double complex *matrix;		  /* n m m */
	double complex *there, *back;	  /* n m m: eigenvectors and inverse */
	double complex *value, *diagonal; /* n m; the same, unknown by unknown */
	bool *explicit;			  /* by mode */
	bool has_rest;
};

struct equation_basis *equation_basis_new(int64_t n, int m)
{
	struct equation_basis *b = xcalloc(1, sizeof *b);
	const size_t count = (size_t)n * (size_t)m;

	b->n = n;
	b->m = m;
	b->matrix = xaligned(count * (size_t)m * sizeof *b->matrix);
	b->there = xaligned(count * (size_t)m * sizeof *b->there);
	b->back = xaligned(count * (size_t)m * sizeof *b->back);
	b->value = xaligned(count * sizeof *b->value);
	b->diagonal = xaligned(count * sizeof *b->diagonal);
	b->explicit = xcalloc((size_t)n, sizeof *b->explicit);
	return b;
}

void equation_basis_free(struct equation_basis *b)
{
	if (!b)
		return;
	free(b->matrix);
	free(b->there);
	free(b->back);
	free(b->value);
	free(b->diagonal);
	free(b->explicit);
	free(b);
}

double *equation_basis_matrix(struct equation_basis *b)
{
	return (double *)b->matrix;
}

/* Gauss-Jordan with partial pivoting; false: singular. */
static bool invert(int m, const double complex *a, double complex *out)
{
	double complex w[UNKNOWNS_MAX * UNKNOWNS_MAX];

	memcpy(w, a, (size_t)(m * m) * sizeof *w);
	for (int i = 0; i < m * m; i++)
		out[i] = i / m == i % m;
	for (int c = 0; c < m; c++) {
		int pivot = c;

		for (int r = c + 1; r < m; r++)
			if (cabs(w[r * m + c]) > cabs(w[pivot * m + c]))
				pivot = r;
		if (!(cabs(w[pivot * m + c]) > 0))
			return false;
		for (int k = 0; k < m; k++) {
			double complex x = w[c * m + k], y = out[c * m + k];

			w[c * m + k] = w[pivot * m + k];
			out[c * m + k] = out[pivot * m + k];
			w[pivot * m + k] = x;
			out[pivot * m + k] = y;
		}
		const double complex scale = 1 / w[c * m + c];
		for (int k = 0; k < m; k++) {
			w[c * m + k] *= scale;
			out[c * m + k] *= scale;
		}
		for (int r = 0; r < m; r++) {
			const double complex x = w[r * m + c];

			for (int k = 0; k < m && r != c; k++) {
				w[r * m + k] -= x * w[c * m + k];
				out[r * m + k] -= x * out[c * m + k];
			}
		}
	}
	return true;
}

static double size_of(int m, const double complex *a)
{
	double sum = 0;

	for (int i = 0; i < m * m; i++)
		sum += creal(a[i]) * creal(a[i]) + cimag(a[i]) * cimag(a[i]);
	return sqrt(sum);
}

static bool is_diagonal(int m, const double complex *a)
{
	for (int i = 0; i < m * m; i++)
		if (i / m != i % m && a[i] != 0)
			return false;
	return true;
}

/* Scale unknown j by 2^power[j] so that rows and columns balance: u and u_t differ by a factor |k|. */
static void find_one(struct equation_basis *b, int64_t i)
{
	const int m = b->m;
	const double complex *a = b->matrix + i * m * m;
	double complex *there = b->there + i * m * m, *back = b->back + i * m * m, *value = b->value + i * m;
	double complex copy[UNKNOWNS_MAX * UNKNOWNS_MAX];
	double scale[UNKNOWNS_MAX];
	bool good = !is_diagonal(m, a);

	b->explicit[i] = good;
	for (int j = 0; j < m; j++)
		scale[j] = 1;
	for (int sweep = 0; good && sweep < 8; sweep++)
		for (int j = 0; j < m; j++) {
			double row = 0, column = 0;

			for (int k = 0; k < m; k++)
				if (k != j) {
					row += cabs(a[j * m + k]) * scale[k] / scale[j];
					column += cabs(a[k * m + j]) * scale[j] / scale[k];
				}
			if (row > 0 && column > 0)
				scale[j] *= exp2(round(log2(row / column) / 2));
		}
	for (int k = 0; k < m * m; k++)
		copy[k] = a[k] * scale[k % m] / scale[k / m];
	good = good && num_eigen_complex(m, (double *)copy, (double *)value, (double *)there) == 0 &&
	       invert(m, there, back) && size_of(m, there) * size_of(m, back) < condition_max;
	for (int k = 0; k < m * m; k++) {
		if (good) {
			there[k] *= scale[k / m];
			back[k] /= scale[k % m];
		} else {
			there[k] = back[k] = k / m == k % m;
		}
	}
	for (int j = 0; j < m && !good; j++)
		value[j] = a[j * m + j];
	if (good)
		b->explicit[i] = false;
}

void equation_basis_find(struct equation_basis *b, const int64_t *partner)
{
	const int m = b->m;

	b->plain = true;
	b->has_rest = false;
	for (int64_t i = 0; i < b->n; i++) {
		const int64_t j = partner[i];

		if (j >= 0 && j < i) { /* the conjugate of one that is done, so that real fields stay real */
			for (int k = 0; k < m * m; k++) {
				b->there[i * m * m + k] = conj(b->there[j * m * m + k]);
				b->back[i * m * m + k] = conj(b->back[j * m * m + k]);
			}
			for (int k = 0; k < m; k++)
				b->value[i * m + k] = conj(b->value[j * m + k]);
			b->explicit[i] = b->explicit[j];
		} else {
			find_one(b, i);
		}
		b->plain &= is_diagonal(m, b->matrix + i * m * m);
		b->has_rest |= b->explicit[i];
		for (int k = 0; k < m; k++)
			b->diagonal[k * b->n + i] = b->value[i * m + k];
	}
}

const double *equation_basis_diagonal(const struct equation_basis *b)
{
	return (const double *)b->diagonal;
}

bool equation_basis_has_rest(const struct equation_basis *b)
{
	return b->has_rest;
}

void equation_basis_add_rest(const struct equation_basis *b, const double *physical, double *out)
{
	const int m = b->m;

	for (int64_t i = 0; i < b->n && b->has_rest; i++)
		for (int r = 0; r < m && b->explicit[i]; r++)
			for (int c = 0; c < m; c++) {
				const double complex a = b->matrix[(i * m + r) * m + c];
				const double *x = physical + 2 * (c * b->n + i);
				double *y = out + 2 * (r * b->n + i);

				if (r == c)
					continue;
				y[0] += creal(a) * x[0] - cimag(a) * x[1];
				y[1] += creal(a) * x[1] + cimag(a) * x[0];
			}
}

static void apply(const struct equation_basis *b, const double complex *matrix, const double *in, double *out)
{
	const int m = b->m;

	if (b->plain && in == out)
		return;
	if (b->plain) {
		memmove(out, in, (size_t)(2 * b->n * m) * sizeof *out);
		return;
	}
	for (int64_t i = 0; i < b->n; i++) {
		double re[UNKNOWNS_MAX], im[UNKNOWNS_MAX];
		const double complex *a = matrix + i * m * m;

		for (int r = 0; r < m; r++) {
			re[r] = im[r] = 0;
			for (int c = 0; c < m; c++) {
				const double *x = in + 2 * (c * b->n + i);
				const double ar = creal(a[r * m + c]), ai = cimag(a[r * m + c]);

				re[r] += ar * x[0] - ai * x[1];
				im[r] += ar * x[1] + ai * x[0];
			}
		}
		for (int r = 0; r < m; r++) {
			out[2 * (r * b->n + i)] = re[r];
			out[2 * (r * b->n + i) + 1] = im[r];
		}
	}
}

void equation_basis_enter(const struct equation_basis *b, const double *physical, double *state)
{
	apply(b, b->back, physical, state);
}

void equation_basis_leave(const struct equation_basis *b, const double *state, double *physical)
{
	apply(b, b->there, state, physical);
}

const double *equation_basis_unknowns(const struct equation_basis *b, const double *state, double *physical)
{
	if (b->plain)
		return state;
	equation_basis_leave(b, state, physical);
	return physical;
}

void equation_basis_solve(const struct equation_basis *b, const double *rhs, double *out)
{
	const int m = b->m;

	for (int64_t i = 0; i < b->n; i++) {
		double complex inverse[UNKNOWNS_MAX * UNKNOWNS_MAX];
		const bool regular = invert(m, b->matrix + i * m * m, inverse);

		for (int r = 0; r < m; r++) {
			double complex sum = 0;

			for (int c = 0; c < m && regular; c++) {
				const double *x = rhs + 2 * (c * b->n + i);

				sum -= inverse[r * m + c] * (x[0] + I * x[1]);
			}
			out[2 * (r * b->n + i)] = creal(sum);
			out[2 * (r * b->n + i) + 1] = cimag(sum);
		}
	}
}
