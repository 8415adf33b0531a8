/* linmap_kernel.h: the map applied to `n` of `inner` neighbouring columns of (n_outer, axis, inner); included once per
 * type by linmap.c with REAL and NAME defined. */

static void NAME(one_row)(const struct table *t, int64_t row, int64_t inner, int64_t n, const REAL *in,
			  REAL *restrict out)
{
	const struct linmap *m = t->map;
	const REAL *value = t->value;
	int64_t k = m->start[row], end = m->start[row + 1];

	if (k == end) {
		memset(out, 0, (size_t)n * sizeof *out);
		return;
	}
	const REAL *restrict first = in + m->col[k] * inner;
	const REAL factor = value[k];

	for (int64_t i = 0; i < n; i++)
		out[i] = factor * first[i];
	for (k++; k < end; k++) {
		const REAL *restrict next = in + m->col[k] * inner;
		const REAL w = value[k];

		for (int64_t i = 0; i < n; i++)
			out[i] += w * next[i];
	}
}

static void NAME(dots)(const struct table *t, int64_t row, int64_t n_rows, const REAL *restrict in, REAL *restrict out)
{
	const struct linmap *m = t->map;
	const REAL *value = t->value;

	for (int64_t i = row; i < row + n_rows; i++) {
		REAL sum = 0;

		for (int64_t k = m->start[i]; k < m->start[i + 1]; k++)
			sum += value[k] * in[m->col[k]];
		out[i] = sum;
	}
}

static void NAME(apply)(const struct table *t, int64_t n_outer, int64_t inner, int64_t n, const REAL *in, REAL *out)
{
	const struct linmap *m = t->map;

	if (t->dense && inner == 1) {
		NAME(num_gemm)
		(false, true, n_outer, m->n_rows, m->n_cols, 1, in, m->n_cols, t->value, m->n_cols, 0, out, m->n_rows);
		return;
	}
	for (int64_t o = 0; o < n_outer; o++, in += m->n_cols * inner, out += m->n_rows * inner) {
		if (t->dense) {
			NAME(num_gemm)
			(false, false, m->n_rows, n, m->n_cols, 1, t->value, m->n_cols, in, inner, 0, out, inner);
			continue;
		}
		for (int64_t s = 0; s < t->n_stretches; s++) {
			const struct stretch *r = &t->stretch[s];

			if (r->col >= 0 && n == inner) {
				memcpy(out + r->row * inner, in + r->col * inner,
				       (size_t)(r->n_rows * inner) * sizeof *out);
				continue;
			}
			if (inner == 1) {
				NAME(dots)(t, r->row, r->n_rows, in, out);
				continue;
			}
			for (int64_t i = r->row; i < r->row + r->n_rows; i++)
				NAME(one_row)(t, i, inner, n, in, out + i * inner);
		}
	}
}
