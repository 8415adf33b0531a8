/* modes_lines.h: few modes of long lines: at most 16 modes of a multiple of 256 points. With c = n / 16 and point
 * a c + b, mode k is sum_b exp(-2 pi i b k / n) A_k(b), where A(b) is the transform of 16 points c apart: neighbouring
 * b are lanes. A quarter of the products with a whole matrix. Included once per type with REAL and NAME, behind
 * modes_sixteen.h. No fma, sums in one order: the same bits in every build. */

#define LANES NAME(WIDE)
#define BLOCKS (16 / LANES)

/* What A_k is made of: modes 0 and 8 are real, mode 16 - k is the conjugate of mode k. */
enum NAME(piece) { NAME(PIECE_REAL), NAME(PIECE_COMPLEX), NAME(PIECE_CONJUGATE) };

/* Lane by lane sums over b of (cosine - i sine) A, 16 lanes each. */
WIDE_INLINE void NAME(sum_piece)(enum NAME(piece) piece, int64_t c, const REAL *cosine, const REAL *re, const REAL *im,
				 NAME(wide) * sum_re, NAME(wide) * sum_im)
{
	const REAL *sine = cosine + c;

	WIDE_UNROLL for (int l = 0; l < BLOCKS; l++) sum_re[l] = sum_im[l] = (NAME(wide)){ 0 };
	for (int64_t b = 0; b < c; b += 16)
		WIDE_UNROLL for (int l = 0; l < BLOCKS; l++)
		{
			NAME(wide) x, y, u, v;

			memcpy(&x, cosine + b + l * LANES, sizeof x);
			memcpy(&y, sine + b + l * LANES, sizeof y);
			memcpy(&u, re + b + l * LANES, sizeof u);
			if (piece == NAME(PIECE_REAL)) {
				sum_re[l] += x * u;
				sum_im[l] -= y * u;
				continue;
			}
			memcpy(&v, im + b + l * LANES, sizeof v);
			if (piece == NAME(PIECE_COMPLEX)) {
				sum_re[l] += x * u + y * v;
				sum_im[l] += x * v - y * u;
			} else {
				sum_re[l] += x * u - y * v;
				sum_im[l] -= x * v + y * u;
			}
		}
}

/* Sums of the 16 lanes of each of 16 numbers. */
WIDE_INLINE void NAME(fold_16)(NAME(sixteen) x, REAL *sum)
{
	NAME(sixteen) y;

	NAME(turn_16)(x, y);
	WIDE_UNROLL for (int a = 0; a < BLOCKS; a++)
	{
		WIDE_UNROLL for (int j = 0; j < 8; j++) y[a][j] += y[a][j + 8];
		WIDE_UNROLL for (int j = 0; j < 4; j++) y[a][j] += y[a][j + 4];
		y[a][0] = (y[a][0] + y[a][2]) + (y[a][1] + y[a][3]);
		memcpy(sum + a * LANES, &y[a][0], sizeof y[a][0]);
	}
}

/* work: 16 c numbers, re_0 .. re_8, im_1 .. im_7 of every b. */
static void NAME(long_to_modes)(const struct tables *t, const REAL *x, REAL *out, REAL *work)
{
	const int64_t m = t->a.modes[t->a.n_dims - 1], c = t->a.size[t->a.n_dims - 1] / 16;
	const REAL *table = t->last;
	NAME(sixteen) sum_re, sum_im;
	REAL sum[16];

	for (int64_t b = 0; b < c; b += LANES) {
		NAME(wide) line[16], re[9], im[9];

		WIDE_UNROLL for (int a = 0; a < 16; a++) memcpy(&line[a], x + a * c + b, sizeof line[a]);
		NAME(forward_16)(line, re, im);
		WIDE_UNROLL for (int k = 0; k < 9; k++) memcpy(work + k * c + b, &re[k], sizeof re[k]);
		WIDE_UNROLL for (int k = 1; k < 8; k++) memcpy(work + (8 + k) * c + b, &im[k], sizeof im[k]);
	}
	for (int64_t k = 0; k < 16; k++) {
		const int64_t of = k <= 8 ? k : 16 - k;
		const REAL *cosine = table + 2 * k * c, *re = work + of * c, *im = re + 8 * c;
		NAME(wide) r[BLOCKS] = { (NAME(wide)){ 0 } }, i[BLOCKS] = { (NAME(wide)){ 0 } };

		if (k >= m)
			;
		else if (of % 8 == 0)
			NAME(sum_piece)(NAME(PIECE_REAL), c, cosine, re, im, r, i);
		else if (k < 8)
			NAME(sum_piece)(NAME(PIECE_COMPLEX), c, cosine, re, im, r, i);
		else
			NAME(sum_piece)(NAME(PIECE_CONJUGATE), c, cosine, re, im, r, i);
		for (int l = 0; l < BLOCKS; l++) {
			sum_re[l][k] = r[l];
			sum_im[l][k] = i[l];
		}
	}
	NAME(fold_16)(sum_re, sum);
	memcpy(out, sum, (size_t)m * sizeof *out);
	NAME(fold_16)(sum_im, sum);
	memcpy(out + m, sum, (size_t)m * sizeof *out);
}

/* The transpose. */
static void NAME(long_from_modes)(const struct tables *t, const REAL *in, REAL *y)
{
	const int64_t m = t->a.modes[t->a.n_dims - 1], c = t->a.size[t->a.n_dims - 1] / 16;

	for (int64_t b = 0; b < c; b += LANES) {
		const REAL *cosine = (const REAL *)t->last + b, *sine = cosine + c;
		NAME(wide) line[16], re[9], im[9], u, v;

		WIDE_UNROLL for (int k = 0; k < 9; k++) re[k] = im[k] = (NAME(wide)){ 0 };
		WIDE_UNROLL for (int k = 0; k < 16; k++)
		{
			if (k >= m)
				break;
			memcpy(&u, cosine + 2 * k * c, sizeof u);
			memcpy(&v, sine + 2 * k * c, sizeof v);
			if (k <= 8) {
				re[k] = u * in[k] - v * in[m + k];
				im[k] = u * in[m + k] + v * in[k];
			} else {
				re[16 - k] += u * in[k] - v * in[m + k];
				im[16 - k] -= u * in[m + k] + v * in[k];
			}
		}
		NAME(backward_16)(re, im, line);
		WIDE_UNROLL for (int a = 0; a < 16; a++) memcpy(y + a * c + b, &line[a], sizeof line[a]);
	}
}
#undef LANES
#undef BLOCKS
