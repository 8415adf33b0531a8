/* conv_winograd.c: see conv_winograd.h. The polynomials are interpolated at 0, +-5/8, +-3/2 and infinity: with +-1 and
 * +-2 the rounding errors are twice as large, with these less than twice those of the plain sum (64 channels, normal
 * numbers). */
#include <stdbool.h>
#include <string.h>

#include "op/conv_tile.h"
#include "op/conv_winograd.h"

/* Rows of a tile of products, two vectors each, that stay in registers. */
enum { ROWS = WIDE_REGISTERS / 4 };
/* Channels of x and of y at a time, tiles at a time (a product's columns), blocks of tiles between transforms of w. */
enum { DEPTH = 64, PART = 64, COLUMNS = 2 * WIDE_f, BLOCKS = 4, LINE = 16 };
/* Distances of points, a line more than a power of two apart so that they do not share their places in the cache. */
enum { W_STEP = PART * DEPTH + LINE, X_STEP = DEPTH * COLUMNS + LINE };
/* The kernel's gradient: tiles at a time. */
enum { TALL = 2 * COLUMNS, TALL_STEP = PART * TALL + LINE };

/* a = 5/8, b = 3/2. */
#define A1 0.625F
#define A2 0.390625F
#define A3 0.244140625F
#define B1 1.5F
#define B2 2.25F
#define B3 3.375F
#define SQUARES (A2 + B2)
#define PRODUCT (A2 * B2)
#define AT_A (1 / (2 * A2 * (A2 - B2)))
#define AT_B (1 / (2 * B2 * (B2 - A2)))

WIDE_INLINE wide_f all(float x)
{
	return x - (wide_f){ 0 };
}

/* c + factor a */
WIDE_INLINE wide_f plus(wide_f c, float factor, wide_f a)
{
	return WIDE_FMA_f(all(factor), a, c);
}

/* Six numbers of x, `step` vectors apart, to the values that are multiplied. */
WIDE_INLINE void input_values(wide_f *d, int step)
{
	wide_f x0 = d[0], x1 = d[step], x2 = d[2 * step], x3 = d[3 * step], x4 = d[4 * step], x5 = d[5 * step];
	wide_f p = plus(x4, -B2, x2), q = A1 * plus(x3, -B2, x1), r = plus(x4, -A2, x2), s = B1 * plus(x3, -A2, x1);

	d[0] = plus(plus(x4, -SQUARES, x2), PRODUCT, x0);
	d[step] = p + q;
	d[2 * step] = p - q;
	d[3 * step] = r + s;
	d[4 * step] = r - s;
	d[5 * step] = plus(plus(x5, -SQUARES, x3), PRODUCT, x1);
}

/* Three numbers of a kernel. */
WIDE_INLINE void kernel_values(wide_f *d, int step)
{
	wide_f w0 = d[0], w1 = d[step], w2 = d[2 * step];
	wide_f p = AT_A * plus(w0, A2, w2), q = (AT_A * A1) * w1, r = AT_B * plus(w0, B2, w2), s = (AT_B * B1) * w1;

	d[0] = (1 / PRODUCT) * w0;
	d[step] = p + q;
	d[2 * step] = p - q;
	d[3 * step] = r + s;
	d[4 * step] = r - s;
	d[5 * step] = w2;
}

/* Four results. */
WIDE_INLINE void results(wide_f *d, int step)
{
	wide_f sum_a = d[step] + d[2 * step], difference_a = d[step] - d[2 * step];
	wide_f sum_b = d[3 * step] + d[4 * step], difference_b = d[3 * step] - d[4 * step];

	d[0] = d[0] + sum_a + sum_b;
	d[step] = plus(A1 * difference_a, B1, difference_b);
	d[2 * step] = plus(A2 * sum_a, B2, sum_b);
	d[3 * step] = plus(plus(d[5 * step], A3, difference_a), B3, difference_b);
}

/* The adjoints of the last two. */
WIDE_INLINE void cotangent_values(wide_f *d, int step)
{
	wide_f y0 = d[0], y1 = d[step], y2 = d[2 * step], y3 = d[3 * step];
	wide_f p = plus(y0, A2, y2), q = A1 * plus(y1, A2, y3), r = plus(y0, B2, y2), s = B1 * plus(y1, B2, y3);

	d[step] = p + q;
	d[2 * step] = p - q;
	d[3 * step] = r + s;
	d[4 * step] = r - s;
	d[5 * step] = y3;
}

WIDE_INLINE void kernel_gradients(wide_f *d, int step)
{
	wide_f sum_a = AT_A * (d[step] + d[2 * step]), difference_a = AT_A * (d[step] - d[2 * step]);
	wide_f sum_b = AT_B * (d[3 * step] + d[4 * step]), difference_b = AT_B * (d[3 * step] - d[4 * step]);

	d[0] = plus(sum_a + sum_b, 1 / PRODUCT, d[0]);
	d[step] = plus(A1 * difference_a, B1, difference_b);
	d[2 * step] = plus(plus(d[5 * step], A2, sum_a), B2, sum_b);
}

/* m[r][...] (+)= sum_k u(r, k) v[k][...], ROWS rows of COLUMNS numbers; u(r, k) = u[r row + k column]. */
WIDE_INLINE void product(int64_t n, const float *u, int64_t row, int64_t column, const float *v, float *m, int64_t step,
			 bool add)
{
	wide_f sum[ROWS][2];

	WIDE_UNROLL for (int r = 0; r < ROWS; r++) WIDE_UNROLL for (int k = 0; k < 2; k++) sum[r][k] =
		add ? load(m + r * step + k * WIDE_f) : (wide_f){ 0 };
	for (int64_t i = 0; i < n; i++, u += column, v += COLUMNS) {
		const wide_f left = load(v), right = load(v + WIDE_f);

		WIDE_UNROLL for (int r = 0; r < ROWS; r++)
		{
			const wide_f factor = all(u[r * row]);

			sum[r][0] = WIDE_FMA_f(factor, left, sum[r][0]);
			sum[r][1] = WIDE_FMA_f(factor, right, sum[r][1]);
		}
	}
	WIDE_UNROLL for (int r = 0; r < ROWS; r++) WIDE_UNROLL for (int k = 0; k < 2; k++)
		store(m + r * step + k * WIDE_f, sum[r][k]);
}

static WIDE_APART void channel_product(int64_t n, const float *u, const float *v, float *m, bool add)
{
	product(n, u, 1, ROWS, v, m, POINTS * COLUMNS, add);
}

static WIDE_APART void tile_product(int64_t n, const float *u, const float *v, float *m, bool add)
{
	product(n, u, TALL, 1, v, m, PART, add);
}

bool conv_winograd_fits(const struct conv_geometry *v, enum dtype type)
{
	const int64_t channels = 16, points = 4;

	return type == DTYPE_F32 && v->groups == 1 && v->kernel[0] == 1 && v->in[0] == 1 && v->kernel[1] == 3 &&
	       v->kernel[2] == 3 && v->stride[1] == 1 && v->stride[2] == 1 && v->dilation[1] == 1 &&
	       v->dilation[2] == 1 && v->n_in >= channels && v->n_out >= channels && v->out[1] >= points &&
	       v->out[2] >= points;
}

static int64_t ceiling(int64_t a, int64_t b)
{
	return (a + b - 1) / b;
}

static void divide(struct conv_winograd *c)
{
	const int64_t span = BLOCKS * COLUMNS;

	for (int d = 0; d < 2; d++)
		c->tiles[d] = ceiling(c->out[d], TILE);
	c->n_parts = ceiling(c->n_out, PART);
	c->part = ceiling(ceiling(c->n_out, c->n_parts), ROWS) * ROWS;
	c->n_parts = ceiling(c->n_out, c->part);
	c->by_rows = c->tiles[0] * c->tiles[1] >= span;
	c->span = span;
	c->n_spans = ceiling(c->batch * c->tiles[0] * c->tiles[1], span);
}

struct conv_winograd conv_winograd_forward(const struct conv_geometry *v)
{
	struct conv_winograd c = { .batch = v->batch, .n_in = v->n_in, .n_out = v->n_out };

	for (int d = 0; d < 2; d++) {
		c.in[d] = v->in[1 + d];
		c.out[d] = v->out[1 + d];
	}
	c.out_step = v->n_in * v->taps;
	c.in_step = v->taps;
	divide(&c);
	return c;
}

struct conv_winograd conv_winograd_adjoint(const struct conv_geometry *v)
{
	struct conv_winograd c = { .batch = v->batch, .n_in = v->n_out, .n_out = v->n_in, .lead = 2, .turned = true };

	for (int d = 0; d < 2; d++) {
		c.in[d] = v->out[1 + d];
		c.out[d] = v->in[1 + d];
	}
	c.out_step = v->taps;
	c.in_step = v->n_in * v->taps;
	divide(&c);
	return c;
}

int64_t conv_winograd_units(const struct conv_winograd *c)
{
	return c->by_rows ? c->batch : c->n_parts * c->n_spans;
}

size_t conv_winograd_scratch(const struct conv_winograd *c)
{
	const int64_t blocks = c->n_in <= DEPTH ? 1 : BLOCKS;

	return (size_t)(POINTS * (W_STEP + X_STEP + blocks * PART * COLUMNS)) * sizeof(float);
}

/* Kernels of channels o .. o + n_o - 1 of y and i .. i + n - 1 of x: to[point][o / ROWS][i][o % ROWS]. */
static void transform_kernels(const struct conv_winograd *c, const float *w, int64_t o, int64_t n_o, int64_t i,
			      int64_t n, float *to)
{
	for (int64_t first = 0; first < n_o; first += ROWS, to += DEPTH * ROWS)
		for (int64_t at = 0; at < n * ROWS; at += WIDE_f) {
			float tap[9][WIDE_f];
			wide_f d[PATCH][PATCH];

			for (int64_t k = 0; k < WIDE_f; k++) {
				int64_t to_o = first + (at + k) % ROWS, from_i = (at + k) / ROWS;
				const float *from = w + (o + to_o) * c->out_step + (i + from_i) * c->in_step;
				const bool there = to_o < n_o && from_i < n;

				for (int q = 0; q < 9; q++)
					tap[q][k] = there ? from[c->turned ? 8 - q : q] : 0;
			}
			for (int column = 0; column < 3; column++) {
				for (int r = 0; r < 3; r++)
					d[r][column] = load(tap[3 * r + column]);
				kernel_values(&d[0][column], PATCH);
			}
			for (int r = 0; r < PATCH; r++) {
				kernel_values(d[r], 1);
				for (int column = 0; column < PATCH; column++)
					store(to + (r * PATCH + column) * W_STEP + at, d[r][column]);
			}
		}
}

static WIDE_APART void transform_input(struct tiles *t, const float *plane, float *to, int64_t step)
{
	wide_f d[PATCH][PATCH];

	tiles_read(t, plane, PATCH, d);
	for (int column = 0; column < PATCH; column++)
		input_values(&d[0][column], PATCH);
	for (int r = 0; r < PATCH; r++) {
		input_values(d[r], 1);
		for (int column = 0; column < PATCH; column++)
			store(to + (r * PATCH + column) * step, d[r][column]);
	}
}

static WIDE_APART void transform_output(struct tiles *t, const float *from, float *plane)
{
	wide_f d[PATCH][PATCH], y[TILE][TILE];

	for (int column = 0; column < PATCH; column++) {
		for (int r = 0; r < PATCH; r++)
			d[r][column] = load(from + (r * PATCH + column) * COLUMNS);
		results(&d[0][column], PATCH);
	}
	for (int r = 0; r < TILE; r++) {
		results(d[r], 1);
		for (int column = 0; column < TILE; column++)
			y[r][column] = d[r][column];
	}
	tiles_write(t, plane, y);
}

/* COLUMNS tiles from `first` on, and n_o channels of y from o: products with channels i .. i + n - 1 of x. */
static void multiply(const struct conv_winograd *c, int64_t first, int64_t count, int64_t n_o, int64_t i, int64_t n,
		     const float *x, const float *kernels, float *values, float *products)
{
	for (int half = 0; half < 2; half++) {
		struct tiles t;

		tiles_locate(&t, first + half * WIDE_f, count - half * WIDE_f, c->tiles, c->in, c->n_in, PATCH,
			     c->lead);
		for (int64_t k = 0; k < n; k++)
			transform_input(&t, x + (i + k) * c->in[0] * c->in[1], values + k * COLUMNS + half * WIDE_f,
					X_STEP);
	}
	for (int point = 0; point < POINTS; point++)
		for (int64_t o = 0; o < n_o; o += ROWS)
			channel_product(n, kernels + point * W_STEP + o * DEPTH, values + point * X_STEP,
					products + (o * POINTS + point) * COLUMNS, i > 0);
}

static void finish(const struct conv_winograd *c, int64_t first, int64_t count, int64_t o, int64_t n_o,
		   const float *products, float *y)
{
	for (int half = 0; half < 2; half++) {
		struct tiles t;

		tiles_locate(&t, first + half * WIDE_f, count - half * WIDE_f, c->tiles, c->out, c->n_out, TILE, 0);
		for (int64_t k = 0; k < n_o; k++)
			transform_output(&t, products + k * POINTS * COLUMNS + half * WIDE_f,
					 y + (o + k) * c->out[0] * c->out[1]);
	}
}

/* Channels o .. o + n_o - 1 of tiles begin .. end-1. */
static void run_part(const struct conv_winograd *c, int64_t begin, int64_t end, int64_t o, int64_t n_o, const float *x,
		     const float *w, float *y, float *scratch)
{
	const bool once = c->n_in <= DEPTH;
	const int64_t span = once ? end - begin : c->span;
	float *kernels = scratch, *values = kernels + POINTS * W_STEP, *products = values + POINTS * X_STEP;

	for (int64_t from = begin; from < end; from += span) {
		const int64_t to = from + span < end ? from + span : end;

		for (int64_t i = 0; i < c->n_in; i += DEPTH) {
			const int64_t n = c->n_in - i < DEPTH ? c->n_in - i : DEPTH;

			transform_kernels(c, w, o, n_o, i, n, kernels);
			for (int64_t at = from; at < to; at += COLUMNS) {
				const int64_t count = to - at < COLUMNS ? to - at : COLUMNS;
				float *mine = products + (once ? 0 : (at - from) * POINTS * PART);

				multiply(c, at, count, n_o, i, n, x, kernels, values, mine);
				if (i + n == c->n_in)
					finish(c, at, count, o, n_o, mine, y);
			}
		}
	}
}

void conv_winograd_run(const struct conv_winograd *c, int64_t begin, int64_t end, const float *x, const float *w,
		       float *y, float *scratch)
{
	const int64_t a_sample = c->tiles[0] * c->tiles[1], all_tiles = c->batch * a_sample;

	for (int64_t unit = begin; unit < end; unit++) {
		const int64_t part = c->by_rows ? 0 : unit % c->n_parts, at = c->by_rows ? 0 : unit / c->n_parts;
		const int64_t from = at * c->span, to = from + c->span < all_tiles ? from + c->span : all_tiles;

		for (int64_t k = part; k < (c->by_rows ? c->n_parts : part + 1); k++) {
			const int64_t o = k * c->part, n_o = c->n_out - o < c->part ? c->n_out - o : c->part;

			if (c->by_rows)
				run_part(c, begin * a_sample, end * a_sample, o, n_o, x, w, y, scratch);
			else
				run_part(c, from, to, o, n_o, x, w, y, scratch);
		}
		if (c->by_rows)
			break;
	}
}

int64_t conv_winograd_weight_units(const struct conv_geometry *v)
{
	return v->n_chunks * ceiling(v->n_out, PART) * ceiling(v->n_in, DEPTH);
}

size_t conv_winograd_weight_scratch(void)
{
	return (size_t)(POINTS * (2 * TALL_STEP + W_STEP + WIDE_f * WIDE_f)) * sizeof(float);
}

/* WIDE_f vectors transposed: shuffled as often as it takes to halve WIDE_f down to one. */
WIDE_INLINE void transpose(wide_f *a)
{
	for (int n = 1; n < WIDE_f; n *= 2) {
		wide_f b[WIDE_f];

		WIDE_UNROLL for (int k = 0; k < WIDE_f / 2; k++)
		{
			b[2 * k] = MIX_LOW(a[k], a[k + WIDE_f / 2]);
			b[2 * k + 1] = MIX_HIGH(a[k], a[k + WIDE_f / 2]);
		}
		memcpy(a, b, sizeof b);
	}
}

/* A square of WIDE_f rows turned around; row t of the result is COLUMNS numbers after row t - 1. */
static WIDE_APART void transpose_block(const float *from, float *to)
{
	wide_f a[WIDE_f];

	WIDE_UNROLL for (int k = 0; k < WIDE_f; k++) a[k] = load(from + k * WIDE_f);
	transpose(a);
	WIDE_UNROLL for (int k = 0; k < WIDE_f; k++) store(to + k * COLUMNS, a[k]);
}

/* Values of x at WIDE_f tiles: to[point][channel / COLUMNS][tile][channel % COLUMNS], a panel being TALL tiles long. */
static void transform_columns(struct tiles *t, const float *x, int64_t points, int64_t n, float *to, float *block)
{
	for (int64_t i = 0; i < n; i += WIDE_f) {
		if (n - i < WIDE_f)
			memset(block, 0, POINTS * WIDE_f * WIDE_f * sizeof *block);
		for (int64_t k = 0; k < WIDE_f && i + k < n; k++)
			transform_input(t, x + (i + k) * points, block + k * WIDE_f, WIDE_f * WIDE_f);
		for (int point = 0; point < POINTS; point++)
			transpose_block(block + point * WIDE_f * WIDE_f,
					to + point * TALL_STEP + i / COLUMNS * COLUMNS * TALL + i % COLUMNS);
	}
}

/* Values of y's cotangent: to[point][channel][tile]. */
static WIDE_APART void transform_cotangent(struct tiles *t, const float *plane, float *to)
{
	wide_f d[PATCH][PATCH];

	tiles_read(t, plane, TILE, d);
	for (int column = 0; column < TILE; column++)
		cotangent_values(&d[0][column], PATCH);
	for (int r = 0; r < PATCH; r++) {
		cotangent_values(d[r], 1);
		for (int column = 0; column < PATCH; column++)
			store(to + (r * PATCH + column) * TALL_STEP, d[r][column]);
	}
}

/* Gradients of the kernels (o, i .. i + WIDE_f - 1) to w, `count` of them. */
static void store_gradients(const float *sum, int64_t count, float *w)
{
	wide_f d[PATCH][PATCH];
	float tap[9][WIDE_f];

	for (int column = 0; column < PATCH; column++) {
		for (int r = 0; r < PATCH; r++)
			d[r][column] = load(sum + (r * PATCH + column) * W_STEP);
		kernel_gradients(&d[0][column], PATCH);
	}
	for (int r = 0; r < 3; r++) {
		kernel_gradients(d[r], 1);
		for (int column = 0; column < 3; column++)
			store(tap[3 * r + column], d[r][column]);
	}
	for (int64_t k = 0; k < count; k++)
		for (int q = 0; q < 9; q++)
			w[k * 9 + q] = tap[q][k];
}

void conv_winograd_weight(const struct conv_geometry *v, int64_t unit, const float *x, const float *y, float *sums,
			  float *scratch)
{
	const int64_t n_o_parts = ceiling(v->n_out, PART), n_i_parts = ceiling(v->n_in, DEPTH);
	const int64_t chunk = unit / (n_o_parts * n_i_parts), o = unit / n_i_parts % n_o_parts * PART;
	const int64_t i = unit % n_i_parts * DEPTH, n_o = v->n_out - o < PART ? v->n_out - o : PART;
	const int64_t n = v->n_in - i < DEPTH ? v->n_in - i : DEPTH;
	const int64_t tiles[2] = { ceiling(v->out[1], TILE), ceiling(v->out[2], TILE) }, a_sample = tiles[0] * tiles[1];
	const int64_t begin = chunk * v->batch / v->n_chunks * a_sample;
	const int64_t end = (chunk + 1) * v->batch / v->n_chunks * a_sample;
	float *sum = scratch, *left = sum + POINTS * W_STEP, *right = left + POINTS * TALL_STEP;
	float *block = right + POINTS * TALL_STEP;

	memset(left, 0, POINTS * TALL_STEP * sizeof *left);
	for (int64_t at = begin; at < end; at += TALL) {
		for (int64_t part = 0; part < TALL; part += WIDE_f) {
			struct tiles from, to;

			tiles_locate(&from, at + part, end - at - part, tiles, v->in + 1, v->n_in, PATCH, 0);
			tiles_locate(&to, at + part, end - at - part, tiles, v->out + 1, v->n_out, TILE, 0);
			transform_columns(&from, x + i * v->points_in, v->points_in, n, right + part * COLUMNS, block);
			for (int64_t k = 0; k < n_o; k++)
				transform_cotangent(&to, y + (o + k) * v->points_out, left + k * TALL + part);
		}
		for (int point = 0; point < POINTS; point++)
			for (int64_t panel = 0; panel < n; panel += COLUMNS)
				for (int64_t k = 0; k < n_o; k += ROWS)
					tile_product(TALL, left + point * TALL_STEP + k * TALL,
						     right + point * TALL_STEP + panel * TALL,
						     sum + point * W_STEP + k * PART + panel, at > begin);
	}
	for (int64_t k = 0; k < n_o; k++)
		for (int64_t lane = 0; lane < n; lane += WIDE_f)
			store_gradients(sum + k * PART + lane, n - lane < WIDE_f ? n - lane : WIDE_f,
					sums + ((chunk * v->n_out + o + k) * v->n_in + i + lane) * v->taps);
}
