/* vorticity_kernel.h: included once a type. REAL: float or double; NAME(f): f's name for it. */

/* Spectrum of z from half that of w; the other half are its conjugates. */
static void NAME(pack)(const struct vorticity *v, const double *state, REAL *z)
{
	const int64_t n = v->n, m = v->limit, half = n / 2 + 1;

	memset(z, 0, (size_t)(2 * n * v->stride) * sizeof *z);
	for (int64_t i = 0; i <= 2 * m; i++) {
		const int64_t row = i <= m ? i : i + n - (2 * m + 1), mirror = row == 0 ? 0 : n - row;
		const double *x = v->in_x + i * (m + 1), *y = v->in_y + i * (m + 1), *w = state + 2 * row * half;
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

static void NAME(square)(const struct vorticity *v, REAL *z)
{
	for (int64_t i = 0; i < v->block; i++) {
		REAL *row = z + 2 * i * v->stride;

		for (int64_t j = 0; j < v->n; j++) {
			const REAL a = row[2 * j], b = row[2 * j + 1];

			row[2 * j] = (a - b) * (a + b);
			row[2 * j + 1] = 2 * a * b;
		}
	}
}

/* Take the convective term off the kept modes of out. */
static void NAME(unpack)(const struct vorticity *v, const REAL *z, double *out)
{
	const int64_t n = v->n, m = v->limit, half = n / 2 + 1;

	for (int64_t i = 0; i <= 2 * m; i++) {
		const int64_t row = i <= m ? i : i + n - (2 * m + 1), mirror = row == 0 ? 0 : n - row;
		const double *a = v->out_a + i * (m + 1), *b = v->out_b + i * (m + 1);
		const REAL *c = z + 2 * row * v->stride, *d = z + 2 * (mirror * v->stride + n);
		double *o = out + 2 * row * half;

		/* column 0 is its own mirror; its weight of the sum is 0 */
		const REAL *own = z + 2 * mirror * v->stride;
		o[0] -= b[0] * (double)(c[1] + own[1]);
		o[1] += b[0] * (double)(c[0] - own[0]);
		for (int64_t j = 1; j <= m; j++) {
			const REAL cr = c[2 * j], ci = c[2 * j + 1], dr = d[-2 * j], di = d[-2 * j + 1];

			o[2 * j] -= a[j] * (double)(cr + dr) + b[j] * (double)(ci + di);
			o[2 * j + 1] -= a[j] * (double)(ci - di) - b[j] * (double)(cr - dr);
		}
	}
}

static void NAME(convection)(struct vorticity *v, const double *state, double *out)
{
	REAL *z = v->z;

	NAME(pack)(v, state, z);
	fft_run(v->plan[0][0], z, z);
	fft_run(v->plan[0][1], z + 2 * v->tail, z + 2 * v->tail);
	for (int64_t i = 0; i < v->n; i += v->block) {
		REAL *rows = z + 2 * i * v->stride;

		fft_run(v->plan[0][2], rows, rows);
		NAME(square)(v, rows);
		fft_run(v->plan[1][2], rows, rows);
	}
	fft_run(v->plan[1][0], z, z);
	fft_run(v->plan[1][1], z + 2 * v->tail, z + 2 * v->tail);
	NAME(unpack)(v, z, out);
}
