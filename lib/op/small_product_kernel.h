/* small_product_kernel.h: included by small_product.c once per type. A tile of rows times vectors of columns stays in
 * registers while all terms pass by once; the last vector of a row overlaps the one before, and only what is new of it
 * is kept. */

#define LANES NAME(LANES)
typedef NAME(lanes) NAME(vec);

/* Rows r of a at a + r * row + p * term; b and c at the tile's first column; only the last `keep` lanes are stored. */
struct NAME(tile) {
	const REAL *a, *b;
	REAL *c;
	int64_t row, term, ldb, ldc, k;
	int keep;
	bool add;
};

#define TILE(ROWS, VECTORS)                                                                                            \
	static LANES_APART void NAME(tile_##ROWS##_##VECTORS)(const struct NAME(tile) * t)                             \
	{                                                                                                              \
		NAME(vec) sum[ROWS][VECTORS];                                                                          \
		const REAL *a = t->a, *b = t->b;                                                                       \
		const int64_t row = t->row, term = t->term, ldb = t->ldb, k = t->k;                                    \
                                                                                                                       \
		LANES_UNROLL for (int r = 0; r < ROWS; r++) LANES_UNROLL for (int v = 0; v < VECTORS; v++) sum[r][v] = \
			(NAME(vec)){ 0 };                                                                              \
		for (int64_t p = 0; p < k; p++, a += term, b += ldb) {                                                 \
			NAME(vec) column[VECTORS];                                                                     \
                                                                                                                       \
			LANES_UNROLL for (int v = 0; v < VECTORS; v++)                                                 \
				memcpy(&column[v], b + v * LANES, sizeof column[v]);                                   \
			LANES_UNROLL for (int r = 0; r < ROWS; r++)                                                    \
			{                                                                                              \
				const NAME(vec) factor = a[r * row] - (NAME(vec)){ 0 };                                \
                                                                                                                       \
				LANES_UNROLL for (int v = 0; v < VECTORS; v++) sum[r][v] =                             \
					NAME(LANES_FMA)(factor, column[v], sum[r][v]);                                 \
			}                                                                                              \
		}                                                                                                      \
		LANES_UNROLL for (int r = 0; r < ROWS; r++) LANES_UNROLL for (int v = 0; v < VECTORS; v++)             \
		{                                                                                                      \
			REAL *c = t->c + r * t->ldc + v * LANES, part[LANES];                                          \
                                                                                                                       \
			if (t->keep == LANES) {                                                                        \
				if (t->add) {                                                                          \
					NAME(vec) before;                                                              \
					memcpy(&before, c, sizeof before);                                             \
					sum[r][v] += before;                                                           \
				}                                                                                      \
				memcpy(c, &sum[r][v], sizeof sum[r][v]);                                               \
				continue;                                                                              \
			}                                                                                              \
			memcpy(part, &sum[r][v], sizeof part);                                                         \
			for (int l = LANES - t->keep; l < LANES; l++)                                                  \
				c[l] = t->add ? c[l] + part[l] : part[l];                                              \
		}                                                                                                      \
	}
TILE(4, 3)
TILE(4, 2)
TILE(4, 1)
TILE(1, 3)
TILE(1, 2)
TILE(1, 1)
#undef TILE

/* All rows of `vectors` vectors of columns. */
static void NAME(columns)(struct NAME(tile) t, int64_t m, int vectors)
{
	static void (*const four[])(const struct NAME(tile) *) = { NAME(tile_4_1), NAME(tile_4_2), NAME(tile_4_3) };
	static void (*const one[])(const struct NAME(tile) *) = { NAME(tile_1_1), NAME(tile_1_2), NAME(tile_1_3) };
	int64_t i = 0;

	for (; i + 4 <= m; i += 4, t.a += 4 * t.row, t.c += 4 * t.ldc)
		four[vectors - 1](&t);
	for (; i < m; i++, t.a += t.row, t.c += t.ldc)
		one[vectors - 1](&t);
}

static void NAME(product)(struct NAME(tile) t, int64_t m, int64_t n)
{
	int64_t j = 0;

	t.keep = LANES;
	while (j + LANES <= n) {
		const int64_t whole = (n - j) / LANES;
		/* four are two and two */
		const int vectors = whole == 4 ? 2 : whole < 3 ? (int)whole : 3;

		NAME(columns)(t, m, vectors);
		j += vectors * LANES;
		t.b += vectors * LANES;
		t.c += vectors * LANES;
	}
	if (j < n) {
		t.keep = (int)(n - j);
		t.b -= LANES - t.keep;
		t.c -= LANES - t.keep;
		NAME(columns)(t, m, 1);
	}
}

bool NAME(small_product)(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
			 const REAL *b, int64_t ldb, bool add, REAL *c, int64_t ldc)
{
	REAL turned[SMALL];

	/* the matrix that is read again and again, or the result when all terms are summed, stays in the first cache */
	if (n < LANES || k < 1 || m < 1 || LANES == 1 || (k * n > SMALL && m * n > SMALL) || n > SMALL)
		return false;
	if (trans_b && k * n > SMALL)
		return false;
	if (trans_b) {
		for (int64_t j = 0; j < n; j++)
			for (int64_t p = 0; p < k; p++)
				turned[p * n + j] = b[j * ldb + p];
		b = turned;
		ldb = n;
	}
	for (int64_t p = 0; p < k; p += TERMS) {
		const struct NAME(tile) t = { .a = a + p * (trans_a ? lda : 1),
					      .b = b + p * ldb,
					      .c = c,
					      .row = trans_a ? 1 : lda,
					      .term = trans_a ? lda : 1,
					      .ldb = ldb,
					      .ldc = ldc,
					      .k = k - p < TERMS ? k - p : TERMS,
					      .add = add || p > 0 };

		NAME(product)(t, m, n);
	}
	return true;
}

#undef LANES
