/* modes_sixteen.h: the transforms of modes.c for planes of 16 x 16 points, as fast Fourier transforms of vectors: along
 * the first axis lanes are columns, then the plane is turned around in registers, and lanes are what became of the
 * first axis. Included once per type with REAL and NAME. No fma: the same bits in every build, whatever a vector
 * holds. */

#define LANES NAME(WIDE)
#define BLOCKS (16 / LANES) /* vectors of a row of 16 numbers */
typedef NAME(wide) NAME(sixteen)[BLOCKS][16];

/* re[0 .. 8], im[1 .. 7]: the transform of 16 real numbers, sum_j x_j exp(-2 pi i j k / 16), lane by lane. Sums of
 * opposite points have the even frequencies, their differences the odd ones: four complex numbers turned by a
 * sixteenth each and transformed. */
WIDE_INLINE void NAME(forward_16)(const NAME(wide) * x, NAME(wide) * re, NAME(wide) * im)
{
	const REAL h = (REAL)0.70710678118654752440, c = (REAL)0.92387953251128675613, s = (REAL)0.38268343236508977173;
	NAME(wide) sum[8], odd[8], d[4], t[4];

	WIDE_UNROLL for (int j = 0; j < 8; j++)
	{
		sum[j] = x[j] + x[j + 8];
		odd[j] = x[j] - x[j + 8];
	}
	WIDE_UNROLL for (int j = 0; j < 4; j++)
	{
		d[j] = sum[j] - sum[j + 4];
		sum[j] = sum[j] + sum[j + 4];
	}
	t[0] = sum[0] + sum[2];
	t[1] = sum[1] + sum[3];
	re[0] = t[0] + t[1];
	re[8] = t[0] - t[1];
	re[4] = sum[0] - sum[2];
	im[4] = sum[3] - sum[1];
	t[0] = h * (d[1] - d[3]);
	t[1] = h * (d[1] + d[3]);
	re[2] = d[0] + t[0];
	re[6] = d[0] - t[0];
	im[6] = d[2] - t[1];
	im[2] = -d[2] - t[1];
	/* t: real parts; d: imaginary parts with the other sign */
	t[0] = odd[0];
	d[0] = odd[4];
	t[1] = c * odd[1] - s * odd[5];
	d[1] = s * odd[1] + c * odd[5];
	t[2] = h * (odd[2] - odd[6]);
	d[2] = h * (odd[2] + odd[6]);
	t[3] = s * odd[3] - c * odd[7];
	d[3] = c * odd[3] + s * odd[7];
	WIDE_UNROLL for (int j = 0; j < 2; j++)
	{
		sum[j] = t[j] + t[j + 2];
		sum[j + 2] = d[j] + d[j + 2];
		sum[j + 4] = t[j] - t[j + 2];
		sum[j + 6] = d[j] - d[j + 2];
	}
	re[1] = sum[0] + sum[1];
	re[7] = sum[0] - sum[1];
	im[1] = -sum[2] - sum[3];
	im[7] = sum[2] - sum[3];
	re[5] = sum[4] - sum[7];
	re[3] = sum[4] + sum[7];
	im[5] = -sum[6] - sum[5];
	im[3] = sum[6] - sum[5];
}

/* Its transpose: x_j = sum_k re_k cos(2 pi j k / 16) - im_k sin(2 pi j k / 16) over k = 0 .. 8. */
WIDE_INLINE void NAME(backward_16)(const NAME(wide) * re, const NAME(wide) * im, NAME(wide) * x)
{
	const REAL h = (REAL)0.70710678118654752440, c = (REAL)0.92387953251128675613, s = (REAL)0.38268343236508977173;
	NAME(wide) sum[8], odd[8], d[4], t[8];

	sum[0] = re[1] + re[7];
	sum[1] = re[1] - re[7];
	sum[2] = im[7] - im[1];
	sum[3] = -im[1] - im[7];
	sum[4] = re[3] + re[5];
	sum[7] = re[3] - re[5];
	sum[6] = im[3] - im[5];
	sum[5] = -im[3] - im[5];
	WIDE_UNROLL for (int j = 0; j < 2; j++)
	{
		t[j] = sum[j] + sum[j + 4];
		t[j + 2] = sum[j] - sum[j + 4];
		d[j] = sum[j + 2] + sum[j + 6];
		d[j + 2] = sum[j + 2] - sum[j + 6];
	}
	odd[0] = t[0];
	odd[4] = d[0];
	odd[1] = c * t[1] + s * d[1];
	odd[5] = c * d[1] - s * t[1];
	odd[2] = h * (t[2] + d[2]);
	odd[6] = h * (d[2] - t[2]);
	odd[3] = s * t[3] + c * d[3];
	odd[7] = s * d[3] - c * t[3];
	t[0] = re[2] - re[6];
	t[1] = -im[2] - im[6];
	d[0] = re[2] + re[6];
	d[1] = h * (t[0] + t[1]);
	d[2] = im[6] - im[2];
	d[3] = h * (t[1] - t[0]);
	t[0] = re[0] + re[8];
	t[1] = re[0] - re[8];
	t[4] = t[0] + re[4];
	t[6] = t[0] - re[4];
	t[5] = t[1] - im[4];
	t[7] = t[1] + im[4];
	WIDE_UNROLL for (int j = 0; j < 4; j++)
	{
		sum[j] = t[j + 4] + d[j];
		sum[j + 4] = t[j + 4] - d[j];
	}
	WIDE_UNROLL for (int j = 0; j < 8; j++)
	{
		x[j] = sum[j] + odd[j];
		x[j + 8] = sum[j] - odd[j];
	}
}

/* A square of vectors turned around. */
WIDE_INLINE void NAME(turn_square)(NAME(wide) * x)
{
#define STEP(S)                                                                                                        \
	if (S < LANES)                                                                                                 \
		WIDE_UNROLL for (int i = 0; i < LANES; i++) if (!(i & S))                                              \
		{                                                                                                      \
			const NAME(wide) low = x[i], high = x[i + (S < LANES ? S : 0)];                                \
                                                                                                                       \
			x[i] = NAME(WIDE_SHUFFLE)(low, high, WIDE_LOW, (S < LANES ? S : 0));                           \
			x[i + (S < LANES ? S : 0)] = NAME(WIDE_SHUFFLE)(low, high, WIDE_HIGH, (S < LANES ? S : 0));    \
		}
	STEP(1)
	STEP(2)
	STEP(4)
	STEP(8)
#undef STEP
}

/* All 16 x 16: y[a][j], lane l, is x[j / LANES][a LANES + l], lane j % LANES. */
WIDE_INLINE void NAME(turn_16)(NAME(sixteen) x, NAME(sixteen) y)
{
	WIDE_UNROLL for (int a = 0; a < BLOCKS; a++) WIDE_UNROLL for (int b = 0; b < BLOCKS; b++)
	{
		NAME(wide) square[LANES];

		WIDE_UNROLL for (int i = 0; i < LANES; i++) square[i] = x[b][a * LANES + i];
		NAME(turn_square)(square);
		WIDE_UNROLL for (int i = 0; i < LANES; i++) y[a][b * LANES + i] = square[i];
	}
}

/* Entries 0 .. 8 of a column are re_0 .. re_8 of the first axis, 9 .. 15 im_1 .. im_7; of a row 0 .. 7 are re of the
 * second axis, 8 .. 15 im. Frequencies (k, l) and (-k, l) are sum and difference of re_k's and of im_k's. */
WIDE_INLINE void NAME(plane_to_modes)(const REAL *factor, const REAL *x, REAL (*out)[16])
{
	NAME(sixteen) u, v;
	NAME(wide) line[16], re[9], im[9];

	WIDE_UNROLL for (int b = 0; b < BLOCKS; b++)
	{
		WIDE_UNROLL for (int j = 0; j < 16; j++) memcpy(&line[j], x + j * 16 + b * LANES, sizeof line[j]);
		NAME(forward_16)(line, re, im);
		WIDE_UNROLL for (int k = 0; k < 9; k++) u[b][k] = re[k];
		WIDE_UNROLL for (int k = 1; k < 8; k++) u[b][8 + k] = im[k];
	}
	NAME(turn_16)(u, v);
	WIDE_UNROLL for (int b = 0; b < BLOCKS; b++)
	{
		NAME(forward_16)(v[b], re, im);
		im[0] = (NAME(wide)){ 0 };
		WIDE_UNROLL for (int k = 0; k < 8; k++)
		{
			u[b][k] = factor[k] * re[k];
			u[b][8 + k] = factor[k] * im[k];
		}
	}
	NAME(turn_16)(u, v);
	WIDE_UNROLL for (int b = 0; b < BLOCKS; b++) WIDE_UNROLL for (int j = 0; j < 16; j++)
		memcpy(&out[j][b * LANES], &v[b][j], sizeof v[b][j]);
}

WIDE_INLINE void NAME(plane_from_modes)(const REAL *factor, NAME(sixteen) u, REAL *y)
{
	NAME(sixteen) v;
	NAME(wide) line[16], re[9], im[9];

	NAME(turn_16)(u, v);
	WIDE_UNROLL for (int b = 0; b < BLOCKS; b++)
	{
		WIDE_UNROLL for (int k = 0; k < 8; k++)
		{
			re[k] = factor[k] * v[b][k];
			im[k] = factor[k] * v[b][8 + k];
		}
		re[8] = (NAME(wide)){ 0 };
		NAME(backward_16)(re, im, u[b]);
	}
	NAME(turn_16)(u, v);
	WIDE_UNROLL for (int b = 0; b < BLOCKS; b++)
	{
		WIDE_UNROLL for (int k = 0; k < 9; k++) re[k] = v[b][k];
		WIDE_UNROLL for (int k = 1; k < 8; k++) im[k] = v[b][8 + k];
		NAME(backward_16)(re, im, line);
		WIDE_UNROLL for (int j = 0; j < 16; j++) memcpy(y + j * 16 + b * LANES, &line[j], sizeof line[j]);
	}
}

/* Rows k of `top` pairs from the sums and differences, m numbers each part, m known to the compiler if it is 8. */
WIDE_INLINE void NAME(put_rows)(int64_t top, int64_t m, REAL (*row)[16], REAL *out, int64_t row_step, int64_t im)
{
	const size_t bytes = (size_t)m * sizeof *out;
	REAL plus[16], minus[16];

	memcpy(out + top * row_step, row[0], bytes);
	memcpy(out + top * row_step + im, row[0] + 8, bytes);
	for (int64_t k = 1; k <= top; k++) {
		const REAL *a = row[k], *b = row[8 + k % 8];

		for (int l = 0; l < 8 && k < 8; l++) {
			plus[l] = a[l] - b[8 + l];
			plus[8 + l] = a[8 + l] + b[l];
			minus[l] = a[l] + b[8 + l];
			minus[8 + l] = a[8 + l] - b[l];
		}
		memcpy(out + (top - k) * row_step, k < 8 ? minus : a, bytes);
		memcpy(out + (top - k) * row_step + im, k < 8 ? minus + 8 : a + 8, bytes);
		if (k == top)
			return;
		memcpy(out + (top + k) * row_step, plus, bytes);
		memcpy(out + (top + k) * row_step + im, plus + 8, bytes);
	}
}

/* Row `row` of the modes, m real parts, then m imaginary ones, each filled up to 8. */
WIDE_INLINE void NAME(take_row)(int64_t m, const REAL *in, int64_t im, NAME(wide) * to)
{
	REAL part[2][8] = { { 0 } };
	const REAL *re = in, *imaginary = in + im;

	if (m < 8) {
		re = memcpy(part[0], re, (size_t)m * sizeof *in);
		imaginary = memcpy(part[1], imaginary, (size_t)m * sizeof *in);
	}
	if (LANES == 16)
		NAME(WIDE_HALVES)(re, imaginary, &to[0]);
	WIDE_UNROLL for (int b = 0; b < BLOCKS && LANES < 16; b++)
		memcpy(&to[b], 2 * b < BLOCKS ? re + b * LANES : imaginary + (b * LANES - 8), sizeof to[b]);
}

/* The transpose of put_rows. top and m are known to the compiler where both are 8. */
WIDE_INLINE void NAME(take_rows)(int64_t top, int64_t m, const REAL *in, int64_t row_step, int64_t im, NAME(sixteen) u)
{
	const NAME(wide) zero = { 0 };
	NAME(wide) plus[BLOCKS], minus[BLOCKS], turned[BLOCKS];

	NAME(take_row)(m, in + top * row_step, im, plus);
	WIDE_UNROLL for (int b = 0; b < BLOCKS; b++) u[b][0] = plus[b];
	WIDE_UNROLL for (int k = 1; k <= 8; k++)
	{
		WIDE_UNROLL for (int b = 0; b < BLOCKS; b++) plus[b] = minus[b] = zero;
		if (k <= top)
			NAME(take_row)(m, in + (top - k) * row_step, im, minus);
		if (k < top)
			NAME(take_row)(m, in + (top + k) * row_step, im, plus);
		/* (re, im) of the difference become (im, -re) */
		WIDE_UNROLL for (int b = 0; b < BLOCKS; b++)
		{
			u[b][k] = plus[b] + minus[b];
			turned[b] = minus[b] - plus[b];
		}
		if (k == 8)
			break;
		if (LANES == 16)
			u[0][8 + k] = NAME(WIDE_SWAP)(-turned[0], turned[0]);
		WIDE_UNROLL for (int b = 0; b < BLOCKS && LANES < 16; b++) u[b][8 + k] =
			2 * b < BLOCKS ? -turned[b + BLOCKS / 2] : turned[b - BLOCKS / 2];
	}
}

/* As planes_to_modes and planes_from_modes of modes_kernel.h. */
static void NAME(sixteens_to_modes)(const struct tables *t, int64_t count, const REAL *x, REAL *out, int64_t row_step,
				    int64_t plane_step, int64_t im)
{
	const int64_t top = t->a.modes[t->a.n_dims - 2] / 2, m = t->a.modes[t->a.n_dims - 1];
	_Alignas(64) REAL row[16][16];

	for (int64_t c = 0; c < count; c++, x += 256, out += plane_step) {
		NAME(plane_to_modes)(t->last, x, row);
		if (m == 8)
			NAME(put_rows)(top, 8, row, out, row_step, im);
		else
			NAME(put_rows)(top, m, row, out, row_step, im);
	}
}

static void NAME(sixteens_from_modes)(const struct tables *t, int64_t count, const REAL *in, int64_t row_step,
				      int64_t plane_step, int64_t im, REAL *y)
{
	const int64_t top = t->a.modes[t->a.n_dims - 2] / 2, m = t->a.modes[t->a.n_dims - 1];
	NAME(sixteen) row;

	for (int64_t c = 0; c < count; c++, in += plane_step, y += 256) {
		if (top == 8 && m == 8)
			NAME(take_rows)(8, 8, in, row_step, im, row);
		else
			NAME(take_rows)(top, m, in, row_step, im, row);
		NAME(plane_from_modes)(t->last, row, y);
	}
}
#undef LANES
#undef BLOCKS
