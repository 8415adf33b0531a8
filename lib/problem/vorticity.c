/* vorticity.c: two real fields are one complex one. z = u + i v has the spectrum 2 pi (k_x + i k_y) psi, its square
 * holds both products of the convective term (u^2 - v^2 + 2 i u v), and the transform of the square gives both back:
 * two complex transforms a call instead of four real ones, which vectorise worse. Columns of modes that are known to be
 * zero, or that nobody asks for, are not transformed. Up to 64 points FFTW has one kernel for a whole transform, which
 * runs over columns and rows where they lie. Longer ones are quartered: FFTW does the transforms of a quarter of the
 * points, the passes that join the quarters are those that bring columns to and from their rows, and that square. */
#include "problem/vorticity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stop.h"
#include "num/fft.h"
#include "op/lanes.h"

enum {
	PAD = 8,       /* complex numbers after each row: rows a power of two apart share sets of the cache */
	CACHED = 2048, /* complex numbers of a block of rows */
	SHORT = 64,    /* points of transforms that are not quartered */
	COLUMNS = 8,   /* side by side in a buffer; whole vectors */
};

struct vorticity {
	int64_t n, limit; /* points an axis; modes 0 .. limit are kept */
	int64_t stride;	  /* of rows */
	int64_t width;	  /* of rows of the tables below: limit + 1 and weights of 0, whole blocks of columns */
	int64_t head;	  /* columns of wave numbers from 0 on that are transformed; a multiple of 4 fits the vectors */
	int64_t tail;	  /* first column of negative wave numbers that is; likewise, and for alignment */
	int64_t block;	  /* rows that go there, are squared, and come back together, in the cache */
	bool single, quartered;
	double *in_x, *in_y;   /* 2 pi k / (4 pi^2 |k|^2) by kept mode: (2 limit + 1) x width */
	double *out_a, *out_b; /* weights of the sum and the difference of the two members of a pair */
	/* backward and forward, in place: first columns, last columns, rows; quartered: columns of a buffer, a row */
	struct fft_plan *plan[2][3];
	void *z; /* n x stride complex of either type */
	/* quartered: spectra of columns j and n - j, then work, n x COLUMNS; quarters of a row and of its square */
	void *column[5], *line[2];
	void *root; /* exp(2 pi i s k / n), s = 1, 2, 3, k < n / 4: real parts of all three, imaginary parts */
};

/* What becomes of a mode of convection, c: out = force - c, or, with keep, out = keep out + gain (force - c). */
struct update {
	const double *keep, *gain, *force;
	double *out;
};

static inline void renew(const struct update *u, int64_t mode, double re, double im)
{
	const double slope_re = u->force[2 * mode] - re, slope_im = u->force[2 * mode + 1] - im;
	double *o = u->out + 2 * mode;

	o[0] = u->keep ? u->keep[mode] * o[0] + u->gain[mode] * slope_re : slope_re;
	o[1] = u->keep ? u->keep[mode] * o[1] + u->gain[mode] * slope_im : slope_im;
}

/* COLUMNS neighbouring modes. */
static inline void renew_columns(const struct update *u, int64_t mode, const double *re, const double *im)
{
	const double *force = u->force + 2 * mode;
	double slope[2 * COLUMNS], *o = u->out + 2 * mode;

	for (int k = 0; k < COLUMNS; k++) {
		slope[2 * k] = force[2 * k] - re[k];
		slope[2 * k + 1] = force[2 * k + 1] - im[k];
	}
	if (u->keep) {
		const double *keep = u->keep + mode, *gain = u->gain + mode;

		for (int k = 0; k < COLUMNS; k++) {
			slope[2 * k] = keep[k] * o[2 * k] + gain[k] * slope[2 * k];
			slope[2 * k + 1] = keep[k] * o[2 * k + 1] + gain[k] * slope[2 * k + 1];
		}
	}
	memcpy(o, slope, sizeof slope);
}

#define REAL double
#define NAME(name) name##_d
#define VECTOR lanes_d
#define LANES LANES_d
#define ZERO ((lanes_d){ 0 })
#define LANES_EVEN(a, b) LANES_EVEN_d(a, b)
#define LANES_ODD(a, b) LANES_ODD_d(a, b)
#define LANES_LOW(a, b) LANES_LOW_d(a, b)
#define LANES_HIGH(a, b) LANES_HIGH_d(a, b)
#include "problem/vorticity_kernel.h"
#undef REAL
#undef NAME
#undef VECTOR
#undef LANES
#undef ZERO
#undef LANES_EVEN
#undef LANES_ODD
#undef LANES_LOW
#undef LANES_HIGH
#define REAL float
#define NAME(name) name##_f
#define VECTOR lanes_f
#define LANES LANES_f
#define ZERO ((lanes_f){ 0 })
#define LANES_EVEN(a, b) LANES_EVEN_f(a, b)
#define LANES_ODD(a, b) LANES_ODD_f(a, b)
#define LANES_LOW(a, b) LANES_LOW_f(a, b)
#define LANES_HIGH(a, b) LANES_HIGH_f(a, b)
#include "problem/vorticity_kernel.h"
#undef REAL
#undef NAME
#undef VECTOR
#undef LANES
#undef ZERO
#undef LANES_EVEN
#undef LANES_ODD
#undef LANES_LOW
#undef LANES_HIGH

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
	for (int i = 0; i < 5; i++)
		free(v->column[i]);
	free(v->line[0]);
	free(v->line[1]);
	free(v->root);
	free(v);
}

static void fill(struct vorticity *v)
{
	const int64_t m = v->limit, n_rows = 2 * m + 1;

	for (int64_t i = 0; i < n_rows; i++)
		for (int64_t j = 0; j <= m; j++) {
			const double x = 2 * M_PI * (double)(i <= m ? i : i - n_rows), y = 2 * M_PI * (double)j;
			const double square = x * x + y * y, scale = 0.5 / (double)(v->n * v->n);
			const int64_t at = i * v->width + j;

			v->in_x[at] = square > 0 ? x / square : 0;
			v->in_y[at] = square > 0 ? y / square : 0;
			/* u.grad w = k_x k_y F(u^2 - v^2) + (k_y^2 - k_x^2) F(2 u v) / 2 */
			v->out_a[at] = scale * x * y;
			v->out_b[at] = scale * (y * y - x * x) / 2;
		}
}

/* Columns and blocks of rows where they lie. */
static int plan_in_place(struct vorticity *v, struct err *e)
{
	const int64_t n = v->n, columns[2] = { v->head, n - v->tail };
	struct fft_shape column = { .single = v->single, .in_place = true, .n_dims = 1, .n_batch = 1 }, row = column;

	column.dim[0] = (struct fft_axis){ n, v->stride, v->stride };
	row.dim[0] = (struct fft_axis){ n, 1, 1 };
	for (v->block = 1; n % (2 * v->block) == 0 && 2 * v->block * v->stride <= CACHED; v->block *= 2)
		;
	row.batch[0] = (struct fft_axis){ v->block, v->stride, v->stride };
	for (int way = 0; way < 2; way++)
		for (int part = 0; part < 3; part++) {
			struct fft_shape s = part < 2 ? column : row;

			s.kind = way == 0 ? FFT_BACKWARD : FFT_FORWARD;
			if (part < 2)
				s.batch[0] = (struct fft_axis){ columns[part], 1, 1 };
			if (!(v->plan[way][part] = fft_plan_new(&s, e)))
				return -1;
		}
	return 0;
}

/* Entries 4 q + s of columns that lie side by side, and of a row, each to a buffer; forward the row comes back in
 * order. */
static int plan_quarters(struct vorticity *v, struct err *e)
{
	const size_t number = 2 * (v->single ? sizeof(float) : sizeof(double));
	const int64_t quarter = v->n / 4, step = 4 * COLUMNS;

	for (int k = 0; k < 5; k++)
		if (!(v->column[k] = mem_new(COLUMNS * v->n, number, "columns", e)))
			return -1;
	if (!(v->line[0] = mem_new(v->n, number, "row", e)) || !(v->line[1] = mem_new(v->n, number, "row", e)) ||
	    !(v->root = mem_new(3 * quarter, number, "roots of unity", e)))
		return -1;
	for (int64_t i = 0; i < 3 * quarter; i++) {
		const double angle = 2 * M_PI * (double)((i / quarter + 1) * (i % quarter)) / (double)v->n;
		const double value[2] = { cos(angle), sin(angle) };

		for (int part = 0; part < 2; part++)
			if (v->single)
				((float *)v->root)[part * 3 * quarter + i] = (float)value[part];
			else
				((double *)v->root)[part * 3 * quarter + i] = value[part];
	}
	for (int way = 0; way < 2; way++) {
		struct fft_shape s = { .kind = way == 0 ? FFT_BACKWARD : FFT_FORWARD,
				       .single = v->single,
				       .n_dims = 1,
				       .dim = { { quarter, step, step } },
				       .n_batch = 1,
				       .batch = { { step, 1, 1 } } };

		if (!(v->plan[way][0] = fft_plan_new(&s, e)))
			return -1;
		s.dim[0] = way == 0 ? (struct fft_axis){ quarter, 4, 1 } : (struct fft_axis){ quarter, 1, 4 };
		s.batch[0] = way == 0 ? (struct fft_axis){ 4, 1, quarter } : (struct fft_axis){ 4, quarter, 1 };
		if (!(v->plan[way][1] = fft_plan_new(&s, e)))
			return -1;
	}
	return 0;
}

int vorticity_new(struct vorticity **out, int64_t n, bool single, struct err *e)
{
	struct vorticity *v = xcalloc(1, sizeof *v);
	const int64_t limit = (n - 1) / 3, width = (limit / COLUMNS + 1) * COLUMNS, kept = (2 * limit + 1) * width;

	v->n = n;
	v->limit = limit;
	v->width = width;
	v->stride = (n + PAD + 1) / 2 * 2; /* rows of floats stay aligned, or every transform would be of a copy */
	v->tail = (n - limit) / 4 * 4;
	v->head = limit / 4 * 4 + 4 <= v->tail ? limit / 4 * 4 + 4 : limit + 1;
	v->single = single;
	v->quartered = n > SHORT && n % 4 == 0 && n / 4 % (single ? (int)LANES_f : (int)LANES_d) == 0;
	if (!(v->z = mem_new(n * v->stride, 2 * (single ? sizeof(float) : sizeof(double)), "fields", e)) ||
	    !(v->in_x = mem_new(kept, sizeof(double), "modes", e)) ||
	    !(v->in_y = mem_new(kept, sizeof(double), "modes", e)) ||
	    !(v->out_a = mem_new(kept, sizeof(double), "modes", e)) ||
	    !(v->out_b = mem_new(kept, sizeof(double), "modes", e)) ||
	    (v->quartered ? plan_quarters(v, e) : plan_in_place(v, e)) != 0) {
		vorticity_free(v);
		return -1;
	}
	fill(v);
	*out = v;
	return 0;
}

static void convect(struct vorticity *v, const double *state, const struct update *u)
{
	if (v->single && v->quartered)
		quartered_f(v, state, u);
	else if (v->single)
		convection_f(v, state, u);
	else if (v->quartered)
		quartered_d(v, state, u);
	else
		convection_d(v, state, u);
}

void vorticity_convection(struct vorticity *v, const double *state, const double *force, double *out)
{
	memcpy(out, force, (size_t)(2 * v->n * (v->n / 2 + 1)) * sizeof *out);
	convect(v, state, &(struct update){ .force = force, .out = out });
}

/* `count` modes that nothing convects, all steps at once: they stay in registers. */
static void decay(int64_t count, int64_t steps, const double *keep, const double *gain, const double *force,
		  double *state)
{
	enum { TOGETHER = 32 };
	double k[TOGETHER], g[TOGETHER], w[TOGETHER];

	for (int64_t first = 0; first < 2 * count; first += TOGETHER) {
		const int some = (int)(2 * count - first < TOGETHER ? 2 * count - first : TOGETHER);

		for (int i = 0; i < TOGETHER; i++) {
			const int64_t at = first + (i < some ? i : 0);

			k[i] = keep[at / 2];
			g[i] = gain[at / 2] * force[at];
			w[i] = state[at];
		}
		for (int64_t step = 0; step < steps; step++)
			for (int i = 0; i < TOGETHER; i++)
				w[i] = k[i] * w[i] + g[i];
		memcpy(state + first, w, (size_t)some * sizeof *w);
	}
}

void vorticity_march(struct vorticity *v, const double *keep, const double *gain, const double *force, int64_t steps,
		     double *state)
{
	const int64_t n = v->n, half = n / 2 + 1, convected = v->quartered ? v->width : v->limit + 1;

	for (int64_t step = 0; step < steps && stop_check(NULL) == 0; step++)
		convect(v, state, &(struct update){ keep, gain, force, state });
	for (int64_t i = 0; i < n && stop_check(NULL) == 0; i++) {
		const int64_t j = i <= v->limit || i >= n - v->limit ? convected : 0, at = i * half + j;

		decay(half - j, steps, keep + at, gain + at, force + 2 * at, state + 2 * at);
	}
}
