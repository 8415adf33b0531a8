/* vorticity_kernel.h: included once a type. REAL: float or double; NAME(f): f's name for it; VECTOR, LANES and
 * LANES_...: its vectors, from op/lanes.h; ZERO: a vector of zeros. */

/* Spectrum of z from half that of w; the other half are its conjugates. */
static void NAME(pack)(const struct vorticity *v, const double *state, REAL *z)
{
	const int64_t n = v->n, m = v->limit, half = n / 2 + 1;

	memset(z, 0, (size_t)(2 * n * v->stride) * sizeof *z);
	for (int64_t i = 0; i <= 2 * m; i++) {
		const int64_t row = i <= m ? i : i + n - (2 * m + 1), mirror = row == 0 ? 0 : n - row;
		const double *x = v->in_x + i * v->width, *y = v->in_y + i * v->width, *w = state + 2 * row * half;
		REAL *here = z + 2 * row * v->stride, *there = z + 2 * (mirror * v->stride + n);

		for (int64_t j = 0; j <= m; j++) {
			here[2 * j] = (REAL)(x[j] * w[2 * j] - y[j] * w[2 * j + 1]);
			here[2 * j + 1] = (REAL)(x[j] * w[2 * j + 1] + y[j] * w[2 * j]);
		}
		for (int64_t j = 1; j <= m; j++) {
			there[-2 * j] = (REAL)(-x[j] * w[2 * j] - y[j] * w[2 * j + 1]);
			there[-2 * j + 1] = (REAL)(x[j] * w[2 * j + 1] - y[j] * w[2 * j]);
		}
	}
}

static void NAME(square)(int64_t n, REAL *row)
{
	for (int64_t j = 0; j < n; j++) {
		const REAL a = row[2 * j], b = row[2 * j + 1];

		row[2 * j] = (a - b) * (a + b);
		row[2 * j + 1] = 2 * a * b;
	}
}

/* Update of the kept modes. */
static void NAME(unpack)(const struct vorticity *v, const REAL *z, const struct update *u)
{
	const int64_t n = v->n, m = v->limit, half = n / 2 + 1;

	for (int64_t i = 0; i <= 2 * m; i++) {
		const int64_t row = i <= m ? i : i + n - (2 * m + 1), mirror = row == 0 ? 0 : n - row;
		const double *a = v->out_a + i * v->width, *b = v->out_b + i * v->width;
		const REAL *c = z + 2 * row * v->stride, *d = z + 2 * (mirror * v->stride + n);

		/* column 0 is its own mirror; its weight of the sum is 0 */
		const REAL *own = z + 2 * mirror * v->stride;
		renew(u, row * half, b[0] * (double)(c[1] + own[1]), -b[0] * (double)(c[0] - own[0]));
		for (int64_t j = 1; j <= m; j++) {
			const REAL cr = c[2 * j], ci = c[2 * j + 1], dr = d[-2 * j], di = d[-2 * j + 1];

			renew(u, row * half + j, a[j] * (double)(cr + dr) + b[j] * (double)(ci + di),
			      a[j] * (double)(ci - di) - b[j] * (double)(cr - dr));
		}
	}
}

static void NAME(convection)(struct vorticity *v, const double *state, const struct update *u)
{
	REAL *z = v->z;

	NAME(pack)(v, state, z);
	fft_run(v->plan[0][0], z, z);
	fft_run(v->plan[0][1], z + 2 * v->tail, z + 2 * v->tail);
	for (int64_t i = 0; i < v->n; i += v->block) {
		REAL *rows = z + 2 * i * v->stride;

		fft_run(v->plan[0][2], rows, rows);
		for (int64_t k = 0; k < v->block; k++)
			NAME(square)(v->n, rows + 2 * k * v->stride);
		fft_run(v->plan[1][2], rows, rows);
	}
	fft_run(v->plan[1][0], z, z);
	fft_run(v->plan[1][1], z + 2 * v->tail, z + 2 * v->tail);
	NAME(unpack)(v, z, u);
}

/* ---- by quarters --------------------------------------------------------------------------------- */

/* Complex numbers as they lie, LANES of them, to real and imaginary parts and back. */
static inline void NAME(load)(const REAL *from, VECTOR *re, VECTOR *im)
{
	VECTOR a, b;

	memcpy(&a, from, sizeof a);
	memcpy(&b, from + LANES, sizeof b);
	*re = LANES_EVEN(a, b);
	*im = LANES_ODD(a, b);
}

static inline void NAME(store)(VECTOR re, VECTOR im, REAL *to)
{
	const VECTOR a = LANES_LOW(re, im), b = LANES_HIGH(re, im);

	memcpy(to, &a, sizeof a);
	memcpy(to + LANES, &b, sizeof b);
}

/* The transform of four numbers: exponents of sign times i. */
static inline void NAME(butterfly)(VECTOR *r, VECTOR *i, REAL sign)
{
	const VECTOR ar = r[0] + r[2], ai = i[0] + i[2], br = r[0] - r[2], bi = i[0] - i[2];
	const VECTOR cr = r[1] + r[3], ci = i[1] + i[3], dr = sign * (r[1] - r[3]), di = sign * (i[1] - i[3]);

	r[0] = ar + cr;
	i[0] = ai + ci;
	r[1] = br - di;
	i[1] = bi + dr;
	r[2] = ar - cr;
	i[2] = ai - ci;
	r[3] = br + di;
	i[3] = bi - dr;
}

/* Number s = 1, 2, 3 times its root of unity, or the conjugate. */
static inline void NAME(turn)(VECTOR *r, VECTOR *i, const VECTOR *c, const VECTOR *d, REAL sign)
{
	for (int s = 1; s < 4; s++) {
		const VECTOR e = sign * d[s], re = c[s] * r[s] - e * i[s];

		i[s] = c[s] * i[s] + e * r[s];
		r[s] = re;
	}
}

/* Columns j0 .. j0 + COLUMNS - 1 of the spectrum of z, and their opposites backwards. The rows between, of zeros, stay:
 * the transform keeps its input. */
static void NAME(pack_columns)(const struct vorticity *v, const double *state, int64_t j0)
{
	const int64_t n = v->n, m = v->limit, half = n / 2 + 1;

	for (int64_t i = 0; i <= 2 * m; i++) {
		const int64_t row = i <= m ? i : i + n - (2 * m + 1), mirror = row == 0 ? 0 : n - row;
		const double *restrict x = v->in_x + i * v->width + j0, *restrict y = v->in_y + i * v->width + j0;
		const double *restrict w = state + 2 * (row * half + j0);
		REAL *restrict here = (REAL *)v->column[0] + 2 * COLUMNS * row;
		REAL *restrict there = (REAL *)v->column[1] + 2 * COLUMNS * mirror;

		double sr[COLUMNS], si[COLUMNS], dr[COLUMNS], di[COLUMNS];

		for (int c = 0; c < COLUMNS; c++) {
			const double xr = x[c] * w[2 * c], xi = x[c] * w[2 * c + 1];
			const double yr = y[c] * w[2 * c], yi = y[c] * w[2 * c + 1];

			sr[c] = xr - yi;
			si[c] = xi + yr;
			dr[c] = -xr - yi;
			di[c] = xi - yr;
		}
		for (int c = 0; c < COLUMNS; c++) {
			here[2 * c] = (REAL)sr[c];
			here[2 * c + 1] = (REAL)si[c];
		}
		for (int c = 0; c < COLUMNS; c++) {
			there[2 * c] = (REAL)dr[COLUMNS - 1 - c];
			there[2 * c + 1] = (REAL)di[COLUMNS - 1 - c];
		}
	}
}

/* Quarters of COLUMNS columns joined into z, from column `first` on. */
static void NAME(join)(const struct vorticity *v, const REAL *quarters, int64_t first)
{
	const int64_t quarter = v->n / 4, down = 2 * quarter * v->stride;
	const REAL *root = v->root;

	for (int64_t k = 0; k < quarter; k++) {
		const REAL *a = quarters + 8 * COLUMNS * k;
		REAL *z = (REAL *)v->z + 2 * (k * v->stride + first);
		VECTOR r[4], i[4], c[4], d[4];

		for (int s = 1; s < 4; s++) {
			c[s] = root[(s - 1) * quarter + k] + ZERO;
			d[s] = root[(s + 2) * quarter + k] + ZERO;
		}
		for (int at = 0; at < 2 * COLUMNS; at += 2 * LANES) {
			for (int s = 0; s < 4; s++)
				NAME(load)(a + 2 * COLUMNS * s + at, &r[s], &i[s]);
			NAME(turn)(r, i, c, d, 1);
			NAME(butterfly)(r, i, 1);
			for (int s = 0; s < 4; s++)
				NAME(store)(r[s], i[s], z + s * down + at);
		}
	}
}

/* And apart again, forward. */
static void NAME(part)(const struct vorticity *v, int64_t first, REAL *quarters)
{
	const int64_t quarter = v->n / 4, down = 2 * quarter * v->stride;
	const REAL *root = v->root;

	for (int64_t k = 0; k < quarter; k++) {
		const REAL *z = (const REAL *)v->z + 2 * (k * v->stride + first);
		REAL *a = quarters + 8 * COLUMNS * k;
		VECTOR r[4], i[4], c[4], d[4];

		for (int s = 1; s < 4; s++) {
			c[s] = root[(s - 1) * quarter + k] + ZERO;
			d[s] = root[(s + 2) * quarter + k] + ZERO;
		}
		for (int at = 0; at < 2 * COLUMNS; at += 2 * LANES) {
			for (int s = 0; s < 4; s++)
				NAME(load)(z + s * down + at, &r[s], &i[s]);
			NAME(butterfly)(r, i, -1);
			NAME(turn)(r, i, c, d, -1);
			for (int s = 0; s < 4; s++)
				NAME(store)(r[s], i[s], a + 2 * COLUMNS * s + at);
		}
	}
}

/* Quarters of a row joined, squared, and apart again. */
static void NAME(square_quarters)(int64_t quarter, const REAL *root, const REAL *in, REAL *out)
{
	for (int64_t k = 0; k < quarter; k += LANES) {
		VECTOR r[4], i[4], c[4], d[4];

		for (int s = 1; s < 4; s++) {
			memcpy(&c[s], root + (s - 1) * quarter + k, sizeof c[s]);
			memcpy(&d[s], root + (s + 2) * quarter + k, sizeof d[s]);
		}
		for (int s = 0; s < 4; s++)
			NAME(load)(in + 2 * (s * quarter + k), &r[s], &i[s]);
		NAME(turn)(r, i, c, d, 1);
		NAME(butterfly)(r, i, 1);
		for (int s = 0; s < 4; s++) {
			const VECTOR difference = (r[s] - i[s]) * (r[s] + i[s]);

			i[s] = 2 * r[s] * i[s];
			r[s] = difference;
		}
		NAME(butterfly)(r, i, -1);
		NAME(turn)(r, i, c, d, -1);
		for (int s = 0; s < 4; s++)
			NAME(store)(r[s], i[s], out + 2 * (s * quarter + k));
	}
}

/* As unpack, of columns j0 and on; c: these, d: their opposites backwards. */
static void NAME(unpack_columns)(const struct vorticity *v, int64_t j0, const struct update *u)
{
	const int64_t n = v->n, m = v->limit, half = n / 2 + 1;

	for (int64_t i = 0; i <= 2 * m; i++) {
		const int64_t row = i <= m ? i : i + n - (2 * m + 1), mirror = row == 0 ? 0 : n - row;
		const double *restrict a = v->out_a + i * v->width + j0, *restrict b = v->out_b + i * v->width + j0;
		const REAL *restrict c = (const REAL *)v->column[2] + 2 * COLUMNS * row;
		const REAL *restrict d = (const REAL *)v->column[3] + 2 * COLUMNS * mirror;
		double re[COLUMNS], im[COLUMNS];

		for (int k = 0, l = COLUMNS - 1; k < COLUMNS; k++, l--) {
			const REAL cr = c[2 * k], ci = c[2 * k + 1], dr = d[2 * l], di = d[2 * l + 1];

			re[k] = a[k] * (double)(cr + dr) + b[k] * (double)(ci + di);
			im[k] = a[k] * (double)(ci - di) - b[k] * (double)(cr - dr);
		}
		renew_columns(u, row * half + j0, re, im);
	}
}

/* The last block of columns reaches into those of zeros, which rows therefore clear. Column 0 is its own opposite: as
 * such it stands behind its row, in the padding. */
static void NAME(quartered)(struct vorticity *v, const double *state, const struct update *u)
{
	const int64_t n = v->n, m = v->limit;
	REAL *z = v->z;

	for (int64_t j = 0; j <= m; j += COLUMNS) {
		NAME(pack_columns)(v, state, j);
		for (int side = 0; side < 2; side++) {
			fft_run(v->plan[0][0], v->column[side], v->column[2]);
			NAME(join)(v, v->column[2], side == 0 ? j : n - j - (COLUMNS - 1));
		}
	}
	for (int64_t i = 0; i < n; i++) {
		REAL *row = z + 2 * i * v->stride;

		memset(row + 2 * (m + 1), 0, (size_t)(2 * (n - 2 * m - 1)) * sizeof *row);
		fft_run(v->plan[0][1], row, v->line[0]);
		NAME(square_quarters)(n / 4, v->root, v->line[0], v->line[1]);
		fft_run(v->plan[1][1], v->line[1], row);
		row[2 * n] = row[0];
		row[2 * n + 1] = row[1];
	}
	for (int64_t j = 0; j <= m; j += COLUMNS) {
		for (int side = 0; side < 2; side++) {
			NAME(part)(v, side == 0 ? j : n - j - (COLUMNS - 1), v->column[4]);
			fft_run(v->plan[1][0], v->column[4], v->column[2 + side]);
		}
		NAME(unpack_columns)(v, j, u);
	}
}
