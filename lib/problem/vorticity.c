/* vorticity.c: two real fields are one complex one. z = u + i v has the spectrum 2 pi (k_x + i k_y) psi, its square holds both
 * products of the convective term (u^2 - v^2 + 2 i u v), and the transform of the square gives both back: two complex
 * transforms a call instead of four real ones, which vectorise worse. Columns of modes that are known to be zero, or that
 * nobody asks for, are not transformed. */
#include "problem/vorticity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "num/fft.h"

enum {
	PAD = 8,       /* complex numbers after each row: rows a power of two apart share sets of the cache */
	CACHED = 2048, /* complex numbers of a block of rows */
};

struct vorticity {
	int64_t n, limit; /* points an axis; modes 0 .. limit are kept */
	int64_t stride;	  /* of rows */
	int64_t tail;	  /* first column of negative wave numbers that is transformed; even, for alignment */
	int64_t block;	  /* rows that go there, are squared, and come back together, in the cache */
	bool single;
	double *in_x, *in_y;	     /* 2 pi k / (4 pi^2 |k|^2) by kept mode: (2 limit + 1) x (limit + 1) */
	double *out_a, *out_b;	     /* weights of the sum and the difference of the two members of a pair */
	struct fft_plan *plan[2][3]; /* backward and forward: first columns, last columns, rows */
	void *z;		     /* n x stride complex of either type */
};

#define REAL double
#define NAME(name) name##_d
#include "problem/vorticity_kernel.h"
#undef REAL
#undef NAME
#define REAL float
#define NAME(name) name##_f
#include "problem/vorticity_kernel.h"

void vorticity_free(struct vorticity *v)
{
	if (!v)
		return;
	for (int i = 0; i < 6; i++)
		fft_plan_free(v->plan[i / 3][i % 3]);
	free(v->in_x);
	free(v->in_y);
	free(v->out_a);
	free(v->out_b);
	free(v->z);
	free(v);
}

static void fill(struct vorticity *v)
{
	const int64_t m = v->limit, n_rows = 2 * m + 1;

	for (int64_t i = 0; i < n_rows; i++)
		for (int64_t j = 0; j <= m; j++) {
			const double x = 2 * M_PI * (double)(i <= m ? i : i - n_rows), y = 2 * M_PI * (double)j;
			const double square = x * x + y * y, scale = 0.5 / (double)(v->n * v->n);
			const int64_t at = i * (m + 1) + j;

			v->in_x[at] = square > 0 ? x / square : 0;
			v->in_y[at] = square > 0 ? y / square : 0;
			/* u.grad w = k_x k_y F(u^2 - v^2) + (k_y^2 - k_x^2) F(2 u v) / 2 */
			v->out_a[at] = scale * x * y;
			v->out_b[at] = scale * (y * y - x * x) / 2;
		}
}

int vorticity_new(struct vorticity **out, int64_t n, bool single, struct err *e)
{
	struct vorticity *v = xcalloc(1, sizeof *v);
	const int64_t limit = (n - 1) / 3;

	v->n = n;
	v->limit = limit;
	v->stride = (n + PAD + 1) / 2 * 2; /* rows of floats stay aligned, or every transform would be of a copy */
	v->tail = (n - limit) / 2 * 2;
	v->single = single;
	const int64_t kept = (2 * limit + 1) * (limit + 1);
	struct fft_shape column = { .single = single, .in_place = true, .n_dims = 1, .n_batch = 1 }, row = column;
	column.dim[0] = (struct fft_axis){ n, v->stride, v->stride };
	row.dim[0] = (struct fft_axis){ n, 1, 1 };
	for (v->block = 1; n % (2 * v->block) == 0 && 2 * v->block * v->stride <= CACHED; v->block *= 2)
		;
	row.batch[0] = (struct fft_axis){ v->block, v->stride, v->stride };
	const int64_t columns[2] = { limit + 1, n - v->tail };
	bool good = (v->z = mem_new(n * v->stride, 2 * (single ? sizeof(float) : sizeof(double)), "fields", e)) &&
		    (v->in_x = mem_new(kept, sizeof(double), "modes", e)) &&
		    (v->in_y = mem_new(kept, sizeof(double), "modes", e)) &&
		    (v->out_a = mem_new(kept, sizeof(double), "modes", e)) &&
		    (v->out_b = mem_new(kept, sizeof(double), "modes", e));

	for (int way = 0; way < 2 && good; way++)
		for (int part = 0; part < 3 && good; part++) {
			struct fft_shape s = part < 2 ? column : row;

			s.kind = way == 0 ? FFT_BACKWARD : FFT_FORWARD;
			if (part < 2)
				s.batch[0] = (struct fft_axis){ columns[part], 1, 1 };
			good = (v->plan[way][part] = fft_plan_new(&s, e)) != NULL;
		}
	if (!good) {
		vorticity_free(v);
		return -1;
	}
	fill(v);
	*out = v;
	return 0;
}

void vorticity_convection(struct vorticity *v, const double *state, const double *force, double *out)
{
	memcpy(out, force, (size_t)(2 * v->n * (v->n / 2 + 1)) * sizeof *out);
	if (v->single)
		convection_f(v, state, out);
	else
		convection_d(v, state, out);
}
