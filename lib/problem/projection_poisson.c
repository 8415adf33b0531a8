/* projection_poisson.c: Poisson's equation on the cells of a box, five points, by cosine transforms along axes with
 * ends and Fourier transforms along periodic ones, which diagonalise it. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "num/fft.h"
#include "problem/projection_inside.h"

/* Steps from cells to modes: cosines along y (and x), then Fourier. A periodic axis in y has a periodic x. */
struct projection_poisson {
	int64_t nx, ny, mx, my; /* cells; modes */
	int parts;		/* 2: modes are complex */
	struct fft_plan *cosines, *cosines_back, *fourier, *fourier_back;
	double *scale; /* of each mode: 1 / eigenvalue / the transforms' factor */
	double *modes;
};

void projection_poisson_free(struct projection_poisson *s)
{
	if (!s)
		return;
	fft_plan_free(s->cosines);
	fft_plan_free(s->cosines_back);
	fft_plan_free(s->fourier);
	fft_plan_free(s->fourier_back);
	free(s->scale);
	free(s->modes);
	free(s);
}

/* -(second difference) of mode k, times the squared spacing. */
static double eigenvalue(int64_t k, int64_t n, bool periodic)
{
	const double s = sin(M_PI * (double)k / (double)(periodic ? n : 2 * n));

	return 4 * s * s;
}

static void fill_scale(struct projection_poisson *s, const double *spacing, const bool *periodic)
{
	const double factor = (double)(s->nx * s->ny) * (periodic[0] ? 1 : 2) * (periodic[1] ? 1 : 2);

	for (int64_t i = 0; i < s->mx; i++)
		for (int64_t j = 0; j < s->my; j++) {
			const double sum = eigenvalue(i, s->nx, periodic[0]) / (spacing[0] * spacing[0]) +
					   eigenvalue(j, s->ny, periodic[1]) / (spacing[1] * spacing[1]);

			s->scale[i * s->my + j] = i + j == 0 ? 0 : -1 / (sum * factor);
		}
}

/* Cosines along both axes, along y of every row, or none. */
static int plan_cosines(struct projection_poisson *s, const bool *periodic, struct err *e)
{
	const int64_t size[2] = { s->nx, s->ny };

	if (periodic[1])
		return 0;
	for (int back = 0; back < 2; back++) {
		const enum fft_kind kind = back ? FFT_DCT3 : FFT_DCT2;
		struct fft_shape shape = periodic[0] ? fft_contiguous(kind, false, 1, &size[1], s->nx)
						     : fft_contiguous(kind, false, 2, size, 1);
		struct fft_plan *plan;

		shape.in_place = true;
		plan = fft_plan_new(&shape, e);
		if (!plan)
			return -1;
		*(back ? &s->cosines_back : &s->cosines) = plan;
	}
	return 0;
}

/* Along both axes, along x of every column, or none. */
static int plan_fourier(struct projection_poisson *s, const bool *periodic, struct err *e)
{
	const int64_t size[2] = { s->nx, s->ny };

	if (!periodic[0])
		return 0;
	for (int back = 0; back < 2; back++) {
		const enum fft_kind kind = back ? FFT_REAL_BACK : FFT_REAL;
		const struct fft_shape column = { .kind = kind,
						  .n_dims = 1,
						  .dim = { { s->nx, s->ny, s->ny } },
						  .n_batch = 1,
						  .batch = { { s->ny, 1, 1 } } };
		const struct fft_shape shape = periodic[1] ? fft_contiguous(kind, false, 2, size, 1) : column;
		struct fft_plan *plan = fft_plan_new(&shape, e);

		if (!plan)
			return -1;
		*(back ? &s->fourier_back : &s->fourier) = plan;
	}
	return 0;
}

struct projection_poisson *projection_poisson_new(const int64_t *size, const double *spacing, const bool *periodic,
						  struct err *e)
{
	struct projection_poisson *s = xcalloc(1, sizeof *s);

	s->nx = size[0];
	s->ny = size[1];
	s->mx = periodic[0] && !periodic[1] ? s->nx / 2 + 1 : s->nx;
	s->my = periodic[1] ? s->ny / 2 + 1 : s->ny;
	s->parts = periodic[0] ? 2 : 1;
	s->scale = mem_new(s->mx * s->my, sizeof *s->scale, "pressure", e);
	s->modes = s->scale && s->parts == 2 ? mem_new(2 * s->mx * s->my, sizeof *s->modes, "pressure", e) : NULL;
	if (!s->scale || (s->parts == 2 && !s->modes) || plan_cosines(s, periodic, e) != 0 ||
	    plan_fourier(s, periodic, e) != 0) {
		projection_poisson_free(s);
		return NULL;
	}
	fill_scale(s, spacing, periodic);
	return s;
}

void projection_poisson_solve(struct projection_poisson *s, double *x)
{
	double *modes = s->parts == 2 ? s->modes : x;

	if (s->cosines)
		fft_run(s->cosines, x, x);
	if (s->fourier)
		fft_run(s->fourier, x, modes);
	for (int64_t m = 0; m < s->mx * s->my; m++)
		for (int part = 0; part < s->parts; part++)
			modes[s->parts * m + part] *= s->scale[m];
	if (s->fourier_back)
		fft_run(s->fourier_back, modes, x);
	if (s->cosines_back)
		fft_run(s->cosines_back, x, x);
}
