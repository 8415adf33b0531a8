/* modes_kernel.h: the pruned transforms of modes.c, channel by channel; included once per type with REAL and NAME. A
 * row product holds cos rows 0 .. top, then sin rows 1 .. top; a row is n_blocks of (m real parts, m imaginary
 * parts). */

/* `lanes` modes of join() and split() below, lanes known to the compiler: all rows of one block. */
WIDE_INLINE void NAME(join_lanes)(int lanes, int64_t top, int64_t width, int64_t m, const REAL *c, REAL *out,
				  int64_t row_step, int64_t im)
{
	const size_t bytes = (size_t)lanes * sizeof *c;
	const REAL *s = c + top * width;
	REAL *plus = out + top * row_step, *minus = plus;
	REAL cos_re[8], cos_im[8], sin_re[8], sin_im[8], to[8];

	memcpy(plus, c, bytes);
	memcpy(plus + im, c + m, bytes);
	for (int64_t k = 1; k <= top; k++) {
		c += width;
		s += width;
		plus += row_step;
		minus -= row_step;
		memcpy(cos_re, c, bytes);
		memcpy(cos_im, c + m, bytes);
		memcpy(sin_re, s, bytes);
		memcpy(sin_im, s + m, bytes);
		if (k < top) {
			for (int l = 0; l < lanes; l++)
				to[l] = cos_re[l] + sin_im[l];
			memcpy(plus, to, bytes);
			for (int l = 0; l < lanes; l++)
				to[l] = cos_im[l] - sin_re[l];
			memcpy(plus + im, to, bytes);
		}
		for (int l = 0; l < lanes; l++)
			to[l] = cos_re[l] - sin_im[l];
		memcpy(minus, to, bytes);
		for (int l = 0; l < lanes; l++)
			to[l] = cos_im[l] + sin_re[l];
		memcpy(minus + im, to, bytes);
	}
}

WIDE_INLINE void NAME(split_lanes)(int lanes, int64_t top, int64_t width, int64_t m, const REAL *in, int64_t row_step,
				   int64_t im, REAL *c)
{
	const size_t bytes = (size_t)lanes * sizeof *c;
	const REAL *plus = in + top * row_step, *minus = plus;
	REAL *s = c + top * width;
	REAL plus_re[8], plus_im[8], minus_re[8], minus_im[8], to[8];

	memcpy(c, plus, bytes);
	memcpy(c + m, plus + im, bytes);
	for (int64_t k = 1; k <= top; k++) {
		c += width;
		s += width;
		plus += row_step;
		minus -= row_step;
		memcpy(minus_re, minus, bytes);
		memcpy(minus_im, minus + im, bytes);
		if (k == top) {
			memcpy(c, minus_re, bytes);
			memcpy(c + m, minus_im, bytes);
			memcpy(s, minus_im, bytes);
			for (int l = 0; l < lanes; l++)
				to[l] = -minus_re[l];
			memcpy(s + m, to, bytes);
			return;
		}
		memcpy(plus_re, plus, bytes);
		memcpy(plus_im, plus + im, bytes);
		for (int l = 0; l < lanes; l++)
			to[l] = plus_re[l] + minus_re[l];
		memcpy(c, to, bytes);
		for (int l = 0; l < lanes; l++)
			to[l] = plus_im[l] + minus_im[l];
		memcpy(c + m, to, bytes);
		for (int l = 0; l < lanes; l++)
			to[l] = minus_im[l] - plus_im[l];
		memcpy(s, to, bytes);
		for (int l = 0; l < lanes; l++)
			to[l] = plus_re[l] - minus_re[l];
		memcpy(s + m, to, bytes);
	}
}

/* exp(-i k x) = cos - i sin for k = -top .. top-1, out of the row products. */
static void NAME(join)(int64_t top, int64_t n_blocks, int64_t m, const REAL *product, REAL *out, int64_t row_step,
		       int64_t block_step, int64_t im)
{
	const int64_t width = n_blocks * 2 * m;

	for (int64_t b = 0; b < n_blocks; b++, product += 2 * m, out += block_step) {
		int64_t i = 0;

		for (; i + 8 <= m; i += 8)
			NAME(join_lanes)(8, top, width, m, product + i, out + i, row_step, im);
		for (; i + 4 <= m; i += 4)
			NAME(join_lanes)(4, top, width, m, product + i, out + i, row_step, im);
		for (; i < m; i++)
			NAME(join_lanes)(1, top, width, m, product + i, out + i, row_step, im);
	}
}

/* The other way: rows to be multiplied by cos and sin so that the sum is that of Y_k (cos + i sin). */
static void NAME(split)(int64_t top, int64_t n_blocks, int64_t m, const REAL *in, int64_t row_step, int64_t block_step,
			int64_t im, REAL *product)
{
	const int64_t width = n_blocks * 2 * m;

	for (int64_t b = 0; b < n_blocks; b++, product += 2 * m, in += block_step) {
		int64_t i = 0;

		for (; i + 8 <= m; i += 8)
			NAME(split_lanes)(8, top, width, m, in + i, row_step, im, product + i);
		for (; i + 4 <= m; i += 4)
			NAME(split_lanes)(4, top, width, m, in + i, row_step, im, product + i);
		for (; i < m; i++)
			NAME(split_lanes)(1, top, width, m, in + i, row_step, im, product + i);
	}
}

static void NAME(multiply)(int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda, const REAL *b, int64_t ldb,
			   REAL *c, int64_t ldc)
{
	NAME(num_gemm)(false, false, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
}

typedef REAL NAME(octet)[8];

/* Rows j and n - j of an array n x width become their sum and their difference, or these the rows again. */
static void NAME(fold)(int64_t n, int64_t width, REAL *rows)
{
	for (int64_t j = 1; 2 * j < n; j++) {
		REAL *low = rows + j * width, *high = rows + (n - j) * width;
		int64_t i = 0;

		for (; i + 8 <= width; i += 8) {
			NAME(octet) x, y, sum;

			memcpy(x, low + i, sizeof x);
			memcpy(y, high + i, sizeof y);
			for (int l = 0; l < 8; l++)
				sum[l] = x[l] + y[l];
			for (int l = 0; l < 8; l++)
				y[l] = x[l] - y[l];
			memcpy(low + i, sum, sizeof sum);
			memcpy(high + i, y, sizeof y);
		}
		for (; i < width; i++) {
			const REAL x = low[i], y = high[i];

			low[i] = x + y;
			high[i] = x - y;
		}
	}
}

/* Axis d of rows n x width (spoilt) to row products. Cosines see sums alone, sines differences: half the products. */
static void NAME(axis_to_modes)(const struct tables *t, int64_t d, int64_t width, REAL *rows, REAL *product)
{
	const int64_t n = t->a.size[d], top = t->a.modes[d] / 2, even = n / 2 + 1, odd = n - even;
	const REAL *cosines = t->axis[d], *sines = cosines + (top + 1) * even;

	NAME(fold)(n, width, rows);
	NAME(multiply)(top + 1, width, even, cosines, even, rows, width, product, width);
	product += (top + 1) * width;
	if (odd > 0)
		NAME(multiply)(top, width, odd, sines, odd, rows + even * width, width, product, width);
	else
		memset(product, 0, (size_t)(top * width) * sizeof *product);
}

static void NAME(axis_from_modes)(const struct tables *t, int64_t d, int64_t width, const REAL *product, REAL *rows)
{
	const int64_t n = t->a.size[d], top = t->a.modes[d] / 2, even = n / 2 + 1, odd = n - even;
	const REAL *cosines = t->axis[d], *sines = cosines + (top + 1) * even;

	NAME(multiply)(even, width, top + 1, cosines, top + 1, product, width, rows, width);
	if (odd > 0)
		NAME(multiply)
	(odd, width, top, sines, top, product + (top + 1) * width, width, rows + even * width, width);
	NAME(fold)(n, width, rows);
}

/* The last axis: n_lines of n points to (m real parts, m imaginary parts) each, these at the distance `step`. */
static void NAME(lines_to_modes)(const struct tables *t, int64_t n_lines, const REAL *x, REAL *out, int64_t step,
				 REAL *spectrum)
{
	const int64_t n = t->a.size[t->a.n_dims - 1], m = t->a.modes[t->a.n_dims - 1];
	const REAL *restrict factor = t->last;

	if (t->is_long) {
		for (int64_t r = 0; r < n_lines; r++)
			NAME(long_to_modes)(t, x + r * n, out + r * step, spectrum);
		return;
	}
	if (!t->plan) {
		NAME(multiply)(n_lines, 2 * m, n, x, n, t->last, 2 * m, out, step);
		return;
	}
	for (int64_t r = 0; r < n_lines; r++, out += step) {
		fft_run(t->plan, (REAL *)x + r * n, spectrum);
		for (int64_t k = 0; k < m; k++) {
			out[k] = factor[k] * spectrum[2 * k];
			out[m + k] = factor[k] * spectrum[2 * k + 1];
		}
	}
}

static void NAME(lines_from_modes)(const struct tables *t, int64_t n_lines, const REAL *in, int64_t step, REAL *y,
				   REAL *spectrum)
{
	const int64_t n = t->a.size[t->a.n_dims - 1], m = t->a.modes[t->a.n_dims - 1];
	const REAL *restrict factor = t->last;

	if (t->is_long) {
		for (int64_t r = 0; r < n_lines; r++)
			NAME(long_from_modes)(t, in + r * step, y + r * n);
		return;
	}
	if (!t->plan) {
		NAME(multiply)(n_lines, n, 2 * m, in, step, t->last, n, y, n);
		return;
	}
	memset(spectrum + 2 * m, 0, (size_t)(2 * (n / 2 + 1 - m)) * sizeof *spectrum);
	for (int64_t r = 0; r < n_lines; r++, in += step) {
		for (int64_t k = 0; k < m; k++) {
			spectrum[2 * k] = factor[k] * in[k];
			spectrum[2 * k + 1] = 2 * k % n == 0 ? 0 : factor[k] * in[m + k];
		}
		fft_run(t->plan, spectrum, y + r * n);
	}
}

/* The last two axes of `count` planes, some of them side by side. Row k of plane c goes to k row_step + c plane_step,
 * its imaginary parts `im` behind. */
static void NAME(planes_to_modes)(const struct tables *t, int64_t count, const REAL *x, REAL *out, int64_t row_step,
				  int64_t plane_step, int64_t im, REAL *scratch)
{
	const int64_t d = t->a.n_dims - 2, n = t->a.size[d], points = n * t->a.size[d + 1], m = t->a.modes[d + 1];
	REAL *spectrum = scratch + t->n_scratch;

	if (t->sixteen) {
		NAME(sixteens_to_modes)(t, count, x, out, row_step, plane_step, im);
		return;
	}
	for (int64_t c = 0, some; c < count; c += some) {
		some = count - c < t->beside ? count - c : t->beside;
		REAL *product = scratch + n * some * 2 * m;

		for (int64_t b = 0; b < some; b++, x += points)
			NAME(lines_to_modes)(t, n, x, scratch + b * 2 * m, some * 2 * m, spectrum);
		NAME(axis_to_modes)(t, d, some * 2 * m, scratch, product);
		NAME(join)(t->a.modes[d] / 2, some, m, product, out + c * plane_step, row_step, plane_step, im);
	}
}

static void NAME(planes_from_modes)(const struct tables *t, int64_t count, const REAL *in, int64_t row_step,
				    int64_t plane_step, int64_t im, REAL *y, REAL *scratch)
{
	const int64_t d = t->a.n_dims - 2, n = t->a.size[d], points = n * t->a.size[d + 1], m = t->a.modes[d + 1];
	REAL *spectrum = scratch + t->n_scratch;

	if (t->sixteen) {
		NAME(sixteens_from_modes)(t, count, in, row_step, plane_step, im, y);
		return;
	}
	for (int64_t c = 0, some; c < count; c += some) {
		some = count - c < t->beside ? count - c : t->beside;
		REAL *product = scratch + n * some * 2 * m;

		NAME(split)(t->a.modes[d] / 2, some, m, in + c * plane_step, row_step, plane_step, im, product);
		NAME(axis_from_modes)(t, d, some * 2 * m, product, scratch);
		for (int64_t b = 0; b < some; b++, y += points)
			NAME(lines_from_modes)(t, n, scratch + b * 2 * m, some * 2 * m, y, spectrum);
	}
}

/* Samples of `channels` fields, `count` fields from `first` on. What lies side by side is of one sample. */
static void NAME(to_modes)(const struct tables *t, int64_t first, int64_t count, int64_t channels, const REAL *x,
			   REAL *out, REAL *scratch)
{
	const int64_t *n = t->a.size, *k = t->a.modes, dims = t->a.n_dims;

	x += first * t->n_points;
	out += first * 2 * t->n_modes;
	if (dims < 3) {
		for (int64_t c = 0; c < count; c += channels) {
			const REAL *from = x + c * t->n_points;
			REAL *to = out + c * 2 * t->n_modes;

			if (dims == 1)
				NAME(lines_to_modes)(t, channels, from, to, 2 * k[0], scratch);
			else
				NAME(planes_to_modes)
			(t, channels, from, to, k[1], 2 * t->n_modes, t->n_modes, scratch);
		}
		return;
	}
	const int64_t width = k[1] * 2 * k[2];
	REAL *middle = scratch + t->n_planes, *product = middle + n[0] * width;

	for (int64_t c = 0; c < count; c++, x += t->n_points, out += 2 * t->n_modes) {
		NAME(planes_to_modes)(t, n[0], x, middle, 2 * k[2], width, k[2], scratch);
		NAME(axis_to_modes)(t, 0, width, middle, product);
		NAME(join)(k[0] / 2, k[1], k[2], product, out, k[1] * k[2], k[2], t->n_modes);
	}
}

static void NAME(from_modes)(const struct tables *t, int64_t first, int64_t count, int64_t channels, const REAL *in,
			     REAL *y, REAL *scratch)
{
	const int64_t *n = t->a.size, *k = t->a.modes, dims = t->a.n_dims;

	in += first * 2 * t->n_modes;
	y += first * t->n_points;
	if (dims < 3) {
		for (int64_t c = 0; c < count; c += channels) {
			const REAL *from = in + c * 2 * t->n_modes;
			REAL *to = y + c * t->n_points;

			if (dims == 1)
				NAME(lines_from_modes)(t, channels, from, 2 * k[0], to, scratch);
			else
				NAME(planes_from_modes)
			(t, channels, from, k[1], 2 * t->n_modes, t->n_modes, to, scratch);
		}
		return;
	}
	const int64_t width = k[1] * 2 * k[2];
	REAL *middle = scratch + t->n_planes, *product = middle + n[0] * width;

	for (int64_t c = 0; c < count; c++, in += 2 * t->n_modes, y += t->n_points) {
		NAME(split)(k[0] / 2, k[1], k[2], in, k[1] * k[2], k[2], t->n_modes, product);
		NAME(axis_from_modes)(t, 0, width, product, middle);
		NAME(planes_from_modes)(t, n[0], middle, 2 * k[2], width, k[2], y, scratch);
	}
}
