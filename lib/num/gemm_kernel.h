/* gemm_kernel.h: matrix products in registers, included once per type by blas.c with REAL and NAME. A tile of rows
 * times vectors of columns stays in registers while the terms pass by. Columns are taken in panels of up to three
 * vectors, terms in parts that leave a panel of B in the first cache, rows in blocks. Every element is one sum in
 * the order of its terms, part by part, whatever tile it falls into. */

#define LANES NAME(WIDE)
typedef NAME(wide) NAME(vec);

/* Rows r of op(A) at a + r * row + p * term; b and c at the panel's first column, the first `keep` columns are
 * stored. */
struct NAME(tile) {
	const REAL *a, *b;
	REAL *c, alpha, beta;
	int64_t row, term, ldb, ldc, k, keep;
};

/* The first `left` lanes of a vector, all where there are more. Without masks all are read: B was packed. */
WIDE_INLINE NAME(vec) NAME(load)(const REAL *b, int64_t left)
{
#if WIDE_MASKS
	return NAME(WIDE_LOAD)(b, NAME(WIDE_PART)(left));
#else
	NAME(vec) x;

	(void)left;
	memcpy(&x, b, sizeof x);
	return x;
#endif
}

WIDE_INLINE void NAME(store)(NAME(vec) sum, int64_t left, REAL *c)
{
#if WIDE_MASKS
	NAME(WIDE_STORE)(c, NAME(WIDE_PART)(left), sum);
#else
	memcpy(c, &sum, (left < LANES ? (size_t)left : LANES) * sizeof *c);
#endif
}

/* alpha sum + beta c */
WIDE_INLINE void NAME(add)(REAL alpha, REAL beta, NAME(vec) sum, int64_t left, REAL *c)
{
	const NAME(vec) zero = { 0 };

	sum *= alpha - zero;
	if (beta != 0) {
#if WIDE_MASKS
		sum += (beta - zero) * NAME(load)(c, left);
#else
		NAME(vec) before = zero;

		memcpy(&before, c, (left < LANES ? (size_t)left : LANES) * sizeof *c);
		sum += (beta - zero) * before;
#endif
	}
	NAME(store)(sum, left, c);
}

#ifdef __GNUC__
#define FETCH(p) __builtin_prefetch((const void *)((uintptr_t)(p) + 64))
#else
#define FETCH(p) (void)(p)
#endif
#define NO_FETCH(p)
/* Terms of a transposed A lie far apart, which the processor does not foresee: while a tile is summed those of tiles to
 * come are FETCHed, perhaps from behind the end of A, which is no access. */
enum { NAME(FETCH_ROWS) = 64 / sizeof(REAL) };

#define TILE(KIND, ROWS, VECTORS, AHEAD)                                                                               \
	static WIDE_APART void NAME(KIND##_##ROWS##_##VECTORS)(const struct NAME(tile) * t)                            \
	{                                                                                                              \
		NAME(vec) sum[ROWS][VECTORS];                                                                          \
		const REAL *a = t->a, *b = t->b;                                                                       \
		const int64_t row = t->row, term = t->term, ldb = t->ldb, ldc = t->ldc, k = t->k;                      \
		const int64_t left = t->keep - (VECTORS - 1) * LANES;                                                  \
		const REAL alpha = t->alpha, beta = t->beta;                                                           \
		REAL *c = t->c;                                                                                        \
                                                                                                                       \
		WIDE_UNROLL for (int r = 0; r < ROWS; r++) WIDE_UNROLL for (int v = 0; v < VECTORS; v++) sum[r][v] =   \
			(NAME(vec)){ 0 };                                                                              \
		for (int64_t p = 0; p < k; p++, a += term, b += ldb) {                                                 \
			NAME(vec) column[VECTORS];                                                                     \
                                                                                                                       \
			AHEAD(a);                                                                                      \
			WIDE_UNROLL for (int v = 0; v + 1 < VECTORS; v++)                                              \
				memcpy(&column[v], b + v * LANES, sizeof column[v]);                                   \
			column[VECTORS - 1] = NAME(load)(b + (VECTORS - 1) * LANES, left);                             \
			WIDE_UNROLL for (int r = 0; r < ROWS; r++)                                                     \
			{                                                                                              \
				const NAME(vec) factor = a[r * row] - (NAME(vec)){ 0 };                                \
                                                                                                                       \
				WIDE_UNROLL for (int v = 0; v < VECTORS; v++) sum[r][v] =                              \
					NAME(WIDE_FMA)(factor, column[v], sum[r][v]);                                  \
			}                                                                                              \
		}                                                                                                      \
		if (alpha == 1 && beta == 0) {                                                                         \
			WIDE_UNROLL for (int r = 0; r < ROWS; r++, c += ldc)                                           \
			{                                                                                              \
				WIDE_UNROLL for (int v = 0; v + 1 < VECTORS; v++)                                      \
					memcpy(c + v * LANES, &sum[r][v], sizeof sum[r][v]);                           \
				NAME(store)(sum[r][VECTORS - 1], left, c + (VECTORS - 1) * LANES);                     \
			}                                                                                              \
			return;                                                                                        \
		}                                                                                                      \
		WIDE_UNROLL for (int r = 0; r < ROWS; r++, c += ldc) WIDE_UNROLL for (int v = 0; v < VECTORS; v++)     \
			NAME(add)(alpha, beta, sum[r][v], v + 1 < VECTORS ? LANES : left, c + v * LANES);              \
	}
#define TILES(ROWS) TILE(tile, ROWS, 1, NO_FETCH) TILE(tile, ROWS, 2, NO_FETCH) TILE(tile, ROWS, 3, NO_FETCH)
TILES(1)
TILES(2)
TILES(3)
TILES(4)
#if WIDE_REGISTERS == 32
TILES(5)
TILES(6)
TILES(7)
TILES(8)
TILE(ahead, 8, 1, FETCH)
TILE(ahead, 8, 2, FETCH)
TILE(ahead, 8, 3, FETCH)
#else
TILE(ahead, 4, 1, FETCH)
TILE(ahead, 4, 2, FETCH)
TILE(ahead, 4, 3, FETCH)
#endif
#undef TILES
#undef TILE
#undef FETCH
#undef NO_FETCH

#define TILES(ROWS)                                                                                                    \
	{                                                                                                              \
		NAME(tile_##ROWS##_1), NAME(tile_##ROWS##_2), NAME(tile_##ROWS##_3)                                    \
	}
static void (*const NAME(tiles)[TILE_ROWS][TILE_VECTORS])(const struct NAME(tile) *) = {
	TILES(1), TILES(2), TILES(3), TILES(4),
#if WIDE_REGISTERS == 32
	TILES(5), TILES(6), TILES(7), TILES(8),
#endif
};
#undef TILES
static void (*const NAME(tiles_ahead)[TILE_VECTORS])(const struct NAME(tile) *) = {
#if WIDE_REGISTERS == 32
	NAME(ahead_8_1), NAME(ahead_8_2), NAME(ahead_8_3)
#else
	NAME(ahead_4_1), NAME(ahead_4_2), NAME(ahead_4_3)
#endif
};

/* A square of vectors turned around: element l of vector i goes to element i of vector l. Vectors from `n` on
 * repeat. */
WIDE_INLINE void NAME(turn)(int64_t n, const REAL *from, int64_t step, REAL *to, int64_t to_step)
{
#if defined WIDE_VECTOR
	NAME(vec) x[LANES];

	WIDE_UNROLL for (int i = 0; i < LANES; i++)
	{
		memcpy(&x[i], from, sizeof x[i]);
		from += i + 1 < n ? step : 0;
	}
#define STEP(S)                                                                                                        \
	if (S < LANES)                                                                                                 \
		WIDE_UNROLL for (int i = 0; i < LANES; i++) if (!(i & S))                                              \
		{                                                                                                      \
			const NAME(vec) low = x[i], high = x[i + (S < LANES ? S : 0)];                                 \
                                                                                                                       \
			x[i] = NAME(WIDE_SHUFFLE)(low, high, WIDE_LOW, (S < LANES ? S : 0));                           \
			x[i + (S < LANES ? S : 0)] = NAME(WIDE_SHUFFLE)(low, high, WIDE_HIGH, (S < LANES ? S : 0));    \
		}
	STEP(1)
	STEP(2)
	STEP(4)
	STEP(8)
#undef STEP
	WIDE_UNROLL for (int i = 0; i < LANES; i++) memcpy(to + i * to_step, &x[i], sizeof x[i]);
#else
	(void)n, (void)step, (void)to_step;
	*to = *from;
#endif
}

/* Columns 0 .. keep-1 of k rows of B to rows of `width` numbers; b_end is where B ends: lanes behind `keep` hold
 * whatever follows in B, nothing behind its end. */
static void NAME(pack_rows)(int64_t k, int64_t width, int64_t keep, const REAL *b, int64_t ldb, const REAL *b_end,
			    REAL *panel)
{
	for (int64_t p = 0; p < k; p++, b += ldb, panel += width) {
		if (b_end - b < width) {
			memcpy(panel, b, (size_t)keep * sizeof *b);
			memset(panel + keep, 0, (size_t)(width - keep) * sizeof *b);
			continue;
		}
		for (int64_t v = 0; v < width; v += LANES) {
			NAME(vec) x;

			memcpy(&x, b + v, sizeof x);
			memcpy(panel + v, &x, sizeof x);
		}
	}
}

/* The same of B as stored transposed: column j is the row j of memory. */
static void NAME(pack_columns)(int64_t k, int64_t width, int64_t keep, const REAL *b, int64_t ldb, REAL *panel)
{
	for (int64_t j = 0; j < width; j += LANES) {
		int64_t p = 0, n = keep - j < LANES ? keep - j : LANES;

		for (; p + LANES <= k; p += LANES)
			NAME(turn)(n, b + j * ldb + p, ldb, panel + p * width + j, width);
		if (p < k && k >= LANES) { /* the last terms with some once more */
			p = k - LANES;
			NAME(turn)(n, b + j * ldb + p, ldb, panel + p * width + j, width);
			continue;
		}
		for (; p < k; p++)
			for (int64_t l = 0; l < LANES; l++)
				panel[p * width + j + l] = l < n ? b[(j + l) * ldb + p] : 0;
	}
}

/* Rows in equal tiles of at most TILE_ROWS; far: terms of A lie far apart. */
WIDE_INLINE void NAME(rows)(struct NAME(tile) t, int64_t m, int64_t vectors, bool far)
{
	for (; far && m >= TILE_ROWS; m -= TILE_ROWS) {
		NAME(tiles_ahead)[vectors - 1](&t);
		t.a += TILE_ROWS * t.row;
		t.c += TILE_ROWS * t.ldc;
	}
	const int64_t tiles = (m + TILE_ROWS - 1) / TILE_ROWS, least = tiles > 0 ? m / tiles : 0;

	for (int64_t i = 0, more = m - least * tiles; i < tiles; i++) {
		const int64_t n = least + (i < more);

		NAME(tiles)[n - 1][vectors - 1](&t);
		t.a += n * t.row;
		t.c += n * t.ldc;
	}
}

/* Sums over unit stride, for products with one column: y_i = sum_p a[i, p] x_p. */
static void NAME(dots)(int64_t m, int64_t k, REAL alpha, const REAL *a, int64_t lda, const REAL *x, int64_t step,
		       REAL beta, REAL *y, int64_t ldy)
{
	REAL part[TERMS];

	for (int64_t first = 0; first < k; first += TERMS) {
		const int64_t n = k - first < TERMS ? k - first : TERMS, whole = n / LANES * LANES;

		for (int64_t p = 0; p < n; p++)
			part[p] = x[(first + p) * step];
		for (int64_t i = 0; i < m; i++) {
			const REAL *row = a + i * lda + first;
			NAME(vec) sum = { 0 };
			REAL lane[LANES], total = 0;

			for (int64_t p = 0; p < whole; p += LANES) {
				NAME(vec) u, v;

				memcpy(&u, row + p, sizeof u);
				memcpy(&v, part + p, sizeof v);
				sum = NAME(WIDE_FMA)(u, v, sum);
			}
			memcpy(lane, &sum, sizeof lane);
			for (int l = 0; l < LANES; l++)
				total += lane[l];
			for (int64_t p = whole; p < n; p++)
				total += row[p] * part[p];
			total *= alpha;
			if (first > 0)
				y[i * ldy] += total;
			else
				y[i * ldy] = beta == 0 ? total : total + beta * y[i * ldy];
		}
	}
}

static void NAME(product)(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, REAL alpha, const REAL *a,
			  int64_t lda, const REAL *b, int64_t ldb, REAL beta, REAL *c, int64_t ldc)
{
	const int64_t row = trans_a ? 1 : lda, term = trans_a ? lda : 1, parts = (k + TERMS - 1) / TERMS;
	const REAL *b_end = b + (k - 1) * ldb + n;
	REAL panel[TERMS * TILE_VECTORS * LANES], block[BLOCK_ROWS * TERMS];

	if (n == 1 && !trans_a) {
		NAME(dots)(m, k, alpha, a, lda, b, trans_b ? 1 : ldb, beta, c, ldc);
		return;
	}
	if (m == 1 && trans_b) {
		NAME(dots)(n, k, alpha, b, ldb, a, term, beta, c, 1);
		return;
	}
	if (n == 1 && m > 1 && ldc == 1) {
		/* rows of A are at hand: the transposed product */
		NAME(product)(!trans_b, false, 1, m, k, alpha, b, ldb, a, lda, beta, c, m);
		return;
	}
	for (int64_t part = 0, p = 0, terms; part < parts; part++, p += terms) {
		terms = (k - p + parts - part - 1) / (parts - part);
		for (int64_t i = 0, rows; i < m; i += rows) {
			/* scattered pieces of A that many panels read are copied together, in smaller blocks */
			rows = m - i < BLOCK_ROWS ? m - i : BLOCK_ROWS;
			const bool copies =
				n > 4 * TILE_VECTORS * LANES && rows > TILE_ROWS && lda > 2 * (trans_a ? rows : terms);

			if (!copies)
				rows = m - i < MANY_ROWS ? m - i : MANY_ROWS;
			struct NAME(tile) t = { .a = a + i * row + p * term,
						.row = row,
						.term = term,
						.ldc = ldc,
						.k = terms,
						.alpha = alpha,
						.beta = part > 0 ? 1 : beta };
			int64_t panels = (n + TILE_VECTORS * LANES - 1) / (TILE_VECTORS * LANES);

			if (copies) {
				for (int64_t r = 0; r < (trans_a ? terms : rows); r++)
					memcpy(block + r * (trans_a ? rows : terms), t.a + r * lda,
					       (size_t)(trans_a ? rows : terms) * sizeof *a);
				t.a = block;
				t.row = trans_a ? 1 : terms;
				t.term = trans_a ? rows : 1;
			}
			const bool far = t.row == 1 && t.term >= 4 * NAME(FETCH_ROWS) && rows > TILE_ROWS;

			for (int64_t j = 0, width; j < n; j += width, panels--) {
				const int64_t vectors = ((n - j + LANES - 1) / LANES + panels - 1) / panels;

				width = vectors * LANES;
				t.keep = n - j < width ? n - j : width;
				t.c = c + i * ldc + j;
				t.b = b + (trans_b ? j * ldb + p : p * ldb + j);
				t.ldb = ldb;
				const int64_t apart = ldb * (int64_t)sizeof *b;
				/* narrow panels crowd in few places of the first cache at just that distance */
				const bool crowded =
					apart > DIRECT_BYTES || (apart == DIRECT_BYTES && 4 * width <= ldb);

				if (trans_b)
					NAME(pack_columns)(terms, width, t.keep, t.b, ldb, panel);
				else if ((t.keep < width && !WIDE_MASKS) || (rows > TILE_ROWS && crowded))
					NAME(pack_rows)(terms, width, t.keep, t.b, ldb, b_end, panel);
				else {
					NAME(rows)(t, rows, vectors, far);
					continue;
				}
				t.b = panel;
				t.ldb = width;
				NAME(rows)(t, rows, vectors, far);
			}
		}
	}
}
#undef LANES
