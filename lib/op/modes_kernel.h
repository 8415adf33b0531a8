/* modes_kernel.h: the pruned transforms of modes.c, channel by channel; included once per type with REAL and NAME. A
 * row product holds cos rows 0 .. top, then sin rows 1 .. top; a row is n_blocks of (m real parts, m imaginary
 * parts). */

/* to = a + sign b, four at a time: rows are short. */
typedef REAL NAME(quad)[4];

static inline void NAME(add)(int64_t m, const REAL *a, REAL sign, const REAL *b, REAL *to)
{
	int64_t i = 0;

	for (; i + 4 <= m; i += 4) {
		NAME(quad) x, y;

		memcpy(x, a + i, sizeof x);
		memcpy(y, b + i, sizeof y);
		for (int l = 0; l < 4; l++)
			x[l] += sign * y[l];
		memcpy(to + i, x, sizeof x);
	}
	for (; i < m; i++)
		to[i] = a[i] + sign * b[i];
}

/* exp(-i k x) = cos - i sin for k = -top .. top-1, out of the row products. */
static void NAME(join)(int64_t top, int64_t n_blocks, int64_t m, const REAL *product, REAL *out, int64_t row_step,
		       int64_t block_step, int64_t im)
{
	const int64_t width = n_blocks * 2 * m;

	for (int64_t k = 0; k <= top; k++)
		for (int64_t b = 0; b < n_blocks; b++) {
			const REAL *c = product + k * width + b * 2 * m, *s = c + top * width;
			REAL *plus = out + (top + k) * row_step + b * block_step;
			REAL *minus = out + (top - k) * row_step + b * block_step;

			if (k == 0) {
				memcpy(plus, c, (size_t)m * sizeof *c);
				memcpy(plus + im, c + m, (size_t)m * sizeof *c);
				continue;
			}
			if (k < top) {
				NAME(add)(m, c, 1, s + m, plus);
				NAME(add)(m, c + m, -1, s, plus + im);
			}
			NAME(add)(m, c, -1, s + m, minus);
			NAME(add)(m, c + m, 1, s, minus + im);
		}
}

/* The other way: rows to be multiplied by cos and sin so that the sum is that of Y_k (cos + i sin). */
static void NAME(split)(int64_t top, int64_t n_blocks, int64_t m, const REAL *in, int64_t row_step, int64_t block_step,
			int64_t im, REAL *product)
{
	const int64_t width = n_blocks * 2 * m;

	for (int64_t k = 0; k <= top; k++)
		for (int64_t b = 0; b < n_blocks; b++) {
			REAL *c = product + k * width + b * 2 * m, *s = c + top * width;
			const REAL *plus = in + (top + k) * row_step + b * block_step;
			const REAL *minus = in + (top - k) * row_step + b * block_step;

			if (k == 0) {
				memcpy(c, plus, (size_t)m * sizeof *c);
				memcpy(c + m, plus + im, (size_t)m * sizeof *c);
				continue;
			}
			if (k < top) {
				NAME(add)(m, plus, 1, minus, c);
				NAME(add)(m, plus + im, 1, minus + im, c + m);
				NAME(add)(m, minus + im, -1, plus + im, s);
				NAME(add)(m, plus, -1, minus, s + m);
				continue;
			}
			memcpy(c, minus, (size_t)m * sizeof *c);
			memcpy(c + m, minus + im, (size_t)m * sizeof *c);
			memcpy(s, minus + im, (size_t)m * sizeof *c);
			for (int64_t i = 0; i < m; i++)
				s[m + i] = -minus[i];
		}
}

static void NAME(multiply)(int64_t m, int64_t n, int64_t k, const REAL *a, const REAL *b, REAL *c)
{
	NAME(num_gemm)(false, false, m, n, k, 1, a, k, b, n, 0, c, n);
}

/* The last axis: n_lines of n points to (m real parts, m imaginary parts) each. */
static void NAME(lines_to_modes)(const struct tables *t, int64_t n_lines, const REAL *x, REAL *out, REAL *spectrum)
{
	const int64_t n = t->a.size[t->a.n_dims - 1], m = t->a.modes[t->a.n_dims - 1];
	const REAL *restrict factor = t->last;

	if (!t->plan) {
		NAME(multiply)(n_lines, 2 * m, n, x, t->last, out);
		return;
	}
	for (int64_t r = 0; r < n_lines; r++, out += 2 * m) {
		fft_run(t->plan, (REAL *)x + r * n, spectrum);
		for (int64_t k = 0; k < m; k++) {
			out[k] = factor[k] * spectrum[2 * k];
			out[m + k] = factor[k] * spectrum[2 * k + 1];
		}
	}
}

static void NAME(lines_from_modes)(const struct tables *t, int64_t n_lines, const REAL *in, REAL *y, REAL *spectrum)
{
	const int64_t n = t->a.size[t->a.n_dims - 1], m = t->a.modes[t->a.n_dims - 1];
	const REAL *restrict factor = t->last;

	if (!t->plan) {
		NAME(multiply)(n_lines, n, 2 * m, in, t->last, y);
		return;
	}
	memset(spectrum + 2 * m, 0, (size_t)(2 * (n / 2 + 1 - m)) * sizeof *spectrum);
	for (int64_t r = 0; r < n_lines; r++, in += 2 * m) {
		for (int64_t k = 0; k < m; k++) {
			spectrum[2 * k] = factor[k] * in[k];
			spectrum[2 * k + 1] = 2 * k % n == 0 ? 0 : factor[k] * in[m + k];
		}
		fft_run(t->plan, spectrum, y + r * n);
	}
}

/* Fields first .. first+count-1; a sample has `channels` of them. */
static void NAME(to_modes)(const struct tables *t, int64_t first, int64_t count, int64_t channels, const REAL *x,
			   REAL *out, REAL *scratch)
{
	const int64_t *n = t->a.size, *k = t->a.modes;

	x += first * t->n_points;
	out += first * 2 * t->n_modes;
	if (t->a.n_dims == 1) {
		for (int64_t c = 0; c < count; c += channels)
			NAME(lines_to_modes)(t, channels, x + c * n[0], out + c * 2 * k[0], scratch);
		return;
	}
	REAL *spectrum = scratch + t->n_scratch;

	for (int64_t c = 0; c < count; c++, x += t->n_points, out += 2 * t->n_modes) {
		if (t->a.n_dims == 2) {
			REAL *lines = scratch, *product = lines + n[0] * 2 * k[1];

			NAME(lines_to_modes)(t, n[0], x, lines, spectrum);
			NAME(multiply)(k[0] + 1, 2 * k[1], n[0], t->axis[0], lines, product);
			NAME(join)(k[0] / 2, 1, k[1], product, out, k[1], 0, t->n_modes);
			continue;
		}
		REAL *lines = scratch, *middle = lines + n[0] * n[1] * 2 * k[2],
		     *product = middle + n[0] * k[1] * 2 * k[2];

		NAME(lines_to_modes)(t, n[0] * n[1], x, lines, spectrum);
		for (int64_t i = 0; i < n[0]; i++) {
			NAME(multiply)(k[1] + 1, 2 * k[2], n[1], t->axis[1], lines + i * n[1] * 2 * k[2], product);
			NAME(join)(k[1] / 2, 1, k[2], product, middle + i * k[1] * 2 * k[2], 2 * k[2], 0, k[2]);
		}
		NAME(multiply)(k[0] + 1, k[1] * 2 * k[2], n[0], t->axis[0], middle, product);
		NAME(join)(k[0] / 2, k[1], k[2], product, out, k[1] * k[2], k[2], t->n_modes);
	}
}

static void NAME(from_modes)(const struct tables *t, int64_t first, int64_t count, int64_t channels, const REAL *in,
			     REAL *y, REAL *scratch)
{
	const int64_t *n = t->a.size, *k = t->a.modes;

	in += first * 2 * t->n_modes;
	y += first * t->n_points;
	if (t->a.n_dims == 1) {
		for (int64_t c = 0; c < count; c += channels)
			NAME(lines_from_modes)(t, channels, in + c * 2 * k[0], y + c * n[0], scratch);
		return;
	}
	REAL *spectrum = scratch + t->n_scratch;

	for (int64_t c = 0; c < count; c++, in += 2 * t->n_modes, y += t->n_points) {
		if (t->a.n_dims == 2) {
			REAL *lines = scratch, *product = lines + n[0] * 2 * k[1];

			NAME(split)(k[0] / 2, 1, k[1], in, k[1], 0, t->n_modes, product);
			NAME(multiply)(n[0], 2 * k[1], k[0] + 1, t->axis[0], product, lines);
			NAME(lines_from_modes)(t, n[0], lines, y, spectrum);
			continue;
		}
		REAL *lines = scratch, *middle = lines + n[0] * n[1] * 2 * k[2],
		     *product = middle + n[0] * k[1] * 2 * k[2];

		NAME(split)(k[0] / 2, k[1], k[2], in, k[1] * k[2], k[2], t->n_modes, product);
		NAME(multiply)(n[0], k[1] * 2 * k[2], k[0] + 1, t->axis[0], product, middle);
		for (int64_t i = 0; i < n[0]; i++) {
			NAME(split)(k[1] / 2, 1, k[2], middle + i * k[1] * 2 * k[2], 2 * k[2], 0, k[2], product);
			NAME(multiply)(n[1], 2 * k[2], k[1] + 1, t->axis[1], product, lines + i * n[1] * 2 * k[2]);
		}
		NAME(lines_from_modes)(t, n[0] * n[1], lines, y, spectrum);
	}
}
